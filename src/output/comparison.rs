//! Metrics of many runs, summed up by arm and compared with the baseline.
//!
//! Only complete runs count: a run that was interrupted has seen fewer days, and
//! its totals are not totals. It stands in `metrics` and in the plan.

use crate::observer::{Better, Metric};
use crate::output::decision::Choice;
use crate::output::declared::{DECISION, DIFFERENCES, METRICS, RunKey, SUMMARY};
use crate::output::statistics::{Moments, Paired, Sample, paired, sample};
use crate::table::{Cell, Rows};

/// A metric as it is named in the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricName {
    /// Name, unit last.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
}

impl From<&Metric> for MetricName {
    fn from(metric: &Metric) -> Self {
        Self { name: metric.name.to_owned(), unit: metric.unit.to_owned(), better: metric.better }
    }
}

impl MetricName {
    fn cells(&self) -> [Cell; 3] {
        [&self.name, &self.unit, better_word(self.better)].map(Cell::from)
    }
}

/// The word for a direction in the tables.
#[must_use]
pub fn better_word(better: Better) -> &'static str {
    match better {
        Better::Higher => "higher",
        Better::Lower => "lower",
        Better::Neither => "neither",
    }
}

/// The direction that [`better_word`] wrote.
#[must_use]
pub fn better_from(word: &str) -> Option<Better> {
    [Better::Higher, Better::Lower, Better::Neither]
        .into_iter()
        .find(|&better| better_word(better) == word)
}

/// The metrics of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunMetrics {
    /// Which run.
    pub key: RunKey,
    /// Reported days.
    pub days_done: u16,
    /// Whether the run reached its last day.
    pub complete: bool,
    /// One value a metric; none where undefined, never NaN.
    pub values: Vec<Option<f64>>,
}

/// The metrics of all runs of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Name of the scenario.
    pub scenario: String,
    /// The arm that the others are compared with.
    pub baseline: String,
    /// The metrics, in the order of every run's values.
    pub metrics: Vec<MetricName>,
    /// The runs, sorted by key.
    pub runs: Vec<RunMetrics>,
}

/// One metric of one arm's platform over its complete runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The arm.
    pub arm: String,
    /// The platform.
    pub platform: String,
    /// The metric.
    pub metric: MetricName,
    /// Its statistics.
    pub sample: Sample,
}

/// One metric of one arm's platform against the baseline's.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The arm.
    pub arm: String,
    /// The platform.
    pub platform: String,
    /// The baseline's arm and platform.
    pub baseline: (String, String),
    /// The metric.
    pub metric: MetricName,
    /// Its statistics.
    pub paired: Paired,
}

impl Measured {
    /// Arms and platforms that have runs, in order.
    #[must_use]
    pub fn platforms(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> =
            self.runs.iter().map(|run| (run.key.arm.as_str(), run.key.platform.as_str())).collect();
        all.dedup();
        all
    }

    /// The complete runs' values of a metric (by index) by replicate, where defined.
    pub(crate) fn values(&self, (arm, platform): (&str, &str), metric: usize) -> Vec<(u32, f64)> {
        let here =
            |run: &&RunMetrics| run.complete && run.key.arm == arm && run.key.platform == platform;
        let value = |run: &RunMetrics| Some((run.key.replicate, run.values[metric]?));
        self.runs.iter().filter(here).filter_map(value).collect()
    }

    /// The platform of the baseline that a platform is compared with: the one of
    /// the same name, else the only one; none where several have other names.
    fn counterpart(&self, platform: &str) -> Option<(&str, &str)> {
        let baselines: Vec<_> =
            self.platforms().into_iter().filter(|place| place.0 == self.baseline).collect();
        let same = baselines.iter().find(|place| place.1 == platform);
        same.or(if baselines.len() == 1 { baselines.first() } else { None }).copied()
    }

