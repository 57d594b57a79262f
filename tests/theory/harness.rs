//! Running one arm of a scenario under the audit, and judging scores.

use guanxi::engine::audit::Audit;
use guanxi::engine::step::{Arm, Day, Watch};
use guanxi::exchange::Inbox;
use guanxi::market::message::{Answer, Order};
use guanxi::market::platform::Platform;
use guanxi::market::tally::{ChannelTally, Tally};
use guanxi::mechanism::world::World;
use guanxi::model;
use guanxi::quantity::math::{exp, ln_1p, normal_quantile};
use guanxi::scenario::Scenario;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use std::path::Path;
use std::sync::Arc;

/// Consumers who weigh nothing but the constant of the channel: every utility is that
/// constant, so that an alternative against nothing is bought with σ(constant). Stock
/// never runs out, all messages are opened, nobody but who is told otherwise shares.
pub const PLAIN: &str = "
    [choice]
    need = 0.0
    price = 0.0
    trust = 0.0
    friends = 0.0
    delay = 0.0
    habit = 0.0
    refractory = 0.0
    [stock]
    least_units = 1_000_000
    cover_days = 0.0
    [population]
    influencers = 0
    follows_mean = 0.0
    [network]
    kind = \"complete\"
";

/// A checked scenario.
pub fn scenario(text: &str) -> Scenario {
    let input = Input { name: "theory.toml", text, folder: Path::new(""), sets: &[] };
    match resolve(&input, &CATALOGUE) {
        Ok(checked) => checked.scenario,
        Err(issues) => panic!("the scenario of the test is wrong: {issues:?}"),
    }
}

/// So many kinds of goods, equal but for their names.
pub fn categories(n: u32) -> String {
    (1..=n).map(|k| format!("[[market.category]]\nname = \"kind {k}\"\n")).collect()
}

/// Sees what passes: the audit, and the orders where they are wanted.
pub struct Witness {
    audit: Audit,
    keeps: bool,
    /// Orders as they were placed.
    pub orders: Vec<Order>,
}

impl Watch for Witness {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.audit.placed(world, placed);
        if self.keeps {
            self.orders.extend(placed.iter().flatten());
        }
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.audit.answered(world, answers);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.audit.closed(world, day);
    }
}

/// The first arm of a scenario, under way.
pub struct Run {
    /// The arm.
    pub arm: Arm,
    /// What was seen.
    pub witness: Witness,
    /// Counts of all days since the last [`Run::forget`].
    pub total: Tally,
}

impl Run {
    /// Before its first day, in one replicate.
    pub fn of(scenario: &Scenario, replicate: u32) -> Self {
        let env = model::environment(scenario, replicate, None).expect("the network can be made");
        let arm = Arm::new(model::build(&scenario.arms[0], &Arc::new(env)));
        let audit = Audit::new(&arm.world);
        let witness = Witness { audit, keeps: false, orders: Vec::new() };
        Self { arm, witness, total: Tally::default() }
    }

    /// From a scenario's text, before its first day.
    pub fn new(text: &str) -> Self {
        Self::of(&scenario(text), 0)
    }

    /// Keeps the orders from now on.
    pub fn keeping_orders(mut self) -> Self {
        self.witness.keeps = true;
        self
    }

    /// Steps a day; the audit must agree.
    pub fn day(&mut self) -> Day {
        let day = self.arm.step(&mut self.witness);
        assert_eq!(self.witness.audit.verdict(), Ok(()), "on day {}", day.day);
        self.total.add(&day.books[0].tally);
        day
    }

    /// Steps so many days.
    pub fn days(&mut self, n: u16) {
        (0..n).for_each(|_| drop(self.day()));
    }

    /// Steps all days of the scenario.
    pub fn to_the_end(mut self) -> Self {
        self.days(self.arm.world.env.days);
        self
    }

    /// Forgets the counts so far.
    pub fn forget(&mut self) {
        self.total = Tally::default();
        self.platform_mut().cascades.forget_filed();
    }

    /// The only platform.
    pub fn platform(&self) -> &Platform {
        &self.arm.world.platforms[0]
    }

    fn platform_mut(&mut self) -> &mut Platform {
        &mut self.arm.world.platforms[0]
    }

    /// The counts of a channel.
    pub fn channel(&self, name: &str) -> &ChannelTally {
        &self.total.channels[channel(name)]
    }
}

/// The number of a channel.
pub fn channel(name: &str) -> usize {
    model::channels().position(|c| c.name == name).expect("a channel of that name")
}

/// The probability with which a standard normal number lies farther from 0 than 2.
const FALSE_ALARM: f64 = 0.045_500_263_896_358_4;

/// The bound that the largest of `m` independent standard scores passes with the
/// probability with which one passes 2: 2 for one, 2.76 for eight, 3.03 for twenty.
/// Scores that depend on each other pass it more rarely.
pub fn bound(m: usize) -> f64 {
    let each = 1.0 - exp(ln_1p(-FALSE_ALARM) / m as f64);
    -normal_quantile(0.5 * each)
}

/// Standard scores of one claim, each with what it is of.
#[derive(Default)]
pub struct Scores(Vec<(String, f64)>);

impl Scores {
    /// Adds `(observed − expected)/se`.
    pub fn add(&mut self, of: impl Into<String>, observed: f64, expected: f64, se: f64) {
        let of: String = of.into();
        let score = (observed - expected) / se;
        println!("{of}: {observed:.6}, expected {expected:.6} ± {se:.6}, score {score:+.2}");
        self.0.push((of, score));
    }

    /// Adds a share of `n` independent trials against its probability.
    pub fn add_share(&mut self, of: impl Into<String>, hits: u64, n: u64, p: f64) {
        let se = (p * (1.0 - p) / n as f64).sqrt();
        self.add(of, hits as f64 / n as f64, p, se);
    }

    /// All scores lie within [`bound`].
    pub fn hold(self) {
        let limit = bound(self.0.len());
        for (of, score) in &self.0 {
            assert!(score.abs() <= limit, "{of}: {score:+.2} standard errors, beyond {limit:.2}");
        }
    }
}

/// Asserts that `observed` lies within `share` of `expected`.
pub fn within(of: &str, observed: f64, expected: f64, share: f64) {
    let off = observed / expected - 1.0;
    println!("{of}: {observed:.6}, expected {expected:.6}, off {:+.2} %", 100.0 * off);
    assert!(off.abs() <= share, "{of}: {observed} is {:+.2} % off {expected}", 100.0 * off);
}

/// Asserts that counts follow probabilities that sum to 1, by chi-square with as many
/// degrees of freedom as there are cells but one.
pub fn chi_square(of: &str, counts: &[u64], shares: &[f64], critical: f64) {
    let n = counts.iter().sum::<u64>() as f64;
    let part = |(&count, &share): (&u64, &f64)| {
        let expected = n * share;
        assert!(expected >= 5.0, "{of}: a cell expects {expected} only");
        (count as f64 - expected) * (count as f64 - expected) / expected
    };
    let sum = counts.iter().zip(shares).map(part).fold(0.0, |sum, x| sum + x);
    println!("{of}: chi-square {sum:.2}, critical {critical}, n = {n}");
    assert!(sum < critical, "{of}: chi-square {sum:.2} is beyond {critical}: {counts:?}");
}
