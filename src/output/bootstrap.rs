//! Bootstrap over replicates: what the runs would say if they were drawn again.
//!
//! n replicates are drawn from the n that are there, with replacement, [`RESAMPLES`] times.
//! The interval of a mean is BCa (Efron 1987, doi:10.1080/01621459.1987.10478410): with
//! z₀ = Φ⁻¹(share of resampled means below the mean) for the bias and
//! a = Σ(x_i − x̄)³ / (6·(Σ(x_i − x̄)²)^(3/2)) for the skewness, its ends are the quantiles
//! of the resampled means at Φ(z₀ + (z₀ + z)/(1 − a·(z₀ + z))). For z stands
//! ∓√(n/(n − 1))·t(0.975, n − 1) instead of ∓1.96, because resampled means spread less than
//! means do by √((n − 1)/n), and know s no better than t does (Hesterberg 2015,
//! doi:10.1080/00031305.2015.1089789, "expanded").
//!
//! Draws are addressed by resample and place and have a key of their own, so that all arms
//! and metrics of so many replicates meet the same resamples, and tables the same bytes.

use crate::output::statistics::{FEWEST_FOR_SKEW, mean, quantile, t_quantile};
use crate::quantity::math;
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};

/// How often replicates are drawn again. A probability of a half is known to ± 0.02 then.
pub const RESAMPLES: u32 = 2_000;
/// Which replicates are drawn.
pub const RESAMPLE: Stream = Stream::new("output/resample");
/// The seed of all resamples; it belongs to the statistics, not to a scenario.
const SEED: u64 = 20_261_122;

/// The draws of a resample. They are good for 16,384 replicates, more than a scenario may have.
fn draws(resample: u32) -> Draws {
    Key::new(SEED, 0).draws(RESAMPLE, resample, Clock::start_of(0), 0)
}

/// Draws n of n places anew, and puts them into `places`.
pub(crate) fn resample(number: u32, places: &mut [usize]) {
    let n = places.len() as u32;
    let mut draws = draws(number);
    for place in places {
        *place = draws.below(n) as usize;
    }
}

/// Ascending means of all resamples.
fn resampled_means(values: &[f64]) -> Vec<f64> {
    let mut places = vec![0; values.len()];
    let mean_of = |number| {
        resample(number, &mut places);
        let first = values[0];
        let sum = places.iter().fold(0.0, |sum, &place| sum + (values[place] - first));
        first + sum / values.len() as f64
    };
    let mut means: Vec<f64> = (0..RESAMPLES).map(mean_of).collect();
    means.sort_by(f64::total_cmp);
    means
}

/// The 95 % BCa interval of the mean; none below ten values, where resamples are too few
/// to know the tails.
#[must_use]
pub fn mean_interval(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len();
    if n < FEWEST_FOR_SKEW {
        return None;
    }
    let centre = mean(values)?;
    let means = resampled_means(values);
    let bias = math::normal_quantile(share_below(&means, centre));
    let acceleration = acceleration(values, centre);
    let reach = t_quantile(0.975, n - 1) * (n as f64 / (n - 1) as f64).sqrt();
    let end = |z: f64| {
        let shifted = bias + z;
        let level = math::normal_probability(bias + shifted / (1.0 - acceleration * shifted));
        quantile(&means, level)
    };
    end(-reach).zip(end(reach))
}

/// Share of ascending means below the mean, ties by half, kept off 0 and 1.
fn share_below(means: &[f64], centre: f64) -> f64 {
    let below = means.partition_point(|x| *x < centre);
    let up_to = means.partition_point(|x| *x <= centre);
    let n = means.len() as f64;
    ((below + up_to) as f64 / 2.0).clamp(0.5, n - 0.5) / n
}

/// a, which the jackknife gives for a mean; 0 where all values are equal.
fn acceleration(values: &[f64], centre: f64) -> f64 {
    let (mut squares, mut cubes) = (0.0, 0.0);
    for x in values {
        let d = x - centre;
        squares += d * d;
        cubes += d * d * d;
    }
    let a = cubes / (6.0 * squares * squares.sqrt());
    if a.is_finite() { a } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        assert_eq!(mean_interval(&[0.0; 12]), Some((0.0, 0.0)));
        assert_eq!(mean_interval(&[0.1; 12]), Some((0.1, 0.1)));
        assert_eq!(mean_interval(&[1.0; 9]), None);
    }

    #[test]
    fn every_place_is_drawn_as_often() {
        // 2,000 × 30 draws of 30 places: χ² with 29 degrees of freedom, 58.3 at a
        // false-alarm rate of 0.001.
        let (mut places, mut counts) = ([0; 30], [0_u32; 30]);
        for number in 0..RESAMPLES {
            resample(number, &mut places);
            places.iter().for_each(|&place| counts[place] += 1);
        }
        let part = |count: &u32| (f64::from(*count) - 2_000.0) * (f64::from(*count) - 2_000.0);
        let chi: f64 = counts.iter().map(part).fold(0.0, |sum, x| sum + x) / 2_000.0;
        assert!(chi < 58.3, "{chi}");
    }

    #[test]
    fn an_interval_leans_with_the_skewness() {
        let values: Vec<f64> = (0..20).map(|i| math::exp(f64::from(i) / 4.0)).collect();
        let (low, high) = mean_interval(&values).unwrap();
        let centre = mean(&values).unwrap();
        assert!(high - centre > 1.3 * (centre - low), "{low} {centre} {high}");
        let mirrored: Vec<f64> = values.iter().map(|x| -x).collect();
        let (left, right) = mean_interval(&mirrored).unwrap();
        assert!((left + high).abs() < 0.05 * high && (right + low).abs() < 0.05 * high);
    }
}
