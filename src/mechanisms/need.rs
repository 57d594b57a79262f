//! Needs and lapse: why consumers come back, and when they stop.
//!
//! Needs of consumer i arise as a Poisson process with rate λ·income·Γ_i,
//! Γ_i ~ Gamma(r, 1/r); after each repeat order a member may lapse with probability
//! p_i ~ Beta(a, b), shifted in log-odds by satisfaction, trust and friends. With
//! every need bought and no shifts, orders are exactly those of BG/NBD (Fader,
//! Hardie & Lee 2005, doi 10.1287/mksc.1040.0098).

mod crowd;
mod cuts;
mod habits;
mod lapse;
mod list;

use crate::columns::{Columns, Tenure};
use crate::exchange::link::Link;
use crate::exchange::{AHEAD, Inbox, ahead, nearest};
use crate::market::member::Bitmap;
use crate::market::message::{Answer, Order, flag};
use crate::market::platform::Platform;
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, OpenNeed, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel::{self, Column, Rooms, Shards};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_ln;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use crate::rng::lanes::{add_exponentials, first_words, word_pairs};
use crate::rng::neighbours::rows_below;
use crate::simd::{column, prefetch};
use crowd::Crowd;
use cuts::Cuts;
use habits::Habits;
use lapse::Doubtful;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A consumer's Γ.
const RATE: Stream = Stream::new("need/rate");
/// The time to the next need, and its category.
const NEXT: Stream = Stream::new("need/next");
/// A consumer's probability of lapsing.
const LAPSE_RATE: Stream = Stream::new("need/lapse_rate");
/// Whether what somebody of the household bought fills a need.
const HOUSEHOLD: Stream = Stream::new("need/household");
/// Whether a member lapses after an order.
const LAPSE: Stream = Stream::new("need/lapse");

parameters! {
    /// How needs arise and how members are lost.
    pub struct Parameters {
        /// Mean needs of a consumer of mean income, all categories together.
        needs_per_day: f64 = "0.07", "needs/day", 0.0, 10.0, A, "chosen so that a registered consumer orders 0.08 to 0.10 times a day in all, as observed at scale (D: 50 m orders a day on 487 m monthly users)";
        /// Shape r of the Gamma law of needs between consumers.
        rate_shape: f64 = "0.243", "1", 0.01, 1_000.0, M, "BG/NBD fitted to CDNOW; a music store, shape only";
        /// Days for which an unfilled need stays open.
        patience_days: u16 = "3", "days", 1.0, 365.0, A, "assumed";
        /// Probability that what somebody buys for a need fills the same need of another member
        /// of the household; only a community network has households.
        household_fills: f64 = "0.0", "1", 0.0, 1.0, A, "everybody buys for themselves unless the scenario says more";
        /// First parameter a of the Beta law of lapsing after a repeat order; 0 switches lapse off.
        lapse_a: f64 = "0.10", "1", 0.0, 1_000.0, A, "CDNOW's 0.793 is for a shop with one order in 18 weeks; everyday goods are ordered 15 times as often";
        /// Second parameter b of that law.
        lapse_b: f64 = "2.426", "1", 0.01, 1_000.0, M, "BG/NBD fitted to CDNOW; a music store, shape only";
        /// Log-odds of lapsing taken away by full instead of middling satisfaction.
        lapse_satisfaction: f64 = "1.0", "log-odds", 0.0, 20.0, A, "sign only";
        /// Log-odds of lapsing taken away by full instead of middling trust.
        lapse_trust: f64 = "1.0", "log-odds", 0.0, 20.0, A, "sign only";
        /// Log-odds added for members whom a friend brought.
        lapse_referred: f64 = "-0.2", "log-odds", -20.0, 20.0, A, "to give at least 16 % more lifetime value (V: Schmitt et al. 2011)";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "need",
    summary: "Needs arise by a consumer's own rate and stay open a few days; members lapse",
    scope: Scope::World,
    role: Role::Process,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[RATE, NEXT, HOUSEHOLD, LAPSE_RATE, LAPSE],
    load: Some(load),
    build,
};

/// No need in sight.
const NEVER: u32 = u32::MAX;
/// So many who have another need on the same day are worth columns of their own.
const MANY_MORE: usize = 16;
/// Steps of the need clock in a day: 1.3 seconds each.
const STEPS: f64 = 65_536.0;

fn build(values: &Values, _placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let (next, habits) = (Column::default(), Column::default());
    Box::new(Need { p, shards: None, next, habits, cuts: Cuts::default(), desks: Rooms::default() })
}

/// Clocks and habits of everybody, and the needs that are open.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    // About half of them are filled before the last of their days.
    let needs = 0.5 * p.needs_per_day * f64::from(p.patience_days);
    let clocks = extent.consumers * (size_of::<u32>() + size_of::<Habits>()) as f64;
    let open = kept(needs * extent.members, extent.shards, extent.days, size_of::<OpenNeed>());
    Load { bytes: clocks + open, needs, ..Load::default() }
}

