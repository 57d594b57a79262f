//! The groups of one shard of offers: opened, joined, filled and forgotten.

use super::release::Released;
use crate::exchange::add;
use crate::market::message::{NONE, Node, Order, flag};
use crate::quantity::time::Clock;
use crate::simd;
use std::collections::BTreeMap;
use std::hint::select_unpredictable;

/// An open or lately closed group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) opener: Order,
    /// The window is over after this wave.
    pub(super) closes: Clock,
    /// The group of the same offer that was opened next; [`NONE`] for none.
    next: u32,
    pub(super) open: bool,
}

/// The groups of an offer, each of which knows the next: [`NONE`] where there are none. Closed
/// ones at the beginning are dropped when met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    oldest: u32,
    newest: u32,
}

/// Who opened a group in this wave, and will invite friends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opener {
    pub(super) consumer: u32,
    pub(super) offer: u32,
    pub(super) group: u32,
    pub(super) node: Node,
}

/// The groups of one shard of offers, oldest first, numbered without reuse.
#[derive(Clone, Debug, Default)]
#[repr(align(128))]
pub(super) struct Pool {
    pub(super) groups: Vec<Group>,
    /// The other members by number of their group; a pair that fills is released at once and
    /// has none.
    more: BTreeMap<u32, Vec<Order>>,
    /// Number of the oldest group that is kept.
    pub(super) base: u32,
    /// So many of the oldest are forgotten, and leave when they are many. A checkpoint need not know:
    /// they are closed, and are passed over again.
    forgotten: usize,
    /// Those who opened a group in this wave.
    pub(super) opened: Vec<Opener>,
    /// By offer of the shard.
    queues: Vec<Queue>,
}

crate::state! {
    Group { opener, closes, next, open }
    Queue { oldest, newest }
    Opener { consumer, offer, group, node }
    Pool { groups, more, base, opened, queues; except forgotten }
}

impl Pool {
    /// Without groups, of so many offers.
    pub(super) fn new(n_offers: usize) -> Self {
        Self { queues: vec![Queue { oldest: NONE, newest: NONE }; n_offers], ..Self::default() }
    }

    /// Those who opened a group of these and later ones will invite friends, unless it filled in the
    /// wave in which they opened it.
    pub(super) fn list_openers(&mut self, first: usize) {
        let Self { groups, opened, .. } = self;
        let new = &groups[first..];
        let nobody = Opener { consumer: NONE, offer: NONE, group: NONE, node: Node::NONE };
        opened.resize(new.len(), nobody);
        // Whose group filled cannot be foreseen: everybody takes the next place, which some leave
        // again.
        let mut kept = 0;
        for Group { opener, open, .. } in new {
            let Order { consumer, offer, context: group, node, .. } = *opener;
            opened[kept] = Opener { consumer, offer, group, node };
            kept += usize::from(*open);
        }
        opened.truncate(kept);
    }

