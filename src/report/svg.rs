//! Drawing in SVG: a sheet with marks, axes and words in both languages.
//!
//! Everything is written as attributes of the marks, so that a picture looks the same in the
//! page, in a file and in print. Colours are those of Okabe and Ito (2008), which people with
//! colour-blindness tell apart; lines differ by dashes, too.

use crate::quantity::math;
use crate::report::say::{self, Both, Lang, escaped, tick};
use std::fmt::Write as _;

/// Colours of arms, in their order.
pub const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a06a00", "#56b4e9", "#000000", "#7f7f7f"];

/// Dashes of lines, in the same order.
const DASHES: [&str; 8] = ["", "7 3", "2 2.5", "8 3 2 3", "12 3", "4 2", "1 3", "10 2 2 2 2 2"];

/// A place whose colour is ink: what belongs to no arm, or is laid over one.
pub const BLACK: usize = usize::MAX;

/// Ink of words and axes.
pub const INK: &str = "#222222";
/// Ink of what is less important.
pub const PALE: &str = "#595959";
/// Ink of the grid.
pub const GRID: &str = "#dddddd";

/// The colour of the arm at a place.
#[must_use]
pub fn colour(place: usize) -> &'static str {
    if place == BLACK { INK } else { COLOURS[place % COLOURS.len()] }
}

/// The dashes of the arm at a place.
#[must_use]
pub fn dash(place: usize) -> &'static str {
    if place == BLACK { "" } else { DASHES[place % DASHES.len()] }
}

/// Where a text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At its start.
    Start,
    /// At its middle.
    Middle,
    /// At its end.
    End,
}

/// A drawing of some width and height.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it shows, also for those who cannot see it.
    pub title: Both,
    /// Width in units of the drawing.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// The marks.
    pub body: String,
}

/// A coordinate with one decimal at most.
#[must_use]
pub fn at(x: f64) -> String {
    let text = format!("{:.1}", x + 0.0);
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

impl Sheet {
    /// An empty sheet with its title on top, broken into lines where it is long.
    #[must_use]
    pub fn new(title: Both, width: f64, height: f64) -> Self {
        let mut sheet = Self { title: title.clone(), width, height, body: String::new() };
        sheet.words(2.0, 14.0, Anchor::Start, &title, "font-weight=\"600\"");
        sheet
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: &str, width: f64) {
        let _ = write!(
            self.body,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{ink}\" stroke-width=\"{width}\"/>",
            at(from.0),
            at(from.1),
            at(to.0),
            at(to.1),
        );
    }

    /// A line through points.
    pub fn path(&mut self, points: &[(f64, f64)], ink: &str, width: f64, dash: &str) {
        let dashes =
            if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = write!(
            self.body,
            "<path d=\"{}\" fill=\"none\" stroke=\"{ink}\" stroke-width=\"{width}\" \
             stroke-linejoin=\"round\"{dashes}/>",
            trace(points),
        );
    }

    /// A shape without an outline.
    pub fn area(&mut self, points: &[(f64, f64)], ink: &str, opacity: f64) {
        let _ = write!(
            self.body,
            "<path d=\"{}Z\" fill=\"{ink}\" fill-opacity=\"{opacity}\"/>",
            trace(points),
        );
    }

    /// A box.
    pub fn rect(&mut self, x: f64, y: f64, (width, height): (f64, f64), ink: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{ink}\"/>",
            at(x),
            at(y),
            at(width.max(0.0)),
            at(height.max(0.0)),
        );
    }

    /// An invisible box whose text is shown to whoever points at it.
    pub fn slice(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), text: &str) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"0\"><title>{}</title></rect>",
            at(x),
            at(y),
            at(width),
            at(height),
            escaped(text),
        );
    }

    /// A disc.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, ink: &str) {
        let _ = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{ink}\"/>",
            at(x),
            at(y),
        );
    }

    /// Words; `more` are further attributes.
    pub fn words(&mut self, x: f64, y: f64, anchor: Anchor, words: &Both, more: &str) {
        if words.is_same() {
            return self.word(x, y, anchor, &words.en, more);
        }
        self.word(x, y, anchor, &words.en, &format!("class=\"en\" lang=\"en\" {more}"));
        self.word(x, y, anchor, &words.zh, &format!("class=\"zh\" lang=\"zh-CN\" {more}"));
    }

    fn word(&mut self, x: f64, y: f64, anchor: Anchor, text: &str, more: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let ink = if more.contains("fill=") { "" } else { " fill=\"#222222\"" };
        let gap = if more.is_empty() { "" } else { " " };
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\"{anchor}{ink}{gap}{more}>{}</text>",
            at(x),
            at(y),
            escaped(text),
        );
    }

    /// As an element within the page: the words of both languages are there.
    #[must_use]
    pub fn inline(&self, lang: Lang) -> String {
        format!(
            "<svg class=\"panel\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" \
             width=\"{0}\" height=\"{1}\" role=\"img\" font-family=\"{FONTS}\" font-size=\"12\" \
             aria-label=\"{2}\" data-en=\"{3}\" data-zh=\"{4}\">{5}</svg>",
            at(self.width),
            at(self.height),
            escaped(self.title.of(lang)),
            escaped(&self.title.en),
            escaped(&self.title.zh),
            self.body,
        )
    }
}

