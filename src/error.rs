//! The user's mistakes: what is wrong, where it stands, and what is accepted instead.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The scenario cannot run.
    Error,
    /// The scenario runs, but probably not as meant.
    Warning,
}

impl Severity {
    /// The word by which it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A text in which issues are found: the scenario, a preset, an argument.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Place in a sorted list of issues: the scenario first, arguments last.
    pub rank: usize,
    /// Path, or what else names the text.
    pub name: String,
    /// The text itself.
    pub text: String,
}

impl Source {
    /// Line and column (in characters), both from 1, of a byte offset.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let bytes = self.text.as_bytes();
        let before = &bytes[..offset.min(bytes.len())];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        (line, column)
    }
}

/// A range of bytes in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The bytes.
    pub span: Range<usize>,
}

/// One mistake or doubt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// A code of [`crate::error::CODES`].
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// A few words for the marked place.
    pub label: String,
    /// What is accepted, and the nearest valid name.
    pub help: Option<String>,
    /// Where it stands.
    pub place: Place,
}

impl Issue {
    /// An issue of a code, whose severity the table of codes knows.
    #[must_use]
    pub fn new(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        let severity = explanation(code).map_or(Severity::Error, |found| found.severity);
        let message = legible(&message.into());
        Self { code, severity, message, label: String::new(), help: None, place: place.clone() }
    }

    /// With a few words for the marked place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = legible(&label.into());
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(legible(&help.into()));
        self
    }

    /// The name of the text.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.place.source.name
    }

    /// Line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.place.source.position(self.place.span.start).0
    }

    /// Column in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.place.source.position(self.place.span.start).1
    }

    /// The order of reading: by text, by position, by code.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |issue: &Self| (issue.place.span.start, issue.place.span.end, issue.code);
        (self.place.source.cmp(&other.place.source))
            .then_with(|| key(self).cmp(&key(other)))
            .then_with(|| self.message.cmp(&other.message))
    }
}

/// Longest piece of somebody's text that a message quotes, in characters.
const QUOTED: usize = 60;

/// Somebody's text as a message quotes it: its beginning where it is long.
#[must_use]
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a character would act on the terminal instead of being seen: control
/// characters, and the marks that turn the direction of the text.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A message in which nothing is hidden.
fn legible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && c != '\n' { seen.extend(c.escape_default()) } else { seen.push(c) }
    }
    seen
}

/// Issues found so far.
#[derive(Debug, Default)]
pub struct Issues(Vec<Issue>);

impl Issues {
    /// Adds one.
    pub fn push(&mut self, issue: Issue) {
        self.0.push(issue);
    }

    /// Whether one of them keeps the scenario from running.
    #[must_use]
    pub fn any_error(&self) -> bool {
        self.0.iter().any(|issue| issue.severity == Severity::Error)
    }

    /// All of them in the order of reading, each once.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Issue> {
        self.0.sort_by(Issue::order);
        self.0.dedup();
        self.0
    }
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code, stable over versions.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// What causes it and what to do.
    pub text: &'static str,
}

/// The entry of a code.
#[must_use]
pub fn explanation(code: &str) -> Option<&'static Code> {
    CODES.iter().find(|entry| entry.code.eq_ignore_ascii_case(code))
}

