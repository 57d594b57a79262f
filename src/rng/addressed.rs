//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. Which [`Address`] an
//! item of a list has is told by a function of it, which should do no more than read a field,
//! so that it melts into the wide code.

use super::philox::{Common, Philox};
use super::{Key, Stream, moment};
use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::simd::{Quad, Quads, quads};

/// Addresses whose words stand side by side.
const N_SIDE: usize = 8;

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

/// What is made of the words of an address.
trait Making {
    /// What comes out.
    type Made: Copy + Default;

    /// It, of the first and the second word of each of the addresses.
    fn make(firsts: &[u32; N_SIDE], seconds: &[u32; N_SIDE]) -> [Self::Made; N_SIDE];
}

/// The first word.
struct FirstWord;

impl Making for FirstWord {
    type Made = u32;

    #[inline(always)]
    fn make(firsts: &[u32; N_SIDE], _seconds: &[u32; N_SIDE]) -> [u32; N_SIDE] {
        *firsts
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponential;

impl Making for Exponential {
    type Made = f64;

    #[inline(always)]
    fn make(firsts: &[u32; N_SIDE], _seconds: &[u32; N_SIDE]) -> [f64; N_SIDE] {
        exponentials(firsts)
    }
}

/// Two exponential numbers of mean 1, from the first word and from the second.
struct ExponentialPair;

impl Making for ExponentialPair {
    type Made = [f64; 2];

    #[inline(always)]
    fn make(firsts: &[u32; N_SIDE], seconds: &[u32; N_SIDE]) -> [[f64; 2]; N_SIDE] {
        let (firsts, seconds) = (exponentials(firsts), exponentials(seconds));
        let mut made = [[0.0; 2]; N_SIDE];
        for i in 0..N_SIDE {
            made[i] = [firsts[i], seconds[i]];
        }
        made
    }
}

/// −ln U of each word.
#[inline(always)]
fn exponentials(words: &[u32; N_SIDE]) -> [f64; N_SIDE] {
    let mut numbers = [0.0; N_SIDE];
    for i in 0..N_SIDE {
        numbers[i] = -quick_ln(wide_unit(words[i]));
    }
    numbers
}

/// [`unit`](super::unit) of a word.
#[inline(always)]
fn wide_unit(word: u32) -> f64 {
    // A whole number below 2⁵² in the low bits of 2⁵² is added to it; vectors convert so.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let whole = f64::from_bits(u64::from(word) | WHOLE.to_bits()) - WHOLE;
    (whole + 0.5) * (1.0 / 4_294_967_296.0)
}

/// A list, and where what is made of its addresses goes.
struct Of<'a, T, A, M: Making> {
    common: Common,
    list: &'a [T],
    address: A,
    made: &'a mut [M::Made],
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Of<'_, T, A, M> {
    #[inline(always)]
    fn side_by_side<Q: Quad>(&self, philox: &Philox<Q>, list: &[T; N_SIDE]) -> [M::Made; N_SIDE] {
        let [mut entities, mut items] = [[[0; 4]; 2]; 2];
        for i in 0..N_SIDE {
            let address = (self.address)(&list[i]);
            (entities[i / 4][i % 4], items[i / 4][i % 4]) = (address.entity(), address.item());
        }
        let (moment, stream) = (Q::all(self.common.moment), Q::all(self.common.stream));
        let [low, high] = philox.words([
            [Q::of(&entities[0]), moment, stream, Q::of(&items[0])],
            [Q::of(&entities[1]), moment, stream, Q::of(&items[1])],
        ]);
        M::make(&joined(low[0], high[0]), &joined(low[1], high[1]))
    }
}

/// The words of two quads.
#[inline(always)]
fn joined<Q: Quad>(low: Q, high: Q) -> [u32; N_SIDE] {
    let mut words = [0; N_SIDE];
    words[..4].copy_from_slice(&low.words());
    words[4..].copy_from_slice(&high.words());
    words
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Quads for Of<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(mut self) {
        let philox = Philox::<Q>::new(self.common.key);
        let (whole, rest) = self.list.as_chunks::<N_SIDE>();
        let (places, last) = std::mem::take(&mut self.made).as_chunks_mut::<N_SIDE>();
        for (list, place) in whole.iter().zip(places) {
            *place = self.side_by_side(&philox, list);
        }
        if let [first, ..] = rest {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            last.copy_from_slice(&self.side_by_side(&philox, &list)[..rest.len()]);
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
    let common = Common { key: key.words(), moment: moment(at), stream: stream.id };
    quads(Of::<_, _, M> { common, list, address, made: into });
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
    use crate::rng::unit;

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
