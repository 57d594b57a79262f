//! What a run will need, before anything is allocated.
//!
//! The columns of the world are counted, mechanisms say what they need (`mechanism::load`),
//! and the messages between them follow from what they send. Arms run one after the other, so
//! that the largest arm counts; what is needed only while the network is made counts where it
//! is more than a run needs.

use super::{sweeps_ties, trades, uses_followers};
use crate::market::catalogue::Offer;
use crate::market::member::Member;
use crate::market::message::{Answer, Exposure, Order};
use crate::market::platform::{Inventory, OfferState};
use crate::mechanism::load::{Extent, Load, kept, members};
use crate::network;
use crate::parallel::Shards;
use crate::scenario::{Arm, Scenario, Setting};

/// The memory that one replicate takes, part by part.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// (what, bytes), in order of building.
    pub parts: Vec<(&'static str, u64)>,
}

impl Estimate {
    /// All parts together, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.1).sum()
    }
}

/// The program without a world: its code, the scenario, the texts of tables.
const PROGRAM_BYTES: f64 = 8.8e6;
/// What a day leaves in tables until the end of a run, a platform.
const DAY_BYTES: f64 = 5.5e3;
/// Lists that grow and shrink leave gaps between them, given back now and then: a share of what they
/// take, in large worlds as in small ones,
const GAPS: f64 = 0.08;
/// and as large a share again as this while lists are short, up to so many bytes: long ones lie in memory
/// of their own, and leave none when they go. Both are measured, from 10⁵ to 3·10⁸ consumers.
const SHORT_GAPS: f64 = 0.36;
const MOST_SHORT_GAPS_BYTES: f64 = 9e6;
/// Times that mechanisms are asked: the longest way from one to the other, and back.
const ROUNDS: usize = 10;
/// Sorters at work at a time, where nobody says how many threads there will be.
const SORTERS: f64 = 2.0;

/// The memory of one replicate of `n` consumers.
#[must_use]
pub fn estimate(scenario: &Scenario, n: u32) -> Estimate {
    let mut largest = Estimate::default();
    for arm in &scenario.arms {
        let estimate = of_arm(scenario, arm, n);
        if estimate.total_bytes() > largest.total_bytes() {
            largest = estimate;
        }
    }
    let building =
        network::building_bytes(&scenario.network, n) + people(scenario, n) + PROGRAM_BYTES as u64;
    let more = building.saturating_sub(largest.total_bytes());
    largest.parts.push(("more while the network is made", more));
    largest.parts.retain(|part| part.1 > 0);
    largest
}

/// The network in the form in which the arms read it.
fn network_bytes(scenario: &Scenario, n: u32) -> u64 {
    let bytes = if sweeps_ties(scenario) { network::estimate_bytes } else { network::packed_bytes };
    bytes(&scenario.network, n)
}

/// A byte for everybody's segment, where there are several.
fn people(scenario: &Scenario, n: u32) -> u64 {
    if scenario.segments.len() > 1 { u64::from(n) } else { 0 }
}

/// The memory of one arm.
fn of_arm(scenario: &Scenario, arm: &Arm, n: u32) -> Estimate {
    let sums = Sums::new(scenario, arm, n);
    let platforms = arm.platforms.len() as f64;
    // Where nobody is or can become a member there are no records.
    let record = if trades(arm, scenario.start.registered_share) { size_of::<Member>() } else { 0 };
    let members = platforms * (record as f64 + 1.0 / 8.0);
    let state = size_of::<OfferState>() + size_of::<Inventory>();
    let offer = size_of::<Offer>() as f64 + 4.0 + platforms * state as f64;
    let Extent { consumers, offers, days, .. } = sums.extent;
    let followed = uses_followers(scenario);
    let follows = if followed { scenario.population.follows_mean } else { 0.0 };
    let messages = sums.messages();
    let lists = messages + sums.bytes;
    let gaps = GAPS * lists + (SHORT_GAPS * lists).min(MOST_SHORT_GAPS_BYTES);
    // Before they are packed they take more than five bytes each besides, while there are no
    // messages yet, nor gaps between these.
    let later = messages * (1.0 + gaps / lists.max(1.0));
    let drawing = (5.5 * follows * consumers - later).max(0.0);
    let parts = [
        ("program", PROGRAM_BYTES),
        ("network", network_bytes(scenario, n) as f64),
        ("followers", 2.0 * follows * consumers + drawing),
        ("consumers", people(scenario, n) as f64 + consumers * members),
        ("offers", offers * offer),
        ("mechanisms", sums.bytes),
        ("messages", messages),
        ("gaps between lists", gaps),
        ("tables", days * DAY_BYTES * platforms),
    ];
    Estimate { parts: parts.map(|(what, bytes)| (what, bytes as u64)).to_vec() }
}

