//! Tables as Parquet, made from their CSV and the declaration of their columns.
//!
//! Texts are UTF-8 strings without the guard against formulas, whole numbers are 64-bit
//! integers, numbers 64-bit floats with the bits of the CSV; an empty cell is null, in keys an
//! empty text. Pages are compressed by zstd. The bytes follow from the table and the versions of the
//! libraries, and from nothing else.

use crate::output::csv::unguarded;
use crate::output::declared::Table;
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{Digest, DigestedFile};
use crate::table::{CellKind, Column};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Rows that are held and written at a time: enough to compress well, some tens of MB.
const ROWS_IN_A_GROUP: usize = 131_072;

/// Writes the Parquet file of a table from its CSV file.
///
/// # Errors
/// Where the CSV cannot be read or has other columns, or the file cannot be written.
pub fn from_csv(table: Table, csv: &Path, path: &Path) -> Result<Digest, OutputError> {
    let failed = |error: ParquetError| failure(error, path);
    let malformed = |error: csv::Error| OutputError::malformed(csv, error);
    let mut reader = csv::Reader::from_reader(File::open(csv).map_err(reading(csv))?);
    let columns = columns(table);
    let names = columns.iter().map(|one| one.column.name);
    if !reader.headers().map_err(malformed)?.iter().eq(names) {
        return Err(OutputError::malformed(csv, "it has other columns than were declared"));
    }
    let schema = schema(table, &columns).map_err(failed)?;
    let mut file = DigestedFile::create(path)?;
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties()).map_err(failed)?;
    let mut records = reader.records();
    loop {
        let group = records.by_ref().take(ROWS_IN_A_GROUP).collect::<Result<Vec<_>, _>>();
        let group = group.map_err(malformed)?;
        if group.is_empty() {
            break;
        }
        let mut rows = writer.next_row_group().map_err(failed)?;
        for (at, one) in columns.iter().enumerate() {
            let cells = group.iter().map(|record| record.get(at).unwrap_or_default());
            write_column(&mut rows, *one, cells).map_err(|error| error.told(csv, path))?;
        }
        rows.close().map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    file.seal()
}

/// A column, and whether its cells are never null.
#[derive(Clone, Copy)]
struct Field {
    column: &'static Column,
    key: bool,
}

fn columns(table: Table) -> Vec<Field> {
    let keys = table.keys.columns().iter().map(|column| Field { column, key: true });
    keys.chain(table.schema.columns.iter().map(|column| Field { column, key: false })).collect()
}

fn properties() -> WriterPropertiesPtr {
    let compression = Compression::ZSTD(ZstdLevel::default());
    Arc::new(WriterProperties::builder().set_compression(compression).build())
}

fn schema(table: Table, fields: &[Field]) -> Result<TypePtr, ParquetError> {
    let field = |one: &Field| {
        let (physical, logical) = match one.column.kind {
            CellKind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            CellKind::Integer => (Physical::INT64, None),
            CellKind::Number => (Physical::DOUBLE, None),
        };
        let repetition = if one.key { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        let builder = Type::primitive_type_builder(one.column.name, physical);
        builder.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
    };
    let fields = fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder(table.schema.name).with_fields(fields).build().map(Arc::new)
}

/// What keeps a column from being written.
enum Trouble {
    /// A cell is not of its column's type.
    Cell(String),
    /// The writer.
    Writer(ParquetError),
}

impl Trouble {
    fn told(self, csv: &Path, path: &Path) -> OutputError {
        match self {
            Self::Cell(why) => OutputError::malformed(csv, why),
            Self::Writer(error) => failure(error, path),
        }
    }
}

/// An error of the writer; the system's own is told as such.
fn failure(error: ParquetError, path: &Path) -> OutputError {
    match error {
        ParquetError::External(error) => match error.downcast::<std::io::Error>() {
            Ok(error) => writing(path)(*error),
            Err(error) => writing(path)(std::io::Error::other(error)),
        },
        error => writing(path)(std::io::Error::other(error)),
    }
}

fn write_column<'a, W: std::io::Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    field: Field,
    cells: impl Iterator<Item = &'a str>,
) -> Result<(), Trouble> {
    match field.column.kind {
        CellKind::Text => {
            let text = |cell: &str| Some(ByteArray::from(unguarded(cell)));
            write_values::<ByteArrayType, W>(rows, field, cells, text)
        }
        CellKind::Integer => {
            write_values::<Int64Type, W>(rows, field, cells, |cell| cell.parse().ok())
        }
        CellKind::Number => {
            write_values::<DoubleType, W>(rows, field, cells, |cell| cell.parse().ok())
        }
    }
}

