//! Infection by events: whoever is infected draws at once how long it lasts and whom it
//! reaches on which day; nothing is done on days and ties on which nothing happens.
//!
//! The cells of an infectious period are its days, and on each day the hearers in the order
//! of their row; the contacts that infect are β-rare among them and drawn by geometric gaps
//! (Batagelj & Brandes 2005, doi 10.1103/PhysRevE.71.036113). A contact is put into the list
//! of its day. It strikes a bit of its receiver, so that neither the order of contacts nor
//! their number matters, and it is without effect where the receiver is not susceptible.

use super::{CONTACT, Course, Way, everybody};
use crate::market::member::{bit, ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::network::{Network, Ties};
use crate::parallel::{self, Shards};
use crate::quantity::math::{ln_1p, quick_ln};
use crate::quantity::time::Clock;
use crate::rng::lanes::draws_of;
use crate::rng::{Draws, Key};
use crate::simd::prefetch;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Gaps that are drawn of one address before the next item is asked.
const PER_ITEM: u32 = 4_096;
/// Infected consumers whose contacts are drawn before the ties are looked at; shapes no result.
const BATCH: usize = 64;

/// The state, and what is to come.
pub(super) struct Contacts {
    course: Course,
    /// 1 ÷ ln(1 − β) and 1 ÷ ln(1 − γ); 0 where the event is certain, infinite where it never comes.
    scales: [f64; 2],
    days: u16,
    susceptible: Vec<u64>,
    /// Who has ever been infected, where that is not all but the susceptible.
    ever: Vec<u64>,
    /// Who has been reached today.
    struck: Vec<AtomicU64>,
    parts: Vec<Part>,
}

/// What a shard of consumers will do.
#[derive(Default)]
struct Part {
    /// Whom its consumers reach, by day.
    contacts: Vec<Vec<u32>>,
    /// How many of its consumers recover, by day.
    recoveries: Vec<u32>,
    /// Who they are, where it matters.
    recovering: Vec<Vec<u32>>,
    /// Who has been infected today.
    new: Vec<u32>,
    first_time: u64,
}

fn scale(p: f64) -> f64 {
    if p >= 1.0 { 0.0 } else { 1.0 / ln_1p(-p) }
}

/// Failures before a success.
#[inline(always)]
fn gap(draws: &mut Draws, scale: f64) -> u64 {
    // −0 · −∞ cannot come: a logarithm here is never 0.
    (quick_ln(draws.fine_unit()) * scale) as u64
}

impl Contacts {
    pub(super) fn new(course: Course, env: &Environment) -> Self {
        let n = env.consumers.n();
        let words = n.div_ceil(64) as usize;
        let days = usize::from(env.days);
        let part = |_| Part {
            contacts: vec![Vec::new(); days],
            recoveries: vec![0; days],
            recovering: vec![Vec::new(); if course.again { days } else { 0 }],
            ..Part::default()
        };
        Self {
            course,
            scales: [scale(course.beta), scale(course.gamma)],
            days: env.days,
            susceptible: everybody(n),
            ever: vec![0; if course.again { words } else { 0 }],
            struck: (0..words).map(|_| AtomicU64::new(0)).collect(),
            parts: (0..env.consumers.count()).map(part).collect(),
        }
    }

    /// (contacts of today) → bits of the susceptible whom they reach.
    fn strike(&mut self, day: u16) {
        let (struck, susceptible) = (&self.struck, &self.susceptible);
        parallel::each(&mut self.parts, |_, part| {
            for to in std::mem::take(&mut part.contacts[usize::from(day)]) {
                let (word, mask) = ((to >> 6) as usize, 1 << (to & 63));
                if susceptible[word] & !struck[word].load(Relaxed) & mask != 0 {
                    struck[word].fetch_or(mask, Relaxed);
                }
            }
        });
    }

    /// (bits) → who is infected; who recovers is susceptible from tomorrow.
    fn turn(&mut self, shards: Shards, day: u16) {
        let (struck, again) = (&self.struck, self.course.again);
        let size = shards.size() / 64;
        let mut ever: Vec<&mut [u64]> = self.ever.chunks_mut(size).collect();
        ever.resize_with(self.parts.len(), Default::default);
        let mut rooms: Vec<_> = self.parts.iter_mut().zip(ever).collect();
        let mut words: Vec<&mut [u64]> = self.susceptible.chunks_mut(size).collect();
        parallel::each_pair(&mut rooms, &mut words, |shard, (part, ever), words| {
            let first = shards.range(shard).start;
            part.new.clear();
            for (k, word) in words.iter_mut().enumerate() {
                let bits = &struck[(first / 64) as usize + k];
                let new = bits.load(Relaxed);
                if new != 0 {
                    bits.store(0, Relaxed);
                    *word &= !new;
                    part.new.extend(ones(&[new]).map(|row| first + 64 * k as u32 + row));
                    if let Some(ever) = ever.get_mut(k) {
                        part.first_time += u64::from((new & !*ever).count_ones());
                        *ever |= new;
                    }
                }
            }
            if again {
                for i in std::mem::take(&mut part.recovering[usize::from(day)]) {
                    put_bit(words, i - first, true);
                }
            }
        });
    }

    /// (who was infected) → how long, and whom that reaches when; first on day `first`.
    fn spread(&mut self, env: &Environment, first: u16) {
        if first >= self.days {
            return;
        }
        let Self { course, scales, days, susceptible, parts, .. } = self;
        let plan = Plan {
            key: env.key,
            network: &env.network,
            scales: *scales,
            first,
            days: *days,
            susceptible,
            again: course.again,
        };
        parallel::each(parts, |_, part| {
            let new = std::mem::take(&mut part.new);
            new.chunks(BATCH).for_each(|batch| plan.draw(batch, part));
            part.new = new;
        });
    }
}

/// What is needed to draw contacts.
struct Plan<'a> {
    key: Key,
    network: &'a Network,
    scales: [f64; 2],
    first: u16,
    days: u16,
    susceptible: &'a [u64],
    again: bool,
}

