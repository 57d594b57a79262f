//! A network in numbers: size, degrees, clustering, components, mixing, neighbourhoods.
//!
//! Where ties have directions, clustering, components and mixing of degrees are those of
//! the network in which every tie is mutual.

use rayon::prelude::*;

use crate::network::csr::Csr;
use crate::network::statistics::{Clustering, clustering, components, degree_counts, root};
use crate::network::tail::{Tail, tail};
use crate::network::{Implicit, Network, Ties};
use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};

/// Pairs of friends that are looked at where clustering is estimated.
pub const SAMPLED: Stream = Stream::new("network/sampled_friends");

/// Most pairs of friends that are counted one by one.
const COUNTED: u64 = 300_000_000;
/// Pairs that are drawn where there are more.
pub const SAMPLE: u32 = 250_000;
/// Quantiles of degrees that are told.
pub const QUANTILES: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];

/// What a network is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Portrait {
    /// Number of people.
    pub nodes: u32,
    /// Pairs that are tied, or directed ties where some are not returned.
    pub ties: u64,
    /// Share of directed ties that are returned; 1 in a mutual network.
    pub reciprocity: f64,
    /// Numbers of hearers.
    pub degrees: Degrees,
    /// Numbers of people whom one hears, where that is another number.
    pub heard: Option<Degrees>,
    /// Power law of the tail of the degrees, where there is one.
    pub tail: Option<Tail>,
    /// Clustering.
    pub clustering: Clustering,
    /// Whether clustering is estimated from drawn pairs of friends.
    pub is_sampled: bool,
    /// Number of connected parts.
    pub components: u32,
    /// People of the largest part.
    pub largest: u32,
    /// Correlation of the degrees at the two ends of a tie (Newman 2002); none where all
    /// degrees are equal.
    pub mixing: Option<f64>,
    /// Share of ties that are strong; none where strength is not known.
    pub strong_share: Option<f64>,
    /// Number of neighbourhoods.
    pub neighbourhoods: u32,
    /// Sizes of the smallest and of the largest neighbourhood.
    pub sizes: (u32, u32),
    /// Share of ties that stay in a neighbourhood.
    pub local_share: f64,
    /// Share of people in the largest connected part of their own neighbourhood.
    pub joined_share: f64,
    /// Bytes held.
    pub bytes: u64,
}

/// The distribution of degrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Degrees {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Least degree.
    pub least: u32,
    /// The quantiles of [`QUANTILES`].
    pub quantiles: [u32; QUANTILES.len()],
    /// Largest degree.
    pub most: u32,
}

impl Degrees {
    /// From the number of people of every degree.
    fn of(counts: &[u64]) -> Self {
        let people: u64 = counts.iter().sum();
        let n = people.max(1) as f64;
        let sum = |power: fn(f64) -> f64| -> f64 {
            counts.iter().enumerate().map(|(k, count)| power(k as f64) * *count as f64).sum()
        };
        let mean = sum(|k| k) / n;
        let variance = (sum(|k| k * k) / n - mean * mean).max(0.0);
        // The least degree that so many people do not exceed.
        let quantile = |share: f64| {
            let mut below = 0;
            let reached = |count: &u64| {
                below += count;
                below as f64 >= share * people as f64 && below > 0
            };
            counts.iter().position(reached).unwrap_or(0) as u32
        };
        Self {
            mean,
            deviation: variance.sqrt(),
            least: quantile(0.0),
            quantiles: QUANTILES.map(quantile),
            most: counts.len().saturating_sub(1) as u32,
        }
    }
}

