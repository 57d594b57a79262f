//! Delivery: granted orders enter the buyer's history and arrive some days later.
//!
//! A parcel takes min … max days, each as likely, and x = `days_per_tier`·(tier − 1) days
//! more: ⌊x⌋, and one more with probability x − ⌊x⌋.

use crate::columns::{Columns, Tenure};
use crate::exchange::link::Link;
use crate::exchange::{AHEAD, Inbox, Sorter, add};
use crate::market::cascade::Cascades;
use crate::market::history::Purchase;
use crate::market::member::NEVER;
use crate::market::message::{Answer, Node, Order, Shipment, Verdict, flag};
use crate::market::platform::{Carriage, ChannelTerms, Rows};
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::mechanism::{Digest, Mechanism};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::population::{People, TIERS};
use crate::quantity::time::Clock;
use crate::rng::lanes::word_pairs;
use crate::rng::{Stream, below, unit};

/// How many days a parcel takes.
const DAYS: Stream = Stream::new("delivery/days");

parameters! {
    /// How long goods travel.
    pub struct Parameters {
        /// Fewest days of a parcel.
        parcel_days_min: u16 = "2", "days", 1.0, 60.0, A, "2 to 3 days";
        /// Most days of a parcel; every number between is equally likely.
        parcel_days_max: u16 = "3", "days", 1.0, 60.0, A, "2 to 3 days";
        /// Days that a parcel takes longer on average for every city tier below the first.
        days_per_tier: f64 = "0.0", "days", 0.0, 15.0, A, "the same everywhere unless the scenario says more";
        /// Days to a pickup point.
        pickup_days: u16 = "1", "days", 1.0, 60.0, A, "next day";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "delivery",
    summary: "Granted orders enter the buyer's history and arrive by parcel or pickup",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nothing that is bought would arrive"),
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[DAYS],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Delivery { p, platform: placement.platform, routes: Vec::new() })
}

/// A list of a day's orders for every day that a parcel may take, and one that has arrived.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let slots = Delivery { p, platform: 0, routes: Vec::new() }.slots();
    let lists = extent.shards * (slots + 1) as f64;
    let orders = extent.known.orders * (slots + 1) as f64;
    Load { bytes: kept(orders, lists, extent.days, size_of::<Shipment>()), ..Load::default() }
}

/// Orders under way of one shard, by day of arrival modulo the longest way.
type Calendar = Vec<Vec<Shipment>>;

struct Delivery {
    p: Parameters,
    platform: usize,
    routes: Vec<Calendar>,
}

impl Delivery {
    fn slots(&self) -> usize {
        let parcel = self.p.parcel_days_max.max(self.p.parcel_days_min);
        let farthest = self.tier_days()[TIERS - 1].ceil() as u16;
        usize::from((parcel + farthest).max(self.p.pickup_days)) + 1
    }

    /// Days that a parcel takes longer on average, by tier.
    fn tier_days(&self) -> [f64; TIERS] {
        std::array::from_fn(|k| self.p.days_per_tier * k as f64)
    }

    fn days(
        &self,
        [first, second]: [u32; 2],
        order: &Order,
        channels: &[ChannelTerms],
        people: &People,
    ) -> u16 {
        if channels[order.channel as usize].carriage == Carriage::Pickup {
            return self.p.pickup_days;
        }
        let span = self.p.parcel_days_max.saturating_sub(self.p.parcel_days_min) + 1;
        let days = self.p.parcel_days_min + below(first, u32::from(span)) as u16;
        if self.p.days_per_tier == 0.0 {
            return days;
        }
        let extra = self.tier_days()[people.of(order.consumer).tier_index()];
        days + extra as u16 + u16::from(unit(second) < extra.fract())
    }
}

impl Mechanism for Delivery {
    fn start(&mut self, world: &mut World) {
        let calendar = vec![Vec::new(); self.slots()];
        self.routes = vec![calendar; world.env.consumers.count()];
        world.platforms[self.platform].tier_days = self.tier_days();
    }

