//! Choice among given options: alias tables, Zipf weights, distinct positions.

use crate::quantity::math::pow;
use crate::rng::{Draws, below};
use crate::simd::{self, Kernel};
use std::array;
use std::hint::select_unpredictable;

/// A table that picks option i with probability wᵢ / Σw in constant time.
///
/// Walker's alias method as built by Vose (1991), doi:10.1109/32.92917: column i
/// holds its own option up to a threshold and one other option above it. Each
/// probability is met to 2⁻³². The construction is sequential, hence the same
/// table everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    columns: Vec<Column>,
}

/// One column: its own option below the threshold, the other from there on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    threshold: u32,
    other: u32,
}

impl Alias {
    /// The table of some weights, which need not sum to 1.
    ///
    /// Weights must be at least 0 and finite, with a sum above 0 and finite;
    /// callers check what comes from users. An option of weight 0 is never picked.
    #[must_use]
    pub fn new(weights: &[f64]) -> Self {
        let total = weights.iter().fold(0.0, |sum, weight| sum + weight);
        let sound = weights.iter().all(|&weight| weight >= 0.0) && total > 0.0 && total.is_finite();
        assert!(sound, "alias weights are at least 0 and finite, and not all 0");
        assert!(u32::try_from(weights.len()).is_ok(), "an alias table has fewer than 2^32 options");
        let n = weights.len() as f64;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight / total * n).collect();
        let others = filled(&mut shares);
        let mut columns = vec![Column { threshold: 0, other: 0 }; shares.len()];
        simd::widest(Columns { shares: &shares, others: &others, columns: &mut columns });
        Self { columns }
    }

    /// The option at two words: the first names a column, the second which half.
    #[inline]
    #[must_use]
    pub fn pick(&self, word0: u32, word1: u32) -> u32 {
        self.picks()(word0, word1)
    }

    /// [`Alias::pick`] for loops that write something: where the table lies is not asked again.
    #[inline]
    pub fn picks(&self) -> impl Fn(u32, u32) -> u32 {
        let columns = &self.columns[..];
        move |word0, word1| {
            let own = ((u64::from(word0) * columns.len() as u64) >> 32) as u32;
            let column = columns[own as usize];
            select_unpredictable(word1 < column.threshold, own, column.other)
        }
    }

    /// The number of options.
    #[must_use]
    pub fn n_options(&self) -> usize {
        self.columns.len()
    }
}

/// A column that is not full yet, or more than full: the bits of its share, which is at least 0,
/// so that they are in order as the shares are. Of two whole numbers one is taken without a branch.
#[derive(Clone, Copy)]
struct Open {
    share: u64,
    own: u32,
}

/// Fills each column below 1 up from one above, of shares of mean 1. Says which one that is; of a
/// column that stays full, its own. What is left of the share of a column that fell below 1 stands
/// in its place.
fn filled(shares: &mut [f64]) -> Vec<u32> {
    const FULL: u64 = 1.0_f64.to_bits();
    let n = shares.len();
    let mut others: Vec<u32> = (0..n as u32).collect();
    let (parted, mut n_below) = parted(shares);
    let mut n_above = n - n_below;
    if n_below.min(n_above) == 0 {
        return others;
    }
    let open = |place: usize, shares: &[f64]| {
        let own = parted[place];
        Open { share: shares[own as usize].to_bits(), own }
    };
    // Of either part the last that was put there is taken first.
    let (mut small, mut large) = (open(n_below, shares), open(n + 1 - n_above, shares));
    (n_below, n_above) = (n_below - 1, n_above - 1);
    loop {
        others[small.own as usize] = large.own;
        shares[small.own as usize] = f64::from_bits(small.share);
        large.share = (f64::from_bits(large.share) - (1.0 - f64::from_bits(small.share))).to_bits();
        // A column that falls below 1 is the next to be filled.
        let falls = large.share < FULL;
        if select_unpredictable(falls, n_above, n_below) == 0 {
            // Columns left over are 1 but for rounding, and stay full.
            return others;
        }
        // Which part goes on cannot be foreseen: the next of both are read, and one is taken.
        let (next_small, next_large) = (open(n_below, shares), open(n + 1 - n_above, shares));
        small = either(falls, large, next_small);
        large = either(falls, next_large, large);
        n_below -= usize::from(!falls);
        n_above -= usize::from(falls);
    }
}

/// One of two columns: which cannot be foreseen.
#[inline]
fn either(first: bool, one: Open, other: Open) -> Open {
    Open {
        share: select_unpredictable(first, one.share, other.share),
        own: select_unpredictable(first, one.own, other.own),
    }
}

