//! A degree sequence with a power law, P(k) ∝ k^(−γ), and a wanted mean.
//!
//! X is Pareto with P(X > x) ∝ x^(1 − γ) between a least and a largest value; the least
//! one is solved for such that E X is the mean, and the degree is X rounded up or down at
//! random with mean X. The sum is made even, and a sequence that no simple network has
//! (Erdős & Gallai 1960) loses ends from its largest degrees until one has it, which
//! happens in tiny or dense worlds only.

use rayon::prelude::*;

use crate::network::gaps::fine_unit;
use crate::quantity::{math, time::Clock};
use crate::rng::{Key, Stream};

/// Degrees of consumers.
pub const DEGREES: Stream = Stream::new("network/degrees");
/// Who gets the end that makes the sum even.
pub const EVEN: Stream = Stream::new("network/degrees_even");

/// Bisections that make the least value exact to the last bit or nearly so.
const BISECTIONS: u32 = 100;

/// A Pareto law that is cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pareto {
    least: f64,
    most: f64,
    /// γ − 1.
    tail: f64,
}

impl Pareto {
    /// The law with this mean, or constant where the mean is the most.
    pub(super) fn of_mean(mean: f64, most: f64, exponent: f64) -> Self {
        let law = |least| Self { least, most, tail: exponent - 1.0 };
        let (mut low, mut high) = (0.0, most);
        for _ in 0..BISECTIONS {
            let middle = (low + high) / 2.0;
            if law(middle).mean() < mean { low = middle } else { high = middle }
        }
        law(high)
    }

    /// Probability of the law without cut to exceed the most.
    fn beyond(self) -> f64 {
        math::pow(self.least / self.most, self.tail)
    }

    /// (a / (a − 1)) · (l − m (l/m)^a) / (1 − (l/m)^a) for a = γ − 1.
    fn mean(self) -> f64 {
        let beyond = self.beyond();
        let whole = self.tail / (self.tail - 1.0) * (self.least - self.most * beyond);
        if beyond < 1.0 { whole / (1.0 - beyond) } else { self.most }
    }

    /// The integral of P(X > x) between two values.
    pub(super) fn above(self, from: f64, to: f64) -> f64 {
        let certain = (to.min(self.least) - from).max(0.0);
        let (from, to) = (from.max(self.least), to.min(self.most));
        if from >= to {
            return certain;
        }
        let primitive =
            |x: f64| -self.least / (self.tail - 1.0) * math::pow(x / self.least, 1.0 - self.tail);
        let beyond = self.beyond();
        certain + (primitive(to) - primitive(from) - beyond * (to - from)) / (1.0 - beyond)
    }

    /// The value that a share `u` of the law lies below.
    fn quantile(self, u: f64) -> f64 {
        let rest = 1.0 - u * (1.0 - self.beyond());
        (self.least * math::pow(rest, -1.0 / self.tail)).clamp(self.least, self.most)
    }
}

/// Degrees of `n` consumers with mean about `mean` and exponent `exponent`, none above
/// `limit` or above the structural cutoff √(n · mean) (Boguñá et al. 2004), beyond which
/// a network without repeated ties must tie its hubs less than at random.
pub(super) fn power_law(n: u32, mean: f64, exponent: f64, limit: u32, key: Key) -> Vec<u32> {
    let limit = f64::from(limit.min(n - 1));
    let mean = mean.min(limit);
    let most = (mean * f64::from(n)).sqrt().max(mean).min(limit);
    let mut degrees = if mean <= 0.0 {
        vec![0; n as usize]
    } else {
        let law = Pareto::of_mean(mean, most, exponent);
        let degree = |i| {
            let mut draws = key.draws(DEGREES, i, Clock::default(), 0);
            let exact = law.quantile(fine_unit(&mut draws));
            ((exact + draws.unit()) as u32).min(limit as u32)
        };
        (0..n).into_par_iter().map(degree).collect()
    };
    make_even(&mut degrees, limit as u32, key);
    while !is_graphical(&degrees) {
        lower_largest(&mut degrees);
        lower_largest(&mut degrees);
    }
    degrees
}

