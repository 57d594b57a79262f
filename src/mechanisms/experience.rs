//! Experience: what arrives is seen, kept or sent back, and trust moves.
//!
//! realised = quality + ε; P(return) = σ(r₀ + r₁·(expected − realised) + shift of the
//! channel). Trust rises by η₊(1 − τ)·g and falls by η₋·τ·v, η₋ > η₊: losses weigh
//! more than gains.

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::market::ledger::Line;
use crate::market::member::{Member, from_share16, share16};
use crate::market::message::{Answer, Outcome, Shipment, Verdict};
use crate::market::platform::{Book, ChannelTerms, Fees, Rows};
use crate::market::tally::MAX_CHANNELS;
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_logistic;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::{normals, word_pairs};
use crate::rng::{Key, Stream, unit};
use crate::simd::{self, Kernel, prefetch};
use std::sync::{Mutex, PoisonError};

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
    let (idle, back) = (Mutex::default(), Vec::new());
    Box::new(Experience { p, platform: placement.platform, idle, back })
}

/// How the orders of a day ended.
fn load(_values: &Values, extent: &Extent) -> Load {
    let outcomes = kept(extent.known.orders, extent.shards, extent.days, size_of::<Outcome>());
    Load { bytes: outcomes, ..Load::default() }
}

struct Experience {
    p: Parameters,
    platform: usize,
    /// Rooms that nobody works in: there are as many as threads at work.
    idle: Mutex<Vec<Room>>,
    /// The offers of the units that came back today, by shard of consumers.
    back: Vec<Vec<u32>>,
}

/// Deliveries that are looked at together: few enough for their columns to stay near.
const PART: usize = 512;

/// Columns of some deliveries.
#[derive(Debug, Default)]
struct Room {
    pairs: Vec<[u32; 2]>,
    /// What a delivery adds to the offer's quality, in standard deviations.
    noise: Vec<f64>,
    quality: Vec<f64>,
    expected: Vec<f64>,
    shift: Vec<f64>,
    surprise: Vec<f32>,
    returned: Vec<bool>,
    /// What the buyers' records say, before and after.
    trust: Vec<u16>,
    satisfaction: Vec<u16>,
    habit: Vec<u16>,
}

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

/// What became of a shard's deliveries of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    kept: u64,
    kept_fen: i64,
    returned: u64,
    commission_fen: i64,
}

