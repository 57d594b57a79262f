//! Livestream selling by influencers: sessions on a schedule, fans who follow.
//!
//! On show days influencers go live while the purse of slot fees lasts. A follower
//! who is a member and active attends with the chance that a slot of attention falls
//! to the session, scaled by (F/F₀)^e: conversion per follower goes with F^−0.37
//! (Beichert et al. 2024, doi 10.1177/00222429231217471). Sessions sell at a cut price,
//! carry an impulse, and more comes back. Who sold often lately is attended and believed
//! less, by e^−w, w the sum of g·2^(−days/h) over past sessions; followers who were reached
//! and did not order see the offer again with probability c·2^(−days/h′).

use crate::columns::{Columns, State};
use crate::exchange::{Bins, Inbox, Outbox};
use crate::market::ledger::Line;
use crate::market::member::share16;
use crate::market::message::{Exposure, NONE, Order, flag};
use crate::market::platform::{Book, Family, Platform};
use crate::market::popularity::SQUARE_ROOT;
use crate::mechanism::homes::Homes;
use crate::mechanism::load::{Extent, Load, kept, persuaded};
use crate::mechanism::reach::{Chance, Reached, Views, any_slot, everywhere};
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::network::Follow;
use crate::network::packed::BLOCK;
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{exp, pow};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::{Stream, below};
use std::ops::Range;
use std::sync::Arc;

/// In which order influencers are booked.
const BOOKING: Stream = Stream::new("livestream/booking");
/// Which goods a session shows.
const GOODS: Stream = Stream::new("livestream/goods");
/// Which followers are reached, in blocks of followers.
const FOLLOWER: Stream = Stream::new("livestream/follower");
/// Which followers who are no members hear of a session, in blocks of followers.
const STRANGER: Stream = Stream::new("livestream/stranger");
/// What a follower does in the session.
const VIEW: Stream = Stream::new("livestream/view");
/// Whether a follower sees an offer of an earlier session again.
const REPLAY: Stream = Stream::new("livestream/replay");

parameters! {
    /// Livestream sessions.
    pub struct Parameters {
        /// Share of the marketing budget for slot fees.
        budget_share: f64 = "0.0", "1", 0.0, 1.0, A, "no sessions unless a preset says more";
        /// Share of an active consumer's item pages that go to sessions.
        attention_share: f64 = "0.35", "1", 0.0, 1.0, A, "attention of the KOL preset";
        /// Show days in a week, spread evenly.
        show_days_per_week: u32 = "2", "days/week", 1.0, 7.0, A, "assumed";
        /// Slot fee of an influencer with the reference number of followers.
        slot_fee_fen: i64 = "6_000", "fen", 0.0, 1_000_000_000.0, A, "60 yuan for a thousand followers, assumed; a star took 300,000 yuan (V case)";
        /// Followers to which fee and conversion refer.
        reference_followers: f64 = "1_000.0", "followers", 1.0, 1e9, A, "a nano influencer";
        /// Exponent of followers in what a follower is worth.
        size_exponent: f64 = "-0.37", "1", -2.0, 1.0, D, "revenue per follower 0.265 and 0.049 euro two decades apart (Beichert et al. 2024)";
        /// Offers that a session shows.
        offers_per_session: u32 = "12", "offers", 1.0, 1_000.0, A, "assumed";
        /// Offers that an attending follower considers.
        considered_mean: f64 = "0.6", "offers", 0.0, 1.0, A, "at most one a session";
        /// Price cut in a session.
        price_cut_share: f64 = "0.20", "1", 0.0, 0.95, A, "7.6 % on average (V) to 40 % with a star (V case)";
        /// Constant of the utility of what a session shows: attraction, residual lift of 1.5, impulse.
        constant: f64 = "-0.7", "utility", -20.0, 20.0, A, "residual lift 0.5 to 2.3 over the feed's appeal without a need";
        /// Share of non-user followers who hear of a session elsewhere.
        outside_reach_share: f64 = "0.30", "1", 0.0, 1.0, A, "assumed";
        /// Persuasion of a session among non-users who hear of it.
        join: f64 = "-6.0", "log-odds", -30.0, 10.0, A, "assumed; more than an advertisement, less than a friend";
        /// The influencer's commission on kept orders.
        commission_share: f64 = "0.25", "1", 0.0, 1.0, V, "20 to 30 %, case 25 % (SCMP 3093440)";
        /// Log-odds added to returns.
        return_shift: f64 = "1.30", "log-odds", -10.0, 10.0, D, "0.12 on the shelf becomes 0.30 to 0.50 (V, press) together with the hype";
        /// Quality promised beyond the usual.
        hype: f64 = "0.10", "1", 0.0, 1.0, A, "assumed";
        /// Share by which fan trust moves with a day's outcomes.
        trust_gain: f64 = "0.02", "1", 0.0, 1.0, A, "as trust in the platform";
        /// How many times a bad outcome weighs as much as a good one in fan trust.
        loss_weight: f64 = "4.0", "1", 0.0, 100.0, A, "losses weigh three to five times as much";
        /// What a session adds to its influencer's fatigue w: attendance and the trust in what is
        /// said fall by e^-w.
        fatigue_gain: f64 = "0.0", "1", 0.0, 10.0, A, "no fatigue unless a scenario says more";
        /// Days in which an influencer's fatigue halves.
        fatigue_half_life_days: f64 = "7.0", "days", 0.01, 365.0, A, "a week, assumed";
        /// Chance, carried back to the session's day, that a follower who was reached and did not
        /// order sees the offer again on a day.
        carry_over_share: f64 = "0.0", "1", 0.0, 1.0, A, "no carry-over unless a scenario says more: studies find none, and seven days of it (evidence S16, S17)";
        /// Days in which that chance halves; 0 for no carry-over.
        carry_over_half_life_days: f64 = "1.0", "days", 0.0, 2.0, A, "model, section 7 (KOL): 0 to 2 days";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "livestream",
    summary: "Influencers sell to followers in sessions on show days, at a cut price and with impulse",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: false,
    needed: None,
    followers: true,
    sweeps_ties: false,
    paid: true,
    channels: &[Channel {
        name: "live",
        summary: "an influencer's livestream session",
        organic: false,
        family: Family::Live,
    }],
    parameters: Parameters::DECLARED,
    streams: &[BOOKING, GOODS, FOLLOWER, STRANGER, VIEW, REPLAY],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Livestream {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        follow: Arc::default(),
        trust: Vec::new(),
        sessions: Vec::new(),
        purse: Fen::ZERO,
        fatigue: Vec::new(),
        missed: Vec::new(),
    })
}

