//! Four words of 32 bits side by side, each with 64 bits of room for products.
//!
//! Long chains of such operations are not turned into vectors by the compiler, as plain loops
//! are. What is written over a [`Quad`] is compiled for the vectors of AVX2, and for plain
//! numbers where the processor has none; both give the same bits.

/// Four words, each in the lower half of 64 bits. What stands in the upper halves is of no
/// account but to [`Quad::high`].
pub trait Quad: Copy + sealed::Sealed {
    /// One word four times.
    fn all(word: u32) -> Self;
    /// Four words.
    fn of(words: &[u32; 4]) -> Self;
    /// The lower halves of four numbers; the upper ones stay for [`Quad::high`].
    fn of_longs(numbers: &[u64; 4]) -> Self;
    /// The sums, modulo 2³².
    fn plus(self, other: Self) -> Self;
    /// The products, of 64 bits.
    fn times(self, other: Self) -> Self;
    /// The upper halves in the place of the lower ones.
    fn high(self) -> Self;
    /// A quarter of each number of 64 bits, rounded down.
    fn quarter(self) -> Self;
    /// The bits in which two differ.
    fn xor(self, other: Self) -> Self;
    /// The four words.
    fn words(self) -> [u32; 4];
    /// Each word above the one of `low`.
    fn above(self, low: Self) -> [u64; 4];
    /// Each word w as the number 2⁵² + w: in the low bits of 2⁵².
    fn wholes(self) -> [f64; 4];
    /// Of four words one each: that at the place which the last two bits of `places` say.
    fn one_of(words: [Self; 4], places: Self) -> Self;
    /// The k-th words of four quads, for each k.
    fn rows(quads: [Self; 4]) -> [[u32; 4]; 4];
    /// [`Quad::rows`] with those of the second and the third k in each other's place, which takes
    /// fewer operations.
    fn crossed_rows(quads: [Self; 4]) -> [[u32; 4]; 4];
    /// Which of 32 words lie below a limit, a bit each.
    fn below(words: &[u32; 32], limit: u32) -> u32;
}

mod sealed {
    /// Keeps other types out.
    pub trait Sealed {}
}

/// The bits of 2⁵².
const WHOLE_BITS: u64 = 0x4330_0000_0000_0000;

/// A piece of code over quads, as [`super::Kernel`] over loops: `run`, and what it calls, must be
/// `#[inline(always)]`, and its closures are not sure to be inlined.
pub trait Quads {
    /// What comes out.
    type Output;
    /// Does the work.
    fn run<Q: Quad>(self) -> Self::Output;
}

/// Runs a piece of code over the best quads that this processor has.
#[inline]
pub fn quads<K: Quads>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `avx2::run` needs a processor with AVX2, which was just asked for.
        return unsafe { avx2::run(kernel) };
    }
    kernel.run::<Plain>()
}

/// A quad of plain numbers.
#[derive(Clone, Copy)]
struct Plain([u64; 4]);

impl sealed::Sealed for Plain {}

impl Plain {
    #[inline(always)]
    fn each(self, other: Self, work: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|k| work(self.0[k], other.0[k])))
    }
}

impl Quad for Plain {
    #[inline(always)]
    fn all(word: u32) -> Self {
        Self([u64::from(word); 4])
    }

    #[inline(always)]
    fn of(words: &[u32; 4]) -> Self {
        Self(words.map(u64::from))
    }

    #[inline(always)]
    fn of_longs(numbers: &[u64; 4]) -> Self {
        Self(*numbers)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.each(other, u64::wrapping_add)
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self.each(other, |a, b| (a & 0xffff_ffff) * (b & 0xffff_ffff))
    }

    #[inline(always)]
    fn high(self) -> Self {
        Self(self.0.map(|word| word >> 32))
    }

