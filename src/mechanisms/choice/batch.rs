//! Batches: alternatives that are weighed together, and which of them win.
//!
//! Noise and race times of a batch are made by wide loops. The operations on each number,
//! and their order, are those of weighing one alternative after the other.

use super::{OUTSIDE, TASTE};
use crate::quantity::math::quick_exp;
use crate::quantity::time::Clock;
use crate::rng::Key;
use crate::rng::addressed::{Address, exponential_numbers, exponential_pairs};
use crate::simd::{self, Kernel};

/// Alternatives weighed side by side: enough for wide loops, few enough for the nearest cache.
const FULL: usize = 192;

/// One alternative.
#[derive(Clone, Copy, Default)]
pub struct Row {
    /// Who weighs it, and the offer.
    pub address: Address,
    /// U alone at the exposure's price, a coupon included.
    pub utility: f64,
    /// What buying in the first other way gains before its hassle; −∞ where there is none.
    pub lure: f64,
    /// Mean hassle of that way.
    pub hassle: f64,
    /// Its exposure's position in the shard's list.
    pub place: u32,
}

/// The exposures of one consumer to goods of one category.
#[derive(Clone, Copy)]
pub struct Situation {
    /// Who is in it, and the category.
    pub address: Address,
    /// The row after its last.
    pub end: u32,
    /// Whether a need of the category is open.
    pub need: bool,
}

/// An alternative that wins its situation.
#[derive(Clone, Copy)]
pub struct Winner {
    /// Who buys, and the offer.
    pub address: Address,
    /// Its exposure's position in the shard's list.
    pub place: u32,
    /// The way in which it is bought, 0 for alone.
    pub variant: u8,
    /// Whether a need of the category is open.
    pub need: bool,
}

/// Alternatives that are weighed together, and the situations they belong to.
#[derive(Default)]
pub struct Batch {
    /// Room for the alternatives, of which there are `n_rows`.
    room: Vec<Row>,
    n_rows: usize,
    /// The situations, each after the one before it in the rows.
    situations: Vec<Situation>,
    /// An exponential number of each alternative, of the race; then its race time.
    times: Vec<f64>,
    /// An exponential number of each alternative, of its hassle.
    hassles: Vec<f64>,
    /// Race time of buying nothing, by situation.
    outside: Vec<f64>,
    /// What the best way of buying each gains over buying it alone.
    gains: Vec<f64>,
    /// That way, 0 for alone.
    variants: Vec<u8>,
    /// Room for the rows that win, and whether their situation has a need.
    found: Vec<(u32, bool)>,
    /// What is bought.
    pub winners: Vec<Winner>,
    /// A word for the priority of each.
    pub priorities: Vec<u32>,
}

/// The best of buying alone and in the first other way. Alone and in a team it is the same
/// good, so that the way with the larger utility wins.
struct BestWays<'a> {
    rows: &'a [Row],
    hassles: &'a [f64],
    gains: &'a mut [f64],
    variants: &'a mut [u8],
}

impl Kernel for BestWays<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let best = self.gains.iter_mut().zip(self.variants);
        for ((row, hassle), (gain, variant)) in self.rows.iter().zip(self.hassles).zip(best) {
            let more = row.lure - row.hassle * *hassle;
            *gain = if more > 0.0 { more } else { 0.0 };
            *variant = u8::from(more > 0.0);
        }
    }
}

/// Race times from exponential numbers: E·exp(−U) in the best way.
struct Race<'a> {
    rows: &'a [Row],
    gains: &'a [f64],
    times: &'a mut [f64],
}

impl Kernel for Race<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((row, gain), time) in self.rows.iter().zip(self.gains).zip(self.times) {
            *time *= quick_exp(-(row.utility + gain));
        }
    }
}

impl Batch {
    /// Room for `n` more alternatives of one situation.
    #[inline]
    pub fn room(&mut self, n: usize) -> &mut [Row] {
        if self.room.len() < self.n_rows + n {
            self.grow(n);
        }
        &mut self.room[self.n_rows..self.n_rows + n]
    }

    #[cold]
    fn grow(&mut self, n: usize) {
        self.room.resize(self.n_rows + n.max(FULL), Row::default());
    }

    /// Keeps the first `n` alternatives that were put into the room.
    #[inline]
    pub fn keep(&mut self, n: usize) {
        self.n_rows += n;
    }

