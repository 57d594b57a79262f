//! Writing a run folder: under a temporary name, renamed when it is whole.
//!
//! While runs arrive everything lies in `.<name>.partial-<process>` beside the
//! target, with a manifest that says `running`; a killed process leaves only
//! that. Memory holds one run's rows at a time, and the metrics of all runs.

use crate::observer::RunRecord;
use crate::output::comparison::{Measured, MetricName, RunMetrics};
use crate::output::csv;
use crate::output::declared::{self, Declared, Keys, RunKey, Table};
use crate::output::derived;
use crate::output::dictionary::dictionary;
use crate::output::error::{OutputError, writing};
use crate::output::files::{self, DigestedFile};
use crate::output::forms::{self, Forms, Places};
use crate::output::journal::runs::{Entry, Journal, Part};
use crate::output::manifest::{Manifest, Origin, Status, tables_digest};
use crate::output::spool::Spool;
use crate::output::target;
use crate::rng::Key;
use crate::table::{Cell, Rows, Schema};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is known of the runs before the first.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Name of the scenario.
    pub scenario: String,
    /// The scenario file, byte for byte.
    pub scenario_bytes: Vec<u8>,
    /// The scenario with every value, as TOML.
    pub resolved: String,
    /// Digest of the resolved scenario.
    pub digest: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Version of the engine.
    pub engine_version: String,
    /// The command line, where there was one.
    pub command: Option<String>,
    /// What is run, where it is to be run again.
    pub origin: Option<Origin>,
    /// Threads that will be used.
    pub threads: usize,
    /// Processors that are available.
    pub cores: usize,
    /// The arm that the others are compared with.
    pub baseline: String,
    /// Every run that is planned.
    pub runs: Vec<RunKey>,
    /// Reported days of a complete run.
    pub days: u16,
}

/// A run that has arrived.
struct Done {
    metrics: RunMetrics,
    wall_seconds: Option<f64>,
}

/// A run folder that is being written.
///
/// Dropping it leaves the temporary folder, for it may hold hours of work;
/// [`RunFolder::abandon`] removes it.
pub struct RunFolder {
    target: PathBuf,
    partial: PathBuf,
    force: bool,
    meta: Meta,
    declared: Declared,
    forms: Forms,
    manifest: Manifest,
    spools: Vec<Spool>,
    journal: Option<Journal>,
    done: BTreeMap<RunKey, Done>,
    /// Whether it goes on with the interrupted folder that has the name.
    goes_on: bool,
}

impl RunFolder {
    /// Begins a run folder with the engine's own tables and metrics.
    ///
    /// With `force` an existing run folder is replaced when this one is whole;
    /// anything else that is there is never replaced.
    ///
    /// # Errors
    /// Where the folder exists or cannot be written.
    pub fn create(path: &Path, force: bool, meta: Meta) -> Result<Self, OutputError> {
        Self::create_declared(path, force, meta, Declared::REGISTRY)
    }

    /// Begins a run folder with any tables and metrics.
    ///
    /// # Errors
    /// Where the folder exists or cannot be written.
    pub fn create_declared(
        path: &Path,
        force: bool,
        meta: Meta,
        declared: Declared,
    ) -> Result<Self, OutputError> {
        target::check(path, force)?;
        check_names(&meta)?;
        let partial = target::new_sibling(path, "partial")?;
        let mut folder = Self {
            target: path.to_path_buf(),
            partial,
            force,
            manifest: Manifest::planned(&meta),
            meta,
            declared,
            forms: Forms::default(),
            spools: Vec::new(),
            journal: None,
            done: BTreeMap::new(),
            goes_on: false,
        };
        match folder.begin() {
            Ok(()) => Ok(folder),
            Err(error) => {
                folder.abandon();
                Err(error)
            }
        }
    }

    /// Writes the tables in these forms as well when the folder is finished.
    #[must_use]
    pub fn with_forms(mut self, forms: Forms) -> Self {
        self.forms = forms;
        self
    }

    /// Takes another plan for what has been run: the folder becomes what it would have been
    /// had it been planned so from the beginning, the command line apart.
    ///
    /// # Errors
    /// Where what stands in the folder already cannot be written anew.
    ///
    /// # Panics
    /// Where the new plan lacks a run that has arrived.
    pub fn replan(&mut self, target: &Path, meta: Meta) -> Result<(), OutputError> {
        let planned = self.done.keys().all(|key| meta.runs.contains(key));
        assert!(planned, "a new plan has every run that has arrived");
        let mut manifest = Manifest::planned(&meta);
        manifest.files = std::mem::take(&mut self.manifest.files);
        let path = self.partial.join("resolved.toml");
        let digest = files::replace(&path, meta.resolved.as_bytes())?;
        manifest.files.insert("resolved.toml".to_owned(), digest);
        (self.manifest, self.meta, self.target) = (manifest, meta, target.to_path_buf());
        Ok(())
    }

