//! Experience: what arrives is seen, kept or sent back, and trust moves.
//!
//! realised = quality + ε; P(return) = σ(r₀ + r₁·(expected − realised) + shift of the
//! channel). Trust rises by η₊(1 − τ)·g and falls by η₋·τ·v, η₋ > η₊: losses weigh
//! more than gains.

mod columns;
mod sums;

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::market::ledger::Line;
use crate::market::member::{Member, from_share16};
use crate::market::message::{Answer, Ending, NONE, Shipment, Verdict};
use crate::market::platform::{ChannelTerms, Fees, Rows};
use crate::market::tally::MAX_CHANNELS;
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::parallel::{self, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::lanes::word_pairs;
use crate::rng::{Key, Stream};
use crate::simd::prefetch;
use columns::{Lesson, Room, Views};
use sums::Sums;

/// How the goods turn out, and whether they go back.
const OUTCOME: Stream = Stream::new("experience/outcome");

parameters! {
    /// What buyers find, and what it does to them.
    pub struct Parameters {
        /// Quality that buyers expect.
        expected_quality: f64 = "0.65", "1", 0.0, 1.0, A, "a little below the mean of what is sold";
        /// Standard deviation of what one delivery adds to an offer's quality.
        quality_noise_sd: f64 = "0.08", "1", 0.0, 1.0, A, "assumed";
        /// r₀: log-odds of returning goods that are as expected.
        return_base: f64 = "-2.1", "log-odds", -30.0, 10.0, D, "gives 10 to 15 % returns on the shelf (V, press)";
        /// r₁: log-odds of returning per unit of disappointment.
        return_disappointment: f64 = "3.0", "log-odds", 0.0, 50.0, A, "assumed";
        /// η₊: trust gained with a good delivery, as a share of what is missing.
        trust_gain: f64 = "0.02", "1", 0.0, 1.0, A, "model, section 6";
        /// η₋: trust lost with a bad delivery, as a share of what is there.
        trust_loss: f64 = "0.08", "1", 0.0, 1.0, A, "losses weigh three to five times as much";
        /// Disappointment at which trust falls by the full η₋; less falls in proportion.
        full_loss_at: f64 = "0.30", "1", 0.01, 1.0, A, "assumed";
        /// Trust lost where a group does not fill or stock runs out, as a share of what is there.
        refusal_loss: f64 = "0.01", "1", 0.0, 1.0, A, "a little, assumed";
        /// Share by which habit moves towards 1 with each kept order.
        habit_gain: f64 = "0.05", "1", 0.0, 1.0, A, "assumed";
        /// The platform's commission on kept orders.
        commission_share: f64 = "0.0034", "1", 0.0, 1.0, V, "Pinduoduo 2018: transaction services 0.34 % of GMV";
        /// The platform's fees for being shown, as a share of kept orders.
        ad_fee_share: f64 = "0.0244", "1", 0.0, 1.0, V, "Pinduoduo 2018: marketing services 2.44 % of GMV";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "experience",
    summary: "Quality is seen on delivery; goods are kept or returned; trust, habit and money follow",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nothing that arrives would be paid for"),
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[OUTCOME],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let (idle, back) = (Rooms::default(), Vec::new());
    Box::new(Experience { p, platform: placement.platform, idle, back })
}

/// How the orders of a day ended.
fn load(_values: &Values, extent: &Extent) -> Load {
    let endings = kept(extent.known.orders, extent.shards, extent.days, size_of::<Ending>());
    Load { bytes: endings, ..Load::default() }
}

struct Experience {
    p: Parameters,
    platform: usize,
    /// Rooms that nobody works in: there are as many as threads at work.
    idle: Rooms<Room>,
    /// The offers of the units that came back today, by shard of consumers.
    back: Vec<Vec<u32>>,
}

/// Deliveries that are looked at together: few enough for their columns and records to stay near,
/// the next ones' being asked for meanwhile.
const PART: usize = 64;

/// What is the same for all deliveries of a day.
struct Today<'a> {
    env: &'a Environment,
    key: Key,
    at: Clock,
    fees: Fees,
    channels: [Promise; MAX_CHANNELS],
}

/// What an order of a channel brings with it.
#[derive(Clone, Copy, Debug, Default)]
struct Promise {
    /// Quality that buyers expect.
    expected: f64,
    /// Log-odds that are added to the return.
    shift: f64,
    /// Commission of whoever recommended, in 1/10000; 0 where nobody gets one.
    commission_bp: u32,
    commission_line: Option<Line>,
}

impl Mechanism for Experience {
    fn start(&mut self, world: &mut World) {
        let basis_points = |share: f64| (share * 10_000.0).round() as u32;
        let fees = &mut world.platforms[self.platform].fees;
        fees.commission_bp = basis_points(self.p.commission_share);
        fees.ad_fee_bp = basis_points(self.p.ad_fee_share);
    }

    /// (refused orders) → a little trust lost.
    fn fulfil(
        &mut self,
        world: &mut World,
        platform: usize,
        _at: Clock,
        answers: &mut Inbox<Answer>,
    ) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[platform];
        parallel::each(&mut platform.rows(env.consumers), |shard, rows| {
            for answer in answers.shards[shard].iter().filter(|a| disappoints(a.verdict)) {
                let trust = from_share16(rows.member(answer.order.consumer).trust);
                rows.believe(answer.order.consumer, trust - self.p.refusal_loss * trust);
            }
        });
    }

    /// (arrivals) → endings, trust, habit, money; returned units go back into stock.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let key = env.key_of(self.platform);
        let (fees, channels) = (platform.fees, self.promises(&platform.channels));
        let today = Today { env, key, at, fees, channels };
        let mut back = std::mem::take(&mut self.back);
        back.resize_with(env.consumers.count(), Vec::new);
        parallel::each_pair(&mut platform.rows(env.consumers), &mut back, |_, rows, back| {
            self.idle.lent(|room| self.unpack(&today, rows, back, room));
        });
        for offer in back.iter().flatten() {
            platform.inventory[*offer as usize].stock += 1;
        }
        self.back = back;
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, idle: _, back: _ } = self;
    }
}

