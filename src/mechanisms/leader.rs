//! Neighbourhood group-buying by a leader: posts to neighbours, batches, pickup.
//!
//! Leaders are won with bonuses from the budget, one a neighbourhood. Each posts some
//! offers a day at a batch price; neighbours open posts with a chance that goes with
//! attention and trust in the leader. Orders wait for the day's cut-off; an offer whose
//! batch is too small is paid back. Leaders earn a commission and quit below a
//! reservation income.

use crate::columns::{Columns, State};
use crate::exchange::{Bins, Inbox, Outbox};
use crate::market::ledger::Line;
use crate::market::member::share16;
use crate::market::message::{Answer, Exposure, Order, Verdict, flag};
use crate::market::platform::{Book, Carriage, Family, Platform};
use crate::market::popularity::SQUARE_ROOT;
use crate::mechanism::homes::Homes;
use crate::mechanism::load::{Extent, Load, kept, persuaded};
use crate::mechanism::reach::{Chance, Look, Reached, Views, any_slot, everywhere};
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::long_words;
use crate::rng::sample::discrete::Alias;
use crate::rng::{Stream, below};
use std::ops::Range;
use std::sync::Arc;

/// In which order neighbourhoods are opened.
const RECRUIT: Stream = Stream::new("leader/recruit");
/// What a leader posts.
const GOODS: Stream = Stream::new("leader/goods");
/// Which neighbours are reached.
const NEIGHBOUR: Stream = Stream::new("leader/neighbour");
/// Which neighbours who are no members see a post.
const STRANGER: Stream = Stream::new("leader/stranger");
/// What a neighbour looks at.
const VIEW: Stream = Stream::new("leader/view");

parameters! {
    /// Leaders.
    pub struct Parameters {
        /// Share of the marketing budget for bonuses.
        budget_share: f64 = "0.0", "1", 0.0, 1.0, A, "no leaders unless a preset says more";
        /// Bonus for opening a neighbourhood.
        bonus_fen: i64 = "40_000", "fen", 1.0, 1_000_000_000.0, A, "400 yuan: two days of a leader's income (V: about 200 yuan a day)";
        /// Share of an active consumer's item pages that go to the leader's posts.
        attention_share: f64 = "0.60", "1", 0.0, 1.0, A, "attention of the community preset";
        /// Offers that a leader posts a day.
        posts: u32 = "8", "offers/day", 1.0, 1_000.0, A, "assumed";
        /// Posts that a reading neighbour considers.
        considered_mean: f64 = "0.35", "offers/day", 0.0, 1.0, A, "at most one a day";
        /// Discount of the batch price.
        discount_share: f64 = "0.12", "1", 0.0, 0.95, A, "assumed";
        /// Constant of the utility of a leader's post: attraction and residual lift of 1.2.
        constant: f64 = "-0.9", "utility", -20.0, 20.0, A, "assumed";
        /// Orders of an offer in a neighbourhood and day below which the batch is not sent.
        min_batch: u32 = "1", "orders", 1.0, 1_000.0, A, "no minimum";
        /// Share of non-user neighbours who see the posts in their messenger on a day.
        outside_reach_share: f64 = "0.20", "1", 0.0, 1.0, A, "assumed";
        /// Persuasion of a leader's post among non-users.
        join: f64 = "-6.2", "log-odds", -30.0, 10.0, A, "assumed; a neighbour asks, but every day";
        /// The leader's commission on kept orders.
        commission_share: f64 = "0.10", "1", 0.0, 1.0, V, "5 to 20 % (chinatalk.nl), 5 to 10 % (restofworld.org)";
        /// Trust in a new leader.
        trust: f64 = "0.70", "1", 0.0, 1.0, A, "a neighbour";
        /// Share by which trust in a leader moves with a day's outcomes.
        trust_gain: f64 = "0.02", "1", 0.0, 1.0, A, "as trust in the platform";
        /// How many times a bad outcome weighs as much as a good one.
        loss_weight: f64 = "4.0", "1", 0.0, 100.0, A, "losses weigh three to five times as much";
        /// Income a day below which a leader quits.
        reservation_fen: i64 = "300", "fen/day", 0.0, 1_000_000.0, A, "3 yuan, small beside 200 (V): leaders are shopkeepers too";
        /// Days after which the income is first judged, and then again.
        trial_days: u16 = "60", "days", 1.0, 3_650.0, A, "assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "leader",
    summary: "A leader in each neighbourhood posts batch offers to neighbours, for pickup the next day",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: true,
    channels: &[Channel {
        name: "leader",
        summary: "a neighbourhood leader's post",
        organic: false,
        family: Family::Leader,
    }],
    parameters: Parameters::DECLARED,
    streams: &[RECRUIT, GOODS, NEIGHBOUR, STRANGER, VIEW],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Leaders {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        leaders: Vec::new(),
        queue: Vec::new(),
        next: 0,
        purse: Fen::ZERO,
        goods: None,
        held: Vec::new(),
    })
}

