//! Infection by asking: every susceptible consumer counts the infectious whom it hears, a bit
//! each, and is infected with probability 1 − (1 − β)^count. Quicker than events where
//! most are reached on most days, and the only way where everybody hears everybody.

use super::{CONTACT, Course, Heard, INFECTION, Way, everybody};
use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::market::member::{bit, ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::network::Ties;
use crate::parallel::{self, Shards};
use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::lanes::fine_exponential_pairs;
use crate::rng::neighbours::{N_LANES, lanes};

/// Counts for which the probability is kept.
const KEPT: usize = 256;

/// The state.
pub(super) struct Pull {
    course: Course,
    heard: Heard,
    susceptible: Vec<u64>,
    infectious: Vec<u64>,
    ever: Vec<u64>,
    /// Who recovers, by shard and day, where that is neither all at once nor nobody.
    ending: Vec<Vec<Vec<u32>>>,
    /// Who is infected today.
    new: Vec<u64>,
    /// Words of a shard.
    words: usize,
    /// Infected if the word is below, by the number of infectious; 2³² is certain.
    below: Vec<u64>,
}

/// Counts of a part of the consumers.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    new: u64,
    first_time: u64,
    recovered: u64,
}

impl Pull {
    /// The columns by shard.
    fn turns(&mut self, shards: Shards) -> Vec<Turn<'_>> {
        let size = shards.size() / 64;
        let mut ever: Vec<&mut [u64]> = self.ever.chunks_mut(size).collect();
        ever.resize_with(shards.count(), Default::default);
        let words = self.susceptible.chunks_mut(size).zip(self.infectious.chunks_mut(size));
        let rows = words.zip(ever.into_iter().zip(&mut self.ending)).enumerate();
        rows.map(|(shard, ((susceptible, infectious), (ever, ending)))| {
            let (first, counts) = (shards.range(shard).start, Counts::default());
            Turn { first, susceptible, infectious, ever, ending, counts }
        })
        .collect()
    }

    pub(super) fn new(course: Course, env: &Environment) -> Self {
        let words = vec![0; env.consumers.n().div_ceil(64) as usize];
        let drawn = course.gamma > 0.0 && course.gamma < 1.0;
        let days = usize::from(if drawn { env.days } else { 0 });
        let mut pull = Self {
            course,
            heard: Heard::new(&env.network),
            susceptible: everybody(env.consumers.n()),
            infectious: words.clone(),
            ever: if course.again { words.clone() } else { Vec::new() },
            ending: vec![vec![Vec::new(); days]; env.consumers.count()],
            new: words,
            words: env.consumers.size() / 64,
            below: Vec::new(),
        };
        pull.below = (0..KEPT as u32).map(|count| pull.chance(count)).collect();
        pull
    }

    /// The bound of the word below which somebody is infected by so many.
    fn chance(&self, count: u32) -> u64 {
        let escaped = match (count, self.course.beta >= 1.0) {
            (0, _) => 1.0,
            (_, true) => 0.0,
            _ => exp(f64::from(count) * ln_1p(-self.course.beta)),
        };
        ((1.0 - escaped) * 4_294_967_296.0) as u64
    }

    #[inline]
    fn below(&self, count: u32) -> u64 {
        self.below.get(count as usize).copied().unwrap_or_else(|| self.chance(count))
    }

    /// (the infectious) → who is infected.
    fn ask(&self, env: &Environment, at: Clock, infected: u64, new: &mut [u64], first: u32) {
        let word = (first / 64) as usize;
        let open = &self.susceptible[word..word + new.len()];
        let (network, mut room) = (&env.network, Vec::new());
        let stored = self.heard.stored(network);
        for (k, (new, &open)) in new.iter_mut().zip(open).enumerate() {
            *new = 0;
            if open == 0 {
                continue;
            }
            let start = first + 64 * k as u32;
            let words = words_of(env, at, (start, open));
            *new = match (stored, &network.ties) {
                (_, Ties::Complete { .. }) => {
                    let below = self.below(infected as u32);
                    let is_hit = |row: &u32| u64::from(words[*row as usize]) < below;
                    ones(&[open]).filter(is_hit).fold(0, |bits, row| bits | 1 << row)
                }
                (Some(ties), _) => {
                    let count = |i| self.count(ties.of(i));
                    self.among_ties((start, open), &words, |i| ties.degree(i), count)
                }
                (None, _) => {
                    let count = |i| self.count(network.hearers(i, &mut room));
                    self.among_ties((start, open), &words, |i| network.degree(i), count)
                }
            };
        }
    }

    /// Who of 64 neighbours is infected over the ties, of which somebody has `degree` and whose
    /// infectious ends are `count`ed.
    #[inline]
    fn among_ties(
        &self,
        (start, open): (u32, u64),
        words: &[u32; N_LANES],
        degree: impl Fn(u32) -> u32,
        mut count: impl FnMut(u32) -> u32,
    ) -> u64 {
        let mut new = 0;
        for row in ones(&[open]) {
            let word = u64::from(words[row as usize]);
            // Whom even all of them would not infect need not count.
            if word < self.below(degree(start + row)) {
                new |= u64::from(word < self.below(count(start + row))) << row;
            }
        }
        new
    }

    /// How many of a list are infectious.
    #[inline]
    fn count(&self, heard: &[u32]) -> u32 {
        heard.iter().map(|&i| u32::from(bit(&self.infectious, i))).sum()
    }
}

