//! Money and goods: 500 random small markets, of any mechanisms with any parameters, keep
//! their books to the fen and the unit on every day, and the audit sees what does not agree.

mod common;

use common::PRESETS;
use guanxi::engine::audit::Audit;
use guanxi::engine::step::{Arm, Day, Watch};
use guanxi::exchange::Inbox;
use guanxi::market::ledger::{Line, Party, balance};
use guanxi::market::message::{Answer, Order, Verdict};
use guanxi::market::platform::Platform;
use guanxi::mechanism::spec::{Role, Spec};
use guanxi::mechanism::world::World;
use guanxi::mechanisms::MECHANISMS;
use guanxi::parameter::{Kind, Parameter, Value};
use guanxi::quantity::money::Fen;
use guanxi::quantity::time::Clock;
use guanxi::rng::{Draws, Key, Stream};
use guanxi::table::Cell;
use guanxi::{market, network, population};
use rayon::prelude::*;
use std::fmt::Write as _;
use std::panic::catch_unwind;

/// Number of random scenarios.
const SCENARIOS: u32 = 500;
/// Days of each.
const DAYS: u16 = 30;
/// Seed of the random scenarios; any number will do.
const SEED: u64 = 20_261_122;

/// Writes random scenarios.
struct Writer {
    draws: Draws,
    text: String,
}

