//! What matters: a tornado of the swept parameters, and where two arms break even.

use crate::output::manifest::Status;
use crate::output::statistics::Moments;
use crate::report::charts::{self, Axes, Row, Series};
use crate::report::data::{ByReplicate, over};
use crate::report::page::{Cell, Figure, Section, Table, basis};
use crate::report::say::{self, Both, Kind, both, same};
use crate::report::svg::Sheet;
use crate::report::sweeps::Sweep;
use crate::report::verdict::valued;
use crate::report::words;

/// Most parameters of a tornado.
const BARS: usize = 12;
/// Part of a metric that a change must exceed to be one and not a rest of rounding.
const NOTHING: f64 = 1e-9;
/// Cells of the screen in the line above a bar, for its name and its number.
const LINE: usize = 52;
/// Most charts of a figure.
const SHEETS: usize = 8;

/// The change of a metric at a place along a parameter.
struct Effect {
    metric: usize,
    place: usize,
    parameter: usize,
    change: Moments,
    r2: f64,
}

/// Two places that have the same of a metric at some value of a parameter.
struct Even {
    metric: usize,
    places: (usize, usize),
    parameter: usize,
    at: Moments,
}

fn label(sweep: &Sweep, place: usize) -> String {
    let (arm, platform) = &sweep.places[place];
    let whole = if arm == platform { arm.clone() } else { format!("{arm} / {platform}") };
    say::name(&whole, 22)
}

/// The parameter as it is called at a place: without the arm's name before it.
fn short(sweep: &Sweep, parameter: usize, place: usize) -> String {
    let (key, arm) = (&sweep.parameters[parameter].varied.key, &sweep.places[place].0);
    say::name(key.strip_prefix(&format!("arm.{arm}.")).unwrap_or(key), 32)
}

fn kind(sweep: &Sweep, metric: usize) -> Kind {
    Kind::of(&sweep.metrics[metric]).difference()
}

/// All changes, metric by metric, the greatest first.
fn effects(sweep: &Sweep) -> Vec<Effect> {
    let mut all = Vec::new();
    let judged = sweep.judged();
    let place = |metric: usize| judged.iter().position(|other| *other == metric);
    for metric in sweep.judged() {
        for place in 0..sweep.places.len() {
            let Some((mean, each)) = sweep.fit(metric, place) else { continue };
            let change = |parameter: usize| {
                let values: ByReplicate =
                    each.iter().map(|(r, fit)| (*r, fit.slopes[parameter])).collect();
                let change = Moments { mean: Some(mean.slopes[parameter]), ..over(&values) };
                Effect { metric, place, parameter, change, r2: mean.r2 }
            };
            let own = (0..sweep.parameters.len()).filter(|p| sweep.is_own(*p, place));
            // What is left of sums that cancel is no effect.
            let least = NOTHING * mean.slopes.iter().fold(mean.base.abs(), |a, b| a.max(b.abs()));
            all.extend(own.map(change).filter(|effect| size(effect) > least));
        }
    }
    all.sort_by(|a, b| place(a.metric).cmp(&place(b.metric)).then(size(b).total_cmp(&size(a))));
    all
}

fn size(effect: &Effect) -> f64 {
    effect.change.mean.unwrap_or(0.0).abs()
}

/// All crossings of two places.
fn evens(sweep: &Sweep) -> Vec<Even> {
    let n = sweep.places.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    let mut all = Vec::new();
    for metric in sweep.judged() {
        for (parameter, places) in
            (0..sweep.parameters.len()).flat_map(|p| pairs.iter().map(move |pair| (p, *pair)))
        {
            let Some((mean, each)) = sweep.crossing(metric, places, parameter) else { continue };
            let whole = each.len() == sweep.n(metric, places.0).min(sweep.n(metric, places.1));
            let spread = over(&each);
            // A replicate without a crossing leaves the interval open.
            let ci95 = spread.ci95.filter(|_| whole);
            let at = Moments { mean: Some(mean), ci95, ..spread };
            all.push(Even { metric, places, parameter, at });
        }
    }
    all
}

