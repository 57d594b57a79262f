//! An order of nodes in which neighbourhoods are contiguous.
//!
//! Neighbourhoods grow one after the other: from the node of highest degree that
//! is left, always by the node with most ties into the neighbourhood, then that of
//! lower degree, then that of lower number, until the neighbourhood is full. Where
//! nobody is tied to it any more, it goes on from the next node of highest degree.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::network::csr::Csr;
use crate::network::{Network, Ties, even_ranges};

/// A node at the border: ties into the neighbourhood, degree, number.
type Candidate = (u32, Reverse<u32>, Reverse<u32>);

/// A network of symmetric ties, renumbered so that neighbourhoods of `size` are grown along them.
pub(super) fn settled(ties: Csr, size: u32) -> Network {
    let neighbourhoods = even_ranges(ties.n(), size);
    let order = order(&ties, &neighbourhoods);
    let ties = Ties::Stored(ties.renumbered(&order));
    Network { ties, strong: Vec::new(), neighbourhoods, ids: None }
}

/// The nodes in their new order, for neighbourhoods with the given starts.
pub(super) fn order(friends: &Csr, starts: &[u32]) -> Vec<u32> {
    let n = friends.n();
    let mut seeds: Vec<u32> = (0..n).collect();
    seeds.sort_by_key(|node| Reverse(friends.degree(*node)));
    let mut growth = Growth {
        friends,
        seeds: seeds.into_iter(),
        placed: vec![false; n as usize],
        inside: vec![0; n as usize],
        border: BinaryHeap::new(),
        order: Vec::with_capacity(n as usize),
    };
    for range in starts.windows(2) {
        growth.neighbourhood(range[1] - range[0]);
    }
    growth.order
}

struct Growth<'a> {
    friends: &'a Csr,
    seeds: std::vec::IntoIter<u32>,
    placed: Vec<bool>,
    /// Ties of a node into the growing neighbourhood.
    inside: Vec<u32>,
    border: BinaryHeap<Candidate>,
    order: Vec<u32>,
}

impl Growth<'_> {
    fn neighbourhood(&mut self, size: u32) {
        for _ in 0..size {
            if let Some(node) = self.nearest().or_else(|| self.seed()) {
                self.place(node);
            }
        }
        for (_, _, Reverse(node)) in self.border.drain() {
            self.inside[node as usize] = 0;
        }
    }

    fn nearest(&mut self) -> Option<u32> {
        loop {
            let (ties, _, Reverse(node)) = self.border.pop()?;
            if !self.placed[node as usize] && self.inside[node as usize] == ties {
                return Some(node);
            }
        }
    }

    fn seed(&mut self) -> Option<u32> {
        let placed = &self.placed;
        self.seeds.find(|node| !placed[*node as usize])
    }

    fn place(&mut self, node: u32) {
        self.placed[node as usize] = true;
        self.order.push(node);
        for friend in self.friends.of(node) {
            if !self.placed[*friend as usize] {
                self.inside[*friend as usize] += 1;
                let ties = self.inside[*friend as usize];
                self.border.push((ties, Reverse(self.friends.degree(*friend)), Reverse(*friend)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cliques_stay_together() {
        // Two cliques of five, numbered in turns and joined by one tie.
        let cliques =
            (0..10).flat_map(|a| (0..10).map(move |b| (a, b))).filter(|(a, b)| a % 2 == b % 2);
        let pairs: Vec<(u32, u32)> = cliques.chain([(0, 1)]).collect();
        let order = order(&Csr::from_mutual_pairs(10, &pairs), &[0, 5, 10]);
        assert!(order[..5].iter().all(|node| node % 2 == 0));
        assert!(order[5..].iter().all(|node| node % 2 == 1));
    }

    #[test]
    fn everybody_has_a_place_even_without_ties() {
        let mut order = order(&Csr::from_mutual_pairs(7, &[(5, 6)]), &[0, 3, 7]);
        assert_eq!(order[..2], [5, 6]);
        order.sort_unstable();
        assert_eq!(order, (0..7).collect::<Vec<_>>());
    }
}
