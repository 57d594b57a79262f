//! Arms, their platforms, and every mechanism in each of them.

use crate::error::{
    DUPLICATE, Issue, NO_ARM, NOT_YET, OFF, Place, UNKNOWN_PRESET, UNKNOWN_TABLE, WRONG_PLACE,
    clipped,
};
use crate::mechanism::spec::{Scope, Spec};
use crate::parameter::Parameter;
use crate::parameters;
use crate::scenario::layers::{Layer, Reading, dotted, enabled, is_required};
use crate::scenario::nearest::advice;
use crate::scenario::raw::Node;
use crate::scenario::resolve::{Resolver, at};
use crate::scenario::value::checked;
use crate::scenario::{Arm, Origin, Platform, Setting, checks, preset, roles, world_name};
use std::collections::{BTreeMap, BTreeSet};

parameters! {
    /// The keys of an arm or platform, beside the mechanisms' tables.
    pub struct Keys {
        /// Preset from which it starts; none where empty.
        preset: String = "\"\"", "1", A, "mechanisms that are on by default";
    }
}

/// A table of the user's that sets parameters, and whether its mechanism runs anywhere.
struct Reach {
    path: String,
    place: Place,
    /// The parameters that it sets to something else than their defaults.
    keys: Vec<&'static str>,
    mechanism: &'static str,
    origin: Origin,
    anywhere: bool,
}

/// What building the arms needs beside the resolver.
struct Builder<'r, 'a> {
    resolver: &'r mut Resolver<'a>,
    presets: BTreeMap<&'static str, Node>,
    reach: Vec<Reach>,
    /// Whether the present arm names a preset that is not known: what follows from
    /// what the preset might have said is not reported.
    preset_unknown: bool,
}

/// All arms in the order of their names.
pub(super) fn arms(resolver: &mut Resolver<'_>) -> Vec<Arm> {
    let presets = preset::tables(resolver);
    let names: Vec<String> = keys(resolver.file, &["arm"]);
    for layer in resolver.layers(&["arm"]) {
        Reading { parameters: &[], others: &all(&layer) }.read(&[layer], &mut resolver.issues);
    }
    // An `arm` that is no table is reported as such.
    let is_other = at(resolver.file, &["arm"]).is_some_and(|node| node.table().is_none());
    if names.is_empty() && !is_other {
        let message = "the scenario has no arm";
        let help = "add one: [arm.viral] and below it preset = \"viral\"";
        let top = Place { source: resolver.file.place.source.clone(), span: 0..0 };
        resolver.issues.push(Issue::new(NO_ARM, &top, message).help(help));
    }
    strangers(resolver, &["arm"], &names);
    let mut builder = Builder { resolver, presets, reach: Vec::new(), preset_unknown: false };
    let arms: Vec<Arm> = names.iter().map(|name| builder.arm(name)).collect();
    builder.warn();
    told_apart(resolver, &arms);
    arms
}

/// Reports platforms whose runs would have the name of another's.
fn told_apart(resolver: &mut Resolver<'_>, arms: &[Arm]) {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for arm in arms {
        for platform in &arm.platforms {
            let name = world_name(&arm.name, &platform.name);
            let Some(other) = known.insert(name.clone(), arm.name.clone()) else { continue };
            let (name, own, other) = (clipped(&name), clipped(&arm.name), clipped(&other));
            let message = format!("runs of arm `{own}` and of arm `{other}` are both `{name}`");
            let place = resolver.key_place(&["arm", &arm.name]);
            let issue = Issue::new(DUPLICATE, &place, message).label("the second one");
            resolver.issues.push(issue.help("a run is called ARM or ARM.PLATFORM: rename one"));
        }
    }
}

/// The keys of a table that are tables themselves.
fn keys(root: &Node, path: &[&str]) -> Vec<String> {
    let table = at(root, path).and_then(Node::table);
    table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
}

