//! What buyers say in public: reviews of offers, and the reputation of merchants.
//!
//! A merchant's reputation is a Beta mean R = 1 + 4·α/(α + β) in stars. A review of s
//! stars adds (s − 1)/4 to α and (5 − s)/4 to β; what reviews added decays from day to
//! day, what was believed before the first of them does not. The number of reviews of an
//! offer decays likewise.

/// Stars that a review may give beyond the first.
const STEPS: f64 = 4.0;

/// What is known of a merchant: evidence for and against, in reviews.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reputation {
    /// α: evidence of five stars.
    pub good: f64,
    /// β: evidence of one star.
    pub bad: f64,
}

impl Reputation {
    /// What so many reviews of so many stars on average would leave.
    #[must_use]
    pub fn of(stars: f64, reviews: f64) -> Self {
        let good = reviews * (stars - 1.0) / STEPS;
        Self { good, bad: reviews - good }
    }

    /// The mean of this and another body of evidence, in stars 1 … 5.
    #[inline]
    #[must_use]
    pub fn stars_with(self, other: Self) -> f64 {
        let (good, bad) = (self.good + other.good, self.bad + other.bad);
        1.0 + STEPS * good / (good + bad)
    }

    /// A day passes, and reviews come in: so many, with so many stars beyond the first.
    pub fn pass(&mut self, keep: f64, reviews: u32, steps: u32) {
        let good = f64::from(steps) / STEPS;
        self.good = self.good * keep + good;
        self.bad = self.bad * keep + (f64::from(reviews) - good);
    }
}

/// Reviews of one offer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reviews {
    /// V: reviews so far, the old ones decayed.
    pub volume: f64,
    /// Reviews of today.
    pub today: u32,
    /// Stars of today's reviews beyond the first of each.
    pub steps_today: u32,
}

crate::state! {
    Reputation { good, bad }
    Reviews { volume, today, steps_today }
}

impl Reviews {
    /// Takes in a review of 1 … 5 stars.
    #[inline]
    pub fn add(&mut self, stars: u8) {
        self.today += 1;
        self.steps_today += u32::from(stars) - 1;
    }
}

/// The reviews of a platform; empty where nobody reviews.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opinions {
    /// What reviews say of each merchant, beside what is believed without them.
    pub merchants: Vec<Reputation>,
    /// Reviews of each offer.
    pub offers: Vec<Reviews>,
}

impl Opinions {
    /// The bits of what is stored.
    pub fn bits(&self) -> impl Iterator<Item = u64> {
        let merchants = self.merchants.iter().flat_map(|m| [m.good.to_bits(), m.bad.to_bits()]);
        merchants.chain(self.offers.iter().map(|o| o.volume.to_bits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reputation_is_the_mean_of_its_reviews() {
        let mut reviews = Reviews::default();
        [5, 4, 1, 5].into_iter().for_each(|stars| reviews.add(stars));
        let mut merchant = Reputation::default();
        merchant.pass(1.0, reviews.today, reviews.steps_today);
        assert!((merchant.stars_with(Reputation::default()) - 15.0 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_first_bad_review_weighs_more_than_the_second() {
        let prior = Reputation::of(4.5, 3.0);
        let mut merchant = Reputation::default();
        let mut stars = vec![merchant.stars_with(prior)];
        for _ in 0..2 {
            merchant.pass(1.0, 1, 0);
            stars.push(merchant.stars_with(prior));
        }
        assert!((stars[0] - 4.5).abs() < 1e-12);
        assert!(stars[0] - stars[1] > stars[1] - stars[2] && stars[1] > stars[2]);
    }

    #[test]
    fn evidence_fades_towards_what_was_believed_before() {
        let prior = Reputation::of(4.0, 2.0);
        let mut merchant = Reputation::default();
        merchant.pass(0.995, 10, 0);
        let fresh = merchant.stars_with(prior);
        (0..1_000).for_each(|_| merchant.pass(0.995, 0, 0));
        let old = merchant.stars_with(prior);
        assert!(fresh < 1.6 && old > 3.7 && old < 4.0, "{fresh} stars, then {old}");
    }
}
