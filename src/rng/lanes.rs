//! Words of many addresses at once: of a list of (entity, item), for loops over messages.

use super::philox::{Blocks, Common, Group, Keep, N_GROUP, Philox, make};
use crate::quantity::math::{is_central, normal_centre, normal_tail, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream, unit};
use crate::simd::{self, Kernel, Quad, Quads, quads};

/// `draws(stream, entity, at, item)` for every (entity, item) of a list, their first four
/// words made side by side.
pub fn draws_of(
    key: Key,
    stream: Stream,
    at: Clock,
    list: impl Iterator<Item = (u32, u32)>,
) -> Vec<Draws> {
    let mut all = Vec::with_capacity(list.size_hint().0);
    let mut rows = [[[0; 4]; 4]; N_GROUP / 4];
    let common = Common::of(key, stream, at);
    by_groups(list, |group| {
        make(common, group, &mut Whole(&mut rows));
        let addresses = group.entities.iter().zip(&group.items).take(group.n);
        all.extend(addresses.zip(rows.as_flattened()).map(|((entity, item), words)| {
            Draws::after_first(common.key, [*entity, common.moment, common.stream, *item], *words)
        }));
    });
    all
}

/// Keeps all four words.
struct Whole<'a>(&'a mut [[[u32; 4]; 4]]);

impl Keep for Whole<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, quad: usize, words: Blocks<Q>) {
        if let Some(rows) = self.0.get_mut(quad) {
            *rows = Q::rows(words);
        }
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
    let common = Common::of(key, stream, at);
    by_groups(list, |group| {
        let made = words.len();
        words.resize(made + group.room(), 0);
        make(common, group, &mut Firsts(words[made..].as_chunks_mut().0));
        words.truncate(made + group.n);
    });
}

/// Keeps the first words.
struct Firsts<'a>(&'a mut [[u32; 4]]);

impl Keep for Firsts<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, quad: usize, words: Blocks<Q>) {
        if let Some(places) = self.0.get_mut(quad) {
            *places = words[0].words();
        }
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
    let common = Common::of(key, stream, at);
    by_groups(list, |group| {
        let made = pairs.len();
        pairs.resize(made + group.room(), [0; 2]);
        make(common, group, &mut Pairs(pairs[made..].as_chunks_mut().0));
        pairs.truncate(made + group.n);
    });
}

/// Keeps the first two words.
struct Pairs<'a>(&'a mut [[[u32; 2]; 4]]);

impl Keep for Pairs<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, quad: usize, words: Blocks<Q>) {
        if let Some(places) = self.0.get_mut(quad) {
            for (place, pair) in places.iter_mut().zip(words[1].above(words[0])) {
                *place = [pair as u32, (pair >> 32) as u32];
            }
        }
    }
}

/// The standard normal number of every word of a list, as
/// [`normal_from`](crate::rng::sample::continuous::normal_from) makes it.
///
/// One in seven is far out, where it is worked out in another way: those are put together first.
pub fn normals(words: impl Iterator<Item = u32>, numbers: &mut Vec<f64>) {
    numbers.clear();
    numbers.extend(words.map(unit));
    let (mut tails, mut places) = ([0.0; N_GROUP], [0; N_GROUP]);
    for part in numbers.chunks_mut(N_GROUP) {
        let mut n = 0;
        for (k, number) in part.iter().enumerate() {
            (tails[n], places[n]) = (*number, k);
            n += usize::from(!is_central(*number));
        }
        let far = n.next_multiple_of(4).min(N_GROUP);
        tails[n..far].fill(0.25);
        simd::widest(Normals { units: part, tails: &mut tails[..far] });
        places[..n].iter().zip(&tails).for_each(|(place, number)| part[*place] = *number);
    }
}

struct Normals<'a> {
    units: &'a mut [f64],
    tails: &'a mut [f64],
}

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for number in self.units {
            *number = normal_centre(*number);
        }
        for number in self.tails {
            *number = normal_tail(*number);
        }
    }
}

