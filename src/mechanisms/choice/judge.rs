//! Weighing: what one alternative is to one consumer, and who buys what.
//!
//! Exposures of a shard are read in order; what is weighed of them is collected in a
//! [`Batch`], which is decided when it is full.

use super::batch::{Batch, Row};
use super::mood::{Mood, Moods, NO_LURE};
use super::sale::{self, coupon_gain};
use super::whole::{Whole, repeats};
use super::{PRIORITY, TASTE};
use crate::exchange::AHEAD;
use crate::market::member::{Member, NEVER, from_share16};
use crate::market::message::{Exposure, Order, flag};
use crate::market::platform::{Book, OfferState, Platform};
use crate::market::utility::{Coefficients, Terms};
use crate::mechanism::world::Environment;
use crate::parallel::Column;
use crate::quantity::math::{ln_1p, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::unit;
use crate::simd::prefetch;

/// Numbers of friends for which the logarithm is looked up.
const FRIENDS: usize = 16;

/// Different values of an [`Exposure::way`].
const WAYS: usize = 1 << u8::BITS;

/// A platform, and what it is to the segments.
struct Stand<'a> {
    platform: &'a Platform,
    members: &'a Column<Member>,
    offers: &'a [OfferState],
    moods: Moods,
    /// Mean hassle of its first other way of buying.
    hassle: f64,
}

/// What one platform is to one consumer, the same for all that it offers.
struct Mind<'a> {
    platform: &'a Platform,
    offers: &'a [OfferState],
    hassle: f64,
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

