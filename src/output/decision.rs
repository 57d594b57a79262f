//! Which arm to choose: how probably each is the best, and what choosing it may cost.
//!
//! Every metric with a good direction is judged over the replicates in which all arms'
//! platforms that have it are complete. Replicates are drawn again
//! ([`crate::output::bootstrap`]), the same for all arms. In each resample the arm whose mean
//! is the best counts as such (arms of one mean share it), and an arm's regret is how far its
//! mean falls short of the best. An arm and its copy have half the probability each and the
//! same regret; the best arm of all resamples has none.

use crate::observer::Better;
use crate::output::bootstrap::{RESAMPLES, resample};
use crate::output::comparison::{Measured, MetricName};
use crate::output::statistics::mean;

/// One arm's platform as a choice, judged by one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The arm.
    pub arm: String,
    /// The platform.
    pub platform: String,
    /// The metric.
    pub metric: MetricName,
    /// Replicates in which all choices have the metric.
    pub n: usize,
    /// Mean over them.
    pub mean: Option<f64>,
    /// Share of replicates in which it is the best; ties are shared.
    pub best_share: Option<f64>,
    /// Probability that its mean is the best, from two replicates on.
    pub best_probability: Option<f64>,
    /// Mean shortfall from the best over the resamples, from two replicates on.
    pub expected_regret: Option<f64>,
    /// Largest shortfall from the best within a replicate.
    pub greatest_regret: Option<f64>,
}

/// The choices that have a metric, with their values turned so that more is better.
struct Table<'a> {
    places: Vec<(&'a str, &'a str)>,
    /// One list a place, one value a replicate.
    values: Vec<Vec<f64>>,
    /// 1, or −1 where less is better.
    sign: f64,
}

/// All choices, by metric and then by arm and platform.
#[must_use]
pub fn choices(measured: &Measured) -> Vec<Choice> {
    let mut all = Vec::new();
    for (index, metric) in measured.metrics.iter().enumerate() {
        let sign = match metric.better {
            Better::Higher => 1.0,
            Better::Lower => -1.0,
            Better::Neither => continue,
        };
        let table = table(measured, index, sign);
        if table.places.len() > 1 {
            all.extend(judged(&table, metric));
        }
    }
    all
}

/// The values of a metric in the replicates that all places have which have it at all.
fn table(measured: &Measured, metric: usize, sign: f64) -> Table<'_> {
    let places = measured.platforms().into_iter();
    let known: Vec<_> = places
        .map(|place| (place, measured.values(place, metric)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let everywhere = |replicate: u32| {
        known.iter().all(|(_, values)| values.binary_search_by_key(&replicate, |v| v.0).is_ok())
    };
    let common = |values: &Vec<(u32, f64)>| {
        values.iter().filter(|value| everywhere(value.0)).map(|value| sign * value.1).collect()
    };
    let values = known.iter().map(|(_, values)| common(values)).collect();
    Table { places: known.iter().map(|(place, _)| *place).collect(), values, sign }
}

fn judged(table: &Table, metric: &MetricName) -> Vec<Choice> {
    let n = table.values[0].len();
    let each: Vec<usize> = (0..n).collect();
    let within = replicates(table, each.iter().map(std::slice::from_ref));
    let again = (n > 1).then(|| resampled(table, n));
    let choice = |(at, place): (usize, &(&str, &str))| Choice {
        arm: place.0.to_owned(),
        platform: place.1.to_owned(),
        metric: metric.clone(),
        n,
        mean: mean(&table.values[at]).map(|x| table.sign * x),
        best_share: (n > 0).then(|| within.best[at] / n as f64),
        best_probability: again.as_ref().map(|s| s.best[at] / f64::from(RESAMPLES)),
        expected_regret: again.as_ref().map(|s| s.regret[at] / f64::from(RESAMPLES)),
        greatest_regret: (n > 0).then_some(within.greatest[at]),
    };
    table.places.iter().enumerate().map(choice).collect()
}

/// What was found over many sets of replicates, by place.
struct Shares {
    best: Vec<f64>,
    regret: Vec<f64>,
    greatest: Vec<f64>,
}

/// Judges the means over each set of replicates.
fn replicates<'a>(table: &Table, sets: impl Iterator<Item = &'a [usize]>) -> Shares {
    let mut shares = Shares::new(table.places.len());
    sets.for_each(|set| shares.judge(table, set));
    shares
}

fn resampled(table: &Table, n: usize) -> Shares {
    let mut shares = Shares::new(table.places.len());
    let mut places = vec![0; n];
    for number in 0..RESAMPLES {
        resample(number, &mut places);
        shares.judge(table, &places);
    }
    shares
}