impl Portrait {
    /// Looks at a network.
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let ties = match &network.ties {
            Ties::Stored(ties) => ties,
            Ties::Packed(rows) => {
                let ties = Ties::Stored(rows.stored(&network.strong));
                let bytes = network.bytes();
                return Self { bytes, ..Self::of(&Network { ties, ..network.clone() }) };
            }
            Ties::Computed(ties) => return Self::written(network, ties),
            Ties::Complete { .. } => return Self::complete(network),
        };
        let counts = degree_counts(network);
        let returned = returned(network);
        let is_mutual = returned == ties.n_ties();
        let mutual = (!is_mutual).then(|| mutual(ties));
        let friends = mutual.as_ref().unwrap_or(network);
        let parts = components(friends);
        let (clustering, is_sampled) = clusters(friends);
        let strong: u64 = network.strong.iter().map(|count| u64::from(*count)).sum();
        let share = |part: u64| part as f64 / ties.n_ties().max(1) as f64;
        Self {
            nodes: network.n(),
            ties: if is_mutual { ties.n_ties() / 2 } else { ties.n_ties() },
            reciprocity: if is_mutual { 1.0 } else { share(returned) },
            degrees: Degrees::of(&counts),
            heard: (!is_mutual).then(|| Degrees::of(&heard_counts(ties))),
            tail: tail(&counts),
            clustering,
            is_sampled,
            components: parts.len() as u32,
            largest: parts.first().copied().unwrap_or(0),
            mixing: mixing(friends),
            strong_share: (!network.strong.is_empty()).then(|| share(strong)),
            neighbourhoods: network.n_neighbourhoods(),
            sizes: sizes(network),
            local_share: share(local(network, ties)),
            joined_share: joined(friends, &network.neighbourhoods) as f64
                / f64::from(network.n().max(1)),
            bytes: network.bytes(),
        }
    }

    /// Computed ties, by writing them down; of repeated ties one counts.
    fn written(network: &Network, ties: &Implicit) -> Self {
        let written = Network { ties: Ties::Stored(ties.stored()), ..network.clone() };
        let strong: u64 = (0..network.n()).map(|i| u64::from(network.n_strong(i))).sum();
        let strong_share = Some(strong as f64 / ties.n_ends().max(1) as f64);
        Self { strong_share, bytes: network.bytes(), ..Self::of(&written) }
    }

    /// The network in which all are tied, without looking at every pair.
    fn complete(network: &Network) -> Self {
        let n = u64::from(network.n());
        let pairs: u64 = ranges(network).map(|size| u64::from(size) * u64::from(size - 1)).sum();
        let degree = network.n() - 1;
        let degrees = Degrees {
            mean: f64::from(degree),
            deviation: 0.0,
            least: degree,
            quantiles: [degree; QUANTILES.len()],
            most: degree,
        };
        let whole = if n > 2 { 1.0 } else { 0.0 };
        Self {
            nodes: network.n(),
            ties: n * (n - 1) / 2,
            reciprocity: 1.0,
            degrees,
            heard: None,
            tail: None,
            clustering: Clustering { global: whole, local: whole },
            is_sampled: false,
            components: 1,
            largest: network.n(),
            mixing: None,
            strong_share: None,
            neighbourhoods: network.n_neighbourhoods(),
            sizes: sizes(network),
            local_share: pairs as f64 / (n * (n - 1)) as f64,
            joined_share: 1.0,
            bytes: network.bytes(),
        }
    }
}

fn ranges(network: &Network) -> impl Iterator<Item = u32> {
    network.neighbourhoods.windows(2).map(|range| range[1] - range[0])
}

fn sizes(network: &Network) -> (u32, u32) {
    (ranges(network).min().unwrap_or(0), ranges(network).max().unwrap_or(0))
}

/// Directed ties whose opposite is there, too.
fn returned(network: &Network) -> u64 {
    let of_row = |i: u32| {
        let audience = (0..network.degree(i)).map(|k| network.audience(i, k));
        audience.filter(|j| network.hears(i, *j)).count() as u64
    };
    (0..network.n()).into_par_iter().map(of_row).sum()
}

/// The network with every tie in both directions.
fn mutual(ties: &Csr) -> Network {
    const ROWS: u32 = 1024;
    let n = ties.n();
    let both = Csr::build(n, n.div_ceil(ROWS), &|chunk, emit| {
        let first = chunk * ROWS;
        for i in first..n.min(first.saturating_add(ROWS)) {
            for j in ties.of(i) {
                emit(i, *j);
                emit(*j, i);
            }
        }
    });
    Network::plain(Ties::Stored(both), vec![0, n])
}

