//! A run before it begins: what, how much, where.

use crate::cli::failure::Failure;
use crate::cli::screen::{Screen, counted};
use crate::cli::{diagnostics, load, memory};
use crate::engine::experiment;
use crate::model::estimate::Estimate;
use crate::output::declared::RunKey;
use crate::output::manifest::{Manifest, Origin};
use crate::output::run_folder::Meta;
use crate::scenario::Scenario;
use crate::scenario::resolved::resolved_toml;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The folder of a scenario's results where no other is given.
fn folder_of(scenario: &Scenario, digest: &str) -> PathBuf {
    Path::new("outputs").join(format!("{}-{}", scenario.name, &digest[..8]))
}

/// A scenario that is about to run.
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// The bytes it was read from.
    pub bytes: Vec<u8>,
    /// The digest of it and of the files that it reads.
    pub digest: String,
    /// Digests of these files.
    inputs: load::Digests,
    /// The folder of the results.
    pub folder: PathBuf,
    /// The memory it takes.
    pub estimate: Estimate,
    /// Where it comes from, so that it can be run again.
    pub origin: Origin,
}

impl Plan {
    /// Reads a scenario and plans its run.
    ///
    /// # Errors
    /// Where the file cannot be read or the scenario is wrong.
    pub fn new(
        file: &Path,
        sets: &[String],
        output: Option<&Path>,
        screen: &Screen,
    ) -> Result<Self, Failure> {
        let load::Loaded { checked, bytes } = load::load(file, sets)?;
        diagnostics::report(&checked.warnings, screen);
        Self::of(checked.scenario, bytes, file, sets, output)
    }

    /// The plan of a checked scenario.
    fn of(
        scenario: Scenario,
        bytes: Vec<u8>,
        file: &Path,
        sets: &[String],
        output: Option<&Path>,
    ) -> Result<Self, Failure> {
        let mut inputs = load::Digests::new();
        let digest = load::digest(&scenario, &mut inputs)?;
        let folder = output.map_or_else(|| folder_of(&scenario, &digest), Path::to_path_buf);
        let estimate = experiment::estimate(&scenario)?;
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
        let origin = Origin {
            scenario: file.to_string_lossy().into_owned(),
            sets: sets.to_vec(),
            force: false,
            checkpoint_days: None,
            only_last: false,
            parquet: false,
            excel: false,
            branch: None,
        };
        Ok(Self { scenario, bytes, digest, inputs, folder, estimate, origin })
    }

    /// The plan of what a run folder holds, with further values laid over it.
    ///
    /// # Errors
    /// Where the folder does not tell, or its scenario resolves to another now.
    pub fn of_folder(folder: &Path, manifest: &Manifest, more: &[String]) -> Result<Self, Failure> {
        let shown = folder.display();
        let Some(origin) = &manifest.origin else {
            let version = &manifest.engine_version;
            return Err(Failure::Usage(format!(
                "`{shown}` was written by version {version}, which did not note how it was run"
            )));
        };
        let bytes = load::bytes(&folder.join("scenario.toml"))?;
        let sets = [&origin.sets[..], more].concat();
        let file = Path::new(&origin.scenario);
        let checked = load::check(file, &bytes, &sets).map_err(Failure::Scenario)?;
        let mut plan = Self::of(checked.scenario, bytes, file, &sets, Some(folder))?;
        if more.is_empty() && plan.digest != manifest.scenario_digest {
            return Err(Failure::Usage(format!(
                "the scenario in `{shown}` resolves to other values now, or reads other files \
                 (digest {}, not {}): it was run by another version, or from another folder",
                &plan.digest[..12],
                manifest.scenario_digest.get(..12).unwrap_or_default(),
            )));
        }
        plan.origin = Origin { sets, ..origin.clone() };
        Ok(plan)
    }

