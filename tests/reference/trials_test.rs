//! Gaps over blocks and thinning against one plain trial a consumer.

use crate::Nobody;
use crate::market::{Luck, Market};
use crate::worlds::{World, prepared};
use guanxi::engine::step::Arm;
use guanxi::market::tally::{ChannelTally, Tally};
use guanxi::model;

/// Worlds that are drawn, one a seed.
const WORLDS: u64 = 240;
/// Days of each.
const DAYS: u16 = 10;

/// Counts by name.
type Counts = Vec<(String, f64)>;
type Count = fn(&ChannelTally) -> u64;

/// What is counted in each channel.
const COUNTS: [(&str, Count); 3] =
    [("exposed", |c| c.exposed), ("registered", |c| c.registered), ("placed", |c| c.placed)];

/// The counts of the channels that reach people by gaps, in the order of the channels.
fn counts(tally: &Tally) -> Counts {
    let mut found = Vec::new();
    for (k, channel) in model::channels().enumerate() {
        for (what, count) in COUNTS {
            let of_ads = channel.name == "outside_ads";
            let is_drawn = of_ads || channel.name == "live" || channel.name == "leader";
            if is_drawn && !(of_ads && what == "placed") {
                let name = format!("{} {what}", channel.name);
                found.push((name, count(&tally.channels[k]) as f64));
            }
        }
    }
    found
}

/// The counts of one world by the engine and by plain trials.
fn run(seed: u64) -> (Counts, Counts) {
    let world =
        World { preset: "hybrid", kind: "community", seed, consumers: 300, budget_of: "arm" };
    let (scenario, env) = prepared(&world);
    let mut engine = Arm::new(model::build(&scenario.arms[0], &env));
    let mut plain = Market::new(&env, &scenario.arms[0], Luck::Trials);
    let (mut gaps, mut trials) = (Tally::default(), Tally::default());
    for _ in 0..DAYS {
        gaps.add(&engine.step(&mut Nobody).books[0].tally);
        trials.add(&plain.step().0);
    }
    (counts(&gaps), counts(&trials))
}

/// n = 240 worlds of 300 consumers and 10 days; eight means of paired differences, each
/// within 4 standard errors of 0: false alarms 6 in 100,000 each, 5 in 10,000 in all.
#[test]
fn gaps_and_thinning_reach_as_many_as_plain_trials() {
    let runs: Vec<_> = (1..=WORLDS).map(run).collect();
    let n = WORLDS as f64;
    for k in 0..runs[0].0.len() {
        let name = &runs[0].0[k].0;
        let differences: Vec<f64> = runs.iter().map(|(a, b)| a[k].1 - b[k].1).collect();
        let mean = differences.iter().sum::<f64>() / n;
        let squares = differences.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>();
        let error = (squares / (n - 1.0) / n).sqrt();
        let level = runs.iter().map(|(a, _)| a[k].1).sum::<f64>() / n;
        assert!(level > 3.0, "{name}: {level} a world is too little to compare");
        assert!(
            mean.abs() < 4.0 * error,
            "{name}: {level} by gaps, {} by trials, {error} standard error",
            level - mean
        );
    }
}
