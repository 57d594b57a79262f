//! How offers rank by what sold: weights (1 + demand)^ω of a day, and tables that pick by them.
//!
//! Demand changes over the night alone, so that what one mechanism has ranked in the morning
//! serves all that rank with the same exponent.

use super::platform::Inventory;
use crate::parallel;
use crate::quantity::math::pow;
use crate::rng::sample::discrete::Alias;
use std::sync::{Arc, OnceLock};

/// Exponent of the square root, by which influencers and leaders choose what they show.
pub const SQUARE_ROOT: f64 = 0.5;

/// The rankings of a day.
#[derive(Debug, Default)]
pub struct Popularity {
    day: u16,
    rankings: Vec<Arc<Ranking>>,
}

impl Popularity {
    /// The ranking of a day's morning with an exponent, made where it is not there yet.
    pub fn ranking(&mut self, day: u16, exponent: f64, offers: &[Inventory]) -> Arc<Ranking> {
        if self.day != day {
            *self = Self { day, ..Self::default() };
        }
        let same = |ranking: &&Arc<Ranking>| ranking.exponent.to_bits() == exponent.to_bits();
        if let Some(ranking) = self.rankings.iter().find(same) {
            return Arc::clone(ranking);
        }
        let ranking = Arc::new(Ranking::of(exponent, offers));
        self.rankings.push(Arc::clone(&ranking));
        ranking
    }

    /// Ranks in the evening before `day` as often as this day has: what is worked out one offer
    /// after the other is done beside what is left of the evening.
    pub fn foresee(&mut self, day: u16, offers: &[Inventory]) {
        self.day = day;
        for ranking in &mut self.rankings {
            let next = Arc::new(Ranking::of(ranking.exponent, offers));
            let today = std::mem::replace(ranking, Arc::clone(&next));
            if today.whole.get().is_some() {
                parallel::beside(move || drop(next.whole()));
            }
        }
    }

    /// Forgets what was ranked: the offers are others.
    pub fn forget(&mut self) {
        self.rankings.clear();
    }
}

/// Offers with their weights by one exponent.
#[derive(Debug)]
pub struct Ranking {
    exponent: f64,
    /// By offer.
    demand: Vec<f32>,
    weights: OnceLock<Vec<f64>>,
    whole: OnceLock<Arc<Alias>>,
}

/// Offers that are weighed in one piece.
const PIECE: usize = 4_096;

impl Ranking {
    fn of(exponent: f64, offers: &[Inventory]) -> Self {
        let demand: Vec<f32> = offers.iter().map(|offer| offer.demand).collect();
        // Roots are little work, and are drawn by whoever needs them first.
        let weights = match exponent == SQUARE_ROOT {
            true => OnceLock::new(),
            false => OnceLock::from(powers(&demand, exponent)),
        };
        Self { exponent, demand, weights, whole: OnceLock::new() }
    }

    fn weights(&self) -> &[f64] {
        // The same bits as powers.
        let roots = || self.demand.iter().map(|demand| (1.0 + f64::from(*demand)).sqrt()).collect();
        self.weights.get_or_init(roots)
    }

    /// The table of all offers.
    #[must_use]
    pub fn whole(&self) -> Arc<Alias> {
        Arc::clone(self.whole.get_or_init(|| Arc::new(Alias::new(self.weights()))))
    }

    /// The table of some offers, in ascending order: of their places in the list. None where there
    /// are none.
    #[must_use]
    pub fn of_some(&self, offers: &[u32]) -> Option<Arc<Alias>> {
        if offers.len() == self.demand.len() {
            return (!offers.is_empty()).then(|| self.whole());
        }
        let all = self.weights();
        let weights: Vec<f64> = offers.iter().map(|&k| all[k as usize]).collect();
        (!weights.is_empty()).then(|| Arc::new(Alias::new(&weights)))
    }
}

/// (1 + demand)^exponent, by offer.
fn powers(demand: &[f32], exponent: f64) -> Vec<f64> {
    let mut weights = vec![0.0; demand.len()];
    let pieces = weights.chunks_mut(PIECE).zip(demand.chunks(PIECE));
    parallel::each(&mut pieces.collect::<Vec<_>>(), |_, (weights, demand)| {
        for (weight, demand) in weights.iter_mut().zip(*demand) {
            *weight = pow(1.0 + f64::from(*demand), exponent);
        }
    });
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(n: u16) -> Vec<Inventory> {
        let demand = |k: u16| f32::from(k % 101 * 37 % 101) * 0.25;
        (0..n).map(|k| Inventory { demand: demand(k), ..Inventory::default() }).collect()
    }

    fn weights(offers: &[Inventory], exponent: f64) -> Vec<f64> {
        offers.iter().map(|offer| pow(1.0 + f64::from(offer.demand), exponent)).collect()
    }

    #[test]
    fn tables_pick_by_powers_of_demand() {
        for exponent in [0.0, 0.5, 0.7, 1.0] {
            let offers = offers(9_000);
            let ranking = Popularity::default().ranking(0, exponent, &offers);
            let weights = weights(&offers, exponent);
            assert_eq!(*ranking.whole(), Alias::new(&weights), "{exponent}");
            let all: Vec<u32> = (0..9_000).collect();
            assert_eq!(ranking.of_some(&all), Some(ranking.whole()));
            let third: Vec<f64> = weights.iter().copied().step_by(3).collect();
            let ids: Vec<u32> = (0..9_000).step_by(3).collect();
            assert_eq!(ranking.of_some(&ids).as_deref(), Some(&Alias::new(&third)));
            assert_eq!(ranking.of_some(&[]), None);
        }
    }

    #[test]
    fn what_is_foreseen_is_what_the_morning_would_rank() {
        let (mut popularity, first, second) = (Popularity::default(), offers(8), offers(9_000));
        for exponent in [0.5, 1.0] {
            let _ = popularity.ranking(3, exponent, &first).whole();
        }
        popularity.foresee(4, &second);
        for exponent in [0.5, 1.0] {
            let foreseen = popularity.ranking(4, exponent, &first);
            let fresh = Popularity::default().ranking(4, exponent, &second);
            assert_eq!((foreseen.weights(), foreseen.whole()), (fresh.weights(), fresh.whole()));
        }
    }

    #[test]
    fn what_is_ranked_serves_until_the_next_day() {
        let (mut popularity, first, second) = (Popularity::default(), offers(8), offers(9));
        let morning = popularity.ranking(3, 0.5, &first);
        assert!(Arc::ptr_eq(&morning, &popularity.ranking(3, 0.5, &second)));
        assert!(!Arc::ptr_eq(&morning, &popularity.ranking(3, 1.0, &second)));
        assert_eq!(popularity.ranking(4, 0.5, &second).demand.len(), 9);
        popularity.forget();
        assert_eq!(popularity.ranking(4, 0.5, &first).demand.len(), 8);
    }
}
