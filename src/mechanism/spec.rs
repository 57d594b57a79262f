//! The static descriptor of a mechanism: everything else is derived from it.

use crate::market::platform::Family;
use crate::mechanism::load::{Extent, Load};
use crate::parameter::{Parameter, Values};
use crate::rng::Stream;

/// Whose mechanism it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One in an arm, for all its platforms; its table stands at the top level of
    /// a scenario and an arm may override it.
    World,
    /// One in each platform; its table stands in an arm, in a preset, or at the top level of a
    /// scenario for all platforms.
    Platform,
}

/// What a mechanism is for. A world has exactly one decider and one clearing rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends exposures to consumers.
    Sender,
    /// Decides which of the exposures become orders.
    Decider,
    /// Grants orders against what is contended for.
    Clearing,
    /// Changes the state of agents in any other way.
    Process,
}

/// A way by which offers reach consumers, declared by the mechanism that sends through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Name, a row of the table `funnel`.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Whether orders through it count as organic (nobody was paid and nobody shared).
    pub organic: bool,
    /// What kind of way it is; a friend's doing counts for K.
    pub family: Family,
}

/// The static descriptor of a mechanism.
pub struct Spec {
    /// Name of the table in a scenario.
    pub name: &'static str,
    /// One sentence for lists.
    pub summary: &'static str,
    /// One an arm or one a platform.
    pub scope: Scope,
    /// What it is for.
    pub role: Role,
    /// Whether it runs where no table, preset or arm says anything.
    pub on_by_default: bool,
    /// Why it cannot be switched off, where it cannot: what would not happen without it.
    pub needed: Option<&'static str>,
    /// Whether it reaches consumers through the influencers whom they follow; followers are
    /// drawn only where some mechanism does.
    pub followers: bool,
    /// Whether it reads the ties of many people at once, again and again: ties are packed
    /// only where no mechanism does.
    pub sweeps_ties: bool,
    /// Whether it does nothing without a share of the marketing budget.
    pub paid: bool,
    /// Channels through which it sends.
    pub channels: &'static [Channel],
    /// Parameters.
    pub parameters: &'static [Parameter],
    /// Streams of random draws.
    pub streams: &'static [Stream],
    /// What it will need, as far as it can be told before a run; none where that is next to
    /// nothing beside the columns of the world.
    pub load: Option<fn(&Values, &Extent) -> Load>,
    /// Builds an instance from checked values.
    pub build: fn(&Values, &Placement) -> Box<dyn super::Mechanism>,
}

/// Where in a world an instance stands.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Index of the platform in its arm (0 for a mechanism of the world).
    pub platform: usize,
    /// Number of the mechanism's first channel.
    pub first_channel: u8,
}