/// What followers see on a show day, for which the fees of the days before are saved.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    // Large influencers are cheaper a follower: about seven tenths of the reference.
    let fee = 0.7 * p.slot_fee_fen as f64 / p.reference_followers;
    let show_days = f64::from(p.show_days_per_week) / 7.0;
    let fees = extent.budget_fen * p.budget_share / show_days;
    let reached = extent.follows.min(fees / fee.max(1e-9));
    let view = extent.activity * any_slot(extent.known.slots * p.attention_share);
    let near = reached * view * p.considered_mean * extent.members;
    let outside = 0.8 * show_days * reached * p.outside_reach_share * persuaded(p.join);
    let carried = if p.carry_over_share > 0.0 { f64::from(REPLAY_DAYS) * show_days } else { 0.0 };
    let bytes = kept(near * carried, extent.shards, extent.days, size_of::<Missed>());
    Load { near, outside, bytes: bytes + 24.0 * extent.offers, ..Load::default() }
}

struct Session {
    influencer: u32,
    goods: Vec<u32>,
}

struct Livestream {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// Who follows whom.
    follow: Arc<Follow>,
    /// Fan trust of each influencer.
    trust: Vec<f64>,
    /// Today's sessions.
    sessions: Vec<Session>,
    /// Slot fees saved up for the next show day.
    purse: Fen,
    /// Fatigue of each influencer; empty without a gain.
    fatigue: Vec<f64>,
    /// Offers that may be seen again, by shard of consumers; empty without carry-over.
    missed: Vec<Vec<Missed>>,
}

/// A follower who was reached by a session and did not order: what may be seen again.
#[derive(Clone, Copy, Debug)]
struct Missed {
    consumer: u32,
    offer: u32,
    influencer: u32,
    /// Day of the session.
    day: u16,
}

crate::state! { Missed { consumer, offer, influencer, day } }

/// Days after a session on which its offers may be seen again.
const REPLAY_DAYS: u16 = 7;

