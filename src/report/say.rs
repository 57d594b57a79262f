//! Texts in both languages, and numbers as people read them.
//!
//! Names come from whoever wrote the scenario: they are shown as text, shortened, without
//! characters that steer, and set apart where they run from right to left.

use crate::output::comparison::MetricName;
use crate::output::text::grouped;
use unicode_width::UnicodeWidthChar;

/// A text in English and Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Both {
    /// Whether both languages say it with the same characters.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.en == self.zh
    }

    /// The text in a language.
    #[must_use]
    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }

    /// This text, then another.
    #[must_use]
    pub fn then(&self, other: &Self) -> Self {
        both(format!("{}{}", self.en, other.en), format!("{}{}", self.zh, other.zh))
    }
}

/// A language of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Lang {
    /// The short code, as in the page's switch.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// A text said in each language.
#[must_use]
pub fn both(en: impl Into<String>, zh: impl Into<String>) -> Both {
    Both { en: en.into(), zh: zh.into() }
}

/// A text that is the same in each language.
#[must_use]
pub fn same(text: impl Into<String>) -> Both {
    let text = text.into();
    Both { zh: text.clone(), en: text }
}

/// Text as it may stand in HTML and SVG, in contents and in quoted attributes.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Whether a character steers what stands around it instead of being read itself.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{061c}')
}

/// Whether a character is written from right to left.
fn runs_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A name as it is shown: at most `width` cells wide, nothing in it steers, and text from
/// right to left does not reach its surroundings.
#[must_use]
pub fn name(text: &str, width: usize) -> String {
    let cells = |c: char| c.width().unwrap_or(1);
    let whole: usize = text.chars().map(|c| cells(shown(c))).sum();
    let room = if whole > width { width.saturating_sub(1) } else { width };
    let (mut short, mut used) = (String::new(), 0);
    for c in text.chars().map(shown) {
        used += cells(c);
        if used > room {
            short.push('…');
            break;
        }
        short.push(c);
    }
    if short.chars().any(runs_left) { format!("\u{2068}{short}\u{2069}") } else { short }
}

/// A name of at most `width` cells that keeps both its ends: names are often told apart by
/// the last.
#[must_use]
pub fn ends(text: &str, width: usize) -> String {
    let whole: String = text.chars().map(shown).collect();
    if cells(&whole) <= width || whole.chars().any(runs_left) {
        return name(text, width);
    }
    let room = width.saturating_sub(1);
    let fits = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut used = 0;
        let within = |c: &char| {
            used += c.width().unwrap_or(1);
            used <= room
        };
        chars.take_while(within).collect::<Vec<char>>()
    };
    let head = fits(&mut whole.chars(), room - room / 2);
    let tail = fits(&mut whole.chars().rev(), room / 2);
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// A character as it is shown.
fn shown(c: char) -> char {
    if steers(c) { '\u{fffd}' } else { c }
}

/// Width of a text in cells of the screen: a Chinese character takes two.
#[must_use]
pub fn cells(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// What a number measures, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Fen, shown in yuan.
    Money,
    /// A fraction of 1, shown in percent.
    Percent,
    /// A difference of two percentages.
    Points,
    /// A number of things.
    Count,
    /// Days.
    Days,
    /// Anything else.
    Plain,
}

impl Kind {
    /// The kind of a metric.
    #[must_use]
    pub fn of(metric: &MetricName) -> Self {
        Self::named(&metric.name, &metric.unit)
    }

    /// The kind by name and unit.
    #[must_use]
    pub fn named(name: &str, unit: &str) -> Self {
        match unit {
            "fen" => Self::Money,
            "1" if name.ends_with("_share") => Self::Percent,
            "days" | "day" => Self::Days,
            "orders/day" | "1" => Self::Plain,
            _ => Self::Count,
        }
    }

    /// The kind of a difference of two such numbers.
    #[must_use]
    pub fn difference(self) -> Self {
        if self == Self::Percent { Self::Points } else { self }
    }

