//! A sweep that is being written: begun, gone on with, finished.
//!
//! Whatever a killed process left, the next one with the same plan goes on from there:
//! without a manifest the folder was only begun and is begun again; with one, the journal
//! tells which pieces are done.

use crate::observer::RunRecord;
use crate::output::csv;
use crate::output::declared::Declared;
use crate::output::error::{OutputError, writing};
use crate::output::files::sync_folder;
use crate::output::forms::Forms;
use crate::output::journal::pieces::{self, Entry, Journal, Record, RunPart};
use crate::output::manifest::Status;
use crate::output::sweep::manifest::{self, Counts, Manifest, Meta};
use crate::output::sweep::plan::{self, Plan, Shard, SweepKey};
use crate::output::sweep::tables::{self, Tables};
use crate::output::target;
use crate::scenario::design::Piece;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What a folder may hold that has no manifest yet.
const BEGUN: &[&str] = &[
    plan::FILE,
    pieces::FILE,
    "scenario.toml",
    "resolved.toml",
    "sweep.new",
    "scenario.new",
    "resolved.new",
    "plan.csv",
    "plan.new",
    "manifest.new",
];

/// The folder of a sweep, or of a shard of it, while runs arrive.
pub struct SweepFolder {
    path: PathBuf,
    plan: Plan,
    shard: Shard,
    manifest: Manifest,
    journal: Journal,
    forms: Forms,
    /// Where the sweep that this one replaces stays until this one is whole.
    replaces: Option<PathBuf>,
    /// Records that count, by piece.
    done: BTreeMap<Piece, Entry>,
    damaged: usize,
}

/// What was found where a sweep is to be written.
pub enum Opened {
    /// There is work to do, or tables to write.
    Open(Box<SweepFolder>),
    /// Everything is there already.
    Whole(Box<Manifest>),
}

/// What a sweep is to be.
pub struct Asked {
    /// The plan.
    pub plan: Plan,
    /// The part of it.
    pub shard: Shard,
    /// What the manifest tells.
    pub meta: Meta,
    /// Forms of the tables beside CSV.
    pub forms: Forms,
    /// Whether another sweep may be replaced.
    pub force: bool,
    /// Whether runs that failed are run again.
    pub retry: bool,
}

/// Refuses a place where no sweep can be written, before hours of work; says whether there
/// is something to go on with.
///
/// # Errors
/// Where something else is there, another sweep without `force`, or nothing may be written.
pub fn check(path: &Path, asked: &Asked) -> Result<bool, OutputError> {
    let Some(found) = found(path)? else { return Ok(false) };
    let Some(manifest) = found else { return Ok(false) };
    if asked.force {
        return Ok(false);
    }
    let (digest, shard) = (asked.plan.digest(), asked.shard.to_string());
    if manifest.plan != digest || manifest.shard != shard {
        let same = manifest.plan == digest;
        let held = match same {
            true => format!("shard {} of this one, not {shard}", manifest.shard),
            false => {
                let points = manifest.points;
                format!("{}: {}, {points} points", manifest.scenario, manifest.design.kind)
            }
        };
        return Err(OutputError::OtherSweep { path: path.to_path_buf(), held });
    }
    Ok(true)
}

/// What is at a path: nothing, a sweep that was only begun, or one with its manifest.
fn found(path: &Path) -> Result<Option<Option<Manifest>>, OutputError> {
    let refused = || OutputError::NotASweep { path: path.to_path_buf() };
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // A link that leads nowhere is something, too.
            return match std::fs::symlink_metadata(path) {
                Ok(_) => Err(refused()),
                Err(_) => Ok(None),
            };
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Err(refused()),
        Err(error) => return Err(OutputError::writing(path, error)),
    };
    if let Some(manifest) = Manifest::read(path)? {
        return Ok(Some(Some(manifest)));
    }
    for entry in entries {
        let name = entry.map_err(writing(path))?.file_name();
        if !BEGUN.iter().any(|known| *known == name) {
            return Err(refused());
        }
    }
    Ok(Some(None))
}

impl SweepFolder {
    /// Begins a sweep, or goes on with the one that is there.
    ///
    /// # Errors
    /// As [`check`]; where another process writes it; where it cannot be written.
    pub fn open(path: &Path, asked: Asked) -> Result<Opened, OutputError> {
        check(path, &asked)?;
        let replaces = match found(path)? {
            Some(Some(_)) if asked.force => Some(move_aside(path)?),
            _ => None,
        };
        let opened = Self::open_there(path, asked, replaces.clone());
        if let (Err(_), Some(old)) = (&opened, replaces) {
            put_back(&old, path);
        }
        opened
    }

