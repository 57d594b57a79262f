//! The raw mirror of a TOML text: every key and value with its place and origin.

use crate::error::{Issue, Place, Source};
use crate::scenario::{Origin, syntax};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value as it was written.
#[derive(Clone, Debug)]
pub enum Item {
    /// A whole number; beyond 128 bits it is kept as the nearest 128-bit one.
    Integer(i128),
    /// A number with a point or an exponent, nan and inf too.
    Float(f64),
    /// `true` or `false`.
    Flag(bool),
    /// Text.
    Text(String),
    /// A date or a time, which no parameter accepts.
    Date,
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Item {
    /// The type in words.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Text(_) => "text",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A table's entries by key.
pub type Table = BTreeMap<String, Entry>;

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where the key stands.
    pub key: Place,
    /// The value.
    pub node: Node,
}

/// A value with its place and origin.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub item: Item,
    /// Where it stands.
    pub place: Place,
    /// Which layer it belongs to.
    pub origin: Origin,
}

impl Node {
    /// The entries, if it is a table.
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        match &self.item {
            Item::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// Reads a text; on mistakes of syntax, all of them.
///
/// # Errors
/// The mistakes.
pub fn parse(source: &Arc<Source>, origin: &Origin) -> Result<Node, Vec<Issue>> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        let span = document.span();
        let reader = Reader { source, origin };
        return Ok(reader.node(Item::Table(reader.table(document.get_ref())), span));
    }
    let mistake = |error: &toml::de::Error| {
        let span = error.span().unwrap_or(0..0);
        syntax::issue(source, span, error.message())
    };
    Err(errors.iter().map(mistake).collect())
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    origin: &'a Origin,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { source: self.source.clone(), span }
    }

    fn node(&self, item: Item, span: Range<usize>) -> Node {
        Node { item, place: self.place(span), origin: self.origin.clone() }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let entry = |(key, value): (&Spanned<_>, &Spanned<_>)| {
            let name: &std::borrow::Cow<'_, str> = key.get_ref();
            (name.to_string(), Entry { key: self.place(key.span()), node: self.value(value) })
        };
        table.iter().map(entry).collect()
    }

    fn value(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let item = match value.get_ref() {
            DeValue::String(text) => Item::Text(text.to_string()),
            DeValue::Integer(digits) => Item::Integer(integer(digits.as_str(), digits.radix())),
            DeValue::Float(digits) => Item::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(yes) => Item::Flag(*yes),
            DeValue::Datetime(_) => Item::Date,
            DeValue::Array(list) => Item::List(list.iter().map(|one| self.value(one)).collect()),
            DeValue::Table(table) => Item::Table(self.table(table)),
        };
        self.node(item, value.span())
    }
}

fn integer(digits: &str, radix: u32) -> i128 {
    let beyond = if digits.starts_with('-') { i128::MIN } else { i128::MAX };
    i128::from_str_radix(digits, radix).unwrap_or(beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Node, Vec<Issue>> {
        let source = Source { rank: 0, name: "test".into(), text: text.into() };
        parse(&Arc::new(source), &Origin::Scenario)
    }

    #[test]
    fn values_keep_their_places() {
        let node = read("a = 1\n[b]\nc = \"x\"").expect("valid");
        let b = &node.table().expect("a table")["b"];
        let c = &b.node.table().expect("a table")["c"];
        assert_eq!(c.key.source.position(c.key.span.start), (3, 1));
        assert_eq!(c.node.place.source.position(c.node.place.span.start), (3, 5));
    }

    #[test]
    fn huge_integers_stay_huge() {
        let node = read("a = 99999999999999999999999999999999999999999999").expect("valid");
        let a = &node.table().expect("a table")["a"].node;
        assert!(matches!(a.item, Item::Integer(i128::MAX)));
    }

    #[test]
    fn all_mistakes_of_syntax_are_reported() {
        let issues = read("a = \nb = 1\nc = ]\n").expect_err("two mistakes");
        let lines: Vec<usize> = issues.iter().map(Issue::line).collect();
        assert!(lines.contains(&1) && lines.contains(&3), "{lines:?}");
    }
}
