//! An order of nodes in which neighbourhoods are contiguous.
//!
//! Neighbourhoods grow one after the other: from the node of highest degree that is left,
//! always by the node with the largest share of its own ties in the neighbourhood, then
//! that of lower degree, then that of lower number, until the neighbourhood is full. Where
//! nobody is tied to it any more, it goes on from the next node of highest degree. (By the
//! number of ties instead of their share every neighbourhood takes the hubs that are left,
//! and their friends are stranded in the last ones.)
//!
//! Then nodes move, one after the other, to the neighbourhood with most of their ties, as
//! long as its size stays within a quarter of the mean (label propagation with bounds;
//! Raghavan et al. 2007, Ugander & Backstrom 2013), until hardly anybody moves. Every move brings more ties inside, and nothing is drawn.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::network::csr::{Csr, Source};
use crate::network::{Network, Parameters, Ties, even_ranges};

/// Rounds in which every node may move once; real graphs need four to six.
const ROUNDS: u32 = 10;
/// The last round is that in which no more than one node of so many moves.
const FEW: u32 = 1000;
/// Most members of a neighbourhood, as of a chat group.
const LARGEST: u32 = 500;

/// A node at the border: share of its ties in the neighbourhood, degree, number.
type Candidate = (u64, Reverse<u32>, Reverse<u32>);

/// Neighbourhoods as contiguous ranges of a new order.
pub(super) struct Places {
    /// The nodes in their new order.
    pub order: Vec<u32>,
    /// Starts of the neighbourhoods; the last element is the number of nodes.
    pub starts: Vec<u32>,
}

/// The numbers that nodes get when neighbourhoods are made contiguous.
pub(super) struct Numbers {
    /// New number by old number.
    places: Vec<u32>,
    /// Number of ties by new number.
    degrees: Vec<u32>,
}

impl Numbers {
    fn new(ties: &Csr, order: Vec<u32>) -> Self {
        let degrees = order.iter().map(|old| ties.degree(*old)).collect();
        let mut places = vec![0; order.len()];
        (0..).zip(order).for_each(|(new, old)| places[old as usize] = new);
        Self { places, degrees }
    }

    /// The new number of a node.
    pub(super) fn of(&self, node: u32) -> u32 {
        self.places[node as usize]
    }

    /// The ties of a node by its new number.
    pub(super) fn degree(&self, new: u32) -> u32 {
        self.degrees[new as usize]
    }

    /// Rows of a source of symmetric pairs without repetitions, under the new numbers.
    pub(super) fn rows(&self, n_chunks: u32, source: &Source<'_>) -> Csr {
        let n = self.places.len() as u32;
        Csr::of_lengths(n, |new| self.degree(new), n_chunks, &|chunk, emit| {
            source(chunk, &mut |row, target| emit(self.of(row), self.of(target)));
        })
    }
}

/// A network of symmetric ties, renumbered so that neighbourhoods hold together. The ties
/// are made `again` under their new numbers, after the old ones are gone: both at a time
/// would take twice the room.
pub(super) fn settled(
    ties: Csr,
    parameters: &Parameters,
    again: impl FnOnce(&Numbers) -> Csr,
) -> Network {
    let Places { order, starts } = places(&ties, parameters);
    if order.is_sorted() {
        return Network::plain(Ties::Stored(ties), starts);
    }
    let numbers = Numbers::new(&ties, order);
    drop(ties);
    Network::plain(Ties::Stored(again(&numbers)), starts)
}

/// Neighbourhoods found in the way that the parameters choose.
pub(super) fn places(friends: &Csr, parameters: &Parameters) -> Places {
    let n = friends.n();
    let starts = even_ranges(n, parameters.neighbourhood_size);
    if parameters.neighbourhoods == "even" {
        return Places { order: (0..n).collect(), starts };
    }
    let order = grown(friends, &starts);
    let mut homes = Homes::new(friends, &order, &starts);
    for _ in 0..ROUNDS {
        if homes.round() <= n / FEW {
            break;
        }
    }
    homes.places(&order)
}

/// The nodes in the order of growth, for neighbourhoods with the given starts.
fn grown(friends: &Csr, starts: &[u32]) -> Vec<u32> {
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
            let (share, _, Reverse(node)) = self.border.pop()?;
            if !self.placed[node as usize] && self.share(node) == share {
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
                let degree = self.friends.degree(*friend);
                self.border.push((self.share(*friend), Reverse(degree), Reverse(*friend)));
            }
        }
    }

    /// Share of a node's ties in the growing neighbourhood, in parts of 2³².
    fn share(&self, node: u32) -> u64 {
        (u64::from(self.inside[node as usize]) << 32) / u64::from(self.friends.degree(node).max(1))
    }
}

/// The neighbourhood of every node, while nodes move.
struct Homes<'a> {
    friends: &'a Csr,
    home: Vec<u32>,
    sizes: Vec<u32>,
    /// Accepted sizes.
    least: u32,
    most: u32,
    /// Ties of the node in hand to every neighbourhood.
    ties: Vec<u32>,
}

