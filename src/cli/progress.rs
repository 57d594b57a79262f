//! Progress on stderr: a bar on a terminal, plain lines elsewhere.

use crate::cli::pace::Pace;
use crate::cli::screen::Screen;
use crate::engine::beats::{Beat, Beats};
use crate::engine::experiment::Progress;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A bar on a terminal, plain lines elsewhere, nothing with --quiet.
    Auto,
    /// A bar.
    Bar,
    /// A line now and then.
    Plain,
    /// Nothing.
    None,
}

/// Shows progress as was asked, of so many consumer-days in so many worlds.
#[must_use]
pub fn progress(kind: Kind, screen: &Screen, total: u64, worlds: u64) -> Box<dyn Progress> {
    let kind = match kind {
        Kind::Auto if screen.quiet => Kind::None,
        Kind::Auto if screen.terminal => Kind::Bar,
        Kind::Auto => Kind::Plain,
        asked => asked,
    };
    match kind {
        Kind::Bar => Box::new(Bar::new(total)),
        Kind::None => Box::new(Silent),
        _ => Box::new(Plain::new(*screen, Pace::new(total, worlds))),
    }
}

/// A rate of consumer-days as people read it.
#[must_use]
pub fn rate(per_second: f64) -> String {
    let (scale, letter) = match per_second {
        x if x >= 1e9 => (1e9, " G "),
        x if x >= 1e6 => (1e6, " M "),
        x if x >= 1e3 => (1e3, " k "),
        _ => (1.0, " "),
    };
    format!("{:.1}{letter}consumer-days/s", per_second / scale)
}

/// Seconds and shares of the beats that take more than a half percent, a line each.
fn table(beats: &Beats) -> String {
    let total = beats.total_seconds().max(1e-9);
    let rows = beats.ranking().into_iter().filter(|row| row.1 > 0.005 * total);
    let line = |((beat, mechanism), seconds): (Beat, f64)| {
        format!("{seconds:>10.3} s {:>5.1} %  {beat} {mechanism}", 100.0 * seconds / total)
    };
    rows.map(line).map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

struct Silent;

impl Progress for Silent {
    fn building(&self, _replicate: u32) {}
    fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}
}

struct Bar(ProgressBar);

impl Bar {
    fn new(total: u64) -> Self {
        let bar = ProgressBar::new(total);
        let speed = |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{}", rate(state.per_sec()));
        };
        let template = "{bar:30} {percent:>3} % {speed}, {eta} left  {wide_msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("speed", speed).progress_chars("━╸─"));
        }
        Self(bar)
    }
}

impl Progress for Bar {
    fn building(&self, replicate: u32) {
        self.0.set_message(format!("replicate {}: building", replicate + 1));
        self.0.tick();
    }

    fn day_done(&self, replicate: u32, arm: &str, day: u16, consumers: u32) {
        self.0.set_message(format!("replicate {}, {arm}, day {day}", replicate + 1));
        self.0.inc(u64::from(consumers));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A line at every tenth of the way, and at least every ten seconds.
struct Plain {
    screen: Screen,
    begun: Instant,
    state: Mutex<State>,
}

struct State {
    pace: Pace,
    said: Instant,
    tenths: u64,
}

impl Plain {
    #[expect(
        clippy::disallowed_methods,
        reason = "progress is shown by the clock, results do not know it"
    )]
    fn new(screen: Screen, pace: Pace) -> Self {
        let begun = Instant::now();
        Self { screen, begun, state: Mutex::new(State { pace, said: begun, tenths: 0 }) }
    }
}

impl Progress for Plain {
    fn arm_done(&self, replicate: u32, arm: &str, beats: &Beats) {
        if self.screen.verbose {
            let head = format!("replicate {}, {arm}: where the time went", replicate + 1);
            self.screen.complain(&format!("{head}\n{}", table(beats)));
        }
    }

    fn building(&self, replicate: u32) {
        if let Ok(mut state) = self.state.lock() {
            state.pace.builds(self.begun.elapsed());
        }
        if self.screen.verbose {
            self.screen.complain(&format!("replicate {}: building", replicate + 1));
        }
    }

    fn arm_built(&self, _replicate: u32, _arm: &str) {
        if let Ok(mut state) = self.state.lock() {
            state.pace.steps(self.begun.elapsed(), 0);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "progress is shown by the clock, results do not know it"
    )]
    fn day_done(&self, replicate: u32, arm: &str, day: u16, consumers: u32) {
        let Ok(mut state) = self.state.lock() else { return };
        let now = self.begun.elapsed();
        state.pace.steps(now, u64::from(consumers));
        let tenths = state.pace.done_of(10);
        if tenths == state.tenths && state.said.elapsed() < Duration::from_secs(10) {
            return;
        }
        (state.tenths, state.said) = (tenths, Instant::now());
        let State { pace, .. } = &*state;
        self.screen.complain(&format!(
            "{:>3} % (replicate {}, {arm}, day {day}), {}, {:.0} s left",
            pace.done_of(100),
            replicate + 1,
            rate(pace.per_second(now)),
            pace.seconds_left(now),
        ));
    }
}