macro_rules! codes {
    ($($constant:ident = $code:literal $severity:ident $title:literal: $text:literal;)*) => {
        $(#[doc = $title] pub const $constant: &str = $code;)*
        /// All codes.
        pub const CODES: &[Code] = &[
            $(Code { code: $code, severity: Severity::$severity, title: $title, text: $text },)*
        ];
    };
}

codes! {
    SYNTAX = "GX0001" Error "the text is not TOML":
        "A scenario is a TOML file (https://toml.io). Nothing else can be checked until the text can be read. Usual causes: a missing quotation mark, a key that is given twice, a table header without its closing bracket.";
    NOT_TEXT = "GX0002" Error "the file is not UTF-8":
        "A scenario must be saved as UTF-8 text. Save the file again with that encoding.";
    UNKNOWN_KEY = "GX0101" Error "unknown key":
        "The table has no parameter of this name. A misspelt key would otherwise be ignored and its default used in silence. The answer says what was most likely meant, and where a parameter belongs that another table has. `guanxi list parameters` shows all names.";
    UNKNOWN_TABLE = "GX0102" Error "unknown table or mechanism":
        "There is no table or mechanism of this name here. `guanxi list mechanisms` shows the mechanisms; the other tables are population, network, market, start and arm.";
    UNKNOWN_PRESET = "GX0103" Error "unknown preset":
        "A preset is a set of mechanism tables that comes with guanxi. `guanxi list presets` shows them.";
    WRONG_TYPE = "GX0104" Error "wrong type of value":
        "The value is of another type than the parameter. Text stands in quotation marks, numbers and true or false do not, lists stand in brackets.";
    NOT_FINITE = "GX0105" Error "not a finite number":
        "TOML can write nan and inf; a model cannot compute with them. To switch a mechanism off write `enabled = false` in its table.";
    OUT_OF_RANGE = "GX0106" Error "out of range":
        "Every number has a smallest and a largest accepted value, beyond which the model makes no sense or cannot be computed. `guanxi explain TABLE.KEY` shows them.";
    NOT_WHOLE = "GX0107" Error "not a whole number":
        "The parameter counts something. 1000000, 1_000_000 and 1e6 are the same number; fractions and numbers of 2^63 and more are refused.";
    NOT_A_CHOICE = "GX0108" Error "not one of the choices":
        "The parameter accepts only certain words. `guanxi explain TABLE.KEY` shows them.";
    MISSING = "GX0109" Error "a value is missing":
        "The parameter has no default, so that the table must give it.";
    BAD_SET = "GX0110" Error "malformed --set":
        "--set takes a dotted key, an equals sign and a value: --set population.consumers=1e6, --set arm.viral.group_buy.size=3. A value that is not TOML is taken as text.";
    NO_ARM = "GX0201" Error "no arm":
        "A scenario compares arms, so that it has at least one: a table such as [arm.viral] with preset = \"viral\".";
    NO_BASELINE = "GX0202" Error "the baseline is not an arm":
        "The baseline is the arm with which the others are compared; it must be the name of one of them.";
    BAD_NAME = "GX0203" Error "unusable name":
        "Names of scenarios, arms and platforms become names of folders and keys of tables: 1 to 64 letters (of any script), digits, `-`, `_` and `.`, the first of them no dot.";
    DUPLICATE = "GX0204" Error "a name is given twice":
        "Segments, categories and runs are told apart by their names in the output tables. A run is called by its arm, or ARM.PLATFORM where the platform has a name of its own.";
    NO_WEIGHT = "GX0205" Error "all weights are zero":
        "Weights are scaled to sum to 1, for which at least one must be more than zero.";
    TOO_MANY = "GX0206" Error "too many tables of a kind":
        "Tables in double brackets are numbered in one or two bytes of every consumer and offer: 256 segments and 10,000 categories are the most.";
    WRONG_PLACE = "GX0207" Error "a mechanism in the wrong place":
        "A mechanism of the world exists once in an arm, so that its table stands at the top level or in the arm, never in one of the arm's platforms.";
    DECIDERS = "GX0208" Error "not exactly one decider":
        "In every platform exactly one enabled mechanism decides which exposures become orders. Enable one with `enabled = true` in its table and switch the others off.";
    CLEARINGS = "GX0209" Error "not exactly one clearing rule":
        "In every platform exactly one enabled mechanism grants orders against stock and other things contended for. Enable one and switch the others off.";
    NO_NETWORK_FILE = "GX0210" Error "the network's file is missing":
        "With network.kind = \"file\" the key network.file names an edge list or a graph file. A relative path in a scenario starts from the scenario's folder, in --set from the working folder.";
    BAD_NETWORK_FILE = "GX0211" Error "the network's file does not fit":
        "The file cannot be read as a list of ties, or is a graph file that was cut, altered or written by a newer version. With an imported network every id of the list is a consumer, whatever population.consumers says.";
    BUDGET = "GX0212" Error "more than the whole marketing budget":
        "Every arm spends the same marketing budget; the parameters budget_share of the mechanisms that are on say who spends how much of it, and may sum to 1 at most.";
    NOT_YET = "GX0213" Error "more than can be run":
        "The scenario is well formed, but asks for what this version cannot run, such as more platforms in an arm than it has room for.";
    NEEDED = "GX0214" Error "a mechanism that is needed is off":
        "Without some mechanisms nothing can happen in an arm: nobody looks, nobody joins, nothing arrives, nothing is paid for. They have parameters, but cannot be switched off; `guanxi explain MECHANISM` says which they are.";
    TURNED = "GX0215" Error "a smallest value above the largest":
        "Two parameters whose names end in _min and _max are the ends of a range; the first must not be above the second.";
    NO_ID_FILE = "GX0216" Error "a file of ids is missing":
        "A mechanism with seed_by = \"file\" reads its consumers from seed_file, an id in each line: an id of the network's file, or a consumer's number from 0 where the network is generated. A relative path in a scenario starts from the scenario's folder, in --set from the working folder.";
    OFF = "GX0301" Warning "parameters of a mechanism that is off":
        "The table gives parameters, but the mechanism runs in no arm that the table reaches, so that they have no effect. Giving parameters does not switch a mechanism on: write `enabled = true` in the table (or `enabled = false` to say that this is meant).";
    UNUSED = "GX0302" Warning "a value without effect":
        "The value is read, but another choice in the scenario keeps it from having an effect: a parameter of one kind of network where another kind is chosen, a number of consumers where a file counts them, a mechanism that pays for what it does where its budget_share is 0.";
    SHARES = "GX0303" Warning "shares that are more than the whole":
        "Shares of one thing should sum to 1 at most: the parameters attention_share of the mechanisms that are on in a platform, and network.local_share with network.interest_share. The scenario runs; the text of the warning says what the shares then mean.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source { rank: 0, name: "a".into(), text: "甲 = 1\n乙乙 = 2".into() };
        assert_eq!(source.position(0), (1, 1));
        assert_eq!(source.position(source.text.find('2').unwrap_or_default()), (2, 6));
        assert_eq!(source.position(10_000).0, 2);
    }
}
