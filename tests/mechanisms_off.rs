//! Every mechanism that can be off: written as off it leaves no trace where it was off anyhow,
//! and off it is the same as on at no strength, so that nobody else's draws move with it.
//!
//! Goes over the registry. A newcomer adds a line to [`SWITCHES`].

mod common;

use common::Trace;
use guanxi::mechanism::spec::{Role, Scope, Spec};
use guanxi::mechanisms::MECHANISMS;
use guanxi::scenario::{Arm, Scenario, Setting};

/// A mechanism's parameters in a world in which it matters, and those at which it does nothing:
/// nothing that any table or metric shows differs from a world without it.
struct Switch {
    name: &'static str,
    lively: &'static str,
    zero: &'static str,
}

const fn switch(name: &'static str, lively: &'static str, zero: &'static str) -> Switch {
    Switch { name, lively, zero }
}

/// By the order of the registry.
const SWITCHES: &[Switch] = &[
    switch("fatigue", "message_gain = 0.5", "message_gain = 0.0\nadvert_gain = 0.0"),
    switch(
        "need",
        "needs_per_day = 0.3\nlapse_a = 0.5\nhousehold_fills = 0.5",
        "needs_per_day = 0.0\nlapse_a = 0.0\nhousehold_fills = 0.5",
    ),
    switch("outside_ads", "budget_share = 0.2\njoin = -4.0", "budget_share = 0.0"),
    switch("search", "", "attention_share = 0.0"),
    switch("feed", "personal_share = 0.5", "attention_share = 0.0"),
    switch(
        "livestream",
        "budget_share = 0.2\njoin = -3.0\nfatigue_gain = 0.1\ncarry_over_share = 0.5",
        "budget_share = 0.0",
    ),
    switch(
        "leader",
        "bonus_fen = 4_000\nbudget_share = 0.2\njoin = -3.0\nmin_batch = 2",
        "budget_share = 0.0",
    ),
    // Nobody takes the trouble of a team that is no cheaper.
    switch("group_buy", "window_days = 2\nauto_fill_share = 0.3", "discount_share = 0.0"),
    switch(
        "coupon",
        "budget_share = 0.1\nmember_share = 0.5",
        "member_share = 0.0\nnewcomer_share = 0.0",
    ),
    switch("pricing", "review_days = 3\nstep_share = 0.05", "step_share = 0.0"),
    switch("reviews", "base = 0.2", "stars_weight = 0.0\nvolume_weight = 0.0"),
    switch("word_of_mouth", "tell_share = 0.6\ntrust_gain = 0.05", "tell_share = 0.0"),
    // One order in 10¹³ is shared; rewards would be paid for invitations as well.
    switch(
        "sharing",
        "base = -1.0\nbudget_share = 0.2\ngroup_chat_share = 0.3",
        "base = -30.0\nreward_weight = 0.0\nsatisfaction_weight = 0.0\nbudget_share = 0.0",
    ),
    // Without seeds nothing spreads.
    switch("diffusion", "seed_share = 0.1", "seed_share = 0.0"),
];

/// Few people and much money.
const HEAD: &str = "seed = 11\ndays = 25\nreplicates = 1\n[population]\nconsumers = 800\n\
    influencers = 12\n[market]\nmerchants = 30\nmarketing_budget_fen_per_consumer_day = 40.0\n\
    [start]\nregistered_share = 0.35\n[network]\nneighbourhood_size = 80\n";

/// Whether a mechanism may be off.
fn is_optional(spec: &Spec) -> bool {
    spec.needed.is_none() && !matches!(spec.role, Role::Decider | Role::Clearing)
}

/// The line of every mechanism that may be off.
fn switches() -> Vec<(&'static Spec, &'static Switch)> {
    let optional = MECHANISMS.iter().copied().filter(|spec| is_optional(spec));
    let line = |spec: &'static Spec| {
        let found = SWITCHES.iter().find(|switch| switch.name == spec.name);
        let switch = found.unwrap_or_else(|| {
            panic!(
                "`{}` may be off: add a line to SWITCHES that says with which parameters it \
                 matters and with which it does nothing",
                spec.name
            )
        });
        (spec, switch)
    };
    optional.map(line).collect()
}

/// What one mechanism does in a world of lively ones.
#[derive(Clone, Copy, Debug)]
enum State {
    Lively,
    Zero,
    Off,
}

/// The tables of an arm in which all are lively but one; what is a platform's comes below `home`.
fn tables(home: &str, scope: Scope, one: &str, state: State) -> String {
    let table = |(spec, switch): (&Spec, &Switch)| {
        let lines = match (spec.name == one, state) {
            (true, State::Off) => "enabled = false".to_owned(),
            (true, State::Zero) => format!("enabled = true\n{}", zero(switch)),
            _ => format!("enabled = true\n{}", switch.lively),
        };
        format!("[{home}.{}]\n{lines}\n", spec.name)
    };
    let own = switches().into_iter().filter(|(spec, _)| spec.scope == scope);
    own.map(table).collect()
}

