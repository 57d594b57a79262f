//! The decider: what a consumer does with what was seen.
//!
//! Multinomial logit (McFadden 1974) over the alternatives of one category at hand
//! plus an outside option at 0: the alternative with the least E·exp(−U) wins, E
//! exponential. E is addressed by (consumer, offer, day), so that one more offer does
//! not move the others, and the same offer through two channels, alone or in a team,
//! is the same good: the better way of getting it wins.

mod batch;
mod judge;
mod mood;
mod sale;
mod whole;

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::ledger::Line;
use crate::market::message::{Exposure, Order};
use crate::market::platform::{Book, Platform};
use crate::market::utility::Coefficients;
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{MAX_PLATFORMS, World};
use crate::parallel::{self, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_exp;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use batch::Batch;
use judge::Judge;
use smallvec::SmallVec;
use std::f64::consts::LN_2;

/// How an offer strikes a consumer on a day, and its hassle in each variant.
const TASTE: Stream = Stream::new("choice/taste");
/// How attractive buying nothing is.
const OUTSIDE: Stream = Stream::new("choice/outside");
/// Priority where what is ordered is contended for.
const PRIORITY: Stream = Stream::new("choice/priority");

parameters! {
    /// What the decider weighs.
    pub struct Parameters {
        /// κ: what an open need adds to the utility of goods that fill it.
        need: f64 = "2.0", "utility", 0.0, 20.0, A, "with search's constant: about two visits in three end in an order";
        /// β_P: utility lost per unit of ln(price ÷ reference).
        price: f64 = "2.7", "utility", 0.0, 10.0, V, "price elasticity -2.62 (Bijmolt, van Heerde & Pieters 2005)";
        /// β_T: utility between no trust and full trust.
        trust: f64 = "2.0", "utility", 0.0, 10.0, A, "assumed";
        /// β_F: utility of ln(1 + friends who recommend).
        friends: f64 = "0.3", "utility", 0.0, 10.0, A, "assumed; the friends' channels carry the rest";
        /// β_D: utility lost with a day of delivery.
        delay: f64 = "0.010", "utility/day", 0.0, 2.0, V, "one day faster promise: sales +0.73 % (Cui et al.)";
        /// β_L: utility of a full habit.
        habit: f64 = "0.3", "utility", 0.0, 10.0, A, "assumed";
        /// β_S: utility lost on the day of an order for goods that no need asks for.
        refractory: f64 = "1.5", "utility", 0.0, 20.0, A, "a household's purse; assumed";
        /// Days in which that loss halves.
        refractory_half_life_days: f64 = "3.0", "days", 0.01, 365.0, A, "assumed";
        /// Weight of the recommender in trust, the platform having the rest.
        recommender_weight: f64 = "0.5", "1", 0.0, 1.0, A, "model, section 6";
        /// Expected days of a parcel.
        parcel_days: f64 = "2.5", "days", 0.0, 60.0, A, "2 to 3 days";
        /// Expected days of a pickup.
        pickup_days: f64 = "1.0", "days", 0.0, 60.0, A, "next day";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "choice",
    summary: "Logit choice among the alternatives at hand and buying nothing",
    scope: Scope::World,
    role: Role::Decider,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[TASTE, OUTSIDE, PRIORITY],
    load: Some(load),
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    let (strains, idle) = (Vec::new(), Rooms::default());
    Box::new(Choice { p: Parameters::from_values(values), strains, idle })
}

/// A fifth of what is considered is ordered.
fn load(_values: &Values, extent: &Extent) -> Load {
    const ORDERED: f64 = 0.21;
    let Load { near, far, .. } = extent.known;
    Load { orders: ORDERED * (near + 2.0 * far), ..Load::default() }
}

struct Choice {
    p: Parameters,
    /// β_S·what is left of an order's strain after so many days; at the end 0, for no order.
    strains: Vec<f64>,
    /// How the offers stand in a wave.
    /// Batches between two uses: as many as threads are at work, whose room is kept.
    idle: Rooms<Batch>,
}

impl Choice {
    /// Makes the strains of all days until today.
    fn strain_until(&mut self, day: u16) {
        let Parameters { refractory, refractory_half_life_days, .. } = self.p;
        let strains = &mut self.strains;
        strains.pop();
        for days in strains.len()..=usize::from(day) {
            let left = quick_exp(-LN_2 * days as f64 / refractory_half_life_days);
            strains.push(refractory * left);
        }
        strains.push(0.0);
    }
}

impl Mechanism for Choice {
    fn start(&mut self, world: &mut World) {
        let p = &self.p;
        world.coefficients = Coefficients {
            need: p.need,
            price: p.price,
            trust: p.trust,
            friends: p.friends,
            delay: p.delay,
            habit: p.habit,
            recommender_weight: p.recommender_weight,
            refractory: p.refractory,
            refractory_half_life_days: p.refractory_half_life_days,
            parcel_days: p.parcel_days,
            pickup_days: p.pickup_days,
        };
    }

    /// (exposures of members) → at most one order a consumer and category.
    fn choose(
        &mut self,
        world: &mut World,
        at: Clock,
        inbox: &Inbox<Exposure>,
        placed: &mut [Vec<Order>],
    ) {
        self.strain_until(at.day);
        let World { env, platforms, coefficients, link, .. } = world;
        let mut books: Vec<Vec<Book>> =
            platforms.iter_mut().map(|p| std::mem::take(&mut p.books)).collect();
        let mut by_shard: Vec<Shelf<'_>> = transposed(&mut books);
        let judge = Judge::new(env, platforms, &self.strains, *coefficients, at);
        parallel::each_pair(placed, &mut by_shard, |shard, orders, books| {
            orders.clear();
            self.idle.lent(|batch| {
                parallel::apart(orders, |orders| {
                    judge.decide(&inbox.shards[shard], books, batch, orders);
                });
            });
        });
        drop(by_shard);
        for (index, (platform, books)) in platforms.iter_mut().zip(books).enumerate() {
            platform.books = books;
            pay_coupons(link, platform, index as u8, placed);
        }
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, strains: _, idle: _ } = self;
    }
}

/// Pays the coupons of a platform's orders out of its pool; who comes too late pays the whole
/// price.
fn pay_coupons(link: &Link, platform: &mut Platform, index: u8, placed: &mut [Vec<Order>]) {
    let Platform { books, coupon_pool, .. } = platform;
    if coupon_pool.given_fen == 0 {
        return;
    }
    let asked: i64 = books.iter_mut().map(|book| std::mem::take(&mut book.coupon_fen)).sum();
    coupon_pool.pay(link, (index, asked), placed, |shard, fen| {
        books[shard].postings.post(Line::Payment, fen);
    });
}

/// A shard's books of all platforms.
type Shelf<'a> = SmallVec<[&'a mut Book; MAX_PLATFORMS]>;

/// Shard by shard, the books of all platforms.
fn transposed(books: &mut [Vec<Book>]) -> Vec<Shelf<'_>> {
    let shards = books.first().map_or(0, Vec::len);
    let mut rows: Vec<Shelf<'_>> = (0..shards).map(|_| Shelf::new()).collect();
    for of_platform in books {
        for (row, book) in rows.iter_mut().zip(of_platform) {
            row.push(book);
        }
    }
    rows
}
