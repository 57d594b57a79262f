//! Delivery: granted orders enter the buyer's history and arrive some days later.
//!
//! A parcel takes min … max days, each as likely, and x = `days_per_tier`·(tier − 1) days
//! more: ⌊x⌋, and one more with probability x − ⌊x⌋.

use crate::columns::{Columns, Tenure};
use crate::exchange::link::Link;
use crate::exchange::{self, Inbox, ahead, nearest};
use crate::market::cascade::Cascades;
use crate::market::history::{Page, Purchase, Sales};
use crate::market::member::{Member, NEVER};
use crate::market::message::{Answer, Node, Order, Shipment, Verdict, flag};
use crate::market::platform::{Carriage, ChannelTerms, Platform, Rows};
use crate::market::tally::{MAX_CHANNELS, Tally};
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel::{self, InTurn, Rooms, Shards};
use crate::parameter::Values;
use crate::parameters;
use crate::population::TIERS;
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::lanes::word_pairs;
use crate::rng::{Key, Stream, below, unit};
use crate::simd::prefetch;
use smallvec::SmallVec;

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
    Box::new(Delivery::new(p, placement.platform))
}

/// A list of a day's orders for every day that a parcel may take, and one that has arrived; of
/// a wave's orders places in cascades.
fn load(values: &Values, extent: &Extent) -> Load {
    let slots = Delivery::new(Parameters::from_values(values), 0).slots();
    let lists = extent.shards * (slots + 1) as f64;
    let orders = extent.known.orders * (slots + 1) as f64;
    let under_way = kept(orders, lists, extent.days, size_of::<Shipment>());
    let room = size_of::<u32>() + size_of::<Node>();
    let rooms = kept(extent.known.orders, extent.shards, extent.days, room);
    Load { bytes: under_way + rooms, ..Load::default() }
}

/// Orders under way of one shard, by day of arrival modulo the longest way.
type Calendar = Vec<Vec<Shipment>>;

/// What a shard's orders of a wave are worked on with: the days that each takes by parcel, which at
/// first are the draws of it.
#[derive(Debug, Default)]
struct Desk {
    days: Vec<u32>,
    pairs: Vec<[u32; 2]>,
}

/// What one shard's orders of a wave leave behind.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Room {
    /// Which answers join a cascade, the nodes that brought them, and then their own.
    joining: Vec<u32>,
    nodes: Vec<Node>,
    /// The day's orders so far.
    sales: Sales,
}

struct Delivery {
    p: Parameters,
    platform: usize,
    routes: Vec<Calendar>,
    rooms: Vec<Room>,
    desks: Rooms<Desk>,
}

/// What is the same for all orders of a wave.
struct Wave<'a> {
    env: &'a Environment,
    key: Key,
    at: Clock,
    page: &'a Page,
    /// By channel.
    ways: [Way; MAX_CHANNELS],
}

/// How long the goods of a channel travel: as long as a parcel, or so many days.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// 1 for a parcel, 0 for a pickup point.
    parcel: u32,
    pickup_days: u32,
}

impl Way {
    #[inline]
    fn days(self, parcel_days: u32) -> u32 {
        self.parcel * parcel_days + self.pickup_days
    }
}

impl Delivery {
    fn new(p: Parameters, platform: usize) -> Self {
        Self { p, platform, routes: Vec::new(), rooms: Vec::new(), desks: Rooms::default() }
    }

    fn slots(&self) -> usize {
        let parcel = self.p.parcel_days_max.max(self.p.parcel_days_min);
        let farthest = self.tier_days()[TIERS - 1].ceil() as u16;
        usize::from((parcel + farthest).max(self.p.pickup_days)) + 1
    }

    /// Days that a parcel takes longer on average, by tier.
    fn tier_days(&self) -> [f64; TIERS] {
        std::array::from_fn(|k| self.p.days_per_tier * k as f64)
    }

    /// How the goods of each channel travel.
    fn ways(&self, channels: &[ChannelTerms]) -> [Way; MAX_CHANNELS] {
        let way = |terms: &ChannelTerms| match terms.carriage {
            Carriage::Parcel => Way { parcel: 1, pickup_days: 0 },
            Carriage::Pickup => Way { parcel: 0, pickup_days: self.p.pickup_days.into() },
        };
        std::array::from_fn(|channel| channels.get(channel).map_or(Way::default(), way))
    }

    /// Finds how many days each of some orders takes if it goes by parcel.
    fn find_days(&self, wave: &Wave<'_>, answers: &[Answer], desk: &mut Desk) {
        let least = u32::from(self.p.parcel_days_min);
        let span = u32::from(self.p.parcel_days_max.saturating_sub(self.p.parcel_days_min)) + 1;
        if self.p.days_per_tier == 0.0 {
            let address = |Answer { order, .. }: &Answer| Address::new(order.consumer, order.offer);
            first_words((wave.key, DAYS, wave.at), answers, address, &mut desk.days);
            desk.days.iter_mut().for_each(|word| *word = least + below(*word, span));
            return;
        }
        let addresses = answers.iter().map(|answer| (answer.order.consumer, answer.order.offer));
        word_pairs(wave.key, DAYS, wave.at, addresses, &mut desk.pairs);
        let tier_days = self.tier_days();
        let days = |(answer, [first, second]): (&Answer, &[u32; 2])| {
            let extra = tier_days[wave.env.people.of(answer.order.consumer).tier_index()];
            let one_more = u32::from(unit(*second) < extra.fract());
            least + below(*first, span) + extra as u32 + one_more
        };
        desk.days.clear();
        desk.days.extend(answers.iter().zip(&desk.pairs).map(days));
    }

