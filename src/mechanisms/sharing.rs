//! Sharing: buyers tell friends, and are paid for the new members they bring.
//!
//! P(share) = σ(s₀ + s₁·expected reward/hassle + s₂·(satisfaction − ½) + ln propensity).
//! A personal share goes to a few ties picked at random, or to strong ones first; a
//! broadcast is seen by a fraction of all ties and persuades less (Aral & Walker 2011,
//! doi 10.1287/mnsc.1110.1421); what is shared in a chat group is seen by a fraction of its
//! members, tied or not. What is shared in one wave is seen in the next.

use crate::columns::{Columns, State};
use crate::exchange::{Bins, Inbox, Outbox, ahead, nearest};
use crate::market::ledger::Line;
use crate::market::member::{from_share16, share16, standing};
use crate::market::message::{Answer, Exposure, NONE, Node, Order, Verdict, flag};
use crate::market::platform::{Book, Family, Rows};
use crate::mechanism::load::{Extent, Load, kept, persuaded};
use crate::mechanism::reach::successes;
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::mechanism::{Digest, Mechanism};
use crate::parallel::{self, InTurn, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::{ln, quick_logistic};
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, first_words};
use crate::rng::lanes::long_words;
use crate::rng::neighbours::rows_below;
use crate::rng::sample::discrete::{MAX_DISTINCT, sorted_distinct_by};
use crate::rng::{Key, Stream, unit};
use crate::simd::prefetch;
use std::hint::select_unpredictable;

/// Whether a buyer shares, and how.
const SHARE: Stream = Stream::new("sharing/share");
/// With whom.
const AUDIENCE: Stream = Stream::new("sharing/audience");

