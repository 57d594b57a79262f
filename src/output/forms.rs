//! The tables in other forms beside CSV: Parquet, and CSV that Excel reads as it is.
//!
//! CSV is always there, since everything that reads a run folder reads it. Other forms are
//! made from the CSV of the same table and so cannot say anything else: Parquet beside it,
//! copies for Excel in the folder [`EXCEL`].

use crate::output::declared::{Declared, PLAN};
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{Digest, DigestedFile};
use std::fs::File;
use std::io::{Write, copy};
use std::path::Path;

/// The forms beside CSV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    /// Every table as Parquet too.
    pub parquet: bool,
    /// Every table for Excel too.
    pub excel: bool,
}

/// The folder of the copies for Excel.
pub const EXCEL: &str = "excel";

/// The mark by which Excel knows UTF-8, without which it shows Chinese as gibberish.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether this build can write Parquet.
pub const HAS_PARQUET: bool = cfg!(feature = "parquet");

/// Writes the tables of a folder in other forms and returns the new files with their digests.
///
/// # Errors
/// Where a table cannot be read or a file not be written.
///
/// # Panics
/// Where Parquet is asked of a build without it, see [`HAS_PARQUET`].
pub fn write(
    folder: &Path,
    declared: &Declared,
    forms: Forms,
) -> Result<Vec<(String, Digest)>, OutputError> {
    assert!(HAS_PARQUET || !forms.parquet, "Parquet is asked of builds that have it");
    let mut files = Vec::new();
    if forms.excel {
        let excel = folder.join(EXCEL);
        std::fs::create_dir(&excel).map_err(writing(&excel))?;
    }
    for table in declared.all().into_iter().filter(|table| table.schema.name != PLAN.name) {
        let name = table.schema.name;
        let csv = folder.join(format!("tables/{name}.csv"));
        #[cfg(feature = "parquet")]
        if forms.parquet {
            let file = format!("tables/{name}.parquet");
            let digest = crate::output::parquet::from_csv(table, &csv, &folder.join(&file))?;
            files.push((file, digest));
        }
        if forms.excel {
            let file = format!("{EXCEL}/{name}.csv");
            let digest = for_excel(&csv, &folder.join(&file))?;
            files.push((file, digest));
        }
    }
    Ok(files)
}

/// Copies a table with the mark in front.
fn for_excel(csv: &Path, path: &Path) -> Result<Digest, OutputError> {
    let mut from = File::open(csv).map_err(reading(csv))?;
    let mut to = DigestedFile::create(path)?;
    to.write_all(BYTE_ORDER_MARK).map_err(writing(path))?;
    copy(&mut from, &mut to).map_err(writing(path))?;
    to.seal()
}
