//! Self-loops and repeated ties swapped away without changing anybody's degree.
//!
//! A fault is a self-loop, or a tie beyond the first between two people. For a fault
//! (a, b) a stored tie (c, d) is drawn, each with the same probability in each of its two
//! directions, until a–d and c–b are neither tied nor loops; then a–b and c–d become a–d
//! and c–b (the double edge swap; Maslov & Sneppen 2002, Fosdick et al. 2018). All four
//! degrees stay, so the rows keep their lengths and are changed in place. Where nothing
//! drawn will do, any drawn tie is swapped, and what that breaks is mended in the next
//! round. Faults are few (half of ⟨k²⟩/⟨k⟩ loops, a quarter of its square repetitions,
//! whatever the number of people), so this is done one after the other.

use rayon::prelude::*;

use crate::network::NetworkError;
use crate::network::csr::Csr;
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};

/// Ties drawn for one fault before any is taken; two words each of an address's 16,384.
const TRIES: u32 = 1000;
/// Swaps that may fail to help before the degrees count as too dense.
const PATIENCE: u32 = 2000;

/// Makes symmetric rows with repetitions simple, and gives the swaps that it took, which
/// are drawn from a stream.
pub(super) fn mend(ties: &mut Csr, key: Key, stream: Stream) -> Result<Vec<Swap>, NetworkError> {
    let (mut swaps, mut astray) = (Vec::new(), 0);
    loop {
        let faults = faults(ties);
        if faults.is_empty() {
            return Ok(swaps);
        }
        for fault in faults {
            // An earlier swap may have taken it away.
            if !is_fault(ties, fault) {
                continue;
            }
            let mut draws = key.draws(stream, swaps.len() as u32, Clock::default(), 0);
            let fitting = (0..TRIES).map(|_| any(ties, &mut draws)).find(|b| fits(ties, fault, *b));
            astray += u32::from(fitting.is_none());
            let other = fitting.unwrap_or_else(|| any(ties, &mut draws));
            swap(ties, fault, other);
            swaps.push((fault, other));
        }
        if astray > PATIENCE {
            let mean = ties.n_ties() as f64 / f64::from(ties.n());
            return Err(NetworkError::TooDense { n: ties.n(), mean });
        }
    }
}

type Tie = (u32, u32);
/// Two ties that changed ends.
pub(super) type Swap = (Tie, Tie);

/// All faults in the order of their rows, each as often as it must be mended.
fn faults(ties: &Csr) -> Vec<Tie> {
    let of_row = |i: u32| {
        let row = ties.of(i);
        let repeated = row.windows(2).filter(|pair| pair[0] == pair[1]);
        // A loop stands twice in its row: every second of the equal neighbours is one.
        let loops = row.iter().filter(|target| **target == i).count() / 2;
        let later = repeated.map(|pair| pair[0]).filter(move |target| *target > i);
        std::iter::repeat_n((i, i), loops).chain(later.map(move |target| (i, target)))
    };
    (0..ties.n()).into_par_iter().flat_map_iter(of_row).collect()
}

fn is_fault(ties: &Csr, (a, b): Tie) -> bool {
    let row = ties.of(a);
    let first = row.partition_point(|target| *target < b);
    row.get(first) == Some(&b) && (a == b || row.get(first + 1) == Some(&b))
}

/// Any stored tie, in any of its two directions.
fn any(ties: &Csr, draws: &mut Draws) -> Tie {
    let number = (u128::from(draws.long()) * u128::from(ties.n_ties())) >> 64;
    ties.entry(number as u64)
}

/// Whether swapping two ties makes two that were not there and are no loops.
fn fits(ties: &Csr, (a, b): Tie, (c, d): Tie) -> bool {
    c != d && a != d && c != b && !ties.has(a, d) && !ties.has(c, b)
}

/// Turns a–b and c–d into a–d and c–b.
pub(super) fn swap(ties: &mut Csr, (a, b): Tie, (c, d): Tie) {
    ties.replace(a, b, d);
    ties.replace(b, a, c);
    ties.replace(c, d, b);
    ties.replace(d, c, a);
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Stream = Stream::new("test/mend");

    /// Rows of pairs as they are, loops and repetitions included.
    fn rows(n: u32, pairs: &[Tie]) -> Csr {
        let mut lengths = vec![0; n as usize];
        for (a, b) in pairs {
            lengths[*a as usize] += 1;
            lengths[*b as usize] += 1;
        }
        Csr::of_lengths(n, |row| lengths[row as usize], 1, &|_, emit| {
            for (a, b) in pairs {
                emit(*a, *b);
                emit(*b, *a);
            }
        })
    }

    #[test]
    fn faults_are_seen_once_each() {
        let ties = rows(5, &[(0, 0), (0, 0), (1, 2), (2, 1), (1, 2), (3, 4)]);
        assert_eq!(faults(&ties), [(0, 0), (0, 0), (1, 2), (1, 2)]);
    }

    #[test]
    fn mended_networks_are_simple_and_keep_their_degrees() {
        // 40 people in a ring, with ten loops and ten repeated ties between neighbours.
        let ring = (0..40).map(|i| (i, (i + 1) % 40));
        let loops = (0..10).map(|i| (4 * i, 4 * i));
        let twice = (0..10).map(|i| (4 * i + 2, 4 * i + 3));
        let pairs: Vec<Tie> = ring.chain(loops).chain(twice).collect();
        let before = rows(40, &pairs);
        let mut after = before.clone();
        assert!(mend(&mut after, Key::new(1, 0), STREAM).is_ok());
        assert!(faults(&after).is_empty());
        for i in 0..40 {
            assert_eq!(after.degree(i), before.degree(i));
            assert!(after.of(i).iter().all(|t| *t != i && after.has(*t, i)));
        }
    }

    #[test]
    fn impossible_degrees_are_refused() {
        let mut ties = rows(2, &[(0, 1), (0, 1)]);
        let error = mend(&mut ties, Key::new(1, 0), STREAM).map_err(|e| e.to_string());
        assert!(error.is_err_and(|text| text.contains("lower mean_degree")));
    }
}
