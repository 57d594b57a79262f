//! Samplers of counts: Poisson, binomial, geometric.
//!
//! Few expected events are counted by inversion of one uniform number, many by
//! Hörmann's transformed rejection (PTRS: 1993, doi:10.1016/0167-6687(93)90997-4;
//! BTRS: 1993, doi:10.1080/00949659308811496), which takes one block of four words
//! a trial and about 1.2 trials.

use super::continuous::fine_exponential_from;
use super::mass::{ln_binomial, ln_poisson};
use crate::quantity::math::{exp, ln, ln_1p, normal_quantile};
use crate::rng::{Draws, unit};

/// From this many expected events on, rejection: Hörmann's bound.
const MANY: f64 = 10.0;

/// Above this mean a Poisson number is a rounded normal number, whose skew of
/// 3 · 10⁻⁸ no one can see; neighbouring counts are no longer all representable.
const HUGE: f64 = 1e15;

/// The largest mean for which [`poisson_from`] searches for its quantile.
const SEARCHED: f64 = 64.0;

/// The number of events when `mean` are expected: e^(−mean) meanᵏ / k!.
///
/// Two words for means below 10, four a trial above. 0 for means of 0 and below
/// (and NaN); `u64::MAX` for an infinite mean.
pub fn poisson(draws: &mut Draws, mean: f64) -> u64 {
    if mean < MANY {
        u64::from(poisson_search(draws.fine_unit(), mean))
    } else if mean <= HUGE {
        poisson_rejection(draws, mean)
    } else if mean > HUGE {
        (mean * (1.0 + normal_quantile(draws.fine_unit()) / mean.sqrt())) as u64
    } else {
        0
    }
}

/// The Poisson number at the quantile of one word, for small means: never falls
/// where the word or the mean rises, so two arms with different means differ by
/// as little as they can.
///
/// Exact to the grid of 2⁻³² for means up to 64. Above, the normal quantile with
/// its correction for skew (Cornish and Fisher): mean + √mean z + (z² − 1) / 6.
#[must_use]
pub fn poisson_from(word: u32, mean: f64) -> u32 {
    if mean > SEARCHED {
        let z = normal_quantile(unit(word));
        return (mean * (1.0 + z / mean.sqrt()) + (z * z - 1.0) / 6.0 + 0.5) as u32;
    }
    poisson_search(unit(word), mean)
}

/// The smallest k whose cumulated probability reaches `u`; 0 for means not above 0.
fn poisson_search(u: f64, mean: f64) -> u32 {
    if mean <= 0.0 || mean.is_nan() {
        return 0;
    }
    let mut mass = exp(-mean);
    let mut sum = mass;
    let mut k = 0;
    // The sum may round to just below 1, and then below `u`; the masses vanish.
    while u > sum && mass > 0.0 {
        k += 1;
        mass *= mean / f64::from(k);
        sum += mass;
    }
    k
}

/// Hörmann's PTRS, for means from 10.
fn poisson_rejection(draws: &mut Draws, mean: f64) -> u64 {
    let b = 0.931 + 2.53 * mean.sqrt();
    let a = -0.059 + 0.02483 * b;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let box_height = 0.9277 - 3.6224 / (b - 2.0);
    loop {
        let u = draws.fine_unit() - 0.5;
        let v = draws.fine_unit();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + mean + 0.43).floor();
        if us >= 0.07 && v <= box_height {
            return k as u64;
        }
        if k < 0.0 || (us < 0.013 && v > us) {
            continue;
        }
        if ln(v * inverse_alpha / (a / (us * us) + b)) <= ln_poisson(k, mean) {
            return k as u64;
        }
    }
}