impl Writer {
    fn new(number: u32) -> Self {
        let stream = Stream::new("test/scenario");
        Self {
            draws: Key::new(SEED, number).draws(stream, 0, Clock::default(), 0),
            text: String::new(),
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.draws.below(high - low + 1)
    }

    /// Where in its declared range a parameter is drawn: around its default, so that a
    /// market stays small, with the ends of that piece more often than their share.
    fn span(parameter: &Parameter) -> (f64, f64) {
        let default = match parameter.default_value() {
            Value::Number(x) => x,
            Value::Integer(n) => n as f64,
            _ => 0.0,
        };
        if parameter.min >= 0.0 && parameter.max <= 1.0 {
            return (parameter.min, parameter.max);
        }
        let reach = 2.0 * default.abs().max(1.0);
        (parameter.min.max(default - reach), parameter.max.min(default + reach))
    }

    fn value(&mut self, parameter: &Parameter) -> Option<Value> {
        let (low, high) = Self::span(parameter);
        let at = match self.draws.below(10) {
            0 => low,
            1 => high,
            _ => low + (high - low) * self.draws.unit(),
        };
        match parameter.kind {
            Kind::Number => Some(Value::Number(at)),
            Kind::Integer => Some(Value::Integer(at.round() as i64)),
            Kind::Flag => Some(Value::Flag(self.draws.chance(0.5))),
            Kind::Text if !parameter.choices.is_empty() => {
                let choice = self.draws.below(parameter.choices.len() as u32);
                Some(Value::Text(parameter.choices[choice as usize].to_owned()))
            }
            Kind::Text | Kind::Numbers => None,
        }
    }

    /// About half of a table's parameters, but none of `others`, which the caller writes.
    fn parameters(&mut self, declared: &[Parameter], others: &[&str]) {
        for parameter in declared.iter().filter(|one| !others.contains(&one.name)) {
            if self.draws.chance(0.5)
                && let Some(value) = self.value(parameter)
            {
                self.line(&format!("{} = {value}", parameter.name));
            }
        }
    }

    fn world(&mut self, number: u32) {
        let burn_in = if self.draws.chance(0.2) { 3 } else { 0 };
        self.line(&format!("seed = {number}\ndays = {}\nreplicates = 1", DAYS - burn_in));
        let n = self.between(50, 400);
        let influencers = self.between(0, 12);
        self.line(&format!("[population]\nconsumers = {n}\ninfluencers = {influencers}"));
        self.parameters(population::Parameters::DECLARED, &["consumers", "influencers"]);
        for segment in 0..self.between(1, 3) {
            self.line(&format!("[[population.segment]]\nname = \"s{segment}\"\nweight = 1.5"));
            self.parameters(population::Segment::DECLARED, &["name", "weight"]);
        }
        let kind = ["community", "erdos_renyi", "complete", "barabasi_albert"]
            [self.draws.below(4) as usize];
        let degree = self.between(0, 24);
        self.line(&format!("[network]\nkind = \"{kind}\"\nmean_degree = {degree}"));
        self.parameters(
            network::Parameters::DECLARED,
            &["kind", "mean_degree", "file", "direction"],
        );
        let (merchants, offers) = (self.between(1, 12), self.between(1, 5));
        self.line(&format!("[market]\nmerchants = {merchants}\noffers_per_merchant = {offers}"));
        self.parameters(market::Parameters::DECLARED, &["merchants", "offers_per_merchant"]);
        for category in 0..self.between(1, 3) {
            self.line(&format!("[[market.category]]\nname = \"c{category}\"\nweight = 0.5"));
            self.parameters(market::Category::DECLARED, &["name", "weight"]);
        }
        let share = f64::from(self.between(1, 10)) / 10.0;
        self.line(&format!("[start]\nburn_in_days = {burn_in}\nregistered_share = {share:?}"));
        self.parameters(market::Start::DECLARED, &["burn_in_days", "registered_share"]);
    }

    /// Switches mechanisms on and off and gives them values; shares of the budget stay
    /// together at most 1.
    fn arm(&mut self) {
        let preset = PRESETS[self.draws.below(4) as usize];
        self.line(&format!("[arm.a]\npreset = \"{preset}\""));
        let budget = |spec: &&&Spec| spec.parameters.iter().any(|p| p.name == "budget_share");
        let spenders = MECHANISMS.iter().filter(budget).count() as f64;
        for spec in MECHANISMS {
            let is_needed =
                spec.needed.is_some() || matches!(spec.role, Role::Decider | Role::Clearing);
            let on = is_needed || self.draws.chance(0.95);
            self.line(&format!("[arm.a.{}]\nenabled = {on}", spec.name));
            if budget(&spec) {
                let share = (self.draws.unit() * 1.5 / spenders).min(1.0 / spenders);
                self.line(&format!("budget_share = {share:?}"));
            }
            if spec.name == "delivery" {
                let (least, more) = (self.between(1, 4), self.between(0, 6));
                self.line(&format!("parcel_days_min = {least}"));
                self.line(&format!("parcel_days_max = {}", least + more));
            }
            // Seeds by file need a file.
            let drawn = ["budget_share", "parcel_days_min", "parcel_days_max", "seed_by"];
            self.parameters(spec.parameters, &drawn);
        }
    }

    fn scenario(number: u32) -> String {
        let mut writer = Self::new(number);
        writer.world(number);
        writer.arm();
        writer.text
    }
}

/// The audit, and beside it what must be true of every platform at the end of a day.
struct Books {
    audit: Audit,
    units: Vec<i64>,
    findings: Vec<String>,
    /// Whether somebody counts and carries what is granted.
    delivers: bool,
    granted: u64,
    orders: u64,
}

fn units(platform: &Platform) -> i64 {
    platform.inventory.iter().map(|offer| i64::from(offer.stock)).sum()
}

impl Books {
    fn new(world: &World, delivers: bool) -> Self {
        Self {
            audit: Audit::new(world),
            // The stock of the first day counts as bought on it.
            units: vec![0; world.platforms.len()],
            findings: Vec::new(),
            delivers,
            granted: 0,
            orders: 0,
        }
    }

    fn check(&mut self, holds: bool, claim: impl FnOnce() -> String) {
        if !holds {
            self.findings.push(claim());
        }
    }

    fn day(&mut self, platform: usize, world: &World, day: &Day) {
        let (state, book) = (&world.platforms[platform], &day.books[platform]);
        let balances = Party::ALL.iter().map(|&party| balance(&book.postings, party).0);
        let sum: i64 = balances.sum();
        self.check(sum == 0, || format!("balances sum to {sum}"));
        let tally = &book.tally;
        let moved = tally.units_in as i64 - tally.units_out as i64 + tally.units_back as i64;
        let (before, after) = (self.units[platform], units(state));
        self.check(before + moved == after, || {
            format!("stock was {before}, {moved} units came in net, and it is {after}")
        });
        self.units[platform] = after;
        let granted = std::mem::take(&mut self.granted);
        self.orders += granted;
        self.check(tally.units_out == granted, || format!("{granted} granted: {tally:?}"));
        let ordered = tally.over_channels(|c| c.ordered as i64) as u64;
        self.check(ordered == granted || !self.delivers, || {
            format!("{granted} granted: {tally:?}")
        });
        let returned = state.all_outcomes().filter(|outcome| outcome.returned);
        let (returned, back) =
            (returned.count() as u64, tally.over_channels(|c| c.returned as i64));
        self.check(returned == back as u64 && returned == tally.units_back, || {
            format!("{returned} returned: {tally:?}")
        });
        let negative = book.postings.0.iter().any(|amount| *amount < 0);
        self.check(!negative, || format!("money flows backwards: {:?}", book.postings));
        self.members(state);
        let finite = state.offers.iter().all(|offer| offer.ln_price_ratio.is_finite())
            && state.inventory.iter().all(|offer| offer.demand.is_finite());
        self.check(finite, || "an offer's demand or price is no number".into());
    }

