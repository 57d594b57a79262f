//! Sums of small numbers that stand in seven bits a byte (LEB128), 32 bytes at a time.
//!
//! A sum of numbers is a sum over bytes, each of which counts seven bits more than the one before
//! in its number. What each counts is found side by side and added up within vectors; then the
//! sums at the numbers' last bytes are moved together: how many bytes a number takes cannot be
//! foreseen, and is not asked.

/// Bytes that are read side by side.
const SIDE: usize = 32;

/// Bytes of a number before its last one, at most.
#[cfg(target_arch = "x86_64")]
const BEFORE: usize = 4;

/// Places that [`number_sums`] needs for `n` numbers.
#[must_use]
pub const fn room_of_sums(n: usize) -> usize {
    n + SIDE
}

/// Reads `n` numbers that stand from `at` on, behind another number or at the beginning, and
/// puts the sum of each and all before it in its place. There are as many places as
/// [`room_of_sums`] tells; what stands in those behind the numbers is of no account.
#[inline]
pub fn number_sums(bytes: &[u8], at: usize, n: usize, places: &mut [u32]) {
    debug_assert!(places.len() >= room_of_sums(n), "places are as many as are written to");
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `avx2::sums` needs a processor with AVX2, which was just asked for.
        return unsafe { avx2::sums(bytes, at, n, places) };
    }
    plain(bytes, at, n, places);
}

