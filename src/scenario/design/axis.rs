//! One axis of a design: `KEY=LOW..HIGH[:LEVELS][:log]`, or `KEY=A,B,C`.

use crate::mechanisms;
use crate::parameter::{Kind, Parameter};
use crate::quantity::math::{exp, ln};
use crate::scenario::sections::{Head, section};

/// A parameter that varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Its dotted name, as `--set` takes it.
    pub key: String,
    /// Its values.
    pub over: Over,
    /// Whether it counts something.
    pub whole: bool,
    /// The argument as it was given.
    pub text: String,
}

/// The values of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// A range of numbers.
    Range {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
        /// How many levels a grid has, where it is said.
        levels: Option<u32>,
        /// Whether levels are equally far apart in logarithms.
        log: bool,
    },
    /// Words or numbers, as they were written.
    Words(Vec<String>),
}

/// Most whole numbers that a grid takes from a range unasked.
const MOST_UNASKED: f64 = 100.0;

/// The declaration of a dotted name, wherever in a scenario it stands.
#[must_use]
pub fn declared(key: &str) -> Option<&'static Parameter> {
    let parts: Vec<&str> = key.split('.').map(str::trim).collect();
    let (name, path) = parts.split_last()?;
    let table = path.last().copied().unwrap_or_default();
    let list = match path {
        [] => Head::DECLARED,
        [one] if section(one).is_some() => section(one)?.parameters,
        _ => mechanisms::by_name(table)?.parameters,
    };
    list.iter().find(|parameter| parameter.name == *name)
}

impl Axis {
    /// Reads an argument of `--vary`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = format!("--vary {text}");
        let Some((key, values)) = text.split_once('=') else {
            return Err(format!(
                "`{shown}` has no equals sign; write --vary arm.viral.group_buy.size=2..5:4"
            ));
        };
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() || values.is_empty() {
            let what = if key.is_empty() { "key" } else { "values" };
            return Err(format!("`{shown}` has no {what}"));
        }
        let whole = declared(key).is_some_and(|parameter| parameter.kind == Kind::Integer);
        let over = match values.contains("..") && !values.contains(['"', '\'']) {
            true => range(values).map_err(|why| format!("`{shown}`: {why}"))?,
            false => Over::Words(words(values).map_err(|why| format!("`{shown}`: {why}"))?),
        };
        Ok(Self { key: key.to_owned(), over, whole, text: text.to_owned() })
    }

    /// What keeps the axis from a sampled design or from a grid.
    pub(super) fn mistake(&self, sampled: bool) -> Option<String> {
        let Over::Range { low, high, levels, .. } = self.over else { return None };
        if sampled {
            let text = &self.text;
            return levels.map(|_| {
                format!(
                    "`--vary {text}` gives levels, which only a grid has; --points says how many"
                )
            });
        }
        let unasked = self.whole && high - low < MOST_UNASKED && low.fract() == 0.0;
        match levels {
            None if !unasked => Some(format!("a grid needs levels: write --vary {}:5", self.text)),
            Some(n) if self.whole => self.broken(n),
            _ => None,
        }
    }

    /// Levels of what is counted that are not whole: told once, and not a point each.
    fn broken(&self, n: u32) -> Option<String> {
        let Over::Range { low, high, .. } = self.over else { return None };
        let broken = self.levels().iter().filter(|level| level.contains('.')).count();
        let is_own = low.fract() != 0.0 || high.fract() != 0.0;
        if broken == 0 || is_own {
            // Ends that are not whole are told as mistakes of the scenario.
            return None;
        }
        let span = (high - low) as u32;
        let fits = |levels: &u32| span.is_multiple_of(levels - 1);
        let near = (2..=span.saturating_add(1).min(2 * n)).filter(fits);
        let near = near.min_by_key(|levels| levels.abs_diff(n)).unwrap_or(2);
        Some(format!(
            "`--vary {}`: `{}` is counted in whole numbers, and {broken} of {n} levels are not; \
             write {}={low}..{high}:{near}, or list them with commas",
            self.text, self.key, self.key
        ))
    }

    /// The levels in a grid.
    pub(super) fn levels(&self) -> Vec<String> {
        match &self.over {
            Over::Words(words) => words.clone(),
            Over::Range { low, high, levels, .. } => {
                let n = levels.unwrap_or((high - low) as u32 + 1);
                let at = |k: u32| if n > 1 { f64::from(k) / f64::from(n - 1) } else { 0.0 };
                (0..n).map(|k| written(self.between(at(k)))).collect()
            }
        }
    }

    /// The value at a share of the way, for a draw in [0, 1): whole numbers and words each
    /// get an equal part of it.
    pub(super) fn at(&self, share: f64) -> String {
        match &self.over {
            Over::Words(words) => words[pick(share, words.len() as f64) as usize].clone(),
            Over::Range { low, high, log: false, .. } if self.whole => {
                written(low + pick(share, (high - low).floor() + 1.0))
            }
            Over::Range { .. } if self.whole => written(self.between(share).round()),
            Over::Range { .. } => written(self.between(share)),
        }
    }

    /// The ends of a range, or all words: what shows every mistake of type and range.
    #[must_use]
    pub fn ends(&self) -> Vec<String> {
        match &self.over {
            Over::Words(words) => words.clone(),
            Over::Range { low, high, .. } => vec![written(*low), written(*high)],
        }
    }

    fn between(&self, share: f64) -> f64 {
        match self.over {
            Over::Words(_) => 0.0,
            Over::Range { low, high, .. } if share >= 1.0 || low == high => high,
            Over::Range { low, high, log: true, .. } => {
                exp(ln(low) + (ln(high) - ln(low)) * share).clamp(low, high)
            }
            Over::Range { low, high, .. } => (low + (high - low) * share).clamp(low, high),
        }
    }
}

