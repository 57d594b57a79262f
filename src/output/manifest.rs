//! The manifest of a run folder: what was run, by what, where, how it ended.

use crate::output::files::Digest;
use crate::output::run_folder::Meta;
use std::collections::BTreeMap;

/// The word by which a manifest says that it is one.
pub const FORMAT: &str = "guanxi-run";
/// Version of the folder's format; a change of any table's meaning raises it.
pub const FORMAT_VERSION: u32 = 1;

/// How far the runs of a folder came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Still being written, or killed.
    Running,
    /// Ended as planned.
    Complete,
    /// Stopped before the end; whatever was finished is there.
    Interrupted,
}

impl Status {
    /// The word in manifest and plan.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An arm and its platforms.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ArmEntry {
    /// Name.
    pub name: String,
    /// Its platforms.
    pub platforms: Vec<String>,
}

/// Planned runs and how they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunCounts {
    /// Runs that were planned (arm × platform × replicate).
    pub planned: usize,
    /// Runs that reached their last day.
    pub complete: usize,
    /// Runs that have fewer days.
    pub interrupted: usize,
}

/// What was run, so that it can be run again or gone on with.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Origin {
    /// Where the scenario lay, from which its paths start.
    pub scenario: String,
    /// What was laid over it.
    pub sets: Vec<String>,
    /// Whether a folder of the same name is to be replaced.
    #[serde(default)]
    pub force: bool,
    /// Days between two checkpoints, where there are any.
    #[serde(default)]
    pub checkpoint_days: Option<u16>,
    /// Whether only the newest checkpoint is kept.
    #[serde(default)]
    pub only_last: bool,
    /// Whether tables are written as Parquet too.
    #[serde(default)]
    pub parquet: bool,
    /// Whether tables are written for Excel too.
    #[serde(default)]
    pub excel: bool,
    /// The folder whose state the runs began with, and on which day.
    #[serde(default)]
    pub branch: Option<Branch>,
}

/// Where a branch begins.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Branch {
    /// The folder.
    pub folder: String,
    /// The digest of its scenario.
    pub scenario_digest: String,
    /// Days done.
    pub day: u16,
}

/// The machine and the time it took.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Machine {
    /// Operating system.
    pub os: String,
    /// Architecture of the processor.
    pub arch: String,
    /// Processors that were available.
    pub cores: usize,
    /// Threads that were used.
    pub threads: usize,
    /// Time from beginning to end, where measured.
    pub wall_seconds: Option<f64>,
}

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the format.
    pub format_version: u32,
    /// How far the runs came.
    pub status: Status,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the resolved scenario.
    pub scenario_digest: String,
    /// Version of the engine.
    pub engine_version: String,
    /// Seed of all draws.
    pub seed: u64,
    /// How a run's draws follow from the seed.
    pub seed_rule: String,
    /// Reported days of a complete run.
    pub days: u16,
    /// The arm that the others are compared with.
    pub baseline: String,
    /// Arms and platforms, in order.
    pub arms: Vec<ArmEntry>,
    /// Number of replicates.
    pub replicates: usize,
    /// Planned runs and how they ended.
    pub runs: RunCounts,
    /// The command line, where there was one.
    pub command: Option<String>,
    /// What was run; not known of folders of earlier versions.
    #[serde(default)]
    pub origin: Option<Origin>,
    /// The machine.
    pub machine: Machine,
    /// One digest of all tables: equal where every table is equal byte for byte.
    pub tables_digest: Option<String>,
    /// Digest of every file beside the manifest, by path.
    pub files: BTreeMap<String, Digest>,
}

impl Manifest {
    /// The manifest of runs that are only planned yet.
    #[must_use]
    pub fn planned(meta: &Meta) -> Self {
        let mut replicates: Vec<u32> = meta.runs.iter().map(|run| run.replicate).collect();
        replicates.sort_unstable();
        replicates.dedup();
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            status: Status::Running,
            scenario: meta.scenario.clone(),
            scenario_digest: meta.digest.clone(),
            engine_version: meta.engine_version.clone(),
            seed: meta.seed,
            seed_rule:
                "Philox4x32-10; key = splitmix64(splitmix64(seed) ^ replicate × 0x9e3779b97f4a7c15)"
                    .to_owned(),
            days: meta.days,
            baseline: meta.baseline.clone(),
            arms: arms(meta),
            replicates: replicates.len(),
            runs: RunCounts { planned: meta.runs.len(), ..RunCounts::default() },
            command: meta.command.clone(),
            origin: meta.origin.clone(),
            machine: Machine {
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                cores: meta.cores,
                threads: meta.threads,
                wall_seconds: None,
            },
            tables_digest: None,
            files: BTreeMap::new(),
        }
    }

    /// As JSON, indented, with a line feed at the end.
    ///
    /// # Errors
    /// Where a value has no form in JSON, which none of this has.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}

/// Arms and platforms of the planned runs, by name.
fn arms(meta: &Meta) -> Vec<ArmEntry> {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for run in &meta.runs {
        let platforms = all.entry(&run.arm).or_default();
        if !platforms.contains(&run.platform) {
            platforms.push(run.platform.clone());
        }
    }
    let entry = |(name, mut platforms): (&str, Vec<String>)| {
        platforms.sort();
        ArmEntry { name: name.to_owned(), platforms }
    };
    all.into_iter().map(entry).collect()
}

/// One digest of the tables, which are the CSV files under `tables/`: other forms of them
/// say the same, and their bytes follow the libraries that write them.
#[must_use]
pub fn tables_digest(files: &BTreeMap<String, Digest>) -> String {
    let mut hasher = blake3::Hasher::new();
    let is_table = |path: &str| path.starts_with("tables/") && path.ends_with(".csv");
    for (path, digest) in files.iter().filter(|(path, _)| is_table(path)) {
        hasher.update(format!("{path} {}\n", digest.blake3).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
