//! The journal of a sweep: finished pieces, appended one after the other.
//!
//! A record is there whole or not at all. Its head holds length and digest of what follows,
//! and a digest of itself; whoever opens the journal reads record after record and cuts off
//! what a killed process left at the end. A record whose bytes were damaged later is passed
//! over: its piece counts as missing.

use crate::output::error::{OutputError, reading, writing};
use crate::output::files::sync_folder;
use crate::scenario::design::Piece;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Name of the journal's file.
pub const FILE: &str = "runs.journal";

/// How a record begins.
const MAGIC: &[u8; 8] = b"gxpiece1";
/// Length of a record's head: magic, length, digest of the rest, digest of the head.
const HEAD: usize = 8 + 8 + 32 + 8;

/// What is known of a piece, before the rows of its tables.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Record {
    /// What the piece is.
    pub identity: String,
    /// The point.
    pub point: u32,
    /// The replicate.
    pub replicate: u32,
    /// Why it failed; none where it is complete.
    pub failed: Option<String>,
    /// Seconds that it took.
    pub seconds: f64,
    /// Its runs; none where it failed.
    pub runs: Vec<RunPart>,
}

/// One run of a piece.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct RunPart {
    /// The arm.
    pub arm: String,
    /// The platform.
    pub platform: String,
    /// Reported days.
    pub days_done: u16,
    /// Seconds that it took.
    pub seconds: f64,
    /// The bits of one value a metric; none where undefined.
    pub metrics: Vec<Option<u64>>,
    /// Bytes of rows a table, in the order of the declaration.
    pub tables: Vec<u64>,
}

/// A record that was found whole.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it says.
    pub record: Record,
    /// Where the rows begin.
    pub rows: u64,
    /// Where the record ends.
    pub end: u64,
}

impl Entry {
    /// The piece.
    #[must_use]
    pub fn piece(&self) -> Piece {
        Piece { point: self.record.point, replicate: self.record.replicate }
    }
}

/// What a journal holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The records, in the order in which they came.
    pub entries: Vec<Entry>,
    /// Records whose bytes were damaged after they were written.
    pub damaged: usize,
    /// Where the last record ends.
    pub end: u64,
}

/// A journal that is being written.
pub struct Journal {
    path: PathBuf,
    file: File,
    end: u64,
}

/// What a journal of a plan begins with.
fn title(plan: &str) -> Vec<u8> {
    format!("guanxi-journal 1 {plan}\n").into_bytes()
}

