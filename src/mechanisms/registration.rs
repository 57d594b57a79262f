//! Registration: who joins a platform when reached.
//!
//! Each person has a fixed resistance ρ to a platform; reached through channel c, a
//! non-user joins with probability σ(j_c − ρ). The willing join first, so the cost
//! of acquisition rises with penetration by itself. Members who lapsed are won
//! back by the same rule with a shift.

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::market::fatigue::Fatigue;
use crate::market::member::{NEVER, standing};
use crate::market::message::{Exposure, NONE, flag};
use crate::market::platform::{ChannelTerms, Resistance, Rows};
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parallel::{self, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_logistic;
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::sample::continuous::normal_from;
use crate::rng::{Key, Stream, unit};

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
    let (platform, limits) = (placement.platform, Limits::default());
    Box::new(Registration { p, platform, limits, idle: Rooms::default() })
}

struct Registration {
    p: Parameters,
    platform: usize,
    limits: Limits,
    /// Lists of strangers between two uses: as many as threads are at work, whose room is kept.
    idle: Rooms<Strangers>,
}

/// Bits of a word by which a bound of the resistance is looked up.
const FLOOR_BITS: u32 = 8;

/// Different values of them.
const FLOORS: usize = 1 << FLOOR_BITS;

/// The largest words by which an exposure could persuade somebody: most could not, whatever
/// else is known of the consumer.
#[derive(Default)]
struct Limits {
    /// The least resistance of those whose word has the same first [`FLOOR_BITS`] bits.
    floors: Vec<f64>,
    /// j of each channel, and how far its exposures are thinned out.
    terms: Vec<[f64; 2]>,
    /// By channel, then the first bits of the word of the resistance.
    words: Vec<[u32; FLOORS]>,
}

impl Limits {
    /// The normal number of a word never falls where the word rises.
    fn new(law: Resistance) -> Self {
        let floor = |first: u32| law.at(normal_from(first << (32 - FLOOR_BITS)));
        Self { floors: (0..1 << FLOOR_BITS).map(floor).collect(), ..Self::default() }
    }

    /// Makes them agree with the terms of the channels.
    fn follow(&mut self, channels: &[ChannelTerms], shift: f64) {
        let terms = channels.iter().map(|terms| [terms.join, terms.thinning]);
        if self.terms.iter().copied().ne(terms.clone()) {
            self.terms = terms.collect();
            let limits = |terms: &[f64; 2]| limits(&self.floors, *terms, shift);
            self.words = self.terms.iter().map(limits).collect();
        }
    }

    /// Whether an exposure may persuade by the words drawn for it.
    #[inline]
    fn allow(&self, exposure: &Exposure, resistance: u32, join: u32) -> bool {
        let words = &self.words[usize::from(exposure.channel())];
        join <= words[(resistance >> (32 - FLOOR_BITS)) as usize]
    }
}

/// The largest words of a channel; nobody is tired of anything.
fn limits(floors: &[f64], [join, thinning]: [f64; 2], shift: f64) -> [u32; FLOORS] {
    /// Above one by more than what `quick_logistic` is off.
    const CERTAINLY: f64 = 1.0 + 1e-9;
    let mut words = [u32::MAX; FLOORS];
    for (word, floor) in words.iter_mut().zip(floors) {
        let most = quick_logistic(join + shift.max(0.0) - floor) / thinning;
        // Cut at the largest word where all persuade.
        *word = (most * CERTAINLY * 4_294_967_296.0) as u32;
    }
    words
}

impl Mechanism for Registration {
    /// (start) → the willing are members from the beginning.
    fn start(&mut self, world: &mut World) {
        let env = &world.env;
        let law = Resistance { mean: self.p.resistance_mean, sd: self.p.resistance_sd };
        self.limits = Limits::new(law);
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
        let (number, shift) = (self.platform as u8, self.p.win_back_shift);
        self.limits.follow(&channels, shift);
        let limits = &self.limits;
        let doorway = Doorway { number, key, law, channels, limits, fatigue, shift, at };
        let mut rows = platform.rows(env.consumers);
        let mut parts: Vec<_> = rows.iter_mut().zip(&mut inbox.shards).collect();
        let admitted = parallel::map(&mut parts, |(rows, list)| {
            let (joined, back) = (rows.joined.len(), rows.book.tally.won_back);
            self.idle.lent(|strangers| doorway.receive(rows, list, strangers));
            ((rows.joined.len() - joined) as u64, rows.book.tally.won_back - back)
        });
        for (joined, back) in admitted {
            platform.n_live += joined;
            platform.n_registered += joined - back;
        }
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, limits: _, idle: _ } = self;
    }
}

