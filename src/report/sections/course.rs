//! What happens day by day: small multiples with bands.

use crate::output::statistics::moments;
use crate::report::charts::{self, Axes, Point, Series};
use crate::report::data::{ByReplicate, Course, Data, PlaceData, over};
use crate::report::page::{Cell, Figure, Section, Table, basis, count};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::svg::Sheet;

/// Most points of a line: beyond these the eye sees no more.
const POINTS: usize = 120;
/// Days over which daily counts are averaged.
const WEEK: usize = 7;

/// One chart: column, title, how it is written, whether it is averaged over a week.
struct Measure {
    columns: (&'static str, Option<&'static str>),
    title: Both,
    kind: Kind,
    weekly: bool,
}

fn measure(column: &'static str, kind: Kind, weekly: bool, title: Both) -> Measure {
    Measure { columns: (column, None), title, kind, weekly }
}

fn ratio(top: &'static str, bottom: &'static str, title: Both) -> Measure {
    Measure { columns: (top, Some(bottom)), title, kind: Kind::Percent, weekly: true }
}

impl Measure {
    /// The course of a replicate, averaged where asked for.
    fn of(&self, all: &PlaceData, replicate: u32) -> Vec<Option<f64>> {
        let column = |name| all.daily.get(name).and_then(|course: &Course| course.get(&replicate));
        let Some(top) = column(self.columns.0) else { return Vec::new() };
        let week = |values: &[Option<f64>], day: usize| {
            let first = (day + 1).saturating_sub(if self.weekly { WEEK } else { 1 });
            let known: Vec<f64> = values[first..=day].iter().flatten().copied().collect();
            (known.iter().sum::<f64>(), known.len())
        };
        let value = |day: usize| {
            let (sum, n) = week(top, day);
            match self.columns.1 {
                None => (n > 0).then(|| sum / n as f64),
                Some(bottom) => {
                    let below = week(column(bottom)?.get(..top.len())?, day).0;
                    (below > 0.0).then(|| sum / below)
                }
            }
        };
        (0..top.len()).map(value).collect()
    }
}

/// Mean and interval by day, one in `stride` and the last.
#[must_use]
pub fn band(courses: &[Vec<Option<f64>>], stride: usize) -> Vec<Point> {
    let days = courses.iter().map(Vec::len).max().unwrap_or(0);
    let wanted = |day: &usize| day.is_multiple_of(stride) || day + 1 == days;
    let point = |day: usize| {
        let known: Vec<f64> = courses.iter().filter_map(|one| *one.get(day)?).collect();
        let found = moments(&known);
        Some((day as f64 + 1.0, found.mean?, found.ci95))
    };
    (0..days).filter(wanted).filter_map(point).collect()
}

fn series(data: &Data, measure: &Measure) -> Vec<Series> {
    let one = |place: usize| {
        let of = &data.of[place];
        let replicates = of.daily.get(measure.columns.0).into_iter().flat_map(|c| c.keys());
        let courses: Vec<_> = replicates.map(|replicate| measure.of(of, *replicate)).collect();
        let days = courses.iter().map(Vec::len).max().unwrap_or(0);
        Series {
            place,
            label: data.places[place].label.clone(),
            points: band(&courses, days.div_ceil(POINTS).max(1)),
            dots: false,
        }
    };
    let all = (0..data.places.len()).map(one);
    all.filter(|one| one.points.iter().any(|p| p.1 != 0.0)).collect()
}

/// The charts and the table behind them; none where no measure has a value.
fn figure(
    data: &Data,
    id: &'static str,
    measures: &[Measure],
    finding: impl Fn(&[Series], &Measure) -> Both,
) -> Option<Figure> {
    let all: Vec<Vec<Series>> = measures.iter().map(|one| series(data, one)).collect();
    let sheet = |(series, measure): (&Vec<Series>, &Measure)| -> Option<Sheet> {
        let from_zero = measure.kind != Kind::Plain;
        let axes = Axes { from_zero, ..Axes::by_day(measure.kind) };
        let unit = measure.kind.unit();
        let unit = if unit.en.is_empty() {
            same("")
        } else {
            both(format!(", {}", unit.en), format!("，{}", unit.zh))
        };
        charts::lines(measure.title.then(&unit), &shown(data, series), &axes)
    };
    let sheets: Vec<Sheet> = all.iter().zip(measures).filter_map(sheet).collect();
    let first = all.iter().zip(measures).find(|(series, _)| !series.is_empty())?;
    let weekly = both(
        ". Line: mean over replicates; band: 95\u{a0}% t-interval of the mean. Daily counts and shares are \
         averaged over the 7 days before.",
        "。线为各重复均值，色带为均值的 95% t 区间。每日计数与占比取前 7 天平均。",
    );
    Some(Figure {
        id,
        finding: finding(first.0, first.1),
        about: count(data.replicates()).then(&weekly),
        sheets,
        table: table(data, &all, measures),
    })
}

