//! The seam: what a mechanism is, and what it may do in a day.
//!
//! A market model is a set of mechanism tables in a scenario. The engine knows
//! beats, never mechanisms; a mechanism knows the world, never the engine. In
//! every beat the mechanisms act in the order of the registry; `dyn` is paid once a
//! beat and mechanism, and a mechanism loops over the shards itself.

pub mod digest;
pub mod homes;
pub mod leaning;
pub mod load;
pub mod reach;
pub mod scattered;
pub mod spec;
pub mod world;

pub use digest::Digest;

use crate::columns::Columns;
use crate::exchange::{Inbox, Outbox};
use crate::market::message::{Answer, Exposure, Order};
use crate::quantity::time::Clock;
use world::World;

/// What takes part in a day. Every hook has a default that does nothing.
///
/// Senders read the world and write messages and their own counts; in the other
/// beats rows are written by the shard that holds them. Nobody writes another
/// agent's row: a message or an order is sent instead.
///
/// Where an arm is split among ranks, each calls every hook in a world of its own, in which
/// only its own shards' rows and lists are filled. What others need is added up or published
/// over `world.link`; all ranks make the same calls there, so none stands behind a condition
/// that only one of them knows.
pub trait Mechanism: Send + Sync {
    /// Once, before the first day: terms of channels, coefficients, initial state.
    fn start(&mut self, _world: &mut World) {}

    /// Morning: schedules, budgets, rankings, supply.
    fn open(&mut self, _world: &mut World, _at: Clock) {}

    /// (world) → exposures, in every wave.
    fn expose(&mut self, _world: &mut World, _at: Clock, _out: &mut Outbox<Exposure>) {}

    /// (exposures) → own rows: who joins, what is dropped.
    fn attend(&mut self, _world: &mut World, _at: Clock, _inbox: &mut Inbox<Exposure>) {}

    /// (exposures) → orders, by shard of consumers. Only the decider.
    fn choose(
        &mut self,
        _world: &mut World,
        _at: Clock,
        _inbox: &Inbox<Exposure>,
        _placed: &mut [Vec<Order>],
    ) {
    }

    /// (orders just placed, by shard of consumers) → own state.
    fn notice(&mut self, _world: &mut World, _at: Clock, _placed: &[Vec<Order>]) {}

    /// (the own platform's orders, by offer) → orders held back, released or refused. Not
    /// for mechanisms of the world.
    fn gather(
        &mut self,
        _world: &mut World,
        _at: Clock,
        _orders: &mut Inbox<Order>,
        _answers: &mut Outbox<Answer>,
    ) {
    }

    /// (all platforms' orders, by offer) → answers. Only the clearing rule.
    fn settle(
        &mut self,
        _world: &mut World,
        _at: Clock,
        _orders: &mut Inbox<Order>,
        _answers: &mut Outbox<Answer>,
    ) {
    }

    /// (answers of one platform, by consumer) → own rows: dispatch, history, shares to come.
    /// A mechanism of a platform hears of its own, one of the world of each in turn.
    fn fulfil(
        &mut self,
        _world: &mut World,
        _platform: usize,
        _at: Clock,
        _answers: &mut Inbox<Answer>,
    ) {
    }

    /// Evening: deliveries arrive, quality is seen, trust moves.
    fn experience(&mut self, _world: &mut World, _at: Clock) {}

    /// (the day's outcomes) → learning of merchants, influencers, leaders, consumers.
    fn adapt(&mut self, _world: &mut World, _at: Clock) {}

    /// The mechanism's own state between two days, in or out of a checkpoint: one description
    /// for both. There is no default, so that nobody forgets it; take `Self` apart field by
    /// field, so that nobody forgets a new one either. What `start` makes of the scenario, and
    /// what a morning makes anew, is left out; a value of the scenario that has acted and does
    /// not act again is told by [`Columns::acted`].
    fn columns(&mut self, io: &mut Columns<'_>);

    /// Adds the mechanism's own state to a digest, so that tests compare what is
    /// stored and not only what is shown.
    fn digest(&self, _hash: &mut Digest) {}
}
