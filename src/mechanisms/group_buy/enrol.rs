//! Team orders find their groups; full groups are released, failed ones refused.

use super::pool::Pool;
use super::release::Released;
use super::{AUTO_FILL, GroupBuy, POOL, REOPEN};
use crate::exchange::{self, Bins};
use crate::market::ledger::Line;
use crate::market::message::{Answer, NONE, Order, Verdict};
use crate::market::platform::Book;
use crate::mechanism::world::Environment;
use crate::parallel::Shards;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::{Key, unit};
use std::hint::select_unpredictable;
use std::slice::Iter;

/// Room for the orders of a shard.
#[derive(Default)]
pub(super) struct Room {
    orders: Vec<Order>,
    /// Buyer and offer of team orders that an invitation brought, and of the others: as many
    /// places as there are orders.
    addresses: [Vec<Address>; 2],
    /// What is drawn for them: whether a late friend opens an own group, and whether one looks
    /// for a public group.
    words: [Vec<u32>; 2],
}

/// What is equal for all team orders of a wave.
pub(super) struct Desk<'a> {
    of: &'a GroupBuy,
    key: Key,
    at: Clock,
    offers: Shards,
}

/// Where a shard keeps count and sends its answers.
type Output<'a, 'b> = (&'a mut Book, &'a mut Bins<'b, Answer>);

/// What happens to a team order.
enum Place {
    /// It joins this group.
    Join(u32),
    /// It opens a group.
    Open,
    /// The friend's group is full, and that is that.
    Late,
}

impl<'a> Desk<'a> {
    pub(super) fn new(of: &'a GroupBuy, env: &Environment, at: Clock) -> Self {
        Self { of, key: env.key_of(of.platform), at, offers: env.catalogue.shards }
    }

    /// Takes the team orders out of a shard's orders and puts full groups' orders in.
    pub(super) fn enrol(
        &self,
        room: &mut Room,
        pool: &mut Pool,
        orders: &mut Vec<Order>,
        (book, bins): Output<'_, '_>,
    ) {
        if !orders.iter().any(|order| self.of.is_team(order)) {
            return;
        }
        std::mem::swap(orders, &mut room.orders);
        orders.clear();
        self.draw(room);
        let mut words = room.words.each_ref().map(|words| words.iter());
        let asked = &room.orders;
        let (n_groups, mut released) = (pool.groups.len(), Released::new(orders));
        exchange::nearest(asked).iter().for_each(|order| self.touch(pool, order));
        for (_, order, later) in exchange::ahead(asked) {
            if let Some(later) = later {
                self.touch(pool, later);
            }
            released.turn_to(order.offer);
            if self.of.is_team(order) {
                let place = self.place(pool, order, &mut words);
                self.take((place, order), pool, &mut released, (&mut *book, &mut *bins));
            } else {
                released.add(order);
            }
        }
        pool.list_openers(n_groups);
    }

    /// Draws a word for every team order.
    fn draw(&self, Room { orders, addresses, words, .. }: &mut Room) {
        let [invited, others] = addresses.each_mut().map(|list| {
            list.resize(orders.len().max(list.len()), Address::default());
            list.as_mut_slice()
        });
        // Who was invited cannot be foreseen: everybody is written into both lists, of which at
        // most one then grows.
        let (mut n_invited, mut n_others) = (0, 0);
        for order in &*orders {
            let address = Address::new(order.consumer, order.offer);
            (invited[n_invited], others[n_others]) = (address, address);
            let (is_team, is_invited) = (self.of.is_team(order), self.of.is_invited(order));
            n_invited += usize::from(is_team & is_invited);
            n_others += usize::from(is_team & !is_invited);
        }
        let lists = [(REOPEN, &invited[..n_invited]), (POOL, &others[..n_others])];
        for ((stream, list), words) in lists.into_iter().zip(words) {
            first_words((self.key, stream, self.at), list, |address| *address, words);
        }
    }

    /// Asks for the group that an order is likely to join.
    #[inline]
    fn touch(&self, pool: &Pool, order: &Order) {
        let is_invited = self.of.is_invited(order);
        let oldest = pool.oldest(self.offers.row_of(order.offer));
        pool.touch(select_unpredictable(is_invited, order.context, oldest));
    }

    /// Where a team order goes.
    #[inline]
    fn place(&self, pool: &mut Pool, order: &Order, words: &mut [Iter<'_, u32>; 2]) -> Place {
        let invited = self.of.is_invited(order);
        let mut word = words[usize::from(!invited)].next().copied().unwrap_or_default();
        if invited {
            if pool.takes(order.context, (order.consumer, order.offer)) {
                return Place::Join(order.context);
            }
            if unit(word) >= self.of.p.reopen_share {
                return Place::Late;
            }
            word = self.key.word(POOL, order.consumer, self.at, order.offer);
        }
        // A public group, or an own one.
        let looks = unit(word) < self.of.p.public_share;
        // Who looks cannot be foreseen: the group is at hand for all.
        let open = pool.public(self.offers.row_of(order.offer), order.consumer);
        match select_unpredictable(looks, open, NONE) {
            NONE => Place::Open,
            number => Place::Join(number),
        }
    }

    /// Does what a team order's place says.
    #[inline]
    fn take(
        &self,
        (place, order): (Place, &Order),
        pool: &mut Pool,
        released: &mut Released<'_>,
        (book, bins): Output<'_, '_>,
    ) {
        let row = self.offers.row_of(order.offer);
        match place {
            Place::Join(number) => {
                let is_full = pool.join((row, number), order, self.of.p.size, released);
                book.tally.groups_filled += u64::from(is_full);
            }
            Place::Open => {
                book.tally.groups_opened += 1;
                let closes = Clock { day: self.at.day + self.of.p.window_days, wave: self.at.wave };
                pool.open(row, order, closes);
            }
            Place::Late => {
                book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
                bins.push(Answer { order: *order, verdict: Verdict::Late });
            }
        }
    }

    /// Ends the groups whose window is over, and forgets what is closed. Groups stand in
    /// the order of their opening, so that only the oldest need a look.
    pub(super) fn close(
        &self,
        pool: &mut Pool,
        orders: &mut Vec<Order>,
        (book, bins): Output<'_, '_>,
    ) {
        let before = orders.len();
        while let Some((opener, others)) = pool.end_next(self.at, |o| self.offers.row_of(o)) {
            let members = || std::iter::once(opener).chain(&others);
            if self.is_filled(opener) {
                book.tally.groups_filled += 1;
                orders.extend(members());
                continue;
            }
            book.tally.groups_failed += 1;
            for order in members() {
                book.tally.unfilled += 1;
                book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
                bins.push(Answer { order: *order, verdict: Verdict::Unfilled });
            }
        }
        pool.tidy();
        if orders.len() > before {
            exchange::merge(orders, before);
        }
    }

    /// Whether the platform fills a group that would fail.
    fn is_filled(&self, opener: &Order) -> bool {
        let share = self.of.p.auto_fill_share;
        share > 0.0 && self.key.unit(AUTO_FILL, opener.consumer, self.at, opener.offer) < share
    }
}