parameters! {
    /// How buyers share.
    pub struct Parameters {
        /// Share of the marketing budget for rewards.
        budget_share: f64 = "0.0", "1", 0.0, 1.0, A, "no rewards unless a preset says more";
        /// Reward for bringing a new member.
        reward_fen: i64 = "2_000", "fen", 0.0, 1_000_000.0, A, "20 yuan, assumed", where budget_share > 0;
        /// Hassle of sharing, in money.
        hassle_fen: f64 = "2_000.0", "fen", 1.0, 1_000_000.0, A, "assumed",
            where budget_share > 0;
        /// s₀: log-odds of sharing an order, without reward, at middling satisfaction.
        base: f64 = "-3.5", "log-odds", -30.0, 10.0, A, "three orders in a hundred";
        /// s₁: log-odds added where the reward equals the hassle.
        reward_weight: f64 = "1.0", "log-odds", 0.0, 20.0, A, "assumed", where budget_share > 0;
        /// s₂: log-odds between no and full satisfaction.
        satisfaction_weight: f64 = "1.0", "log-odds", 0.0, 20.0, A, "assumed";
        /// Share of shares that are broadcast instead of personal.
        broadcast_share: f64 = "0.3", "1", 0.0, 1.0, A, "assumed";
        /// Ties that a personal share goes to.
        personal_ties: u32 = "3", "ties", 1.0, 64.0, A, "one to five";
        /// Whether a personal share goes to strong ties as long as there are any.
        strong_first: bool = "false", "1", A, "any tie unless the scenario says more";
        /// Share of shares that are not broadcast which go to a chat group: the interest group
        /// in a community network, else the neighbourhood.
        group_chat_share: f64 = "0.0", "1", 0.0, 1.0, A, "none unless the scenario says more";
        /// Share of the chat group's members who see what is shared there.
        group_chat_reach: f64 = "0.10", "1", 0.0, 1.0, A, "assumed; below a broadcast's, as a group has more members than a consumer has ties";
        /// Share of all ties who see a broadcast.
        broadcast_reach: f64 = "0.15", "1", 0.0, 1.0, A, "assumed";
        /// Constant of the utility of what a friend shares personally.
        personal_constant: f64 = "-1.6", "utility", -20.0, 20.0, A, "assumed; the residual lift of friends of 0.6 is in it";
        /// Constant of the utility of what a friend broadcasts.
        broadcast_constant: f64 = "-2.6", "utility", -20.0, 20.0, A, "weaker a message than a personal share (Aral & Walker 2011)";
        /// Constant of the utility of what is shared in a chat group.
        group_chat_constant: f64 = "-2.2", "utility", -20.0, 20.0, A, "assumed: between a personal share and a broadcast";
        /// Persuasion of a personal share among non-users.
        personal_join: f64 = "-2.5", "log-odds", -30.0, 10.0, A, "assumed";
        /// Persuasion of a broadcast among non-users.
        broadcast_join: f64 = "-4.0", "log-odds", -30.0, 10.0, A, "assumed";
        /// Persuasion of what is shared in a chat group among non-users.
        group_chat_join: f64 = "-3.5", "log-odds", -30.0, 10.0, A, "assumed: between a personal share and a broadcast";
        /// Trust in a close friend's word.
        strong_trust: f64 = "0.85", "1", 0.0, 1.0, A, "assumed";
        /// Trust in an acquaintance's word, and in that of members of a chat group.
        weak_trust: f64 = "0.65", "1", 0.0, 1.0, A, "assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "sharing",
    summary: "Buyers share what they bought, personally or by broadcast, and earn by bringing members",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[
        Channel {
            name: "share",
            summary: "a friend's personal share",
            organic: false,
            family: Family::Friend,
        },
        Channel {
            name: "broadcast",
            summary: "a friend's broadcast",
            organic: false,
            family: Family::Friend,
        },
        Channel {
            name: "group_chat",
            summary: "a share in a chat group",
            organic: false,
            family: Family::Friend,
        },
    ],
    parameters: Parameters::DECLARED,
    streams: &[SHARE, AUDIENCE],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let (platform, first) = (placement.platform, placement.first_channel);
    Box::new(Sharing {
        p,
        platform,
        first,
        shares: Vec::new(),
        paid_share: 0.0,
        idle: Rooms::default(),
    })
}

/// Shares of a wave, and who joins by them; where people chat in groups, who with whom.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let shared = extent.known.orders * quick_logistic(p.base + 0.5);
    let chats = if p.group_chat_share > 0.0 { extent.consumers * 16.0 } else { 0.0 };
    let sent = f64::from(p.personal_ties) + p.broadcast_share * p.broadcast_reach * extent.degree;
    let by_members =
        shared / extent.members.max(1.0) * f64::from(p.personal_ties) * persuaded(p.personal_join);
    let shares = kept(shared, extent.shards, extent.days, size_of::<Share>());
    Load { far: shared * sent / 2.0, by_members, bytes: chats + shares, ..Load::default() }
}

/// To whom a share goes; as a number, the offset of its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Personal,
    Broadcast,
    GroupChat,
}

/// A share that will be seen in the next wave.
#[derive(Clone, Copy, Debug)]
struct Share {
    by: u32,
    offer: u32,
    node: Node,
    kind: Kind,
}

crate::state! { Share { by, offer, node, kind } }
crate::state_words! { Kind { Personal, Broadcast, GroupChat } }

struct Sharing {
    p: Parameters,
    platform: usize,
    /// Channel of personal shares; broadcasts and chat groups have the next.
    first: u8,
    shares: Vec<Vec<Share>>,
    /// Share of the last day's claims that the budget paid: what a sharer expects.
    paid_share: f64,
    idle: Rooms<Room>,
}

/// Room of a thread at work, kept from shard to shard.
#[derive(Default)]
struct Room {
    words: Vec<u32>,
    /// Which of some orders might be shared.
    tempted: Vec<u32>,
    /// The ties that a share goes to, and the hearers of a sharer.
    ties: Vec<u32>,
    hearers: Vec<u32>,
}

