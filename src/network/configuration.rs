//! Configuration model: random ties with a power law of degrees that is met exactly.
//!
//! Degrees are drawn with P(k) ∝ k^(−γ) (`degrees`); their ends are matched at random
//! (`stubs`; Bollobás 1980; Molloy & Reed 1995; Newman, Strogatz & Watts 2001), and
//! self-loops and repeated ties are swapped away without changing a degree (`mend`).

use crate::network::csr::Csr;
use crate::network::degrees::power_law;
use crate::network::mend::{Swap, mend, swap};
use crate::network::partition::{Numbers, settled};
use crate::network::stubs::Stubs;
use crate::network::{Network, NetworkError, Request};
use crate::rng::{Key, Stream};

/// The permutation that matches ends of ties.
pub const MATCHING: Stream = Stream::new("network/matching");
/// Swaps that take away self-loops and repeated ties.
pub const SWAPS: Stream = Stream::new("network/swaps");

/// The network of the configuration model.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let (p, key) = (request.parameters, request.key);
    let degrees = power_law(request.n, p.mean_degree, p.degree_exponent, p.tie_limit, key);
    let (ties, swaps) = with_degrees(degrees, key)?;
    Ok(settled(ties, p, |numbers| {
        let degrees = (0..request.n).map(|i| numbers.degree(numbers.of(i))).collect();
        let stubs = Stubs::of_counts(degrees, key, MATCHING);
        renumbered(&stubs, &swaps, numbers, |new| numbers.degree(new))
    }))
}

/// Simple random ties in which consumer i has exactly `degrees[i]` of them, and the swaps
/// that made them simple; the sum of the degrees is even.
pub(super) fn with_degrees(degrees: Vec<u32>, key: Key) -> Result<(Csr, Vec<Swap>), NetworkError> {
    let ends: u64 = degrees.iter().map(|degree| u64::from(*degree)).sum();
    assert!(ends.is_multiple_of(2), "every tie has two ends");
    if ends > u64::from(u32::MAX) {
        return Err(NetworkError::TooManyTies { stubs: ends });
    }
    let stubs = Stubs::of_counts(degrees, key, MATCHING);
    let mut ties = matched(&stubs, |i| stubs.of(i), |i| i);
    drop(stubs);
    let swaps = mend(&mut ties, key, SWAPS)?;
    Ok((ties, swaps))
}

/// The ties of the same stubs after the same swaps, under other numbers, by which `degree`
/// counts.
pub(super) fn renumbered(
    stubs: &Stubs,
    swaps: &[Swap],
    numbers: &Numbers,
    degree: impl Fn(u32) -> u32,
) -> Csr {
    let mut ties = matched(stubs, degree, |i| numbers.of(i));
    for ((a, b), (c, d)) in swaps {
        let tie = |i: &u32, j: &u32| (numbers.of(*i), numbers.of(*j));
        swap(&mut ties, tie(a, b), tie(c, d));
    }
    ties
}

/// Matched ends of ties, loops and repetitions included; `number` names the consumers.
fn matched(stubs: &Stubs, degree: impl Fn(u32) -> u32, number: impl Fn(u32) -> u32 + Sync) -> Csr {
    Csr::of_lengths(stubs.n(), degree, stubs.n_chunks(), &|chunk, emit| {
        stubs.all_pairs(chunk, &mut |a, b| {
            let (a, b) = (number(a), number(b));
            emit(a, b);
            emit(b, a);
        });
    })
}
