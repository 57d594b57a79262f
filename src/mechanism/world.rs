//! The world of one arm as mechanisms see it: what is constant and shared by the
//! arms ([`Environment`]), and the state of the arm's platforms ([`World`]).

use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::market::Start;
use crate::market::catalogue::Catalogue;
use crate::market::fatigue::Fatigue;
use crate::market::message;
use crate::market::platform::Platform;
use crate::market::spread::Spread;
use crate::market::utility::Coefficients;
use crate::network::{self, Follow, Network, Society};
use crate::parallel::Shards;
use crate::population::{self, Influencers, People};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Draws that tell whether a consumer is active on a day, and how much is browsed.
pub const ACTIVE: Stream = Stream::new("attention/active");

/// Most platforms of an arm.
pub const MAX_PLATFORMS: usize = message::PLATFORMS;

/// What is drawn once a replicate and shared by its arms.
#[derive(Debug)]
pub struct Environment {
    /// The key of all draws that belong to no platform.
    pub key: Key,
    /// The keys of each platform's draws.
    pub keys: [Key; MAX_PLATFORMS],
    /// Shards of the consumers.
    pub consumers: Shards,
    /// The consumers' static traits.
    pub people: People,
    /// Who hears whom.
    pub network: Arc<Network>,
    /// Who lives together, and who chats in a group.
    pub society: Society,
    /// Influencers.
    pub influencers: Influencers,
    /// Their followers, for whoever asks.
    pub following: Following,
    /// Merchants and offers.
    pub catalogue: Catalogue,
    /// The table `[start]`.
    pub start: Start,
    /// The consumers of the files that parameters name, by the name as it is written.
    pub lists: BTreeMap<String, Vec<u32>>,
    /// The marketing budget a day.
    pub daily_budget: Fen,
    /// Whether that budget is an arm's, which its platforms share, or each platform's.
    pub budget_of_arm: bool,
    /// Days to simulate, burn-in included.
    pub days: u16,
}

/// Who follows which influencer: drawn when first asked for, kept as long as one arm after
/// the other asks.
#[derive(Debug)]
pub struct Following {
    mean: f64,
    zipf_exponent: f64,
    interest_bias: f64,
    drawn: Mutex<Option<Arc<Follow>>>,
}

impl Following {
    /// How followers are drawn.
    #[must_use]
    pub fn new(p: &population::Parameters) -> Self {
        Self {
            mean: p.follows_mean,
            zipf_exponent: p.follow_zipf_exponent,
            interest_bias: p.interest_bias,
            drawn: Mutex::new(None),
        }
    }

    /// Gives up what was drawn; it is the same when drawn again.
    pub fn forget(&self) {
        *self.drawn.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Environment {
    /// The followers of all influencers.
    #[must_use]
    pub fn follow(&self) -> Arc<Follow> {
        let Following { mean, zipf_exponent, interest_bias, drawn } = &self.following;
        let mut drawn = drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let draw = || {
            Arc::new(network::follow(
                self.consumers.n(),
                self.influencers.n(),
                *mean,
                *zipf_exponent,
                &|i| self.people.taste(i, self.key),
                &self.influencers.taste,
                *interest_bias,
                self.key,
            ))
        };
        Arc::clone(drawn.get_or_insert_with(draw))
    }
}

/// How much attention consumers have, equal for all platforms of an arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attention {
    /// Mean item pages that an active consumer looks at in a day.
    pub slots_mean: f64,
    /// Messages from friends that a consumer opens in a wave, at most on average.
    pub messages_per_wave: f64,
    /// Social waves in a day.
    pub waves: u8,
    /// w_H: weight of habit where a consumer has several platforms to look at.
    pub platform_habit: f64,
    /// w_T: weight of trust there.
    pub platform_trust: f64,
    /// A consumer of segment k is active if its daily word is below entry k.
    pub active_below: Vec<u32>,
}

/// The world of one arm.
#[derive(Debug)]
pub struct World {
    /// What is constant and shared with the other arms.
    pub env: Arc<Environment>,
    /// The way to the other ranks among which the arm is split; every rank has a world of its
    /// own, in which only the rows of its own shards live.
    pub link: Arc<Link>,
    /// The arm's platforms.
    pub platforms: Vec<Platform>,
    /// What the decider weighs.
    pub coefficients: Coefficients,
    /// What consumers can look at.
    pub attention: Attention,
    /// Who is tired of messages and advertising.
    pub fatigue: Fatigue,
    /// Needs that are open, by shard of consumers.
    pub needs: Vec<Vec<OpenNeed>>,
    /// How far something has spread, where it does.
    pub spread: Option<Spread>,
    /// What the counts were that ranks keep together when all of them had the same; empty
    /// where the arm is not split.
    pub agreed: Vec<u64>,
}

impl World {
    /// The consumers whose rows live here: all of them where the arm is not split.
    #[must_use]
    pub fn own_consumers(&self) -> Range<u32> {
        self.link.own_agents(self.env.consumers)
    }