/// Leaders, and what they post to neighbours, two thirds of whom have one.
fn load(values: &Values, extent: &Extent) -> Load {
    const AT_WORK: f64 = 0.66;
    let p = Parameters::from_values(values);
    let on = if p.budget_share > 0.0 { AT_WORK } else { 0.0 };
    let read = extent.activity * any_slot(extent.known.slots * p.attention_share);
    let near = on * read * p.considered_mean * extent.members;
    let outside = on * p.outside_reach_share * persuaded(p.join);
    let leaders = extent.neighbourhoods * (size_of::<Leader>() + 12) as f64;
    // Held until the evening, and released into a list of the same length.
    let held = kept(0.25 * near, extent.offer_shards, extent.days, size_of::<Order>());
    Load { near, outside, bytes: leaders + 2.0 * held + 24.0 * extent.offers, ..Load::default() }
}

/// The leader of one neighbourhood.
#[derive(Clone, Copy, Debug, Default)]
struct Leader {
    at_work: bool,
    trust: f64,
    /// Day on which the income is judged next.
    judged: u16,
    income_fen: i64,
}

crate::state! { Leader { at_work, trust, judged, income_fen } }

struct Leaders {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// One a neighbourhood.
    leaders: Vec<Leader>,
    /// Neighbourhoods in the order in which they are opened.
    queue: Vec<u32>,
    /// Where in the queue recruiting goes on.
    next: usize,
    purse: Fen,
    /// What leaders choose from.
    goods: Option<Arc<Alias>>,
    /// Orders that wait for the cut-off, by shard of offers.
    held: Vec<Vec<Order>>,
}

impl Mechanism for Leaders {
    fn start(&mut self, world: &mut World) {
        let env = &world.env;
        let n = env.network.n_neighbourhoods();
        self.leaders = vec![Leader::default(); n as usize];
        let key = env.key_of(self.platform);
        let mut queue: Vec<(u32, u32)> =
            (0..n).map(|k| (key.word(RECRUIT, k, Clock::default(), 0), k)).collect();
        queue.sort_unstable();
        self.queue = queue.into_iter().map(|(_, k)| k).collect();
        self.held = vec![Vec::new(); env.catalogue.shards.count()];
        let platform = &mut world.platforms[self.platform];
        let law = platform.resistance;
        let terms = &mut platform.channels[self.channel as usize];
        terms.constant = self.p.constant;
        terms.join = self.p.join;
        terms.thinning = law.most_persuaded(self.p.join);
        terms.carriage = Carriage::Pickup;
        terms.commission_bp = (self.p.commission_share * 10_000.0).round() as u32;
        terms.commission_line = Some(Line::LeaderCommission);
    }

    /// (budget) → new leaders; (sales) → what leaders choose from.
    fn open(&mut self, world: &mut World, at: Clock) {
        let platform = &mut world.platforms[self.platform];
        self.purse += platform.allotment(self.p.budget_share);
        let bonus = Fen(self.p.bonus_fen);
        for _ in 0..self.queue.len() {
            if self.purse < bonus {
                break;
            }
            let neighbourhood = self.queue[self.next % self.queue.len()];
            self.next += 1;
            let leader = &mut self.leaders[neighbourhood as usize];
            if !leader.at_work {
                let judged = at.day + self.p.trial_days;
                *leader = Leader { at_work: true, trust: self.p.trust, judged, income_fen: 0 };
                self.purse -= bonus;
                platform.ledger.post(Line::LeaderBonus, bonus);
            }
        }
        self.goods = Some(platform.ranking(at.day, SQUARE_ROOT).whole());
    }

