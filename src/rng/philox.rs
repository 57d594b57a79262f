//! Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405), eight blocks side by side.

use super::{Key, Stream, moment};
use crate::quantity::time::Clock;
use crate::simd::{Quad, Quads, quads};

/// The multipliers of Philox4x32.
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];

/// What is added to the two key words between rounds (Weyl sequences).
const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Four blocks: their first words, their second words, and so on.
pub(super) type Blocks<Q> = [Q; 4];

/// The generator under one key.
pub(super) struct Philox<Q> {
    /// The key words of each round.
    keys: [[Q; 2]; 10],
}

impl<Q: Quad> Philox<Q> {
    #[inline(always)]
    pub(super) fn new(key: [u32; 2]) -> Self {
        let steps = [Q::all(KEY_STEPS[0]), Q::all(KEY_STEPS[1])];
        let mut now = [Q::all(key[0]), Q::all(key[1])];
        let mut keys = [now; 10];
        for key in &mut keys {
            *key = now;
            now = [now[0].plus(steps[0]), now[1].plus(steps[1])];
        }
        Self { keys }
    }

    /// The words of eight blocks, by their counters. The rounds are written out: what is the same
    /// for all blocks, as are most counters in the first rounds, is then worked out once.
    #[inline(always)]
    pub(super) fn words(&self, mut blocks: [Blocks<Q>; 2]) -> [Blocks<Q>; 2] {
        blocks = round(blocks, self.keys[0]);
        blocks = round(blocks, self.keys[1]);
        blocks = round(blocks, self.keys[2]);
        blocks = round(blocks, self.keys[3]);
        blocks = round(blocks, self.keys[4]);
        blocks = round(blocks, self.keys[5]);
        blocks = round(blocks, self.keys[6]);
        blocks = round(blocks, self.keys[7]);
        blocks = round(blocks, self.keys[8]);
        round(blocks, self.keys[9])
    }
}

/// A round of eight blocks: while one half waits for its products, the other goes on.
#[inline(always)]
fn round<Q: Quad>([first, second]: [Blocks<Q>; 2], key: [Q; 2]) -> [Blocks<Q>; 2] {
    [half_round(first, key), half_round(second, key)]
}

#[inline(always)]
fn half_round<Q: Quad>(words: Blocks<Q>, key: [Q; 2]) -> Blocks<Q> {
    let even = words[0].times(Q::all(MULTIPLIERS[0]));
    let odd = words[2].times(Q::all(MULTIPLIERS[1]));
    [odd.high().xor(words[1].xor(key[0])), odd, even.high().xor(words[3].xor(key[1])), even]
}

/// Addresses whose words are made side by side.
pub(super) const N_SIDE: usize = 8;

/// The words of eight addresses: those of the first four, and those of the other four.
pub(super) type Made<Q> = [Blocks<Q>; 2];

/// An address as one number: its entity in the lower half, its item in the upper one.
#[inline(always)]
pub(super) fn number((entity, item): (u32, u32)) -> u64 {
    u64::from(item) << 32 | u64::from(entity)
}

/// The counter words that are the same for a list, and the key.
#[derive(Clone, Copy)]
pub(super) struct Common {
    pub(super) key: [u32; 2],
    pub(super) moment: u32,
    pub(super) stream: u32,
}

impl Common {
    pub(super) fn of(key: Key, stream: Stream, at: Clock) -> Self {
        Self { key: key.words(), moment: moment(at), stream: stream.id }
    }
}

/// Makes eight blocks after the other.
pub(super) struct Maker<Q> {
    philox: Philox<Q>,
    moment: Q,
    stream: Q,
}

impl<Q: Quad> Maker<Q> {
    #[inline(always)]
    pub(super) fn new(Common { key, moment, stream }: Common) -> Self {
        Self { philox: Philox::new(key), moment: Q::all(moment), stream: Q::all(stream) }
    }

    /// The words of the first blocks of eight addresses.
    #[inline(always)]
    pub(super) fn eight(&self, addresses: &[u64; N_SIDE]) -> Made<Q> {
        self.blocks(addresses, self.moment)
    }

    /// The words of their blocks of some number.
    #[inline(always)]
    pub(super) fn later(&self, addresses: &[u64; N_SIDE], block: usize) -> Made<Q> {
        let moment = self.moment.plus(Q::all((block as u32) << 20));
        self.blocks(addresses, moment)
    }

    /// Neither here nor in what is made is an array mapped: the library's function for that is not
    /// sure to be inlined, and would be compiled for any processor.
    #[inline(always)]
    fn blocks(&self, addresses: &[u64; N_SIDE], moment: Q) -> Made<Q> {
        let [first, last] = halves(addresses);
        self.philox.words([self.counter(first, moment), self.counter(last, moment)])
    }

    #[inline(always)]
    fn counter(&self, four: Q, moment: Q) -> Blocks<Q> {
        [four, moment, self.stream, four.high()]
    }

    /// The words of eight entities in the blocks that neighbours share, see [`Key::lane`].
    #[inline(always)]
    pub(super) fn lanes(&self, entities: &[u64; N_SIDE]) -> [Q; 2] {
        let ([first, last], kept) = (halves::<Q>(entities), Q::all(u32::MAX));
        let [one, two] = self.philox.words([
            [first.quarter(), self.moment, self.stream, kept],
            [last.quarter(), self.moment, self.stream, kept],
        ]);
        [Q::one_of(one, first), Q::one_of(two, last)]
    }
}

/// Numbers by four.
#[inline(always)]
fn halves<Q: Quad>(numbers: &[u64; N_SIDE]) -> [Q; 2] {
    let [a, b, c, d, e, f, g, h] = *numbers;
    [Q::of_longs(&[a, b, c, d]), Q::of_longs(&[e, f, g, h])]
}

/// What is made of eight addresses, and where it goes.
pub(super) trait Keep {
    /// Makes it of the next eight addresses. What is made of those after the last is of no
    /// account.
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]);
}

/// Makes something of every [`number`] of a list, eight by eight; returns how many there are.
#[inline]
pub(super) fn make(common: Common, list: impl Iterator<Item = u64>, keep: impl Keep) -> usize {
    quads(Making { common, list, keep })
}

struct Making<I, K> {
    common: Common,
    list: I,
    keep: K,
}

/// Numbers that are taken from a list before anything is made of them: what is written in pieces
/// and read at once right after has to be waited for.
const N_TAKEN: usize = 64;

impl<I: Iterator<Item = u64>, K: Keep> Quads for Making<I, K> {
    type Output = usize;

    #[inline(always)]
    fn run<Q: Quad>(self) -> usize {
        let Self { common, mut list, mut keep } = self;
        let maker = Maker::<Q>::new(common);
        let (mut taken, mut all) = ([0; N_TAKEN], 0);
        loop {
            let mut n = 0;
            while n < N_TAKEN
                && let Some(number) = list.next()
            {
                taken[n] = number;
                n += 1;
            }
            for eight in &taken.as_chunks().0[..n.div_ceil(N_SIDE)] {
                keep.keep(&maker, eight);
            }
            all += n;
            if n < N_TAKEN {
                return all;
            }
        }
    }
}
