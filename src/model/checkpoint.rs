//! Checkpoints: the state of one run (arm × replicate) between two days, in a file.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `guanxi` and two bytes that no text has |
//! | 4 | version of the format |
//! | … | the header: results epoch, digest of the scenario, seed, replicate, arm, day |
//! | … | the columns ([`Columns`]), packed with zstd |
//! | 8 | length of the columns before they were packed |
//! | 32 | BLAKE3 of all before |
//!
//! A file is written under another name, brought to the disk and renamed, so that what has
//! the name is whole; the digest at its end tells of what happened to it since.

use crate::columns::{Columns, Fault, State};
use crate::scenario::digest::RESULTS_EPOCH;
use std::fs::File;
use std::io::{BufReader, BufWriter, Error, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first bytes of every checkpoint.
const MAGIC: [u8; 8] = *b"guanxi\x1a\xc5";

/// Version of the format; a change of what is stored, or how, raises it.
pub const VERSION: u32 = 6;

/// How hard zstd tries: the quickest level, for a run waits meanwhile.
const LEVEL: i32 = 1;

/// Bytes behind the columns.
const TAIL: u64 = 8 + 32;

/// Ending of a checkpoint's name.
pub const ENDING: &str = "checkpoint";

/// Whose state a checkpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The epoch of results in which it was made.
    pub epoch: u32,
    /// Digest of the resolved scenario.
    pub scenario: String,
    /// Seed of all draws.
    pub seed: u64,
    /// The replicate, from 0.
    pub replicate: u32,
    /// The arm.
    pub arm: String,
    /// Days done, burn-in included.
    pub day: u16,
}

crate::state! { Header { epoch, scenario, seed, replicate, arm, day } }

impl Header {
    /// The name of the file: arm, replicate and day; an arm's letters that a file system might
    /// not like are told apart by a few digits of a digest.
    #[must_use]
    pub fn file_name(&self) -> String {
        let Self { replicate, arm, day, .. } = self;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let mut stem: String =
            arm.chars().take(40).map(|c| if plain(c) { c } else { '_' }).collect();
        if stem != *arm {
            stem = format!("{stem}~{}", &blake3::hash(arm.as_bytes()).to_hex()[..8]);
        }
        format!("{stem}-r{replicate:03}-day{day:05}.{ENDING}")
    }
}

/// What keeps a checkpoint from being written or used, always with the path.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It could not be written.
    #[error("`{}`: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Error,
    },
    /// It could not be read.
    #[error("`{}` cannot be read: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Error,
    },
    /// It is something else.
    #[error("`{}` is not a checkpoint of guanxi", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It has another format than this version reads.
    #[error("`{}` has format version {found} of checkpoints; this version of guanxi reads version {VERSION}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version it states.
        found: u32,
    },
    /// Its bytes are not those that were written.
    #[error("`{}` is damaged: its bytes do not have the digest that stands at its end (cut short, or changed)", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// It was made by a version whose results are others.
    #[error("`{}` was made in results epoch {found}; this version of guanxi computes in epoch {RESULTS_EPOCH}, and would go on with other results", .path.display())]
    Epoch {
        /// The file.
        path: PathBuf,
        /// The epoch it states.
        found: u32,
    },
    /// It belongs to another run.
    #[error("`{}` belongs to another run: {what}", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What is not the same.
        what: String,
    },
    /// What it holds is not what is expected.
    #[error("`{}` does not fit this version of guanxi: {what}", .path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// The scenario has been changed where the state depends on it.
    #[error("what was built or has acted before day {day} cannot be changed: {}", .names.join(", "))]
    Refused {
        /// Days done.
        day: u16,
        /// Names of what was changed.
        names: Vec<String>,
    },
}

