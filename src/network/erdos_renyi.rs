//! Random network: every pair of consumers is tied with the same probability.
//!
//! G(n, p) with p = mean degree / (n − 1) (Gilbert 1959; Erdős & Rényi 1959). Row
//! i draws its ties to later consumers by geometric skipping, so the law is exact
//! and the work is proportional to the ties.

use crate::network::csr::Csr;
use crate::network::gaps::Gaps;
use crate::network::{Network, NetworkError, Request, Ties, even_ranges};
use crate::rng::Stream;

/// Gaps between the ties of a row.
pub const TIES: Stream = Stream::new("network/erdos_renyi");

/// Rows drawn together; shapes no result.
const ROWS: u32 = 1024;

/// The network of the classical random graph.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let n = request.n;
    let p = request.parameters.mean_degree / f64::from(n - 1);
    let ties = if p <= 0.0 {
        Csr::from_pairs(n, &[])
    } else {
        Csr::build(n, n.div_ceil(ROWS), &|chunk, emit| {
            let first = chunk * ROWS;
            for row in first..n.min(first.saturating_add(ROWS)) {
                let mut gaps = Gaps::new(request.key, TIES, row, p);
                later(n, row, &mut gaps, emit);
            }
        })
    };
    Ok(Network::plain(Ties::Stored(ties), even_ranges(n, request.parameters.neighbourhood_size)))
}

/// The ties of `row` to consumers of higher number.
fn later(n: u32, row: u32, gaps: &mut Gaps, emit: &mut dyn FnMut(u32, u32)) {
    let mut next = u64::from(row) + 1;
    loop {
        next = next.saturating_add(gaps.gap());
        if next >= u64::from(n) {
            return;
        }
        emit(row, next as u32);
        emit(next as u32, row);
        next += 1;
    }
}
