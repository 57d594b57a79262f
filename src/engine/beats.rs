//! Where the time of an arm goes: seconds by beat and mechanism, so that whoever looks
//! for the next bottleneck does not have to guess. Results never know these numbers.

use std::time::Instant;

/// What takes time: a beat of the day, and the mechanism that acts in it (empty for the
/// engine's own work).
pub type Beat = (&'static str, &'static str);

/// Seconds by beat.
#[derive(Clone, Debug, Default)]
pub struct Beats {
    /// In the order in which they first came.
    seconds: Vec<(Beat, f64)>,
    /// Where the next is expected: they come in the same order day after day.
    next: usize,
}

impl Beats {
    /// Does some work and books the time that it takes.
    #[expect(clippy::disallowed_methods, reason = "only measures; no result knows the clock")]
    pub fn time<T>(&mut self, beat: Beat, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        *self.of(beat) += begun.elapsed().as_secs_f64();
        done
    }

    /// The seconds of a beat.
    fn of(&mut self, beat: Beat) -> &mut f64 {
        let Self { seconds, next } = self;
        if seconds.get(*next).is_none_or(|row| row.0 != beat) {
            *next = seconds.iter().position(|row| row.0 == beat).unwrap_or(seconds.len());
        }
        if *next == seconds.len() {
            seconds.push((beat, 0.0));
        }
        *next += 1;
        &mut seconds[*next - 1].1
    }

    /// All seconds together.
    #[must_use]
    pub fn total_seconds(&self) -> f64 {
        self.seconds.iter().map(|row| row.1).sum()
    }

    /// Beats with their seconds, the longest first.
    #[must_use]
    pub fn ranking(&self) -> Vec<(Beat, f64)> {
        let mut all = self.seconds.clone();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beat_is_booked_and_the_longest_comes_first() {
        let mut beats = Beats::default();
        let slow = || (0..200_000_u64).fold(1, |a: u64, k| std::hint::black_box(a.wrapping_add(k)));
        beats.time(("expose", "feed"), || ());
        assert_ne!(beats.time(("choose", "choice"), slow), 1);
        beats.time(("choose", "choice"), slow);
        let ranking = beats.ranking();
        assert_eq!(ranking.iter().map(|row| row.0.0).collect::<Vec<_>>(), ["choose", "expose"]);
        let sum: f64 = ranking.iter().map(|row| row.1).sum();
        assert!((beats.total_seconds() - sum).abs() < 1e-12);
    }
}
