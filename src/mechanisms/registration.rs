//! Registration: who joins a platform when reached.
//!
//! Each person has a fixed resistance ρ to a platform; reached through channel c, a
//! non-user joins with probability σ(j_c − ρ). The willing join first, so the cost
//! of acquisition rises with penetration by itself. Members who lapsed are won
//! back by the same rule with a shift.

use crate::columns::Columns;
use crate::exchange::{Inbox, by_receiver};
use crate::market::fatigue::Fatigue;
use crate::market::member::{NEVER, standing};
use crate::market::message::{Exposure, flag};
use crate::market::platform::{ChannelTerms, Resistance, Rows};
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_logistic;
use crate::quantity::time::Clock;
use crate::rng::lanes::first_words;
use crate::rng::sample::continuous::normal_from;
use crate::rng::{Key, Stream, unit};
use std::ops::Range;

/// A consumer's fixed resistance.
const RESISTANCE: Stream = Stream::new("registration/resistance");
/// Whether an exposure persuades.
const JOIN: Stream = Stream::new("registration/join");

parameters! {
    /// How consumers come to register.
    pub struct Parameters {
        /// Mean resistance to registering.
        resistance_mean: f64 = "0.0", "log-odds", -20.0, 20.0, A, "the zero to which every channel's persuasion refers";
        /// Standard deviation of the resistance between consumers.
        resistance_sd: f64 = "1.0", "log-odds", 0.0, 5.0, A, "assumed; makes acquisition dearer with penetration";
        /// What is added to the persuasion of a member who lapsed.
        win_back_shift: f64 = "-1.0", "log-odds", -20.0, 20.0, A, "assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "registration",
    summary: "Non-users who are reached join by persuasion against a fixed resistance",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nobody would be a member"),
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[RESISTANCE, JOIN],
    load: None,
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Registration { p, platform: placement.platform, floors: Vec::new() })
}

struct Registration {
    p: Parameters,
    platform: usize,
    /// The least resistance of those whose word has the same first [`FLOOR_BITS`] bits.
    floors: Vec<f64>,
}

/// Bits of a word by which a bound of the resistance is looked up.
const FLOOR_BITS: u32 = 8;

/// The least resistances, by the first bits of the word that they are drawn by: the normal
/// number of a word never falls where the word rises.
fn floors(law: Resistance) -> Vec<f64> {
    (0..1 << FLOOR_BITS).map(|first| law.at(normal_from(first << (32 - FLOOR_BITS)))).collect()
}

impl Mechanism for Registration {
    /// (start) → the willing are members from the beginning.
    fn start(&mut self, world: &mut World) {
        let env = &world.env;
        let law = Resistance { mean: self.p.resistance_mean, sd: self.p.resistance_sd };
        self.floors = floors(law);
        let share = env.start.registered_share;
        let platform = &mut world.platforms[self.platform];
        platform.resistance = law;
        let rank = |i| env.key_of(self.platform).unit(RESISTANCE, i, Clock::default(), 0);
        parallel::each(&mut platform.rows(env.consumers), |_, rows| {
            for row in 0..rows.members.len() as u32 {
                let consumer = rows.first + row;
                if rank(consumer) < share {
                    let member = &mut rows.members[row as usize];
                    member.standing |= standing::REGISTERED;
                    member.acquired_day = 0;
                    rows.book.tally.trust_change += i64::from(member.trust);
                    rows.joined.push(consumer);
                    rows.refresh(consumer);
                }
            }
        });
        let joined: usize = platform.joined.iter().map(Vec::len).sum();
        let joined = world.link.sum(joined as i64) as u64;
        platform.n_live += joined;
        platform.n_registered += joined;
        // They order as the cohort of the first month.
        platform.history.members[0] += joined;
    }

    /// (exposures of non-users) → registrations; the rest does not reach the decider.
    fn attend(&mut self, world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        let World { env, platforms, fatigue, .. } = world;
        let (fatigue, key) = (&*fatigue, env.key_of(self.platform));
        let platform = &mut platforms[self.platform];
        let (law, channels) = (platform.resistance, platform.channels.clone());
        let before: usize = platform.joined.iter().map(Vec::len).sum();
        let back: u64 = platform.books.iter().map(|book| book.tally.won_back).sum();
        let (shift, floors) = (self.p.win_back_shift, self.floors.as_slice());
        let doorway = Doorway { key, law, floors, channels: &channels, fatigue, shift, at };
        parallel::each_pair(
            &mut platform.rows(env.consumers),
            &mut inbox.shards,
            |_, rows, list| doorway.receive_all(rows, list, self.platform as u8),
        );
        let joined = platform.joined.iter().map(Vec::len).sum::<usize>() - before;
        let back = platform.books.iter().map(|book| book.tally.won_back).sum::<u64>() - back;
        platform.n_live += joined as u64;
        platform.n_registered += joined as u64 - back;
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, floors: _ } = self;
    }
}