struct Need {
    p: Parameters,
    /// Shards of the consumers, once they are known.
    shards: Option<Shards>,
    /// When each consumer's next need arises, in 1/65536 days since day 0.
    next: Column<u32>,
    /// What is drawn of each consumer once, when first asked for: dear to draw, often needed.
    habits: Column<Habits>,
    /// What tells a need's category by a word drawn for it.
    cuts: Cuts,
    desks: Rooms<Desk>,
}

/// Room for the work of one shard.
#[derive(Debug, Default)]
struct Desk {
    /// Rows that are worked on.
    rows: Vec<u32>,
    words: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    categories: Vec<u32>,
    /// Exponential numbers by which the gaps to the next needs are made.
    gaps: Vec<f64>,
    /// What habits are drawn in.
    crowd: Crowd,
    /// New needs, by consumer and category, and what is to be put in order among them.
    new: Vec<u64>,
    tail: Vec<u64>,
    /// Old and new needs, in order.
    all: Vec<OpenNeed>,
    /// Orders after which somebody might lapse.
    doubtful: Vec<Doubtful>,
    /// Needs that were filled: whose, and of which category.
    filled: Vec<(u32, u16)>,
}

/// The clock `gap` days after `from`.
fn after(from: u32, gap_days: f64) -> u32 {
    let steps = f64::from(from) + gap_days * STEPS;
    if steps < f64::from(NEVER) { steps as u32 } else { NEVER }
}

/// The time of the need clock at which a day is over.
fn evening(at: Clock) -> u32 {
    (u32::from(at.day) + 1) << 16
}

/// The consumers of one shard.
struct Room<'a> {
    p: &'a Parameters,
    env: &'a Environment,
    first: u32,
    next: &'a mut [u32],
    habits: &'a mut [Habits],
    cuts: &'a Cuts,
    desks: &'a Rooms<Desk>,
}

impl Need {
    /// The rooms of all shards.
    fn rooms<'a>(&'a mut self, env: &'a Environment) -> Vec<Room<'a>> {
        let Self { p, shards: _, next, habits, cuts, desks } = self;
        let (p, cuts, desks, shards) = (&*p, &*cuts, &*desks, env.consumers);
        let columns = next.by_shard(shards).into_iter().zip(habits.by_shard(shards));
        let room = |(shard, (next, habits))| {
            let first = env.consumers.range(shard).start;
            Room { p, env, first, next, habits, cuts, desks }
        };
        columns.enumerate().map(room).collect()
    }

    /// Starts the clocks of everybody who joined on `day`, from the morning of `from`.
    fn start_clocks(&mut self, world: &World, day: u16, from: u16) {
        let joined = |shard| world.platforms.iter().flat_map(move |p| &p.joined[shard]);
        parallel::each(&mut self.rooms(&world.env), |shard, room| {
            room.start(joined(shard).copied(), day, from);
        });
    }
}

