//! Tidy CSV: one value a cell, UTF-8, line feeds, a header with snake-case names.
//!
//! - A missing value is an empty cell; NaN and infinities are missing.
//! - Numbers are the shortest decimal digits that read back as the same 64 bits,
//!   never with an exponent (10²¹ is written in full), never `-0`.
//! - Spreadsheets take a text that begins with `=`, `+`, `-`, `@`, a tab or a
//!   line end for a formula. Such texts get an apostrophe in front; texts that
//!   already begin with apostrophes before such a sign get one more, so that
//!   [`unguarded`] finds back every text exactly. Numbers are not guarded.

use crate::table::{Cell, CellKind, Column, Rows};
use std::borrow::Cow;
use std::io::{Error, Result, Write};

/// What a spreadsheet may take for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Whether a text needs the guard: a formula's sign, perhaps behind apostrophes.
fn risky(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// The text as it is written: with an apostrophe in front where it could be a formula.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if risky(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// The text as it was before [`guarded`].
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if risky(rest) => rest,
        _ => text,
    }
}

/// A cell as it is written.
#[must_use]
pub fn written(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Missing => Cow::Borrowed(""),
        Cell::Text(text) => guarded(text),
        Cell::Integer(n) => Cow::Owned(n.to_string()),
        Cell::Number(x) if !x.is_finite() => Cow::Borrowed(""),
        // Adding 0 turns -0 into 0 and changes nothing else.
        Cell::Number(x) => Cow::Owned((x + 0.0).to_string()),
    }
}

/// Whether a cell may stand in a column; a whole number may stand for a number.
fn fits(cell: &Cell, kind: CellKind) -> bool {
    match cell {
        Cell::Missing => true,
        Cell::Text(_) => kind == CellKind::Text,
        Cell::Integer(_) => kind != CellKind::Text,
        Cell::Number(_) => kind == CellKind::Number,
    }
}

fn writer<W: Write>(out: W) -> csv::Writer<W> {
    csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out)
}

/// The system's own error, which its wrapping hides: a full disk is to be known as one.
fn told(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => Error::other(format!("{other:?}")),
    }
}

/// Writes the header: the keys, then the schema's columns.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_header(out: impl Write, keys: &[Column], columns: &[Column]) -> Result<()> {
    let mut out = writer(out);
    let names = keys.iter().chain(columns).map(|column| column.name);
    out.write_record(names).map_err(told)?;
    out.flush()
}

/// Writes rows, each behind the same cells of the keys.
///
/// # Errors
/// Where `out` cannot be written.
///
/// # Panics
/// Where a cell's type is not its column's: the declaration and its rows disagree.
pub fn write_rows(out: impl Write, keys: &[Cell], rows: &Rows) -> Result<()> {
    let mut out = writer(out);
    for row in rows.iter() {
        for (cell, column) in row.iter().zip(rows.schema.columns) {
            assert!(
                fits(cell, column.kind),
                "{cell:?} does not fit column `{}` of `{}`",
                column.name,
                rows.schema.name
            );
        }
        for cell in keys.iter().chain(row) {
            out.write_field(written(cell).as_bytes()).map_err(told)?;
        }
        out.write_record(None::<&[u8]>).map_err(told)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Schema;
    use std::io::ErrorKind;

    /// A disk without room.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    /// However long the rows are: what is longer than the writer's buffer fails on another way.
    #[test]
    fn a_full_disk_is_told_as_such() {
        for n in [1, 10_000] {
            let mut rows = Rows::new(&SCHEMA);
            (0..n)
                .for_each(|day| rows.push([Cell::Integer(day), Cell::from("note"), Cell::Missing]));
            let error = write_rows(Full, &[], &rows).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{n} rows: {error}");
        }
    }

    static SCHEMA: Schema = Schema {
        name: "sample",
        summary: "a sample",
        columns: &[
            Column {
                name: "day",
                kind: CellKind::Integer,
                unit: "day",
                meaning: "day",
                meaning_zh: "日",
            },
            Column {
                name: "note",
                kind: CellKind::Text,
                unit: "",
                meaning: "note",
                meaning_zh: "备注",
            },
            Column {
                name: "trust",
                kind: CellKind::Number,
                unit: "1",
                meaning: "trust",
                meaning_zh: "信任",
            },
        ],
    };

    fn csv_of(row: [Cell; 3]) -> String {
        let mut rows = Rows::new(&SCHEMA);
        rows.push(row);
        let mut bytes = Vec::new();
        write_rows(&mut bytes, &[Cell::from("viral-r000")], &rows).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_row_is_its_keys_and_its_cells() {
        let line = csv_of([Cell::Integer(3), Cell::from("拼团, \"两人\""), Cell::number(0.1)]);
        assert_eq!(line, "viral-r000,3,\"拼团, \"\"两人\"\"\",0.1\n");
        let mut header = Vec::new();
        write_header(&mut header, &[], SCHEMA.columns).unwrap();
        assert_eq!(header, b"day,note,trust\n");
    }

    #[test]
    fn undefined_numbers_are_empty_cells() {
        let line = csv_of([Cell::Missing, Cell::Missing, Cell::Number(f64::NAN)]);
        assert_eq!(line, "viral-r000,,,\n");
    }

    #[test]
    fn numbers_read_back_bit_for_bit_and_have_no_exponent() {
        for x in [0.1 + 0.2, 1e21, -1.5e-9, 5e-324, f64::MAX, 1.0 / 3.0, 12.0] {
            let text = written(&Cell::Number(x)).into_owned();
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
            assert!(!text.contains(['e', 'E']), "{text}");
        }
        assert_eq!(written(&Cell::Number(-0.0)), "0");
        assert_eq!(written(&Cell::Integer(-5)), "-5");
    }

    #[test]
    fn formulas_are_guarded_and_found_back() {
        for risky in ["=1+1", "+86", "-x", "@SUM(A1)", "\tx", "\rx", "'=x", "''-"] {
            assert_eq!(guarded(risky), format!("'{risky}"));
            assert_eq!(unguarded(&guarded(risky)), risky);
        }
        for plain in ["viral", "a=b", "'quoted'", "", "团购"] {
            assert_eq!(guarded(plain), plain);
            assert_eq!(unguarded(plain), plain);
        }
    }
}
