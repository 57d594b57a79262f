//! Classical diffusion over the ties of the network, for comparing and for timing.
//!
//! Infection (Kermack & McKendrick 1927, doi 10.1098/rspa.1927.0118): on each day an
//! infectious consumer infects each susceptible hearer with probability β, and then recovers
//! with probability γ. Independent cascade (Kempe, Kleinberg & Tardos 2003, doi
//! 10.1145/956750.956769): whoever was activated on one day has one chance at each hearer on
//! the next. Linear threshold (Granovetter 1978, doi 10.1086/226707): one is active as soon as
//! the active share of those whom one hears reaches the own threshold. Bass (1969, doi
//! 10.1287/mnsc.15.5.215): one adopts at the rate p + q·(adopters' share of those one hears).
//!
//! Three ways: `contacts` draws what happens by its gaps, `pull` looks at every susceptible
//! consumer's ties, `exposed` counts how many of those one hears are active.

mod contacts;
mod exposed;
mod pull;
mod seeds;

use crate::columns::{Columns, Tenure};
use crate::exchange::link::Link;
use crate::market::spread::Spread;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::network::{Csr, Network, Ties};
use crate::parallel::Shards;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::Stream;

/// Who is a seed.
const SEED: Stream = Stream::new("diffusion/seed");
/// How long somebody is infectious, and whom that reaches when.
const CONTACT: Stream = Stream::new("diffusion/contact");
/// Whether a susceptible consumer is infected or adopts today.
const INFECTION: Stream = Stream::new("diffusion/infection");
/// A consumer's threshold.
const THRESHOLD: Stream = Stream::new("diffusion/threshold");

parameters! {
    /// What spreads, and how.
    pub struct Parameters {
        /// Rule: `bass`, `independent_cascade`, `linear_threshold`, `si` (infected for good),
        /// `sis` (susceptible again) or `sir` (recovered for good).
        kind: String = "sir", "1",
            ["bass", "independent_cascade", "linear_threshold", "si", "sis", "sir"], A, "assumed";
        /// β: probability that an infectious consumer infects a susceptible hearer on a day.
        infection_probability: f64 = "0.01", "1/day", 0.0, 1.0, A, "assumed",
            if kind in ["si", "sis", "sir"];
        /// γ: probability that an infectious consumer recovers on a day, from the day on which
        /// it is infectious first.
        recovery_probability: f64 = "0.1", "1/day", 0.0, 1.0, A, "assumed: ten days",
            if kind in ["sis", "sir"];
        /// Probability that a consumer who has just been activated activates a hearer.
        activation_probability: f64 = "0.05", "1", 0.0, 1.0, A, "assumed",
            if kind in ["independent_cascade"];
        /// Whether each tie has the weight that the network's file gives it as its own
        /// probability (cut at 1); where there are no weights, one probability counts for all.
        weights: bool = "false", "1", A, "one probability for all", if kind in ["independent_cascade"];
        /// p: rate at which consumers adopt of their own accord, per `period_days`.
        innovation: f64 = "0.03", "1/period", 0.0, 100.0,
            M, "mean of many products a year (Sultan, Farley & Lehmann 1990)", if kind in ["bass"];
        /// q: rate that is added where all whom a consumer hears have adopted, per `period_days`.
        imitation: f64 = "0.38", "1/period", 0.0, 100.0,
            M, "mean of many products a year (Sultan, Farley & Lehmann 1990)", if kind in ["bass"];
        /// Days of the period for which p and q are given.
        period_days: f64 = "365", "days", 1.0, 3_650.0, M, "p and q are usually fitted to years", if kind in ["bass"];
        /// Law of the thresholds: `uniform` between 0 and 1, or the `same` for all.
        threshold_law: String = "uniform", "1", ["uniform", "same"],
            M, "uniform in Kempe, Kleinberg & Tardos (2003)", if kind in ["linear_threshold"];
        /// Everybody's threshold: the share of those one hears who must be active.
        threshold: f64 = "0.2", "1", 0.0, 1.0, A, "assumed", if threshold_law in ["same"];
        /// Who is infected or active before the first day: `random` consumers, those of largest
        /// `degree`, or the ids of a `file`.
        seed_by: String = "random", "1", ["random", "degree", "file"], A, "assumed";
        /// Share of the consumers who are seeds.
        seed_share: f64 = "0.001", "1", 0.0, 1.0, A, "one in a thousand", if seed_by in ["random", "degree"];
        /// Number of seeds; where it is not 0, it counts instead of the share.
        seed_count: u32 = "0", "consumers", 0.0, 1_000_000_000.0, A, "the share counts", if seed_by in ["random", "degree"];
        /// Path of a file with an id in each line: of the network's file, or numbers from 0.
        seed_file: String = "", "1", A, "no file", if seed_by in ["file"];
        /// How it is worked out; the laws are the same, the draws are not: `events` draws what
        /// happens by its gaps, `sweep` asks every susceptible consumer every day, `auto` takes
        /// the former where mean degree × probability is small or ties are computed.
        method: String = "auto", "1", ["auto", "events", "sweep"], A, "the quicker one",
            if kind in ["independent_cascade", "si", "sis", "sir"];
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "diffusion",
    summary: "Something spreads over the ties by a classical rule: Bass, cascade, threshold, SI, SIS or SIR",
    scope: Scope::World,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: true,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[SEED, CONTACT, INFECTION, THRESHOLD],
    load: Some(load),
    build,
};

/// From so many expected infections a day and infectious consumer on, asking everybody is
/// quicker than drawing events.
const DENSE: f64 = 1.0;

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Diffusion { p: Parameters::from_values(values), way: None })
}

