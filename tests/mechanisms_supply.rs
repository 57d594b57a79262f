//! Coupons, prices that merchants set, and lead times: off they leave no trace, on they
//! act in the direction that is claimed, and no budget is overspent.
//!
//! All arms share their draws. Sign tests have 12 seeds and ask for 10 of one sign: by
//! chance alone once in 52 (1.9 %), and the seeds are fixed.

mod common;

use common::{Trace, column, metric, of, table};
use guanxi::engine::audit::Audit;
use guanxi::engine::step::{Arm, Day, Watch};
use guanxi::exchange::Inbox;
use guanxi::market::ledger::Line;
use guanxi::market::message::{Answer, Order};
use guanxi::mechanism::world::World;
use guanxi::model;
use guanxi::observer::RunRecord;
use guanxi::table::Cell;

const SEEDS: u64 = 12;
const MOST: usize = 10;

/// A shelf platform that is known, with little stock and some money.
fn head(seed: u64) -> String {
    format!(
        "seed = {seed}\ndays = 42\nreplicates = 1\n[population]\nconsumers = 4_000\ninfluencers = 10\n\
         [market]\nmerchants = 25\nmarketing_budget_fen_per_consumer_day = 10.0\n\
         [start]\nregistered_share = 0.3\n"
    )
}

fn arm(name: &str, tables: &str) -> String {
    format!(
        "[arm.{name}]\npreset = \"viral\"\n[arm.{name}.sharing]\nbudget_share = 0.3\n{}\n",
        tables.replace("[@", &format!("[arm.{name}."))
    )
}

fn run(seed: u64, arms: &[(&str, &str)]) -> Vec<RunRecord> {
    let arms: String = arms.iter().map(|(name, tables)| arm(name, tables)).collect();
    common::run(&common::scenario(&format!("{}{arms}", head(seed))))
}

fn trace(tables: &str) -> Trace {
    let scenario = common::scenario(&format!("{}{}", head(3), arm("a", tables)));
    common::trace(&scenario.arms[0], &common::environment(&scenario, 0))
}

/// Of so many seeds, in how many the metric is higher in arm `b` than in arm `a`.
fn higher(name: &str, a: &str, b: &str) -> usize {
    let is_higher = |seed: &u64| {
        let records = run(*seed, &[("a", a), ("b", b)]);
        metric(of(&records, "b"), name) > metric(of(&records, "a"), name)
    };
    (1..=SEEDS).filter(is_higher).count()
}

const COUPON: &str = "[@coupon]\nenabled = true\nbudget_share = 0.3\nvalue_share = 0.2\n";

#[test]
fn what_is_off_or_has_no_strength_leaves_no_trace() {
    let plain = trace("");
    for tables in [
        "[@coupon]\nenabled = false\nbudget_share = 0.3\n",
        "[@coupon]\nenabled = true\nbudget_share = 0.0\n",
        "[@coupon]\nenabled = true\nbudget_share = 0.3\nvalue_share = 0.0\n",
        "[@coupon]\nenabled = true\nbudget_share = 0.3\nmember_share = 0.0\nnewcomer_share = 0.0\n",
        "[@pricing]\nenabled = false\n",
        "[@pricing]\nenabled = true\nstep_share = 0.0\nundercut_share = 1.0\n",
        "[@stock]\nlead_time_days = 0\nsafety_days = 9.0\n",
    ] {
        let other = trace(tables);
        assert!(plain.tables == other.tables, "tables of\n{tables}");
        assert_eq!(plain.metrics, other.metrics, "metrics of\n{tables}");
    }
    for tables in [COUPON, "[@pricing]\nenabled = true\n", "[@stock]\nlead_time_days = 5\n"] {
        assert!(plain.tables != trace(tables).tables, "nothing happens with\n{tables}");
    }
}

/// Where the budget is enough for all coupons. Where it is not, small coupons for many may
/// sell more than large ones for few: nothing is claimed.
#[test]
fn a_larger_coupon_sells_more() {
    let sold = |seed: u64, value: &str| {
        let rich = head(seed).replace("consumer_day = 10.0", "consumer_day = 100.0");
        let tables = COUPON.replace("0.2", value);
        let records = common::run(&common::scenario(&format!("{rich}{}", arm("a", &tables))));
        metric(&records[0], "orders_count")
    };
    let count = (1..=SEEDS).filter(|&seed| sold(seed, "0.2") > sold(seed, "0.05")).count();
    assert!(count >= MOST, "in {count} of {SEEDS} seeds");
}

/// The amounts of a line of the ledger, summed over the days.
fn line(record: &RunRecord, name: &str) -> f64 {
    let rows = table(record, "ledger").iter();
    rows.filter(|row| row[1] == Cell::text(name)).map(|row| common::number(&row[4])).sum()
}

#[test]
fn coupons_use_up_a_scarce_budget_and_do_not_overspend_it() {
    for share in [0.05, 0.1, 0.2] {
        let scarce = format!("[@coupon]\nenabled = true\nbudget_share = {share}\n");
        let records = run(5, &[("a", &scarce)]);
        let spent = line(&records[0], "subsidy");
        let allotment = (40_000.0_f64 * share).floor() * 42.0;
        assert!(spent <= allotment, "{spent} of {allotment} fen at {share}");
        assert!(spent >= 0.85 * allotment, "{spent} of {allotment} fen at {share}");
    }
}

