//! Coupons: the platform pays part of the price out of its marketing budget.
//!
//! On a day a share of the members holds a coupon, valid for whatever they order that
//! day; those who never ordered have a share of their own. The buyer pays the price less
//! the coupon, the merchant gets the whole price, and the platform pays the difference
//! (line `subsidy`) when the order is kept; an order that is refused or returned costs it
//! nothing.
//!
//! All is paid out of one pool, into which each morning the day's allotment A goes. In the
//! morning the pool holds B, and of the coupons that could be handed out the part
//! φ = min(1, B/2 ÷ R) is, R being what coupons would ask for in a day with φ = 1, learned by
//! R ← (R + asked ÷ φ)/2. Where demand is there B settles at 2A and A is spent a day. A wave
//! that asks for more than the pool holds pays in the order of priority; those who come too
//! late pay the whole price. Only sums over all members enter, so that no division of the
//! members among threads or shards shows.

use crate::columns::{Columns, State, Tenure};
use crate::exchange::Inbox;
use crate::market::coupon::CouponTerms;
use crate::market::message::{Answer, Exposure, Verdict, flag};
use crate::market::platform::{Platform, is_considered};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use rayon::prelude::*;

/// Whether a member holds a coupon.
const HOLDER: Stream = Stream::new("coupon/holder");

parameters! {
    /// Coupons.
    pub struct Parameters {
        /// Share of the marketing budget that coupons may cost.
        budget_share: f64 = "0.0", "1", 0.0, 1.0, A, "no coupons unless an arm says more";
        /// Share of the members with an order who hold a coupon on a day, while the budget allows.
        member_share: f64 = "0.2", "1", 0.0, 1.0, A, "assumed";
        /// Share of the members without an order who hold a coupon on a day, while the budget allows.
        newcomer_share: f64 = "1.0", "1", 0.0, 1.0, A, "platforms give every newcomer a coupon; assumed";
        /// Share of the price that a coupon takes off.
        value_share: f64 = "0.10", "1", 0.0, 1.0, A, "assumed";
        /// Amount that a coupon takes off besides.
        value_fen: u32 = "0", "fen", 0.0, 65_535.0, A, "a share of the price alone";
        /// Price from which on a coupon holds.
        minimum_fen: u32 = "2_000", "fen", 0.0, 100_000_000.0, A, "assumed";
        /// The most that a coupon takes off.
        most_fen: u32 = "5_000", "fen", 0.0, 65_535.0, A, "assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "coupon",
    summary: "The platform pays part of the price of those who hold a coupon, while its budget lasts",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: true,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[HOLDER],
    load: None,
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Coupons { p, platform: placement.platform, handed_out: 0.0, asked_of_all: None })
}

/// Part of the pool for which a morning plans; with a half of it a day may ask for twice what
/// is expected before anybody comes too late.
const PLANNED: f64 = 0.5;

/// Weight of the last day in what is expected of the next.
const LEARNING: f64 = 0.5;

struct Coupons {
    p: Parameters,
    platform: usize,
    /// φ: part of the shares of holders that is handed out today.
    handed_out: f64,
    /// R: what coupons are expected to ask for in a day if all are handed out, in fen; unknown
    /// before the first morning.
    asked_of_all: Option<f64>,
}

impl Mechanism for Coupons {
    fn start(&mut self, world: &mut World) {
        world.platforms[self.platform].coupon = CouponTerms {
            share_bp: (self.p.value_share * 10_000.0).round() as u32,
            value_fen: self.p.value_fen,
            minimum_fen: self.p.minimum_fen,
            most_fen: self.p.most_fen,
        };
    }

    /// (budget, what was asked for) → the pool, and how many coupons are handed out.
    fn open(&mut self, world: &mut World, _at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        platform.coupon_pool.give(platform.allotment(self.p.budget_share).0);
        let all = *self.asked_of_all.get_or_insert_with(|| self.p.first_guess(env, platform));
        self.handed_out = handed_out(platform.coupon_pool.left_fen, all);
    }

    /// (exposures of holders) → exposures with a coupon.
    fn attend(&mut self, world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        let World { env, platforms, .. } = world;
        let platform = &platforms[self.platform];
        if platform.coupon_pool.left_fen > 0 {
            parallel::each(&mut inbox.shards, |_, list| self.mark(env, platform, at, list));
        }
    }

