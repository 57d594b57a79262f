//! Random regular network: everybody has the same number of ties, to anybody.
//!
//! The pairing model (Bollobás 1980) with degree d = mean degree, rounded; self-loops and
//! repeated ties are swapped away without changing a degree. Where d is more than half of
//! the others, the complement of the regular network of degree n − 1 − d is taken.

use crate::network::configuration::{MATCHING, renumbered, with_degrees};
use crate::network::csr::Csr;
use crate::network::partition::{Numbers, settled};
use crate::network::stubs::Stubs;
use crate::network::{Network, NetworkError, Request};

/// The random regular network.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let (n, p) = (request.n, request.parameters);
    let degree = (p.mean_degree.round() as u32).min(n - 1);
    if u64::from(n) * u64::from(degree) % 2 == 1 {
        return Err(NetworkError::OddRegular { n, degree });
    }
    let sparse = degree.min(n - 1 - degree);
    let degrees = || vec![sparse; n as usize];
    let whole = |ties| if sparse == degree { ties } else { complement(&ties, degree) };
    let (ties, swaps) = with_degrees(degrees(), request.key)?;
    let again = |numbers: &Numbers| {
        let stubs = Stubs::of_counts(degrees(), request.key, MATCHING);
        whole(renumbered(&stubs, &swaps, numbers, |_| sparse))
    };
    Ok(settled(whole(ties), p, again))
}

/// Everybody but oneself and those to whom one was tied.
fn complement(ties: &Csr, degree: u32) -> Csr {
    let n = ties.n();
    Csr::of_lengths(n, |_| degree, n, &|row, emit| {
        (0..n).filter(|j| *j != row && !ties.has(row, *j)).for_each(|j| emit(row, j));
    })
}
