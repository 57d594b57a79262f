//! Neighbourhood leaders: posts, batches, income.

use crate::gaps::successes;
use crate::live::moved;
use crate::market::{Luck, Market, at_least_one, part};
use crate::rules::basis_points;
use guanxi::market::ledger::Line;
use guanxi::market::member::share16;
use guanxi::market::message::{Answer, Exposure, Order, Verdict, flag};
use guanxi::mechanisms::leader::Parameters;
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::discrete::Alias;

const RECRUIT: Stream = Stream::new("leader/recruit");
const GOODS: Stream = Stream::new("leader/goods");
const NEIGHBOUR: Stream = Stream::new("leader/neighbour");
const STRANGER: Stream = Stream::new("leader/stranger");
const VIEW: Stream = Stream::new("leader/view");

/// The leader of a neighbourhood.
#[derive(Clone, Debug, Default)]
pub struct Leader {
    pub at_work: bool,
    pub trust: f64,
    pub judged: u16,
    pub income_fen: i64,
}

impl Market {
    /// In which order neighbourhoods get leaders.
    pub fn queue_neighbourhoods(&mut self) {
        let mut queue: Vec<u32> = (0..self.leaders.len() as u32).collect();
        queue.sort_by_key(|&k| (self.key.word(RECRUIT, k, Clock::default(), 0), k));
        self.recruiting = (queue, 0);
    }

    /// New leaders, as long as the purse lasts, and everybody's posts of the day.
    pub fn post(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.leader.clone() else { return };
        self.leader_purse += self.allotment(p.budget_share);
        self.recruit(at, &p);
        let popular = Alias::new(&self.popularity(f64::sqrt));
        for k in 0..self.leaders.len() as u32 {
            if self.leaders[k as usize].at_work {
                let post = |item| {
                    let mut draws = self.key.draws(GOODS, k, at, item);
                    popular.pick(draws.word(), draws.word())
                };
                let goods: Vec<u32> = (0..p.posts).map(post).collect();
                match self.luck {
                    Luck::Plan => self.read(at, &p, (k, &goods), seen),
                    Luck::Trials => self.trials_of_posts(at, &p, (k, &goods), seen),
                }
            }
        }
    }

    fn recruit(&mut self, at: Clock, p: &Parameters) {
        for _ in 0..self.leaders.len() {
            if self.leader_purse < p.bonus_fen {
                return;
            }
            let (queue, next) = &mut self.recruiting;
            let leader = &mut self.leaders[queue[*next % queue.len()] as usize];
            *next += 1;
            if leader.at_work {
                continue;
            }
            let judged = at.day + p.trial_days;
            *leader = Leader { at_work: true, trust: p.trust, judged, income_fen: 0 };
            self.leader_purse -= p.bonus_fen;
            self.pay(Line::LeaderBonus, p.bonus_fen);
        }
    }

    /// The neighbours of a leader.
    pub fn neighbours(&self, k: u32) -> std::ops::Range<u32> {
        let starts = &self.env.network.neighbourhoods;
        starts[k as usize]..starts[k as usize + 1]
    }

    /// The chance that an active member with a share of attention for the platform
    /// considers one of a leader's posts.
    pub fn reading_chance(&self, p: &Parameters, k: u32, share: f64) -> f64 {
        let attention = at_least_one(self.rules.attention.slots_mean * p.attention_share * share);
        attention * p.considered_mean * self.leaders[k as usize].trust
    }

    fn read(
        &mut self,
        at: Clock,
        p: &Parameters,
        (k, goods): (u32, &[u32]),
        seen: &mut Vec<Exposure>,
    ) {
        let channel = self.channel("leader");
        let member = self.reading_chance(p, k, 1.0);
        let outsider = p.outside_reach_share * self.channels[channel as usize].thinning;
        let neighbours: Vec<u32> = self.neighbours(k).collect();
        let mut reached = Vec::new();
        let kinds = [(true, member, NEIGHBOUR), (false, outsider, STRANGER)];
        for (is_member, chance, stream) in kinds {
            let is_kind = |i: &u32| self.members[*i as usize].is_live() == is_member;
            let all: Vec<u32> = neighbours.iter().copied().filter(is_kind).collect();
            successes(&mut self.key.draws(stream, k, at, 0), all.len() as u32, chance, |place| {
                reached.push((all[place as usize], is_member));
            });
        }
        for (i, is_member) in reached {
            let mut view = self.key.draws(VIEW, i, at, 0);
            let member_now = |share| self.reading_chance(p, k, share);
            let looks = view.chance(match is_member {
                true => member_now(self.others[i as usize].share()) / member,
                false => 1.0,
            });
            if looks && (!is_member || self.is_active(i, at.day)) {
                self.tally.channels[channel as usize].exposed += 1;
                let offer = goods[view.below(p.posts) as usize];
                seen.push(self.recommendation(p, i, k, offer));
            }
        }
    }

    /// What a leader says of an offer.
    pub fn recommendation(&self, p: &Parameters, to: u32, k: u32, offer: u32) -> Exposure {
        Exposure {
            source: k,
            price_bp: basis_points(1.0 - p.discount_share) as u16,
            trust: share16(self.leaders[k as usize].trust),
            flags: flag::IMPULSE,
            ..self.exposure(to, offer, self.channel("leader"))
        }
    }

    /// Orders through leaders wait for the last wave; small batches are paid back.
    pub fn hold_for_leaders(
        &mut self,
        at: Clock,
        orders: &mut Vec<Order>,
        answers: &mut Vec<Answer>,
    ) {
        let Some(p) = self.rules.leader.clone() else { return };
        let channel = self.channel("leader");
        self.held.extend(orders.iter().filter(|o| o.channel == channel));
        orders.retain(|o| o.channel != channel);
        if u32::from(at.wave) + 1 < self.rules.attention.waves {
            return;
        }
        let held = std::mem::take(&mut self.held);
        for &order in &held {
            let same = |o: &&Order| (o.offer, o.source) == (order.offer, order.source);
            if held.iter().filter(same).count() as u32 >= p.min_batch {
                orders.push(order);
            } else {
                self.tally.unfilled += 1;
                self.refuse(Answer { order, verdict: Verdict::Unfilled }, answers);
            }
        }
    }

    /// Income and trust of leaders; who earns too little quits.
    pub fn judge_leaders(&mut self) {
        let Some(p) = self.rules.leader.clone() else { return };
        let channel = self.channel("leader");
        for k in 0..self.leaders.len() {
            let fortunes = self.fortunes(channel, k as u32);
            let kept = self.outcomes.iter().filter(|o| !o.returned && o.order.channel == channel);
            let mine = kept.filter(|o| o.order.source == k as u32);
            let share = basis_points(p.commission_share);
            let income: i64 = mine.map(|o| part(o.order.full_price().0, share)).sum();
            let leader = &mut self.leaders[k];
            leader.income_fen += income;
            leader.trust = moved(leader.trust, fortunes, p.trust_gain, p.loss_weight);
            if leader.at_work && self.day >= leader.judged {
                let least = p.reservation_fen * i64::from(p.trial_days);
                leader.at_work = leader.income_fen >= least;
                leader.income_fen = 0;
                leader.judged = self.day + p.trial_days;
            }
        }
    }
}
