//! The systematic utility of an alternative: what the decider weighs.
//!
//! U = α_c + κ·need − β_P·s·ln(P/P⁰) + β_T·(T − ½) + β_F·ln(1 + friends)
//!     − β_D·days + β_L·habit − β_S·2^(−days since the last order/h) without a need,
//! the outside option standing at 0 (multinomial
//! logit, McFadden 1974). P⁰ is the category's outside reference, fixed in the
//! scenario: with an arm's own mean in its place a discount of a whole platform
//! would cancel.

/// Coefficients, equal for all platforms of an arm.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coefficients {
    /// κ: an open need.
    pub need: f64,
    /// β_P: price.
    pub price: f64,
    /// β_T: trust.
    pub trust: f64,
    /// β_F: friends who buy.
    pub friends: f64,
    /// β_D: a day of delivery.
    pub delay: f64,
    /// β_L: habit.
    pub habit: f64,
    /// Weight of the recommender in trust, where there is one.
    pub recommender_weight: f64,
    /// Utility lost without a need on the day of an order.
    pub refractory: f64,
    /// Days in which that loss halves.
    pub refractory_half_life_days: f64,
    /// Expected days of a parcel.
    pub parcel_days: f64,
    /// Expected days of a pickup.
    pub pickup_days: f64,
}

/// What is weighed of an alternative, beside its channel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes {
    /// Whether a need of the category is open.
    pub need: bool,
    /// s: the consumer's price sensitivity relative to the mean.
    pub price_sensitivity: f64,
    /// ln(P/P⁰).
    pub ln_price_ratio: f64,
    /// Trust in the platform, 0 … 1.
    pub platform_trust: f64,
    /// Trust in the recommender, 0 … 1; none where nobody recommends.
    pub recommender_trust: Option<f64>,
    /// ln(1 + friends who recommend or buy).
    pub ln_friends: f64,
    /// Expected days of delivery.
    pub delay_days: f64,
    /// Habit, 0 … 1.
    pub habit: f64,
    /// Share of the refractory loss that is left, 0 … 1.
    pub refractory: f64,
}

impl Coefficients {
    /// Expected days of delivery.
    #[inline]
    #[must_use]
    pub fn delay_days(&self, pickup: bool) -> f64 {
        if pickup { self.pickup_days } else { self.parcel_days }
    }

    /// What trust adds: in the platform, and in whoever recommends.
    #[inline(always)]
    #[must_use]
    pub fn of_trust(&self, platform: f64, recommender: Option<f64>) -> f64 {
        let weight = if recommender.is_some() { self.recommender_weight } else { 0.0 };
        self.of_trusts(platform, recommender.unwrap_or(platform), weight)
    }

    /// What trust adds where a recommender has so much weight, 0 where there is none: a product
    /// costs less than a branch that nobody can foretell.
    #[inline(always)]
    #[must_use]
    pub fn of_trusts(&self, platform: f64, recommender: f64, weight: f64) -> f64 {
        self.trust * (platform + weight * (recommender - platform) - 0.5)
    }

    /// U of an alternative whose channel has the constant `constant` (α, γ, impulse, −hassle).
    #[inline]
    #[must_use]
    pub fn utility(&self, constant: f64, a: &Attributes) -> f64 {
        let terms = Terms {
            constant,
            need: if a.need { self.need } else { 0.0 },
            price: self.price * a.price_sensitivity * a.ln_price_ratio,
            trust: self.of_trust(a.platform_trust, a.recommender_trust),
            friends: self.friends * a.ln_friends,
            delay: self.delay * a.delay_days,
            habit: self.habit * a.habit,
            refractory: self.refractory * a.refractory,
        };
        terms.sum()
    }
}

/// The terms of U, each multiplied by its coefficient: whoever weighs many alternatives makes
/// those that they have in common once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// α_c and what else the channel and the offer add.
    pub constant: f64,
    /// κ·need.
    pub need: f64,
    /// β_P·s·ln(P/P⁰).
    pub price: f64,
    /// β_T·(T − ½).
    pub trust: f64,
    /// β_F·ln(1 + friends).
    pub friends: f64,
    /// β_D·days.
    pub delay: f64,
    /// β_L·habit.
    pub habit: f64,
    /// β_S·2^(−days since the last order/h).
    pub refractory: f64,
}

impl Terms {
    /// U.
    #[inline(always)]
    #[must_use]
    pub fn sum(self) -> f64 {
        self.constant + self.need - self.price + self.trust + self.friends - self.delay + self.habit
            - self.refractory
    }
}
