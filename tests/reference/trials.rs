//! Reach by one trial a consumer, from streams of their own and without thinning:
//! the plain law that the mechanisms' gaps over blocks must agree with.

use crate::market::Market;
use guanxi::market::message::Exposure;
use guanxi::mechanisms::{leader, livestream};
use guanxi::quantity::math::logistic;
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;

const ADS: Stream = Stream::new("reference/ads");
const LIVE: Stream = Stream::new("reference/live");
const POSTS: Stream = Stream::new("reference/posts");

impl Market {
    /// Everybody's own trial of being reached by advertising.
    pub fn trials_of_ads(&self, at: Clock, reach: f64) -> Vec<u32> {
        let n = self.members.len() as u32;
        (0..n).filter(|&i| self.env.key.unit(ADS, i, at, 0) < reach).collect()
    }

    /// Every follower's own trial of seeing a session, or hearing of it.
    pub fn trials_of_session(
        &mut self,
        at: Clock,
        p: &livestream::Parameters,
        (influencer, goods): (u32, &[u32]),
        seen: &mut Vec<Exposure>,
    ) {
        let followers = self.env.follow().of(influencer);
        let appeal = self.live_appeal(p, influencer);
        let chance = self.session_chance(p, followers.len(), 1.0) * appeal;
        let outside = (p.outside_reach_share * appeal, p.join);
        for i in followers {
            let address = (LIVE, influencer);
            if let Some(k) = self.trial(at, i, address, (chance, outside), "live", goods.len()) {
                seen.push(self.pitch(p, i, influencer, goods[k]));
            }
        }
    }

    /// Every neighbour's own trial of reading a leader's posts.
    pub fn trials_of_posts(
        &mut self,
        at: Clock,
        p: &leader::Parameters,
        (k, goods): (u32, &[u32]),
        seen: &mut Vec<Exposure>,
    ) {
        let chance = self.reading_chance(p, k, 1.0);
        let outside = (p.outside_reach_share, p.join);
        for i in self.neighbours(k) {
            let address = (POSTS, 0);
            if let Some(item) = self.trial(at, i, address, (chance, outside), "leader", goods.len())
            {
                seen.push(self.recommendation(p, i, k, goods[item]));
            }
        }
    }

    /// One consumer's trial; which of the goods is looked at, if any. Of outsiders only
    /// those count as exposed whom the persuasion might win with the least resistance,
    /// as the mechanisms count them.
    fn trial(
        &mut self,
        at: Clock,
        i: u32,
        (stream, item): (Stream, u32),
        (member, (outside, join)): (f64, (f64, f64)),
        channel: &str,
        n_goods: usize,
    ) -> Option<usize> {
        let mut draws = self.env.key.draws(stream, i, at, item);
        let is_member = self.members[i as usize].is_live();
        let hears = draws.unit() < if is_member { member } else { outside };
        if !hears || (is_member && !self.is_active(i, at.day)) {
            return None;
        }
        let p = &self.rules.registration;
        let easiest = logistic(join - (p.resistance_mean - 3.5 * p.resistance_sd));
        let counts = is_member || draws.unit() < easiest;
        let channel = self.channel(channel);
        self.tally.channels[channel as usize].exposed += u64::from(counts);
        Some(draws.below(n_goods as u32) as usize)
    }
}
