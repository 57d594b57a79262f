//! Weighing: what one alternative is to one consumer, and who buys what.
//!
//! Exposures of a shard are read in order; what is weighed of them is collected in a
//! [`Batch`], which is decided when it is full.

use super::batch::{Batch, Row, Situation, Winner};
use super::mood::{Mood, NO_LURE, moods};
use super::sale::{self, coupon_gain};
use super::{PRIORITY, TASTE};
use crate::exchange::AHEAD;
use crate::market::member::{NEVER, from_share16};
use crate::market::message::{Exposure, FULL_PRICE, NO_CATEGORY, Order, flag};
use crate::market::platform::{Book, Platform, is_considered};
use crate::market::utility::{Coefficients, Terms};
use crate::mechanism::world::Environment;
use crate::quantity::math::{ln_1p, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::addressed::first_words;
use crate::rng::unit;

/// Numbers of friends for which the logarithm is looked up.
const FRIENDS: usize = 16;

/// Different values of an [`Exposure::way`].
const WAYS: usize = 1 << u8::BITS;

/// A platform, and what it is to the segments.
struct Stand<'a> {
    platform: &'a Platform,
    moods: Vec<[Mood; 2]>,
    /// Mean hassle of its first other way of buying.
    hassle: f64,
}

/// What one platform is to one consumer, the same for all that it offers.
struct Mind<'a> {
    stand: &'a Stand<'a>,
    mood: &'a Mood,
    /// Trust in the platform.
    trust: f64,
    /// β_T·(T − ½) where nobody recommends.
    of_trust: f64,
    /// β_L·habit.
    of_habit: f64,
    /// β_S·what is left of the last order's strain on the purse.
    of_strain: f64,
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
    fn friends(&self, of: &Exposure) -> usize {
        if !self.any_friend {
            return 0;
        }
        if let [_] = self.situation {
            return 1;
        }
        let recommends =
            |e: &&Exposure| e.offer == of.offer && e.flags & flag::FRIEND != 0 && is_considered(e);
        self.situation.iter().filter(recommends).count()
    }
}

/// The decider in one wave.
pub struct Judge<'a> {
    env: &'a Environment,
    stands: Vec<Stand<'a>>,
    coefficients: Coefficients,
    /// β_S·what is left of an order's strain after so many days; at the end 0, for no order.
    strains: &'a [f64],
    /// β_F·ln(1 + n) of so many friends.
    of_friends: [f64; FRIENDS],
    at: Clock,
}

impl<'a> Judge<'a> {
    /// The decider of an arm in one wave.
    #[must_use]
    pub fn new(
        env: &'a Environment,
        platforms: &'a [Platform],
        coefficients: Coefficients,
        strains: &'a [f64],
        at: Clock,
    ) -> Self {
        let stand = |platform: &'a Platform| Stand {
            platform,
            moods: moods(&env.people, platform, &coefficients),
            hassle: platform.variants.first().map_or(0.0, |variant| variant.hassle),
        };
        Self {
            env,
            stands: platforms.iter().map(stand).collect(),
            coefficients,
            strains,
            of_friends: std::array::from_fn(|n| coefficients.friends * ln_1p(n as f64)),
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
        let mut seen = [0_u32; WAYS];
        list.iter().take(AHEAD).for_each(|e| self.touch(e));
        let mut rest = list;
        while let [first, ..] = rest {
            let (mut any, mut all, mut n) = (first.flags, first.flags, 1);
            while let Some(e) = rest.get(n).filter(|e| e.is_weighed_with(first)) {
                (any, all, n) = (any | e.flags, all & e.flags, n + 1);
            }
            if let Some(later) = rest.get(AHEAD) {
                self.touch(later);
            }
            if all & flag::DROPPED == 0 && first.category != NO_CATEGORY {
                let place = list.len() - rest.len();
                self.collect((place, &rest[..n]), any, &mut seen, batch);
            }
            rest = &rest[n..];
            if batch.is_full() {
                self.settle(list, batch, books, orders);
            }
        }
        self.settle(list, batch, books, orders);
        count(&seen, books);
    }

    /// Asks for what is read of an exposure ahead of its use.
    #[inline]
    fn touch(&self, exposure: &Exposure) {
        self.stand(exposure).platform.touch(exposure);
    }

