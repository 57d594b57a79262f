//! When replicates are enough: a goal such as `gmv:1%` and whether differences meet it.
//!
//! A goal is met where half the 95 % interval of every arm's paired difference from the
//! baseline is at most so wide: a share of the baseline's mean, or an amount in the metric's
//! unit. Looking after every replicate stops a little too early at times (Chow & Robbins 1965,
//! doi:10.1214/aoms/1177700156), which is why a fewest number of replicates belongs to it.

use crate::output::comparison::{Difference, MetricName};
use crate::output::statistics::replicates_for_width;
use std::str::FromStr;

/// Half the width that an interval may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// A share of the size of the baseline's mean.
    Relative(f64),
    /// In the metric's unit.
    Absolute(f64),
}

/// A goal for one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// The metric, or its name without the unit.
    pub metric: String,
    /// The width.
    pub width: Width,
}

impl FromStr for Goal {
    type Err = String;

    /// Reads `METRIC:WIDTH`, the width as a percentage or in the metric's unit.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write METRIC:WIDTH, as in gmv:1% or gmv_fen:500000";
        let (metric, width) = text.split_once(':').ok_or(form)?;
        let (digits, share) = match width.trim().strip_suffix('%') {
            Some(digits) => (digits, true),
            None => (width, false),
        };
        let number: f64 = digits.trim().replace('_', "").parse().map_err(|_| form)?;
        if metric.trim().is_empty() || !number.is_finite() || number <= 0.0 {
            return Err(format!("the width is a number greater than 0: {form}"));
        }
        let width = if share { Width::Relative(number / 100.0) } else { Width::Absolute(number) };
        Ok(Self { metric: metric.trim().to_owned(), width })
    }
}

/// Whether a difference meets a goal, and what it would take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Half the interval's width.
    pub half: Option<f64>,
    /// Half the width that was asked for.
    pub asked: Option<f64>,
    /// Replicates that would do it, by the deviation so far.
    pub needed: Option<u64>,
}

impl Progress {
    /// Whether the interval is narrow enough; never where either is undefined.
    #[must_use]
    pub fn met(&self) -> bool {
        self.half.zip(self.asked).is_some_and(|(half, asked)| half <= asked)
    }
}

impl Goal {
    /// The metric that is meant: by its name, or the first by its name without the unit at
    /// its end, so that `gmv` is `gmv_fen` and not its share.
    #[must_use]
    pub fn metric<'a>(&self, metrics: &'a [MetricName]) -> Option<&'a str> {
        let names = || metrics.iter().map(|metric| metric.name.as_str());
        let without_unit =
            |name: &&str| name.rsplit_once('_').is_some_and(|(stem, _)| stem == self.metric);
        names().find(|name| *name == self.metric).or_else(|| names().find(without_unit))
    }

    /// How far a difference is from the goal.
    #[must_use]
    pub fn progress(&self, difference: &Difference) -> Progress {
        let paired = &difference.paired;
        let asked = match self.width {
            Width::Absolute(width) => Some(width),
            Width::Relative(share) => paired.baseline_mean.map(|mean| share * mean.abs()),
        };
        let needed = paired.difference.sd.zip(asked);
        Progress {
            half: paired.half_width(),
            asked,
            needed: needed.and_then(|(sd, asked)| replicates_for_width(sd, asked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Better;
    use crate::output::statistics::paired;

    fn metric(name: &str) -> MetricName {
        MetricName { name: name.to_owned(), unit: "1".to_owned(), better: Better::Higher }
    }

    #[test]
    fn goals_are_read() {
        let read = |text: &str| text.parse::<Goal>().map(|goal| (goal.metric, goal.width));
        assert_eq!(read("gmv:1%"), Ok(("gmv".to_owned(), Width::Relative(0.01))));
        let fen = Ok(("gmv_fen".to_owned(), Width::Absolute(500_000.0)));
        assert_eq!((read("gmv_fen:500000"), read("gmv_fen: 500_000")), (fen.clone(), fen));
        for wrong in ["gmv", "gmv:", "gmv:x%", ":1%", "gmv:0", "gmv:-1%", "gmv:nan", "gmv:inf"] {
            assert!(read(wrong).unwrap_err().contains("METRIC:WIDTH"), "{wrong}");
        }
    }

    #[test]
    fn a_metric_is_found_without_its_unit() {
        let metrics = ["gmv_fen", "gmv_share", "orders_count", "k_factor"].map(metric);
        let found = |name: &str| {
            Goal { metric: name.to_owned(), width: Width::Absolute(1.0) }.metric(&metrics)
        };
        assert_eq!(found("gmv_fen"), Some("gmv_fen"));
        assert_eq!(found("orders"), Some("orders_count"));
        assert_eq!((found("gmv"), found("sales")), (Some("gmv_fen"), None));
    }

    #[test]
    fn narrow_differences_meet_the_goal_and_wide_ones_say_what_it_takes() {
        let difference = |pairs: &[(f64, f64)]| Difference {
            arm: "b".into(),
            platform: "b".into(),
            baseline: ("a".into(), "a".into()),
            metric: metric("gmv_fen"),
            paired: paired(pairs),
        };
        let goal: Goal = "gmv_fen:10%".parse().unwrap();
        let narrow = goal.progress(&difference(&[(100.0, 110.0), (100.0, 111.0), (100.0, 110.5)]));
        assert!(narrow.met() && narrow.asked == Some(10.0));
        let wide = goal.progress(&difference(&[(100.0, 110.0), (100.0, 150.0), (100.0, 90.0)]));
        assert!(!wide.met() && wide.needed.is_some_and(|n| n > 10), "{wide:?}");
        assert!(!goal.progress(&difference(&[(100.0, 110.0)])).met());
        assert!(!goal.progress(&difference(&[])).met());
    }
}
