//! Elementary functions whose bits are the same on every machine.
//!
//! The platform's `exp` and `ln` differ between C libraries; results that reach
//! a table go through these wrappers of `libm`, which is plain Rust.

/// e to the power `x`.
#[inline]
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm; `-inf` at 0, NaN below.
#[inline]
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Natural logarithm of 1 + `x`, exact for small `x`.
#[inline]
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    libm::log1p(x)
}

/// `base` to the power `exponent`.
#[inline]
#[must_use]
pub fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// The logistic function σ(x) = 1 / (1 + e⁻ˣ): log-odds to probability.
#[inline]
#[must_use]
pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// Log-odds of a probability in (0, 1).
#[inline]
#[must_use]
pub fn logit(p: f64) -> f64 {
    ln(p / (1.0 - p))
}