    /// Sums that are kept up to date agree with the records that they sum.
    fn members(&mut self, state: &Platform) {
        let live = state.members.iter().filter(|member| member.is_live());
        let (count, trust) = live.fold((0, 0), |(n, sum), m| (n + 1, sum + i64::from(m.trust)));
        let bits: u64 = state.live.0.iter().map(|word| u64::from(word.count_ones())).sum();
        self.check(count == state.n_live && bits == count, || {
            format!("{count} members, {} in the count, {bits} in the bitmap", state.n_live)
        });
        self.check(trust == state.trust_sum, || {
            format!("trust sums to {trust}, {} in the sum", state.trust_sum)
        });
        let n = state.members.len() as u64;
        self.check(state.n_live <= state.n_registered && state.n_registered <= n, || {
            format!("{} members of {} registered of {n}", state.n_live, state.n_registered)
        });
    }
}

impl Watch for Books {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.audit.placed(world, placed);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.audit.answered(world, answers);
        let all = answers.shards.iter().flatten();
        self.granted += all.filter(|answer| answer.verdict == Verdict::Granted).count() as u64;
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.audit.closed(world, day);
        (0..world.platforms.len()).for_each(|platform| self.day(platform, world, day));
    }
}

/// Steps a random scenario; returns its orders, or the first thing that is wrong.
fn step(text: &str) -> Result<u64, String> {
    let scenario = common::try_scenario(text)?;
    let env = common::environment(&scenario, 0);
    let mut arm = common::arm(&scenario, &env, "a");
    let on = |name: &str| {
        let mut all = scenario.arms[0].platforms[0].mechanisms.iter();
        all.any(|setting| setting.enabled && setting.spec.name == name)
    };
    let mut books = Books::new(&arm.world, on("delivery"));
    for day in 0..DAYS {
        arm.step(&mut books);
        books.audit.verdict().map_err(|finding| format!("day {day}: {finding}"))?;
        if let Some(finding) = books.findings.first() {
            return Err(format!("day {day}: {finding}"));
        }
    }
    let records = common::run(&scenario);
    for rows in records.iter().flat_map(|record| &record.tables) {
        // Writing checks that every cell is of its column's type.
        common::text(rows);
        let infinite = |cell: &Cell| matches!(cell, Cell::Number(x) if !x.is_finite());
        if rows.cells.iter().any(infinite) {
            return Err(format!("`{}` holds what is no number", rows.schema.name));
        }
    }
    Ok(books.orders)
}

#[test]
fn no_random_market_loses_a_fen_or_a_unit() {
    let one = |number| {
        let text = Writer::scenario(number);
        let ended = catch_unwind(|| step(&text));
        let result = ended.unwrap_or_else(|_| Err("it panics".to_owned()));
        result.map_err(|finding| format!("scenario {number}: {finding}\n{text}"))
    };
    let results: Vec<Result<u64, String>> = (0..SCENARIOS).into_par_iter().map(one).collect();
    let failed: Vec<&String> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let mut heads = String::new();
    for failure in &failed {
        let head = failure.lines().next().unwrap_or_default();
        writeln!(heads, "{head}").unwrap_or_default();
    }
    assert!(failed.is_empty(), "{} of {SCENARIOS} fail:\n{heads}\n{}", failed.len(), failed[0]);
    let orders: Vec<u64> = results.into_iter().flatten().collect();
    let busy = orders.iter().filter(|orders| **orders >= 100).count();
    assert!(busy * 2 > orders.len(), "only {busy} scenarios saw a hundred orders: {orders:?}");
}