    /// Keeps what the counts are that ranks keep together, all of them having the same.
    pub fn keep_counts(&mut self) {
        let Self { link, platforms, agreed, .. } = self;
        agreed.clear();
        if !link.is_alone() {
            platforms.iter_mut().for_each(|platform| {
                platform.each_count(&mut |count| {
                    agreed.push(count);
                    count
                });
            });
        }
    }

    /// Adds up what all ranks counted since [`World::keep_counts`]: afterwards all have the
    /// same again.
    pub fn agree_on_counts(&mut self) {
        let Self { link, platforms, agreed, .. } = self;
        if link.is_alone() {
            return;
        }
        let mut before = agreed.iter();
        let mut changes = Vec::with_capacity(agreed.len());
        let mut each = |act: &mut dyn FnMut(u64) -> u64| {
            platforms.iter_mut().for_each(|platform| platform.each_count(act));
        };
        each(&mut |count| {
            changes.push(count.wrapping_sub(before.next().copied().unwrap_or(0)));
            count
        });
        // Counts that fall are added as what they lack to 2⁶⁴.
        link.merge(&mut changes, |sum, change| *sum = sum.wrapping_add(*change));
        let mut after = agreed.iter().zip(&changes);
        each(&mut |count| after.next().map_or(count, |(then, more)| then.wrapping_add(*more)));
    }
}

impl World {
    /// What lives over the night, in or out of a checkpoint.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            env: _,
            link: _,
            platforms,
            coefficients: _,
            attention: _,
            fatigue,
            needs,
            spread,
            agreed: _,
        } = self;
        platforms.iter_mut().for_each(|platform| platform.columns(io));
        let Fatigue { levels, opened: _, persuasion_lost: _ } = fatigue;
        io.by_consumer_where_on(levels);
        io.by_shard(needs);
        spread.visit(io);
    }
}

/// A need that waits to be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenNeed {
    /// Whose it is.
    pub consumer: u32,
    /// What is needed.
    pub category: u16,
    /// The last day on which it is open.
    pub expires: u16,
}

crate::state! { OpenNeed { consumer, category, expires } }

/// The threshold below which a uniform word lies with probability `p`.
#[must_use]
pub fn threshold(p: f64) -> u32 {
    (p * 4_294_967_296.0) as u32
}

impl Environment {
    /// The key of the draws that belong to one platform: two platforms of an arm do not
    /// answer the same question alike. The first has the key of all else, so that arms with
    /// one platform each are paired.
    #[inline]
    #[must_use]
    pub fn key_of(&self, platform: usize) -> Key {
        self.keys[platform]
    }
}

impl Attention {
    /// Whether a consumer with a daily word looks at platforms at all: for loops that write
    /// something, where the columns lie is asked once.
    #[inline]
    pub fn activity(&self, env: &Environment) -> impl Fn(u32, u32) -> bool {
        let (segments, limits) = (env.people.segment_column(), &self.active_below[..]);
        move |consumer, word| word < limits[usize::from(segments.of(consumer))]
    }

    /// Whether a consumer looks at platforms at all on this day.
    #[inline]
    #[must_use]
    pub fn is_active(&self, env: &Environment, consumer: u32, day: u16) -> bool {
        let word = env.key.lane(ACTIVE, consumer, Clock::start_of(day));
        self.activity(env)(consumer, word)
    }
}
