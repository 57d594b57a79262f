//! What a page holds: sections, figures and tables, and how they become HTML.

use crate::report::say::{Both, Lang, both, same};
use crate::report::svg::{self, Sheet};
use askama::Template;

/// A cell of a table; `raw` is the number behind it, as the run folder has it.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    /// What is shown.
    pub text: Both,
    /// The number behind it.
    pub raw: Option<f64>,
    /// Class of its look.
    pub class: &'static str,
}

impl Cell {
    /// Words.
    #[must_use]
    pub fn words(text: Both) -> Self {
        Self { text, ..Self::default() }
    }

    /// A number as it is shown, with the number behind it.
    #[must_use]
    pub fn number(text: impl Into<String>, raw: Option<f64>) -> Self {
        Self { text: same(text), raw, class: "n" }
    }
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What its rows are.
    pub caption: Both,
    /// Names of the columns.
    pub head: Vec<Both>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Whether a column holds numbers, as its first row tells.
    fn is_number(&self, column: &usize) -> bool {
        let first = self.rows.first().and_then(|row| row.get(*column));
        first.is_some_and(|cell| cell.class.starts_with('n'))
    }
}

/// A finding with the charts that show it and the table behind them.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Name within the page, and of its file.
    pub id: &'static str,
    /// What is found.
    pub finding: Both,
    /// Unit, n, uncertainty.
    pub about: Both,
    /// The charts.
    pub sheets: Vec<Sheet>,
    /// The numbers.
    pub table: Table,
}

impl Figure {
    /// The figure as one file for papers.
    #[must_use]
    pub fn file(&self, lang: Lang) -> String {
        svg::file([&self.finding, &self.about], &self.sheets, lang)
    }
}

/// A part of the page.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Name within the page.
    pub id: &'static str,
    /// Heading.
    pub title: Both,
    /// What to know beforehand.
    pub text: Vec<Both>,
    /// Figures.
    pub figures: Vec<Figure>,
    /// Tables that stand open.
    pub tables: Vec<Table>,
    /// Tables that are closed until asked for.
    pub closed: Vec<Table>,
}

/// The whole report.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    /// The language that is shown first.
    pub lang: Lang,
    /// Name of what was simulated.
    pub name: String,
    /// The question of the scenario.
    pub question: String,
    /// What was run, in a line.
    pub what: Both,
    /// What must be known before anything is read.
    pub warnings: Vec<Both>,
    /// The answer.
    pub headline: Vec<Both>,
    /// The evidence.
    pub sections: Vec<Section>,
}

impl Page {
    /// All figures.
    pub fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.sections.iter().flat_map(|section| &section.figures)
    }

    fn html_lang(&self) -> &'static str {
        if self.lang == Lang::Zh { "zh-CN" } else { "en" }
    }

    /// A word of the page's frame in the language that is shown first, for attributes.
    fn first(&self, en: &'static str, zh: &'static str) -> &'static str {
        if self.lang == Lang::Zh { zh } else { en }
    }
}

/// Mean and interval in one cell: `mean ± half`.
#[must_use]
pub fn spread(
    kind: crate::report::say::Kind,
    moments: &crate::output::statistics::Moments,
) -> Cell {
    let Some(mean) = moments.mean else { return Cell::number("–", None) };
    // A narrow column is broken before the sign, not behind it.
    let text = kind.give_or_take(mean, moments.half_width()).replace("± ", "±\u{a0}");
    Cell::number(text, Some(mean))
}

/// What n and the uncertainty are, in words.
#[must_use]
pub fn basis(n: usize) -> Both {
    if n < 2 {
        return count(n);
    }
    count(n).then(&both("; mean with its 95\u{a0}% t-interval", "；均值及其 95% t 区间"))
}

/// What n is, in words.
#[must_use]
pub fn count(n: usize) -> Both {
    match n {
        0 => both("no complete run", "无完整运行"),
        1 => both("n = 1 replicate: no interval", "n = 1 次重复：没有区间"),
        n => both(format!("n = {n} replicates"), format!("n = {n} 次重复")),
    }
}
