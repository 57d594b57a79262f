//! Small numbers in few bytes: seven bits a byte, the lowest first (LEB128).

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
}
