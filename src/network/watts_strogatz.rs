//! Small world: a ring of near neighbours, some of whose ties lead anywhere.
//!
//! Consumer i is tied to the h = mean degree / 2 (rounded) next ones on a ring; each of
//! these ties keeps its near end and leads elsewhere with probability p (Watts & Strogatz
//! 1998). Clustering falls as C(p) ≈ C(0) (1 − p)³ with C(0) = 3 (h − 1) / (4 h − 2)
//! (Barrat & Weigt 2000).
//!
//! A rewired tie of i leads to i + s, where s is uniform between h + 1 and less than half
//! of the ring, without repetition within the row. Each pair is so short of half a ring
//! seen from one of its ends only, and only this end can draw it: no two rows can draw
//! the same tie, none can draw a loop or a tie of the ring, and all rows are independent.
//! Only exactly opposite pairs of an even ring are never tied.

use crate::network::csr::Csr;
use crate::network::{Network, NetworkError, Request, Ties, even_ranges};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Stream};

/// Which ties of a consumer are rewired, and to whom.
pub const REWIRING: Stream = Stream::new("network/rewiring");

/// Rows drawn together; shapes no result.
const ROWS: u32 = 1024;

/// The network of the small world.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let (n, p) = (request.n, request.parameters);
    let half = ((p.mean_degree / 2.0).round() as u32).min((n - 1) / 2);
    // Steps beyond the near neighbours and short of half the ring.
    let far = (n.div_ceil(2) - 1).saturating_sub(half);
    let ties = Csr::build(n, n.div_ceil(ROWS), &|chunk, emit| {
        let first = chunk * ROWS;
        let mut steps = Vec::new();
        for i in first..n.min(first.saturating_add(ROWS)) {
            let mut draws = request.key.draws(REWIRING, i, Clock::default(), 0);
            row(half, far, p.rewire_probability, &mut draws, &mut steps);
            for step in &steps {
                let j = ((u64::from(i) + u64::from(*step)) % u64::from(n)) as u32;
                emit(i, j);
                emit(j, i);
            }
        }
    });
    // The ring is an order in which those who are tied are near already.
    Ok(Network::plain(Ties::Stored(ties), even_ranges(n, p.neighbourhood_size)))
}

/// The steps from a consumer to those whom the own ties reach: `half` of them, at most
/// `far` rewired. An address has words enough for twice the largest degree.
fn row(half: u32, far: u32, p: f64, draws: &mut Draws, steps: &mut Vec<u32>) {
    steps.clear();
    let mut rewired = 0;
    for step in 1..=half {
        if draws.chance(p) && rewired < far {
            rewired += 1;
        } else {
            steps.push(step);
        }
    }
    let near = steps.len();
    for taken in 0..rewired {
        // The k-th far step that is not taken yet; those taken are sorted.
        let mut step = half + 1 + draws.below(far - taken);
        let mut place = near;
        while place < steps.len() && steps[place] <= step {
            step += 1;
            place += 1;
        }
        steps.insert(place, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Key;

    #[test]
    fn steps_are_distinct_and_short_of_half_the_ring() {
        for (half, far, p) in [(4, 1000, 0.5), (4, 3, 1.0), (8, 8, 1.0), (5, 0, 1.0), (3, 9, 0.0)] {
            for k in 0..200 {
                let mut draws = Key::new(1, 0).draws(REWIRING, k, Clock::default(), 0);
                let mut steps = Vec::new();
                row(half, far, p, &mut draws, &mut steps);
                assert_eq!(steps.len(), half as usize);
                assert!(steps.is_sorted_by(|a, b| a < b) && steps[0] > 0);
                assert!(steps.iter().all(|step| *step <= half + far));
            }
        }
    }
}
