//! The audit: an independent count of money and units from the order records.
//!
//! Double entry is zero by construction, so it proves nothing. The audit follows every
//! order from placing to its end, works out by itself what must have been paid, and
//! compares with the ledger and the stock after each day, to the fen and the unit.

use super::step::{Day, Watch};
use crate::exchange::link::Link;
use crate::exchange::{Inbox, ahead};
use crate::market::ledger::{FLOWS, LINES, Line};
use crate::market::message::{Answer, Order, Outcome, Verdict};
use crate::market::platform::{Carriage, ChannelTerms, Platform};
use crate::market::tally::MAX_CHANNELS;
use crate::mechanism::world::World;
use crate::parallel;
use crate::simd::prefetch;
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
pub struct Found {
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
    /// What a unit of each offer costs: near, as the offers themselves are not.
    costs_fen: Vec<u32>,
}

crate::state! {
    Found { expected, open_orders, open_fen, coupon_fen, mispriced, gone_cost_fen }
    Account {
        today, marketing_fen, budget_fen, escrow_fen, open_orders, open_fen, coupon_fen, stock_fen,
    }
    Audit { accounts, finding; except costs_fen }
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
        let offers = &world.env.catalogue.offers;
        Self {
            accounts: world.platforms.iter().map(account).collect(),
            finding: None,
            costs_fen: offers.iter().map(|offer| offer.unit_cost_fen).collect(),
        }
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
    let offers = platform.inventory.par_iter().zip(&world.env.catalogue.offers);
    offers.map(|(state, offer)| i64::from(state.stock) * i64::from(offer.unit_cost_fen)).sum()
}

impl Audit {
    /// What reads a platform's records.
    #[must_use]
    pub fn reader<'a>(&'a self, world: &'a World, platform: usize) -> Reader<'a> {
        Reader::new(world, platform, &self.costs_fen)
    }

    /// Enters what was found in a platform's records.
    pub fn enter(&mut self, platform: usize, found: Vec<Found>) {
        let today = &mut self.accounts[platform].today;
        found.into_iter().for_each(|found| today.add(found));
    }
}

impl Watch for Audit {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        for (index, account) in self.accounts.iter_mut().enumerate() {
            let reader = Reader::new(world, index, &self.costs_fen);
            account.follow(placed, |lists| reader.placed(lists));
        }
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        for (index, account) in self.accounts.iter_mut().enumerate() {
            let reader = Reader::new(world, index, &self.costs_fen);
            account.follow(&answers.shards, |lists| reader.answered(lists));
        }
    }

    fn closed(&mut self, world: &World, day: &Day) {
        for (index, platform) in world.platforms.iter().enumerate() {
            let reader = Reader::new(world, index, &self.costs_fen);
            let account = &mut self.accounts[index];
            let shards: Vec<usize> = (0..platform.endings.len()).collect();
            account.follow(&shards, |shards| reader.ended(shards));
            account.today.add_up(&world.link);
            let finding = account.compare(world, platform, &day.books[index].postings.0);
            self.finding = self.finding.take().or(finding);
        }
    }
}

/// Shards whose records are followed together: a shard's alone are read sooner than handed
/// to a thread. Whole numbers are added up: it shapes no result.
const TOGETHER: usize = 8;

impl Account {
    /// Follows the records of all shards, in parallel, and adds up what they say.
    fn follow<T: Sync>(&mut self, records: &[T], read: impl Fn(&[T]) -> Found + Send + Sync) {
        let mut lists: Vec<&[T]> = records.chunks(TOGETHER).collect();
        let found = parallel::map(&mut lists, |lists| read(lists));
        found.into_iter().for_each(|found| self.today.add(found));
    }
}

/// Reads the records of one platform. What it adds up order by order are a few numbers;
/// only at the end of some lists does it enter them.
pub struct Reader<'a> {
    world: &'a World,
    platform: &'a Platform,
    index: u8,
    /// Postage by channel.
    postage_fen: [i64; MAX_CHANNELS],
    /// By offer.
    costs_fen: &'a [u32],
    /// By channel, the share of whoever recommends, 0 where nobody is paid.
    commission_bp: [u32; MAX_CHANNELS],
}

impl<'a> Reader<'a> {
    fn new(world: &'a World, index: usize, costs_fen: &'a [u32]) -> Self {
        let platform = &world.platforms[index];
        let postage_fen = |terms: &ChannelTerms| match terms.carriage {
            Carriage::Parcel => world.env.catalogue.parcel_cost_fen,
            Carriage::Pickup => platform.fees.pickup_cost_fen,
        };
        let commission_bp =
            |terms: &ChannelTerms| terms.commission_line.map_or(0, |_| terms.commission_bp);
        let channel = |k: usize| platform.channels.get(k);
        Self {
            world,
            platform,
            index: index as u8,
            costs_fen,
            postage_fen: std::array::from_fn(|k| channel(k).map_or(0, postage_fen)),
            commission_bp: std::array::from_fn(|k| channel(k).map_or(0, commission_bp)),
        }
    }

