//! Statistics over replicates: means with 95 % t-intervals, quantiles, paired differences.
//!
//! With n values x_i the mean is x̄ = x_1 + Σ(x_i − x_1)/n (exact for equal values),
//! the standard deviation s has Bessel's correction, and the interval is
//! x̄ ± t·s/√n with t the 97.5 % quantile of Student's t with n − 1 degrees of
//! freedom (Student 1908). Quantiles are those of type 7 (Hyndman & Fan 1996,
//! doi:10.1080/00031305.1996.10473566). Arms of one replicate share their draws,
//! so that arms are compared by the differences within replicates. Sums run in
//! the order given, which callers keep by replicate.
//!
//! A t-interval trusts the mean to be about normal. Where at least [`FEWEST_FOR_SKEW`]
//! differences have a skewness beyond ±[`SKEWED`], the interval of
//! [`crate::output::bootstrap`] is the one to read.
//!
//! Every interval stands for itself: of twenty metrics that do not differ, one is
//! expected to look separated.

use crate::output::bootstrap;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// From this skewness on a law counts as highly skewed (Bulmer 1979, Principles of Statistics).
pub const SKEWED: f64 = 1.0;
/// Fewer values tell too little of their law's shape to look at its skewness.
pub const FEWEST_FOR_SKEW: usize = 10;
/// The chance by which a difference is to be told from 0 in [`replicates_needed`].
pub const POWER: f64 = 0.8;
/// More replicates than anybody runs; larger needs are not told.
const MOST_NEEDED: u64 = 1_000_000;

/// Mean and spread; what is undefined for so few values is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    /// Number of values.
    pub n: usize,
    /// Mean, from one value on.
    pub mean: Option<f64>,
    /// Standard deviation (n − 1), from two values on.
    pub sd: Option<f64>,
    /// 95 % interval of the mean (lower, upper), from two values on.
    pub ci95: Option<(f64, f64)>,
}

impl Moments {
    /// Half the width of the interval.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        self.ci95.map(|(low, high)| (high - low) / 2.0)
    }
}

/// A sample's moments and quantiles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Number, mean, standard deviation, interval.
    pub moments: Moments,
    /// Smallest value, 10 %, 50 % and 90 % quantile, largest value.
    pub quantiles: Option<[f64; 5]>,
}

/// The levels of [`Sample::quantiles`].
pub const LEVELS: [f64; 5] = [0.0, 0.1, 0.5, 0.9, 1.0];

/// An arm compared with the baseline, replicate by replicate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paired {
    /// Mean of the baseline over the pairs.
    pub baseline_mean: Option<f64>,
    /// Mean of the arm over the pairs.
    pub arm_mean: Option<f64>,
    /// Moments of the differences arm − baseline.
    pub difference: Moments,
    /// Mean difference by the size of the baseline's mean; none where that is 0.
    pub relative_difference: Option<f64>,
    /// Share of pairs in which the arm's value is higher; ties count half.
    pub pairs_higher_share: Option<f64>,
    /// Whether the interval to be read excludes 0.
    pub separated: Option<bool>,
    /// Skewness of the differences.
    pub skewness: Option<f64>,
    /// 95 % bootstrap interval of the mean difference.
    pub bootstrap95: Option<(f64, f64)>,
    /// Which interval is to be read.
    pub interval: Interval,
    /// What the variance of the difference of two means would be if arms did not share
    /// draws, by what it is: (s²_baseline + s²_arm) / s²_difference. None where that is 0.
    pub pairing_gain: Option<f64>,
    /// See [`replicates_needed`].
    pub replicates_needed: Option<u64>,
}

/// How the interval to be read was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interval {
    /// Student's t.
    #[default]
    T,
    /// The bootstrap, as the differences are skewed.
    Bootstrap,
}

impl Interval {
    /// The word in the tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::T => "t",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl Paired {
    /// The 95 % interval of the mean difference that is to be read.
    #[must_use]
    pub fn ci95(&self) -> Option<(f64, f64)> {
        match self.interval {
            Interval::T => self.difference.ci95,
            Interval::Bootstrap => self.bootstrap95,
        }
    }