/// The number of successes in `n` trials of probability `p`.
///
/// Two words when n p or n (1 − p) is below 10, four a trial above. 0 for `p` of 0
/// and below (and NaN), `n` for `p` of 1 and above. Exact for `n` up to 10¹⁵.
pub fn binomial(draws: &mut Draws, n: u64, p: f64) -> u64 {
    if n == 0 || p <= 0.0 || p.is_nan() {
        0
    } else if p >= 1.0 {
        n
    } else if p > 0.5 {
        n - binomial_up_to_half(draws, n, 1.0 - p)
    } else {
        binomial_up_to_half(draws, n, p)
    }
}

/// The binomial number for 0 < `p` ≤ ½.
fn binomial_up_to_half(draws: &mut Draws, n: u64, p: f64) -> u64 {
    if n as f64 * p < MANY {
        binomial_search(draws.fine_unit(), n, p)
    } else {
        binomial_rejection(draws, n, p).min(n)
    }
}

/// The smallest k whose cumulated probability reaches `u`.
fn binomial_search(u: f64, n: u64, p: f64) -> u64 {
    let odds = p / (1.0 - p);
    let mut mass = exp(n as f64 * ln_1p(-p));
    let mut sum = mass;
    let mut k = 0;
    while u > sum && k < n && mass > 0.0 {
        k += 1;
        mass *= odds * ((n - k + 1) as f64 / k as f64);
        sum += mass;
    }
    k
}

/// Hörmann's BTRS, for `p` up to ½ and n p from 10.
fn binomial_rejection(draws: &mut Draws, n: u64, p: f64) -> u64 {
    let n = n as f64;
    let deviation = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * deviation;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let alpha = (2.83 + 5.1 / b) * deviation;
    let box_height = 0.92 - 4.2 / b;
    let ln_mode = ln_binomial(((n + 1.0) * p).floor(), n, p);
    loop {
        let u = draws.fine_unit() - 0.5;
        let v = draws.fine_unit();
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + n * p + 0.5).floor();
        if us >= 0.07 && v <= box_height {
            return k as u64;
        }
        if k < 0.0 || k > n {
            continue;
        }
        if ln(v * alpha / (a / (us * us) + b)) <= ln_binomial(k, n, p) - ln_mode {
            return k as u64;
        }
    }
}

/// The number of failures before the first success, given `ln_q` = ln(1 − p):
/// P(k) = (1 − p)ᵏ p. Two words.
///
/// ⌊E / −ln(1 − p)⌋ for an exponential E, exact down to p = 10⁻¹⁸. Note that ⌊E / p⌋
/// is something else: the floor of an exponential gap of rate p is geometric with
/// probability 1 − e⁻ᵖ, not p. `ln_q` of 0 (p = 0) gives `u64::MAX`, −inf (p = 1)
/// gives 0.
///
/// ```
/// use guanxi::quantity::{math, time::Clock};
/// use guanxi::rng::{Key, Stream, sample::count::geometric_skip};
/// let p = 0.001;
/// let ln_q = math::ln_1p(-p); // once, outside the loop
/// let mut draws = Key::new(1, 0).draws(Stream::new("example/hits"), 7, Clock::default(), 0);
/// let mut trial = geometric_skip(&mut draws, ln_q);
/// while trial < 10_000 {
///     // Trial number `trial` is a success.
///     trial += 1 + geometric_skip(&mut draws, ln_q);
/// }
/// ```
#[inline]
pub fn geometric_skip(draws: &mut Draws, ln_q: f64) -> u64 {
    geometric_skip_from(draws.long(), ln_q)
}

/// [`geometric_skip`] from its two words, the first the higher.
#[inline]
#[must_use]
pub fn geometric_skip_from(word: u64, ln_q: f64) -> u64 {
    debug_assert!(ln_q <= 0.0, "ln(1 - p) is not above 0");
    // A conversion to whole numbers cuts off decimals and stops at the largest.
    // `abs` and not a minus: −0 would turn the gap of p = 0 into −inf.
    (fine_exponential_from(word) / ln_q.abs()) as u64
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "powers of two are exact")]
mod tests {
    use super::super::check::{
        draws, first, follow_the_same, has_mass, has_moments, oracle, sample,
    };
    use super::*;
    use statrs::distribution::{self as law, Discrete};