    /// Ends a situation.
    #[inline]
    pub fn close(&mut self, address: Address, need: bool) {
        self.situations.push(Situation { address, end: self.n_rows as u32, need });
    }

    /// Whether it is time to decide.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.n_rows >= FULL
    }

    /// Whether there is nothing to decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Empties it; its room stays.
    pub fn clear(&mut self) {
        self.n_rows = 0;
        self.situations.clear();
    }

    /// The alternatives, and what is found of each: what its best way gains, and that way.
    pub fn ways(&mut self) -> impl Iterator<Item = (&Row, (&mut f64, &mut u8))> {
        let best = self.gains.iter_mut().zip(&mut self.variants);
        self.room[..self.n_rows].iter().zip(best)
    }

    /// (rows, situations) → times, hassles, and the race times of buying nothing.
    pub fn draw(&mut self, key: Key, morning: Clock) {
        let Self { room, n_rows, situations, times, hassles, outside, .. } = self;
        let (rows, noise) = (&room[..*n_rows], (times, hassles));
        exponential_pairs((key, TASTE, morning), rows, |row| row.address, noise);
        exponential_numbers((key, OUTSIDE, morning), situations, |one| one.address, outside);
    }

    /// (hassles) → gains, variants.
    pub fn find_best_ways(&mut self) {
        let Self { room, n_rows, hassles, gains, variants, .. } = self;
        let rows = &room[..*n_rows];
        gains.resize(rows.len(), 0.0);
        variants.resize(rows.len(), 0);
        simd::widest(BestWays { rows, hassles, gains, variants });
    }

    /// (times, gains) → race times.
    pub fn race(&mut self) {
        let Self { room, n_rows, gains, times, .. } = self;
        let rows = &room[..*n_rows];
        simd::widest(Race { rows, gains, times });
    }

    /// The alternative with the smallest race time of each situation, where that is smaller
    /// than that of buying nothing; of equals the first. Which wins cannot be foretold, so that
    /// nothing branches on it: what does not win is written too, and then overwritten.
    pub fn find_winners(&mut self) {
        const NOTHING: u32 = u32::MAX;
        let Self { situations, outside, times, found, .. } = self;
        if found.len() <= situations.len() {
            found.resize(situations.len() + 1, (0, false));
        }
        let (mut begin, mut n) = (0, 0);
        for (situation, &outside) in situations.iter().zip(&*outside) {
            let (mut least, mut first) = (outside, NOTHING);
            for (k, &time) in (begin..).zip(&times[begin as usize..situation.end as usize]) {
                (least, first) = if time < least { (time, k) } else { (least, first) };
            }
            begin = situation.end;
            found[n] = (first, situation.need);
            n += usize::from(first != NOTHING);
        }
        self.list_winners(n);
    }

    fn list_winners(&mut self, n: usize) {
        let Self { room, variants, found, winners, .. } = self;
        winners.clear();
        winners.extend(found[..n].iter().map(|&(row, need)| {
            let (Row { address, place, .. }, variant) =
                (room[row as usize], variants[row as usize]);
            Winner { address, place, variant, need }
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: u32, utility: f64, lure: f64) -> Row {
        Row { place, utility, lure, hassle: 1.0, ..Row::default() }
    }

    #[test]
    fn the_smallest_race_time_wins_in_the_better_way() {
        let alone = f64::NEG_INFINITY;
        let rows = [row(0, 0.0, alone), row(1, 0.0, 2.0), row(4, -9.0, 0.5), row(5, 1.0, alone)];
        let mut batch = Batch::default();
        for (rows, need) in [(&rows[..2], true), (&rows[2..3], false), (&rows[3..], false)] {
            batch.room(3)[..rows.len()].copy_from_slice(rows);
            batch.keep(rows.len());
            batch.close(Address::default(), need);
        }
        (batch.times, batch.hassles) = (vec![1.0; 4], vec![0.5; 4]);
        batch.outside = vec![0.9, 1.0, 0.9];
        batch.find_best_ways();
        assert_eq!(
            (&batch.gains[..], &batch.variants[..]),
            (&[0.0, 1.5, 0.0, 0.0][..], &[0, 1, 0, 0][..])
        );
        batch.race();
        batch.find_winners();
        let won: Vec<_> = batch.winners.iter().map(|w| (w.place, w.variant, w.need)).collect();
        assert_eq!(won, [(1, 1, true), (5, 0, false)]);
        batch.clear();
        assert!(batch.is_empty() && !batch.is_full());
    }
}
