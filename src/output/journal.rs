//! The journal of a run folder: a line for each run that has arrived, written as it arrives,
//! so that a folder whose writer was killed can be gone on with.
//!
//! A line is a digest of what follows, and the run as JSON: its metrics bit for bit, and where
//! its rows lie in the spools, each with a digest. A line that is torn or does not agree ends
//! the reading; a run whose rows do not agree has not arrived.

use crate::output::comparison::RunMetrics;
use crate::output::declared::RunKey;
use crate::output::error::{OutputError, writing};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Where the rows of a run lie in a spool.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// The first byte.
    pub start: u64,
    /// Bytes.
    pub length: u64,
    /// BLAKE3 of the bytes, hexadecimal.
    pub blake3: String,
}

/// A run that has arrived.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    arm: String,
    platform: String,
    replicate: u32,
    days_done: u16,
    complete: bool,
    /// Bits of the metrics' values.
    values: Vec<Option<u64>>,
    /// Time that the run took, where measured.
    pub wall_seconds: Option<f64>,
    /// Its rows, by table.
    pub parts: BTreeMap<String, Part>,
}

impl Entry {
    /// The entry of a run.
    #[must_use]
    pub fn new(run: &RunMetrics, wall_seconds: Option<f64>, parts: BTreeMap<String, Part>) -> Self {
        Self {
            arm: run.key.arm.clone(),
            platform: run.key.platform.clone(),
            replicate: run.key.replicate,
            days_done: run.days_done,
            complete: run.complete,
            values: run.values.iter().map(|value| value.map(f64::to_bits)).collect(),
            wall_seconds,
            parts,
        }
    }

    /// The run's metrics.
    #[must_use]
    pub fn metrics(&self) -> RunMetrics {
        RunMetrics {
            key: RunKey {
                arm: self.arm.clone(),
                platform: self.platform.clone(),
                replicate: self.replicate,
            },
            days_done: self.days_done,
            complete: self.complete,
            values: self.values.iter().map(|bits| bits.map(f64::from_bits)).collect(),
        }
    }
}

/// The journal, held by its writer alone.
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Begins a journal, or goes on with one: what is whole in it, and what is torn cut off.
    ///
    /// # Errors
    /// Where it cannot be written, or another process writes it.
    pub fn open(path: &Path) -> Result<(Self, Vec<Entry>), OutputError> {
        let options =
            File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = options.map_err(writing(path))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let folder = path.parent().and_then(Path::parent).unwrap_or(path);
                return Err(OutputError::Busy { path: folder.to_path_buf() });
            }
            // Where the file system knows no locks, nobody is kept out.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(writing(path))?;
        let (entries, end) = entries(&bytes);
        file.set_len(end as u64)
            .and_then(|()| file.seek(SeekFrom::Start(end as u64)))
            .map_err(writing(path))?;
        Ok((Self { path: path.to_path_buf(), file }, entries))
    }

    /// Enters a run.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn enter(&mut self, entry: &Entry) -> Result<(), OutputError> {
        let json = serde_json::to_string(entry)
            .map_err(|error| OutputError::malformed(&self.path, error))?;
        let line = format!("{} {json}\n", sum(json.as_bytes()));
        self.file.write_all(line.as_bytes()).map_err(writing(&self.path))
    }
}

fn sum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// The whole lines of a journal, and where they end.
fn entries(bytes: &[u8]) -> (Vec<Entry>, usize) {
    let (mut entries, mut end) = (Vec::new(), 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some((digest, json)) =
            line.strip_suffix(b"\n").and_then(|line| line.split_at_checked(16))
        else {
            break;
        };
        let json = json.strip_prefix(b" ").unwrap_or_default();
        match serde_json::from_slice(json) {
            Ok(entry) if sum(json).as_bytes() == digest => entries.push(entry),
            _ => break,
        }
        end += line.len();
    }
    (entries, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(replicate: u32) -> Entry {
        let key = RunKey { arm: "团".to_owned(), platform: "p".to_owned(), replicate };
        let values = vec![Some(0.1 + 0.2), None, Some(-0.0)];
        let run = RunMetrics { key, days_done: 9, complete: true, values };
        let part = Part { start: 3, length: 4, blake3: "ab".to_owned() };
        Entry::new(&run, Some(1.5), BTreeMap::from([("daily".to_owned(), part)]))
    }

    #[test]
    fn whole_lines_come_back_and_torn_ones_are_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, found) = Journal::open(&path).unwrap();
        assert_eq!(found, []);
        (0..3).for_each(|k| journal.enter(&entry(k)).unwrap());
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        let ends: Vec<usize> =
            whole.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(k, _)| k + 1).collect();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (_held, found) = Journal::open(&path).unwrap();
            let expected = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(found, (0..expected as u32).map(entry).collect::<Vec<_>>());
            let left = std::fs::metadata(&path).unwrap().len();
            assert_eq!(left, ends[..expected].last().map_or(0, |end| *end as u64));
        }
        let bits = entry(0).metrics().values[2].map(f64::to_bits);
        assert_eq!(bits, Some((-0.0_f64).to_bits()));
    }

    #[test]
    fn two_do_not_write_one_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (held, _) = Journal::open(&path).unwrap();
        assert!(matches!(Journal::open(&path), Err(OutputError::Busy { .. })));
        drop(held);
        assert!(Journal::open(&path).is_ok());
    }
}
