//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. Which [`Address`] an
//! item of a list has is told by a function of it, which should do no more than read a field,
//! so that it melts into the wide code.

use super::philox::{self, Common, Made, Maker, number};
use super::{Key, Stream};
use crate::quantity::math::exponential_of_whole;
use crate::quantity::time::Clock;
use crate::simd::{self, Kernel, Quad, Quads, quads};

/// What a draw is for, beside its stream and its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address(u64);

impl Address {
    /// The address of an entity and an item.
    #[inline(always)]
    #[must_use]
    pub fn new(entity: u32, item: u32) -> Self {
        Self(number((entity, item)))
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
pub const N_SIDE: usize = philox::N_SIDE;

/// What is made of the words of addresses, and where it goes: there is room for a multiple of
/// [`N_SIDE`]. What stands after the last is of no account.
trait Making {
    /// Takes the words of the `k`-th eight addresses.
    fn take<Q: Quad>(&mut self, k: usize, made: Made<Q>);
}

/// The first word.
struct FirstWords<'a>(&'a mut [[[u32; 4]; 2]]);

impl Making for FirstWords<'_> {
    #[inline(always)]
    fn take<Q: Quad>(&mut self, k: usize, [one, two]: Made<Q>) {
        self.0[k] = [one[0].words(), two[0].words()];
    }
}

/// Numbers, eight by eight.
type Eights<'a> = &'a mut [[[f64; 4]; 2]];

/// The first word as a whole number.
struct Wholes<'a>(Eights<'a>);

impl Making for Wholes<'_> {
    #[inline(always)]
    fn take<Q: Quad>(&mut self, k: usize, [one, two]: Made<Q>) {
        self.0[k] = [one[0].wholes(), two[0].wholes()];
    }
}

/// The first and the second.
struct WholePairs<'a>(Eights<'a>, Eights<'a>);

impl Making for WholePairs<'_> {
    #[inline(always)]
    fn take<Q: Quad>(&mut self, k: usize, [one, two]: Made<Q>) {
        self.0[k] = [one[0].wholes(), two[0].wholes()];
        self.1[k] = [one[1].wholes(), two[1].wholes()];
    }
}

/// −ln U of words that stand as whole numbers, in their place: loops of their own, which become
/// vectors as the words do not, and whose constants have the registers for themselves.
struct Exponentials<'a>(Eights<'a>);

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for number in self.0.as_flattened_mut().as_flattened_mut() {
            *number = exponential_of_whole(*number);
        }
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
        let Self { common, list, address, mut making } = self;
        let maker = Maker::<Q>::new(common);
        let (whole, rest) = list.as_chunks::<N_SIDE>();
        for (k, list) in whole.iter().enumerate() {
            making.take(k, maker.eight(&numbers(&address, |k| &list[k])));
        }
        if let [.., last] = rest {
            let one = |k| rest.get(k).unwrap_or(last);
            making.take(whole.len(), maker.eight(&numbers(&address, one)));
        }
    }
}

/// The addresses of eight items of a list.
#[inline(always)]
fn numbers<'a, T: 'a>(
    address: &impl Fn(&T) -> Address,
    one: impl Fn(usize) -> &'a T,
) -> [u64; N_SIDE] {
    let mut numbers = [0; N_SIDE];
    for (k, number) in numbers.iter_mut().enumerate() {
        *number = address(one(k)).0;
    }
    numbers
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
    make(of, list, address, FirstWords(words.as_chunks_mut().0.as_chunks_mut().0));
    words.truncate(list.len());
}

/// An exponential number of mean 1 from that word: −ln U by
/// [`quick_exponential`](crate::quantity::math::quick_exponential). There is room for a multiple of
/// [`N_SIDE`], and at least for as many as there are addresses.
pub fn exponential_numbers<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    numbers: &mut [f64],
) {
    let numbers = eights(numbers, list.len());
    make(of, list, address, Wholes(numbers));
    simd::widest(Exponentials(numbers));
}

/// Two of them, into a column each, from the first two words.
pub fn exponential_pairs<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> Address,
    (firsts, seconds): (&mut [f64], &mut [f64]),
) {
    let (firsts, seconds) = (eights(firsts, list.len()), eights(seconds, list.len()));
    make(of, list, address, WholePairs(firsts, seconds));
    simd::widest(Exponentials(firsts));
    simd::widest(Exponentials(seconds));
}

/// Room for so many numbers, by eight.
#[inline(always)]
fn eights(numbers: &mut [f64], n: usize) -> Eights<'_> {
    &mut numbers.as_chunks_mut().0.as_chunks_mut().0[..n.div_ceil(N_SIDE)]
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
        let Self { common, blocks, list, address, columns } = self;
        let maker = Maker::<Q>::new(common);
        let mut columns = columns.chunks_exact_mut(blocks);
        let (whole, rest) = list.as_chunks::<N_SIDE>();
        for (list, columns) in whole.iter().zip(&mut columns) {
            write(&maker, &numbers(&address, |k| &list[k]), columns);
        }
        if let ([.., last], Some(columns)) = (rest, columns.next()) {
            let one = |k| rest.get(k).unwrap_or(last);
            write(&maker, &numbers(&address, one), columns);
        }
    }
}

/// Writes the words of the first blocks of eight addresses.
#[inline(always)]
fn write<Q: Quad>(maker: &Maker<Q>, addresses: &[u64; N_SIDE], blocks: &mut [Block]) {
    for (block, words) in blocks.iter_mut().enumerate() {
        let made = maker.later(addresses, block);
        for (word, column) in words.iter_mut().enumerate() {
            if let [four, next] = column.as_chunks_mut::<4>().0 {
                *four = made[0][word].words();
                *next = made[1][word].words();
            }
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
