//! Weighing: many alternatives side by side, then each situation's best.
//!
//! Exposures of a shard are read in order; what is weighed of them is collected in a
//! [`Batch`], whose noise and race times are made by wide loops. The operations on each
//! number, and their order, are those of weighing one alternative after the other.

use super::{OUTSIDE, PRIORITY, TASTE};
use crate::exchange::{AHEAD, add, by_receiver};
use crate::market::ledger::Line;
use crate::market::member::{Member, NEVER, from_share16};
use crate::market::message::{Exposure, FULL_PRICE, Order, flag};
use crate::market::platform::{Book, Carriage, Platform, is_considered};
use crate::market::tally::MAX_CHANNELS;
use crate::market::utility::{Coefficients, Terms};
use crate::mechanism::leaning::Leanings;
use crate::mechanism::world::Environment;
use crate::quantity::math::{ln_1p, quick_exp, quick_ln};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::{exponential_pairs, exponentials, first_words};
use crate::rng::unit;
use crate::simd::{self, Kernel, prefetch};
use std::f64::consts::LN_2;

/// Days for which the strain of an order is looked up.
const STRAIN_DAYS: usize = 64;

/// Numbers of friends for which the logarithm is looked up.
const FRIENDS: usize = 16;

/// Alternatives weighed side by side: enough for wide loops, few enough for the nearest cache.
const BATCH: usize = 128;

/// 2^(−days/h): what is left of the strain of an order on the purse.
fn strain(days: usize, half_life_days: f64) -> f64 {
    quick_exp(-LN_2 * days as f64 / half_life_days)
}

/// Alternatives that are weighed together, and the situations they belong to.
#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    situations: Vec<Situation>,
    /// Two exponential numbers of each alternative: of the race, and of its hassle.
    noise: Vec<[f64; 2]>,
    /// Race time of buying nothing, by situation.
    outside: Vec<f64>,
    /// −U in the best way, then the race time.
    times: Vec<f64>,
    exponents: Vec<f64>,
    /// That way.
    variants: Vec<u8>,
    /// What is bought.
    winners: Vec<Winner>,
    /// A word for the priority of each.
    priorities: Vec<u32>,
}

/// One alternative.
struct Row {
    /// Its exposure's position in the shard's list.
    place: u32,
    consumer: u32,
    offer: u32,
    /// Whether it may be bought in another way than alone.
    variants: bool,
    /// U alone at the exposure's price, a coupon included.
    utility: f64,
    /// β_P·s of the consumer.
    sensitivity: f64,
}

/// The exposures of one consumer to goods of one category.
struct Situation {
    consumer: u32,
    category: u16,
    need: bool,
    /// The row after its last.
    end: usize,
}

/// What one platform is to one consumer, the same for all that it offers.
struct Mind {
    platform: u8,
    /// Only members buy.
    live: bool,
    segment: u8,
    /// β_P·s.
    sensitivity: f64,
    /// Trust in the platform.
    trust: f64,
    /// β_T·(T − ½) where nobody recommends.
    of_trust: f64,
    /// β_L·habit.
    of_habit: f64,
    /// β_S·what is left of the last order's strain on the purse.
    of_strain: f64,
}

/// A channel of one platform.
#[derive(Clone, Copy, Default)]
struct Way {
    constant: f64,
    matched: f64,
    /// β_D·days.
    of_delay: f64,
    variants: bool,
}

/// An alternative that wins its situation.
struct Winner {
    /// Its exposure's position in the shard's list.
    place: u32,
    variant: u8,
    need: bool,
}

/// Race times from exponential numbers and exponents −U: E·exp(−U).
struct Race<'a> {
    times: &'a mut [f64],
    exponents: &'a [f64],
}

impl Kernel for Race<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (time, exponent) in self.times.iter_mut().zip(self.exponents) {
            *time *= quick_exp(*exponent);
        }
    }
}

impl Batch {
    /// The alternative with the smallest race time of each situation, where that is smaller
    /// than that of buying nothing; of equals the first.
    fn find_winners(&mut self) {
        self.winners.clear();
        let mut begin = 0;
        for (situation, outside) in self.situations.iter().zip(&self.outside) {
            let (mut least, mut best) = (*outside, None);
            for (k, time) in self.times[begin..situation.end].iter().enumerate() {
                if *time < least {
                    (least, best) = (*time, Some(begin + k));
                }
            }
            begin = situation.end;
            self.winners.extend(best.map(|k| Winner {
                place: self.rows[k].place,
                variant: self.variants[k],
                need: situation.need,
            }));
        }
    }
}

