//! The kinds of charts: lines with bands, intervals, bars, heat maps, steps.

use crate::report::say::{self, Both, Kind, same};
use crate::report::svg::{Anchor, Axis, GRID, INK, PALE, Sheet, colour, dash};

/// Width of a panel.
pub const WIDTH: f64 = 360.0;
/// Height of the plot of a panel.
const PLOT: f64 = 170.0;
/// Height of the title above the plot.
const TOP: f64 = 30.0;

/// A point of a line: x, y, and the interval of y.
pub type Point = (f64, f64, Option<(f64, f64)>);

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Series {
    /// The arm that it belongs to, which gives the colour.
    pub place: usize,
    /// Its name.
    pub label: String,
    /// Its points.
    pub points: Vec<Point>,
    /// Whether only its points are drawn, as small dots.
    pub dots: bool,
}

/// What the axes of a line chart show.
#[derive(Clone, Debug)]
pub struct Axes {
    /// What x is.
    pub x: Both,
    /// How y is written.
    pub kind: Kind,
    /// Whether the axis of y begins at zero.
    pub from_zero: bool,
    /// Whether x and y are logarithms to base ten.
    pub logs: bool,
}

/// Names of the series in rows below a plot; gives the height that they take.
fn legend(sheet: &mut Sheet, all: &[(usize, &str)], top: f64) -> f64 {
    let (mut x, mut y) = (4.0, top + 12.0);
    for (place, label) in all {
        let width = 40.0 + 6.8 * say::cells(label) as f64;
        if x > 4.0 && x + width > WIDTH {
            (x, y) = (4.0, y + 17.0);
        }
        sheet.path(&[(x, y - 4.0), (x + 22.0, y - 4.0)], colour(*place), 2.5, dash(*place));
        sheet.words(x + 27.0, y, Anchor::Start, &same(*label), "");
        x += width;
    }
    y + 6.0
}

/// The extent of all points, intervals included.
fn extent(series: &[Series], of: impl Fn(&Point) -> [f64; 2]) -> Option<(f64, f64)> {
    let all = series.iter().flat_map(|one| &one.points).flat_map(of).filter(|x| x.is_finite());
    all.fold(None, |ends: Option<(f64, f64)>, x| {
        Some(ends.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
    })
}

/// A tick of a logarithmic axis.
fn power(x: f64) -> Both {
    let above = ["1", "10", "100", "1k", "10k", "100k", "1M", "10M"];
    let below = ["1", "10⁻¹", "10⁻²", "10⁻³", "10⁻⁴", "10⁻⁵", "10⁻⁶", "10⁻⁷", "10⁻⁸"];
    let words = if x < 0.0 { &below[..] } else { &above[..] };
    same(words.get(x.abs() as usize).copied().unwrap_or("…"))
}

/// The word at a tick below an axis, kept within the sheet.
fn tick_word(sheet: &mut Sheet, at: f64, y: f64, word: &Both) {
    let half = 3.3 * say::cells(&word.en).max(say::cells(&word.zh)) as f64;
    let at = at.clamp(half + 1.0, (WIDTH - half - 1.0).max(half + 1.0));
    sheet.words(at, y, Anchor::Middle, word, "font-size=\"11\" fill=\"#595959\"");
}

/// Lines with bands.
#[must_use]
pub fn lines(title: Both, series: &[Series], axes: &Axes) -> Option<Sheet> {
    let (first, last) = extent(series, |p| [p.0, p.0])?;
    let (low, high) = extent(series, |p| {
        let (low, high) = p.2.unwrap_or((p.1, p.1));
        [axes.kind.scaled(low), axes.kind.scaled(high)]
    })?;
    let low = if axes.from_zero { low.min(0.0) } else { low };
    let whole = |ends: Axis| if axes.logs { Axis { step: 1.0, ..ends } } else { ends };
    let y = if axes.logs {
        Axis { low: low.floor(), high: 0.0, step: 1.0 }
    } else {
        Axis::holding(low, high, 4.0)
    };
    let x = whole(if axes.logs {
        Axis { low: 0.0, high: last.ceil().max(1.0), step: 1.0 }
    } else {
        Axis { low: first.min(1.0), high: last.max(first + 1.0), step: day_step(last) }
    });
    let mut sheet = Sheet::new(title, WIDTH, 0.0);
    let (left, right, bottom) = (48.0, WIDTH - 10.0, TOP + PLOT);
    for tick in y.ticks() {
        let at = y.place(tick, bottom, TOP);
        sheet.line((left, at), (right, at), GRID, 1.0);
        let word = if axes.logs { power(tick) } else { y.word(tick) };
        sheet.words(left - 5.0, at + 4.0, Anchor::End, &word, "font-size=\"11\" fill=\"#595959\"");
    }
    let n = (x.high / x.step) as usize;
    for k in 0..=n.min(20) {
        let tick = if axes.logs { k as f64 } else { (k as f64 * x.step).max(x.low) };
        let at = x.place(tick, left, right);
        sheet.line((at, bottom), (at, bottom + 4.0), PALE, 1.0);
        let word = if axes.logs { power(tick) } else { same(say::tick(tick, 1.0).en) };
        tick_word(&mut sheet, at, bottom + 16.0, &word);
    }
    sheet.line((left, bottom), (right, bottom), INK, 1.0);
    sheet.words(right, bottom + 30.0, Anchor::End, &axes.x, "font-size=\"11\" fill=\"#595959\"");
    for one in series {
        let to = |px: f64, py: f64| {
            let (px, py) = (x.place(px, left, right), y.place(axes.kind.scaled(py), bottom, TOP));
            (px, py.clamp(TOP - 4.0, bottom + 4.0))
        };
        draw(&mut sheet, one, &to);
    }
    let names: Vec<(usize, &str)> = series
        .iter()
        .filter(|one| !one.label.is_empty())
        .map(|one| (one.place, one.label.as_str()))
        .collect();
    sheet.height = legend(&mut sheet, &names, bottom + 36.0);
    Some(sheet)
}

/// Days between ticks.
fn day_step(last: f64) -> f64 {
    let steps = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 90.0, 180.0, 365.0, 730.0, 3650.0];
    steps.into_iter().find(|step| last / step <= 7.0).unwrap_or(last)
}

