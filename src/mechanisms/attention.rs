//! Attention: who looks at platforms today, and how much.
//!
//! A registered consumer is active on a day with the probability of the segment;
//! item pages (slots) are Poisson. Since a Poisson number that is divided at random
//! gives independent Poisson numbers, every channel can draw its own share of the
//! slots without asking the others.

use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{ACTIVE, Attention, World, threshold};
use crate::parameter::Values;
use crate::parameters;

parameters! {
    /// How much attention consumers have.
    pub struct Parameters {
        /// Mean item pages that an active consumer looks at in a day.
        slots_mean: f64 = "10.0", "item pages/day", 0.0, 1_000.0, A, "model, section 5 (attention)";
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
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[ACTIVE],
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
            waves: self.p.waves as u8,
            active_below: segments.iter().map(|s| threshold(s.activity)).collect(),
        };
    }
}
