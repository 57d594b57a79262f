//! Word of mouth: who is pleased or displeased with a delivery tells a few friends.
//!
//! A delivery surprises by at least a threshold; its buyer tells some ties with a
//! probability. Who hears of it trusts the platform a little more, τ ← τ + g·(1 − τ), or
//! less, τ ← τ − w·g·τ: bad news weighs w = 2 times as much. Word of mouth goes through
//! people's messengers, so that non-users hear it too and, should they join, come with the
//! trust they have by then; it does not make them join.

use crate::columns::Columns;
use crate::exchange::{Bins, Inbox, Message, Outbox};
use crate::market::member::from_share16;
use crate::market::message::Outcome;
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::lanes::first_words;
use crate::rng::sample::discrete::{MAX_DISTINCT, Picked, sorted_distinct};
use crate::rng::{Draws, Stream, unit};

/// Whether a buyer tells, and whom.
const TELL: Stream = Stream::new("word_of_mouth/tell");

parameters! {
    /// Who tells whom, and what it does.
    pub struct Parameters {
        /// Surprise from which on a buyer who keeps the goods is pleased.
        pleased_at: f64 = "0.10", "1", 0.0, 2.0, A, "assumed";
        /// Disappointment from which on a buyer is displeased.
        displeased_at: f64 = "0.10", "1", 0.0, 2.0, A, "assumed";
        /// Share of pleased or displeased buyers who tell.
        tell_share: f64 = "0.2", "1", 0.0, 1.0, A, "assumed";
        /// Ties whom they tell.
        ties: u32 = "3", "ties", 1.0, 64.0, A, "a few; assumed";
        /// g: trust gained by hearing good news, as a share of what is missing.
        trust_gain: f64 = "0.005", "1", 0.0, 1.0, A, "a quarter of one's own delivery; assumed";
        /// w: how many times as much bad news weighs.
        negative_weight: f64 = "2.0", "1", 0.0, 100.0, A, "model, section 5: negative word of mouth weighs twice";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "word_of_mouth",
    summary: "Pleased and displeased buyers tell friends, who trust the platform more or less",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[TELL],
    load: None,
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(WordOfMouth { p, platform: placement.platform, post: None })
}

/// What one consumer tells another of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    /// Who hears it.
    to: u32,
    /// Who tells it.
    by: u32,
    /// Which of the teller's deliveries it is about.
    occasion: u32,
    /// Whether it is good news.
    good: bool,
}

impl Message for Word {
    type Key = (u32, u32, u32);

    #[inline]
    fn to(&self) -> u32 {
        self.to
    }

    #[inline]
    fn key(&self) -> Self::Key {
        (self.to, self.by, self.occasion)
    }
}

/// Room that is kept from one teller to the next.
struct Room {
    targets: Vec<u32>,
    picked: Picked,
}

struct WordOfMouth {
    p: Parameters,
    platform: usize,
    /// Messages of the day; empty at its end.
    post: Option<(Outbox<Word>, Inbox<Word>)>,
}

impl Mechanism for WordOfMouth {
    fn start(&mut self, world: &mut World) {
        let consumers = world.env.consumers;
        let out = Outbox::over(&world.link, consumers.count(), consumers);
        self.post = Some((out, Inbox::new(consumers)));
    }

    /// (what arrived today) → what friends hear → their trust.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let (p, Some((out, inbox))) = (&self.p, &mut self.post) else { return };
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let key = env.key_of(self.platform);
        let read = &*platform;
        out.send(|shard, bins| {
            let news: Vec<(Outcome, bool)> =
                read.outcomes(shard).filter_map(|o| Some((o, p.is_good(&o)?))).collect();
            let address = |o: &Outcome| (o.order.consumer, o.order.occasion());
            let mut words = Vec::new();
            first_words(key, TELL, at, news.iter().map(|(o, _)| address(o)), &mut words);
            let mut room = Room { targets: Vec::new(), picked: [0; MAX_DISTINCT] };
            // Few tell: the others' draws end with the word that says so.
            let tells = |(_, word): &(_, u32)| unit(*word) < p.tell_share;
            for ((outcome, good), _) in news.into_iter().zip(words).filter(tells) {
                let (by, occasion) = address(&outcome);
                let draws = key.draws(TELL, by, at, occasion);
                p.tell(env, draws, Word { to: by, by, occasion, good }, &mut room, bins);
            }
        });
        out.route(inbox);
        parallel::each(&mut platform.rows(env.consumers), |shard, rows| {
            for word in &inbox.shards[shard] {
                let trust = from_share16(rows.member(word.to).trust);
                rows.believe(word.to, p.trust_after(trust, word.good));
            }
        });
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, post: _ } = self;
    }
}

impl Parameters {
    /// Whether a delivery is good news or bad; none where it is no news.
    fn is_good(&self, outcome: &Outcome) -> Option<bool> {
        let surprise = f64::from(outcome.surprise);
        let displeased = surprise <= -self.displeased_at;
        let pleased = surprise >= self.pleased_at && !outcome.returned;
        (displeased || pleased).then_some(!displeased)
    }

    /// Tells some ties.
    fn tell(
        &self,
        env: &Environment,
        mut draws: Draws,
        word: Word,
        Room { targets, picked }: &mut Room,
        bins: &mut Bins<'_, Word>,
    ) {
        // The first word said that the buyer tells.
        draws.word();
        let n_strong = env.network.n_strong(word.by);
        let mut audience = env.network.whole_audience(word.by, n_strong, targets);
        let ties = sorted_distinct(&mut draws, audience.len(), self.ties as usize, picked);
        // A computed tie may lead back, and reaches nobody then.
        for to in ties.iter().map(|tie| audience.get(*tie)).filter(|to| *to != word.by) {
            bins.push(Word { to, ..word });
        }
    }

    /// Trust after a word.
    fn trust_after(&self, trust: f64, good: bool) -> f64 {
        if good {
            trust + self.trust_gain * (1.0 - trust)
        } else {
            (trust - self.negative_weight * self.trust_gain * trust).max(0.0)
        }
    }
}
