//! Who is best in a metric, by how much, and whether that can be said at all.
//!
//! Two arms are separated where the 95 % interval of their paired difference excludes 0. An
//! arm is named the winner only where it is separated from every other.

use crate::observer::Better;
use crate::output::comparison::MetricName;
use crate::output::statistics::{Moments, paired};
use crate::report::data::{Data, over};
use crate::report::say::{Both, Kind, both};
use crate::report::words;

/// Metrics by which arms are judged, the first first; those that a folder lacks, or that are
/// nothing everywhere, are passed over.
pub const JUDGED: &[&str] = &[
    "gmv_fen",
    "final_spread_share",
    "active_buyers_count",
    "cac_platform_fen",
    "platform_result_fen",
    "merchant_profit_fen",
    "repurchase_30d_share",
    "trust_mean",
    "returns_share",
    "delivery_days_mean",
    "out_of_stock_share",
];

/// A metric's standings.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The metric.
    pub metric: MetricName,
    /// Places with their means, the best first; those without a value are missing.
    pub ranks: Vec<(usize, Moments)>,
}

impl Standing {
    /// The standings in a metric; none where nobody has a value.
    #[must_use]
    pub fn of(data: &Data, name: &str) -> Option<Self> {
        let metric = data.measured.metrics.iter().find(|metric| metric.name == name)?.clone();
        let mean = |place| Some((place, over(&data.values(place, name))));
        let mut ranks: Vec<(usize, Moments)> = (0..data.places.len())
            .filter_map(mean)
            .filter(|rank: &(usize, Moments)| rank.1.mean.is_some())
            .collect();
        let key = |rank: &(usize, Moments)| {
            let mean = rank.1.mean.unwrap_or(0.0);
            if metric.better == Better::Lower { mean } else { -mean }
        };
        ranks.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let something = ranks.iter().any(|rank| rank.1.mean != Some(0.0));
        (!ranks.is_empty() && something).then_some(Self { metric, ranks })
    }

    /// How its numbers are written.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(&self.metric)
    }
}

/// The standings in all metrics that judge.
#[must_use]
pub fn standings(data: &Data) -> Vec<Standing> {
    JUDGED.iter().filter_map(|name| Standing::of(data, name)).collect()
}

/// The difference of a metric between two places, over the replicates that both have.
#[must_use]
pub fn duel(data: &Data, metric: &str, one: usize, other: usize) -> Moments {
    let (a, b) = (data.values(one, metric), data.values(other, metric));
    let pairs: Vec<(f64, f64)> =
        a.iter().filter_map(|(replicate, x)| Some((*b.get(replicate)?, *x))).collect();
    paired(&pairs).difference
}

/// Whether an interval excludes 0.
#[must_use]
pub fn is_separated(difference: &Moments) -> bool {
    difference.ci95.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
}

/// `value (low to high)`, or the value alone.
#[must_use]
pub fn valued(kind: Kind, moments: &Moments) -> Both {
    let value = kind.words(moments.mean.unwrap_or(0.0));
    let Some(ends) = moments.ci95 else { return value };
    let range = kind.range(ends, moments.mean.unwrap_or(0.0));
    both(
        format!("{} (95 % interval {})", value.en, range.en),
        format!("{}（95% 区间 {}）", value.zh, range.zh),
    )
}

/// What a metric says of the arms.
#[must_use]
pub fn sentence(data: &Data, standing: &Standing) -> Both {
    let metric = words::metric(&standing.metric.name);
    let (best, moments) = &standing.ranks[0];
    let label = &data.places[*best].label;
    let value = valued(standing.kind(), moments);
    if standing.ranks.len() < 2 {
        return both(
            format!("{label} has {}: {}.", metric.en, value.en),
            format!("{label} 的{}为 {}。", metric.zh, value.zh),
        );
    }
    let name = &standing.metric.name;
    let others = standing.ranks[1..].iter().map(|rank| (rank.0, duel(data, name, *best, rank.0)));
    let others: Vec<(usize, Moments)> = others.collect();
    let tied: Vec<&(usize, Moments)> =
        others.iter().filter(|other| !is_separated(&other.1)).collect();
    match (tied.first(), others.first()) {
        (None, Some(next)) => wins(data, standing, next),
        (Some(first), _) if first.1.ci95.is_none() => chance(data, standing, first.0),
        (Some(first), _) => undecided(data, standing, &tied, first),
        (None, None) => both("", ""),
    }
}

