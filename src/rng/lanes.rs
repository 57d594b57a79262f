//! Words of many addresses at once: of a list of (entity, item), for loops over messages.

use super::philox::{Common, Keep, Maker, N_SIDE, Philox, make, number};
use crate::quantity::math::{quick_exponential, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};
use crate::simd::{self, Kernel, Quad, Quads, quads};

/// `draws(stream, entity, at, item)` for every (entity, item) of a list, their first four
/// words made side by side.
pub fn draws_of(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
) -> Vec<Draws> {
    let mut all = Vec::with_capacity(list.size_hint().0.next_multiple_of(N_SIDE));
    let common = Common::of(key, stream, at);
    let n = make(common, list.map(number), Begun(common, &mut all));
    all.truncate(n);
    all
}

/// Keeps draws of whose words the first four are made.
struct Begun<'a>(Common, &'a mut Vec<Draws>);

impl Keep for Begun<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        let Common { key, moment, stream } = self.0;
        let [one, two] = maker.eight(addresses);
        let rows = [Q::rows(one), Q::rows(two)];
        self.1.extend(addresses.iter().zip(rows.as_flattened()).map(|(address, words)| {
            let (entity, item) = (*address as u32, (address >> 32) as u32);
            Draws::after_first(key, [entity, moment, stream, item], *words)
        }));
    }
}

/// Addresses whose words are made together by [`words_of`].
pub const N_WORDS: usize = 16;

/// `word(stream, entity, at, item)` for 16 entities side by side.
#[must_use]
pub fn words_of(
    key: Key,
    stream: Stream,
    entities: &[u32; N_WORDS],
    at: Clock,
    item: u32,
) -> [u32; N_WORDS] {
    quads(Sixteen { common: Common::of(key, stream, at), entities, item })
}

struct Sixteen<'a> {
    common: Common,
    entities: &'a [u32; N_WORDS],
    item: u32,
}

impl Quads for Sixteen<'_> {
    type Output = [u32; N_WORDS];

    #[inline(always)]
    fn run<Q: Quad>(self) -> Self::Output {
        let Common { key, moment, stream } = self.common;
        let philox = Philox::<Q>::new(key);
        let common = [Q::all(moment), Q::all(stream), Q::all(self.item)];
        let mut words = [0; N_WORDS];
        let entities = self.entities.as_chunks::<4>().0.as_chunks::<2>().0;
        let places = words.as_chunks_mut::<4>().0.as_chunks_mut::<2>().0;
        for (entities, places) in entities.iter().zip(places) {
            let first = [Q::of(&entities[0]), common[0], common[1], common[2]];
            let second = [Q::of(&entities[1]), common[0], common[1], common[2]];
            let [first, second] = philox.words([first, second]);
            *places = [first[0].words(), second[0].words()];
        }
        words
    }
}

/// The first word of `draws(stream, entity, at, item)` for every (entity, item) of a list.
pub fn first_words(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let n = make(Common::of(key, stream, at), list.map(number), Firsts(words));
    words.truncate(n);
}

/// Keeps the first words.
struct Firsts<'a>(&'a mut Vec<u32>);

impl Keep for Firsts<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        let [one, two] = maker.eight(addresses);
        let words = [one[0].words(), two[0].words()];
        self.0.extend_from_slice(words.as_flattened());
    }
}

/// The first two words of `draws(stream, entity, at, item)` for every (entity, item) of a list.
pub fn word_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    pairs: &mut Vec<[u32; 2]>,
) {
    pairs.clear();
    let n = make(Common::of(key, stream, at), list.map(number), Pairs(pairs));
    pairs.truncate(n);
}

/// Keeps the first two words.
struct Pairs<'a>(&'a mut Vec<[u32; 2]>);

impl Keep for Pairs<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        let [one, two] = maker.eight(addresses);
        let longs = [one[1].above(one[0]), two[1].above(two[0])];
        self.0.extend(longs.as_flattened().iter().map(|pair| [*pair as u32, (pair >> 32) as u32]));
    }
}

/// `lane(stream, entity, at)` for every entity of a list.
pub fn lane_words(
    key: Key,
    stream: Stream,
    at: Clock,
    entities: impl Iterator<Item = u32>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let n = make(Common::of(key, stream, at), entities.map(u64::from), Lanes(words));
    words.truncate(n);
}

/// Keeps one word of the block that four neighbours share. Of a list, they are too few for a
/// block that is made once to cost less.
struct Lanes<'a>(&'a mut Vec<u32>);

impl Keep for Lanes<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, entities: &[u64; N_SIDE]) {
        let [one, two] = maker.lanes(entities);
        self.0.extend_from_slice([one.words(), two.words()].as_flattened());
    }
}

/// The words of the first `blocks` blocks, four each, of `draws(stream, entity, at, item)` for
/// every (entity, item) of a list, one after the other.
pub fn long_words(
    key: Key,
    stream: Stream,
    at: Clock,
    blocks: u32,
    list: impl Iterator<Item = (u32, u32)>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let (common, list, step) = (Common::of(key, stream, at), list.map(number), blocks as usize);
    let n = if step == 1 {
        make(common, list, Whole(words))
    } else {
        make(common, list, Several { words, step })
    };
    words.truncate(4 * step * n);
}

/// Keeps all four words.
struct Whole<'a>(&'a mut Vec<u32>);

impl Keep for Whole<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        let [one, two] = maker.eight(addresses);
        let rows = [Q::rows(one), Q::rows(two)];
        self.0.extend_from_slice(rows.as_flattened().as_flattened());
    }
}

/// Keeps all words of `step` blocks of each address, which follow one another.
struct Several<'a> {
    words: &'a mut Vec<u32>,
    step: usize,
}