/// The exposures of those who are no members, and the words that decide on them.
#[derive(Default)]
struct Strangers {
    exposures: Vec<Stranger>,
    /// Words of the consumers' resistances.
    resistances: Vec<u32>,
    /// Words of the exposures' persuasion.
    joins: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Stranger {
    consumer: u32,
    /// How many exposures of this platform the consumer had before in this wave.
    ordinal: u32,
    /// Position in the shard's list.
    place: u32,
}

impl Strangers {
    /// Finds the exposures of a platform that reached no member. Members pass by their bits.
    #[inline(never)]
    fn find(&mut self, rows: &Rows<'_>, list: &[Exposure], platform: u8) {
        self.exposures.clear();
        let (mut consumer, mut ordinal) = (NONE, 0);
        for (place, e) in list.iter().enumerate() {
            if rows.is_live(e.to) || e.platform() != platform {
                continue;
            }
            ordinal = if e.to == consumer { ordinal + 1 } else { 0 };
            consumer = e.to;
            self.exposures.push(Stranger { consumer, ordinal, place: place as u32 });
        }
    }

    /// (exposures) → words.
    fn draw(&mut self, key: Key, at: Clock) {
        let Self { exposures, resistances, joins } = self;
        let of = (key, RESISTANCE, Clock::default());
        first_words(of, exposures, |one| Address::new(one.consumer, 0), resistances);
        let address = |one: &Stranger| Address::new(one.consumer, one.ordinal);
        first_words((key, JOIN, at), exposures, address, joins);
    }
}

struct Doorway<'a> {
    /// Number of the platform.
    number: u8,
    key: Key,
    law: Resistance,
    channels: Vec<ChannelTerms>,
    limits: &'a Limits,
    fatigue: &'a Fatigue,
    shift: f64,
    at: Clock,
}

impl Doorway<'_> {
    /// Lets the exposures of a shard's strangers persuade, one after the other, and drops those
    /// of whoever has not joined.
    fn receive(&self, rows: &mut Rows<'_>, list: &mut [Exposure], strangers: &mut Strangers) {
        strangers.find(rows, list, self.number);
        strangers.draw(self.key, self.at);
        let Strangers { exposures, resistances, joins } = strangers;
        let mut joined = NONE;
        for ((stranger, resistance), join) in exposures.iter().zip(resistances).zip(joins) {
            let exposure = &mut list[stranger.place as usize];
            if stranger.consumer == joined || exposure.flags & flag::DROPPED != 0 {
                continue;
            }
            // No record is looked at and no quantile is made for most.
            if self.limits.allow(exposure, *resistance, *join)
                && self.persuades(rows, exposure, *resistance, *join)
            {
                joined = stranger.consumer;
                self.admit(rows, exposure);
            } else {
                exposure.flags |= flag::DROPPED;
            }
        }
    }

    /// Whether an exposure persuades by the words drawn for it.
    #[cold]
    fn persuades(
        &self,
        rows: &mut Rows<'_>,
        exposure: &Exposure,
        resistance: u32,
        join: u32,
    ) -> bool {
        let terms = &self.channels[usize::from(exposure.channel())];
        let lost = if terms.advert { self.fatigue.lost_to_adverts(exposure.to) } else { 0.0 };
        let lapsed = rows.member(exposure.to).is_registered();
        let shift = if lapsed { self.shift } else { 0.0 };
        let rho = self.law.at(normal_from(resistance));
        unit(join) < quick_logistic(terms.join + shift - lost - rho) / terms.thinning
    }

    #[cold]
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