/// Whether a refusal costs trust; being late for a friend's group does not.
fn disappoints(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::OutOfStock | Verdict::Unfilled)
}

impl Experience {
    fn promises(&self, channels: &[ChannelTerms]) -> [Promise; MAX_CHANNELS] {
        let promise = |terms: &ChannelTerms| Promise {
            expected: self.p.expected_quality + terms.hype,
            shift: terms.return_shift,
            commission_bp: terms.commission_line.map_or(0, |_| terms.commission_bp),
            commission_line: terms.commission_line,
        };
        std::array::from_fn(|channel| channels.get(channel).map(promise).unwrap_or_default())
    }

    /// Unpacks what arrives in a shard: how it ends, what buyers learn, and who is paid.
    fn unpack(&self, today: &Today<'_>, rows: &mut Rows<'_>, back: &mut Vec<u32>, room: &mut Room) {
        let Rows { first, members, arrivals, endings, book, .. } = rows;
        endings.clear();
        if endings.capacity() < arrivals.len() {
            endings.reserve_exact(arrivals.len() + arrivals.len() / 8);
        }
        back.clear();
        let row = |order: &Shipment| (order.consumer - *first) as usize;
        let mut sums = Sums::default();
        arrivals.iter().take(PART).for_each(|order| today.touch(order, members, row));
        let mut next = arrivals.iter().skip(PART);
        for part in arrivals.chunks(PART) {
            today.look(&self.p, part, room);
            room.learn(&self.p, part.iter().map(|order| &members[row(order)]));
            let (mut before, found) = (NONE, room.found(part.len()));
            let end = |(k, order): (usize, &Shipment)| {
                if let Some(later) = next.next() {
                    today.touch(later, members, row);
                }
                let (surprise, returned, mut views) = found(k);
                let member = &mut members[row(order)];
                if order.consumer == before {
                    // Who gets several learns from one after the other.
                    views = Views::of(member).after(Lesson::of(&self.p), surprise, returned);
                }
                before = order.consumer;
                sums.trust_change += views.enter(member);
                sums.add(today, order, returned);
                if returned {
                    back.push(order.offer);
                }
                Ending { returned, surprise }
            };
            endings.extend(part.iter().enumerate().map(end));
        }
        sums.post(today, book);
    }
}

impl Today<'_> {
    /// Asks for what is read of a delivery.
    #[inline]
    fn touch(&self, order: &Shipment, members: &[Member], row: impl Fn(&Shipment) -> usize) {
        prefetch(members, row(order));
        prefetch(&self.env.catalogue.offers, order.offer as usize);
    }

    /// Finds how some deliveries turn out.
    fn look(&self, p: &Parameters, part: &[Shipment], room: &mut Room) {
        let addresses = part.iter().map(|order| (order.consumer, order.occasion()));
        word_pairs(self.key, OUTCOME, self.at, addresses, &mut room.pairs);
        let offers = &self.env.catalogue.offers[..];
        room.look(p, part, |order| {
            let promise = &self.channels[usize::from(order.channel)];
            (offers[order.offer as usize].quality, promise.expected, promise.shift)
        });
    }
}
