//! The platform's own senders: outside advertising, search, the feed.

use crate::gaps::successes;
use crate::market::{Luck, Market, at_least_one};
use crate::people::word_below;
use guanxi::market::ledger::Line;
use guanxi::market::message::{Exposure, flag};
use guanxi::mechanisms::feed::Parameters;
use guanxi::quantity::math::{exp, pow};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::count::poisson;
use guanxi::rng::sample::discrete::Alias;

const CONTACT: Stream = Stream::new("outside_ads/contact");
const TOTAL: Stream = Stream::new("outside_ads/total");
const VISIT: Stream = Stream::new("search/visit");
const RESULTS: Stream = Stream::new("search/shown");
const SHOWN: Stream = Stream::new("feed/shown");
const PASSED: Stream = Stream::new("feed/passed");
const PERSONAL: Stream = Stream::new("feed/personal");
const CONSENT: Stream = Stream::new("feed/consent");
const APPEAL: Stream = Stream::new("feed/appeal");

impl Market {
    /// Paid contacts with people who are not members.
    pub fn advertise(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.outside_ads.clone() else { return };
        let outsiders = (self.members.len() as u64 - self.n_live()) as f64;
        let spend = self.allotment(p.budget_share);
        self.idle_contact = 0.0;
        if outsiders == 0.0 || spend == 0 {
            return;
        }
        self.pay(Line::OutsideAds, spend);
        let reach = 1.0 - exp(-(spend as f64) / (p.cost_per_contact_fen * outsiders));
        let channel = self.channel("outside_ads");
        self.idle_contact = reach * (1.0 - self.channels[channel as usize].thinning);
        let reached = match self.luck {
            Luck::Trials => self.trials_of_ads(at, reach),
            Luck::Plan => {
                let thinning = self.channels[channel as usize].thinning;
                let mut draws = self.env.key.draws(TOTAL, u32::from(self.platform), at, 0);
                let unmoved = poisson(&mut draws, outsiders * reach * (1.0 - thinning));
                self.tally.channels[channel as usize].exposed += unmoved;
                self.planned_contacts(at, reach * thinning)
            }
        };
        for i in reached {
            if !self.members[i as usize].is_live() {
                self.tally.channels[channel as usize].exposed += 1;
                seen.push(self.to_stranger(i, channel));
            }
        }
    }

    /// Successes among everybody, drawn by gaps within blocks of 64.
    fn planned_contacts(&self, at: Clock, p: f64) -> Vec<u32> {
        let n = self.members.len() as u32;
        let mut reached = Vec::new();
        for block in 0..n.div_ceil(64) {
            let mut draws = self.key.draws(CONTACT, block, at, 0);
            let size = (n - 64 * block).min(64);
            successes(&mut draws, size, p, |k| reached.push(64 * block + k));
        }
        reached
    }

    /// Open needs look through the shelf of their category.
    pub fn search(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.search.clone() else { return };
        let channel = self.channel("search");
        let slots = self.rules.attention.slots_mean * p.attention_share;
        for need in self.needs.clone() {
            let (i, category) = (need.consumer, need.category);
            let visits = at_least_one(slots * self.others[i as usize].share());
            let visit = self.key.unit(VISIT, i, at, u32::from(category)) < visits;
            if !self.members[i as usize].is_live() || !visit || !self.is_active(i, at.day) {
                continue;
            }
            self.tally.channels[channel as usize].exposed += u64::from(p.shown);
            let shelf = &self.env.catalogue.by_category[category as usize];
            if shelf.is_empty() {
                continue;
            }
            let all = self.popularity(|sales| pow(sales, p.popularity_exponent));
            let weights: Vec<f64> = shelf.iter().map(|&offer| all[offer as usize]).collect();
            let ranking = Alias::new(&weights);
            let mut draws = self.key.draws(RESULTS, i, at, u32::from(category));
            for _ in 0..p.shown {
                let offer = shelf[ranking.pick(draws.word(), draws.word()) as usize];
                let plain = self.exposure(i, offer, channel);
                seen.push(Exposure { flags: flag::NEED, ..plain });
            }
        }
    }