    #[inline(always)]
    fn quarter(self) -> Self {
        Self(self.0.map(|number| number >> 2))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.each(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn words(self) -> [u32; 4] {
        self.0.map(|word| word as u32)
    }

    #[inline(always)]
    fn above(self, low: Self) -> [u64; 4] {
        self.each(low, |a, b| a << 32 | (b & 0xffff_ffff)).0
    }

    #[inline(always)]
    fn wholes(self) -> [f64; 4] {
        self.0.map(|word| f64::from_bits((word & 0xffff_ffff) | WHOLE_BITS))
    }

    #[inline(always)]
    fn one_of(words: [Self; 4], places: Self) -> Self {
        Self(std::array::from_fn(|k| words[(places.0[k] & 3) as usize].0[k]))
    }

    #[inline(always)]
    fn rows(quads: [Self; 4]) -> [[u32; 4]; 4] {
        std::array::from_fn(|k| quads.map(|quad| quad.0[k] as u32))
    }

    #[inline(always)]
    fn crossed_rows(quads: [Self; 4]) -> [[u32; 4]; 4] {
        let [a, b, c, d] = Self::rows(quads);
        [a, c, b, d]
    }

    #[inline(always)]
    fn below(words: &[u32; 32], limit: u32) -> u32 {
        let bits = words.iter().enumerate().map(|(k, word)| u32::from(*word < limit) << k);
        bits.fold(0, |all, bit| all | bit)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Quad, Quads, WHOLE_BITS, sealed};
    use std::arch::x86_64::{
        __m128i, __m256i, _mm256_add_epi64, _mm256_blend_epi32, _mm256_blendv_pd,
        _mm256_castpd_si256, _mm256_castsi128_si256, _mm256_castsi256_pd, _mm256_castsi256_si128,
        _mm256_cmpeq_epi32, _mm256_max_epu32, _mm256_movemask_epi8, _mm256_mul_epu32,
        _mm256_packs_epi16, _mm256_packs_epi32, _mm256_permute2x128_si256,
        _mm256_permutevar8x32_epi32, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_setr_epi32,
        _mm256_slli_epi64, _mm256_srli_epi64, _mm256_unpackhi_epi64, _mm256_unpacklo_epi64,
        _mm256_xor_si256,
    };
    use std::mem::transmute;

    /// The code, compiled with AVX2.
    #[target_feature(enable = "avx2")]
    pub fn run<K: Quads>(kernel: K) -> K::Output {
        kernel.run::<Vector>()
    }

    /// A quad in a vector of AVX2. There is none but in what [`run`] calls, which itself needs
    /// AVX2: all the operations below are there where the type is.
    #[derive(Clone, Copy)]
    struct Vector(__m256i);

    impl sealed::Sealed for Vector {}

    impl Vector {
        /// Each word above the one of `low`.
        #[inline(always)]
        fn pairs(self, low: Self) -> __m256i {
            // SAFETY: AVX2 is there, see `Vector`.
            unsafe { _mm256_blend_epi32::<0b1010_1010>(low.0, _mm256_slli_epi64::<32>(self.0)) }
        }
    }

    impl Quad for Vector {
        #[inline(always)]
        fn all(word: u32) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_set1_epi64x(i64::from(word)) })
        }

        /// Each word twice, in both halves: where the compiler knew that the upper ones are 0, it
        /// would multiply words of 32 bits, which takes more operations.
        #[inline(always)]
        fn of(words: &[u32; 4]) -> Self {
            // SAFETY: AVX2 is there, see `Vector`; both types are 16 bytes of plain bits.
            unsafe {
                let words = _mm256_castsi128_si256(transmute::<[u32; 4], __m128i>(*words));
                let places = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
                Self(_mm256_permutevar8x32_epi32(words, places))
            }
        }

        #[inline(always)]
        fn of_longs(numbers: &[u64; 4]) -> Self {
            // SAFETY: both types are 32 bytes of plain bits.
            Self(unsafe { transmute::<[u64; 4], __m256i>(*numbers) })
        }

