//! D2: a world that is split among ranks leaves the same tables, metrics and state as one
//! that is not. Every rank audits its part of the money on every day.

mod common;
#[path = "reference/worlds.rs"]
mod worlds;

use common::Trace;
use guanxi::engine::experiment::{self, Completion, Conditions, Progress};
use guanxi::observer::RunRecord;
use guanxi::scenario::Scenario;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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

/// Steps the first arm among 1, 2, 3 and 4 ranks, on one thread and on more.
fn compare(name: &str, scenario: &Scenario) {
    let env = common::environment(scenario, 0);
    let arm = &scenario.arms[0];
    let alone = common::trace(arm, &env);
    for (ranks, threads) in [(2, 1), (3, 7), (4, 2)] {
        let env = Arc::clone(&env);
        let parts = common::on_threads(threads, || common::traces_among(ranks, arm, &env));
        assert_eq!(parts.len(), ranks);
        for (rank, part) in parts.iter().enumerate() {
            assert_same(&format!("{name}, rank {rank} of {ranks}"), &alone, part);
        }
    }
}

/// A preset in a small market in which every shard is in use.
fn preset(name: &str) {
    let head = "seed = 5\ndays = 35\nreplicates = 1\n[population]\nconsumers = 4_000\n\
        influencers = 30\n[market]\nmerchants = 200\nmarketing_budget_fen_per_consumer_day = 40.0\n\
        [start]\nregistered_share = 0.30\nburn_in_days = 3\n";
    compare(name, &common::scenario(&format!("{head}[arm.one]\npreset = \"{name}\"\n")));
}

#[test]
fn ranks_do_not_show_in_the_viral_preset() {
    preset("viral");
}

#[test]
fn ranks_do_not_show_in_the_traditional_preset() {
    preset("traditional");
}

#[test]
fn ranks_do_not_show_in_the_kol_preset() {
    preset("kol");
}

#[test]
fn ranks_do_not_show_in_the_community_preset() {
    preset("community");
}

/// A world of the comparison with the plain program.
fn reference(preset: &'static str, kind: &'static str, budget_of: &'static str) {
    let world = worlds::World { preset, kind, seed: 11, consumers: 900, budget_of };
    let (scenario, _) = worlds::prepared(&world);
    compare(&format!("{preset}, {kind}"), &scenario);
}

/// The world in which every mechanism is on: a newcomer that keeps to itself what others
/// need, or counts what all ranks count, fails here.
#[test]
fn ranks_do_not_show_where_every_mechanism_is_on() {
    reference("hybrid", "community", "platform");
    reference("hybrid", "barabasi_albert", "platform");
}

#[test]
fn ranks_do_not_show_where_platforms_compete() {
    reference("four presets", "community", "arm");
    reference("two hybrids", "watts_strogatz", "platform");
}

/// A market in which nothing but a diffusion happens.
const QUIET: &str = "days = 25\n[population]\nconsumers = 3_000\ninfluencers = 0\n\
    follows_mean = 0\n[market]\nmerchants = 1\noffers_per_merchant = 1\n\
    [start]\nregistered_share = 0\n[attention]\nwaves = 1\n[need]\nenabled = false\n\
    [arm.it.search]\nenabled = false\n[arm.it.feed]\nenabled = false\n\
    [arm.it.sharing]\nenabled = false\n[diffusion]\nenabled = true\nseed_count = 9\n";

#[test]
fn ranks_do_not_show_in_a_classical_diffusion() {
    let events = "method = \"events\"";
    let sweep = "method = \"sweep\"";
    for (kind, more, network) in [
        ("sir", format!("{events}\ninfection_probability = 0.08"), "barabasi_albert"),
        ("sis", format!("{events}\nrecovery_probability = 0.3"), "watts_strogatz"),
        ("si", format!("{sweep}\ninfection_probability = 0.04"), "community"),
        ("sis", format!("{sweep}\nrecovery_probability = 0.3"), "barabasi_albert"),
        ("independent_cascade", "activation_probability = 0.3".to_owned(), "barabasi_albert"),
        ("bass", "period_days = 20".to_owned(), "barabasi_albert"),
        ("bass", "period_days = 20".to_owned(), "complete"),
        ("linear_threshold", String::new(), "barabasi_albert"),
    ] {
        let network = format!("[network]\nkind = \"{network}\"");
        let text = format!("{QUIET}kind = \"{kind}\"\n{more}\n{network}\n");
        compare(&format!("{kind}, {more}"), &common::scenario(&text));
    }
}

struct Silent;

impl Progress for Silent {
    fn building(&self, _replicate: u32) {}
    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}
}

/// Also where there are more ranks than shards.
#[test]
fn an_experiment_among_ranks_leaves_the_records_of_one() {
    let scenario = common::scenario(
        "days = 12\nreplicates = 2\n[population]\nconsumers = 500\ninfluencers = 5\n\
         [market]\nmerchants = 20\n[start]\nregistered_share = 0.4\nburn_in_days = 4\n\
         [arm.one]\npreset = \"kol\"\n[arm.two]\npreset = \"viral\"\n",
    );
    let contents =
        |records: &[RunRecord]| records.iter().map(common::content).collect::<Vec<String>>();
    let alone = contents(&common::run(&scenario));
    for ranks in [2, 64] {
        let (mut records, stop) = (Vec::new(), AtomicBool::new(false));
        let mut sink = |record| records.push(record);
        let ended = experiment::run_under(
            &scenario,
            &Conditions { ranks, stop: &stop, progress: &Silent },
            &mut sink,
        );
        assert!(matches!(ended, Ok(Completion::Complete)), "{ended:?}");
        assert_eq!(contents(&records), alone, "{ranks} ranks");
    }
}
