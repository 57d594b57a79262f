//! Reading a list of ties: SNAP-style text and CSV.
//!
//! A row is two ids and perhaps a weight, separated by blanks, tabs, commas or
//! semicolons; the first row decides which. Lines that start with `#` or `%` are
//! comments. A first row is a header if it names two known columns, or if it has
//! no number where the second row has. Ids are whole numbers or any text.

use std::path::Path;

use rayon::prelude::*;

use crate::network::{NetworkError, UserId};

/// Known names of columns: the two ends of a tie and its weight.
const SOURCES: &[&str] =
    &["source", "src", "from", "fromnodeid", "from_id", "node1", "node_1", "id1", "id_1", "user1"];
const TARGETS: &[&str] =
    &["target", "dst", "to", "tonodeid", "to_id", "node2", "node_2", "id2", "id_2", "user2"];
const WEIGHTS: &[&str] = &["weight", "w", "value", "strength", "count"];

/// Longest piece of a line that an error quotes.
const QUOTED: usize = 60;

/// The rows of a file, with nodes numbered in the order of their ids.
pub(super) struct EdgeList {
    /// The user's ids, sorted and distinct.
    pub ids: Vec<UserId>,
    /// Both ends of every row, self-loops and repetitions included.
    pub pairs: Vec<(u32, u32)>,
    /// The weight of every row; empty where the file has none.
    pub weights: Vec<f64>,
}

/// Reads a file of ties.
pub(super) fn read(path: &Path) -> Result<EdgeList, NetworkError> {
    let bytes = std::fs::read(path)
        .map_err(|source| NetworkError::Unreadable { path: path.to_owned(), source })?;
    let text = text_of(path, &bytes)?;
    let Some(format) = Format::of(text) else {
        return Err(NetworkError::Empty { path: path.to_owned() });
    };
    if format.numeric {
        match rows(path, text, &format, number) {
            Ok(rows) => return list(path, rows, UserId::Number),
            Err(Stop::Wrong(error)) => return Err(error),
            Err(Stop::OtherIds) => {}
        }
    }
    match rows(path, text, &format, Ok) {
        Ok(rows) => list(path, rows, |id: &str| UserId::Text(id.into())),
        Err(Stop::Wrong(error)) => Err(error),
        Err(Stop::OtherIds) => unreachable!("any text is an id"),
    }
}

/// The file as text without the byte order mark.
fn text_of<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, NetworkError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u64;
        let from = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let rest = &bytes[from..bytes.len().min(from + QUOTED)];
        let rest = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
        malformed(path, line, &String::from_utf8_lossy(rest), "text in UTF-8")
    })
}

fn malformed(path: &Path, line: u64, found: &str, accepted: &'static str) -> NetworkError {
    let found = found.trim().chars().take(QUOTED).collect();
    NetworkError::Malformed { path: path.to_owned(), line, found, accepted }
}

/// Lines that hold data, with their numbers.
fn data(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let sizes = usize::from(text.starts_with("%%MatrixMarket"));
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(['#', '%'])).skip(sizes)
}

/// What stands between the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    Blanks,
    Character(char),
}

impl Separator {
    fn of(line: &str) -> Self {
        let spaced = |field: &str| field.trim().contains(' ');
        match line {
            line if line.contains(';') => Self::Character(';'),
            line if line.contains(',') => Self::Character(','),
            line if line.contains('\t') && line.split('\t').any(spaced) => Self::Character('\t'),
            _ => Self::Blanks,
        }
    }

    fn separates(self, c: char) -> bool {
        match self {
            Self::Blanks => c.is_whitespace(),
            Self::Character(separator) => c == separator,
        }
    }

    /// Splits a row into trimmed fields; quotes keep separators inside.
    fn split<'a>(self, line: &'a str, fields: &mut Vec<&'a str>) {
        fields.clear();
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\t');
            if self == Self::Blanks {
                rest = rest.trim_start();
            }
            if rest.is_empty() && self == Self::Blanks {
                return;
            }
            let (field, after) = self.field(rest);
            fields.push(field);
            match after {
                Some(after) => rest = after,
                None => return,
            }
        }
    }

    /// The first field and what follows its separator.
    fn field(self, rest: &str) -> (&str, Option<&str>) {
        if let Some(inside) = rest.strip_prefix('"') {
            let closes = |(at, _): &(usize, &str)| {
                inside[at + 1..].trim_start().chars().next().is_none_or(|c| self.separates(c))
                    || inside[at + 1..].starts_with(|c| self.separates(c))
            };
            if let Some((end, _)) = inside.match_indices('"').find(closes) {
                let after = inside[end + 1..].split_once(|c| self.separates(c));
                return (inside[..end].trim(), after.map(|(_, after)| after));
            }
        }
        match rest.split_once(|c| self.separates(c)) {
            Some((field, after)) => (field.trim(), Some(after)),
            None => (rest.trim(), None),
        }
    }
}

