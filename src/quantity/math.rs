//! Elementary functions whose bits are the same on every machine.
//!
//! The platform's `exp` and `ln` differ between C libraries; results that reach
//! a table go through these wrappers of `libm`, which is plain Rust.

use super::wide;

/// e to the power `x`.
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm; `-inf` at 0, NaN below.
#[inline(always)]
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Natural logarithm of 1 + `x`, exact for small `x`.
#[inline(always)]
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// `base` to the power `exponent`.
#[inline(always)]
#[must_use]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The logistic function σ(x) = 1 / (1 + e⁻ˣ): log-odds to probability.
#[inline(always)]
#[must_use]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// Log-odds of a probability in (0, 1).
#[inline(always)]
#[must_use]
pub fn logit(p: f64) -> f64 {
    ln(p / (1.0 - p))
}

/// Natural logarithm of Γ(`x`), for `x` > 0.
#[inline(always)]
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Φ(`x`): the probability that a standard normal number is at most `x`.
#[inline]
#[must_use]
pub fn normal_probability(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The normal quantile Φ⁻¹(`p`): the value below which a standard normal number
/// lies with probability `p`. Relative error about 10⁻¹⁶.
///
/// Wichura (1988), algorithm AS 241 (PPND16), Applied Statistics 37(3), 477–484:
/// a ratio of polynomials of degree 7 in each of three ranges of `p`. `-inf` at 0,
/// `inf` at 1, NaN outside [0, 1].
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if is_central(p) {
        return normal_centre(p);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let size = match tail {
        0.0 => f64::INFINITY,
        _ => tail_quantile((-ln(tail)).sqrt()),
    };
    if q < 0.0 { -size } else { size }
}

/// Whether [`normal_centre`] gives the normal quantile.
#[inline(always)]
#[must_use]
pub fn is_central(p: f64) -> bool {
    (p - 0.5).abs() <= 0.425
}

/// [`normal_quantile`] where [`is_central`], which 85 % of numbers are, for loops over many of
/// them; elsewhere it means nothing.
#[inline(always)]
#[must_use]
pub fn normal_centre(p: f64) -> f64 {
    let q = p - 0.5;
    q * ratio(0.180_625 - q * q, &CENTRE)
}

/// [`normal_quantile`] where it is not central, of a number no nearer to 0 or 1 than 2⁻³³, for loops
/// over many of them; elsewhere it means nothing.
#[inline(always)]
#[must_use]
pub fn normal_tail(p: f64) -> f64 {
    let tail = if p - 0.5 < 0.0 { p } else { 1.0 - p };
    let size = ratio((-wide::ln(tail)).sqrt() - 1.6, &TAIL);
    if p - 0.5 < 0.0 { -size } else { size }
}

/// The distance from 0 at which a tail of probability e^(-`r`²) starts.
fn tail_quantile(r: f64) -> f64 {
    if r <= 5.0 { ratio(r - 1.6, &TAIL) } else { ratio(r - 5.0, &FAR_TAIL) }
}

/// Two polynomials in `x`, divided; coefficients from the constant upwards.
#[inline(always)]
fn ratio(x: f64, [above, below]: &[[f64; 8]; 2]) -> f64 {
    let value = |terms: &[f64; 8]| terms.iter().rev().fold(0.0, |sum, term| sum * x + term);
    value(above) / value(below)
}

/// AS 241's coefficients a and b, for |p − ½| ≤ 0.425.
#[expect(clippy::excessive_precision, reason = "as published")]
const CENTRE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_608_0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
];

/// AS 241's coefficients c and d, for tails down to e⁻²⁵.
#[expect(clippy::excessive_precision, reason = "as published")]
const TAIL: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_90,
        5.769_497_221_460_691_405_50,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_40,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

/// AS 241's coefficients e and f, for tails below e⁻²⁵.
#[expect(clippy::excessive_precision, reason = "as published")]
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103_777_20,
        5.463_784_911_164_114_369_90,
        1.784_826_539_917_291_335_80,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

/// e to the power `x` for hot loops: within 10⁻¹³ of [`exp`], relatively; `x` is cut at ±700.
///
/// x = k·ln 2 + r, |r| ≤ ln 2 / 2; e^r by its Taylor series to r¹¹. Plain arithmetic
/// without branches, so that it is inlined and gives the same bits everywhere.
#[inline(always)]
#[must_use]
pub fn quick_exp(x: f64) -> f64 {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²: adding it rounds to a whole number.
    let x = x.clamp(-700.0, 700.0);
    // The low bits of the rounded sum are k in two's complement.
    let rounded = x * std::f64::consts::LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    // Estrin's scheme: short chains of operations, so that several run at once.
    let r2 = r * r;
    let r4 = r2 * r2;
    let r8 = r4 * r4;
    let a = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let b = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5_040.0));
    let c = (1.0 / 40_320.0 + r * (1.0 / 362_880.0))
        + r2 * (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0));
    (a + r4 * b + r8 * c) * f64::from_bits(rounded.to_bits().wrapping_add(1_023) << 52)
}

/// [`logistic`] for hot loops: within 10⁻¹³, relatively.
#[inline]
#[must_use]
pub fn quick_logistic(x: f64) -> f64 {
    1.0 / (1.0 + quick_exp(-x))
}

/// Natural logarithm of a positive normal `x` for hot loops: within 10⁻¹² of [`ln`].
///
/// x = m·2^e, m in [√½, √2); ln m = 2 artanh((m − 1)/(m + 1)) by its series to the 13th power.
#[inline(always)]
#[must_use]
pub fn quick_ln(x: f64) -> f64 {
    let (exponent, half) = exponent_and_half_ln(x, 0.0);
    exponent * std::f64::consts::LN_2 + 2.0 * half
}