const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang SC', \
                     'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

fn trace(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    for (k, point) in points.iter().enumerate() {
        let letter = if k == 0 { 'M' } else { 'L' };
        let _ = write!(d, "{letter}{} {}", at(point.0), at(point.1));
    }
    d
}

/// Several sheets as one file in one language, two beside each other, below a heading and what
/// is to be known of them.
#[must_use]
pub fn file([heading, about]: [&Both; 2], sheets: &[Sheet], lang: Lang) -> String {
    let columns = if sheets.len() > 1 { 2 } else { 1 };
    let width = sheets.iter().map(|sheet| sheet.width).fold(0.0, f64::max);
    let whole = width * columns as f64 + 16.0 * (columns as f64 + 1.0);
    let (mut inner, mut y) = (String::new(), 24.0);
    let looks = [
        (heading, 9.0, 19.0, format!("font-size=\"15\" font-weight=\"600\" fill=\"{INK}\"")),
        (about, 6.6, 15.0, format!("font-size=\"11\" fill=\"{PALE}\"")),
    ];
    for (text, cell, step, look) in looks {
        for line in wrapped(text.of(lang), ((whole - 32.0) / cell) as usize) {
            let line = escaped(&line);
            let _ = write!(inner, "<text x=\"16\" y=\"{}\" {look}>{line}</text>", at(y));
            y += step;
        }
    }
    for row in sheets.chunks(columns) {
        for (k, sheet) in row.iter().enumerate() {
            let x = 16.0 + (width + 16.0) * k as f64;
            let body = one_language(&sheet.body, lang);
            let _ = write!(inner, "<g transform=\"translate({} {})\">{body}</g>", at(x), at(y));
        }
        y += row.iter().map(|sheet| sheet.height).fold(0.0, f64::max) + 16.0;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" \
         font-family=\"{FONTS}\" font-size=\"12\" lang=\"{2}\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>{inner}</svg>\n",
        at(whole),
        at(y),
        if lang == Lang::En { "en" } else { "zh-CN" },
    )
}

/// The marks without the words of the other language.
fn one_language(body: &str, lang: Lang) -> String {
    let other = match lang {
        Lang::En => "class=\"zh\"",
        Lang::Zh => "class=\"en\"",
    };
    let pieces = body.split_inclusive("</text>");
    let mut kept = String::with_capacity(body.len());
    for piece in pieces {
        let begin = piece.rfind("<text ").unwrap_or(piece.len());
        let foreign = piece[begin..].contains(other);
        kept.push_str(if foreign { &piece[..begin] } else { piece });
    }
    kept
}

