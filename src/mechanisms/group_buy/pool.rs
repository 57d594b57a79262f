//! The groups of one shard of offers: opened, joined, filled and forgotten.

use crate::market::message::{NONE, Node, Order, flag};
use crate::quantity::time::Clock;
use crate::simd;
use std::collections::{BTreeMap, VecDeque};

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
pub(super) struct Pool {
    pub(super) groups: VecDeque<Group>,
    /// The other members by number of their group; a pair that fills is released at once and
    /// has none.
    more: BTreeMap<u32, Vec<Order>>,
    /// Number of the oldest group that is kept.
    pub(super) base: u32,
    /// Those who opened a group in this wave.
    pub(super) opened: Vec<Opener>,
    /// By offer of the shard.
    queues: Vec<Queue>,
}

crate::state! {
    Group { opener, closes, next, open }
    Queue { oldest, newest }
    Opener { consumer, offer, group, node }
    Pool { groups, more, base, opened, queues }
}

impl Pool {
    /// Without groups, of so many offers.
    pub(super) fn new(n_offers: usize) -> Self {
        Self { queues: vec![Queue { oldest: NONE, newest: NONE }; n_offers], ..Self::default() }
    }

    /// Openers whose group filled in the wave in which they opened it invite nobody.
    pub(super) fn forget_full(&mut self) {
        let Self { groups, base, opened, .. } = self;
        // Whose group filled cannot be foreseen: everybody takes the next place, which some leave
        // again.
        let mut kept = 0;
        for k in 0..opened.len() {
            let opener = opened[k];
            opened[kept] = opener;
            kept += usize::from(groups[(opener.group - *base) as usize].open);
        }
        opened.truncate(kept);
    }

    /// A group, unless it is forgotten.
    #[inline]
    pub(super) fn group(&self, number: u32) -> Option<&Group> {
        self.groups.get(number.checked_sub(self.base)? as usize)
    }

    #[inline]
    fn group_mut(&mut self, number: u32) -> Option<&mut Group> {
        self.groups.get_mut(number.checked_sub(self.base)? as usize)
    }

    /// Asks for a group ahead of its use.
    #[inline]
    pub(super) fn touch(&self, number: u32) {
        if let Some(group) = self.group(number) {
            // It lies across two lines of memory.
            simd::prefetch_one(&group.opener);
            simd::prefetch_one(&group.open);
        }
    }

    /// A closed group is no longer the oldest of the offer in a row.
    #[inline]
    pub(super) fn pass_over(&mut self, row: usize, number: u32) {
        if self.queues[row].oldest == number {
            self.queues[row].oldest = self.group(number).map_or(NONE, |group| group.next);
        }
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
        self.more.get(&number).is_some_and(is_in)
    }

    /// Adds a member to a group; one that is full gives its orders to `orders`.
    #[inline]
    pub(super) fn join(
        &mut self,
        number: u32,
        order: &Order,
        size: u32,
        orders: &mut Vec<Order>,
    ) -> bool {
        let full = size == 2 || self.more.get(&number).map_or(0, Vec::len) as u32 + 2 == size;
        let list = if !full {
            self.more.entry(number).or_default()
        } else {
            if let Some(group) = self.group_mut(number) {
                group.open = false;
                orders.push(group.opener);
            }
            if size > 2 {
                orders.extend(self.more.remove(&number).into_iter().flatten());
            }
            orders
        };
        list.push(*order);
        if let Some(order) = list.last_mut() {
            order.context = number;
        }
        full
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
        if self.groups.len() == self.groups.capacity() {
            self.groups.reserve_exact((self.groups.len() / 8).max(4));
        }
        self.groups.push_back(Group { opener: *opener, closes, next: NONE, open: true });
        if let Some(group) = self.groups.back_mut() {
            group.opener.context = number;
        }
        let Order { consumer, offer, node, .. } = *opener;
        self.opened.push(Opener { consumer, offer, group: number, node });
    }

    /// Forgets the oldest groups that are closed, and takes out the next where its window is
    /// over: its orders, the opener's first. `row` is that of an offer.
    pub(super) fn pop(
        &mut self,
        at: Clock,
        row: impl Fn(u32) -> usize,
    ) -> Option<(Order, Vec<Order>)> {
        loop {
            let group = self.groups.front().filter(|group| !group.open || group.closes <= at)?;
            let queue = &mut self.queues[row(group.opener.offer)];
            if queue.oldest == self.base {
                queue.oldest = group.next;
            }
            let opener = group.open.then_some(group.opener);
            self.groups.pop_front();
            self.base += 1;
            if let Some(opener) = opener {
                return Some((opener, self.more.remove(&opener.context).unwrap_or_default()));
            }
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

    #[test]
    fn the_oldest_open_group_of_an_offer_is_found() {
        let (mut pool, mut released) = (pool(), Vec::new());
        assert_eq!((pool.public(0, 9), pool.public(1, 9)), (0, 1));
        assert_eq!(pool.public(0, 0), NONE, "the opener's own");
        assert!(pool.takes(4, (9, 0)) && !pool.takes(4, (9, 1)) && !pool.takes(4, (4, 0)));
        for number in [2, 0] {
            assert!(pool.join(number, &order(9, 0), 2, &mut released));
        }
        assert_eq!(pool.public(0, 9), 4);
        let groups: Vec<_> = released.iter().map(|o| (o.consumer, o.context)).collect();
        assert_eq!(groups, [(2, 2), (9, 2), (0, 0), (9, 0)]);
        pool.forget_full();
        assert!(pool.opened.iter().map(|opener| opener.group).eq([1, 3, 4, 5]));
    }

    #[test]
    fn groups_are_forgotten_from_the_oldest_on() {
        let (mut pool, mut released) = (pool(), Vec::new());
        pool.join(0, &order(9, 0), 2, &mut released);
        let row = |offer| offer as usize;
        let mut ended = Vec::new();
        while let Some((opener, more)) = pool.pop(Clock { day: 3, wave: 0 }, row) {
            ended.push((opener.consumer, more.len()));
        }
        assert_eq!((ended, pool.base), (vec![(1, 0), (2, 0)], 3));
        assert_eq!((pool.public(0, 9), pool.public(1, 9)), (4, 3));
        pool.open(0, &order(7, 0), Clock { day: 9, wave: 0 });
        pool.join(4, &order(9, 0), 2, &mut released);
        assert_eq!(pool.public(0, 9), 6);
    }

    #[test]
    fn larger_groups_wait_for_all_members() {
        let (mut pool, mut released) = (pool(), Vec::new());
        assert!(!pool.join(3, &order(8, 1), 3, &mut released) && released.is_empty());
        assert!(!pool.takes(3, (8, 1)) && pool.takes(3, (9, 1)));
        assert!(pool.members(3).map(|o| o.consumer).eq([3, 8]));
        assert!(pool.join(3, &order(9, 1), 3, &mut released));
        assert!(released.iter().map(|o| o.consumer).eq([3, 8, 9]));
    }
}
