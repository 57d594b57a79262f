//! Several platforms in an arm: what they divide adds up, whoever is watched from where, and
//! they answer to each other as competitors do.

mod common;

use common::{Trace, column, metric};
use guanxi::engine::step::Watch;
use guanxi::observer::RunRecord;
use guanxi::scenario::Scenario;

struct Nobody;

impl Watch for Nobody {}

/// The world of all tests: few people, many of whom use several platforms.
const HEAD: &str = "seed = 5\ndays = 40\nreplicates = 1\n[population]\nconsumers = 4_000\n\
    influencers = 20\n[market]\nmerchants = 40\n[start]\nregistered_share = 0.2\n";

/// Platforms of these names, each with the preset of its name.
fn together(presets: &[&str]) -> String {
    let table = |name: &&str| format!("[arm.a.platform.{name}]\npreset = \"{name}\"\n");
    presets.iter().map(table).collect()
}

/// The four presets in one arm.
fn four(head: &str) -> Scenario {
    common::scenario(&format!("{head}{}", together(&common::PRESETS)))
}

/// Runs a scenario's first arm.
fn trace(scenario: &Scenario) -> Trace {
    common::trace(&scenario.arms[0], &common::environment(scenario, 0))
}

/// The record of a platform in an arm.
fn of<'a>(records: &'a [RunRecord], arm: &str, platform: &str) -> &'a RunRecord {
    let found = records.iter().find(|r| r.arm == arm && r.platform == platform);
    found.unwrap_or_else(|| panic!("no platform `{platform}` in `{arm}`"))
}

/// The sum of a column over all platforms, row by row.
fn summed(records: &[RunRecord], table: &str, name: &str) -> Vec<f64> {
    let mut sums = Vec::new();
    for record in records {
        let own = column(record, table, name);
        sums.resize(own.len(), 0.0);
        sums.iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
    }
    sums
}

#[test]
fn a_single_platform_in_a_table_of_its_own_is_the_arm() {
    for preset in common::PRESETS {
        let group = if preset == "viral" { "size = 3" } else { "size = 2" };
        let arm = common::scenario(&format!(
            "{HEAD}[arm.a]\npreset = \"{preset}\"\n[arm.a.group_buy]\n{group}\n[listing]\nprice_level = 0.9\n"
        ));
        let table = common::scenario(&format!(
            "{HEAD}[arm.a.platform.a]\npreset = \"{preset}\"\n[arm.a.platform.a.group_buy]\n{group}\n\
             [arm.a.platform.a.listing]\nprice_level = 0.9\n"
        ));
        assert_eq!(trace(&arm), trace(&table), "{preset}");
    }
}

#[test]
fn the_order_of_platforms_changes_nothing() {
    let sorted = trace(&four(HEAD));
    for order in
        [["viral", "traditional", "kol", "community"], ["kol", "viral", "community", "traditional"]]
    {
        let other = common::scenario(&format!("{HEAD}{}", together(&order)));
        assert_eq!(trace(&other), sorted, "{order:?}");
    }
}

#[test]
fn competition_does_not_depend_on_the_number_of_threads() {
    let head =
        HEAD.replace("consumers = 4_000", "consumers = 12_000").replace("= 40\nrep", "= 20\nrep");
    let scenario = four(&head);
    let alone = common::on_threads(1, || trace(&scenario));
    let together = common::on_threads(3, || trace(&scenario));
    assert_eq!(alone.digest, together.digest, "what is stored");
    assert_eq!(alone.metrics, together.metrics, "metrics");
    assert!(alone.tables == together.tables, "tables");
}

