//! An ensemble: many worlds of many scenarios, side by side where they are small.
//!
//! A piece of work is one replicate of one point: all arms of it, one after the other. A
//! small world leaves most of a machine idle when it is given all of it, so that several
//! run at a time, each in a pool of its own; a large one has the machine to itself. No
//! result depends on that, since none depends on the number of threads.

use super::beats::Beats;
use super::experiment::{self, Completion, Progress};
use crate::model;
use crate::network::{self, Network};
use crate::observer::RunRecord;
use crate::scenario::Scenario;
use crate::scenario::design::Piece;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

/// The worlds from which on one alone keeps all cores busy, in consumers.
pub const LARGE: u32 = 200_000;

/// How many worlds run at a time, and on how many threads each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crew {
    /// Worlds at a time.
    pub worlds: usize,
    /// Threads of each.
    pub threads: usize,
}

impl Crew {
    /// Divides the threads among worlds of which `room` fit in memory together.
    #[must_use]
    pub fn new(threads: usize, pieces: usize, consumers: u32, room: usize) -> Self {
        let worlds = if consumers >= LARGE { 1 } else { threads.min(pieces).min(room).max(1) };
        Self::of(threads, worlds)
    }

    /// So many worlds at a time.
    #[must_use]
    pub fn of(threads: usize, worlds: usize) -> Self {
        Self { worlds: worlds.max(1), threads: (threads / worlds.max(1)).max(1) }
    }
}

/// How a piece ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All its runs, each with the seconds that it took.
    Complete(Vec<(RunRecord, f64)>),
    /// It cannot be run, for this reason.
    Failed(String),
    /// It was abandoned on its way, since `stop` was raised.
    Abandoned,
}

/// A piece that is no longer worked on.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Which.
    pub piece: Piece,
    /// How.
    pub outcome: Outcome,
    /// The seconds that it took.
    pub seconds: f64,
}

/// What pieces are made of.
pub trait Points: Sync {
    /// The scenario of a point.
    ///
    /// # Errors
    /// Where it can no longer be had.
    fn scenario(&self, point: u32) -> Result<Scenario, String>;
}

/// Works off all pieces and hands each to `sink`, in the order in which they end. Once
/// `stop` is raised no further piece is begun, and those under way are abandoned.
pub fn run(
    pieces: &[Piece],
    crew: Crew,
    points: &dyn Points,
    (stop, progress): (&AtomicBool, &dyn Progress),
    sink: &mut dyn FnMut(Ended),
) {
    let next = AtomicUsize::new(0);
    let shared = Shared { pieces, next, points, stop, progress, networks: Mutex::default() };
    // A short queue: whoever writes slower than the worlds run holds them up instead of
    // filling the memory.
    let (ended, arriving) = sync_channel(crew.worlds);
    std::thread::scope(|scope| {
        for _ in 0..crew.worlds {
            let (shared, ended) = (&shared, ended.clone());
            scope.spawn(move || shared.work(crew.threads, &ended));
        }
        drop(ended);
        arriving.iter().for_each(&mut *sink);
    });
}

struct Shared<'a> {
    pieces: &'a [Piece],
    next: AtomicUsize,
    points: &'a dyn Points,
    stop: &'a AtomicBool,
    progress: &'a dyn Progress,
    /// The network that was imported last.
    networks: Mutex<Option<(network::Parameters, Arc<Network>)>>,
}

impl Shared<'_> {
    /// One worker, with a pool of its own: takes pieces until there are none.
    fn work(&self, threads: usize, ended: &SyncSender<Ended>) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        while let Some(&piece) = self.pieces.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut beats = Beats::default();
            let outcome = beats.time(("piece", ""), || match &pool {
                Ok(pool) => self.outcome(piece, pool),
                Err(error) => Outcome::Failed(error.to_string()),
            });
            let seconds = beats.total_seconds();
            if ended.send(Ended { piece, outcome, seconds }).is_err() {
                return;
            }
        }
    }

    /// One piece; whatever goes wrong in it stays in it.
    fn outcome(&self, piece: Piece, pool: &rayon::ThreadPool) -> Outcome {
        let done = catch_unwind(AssertUnwindSafe(|| pool.install(|| self.piece(piece))));
        done.unwrap_or_else(|payload| Outcome::Failed(spoken(&*payload)))
    }

    fn piece(&self, piece: Piece) -> Outcome {
        let scenario = match self.points.scenario(piece.point) {
            Ok(scenario) => scenario,
            Err(why) => return Outcome::Failed(why),
        };
        let mut records = Vec::new();
        let progress =
            Labelled { inner: self.progress, point: piece.point, seconds: Mutex::default() };
        let mut sink = |record| records.push((record, progress.seconds()));
        let done = experiment::check(&scenario).and_then(|()| {
            let imported = self.imported(&scenario)?;
            let (replicate, told) = (piece.replicate, (self.stop, &progress as &dyn Progress));
            experiment::run_replicate(&scenario, replicate, imported.as_ref(), told, &mut sink)
        });
        match done {
            Ok(Completion::Complete) => Outcome::Complete(records),
            Ok(Completion::Interrupted) => Outcome::Abandoned,
            Err(error) => Outcome::Failed(chain(&error)),
        }
    }

    /// The network that a scenario imports; most points import the same.
    fn imported(
        &self,
        scenario: &Scenario,
    ) -> Result<Option<Arc<Network>>, experiment::ExperimentError> {
        if scenario.network.kind != "file" {
            return Ok(None);
        }
        let mut known = self.networks.lock().unwrap_or_else(|broken| broken.into_inner());
        if let Some((parameters, network)) = &*known
            && *parameters == scenario.network
        {
            return Ok(Some(Arc::clone(network)));
        }
        let read = model::imported(scenario)?;
        *known = read.clone().map(|network| (scenario.network.clone(), network));
        Ok(read)
    }
}