/// A number of a parameter.
fn value(x: f64) -> String {
    Kind::Count.cell(x)
}

fn tornado(sweep: &Sweep, effects: &[Effect]) -> Vec<Sheet> {
    let chart = |own: &[Effect]| {
        let metric = own[0].metric;
        let title = words::metric(&sweep.metrics[metric].name);
        let rows: Vec<Row> = own.iter().take(BARS).map(|effect| row(sweep, effect)).collect();
        charts::forest(title, &rows, kind(sweep, metric))
    };
    effects.chunk_by(|a, b| a.metric == b.metric).take(SHEETS).map(chart).collect()
}

/// What a bar is called: the arm where there are several, and the parameter.
fn bar(sweep: &Sweep, effect: &Effect, room: usize) -> String {
    let parameter = short(sweep, effect.parameter, effect.place);
    if sweep.places.len() < 2 {
        return parameter;
    }
    say::ends(&format!("{}: {parameter}", label(sweep, effect.place)), room)
}

fn row(sweep: &Sweep, effect: &Effect) -> Row {
    let (kind, mean) = (kind(sweep, effect.metric), effect.change.mean.unwrap_or(0.0));
    let sign = if mean > 0.0 { "+" } else { "" };
    let size = kind.give_or_take(mean, effect.change.half_width());
    let room = LINE - say::cells(&size).min(LINE / 2);
    Row {
        place: sweep.inks[effect.place],
        label: same(bar(sweep, effect, room)),
        value: mean,
        ends: effect.change.ci95,
        note: same(format!("{sign}{size}")),
    }
}

/// What the strongest change of the first metric is.
fn strongest(sweep: &Sweep, effects: &[Effect]) -> Option<Both> {
    let first = effects.first()?.metric;
    let open =
        |effect: &Effect| effect.change.ci95.is_some_and(|(low, high)| low <= 0.0 && high >= 0.0);
    let own = effects.iter().filter(|effect| effect.metric == first);
    // What is separated from chance goes before what is larger but is not.
    let key = |effect: &Effect| (!open(effect), size(effect));
    let best = own.max_by(|a, b| key(a).0.cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1)))?;
    let metric = words::metric(&sweep.metrics[first].name);
    let label = label(sweep, best.place);
    let parameter = &sweep.parameters[best.parameter];
    let key = short(sweep, best.parameter, best.place);
    let (low, high) = (value(parameter.ends.0), value(parameter.ends.1));
    let unit = words::unit(&parameter.varied.unit);
    let by = valued(kind(sweep, first), &best.change);
    if open(best) {
        return Some(both(
            format!("No swept parameter changes {} by more than chance would", metric.en),
            format!("没有任何扫描参数对{}的影响超出偶然", metric.zh),
        ));
    }
    // What is larger may still be chance, and is not called less.
    let larger = effects.iter().any(|one| one.metric == first && size(one) > size(best));
    let (most, most_zh, but, but_zh) = match larger {
        true => (
            "",
            "确受",
            "; larger changes are not separated from chance",
            "；更大的变化未能与偶然区分",
        ),
        false => (" most", "最受", "", ""),
    };
    Some(both(
        format!(
            "{} depends{most} on {key} of {label}: from {low} to {high}{} it changes by {}{but}",
            metric.en, unit.en, by.en
        ),
        format!(
            "{}{most_zh} {label} 的 {key} 影响：由 {low} 至 {high}{}，变化 {}{but_zh}",
            metric.zh, unit.zh, by.zh
        ),
    ))
}