    /// Enters a shard's granted orders and sends them on their way.
    fn dispatch(
        &self,
        wave: &Wave<'_>,
        answers: &[Answer],
        rows: &mut Rows<'_>,
        route: &mut Calendar,
        room: &mut Room,
    ) {
        nearest(answers).iter().for_each(|answer| rows.touch(answer.order.consumer));
        self.desks.lent(|desk| {
            self.find_days(wave, answers, desk);
            room.enter(wave, (answers, &desk.days), rows, route);
        });
    }

    /// [`Room::pass_nodes_on`] of all shards, where the sharers' cascades may be other ranks'.
    fn adopt_among_ranks(
        &mut self,
        link: &Link,
        cascades: &mut Cascades,
        answers: &mut Inbox<Answer>,
        day: u16,
    ) {
        let nodes = |room: &mut Room| std::mem::take(&mut room.nodes);
        let mut nodes: Vec<Node> = self.rooms.iter_mut().flat_map(nodes).collect();
        cascades.grow_all(link, &mut nodes, day);
        let mut rest = &nodes[..];
        for (room, answers) in self.rooms.iter_mut().zip(&mut answers.shards) {
            let (own, later) = rest.split_at(room.joining.len());
            room.nodes.extend_from_slice(own);
            room.pass_nodes_on(answers);
            rest = later;
        }
    }
}

impl Room {
    /// Enters the granted orders of some answers and puts them into the calendar, each by the days that
    /// it takes by parcel.
    fn enter(
        &mut self,
        wave: &Wave<'_>,
        (answers, days): (&[Answer], &[u32]),
        rows: &mut Rows<'_>,
        route: &mut Calendar,
    ) {
        let Self { joining, nodes, sales } = self;
        joining.clear();
        nodes.clear();
        sales.begin(wave.page);
        let (slots, route) = (route.len(), &mut route[..]);
        let today = usize::from(wave.at.day) % slots;
        let Rows { first, members, book, .. } = rows;
        let mut entry = Entry { first: *first, members, tally: &mut book.tally, sales, wave };
        for ((k, Answer { order, verdict }, later), days) in ahead(answers).zip(days) {
            if let Some(later) = later {
                entry.touch(&later.order);
            }
            if *verdict != Verdict::Granted {
                continue;
            }
            if order.node.is_some() && order.flags & flag::OWN_NODE == 0 {
                joining.push(k as u32);
                nodes.push(order.node);
            }
            entry.make(order);
            let days = wave.ways[usize::from(order.channel)].days(*days);
            let slot = today + days as usize;
            // What wraps around below 0 is larger.
            let list = &mut route[slot.min(slot.wrapping_sub(slots))];
            exchange::room_for_one(list);
            list.push(order.into());
        }
    }

    /// Gives every buyer whom a share brought the node that was made below the sharer's.
    fn pass_nodes_on(&self, answers: &mut [Answer]) {
        for (place, node) in self.joining.iter().zip(&self.nodes) {
            let order = &mut answers[*place as usize].order;
            order.node = *node;
            order.flags |= flag::OWN_NODE;
        }
    }
}

impl Mechanism for Delivery {
    fn start(&mut self, world: &mut World) {
        let (calendar, shards) = (vec![Vec::new(); self.slots()], world.env.consumers.count());
        self.routes = vec![calendar; shards];
        self.rooms.resize_with(shards, Room::default);
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
        let (page, ways) = (platform.history.page(at.day), self.ways(&platform.channels));
        let wave = Wave { env, key, at, page: &page, ways };
        let (mut routes, mut rooms) =
            (std::mem::take(&mut self.routes), std::mem::take(&mut self.rooms));
        let mut cascades = std::mem::take(&mut platform.cascades);
        // Buyers take their places in the cascades in the order of the shards, while the orders of
        // others are still entered.
        let places = InTurn::new(rooms.len(), &mut cascades);
        let rows = platform.rows(env.consumers).into_iter();
        let lists = rooms.iter_mut().zip(&mut answers.shards).map(Some);
        let mut shards: Vec<_> = rows.zip(&mut routes).zip(lists).collect();
        parallel::each(&mut shards, |shard, ((rows, route), lists)| {
            let Some((room, answers)) = lists.take() else { return };
            self.dispatch(&wave, answers, rows, route, room);
            if link.is_alone() {
                places.hand_in(shard, (room, answers), |cascades, (room, answers)| {
                    cascades.place(link, &mut room.nodes, |node| node, at.day);
                    room.pass_nodes_on(answers);
                });
            }
        });
        (self.routes, self.rooms) = (routes, rooms);
        if !link.is_alone() {
            self.adopt_among_ranks(link, &mut cascades, answers, at.day);
        }
        platform.cascades = cascades;
    }