    /// (leaders) → what neighbours see.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        let Some(goods) = self.goods.as_ref().filter(|_| at.wave == 0) else { return };
        let own = world.own_consumers();
        let World { env, platforms, attention, link, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let Platform { live, channels, .. } = &platforms[self.platform];
        let live = &*everywhere(link, env.consumers, live);
        let slots = attention.slots_mean * self.p.attention_share;
        let round = Round {
            of: self,
            env,
            views: Views { env, attention, key: env.key_of(self.platform), stream: VIEW, at },
            goods,
            own,
            homes: Homes::new(platforms, attention),
            slots,
            read: any_slot(slots) * self.p.considered_mean,
            outsider: self.p.outside_reach_share * channels[self.channel as usize].thinning,
        };
        let crew = out.crew();
        out.send_with(&mut books, |part, book, bins| {
            let mut room = Room::default();
            for neighbourhood in crew.piece(self.leaders.len() as u32, part) {
                round.post(neighbourhood, live, &mut room, (&mut *book, &mut *bins));
            }
        });
        platforms[self.platform].books = books;
    }

    /// (orders through leaders) → held until the cut-off, then sent in batches or paid back.
    fn gather(
        &mut self,
        world: &mut World,
        at: Clock,
        orders: &mut Inbox<Order>,
        answers: &mut Outbox<Answer>,
    ) {
        let last = at.wave + 1 == world.attention.waves;
        let (channel, least) = (self.channel, self.p.min_batch as usize);
        let platform = &mut world.platforms[self.platform];
        let mut rooms: Vec<_> = self
            .held
            .iter_mut()
            .zip(orders.shards.iter_mut())
            .zip(platform.offer_books.iter_mut())
            .collect();
        answers.send_with(&mut rooms, |_, ((held, orders), book), bins| {
            held.extend(orders.extract_if(.., |o| o.channel == channel));
            if last {
                release(least, held, orders, book, bins);
            }
        });
    }

    /// (outcomes) → income and trust; leaders who earn too little quit.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let mut counts = vec![(0_u32, 0_u32, 0_i64); self.leaders.len()];
        let share = (self.p.commission_share * 10_000.0).round() as u32;
        let outcomes = world.platforms[self.platform].all_outcomes();
        for outcome in outcomes.filter(|o| o.order.channel == self.channel) {
            let count = &mut counts[outcome.order.source as usize];
            if outcome.returned {
                count.1 += 1;
            } else {
                count.0 += 1;
                count.2 += outcome.order.full_price().basis_points(share).0;
            }
        }
        world.link.merge(&mut counts, |sum, other| {
            *sum = (sum.0 + other.0, sum.1 + other.1, sum.2 + other.2);
        });
        for (leader, (good, bad, income_fen)) in self.leaders.iter_mut().zip(counts) {
            leader.income_fen += income_fen;
            if good + bad > 0 {
                let (g, b) = (f64::from(good), f64::from(bad) * self.p.loss_weight);
                let drift = (g * (1.0 - leader.trust) - b * leader.trust) / f64::from(good + bad);
                leader.trust = (leader.trust + self.p.trust_gain * drift).clamp(0.0, 1.0);
            }
            if leader.at_work && at.day >= leader.judged {
                leader.at_work =
                    leader.income_fen >= self.p.reservation_fen * i64::from(self.p.trial_days);
                leader.income_fen = 0;
                leader.judged = at.day + self.p.trial_days;
            }
        }
    }

    fn digest(&self, hash: &mut Digest) {
        let state = |l: &Leader| [u64::from(l.at_work), l.trust.to_bits(), l.income_fen as u64];
        hash.add(self.leaders.iter().flat_map(state));
        hash.add([self.next as u64, self.purse.0 as u64]);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p: _, platform: _, channel: _, leaders, queue: _, next, purse, goods: _, held } =
            self;
        leaders.visit(io);
        next.visit(io);
        purse.visit(io);
        io.by_shard(held);
    }
}

