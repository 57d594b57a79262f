//! Random draws addressed by what they are for, not by when they are made.
//!
//! Every draw is a pure function of a [`Key`] (seed and replicate) and an address
//! (entity, day, wave, stream, item, index) through Philox4x32-10 (Salmon et al.
//! 2011). No generator is stored anywhere, so adding a mechanism moves no other
//! mechanism's draws, and two arms that ask the same question get the same answer.

pub mod addressed;
pub mod gaps;
pub mod lanes;
pub mod neighbours;
pub mod normals;
mod philox;
pub mod sample;

use crate::quantity::time::Clock;

/// A named purpose of draws, `mechanism/purpose`; its number is a hash of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The name, `mechanism/purpose`.
    pub name: &'static str,
    /// The third counter word of every draw of this stream.
    pub id: u32,
}

impl Stream {
    /// A stream by name. Clashes of numbers are refused by the registry's tests.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        // FNV-1a, 32 bits: short, constant at compile time, fixed for ever.
        let bytes = name.as_bytes();
        let mut hash = 0x811c_9dc5_u32;
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
            i += 1;
        }
        Self { name, id: hash }
    }
}

/// The key of all draws of one replicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u32; 2]);

impl Key {
    /// The key of a replicate: a 64-bit mix of seed and replicate number.
    #[must_use]
    pub fn new(seed: u64, replicate: u32) -> Self {
        let mixed = rand_philox::splitmix64(
            rand_philox::splitmix64(seed)
                ^ u64::from(replicate).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        Self([mixed as u32, (mixed >> 32) as u32])
    }

    /// The key of a part of the replicate, another for each part but the first, which keeps
    /// the replicate's own.
    #[must_use]
    pub fn part(self, part: u32) -> Self {
        if part == 0 {
            return self;
        }
        let [low, high] = self.0;
        let whole = u64::from(high) << 32 | u64::from(low);
        let mixed = rand_philox::splitmix64(whole ^ u64::from(part) << 32);
        Self([mixed as u32, (mixed >> 32) as u32])
    }

    /// The key as its two words.
    #[must_use]
    pub fn words(self) -> [u32; 2] {
        self.0
    }

    /// Draws for `entity` at a moment, for one purpose and one `item`
    /// (`u32::MAX` is kept for [`Key::lane`]).
    #[inline]
    #[must_use]
    pub fn draws(self, stream: Stream, entity: u32, at: Clock, item: u32) -> Draws {
        Draws {
            key: self.0,
            counter: [entity, moment(at), stream.id, item],
            words: [0; 4],
            used: 4,
        }
    }

    /// The first word of an address: the cheapest way to one draw.
    #[inline]
    #[must_use]
    pub fn word(self, stream: Stream, entity: u32, at: Clock, item: u32) -> u32 {
        rand_philox::philox4x32_10([entity, moment(at), stream.id, item], self.0)[0]
    }

    /// The first draw of an address as a number in (0, 1).
    #[inline]
    #[must_use]
    pub fn unit(self, stream: Stream, entity: u32, at: Clock, item: u32) -> f64 {
        unit(self.word(stream, entity, at, item))
    }

    /// One word a consumer for purposes that ask every consumer every day: four
    /// neighbours share a block, consumer i has word i mod 4 of block i div 4.
    #[inline]
    #[must_use]
    pub fn lane(self, stream: Stream, entity: u32, at: Clock) -> u32 {
        let block = [entity >> 2, moment(at), stream.id, u32::MAX];
        rand_philox::philox4x32_10(block, self.0)[(entity & 3) as usize]
    }
}

/// The second counter word: day in bits 0–15, wave in 16–19; 20–31 count blocks.
#[inline]
fn moment(at: Clock) -> u32 {
    debug_assert!(at.wave < 16, "a wave has four bits of the address");
    u32::from(at.day) | u32::from(at.wave) << 16
}

/// A word as a number in the open interval (0, 1).
#[inline(always)]
#[must_use]
pub fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// A word as a whole number below `bound`, by multiply and shift; the bias is below
/// `bound` / 2³².
#[inline(always)]
#[must_use]
pub fn below(word: u32, bound: u32) -> u32 {
    ((u64::from(word) * u64::from(bound)) >> 32) as u32
}

/// Successive words of one address: 4 × 4,096 of them, then the same again. No
/// sampler comes near the end: each takes a few words a trial and accepts at
/// least one trial in four.
#[derive(Clone, Debug)]
pub struct Draws {
    key: [u32; 2],
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
}

impl Draws {
    /// The draws of an address whose first four words are known.
    #[inline]
    fn after_first(key: [u32; 2], mut counter: [u32; 4], words: [u32; 4]) -> Self {
        counter[1] = counter[1].wrapping_add(1 << 20);
        Self { key, counter, words, used: 0 }
    }

