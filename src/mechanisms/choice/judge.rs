//! Weighing: what one alternative is to one consumer, and who buys what.
//!
//! Exposures of a shard are read in order; what is weighed of them is collected in a
//! [`Batch`], which is decided when it is full.

use super::batch::{Batch, Row, Situation, Winner};
use super::{OUTSIDE, PRIORITY, TASTE};
use crate::exchange::{AHEAD, add};
use crate::market::ledger::Line;
use crate::market::member::{NEVER, from_share16};
use crate::market::message::{Exposure, FULL_PRICE, NO_CATEGORY, Order, flag};
use crate::market::platform::{Book, Carriage, Platform, is_considered};
use crate::market::tally::MAX_CHANNELS;
use crate::market::utility::{Coefficients, Terms};
use crate::mechanism::leaning::Leanings;
use crate::mechanism::world::Environment;
use crate::population::People;
use crate::quantity::math::{ln_1p, quick_exp, quick_ln};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::{exponential_pairs, exponentials, first_words};
use crate::rng::unit;
use std::f64::consts::LN_2;

/// Days for which the strain of an order is looked up.
const STRAIN_DAYS: usize = 64;

/// Numbers of friends for which the logarithm is looked up.
const FRIENDS: usize = 16;

/// Rows of a table by something numbered in a byte: a segment, an [`Exposure::way`].
const BYTES: usize = 1 << u8::BITS;

/// 2^(−days/h): what is left of the strain of an order on the purse.
fn strain(days: usize, half_life_days: f64) -> f64 {
    quick_exp(-LN_2 * days as f64 / half_life_days)
}

/// What one platform is to one consumer, the same for all that it offers.
struct Mind<'a> {
    platform: &'a Platform,
    /// Number of the platform.
    number: u8,
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

/// A situation as its alternatives see it.
struct Whole<'a> {
    situation: &'a [Exposure],
    need: bool,
    /// Whether any of it was sent by a friend.
    any_friend: bool,
}

impl Whole<'_> {
    /// Friends whose opened messages recommend an exposure's offer in this situation.
    #[inline]
    fn friends(&self, of: &Exposure) -> u32 {
        if !self.any_friend {
            return 0;
        }
        if let [_] = self.situation {
            return 1;
        }
        let recommends =
            |e: &&Exposure| e.offer == of.offer && e.flags & flag::FRIEND != 0 && is_considered(e);
        self.situation.iter().filter(recommends).count() as u32
    }
}

