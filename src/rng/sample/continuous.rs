//! Samplers of real numbers: exponential, normal, log-normal, gamma, beta.

use crate::quantity::math::{exp, ln, ln_1p, logistic, normal_quantile};
use crate::rng::{Draws, unit};

/// An exponential number of mean 1: −ln U. One word; from 2⁻³³ to 22.9.
#[inline]
pub fn exponential(draws: &mut Draws) -> f64 {
    exponential_race(draws.word())
}

/// −ln U of one word, as noise of a choice: of several options with weights wᵢ,
/// the one of smallest noise ÷ wᵢ is option i with probability wᵢ / Σw, and
/// −ln(noise) is Gumbel noise for utilities ln wᵢ.
#[inline]
#[must_use]
pub fn exponential_race(word: u32) -> f64 {
    -ln(unit(word))
}

/// An exponential number of mean 1 that keeps its relative precision at both
/// ends: from 2⁻⁶⁵ to 45. Two words.
#[inline]
pub fn fine_exponential(draws: &mut Draws) -> f64 {
    fine_exponential_from(draws.long())
}

/// [`fine_exponential`] from its two words, the first the higher.
#[must_use]
pub fn fine_exponential_from(word: u64) -> f64 {
    let tail = |distance: u64| (distance as f64 + 0.5) * (1.0 / 18_446_744_073_709_551_616.0);
    if word >> 63 == 0 { -ln_1p(-tail(word)) } else { -ln(tail(!word)) }
}

/// A standard normal number, by inversion of one word: between −6.34 and 6.34.
#[inline]
pub fn normal(draws: &mut Draws) -> f64 {
    normal_from(draws.word())
}

/// The standard normal number at the quantile of one word (AS 241). Never falls
/// where the word rises.
#[inline]
#[must_use]
pub fn normal_from(word: u32) -> f64 {
    normal_quantile(unit(word))
}

/// A log-normal number: exp(`mu` + `sigma` Z). Its median is exp(`mu`), its mean
/// exp(`mu` + `sigma`² / 2). One word.
#[inline]
pub fn lognormal(draws: &mut Draws, mu: f64, sigma: f64) -> f64 {
    exp(mu + sigma * normal(draws))
}

/// A gamma number of scale 1: density x^(`shape` − 1) e⁻ˣ / Γ(`shape`), mean and
/// variance `shape`.
///
/// Marsaglia and Tsang (2000), doi:10.1145/358407.358414, for shapes of 1 and
/// above; below, Γ(shape + 1) × U^(1 / shape). Under a shape of about 0.03 the
/// smallest values may round to 0.
///
/// The shape must be above 0 and finite.
pub fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 { exp(ln_of_gamma(draws, shape)) } else { gamma_above_one(draws, shape) }
}

/// A beta number in [0, 1]: density x^(`a` − 1) (1 − x)^(`b` − 1) / B(`a`, `b`), mean
/// `a` / (`a` + `b`).
///
/// X / (X + Y) of two gamma numbers. Below 1 both may round to 0, so the ratio
/// is taken of their logarithms: σ(ln X − ln Y). `a` and `b` must be above 0 and
/// finite; where they are small, results of exactly 0 or 1 are common.
pub fn beta(draws: &mut Draws, a: f64, b: f64) -> f64 {
    if a < 1.0 || b < 1.0 {
        let x = ln_of_gamma(draws, a);
        return logistic(x - ln_of_gamma(draws, b));
    }
    let x = gamma_above_one(draws, a);
    x / (x + gamma_above_one(draws, b))
}

/// The logarithm of a gamma number, which does not round to −inf.
fn ln_of_gamma(draws: &mut Draws, shape: f64) -> f64 {
    assert!(shape > 0.0, "a gamma shape is above 0, not {shape}");
    if shape < 1.0 {
        let power = ln(draws.unit()) / shape;
        return ln(gamma_above_one(draws, shape + 1.0)) + power;
    }
    ln(gamma_above_one(draws, shape))
}

/// Marsaglia and Tsang's method: d V with V = (1 + c Z)³, accepted against the
/// gamma density. Two words a trial; at least 95 % of trials are accepted.
fn gamma_above_one(draws: &mut Draws, shape: f64) -> f64 {
    assert!(shape.is_finite(), "a gamma shape is finite, not {shape}");
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let z = normal(draws);
        let u = draws.unit();
        let root = 1.0 + c * z;
        let v = root * root * root;
        let square = z * z;
        if root <= 0.0 {
            continue;
        }
        if u < 1.0 - 0.0331 * square * square || ln(u) < 0.5 * square + d * (1.0 - v + ln(v)) {
            return d * v;
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "powers of two are exact")]
mod tests {
    use super::super::check::{first, follow_the_same, follows, has_moments, oracle, sample};
    use super::*;
    use statrs::distribution::{self as law, ContinuousCDF};

    /// Kolmogorov–Smirnov, n = 10⁵, √n D < 2.2253, false alarm 10⁻⁴ each.
    #[test]
    fn exponential_numbers_follow_their_law() {
        let exact = law::Exp::new(1.0).unwrap();
        follows(sample("test/exponential", exponential), |x| exact.cdf(x));
        follows(sample("test/fine", fine_exponential), |x| exact.cdf(x));
    }

    /// Kolmogorov–Smirnov, n = 10⁵, √n D < 2.2253, false alarm 10⁻⁴ each.
    #[test]
    fn normal_and_lognormal_numbers_follow_their_law() {
        let exact = law::Normal::standard();
        let numbers = sample("test/normal", normal);
        has_moments(&numbers, 0.0, 1.0);
        follows(numbers, |x| exact.cdf(x));
        let exact = law::LogNormal::new(1.3, 0.8).unwrap();
        follows(sample("test/lognormal", |draws| lognormal(draws, 1.3, 0.8)), |x| exact.cdf(x));
    }

