//! One table of declared parameters, read from several layers, the last one strongest.

use crate::error::{
    Issue, Issues, MISSING, Place, TURNED, UNKNOWN_KEY, UNKNOWN_TABLE, UNUSED, WRONG_TYPE, clipped,
};
use crate::parameter::{Kind, Parameter, Value, Values};
use crate::scenario::Origin;
use crate::scenario::elsewhere;
use crate::scenario::raw::{Entry, Item, Node};
use crate::scenario::value::{accepted, checked};
use std::collections::BTreeMap;

/// A table of one layer.
pub struct Layer<'a> {
    /// Dotted path for messages; empty at the top of a file.
    pub path: String,
    /// The table.
    pub node: &'a Node,
}

/// What may stand in a table.
pub struct Reading<'a> {
    /// Declared keys.
    pub parameters: &'static [Parameter],
    /// Keys that somebody else reads: `enabled`, sub-tables.
    pub others: &'a [&'a str],
}

/// The values of a table with the origin and place of each that a layer gave.
pub struct Read {
    /// Every parameter.
    pub values: Values,
    /// Where each value comes from.
    pub origins: BTreeMap<&'static str, Origin>,
    /// Where each given value stands.
    pub places: BTreeMap<&'static str, Place>,
    /// Where the table stands that counts, if there is one.
    pub home: Option<Place>,
}

impl Layer<'_> {
    /// Whether a key stands in its table.
    fn gives(&self, key: &str) -> bool {
        matches!(&self.node.item, Item::Table(table) if table.iter().any(|one| one.0 == key))
    }

    /// The name of a key in messages.
    #[must_use]
    pub fn full(&self, key: &str) -> String {
        joined(&self.path, key)
    }
}