        #[inline(always)]
        fn plus(self, other: Self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_add_epi64(self.0, other.0) })
        }

        #[inline(always)]
        fn times(self, other: Self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_mul_epu32(self.0, other.0) })
        }

        #[inline(always)]
        fn high(self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_srli_epi64::<32>(self.0) })
        }

        #[inline(always)]
        fn quarter(self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_srli_epi64::<2>(self.0) })
        }

        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            Self(unsafe { _mm256_xor_si256(self.0, other.0) })
        }

        #[inline(always)]
        fn words(self) -> [u32; 4] {
            // SAFETY: AVX2 is there, see `Vector`; both types are 16 bytes of plain bits.
            unsafe {
                let places = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
                let words = _mm256_permutevar8x32_epi32(self.0, places);
                transmute::<__m128i, [u32; 4]>(_mm256_castsi256_si128(words))
            }
        }

        #[inline(always)]
        fn above(self, low: Self) -> [u64; 4] {
            // SAFETY: both types are 32 bytes of plain bits.
            unsafe { transmute::<__m256i, [u64; 4]>(self.pairs(low)) }
        }

        #[inline(always)]
        fn wholes(self) -> [f64; 4] {
            // SAFETY: AVX2 is there, see `Vector`; both types are 32 bytes of plain bits.
            unsafe {
                let above = _mm256_set1_epi64x(WHOLE_BITS as i64);
                transmute::<__m256i, [f64; 4]>(_mm256_blend_epi32::<0b1010_1010>(self.0, above))
            }
        }

        #[inline(always)]
        fn one_of([a, b, c, d]: [Self; 4], places: Self) -> Self {
            // SAFETY: AVX2 is there, see `Vector`.
            unsafe {
                // The highest bit of 64 says which of two.
                let odd = _mm256_castsi256_pd(_mm256_slli_epi64::<63>(places.0));
                let upper = _mm256_castsi256_pd(_mm256_slli_epi64::<62>(places.0));
                let (a, b) = (_mm256_castsi256_pd(a.0), _mm256_castsi256_pd(b.0));
                let (c, d) = (_mm256_castsi256_pd(c.0), _mm256_castsi256_pd(d.0));
                let low = _mm256_blendv_pd(a, b, odd);
                let high = _mm256_blendv_pd(c, d, odd);
                Self(_mm256_castpd_si256(_mm256_blendv_pd(low, high, upper)))
            }
        }

        #[inline(always)]
        fn rows([a, b, c, d]: [Self; 4]) -> [[u32; 4]; 4] {
            let (first, second) = (b.pairs(a), d.pairs(c));
            // SAFETY: AVX2 is there, see `Vector`; both types are 64 bytes of plain bits.
            unsafe {
                let even = _mm256_unpacklo_epi64(first, second);
                let odd = _mm256_unpackhi_epi64(first, second);
                transmute::<[__m256i; 2], [[u32; 4]; 4]>([
                    _mm256_permute2x128_si256::<0x20>(even, odd),
                    _mm256_permute2x128_si256::<0x31>(even, odd),
                ])
            }
        }

        #[inline(always)]
        fn crossed_rows([a, b, c, d]: [Self; 4]) -> [[u32; 4]; 4] {
            let (first, second) = (b.pairs(a), d.pairs(c));
            // SAFETY: AVX2 is there, see `Vector`; both types are 64 bytes of plain bits.
            unsafe {
                transmute::<[__m256i; 2], [[u32; 4]; 4]>([
                    _mm256_unpacklo_epi64(first, second),
                    _mm256_unpackhi_epi64(first, second),
                ])
            }
        }

        #[inline(always)]
        fn below(words: &[u32; 32], limit: u32) -> u32 {
            // SAFETY: AVX2 is there, see `Vector`; both types are 128 bytes of plain bits.
            unsafe {
                let limit = _mm256_set1_epi32(limit as i32);
                let words = transmute::<[u32; 32], [__m256i; 4]>(*words);
                // There is no comparison of words without a sign, but a larger of two.
                let a = _mm256_cmpeq_epi32(_mm256_max_epu32(words[0], limit), words[0]);
                let b = _mm256_cmpeq_epi32(_mm256_max_epu32(words[1], limit), words[1]);
                let c = _mm256_cmpeq_epi32(_mm256_max_epu32(words[2], limit), words[2]);
                let d = _mm256_cmpeq_epi32(_mm256_max_epu32(words[3], limit), words[3]);
                let (ab, cd) = (_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
                // Half of each stands in either half.
                let places = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
                let others = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(ab, cd), places);
                !_mm256_movemask_epi8(others) as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All the operations, on words that are far apart.
    struct All(u32);

    impl Quads for All {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run<Q: Quad>(self) -> Vec<u64> {
            let far = |k: u32| self.0.wrapping_add(k).wrapping_mul(0x9e37_79b9).rotate_left(k);
            let words = [0, 1, 2, 3].map(far);
            let (a, b) = (Q::of(&words), Q::all(far(7)));
            let product = a.times(b);
            let mixed = product.xor(a).plus(product);
            let quads = [a, product, mixed, product.high()];
            let longs = Q::of_longs(&mixed.above(product.high()));
            let mut all = longs.high().above(longs).to_vec();
            all.extend(quads.iter().flat_map(|quad| quad.words()).map(u64::from));
            all.extend(quads.iter().flat_map(|quad| quad.wholes()).map(f64::to_bits));
            all.extend(Q::one_of(quads, mixed).words().map(u64::from));
            all.extend(longs.quarter().above(longs.quarter().high()));
            all.extend(Q::rows(quads).as_flattened().iter().copied().map(u64::from));
            all.extend(Q::crossed_rows(quads).as_flattened().iter().copied().map(u64::from));
            let many = std::array::from_fn(|k| far(k as u32));
            let limits = [0, many[3], many[13], many[22], many[31], u32::MAX];
            all.extend(limits.map(|limit| u64::from(Q::below(&many, limit))));
            all
        }
    }

    #[test]
    fn quads_of_vectors_give_the_bits_of_plain_numbers() {
        for start in 0..1_000 {
            assert_eq!(quads(All(start)), All(start).run::<Plain>());
        }
    }

    #[test]
    fn plain_quads_count_as_they_say() {
        let words = [5, u32::MAX, 7, 1 << 31];
        let (a, b) = (Plain::of(&words), Plain::all(3));
        assert_eq!(a.times(b).words(), words.map(|word| word.wrapping_mul(3)));
        assert_eq!(a.times(b).high().words(), [0, 2, 0, 1]);
        assert_eq!(a.plus(b).words(), [8, 2, 10, (1 << 31) + 3]);
        assert_eq!(a.above(b), words.map(|word| u64::from(word) << 32 | 3));
        assert_eq!(a.wholes()[0], 4_503_599_627_370_496.0 + 5.0);
        assert_eq!(Plain::of_longs(&[7, 8, 1 << 40, 3]).quarter().0, [1, 2, 1 << 38, 0]);
        let places = Plain::of(&[0, 1, 2 + 4, 3]);
        assert_eq!(Plain::one_of([a, b, b, a], places).words(), [5, 3, 3, 1 << 31]);
        assert_eq!(Plain::rows([a, b, b, a])[1], [u32::MAX, 3, 3, u32::MAX]);
        assert_eq!(Plain::crossed_rows([a, b, b, a])[2], [u32::MAX, 3, 3, u32::MAX]);
        let many = std::array::from_fn(|k| [0, 9, 1, 8, 2, 7, 3, 6][k % 8]);
        assert_eq!(Plain::below(&many, 7), 0xd5d5_d5d5);
    }
}