fn draw(sheet: &mut Sheet, one: &Series, to: &dyn Fn(f64, f64) -> (f64, f64)) {
    let upper = one.points.iter().filter_map(|p| p.2.map(|ends| to(p.0, ends.1)));
    let lower = one.points.iter().rev().filter_map(|p| p.2.map(|ends| to(p.0, ends.0)));
    let band: Vec<_> = upper.chain(lower).collect();
    if band.len() > 3 {
        sheet.area(&band, colour(one.place), 0.18);
    }
    let line: Vec<_> = one.points.iter().map(|p| to(p.0, p.1)).collect();
    if one.dots {
        for (x, y) in line {
            sheet.dot(x, y, 1.6, colour(one.place));
        }
    } else {
        sheet.path(&line, colour(one.place), 2.0, dash(one.place));
    }
}

/// A row of a chart of intervals or bars.
#[derive(Clone, Debug)]
pub struct Row {
    /// The arm that gives the colour.
    pub place: usize,
    /// Its name.
    pub label: Both,
    /// Its value.
    pub value: f64,
    /// Its interval.
    pub ends: Option<(f64, f64)>,
    /// What is written at it.
    pub note: Both,
}

/// White around letters, where a line of the grid may pass below them.
const HALO: &str =
    "stroke=\"#ffffff\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"";

/// Name and note of a row, above its mark.
fn heads(sheet: &mut Sheet, row: &Row, y: f64) {
    sheet.words(4.0, y + 12.0, Anchor::Start, &row.label, HALO);
    let more = format!("font-size=\"11\" {HALO}");
    sheet.words(WIDTH - 4.0, y + 12.0, Anchor::End, &row.note, &more);
}