/// `lane(stream, entity, at)` for every entity of a list. Of entities that follow one another,
/// those that share a block share its making.
pub fn lane_words(
    key: Key,
    stream: Stream,
    at: Clock,
    entities: impl Iterator<Item = u32>,
    words: &mut Vec<u32>,
) {
    words.clear();
    let common = Common::of(key, stream, at);
    let mut rows = [[[0; 4]; 4]; N_GROUP / 4];
    let mut group = Group::new();
    group.items = [u32::MAX; N_GROUP];
    let mut made = 0;
    // Where an entity's word will be found stands in its place until the group is full.
    let mut look_up = |group: &Group, words: &mut [u32]| {
        make(common, group, &mut Whole(&mut rows));
        for word in words {
            *word = rows.as_flattened().as_flattened()[*word as usize];
        }
    };
    for entity in entities {
        let block = entity >> 2;
        if group.n == 0 || group.entities[group.n - 1] != block {
            if group.n == N_GROUP {
                look_up(&group, &mut words[made..]);
                (group.n, made) = (0, words.len());
            }
            group.entities[group.n] = block;
            group.n += 1;
        }
        words.push(4 * (group.n as u32 - 1) + entity % 4);
    }
    look_up(&group, &mut words[made..]);
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
    let step = blocks as usize;
    let common = Common::of(key, stream, at);
    by_groups(list, |group| {
        let made = words.len();
        add_zeros(words, 4 * step * group.room());
        let rows = words[made..].as_chunks_mut().0;
        if blocks == 1 {
            make(common, group, &mut Whole(rows.as_chunks_mut().0));
        } else {
            make_several(common, group, (rows, step));
        }
        words.truncate(made + 4 * step * group.n);
    });
}

/// Adds zeros to a list, in small pieces: a large one is set by an instruction that is slow to
/// start.
fn add_zeros(words: &mut Vec<u32>, mut n: usize) {
    const PIECE: [u32; 4 * N_GROUP] = [0; 4 * N_GROUP];
    while n > 0 {
        let piece = &PIECE[..n.min(PIECE.len())];
        words.extend_from_slice(piece);
        n -= piece.len();
    }
}

/// Makes `step` blocks of each address, whose rows follow one another.
fn make_several(common: Common, group: &Group, (rows, step): (&mut [[u32; 4]], usize)) {
    let mut made = [[[0; 4]; 4]; N_GROUP / 4];
    for block in 0..step {
        let moment = common.moment.wrapping_add((block as u32) << 20);
        make(Common { moment, ..common }, group, &mut Whole(&mut made));
        for (rows, row) in rows.chunks_exact_mut(step).zip(made.as_flattened()) {
            rows[block] = *row;
        }
    }
}

/// Calls `work` with a list's addresses, group by group.
fn by_groups(mut list: impl Iterator<Item = (u32, u32)>, mut work: impl FnMut(&Group)) {
    let mut group = Group::new();
    while group.take(&mut list) {
        work(&group);
        if group.n < N_GROUP {
            return;
        }
    }
}

/// Adds the exponential number of mean 1 of every word to a list: −ln U by [`quick_ln`].
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
            *number = -quick_ln(unit(*word));
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
    let mut longs = [[0; 2]; N_GROUP];
    let common = Common::of(key, stream, at);
    by_groups(list, |group| {
        make(common, group, &mut Longs(&mut longs));
        let made = pairs.len();
        pairs.resize(made + group.n, [0.0; 2]);
        let numbers = pairs[made..].as_flattened_mut();
        simd::widest(FineExponentials(longs.as_flattened(), numbers));
    });
}

/// Keeps the four words as two long ones.
struct Longs<'a>(&'a mut [[u64; 2]; N_GROUP]);

impl Keep for Longs<'_> {
    #[inline(always)]
    fn keep<Q: Quad>(&mut self, quad: usize, words: Blocks<Q>) {
        let (first, second) = (words[0].above(words[1]), words[2].above(words[3]));
        let places = self.0[4 * quad..].iter_mut();
        for (place, (first, second)) in places.zip(first.into_iter().zip(second)) {
            *place = [first, second];
        }
    }
}

struct FineExponentials<'a>(&'a [u64], &'a mut [f64]);

impl Kernel for FineExponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (number, word) in self.1.iter_mut().zip(self.0) {
            *number = -quick_ln(fine(*word));
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
    use crate::rng::sample::continuous::normal_from;

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
        normals(words.iter().copied(), &mut numbers);
        let plain: Vec<f64> = words.iter().map(|word| normal_from(*word)).collect();
        assert_eq!(numbers, plain);
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
