//! The table of decisions for the terminal: metrics as rows, arms as columns.

use crate::output::comparison::MetricName;
use crate::output::decision::Choice;
use crate::output::text::{Column, Shown, blocks, grouped, name, place};

/// What the table's cells mean.
pub const LEGEND: &str = "\
probability that the arm's mean is the best of all, and in brackets what choosing it is expected to fall short
of the best; by drawing replicates again";

/// One row a metric, one column an arm's platform: `97 % (1.2)`.
#[must_use]
pub fn table(choices: &[Choice]) -> String {
    let mut metrics: Vec<&MetricName> = Vec::new();
    let mut places: Vec<(&str, &str)> = Vec::new();
    for choice in choices {
        if !metrics.contains(&&choice.metric) {
            metrics.push(&choice.metric);
        }
        if !places.contains(&(&choice.arm, &choice.platform)) {
            places.push((&choice.arm, &choice.platform));
        }
    }
    places.sort_unstable();
    let headings = ["best", "is better", "unit"];
    let mut fixed = headings.map(|heading| Column::new(false, heading));
    for metric in &metrics {
        fixed[0].cells.push(name(&metric.name));
        fixed[1].cells.push(crate::output::comparison::better_word(metric.better).to_owned());
        fixed[2].cells.push(name(&Shown::of(metric).unit));
    }
    let arms = places.iter().map(|place| column(choices, &metrics, *place));
    blocks(&fixed, &arms.collect::<Vec<_>>())
}

fn column(choices: &[Choice], metrics: &[&MetricName], (arm, platform): (&str, &str)) -> Column {
    let mut column = Column::new(true, &place(arm, platform));
    for metric in metrics {
        let here = |c: &&Choice| c.arm == arm && c.platform == platform && c.metric == **metric;
        column.cells.push(choices.iter().find(here).map_or("–".to_owned(), cell));
    }
    column
}

fn cell(choice: &Choice) -> String {
    let Some(probability) = choice.best_probability else {
        return "–".to_owned();
    };
    let regret = choice.expected_regret.filter(|regret| *regret > 0.0);
    let regret = regret.map(|regret| Shown::of(&choice.metric).optional(Some(regret), None));
    let regret = regret.map_or(String::new(), |regret| format!(" ({regret})"));
    format!("{} %{regret}", grouped(100.0 * probability, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observer::Better;

    #[test]
    fn a_cell_is_probability_and_regret() {
        let choice = |arm: &str, best: f64, regret: f64| Choice {
            arm: arm.to_owned(),
            platform: arm.to_owned(),
            metric: MetricName {
                name: "gmv_fen".to_owned(),
                unit: "fen".to_owned(),
                better: Better::Higher,
            },
            n: 5,
            mean: Some(1.0),
            best_share: Some(best),
            best_probability: Some(best),
            expected_regret: Some(regret),
            greatest_regret: Some(regret),
        };
        let table = table(&[choice("a", 0.97, 0.0), choice("b", 0.03, 123_456.0)]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("best     is better  unit"), "{table}");
        assert!(lines[2].contains("97 %") && lines[2].ends_with("3 % (1,235)"), "{table}");
    }
}
