//! Mistakes of syntax in the words of who wrote them: the reader of TOML says what its
//! grammar expected, a user wants to know what to write.

use crate::error::{Issue, Place, SYNTAX, Source, clipped};
use std::ops::Range;
use std::sync::Arc;

/// What a message of the reader begins with, what is wrong, and what to write.
const MEANINGS: &[(&str, &str, &str)] = &[
    (
        "invalid basic string, expected `\"`",
        "the text is not closed",
        "close it with the quotation mark with which it begins, on the same line",
    ),
    (
        "invalid literal string, expected `'`",
        "the text is not closed",
        "close it with the quotation mark with which it begins, on the same line",
    ),
    (
        "invalid basic string, expected non-double-quote visible characters",
        "the text holds a character that is not allowed here",
        "write control characters as \\n, \\t or \\u0000, and a backslash as \\\\",
    ),
    (
        "unclosed table",
        "the header of the table is not closed",
        "write it as [TABLE] on a line of its own",
    ),
    (
        "unclosed array table",
        "the header of the table is not closed",
        "write it as [[TABLE]] on a line of its own",
    ),
    ("unclosed array", "the list is not closed", "close it with `]`"),
    ("unclosed inline table", "the table is not closed", "close it with `}`"),
    (
        "key with no value, expected `=`",
        "a key without an equals sign and a value",
        "write KEY = VALUE; a header of a table stands in brackets",
    ),
    (
        "unexpected key or value",
        "something follows on the same line",
        "write one key and its value, or one header, on a line; thousands are parted by `_`, \
         as in 1_000, and decimals follow a point, as in 0.5",
    ),
    ("unexpected leading zero", "a number begins with a zero", "leave the zero out"),
    (
        "cannot recurse further",
        "brackets in brackets, deeper than can be read",
        "no parameter needs more than one list in a table",
    ),
    (
        "invalid unquoted key",
        "a character that a key cannot have",
        "write KEY = VALUE; a key of other characters than letters from a to z, digits, `-` and \
         `_` stands in quotation marks",
    ),
    (
        "invalid key-value pair, expected key",
        "neither a key nor a header of a table",
        "a scenario is TOML: KEY = VALUE below [TABLE], without braces around it",
    ),
];

/// What to write where nothing better is known.
const GENERAL: &str =
    "a scenario is TOML: KEY = VALUE below [TABLE]; text stands in quotation marks";

/// The issue of a message of the reader.
#[must_use]
pub fn issue(source: &Arc<Source>, span: Range<usize>, said: &str) -> Issue {
    let text = source.text.get(span.clone()).unwrap_or_default();
    let (message, help) = match said {
        "duplicate key" => (
            format!("`{}` is given twice", clipped(text.trim_matches(['\'', '"']))),
            "keep one of the two; all keys of a table stand below one header".to_owned(),
        ),
        said if said.starts_with("string values must be quoted") => unquoted(source, &span, text),
        said => {
            let known = MEANINGS.iter().find(|(begin, ..)| said.starts_with(begin));
            let meaning = known.map(|(_, meaning, help)| ((*meaning).to_owned(), *help));
            let (message, help) = meaning.unwrap_or_else(|| (said.to_owned(), GENERAL));
            (message, help.to_owned())
        }
    };
    let place = Place { source: source.clone(), span };
    Issue::new(SYNTAX, &place, message).label("here").help(help)
}

/// A value that is no number and has no quotation marks, or no value at all.
fn unquoted(source: &Source, span: &Range<usize>, text: &str) -> (String, String) {
    let line = source.text.get(span.start..).and_then(|rest| rest.lines().next());
    let rest = line.unwrap_or_default().trim();
    if text.trim().is_empty() && rest.is_empty() {
        let help = "write one, or remove the line to have the default";
        return ("the value is missing".to_owned(), help.to_owned());
    }
    let word = clipped(text.trim());
    if let Some(share) = word.strip_suffix('%').and_then(|text| text.trim().parse::<f64>().ok()) {
        let help = format!("a share is written as a fraction of 1: {}", share / 100.0);
        return (format!("`{word}` is no number"), help);
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let help = "a number has digits, `_` between them, and perhaps a point and an exponent";
        return (format!("`{word}` is no number"), help.to_owned());
    }
    (format!("`{word}` is no value"), format!("text stands in quotation marks: \"{word}\""))
}
