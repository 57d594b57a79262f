//! Money in integer fen (1/100 yuan), so that every sum is exact.

use crate::columns::{Columns, State};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// An amount of money in fen; negative amounts are debts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(pub i64);

impl State for Fen {
    fn blank() -> Self {
        Self::ZERO
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.0.visit(io);
    }
}

impl Fen {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// `share` of this amount, rounded down to whole fen.
    ///
    /// `share` is in 1/10000 (basis points), so that the result is integer arithmetic.
    #[must_use]
    pub fn basis_points(self, share: u32) -> Self {
        Self((i128::from(self.0) * i128::from(share)).div_euclid(10_000) as i64)
    }
}

impl Add for Fen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Fen {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Fen {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Fen {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Fen {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}