/// −ln U of the number U = (`word` + ½)/2³² in (0, 1), an exponential number of mean 1: the bits
/// of [`quick_ln`], for loops over many words. What is known of U spares a few operations.
#[inline(always)]
#[must_use]
pub fn quick_exponential(word: u32) -> f64 {
    exponential_of_whole(f64::from_bits(u64::from(word) | WHOLE.to_bits()))
}

/// [`quick_exponential`] of a word that stands in the low bits of 2⁵².
#[inline(always)]
#[must_use]
pub fn exponential_of_whole(whole: f64) -> f64 {
    // Of a number that is 2³² times as large, only the exponent differs, by 32.
    let (exponent, half) = exponent_and_half_ln(whole - (WHOLE - 0.5), 32.0);
    exponent * -std::f64::consts::LN_2 - 2.0 * half
}

/// From 2⁵² on numbers are whole; a whole number below it in its low bits is added to it, which
/// vectors do where they do not convert.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// (e − `scale`, ½·ln m) of x = m·2^e as in [`quick_ln`].
#[inline(always)]
fn exponent_and_half_ln(x: f64, scale: f64) -> (f64, f64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    // Added to exponents to keep them positive: vectors have no signed shift of 64 bits.
    const BIAS: u64 = 1_024;
    const MANTISSA: u64 = (1 << 52) - 1;
    let above = x.to_bits().wrapping_add((BIAS << 52).wrapping_sub(SQRT_HALF));
    let m = f64::from_bits((above & MANTISSA) + SQRT_HALF);
    let exponent = f64::from_bits(above >> 52 | WHOLE.to_bits()) - (WHOLE + BIAS as f64 + scale);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let s4 = s2 * s2;
    let s8 = s4 * s4;
    let a = s2 * (1.0 / 3.0) + s4 * (1.0 / 5.0 + s2 * (1.0 / 7.0));
    let b = (1.0 / 9.0 + s2 * (1.0 / 11.0)) + s4 * (1.0 / 13.0);
    let tail = a + s8 * b;
    (exponent, s + s * tail)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the platform's functions are the oracle")]
mod tests {
    use super::*;
    use statrs::distribution::{ContinuousCDF, Normal};

    /// The distance of two numbers in units of the last place.
    fn ulps(a: f64, b: f64) -> u64 {
        a.to_bits().abs_diff(b.to_bits())
    }

    #[test]
    fn elementary_functions_agree_with_the_platform_to_one_unit_in_the_last_place() {
        for i in 1..20_000 {
            let x = f64::from(i) * 0.037;
            assert!(ulps(exp(-x), (-x).exp()) <= 1, "exp(-{x})");
            assert!(ulps(exp(x * 0.9), (x * 0.9).exp()) <= 1, "exp({x})");
            assert!(ulps(ln(x), x.ln()) <= 1, "ln {x}");
            assert!(ulps(ln_1p(x * 1e-6), (x * 1e-6).ln_1p()) <= 1, "ln_1p {x}");
            assert!(ulps(pow(x, 0.73), x.powf(0.73)) <= 1, "pow {x}");
            assert!(ulps(pow(x, -2.1), x.powf(-2.1)) <= 1, "pow {x}");
        }
    }

    #[test]
    fn normal_quantile_inverts_the_normal_law() {
        let normal = Normal::standard();
        for i in 1..20_000 {
            let central = f64::from(i) / 20_000.0;
            let tail = pow(10.0, -f64::from(i) / 100.0);
            for p in [central, tail] {
                let (ours, theirs) = (normal_quantile(p), normal.inverse_cdf(p));
                assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{p}: {ours}, {theirs}");
            }
        }
    }

    #[test]
    fn normal_probabilities_undo_normal_quantiles() {
        for i in 1..2_000 {
            let p = f64::from(i) / 2_000.0;
            assert!((normal_probability(normal_quantile(p)) - p).abs() < 1e-14, "{p}");
        }
        assert_eq!(normal_probability(0.0), 0.5);
        assert_eq!(normal_probability(f64::INFINITY), 1.0);
    }

    #[test]
    fn normal_quantile_holds_at_its_edges() {
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert!(normal_quantile(-0.1).is_nan() && normal_quantile(1.1).is_nan());
        assert!(normal_quantile(f64::NAN).is_nan());
    }

    #[test]
    fn the_quick_functions_are_close_to_the_exact_ones() {
        for k in -70_000..70_000 {
            let x = f64::from(k) * 0.009_973;
            assert!((quick_exp(x) / exp(x) - 1.0).abs() < 1e-13, "exp({x})");
        }
        for k in 1..100_000 {
            let x = f64::from(k) * 1.000_7e-5;
            for x in [x, 1.0 / x, x * 1e-200] {
                assert!((quick_ln(x) - ln(x)).abs() < 1e-12 * ln(x).abs().max(1.0), "ln({x})");
            }
        }
        assert_eq!(quick_exp(0.0), 1.0);
        assert_eq!(quick_ln(1.0), 0.0);
        for word in (0..=u32::MAX).step_by(10_007).chain([1, u32::MAX]) {
            let plain = -quick_ln((f64::from(word) + 0.5) * (1.0 / 4_294_967_296.0));
            assert_eq!(quick_exponential(word).to_bits(), plain.to_bits());
        }
    }
}
