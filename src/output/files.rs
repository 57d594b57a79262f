//! Files that are digested while they are written and reach the disk when closed.

use crate::output::error::{OutputError, reading, writing};
use std::fs::File;
use std::io::{BufWriter, Result as IoResult, Write};
use std::path::{Path, PathBuf};

/// What the manifest says of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digest {
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the bytes, hexadecimal.
    pub blake3: String,
}

/// A new file that is digested on its way.
pub struct DigestedFile {
    path: PathBuf,
    file: BufWriter<File>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl DigestedFile {
    /// A new, empty file.
    ///
    /// # Errors
    /// Where it cannot be created or is there already.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let file = File::create_new(path).map_err(writing(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            file: BufWriter::new(file),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    /// Brings the file to the disk and returns its digest.
    ///
    /// # Errors
    /// Where the disk does not take it.
    pub fn seal(mut self) -> Result<Digest, OutputError> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(writing(&self.path))?;
        Ok(Digest { bytes: self.bytes, blake3: self.hasher.finalize().to_hex().to_string() })
    }
}

impl Write for DigestedFile {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> IoResult<()> {
        self.file.flush()
    }
}

/// Writes a new file of these bytes to the disk.
///
/// # Errors
/// Where it cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<Digest, OutputError> {
    let mut file = DigestedFile::create(path)?;
    file.write_all(bytes).map_err(writing(path))?;
    file.seal()
}

/// Replaces a file whole: a reader finds the old bytes or the new ones.
///
/// # Errors
/// Where it cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<Digest, OutputError> {
    let new = path.with_extension("new");
    let digest = write_new(&new, bytes)?;
    std::fs::rename(&new, path).map_err(writing(path))?;
    Ok(digest)
}

/// The digest of a file as it stands on the disk.
///
/// # Errors
/// Where it cannot be read.
pub fn digest_of(path: &Path) -> Result<Digest, OutputError> {
    let file = File::open(path).map_err(reading(path))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).map_err(reading(path))?;
    Ok(Digest { bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
}

/// Brings a folder's list of names to the disk, where the system knows how.
///
/// # Errors
/// Where the disk does not take it.
pub fn sync_folder(path: &Path) -> Result<(), OutputError> {
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(writing(path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_on_the_way_is_the_digest_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let digest = write_new(&path, b"day,gmv\n1,2\n").unwrap();
        assert_eq!(digest, digest_of(&path).unwrap());
        assert_eq!(digest.bytes, 12);
        assert_ne!(digest, replace(&path, b"other").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"other");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_named_as_such() {
        // Every write to this device fails as on a full disk.
        let path = Path::new("/dev/full");
        let Ok(file) = File::options().write(true).open(path) else {
            return;
        };
        let mut full = DigestedFile {
            path: path.to_path_buf(),
            file: BufWriter::new(file),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        };
        full.write_all(b"rows").unwrap();
        let error = full.seal().unwrap_err();
        assert!(matches!(error, OutputError::DiskFull { .. }), "{error}");
    }
}
