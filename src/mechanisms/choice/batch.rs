//! Batches: alternatives that are weighed together, and which of them win.
//!
//! Noise and race times of a batch are made by wide loops. The operations on each number,
//! and their order, are those of weighing one alternative after the other.

use crate::quantity::math::quick_exp;
use crate::simd::{self, Kernel};

/// Alternatives weighed side by side: enough for wide loops, few enough for the nearest cache.
const FULL: usize = 192;

/// One alternative.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its exposure's position in the shard's list.
    pub place: u32,
    /// Who weighs it.
    pub consumer: u32,
    /// What is weighed.
    pub offer: u32,
    /// U alone at the exposure's price, a coupon included.
    pub utility: f64,
    /// What buying in the first other way gains before its hassle; −∞ where there is none.
    pub lure: f64,
    /// Mean hassle of that way.
    pub hassle: f64,
}

/// The exposures of one consumer to goods of one category.
#[derive(Clone, Copy)]
pub struct Situation {
    /// Who is in it.
    pub consumer: u32,
    /// What the goods are.
    pub category: u16,
    /// Whether a need of the category is open.
    pub need: bool,
    /// The row after its last.
    pub end: u32,
}

/// An alternative that wins its situation.
pub struct Winner {
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
    /// The alternatives.
    pub rows: Vec<Row>,
    /// The situations, each after the one before it in `rows`.
    pub situations: Vec<Situation>,
    /// An exponential number of each alternative, of the race; then its race time.
    pub times: Vec<f64>,
    /// An exponential number of each alternative, of its hassle.
    pub hassles: Vec<f64>,
    /// Race time of buying nothing, by situation.
    pub outside: Vec<f64>,
    /// What the best way of buying each gains over buying it alone, and that way.
    pub best: Vec<(f64, u8)>,
    /// −U in the best way.
    exponents: Vec<f64>,
    /// What is bought.
    pub winners: Vec<Winner>,
    /// A word for the priority of each.
    pub priorities: Vec<u32>,
}

/// Race times from exponential numbers and exponents −U: E·exp(−U).
struct Race<'a> {
    times: &'a mut [f64],
    exponents: &'a [f64],
}

impl Kernel for Race<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (time, exponent) in self.times.iter_mut().zip(self.exponents) {
            *time *= quick_exp(*exponent);
        }
    }
}

impl Batch {
    /// Whether it is time to decide.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() >= FULL
    }

    /// Whether there is nothing to decide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Empties it; its room stays.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.situations.clear();
    }

    /// (hassles) → the best of buying alone and in the first other way. Alone and in a team it
    /// is the same good, so that the way with the larger utility wins.
    pub fn weigh_ways(&mut self) {
        let Self { rows, hassles, best, .. } = self;
        best.clear();
        best.extend(rows.iter().zip(hassles).map(|(row, hassle)| {
            let more = row.lure - row.hassle * *hassle;
            if more > 0.0 { (more, 1) } else { (0.0, 0) }
        }));
    }

    /// (times, best) → race times.
    pub fn race(&mut self) {
        let Self { rows, times, best, exponents, .. } = self;
        exponents.clear();
        exponents.extend(rows.iter().zip(best).map(|(row, (gain, _))| -(row.utility + *gain)));
        simd::widest(Race { times, exponents });
    }

    /// The alternative with the smallest race time of each situation, where that is smaller
    /// than that of buying nothing; of equals the first.
    pub fn find_winners(&mut self) {
        let Self { rows, situations, times, outside, best, winners, .. } = self;
        winners.clear();
        let mut timed = times.iter().enumerate();
        let mut begin = 0;
        for (situation, &outside) in situations.iter().zip(&*outside) {
            let (mut least, mut first) = (outside, usize::MAX);
            for (k, &time) in timed.by_ref().take((situation.end - begin) as usize) {
                (least, first) = if time < least { (time, k) } else { (least, first) };
            }
            begin = situation.end;
            if let (Some(row), Some((_, variant))) = (rows.get(first), best.get(first)) {
                let (place, need) = (row.place, situation.need);
                winners.push(Winner { place, variant: *variant, need });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: u32, utility: f64, lure: f64) -> Row {
        Row { place, consumer: 0, offer: 0, utility, lure, hassle: 1.0 }
    }

    #[test]
    fn the_smallest_race_time_wins_in_the_better_way() {
        let situation = |end, need| Situation { consumer: 0, category: 0, need, end };
        let alone = f64::NEG_INFINITY;
        let mut batch = Batch {
            rows: vec![row(0, 0.0, alone), row(1, 0.0, 2.0), row(4, -9.0, 0.5), row(5, 1.0, alone)],
            situations: vec![situation(2, true), situation(3, false), situation(4, false)],
            times: vec![1.0, 1.0, 1.0, 1.0],
            hassles: vec![0.5; 4],
            outside: vec![0.9, 1.0, 0.9],
            ..Batch::default()
        };
        batch.weigh_ways();
        assert_eq!(batch.best, [(0.0, 0), (1.5, 1), (0.0, 0), (0.0, 0)]);
        batch.race();
        batch.find_winners();
        let won: Vec<_> = batch.winners.iter().map(|w| (w.place, w.variant, w.need)).collect();
        assert_eq!(won, [(1, 1, true), (5, 0, false)]);
        batch.clear();
        assert!(batch.is_empty() && !batch.is_full());
    }
}
