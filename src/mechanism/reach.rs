//! Whom a sender reaches: successes among many, drawn by their gaps; and who of them looks.

use super::world::{ACTIVE, Attention, Environment};
use crate::exchange::link::Link;
use crate::market::member::Bitmap;
use crate::parallel::Shards;
use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::gaps::Gaps;
use crate::rng::lanes::{lane_words, word_pairs};
use crate::rng::{Draws, Key, Stream, unit};
use std::borrow::Cow;
use std::hint::select_unpredictable;
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
    /// Those who look.
    pub looks: Vec<Look>,
    /// Members, then strangers.
    consumers: Vec<u32>,
    n_members: usize,
    /// All who might be reached: members from the front, strangers from the back.
    all: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    words: Vec<u32>,
}

/// How probably each of a kind of people is reached, and the draws that say who.
#[derive(Debug)]
pub struct Chance {
    /// The probability.
    pub probability: f64,
    /// Draws that nobody took from yet.
    pub draws: Draws,
}

impl Reached {
    /// Draws who is reached of a list of consumers, members and strangers each with a
    /// probability of their own; those in `own` are kept.
    pub fn draw(
        &mut self,
        among: impl ExactSizeIterator<Item = u32>,
        live: &Bitmap,
        [member, stranger]: [Chance; 2],
        own: &Range<u32>,
    ) {
        let Self { consumers, n_members, all, .. } = self;
        let n = among.len();
        all.resize(n, 0);
        let n_here = divide(among, live, all);
        all[n_here..].reverse();
        let (members, strangers) = all.split_at(n_here);
        consumers.clear();
        let mut add = |list: &[u32], chance: Chance| {
            successes(chance.draws, list.len() as u32, chance.probability, |k| {
                let consumer = list[k as usize];
                if own.contains(&consumer) {
                    consumers.push(consumer);
                }
            });
            consumers.len()
        };
        *n_members = add(members, member);
        add(strangers, stranger);
    }
}

/// Who is a member, of all consumers: where a world is split, the ranks tell each other.
#[must_use]
pub fn everywhere<'a>(link: &Link, consumers: Shards, live: &'a Bitmap) -> Cow<'a, Bitmap> {
    if link.is_alone() {
        return Cow::Borrowed(live);
    }
    let mut all = live.clone();
    link.publish(consumers.count(), consumers.size() / 64, &mut all.0);
    Cow::Owned(all)
}

/// Divides consumers into members, from the front of a list of as many places, and strangers,
/// from its back; returns the number of members. Who is one cannot be foreseen: each is written
/// to one of two places without a branch.
fn divide(among: impl Iterator<Item = u32>, live: &Bitmap, all: &mut [u32]) -> usize {
    let (mut n_members, mut left) = (0, all.len());
    for consumer in among {
        left -= 1;
        let bit = live.0[(consumer >> 6) as usize] >> (consumer & 63) & 1;
        // As many places are left between both as there are consumers to come.
        let place = select_unpredictable(bit == 1, n_members, n_members + left);
        all[place] = consumer;
        n_members += bit as usize;
    }
    n_members
}

/// Somebody who looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Who.
    pub consumer: u32,
    /// A word by which what is looked at is chosen.
    pub word: u32,
    is_member: bool,
}

impl Views<'_> {
    /// (consumers) → those who look: each with a probability, members only on a day on which
    /// they are active. `chance` says the probability of a consumer, a member or not.
    pub fn of(&self, item: u32, reached: &mut Reached, chance: impl Fn(u32, bool) -> f64) {
        let Reached { consumers, n_members, looks, pairs, words, .. } = reached;
        let address = consumers.iter().map(|&consumer| (consumer, item));
        word_pairs(self.key, self.stream, self.at, address, pairs);
        looks.resize(consumers.len(), Look::default());
        // Who looks cannot be foreseen: everybody takes the next place, which some leave again.
        let mut n_looks = 0;
        for (k, (&consumer, &[word, next])) in consumers.iter().zip(&*pairs).enumerate() {
            let is_member = k < *n_members;
            looks[n_looks] = Look { consumer, word: next, is_member };
            n_looks += usize::from(unit(word) < chance(consumer, is_member));
        }
        looks.truncate(n_looks);
        let day = Clock::start_of(self.at.day);
        let members = looks.partition_point(|look| look.is_member);
        lane_words(
            self.env.key,
            ACTIVE,
            day,
            looks[..members].iter().map(|look| look.consumer),
            words,
        );
        // Who of them is active cannot be foreseen, either.
        let (mut n_looks, is_active) = (0, self.attention.activity(self.env));
        let list = &mut looks[..members];
        for (k, &word) in words.iter().enumerate() {
            let look = list[k];
            list[n_looks] = look;
            n_looks += usize::from(is_active(look.consumer, word));
        }
        looks.drain(n_looks..members);
    }
}

/// The probability that at least one of a Poisson number of slots with mean
/// `slots` falls to a channel: 1 − e^−slots.
#[must_use]
pub fn any_slot(slots: f64) -> f64 {
    1.0 - exp(-slots)
}
