//! Infection by events: whoever is infected draws at once how long it lasts and whom it
//! reaches on which day; nothing is done on days and ties on which nothing happens.
//!
//! The cells of an infectious period are its days, and on each day the hearers in the order
//! of their row; the contacts that infect are β-rare among them and drawn by geometric gaps
//! (Batagelj & Brandes 2005, doi 10.1103/PhysRevE.71.036113). A contact is put into the list
//! of its day, and on the eve of that day to those of its receiver's block of shards. There it
//! strikes a bit of its receiver, so that neither the order of contacts nor their number
//! matters, and it is without effect where the receiver is not susceptible.

mod draw;
mod rows;

use super::{Course, Way, everybody, handed_over};
use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::market::member::{ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::parallel::{self, Rooms, Shards};
use crate::quantity::math::ln_1p;
use crate::quantity::time::Clock;
use draw::Plan;
use std::mem::take;

/// Most blocks of shards; shapes no result. Two threads that strike bits all over the world
/// take each other's lines of memory at every second contact, and those of a block are one's.
const BLOCKS: usize = 16;

/// Contacts by the block of who is reached.
type Due = [Vec<u32>; BLOCKS];

/// The state, and what is to come.
pub(super) struct Contacts {
    course: Course,
    /// −1 ÷ ln(1 − β) and −1 ÷ ln(1 − γ); 0 where the event is certain, infinite where it never comes.
    scales: [f64; 2],
    days: u16,
    /// Whether ties have their own probabilities.
    weighted: bool,
    susceptible: Vec<u64>,
    /// Who has ever been infected, where that is not all but the susceptible.
    ever: Vec<u64>,
    parts: Vec<Part>,
    /// Contacts of the next day, by the shard of whose they are.
    due: Vec<Due>,
    /// Who of a block has been reached.
    struck: Rooms<Vec<u64>>,
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

crate::state! { Part { contacts, recoveries, recovering, new, first_time } }

/// −1 ÷ ln(1 − p).
fn scale(p: f64) -> f64 {
    if p >= 1.0 { 0.0 } else { 1.0 / ln_1p(-p).abs() }
}

impl Contacts {
    pub(super) fn new(course: Course, weighted: bool, env: &Environment) -> Self {
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
            weighted: weighted && !env.network.weights.is_empty(),
            susceptible: everybody(n),
            ever: vec![0; if course.again { words } else { 0 }],
            parts: (0..env.consumers.count()).map(part).collect(),
            due: vec![Due::default(); env.consumers.count()],
            struck: Rooms::default(),
        }
    }

    /// (contacts of today) → who is infected; who recovers is susceptible from tomorrow.
    fn turn(&mut self, link: &Link, shards: Shards, day: u16) {
        if !link.is_alone() {
            let mut arrived = Due::default();
            let list = handed_over(link, shards, self.due.as_flattened_mut());
            by_block(shards.joined(BLOCKS), list, &mut arrived);
            self.due.push(arrived);
        }
        let Self { course, susceptible, ever, parts, due, struck, .. } = self;
        let blocks = shards.joined(BLOCKS);
        let mut ever: Vec<&mut [u64]> = ever.chunks_mut(blocks.size() / 64).collect();
        ever.resize_with(blocks.count(), Default::default);
        let words = susceptible.chunks_mut(blocks.size() / 64).zip(ever);
        let parts = parts.chunks_mut(blocks.size() / shards.size()).zip(words);
        let block = |(parts, (susceptible, ever))| Block { parts, susceptible, ever };
        let mut all: Vec<Block<'_>> = parts.map(block).collect();
        parallel::each_with(&mut all, struck, |struck, k, block| {
            let first = blocks.range(k).start;
            struck.clear();
            struck.resize(block.susceptible.len(), 0);
            let due = due.iter().flat_map(|due| &due[k]);
            due.for_each(|to| put_bit(struck, to - first, true));
            block.turn(struck, first, shards.size());
            if course.again {
                block.recover(first, day);
            }
        });
        self.due.truncate(shards.count());
    }

    /// (who was infected) → how long, and whom that reaches when; first on day `first`.
    fn spread(&mut self, env: &Environment, first: u16) {
        self.due.as_flattened_mut().iter_mut().for_each(Vec::clear);
        if first >= self.days {
            return;
        }
        let Self { course, scales, days, susceptible, parts, due, weighted, .. } = self;
        let blocks = env.consumers.joined(BLOCKS);
        let plan = Plan {
            key: env.key,
            network: &env.network,
            weighted: *weighted,
            scales: *scales,
            first,
            days: *days,
            susceptible,
            again: course.again,
        };
        parallel::each_pair(parts, due, |_, part, due| {
            let new = take(&mut part.new);
            plan.all(&new, part);
            part.new = new;
            by_block(blocks, take(&mut part.contacts[usize::from(first)]), due);
        });
    }
}

/// Sorts contacts by the block of who is reached.
fn by_block(blocks: Shards, contacts: Vec<u32>, due: &mut Due) {
    contacts.into_iter().for_each(|to| due[blocks.shard_of(to)].push(to));
}

/// Some neighbouring shards.
struct Block<'a> {
    parts: &'a mut [Part],
    susceptible: &'a mut [u64],
    /// Empty where it is not kept.
    ever: &'a mut [u64],
}

