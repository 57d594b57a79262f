//! The audit: an independent count of money and units from the order records.
//!
//! Double entry is zero by construction, so it proves nothing. The audit follows every
//! order from placing to its end, works out by itself what must have been paid, and
//! compares with the ledger and the stock after each day, to the fen and the unit.

use super::step::{Day, Watch};
use crate::exchange::Inbox;
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
];

/// The audit of one platform.
#[derive(Clone, Debug)]
struct Account {
    expected: [i64; LINES],
    marketing_fen: i64,
    open_orders: i64,
    open_fen: i64,
    escrow_fen: i64,
    stock_units: i64,
    stock_fen: i64,
    granted: i64,
    returned: i64,
    granted_cost_fen: i64,
    returned_cost_fen: i64,
}

/// The audit of one arm.
#[derive(Clone, Debug)]
pub struct Audit {
    accounts: Vec<Account>,
    finding: Option<String>,
}

impl Audit {
    /// An audit that begins before the first day; the stock of that day was bought already.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let account = |platform: &Platform| {
            let mut expected = [0; LINES];
            let (units, cost) = stock(world, platform);
            expected[Line::Goods as usize] = cost;
            Account {
                expected,
                marketing_fen: 0,
                open_orders: 0,
                open_fen: 0,
                escrow_fen: 0,
                stock_units: units,
                stock_fen: cost,
                granted: 0,
                returned: 0,
                granted_cost_fen: 0,
                returned_cost_fen: 0,
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

/// Units in stock, and what they cost.
fn stock(world: &World, platform: &Platform) -> (i64, i64) {
    let offers = platform.offers.par_iter().zip(&world.env.catalogue.offers);
    offers
        .map(|(state, offer)| {
            let units = i64::from(state.stock);
            (units, units * i64::from(offer.unit_cost_fen))
        })
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
}

impl Watch for Audit {
    fn placed(&mut self, _world: &World, placed: &[Vec<Order>]) {
        for order in placed.iter().flatten() {
            let account = &mut self.accounts[order.platform as usize];
            account.expected[Line::Payment as usize] += i64::from(order.price_fen);
            account.open_orders += 1;
            account.open_fen += i64::from(order.price_fen);
        }
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        for Answer { order, verdict } in answers.shards.iter().flatten() {
            let index = order.platform as usize;
            let (account, platform) = (&mut self.accounts[index], &world.platforms[index]);
            if *verdict == Verdict::Granted {
                account.grant(world, platform, order);
            } else {
                account.refund(order);
            }
        }
    }

    fn closed(&mut self, world: &World, day: &Day) {
        for (index, platform) in world.platforms.iter().enumerate() {
            let account = &mut self.accounts[index];
            for outcome in platform.outcomes.iter().flatten() {
                account.end(world, platform, outcome);
            }
            let finding = account.compare(world, platform, &day.books[index].postings.0, day.day);
            self.finding = self.finding.take().or(finding);
        }
    }
}

impl Account {
    fn grant(&mut self, world: &World, platform: &Platform, order: &Order) {
        let postage = match platform.channels[order.channel as usize].carriage {
            Carriage::Parcel => world.env.catalogue.parcel_cost_fen,
            Carriage::Pickup => platform.fees.pickup_cost_fen,
        };
        self.expected[Line::Postage as usize] += postage;
        self.granted += 1;
        let offer = &world.env.catalogue.offers[order.offer as usize];
        self.granted_cost_fen += i64::from(offer.unit_cost_fen);
    }

    fn refund(&mut self, order: &Order) {
        self.expected[Line::Refund as usize] += i64::from(order.price_fen);
        self.open_orders -= 1;
        self.open_fen -= i64::from(order.price_fen);
    }

    fn end(&mut self, world: &World, platform: &Platform, outcome: &Outcome) {
        let order = &outcome.order;
        if outcome.returned {
            self.refund(order);
            self.returned += 1;
            self.expected[Line::ReturnPostage as usize] += world.env.catalogue.parcel_cost_fen;
            let offer = &world.env.catalogue.offers[order.offer as usize];
            self.returned_cost_fen += i64::from(offer.unit_cost_fen);
            return;
        }
        let price = i64::from(order.price_fen);
        let part = |share_bp: u32| price * i64::from(share_bp) / 10_000;
        self.open_orders -= 1;
        self.open_fen -= price;
        self.expected[Line::Settlement as usize] += price;
        self.expected[Line::Commission as usize] += part(platform.fees.commission_bp);
        self.expected[Line::AdFee as usize] += part(platform.fees.ad_fee_bp);
        let terms = &platform.channels[order.channel as usize];
        if let Some(line) = terms.commission_line {
            self.expected[line as usize] += part(terms.commission_bp);
        }
    }

    /// Compares with the ledger and the stock at the end of a day.
    fn compare(
        &mut self,
        world: &World,
        platform: &Platform,
        today: &[i64; LINES],
        day: u16,
    ) -> Option<String> {
        let (units, cost) = stock(world, platform);
        // Goods bought: what is there and what went, less what was there and what came back.
        let bought = cost - self.stock_fen + self.granted_cost_fen - self.returned_cost_fen;
        self.expected[Line::Goods as usize] += bought;
        (self.stock_fen, self.granted_cost_fen, self.returned_cost_fen) = (cost, 0, 0);
        for line in FROM_ORDERS {
            let (ledger, expected) = (today[*line as usize], self.expected[*line as usize]);
            if ledger != expected {
                let name = FLOWS[*line as usize].name;
                return Some(format!(
                    "`{name}` is {ledger} fen in the ledger, {expected} by the orders"
                ));
            }
        }
        self.escrow_fen += today[Line::Payment as usize]
            - today[Line::Refund as usize]
            - today[Line::Settlement as usize];
        self.expected = [0; LINES];
        self.check_units(units).or_else(|| self.check_budget(platform, today, day))
    }

    fn check_units(&mut self, units: i64) -> Option<String> {
        self.stock_units = units;
        (self.escrow_fen != self.open_fen).then(|| {
            let (held, open, n) = (self.escrow_fen, self.open_fen, self.open_orders);
            format!("the platform holds {held} fen for {n} open orders of {open} fen")
        })
    }

    fn check_budget(
        &mut self,
        platform: &Platform,
        today: &[i64; LINES],
        day: u16,
    ) -> Option<String> {
        let spent =
            FLOWS.iter().zip(today).filter(|(flow, _)| flow.marketing).map(|(_, amount)| amount);
        self.marketing_fen += spent.sum::<i64>();
        let budget = platform.daily_budget.0 * (i64::from(day) + 1);
        (self.marketing_fen > budget)
            .then(|| format!("{} fen spent of a budget of {budget}", self.marketing_fen))
    }
}
