//! From contact to kept order, and the channels by which buyers come.

use crate::output::statistics::Moments;
use crate::report::charts::{self, Row};
use crate::report::data::{ByReplicate, Data, FUNNEL, over};
use crate::report::page::{Cell, Figure, Section, Table, basis, count, spread};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::svg::Sheet;
use crate::report::words;

/// The steps of the funnel: column and name.
const STEPS: [(&str, &str, &str); 5] = [
    ("exposed_count", "contacts", "曝光"),
    ("considered_count", "considered", "考虑"),
    ("placed_count", "orders placed", "下单"),
    ("ordered_count", "orders granted", "成交"),
    ("kept_count", "orders kept", "未退货"),
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
    let shown: Vec<usize> = all.iter().map(|one| one.0).collect();
    let drawn = rank::drawn(data);
    let figure = Figure {
        id: "funnel",
        finding: yields(data, &shown)?,
        about: count(data.replicates()).then(&both(
            ", means; 95\u{a0}% t-intervals are in the table. Counts over all days and channels. Bars are \
             logarithms, since steps differ by powers of ten; the percentage is the part of the step above.",
            "，取均值，95% t 区间见表。全部日期与渠道合计。各步相差悬殊，条长取对数；百分比为占上一步之比。",
        )),
        sheets: all
            .iter()
            .filter(|one| drawn.contains(&one.0))
            .map(|(place, steps)| sheet(data, *place, steps))
            .collect(),
        table: table(data),
    };
    Some(Section {
        id: "funnel",
        title: both("From contact to order", "转化漏斗"),
        figures: vec![figure],
        ..Section::default()
    })
}

/// Who makes most orders of as many contacts.
fn yields(data: &Data, shown: &[usize]) -> Option<Both> {
    let of = |place: usize| -> ByReplicate {
        let (orders, contacts) =
            (total(data, place, "ordered_count"), total(data, place, "exposed_count"));
        let part = |(r, n): (&u32, &f64)| Some((*r, 1000.0 * orders.get(r)? / n));
        contacts.iter().filter(|one| *one.1 > 0.0).filter_map(part).collect()
    };
    let all: rank::Values = shown.iter().map(|place| (*place, of(*place))).collect();
    let said = |place: usize, en: &str, zh: &str| {
        let mean = |column| over(&total(data, place, column)).mean.unwrap_or(0.0);
        let made = 1000.0 * mean("ordered_count") / mean("exposed_count").max(1.0);
        let label = &data.places[place].label;
        both(
            format!("Of 1,000 contacts {label} makes {made:.1} orders{en}"),
            format!("{label} 每千次曝光成交{zh} {made:.1} 单"),
        )
    };
    let (alone, first) = (|place| said(place, "", ""), |place| said(place, ", the most", "最多："));
    let what = both("orders per contact", "每次曝光的成交数");
    rank::told(data, &all, &Saying { alone: &alone, first: &first, what })
}

fn sheet(data: &Data, place: usize, steps: &[Moments; 5]) -> Sheet {
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

/// The channels of one place.
struct Sources {
    place: usize,
    sheet: Sheet,
    /// The channel that brings most.
    main: Both,
    /// Its share of the place's new buyers, of the means.
    share: f64,
    /// The same by replicate.
    shares: ByReplicate,
}

/// By which channels new buyers came.
#[must_use]
pub fn channels(data: &Data) -> Option<Section> {
    let all: Vec<Sources> = (0..data.places.len()).filter_map(|p| sources(data, p)).collect();
    let drawn = rank::drawn(data);
    let figure = Figure {
        id: "channels",
        finding: dependence(data, &all)?,
        about: basis(data.replicates()).then(&both(
            ". New buyers (first granted orders) by the channel that brought them as members; the thin line \
             is the interval of the mean.",
            "。新买家（首笔成交）按其注册渠道计；细线为均值区间。",
        )),
        sheets: all
            .iter()
            .filter(|one| drawn.contains(&one.place))
            .map(|one| one.sheet.clone())
            .collect(),
        table: table(data),
    };
    Some(Section {
        id: "channels",
        title: both("Where buyers come from", "获客渠道"),
        figures: vec![figure],
        ..Section::default()
    })
}

/// Who depends most on one channel.
fn dependence(data: &Data, all: &[Sources]) -> Option<Both> {
    let of = |place: usize| {
        let found = all.iter().find(|one| one.place == place);
        found.map(|one| (Kind::Percent.words(one.share), &one.main, &data.places[place].label))
    };
    let first = |place: usize| {
        let Some((part, channel, label)) = of(place) else { return Both::default() };
        both(
            format!(
                "{label} depends most on one channel: {} of its new buyers by {}",
                part.en, channel.en
            ),
            format!("{label} 最依赖单一渠道：{} 的新买家来自{}", part.zh, channel.zh),
        )
    };
    let alone = |place: usize| {
        let Some((part, channel, label)) = of(place) else { return Both::default() };
        both(
            format!("{} of the new buyers of {label} come by {}", part.en, channel.en),
            format!("{label} 的新买家有 {} 来自{}", part.zh, channel.zh),
        )
    };
    let what = both("how far they depend on one channel", "对单一渠道的依赖");
    let shares: rank::Values = all.iter().map(|one| (one.place, one.shares.clone())).collect();
    rank::told(data, &shares, &Saying { alone: &alone, first: &first, what })
}

/// The channels of a place; none where nobody bought.
fn sources(data: &Data, place: usize) -> Option<Sources> {
    let buyers = total(data, place, "new_buyers_count");
    let all = over(&buyers).mean.filter(|x| *x > 0.0)?;
    let own = data.of[place].funnel.iter().filter(|(key, _)| key.1 == "new_buyers_count");
    let mut found: Vec<(&String, &ByReplicate, Moments)> = own
        .map(|(key, values)| (&key.0, values, over(values)))
        .filter(|c| c.2.mean > Some(0.0))
        .collect();
    found.sort_by(|a, b| b.2.mean.unwrap_or(0.0).total_cmp(&a.2.mean.unwrap_or(0.0)));
    let row = |(channel, _, moments): &(&String, &ByReplicate, Moments)| {
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
    let (main, values, moments) = found.first()?;
    let of = |(r, n): (&u32, &f64)| (*n > 0.0).then(|| Some((*r, values.get(r)? / n)))?;
    Some(Sources {
        place,
        sheet: charts::bars(same(data.places[place].label.as_str()), &rows, false),
        main: words::channel(main),
        share: moments.mean.unwrap_or(0.0) / all,
        shares: buyers.iter().filter_map(of).collect(),
    })
}