/// The best is separated from all others.
fn wins(data: &Data, standing: &Standing, next: &(usize, Moments)) -> Both {
    let (kind, lower) = (standing.kind(), standing.metric.better == Better::Lower);
    let metric = words::metric(&standing.metric.name);
    let (best, moments) = &standing.ranks[0];
    let (label, other) = (&data.places[*best].label, &data.places[next.0].label);
    let value = valued(kind, moments);
    let size = Moments { mean: next.1.mean.map(f64::abs), ci95: absolute(next.1.ci95), ..next.1 };
    let by = valued(kind.difference(), &size);
    let (most, more) = if lower { ("lowest", "less") } else { ("highest", "more") };
    let (most_zh, more_zh) = if lower { ("最低", "低") } else { ("最高", "高") };
    let n = next.1.n;
    both(
        format!(
            "{label} wins in {}: {most}, with {}, {} {more} than {other}, the next. n = {n} pairs.",
            metric.en, value.en, by.en
        ),
        format!(
            "{label} 在{}上胜出：{most_zh}，为 {}，比次优的 {other} {more_zh} {}。配对数 n = {n}。",
            metric.zh, value.zh, by.zh
        ),
    )
}

fn absolute(ends: Option<(f64, f64)>) -> Option<(f64, f64)> {
    ends.map(|(low, high)| {
        let (a, b) = (low.abs(), high.abs());
        (a.min(b), a.max(b))
    })
}

/// One pair: the order may be chance.
fn chance(data: &Data, standing: &Standing, next: usize) -> Both {
    let metric = words::metric(&standing.metric.name);
    let (best, moments) = &standing.ranks[0];
    let (label, other) = (&data.places[*best].label, &data.places[next].label);
    let value = standing.kind().words(moments.mean.unwrap_or(0.0));
    both(
        format!(
            "{label} is ahead in {} with {}, before {other}; fewer than two replicates can be paired, \
             so there is no interval and the order may be chance.",
            metric.en, value.en
        ),
        format!(
            "{label} 的{}领先（{}），其次为 {other}；可配对的重复不足两次，没有区间，次序可能出于偶然。",
            metric.zh, value.zh
        ),
    )
}

/// The best cannot be told from some others.
fn undecided(
    data: &Data,
    standing: &Standing,
    tied: &[&(usize, Moments)],
    first: &(usize, Moments),
) -> Both {
    let (kind, metric) = (standing.kind(), words::metric(&standing.metric.name));
    let best = &data.places[standing.ranks[0].0].label;
    let names: Vec<&str> = tied.iter().map(|one| data.places[one.0].label.as_str()).collect();
    let other = &data.places[first.0].label;
    let by = valued(kind.difference(), &first.1);
    let n = first.1.n;
    both(
        format!(
            "In {} the arms cannot be separated: {best} and {}. {best} minus {other} is {}, and the \
             interval contains 0. n = {n} pairs.",
            metric.en,
            names.join(", "),
            by.en
        ),
        format!(
            "就{}而言，各方案无法区分：{best} 与 {}。{best} 减 {other} 为 {}，区间包含 0。配对数 n = {n}。",
            metric.zh,
            names.join("、"),
            by.zh
        ),
    )
}

/// The answer in a few sentences: the first metric, then the others.
#[must_use]
pub fn headline(data: &Data, standings: &[Standing]) -> Vec<Both> {
    let mut all: Vec<Both> = standings.iter().take(4).map(|one| sentence(data, one)).collect();
    if data.places.len() > 1 && data.replicates() > 1 {
        all.extend(count(data, standings));
    }
    all
}

/// In how many metrics the first metric's best is separated as the best.
fn count(data: &Data, standings: &[Standing]) -> Option<Both> {
    let best = standings.first()?.ranks[0].0;
    let first = |one: &&Standing| one.ranks[0].0 == best && one.ranks.len() > 1;
    let alone = |one: &&Standing| {
        let others = one.ranks[1..].iter();
        others.map(|rank| duel(data, &one.metric.name, best, rank.0)).all(|d| is_separated(&d))
    };
    let won = standings.iter().filter(first).filter(alone).count();
    let (label, n) = (&data.places[best].label, standings.len());
    Some(both(
        format!(
            "Of {n} measures that judge, {label} is the separated best in {won}; the decision table has all."
        ),
        format!("在 {n} 项评判指标中，{label} 有 {won} 项可区分地居首；全部结果见决策表。"),
    ))
}
