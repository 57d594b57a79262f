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
//! Every interval stands for itself: of twenty metrics that do not differ, one is
//! expected to look separated.

use statrs::distribution::{ContinuousCDF, StudentsT};

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
    /// Whether the interval of the difference excludes 0.
    pub separated: Option<bool>,
}

/// The 97.5 % quantile of Student's t, to nine decimals.
///
/// Rounded because the library goes through the platform's logarithm, whose last
/// bit differs between machines, and the tables must not.
fn t_quantile(freedom: usize) -> f64 {
    let t = StudentsT::new(0.0, 1.0, freedom as f64).map_or(f64::NAN, |t| t.inverse_cdf(0.975));
    (t * 1e9).round() / 1e9
}

/// Mean, relative to the first value, so that equal values have exactly that mean.
fn mean(values: &[f64]) -> Option<f64> {
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
    let half = t_quantile(n - 1) * sd / (n as f64).sqrt();
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
    Paired {
        baseline_mean,
        arm_mean: mean(&arm),
        difference,
        relative_difference: relative.filter(|x| x.is_finite()),
        pairs_higher_share: higher_share(&differences),
        separated: difference.ci95.map(|(low, high)| low > 0.0 || high < 0.0),
    }
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
    use crate::quantity::math;
    use crate::quantity::time::Clock;
    use crate::rng::{Draws, Key, Stream};

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
            assert!((t_quantile(freedom) - expected).abs() < 2e-9, "{}", t_quantile(freedom));
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

    /// A standard normal draw by the polar method (Marsaglia & Bray 1964).
    fn normal(draws: &mut Draws) -> f64 {
        loop {
            let (u, v) = (2.0 * draws.unit() - 1.0, 2.0 * draws.unit() - 1.0);
            let s = u * u + v * v;
            if s < 1.0 && s > 0.0 {
                return u * (-2.0 * math::ln(s) / s).sqrt();
            }
        }
    }

    fn coverage(n: usize) -> f64 {
        let stream = Stream::new("output/coverage_test");
        let covers = |ensemble: u32| {
            let mut draws =
                Key::new(20_261_122, n as u32).draws(stream, ensemble, Clock::start_of(0), 0);
            let values: Vec<f64> = (0..n).map(|_| 100.0 + 15.0 * normal(&mut draws)).collect();
            let (low, high) = moments(&values).ci95.unwrap();
            low <= 100.0 && 100.0 <= high
        };
        (0..2_000).filter(|&ensemble| covers(ensemble)).count() as f64 / 2_000.0
    }

    #[test]
    fn intervals_cover_the_true_mean_as_often_as_they_say() {
        // 2,000 ensembles of fixed seed: the share has standard error 0.0049, so that
        // 0.95 ± 0.015 is 3.08 errors; false-alarm rate 0.002 for each n.
        for n in [5, 30] {
            let share = coverage(n);
            assert!((0.935..=0.965).contains(&share), "n = {n}: {share}");
        }
    }
}
