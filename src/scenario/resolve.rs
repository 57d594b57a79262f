//! From the raw mirror to a checked scenario: layers in order, all mistakes at once.
//!
//! Layers, weakest first: the declaration's default, the preset, the mechanism's
//! table at the top level, in the arm, in the platform, and `--set` in the same order.

use crate::error::{Issue, Issues, NOT_TEXT, Place, Source};
use crate::mechanism::spec::Spec;
use crate::mechanism::world::MAX_PLATFORMS;
use crate::mechanisms::MECHANISMS;
use crate::parameter::{Parameter, Value, Values};
use crate::scenario::layers::{Layer, Read, Reading, dotted};
use crate::scenario::preset::{PRESETS, Preset};
use crate::scenario::raw::{Node, parse};
use crate::scenario::sections::Head;
use crate::scenario::{Origin, Scenario, arms, checks, roles, set};
use crate::{market, network, population};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What scenarios may refer to.
#[derive(Clone, Copy)]
pub struct Catalogue {
    /// The registry of mechanisms.
    pub mechanisms: &'static [&'static Spec],
    /// The presets.
    pub presets: &'static [Preset],
    /// Most platforms of an arm that can be run.
    pub platforms: usize,
}

/// All that comes with the program.
pub const CATALOGUE: Catalogue =
    Catalogue { mechanisms: MECHANISMS, presets: PRESETS, platforms: MAX_PLATFORMS };

/// A scenario's text and what it is read with.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Name of the text in messages: its path.
    pub name: &'a str,
    /// The text.
    pub text: &'a str,
    /// Folder from which relative paths in the text start.
    pub folder: &'a Path,
    /// Arguments of `--set`, without the flag.
    pub sets: &'a [String],
}

/// A scenario that can run.
#[derive(Clone)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// What it probably does not mean.
    pub warnings: Vec<Issue>,
}

/// Reads and checks bytes of a file.
///
/// # Errors
/// All mistakes, in the order of reading.
pub fn resolve_bytes(
    bytes: &[u8],
    input: &Input<'_>,
    catalogue: &Catalogue,
) -> Result<Checked, Vec<Issue>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => resolve(&Input { text, ..*input }, catalogue),
        Err(error) => Err(vec![not_text(bytes, error.valid_up_to(), input.name)]),
    }
}

/// The issue of bytes that are no text from `at` on.
fn not_text(bytes: &[u8], at: usize, name: &str) -> Issue {
    // What cannot be read is shown as U+FFFD, whose length is 3.
    let text = String::from_utf8_lossy(bytes).into_owned();
    let source = Arc::new(Source { rank: 0, name: name.to_owned(), text });
    let place = Place { source, span: at..at + 3 };
    let (message, help) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            ("the file is UTF-16, not UTF-8".to_owned(), "save it again with the encoding UTF-8")
        }
        _ => (
            format!("the file is not UTF-8 text: byte {} is 0x{:02X}", at + 1, bytes[at]),
            "save it again with the encoding UTF-8; it looks like an older one, such as \
             Latin-1 or GBK",
        ),
    };
    Issue::new(NOT_TEXT, &place, message).label("not UTF-8 from here on").help(help)
}

/// Reads and checks a scenario.
///
/// # Errors
/// All mistakes, in the order of reading.
pub fn resolve(input: &Input<'_>, catalogue: &Catalogue) -> Result<Checked, Vec<Issue>> {
    let mut issues = Issues::default();
    let text = input.text.strip_prefix('\u{feff}').unwrap_or(input.text).to_owned();
    let source = Arc::new(Source { rank: 0, name: input.name.to_owned(), text });
    let sets = set::layer(input.sets, &mut issues);
    let file = match parse(&source, &Origin::Scenario) {
        Ok(file) => file,
        Err(mistakes) => {
            mistakes.into_iter().for_each(|issue| issues.push(issue));
            return Err(issues.sorted());
        }
    };
    let mut resolver = Resolver { catalogue, file: &file, sets: &sets, issues };
    let scenario = resolver.scenario(input.folder);
    let failed = resolver.issues.any_error();
    let issues = resolver.issues.sorted();
    if failed { Err(issues) } else { Ok(Checked { scenario, warnings: issues }) }
}