/// The columns below 1 from the second place on, and their number; the others from the last place
/// but one back. The first place and the last may be read, and mean nothing. Which a column is
/// cannot be foreseen: each is written to both sides, one of which goes on.
fn parted(shares: &[f64]) -> (Vec<u32>, usize) {
    let mut parted = vec![0; shares.len() + 2];
    let places = &mut parted[1..=shares.len()];
    let (mut below, mut above) = (0, shares.len());
    for (own, share) in (0..).zip(shares) {
        (places[below], places[above - 1]) = (own, own);
        below += usize::from(*share < 1.0);
        above = shares.len() - (own as usize + 1 - below);
    }
    (parted, below)
}

/// Columns of what is filled.
struct Columns<'a> {
    shares: &'a [f64],
    others: &'a [u32],
    columns: &'a mut [Column],
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let columns = self.columns.iter_mut().zip(0..);
        for ((column, own), (&other, &share)) in columns.zip(self.others.iter().zip(self.shares)) {
            let threshold = if other == own { u32::MAX } else { threshold(share) };
            *column = Column { threshold, other };
        }
    }
}

/// A share in [0, 1) as a bound for words, rounded up; 0 only for a share of 0.
#[inline(always)]
fn threshold(share: f64) -> u32 {
    // From 2⁵² on numbers are whole: what is added to it is rounded to the nearest one.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let bound = share * 4_294_967_296.0;
    let nearest = (bound + WHOLE) - WHOLE;
    let up = if nearest < bound { nearest + 1.0 } else { nearest };
    (up.min(f64::from(u32::MAX)) + WHOLE).to_bits() as u32
}

/// Weights of Zipf's law: (i + 1)^(−`exponent`) for the i-th of `n` options.
///
/// The first is 1; an exponent of 0 makes all equal. They are not normalised.
#[must_use]
pub fn zipf_weights(n: usize, exponent: f64) -> Vec<f64> {
    (1..=n).map(|rank| pow(rank as f64, -exponent)).collect()
}

/// At most this many positions at once, see [`pick_distinct`].
pub const MAX_DISTINCT: usize = 64;

/// Puts `k` distinct positions below `n` into `picked`, in the order drawn; every
/// ordered choice is equally likely. All `n`, shuffled, when `k` exceeds `n`.
///
/// One word a position, whatever comes: the i-th draw names the r-th position not
/// yet taken. The first picks do not depend on `k`. `k` is at most [`MAX_DISTINCT`].
pub fn pick_distinct(draws: &mut Draws, n: u32, k: usize, picked: &mut Vec<u32>) {
    assert!(k <= MAX_DISTINCT, "at most {MAX_DISTINCT} positions are picked at once, not {k}");
    picked.clear();
    let mut sorted = [0; MAX_DISTINCT];
    for n_taken in 0..k.min(n as usize) {
        let mut position = draws.below(n - n_taken as u32);
        let mut place = 0;
        while place < n_taken && sorted[place] <= position {
            position += 1;
            place += 1;
        }
        for later in (place..n_taken).rev() {
            sorted[later + 1] = sorted[later];
        }
        sorted[place] = position;
        picked.push(position);
    }
}

/// Room for as many positions as can be picked at once.
pub type Picked = [u32; MAX_DISTINCT];

/// What [`pick_distinct`] picks, in ascending order and in `room`.
pub fn sorted_distinct<'a>(draws: &mut Draws, n: u32, k: usize, room: &'a mut Picked) -> &'a [u32] {
    assert!(k <= MAX_DISTINCT, "at most {MAX_DISTINCT} positions are picked at once, not {k}");
    let mut words = [0; MAX_DISTINCT];
    let words = &mut words[..k.min(n as usize)];
    words.fill_with(|| draws.word());
    sorted_distinct_by(words, n, room)
}

/// [`sorted_distinct`] by words that are drawn already, one a position: at most `n` of them.
///
/// Where a position falls among those taken cannot be foreseen: all of them are asked.
#[inline]
pub fn sorted_distinct_by<'a>(words: &[u32], n: u32, room: &'a mut Picked) -> &'a [u32] {
    assert!(words.len() <= MAX_DISTINCT.min(n as usize), "a word too many");
    if n <= u64::BITS {
        picked_by_bits(words, n, room);
    } else {
        picked_by_places(words, n, room);
    }
    &room[..words.len()]
}

/// Lists whose positions are picked side by side.
pub const SIDE: usize = 8;

