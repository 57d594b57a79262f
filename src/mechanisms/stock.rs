//! Stock and clearing: who gets what is contended for, and what comes in.
//!
//! Orders of an offer are granted in the order of an addressed random priority until
//! the stock is used up. Every review the merchant orders up to the expected demand of
//! a number of days; goods are there the next morning and are paid when they come.
//!
//! With a lead time goods come so many mornings later, and the rule is (s, S) with review
//! (Silver, Pyke & Peterson 1998): where stock and goods under way are no more than s, the
//! demand until the goods of the next review come plus safety, they are filled up to
//! S = s + the demand of the days to cover.

use crate::exchange::{Inbox, Outbox};
use crate::market::ledger::Line;
use crate::market::message::{Answer, Order, Verdict};
use crate::market::platform::{Book, Carriage, OfferState, Platform};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::mechanism::{Digest, Mechanism};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{ln, pow};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use rayon::prelude::*;
use std::collections::VecDeque;

parameters! {
    /// Stock and clearing.
    pub struct Parameters {
        /// Price of every offer relative to the list price.
        price_level: f64 = "1.0", "1", 0.01, 10.0, A, "list prices";
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
        /// Postage of a pickup, paid by the merchant.
        pickup_cost_fen: i64 = "80", "fen", 0.0, 1_000_000.0, A, "shared by the drop's orders, assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "stock",
    summary: "Grants orders against stock in random order, and restocks by smoothed demand",
    scope: Scope::Platform,
    role: Role::Clearing,
    on_by_default: true,
    needed: None,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[],
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let keep = pow(0.5, 1.0 / p.demand_half_life_days);
    let (on_order, under_way) = (Vec::new(), VecDeque::new());
    Box::new(Stock { p, platform: placement.platform, keep, on_order, under_way })
}

struct Stock {
    p: Parameters,
    platform: usize,
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

impl Mechanism for Stock {
    /// (list prices, expected demand) → prices and first stock.
    fn start(&mut self, world: &mut World) {
        let env = &world.env;
        let platform = &mut world.platforms[self.platform];
        platform.fees.pickup_cost_fen = self.p.pickup_cost_fen;
        let per_offer =
            self.p.planned_orders * platform.n_live as f64 / platform.offers.len() as f64;
        for (state, offer) in platform.offers.iter_mut().zip(&env.catalogue.offers) {
            let price = (f64::from(offer.list_price_fen) * self.p.price_level).round().max(1.0);
            let reference = env.catalogue.reference_price_fen[offer.category as usize] as f64;
            state.price_fen = price as u32;
            state.ln_price_ratio = ln(price / reference) as f32;
            state.demand = per_offer as f32;
        }
        let days = world.env.start.stock_days;
        let up_to = |state: &OfferState| fill_up(state, days, self.p.least_units);
        let units: Vec<u32> = platform.offers.iter().map(up_to).collect();
        receive(world, self.platform, &units);
        if self.p.lead_time_days > 0 {
            self.on_order = vec![0; units.len()];
        }
    }

    /// (goods under way) → what comes in this morning.
    fn open(&mut self, world: &mut World, at: Clock) {
        while let Some(delivery) = self.under_way.pop_front_if(|next| next.day <= at.day) {
            receive(world, self.platform, &delivery.units);
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
        let platform = &mut platforms[self.platform];
        let shards = env.catalogue.shards;
        let channels = &platform.channels;
        let posts = (env.catalogue.parcel_cost_fen, self.p.pickup_cost_fen);
        let mut rooms: Vec<(&mut [OfferState], &mut Book)> =
            platform.offers.chunks_mut(shards.size()).zip(&mut platform.offer_books).collect();
        answers.send_with(&mut rooms, |shard, (offers, book), bins| {
            for order in &orders.shards[shard] {
                let offer = &mut offers[shards.row_of(order.offer)];
                let pickup = channels[order.channel as usize].carriage == Carriage::Pickup;
                let verdict = grant(offer, book, order, if pickup { posts.1 } else { posts.0 });
                bins.push(Answer { order: *order, verdict });
            }
        });
    }

    /// (orders of the day) → smoothed demand, and goods ordered.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let platform = &mut world.platforms[self.platform];
        for state in &mut platform.offers {
            let today = f64::from(state.asked_today);
            state.demand = (f64::from(state.demand) * self.keep + today * (1.0 - self.keep)) as f32;
            state.asked_today = 0;
            state.sold_today = 0;
        }
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

    fn bytes(&self) -> u64 {
        let lists = self.under_way.iter().map(|delivery| delivery.units.capacity());
        ((self.on_order.capacity() + lists.sum::<usize>()) * size_of::<u32>()) as u64
    }
}

/// Grants an order or refuses it, and books what follows.
fn grant(offer: &mut OfferState, book: &mut Book, order: &Order, postage_fen: i64) -> Verdict {
    offer.asked_today += 1;
    if offer.stock == 0 {
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

/// Units that fill an offer up to `days` of smoothed demand.
fn fill_up(state: &OfferState, days: f64, least_units: u32) -> u32 {
    let level = (f64::from(state.demand) * days).ceil() as u32;
    level.max(least_units).saturating_sub(state.stock)
}

impl Stock {
    /// Orders goods of all offers: at once there and paid, or under way.
    fn restock(&mut self, world: &mut World, day: u16) {
        let states = &world.platforms[self.platform].offers;
        if self.p.lead_time_days == 0 {
            let up_to = |state: &OfferState| fill_up(state, self.p.cover_days, self.p.least_units);
            let units: Vec<u32> = states.par_iter().map(up_to).collect();
            return receive(world, self.platform, &units);
        }
        let both = states.iter().zip(&self.on_order);
        let units: Vec<u32> = both.map(|(state, &ordered)| self.wanted(state, ordered)).collect();
        self.on_order.iter_mut().zip(&units).for_each(|(ordered, units)| *ordered += units);
        let day = day.saturating_add(1).saturating_add(self.p.lead_time_days);
        self.under_way.push_back(Delivery { day, units });
    }

    /// Units to order by the (s, S) rule, with so many under way.
    fn wanted(&self, state: &OfferState, on_order: u32) -> u32 {
        let demand = f64::from(state.demand);
        let wait = f64::from(self.p.lead_time_days) + f64::from(self.p.review_days);
        let low = demand * (wait + self.p.safety_days);
        let high = ((low + demand * self.p.cover_days).ceil() as u32).max(self.p.least_units);
        let position = state.stock.saturating_add(on_order);
        if f64::from(position) > low { 0 } else { high.saturating_sub(position) }
    }
}

/// Takes units of every offer into stock and pays for them.
fn receive(world: &mut World, platform: usize, units: &[u32]) {
    let offers = &world.env.catalogue.offers;
    let Platform { offers: states, offer_books, .. } = &mut world.platforms[platform];
    let size = world.env.catalogue.shards.size();
    states
        .par_chunks_mut(size)
        .zip(offer_books.par_iter_mut())
        .zip(offers.par_chunks(size).zip(units.par_chunks(size)))
        .with_max_len(1)
        .for_each(|((states, book), (offers, units))| {
            for ((state, offer), &units) in states.iter_mut().zip(offers).zip(units) {
                state.stock += units;
                book.tally.units_in += u64::from(units);
                let cost = i64::from(units) * i64::from(offer.unit_cost_fen);
                book.postings.post(Line::Goods, Fen(cost));
            }
        });
}
