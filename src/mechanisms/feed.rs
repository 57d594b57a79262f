//! The feed: browsing without a need, and what it makes people consider.
//!
//! An active member's slots in the feed are Poisson; of each a small share is
//! considered. The number considered is read from the same uniform word that tells
//! whether the consumer is active: below d·P(N ≥ k) at least k are considered, so a
//! day without any costs one comparison.
//!
//! With a recommender, a share of what a consumer is shown is picked for the consumer's
//! taste cluster: from the cluster's own offers by popularity, now and then anything.

use crate::columns::Columns;
use crate::exchange::{Bins, Outbox};
use crate::market::message::{Exposure, flag};
use crate::market::platform::Family;
use crate::market::popularity::Ranking;
use crate::mechanism::Mechanism;
use crate::mechanism::homes::Homes;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{ACTIVE, Environment, World, threshold};
use crate::parallel::{self, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::exp;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use crate::rng::lanes::word_pairs;
use crate::rng::neighbours::lanes_below;
use crate::rng::sample::count::poisson;
use crate::rng::sample::discrete::Alias;
use std::sync::Arc;

/// What the feed shows.
const SHOWN: Stream = Stream::new("feed/shown");
/// How many slots pass without being considered.
const PASSED: Stream = Stream::new("feed/passed");
/// Whether what is shown is picked for the consumer, and whether it is to explore.
const PERSONAL: Stream = Stream::new("feed/personal");
/// Who opted out of being known.
const CONSENT: Stream = Stream::new("feed/consent");
/// The taste cluster to which an offer appeals.
const APPEAL: Stream = Stream::new("feed/appeal");

parameters! {
    /// Browsing.
    pub struct Parameters {
        /// Share of an active consumer's item pages that go to the feed.
        attention_share: f64 = "0.50", "1", 0.0, 1.0, A, "attention of the traditional preset, its in-platform advertising included";
        /// Share of these item pages whose offer is considered for buying.
        consider_share: f64 = "0.06", "1", 0.0, 1.0, A, "with the constant: about 2 % of item pages end in an order (M: UserBehavior 2017)";
        /// Constant of the utility of what is seen in the feed.
        constant: f64 = "-0.6", "utility", -20.0, 20.0, A, "about one in three considered is bought";
        /// Exponent of sales in what is shown; the rest is exploration.
        popularity_exponent: f64 = "0.5", "1", 0.0, 3.0, A, "assumed";
        /// Share of what is shown that is picked for the consumer's taste cluster; at 0 tastes play
        /// no part.
        personal_share: f64 = "0.0", "1", 0.0, 1.0, A, "no recommender unless a scenario says more";
        /// Share of consumers who opted out of being known and see what everybody sees.
        opt_out_share: f64 = "0.0", "1", 0.0, 1.0, A, "nobody unless a scenario says more",
            where personal_share > 0;
        /// Share of what is picked for a consumer that is any offer, to explore.
        exploration_share: f64 = "0.1", "1", 0.0, 1.0, A, "assumed", where personal_share > 0;
        /// Utility that an offer to the consumer's taste has in the feed beyond others.
        match_utility: f64 = "0.5", "utility", 0.0, 10.0, A, "assumed", where personal_share > 0;
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "feed",
    summary: "Members browse and come upon goods without a need",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[Channel {
        name: "feed",
        summary: "browsing on the platform",
        organic: true,
        family: Family::Feed,
    }],
    parameters: Parameters::DECLARED,
    streams: &[SHOWN, PASSED, PERSONAL, CONSENT, APPEAL],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Feed {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        shown: None,
        tastes: None,
        categories: Vec::new(),
        below: Vec::new(),
        most: 0,
        rooms: Rooms::default(),
    })
}

/// What is considered while browsing.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let slots = extent.activity * extent.known.slots * p.attention_share;
    let near = slots * p.consider_share * extent.members;
    Load { near, bytes: 24.0 * extent.offers, ..Load::default() }
}

struct Feed {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// What is shown how often.
    shown: Option<Arc<Alias>>,
    /// What the recommender knows; none where nothing is picked for anybody.
    tastes: Option<Tastes>,
    /// Category of each offer.
    categories: Vec<u16>,
    /// By segment: a daily word below entry k considers more than k offers.
    below: Vec<Limits>,
    /// The largest first entry of all segments.
    most: u32,
    rooms: Rooms<Room>,
}

