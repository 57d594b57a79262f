//! Small numbers in few bytes: seven bits a byte, the lowest first (LEB128).

use crate::simd::{self, Kernel};
use std::array;

/// Adds a number to a list of bytes.
#[inline]
pub(super) fn write(mut number: u32, into: &mut Vec<u8>) {
    while number > 127 {
        into.push(number as u8 | 128);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Bytes that a number takes.
#[inline]
pub(super) fn length(number: u32) -> usize {
    (32 - (number | 1).leading_zeros()).div_ceil(7) as usize
}

/// The number that stands at `at`, which moves behind it.
#[inline]
pub(super) fn read(bytes: &[u8], at: &mut usize) -> u32 {
    match bytes.get(*at..).and_then(|rest| rest.first_chunk()) {
        Some(eight) => read_of_eight(u64::from_le_bytes(*eight), at),
        None => read_at_end(bytes, at),
    }
}

/// The number that eight bytes begin with. How many of them it takes cannot be foreseen, so
/// that nothing is asked: all bytes are put together, without those behind the number.
#[inline]
fn read_of_eight(eight: u64, at: &mut usize) -> u32 {
    // The highest bit of a number's last byte is the first that is 0.
    let last = !eight & 0x80_8080_8080;
    let own = eight & (last ^ last.wrapping_sub(1));
    *at += (last.trailing_zeros() as usize + 1) / 8;
    let of = |byte: u32| (own >> byte & 0x7f << (7 * byte)) as u32;
    of(0) | of(1) | of(2) | of(3) | of(4)
}

/// [`read`] where fewer than eight bytes are left.
#[cold]
fn read_at_end(bytes: &[u8], at: &mut usize) -> u32 {
    let mut number = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = u32::from(bytes[*at]);
        *at += 1;
        number |= (byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    number
}

/// [`read`] of a number that nearly always takes one byte.
#[inline]
pub(super) fn read_short(bytes: &[u8], at: &mut usize) -> u32 {
    match bytes.get(*at) {
        Some(byte) if *byte < 128 => {
            *at += 1;
            u32::from(*byte)
        }
        _ => read(bytes, at),
    }
}

/// Bytes that are read side by side.
const SIDE: usize = 32;

/// Bytes of a number before its last one, at most.
const BEFORE: usize = 4;

/// As many places as a byte tells apart: what a byte counts needs no check there.
const APART: usize = 256;

/// Places that [`sums`] needs for `n` numbers.
pub(super) const fn room(n: usize) -> usize {
    n + APART
}

/// Reads `n` numbers that stand from `at` on, behind another number or at the beginning, and
/// puts the sum of each and all before it in its place. `places` are as many as [`room`] tells.
///
/// A sum of numbers is a sum over bytes, each of which counts seven bits more than the one
/// before in its number. What each counts, and the number that it belongs to, is found side by
/// side; then every byte is added, and the sum written to its number's place: how many bytes a
/// number takes cannot be foreseen, and is not asked.
pub(super) fn sums(bytes: &[u8], mut at: usize, n: usize, places: &mut [u32]) {
    debug_assert!(places.len() >= room(n), "places are as many as are written to");
    let (mut first, mut sum) = (0, 0_u32);
    while first < n {
        let whole = at.checked_sub(BEFORE).and_then(|from| bytes.get(from..)?.first_chunk());
        let Read { parts, ends } = match whole {
            Some(window) => simd::widest(Window(window)),
            None => simd::widest(Window(&padded(bytes, at))),
        };
        let (numbers, n_ends) = counted(&ends);
        let Some(here) = places[first..].first_chunk_mut::<APART>() else { return };
        // Eight at a time: the loop over them is unrolled.
        for (parts, numbers) in parts.as_chunks::<8>().0.iter().zip(numbers.as_chunks::<8>().0) {
            for (part, number) in parts.iter().zip(numbers) {
                sum = sum.wrapping_add(*part);
                here[usize::from(*number)] = sum;
            }
        }
        first += n_ends;
        at += SIDE;
    }
}

/// Some bytes, and those before them.
struct Window<'a>(&'a [u8; BEFORE + SIDE]);

/// What each of some bytes adds to its number, and 1 where it is the number's last.
struct Read {
    parts: [u32; SIDE],
    ends: [u8; SIDE],
}

impl Kernel for Window<'_> {
    type Output = Read;

    #[inline(always)]
    fn run(self) -> Read {
        // Seven bits for every byte before that belongs to the same number.
        let more = |i: usize| if self.0[i] > 127 { 7 } else { 0 };
        let shifts: [u8; SIDE] = array::from_fn(|i| {
            let first = more(i + 3);
            let second = first & more(i + 2);
            let third = second & more(i + 1);
            first + second + third + (third & more(i))
        });
        let own: [u8; SIDE] = array::from_fn(|i| self.0[i + BEFORE]);
        let parts = array::from_fn(|i| u32::from(own[i] & 127) << (shifts[i] & 31));
        Read { parts, ends: own.map(|byte| 1 - (byte >> 7)) }
    }
}

/// Of bytes that are 0 or 1: the sum of those before each, and of all.
#[inline]
fn counted(ends: &[u8; SIDE]) -> ([u8; SIDE], usize) {
    // A product by it is, in each byte, the sum of the bytes up to there.
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (mut before, mut n) = ([0; SIDE], 0);
    for (before, ends) in before.as_chunks_mut::<8>().0.iter_mut().zip(ends.as_chunks::<8>().0) {
        let up_to = u64::from_le_bytes(*ends).wrapping_mul(ONES);
        *before = (n * ONES + (up_to << 8)).to_le_bytes();
        n += up_to >> 56;
    }
    (before, n as usize)
}

/// A window with zeros where there are no bytes.
#[cold]
fn padded(bytes: &[u8], at: usize) -> [u8; BEFORE + SIDE] {
    let byte = |i: usize| (at + i).checked_sub(BEFORE).and_then(|place| bytes.get(place));
    array::from_fn(|i| byte(i).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_they_went_in() {
        let mut numbers = vec![0, u32::MAX];
        for bits in 0..32 {
            numbers.extend([(1 << bits) - 1, 1 << bits, (1 << bits) + 1]);
        }
        let (mut bytes, mut lengths) = (Vec::new(), 0);
        for number in &numbers {
            write(*number, &mut bytes);
            lengths += length(*number);
            assert_eq!(bytes.len(), lengths, "{number}");
        }
        let mut at = 0;
        assert!(numbers.iter().all(|number| read(&bytes, &mut at) == *number));
        assert_eq!(at, bytes.len());
    }

    #[test]
    fn sums_are_those_of_the_numbers_one_by_one() {
        let number = |k: u32| (k.wrapping_mul(0x9e37_79b9) >> (k % 33).min(31)).min(u32::MAX >> 1);
        let mut bytes = vec![9];
        (0..2_000).for_each(|k| write(number(k), &mut bytes));
        let mut at = 1;
        for first in 0..2_000 {
            for n in [0, 1, 17, 40, 2_000 - first] {
                let mut places = vec![7; room(n as usize)];
                sums(&bytes, at, n as usize, &mut places);
                let mut sum = 0_u32;
                for k in 0..n.min(2_000 - first) {
                    sum = sum.wrapping_add(number(first + k));
                    assert_eq!(places[k as usize], sum, "{first} {k}");
                }
            }
            at += length(number(first));
        }
        assert_eq!(at, bytes.len());
    }
}
