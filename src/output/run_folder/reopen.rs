//! Going on with a run folder whose writer was stopped or killed.
//!
//! A killed writer leaves the temporary folder: it is gone on with where it lies. A writer
//! that was stopped leaves a folder that is whole but has fewer days: it is copied beside
//! itself first and stays until the copy takes its place.

use super::{BTreeMap, Declared, Done, Manifest, Meta, Part, Path, PathBuf, RunFolder, RunKey};
use crate::output::error::{OutputError, reading, writing};
use crate::output::files;
use crate::output::forms::{self, Forms};
use crate::output::journal::runs::{Entry, Journal};
use crate::output::manifest::Status;
use crate::output::spool::Spool;
use crate::output::{read, target};

/// A folder that can be gone on with.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The folder.
    pub folder: PathBuf,
    /// What it will be called.
    pub target: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
}

impl Unfinished {
    /// What is unfinished of the folder that is called `target`: temporary folders beside it
    /// whose writers were killed, and the folder itself where it was stopped. `target` may be a
    /// temporary folder, too.
    ///
    /// # Errors
    /// Where the folders cannot be listed.
    pub fn find(target: &Path) -> Result<Vec<Self>, OutputError> {
        let Some(name) = target.file_name().map(|name| name.to_string_lossy().into_owned()) else {
            return Err(OutputError::NoName { path: target.to_path_buf() });
        };
        let own = |folder: PathBuf, target: &Path| {
            let manifest = read::manifest(&folder).ok()?;
            Some(Self { folder, target: target.to_path_buf(), manifest })
        };
        if let Some((wanted, _)) = name.strip_prefix('.').and_then(|n| n.split_once(".partial-")) {
            return Ok(own(target.to_path_buf(), &target.with_file_name(wanted))
                .into_iter()
                .collect());
        }
        let parent = target::parent_of(target);
        let begin = format!(".{name}.partial-");
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&parent).map_err(reading(&parent))? {
            let name = entry.map_err(reading(&parent))?.file_name().to_string_lossy().into_owned();
            names.extend(Some(name).filter(|name| name.starts_with(&begin)));
        }
        names.sort();
        let mut found: Vec<Self> =
            names.iter().filter_map(|name| own(target.with_file_name(name), target)).collect();
        let stopped = own(target.to_path_buf(), target);
        found.extend(stopped.filter(|one| one.manifest.status != Status::Complete));
        Ok(found)
    }

    /// Whether its writer was killed, so that it is gone on with where it lies.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.folder != self.target
    }

    /// Whether the folder that has the name is an earlier state of the same run: it gives its
    /// place to what comes of this one.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        let same = |there: &Manifest| {
            there.status != Status::Complete
                && there.scenario_digest == self.manifest.scenario_digest
        };
        read::manifest(&self.target).is_ok_and(|there| same(&there))
    }

    /// Runs that have arrived, by the journal.
    #[must_use]
    pub fn n_arrived(&self) -> usize {
        let journal = std::fs::read(self.folder.join("spool/journal")).unwrap_or_default();
        journal.iter().filter(|byte| **byte == b'\n').count()
    }
}

impl RunFolder {
    /// Goes on with an unfinished folder; runs that have arrived whole are there.
    ///
    /// # Errors
    /// Where another process writes it, or it cannot be read or written.
    pub fn reopen(unfinished: &Unfinished, force: bool, meta: Meta) -> Result<Self, OutputError> {
        let Unfinished { folder, target, .. } = unfinished;
        let goes_on = unfinished.goes_on();
        let partial = match unfinished.is_temporary() {
            true => folder.clone(),
            false => copied(folder, target)?,
        };
        let spool = partial.join("spool");
        std::fs::create_dir_all(&spool).map_err(writing(&spool))?;
        let (journal, entries) = Journal::open(&spool.join("journal"))?;
        let mut this = Self {
            target: target.clone(),
            partial,
            force: force || goes_on,
            manifest: Manifest::planned(&meta),
            meta,
            declared: Declared::REGISTRY,
            forms: Forms::default(),
            spools: Vec::new(),
            journal: Some(journal),
            done: BTreeMap::new(),
            goes_on,
        };
        this.take_up(entries)?;
        this.clear()?;
        Ok(this)
    }

