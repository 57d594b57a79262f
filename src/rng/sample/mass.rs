//! Logarithms of the Poisson and binomial probabilities, without cancellation.
//!
//! Loader (2000), "Fast and accurate computation of binomial probabilities": with
//! Stirling's error δ(k) and the deviance D(k, m) = k ln(k/m) + m − k,
//! ln Poisson(k; m) = −½ ln 2πk − δ(k) − D(k, m), and the binomial alike. The plain
//! formula with ln Γ loses all digits when n is large; this one keeps about ten
//! for counts up to 10¹⁵.

use crate::quantity::math::{ln, ln_1p, ln_gamma};
use std::f64::consts::TAU;

/// ln of the probability of `k` events when `mean` are expected. `k` whole, ≥ 0.
pub(super) fn ln_poisson(k: f64, mean: f64) -> f64 {
    if k == 0.0 {
        return -mean;
    }
    -0.5 * ln(TAU * k) - stirling_error(k) - deviance(k, mean)
}

/// ln of the probability of `k` successes in `n` trials of probability `p`, with
/// `k` whole in 0 … `n` and 0 < `p` < 1.
pub(super) fn ln_binomial(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        return n * ln_1p(-p);
    }
    if k == n {
        return n * ln(p);
    }
    let rest = n - k;
    let errors = stirling_error(n) - stirling_error(k) - stirling_error(rest);
    let deviances = deviance(k, n * p) + deviance(rest, n * (1.0 - p));
    errors - deviances - 0.5 * ln(TAU * k * (rest / n))
}

/// D(k, m) = k ln(k/m) + m − k, for `k` > 0.
fn deviance(k: f64, mean: f64) -> f64 {
    let excess = (k - mean) / mean;
    mean * ((1.0 + excess) * ln_1p(excess) - excess)
}

/// δ(k) = ln k! − (k + ½) ln k + k − ½ ln 2π, for whole `k` ≥ 1.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        return ln_gamma(k + 1.0) - (k + 0.5) * ln(k) + k - 0.5 * ln(TAU);
    }
    let square = 1.0 / (k * k);
    let inner = 1.0 / 1260.0 - square * (1.0 / 1680.0 - square / 1188.0);
    (1.0 / 12.0 - square * (1.0 / 360.0 - square * inner)) / k
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Binomial, Discrete, Poisson};

    #[test]
    fn poisson_logarithms_agree_with_the_plain_formula() {
        for mean in [0.3, 4.0, 15.5, 200.0] {
            let law = Poisson::new(mean).unwrap();
            for k in 0..400_u32 {
                let (ours, theirs) = (ln_poisson(f64::from(k), mean), law.ln_pmf(u64::from(k)));
                assert!((ours - theirs).abs() < 1e-10 * (1.0 + theirs.abs()), "{mean} {k}");
            }
        }
    }

    #[test]
    fn binomial_logarithms_agree_with_the_plain_formula() {
        for (n, p) in [(1, 0.2), (40, 0.5), (300, 0.01), (300, 0.9)] {
            let law = Binomial::new(p, n).unwrap();
            for k in 0..=n {
                let (ours, theirs) = (ln_binomial(k as f64, n as f64, p), law.ln_pmf(k));
                assert!((ours - theirs).abs() < 1e-10 * (1.0 + theirs.abs()), "{n} {p} {k}");
            }
        }
    }
}