impl Block<'_> {
    /// (who was struck) → who is infected; shards are of `size` consumers.
    fn turn(&mut self, struck: &[u64], first: u32, size: usize) {
        let Self { parts, susceptible, ever } = self;
        let rows = struck.chunks(size / 64).zip(susceptible.chunks_mut(size / 64));
        for (shard, (part, (struck, susceptible))) in parts.iter_mut().zip(rows).enumerate() {
            part.new.clear();
            let words = shard * size / 64..;
            for (word, (struck, susceptible)) in words.zip(struck.iter().zip(susceptible)) {
                let new = struck & *susceptible;
                if new != 0 {
                    *susceptible &= !new;
                    part.new.extend(ones(&[new]).map(|row| first + 64 * word as u32 + row));
                    if let Some(ever) = ever.get_mut(word) {
                        part.first_time += u64::from((new & !*ever).count_ones());
                        *ever |= new;
                    }
                }
            }
        }
    }

    /// (who recovers today) → who is susceptible.
    fn recover(&mut self, first: u32, day: u16) {
        for part in &mut *self.parts {
            for i in take(&mut part.recovering[usize::from(day)]) {
                put_bit(self.susceptible, i - first, true);
            }
        }
    }
}

impl Way for Contacts {
    fn seed(&mut self, env: &Environment, link: &Link, seeds: &[Vec<u32>]) {
        let own = link.own(seeds.len());
        for (shard, (part, seeds)) in self.parts.iter_mut().zip(seeds).enumerate() {
            if own.contains(&shard) {
                part.new.clone_from(seeds);
            }
            seeds.iter().for_each(|i| put_bit(&mut self.susceptible, *i, false));
            if self.course.again {
                seeds.iter().for_each(|i| put_bit(&mut self.ever, *i, true));
            }
        }
        self.spread(env, 0);
    }

    fn day(&mut self, env: &Environment, link: &Link, at: Clock, spread: &mut Spread) {
        let shards = env.consumers;
        self.turn(link, shards, at.day);
        // Contacts with those who are not susceptible are not kept, whosever they are.
        link.publish(shards.count(), shards.size() / 64, &mut self.susceptible);
        self.spread(env, at.day + 1);
        let sum = |count: &dyn Fn(&Part) -> u64| self.parts.iter().map(count).sum::<u64>();
        let new = sum(&|part| part.new.len() as u64);
        let recovered = sum(&|part| u64::from(part.recoveries[usize::from(at.day)]));
        let first_time = if self.course.again { sum(&|part| part.first_time) } else { new };
        self.parts.iter_mut().for_each(|part| part.first_time = 0);
        let mut counts = [new, first_time, recovered];
        link.add_up(&mut counts);
        let [new, first_time, recovered] = counts;
        spread.close(new, first_time, recovered, self.course.again);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        // Who was struck is known and forgotten in the morning.
        let Self { course: _, scales: _, weighted: _, struck: _, .. } = self;
        let Self { days, susceptible, ever, parts, due, .. } = self;
        // Contacts are drawn up to the last day.
        io.acted("days", days);
        susceptible.visit(io);
        io.by_bit(ever);
        io.by_shard(parts);
        io.by_shard(due);
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.susceptible.iter().copied());
        let (n, parts) = (self.parts.len(), &self.parts);
        hash.shards(n, |shard| parts[shard].recoveries.iter().map(|&n| u64::from(n)));
        // Each list is in the order of its shard's infected, which no thread changes.
        hash.shards(n, |shard| {
            let contacts = parts[shard].contacts.iter().chain(&self.due[shard]);
            contacts.flatten().map(|&i| u64::from(i))
        });
    }
}