/// What became of a shard's deliveries.
#[derive(Debug, Default)]
struct Sums {
    channels: [Ends; MAX_CHANNELS],
    delivery_days: u64,
    trust_change: i64,
    refund_fen: i64,
    coupon_fen: i64,
    commission_fen: i64,
    ad_fee_fen: i64,
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
        let mut rows = platform.rows(env.consumers);
        let mut pairs: Vec<_> = rows.iter_mut().zip(&answers.shards).collect();
        // A shard's answers are read sooner than handed to a thread.
        let mut groups: Vec<_> = pairs.chunks_mut(8).collect();
        parallel::each(&mut groups, |_, group| {
            for (rows, answers) in group.iter_mut() {
                for answer in answers.iter().filter(|answer| disappoints(answer.verdict)) {
                    let consumer = answer.order.consumer;
                    let trust = from_share16(rows.member(consumer).trust);
                    rows.believe(consumer, trust - self.p.refusal_loss * trust);
                }
            }
        });
    }

    /// (arrivals) → outcomes, trust, habit, money; returned units go back into stock.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let key = env.key_of(self.platform);
        let (fees, channels) = (platform.fees, self.promises(&platform.channels));
        let today = Today { env, key, at, fees, channels };
        let mut back = std::mem::take(&mut self.back);
        back.resize_with(env.consumers.count(), Vec::new);
        parallel::each_pair(&mut platform.rows(env.consumers), &mut back, |_, rows, back| {
            let mut room = self.idle().pop().unwrap_or_default();
            self.unpack(&today, rows, back, &mut room);
            self.idle().push(room);
        });
        for offer in back.iter().flatten() {
            platform.offers[*offer as usize].stock += 1;
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
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Room>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

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
        back.clear();
        let Rows { first, members, arrivals, outcomes, book, .. } = rows;
        outcomes.clear();
        if outcomes.capacity() < arrivals.len() {
            outcomes.reserve_exact(arrivals.len() + arrivals.len() / 8);
        }
        let mut sums = Sums::default();
        for part in arrivals.chunks(PART) {
            self.look(today, part, (*first, members), room);
            self.learn(part, (*first, members), room, &mut sums);
            for ((order, surprise), returned) in part.iter().zip(&room.surprise).zip(&room.returned)
            {
                let outcome = Outcome { order: *order, returned: *returned, surprise: *surprise };
                sums.add(today, &outcome);
                outcomes.push(outcome);
                if *returned {
                    back.push(order.offer);
                }
            }
        }
        sums.post(today, book);
    }

    /// Finds how some deliveries turn out, and asks for the buyers' records.
    fn look(
        &self,
        today: &Today<'_>,
        part: &[Shipment],
        (first, members): (u32, &[Member]),
        room: &mut Room,
    ) {
        let offers = &today.env.catalogue.offers;
        let addresses = part.iter().map(|order| {
            prefetch(members, (order.consumer - first) as usize);
            prefetch(offers, order.offer as usize);
            (order.consumer, order.occasion())
        });
        let Room { pairs, noise, quality, expected, shift, surprise, returned, .. } = room;
        word_pairs(today.key, OUTCOME, today.at, addresses, pairs);
        normals(pairs.iter().map(|pair| pair[0]), noise);
        let promise = |order: &Shipment| &today.channels[usize::from(order.channel)];
        refill(quality, part, |order| f64::from(offers[order.offer as usize].quality));
        refill(expected, part, |order| promise(order).expected);
        refill(shift, part, |order| promise(order).shift);
        surprise.resize(part.len(), 0.0);
        returned.resize(part.len(), false);
        let p = &self.p;
        simd::widest(Look { p, pairs, noise, quality, expected, shift, surprise, returned });
    }

    /// What some deliveries teach their buyers: side by side as if everybody got one, and one after
    /// the other where somebody got several, which stand together.
    fn learn(
        &self,
        part: &[Shipment],
        (first, members): (u32, &mut [Member]),
        room: &mut Room,
        sums: &mut Sums,
    ) {
        let Room { surprise, returned, trust, satisfaction, habit, .. } = room;
        let member = |order: &Shipment| &members[(order.consumer - first) as usize];
        refill(trust, part, |order| member(order).trust);
        refill(satisfaction, part, |order| member(order).satisfaction);
        refill(habit, part, |order| member(order).habit);
        let p = &self.p;
        simd::widest(Learn { p, surprise, returned, trust, satisfaction, habit });
        let learned = trust.iter().zip(satisfaction).zip(habit);
        let mut before = None;
        for (k, (order, ((trust, satisfaction), habit))) in part.iter().zip(learned).enumerate() {
            let member = &mut members[(order.consumer - first) as usize];
            let mut views = Views { trust: *trust, satisfaction: *satisfaction, habit: *habit };
            if before.replace(order.consumer) == Some(order.consumer) {
                views = Views::of(member).after(p, surprise[k], returned[k]);
            }
            sums.trust_change += member.believe(views.trust);
            (member.satisfaction, member.habit) = (views.satisfaction, views.habit);
        }
    }
}

/// What a buyer thinks of the platform, as the record holds it.
#[derive(Clone, Copy, Debug)]
struct Views {
    trust: u16,
    satisfaction: u16,
    habit: u16,
}

impl Views {
    fn of(member: &Member) -> Self {
        let &Member { trust, satisfaction, habit, .. } = member;
        Self { trust, satisfaction, habit }
    }

    /// After a delivery. Both ways are worked out and one is taken, since nothing tells beforehand
    /// which it is.
    #[inline(always)]
    fn after(self, p: &Parameters, surprise: f32, returned: bool) -> Self {
        let surprise = f64::from(surprise);
        let trust = from_share16(self.trust);
        let bad = (-surprise / p.full_loss_at).clamp(0.0, 1.0);
        let gain = p.trust_gain * (1.0 - trust);
        let loss = -p.trust_loss * trust * bad.max(if returned { 0.25 } else { 0.0 });
        let is_good = surprise >= 0.0 && !returned;
        let satisfaction = from_share16(self.satisfaction);
        let seen = if returned { 0.0 } else { (0.5 + surprise).clamp(0.0, 1.0) };
        let habit = from_share16(self.habit);
        let more = share16(habit + p.habit_gain * (1.0 - habit));
        Self {
            trust: share16(trust + if is_good { gain } else { loss }),
            satisfaction: share16(0.7 * satisfaction + 0.3 * seen),
            habit: if returned { self.habit } else { more },
        }
    }
}

