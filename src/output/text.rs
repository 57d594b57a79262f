//! Plain-text tables for the terminal: metrics by arm, and differences.
//!
//! Money is shown in yuan, shares in percent, with separators of thousands and
//! as many decimals as the uncertainty bears. Columns are aligned by the width
//! that a terminal gives to each character (two for Chinese ones); a table that
//! would be wider than [`WIDTH`] goes on in a further block.

use crate::observer::Better;
use crate::output::comparison::{Difference, MetricName, Summary};
use crate::output::enough::Progress;
use crate::output::statistics::{Interval, Moments, Paired};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The greatest width of a line, in columns of the terminal.
pub const WIDTH: usize = 120;
/// The greatest width of a name; longer ones are cut.
const NAME_WIDTH: usize = 32;
/// What stands between two columns.
const GAP: &str = "  ";

/// How values of a metric are shown.
pub(crate) struct Shown {
    /// What a value is multiplied by.
    factor: f64,
    /// The unit after that.
    pub(crate) unit: String,
    /// The most decimals that make sense.
    decimals: usize,
}

impl Shown {
    pub(crate) fn of(metric: &MetricName) -> Self {
        let unit = metric.unit.as_str();
        if let Some(rest) =
            unit.strip_prefix("fen").filter(|rest| !rest.starts_with(char::is_alphabetic))
        {
            return Self { factor: 0.01, unit: format!("yuan{rest}"), decimals: 2 };
        }
        if metric.name.ends_with("_share") || unit == "share" {
            return Self { factor: 100.0, unit: "%".to_owned(), decimals: 4 };
        }
        let unit = if unit == "1" { "" } else { unit };
        Self { factor: 1.0, unit: unit.to_owned(), decimals: 6 }
    }

    /// Decimals for a value known to ± `half`: two digits of the half-width, or
    /// four of the value where no half-width is known.
    fn decimals(&self, value: f64, half: Option<f64>) -> usize {
        let (scale, digits) = match half.filter(|half| *half > 0.0) {
            Some(half) => (half * self.factor, 2),
            None => (value * self.factor, 4),
        };
        let whole = half.is_none_or(|half| half == 0.0) && scale.fract() == 0.0;
        if whole { 0 } else { decimals(scale, digits).min(self.decimals) }
    }

    fn value(&self, value: f64, decimals: usize) -> String {
        grouped(value * self.factor, decimals)
    }

    /// `mean ± half`, or what of it is known.
    fn moments(&self, moments: &Moments) -> String {
        let Some(mean) = moments.mean else {
            return "–".to_owned();
        };
        let half = moments.half_width();
        let decimals = self.decimals(mean, half);
        let mean = self.value(mean, decimals);
        match half {
            Some(half) => format!("{mean} ± {}", self.value(half, decimals)),
            None => mean,
        }
    }

    /// `mean ± half`, or `mean (low … high)` where the interval is the bootstrap's.
    fn difference(&self, paired: &Paired) -> String {
        let (Interval::Bootstrap, Some(mean), Some((low, high))) =
            (paired.interval, paired.difference.mean, paired.bootstrap95)
        else {
            return self.moments(&paired.difference);
        };
        let decimals = self.decimals(mean, paired.half_width());
        let [mean, low, high] = [mean, low, high].map(|x| self.value(x, decimals));
        format!("{mean} ({low} … {high})")
    }

    pub(crate) fn optional(&self, value: Option<f64>, half: Option<f64>) -> String {
        value.map_or("–".to_owned(), |x| self.value(x, self.decimals(x, half)))
    }
}

/// Decimals that show so many significant digits of a number.
fn decimals(x: f64, digits: i32) -> usize {
    let (mut size, mut before_point) = (x.abs(), 0);
    while size >= 10.0 && before_point < digits {
        size /= 10.0;
        before_point += 1;
    }
    while size < 1.0 && size > 0.0 && before_point > -6 {
        size *= 10.0;
        before_point -= 1;
    }
    usize::try_from(digits - 1 - before_point).unwrap_or(0)
}

