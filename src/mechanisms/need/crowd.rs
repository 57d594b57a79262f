//! The habits of many consumers at once, as [`Habits::draw`] draws them one by one.
//!
//! Of every gamma number the first trial is worked out for all of them, column by column. Nineteen in
//! twenty are taken; whose is not, and who has numbers so far out that the wide functions do not
//! reach them, gets no number here and is drawn alone.

use super::habits::{Habits, LEAST_LAPSE};
use super::{LAPSE_RATE, Parameters, RATE};
use crate::population::People;
use crate::quantity::time::Clock;
use crate::quantity::wide;
use crate::rng::lanes::long_words;
use crate::rng::normals::normals;
use crate::rng::{Key, Stream, unit};
use crate::simd::{self, Kernel};

/// Room in which habits are drawn, a column each.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    words: Vec<u32>,
    normals: Vec<f64>,
    /// What a trial is decided by.
    limits: Vec<f64>,
    /// What a number of a shape below 1 is multiplied by a power of.
    factors: Vec<f64>,
    /// Logarithms of the gamma numbers: of the rate, and the two of lapsing.
    logs: [Vec<f64>; 3],
    /// What a consumer's segment says: income, and what it adds to the log-odds of lapsing.
    incomes: Vec<f64>,
    shifts: Vec<f64>,
}

/// Gamma numbers of one shape: the first of their words within a row, and words of a row.
#[derive(Clone, Copy)]
struct Numbers {
    shape: f64,
    first: usize,
    row: usize,
}

impl Numbers {
    /// Words that are used where the first trial is taken.
    fn used(self) -> usize {
        2 + usize::from(self.shape < 1.0)
    }
}

impl Crowd {
    /// Whether habits are made here: of the usual shapes.
    pub(super) fn suits(p: &Parameters) -> bool {
        p.rate_shape < 1.0 && p.lapse_a > 0.0 && (p.lapse_a < 1.0 || p.lapse_b < 1.0)
    }

    /// Draws the habits of some consumers; [`Habits::UNKNOWN`] for those who are to be drawn alone.
    pub(super) fn draw(
        &mut self,
        p: &Parameters,
        (key, people): (Key, &People),
        consumers: impl Iterator<Item = u32> + Clone,
        mut put: impl FnMut(Habits),
    ) {
        if consumers.clone().next().is_none() {
            return;
        }
        let rate = Numbers { shape: p.rate_shape, first: 0, row: 4 };
        self.draw_words(key, RATE, rate.row, consumers.clone());
        self.find_logs(rate, 0);
        let first = Numbers { shape: p.lapse_a, first: 0, row: 8 };
        let second = Numbers { shape: p.lapse_b, first: first.used(), row: 8 };
        self.draw_words(key, LAPSE_RATE, first.row, consumers.clone());
        self.find_logs(first, 1);
        self.find_logs(second, 2);
        let Self { logs: [rates, odds, others], incomes, shifts, .. } = self;
        incomes.clear();
        shifts.clear();
        for consumer in consumers {
            let segment = people.of(consumer);
            incomes.push(segment.income);
            shifts.push(segment.lapse_shift);
        }
        simd::widest(Rates { p, incomes, rates });
        simd::widest(Odds { shifts, odds, others });
        for (&rate, &odds) in rates.iter().zip(&*odds) {
            let is_open = rate.is_nan() || odds.is_nan();
            let drawn = Habits { rate: rate as f32, lapse_odds: odds as f32 };
            put(if is_open { Habits::UNKNOWN } else { drawn });
        }
    }

    /// Draws the first words of everybody, so many each.
    fn draw_words(
        &mut self,
        key: Key,
        stream: Stream,
        row: usize,
        consumers: impl Iterator<Item = u32>,
    ) {
        let addresses = consumers.map(|consumer| (consumer, 0));
        let blocks = row as u32 / 4;
        long_words(key, stream, Clock::default(), blocks, addresses, &mut self.words);
    }