impl Mechanism for Sharing {
    fn start(&mut self, world: &mut World) {
        self.shares = vec![Vec::new(); world.env.consumers.count()];
        self.paid_share = if self.p.budget_share > 0.0 { 1.0 } else { 0.0 };
        let platform = &mut world.platforms[self.platform];
        platform.cascades.keep_for(1);
        let env = &world.env;
        if self.p.group_chat_share > 0.0 {
            env.society.find_chats(&env.network, env.people.segment_column().kept());
        }
        let kinds = [
            (self.p.personal_constant, self.p.personal_join),
            (self.p.broadcast_constant, self.p.broadcast_join),
            (self.p.group_chat_constant, self.p.group_chat_join),
        ];
        for (terms, (constant, join)) in
            platform.channels[self.first as usize..].iter_mut().zip(kinds)
        {
            terms.constant = constant;
            terms.join = join;
            terms.variants = true;
        }
    }

    /// (shares of the last wave) → what friends see.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let mut rooms: Vec<_> =
            platform.books.iter_mut().zip(std::mem::take(&mut self.shares)).collect();
        out.send_with(&mut rooms, |_, (book, shares), bins| {
            self.idle.lent(|room| self.send_all(env, at, (book, shares), room, bins));
        });
        self.shares = rooms.into_iter().map(|(_, shares)| shares).collect();
    }

    /// (granted orders) → shares to come; a sharer whom nobody brought starts a cascade.
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
        let talk = Talk::new(&self.p, self.paid_share, env, (key, at));
        let mut cascades = std::mem::take(&mut platform.cascades);
        // Cascades are planted in the order of the shards, while others still listen.
        let beds = InTurn::new(self.shares.len(), &mut cascades);
        let mut rooms: Vec<_> = platform
            .rows(env.consumers)
            .into_iter()
            .zip(self.shares.iter_mut().map(Some))
            .collect();
        parallel::each(&mut rooms, |shard, (rows, shares)| {
            let Some(shares) = shares.take() else { return };
            self.idle.lent(|room| {
                parallel::apart(shares, |shares| {
                    talk.hear(&answers.shards[shard], rows, room, shares);
                });
            });
            beds.hand_in(shard, shares, |cascades, shares| {
                let rootless = shares.iter_mut().filter(|share| !share.node.is_some());
                rootless.for_each(|share| share.node = cascades.plant(link, at.day));
            });
        });
        platform.cascades = cascades;
    }

    /// (new members whom friends brought) → rewards, while the day's allotment lasts.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let platform = &mut world.platforms[self.platform];
        let purse = platform.allotment(self.p.budget_share);
        if self.p.budget_share == 0.0 || self.p.reward_fen == 0 {
            return;
        }
        let members = &platform.members;
        let is_new = |i: u32| {
            let m = &members[i as usize];
            m.acquired_day == at.day
                && m.standing & standing::WON_BACK == 0
                && platform
                    .channels
                    .get(m.channel as usize)
                    .is_some_and(|c| c.family == Family::Friend)
        };
        // Every reward is the same and goes to the party of all consumers, so that
        // only their number matters, not whose claim is served first.
        let claims = platform.joined.iter().flat_map(|list| ahead(list)).filter(|(_, i, later)| {
            later.iter().for_each(|i| prefetch(members, members.place(**i)));
            is_new(**i)
        });
        let claims = claims.count() as i64;
        let claims = world.link.sum(claims);
        let paid = claims.min(purse.0 / self.p.reward_fen);
        platform.ledger.post(Line::ShareReward, Fen(paid * self.p.reward_fen));
        if claims > 0 {
            self.paid_share = paid as f64 / claims as f64;
        }
    }

    fn digest(&self, hash: &mut Digest) {
        hash.add([self.paid_share.to_bits()]);
        hash.lists(&self.shares, |s| [u64::from(s.by), u64::from(s.offer)]);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p: _, platform: _, first: _, shares, paid_share, idle: _ } = self;
        io.by_shard(shares);
        paid_share.visit(io);
    }
}

/// How buyers share on one occasion.
struct Talk<'a> {
    env: &'a Environment,
    p: &'a Parameters,
    /// Log-odds of each segment at no satisfaction at all.
    odds: Vec<f64>,
    /// Probability of each segment at full satisfaction: the largest there is.
    most: Vec<f64>,
    /// The largest of all segments.
    most_of_all: f64,
    key: Key,
    at: Clock,
}

