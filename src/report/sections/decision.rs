//! The decision: how much one gives up in each measure by choosing an arm (regret).
//!
//! In each replicate the regret of an arm is its distance to the best of that replicate, by the
//! size of the best; the table has means over the replicates that all arms have.

use crate::observer::Better;
use crate::output::statistics::moments;
use crate::report::data::{ByReplicate, Data, over};
use crate::report::page::{Cell, Section, Table, spread};
use crate::report::say::{Both, Kind, both, same};
use crate::report::verdict::Standing;
use crate::report::words;

/// Regret of each place in a metric, mean over replicates, and how often it is the best.
fn regrets(data: &Data, standing: &Standing) -> Vec<Option<(f64, f64)>> {
    let lower = standing.metric.better == Better::Lower;
    let all: Vec<ByReplicate> =
        (0..data.places.len()).map(|place| data.values(place, &standing.metric.name)).collect();
    let held: Vec<&ByReplicate> = all.iter().filter(|values| !values.is_empty()).collect();
    let Some(first) = held.first() else { return vec![None; all.len()] };
    let common = first.keys().filter(|r| held.iter().all(|values| values.contains_key(r)));
    let common: Vec<u32> = common.copied().collect();
    let best = |replicate: &u32| {
        let values = held.iter().map(|values| values[replicate]);
        if lower {
            values.fold(f64::INFINITY, f64::min)
        } else {
            values.fold(f64::NEG_INFINITY, f64::max)
        }
    };
    let of = |values: &ByReplicate| {
        let size = |best: f64, x: f64| if best == 0.0 { x.abs() } else { best.abs() };
        let part = |r: &u32| {
            let (best, x) = (best(r), values[r]);
            if best == x { 0.0 } else { (best - x).abs() / size(best, x) }
        };
        let lost: Vec<f64> = common.iter().map(part).collect();
        let won = common.iter().filter(|r| best(r) == values[r]).count();
        Some((moments(&lost).mean?, won as f64 / common.len() as f64))
    };
    all.iter().map(|values| if values.is_empty() { None } else { of(values) }).collect()
}

/// The section: values of every arm, then its regret.
#[must_use]
pub fn section(data: &Data, standings: &[Standing]) -> Option<Section> {
    if data.places.len() < 2 || standings.is_empty() {
        return None;
    }
    let all: Vec<_> = standings.iter().map(|standing| regrets(data, standing)).collect();
    let worst = |place: usize| {
        let known = all.iter().map(|row| row[place].map_or(1.0, |regret| regret.0));
        known.fold(0.0, f64::max)
    };
    let best = (0..data.places.len()).min_by(|a, b| worst(*a).total_cmp(&worst(*b)))?;
    let (label, most) = (&data.places[best].label, Kind::Percent.words(worst(best)));
    let text = [
        both(
            format!(
                "Whoever does not know which measure will count gives up least with {label}: at most {} of \
                 the best in any measure.",
                most.en
            ),
            format!(
                "若不知哪项指标更重要，选 {label} 最稳妥：任一指标相对最优至多损失 {}。",
                most.zh
            ),
        ),
        both(
            "Regret: the distance to the best arm of the same replicate, in per cent of that best; 0 is \
             the best throughout. An arm without a value in a measure gives up all of it. The share of \
             replicates in which the arm is the best follows.",
            "遗憾值：与同一重复中最优方案的差距占最优值的百分比，0 表示始终最优；某项指标无值的方案视为全部损失。其后为该方案居首的重复占比。",
        ),
    ];
    Some(Section {
        id: "decision",
        title: both("Decision table", "决策表"),
        text: text.to_vec(),
        tables: vec![values(data, standings), regret_table(data, standings, &all)],
        ..Section::default()
    })
}

fn head(data: &Data) -> Vec<Both> {
    let names = data.places.iter().map(|place| same(place.label.as_str()));
    [both("measure", "指标"), both("unit", "单位")].into_iter().chain(names).collect()
}

fn values(data: &Data, standings: &[Standing]) -> Table {
    let row = |standing: &Standing| {
        let kind = standing.kind();
        let cell = |place: usize| {
            let mut cell = spread(kind, &over(&data.values(place, &standing.metric.name)));
            if standing.ranks[0].0 == place {
                cell.class = "n best";
            }
            cell
        };
        let first = [Cell::words(words::metric(&standing.metric.name)), Cell::words(kind.unit())];
        first.into_iter().chain((0..data.places.len()).map(cell)).collect()
    };
    Table {
        caption: both(
            "Means, ± half of the 95 % t-interval; the best is marked (tables/summary.csv)",
            "均值 ± 95% t 区间半宽；最优者加底色（tables/summary.csv）",
        ),
        head: head(data),
        rows: standings.iter().map(row).collect(),
    }
}

fn regret_table(data: &Data, standings: &[Standing], all: &[Vec<Option<(f64, f64)>>]) -> Table {
    let row = |(standing, regrets): (&Standing, &Vec<Option<(f64, f64)>>)| {
        let cell = |regret: &Option<(f64, f64)>| {
            let Some((lost, won)) = regret else { return Cell::number("–", None) };
            let text = format!("{} % · {:.0} %", Kind::Percent.cell(*lost), 100.0 * won);
            let mut cell = Cell::number(text, Some(*lost));
            if *won > 0.5 {
                cell.class = "n best";
            }
            cell
        };
        let unit = both("regret · best in", "遗憾 · 居首");
        let first = [Cell::words(words::metric(&standing.metric.name)), Cell::words(unit)];
        first.into_iter().chain(regrets.iter().map(cell)).collect()
    };
    Table {
        caption: both("Regret, and in how many replicates the best", "遗憾值与居首的重复占比"),
        head: head(data),
        rows: standings.iter().zip(all).map(row).collect(),
    }
}
