//! The search shelf: an open need looks for goods of its category.
//!
//! A visit shows a handful of offers of the category, drawn with weights
//! (1 + sales)^ω: what sold is ranked higher. The decider then chooses among what
//! was shown (two-stage choice: consideration set, then logit).

use crate::columns::Columns;
use crate::exchange::{Bins, Outbox};
use crate::market::message::{Exposure, flag};
use crate::market::platform::{Family, OfferState};
use crate::mechanism::Mechanism;
use crate::mechanism::homes::Homes;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::reach::any_slot;
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{ACTIVE, Environment, OpenNeed, World};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::pow;
use crate::quantity::time::Clock;
use crate::rng::lanes::{first_words, lane_words, long_words};
use crate::rng::sample::discrete::Alias;
use crate::rng::{Stream, unit};
use rayon::prelude::*;

/// Whether a need is searched for today.
const VISIT: Stream = Stream::new("search/visit");
/// What a visit shows.
const SHOWN: Stream = Stream::new("search/shown");

parameters! {
    /// The search shelf.
    pub struct Parameters {
        /// Share of an active consumer's item pages that go to searching.
        attention_share: f64 = "0.45", "1", 0.0, 1.0, A, "attention of the traditional preset";
        /// Offers that a visit compares.
        shown: u32 = "6", "offers", 1.0, 64.0, A, "assumed";
        /// Constant of the utility of what search shows.
        constant: f64 = "-2.6", "utility", -20.0, 20.0, A, "with an open need about two visits in three end in an order";
        /// Exponent ω of sales in the ranking.
        popularity_exponent: f64 = "0.5", "1", 0.0, 3.0, A, "assumed; rich get richer, but slowly";
        /// Persuasion of search among non-users; nobody is reached this way.
        join: f64 = "-30.0", "log-odds", -30.0, 10.0, A, "search is for members";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "search",
    summary: "Open needs search a shelf that ranks what sold",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[Channel {
        name: "search",
        summary: "searching the shelf for a need",
        organic: true,
        family: Family::Search,
    }],
    parameters: Parameters::DECLARED,
    streams: &[VISIT, SHOWN],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Search {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        shelves: Vec::new(),
    })
}

/// What visits show.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let visits = extent.activity * any_slot(extent.known.slots * p.attention_share);
    let near = extent.known.needs * visits * f64::from(p.shown) * extent.members;
    Load { near, bytes: 24.0 * extent.offers, ..Load::default() }
}

struct Search {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// Ranking of each category's offers.
    shelves: Vec<Option<Alias>>,
}

impl Mechanism for Search {
    fn start(&mut self, world: &mut World) {
        let terms = &mut world.platforms[self.platform].channels[self.channel as usize];
        terms.constant = self.p.constant;
        terms.join = self.p.join;
        terms.variants = true;
    }

    /// (sales) → the day's ranking.
    fn open(&mut self, world: &mut World, _at: Clock) {
        let offers = &world.platforms[self.platform].offers;
        let weight = |o: &OfferState| pow(1.0 + f64::from(o.demand), self.p.popularity_exponent);
        // Of all offers side by side: most may be of one category.
        let weights: Vec<f64> = offers.par_iter().map(weight).collect();
        let shelf = |ids: &Vec<u32>| {
            let weights: Vec<f64> = ids.iter().map(|&id| weights[id as usize]).collect();
            (!weights.is_empty()).then(|| Alias::new(&weights))
        };
        self.shelves = world.env.catalogue.by_category.par_iter().map(shelf).collect();
    }

    /// (open needs of active members) → what their visits show.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        if at.wave != 0 {
            return;
        }
        let World { env, platforms, attention, needs, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let (homes, live) = (Homes::new(platforms, attention), &platforms[self.platform].live);
        let slots = attention.slots_mean * self.p.attention_share;
        let (visits, key) = (any_slot(slots), env.key_of(self.platform));
        let day = Clock::start_of(at.day);
        out.send_with(&mut books, |shard, book, bins| {
            let (mut words, mut found) = (Vec::new(), Vec::new());
            let mut today: Vec<OpenNeed> =
                needs[shard].iter().filter(|need| live.get(need.consumer)).copied().collect();
            lane_words(env.key, ACTIVE, day, today.iter().map(|n| n.consumer), &mut words);
            keep(&mut today, &words, |n, w| attention.is_active_at(env, n.consumer, w));
            first_words(key, VISIT, at, today.iter().map(address), &mut words);
            let chance = |n: &OpenNeed| visits * homes.thinning(n.consumer, self.platform, slots);
            keep(&mut today, &words, |need, word| unit(word) < chance(need));
            book.tally.channels[self.channel as usize].exposed +=
                u64::from(self.p.shown) * today.len() as u64;
            // Two words an offer, four a block.
            let blocks = self.p.shown.div_ceil(2);
            long_words(key, SHOWN, at, blocks, today.iter().map(address), &mut words);
            for (need, words) in today.iter().zip(words.chunks_exact(4 * blocks as usize)) {
                self.show(env, *need, words, &mut found, bins);
            }
        });
        platforms[self.platform].books = books;
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, channel: _, shelves: _ } = self;
    }
}

/// The address of the draws of a need.
fn address(need: &OpenNeed) -> (u32, u32) {
    (need.consumer, u32::from(need.category))
}

/// Keeps the needs that pass, each with the word drawn for it.
fn keep(needs: &mut Vec<OpenNeed>, words: &[u32], passes: impl Fn(&OpenNeed, u32) -> bool) {
    let mut words = words.iter();
    needs.retain(|need| words.next().is_some_and(|&word| passes(need, word)));
}

impl Search {
    /// What one visit shows, by two words an offer; the same offer twice counts once.
    fn show(
        &self,
        env: &Environment,
        need: OpenNeed,
        words: &[u32],
        found: &mut Vec<u32>,
        bins: &mut Bins<'_, Exposure>,
    ) {
        let category = usize::from(need.category);
        let Some(shelf) = &self.shelves[category] else { return };
        let offers = &env.catalogue.by_category[category];
        let shown = words.chunks_exact(2).take(self.p.shown as usize);
        found.clear();
        found.extend(shown.map(|pair| offers[shelf.pick(pair[0], pair[1]) as usize]));
        // As they will be read: what arrives in order costs no sorting of messages.
        found.sort_unstable();
        for &offer in &*found {
            bins.push(Exposure {
                offer,
                category: need.category,
                flags: flag::NEED,
                ..Exposure::new(need.consumer, self.platform, self.channel)
            });
        }
    }
}