/// Of many lines those that are drawn.
fn shown(data: &Data, all: &[Series]) -> Vec<Series> {
    let drawn = rank::drawn(data);
    all.iter().filter(|one| drawn.contains(&one.place)).cloned().collect()
}

/// About two dozen days of each measure and arm.
fn table(data: &Data, all: &[Vec<Series>], measures: &[Measure]) -> Table {
    let mut rows = Vec::new();
    for (series, measure) in all.iter().zip(measures) {
        for one in series {
            let step = one.points.len().div_ceil(12).max(1);
            let last = one.points.len() - 1;
            let shown =
                one.points.iter().enumerate().filter(|(k, _)| k.is_multiple_of(step) || *k == last);
            for (_, (day, mean, ends)) in shown {
                let half = ends.map(|(low, high)| (high - low) / 2.0);
                rows.push(vec![
                    Cell::words(measure.title.clone()),
                    Cell::words(same(data.places[one.place].label.as_str())),
                    Cell::number(format!("{day}"), Some(*day)),
                    Cell::number(measure.kind.give_or_take(*mean, half), Some(*mean)),
                    Cell::words(measure.kind.unit()),
                ]);
            }
        }
    }
    Table {
        caption: both(
            "Some of the days; all are in the run folder's tables",
            "部分日期；全部日期见运行文件夹的数据表",
        ),
        head: vec![
            both("measure", "指标"),
            both("arm", "方案"),
            both("day", "日"),
            both("mean", "均值"),
            both("unit", "单位"),
        ],
        rows,
    }
}

/// The last value of a measure by replicate.
fn last(data: &Data, measure: &Measure, place: usize) -> ByReplicate {
    let of = &data.of[place];
    let replicates = of.daily.get(measure.columns.0).into_iter().flat_map(|course| course.keys());
    let value = |replicate: &u32| Some((*replicate, (*measure.of(of, *replicate).last()?)?));
    replicates.filter_map(value).collect()
}

/// Who ends highest, and with how much.
fn ending(data: &Data, all: &[(usize, ByReplicate)], measure: &Measure) -> Both {
    let label = |place: usize| data.places[place].label.as_str();
    let value = |place: usize| {
        let own = all.iter().find(|one| one.0 == place).and_then(|one| over(&one.1).mean);
        measure.kind.words(own.unwrap_or(0.0))
    };
    let title = &measure.title;
    let first = |place: usize| {
        both(
            format!("{} ends highest in {}: {}", label(place), title.en, value(place).en),
            format!("期末{}以 {} 最高：{}", title.zh, label(place), value(place).zh),
        )
    };
    let alone = |place: usize| {
        both(
            format!("{} ends with {}: {}", label(place), title.en, value(place).en),
            format!("{} 期末的{}：{}", label(place), title.zh, value(place).zh),
        )
    };
    let what = both(format!("{} in the end", title.en), format!("期末{}", title.zh));
    let told = rank::told(data, all, &Saying { alone: &alone, first: &first, what });
    told.unwrap_or_else(|| title.clone())
}

/// Who ends highest in the first measure.
fn highest(data: &Data) -> impl Fn(&[Series], &Measure) -> Both + '_ {
    |series, measure| ending(data, &lasts(data, series, measure), measure)
}

fn lasts(data: &Data, series: &[Series], measure: &Measure) -> rank::Values {
    series.iter().map(|one| (one.place, last(data, measure, one.place))).collect()
}

