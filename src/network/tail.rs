//! The power law that fits the tail of a degree distribution best.
//!
//! P(k) = k^(−α) / ζ(α, k₀) for k ≥ k₀. The exponent is that of maximum likelihood, and
//! k₀ the degree from which the law is nearest to the data by the Kolmogorov–Smirnov
//! distance (Clauset, Shalizi & Newman 2009, doi:10.1137/070710111).

use crate::quantity::math;

/// Fewest people in a tail.
const FEWEST: u64 = 50;
/// Least ratio of the largest degree to the tail's beginning.
const SPAN: u64 = 5;
/// Exponent from which on a law hardly differs from an exponential decline.
const STEEP: f64 = 5.0;
/// Distance from which on the law does not describe the data.
const FAR: f64 = 0.1;
/// Most beginnings of the tail that are tried, evenly among the degrees there are.
const BEGINNINGS: usize = 100;
/// Exponents are looked for between these.
const EXPONENTS: (f64, f64) = (1.05, 8.0);
/// Steps of the search, each of which leaves 0.618 of the range.
const STEPS: u32 = 50;

/// A fitted tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The exponent α.
    pub exponent: f64,
    /// Its standard error, (α − 1) / √people.
    pub standard_error: f64,
    /// The degree from which the law holds.
    pub from: u32,
    /// People of this degree or more.
    pub people: u64,
    /// Largest difference between the distribution functions of law and data.
    pub distance: f64,
}

/// The best tail, from the number of people of every degree; none where fewer than 50
/// people or less than a factor of five in degrees follow a law, it differs by more than
/// 0.1, or is steeper than k⁻⁵.
#[must_use]
pub fn tail(counts: &[u64]) -> Option<Tail> {
    let most = counts.len().saturating_sub(1) as u64;
    let mut people: u64 = counts.iter().sum();
    let mut beginnings = Vec::new();
    for (k, count) in counts.iter().enumerate() {
        if *count > 0 && k > 0 && people >= FEWEST && SPAN * k as u64 <= most {
            beginnings.push(k);
        }
        people -= count;
    }
    let step = beginnings.len().div_ceil(BEGINNINGS).max(1);
    let tails = beginnings.into_iter().step_by(step).map(|from| fitted(counts, from));
    let fits = |tail: &Tail| tail.distance <= FAR && tail.exponent <= STEEP;
    tails.filter(fits).min_by(|a, b| a.distance.total_cmp(&b.distance))
}

/// The law of maximum likelihood for degrees of `from` and more.
fn fitted(counts: &[u64], from: usize) -> Tail {
    let tail = || counts.iter().enumerate().skip(from).filter(|(_, count)| **count > 0);
    let people: u64 = tail().map(|(_, count)| *count).sum();
    let logs: f64 = tail().map(|(k, count)| *count as f64 * math::ln(k as f64)).sum();
    let n = people as f64;
    let likelihood = |a: f64| -n * math::ln(zeta(a, from as f64)) - a * logs;
    let exponent = highest(likelihood);
    let whole = zeta(exponent, from as f64);
    let (mut above, mut distance) = (people, 0.0_f64);
    for (k, count) in tail() {
        let gap =
            |above: u64, k: usize| (above as f64 / n - zeta(exponent, k as f64) / whole).abs();
        distance = distance.max(gap(above, k));
        above -= count;
        distance = distance.max(gap(above, k + 1));
    }
    let standard_error = (exponent - 1.0) / n.sqrt();
    Tail { exponent, standard_error, from: from as u32, people, distance }
}

/// Where a function with one peak is highest, by golden sections.
fn highest(f: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_8;
    let (mut low, mut high) = EXPONENTS;
    for _ in 0..STEPS {
        let (a, b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
        if f(a) < f(b) { low = a } else { high = b }
    }
    (low + high) / 2.0
}

/// Hurwitz's zeta function Σ (q + j)^(−s), s > 1, q ≥ 1, after Euler and Maclaurin from
/// the tenth term on: exact to 10⁻⁸ and better.
fn zeta(s: f64, q: f64) -> f64 {
    let terms: f64 = (0..10).map(|j| math::pow(q + f64::from(j), -s)).sum();
    let x = q + 10.0;
    let last = math::pow(x, -s);
    let correction = s * last / x / 12.0 - s * (s + 1.0) * (s + 2.0) * last / (x * x * x) / 720.0;
    terms + x * last / (s - 1.0) + last / 2.0 + correction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeta_has_its_known_values() {
        let pi = std::f64::consts::PI;
        assert!((zeta(2.0, 1.0) - pi * pi / 6.0).abs() < 1e-8);
        assert!((zeta(4.0, 1.0) - pi * pi * pi * pi / 90.0).abs() < 1e-8);
        assert!((zeta(3.0, 2.0) - 0.202_056_903_159_594).abs() < 1e-8);
    }

    #[test]
    fn the_exponent_of_a_law_is_found_behind_a_bend() {
        // A million people, k^(−2.5) from 6 on, and too few of lower degree.
        let whole = zeta(2.5, 6.0);
        let law = |k: usize| (1e6 * math::pow(k as f64, -2.5) / whole).round() as u64;
        let counts: Vec<u64> = (0..2000).map(|k| if k < 6 { 100 } else { law(k) }).collect();
        let found = tail(&counts).expect("there is a tail");
        assert!((found.exponent - 2.5).abs() < 0.01 && found.from >= 6, "{found:?}");
    }

    #[test]
    fn narrow_distributions_have_no_tail() {
        assert_eq!(tail(&[]), None);
        assert_eq!(tail(&[0, 0, 0, 1000]), None);
        // Poisson with mean 16.
        let mut p = math::exp(-16.0);
        let poisson = (0..40).map(|k| {
            let count = (1e5 * p) as u64;
            p *= 16.0 / f64::from(k + 1);
            count
        });
        assert_eq!(tail(&poisson.collect::<Vec<_>>()), None);
    }
}
