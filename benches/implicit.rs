//! What a computed neighbour costs, one by one and many at once.
//!
//! ```text
//! cargo bench --bench implicit            # ten million consumers
//! cargo bench --bench implicit -- 1e9
//! ```
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use guanxi::network::{Implicit, Parameters};
use guanxi::quantity::time::Clock;
use guanxi::rng::{Key, Stream};
use std::hint::black_box;
use std::time::Instant;

const ROWS: u32 = 1_000_000;
const PICKS: Stream = Stream::new("bench/picks");

fn main() {
    let n = std::env::args().filter_map(|word| word.parse::<f64>().ok()).next().unwrap_or(1e7);
    for law in ["regular", "poisson", "power_law"] {
        let p = Parameters { degree_law: law.to_owned(), blocks: 1_000, ..Parameters::default() };
        let begun = Instant::now();
        let ties = Implicit::new(&p, n as u32, Key::new(1, 0));
        println!("{law}: {} bytes, built in {:?}", ties.bytes(), begun.elapsed());
        let best = |work: &dyn Fn() -> (u64, u64)| {
            let times = (0..5).map(|_| {
                let begun = Instant::now();
                let (count, sum) = work();
                black_box(sum);
                begun.elapsed().as_secs_f64() * 1e9 / count as f64
            });
            times.fold(f64::INFINITY, f64::min)
        };
        let who = |k: u32| Key::new(1, 0).draws(PICKS, k, Clock::default(), 0).below(n as u32);
        let picks: Vec<u32> = (0..ROWS).map(who).collect();
        let alone = best(&|| {
            picks.iter().fold((0, 0), |(count, sum), &i| {
                let row = ties.row(i);
                let all = (0..row.len()).map(|k| u64::from(ties.hearer(row.end(k))));
                (count + u64::from(row.len()), sum + all.sum::<u64>())
            })
        });
        let rows = best(&|| {
            picks
                .iter()
                .fold((0, 0), |(count, sum), &i| (count + 1, sum + u64::from(ties.row(i).len())))
        });
        let audience = best(&|| {
            let mut room = Vec::new();
            picks.iter().fold((0, 0), |(count, sum), &i| {
                ties.audience(i, &mut room);
                (
                    count + room.len() as u64,
                    sum + u64::from(room.iter().copied().max().unwrap_or(0)),
                )
            })
        });
        let many = best(&|| {
            let mut room = Vec::new();
            picks.chunks(64).fold((0, 0), |(count, sum), some| {
                let rows = some.iter().map(|i| ties.row(*i));
                let ends = rows.flat_map(|row| (0..row.len()).map(move |k| row.end(k)));
                ties.hearers(ends, &mut room);
                (count + room.len() as u64, sum + u64::from(room[0]))
            })
        });
        let ends: Vec<_> = picks
            .iter()
            .map(|i| ties.row(*i))
            .filter(|row| !row.is_empty())
            .enumerate()
            .map(|(k, row)| row.end(k as u32 % row.len()))
            .collect();
        let picked = best(&|| {
            let mut room = Vec::new();
            ends.chunks(256).fold((0, 0), |(count, sum), some| {
                ties.hearers(some.iter().copied(), &mut room);
                (count + room.len() as u64, sum + u64::from(room[0]))
            })
        });
        println!(
            "  ns: {rows:.1} a row's ends, then a neighbour {alone:.1} alone, {audience:.1} row by row, \
             {many:.1} of 64 rows, {picked:.1} of 256 picked ends"
        );
    }
}