/// The decider in one wave.
pub struct Judge<'a> {
    env: &'a Environment,
    platforms: &'a [Platform],
    coefficients: Coefficients,
    /// What the segments add.
    leanings: Leanings,
    /// β_P·s, by segment.
    sensitivity: [f64; BYTES],
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
            sensitivity: sensitivity(&env.people, &coefficients),
            strain: std::array::from_fn(|days| strain(days, half_life_days)),
            of_friends: std::array::from_fn(|n| coefficients.friends * ln_1p(n as f64)),
            ways: platforms.iter().map(|platform| ways(platform, &coefficients)).collect(),
            at,
        }
    }

    /// (the exposures of one shard, in order) → orders.
    pub fn decide(
        &self,
        list: &[Exposure],
        books: &mut [&mut Book],
        batch: &mut Batch,
        orders: &mut Vec<Order>,
    ) {
        let mut seen = [0_u32; BYTES];
        list.iter().take(AHEAD).for_each(|e| self.touch(e));
        let mut place = 0;
        while let Some(first) = list.get(place) {
            let mut flags = 0;
            let mut end = place;
            for e in list[place..].iter().take_while(|e| e.is_weighed_with(first)) {
                flags |= e.flags;
                if let Some(later) = list.get(end + AHEAD) {
                    self.touch(later);
                }
                end += 1;
            }
            self.collect((place, &list[place..end]), flags, &mut seen, batch);
            place = end;
            if batch.is_full() {
                self.settle(list, batch, books, orders);
            }
        }
        self.settle(list, batch, books, orders);
        self.count(&seen, books);
    }

    /// Books what was considered, by way.
    fn count(&self, seen: &[u32; BYTES], books: &mut [&mut Book]) {
        for (number, book) in books.iter_mut().enumerate() {
            for (channel, tally) in book.tally.channels.iter_mut().enumerate() {
                let way = Exposure::new(0, number, channel as u8).way;
                tally.considered += u64::from(seen[usize::from(way)]);
            }
        }
    }

    /// Asks for what is read of an exposure ahead of its use.
    #[inline]
    fn touch(&self, exposure: &Exposure) {
        let platform = match self.platforms {
            [platform] => platform,
            all => &all[usize::from(exposure.platform())],
        };
        platform.touch(exposure);
    }

    /// Adds the alternatives of a situation, whose first exposure stands at `place`.
    #[inline]
    fn collect(
        &self,
        (place, situation): (usize, &[Exposure]),
        flags: u8,
        seen: &mut [u32; BYTES],
        batch: &mut Batch,
    ) {
        let Exposure { to: consumer, category, .. } = situation[0];
        if category == NO_CATEGORY {
            return;
        }
        let (need, begin) = (flags & flag::NEED != 0, batch.rows.len());
        let whole = Whole { situation, need, any_friend: flags & flag::FRIEND != 0 };
        let (mut place, mut rest) = (place, situation);
        while let [first, ..] = rest {
            let same = |e: &&Exposure| e.platform() == first.platform();
            let alone = self.platforms.len() == 1;
            let n = if alone { rest.len() } else { rest.iter().take_while(same).count() };
            let (part, later) = rest.split_at(n);
            self.weigh((place, part), &whole, seen, &mut batch.rows);
            (place, rest) = (place + n, later);
        }
        let end = batch.rows.len();
        if end > begin {
            batch.situations.push(Situation { consumer, category, need, end: end as u32 });
        }
    }

    /// Adds the alternatives that one platform offers in a situation. Only members buy: with
    /// registration on strangers' exposures were dropped before; without it nobody becomes a
    /// member.
    #[inline]
    fn weigh(
        &self,
        (place, part): (usize, &[Exposure]),
        whole: &Whole<'_>,
        seen: &mut [u32; BYTES],
        rows: &mut Vec<Row>,
    ) {
        let (number, consumer) = (part[0].platform(), part[0].to);
        let platform = &self.platforms[usize::from(number)];
        if !platform.live.get(consumer) {
            return;
        }
        let mind = self.mind((number, platform), consumer, whole.need);
        let ways = &self.ways[usize::from(number)];
        for (k, e) in part.iter().enumerate() {
            if !is_considered(e) {
                continue;
            }
            seen[usize::from(e.way)] += 1;
            if k == 0 || !repeats(&part[k - 1], e) {
                let way = &ways[usize::from(e.channel())];
                rows.push(self.row((place + k) as u32, e, (&mind, way), whole));
            }
        }
    }

    /// One alternative.
    #[inline]
    fn row(
        &self,
        place: u32,
        e: &Exposure,
        (mind, way): (&Mind<'_>, &Way),
        whole: &Whole<'_>,
    ) -> Row {
        let utility = self.utility(e, (mind, way), whole.need, whole.friends(e));
        let (lure, hassle) = match mind.platform.variants.first() {
            Some(variant) if way.variants => {
                let lure = -mind.sensitivity * (variant.ln_price + self.coupon_gain(e, 0));
                (lure, variant.hassle)
            }
            _ => (f64::NEG_INFINITY, 0.0),
        };
        Row { place, consumer: e.to, offer: e.offer, utility, lure, hassle }
    }

    /// What a platform is to a consumer.
    #[inline]
    fn mind(&self, (number, platform): (u8, &'a Platform), consumer: u32, need: bool) -> Mind<'a> {
        let member = &platform.members[consumer as usize];
        let segment = self.env.people.segment[consumer as usize];
        let (c, trust) = (&self.coefficients, from_share16(member.trust));
        let strain = if need { 0.0 } else { self.purse_strain(consumer, member.last_order_day) };
        Mind {
            platform,
            number,
            segment,
            sensitivity: self.sensitivity[usize::from(segment)],
            trust,
            of_trust: c.of_trust(trust, None),
            of_habit: c.habit * from_share16(member.habit),
            of_strain: c.refractory * strain,
        }
    }

    /// U of an exposure's offer, bought alone.
    #[inline]
    fn utility(
        &self,
        e: &Exposure,
        (mind, way): (&Mind<'_>, &Way),
        need: bool,
        friends: u32,
    ) -> f64 {
        let offer = &mind.platform.offers[e.offer as usize];
        let mut ln_price_ratio = f64::from(offer.ln_price_ratio);
        if e.price_bp != FULL_PRICE {
            ln_price_ratio += quick_ln(f64::from(e.price_bp) / 1e4);
        }
        if e.flags & flag::COUPON != 0 {
            ln_price_ratio += self.ln_coupon(e, 0);
        }
        let constant = if e.flags & flag::MATCH != 0 { way.matched } else { way.constant };
        let lean = self.leanings.of(mind.number, e.channel(), mind.segment, need);
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
        if batch.is_empty() {
            return;
        }
        let (morning, key) = (Clock::start_of(self.at.day), self.env.key);
        let address = batch.rows.iter().map(|row| (row.consumer, row.offer));
        exponential_pairs(key, TASTE, morning, address, (&mut batch.times, &mut batch.hassles));
        let address = batch.situations.iter().map(|s| (s.consumer, u32::from(s.category)));
        exponentials(key, OUTSIDE, morning, address, &mut batch.outside);
        batch.weigh_ways();
        self.weigh_later_ways(list, batch);
        batch.race();
        batch.find_winners();
        let won = |winner: &Winner| &list[winner.place as usize];
        let address = batch.winners.iter().map(|winner| (won(winner).to, won(winner).offer));
        first_words(key, PRIORITY, self.at, address, &mut batch.priorities);
        for (winner, word) in batch.winners.iter().zip(&batch.priorities) {
            add(orders, self.order(won(winner), winner, (word >> 16) as u16, books));
        }
        batch.clear();
    }

    /// Where a platform sells in more than one other way, the best of all.
    fn weigh_later_ways(&self, list: &[Exposure], batch: &mut Batch) {
        if self.platforms.iter().all(|platform| platform.variants.len() < 2) {
            return;
        }
        for (row, best) in batch.rows.iter().zip(&mut batch.best) {
            let e = &list[row.place as usize];
            let platform = &self.platforms[usize::from(e.platform())];
            if row.lure == f64::NEG_INFINITY {
                continue;
            }
            let segment = self.env.people.segment[e.to as usize];
            let sensitivity = self.sensitivity[usize::from(segment)];
            for (k, way) in platform.variants.iter().enumerate().skip(1) {
                let hassle = way.hassle * self.later(e, k);
                let more = -sensitivity * (way.ln_price + self.coupon_gain(e, k)) - hassle;
                if more > best.0 {
                    *best = (more, k as u8 + 1);
                }
            }
        }
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

/// β_P·s, by segment.
fn sensitivity(people: &People, coefficients: &Coefficients) -> [f64; BYTES] {
    let mut sensitivity = [0.0; BYTES];
    for (entry, segment) in sensitivity.iter_mut().zip(&people.segments) {
        *entry = coefficients.price * segment.price_sensitivity;
    }
    sensitivity
}

/// The day of a consumer's last order on any platform: the purse is the same.
fn last_order_day(platforms: &[Platform], consumer: u32) -> u16 {
    let days = platforms.iter().map(|p| p.members[consumer as usize].last_order_day);
    days.filter(|&day| day != NEVER).max().unwrap_or(NEVER)
}

/// Whether two neighbours in the order of keys are the same alternative.
fn repeats(a: &Exposure, b: &Exposure) -> bool {
    a.offer == b.offer && a.source == b.source && a.context == b.context && a.way == b.way
}
