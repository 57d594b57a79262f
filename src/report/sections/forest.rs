//! Paired differences from the baseline, with their intervals.

use crate::observer::Better;
use crate::output::comparison::Difference;
use crate::report::charts::{self, Row};
use crate::report::data::{Data, Place};
use crate::report::page::{Cell, Figure, Section, Table, basis};
use crate::report::say::{Both, Kind, both, same};
use crate::report::verdict::Standing;
use crate::report::words;

/// The section.
#[must_use]
pub fn section(data: &Data, standings: &[Standing]) -> Option<Section> {
    let all = data.measured.differences();
    let known: Vec<&Difference> =
        all.iter().filter(|one| one.paired.difference.mean.is_some()).collect();
    let judged = |one: &&&Difference| standings.iter().any(|s| s.metric.name == one.metric.name);
    let shown: Vec<&Difference> = known.iter().filter(judged).copied().collect();
    if shown.is_empty() {
        return None;
    }
    let sheets = standings.iter().filter_map(|standing| {
        let rows: Vec<Row> = shown
            .iter()
            .filter(|one| one.metric.name == standing.metric.name)
            .map(|one| row(data, one))
            .collect();
        let better = direction(standing.metric.better);
        let title = words::metric(&standing.metric.name).then(&better);
        (!rows.is_empty()).then(|| charts::forest(title, &rows, standing.kind().difference()))
    });
    let figure = Figure {
        id: "differences",
        finding: finding(data, &shown),
        about: about(data, &shown),
        sheets: sheets.collect(),
        table: table(data, &known),
    };
    Some(Section {
        id: "differences",
        title: both("Differences from the baseline", "与基准组的差异"),
        figures: vec![figure],
        ..Section::default()
    })
}

fn direction(better: Better) -> Both {
    match better {
        Better::Higher => both(" (more is better)", "（越高越好）"),
        Better::Lower => both(" (less is better)", "（越低越好）"),
        Better::Neither => same(""),
    }
}

fn place(data: &Data, one: &Difference) -> usize {
    let here = |place: &Place| place.arm == one.arm && place.platform == one.platform;
    data.places.iter().position(here).unwrap_or(0)
}

fn row(data: &Data, one: &Difference) -> Row {
    let (paired, kind) = (&one.paired, Kind::of(&one.metric).difference());
    let mean = paired.difference.mean.unwrap_or(0.0);
    let sign = if mean > 0.0 { "+" } else { "" };
    let part = paired.relative_difference.map(|x| {
        let places = if x.abs() < 0.0005 { 2 } else { 1 };
        format!(" ({:+.places$} %)", x * 100.0)
    });
    let part = if kind == Kind::Points || mean == 0.0 { None } else { part };
    let size = kind.give_or_take(mean, paired.difference.half_width());
    let note = format!("{sign}{size}{}", part.unwrap_or_default());
    let index = place(data, one);
    Row {
        place: index,
        label: same(data.label(&one.arm, &one.platform)),
        value: mean,
        ends: paired.difference.ci95,
        note: same(note),
    }
}

fn finding(data: &Data, shown: &[&Difference]) -> Both {
    let separated = shown.iter().filter(|one| one.paired.separated == Some(true)).count();
    let (n, baseline) = (shown.len(), data.label(&data.measured.baseline, &data.measured.baseline));
    if shown.iter().all(|one| one.paired.separated.is_none()) {
        return both(
            format!("Differences from {baseline}; one pair each, so nothing is separated"),
            format!("与 {baseline} 的差异；各只有一对，无法区分"),
        );
    }
    both(
        format!("{separated} of {n} differences from {baseline} are separated from zero"),
        format!("与 {baseline} 的 {n} 项差异中，有 {separated} 项与零可区分"),
    )
}

fn about(data: &Data, shown: &[&Difference]) -> Both {
    let n = shown.iter().map(|one| one.paired.difference.n).max().unwrap_or(0);
    let baseline = data.label(&data.measured.baseline, &data.measured.baseline);
    let more = both(
        format!(
            ". Arm minus {baseline}, paired by replicate; dot: mean, bar: 95\u{a0}% t-interval. Each interval \
             stands for itself: of twenty measures that do not differ, one is expected to look separated."
        ),
        format!(
            "。各方案减 {baseline}，按重复配对；点为均值，线段为 95% t 区间。各区间单独成立：二十个并无差异的指标中，\
             预计会有一个看似可区分。"
        ),
    );
    let rivals = data.places.iter().filter(|p| p.arm == data.measured.baseline).count();
    let more = if rivals < 2 {
        more
    } else {
        more.then(&both(
            format!(" A platform is compared with that of the same name in {baseline}."),
            format!("平台与 {baseline} 中的同名平台相比。"),
        ))
    };
    if n < 2 {
        basis(n).then(&more)
    } else {
        both(format!("n = {n} pairs"), format!("n = {n} 对")).then(&more)
    }
}

fn table(data: &Data, all: &[&Difference]) -> Table {
    let head = [
        both("measure", "指标"),
        both("arm", "方案"),
        both("unit", "单位"),
        both("baseline", "基准组"),
        both("arm's mean", "方案均值"),
        both("difference", "差值"),
        both("95 % from", "95% 下限"),
        both("to", "上限"),
        both("relative, %", "相对，%"),
        both("n", "n"),
    ];
    let row = |one: &&Difference| {
        let (kind, paired) = (Kind::of(&one.metric), &one.paired);
        let (low, high) = paired.difference.ci95.unzip();
        let number = |x: Option<f64>, kind: Kind| {
            Cell::number(x.map_or("–".to_owned(), |x| kind.cell(x)), x)
        };
        vec![
            Cell::words(words::metric(&one.metric.name)),
            Cell::words(same(data.label(&one.arm, &one.platform))),
            Cell::words(kind.unit()),
            number(paired.baseline_mean, kind),
            number(paired.arm_mean, kind),
            number(paired.difference.mean, kind),
            number(low, kind),
            number(high, kind),
            number(paired.relative_difference, Kind::Percent),
            Cell::number(paired.difference.n.to_string(), Some(paired.difference.n as f64)),
        ]
    };
    Table {
        caption: both(
            "Paired differences of every measure (tables/differences.csv)",
            "所有指标的配对差异（tables/differences.csv）",
        ),
        head: head.to_vec(),
        rows: all.iter().map(row).collect(),
    }
}