    fn open_there(
        path: &Path,
        asked: Asked,
        replaces: Option<PathBuf>,
    ) -> Result<Opened, OutputError> {
        std::fs::create_dir_all(path).map_err(writing(path))?;
        let held = Manifest::read(path)?;
        let whole =
            held.filter(|m| m.status == Status::Complete && !(asked.retry && m.runs.failed > 0));
        if let Some(mut manifest) = whole {
            tables::check(path, &manifest)?;
            tables::add_forms(path, &mut manifest, asked.forms)?;
            // The journal of a whole sweep is only left where its removal was cut short.
            forget_journal(path, &manifest);
            return Ok(Opened::Whole(Box::new(manifest)));
        }
        let journal = Journal::take(path)?;
        let manifest = Manifest::planned(&asked.plan, asked.shard, &asked.meta);
        let mut folder = Self {
            path: path.to_path_buf(),
            manifest,
            plan: asked.plan,
            shard: asked.shard,
            journal,
            forms: asked.forms,
            replaces,
            done: BTreeMap::new(),
            damaged: 0,
        };
        folder.begin_or_resume(&asked.meta, asked.retry)?;
        Ok(Opened::Open(Box::new(folder)))
    }

    fn begin_or_resume(&mut self, meta: &Meta, retry: bool) -> Result<(), OutputError> {
        let digest = self.manifest.plan.clone();
        if Manifest::read(&self.path)?.is_some() {
            let found = self.journal.resume(&digest)?;
            self.damaged = found.damaged;
            for entry in found.entries {
                self.enter(entry);
            }
            if retry {
                self.done.retain(|_, entry| entry.record.failed.is_none());
            }
        } else {
            self.journal.begin(&digest)?;
            let plan = self.plan.to_json();
            let path = self.path.join(plan::FILE);
            let plan = plan.map_err(|error| OutputError::malformed(&path, error))?;
            manifest::write(&path, &plan)?;
        }
        for (name, bytes) in [
            (plan::FILE, None),
            ("scenario.toml", Some(meta.scenario_bytes.as_slice())),
            ("resolved.toml", Some(meta.resolved.as_bytes())),
        ] {
            let path = self.path.join(name);
            let digest = match bytes {
                Some(bytes) => manifest::write(&path, bytes)?,
                None => crate::output::files::digest_of(&path)?,
            };
            self.manifest.files.insert(name.to_owned(), digest);
        }
        self.manifest.runs = self.counts();
        self.manifest.write(&self.path)?;
        sync_folder(&self.path)
    }

    /// Takes a record as the one that counts, where it is what the plan asks for.
    fn enter(&mut self, entry: Entry) {
        let piece = entry.piece();
        let planned = self.plan.points.get(piece.point as usize);
        let is_planned = planned.is_some_and(|point| piece.replicate < point.replicates);
        if is_planned && self.plan.identity(piece) == entry.record.identity {
            self.done.insert(piece, entry);
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the sweep that this one replaces stays until this one is whole.
    #[must_use]
    pub fn replaces(&self) -> Option<&Path> {
        self.replaces.as_deref()
    }

    /// Records that were damaged after they were written; their pieces are missing.
    #[must_use]
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Pieces of the shard that are neither done nor failed.
    #[must_use]
    pub fn missing(&self) -> Vec<Piece> {
        let all = self.plan.pieces_of(self.shard).into_iter();
        all.filter(|piece| !self.done.contains_key(piece)).collect()
    }

    /// Runs of the shard and how they ended.
    #[must_use]
    pub fn counts(&self) -> Counts {
        tables::counts(&self.plan, &self.plan.pieces_of(self.shard), &self.done)
    }

    /// Adds a complete piece.
    ///
    /// # Errors
    /// Where it cannot be written; earlier pieces stay.
    ///
    /// # Panics
    /// Where its runs are not the planned ones, or its tables not the declared ones.
    pub fn add(
        &mut self,
        piece: Piece,
        runs: &[(RunRecord, f64)],
        seconds: f64,
    ) -> Result<(), OutputError> {
        let planned = self.plan.runs(piece);
        assert_eq!(planned.len(), runs.len(), "a piece has all its runs");
        let (mut parts, mut rows) = (Vec::new(), Vec::new());
        for key in &planned {
            let found = runs
                .iter()
                .find(|(run, _)| run.arm == key.run.arm && run.platform == key.run.platform);
            let Some((run, seconds)) = found else { panic!("run `{}` is missing", key.run_id()) };
            parts.push(self.part(key, run, *seconds, &mut rows)?);
        }
        self.append(piece, None, seconds, (parts, rows))
    }

    /// Adds a piece that cannot be run, with the reason.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn add_failed(&mut self, piece: Piece, why: &str, seconds: f64) -> Result<(), OutputError> {
        self.append(piece, Some(why.to_owned()), seconds, (Vec::new(), Vec::new()))
    }

    fn append(
        &mut self,
        piece: Piece,
        failed: Option<String>,
        seconds: f64,
        (runs, rows): (Vec<RunPart>, Vec<u8>),
    ) -> Result<(), OutputError> {
        let identity = self.plan.identity(piece);
        let Piece { point, replicate } = piece;
        let record = Record { identity, point, replicate, failed, seconds, runs };
        let entry = self.journal.append(&record, &rows)?;
        self.done.insert(piece, entry);
        Ok(())
    }

    /// A run as it stands in the journal; its rows are added to `rows`.
    fn part(
        &self,
        key: &SweepKey,
        run: &RunRecord,
        seconds: f64,
        rows: &mut Vec<u8>,
    ) -> Result<RunPart, OutputError> {
        let declared = Declared::REGISTRY;
        assert_eq!(run.metrics.len(), declared.metrics.len(), "a run has one value a metric");
        let keys = key.cells(&self.plan.scenario);
        let mut tables = Vec::new();
        for schema in declared.tables {
            let start = rows.len();
            if let Some(found) = run.tables.iter().find(|one| one.schema.name == schema.name) {
                csv::write_rows(&mut *rows, &keys, found).map_err(writing(self.journal.path()))?;
            }
            tables.push((rows.len() - start) as u64);
        }
        let bits = |x: &Option<f64>| x.filter(|x| x.is_finite()).map(f64::to_bits);
        Ok(RunPart {
            arm: run.arm.clone(),
            platform: run.platform.clone(),
            days_done: run.days_done,
            seconds,
            metrics: run.metrics.iter().map(bits).collect(),
            tables,
        })
    }

    /// Takes over a piece from another journal, with its rows.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn take_over(&mut self, entry: &Entry, rows: &[u8]) -> Result<(), OutputError> {
        let entry = self.journal.append(&entry.record, rows)?;
        self.enter(entry);
        Ok(())
    }

