//! Batches: situations that are weighed together, and what wins in each.
//!
//! What is known of an alternative stands in columns. Noise and race times of a batch are made
//! by wide loops; the operations on each number, and their order, are those of weighing one
//! alternative after the other.

use super::whole::{Extent, Situation, facts_of};
use super::{OUTSIDE, TASTE};
use crate::market::message::Exposure;
use crate::market::platform::is_considered;
use crate::quantity::math::quick_exp;
use crate::quantity::time::Clock;
use crate::rng::Key;
use crate::rng::addressed::{Address, N_SIDE, exponential_numbers, exponential_pairs};
use crate::simd::{self, Kernel, prefetch_known};

/// Alternatives weighed side by side: of 96, 128, 192 and 320 the largest was fastest at a million
/// consumers.
const FULL: usize = 320;

/// Situations ahead whose consumers' rows are asked for: about as many as the processor can wait
/// for at a time.
const AHEAD: usize = 16;

/// Exposures ahead of the one that is read that are asked for.
const FURTHER: usize = 2 * AHEAD;

/// Winners ahead whose offers are asked for: their rows were read when the batch was weighed, and
/// much has been read since.
const NEXT: usize = 8;

/// The lure of a way of buying that there is not: it gains less than any other.
pub const NO_LURE: f64 = f64::NEG_INFINITY;

/// One alternative.
#[derive(Clone, Copy)]
pub struct Row {
    /// Who weighs it, and the offer.
    pub address: Address,
    /// U alone at the exposure's price, a coupon included.
    pub utility: f64,
    /// What buying in the first other way gains before its hassle; [`NO_LURE`] where there is
    /// none.
    pub lure: f64,
}

impl Row {
    /// Of an exposure that is no alternative of its own: its race takes for ever, so that it
    /// never wins.
    #[inline]
    #[must_use]
    pub fn idle(address: Address) -> Self {
        Self { address, utility: f64::NEG_INFINITY, lure: NO_LURE }
    }
}

/// The columns of a batch's alternatives, while they are filled: a row for each exposure of its
/// situations, in their order.
pub struct Rows<'a> {
    addresses: &'a mut [Address],
    utilities: &'a mut [f64],
    lures: &'a mut [f64],
    /// Mean hassle of the first other way.
    hassles: &'a mut [f64],
}

impl Rows<'_> {
    /// Fills a row, but for its hassle.
    #[inline(always)]
    pub fn put(&mut self, at: usize, row: Row) {
        (self.addresses[at], self.utilities[at], self.lures[at]) =
            (row.address, row.utility, row.lure);
    }

    /// Sets the mean hassle of `n` rows from `at` on.
    #[inline]
    pub fn set_hassle(&mut self, at: usize, n: usize, hassle: f64) {
        self.hassles[at..at + n].fill(hassle);
    }

    /// Sets the mean hassle of all rows.
    #[inline]
    pub fn set_hassles(&mut self, hassle: f64) {
        self.hassles.fill(hassle);
    }

    /// The same rows, to be filled by somebody else.
    #[inline(always)]
    #[must_use]
    pub fn lent(&mut self) -> Rows<'_> {
        let Self { addresses, utilities, lures, hassles } = self;
        Rows { addresses, utilities, lures, hassles }
    }
}

/// An alternative that wins its situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winner {
    /// Its exposure's position in the shard's list.
    pub place: usize,
    /// The way in which it is bought, 0 for alone.
    pub variant: u8,
    /// Whether a need of the category is open.
    pub need: bool,
}

/// Situations that are weighed together, and their alternatives.
#[derive(Default)]
pub struct Batch {
    /// Room for the situations, of which there are `n_situations`.
    situations: Vec<Situation>,
    n_situations: usize,
    /// Rows that are in use of the columns below.
    n_rows: usize,
    addresses: Vec<Address>,
    utilities: Vec<f64>,
    lures: Vec<f64>,
    hassles: Vec<f64>,
    /// An exponential number of each alternative, of the race; then its race time.
    times: Vec<f64>,
    /// An exponential number of each alternative, of its hassle; then what the best way of
    /// buying gains over buying alone.
    gains: Vec<f64>,
    /// That way, where it gains anything.
    variants: Vec<u8>,
    /// Race time of buying nothing, by situation.
    outside: Vec<f64>,
    /// Room for what wins, row and situation, of which there are `n_found`.
    found: Vec<[u32; 2]>,
    n_found: usize,
    /// A word for the priority of each.
    pub priorities: Vec<u32>,
}

/// The best of buying alone and in the first other way. Alone and in a team it is the same
/// good, so that the way with the larger utility wins.
struct BestWays<'a> {
    lures: &'a [f64],
    hassles: &'a [f64],
    gains: &'a mut [f64],
}

impl Kernel for BestWays<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((lure, hassle), gain) in self.lures.iter().zip(self.hassles).zip(self.gains) {
            let more = lure - hassle * *gain;
            *gain = if more > 0.0 { more } else { 0.0 };
        }
    }
}

