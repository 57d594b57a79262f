//! The reference: a market that is computed plainly, one consumer after the other,
//! equals the engine bit for bit.
//!
//! The plain market follows the mechanisms' draw plans, which are part of their
//! definition, and shares with the engine only the draws, the static environment and
//! the data types of messages and members. A second test replaces the gaps over blocks
//! by one trial a consumer and compares means.

#[path = "reference/choice.rs"]
mod choice;
#[path = "reference/compare.rs"]
mod compare;
#[path = "reference/fatigue.rs"]
mod fatigue;
#[path = "reference/gaps.rs"]
mod gaps;
#[path = "reference/goods.rs"]
mod goods;
#[path = "reference/groups.rs"]
mod groups;
#[path = "reference/leaders.rs"]
mod leaders;
#[path = "reference/live.rs"]
mod live;
#[path = "reference/market.rs"]
mod market;
#[path = "reference/opinion.rs"]
mod opinion;
#[path = "reference/people.rs"]
mod people;
#[path = "reference/rivals.rs"]
mod rivals;
#[path = "reference/rivals_test.rs"]
mod rivals_test;
#[path = "reference/rules.rs"]
mod rules;
#[path = "reference/senders.rs"]
mod senders;
#[path = "reference/sharing.rs"]
mod sharing;
#[path = "reference/supply.rs"]
mod supply;
#[path = "reference/trees.rs"]
mod trees;
#[path = "reference/trials.rs"]
mod trials;
#[path = "reference/trials_test.rs"]
mod trials_test;
#[path = "reference/worlds.rs"]
mod worlds;

use guanxi::engine::step::{Arm, Watch};
use guanxi::market::tally::Tally;
use guanxi::model;
use market::{Luck, Market};
use worlds::{World, prepared};

struct Nobody;

impl Watch for Nobody {}

/// Steps both for `days` and returns the sum of all counts.
fn check(world: &World, days: u16) -> Tally {
    let (scenario, env) = prepared(world);
    let mut engine = Arm::new(model::build(&scenario.arms[0], &env));
    let mut plain = Market::new(&env, &scenario.arms[0], Luck::Plan);
    let mut total = Tally::default();
    for _ in 0..days {
        let day = engine.step(&mut Nobody);
        let book = plain.step();
        // The engine looks for silent cascades every few days, the plain market every day.
        engine.world.platforms[0].cascades.retire(day.day, false);
        if let Err(finding) = compare::day(&engine.world, &day, &plain, &book) {
            panic!("{world:?}, day {}: {finding}", day.day);
        }
        total.add(&book.0);
    }
    if world.preset == "hybrid" {
        assert!(plain.coupons.late > 0, "nobody comes too late for a coupon");
        let shared = plain.filled_at_home > 0 || world.kind != "community";
        assert!(shared, "no need is filled at home");
        assert!(plain.tally_reviews > 0 && plain.tally_words > 0, "nobody says anything");
    }
    engine.world.platforms[0].cascades.retire(days, true);
    plain.trees.file(days, true);
    if let Err(finding) = compare::shapes(&engine.world.platforms[0], &plain) {
        panic!("{world:?}, at the end: {finding}");
    }
    total
}

/// A preset on every kind of network, with several seeds.
fn check_preset(preset: &'static str) -> Tally {
    let mut total = Tally::default();
    for (kind, consumers, seeds) in
        [("community", 300, 1..4), ("erdos_renyi", 213, 4..6), ("complete", 128, 6..8)]
    {
        for seed in seeds {
            total.add(&check(&World { preset, kind, seed, consumers, budget_of: "arm" }, 60));
        }
    }
    total
}

/// Granted orders of a channel.
fn ordered(total: &Tally, name: &str) -> u64 {
    let named = model::channels().zip(&total.channels).filter(|(channel, _)| channel.name == name);
    named.map(|(_, tally)| tally.ordered).sum()
}

/// Fails unless everything that is named happened at least once.
fn happened(events: &[(&str, u64)]) {
    for (event, count) in events {
        assert!(*count > 0, "no {event} in any of the worlds: the comparison is empty");
    }
}

#[test]
fn the_traditional_preset_equals_the_plain_market() {
    let total = check_preset("traditional");
    happened(&[("order", total.units_out), ("return", total.units_back)]);
}

#[test]
fn the_viral_preset_equals_the_plain_market() {
    let total = check_preset("viral");
    happened(&[("full group", total.groups_filled), ("failed group", total.groups_failed)]);
}

#[test]
fn the_kol_preset_equals_the_plain_market() {
    let total = check_preset("kol");
    happened(&[("order in a session", ordered(&total, "live"))]);
}

#[test]
fn the_community_preset_equals_the_plain_market() {
    let total = check_preset("community");
    happened(&[("order of a leader's post", ordered(&total, "leader"))]);
}

#[test]
fn a_hybrid_of_all_mechanisms_equals_the_plain_market() {
    let total = check_preset("hybrid");
    happened(&[
        ("lapse", total.lapsed),
        ("return of a lapsed member", total.won_back),
        ("empty shelf", total.out_of_stock),
        ("unfilled order", total.unfilled),
        ("full group", total.groups_filled),
        ("failed group", total.groups_failed),
        ("share", total.shares),
    ]);
    for (channel, tally) in model::channels().zip(&total.channels) {
        assert!(tally.exposed > 0, "nobody saw anything through {}", channel.name);
    }
}
