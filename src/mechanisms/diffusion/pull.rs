//! Infection by asking: every susceptible consumer counts the infectious whom it hears, a bit
//! each, and is infected with probability 1 − (1 − β)^count. Quicker than events where
//! most are reached on most days, and the only way where everybody hears everybody.

use super::{Course, Heard, INFECTION, RECOVERY, Way, everybody};
use crate::market::member::{bit, ones, put_bit};
use crate::market::spread::Spread;
use crate::mechanism::Digest;
use crate::mechanism::world::Environment;
use crate::network::Ties;
use crate::parallel;
use crate::quantity::math::{exp, ln_1p};
use crate::quantity::time::Clock;
use crate::rng::lanes::{N_LANES, lanes};

/// Counts for which the probability is kept.
const KEPT: usize = 256;

/// The state.
pub(super) struct Pull {
    course: Course,
    heard: Heard,
    susceptible: Vec<u64>,
    infectious: Vec<u64>,
    ever: Vec<u64>,
    /// Who is infected today.
    new: Vec<u64>,
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
    pub(super) fn new(course: Course, env: &Environment) -> Self {
        let words = vec![0; env.consumers.n().div_ceil(64) as usize];
        let mut pull = Self {
            course,
            heard: Heard::new(&env.network),
            susceptible: everybody(env.consumers.n()),
            infectious: words.clone(),
            ever: if course.again { words.clone() } else { Vec::new() },
            new: words,
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
        for (k, (new, &open)) in new.iter_mut().zip(open).enumerate() {
            *new = 0;
            if open == 0 {
                continue;
            }
            let start = first + 64 * k as u32;
            let words = lanes(env.key, INFECTION, start, at);
            *new = match &env.network.ties {
                Ties::Stored(_) => self.among_ties(env, (start, open), &words),
                Ties::Complete { .. } => {
                    let below = self.below(infected as u32);
                    let is_hit = |row: &u32| u64::from(words[*row as usize]) < below;
                    ones(&[open]).filter(is_hit).fold(0, |bits, row| bits | 1 << row)
                }
            };
        }
    }

    /// Who of 64 neighbours is infected over the ties.
    #[inline]
    fn among_ties(
        &self,
        env: &Environment,
        (start, open): (u32, u64),
        words: &[u32; N_LANES],
    ) -> u64 {
        let mut new = 0;
        for row in ones(&[open]) {
            let heard = self.heard.of(&env.network, start + row);
            let word = u64::from(words[row as usize]);
            // Whom even all of them would not infect need not count.
            if word < self.below(heard.len() as u32) {
                let count: u32 = heard.iter().map(|&i| u32::from(bit(&self.infectious, i))).sum();
                new |= u64::from(word < self.below(count)) << row;
            }
        }
        new
    }
}

/// (who is infected) → states of tomorrow, for one shard.
struct Turn<'a> {
    susceptible: &'a mut [u64],
    infectious: &'a mut [u64],
    ever: &'a mut [u64],
    counts: Counts,
}

impl Turn<'_> {
    fn turn(&mut self, env: &Environment, course: Course, at: Clock, first: u32, new: &[u64]) {
        let recovers = (course.gamma * 4_294_967_296.0) as u64;
        for (k, &new) in new.iter().enumerate() {
            let infectious = self.infectious[k];
            let recovered = match course.gamma {
                gamma if gamma >= 1.0 => infectious,
                gamma if gamma <= 0.0 || infectious == 0 => 0,
                _ => {
                    let words = lanes(env.key, RECOVERY, first + 64 * k as u32, at);
                    let ends = |row: &u32| u64::from(words[*row as usize]) < recovers;
                    ones(&[infectious]).filter(ends).fold(0, |bits, row| bits | 1 << row)
                }
            };
            self.infectious[k] = infectious & !recovered | new;
            self.susceptible[k] &= !new;
            self.counts.new += u64::from(new.count_ones());
            self.counts.recovered += u64::from(recovered.count_ones());
            if course.again {
                self.susceptible[k] |= recovered;
                self.counts.first_time += u64::from((new & !self.ever[k]).count_ones());
                self.ever[k] |= new;
            }
        }
    }
}

impl Way for Pull {
    fn seed(&mut self, _env: &Environment, seeds: &[Vec<u32>]) {
        for &i in seeds.iter().flatten() {
            put_bit(&mut self.susceptible, i, false);
            put_bit(&mut self.infectious, i, true);
            if self.course.again {
                put_bit(&mut self.ever, i, true);
            }
        }
    }

    fn day(&mut self, env: &Environment, at: Clock, spread: &mut Spread) {
        let (shards, course, infected) = (env.consumers, self.course, spread.infected);
        let size = shards.size() / 64;
        let mut new = std::mem::take(&mut self.new);
        let mut parts: Vec<&mut [u64]> = new.chunks_mut(size).collect();
        parallel::each(&mut parts, |shard, new| {
            self.ask(env, at, infected, new, shards.range(shard).start);
        });
        let mut ever: Vec<&mut [u64]> = self.ever.chunks_mut(size).collect();
        ever.resize_with(shards.count(), Default::default);
        let rows = self.susceptible.chunks_mut(size).zip(self.infectious.chunks_mut(size));
        let rows = rows.zip(ever).map(|((susceptible, infectious), ever)| {
            let counts = Counts::default();
            Turn { susceptible, infectious, ever, counts }
        });
        let mut rows: Vec<Turn<'_>> = rows.collect();
        parallel::each(&mut rows, |shard, turn| {
            turn.turn(
                env,
                course,
                at,
                shards.range(shard).start,
                &new[shard * size..][..turn.susceptible.len()],
            );
        });
        let sum = |count: fn(&Counts) -> u64| rows.iter().map(|turn| count(&turn.counts)).sum();
        let (total, recovered): (u64, u64) = (sum(|c| c.new), sum(|c| c.recovered));
        let first_time = if course.again { sum(|c| c.first_time) } else { total };
        drop(rows);
        self.new = new;
        spread.close(total, first_time, recovered, course.again);
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.susceptible.iter().chain(&self.infectious).chain(&self.ever).copied());
    }

    fn bytes(&self) -> u64 {
        let columns = [&self.susceptible, &self.infectious, &self.ever, &self.new, &self.below];
        self.heard.bytes() + columns.iter().map(|column| 8 * column.len() as u64).sum::<u64>()
    }
}