/// All keys of a layer, so that only its type is checked.
fn all<'a>(layer: &Layer<'a>) -> Vec<&'a str> {
    layer.node.table().map(|table| table.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Reports arms or platforms that only `--set` names: most likely a slip.
fn strangers(resolver: &mut Resolver<'_>, path: &[&str], known: &[String]) {
    let Some(table) = at(resolver.sets, path).and_then(Node::table) else { return };
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    for (name, entry) in table.iter().filter(|(name, _)| !known.contains(name)) {
        let message = format!("the scenario has no {} `{}`", path[path.len() - 1], clipped(name));
        let issue = Issue::new(UNKNOWN_TABLE, &entry.key, message).label("not in the scenario");
        resolver.issues.push(issue.help(advice(name, &names)));
    }
}

impl<'a> Builder<'_, 'a> {
    fn arm(&mut self, name: &str) -> Arm {
        let path = ["arm", name];
        self.named("an arm", name, &path);
        self.preset_unknown = false;
        let mut others = vec!["platform"];
        others.extend(self.resolver.catalogue.mechanisms.iter().map(|spec| spec.name));
        let preset = self.preset(&path, &others);
        let names = keys(self.resolver.file, &["arm", name, "platform"]);
        strangers(self.resolver, &["arm", name, "platform"], &names);
        for layer in self.resolver.layers(&["arm", name, "platform"]) {
            let reading = Reading { parameters: &[], others: &all(&layer) };
            reading.read(&[layer], &mut self.resolver.issues);
        }
        self.room(name, &names);
        let mut platforms: Vec<Platform> =
            names.iter().map(|one| self.platform(name, one, preset)).collect();
        if platforms.is_empty() {
            let mechanisms = self.settings(Scope::Platform, &[&path], &[preset]);
            platforms.push(Platform { name: name.to_owned(), preset, mechanisms });
        }
        let presets: Vec<_> = platforms.iter().map(|one| one.preset).collect();
        let mechanisms = self.settings(Scope::World, &[&path], &presets);
        let arm = Arm { name: name.to_owned(), mechanisms, platforms };
        if !self.preset_unknown {
            roles::roles(self.resolver, &arm);
            roles::needed(self.resolver, &arm);
            roles::budget(self.resolver, &arm);
            roles::paid(self.resolver, &arm);
            roles::attention(self.resolver, &arm);
        }
        arm
    }

    /// Reports more platforms than an arm has room for.
    fn room(&mut self, arm: &str, names: &[String]) {
        let most = self.resolver.catalogue.platforms;
        if let Some(name) = names.get(most) {
            let place = self.resolver.key_place(&["arm", arm, "platform", name]);
            let (arm, n) = (clipped(arm), names.len());
            let message = format!("arm `{arm}` has {n} platforms; an arm has at most {most}");
            let issue = Issue::new(NOT_YET, &place, message).label("one too many");
            self.resolver.issues.push(issue.help("give some of them another arm"));
        }
    }

    fn platform(&mut self, arm: &str, name: &str, preset: Option<&'static str>) -> Platform {
        let path = ["arm", arm, "platform", name];
        self.named("a platform", name, &path);
        let specs = self.resolver.catalogue.mechanisms;
        let others: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
        let preset = self.preset(&path, &others).or(preset);
        for spec in specs.iter().filter(|spec| spec.scope == Scope::World) {
            let below = ["arm", arm, "platform", name, spec.name];
            for layer in self.resolver.layers(&below) {
                let message = format!("`{}` is a mechanism of the world", spec.name);
                let help = format!("write it as [arm.{1}.{0}] or [{0}]", spec.name, clipped(arm));
                let issue = Issue::new(WRONG_PLACE, &layer.node.place, message).label("here");
                self.resolver.issues.push(issue.help(help));
            }
        }
        let mechanisms = self.settings(Scope::Platform, &[&["arm", arm], &path], &[preset]);
        Platform { name: name.to_owned(), preset, mechanisms }
    }

    /// Checks a name that becomes a key and a folder.
    fn named(&mut self, what: &str, name: &str, path: &[&str]) {
        let place = self.resolver.key_place(path);
        checks::name(&mut self.resolver.issues, what, name, &place);
    }

    /// The preset that a table names; also checks the table's keys.
    fn preset(&mut self, path: &[&str], others: &[&str]) -> Option<&'static str> {
        let layers = self.resolver.layers(path);
        let reading = Reading { parameters: Keys::DECLARED, others };
        let read = reading.read(&layers, &mut self.resolver.issues);
        let given = Keys::from_values(&read.values).preset;
        let place = read.places.get("preset").filter(|_| !given.is_empty())?;
        let names: Vec<&'static str> =
            self.resolver.catalogue.presets.iter().map(|preset| preset.name).collect();
        let found = names.iter().find(|name| **name == given);
        if found.is_none() {
            let issue =
                Issue::new(UNKNOWN_PRESET, place, format!("unknown preset `{}`", clipped(&given)));
            let issue = issue.label("no such preset").help(advice(&given, &names));
            self.resolver.issues.push(issue);
            self.preset_unknown = true;
        }
        found.copied()
    }

    /// Every mechanism of a scope, read from the presets, the top level and the tables at `paths`.
    fn settings(
        &mut self,
        scope: Scope,
        paths: &[&[&str]],
        presets: &[Option<&'static str>],
    ) -> Vec<Setting> {
        let specs = self.resolver.catalogue.mechanisms.iter().copied();
        specs
            .filter(|spec| spec.scope == scope)
            .map(|spec| self.setting(spec, paths, presets))
            .collect()
    }

    fn setting(
        &mut self,
        spec: &'static Spec,
        paths: &[&[&str]],
        presets: &[Option<&'static str>],
    ) -> Setting {
        let from_presets = presets.iter().flatten().collect::<BTreeSet<_>>().into_iter();
        let mut layers: Vec<Layer<'_>> = from_presets
            .filter_map(|name| at(self.presets.get(*name)?, &[spec.name]))
            .map(|node| Layer { path: spec.name.to_owned(), node })
            .collect();
        let n_presets = layers.len();
        for root in [self.resolver.file, self.resolver.sets] {
            for path in std::iter::once(&[] as &[&str]).chain(paths.iter().copied()) {
                let full: Vec<&str> = path.iter().copied().chain([spec.name]).collect();
                let node = at(root, &full);
                layers.extend(node.map(|node| Layer { path: dotted(&full), node }));
            }
        }
        let reading = Reading { parameters: spec.parameters, others: &["enabled"] };
        let read = reading.read(&layers, &mut self.resolver.issues);
        let mut on = spec.on_by_default || n_presets > 0;
        for layer in &layers {
            on = enabled(layer, &mut self.resolver.issues).unwrap_or(on);
        }
        if let (true, Some(last)) = (on, layers.last()) {
            reading.require(&read, last, &mut self.resolver.issues);
        }
        for layer in &layers[n_presets..] {
            remember(&mut self.reach, layer, spec, on || self.preset_unknown);
        }
        Setting { spec, enabled: on, values: read.values, origins: read.origins }
    }

    /// Warns of tables whose mechanism runs nowhere.
    fn warn(&mut self) {
        for reach in self.reach.iter().filter(|reach| !reach.anywhere) {
            let Reach { path, mechanism, .. } = reach;
            let keys = reach.keys.join(", ");
            let message = format!("`{path}` sets {keys}, but {mechanism} is off there");
            let wanted = match reach.origin {
                Origin::CommandLine => format!("add --set {path}.enabled=true"),
                _ => "write `enabled = true` in the table".to_owned(),
            };
            let help = format!(
                "parameters alone do not switch a mechanism on: {wanted}, or `enabled = false` \
                 if it is meant to be off"
            );
            let issue = Issue::new(OFF, &reach.place, message).label("without effect").help(help);
            self.resolver.issues.push(issue);
        }
    }
}

/// Notes that a user's table reaches a mechanism that is on or off. A table that says
/// `enabled` itself means what it says, and one that repeats defaults changes nothing.
fn remember(reach: &mut Vec<Reach>, layer: &Layer<'_>, spec: &'static Spec, on: bool) {
    let Some(table) = layer.node.table() else { return };
    if table.contains_key("enabled") {
        return;
    }
    let differs = |parameter: &&Parameter| {
        let entry = table.get(parameter.name);
        let given = entry.and_then(|entry| checked(&entry.node, parameter, "").ok());
        given.is_some_and(|value| is_required(parameter) || value != parameter.default_value())
    };
    let keys: Vec<_> = spec.parameters.iter().filter(differs).map(|one| one.name).collect();
    if keys.is_empty() {
        return;
    }
    match reach.iter_mut().find(|one| one.path == layer.path && one.place == layer.node.place) {
        Some(one) => one.anywhere |= on,
        None => reach.push(Reach {
            path: layer.path.clone(),
            place: layer.node.place.clone(),
            keys,
            mechanism: spec.name,
            origin: layer.node.origin.clone(),
            anywhere: on,
        }),
    }
}
