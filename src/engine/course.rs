//! One run: an arm that is stepped day after day under audit and observers. Between two days
//! all of it can be stored and brought back ([`Course::columns`]).

use super::audit::Audit;
use super::beats::Beats;
use super::experiment::ExperimentError;
use super::step::{Arm, Day, Watch};
use crate::columns::{Columns, State};
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::message::{Answer, Order};
use crate::mechanism::world::{Environment, World};
use crate::model;
use crate::observer::RunRecord;
use crate::observers::Observers;
use crate::parallel;
use crate::scenario;
use std::sync::Arc;

/// A run under way.
pub struct Course<'a> {
    of: &'a scenario::Arm,
    replicate: u32,
    arm: Arm,
    observing: Observing,
}

impl<'a> Course<'a> {
    /// A run before its first day.
    #[must_use]
    pub fn new(of: &'a scenario::Arm, env: &Arc<Environment>, replicate: u32) -> Self {
        Self::among(of, env, replicate, Link::alone())
    }

    /// One rank's part of a run before its first day.
    #[must_use]
    pub fn among(
        of: &'a scenario::Arm,
        env: &Arc<Environment>,
        replicate: u32,
        link: Link,
    ) -> Self {
        let arm = Arm::new(model::build_part(of, env, link));
        let observing = Observing::new(&arm.world);
        Self { of, replicate, arm, observing }
    }

    /// The arm's name.
    #[must_use]
    pub fn arm(&self) -> &'a str {
        &self.of.name
    }

    /// The replicate, from 0.
    #[must_use]
    pub fn replicate(&self) -> u32 {
        self.replicate
    }

    /// Days that were stepped, burn-in included.
    #[must_use]
    pub fn days_done(&self) -> u16 {
        self.arm.days_done()
    }

    /// Whether the last day is done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.days_done() >= self.arm.world.env.days
    }

    /// Its world.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.arm.world
    }

    /// Its link to the other ranks.
    #[must_use]
    pub fn link(&self) -> Arc<Link> {
        Arc::clone(&self.arm.world.link)
    }

    /// Steps a day.
    ///
    /// # Errors
    /// Where ledger and orders disagree.
    pub fn step(&mut self) -> Result<Day, ExperimentError> {
        let Self { of, arm, observing, .. } = self;
        let left = arm.step(observing);
        let day = left.day;
        observing.audit.verdict().map_err(|finding| ExperimentError::Audit {
            arm: of.name.clone(),
            day,
            finding,
        })?;
        if day + 1 == observing.burn_in {
            for platform in &mut arm.world.platforms {
                platform.cascades.retire(day, false);
                platform.cascades.forget_filed();
            }
        }
        Ok(left)
    }

    /// All that a run is between two days, in or out of a checkpoint.
    ///
    /// Where the arm is split, all ranks call it at once to save ([`Course::give`]), each for
    /// itself to load.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        io.among(self.link(), self.arm.world.env.consumers);
        let Self { of: _, replicate: _, arm, observing } = self;
        let Observing { audit, observers, burn_in: _ } = observing;
        arm.columns(io);
        audit.visit(io);
        observers.columns(io);
    }

    /// Gives what this rank holds to the first, which saves the run.
    pub fn give(&mut self) {
        self.columns(&mut Columns::save(&mut std::io::sink()));
    }

    /// A digest of everything that the arm stores.
    #[must_use]
    pub fn digest(&self) -> String {
        self.arm.digest()
    }

    /// Where the time went so far.
    #[must_use]
    pub fn beats(&self) -> &Beats {
        self.arm.beats()
    }

    /// What the run leaves, one record a platform.
    #[must_use]
    pub fn finish(self) -> Vec<RunRecord> {
        let Self { of, replicate, arm, observing } = self;
        let done = arm.days_done();
        // Nothing is sent any more: the room of messages is free for what comes now.
        let mut world = arm.into_world();
        for platform in &mut world.platforms {
            platform.cascades.retire(done, true);
        }
        let days_done = done.saturating_sub(observing.burn_in);
        let found = observing.observers.finish(&world, done);
        let record = |((tables, metrics), platform): (_, &scenario::Platform)| RunRecord {
            arm: of.name.clone(),
            platform: platform.name.clone(),
            replicate,
            days_done,
            tables,
            metrics,
        };
        found.into_iter().zip(&of.platforms).map(record).collect()
    }
}

/// Audit and observers, side by side.
pub struct Observing {
    /// The audit.
    pub audit: Audit,
    /// The observers.
    pub observers: Observers,
    burn_in: u16,
}

impl Observing {
    /// Audit and observers of an arm before its first day.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let burn_in = world.env.start.burn_in_days;
        Self { audit: Audit::new(world), observers: Observers::new(world, burn_in), burn_in }
    }
}

impl Watch for Observing {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.audit.placed(world, placed);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.observers.answered(world, answers);
        for platform in 0..world.platforms.len() {
            // Both read a piece while it is near.
            let reader = self.audit.reader(world, platform);
            let mut pieces = self.observers.pieces(world, platform, answers);
            let found = parallel::map(&mut pieces, |piece| {
                piece.take_in();
                reader.answered(piece.lists())
            });
            self.audit.enter(platform, found);
        }
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.audit.closed(world, day);
        if day.day + 1 == self.burn_in {
            self.observers.begin(world, day.day);
        } else if day.day >= self.burn_in {
            let books = day.books.iter().map(|b| (&b.tally, &b.postings));
            self.observers.day(world, day.day, books);
        }
    }
}