    /// Where a group stands, or would stand: beyond all where it is forgotten.
    #[inline]
    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(self.base) as usize
    }

    /// A group, unless it is forgotten.
    #[inline]
    pub(super) fn group(&self, number: u32) -> Option<&Group> {
        self.groups.get(self.place(number))
    }

    /// Asks for a group ahead of its use.
    #[inline]
    pub(super) fn touch(&self, number: u32) {
        simd::prefetch(&self.groups, self.place(number));
    }

    /// The oldest group of an offer that may be open still; [`NONE`] for none.
    #[inline]
    pub(super) fn oldest(&self, row: usize) -> u32 {
        self.queues[row].oldest
    }

    /// The members of a group, the opener first.
    pub(super) fn members(&self, number: u32) -> impl Iterator<Item = &Order> {
        let more = self.more.get(&number).into_iter().flatten();
        self.group(number).map(|group| &group.opener).into_iter().chain(more)
    }

    /// Whether a group takes a consumer who asks for an offer.
    #[inline]
    pub(super) fn takes(&self, number: u32, (consumer, offer): (u32, u32)) -> bool {
        let fits = |g: &Group| g.open && g.opener.offer == offer && g.opener.consumer != consumer;
        self.group(number).is_some_and(fits) && !self.has_joined(number, consumer)
    }

    /// Whether a consumer has joined a group that somebody else opened.
    #[inline]
    fn has_joined(&self, number: u32, consumer: u32) -> bool {
        let is_in = |orders: &Vec<Order>| orders.iter().any(|order| order.consumer == consumer);
        // Pairs have no others.
        !self.more.is_empty() && self.more.get(&number).is_some_and(is_in)
    }

    /// Adds a member to an open group of the offer in a row; one that is full gives its orders to
    /// those that are released. Returns whether it is.
    #[inline]
    pub(super) fn join(
        &mut self,
        (row, number): (usize, u32),
        order: &Order,
        size: u32,
        released: &mut Released<'_>,
    ) -> bool {
        let place = self.place(number);
        let group = &mut self.groups[place];
        if size == 2 {
            released.add_pair(&group.opener, order);
        } else {
            let others = self.more.entry(number).or_default();
            others.push(Order { context: number, ..*order });
            if others.len() as u32 + 1 < size {
                return false;
            }
            released.insert(&group.opener, number);
            let others = self.more.remove(&number);
            others.iter().flatten().for_each(|order| released.insert(order, number));
        }
        group.open = false;
        // It is no longer the oldest.
        let oldest = &mut self.queues[row].oldest;
        *oldest = select_unpredictable(*oldest == number, group.next, *oldest);
        true
    }

    /// The oldest open group of an offer, unless the consumer is in it; [`NONE`] for none.
    #[inline]
    pub(super) fn public(&mut self, row: usize, consumer: u32) -> u32 {
        let queue = &mut self.queues[row];
        while queue.oldest != NONE {
            let number = queue.oldest;
            let group = &self.groups[(number - self.base) as usize];
            if group.open {
                let is_in = group.opener.consumer == consumer || self.has_joined(number, consumer);
                return if is_in { NONE } else { number };
            }
            queue.oldest = group.next;
        }
        NONE
    }

    /// Opens a group of the offer in a row.
    #[inline]
    pub(super) fn open(&mut self, row: usize, opener: &Order, closes: Clock) {
        let number = self.base + self.groups.len() as u32;
        let queue = &mut self.queues[row];
        if queue.oldest == NONE {
            queue.oldest = number;
        } else {
            self.groups[(queue.newest - self.base) as usize].next = number;
        }
        queue.newest = number;
        add(&mut self.groups, Group { opener: *opener, closes, next: NONE, open: true });
        if let Some(group) = self.groups.last_mut() {
            group.opener.context = number;
        }
    }

    /// Forgets the oldest groups that are closed, and closes the next where its window is over:
    /// returns the opener's order, and those of its other members. `row` is that of an offer.
    #[inline]
    pub(super) fn end_next(
        &mut self,
        at: Clock,
        row: impl Fn(u32) -> usize,
    ) -> Option<(&Order, Vec<Order>)> {
        for group in self.groups.get_mut(self.forgotten..)? {
            if group.open && group.closes > at {
                return None;
            }
            let number = group.opener.context;
            let oldest = &mut self.queues[row(group.opener.offer)].oldest;
            *oldest = select_unpredictable(*oldest == number, group.next, *oldest);
            self.forgotten += 1;
            if std::mem::take(&mut group.open) {
                let others = if self.more.is_empty() { None } else { self.more.remove(&number) };
                return Some((&group.opener, others.unwrap_or_default()));
            }
        }
        None
    }

    /// What is forgotten leaves where it is an eighth, so that few are moved often.
    pub(super) fn tidy(&mut self) {
        if self.forgotten * 8 >= self.groups.len() {
            self.groups.drain(..self.forgotten);
            self.base += self.forgotten as u32;
            self.forgotten = 0;
        }
    }

    /// The openers' orders in the groups get the nodes that their cascades gave them.
    pub(super) fn pass_nodes_to_groups(&mut self) {
        let Self { groups, base, opened, .. } = self;
        for Opener { group, node, .. } in &*opened {
            let opener = &mut groups[(group - *base) as usize].opener;
            opener.node = *node;
            opener.flags |= flag::OWN_NODE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(consumer: u32, offer: u32) -> Order {
        Order {
            consumer,
            offer,
            source: NONE,
            context: NONE,
            node: Node::NONE,
            price_fen: 100,
            day: 0,
            priority: 0,
            channel: 0,
            flags: 0,
            variant: 1,
            platform: 0,
            wave: 0,
            coupon_fen: 0,
        }
    }

    /// Groups 0 to 5 of two offers in turns, whose windows end one after the other.
    fn pool() -> Pool {
        let mut pool = Pool::new(2);
        for k in 0..6 {
            let closes = Clock { day: 1 + k as u16, wave: 0 };
            pool.open(k as usize % 2, &order(k, k % 2), closes);
        }
        pool
    }

    /// Joins a group of the offer in a row, and returns who is released, with their groups.
    fn joined(pool: &mut Pool, of: (usize, u32), consumer: u32, size: u32) -> Vec<(u32, u32)> {
        let mut orders = Vec::new();
        let order = order(consumer, of.0 as u32);
        let is_full = pool.join(of, &order, size, &mut Released::new(&mut orders));
        assert_eq!(is_full, !orders.is_empty());
        orders.iter().map(|order| (order.consumer, order.context)).collect()
    }

    #[test]
    fn the_oldest_open_group_of_an_offer_is_found() {
        let mut pool = pool();
        assert_eq!((pool.public(0, 9), pool.public(1, 9)), (0, 1));
        assert_eq!(pool.public(0, 0), NONE, "the opener's own");
        assert!(pool.takes(4, (9, 0)) && !pool.takes(4, (9, 1)) && !pool.takes(4, (4, 0)));
        assert_eq!(joined(&mut pool, (0, 2), 9, 2), [(2, 2), (9, 2)]);
        assert_eq!(joined(&mut pool, (0, 0), 9, 2), [(0, 0), (9, 0)]);
        assert_eq!(pool.public(0, 9), 4);
        pool.list_openers(1);
        assert!(pool.opened.iter().map(|opener| opener.group).eq([1, 3, 4, 5]));
    }

    #[test]
    fn groups_are_forgotten_from_the_oldest_on() {
        let mut pool = pool();
        joined(&mut pool, (0, 0), 9, 2);
        let mut ended = Vec::new();
        while let Some((opener, others)) = pool.end_next(Clock { day: 3, wave: 0 }, |o| o as usize)
        {
            ended.push((opener.consumer, others.len()));
        }
        pool.tidy();
        assert_eq!((ended, pool.base), (vec![(1, 0), (2, 0)], 3));
        assert!(pool.group(2).is_none() && !pool.takes(2, (9, 0)));
        assert_eq!((pool.public(0, 9), pool.public(1, 9)), (4, 3));
        pool.open(0, &order(7, 0), Clock { day: 9, wave: 0 });
        joined(&mut pool, (0, 4), 9, 2);
        assert_eq!(pool.public(0, 9), 6);
    }

    #[test]
    fn larger_groups_wait_for_all_members() {
        let mut pool = pool();
        assert_eq!(joined(&mut pool, (1, 3), 8, 3), []);
        assert!(!pool.takes(3, (8, 1)) && pool.takes(3, (9, 1)));
        assert!(pool.members(3).map(|o| o.consumer).eq([3, 8]));
        assert_eq!(joined(&mut pool, (1, 3), 9, 3), [(3, 3), (8, 3), (9, 3)]);
    }
}