/// The decider in one wave.
pub struct Judge<'a> {
    env: &'a Environment,
    platforms: &'a [Platform],
    coefficients: Coefficients,
    /// What the segments add.
    leanings: Leanings,
    /// What is left of an order's strain after so many days.
    strain: [f64; STRAIN_DAYS],
    /// β_F·ln(1 + n) of so many friends.
    of_friends: [f64; FRIENDS],
    /// By platform, then channel.
    ways: Vec<[Way; MAX_CHANNELS]>,
    at: Clock,
}

impl<'a> Judge<'a> {
    /// The decider of an arm in one wave.
    #[must_use]
    pub fn new(
        env: &'a Environment,
        platforms: &'a [Platform],
        coefficients: Coefficients,
        at: Clock,
    ) -> Self {
        let half_life_days = coefficients.refractory_half_life_days;
        Self {
            env,
            platforms,
            coefficients,
            leanings: Leanings::new(&env.people, platforms, &coefficients),
            strain: std::array::from_fn(|days| strain(days, half_life_days)),
            of_friends: std::array::from_fn(|n| coefficients.friends * ln_1p(n as f64)),
            ways: platforms.iter().map(|platform| ways(platform, &coefficients)).collect(),
            at,
        }
    }

    /// (the exposures of one shard, in order) → orders.
    pub fn decide(&self, list: &[Exposure], books: &mut [&mut Book], orders: &mut Vec<Order>) {
        let mut batch = Batch::default();
        let mut place = 0;
        list.iter().take(AHEAD).for_each(|e| self.touch(e));
        for run in by_receiver(list) {
            list.iter().skip(place + AHEAD).take(run.len()).for_each(|e| self.touch(e));
            for situation in run.chunk_by(|a, b| a.category == b.category) {
                self.collect((place, situation), books, &mut batch);
                place += situation.len();
            }
            if batch.rows.len() >= BATCH {
                self.settle(list, &mut batch, books, orders);
            }
        }
        self.settle(list, &mut batch, books, orders);
    }

    /// Asks for what is read of an exposure ahead of its use.
    #[inline]
    fn touch(&self, exposure: &Exposure) {
        self.platforms[exposure.platform() as usize].touch(exposure);
        prefetch(&self.env.people.segment, exposure.to as usize);
    }

    /// Adds the alternatives of a situation, whose first exposure stands at `first`.
    #[inline]
    fn collect(
        &self,
        (first, situation): (usize, &[Exposure]),
        books: &mut [&mut Book],
        batch: &mut Batch,
    ) {
        let flags = situation.iter().fold(0, |flags, e| flags | e.flags);
        let (need, any_friend) = (flags & flag::NEED != 0, flags & flag::FRIEND != 0);
        let begin = batch.rows.len();
        let mut mind: Option<Mind> = None;
        for (k, exposure) in situation.iter().enumerate().filter(|(_, e)| is_considered(e)) {
            let mind = match &mut mind {
                Some(known) if known.platform == exposure.platform() => known,
                unknown => unknown.insert(self.mind(exposure, need)),
            };
            if !mind.live {
                continue;
            }
            let channel = exposure.channel() as usize;
            books[exposure.platform() as usize].tally.channels[channel].considered += 1;
            if k > 0 && repeats(&situation[k - 1], exposure) {
                continue;
            }
            let friends = if any_friend { friends(situation, exposure.offer) } else { 0 };
            let way = &self.ways[usize::from(exposure.platform())][channel];
            batch.rows.push(Row {
                place: (first + k) as u32,
                consumer: exposure.to,
                offer: exposure.offer,
                variants: way.variants,
                utility: self.utility(exposure, (mind, way), need, friends),
                sensitivity: mind.sensitivity,
            });
        }
        if batch.rows.len() > begin {
            let Exposure { to: consumer, category, .. } = situation[0];
            let end = batch.rows.len();
            batch.situations.push(Situation { consumer, category, need, end });
        }
    }

    /// What the exposure's platform is to its receiver. Only members buy: with registration on
    /// strangers' exposures were dropped before; without it nobody becomes a member.
    #[inline]
    fn mind(&self, e: &Exposure, need: bool) -> Mind {
        let platform = &self.platforms[e.platform() as usize];
        let member: &Member = &platform.members[e.to as usize];
        let segment = self.env.people.segment[e.to as usize];
        let (c, trust) = (&self.coefficients, from_share16(member.trust));
        let price_sensitivity = self.env.people.segments[usize::from(segment)].price_sensitivity;
        let strain = if need { 0.0 } else { self.purse_strain(e.to, member.last_order_day) };
        Mind {
            platform: e.platform(),
            live: platform.live.get(e.to),
            segment,
            sensitivity: c.price * price_sensitivity,
            trust,
            of_trust: c.of_trust(trust, None),
            of_habit: c.habit * from_share16(member.habit),
            of_strain: c.refractory * strain,
        }
    }

