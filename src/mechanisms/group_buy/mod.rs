//! Group-buy: a lower price for a team that fills in time.
//!
//! A team order joins the friend's open group that invited it, else an open public
//! group with some probability, else it opens a group and invites friends. A group
//! that is full is ordered; one that is not full when its window closes is paid back.
//! With n = 2, k invitations and acceptance a, a group fills with 1 − (1 − a)^k.
//! The acceptance is a target: the invitation's constant is solved for it at the start.

mod enrol;
mod invite;
mod pool;
mod release;

use crate::columns::{Columns, State, Tenure};
use crate::exchange::link::Link;
use crate::exchange::{Inbox, Outbox};
use crate::market::cascade::Cascades;
use crate::market::message::{Answer, Exposure, NONE, Node, Order};
use crate::market::platform::{Family, Platform, Variant};
use crate::market::utility::Attributes;
use crate::mechanism::load::{Extent, Load, persuaded};
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::mechanism::{Digest, Mechanism};
use crate::parallel::{self, InTurn, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{ln, logistic, pow};
use crate::quantity::time::Clock;
use crate::rng::Stream;
use crate::rng::sample::discrete::SIDE;
use pool::{Group, Pool};

/// Whether a public group is joined.
const POOL: Stream = Stream::new("group_buy/pool");
/// Whether the platform fills a group that would fail.
const AUTO_FILL: Stream = Stream::new("group_buy/auto_fill");
/// Whether a late friend opens an own group.
const REOPEN: Stream = Stream::new("group_buy/reopen");
/// Who is invited.
const INVITE: Stream = Stream::new("group_buy/invite");

parameters! {
    /// Group-buy.
    pub struct Parameters {
        /// Members that complete a group.
        size: u32 = "2", "members", 2.0, 100.0, V, "99.4 % of completed groups are pairs (BeiBei)";
        /// Days until a group must be full, counted from the wave in which it opens.
        window_days: u16 = "1", "days", 1.0, 30.0, M, "24 hours";
        /// Discount of the team price.
        discount_share: f64 = "0.20", "1", 0.0, 0.95, A, "10 to 30 %";
        /// Mean hassle of buying in a team; each consumer's is exponential around it.
        hassle: f64 = "0.30", "utility", 0.0, 20.0, A, "assumed";
        /// Friends whom an opener invites.
        invitations: u32 = "5", "friends", 0.0, 64.0, A, "with the acceptance: 77 % of groups fill";
        /// Acceptance of an invitation by a member, for which the constant is solved.
        acceptance: f64 = "0.26", "1", 0.0001, 0.9999, A, "fitted to 77 % completion (M; at least 61 % D)";
        /// Persuasion of an invitation among non-users.
        join: f64 = "-2.0", "log-odds", -30.0, 10.0, A, "a friend asks in person and the price waits";
        /// Probability of finding an open public group of the offer before opening one.
        public_share: f64 = "0.50", "1", 0.0, 1.0, A, "assumed";
        /// Probability that a friend who comes too late for the group opens an own one.
        reopen_share: f64 = "0.15", "1", 0.0, 1.0, A, "assumed";
        /// Probability that the platform fills a group that would fail.
        auto_fill_share: f64 = "0.0", "1", 0.0, 1.0, A, "off";
        /// Trust in a close friend's word.
        strong_trust: f64 = "0.85", "1", 0.0, 1.0, A, "as in sharing";
        /// Trust in an acquaintance's word.
        weak_trust: f64 = "0.65", "1", 0.0, 1.0, A, "as in sharing";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "group_buy",
    summary: "Teams that fill within a window buy at a lower price; openers invite friends",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[Channel {
        name: "invitation",
        summary: "a friend's invitation to a group",
        organic: false,
        family: Family::Friend,
    }],
    parameters: Parameters::DECLARED,
    streams: &[POOL, AUTO_FILL, REOPEN, INVITE],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(GroupBuy {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        variant: 0,
        constant: None,
        pools: Vec::new(),
        idle: Rooms::default(),
    })
}

/// Groups and their cascades; invitations, and who joins by them.
fn load(values: &Values, extent: &Extent) -> Load {
    /// Share of orders that open a group, and of these that find nobody at once.
    const OPENING: f64 = 0.5;
    const INVITING: f64 = 0.6;
    /// New members of a share of members m where five friends are invited: q = 0.034.
    const JOINING: f64 = 0.034 / 5.0;
    let p = Parameters::from_values(values);
    let opened = OPENING * extent.known.orders;
    let far = INVITING * opened * f64::from(p.invitations) / 2.0;
    let by_members = JOINING * f64::from(p.invitations) * persuaded(p.join) / persuaded(-2.0);
    let days = f64::from(p.window_days);
    // Queues grow to the double, cascades by an eighth.
    let groups = 1.5 * (days + 0.5) * opened * size_of::<Group>() as f64;
    let trees = (days + 4.0) * opened * TREE_BYTES;
    Load { far, by_members, bytes: groups + trees + 8.0 * extent.offers, ..Load::default() }
}

/// A cascade of a few nodes, and its number where it is free.
const TREE_BYTES: f64 = 20.0;

struct GroupBuy {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// Number of the team variant in orders.
    variant: u8,
    /// Constant of an invitation's utility, solved on the first day.
    constant: Option<f64>,
    pools: Vec<Pool>,
    idle: Rooms<Room>,
}

/// Room of a thread at work, kept from shard to shard.
#[derive(Default)]
struct Room {
    /// The words of eight openers side by side.
    words: Vec<[u32; SIDE]>,
    /// Hearers of an opener.
    hearers: Vec<u32>,
    /// What friends are told: as many places as may be needed.
    invited: Vec<Exposure>,
    desk: enrol::Room,
}

impl Mechanism for GroupBuy {
    fn start(&mut self, world: &mut World) {
        let shards = world.env.catalogue.shards;
        self.pools = (0..shards.count()).map(|k| Pool::new(shards.range(k).len())).collect();
        let platform = &mut world.platforms[self.platform];
        let price_bp = ((1.0 - self.p.discount_share) * 10_000.0).round() as u16;
        let ln_price = ln(f64::from(price_bp) / 10_000.0);
        platform.variants.push(Variant { price_bp, ln_price, hassle: self.p.hassle });
        self.variant = platform.variants.len() as u8;
        platform.cascades.keep_for(self.p.window_days + 2);
        let terms = &mut platform.channels[self.channel as usize];
        terms.join = self.p.join;
        terms.variants = true;
    }

    /// On the first day: the constant at which invited members accept as intended.
    fn open(&mut self, world: &mut World, _at: Clock) {
        let constant = self.constant.unwrap_or_else(|| self.solved_constant(world));
        self.constant = Some(constant);
        world.platforms[self.platform].channels[self.channel as usize].constant = constant;
    }

    /// (groups opened in the last wave) → invitations to the openers' friends.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        let World { env, platforms, link, .. } = world;
        let crew = out.crew();
        let pools = &self.pools[link.own(self.pools.len())];
        out.send_with(&mut platforms[self.platform].books, |part, book, bins| {
            self.idle.lent(|room| {
                for pool in crew.turns(pools, part) {
                    self.invite_friends(env, at, &pool.opened, room, (&mut *book, &mut *bins));
                }
            });
        });
    }

    /// (team orders) → joined, opened; full groups are released, failed ones refused.
    fn gather(
        &mut self,
        world: &mut World,
        at: Clock,
        orders: &mut Inbox<Order>,
        answers: &mut Outbox<Answer>,
    ) {
        let World { env, platforms, link, .. } = world;
        let Platform { cascades, offer_books, .. } = &mut platforms[self.platform];
        let mut pools = std::mem::take(&mut self.pools);
        let places = InTurn::new(pools.len(), &mut *cascades);
        let parts = orders.shards.iter_mut().zip(offer_books.iter_mut());
        let mut rooms: Vec<_> = pools.iter_mut().map(Some).zip(parts).collect();
        let desk = enrol::Desk::new(self, env, at);
        answers.send_with(&mut rooms, |shard, (pool, (orders, book)), bins| {
            let Some(pool) = pool.take() else { return };
            // They have invited their friends.
            pool.opened.clear();
            parallel::apart(*orders, |orders| {
                self.idle.lent(|room| desk.enrol(&mut room.desk, pool, orders, (book, bins)));
                desk.close(pool, orders, (book, bins));
            });
            // Openers and joiners take their places in the cascades one after the other.
            if link.is_alone() {
                places.hand_in(shard, pool, |cascades, pool| {
                    cascades.place(link, &mut pool.opened, |opener| &mut opener.node, at.day);
                    pool.pass_nodes_to_groups();
                });
            }
        });
        if !link.is_alone() {
            place_among_ranks(link, cascades, &mut pools, at.day);
        }
        self.pools = pools;
    }

    fn digest(&self, hash: &mut Digest) {
        hash.shards(self.pools.len(), |shard| {
            let pool = &self.pools[shard];
            let open = (pool.base..).zip(&pool.groups).filter(|(_, group)| group.open);
            let members = open.flat_map(|(number, _)| pool.members(number));
            members.flat_map(|o| [u64::from(o.consumer), u64::from(o.offer)])
        });
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p, platform: _, channel: _, variant: _, constant, pools, idle: _ } = self;
        io.holds(Tenure::Stays);
        io.acted("group_buy.acceptance", &p.acceptance);
        io.acted("group_buy.size", &p.size);
        io.acted("group_buy.window_days", &p.window_days);
        constant.visit(io);
        io.by_shard(pools);
    }
}

