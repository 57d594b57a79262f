//! `guanxi explain`: whatever has a name, in a few lines.

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::cli::reference::{Key, OUTPUT, channels, keys, one_line, role, scope, standing};
use crate::cli::screen::{Screen, columns};
use crate::error::{CODES, explanation};
use crate::mechanism::spec::Spec;
use crate::mechanisms;
use crate::output::comparison::better_word;
use crate::output::declared::Table;
use crate::scenario::nearest::nearest;
use crate::scenario::preset::{PRESETS, Preset};
use crate::scenario::sections::{ARM, SECTIONS, Section};
use clap::Args;
use serde_json::json;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// An error code (GX0101), a key (population.consumers), or the name of a table,
    /// mechanism, preset, metric or channel.
    #[arg(value_name = "CODE|KEY")]
    pub name: String,
}

/// Explains everything that has the name.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let found = meanings(&arguments.name);
    if found.is_empty() {
        let names = names();
        let near = nearest(&arguments.name, names.iter().map(String::as_str));
        let near = near.map_or_else(
            || "`guanxi list parameters` and `guanxi list mechanisms` show what there is".into(),
            |name| format!("did you mean `{name}`?"),
        );
        return Err(Failure::Usage(format!("nothing is called `{}`; {near}", arguments.name)));
    }
    if screen.json {
        screen.document(&json!({ "name": arguments.name, "meanings": found }));
    } else {
        screen.data(&found.join("\n"));
    }
    Ok(())
}

/// All meanings of a name, each as a paragraph.
#[must_use]
pub fn meanings(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(code) = explanation(name) {
        let kind = code.severity.word();
        found.push(format!("{} ({kind}): {}\n\n{}\n", code.code, code.title, code.text));
    }
    // A key in an arm, `arm.viral.group_buy.size`, is the mechanism's own.
    let parts: Vec<&str> = name.split('.').collect();
    let tail = parts[parts.len().saturating_sub(2)..].join(".");
    let in_arm = |key: &Key| match parts.as_slice() {
        ["arm", _, own] if key.table == "arm" => key.parameter.name == *own,
        ["arm", ..] => key.path() == tail,
        _ => false,
    };
    let exact = |key: &Key| key.path() == name || in_arm(key);
    let bare = |key: &Key| parts.len() == 1 && key.parameter.name == name;
    found.extend(keys().iter().filter(|key| exact(key) || bare(key)).map(parameter));
    found.extend(
        SECTIONS
            .iter()
            .chain([&ARM])
            .filter(|one| !name.is_empty() && (one.path == name || is_platform(one, name)))
            .map(section),
    );
    found.extend(mechanisms::by_name(name).map(mechanism));
    found.extend(Preset::by_name(name).map(preset));
    let tables = OUTPUT.all();
    found.extend(tables.iter().filter(|one| one.schema.name == name).map(table));
    found.extend(OUTPUT.metrics.iter().filter(|one| one.name == name).map(|metric| {
        let better = better_word(metric.better);
        format!(
            "{name} (metric, {}): {}\n  better: {better}\n  in Chinese: {}\n",
            metric.unit, metric.meaning, metric.meaning_zh
        )
    }));
    found.extend(
        channels()
            .into_iter()
            .filter(|one| one.1.name == name)
            .map(|(spec, one)| format!("{name} (channel of {}): {}\n", spec.name, one.summary)),
    );
    found
}

/// Whether a platform is asked for, which has the keys of an arm.
fn is_platform(section: &Section, name: &str) -> bool {
    section.path == ARM.path && matches!(name, "platform" | "arm.platform")
}

/// Every name that can be explained.
fn names() -> Vec<String> {
    let mut names: Vec<String> = keys().iter().map(Key::path).collect();
    names.extend(keys().iter().map(|key| key.parameter.name.to_owned()));
    let words = CODES.iter().map(|one| one.code).chain(PRESETS.iter().map(|one| one.name));
    let sections = SECTIONS.iter().chain([&ARM]).map(|one| one.path);
    let words = words.chain(sections.filter(|path| !path.is_empty()));
    let words = words.chain(mechanisms::MECHANISMS.iter().map(|one| one.name));
    let words = words.chain(OUTPUT.metrics.iter().map(|one| one.name));
    let words = words.chain(channels().into_iter().map(|one| one.1.name));
    names.extend(words.map(str::to_owned));
    names.extend(OUTPUT.all().iter().map(|table| table.schema.name.to_owned()));
    names
}

fn parameter(key: &Key) -> String {
    let Key { parameter, .. } = key;
    let default = match parameter.default {
        "" if crate::scenario::layers::is_required(parameter) => "none; it must be given",
        "" => "\"\"",
        given => given,
    };
    format!(
        "{} (parameter): {}\n  accepts  {}\n  default  {default}\n  source   {} ({}): {}\n",
        key.path(),
        key.meaning(),
        key.accepted(),
        parameter.tag.letter(),
        parameter.tag.meaning(),
        parameter.source,
    )
}

fn rows(list: impl Iterator<Item = Key>) -> String {
    let row = |key: Key| {
        vec![format!("  {}", key.parameter.name), key.parameter.default.to_owned(), key.meaning()]
    };
    columns(&list.map(row).collect::<Vec<_>>())
}

fn section(section: &Section) -> String {
    let brackets = if section.repeated { ("[[", "]]") } else { ("[", "]") };
    let list = section.parameters.iter().map(|parameter| Key { table: section.path, parameter });
    format!(
        "{}{}{} (table): {}\n{}",
        brackets.0,
        section.path,
        brackets.1,
        section.about,
        rows(list)
    )
}

fn mechanism(spec: &'static Spec) -> String {
    let list = spec.parameters.iter().map(|parameter| Key { table: spec.name, parameter });
    format!(
        "{} (mechanism): {}\n  scope {}, role {}, {}\n{}",
        spec.name,
        one_line(spec.summary),
        scope(spec),
        role(spec),
        standing(spec),
        rows(list),
    )
}

fn preset(preset: &'static Preset) -> String {
    let advice = format!("`guanxi list presets --print {}` prints it", preset.name);
    format!("{} (preset): {}\n  {advice}\n", preset.name, preset.summary())
}

fn table(table: &Table) -> String {
    let columns_of = table.keys.columns().iter().chain(table.schema.columns);
    let row = |column: &crate::table::Column| {
        vec![format!("  {}", column.name), column.unit.to_owned(), column.meaning.to_owned()]
    };
    let rows: Vec<_> = columns_of.map(row).collect();
    format!("{} (output table): {}\n{}", table.schema.name, table.schema.summary, columns(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_registry_is_explained() {
        let names = names();
        assert!(names.len() > 300, "{} names", names.len());
        for name in names {
            let found = meanings(&name);
            assert!(!found.is_empty(), "`{name}` is not explained");
            assert!(found.iter().all(|text| text.len() > 20), "`{name}` is explained by {found:?}");
        }
        for key in keys() {
            let said = meanings(&key.path()).join("\n");
            for part in ["accepts  ", "default  ", "source   "] {
                assert!(said.contains(part), "{}: no `{part}`", key.path());
            }
        }
    }
}
