//! Stock and clearing: who gets what is contended for, and what comes in.
//!
//! Orders of an offer are granted in the order of an addressed random priority until
//! the stock is used up. Every review the merchant orders up to the expected demand of
//! a number of days; goods are there the next morning and are paid when they come.
//!
//! An offer has one stock for all platforms of an arm, the sum of the platforms' accounts:
//! what came in on an account, less what was sold through it. An account may be overdrawn,
//! as long as the sum is not; goods that come in are charged in proportion to what each
//! account lacks of its part of the stock that is there then, so that in the long run each
//! pays for what it sells.
//!
//! With a lead time goods come so many mornings later, and the rule is (s, S) with review
//! (Silver, Pyke & Peterson 1998): where stock and goods under way are no more than s, the
//! demand until the goods of the next review come plus safety, they are filled up to
//! S = s + the demand of the days to cover.

use crate::columns::{Columns, State};
use crate::exchange::{Inbox, Outbox};
use crate::market::ledger::Line;
use crate::market::message::{Answer, Order, Verdict};
use crate::market::platform::{Book, Carriage, ChannelTerms, Inventory, Platform};
use crate::market::tally::MAX_CHANNELS;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{MAX_PLATFORMS, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel::{self, Shards};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::pow;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use smallvec::SmallVec;
use std::collections::VecDeque;

parameters! {
    /// Stock and clearing.
    pub struct Parameters {
        /// Days between two reviews of an offer's stock.
        review_days: u16 = "3", "days", 1.0, 365.0, A, "assumed";
        /// Days of expected demand up to which stock is ordered.
        cover_days: f64 = "10.0", "days", 0.0, 365.0, A, "assumed";
        /// Units up to which stock is ordered at least.
        least_units: u32 = "12", "units", 0.0, 1_000_000.0, A, "a carton";
        /// Days by which goods ordered come later than the next morning.
        lead_time_days: u16 = "0", "days", 0.0, 365.0, A, "assumed";
        /// Days of expected demand held against surprises where there is a lead time.
        safety_days: f64 = "2.0", "days", 0.0, 365.0, A, "assumed";
        /// Half-life of the smoothed demand.
        demand_half_life_days: f64 = "7.0", "days", 0.1, 365.0, A, "a week";
        /// Orders a member and day by which the stock of day 0 is planned.
        planned_orders: f64 = "0.09", "orders/day", 0.0, 10.0, D, "50 m orders a day on 487 m monthly users (Pinduoduo, March 2020)";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "stock",
    summary: "Grants orders against stock in random order, and restocks by smoothed demand",
    scope: Scope::World,
    role: Role::Clearing,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[],
    load: None,
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let keep = pow(0.5, 1.0 / p.demand_half_life_days);
    Box::new(Stock { p, keep, on_order: Vec::new(), under_way: VecDeque::new() })
}

struct Stock {
    p: Parameters,
    /// Share of the smoothed demand that is kept from day to day.
    keep: f64,
    /// Units under way of each offer; empty without a lead time.
    on_order: Vec<u32>,
    /// Deliveries under way, the next one first.
    under_way: VecDeque<Delivery>,
}

/// What comes in on a morning.
struct Delivery {
    day: u16,
    /// Units of each offer.
    units: Vec<u32>,
}

crate::state! { Delivery { day, units } }

/// The offers of one shard on one platform, with the book of what happens to them.
struct Shelf<'a> {
    inventory: &'a mut [Inventory],
    book: &'a mut Book,
}

/// The shelves of a shard of offers, one a platform.
type Shelves<'a> = SmallVec<[Shelf<'a>; MAX_PLATFORMS]>;

/// The shelves of each shard of offers.
fn shelves(platforms: &mut [Platform], shards: Shards) -> Vec<Shelves<'_>> {
    let mut all: Vec<Shelves<'_>> = (0..shards.count()).map(|_| Shelves::new()).collect();
    for platform in platforms {
        let parts = platform.inventory.chunks_mut(shards.size()).zip(&mut platform.offer_books);
        for (shelves, (inventory, book)) in all.iter_mut().zip(parts) {
            shelves.push(Shelf { inventory, book });
        }
    }
    all
}