fn even_words(sweep: &Sweep, even: &Even) -> Both {
    let metric = words::metric(&sweep.metrics[even.metric].name);
    let (a, b) = (label(sweep, even.places.0), label(sweep, even.places.1));
    let key = say::name(&sweep.parameters[even.parameter].varied.key, 60);
    let at = value(even.at.mean.unwrap_or(0.0));
    let parameter = &sweep.parameters[even.parameter];
    let (least, most) = parameter.ends;
    let unit = words::unit(&parameter.varied.unit);
    let beyond = even.at.ci95.is_some_and(|(low, high)| low < least || high > most);
    let ends = even.at.ci95.map(|(low, high)| (value(low), value(high)));
    let (en, zh) = match ends {
        _ if beyond => (
            format!("{}, give or take more than what was swept", unit.en),
            format!("{}（不确定范围超出扫描取值）", unit.zh),
        ),
        Some((low, high)) => (
            format!("{} (95\u{a0}% interval {low} to {high})", unit.en),
            format!("{}（95% 区间 {low} 至 {high}）", unit.zh),
        ),
        None => (unit.en, unit.zh + " "),
    };
    both(
        format!("{a} and {b} have the same {} where {key} is {at}{en}", metric.en),
        format!("{key} 为 {at}{zh}时，{a} 与 {b} 的{}相等", metric.zh),
    )
}

/// The answer of a sweep alone.
#[must_use]
pub fn headline(sweep: &Sweep) -> Vec<Both> {
    let stop = |text: Both| both(format!("{}.", text.en), format!("{}。", text.zh));
    let mut all: Vec<Both> = strongest(sweep, &effects(sweep)).map(stop).into_iter().collect();
    all.extend(evens(sweep).iter().take(3).map(|even| stop(even_words(sweep, even))));
    if all.is_empty() {
        all.push(both(
            "The sweep does not tell what matters: it needs numbers that vary, more points than \
             parameters, and at least one replicate that is complete at every point.",
            "这次扫描无法说明何者重要：需要取值不同的数值参数、多于参数个数的设计点，以及在所有设计点上完整的重复。",
        ));
    }
    all
}

/// What was swept, in a line.
#[must_use]
pub fn what(sweep: &Sweep) -> Both {
    let (arms, points) = (sweep.places.len(), sweep.plan.points.len());
    let (varied, kind) = (sweep.plan.varied.len(), words::design(&sweep.plan.design.kind));
    both(
        format!(
            "a sweep: {points} points of {varied} parameters ({}), {arms} arms or platforms",
            kind.en
        ),
        format!(
            "参数扫描：{varied} 个参数的 {points} 个设计点（{}），{arms} 个方案（或平台）",
            kind.zh
        ),
    )
}

/// What is wrong with it.
#[must_use]
pub fn warnings(sweep: &Sweep) -> Vec<Both> {
    let runs = &sweep.manifest.runs;
    let missing = runs.planned.saturating_sub(runs.complete);
    let mut all = Vec::new();
    if missing > 0 || sweep.manifest.status != Status::Complete {
        all.push(both(
            format!("{missing} of {} runs of the sweep are not complete; replicates that lack a point are left out.", runs.planned),
            format!("扫描的 {} 个运行中有 {missing} 个不完整；缺少任一设计点的重复未计入。", runs.planned),
        ));
    }
    if sweep.manifest.shard != "1/1" {
        let shard = &sweep.manifest.shard;
        all.push(both(
            format!("This is shard {shard} of a sweep: the rest is in other folders."),
            format!("这是扫描的分片 {shard}：其余在其他文件夹中。"),
        ));
    }
    if replicates(sweep) == 1 {
        all.push(both(
            "There is one replicate at every point: no change of the sweep has an interval, and all may be chance.",
            "每个设计点只有一次重复：扫描的各项变化均无区间，可能出于偶然。",
        ));
    }
    all
}

/// The parts of a page of sweeps alone.
#[must_use]
pub fn page(sweeps: &[Sweep]) -> Vec<Section> {
    section(sweeps).into_iter().chain(again(sweeps)).collect()
}

/// The section; none without a sweep that tells something.
#[must_use]
pub fn section(sweeps: &[Sweep]) -> Option<Section> {
    // A second sweep's figures would have the names of the first's.
    let sweep = sweeps.iter().find(|sweep| !effects(sweep).is_empty())?;
    let (effects, evens) = (effects(sweep), evens(sweep));
    let figures = [tornado_figure(sweep, &effects), even_figure(sweep, &evens)];
    let none = both(
        "Break-even: along no swept parameter do two arms cross just once in a measure.",
        "盈亏平衡点：没有任何参数使两个方案在某项指标上恰好相交一次。",
    );
    let text = if evens.is_empty() && sweep.places.len() > 1 { vec![none] } else { Vec::new() };
    Some(Section {
        id: "sensitivity",
        title: both("What matters", "何者重要"),
        text,
        figures: figures.into_iter().flatten().collect(),
        ..Section::default()
    })
}