/// Room for what a shard considers.
#[derive(Debug, Default)]
struct Room {
    /// Who considers anything, with the daily word, then room that is kept.
    browsing: Vec<(u32, u32)>,
    /// The item pages, of which there may be fewer than rows: whose, and which of the day.
    pages: Vec<(u32, u32)>,
    words: Vec<[u32; 2]>,
}

/// The recommender's view of the offers.
struct Tastes {
    /// Taste cluster of each offer.
    of: Vec<u8>,
    /// Offers of each cluster.
    offers: Vec<Vec<u32>>,
    /// How often each offer of a cluster is picked; none for a cluster without offers.
    picked: Vec<Option<Arc<Alias>>>,
}

impl Tastes {
    fn new(env: &Environment) -> Self {
        let clusters = env.people.taste_clusters;
        let appeal = |k| env.key.draws(APPEAL, k, Clock::default(), 0).below(clusters) as u8;
        let of: Vec<u8> = (0..env.catalogue.offers.len() as u32).map(appeal).collect();
        let mut offers = vec![Vec::new(); clusters as usize];
        for (k, &taste) in of.iter().enumerate() {
            offers[usize::from(taste)].push(k as u32);
        }
        Self { of, offers, picked: Vec::new() }
    }

    /// (popularity) → tables of the day, cluster by cluster.
    fn rank(&mut self, ranking: &Ranking) {
        self.picked = parallel::map(&mut self.offers, |offers| ranking.of_some(offers));
    }
}

/// Considered offers that a day has room for; the mean is far below one.
const MOST_CONSIDERED: usize = 16;

/// Bounds of the daily word, falling.
type Limits = [u32; MOST_CONSIDERED];

impl Mechanism for Feed {
    fn start(&mut self, world: &mut World) {
        let terms = &mut world.platforms[self.platform].channels[self.channel as usize];
        terms.constant = self.p.constant;
        terms.join = -30.0;
        terms.variants = true;
        terms.matched = self.p.constant + self.p.match_utility;
        if self.p.personal_share > 0.0 {
            self.tastes = Some(Tastes::new(&world.env));
        }
        self.categories = world.env.catalogue.offers.iter().map(|offer| offer.category).collect();
        let mean = world.attention.slots_mean * self.p.attention_share * self.p.consider_share;
        let segments = &world.env.people.segments;
        self.below = segments.iter().map(|s| thresholds(s.activity, mean)).collect();
        self.most = self.below.iter().map(|b| b[0]).max().unwrap_or(0);
    }

    /// (sales) → what is shown; slots that pass unconsidered are only counted.
    fn open(&mut self, world: &mut World, at: Clock) {
        let platform = &mut world.platforms[self.platform];
        let ranking = platform.ranking(at.day, self.p.popularity_exponent);
        self.shown = Some(ranking.whole());
        if let Some(tastes) = &mut self.tastes {
            tastes.rank(&ranking);
        }
        let people = &world.env.people;
        let activity: f64 =
            people.segments.iter().zip(&people.shares).map(|(s, w)| s.activity * w).sum();
        let slots =
            world.attention.slots_mean * self.p.attention_share * activity * platform.attending;
        let mut draws = world.env.key.draws(PASSED, self.platform as u32, at, 0);
        let passed = poisson(&mut draws, slots * (1.0 - self.p.consider_share));
        platform.books[0].tally.channels[self.channel as usize].exposed += passed;
    }

    /// (live members) → what they consider while browsing.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        if at.wave != 0 {
            return;
        }
        let World { env, platforms, attention, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let (homes, live) = (Homes::new(platforms, attention), &platforms[self.platform].live);
        out.send_with(&mut books, |shard, book, bins| {
            self.rooms.lent(|room| {
                let first = env.consumers.range(shard).start;
                let members = (first, live.of_shard(env.consumers, shard));
                let n_pages = self.browse((env, homes), at, members, room);
                book.tally.channels[self.channel as usize].exposed += n_pages as u64;
                let pages = room.pages[..n_pages].iter().copied();
                word_pairs(env.key_of(self.platform), SHOWN, at, pages, &mut room.words);
                self.come_upon(env, at, room, bins);
            });
        });
        platforms[self.platform].books = books;
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, channel: _, shown: _, tastes: _, .. } = self;
    }
}