#[test]
fn shares_of_the_market_sum_to_one() {
    let records = common::run(&four(HEAD));
    assert_eq!(records.len(), 4);
    for share in ["order_share", "gmv_share"] {
        for sum in summed(&records, "market_shares", share) {
            assert!((sum - 1.0).abs() < 1e-12, "{share} sum to {sum} in a month");
        }
        let sum: f64 = records.iter().map(|record| metric(record, share)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{share} sum to {sum} in the run");
    }
    for record in &records {
        let members = column(record, "market_shares", "members_count");
        let exclusive = column(record, "market_shares", "exclusive_members_count");
        let own =
            members.iter().zip(exclusive).all(|(members, own)| (1.0..*members).contains(&own));
        assert!(own, "{}: members of it alone are some of its members", record.platform);
    }
}

#[test]
fn what_one_platform_wins_another_loses() {
    let presets = ["community", "viral"];
    let scenario = common::scenario(&format!("{HEAD}{}", together(&presets)));
    let records = common::run(&scenario);
    let [one, other] = presets.map(|name| of(&records, "a", name));
    let counts = |record, name| column(record, "switching", name);
    assert_eq!(counts(one, "orders_won_count"), counts(other, "orders_lost_count"));
    assert_eq!(counts(one, "orders_lost_count"), counts(other, "orders_won_count"));
    assert!(counts(one, "orders_won_count").iter().all(|&won| won > 0.0), "nobody switches");
    let both = counts(one, "members_both_count");
    assert_eq!(both, counts(other, "members_both_count"));
    let members = column(one, "market_shares", "members_count");
    let exclusive = column(one, "market_shares", "exclusive_members_count");
    for ((both, members), exclusive) in both.iter().zip(members).zip(exclusive) {
        assert_eq!(both + exclusive, members, "a member has both platforms or this one alone");
    }
}

/// What came in less what went out and came back is there, on all accounts together, and no
/// offer is ever sold that is not there.
#[test]
fn units_are_conserved_over_the_arm() {
    let head = format!("{HEAD}[stock]\nleast_units = 1\ncover_days = 3.0\n");
    let scenario = four(&head);
    let mut arm = common::arm(&scenario, &common::environment(&scenario, 0), "a");
    let (mut units, mut overdrawn, mut refused) = (0, 0, 0);
    for _ in 0..scenario.days {
        let day = arm.step(&mut Nobody);
        for book in &day.books {
            let tally = &book.tally;
            units += tally.units_in as i64 - tally.units_out as i64 + tally.units_back as i64;
            refused += tally.out_of_stock;
        }
        let accounts: Vec<_> = arm.world.platforms.iter().map(|p| &p.inventory).collect();
        let mut stored = 0;
        for offer in 0..accounts[0].len() {
            let stock: i64 = accounts.iter().map(|own| i64::from(own[offer].stock)).sum();
            assert!(stock >= 0, "day {}, offer {offer}: {stock} units", day.day);
            stored += stock;
            overdrawn += accounts.iter().filter(|own| own[offer].stock < 0).count();
        }
        assert_eq!(units, stored, "day {}", day.day);
    }
    assert!(overdrawn > 0 && refused > 0, "nothing is contended for");
}

/// Each platform pays for what it sells: after restocking an account holds its part of the
/// stock, a few units up or down, however long the arm has run, whether goods come at once or
/// late. Equal platforms stand for the parts; a bias of half a unit at every review would make
/// 15 units an offer by the end.
#[test]
fn no_platform_pays_for_the_others_goods() {
    for lead_time_days in [0, 4] {
        assert_equal_accounts(lead_time_days);
    }
}

fn assert_equal_accounts(lead_time_days: u16) {
    let names = ["east", "north", "south", "west"];
    let tables = names.map(|name| format!("[arm.a.platform.{name}]\npreset = \"traditional\"\n"));
    let stock =
        format!("[stock]\nleast_units = 4\ncover_days = 5.0\nlead_time_days = {lead_time_days}\n");
    let head = format!("{HEAD}{stock}").replace("= 40\nrep", "= 90\nrep");
    let scenario = common::scenario(&format!("{head}{}", tables.concat()));
    let mut arm = common::arm(&scenario, &common::environment(&scenario, 0), "a");
    (0..scenario.days).for_each(|_| drop(arm.step(&mut Nobody)));
    let offers = arm.world.platforms[0].inventory.len() as f64;
    let stock = |p: &guanxi::market::platform::Platform| {
        p.inventory.iter().map(|offer| f64::from(offer.stock)).sum::<f64>() / offers
    };
    let means: Vec<f64> = arm.world.platforms.iter().map(stock).collect();
    let mean = means.iter().sum::<f64>() / 4.0;
    assert!(means.iter().all(|own| (own - mean).abs() < 1.5), "units an offer: {means:?}");
}

/// Equal platforms with the same draws, of which one becomes dearer.
#[test]
fn a_dearer_platform_loses_orders_to_the_others() {
    let arm = |arm: &str, level: &str| {
        let tables = ["east", "north", "west"].map(|name| {
            let level = if name == "north" { level } else { "1.0" };
            format!(
                "[arm.{arm}.platform.{name}]\npreset = \"viral\"\n\
                 [arm.{arm}.platform.{name}.listing]\nprice_level = {level}\n"
            )
        });
        tables.concat()
    };
    let text = format!("{HEAD}{}{}", arm("equal", "1.0"), arm("dear", "1.15"));
    let records = common::run(&common::scenario(&text));
    let change = |platform| {
        let share = |arm| metric(of(&records, arm, platform), "order_share");
        share("dear") - share("equal")
    };
    let [east, north, west] = ["east", "north", "west"].map(change);
    assert!(north < -0.02 && east > 0.01 && west > 0.01, "{east}, {north}, {west}");
}

#[test]
fn the_budget_of_an_arm_is_divided_among_its_platforms() {
    let budget = |of: &str| {
        let head = HEAD.replace("merchants = 40\n", &format!(
            "merchants = 40\nbudget_of = \"{of}\"\nmarketing_budget_fen_per_consumer_day = 2.00025\n"
        ));
        common::run(&four(&head))
    };
    let (arm, platform) = (budget("arm"), budget("platform"));
    let days = summed(&arm, "daily", "marketing_budget_fen");
    assert!(days.iter().all(|&sum| sum == 8_000.0), "8,001 fen in four equal parts: {days:?}");
    let days = summed(&platform, "daily", "marketing_budget_fen");
    assert!(days.iter().all(|&sum| sum == 4.0 * 8_001.0), "8,001 fen each: {days:?}");
    for (records, most) in [(&arm, 8_000.0), (&platform, 4.0 * 8_001.0)] {
        let (mut spent, mut allowed) = (0.0, 0.0);
        for today in summed(records, "daily", "marketing_spend_fen") {
            spent += today;
            allowed += most;
            assert!(spent <= allowed, "{spent} fen spent of {allowed}");
        }
        assert!(spent > 0.5 * allowed, "{spent} fen spent of {allowed}");
    }
}