    /// U of an exposure's offer, bought alone.
    #[inline]
    fn utility(&self, e: &Exposure, (mind, way): (&Mind, &Way), need: bool, friends: u32) -> f64 {
        let offer = &self.platforms[e.platform() as usize].offers[e.offer as usize];
        let mut ln_price_ratio = f64::from(offer.ln_price_ratio);
        if e.price_bp != FULL_PRICE {
            ln_price_ratio += quick_ln(f64::from(e.price_bp) / 1e4);
        }
        if e.flags & flag::COUPON != 0 {
            ln_price_ratio += self.ln_coupon(e, 0);
        }
        let constant = if e.flags & flag::MATCH != 0 { way.matched } else { way.constant };
        let lean = self.leanings.of(e.platform(), e.channel(), mind.segment, need);
        let terms = Terms {
            constant: constant + f64::from(offer.standing_utility) + lean,
            need: if need { self.coefficients.need } else { 0.0 },
            price: mind.sensitivity * ln_price_ratio,
            trust: match e.trust {
                0 => mind.of_trust,
                t => self.coefficients.of_trust(mind.trust, Some(from_share16(t))),
            },
            friends: match self.of_friends.get(friends as usize) {
                Some(known) => *known,
                None => self.coefficients.friends * ln_1p(f64::from(friends)),
            },
            delay: way.of_delay,
            habit: mind.of_habit,
            refractory: mind.of_strain,
        };
        terms.sum()
    }

    /// Decides all situations of a batch and empties it.
    fn settle(
        &self,
        list: &[Exposure],
        batch: &mut Batch,
        books: &mut [&mut Book],
        orders: &mut Vec<Order>,
    ) {
        let (morning, key) = (Clock::start_of(self.at.day), self.env.key);
        let address = batch.rows.iter().map(|row| (row.consumer, row.offer));
        exponential_pairs(key, TASTE, morning, address, &mut batch.noise);
        let address = batch.situations.iter().map(|s| (s.consumer, u32::from(s.category)));
        exponentials(key, OUTSIDE, morning, address, &mut batch.outside);
        self.race(list, batch);
        batch.find_winners();
        let won = |winner: &Winner| &list[winner.place as usize];
        let address = batch.winners.iter().map(|winner| (won(winner).to, won(winner).offer));
        first_words(key, PRIORITY, self.at, address, &mut batch.priorities);
        for (winner, word) in batch.winners.iter().zip(&batch.priorities) {
            add(orders, self.order(won(winner), winner, (word >> 16) as u16, books));
        }
        batch.rows.clear();
        batch.situations.clear();
    }

    /// The race time of each alternative, bought in the best way, and that way. Alone and
    /// in a team it is the same good, so that the way with the larger utility wins.
    fn race(&self, list: &[Exposure], batch: &mut Batch) {
        let Batch { rows, noise, times, exponents, variants, .. } = batch;
        times.clear();
        exponents.clear();
        variants.clear();
        for (row, [time, hassle]) in rows.iter().zip(&*noise) {
            let (gain, variant) = self.best_way(list, row, *hassle);
            times.push(*time);
            exponents.push(-(row.utility + gain));
            variants.push(variant);
        }
        simd::widest(Race { times, exponents });
    }

    /// The way of buying that gains most over buying alone, and what it gains.
    #[inline]
    fn best_way(&self, list: &[Exposure], row: &Row, first: f64) -> (f64, u8) {
        let (mut gain, mut variant) = (0.0, 0);
        if !row.variants {
            return (gain, variant);
        }
        let e = &list[row.place as usize];
        for (k, way) in self.platforms[e.platform() as usize].variants.iter().enumerate() {
            let hassle = way.hassle * if k == 0 { first } else { self.later(e, k) };
            let more = -row.sensitivity * (way.ln_price + self.coupon_gain(e, k)) - hassle;
            if more > gain {
                (gain, variant) = (more, k as u8 + 1);
            }
        }
        (gain, variant)
    }

