//! Tables in double brackets: segments and categories.
//!
//! A list in `--set` replaces the file's; a table in `--set` changes the elements that
//! its keys name: `--set population.segment.villages.weight=2`.

use crate::error::{Issue, UNKNOWN_TABLE, WRONG_TYPE, clipped};
use crate::parameter::{Parameter, Value};
use crate::scenario::layers::{Layer, Read, Reading, joined};
use crate::scenario::nearest::advice;
use crate::scenario::raw::{Item, Node, Table};
use crate::scenario::resolve::{Resolver, at};

impl Resolver<'_> {
    /// The elements of a list; one with all defaults where there is none.
    pub(super) fn list(&mut self, path: &[&str], parameters: &'static [Parameter]) -> Vec<Read> {
        let label = path.join(".");
        let (mut elements, mut changes): (&[Node], _) = (&[], None);
        for (root, by_name) in [(self.file, false), (self.sets, true)] {
            let Some(node) = at(root, path) else { continue };
            match &node.item {
                Item::List(nodes) => elements = nodes,
                Item::Table(table) if by_name => changes = Some(table),
                other => {
                    let noun = other.noun();
                    let message = format!("`{label}` must be a list of tables, not {noun}");
                    let issue = Issue::new(WRONG_TYPE, &node.place, message).label("here");
                    self.issues.push(issue.help(format!("write [[{label}]] and its keys below")));
                }
            }
        }
        let names: Vec<String> = match elements {
            [] => vec![name(None, parameters)],
            some => some.iter().map(|node| name(Some(node), parameters)).collect(),
        };
        let reading = Reading { parameters, others: &[] };
        let element = |(index, name): (usize, &String)| {
            let own = elements.get(index).map(|node| Layer { path: label.clone(), node });
            let change = changes.and_then(|table: &Table| table.get(name));
            let path = joined(&label, name);
            let change = change.map(|entry| Layer { path, node: &entry.node });
            let layers: Vec<_> = own.into_iter().chain(change).collect();
            reading.read(&layers, &mut self.issues)
        };
        let list = names.iter().enumerate().map(element).collect();
        self.strangers(&label, changes, &names);
        list
    }

    /// Reports changes of elements that the list does not have.
    fn strangers(&mut self, label: &str, changes: Option<&Table>, names: &[String]) {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let unknown = changes.into_iter().flatten().filter(|(key, _)| !names.contains(key));
        for (key, entry) in unknown {
            let message = format!("no [[{label}]] is called `{}`", clipped(key));
            let issue = Issue::new(UNKNOWN_TABLE, &entry.key, message).label("not in the scenario");
            self.issues.push(issue.help(advice(key, &known)));
        }
    }
}

/// The name that an element gives itself, or that of the declaration.
fn name(element: Option<&Node>, parameters: &[Parameter]) -> String {
    let given = element.and_then(|node| at(node, &["name"]));
    if let Some(Node { item: Item::Text(text), .. }) = given {
        return text.clone();
    }
    let declared = parameters.iter().find(|parameter| parameter.name == "name");
    match declared.map(Parameter::default_value) {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    }
}
