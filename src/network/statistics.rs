//! Statistics of a network: degrees, clustering, components, assortativity.

use rayon::prelude::*;

use crate::network::Network;

/// Consumers whose statistics are summed together; sums go by chunk in order, so
/// that they do not depend on threads.
const CHUNK: u32 = 1024;

/// Number of consumers of every degree from 0 to the largest.
#[must_use]
pub fn degree_counts(network: &Network) -> Vec<u64> {
    let mut counts = Vec::new();
    for i in 0..network.n() {
        let degree = network.degree(i) as usize;
        if counts.len() <= degree {
            counts.resize(degree + 1, 0);
        }
        counts[degree] += 1;
    }
    counts
}

/// Clustering of a mutual network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clustering {
    /// Three times the triangles over the connected triples.
    pub global: f64,
    /// Mean over consumers with at least two ties of the share of tied pairs of friends.
    pub local: f64,
}

/// Clustering, by marking each consumer's friends (Watts & Strogatz 1998).
#[must_use]
pub fn clustering(network: &Network) -> Clustering {
    let n = network.n();
    let chunks: Vec<(u64, u64, f64, u64)> = (0..n.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(
            || vec![false; n as usize],
            |marks, chunk| {
                let first = chunk * CHUNK;
                let mut sum = (0, 0, 0.0, 0);
                for i in first..n.min(first.saturating_add(CHUNK)) {
                    let degree = u64::from(network.degree(i));
                    if degree >= 2 {
                        let (closed, triples) =
                            (closed_pairs(network, i, marks), degree * (degree - 1));
                        sum.0 += closed;
                        sum.1 += triples;
                        sum.2 += closed as f64 / triples as f64;
                        sum.3 += 1;
                    }
                }
                sum
            },
        )
        .collect();
    let sum =
        chunks.iter().fold((0, 0, 0.0, 0), |a, b| (a.0 + b.0, a.1 + b.1, a.2 + b.2, a.3 + b.3));
    Clustering { global: sum.0 as f64 / sum.1.max(1) as f64, local: sum.2 / sum.3.max(1) as f64 }
}

/// Ordered pairs of friends of `i` that are tied.
fn closed_pairs(network: &Network, i: u32, marks: &mut [bool]) -> u64 {
    let friends = || (0..network.degree(i)).map(|k| network.audience(i, k));
    friends().for_each(|friend| marks[friend as usize] = true);
    let closed = friends()
        .map(|friend| {
            (0..network.degree(friend))
                .filter(|k| marks[network.audience(friend, *k) as usize])
                .count() as u64
        })
        .sum();
    friends().for_each(|friend| marks[friend as usize] = false);
    closed
}

/// Sizes of the connected parts (directions ignored), largest first.
#[must_use]
pub fn components(network: &Network) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..network.n()).collect();
    for i in 0..network.n() {
        for k in 0..network.degree(i) {
            let (a, b) = (root(&mut parent, i), root(&mut parent, network.audience(i, k)));
            parent[a.max(b) as usize] = a.min(b);
        }
    }
    let mut sizes = vec![0_u32; parent.len()];
    for i in 0..network.n() {
        sizes[root(&mut parent, i) as usize] += 1;
    }
    sizes.retain(|size| *size > 0);
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// The representative of a set, halving the path to it.
pub(super) fn root(parent: &mut [u32], mut i: u32) -> u32 {
    while parent[i as usize] != i {
        parent[i as usize] = parent[parent[i as usize] as usize];
        i = parent[i as usize];
    }
    i
}

/// Assortativity by segment (Newman 2003): (Σ e_kk − Σ a_k b_k) / (1 − Σ a_k b_k),
/// where e is the share of ties from segment k to l; 1 if ties never leave a
/// segment, 0 if segments do not matter. NaN where all ties touch one segment.
#[must_use]
pub fn assortativity(network: &Network, segments: &[u8]) -> f64 {
    let mut from = vec![0_u64; 256];
    let mut to = vec![0_u64; 256];
    let (mut alike, mut all) = (0_u64, 0_u64);
    for i in 0..network.n() {
        for k in 0..network.degree(i) {
            let (a, b) = (segments[i as usize], segments[network.audience(i, k) as usize]);
            from[usize::from(a)] += 1;
            to[usize::from(b)] += 1;
            alike += u64::from(a == b);
            all += 1;
        }
    }
    let share = |count: u64| count as f64 / all.max(1) as f64;
    let expected: f64 = from.iter().zip(&to).map(|(a, b)| share(*a) * share(*b)).sum();
    (share(alike) - expected) / (1.0 - expected)
}
