//! Coupons: what the platform takes off a price out of its own purse.
//!
//! A coupon takes a share of the price and a fixed amount off, up to a limit, from a
//! least price on. What is left to pay is never below one fen.

use super::message::Order;
use crate::exchange::link::Link;
use crate::quantity::money::Fen;

/// What coupons of a platform are worth; worth nothing where it gives none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CouponTerms {
    /// Share of the price that is taken off, in 1/10000.
    pub share_bp: u32,
    /// Amount that is taken off besides.
    pub value_fen: u32,
    /// Price from which on the coupon holds.
    pub minimum_fen: u32,
    /// The most that is taken off; at most 65,535, which an order has room for.
    pub most_fen: u32,
}

impl CouponTerms {
    /// What a coupon takes off a price.
    #[inline]
    #[must_use]
    pub fn off_fen(&self, price_fen: u32) -> u16 {
        if price_fen < self.minimum_fen {
            return 0;
        }
        let share = u64::from(price_fen) * u64::from(self.share_bp) / 10_000;
        let off = share + u64::from(self.value_fen);
        let most = u64::from(self.most_fen.min(price_fen.saturating_sub(1)));
        off.min(most).min(u64::from(u16::MAX)) as u16
    }
}

/// What a platform may still promise in coupons: one pool for all its members.
///
/// An order's coupon is taken out when the order is placed and comes back if the order is
/// refused or returned, so that what was given is always what is left, what open orders
/// hold and what was paid for kept orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CouponPool {
    /// All allotments so far.
    pub given_fen: i64,
    /// What neither open nor kept orders hold; never below zero.
    pub left_fen: i64,
    /// What coupons would have taken off today if the pool had no end.
    pub asked_fen: i64,
}

crate::state! { CouponPool { given_fen, left_fen, asked_fen } }

impl CouponPool {
    /// Takes in a day's allotment.
    pub fn give(&mut self, fen: i64) {
        self.given_fen += fen;
        self.left_fen += fen;
    }

    /// Pays for the coupons of a platform's orders of one wave, which ask for `asked_fen` on
    /// this rank. If all ranks' are more than is left, they are paid in the order of the
    /// orders' priority as long as each fits; the others cost their whole price, and `regained`
    /// hears of every own one: its shard, and the coupon that is not paid.
    pub fn pay(
        &mut self,
        link: &Link,
        (platform, asked_fen): (u8, i64),
        placed: &mut [Vec<Order>],
        mut regained: impl FnMut(usize, Fen),
    ) {
        let asked_fen = link.sum(asked_fen);
        self.asked_fen += asked_fen;
        if asked_fen <= self.left_fen {
            self.left_fen -= asked_fen;
            return;
        }
        let mut queue: Vec<(usize, &mut Order)> = Vec::new();
        for (shard, list) in placed.iter_mut().enumerate() {
            let own = list.iter_mut().filter(|o| o.platform == platform && o.coupon_fen > 0);
            queue.extend(own.map(|order| (shard, order)));
        }
        let asks = queue.iter().map(|(_, o)| (o.priority, o.consumer, o.offer, o.coupon_fen));
        for (own, paid) in self.paid(link, asks.collect()) {
            let (shard, order) = &mut queue[own];
            if !paid {
                let off = std::mem::take(&mut order.coupon_fen);
                order.price_fen += u32::from(off);
                regained(*shard, Fen(i64::from(off)));
            }
        }
    }

    /// Which of the own asks are paid, by their place: all ranks' queue up together.
    fn paid(&mut self, link: &Link, asks: Vec<Ask>) -> Vec<(usize, bool)> {
        let of_rank = |(rank, asks): (usize, Vec<Ask>)| {
            asks.into_iter().enumerate().map(move |(place, ask)| (ask, rank, place))
        };
        let mut queue: Vec<_> =
            link.gather(asks).into_iter().enumerate().flat_map(of_rank).collect();
        queue.sort_unstable();
        let mut paid = Vec::new();
        for ((_, _, _, off), rank, place) in queue {
            let fits = i64::from(off) <= self.left_fen;
            self.left_fen -= if fits { i64::from(off) } else { 0 };
            if rank == link.rank() {
                paid.push((place, fits));
            }
        }
        paid
    }
}

/// An order that asks for its coupon: priority, consumer, offer, and the coupon in fen.
type Ask = (u16, u32, u32, u16);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::message::{NONE, Node};

    const TERMS: CouponTerms =
        CouponTerms { share_bp: 1_000, value_fen: 50, minimum_fen: 1_000, most_fen: 300 };

    #[test]
    fn a_coupon_holds_from_the_least_price_on_and_up_to_its_limit() {
        let off = |price| TERMS.off_fen(price);
        assert_eq!([999, 1_000, 2_009, 9_000].map(off), [0, 150, 250, 300]);
    }

    #[test]
    fn something_is_left_to_pay() {
        let all = CouponTerms { share_bp: 10_000, minimum_fen: 0, most_fen: 70_000, ..TERMS };
        for price in [1, 2, 5_000, 65_000] {
            assert_eq!(u32::from(all.off_fen(price)), price - 1);
        }
        assert_eq!(all.off_fen(0), 0);
        assert_eq!(all.off_fen(1_000_000), u16::MAX);
    }

    /// An order that costs 900 fen after a coupon of 100 fen.
    fn order(consumer: u32, priority: u16, platform: u8) -> Order {
        Order {
            consumer,
            offer: 0,
            source: NONE,
            context: NONE,
            node: Node::NONE,
            price_fen: 900,
            day: 0,
            priority,
            channel: 0,
            flags: 0,
            variant: 0,
            platform,
            wave: 0,
            coupon_fen: 100,
        }
    }

    #[test]
    fn a_pool_is_never_overdrawn_and_no_shard_comes_before_another() {
        let mut one = vec![vec![order(1, 9, 0), order(2, 4, 0), order(3, 7, 0), order(4, 1, 1)]];
        let mut many: Vec<Vec<Order>> = one[0].iter().map(|o| vec![*o]).collect();
        for placed in [&mut one, &mut many] {
            let mut pool = CouponPool::default();
            pool.give(250);
            let mut regained = Vec::new();
            pool.pay(&Link::alone(), (0, 300), placed, |_, fen| regained.push(fen));
            assert_eq!(pool, CouponPool { given_fen: 250, left_fen: 50, asked_fen: 300 });
            assert_eq!(regained, [Fen(100)]);
        }
        assert_eq!(one.concat(), many.concat());
        assert_eq!(one[0].iter().map(|o| o.coupon_fen).collect::<Vec<_>>(), [0, 100, 100, 100]);
        assert!(one[0].iter().all(|o| o.full_price() == Fen(1_000)));
    }
}
