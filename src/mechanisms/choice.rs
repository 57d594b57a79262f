//! The decider: what a consumer does with what was seen.
//!
//! Multinomial logit (McFadden 1974) over the alternatives of one category at hand
//! plus an outside option at 0: the alternative with the least E·exp(−U) wins, E
//! exponential. E is addressed by (consumer, offer, day), so that one more offer does
//! not move the others, and the same offer through two channels, alone or in a team,
//! is the same good: the better way of getting it wins.

use crate::exchange::{Inbox, runs_with_foresight};
use crate::market::ledger::Line;
use crate::market::member::{Member, NEVER, from_share16};
use crate::market::message::{Exposure, FULL_PRICE, Order, flag};
use crate::market::platform::{Book, Carriage, Platform, is_considered};
use crate::market::utility::{Attributes, Coefficients};
use crate::mechanism::Mechanism;
use crate::mechanism::leaning::Leanings;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{ln_1p, quick_exp, quick_ln};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::exponential_pairs;
use crate::rng::{Stream, unit};
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
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[TASTE, OUTSIDE, PRIORITY],
    load: Some(load),
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Choice { p: Parameters::from_values(values) })
}

/// A fifth of what is considered is ordered.
fn load(_values: &Values, extent: &Extent) -> Load {
    const ORDERED: f64 = 0.21;
    let Load { near, far, .. } = extent.known;
    Load { orders: ORDERED * (near + 2.0 * far), ..Load::default() }
}

struct Choice {
    p: Parameters,
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
        let World { env, platforms, coefficients, .. } = world;
        let mut books: Vec<Vec<Book>> =
            platforms.iter_mut().map(|p| std::mem::take(&mut p.books)).collect();
        let mut by_shard: Vec<Vec<&mut Book>> = transposed(&mut books);
        let strain = strains(coefficients.refractory_half_life_days);
        let ln_friends = std::array::from_fn(|n| ln_1p(n as f64));
        let leanings = Leanings::new(&env.people, platforms, coefficients);
        let coefficients = *coefficients;
        let judge = Judge { env, platforms, coefficients, leanings, strain, ln_friends, at };
        parallel::each_pair(placed, &mut by_shard, |shard, orders, books| {
            orders.clear();
            let list = &inbox.shards[shard][..];
            let mut noise = Vec::new();
            let address = list.iter().map(|e| (e.to, e.offer));
            exponential_pairs(env.key, TASTE, Clock::start_of(at.day), address, &mut noise);
            let mut noise = &noise[..];
            let together = |a: &Exposure, b: &Exposure| (a.to, a.category) == (b.to, b.category);
            let address = list.chunk_by(together).map(|s| (s[0].to, u32::from(s[0].category)));
            let mut outside = Vec::new();
            let morning = Clock::start_of(at.day);
            exponential_pairs(env.key, OUTSIDE, morning, address, &mut outside);
            let mut outside = outside.iter();
            let touch = |e: &Exposure| judge.platforms[e.platform as usize].touch(e);
            for run in runs_with_foresight(list, touch) {
                let same = |a: &Exposure, b: &Exposure| a.category == b.category;
                for situation in run.chunk_by(same) {
                    let (own, rest) = noise.split_at(situation.len());
                    let outside = outside.next().map_or(0.0, |pair| pair[0]);
                    judge.decide(situation, (outside, own), books, orders);
                    noise = rest;
                }
            }
        });
        drop(by_shard);
        for (index, (platform, books)) in platforms.iter_mut().zip(books).enumerate() {
            platform.books = books;
            pay_coupons(platform, index as u8, placed);
        }
    }
}

/// Pays the coupons of a platform's orders out of its pool; who comes too late pays the whole
/// price.
fn pay_coupons(platform: &mut Platform, index: u8, placed: &mut [Vec<Order>]) {
    let Platform { books, coupon_pool, .. } = platform;
    let asked: i64 = books.iter_mut().map(|book| std::mem::take(&mut book.coupon_fen)).sum();
    coupon_pool.pay(index, asked, placed, |shard, fen| {
        books[shard].postings.post(Line::Payment, fen);
    });
}

/// Days for which the strain of an order is looked up.
const STRAIN_DAYS: usize = 64;

/// Numbers of friends for which the logarithm is looked up.
const FRIENDS: usize = 16;

/// 2^(−days/h): what is left of the strain of an order on the purse.
fn strain(days: usize, half_life_days: f64) -> f64 {
    quick_exp(-LN_2 * days as f64 / half_life_days)
}

fn strains(half_life_days: f64) -> [f64; STRAIN_DAYS] {
    std::array::from_fn(|days| strain(days, half_life_days))
}