impl Mechanism for Livestream {
    fn start(&mut self, world: &mut World) {
        self.follow = world.env.follow();
        self.trust.clone_from(&world.env.influencers.credibility);
        if self.p.fatigue_gain > 0.0 {
            self.fatigue = vec![0.0; self.trust.len()];
        }
        if self.p.carry_over_share > 0.0 && self.p.carry_over_half_life_days > 0.0 {
            self.missed = vec![Vec::new(); world.env.consumers.count()];
        }
        let platform = &mut world.platforms[self.platform];
        let law = platform.resistance;
        let terms = &mut platform.channels[self.channel as usize];
        terms.constant = self.p.constant;
        terms.join = self.p.join;
        terms.thinning = law.most_persuaded(self.p.join);
        terms.commission_bp = (self.p.commission_share * 10_000.0).round() as u32;
        terms.commission_line = Some(Line::InfluencerCommission);
        terms.return_shift = self.p.return_shift;
        terms.hype = self.p.hype;
    }

    /// (budget, influencers) → today's sessions and their fees.
    fn open(&mut self, world: &mut World, at: Clock) {
        self.sessions.clear();
        let rested = halved(1, self.p.fatigue_half_life_days);
        self.fatigue.iter_mut().for_each(|fatigue| *fatigue *= rested);
        self.book(world, at);
        self.forget(at);
    }

    /// (followers) → what they see in a session, or hear of it; what they see again.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        if at.wave != 0 {
            return;
        }
        if !self.sessions.is_empty() {
            self.perform(world, at, out);
        }
        if !self.missed.is_empty() {
            self.repeat(world, at, out);
        }
    }

    /// (exposures that reach the decider) → what may be seen again.
    fn attend(&mut self, _world: &mut World, at: Clock, inbox: &mut Inbox<Exposure>) {
        if at.wave != 0 || self.missed.is_empty() || self.sessions.is_empty() {
            return;
        }
        let (sessions, own) = (&self.sessions, (self.channel, self.platform as u8));
        parallel::each_pair(&mut self.missed, &mut inbox.shards, |_, missed, list| {
            let live = |e: &&Exposure| {
                (e.channel(), e.platform()) == own
                    && e.flags & flag::DROPPED == 0
                    && is_on(sessions, e.source)
            };
            missed.extend(list.iter().filter(live).map(|e| Missed {
                consumer: e.to,
                offer: e.offer,
                influencer: e.source,
                day: at.day,
            }));
            missed.sort_unstable_by_key(|m| (m.consumer, m.influencer));
        });
    }

    /// (orders just placed) → who ordered an offer need not see it again.
    fn notice(&mut self, _world: &mut World, _at: Clock, placed: &[Vec<Order>]) {
        let platform = self.platform as u8;
        if !self.missed.is_empty() {
            parallel::each(&mut self.missed, |shard, missed| {
                let orders = placed[shard].iter().filter(|o| o.platform == platform);
                let mut bought: Vec<_> = orders.map(|o| (o.consumer, o.offer)).collect();
                bought.sort_unstable();
                missed.retain(|m| bought.binary_search(&(m.consumer, m.offer)).is_err());
            });
        }
    }

    /// (outcomes) → fan trust; (sessions) → fatigue.
    fn adapt(&mut self, world: &mut World, _at: Clock) {
        self.judge(world);
        if !self.fatigue.is_empty() {
            for session in &self.sessions {
                self.fatigue[session.influencer as usize] += self.p.fatigue_gain;
            }
        }
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add(self.trust.iter().map(|t| t.to_bits()));
        hash.add([self.purse.0 as u64]);
        hash.add(self.fatigue.iter().map(|f| f.to_bits()));
        let state = |m: &Missed| {
            [
                u64::from(m.consumer) << 32 | u64::from(m.offer),
                u64::from(m.influencer) << 16 | u64::from(m.day),
            ]
        };
        hash.lists(&self.missed, state);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            p: _,
            platform: _,
            channel: _,
            follow: _,
            trust,
            sessions: _,
            purse,
            fatigue,
            missed,
        } = self;
        trust.visit(io);
        purse.visit(io);
        io.where_on(fatigue);
        io.by_shard_where_on(missed);
    }
}

