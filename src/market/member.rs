//! What a platform knows of a consumer: 20 bytes that are touched together.

use super::message::NONE;
use crate::parallel::Shards;
use std::ops::Range;

/// No day yet.
pub const NEVER: u16 = u16::MAX;

/// Facts about a member, one bit each.
pub mod standing {
    /// Has registered at some time.
    pub const REGISTERED: u8 = 1;
    /// Has stopped using the platform.
    pub const LAPSED: u8 = 2;
    /// Has been won back after a lapse, at least once.
    pub const WON_BACK: u8 = 4;
}

/// A share in 16 bits: fine enough that small updates do not round away.
#[inline(always)]
#[must_use]
pub fn share16(x: f64) -> u16 {
    // From 2^52 on, numbers are whole: adding it rounds to the nearest one, of which the low bits
    // are read. Rounded up is one too many. It becomes vectors, which conversions do not.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let scaled = x.clamp(0.0, 1.0) * 65_535.0 + 0.5;
    let nearest = scaled + WHOLE;
    nearest.to_bits().wrapping_sub(u64::from(nearest - WHOLE > scaled)) as u16
}

/// A 16-bit share as a number in 0 … 1.
#[inline(always)]
#[must_use]
pub fn from_share16(x: u16) -> f64 {
    f64::from(x) * (1.0 / 65_535.0)
}

/// A consumer's record on one platform.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Member {
    /// Who brought the consumer, [`NONE`] for nobody.
    pub referrer: u32,
    /// Trust in the platform, in 1/65535.
    pub trust: u16,
    /// Habit of buying here, in 1/65535.
    pub habit: u16,
    /// Satisfaction with the last deliveries, in 1/65535.
    pub satisfaction: u16,
    /// Granted orders; saturating.
    pub orders: u16,
    /// Day of registration.
    pub acquired_day: u16,
    /// Day of the first granted order.
    pub first_order_day: u16,
    /// Day of the last granted order.
    pub last_order_day: u16,
    /// Facts, see [`standing`].
    pub standing: u8,
    /// Channel of acquisition.
    pub channel: u8,
}

crate::state! {
    Member {
        referrer, trust, habit, satisfaction, orders, acquired_day, first_order_day,
        last_order_day, standing, channel,
    }
}

impl Member {
    /// Somebody who has not registered.
    #[must_use]
    pub fn stranger(trust: f64) -> Self {
        Self {
            referrer: NONE,
            trust: share16(trust),
            habit: 0,
            satisfaction: share16(0.5),
            orders: 0,
            acquired_day: NEVER,
            first_order_day: NEVER,
            last_order_day: NEVER,
            standing: 0,
            channel: u8::MAX,
        }
    }

    /// Sets the trust in the platform, in 1/65535; returns by how much the sum of the members' trust
    /// changes, in 1/65535.
    #[inline]
    pub fn believe(&mut self, trust: u16) -> i64 {
        let before = std::mem::replace(&mut self.trust, trust);
        if self.is_live() { i64::from(self.trust) - i64::from(before) } else { 0 }
    }

    /// Whether the consumer uses the platform: registered and not lapsed.
    #[inline]
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.standing & (standing::REGISTERED | standing::LAPSED) == standing::REGISTERED
    }

    /// Whether the consumer has ever registered.
    #[inline]
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.standing & standing::REGISTERED != 0
    }
}

/// A bit for every consumer, in whole words a shard.
#[derive(Clone, Debug)]
pub struct Bitmap(pub Vec<u64>);

impl Bitmap {
    /// All bits 0.
    #[must_use]
    pub fn new(n: u32) -> Self {
        Self(vec![0; n.div_ceil(64) as usize])
    }

    /// The words of a shard.
    #[must_use]
    pub fn of_shard(&self, shards: Shards, shard: usize) -> &[u64] {
        let Range { start, end } = shards.range(shard);
        &self.0[start as usize / 64..(end as usize).div_ceil(64)]
    }

    /// The bit of a consumer.
    #[inline]
    #[must_use]
    pub fn get(&self, i: u32) -> bool {
        bit(&self.0, i)
    }
}

/// The bit of `row` (counted from the first consumer of these words).
#[inline]
#[must_use]
pub fn bit(words: &[u64], row: u32) -> bool {
    words[(row >> 6) as usize] >> (row & 63) & 1 == 1
}

/// Sets or clears the bit of `row` (counted from the first consumer of these words).
#[inline]
pub fn put_bit(words: &mut [u64], row: u32, on: bool) {
    let (word, bit) = ((row >> 6) as usize, 1_u64 << (row & 63));
    if on {
        words[word] |= bit;
    } else {
        words[word] &= !bit;
    }
}

/// The positions of the 1-bits of a slice of words, in order.
pub fn ones(words: &[u64]) -> impl Iterator<Item = u32> {
    words.iter().enumerate().flat_map(|(k, &word)| {
        let mut rest = word;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            Some(k as u32 * 64 + bit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_takes_20_bytes() {
        assert_eq!(size_of::<Member>(), 20);
    }

    #[test]
    fn shares_of_16_bits_survive_the_way_there_and_back() {
        for x in [0.0, 0.25, 0.5, 1.0] {
            assert!((from_share16(share16(x)) - x).abs() < 1e-5);
        }
        let plain = |x: f64| (x.clamp(0.0, 1.0) * 65_535.0 + 0.5) as u16;
        for k in -10..300_000 {
            let x = f64::from(k) / 262_140.0;
            assert_eq!(share16(x), plain(x), "{x}");
            assert_eq!(share16(x.next_up()), plain(x.next_up()), "after {x}");
            assert_eq!(share16(x.next_down()), plain(x.next_down()), "before {x}");
        }
    }

    #[test]
    fn ones_lists_the_set_bits() {
        let mut words = vec![0; 3];
        for row in [0, 63, 64, 130] {
            put_bit(&mut words, row, true);
        }
        put_bit(&mut words, 63, false);
        assert_eq!(ones(&words).collect::<Vec<_>>(), [0, 64, 130]);
    }
}