    /// What a coupon takes off the logarithm of the price in way `k` beyond what it takes off
    /// the price alone.
    #[inline]
    fn coupon_gain(&self, e: &Exposure, k: usize) -> f64 {
        if e.flags & flag::COUPON == 0 {
            return 0.0;
        }
        self.ln_coupon(e, k as u8 + 1) - self.ln_coupon(e, 0)
    }

    /// ln of the share of the price in a variant that a coupon leaves to pay.
    #[cold]
    fn ln_coupon(&self, e: &Exposure, variant: u8) -> f64 {
        let price = self.price_fen(e, variant);
        let off = self.platforms[e.platform() as usize].coupon.off_fen(price);
        if off == 0 {
            return 0.0;
        }
        quick_ln(f64::from(price - u32::from(off)) / f64::from(price))
    }

    /// The noise of the hassle of variant `k` > 0.
    fn later(&self, e: &Exposure, k: usize) -> f64 {
        let mut taste = self.env.key.draws(TASTE, e.to, Clock::start_of(self.at.day), e.offer);
        for _ in 0..=k {
            taste.word();
        }
        -quick_ln(unit(taste.word()))
    }

    /// What is left of the last order's strain on the purse, 0 … 1.
    #[inline]
    fn purse_strain(&self, consumer: u32, own_last_day: u16) -> f64 {
        let last_order_day = match self.platforms {
            [_] => own_last_day,
            all => last_order_day(all, consumer),
        };
        if last_order_day == NEVER || self.coefficients.refractory == 0.0 {
            return 0.0;
        }
        let days = usize::from(self.at.day - last_order_day);
        let half_life_days = self.coefficients.refractory_half_life_days;
        self.strain.get(days).copied().unwrap_or_else(|| strain(days, half_life_days))
    }

    /// The order of what won, booked.
    fn order(
        &self,
        e: &Exposure,
        winner: &Winner,
        priority: u16,
        books: &mut [&mut Book],
    ) -> Order {
        let mut order = Order {
            consumer: e.to,
            offer: e.offer,
            source: e.source,
            context: e.context,
            node: e.node,
            price_fen: self.price_fen(e, winner.variant),
            day: self.at.day,
            priority,
            channel: e.channel(),
            flags: (e.flags & flag::IMPULSE) | if winner.need { flag::NEED } else { 0 },
            variant: winner.variant,
            platform: e.platform(),
            wave: self.at.wave,
            coupon_fen: 0,
        };
        let book = &mut books[usize::from(e.platform())];
        if e.flags & flag::COUPON != 0 {
            let terms = self.platforms[usize::from(e.platform())].coupon;
            order.coupon_fen = terms.off_fen(order.price_fen);
            order.price_fen -= u32::from(order.coupon_fen);
            book.coupon_fen += i64::from(order.coupon_fen);
        }
        book.tally.channels[usize::from(e.channel())].placed += 1;
        book.postings.post(Line::Payment, Fen(i64::from(order.price_fen)));
        order
    }

    /// The price in a variant, before a coupon.
    fn price_fen(&self, e: &Exposure, variant: u8) -> u32 {
        let platform = &self.platforms[e.platform() as usize];
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

/// The channels of a platform as the decider sees them.
fn ways(platform: &Platform, coefficients: &Coefficients) -> [Way; MAX_CHANNELS] {
    let mut ways = [Way::default(); MAX_CHANNELS];
    for (way, terms) in ways.iter_mut().zip(&platform.channels) {
        let days = coefficients.delay_days(terms.carriage == Carriage::Pickup);
        *way = Way {
            constant: terms.constant,
            matched: terms.matched,
            of_delay: coefficients.delay * days,
            variants: terms.variants,
        };
    }
    ways
}

/// The day of a consumer's last order on any platform: the purse is the same.
fn last_order_day(platforms: &[Platform], consumer: u32) -> u16 {
    let days = platforms.iter().map(|p| p.members[consumer as usize].last_order_day);
    days.filter(|&day| day != NEVER).max().unwrap_or(NEVER)
}

/// Whether two neighbours in the order of keys are the same alternative.
fn repeats(a: &Exposure, b: &Exposure) -> bool {
    (a.way, a.offer, a.source, a.context) == (b.way, b.offer, b.source, b.context)
}

/// Friends whose opened messages recommend an offer in this situation.
fn friends(situation: &[Exposure], offer: u32) -> u32 {
    let opened = situation.iter().filter(|e| is_considered(e) && e.offer == offer);
    opened.filter(|e| e.flags & flag::FRIEND != 0).count() as u32
}
