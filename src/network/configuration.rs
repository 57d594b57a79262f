//! Configuration model: random ties with a power law of degrees that is met exactly.
//!
//! Degrees are drawn with P(k) ∝ k^(−γ) (`degrees`); their ends are matched at random
//! (`stubs`; Bollobás 1980; Molloy & Reed 1995; Newman, Strogatz & Watts 2001), and
//! self-loops and repeated ties are swapped away without changing a degree (`mend`).

use crate::network::csr::Csr;
use crate::network::degrees::power_law;
use crate::network::mend::mend;
use crate::network::partition::settled;
use crate::network::stubs::Stubs;
use crate::network::{Network, NetworkError, Request};
use crate::rng::{Key, Stream};

/// The permutation that matches ends of ties.
pub const MATCHING: Stream = Stream::new("network/matching");
/// Swaps that take away self-loops and repeated ties.
pub const SWAPS: Stream = Stream::new("network/swaps");

/// The network of the configuration model.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let p = request.parameters;
    let degrees = power_law(request.n, p.mean_degree, p.degree_exponent, p.tie_limit, request.key);
    Ok(settled(with_degrees(degrees, request.key)?, p))
}

/// Simple random ties in which consumer i has exactly `degrees[i]` of them; the sum of
/// the degrees is even.
pub(super) fn with_degrees(degrees: Vec<u32>, key: Key) -> Result<Csr, NetworkError> {
    let ends: u64 = degrees.iter().map(|degree| u64::from(*degree)).sum();
    assert!(ends.is_multiple_of(2), "every tie has two ends");
    if ends > u64::from(u32::MAX) {
        return Err(NetworkError::TooManyTies { stubs: ends });
    }
    let n = degrees.len() as u32;
    let stubs = Stubs::of_counts(degrees, key, MATCHING);
    let mut ties = Csr::of_lengths(n, |i| stubs.of(i), stubs.n_chunks(), &|chunk, emit| {
        stubs.all_pairs(chunk, &mut |a, b| {
            emit(a, b);
            emit(b, a);
        });
    });
    drop(stubs);
    mend(&mut ties, key, SWAPS)?;
    Ok(ties)
}