    /// The same with another number of replicates, in the folder of its own name.
    #[must_use]
    pub fn with_replicates(&self, replicates: u32) -> Self {
        let mut scenario = self.scenario.clone();
        scenario.replicates = replicates;
        let digest = load::digest_by(&scenario, &self.inputs);
        let folder = folder_of(&scenario, &digest);
        let mut origin = self.origin.clone();
        origin.sets.retain(|set| !set.starts_with("replicates="));
        origin.sets.push(format!("replicates={replicates}"));
        Self {
            scenario,
            bytes: self.bytes.clone(),
            digest,
            inputs: self.inputs.clone(),
            folder,
            estimate: self.estimate.clone(),
            origin,
        }
    }

    /// Every run: arm × platform × replicate.
    fn runs(&self) -> Vec<RunKey> {
        let key = |arm: &str, platform: &str, replicate| RunKey {
            arm: arm.to_owned(),
            platform: platform.to_owned(),
            replicate,
        };
        let mut runs = Vec::new();
        for replicate in 0..self.scenario.replicates {
            for arm in &self.scenario.arms {
                runs.extend(arm.platforms.iter().map(|one| key(&arm.name, &one.name, replicate)));
            }
        }
        runs
    }

    /// Consumer-days of all arms, days and replicates, burn-in included.
    #[must_use]
    pub fn consumer_days(&self) -> u64 {
        let days = u64::from(self.scenario.days) + u64::from(self.scenario.start.burn_in_days);
        let worlds = self.scenario.arms.len() as u64 * u64::from(self.scenario.replicates);
        days * worlds * u64::from(self.scenario.population.consumers)
    }

    /// What is about to be done, in a few lines.
    #[must_use]
    pub fn announcement(&self) -> String {
        let Scenario { name, question, arms, days, replicates, seed, .. } = &self.scenario;
        let arms: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
        // Whoever wrote it: at most two lines, in which nothing steers the terminal.
        let question = crate::report::say::name(question, 200);
        let question = if question.is_empty() { String::new() } else { format!(": {question}") };
        let burn_in = match self.scenario.start.burn_in_days {
            0 => String::new(),
            days => format!(" after {days} of burn-in"),
        };
        format!(
            "{name}{question}\n  {}, {} ({}), {}{burn_in}, {}, seed {seed}\n  memory {}\n  results \
             in {}",
            counted(u64::from(self.scenario.population.consumers), "consumer"),
            counted(arms.len() as u64, "arm"),
            arms.join(", "),
            counted(u64::from(*days), "day"),
            counted(u64::from(*replicates), "replicate"),
            memory::line(&self.estimate),
            self.folder.display(),
        )
    }

    /// The same as JSON.
    #[must_use]
    pub fn document(&self) -> serde_json::Value {
        let parts = self.estimate.parts.iter();
        let memory: Vec<_> =
            parts.map(|(what, bytes)| json!({"what": what, "bytes": bytes})).collect();
        json!({
            "scenario": self.scenario.name,
            "digest": self.digest,
            "seed": self.scenario.seed,
            "folder": self.folder.display().to_string(),
            "consumers": self.scenario.population.consumers,
            "days": self.scenario.days,
            "replicates": self.scenario.replicates,
            "arms": self.scenario.arms.iter().map(|arm| arm.name.clone()).collect::<Vec<_>>(),
            "memory": memory,
            "memory_bytes": self.estimate.total_bytes(),
        })
    }

    /// What the run folder says of the runs.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the manifest tells the machine, which shapes no result"
    )]
    pub fn meta(&self, threads: usize) -> Meta {
        Meta {
            scenario: self.scenario.name.clone(),
            scenario_bytes: self.bytes.clone(),
            resolved: resolved_toml(&self.scenario),
            digest: self.digest.clone(),
            seed: self.scenario.seed,
            engine_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: Some(crate::cli::command_line()),
            origin: Some(self.origin.clone()),
            threads,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            baseline: self.scenario.baseline.clone(),
            runs: self.runs(),
            days: self.scenario.days,
        }
    }
}