impl Shares {
    fn new(places: usize) -> Self {
        let zeros = || vec![0.0; places];
        Self { best: zeros(), regret: zeros(), greatest: zeros() }
    }

    /// Sums in one order for all places, so that copies tie exactly.
    fn judge(&mut self, table: &Table, set: &[usize]) {
        let sum = |values: &Vec<f64>| set.iter().fold(0.0, |sum, &at| sum + values[at]);
        let sums: Vec<f64> = table.values.iter().map(sum).collect();
        let best = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ties = sums.iter().filter(|sum| **sum == best).count() as f64;
        for (at, sum) in sums.iter().enumerate() {
            let regret = (best - sum) / set.len() as f64;
            self.best[at] += if *sum == best { 1.0 / ties } else { 0.0 };
            self.regret[at] += regret;
            self.greatest[at] = self.greatest[at].max(regret);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::comparison::RunMetrics;
    use crate::output::declared::RunKey;

    fn measured(better: Better, arms: &[(&str, &[f64])]) -> Measured {
        let mut runs = Vec::new();
        for (arm, values) in arms {
            runs.extend(values.iter().zip(0..).map(|(value, replicate)| RunMetrics {
                key: RunKey { arm: (*arm).into(), platform: (*arm).into(), replicate },
                days_done: 1,
                complete: true,
                values: vec![Some(*value).filter(|x| x.is_finite())],
            }));
        }
        let metric = MetricName { name: "m".into(), unit: "1".into(), better };
        Measured { scenario: "s".into(), baseline: "a".into(), metrics: vec![metric], runs }
    }

    #[test]
    fn an_arm_and_its_copy_are_the_best_by_halves() {
        let values = [0.1, 7.3, -3.0, 1.0 / 3.0];
        let all = choices(&measured(Better::Higher, &[("a", &values), ("b", &values)]));
        for choice in &all {
            assert_eq!((choice.best_share, choice.best_probability), (Some(0.5), Some(0.5)));
            assert_eq!((choice.expected_regret, choice.greatest_regret), (Some(0.0), Some(0.0)));
        }
    }

    #[test]
    fn what_is_always_better_is_surely_the_best_in_either_direction() {
        let arms: [(&str, &[f64]); 2] = [("a", &[1.0, 2.0, 3.0]), ("b", &[2.0, 3.0, 5.0])];
        for (better, winner, regrets) in
            [(Better::Higher, 1, [4.0 / 3.0, 0.0]), (Better::Lower, 0, [0.0, 4.0 / 3.0])]
        {
            let all = choices(&measured(better, &arms));
            assert_eq!(all[winner].best_probability, Some(1.0));
            assert_eq!(all[1 - winner].best_share, Some(0.0));
            assert!((all[1].mean.unwrap() - 10.0 / 3.0).abs() < 1e-12);
            assert_eq!(all[1 - winner].greatest_regret, Some(2.0));
            for (choice, regret) in all.iter().zip(regrets) {
                assert!((choice.expected_regret.unwrap() - regret).abs() < 0.03, "{choice:?}");
            }
        }
    }

    #[test]
    fn probabilities_are_those_of_the_normal_law_where_means_are_normal() {
        // Differences of mean 1/2 and population sd √(35/12·4): z = 0.5·√12/3.416 = 0.507, so
        // Φ = 0.694; 2,000 resamples know it to 0.010, means of twelve to about 0.01.
        let b: Vec<f64> = (0..12).map(|i| f64::from(i) - 5.0).collect();
        let spread: f64 = b.iter().map(|x| (x - 0.5) * (x - 0.5)).fold(0.0, |s, x| s + x) / 12.0;
        let all = choices(&measured(Better::Higher, &[("a", &[0.0; 12]), ("b", &b)]));
        let z = 0.5 * (12.0 / spread).sqrt();
        let expected = crate::quantity::math::normal_probability(z);
        assert!((all[1].best_probability.unwrap() - expected).abs() < 0.04, "{all:?} {expected}");
    }

    #[test]
    fn only_replicates_that_all_have_are_judged_and_one_alone_is_no_choice() {
        let arms: [(&str, &[f64]); 3] =
            [("a", &[1.0, f64::NAN, 3.0]), ("b", &[2.0, 2.0]), ("c", &[f64::NAN])];
        let all = choices(&measured(Better::Higher, &arms));
        assert_eq!(all.iter().map(|c| c.n).collect::<Vec<_>>(), [1, 1]);
        assert_eq!((all[0].best_share, all[0].best_probability), (Some(0.0), None));
        assert!(choices(&measured(Better::Higher, &arms[..1])).is_empty());
        assert!(choices(&measured(Better::Neither, &arms)).is_empty());
    }
}