/// A bit for each state; contacts that are to come, or counts of active ones.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let contacts = match p.kind.as_str() {
        "bass" | "linear_threshold" => 1.0,
        "independent_cascade" => p.activation_probability * extent.degree,
        _ if p.infection_probability * extent.degree >= DENSE => 1.0,
        _ => {
            let ill = extent.days.min(1.0 / p.recovery_probability.max(1e-9));
            // Lists grow to the double: room for all contacts, though fewer wait at a time.
            p.infection_probability * extent.degree * ill
        }
    };
    Load { bytes: extent.consumers * (1.0 + 4.0 * contacts.min(2.0)), ..Load::default() }
}

struct Diffusion {
    p: Parameters,
    way: Option<Box<dyn Way>>,
}

/// How the states of consumers are kept and worked out.
trait Way: Send + Sync {
    /// Infects the seeds, by shard and ascending, before the first day.
    fn seed(&mut self, env: &Environment, link: &Link, seeds: &[Vec<u32>]);
    /// One day.
    fn day(&mut self, env: &Environment, link: &Link, at: Clock, spread: &mut Spread);
    /// The state, in or out of a checkpoint.
    fn columns(&mut self, io: &mut Columns<'_>);
    /// Adds the state to a digest.
    fn digest(&self, hash: &mut Digest);
}

/// What happens to the infectious: β, and when they recover.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// Probability of infecting a hearer on a day.
    beta: f64,
    /// Probability of recovering on a day.
    gamma: f64,
    /// Whether who recovers is susceptible again.
    again: bool,
}

impl Parameters {
    /// The course of an infection; none where the kind is not one.
    fn course(&self) -> Option<Course> {
        let course = |beta, gamma, again| Some(Course { beta, gamma, again });
        match self.kind.as_str() {
            "si" => course(self.infection_probability, 0.0, false),
            "sis" => course(self.infection_probability, self.recovery_probability, true),
            "sir" => course(self.infection_probability, self.recovery_probability, false),
            "independent_cascade" => course(self.activation_probability, 1.0, false),
            _ => None,
        }
    }

    /// The way of working it out: by the parameters alone, never by what happens.
    fn way(&self, env: &Environment) -> Box<dyn Way> {
        let Some(course) = self.course() else { return Box::new(exposed::Exposed::new(self, env)) };
        let network = &env.network;
        let dense = match (&network.ties, self.method.as_str()) {
            (Ties::Complete { .. }, _) => true,
            // A row of computed ties costs more than all contacts that it can give.
            (Ties::Computed(_), "auto") => false,
            (_, "auto") => network.mean_degree() * course.beta >= DENSE,
            (_, method) => method == "sweep",
        };
        let dense = dense && (!self.weights || network.weights.is_empty());
        if dense {
            Box::new(pull::Pull::new(course, env))
        } else {
            Box::new(contacts::Contacts::new(course, self.weights && course.gamma >= 1.0, env))
        }
    }
}

