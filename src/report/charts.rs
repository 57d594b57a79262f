//! The kinds of charts: lines with bands, intervals, bars, heat maps, steps.

use crate::report::say::{self, Both, Kind, both, same};
use crate::report::svg::{Anchor, Axis, BLACK, GRID, INK, PALE, Sheet, colour, dash};

/// Width of a panel.
pub const WIDTH: f64 = 360.0;
/// Height of the plot of a panel.
const PLOT: f64 = 170.0;
/// Height of the title above the plot.
const TOP: f64 = 30.0;

/// Most places of a line chart whose values can be read by pointing.
const SLICES: usize = 30;

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
    /// Whether x is any number, and not a day or a month.
    pub free: bool,
}

impl Axes {
    /// Days, and a kind of number from zero.
    #[must_use]
    pub fn by_day(kind: Kind) -> Self {
        Self { x: both("day", "日"), kind, from_zero: true, logs: false, free: false }
    }

    /// The axis of x from the first to the last value.
    fn across(&self, first: f64, last: f64) -> Axis {
        if self.logs {
            return Axis { low: 0.0, high: last.ceil().max(1.0), step: 1.0 };
        }
        if self.free {
            return Axis::holding(first, last, 4.0);
        }
        Axis { low: first.min(1.0), high: last.max(first + 1.0), step: day_step(last) }
    }

    /// The ticks of x with their words.
    fn ticks(&self, x: &Axis) -> Vec<(f64, Both)> {
        if self.free {
            return x.ticks().into_iter().map(|tick| (tick, x.word(tick))).collect();
        }
        let n = (x.high / x.step) as usize;
        let tick = |k: usize| {
            let tick = if self.logs { k as f64 } else { (k as f64 * x.step).max(x.low) };
            (tick, if self.logs { power(tick) } else { same(say::tick(tick, 1.0).en) })
        };
        let mut ticks: Vec<(f64, Both)> = (0..=n.min(20)).map(tick).collect();
        // Days are counted from 1: the tick at 0 stands there, too.
        ticks.dedup_by(|one, before| one.0 == before.0);
        ticks
    }
}

