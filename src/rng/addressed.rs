//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. Which [`Address`] an
//! item of a list has is told by a function of it, which should do no more than read a field,
//! so that it melts into the wide code.

use super::philox::{Blocks, Common, Philox};
use super::{Key, Stream, unit};
use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::simd::{Quad, Quads, quads};

/// What a draw is for, beside its stream and its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address(u64);

impl Address {
    /// The address of an entity and an item.
    #[inline(always)]
    #[must_use]
    pub fn new(entity: u32, item: u32) -> Self {
        Self(u64::from(item) << 32 | u64::from(entity))
    }

    /// The entity.
    #[inline(always)]
    #[must_use]
    pub fn entity(self) -> u32 {
        self.0 as u32
    }

    /// The item.
    #[inline(always)]
    #[must_use]
    pub fn item(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// Addresses whose numbers are made side by side.
const N_SIDE: usize = 8;

/// What is made of the words of an address.
trait Making {
    /// What comes out.
    type Made: Copy + Default;

    /// It, of eight addresses.
    fn make<Q: Quad>(words: &[Blocks<Q>; 2]) -> [Self::Made; N_SIDE];
}

/// The first word.
struct FirstWord;

impl Making for FirstWord {
    type Made = u32;

    #[inline(always)]
    fn make<Q: Quad>(words: &[Blocks<Q>; 2]) -> [u32; N_SIDE] {
        words_at(words, 0)
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponential;

impl Making for Exponential {
    type Made = f64;

    #[inline(always)]
    fn make<Q: Quad>(words: &[Blocks<Q>; 2]) -> [f64; N_SIDE] {
        exponentials(&words_at(words, 0))
    }
}

/// Two exponential numbers of mean 1, from the first word and from the second.
struct ExponentialPair;

impl Making for ExponentialPair {
    type Made = [f64; 2];

    #[inline(always)]
    fn make<Q: Quad>(words: &[Blocks<Q>; 2]) -> [[f64; 2]; N_SIDE] {
        let firsts = exponentials(&words_at(words, 0));
        let seconds = exponentials(&words_at(words, 1));
        let mut made = [[0.0; 2]; N_SIDE];
        for i in 0..N_SIDE {
            made[i] = [firsts[i], seconds[i]];
        }
        made
    }
}

/// The `k`-th words of eight blocks.
#[inline(always)]
fn words_at<Q: Quad>(words: &[Blocks<Q>; 2], k: usize) -> [u32; N_SIDE] {
    let ([a, b, c, d], [e, f, g, h]) = (words[0][k].words(), words[1][k].words());
    [a, b, c, d, e, f, g, h]
}

/// −ln U of each word.
#[inline(always)]
fn exponentials(words: &[u32; N_SIDE]) -> [f64; N_SIDE] {
    let mut numbers = [0.0; N_SIDE];
    for i in 0..N_SIDE {
        numbers[i] = -quick_ln(unit(words[i]));
    }
    numbers
}

/// A list, and where what is made of its addresses goes.
struct Of<'a, T, A, M: Making> {
    common: Common,
    list: &'a [T],
    address: A,
    made: &'a mut [M::Made],
}

/// Makes eight blocks after the other.
struct Maker<Q> {
    philox: Philox<Q>,
    moment: Q,
    stream: Q,
}

impl<Q: Quad> Maker<Q> {
    #[inline(always)]
    fn eight<T>(&self, list: &[T; N_SIDE], address: &impl Fn(&T) -> Address) -> [Blocks<Q>; 2] {
        let mut addresses = [[0; 4]; N_SIDE / 4];
        for (i, place) in addresses.as_flattened_mut().iter_mut().enumerate() {
            *place = address(&list[i]).0;
        }
        self.philox.words([self.counter(&addresses[0]), self.counter(&addresses[1])])
    }

    #[inline(always)]
    fn counter(&self, addresses: &[u64; 4]) -> Blocks<Q> {
        let entities = Q::of_longs(addresses);
        [entities, self.moment, self.stream, entities.high()]
    }
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Quads for Of<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let Self { common: Common { key, moment, stream }, list, address, made } = self;
        let (moment, stream) = (Q::all(moment), Q::all(stream));
        let maker = Maker::<Q> { philox: Philox::new(key), moment, stream };
        let (whole, rest) = list.as_chunks::<N_SIDE>();
        let (places, last) = made.as_chunks_mut::<N_SIDE>();
        for (list, place) in whole.iter().zip(places) {
            *place = M::make(&maker.eight(list, &address));
        }
        if let [first, ..] = rest {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            let made = M::make(&maker.eight(&list, &address));
            last.copy_from_slice(&made[..rest.len()]);
        }
    }
}

/// What is made of every address of a list.
#[inline(always)]
fn made<T: Copy, M: Making>(
    (key, stream, at): (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    into: &mut Vec<M::Made>,
) {
    into.resize(list.len(), M::Made::default());
    quads(Of::<_, _, M> { common: Common::of(key, stream, at), list, address, made: into });
}

/// The first word of `draws(stream, entity, at, item)` for every address (entity, item)
/// of a list.
pub fn first_words<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    words: &mut Vec<u32>,
) {
    made::<_, FirstWord>(of, list, address, words);
}

/// An exponential number of mean 1 from that word: −ln U by [`quick_ln`].
pub fn exponential_numbers<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    numbers: &mut Vec<f64>,
) {
    made::<_, Exponential>(of, list, address, numbers);
}

/// Two of them, from the first two words.
pub fn exponential_pairs<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    pairs: &mut Vec<[f64; 2]>,
) {
    made::<_, ExponentialPair>(of, list, address, pairs);
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Stream = Stream::new("test/addressed");

    #[test]
    fn a_list_has_the_numbers_of_single_draws() {
        let (key, at) = (Key::new(11, 2), Clock { day: 40, wave: 3 });
        let (mut words, mut numbers, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for n in [0, 1, 7, 8, 9, 40, 3] {
            let address = |i: u32| Address::new(i * 1_000_003, u32::MAX - i);
            let list: Vec<Address> = (0..n).map(address).collect();
            first_words((key, STREAM, at), &list, |one| *one, &mut words);
            exponential_numbers((key, STREAM, at), &list, |one| *one, &mut numbers);
            exponential_pairs((key, STREAM, at), &list, |one| *one, &mut pairs);
            assert_eq!([words.len(), numbers.len(), pairs.len()], [list.len(); 3]);
            for (i, one) in list.iter().enumerate() {
                let mut draws = key.draws(STREAM, one.entity(), at, one.item());
                let [first, second] = [draws.word(), draws.word()];
                let exponential = |word| -quick_ln(unit(word));
                assert_eq!(words[i], first);
                assert_eq!(numbers[i].to_bits(), exponential(first).to_bits());
                assert_eq!(pairs[i], [exponential(first), exponential(second)]);
            }
        }
    }
}