    /// Gives its name to a folder that was written to the end before its writer was killed.
    ///
    /// # Errors
    /// Where the name is taken.
    pub fn place(unfinished: &Unfinished, force: bool) -> Result<(), OutputError> {
        let spool = unfinished.folder.join("spool");
        if spool.exists() {
            std::fs::remove_dir_all(&spool).map_err(writing(&spool))?;
        }
        target::place(&unfinished.folder, &unfinished.target, force || unfinished.goes_on())
    }

    /// Runs that are there from the first to the last day.
    pub fn arrived(&self) -> impl Iterator<Item = &RunKey> {
        self.done.keys()
    }

    /// The complete runs of a journal, as far as their rows are there.
    fn take_up(&mut self, entries: Vec<Entry>) -> Result<(), OutputError> {
        let mut known: BTreeMap<RunKey, Entry> = BTreeMap::new();
        for entry in entries {
            let metrics = entry.metrics();
            let planned = self.meta.runs.contains(&metrics.key);
            let fits = metrics.values.len() == self.declared.metrics.len();
            if metrics.complete && planned && fits && metrics.days_done >= self.meta.days {
                known.insert(metrics.key, entry);
            }
        }
        let spool = self.partial.join("spool");
        for schema in self.declared.tables {
            let part = |(key, entry): (&RunKey, &Entry)| {
                Some((key.clone(), entry.parts.get(schema.name)?.clone()))
            };
            let parts: BTreeMap<RunKey, Part> = known.iter().filter_map(part).collect();
            let (opened, lost) = Spool::reopen(&spool, schema, parts)?;
            self.spools.push(opened);
            for key in lost {
                known.remove(&key);
                self.spools.iter_mut().for_each(|spool| spool.forget(&key));
            }
        }
        let done = |(key, entry): (RunKey, Entry)| {
            let Entry { wall_seconds, .. } = entry;
            (key, Done { metrics: entry.metrics(), wall_seconds })
        };
        self.done = known.into_iter().map(done).collect();
        Ok(())
    }

    /// Removes what was written at the end, and writes what is known at the beginning.
    fn clear(&mut self) -> Result<(), OutputError> {
        for sub in ["tables", forms::EXCEL] {
            let tables = self.partial.join(sub);
            if tables.exists() {
                std::fs::remove_dir_all(&tables).map_err(writing(&tables))?;
            }
        }
        let tables = self.partial.join("tables");
        std::fs::create_dir(&tables).map_err(writing(&tables))?;
        for name in ["plan.csv", "plan.new", "manifest.new", "scenario.new", "resolved.new"] {
            let path = self.partial.join(name);
            if path.exists() {
                std::fs::remove_file(&path).map_err(writing(&path))?;
            }
        }
        let scenario = self.meta.scenario_bytes.clone();
        let resolved = self.meta.resolved.clone().into_bytes();
        for (name, bytes) in [("scenario.toml", scenario), ("resolved.toml", resolved)] {
            let digest = files::replace(&self.partial.join(name), &bytes)?;
            self.manifest.files.insert(name.to_owned(), digest);
        }
        files::replace(&self.partial.join("manifest.json"), self.manifest_json()?.as_bytes())?;
        Ok(())
    }
}

/// A temporary folder with what a stopped folder has for going on; its manifest comes last,
/// so that a copy that is not whole is none.
fn copied(folder: &Path, target: &Path) -> Result<PathBuf, OutputError> {
    let partial = target::new_sibling(target, "partial")?;
    let copy = || {
        for sub in ["spool", "checkpoints"] {
            copy_folder(&folder.join(sub), &partial.join(sub))?;
        }
        for name in ["scenario.toml", "manifest.json"] {
            let to = partial.join(name);
            std::fs::copy(folder.join(name), &to).map_err(writing(&to))?;
        }
        Ok(())
    };
    match copy() {
        Ok(()) => Ok(partial),
        Err(error) => {
            // Nothing better can be done where even removing fails.
            let _ = std::fs::remove_dir_all(&partial);
            Err(error)
        }
    }
}

/// Copies the files of a folder, if there is one.
fn copy_folder(from: &Path, to: &Path) -> Result<(), OutputError> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir(to).map_err(writing(to))?;
    for entry in std::fs::read_dir(from).map_err(reading(from))? {
        let entry = entry.map_err(reading(from))?;
        let to = to.join(entry.file_name());
        std::fs::copy(entry.path(), &to).map_err(writing(&to))?;
    }
    Ok(())
}
