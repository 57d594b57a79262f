//! The logarithm and the exponential function of [`super::math`], bit for bit, for loops over many
//! numbers.
//!
//! The functions of `libm` ask what kind of number they got, and call one another; here are the same
//! operations in the same order without a branch, which become vectors, for the numbers that
//! loops have. The tests compare the bits.

/// A double's bits of which `libm` names the upper half.
const fn high(word: u64) -> u64 {
    word << 32
}

/// From 2⁵² on numbers are whole; a whole number below it in its low bits is added to it, which
/// vectors do where they do not convert.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// ln 2 in two parts, of which the first has few bits.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// [`super::math::ln`] of a normal number above 0.
#[inline(always)]
#[must_use]
pub fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = high(0x3fe6_a09e);
    const ONE: u64 = high(0x3ff0_0000);
    let bits = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits(bits >> 52 | WHOLE.to_bits()) - (WHOLE + 1_023.0);
    let f = f64::from_bits((bits & (high(0x0010_0000) - 1)) + SQRT_HALF) - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let t1 = w * (LN[1] + w * (LN[3] + w * LN[5]));
    let t2 = z * (LN[0] + w * (LN[2] + w * (LN[4] + w * LN[6])));
    let r = t2 + t1;
    s * (half_square + r) + k * LN_2_LOW - half_square + f + k * LN_2_HIGH
}

/// The coefficients of the logarithm, as `libm` has them.
#[expect(clippy::excessive_precision, reason = "as published")]
const LN: [f64; 7] = [
    6.666_666_666_666_735_130e-1,
    3.999_999_999_940_941_908e-1,
    2.857_142_874_366_239_149e-1,
    2.222_219_843_214_978_396e-1,
    1.818_357_216_161_805_012e-1,
    1.531_383_769_920_937_332e-1,
    1.479_819_860_511_658_591e-1,
];

/// Up to where [`exp`] gives the exponential function, on both sides of 0.
pub const MOST_EXPONENT: f64 = 700.0;

/// [`super::math::exp`] of a number no farther from 0 than [`MOST_EXPONENT`].
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    // The highest words of the bounds are what is compared.
    let size = x.to_bits() & !(1 << 63) & !(high(1) - 1);
    let size = f64::from_bits(size);
    let bound = |word| f64::from_bits(high(word));
    let half = f64::from_bits(x.to_bits() & 1 << 63 | 0.5_f64.to_bits());
    let far = (std::f64::consts::LOG2_E * x + half).trunc();
    let near = if size > bound(0x3fd6_2e42) { 2.0 * half } else { 0.0 };
    let k = if size >= bound(0x3ff0_a2b2) { far } else { near };
    let (above, below) = (x - k * LN_2_HIGH, k * LN_2_LOW);
    let r = above - below;
    let square = r * r;
    let terms = EXP[1] + square * (EXP[2] + square * (EXP[3] + square * EXP[4]));
    let c = r - square * (EXP[0] + square * terms);
    let y = 1.0 + (r * c / (2.0 - c) - below + above);
    let scale = f64::from_bits((k + (WHOLE + 1_023.0)).to_bits() << 52);
    if size > bound(0x3e30_0000) { y * scale } else { 1.0 + x }
}

/// The coefficients of the exponential function, as `libm` has them.
#[expect(clippy::excessive_precision, reason = "as published")]
const EXP: [f64; 5] = [
    1.666_666_666_666_660_190_37e-1,
    -2.777_777_777_701_559_338_42e-3,
    6.613_756_321_437_934_361_17e-5,
    -1.653_390_220_546_525_153_90e-6,
    4.138_136_797_057_238_460_39e-8,
];

#[cfg(test)]
mod tests {
    use super::super::math;
    use super::*;
    use crate::simd::{self, Kernel};

    struct Both<'a>(&'a [f64]);

    impl Kernel for Both<'_> {
        type Output = Vec<[u64; 2]>;

        #[inline(always)]
        fn run(self) -> Self::Output {
            let both = |x: &f64| [exp(*x), ln(x.abs())].map(f64::to_bits);
            self.0.iter().map(both).collect()
        }
    }

    #[test]
    fn wide_functions_have_the_bits_of_the_plain_ones() {
        let mut numbers = Vec::new();
        for k in 1..60_000_u32 {
            let x = f64::from(k) * 0.011_663;
            let tiny = math::exp(-f64::from(k) * 0.01);
            numbers.extend([x, -x, tiny, -tiny, x * 1e-3, -x * 1e-3, 1.0 + tiny, 1.0 - tiny]);
        }
        for word in [0x3fd6_2e42, 0x3fd6_2e43, 0x3ff0_a2b2, 0x3ff0_a2b1, 0x3e30_0000, 0x3e30_0001] {
            for low in [0, 1, u64::from(u32::MAX)] {
                let edge = f64::from_bits(high(word) | low);
                numbers.extend([edge, -edge]);
            }
        }
        numbers.extend([1.0, -1.0, 2.0, MOST_EXPONENT, -MOST_EXPONENT]);
        numbers.retain(|x| x.abs() <= MOST_EXPONENT && x.abs() > 1e-300);
        let wide = simd::widest(Both(&numbers));
        for (x, wide) in numbers.iter().zip(wide) {
            let plain = [math::exp(*x), math::ln(x.abs())].map(f64::to_bits);
            assert_eq!(wide, plain, "{x}");
        }
    }
}