/// Units of an offer in stock: all accounts together.
#[inline]
fn in_stock(shelves: &[Shelf<'_>], row: usize) -> i32 {
    match shelves {
        [shelf] => shelf.inventory[row].stock,
        all => all.iter().map(|shelf| shelf.inventory[row].stock).sum(),
    }
}

impl Mechanism for Stock {
    /// (expected demand) → first stock.
    fn start(&mut self, world: &mut World) {
        for platform in &mut world.platforms {
            let per_offer =
                self.p.planned_orders * platform.n_live as f64 / platform.inventory.len() as f64;
            platform.inventory.iter_mut().for_each(|state| state.demand = per_offer as f32);
        }
        let days = world.env.start.stock_days;
        let units = ordered(world, |_, demand, stock| self.missing(demand, stock, days));
        receive(world, &units);
        if self.p.lead_time_days > 0 {
            self.on_order = vec![0; units.len()];
        }
    }

    /// (goods under way) → what comes in this morning.
    fn open(&mut self, world: &mut World, at: Clock) {
        while let Some(delivery) = self.under_way.pop_front_if(|next| next.day <= at.day) {
            receive(world, &delivery.units);
            let ordered = self.on_order.iter_mut().zip(&delivery.units);
            ordered.for_each(|(ordered, units)| *ordered -= units);
        }
    }

    /// (orders, by offer and priority) → grants while stock lasts.
    fn settle(
        &mut self,
        world: &mut World,
        _at: Clock,
        orders: &mut Inbox<Order>,
        answers: &mut Outbox<Answer>,
    ) {
        let World { env, platforms, .. } = world;
        let shards = env.catalogue.shards;
        let parcel_fen = env.catalogue.parcel_cost_fen;
        let postages: Vec<Postages> =
            platforms.iter().map(|platform| Postages::new(platform, parcel_fen)).collect();
        let mut rooms = shelves(platforms, shards);
        answers.send_with(&mut rooms, |shard, shelves, bins| {
            let shelves = &mut shelves[..];
            bins.push_all(orders.shards[shard].iter().map(|order| {
                let row = shards.row_of(order.offer);
                let is_there = in_stock(shelves, row) > 0;
                let platform = usize::from(order.platform);
                let postage_fen = postages[platform].of(order);
                let verdict = shelves[platform].answer(row, order, is_there, postage_fen);
                Answer { order: *order, verdict }
            }));
        });
    }

    /// (orders of the day) → smoothed demand, and goods ordered.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let keep = self.keep;
        let size = world.env.catalogue.shards.size();
        let offers = world.platforms.iter_mut().map(|platform| platform.inventory.chunks_mut(size));
        parallel::each(&mut offers.flatten().collect::<Vec<_>>(), |_, offers| {
            for state in &mut **offers {
                let today = f64::from(state.asked_today);
                state.demand = (f64::from(state.demand) * keep + today * (1.0 - keep)) as f32;
                state.asked_today = 0;
                state.sold_today = 0;
            }
        });
        if (at.day + 1).is_multiple_of(self.p.review_days) {
            self.restock(world, at.day);
        }
    }

    fn digest(&self, hash: &mut Digest) {
        for delivery in &self.under_way {
            hash.add([u64::from(delivery.day)]);
            hash.add(delivery.units.iter().map(|&units| u64::from(units)));
        }
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p, keep: _, on_order, under_way } = self;
        io.acted("stock.planned_orders", &p.planned_orders);
        io.where_on(on_order);
        under_way.visit(io);
    }
}

/// What sending an order costs, by channel.
struct Postages([i64; MAX_CHANNELS]);

impl Postages {
    fn new(platform: &Platform, parcel_fen: i64) -> Self {
        let pickup_fen = platform.fees.pickup_cost_fen;
        let postage = |terms: &ChannelTerms| match terms.carriage {
            Carriage::Parcel => parcel_fen,
            Carriage::Pickup => pickup_fen,
        };
        let channels = &platform.channels;
        Self(std::array::from_fn(|channel| channels.get(channel).map_or(0, postage)))
    }

    #[inline]
    fn of(&self, order: &Order) -> i64 {
        self.0[usize::from(order.channel)]
    }
}

impl Shelf<'_> {
    /// Grants an order or refuses it, and books what follows.
    #[inline]
    fn answer(&mut self, row: usize, order: &Order, is_there: bool, postage_fen: i64) -> Verdict {
        let (offer, book) = (&mut self.inventory[row], &mut *self.book);
        offer.asked_today += 1;
        if !is_there {
            book.tally.out_of_stock += 1;
            book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
            return Verdict::OutOfStock;
        }
        offer.stock -= 1;
        offer.sold_today += 1;
        book.tally.units_out += 1;
        book.postings.post(Line::Postage, Fen(postage_fen));
        Verdict::Granted
    }

    /// Takes units into stock and pays for them.
    fn receive(&mut self, row: usize, units: u32, unit_cost_fen: u32) {
        self.inventory[row].stock += units as i32;
        self.book.tally.units_in += u64::from(units);
        let cost = i64::from(units) * i64::from(unit_cost_fen);
        self.book.postings.post(Line::Goods, Fen(cost));
    }
}

