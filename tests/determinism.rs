//! The reproducibility contract, one test a clause: the same scenario, seed and version
//! give the same bytes, whatever the threads (D1), the order of replicates (D3) and the
//! order of the scenario's tables (D4). Golden digests hold the results between versions.

mod common;

use common::{PRESETS, Trace};
use guanxi::quantity::time::Clock;
use guanxi::rng::{Key, Stream};
use guanxi::scenario::Scenario;
use guanxi::scenario::digest::digest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Every arm of a scenario in its first replicate, the world built anew.
fn traces(scenario: &Scenario) -> BTreeMap<String, Trace> {
    let env = common::environment(scenario, 0);
    let trace = |arm: &_| common::trace(arm, &env);
    scenario.arms.iter().map(|arm| (arm.name.clone(), trace(arm))).collect()
}

/// Fails with the first line that differs rather than with megabytes.
fn assert_same(name: &str, one: &Trace, other: &Trace) {
    let mut lines = one.tables.lines().zip(other.tables.lines());
    if let Some((a, b)) = lines.find(|(a, b)| a != b) {
        panic!("{name}: the tables differ:\n  {a}\n  {b}");
    }
    assert!(one.tables == other.tables, "{name}: one table is longer");
    assert_eq!(one.metrics, other.metrics, "{name}: metrics");
    assert_eq!(one.digest, other.digest, "{name}: what is stored");
}

/// D1: at 300,000 consumers every shard is in use and every preset's mechanisms act.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let head = "seed = 7\ndays = 20\nreplicates = 1\n[population]\nconsumers = 300_000\n\
        influencers = 300\n[start]\nregistered_share = 0.10\nburn_in_days = 2\n";
    let scenario = common::scenario(&format!("{head}{}", common::four_arms()));
    let alone = common::on_threads(1, || traces(&scenario));
    for threads in [2, 3, 8] {
        let together = common::on_threads(threads, || traces(&scenario));
        for (name, trace) in &alone {
            assert_same(&format!("{name}, {threads} threads"), trace, &together[name]);
        }
    }
}

/// A small scenario with every kind of table; blocks are parted by empty lines, and the
/// first one is the head, which TOML wants first.
const BLOCKS: &str = r#"name = "order"
seed = 3
days = 12
replicates = 1
baseline = "viral"

[population]
consumers = 3_000
influencers = 20

[[population.segment]]
name = "towns"
weight = 2
income = 1.2

[[population.segment]]
name = "villages"
weight = 1
price_sensitivity = 1.2

[network]
mean_degree = 12
household_mean = 2.5

[market]
merchants = 40
offers_per_merchant = 3

[[market.category]]
name = "groceries"
weight = 2
reference_price_fen = 3_000

[[market.category]]
name = "clothing"
weight = 1

[start]
registered_share = 0.2
trust = 0.6

[choice]
trust = 2.5
habit = 0.4

[arm.viral]
preset = "viral"

[arm.viral.group_buy]
size = 3
window_days = 2

[arm.viral.sharing]
personal_ties = 4
budget_share = 0.5

[arm.kol]
preset = "kol"

[arm.kol.livestream]
show_days_per_week = 3
offers_per_session = 6

[arm.community]
preset = "community"

[arm.traditional]
preset = "traditional"
"#;

/// The same text with its blocks, and the lines of each, in another order. Blocks of a
/// list keep theirs, for there the order has a meaning: it numbers segments and categories.
fn shuffled(text: &str, round: u32) -> String {
    let mut draws = Key::new(11, round).draws(Stream::new("test/order"), 0, Clock::default(), 0);
    let mut blocks: Vec<Vec<&str>> =
        text.trim().split("\n\n").map(|block| block.lines().collect()).collect();
    for block in &mut blocks {
        let header = usize::from(block[0].starts_with('['));
        shuffle(&mut block[header..], &mut draws);
    }
    let is_list = |block: &Vec<&str>| block[0].starts_with("[[");
    let lists: Vec<Vec<&str>> = blocks.iter().filter(|block| is_list(block)).cloned().collect();
    shuffle(&mut blocks[1..], &mut draws);
    let mut in_order = lists.into_iter();
    for block in blocks.iter_mut().filter(|block| is_list(block)) {
        block.clone_from(&in_order.next().unwrap_or_default());
    }
    blocks.iter().fold(String::new(), |all, block| all + &block.join("\n") + "\n\n")
}