/// The decider in one wave.
pub struct Judge<'a> {
    env: &'a Environment,
    /// The consumers' segments.
    segments: &'a [u8],
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
            members: &platform.members,
            offers: &platform.offers,
            moods: Moods::new(&env.people, platform, &coefficients),
            hassle: platform.variants.first().map_or(0.0, |variant| variant.hassle),
        };
        Self {
            env,
            segments: &env.people.segment,
            stands: platforms.iter().map(stand).collect(),
            coefficients,
            strains,
            of_friends: std::array::from_fn(|n| coefficients.friends * ln_1p(n as f64)),
            at,
        }
    }

    /// (the exposures of one shard, in order) → orders.
    #[inline(never)]
    pub fn decide(
        &self,
        list: &[Exposure],
        books: &mut [&mut Book],
        batch: &mut Batch,
        orders: &mut Vec<Order>,
    ) {
        let mut seen = [0_u32; WAYS];
        let (near, ahead) = list.split_at(AHEAD.min(list.len()));
        near.iter().for_each(|e| self.touch(e));
        let (mut ahead, mut place) = (ahead.iter(), 0);
        while place < list.len() {
            let whole = Whole::first_of(&list[place..]);
            ahead.by_ref().take(whole.situation.len()).for_each(|e| self.touch(e));
            if whole.is_considered() {
                self.collect(place, &whole, &mut seen, batch);
                if batch.is_full() {
                    self.settle(list, batch, books, orders);
                }
            }
            place += whole.situation.len();
        }
        self.settle(list, batch, books, orders);
        count(&seen, books);
    }

    /// Asks for what is read of an exposure ahead of its use.
    #[inline]
    fn touch(&self, exposure: &Exposure) {
        let Stand { members, offers, .. } = self.stand(exposure);
        prefetch(members, members.place(exposure.to));
        prefetch(offers, exposure.offer as usize);
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
    #[inline(always)]
    fn collect(&self, place: usize, whole: &Whole<'_>, seen: &mut [u32; WAYS], batch: &mut Batch) {
        let (situation, first) = (whole.situation, &whole.situation[0]);
        match &self.stands[..] {
            [stand] if whole.is_plain => {
                self.weigh_plain(stand, (place, situation), whole, seen, batch);
            }
            _ => self.weigh_parts(place, *whole, seen, batch),
        }
        batch.close(Address::new(first.to, u32::from(first.category)), whole.has_need());
    }

    /// Adds the alternatives of any situation, platform by platform.
    #[inline(never)]
    fn weigh_parts(
        &self,
        mut place: usize,
        whole: Whole<'_>,
        seen: &mut [u32; WAYS],
        batch: &mut Batch,
    ) {
        for part in whole.situation.chunk_by(|a, b| a.platform() == b.platform()) {
            let stand = self.stand(&part[0]);
            if whole.is_plain {
                self.weigh_plain(stand, (place, part), &whole, seen, batch);
            } else {
                self.weigh(stand, (place, part), &whole, seen, batch);
            }
            place += part.len();
        }
    }

    /// Adds the alternatives that one platform offers in a plain situation.
    /// Only members buy: registration drops what reaches others.
    #[inline(always)]
    fn weigh_plain(
        &self,
        stand: &Stand<'_>,
        (place, part): (usize, &[Exposure]),
        whole: &Whole<'_>,
        seen: &mut [u32; WAYS],
        batch: &mut Batch,
    ) {
        let mind = self.mind(stand, part[0].to, whole.has_need());
        let of_friends = self.of_friends[usize::from(whole.has_friend())];
        let room = batch.room(part.len());
        for (k, (e, row)) in part.iter().zip(room).enumerate() {
            seen[usize::from(e.way)] += 1;
            *row = self.row::<true>((place + k) as u32, e, &mind, of_friends);
        }
        batch.keep(part.len());
    }

    /// Adds those that it offers in any situation.
    fn weigh(
        &self,
        stand: &Stand<'_>,
        (place, part): (usize, &[Exposure]),
        whole: &Whole<'_>,
        seen: &mut [u32; WAYS],
        batch: &mut Batch,
    ) {
        let mind = self.mind(stand, part[0].to, whole.has_need());
        let room = batch.room(part.len());
        let mut n = 0;
        for (k, e) in part.iter().enumerate() {
            if e.flags & flag::DROPPED != 0 {
                continue;
            }
            seen[usize::from(e.way)] += 1;
            if k == 0 || !repeats(&part[k - 1], e) {
                let of_friends = self.of_friends(whole.friends(e));
                room[n] = self.row::<false>((place + k) as u32, e, &mind, of_friends);
                n += 1;
            }
        }
        batch.keep(n);
    }

    /// What a platform is to a consumer.
    #[inline(always)]
    fn mind<'b>(&self, stand: &'b Stand<'b>, consumer: u32, need: bool) -> Mind<'b> {
        let member = &stand.members[consumer as usize];
        let segment = self.segments[consumer as usize];
        let (c, trust) = (&self.coefficients, from_share16(member.trust));
        let last_order_day = match &self.stands[..] {
            [_] => member.last_order_day,
            all => last_order_day(all, consumer),
        };
        // Of an order that never was, the day is after today's.
        let days = usize::from(self.at.day.wrapping_sub(last_order_day));
        let none = self.strains.len() - 1;
        Mind {
            platform: stand.platform,
            offers: stand.offers,
            hassle: stand.hassle,
            mood: stand.moods.of(segment, need),
            trust,
            of_trust: c.of_trust(trust, None),
            of_habit: c.habit * from_share16(member.habit),
            of_strain: self.strains[if need { none } else { days.min(none) }],
        }
    }

    /// One alternative, of a plain situation or of any.
    #[inline(always)]
    fn row<const PLAIN: bool>(
        &self,
        place: u32,
        e: &Exposure,
        mind: &Mind<'_>,
        of_friends: f64,
    ) -> Row {
        let Mind { platform, mood, hassle, .. } = *mind;
        let (way, offer) = (mood.way(e.channel()), &mind.offers[e.offer as usize]);
        let (mut ln_price_ratio, mut lure) =
            (f64::from(offer.ln_price_ratio), mood.lure(e.channel()));
        if !PLAIN {
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
            friends: of_friends,
            delay: way.of_delay,
            habit: mind.of_habit,
            refractory: mind.of_strain,
        };
        let address = Address::new(e.to, e.offer);
        Row { address, utility: terms.sum(), lure, hassle, place }
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
    #[inline(never)]
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
        first_words((key, PRIORITY, self.at), winners, |winner| winner.address, priorities);
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
        for (row, (gain, variant)) in batch.ways() {
            if row.lure == NO_LURE {
                continue;
            }
            let e = &list[row.place as usize];
            let stand = self.stand(e);
            let segment = self.segments[e.to as usize];
            let sensitivity = stand.moods.of(segment, false).sensitivity;
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
    if e.flags & flag::COUPON == 0 {
        return lure;
    }
    match platform.variants.first() {
        Some(variant) if lure != NO_LURE => {
            -mood.sensitivity * (variant.ln_price + coupon_gain(platform, e, 0))
        }
        _ => NO_LURE,
    }
}
