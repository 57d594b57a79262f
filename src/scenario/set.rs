//! `--set key=value`: a dotted path and a value, laid over the scenario.

use crate::error::{BAD_SET, Issue, Issues, Place, Source};
use crate::scenario::Origin;
use crate::scenario::raw::{Item, Node, Table, parse};
use std::sync::Arc;

/// All arguments as one table, later ones over earlier ones.
pub fn layer(sets: &[String], issues: &mut Issues) -> Node {
    let mut table = Table::new();
    for (index, text) in sets.iter().enumerate() {
        let name = format!("--set {text}");
        let source = Arc::new(Source { rank: index + 2, name, text: text.clone() });
        match argument(&source) {
            Ok(part) => merge(&mut table, part),
            Err(issue) => issues.push(issue),
        }
    }
    let source = Arc::new(Source { rank: 2, name: "--set".to_owned(), text: String::new() });
    let place = Place { source, span: 0..0 };
    Node { item: Item::Table(table), place, origin: Origin::CommandLine }
}

/// One argument: as TOML, else with its value as text.
fn argument(source: &Arc<Source>) -> Result<Table, Issue> {
    let whole = Place { source: source.clone(), span: 0..source.text.len() };
    let bad = |message: &str| {
        let help = "write --set TABLE.KEY=VALUE, as in --set population.consumers=1e6";
        Issue::new(BAD_SET, &whole, message).label("given here").help(help)
    };
    let equals = source.text.find('=').ok_or_else(|| bad("`--set` without an equals sign"))?;
    if let Ok(Node { item: Item::Table(table), .. }) = parse(source, &Origin::CommandLine)
        && table.len() == 1
    {
        return Ok(table);
    }
    let key = &source.text[..equals];
    let text = format!("{key}=0");
    let shadow = Source { rank: source.rank, name: source.name.clone(), text };
    let Ok(Node { item: Item::Table(mut table), .. }) =
        parse(&Arc::new(shadow), &Origin::CommandLine)
    else {
        return Err(bad("the key of `--set` is not a dotted TOML key"));
    };
    relocate(&mut table, source, source.text[equals + 1..].trim());
    Ok(table)
}

/// Points the shadow's places at the real argument and puts the text in place of its 0.
fn relocate(table: &mut Table, source: &Arc<Source>, value: &str) {
    for entry in table.values_mut() {
        entry.key.source = source.clone();
        entry.node.place.source = source.clone();
        match &mut entry.node.item {
            Item::Table(inner) => relocate(inner, source, value),
            item => {
                *item = Item::Text(value.to_owned());
                entry.node.place.span.end = source.text.len();
            }
        }
    }
}

/// Lays one table over another; what both have as tables is merged.
fn merge(under: &mut Table, over: Table) {
    for (key, entry) in over {
        match (under.get_mut(&key).map(|old| &mut old.node.item), entry.node.item) {
            (Some(Item::Table(old)), Item::Table(new)) => merge(old, new),
            (_, item) => {
                let node = Node { item, ..entry.node };
                under.insert(key, crate::scenario::raw::Entry { key: entry.key, node });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(sets: &[&str], path: &[&str]) -> Item {
        let sets: Vec<String> = sets.iter().map(|&text| text.to_owned()).collect();
        let mut issues = Issues::default();
        let mut node = layer(&sets, &mut issues);
        assert!(!issues.any_error());
        for key in path {
            node = node.table().expect("a table")[*key].node.clone();
        }
        node.item
    }

    #[test]
    fn values_are_toml_or_else_text() {
        assert!(matches!(leaf(&["a.b=1e6"], &["a", "b"]), Item::Float(1e6)));
        assert!(matches!(leaf(&["a.b=viral"], &["a", "b"]), Item::Text(t) if t == "viral"));
        assert!(matches!(leaf(&["a.b = x=y"], &["a", "b"]), Item::Text(t) if t == "x=y"));
        assert!(matches!(leaf(&["a.b="], &["a", "b"]), Item::Text(t) if t.is_empty()));
        assert!(matches!(leaf(&["a=1\nb=2"], &["a"]), Item::Text(t) if t == "1\nb=2"));
    }

    #[test]
    fn later_arguments_win_and_others_stay() {
        let sets = ["a.b=1", "a.c=2", "a.b=3"];
        assert!(matches!(leaf(&sets, &["a", "b"]), Item::Integer(3)));
        assert!(matches!(leaf(&sets, &["a", "c"]), Item::Integer(2)));
    }

    #[test]
    fn malformed_arguments_are_reported() {
        for text in ["abc", "=1", "a b=1", "a..b=1"] {
            let mut issues = Issues::default();
            layer(&[text.to_owned()], &mut issues);
            assert!(issues.any_error(), "{text}");
        }
    }
}
