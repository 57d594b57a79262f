//! Coupons: the platform pays part of the price out of its marketing budget.
//!
//! On a day a share of the members holds a coupon, valid for whatever they order that
//! day; those who never ordered have a share of their own. The buyer pays the price less
//! the coupon, the merchant gets the whole price, and the platform pays the difference
//! (line `subsidy`) when the order is kept; an order that is refused or returned costs it
//! nothing. How many coupons are handed out is fixed in the morning from what
//! was asked for the day before, such that the allotment just suffices; the decider pays
//! coupons from purses, one a shard, so that it can never be overspent.
//!
//! The purses are filled in every wave in proportion to the exposures with a coupon, in
//! pieces that pay the dearest coupon of the wave, so that a small allotment is not crumbled;
//! a draw says where the pieces fall. A shard serves its consumers in order, so that no number of threads shows, and
//! only on days on which more is redeemed than was expected do late ones come off worse.

use crate::exchange::Inbox;
use crate::market::coupon::CouponTerms;
use crate::market::message::{Exposure, flag};
use crate::market::platform::{Book, Platform, is_considered};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::Stream;

/// Whether a member holds a coupon.
const HOLDER: Stream = Stream::new("coupon/holder");
/// Which shards get the pieces of the allotment.
const PIECES: Stream = Stream::new("coupon/pieces");

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
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[HOLDER, PIECES],
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Coupons { p, platform: placement.platform, handed_out: 1.0, left_fen: 0 })
}

/// Part of the allotment for which the morning plans; the rest is for busy days.
const PLANNED: f64 = 0.95;

struct Coupons {
    p: Parameters,
    platform: usize,
    /// Part of the shares of holders that the budget allows today.
    handed_out: f64,
    /// What is left of today's allotment.
    left_fen: i64,
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

    /// (budget) → today's allotment; what yesterday's last wave redeemed was yesterday's.
    fn open(&mut self, world: &mut World, _at: Clock) {
        let platform = &mut world.platforms[self.platform];
        self.left_fen = platform.allotment(self.p.budget_share).0;
        platform.books.iter_mut().for_each(|book| {
            redeemed(book);
        });
    }

    /// (exposures of holders) → exposures with a coupon, and purses to pay for them.
    fn attend(&mut self, world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let mut books = std::mem::take(&mut platform.books);
        self.left_fen -= books.iter_mut().map(redeemed).sum::<i64>();
        if self.left_fen > 0 {
            parallel::each_pair(&mut inbox.shards, &mut books, |_, list, book| {
                (book.coupon.shown, book.coupon.dearest) = self.mark(env, platform, at, list);
            });
        }
        let offset = env.key.word(PIECES, self.platform as u32, at, 0);
        fill(&mut books, self.left_fen, offset);
        platform.books = books;
    }

    /// (what was asked for) → how many coupons tomorrow's allotment is enough for.
    fn adapt(&mut self, world: &mut World, _at: Clock) {
        let platform = &mut world.platforms[self.platform];
        let purses = platform.books.iter_mut().map(|book| &mut book.coupon);
        let asked: i64 = purses.map(|purse| std::mem::take(&mut purse.asked_fen)).sum();
        let budget = platform.allotment(self.p.budget_share).0;
        self.handed_out = next_share(self.handed_out, budget, asked);
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add([self.handed_out.to_bits(), self.left_fen as u64]);
    }
}

/// What a shard redeemed in the last wave; its purse is empty then.
fn redeemed(book: &mut Book) -> i64 {
    let purse = &mut book.coupon;
    (purse.left_fen, purse.shown, purse.dearest) = (0, 0, 0);
    std::mem::take(&mut purse.redeemed_fen)
}

/// Part of the coupons handed out on the next day: it moves to where the allotment just
/// suffices, at most by a factor of two.
fn next_share(now: f64, budget_fen: i64, asked_fen: i64) -> f64 {
    let wanted = match asked_fen {
        0 => 1.0,
        asked => now * PLANNED * budget_fen as f64 / asked as f64,
    };
    wanted.clamp(0.5 * now, 2.0 * now).min(1.0)
}

impl Coupons {
    /// Marks the exposures of this platform's members who hold a coupon; returns how many,
    /// and the most that one takes off.
    fn mark(
        &self,
        env: &Environment,
        platform: &Platform,
        at: Clock,
        list: &mut [Exposure],
    ) -> (u64, u16) {
        let (mut shown, mut dearest) = (0, 0);
        for run in list.chunk_by_mut(|a, b| a.to == b.to) {
            let own =
                |e: &&mut Exposure| usize::from(e.platform) == self.platform && is_considered(e);
            let mut own = run.iter_mut().filter(own).peekable();
            if own.peek().is_some_and(|e| self.holds(env, platform, at, e.to)) {
                own.for_each(|e| {
                    e.flags |= flag::COUPON;
                    shown += 1;
                    let alone = u64::from(platform.offers[e.offer as usize].price_fen);
                    let price = (alone * u64::from(e.price_bp) / 10_000) as u32;
                    dearest = dearest.max(platform.coupon.off_fen(price));
                });
            }
        }
        (shown, dearest)
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

/// Divides what is left in proportion to the exposures with a coupon, in pieces that each pay
/// the dearest coupon: shard k gets ⌊m·c(k)/c + u⌋ − ⌊m·c(k − 1)/c + u⌋ of m pieces, c(k)
/// counting the exposures up to k and u = `offset`/2³².
fn fill(books: &mut [Book], left_fen: i64, offset: u32) {
    let dearest = books.iter().map(|book| book.coupon.dearest).max().unwrap_or(0);
    let all: u64 = books.iter().map(|book| book.coupon.shown).sum();
    if dearest == 0 || all == 0 {
        return;
    }
    let pieces = u128::from(left_fen.max(0) as u64 / u64::from(dearest));
    let until = |count: u64| {
        let place = (pieces * u128::from(count)) << 32;
        (place + u128::from(offset) * u128::from(all)) / (u128::from(all) << 32)
    };
    let mut count = 0;
    for purse in books.iter_mut().map(|book| &mut book.coupon) {
        let before = until(count);
        count += purse.shown;
        purse.left_fen = (until(count) - before) as i64 * i64::from(dearest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1,050 fen make ten pieces of 100 fen, wherever the draw lets them fall.
    #[test]
    fn purses_are_whole_pieces_and_sum_to_no_more_than_what_is_left() {
        for offset in [0, 7_u32 << 28, u32::MAX] {
            let mut books = vec![Book::default(); 30];
            for (k, book) in books.iter_mut().enumerate() {
                book.coupon.shown = k as u64 % 4;
                book.coupon.dearest = if k == 5 { 100 } else { 40 };
            }
            fill(&mut books, 1_050, offset);
            assert!(books.iter().all(|book| book.coupon.left_fen % 100 == 0));
            assert_eq!(books.iter().map(|book| book.coupon.left_fen).sum::<i64>(), 1_000);
            assert!(books.iter().all(|b| b.coupon.shown > 0 || b.coupon.left_fen == 0));
        }
    }

    #[test]
    fn coupons_handed_out_approach_what_the_allotment_pays() {
        // Every coupon of all that could be handed out asks for 4,000 fen a day.
        let mut share = 1.0;
        for _ in 0..5 {
            share = next_share(share, 1_000, (4_000.0 * share) as i64);
        }
        assert!((share - PLANNED / 4.0).abs() < 1e-3, "{share}");
        for _ in 0..5 {
            share = next_share(share, 1_000, 0);
        }
        assert!(share >= 1.0, "nobody asks, and the share is {share}");
    }
}
