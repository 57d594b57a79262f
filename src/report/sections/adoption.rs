//! Adoption, with the Bass model fitted to it.

use crate::quantity::math;
use crate::report::bass::{self, Bass};
use crate::report::charts::{self, Axes, Series};
use crate::report::data::{ByReplicate, Data, over};
use crate::report::page::{Cell, Figure, Section, Table, count, spread};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::sections::course::band;
use crate::report::svg::BLACK;

/// Smallest p and q whose logarithm is taken.
const TINY: f64 = 1e-9;
/// Ratio of q to p beyond which p is as good as nothing.
const MOST: f64 = 1000.0;

/// The fits of one place.
struct Fit {
    place: usize,
    courses: Vec<Vec<Option<f64>>>,
    /// Of the mean course.
    mean: Bass,
    /// p, q and m by replicate.
    each: [ByReplicate; 3],
    days: usize,
}

/// The column that tells adoption: what spreads, or who registered.
fn column(data: &Data) -> &'static str {
    let spreads = data.of.iter().any(|of| of.daily.contains_key("ever_count"));
    if spreads { "ever_count" } else { "registered_count" }
}

fn fit(data: &Data, place: usize) -> Option<Fit> {
    let found = data.of[place].daily.get(column(data))?;
    let whole =
        |course: &[Option<f64>]| course.iter().map(|x| x.unwrap_or(0.0)).collect::<Vec<_>>();
    let courses: Vec<Vec<Option<f64>>> = found.values().cloned().collect();
    let mean: Vec<f64> = band(&courses, 1).iter().map(|point| point.1).collect();
    let mut each = [ByReplicate::new(), ByReplicate::new(), ByReplicate::new()];
    for (replicate, course) in found {
        if let Some(one) = bass::fit(&whole(course)) {
            for (values, x) in each.iter_mut().zip([one.p, one.q, one.m]) {
                values.insert(*replicate, x);
            }
        }
    }
    Some(Fit { place, courses, mean: bass::fit(&mean)?, each, days: mean.len() })
}

/// The section.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let fits: Vec<Fit> = (0..data.places.len()).filter_map(|place| fit(data, place)).collect();
    let finding = finding(data, &fits)?;
    let axes = Axes::by_day(Kind::Count);
    let drawn = rank::drawn(data);
    let sheets = fits.iter().filter(|fit| drawn.contains(&fit.place)).filter_map(|fit| {
        let title = same(data.places[fit.place].label.as_str());
        charts::lines(title, &series(fit), &axes)
    });
    let figure = Figure {
        id: "adoption",
        finding,
        about: count(data.replicates()).then(&both(
            ". Consumers, cumulative. Coloured dots: mean over replicates; black line: the Bass model \
             fitted to the mean. The 95\u{a0}% intervals of p, q and m in the table come from a fit to each \
             replicate.",
            "。消费者累计人数。彩色点为各重复均值，黑线为对均值拟合的巴斯模型；表中 p、q、m 的 95% 区间来自对每次重复的拟合。",
        )),
        sheets: sheets.collect(),
        table: table(data, &fits),
    };
    let text = both(
        "The Bass model has people adopt of their own accord (p) and by imitation of those who have (q). \
         m is how many will adopt after the first day; where the curve has not bent by the last day, m \
         is a guess, and p and q hang on it.",
        "巴斯模型认为，人们或自主采纳（p），或模仿已采纳者（q）。m 是首日之后最终采纳的人数；若曲线到最后一天仍未转弯，m 只是猜测，p 与 q 也随之不定。",
    );
    Some(Section {
        id: "adoption",
        title: both("Adoption", "采纳与巴斯模型"),
        text: vec![text],
        figures: vec![figure],
        ..Section::default()
    })
}

/// Who grows most by imitation.
fn finding(data: &Data, fits: &[Fit]) -> Option<Both> {
    if fits.iter().all(|fit| ratio(&fit.mean) <= 1.0) {
        let none =
            both("Nobody grows by imitation: q stays below p", "没有方案依靠模仿增长：q 均小于 p");
        return (!fits.is_empty()).then_some(none);
    }
    // Ratios are compared by their logarithms: those of a p near nothing would drown the rest.
    let log = |fit: &Fit| {
        let known = fit.each[0].iter().filter_map(|(r, p)| Some((*r, *p, *fit.each[1].get(r)?)));
        known.map(|(r, p, q)| (r, math::ln(q.max(TINY) / p.max(TINY)))).collect()
    };
    let all: rank::Values = fits.iter().map(|fit| (fit.place, log(fit))).collect();
    let times = |place: usize| {
        let found = fits.iter().find(|fit| fit.place == place).map_or(0.0, |fit| ratio(&fit.mean));
        if found > MOST {
            both("more than 1,000 times", "1,000 倍以上")
        } else {
            both(format!("{found:.0} times"), format!("{found:.0} 倍"))
        }
    };
    let said = |place: usize, en: &str, zh: &str| {
        let (label, times) = (&data.places[place].label, times(place));
        both(
            format!("{label} grows {en}by imitation: q is {} p", times.en),
            format!("{label} {zh}依靠模仿增长：q 为 p 的 {}", times.zh),
        )
    };
    let (alone, first) = (|place| said(place, "", ""), |place| said(place, "most ", "最"));
    let what =
        both("how far they grow by imitation (q over p)", "依靠模仿增长的程度（q 与 p 之比）");
    rank::told(data, &all, &Saying { alone: &alone, first: &first, what })
}

fn ratio(bass: &Bass) -> f64 {
    bass.q / bass.p
}

fn series(fit: &Fit) -> Vec<Series> {
    let dots = band(&fit.courses, fit.days.div_ceil(45).max(1));
    let dots = dots.into_iter().map(|(day, mean, _)| (day, mean, None)).collect();
    let step = fit.days.div_ceil(90).max(1);
    let line = (0..fit.days).step_by(step).map(|t| (t as f64 + 1.0, fit.mean.at(t as f64), None));
    let one = |place, points, dots| Series { place, label: String::new(), points, dots };
    vec![one(fit.place, dots, true), one(BLACK, line.collect(), false)]
}

fn table(data: &Data, fits: &[Fit]) -> Table {
    let head = [
        both("arm", "方案"),
        both("p, by day", "p（每日）"),
        both("q, by day", "q（每日）"),
        both("m, consumers", "m（人）"),
        both("R²", "R²"),
        both("is m seen?", "m 是否可见"),
    ];
    let rows = fits.iter().map(|fit| {
        let last = fit.mean.at(fit.days as f64 - 1.0);
        let seen: Both = if fit.mean.is_open(last) {
            both("no: more than twice what was seen", "否：超过已见人数的两倍")
        } else {
            both("yes", "是")
        };
        vec![
            Cell::words(same(data.places[fit.place].label.as_str())),
            small(&fit.each[0]),
            small(&fit.each[1]),
            spread(Kind::Count, &over(&fit.each[2])),
            Cell::number(format!("{:.4}", fit.mean.r2), Some(fit.mean.r2)),
            Cell::words(seen),
        ]
    });
    Table {
        caption: both("The fitted parameters, mean over replicates", "拟合参数，各重复均值"),
        head: head.to_vec(),
        rows: rows.collect(),
    }
}

/// A small number with its half-width.
fn small(values: &ByReplicate) -> Cell {
    let moments = over(values);
    let Some(mean) = moments.mean else { return Cell::number("–", None) };
    let half = moments.half_width().map_or(String::new(), |half| format!(" ± {half:.5}"));
    Cell::number(format!("{mean:.5}{half}"), Some(mean))
}