    /// The number by which it is shown: yuan, percent.
    #[must_use]
    pub fn scaled(self, x: f64) -> f64 {
        match self {
            Self::Money => x / 100.0,
            Self::Percent | Self::Points => x * 100.0,
            _ => x,
        }
    }

    /// The unit's name, where the kind has one.
    #[must_use]
    pub fn unit(self) -> Both {
        match self {
            Self::Money => both("yuan", "元"),
            Self::Percent => same("%"),
            Self::Points => both("percentage points", "个百分点"),
            Self::Days => both("days", "天"),
            Self::Count | Self::Plain => same(""),
        }
    }

    /// A number without its unit, for tables.
    #[must_use]
    pub fn cell(self, x: f64) -> String {
        let shown = self.scaled(x);
        grouped(shown, self.places(shown))
    }

    fn places(self, shown: f64) -> usize {
        let size = shown.abs();
        match self {
            Self::Money if size >= 1000.0 => 0,
            Self::Money => 2,
            Self::Percent | Self::Points if size < 1.0 => 2,
            Self::Percent | Self::Points => 1,
            Self::Count if size >= 100.0 => 0,
            Self::Count | Self::Days if size >= 1.0 => 1,
            Self::Count | Self::Days => 2,
            Self::Plain if size < 0.1 => 4,
            Self::Plain => 3,
        }
    }

    /// Decimals for a number known to ± `half`: two digits of the half-width.
    fn known(self, shown: f64, half: f64) -> usize {
        let half = self.scaled(half).abs();
        if half <= 0.0 {
            return self.places(shown);
        }
        (0..6).find(|places| half * [1.0, 10.0, 100.0, 1e3, 1e4, 1e5][*places] >= 9.5).unwrap_or(5)
    }

    /// `mean ± half` with as many decimals as the half-width bears; without a unit.
    #[must_use]
    pub fn give_or_take(self, mean: f64, half: Option<f64>) -> String {
        let Some(half) = half else { return self.cell(mean) };
        let places = self.known(self.scaled(mean), half);
        let places = if self == Self::Money { places.min(2) } else { places };
        format!("{} ± {}", grouped(self.scaled(mean), places), grouped(self.scaled(half), places))
    }

    /// A number with its unit, for sentences.
    #[must_use]
    pub fn words(self, x: f64) -> Both {
        self.worded(&[x], x, ["", ""])
    }

    /// From … to …, with the unit in which `beside` is told.
    #[must_use]
    pub fn range(self, (low, high): (f64, f64), beside: f64) -> Both {
        self.worded(&[low, high], beside, [" to ", " 至 "])
    }

    fn worded(self, all: &[f64], beside: f64, [en, zh]: [&str; 2]) -> Both {
        let shown: Vec<f64> = all.iter().map(|&x| self.scaled(x)).collect();
        let size = self.scaled(beside).abs();
        let join = |by: f64, places: usize, with: &str| {
            let parts: Vec<String> = shown.iter().map(|x| grouped(x / by, places)).collect();
            parts.join(with)
        };
        let (places, unit) = (self.places(size), self.unit());
        if self != Self::Money {
            // A percent sign stays with its number; Chinese has no space before it.
            let (tail, tail_zh) = match unit.en.as_str() {
                "" => (String::new(), String::new()),
                "%" => ("\u{a0}%".to_owned(), "%".to_owned()),
                _ => (format!(" {}", unit.en), format!(" {}", unit.zh)),
            };
            return both(join(1.0, places, en) + &tail, join(1.0, places, zh) + &tail_zh);
        }
        let english = match size {
            x if x >= 1e9 => join(1e9, 2, en) + " billion yuan",
            x if x >= 1e6 => join(1e6, 2, en) + " million yuan",
            _ => join(1.0, places, en) + " yuan",
        };
        let chinese = match size {
            x if x >= 1e8 => join(1e8, 2, zh) + " 亿元",
            x if x >= 1e4 => join(1e4, 1, zh) + " 万元",
            _ => join(1.0, places, zh) + " 元",
        };
        both(english, chinese)
    }
}