/// A file that is digested on its way.
struct Digested {
    file: BufWriter<File>,
    hasher: blake3::Hasher,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes a checkpoint into a folder, and returns where it is. One of the same run and day
/// is replaced.
///
/// # Errors
/// Where the file cannot be written; nothing is left of it then.
pub fn write(
    folder: &Path,
    header: &Header,
    state: &mut dyn FnMut(&mut Columns<'_>),
) -> Result<PathBuf, CheckpointError> {
    let path = folder.join(header.file_name());
    let new = path.with_extension("new");
    let written = write_file(&new, header, state)
        .and_then(|()| std::fs::rename(&new, &path))
        .and_then(|()| if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) });
    match written {
        Ok(()) => Ok(path),
        Err(source) => {
            // Nothing better can be done where even removing fails.
            let _ = std::fs::remove_file(&new);
            Err(CheckpointError::Write { path, source })
        }
    }
}

fn write_file(
    path: &Path,
    header: &Header,
    state: &mut dyn FnMut(&mut Columns<'_>),
) -> Result<(), Error> {
    let file = BufWriter::with_capacity(1 << 18, File::create(path)?);
    let mut file = Digested { file, hasher: blake3::Hasher::new() };
    file.write_all(&MAGIC)?;
    file.write_all(&VERSION.to_le_bytes())?;
    let mut io = Columns::save(&mut file);
    header.clone().visit(&mut io);
    saved(io.finish())?;
    let mut packed = zstd::Encoder::new(&mut file, LEVEL)?;
    let mut io = Columns::save(&mut packed);
    state(&mut io);
    let n = saved(io.finish())?;
    packed.finish()?;
    file.write_all(&n.to_le_bytes())?;
    let digest = file.hasher.finalize();
    file.write_all(digest.as_bytes())?;
    file.file.flush()?;
    file.file.get_ref().sync_all()
}

/// What went wrong with writing; only the file can.
fn saved(ending: Result<u64, Fault>) -> Result<u64, Error> {
    ending.map_err(|fault| match fault {
        Fault::Io(error) => error,
        Fault::Layout(what) => Error::other(what),
        Fault::Refused(names) => Error::other(names.join(", ")),
    })
}

/// A checkpoint that is whole.
pub struct Checkpoint {
    path: PathBuf,
    header: Header,
    /// Where the columns begin.
    start: u64,
    /// Length of the file.
    end: u64,
}

impl Checkpoint {
    /// Reads the whole file once and checks its digest.
    ///
    /// # Errors
    /// Where it is no checkpoint, of another format or epoch, or damaged.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let owned = || path.to_path_buf();
        let reading = |source| CheckpointError::Read { path: owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(reading)?);
        let end = file.get_ref().metadata().map_err(reading)?.len();
        let mut magic = [0; 12];
        let begun = file.read_exact(&mut magic);
        if begun.is_err() || magic[..8] != MAGIC {
            return Err(CheckpointError::Foreign { path: owned() });
        }
        let found = u32::from_le_bytes([magic[8], magic[9], magic[10], magic[11]]);
        if found != VERSION {
            return Err(CheckpointError::Version { path: owned(), found });
        }
        if !has_its_digest(&mut file, &magic, end).map_err(reading)? {
            return Err(CheckpointError::Damaged { path: owned() });
        }
        file.seek(SeekFrom::Start(12)).map_err(reading)?;
        let (header, start) = read_header(&mut file, end)
            .ok_or_else(|| CheckpointError::Damaged { path: owned() })?;
        if header.epoch != RESULTS_EPOCH {
            return Err(CheckpointError::Epoch { path: owned(), found: header.epoch });
        }
        Ok(Self { path: owned(), header, start, end })
    }

    /// Whose state it is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Refuses a checkpoint of another run.
    ///
    /// # Errors
    /// What is not the same.
    pub fn belongs_to(&self, run: &Header) -> Result<(), CheckpointError> {
        let own = &self.header;
        let what = if own.scenario != run.scenario {
            format!(
                "its scenario has digest {}, not {}",
                short(&own.scenario),
                short(&run.scenario)
            )
        } else if own.seed != run.seed {
            format!("its seed is {}, not {}", own.seed, run.seed)
        } else if (own.replicate, &own.arm) != (run.replicate, &run.arm) {
            let name = |one: &Header| format!("arm `{}`, replicate {}", one.arm, one.replicate);
            format!("it is of {}, not {}", name(own), name(run))
        } else {
            return Ok(());
        };
        Err(CheckpointError::Other { path: self.path.clone(), what })
    }

    /// Brings the state back into a run that was built anew.
    ///
    /// # Errors
    /// Where the file cannot be read, or does not hold what is expected; the run is of no
    /// use then.
    pub fn restore(&self, state: &mut dyn FnMut(&mut Columns<'_>)) -> Result<(), CheckpointError> {
        let path = || self.path.clone();
        let ending = self.columns(state);
        let ending = ending.map_err(|source| CheckpointError::Read { path: path(), source })?;
        match ending {
            Ok(_) => Ok(()),
            Err(Fault::Io(source)) => Err(CheckpointError::Read { path: path(), source }),
            Err(Fault::Layout(what)) => Err(CheckpointError::Layout { path: path(), what }),
            Err(Fault::Refused(mut names)) => {
                names.sort();
                names.dedup();
                Err(CheckpointError::Refused { day: self.header.day, names })
            }
        }
    }

    fn columns(
        &self,
        state: &mut dyn FnMut(&mut Columns<'_>),
    ) -> Result<Result<u64, Fault>, Error> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.end - TAIL))?;
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        file.seek(SeekFrom::Start(self.start))?;
        let mut packed = zstd::Decoder::new(file.take(self.end - TAIL - self.start))?;
        let mut io = Columns::load(&mut packed, u64::from_le_bytes(length));
        state(&mut io);
        Ok(io.finish())
    }
}