/// A dotted path and a key below it.
#[must_use]
pub fn joined(path: &str, key: &str) -> String {
    let key = clipped(key);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A path of keys, dotted.
#[must_use]
pub fn dotted(path: &[&str]) -> String {
    path.iter().fold(String::new(), |all, key| joined(&all, key))
}

impl Reading<'_> {
    /// Reads all layers, each in full, so that a mistake is found even where another layer wins.
    pub fn read(&self, layers: &[Layer<'_>], issues: &mut Issues) -> Read {
        let mut read = Read {
            values: Values::default(),
            origins: BTreeMap::new(),
            places: BTreeMap::new(),
            home: layers.first().map(|layer| layer.node.place.clone()),
        };
        for layer in layers {
            self.layer(layer, &mut read, issues);
        }
        for parameter in self.parameters {
            let default = read.values.0.entry(parameter.name);
            default.or_insert_with(|| default_value(parameter));
            read.origins.entry(parameter.name).or_insert(Origin::Default);
        }
        if let Some(last) = layers.last() {
            self.warn(&read, layers, &last.path, issues);
            self.ranges(&read, &last.path, issues);
        }
        read
    }

    /// Warns of given values that another value of the table keeps from having an effect.
    fn warn(&self, read: &Read, layers: &[Layer<'_>], path: &str, issues: &mut Issues) {
        for parameter in self.parameters {
            let (Some(only), Some(place)) = (parameter.only, read.places.get(parameter.name))
            else {
                continue;
            };
            let Some(other) = only.idle(read.values.value(only.key)) else { continue };
            // What is given for all arms may have its effect in another one.
            let gives = |layer: &&Layer<'_>| layer.gives(parameter.name);
            let for_all = |layer: &Layer<'_>| !layer.path.starts_with("arm.");
            if only.values.is_empty() && layers.iter().rev().find(gives).is_some_and(for_all) {
                continue;
            }
            if is_required(parameter)
                || *read.values.value(parameter.name) != default_value(parameter)
            {
                let [name, key] = [parameter.name, only.key].map(|key| joined(path, key));
                let message = format!("`{name}` has no effect where {key} is {other}");
                let words = only.told("\"");
                let help = format!("it counts where {key} is {words}; leave it out or choose that");
                let issue = Issue::new(UNUSED, place, message).label("without effect");
                issues.push(issue.help(help));
            }
        }
    }

    /// Reports ranges whose ends are the wrong way round.
    fn ranges(&self, read: &Read, path: &str, issues: &mut Issues) {
        for low in self.parameters.iter().filter_map(|one| one.name.strip_suffix("_min")) {
            let [low, high] = [format!("{low}_min"), format!("{low}_max")];
            let ends = (read.values.0.get(low.as_str()), read.values.0.get(high.as_str()));
            let turned = match ends {
                (Some(Value::Number(a)), Some(Value::Number(b))) => a > b,
                (Some(Value::Integer(a)), Some(Value::Integer(b))) => a > b,
                _ => false,
            };
            let given = [&high, &low].into_iter().find_map(|key| read.places.get(key.as_str()));
            if let (true, Some(place), (Some(a), Some(b))) = (turned, given, ends) {
                let [low, high] = [low, high].map(|key| joined(path, &key));
                let message = format!("`{low}` is {a}, which is above `{high}`, {b}");
                let issue = Issue::new(TURNED, place, message).label("one end of the range");
                issues.push(issue.help("raise the one or lower the other"));
            }
        }
    }

    fn layer(&self, layer: &Layer<'_>, read: &mut Read, issues: &mut Issues) {
        let Some(table) = layer.node.table() else {
            issues.push(not_a_table(layer));
            return;
        };
        for (key, entry) in table {
            if self.others.contains(&key.as_str()) {
                continue;
            }
            let Some(parameter) = self.parameters.iter().find(|one| one.name == *key) else {
                issues.push(self.unknown(layer, key, entry));
                continue;
            };
            match checked(&entry.node, parameter, &layer.full(key)) {
                Ok(value) => {
                    read.values.0.insert(parameter.name, value);
                    read.origins.insert(parameter.name, entry.node.origin.clone());
                    read.places.insert(parameter.name, entry.node.place.clone());
                }
                Err(issue) => issues.push(*issue),
            }
        }
    }

    fn unknown(&self, layer: &Layer<'_>, key: &str, entry: &Entry) -> Issue {
        let names = self.parameters.iter().map(|one| one.name);
        let known: Vec<&str> = names.chain(self.others.iter().copied()).collect();
        let place = if layer.path.is_empty() { "the scenario" } else { &layer.path };
        let (code, noun) = match entry.node.item {
            Item::Table(_) => (UNKNOWN_TABLE, "table"),
            _ => (UNKNOWN_KEY, "key"),
        };
        let message = format!("unknown {noun} `{}` in {place}", clipped(key));
        let help = elsewhere::help(&layer.path, key, entry, &known);
        Issue::new(code, &entry.key, message).label("not known here").help(help)
    }

    /// Reports parameters without default that no layer gave.
    pub fn require(&self, read: &Read, layer: &Layer<'_>, issues: &mut Issues) {
        for parameter in self.parameters.iter().filter(|one| is_required(one)) {
            if !read.places.contains_key(parameter.name) {
                let message = format!("`{}` must be given", layer.full(parameter.name));
                let help = format!("give it {}", accepted(parameter));
                issues.push(Issue::new(MISSING, &layer.node.place, message).help(help));
            }
        }
    }
}

/// The issue of something else where a table belongs.
fn not_a_table(layer: &Layer<'_>) -> Issue {
    let Layer { path, node } = layer;
    let message = format!("`{path}` must be a table, not {}", node.item.noun());
    // The table of arms holds one table for each.
    let header = if path == "arm" { "arm.NAME" } else { path };
    let help = format!("write [{header}] and its keys below");
    Issue::new(WRONG_TYPE, &node.place, message).label("here").help(help)
}

/// Whether a parameter has no default; an empty default of a text is an empty text.
#[must_use]
pub fn is_required(parameter: &Parameter) -> bool {
    parameter.default.is_empty() && parameter.kind != Kind::Text
}

/// The default; anything of the right type where there is none, since that is reported.
fn default_value(parameter: &Parameter) -> Value {
    match (is_required(parameter), parameter.kind) {
        (true, Kind::Number) => Value::Number(parameter.min),
        (true, Kind::Integer) => Value::Integer(parameter.min as i64),
        (true, Kind::Flag) => Value::Flag(false),
        (true, Kind::Numbers) => Value::Numbers(Vec::new()),
        _ => parameter.default_value(),
    }
}

/// The value `enabled` of a table, if it has one.
pub fn enabled(layer: &Layer<'_>, issues: &mut Issues) -> Option<bool> {
    let entry = layer.node.table()?.get("enabled")?;
    if let Item::Flag(yes) = entry.node.item {
        return Some(yes);
    }
    let message = format!("`{}.enabled` cannot be {}", layer.path, entry.node.item.noun());
    let help = "it accepts true or false, without quotation marks";
    issues.push(Issue::new(WRONG_TYPE, &entry.node.place, message).label("here").help(help));
    None
}
