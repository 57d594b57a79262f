//! The manifest of a sweep: what was planned, by what, where, how it ended.

use crate::output::error::{OutputError, reading};
use crate::output::files::{self, Digest};
use crate::output::manifest::{FORMAT_VERSION, Machine, Status};
use crate::output::sweep::plan::{Design, Plan, Shard};
use std::collections::BTreeMap;
use std::path::Path;

/// The word by which the manifest of a sweep says that it is one.
pub const FORMAT: &str = "guanxi-sweep";
/// Name of its file.
pub const FILE: &str = "manifest.json";

/// What is known of a sweep beside its plan.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The scenario file, byte for byte.
    pub scenario_bytes: Vec<u8>,
    /// The scenario with every value, before anything varies.
    pub resolved: String,
    /// Where the scenario was read, from where its paths count.
    pub scenario_file: Option<String>,
    /// Version of the engine.
    pub engine_version: String,
    /// The command line, where there was one.
    pub command: Option<String>,
    /// Threads that will be used.
    pub threads: usize,
    /// Worlds that run at the same time.
    pub worlds: usize,
    /// Processors that are available.
    pub cores: usize,
}

/// Runs (arm × platform × replicate × point) of the folder, and how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// Planned.
    pub planned: usize,
    /// Reached their last day.
    pub complete: usize,
    /// Cannot be run.
    pub failed: usize,
    /// Not run yet.
    pub missing: usize,
}

/// The contents of `manifest.json`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the format.
    pub format_version: u32,
    /// How far the sweep came.
    pub status: Status,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of `sweep.json`: which sweep this is.
    pub plan: String,
    /// Which part of it, `I/N`.
    pub shard: String,
    /// Version of the results.
    pub results_epoch: u32,
    /// Version of the engine.
    pub engine_version: String,
    /// How the points were chosen.
    pub design: Design,
    /// Number of points of the whole sweep.
    pub points: usize,
    /// Runs of this folder.
    pub runs: Counts,
    /// The command line, where there was one.
    pub command: Option<String>,
    /// Where the scenario was read, from where its paths count.
    #[serde(default)]
    pub scenario_file: Option<String>,
    /// The machine.
    pub machine: Machine,
    /// Worlds that ran at the same time.
    pub worlds: usize,
    /// One digest of all tables: equal where every table is equal byte for byte.
    pub tables_digest: Option<String>,
    /// Digest of every file beside the manifest, by path.
    pub files: BTreeMap<String, Digest>,
}

impl Manifest {
    /// The manifest of a sweep that begins.
    #[must_use]
    pub fn planned(plan: &Plan, shard: Shard, meta: &Meta) -> Self {
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            status: Status::Running,
            scenario: plan.scenario.clone(),
            plan: plan.digest(),
            shard: shard.to_string(),
            results_epoch: plan.results_epoch,
            engine_version: meta.engine_version.clone(),
            design: plan.design.clone(),
            points: plan.points.len(),
            runs: Counts::default(),
            command: meta.command.clone(),
            scenario_file: meta.scenario_file.clone(),
            machine: Machine {
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                cores: meta.cores,
                threads: meta.threads,
                wall_seconds: None,
            },
            worlds: meta.worlds,
            tables_digest: None,
            files: BTreeMap::new(),
        }
    }

    /// Reads the manifest of a sweep; none where there is no file of that name.
    ///
    /// # Errors
    /// Where it is no sweep's, or of another version.
    pub fn read(folder: &Path) -> Result<Option<Self>, OutputError> {
        let path = folder.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(reading(&path)(error)),
        };
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if json["format"] != FORMAT {
            return Err(OutputError::NotASweep { path: folder.to_path_buf() });
        }
        let found = &json["format_version"];
        if *found != FORMAT_VERSION {
            return Err(OutputError::Version {
                path,
                found: found.to_string(),
                known: FORMAT_VERSION,
            });
        }
        let manifest = serde_json::from_value(json);
        manifest.map(Some).map_err(|error| OutputError::malformed(&path, error))
    }

    /// Replaces the manifest of a folder.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), OutputError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| OutputError::malformed(&path, error))?;
        write(&path, (text + "\n").as_bytes()).map(drop)
    }
}

/// Writes or replaces a file whole, whatever a killed process left beside it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<Digest, OutputError> {
    let _ = std::fs::remove_file(path.with_extension("new"));
    files::replace(path, bytes)
}