/// The first digits of a digest.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Whether the bytes of a file have the digest at its end; `begun` was read already.
fn has_its_digest(file: &mut impl Read, begun: &[u8], end: u64) -> Result<bool, Error> {
    let Some(rest) = end.checked_sub(begun.len() as u64 + 32) else { return Ok(false) };
    let mut hasher = blake3::Hasher::new();
    hasher.update(begun);
    let n = std::io::copy(&mut file.take(rest), &mut hasher)?;
    let mut digest = [0; 32];
    let found = file.read_exact(&mut digest);
    Ok(n == rest && found.is_ok() && *hasher.finalize().as_bytes() == digest)
}

/// The header behind the version, and where the columns begin.
fn read_header(file: &mut (impl Read + Seek), end: u64) -> Option<(Header, u64)> {
    let mut header = Header::blank();
    let mut exact = Vec::new();
    let mut found = file.take(1 << 16);
    found.read_to_end(&mut exact).ok()?;
    let mut bytes = &exact[..];
    let mut io = Columns::load(&mut bytes, exact.len() as u64);
    header.visit(&mut io);
    let is_sound = io.is_sound();
    // As long as it would be if it were written.
    let mut again = Vec::new();
    let mut out = Columns::save(&mut again);
    header.clone().visit(&mut out);
    let length = out.finish().ok()?;
    (is_sound && 12 + length + TAIL <= end).then_some((header, 12 + length))
}