/// Names of the series in rows below a plot; gives the height that they take.
fn legend(sheet: &mut Sheet, all: &[(usize, &str)], top: f64) -> f64 {
    if all.is_empty() {
        return top;
    }
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
    // An interval may reach below zero where no value does.
    let all_points = || series.iter().flat_map(|one| &one.points);
    let nothing_below = all_points().all(|p| p.1 >= 0.0);
    let low = match (axes.from_zero, nothing_below) {
        (true, true) => 0.0,
        (true, false) => low.min(0.0),
        (false, _) => low,
    };
    // No share is above all, though its interval may be.
    let is_share = axes.kind == Kind::Percent && all_points().all(|p| p.1 <= 1.0);
    let high = if is_share { high.min(100.0) } else { high };
    let y = if axes.logs {
        Axis { low: low.floor(), high: 0.0, step: 1.0 }
    } else {
        Axis::holding(low, high, 4.0)
    };
    let x = axes.across(first, last);
    let mut sheet = Sheet::new(title, WIDTH, 0.0);
    let (left, right, bottom) = (48.0, WIDTH - 10.0, TOP + PLOT);
    for tick in y.ticks() {
        let at = y.place(tick, bottom, TOP);
        sheet.line((left, at), (right, at), GRID, 1.0);
        let word = if axes.logs { power(tick) } else { y.word(tick) };
        sheet.words(left - 5.0, at + 4.0, Anchor::End, &word, "font-size=\"11\" fill=\"#595959\"");
    }
    for (tick, word) in axes.ticks(&x) {
        let at = x.place(tick, left, right);
        sheet.line((at, bottom), (at, bottom + 4.0), PALE, 1.0);
        tick_word(&mut sheet, at, bottom + 16.0, &word);
    }
    sheet.line((left, bottom), (right, bottom), INK, 1.0);
    sheet.words(right, bottom + 30.0, Anchor::End, &axes.x, "font-size=\"11\" fill=\"#595959\"");
    for one in series {
        let to = |px: f64, py: f64| {
            let (px, py) = (x.place(px, left, right), y.place(axes.kind.scaled(py), bottom, TOP));
            (px, py.clamp(TOP - 4.0, bottom))
        };
        draw(&mut sheet, one, &to);
    }
    if !axes.logs {
        read_outs(&mut sheet, series, axes, &|at| x.place(at, left, right));
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

/// Invisible upright slices that tell all values at their place to whoever points at them.
fn read_outs(sheet: &mut Sheet, series: &[Series], axes: &Axes, to: &dyn Fn(f64) -> f64) {
    let named = || series.iter().filter(|one| !one.label.is_empty() || series.len() == 1);
    let Some(longest) = named().max_by_key(|one| one.points.len()) else { return };
    let step = longest.points.len().div_ceil(SLICES).max(1);
    let shown: Vec<f64> = longest.points.iter().step_by(step).map(|p| p.0).collect();
    let ends = |k: usize| {
        let middle = |a: usize, b: usize| (to(shown[a]) + to(shown[b])) / 2.0;
        let from = if k == 0 { to(shown[0]) } else { middle(k - 1, k) };
        let until = if k + 1 < shown.len() { middle(k, k + 1) } else { to(shown[k]) };
        (from, (until - from).max(4.0))
    };
    for (k, at) in shown.iter().enumerate() {
        let value = |one: &Series| {
            let point = one.points.iter().find(|p| p.0 == *at)?;
            Some(format!("{} {}", one.label, axes.kind.cell(point.1)).trim().to_owned())
        };
        let values: Vec<String> = named().filter_map(value).collect();
        let (from, width) = ends(k);
        sheet.slice(
            (from, TOP),
            (width, PLOT),
            &format!("{}: {at}\n{}", axes.x.en, values.join("\n")),
        );
    }
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
            sheet.dot(x, y, 3.0, colour(one.place));
        }
    } else {
        let width = if one.place == BLACK { 1.2 } else { 2.0 };
        sheet.path(&line, colour(one.place), width, dash(one.place));
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

/// Ground of a mark.
const BAND: &str = "#eef2f5";

/// Name and note of a row, above its mark.
fn heads(sheet: &mut Sheet, row: &Row, y: f64) {
    sheet.words(4.0, y + 12.0, Anchor::Start, &row.label, "");
    sheet.words(WIDTH - 4.0, y + 12.0, Anchor::End, &row.note, "font-size=\"11\"");
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
        tick_word(&mut sheet, to(tick), bottom + 14.0, &axis.word(tick));
    }
    for (k, row) in rows.iter().enumerate() {
        let y = TOP + 34.0 * k as f64;
        heads(&mut sheet, row, y);
        let middle = y + 23.0;
        // Lines stay below the words.
        sheet.rect(left - 10.0, middle - 7.0, (right - left + 20.0, 14.0), BAND);
        for tick in axis.ticks() {
            sheet.line((to(tick), middle - 7.0), (to(tick), middle + 7.0), "#ffffff", 1.5);
        }
        sheet.line((to(0.0), middle - 7.0), (to(0.0), middle + 7.0), INK, 1.5);
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
        sheet.rect(left, y + 17.0, (right - left, 10.0), BAND);
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
    for (k, (step, bar)) in steps.iter().zip(&bars).enumerate() {
        let y = TOP - 2.0 + 34.0 * k as f64;
        let weight = if step.is_sum { "font-weight=\"600\"" } else { "font-size=\"12\"" };
        sheet.words(4.0, y + 11.0, Anchor::Start, &step.label, weight);
        sheet.words(WIDTH - 4.0, y + 11.0, Anchor::End, &step.note, weight);
        let (a, b) = (to(bar.0.min(bar.1)), to(bar.0.max(bar.1)));
        let ink = match (step.is_sum, step.value >= 0.0) {
            (true, _) => "#444444",
            (false, true) => "#0072b2",
            (false, false) => "#d55e00",
        };
        sheet.rect(4.0, y + 16.0, (WIDTH - 8.0, 13.0), BAND);
        sheet.rect(a, y + 17.0, ((b - a).max(1.0), 11.0), ink);
        // Where the step before ended, and zero.
        sheet.line((to(bar.0), y + 16.0), (to(bar.0), y + 29.0), "#777777", 1.0);
        sheet.line((to(0.0), y + 15.0), (to(0.0), y + 30.0), INK, 1.5);
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
                // The ink with more contrast.
                let ink = if part > 0.63 { "fill=\"#ffffff\"" } else { "fill=\"#222222\"" };
                let word = same(format!("{:.0}", value * 100.0));
                let more = format!("font-size=\"11\" {ink}");
                sheet.words(x + width / 2.0, y + 16.0, Anchor::Middle, &word, &more);
            } else {
                let text = format!("{} · {}: {:.0} %", label.en, j + 1, value * 100.0);
                sheet.slice((x, y), (width, 23.0), &text);
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