/// [`number_sums`] byte by byte.
fn plain(bytes: &[u8], at: usize, n: usize, places: &mut [u32]) {
    let (mut sum, mut bits) = (0_u32, 0);
    let mut places = places[..n].iter_mut();
    for byte in &bytes[at..] {
        sum = sum.wrapping_add(u32::from(byte & 127) << bits);
        bits += 7;
        if *byte < 128 {
            bits = 0;
            match places.next() {
                Some(place) => *place = sum,
                None => return,
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{BEFORE, SIDE};
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_cvtsi64_si128, _mm_srli_si128, _mm256_add_epi32, _mm256_and_si256,
        _mm256_castsi256_si128, _mm256_cmpgt_epi8, _mm256_cvtepu8_epi32, _mm256_extracti128_si256,
        _mm256_movemask_epi8, _mm256_permute2x128_si256, _mm256_permutevar8x32_epi32,
        _mm256_set1_epi8, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi32,
        _mm256_slli_epi32, _mm256_slli_si256, _mm256_sllv_epi32, _mm256_storeu_si256,
        _mm256_sub_epi8, _mm256_sub_epi32,
    };
    use std::mem::transmute;

    /// Some bytes, and those before them.
    type Window = [u8; BEFORE + SIDE];

    /// Where in a byte the set bits are, lowest first: a number below 8 in each byte; and in the
    /// highest four bits how many there are.
    static SET_BITS: [u64; 256] = set_bits();

    const fn set_bits() -> [u64; 256] {
        let mut all = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let (mut n, mut bit) = (0, 0);
            while bit < 8 {
                if byte >> bit & 1 == 1 {
                    all[byte] |= bit << (8 * n);
                    n += 1;
                }
                bit += 1;
            }
            all[byte] |= n << 60;
            byte += 1;
        }
        all
    }

    /// [`super::number_sums`] over vectors of AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) fn sums(bytes: &[u8], mut at: usize, n: usize, places: &mut [u32]) {
        let (mut first, mut carried) = (0, _mm256_setzero_si256());
        while first < n {
            let whole = at.checked_sub(BEFORE).and_then(|from| bytes.get(from..)?.first_chunk());
            let here = places.get_mut(first..).and_then(|places| places.first_chunk_mut());
            let Some(here) = here else { return };
            let room;
            let window = match whole {
                Some(window) => window,
                None => {
                    room = padded(bytes, at);
                    &room
                }
            };
            let (n_ends, sum) = window_sums(window, carried, here);
            (first, carried, at) = (first + n_ends, sum, at + SIDE);
        }
    }

    /// A window with zeros where there are no bytes.
    #[cold]
    #[inline(never)]
    fn padded(bytes: &[u8], at: usize) -> Window {
        let byte = |i: usize| (at + i).checked_sub(BEFORE).and_then(|place| bytes.get(place));
        std::array::from_fn(|i| byte(i).copied().unwrap_or(0))
    }

    /// Puts the sums of the numbers that end in a window in their places, each of them and all
    /// before it and what is carried over; returns how many they are, and the sum of all bytes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn window_sums(
        window: &Window,
        mut carried: __m256i,
        places: &mut [u32; SIDE],
    ) -> (usize, __m256i) {
        let own = load(window, 0);
        let ends = !_mm256_movemask_epi8(own) as u32;
        let values = by_eight(_mm256_and_si256(own, _mm256_set1_epi8(127)));
        let ranks = by_eight(ranks(window));
        let mut n = 0;
        for (k, (values, ranks)) in values.into_iter().zip(ranks).enumerate() {
            // A byte counts seven bits more for every byte before it in its number.
            let ranks = _mm256_cvtepu8_epi32(ranks);
            let bits = _mm256_sub_epi32(_mm256_slli_epi32::<3>(ranks), ranks);
            let sums = up_to(_mm256_sllv_epi32(_mm256_cvtepu8_epi32(values), bits));
            let set = SET_BITS[(ends >> (8 * k) & 255) as usize];
            let order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(set as i64));
            let moved = _mm256_permutevar8x32_epi32(_mm256_add_epi32(sums, carried), order);
            debug_assert!(n <= 8 * k, "at most as many numbers as bytes");
            // SAFETY: n is at most 8k ≤ 24, since of eight bytes at most eight are set; the eight
            // places from there on are among the 32.
            unsafe { _mm256_storeu_si256(places.as_mut_ptr().add(n).cast(), moved) };
            n += (set >> 60) as usize;
            let last = _mm256_permutevar8x32_epi32(sums, _mm256_set1_epi32(7));
            carried = _mm256_add_epi32(carried, last);
        }
        (n, carried)
    }

    /// The bytes of a window, or those so many places before them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(window: &Window, back: usize) -> __m256i {
        let bytes: [u8; SIDE] = window[BEFORE - back..].first_chunk().copied().unwrap_or_default();
        // SAFETY: both types are 32 bytes of plain bits.
        unsafe { transmute::<[u8; SIDE], __m256i>(bytes) }
    }

    /// How many bytes of its number stand before each byte.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn ranks(window: &Window) -> __m256i {
        let (none, mut all) = (_mm256_setzero_si256(), _mm256_set1_epi8(-1));
        let mut n = none;
        for back in 1..=BEFORE {
            // −1 where this byte and all between belong to the same number.
            all = _mm256_and_si256(all, _mm256_cmpgt_epi8(none, load(window, back)));
            n = _mm256_sub_epi8(n, all);
        }
        n
    }

    /// 32 bytes as four times eight, in the lower half of each.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn by_eight(bytes: __m256i) -> [__m128i; 4] {
        let (low, high) = (_mm256_castsi256_si128(bytes), _mm256_extracti128_si256::<1>(bytes));
        [low, _mm_srli_si128::<8>(low), high, _mm_srli_si128::<8>(high)]
    }

    /// The sum of each of eight numbers and all before it.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn up_to(numbers: __m256i) -> __m256i {
        let two = _mm256_add_epi32(numbers, _mm256_slli_si256::<4>(numbers));
        let four = _mm256_add_epi32(two, _mm256_slli_si256::<8>(two));
        // The first half's sum, in all places of the second.
        let low = _mm256_permute2x128_si256::<0x08>(four, four);
        _mm256_add_epi32(four, _mm256_shuffle_epi32::<0xff>(low))
    }

    #[cfg(test)]
    mod tests {
        use super::super::{plain, room_of_sums};

        /// Numbers of one to five bytes, from any place on, also where the bytes end.
        #[test]
        fn sums_in_vectors_are_those_byte_by_byte() {
            if !std::arch::is_x86_feature_detected!("avx2") {
                return;
            }
            let mut bytes = vec![9];
            for k in 0..2_000_u32 {
                let mut number = k.wrapping_mul(0x9e37_79b9) >> (k % 33).min(31);
                while number > 127 {
                    bytes.push(number as u8 | 128);
                    number >>= 7;
                }
                bytes.push(number as u8);
            }
            let ends: Vec<usize> = (0..bytes.len()).filter(|place| bytes[*place] < 128).collect();
            for (k, end) in ends.iter().enumerate() {
                for n in [0, 1, 7, 40, 2_000] {
                    let n = n.min(ends.len() - 1 - k);
                    let mut places = [vec![7; room_of_sums(n)], vec![7; room_of_sums(n)]];
                    plain(&bytes, end + 1, n, &mut places[0]);
                    // SAFETY: the processor has AVX2.
                    unsafe { super::sums(&bytes, end + 1, n, &mut places[1]) };
                    assert_eq!(places[0][..n], places[1][..n], "{n} from {k}");
                }
            }
        }
    }
}
