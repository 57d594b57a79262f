//! Who people are and whom they live and talk with: habits of segments, tiers, kinds of
//! sharing, households. Arms and scenarios share all draws, so that one world a claim will do.

mod common;

use common::{Trace, column, metric, of, table, through};
use guanxi::observer::RunRecord;
use guanxi::scenario::Scenario;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use guanxi::table::Cell;
use std::path::Path;

/// 4,000 consumers of two segments, half of them members; `habits` goes to the second.
fn head(habits: &str) -> String {
    format!(
        "days = 75\nreplicates = 1\n[population]\nconsumers = 4_000\ninfluencers = 10\n\
         {SEGMENTS}{habits}\n[market]\nmerchants = 60\n[start]\nregistered_share = 0.5\n\
         [network]\ninterest_group_size = 60\n"
    )
}

const SEGMENTS: &str = "[[population.segment]]\nname = \"one\"\ntier = 1\n\
    [[population.segment]]\nname = \"other\"\ntier = 4\n";

fn world(preset: &str, habits: &str, arm: &str) -> Scenario {
    let arm = arm.replace("[this.", "[arm.a.");
    common::scenario(&format!("{}[arm.a]\npreset = \"{preset}\"\n{arm}\n", head(habits)))
}

fn record(preset: &str, habits: &str, arm: &str) -> RunRecord {
    common::run(&world(preset, habits, arm)).remove(0)
}

fn trace(preset: &str, habits: &str, arm: &str) -> Trace {
    let scenario = world(preset, habits, arm);
    common::trace(&scenario.arms[0], &common::environment(&scenario, 0))
}

/// A column of the table `segments` of one segment.
fn of_segment(record: &RunRecord, name: &str, what: &str) -> Vec<f64> {
    let names = table(record, "segments").iter().map(|row| row[1] == Cell::text(name));
    let values = column(record, "segments", what);
    names.zip(values).filter(|(own, _)| *own).map(|(_, value)| value).collect()
}

/// Orders of the second segment.
fn orders(preset: &str, habits: &str) -> f64 {
    of_segment(&record(preset, habits, ""), "other", "orders_count").iter().sum()
}

#[test]
fn neutral_values_change_nothing() {
    let zero = "trust_shift = 0\nimpulse = 0\nlapse_shift = 0\nsearch_utility = 0\n\
        feed_utility = 0\nlive_utility = 0\nleader_utility = 0\nfriend_utility = 0\n";
    let off = "[this.sharing]\ngroup_chat_share = 0\nstrong_first = false\ngroup_chat_reach = 1\n\
        [this.delivery]\ndays_per_tier = 0\n[this.need]\nhousehold_fills = 0\n";
    assert_eq!(trace("viral", "", ""), trace("viral", zero, off));
}

#[test]
fn what_they_do_does_not_depend_on_the_number_of_threads() {
    let habits = "trust_shift = 0.1\nimpulse = 0.4\nfriend_utility = 0.3\n";
    let on = "[this.sharing]\ngroup_chat_share = 0.5\nstrong_first = true\nbase = -1.0\n\
        [this.delivery]\ndays_per_tier = 0.7\n[this.need]\nhousehold_fills = 0.5\n";
    let alone = common::on_threads(1, || trace("viral", habits, on));
    let together = common::on_threads(4, || trace("viral", habits, on));
    assert_eq!(alone, together);
}

#[test]
fn a_segment_buys_more_the_more_it_trusts_and_the_more_impulsive_it_is() {
    for habit in ["trust_shift", "impulse"] {
        let found =
            ["-0.4", "0.0", "0.4"].map(|x| orders("traditional", &format!("{habit} = {x}")));
        assert!(found[0] < found[1] && found[1] < found[2], "{habit}: {found:?}");
    }
}

#[test]
fn a_segment_with_a_taste_for_a_channel_buys_more_through_it() {
    let tastes = [
        ("traditional", "search"),
        ("traditional", "feed"),
        ("kol", "live"),
        ("community", "leader"),
        ("viral", "invitation"),
    ];
    for (preset, channel) in tastes {
        let family = if channel == "invitation" { "friend" } else { channel };
        let bought = |x: &str| {
            let record = record(preset, &format!("{family}_utility = {x}"), "");
            through(&record, channel, "ordered_count")
        };
        let found = ["-1.0", "0.0", "1.0"].map(bought);
        assert!(found[0] < found[1] && found[1] < found[2], "{channel}: {found:?}");
    }
}

#[test]
fn a_segment_that_leaves_easily_has_fewer_members() {
    let members = |x: &str| {
        let record = record("traditional", &format!("lapse_shift = {x}"), "");
        *of_segment(&record, "other", "members_count").last().unwrap_or(&0.0)
    };
    let found = ["-2.0", "0.0", "2.0"].map(members);
    assert!(found[0] > found[1] && found[1] > found[2], "{found:?}");
}