fn replicates(sweep: &Sweep) -> usize {
    (0..sweep.places.len()).map(|place| sweep.n(0, place)).max().unwrap_or(0)
}

fn tornado_figure(sweep: &Sweep, effects: &[Effect]) -> Option<Figure> {
    let points = sweep.plan.points.len();
    let mut about = basis(replicates(sweep)).then(&both(
        format!(
            ", {points} points. Change of the measure from the lowest to the highest value of each \
             parameter with the others held: one straight line a parameter, fitted to all points (least \
             squares), replicate by replicate. R² in the table says how much of it straight lines tell."
        ),
        format!(
            "，{points} 个设计点。其他参数不变时，指标在该参数由最低到最高取值间的变化：对全部设计点作线性回归（最小二乘），\
             逐次重复拟合；表中 R² 为直线所能解释的部分。"
        ),
    ));
    if effects.chunk_by(|a, b| a.metric == b.metric).any(|own| own.len() > BARS) {
        about = about.then(&both(
            format!(" The {BARS} greatest of each measure are drawn."),
            format!("每项指标仅绘最大的 {BARS} 项。"),
        ));
    }
    if !sweep.left_out.is_empty() {
        let names = say::name(&sweep.left_out.join(", "), 200);
        about = about.then(&both(
            format!(" Left out, not being numbers that vary: {names}."),
            format!("未列入（非数值或未变化）：{names}。"),
        ));
    }
    Some(Figure {
        id: "tornado",
        finding: strongest(sweep, effects)?,
        about,
        sheets: tornado(sweep, effects),
        table: effect_table(sweep, effects),
    })
}

fn effect_table(sweep: &Sweep, effects: &[Effect]) -> Table {
    let row = |effect: &Effect| {
        let parameter = &sweep.parameters[effect.parameter];
        let kind = kind(sweep, effect.metric);
        let (low, high) = effect.change.ci95.unzip();
        let number = |x: Option<f64>| Cell::number(x.map_or("–".to_owned(), |x| kind.cell(x)), x);
        vec![
            Cell::words(words::metric(&sweep.metrics[effect.metric].name)),
            Cell::words(same(label(sweep, effect.place))),
            Cell::words(same(say::name(&parameter.varied.key, 80))),
            Cell::number(value(parameter.ends.0), Some(parameter.ends.0)),
            Cell::number(value(parameter.ends.1), Some(parameter.ends.1)),
            number(effect.change.mean),
            number(low),
            number(high),
            Cell::words(kind.unit()),
            Cell::number(format!("{:.2}", effect.r2), Some(effect.r2)),
        ]
    };
    Table {
        caption: both("Changes along each parameter", "各参数引起的变化"),
        head: vec![
            both("measure", "指标"),
            both("arm", "方案"),
            both("parameter", "参数"),
            both("lowest", "最低取值"),
            both("highest", "最高取值"),
            both("change", "变化"),
            both("95 % from", "95% 下限"),
            both("to", "上限"),
            both("unit", "单位"),
            both("R²", "R²"),
        ],
        rows: effects.iter().map(row).collect(),
    }
}

fn even_figure(sweep: &Sweep, evens: &[Even]) -> Option<Figure> {
    let first = evens.first()?;
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for even in evens {
        if !seen.contains(&(even.metric, even.parameter)) && seen.len() < 4 {
            seen.push((even.metric, even.parameter));
        }
    }
    let how = if sweep.is_balanced() {
        both("Means by value of the parameter", "按参数取值的均值")
    } else {
        both(
            "Straight lines with the other parameters at their means, in logarithms where the highest value is \
             thirty times the lowest",
            "其他参数取均值时的回归直线（最高取值达最低的三十倍时取对数）",
        )
    };
    let about = basis(replicates(sweep)).then(&both(". ", "。")).then(&how).then(&both(
        "; band: 95\u{a0}% t-interval. Break-even: where two arms have the same; without an interval where some \
         replicates do not cross.",
        "；色带为 95% t 区间。盈亏平衡点为两方案相等之处；若部分重复不相交则不给区间。",
    ));
    Some(Figure {
        id: "break_even",
        finding: even_words(sweep, first),
        about,
        sheets: seen.iter().filter_map(|(m, p)| course(sweep, *m, *p)).collect(),
        table: even_table(sweep, evens),
    })
}

