//! Random draws addressed by what they are for, not by when they are made.
//!
//! Every draw is a pure function of a [`Key`] (seed and replicate) and an address
//! (entity, day, wave, stream, item, index) through Philox4x32-10 (Salmon et al.
//! 2011). No generator is stored anywhere, so adding a mechanism moves no other
//! mechanism's draws, and two arms that ask the same question get the same answer.

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
            rand_philox::splitmix64(seed) ^ u64::from(replicate).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        Self([mixed as u32, (mixed >> 32) as u32])
    }

    /// The key as its two words.
    #[must_use]
    pub fn words(self) -> [u32; 2] {
        self.0
    }

    /// Draws for `entity` at a moment, for one purpose and one `item`.
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
    u32::from(at.day) | u32::from(at.wave) << 16
}

/// A word as a number in the open interval (0, 1).
#[inline]
#[must_use]
pub fn unit(word: u32) -> f64 {
    (f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0)
}

/// Successive words of one address: at most 4 × 4,096 of them.
#[derive(Clone, Debug)]
pub struct Draws {
    key: [u32; 2],
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
}

impl Draws {
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

    /// The next word as a number in (0, 1).
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit(self.word())
    }

    /// A whole number below `bound` (> 0), by multiply and shift; the bias is
    /// below `bound` / 2³².
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(bound)) >> 32) as u32
    }

    /// Whether an event of probability `p` happens.
    #[inline]
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}
