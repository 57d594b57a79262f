//! Team orders find their groups; full groups are released, failed ones refused.

use super::pool::Pool;
use super::{AUTO_FILL, GroupBuy, POOL, REOPEN};
use crate::exchange::{self, AHEAD, Bins};
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
        asked.iter().take(AHEAD).for_each(|order| self.touch(pool, order));
        let mut ahead = asked.iter().skip(AHEAD);
        let (mut offer, mut first, mut released) = (NONE, 0, false);
        for order in asked {
            if let Some(later) = ahead.next() {
                self.touch(pool, later);
            }
            // Where the next offer begins cannot be foreseen.
            let is_next = order.offer != offer;
            if is_next & released {
                in_order(&mut orders[first..]);
            }
            (offer, released) = (order.offer, released & !is_next);
            first = select_unpredictable(is_next, orders.len(), first);
            if self.of.is_team(order) {
                let place = self.place(pool, order, &mut words);
                let rooms = (&mut *pool, &mut *orders);
                // Only what was held back stands out of order.
                released |= self.take(place, order, rooms, (&mut *book, &mut *bins));
            } else {
                orders.push(*order);
            }
        }
        if released {
            in_order(&mut orders[first..]);
        }
        pool.forget_full();
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
        pool.touch(if is_invited { order.context } else { oldest });
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

    /// Does what a team order's place says; returns whether it released a group.
    #[inline]
    fn take(
        &self,
        place: Place,
        order: &Order,
        (pool, orders): (&mut Pool, &mut Vec<Order>),
        (book, bins): Output<'_, '_>,
    ) -> bool {
        match place {
            Place::Join(number) => {
                let full = pool.join(number, order, self.of.p.size, orders);
                book.tally.groups_filled += u64::from(full);
                if full {
                    pool.pass_over(self.offers.row_of(order.offer), number);
                }
                return full;
            }
            Place::Open => {
                book.tally.groups_opened += 1;
                let closes = Clock { day: self.at.day + self.of.p.window_days, wave: self.at.wave };
                pool.open(self.offers.row_of(order.offer), order, closes);
            }
            Place::Late => {
                book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
                bins.push(Answer { order: *order, verdict: Verdict::Late });
            }
        }
        false
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
        while let Some((opener, more)) = pool.pop(self.at, |offer| self.offers.row_of(offer)) {
            let members = std::iter::once(opener).chain(more);
            if self.is_filled(&opener) {
                book.tally.groups_filled += 1;
                orders.extend(members);
                continue;
            }
            book.tally.groups_failed += 1;
            for order in members {
                book.tally.unfilled += 1;
                book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
                bins.push(Answer { order, verdict: Verdict::Unfilled });
            }
        }
        exchange::merge(orders, before);
    }

    /// Whether the platform fills a group that would fail.
    fn is_filled(&self, opener: &Order) -> bool {
        let share = self.of.p.auto_fill_share;
        share > 0.0 && self.key.unit(AUTO_FILL, opener.consumer, self.at, opener.offer) < share
    }
}

/// Puts an offer's orders in the order of their keys.
#[inline]
fn in_order(orders: &mut [Order]) {
    let key = |order: &Order| {
        let Order { priority, consumer, day, wave, .. } = *order;
        (u64::from(priority) << 48 | u64::from(consumer) << 16 | u64::from(day), wave)
    };
    match orders {
        // As it mostly is; which comes first cannot be foreseen.
        [first, second] => {
            let pair = [*first, *second];
            let swapped = usize::from(key(second) < key(first));
            (*first, *second) = (pair[swapped], pair[1 - swapped]);
        }
        orders => orders.sort_unstable_by_key(key),
    }
}
