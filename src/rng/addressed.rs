//! Draws of a list of addresses that lies in memory: the whole list is one piece of wide code.
//!
//! They are the numbers of [`lanes`](super::lanes) and of single draws. What a list's items are
//! addressed by is told by a function of an item: the entity and the item of the draw. It
//! should do no more than read two fields, so that it melts into the wide code.

use super::lanes::{N_SIDE, rounds_side_by_side};
use super::{Key, Stream, moment, unit};
use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::simd::{self, Kernel};

/// The four words of addresses that stand side by side.
type Blocks = [[u64; N_SIDE]; 4];

/// What is made of the words of an address.
trait Making {
    /// What comes out.
    type Made: Copy + Default;

    /// It, of each of the addresses.
    fn make(words: &Blocks) -> [Self::Made; N_SIDE];
}

/// The first word.
struct FirstWord;

impl Making for FirstWord {
    type Made = u32;

    #[inline(always)]
    fn make(words: &Blocks) -> [u32; N_SIDE] {
        let mut made = [0; N_SIDE];
        for i in 0..N_SIDE {
            made[i] = words[0][i] as u32;
        }
        made
    }
}

/// An exponential number of mean 1 from the first word.
struct Exponential;

impl Making for Exponential {
    type Made = f64;

    #[inline(always)]
    fn make(words: &Blocks) -> [f64; N_SIDE] {
        exponentials(&words[0])
    }
}

/// Two exponential numbers of mean 1, from the first word and from the second.
struct ExponentialPair;

impl Making for ExponentialPair {
    type Made = [f64; 2];

    #[inline(always)]
    fn make(words: &Blocks) -> [[f64; 2]; N_SIDE] {
        let (firsts, seconds) = (exponentials(&words[0]), exponentials(&words[1]));
        let mut made = [[0.0; 2]; N_SIDE];
        for i in 0..N_SIDE {
            made[i] = [firsts[i], seconds[i]];
        }
        made
    }
}

/// −ln U of each word.
#[inline(always)]
fn exponentials(words: &[u64; N_SIDE]) -> [f64; N_SIDE] {
    let mut numbers = [0.0; N_SIDE];
    for i in 0..N_SIDE {
        numbers[i] = -quick_ln(unit(words[i] as u32));
    }
    numbers
}

/// A list, and where what is made of its addresses goes.
struct Of<'a, T, A, M: Making> {
    key: [u32; 2],
    /// The second and the third counter word, which all have in common.
    common: [u32; 2],
    list: &'a [T],
    address: A,
    made: &'a mut [M::Made],
}

impl<T: Copy, A: Fn(&T) -> (u32, u32), M: Making> Of<'_, T, A, M> {
    #[inline(always)]
    fn side_by_side(&self, list: &[T; N_SIDE]) -> [M::Made; N_SIDE] {
        let (mut entities, mut items) = ([0; N_SIDE], [0; N_SIDE]);
        for i in 0..N_SIDE {
            let (entity, item) = (self.address)(&list[i]);
            (entities[i], items[i]) = (u64::from(entity), u64::from(item));
        }
        let [moment, stream] = self.common.map(|word| [u64::from(word); N_SIDE]);
        M::make(&rounds_side_by_side([entities, moment, stream, items], self.key))
    }
}

impl<T: Copy, A: Fn(&T) -> (u32, u32), M: Making> Kernel for Of<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let (whole, rest) = self.list.as_chunks::<N_SIDE>();
        let (places, last) = std::mem::take(&mut self.made).as_chunks_mut::<N_SIDE>();
        for (list, place) in whole.iter().zip(places) {
            *place = self.side_by_side(list);
        }
        if let [first, ..] = rest {
            let mut list = [*first; N_SIDE];
            list[..rest.len()].copy_from_slice(rest);
            last.copy_from_slice(&self.side_by_side(&list)[..rest.len()]);
        }
    }
}

/// What is made of every address of a list.
#[inline(always)]
fn made<T: Copy, M: Making>(
    (key, stream, at): (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> (u32, u32),
    into: &mut Vec<M::Made>,
) {
    into.resize(list.len(), M::Made::default());
    let common = [moment(at), stream.id];
    simd::widest(Of::<_, _, M> { key: key.words(), common, list, address, made: into });
}

/// The first word of `draws(stream, entity, at, item)` for every (entity, item) that a list is
/// addressed by.
pub fn first_words<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> (u32, u32),
    words: &mut Vec<u32>,
) {
    made::<_, FirstWord>(of, list, address, words);
}

/// An exponential number of mean 1 from that word: −ln U by [`quick_ln`].
pub fn exponential_numbers<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> (u32, u32),
    numbers: &mut Vec<f64>,
) {
    made::<_, Exponential>(of, list, address, numbers);
}

/// Two of them, from the first two words.
pub fn exponential_pairs<T: Copy>(
    of: (Key, Stream, Clock),
    list: &[T],
    address: impl Fn(&T) -> (u32, u32),
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
            let list: Vec<(u32, u32)> = (0..n).map(|i| (i * 1_000_003, u32::MAX - i)).collect();
            first_words((key, STREAM, at), &list, |one| *one, &mut words);
            exponential_numbers((key, STREAM, at), &list, |one| *one, &mut numbers);
            exponential_pairs((key, STREAM, at), &list, |one| *one, &mut pairs);
            assert_eq!([words.len(), numbers.len(), pairs.len()], [list.len(); 3]);
            for (i, &(entity, item)) in list.iter().enumerate() {
                let mut draws = key.draws(STREAM, entity, at, item);
                let [first, second] = [draws.word(), draws.word()];
                let exponential = |word| -quick_ln(unit(word));
                assert_eq!(words[i], first);
                assert_eq!(numbers[i].to_bits(), exponential(first).to_bits());
                assert_eq!(pairs[i], [exponential(first), exponential(second)]);
            }
        }
    }
}
