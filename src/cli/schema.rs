//! `guanxi schema`: the JSON Schema of a scenario, so that an editor completes keys, shows
//! what they mean and marks what is not accepted; written from the declarations alone.

use crate::cli::Done;
use crate::cli::reference::{Key, one_line};
use crate::cli::screen::Screen;
use crate::mechanism::spec::{Scope, Spec};
use crate::mechanisms::MECHANISMS;
use crate::parameter::{Kind, Parameter, Value as Given};
use crate::scenario::preset::PRESETS;
use crate::scenario::sections::{ARM, SECTIONS, Section};
use clap::Args;
use serde_json::{Map, Value, json};

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Writes the schema to stdout.
pub fn execute(_arguments: &Arguments, screen: &Screen) -> Done {
    screen.document(&schema());
    Ok(())
}

/// The schema of a scenario (JSON Schema, draft 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut top = properties(SECTIONS[0].path, SECTIONS[0].parameters);
    for section in &SECTIONS[1..] {
        insert(&mut top, section);
    }
    // A mechanism's table at the top counts for all arms, whatever its scope.
    top.extend(mechanisms(|_| true));
    let arms = json!({
        "type": "object",
        "description": one_line(ARM.about),
        "minProperties": 1,
        "additionalProperties": { "$ref": "#/$defs/arm" },
    });
    top.insert("arm".to_owned(), arms);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of guanxi",
        "description": "Read by `guanxi check` and `guanxi run`, which check more than a schema can.",
        "type": "object",
        "properties": top,
        "required": ["arm"],
        "additionalProperties": false,
        "$defs": { "arm": arm(), "platform": platform() },
    })
}

/// An arm: its keys, mechanisms of either scope, and the platforms that compete in it.
fn arm() -> Value {
    let mut keys = properties(ARM.path, ARM.parameters);
    name_presets(&mut keys);
    keys.extend(mechanisms(|_| true));
    let platforms = json!({
        "type": "object",
        "description": "platforms that compete for the arm's consumers, by name",
        "additionalProperties": { "$ref": "#/$defs/platform" },
    });
    keys.insert("platform".to_owned(), platforms);
    object("a world that is compared with the others", keys)
}

/// One of several platforms of an arm.
fn platform() -> Value {
    let mut keys = properties(ARM.path, ARM.parameters);
    name_presets(&mut keys);
    keys.extend(mechanisms(|spec| spec.scope == Scope::Platform));
    object("a platform that competes with the arm's others", keys)
}

/// Lists the presets where one may be named.
fn name_presets(keys: &mut Map<String, Value>) {
    if let Some(Value::Object(preset)) = keys.get_mut("preset") {
        let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        preset.insert("enum".to_owned(), json!(names));
        preset.remove("default");
    }
}

/// Puts a section where its path says.
fn insert(top: &mut Map<String, Value>, section: &Section) {
    let keys = properties(section.path, section.parameters);
    let mut value = object(&one_line(section.about), keys);
    if section.repeated {
        value = json!({ "type": "array", "items": value, "minItems": 1 });
        if let Some(most) = section.most {
            value["maxItems"] = json!(most);
        }
    }
    match section.path.split_once('.') {
        None => drop(top.insert(section.path.to_owned(), value)),
        Some((table, name)) => {
            let outer = top.entry(table).or_insert_with(|| object("", Map::new()));
            outer["properties"][name] = value;
        }
    }
}

/// The tables of the mechanisms that are asked for.
fn mechanisms(wanted: impl Fn(&Spec) -> bool) -> Map<String, Value> {
    let chosen = MECHANISMS.iter().filter(|spec| wanted(spec));
    chosen.map(|spec| (spec.name.to_owned(), mechanism(spec))).collect()
}

fn mechanism(spec: &Spec) -> Value {
    let mut keys = properties(spec.name, spec.parameters);
    let enabled = json!({
        "type": "boolean",
        "default": spec.on_by_default,
        "description": "whether the mechanism acts",
    });
    keys.insert("enabled".to_owned(), enabled);
    object(&one_line(spec.summary), keys)
}

