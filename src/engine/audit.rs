//! The audit: an independent count of money and units from the order records.
//!
//! Double entry is zero by construction, so it proves nothing. The audit follows every
//! order from placing to its end, works out by itself what must have been paid, and
//! compares with the ledger and the stock after each day, to the fen and the unit.

use super::step::{Day, Watch};
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::ledger::{FLOWS, LINES, Line};
use crate::market::message::{Answer, Order, Outcome, Verdict};
use crate::market::platform::{Carriage, Platform};
use crate::mechanism::world::World;
use rayon::prelude::*;

/// Lines that follow from the order records; the others are checked against the budget.
const FROM_ORDERS: &[Line] = &[
    Line::Payment,
    Line::Refund,
    Line::Settlement,
    Line::Commission,
    Line::AdFee,
    Line::Goods,
    Line::Postage,
    Line::ReturnPostage,
    Line::InfluencerCommission,
    Line::LeaderCommission,
    Line::Subsidy,
];

/// What a list of records says was paid and moved.
#[derive(Clone, Debug, Default)]
struct Found {
    expected: [i64; LINES],
    open_orders: i64,
    open_fen: i64,
    /// What coupons hold of open orders.
    coupon_fen: i64,
    /// Orders that cost more than the offer alone, or whose coupon is not worth what it takes off.
    mispriced: u64,
    /// Cost of the units that went out, less those that came back.
    gone_cost_fen: i64,
}

/// The audit of one platform.
#[derive(Clone, Debug)]
struct Account {
    today: Found,
    marketing_fen: i64,
    /// The budgets of all days so far.
    budget_fen: i64,
    escrow_fen: i64,
    open_orders: i64,
    open_fen: i64,
    /// What coupons took off kept orders, and hold of open ones.
    coupon_fen: i64,
    stock_fen: i64,
}

/// The audit of one arm.
#[derive(Clone, Debug)]
pub struct Audit {
    accounts: Vec<Account>,
    finding: Option<String>,
}

crate::state! {
    Found { expected, open_orders, open_fen, coupon_fen, mispriced, gone_cost_fen }
    Account {
        today, marketing_fen, budget_fen, escrow_fen, open_orders, open_fen, coupon_fen, stock_fen,
    }
    Audit { accounts, finding }
}

impl Audit {
    /// An audit that begins before the first day; the stock of that day was bought already.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let account = |platform: &Platform| {
            let mut today = Found::default();
            let stock_fen = stock_fen(world, platform);
            // What all ranks know counts once.
            let once = if world.link.rank() == 0 { stock_fen } else { 0 };
            today.expected[Line::Goods as usize] = once;
            Account {
                today,
                marketing_fen: 0,
                budget_fen: 0,
                escrow_fen: 0,
                open_orders: 0,
                open_fen: 0,
                coupon_fen: 0,
                stock_fen,
            }
        };
        Self { accounts: world.platforms.iter().map(account).collect(), finding: None }
    }

    /// Whether everything agreed so far.
    ///
    /// # Errors
    /// The first disagreement, in words.
    pub fn verdict(&mut self) -> Result<(), String> {
        self.finding.take().map_or(Ok(()), Err)
    }
}

/// What the units in stock cost.
fn stock_fen(world: &World, platform: &Platform) -> i64 {
    let offers = platform.offers.par_iter().zip(&world.env.catalogue.offers);
    offers.map(|(state, offer)| i64::from(state.stock) * i64::from(offer.unit_cost_fen)).sum()
}

impl Watch for Audit {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.follow(placed, |order| order.platform, |found, order| found.place(world, order));
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.follow(
            &answers.shards,
            |a| a.order.platform,
            |found, answer| found.answer(world, answer),
        );
    }

    fn closed(&mut self, world: &World, day: &Day) {
        for (index, platform) in world.platforms.iter().enumerate() {
            self.follow(&platform.outcomes, |_| index as u8, |found, o| found.end(world, o));
            let today = &day.books[index].postings.0;
            self.accounts[index].today.add_up(&world.link);
            let finding = self.accounts[index].compare(world, platform, today);
            self.finding = self.finding.take().or(finding);
        }
    }
}

impl Audit {
    /// Follows the records of every shard, in parallel, and adds up what they say.
    fn follow<T: Sync>(
        &mut self,
        records: &[Vec<T>],
        platform: impl Fn(&T) -> u8 + Sync,
        read: impl Fn(&mut Found, &T) + Sync,
    ) {
        for (index, account) in self.accounts.iter_mut().enumerate() {
            let of_shard = |list: &Vec<T>| {
                let mut found = Found::default();
                let own = list.iter().filter(|record| usize::from(platform(record)) == index);
                own.for_each(|record| read(&mut found, record));
                found
            };
            account.today.add(
                records
                    .par_iter()
                    .with_max_len(1)
                    .map(of_shard)
                    .reduce(Found::default, Found::plus),
            );
        }
    }
}

impl Found {
    fn add(&mut self, other: Self) {
        self.expected.iter_mut().zip(other.expected).for_each(|(sum, amount)| *sum += amount);
        self.open_orders += other.open_orders;
        self.open_fen += other.open_fen;
        self.coupon_fen += other.coupon_fen;
        self.mispriced += other.mispriced;
        self.gone_cost_fen += other.gone_cost_fen;
    }

    /// What all ranks found.
    fn add_up(&mut self, link: &Link) {
        link.merge(std::slice::from_mut(self), |sum, other| sum.add(other.clone()));
    }

    fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    fn place(&mut self, world: &World, order: &Order) {
        let platform = &world.platforms[order.platform as usize];
        let (whole, off) = (order.full_price().0, order.coupon_fen);
        let alone = i64::from(platform.offers[order.offer as usize].price_fen);
        let fits = off == 0 || off == platform.coupon.off_fen(whole as u32);
        self.mispriced += u64::from(whole > alone || !fits);
        self.coupon_fen += i64::from(off);
        self.expected[Line::Payment as usize] += i64::from(order.price_fen);
        self.open_orders += 1;
        self.open_fen += i64::from(order.price_fen);
    }

    fn answer(&mut self, world: &World, Answer { order, verdict }: &Answer) {
        if *verdict != Verdict::Granted {
            return self.refund(order.price_fen, order.coupon_fen);
        }
        let platform = &world.platforms[order.platform as usize];
        self.expected[Line::Postage as usize] += match carriage(platform, order) {
            Carriage::Parcel => world.env.catalogue.parcel_cost_fen,
            Carriage::Pickup => platform.fees.pickup_cost_fen,
        };
        self.gone_cost_fen += unit_cost_fen(world, order.offer);
    }

    fn refund(&mut self, price_fen: u32, coupon_fen: u16) {
        self.expected[Line::Refund as usize] += i64::from(price_fen);
        self.open_orders -= 1;
        self.open_fen -= i64::from(price_fen);
        self.coupon_fen -= i64::from(coupon_fen);
    }

    fn end(&mut self, world: &World, outcome: &Outcome) {
        let order = &outcome.order;
        if outcome.returned {
            self.expected[Line::ReturnPostage as usize] += world.env.catalogue.parcel_cost_fen;
            self.gone_cost_fen -= unit_cost_fen(world, order.offer);
            return self.refund(order.price_fen, order.coupon_fen);
        }
        let platform = &world.platforms[order.platform as usize];
        let price = i64::from(order.price_fen);
        let whole = price + i64::from(order.coupon_fen);
        let part = |share_bp: u32| whole * i64::from(share_bp) / 10_000;
        self.open_orders -= 1;
        self.open_fen -= price;
        self.expected[Line::Settlement as usize] += price;
        self.expected[Line::Subsidy as usize] += i64::from(order.coupon_fen);
        self.expected[Line::Commission as usize] += part(platform.fees.commission_bp);
        self.expected[Line::AdFee as usize] += part(platform.fees.ad_fee_bp);
        let terms = &platform.channels[order.channel as usize];
        if let Some(line) = terms.commission_line {
            self.expected[line as usize] += part(terms.commission_bp);
        }
    }
}

fn carriage(platform: &Platform, order: &Order) -> Carriage {
    platform.channels[order.channel as usize].carriage
}

fn unit_cost_fen(world: &World, offer: u32) -> i64 {
    i64::from(world.env.catalogue.offers[offer as usize].unit_cost_fen)
}

impl Account {
    /// Compares with the ledger and the stock at the end of a day.
    fn compare(
        &mut self,
        world: &World,
        platform: &Platform,
        ledger: &[i64; LINES],
    ) -> Option<String> {
        let found = std::mem::take(&mut self.today);
        let Found { mut expected, open_orders, open_fen, gone_cost_fen, .. } = found;
        // Goods bought: what is there now and what went, less what was there before.
        let stock_fen = stock_fen(world, platform);
        expected[Line::Goods as usize] += stock_fen - self.stock_fen + gone_cost_fen;
        self.stock_fen = stock_fen;
        self.open_orders += open_orders;
        self.open_fen += open_fen;
        self.coupon_fen += found.coupon_fen;
        let held = |line: Line| ledger[line as usize];
        self.escrow_fen += held(Line::Payment) - held(Line::Refund) - held(Line::Settlement);
        (found.mispriced > 0)
            .then(|| format!("{} orders at a price that is not the offer's", found.mispriced))
            .or_else(|| compare_lines(ledger, &expected))
            .or_else(|| self.check_escrow())
            .or_else(|| self.check_coupons(platform))
            .or_else(|| self.check_budget(platform, ledger))
    }

    fn check_escrow(&self) -> Option<String> {
        let Self { escrow_fen, open_orders, open_fen, .. } = self;
        (escrow_fen != open_fen).then(|| {
            format!("the platform holds {escrow_fen} fen for {open_orders} open orders of {open_fen} fen")
        })
    }

    /// The pool of coupons is what was given less what orders hold and held.
    fn check_coupons(&self, platform: &Platform) -> Option<String> {
        let (pool, held) = (platform.coupon_pool, self.coupon_fen);
        let (given, left) = (pool.given_fen, pool.left_fen);
        (left < 0 || given - held != left)
            .then(|| format!("{left} fen are left for coupons, of {given} given and {held} held"))
    }

    fn check_budget(&mut self, platform: &Platform, ledger: &[i64; LINES]) -> Option<String> {
        let marketing = FLOWS.iter().zip(ledger).filter(|(flow, _)| flow.marketing);
        self.marketing_fen += marketing.map(|(_, amount)| amount).sum::<i64>();
        self.budget_fen += platform.daily_budget.0;
        let Self { marketing_fen: spent, budget_fen: budget, .. } = *self;
        (spent > budget).then(|| format!("{spent} fen spent of a budget of {budget}"))
    }
}

/// The first line on which ledger and orders disagree.
fn compare_lines(ledger: &[i64; LINES], expected: &[i64; LINES]) -> Option<String> {
    let line =
        FROM_ORDERS.iter().find(|line| ledger[**line as usize] != expected[**line as usize])?;
    let (name, k) = (FLOWS[*line as usize].name, *line as usize);
    Some(format!("`{name}` is {} fen in the ledger, {} by the orders", ledger[k], expected[k]))
}