/// On every day what orders were promised so far is within the allotments so far, and hardly
/// anybody comes too late.
#[test]
fn what_coupons_promise_is_within_the_allotments() {
    let tables = "[@coupon]\nenabled = true\nbudget_share = 0.1\nmember_share = 1.0\n";
    let scenario = common::scenario(&format!("{}{}", head(9), arm("a", tables)));
    let env = common::environment(&scenario, 0);
    let mut arm = Arm::new(model::build(&scenario.arms[0], &env));
    let (mut promised, mut audit) = (Promised::default(), Audit::new(&arm.world));
    for day in 0..42 {
        arm.step(&mut Both(&mut promised, &mut audit));
        assert_eq!(audit.verdict(), Ok(()), "day {day}");
        let platform = &arm.world.platforms[0];
        let pool = platform.coupon_pool;
        assert_eq!(pool.given_fen, platform.allotment(0.1).0 * (day + 1));
        assert!(pool.left_fen >= 0, "{pool:?} on day {day}");
        assert!(platform.ledger.total(Line::Subsidy).0 <= pool.given_fen, "day {day}");
        assert!(promised.0 > 0 || day < 3, "no coupon on day {day}");
        promised.0 = 0;
    }
}

#[derive(Default)]
struct Promised(i64);

impl Watch for Promised {
    fn placed(&mut self, _world: &World, placed: &[Vec<Order>]) {
        self.0 += placed.iter().flatten().map(|order| i64::from(order.coupon_fen)).sum::<i64>();
    }
}

struct Both<'a>(&'a mut Promised, &'a mut Audit);

impl Watch for Both<'_> {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.0.placed(world, placed);
        self.1.placed(world, placed);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.1.answered(world, answers);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.1.closed(world, day);
    }
}

#[test]
fn threads_do_not_show_in_coupons_prices_and_supplies() {
    let tables = "[@coupon]\nenabled = true\nbudget_share = 0.1\nmember_share = 1.0\n\
        [@pricing]\nenabled = true\nundercut_share = 0.3\n[@stock]\nlead_time_days = 3\n";
    let alone = common::on_threads(1, || trace(tables));
    for threads in [2, 5] {
        let together = common::on_threads(threads, || trace(tables));
        assert!(alone == together, "{threads} threads");
    }
}

/// Mean markup of all offers over their reference, after a half year of learning.
fn mean_price_ratio(seed: u64, tables: &str) -> f64 {
    let text = format!("{}{}", head(seed).replace("days = 42", "days = 182"), arm("a", tables));
    let scenario = common::scenario(&text);
    let env = common::environment(&scenario, 0);
    let mut arm = Arm::new(model::build(&scenario.arms[0], &env));
    struct Nobody;
    impl Watch for Nobody {}
    for _ in 0..182 {
        arm.step(&mut Nobody);
    }
    let offers = &arm.world.platforms[0].offers;
    let sum: f64 = offers.iter().map(|o| f64::from(o.ln_price_ratio)).sum();
    sum / offers.len() as f64
}

/// Prices at twice the reference fall, those at little above cost rise: merchants learn.
#[test]
fn merchants_leave_prices_that_do_not_pay() {
    let level = |level: f64| {
        format!(
            "[@listing]\nprice_level = {level:?}\n[@pricing]\nenabled = true\nstep_share = 0.03\n"
        )
    };
    for seed in 1..=3 {
        let high = mean_price_ratio(seed, &level(1.8));
        let low = mean_price_ratio(seed, &level(0.7));
        assert!(high < 0.588 - 0.1, "from 0.588 (1.8 times) to {high}");
        assert!(low > -0.357 + 0.05, "from -0.357 (0.7 times) to {low}");
    }
}

#[test]
fn a_price_war_lowers_prices_to_the_floor_and_sells_more() {
    let war =
        "[@pricing]\nenabled = true\nundercut_share = 1.0\nreview_days = 2\nleast_markup = 0.3\n";
    let ratio = mean_price_ratio(4, war);
    // Unit costs are 0.6 of the reference: the floor is 0.78, ln -0.248.
    assert!((ratio + 0.248).abs() < 0.01, "{ratio}");
    let sold = higher("orders_count", "", war);
    assert!(sold >= MOST, "orders rise in {sold} of {SEEDS} seeds");
    let profit = higher("merchant_profit_fen", "", war);
    assert!(profit + MOST <= SEEDS as usize, "profit rises in {profit} of {SEEDS} seeds");
}

#[test]
fn goods_that_come_late_run_out_more_often() {
    let rule = |lead: u16, safety: f64| {
        format!(
            "[@stock]\nlead_time_days = {lead}\nsafety_days = {safety:?}\ncover_days = 3.0\n\
             least_units = 1\n"
        )
    };
    let late = higher("out_of_stock_share", &rule(1, 0.0), &rule(12, 0.0));
    assert!(late >= MOST, "a longer way: out of stock more often in {late} of {SEEDS} seeds");
    let safe = higher("out_of_stock_share", &rule(8, 6.0), &rule(8, 0.0));
    assert!(safe >= MOST, "without safety: out of stock more often in {safe} of {SEEDS} seeds");
}

/// Nothing that was ordered comes before its time.
#[test]
fn goods_come_so_many_days_later() {
    let tables = "[@stock]\nlead_time_days = 5\nreview_days = 40\n";
    let records = run(2, &[("a", tables)]);
    let goods = column(&records[0], "daily", "goods_fen");
    // The first stock is bought on day 1; what is ordered on the evening of day 40 would come
    // on the morning of day 41 and comes on that of day 46, after the end.
    assert!(goods[0] > 0.0 && goods[1..].iter().all(|fen| *fen == 0.0), "{goods:?}");
    let records = run(2, &[("a", &tables.replace('5', "0"))]);
    assert!(column(&records[0], "daily", "goods_fen")[39] > 0.0);
    let records = run(2, &[("a", &tables.replace("40", "30"))]);
    let goods = column(&records[0], "daily", "goods_fen");
    assert!(goods[35] > 0.0 && goods[1..35].iter().all(|fen| *fen == 0.0), "{goods:?}");
}