impl Plan<'_> {
    fn draw(&self, batch: &[u32], part: &mut Part) {
        let Ties::Stored(ties) = &self.network.ties else { return };
        let at = Clock::start_of(self.first);
        batch.iter().for_each(|i| ties.touch_start(*i));
        let mut reached: Vec<(&u32, u16)> = Vec::with_capacity(4 * BATCH);
        let draws = draws_of(self.key, CONTACT, at, batch.iter().map(|i| (*i, 0)));
        for (&i, mut draws) in batch.iter().zip(draws) {
            let lasts = gap(&mut draws, self.scales[1]);
            let left = self.days - self.first;
            if lasts < u64::from(left) {
                let last = usize::from(self.first + lasts as u16);
                part.recoveries[last] += 1;
                if self.again {
                    part.recovering[last].push(i);
                }
            }
            let infectious = lasts.saturating_add(1).min(u64::from(left));
            self.contacts((i, ties.of(i)), draws, infectious, &mut reached);
        }
        // Who can be infected again may be reached by contacts that are idle now.
        for (to, day) in reached {
            if self.again || bit(self.susceptible, *to) {
                part.contacts[usize::from(day)].push(*to);
            }
        }
    }

    /// The contacts of one infectious period of so many days.
    #[inline(always)]
    fn contacts<'a>(
        &self,
        (i, row): (u32, &'a [u32]),
        mut draws: Draws,
        infectious: u64,
        reached: &mut Vec<(&'a u32, u16)>,
    ) {
        let cells = row.len() as u64 * infectious;
        let (mut cell, mut drawn) = (gap(&mut draws, self.scales[0]), 1_u32);
        while cell < cells {
            let day = cell / row.len() as u64;
            let place = (cell - day * row.len() as u64) as usize;
            prefetch(row, place);
            reached.push((&row[place], self.first + day as u16));
            if drawn % PER_ITEM == 0 {
                let at = Clock::start_of(self.first);
                draws = self.key.draws(CONTACT, i, at, drawn / PER_ITEM);
            }
            cell = cell.saturating_add(1).saturating_add(gap(&mut draws, self.scales[0]));
            drawn += 1;
        }
    }
}

impl Way for Contacts {
    fn seed(&mut self, env: &Environment, seeds: &[Vec<u32>]) {
        for (part, seeds) in self.parts.iter_mut().zip(seeds) {
            part.new.clone_from(seeds);
            seeds.iter().for_each(|i| put_bit(&mut self.susceptible, *i, false));
            if self.course.again {
                seeds.iter().for_each(|i| put_bit(&mut self.ever, *i, true));
            }
        }
        self.spread(env, 0);
    }

    fn day(&mut self, env: &Environment, at: Clock, spread: &mut Spread) {
        self.strike(at.day);
        self.turn(env.consumers, at.day);
        self.spread(env, at.day + 1);
        let sum = |count: &dyn Fn(&Part) -> u64| self.parts.iter().map(count).sum::<u64>();
        let new = sum(&|part| part.new.len() as u64);
        let recovered = sum(&|part| u64::from(part.recoveries[usize::from(at.day)]));
        let first_time = if self.course.again { sum(&|part| part.first_time) } else { new };
        self.parts.iter_mut().for_each(|part| part.first_time = 0);
        spread.close(new, first_time, recovered, self.course.again);
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.susceptible.iter().copied());
        let recoveries = self.parts.iter().flat_map(|part| &part.recoveries);
        hash.add(recoveries.map(|&n| u64::from(n)));
        // Each list is in the order of its shard's infected, which no thread changes.
        hash.add(self.parts.iter().flat_map(|p| p.contacts.iter().flatten()).map(|&i| i.into()));
    }

    fn bytes(&self) -> u64 {
        let lists = |part: &Part| {
            let lists = part.contacts.iter().chain(&part.recovering);
            lists.map(|list| 4 * list.capacity() as u64 + 24).sum::<u64>()
        };
        let words = self.susceptible.len() + self.ever.len() + self.struck.len();
        8 * words as u64 + self.parts.iter().map(lists).sum::<u64>()
    }
}
