//! The decision: values of every arm, how probably each is the best, and what choosing it may
//! cost (regret), as the table `decision` has it.

use crate::output::decision::{self, Choice};
use crate::report::data::{Data, over};
use crate::report::page::{Cell, Section, Table, count, spread};
use crate::report::say::{Both, both, same};
use crate::report::verdict::{Standing, duel, has_winner, is_separated};
use crate::report::words;

/// Most measures that a sentence lists.
const LISTED: usize = 5;

/// Fewer replicates than this tell little by being drawn again.
const FEW: usize = 10;

/// The section: values of every arm, then its regret.
#[must_use]
pub fn section(data: &Data, standings: &[Standing]) -> Option<Section> {
    if data.places.len() < 2 || standings.is_empty() {
        return None;
    }
    let choices = decision::choices(&data.measured);
    let explained = both(
        "Expected regret: how far the arm's mean falls short of the best arm's, on average over replicates \
         drawn again (bootstrap); 0 is the best throughout. Behind it: the probability that the arm is the \
         best.",
        "预期后悔值：该方案均值与最优方案均值之差，为对重复再抽样（自助法）的平均；0 表示始终最优。其后为该方案最优的概率。",
    );
    // A bootstrap of few values repeats what they have in common.
    let few = (data.replicates() < FEW).then(|| {
        both(
            format!(
                "With fewer than {FEW} replicates these probabilities are too sure of themselves."
            ),
            format!("重复不足 {FEW} 次时，这些概率过于自信。"),
        )
    });
    let text = price(data, standings).into_iter().chain([explained]).chain(few);
    Some(Section {
        id: "decision",
        title: both("Decision table", "决策表"),
        text: text.collect(),
        tables: vec![values(data, standings), regrets(data, standings, &choices)],
        ..Section::default()
    })
}

/// What the best in the first measure gives up in others.
fn price(data: &Data, standings: &[Standing]) -> Option<Both> {
    let chosen = standings.first()?.ranks[0].0;
    let lost = |standing: &Standing| {
        let best = standing.ranks[0].0;
        let gap = duel(data, &standing.metric.name, chosen, best);
        let (size, kind) = (gap.mean?.abs(), standing.kind().difference());
        let (name, by) = (words::metric(&standing.metric.name), kind.words(size));
        let other = &data.places[best].label;
        (best != chosen && is_separated(&gap)).then(|| {
            both(
                format!("{} ({}, {other} is best)", name.en, by.en),
                format!("{}（差 {}，{other} 最优）", name.zh, by.zh),
            )
        })
    };
    let lost: Vec<Both> = standings.iter().filter_map(lost).collect();
    let (label, name) = (&data.places[chosen].label, words::metric(&standings[0].metric.name));
    let (best, best_zh) =
        if has_winner(data, &standings[0]) { ("the best", "最优") } else { ("ahead", "领先") };
    if lost.is_empty() {
        return Some(both(
            format!(
                "Choosing {label}, {best} in {}, gives up nothing that is separated from chance.",
                name.en
            ),
            format!("选择{}{best_zh}的 {label}，在其他指标上没有可区分的损失。", name.zh),
        ));
    }
    let (n, list) = (lost.len(), &lost[..lost.len().min(LISTED)]);
    let joined =
        |of: fn(&Both) -> &str, with: &str| list.iter().map(of).collect::<Vec<_>>().join(with);
    Some(both(
        format!(
            "Choosing {label}, {best} in {}, gives something up in {n} of {} measures: {}.",
            name.en,
            standings.len(),
            joined(|one| &one.en, "; ")
        ),
        format!(
            "选择{}{best_zh}的 {label}，在 {} 项指标中的 {n} 项上有所损失：{}。",
            name.zh,
            standings.len(),
            joined(|one| &one.zh, "；")
        ),
    ))
}

fn head(data: &Data) -> Vec<Both> {
    let names = data.places.iter().map(|place| same(place.label.as_str()));
    [both("measure", "指标"), both("unit", "单位")].into_iter().chain(names).collect()
}

fn values(data: &Data, standings: &[Standing]) -> Table {
    let row = |standing: &Standing| {
        let (kind, won) = (standing.kind(), has_winner(data, standing));
        let cell = |place: usize| {
            let mut cell = spread(kind, &over(&data.values(place, &standing.metric.name)));
            if won && standing.ranks[0].0 == place {
                cell.class = "n best";
            }
            cell
        };
        let first = [Cell::words(words::metric(&standing.metric.name)), Cell::words(kind.unit())];
        first.into_iter().chain((0..data.places.len()).map(cell)).collect()
    };
    Table {
        caption: count(data.replicates()).then(&both(
            "; means ± half of the 95\u{a0}% t-interval; the best is marked where it is separated from all \
             others (tables/summary.csv)",
            "；均值 ± 95% t 区间半宽；与其余方案均可区分的最优者加底色（tables/summary.csv）",
        )),
        head: head(data),
        rows: standings.iter().map(row).collect(),
    }
}

fn regrets(data: &Data, standings: &[Standing], choices: &[Choice]) -> Table {
    let of = |standing: &Standing, place: usize| {
        let place = &data.places[place];
        choices.iter().find(|choice| {
            (&choice.arm, &choice.platform) == (&place.arm, &place.platform)
                && choice.metric.name == standing.metric.name
        })
    };
    let row = |standing: &Standing| {
        let kind = standing.kind().difference();
        let cell = |place: usize| {
            let Some(choice) = of(standing, place) else { return Cell::number("–", None) };
            let (Some(lost), Some(won)) = (choice.expected_regret, choice.best_probability) else {
                return Cell::number("–", None);
            };
            let text = format!("{} ·\u{a0}{:.0}\u{a0}%", kind.cell(lost), 100.0 * won);
            let mut cell = Cell::number(text, Some(lost));
            if won > 0.5 {
                cell.class = "n best";
            }
            cell
        };
        let first = [Cell::words(words::metric(&standing.metric.name)), Cell::words(kind.unit())];
        first.into_iter().chain((0..data.places.len()).map(cell)).collect()
    };
    Table {
        caption: count(data.replicates()).then(&both(
            "; expected regret · probability of being the best (tables/decision.csv)",
            "；预期后悔值 · 最优的概率（tables/decision.csv）",
        )),
        head: head(data),
        rows: standings.iter().filter(|s| of(s, s.ranks[0].0).is_some()).map(row).collect(),
    }
}