    /// Half the width of that interval.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        self.ci95().map(|(low, high)| (high - low) / 2.0)
    }
}

/// A quantile of Student's t, to nine decimals.
///
/// Rounded because the library goes through the platform's logarithm, whose last
/// bit differs between machines, and the tables must not.
#[must_use]
pub fn t_quantile(p: f64, freedom: usize) -> f64 {
    let t = StudentsT::new(0.0, 1.0, freedom as f64).map_or(f64::NAN, |t| t.inverse_cdf(p));
    (t * 1e9).round() / 1e9
}

/// Mean, relative to the first value, so that equal values have exactly that mean.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    let mut sum = 0.0;
    for x in values {
        sum += x - first;
    }
    Some(first + sum / values.len() as f64)
}

/// Number, mean, standard deviation and interval of finite values.
#[must_use]
pub fn moments(values: &[f64]) -> Moments {
    let n = values.len();
    let Some(mean) = mean(values) else {
        return Moments::default();
    };
    if n < 2 {
        return Moments { n, mean: Some(mean), ..Moments::default() };
    }
    let mut squares = 0.0;
    for x in values {
        squares += (x - mean) * (x - mean);
    }
    let sd = (squares / (n - 1) as f64).sqrt();
    let half = t_quantile(0.975, n - 1) * sd / (n as f64).sqrt();
    Moments { n, mean: Some(mean), sd: Some(sd), ci95: Some((mean - half, mean + half)) }
}