fn shuffle<T>(list: &mut [T], draws: &mut guanxi::rng::Draws) {
    for last in (1..list.len()).rev() {
        list.swap(last, draws.below(last as u32 + 1) as usize);
    }
}

/// D4.
#[test]
fn results_do_not_depend_on_the_order_of_tables_and_keys() {
    let plain = common::scenario(BLOCKS);
    let expected = traces(&plain);
    for round in 0..4 {
        let text = shuffled(BLOCKS, round);
        assert_ne!(text.trim(), BLOCKS.trim());
        let other = common::scenario(&text);
        assert_eq!(digest(&other), digest(&plain), "digest of the scenario in\n{text}");
        for (name, trace) in traces(&other) {
            assert_same(&name, &expected[&name], &trace);
        }
    }
}

/// D3: replicates know nothing of each other.
#[test]
fn a_replicate_alone_is_that_replicate_of_a_longer_experiment() {
    let scenario = common::scenario(&BLOCKS.replace("replicates = 1", "replicates = 3"));
    let records = common::run(&scenario);
    let mut contents = Vec::new();
    for replicate in [2, 0, 1] {
        let env = common::environment(&scenario, replicate);
        for arm in &scenario.arms {
            let alone = common::trace(arm, &env);
            let in_company = records.iter().find(|r| r.arm == arm.name && r.replicate == replicate);
            let in_company = in_company.unwrap_or_else(|| panic!("no {}-{replicate}", arm.name));
            let tables: String = in_company.tables.iter().map(common::text).collect();
            let metrics: Vec<_> =
                in_company.metrics.iter().map(|value| value.map(f64::to_bits)).collect();
            assert!(alone.tables == tables, "tables of {} in replicate {replicate}", arm.name);
            assert_eq!(alone.metrics, metrics, "metrics of {} in {replicate}", arm.name);
            contents.push((arm.name.clone(), alone.digest));
        }
    }
    contents.sort();
    contents.dedup();
    assert_eq!(contents.len(), 12, "replicates differ from each other");
}

/// A run folder's bytes are those of its digests: two folders agree file by file.
#[test]
fn an_arm_does_not_differ_from_its_copy() {
    let copies = PRESETS
        .map(|name| {
            format!(
                "[arm.{name}]\npreset = \"{name}\"\n[arm.copy-of-{name}]\npreset = \"{name}\"\n"
            )
        })
        .join("");
    let head = BLOCKS.split("[arm.").next().unwrap_or_default();
    let records = common::run(&common::scenario(&format!("{head}{copies}")));
    for name in PRESETS {
        let own = common::content(common::of(&records, name));
        let copy = common::content(common::of(&records, &format!("copy-of-{name}")));
        assert_eq!(own, copy, "{name} and its copy");
    }
    for pair in PRESETS.windows(2) {
        let [one, other] = pair else { continue };
        let differ = common::content(common::of(&records, one))
            != common::content(common::of(&records, other));
        assert!(differ, "{one} and {other} are the same");
    }
}

/// Where the golden digests are kept.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests.txt");

const ABOUT_GOLDEN: &str = "\
# What is stored after 30 days of every preset (10,000 consumers, seed 20261122), as
# `Arm::digest` gives it. A change of these lines is a change of results: renew them with
#     GUANXI_RENEW=1 cargo test --test determinism golden
# only on purpose, and say why in the commit and in the changelog's section Results.
";

#[test]
fn results_are_those_of_the_golden_digests() {
    let head = "days = 30\nreplicates = 1\n[population]\nconsumers = 10_000\ninfluencers = 40\n\
        [market]\nmerchants = 100\n[start]\nregistered_share = 0.05\n";
    let scenario = common::scenario(&format!("{head}{}", common::four_arms()));
    let mut found = ABOUT_GOLDEN.to_owned();
    for (name, trace) in traces(&scenario) {
        writeln!(found, "{name} {}", trace.digest).unwrap_or_default();
    }
    if std::env::var_os("GUANXI_RENEW").is_some() {
        let written = std::fs::write(Path::new(GOLDEN), &found);
        assert!(written.is_ok(), "cannot write {GOLDEN}: {written:?}");
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(golden, found, "results have changed; {GOLDEN} says what to do");
}
