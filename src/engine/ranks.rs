//! Several ranks in one process: a thread each, with a share of the threads at work.

use crate::exchange::link::Link;
use std::panic::resume_unwind;

/// Does the work of every rank side by side, and returns what each comes to, in their order.
/// One rank works where it is called.
///
/// # Errors
/// Where threads cannot be had.
#[expect(clippy::disallowed_methods, reason = "threads are divided; no result depends on them")]
pub fn side_by_side<T: Send>(
    ranks: usize,
    work: impl Fn(Link) -> T + Sync,
) -> Result<Vec<T>, rayon::ThreadPoolBuildError> {
    if ranks <= 1 {
        return Ok(vec![work(Link::alone())]);
    }
    let threads = (rayon::current_num_threads() / ranks).max(1);
    let pool = |_| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pools = (0..ranks).map(pool).collect::<Result<Vec<_>, _>>()?;
    let work = &work;
    Ok(std::thread::scope(|scope| {
        let rank = |(link, pool): (Link, rayon::ThreadPool)| {
            scope.spawn(move || pool.install(|| work(link)))
        };
        let ranks: Vec<_> = Link::among(ranks).into_iter().zip(pools).map(rank).collect();
        ranks.into_iter().map(|rank| rank.join().unwrap_or_else(|why| resume_unwind(why))).collect()
    }))
}
