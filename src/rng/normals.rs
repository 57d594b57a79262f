//! Standard normal numbers of many words at once.

use super::unit;
use crate::quantity::math::{is_central, normal_centre, normal_tail};
use crate::simd::{self, Kernel};

/// Numbers that are worked on together: those far out find room on the stack.
const PART: usize = 64;

/// The standard normal number of every word of a list, as
/// [`normal_from`](crate::rng::sample::continuous::normal_from) makes it.
///
/// One in seven is far out, where it is worked out in another way: those are put together first.
pub fn normals(words: impl Iterator<Item = u32>, numbers: &mut Vec<f64>) {
    numbers.clear();
    numbers.extend(words.map(unit));
    let (mut tails, mut places) = ([0.0; PART], [0; PART]);
    for part in numbers.chunks_mut(PART) {
        let mut n = 0;
        for (k, number) in part.iter().enumerate() {
            (tails[n], places[n]) = (*number, k);
            n += usize::from(!is_central(*number));
        }
        let far = n.next_multiple_of(4).min(PART);
        tails[n..far].fill(0.25);
        simd::widest(Normals { units: part, tails: &mut tails[..far] });
        places[..n].iter().zip(&tails).for_each(|(place, number)| part[*place] = *number);
    }
}

struct Normals<'a> {
    units: &'a mut [f64],
    tails: &'a mut [f64],
}

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for number in self.units {
            *number = normal_centre(*number);
        }
        for number in self.tails {
            *number = normal_tail(*number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::sample::continuous::normal_from;

    #[test]
    fn many_are_what_each_is() {
        let mut words: Vec<u32> = (0..1000_u32).map(|k| k.wrapping_mul(0x9E37_79B9)).collect();
        words.extend([0, 1, u32::MAX - 1, u32::MAX]);
        let mut numbers = Vec::new();
        normals(words.iter().copied(), &mut numbers);
        let plain: Vec<f64> = words.iter().map(|word| normal_from(*word)).collect();
        assert_eq!(numbers, plain);
    }
}