/// Where the exposures of those who are no members stand, consumer by consumer.
fn strangers(rows: &Rows<'_>, list: &[Exposure]) -> Vec<Range<usize>> {
    let mut end = 0;
    let runs = by_receiver(list).map(|run| {
        end += run.len();
        end - run.len()..end
    });
    runs.filter(|run| !rows.is_live(list[run.start].to)).collect()
}

struct Doorway<'a> {
    key: Key,
    law: Resistance,
    floors: &'a [f64],
    channels: &'a [ChannelTerms],
    fatigue: &'a Fatigue,
    shift: f64,
    at: Clock,
}

impl Doorway<'_> {
    /// Lets the exposures of a shard's strangers persuade. Members pass by their bits.
    fn receive_all(&self, rows: &mut Rows<'_>, list: &mut [Exposure], platform: u8) {
        let runs = strangers(rows, list);
        let (mut resistances, mut joins) = (Vec::new(), Vec::new());
        let consumers = || runs.iter().map(|run| (list[run.start].to, 0));
        first_words(self.key, RESISTANCE, Clock::default(), consumers(), &mut resistances);
        first_words(self.key, JOIN, self.at, consumers(), &mut joins);
        for ((run, resistance), join) in runs.into_iter().zip(resistances).zip(joins) {
            self.receive(rows, &mut list[run], (resistance, join), platform);
        }
    }

    /// Lets one consumer's exposures persuade, one after the other; the words are those of the
    /// resistance and of the first exposure.
    fn receive(
        &self,
        rows: &mut Rows<'_>,
        run: &mut [Exposure],
        (resistance, first): (u32, u32),
        platform: u8,
    ) {
        let mut joined = false;
        let own = run.iter_mut().filter(|exposure| exposure.platform() == platform);
        for (ordinal, exposure) in (0..).zip(own) {
            if exposure.flags & flag::DROPPED != 0 {
                continue;
            }
            let draw = || match ordinal {
                0 => first,
                _ => self.key.word(JOIN, exposure.to, self.at, ordinal),
            };
            if !joined && self.persuades(rows, exposure, resistance, unit(draw())) {
                joined = true;
                self.admit(rows, exposure);
            }
            if !joined {
                exposure.flags |= flag::DROPPED;
            }
        }
    }

    /// Whether an exposure persuades by a number drawn for it. Most do not, whatever else is
    /// known of the consumer: no record is looked at and no quantile is made for them.
    fn persuades(
        &self,
        rows: &mut Rows<'_>,
        exposure: &Exposure,
        resistance: u32,
        unit: f64,
    ) -> bool {
        /// Above one by more than what `quick_logistic` is off.
        const CERTAINLY: f64 = 1.0 + 1e-9;
        let terms = &self.channels[exposure.channel() as usize];
        let lost = if terms.advert { self.fatigue.lost_to_adverts(exposure.to) } else { 0.0 };
        let probability =
            |shift, rho| quick_logistic(terms.join + shift - lost - rho) / terms.thinning;
        let floor = self.floors[(resistance >> (32 - FLOOR_BITS)) as usize];
        if unit > probability(self.shift.max(0.0), floor) * CERTAINLY {
            return false;
        }
        let lapsed = rows.member(exposure.to).is_registered();
        let shift = if lapsed { self.shift } else { 0.0 };
        unit < probability(shift, self.law.at(normal_from(resistance)))
    }

    fn admit(&self, rows: &mut Rows<'_>, exposure: &Exposure) {
        let day = self.at.day;
        let member = &mut rows.members[(exposure.to - rows.first) as usize];
        let tally = &mut rows.book.tally;
        let member_new = member.acquired_day == NEVER;
        tally.trust_change += i64::from(member.trust);
        member.standing |= standing::REGISTERED;
        if member_new {
            member.acquired_day = day;
            member.channel = exposure.channel();
            member.referrer = exposure.source;
            tally.channels[exposure.channel() as usize].registered += 1;
        } else {
            member.standing = (member.standing | standing::WON_BACK) & !standing::LAPSED;
            tally.won_back += 1;
        }
        rows.joined.push(exposure.to);
        rows.refresh(exposure.to);
    }
}