impl Keep for Several<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        let Self { words, step } = self;
        let made = words.len();
        add_zeros(words, 4 * N_SIDE * *step);
        let places = &mut words[made..].as_chunks_mut().0;
        for block in 0..*step {
            let [one, two] = maker.later(addresses, block);
            let rows = [Q::rows(one), Q::rows(two)];
            let places = places[block..].iter_mut().step_by(*step);
            for (place, row) in places.zip(rows.as_flattened()) {
                *place = *row;
            }
        }
    }
}

/// Adds zeros to a list, in small pieces: a large one is set by an instruction that is slow to
/// start.
#[inline(always)]
fn add_zeros(words: &mut Vec<u32>, mut n: usize) {
    const PIECE: [u32; 4 * N_SIDE] = [0; 4 * N_SIDE];
    while n > 0 {
        words.extend_from_slice(&PIECE);
        n -= PIECE.len();
    }
}

/// Adds the exponential number of mean 1 of every word to a list: −ln U by [`quick_exponential`].
pub fn add_exponentials(words: &[u32], numbers: &mut Vec<f64>) {
    let known = numbers.len();
    numbers.resize(known + words.len(), 0.0);
    simd::widest(Exponentials(words, &mut numbers[known..]));
}

struct Exponentials<'a>(&'a [u32], &'a mut [f64]);

impl Kernel for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (number, word) in self.1.iter_mut().zip(self.0) {
            *number = quick_exponential(*word);
        }
    }
}

/// Exponential numbers of mean 1 from the first four words of `draws(stream, entity, at, item)`
/// for every (entity, item) of a list: −ln U of two [`Draws::fine_unit`] by [`quick_ln`].
pub fn fine_exponential_pairs(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
    pairs: &mut Vec<[f64; 2]>,
) {
    pairs.clear();
    let n = make(Common::of(key, stream, at), list.map(number), Longs(pairs));
    pairs.truncate(n);
    simd::widest(FineExponentials(pairs.as_flattened_mut()));
}

/// Keeps the four words as two long ones, in the place of numbers.
struct Longs<'a>(&'a mut Vec<[f64; 2]>);

impl Keep for Longs<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, maker: &Maker<Q>, addresses: &[u64; N_SIDE]) {
        for [a, b, c, d] in maker.eight(addresses) {
            let longs = a.above(b).into_iter().zip(c.above(d));
            self.0.extend(longs.map(|(first, second)| [first, second].map(f64::from_bits)));
        }
    }
}

struct FineExponentials<'a>(&'a mut [f64]);

impl Kernel for FineExponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for number in self.0 {
            *number = -quick_ln(fine(number.to_bits()));
        }
    }
}

/// Two words as [`Draws::fine_unit`] makes a number of them.
#[inline(always)]
pub(super) fn fine(word: u64) -> f64 {
    // A whole number below 2⁵² in the low bits of 2⁵² is added to it; vectors convert so.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let whole = f64::from_bits(word >> 12 | WHOLE.to_bits()) - WHOLE;
    (whole + 0.5) * (1.0 / WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::unit;

    #[test]
    fn words_side_by_side_are_those_one_by_one() {
        let (key, stream, at) = (Key::new(3, 1), Stream::new("test/words"), Clock::default());
        let entities = std::array::from_fn(|i| (i as u32).wrapping_mul(0x9e37_79b9));
        let one_by_one = entities.map(|entity| key.word(stream, entity, at, 5));
        assert_eq!(words_of(key, stream, &entities, at, 5), one_by_one);
    }

    #[test]
    fn pairs_equal_the_draws_of_their_addresses() {
        let (key, stream, at) = (Key::new(4, 1), Stream::new("test/pairs"), Clock::start_of(9));
        let list: Vec<(u32, u32)> = (0..37).map(|i| (i * 977, !i)).collect();
        let mut pairs = Vec::new();
        fine_exponential_pairs(key, stream, at, list.iter().copied(), &mut pairs);
        let fine = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.fine_unit(), draws.fine_unit()].map(|u| -quick_ln(u))
        };
        assert_eq!(pairs, list.iter().map(fine).collect::<Vec<_>>());
        let mut words = Vec::new();
        first_words(key, stream, at, list.iter().copied(), &mut words);
        let first: Vec<u32> = list.iter().map(|&(e, i)| key.word(stream, e, at, i)).collect();
        assert_eq!(words, first);
        let mut numbers = Vec::new();
        add_exponentials(&words, &mut numbers);
        let plain: Vec<f64> = words.iter().map(|word| -quick_ln(unit(*word))).collect();
        assert_eq!(numbers, plain);
        let mut both = Vec::new();
        word_pairs(key, stream, at, list.iter().copied(), &mut both);
        let two = |&(entity, item): &(u32, u32)| {
            let mut draws = key.draws(stream, entity, at, item);
            [draws.word(), draws.word()]
        };
        assert_eq!(both, list.iter().map(two).collect::<Vec<_>>());
        long_words(key, stream, at, 3, list.iter().copied(), &mut words);
        let long = list.iter().flat_map(|&(entity, item)| {
            let mut draws = key.draws(stream, entity, at, item);
            [0; 12].map(|_| draws.word())
        });
        assert_eq!(words, long.collect::<Vec<_>>());
        lane_words(key, stream, at, list.iter().map(|&(entity, _)| entity), &mut words);
        let lanes: Vec<u32> = list.iter().map(|&(e, _)| key.lane(stream, e, at)).collect();
        assert_eq!(words, lanes);
        let many = draws_of(key, stream, at, list.iter().copied());
        for (mut draws, &(entity, item)) in many.into_iter().zip(&list) {
            let mut plain = key.draws(stream, entity, at, item);
            assert!((0..11).all(|_| draws.word() == plain.word()));
        }
    }
}
