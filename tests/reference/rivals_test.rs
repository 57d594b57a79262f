//! Arms with several platforms: the plain markets together equal the engine.

use crate::rivals::{Events, Rivals};
use crate::worlds::{World, prepared};
use crate::{Nobody, compare, happened, ordered};
use guanxi::engine::step::{Arm, Day};
use guanxi::market::ledger::Postings;
use guanxi::market::tally::Tally;
use guanxi::model;

/// Days of each world.
const DAYS: u16 = 60;

/// Everything at the end of a day.
fn compared(
    engine: &Arm,
    day: &Day,
    plain: &Rivals,
    books: &[(Tally, Postings)],
) -> Result<(), String> {
    for (market, book) in plain.markets.iter().zip(books) {
        let verdict = compare::platform(&engine.world, day, market, book);
        verdict.map_err(|finding| format!("platform {}: {finding}", market.platform))?;
    }
    compare::needs(&engine.world, &plain.needs)?;
    compare::tiredness(&engine.world, &plain.tired)
}

/// Steps both; returns the sum of all platforms' counts, and what happened.
fn check(world: &World) -> (Tally, Events) {
    let (scenario, env) = prepared(world);
    let mut engine = Arm::new(model::build(&scenario.arms[0], &env));
    let mut plain = Rivals::new(&env, &scenario.arms[0]);
    let mut total = Tally::default();
    for _ in 0..DAYS {
        let day = engine.step(&mut Nobody);
        let books = plain.step();
        // The engine looks for silent cascades every few days, the plain market every day.
        engine.world.platforms.iter_mut().for_each(|p| p.cascades.retire(day.day, false));
        if let Err(finding) = compared(&engine, &day, &plain, &books) {
            panic!("{world:?}, day {}: {finding}", day.day);
        }
        books.iter().for_each(|book| total.add(&book.0));
    }
    for (platform, market) in engine.world.platforms.iter_mut().zip(&mut plain.markets) {
        platform.cascades.retire(DAYS, true);
        market.trees.file(DAYS, true);
        if let Err(finding) = compare::shapes(platform, market) {
            panic!("{world:?}, {} at the end: {finding}", platform.name);
        }
    }
    (total, plain.events)
}

/// Several worlds; everything that competition is about happens in them.
fn check_rivals(preset: &'static str) -> (Tally, Events) {
    let mut total = Tally::default();
    let mut all = Events::default();
    for (kind, consumers, seeds) in [("community", 300, 1..3), ("erdos_renyi", 213, 3..5)] {
        for (seed, budget_of) in seeds.zip(["arm", "platform"]) {
            let (tally, events) = check(&World { preset, kind, seed, consumers, budget_of });
            total.add(&tally);
            all.add(&events);
        }
    }
    happened(&[
        ("member of several platforms", all.at_home_in_several),
        ("order that moved to another platform", all.switches),
        ("member who left one of several platforms", all.left_one_of_several),
        ("overdrawn account", all.overdrawn),
        ("choice between platforms", all.compared),
        ("empty shelf", total.out_of_stock),
        ("return", total.units_back),
        ("full group", total.groups_filled),
    ]);
    (total, all)
}

#[test]
fn four_presets_together_equal_the_plain_markets() {
    check_rivals("four presets");
}

#[test]
fn two_hybrids_together_equal_the_plain_markets() {
    let (total, all) = check_rivals("two hybrids");
    happened(&[
        ("coupon on every platform", all.coupons),
        ("coupon that came too late on every platform", all.late_coupons),
        ("need filled at home", all.filled_at_home),
        ("goods that came in for several platforms", all.divided),
        ("word of what was bought", all.words),
        ("order through a chat group", ordered(&total, "group_chat")),
        ("unfilled order", total.unfilled),
        ("lapse", total.lapsed),
    ]);
}
