//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. Which [`Address`] an
//! item of a list has is told by a function of it, which should do no more than read a field,
//! so that it melts into the wide code.

use super::philox::{Blocks, Common, N_GROUP, Philox};
use super::{Key, Stream};
use crate::quantity::math::quick_exponential;
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

/// Addresses whose words are made side by side.
pub const N_SIDE: usize = 8;

/// What is made of the words of addresses, and where it goes.
trait Making {
    /// Makes it of the first and of the second words of addresses, from the `start`-th on; what
    /// stands after the last is of no account.
    fn make(&mut self, start: usize, words: [&[u32]; 2]);
}

/// The first word.
struct FirstWords<'a>(&'a mut [u32]);

impl Making for FirstWords<'_> {
    #[inline(always)]
    fn make(&mut self, start: usize, [first, _]: [&[u32]; 2]) {
        // Eight by eight: a call that copies any number costs more than the copy.
        let places = self.0[start..].as_chunks_mut::<N_SIDE>().0;
        for (place, eight) in places.iter_mut().zip(first.as_chunks::<N_SIDE>().0) {
            *place = *eight;
        }
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponentials<'a>(&'a mut [f64]);

impl Making for Exponentials<'_> {
    #[inline(always)]
    fn make(&mut self, start: usize, [first, _]: [&[u32]; 2]) {
        exponentials(first, &mut self.0[start..]);
    }
}

/// Two of them, from the first word and from the second.
struct ExponentialPairs<'a>(&'a mut [f64], &'a mut [f64]);

impl Making for ExponentialPairs<'_> {
    /// Both in one loop: the constants of one logarithm serve for two.
    #[inline(always)]
    fn make(&mut self, start: usize, [first, second]: [&[u32]; 2]) {
        let n = first.len();
        let (firsts, seconds) = (&mut self.0[start..][..n], &mut self.1[start..][..n]);
        let numbers = firsts.iter_mut().zip(seconds);
        for ((one, other), words) in numbers.zip(first.iter().zip(&second[..n])) {
            *one = quick_exponential(*words.0);
            *other = quick_exponential(*words.1);
        }
    }
}

/// −ln U of each word: a loop over many, which becomes vectors as the words do not.
#[inline(always)]
fn exponentials(words: &[u32], numbers: &mut [f64]) {
    for (number, word) in numbers[..words.len()].iter_mut().zip(words) {
        *number = quick_exponential(*word);
    }
}

/// A list, and what is made of its addresses.
struct Of<'a, T, A, M> {
    common: Common,
    list: &'a [T],
    address: A,
    making: M,
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Quads for Of<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let Self { common: Common { key, moment, stream }, list, address, mut making } = self;
        let (moment, stream) = (Q::all(moment), Q::all(stream));
        let maker = Maker { philox: Philox::new(key), stream };
        let mut words = [[0; N_GROUP]; 2];
        for (group, list) in list.chunks(N_GROUP).enumerate() {
            let (whole, rest) = list.as_chunks::<N_SIDE>();
            for (k, list) in whole.iter().enumerate() {
                keep(maker.eight(&eight(list, &address), moment), k, &mut words);
            }
            if let [first, ..] = rest {
                let mut list = [*first; N_SIDE];
                list[..rest.len()].copy_from_slice(rest);
                keep(maker.eight(&eight(&list, &address), moment), whole.len(), &mut words);
            }
            // Always a multiple of eight, so that no loop has a rest to do one by one.
            let (n, [first, second]) = (list.len().div_ceil(N_SIDE) * N_SIDE, &words);
            making.make(group * N_GROUP, [&first[..n], &second[..n]]);
        }
    }
}

/// Keeps the first two words of the `k`-th eight blocks.
#[inline(always)]
fn keep<Q: Quad>(made: [Blocks<Q>; 2], k: usize, words: &mut [[u32; N_GROUP]; 2]) {
    for (word, words) in words.iter_mut().enumerate() {
        if let [four, next] = &mut words.as_chunks_mut::<4>().0[2 * k..2 * k + 2] {
            *four = made[0][word].words();
            *next = made[1][word].words();
        }
    }
}

/// Makes eight blocks after the other.
struct Maker<Q> {
    philox: Philox<Q>,
    stream: Q,
}

impl<Q: Quad> Maker<Q> {
    #[inline(always)]
    fn eight(&self, addresses: &Eight, moment: Q) -> [Blocks<Q>; 2] {
        let [first, second] = addresses;
        self.philox.words([self.counter(first, moment), self.counter(second, moment)])
    }

    /// The words of the first blocks of eight addresses.
    #[inline(always)]
    fn blocks(&self, addresses: &Eight, moment: u32, blocks: &mut [Block]) {
        for (block, words) in (0..).zip(blocks) {
            let moment = Q::all(moment.wrapping_add(block << 20));
            let made = self.eight(addresses, moment);
            for (word, column) in words.iter_mut().enumerate() {
                if let [four, next] = column.as_chunks_mut::<4>().0 {
                    *four = made[0][word].words();
                    *next = made[1][word].words();
                }
            }
        }
    }

