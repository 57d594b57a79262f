//! How far the processors are from each other. What one thread has written and another reads
//! travels from cache to cache; where two processors have none in common, several times as long.
//! A virtual machine may be moved from one case to the other at any moment, and tells nobody.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{scope, yield_now};
use std::time::{Duration, Instant};

/// Trips that are timed together; the quickest such time counts.
const TRIPS: u64 = 1_000;

/// How long it is tried, and until when where the system has left both threads on one processor, which
/// shows in trips of a microsecond and more.
const TRIED: Duration = Duration::from_millis(20);
const AT_MOST: Duration = Duration::from_millis(300);
const ON_ONE_NS: f64 = 1_000.0;

/// Says that there are no more.
const OVER: u64 = u64::MAX;

/// After so many looks a thread lets others have its processor: the one it waits for may need it.
const LOOKS: u32 = 1 << 12;

/// Nanoseconds in which a line of memory that one thread has written comes to be written by another
/// and is back, at best.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "speed is measured by the clock")]
pub fn round_trip_ns() -> u64 {
    let line = AtomicU64::new(0);
    scope(|scope| {
        scope.spawn(|| send_back(&line));
        let (begun, mut at, mut best) = (Instant::now(), 0, f64::INFINITY);
        let is_tried = |best: f64| match best < ON_ONE_NS {
            true => begun.elapsed() > TRIED,
            false => begun.elapsed() > AT_MOST,
        };
        while !is_tried(best) {
            let set_out = Instant::now();
            at = there_and_back(&line, at);
            best = best.min(set_out.elapsed().as_secs_f64() * 1e9 / TRIPS as f64);
        }
        line.store(OVER, Ordering::Release);
        best.round() as u64
    })
}

/// Sends the line on its trips, numbered from `at`; returns the next number.
fn there_and_back(line: &AtomicU64, at: u64) -> u64 {
    for trip in at..at + TRIPS {
        line.store(2 * trip + 1, Ordering::Release);
        wait(line, |found| found == 2 * trip + 2);
    }
    at + TRIPS
}

/// Sends back what comes, until it is over.
fn send_back(line: &AtomicU64) {
    loop {
        match wait(line, |found| !found.is_multiple_of(2)) {
            OVER => return,
            found => line.store(found + 1, Ordering::Release),
        }
    }
}

/// Waits for a number; looks for it without a pause.
fn wait(line: &AtomicU64, is_it: impl Fn(u64) -> bool) -> u64 {
    let mut looks = 0_u32;
    loop {
        let found = line.load(Ordering::Acquire);
        if is_it(found) {
            return found;
        }
        looks = looks.wrapping_add(1);
        match looks.is_multiple_of(LOOKS) {
            true => yield_now(),
            false => spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_in_less_than_a_tenth_of_a_second() {
        let trip = round_trip_ns();
        assert!((2..100_000_000).contains(&trip), "{trip} ns");
    }
}
