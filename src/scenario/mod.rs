//! A scenario: from the user's text to checked values with nothing left open.

pub mod arms;
pub mod checks;
pub mod design;
pub mod digest;
pub mod elsewhere;
pub mod layers;
pub mod lists;
pub mod nearest;
pub mod preset;
pub mod raw;
pub mod resolve;
pub mod resolved;
pub mod roles;
pub mod sections;
pub mod set;
pub mod syntax;
pub mod value;

use crate::mechanism::spec::Spec;
use crate::parameter::{Value, Values};
use crate::{market, network, population};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The declaration's default.
    Default,
    /// A preset's file.
    Preset(&'static str),
    /// The user's scenario file.
    Scenario,
    /// A `--set` on the command line.
    CommandLine,
}

impl Origin {
    /// A word or two for lists.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::Preset(name) => format!("preset {name}"),
            Self::Scenario => "scenario".to_owned(),
            Self::CommandLine => "command line".to_owned(),
        }
    }
}

/// One mechanism in one place, with the origin of every value.
#[derive(Clone)]
pub struct Setting {
    /// The mechanism.
    pub spec: &'static Spec,
    /// Whether it runs.
    pub enabled: bool,
    /// Every parameter of it.
    pub values: Values,
    /// Where each value comes from.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// A platform of an arm.
#[derive(Clone)]
pub struct Platform {
    /// Name; the arm's own where it has only one platform.
    pub name: String,
    /// The preset that it started from.
    pub preset: Option<&'static str>,
    /// Mechanisms of scope `Platform`, in the order of the registry, disabled ones too.
    pub mechanisms: Vec<Setting>,
}

/// An arm: one world that is compared with the others.
#[derive(Clone)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Mechanisms of scope `World`, in the order of the registry, disabled ones too.
    pub mechanisms: Vec<Setting>,
    /// One platform (the usual case) or several that compete.
    pub platforms: Vec<Platform>,
}

/// The short name of an arm's platform, which runs are called by: `viral`, or `everyone.shelf`
/// where the platform is not called like the arm.
#[must_use]
pub fn world_name(arm: &str, platform: &str) -> String {
    if arm == platform { arm.to_owned() } else { format!("{arm}.{platform}") }
}

impl Arm {
    /// The settings of its world and of its platforms.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.mechanisms.iter().chain(self.platforms.iter().flat_map(|one| &one.mechanisms))
    }
}

/// A checked scenario.
#[derive(Clone)]
pub struct Scenario {
    /// Name; the run folder's too.
    pub name: String,
    /// The question it answers.
    pub question: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Reported days.
    pub days: u16,
    /// Number of replicates.
    pub replicates: u32,
    /// Name of the arm that the others are compared with.
    pub baseline: String,
    /// Table `[population]`.
    pub population: population::Parameters,
    /// Tables `[[population.segment]]`; at least one.
    pub segments: Vec<population::Segment>,
    /// Table `[network]`.
    pub network: network::Parameters,
    /// Table `[market]`.
    pub market: market::Parameters,
    /// Tables `[[market.category]]`; at least one.
    pub categories: Vec<market::Category>,
    /// Table `[start]`.
    pub start: market::Start,
    /// Arms in the order of their names.
    pub arms: Vec<Arm>,
    /// Where the values outside the mechanisms come from, by dotted path
    /// (`population.consumers`, `market.category.0.weight`); defaults may be absent.
    pub origins: BTreeMap<String, Origin>,
    /// The key `network.file` as it was written; `network.file` itself is an absolute path.
    pub network_file_written: String,
    /// The folder of the scenario, from which relative paths start.
    pub folder: PathBuf,
}

#[cfg(test)]
mod tests;

impl Scenario {
    /// The files of ids that mechanisms of an arm name and use: as written, and where they are.
    pub fn id_files<'a>(&'a self, arm: &'a Arm) -> impl Iterator<Item = (&'a str, PathBuf)> {
        let used = arm.mechanisms.iter().filter(|setting| setting.enabled);
        used.filter_map(|setting| {
            let text = |key: &str| match setting.values.0.get(key) {
                Some(Value::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            let written = text(SEED_FILE).filter(|_| text(SEED_BY) == Some("file"))?;
            Some((written, self.id_file(setting, written)))
        })
    }

    /// Where a file of ids lies: a relative path starts from the scenario's folder, in `--set`
    /// from the working folder.
    fn id_file(&self, setting: &Setting, written: &str) -> PathBuf {
        let from_command = setting.origins.get(SEED_FILE) == Some(&Origin::CommandLine);
        let base = if from_command { Path::new("") } else { &self.folder };
        base.join(written)
    }
}

/// The parameter that names a file of ids, and the one that says whether it counts.
const SEED_FILE: &str = "seed_file";
const SEED_BY: &str = "seed_by";
