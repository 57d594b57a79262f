//! The closed forms, in plain arithmetic and without a look at the engine.

use guanxi::quantity::math::{exp, ln, ln_gamma, logistic, pow};

/// ln of the number of ways to choose `k` of `n`.
pub fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// P(X = k) of a binomial number.
pub fn binomial(n: u32, p: f64, k: u32) -> f64 {
    let (n, k) = (f64::from(n), f64::from(k));
    exp(ln_choose(n, k) + k * ln(p) + (n - k) * ln(1.0 - p))
}

/// The probability that a family of a branching process with Binomial(m, q) children
/// has `size` members in all: P(Bin(m·size, q) = size − 1)/size (Dwass 1969).
pub fn total_progeny(m: u32, q: f64, size: u32) -> f64 {
    binomial(m * size, q, size - 1) / f64::from(size)
}

/// The same with Poisson(mean) children: Borel's law.
pub fn borel(mean: f64, size: u32) -> f64 {
    let s = f64::from(size);
    exp(-mean * s + (s - 1.0) * ln(mean * s) - ln_gamma(s + 1.0))
}

/// Gauss's hypergeometric function by its series, 0 ≤ z < 1.
pub fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0_f64, 1.0, 0.0);
    while term.abs() > 1e-15 * f64::abs(sum) && n < 1e6 {
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        n += 1.0;
    }
    sum
}

/// The expected number of repeat orders up to `t` of BG/NBD: Fader, Hardie & Lee (2005),
/// equation 9, doi 10.1287/mksc.1040.0098. `rate` is (r, α), `lapse` is (a, b).
pub fn bg_nbd(t: f64, (r, alpha): (f64, f64), (a, b): (f64, f64)) -> f64 {
    let series = hypergeometric(r, b, a + b - 1.0, t / (alpha + t));
    (a + b - 1.0) / (a - 1.0) * (1.0 - pow(alpha / (alpha + t), r) * series)
}

/// The normal density.
fn normal_density(z: f64) -> f64 {
    exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt()
}

/// A standard normal number cut to ±`cut`, as nodes and weights: the midpoint rule
/// inside, and the two tails as points at the ends.
pub fn cut_normal(cut: f64) -> Vec<(f64, f64)> {
    const NODES: u32 = 20_000;
    let step = 2.0 * cut / f64::from(NODES);
    let inside = |k: u32| {
        let z = -cut + (f64::from(k) + 0.5) * step;
        (z, normal_density(z) * step)
    };
    let mut nodes: Vec<(f64, f64)> = (0..NODES).map(inside).collect();
    let mass = nodes.iter().fold(0.0, |sum, node| sum + node.1);
    nodes.extend([(-cut, 0.5 * (1.0 - mass)), (cut, 0.5 * (1.0 - mass))]);
    nodes
}

/// The share of strangers whom one contact wins: σ(join − ρ) over ρ = mean + sd·z.
pub fn persuaded(join: f64, mean: f64, sd: f64) -> f64 {
    let one = |sum: f64, &(z, weight): &(f64, f64)| sum + weight * logistic(join - mean - sd * z);
    cut_normal(3.5).iter().fold(0.0, one)
}

#[test]
fn closed_forms_agree_with_values_known_otherwise() {
    // 2F1(1, 1; 2; z) = −ln(1 − z)/z, and the sums over all sizes are 1.
    let z = 0.7;
    assert!((hypergeometric(1.0, 1.0, 2.0, z) + ln(1.0 - z) / z).abs() < 1e-13);
    let binomial_sum = (1..5_000).map(|s| total_progeny(3, 0.2, s)).fold(0.0, |sum, p| sum + p);
    let borel_sum = (1..5_000).map(|s| borel(0.6, s)).fold(0.0, |sum, p| sum + p);
    assert!((binomial_sum - 1.0).abs() < 1e-9 && (borel_sum - 1.0).abs() < 1e-9);
    // Where hardly anybody lapses, orders are Poisson: E[X(t)] → t·r/α.
    let poisson = bg_nbd(10.0, (2.0, 50.0), (1e-6, 10.0));
    assert!((poisson - 10.0 * 2.0 / 50.0).abs() < 1e-5, "{poisson}");
    assert!((persuaded(0.0, 0.0, 1.0) - 0.5).abs() < 1e-9);
}
