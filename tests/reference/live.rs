//! Livestream sessions of influencers.

use crate::gaps::successes;
use crate::market::{Luck, Market, at_least_one};
use crate::rules::basis_points;
use guanxi::market::ledger::Line;
use guanxi::market::member::share16;
use guanxi::market::message::{Exposure, Order, flag};
use guanxi::mechanisms::livestream::Parameters;
use guanxi::quantity::math::{exp, pow};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::discrete::Alias;
use std::f64::consts::LN_2;

const BOOKING: Stream = Stream::new("livestream/booking");
const GOODS: Stream = Stream::new("livestream/goods");
const FOLLOWER: Stream = Stream::new("livestream/follower");
const STRANGER: Stream = Stream::new("livestream/stranger");
const VIEW: Stream = Stream::new("livestream/view");
const REPLAY: Stream = Stream::new("livestream/replay");

/// What is remembered of sessions.
pub struct Live {
    /// Fatigue of each influencer.
    fatigue: Vec<f64>,
    /// Influencers who have a session today.
    on_air: Vec<u32>,
    /// Who saw an offer and has not ordered it: follower, influencer, offer, day.
    missed: Vec<(u32, u32, u32, u16)>,
}

impl Live {
    pub fn new(influencers: u32) -> Self {
        let fatigue = vec![0.0; influencers as usize];
        Self { fatigue, on_air: Vec::new(), missed: Vec::new() }
    }
}

impl Market {
    /// Sessions of the day, as long as the purse lasts, and what their followers see.
    pub fn stream(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.livestream.clone() else { return };
        self.live_purse += self.allotment(p.budget_share);
        self.live.on_air.clear();
        let rested = exp(-LN_2 * 1.0 / p.fatigue_half_life_days);
        self.live.fatigue.iter_mut().for_each(|fatigue| *fatigue *= rested);
        self.go_live(at, &p, seen);
        let on_air = &self.live.on_air;
        self.live.missed.retain(|m| at.day - m.3 <= 7 && !on_air.contains(&m.1));
        self.replay(at, &p, seen);
    }

    fn go_live(&mut self, at: Clock, p: &Parameters, seen: &mut Vec<Exposure>) {
        let (k, d) = (p.show_days_per_week, u32::from(at.day) % 7);
        let is_show_day = (d + 1) * k / 7 > d * k / 7;
        if !is_show_day || p.budget_share == 0.0 {
            return;
        }
        let mut order: Vec<u32> = (0..self.env.influencers.n()).collect();
        order.sort_by_key(|&i| (self.key.word(BOOKING, i, at, 0), i));
        let popular = Alias::new(&self.popularity(f64::sqrt));
        for influencer in order {
            let followers = self.env.follow().count(influencer);
            let size = followers as f64 / p.reference_followers;
            let fee = (p.slot_fee_fen as f64 * size * worth(p, followers)).round() as i64;
            if fee > self.live_purse {
                continue;
            }
            self.live_purse -= fee;
            self.pay(Line::SlotFee, fee);
            self.live.on_air.push(influencer);
            let mut draws = self.key.draws(GOODS, influencer, at, 0);
            let pick = |_| popular.pick(draws.word(), draws.word());
            let goods: Vec<u32> = (0..p.offers_per_session).map(pick).collect();
            match self.luck {
                Luck::Plan => self.play(at, p, (influencer, &goods), seen),
                Luck::Trials => self.trials_of_session(at, p, (influencer, &goods), seen),
            }
        }
    }

    /// The chance that an active member with a share of attention for the platform considers
    /// an offer of a session.
    pub fn session_chance(&self, p: &Parameters, followers: usize, share: f64) -> f64 {
        let attention = at_least_one(self.rules.attention.slots_mean * p.attention_share * share);
        (attention * p.considered_mean * worth(p, followers)).min(1.0)
    }

    fn play(
        &mut self,
        at: Clock,
        p: &Parameters,
        (influencer, goods): (u32, &[u32]),
        seen: &mut Vec<Exposure>,
    ) {
        let channel = self.channel("live");
        let followers = self.env.follow().of(influencer);
        let member = self.session_chance(p, followers.len(), 1.0);
        let outsider = p.outside_reach_share * self.channels[channel as usize].thinning;
        let kinds = [(true, member, FOLLOWER), (false, outsider, STRANGER)];
        for (block, here) in followers.chunks(256).enumerate() {
            let mut reached = Vec::new();
            for (is_member, chance, stream) in kinds {
                let is_kind = |i: &u32| self.members[*i as usize].is_live() == is_member;
                let all: Vec<u32> = here.iter().copied().filter(is_kind).collect();
                let mut draws = self.key.draws(stream, influencer, at, block as u32);
                let hit = |k: u32| reached.push((all[k as usize], is_member));
                successes(&mut draws, all.len() as u32, chance, hit);
            }
            for (i, is_member) in reached {
                let mut view = self.key.draws(VIEW, i, at, influencer);
                let share = self.others[i as usize].share();
                let attends = |share| self.session_chance(p, followers.len(), share);
                let chance = if is_member { attends(share) / member } else { 1.0 };
                let looks = view.chance(chance * self.live_appeal(p, influencer));
                if looks && (!is_member || self.is_active(i, at.day)) {
                    self.tally.channels[channel as usize].exposed += 1;
                    let offer = goods[view.below(goods.len() as u32) as usize];
                    seen.push(self.pitch(p, i, influencer, offer));
                }
            }
        }
    }