/// How the rows of a file are written.
struct Format {
    separator: Separator,
    header: bool,
    source: usize,
    target: usize,
    weight: Option<usize>,
    /// Whether both ids of the first row are whole numbers.
    numeric: bool,
}

impl Format {
    /// The format that the first rows show; nothing where there is no row.
    fn of(text: &str) -> Option<Self> {
        let mut lines = data(text).map(|(_, line)| line);
        let first = lines.next()?;
        let separator = Separator::of(first);
        let (mut head, mut row) = (Vec::new(), Vec::new());
        separator.split(first, &mut head);
        if let Some(second) = lines.next() {
            separator.split(second, &mut row);
        }
        let named = |names: &[&str]| {
            head.iter().position(|name| names.contains(&name.to_lowercase().as_str()))
        };
        let (source, target, weight) = (named(SOURCES), named(TARGETS), named(WEIGHTS));
        let known = [source, target, weight].iter().flatten().count() >= 2;
        let header = known || (!has_number(&head) && is_numeric(&row, 0, 1));
        if !header {
            let weight = head.get(2).and_then(|field| finite(field)).map(|_| 2);
            let numeric = is_numeric(&head, 0, 1);
            return Some(Self { separator, header, source: 0, target: 1, weight, numeric });
        }
        if row.is_empty() {
            return None;
        }
        let (source, target) = source.zip(target).unwrap_or((0, 1));
        let numeric = is_numeric(&row, source, target);
        Some(Self { separator, header, source, target, weight, numeric })
    }
}

fn is_numeric(fields: &[&str], a: usize, b: usize) -> bool {
    let digits = |k: usize| fields.get(k).is_some_and(|field| is_digits(field));
    digits(a) && digits(b)
}

fn has_number(fields: &[&str]) -> bool {
    fields.iter().any(|field| finite(field).is_some())
}

fn is_digits(field: &str) -> bool {
    !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_digit())
}

/// A finite number, written with a point or a comma.
fn finite(field: &str) -> Option<f64> {
    let number = field.parse().or_else(|_| field.replace(',', ".").parse());
    number.ok().filter(|x: &f64| x.is_finite())
}

/// Why ids could not be read as numbers.
enum Unfit {
    /// Digits, but with leading zeros or too many: to be read as text.
    Digits,
    /// Not a number.
    Word,
}

fn number(field: &str) -> Result<u64, Unfit> {
    let leading_zero = field.len() > 1 && field.starts_with('0');
    match field.parse() {
        Ok(number) if !leading_zero && is_digits(field) => Ok(number),
        _ if is_digits(field) => Err(Unfit::Digits),
        _ => Err(Unfit::Word),
    }
}

/// Why reading stopped.
enum Stop {
    /// The ids have to be read as text.
    OtherIds,
    Wrong(NetworkError),
}

struct Rows<T> {
    ends: Vec<(T, T)>,
    weights: Vec<f64>,
}

fn rows<'a, T>(
    path: &Path,
    text: &'a str,
    format: &Format,
    id: fn(&'a str) -> Result<T, Unfit>,
) -> Result<Rows<T>, Stop> {
    let mut rows = Rows { ends: Vec::new(), weights: Vec::new() };
    let mut fields = Vec::new();
    for (line, row) in data(text).skip(usize::from(format.header)) {
        let wrong = |accepted| Stop::Wrong(malformed(path, line, row, accepted));
        format.separator.split(row, &mut fields);
        let end = |column: usize| match fields.get(column) {
            None | Some(&"") => Err(wrong("two ids, separated as in the first row")),
            Some(field) => id(field).map_err(|unfit| match unfit {
                Unfit::Digits => Stop::OtherIds,
                Unfit::Word => wrong("whole numbers as ids, as in the first row"),
            }),
        };
        rows.ends.push((end(format.source)?, end(format.target)?));
        if let Some(column) = format.weight {
            let weight = fields.get(column).and_then(|field| finite(field));
            let weight = weight.filter(|weight| *weight >= 0.0);
            let wanted = "a finite number of 0 or more as weight in every row";
            rows.weights.push(weight.ok_or_else(|| wrong(wanted))?);
        }
    }
    Ok(rows)
}

/// Numbers the nodes in the order of their ids.
fn list<T: Ord + Copy + Send + Sync>(
    path: &Path,
    rows: Rows<T>,
    name: impl Fn(T) -> UserId,
) -> Result<EdgeList, NetworkError> {
    let mut ids: Vec<T> = rows.ends.iter().flat_map(|(a, b)| [*a, *b]).collect();
    ids.par_sort_unstable();
    ids.dedup();
    if ids.len() >= u32::MAX as usize {
        return Err(NetworkError::TooManyNodes { path: path.to_owned(), nodes: ids.len() as u64 });
    }
    let place = |id: &T| ids.partition_point(|other| other < id) as u32;
    let pairs = rows.ends.par_iter().map(|(a, b)| (place(a), place(b))).collect();
    Ok(EdgeList { ids: ids.into_iter().map(name).collect(), pairs, weights: rows.weights })
}