/// A number on an axis whose ticks are `step` apart: 1.5M, 150万.
#[must_use]
pub fn tick(x: f64, step: f64) -> Both {
    let short = |scales: [(f64, &str); 2]| {
        let reach = x.abs().max(step);
        let found = scales.into_iter().find(|scale| reach >= scale.0 && step >= scale.0 / 100.0);
        let (by, word) = found.unwrap_or((1.0, ""));
        let part = step / by;
        let whole = |places: &usize| {
            let shifted = part * [1.0, 10.0, 100.0, 1e3, 1e4, 1e5][*places];
            (shifted - shifted.round()).abs() < 1e-6 * shifted
        };
        let places = (0..6).find(whole).unwrap_or(6);
        let text = grouped(x / by, places);
        match (x == 0.0, word) {
            (true, _) => "0".to_owned(),
            (_, "") => text,
            // 750, 1k, 1.25k: what is shortened needs no zeros.
            _ if text.contains('.') => {
                text.trim_end_matches('0').trim_end_matches('.').to_owned() + word
            }
            _ => text + word,
        }
    };
    both(short([(1e6, "M"), (1e3, "k")]), short([(1e8, "亿"), (1e4, "万")]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_steer_nothing() {
        assert_eq!(name("viral", 20), "viral");
        assert_eq!(name("a\u{202e}b\nc", 20), "a\u{fffd}b\u{fffd}c");
        assert_eq!(cells(&name(&"团".repeat(5000), 20)), 19);
        assert_eq!(name("שלום", 20), "\u{2068}שלום\u{2069}");
        assert_eq!(ends("shelf_with_coupons_in_may", 13), "shelf_…in_may");
        assert_eq!(cells(&ends(&"团".repeat(50), 13)), 13);
        assert_eq!(ends("a\u{202e}b", 13), "a\u{fffd}b");
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn numbers_are_said_as_people_read_them() {
        assert_eq!(Kind::Money.words(1_268_233_800.0).en, "12.68 million yuan");
        assert_eq!(Kind::Money.words(1_268_233_800.0).zh, "1,268.2 万元");
        assert_eq!(Kind::Percent.range((0.1, 0.2), 0.15).en, "10.0 to 20.0\u{a0}%");
        assert_eq!(Kind::Money.range((-1e6, 3e6), 7e5).zh, "-10,000 至 30,000 元");
        assert_eq!(Kind::Count.words(54_350.0), same("54,350"));
        assert_eq!(Kind::Money.cell(1310.0), "13.10");
        assert_eq!(Kind::Percent.give_or_take(0.84792, Some(0.003)), "84.79 ± 0.30");
        assert_eq!(Kind::Count.give_or_take(11_568.2, Some(202.4)), "11,568 ± 202");
        assert_eq!(Kind::Days.give_or_take(0.0017, Some(0.0018)), "0.0017 ± 0.0018");
        assert_eq!(Kind::Plain.give_or_take(0.0, Some(0.0)), "0.0000 ± 0.0000");
    }

    #[test]
    fn ticks_are_short_and_exact() {
        assert_eq!(tick(1_500_000.0, 500_000.0), both("1.5M", "150万"));
        assert_eq!(tick(20_000.0, 10_000.0), both("20k", "2万"));
        assert_eq!([250.0, 1000.0, 1250.0].map(|x| tick(x, 250.0).en), ["250", "1k", "1.25k"]);
        assert_eq!(tick(-2000.0, 500.0).en, "-2k");
        assert_eq!(tick(0.25, 0.05), same("0.25"));
        assert_eq!(tick(2.5, 2.5), same("2.5"));
        assert_eq!(tick(-0.75, 0.25), same("-0.75"));
        assert_eq!(tick(0.0, 50.0), same("0"));
        assert_eq!(tick(50.0, 50.0), same("50"));
    }
}