impl<'a> Homes<'a> {
    fn new(friends: &'a Csr, order: &[u32], starts: &[u32]) -> Self {
        let mut home = vec![0; order.len()];
        for (k, range) in (0..).zip(starts.windows(2)) {
            let members = &order[range[0] as usize..range[1] as usize];
            members.iter().for_each(|node| home[*node as usize] = k);
        }
        let sizes: Vec<u32> = starts.windows(2).map(|range| range[1] - range[0]).collect();
        let mean = friends.n() / sizes.len() as u32;
        let (least, most) = (mean - mean / 4, (mean + mean / 4).min(LARGEST));
        let ties = vec![0; sizes.len()];
        Self { friends, home, sizes, least, most, ties }
    }

    /// Lets every node move once; how many did.
    fn round(&mut self) -> u32 {
        (0..self.friends.n()).map(|node| u32::from(self.moves(node))).sum()
    }

    fn moves(&mut self, node: u32) -> bool {
        let own = self.home[node as usize];
        if self.sizes[own as usize] <= self.least {
            return false;
        }
        let friends = self.friends.of(node);
        let homes = || friends.iter().map(|friend| self.home[*friend as usize]);
        homes().for_each(|home| self.ties[home as usize] += 1);
        let (ties, sizes) = (&self.ties, &self.sizes);
        let rank = |home: u32| (ties[home as usize], Reverse(sizes[home as usize]), Reverse(home));
        let open = homes().filter(|home| sizes[*home as usize] < self.most);
        let best = open.max_by_key(|home| rank(*home)).unwrap_or(own);
        let better = ties[best as usize] > ties[own as usize];
        homes().for_each(|home| self.ties[home as usize] = 0);
        if better {
            self.home[node as usize] = best;
            self.sizes[own as usize] -= 1;
            self.sizes[best as usize] += 1;
        }
        better
    }

    /// Nodes by neighbourhood, within it in the given order.
    fn places(self, order: &[u32]) -> Places {
        let mut starts = vec![0];
        starts.extend(self.sizes.iter().scan(0, |sum, size| {
            *sum += size;
            Some(*sum)
        }));
        let mut next = starts.clone();
        let mut placed = vec![0; order.len()];
        for node in order {
            let home = self.home[*node as usize] as usize;
            placed[next[home] as usize] = *node;
            next[home] += 1;
        }
        Places { order: placed, starts }
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
        let order = grown(&Csr::from_mutual_pairs(10, &pairs), &[0, 5, 10]);
        assert!(order[..5].iter().all(|node| node % 2 == 0));
        assert!(order[5..].iter().all(|node| node % 2 == 1));
    }

    #[test]
    fn everybody_has_a_place_even_without_ties() {
        let mut order = grown(&Csr::from_mutual_pairs(7, &[(5, 6)]), &[0, 3, 7]);
        assert_eq!(order[..2], [5, 6]);
        order.sort_unstable();
        assert_eq!(order, (0..7).collect::<Vec<_>>());
    }

    /// Cliques of ten people, each tied to the next one by one tie, numbered in turns.
    fn chain_of_cliques(cliques: u32) -> Csr {
        let person = |clique: u32, k: u32| k * cliques + clique;
        let within = (0..cliques)
            .flat_map(|clique| (0..10).flat_map(move |a| (a + 1..10).map(move |b| (clique, a, b))));
        let within = within.map(|(clique, a, b)| (person(clique, a), person(clique, b)));
        let between = (1..cliques).map(|clique| (person(clique - 1, 0), person(clique, 9)));
        Csr::from_mutual_pairs(10 * cliques, &within.chain(between).collect::<Vec<_>>())
    }

    #[test]
    fn neighbourhoods_hold_together_and_keep_their_size() {
        let friends = chain_of_cliques(60);
        let parameters = Parameters { neighbourhood_size: 40, ..Parameters::default() };
        let again = |numbers: &Numbers| {
            numbers.rows(600, &|i, emit| friends.of(i).iter().for_each(|j| emit(i, *j)))
        };
        let network = settled(friends.clone(), &parameters, again);
        let mut order = places(&friends, &parameters).order;
        let starts = &network.neighbourhoods;
        assert!(starts.windows(2).all(|range| (30..=50).contains(&(range[1] - range[0]))));
        let home = |i: u32| starts.partition_point(|start| *start <= i);
        let is_inside = |i: u32, k: u32| home(network.audience(i, k)) == home(i);
        let ends = |i: u32| (0..network.degree(i)).filter(|k| is_inside(i, *k)).count();
        let inside: usize = (0..600).map(ends).sum();
        // 2,759 ties, of which 59 join cliques: fifteen neighbourhoods of four cliques cut
        // fourteen ties; a tenth more may be lost.
        assert!(inside > 2 * 2470, "{inside} ends of ties inside");
        order.sort_unstable();
        assert_eq!(order, (0..600).collect::<Vec<_>>());
    }

    #[test]
    fn even_neighbourhoods_leave_the_numbers_as_they_are() {
        let even = "even".to_owned();
        let parameters = Parameters { neighbourhoods: even, ..Parameters::default() };
        let places = places(&chain_of_cliques(70), &parameters);
        assert_eq!(places.order, (0..700).collect::<Vec<_>>());
        assert_eq!(places.starts, [0, 233, 466, 700]);
    }
}
