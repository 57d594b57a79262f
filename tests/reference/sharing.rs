//! Shares of buyers, and rewards for who brings new members.

use crate::gaps::successes;
use crate::market::Market;
use guanxi::market::ledger::Line;
use guanxi::market::member::{from_share16, share16, standing};
use guanxi::market::message::{Answer, Exposure, Node, Order, Verdict, flag};
use guanxi::market::platform::Family;
use guanxi::quantity::math::{ln, quick_logistic};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::discrete::pick_distinct;

const SHARE: Stream = Stream::new("sharing/share");
const AUDIENCE: Stream = Stream::new("sharing/audience");

/// A share that is seen in the next wave.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    by: u32,
    offer: u32,
    node: Node,
    channel: &'static str,
}

impl Market {
    /// Friends see what was shared in the last wave.
    pub fn show_shares(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.sharing.clone() else { return };
        for share in std::mem::take(&mut self.shares) {
            let network = &self.env.network;
            let degree = network.degree(share.by);
            let mut draws = self.key.draws(AUDIENCE, share.by, at, share.offer);
            let (mut ties, mut seers) = (Vec::new(), Vec::new());
            let is_strong = |tie: &u32| network.is_strong(share.by, *tie);
            match share.channel {
                "broadcast" => successes(&mut draws, degree, p.broadcast_reach, |t| ties.push(t)),
                "group_chat" => {
                    let chat = self.env.society.chat(network, share.by);
                    let hit = |k| seers.push((chat.other(k), false));
                    successes(&mut draws, chat.n_others(), p.group_chat_reach, hit);
                }
                _ if p.strong_first => {
                    let n_strong = (0..degree).filter(is_strong).count() as u32;
                    let (mut weak, wanted) = (Vec::new(), p.personal_ties as usize);
                    pick_distinct(&mut draws, n_strong, wanted, &mut ties);
                    let wanted = wanted - ties.len();
                    pick_distinct(&mut draws, degree - n_strong, wanted, &mut weak);
                    ties.extend(weak.iter().map(|tie| tie + n_strong));
                }
                _ => pick_distinct(&mut draws, degree, p.personal_ties as usize, &mut ties),
            }
            seers.extend(ties.iter().map(|t| (network.audience(share.by, *t), is_strong(t))));
            let channel = self.channel(share.channel);
            self.tally.channels[channel as usize].exposed += seers.len() as u64;
            self.tally.shares += 1;
            for (to, strong) in seers {
                seen.push(Exposure {
                    source: share.by,
                    node: share.node,
                    trust: share16(if strong { p.strong_trust } else { p.weak_trust }),
                    flags: flag::FRIEND | flag::IMPULSE,
                    ..self.exposure(to, share.offer, channel)
                });
            }
        }
    }

    /// Whoever got an order may share it.
    pub fn decide_to_share(&mut self, at: Clock, answers: &[Answer]) {
        let mut shared = Vec::new();
        for answer in answers.iter().filter(|a| a.verdict == Verdict::Granted) {
            let goods = (answer.order.consumer, answer.order.offer);
            if shared.contains(&goods) {
                continue;
            }
            shared.push(goods);
            if let Some(mut share) = self.share_of(at, &answer.order) {
                if !share.node.is_some() {
                    share.node = self.trees.plant(at.day);
                }
                self.shares.push(share);
            }
        }
    }

    fn share_of(&self, at: Clock, order: &Order) -> Option<Share> {
        let p = self.rules.sharing.as_ref()?;
        let mut draws = self.key.draws(SHARE, order.consumer, at, order.offer);
        let satisfaction = from_share16(self.members[order.consumer as usize].satisfaction);
        let reward = self.paid_share * p.reward_fen as f64 / p.hassle_fen;
        let propensity = self.env.people.of(order.consumer).social_propensity.max(1e-9);
        let mut odds = p.base;
        odds += p.reward_weight * reward;
        odds -= 0.5 * p.satisfaction_weight;
        odds += ln(propensity);
        odds += p.satisfaction_weight * satisfaction;
        if draws.unit() >= quick_logistic(odds) {
            return None;
        }
        let (which, rest) = (draws.unit(), 1.0 - p.broadcast_share);
        let channel = match which {
            u if u < p.broadcast_share => "broadcast",
            u if u < p.broadcast_share + rest * p.group_chat_share => "group_chat",
            _ => "share",
        };
        let node = if order.flags & flag::OWN_NODE != 0 { order.node } else { Node::NONE };
        Some(Share { by: order.consumer, offer: order.offer, node, channel })
    }

    /// New members whom friends brought are rewarded, while the allotment lasts.
    pub fn reward_sharers(&mut self) {
        let Some(p) = self.rules.sharing.clone() else { return };
        if p.budget_share == 0.0 || p.reward_fen == 0 {
            return;
        }
        let is_claim = |m: &&guanxi::market::member::Member| {
            let channel = self.channels.get(m.channel as usize);
            m.acquired_day == self.day
                && m.standing & standing::WON_BACK == 0
                && channel.is_some_and(|terms| terms.family == Family::Friend)
        };
        let claims = self.members.iter().filter(is_claim).count() as i64;
        let mut left = self.allotment(p.budget_share);
        let mut paid = 0;
        for _ in 0..claims {
            if left >= p.reward_fen {
                left -= p.reward_fen;
                paid += 1;
                self.pay(Line::ShareReward, p.reward_fen);
            }
        }
        if claims > 0 {
            self.paid_share = f64::from(paid) / claims as f64;
        }
    }
}
