//! Weighing: what one alternative is to one consumer, and who buys what.
//!
//! The exposures of a shard are taken batch by batch (see [`Batch`]): first its situations are
//! read, and what will be needed of members and offers is asked for; then their alternatives
//! are weighed; then all of them are decided.

use super::batch::{Batch, NO_LURE, Row, Rows};
use super::mood::{Mood, Moods, Way};
use super::sale::{self, coupon_gain};
use super::whole::{Whole, repeats};
use super::{PRIORITY, TASTE};
use crate::market::member::{Member, NEVER, from_share16};
use crate::market::message::{Exposure, Order, flag};
use crate::market::platform::{Book, OfferState, Platform};
use crate::market::utility::{Coefficients, Terms};
use crate::mechanism::world::Environment;
use crate::parallel::Column;
use crate::population::SegmentColumn;
use crate::quantity::math::{ln_1p, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::unit;
use crate::simd::prefetch_known;
use std::slice;

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
    mood: &'a Mood,
    /// Who it is.
    consumer: u32,
    /// Trust in the platform, in 1/65535, and as a share.
    trust16: u16,
    trust: f64,
    /// β_L·habit.
    of_habit: f64,
    /// β_S·what is left of the last order's strain on the purse.
    of_strain: f64,
}

/// The decider in one wave.
pub struct Judge<'a> {
    env: &'a Environment,
    /// The consumers' segments.
    segments: SegmentColumn<'a>,
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
        strains: &'a [f64],
        coefficients: Coefficients,
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
            segments: env.people.segment_column(),
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
        let (mut seen, mut place) = ([0_u32; WAYS], 0);
        while place < list.len() {
            place = self.read(list, place, batch);
            if !batch.is_empty() {
                self.weigh_all(list, batch, &mut seen);
                self.settle(list, batch, books, orders);
            }
        }
        count(&seen, books);
    }

    /// Takes the next situations into a batch, and asks for what will be read of them.
    #[inline(never)]
    fn read(&self, list: &[Exposure], place: usize, batch: &mut Batch) -> usize {
        match &self.stands[..] {
            [stand] => {
                let Stand { offers, .. } = stand;
                let of_offer = |e: &Exposure| prefetch_known(offers, e.offer as usize);
                let of_consumer = |e: &Exposure| self.touch(slice::from_ref(stand), e.to);
                batch.read(list, place, (of_consumer, of_offer))
            }
            all => {
                let of_consumer = |e: &Exposure| self.touch(all, e.to);
                let of_offer =
                    |e: &Exposure| prefetch_known(stand_of(all, e).offers, e.offer as usize);
                batch.read(list, place, (of_consumer, of_offer))
            }
        }
    }

    /// Asks for what is read of a consumer ahead of its use.
    #[inline(always)]
    fn touch(&self, stands: &[Stand<'_>], consumer: u32) {
        self.segments.touch(consumer);
        for Stand { members, .. } in stands {
            prefetch_known(members, members.place(consumer));
        }
    }

    /// Fills the rows of a batch.
    fn weigh_all(&self, list: &[Exposure], batch: &mut Batch, seen: &mut [u32; WAYS]) {
        match &self.stands[..] {
            [stand] => self.weigh_for(stand, list, batch, seen),
            all => {
                let (situations, mut rows) = batch.open();
                let mut at = 0;
                for (situation, later) in situations {
                    self.touch(all, later.address.entity());
                    self.weigh_parts(situation.among(list, at), (rows.lent(), at), seen);
                    at += situation.length as usize;
                }
            }
        }
    }

    /// Fills the rows of a batch where there is a single platform.
    #[inline(never)]
    fn weigh_for(
        &self,
        stand: &Stand<'_>,
        list: &[Exposure],
        batch: &mut Batch,
        seen: &mut [u32; WAYS],
    ) {
        let (situations, mut rows) = batch.open();
        rows.set_hassles(stand.hassle);
        let mut at = 0;
        for (situation, later) in situations {
            self.touch(slice::from_ref(stand), later.address.entity());
            let whole = situation.among(list, at);
            if whole.is_plain() {
                let consumer = situation.address.entity();
                let day = stand.members[consumer as usize].last_order_day;
                let mind = self.mind(stand, (consumer, day), whole.has_need());
                self.weigh_plain(&mind, whole.situation, &whole, (&mut rows, &mut at), seen);
            } else {
                self.weigh_parts(whole, (rows.lent(), at), seen);
                at += situation.length as usize;
            }
        }
    }

    /// Fills the rows of any situation, platform by platform.
    #[inline(never)]
    fn weigh_parts(
        &self,
        whole: Whole<'_>,
        (mut rows, mut at): (Rows<'_>, usize),
        seen: &mut [u32; WAYS],
    ) {
        for part in whole.situation.chunk_by(|a, b| a.platform() == b.platform()) {
            let stand = stand_of(&self.stands, &part[0]);
            let consumer = part[0].to;
            let day = last_order_day(&self.stands, consumer);
            let mind = self.mind(stand, (consumer, day), whole.has_need());
            rows.set_hassle(at, part.len(), stand.hassle);
            if whole.is_plain() {
                self.weigh_plain(&mind, part, &whole, (&mut rows, &mut at), seen);
            } else {
                self.weigh(&mind, part, &whole, (&mut rows, at), seen);
                at += part.len();
            }
        }
    }

    /// Fills the rows of what one platform offers in a plain situation.
    /// Only members buy: registration drops what reaches others.
    /// Afterwards `at` is the row after them.
    #[inline(always)]
    fn weigh_plain(
        &self,
        mind: &Mind<'_>,
        part: &[Exposure],
        whole: &Whole<'_>,
        (rows, at): (&mut Rows<'_>, &mut usize),
        seen: &mut [u32; WAYS],
    ) {
        let of_friends = self.of_friends[usize::from(whole.has_friend())];
        for e in part {
            seen[usize::from(e.way)] += 1;
            rows.put(*at, self.row::<true>(e, mind, of_friends));
            *at += 1;
        }
    }

    /// Fills those of what it offers in any situation.
    fn weigh(
        &self,
        mind: &Mind<'_>,
        part: &[Exposure],
        whole: &Whole<'_>,
        (rows, at): (&mut Rows<'_>, usize),
        seen: &mut [u32; WAYS],
    ) {
        for (k, e) in part.iter().enumerate() {
            let is_dropped = e.flags & flag::DROPPED != 0;
            seen[usize::from(e.way)] += u32::from(!is_dropped);
            let row = if is_dropped || k > 0 && repeats(&part[k - 1], e) {
                Row::idle(Address::new(e.to, e.offer))
            } else {
                self.row::<false>(e, mind, self.of_friends(whole.friends(e)))
            };
            rows.put(at + k, row);
        }
    }

    /// What a platform is to a consumer, whose last order was placed on a day.
    #[inline(always)]
    fn mind<'b>(
        &self,
        stand: &'b Stand<'b>,
        (consumer, last_order_day): (u32, u16),
        need: bool,
    ) -> Mind<'b> {
        let member = &stand.members[consumer as usize];
        let segment = self.segments.of(consumer);
        let (c, trust) = (&self.coefficients, from_share16(member.trust));
        // Of an order that never was, the day is after today's.
        let days = usize::from(self.at.day.wrapping_sub(last_order_day));
        let strain = self.strains.get(days).copied().unwrap_or(0.0);
        let mood = stand.moods.of(segment, need);
        Mind {
            platform: stand.platform,
            offers: stand.offers,
            mood,
            consumer,
            trust16: member.trust,
            trust,
            of_habit: c.habit * from_share16(member.habit),
            of_strain: strain * mood.any_way().straining,
        }
    }

    /// One alternative, of a plain situation or of any.
    #[inline(always)]
    fn row<const PLAIN: bool>(&self, e: &Exposure, mind: &Mind<'_>, of_friends: f64) -> Row {
        let (platform, way) = (mind.platform, mind.mood.way(e.channel()));
        let mut lure = way.lure;
        let standing = &mind.offers[e.offer as usize];
        let mut ln_price_ratio = f64::from(standing.ln_price_ratio);
        if !PLAIN {
            ln_price_ratio = sale::ln_price_ratio(platform, e, ln_price_ratio);
            lure = with_coupon(way, platform, e);
        }
        let constant = way.constants[usize::from(e.flags & flag::MATCH != 0)];
        // Where nobody recommends, the platform stands in: what it differs from itself is 0.
        let recommender = if e.trust == 0 { mind.trust16 } else { e.trust };
        let c = &self.coefficients;
        let terms = Terms {
            constant: constant + f64::from(standing.standing_utility) + way.lean,
            need: way.need,
            price: way.sensitivity * ln_price_ratio,
            trust: c.of_trusts(mind.trust, from_share16(recommender), c.recommender_weight),
            friends: of_friends,
            delay: way.of_delay,
            habit: mind.of_habit,
            refractory: mind.of_strain,
        };
        Row { address: Address::new(mind.consumer, e.offer), utility: terms.sum(), lure }
    }

    /// β_F·ln(1 + n) of so many friends.
    #[inline]
    fn of_friends(&self, n: usize) -> f64 {
        match self.of_friends.get(n) {
            Some(known) => *known,
            None => self.coefficients.friends * ln_1p(n as f64),
        }
    }

    /// Decides all situations of a batch.
    #[inline(never)]
    fn settle(
        &self,
        list: &[Exposure],
        batch: &mut Batch,
        books: &mut [&mut Book],
        orders: &mut Vec<Order>,
    ) {
        let (key, morning) = (self.env.key, Clock::start_of(self.at.day));
        let most_ways = self.stands.iter().map(|stand| stand.platform.variants.len()).max();
        batch.draw_outside(key, morning);
        match most_ways {
            Some(1..) => batch.draw_ways(key, morning),
            _ => batch.draw_alone(key, morning),
        }
        if most_ways > Some(1) {
            self.weigh_later_ways(list, batch);
        }
        batch.race();
        batch.find_winners();
        let known = orders.len();
        self.place_orders(list, batch, books, orders);
        let address = |order: &Order| Address::new(order.consumer, order.offer);
        let words = &mut batch.priorities;
        first_words((key, PRIORITY, self.at), &orders[known..], address, words);
        for (order, word) in orders[known..].iter_mut().zip(words) {
            order.priority = (*word >> 16) as u16;
        }
    }

    /// Orders what won.
    fn place_orders(
        &self,
        list: &[Exposure],
        batch: &Batch,
        books: &mut [&mut Book],
        orders: &mut Vec<Order>,
    ) {
        let at = self.at;
        make_room(orders, batch.n_found());
        match (&self.stands[..], books) {
            ([stand], [book]) => {
                let touch = |offer| prefetch_known(stand.offers, offer as usize);
                orders.extend(batch.winners(touch).map(|winner| {
                    let e = &list[winner.place];
                    sale::order(stand.sells(e), e, &winner, at, book)
                }));
            }
            (all, books) => orders.extend(batch.winners(|_| ()).map(|winner| {
                let e = &list[winner.place];
                let book = &mut books[usize::from(e.platform())];
                sale::order(stand_of(all, e).sells(e), e, &winner, at, book)
            })),
        }
    }

    /// Where a platform sells in more than one other way, the best of all.
    fn weigh_later_ways(&self, list: &[Exposure], batch: &mut Batch) {
        for (place, (gain, variant)) in batch.ways() {
            let e = &list[place];
            let stand = stand_of(&self.stands, e);
            let segment = self.segments.of(e.to);
            let sensitivity = stand.moods.of(segment, false).any_way().sensitivity;
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

impl<'a> Stand<'a> {
    /// The platform, and the list price of an exposure's offer.
    #[inline(always)]
    fn sells(&self, e: &Exposure) -> (&'a Platform, u32) {
        (self.platform, self.offers[e.offer as usize].price_fen)
    }
}

/// The platform of an exposure.
#[inline]
fn stand_of<'a, 'b>(stands: &'b [Stand<'a>], exposure: &Exposure) -> &'b Stand<'a> {
    match stands {
        [stand] => stand,
        all => &all[usize::from(exposure.platform())],
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
fn with_coupon(way: &Way, platform: &Platform, e: &Exposure) -> f64 {
    if e.flags & flag::COUPON == 0 {
        return way.lure;
    }
    match platform.variants.first() {
        Some(variant) if way.lure != NO_LURE => {
            -way.sensitivity * (variant.ln_price + coupon_gain(platform, e, 0))
        }
        _ => NO_LURE,
    }
}