    /// Statistics of every metric for every arm's platform.
    #[must_use]
    pub fn summary(&self) -> Vec<Summary> {
        let mut all = Vec::new();
        for place in self.platforms() {
            for (index, metric) in self.metrics.iter().enumerate() {
                let values: Vec<f64> = self.values(place, index).iter().map(|v| v.1).collect();
                all.push(Summary {
                    arm: place.0.to_owned(),
                    platform: place.1.to_owned(),
                    metric: metric.clone(),
                    sample: sample(&values),
                });
            }
        }
        all
    }

    /// Paired differences of every metric for every arm's platform but the baseline's.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.differences_of(&|_| true)
    }

    /// The same for the metrics whose names are wanted.
    #[must_use]
    pub fn differences_of(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<Difference> {
        let metrics = || self.metrics.iter().enumerate().filter(|(_, one)| wanted(&one.name));
        let mut all = Vec::new();
        for place in self.platforms().into_iter().filter(|place| place.0 != self.baseline) {
            let Some(base) = self.counterpart(place.1) else {
                continue;
            };
            for (index, metric) in metrics() {
                let pairs = pairs(&self.values(base, index), &self.values(place, index));
                all.push(Difference {
                    arm: place.0.to_owned(),
                    platform: place.1.to_owned(),
                    baseline: (base.0.to_owned(), base.1.to_owned()),
                    metric: metric.clone(),
                    paired: paired(&pairs),
                });
            }
        }
        all
    }
}

/// Values of the replicates that both have; both ascend by replicate.
fn pairs(baseline: &[(u32, f64)], arm: &[(u32, f64)]) -> Vec<(f64, f64)> {
    let partner = |&(replicate, x): &(u32, f64)| {
        let at = baseline.binary_search_by_key(&replicate, |pair| pair.0).ok()?;
        Some((baseline[at].1, x))
    };
    arm.iter().filter_map(partner).collect()
}

fn cell(x: Option<f64>) -> Cell {
    x.map_or(Cell::Missing, Cell::number)
}

fn spread(moments: &Moments) -> [Cell; 4] {
    let (low, high) = moments.ci95.unzip();
    [moments.mean, moments.sd, low, high].map(cell)
}

/// The rows of `metrics` for one run.
#[must_use]
pub fn metrics_rows(metrics: &[MetricName], run: &RunMetrics) -> Rows {
    let mut rows = Rows::new(&METRICS);
    for (metric, value) in metrics.iter().zip(&run.values) {
        let tail = [u32::from(run.days_done).into(), u32::from(run.complete).into(), cell(*value)];
        rows.push(metric.cells().into_iter().chain(tail));
    }
    rows
}

/// The row of `summary` for one arm's platform and metric.
#[must_use]
pub fn summary_row(summary: &Summary) -> Rows {
    let mut rows = Rows::new(&SUMMARY);
    let moments = &summary.sample.moments;
    let quantiles =
        summary.sample.quantiles.map_or([const { Cell::Missing }; 5], |q| q.map(Cell::number));
    let n = [Cell::from(moments.n as u64)];
    rows.push(summary.metric.cells().into_iter().chain(n).chain(spread(moments)).chain(quantiles));
    rows
}

/// The row of `differences` for one arm's platform and metric.
#[must_use]
pub fn difference_row(difference: &Difference) -> Rows {
    let mut rows = Rows::new(&DIFFERENCES);
    let paired = &difference.paired;
    let (arm, platform) = &difference.baseline;
    let base = [arm, platform].map(|name| Cell::from(name.as_str()));
    let means =
        [Cell::from(paired.difference.n as u64), cell(paired.baseline_mean), cell(paired.arm_mean)];
    let tail = [
        cell(paired.relative_difference),
        cell(paired.pairs_higher_share),
        paired.separated.map_or(Cell::Missing, |yes| Cell::from(u32::from(yes))),
    ];
    let metric = difference.metric.cells();
    let spread = spread(&paired.difference);
    let shape = shape(paired);
    rows.push(base.into_iter().chain(metric).chain(means).chain(spread).chain(tail).chain(shape));
    rows
}