    /// Active members come upon goods while browsing.
    pub fn browse(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.feed.clone() else { return };
        let channel = self.channel("feed");
        let weights = self.popularity(|sales| pow(sales, p.popularity_exponent));
        let shown = Alias::new(&weights);
        let slots = self.rules.attention.slots_mean * p.attention_share;
        for i in (0..self.members.len() as u32).filter(|&i| self.members[i as usize].is_live()) {
            let tails = tails(slots * p.consider_share);
            let activity = self.env.people.of(i).activity;
            let word = self.daily_word(i, at.day);
            let considers_more = |tail: &&f64| word < word_below((activity * **tail).max(0.0));
            let considered = tails.iter().take_while(considers_more).count() as u32;
            for item in 0..considered {
                if !self.is_opened_here(i, at.day, item) {
                    continue;
                }
                self.tally.channels[channel as usize].exposed += 1;
                let mut draws = self.key.draws(SHOWN, i, at, item);
                let words = [draws.word(), draws.word()];
                let personal = self.personal_pick(&p, (i, at, item), words, &weights);
                let offer = personal.unwrap_or_else(|| shown.pick(words[0], words[1]));
                let matched = p.personal_share > 0.0 && self.appeals(i, offer);
                let flags = flag::IMPULSE | if matched { flag::MATCH } else { 0 };
                let plain = self.exposure(i, offer, channel);
                seen.push(Exposure { flags, ..plain });
            }
        }
        let people = &self.env.people;
        let shares = people.segments.iter().zip(&people.shares);
        let activity: f64 = shares.map(|(segment, share)| segment.activity * share).sum();
        let all_slots = slots * activity * self.attending();
        let mut draws = self.env.key.draws(PASSED, u32::from(self.platform), at, 0);
        let passed = poisson(&mut draws, all_slots * (1.0 - p.consider_share));
        self.tally.channels[channel as usize].exposed += passed;
    }

    /// Whether an offer is to a consumer's taste.
    fn appeals(&self, i: u32, offer: u32) -> bool {
        self.taste_of(offer) == self.env.people.taste(i, self.env.key)
    }

    fn taste_of(&self, offer: u32) -> u8 {
        let mut draws = self.env.key.draws(APPEAL, offer, Clock::default(), 0);
        draws.below(self.env.people.taste_clusters) as u8
    }

    /// What is picked for a consumer; none for what everybody may see.
    fn personal_pick(
        &self,
        p: &Parameters,
        (i, at, item): (u32, Clock, u32),
        words: [u32; 2],
        popularity: &[f64],
    ) -> Option<u32> {
        let mut draws = self.key.draws(PERSONAL, i, at, item);
        let is_personal = draws.unit() < p.personal_share;
        let explores = draws.unit() < p.exploration_share;
        let opted_out = self.key.unit(CONSENT, i, Clock::default(), 0) < p.opt_out_share;
        if !is_personal || opted_out {
            return None;
        }
        if explores {
            return Some(draws.below(popularity.len() as u32));
        }
        let all = 0..popularity.len() as u32;
        let own: Vec<u32> = all.filter(|&offer| self.appeals(i, offer)).collect();
        if own.is_empty() {
            return None;
        }
        let weights: Vec<f64> = own.iter().map(|&offer| popularity[offer as usize]).collect();
        Some(own[Alias::new(&weights).pick(words[0], words[1]) as usize])
    }
}

/// P(N > k) for k = 0 … 15 and a Poisson number N, added up term by term.
fn tails(mean: f64) -> Vec<f64> {
    let mut mass = exp(-mean);
    let mut tail = 1.0 - mass;
    let mut tails = Vec::new();
    for k in 1..=16 {
        tails.push(tail);
        mass *= mean / f64::from(k);
        tail -= mass;
    }
    tails
}