/// A metric of all arms along a parameter.
fn course(sweep: &Sweep, metric: usize, parameter: usize) -> Option<Sheet> {
    let one = |place: usize| Series {
        place: sweep.inks[place],
        label: label(sweep, place),
        points: sweep.course(metric, place, parameter),
        dots: false,
    };
    let all = (0..sweep.places.len()).take(8).map(one);
    let all: Vec<Series> = all.filter(|series| !series.points.is_empty()).collect();
    let key = say::name(&sweep.parameters[parameter].varied.key, 48);
    let kind = Kind::of(&sweep.metrics[metric]);
    let axes = Axes { x: same(key), free: true, from_zero: false, ..Axes::by_day(kind) };
    let (name, unit) = (words::metric(&sweep.metrics[metric].name), kind.unit());
    let title = if unit.en.is_empty() {
        name
    } else {
        both(format!("{}, {}", name.en, unit.en), format!("{}，{}", name.zh, unit.zh))
    };
    charts::lines(title, &all, &axes)
}

fn even_table(sweep: &Sweep, evens: &[Even]) -> Table {
    let row = |even: &Even| {
        let (low, high) = even.at.ci95.unzip();
        let number = |x: Option<f64>| Cell::number(x.map_or("–".to_owned(), value), x);
        vec![
            Cell::words(words::metric(&sweep.metrics[even.metric].name)),
            Cell::words(same(label(sweep, even.places.0))),
            Cell::words(same(label(sweep, even.places.1))),
            Cell::words(same(say::name(&sweep.parameters[even.parameter].varied.key, 80))),
            number(even.at.mean),
            number(low),
            number(high),
        ]
    };
    Table {
        caption: both("Where two arms are equal", "两方案相等之处"),
        head: vec![
            both("measure", "指标"),
            both("arm", "方案"),
            both("other arm", "另一方案"),
            both("parameter", "参数"),
            both("equal at", "相等时取值"),
            both("95 % from", "95% 下限"),
            both("to", "上限"),
        ],
        rows: evens.iter().map(row).collect(),
    }
}

/// How to get the sweeps again.
#[must_use]
pub fn again(sweeps: &[Sweep]) -> Option<Section> {
    let facts = |sweep: &Sweep| {
        let row = |what: Both, value: &str| {
            let mut cell = Cell::words(same(say::name(value, 600)));
            cell.class = "code";
            vec![Cell::words(what), cell]
        };
        let manifest = &sweep.manifest;
        let runs = format!("{} / {}", manifest.runs.complete, manifest.runs.planned);
        Table {
            caption: same(say::name(&sweep.label, 120)),
            head: vec![both("what", "项目"), both("value", "内容")],
            rows: vec![
                row(both("command", "命令"), manifest.command.as_deref().unwrap_or("")),
                row(both("varied", "变化的参数"), &sweep.plan.design.vary.join("  ")),
                row(both("version", "版本"), &format!("guanxi {}", manifest.engine_version)),
                row(both("runs complete", "完整运行"), &runs),
                row(both("digest of the plan", "计划摘要"), &manifest.plan),
                row(
                    both("digest of the tables", "数据表摘要"),
                    manifest.tables_digest.as_deref().unwrap_or(""),
                ),
            ],
        }
    };
    (!sweeps.is_empty()).then(|| Section {
        id: "again-sweep",
        title: both("How to reproduce the sweep", "如何复现参数扫描"),
        tables: sweeps.iter().map(facts).collect(),
        ..Section::default()
    })
}