impl Mechanism for Diffusion {
    fn start(&mut self, world: &mut World) {
        let env = &world.env;
        let seeds = seeds::by_shard(&self.p, env);
        let n_seeds = seeds.iter().map(|list| list.len() as u64).sum();
        if n_seeds == 0 && !(self.p.kind == "bass" && self.p.innovation > 0.0) {
            return; // Nothing will ever spread.
        }
        world.spread = Some(Spread::of_seeds(u64::from(env.consumers.n()), n_seeds));
        let mut way = self.p.way(env);
        way.seed(env, &world.link, &seeds);
        self.way = Some(way);
    }

    /// (who is infected and whom they reach) → who is infected now.
    fn open(&mut self, world: &mut World, at: Clock) {
        if let (Some(way), Some(spread)) = (&mut self.way, &mut world.spread) {
            way.day(&world.env, &world.link, at, spread);
        }
    }

    fn digest(&self, hash: &mut Digest) {
        if let Some(way) = &self.way {
            way.digest(hash);
        }
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p, way } = self;
        io.holds(Tenure::Always);
        io.acted("diffusion", &format!("{p:?}"));
        if let Some(way) = way {
            way.columns(io);
        }
    }
}

/// Whom everybody hears: the network itself where ties are mutual, else it is turned round.
struct Heard(Option<Csr>);

impl Heard {
    fn new(network: &Network) -> Self {
        // Generated and computed ties are mutual; those of a file need not be.
        let Ties::Stored(ties) = &network.ties else { return Self(None) };
        Self(network.ids.is_some().then(|| turned(ties)))
    }

    /// The lists of whom everybody hears, where they are stored.
    #[inline]
    fn stored<'a>(&'a self, network: &'a Network) -> Option<&'a Csr> {
        match (&self.0, &network.ties) {
            (Some(turned), _) => Some(turned),
            (None, Ties::Stored(ties)) => Some(ties),
            _ => None,
        }
    }

    /// Whom a consumer hears, written to `room` where ties are not stored.
    #[inline]
    fn of<'a>(&'a self, network: &'a Network, consumer: u32, room: &'a mut Vec<u32>) -> &'a [u32] {
        match self.stored(network) {
            Some(ties) => ties.of(consumer),
            None => network.hearers(consumer, room),
        }
    }
}

/// Row j of the turned ties holds every i in whose row j stands.
fn turned(ties: &Csr) -> Csr {
    const ROWS: u32 = 4_096;
    Csr::build(ties.n(), ties.n().div_ceil(ROWS), &|chunk, emit| {
        let rows = chunk * ROWS..(chunk * ROWS).saturating_add(ROWS).min(ties.n());
        for i in rows {
            ties.of(i).iter().for_each(|&j| emit(j, i));
        }
    })
}

/// Takes the consumers of other ranks out of some lists, hands them over to their owners, and
/// returns those whom the others hand over.
fn handed_over(link: &Link, shards: Shards, lists: &mut [Vec<u32>]) -> Vec<u32> {
    let own = link.own_agents(shards);
    let owners = link.owners(shards.count());
    let mut parcels = vec![Vec::new(); link.count()];
    for list in lists {
        for i in list.extract_if(.., |i| !own.contains(&*i)) {
            parcels[owners[shards.shard_of(i)]].push(i);
        }
    }
    link.deliver(parcels).concat()
}

/// The words of a bitmap with the bits of all consumers set.
fn everybody(n: u32) -> Vec<u64> {
    let mut words = vec![u64::MAX; n.div_ceil(64) as usize];
    if let (Some(last), true) = (words.last_mut(), !n.is_multiple_of(64)) {
        *last = (1 << (n % 64)) - 1;
    }
    words
}