impl Room<'_> {
    /// Starts the clocks of consumers who joined.
    fn start(&mut self, joined: impl Iterator<Item = u32>, day: u16, from: u16) {
        let (desks, first) = (self.desks, self.first);
        desks.lent(|Desk { rows, words, gaps, crowd, .. }| {
            rows.clear();
            rows.extend(joined.map(|consumer| consumer - first));
            self.keep_idle(rows);
            self.get_to_know(rows, crowd);
            let addresses = rows.iter().map(|row| (first + row, 0));
            first_words(self.env.key, NEXT, Clock { day, wave: 15 }, addresses, words);
            gaps.clear();
            add_exponentials(words, gaps);
            for (&row, &gap) in rows.iter().zip(&*gaps) {
                let gap_days = self.habits(row as usize).gap_days(gap);
                self.next[row as usize] = after(u32::from(from) << 16, gap_days);
            }
        });
    }

    /// Keeps those whose clocks do not run, and asks for what is read of them.
    fn keep_idle(&self, rows: &mut Vec<u32>) {
        let segments = self.env.people.segment_column();
        let touch = |row: u32| {
            prefetch(self.next, row as usize);
            prefetch(self.habits, row as usize);
            segments.touch(self.first + row);
        };
        nearest(rows).iter().for_each(|row| touch(*row));
        let mut kept = 0;
        for k in 0..rows.len() {
            if let Some(later) = rows.get(k + AHEAD) {
                touch(*later);
            }
            let row = rows[k];
            rows[kept] = row;
            kept += usize::from(self.next[row as usize] == NEVER);
        }
        rows.truncate(kept);
    }

    /// Draws the habits of consumers where they are not known, many at a time.
    fn get_to_know(&mut self, rows: &[u32], crowd: &mut Crowd) {
        const MANY: usize = 256;
        if !Crowd::suits(self.p) {
            return;
        }
        let (p, first, habits) = (self.p, self.first, &mut *self.habits);
        let source = (self.env.key, &self.env.people);
        for rows in rows.chunks(MANY) {
            let is_unknown = |row: &&u32| !habits[**row as usize].are_known();
            let unknown: SmallVec<[u32; MANY]> = rows.iter().filter(is_unknown).copied().collect();
            let mut places = unknown.iter();
            crowd.draw(p, source, unknown.iter().map(|row| first + row), |drawn| {
                if let Some(row) = places.next() {
                    habits[*row as usize] = drawn;
                }
            });
        }
    }

    /// The habits of a consumer, drawn when first asked for.
    #[inline]
    fn habits(&mut self, row: usize) -> Habits {
        let habits = &mut self.habits[row];
        if !habits.are_known() {
            *habits =
                Habits::draw(self.p, (self.env.key, &self.env.people), self.first + row as u32);
        }
        *habits
    }

    /// The needs of a shard that arise before the day is over, and the next ones' times: everybody's
    /// first, then the second of those who have another, and so on.
    fn arise(&mut self, at: Clock, open: &mut Vec<OpenNeed>, desk: &mut Desk) {
        desk.rows.clear();
        desk.new.clear();
        rows_below(self.next, evening(at), &mut desk.rows);
        for ordinal in 0.. {
            let known = desk.new.len();
            if ordinal == 0 || desk.rows.len() >= MANY_MORE {
                self.arise_once(at, ordinal, desk);
                self.go_on(evening(at), &mut desk.rows, &desk.gaps);
            } else {
                self.arise_singly(at, ordinal, desk);
            }
            if ordinal > 0 {
                list::merge(&mut desk.new, known, &mut desk.tail);
            }
            if desk.rows.is_empty() {
                break;
            }
        }
        let expires = at.day + self.p.patience_days - 1;
        list::renew(open, &desk.new, [at.day, expires], &mut desk.all);
        std::mem::swap(open, &mut desk.all);
    }

    /// Adds a need of everybody on the desk, and draws the gaps after them.
    fn arise_once(&self, at: Clock, ordinal: u32, desk: &mut Desk) {
        let Desk { rows, words, pairs, categories, gaps, new, .. } = desk;
        let addresses = rows.iter().map(|row| (self.first + row, ordinal));
        word_pairs(self.env.key, NEXT, at, addresses, pairs);
        words.clear();
        words.extend(pairs.iter().map(|pair| pair[0]));
        self.cuts.find_categories(words, categories);
        words.clear();
        words.extend(pairs.iter().map(|pair| pair[1]));
        gaps.clear();
        add_exponentials(words, gaps);
        let number =
            |(row, category): (&u32, &u32)| list::number(self.first + row, *category as u16);
        new.extend(rows.iter().zip(&*categories).map(number));
    }

    /// Adds the needs of everybody on the desk until the day is over, one by one.
    fn arise_singly(&mut self, at: Clock, first: u32, desk: &mut Desk) {
        let known = desk.new.len();
        for row in desk.rows.drain(..) {
            let (consumer, habits) = (self.first + row, self.habits(row as usize));
            let next = &mut self.next[row as usize];
            for ordinal in first.. {
                let mut draws = self.env.key.draws(NEXT, consumer, at, ordinal);
                desk.new.push(list::number(consumer, self.cuts.category(draws.word())));
                let gap_days = habits.gap_days(-quick_ln(draws.unit())).max(1.0 / STEPS);
                *next = after(*next, gap_days);
                if *next >= evening(at) {
                    break;
                }
            }
        }
        desk.new[known..].sort_unstable();
    }

    /// Sets clocks on by gaps; who is left has another need before the day is over.
    fn go_on(&mut self, end: u32, rows: &mut Vec<u32>, gaps: &[f64]) {
        nearest(rows).iter().for_each(|row| prefetch(self.habits, *row as usize));
        let mut left = 0;
        for (k, &gap) in gaps.iter().enumerate().take(rows.len()) {
            if let Some(later) = rows.get(k + AHEAD) {
                prefetch(self.habits, *later as usize);
            }
            let row = rows[k];
            let gap_days = self.habits(row as usize).gap_days(gap).max(1.0 / STEPS);
            let next = &mut self.next[row as usize];
            *next = after(*next, gap_days);
            rows[left] = row;
            left += usize::from(*next < end);
        }
        rows.truncate(left);
    }
}