/// The words of those of 64 neighbours who are asked; of few one by one.
fn words_of(env: &Environment, at: Clock, (start, open): (u32, u64)) -> [u32; N_LANES] {
    const FEW: u32 = 4;
    if open.count_ones() > FEW {
        return lanes(env.key, INFECTION, start, at);
    }
    let mut words = [0; N_LANES];
    ones(&[open]).for_each(|row| words[row as usize] = env.key.lane(INFECTION, start + row, at));
    words
}

/// (who is infected) → states of tomorrow, for one shard.
struct Turn<'a> {
    first: u32,
    susceptible: &'a mut [u64],
    infectious: &'a mut [u64],
    ever: &'a mut [u64],
    ending: &'a mut Vec<Vec<u32>>,
    counts: Counts,
}

impl Turn<'_> {
    fn turn(&mut self, env: &Environment, course: Course, at: Clock, new: &[u64]) {
        if course.gamma >= 1.0 {
            for (ill, open) in self.infectious.iter_mut().zip(&mut *self.susceptible) {
                let recovered = std::mem::take(ill);
                *open |= if course.again { recovered } else { 0 };
                self.counts.recovered += u64::from(recovered.count_ones());
            }
        }
        for i in self.ending.get_mut(usize::from(at.day)).map(std::mem::take).unwrap_or_default() {
            put_bit(self.infectious, i - self.first, false);
            put_bit(self.susceptible, i - self.first, course.again);
            self.counts.recovered += 1;
        }
        for (k, &new) in new.iter().enumerate() {
            self.infectious[k] |= new;
            self.susceptible[k] &= !new;
            self.counts.new += u64::from(new.count_ones());
            if course.again {
                self.counts.first_time += u64::from((new & !self.ever[k]).count_ones());
                self.ever[k] |= new;
            }
        }
        let ill: Vec<u32> = ones(new).map(|row| self.first + row).collect();
        set_ends(env, course, at.day + 1, &ill, self.ending);
    }
}

/// (who is infectious from day `first` on) → when they recover.
fn set_ends(env: &Environment, course: Course, first: u16, ill: &[u32], ending: &mut [Vec<u32>]) {
    if ending.is_empty() || ill.is_empty() {
        return;
    }
    let (scale, mut pairs) = (1.0 / ln_1p(-course.gamma).abs(), Vec::new());
    let list = ill.iter().map(|i| (*i, 0));
    fine_exponential_pairs(env.key, CONTACT, Clock::start_of(first), list, &mut pairs);
    for (i, [lasts, _]) in ill.iter().zip(&pairs) {
        let last = usize::from(first).saturating_add((lasts * scale) as usize);
        if let Some(list) = ending.get_mut(last) {
            list.push(*i);
        }
    }
}

impl Way for Pull {
    fn seed(&mut self, env: &Environment, link: &Link, seeds: &[Vec<u32>]) {
        for &i in seeds.iter().flatten() {
            put_bit(&mut self.susceptible, i, false);
            put_bit(&mut self.infectious, i, true);
            if self.course.again {
                put_bit(&mut self.ever, i, true);
            }
        }
        for shard in link.own(seeds.len()) {
            set_ends(env, self.course, 0, &seeds[shard], &mut self.ending[shard]);
        }
    }

    fn day(&mut self, env: &Environment, link: &Link, at: Clock, spread: &mut Spread) {
        let (shards, course, infected) = (env.consumers, self.course, spread.infected);
        let (size, own) = (shards.size() / 64, link.own(shards.count()));
        let mut new = std::mem::take(&mut self.new);
        let mut parts: Vec<&mut [u64]> = new.chunks_mut(size).collect();
        parallel::each(&mut parts[own.clone()], |k, new| {
            self.ask(env, at, infected, new, shards.range(own.start + k).start);
        });
        let mut turns = self.turns(shards);
        parallel::each(&mut turns[own.clone()], |k, turn| {
            let first = (own.start + k) * size;
            turn.turn(env, course, at, &new[first..][..turn.susceptible.len()]);
        });
        let sum = |count: fn(&Counts) -> u64| turns.iter().map(|turn| count(&turn.counts)).sum();
        let (total, recovered): (u64, u64) = (sum(|c| c.new), sum(|c| c.recovered));
        let first_time = if course.again { sum(|c| c.first_time) } else { total };
        drop(turns);
        self.new = new;
        // Whoever hears an infectious consumer looks at its bit.
        link.publish(shards.count(), size, &mut self.infectious);
        let mut counts = [total, first_time, recovered];
        link.add_up(&mut counts);
        let [total, first_time, recovered] = counts;
        spread.close(total, first_time, recovered, course.again);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            course: _,
            heard: _,
            new: _,
            words: _,
            below: _,
            susceptible,
            infectious,
            ever,
            ending,
        } = self;
        io.acted("days", &ending.first().map_or(0, Vec::len));
        io.by_bit(susceptible);
        // All ranks have all of it.
        infectious.visit(io);
        io.by_bit(ever);
        io.by_shard(ending);
    }

    fn digest(&self, hash: &mut Digest) {
        let n = self.ending.len();
        for words in [&self.susceptible, &self.infectious, &self.ever] {
            let mut parts = words.chunks(self.words);
            let parts: Vec<&[u64]> = (0..n).map(|_| parts.next().unwrap_or_default()).collect();
            hash.shards(n, |shard| parts[shard].iter().copied());
        }
        hash.shards(n, |shard| self.ending[shard].iter().flatten().map(|&i| u64::from(i)));
    }
}