/// What the parts of the resolution share.
pub(super) struct Resolver<'a> {
    pub catalogue: &'a Catalogue,
    pub file: &'a Node,
    pub sets: &'a Node,
    pub issues: Issues,
}

impl<'a> Resolver<'a> {
    /// The tables at a path, in the file and in `--set`.
    pub fn layers(&self, path: &[&str]) -> Vec<Layer<'a>> {
        let layer = |node| Layer { path: dotted(path), node };
        [self.file, self.sets].into_iter().filter_map(|root| at(root, path)).map(layer).collect()
    }

    fn scenario(&mut self, folder: &Path) -> Scenario {
        let mut others = vec!["population", "network", "market", "start", "arm"];
        others.extend(self.catalogue.mechanisms.iter().map(|spec| spec.name));
        let head_read = self.read(&[], Head::DECLARED, &others);
        let head = Head::from_values(&head_read.values);
        let population = self.read(&["population"], population::Parameters::DECLARED, &["segment"]);
        let network = self.read(&["network"], network::Parameters::DECLARED, &[]);
        let market = self.read(&["market"], market::Parameters::DECLARED, &["category"]);
        let start = self.read(&["start"], market::Start::DECLARED, &[]);
        let segments = self.list(&["population", "segment"], population::Segment::DECLARED);
        let categories = self.list(&["market", "category"], market::Category::DECLARED);
        let arms = arms::arms(self);
        if let Some(Value::Text(kind)) = network.values.0.get("kind") {
            roles::ties(self, &arms, kind);
        }
        let written = checks::network_file(self, &network);
        let mut scenario = Scenario {
            name: head.name,
            question: head.question,
            seed: head.seed,
            days: head.days,
            replicates: head.replicates,
            baseline: checks::baseline(self, &head_read, &arms),
            population: population::Parameters::from_values(&population.values),
            segments: typed(&segments, population::Segment::from_values),
            network: network::Parameters::from_values(&network.values),
            market: market::Parameters::from_values(&market.values),
            categories: typed(&categories, market::Category::from_values),
            start: market::Start::from_values(&start.values),
            arms,
            origins: BTreeMap::new(),
            network_file_written: written,
            folder: folder.to_owned(),
        };
        checks::place_network_file(self, &mut scenario, (&population, &network), folder);
        checks::head(self, &scenario, &head_read);
        checks::id_files(self, &scenario);
        checks::tie_weights(self, &scenario);
        checks::weights(self, "population.segment", &segments);
        checks::weights(self, "market.category", &categories);
        checks::tie_shares(self, &network);
        let tables =
            [("", &head_read), ("population", &population), ("network", &network)].into_iter();
        for (path, read) in tables.chain([("market", &market), ("start", &start)]) {
            note(&mut scenario.origins, path, read);
        }
        for (path, list) in [("population.segment", &segments), ("market.category", &categories)] {
            for (index, read) in list.iter().enumerate() {
                note(&mut scenario.origins, &format!("{path}.{index}"), read);
            }
        }
        scenario
    }

    fn read(&mut self, path: &[&str], parameters: &'static [Parameter], others: &[&str]) -> Read {
        let layers = self.layers(path);
        Reading { parameters, others }.read(&layers, &mut self.issues)
    }
}

/// The node at a path below a root.
pub(super) fn at<'a>(root: &'a Node, path: &[&str]) -> Option<&'a Node> {
    path.iter().try_fold(root, |node, key| node.table()?.get(*key).map(|entry| &entry.node))
}

fn typed<T>(reads: &[Read], from: impl Fn(&Values) -> T) -> Vec<T> {
    reads.iter().map(|read| from(&read.values)).collect()
}

fn note(origins: &mut BTreeMap<String, Origin>, path: &str, read: &Read) {
    for (name, origin) in &read.origins {
        origins.insert(crate::scenario::layers::joined(path, name), origin.clone());
    }
}