    /// (orders refused) → what their coupons held goes back to the pool.
    fn fulfil(
        &mut self,
        world: &mut World,
        platform: usize,
        _at: Clock,
        answers: &mut Inbox<Answer>,
    ) {
        let refused = |list: &Vec<Answer>| {
            let refused = list.iter().filter(|a| a.verdict != Verdict::Granted);
            refused.map(|a| i64::from(a.order.coupon_fen)).sum::<i64>()
        };
        let back: i64 = answers.shards.par_iter().map(refused).sum();
        let back = world.link.sum(back);
        world.platforms[platform].coupon_pool.left_fen += back;
    }

    /// (orders returned) → the pool; (what was asked for) → what to expect tomorrow.
    fn adapt(&mut self, world: &mut World, _at: Clock) {
        let platform = &mut world.platforms[self.platform];
        let returned = platform.all_outcomes().filter(|outcome| outcome.returned);
        let back = returned.map(|o| i64::from(o.order.coupon_fen)).sum();
        let coupon_pool = &mut platform.coupon_pool;
        coupon_pool.left_fen += world.link.sum(back);
        let asked = std::mem::take(&mut coupon_pool.asked_fen);
        if self.handed_out > 0.0 {
            let seen = asked as f64 / self.handed_out;
            self.asked_of_all =
                self.asked_of_all.map(|known| known * (1.0 - LEARNING) + seen * LEARNING);
        }
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add([self.handed_out, self.asked_of_all.unwrap_or(-1.0)].map(f64::to_bits));
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p: _, platform: _, handed_out, asked_of_all } = self;
        io.holds(Tenure::Stays);
        handed_out.visit(io);
        asked_of_all.visit(io);
    }
}

/// φ: the part of all coupons for which half of the pool is expected to be enough.
fn handed_out(left_fen: i64, asked_of_all: f64) -> f64 {
    let planned = PLANNED * left_fen as f64;
    if planned < asked_of_all { planned / asked_of_all } else { 1.0 }
}

impl Parameters {
    /// What all coupons of a day would cost if each holder had none before and ordered once, in
    /// the category where a coupon is worth most: too much, so that the first days are cautious.
    fn first_guess(&self, env: &Environment, platform: &Platform) -> f64 {
        let off = |fen: &i64| platform.coupon.off_fen(u32::try_from(*fen).unwrap_or(u32::MAX));
        let dearest = env.catalogue.reference_price_fen.iter().map(off).max().unwrap_or(0);
        platform.n_live as f64 * self.newcomer_share * f64::from(dearest)
    }
}

impl Coupons {
    /// Marks the exposures of this platform's members who hold a coupon.
    fn mark(&self, env: &Environment, platform: &Platform, at: Clock, list: &mut [Exposure]) {
        for run in list.chunk_by_mut(|a, b| a.to == b.to) {
            let own =
                |e: &&mut Exposure| usize::from(e.platform()) == self.platform && is_considered(e);
            let mut own = run.iter_mut().filter(own).peekable();
            if own.peek().is_some_and(|e| self.holds(env, platform, at, e.to)) {
                own.for_each(|e| e.flags |= flag::COUPON);
            }
        }
    }

    fn holds(&self, env: &Environment, platform: &Platform, at: Clock, consumer: u32) -> bool {
        if !platform.live.get(consumer) {
            return false;
        }
        let is_new = platform.members[consumer as usize].orders == 0;
        let share = if is_new { self.p.newcomer_share } else { self.p.member_share };
        let morning = Clock::start_of(at.day);
        let unit = env.key.unit(HOLDER, consumer, morning, self.platform as u32);
        unit < share * self.handed_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spends `demand`·φ a day of allotments of 1,000 fen, and returns all that was spent.
    fn spent(days: i64, demand: f64, guess: f64) -> (i64, i64) {
        let (mut left, mut all, mut spent, mut late) = (0, guess, 0, 0);
        for _ in 0..days {
            left += 1_000;
            let part = handed_out(left, all);
            let asked = (demand * part) as i64;
            let paid = asked.min(left);
            all = all * (1.0 - LEARNING) + asked as f64 / part * LEARNING;
            (left, spent, late) = (left - paid, spent + paid, late + asked - paid);
        }
        (spent, late)
    }

    #[test]
    fn the_allotment_is_spent_where_demand_is_there() {
        for demand in [1_500.0, 4_000.0, 100_000.0] {
            let (spent, late) = spent(60, demand, 20.0 * demand);
            assert!(spent >= 58_000, "{spent} of 60,000 fen at a demand of {demand}");
            assert_eq!(late, 0, "somebody was late at a demand of {demand}");
        }
    }

    #[test]
    fn all_coupons_are_handed_out_where_demand_is_small() {
        assert!(spent(60, 300.0, 6_000.0).0 >= 290 * 55);
        assert_eq!(handed_out(10, 0.0), 1.0);
        assert_eq!(handed_out(0, 5.0), 0.0);
    }
}