/// Gives one more end to somebody if the sum is odd.
fn make_even(degrees: &mut [u32], limit: u32, key: Key) {
    let odd = degrees.par_iter().filter(|degree| **degree % 2 == 1).count() % 2 == 1;
    if odd {
        let n = degrees.len() as u32;
        let first = key.draws(EVEN, 0, Clock::default(), 0).below(n);
        let has_room = |i: &u32| degrees[*i as usize] < limit;
        match (first..n).chain(0..first).find(has_room) {
            Some(i) => degrees[i as usize] += 1,
            None => lower_largest(degrees),
        }
    }
}

/// Takes an end from the first of those who have most.
fn lower_largest(degrees: &mut [u32]) {
    let most = degrees.iter().copied().max().unwrap_or(0);
    if let Some(degree) = degrees.iter_mut().find(|degree| **degree == most) {
        *degree = degree.saturating_sub(1);
    }
}

/// Whether a network without loops and repeated ties has these degrees, whose sum is
/// even: Σ_{i ≤ r} d_i ≤ r (r − 1) + Σ_{i > r} min(d_i, r) for the r largest, for all r
/// with d_r ≥ r (Erdős & Gallai 1960).
fn is_graphical(degrees: &[u32]) -> bool {
    let most = degrees.iter().copied().max().unwrap_or(0) as usize;
    let mut counts = vec![0_u64; most + 2];
    degrees.iter().for_each(|degree| counts[*degree as usize] += 1);
    // Number of degrees of k and more, and sum of those below k.
    let (mut above, mut below) = (vec![0_u64; most + 2], vec![0_u64; most + 2]);
    for k in (0..=most).rev() {
        above[k] = above[k + 1] + counts[k];
    }
    for k in 0..=most {
        below[k + 1] = below[k] + k as u64 * counts[k];
    }
    let (mut degree, mut left, mut sum) = (most, counts[most], 0);
    for r in 1..=degrees.len() as u64 {
        while left == 0 {
            if degree == 0 {
                return true;
            }
            degree -= 1;
            left = counts[degree];
        }
        if (degree as u64) < r {
            return true;
        }
        left -= 1;
        sum += degree as u64;
        let others = (above[r as usize] - r) * r + below[r as usize];
        if sum > r * (r - 1) + others {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(degrees: &[u32], graphical: bool) {
        assert_eq!(is_graphical(degrees), graphical, "{degrees:?}");
    }

    #[test]
    fn degrees_of_networks_are_told_from_others() {
        for degrees in [&[0, 0][..], &[1, 1], &[2, 2, 2], &[3, 3, 3, 3], &[3, 1, 1, 1]] {
            check(degrees, true);
        }
        check(&[3, 2, 2, 2, 1], true);
        for degrees in [&[2, 0][..], &[2, 2, 0], &[3, 3, 1, 1], &[4, 4, 1, 1, 1, 1]] {
            check(degrees, degrees.len() == 6 && degrees[0] < 4);
        }
    }

    #[test]
    fn the_mean_is_that_asked_for() {
        for (mean, exponent) in [(16.0, 2.5), (4.0, 2.1), (10.0, 3.5), (1.0, 3.0)] {
            let law = Pareto::of_mean(mean, 2000.0, exponent);
            assert!((law.mean() / mean - 1.0).abs() < 1e-9, "{law:?}");
            let degrees = power_law(50_000, mean, exponent, 5000, Key::new(3, 0));
            let sum: u64 = degrees.iter().map(|d| u64::from(*d)).sum();
            let square: f64 = degrees.iter().map(|d| f64::from(*d) * f64::from(*d)).sum();
            let found = sum as f64 / 5e4;
            // Critical value 3.29 deviations, false alarms 0.001 each.
            let deviation = ((square / 5e4 - found * found) / 5e4).sqrt();
            assert!((found - mean).abs() < 3.29 * deviation, "{found} for {mean}");
            assert_eq!(sum % 2, 0);
        }
    }

    #[test]
    fn tiny_worlds_have_degrees_of_networks() {
        for n in 2..60 {
            for mean in [0.0, 0.5, 1.0, 3.0, 16.0] {
                let degrees = power_law(n, mean, 2.2, 5000, Key::new(u64::from(n), 0));
                assert!(is_graphical(&degrees) && degrees.iter().sum::<u32>() % 2 == 0);
                assert!(degrees.iter().all(|degree| *degree < n));
            }
        }
    }
}
