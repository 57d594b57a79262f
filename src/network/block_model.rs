//! Stochastic block model: ties are likelier within a block than between blocks.
//!
//! The planted partition (Holland, Laskey & Leinhardt 1983; Condon & Karp 2001): of n
//! consumers in B equal blocks, two of the same block of b people are tied with
//! probability s d / (b − 1) and two of different blocks with (1 − s) d / (n − n/B), for a
//! mean degree d of which a share s stays inside. Rows draw their later ties by geometric
//! skipping, so the law is exact. Where the block is too small for its share, everybody in
//! it is tied and the mean degree is lower.

use crate::network::csr::Csr;
use crate::network::gaps::Gaps;
use crate::network::{Network, NetworkError, Request, Ties, even_ranges};
use crate::rng::Stream;

/// Gaps between the ties of a row in its own block.
pub const INSIDE: Stream = Stream::new("network/block_inside");
/// Gaps between the ties of a row to later blocks.
pub const BETWEEN: Stream = Stream::new("network/block_between");

/// Rows drawn together; shapes no result.
const ROWS: u32 = 1024;

/// The network of the block model.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let plan = Plan::new(request);
    let n = request.n;
    let ties = Csr::build(n, n.div_ceil(ROWS), &|chunk, emit| {
        let first = chunk * ROWS;
        for row in first..n.min(first.saturating_add(ROWS)) {
            plan.row(row, &mut |other| {
                emit(row, other);
                emit(other, row);
            });
        }
    });
    let neighbourhoods = plan.neighbourhoods();
    Ok(Network::plain(Ties::Stored(ties), neighbourhoods))
}

struct Plan<'a> {
    request: &'a Request<'a>,
    /// Starts of the blocks.
    starts: Vec<u32>,
    /// Share of the ties that stay inside; all of them where there is one block.
    share: f64,
}

impl<'a> Plan<'a> {
    fn new(request: &'a Request<'a>) -> Self {
        let (n, p) = (request.n, request.parameters);
        let blocks = u64::from(p.blocks.clamp(1, n));
        let starts = (0..=blocks).map(|k| (k * u64::from(n) / blocks) as u32).collect();
        let share = if blocks == 1 { 1.0 } else { p.block_share };
        Self { request, starts, share }
    }

    /// Probability of a tie in a block of so many people.
    fn inside(&self, people: u32) -> f64 {
        (self.share * self.request.parameters.mean_degree / f64::from(people - 1)).min(1.0)
    }

    /// Probability of a tie between blocks.
    fn between(&self) -> f64 {
        let n = f64::from(self.request.n);
        let others = n - n / (self.starts.len() - 1) as f64;
        ((1.0 - self.share) * self.request.parameters.mean_degree / others).min(1.0)
    }

    /// The ties of a consumer to later ones.
    fn row(&self, row: u32, emit: &mut dyn FnMut(u32)) {
        let block = self.starts.partition_point(|start| *start <= row) - 1;
        let (from, to) = (self.starts[block], self.starts[block + 1]);
        if to - from > 1 {
            self.later(INSIDE, row, self.inside(to - from), row + 1..to, emit);
        }
        if to < self.request.n {
            self.later(BETWEEN, row, self.between(), to..self.request.n, emit);
        }
    }

    fn later(
        &self,
        stream: Stream,
        row: u32,
        p: f64,
        range: std::ops::Range<u32>,
        emit: &mut dyn FnMut(u32),
    ) {
        if p <= 0.0 {
            return;
        }
        let mut gaps = Gaps::new(self.request.key, stream, row, p);
        let mut next = u64::from(range.start).saturating_add(gaps.gap());
        while next < u64::from(range.end) {
            emit(next as u32);
            next = (next + 1).saturating_add(gaps.gap());
        }
    }

    /// Every block in the fewest equal parts that are no larger than a neighbourhood.
    fn neighbourhoods(&self) -> Vec<u32> {
        let size = self.request.parameters.neighbourhood_size;
        let parts = self.starts.windows(2).flat_map(|block| {
            let mut cuts = even_ranges(block[1] - block[0], size);
            cuts.pop();
            cuts.into_iter().map(move |cut| block[0] + cut)
        });
        parts.chain([self.request.n]).collect()
    }
}
