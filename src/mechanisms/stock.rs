//! Stock and clearing: who gets what is contended for, and what comes in.
//!
//! Orders of an offer are granted in the order of an addressed random priority until
//! the stock is used up. Every review the merchant orders up to the expected demand of
//! a number of days; goods are there the next morning and are paid when they come.

use crate::exchange::{Inbox, Outbox};
use crate::market::ledger::Line;
use crate::market::message::{Answer, Order, Verdict};
use crate::market::platform::{Book, Carriage, OfferState, Platform};
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{ln, pow};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use rayon::prelude::*;

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
    Box::new(Stock { p, platform: placement.platform, keep })
}

struct Stock {
    p: Parameters,
    platform: usize,
    /// Share of the smoothed demand that is kept from day to day.
    keep: f64,
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
        self.restock(world, world.env.start.stock_days);
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
            self.restock(world, self.p.cover_days);
        }
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

impl Stock {
    /// Fills every offer up to `days` of smoothed demand.
    fn restock(&self, world: &mut World, days: f64) {
        let offers = &world.env.catalogue.offers;
        let Platform { offers: states, offer_books, .. } = &mut world.platforms[self.platform];
        let size = world.env.catalogue.shards.size();
        states
            .par_chunks_mut(size)
            .zip(offer_books.par_iter_mut())
            .zip(offers.par_chunks(size))
            .with_max_len(1)
            .for_each(|((states, book), offers)| {
                for (state, offer) in states.iter_mut().zip(offers) {
                    let level = (f64::from(state.demand) * days).ceil() as u32;
                    let units = level.max(self.p.least_units).saturating_sub(state.stock);
                    state.stock += units;
                    book.tally.units_in += u64::from(units);
                    let cost = i64::from(units) * i64::from(offer.unit_cost_fen);
                    book.postings.post(Line::Goods, Fen(cost));
                }
            });
    }
}