/// Number of people by how many they hear.
fn heard_counts(ties: &Csr) -> Vec<u64> {
    let mut heard = vec![0_u32; ties.n() as usize];
    (0..ties.n()).flat_map(|i| ties.of(i)).for_each(|j| heard[*j as usize] += 1);
    let most = heard.iter().copied().max().unwrap_or(0) as usize;
    let mut counts = vec![0; most + 1];
    heard.iter().for_each(|degree| counts[*degree as usize] += 1);
    counts
}

/// Directed ties within neighbourhoods.
fn local(network: &Network, ties: &Csr) -> u64 {
    let of_range = |range: &[u32]| {
        let inside = |j: &&u32| (range[0]..range[1]).contains(*j);
        (range[0]..range[1]).map(|i| ties.of(i).iter().filter(inside).count() as u64).sum::<u64>()
    };
    network.neighbourhoods.par_windows(2).map(of_range).sum()
}

/// People in the largest connected parts of neighbourhoods with these starts.
fn joined(friends: &Network, starts: &[u32]) -> u64 {
    let of_range = |range: &[u32]| {
        let (from, to) = (range[0], range[1]);
        let mut parent: Vec<u32> = (0..to - from).collect();
        for i in from..to {
            let all = (0..friends.degree(i)).map(|k| friends.audience(i, k));
            for j in all.filter(|j| (from..to).contains(j)) {
                let (a, b) = (root(&mut parent, i - from), root(&mut parent, j - from));
                parent[a.max(b) as usize] = a.min(b);
            }
        }
        let mut sizes = vec![0_u64; parent.len()];
        (0..to - from).for_each(|i| sizes[root(&mut parent, i) as usize] += 1);
        sizes.into_iter().max().unwrap_or(0)
    };
    starts.par_windows(2).map(of_range).sum()
}

/// Pearson's correlation of degrees over the ends of ties, from whole numbers.
fn mixing(friends: &Network) -> Option<f64> {
    let of_row = |i: u32| {
        let degree = i128::from(friends.degree(i));
        let others: i128 = (0..friends.degree(i))
            .map(|k| i128::from(friends.degree(friends.audience(i, k))))
            .sum();
        [degree, degree * degree, degree * degree * degree, degree * others]
    };
    let add = |a: [i128; 4], b: [i128; 4]| [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];
    let [ends, first, second, product] =
        (0..friends.n()).into_par_iter().map(of_row).reduce(|| [0; 4], add);
    let variance = ends * second - first * first;
    (variance > 0).then(|| (ends * product - first * first) as f64 / variance as f64)
}

/// Clustering, counted or estimated, and whether it is estimated.
fn clusters(friends: &Network) -> (Clustering, bool) {
    let pairs = |i: u32| {
        let degree = u64::from(friends.degree(i));
        degree * degree.saturating_sub(1)
    };
    // Counting looks at every friend of every friend: Σ k² steps.
    let work: u64 = (0..friends.n()).into_par_iter().map(pairs).sum();
    if work <= COUNTED { (clustering(friends), false) } else { (estimated(friends, pairs), true) }
}

/// Clustering from drawn pairs of friends: of all pairs for the global one, of one person
/// after the other for the mean of the local ones (Schank & Wagner 2005).
fn estimated(friends: &Network, pairs: impl Fn(u32) -> u64) -> Clustering {
    let mut sum = 0;
    let ends: Vec<u64> = (0..friends.n())
        .map(|i| {
            sum += pairs(i);
            sum
        })
        .collect();
    let able: Vec<u32> = (0..friends.n()).filter(|i| friends.degree(*i) >= 2).collect();
    let by_pairs = |draws: &mut Draws| {
        let pair = ((u128::from(draws.long()) * u128::from(sum)) >> 64) as u64;
        ends.partition_point(|end| *end <= pair) as u32
    };
    let by_people = |draws: &mut Draws| able[draws.below(able.len() as u32) as usize];
    Clustering { global: closed(friends, 0, by_pairs), local: closed(friends, 1, by_people) }
}