/// Largest distance between members of a household.
const HOUSEHOLD_REACH: u32 = 16;

/// Whose purchases fill whose needs at home.
struct Homes<'a> {
    env: &'a Environment,
    /// With what probability.
    fills: f64,
    at: Clock,
    /// Orders of the other ranks' shards that border on their neighbours.
    next_door: BTreeMap<usize, Vec<Order>>,
}

/// The orders of all ranks' first and last shards that are not the own rank's.
fn next_door(link: &Link, placed: &[Vec<Order>]) -> BTreeMap<usize, Vec<Order>> {
    if link.is_alone() {
        return BTreeMap::new();
    }
    let own = link.own(placed.len());
    let border = own.clone().filter(|k| *k == own.start || *k + 1 == own.end);
    let border: Vec<_> = border.map(|shard| (shard, placed[shard].clone())).collect();
    let mut all: BTreeMap<_, _> = link.gather(border).into_iter().flatten().collect();
    all.retain(|shard, _| !own.contains(shard));
    all
}

impl Homes<'_> {
    /// Adds the open needs of a shard that others of the household filled; a household may
    /// lie in two shards. Orders are sorted by consumer.
    fn fill(
        &self,
        shard: usize,
        placed: &[Vec<Order>],
        open: &[OpenNeed],
        filled: &mut Vec<(u32, u16)>,
    ) {
        let own = self.env.consumers.range(shard);
        let near = own.start.saturating_sub(HOUSEHOLD_REACH)..own.end + HOUSEHOLD_REACH;
        let near_by = placed.iter().enumerate().take(shard + 2).skip(shard.saturating_sub(1));
        for (place, own_rank) in near_by {
            let orders = self.next_door.get(&place).unwrap_or(own_rank);
            let from = orders.partition_point(|order| order.consumer < near.start);
            let orders = orders[from..].iter().take_while(|order| order.consumer < near.end);
            for order in orders.filter(|order| order.flags & flag::NEED != 0) {
                let category = self.env.catalogue.offers[order.offer as usize].category;
                let home = self.env.society.household(order.consumer, self.env.consumers.n());
                let others = home.filter(|i| own.contains(i) && *i != order.consumer);
                let needs = |i: &u32| list::has(open, *i, category);
                let gets =
                    |i: &u32| self.env.key.unit(HOUSEHOLD, *i, self.at, order.offer) < self.fills;
                filled.extend(others.filter(needs).filter(gets).map(|i| (i, category)));
            }
        }
        filled.sort_unstable();
    }
}

