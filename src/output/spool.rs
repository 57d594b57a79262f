//! One table while runs arrive: appended in any order, assembled in order.
//!
//! Each run's rows are encoded and appended to one file of the temporary folder;
//! only where they lie is kept in memory, so memory does not grow with rows.

use crate::output::csv;
use crate::output::declared::{Keys, RunKey};
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{Digest, DigestedFile};
use crate::output::journal::Part;
use crate::table::{Cell, Rows, Schema};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write, copy};
use std::path::{Path, PathBuf};

/// A table that is being collected.
pub struct Spool {
    schema: &'static Schema,
    path: PathBuf,
    file: File,
    end: u64,
    /// Where each run's rows lie.
    parts: BTreeMap<RunKey, Part>,
}

impl Spool {
    /// An empty table, collected in `folder`.
    ///
    /// # Errors
    /// Where its file cannot be created.
    pub fn create(folder: &Path, schema: &'static Schema) -> Result<Self, OutputError> {
        let path = folder.join(format!("{}.part", schema.name));
        let file = File::create_new(&path).map_err(writing(&path))?;
        Ok(Self { schema, path, file, end: 0, parts: BTreeMap::new() })
    }

    /// A table of which some was collected already: what is there of the runs in `parts`, if
    /// it is what was written. What lies behind them is cut off.
    ///
    /// # Errors
    /// Where its file cannot be read or written.
    pub fn reopen(
        folder: &Path,
        schema: &'static Schema,
        known: BTreeMap<RunKey, Part>,
    ) -> Result<(Self, Vec<RunKey>), OutputError> {
        let path = folder.join(format!("{}.part", schema.name));
        let options =
            File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(writing(&path))?;
        let (mut parts, mut lost) = (BTreeMap::new(), Vec::new());
        for (run, part) in known {
            file.seek(SeekFrom::Start(part.start)).map_err(reading(&path))?;
            let mut hasher = blake3::Hasher::new();
            copy(&mut (&file).take(part.length), &mut hasher).map_err(reading(&path))?;
            let same = hasher.finalize().to_hex().as_str() == part.blake3;
            if same {
                parts.insert(run, part);
            } else {
                lost.push(run);
            }
        }
        let end = parts.values().map(|part| part.start + part.length).max().unwrap_or(0);
        file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end))).map_err(writing(&path))?;
        Ok((Self { schema, path, file, end, parts }, lost))
    }

    /// Forgets a run's rows.
    pub fn forget(&mut self, run: &RunKey) {
        self.parts.remove(run);
    }

    /// The table that is collected.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Adds a run's rows behind its key cells, and tells where they lie.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn append(
        &mut self,
        run: &RunKey,
        keys: &[Cell],
        rows: &Rows,
    ) -> Result<Part, OutputError> {
        let mut bytes = Vec::new();
        csv::write_rows(&mut bytes, keys, rows).map_err(writing(&self.path))?;
        self.file.write_all(&bytes).map_err(writing(&self.path))?;
        let blake3 = blake3::hash(&bytes).to_hex().to_string();
        let part = Part { start: self.end, length: bytes.len() as u64, blake3 };
        self.parts.insert(run.clone(), part.clone());
        self.end += part.length;
        Ok(part)
    }

    /// Writes the table in the order of the runs' keys; what was collected stays.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn assemble(self, path: &Path) -> Result<Digest, OutputError> {
        let mut out = DigestedFile::create(path)?;
        csv::write_header(&mut out, Keys::Run.columns(), self.schema.columns)
            .map_err(writing(path))?;
        let mut parts = BufReader::new(File::open(&self.path).map_err(reading(&self.path))?);
        for &Part { start, length, .. } in self.parts.values() {
            parts.seek(SeekFrom::Start(start)).map_err(reading(&self.path))?;
            let copied = copy(&mut parts.by_ref().take(length), &mut out).map_err(writing(path))?;
            if copied != length {
                return Err(OutputError::malformed(&self.path, "it was cut short meanwhile"));
            }
        }
        out.seal()
    }
}
