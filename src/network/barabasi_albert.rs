//! Preferential attachment: who has ties gets more of them.
//!
//! m + 1 consumers who are all tied begin; every further one brings m = mean degree / 2
//! (rounded) ties to earlier ones, with probability in proportion to their degrees
//! (Barabási & Albert 1999). Then P(k) = 2 m (m + 1) / (k (k + 1) (k + 2)), a power law
//! with exponent 3.
//!
//! Ends of ties are numbered: two ends a tie, the newcomer's first. A uniform number
//! below the ends that were there before a newcomer finds a person in proportion to the
//! degree (Batagelj & Brandes 2005). What stands at an end is not looked up but computed:
//! the end of a newcomer is the newcomer, the other end is where that tie's own draw
//! leads, so that the way is traced back from draw to draw until it ends at a newcomer
//! or among the first (Sanders & Schulz 2016, doi:10.1016/j.ipl.2016.02.004). Two draws
//! are needed on average, nothing is stored, and every tie is made by any thread.
//!
//! Nobody is tied to oneself, since only earlier ends are drawn. A newcomer's tie that
//! repeats an earlier one of the same newcomer is drawn again until it is new; tracing
//! goes on through first draws, so that repetitions count in others' preferences. They
//! concern the first few hundred people and change no exponent.

use crate::network::csr::Csr;
use crate::network::partition::settled;
use crate::network::{Network, NetworkError, Request};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};

/// To whom a newcomer's ties lead; the item is the tie's number.
pub const ATTACHMENT: Stream = Stream::new("network/attachment");

/// Newcomers whose ties are made together; shapes no result.
const ROWS: u32 = 1024;
/// Draws of one tie before the first free person is taken; two words each.
const TRIES: u32 = 2000;

/// The network of preferential attachment.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let (n, p) = (request.n, request.parameters);
    let growth = Growth::new(n, p.mean_degree, request.key);
    let source = |chunk: u32, emit: &mut dyn FnMut(u32, u32)| {
        let first = chunk * ROWS;
        let mut friends = Vec::new();
        for newcomer in first..n.min(first.saturating_add(ROWS)) {
            growth.friends(newcomer, &mut friends);
            for friend in &friends {
                emit(newcomer, *friend);
                emit(*friend, newcomer);
            }
        }
    };
    let chunks = n.div_ceil(ROWS);
    let ties = Csr::build(n, chunks, &source);
    Ok(settled(ties, p, |numbers| numbers.rows(chunks, &source)))
}

struct Growth {
    /// Ties that a newcomer brings.
    m: u32,
    /// Ends of the ties among the first m + 1.
    first_ends: u64,
    key: Key,
}

impl Growth {
    fn new(n: u32, mean_degree: f64, key: Key) -> Self {
        let m = ((mean_degree / 2.0).round() as u32).min(n - 1);
        Self { m, first_ends: u64::from(m) * u64::from(m + 1), key }
    }

    /// Those to whom a newcomer's ties lead.
    fn friends(&self, newcomer: u32, friends: &mut Vec<u32>) {
        friends.clear();
        if newcomer <= self.m {
            friends.extend(0..newcomer);
            return;
        }
        for tie in 0..self.m {
            let mut draws = self.draws(newcomer, tie);
            let mut drawn = (0..TRIES).map(|_| self.at(self.end(newcomer, &mut draws)));
            let friend = drawn.find(|friend| !friends.contains(friend));
            let free = || (0..newcomer).find(|other| !friends.contains(other));
            friends.extend(friend.or_else(free));
        }
    }

    fn draws(&self, newcomer: u32, tie: u32) -> Draws {
        self.key.draws(ATTACHMENT, newcomer, Clock::default(), tie)
    }

    /// One of the ends that were there before a newcomer.
    fn end(&self, newcomer: u32, draws: &mut Draws) -> u64 {
        let before = u64::from(newcomer - self.m - 1) * 2 * u64::from(self.m) + self.first_ends;
        ((u128::from(draws.long()) * u128::from(before)) >> 64) as u64
    }

    /// Who stands at an end.
    fn at(&self, mut end: u64) -> u32 {
        let m = u64::from(self.m);
        // Each of the first has m of their ends.
        while let Some(later) = end.checked_sub(self.first_ends) {
            let (tie, other) = (later / 2, later % 2 == 1);
            let newcomer = (tie / m + m + 1) as u32;
            if !other {
                return newcomer;
            }
            end = self.end(newcomer, &mut self.draws(newcomer, (tie % m) as u32));
        }
        (end / m) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcomers_bring_different_earlier_friends() {
        for mean in [2.0, 5.0, 16.0, 60.0] {
            let growth = Growth::new(400, mean, Key::new(2, 0));
            let mut friends = Vec::new();
            for newcomer in 0..400 {
                growth.friends(newcomer, &mut friends);
                assert_eq!(friends.len() as u32, growth.m.min(newcomer));
                friends.sort_unstable();
                assert!(friends.is_sorted_by(|a, b| a < b));
                assert!(friends.iter().all(|friend| *friend < newcomer));
            }
        }
    }

    #[test]
    fn first_draws_find_people_in_proportion_to_their_ends() {
        // With m = 1 nothing is drawn twice: person k of a tree of 20,000 has an expected
        // degree of about √(n / k) (k ≥ 2), here 100 for the first two together 283.
        let growth = Growth::new(20_000, 2.0, Key::new(7, 0));
        let mut degrees = vec![0_u32; 20_000];
        let mut friends = Vec::new();
        for newcomer in 0..20_000 {
            growth.friends(newcomer, &mut friends);
            for friend in &friends {
                degrees[newcomer as usize] += 1;
                degrees[*friend as usize] += 1;
            }
        }
        let ones = degrees.iter().filter(|degree| **degree == 1).count() as f64;
        // P(1) = 4 / 6; the count deviates by less than √(n p (1 − p)) = 67 (the counts are
        // negatively correlated); critical value 3.29, false alarms below 0.001.
        assert!((ones - 2e4 * 2.0 / 3.0).abs() < 3.29 * 67.0, "{ones} with one tie");
    }
}
