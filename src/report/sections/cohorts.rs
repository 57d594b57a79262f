//! Do members who came in the same month come back?

use crate::output::statistics::Moments;
use crate::report::charts;
use crate::report::data::{ByReplicate, Data, over};
use crate::report::page::{Cell, Figure, Section, Table, count, spread};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::svg::Sheet;
use std::collections::BTreeMap;

/// Days of a month of life.
const MONTH: u32 = 30;

/// Buyers of a cohort in a month of life, by (cohort, age).
type Cohorts = BTreeMap<(u32, u32), Moments>;

/// The months that every member of the cohort has lived whole: from the last registration
/// of the cohort to the end of the month.
fn whole(cohort: u32, age: u32, days: u32) -> bool {
    (cohort + age + 2) * MONTH <= days
}

/// Months of the whole course, burn-in included, as the table has them.
fn days(data: &Data, place: usize) -> u32 {
    let last = data.of[place].cohorts.keys().map(|(cohort, age)| cohort + age + 1).max();
    last.unwrap_or(0) * MONTH
}

fn cohorts(data: &Data, place: usize) -> Cohorts {
    let days = days(data, place);
    let all = data.of[place].cohorts.iter();
    let known = all.filter(|(key, _)| whole(key.0, key.1, days));
    known.map(|(key, values)| (*key, over(values))).collect()
}

fn part(all: &Cohorts, key: (u32, u32)) -> Option<f64> {
    let first = all.get(&(key.0, 0))?.mean.filter(|x| *x > 0.0)?;
    Some(all.get(&key)?.mean? / first)
}

/// Mean over cohorts of the part that orders in the second month of life.
fn second_month(all: &Cohorts) -> Option<f64> {
    let found: Vec<f64> =
        all.keys().filter(|key| key.1 == 1).filter_map(|key| part(all, *key)).collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

/// The same by replicate.
fn second_months(data: &Data, place: usize, all: &Cohorts) -> ByReplicate {
    let of = |key: (u32, u32), r: &u32| data.of[place].cohorts.get(&key)?.get(r).copied();
    let mut replicates: Vec<u32> =
        data.of[place].cohorts.values().flat_map(|one| one.keys().copied()).collect();
    replicates.sort_unstable();
    replicates.dedup();
    let mean = |r: &u32| {
        let second = all.keys().filter(|key| key.1 == 1);
        let parts: Vec<f64> = second
            .filter_map(|key| Some(of(*key, r)? / of((key.0, 0), r).filter(|x| *x > 0.0)?))
            .collect();
        (!parts.is_empty()).then(|| (*r, parts.iter().sum::<f64>() / parts.len() as f64))
    };
    replicates.iter().filter_map(mean).collect()
}

/// Who keeps most.
fn finding(data: &Data, all: &[Cohorts]) -> Option<Both> {
    let values = |(place, one): (usize, &Cohorts)| (place, second_months(data, place, one));
    let values: rank::Values = all.iter().enumerate().map(values).collect();
    let said = |place: usize, en: &str, zh: &str| {
        let value = Kind::Percent.words(second_month(&all[place]).unwrap_or(0.0));
        let label = &data.places[place].label;
        both(
            format!(
                "{label}{en} in the second month of life it has {} of the first month's buyers",
                value.en
            ),
            format!("{label}{zh}注册后第二个月的买家为首月的 {}", value.zh),
        )
    };
    let alone = |place| said(place, ":", "：");
    let first = |place| said(place, " keeps most:", " 留存最好：");
    let what = both("how many buyers they keep into the second month", "第二个月的买家留存");
    rank::told(data, &values, &Saying { alone: &alone, first: &first, what })
}

fn sheet(data: &Data, place: usize, all: &Cohorts, ends: (f64, f64)) -> Option<Sheet> {
    let n = all.keys().map(|key| key.0).max()? + 1;
    let row = |cohort: u32| {
        let ages = (0..n).map(|age| part(all, (cohort, age))).collect::<Vec<_>>();
        (both(format!("month {}", cohort + 1), format!("第 {} 月", cohort + 1)), ages)
    };
    let rows: Vec<_> = (0..n).map(row).filter(|row| row.1.iter().any(Option::is_some)).collect();
    let below = both("month of life →", "注册后第几个月 →");
    (!rows.is_empty())
        .then(|| charts::heat(same(data.places[place].label.as_str()), &rows, ends, &below))
}

/// The section.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let all: Vec<Cohorts> = (0..data.places.len()).map(|place| cohorts(data, place)).collect();
    let every = all.iter().flat_map(|one| one.keys().filter_map(|key| part(one, *key)));
    let ends = every.fold((1.0_f64, 1.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    // The palest cell is not white, so that it is seen to be one.
    let ends = (ends.0 - 0.1 * (ends.1 - ends.0), ends.1);
    let drawn = rank::drawn(data);
    let sheets = all.iter().enumerate().filter(|one| drawn.contains(&one.0));
    let figure = Figure {
        id: "cohorts",
        finding: finding(data, &all)?,
        about: count(data.replicates()).then(&both(
            ", means; 95\u{a0}% t-intervals of the counts are in the table. Rows: month of registration, 30 days \
             each. Cells: buyers in a month of life, in per cent of the buyers in the first. Months that some \
             members have not lived whole are left out.",
            "，取均值，人数的 95% t 区间见表。行为注册月份（每月 30 天），格内为该月买家占首月买家的百分比。部分会员尚未过完的月份不列。",
        )),
        sheets: sheets.filter_map(|(place, one)| sheet(data, place, one, ends)).collect(),
        table: table(data, &all),
    };
    Some(Section {
        id: "cohorts",
        title: both("Who comes back", "批次留存"),
        figures: vec![figure],
        ..Section::default()
    })
}

fn table(data: &Data, all: &[Cohorts]) -> Table {
    let mut rows = Vec::new();
    for (place, one) in all.iter().enumerate() {
        for (key, moments) in one {
            let share = part(one, *key);
            let shown = share.map_or("–".to_owned(), |x| Kind::Percent.cell(x));
            rows.push(vec![
                Cell::words(same(data.places[place].label.as_str())),
                Cell::number((key.0 + 1).to_string(), Some(f64::from(key.0))),
                Cell::number((key.1 + 1).to_string(), Some(f64::from(key.1))),
                spread(Kind::Count, moments),
                Cell::number(shown, share),
            ]);
        }
    }
    Table {
        caption: both(
            "Buyers by cohort (tables/cohorts.csv)",
            "各批次买家数（tables/cohorts.csv）",
        ),
        head: vec![
            both("arm", "方案"),
            both("month of registration", "注册月份"),
            both("month of life", "注册后月份"),
            both("buyers", "买家数"),
            both("% of the first month", "占首月 %"),
        ],
        rows,
    }
}
