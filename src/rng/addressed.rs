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

/// What is made of the words of addresses, and where it goes.
trait Making {
    /// Makes it for eight addresses, from the `start`-th on, and keeps the first `n`.
    fn make<Q: Quad>(&mut self, start: usize, n: usize, words: &[Blocks<Q>; 2]);
}

/// The first word.
struct FirstWords<'a>(&'a mut [u32]);

impl Making for FirstWords<'_> {
    #[inline(always)]
    fn make<Q: Quad>(&mut self, start: usize, n: usize, words: &[Blocks<Q>; 2]) {
        put(self.0, start, n, &words_at(words, 0));
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponentials<'a>(&'a mut [f64]);

impl Making for Exponentials<'_> {
    #[inline(always)]
    fn make<Q: Quad>(&mut self, start: usize, n: usize, words: &[Blocks<Q>; 2]) {
        put(self.0, start, n, &exponentials(&words_at(words, 0)));
    }
}

/// Two of them, from the first word and from the second.
struct ExponentialPairs<'a>(&'a mut [f64], &'a mut [f64]);

impl Making for ExponentialPairs<'_> {
    #[inline(always)]
    fn make<Q: Quad>(&mut self, start: usize, n: usize, words: &[Blocks<Q>; 2]) {
        put(self.0, start, n, &exponentials(&words_at(words, 0)));
        put(self.1, start, n, &exponentials(&words_at(words, 1)));
    }
}

/// Puts the first `n` of some numbers into a column.
#[inline(always)]
fn put<T: Copy>(column: &mut [T], start: usize, n: usize, numbers: &[T; N_SIDE]) {
    column[start..start + n].copy_from_slice(&numbers[..n]);
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

/// A list, and what is made of its addresses.
struct Of<'a, T, A, M> {
    common: Common,
    list: &'a [T],
    address: A,
    making: M,
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
        let Self { common: Common { key, moment, stream }, list, address, mut making } = self;
        let (moment, stream) = (Q::all(moment), Q::all(stream));
        let maker = Maker::<Q> { philox: Philox::new(key), moment, stream };
        let (whole, rest) = list.as_chunks::<N_SIDE>();
        for (k, list) in whole.iter().enumerate() {
            making.make(k * N_SIDE, N_SIDE, &maker.eight(list, &address));
        }
        if let [first, ..] = rest {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            making.make(whole.len() * N_SIDE, rest.len(), &maker.eight(&list, &address));
        }
    }
}

/// Makes something of every address of a list.
#[inline(always)]
fn make<T: Copy>(
    (key, stream, at): (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    making: impl Making,
) {
    quads(Of { common: Common::of(key, stream, at), list, address, making });
}

/// The first word of `draws(stream, entity, at, item)` for every address (entity, item)
/// of a list.
pub fn first_words<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    words: &mut Vec<u32>,
) {
    words.resize(list.len(), 0);
    make(of, list, address, FirstWords(words));
}

/// An exponential number of mean 1 from that word: −ln U by [`quick_ln`].
pub fn exponential_numbers<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    numbers: &mut Vec<f64>,
) {
    numbers.resize(list.len(), 0.0);
    make(of, list, address, Exponentials(numbers));
}

/// Two of them, into a column each, from the first two words.
pub fn exponential_pairs<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    (firsts, seconds): (&mut Vec<f64>, &mut Vec<f64>),
) {
    firsts.resize(list.len(), 0.0);
    seconds.resize(list.len(), 0.0);
    make(of, list, address, ExponentialPairs(firsts, seconds));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::unit;

    const STREAM: Stream = Stream::new("test/addressed");

    #[test]
    fn a_list_has_the_numbers_of_single_draws() {
        let (key, at) = (Key::new(11, 2), Clock { day: 40, wave: 3 });
        let (mut words, mut numbers) = (Vec::new(), Vec::new());
        let mut pairs = (Vec::new(), Vec::new());
        for n in [0, 1, 7, 8, 9, 40, 3] {
            let address = |i: u32| Address::new(i * 1_000_003, u32::MAX - i);
            let list: Vec<Address> = (0..n).map(address).collect();
            first_words((key, STREAM, at), &list, |one| *one, &mut words);
            exponential_numbers((key, STREAM, at), &list, |one| *one, &mut numbers);
            exponential_pairs((key, STREAM, at), &list, |one| *one, (&mut pairs.0, &mut pairs.1));
            let lengths = [words.len(), numbers.len(), pairs.0.len(), pairs.1.len()];
            assert_eq!(lengths, [list.len(); 4]);
            for (i, one) in list.iter().enumerate() {
                let mut draws = key.draws(STREAM, one.entity(), at, one.item());
                let [first, second] = [draws.word(), draws.word()];
                let exponential = |word| -quick_ln(unit(word));
                assert_eq!(words[i], first);
                assert_eq!(numbers[i].to_bits(), exponential(first).to_bits());
                assert_eq!((pairs.0[i], pairs.1[i]), (exponential(first), exponential(second)));
            }
        }
    }
}