fn object(about: &str, properties: Map<String, Value>) -> Value {
    json!({
        "type": "object",
        "description": about,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn properties(table: &'static str, parameters: &'static [Parameter]) -> Map<String, Value> {
    let one = |parameter| (Key { table, parameter }, parameter);
    let named = parameters.iter().map(one);
    named.map(|(key, parameter)| (parameter.name.to_owned(), property(&key, parameter))).collect()
}

/// What one key accepts, with its meaning, unit, source and tag.
fn property(key: &Key, parameter: &Parameter) -> Value {
    let mut schema = match parameter.kind {
        Kind::Number => bounded("number", parameter),
        Kind::Integer => bounded("integer", parameter),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Text if parameter.choices.is_empty() => json!({ "type": "string" }),
        Kind::Text => json!({ "type": "string", "enum": parameter.choices }),
        Kind::Numbers => json!({ "type": "array", "items": bounded("number", parameter) }),
    };
    let unit = match parameter.unit {
        "" | "1" => String::new(),
        unit => format!(" [{unit}]"),
    };
    let origin = format!("{}: {}", parameter.tag.letter(), one_line(parameter.source));
    schema["description"] = json!(format!("{}{unit} ({origin})", key.meaning()));
    if !parameter.default.is_empty() {
        schema["default"] = match parameter.default_value() {
            Given::Number(x) => json!(x),
            Given::Integer(n) => json!(n),
            Given::Flag(yes) => json!(yes),
            Given::Text(text) => json!(text),
            Given::Numbers(list) => json!(list),
        };
    }
    schema
}

/// A kind of number within the parameter's range.
fn bounded(kind: &str, parameter: &Parameter) -> Value {
    let mut schema = json!({ "type": kind });
    let ends = [("minimum", parameter.min), ("maximum", parameter.max)];
    for (word, end) in ends.into_iter().filter(|(_, end)| end.is_finite()) {
        schema[word] =
            if end.fract() == 0.0 && end.abs() < 1e15 { json!(end as i64) } else { json!(end) };
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::reference::keys;

    /// The schema of a dotted key of the manual.
    fn find<'a>(schema: &'a Value, path: &str) -> Option<&'a Value> {
        let parts: Vec<&str> = path.split('.').collect();
        let arm = &schema["$defs"]["arm"];
        let start = if parts[0] == "arm" { arm } else { schema };
        let rest = if parts[0] == "arm" { &parts[1..] } else { &parts[..] };
        let step = |at: Option<&'a Value>, name: &&str| {
            let at = at?;
            let at = at.get("items").unwrap_or(at);
            at["properties"].get(*name)
        };
        let found = rest.iter().fold(Some(start), step);
        found.or_else(|| rest.iter().fold(Some(arm), step))
    }

    #[test]
    fn every_key_of_the_manual_is_in_the_schema() {
        let schema = schema();
        for key in keys() {
            let found = find(&schema, &key.path());
            let found = found.unwrap_or_else(|| panic!("{} is not in the schema", key.path()));
            assert!(found["description"].as_str().is_some_and(|text| text.len() > 5));
        }
    }

    #[test]
    fn a_mechanism_may_stand_at_the_top_whatever_its_scope() {
        let schema = schema();
        for spec in MECHANISMS {
            assert!(schema["properties"][spec.name].is_object(), "{}", spec.name);
        }
    }

    #[test]
    fn a_misspelt_key_is_not_accepted_anywhere() {
        fn objects(value: &Value) -> Vec<&Value> {
            let own = value.get("properties").is_some().then_some(value);
            let below: Vec<&Value> = match value {
                Value::Object(map) => map.values().flat_map(objects).collect(),
                Value::Array(list) => list.iter().flat_map(objects).collect(),
                _ => Vec::new(),
            };
            own.into_iter().chain(below).collect()
        }
        let schema = schema();
        let all = objects(&schema);
        assert!(all.len() > 30);
        for object in all.iter().filter(|object| object.get("type").is_some()) {
            assert_eq!(object["additionalProperties"], json!(false), "{}", object["description"]);
        }
    }
}