    /// Finds the logarithms of gamma numbers by the words that were drawn; what is no number is
    /// left open.
    fn find_logs(&mut self, numbers: Numbers, which: usize) {
        let Self { words, normals: drawn, limits, factors, logs, .. } = self;
        let column = |k: usize| words[k.min(words.len())..].iter().step_by(numbers.row).copied();
        let has_power = numbers.shape < 1.0;
        let trial = numbers.first + usize::from(has_power);
        normals(column(trial), drawn);
        limits.clear();
        limits.extend(column(trial + 1).map(unit));
        let shape = if has_power { numbers.shape + 1.0 } else { numbers.shape };
        let logs = &mut logs[which];
        logs.clear();
        logs.resize(limits.len(), 0.0);
        simd::widest(FirstTrials { shape, normals: drawn, limits, logs });
        if has_power {
            factors.clear();
            factors.extend(column(numbers.first).map(unit));
            simd::widest(Powers { shape: numbers.shape, factors, logs });
        }
    }
}

/// The first trials of Marsaglia and Tsang's method, of a shape of 1 and above: the logarithms of
/// the numbers that are taken.
struct FirstTrials<'a> {
    shape: f64,
    normals: &'a [f64],
    limits: &'a [f64],
    logs: &'a mut [f64],
}

impl Kernel for FirstTrials<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let d = self.shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        for ((log, z), u) in self.logs.iter_mut().zip(self.normals).zip(self.limits) {
            let root = 1.0 + c * z;
            let v = root * root * root;
            let square = z * z;
            let number = wide::ln(d * v);
            let at_sight = *u < 1.0 - 0.0331 * square * square;
            let at_last = wide::ln(*u) < 0.5 * square + d * (1.0 - v + wide::ln(v));
            let is_taken = (root > 0.0) & (at_sight | at_last);
            *log = if is_taken { number } else { f64::NAN };
        }
    }
}

/// What makes numbers of a shape one higher into those of a shape below 1.
struct Powers<'a> {
    shape: f64,
    factors: &'a [f64],
    logs: &'a mut [f64],
}

impl Kernel for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (log, factor) in self.logs.iter_mut().zip(self.factors) {
            *log += wide::ln(*factor) / self.shape;
        }
    }
}

/// Makes rates of the logarithms of gamma numbers.
struct Rates<'a> {
    p: &'a Parameters,
    incomes: &'a [f64],
    rates: &'a mut [f64],
}

impl Kernel for Rates<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Parameters { rate_shape, needs_per_day, .. } = *self.p;
        for (rate, income) in self.rates.iter_mut().zip(self.incomes) {
            let spread = exp(*rate) / rate_shape;
            *rate = needs_per_day * income * spread;
        }
    }
}

/// Makes log-odds of lapsing of the logarithms of two gamma numbers each.
struct Odds<'a> {
    shifts: &'a [f64],
    odds: &'a mut [f64],
    others: &'a [f64],
}

impl Kernel for Odds<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((odds, other), shift) in self.odds.iter_mut().zip(self.others).zip(self.shifts) {
            let lapse = 1.0 / (1.0 + exp(-(*odds - other)));
            let is_open = lapse.is_nan();
            let lapse = lapse.clamp(LEAST_LAPSE, 1.0 - LEAST_LAPSE);
            let found = wide::ln(lapse / (1.0 - lapse)) + shift;
            *odds = if is_open { f64::NAN } else { found };
        }
    }
}

/// The exponential function; no number where that is not known.
#[inline(always)]
fn exp(x: f64) -> f64 {
    let e = wide::exp(x);
    if x.abs() <= wide::MOST_EXPONENT { e } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Parameters as Population, Segment};

    #[test]
    fn habits_of_many_are_those_of_each() {
        let segment = |income, lapse_shift| Segment { income, lapse_shift, ..Segment::default() };
        let segments = [segment(0.7, 0.3), segment(1.9, -0.2)];
        let key = Key::new(11, 2);
        let people = People::draw(3_000, &Population::default(), &segments, key);
        for (rate_shape, lapse_a, lapse_b) in
            [(0.243, 0.1, 2.426), (0.9, 0.6, 0.4), (0.01, 2.0, 0.2)]
        {
            let p = Parameters { rate_shape, lapse_a, lapse_b, ..Parameters::default() };
            assert!(Crowd::suits(&p));
            let mut drawn = Vec::new();
            Crowd::default().draw(&p, (key, &people), 0..3_000, |habits| drawn.push(habits));
            let known = drawn.iter().filter(|habits| habits.are_known()).count();
            assert!(known > 2_000 && drawn.len() == 3_000, "{known} of {}", drawn.len());
            for (consumer, habits) in (0..).zip(drawn).filter(|(_, habits)| habits.are_known()) {
                assert_eq!(habits, Habits::draw(&p, (key, &people), consumer), "{consumer}");
            }
        }
    }
}
