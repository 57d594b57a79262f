//! The one module with `unsafe`: calls into code compiled for wider vectors.
//!
//! The program is built for any processor of its architecture. On x86-64 that
//! means vectors of two u64; a processor with AVX2 has four. [`widest`] compiles
//! a piece of code twice and chooses when the program runs. Both versions do the
//! same operations on the same numbers (the compiler never fuses or reorders
//! floating-point operations by itself), so results do not depend on the choice.

/// Runs `code`, compiled for the widest vectors that this processor has.
///
/// Worth it for loops of some dozens of elements and above; what `code` calls
/// must be `#[inline(always)]` to be compiled along with it.
#[inline]
pub fn widest<T>(code: impl FnOnce() -> T) -> T {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `with_avx2` needs a processor with AVX2, which was just asked for.
        return unsafe { with_avx2(code) };
    }
    code()
}

/// `code`, compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<T>(code: impl FnOnce() -> T) -> T {
    code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_code_gives_the_bits_of_plain_code() {
        let column: Vec<f64> = (0..1_000).map(|i| 1.0 / (f64::from(i) + 0.3)).collect();
        let code = || column.iter().map(|x| (x * x + 0.1) * x - 0.7).map(f64::to_bits).collect();
        let (wide, plain): (Vec<u64>, Vec<u64>) = (widest(code), code());
        assert_eq!(wide, plain);
    }
}