impl Livestream {
    /// Books influencers while the purse lasts.
    fn book(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        self.purse += platform.allotment(self.p.budget_share);
        if !self.is_show_day(at.day) || self.p.budget_share == 0.0 {
            return;
        }
        let key = env.key_of(self.platform);
        let priority = |i| (key.word(BOOKING, i, at, 0), i);
        let mut order: Vec<(u32, u32)> = (0..env.influencers.n()).map(priority).collect();
        order.sort_unstable();
        let shown = platform.ranking(at.day, SQUARE_ROOT).whole();
        for (_, influencer) in order {
            let fee = self.fee(self.follow.count(influencer));
            if fee <= self.purse {
                self.purse -= fee;
                platform.ledger.post(Line::SlotFee, fee);
                let mut draws = key.draws(GOODS, influencer, at, 0);
                let pick = |_| shown.pick(draws.word(), draws.word());
                let goods = (0..self.p.offers_per_session).map(pick).collect();
                self.sessions.push(Session { influencer, goods });
            }
        }
        self.sessions.sort_unstable_by_key(|session| session.influencer);
    }

    /// Forgets what is too old to be seen again, and what a new session replaces.
    fn forget(&mut self, at: Clock) {
        let sessions = &self.sessions;
        parallel::each(&mut self.missed, |_, missed| {
            missed.retain(|m| at.day - m.day <= REPLAY_DAYS && !is_on(sessions, m.influencer));
        });
    }

    /// Plays the day's sessions to their followers.
    fn perform(&self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        let own = world.own_consumers();
        let World { env, platforms, attention, link, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let Platform { live, channels, .. } = &platforms[self.platform];
        let live = &*everywhere(link, env.consumers, live);
        let slots = attention.slots_mean * self.p.attention_share;
        let stage = Stage {
            show: self,
            env,
            views: Views { env, attention, key: env.key_of(self.platform), stream: VIEW, at },
            homes: Homes::new(platforms, attention),
            own,
            slots,
            member: any_slot(slots) * self.p.considered_mean,
            outsider: self.p.outside_reach_share * channels[self.channel as usize].thinning,
        };
        let blocks = stage.blocks();
        let crew = out.crew();
        out.send_with(&mut books, |part, book, bins| {
            let (range, mut room) = (crew.piece(blocks.len() as u32, part), Room::default());
            for &(session, block) in &blocks[range.start as usize..range.end as usize] {
                let block = (block, &mut room);
                stage.play(&self.sessions[session], block, live, (&mut *book, &mut *bins));
            }
        });
        platforms[self.platform].books = books;
    }

    /// Shows offers of the last days' sessions again.
    fn repeat(&self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        let World { env, platforms, attention, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let (homes, live) = (Homes::new(platforms, attention), &platforms[self.platform].live);
        let key = env.key_of(self.platform);
        let chance: [f64; REPLAY_DAYS as usize + 1] = std::array::from_fn(|days| {
            self.p.carry_over_share * halved(days as u16, self.p.carry_over_half_life_days)
        });
        out.send_with(&mut books, |shard, book, bins| {
            for m in self.missed[shard].iter().filter(|m| live.get(m.consumer)) {
                let unit = key.unit(REPLAY, m.consumer, at, m.influencer);
                let here = homes.share(m.consumer, self.platform);
                if unit < here * chance[usize::from(at.day - m.day)]
                    && attention.is_active(env, m.consumer, at.day)
                {
                    book.tally.channels[self.channel as usize].exposed += 1;
                    bins.push(pitched(env, self.voice(m.influencer), m.consumer, m.offer));
                }
            }
        });
        platforms[self.platform].books = books;
    }

    /// Fan trust moves with what became of the goods.
    fn judge(&mut self, world: &World) {
        let mut counts = vec![(0_u32, 0_u32); self.trust.len()];
        let outcomes = world.platforms[self.platform].all_outcomes();
        for outcome in outcomes.filter(|o| o.order.channel == self.channel) {
            let count = &mut counts[outcome.order.source as usize];
            if outcome.returned { count.1 += 1 } else { count.0 += 1 }
        }
        world.link.merge(&mut counts, |sum, other| *sum = (sum.0 + other.0, sum.1 + other.1));
        for (trust, (good, bad)) in self.trust.iter_mut().zip(counts) {
            if good + bad > 0 {
                let (g, b) = (f64::from(good), f64::from(bad) * self.p.loss_weight);
                let drift = (g * (1.0 - *trust) - b * *trust) / f64::from(good + bad);
                *trust = (*trust + self.p.trust_gain * drift).clamp(0.0, 1.0);
            }
        }
    }

    /// What an influencer's fatigue leaves of attendance and trust.
    fn appeal(&self, influencer: u32) -> f64 {
        self.fatigue.get(influencer as usize).map_or(1.0, |fatigue| exp(-fatigue))
    }

    /// Whether influencers go live: the show days are spread over the week.
    fn is_show_day(&self, day: u16) -> bool {
        let (k, d) = (self.p.show_days_per_week, u32::from(day % 7));
        (d + 1) * k / 7 > d * k / 7
    }

    /// What a follower of an influencer of that size is worth, relative to the reference.
    fn worth(&self, followers: usize) -> f64 {
        pow(followers.max(1) as f64 / self.p.reference_followers, self.p.size_exponent)
    }

    /// What is the same of all that an influencer says. Trust never reads as that in nobody.
    fn voice(&self, influencer: u32) -> Exposure {
        let mut trust = share16(self.trust[influencer as usize] * self.appeal(influencer));
        if !self.fatigue.is_empty() {
            trust = trust.max(1);
        }
        Exposure {
            source: influencer,
            price_bp: ((1.0 - self.p.price_cut_share) * 10_000.0).round() as u16,
            trust,
            flags: flag::IMPULSE,
            ..Exposure::new(NONE, self.platform, self.channel)
        }
    }

    fn fee(&self, followers: usize) -> Fen {
        let size = followers as f64 / self.p.reference_followers;
        Fen((self.p.slot_fee_fen as f64 * size * self.worth(followers)).round() as i64)
    }
}

/// What is equal for all followers of a day's sessions.
struct Stage<'a> {
    show: &'a Livestream,
    env: &'a Environment,
    views: Views<'a>,
    homes: Homes<'a>,
    /// To whom this rank plays: every rank plays all blocks, each to its own consumers.
    own: Range<u32>,
    /// Item pages of a member that go to sessions.
    slots: f64,
    /// Chance that an active member considers an offer of a session of the reference size.
    member: f64,
    /// Chance that a non-user hears of a session and might be persuaded.
    outsider: f64,
}

impl Stage<'_> {
    /// All blocks of followers: (session, block).
    fn blocks(&self) -> Vec<(usize, usize)> {
        let count = |s: &Session| self.show.follow.count(s.influencer).div_ceil(BLOCK);
        let sessions = self.show.sessions.iter().enumerate();
        sessions.flat_map(|(k, s)| (0..count(s)).map(move |block| (k, block))).collect()
    }