/// Which of `n` equal parts of [0, 1) a share lies in.
fn pick(share: f64, n: f64) -> f64 {
    (share * n).floor().clamp(0.0, n - 1.0)
}

/// A number with at most twelve digits, so that 0.1 + 0.05 is 0.15.
fn written(x: f64) -> String {
    let rounded = format!("{x:.11e}").parse::<f64>().unwrap_or(x) + 0.0;
    match rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        true => format!("{rounded:.0}"),
        false => format!("{rounded:?}"),
    }
}

/// `LOW..HIGH`, then `:LEVELS` and `:log` in any order.
fn range(text: &str) -> Result<Over, String> {
    let mut parts = text.split(':').map(str::trim);
    let ends = parts.next().unwrap_or_default();
    let (low, high) = ends.split_once("..").ok_or("a range is LOW..HIGH")?;
    let (low, high) = (number(low)?, number(high.trim_start_matches('='))?);
    if low > high {
        return Err(format!("{low} is above {high}; the smaller end comes first"));
    }
    let (mut levels, mut log) = (None, false);
    for part in parts {
        match (part, part.parse::<u32>()) {
            ("log", _) => log = true,
            (_, Ok(n)) if (1..=100_000).contains(&n) => levels = Some(n),
            _ => return Err(format!("`:{part}` is neither a number of levels nor `:log`")),
        }
    }
    if log && low <= 0.0 {
        return Err("a range with `:log` begins above 0".to_owned());
    }
    if levels == Some(1) && low < high {
        return Err("one level is no range; write at least two, or the value alone".to_owned());
    }
    Ok(Over::Range { low, high, levels, log })
}

fn number(text: &str) -> Result<f64, String> {
    let bare = text.trim().replace('_', "");
    let found = bare.parse::<f64>().ok().filter(|x| x.is_finite());
    found.ok_or_else(|| {
        format!("`{}` is not a number; words are listed with commas: KEY=A,B", text.trim())
    })
}

/// Words between commas; quotation marks and brackets hold commas together.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let (mut quote, mut depth) = (None, 0_u32);
    for c in text.chars() {
        match (c, quote) {
            (_, Some(mark)) if c == mark => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('[', None) => depth += 1,
            (']', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => {
                words.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words.iter_mut().for_each(|word| *word = word.trim().to_owned());
    if words.iter().any(String::is_empty) {
        return Err("a value is empty".to_owned());
    }
    if let Some(twice) =
        words.iter().enumerate().find(|(index, word)| words[..*index].contains(word))
    {
        return Err(format!("`{}` is given twice", twice.1));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(text: &str) -> Vec<String> {
        Axis::parse(text).unwrap().levels()
    }

    #[test]
    fn ranges_and_words_are_read() {
        assert_eq!(levels("livestream.fee=0.05..0.30:6")[1..3], ["0.1", "0.15"]);
        assert_eq!(levels("arm.viral.group_buy.size=2..5"), ["2", "3", "4", "5"]);
        assert_eq!(levels("population.consumers=1e3..1e5:3:log"), ["1000", "10000", "100000"]);
        assert_eq!(levels("network.kind=community, complete"), ["community", "complete"]);
        assert_eq!(levels("a.b=[1,2],[3]"), ["[1,2]", "[3]"]);
        assert_eq!(levels("a.b=\"x,y\",z"), ["\"x,y\"", "z"]);
        assert_eq!(levels("a.b=-1..1:3"), ["-1", "0", "1"]);
        assert_eq!(levels("days=30"), ["30"]);
    }

    #[test]
    fn each_mistake_is_told() {
        for (text, words) in [
            ("a.b", "no equals sign"),
            ("=1..2", "no key"),
            ("a.b=", "no values"),
            ("a.b=x..2:3", "`x` is not a number"),
            ("a.b=1..inf:3", "`inf` is not a number"),
            ("a.b=2..1:3", "the smaller end comes first"),
            ("a.b=0..1:3:log", "begins above 0"),
            ("a.b=0..1:many", "neither a number of levels"),
            ("a.b=0..1:0", "neither a number of levels"),
            ("a.b=1,,2", "a value is empty"),
            ("a.b=1,1", "given twice"),
        ] {
            let why = Axis::parse(text).unwrap_err();
            assert!(why.contains(words) && why.contains(text), "{text}: {why}");
        }
    }

    #[test]
    fn whole_numbers_and_words_get_equal_parts() {
        let axis = Axis::parse("arm.viral.group_buy.size=2..5").unwrap();
        let hits: Vec<String> = (0..8).map(|k| axis.at(f64::from(k) / 8.0)).collect();
        assert_eq!(hits, ["2", "2", "3", "3", "4", "4", "5", "5"]);
        let axis = Axis::parse("network.kind=a,b").unwrap();
        assert_eq!([axis.at(0.49), axis.at(0.5), axis.at(0.999_999)], ["a", "b", "b"]);
    }

    #[test]
    fn names_are_found_wherever_they_stand() {
        for key in ["days", "population.consumers", "group_buy.size", "arm.x.group_buy.size"] {
            assert_eq!(declared(key).map(|one| one.kind), Some(Kind::Integer), "{key}");
        }
        assert!(declared("arm.x.platform.y.group_buy.size").is_some());
        assert!(declared("population.nobody").is_none());
    }
}