impl<'a> Talk<'a> {
    fn new(
        p: &'a Parameters,
        paid_share: f64,
        env: &'a Environment,
        (key, at): (Key, Clock),
    ) -> Self {
        let reward = paid_share * p.reward_fen as f64 / p.hassle_fen;
        let base = p.base + p.reward_weight * reward - 0.5 * p.satisfaction_weight;
        let segments = env.people.segments.iter();
        let odds: Vec<f64> = segments.map(|s| base + ln(s.social_propensity.max(1e-9))).collect();
        let most = odds.iter().map(|o| quick_logistic(o + p.satisfaction_weight));
        let most: Vec<f64> = most.collect();
        let most_of_all = most.iter().copied().fold(0.0, f64::max);
        Self { env, p, odds, most, most_of_all, key, at }
    }

    /// The shares that come of a shard's answers.
    fn hear(
        &self,
        answers: &[Answer],
        rows: &mut Rows<'_>,
        Room { words, tempted, .. }: &mut Room,
        shares: &mut Vec<Share>,
    ) {
        let of = |a: &Answer| Address::new(a.order.consumer, a.order.offer);
        first_words((self.key, SHARE, self.at), answers, of, words);
        // Most would not share at any satisfaction, whoever they are: a word more than those who
        // might is beyond what rounding can do.
        tempted.clear();
        match ((self.most_of_all * 4_294_967_296.0) as u32).checked_add(1) {
            Some(limit) => rows_below(words, limit, tempted),
            None => tempted.extend(0..answers.len() as u32),
        }
        // Two units of an offer that are granted at once are shared once: the draws,
        // and so the friends who would see it, are the same.
        let mut last = None;
        tempted.retain(|place| {
            let (answer, word) = (&answers[*place as usize], words[*place as usize]);
            if unit(word) >= self.most_of_all || answer.verdict != Verdict::Granted {
                return false;
            }
            last.replace(of(answer)) != Some(of(answer))
        });
        let order = |place: &u32| &answers[*place as usize].order;
        nearest(tempted).iter().for_each(|place| self.touch(rows, order(place).consumer));
        for (_, place, later) in ahead(tempted) {
            if let Some(later) = later {
                self.touch(rows, order(later).consumer);
            }
            shares.extend(self.share(unit(words[*place as usize]), rows, order(place)));
        }
    }

    /// Asks for what is known of a buyer.
    fn touch(&self, rows: &Rows<'_>, consumer: u32) {
        self.env.people.segment_column().touch(consumer);
        rows.touch(consumer);
    }

    /// Whether, by a number drawn for it, and how a buyer shares an order. Few do, and most of
    /// those who do not would not at any satisfaction: their records are not looked at.
    fn share(&self, unit: f64, rows: &mut Rows<'_>, order: &Order) -> Option<Share> {
        let segment = usize::from(self.env.people.segment_column().of(order.consumer));
        if unit >= self.most[segment] {
            return None;
        }
        let satisfaction = from_share16(rows.member(order.consumer).satisfaction);
        let odds = self.odds[segment] + self.p.satisfaction_weight * satisfaction;
        if unit >= quick_logistic(odds) {
            return None;
        }
        let node = if order.flags & flag::OWN_NODE != 0 { order.node } else { Node::NONE };
        let mut draws = self.key.draws(SHARE, order.consumer, self.at, order.offer);
        draws.word(); // By which it was decided.
        let kind = self.kind(draws.unit());
        Some(Share { by: order.consumer, offer: order.offer, node, kind })
    }

    /// The kind of share that a number in 0 … 1 stands for.
    fn kind(&self, unit: f64) -> Kind {
        let broadcast = self.p.broadcast_share;
        if unit < broadcast {
            Kind::Broadcast
        } else if unit < broadcast + (1.0 - broadcast) * self.p.group_chat_share {
            Kind::GroupChat
        } else {
            Kind::Personal
        }
    }
}