/// Writes the values of the cells that are not null, and which cells are.
fn write_values<'a, D: DataType, W: std::io::Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    field: Field,
    cells: impl Iterator<Item = &'a str>,
    value: impl Fn(&str) -> Option<D::T>,
) -> Result<(), Trouble> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for cell in cells {
        let there = field.key || !cell.is_empty();
        levels.push(i16::from(there));
        if there {
            let wrong = || Trouble::Cell(format!("`{cell}` in column `{}`", field.column.name));
            values.push(value(cell).ok_or_else(wrong)?);
        }
    }
    let levels = (!field.key).then_some(levels.as_slice());
    let missing = || ParquetError::General("a column is missing".to_owned());
    let next = rows.next_column().and_then(|column| column.ok_or_else(missing));
    let mut column = next.map_err(Trouble::Writer)?;
    column.typed::<D>().write_batch(&values, levels, None).map_err(Trouble::Writer)?;
    column.close().map_err(Trouble::Writer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::csv::{write_header, write_rows};
    use crate::output::declared::{Keys, RunKey};
    use crate::output::run_folder::fixture::DAILY;
    use crate::table::{Cell, Rows};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field as Read;

    const TABLE: Table = Table { keys: Keys::Run, schema: &DAILY };

    /// A CSV file of some rows in a folder.
    fn csv_of(folder: &Path, rows: &[[Cell; 3]]) -> std::path::PathBuf {
        let mut table = Rows::new(&DAILY);
        rows.iter().for_each(|row| table.push(row.clone()));
        let key = RunKey { arm: "-团".to_owned(), platform: String::new(), replicate: 3 };
        let path = folder.join("daily.csv");
        let mut file = File::create(&path).unwrap();
        write_header(&mut file, TABLE.keys.columns(), DAILY.columns).unwrap();
        write_rows(&mut file, &key.cells("s"), &table).unwrap();
        path
    }

    #[test]
    fn rows_come_back_as_they_were_without_guard_and_with_nulls() {
        let folder = tempfile::tempdir().unwrap();
        let csv = csv_of(
            folder.path(),
            &[
                [Cell::Integer(0), Cell::Integer(-5), Cell::from("=团购, \"now\"")],
                [Cell::Missing, Cell::Integer(i64::MAX), Cell::Missing],
            ],
        );
        let path = folder.path().join("daily.parquet");
        from_csv(TABLE, &csv, &path).unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let text = |text: &str| Read::Str(text.to_owned());
        let keys = [text("-团.-r003"), text("s"), text("-团"), text(""), Read::Long(3)];
        let own = [
            [Read::Long(0), Read::Long(-5), text("=团购, \"now\"")],
            [Read::Null, Read::Long(i64::MAX), Read::Null],
        ];
        let rows: Vec<Vec<Read>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
            .collect();
        assert_eq!(rows, own.map(|row| [&keys[..], &row[..]].concat()));
    }

    #[test]
    fn the_same_table_has_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let row = |i| [Cell::Integer(i), Cell::Integer(i * i), Cell::from("x")];
        let csv = csv_of(folder.path(), &(0..3_000).map(row).collect::<Vec<_>>());
        let [a, b] = ["a", "b"].map(|name| from_csv(TABLE, &csv, &folder.path().join(name)));
        assert_eq!(a.unwrap(), b.unwrap());
    }

    #[test]
    fn a_table_without_rows_has_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let csv = csv_of(folder.path(), &[]);
        let path = folder.path().join("daily.parquet");
        from_csv(TABLE, &csv, &path).unwrap();
        let reader = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let meta = reader.metadata().file_metadata();
        assert_eq!((meta.num_rows(), meta.schema().get_fields().len()), (0, 8));
    }

    #[test]
    fn a_table_of_other_columns_or_types_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let csv = csv_of(folder.path(), &[[Cell::Integer(0), Cell::Integer(1), Cell::Missing]]);
        let text = std::fs::read_to_string(&csv).unwrap();
        for (from, to, why) in [("gmv_fen", "gmv", "other columns"), (",0,1,", ",0,x,", "`x`")] {
            std::fs::write(&csv, text.replace(from, to)).unwrap();
            let error = from_csv(TABLE, &csv, &folder.path().join(to)).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