/// A market of every mechanism at work, stepped for ten days.
fn busy() -> (Arm, Audit) {
    let text = "days = 30\n[population]\nconsumers = 2_000\n[market]\nmerchants = 20\n\
        [start]\nregistered_share = 0.5\n[arm.a]\npreset = \"viral\"\n\
        [arm.a.sharing]\nbudget_share = 0.4\n[arm.a.coupon]\nenabled = true\nbudget_share = 0.2\n\
        [arm.a.pricing]\nenabled = true\nreview_days = 3\n[arm.a.stock]\nlead_time_days = 2\n";
    let scenario = common::scenario(text);
    let env = common::environment(&scenario, 0);
    let mut arm = common::arm(&scenario, &env, "a");
    let mut audit = Audit::new(&arm.world);
    for day in 0..10 {
        arm.step(&mut audit);
        assert_eq!(audit.verdict(), Ok(()), "day {day}");
    }
    (arm, audit)
}

/// What the audit says the day after a platform's books or stock were changed by hand.
fn finds(tamper: impl FnOnce(&mut Platform), finding: &str) {
    let (mut arm, mut audit) = busy();
    tamper(&mut arm.world.platforms[0]);
    arm.step(&mut audit);
    let said = audit.verdict().err().unwrap_or_default();
    assert!(said.contains(finding), "expected `{finding}`, the audit said `{said}`");
}

#[test]
fn the_audit_finds_a_unit_that_came_from_nowhere() {
    finds(|platform| platform.inventory[3].stock += 1, "`goods` is ");
}

#[test]
fn the_audit_finds_a_fen_too_many_on_every_line_of_orders() {
    for (line, name) in [
        (Line::Payment, "`payment` is "),
        (Line::Refund, "`refund` is "),
        (Line::Settlement, "`settlement` is "),
        (Line::Commission, "`commission` is "),
        (Line::Goods, "`goods` is "),
        (Line::Postage, "`postage` is "),
        (Line::LeaderCommission, "`leader_commission` is "),
        (Line::Subsidy, "`subsidy` is "),
    ] {
        finds(|platform| platform.ledger.post(line, Fen(1)), name);
    }
}

#[test]
fn the_audit_finds_a_budget_that_is_overspent() {
    let whole = |platform: &mut Platform| {
        let days = platform.daily_budget.0 * 12;
        platform.ledger.post(Line::OutsideAds, Fen(days));
    };
    finds(whole, "fen spent of a budget of ");
}

#[test]
fn the_audit_finds_a_fen_too_many_or_too_few_in_the_pool_of_coupons() {
    for change in [-1, 1] {
        finds(|platform| platform.coupon_pool.left_fen += change, " fen are left for coupons");
    }
}

/// An audit that is shown orders as somebody changed them.
struct Misled(Audit, fn(&mut Order));

impl Watch for Misled {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        let mut seen = placed.to_vec();
        seen.iter_mut().flatten().filter(|order| order.coupon_fen > 0).for_each(self.1);
        self.0.placed(world, &seen);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.0.closed(world, day);
    }
}

#[test]
fn the_audit_finds_an_order_at_another_price_than_the_merchants() {
    let dearer: fn(&mut Order) = |order| order.price_fen *= 2;
    let generous: fn(&mut Order) = |order| {
        order.coupon_fen += 1;
        order.price_fen -= 1;
    };
    for wrong in [dearer, generous] {
        let (mut arm, audit) = busy();
        let mut misled = Misled(audit, wrong);
        arm.step(&mut misled);
        let said = misled.0.verdict().err().unwrap_or_default();
        assert!(said.contains("orders at a price"), "the audit said `{said}`");
    }
}

/// An audit that is told of all orders but one.
struct Blind(Audit);

impl Watch for Blind {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        let mut seen = placed.to_vec();
        if let Some(list) = seen.iter_mut().find(|list| !list.is_empty()) {
            list.pop();
        }
        self.0.placed(world, &seen);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.0.answered(world, answers);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.0.closed(world, day);
    }
}

#[test]
fn the_audit_finds_an_order_that_nobody_placed() {
    let (mut arm, audit) = busy();
    let mut blind = Blind(audit);
    arm.step(&mut blind);
    let said = blind.0.verdict().err().unwrap_or_default();
    assert!(said.contains("`payment` is "), "the audit said `{said}`");
}
