//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. Which [`Address`] an
//! item of a list has is told by a function of it, which should do no more than read a field,
//! so that it melts into the wide code.

use super::lanes::{KEY_STEPS, N_SIDE, low, round};
use super::{Key, Stream, moment};
use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::simd::{self, Kernel};

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

/// Rounds of Philox4x32-10.
const ROUNDS: usize = 10;

/// The four words of addresses that stand side by side.
type Blocks = [[u64; N_SIDE]; 4];

/// What is made of the words of addresses, and where it goes.
trait Making {
    /// Makes it for eight addresses, from the `start`-th on, and keeps the first `n`.
    fn make(&mut self, start: usize, n: usize, words: &Blocks);
}

/// The first word.
struct FirstWords<'a>(&'a mut [u32]);

impl Making for FirstWords<'_> {
    #[inline(always)]
    fn make(&mut self, start: usize, n: usize, words: &Blocks) {
        let mut made = [0; N_SIDE];
        for (made, word) in made.iter_mut().zip(&words[0]) {
            *made = *word as u32;
        }
        put(self.0, start, n, &made);
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponentials<'a>(&'a mut [f64]);

impl Making for Exponentials<'_> {
    #[inline(always)]
    fn make(&mut self, start: usize, n: usize, words: &Blocks) {
        put(self.0, start, n, &exponentials(&words[0]));
    }
}

/// Two of them, from the first word and from the second.
struct ExponentialPairs<'a>(&'a mut [f64], &'a mut [f64]);

impl Making for ExponentialPairs<'_> {
    #[inline(always)]
    fn make(&mut self, start: usize, n: usize, words: &Blocks) {
        put(self.0, start, n, &exponentials(&words[0]));
        put(self.1, start, n, &exponentials(&words[1]));
    }
}

/// Puts the first `n` of some numbers into a column.
#[inline(always)]
fn put<T: Copy>(column: &mut [T], start: usize, n: usize, numbers: &[T; N_SIDE]) {
    column[start..start + n].copy_from_slice(&numbers[..n]);
}

/// −ln U of each word.
#[inline(always)]
fn exponentials(words: &[u64; N_SIDE]) -> [f64; N_SIDE] {
    let mut numbers = [0.0; N_SIDE];
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = -quick_ln(wide_unit(*word));
    }
    numbers
}

/// [`unit`](super::unit) of a word that stands in 64 bits.
#[inline(always)]
fn wide_unit(word: u64) -> f64 {
    // A whole number below 2⁵² in the low bits of 2⁵² is added to it; vectors convert so.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let whole = f64::from_bits(word | WHOLE.to_bits()) - WHOLE;
    (whole + 0.5) * (1.0 / 4_294_967_296.0)
}

/// A list, and what is made of its addresses.
struct Of<'a, T, A, M> {
    /// The key of each round.
    keys: [[u32; 2]; ROUNDS],
    /// The second and the third counter word, which all have in common.
    common: [u32; 2],
    list: &'a [T],
    address: A,
    making: M,
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Of<'_, T, A, M> {
    #[inline(always)]
    fn words(&self, list: &[T; N_SIDE]) -> Blocks {
        let (mut entities, mut items) = ([0; N_SIDE], [0; N_SIDE]);
        for ((one, entity), item) in list.iter().zip(&mut entities).zip(&mut items) {
            // What stands above the entity falls out where it is multiplied.
            let Address(address) = (self.address)(one);
            (*entity, *item) = (address, address >> 32);
        }
        let [moment, stream] = self.common.map(|word| [u64::from(word); N_SIDE]);
        let mut words = [entities, moment, stream, items];
        for keys in self.keys.chunks_exact(2) {
            words = round(&round(&words, keys[0]), keys[1]);
        }
        words.map(|word| word.map(low))
    }
}

impl<T: Copy, A: Fn(&T) -> Address, M: Making> Kernel for Of<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (whole, rest) = self.list.as_chunks::<N_SIDE>();
        for (k, list) in whole.iter().enumerate() {
            let words = self.words(list);
            self.making.make(k * N_SIDE, N_SIDE, &words);
        }
        if let [first, ..] = rest {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            let words = self.words(&list);
            self.making.make(whole.len() * N_SIDE, rest.len(), &words);
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
    let (first, common) = (key.words(), [moment(at), stream.id]);
    let keys = std::array::from_fn(|round| {
        let later = |k: usize| first[k].wrapping_add(KEY_STEPS[k].wrapping_mul(round as u32));
        [later(0), later(1)]
    });
    simd::widest(Of { keys, common, list, address, making });
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