    /// The temporary folder.
    #[must_use]
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Adds a run, in any order, with the time that it took where measured.
    ///
    /// # Errors
    /// Where its rows cannot be written.
    ///
    /// # Panics
    /// Where the run was not planned or has arrived before, or where its tables
    /// and metrics are not the declared ones.
    pub fn add(&mut self, run: &RunRecord, wall_seconds: Option<f64>) -> Result<(), OutputError> {
        let key = RunKey {
            arm: run.arm.clone(),
            platform: run.platform.clone(),
            replicate: run.replicate,
        };
        let id = key.run_id();
        assert!(self.meta.runs.contains(&key), "run `{id}` was not planned");
        assert!(!self.done.contains_key(&key), "run `{id}` arrives twice");
        self.check_declared(run);
        let keys = key.cells(&self.meta.scenario);
        let mut parts = BTreeMap::new();
        for spool in &mut self.spools {
            let name = spool.schema().name;
            if let Some(rows) = run.tables.iter().find(|rows| rows.schema.name == name) {
                parts.insert(name.to_owned(), spool.append(&key, &keys, rows)?);
            }
        }
        let metrics = RunMetrics {
            key: key.clone(),
            days_done: run.days_done,
            complete: run.days_done >= self.meta.days,
            values: run.metrics.iter().map(|x| x.filter(|x| x.is_finite())).collect(),
        };
        if let Some(journal) = &mut self.journal {
            journal.enter(&Entry::new(&metrics, wall_seconds, parts))?;
        }
        self.done.insert(key, Done { metrics, wall_seconds });
        Ok(())
    }

    /// The metrics of the runs so far.
    #[must_use]
    pub fn measured(&self) -> Measured {
        Measured {
            scenario: self.meta.scenario.clone(),
            baseline: self.meta.baseline.clone(),
            metrics: self.declared.metrics.iter().map(MetricName::from).collect(),
            runs: self.done.values().map(|done| done.metrics.clone()).collect(),
        }
    }

    /// Writes what remains, gives the folder its name and returns its path. An
    /// interrupted one does not take the name of a folder that is there.
    ///
    /// # Errors
    /// Where it cannot be written; the temporary folder then stays.
    ///
    /// # Panics
    /// With [`Status::Running`], which is no end.
    pub fn finish(
        mut self,
        status: Status,
        wall_seconds: Option<f64>,
    ) -> Result<PathBuf, OutputError> {
        assert!(status != Status::Running, "a folder is finished complete or interrupted");
        self.write_tables()?;
        self.write_plan()?;
        self.manifest.status = status;
        self.manifest.machine.wall_seconds = wall_seconds;
        self.manifest.runs.complete = self.done.values().filter(|d| d.metrics.complete).count();
        self.manifest.runs.interrupted = self.done.len() - self.manifest.runs.complete;
        self.manifest.tables_digest = Some(tables_digest(&self.manifest.files));
        let path = self.partial.join("manifest.json");
        files::replace(&path, self.manifest_json()?.as_bytes())?;
        files::sync_folder(&self.partial.join("tables"))?;
        if self.forms.excel {
            files::sync_folder(&self.partial.join(forms::EXCEL))?;
        }
        if status == Status::Complete {
            // Only now, for until the manifest is there a killed run is gone on with from here.
            let spool = self.partial.join("spool");
            std::fs::remove_dir_all(&spool).map_err(writing(&spool))?;
        }
        files::sync_folder(&self.partial)?;
        // Days that were cut short do not replace a folder that is there.
        let replaces = self.force && !self.goes_on;
        if status == Status::Interrupted && replaces && self.target.exists() {
            self.target = target::beside(&self.target, "interrupted")?;
        }
        target::place(&self.partial, &self.target, self.force)?;
        Ok(self.target)
    }

    /// Gives up: removes the temporary folder unless finished runs are in it, and returns
    /// what is left on the disk.
    #[must_use]
    pub fn leave(self) -> Option<PathBuf> {
        let path = self.partial.clone();
        self.leave_or_abandon();
        path.exists().then_some(path)
    }

    /// Gives up; what was gone on with stays.
    pub fn leave_or_abandon(self) {
        if self.done.is_empty() && !self.partial.join("checkpoints").exists() {
            self.abandon();
        }
    }

    /// Gives up and removes the temporary folder.
    pub fn abandon(self) {
        let Self { partial, spools, .. } = self;
        drop(spools);
        // Nothing better can be done where even removing fails.
        let _ = std::fs::remove_dir_all(partial);
    }

