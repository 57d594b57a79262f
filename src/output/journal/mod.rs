//! Journals: files that only grow at their end, each written by one process.
//!
//! A record is there whole or not at all: whoever opens a journal keeps the records that
//! agree with their digests and cuts off what a killed process left behind them. Runs of a run
//! folder ([`runs`]) and pieces of a sweep ([`pieces`]) have records of their own kind.

pub mod pieces;
pub mod runs;

use crate::output::error::{OutputError, reading, writing};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The file of a journal, held by its writer alone.
struct Held {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Held {
    /// Takes hold of a file, which is made where it is missing and nothing of which counts yet;
    /// who is refused is told that `folder` is being written.
    fn take(path: &Path, folder: &Path) -> Result<Self, OutputError> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(writing(path))?;
        // A file system without locks leaves it to the user not to start twice.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(OutputError::Busy { path: folder.to_path_buf() });
        }
        Ok(Self { path: path.to_path_buf(), file, end: 0 })
    }

    /// All that is in the file.
    fn bytes(&mut self) -> Result<Vec<u8>, OutputError> {
        let mut bytes = Vec::new();
        let read =
            self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.read_to_end(&mut bytes));
        read.map_err(reading(&self.path))?;
        Ok(bytes)
    }

    /// Goes on from here; what lies behind is cut off.
    fn cut(&mut self, end: u64) -> Result<(), OutputError> {
        self.end = end;
        self.file.set_len(end).map_err(writing(&self.path))
    }

    /// Appends a record and says where it begins. Where that fails the file is as it was before.
    fn append(&mut self, bytes: &[u8]) -> Result<u64, OutputError> {
        // What is written to a removed file would be lost without a word.
        std::fs::symlink_metadata(&self.path).map_err(writing(&self.path))?;
        let start = self.end;
        let sought = self.file.seek(SeekFrom::Start(start));
        if let Err(error) = sought.and_then(|_| self.file.write_all(bytes)) {
            return Err(self.back(start, error));
        }
        self.end += bytes.len() as u64;
        Ok(start)
    }

    /// [`Held::append`], and brings the record to the disk.
    fn append_synced(&mut self, bytes: &[u8]) -> Result<u64, OutputError> {
        let start = self.append(bytes)?;
        self.file.sync_data().map_err(|error| self.back(start, error))?;
        Ok(start)
    }

    /// Takes back what was not written whole.
    fn back(&mut self, start: u64, error: std::io::Error) -> OutputError {
        self.end = start;
        // Where even this fails, the next one who opens the journal cuts it.
        let _ = self.file.set_len(start);
        OutputError::writing(&self.path, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_by_one_and_grows_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut held = Held::take(&path, folder.path()).unwrap();
        let busy = Held::take(&path, folder.path()).map(drop).unwrap_err();
        assert!(matches!(busy, OutputError::Busy { path } if path == folder.path()));
        assert_eq!([held.append(b"one").unwrap(), held.append_synced(b"two").unwrap()], [0, 3]);
        held.cut(3).unwrap();
        assert_eq!(held.append(b"three").unwrap(), 3);
        assert_eq!(held.bytes().unwrap(), b"onethree");
        std::fs::remove_file(&path).unwrap();
        let error = held.append(b"four").unwrap_err().to_string();
        assert!(error.contains("journal"), "{error}");
    }
}
