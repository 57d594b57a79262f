//! `run --watch`: members, orders and sales of every platform while they come about; drawn
//! in place on a terminal, a plain line a day elsewhere.

use crate::cli::screen::Screen;
use crate::engine::experiment::{Figures, Progress};
use crate::output::text::grouped;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Columns of a drawn series.
const COLUMNS: usize = 24;

/// From nothing to the largest.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shows the figures of each day.
pub struct Watch {
    screen: Screen,
    days: u16,
    lines: MultiProgress,
    series: Mutex<BTreeMap<String, Series>>,
}

/// What was seen of one platform in the present replicate.
struct Series {
    line: ProgressBar,
    members: Vec<u64>,
    orders: Vec<u64>,
    gmv_fen: i64,
}

impl Watch {
    /// Watches runs of so many days.
    #[must_use]
    pub fn new(screen: Screen, days: u16) -> Self {
        let (lines, series) = (MultiProgress::new(), Mutex::new(BTreeMap::new()));
        Self { screen, days, lines, series }
    }

    /// The series of a platform, begun anew with every replicate.
    fn seen<'a>(
        &self,
        all: &'a mut BTreeMap<String, Series>,
        name: &str,
        day: u16,
    ) -> &'a mut Series {
        let series = all.entry(name.to_owned()).or_insert_with(|| {
            let line = self.lines.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                line.set_style(style);
            }
            Series { line, members: Vec::new(), orders: Vec::new(), gmv_fen: 0 }
        });
        if day == 1 {
            series.members.clear();
            series.orders.clear();
            series.gmv_fen = 0;
        }
        series
    }
}

impl Progress for Watch {
    fn building(&self, replicate: u32) {
        self.screen.complain(&format!("replicate {}: building", replicate + 1));
    }

    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}

    fn figures(&self, replicate: u32, arm: &str, day: u16, figures: &[Figures<'_>]) {
        let mut all = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        for one in figures {
            let name = if figures.len() == 1 || one.platform == arm {
                arm.to_owned()
            } else {
                format!("{arm}.{}", one.platform)
            };
            let series = self.seen(&mut all, &name, day);
            series.members.push(one.members);
            series.orders.push(one.orders);
            series.gmv_fen += one.gmv_fen;
            let told = format!(
                "{} members, {} orders, {} yuan",
                grouped(one.members as f64, 0),
                grouped(one.orders as f64, 0),
                grouped(series.gmv_fen as f64 / 100.0, 0),
            );
            if self.screen.terminal {
                let (members, orders) = (drawn(&series.members), drawn(&series.orders));
                series.line.set_message(format!(
                    // Numbers first: narrow terminals cut the rest.
                    "{name:<12} day {day:>3}/{} {told}  {members} {orders} replicate {}",
                    self.days,
                    replicate + 1
                ));
            } else {
                let of = format!("replicate {}, {name}, day {day}", replicate + 1);
                self.screen.complain(&format!("{of}: {told}"));
            }
        }
    }
}

/// A series as a row of bars, each the mean of its part of the days.
fn drawn(series: &[u64]) -> String {
    let columns = series.len().min(COLUMNS);
    let part = |k: usize| {
        let days = &series[k * series.len() / columns..(k + 1) * series.len() / columns];
        days.iter().sum::<u64>() / days.len().max(1) as u64
    };
    let means: Vec<u64> = (0..columns).map(part).collect();
    let most = means.iter().copied().max().unwrap_or(0).max(1);
    let bar = |mean: &u64| STEPS[(mean * (STEPS.len() as u64 - 1) / most) as usize];
    let bars: String = means.iter().map(bar).collect();
    format!("{bars:<COLUMNS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_drawn_from_nothing_to_its_largest() {
        assert_eq!(drawn(&[0, 7]).trim_end(), "▁█");
        let rising: Vec<u64> = (0..240).collect();
        let bars = drawn(&rising);
        assert_eq!(bars.chars().count(), COLUMNS);
        assert!(bars.chars().is_sorted());
        assert_eq!(drawn(&[]).trim(), "");
        assert_eq!(drawn(&[0, 0]).trim_end(), "▁▁");
    }
}