/// The openers of all ranks take their places in the cascades.
fn place_among_ranks(link: &Link, cascades: &mut Cascades, pools: &mut [Pool], day: u16) {
    let nodes = pools.iter_mut().flat_map(|pool| &mut pool.opened).map(|opener| &mut opener.node);
    let (mut placed, others): (Vec<_>, Vec<_>) = nodes.partition(|node| node.is_some());
    let mut grown: Vec<Node> = placed.iter().map(|node| **node).collect();
    cascades.grow_all(link, &mut grown, day);
    placed.iter_mut().zip(grown).for_each(|(node, new)| **node = new);
    cascades.plant_all(link, vec![others], day);
    pools.iter_mut().for_each(Pool::pass_nodes_to_groups);
}

impl GroupBuy {
    fn is_team(&self, order: &Order) -> bool {
        order.variant == self.variant
    }

    /// Whether an invitation to a group brought an order.
    fn is_invited(&self, order: &Order) -> bool {
        order.channel == self.channel && order.context != NONE
    }

    /// The constant at which an average member accepts with the intended probability,
    /// by bisection over segments and a sample of offers.
    fn solved_constant(&self, world: &World) -> f64 {
        let platform = &world.platforms[self.platform];
        let step = platform.offers.len().div_ceil(256);
        let variant = &platform.variants[self.variant as usize - 1];
        let people = &world.env.people;
        let strain = typical_strain(world.coefficients.refractory_half_life_days);
        let mean = |constant: f64| {
            let mut sum = 0.0;
            let mut n = 0.0;
            for offer in platform.offers.iter().step_by(step) {
                for (segment, share) in people.segments.iter().zip(&people.shares) {
                    let a = Attributes {
                        price_sensitivity: segment.price_sensitivity,
                        ln_price_ratio: f64::from(offer.ln_price_ratio),
                        platform_trust: world.env.start.trust,
                        recommender_trust: Some(0.5 * (self.p.strong_trust + self.p.weak_trust)),
                        ln_friends: ln(2.0),
                        delay_days: world.coefficients.delay_days(false),
                        refractory: strain,
                        ..Attributes::default()
                    };
                    let gain =
                        -world.coefficients.price * segment.price_sensitivity * variant.ln_price;
                    let utility =
                        world.coefficients.utility(constant, &a) + (gain - variant.hassle).max(0.0);
                    sum += share * logistic(utility);
                    n += share;
                }
            }
            sum / n
        };
        let (mut low, mut high) = (-40.0, 40.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if mean(middle) < self.p.acceptance { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

/// The mean strain on a member's purse at 0.08 orders a day (a geometric number of days
/// since the last order): r/(1 − (1 − r)·2^(−1/h)).
fn typical_strain(half_life_days: f64) -> f64 {
    let rate = 0.08;
    rate / (1.0 - (1.0 - rate) * pow(0.5, 1.0 / half_life_days))
}