/// What a panic said: an error of the program, which ends the piece and not the ensemble.
fn spoken(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    format!("an error of the program ({}); please report this", text.unwrap_or_default())
}

/// An error with all its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}

/// Progress of one piece among many.
struct Labelled<'a> {
    inner: &'a dyn Progress,
    point: u32,
    /// What the arm took that ended last.
    seconds: Mutex<f64>,
}

impl Labelled<'_> {
    /// What the arm took that ended last.
    fn seconds(&self) -> f64 {
        *self.seconds.lock().unwrap_or_else(|broken| broken.into_inner())
    }

    fn label(&self, arm: &str) -> String {
        format!("p{:04} {arm}", self.point)
    }
}

impl Progress for Labelled<'_> {
    fn building(&self, _replicate: u32) {}

    fn day_done(&self, replicate: u32, arm: &str, day: u16, consumers: u32) {
        self.inner.day_done(replicate, &self.label(arm), day, consumers);
    }

    fn arm_done(&self, replicate: u32, arm: &str, beats: &Beats) {
        *self.seconds.lock().unwrap_or_else(|broken| broken.into_inner()) = beats.total_seconds();
        self.inner.arm_done(replicate, &self.label(arm), beats);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_worlds_share_the_threads_and_large_ones_have_them_all() {
        let crew = |worlds, threads| Crew { worlds, threads };
        assert_eq!(Crew::new(8, 100, 10_000, 100), crew(8, 1));
        assert_eq!(Crew::new(8, 3, 10_000, 100), crew(3, 2));
        assert_eq!(Crew::new(8, 100, 10_000, 4), crew(4, 2));
        assert_eq!(Crew::new(8, 100, LARGE, 100), crew(1, 8));
        assert_eq!(Crew::new(1, 0, 10, 0), crew(1, 1));
        assert_eq!(Crew::of(2, 5), crew(5, 1));
    }

    /// Points of which every third cannot be had, and every fourth breaks the program.
    struct Broken;

    impl Points for Broken {
        fn scenario(&self, point: u32) -> Result<Scenario, String> {
            assert!(point % 4 != 3, "point {point} is broken");
            Err(format!("point {point} is not there"))
        }
    }

    struct Silent;

    impl Progress for Silent {
        fn building(&self, _replicate: u32) {}
        fn day_done(&self, _replicate: u32, _arm: &str, _day: u16, _consumers: u32) {}
    }

    #[test]
    fn what_fails_is_told_and_the_rest_goes_on() {
        let pieces: Vec<Piece> = (0..8).map(|point| Piece { point, replicate: 0 }).collect();
        let mut found = Vec::new();
        let stop = AtomicBool::new(false);
        run(&pieces, Crew::of(2, 2), &Broken, (&stop, &Silent), &mut |ended| {
            let Outcome::Failed(why) = ended.outcome else { panic!("it cannot succeed") };
            found.push((ended.piece.point, why));
        });
        found.sort();
        assert_eq!(found.len(), 8);
        for (point, why) in found {
            let words = if point % 4 == 3 { "is broken" } else { "is not there" };
            assert!(why.contains(&format!("point {point} {words}")), "{why}");
        }
    }

    #[test]
    fn after_a_stop_no_piece_is_begun() {
        let pieces = [Piece { point: 0, replicate: 0 }];
        let stop = AtomicBool::new(true);
        run(&pieces, Crew::of(1, 1), &Broken, (&stop, &Silent), &mut |_| panic!("it began"));
    }
}