    /// What an influencer says of an offer.
    pub fn pitch(&self, p: &Parameters, to: u32, influencer: u32, offer: u32) -> Exposure {
        Exposure {
            source: influencer,
            price_bp: basis_points(1.0 - p.price_cut_share) as u16,
            trust: self.live_trust(p, influencer),
            flags: flag::IMPULSE,
            ..self.exposure(to, offer, self.channel("live"))
        }
    }

    /// What fatigue leaves of an influencer's appeal.
    pub fn live_appeal(&self, p: &Parameters, influencer: u32) -> f64 {
        if p.fatigue_gain == 0.0 { 1.0 } else { exp(-self.live.fatigue[influencer as usize]) }
    }

    fn live_trust(&self, p: &Parameters, influencer: u32) -> u16 {
        let trust = self.fan_trust[influencer as usize] * self.live_appeal(p, influencer);
        let least = u16::from(p.fatigue_gain > 0.0);
        share16(trust).max(least)
    }

    /// Offers of the last week's sessions are seen again by who did not order them.
    fn replay(&mut self, at: Clock, p: &Parameters, seen: &mut Vec<Exposure>) {
        if p.carry_over_share == 0.0 || p.carry_over_half_life_days == 0.0 {
            return;
        }
        let channel = self.channel("live") as usize;
        for (i, influencer, offer, day) in self.live.missed.clone() {
            let days = f64::from(at.day - day);
            let chance = p.carry_over_share * exp(-LN_2 * days / p.carry_over_half_life_days);
            let chance = self.others[i as usize].share() * chance;
            let looks = self.key.unit(REPLAY, i, at, influencer) < chance;
            if looks && self.members[i as usize].is_live() && self.is_active(i, at.day) {
                self.tally.channels[channel].exposed += 1;
                seen.push(self.pitch(p, i, influencer, offer));
            }
        }
    }

    /// Whom today's sessions reached.
    pub fn note_viewers(&mut self, at: Clock, seen: &[Exposure]) {
        let channel = self.channel("live");
        if at.wave != 0 {
            return;
        }
        let own = |e: &&Exposure| (e.channel(), e.platform()) == (channel, self.platform);
        for e in seen.iter().filter(own).filter(|e| e.flags & flag::DROPPED == 0) {
            if self.live.on_air.contains(&e.source) {
                self.live.missed.push((e.to, e.source, e.offer, at.day));
            }
        }
    }

    /// Who has ordered does not see it again.
    pub fn spare_buyers(&mut self, orders: &[Order]) {
        let has_ordered = |i, offer| orders.iter().any(|o| (o.consumer, o.offer) == (i, offer));
        self.live.missed.retain(|m| !has_ordered(m.0, m.2));
    }

    /// Fan trust moves with what became of the goods.
    pub fn judge_influencers(&mut self) {
        let Some(p) = self.rules.livestream.clone() else { return };
        let channel = self.channel("live");
        for &influencer in &self.live.on_air {
            self.live.fatigue[influencer as usize] += p.fatigue_gain;
        }
        for k in 0..self.fan_trust.len() {
            let (good, bad) = self.fortunes(channel, k as u32);
            self.fan_trust[k] = moved(self.fan_trust[k], (good, bad), p.trust_gain, p.loss_weight);
        }
    }

    /// How many of today's goods through a recommender were kept, and went back.
    pub fn fortunes(&self, channel: u8, source: u32) -> (u32, u32) {
        let of = |o: &&guanxi::market::message::Outcome| {
            o.order.channel == channel && o.order.source == source
        };
        let all = self.outcomes.iter().filter(of).count() as u32;
        let bad = self.outcomes.iter().filter(of).filter(|o| o.returned).count() as u32;
        (all - bad, bad)
    }
}

/// What a follower is worth, relative to one of an influencer of the reference size.
fn worth(p: &Parameters, followers: usize) -> f64 {
    pow(followers.max(1) as f64 / p.reference_followers, p.size_exponent)
}

/// Trust in a recommender after a day's good and bad outcomes.
pub fn moved(trust: f64, (good, bad): (u32, u32), gain: f64, loss_weight: f64) -> f64 {
    if good + bad == 0 {
        return trust;
    }
    let (g, b) = (f64::from(good), f64::from(bad) * loss_weight);
    let drift = (g * (1.0 - trust) - b * trust) / f64::from(good + bad);
    (trust + gain * drift).clamp(0.0, 1.0)
}