/// A number with so many decimals and a comma between thousands.
#[must_use]
pub fn grouped(x: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", x.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let zero = text.bytes().all(|b| b == b'0' || b == b'.');
    let mut out = String::from(if x < 0.0 && !zero { "-" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// A name as it may stand in a terminal: no control characters, not too wide.
pub(crate) fn name(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if clean.width() <= NAME_WIDTH {
        return clean;
    }
    let (mut cut, mut width) = (String::new(), 0);
    for c in clean.chars() {
        width += c.width().unwrap_or(0);
        if width >= NAME_WIDTH {
            break;
        }
        cut.push(c);
    }
    cut + "…"
}

/// `viral`, or `everyone.shelf` where the platform has a name of its own.
pub(crate) fn place(arm: &str, platform: &str) -> String {
    if arm == platform { name(arm) } else { name(&format!("{arm}.{platform}")) }
}

/// A column: a heading and its cells.
pub(crate) struct Column {
    pub(crate) cells: Vec<String>,
    /// Whether cells stand at the right, as numbers do.
    right: bool,
}

impl Column {
    pub(crate) fn new(right: bool, heading: &str) -> Self {
        Self { cells: vec![heading.to_owned()], right }
    }

    fn width(&self) -> usize {
        self.cells.iter().map(|cell| cell.width()).max().unwrap_or(0)
    }
}

/// The lines of columns side by side, with a rule under the headings.
fn aligned(columns: &[&Column]) -> String {
    let widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    let rows = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    let mut out = String::new();
    for row in 0..rows {
        let cell = |(column, width): (&&Column, &usize)| {
            let text = &column.cells[row];
            let space = " ".repeat(width - text.width());
            if column.right { space + text } else { text.clone() + &space }
        };
        let cells: Vec<String> = columns.iter().zip(&widths).map(cell).collect();
        out += cells.join(GAP).trim_end();
        out.push('\n');
        if row == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
            out += &rules.join(GAP);
            out.push('\n');
        }
    }
    out
}

/// Columns side by side in as many blocks as the width asks for, each beginning
/// with the `fixed` columns.
pub(crate) fn blocks(fixed: &[Column], others: &[Column]) -> String {
    let start: usize = fixed.iter().map(|column| column.width() + GAP.len()).sum();
    let mut blocks = Vec::new();
    let (mut block, mut width) = (Vec::new(), start);
    for column in others {
        if !block.is_empty() && width + column.width() > WIDTH {
            blocks.push(std::mem::take(&mut block));
            width = start;
        }
        width += column.width() + GAP.len();
        block.push(column);
    }
    blocks.push(block);
    let text = |block: &Vec<&Column>| {
        aligned(&fixed.iter().chain(block.iter().copied()).collect::<Vec<_>>())
    };
    blocks.iter().map(text).collect::<Vec<_>>().join("\n")
}

/// Metrics as rows, arms as columns: mean ± half the 95 % interval over replicates. Metrics
/// that are undefined everywhere, such as shares of a market with one platform, are left out.
#[must_use]
pub fn summary_table(summaries: &[Summary]) -> String {
    let mut metrics: Vec<&MetricName> = Vec::new();
    let mut places: Vec<(&str, &str)> = Vec::new();
    for summary in summaries {
        if !metrics.contains(&&summary.metric) {
            metrics.push(&summary.metric);
        }
        if !places.contains(&(&summary.arm, &summary.platform)) {
            places.push((&summary.arm, &summary.platform));
        }
    }
    let defined = |metric: &MetricName| {
        let of = |one: &&Summary| one.metric == *metric && one.sample.moments.mean.is_some();
        summaries.iter().any(|one| of(&one))
    };
    metrics.retain(|metric| defined(metric));
    let mut fixed = [Column::new(false, "metric"), Column::new(false, "unit")];
    for metric in &metrics {
        fixed[0].cells.push(name(&metric.name));
        fixed[1].cells.push(name(&Shown::of(metric).unit));
    }
    let arms: Vec<Column> =
        places.iter().map(|place| arm_column(summaries, &metrics, *place)).collect();
    blocks(&fixed, &arms)
}

/// What the summary's signs mean, in a line; empty without any value.
#[must_use]
pub fn summary_legend(summaries: &[Summary]) -> String {
    let most = summaries.iter().map(|one| one.sample.moments.n).max().unwrap_or(0);
    match most {
        0 => "no replicate is complete, so that there is nothing to sum up".to_owned(),
        1 => "one replicate, so that there is no interval; money in yuan (tables: fen)".to_owned(),
        n => format!(
            "mean ± half the 95 % interval over {n} replicates; money in yuan (tables: fen)"
        ),
    }
}

/// What the signs of a table of differences mean, in two lines.
pub const DIFFERENCES_LEGEND: &str = "\
difference: arm minus baseline, paired by replicate, ± half the 95 % interval, or (low … high) by bootstrap
where differences are skewed; money in yuan; higher in: replicates in which the arm is above the baseline
verdict: whether 0 is outside the interval; (~n): replicates that would tell such a difference, 4 times in 5";

fn arm_column(
    summaries: &[Summary],
    metrics: &[&MetricName],
    (arm, platform): (&str, &str),
) -> Column {
    let mut column = Column::new(true, &place(arm, platform));
    for metric in metrics {
        let found = summaries
            .iter()
            .find(|s| s.arm == arm && s.platform == platform && s.metric == **metric);
        let cell = found.map_or("–".to_owned(), |s| Shown::of(metric).moments(&s.sample.moments));
        column.cells.push(cell);
    }
    column
}

/// One row a metric and arm: both means, the difference with its 95 % interval,
/// and whether the arm is better or worse where the interval excludes 0. What is undefined
/// for both is left out.
#[must_use]
pub fn differences_table(differences: &[Difference]) -> String {
    let mut fixed =
        [Column::new(false, "arm"), Column::new(false, "metric"), Column::new(false, "unit")];
    let headings = ["baseline", "arm mean", "difference", "relative", "higher in", "verdict"];
    let mut others: Vec<Column> =
        headings.iter().map(|heading| Column::new(*heading != "verdict", heading)).collect();
    let known =
        |one: &&Difference| one.paired.baseline_mean.is_some() || one.paired.arm_mean.is_some();
    for difference in differences.iter().filter(known) {
        fixed[0].cells.push(place(&difference.arm, &difference.platform));
        fixed[1].cells.push(name(&difference.metric.name));
        fixed[2].cells.push(name(&Shown::of(&difference.metric).unit));
        for (column, cell) in others.iter_mut().zip(difference_cells(difference)) {
            column.cells.push(cell);
        }
    }
    blocks(&fixed, &others)
}

fn difference_cells(difference: &Difference) -> [String; 6] {
    let paired = &difference.paired;
    let shown = Shown::of(&difference.metric);
    let half = paired.half_width();
    let percent = |x: Option<f64>, sign: bool| {
        let text = x.map(|x| grouped(100.0 * x, usize::from(sign)) + " %");
        let plus = if sign && x.is_some_and(|x| x >= 0.0005) { "+" } else { "" };
        text.map_or("–".to_owned(), |text| format!("{plus}{text}"))
    };
    [
        shown.optional(paired.baseline_mean, half),
        shown.optional(paired.arm_mean, half),
        shown.difference(paired),
        percent(paired.relative_difference, true),
        percent(paired.pairs_higher_share, false),
        verdict(difference).to_owned() + &needed(paired),
    ]
}

/// How many replicates would separate what is not separated.
fn needed(paired: &Paired) -> String {
    match (paired.separated, paired.replicates_needed) {
        (Some(false), Some(n)) => format!(" (~{})", grouped(n as f64, 0)),
        _ => String::new(),
    }
}

/// How narrow a difference is against a goal: `viral gmv_fen: ± 1,200 yuan of 1,000 that were
/// asked for; about 9 replicates would do`.
#[must_use]
pub fn progress_line(difference: &Difference, progress: &Progress) -> String {
    let shown = Shown::of(&difference.metric);
    let number = |x: Option<f64>| shown.optional(x, None);
    let unit = if shown.unit.is_empty() { String::new() } else { format!(" {}", shown.unit) };
    let needed = match progress.needed {
        _ if progress.met() => String::new(),
        Some(n) => format!("; about {} replicates would do", grouped(n as f64, 0)),
        None => "; no number of replicates is known to do".to_owned(),
    };
    format!(
        "{} {}: ± {}{unit} after {} pairs, ± {} was asked for{needed}",
        place(&difference.arm, &difference.platform),
        difference.metric.name,
        number(progress.half),
        difference.paired.difference.n,
        number(progress.asked),
    )
}

/// What the interval of the difference says.
#[must_use]
pub fn verdict(difference: &Difference) -> &'static str {
    let paired = &difference.paired;
    let higher = paired.difference.mean.is_some_and(|mean| mean > 0.0);
    match (paired.separated, difference.metric.better) {
        (None, _) => "unknown: fewer than two pairs",
        (Some(false), _) => "not separated",
        (Some(true), Better::Neither) if higher => "higher",
        (Some(true), Better::Neither) => "lower",
        (Some(true), better) if higher == (better == Better::Higher) => "better",
        (Some(true), _) => "worse",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::statistics::{paired, sample};

    fn metric(name: &str, unit: &str, better: Better) -> MetricName {
        MetricName { name: name.to_owned(), unit: unit.to_owned(), better }
    }

    fn summary(arm: &str, metric: &MetricName, values: &[f64]) -> Summary {
        Summary {
            arm: arm.to_owned(),
            platform: arm.to_owned(),
            metric: metric.clone(),
            sample: sample(values),
        }
    }

    fn difference(metric: MetricName, pairs: &[(f64, f64)]) -> Difference {
        Difference {
            arm: "拼团".to_owned(),
            platform: "拼团".to_owned(),
            baseline: ("traditional".to_owned(), "traditional".to_owned()),
            metric,
            paired: paired(pairs),
        }
    }

    #[test]
    fn numbers_are_grouped_and_rounded() {
        assert_eq!(grouped(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(grouped(-999.0, 0), "-999");
        assert_eq!(grouped(-0.001, 1), "0.0");
        assert_eq!(decimals(1234.0, 4), 0);
        assert_eq!(decimals(0.0123, 2), 3);
        assert_eq!(decimals(12.5, 2), 0);
        assert_eq!(decimals(0.0, 4), 3);
    }

    #[test]
    fn money_is_shown_in_yuan_and_shares_in_percent() {
        let gmv = metric("gmv_fen", "fen", Better::Higher);
        let share = metric("repeat_share", "1", Better::Higher);
        let table = summary_table(&[
            summary("viral", &gmv, &[123_456_700.0, 123_456_900.0]),
            summary("viral", &share, &[0.25]),
        ]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("metric        unit"), "{table}");
        assert!(lines[2].ends_with("1,234,568 ± 13"), "{table}");
        assert!(lines[3].contains('%') && lines[3].ends_with("25"), "{table}");
    }

    #[test]
    fn what_is_undefined_everywhere_is_left_out_and_the_order_stays() {
        let [first, never, last] =
            ["first", "never", "last"].map(|name| metric(name, "1", Better::Higher));
        let table = summary_table(&[
            summary("a", &first, &[]),
            summary("a", &never, &[]),
            summary("a", &last, &[1.0]),
            summary("b", &first, &[2.0]),
            summary("b", &never, &[]),
            summary("b", &last, &[3.0]),
        ]);
        let names: Vec<&str> =
            table.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(names[2..], ["first", "last"], "{table}");
        let of = |values: &[f64]| summary_legend(&[summary("a", &first, values)]);
        assert!(of(&[]).starts_with("no replicate"));
        assert!(of(&[1.0]).contains("no interval"));
        assert!(of(&[1.0, 2.0]).contains("over 2 replicates"));
    }

    #[test]
    fn columns_are_aligned_for_wide_characters() {
        let gmv = metric("gmv_fen", "fen", Better::Higher);
        let table = summary_table(&[
            summary("拼团", &gmv, &[100.0]),
            summary("直播带货平台", &gmv, &[100.0]),
        ]);
        let widths: Vec<usize> = table.lines().map(|line| line.width()).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{table}");
    }

    #[test]
    fn wide_tables_go_on_in_further_blocks() {
        let gmv = metric("gmv_fen", "fen", Better::Higher);
        let arms: Vec<String> = (0..12).map(|i| format!("an_arm_of_some_length_{i:02}")).collect();
        let all: Vec<Summary> = arms.iter().map(|arm| summary(arm, &gmv, &[1.0, 2.0])).collect();
        let table = summary_table(&all);
        assert!(table.lines().all(|line| line.width() <= WIDTH), "{table}");
        assert!(arms.iter().all(|arm| table.contains(arm.as_str())), "{table}");
        assert!(table.matches("metric").count() > 1, "{table}");
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(name("a\u{1b}[31mb"), "a?[31mb");
        assert_eq!(name(&"团".repeat(40)).width(), NAME_WIDTH - 1);
    }

    #[test]
    fn differences_say_what_is_better() {
        let up = &[(10_000.0, 20_000.0), (10_000.0, 20_100.0), (10_000.0, 20_200.0)];
        let cost = difference(metric("cost_fen", "fen", Better::Lower), up);
        let gmv = difference(metric("gmv_fen", "fen", Better::Higher), up);
        let same = difference(metric("gmv_fen", "fen", Better::Higher), &[(1.0, 1.0), (2.0, 2.0)]);
        let once = difference(metric("price_fen", "fen", Better::Neither), &up[..1]);
        let wide = (0..12).map(|i| (0.0, if i == 11 { -40_000.0 } else { f64::from(i) }));
        let skewed = difference(
            metric("gmv_fen", "fen", Better::Higher),
            &wide.collect::<Vec<(f64, f64)>>(),
        );
        assert!(difference_cells(&skewed)[2].contains(" … "), "{:?}", difference_cells(&skewed));
        let loose = difference(
            metric("gmv_fen", "fen", Better::Higher),
            &[(10_000.0, 20_000.0), (10_000.0, 11_000.0), (10_000.0, 9_000.0)],
        );
        assert_eq!(difference_cells(&loose)[5], "not separated (~27)");
        assert_eq!([&gmv, &cost, &same].map(verdict), ["better", "worse", "not separated"]);
        assert!(verdict(&once).starts_with("unknown"));
        let table = differences_table(&[gmv, cost, same, once]);
        assert!(table.contains("101.0 ± 2.5"), "{table}");
        assert!(table.contains("+101.0 %"), "{table}");
        assert!(table.lines().all(|line| line.width() <= WIDTH), "{table}");
    }
}