/// Differences with their intervals around a line at zero.
#[must_use]
pub fn forest(title: Both, rows: &[Row], kind: Kind) -> Sheet {
    let ends = rows.iter().flat_map(|row| {
        let (low, high) = row.ends.unwrap_or((row.value, row.value));
        [kind.scaled(low), kind.scaled(high)]
    });
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    let axis = Axis::holding(low, high, 4.0);
    let (left, right) = (14.0, WIDTH - 14.0);
    let mut sheet = Sheet::new(title, WIDTH, 0.0);
    let bottom = TOP + 34.0 * rows.len() as f64 + 2.0;
    let to = |x: f64| axis.place(x, left, right);
    for tick in axis.ticks() {
        sheet.line((to(tick), TOP - 4.0), (to(tick), bottom), GRID, 1.0);
        tick_word(&mut sheet, to(tick), bottom + 14.0, &axis.word(tick));
    }
    sheet.line((to(0.0), TOP - 4.0), (to(0.0), bottom), INK, 1.5);
    for (k, row) in rows.iter().enumerate() {
        let y = TOP + 34.0 * k as f64;
        heads(&mut sheet, row, y);
        let middle = y + 22.0;
        if let Some((low, high)) = row.ends {
            let (low, high) = (to(kind.scaled(low)), to(kind.scaled(high)));
            sheet.line((low, middle), (high, middle), colour(row.place), 3.0);
            for x in [low, high] {
                sheet.line((x, middle - 4.0), (x, middle + 4.0), colour(row.place), 1.5);
            }
        }
        sheet.dot(to(kind.scaled(row.value)), middle, 4.0, colour(row.place));
    }
    sheet.words(
        right,
        bottom + 30.0,
        Anchor::End,
        &kind.unit(),
        "font-size=\"11\" fill=\"#595959\"",
    );
    sheet.height = bottom + 36.0;
    sheet
}

/// Bars from zero; where values spread over powers of ten, bars of their logarithms.
#[must_use]
pub fn bars(title: Both, rows: &[Row], logs: bool) -> Sheet {
    let most = rows.iter().map(|row| row.ends.map_or(row.value, |e| e.1)).fold(0.0, f64::max);
    let size = |x: f64| if logs { crate::quantity::math::ln(x.max(1.0)) } else { x.max(0.0) };
    let (left, right) = (4.0, WIDTH - 8.0);
    let to = |x: f64| {
        let part = if most > 0.0 { size(x) / size(most).max(1e-12) } else { 0.0 };
        left + part * (right - left)
    };
    let mut sheet = Sheet::new(title, WIDTH, 0.0);
    for (k, row) in rows.iter().enumerate() {
        let y = TOP - 4.0 + 36.0 * k as f64;
        heads(&mut sheet, row, y);
        sheet.rect(left, y + 17.0, (right - left, 10.0), "#eeeeee");
        sheet.rect(left, y + 17.0, (to(row.value) - left, 10.0), colour(row.place));
        if let Some((low, high)) = row.ends {
            sheet.line((to(low), y + 22.0), (to(high), y + 22.0), INK, 1.5);
        }
    }
    sheet.height = TOP + 36.0 * rows.len() as f64;
    sheet
}

/// A step of a waterfall: what is added, or where one stands.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is.
    pub label: Both,
    /// What is added, or the sum.
    pub value: f64,
    /// Whether it is the sum of the steps before.
    pub is_sum: bool,
    /// What is written at it.
    pub note: Both,
}

