//! What can be shown, and how: stdout for data, stderr for everything else.

use crate::cli::Show;
use clap::ValueEnum;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether data that were to be shown are lost.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether data could not be written to stdout, which is told where it happens.
#[must_use]
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// The form of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables and sentences.
    Human,
    /// One JSON document.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two streams with what was asked for them.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether data are written as JSON.
    pub json: bool,
    /// Whether messages are coloured.
    pub color: bool,
    /// Whether messages go to a terminal.
    pub terminal: bool,
    /// Whether only mistakes are told.
    pub quiet: bool,
    /// Whether more is told.
    pub verbose: bool,
}

impl Screen {
    /// From the arguments and the surroundings.
    #[must_use]
    pub fn new(show: Show) -> Self {
        let terminal = stderr().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match show.color {
            Color::Auto => terminal && !no_color,
            Color::Always => true,
            Color::Never => false,
        };
        let json = show.format == Format::Json;
        Self { json, color, terminal, quiet: show.quiet, verbose: show.verbose }
    }

    /// Writes data to stdout. A reader that went away is no failure.
    pub fn data(&self, text: &str) {
        let mut stdout = stdout().lock();
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        let written = write!(stdout, "{text}{line_end}").and_then(|()| stdout.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
        {
            LOST.store(true, Ordering::Relaxed);
            self.complain(&format!("error: cannot write to standard output: {error}"));
        }
    }

    /// Writes a JSON document to stdout.
    pub fn document(&self, value: &serde_json::Value) {
        self.data(&format!("{value:#}"));
    }

    /// Tells something on stderr, unless asked to be quiet.
    pub fn tell(&self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Tells what went wrong on stderr.
    pub fn complain(&self, text: &str) {
        let _ = writeln!(stderr().lock(), "{text}");
    }
}

/// A number of things, with the plural where it is not one: `1 replicate`, `5 replicates`.
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// Rows as aligned columns: the first row is the header, the last column is not padded.
#[must_use]
pub fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < row.len() {
                let padding = width(column).unwrap_or(0) - cell.chars().count() + 2;
                text.push_str(&" ".repeat(padding));
            }
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}