    /// Plays a session to one block of its followers.
    fn play(
        &self,
        session: &Session,
        (block, Room { here, reached }): (usize, &mut Room),
        live: &crate::market::member::Bitmap,
        (book, bins): (&mut Book, &mut Bins<'_, Exposure>),
    ) {
        let (show, influencer) = (self.show, session.influencer);
        let followers = &show.follow.followers;
        followers.read(influencer, block, here);
        if here.last().is_none_or(|last| *last < self.own.start) || here[0] >= self.own.end {
            return;
        }
        let member = self.member * show.worth(followers.len(influencer));
        let appeal = show.appeal(influencer);
        let Views { key, at, .. } = self.views;
        let chance = |probability, stream| Chance {
            probability,
            draws: key.draws(stream, influencer, at, block as u32),
        };
        let most = member.min(1.0);
        let chances = [chance(most, FOLLOWER), chance(self.outsider, STRANGER)];
        reached.draw(here.iter().copied(), live, chances, &self.own);
        self.views.of(influencer, reached, |consumer, is_member| {
            let thinning = || self.homes.thinning(consumer, show.platform, self.slots);
            if is_member { (member * thinning()).min(1.0) / most * appeal } else { appeal }
        });
        book.tally.channels[show.channel as usize].exposed += reached.looks.len() as u64;
        let voice = show.voice(influencer);
        for look in &reached.looks {
            let offer = session.goods[below(look.word, session.goods.len() as u32) as usize];
            bins.push(pitched(self.env, voice, look.consumer, offer));
        }
    }
}

/// Room that a worker keeps from one block of followers to the next.
#[derive(Default)]
struct Room {
    /// The followers of the block.
    here: Vec<u32>,
    reached: Reached,
}

/// What an influencer's voice says of an offer to somebody.
fn pitched(env: &Environment, voice: Exposure, to: u32, offer: u32) -> Exposure {
    let category = env.catalogue.offers[offer as usize].category;
    Exposure { to, offer, category, ..voice }
}

/// Whether an influencer has a session today.
fn is_on(sessions: &[Session], influencer: u32) -> bool {
    sessions.binary_search_by_key(&influencer, |session| session.influencer).is_ok()
}

/// What is left after so many days.
fn halved(days: u16, half_life_days: f64) -> f64 {
    exp(-std::f64::consts::LN_2 * f64::from(days) / half_life_days)
}
