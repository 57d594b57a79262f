//! Reading sweeps back: how far each came, and shards into one.

use crate::output::error::{OutputError, reading};
use crate::output::manifest::Status;
use crate::output::sweep::folder::SweepFolder;
use crate::output::sweep::journal::{self, Entry};
use crate::output::sweep::manifest::{Counts, Manifest};
use crate::output::sweep::plan::{Plan, Shard};
use crate::output::sweep::tables;
use crate::scenario::design::Piece;
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A folder of a sweep as it stands.
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its plan.
    pub plan: Plan,
    /// Which part of the plan it holds.
    pub shard: Shard,
    /// What its journal holds, by piece; nothing where all stands in the tables.
    pub done: BTreeMap<Piece, Entry>,
    /// Records that were damaged after they were written.
    pub damaged: usize,
    /// Whether somebody writes it.
    pub busy: bool,
}

impl Found {
    /// Looks at a folder without changing it.
    ///
    /// # Errors
    /// Where it is no sweep, or cannot be read.
    pub fn read(path: &Path) -> Result<Self, OutputError> {
        let Some(manifest) = Manifest::read(path)? else {
            // What is not there is named as such.
            std::fs::read_dir(path).map_err(reading(path))?;
            return Err(OutputError::NotASweep { path: path.to_path_buf() });
        };
        let plan = Plan::read(path, &manifest.plan)?;
        let shard = Shard::parse(&manifest.shard);
        let shard =
            shard.map_err(|why| OutputError::malformed(&path.join("manifest.json"), why))?;
        let file = path.join(journal::FILE);
        let (mut done, mut damaged, mut busy) = (BTreeMap::new(), 0, false);
        if file.exists() {
            let found = journal::read(&file, &manifest.plan)?;
            damaged = found.damaged;
            let planned = |entry: &Entry| {
                let point = plan.points.get(entry.record.point as usize);
                point.is_some_and(|point| entry.record.replicate < point.replicates)
                    && plan.identity(entry.piece()) == entry.record.identity
            };
            let entries = found.entries.into_iter().filter(planned);
            done = entries.map(|entry| (entry.piece(), entry)).collect();
            let open = File::open(&file).map_err(reading(&file))?;
            busy = matches!(open.try_lock_shared(), Err(TryLockError::WouldBlock));
        }
        Ok(Self { path: path.to_path_buf(), manifest, plan, shard, done, damaged, busy })
    }

    /// Whether all of it stands in its tables, without a journal.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.manifest.status == Status::Complete && !self.path.join(journal::FILE).exists()
    }

    /// Its runs and how they ended.
    #[must_use]
    pub fn counts(&self) -> Counts {
        if self.is_closed() {
            return self.manifest.runs;
        }
        tables::counts(&self.plan, &self.plan.pieces_of(self.shard), &self.done)
    }

    /// Pieces that are neither done nor failed, and the seconds that the others took.
    #[must_use]
    pub fn remaining(&self) -> (usize, f64) {
        if self.is_closed() {
            return (0, 0.0);
        }
        let pieces = self.plan.pieces_of(self.shard);
        let missing = pieces.iter().filter(|piece| !self.done.contains_key(piece)).count();
        (missing, self.done.values().map(|entry| entry.record.seconds).sum())
    }
}

/// The pieces of a plan that no folder holds, by shard: what is missing, and where it was.
#[must_use]
pub fn missing(plan: &Plan, parts: &[Found]) -> Vec<Piece> {
    let held = |piece: &Piece| parts.iter().any(|part| part.done.contains_key(piece));
    plan.pieces().into_iter().filter(|piece| !held(piece)).collect()
}

/// Takes every piece of the parts over into a folder; complete ones before failed ones.
///
/// # Errors
/// Where one cannot be read or the other not be written.
pub fn take_over(folder: &mut SweepFolder, parts: &[Found]) -> Result<(), OutputError> {
    for piece in folder.missing() {
        let held = parts.iter().filter_map(|part| Some((part, part.done.get(&piece)?)));
        let best = held.min_by_key(|(_, entry)| entry.record.failed.is_some());
        if let Some((part, entry)) = best {
            let path = part.path.join(journal::FILE);
            let rows = rows(&path, entry).map_err(reading(&path))?;
            folder.take_over(entry, &rows)?;
        }
    }
    Ok(())
}

fn rows(path: &Path, entry: &Entry) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut rows = vec![0; (entry.end - entry.rows) as usize];
    file.seek(SeekFrom::Start(entry.rows))?;
    file.read_exact(&mut rows)?;
    Ok(rows)
}
