//! The digest of a scenario: equal exactly where every value that can act is equal.
//!
//! BLAKE3 of one line a value, `path = value`, sorted by path. Mechanisms that are
//! off, and parameters of other kinds of network, are left out, so that the digest does
//! not change when the registry grows.
//! `network.file` counts as it was written, so that the digest does not depend on
//! where the scenario lies; what stands in files is added by `cli::load::digest`, which is what
//! run folders, checkpoints and sweeps are known by.

use crate::network::acts;
use crate::parameter::{Value, Values};
use crate::scenario::sections::Head;
use crate::scenario::{Scenario, Setting};
use std::collections::BTreeMap;

/// The epoch of results: raised where a version computes other results from the same scenario
/// and seed, so that what an earlier one left is not gone on with.
pub const RESULTS_EPOCH: u32 = 3;

/// The digest as 64 hexadecimal digits.
#[must_use]
pub fn digest(scenario: &Scenario) -> String {
    let mut hasher = blake3::Hasher::new();
    for (path, value) in lines(scenario) {
        // Text is quoted and escaped, so that a line feed cannot imitate another line.
        hasher.update(format!("{path} = {value}\n").as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The keys at the top of a scenario.
#[must_use]
pub(super) fn head(scenario: &Scenario) -> Head {
    Head {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        seed: scenario.seed,
        days: scenario.days,
        replicates: scenario.replicates,
        baseline: scenario.baseline.clone(),
    }
}

/// The paths of the values in which two scenarios differ, such as `population.consumers`.
#[must_use]
pub fn differences(one: &Scenario, other: &Scenario) -> Vec<String> {
    let (a, b) = (lines(one), lines(other));
    let mut paths: Vec<&String> =
        a.iter().filter(|(k, v)| b.get(*k) != Some(v)).map(|x| x.0).collect();
    paths.extend(b.keys().filter(|path| !a.contains_key(*path)));
    paths.into_iter().cloned().collect()
}

fn lines(scenario: &Scenario) -> BTreeMap<String, Value> {
    let mut lines = BTreeMap::new();
    add(&mut lines, "head", &head(scenario).to_values());
    add(&mut lines, "population", &scenario.population.to_values());
    add(&mut lines, "market", &scenario.market.to_values());
    add(&mut lines, "start", &scenario.start.to_values());
    let mut network = scenario.network.to_values();
    network.0.insert("file", Value::Text(scenario.network_file_written.clone()));
    network.0.retain(|name, _| acts(name, &scenario.network.kind));
    add(&mut lines, "network", &network);
    for (index, segment) in scenario.segments.iter().enumerate() {
        add(&mut lines, &format!("population.segment.{index}"), &segment.to_values());
    }
    for (index, category) in scenario.categories.iter().enumerate() {
        add(&mut lines, &format!("market.category.{index}"), &category.to_values());
    }
    for arm in &scenario.arms {
        let path = format!("arm {:?}", arm.name);
        settings(&mut lines, &path, &arm.mechanisms);
        for platform in &arm.platforms {
            let path = format!("{path} platform {:?}", platform.name);
            settings(&mut lines, &path, &platform.mechanisms);
        }
    }
    lines
}

fn settings(lines: &mut BTreeMap<String, Value>, path: &str, settings: &[Setting]) {
    // The line of the place itself keeps an arm without mechanisms from vanishing.
    lines.insert(path.to_owned(), Value::Flag(true));
    for setting in settings.iter().filter(|setting| setting.enabled) {
        add(lines, &format!("{path} {}", setting.spec.name), &setting.values);
        lines.insert(format!("{path} {}", setting.spec.name), Value::Flag(true));
    }
}

fn add(lines: &mut BTreeMap<String, Value>, path: &str, values: &Values) {
    for (name, value) in &values.0 {
        lines.insert(format!("{path}.{name}"), value.clone());
    }
}
