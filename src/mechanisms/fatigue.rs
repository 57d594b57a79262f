//! Fatigue: who lately saw many friends' messages or outside advertisements answers less.
//!
//! A consumer's level counts the messages (and apart from them the contacts of advertising)
//! of late. Each is forgotten on a day with probability 1 − 2^(−1/h), so that a level is on
//! average the sum of 2^(−days/h) over them. At level k a message is opened with e^(−g·k)
//! of its chance, and advertising persuades by g′·k less in log-odds: only ever less, so
//! that contacts thinned out beforehand stay a bound.

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::market::fatigue::{Fatigue, MOST, adverts, levels, messages};
use crate::market::message::{Exposure, flag};
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::scattered::Scattered;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::exp;
use crate::quantity::time::Clock;
use crate::rng::neighbours::{N_LANES, lanes};
use crate::rng::{Stream, unit};

/// How much of a level is forgotten.
const FORGET: Stream = Stream::new("fatigue/forget");
/// Whom contacts reached that are only counted, in blocks of 64 consumers.
const IDLE: Stream = Stream::new("fatigue/idle");

parameters! {
    /// How consumers tire.
    pub struct Parameters {
        /// Each message of friends of late lowers the chance of opening another by e^-this.
        message_gain: f64 = "0.1", "1", 0.0, 10.0, A, "assumed";
        /// Each contact of advertising of late lowers its persuasion by this.
        advert_gain: f64 = "0.1", "log-odds", 0.0, 10.0, A, "assumed";
        /// Days in which half of the messages and contacts are forgotten.
        half_life_days: f64 = "7.0", "days", 0.01, 365.0, A, "a week, assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "fatigue",
    summary: "Consumers tire of friends' messages and of outside advertising, and recover",
    scope: Scope::World,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[FORGET, IDLE],
    load: Some(load),
    build,
};

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let left = survivors(exp(-std::f64::consts::LN_2 / p.half_life_days));
    Box::new(Tiring { p, left })
}

/// A byte for everybody.
fn load(_values: &Values, extent: &Extent) -> Load {
    Load { bytes: extent.consumers, ..Load::default() }
}

struct Tiring {
    p: Parameters,
    /// P(at most s of k are left), by k and s.
    left: [[f64; MOST + 1]; MOST + 1],
}

impl Mechanism for Tiring {
    fn start(&mut self, world: &mut World) {
        world.fatigue = Fatigue {
            levels: vec![0; world.env.consumers.n() as usize],
            opened: std::array::from_fn(|k| exp(-self.p.message_gain * k as f64)),
            persuasion_lost: std::array::from_fn(|k| self.p.advert_gain * k as f64),
        };
    }

    /// (a night) → some of it is forgotten.
    fn open(&mut self, world: &mut World, at: Clock) {
        let World { env, fatigue, .. } = world;
        let shards = env.consumers;
        let mut locals = vec![(); shards.count()];
        parallel::each_shard(shards, &mut fatigue.levels, &mut locals, |shard, rows, ()| {
            let first = shards.range(shard).start;
            for (k, block) in rows.chunks_mut(N_LANES).enumerate() {
                if block.iter().any(|&level| level != 0) {
                    let words = lanes(env.key, FORGET, first + (k * N_LANES) as u32, at);
                    for (level, word) in block.iter_mut().zip(words) {
                        *level = self.rested(*level, word);
                    }
                }
            }
        });
    }

    /// (exposures) → higher levels, for the waves to come.
    fn attend(&mut self, world: &mut World, _at: Clock, inbox: &mut Inbox<Exposure>) {
        let World { env, platforms, fatigue, .. } = world;
        let (shards, platforms) = (env.consumers, &*platforms);
        let is_advert =
            |e: &Exposure| platforms[e.platform() as usize].channels[e.channel() as usize].advert;
        parallel::each_shard(shards, &mut fatigue.levels, &mut inbox.shards, |_, rows, list| {
            for e in list.iter() {
                let level = &mut rows[shards.row_of(e.to)];
                if e.flags & flag::FRIEND != 0 {
                    *level = levels(messages(*level) + 1, adverts(*level));
                } else if is_advert(e) {
                    *level = levels(messages(*level), adverts(*level) + 1);
                }
            }
        });
    }

    /// (contacts that are only counted) → higher levels of whom they reached.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let own = world.link.own(world.env.consumers.count());
        let World { env, platforms, fatigue, .. } = world;
        let shards = env.consumers;
        let mut locals = vec![(); shards.count()];
        for (index, platform) in platforms.iter().enumerate() {
            let contacts = Scattered {
                key: env.key,
                stream: IDLE,
                at,
                item: index as u32,
                probability: platform.idle_contact,
            };
            parallel::each_shard(shards, &mut fatigue.levels, &mut locals, |shard, rows, ()| {
                if !own.contains(&shard) {
                    return;
                }
                contacts.among(&shards.range(shard), |consumer| {
                    if !platform.live.get(consumer) {
                        let level = &mut rows[shards.row_of(consumer)];
                        *level = levels(messages(*level), adverts(*level) + 1);
                    }
                });
            });
        }
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, left: _ } = self;
    }
}

impl Tiring {
    /// A level after a night: one half of the word decides for each kind.
    fn rested(&self, level: u8, word: u32) -> u8 {
        let kept = |k: usize, half: u32| {
            let u = unit(half << 16);
            self.left[k].iter().take(k).take_while(|&&below| u >= below).count()
        };
        levels(kept(messages(level), word & 0xffff), kept(adverts(level), word >> 16))
    }
}

/// Row k: the distribution of Binomial(k, `kept`), added up.
fn survivors(kept: f64) -> [[f64; MOST + 1]; MOST + 1] {
    let mut mass = [0.0; MOST + 1];
    mass[0] = 1.0;
    std::array::from_fn(|k| {
        if k > 0 {
            for s in (0..=k).rev() {
                let one_less = if s > 0 { mass[s - 1] } else { 0.0 };
                mass[s] = mass[s] * (1.0 - kept) + one_less * kept;
            }
        }
        let mut sum = 0.0;
        mass.map(|share| {
            sum += share;
            sum
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of all 65,536 halves of a word as many as the law wants, but for the grid.
    #[test]
    fn levels_halve_on_average_in_a_half_life() {
        let half_life = Parameters { half_life_days: 1.0, ..Parameters::default() };
        let left = survivors(0.5);
        let tiring = Tiring { p: half_life, left };
        for level in 1..=MOST {
            let rested = |word: u32| messages(tiring.rested(levels(level, 0), word)) as f64;
            let mean = (0..65_536).map(rested).sum::<f64>() / 65_536.0;
            assert!((mean - level as f64 / 2.0).abs() < 1e-3, "{level}: {mean} left");
        }
    }

    #[test]
    fn nobody_tires_further_overnight() {
        let tiring = Tiring { p: Parameters::default(), left: survivors(0.9) };
        for word in [0, 1, u32::MAX, 0x8000_7fff] {
            for level in 0..=u8::MAX {
                let rested = tiring.rested(level, word);
                assert!(messages(rested) <= messages(level) && adverts(rested) <= adverts(level));
            }
        }
    }
}