impl Sharing {
    /// Sends the shares of one shard.
    fn send_all(
        &self,
        env: &Environment,
        at: Clock,
        (book, shares): (&mut Book, &mut Vec<Share>),
        Room { words, ties, hearers, .. }: &mut Room,
        bins: &mut Bins<'_, Exposure>,
    ) {
        // A word a tie, four a block.
        let blocks = self.p.personal_ties.div_ceil(4);
        let personal = shares.iter().filter(|share| share.kind == Kind::Personal);
        let address = personal.map(|share| (share.by, share.offer));
        long_words(env.key_of(self.platform), AUDIENCE, at, blocks, address, words);
        let mut words = words.chunks_exact(4 * blocks as usize);
        for &share in env.network.in_turn(shares, |share| share.by) {
            let words = if share.kind == Kind::Personal { words.next() } else { None };
            let drawn = words.unwrap_or_default();
            let sent = self.send(env, (at, share, drawn), (&mut *ties, &mut *hearers), bins);
            let channel = self.first + share.kind as u8;
            book.tally.channels[channel as usize].exposed += u64::from(sent);
            book.tally.shares += 1;
        }
        shares.clear();
    }

    /// Sends one share, a personal one by the words that are drawn for it; returns how many
    /// see it.
    fn send(
        &self,
        env: &Environment,
        (at, share, words): (Clock, Share, &[u32]),
        (ties, hearers): (&mut Vec<u32>, &mut Vec<u32>),
        bins: &mut Bins<'_, Exposure>,
    ) -> u32 {
        let network = &*env.network;
        let [strong, weak] = [self.p.strong_trust, self.p.weak_trust].map(share16);
        let message = self.message(env, share);
        let draws = env.key_of(self.platform).draws(AUDIENCE, share.by, at, share.offer);
        if share.kind == Kind::GroupChat {
            let chat = env.society.chat(network, share.by);
            let mut seen = 0;
            successes(draws, chat.n_others(), self.p.group_chat_reach, |k| {
                seen += 1;
                bins.push(Exposure { to: chat.other(k), trust: weak, ..message });
            });
            return seen;
        }
        let (head, n_strong) = (network.heads().get(share.by), network.n_strong(share.by));
        ties.clear();
        if share.kind == Kind::Broadcast {
            successes(draws, head.len(), self.p.broadcast_reach, |tie| ties.push(tie));
        } else {
            self.pick(words, head.len(), n_strong, ties);
        }
        let most = ties.last().map_or(0, |last| *last as usize + 1);
        let mut audience = network.audience_up_to((share.by, head), n_strong, most, hearers);
        let mut seen = 0;
        audience.at_each(ties.iter().copied(), |tie, to| {
            // A computed tie may lead back, and reaches nobody then.
            if to != share.by {
                seen += 1;
                let trust = select_unpredictable(tie < n_strong, strong, weak);
                bins.push(Exposure { to, trust, ..message });
            }
        });
        seen
    }

    /// Picks the ties of a personal share: any, or strong ones as long as there are any; the
    /// largest last.
    fn pick(&self, words: &[u32], degree: u32, n_strong: u32, ties: &mut Vec<u32>) {
        let n_first = if self.p.strong_first { n_strong } else { degree };
        let (first, others) = words.split_at(self.p.personal_ties.min(n_first) as usize);
        let mut picked = [0; MAX_DISTINCT];
        ties.extend_from_slice(sorted_distinct_by(first, n_first, &mut picked));
        let left = self.p.personal_ties - first.len() as u32;
        let n_others = degree - n_first;
        let others = &others[..left.min(n_others) as usize];
        let others = sorted_distinct_by(others, n_others, &mut picked);
        ties.extend(others.iter().map(|k| n_first + k));
    }

    /// What is equal for all who see a share.
    fn message(&self, env: &Environment, share: Share) -> Exposure {
        Exposure {
            offer: share.offer,
            source: share.by,
            node: share.node,
            category: env.catalogue.offers[share.offer as usize].category,
            flags: flag::FRIEND | flag::IMPULSE,
            ..Exposure::new(NONE, self.platform, self.first + share.kind as u8)
        }
    }
}
