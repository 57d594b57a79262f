//! One table while runs arrive: appended in any order, assembled in order.
//!
//! Each run's rows are encoded and appended to one file of the temporary folder;
//! only where they lie is kept in memory, so memory does not grow with rows.

use crate::output::csv;
use crate::output::declared::{Keys, RunKey};
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{Digest, DigestedFile};
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
    /// (start, length) of each run's rows.
    parts: BTreeMap<RunKey, (u64, u64)>,
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

    /// The table that is collected.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// Adds a run's rows behind its key cells.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn append(&mut self, run: &RunKey, keys: &[Cell], rows: &Rows) -> Result<(), OutputError> {
        let mut bytes = Vec::new();
        csv::write_rows(&mut bytes, keys, rows).map_err(writing(&self.path))?;
        self.file.write_all(&bytes).map_err(writing(&self.path))?;
        self.parts.insert(run.clone(), (self.end, bytes.len() as u64));
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Writes the table in the order of the runs' keys and removes what was collected.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn assemble(self, path: &Path) -> Result<Digest, OutputError> {
        let mut out = DigestedFile::create(path)?;
        csv::write_header(&mut out, Keys::Run.columns(), self.schema.columns)
            .map_err(writing(path))?;
        let mut parts = BufReader::new(File::open(&self.path).map_err(reading(&self.path))?);
        for &(start, length) in self.parts.values() {
            parts.seek(SeekFrom::Start(start)).map_err(reading(&self.path))?;
            let copied = copy(&mut parts.by_ref().take(length), &mut out).map_err(writing(path))?;
            if copied != length {
                return Err(OutputError::malformed(&self.path, "it was cut short meanwhile"));
            }
        }
        let digest = out.seal()?;
        drop((self.file, parts));
        std::fs::remove_file(&self.path).map_err(writing(&self.path))?;
        Ok(digest)
    }
}
