//! A scenario written out: every value with its unit, its origin and its evidence.
//!
//! The text is a scenario itself and resolves to the same values.

use crate::parameter::{Parameter, Value, Values};
use crate::scenario::digest::head;
use crate::scenario::layers::joined;
use crate::scenario::sections::SECTIONS;
use crate::scenario::{Origin, SEED_FILE, Scenario, Setting};
use std::fmt::Write;
use std::path::absolute;

/// The scenario as TOML with nothing left out.
#[must_use]
pub fn resolved_toml(scenario: &Scenario) -> String {
    let mut text = String::from("# Every value, with unit; origin; evidence and source.\n");
    for section in SECTIONS {
        for (index, values) in tables(scenario, section.path).iter().enumerate() {
            match (section.path, section.repeated) {
                ("", _) => {}
                (path, true) => _ = write!(text, "\n[[{path}]]\n"),
                (path, false) => _ = write!(text, "\n[{path}]\n"),
            }
            let path = match section.repeated {
                true => format!("{}.{index}", section.path),
                false => section.path.to_owned(),
            };
            let origin = |name: &str| scenario.origins.get(&joined(&path, name)).cloned();
            lines(&mut text, section.parameters, values, &|name| {
                origin(name).unwrap_or(Origin::Default)
            });
        }
    }
    for arm in &scenario.arms {
        let path = format!("arm.{}", key(&arm.name));
        let _ = write!(text, "\n[{path}]\n");
        let single = matches!(arm.platforms.as_slice(), [one] if one.name == arm.name);
        if let (true, Some(preset)) = (single, arm.platforms[0].preset) {
            let _ = writeln!(text, "preset = \"{preset}\"");
        }
        settings(&mut text, &path, &arm.mechanisms, scenario);
        for platform in &arm.platforms {
            if single {
                settings(&mut text, &path, &platform.mechanisms, scenario);
                continue;
            }
            let path = format!("{path}.platform.{}", key(&platform.name));
            let _ = write!(text, "\n[{path}]\n");
            if let Some(preset) = platform.preset {
                let _ = writeln!(text, "preset = \"{preset}\"");
            }
            settings(&mut text, &path, &platform.mechanisms, scenario);
        }
    }
    text
}

/// The tables of a section.
fn tables(scenario: &Scenario, path: &str) -> Vec<Values> {
    match path {
        "" => vec![head(scenario).to_values()],
        "population" => vec![scenario.population.to_values()],
        "population.segment" => scenario.segments.iter().map(|one| one.to_values()).collect(),
        "network" => vec![scenario.network.to_values()],
        "market" => vec![scenario.market.to_values()],
        "market.category" => scenario.categories.iter().map(|one| one.to_values()).collect(),
        "start" => vec![scenario.start.to_values()],
        other => unreachable!("section `{other}` is declared but not written"),
    }
}

fn settings(text: &mut String, path: &str, settings: &[Setting], scenario: &Scenario) {
    for setting in settings {
        let setting = &placed(setting, scenario);
        let _ = write!(text, "\n[{path}.{}]\nenabled = {}\n", setting.spec.name, setting.enabled);
        let origin = |name: &str| setting.origins.get(name).cloned().unwrap_or(Origin::Default);
        lines(text, setting.spec.parameters, &setting.values, &origin);
    }
}

/// The setting with the whole path of its file of ids, so that the text means the same
/// wherever it lies.
fn placed(setting: &Setting, scenario: &Scenario) -> Setting {
    let mut setting = setting.clone();
    if let Some(Value::Text(written)) = setting.values.0.get(SEED_FILE)
        && !written.is_empty()
    {
        let path = scenario.id_file(&setting, written);
        let path = absolute(&path).unwrap_or(path).to_string_lossy().into_owned();
        setting.values.0.insert(SEED_FILE, Value::Text(path));
    }
    setting
}

fn lines(
    text: &mut String,
    parameters: &[Parameter],
    values: &Values,
    origin: &dyn Fn(&str) -> Origin,
) {
    for parameter in parameters {
        let value = values.value(parameter.name);
        let comment = comment(parameter, value, &origin(parameter.name));
        let _ = writeln!(text, "{} = {value} # {comment}", parameter.name);
    }
}

/// `unit; origin; tag: source`; the source belongs to the default, so that other
/// values are marked as the user's.
fn comment(parameter: &Parameter, value: &Value, origin: &Origin) -> String {
    let unit = match parameter.unit {
        "" | "1" => "no unit",
        unit => unit,
    };
    let evidence = match (origin, *value == parameter.default_value()) {
        (Origin::Default, _) | (_, true) => {
            format!("{}: {}", parameter.tag.letter(), parameter.source)
        }
        _ => format!("given; the default is {}", parameter.default),
    };
    format!("{unit}; {}; {}", origin.word(), evidence).replace(['\n', '\r'], " ")
}

/// A name as a key: bare where TOML allows it, else quoted.
fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.chars().all(bare) { name.to_owned() } else { format!("\"{name}\"") }
}
