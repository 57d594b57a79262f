//! Which ties of an imported network are strong.
//!
//! With weights, those above the median weight. Without, those with the largest
//! overlap of friends, O_ij = n_ij / (k_i − 1 + k_j − 1 − n_ij) for n_ij common
//! friends (Granovetter 1973; Onnela et al. 2007, doi:10.1073/pnas.0610245104).

use rayon::prelude::*;

use crate::network::csr::Csr;

/// From this ratio of degrees on, common friends are looked up instead of merged.
const LOOK_UP: usize = 16;

/// The strong friends of every node, sorted. `pairs` and `weights` are the rows of
/// the file, weights empty where it has none; of repeated rows the largest counts.
pub(super) fn strong_friends(
    friends: &Csr,
    pairs: &[(u32, u32)],
    weights: &[f64],
    share: f64,
) -> Vec<Vec<u32>> {
    let weights = largest_weights(pairs, weights);
    let differ = weights.windows(2).any(|two| two[0].1 != two[1].1);
    if differ {
        let weight = |i: u32, j: u32| {
            let tie = (i.min(j), i.max(j));
            weights[weights.partition_point(|(other, _)| *other < tie)].1
        };
        above(friends, &weight, |ties| ties / 2)
    } else {
        let overlap = |i: u32, j: u32| overlap(friends.of(i), friends.of(j));
        above(friends, &overlap, |ties| (share * ties as f64 + 0.5) as usize)
    }
}

/// The largest weight of every tie, sorted by tie.
fn largest_weights(pairs: &[(u32, u32)], weights: &[f64]) -> Vec<((u32, u32), f64)> {
    let tie = |(a, b): &(u32, u32)| (*a.min(b), *a.max(b));
    let mut ties: Vec<_> = pairs.iter().map(tie).zip(weights.iter().copied()).collect();
    ties.retain(|((a, b), _)| a != b);
    ties.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    ties.dedup_by_key(|(tie, _)| *tie);
    ties
}

/// Friends whose score is above that of the first tie which is not among the
/// `wanted` best; of equal scores at the border none is strong.
fn above(
    friends: &Csr,
    score: &(dyn Fn(u32, u32) -> f64 + Sync),
    wanted: impl Fn(usize) -> usize,
) -> Vec<Vec<u32>> {
    let scores: Vec<Vec<f64>> = (0..friends.n())
        .into_par_iter()
        .map(|i| friends.of(i).iter().map(|j| score(i, *j)).collect())
        .collect();
    // Every tie stands twice, which changes no quantile.
    let mut all: Vec<f64> = scores.iter().flatten().copied().collect();
    let wanted = wanted(all.len() / 2) * 2;
    let border = match all.len().checked_sub(wanted + 1) {
        Some(place) => *all.select_nth_unstable_by(place, f64::total_cmp).1,
        None => f64::NEG_INFINITY,
    };
    (0..friends.n())
        .into_par_iter()
        .map(|i| {
            let scored = friends.of(i).iter().zip(&scores[i as usize]);
            scored.filter(|(_, score)| **score > border).map(|(j, _)| *j).collect()
        })
        .collect()
}

/// The overlap of two tied nodes' friends; zero where neither has another friend.
fn overlap(a: &[u32], b: &[u32]) -> f64 {
    let common = common(a, b);
    common as f64 / (a.len() + b.len() - 2 - common).max(1) as f64
}

/// Number of elements that two sorted lists share.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    if long.len() / LOOK_UP > short.len() {
        return short.iter().filter(|x| long.binary_search(x).is_ok()).count();
    }
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < short.len() && j < long.len() {
        count += usize::from(short[i] == long[j]);
        (i, j) = (i + usize::from(short[i] <= long[j]), j + usize::from(long[j] <= short[i]));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two triangles joined by a bridge from 2 to 3.
    const PAIRS: [(u32, u32); 7] = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)];

    #[test]
    fn bridges_are_weak() {
        let friends = Csr::from_mutual_pairs(6, &PAIRS);
        let strong = strong_friends(&friends, &PAIRS, &[], 0.9);
        assert_eq!(strong[2], [0, 1]);
        assert_eq!(strong[3], [4, 5]);
        assert_eq!(strong_friends(&friends, &PAIRS, &[], 0.0), vec![Vec::<u32>::new(); 6]);
        assert_eq!(strong_friends(&friends, &PAIRS, &[], 1.0)[2], [0, 1, 3]);
    }

    #[test]
    fn weights_above_the_median_are_strong() {
        let friends = Csr::from_mutual_pairs(6, &PAIRS);
        let weights = [1.0, 1.0, 2.0, 9.0, 1.0, 1.0, 5.0];
        let strong = strong_friends(&friends, &PAIRS, &weights, 0.0);
        assert_eq!(strong, [vec![], vec![2], vec![1, 3], vec![2], vec![5], vec![4]]);
    }

    #[test]
    fn common_friends_are_counted_either_way() {
        let long: Vec<u32> = (0..1000).step_by(3).collect();
        assert_eq!(common(&[3, 4, 999], &long), 2);
        assert_eq!(common(&long, &(0..500).collect::<Vec<_>>()), 167);
    }
}