/// What buyers learn, column by column.
struct Learn<'a> {
    p: &'a Parameters,
    surprise: &'a [f32],
    returned: &'a [bool],
    trust: &'a mut [u16],
    satisfaction: &'a mut [u16],
    habit: &'a mut [u16],
}

impl Kernel for Learn<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let views = self.trust.iter_mut().zip(self.satisfaction).zip(self.habit);
        for (((trust, satisfaction), habit), (surprise, returned)) in
            views.zip(self.surprise.iter().zip(self.returned))
        {
            let before = Views { trust: *trust, satisfaction: *satisfaction, habit: *habit };
            let after = before.after(self.p, *surprise, *returned);
            (*trust, *satisfaction, *habit) = (after.trust, after.satisfaction, after.habit);
        }
    }
}

/// Fills a column with what is read of each of some deliveries.
fn refill<T>(column: &mut Vec<T>, part: &[Shipment], read: impl Fn(&Shipment) -> T) {
    column.clear();
    column.extend(part.iter().map(read));
}

/// How deliveries turn out, column by column.
struct Look<'a> {
    p: &'a Parameters,
    /// The second word of each says whether it goes back.
    pairs: &'a [[u32; 2]],
    noise: &'a [f64],
    quality: &'a [f64],
    expected: &'a [f64],
    shift: &'a [f64],
    surprise: &'a mut [f32],
    returned: &'a mut [bool],
}

impl Kernel for Look<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Parameters { quality_noise_sd, return_base, return_disappointment, .. } = *self.p;
        let promised = self.expected.iter().zip(self.shift);
        let columns = self.quality.iter().zip(self.noise).zip(promised).zip(self.pairs);
        let found = self.surprise.iter_mut().zip(self.returned);
        for ((((quality, noise), (expected, shift)), [_, word]), (surprise, returned)) in
            columns.zip(found)
        {
            let realised = quality + quality_noise_sd * noise;
            let felt = realised - expected;
            let odds = return_base - return_disappointment * felt + shift;
            *surprise = felt as f32;
            *returned = unit(*word) < quick_logistic(odds);
        }
    }
}

impl Sums {
    /// Adds one outcome: the money of a kept order is shared out, that of a returned one goes
    /// back.
    #[inline]
    fn add(&mut self, today: &Today<'_>, outcome: &Outcome) {
        let Outcome { order, returned, .. } = outcome;
        let channel = &mut self.channels[usize::from(order.channel)];
        self.delivery_days += u64::from(today.at.day - order.day);
        if *returned {
            channel.returned += 1;
            self.refund_fen += i64::from(order.price_fen);
            return;
        }
        channel.kept += 1;
        channel.kept_fen += i64::from(order.price_fen);
        let whole = u64::from(order.price_fen) + u64::from(order.coupon_fen);
        let part = |share_bp: u32| (whole * u64::from(share_bp) / 10_000) as i64;
        self.coupon_fen += i64::from(order.coupon_fen);
        self.commission_fen += part(today.fees.commission_bp);
        self.ad_fee_fen += part(today.fees.ad_fee_bp);
        let commission_bp = today.channels[usize::from(order.channel)].commission_bp;
        if commission_bp > 0 {
            channel.commission_fen += part(commission_bp);
        }
    }

    /// Books the sums.
    fn post(&self, today: &Today<'_>, book: &mut Book) {
        let Book { tally, postings, .. } = book;
        for (ends, channel) in self.channels.iter().zip(&mut tally.channels) {
            channel.kept += ends.kept;
            channel.kept_fen += ends.kept_fen;
            channel.returned += ends.returned;
        }
        let returned: u64 = self.channels.iter().map(|ends| ends.returned).sum();
        let kept_fen = self.channels.iter().map(|ends| ends.kept_fen).sum();
        tally.delivery_days += self.delivery_days;
        tally.trust_change += self.trust_change;
        tally.units_back += returned;
        postings.post(Line::Refund, Fen(self.refund_fen));
        postings
            .post(Line::ReturnPostage, Fen(returned as i64 * today.env.catalogue.parcel_cost_fen));
        postings.post(Line::Settlement, Fen(kept_fen));
        postings.post(Line::Subsidy, Fen(self.coupon_fen));
        postings.post(Line::Commission, Fen(self.commission_fen));
        postings.post(Line::AdFee, Fen(self.ad_fee_fen));
        for (ends, promise) in self.channels.iter().zip(&today.channels) {
            if let Some(line) = promise.commission_line {
                postings.post(line, Fen(ends.commission_fen));
            }
        }
    }
}