impl Mechanism for Need {
    fn start(&mut self, world: &mut World) {
        let own = world.own_consumers();
        self.shards = Some(world.env.consumers);
        self.next = Column::new(own.start, column(own.len(), || NEVER));
        self.habits = Column::new(own.start, column(own.len(), || Habits::UNKNOWN));
        self.cuts = Cuts::of(&world.env.catalogue);
        if self.p.household_fills > 0.0 {
            let env = &world.env;
            env.society.find_households(&env.network, env.people.segment_column().kept());
        }
        self.start_clocks(world, 0, 0);
    }

    /// (clocks) → needs that arise today; those past their patience close.
    fn open(&mut self, world: &mut World, at: Clock) {
        let World { env, needs, .. } = world;
        parallel::each_pair(&mut self.rooms(env), needs, |_, room, open| {
            parallel::apart(open, |open| room.desks.lent(|desk| room.arise(at, open, desk)));
        });
    }

    /// (orders) → needs that are filled, one's own and those at home.
    fn notice(&mut self, world: &mut World, at: Clock, placed: &[Vec<Order>]) {
        let World { env, needs, link, .. } = world;
        let offers = &env.catalogue.offers;
        let fills = self.p.household_fills;
        let next_door = if fills > 0.0 { next_door(link, placed) } else { BTreeMap::new() };
        let homes = Homes { env, fills, at, next_door };
        parallel::each(needs, |shard, open| {
            self.desks.lent(|Desk { filled, .. }| {
                filled.clear();
                for (_, order, later) in ahead(&placed[shard]) {
                    if let Some(later) = later {
                        prefetch(offers, later.offer as usize);
                    }
                    if order.flags & flag::NEED != 0 {
                        filled.push((order.consumer, offers[order.offer as usize].category));
                    }
                }
                if homes.fills > 0.0 {
                    homes.fill(shard, placed, open, filled);
                }
                if !filled.is_empty() {
                    list::close(open, filled);
                }
            });
        });
    }

    /// (granted repeat orders) → members who lapse.
    fn fulfil(
        &mut self,
        world: &mut World,
        platform: usize,
        at: Clock,
        answers: &mut Inbox<Answer>,
    ) {
        if self.p.lapse_a == 0.0 {
            return;
        }
        let World { env, platforms, .. } = world;
        let (before, rest) = platforms.split_at_mut(platform);
        let Some((platform, after)) = rest.split_first_mut() else { return };
        let elsewhere: Vec<&Bitmap> = before.iter().chain(after.iter()).map(|p| &p.live).collect();
        let lapsed = |p: &Platform| p.books.iter().map(|book| book.tally.lapsed).sum::<u64>();
        let earlier = lapsed(platform);
        parallel::each_pair(
            &mut platform.rows(env.consumers),
            &mut self.rooms(env),
            |shard, rows, room| room.hear(at, rows, &answers.shards[shard], &elsewhere),
        );
        platform.n_live -= lapsed(platform) - earlier;
    }

    /// (who joined today) → clocks that run from tomorrow.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        self.start_clocks(world, at.day, at.day + 1);
    }

    fn digest(&self, hash: &mut Digest) {
        let Some(shards) = self.shards else { return };
        hash.shards(shards.count(), |shard| {
            let clock = |i: u32| u64::from(self.next[i as usize]);
            shards.range(shard).map(clock)
        });
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        // Habits are drawn again when asked for.
        let Self { p: _, shards: _, next, habits: _, cuts: _, desks: _ } = self;
        io.holds(Tenure::Always);
        io.by_consumer(next);
    }
}
