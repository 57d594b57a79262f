//! The tables in other forms beside CSV: Parquet, and CSV that Excel reads as it is.
//!
//! CSV is always there, since everything that reads a run folder reads it. Other forms are
//! made from the CSV of the same table and so cannot say anything else: Parquet beside it,
//! copies for Excel in the folder [`EXCEL`].

use crate::output::declared::Table;
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{Digest, DigestedFile};
use rayon::prelude::*;
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

/// Where tables lie, and their other forms are written.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// The folder of the CSV files.
    pub csv: &'a Path,
    /// The folder of the Parquet files.
    pub parquet: &'a Path,
    /// The folder of the copies for Excel, which is made.
    pub excel: &'a Path,
}

/// Writes tables in other forms, side by side, and returns the new files, called as in a
/// finished folder, with their digests.
///
/// # Errors
/// Where a table cannot be read or a file not be written.
///
/// # Panics
/// Where Parquet is asked of a build without it, see [`HAS_PARQUET`].
pub fn write(
    tables: &[Table],
    places: Places<'_>,
    forms: Forms,
) -> Result<Vec<(String, Digest)>, OutputError> {
    assert!(HAS_PARQUET || !forms.parquet, "Parquet is asked of builds that have it");
    if forms.excel {
        std::fs::create_dir(places.excel).map_err(writing(places.excel))?;
    }
    let written = tables.par_iter().map(|table| write_one(*table, places, forms));
    written.collect::<Result<Vec<_>, _>>().map(|files| files.concat())
}

fn write_one(
    table: Table,
    places: Places<'_>,
    forms: Forms,
) -> Result<Vec<(String, Digest)>, OutputError> {
    let mut files = Vec::new();
    let name = format!("{}.csv", table.schema.name);
    let csv = places.csv.join(&name);
    #[cfg(feature = "parquet")]
    if forms.parquet {
        let name = format!("{}.parquet", table.schema.name);
        let digest = crate::output::parquet::from_csv(table, &csv, &places.parquet.join(&name))?;
        files.push((format!("tables/{name}"), digest));
    }
    if forms.excel {
        let digest = for_excel(&csv, &places.excel.join(&name))?;
        files.push((format!("{EXCEL}/{name}"), digest));
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
