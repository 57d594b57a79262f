//! From contact to kept order, and the channels by which buyers come.

use crate::output::statistics::Moments;
use crate::report::charts::{self, Row};
use crate::report::data::{ByReplicate, Data, FUNNEL, over};
use crate::report::page::{Cell, Figure, Section, Table, basis, count, spread};
use crate::report::say::{Both, Kind, both, same};
use crate::report::words;

/// The steps of the funnel: column and name.
const STEPS: [(&str, &str, &str); 5] = [
    ("exposed_count", "contacts", "曝光"),
    ("considered_count", "considered", "考虑"),
    ("placed_count", "orders placed", "下单"),
    ("ordered_count", "orders granted", "成交"),
    ("kept_count", "orders kept", "签收"),
];

/// A count of a place over all channels, by replicate.
fn total(data: &Data, place: usize, column: &str) -> ByReplicate {
    let mut sum = ByReplicate::new();
    for (key, values) in &data.of[place].funnel {
        for (replicate, x) in values.iter().filter(|_| key.1 == column) {
            *sum.entry(*replicate).or_default() += x;
        }
    }
    sum
}

/// The funnel of each arm.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let all: Vec<(usize, [Moments; 5])> = (0..data.places.len())
        .map(|place| (place, STEPS.map(|step| over(&total(data, place, step.0)))))
        .filter(|(_, steps)| steps[0].mean.is_some_and(|x| x > 0.0))
        .collect();
    let yield_of =
        |steps: &[Moments; 5]| steps[3].mean.unwrap_or(0.0) / steps[0].mean.unwrap_or(1.0);
    let best = all.iter().max_by(|a, b| yield_of(&a.1).total_cmp(&yield_of(&b.1)))?;
    let (label, made) = (&data.places[best.0].label, format!("{:.1}", 1000.0 * yield_of(&best.1)));
    let figure = Figure {
        id: "funnel",
        finding: both(
            format!("Of 1,000 contacts {label} makes {made} orders, the most"),
            format!("每千次曝光以 {label} 成交最多：{made} 单"),
        ),
        about: count(data.replicates()).then(&both(
            ", means. Counts over all days and channels. Bars are logarithms, since steps differ by powers of ten; \
             the percentage is the part of the step above.",
            "，取均值。全部日期与渠道合计。各步相差悬殊，条长取对数；百分比为占上一步之比。",
        )),
        sheets: all.iter().take(8).map(|(place, steps)| sheet(data, *place, steps)).collect(),
        table: table(data),
    };
    Some(Section {
        id: "funnel",
        title: both("From contact to order", "转化漏斗"),
        figures: vec![figure],
        ..Section::default()
    })
}

fn sheet(data: &Data, place: usize, steps: &[Moments; 5]) -> crate::report::svg::Sheet {
    let row = |k: usize| {
        let value = steps[k].mean.unwrap_or(0.0);
        let before = k.checked_sub(1).and_then(|k| steps[k].mean).filter(|x| *x > 0.0);
        let part = before.map(|x| format!(" · {} %", Kind::Percent.cell(value / x)));
        Row {
            place,
            label: both(STEPS[k].1, STEPS[k].2),
            value,
            ends: None,
            note: same(Kind::Count.cell(value) + &part.unwrap_or_default()),
        }
    };
    let rows: Vec<Row> = (0..STEPS.len()).map(row).collect();
    charts::bars(same(data.places[place].label.as_str()), &rows, true)
}

/// Every count by arm and channel.
fn table(data: &Data) -> Table {
    let mut rows = Vec::new();
    for (place, of) in data.of.iter().enumerate() {
        let mut channels: Vec<&String> = of.funnel.keys().map(|key| &key.0).collect();
        channels.dedup();
        for channel in channels {
            let mut row = vec![
                Cell::words(same(data.places[place].label.as_str())),
                Cell::words(words::channel(channel)),
            ];
            let cell = |column: &&'static str| match of.funnel.get(&(channel.clone(), column)) {
                Some(values) => spread(Kind::Count, &over(values)),
                None => Cell::number("–", None),
            };
            row.extend(FUNNEL.iter().map(cell));
            rows.push(row);
        }
    }
    let steps = STEPS.iter().map(|step| both(step.1, step.2));
    let head: Vec<Both> = [both("arm", "方案"), both("channel", "渠道")]
        .into_iter()
        .chain(steps)
        .chain([both("new members", "新注册"), both("new buyers", "首购")])
        .collect();
    Table {
        caption: both("Counts by channel (tables/funnel.csv)", "各渠道计数（tables/funnel.csv）"),
        head,
        rows,
    }
}

/// By which channels new buyers came.
#[must_use]
pub fn channels(data: &Data) -> Option<Section> {
    let sheets: Vec<_> = (0..data.places.len()).filter_map(|place| sources(data, place)).collect();
    let best = sheets.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (label, channel, part) = (&data.places[best.2].label, &best.3, Kind::Percent.words(best.1));
    let figure = Figure {
        id: "channels",
        finding: both(
            format!("{label} depends most on one channel: {} of its new buyers by {}", part.en, channel.en),
            format!("{label} 最依赖单一渠道：{} 的新买家来自{}", part.zh, channel.zh),
        ),
        about: basis(data.replicates()).then(&both(
            ". New buyers (first granted orders) by the channel that brought them as members; the thin line \
             is the interval of the mean.",
            "。新买家（首笔成交）按其注册渠道计；细线为均值区间。",
        )),
        sheets: sheets.iter().take(8).map(|one| one.0.clone()).collect(),
        table: table(data),
    };
    Some(Section {
        id: "channels",
        title: both("Where buyers come from", "获客渠道"),
        figures: vec![figure],
        ..Section::default()
    })
}

/// The chart of a place, the largest channel's share, the place, and that channel.
fn sources(data: &Data, place: usize) -> Option<(crate::report::svg::Sheet, f64, usize, Both)> {
    let all = over(&total(data, place, "new_buyers_count")).mean.filter(|x| *x > 0.0)?;
    let own = data.of[place].funnel.iter().filter(|(key, _)| key.1 == "new_buyers_count");
    let mut found: Vec<(&String, Moments)> =
        own.map(|(key, values)| (&key.0, over(values))).filter(|c| c.1.mean > Some(0.0)).collect();
    found.sort_by(|a, b| b.1.mean.unwrap_or(0.0).total_cmp(&a.1.mean.unwrap_or(0.0)));
    let row = |(channel, moments): &(&String, Moments)| {
        let value = moments.mean.unwrap_or(0.0);
        let part = Kind::Percent.cell(value / all);
        Row {
            place,
            label: words::channel(channel),
            value,
            ends: moments.ci95,
            note: same(format!("{} · {part} %", Kind::Count.cell(value))),
        }
    };
    let rows: Vec<Row> = found.iter().map(row).collect();
    let (first, moments) = found.first()?;
    let share = moments.mean.unwrap_or(0.0) / all;
    let sheet = charts::bars(same(data.places[place].label.as_str()), &rows, false);
    Some((sheet, share, place, words::channel(first)))
}