/// Share of drawn people of whom two drawn friends are tied.
fn closed(friends: &Network, item: u32, person: impl Fn(&mut Draws) -> u32 + Sync) -> f64 {
    let is_closed = |k: &u32| {
        let mut draws = Key::new(0, 0).draws(SAMPLED, *k, Clock::default(), item);
        let i = person(&mut draws);
        let a = draws.below(friends.degree(i));
        let b = draws.below(friends.degree(i) - 1);
        friends.hears(friends.audience(i, a), friends.audience(i, b + u32::from(b >= a)))
    };
    (0..SAMPLE).into_par_iter().filter(is_closed).count() as f64 / f64::from(SAMPLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(n: u32, pairs: &[(u32, u32)]) -> Network {
        let ties = Ties::Stored(Csr::from_pairs(n, pairs));
        Network::plain(ties, vec![0, 3, n])
    }

    fn both(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
        pairs.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect()
    }

    #[test]
    fn a_small_network_is_counted_by_hand() {
        // A triangle with a tail of two, and two people apart.
        let pairs = both(&[(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (5, 6)]);
        let portrait = Portrait::of(&network(7, &pairs));
        assert_eq!((portrait.nodes, portrait.ties, portrait.reciprocity), (7, 6, 1.0));
        assert_eq!((portrait.components, portrait.largest), (2, 5));
        assert_eq!((portrait.sizes, portrait.local_share), ((3, 4), 5.0 / 6.0));
        // 0, 1, 2 hang together, and of 3, 4 | 5, 6 one pair is the largest part.
        assert_eq!(portrait.joined_share, 5.0 / 7.0);
        // Of pairs of friends 1 + 1 + 3 + 1 three are tied; locally 1, 1, 1/3, 0.
        assert_eq!(portrait.clustering.global, 0.5);
        assert!((portrait.clustering.local - 7.0 / 12.0).abs() < 1e-12);
        let degrees = &portrait.degrees;
        assert_eq!((degrees.least, degrees.quantiles, degrees.most), (1, [1, 1, 2, 2, 3], 3));
        assert!((degrees.mean - 12.0 / 7.0).abs() < 1e-12);
        // Degrees at the twelve ends: Σ k = 12, Σ k² = 24, Σ k³ = 54, Σ k k' = 50.
        let mixing = portrait.mixing.expect("degrees differ");
        assert!((mixing - (12.0 * 50.0 - 576.0) / (12.0 * 54.0 - 576.0)).abs() < 1e-12);
        assert_eq!((portrait.heard, portrait.strong_share, portrait.tail), (None, None, None));
    }

    #[test]
    fn directed_ties_are_told_from_mutual_ones() {
        let portrait = Portrait::of(&network(4, &[(0, 1), (1, 0), (0, 2), (1, 2)]));
        assert_eq!((portrait.ties, portrait.reciprocity), (4, 0.5));
        assert_eq!(portrait.clustering.global, 1.0);
        assert_eq!((portrait.degrees.most, portrait.components), (2, 2));
        assert_eq!(portrait.heard.map(|heard| heard.most), Some(2));
    }

    #[test]
    fn the_complete_network_is_told_without_looking() {
        let complete = Network::plain(Ties::Complete { n: 7 }, vec![0, 3, 7]);
        let pairs: Vec<_> = (0..7).flat_map(|a| (0..7).map(move |b| (a, b))).collect();
        let stored = Portrait::of(&network(7, &pairs));
        assert_eq!(Portrait { bytes: stored.bytes, ..Portrait::of(&complete) }, stored);
    }

    #[test]
    fn estimated_clustering_is_near_the_counted_one() {
        let p = crate::network::Parameters::default();
        let network = crate::network::generate(&p, 3000, &[0; 3000], Key::new(3, 0));
        let network = network.expect("a network");
        let pairs = |i: u32| u64::from(network.degree(i)) * u64::from(network.degree(i) - 1);
        let (estimated, counted) = (estimated(&network, pairs), clustering(&network));
        // 250,000 pairs: standard error below 0.001; 0.004 has false alarms below 0.001.
        assert!((estimated.global - counted.global).abs() < 0.004, "{estimated:?} {counted:?}");
        assert!((estimated.local - counted.local).abs() < 0.004, "{estimated:?} {counted:?}");
    }
}