    /// The next word.
    #[inline]
    pub fn word(&mut self) -> u32 {
        if self.used == 4 {
            self.words = rand_philox::philox4x32_10(self.counter, self.key);
            self.counter[1] = self.counter[1].wrapping_add(1 << 20);
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// The next two words as one number, the first the higher.
    #[inline]
    pub fn long(&mut self) -> u64 {
        let high = u64::from(self.word());
        high << 32 | u64::from(self.word())
    }

    /// The next two words as a number in (0, 1) on a grid of 2⁻⁵², for purposes
    /// that look at probabilities below 10⁻⁸.
    #[inline]
    pub fn fine_unit(&mut self) -> f64 {
        ((self.long() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// The next word as a number in (0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit(self.word())
    }

    /// A whole number below `bound` (> 0), see [`below`].
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        below(self.word(), bound)
    }

    /// Whether an event of probability `p` happens.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "powers of two are exact")]
mod tests {
    use super::*;

    const STREAM: Stream = Stream::new("test/stream");
    const AT: Clock = Clock { day: 300, wave: 2 };

    /// The words of one block whose counter and key are given.
    fn block(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
        let mut draws = Draws { key, counter, words: [0; 4], used: 4 };
        [0; 4].map(|_| draws.word())
    }

    /// The known answers of Random123 (`kat_vectors`, philox4x32 10).
    #[test]
    fn blocks_are_those_of_random123() {
        let zeros = [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8];
        assert_eq!(block([0; 4], [0; 2]), zeros);
        let ones = [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd];
        assert_eq!(block([u32::MAX; 4], [u32::MAX; 2]), ones);
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        let answer = [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1];
        assert_eq!(block(pi, [0xa409_3822, 0x299f_31d0]), answer);
    }

    #[test]
    fn addresses_are_frozen() {
        assert_eq!(Key::new(1, 0).words(), [0x0f36_3a7d, 0x7ab4_0e09]);
        assert_eq!(Key::new(u64::MAX, 77).words(), [0x6b35_3ce8, 0x55c3_9761]);
        assert_eq!(STREAM.id, 0xf4db_291e);
        let mut draws = Key::new(1, 0).draws(STREAM, 1_000_000, AT, 9);
        assert_eq!(
            [0; 6].map(|_| draws.word()),
            [0xcf28_cb52, 0xc013_3e6a, 0x735b_c2e2, 0xb854_ab10, 0x230d_ab40, 0x0069_bbd9]
        );
        let lanes = [4, 5, 6, 7].map(|entity| Key::new(1, 0).lane(STREAM, entity, AT));
        assert_eq!(lanes, [0x29fc_8007, 0x47ce_6078, 0xf75e_d2c0, 0x19cb_d0e9]);
    }

    #[test]
    fn single_words_are_the_first_of_their_draws() {
        let key = Key::new(5, 3);
        let mut draws = key.draws(STREAM, 8, AT, 1);
        assert_eq!(draws.word(), key.word(STREAM, 8, AT, 1));
        assert_eq!(unit(key.word(STREAM, 8, AT, 1)), key.unit(STREAM, 8, AT, 1));
    }

    /// Draws never run into another moment's: after 16,384 words they repeat.
    #[test]
    fn draws_stay_at_their_address() {
        let mut draws = Key::new(5, 3).draws(STREAM, 8, AT, 1);
        let words: Vec<u32> = (0..16_384).map(|_| draws.word()).collect();
        let again: Vec<u32> = (0..16_384).map(|_| draws.word()).collect();
        assert_eq!(words, again);
        let blocks: std::collections::BTreeSet<&[u32]> = words.chunks(4).collect();
        assert_eq!(blocks.len(), 4_096);
    }

    #[test]
    fn units_stay_inside_the_open_interval() {
        assert!(unit(0) > 0.0 && unit(u32::MAX) < 1.0);
        let draws = |word| Draws { key: [0; 2], counter: [0; 4], words: [word; 4], used: 0 };
        assert_eq!(draws(0).fine_unit(), 2.0_f64.powi(-53));
        assert_eq!(draws(u32::MAX).fine_unit(), 1.0 - 2.0_f64.powi(-53));
    }
}
