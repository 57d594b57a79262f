//! Whom a sender reaches: successes among many, drawn by their gaps; and who of them looks.

use super::world::{ACTIVE, Attention, Environment};
use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::gaps::Gaps;
use crate::rng::lanes::{lane_words, long_words};
use crate::rng::{Draws, Key, Stream, unit};
use std::ops::Range;

/// Calls `hit` with the positions below `n` that succeed with probability `p` each,
/// in order, by skipping over the failures between them.
pub fn successes(draws: Draws, n: u32, p: f64, mut hit: impl FnMut(u32)) {
    if p <= 0.0 {
        return;
    }
    if p >= 1.0 {
        (0..n).for_each(hit);
        return;
    }
    let mut gaps = Gaps::new(draws, ln_1p(-p), f64::from(n) * p);
    let mut position = gaps.after();
    while position < u64::from(n) {
        hit(position as u32);
        position = position.saturating_add(1).saturating_add(gaps.after());
    }
}

/// How those who are reached draw whether they look, and at what.
#[derive(Clone, Copy, Debug)]
pub struct Views<'a> {
    /// The world.
    pub env: &'a Environment,
    /// Who is active.
    pub attention: &'a Attention,
    /// The key of the draws.
    pub key: Key,
    /// What they are drawn for.
    pub stream: Stream,
    /// When.
    pub at: Clock,
}

/// Room for those who are reached, kept from one sender to the next.
#[derive(Debug, Default)]
pub struct Reached {
    /// Consumers, as they are reached.
    pub consumers: Vec<u32>,
    /// Those who look.
    pub looks: Vec<Look>,
    words: Vec<u32>,
}

impl Reached {
    /// Keeps the consumers of a range, who stand in order.
    pub fn keep(&mut self, own: &Range<u32>) {
        let Self { consumers, .. } = self;
        consumers.truncate(consumers.partition_point(|consumer| *consumer < own.end));
        consumers.drain(..consumers.partition_point(|consumer| *consumer < own.start));
    }
}

/// Somebody who looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Who.
    pub consumer: u32,
    /// A word by which what is looked at is chosen.
    pub word: u32,
    is_member: bool,
}

impl Views<'_> {
    /// (consumers) → those who look: each with a probability, members only on a day on which
    /// they are active. `chance` says the probability, and whether somebody is a member.
    pub fn of(&self, item: u32, reached: &mut Reached, chance: impl Fn(u32) -> (f64, bool)) {
        let Reached { consumers, looks, words } = reached;
        let address = consumers.iter().map(|&consumer| (consumer, item));
        long_words(self.key, self.stream, self.at, 1, address, words);
        looks.clear();
        for (&consumer, words) in consumers.iter().zip(words.chunks_exact(4)) {
            let (chance, is_member) = chance(consumer);
            if unit(words[0]) < chance {
                looks.push(Look { consumer, word: words[1], is_member });
            }
        }
        let day = Clock::start_of(self.at.day);
        lane_words(self.env.key, ACTIVE, day, looks.iter().map(|look| look.consumer), words);
        let mut words = words.iter();
        looks.retain(|look| {
            words.next().is_some_and(|&word| {
                !look.is_member || self.attention.is_active_at(self.env, look.consumer, word)
            })
        });
    }
}

/// The probability that at least one of a Poisson number of slots with mean
/// `slots` falls to a channel: 1 − e^−slots.
#[must_use]
pub fn any_slot(slots: f64) -> f64 {
    1.0 - exp(-slots)
}
