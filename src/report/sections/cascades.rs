//! How far sharing carried: sizes of cascades, and one that can be drawn.
//!
//! The table holds sizes and depths. A tree follows from these two where it is a star
//! (depth 1) or a chain (depth one less than the size); only such a one is drawn.

use crate::quantity::math;
use crate::report::charts::{self, Axes, Point, Series};
use crate::report::data::Data;
use crate::report::page::{Cell, Figure, Section, Table};
use crate::report::say::{Kind, both, same};
use crate::report::svg::Sheet;
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

/// The largest cascade whose tree follows from size and depth.
fn drawable(data: &Data) -> Option<(usize, u32, u32)> {
    let all =
        data.of.iter().enumerate().flat_map(|(place, of)| {
            of.cascades.keys().map(move |&(size, depth)| (place, size, depth))
        });
    let follows =
        |&(_, size, depth): &(usize, u32, u32)| size > 2 && (depth == 1 || depth + 1 == size);
    all.filter(follows).max_by_key(|one| (one.1, std::cmp::Reverse(one.0)))
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
    let series: Vec<Series> = (0..all.len())
        .filter(|place| largest(place) > 1)
        .take(8)
        .map(|place| Series {
            place,
            label: data.places[place].label.clone(),
            points: tail(&all[place]),
            dots: false,
        })
        .collect();
    let axes = Axes {
        x: both("size, consumers", "规模（人）"),
        kind: Kind::Plain,
        from_zero: false,
        logs: true,
    };
    let title = both("share of cascades of at least that size", "不小于该规模的级联占比");
    let mut sheets: Vec<_> = charts::lines(title, &series, &axes).into_iter().collect();
    sheets.extend(drawn(data));
    let (label, size) = (&data.places[best].label, largest(&best));
    let n: f64 = all.iter().flat_map(BTreeMap::values).sum();
    let n = Kind::Count.cell(n);
    let figure = Figure {
        id: "cascades",
        finding: both(
            format!(
                "Sharing carried furthest in {label}: the largest cascade has {size} consumers"
            ),
            format!("分享以 {label} 传得最远：最大级联达 {size} 人"),
        ),
        about: both(
            format!(
                "n = {n} cascades of all replicates together, so without an interval. Both axes are \
                 logarithms. The run folder keeps sizes and depths, not who brought whom: the tree drawn is \
                 the largest whose form follows from these two."
            ),
            format!(
                "n = {n} 个级联（全部重复合并，故无区间）。两轴均为对数。运行文件夹只保存规模与深度，不保存谁带来了谁：\
                 所绘为形状可由二者确定的最大级联。"
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

/// The largest cascade whose form follows from size and depth, as a tree.
fn drawn(data: &Data) -> Option<Sheet> {
    let (place, size, depth) = drawable(data)?;
    let (label, more) = (&data.places[place].label, size.saturating_sub(40));
    let (cut, cut_zh) = if more > 0 {
        (format!(", {more} more not drawn"), format!("，另有 {more} 人未画出"))
    } else {
        (String::new(), String::new())
    };
    let title = both(
        format!("{label}: {size} consumers, depth {depth}{cut}"),
        format!("{label}：{size} 人，深度 {depth}{cut_zh}"),
    );
    Some(charts::tree(title, size, depth, place))
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
                Cell::number(Kind::Count.cell(n), Some(n)),
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