/// The quantile of type 7 of ascending values: linear between the ranks (n − 1)·p.
#[must_use]
pub fn quantile(ascending: &[f64], p: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let rank = p * last as f64;
    let below = (rank.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = rank - below as f64;
    Some(ascending[below] + part * (ascending[above] - ascending[below]))
}

/// Moments and quantiles of finite values.
#[must_use]
pub fn sample(values: &[f64]) -> Sample {
    let mut ascending = values.to_vec();
    ascending.sort_by(f64::total_cmp);
    let at = |p| quantile(&ascending, p);
    let [min, p10, p50, p90, max] = LEVELS.map(at);
    let quantiles = min.zip(p10).zip(p50).zip(p90).zip(max);
    Sample {
        moments: moments(values),
        quantiles: quantiles.map(|((((a, b), c), d), e)| [a, b, c, d, e]),
    }
}

/// Compares pairs (baseline, arm) of finite values, in the order of replicates.
#[must_use]
pub fn paired(pairs: &[(f64, f64)]) -> Paired {
    let baseline: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let arm: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let differences: Vec<f64> = pairs.iter().map(|pair| pair.1 - pair.0).collect();
    let difference = moments(&differences);
    let baseline_mean = mean(&baseline);
    let relative = difference.mean.zip(baseline_mean).map(|(d, base)| d / base.abs());
    let skewness = skewness(&differences);
    let bootstrap95 = bootstrap::mean_interval(&differences);
    let skewed = bootstrap95.is_some() && skewness.is_some_and(|g| g.abs() > SKEWED);
    let interval = if skewed { Interval::Bootstrap } else { Interval::T };
    let read = if skewed { bootstrap95 } else { difference.ci95 };
    Paired {
        baseline_mean,
        arm_mean: mean(&arm),
        difference,
        relative_difference: relative.filter(|x| x.is_finite()),
        pairs_higher_share: higher_share(&differences),
        separated: read.map(|(low, high)| low > 0.0 || high < 0.0),
        skewness,
        bootstrap95,
        interval,
        pairing_gain: pairing_gain(&moments(&baseline), &moments(&arm), &difference),
        replicates_needed: difference.mean.zip(difference.sd).and_then(replicates_needed),
    }
}

/// The skewness m₃ / m₂^(3/2) of at least three values that are not all equal.
#[must_use]
pub fn skewness(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for x in values {
        let d = x - mean;
        squares += d * d;
        cubes += d * d * d;
    }
    let n = values.len() as f64;
    let skewness = cubes / n / (squares / n * (squares / n).sqrt());
    Some(skewness).filter(|g| values.len() > 2 && g.is_finite())
}

fn pairing_gain(baseline: &Moments, arm: &Moments, difference: &Moments) -> Option<f64> {
    let unpaired = baseline.sd? * baseline.sd? + arm.sd? * arm.sd?;
    Some(unpaired / (difference.sd? * difference.sd?)).filter(|gain| gain.is_finite())
}

/// The fewest replicates n by which a mean difference of this size and standard deviation
/// is told from 0 with probability [`POWER`]: √n·|d|/s ≥ t(0.975, n − 1) + t(0.8, n − 1).
/// None where the difference is 0, or beyond a million.
#[must_use]
pub fn replicates_needed((mean, sd): (f64, f64)) -> Option<u64> {
    let size = mean.abs() / sd;
    let normal = 1.959_963_985 + 0.841_621_234;
    let first = normal / size * (normal / size);
    if size.is_nan() || first > MOST_NEEDED as f64 {
        return None;
    }
    // Student's quantiles are larger than normal ones, so the search goes up from there.
    let enough = |n: &u64| {
        let freedom = (*n - 1) as usize;
        (*n as f64).sqrt() * size >= t_quantile(0.975, freedom) + t_quantile(POWER, freedom)
    };
    ((first as u64).max(2)..=MOST_NEEDED).find(enough)
}

/// The fewest replicates by which half the t-interval of a mean with this standard
/// deviation is at most `half`; none where that is 0, or beyond a million.
#[must_use]
pub fn replicates_for_width(sd: f64, half: f64) -> Option<u64> {
    let normal = 1.959_963_985 * sd / half;
    let first = normal * normal;
    if first.is_nan() || first > MOST_NEEDED as f64 {
        return None;
    }
    let enough = |n: &u64| t_quantile(0.975, (*n - 1) as usize) * sd / (*n as f64).sqrt() <= half;
    ((first as u64).max(2)..=MOST_NEEDED).find(enough)
}

/// Share of differences above 0; those of 0 count half.
fn higher_share(differences: &[f64]) -> Option<f64> {
    let halves = |d: &f64| if *d > 0.0 { 2 } else { usize::from(*d == 0.0) };
    let won: usize = differences.iter().map(halves).sum();
    (!differences.is_empty()).then(|| won as f64 / (2 * differences.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(actual: Option<f64>, expected: f64) {
        let actual = actual.unwrap();
        let scale = expected.abs().max(1.0);
        assert!((actual - expected).abs() < 1e-9 * scale, "{actual} is not {expected}");
    }

    #[test]
    fn quantiles_of_students_t_are_those_of_the_tables() {
        // 97.5 % quantiles to nine decimals, as scipy.stats.t.ppf(0.975, df) gives them.
        for (freedom, expected) in [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (3, 3.182_446_305),
            (4, 2.776_445_105),
            (9, 2.262_157_163),
            (29, 2.045_229_642),
            (99, 1.984_216_952),
        ] {
            assert!((t_quantile(0.975, freedom) - expected).abs() < 2e-9, "{freedom}");
        }
    }

    #[test]
    fn a_known_sample_has_its_known_statistics() {
        // mean 5, Σ(x − 5)² = 32, s = √(32/7), t(7) = 2.364624252
        let s = sample(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        check(s.moments.mean, 5.0);
        check(s.moments.sd, 2.138_089_935_299_395);
        let half = 2.364_624_252 * 2.138_089_935_299_395 / 8_f64.sqrt();
        check(s.moments.ci95.map(|c| c.0), 5.0 - half);
        check(s.moments.half_width(), half);
        // numpy.quantile([...], [0, .1, .5, .9, 1])
        for (quantile, expected) in s.quantiles.unwrap().into_iter().zip([2.0, 3.4, 4.5, 7.6, 9.0])
        {
            check(Some(quantile), expected);
        }
    }

    #[test]
    fn one_value_has_no_spread_and_none_has_nothing() {
        let one = sample(&[3.5]);
        assert_eq!(one.moments, Moments { n: 1, mean: Some(3.5), sd: None, ci95: None });
        assert_eq!(one.quantiles, Some([3.5; 5]));
        assert_eq!(sample(&[]), Sample::default());
        assert_eq!(paired(&[]), Paired::default());
    }

    #[test]
    fn equal_values_have_exactly_no_spread() {
        let m = moments(&[0.1; 7]);
        assert_eq!((m.mean, m.sd, m.ci95), (Some(0.1), Some(0.0), Some((0.1, 0.1))));
    }

    #[test]
    fn pairs_are_compared_within_replicates() {
        // differences 1, 2, 3, 0: mean 1.5, s = √(5/3), t(3) = 3.182446305
        let p = paired(&[(10.0, 11.0), (20.0, 22.0), (30.0, 33.0), (40.0, 40.0)]);
        check(p.baseline_mean, 25.0);
        check(p.arm_mean, 26.5);
        check(p.difference.mean, 1.5);
        check(p.difference.sd, (5.0_f64 / 3.0).sqrt());
        check(p.difference.half_width(), 3.182_446_305 * (5.0_f64 / 12.0).sqrt());
        check(p.relative_difference, 0.06);
        check(p.pairs_higher_share, 0.875);
        assert_eq!(p.separated, Some(false));
        assert_eq!(paired(&[(1.0, 2.0), (2.0, 3.0)]).separated, Some(true));
    }

    #[test]
    fn the_relative_difference_keeps_the_sign_of_the_difference() {
        check(paired(&[(-10.0, -5.0)]).relative_difference, 0.5);
        assert_eq!(paired(&[(0.0, 5.0)]).relative_difference, None);
    }

    #[test]
    fn replicates_that_are_needed_give_the_power_they_promise() {
        // d = s/2 asks for 34 pairs at 80 % (G*Power 3.1, matched pairs, two-sided 5 %); this
        // formula, which takes the shifted t for the noncentral one, comes within one of it.
        assert!((33..=35).contains(&replicates_needed((0.5, 1.0)).unwrap()));
        assert_eq!(replicates_needed((-0.5, 1.0)), replicates_needed((0.5, 1.0)));
        assert_eq!(replicates_needed((3.0, 0.0)), Some(2));
        assert_eq!([(0.0, 1.0), (0.0, 0.0), (1e-6, 1.0)].map(replicates_needed), [None; 3]);
        // Half-width 1.96·s/√n = s/10 at n = 384; with t(386) it is 387.
        assert_eq!(replicates_for_width(1.0, 0.1), Some(387));
        assert_eq!(
            (replicates_for_width(0.0, 0.1), replicates_for_width(0.0, 0.0)),
            (Some(2), None)
        );
    }

    #[test]
    fn skewness_and_the_gain_of_pairing_are_those_counted_by_hand() {
        // deviations −1, −1, 2: m₂ = 2, m₃ = 2, so 2 / 2^1.5
        check(skewness(&[0.0, 0.0, 3.0]), 0.5_f64.sqrt());
        assert_eq!((skewness(&[1.0, 2.0]), skewness(&[4.0; 5])), (None, None));
        // s² of both sides 1, differences 1, 2, 0 with s² = 1
        let p = paired(&[(1.0, 2.0), (2.0, 4.0), (3.0, 3.0)]);
        check(p.pairing_gain, 2.0);
        assert_eq!(paired(&[(1.0, 1.0), (2.0, 2.0)]).pairing_gain, None);
    }

    #[test]
    fn skewed_differences_are_read_by_the_bootstrap() {
        let pairs = |last: f64| -> Vec<(f64, f64)> {
            (0..12).map(|i| (0.0, if i == 11 { last } else { f64::from(i) })).collect()
        };
        let (even, skewed) = (paired(&pairs(11.0)), paired(&pairs(200.0)));
        assert_eq!((even.interval, even.ci95()), (Interval::T, even.difference.ci95));
        assert_eq!((skewed.interval, skewed.ci95()), (Interval::Bootstrap, skewed.bootstrap95));
        assert_eq!((even.separated, skewed.separated), (Some(true), Some(true)));
        assert!(skewed.difference.ci95.unwrap().0 < 0.0 && skewed.bootstrap95.unwrap().0 > 0.0);
    }
}
