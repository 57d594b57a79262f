//! Attention: who looks at platforms today, and how much.
//!
//! A registered consumer is active on a day with the probability of the segment;
//! item pages (slots) are Poisson. Since a Poisson number that is divided at random
//! gives independent Poisson numbers, every channel can draw its own share of the
//! slots without asking the others.

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::market::fatigue::Fatigue;
use crate::market::member::ones;
use crate::market::message::{Exposure, flag};
use crate::mechanism::Mechanism;
use crate::mechanism::homes::{Homes, PLATFORM};
use crate::mechanism::load::{Extent, Load};
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
        /// w_H: how strongly habit draws a consumer who uses several platforms to one of them.
        platform_habit: f64 = "2.0", "1", 0.0, 20.0, A, "assumed: full habit makes a platform seven times as attractive as none";
        /// w_T: how strongly trust does.
        platform_trust: f64 = "2.0", "1", 0.0, 20.0, A, "assumed, as habit";
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
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[ACTIVE, OPENED, PLATFORM],
    load: Some(load),
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Limits { p: Parameters::from_values(values) })
}

/// Item pages, which senders divide.
fn load(values: &Values, _extent: &Extent) -> Load {
    Load { slots: Parameters::from_values(values).slots_mean, ..Load::default() }
}

struct Limits {
    p: Parameters,
}

impl Limits {
    /// Drops what is not opened of the messages of a consumer, the first of which stands at
    /// `first`. Returns where the next consumer's exposures begin.
    #[inline(never)]
    fn open_messages(
        &self,
        key: Key,
        at: Clock,
        fatigue: &Fatigue,
        (list, first): (&mut [Exposure], usize),
    ) -> usize {
        let consumer = list[first].to;
        let other = |e: &Exposure| e.to != consumer;
        let begin = list[..first].iter().rposition(other).map_or(0, |k| k + 1);
        let end = list[first..].iter().position(other).map_or(list.len(), |k| first + k);
        let messages = list[first..end].iter().filter(|e| is_message(e)).count();
        let chance = 1.0 / (1.0 + (messages - 1) as f64 / self.p.messages_per_wave);
        let chance = chance * fatigue.opening(consumer);
        if chance < 1.0 {
            open_some(key, at, &mut list[begin..end], chance);
        }
        end
    }
}

impl Mechanism for Limits {
    /// (segments) → thresholds of activity.
    fn start(&mut self, world: &mut World) {
        let segments = &world.env.people.segments;
        world.attention = Attention {
            slots_mean: self.p.slots_mean,
            messages_per_wave: self.p.messages_per_wave,
            waves: self.p.waves as u8,
            platform_habit: self.p.platform_habit,
            platform_trust: self.p.platform_trust,
            active_below: segments.iter().map(|s| threshold(s.activity)).collect(),
        };
    }

    /// (members of several platforms) → what each platform has of its members' attention.
    fn open(&mut self, world: &mut World, _at: Clock) {
        let attending = |platform| attending(world, platform);
        let all: Vec<f64> = (0..world.platforms.len()).map(attending).collect();
        for (platform, attending) in world.platforms.iter_mut().zip(all) {
            platform.attending = attending;
        }
    }

    /// (friends' messages) → those that are opened; the others are dropped.
    fn attend(&mut self, world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        let (key, fatigue) = (world.env.key, &world.fatigue);
        parallel::each(&mut inbox.shards, |_, list| {
            let mut place = 0;
            while let Some(e) = list.get(place) {
                // A lone message is opened, unless people get tired; most are.
                let is_lone = || list.get(place + 1).is_none_or(|next| next.to != e.to);
                if !is_message(e) || fatigue.levels.is_empty() && is_lone() {
                    place += 1;
                } else {
                    place = self.open_messages(key, at, fatigue, (list, place));
                }
            }
        });
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _ } = self;
    }
}

/// The sum of the shares of attention that a platform's members give it.
fn attending(world: &World, index: usize) -> f64 {
    let World { env, platforms, attention, .. } = world;
    let (homes, platform) = (Homes::new(platforms, attention), &platforms[index]);
    if homes.is_single() {
        return platform.n_live as f64;
    }
    let of_shard = |shard| {
        let start = env.consumers.range(shard).start;
        let live = platform.live.of_shard(env.consumers, shard);
        ones(live).map(|row| homes.share(start + row, index)).sum::<f64>()
    };
    let mut parts = parallel::by_part(env.consumers.count(), of_shard);
    world.link.publish(parts.len(), 1, &mut parts);
    parts.iter().sum()
}

/// Whether a friend sent an exposure.
#[inline]
fn is_message(exposure: &Exposure) -> bool {
    exposure.flags & flag::FRIEND != 0
}

/// Drops each of a consumer's messages from friends but with probability `chance`.
fn open_some(key: Key, at: Clock, run: &mut [Exposure], chance: f64) {
    for (ordinal, exposure) in run.iter_mut().enumerate() {
        if is_message(exposure) && key.unit(OPENED, exposure.to, at, ordinal as u32) >= chance {
            exposure.flags |= flag::DROPPED;
        }
    }
}
