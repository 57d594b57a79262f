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
    let mut number = u32::from(bytes[*at]);
    *at += 1;
    if number < 128 {
        return number;
    }
    number &= 127;
    for shift in [7, 14, 21, 28] {
        let byte = u32::from(bytes[*at]);
        *at += 1;
        number |= (byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    number
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
