//! The groups of one shard of offers: opened, joined, filled and forgotten.

use crate::market::message::{Order, flag};
use crate::quantity::time::Clock;
use crate::simd;
use std::collections::{BTreeMap, VecDeque};

/// An open or lately closed group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) opener: Order,
    /// The window is over after this wave.
    pub(super) closes: Clock,
    pub(super) open: bool,
}

/// The groups of one shard of offers, oldest first, numbered without reuse.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub(super) groups: VecDeque<Group>,
    /// The other members by number of their group; a pair that fills is released at once and
    /// has none.
    pub(super) more: BTreeMap<u32, Vec<Order>>,
    /// Number of the oldest group that is kept.
    pub(super) base: u32,
    /// Groups opened in this wave, whose openers will invite: (number, opener's order).
    pub(super) opened: Vec<(u32, Order)>,
    /// Groups of each offer of the shard, oldest first; closed ones are dropped when met.
    pub(super) by_offer: Vec<VecDeque<u32>>,
}

crate::state! {
    Group { opener, closes, open }
    Pool { groups, more, base, opened, by_offer }
}

impl Pool {
    /// Openers whose group filled in the wave in which they opened it invite nobody.
    pub(super) fn forget_full(&mut self) {
        let mut opened = std::mem::take(&mut self.opened);
        opened.retain(|(number, _)| self.group(*number).is_some_and(|g| g.open));
        self.opened = opened;
    }

    pub(super) fn group(&mut self, number: u32) -> Option<&mut Group> {
        let position = number.checked_sub(self.base)?;
        self.groups.get_mut(position as usize)
    }

    /// Asks for a group ahead of its use.
    #[inline]
    pub(super) fn touch(&self, number: u32) {
        let position = number.checked_sub(self.base);
        if let Some(group) = position.and_then(|position| self.groups.get(position as usize)) {
            simd::prefetch_one(group);
        }
    }

    /// Asks for the number of an offer's oldest group ahead of its use.
    #[inline]
    pub(super) fn touch_oldest(&self, place: usize) {
        self.by_offer[place].front().into_iter().for_each(simd::prefetch_one);
    }

    /// The members of a group, the opener first.
    pub(super) fn members(&self, number: u32) -> impl Iterator<Item = &Order> {
        let position = number.checked_sub(self.base);
        let group = position.and_then(|position| self.groups.get(position as usize));
        let more = self.more.get(&number).into_iter().flatten();
        group.map(|group| &group.opener).into_iter().chain(more)
    }

    /// Whether a consumer is in a group.
    pub(super) fn has(&self, number: u32, consumer: u32) -> bool {
        self.members(number).any(|order| order.consumer == consumer)
    }

    /// Adds a member to a group; one that is full gives its orders to `orders`.
    pub(super) fn join(&mut self, order: Order, size: u32, orders: &mut Vec<Order>) -> bool {
        let number = order.context;
        let more = self.more.get(&number).map_or(0, Vec::len);
        let full = more as u32 + 2 == size;
        if !full {
            self.more.entry(number).or_default().push(order);
        } else if let Some(group) = self.group(number) {
            group.open = false;
            orders.push(group.opener);
            orders.extend(self.more.remove(&number).into_iter().flatten());
            orders.push(order);
        }
        full
    }

    /// The oldest open group of an offer, unless the consumer is in it.
    pub(super) fn public(&mut self, place: usize, consumer: u32) -> Option<u32> {
        while let Some(&number) = self.by_offer[place].front() {
            match self.group(number).filter(|group| group.open) {
                Some(_) => return (!self.has(number, consumer)).then_some(number),
                None => self.by_offer[place].pop_front(),
            };
        }
        None
    }

    /// Opens a group; returns its number.
    pub(super) fn open(&mut self, place: usize, mut opener: Order, closes: Clock) {
        let number = self.base + self.groups.len() as u32;
        opener.context = number;
        if self.groups.len() == self.groups.capacity() {
            self.groups.reserve_exact((self.groups.len() / 8).max(4));
        }
        self.groups.push_back(Group { opener, closes, open: true });
        self.by_offer[place].push_back(number);
        self.opened.push((number, opener));
    }

    /// The opener's order in the group gets the node that its cascade gave it.
    pub(super) fn pass_nodes_to_groups(&mut self) {
        for (number, order) in std::mem::take(&mut self.opened) {
            if let Some(group) = self.group(number) {
                group.opener.node = order.node;
                group.opener.flags |= flag::OWN_NODE;
            }
            self.opened.push((number, order));
        }
    }
}