/// [`sorted_distinct_by`] for eight lists side by side: positions below `ns`, `picked.len()` for
/// each, by as many words for each. The i-th of all lists stand together, words and positions; a
/// list that is too short has [`u32::MAX`] at its end.
pub fn sorted_distinct_of(words: &[[u32; SIDE]], ns: &[u32; SIDE], picked: &mut [[u32; SIDE]]) {
    assert!(picked.len() <= words.len().min(MAX_DISTINCT), "a word each");
    simd::widest(Lists { words, ns, picked });
}

struct Lists<'a> {
    words: &'a [[u32; SIDE]],
    ns: &'a [u32; SIDE],
    picked: &'a mut [[u32; SIDE]],
}

impl Kernel for Lists<'_> {
    type Output = ();

    /// As [`picked_by_places`] does.
    #[inline(always)]
    fn run(self) {
        let Self { words, ns, picked } = self;
        for (n_taken, drawn) in (0..picked.len()).zip(words) {
            let i = n_taken as u32;
            let left: [u32; SIDE] = array::from_fn(|k| ns[k].max(i) - i);
            let mut moving: [u32; SIDE] = array::from_fn(|k| below(drawn[k], left[k]));
            let (taken, rest) = picked.split_at_mut(n_taken);
            for taken in &*taken {
                moving = array::from_fn(|k| moving[k] + u32::from(taken[k] <= moving[k]));
            }
            moving = array::from_fn(|k| if left[k] == 0 { u32::MAX } else { moving[k] });
            for taken in taken {
                let larger = array::from_fn(|k| taken[k].max(moving[k]));
                *taken = array::from_fn(|k| taken[k].min(moving[k]));
                moving = larger;
            }
            rest[0] = moving;
        }
    }
}

/// Of few positions, those taken are bits of a number.
#[inline]
fn picked_by_bits(words: &[u32], n: u32, room: &mut Picked) {
    let mut taken = 0_u64;
    for (left, word) in (0..=n).rev().zip(words) {
        let (mut position, mut rest) = (below(*word, left), taken);
        while rest != 0 {
            position += u32::from(rest.trailing_zeros() <= position);
            rest &= rest - 1;
        }
        taken |= 1 << position;
    }
    for place in &mut room[..words.len()] {
        *place = taken.trailing_zeros();
        taken &= taken - 1;
    }
}

