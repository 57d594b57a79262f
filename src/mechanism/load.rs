//! What mechanisms say before a run of what they will need: members they win, messages they
//! send, bytes they hold. The estimate of memory is the sum of it.
//!
//! Growth follows Bass: dm/dt = (p + q·m)·(1 − m)³ − l·m for the share m of members, with p
//! and q from the mechanisms. The cube stands for resistance, since the willing join first;
//! it and l were chosen so that the four presets are met within a tenth over a year.

use crate::quantity::math::logistic;
use std::iter::Sum;

/// How large a run is going to be, and what is known of it so far.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Consumers.
    pub consumers: f64,
    /// Shards of the consumers.
    pub shards: f64,
    /// Offers.
    pub offers: f64,
    /// Shards of the offers.
    pub offer_shards: f64,
    /// Neighbourhoods.
    pub neighbourhoods: f64,
    /// Mean number of ties.
    pub degree: f64,
    /// Influencers that a consumer follows.
    pub follows: f64,
    /// Days, burn-in included.
    pub days: f64,
    /// Probability that a consumer is active on a day.
    pub activity: f64,
    /// Marketing budget of the platform, fen a consumer and day.
    pub budget_fen: f64,
    /// Most members at a time of the platform; of all platforms for a mechanism of the world.
    pub members: f64,
    /// What all mechanisms of the arm have said so far: asked several times, each knows from
    /// the others what it needs to.
    pub known: Load,
}

/// What a mechanism brings. Counts are those of the platform's busiest day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Bytes of its own state.
    pub bytes: f64,
    /// Exposures of a day to consumers of the sender's own shard, all in one wave.
    pub near: f64,
    /// Exposures of a wave to anybody.
    pub far: f64,
    /// Orders of a day.
    pub orders: f64,
    /// p: probability that a stranger is won on a day whoever is a member already.
    pub outside: f64,
    /// q: that probability, for every share of members, by what members do.
    pub by_members: f64,
    /// Open needs of a member.
    pub needs: f64,
    /// Item pages of an active consumer.
    pub slots: f64,
}

impl Sum for Load {
    fn sum<I: Iterator<Item = Self>>(loads: I) -> Self {
        loads.fold(Self::default(), |a, b| Self {
            bytes: a.bytes + b.bytes,
            near: a.near + b.near,
            far: a.far + b.far,
            orders: a.orders + b.orders,
            outside: a.outside + b.outside,
            by_members: a.by_members + b.by_members,
            needs: a.needs + b.needs,
            slots: a.slots + b.slots,
        })
    }
}

/// Exponent of the strangers who are left: the willing are won first.
const RESISTING: i32 = 3;
/// Members who lapse on a day and do not come back.
const LAPSING: f64 = 0.0004;

/// The largest share of members in so many days, from a share at the start.
#[must_use]
pub fn members(start: f64, days: f64, load: &Load) -> f64 {
    let (mut now, mut most) = (start, start);
    for _ in 0..days as u32 {
        let left = (0..RESISTING).fold(1.0, |product, _| product * (1.0 - now));
        now += (load.outside + load.by_members * now) * left - LAPSING * now;
        now = now.clamp(0.0, 1.0);
        most = now.max(most);
    }
    most
}

/// Share of consumers whom a contact of so much persuasion wins: the mean over a resistance
/// that is normal around 0 with standard deviation 1, where few are won.
#[must_use]
pub fn persuaded(join: f64) -> f64 {
    logistic(join + 0.5)
}

/// Bytes of lists that together get `items` items again and again and keep the room of their
/// fullest time: four deviations above the mean, and half of an eighth more. A list that ever
/// gets an item has room for four.
#[must_use]
pub fn kept(items: f64, lists: f64, times: f64, size: usize) -> f64 {
    let each = items / lists.max(1.0);
    let used = (each * times).min(1.0);
    (each + 4.0 * each.sqrt()).max(4.0 * used).min(times * items) * 1.06 * lists * size as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_stays_between_nobody_and_everybody() {
        let load = Load { outside: 0.001, by_members: 0.05, ..Load::default() };
        let shares = [0.0, 10.0, 100.0, 1_000.0].map(|days| members(0.01, days, &load));
        assert!(shares.is_sorted() && shares[0] == 0.01 && shares[3] < 1.0, "{shares:?}");
        assert_eq!(members(0.3, 50.0, &Load::default()), 0.3);
    }

    #[test]
    fn long_lists_waste_little_and_short_ones_have_room_for_four() {
        let long = kept(1e8, 64.0, 1e3, 10);
        assert!((1.0..1.1).contains(&(long / 1e9)), "{long}");
        assert!(kept(10.0, 1_000.0, 1e3, 10) > 4.0 * 1_000.0 * 10.0);
        assert_eq!(kept(0.0, 64.0, 1e3, 10), 0.0);
    }
}