    /// (granted orders) → history, cascade nodes, arrivals to come.
    fn fulfil(
        &mut self,
        world: &mut World,
        platform: usize,
        at: Clock,
        answers: &mut Inbox<Answer>,
    ) {
        let World { env, platforms, link, .. } = world;
        let key = env.key_of(platform);
        let platform = &mut platforms[platform];
        adopt(link, &mut platform.cascades, answers, at.day);
        let channels = platform.channels.clone();
        let mut routes = std::mem::take(&mut self.routes);
        let slots = routes.first().map_or(1, Vec::len);
        parallel::each_pair(
            &mut platform.rows(env.consumers),
            &mut routes,
            |shard, rows, route| {
                let mut waiting = answers.shards[shard].iter().skip(AHEAD);
                let list = &answers.shards[shard];
                let addresses = list.iter().map(|a| (a.order.consumer, a.order.offer));
                let mut pairs = Vec::with_capacity(list.len());
                word_pairs(key, DAYS, at, addresses, &mut pairs);
                for (answer, pair) in list.iter().zip(pairs) {
                    if let Some(later) = waiting.next() {
                        rows.touch(later.order.consumer);
                    }
                    match answer.verdict {
                        Verdict::Granted => {
                            let segment = env.people.segment[answer.order.consumer as usize];
                            record(rows, &answer.order, at.day, segment);
                            let days = self.days(pair, &answer.order, &channels, &env.people);
                            add(
                                &mut route[usize::from(at.day + days) % slots],
                                (&answer.order).into(),
                            );
                        }
                        Verdict::OutOfStock | Verdict::Unfilled | Verdict::Late => {}
                    }
                }
            },
        );
        self.routes = routes;
        for book in &mut platform.books {
            platform.history.enter(&mut book.purchases, at.day);
        }
    }

    /// (calendar) → what arrives today.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let shards = world.env.consumers;
        let platform = &mut world.platforms[self.platform];
        let slot = usize::from(at.day) % self.routes.first().map_or(1, Vec::len);
        parallel::each_pair(&mut platform.arrivals, &mut self.routes, |_, arrivals, route| {
            std::mem::swap(arrivals, &mut route[slot]);
            route[slot].clear();
            let moment = |o: &Shipment| u32::from(o.day) << 16 | u32::from(o.wave);
            let key = |o: &Shipment| (o.offer, moment(o));
            Sorter::default().sort(arrivals, shards, |o| o.consumer, key);
        });
    }

    fn digest(&self, hash: &mut Digest) {
        let order = |o: &Shipment| [o.consumer, o.offer, o.price_fen].map(u64::from);
        hash.shards(self.routes.len(), |shard| self.routes[shard].iter().flatten().flat_map(order));
    }

    fn bytes(&self) -> u64 {
        let orders: usize = self.routes.iter().flatten().map(Vec::capacity).sum();
        (orders * size_of::<Shipment>()) as u64
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p: _, platform: _, routes } = self;
        io.holds(Tenure::Stays);
        let slots = routes.first().map_or(1, Vec::len);
        io.by_shard(routes);
        let day = io.day();
        routes.iter_mut().for_each(|route| stretch(route, slots, day));
    }
}

/// Gives a calendar as many slots as the longest way needs where that has grown; what is
/// under way arrives on the day on which it would have arrived.
fn stretch(route: &mut Calendar, slots: usize, today: u16) {
    let before = route.len();
    if before == 0 || before >= slots {
        return;
    }
    let mut old = std::mem::take(route);
    route.resize_with(slots, Vec::new);
    for day in usize::from(today)..usize::from(today) + before {
        route[day % slots] = std::mem::take(&mut old[day % before]);
    }
}

/// Gives every buyer whom a share brought a node below the sharer's.
fn adopt(link: &Link, cascades: &mut Cascades, answers: &mut Inbox<Answer>, day: u16) {
    let joining = |answer: &&mut Answer| {
        let own = answer.order.flags & flag::OWN_NODE != 0;
        answer.verdict == Verdict::Granted && answer.order.node.is_some() && !own
    };
    // Looked for side by side; they take their places one after the other.
    let nodes: Vec<Vec<&mut Node>> = parallel::map(&mut answers.shards, |answers| {
        let joining = answers.iter_mut().filter(joining);
        let own = joining.map(|answer| {
            answer.order.flags |= flag::OWN_NODE;
            &mut answer.order.node
        });
        own.collect()
    });
    cascades.grow(link, nodes, day);
}

/// Enters a granted order into the buyer's record and the day's counts.
fn record(rows: &mut Rows<'_>, order: &Order, day: u16, segment: u8) {
    let member = &mut rows.members[(order.consumer - rows.first) as usize];
    let tally = &mut rows.book.tally;
    rows.book.purchases.push(Purchase {
        acquired_day: member.acquired_day,
        previous_day: member.last_order_day,
        first_day: member.first_order_day.min(day),
        is_second: member.orders == 1,
        segment,
        price_fen: order.price_fen,
    });
    let channel = &mut tally.channels[order.channel as usize];
    channel.ordered += 1;
    channel.ordered_fen += i64::from(order.price_fen);
    if member.first_order_day == NEVER {
        member.first_order_day = day;
        if let Some(by) = tally.channels.get_mut(member.channel as usize) {
            by.new_buyers += 1;
        }
    } else {
        tally.repeat_orders += 1;
    }
    member.last_order_day = day;
    member.orders = member.orders.saturating_add(1);
}
