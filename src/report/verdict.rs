//! Who is best in a metric, by how much, and whether that can be said at all.
//!
//! Two arms are separated where the 95 % interval of their paired difference excludes 0. An
//! arm is named the winner only where it is separated from every other.

use crate::observer::Better;
use crate::output::comparison::MetricName;
use crate::output::statistics::Moments;
use crate::report::data::{Data, over};
use crate::report::rank::{self, Rank, Saying};
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
    rank::difference(&data.values(one, metric), &data.values(other, metric))
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
        format!("{} (95\u{a0}% interval {})", value.en, range.en),
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
        return if data.places.len() > 1 {
            both(
                format!("Only {label} has a value in {}: {}.", metric.en, value.en),
                format!("只有 {label} 有{}：{}。", metric.zh, value.zh),
            )
        } else {
            both(
                format!("{} of {label}: {}.", capital(&metric.en), value.en),
                format!("{label} 的{}为 {}。", metric.zh, value.zh),
            )
        };
    }
    let name = &standing.metric.name;
    let others = standing.ranks[1..].iter().map(|rank| (rank.0, duel(data, name, *best, rank.0)));
    let others: Vec<(usize, Moments)> = others.collect();
    let tied: Vec<&(usize, Moments)> =
        others.iter().filter(|other| !is_separated(&other.1)).collect();
    match (tied.first(), others.first()) {
        (None, Some(next)) => wins(data, standing, next),
        (Some(first), _) if first.1.ci95.is_none() && first.1.mean == Some(0.0) => {
            same_value(data, standing, &tied)
        }
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
    // Of results that are losses nobody would say that the smallest wins.
    let is_loss = kind == Kind::Money && !lower && moments.mean.is_some_and(|mean| mean < 0.0);
    let (wins, wins_zh) =
        if is_loss { ("loses least", "亏损最少") } else { ("wins", "胜出") };
    let n = next.1.n;
    both(
        format!(
            "{label} {wins} in {}: {most}, with {}, {} {more} than {other}, the next. n\u{a0}=\u{a0}{n} pairs.",
            metric.en, value.en, by.en
        ),
        format!(
            "{label} 在{}上{wins_zh}：{most_zh}，为 {}，比次优的 {other} {more_zh} {}。配对数 n\u{a0}=\u{a0}{n}。",
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

/// One pair each, and no difference.
fn same_value(data: &Data, standing: &Standing, tied: &[&(usize, Moments)]) -> Both {
    let metric = words::metric(&standing.metric.name);
    let (best, moments) = &standing.ranks[0];
    let equal = tied.iter().filter(|one| one.1.mean == Some(0.0)).map(|one| one.0);
    let names = rank::names(data, &[*best].into_iter().chain(equal).collect::<Vec<_>>());
    let value = standing.kind().words(moments.mean.unwrap_or(0.0));
    both(
        format!(
            "In {} the arms cannot be separated: {} have the same, {}.",
            metric.en, names.en, value.en
        ),
        format!("就{}而言，各方案无法区分：{} 相同，均为 {}。", metric.zh, names.zh, value.zh),
    )
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
             interval contains 0. n\u{a0}=\u{a0}{n} pairs.",
            metric.en,
            names.join(", "),
            by.en
        ),
        format!(
            "就{}而言，各方案无法区分：{best} 与 {}。{best} 减 {other} 为 {}，区间包含 0。配对数 n\u{a0}=\u{a0}{n}。",
            metric.zh,
            names.join("、"),
            by.zh
        ),
    )
}

/// A text that begins a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().collect::<String>());
    first.unwrap_or_default() + chars.as_str()
}

/// The answer in a few sentences: who leads where platforms compete, the first metric, then
/// the others.
#[must_use]
pub fn headline(data: &Data, standings: &[Standing]) -> Vec<Both> {
    let mut all = markets(data);
    all.extend(standings.iter().take(4).map(|one| sentence(data, one)));
    if all.is_empty() {
        all.push(both(
            "Nothing was sold or spread in any arm: there is nothing to judge by.",
            "各方案均无成交或传播，无从判断。",
        ));
    }
    if data.places.len() > 1 && data.replicates() > 1 {
        all.extend(count(data, standings));
    }
    all
}

/// Who has most of the market, in each arm in which platforms compete.
fn markets(data: &Data) -> Vec<Both> {
    let mut arms: Vec<&str> = data.places.iter().map(|place| place.arm.as_str()).collect();
    arms.dedup();
    let of = |arm: &&str| -> rank::Values {
        let own = (0..data.places.len()).filter(|place| data.places[*place].arm == **arm);
        own.map(|place| (place, data.values(place, "gmv_share"))).collect()
    };
    let all = arms.iter().map(of).filter(|own| own.len() > 1);
    all.filter_map(|own| market(data, &own)).collect()
}

fn market(data: &Data, own: &rank::Values) -> Option<Both> {
    let arm = data.label(&data.places[own[0].0].arm, "");
    let share = |place: usize| {
        let found = own.iter().find(|one| one.0 == place).map(|one| over(&one.1));
        valued(Kind::Percent, &found.unwrap_or_default())
    };
    let said = |place: usize| {
        let (label, value) = (&data.places[place].label, share(place));
        both(
            format!("{label} has the largest part of the market: {} of the GMV", value.en),
            format!("{label} 市场份额最大：占成交额 {}", value.zh),
        )
    };
    let what = both(format!("their part of the market in {arm}"), format!(" {arm} 的市场份额"));
    let told = rank::told(data, own, &Saying { alone: &said, first: &said, what })?;
    let Some(Rank::Tied(places)) = Rank::of(own) else {
        return Some(both(format!("{}.", told.en), format!("{}。", told.zh)));
    };
    let parts: Vec<(&str, Both)> =
        places.iter().map(|place| (data.places[*place].label.as_str(), share(*place))).collect();
    let list = |of: fn(&Both) -> &str, with: &str| {
        parts
            .iter()
            .map(|(label, part)| format!("{label} {}", of(part)))
            .collect::<Vec<_>>()
            .join(with)
    };
    Some(both(
        format!("{}: {} of the GMV.", told.en, list(|part| &part.en, "; ")),
        format!("{}：占成交额 {}。", told.zh, list(|part| &part.zh, "；")),
    ))
}

/// Whether the best of a metric is separated from all others.
#[must_use]
pub fn has_winner(data: &Data, standing: &Standing) -> bool {
    let best = standing.ranks[0].0;
    let others = standing.ranks[1..].iter();
    let mut gaps = others.map(|rank| duel(data, &standing.metric.name, best, rank.0));
    standing.ranks.len() > 1 && gaps.all(|gap| is_separated(&gap))
}

/// In how many metrics the first metric's best is separated as the best.
fn count(data: &Data, standings: &[Standing]) -> Option<Both> {
    let best = standings.first()?.ranks[0].0;
    let won = standings.iter().filter(|one| one.ranks[0].0 == best && has_winner(data, one));
    let (label, n, won) = (&data.places[best].label, standings.len(), won.count());
    if n < 2 {
        return None;
    }
    if won == 0 {
        return Some(both(
            format!(
                "In none of {n} measures that judge is {label} the separated best; the decision table has all."
            ),
            format!("在 {n} 项评判指标中，{label} 没有一项可区分地居首；全部结果见决策表。"),
        ));
    }
    Some(both(
        format!(
            "Of {n} measures that judge, {label} is the separated best in {won}; the decision table has all."
        ),
        format!("在 {n} 项评判指标中，{label} 有 {won} 项可区分地居首；全部结果见决策表。"),
    ))
}
