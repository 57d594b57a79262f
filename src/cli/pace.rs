//! How fast worlds are stepped, and how long the rest will take: worlds are built first, which
//! is no stepping, and each that is still to come has to be built, too.

use std::time::Duration;

/// Consumer-days and worlds, of which some are done. Moments are durations since the start.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    total: u64,
    done: u64,
    worlds: u64,
    begun: u64,
    /// Since when a world has been built and nothing else was heard of.
    building: Option<Duration>,
    built: Duration,
}

impl Pace {
    /// Of so many consumer-days in so many worlds nothing is done.
    #[must_use]
    pub fn new(total: u64, worlds: u64) -> Self {
        Self { total, worlds, ..Self::default() }
    }

    /// A world is being built.
    pub fn builds(&mut self, now: Duration) {
        self.begun += 1;
        self.building.get_or_insert(now);
    }

    /// Consumer-days were stepped.
    pub fn steps(&mut self, now: Duration, consumer_days: u64) {
        self.done += consumer_days;
        self.built +=
            self.building.take().map_or(Duration::ZERO, |since| now.saturating_sub(since));
    }

    /// The share of the consumer-days that are done, in so many parts of the whole.
    #[must_use]
    pub fn done_of(&self, parts: u64) -> u64 {
        self.done * parts / self.total.max(1)
    }

    /// Consumer-days a second of stepping.
    #[must_use]
    pub fn per_second(&self, now: Duration) -> f64 {
        self.done as f64 / now.saturating_sub(self.built).as_secs_f64().max(1e-9)
    }

    /// Seconds that are left, if all goes on as it went.
    #[must_use]
    pub fn seconds_left(&self, now: Duration) -> f64 {
        let stepping = self.total.saturating_sub(self.done) as f64 / self.per_second(now).max(1e-9);
        let each = self.built.as_secs_f64() / self.begun.max(1) as f64;
        stepping + self.worlds.saturating_sub(self.begun) as f64 * each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn building_is_no_stepping() {
        let mut pace = Pace::new(1_000, 1);
        pace.builds(at(0));
        // A hundred seconds of building, and one of the first day.
        pace.steps(at(100), 0);
        pace.steps(at(101), 100);
        assert_eq!((pace.done_of(100), pace.done_of(10)), (10, 1));
        assert_eq!((pace.per_second(at(101)), pace.seconds_left(at(101))), (100.0, 9.0));
    }

    #[test]
    fn worlds_to_come_have_to_be_built() {
        let mut pace = Pace::new(1_000, 2);
        pace.builds(at(0));
        pace.steps(at(30), 0);
        pace.steps(at(35), 500);
        assert_eq!(pace.seconds_left(at(35)), 35.0);
        pace.builds(at(35));
        pace.steps(at(65), 0);
        assert_eq!(pace.seconds_left(at(65)), 5.0);
    }

    #[test]
    fn worlds_side_by_side_are_built_while_others_step() {
        let mut pace = Pace::new(1_000, 2);
        pace.builds(at(0));
        pace.builds(at(0));
        pace.steps(at(10), 250);
        pace.steps(at(20), 250);
        assert_eq!((pace.per_second(at(20)), pace.seconds_left(at(20))), (50.0, 10.0));
    }
}