    #[inline(always)]
    fn counter(&self, addresses: &[u64; 4], moment: Q) -> Blocks<Q> {
        let entities = Q::of_longs(addresses);
        [entities, moment, self.stream, entities.high()]
    }
}

/// Eight addresses, as two times four.
type Eight = [[u64; 4]; N_SIDE / 4];

#[inline(always)]
fn eight<T>(list: &[T; N_SIDE], address: &impl Fn(&T) -> Address) -> Eight {
    let mut addresses = [[0; 4]; N_SIDE / 4];
    for (i, place) in addresses.as_flattened_mut().iter_mut().enumerate() {
        *place = address(&list[i]).0;
    }
    addresses
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
    words.resize(list.len().next_multiple_of(N_SIDE), 0);
    make(of, list, address, FirstWords(words));
    words.truncate(list.len());
}

/// An exponential number of mean 1 from that word: −ln U by [`quick_exponential`]. There is room for a
/// multiple of [`N_SIDE`], and at least for as many as there are addresses.
pub fn exponential_numbers<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    numbers: &mut [f64],
) {
    make(of, list, address, Exponentials(numbers));
}

/// Two of them, into a column each, from the first two words.
pub fn exponential_pairs<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    (firsts, seconds): (&mut [f64], &mut [f64]),
) {
    make(of, list, address, ExponentialPairs(firsts, seconds));
}

/// Words of a block of draws.
const N_BLOCK: usize = 4;

/// The words of a block of eight addresses.
type Block = [[u32; N_SIDE]; N_BLOCK];

/// The first words of `draws(stream, entity, at, item)` for every address (entity, item) of a
/// list, of eight addresses side by side: the words of the first `blocks` blocks of the first eight
/// addresses, the first word of all eight, the second, and so on; then those of the next eight.
pub fn word_columns<T: Copy>(
    (key, stream, at): (Key, Stream, Clock),
    blocks: usize,
    list: &[T],
    address: impl Fn(&T) -> Address,
    columns: &mut Vec<[u32; N_SIDE]>,
) {
    let n = list.len().div_ceil(N_SIDE) * blocks * N_BLOCK;
    // What is there already is written over.
    columns.resize(n, [0; N_SIDE]);
    let columns = columns.as_chunks_mut().0;
    quads(Columns { common: Common::of(key, stream, at), blocks, list, address, columns });
}

struct Columns<'a, T, A> {
    common: Common,
    blocks: usize,
    list: &'a [T],
    address: A,
    /// A block's words.
    columns: &'a mut [Block],
}

impl<T: Copy, A: Fn(&T) -> Address> Quads for Columns<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run<Q: Quad>(self) {
        let Self { common: Common { key, moment, stream }, blocks, list, address, columns } = self;
        let maker = Maker { philox: Philox::new(key), stream: Q::all(stream) };
        let mut columns = columns.chunks_exact_mut(blocks);
        let (whole, rest) = list.as_chunks::<N_SIDE>();
        for (list, columns) in whole.iter().zip(&mut columns) {
            maker.blocks(&eight(list, &address), moment, columns);
        }
        if let ([first, ..], Some(columns)) = (rest, columns.next()) {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            maker.blocks(&eight(&list, &address), moment, columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::math::quick_ln;
    use crate::rng::unit;

    const STREAM: Stream = Stream::new("test/addressed");

    #[test]
    fn a_list_has_the_numbers_of_single_draws() {
        let (key, at) = (Key::new(11, 2), Clock { day: 40, wave: 3 });
        let (mut words, mut numbers) = (Vec::new(), [0.0; 200]);
        let (mut pairs, mut columns) = (([0.0; 200], [0.0; 200]), Vec::new());
        for n in [0, 1, 7, 8, 9, 40, 3, 64, 200] {
            let address = |i: u32| Address::new(i * 1_000_003, u32::MAX - i);
            let list: Vec<Address> = (0..n).map(address).collect();
            first_words((key, STREAM, at), &list, |one| *one, &mut words);
            exponential_numbers((key, STREAM, at), &list, |one| *one, &mut numbers);
            exponential_pairs((key, STREAM, at), &list, |one| *one, (&mut pairs.0, &mut pairs.1));
            word_columns((key, STREAM, at), 2, &list, |one| *one, &mut columns);
            assert_eq!(words.len(), list.len());
            for (i, one) in list.iter().enumerate() {
                let mut draws = key.draws(STREAM, one.entity(), at, one.item());
                let [first, second] = [draws.word(), draws.word()];
                let exponential = |word| -quick_ln(unit(word));
                assert_eq!(words[i], first);
                let (eight, lane) = (&columns[i / 8 * 8..][..8], i % 8);
                let others = [0; 6].map(|_| draws.word());
                let all = [first, second].into_iter().chain(others);
                assert!(eight.iter().map(|column| column[lane]).eq(all));
                assert_eq!(numbers[i].to_bits(), exponential(first).to_bits());
                assert_eq!((pairs.0[i], pairs.1[i]), (exponential(first), exponential(second)));
            }
        }
    }
}
