//! What keeps a run folder from being written or read, always with the path.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// A failure to write or read a run folder.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The folder is there and was not to be replaced.
    #[error("`{}` already exists; choose another with --output, or replace it with --force", .path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is there and is not the whole run that is asked for.
    #[error("`{}` is there and not complete, or was written by another version; move it away", .path.display())]
    InTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// What was to be replaced is not a run folder; it may be somebody's work.
    #[error("`{}` is not a run folder, so it is not replaced", .path.display())]
    NotARunFolder {
        /// The folder or file.
        path: PathBuf,
    },
    /// What is there is no sweep, so that nothing of a sweep is written into it.
    #[error("`{}` holds something else than a sweep; choose another folder with --output", .path.display())]
    NotASweep {
        /// The folder or file.
        path: PathBuf,
    },
    /// The sweep that is there has other points, values or shards.
    #[error(
        "`{}` holds another sweep ({held}); choose another folder with --output, or replace it with --force",
        .path.display()
    )]
    OtherSweep {
        /// The folder.
        path: PathBuf,
        /// Which one.
        held: String,
    },
    /// Another process writes there.
    #[error("`{}` is still being written by another process", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The path ends in no name (`/`, `..`).
    #[error("`{}` does not name a folder", .path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// No right to write there, or something else than a folder is in the way.
    #[error("`{}` cannot be written: {source}", .path.display())]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: Error,
    },
    /// No room left.
    #[error("the disk is full (while writing `{}`)", .path.display())]
    DiskFull {
        /// The file that had no room.
        path: PathBuf,
    },
    /// A limit on the size of files, such as that of `ulimit -f`.
    #[error("`{}` has reached the largest size that a file may have here (see `ulimit -f`)", .path.display())]
    TooLarge {
        /// The file that may not grow.
        path: PathBuf,
    },
    /// Any other failure of the file system.
    #[error("`{}`: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: Error,
    },
    /// Two planned runs would be called the same.
    #[error("two runs would both be called `{run_id}`; rename an arm or a platform")]
    DuplicateRun {
        /// The name.
        run_id: String,
    },
    /// The folder was written by an engine with another format.
    #[error("`{}` has format version {found}; this engine reads version {known}", .path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// The version it states.
        found: String,
        /// The version that can be read.
        known: u32,
    },
    /// A file of the folder does not read as what it should be.
    #[error("`{}` cannot be read: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl OutputError {
    /// The error of writing `path`, by what the system says.
    #[must_use]
    pub fn writing(path: &Path, source: Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull { path },
            ErrorKind::FileTooLarge => Self::TooLarge { path },
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists => Self::NotWritable { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// The error of reading `path`.
    #[must_use]
    pub fn reading(path: &Path, source: Error) -> Self {
        Self::Io { path: path.to_path_buf(), source }
    }

    /// The error of a file that reads as something else.
    #[must_use]
    pub fn malformed(path: &Path, why: impl ToString) -> Self {
        Self::Malformed { path: path.to_path_buf(), why: why.to_string() }
    }
}

/// Turns a failure of the system while writing `path` into an [`OutputError`].
pub(crate) fn writing(path: &Path) -> impl FnOnce(Error) -> OutputError + '_ {
    move |source| OutputError::writing(path, source)
}

/// Turns a failure of the system while reading `path` into an [`OutputError`].
pub(crate) fn reading(path: &Path) -> impl FnOnce(Error) -> OutputError + '_ {
    move |source| OutputError::reading(path, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ErrorKind, expected: &str) {
        let error = OutputError::writing(Path::new("out/daily.csv"), Error::from(kind));
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(error.to_string().contains("out/daily.csv"), "{error}");
    }

    #[test]
    fn failures_of_the_system_name_the_path_and_the_cause() {
        check(ErrorKind::StorageFull, "the disk is full");
        check(ErrorKind::QuotaExceeded, "the disk is full");
        check(ErrorKind::FileTooLarge, "`out/daily.csv` has reached the largest size");
        check(ErrorKind::PermissionDenied, "`out/daily.csv` cannot be written");
        check(ErrorKind::ReadOnlyFilesystem, "`out/daily.csv` cannot be written");
        check(ErrorKind::Other, "`out/daily.csv`: ");
    }
}
