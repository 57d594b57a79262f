//! Infection by events: whoever is infected draws at once how long it lasts and whom it
//! reaches on which day; nothing is done on days and ties on which nothing happens.
//!
//! The cells of an infectious period are its days, and on each day the hearers in the order
//! of their row; the contacts that infect are β-rare among them and drawn by geometric gaps
//! (Batagelj & Brandes 2005, doi 10.1103/PhysRevE.71.036113). A contact is put into the list
//! of its day. It strikes a bit of its receiver, so that neither the order of contacts nor
//! their number matters, and it is without effect where the receiver is not susceptible.

use super::{CONTACT, Course, Way, everybody, handed_over};
use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::market::member::{bit, ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::network::implicit::{End, Implicit, Row};
use crate::network::{Csr, Network, Ties};
use crate::parallel::{self, Shards};
use crate::quantity::math::ln_1p;
use crate::quantity::time::Clock;
use crate::rng::Key;
use crate::rng::lanes::fine_exponential_pairs;
use crate::simd::prefetch;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Infected consumers whose contacts are drawn before the ties are looked at; shapes no result.
const BATCH: usize = 64;

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
            struck: (0..words).map(|_| AtomicU64::new(0)).collect(),
            parts: (0..env.consumers.count()).map(part).collect(),
        }
    }

    /// (contacts of today) → bits of the susceptible whom they reach.
    fn strike(&mut self, link: &Link, shards: Shards, day: u16) {
        let (struck, susceptible) = (&self.struck, &self.susceptible);
        let today = |part: &mut Part| std::mem::take(&mut part.contacts[usize::from(day)]);
        let mut lists: Vec<Vec<u32>> = self.parts.iter_mut().map(today).collect();
        if !link.is_alone() {
            let arrived = handed_over(link, shards, &mut lists);
            lists.push(arrived);
        }
        parallel::each(&mut lists, |_, list| {
            for to in std::mem::take(list) {
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
        let Self { course, scales, days, susceptible, parts, weighted, .. } = self;
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
        parallel::each(parts, |_, part| {
            let new = std::mem::take(&mut part.new);
            new.chunks(BATCH).for_each(|batch| match &plan.network.ties {
                Ties::Stored(ties) if plan.weighted => plan.chances(batch, ties, part),
                Ties::Stored(ties) => plan.draw(batch, ties, part),
                Ties::Packed(_) => plan.draw(batch, plan.network, part),
                Ties::Computed(ties) => plan.draw(batch, &**ties, part),
                Ties::Complete { .. } => {}
            });
            part.new = new;
        });
    }
}

/// What is needed to draw contacts.
struct Plan<'a> {
    key: Key,
    network: &'a Network,
    weighted: bool,
    scales: [f64; 2],
    first: u16,
    days: u16,
    susceptible: &'a [u64],
    again: bool,
}

/// Ties, stored or computed, as the drawing of contacts asks for them: first rows, then
/// places in rows, and who stands there only after all places of a batch are known.
trait Rows {
    type Row: Copy;
    type Place: Copy;
    /// Asks for a row ahead of its use.
    fn touch(&self, i: u32);
    fn row(&self, i: u32) -> Self::Row;
    fn len(row: Self::Row) -> u64;
    fn place(row: Self::Row, k: u64) -> Self::Place;
    /// Who stands at the places.
    fn read(&self, reached: &[(Self::Place, u16)], each: impl FnMut(u32, u16));
}

impl<'a> Rows for &'a Csr {
    type Row = &'a [u32];
    type Place = &'a u32;

    #[inline(always)]
    fn touch(&self, i: u32) {
        self.touch_start(i);
    }

    #[inline(always)]
    fn row(&self, i: u32) -> &'a [u32] {
        self.of(i)
    }

    #[inline(always)]
    fn len(row: &'a [u32]) -> u64 {
        row.len() as u64
    }

    #[inline(always)]
    fn place(row: &'a [u32], k: u64) -> &'a u32 {
        prefetch(row, k as usize);
        &row[k as usize]
    }

    #[inline(always)]
    fn read(&self, reached: &[(&'a u32, u16)], mut each: impl FnMut(u32, u16)) {
        reached.iter().for_each(|(to, day)| each(**to, *day));
    }
}

impl Rows for &Implicit {
    type Row = Row;
    type Place = End;

    #[inline(always)]
    fn touch(&self, _: u32) {}

    #[inline(always)]
    fn row(&self, i: u32) -> Row {
        Implicit::row(self, i)
    }

    #[inline(always)]
    fn len(row: Row) -> u64 {
        row.len().into()
    }

    #[inline(always)]
    fn place(row: Row, k: u64) -> End {
        row.end(k as u32)
    }

    /// Whoever reaches the own end of a tie is not susceptible, so that it is of no effect.
    fn read(&self, reached: &[(End, u16)], mut each: impl FnMut(u32, u16)) {
        let mut hearers = Vec::with_capacity(reached.len());
        self.hearers(reached.iter().map(|(end, _)| *end), &mut hearers);
        hearers.iter().zip(reached).for_each(|(to, (_, day))| each(*to, *day));
    }
}

/// Rows that are read from their beginning: a place is whose row it is, and which.
impl Rows for &Network {
    type Row = (u32, u32);
    type Place = (u32, u32);

    fn touch(&self, _: u32) {}

    fn row(&self, i: u32) -> (u32, u32) {
        (i, self.degree(i))
    }

    fn len((_, degree): (u32, u32)) -> u64 {
        degree.into()
    }

    fn place((i, _): (u32, u32), k: u64) -> (u32, u32) {
        (i, k as u32)
    }

    fn read(&self, reached: &[((u32, u32), u16)], mut each: impl FnMut(u32, u16)) {
        for &((i, k), day) in reached {
            each(self.audience(i, k), day);
        }
    }
}

/// An infectious period whose contacts are being drawn.
struct Period<R> {
    i: u32,
    row: R,
    /// Days × hearers.
    cells: u64,
    /// The next contact.
    cell: u64,
}

impl Plan<'_> {
    /// The contacts of some who were infected at once.
    fn draw<T: Rows>(&self, batch: &[u32], ties: T, part: &mut Part) {
        let mut open = Vec::with_capacity(BATCH);
        let mut pairs = Vec::with_capacity(BATCH);
        let mut reached = Vec::with_capacity(4 * BATCH);
        batch.iter().for_each(|i| ties.touch(*i));
        self.pairs(0, batch.iter().copied(), &mut pairs);
        for (&i, &[lasts, first]) in batch.iter().zip(&pairs) {
            let days = self.recovery(i, whole(lasts * self.scales[1]), part);
            let row = ties.row(i);
            let (cells, cell) = (T::len(row) * days, whole(first * self.scales[0]));
            if cell < cells {
                open.push(Period { i, row, cells, cell });
            }
        }
        let mut item = 1;
        while !open.is_empty() {
            self.pairs(item, open.iter().map(|period| period.i), &mut pairs);
            let mut gaps = pairs.iter();
            open.retain_mut(|period| {
                let [a, b] = gaps.next().map_or([f64::INFINITY; 2], |pair| *pair);
                self.reach::<T>(period, a, &mut reached) && self.reach::<T>(period, b, &mut reached)
            });
            item += 1;
        }
        ties.read(&reached, |to, day| self.note(to, day, part));
    }

    /// Notes a contact, unless it is idle already.
    #[inline(always)]
    fn note(&self, to: u32, day: u16, part: &mut Part) {
        // Who can be infected again may be reached by contacts that are idle now.
        if self.again || bit(self.susceptible, to) {
            part.contacts[usize::from(day)].push(to);
        }
    }

    /// One chance at each hearer, by the weight of the tie; all recover after a day.
    fn chances(&self, batch: &[u32], ties: &Csr, part: &mut Part) {
        let at = Clock::start_of(self.first);
        batch.iter().for_each(|i| ties.touch_start(*i));
        for &i in batch {
            self.recovery(i, 0, part);
            let weights = &self.network.weights[ties.start(i)..];
            for (item, (&to, &weight)) in (1..).zip(ties.of(i).iter().zip(weights)) {
                if self.key.unit(CONTACT, i, at, item) < f64::from(weight) {
                    self.note(to, self.first, part);
                }
            }
        }
    }

    /// The two numbers of a round of draws.
    fn pairs(&self, item: u32, list: impl Iterator<Item = u32>, pairs: &mut Vec<[f64; 2]>) {
        let at = Clock::start_of(self.first);
        fine_exponential_pairs(self.key, CONTACT, at, list.map(|i| (i, item)), pairs);
    }

    /// Notes when somebody recovers who is infectious for `lasts` days after the first;
    /// returns the days within the run.
    #[inline(always)]
    fn recovery(&self, i: u32, lasts: u64, part: &mut Part) -> u64 {
        let left = u64::from(self.days - self.first);
        if lasts < left {
            let last = usize::from(self.first + lasts as u16);
            part.recoveries[last] += 1;
            if self.again {
                part.recovering[last].push(i);
            }
        }
        lasts.saturating_add(1).min(left)
    }

    /// Takes a period's next contact and goes on by a gap; whether there is a further one.
    #[inline(always)]
    fn reach<T: Rows>(
        &self,
        period: &mut Period<T::Row>,
        gap: f64,
        reached: &mut Vec<(T::Place, u16)>,
    ) -> bool {
        let Period { row, cells, cell, .. } = period;
        let length = T::len(*row);
        let day = *cell / length;
        reached.push((T::place(*row, *cell - day * length), self.first + day as u16));
        *cell = cell.saturating_add(1).saturating_add(whole(gap * self.scales[0]));
        *cell < *cells
    }
}

/// The failures before a success, cut off to a whole number.
#[inline(always)]
fn whole(failures: f64) -> u64 {
    failures as u64
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
        self.strike(link, shards, at.day);
        self.turn(shards, at.day);
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
        let Self { course: _, scales: _, weighted: _, struck: _, days, susceptible, ever, parts } =
            self;
        // Contacts are drawn up to the last day.
        io.acted("days", days);
        susceptible.visit(io);
        io.by_bit(ever);
        io.by_shard(parts);
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.susceptible.iter().copied());
        let (n, parts) = (self.parts.len(), &self.parts);
        hash.shards(n, |shard| parts[shard].recoveries.iter().map(|&n| u64::from(n)));
        // Each list is in the order of its shard's infected, which no thread changes.
        hash.shards(n, |shard| parts[shard].contacts.iter().flatten().map(|&i| u64::from(i)));
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
