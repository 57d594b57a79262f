//! Adoption by how many of those whom one hears are active: Bass and linear threshold.
//!
//! Every consumer's count of active ones goes up when somebody whom it hears adopts, so that
//! each tie is walked once in a run. Bass: rate of a day h = (p + q·a/d) ÷ period, adopted with
//! probability 1 − e^−h. Threshold: active as soon as a ≥ θ·d and a > 0.

use super::{Heard, INFECTION, Parameters, THRESHOLD, Way, everybody, handed_over};
use crate::columns::Columns;
use crate::exchange::link::Link;
use crate::market::member::{ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::network::Ties;
use crate::parallel;
use crate::quantity::math::{exp, quick_exp};
use crate::quantity::time::Clock;
use crate::rng::neighbours::lanes;
use crate::rng::unit;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Adopters whose computed ties are worked out together; shapes no result.
const BATCH: usize = 64;

/// When a consumer adopts.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// Rates a day: of the own accord, and added where all have adopted.
    Bass { own: f64, social: f64 },
    /// Everybody's threshold, or thresholds that are drawn.
    Threshold(Option<f64>),
}

/// The state.
pub(super) struct Exposed {
    rule: Rule,
    heard: Heard,
    susceptible: Vec<u64>,
    /// How many of those whom each consumer hears are active; empty where all hear all.
    active: Vec<AtomicU32>,
    /// Whose count went up since yesterday.
    touched: Vec<AtomicU64>,
    /// Consumers of a shard.
    size: usize,
    /// Who adopts today, by shard.
    new: Vec<Vec<u32>>,
}

impl Exposed {
    pub(super) fn new(p: &Parameters, env: &Environment) -> Self {
        let n = env.consumers.n();
        let counted = !matches!(env.network.ties, Ties::Complete { .. });
        let rule = match p.kind.as_str() {
            "bass" => Rule::Bass {
                own: p.innovation / p.period_days,
                social: p.imitation / p.period_days,
            },
            _ => Rule::Threshold((p.threshold_law == "same").then_some(p.threshold)),
        };
        Self {
            rule,
            heard: Heard::new(&env.network),
            susceptible: everybody(n),
            active: (0..if counted { n } else { 0 }).map(|_| AtomicU32::new(0)).collect(),
            touched: (0..n.div_ceil(64)).map(|_| AtomicU64::new(0)).collect(),
            size: env.consumers.size(),
            new: vec![Vec::new(); env.consumers.count()],
        }
    }

    /// How many of those whom a consumer hears are active, and how many it hears.
    #[inline]
    fn exposure(&self, env: &Environment, consumer: u32, adopters: u64) -> (f64, f64) {
        match &env.network.ties {
            Ties::Complete { n } => (adopters as f64, f64::from(*n - 1)),
            Ties::Stored(_) | Ties::Packed(_) | Ties::Computed(_) => {
                let active = self.active[consumer as usize].load(Relaxed);
                let heard = self.heard.of(&env.network, consumer, &mut Vec::new()).len();
                (f64::from(active), heard as f64)
            }
        }
    }

    /// Who of 64 neighbours adopts today.
    fn adopting(&self, env: &Environment, at: Clock, start: u32, open: u64, adopters: u64) -> u64 {
        match self.rule {
            Rule::Bass { own, social } => {
                let words = lanes(env.key, INFECTION, start, at);
                let most = 1.0 - exp(-(own + social));
                let hit = |row: &u32| {
                    let u = unit(words[*row as usize]);
                    u < most && {
                        let (active, heard) = self.exposure(env, start + row, adopters);
                        let share = if heard > 0.0 { active / heard } else { 0.0 };
                        u < 1.0 - quick_exp(-(own + social * share))
                    }
                };
                ones(&[open]).filter(hit).fold(0, |bits, row| bits | 1 << row)
            }
            Rule::Threshold(same) => {
                let touched = &self.touched[(start / 64) as usize];
                let counted = !matches!(env.network.ties, Ties::Complete { .. });
                let open = if counted { open & touched.load(Relaxed) } else { open };
                touched.store(0, Relaxed);
                let hit = |row: &u32| {
                    let consumer = start + row;
                    let (active, heard) = self.exposure(env, consumer, adopters);
                    let drawn = || env.key.unit(THRESHOLD, consumer, Clock::default(), 0);
                    active > 0.0 && active >= same.unwrap_or_else(drawn) * heard
                };
                ones(&[open]).filter(hit).fold(0, |bits, row| bits | 1 << row)
            }
        }
    }

