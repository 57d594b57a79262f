//! Outside advertising: paid contacts with people who are not members.
//!
//! A daily spend reaches N₀(1 − exp(−spend/(cost·N₀))) of the N₀ non-users: the more
//! is spent, the more contacts fall on people already reached.

use crate::columns::Columns;
use crate::exchange::Outbox;
use crate::market::ledger::Line;
use crate::market::message::Exposure;
use crate::market::platform::Family;
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load, persuaded};
use crate::mechanism::scattered::Scattered;
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parallel::Rooms;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::exp;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use crate::rng::sample::count::poisson;

/// Who is reached, in blocks of 64 consumers.
const CONTACT: Stream = Stream::new("outside_ads/contact");
/// How many are reached in all.
const TOTAL: Stream = Stream::new("outside_ads/total");

parameters! {
    /// Advertising outside the platform.
    pub struct Parameters {
        /// Share of the marketing budget.
        budget_share: f64 = "1.0", "1", 0.0, 1.0, A, "the only use of the budget unless a preset says more";
        /// Price of one contact.
        cost_per_contact_fen: f64 = "5.0", "fen", 0.01, 100_000.0, A, "about 50 yuan a thousand";
        /// Persuasion of a contact, against the resistance.
        join: f64 = "-7.8", "log-odds", -30.0, 10.0, A, "to cost 80 to 200 yuan a new member, as filings give (cac_china.csv)";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "outside_ads",
    summary: "Paid contacts outside the platform bring non-users, with diminishing reach",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: true,
    channels: &[Channel {
        name: "outside_ads",
        summary: "advertising outside the platform",
        organic: false,
        family: Family::Outside,
    }],
    parameters: Parameters::DECLARED,
    streams: &[CONTACT, TOTAL],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(OutsideAds {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        reach: 0.0,
        rooms: Rooms::default(),
    })
}

/// Who is won by the budget's contacts while all are strangers.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let reach = 1.0 - exp(-extent.budget_fen * p.budget_share / p.cost_per_contact_fen);
    Load { outside: reach * persuaded(p.join), ..Load::default() }
}

struct OutsideAds {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// Probability that a non-user is reached today.
    reach: f64,
    /// Room for whom a shard's contacts reach.
    rooms: Rooms<Vec<u32>>,
}

impl Mechanism for OutsideAds {
    fn start(&mut self, world: &mut World) {
        let platform = &mut world.platforms[self.platform];
        let terms = &mut platform.channels[self.channel as usize];
        terms.join = self.p.join;
        terms.advert = true;
        terms.thinning = platform.resistance.most_persuaded(self.p.join);
    }

    /// (budget, non-users) → today's reach and its price.
    fn open(&mut self, world: &mut World, at: Clock) {
        let env = &world.env;
        let platform = &mut world.platforms[self.platform];
        let outsiders = (u64::from(env.consumers.n()) - platform.n_live) as f64;
        let spend = platform.allotment(self.p.budget_share);
        if outsiders == 0.0 || spend == Fen::ZERO {
            self.reach = 0.0;
            platform.idle_contact = 0.0;
            return;
        }
        self.reach = 1.0 - exp(-(spend.0 as f64) / (self.p.cost_per_contact_fen * outsiders));
        platform.ledger.post(Line::OutsideAds, spend);
        // The contacts that persuade nobody are only counted.
        let thinning = platform.channels[self.channel as usize].thinning;
        platform.idle_contact = self.reach * (1.0 - thinning);
        let mean = outsiders * self.reach * (1.0 - thinning);
        let mut draws = env.key.draws(TOTAL, self.platform as u32, at, 0);
        let unmoved = poisson(&mut draws, mean);
        platform.books[0].tally.channels[self.channel as usize].exposed += unmoved;
    }

    /// (non-users) → contacts with those who might be persuaded.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        if at.wave != 0 || self.reach == 0.0 {
            return;
        }
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let channel = self.channel as usize;
        let contacts = Scattered {
            key: env.key_of(self.platform),
            stream: CONTACT,
            at,
            item: 0,
            probability: self.reach * platform.channels[channel].thinning,
        };
        let live = &platform.live;
        out.send_with(&mut platform.books, |shard, book, bins| {
            self.rooms.lent(|reached| {
                reached.clear();
                contacts.among(&env.consumers.range(shard), |consumer| reached.push(consumer));
                // Who is a member cannot be foreseen: everybody takes the next place.
                let mut n = 0;
                for k in 0..reached.len() {
                    reached[n] = reached[k];
                    n += usize::from(!live.get(reached[k]));
                }
                book.tally.channels[channel].exposed += n as u64;
                let exposure = Exposure::new(0, self.platform, self.channel);
                let reached = reached[..n].iter();
                // One each, in the order of the consumers.
                bins.begin_run();
                bins.push_all_near(reached.map(|&to| Exposure { to, ..exposure }));
            });
        });
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, channel: _, reach: _, rooms: _ } = self;
    }
}
