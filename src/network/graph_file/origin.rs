//! What the network of a graph file was made from, as TOML.

use crate::network::{ImportReport, Network, Parameters, Ties, acts};
use crate::parameter::{Kind, Parameter, Value};
use std::fmt::Write;
use toml::Table;

/// What a network was made from. With the same program, parameters, seed and people it is
/// made again as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The parameters of the network.
    pub parameters: Parameters,
    /// The seed of the scenario.
    pub seed: u64,
    /// The number of the replicate.
    pub replicate: u32,
    /// Counts of what was read, where ties were imported.
    pub import: Option<ImportReport>,
}

impl Origin {
    /// A generated network.
    #[must_use]
    pub fn generated(parameters: &Parameters, seed: u64, replicate: u32) -> Self {
        Self { parameters: parameters.clone(), seed, replicate, import: None }
    }

    /// A network of a list of ties.
    #[must_use]
    pub fn imported(parameters: &Parameters, report: ImportReport) -> Self {
        Self { parameters: parameters.clone(), seed: 0, replicate: 0, import: Some(report) }
    }

    /// Whether every tie leads both ways, as it does in all that is generated.
    #[must_use]
    pub fn is_mutual(&self) -> bool {
        self.import.is_none() || self.parameters.direction == "mutual"
    }

    /// The text of the header.
    pub(super) fn text(&self) -> String {
        let mut text = format!("program = \"guanxi {}\"\n", env!("CARGO_PKG_VERSION"));
        let ties = if self.is_mutual() { "mutual" } else { "directed" };
        let _ = writeln!(text, "ties = \"{ties}\"");
        if self.import.is_none() {
            // A seed may be more than the largest whole number of TOML.
            let _ = writeln!(text, "seed = \"{}\"\nreplicate = {}", self.seed, self.replicate);
        }
        text.push_str("[parameters]\n");
        for (name, value) in self.parameters.to_values().0 {
            // Where the file lay is nobody's business, what it was called may help.
            let value = if name == "file" { Value::Text(self.file_name()) } else { value };
            if acts(name, &self.parameters.kind) {
                let _ = writeln!(text, "{name} = {value}");
            }
        }
        if let Some(ImportReport { ties, self_loops, duplicates, weighted, .. }) = &self.import {
            let _ = write!(
                text,
                "[import]\nties = {ties}\nself_loops = {self_loops}\nduplicates = {duplicates}\n\
                 weighted = {weighted}\n"
            );
        }
        text
    }

    fn file_name(&self) -> String {
        let name = std::path::Path::new(&self.parameters.file).file_name();
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Reads the text of the header of a network with so many consumers.
    pub(super) fn read(text: &str, consumers: u32) -> Option<Self> {
        let table: Table = text.parse().ok()?;
        let given = table.get("parameters")?.as_table()?;
        let mut values = Parameters::default().to_values();
        for declared in Parameters::DECLARED {
            if let Some(value) = given.get(declared.name) {
                values.0.insert(declared.name, value_of(declared, value)?);
            }
        }
        let import = match table.get("import") {
            None => None,
            Some(counts) => Some(report(counts.as_table()?, consumers)?),
        };
        let seed = match table.get("seed") {
            None => 0,
            Some(seed) => seed.as_str()?.parse().ok()?,
        };
        let replicate = table.get("replicate").map_or(Some(0), |one| one.as_integer())?;
        let parameters = Parameters::from_values(&values);
        Some(Self { parameters, seed, replicate: u32::try_from(replicate).ok()?, import })
    }
}

/// A value of the kind that is declared, in its range.
fn value_of(declared: &Parameter, value: &toml::Value) -> Option<Value> {
    let inside = |x: f64| (declared.min..=declared.max).contains(&x);
    match declared.kind {
        Kind::Number => value.as_float().filter(|x| inside(*x)).map(Value::Number),
        Kind::Integer => value.as_integer().filter(|n| inside(*n as f64)).map(Value::Integer),
        Kind::Flag => value.as_bool().map(Value::Flag),
        Kind::Text => value.as_str().map(|text| Value::Text(text.to_owned())),
        Kind::Numbers => None,
    }
}

fn report(counts: &Table, nodes: u32) -> Option<ImportReport> {
    let count = |key: &str| u64::try_from(counts.get(key)?.as_integer()?).ok();
    Some(ImportReport {
        nodes,
        ties: count("ties")?,
        self_loops: count("self_loops")?,
        duplicates: count("duplicates")?,
        weighted: counts.get("weighted")?.as_bool()?,
    })
}

impl Network {
    /// The counts of a network that was read from a graph file.
    pub(in crate::network) fn report(&self) -> ImportReport {
        let known = self.origin.as_ref().and_then(|origin| origin.import.clone());
        let n = u64::from(self.n());
        let ties = match &self.ties {
            Ties::Stored(ties) => ties.n_ties() / 2,
            Ties::Packed(rows) => rows.n_ties() / 2,
            _ => n * (n - 1) / 2,
        };
        let weighted = !self.weights.is_empty();
        let (self_loops, duplicates) = (0, 0);
        let counted = ImportReport { nodes: self.n(), ties, self_loops, duplicates, weighted };
        known.unwrap_or(counted)
    }
}