    /// (who adopted) → counts of those who hear them.
    fn tell(&self, env: &Environment, link: &Link) {
        if link.is_alone() {
            let mut lists: Vec<&[u32]> = self.new.iter().map(Vec::as_slice).collect();
            parallel::each(&mut lists, |_, list| each_hearer(env, list, |j| self.count(j)));
            return;
        }
        let mut lists: Vec<Vec<u32>> = vec![Vec::new(); self.new.len()];
        parallel::each(&mut lists, |shard, hearers| {
            each_hearer(env, &self.new[shard], |j| hearers.push(j));
        });
        let arrived = handed_over(link, env.consumers, &mut lists);
        lists.push(arrived);
        parallel::each(&mut lists, |_, list| list.iter().for_each(|j| self.count(*j)));
    }

    /// One more of those whom a consumer hears is active.
    #[inline]
    fn count(&self, consumer: u32) {
        self.active[consumer as usize].fetch_add(1, Relaxed);
        if matches!(self.rule, Rule::Threshold(_)) {
            self.touched[(consumer >> 6) as usize].fetch_or(1 << (consumer & 63), Relaxed);
        }
    }
}

/// Everybody who hears one of some consumers, as often as so.
fn each_hearer(env: &Environment, list: &[u32], mut act: impl FnMut(u32)) {
    match &env.network.ties {
        Ties::Stored(ties) => list.iter().flat_map(|i| ties.of(*i)).for_each(|&j| act(j)),
        Ties::Packed(rows) => {
            for i in list {
                let mut row = rows.row(*i, env.network.n_strong(*i));
                (0..row.len()).for_each(|_| act(row.next()));
            }
        }
        Ties::Computed(ties) => {
            let (mut hearers, mut by) = (Vec::new(), Vec::new());
            for some in list.chunks(BATCH) {
                by.clear();
                let rows = some.iter().map(|&i| (i, ties.row(i)));
                let all = rows.flat_map(|(i, row)| (0..row.len()).map(move |k| (i, row.end(k))));
                let ends = all.map(|(i, end)| {
                    by.push(i);
                    end
                });
                ties.hearers(ends, &mut hearers);
                let ties = hearers.iter().zip(&by).filter(|(j, i)| j != i);
                ties.for_each(|(j, _)| act(*j));
            }
        }
        Ties::Complete { .. } => {}
    }
}

impl Way for Exposed {
    fn seed(&mut self, env: &Environment, link: &Link, seeds: &[Vec<u32>]) {
        for &i in seeds.iter().flatten() {
            put_bit(&mut self.susceptible, i, false);
        }
        let own = link.own(seeds.len());
        self.new[own.clone()].clone_from_slice(&seeds[own]);
        self.tell(env, link);
    }

    fn day(&mut self, env: &Environment, link: &Link, at: Clock, spread: &mut Spread) {
        let (shards, adopters) = (env.consumers, spread.infected);
        let mut new = std::mem::take(&mut self.new);
        let own = link.own(shards.count());
        parallel::each(&mut new[own.clone()], |k, list| {
            list.clear();
            for start in shards.range(own.start + k).step_by(64) {
                let open = self.susceptible[(start / 64) as usize];
                if open != 0 {
                    let bits = self.adopting(env, at, start, open, adopters);
                    list.extend(ones(&[bits]).map(|row| start + row));
                }
            }
        });
        self.new = new;
        for &i in self.new.iter().flatten() {
            put_bit(&mut self.susceptible, i, false);
        }
        self.tell(env, link);
        let adopted = self.new.iter().map(|list| list.len() as i64).sum();
        let adopted = link.sum(adopted) as u64;
        spread.close(adopted, adopted, 0, false);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { rule: _, heard: _, susceptible, active, touched, size: _, new } = self;
        io.by_bit(susceptible);
        io.by_consumer_where_on(active);
        io.by_bit(touched);
        io.by_shard(new);
    }

    fn digest(&self, hash: &mut Digest) {
        let n = self.new.len();
        let (words, active) =
            (self.susceptible.chunks(self.size / 64), self.active.chunks(self.size));
        let (words, mut active): (Vec<_>, Vec<_>) = (words.collect(), active.collect());
        active.resize_with(n, Default::default);
        hash.shards(n, |shard| words[shard].iter().copied());
        hash.shards(n, |shard| active[shard].iter().map(|count| u64::from(count.load(Relaxed))));
    }
}