    /// Says in the manifest that the sweep was stopped; the journal keeps what is done.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn interrupt(mut self) -> Result<Manifest, OutputError> {
        self.manifest.status = Status::Interrupted;
        self.manifest.runs = self.counts();
        self.manifest.write(&self.path)?;
        Ok(self.manifest)
    }

    /// Writes all tables, and the manifest last. Where pieces are missing the sweep counts
    /// as interrupted.
    ///
    /// # Errors
    /// Where they cannot be written; the journal then stays as it is.
    pub fn finish(mut self, wall_seconds: Option<f64>) -> Result<Manifest, OutputError> {
        let pieces = self.plan.pieces_of(self.shard);
        let tables = Tables {
            folder: &self.path,
            plan: &self.plan,
            pieces: &pieces,
            done: &self.done,
            journal: self.journal.path(),
        };
        self.manifest.files.extend(tables.write(self.forms)?);
        self.manifest.runs = self.counts();
        self.manifest.status =
            if self.manifest.runs.missing > 0 { Status::Interrupted } else { Status::Complete };
        self.manifest.machine.wall_seconds = wall_seconds;
        self.manifest.tables_digest =
            Some(crate::output::manifest::tables_digest(&self.manifest.files));
        self.manifest.write(&self.path)?;
        sync_folder(&self.path)?;
        forget_journal(&self.path, &self.manifest);
        let is_whole = self.manifest.status == Status::Complete && self.manifest.runs.failed == 0;
        if let Some(old) = self.replaces.filter(|_| is_whole) {
            // What stays where this fails only takes room.
            let _ = std::fs::remove_dir_all(old);
        }
        Ok(self.manifest)
    }
}

/// Removes the journal of a whole sweep without failures: all of it stands in the tables,
/// and there is nothing to be merged or tried again.
fn forget_journal(path: &Path, manifest: &Manifest) {
    let whole = manifest.status == Status::Complete && manifest.runs.failed == 0;
    if whole && manifest.shard == Shard::WHOLE.to_string() {
        // What stays where this fails only takes room.
        let _ = std::fs::remove_file(path.join(pieces::FILE));
    }
}

/// Moves a sweep that is to be replaced aside; one that another process writes stays.
fn move_aside(path: &Path) -> Result<PathBuf, OutputError> {
    let has_journal = path.join(pieces::FILE).exists();
    let held = Journal::take(path)?;
    let aside = target::beside(path, "replaced")?;
    std::fs::rename(path, &aside).map_err(writing(path))?;
    drop(held);
    if !has_journal {
        // It was only made to see that nobody else writes there.
        let _ = std::fs::remove_file(aside.join(pieces::FILE));
    }
    sync_folder(&target::parent_of(path))?;
    Ok(aside)
}

/// Gives a sweep its name back where the new one was only begun.
fn put_back(old: &Path, path: &Path) {
    if matches!(found(path), Ok(Some(None))) && Journal::take(path).is_ok() {
        let _ = std::fs::remove_dir_all(path);
    }
    // Where this fails, too, the old sweep is still there, by its other name.
    let _ = std::fs::rename(old, path);
}
