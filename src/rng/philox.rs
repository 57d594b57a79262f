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

/// Addresses whose words are made in one go.
pub(super) const N_GROUP: usize = 64;

/// Addresses of one stream at one moment.
pub(super) struct Group {
    /// Their entities. What stands after the last is of no account.
    pub(super) entities: [u32; N_GROUP],
    /// Their items.
    pub(super) items: [u32; N_GROUP],
    /// How many there are.
    pub(super) n: usize,
}

impl Group {
    /// No addresses.
    pub(super) fn new() -> Self {
        Self { entities: [0; N_GROUP], items: [0; N_GROUP], n: 0 }
    }

    /// Takes the next addresses of a list; whether there were any.
    #[inline]
    pub(super) fn take(&mut self, list: &mut impl Iterator<Item = (u32, u32)>) -> bool {
        self.n = N_GROUP;
        for k in 0..N_GROUP {
            let Some((entity, item)) = list.next() else {
                self.n = k;
                break;
            };
            (self.entities[k], self.items[k]) = (entity, item);
        }
        self.n > 0
    }

    /// The number of addresses whose words are made: always eight side by side.
    pub(super) fn room(&self) -> usize {
        self.n.next_multiple_of(8)
    }
}

/// What is kept of the words of a group.
pub(super) trait Keep {
    /// Keeps what is wanted of the words of the `quad`-th four addresses.
    fn keep<Q: Quad>(&mut self, quad: usize, words: Blocks<Q>);
}

/// The counter words that are the same for a group, and the key.
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

/// Makes the words of a group.
#[inline]
pub(super) fn make(common: Common, group: &Group, keep: &mut impl Keep) {
    quads(Making { common, group, keep });
}

struct Making<'a, K> {
    common: Common,
    group: &'a Group,
    keep: &'a mut K,
}

impl<K: Keep> Quads for Making<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let Self { common: Common { key, moment, stream }, group, keep } = self;
        let philox = Philox::<Q>::new(key);
        let (moment, stream) = (Q::all(moment), Q::all(stream));
        let (entities, items) = (eights(&group.entities), eights(&group.items));
        let eights = entities.iter().zip(items).take(group.room() / 8).enumerate();
        for (k, (entities, items)) in eights {
            let first = [Q::of(&entities[0]), moment, stream, Q::of(&items[0])];
            let second = [Q::of(&entities[1]), moment, stream, Q::of(&items[1])];
            let [first, second] = philox.words([first, second]);
            keep.keep(2 * k, first);
            keep.keep(2 * k + 1, second);
        }
    }
}

/// Words by eight, as two times four.
#[inline(always)]
fn eights(words: &[u32; N_GROUP]) -> &[[[u32; 4]; 2]] {
    words.as_chunks::<4>().0.as_chunks::<2>().0
}
