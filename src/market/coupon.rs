//! Coupons: what the platform takes off a price out of its own purse.
//!
//! A coupon takes a share of the price and a fixed amount off, up to a limit, from a
//! least price on. What is left to pay is never below one fen.

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

/// What one shard of consumers may still redeem in a wave, and what it did today.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CouponPurse {
    /// What is left for coupons of this wave.
    pub left_fen: i64,
    /// What coupons took off in this wave.
    pub redeemed_fen: i64,
    /// What coupons would have taken off today if the purse had no end.
    pub asked_fen: i64,
    /// Exposures of this wave with a coupon.
    pub shown: u64,
    /// The most that one of them takes off.
    pub dearest: u16,
}

impl CouponPurse {
    /// Pays for a coupon that takes `off_fen` off an order, if there is enough; returns what
    /// it takes off.
    pub fn redeem(&mut self, off_fen: u16) -> u16 {
        let off = i64::from(off_fen);
        self.asked_fen += off;
        if off > self.left_fen {
            return 0;
        }
        self.left_fen -= off;
        self.redeemed_fen += off;
        off_fen
    }

    /// Whether a coupon that takes `off_fen` off can be paid.
    #[inline]
    #[must_use]
    pub fn covers(&self, off_fen: u16) -> bool {
        i64::from(off_fen) <= self.left_fen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_purse_is_never_overdrawn() {
        let mut purse = CouponPurse { left_fen: 100, ..CouponPurse::default() };
        assert_eq!([60, 60, 40].map(|off| purse.redeem(off)), [60, 0, 40]);
        assert_eq!((purse.left_fen, purse.redeemed_fen, purse.asked_fen), (0, 100, 160));
    }
}