/// Race times from exponential numbers: E·exp(−U) in the best way.
struct Race<'a> {
    utilities: &'a [f64],
    gains: &'a [f64],
    times: &'a mut [f64],
}

impl Kernel for Race<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((utility, gain), time) in self.utilities.iter().zip(self.gains).zip(self.times) {
            *time *= quick_exp(-(utility + gain));
        }
    }
}

impl Batch {
    /// Takes the situations of a list from `place` on until there are enough; returns the place
    /// after them. What will be needed is asked for: with `touch.0` of the consumer of a situation
    /// that is among the first few, with `touch.1` of the offers. Most have a single exposure.
    #[inline(always)]
    pub fn read(
        &mut self,
        list: &[Exposure],
        mut place: usize,
        touch: (impl Fn(&Exposure), impl Fn(&Exposure)),
    ) -> usize {
        if self.situations.is_empty() {
            self.situations.resize(FULL + AHEAD, Situation::default());
        }
        let situations = &mut self.situations[..FULL];
        let (mut n, mut n_rows, mut rest) = (0, 0, &list[place..]);
        while n_rows < FULL
            && let [first, later @ ..] = rest
        {
            // Exposures are read once, so that the processor sees too late where they go on.
            prefetch_known(rest, FURTHER);
            let (length, facts);
            if later.first().is_none_or(|next| !next.is_weighed_with(first)) {
                rest = later;
                if !is_considered(first) {
                    place += 1;
                    continue;
                }
                touch.1(first);
                (length, facts) = (1, facts_of(first));
            } else {
                let extent = Extent::of_several(rest, &touch.1);
                (length, facts, rest) =
                    (extent.length, extent.facts, &rest[extent.length as usize..]);
                if !extent.is_considered {
                    place += length as usize;
                    continue;
                }
            }
            if n < AHEAD {
                touch.0(first);
            }
            situations[n] = Situation::of(first, (place, n_rows), length, facts);
            let length = length as usize;
            (n, n_rows, place) = (n + 1, n_rows + length, place + length);
        }
        (self.n_situations, self.n_rows) = (n, n_rows);
        if n_rows > self.addresses.len() {
            self.grow();
        }
        place
    }

    /// Makes room for all rows.
    #[cold]
    fn grow(&mut self) {
        let n = padded(self.n_rows).max(FULL);
        self.addresses.resize(n, Address::default());
        self.variants.resize(n, 0);
        self.outside.resize(n, 0.0);
        self.found.resize(n + 1 + NEXT, [0; 2]);
        let Self { utilities, lures, hassles, times, gains, .. } = self;
        for column in [utilities, lures, hassles, times, gains] {
            column.resize(n, 0.0);
        }
    }

    /// Whether there is nothing to decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// The situations, each with a later one (any, where there is none), and the rows to be
    /// filled.
    #[inline(always)]
    pub fn open(&mut self) -> (impl Iterator<Item = (&Situation, &Situation)>, Rows<'_>) {
        let (situations, n) = (&self.situations[..self.n_situations + AHEAD], self.n_rows);
        let rows = Rows {
            addresses: &mut self.addresses[..n],
            utilities: &mut self.utilities[..n],
            lures: &mut self.lures[..n],
            hassles: &mut self.hassles[..n],
        };
        (situations.array_windows::<{ AHEAD + 1 }>().map(|some| (&some[0], &some[AHEAD])), rows)
    }

    /// Draws the race times of buying nothing.
    pub fn draw_outside(&mut self, key: Key, morning: Clock) {
        let situations = &self.situations[..self.n_situations];
        let of = (key, OUTSIDE, morning);
        exponential_numbers(of, situations, |one| one.address, &mut self.outside);
    }

    /// → times, where everything is bought alone.
    pub fn draw_alone(&mut self, key: Key, morning: Clock) {
        let addresses = &self.addresses[..self.n_rows];
        let of = (key, TASTE, morning);
        exponential_numbers(of, addresses, |address| *address, &mut self.times);
        self.gains[..self.n_rows].fill(0.0);
    }

    /// → times, gains in the better of buying alone and in the first other way.
    pub fn draw_ways(&mut self, key: Key, morning: Clock) {
        let Self { n_rows, addresses, lures, hassles, times, gains, variants, .. } = self;
        let of = (key, TASTE, morning);
        exponential_pairs(of, &addresses[..*n_rows], |address| *address, (times, gains));
        let n = padded(*n_rows);
        find_best_ways((&lures[..n], &hassles[..n]), &mut gains[..n]);
        variants[..*n_rows].fill(1);
    }

    /// The alternatives that have other ways of buying: each one's position in the shard's list,
    /// what its best way gains, and that way.
    pub fn ways(&mut self) -> impl Iterator<Item = (usize, (&mut f64, &mut u8))> {
        let situations = self.situations[..self.n_situations].iter();
        let places = situations.flat_map(|one| std::iter::repeat_n(one, one.length as usize));
        let best = self.gains.iter_mut().zip(&mut self.variants);
        let rows = places.enumerate().zip(&self.lures).zip(best);
        rows.filter(|((_, lure), _)| **lure != NO_LURE)
            .map(|(((row, one), _), best)| (one.place(row), best))
    }

