//! Output tables: declared once; CSV columns, units, dictionary and checks derive from it.

use crate::columns::{Columns, State};

/// The type of a column's cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number; never NaN or infinite, an undefined one is missing.
    Number,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value; written as nothing.
    Missing,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
}

impl Cell {
    /// A number, or missing where it is not finite (a ratio over nothing).
    #[must_use]
    pub fn number(x: f64) -> Self {
        if x.is_finite() { Self::Number(x) } else { Self::Missing }
    }

    /// The ratio of two counts or amounts, missing where the second is 0.
    #[must_use]
    pub fn ratio(numerator: f64, denominator: f64) -> Self {
        Self::number(numerator / denominator)
    }

    /// Text from anything that reads as text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

impl State for Cell {
    fn blank() -> Self {
        Self::Missing
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut kind = match self {
            Self::Missing => 0_u8,
            Self::Text(_) => 1,
            Self::Integer(_) => 2,
            Self::Number(_) => 3,
        };
        kind.visit(io);
        if io.is_loading() {
            *self = match kind {
                1 => Self::Text(String::new()),
                2 => Self::Integer(0),
                3 => Self::Number(0.0),
                _ => Self::Missing,
            };
        }
        match self {
            Self::Missing => {}
            Self::Text(text) => text.visit(io),
            Self::Integer(n) => n.visit(io),
            Self::Number(x) => x.visit(io),
        }
    }
}

impl From<u64> for Cell {
    fn from(n: u64) -> Self {
        Self::Integer(n as i64)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<u32> for Cell {
    fn from(n: u32) -> Self {
        Self::Integer(i64::from(n))
    }
}

impl From<crate::quantity::money::Fen> for Cell {
    fn from(amount: crate::quantity::money::Fen) -> Self {
        Self::Integer(amount.0)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The declaration of one column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name, snake case, unit last.
    pub name: &'static str,
    /// Type of the cells.
    pub kind: CellKind,
    /// Unit; `1` for pure numbers and shares, `` for text.
    pub unit: &'static str,
    /// Meaning in English.
    pub meaning: &'static str,
    /// Meaning in Chinese.
    pub meaning_zh: &'static str,
}

/// The declaration of one table. Rows of every table begin with the run's keys
/// (`run_id, scenario, arm, platform, replicate`), which the output adds.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Name of the table and of its file.
    pub name: &'static str,
    /// What a row is.
    pub summary: &'static str,
    /// The columns after the keys.
    pub columns: &'static [Column],
}

/// Rows of one table for one run (arm × replicate), in key order.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The table.
    pub schema: &'static Schema,
    /// One cell a column of the schema, row after row.
    pub cells: Vec<Cell>,
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn new(schema: &'static Schema) -> Self {
        Self { schema, cells: Vec::new() }
    }

    /// Adds a row: one cell a column, in the order of the schema.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        let (n, width) = (self.cells.len(), self.schema.columns.len());
        if self.cells.capacity() - n < width {
            // A table grows all the run: not to the double, so that little room stays unused.
            self.cells.reserve_exact((n / 8).max(16 * width));
        }
        self.cells.extend(row);
        assert!(
            self.cells.len().is_multiple_of(width),
            "a row of `{}` has {width} cells",
            self.schema.name
        );
    }

    /// The rows so far, in or out of a checkpoint.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        io.name(self.schema.name);
        let names: Vec<&str> = self.schema.columns.iter().map(|column| column.name).collect();
        io.fields(&names.join(" "));
        self.cells.visit(io);
    }

    /// The rows one by one.
    pub fn iter(&self) -> impl Iterator<Item = &[Cell]> {
        self.cells.chunks(self.schema.columns.len())
    }
}

/// Declares a table: each column's name, type, unit and meaning stands with the
/// expression that fills its cells.
///
/// ```
/// use guanxi::table::{Cell, Rows};
/// struct View { n: u64 }
/// guanxi::table! {
///     /// How many.
///     Counts("counts", "one row a day", v: View) {
///         n_count: Integer, "1", "how many", "数量" => Cell::from(v.n);
///     }
/// }
/// let mut rows = Rows::new(&Counts::SCHEMA);
/// rows.push(Counts::row(&View { n: 3 }));
/// assert_eq!(Counts::SCHEMA.columns[0].name, "n_count");
/// ```
#[macro_export]
macro_rules! table {
    (
        $(#[doc = $about:literal])+
        $table:ident($name:literal, $summary:literal, $view:ident : $type:ty) {
            $($column:ident : $kind:ident, $unit:literal, $en:literal, $zh:literal => $value:expr;)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug)]
        pub struct $table;

        impl $table {
            /// The declaration.
            pub const SCHEMA: $crate::table::Schema = $crate::table::Schema {
                name: $name,
                summary: $summary,
                columns: &[$($crate::table::Column {
                    name: stringify!($column),
                    kind: $crate::table::CellKind::$kind,
                    unit: $unit,
                    meaning: $en,
                    meaning_zh: $zh,
                },)+],
            };

            /// One row.
            #[must_use]
            pub fn row($view: &$type) -> Vec<$crate::table::Cell> {
                vec![$($value,)+]
            }
        }
    };
}