    /// (calendar) → what arrives today; (the day's orders) → history.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let shards = world.env.consumers;
        let Platform { arrivals, history, .. } = &mut world.platforms[self.platform];
        let slot = usize::from(at.day) % self.routes.first().map_or(1, Vec::len);
        parallel::each_pair(arrivals, &mut self.routes, |_, arrivals, route| {
            arrange(&mut route[slot], arrivals, shards);
        });
        self.rooms.iter_mut().for_each(|room| history.take(&mut room.sales));
    }

    fn digest(&self, hash: &mut Digest) {
        let order = |o: &Shipment| [o.consumer, o.offer, o.price_fen].map(u64::from);
        hash.shards(self.routes.len(), |shard| self.routes[shard].iter().flatten().flat_map(order));
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        // What a wave needs is empty between days.
        let Self { p: _, platform: _, routes, rooms: _, desks: _ } = self;
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

/// Where a shard's granted orders are entered.
struct Entry<'a> {
    first: u32,
    members: &'a mut [Member],
    tally: &'a mut Tally,
    sales: &'a mut Sales,
    wave: &'a Wave<'a>,
}

impl Entry<'_> {
    /// Asks for the record that an order is entered into.
    #[inline]
    fn touch(&self, order: &Order) {
        prefetch(self.members, (order.consumer - self.first) as usize);
    }

    /// Enters an order into the buyer's record and the day's counts.
    #[inline]
    fn make(&mut self, order: &Order) {
        let Wave { env, at, page, .. } = self.wave;
        let member = &mut self.members[(order.consumer - self.first) as usize];
        let purchase = Purchase {
            acquired_day: member.acquired_day,
            previous_day: member.last_order_day,
            first_day: member.first_order_day.min(at.day),
            is_second: member.orders == 1,
            // Who asks by segment is rare, and their column is another place to wait for.
            segment: match page.n_segments {
                0 => 0,
                _ => env.people.segment_column().of(order.consumer),
            },
            price_fen: order.price_fen,
        };
        self.sales.enter(page, &purchase);
        let channel = &mut self.tally.channels[usize::from(order.channel)];
        channel.ordered += 1;
        channel.ordered_fen += i64::from(order.price_fen);
        if member.first_order_day == NEVER {
            member.first_order_day = at.day;
            if let Some(by) = self.tally.channels.get_mut(usize::from(member.channel)) {
                by.new_buyers += 1;
            }
        } else {
            self.tally.repeat_orders += 1;
        }
        member.last_order_day = at.day;
        member.orders = member.orders.saturating_add(1);
    }
}

/// Moves what arrives into another list, by buyer, and a buyer's by offer and moment of the order.
///
/// Orders fall into as many ranges of buyers as there are orders, or a few more: what is left to
/// be mended are two or three at a time.
fn arrange(from: &mut Vec<Shipment>, to: &mut Vec<Shipment>, shards: Shards) {
    let Some(&any) = from.first() else { return to.clear() };
    let log_size = shards.size().ilog2();
    let log_ranges = from.len().next_power_of_two().ilog2().min(log_size);
    let range = |order: &Shipment| shards.row_of(order.consumer) >> (log_size - log_ranges);
    let mut places: SmallVec<[u32; 256]> = SmallVec::new();
    places.resize(1 << log_ranges, 0);
    let places = &mut places[..];
    from.iter().for_each(|order| places[range(order)] += 1);
    let mut sum = 0;
    places.iter_mut().for_each(|n| sum += std::mem::replace(n, sum));
    make_room(to, from.len(), any);
    let to = &mut to[..];
    for order in &*from {
        let place = &mut places[range(order)];
        to[*place as usize] = *order;
        *place += 1;
    }
    from.clear();
    mend(to);
}

/// Puts a list in order whose orders stand a few places from their own: most are behind the one
/// before them already, and are not touched.
fn mend(list: &mut [Shipment]) {
    let key = |order: &Shipment| {
        let goods = u64::from(order.consumer) << 32 | u64::from(order.offer);
        (goods, u32::from(order.day) << 8 | u32::from(order.wave))
    };
    let mut before = list.first().map_or((0, 0), key);
    for k in 1..list.len() {
        let order = list[k];
        let own = key(&order);
        if before <= own {
            before = own;
            continue;
        }
        // The last of those that are in order stays the last.
        let mut place = k;
        while place > 0 && key(&list[place - 1]) > own {
            list[place] = list[place - 1];
            place -= 1;
        }
        list[place] = order;
    }
}

/// Gives a list as many entries, which are to be written over.
fn make_room(list: &mut Vec<Shipment>, n: usize, any: Shipment) {
    if list.capacity() < n {
        list.reserve_exact(n + n / 8 - list.len());
    }
    list.resize(n, any);
}