/// What the mechanisms of an arm say together.
struct Sums {
    /// With what is known of all platforms.
    extent: Extent,
    /// State of all mechanisms.
    bytes: f64,
}

impl Sums {
    /// Asks all mechanisms until each knows what it needs from the others: item pages and
    /// needs, then members, then exposures, then orders.
    fn new(scenario: &Scenario, arm: &Arm, n: u32) -> Self {
        let mut world = extent(scenario, arm, n);
        let mut own = vec![world; arm.platforms.len()];
        for _ in 0..ROUNDS {
            let common = asked(&arm.mechanisms, &world);
            let pairs = arm.platforms.iter().zip(&own);
            let loads: Vec<Load> = pairs.map(|(one, own)| asked(&one.mechanisms, own)).collect();
            world.known = loads.iter().copied().chain([common]).sum();
            for (own, load) in own.iter_mut().zip(&loads) {
                let share = members(scenario.start.registered_share, world.days, load);
                own.members = share * world.consumers;
            }
            world.members = own.iter().map(|one| one.members).sum();
            // Who is a member of several platforms divides attention among them.
            let strangers = |one: &Extent| 1.0 - one.members / one.consumers;
            let some = 1.0 - own.iter().map(strangers).product::<f64>();
            let divided = some * world.consumers / world.members.max(1.0);
            for (own, load) in own.iter_mut().zip(&loads) {
                // Of all orders a platform has its share of all exposures.
                let part = (load.near + load.far) / (world.known.near + world.known.far).max(1.0);
                let slots = divided * world.known.slots;
                own.known = Load { orders: part * world.known.orders, slots, ..world.known };
            }
            world.members = some * world.consumers;
        }
        Self { extent: world, bytes: world.known.bytes }
    }

    /// Messages between senders and receivers, with the room that lists keep.
    fn messages(&self) -> f64 {
        let Extent { shards, offer_shards, days, known, .. } = self.extent;
        let Load { near, far, orders, .. } = known;
        let seen = near + far;
        // Most orders are placed in the wave in which people browse.
        let placed = orders * (near + far / 2.0) / (near + 1.5 * far).max(1.0);
        let sorter = SORTERS * (seen / shards) * (size_of::<Exposure>() + 16) as f64;
        kept(seen, shards, days, size_of::<Exposure>())
            + kept(far, shards, days, size_of::<Exposure>())
            + sorter
            + kept(placed, shards, days, size_of::<Order>())
            + kept(placed, offer_shards, days, size_of::<Order>() + size_of::<Answer>())
            + kept(placed, shards, days, size_of::<Answer>())
    }
}

/// What settings that are on say together.
fn asked(settings: &[Setting], extent: &Extent) -> Load {
    let on = settings.iter().filter(|setting| setting.enabled);
    on.filter_map(|setting| setting.spec.load.map(|load| load(&setting.values, extent))).sum()
}

/// How large an arm is, before any mechanism is asked.
fn extent(scenario: &Scenario, arm: &Arm, n: u32) -> Extent {
    let Scenario { market, network, population, segments, start, .. } = scenario;
    let offers = u64::from(market.merchants) * u64::from(market.offers_per_merchant);
    let sharers = if market.budget_of == "arm" { arm.platforms.len() as f64 } else { 1.0 };
    let weights: f64 = segments.iter().map(|segment| segment.weight).sum();
    let activity: f64 = segments.iter().map(|segment| segment.weight * segment.activity).sum();
    Extent {
        consumers: f64::from(n),
        shards: Shards::of(n).count() as f64,
        offers: offers as f64,
        offer_shards: Shards::of(offers.min(u64::from(u32::MAX)) as u32).count() as f64,
        neighbourhoods: (f64::from(n) / f64::from(network.neighbourhood_size.max(1))).ceil(),
        degree: network.mean_degree.min(f64::from(n) - 1.0),
        follows: population.follows_mean,
        days: f64::from(scenario.days) + f64::from(start.burn_in_days),
        activity: activity / weights,
        budget_fen: market.marketing_budget_fen_per_consumer_day / sharers,
        members: start.registered_share * f64::from(n),
        known: Load::default(),
    }
}