/// Of many, they stand in order, and what is larger than a new one moves on.
fn picked_by_places(words: &[u32], n: u32, room: &mut Picked) {
    for (n_taken, word) in words.iter().enumerate() {
        let (taken, rest) = room.split_at_mut(n_taken);
        let pass = |position, taken: &u32| position + u32::from(*taken <= position);
        let mut moving = taken.iter().fold(below(*word, n - n_taken as u32), pass);
        for taken in taken {
            (*taken, moving) = ((*taken).min(moving), (*taken).max(moving));
        }
        rest[0] = moving;
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{N, draws, first, has_mass, is_chi_square, sample};
    use super::*;

    /// Chi-square, n = 10⁵, critical value at a false-alarm rate of 10⁻⁴ each.
    fn check_alias(weights: &[f64]) {
        let table = Alias::new(weights);
        let picks = sample("test/alias", |draws| u64::from(table.pick(draws.word(), draws.word())));
        let total: f64 = weights.iter().fold(0.0, |sum, weight| sum + weight);
        has_mass(picks, |k| weights.get(k as usize).map_or(0.0, |weight| weight / total));
    }

    #[test]
    fn alias_tables_pick_by_weight() {
        check_alias(&[3.0]);
        check_alias(&[1.0, 3.0]);
        check_alias(&[0.0, 1e-3, 5.0, 0.0, 2.0]);
        check_alias(&zipf_weights(128, 1.1));
        check_alias(&[1e300, 2e300, 1e290]);
    }

    /// The exact probability of every option, counted over columns.
    #[test]
    fn alias_tables_hold_each_probability_to_the_grid_of_a_word() {
        let weights: Vec<f64> = (0..1_000).map(|i| f64::from(i * 7_919 % 1_000)).collect();
        let mut shares = vec![0.0; weights.len()];
        for (own, column) in Alias::new(&weights).columns.iter().enumerate() {
            shares[own] += f64::from(column.threshold) / 4_294_967_296.0;
            shares[column.other as usize] += 1.0 - f64::from(column.threshold) / 4_294_967_296.0;
        }
        for (share, weight) in shares.iter().zip(&weights) {
            assert!((share - weight / 499.5).abs() < 1e-8 * (1.0 + share), "{share} {weight}");
        }
    }

    #[test]
    fn shares_are_rounded_up_to_the_grid_of_a_word() {
        let shares = (0..5_000).map(|k| f64::from(k) / 5_000.0);
        for share in shares.chain([1e-300, 1e-10, 0.5_f64.next_up(), 1.0_f64.next_down()]) {
            let bound = share * 4_294_967_296.0;
            let whole = bound as u64;
            let up = (whole + u64::from((whole as f64) < bound)).min(u64::from(u32::MAX));
            assert_eq!(u64::from(threshold(share)), up, "{share}");
        }
    }

    #[test]
    fn options_of_weight_zero_are_never_picked() {
        let table = Alias::new(&[0.0, 1.0, 0.0, 0.7, 1e-300]);
        for word0 in (0..=u32::MAX).step_by(1 << 24) {
            for word1 in [0, 1, 1 << 31, u32::MAX] {
                assert!(![0, 2].contains(&table.pick(word0, word1)));
            }
        }
        assert_eq!(table.n_options(), 5);
    }

    #[test]
    fn zipf_weights_fall_as_powers_of_the_rank() {
        assert_eq!(zipf_weights(4, 1.0), [1.0, 0.5, 1.0 / 3.0, 0.25]);
        assert_eq!(zipf_weights(3, 0.0), [1.0; 3]);
        assert!(zipf_weights(0, 1.0).is_empty());
    }

    /// All 60 ordered triples of 5 are equally likely: chi-square with 59 degrees,
    /// n = 10⁵, false alarm 10⁻⁴.
    #[test]
    fn ordered_picks_are_equally_likely() {
        let mut seen = [0_u32; 125];
        let mut picked = Vec::new();
        for entity in 0..N as u32 {
            pick_distinct(&mut draws("test/pick", entity), 5, 3, &mut picked);
            seen[(picked[0] * 25 + picked[1] * 5 + picked[2]) as usize] += 1;
        }
        let expected = N as f64 / 60.0;
        let part = |&n: &u32| (f64::from(n) - expected) * (f64::from(n) - expected) / expected;
        let possible = seen.iter().filter(|&&n| n > 0);
        assert_eq!(possible.clone().count(), 60);
        is_chi_square(possible.map(part).fold(0.0, |sum, part| sum + part), 59);
    }

    #[test]
    fn picks_are_distinct_below_the_bound_and_do_not_depend_on_how_many() {
        let (mut all, mut few) = (Vec::new(), Vec::new());
        for n in [0, 1, 2, 63, 64, 65, 1_000, u32::MAX] {
            pick_distinct(&mut draws("test/distinct", n), n, MAX_DISTINCT, &mut all);
            assert_eq!(all.len(), MAX_DISTINCT.min(n as usize));
            assert!(all.iter().all(|&position| position < n));
            pick_distinct(&mut draws("test/distinct", n), n, 5, &mut few);
            assert_eq!(few[..], all[..5.min(all.len())]);
            few.sort_unstable();
            let (draws, mut room) = (&mut draws("test/distinct", n), [0; MAX_DISTINCT]);
            assert_eq!(*sorted_distinct(draws, n, 5, &mut room), few);
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), MAX_DISTINCT.min(n as usize));
        }
    }

    #[test]
    fn picks_of_lists_side_by_side_are_those_of_each() {
        let ns = [0, 1, 2, 5, 63, 64, 1_000, u32::MAX];
        for (k, step) in [(0, 4), (1, 4), (5, 8), (8, 8), (64, 64)] {
            let mut draws = draws("test/lists", k as u32);
            let words: Vec<[u32; SIDE]> =
                (0..step).map(|_| array::from_fn(|_| draws.word())).collect();
            let (mut picked, mut room) = (vec![[7; SIDE]; k], [0; MAX_DISTINCT]);
            sorted_distinct_of(&words, &ns, &mut picked);
            for (list, n) in ns.into_iter().enumerate() {
                let words: Vec<u32> =
                    words.iter().take(k.min(n as usize)).map(|all| all[list]).collect();
                let alone = sorted_distinct_by(&words, n, &mut room).iter().copied();
                let ends = std::iter::repeat_n(u32::MAX, k - words.len());
                assert!(picked.iter().map(|all| all[list]).eq(alone.chain(ends)), "{k} of {n}");
            }
        }
    }

    #[test]
    fn picks_are_frozen() {
        let table = Alias::new(&zipf_weights(100, 0.9));
        assert_eq!(first(|draws| table.pick(draws.word(), draws.word())), [10, 0, 22, 3]);
        let mut picked = Vec::new();
        pick_distinct(&mut draws("test/golden", 42), 20, 8, &mut picked);
        assert_eq!(picked, [2, 1, 6, 18, 5, 0, 16, 10]);
    }
}