/// Steps up and down to a sum.
#[must_use]
pub fn waterfall(title: Both, steps: &[Step]) -> Sheet {
    let mut level = 0.0;
    let mut bars = Vec::new();
    for step in steps {
        let from = if step.is_sum { 0.0 } else { level };
        let to = if step.is_sum { step.value } else { level + step.value };
        bars.push((from, to));
        level = to;
    }
    let ends = bars.iter().flat_map(|bar| [bar.0, bar.1]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    let axis = Axis { low, high: if high > low { high } else { low + 1.0 }, step: 1.0 };
    let to = |x: f64| axis.place(x, 6.0, WIDTH - 6.0);
    let mut sheet = Sheet::new(title, WIDTH, TOP + 34.0 * steps.len() as f64);
    sheet.line((to(0.0), TOP), (to(0.0), sheet.height), INK, 1.0);
    for (k, (step, bar)) in steps.iter().zip(&bars).enumerate() {
        let y = TOP - 2.0 + 34.0 * k as f64;
        let (a, b) = (to(bar.0.min(bar.1)), to(bar.0.max(bar.1)));
        let ink = match (step.is_sum, step.value >= 0.0) {
            (true, _) => "#444444",
            (false, true) => "#0072b2",
            (false, false) => "#d55e00",
        };
        sheet.rect(a, y + 16.0, ((b - a).max(1.0), 11.0), ink);
        if k + 1 < steps.len() {
            sheet.line((to(bar.1), y + 16.0), (to(bar.1), y + 50.0), "#999999", 1.0);
        }
    }
    for (k, step) in steps.iter().enumerate() {
        let y = TOP + 9.0 + 34.0 * k as f64;
        let weight = if step.is_sum { "font-weight=\"600\"" } else { "font-size=\"12\"" };
        let more = format!("{weight} {HALO}");
        sheet.words(4.0, y, Anchor::Start, &step.label, &more);
        sheet.words(WIDTH - 4.0, y, Anchor::End, &step.note, &more);
    }
    sheet
}

/// A heat map: rows of values between two ends, none where there is no value.
#[must_use]
pub fn heat(
    title: Both,
    rows: &[(Both, Vec<Option<f64>>)],
    (least, most): (f64, f64),
    x: &Both,
) -> Sheet {
    let columns = rows.iter().map(|row| row.1.len()).max().unwrap_or(0).max(1);
    let (left, top) = (66.0, TOP + 14.0);
    let width = ((WIDTH - left - 4.0) / columns as f64).min(56.0);
    let mut sheet = Sheet::new(title, WIDTH, top + 24.0 * rows.len() as f64 + 24.0);
    let every = (columns / 10).max(1);
    for k in (0..columns).step_by(every) {
        let middle = left + width * (k as f64 + 0.5);
        let word = same((k + 1).to_string());
        sheet.words(middle, top - 5.0, Anchor::Middle, &word, "font-size=\"11\" fill=\"#595959\"");
    }
    for (k, (label, values)) in rows.iter().enumerate() {
        let y = top + 24.0 * k as f64;
        sheet.words(left - 6.0, y + 16.0, Anchor::End, label, "font-size=\"11\"");
        for (j, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let part = ((value - least) / (most - least).max(1e-9)).clamp(0.0, 1.0);
            let x = left + width * j as f64;
            sheet.rect(x, y, (width - 1.0, 23.0), &shade(part));
            if width >= 26.0 {
                let ink = if part > 0.55 { "fill=\"#ffffff\"" } else { "fill=\"#222222\"" };
                let word = same(format!("{:.0}", value * 100.0));
                let more = format!("font-size=\"11\" {ink}");
                sheet.words(x + width / 2.0, y + 16.0, Anchor::Middle, &word, &more);
            }
        }
    }
    let below = top + 24.0 * rows.len() as f64 + 15.0;
    let more = "font-size=\"11\" fill=\"#595959\"";
    sheet.words(left, below, Anchor::Start, x, more);
    sheet
}

/// From white to dark blue: readable in grey, too.
fn shade(part: f64) -> String {
    let mix = |from: f64, to: f64| (from + (to - from) * part) as u8;
    format!("#{:02x}{:02x}{:02x}", mix(240.0, 8.0), mix(246.0, 64.0), mix(252.0, 110.0))
}

/// A tree that follows from its number of nodes and its depth: a star or a chain.
#[must_use]
pub fn tree(title: Both, size: u32, depth: u32, place: usize) -> Sheet {
    let mut sheet = Sheet::new(title, WIDTH, 0.0);
    let shown = size.min(40);
    let ink = colour(place);
    if depth == 1 {
        let per_row = 13;
        let leaves = shown - 1;
        let rows = leaves.div_ceil(per_row);
        let root = (WIDTH / 2.0, TOP + 14.0);
        for k in 0..leaves {
            let in_row = per_row.min(leaves - k / per_row * per_row);
            let x = WIDTH / 2.0 + 25.0 * (f64::from(k % per_row) - f64::from(in_row - 1) / 2.0);
            let y = TOP + 60.0 + 22.0 * f64::from(k / per_row);
            sheet.line(root, (x, y), "#999999", 1.0);
            sheet.dot(x, y, 5.0, ink);
        }
        sheet.dot(root.0, root.1, 8.0, INK);
        sheet.height = TOP + 60.0 + 22.0 * f64::from(rows) + 4.0;
        return sheet;
    }
    let gap = (WIDTH - 40.0) / f64::from(shown.max(2) - 1).max(1.0);
    for k in 0..shown {
        let x = 20.0 + gap.min(60.0) * f64::from(k);
        if k > 0 {
            sheet.line((x - gap.min(60.0), TOP + 20.0), (x, TOP + 20.0), "#999999", 1.5);
        }
    }
    for k in 0..shown {
        let x = 20.0 + gap.min(60.0) * f64::from(k);
        let (radius, ink) = if k == 0 { (8.0, INK) } else { (5.0, ink) };
        sheet.dot(x, TOP + 20.0, radius, ink);
    }
    sheet.height = TOP + 44.0;
    sheet
}