/// Who delivers slowest in the end.
fn slowest(data: &Data, series: &[Series], measure: &Measure) -> Both {
    let all = lasts(data, series, measure);
    if measure.kind != Kind::Days {
        return ending(data, &all, measure);
    }
    let said = |place: usize, en: &str, zh: &str| {
        let own = all.iter().find(|one| one.0 == place).and_then(|one| over(&one.1).mean);
        let (value, label) = (measure.kind.words(own.unwrap_or(0.0)), &data.places[place].label);
        both(
            format!("{label} {en} in the end: {} from order to delivery", value.en),
            format!("期末 {label} {zh}：下单至送达 {}", value.zh),
        )
    };
    let first = |place| said(place, "is slowest", "配送最慢");
    let alone = |place| said(place, "delivers", "的配送");
    let what = both("time to delivery in the end", "期末平均配送时间");
    let told = rank::told(data, &all, &Saying { alone: &alone, first: &first, what });
    told.unwrap_or_else(|| measure.title.clone())
}

fn section_of(id: &'static str, title: Both, figure: Option<Figure>) -> Option<Section> {
    let figure = figure.filter(|figure| !figure.sheets.is_empty())?;
    Some(Section { id, title, figures: vec![figure], ..Section::default() })
}

/// Members, buyers, orders, money and trust.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let measures = [
        measure("gmv_fen", Kind::Money, true, both("GMV a day", "日成交额")),
        measure("active_buyers_count", Kind::Count, false, both("active buyers", "年活跃买家数")),
        measure("members_count", Kind::Count, false, both("members", "会员数")),
        measure("orders_count", Kind::Count, true, both("orders a day", "日成交订单数")),
        measure("trust_mean", Kind::Plain, false, both("mean trust", "平均信任度")),
        measure(
            "marketing_spend_fen",
            Kind::Money,
            true,
            both("marketing spend a day", "日营销支出"),
        ),
    ];
    let figure = figure(data, "course", &measures, highest(data));
    section_of("course", both("Day by day", "逐日走势"), figure)
}

/// What spreads, in runs of classical diffusion.
#[must_use]
pub fn spread(data: &Data) -> Option<Section> {
    let measures = [
        measure("ever_count", Kind::Count, false, both("ever reached", "累计传播人数")),
        measure(
            "infected_count",
            Kind::Count,
            false,
            both("infected or adopted", "感染或采纳人数"),
        ),
        measure("new_count", Kind::Count, false, both("new on the day", "当日新增人数")),
    ];
    let figure = figure(data, "spread", &measures, highest(data));
    section_of("spread", both("What spreads", "传播过程"), figure)
}

/// Stock and delivery.
#[must_use]
pub fn supply(data: &Data) -> Option<Section> {
    let measures = [
        measure("delivery_days_mean", Kind::Days, true, both("time to delivery", "平均配送时间")),
        ratio("out_of_stock_count", "placed_count", both("orders out of stock", "缺货率")),
        ratio(
            "unfilled_count",
            "placed_count",
            both("orders of unfilled groups", "未成团订单占比"),
        ),
    ];
    let figure =
        figure(data, "supply", &measures, |series, measure| slowest(data, series, measure));
    section_of("supply", both("Stock and delivery", "库存与配送"), figure)
}

/// Market shares by month, where platforms compete.
#[must_use]
pub fn market(data: &Data) -> Option<Section> {
    let one = |place: usize| Series {
        place,
        label: data.places[place].label.clone(),
        points: band(&data.of[place].shares.values().cloned().collect::<Vec<_>>(), 1),
        dots: false,
    };
    let all: Vec<Series> =
        (0..data.places.len()).map(one).filter(|s| !s.points.is_empty()).collect();
    let shown = shown(data, &all);
    let axes = Axes { x: both("month", "月"), ..Axes::by_day(Kind::Percent) };
    let gmv = measure("gmv_share", Kind::Percent, false, both("share of GMV", "成交额市场份额"));
    let end = |place: usize| {
        let courses = data.of[place].shares.iter();
        courses.filter_map(|(r, course)| Some((*r, (*course.last()?)?))).collect()
    };
    let shares: rank::Values = all.iter().map(|one| (one.place, end(one.place))).collect();
    let sheet =
        charts::lines(both("share of the arm's GMV, %", "占本方案成交额份额，%"), &shown, &axes)?;
    let figure = Figure {
        id: "market",
        finding: ending(data, &shares, &gmv),
        about: basis(data.replicates()).then(&both(
            ". By month of 30 days; of all platforms of one arm.",
            "。以 30 天为一月；占同一方案内所有平台之比。",
        )),
        sheets: vec![sheet],
        table: table(data, std::slice::from_ref(&all), &[gmv]),
    };
    section_of("market", both("Market shares", "市场份额"), Some(figure))
}