    fn floats(numbers: Vec<u64>) -> Vec<f64> {
        numbers.into_iter().map(|number| number as f64).collect()
    }

    /// Chi-square, n = 10⁵, critical value at a false-alarm rate of 10⁻⁴ each.
    #[test]
    fn poisson_numbers_follow_their_law() {
        for mean in [0.01, 0.7, 4.0, 9.99, 10.0, 23.0, 150.0, 4_000.0] {
            let exact = law::Poisson::new(mean).unwrap();
            has_mass(sample("test/poisson", |draws| poisson(draws, mean)), |k| exact.pmf(k));
        }
    }

    /// Chi-square, n = 10⁵, critical value at a false-alarm rate of 10⁻⁴ each.
    #[test]
    fn poisson_numbers_of_one_word_follow_their_law() {
        for mean in [0.02, 1.0, 6.5, 20.0, 64.0, 300.0] {
            let exact = law::Poisson::new(mean).unwrap();
            let numbers = sample("test/from", |draws| u64::from(poisson_from(draws.word(), mean)));
            has_mass(numbers, |k| exact.pmf(k));
        }
    }

    /// n = 10⁵: z tests, |z| < 3.89; Kolmogorov–Smirnov, √(n/2) D < 2.2253; false
    /// alarm 10⁻⁴ each.
    #[test]
    fn poisson_numbers_of_large_means_follow_their_law() {
        for mean in [1e5, 1e7, 1e9] {
            let numbers = floats(sample("test/large", |draws| poisson(draws, mean)));
            has_moments(&numbers, mean, mean);
            follow_the_same(numbers, oracle(rand_distr::Poisson::new(mean).unwrap()));
        }
        for mean in [1e12, 1e15, 1e16] {
            let numbers = floats(sample("test/large", |draws| poisson(draws, mean)));
            has_moments(&numbers, mean, mean);
        }
    }

