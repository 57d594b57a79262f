//! How far sharing carried: sizes of cascades, and the largest one drawn.

use crate::output::text::grouped;
use crate::quantity::math;
use crate::report::charts::{self, Axes, Point, Series};
use crate::report::data::Data;
use crate::report::page::{Cell, Figure, Section, Table};
use crate::report::rank;
use crate::report::say::{Kind, both, same};
use crate::report::svg::Sheet;
use crate::report::trees;
use std::collections::BTreeMap;

/// Cascades by size, over all replicates.
fn sizes(data: &Data, place: usize) -> BTreeMap<u32, f64> {
    let mut all = BTreeMap::new();
    for (&(size, _), n) in &data.of[place].cascades {
        *all.entry(size).or_insert(0.0) += n;
    }
    all
}

/// Share of cascades of at least each size, in logarithms to base ten.
fn tail(sizes: &BTreeMap<u32, f64>) -> Vec<Point> {
    let total: f64 = sizes.values().sum();
    let log = |x: f64| math::ln(x) / math::ln(10.0);
    let mut left = total;
    let mut points = Vec::new();
    for (&size, n) in sizes {
        points.push((log(f64::from(size.max(1))), log(left / total), None));
        left -= n;
    }
    points
}

/// The section.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let all: Vec<BTreeMap<u32, f64>> =
        (0..data.places.len()).map(|place| sizes(data, place)).collect();
    let largest = |place: &usize| all[*place].keys().next_back().copied().unwrap_or(0);
    let best = (0..all.len()).max_by_key(|place| (largest(place), usize::MAX - place))?;
    if largest(&best) < 2 {
        return None;
    }
    let series: Vec<Series> = rank::drawn(data)
        .into_iter()
        .filter(|place| largest(place) > 1)
        .map(|place| Series {
            place,
            label: data.places[place].label.clone(),
            points: tail(&all[place]),
            dots: false,
        })
        .collect();
    let x = both("size, consumers", "规模（人）");
    let axes = Axes { x, from_zero: false, logs: true, ..Axes::by_day(Kind::Plain) };
    let title = both("share of cascades of at least that size", "不小于该规模的级联占比");
    let mut sheets: Vec<_> = charts::lines(title, &series, &axes).into_iter().collect();
    sheets.extend(drawn(data));
    let size = largest(&best);
    let n: f64 = all.iter().flat_map(BTreeMap::values).sum();
    let n = grouped(n, 0);
    let shown = (0..all.len()).filter(|place| !all[*place].is_empty()).count();
    let as_far: Vec<usize> = (0..all.len()).filter(|place| largest(place) == size).collect();
    let who = rank::names(data, &as_far);
    let figure = Figure {
        id: "cascades",
        finding: if as_far.len() == 1 && shown > 1 {
            both(
                format!(
                    "Sharing carried furthest in {}: the largest cascade has {size} consumers",
                    who.en
                ),
                format!("分享以 {} 传得最远：最大级联达 {size} 人", who.zh),
            )
        } else {
            both(
                format!("The largest cascade of {} has {size} consumers", who.en),
                format!("{} 的最大级联达 {size} 人", who.zh),
            )
        },
        about: both(
            format!(
                "n = {n} cascades of all replicates together, so without an interval. Both axes are \
                 logarithms. The tree is the largest cascade: the first sharer in black on top, below each \
                 consumer those whom their shares brought."
            ),
            format!(
                "n = {n} 个级联（全部重复合并，故无区间）。两轴均为对数。树为最大的级联：顶端黑点为首位分享者，\
                 每人下方是其分享带来的人。"
            ),
        ),
        sheets,
        table: table(data, &all),
    };
    Some(Section {
        id: "cascades",
        title: both("Cascades", "分享级联"),
        figures: vec![figure],
        ..Section::default()
    })
}

/// The largest cascade of all replicates, the first of equals.
fn drawn(data: &Data) -> Option<Sheet> {
    let all = data.of.iter().enumerate().flat_map(|(place, of)| {
        of.largest.iter().map(move |(replicate, tree)| (place, *replicate, tree))
    });
    let trees = all.filter(|one| trees::is_tree(&one.2.1));
    let (place, replicate, (size, parents)) =
        trees.max_by_key(|one| (one.2.0, std::cmp::Reverse((one.0, one.1))))?;
    let label = &data.places[place].label;
    let more = (*size as usize).saturating_sub(parents.len() + 1);
    let (cut, cut_zh) = if more > 0 {
        (format!(", {more} later ones not drawn"), format!("，其后 {more} 人未画出"))
    } else {
        (String::new(), String::new())
    };
    let title = both(
        format!("{label}, replicate {replicate}: {size} consumers{cut}"),
        format!("{label}，第 {replicate} 次重复：{size} 人{cut_zh}"),
    );
    Some(trees::tree(title, parents, place))
}

/// Cascades in classes of size that double.
fn table(data: &Data, all: &[BTreeMap<u32, f64>]) -> Table {
    let mut rows = Vec::new();
    for (place, sizes) in all.iter().enumerate() {
        let total: f64 = sizes.values().sum();
        let mut low = 1_u32;
        while total > 0.0 && low <= sizes.keys().next_back().copied().unwrap_or(0) {
            let high = low.saturating_mul(2);
            let n: f64 = sizes.range(low..high).map(|size| size.1).sum();
            let name = if low == 1 { "1".to_owned() } else { format!("{low}–{}", high - 1) };
            rows.push(vec![
                Cell::words(same(data.places[place].label.as_str())),
                Cell::number(name, None),
                Cell::number(grouped(n, 0), Some(n)),
                Cell::number(Kind::Percent.cell(n / total), Some(n / total)),
            ]);
            low = high;
        }
    }
    Table {
        caption: both(
            "Cascades by size, all replicates (tables/cascades.csv)",
            "各规模级联数，全部重复（tables/cascades.csv）",
        ),
        head: vec![
            both("arm", "方案"),
            both("size", "规模"),
            both("cascades", "级联数"),
            both("%", "%"),
        ],
        rows,
    }
}