    /// Writes what is known before the first run.
    fn begin(&mut self) -> Result<(), OutputError> {
        for sub in ["tables", "spool"] {
            let path = self.partial.join(sub);
            std::fs::create_dir(&path).map_err(writing(&path))?;
        }
        let scenario = self.meta.scenario_bytes.clone();
        let resolved = self.meta.resolved.clone();
        for (name, bytes) in [("scenario.toml", scenario), ("resolved.toml", resolved.into())] {
            let digest = files::write_new(&self.partial.join(name), &bytes)?;
            self.manifest.files.insert(name.to_owned(), digest);
        }
        let json = self.manifest_json()?;
        files::write_new(&self.partial.join("manifest.json"), json.as_bytes())?;
        let spool = self.partial.join("spool");
        for schema in self.declared.tables {
            self.spools.push(Spool::create(&spool, schema)?);
        }
        self.journal = Some(Journal::open(&spool.join("journal"))?.0);
        Ok(())
    }

    fn manifest_json(&self) -> Result<String, OutputError> {
        let path = self.partial.join("manifest.json");
        self.manifest.to_json().map_err(|error| OutputError::malformed(&path, error))
    }

    fn check_declared(&self, run: &RunRecord) {
        let declared = self.declared.metrics.len();
        assert!(run.metrics.len() == declared, "a run has one value a metric");
        for rows in &run.tables {
            let name = rows.schema.name;
            let known = self.declared.tables.iter().any(|schema| schema.name == name);
            assert!(known, "table `{name}` is not declared");
            let same = run.tables.iter().filter(|other| other.schema.name == name).count();
            assert!(same == 1, "a run has table `{name}` once");
        }
    }

    fn write_tables(&mut self) -> Result<(), OutputError> {
        let tables = self.partial.join("tables");
        for spool in std::mem::take(&mut self.spools) {
            let name = format!("{}.csv", spool.schema().name);
            let digest = spool.assemble(&tables.join(&name))?;
            self.manifest.files.insert(format!("tables/{name}"), digest);
        }
        self.write_statistics()?;
        let rows = dictionary(&self.declared);
        self.write_table(Keys::None, "tables/", &declared::DICTIONARY, [(Vec::new(), rows)])?;
        let mut all = self.declared.all();
        all.retain(|table| table.schema.name != declared::PLAN.name);
        let excel = self.partial.join(forms::EXCEL);
        let places = Places { csv: &tables, parquet: &tables, excel: &excel };
        self.manifest.files.extend(forms::write(&all, places, self.forms)?);
        Ok(())
    }

    fn write_statistics(&mut self) -> Result<(), OutputError> {
        for (Table { keys, schema }, blocks) in derived::tables(&self.measured()) {
            self.write_table(keys, "tables/", schema, blocks)?;
        }
        Ok(())
    }

    fn write_plan(&mut self) -> Result<(), OutputError> {
        let mut runs = self.meta.runs.clone();
        runs.sort();
        let scenario = self.meta.scenario.clone();
        let rows: Vec<_> =
            runs.iter().map(|key| (key.cells(&scenario), self.plan_row(key))).collect();
        self.write_table(Keys::Run, "", &declared::PLAN, rows)
    }

    fn plan_row(&self, key: &RunKey) -> Rows {
        let done = self.done.get(key);
        let status = match done {
            None => "missing",
            Some(done) if done.metrics.complete => Status::Complete.word(),
            Some(_) => Status::Interrupted.word(),
        };
        let [low, high] = Key::new(self.meta.seed, key.replicate).words();
        let mut rows = Rows::new(&declared::PLAN);
        rows.push([
            Cell::Text(self.meta.seed.to_string()),
            Cell::Text(format!("0x{high:08x}{low:08x}")),
            Cell::from(status),
            Cell::from(u32::from(done.map_or(0, |done| done.metrics.days_done))),
            done.and_then(|done| done.wall_seconds).map_or(Cell::Missing, Cell::number),
        ]);
        rows
    }

    /// Writes a table from (key cells, rows) in order and enters it in the manifest.
    fn write_table(
        &mut self,
        keys: Keys,
        folder: &str,
        schema: &Schema,
        rows: impl IntoIterator<Item = (Vec<Cell>, Rows)>,
    ) -> Result<(), OutputError> {
        let name = format!("{folder}{}.csv", schema.name);
        let path = self.partial.join(&name);
        let mut file = DigestedFile::create(&path)?;
        csv::write_header(&mut file, keys.columns(), schema.columns).map_err(writing(&path))?;
        for (cells, rows) in rows {
            csv::write_rows(&mut file, &cells, &rows).map_err(writing(&path))?;
        }
        self.manifest.files.insert(name, file.seal()?);
        Ok(())
    }
}

/// Refuses planned runs that would be called the same.
fn check_names(meta: &Meta) -> Result<(), OutputError> {
    let mut ids: Vec<String> = meta.runs.iter().map(RunKey::run_id).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(OutputError::DuplicateRun { run_id: pair[0].clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod fixture;
pub mod reopen;
#[cfg(test)]
mod tests;