/// Shard by shard, the books of all platforms.
fn transposed(books: &mut [Vec<Book>]) -> Vec<Vec<&mut Book>> {
    let shards = books.first().map_or(0, Vec::len);
    let mut rows: Vec<Vec<&mut Book>> = (0..shards).map(|_| Vec::new()).collect();
    for of_platform in books {
        for (row, book) in rows.iter_mut().zip(of_platform) {
            row.push(book);
        }
    }
    rows
}

/// An alternative that is ahead: the smaller the race time, the better.
#[derive(Clone, Copy)]
struct Best<'a> {
    time: f64,
    exposure: &'a Exposure,
    variant: u8,
}

struct Judge<'a> {
    env: &'a Environment,
    platforms: &'a [Platform],
    coefficients: Coefficients,
    /// What the segments add.
    leanings: Leanings,
    /// What is left of an order's strain after so many days.
    strain: [f64; STRAIN_DAYS],
    /// ln(1 + n) of so many friends.
    ln_friends: [f64; FRIENDS],
    at: Clock,
}

impl Judge<'_> {
    /// Whether an exposure is weighed: only members buy. With registration on strangers'
    /// exposures were dropped before; without it nobody becomes a member.
    #[inline]
    fn considers(&self, exposure: &Exposure) -> bool {
        is_considered(exposure) && self.platforms[exposure.platform as usize].live.get(exposure.to)
    }

    /// Decides one situation, the exposures of one consumer to one category: with the
    /// race time of buying nothing, and the first two exponential numbers of each exposure.
    fn decide(
        &self,
        situation: &[Exposure],
        (outside, noise): (f64, &[[f64; 2]]),
        books: &mut [&mut Book],
        orders: &mut Vec<Order>,
    ) {
        let flags = situation.iter().fold(0, |flags, e| flags | e.flags);
        let (need, any_friend) = (flags & flag::NEED != 0, flags & flag::FRIEND != 0);
        let mut best: Option<Best<'_>> = None;
        for (k, exposure) in situation.iter().enumerate().filter(|(_, e)| self.considers(e)) {
            let channel = exposure.channel as usize;
            books[exposure.platform as usize].tally.channels[channel].considered += 1;
            if k > 0 && repeats(&situation[k - 1], exposure) {
                continue;
            }
            let friends = if any_friend { friends(situation, exposure.offer) } else { 0 };
            let (time, variant) = self.weigh(exposure, noise[k], need, friends);
            if time < best.map_or(outside, |b| b.time) {
                best = Some(Best { time, exposure, variant });
            }
        }
        if let Some(best) = best {
            let mut order = self.order(best, need);
            let book = &mut books[order.platform as usize];
            if best.exposure.flags & flag::COUPON != 0 {
                let terms = self.platforms[order.platform as usize].coupon;
                order.coupon_fen = terms.off_fen(order.price_fen);
                order.price_fen -= u32::from(order.coupon_fen);
                book.coupon_fen += i64::from(order.coupon_fen);
            }
            book.tally.channels[order.channel as usize].placed += 1;
            book.postings.post(Line::Payment, Fen(i64::from(order.price_fen)));
            orders.push(order);
        }
    }

    /// The start of the day: taste does not change from wave to wave.
    fn day(&self) -> Clock {
        Clock::start_of(self.at.day)
    }

    /// The race time of an exposure's offer, bought in the best way, and that way. Alone
    /// and in a team it is the same good, so that the way with the larger utility wins.
    fn weigh(&self, e: &Exposure, [time, first]: [f64; 2], need: bool, friends: u32) -> (f64, u8) {
        let platform = &self.platforms[e.platform as usize];
        let terms = &platform.channels[e.channel as usize];
        let member = &platform.members[e.to as usize];
        let mut attributes = self.attributes(platform, e, member, (need, friends));
        let holds = e.flags & flag::COUPON != 0;
        let coupon = |variant| if holds { self.ln_coupon(e, variant) } else { 0.0 };
        let alone = coupon(0);
        attributes.ln_price_ratio += alone;
        let matched = e.flags & flag::MATCH != 0;
        let constant = if matched { terms.matched } else { terms.constant };
        let standing = f64::from(platform.offers[e.offer as usize].standing_utility);
        let segment = self.env.people.segment[e.to as usize];
        let lean = self.leanings.of(e.platform, e.channel, segment, need);
        let utility = self.coefficients.utility(constant + standing + lean, &attributes);
        let (mut gain, mut variant) = (0.0, 0);
        if terms.variants {
            let sensitivity = self.coefficients.price * attributes.price_sensitivity;
            for (k, way) in platform.variants.iter().enumerate() {
                let hassle = way.hassle * if k == 0 { first } else { self.later(e, k) };
                let ln_price = way.ln_price + (coupon(k as u8 + 1) - alone);
                let more = -sensitivity * ln_price - hassle;
                if more > gain {
                    (gain, variant) = (more, k as u8 + 1);
                }
            }
        }
        (time * quick_exp(-(utility + gain)), variant)
    }

    /// ln of the share of the price in a variant that a coupon leaves to pay.
    #[cold]
    fn ln_coupon(&self, e: &Exposure, variant: u8) -> f64 {
        let price = self.price_fen(e, variant);
        let off = self.platforms[e.platform as usize].coupon.off_fen(price);
        if off == 0 {
            return 0.0;
        }
        quick_ln(f64::from(price - u32::from(off)) / f64::from(price))
    }

    /// The noise of the hassle of variant `k` > 0.
    fn later(&self, e: &Exposure, k: usize) -> f64 {
        let mut taste = self.env.key.draws(TASTE, e.to, self.day(), e.offer);
        for _ in 0..=k {
            taste.word();
        }
        race(taste.word())
    }

    fn attributes(
        &self,
        platform: &Platform,
        e: &Exposure,
        member: &Member,
        (need, friends): (bool, u32),
    ) -> Attributes {
        let own = f64::from(platform.offers[e.offer as usize].ln_price_ratio);
        let cut =
            if e.price_bp == FULL_PRICE { 0.0 } else { quick_ln(f64::from(e.price_bp) / 1e4) };
        let carriage = platform.channels[e.channel as usize].carriage;
        Attributes {
            need,
            price_sensitivity: self.env.people.of(e.to).price_sensitivity,
            ln_price_ratio: own + cut,
            platform_trust: from_share16(member.trust),
            recommender_trust: (e.trust > 0).then(|| from_share16(e.trust)),
            ln_friends: match self.ln_friends.get(friends as usize) {
                Some(known) => *known,
                None => ln_1p(f64::from(friends)),
            },
            delay_days: self.coefficients.delay_days(carriage == Carriage::Pickup),
            habit: from_share16(member.habit),
            refractory: if need { 0.0 } else { self.purse_strain(e.to, member) },
        }
    }

    /// What is left of the last order's strain on the purse, 0 … 1.
    fn purse_strain(&self, consumer: u32, member: &Member) -> f64 {
        let last_order_day = match self.platforms {
            [_] => member.last_order_day,
            all => last_order_day(all, consumer),
        };
        if last_order_day == NEVER || self.coefficients.refractory == 0.0 {
            return 0.0;
        }
        let days = usize::from(self.at.day - last_order_day);
        let half_life_days = self.coefficients.refractory_half_life_days;
        self.strain.get(days).copied().unwrap_or_else(|| strain(days, half_life_days))
    }

    fn order(&self, best: Best<'_>, need: bool) -> Order {
        let e = best.exposure;
        Order {
            consumer: e.to,
            offer: e.offer,
            source: e.source,
            context: e.context,
            node: e.node,
            price_fen: self.price_fen(e, best.variant),
            day: self.at.day,
            priority: (self.env.key.word(PRIORITY, e.to, self.at, e.offer) >> 16) as u16,
            channel: e.channel,
            flags: (e.flags & flag::IMPULSE) | if need { flag::NEED } else { 0 },
            variant: best.variant,
            platform: e.platform,
            wave: self.at.wave,
            coupon_fen: 0,
        }
    }

    /// The price in a variant, before a coupon.
    fn price_fen(&self, e: &Exposure, variant: u8) -> u32 {
        let platform = &self.platforms[e.platform as usize];
        let alone = u64::from(platform.offers[e.offer as usize].price_fen);
        let cut = match variant {
            0 => u64::from(e.price_bp),
            k => {
                u64::from(e.price_bp) * u64::from(platform.variants[k as usize - 1].price_bp)
                    / 10_000
            }
        };
        (alone * cut / 10_000) as u32
    }
}

/// The day of a consumer's last order on any platform: the purse is the same.
fn last_order_day(platforms: &[Platform], consumer: u32) -> u16 {
    let days = platforms.iter().map(|p| p.members[consumer as usize].last_order_day);
    days.filter(|&day| day != NEVER).max().unwrap_or(NEVER)
}

/// An exponential number with mean 1, for the race of alternatives.
#[inline]
fn race(word: u32) -> f64 {
    -quick_ln(unit(word))
}

/// Whether two neighbours in the order of keys are the same alternative.
fn repeats(a: &Exposure, b: &Exposure) -> bool {
    (a.platform, a.channel, a.offer, a.source, a.context)
        == (b.platform, b.channel, b.offer, b.source, b.context)
}

/// Friends whose opened messages recommend an offer in this situation.
fn friends(situation: &[Exposure], offer: u32) -> u32 {
    let opened = situation.iter().filter(|e| is_considered(e) && e.offer == offer);
    opened.filter(|e| e.flags & flag::FRIEND != 0).count() as u32
}
