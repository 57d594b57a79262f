//! Attention: who looks at platforms today, and how much.
//!
//! A registered consumer is active on a day with the probability of the segment;
//! item pages (slots) are Poisson. Since a Poisson number that is divided at random
//! gives independent Poisson numbers, every channel can draw its own share of the
//! slots without asking the others.

use crate::exchange::Inbox;
use crate::market::message::{Exposure, flag};
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{ACTIVE, Attention, World, threshold};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};

/// Which messages of friends are opened.
const OPENED: Stream = Stream::new("attention/opened");

parameters! {
    /// How much attention consumers have.
    pub struct Parameters {
        /// Mean item pages that an active consumer looks at in a day.
        slots_mean: f64 = "10.0", "item pages/day", 0.0, 1_000.0, A, "model, section 5 (attention)";
        /// Friends' messages about goods that a consumer opens in a wave, at most on average:
        /// each of m is opened with probability 1/(1 + (m − 1)/this).
        messages_per_wave: f64 = "1.0", "messages", 0.001, 1_000.0, A, "assumed";
        /// Social waves in a day: what is shared in one wave is seen in the next.
        waves: u32 = "4", "waves", 1.0, 15.0, A, "model, section 4";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "attention",
    summary: "Consumers are active on some days and look at a limited number of item pages",
    scope: Scope::World,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nobody would look at anything"),
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[ACTIVE, OPENED],
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Limits { p: Parameters::from_values(values) })
}

struct Limits {
    p: Parameters,
}

impl Mechanism for Limits {
    /// (segments) → thresholds of activity.
    fn start(&mut self, world: &mut World) {
        let segments = &world.env.people.segments;
        world.attention = Attention {
            slots_mean: self.p.slots_mean,
            messages_per_wave: self.p.messages_per_wave,
            waves: self.p.waves as u8,
            active_below: segments.iter().map(|s| threshold(s.activity)).collect(),
        };
    }

    /// (friends' messages) → those that are opened; the others are dropped.
    fn attend(&mut self, world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        let (key, fatigue) = (world.env.key, &world.fatigue);
        parallel::each(&mut inbox.shards, |_, list| {
            for run in list.chunk_by_mut(|a, b| a.to == b.to) {
                let messages = run.iter().filter(|e| e.flags & flag::FRIEND != 0).count();
                if messages == 0 {
                    continue;
                }
                let chance = 1.0 / (1.0 + (messages - 1) as f64 / self.p.messages_per_wave);
                let chance = chance * fatigue.opening(run[0].to);
                if chance < 1.0 {
                    open_some(key, at, run, chance);
                }
            }
        });
    }
}

/// Drops each of a consumer's messages from friends but with probability `chance`.
fn open_some(key: Key, at: Clock, run: &mut [Exposure], chance: f64) {
    for (ordinal, exposure) in run.iter_mut().enumerate() {
        let message = exposure.flags & flag::FRIEND != 0;
        if message && key.unit(OPENED, exposure.to, at, ordinal as u32) >= chance {
            exposure.flags |= flag::DROPPED;
        }
    }
}
