//! The forms of tables that a command line asks for.

use crate::cli::failure::Failure;
use crate::output::forms::{Forms, HAS_PARQUET};
use clap::{Args, ValueEnum};

/// Which forms.
#[derive(Clone, Copy, Debug, Args)]
pub struct Wanted {
    /// Forms of the tables; CSV is always there.
    #[arg(long, value_enum, default_value_t = Tables::Csv)]
    pub tables: Tables,
    /// Copies of the tables that Excel opens with Chinese intact, in the folder `excel`.
    #[arg(long)]
    pub csv_excel: bool,
}

/// Forms of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tables {
    /// CSV only.
    Csv,
    /// CSV, and Parquet beside it.
    #[value(alias = "parquet")]
    Both,
}

impl Wanted {
    /// The forms beside CSV.
    ///
    /// # Errors
    /// Where Parquet is asked for and this build has none.
    pub fn forms(self) -> Result<Forms, Failure> {
        let parquet = self.tables == Tables::Both;
        if parquet && !HAS_PARQUET {
            let message = "this build writes no Parquet; build it with `--features parquet`";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok(Forms { parquet, excel: self.csv_excel })
    }
}
