//! Presets: named sets of mechanism tables that come with the program.

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
