//! Pricing: merchants learn their markup, or fight for the lowest price.
//!
//! Every review each offer moves its price by a step. Most look at themselves: hill
//! climbing on profit relative to the category's mean (so that growth of the whole market
//! is not taken for a reward), the direction being kept while the last profit is at least
//! the smoothed one, and turned otherwise. Who earned nothing goes down, who lost
//! money goes up. A share looks at competitors instead and goes below their mean price.

use crate::columns::{Columns, State};
use crate::market::catalogue::Offer;
use crate::market::platform::{Fees, OfferState};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::mechanism::{Digest, Mechanism};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::ln;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::Stream;

/// Whether a merchant looks at competitors or tries a direction, and which.
const TRIAL: Stream = Stream::new("pricing/trial");

parameters! {
    /// How merchants set prices.
    pub struct Parameters {
        /// Days between two reviews of all prices.
        review_days: u16 = "7", "days", 1.0, 365.0, A, "a week";
        /// Step by which a price moves at a review; 0 for prices that stand still.
        step_share: f64 = "0.02", "1", 0.0, 0.5, A, "assumed";
        /// Least markup on unit cost: the floor of prices.
        least_markup: f64 = "0.10", "1", -1.0, 10.0, A, "assumed";
        /// Largest markup on unit cost: the ceiling of prices.
        most_markup: f64 = "1.50", "1", 0.0, 100.0, A, "assumed; the optimum at elasticity 2.62 is 0.62";
        /// Share of the smoothed profit that is kept from review to review.
        memory_share: f64 = "0.5", "1", 0.0, 1.0, A, "assumed";
        /// Share of reviews in which the direction is drawn anew.
        trial_share: f64 = "0.1", "1", 0.0, 1.0, A, "assumed";
        /// Share of reviews in which a merchant goes below the category's mean price instead.
        undercut_share: f64 = "0.0", "1", 0.0, 1.0, A, "no price war unless a scenario says more";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "pricing",
    summary: "Merchants learn their markup by hill climbing, or undercut the category's mean price",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[TRIAL],
    load: None,
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Pricing { p, platform: placement.platform, memories: Vec::new() })
}

/// What the merchant of an offer remembers.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// Earned since the last review.
    earned_fen: i64,
    /// Smoothed profit relative to the category's mean; none before the first review.
    smoothed: Option<f64>,
    /// Whether the last step went up.
    rises: bool,
}

crate::state! { Memory { earned_fen, smoothed, rises } }

/// What is known of a category at a review.
struct Category {
    offers: f64,
    earned_fen: i64,
    mean_price_fen: f64,
}

struct Pricing {
    p: Parameters,
    platform: usize,
    memories: Vec<Memory>,
}

impl Mechanism for Pricing {
    fn start(&mut self, world: &mut World) {
        self.memories = vec![Memory::default(); world.env.catalogue.offers.len()];
    }

    /// (units sold) → profits; at a review, prices. Comes before stock forgets the day.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &platforms[self.platform];
        let sold = platform.offers.iter().zip(&platform.inventory).zip(&env.catalogue.offers);
        for (memory, ((state, there), offer)) in self.memories.iter_mut().zip(sold) {
            let margin = margin_fen(state, offer, platform.fees, env.catalogue.parcel_cost_fen);
            memory.earned_fen += i64::from(there.sold_today) * margin;
        }
        if self.p.step_share > 0.0 && (at.day + 1).is_multiple_of(self.p.review_days) {
            self.review(world, at);
        }
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.memories.iter().flat_map(|m| {
            let smoothed = m.smoothed.map_or(u64::MAX, f64::to_bits);
            [m.earned_fen as u64, smoothed, u64::from(m.rises)]
        }));
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p: _, platform: _, memories } = self;
        memories.visit(io);
    }
}

/// What a unit sold at the price alone leaves after fees, cost and postage.
fn margin_fen(state: &OfferState, offer: &Offer, fees: Fees, parcel_cost_fen: i64) -> i64 {
    let price = Fen(i64::from(state.price_fen));
    let taken = price.basis_points(fees.commission_bp + fees.ad_fee_bp);
    price.0 - taken.0 - i64::from(offer.unit_cost_fen) - parcel_cost_fen
}

impl Pricing {
    /// All offers move at once, category by category.
    fn review(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let states = &mut platforms[self.platform].offers;
        for (ids, &reference) in
            env.catalogue.by_category.iter().zip(&env.catalogue.reference_price_fen)
        {
            let category = self.look_around(ids, states);
            for &id in ids {
                let mut draws = env.key.draws(TRIAL, id, at, self.platform as u32);
                let [looks, tries, up] = [draws.unit(), draws.unit(), draws.unit()];
                let rises = self.climb(id, &category, (tries, up < 0.5));
                let state = &mut states[id as usize];
                let before = f64::from(state.price_fen);
                let step = self.p.step_share;
                let target = if looks >= self.p.undercut_share {
                    before * if rises { 1.0 + step } else { 1.0 - step }
                } else if before > category.mean_price_fen * (1.0 - step) {
                    before * (1.0 - step)
                } else {
                    before
                };
                let cost = f64::from(env.catalogue.offers[id as usize].unit_cost_fen);
                set_price(state, self.bounded(target, cost), reference);
            }
        }
    }

    fn look_around(&self, ids: &[u32], states: &[OfferState]) -> Category {
        let earned_fen = ids.iter().map(|&id| self.memories[id as usize].earned_fen).sum();
        let prices: u64 = ids.iter().map(|&id| u64::from(states[id as usize].price_fen)).sum();
        let offers = ids.len() as f64;
        Category { offers, earned_fen, mean_price_fen: prices as f64 / offers }
    }

    /// Whether the price goes up; the profit since the last review is taken in and forgotten.
    fn climb(&mut self, id: u32, category: &Category, (tries, up): (f64, bool)) -> bool {
        let memory = &mut self.memories[id as usize];
        let earned_fen = std::mem::take(&mut memory.earned_fen);
        let relative = if category.earned_fen > 0 {
            earned_fen as f64 * category.offers / category.earned_fen as f64
        } else {
            0.0
        };
        let keep = self.p.memory_share;
        let before = memory.smoothed;
        memory.smoothed = Some(before.map_or(relative, |s| s * keep + relative * (1.0 - keep)));
        memory.rises = match before {
            _ if earned_fen < 0 => true,
            _ if earned_fen == 0 => false,
            Some(smoothed) if tries >= self.p.trial_share => memory.rises == (relative >= smoothed),
            _ => up,
        };
        memory.rises
    }

    /// A price between floor and ceiling.
    fn bounded(&self, price: f64, cost: f64) -> f64 {
        let floor = cost * (1.0 + self.p.least_markup);
        let ceiling = (cost * (1.0 + self.p.most_markup)).max(floor);
        price.clamp(floor, ceiling).round().max(1.0)
    }
}

fn set_price(state: &mut OfferState, price: f64, reference_fen: i64) {
    state.price_fen = price as u32;
    state.ln_price_ratio = ln(f64::from(state.price_fen) / reference_fen as f64) as f32;
}