impl Feed {
    /// The members of a shard, as bits from a consumer on: lists the item pages that they consider,
    /// from the front of their column. Returns how many there are.
    fn browse(
        &self,
        (env, homes): (&Environment, Homes<'_>),
        at: Clock,
        members: (u32, &[u64]),
        Room { browsing, pages, .. }: &mut Room,
    ) -> usize {
        let morning = Clock::start_of(at.day);
        let n_browsing = lanes_below(env.key, ACTIVE, morning, members, self.most, browsing);
        let most = MOST_CONSIDERED * n_browsing;
        if pages.len() < most {
            pages.resize(most, (0, 0));
        }
        let (below, places) = (&self.below[..], &mut pages[..]);
        let segments = env.people.segment_column();
        let mut n = 0;
        for &(consumer, word) in &browsing[..n_browsing] {
            let limits = &below[usize::from(segments.of(consumer))];
            // None, one or two cannot be foreseen: both are written always. More are rare.
            (places[n], places[n + 1]) = ((consumer, 0), (consumer, 1));
            n += usize::from(word < limits[0]) + usize::from(word < limits[1]);
            let mut page = 2;
            while page < MOST_CONSIDERED && word < limits[page] {
                places[n] = (consumer, page as u32);
                n += 1;
                page += 1;
            }
        }
        if homes.is_single() {
            return n;
        }
        pages.truncate(n);
        let here = |&(i, page): &(u32, u32)| homes.has_page(env, (i, at.day, page), self.platform);
        pages.retain(here);
        pages.len()
    }

    /// What the consumers' item pages show, by two words drawn for each.
    fn come_upon(&self, env: &Environment, at: Clock, room: &Room, bins: &mut Bins<'_, Exposure>) {
        let pages = room.pages.iter().zip(&room.words);
        let categories = &self.categories[..];
        let exposure =
            Exposure { flags: flag::IMPULSE, ..Exposure::new(0, self.platform, self.channel) };
        let of = move |to: u32, offer: u32| Exposure {
            to,
            offer,
            category: categories[offer as usize],
            ..exposure
        };
        match (&self.tastes, &self.shown) {
            (Some(tastes), _) => bins.push_all_near(pages.map(|(&(to, item), &words)| {
                let (offer, matched) = self.recommend(env, tastes, (to, at, item), words);
                let exposure = of(to, offer);
                Exposure { flags: exposure.flags | matched, ..exposure }
            })),
            (None, Some(shown)) => {
                let pick = shown.picks();
                bins.push_all_near(pages.map(|(&(to, _), &[one, two])| of(to, pick(one, two))));
            }
            (None, None) => {}
        }
    }
}

impl Feed {
    /// What anybody is shown.
    fn anything(&self, [word0, word1]: [u32; 2]) -> u32 {
        self.shown.as_ref().map_or(0, |alias| alias.pick(word0, word1))
    }

    /// What a consumer with a taste is shown, and the flag of a match.
    fn recommend(
        &self,
        env: &Environment,
        tastes: &Tastes,
        (consumer, at, item): (u32, Clock, u32),
        words: [u32; 2],
    ) -> (u32, u8) {
        let taste = env.people.taste(consumer, env.key);
        let key = env.key_of(self.platform);
        let mut draws = key.draws(PERSONAL, consumer, at, item);
        let known = draws.chance(self.p.personal_share)
            && key.unit(CONSENT, consumer, Clock::default(), 0) >= self.p.opt_out_share;
        let explores = draws.chance(self.p.exploration_share);
        let own = tastes.picked[usize::from(taste)].as_ref().filter(|_| known && !explores);
        let offer = match own {
            Some(table) => {
                tastes.offers[usize::from(taste)][table.pick(words[0], words[1]) as usize]
            }
            None if known && explores => draws.below(tastes.of.len() as u32),
            None => self.anything(words),
        };
        let matched = tastes.of[offer as usize] == taste;
        (offer, if matched { flag::MATCH } else { 0 })
    }
}

/// Entry k: d·P(N > k) as a threshold of a word, N Poisson with the given mean.
fn thresholds(activity: f64, mean: f64) -> Limits {
    let mut mass = exp(-mean);
    let mut tail = 1.0 - mass;
    let mut limits = [0; MOST_CONSIDERED];
    for (k, limit) in limits.iter_mut().enumerate() {
        *limit = threshold((activity * tail).max(0.0));
        mass *= mean / (k + 1) as f64;
        tail -= mass;
    }
    limits
}