/// The cells from `skewness` on.
fn shape(paired: &Paired) -> [Cell; 6] {
    let (low, high) = paired.bootstrap95.unzip();
    let interval = paired.ci95().map_or(Cell::Missing, |_| Cell::from(paired.interval.word()));
    [
        cell(paired.skewness),
        cell(low),
        cell(high),
        interval,
        paired.replicates_needed.map_or(Cell::Missing, Cell::from),
        cell(paired.pairing_gain),
    ]
}

/// The row of `decision` for one arm's platform and metric.
#[must_use]
pub fn decision_row(choice: &Choice) -> Rows {
    let mut rows = Rows::new(&DECISION);
    let found = [
        choice.mean,
        choice.best_share,
        choice.best_probability,
        choice.expected_regret,
        choice.greatest_regret,
    ];
    let n = [Cell::from(choice.n as u64)];
    rows.push(choice.metric.cells().into_iter().chain(n).chain(found.map(cell)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(runs: &[(&str, &str, u32, bool, Option<f64>)]) -> Measured {
        let run = |&(arm, platform, replicate, complete, value): &(&str, &str, u32, bool, _)| {
            RunMetrics {
                key: RunKey { arm: arm.to_owned(), platform: platform.to_owned(), replicate },
                days_done: 10,
                complete,
                values: vec![value],
            }
        };
        let gmv = MetricName { name: "gmv_fen".into(), unit: "fen".into(), better: Better::Higher };
        Measured {
            scenario: "s".into(),
            baseline: "base".into(),
            metrics: vec![gmv],
            runs: runs.iter().map(run).collect(),
        }
    }

    #[test]
    fn an_arm_against_its_own_copy_differs_by_exactly_nothing() {
        let values = [0.1, 7.3e15, -3.0, 1.0 / 3.0];
        let both = ["base", "copy"];
        let runs: Vec<_> = both
            .iter()
            .flat_map(|&arm| (0..4).map(move |r| (arm, arm, r, true, Some(values[r as usize]))))
            .collect();
        let differences = measured(&runs).differences();
        let paired = differences[0].paired;
        assert_eq!(differences.len(), 1);
        assert_eq!(paired.difference.mean.map(f64::to_bits), Some(0));
        assert_eq!((paired.difference.sd, paired.difference.ci95), (Some(0.0), Some((0.0, 0.0))));
        assert_eq!(paired.relative_difference, Some(0.0));
        assert_eq!(paired.pairs_higher_share, Some(0.5));
        assert_eq!(paired.separated, Some(false));
    }

    #[test]
    fn only_complete_runs_with_a_value_on_both_sides_are_paired() {
        let measured = measured(&[
            ("arm", "arm", 0, true, Some(2.0)),
            ("arm", "arm", 1, true, Some(4.0)),
            ("arm", "arm", 2, true, Some(100.0)),
            ("arm", "arm", 3, true, Some(100.0)),
            ("base", "base", 0, true, Some(1.0)),
            ("base", "base", 1, true, Some(1.0)),
            ("base", "base", 2, false, Some(1.0)),
            ("base", "base", 3, true, None),
        ]);
        let paired = measured.differences()[0].paired;
        assert_eq!((paired.difference.n, paired.difference.mean), (2, Some(2.0)));
        assert_eq!(measured.summary()[1].sample.moments.n, 2);
    }

    #[test]
    fn a_platform_is_compared_with_its_namesake_or_the_only_one() {
        let runs = |platforms: &[&'static str]| {
            let mut all: Vec<_> =
                platforms.iter().map(|&p| ("base", p, 0, true, Some(1.0))).collect();
            all.insert(0, ("arm", "shelf", 0, true, Some(3.0)));
            measured(&all)
        };
        let partner = |m: Measured| m.differences().first().map(|d| d.baseline.1.clone());
        assert_eq!(partner(runs(&["base"])).as_deref(), Some("base"));
        assert_eq!(partner(runs(&["mall", "shelf"])).as_deref(), Some("shelf"));
        assert_eq!(partner(runs(&["a", "b"])), None);
    }
}