    /// (times, gains) → race times.
    pub fn race(&mut self) {
        let Self { n_rows, utilities, gains, times, .. } = self;
        let n = padded(*n_rows);
        let (utilities, gains, times) = (&utilities[..n], &gains[..n], &mut times[..n]);
        simd::widest(Race { utilities, gains, times });
    }

    /// The alternative with the smallest race time of each situation, where that is smaller
    /// than that of buying nothing; of equals the first. Which wins cannot be foretold, so that
    /// nothing branches on it: what does not win is written too, and then overwritten.
    #[inline(never)]
    pub fn find_winners(&mut self) {
        const NOTHING: u32 = u32::MAX;
        let Self { situations, n_situations, outside, times, found, .. } = self;
        let (mut times, mut begin, mut n) = (&times[..], 0, 0);
        let situations = situations[..*n_situations].iter().zip(&outside[..*n_situations]);
        for ((situation, &outside), number) in situations.zip(0_u32..) {
            // Most have a single alternative.
            if situation.length == 1 {
                let [one, later @ ..] = times else { break };
                found[n] = [begin, number];
                n += usize::from(*one < outside);
                (times, begin) = (later, begin + 1);
                continue;
            }
            let (all, later) = times.split_at(situation.length as usize);
            let (mut least, mut first) = (outside, NOTHING);
            for (&time, row) in all.iter().zip(begin..) {
                (least, first) = if time < least { (time, row) } else { (least, first) };
            }
            found[n] = [first, number];
            n += usize::from(first != NOTHING);
            (times, begin) = (later, begin + situation.length);
        }
        self.n_found = n;
    }

    /// How many situations end in an order.
    #[must_use]
    pub fn n_found(&self) -> usize {
        self.n_found
    }

    /// What is bought. The offers of later winners are told to `touch`, which may ask for them.
    #[inline(always)]
    pub fn winners(&self, touch: impl Fn(u32)) -> impl ExactSizeIterator<Item = Winner> {
        let Self { situations, found, n_found, gains, variants, addresses, .. } = self;
        // Behind the last winner stands what was of no account.
        found[..*n_found].iter().zip(&found[NEXT..]).map(move |(&[row, situation], &[later, _])| {
            if let Some(address) = addresses.get(later as usize) {
                touch(address.item());
            }
            let (row, situation) = (row as usize, &situations[situation as usize]);
            let variant = if gains[row] > 0.0 { variants[row] } else { 0 };
            Winner { place: situation.place(row), variant, need: situation.has_need() }
        })
    }
}

/// Rows that are worked on for so many: no loop has a rest to do one by one.
fn padded(n_rows: usize) -> usize {
    n_rows.div_ceil(N_SIDE) * N_SIDE
}

/// (lures, hassles, an exponential number each) → gains.
fn find_best_ways((lures, hassles): (&[f64], &[f64]), gains: &mut [f64]) {
    simd::widest(BestWays { lures, hassles, gains });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_race_time_wins_in_the_better_way() {
        let exposure = |to, offer| Exposure { category: 0, offer, ..Exposure::new(to, 0, 1) };
        let list = [(0, 1), (0, 2), (1, 1), (2, 1), (2, 2)].map(|(to, offer)| exposure(to, offer));
        let mut batch = Batch::default();
        assert_eq!(
            (batch.read(&list, 0, (|_: &Exposure| (), |_: &Exposure| ())), batch.is_empty()),
            (5, false)
        );
        let alone = NO_LURE;
        let rows = [(0.0, alone), (0.0, 2.0), (-9.0, 0.5), (1.0, alone)];
        let (situations, mut columns) = batch.open();
        assert_eq!(situations.map(|(one, _)| one.length).collect::<Vec<_>>(), [2, 1, 2]);
        let address = Address::default();
        columns.lent().set_hassles(1.0);
        columns.set_hassle(4, 1, 7.0);
        for (at, (utility, lure)) in rows.into_iter().enumerate() {
            columns.put(at, Row { address, utility, lure });
        }
        columns.put(4, Row::idle(address));
        batch.times[..5].fill(1.0);
        batch.gains[..5].fill(0.5);
        batch.variants[..5].fill(1);
        batch.outside[..3].copy_from_slice(&[0.9, 1.0, 0.9]);
        find_best_ways((&batch.lures[..5], &batch.hassles[..5]), &mut batch.gains);
        assert_eq!(batch.gains[..5], [0.0, 1.5, 0.0, 0.0, 0.0]);
        assert_eq!(batch.ways().map(|(place, _)| place).collect::<Vec<_>>(), [1, 2]);
        batch.race();
        assert!(batch.times[4] > 1e300);
        batch.find_winners();
        let won: Vec<_> = batch.winners(|_| ()).collect();
        let winner = |place, variant| Winner { place, variant, need: false };
        assert_eq!(won, [winner(1, 1), winner(3, 0)]);
    }
}