/// Divides units that come in among the platforms, to the unit: each gets what its part of
/// the running sum of all lacks rounds to. What is rounded away is lacking next time.
fn divide(shelves: &[Shelf<'_>], row: usize, units: u32) -> [u32; MAX_PLATFORMS] {
    if let [_] = shelves {
        let mut parts = [0; MAX_PLATFORMS];
        parts[0] = units;
        return parts;
    }
    let lacks = lacks(shelves, row, units);
    let all: f64 = lacks.iter().sum();
    let (mut parts, mut sum, mut given) = ([0; MAX_PLATFORMS], 0.0, 0);
    for (k, lack) in lacks.into_iter().enumerate().take(shelves.len()) {
        sum += lack;
        let is_last = k + 1 == shelves.len();
        let upto = if is_last { units } else { (f64::from(units) * sum / all + 0.5) as u32 };
        parts[k] = upto - given;
        given = upto;
    }
    parts
}

/// What each platform's account lacks of its part of what is in stock once so many units have
/// come in. A part is as what is asked for on the platform; without any demand the first has
/// everything. All together lack at least what comes in.
fn lacks(shelves: &[Shelf<'_>], row: usize, units: u32) -> [f64; MAX_PLATFORMS] {
    let asked = |shelf: &Shelf<'_>| f64::from(shelf.inventory[row].demand);
    let all: f64 = shelves.iter().map(asked).sum();
    let there = f64::from(in_stock(shelves, row)) + f64::from(units);
    let mut lacks = [0.0; MAX_PLATFORMS];
    for (k, (lack, shelf)) in lacks.iter_mut().zip(shelves).enumerate() {
        let idle = if k == 0 { 1.0 } else { 0.0 };
        let part = if all > 0.0 { asked(shelf) / all } else { idle };
        *lack = (there * part - f64::from(shelf.inventory[row].stock)).max(0.0);
    }
    lacks
}

/// Units to order of every offer, by a rule for an offer of so much demand and stock.
fn ordered(world: &mut World, rule: impl Fn(u32, f64, u32) -> u32 + Sync) -> Vec<u32> {
    let shards = world.env.catalogue.shards;
    let mut units = vec![0; world.env.catalogue.offers.len()];
    let mut shelves = shelves(&mut world.platforms, shards);
    parallel::each_shard(shards, &mut units, &mut shelves, |shard, units, shelves| {
        for ((row, units), offer) in units.iter_mut().enumerate().zip(shards.range(shard)) {
            let demand = shelves.iter().map(|shelf| f64::from(shelf.inventory[row].demand)).sum();
            *units = rule(offer, demand, in_stock(shelves, row).max(0) as u32);
        }
    });
    units
}

/// Takes units of every offer into stock and pays for them.
fn receive(world: &mut World, units: &[u32]) {
    let catalogue = &world.env.catalogue;
    let size = catalogue.shards.size();
    let mut shelves = shelves(&mut world.platforms, catalogue.shards);
    let parts = catalogue.offers.chunks(size).zip(units.chunks(size));
    parallel::each(&mut shelves.iter_mut().zip(parts).collect::<Vec<_>>(), |_, part| {
        let (shelves, (offers, units)) = part;
        let rows = offers.iter().zip(*units).enumerate().filter(|(_, (_, units))| **units > 0);
        for (row, (offer, &units)) in rows {
            let parts = divide(shelves, row, units);
            for (shelf, part) in shelves.iter_mut().zip(parts) {
                shelf.receive(row, part, offer.unit_cost_fen);
            }
        }
    });
}

impl Stock {
    /// Orders goods of all offers: at once there and paid, or under way.
    fn restock(&mut self, world: &mut World, day: u16) {
        if self.p.lead_time_days == 0 {
            let days = self.p.cover_days;
            let units = ordered(world, |_, demand, stock| self.missing(demand, stock, days));
            return receive(world, &units);
        }
        let units = ordered(world, |offer, demand, stock| {
            self.wanted(demand, stock.saturating_add(self.on_order[offer as usize]))
        });
        self.on_order.iter_mut().zip(&units).for_each(|(ordered, units)| *ordered += units);
        let day = day.saturating_add(1).saturating_add(self.p.lead_time_days);
        self.under_way.push_back(Delivery { day, units });
    }

    /// Units that fill an offer up to `days` of smoothed demand.
    fn missing(&self, demand: f64, stock: u32, days: f64) -> u32 {
        let level = (demand * days).ceil() as u32;
        level.max(self.p.least_units).saturating_sub(stock)
    }

    /// Units to order by the (s, S) rule, with so many in stock and under way.
    fn wanted(&self, demand: f64, position: u32) -> u32 {
        let wait = f64::from(self.p.lead_time_days) + f64::from(self.p.review_days);
        let low = demand * (wait + self.p.safety_days);
        let high = ((low + demand * self.p.cover_days).ceil() as u32).max(self.p.least_units);
        if f64::from(position) > low { 0 } else { high.saturating_sub(position) }
    }
}
