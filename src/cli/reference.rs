//! Everything that has a name, gathered from the declarations.

use crate::mechanism::spec::{Channel, Role, Scope, Spec};
use crate::mechanisms::MECHANISMS;
use crate::output::declared::Declared;
use crate::parameter::Parameter;
use crate::scenario::layers::joined;
use crate::scenario::sections::{ARM, SECTIONS};
use crate::scenario::value::accepted;

/// A parameter with the path of its table.
#[derive(Clone, Copy)]
pub struct Key {
    /// Path of the table; empty at the top of a scenario.
    pub table: &'static str,
    /// The declaration.
    pub parameter: &'static Parameter,
}

impl Key {
    /// The dotted name.
    #[must_use]
    pub fn path(&self) -> String {
        joined(self.table, self.parameter.name)
    }

    /// What it accepts, with its unit.
    #[must_use]
    pub fn accepted(&self) -> String {
        match self.parameter.unit {
            "" | "1" => accepted(self.parameter),
            unit => format!("{} ({unit})", accepted(self.parameter)),
        }
    }

    /// The meaning on one line, and where it has an effect.
    #[must_use]
    pub fn meaning(&self) -> String {
        let meaning = one_line(self.parameter.doc);
        let Some(only) = self.parameter.only else { return meaning };
        format!("{meaning} Only where {} is {}.", only.key, only.told(""))
    }
}

/// A text with all its white space made single.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All parameters: sections, then mechanisms.
#[must_use]
pub fn keys() -> Vec<Key> {
    let sections = SECTIONS.iter().chain([&ARM]).map(|section| (section.path, section.parameters));
    let mechanisms = MECHANISMS.iter().map(|spec| (spec.name, spec.parameters));
    let key = |(table, parameters): (&'static str, &'static [Parameter])| {
        parameters.iter().map(move |parameter| Key { table, parameter })
    };
    sections.chain(mechanisms).flat_map(key).collect()
}

/// All channels with the mechanisms that send through them.
#[must_use]
pub fn channels() -> Vec<(&'static Spec, &'static Channel)> {
    let of = |spec: &&'static Spec| {
        let spec: &'static Spec = spec;
        spec.channels.iter().map(move |channel| (spec, channel))
    };
    MECHANISMS.iter().flat_map(of).collect()
}

/// What a run folder holds.
pub const OUTPUT: Declared = Declared::REGISTRY;

/// A scope in words.
#[must_use]
pub fn scope(spec: &Spec) -> &'static str {
    match spec.scope {
        Scope::World => "world",
        Scope::Platform => "platform",
    }
}

/// Whether a mechanism is on, in words.
#[must_use]
pub fn standing(spec: &Spec) -> String {
    match (spec.needed, spec.on_by_default) {
        (Some(why), _) => format!("always on: without it {why}"),
        (None, true) => "on by default".to_owned(),
        (None, false) => "off by default".to_owned(),
    }
}

/// A role in words.
#[must_use]
pub fn role(spec: &Spec) -> &'static str {
    match spec.role {
        Role::Sender => "sender",
        Role::Decider => "decider",
        Role::Clearing => "clearing",
        Role::Process => "process",
    }
}