/// The checkpoints of a folder that are whole, and what is wrong with the others; both in the
/// order of their names. What is only begun is in neither.
///
/// # Errors
/// Where the folder cannot be read; one that is not there is empty.
pub fn in_folder(folder: &Path) -> Result<(Vec<Checkpoint>, Vec<CheckpointError>), Error> {
    let (mut whole, mut others) = (Vec::new(), Vec::new());
    let mut paths = Vec::new();
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                paths.push(entry?.path());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    paths.retain(|path| path.extension().is_some_and(|ending| ending == ENDING));
    paths.sort();
    for path in paths {
        match Checkpoint::open(&path) {
            Ok(checkpoint) => whole.push(checkpoint),
            Err(error) => others.push(error),
        }
    }
    Ok((whole, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(arm: &str) -> Header {
        let scenario = "ab".repeat(32);
        Header {
            epoch: RESULTS_EPOCH,
            scenario,
            seed: 7,
            replicate: 2,
            arm: arm.to_owned(),
            day: 9,
        }
    }

    fn written(folder: &Path) -> PathBuf {
        let mut state = (0..50_000_u64).collect::<Vec<_>>();
        write(folder, &header("viral"), &mut |io| state.visit(io)).unwrap()
    }

    #[test]
    fn a_state_comes_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        assert!(path.ends_with("viral-r002-day00009.checkpoint"));
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(*checkpoint.header(), header("viral"));
        let mut state: Vec<u64> = Vec::new();
        checkpoint.restore(&mut |io| state.visit(io)).unwrap();
        assert_eq!(state, (0..50_000).collect::<Vec<_>>());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn torn_altered_foreign_and_newer_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path());
        let bytes = std::fs::read(&path).unwrap();
        let check = |bytes: &[u8], expected: &str| {
            std::fs::write(&path, bytes).unwrap();
            let Err(error) = Checkpoint::open(&path) else { panic!("taken for whole") };
            let error = error.to_string();
            assert!(error.contains(expected) && error.contains("day00009"), "{error}");
        };
        for cut in (12..bytes.len()).step_by(bytes.len() / 60) {
            check(&bytes[..cut], "is damaged");
        }
        for place in (12..bytes.len()).step_by(bytes.len() / 60) {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            check(&altered, "is damaged");
        }
        check(&bytes[..11], "is not a checkpoint");
        check(b"", "is not a checkpoint");
        check(b"day,orders_count\n1,2\n", "is not a checkpoint");
        check(&[&bytes[..], b"more"].concat(), "is damaged");
        let mut newer = bytes.clone();
        newer[8] = VERSION as u8 + 1;
        check(&newer, &format!("has format version {} of checkpoints", VERSION + 1));
        std::fs::write(&path, &bytes).unwrap();
        assert!(Checkpoint::open(&path).is_ok());
    }

    #[test]
    fn a_checkpoint_of_another_run_or_epoch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::open(&written(folder.path())).unwrap();
        assert!(checkpoint.belongs_to(&header("viral")).is_ok());
        let cases = [
            (Header { scenario: "cd".repeat(32), ..header("viral") }, "digest abababababab"),
            (Header { seed: 8, ..header("viral") }, "its seed is 7, not 8"),
            (header("kol"), "it is of arm `viral`, replicate 2, not arm `kol`, replicate 2"),
        ];
        for (run, expected) in cases {
            let error = checkpoint.belongs_to(&run).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        let later = Header { epoch: RESULTS_EPOCH + 1, ..header("viral") };
        let path = write(folder.path(), &later, &mut |_| ()).unwrap();
        let error = Checkpoint::open(&path).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.contains("results epoch")));
    }

    #[test]
    fn names_of_arms_make_names_of_files() {
        let name = |arm| header(arm).file_name();
        assert_eq!(name("a b"), name("a b"));
        assert_ne!(name("a b"), name("a_b"));
        assert_ne!(name("a b"), name("a:b"));
        assert!(name(&"团".repeat(80)).len() < 100);
    }

    #[test]
    fn columns_that_belong_to_something_else_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::open(&written(folder.path())).unwrap();
        let mut fewer = 0_u64;
        let error = checkpoint.restore(&mut |io| fewer.visit(io)).unwrap_err().to_string();
        assert!(error.contains("does not fit this version"), "{error}");
        let refused = checkpoint.restore(&mut |io| {
            let mut all: Vec<u64> = Vec::new();
            all.visit(io);
            io.refuse("start.trust");
        });
        let error = refused.unwrap_err().to_string();
        assert_eq!(
            error,
            "what was built or has acted before day 9 cannot be changed: start.trust"
        );
    }
}