    /// Kolmogorov–Smirnov, n = 10⁵, √n D < 2.2253, false alarm 10⁻⁴ each.
    #[test]
    fn gamma_numbers_follow_their_law() {
        for shape in [0.05, 0.5, 0.99, 1.0, 2.5, 40.0] {
            let exact = law::Gamma::new(shape, 1.0).unwrap();
            follows(sample("test/gamma", |draws| gamma(draws, shape)), |x| exact.cdf(x));
            let theirs = oracle(rand_distr::Gamma::new(shape, 1.0).unwrap());
            follow_the_same(sample("test/gamma2", |draws| gamma(draws, shape)), theirs);
        }
        has_moments(&sample("test/gamma", |draws| gamma(draws, 1e9)), 1e9, 1e9);
    }

    /// Kolmogorov–Smirnov, n = 10⁵, √n D < 2.2253, false alarm 10⁻⁴ each.
    #[test]
    fn beta_numbers_follow_their_law() {
        for (a, b) in [(0.3, 0.2), (0.5, 3.0), (6.0, 0.7), (1.0, 1.0), (2.0, 30.0)] {
            let exact = law::Beta::new(a, b).unwrap();
            follows(sample("test/beta", |draws| beta(draws, a, b)), |x| exact.cdf(x));
            let theirs = oracle(rand_distr::Beta::new(a, b).unwrap());
            follow_the_same(sample("test/beta2", |draws| beta(draws, a, b)), theirs);
        }
    }

    /// Beta(ε, ε) is nearly a fair coin: z test of the mean, n = 10⁵, |z| < 3.89.
    #[test]
    fn tiny_shapes_give_numbers_and_keep_the_mean() {
        for shape in [1e-300, 1e-12, 1e-4] {
            assert!(sample("test/tiny", |draws| gamma(draws, shape)).iter().all(|x| *x >= 0.0));
            let coins = sample("test/coin", |draws| beta(draws, shape, shape));
            assert!(coins.iter().all(|x| (0.0..=1.0).contains(x)));
            let z = coins.iter().fold(0.0, |sum, x| sum + (x - 0.5) * 2.0)
                / (coins.len() as f64).sqrt();
            assert!(z.abs() < 3.8906, "{shape}: z = {z}");
        }
    }

    #[test]
    fn extreme_words_give_finite_numbers() {
        assert!((exponential_race(u32::MAX) - 2.0_f64.powi(-33)).abs() < 1e-19);
        assert!((exponential_race(0) - 33.0 * std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(normal_from(0), -normal_from(u32::MAX));
        assert!((normal_from(0) + 6.337_957_754_553_789).abs() < 1e-9);
    }

    /// The bits of a sampler's first numbers.
    fn bits(sampler: &dyn Fn(&mut Draws) -> f64) -> [u64; 4] {
        first(|draws| sampler(draws).to_bits())
    }

    #[test]
    fn continuous_draws_are_frozen() {
        assert_eq!(
            bits(&exponential),
            [
                0x4002_0797_9f5a_d224,
                0x4007_7aec_e2c4_1430,
                0x3ff5_9c3d_fe63_bf37,
                0x3fc0_001d_2bfb_d6f7
            ]
        );
        assert_eq!(
            bits(&fine_exponential),
            [
                0x3fbc_66af_80fe_4c75,
                0x3fd3_30cb_df7a_f584,
                0x3fd0_8b66_d93a_9f98,
                0x3ffa_052f_7050_326a
            ]
        );
        assert_eq!(
            bits(&normal),
            [
                0xbff4_0e65_7e13_7556,
                0xbff9_d804_2db7_0eac,
                0xbfe4_adb7_7abc_84a3,
                0x3ff3_0030_35b4_2cc7
            ]
        );
        assert_eq!(
            bits(&|draws| lognormal(draws, 0.5, 1.5)),
            [
                0x3fd0_18bd_cf58_48b6,
                0x3fc2_b64f_116b_7a12,
                0x3fe4_038f_7632_efec,
                0x4023_9444_5b13_e2c9
            ]
        );
    }

    #[test]
    fn draws_with_shapes_are_frozen() {
        assert_eq!(
            bits(&|draws| gamma(draws, 0.05)),
            [
                0x3b91_5a89_ae0f_9132,
                0x3f95_3748_b53b_bf01,
                0x3f7a_06d0_ad09_e1fa,
                0x3d90_8533_8235_7daa
            ]
        );
        assert_eq!(
            bits(&|draws| gamma(draws, 3.5)),
            [
                0x3ff6_b360_3641_a59d,
                0x4001_33d7_4437_f585,
                0x4000_2079_5c9a_4648,
                0x4013_c415_7e42_1741
            ]
        );
        assert_eq!(
            bits(&|draws| beta(draws, 0.3, 0.6)),
            [
                0x3f1a_5b52_592d_3405,
                0x3fe5_8d2d_1fde_16fb,
                0x3fc0_029b_a019_662c,
                0x3fb4_29dc_caed_47a1
            ]
        );
        assert_eq!(
            bits(&|draws| beta(draws, 2.0, 5.0)),
            [
                0x3fc0_d55e_d2b9_77c2,
                0x3fbd_6254_3c1c_96cc,
                0x3fd5_19ee_a68f_4cdb,
                0x3fe2_cbae_de71_9b97
            ]
        );
    }
}
