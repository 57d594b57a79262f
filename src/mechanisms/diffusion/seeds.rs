//! Who is infected or active before the first day.

use super::{Parameters, SEED};
use crate::mechanism::world::Environment;
use crate::quantity::time::Clock;
use rayon::prelude::*;

/// The seeds by shard, ascending.
pub(super) fn by_shard(p: &Parameters, env: &Environment) -> Vec<Vec<u32>> {
    let mut lists = vec![Vec::new(); env.consumers.count()];
    for seed in all(p, env) {
        lists[env.consumers.shard_of(seed)].push(seed);
    }
    lists
}

/// All seeds, ascending.
fn all(p: &Parameters, env: &Environment) -> Vec<u32> {
    let n = env.consumers.n();
    let count = match p.seed_count {
        0 => (p.seed_share * f64::from(n)).round() as u32,
        count => count.min(n),
    };
    match p.seed_by.as_str() {
        "file" => env.lists.get(&p.seed_file).cloned().unwrap_or_default(),
        "degree" => least(n, count, u32::MAX, |i| u32::MAX - env.network.degree(i)),
        _ => least(n, count, likely(n, count), |i| env.key.word(SEED, i, Clock::default(), 0)),
    }
}

/// A bound below which there are almost surely `count` of n even ranks.
fn likely(n: u32, count: u32) -> u32 {
    let wanted = f64::from(count) + 8.0 * f64::from(count).sqrt() + 8.0;
    (wanted / f64::from(n) * 4_294_967_296.0) as u32
}

/// The `count` consumers of least rank, ascending; of equals those of lower numbers. Only
/// ranks up to `bound` are kept, as long as they are enough.
fn least(n: u32, count: u32, bound: u32, rank: impl Fn(u32) -> u32 + Sync) -> Vec<u32> {
    if count == 0 {
        return Vec::new();
    }
    let of =
        |i| Some(rank(i)).filter(|rank| *rank <= bound).map(|r| u64::from(r) << 32 | u64::from(i));
    let mut ranks: Vec<u64> = (0..n).into_par_iter().filter_map(of).collect();
    if ranks.len() < count as usize && bound < u32::MAX {
        return least(n, count, u32::MAX, rank);
    }
    if (count as usize) < ranks.len() {
        ranks.select_nth_unstable(count as usize);
        ranks.truncate(count as usize);
    }
    let mut seeds: Vec<u32> = ranks.into_iter().map(|rank| rank as u32).collect();
    seeds.sort_unstable();
    seeds
}