    /// The platform of an exposure.
    #[inline]
    fn stand(&self, exposure: &Exposure) -> &Stand<'a> {
        match &self.stands[..] {
            [stand] => stand,
            all => &all[usize::from(exposure.platform())],
        }
    }

    /// Adds the alternatives of a situation, whose first exposure stands at `place`.
    #[inline]
    fn collect(
        &self,
        (place, situation): (usize, &[Exposure]),
        flags: u8,
        seen: &mut [u32; WAYS],
        batch: &mut Batch,
    ) {
        let Exposure { to: consumer, category, .. } = situation[0];
        let need = flags & flag::NEED != 0;
        let whole = Whole { situation, need, any_friend: flags & flag::FRIEND != 0 };
        let (mut place, mut rest) = (place, situation);
        while let [first, ..] = rest {
            let same = |e: &&Exposure| e.platform() == first.platform();
            let alone = self.stands.len() == 1;
            let n = if alone { rest.len() } else { rest.iter().take_while(same).count() };
            let (part, later) = rest.split_at(n);
            self.weigh((place, part), &whole, seen, &mut batch.rows);
            (place, rest) = (place + n, later);
        }
        let end = batch.rows.len() as u32;
        batch.situations.push(Situation { consumer, category, need, end });
    }

    /// Adds the alternatives that one platform offers in a situation. Only members buy:
    /// registration drops what reaches others.
    #[inline]
    fn weigh(
        &self,
        (place, part): (usize, &[Exposure]),
        whole: &Whole<'_>,
        seen: &mut [u32; WAYS],
        rows: &mut Vec<Row>,
    ) {
        let mind = self.mind(self.stand(&part[0]), part[0].to, whole.need);
        for (k, e) in part.iter().enumerate() {
            if e.flags & flag::DROPPED != 0 {
                continue;
            }
            seen[usize::from(e.way)] += 1;
            if k == 0 || !repeats(&part[k - 1], e) {
                rows.push(self.row((place + k) as u32, e, &mind, whole));
            }
        }
    }

    /// What a platform is to a consumer.
    #[inline]
    fn mind<'b>(&self, stand: &'b Stand<'b>, consumer: u32, need: bool) -> Mind<'b> {
        let member = &stand.platform.members[consumer as usize];
        let segment = self.env.people.segment[consumer as usize];
        let (c, trust) = (&self.coefficients, from_share16(member.trust));
        let last_order_day = match &self.stands[..] {
            [_] => member.last_order_day,
            all => last_order_day(all, consumer),
        };
        // Of an order that never was, the day is after today's.
        let days = usize::from(self.at.day.wrapping_sub(last_order_day));
        let none = self.strains.len() - 1;
        Mind {
            stand,
            mood: &stand.moods[usize::from(segment)][usize::from(need)],
            trust,
            of_trust: c.of_trust(trust, None),
            of_habit: c.habit * from_share16(member.habit),
            of_strain: self.strains[if need { none } else { days.min(none) }],
        }
    }

    /// One alternative.
    #[inline]
    fn row(&self, place: u32, e: &Exposure, mind: &Mind<'_>, whole: &Whole<'_>) -> Row {
        let (mood, platform) = (mind.mood, mind.stand.platform);
        let (way, offer) = (mood.way(e.channel()), &platform.offers[e.offer as usize]);
        let (mut ln_price_ratio, mut lure) = (f64::from(offer.ln_price_ratio), way.lure);
        if e.price_bp != FULL_PRICE || e.flags & flag::COUPON != 0 {
            ln_price_ratio = sale::ln_price_ratio(platform, e, ln_price_ratio);
            lure = with_coupon(lure, platform, e, mood);
        }
        let constant = way.constants[usize::from(e.flags & flag::MATCH != 0)];
        let terms = Terms {
            constant: constant + f64::from(offer.standing_utility) + way.lean,
            need: mood.need,
            price: mood.sensitivity * ln_price_ratio,
            trust: match e.trust {
                0 => mind.of_trust,
                t => self.coefficients.of_trust(mind.trust, Some(from_share16(t))),
            },
            friends: self.of_friends(whole.friends(e)),
            delay: way.of_delay,
            habit: mind.of_habit,
            refractory: mind.of_strain,
        };
        let (utility, hassle) = (terms.sum(), mind.stand.hassle);
        Row { place, consumer: e.to, offer: e.offer, utility, lure, hassle }
    }

    /// β_F·ln(1 + n) of so many friends.
    #[inline]
    fn of_friends(&self, n: usize) -> f64 {
        match self.of_friends.get(n) {
            Some(known) => *known,
            None => self.coefficients.friends * ln_1p(n as f64),
        }
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
        let key = self.env.key;
        batch.draw(key, Clock::start_of(self.at.day));
        batch.find_best_ways();
        self.weigh_later_ways(list, batch);
        batch.race();
        batch.find_winners();
        let Batch { winners, priorities, .. } = batch;
        let of = |winner: &Winner| (winner.consumer, winner.offer);
        first_words((key, PRIORITY, self.at), winners, of, priorities);
        make_room(orders, winners.len());
        orders.extend(winners.iter().zip(&*priorities).map(|(winner, word)| {
            let e = &list[winner.place as usize];
            let book = &mut books[usize::from(e.platform())];
            sale::order(self.stand(e).platform, e, (winner, (word >> 16) as u16), self.at, book)
        }));
        batch.clear();
    }

    /// Where a platform sells in more than one other way, the best of all.
    fn weigh_later_ways(&self, list: &[Exposure], batch: &mut Batch) {
        if self.stands.iter().all(|stand| stand.platform.variants.len() < 2) {
            return;
        }
        let Batch { rows, gains, variants, .. } = batch;
        for (row, (gain, variant)) in rows.iter().zip(gains.iter_mut().zip(variants)) {
            if row.lure == NO_LURE {
                continue;
            }
            let e = &list[row.place as usize];
            let stand = self.stand(e);
            let segment = self.env.people.segment[e.to as usize];
            let sensitivity = stand.moods[usize::from(segment)][0].sensitivity;
            for (k, way) in stand.platform.variants.iter().enumerate().skip(1) {
                let hassle = way.hassle * self.later(e, k);
                let gained = way.ln_price + coupon_gain(stand.platform, e, k);
                let more = -sensitivity * gained - hassle;
                if more > *gain {
                    (*gain, *variant) = (more, k as u8 + 1);
                }
            }
        }
    }

    /// The noise of the hassle of variant `k` > 0.
    fn later(&self, e: &Exposure, k: usize) -> f64 {
        let mut taste = self.env.key.draws(TASTE, e.to, Clock::start_of(self.at.day), e.offer);
        for _ in 0..=k {
            taste.word();
        }
        -quick_ln(unit(taste.word()))
    }
}