/// What never begins a line.
const CLOSING: &str = "，。；：、！？）」”";

/// A text in lines of at most so many cells, broken at spaces, and between Chinese characters.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut words: Vec<String> = vec![String::new()];
    let mut behind_wide = false;
    for c in text.chars() {
        let wide = say::cells(&c.to_string()) > 1;
        if (wide || behind_wide || c == ' ') && !CLOSING.contains(c) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
        behind_wide = wide;
    }
    for word in words {
        let line = lines.last().map_or(0, |line| say::cells(line));
        if line > 0 && line + say::cells(&word) > width {
            lines.push(word.trim_start().to_owned());
        } else if let Some(line) = lines.last_mut() {
            line.push_str(&word);
        }
    }
    lines
}

/// An axis from `low` to `high` in steps that are easily read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Distance of its ticks.
    pub step: f64,
}

impl Axis {
    /// An axis that holds values, with about `n` ticks.
    #[must_use]
    pub fn holding(low: f64, high: f64, n: f64) -> Self {
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let raw = span / n;
        let size = math::pow(10.0, (math::ln(raw) / math::ln(10.0)).floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|k| k * size);
        let step = step.into_iter().find(|step| *step >= raw * 0.999).unwrap_or(raw);
        let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        Self { low, high: if high > low { high } else { low + step }, step }
    }

    /// The ticks.
    #[must_use]
    pub fn ticks(&self) -> Vec<f64> {
        let n = ((self.high - self.low) / self.step + 0.5) as usize;
        (0..=n.min(50)).map(|k| self.low + k as f64 * self.step).map(|x| self.zero(x)).collect()
    }

    fn zero(&self, x: f64) -> f64 {
        if x.abs() < self.step * 1e-6 { 0.0 } else { x }
    }

    /// Where a value lies between two ends.
    #[must_use]
    pub fn place(&self, x: f64, from: f64, to: f64) -> f64 {
        from + (x - self.low) / (self.high - self.low) * (to - from)
    }

    /// The word at a tick.
    #[must_use]
    pub fn word(&self, x: f64) -> Both {
        tick(x, self.step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::say::{both, same};

    #[test]
    fn axes_hold_their_values_in_round_steps() {
        let axis = Axis::holding(0.0, 12_682.0, 4.0);
        assert_eq!((axis.low, axis.high, axis.step), (0.0, 15_000.0, 5_000.0));
        let axis = Axis::holding(-0.03, 0.52, 4.0);
        assert!(axis.low <= -0.03 && axis.high >= 0.52, "{axis:?}");
        assert!(axis.ticks().contains(&0.0));
        assert!(Axis::holding(3.0, 3.0, 4.0).high > 3.0);
    }

    #[test]
    fn a_file_has_the_words_of_one_language() {
        let mut sheet = Sheet::new(both("Orders", "订单"), 100.0, 50.0);
        sheet.words(1.0, 2.0, Anchor::Start, &same("<viral>"), "");
        sheet.words(1.0, 2.0, Anchor::End, &both("days", "天"), "");
        let (english, chinese) = (
            file([&both("A", "甲"), &both("n = 5", "五次")], &[sheet.clone()], Lang::En),
            file([&same("A"), &both("n = 5", "五次")], &[sheet], Lang::Zh),
        );
        assert!(english.contains(">days<") && english.contains("&lt;viral&gt;"));
        assert!(english.contains(">n = 5<") && chinese.contains(">五次<"));
        assert!(!english.contains('天') && !english.contains('单'), "{english}");
        assert!(chinese.contains('天') && !chinese.contains("days"), "{chinese}");
    }

    #[test]
    fn long_headings_are_broken() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("拼团更好", 4), ["拼团", "更好"]);
        assert_eq!(wrapped("拼团更，好", 6), ["拼团", "更，好"]);
    }
}
