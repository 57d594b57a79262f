//! Where a name belongs that was written into another table: what is unknown here is
//! often known there, and a moved or misplaced key is mended without the manual.

use crate::error::clipped;
use crate::mechanism::spec::Scope;
use crate::mechanisms::{self, MECHANISMS};
use crate::scenario::Origin;
use crate::scenario::nearest::{advice, nearest};
use crate::scenario::raw::{Entry, Item};
use crate::scenario::sections::{ARM, SECTIONS};

/// What to write instead of a name that the table at a path does not know.
#[must_use]
pub fn help(path: &str, key: &str, entry: &Entry, known: &[&str]) -> String {
    let Some(home) = table(path, key, entry).or_else(|| parameter(path, key, entry)) else {
        return advice(key, known);
    };
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {home}"),
        None => home,
    }
}

/// The arm or platform of a path, dotted; empty outside the arms.
fn world(path: &str) -> String {
    let parts: Vec<&str> = path.split('.').collect();
    match parts.as_slice() {
        ["arm", _, "platform", _, ..] => parts[..4].join("."),
        ["arm", _, ..] => parts[..2].join("."),
        _ => String::new(),
    }
}

/// A table below another, dotted.
fn below(world: &str, table: &str) -> String {
    if world.is_empty() { table.to_owned() } else { format!("{world}.{table}") }
}

/// A header in as many brackets as the table has.
fn header(path: &str) -> String {
    match SECTIONS.iter().any(|one| one.repeated && one.path == path) {
        true => format!("[[{path}]]"),
        false => format!("[{path}]"),
    }
}

/// Where a name belongs that is a table's elsewhere.
fn table(path: &str, key: &str, entry: &Entry) -> Option<String> {
    let name = clipped(key);
    if key == "platform" {
        return Some("platforms stand in an arm: [arm.NAME.platform.NAME]".to_owned());
    }
    if mechanisms::by_name(key).is_some() {
        return Some(format!(
            "`{key}` is a mechanism: [{key}] sets it in all arms, [arm.NAME.{key}] in one"
        ));
    }
    if key == "enabled" {
        let header = below(if world(path).is_empty() { "arm.NAME" } else { path }, "MECHANISM");
        return Some(format!("a mechanism is switched off or on in its own table, [{header}]"));
    }
    let is_named = |one: &&str| one.rsplit('.').next() == Some(key);
    if let Some(section) = SECTIONS.iter().map(|one| one.path).find(is_named) {
        return Some(format!("`{key}` is a table of the scenario: {}", header(section)));
    }
    let Item::Table(inner) = &entry.node.item else { return None };
    match path {
        _ if !inner.contains_key("preset") => None,
        "" => Some(format!("an arm is written [arm.{name}]")),
        _ if world(path) == path && path.split('.').count() == 2 => {
            Some(format!("a platform of the arm is written [{path}.platform.{name}]"))
        }
        _ => None,
    }
}

/// Where a name belongs that is a parameter of other tables.
fn parameter(path: &str, key: &str, entry: &Entry) -> Option<String> {
    if matches!(entry.node.item, Item::Table(_)) {
        return None;
    }
    let sections = SECTIONS.iter().chain([&ARM]).map(|one| (one.path, one.parameters));
    let all = sections.chain(MECHANISMS.iter().map(|one| (one.name, one.parameters)));
    let has = |list: &[crate::parameter::Parameter]| list.iter().any(|one| one.name == key);
    let homes: Vec<&str> = all.filter(|one| has(one.1)).map(|one| one.0).collect();
    match homes.as_slice() {
        [] => None,
        ["", ..] => Some(format!("`{key}` stands at the top of the scenario, above every table")),
        ["arm", ..] => Some(format!("`{key}` is a key of an arm: [arm.NAME]")),
        [home] => Some(one_home(path, home, key, entry)),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|one| format!("`{one}`")).collect();
            let all = format!("{} and `{last}`", rest.join(", "));
            Some(format!("`{key}` is a parameter of {all}: write it in the table that is meant"))
        }
    }
}

/// The only table that has the parameter, and how it is written from here.
fn one_home(path: &str, home: &str, key: &str, entry: &Entry) -> String {
    let there = match mechanisms::by_name(home) {
        // A mechanism of the world stands below the arm, whatever platform asks for it.
        Some(spec) if spec.scope == Scope::World => {
            let world = world(path);
            below(world.split_once(".platform.").map_or(world.as_str(), |parts| parts.0), home)
        }
        Some(_) => below(&world(path), home),
        None => home.to_owned(),
    };
    let how = match entry.node.origin {
        Origin::CommandLine => format!("give it as `{there}.{key}`"),
        _ => format!("write it below {}", header(&there)),
    };
    format!("`{key}` is a parameter of `{home}`: {how}")
}