/// At the cut-off: batches that are large enough go on, the others are paid back.
fn release(
    least: usize,
    held: &mut Vec<Order>,
    orders: &mut Vec<Order>,
    book: &mut Book,
    bins: &mut Bins<'_, Answer>,
) {
    held.sort_unstable_by_key(|o| (o.offer, o.source, o.consumer, o.wave));
    for batch in held.chunk_by(|a, b| (a.offer, a.source) == (b.offer, b.source)) {
        if batch.len() >= least {
            orders.extend_from_slice(batch);
            continue;
        }
        for &order in batch {
            book.tally.unfilled += 1;
            book.postings.post(Line::Refund, Fen(i64::from(order.price_fen)));
            bins.push(Answer { order, verdict: Verdict::Unfilled });
        }
    }
    held.clear();
    orders.sort_unstable_by_key(crate::exchange::Message::key);
}

/// Room that a worker keeps from one leader to the next.
#[derive(Default)]
struct Room {
    reached: Reached,
    words: Vec<u32>,
}

/// What is equal for all leaders on a day.
struct Round<'a> {
    of: &'a Leaders,
    env: &'a Environment,
    views: Views<'a>,
    goods: &'a Alias,
    homes: Homes<'a>,
    /// Whom this rank reaches: every rank goes through all leaders, each to its own consumers.
    own: Range<u32>,
    /// Item pages of a member that go to posts.
    slots: f64,
    /// Chance that an active member considers a post, at full trust.
    read: f64,
    /// Chance that a non-user sees a post and might be persuaded.
    outsider: f64,
}

impl Round<'_> {
    /// One leader's posts of the day to the neighbourhood.
    fn post(
        &self,
        neighbourhood: u32,
        live: &crate::market::member::Bitmap,
        Room { reached, words }: &mut Room,
        (book, bins): (&mut Book, &mut Bins<'_, Exposure>),
    ) {
        let leader = &self.of.leaders[neighbourhood as usize];
        if !leader.at_work {
            return;
        }
        let starts = &self.env.network.neighbourhoods;
        let (first, end) = (starts[neighbourhood as usize], starts[neighbourhood as usize + 1]);
        if end <= self.own.start || first >= self.own.end {
            return;
        }
        let read = self.read * leader.trust;
        let Views { key, at, .. } = self.views;
        let chance = |probability, stream| Chance {
            probability,
            draws: key.draws(stream, neighbourhood, at, 0),
        };
        let chances = [chance(read, NEIGHBOUR), chance(self.outsider, STRANGER)];
        reached.draw(first..end, live, chances, &self.own);
        self.views.of(0, reached, |consumer, is_member| match is_member {
            true => self.homes.thinning(consumer, self.of.platform, self.slots),
            false => 1.0,
        });
        book.tally.channels[self.of.channel as usize].exposed += reached.looks.len() as u64;
        let post = |look: &Look| (neighbourhood, below(look.word, self.of.p.posts));
        long_words(key, GOODS, at, 1, reached.looks.iter().map(post), words);
        for (look, words) in reached.looks.iter().zip(words.chunks_exact(4)) {
            let offer = self.goods.pick(words[0], words[1]);
            bins.push(self.pitch(look.consumer, neighbourhood, offer));
        }
    }

    fn pitch(&self, to: u32, neighbourhood: u32, offer: u32) -> Exposure {
        let of = self.of;
        Exposure {
            offer,
            source: neighbourhood,
            category: self.env.catalogue.offers[offer as usize].category,
            price_bp: ((1.0 - of.p.discount_share) * 10_000.0).round() as u16,
            trust: share16(of.leaders[neighbourhood as usize].trust),
            flags: flag::IMPULSE,
            ..Exposure::new(to, of.platform, of.channel)
        }
    }
}