/// Books what was considered, by way.
fn count(seen: &[u32; WAYS], books: &mut [&mut Book]) {
    for (number, book) in books.iter_mut().enumerate() {
        for (channel, tally) in book.tally.channels.iter_mut().enumerate() {
            let way = Exposure::new(0, number, channel as u8).way;
            tally.considered += u64::from(seen[usize::from(way)]);
        }
    }
}

/// Room for more orders in a list that is kept and filled anew again and again: it grows by an
/// eighth, not to the double, so that little room stays unused.
fn make_room(orders: &mut Vec<Order>, more: usize) {
    if orders.len() + more > orders.capacity() {
        orders.reserve_exact(more.max(orders.len() / 8));
    }
}

/// The day of a consumer's last order on any platform: the purse is the same.
fn last_order_day(stands: &[Stand<'_>], consumer: u32) -> u16 {
    let day = |stand: &Stand<'_>| stand.platform.members[consumer as usize].last_order_day;
    stands.iter().map(day).filter(|&day| day != NEVER).max().unwrap_or(NEVER)
}

/// The lure of the first other way of buying, a coupon included.
fn with_coupon(lure: f64, platform: &Platform, e: &Exposure, mood: &Mood) -> f64 {
    match platform.variants.first() {
        Some(variant) if lure != NO_LURE => {
            -mood.sensitivity * (variant.ln_price + coupon_gain(platform, e, 0))
        }
        _ => NO_LURE,
    }
}

/// Whether two neighbours in the order of keys are the same alternative.
#[inline]
fn repeats(a: &Exposure, b: &Exposure) -> bool {
    a.offer == b.offer && a.source == b.source && a.context == b.context && a.way == b.way
}