impl Journal {
    /// Takes hold of the journal in a folder, which is made where it is missing.
    ///
    /// # Errors
    /// Where another process has hold of it, or it cannot be written.
    pub fn take(folder: &Path) -> Result<Self, OutputError> {
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(writing(&path))?;
        // A file system without locks leaves it to the user not to start twice.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(OutputError::Busy { path: folder.to_path_buf() });
        }
        Ok(Self { path, file, end: 0 })
    }

    /// Begins it anew for a plan.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn begin(&mut self, plan: &str) -> Result<(), OutputError> {
        let title = title(plan);
        self.file.set_len(0).map_err(writing(&self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(writing(&self.path))?;
        self.file.write_all(&title).map_err(writing(&self.path))?;
        self.file.sync_all().map_err(writing(&self.path))?;
        self.end = title.len() as u64;
        sync_folder(self.path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads it, and cuts off what was not finished.
    ///
    /// # Errors
    /// Where it is another plan's, or cannot be read or written.
    pub fn resume(&mut self, plan: &str) -> Result<Contents, OutputError> {
        let found = read(&self.path, plan)?;
        self.end = found.end;
        self.file.set_len(found.end).map_err(writing(&self.path))?;
        Ok(found)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a record with its rows. Where that fails the journal is as it was before.
    ///
    /// # Errors
    /// Where it cannot be written, or is no longer there.
    pub fn append(&mut self, record: &Record, rows: &[u8]) -> Result<Entry, OutputError> {
        let (bytes, body) =
            encoded(record, rows).map_err(|error| OutputError::malformed(&self.path, error))?;
        // What is written to a removed file would be lost without a word.
        std::fs::symlink_metadata(&self.path).map_err(writing(&self.path))?;
        let start = self.end;
        let written = self.file.seek(SeekFrom::Start(start)).and_then(|_| {
            self.file.write_all(&bytes)?;
            self.file.sync_data()
        });
        if let Err(error) = written {
            // Where even this fails, the next one who opens the journal cuts it.
            let _ = self.file.set_len(start);
            return Err(OutputError::writing(&self.path, error));
        }
        self.end += bytes.len() as u64;
        Ok(Entry { record: record.clone(), rows: start + body as u64, end: self.end })
    }
}

/// A record as bytes, and where its rows begin in them.
fn encoded(record: &Record, rows: &[u8]) -> serde_json::Result<(Vec<u8>, usize)> {
    let json = serde_json::to_vec(record)?;
    let mut bytes = vec![0; HEAD];
    bytes.extend((json.len() as u32).to_le_bytes());
    bytes.extend(json);
    let body = bytes.len();
    bytes.extend(rows);
    let digest = blake3::hash(&bytes[HEAD..]);
    bytes[..8].copy_from_slice(MAGIC);
    let length = (bytes.len() - HEAD) as u64;
    bytes[8..16].copy_from_slice(&length.to_le_bytes());
    bytes[16..48].copy_from_slice(digest.as_bytes());
    let own = blake3::hash(&bytes[..48]);
    bytes[48..HEAD].copy_from_slice(&own.as_bytes()[..8]);
    Ok((bytes, body))
}

/// Reads a journal without changing it.
///
/// # Errors
/// Where it is another plan's, or cannot be read.
pub fn read(path: &Path, plan: &str) -> Result<Contents, OutputError> {
    let file = File::open(path).map_err(reading(path))?;
    let length = file.metadata().map_err(reading(path))?.len();
    let mut reader = BufReader::new(file);
    let title = title(plan);
    let mut found = vec![0; title.len()];
    match reader.read_exact(&mut found) {
        Ok(()) if found == title => {}
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => {
            return Err(OutputError::reading(path, error));
        }
        _ => return Err(OutputError::malformed(path, "it is not the journal of this sweep")),
    }
    let mut contents = Contents { end: title.len() as u64, ..Contents::default() };
    loop {
        let start = contents.end;
        match next(&mut reader, start, length).map_err(reading(path))? {
            Next::Whole(entry) => {
                contents.end = entry.end;
                contents.entries.push(*entry);
            }
            // The last record may be damaged because it was not finished.
            Next::Damaged(end) if end < length => {
                contents.end = end;
                contents.damaged += 1;
            }
            Next::Damaged(_) | Next::None => return Ok(contents),
        }
    }
}

enum Next {
    Whole(Box<Entry>),
    /// The bytes up to here are not what was written.
    Damaged(u64),
    /// The end, or what is no record.
    None,
}

fn next(reader: &mut impl Read, start: u64, length: u64) -> std::io::Result<Next> {
    let mut head = [0; HEAD];
    if start + HEAD as u64 > length {
        return Ok(Next::None);
    }
    reader.read_exact(&mut head)?;
    let number = |range: std::ops::Range<usize>| {
        head[range].iter().rev().fold(0_u64, |all, &byte| all << 8 | u64::from(byte))
    };
    let own = blake3::hash(&head[..48]);
    let size = number(8..16);
    let room = length - start - HEAD as u64;
    if head[..8] != MAGIC[..] || head[48..] != own.as_bytes()[..8] || size < 4 || size > room {
        return Ok(Next::None);
    }
    let mut payload = vec![0; size as usize];
    reader.read_exact(&mut payload)?;
    let end = start + HEAD as u64 + size;
    if blake3::hash(&payload).as_bytes()[..] != head[16..48] {
        return Ok(Next::Damaged(end));
    }
    let json = payload[..4].iter().rev().fold(0_usize, |all, &byte| all << 8 | usize::from(byte));
    let record = payload.get(4..4 + json).and_then(|text| serde_json::from_slice(text).ok());
    let rows = start + (HEAD + 4 + json) as u64;
    Ok(record
        .map_or(Next::Damaged(end), |record| Next::Whole(Box::new(Entry { record, rows, end }))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(point: u32) -> Record {
        let part = RunPart {
            arm: "viral".to_owned(),
            platform: "viral".to_owned(),
            days_done: 3,
            seconds: 0.5,
            metrics: vec![Some(0.1_f64.to_bits()), None],
            tables: vec![5],
        };
        let identity = format!("id{point}");
        Record { identity, point, replicate: 0, failed: None, seconds: 1.0, runs: vec![part] }
    }

    fn written(folder: &Path, n: u32) -> Vec<u8> {
        let mut journal = Journal::take(folder).unwrap();
        journal.begin("plan").unwrap();
        for point in 0..n {
            journal.append(&record(point), format!("rows{point}").as_bytes()).unwrap();
        }
        std::fs::read(folder.join(FILE)).unwrap()
    }

    fn points(contents: &Contents) -> Vec<u32> {
        contents.entries.iter().map(|entry| entry.record.point).collect()
    }

    /// Whatever length a killed process left: the records that fit are found, no other.
    #[test]
    fn a_journal_cut_anywhere_holds_its_whole_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let bytes = written(folder.path(), 3);
        let whole = read(&path, "plan").unwrap();
        assert_eq!(points(&whole), [0, 1, 2]);
        let ends: Vec<u64> = whole.entries.iter().map(|entry| entry.end).collect();
        for length in title("plan").len()..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let fit = ends.iter().filter(|&&end| end <= length as u64).count();
            assert_eq!(read(&path, "plan").unwrap().entries.len(), fit, "{length} bytes");
        }
        // What comes after is appended behind the whole records.
        let mut journal = Journal::take(folder.path()).unwrap();
        assert_eq!(points(&journal.resume("plan").unwrap()), [0, 1]);
        journal.append(&record(2), b"rows2").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    /// Whatever byte is changed: no other record is lost, and none is taken for another.
    #[test]
    fn a_damaged_record_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let bytes = written(folder.path(), 3);
        let ends: Vec<u64> =
            read(&path, "plan").unwrap().entries.iter().map(|entry| entry.end).collect();
        for at in (ends[0] as usize + HEAD..ends[1] as usize).step_by(7) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            std::fs::write(&path, &damaged).unwrap();
            let found = read(&path, "plan").unwrap();
            assert_eq!((points(&found), found.damaged), (vec![0, 2], 1), "byte {at}");
        }
    }

    #[test]
    fn a_journal_belongs_to_one_plan_and_one_process() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), 1);
        assert!(read(&folder.path().join(FILE), "another").is_err());
        let _held = Journal::take(folder.path()).unwrap();
        assert!(matches!(Journal::take(folder.path()), Err(OutputError::Busy { .. })));
    }

    #[test]
    fn a_removed_journal_takes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::take(folder.path()).unwrap();
        journal.begin("plan").unwrap();
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
        let error = journal.append(&record(0), b"").unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
    }
}