    #[test]
    fn poisson_numbers_hold_at_their_edges() {
        let mut draws = draws("test/edges", 0);
        for mean in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY, 1e-300] {
            assert_eq!(poisson(&mut draws, mean), 0);
            assert_eq!(poisson_from(u32::MAX, mean), 0);
        }
        assert_eq!(poisson(&mut draws, f64::INFINITY), u64::MAX);
        assert_eq!(poisson_from(7, f64::INFINITY), u32::MAX);
    }

    #[test]
    fn poisson_numbers_of_one_word_rise_with_word_and_mean() {
        let means: Vec<f64> = (0..1_000).map(|i| f64::from(i) * 0.1).collect();
        for word in [0, 1, 1 << 20, 1 << 31, u32::MAX - 9, u32::MAX] {
            let numbers: Vec<u32> = means.iter().map(|&mean| poisson_from(word, mean)).collect();
            assert!(numbers.is_sorted(), "{word}: {numbers:?}");
        }
        for mean in [0.1, 3.0, 64.0, 65.0] {
            assert!((0..4_096).map(|i| poisson_from(i << 20, mean)).is_sorted());
        }
    }

    /// Chi-square, n = 10⁵, critical value at a false-alarm rate of 10⁻⁴ each.
    #[test]
    fn binomial_numbers_follow_their_law() {
        let small = [(1, 0.3), (12, 0.5), (12, 0.97), (400, 0.01), (1_000_000, 2e-6)];
        let large = [(20, 0.5), (45, 0.7), (1_000, 0.011), (30_000, 0.3), (700, 0.98)];
        for (n, p) in small.into_iter().chain(large) {
            let exact = law::Binomial::new(p, n).unwrap();
            has_mass(sample("test/binomial", |draws| binomial(draws, n, p)), |k| exact.pmf(k));
        }
    }

    /// n = 10⁵: z tests, |z| < 3.89; Kolmogorov–Smirnov, √(n/2) D < 2.2253; false
    /// alarm 10⁻⁴ each.
    #[test]
    fn binomial_numbers_of_many_trials_follow_their_law() {
        for (n, p) in [(1_000_000_000, 0.4), (1_000_000_000, 3e-4), (3_000_000, 0.9)] {
            let numbers = floats(sample("test/many", |draws| binomial(draws, n, p)));
            has_moments(&numbers, n as f64 * p, n as f64 * p * (1.0 - p));
            follow_the_same(numbers, floats(oracle(rand_distr::Binomial::new(n, p).unwrap())));
        }
        let numbers = floats(sample("test/many", |draws| binomial(draws, 1 << 49, 0.25)));
        has_moments(&numbers, 2.0_f64.powi(47), 0.75 * 2.0_f64.powi(47));
    }

    #[test]
    fn binomial_numbers_hold_at_their_edges() {
        let mut draws = draws("test/edges", 1);
        for n in [0, 1, 17, u64::MAX] {
            for p in [0.0, -0.5, f64::NAN] {
                assert_eq!(binomial(&mut draws, n, p), 0);
            }
            for p in [1.0, 1.5] {
                assert_eq!(binomial(&mut draws, n, p), n);
            }
            for p in [1e-300, 1e-17, 0.2, 0.5, 0.9, 1.0 - 1e-16] {
                assert!(binomial(&mut draws, n, p) <= n);
            }
        }
    }

    /// Chi-square, n = 10⁵, critical value at a false-alarm rate of 10⁻⁴ each.
    #[test]
    fn geometric_gaps_follow_their_law() {
        for p in [0.999, 0.5, 0.1, 0.003] {
            let ln_q = ln_1p(-p);
            let mass = |k| p * exp(k as f64 * ln_q);
            has_mass(sample("test/geometric", |draws| geometric_skip(draws, ln_q)), mass);
        }
    }

    /// The gap of a tiny probability, times it, is exponential: Kolmogorov–Smirnov,
    /// n = 10⁵, √n D < 2.2253, false alarm 10⁻⁴ each.
    #[test]
    fn geometric_gaps_of_tiny_probabilities_follow_their_law() {
        for p in [1e-7, 1e-12, 1e-15] {
            let gaps = sample("test/rare", |draws| geometric_skip(draws, ln_1p(-p)) as f64 * p);
            super::super::check::follows(gaps, |x| 1.0 - exp(-x));
        }
    }

    #[test]
    fn geometric_gaps_hold_at_their_edges() {
        let mut draws = draws("test/edges", 2);
        assert_eq!(geometric_skip(&mut draws, 0.0), u64::MAX);
        assert_eq!(geometric_skip(&mut draws, -1e-300), u64::MAX);
        assert_eq!(geometric_skip(&mut draws, f64::NEG_INFINITY), 0);
    }

    #[test]
    fn counts_are_frozen() {
        assert_eq!(first(|draws| poisson(draws, 3.0)), [1, 2, 2, 4]);
        assert_eq!(first(|draws| poisson(draws, 1e4)), [9853, 9916, 10_063, 10_046]);
        assert_eq!(
            first(|draws| poisson(draws, 1e16)),
            [
                9_999_999_874_648_524,
                9_999_999_935_379_434,
                9_999_999_925_387_998,
                10_000_000_085_360_278
            ]
        );
        assert_eq!(first(|draws| poisson_from(draws.word(), 5.0)), [2, 2, 3, 8]);
        assert_eq!(first(|draws| poisson_from(draws.word(), 500.0)), [472, 464, 485, 527]);
        assert_eq!(first(|draws| binomial(draws, 50, 0.1)), [2, 4, 3, 7]);
        assert_eq!(
            first(|draws| binomial(draws, 1_000_000, 0.7)),
            [700_674, 700_384, 699_711, 699_788]
        );
        assert_eq!(
            first(|draws| geometric_skip(draws, -1e-6)),
            [110_941, 299_853, 258_508, 1_626_265]
        );
    }
}