/// A mechanism's lines at no strength: the lively ones but where the zeros say otherwise.
fn zero(switch: &Switch) -> String {
    let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
    let zeros: Vec<String> = switch.zero.lines().map(key).collect();
    let kept = switch.lively.lines().filter(|line| !zeros.contains(&key(line)));
    kept.chain(switch.zero.lines()).map(|line| format!("{line}\n")).collect()
}

/// Runs a scenario's first arm, audited.
fn trace(scenario: &Scenario) -> Trace {
    common::trace(&scenario.arms[0], &common::environment(scenario, 0))
}

/// A world with one platform.
fn alone(one: &str, state: State) -> Trace {
    let tables = [Scope::World, Scope::Platform].map(|scope| tables("arm.a", scope, one, state));
    trace(&common::scenario(&format!("{HEAD}[arm.a]\n{}", tables.concat())))
}

/// A world with two platforms, where it is the second that does without a mechanism.
fn beside(one: &str, state: State) -> Trace {
    let common = tables("arm.a", Scope::World, one, state);
    let east = tables("arm.a.platform.east", Scope::Platform, "", State::Lively);
    let west = tables("arm.a.platform.west", Scope::Platform, one, state);
    trace(&common::scenario(&format!("{HEAD}{common}{east}{west}")))
}

/// Off is the same as on at no strength, and not the same as on.
fn check(world: fn(&str, State) -> Trace) {
    for (spec, _) in switches() {
        let [lively, zero, off] =
            [State::Lively, State::Zero, State::Off].map(|state| world(spec.name, state));
        assert!(lively.tables != off.tables, "`{}` does nothing where it is on", spec.name);
        assert!(zero.tables == off.tables, "tables without `{}`{}", spec.name, gap(&zero, &off));
        assert_eq!(zero.metrics, off.metrics, "metrics without `{}`", spec.name);
    }
}

/// The first line that differs.
fn gap(zero: &Trace, off: &Trace) -> String {
    let lines = zero.tables.lines().zip(off.tables.lines());
    let first = lines.enumerate().find(|(_, (zero, off))| zero != off);
    let text = |(k, (zero, off))| format!(", line {k}: at no strength\n{zero}\noff\n{off}");
    first.map(text).unwrap_or_default()
}

#[test]
fn what_is_off_is_as_what_is_on_at_no_strength() {
    check(alone);
}

#[test]
fn what_is_off_on_one_platform_is_as_what_is_on_at_no_strength() {
    check(beside);
}

/// What is neither on by default nor by the preset, and may be written as off.
fn silent(arm: &Arm) -> Vec<&'static Spec> {
    let all = arm.mechanisms.iter().chain(&arm.platforms[0].mechanisms);
    let off = |setting: &&Setting| !setting.enabled && is_optional(setting.spec);
    all.filter(off).map(|setting| setting.spec).collect()
}

#[test]
fn what_is_off_anyhow_may_be_written_as_off() {
    let mut met = Vec::new();
    let presets = common::PRESETS.map(|name| format!("preset = \"{name}\"\n"));
    for preset in presets.iter().map(String::as_str).chain([""]) {
        let text = format!("{HEAD}[arm.a]\n{preset}");
        let plain = common::scenario(&text);
        let expected = trace(&plain);
        for spec in silent(&plain.arms[0]) {
            let written = format!("{text}[arm.a.{}]\nenabled = false\n", spec.name);
            let found = trace(&common::scenario(&written));
            assert_eq!(found.digest, expected.digest, "state with `{}`, {preset}", spec.name);
            assert!(found == expected, "what is shown with `{}`, {preset}", spec.name);
            met.push(spec.name);
        }
    }
    let is_met = |spec: &&&Spec| !spec.on_by_default && is_optional(spec);
    for spec in MECHANISMS.iter().filter(is_met) {
        assert!(met.contains(&spec.name), "`{}` is never off", spec.name);
    }
}

/// Whatever is alone on beside what is needed: nobody depends on a neighbour that may be off.
#[test]
fn every_mechanism_may_be_the_only_one() {
    for (only, _) in switches() {
        let table = |(spec, switch): (&Spec, &Switch)| {
            let is_on = spec.name == only.name;
            let lines = if is_on { switch.lively } else { "" };
            format!("[arm.a.{}]\nenabled = {is_on}\n{lines}\n", spec.name)
        };
        let tables: String = switches().into_iter().map(table).collect();
        trace(&common::scenario(&format!("{HEAD}[arm.a]\n{tables}")));
    }
}

#[test]
fn every_line_is_of_a_mechanism_that_may_be_off() {
    let names: Vec<&str> = switches().iter().map(|(spec, _)| spec.name).collect();
    let lines: Vec<&str> = SWITCHES.iter().map(|switch| switch.name).collect();
    assert_eq!(names, lines, "in the order of the registry, each once");
}