    fn unit_cost_fen(&self, offer: u32) -> i64 {
        i64::from(self.costs_fen[offer as usize])
    }

    /// Orders that were placed, and paid.
    fn placed(&self, lists: &[Vec<Order>]) -> Found {
        let (mut n, mut paid_fen, mut coupon_fen, mut mispriced) = (0, 0, 0, 0);
        let Platform { offers, coupon, .. } = self.platform;
        for list in lists {
            for (_, order, later) in ahead(list) {
                if let Some(later) = later {
                    prefetch(offers, later.offer as usize);
                }
                if order.platform != self.index {
                    continue;
                }
                let (whole, off) = (order.full_price().0, order.coupon_fen);
                let alone = i64::from(offers[order.offer as usize].price_fen);
                let fits = off == 0 || off == coupon.off_fen(whole as u32);
                mispriced += u64::from(whole > alone || !fits);
                n += 1;
                paid_fen += i64::from(order.price_fen);
                coupon_fen += i64::from(off);
            }
        }
        let open = Found { open_orders: n, open_fen: paid_fen, coupon_fen, ..Found::default() };
        Found { mispriced, ..open }.with(Line::Payment, paid_fen)
    }

    /// Orders that were answered: sent out, or the money given back.
    #[must_use]
    pub fn answered(&self, lists: &[Vec<Answer>]) -> Found {
        let (mut refund, mut postage_fen, mut gone_cost_fen) = (Refund::default(), 0, 0);
        for list in lists {
            for Answer { order, verdict } in list {
                if order.platform != self.index {
                    continue;
                }
                if *verdict == Verdict::Granted {
                    postage_fen += self.postage_fen[usize::from(order.channel)];
                    gone_cost_fen += self.unit_cost_fen(order.offer);
                } else {
                    refund.add(order.price_fen, order.coupon_fen);
                }
            }
        }
        Found { gone_cost_fen, ..refund.found() }.with(Line::Postage, postage_fen)
    }

    /// Orders that ended: kept and shared out, or sent back.
    fn ended(&self, shards: &[usize]) -> Found {
        let (mut refund, mut back_cost_fen) = (Refund::default(), 0);
        let (mut n, mut kept_fen, mut coupon_fen) = (0, 0, 0);
        let (mut commission_fen, mut ad_fee_fen) = (0, 0);
        let mut recommended_fen = [0; MAX_CHANNELS];
        let fees = &self.platform.fees;
        let own = |outcome: &Outcome| outcome.order.platform == self.index;
        for &shard in shards {
            for Outcome { order, returned, .. } in self.platform.outcomes(shard).filter(own) {
                if returned {
                    back_cost_fen += self.unit_cost_fen(order.offer);
                    refund.add(order.price_fen, order.coupon_fen);
                    continue;
                }
                n += 1;
                kept_fen += i64::from(order.price_fen);
                coupon_fen += i64::from(order.coupon_fen);
                let whole = u64::from(order.price_fen) + u64::from(order.coupon_fen);
                let part = |share_bp: u32| (whole * u64::from(share_bp) / 10_000) as i64;
                commission_fen += part(fees.commission_bp);
                ad_fee_fen += part(fees.ad_fee_bp);
                let channel = usize::from(order.channel);
                recommended_fen[channel] += part(self.commission_bp[channel]);
            }
        }
        let mut found = refund.found();
        let parcel_cost_fen = self.world.env.catalogue.parcel_cost_fen;
        found = found.with(Line::ReturnPostage, refund.n * parcel_cost_fen);
        found.gone_cost_fen -= back_cost_fen;
        found.open_orders -= n;
        found.open_fen -= kept_fen;
        found = found.with(Line::Settlement, kept_fen).with(Line::Subsidy, coupon_fen);
        found = found.with(Line::Commission, commission_fen).with(Line::AdFee, ad_fee_fen);
        let paid = self.platform.channels.iter().zip(recommended_fen);
        paid.filter_map(|(terms, fen)| Some((terms.commission_line?, fen)))
            .fold(found, |found, (line, fen)| found.with(line, fen))
    }
}

/// Orders whose money goes back.
#[derive(Clone, Copy, Debug, Default)]
struct Refund {
    n: i64,
    fen: i64,
    coupon_fen: i64,
}

impl Refund {
    fn add(&mut self, price_fen: u32, coupon_fen: u16) {
        self.n += 1;
        self.fen += i64::from(price_fen);
        self.coupon_fen += i64::from(coupon_fen);
    }

    fn found(&self) -> Found {
        let Self { n, fen, coupon_fen } = *self;
        let (open_orders, open_fen, coupon_fen) = (-n, -fen, -coupon_fen);
        Found { open_orders, open_fen, coupon_fen, ..Found::default() }.with(Line::Refund, fen)
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

    /// With so much more expected on a line.
    fn with(mut self, line: Line, fen: i64) -> Self {
        self.expected[line as usize] += fen;
        self
    }
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
