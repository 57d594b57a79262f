//! Presets: named sets of mechanism tables that come with the program.

use crate::error::Source;
use crate::parameters;
use crate::scenario::Origin;
use crate::scenario::layers::{Layer, Reading};
use crate::scenario::raw::{Node, parse};
use crate::scenario::resolve::Resolver;
use std::collections::BTreeMap;
use std::sync::Arc;

parameters! {
    /// The keys of a preset, beside the mechanisms' tables.
    pub struct PresetKeys {
        /// One sentence for lists.
        summary: String = "\"\"", "1", A, "none";
    }
}

/// A preset as it is embedded.
#[derive(Debug)]
pub struct Preset {
    /// Name.
    pub name: &'static str,
    /// TOML: `summary` and mechanism tables.
    pub text: &'static str,
}

/// All presets.
pub const PRESETS: &[Preset] = &[
    Preset { name: "traditional", text: include_str!("../../scenarios/presets/traditional.toml") },
    Preset { name: "viral", text: include_str!("../../scenarios/presets/viral.toml") },
    Preset { name: "kol", text: include_str!("../../scenarios/presets/kol.toml") },
    Preset { name: "community", text: include_str!("../../scenarios/presets/community.toml") },
];

impl Preset {
    /// The preset of a name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Its one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let table: Option<toml::Table> = self.text.parse().ok();
        let summary = table.as_ref().and_then(|table| table.get("summary"));
        summary.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    }
}

/// Every preset's tables; what is wrong in one is reported like a user's mistake.
pub(super) fn tables(resolver: &mut Resolver<'_>) -> BTreeMap<&'static str, Node> {
    let mut nodes = BTreeMap::new();
    let others: Vec<&str> = resolver.catalogue.mechanisms.iter().map(|spec| spec.name).collect();
    for preset in resolver.catalogue.presets {
        let name = format!("preset {}", preset.name);
        let text = preset.text.to_owned();
        let source = Arc::new(Source { rank: 1, name, text });
        match parse(&source, &Origin::Preset(preset.name)) {
            Ok(node) => {
                let layer = Layer { path: format!("preset {}", preset.name), node: &node };
                let reading = Reading { parameters: PresetKeys::DECLARED, others: &others };
                reading.read(&[layer], &mut resolver.issues);
                nodes.insert(preset.name, node);
            }
            Err(issues) => issues.into_iter().for_each(|issue| resolver.issues.push(issue)),
        }
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_says_what_it_is() {
        for preset in PRESETS {
            assert!(!preset.summary().is_empty(), "{} has no summary", preset.name);
        }
    }
}
