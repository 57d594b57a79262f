//! The orders of one offer after the other, as they leave the desk of group-buys.

use crate::exchange::add;
use crate::market::message::{NONE, Order};
use std::hint::select_unpredictable;

/// Orders on their way to be settled: those of an offer stand in the order of their keys, however
/// long some were held back.
pub(super) struct Released<'a> {
    orders: &'a mut Vec<Order>,
    /// The offer whose orders arrive, and where its own begin.
    offer: u32,
    first: usize,
    /// Whether some of its orders were held back, so that others may belong before them.
    is_mixed: bool,
}

impl<'a> Released<'a> {
    /// Orders go to the end of a list.
    pub(super) fn new(orders: &'a mut Vec<Order>) -> Self {
        Self { orders, offer: NONE, first: 0, is_mixed: false }
    }

    /// Orders of an offer arrive.
    #[inline]
    pub(super) fn turn_to(&mut self, offer: u32) {
        // Where the next offer begins cannot be foreseen.
        let is_next = offer != self.offer;
        self.offer = offer;
        self.first = select_unpredictable(is_next, self.orders.len(), self.first);
        self.is_mixed &= !is_next;
    }

    /// Adds an order that arrives: it comes after those that arrived before.
    #[inline]
    pub(super) fn add(&mut self, order: &Order) {
        if self.is_mixed { self.insert(order, order.context) } else { add(self.orders, *order) }
    }

    /// Adds the orders of a pair, of which the second does not yet know its group.
    #[inline]
    pub(super) fn add_pair(&mut self, opener: &Order, other: &Order) {
        // Whose order comes first cannot be foreseen.
        let is_second = is_before(other, opener);
        let first = select_unpredictable(is_second, other, opener);
        let second = select_unpredictable(is_second, opener, other);
        let group = opener.context;
        if self.orders.len() > self.first {
            self.insert(first, group);
            self.insert(second, group);
        } else {
            // As it mostly is.
            for order in [first, second] {
                self.push(order, group);
            }
        }
        self.is_mixed = true;
    }

    /// Adds the order of a member of a group, where its key says.
    pub(super) fn insert(&mut self, order: &Order, group: u32) {
        self.is_mixed = true;
        add(self.orders, *order);
        let own = &mut self.orders[self.first..];
        let mut place = own.len() - 1;
        while place > 0 && is_before(order, &own[place - 1]) {
            own[place] = own[place - 1];
            place -= 1;
        }
        own[place] = *order;
        own[place].context = group;
    }

    #[inline]
    fn push(&mut self, order: &Order, group: u32) {
        add(self.orders, *order);
        // Written where it stands: the order moves in wide pieces.
        if let Some(order) = self.orders.last_mut() {
            order.context = group;
        }
    }
}

/// Whether the key of an order comes before that of another for the same offer.
#[inline]
fn is_before(order: &Order, other: &Order) -> bool {
    let key = |order: &Order| {
        let Order { priority, consumer, day, wave, .. } = *order;
        (u64::from(priority) << 48 | u64::from(consumer) << 16 | u64::from(day), wave)
    };
    let ((rank, wave), (other_rank, other_wave)) = (key(order), key(other));
    (rank < other_rank) | (rank == other_rank) & (wave < other_wave)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::message::Node;

    fn order(priority: u16, consumer: u32, offer: u32) -> Order {
        Order {
            consumer,
            offer,
            source: NONE,
            context: NONE,
            node: Node::NONE,
            price_fen: 100,
            day: 0,
            priority,
            channel: 0,
            flags: 0,
            variant: 1,
            platform: 0,
            wave: 0,
            coupon_fen: 0,
        }
    }

    #[test]
    fn orders_of_an_offer_stand_in_the_order_of_their_keys() {
        let mut orders = Vec::new();
        let mut released = Released::new(&mut orders);
        let opener =
            |priority, consumer| Order { context: consumer, ..order(priority, consumer, 1) };
        released.turn_to(0);
        released.add(&order(9, 1, 0));
        for (held_back, priority, consumer) in [(5, 3, 11), (1, 4, 12), (4, 6, 13)] {
            released.turn_to(1);
            released.add_pair(&opener(held_back, consumer - 10), &order(priority, consumer, 1));
            released.add(&order(priority, consumer + 10, 1));
        }
        released.turn_to(2);
        released.add(&order(0, 3, 2));
        let found: Vec<_> = orders.iter().map(|o| (o.priority, o.consumer, o.context)).collect();
        let of_pairs = [(1, 2, 2), (3, 11, 1), (3, 21, NONE), (4, 3, 3), (4, 12, 2)];
        let others = [(4, 22, NONE), (5, 1, 1), (6, 13, 3), (6, 23, NONE), (0, 3, NONE)];
        assert_eq!(found, [&[(9, 1, NONE)], &of_pairs[..], &others].concat());
    }
}