/// Days under way grow by the mean extra of all orders, and a far tier buys less the longer
/// it takes, while a near one does not.
#[test]
fn parcels_to_lower_tiers_take_longer() {
    let far = |days: &str| {
        let arm = format!("[this.delivery]\ndays_per_tier = {days}\n[this.choice]\ndelay = 0.2\n");
        let record = record("traditional", "", &arm);
        let orders: f64 = of_segment(&record, "other", "orders_count").iter().sum();
        (metric(&record, "delivery_days_mean"), orders)
    };
    let found = ["0.0", "0.5", "1.5"].map(far);
    assert!(found[0].0 + 0.3 < found[1].0 && found[1].0 + 0.3 < found[2].0, "{found:?}");
    assert!(found[0].1 > found[1].1 && found[1].1 > found[2].1, "{found:?}");
}

/// The months of the table sum to what the table `daily` says, and the last has 15 days.
#[test]
fn the_segments_sum_to_the_whole() {
    let record = record("viral", "", "");
    let daily = |name: &str| column(&record, "daily", name);
    for what in ["orders_count", "gmv_fen"] {
        let found = column(&record, "segments", what);
        let sums: Vec<f64> = found.chunks(2).map(|month| month.iter().sum()).collect();
        let expected: Vec<f64> = daily(what).chunks(30).map(|days| days.iter().sum()).collect();
        assert_eq!(sums, expected, "{what}");
    }
    let members = column(&record, "segments", "members_count");
    let ends = [29, 59, 74].map(|day| daily("members_count")[day]);
    let sums: Vec<f64> = members.chunks(2).map(|month| month.iter().sum()).collect();
    assert_eq!(sums, ends);
}

#[test]
fn one_segment_has_no_table_of_its_own() {
    let text = "days = 31\nreplicates = 1\n[population]\nconsumers = 500\n[arm.a]\n";
    let record = common::run(&common::scenario(text)).remove(0);
    assert!(record.tables.iter().all(|rows| rows.schema.name != "segments"));
}

/// Of the same shares, more go to chat groups and fewer to single friends.
#[test]
fn shares_go_to_chat_groups_as_told() {
    let found = ["0.0", "0.3", "1.0"].map(|x| {
        let arm =
            format!("[this.sharing]\nbase = -1.0\nbroadcast_share = 0\ngroup_chat_share = {x}\n");
        let record = record("traditional", "", &arm);
        let seen = |channel: &str| through(&record, channel, "exposed_count");
        (seen("group_chat"), seen("share"), through(&record, "group_chat", "ordered_count"))
    });
    assert!(found[0].0 == 0.0 && found[0].0 < found[1].0 && found[1].0 < found[2].0, "{found:?}");
    assert!(found[0].1 > found[1].1 && found[1].1 > found[2].1 && found[2].1 == 0.0, "{found:?}");
    assert!(found[1].2 > 0.0 && found[2].2 > found[1].2, "{found:?}");
}

/// With nothing but the trust in close friends' word to tell them apart, shares to strong ties
/// sell more of what they show.
#[test]
fn shares_to_strong_ties_first_sell_better() {
    let rate = |first: &str| {
        let arm = format!(
            "[this.sharing]\nbase = -1.0\nbroadcast_share = 0\npersonal_ties = 3\n\
             strong_trust = 1.0\nweak_trust = 0.3\nstrong_first = {first}\n"
        );
        let record = record("traditional", "", &arm);
        let sum = |what: &str| through(&record, "share", what);
        sum("ordered_count") / sum("considered_count")
    };
    let (any, strong) = (rate("false"), rate("true"));
    assert!(
        strong > 1.1 * any,
        "{any} of what is considered is bought of any tie, {strong} of strong ones"
    );
}

/// What one buys the others need not: fewer orders, the more so the likelier.
#[test]
fn households_that_buy_for_each_other_order_less() {
    let found = ["0.0", "0.5", "1.0"].map(|x| {
        let arm = format!("[this.need]\nneeds_per_day = 0.3\nhousehold_fills = {x}\n");
        metric(&record("traditional", "", &arm), "orders_count")
    });
    assert!(found[0] > found[1] && found[1] > found[2], "{found:?}");
}

/// Warnings of a scenario with this kind of network.
fn warnings(kind: &str) -> Vec<String> {
    let text = format!(
        "[network]\nkind = \"{kind}\"\n[need]\nhousehold_fills = 0.5\n\
         [arm.a.sharing]\nstrong_first = true\n[arm.b]\n"
    );
    let input = Input { name: "test.toml", text: &text, folder: Path::new(""), sets: &[] };
    let checked = resolve(&input, &CATALOGUE).unwrap_or_else(|issues| panic!("{issues:#?}"));
    checked.warnings.into_iter().map(|issue| issue.message).collect()
}

#[test]
fn check_warns_of_ties_that_the_network_does_not_know() {
    assert!(warnings("community").is_empty());
    let found = warnings("complete");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("need.household_fills has no effect"), "{found:?}");
    assert!(found[1].contains("sharing.strong_first has no effect"), "{found:?}");
}

/// Arms with and without each other's kinds of sharing do not disturb what they share.
#[test]
fn the_same_word_in_all_arms_gives_the_same_world() {
    let arm = "[arm.NAME]\npreset = \"community\"\n[arm.NAME.sharing]\ngroup_chat_share = 0.5\n";
    let text = format!("{}{}{}", head(""), arm.replace("NAME", "a"), arm.replace("NAME", "b"));
    let records = common::run(&common::scenario(&text));
    assert_eq!(common::content(of(&records, "a")), common::content(of(&records, "b")));
}
