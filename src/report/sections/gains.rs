//! Who gains: how evenly sales spread over merchants, influencers, leaders and consumers.

use crate::output::statistics::Moments;
use crate::report::charts::{self, Axes, Point, Series};
use crate::report::data::{Data, over};
use crate::report::page::{Cell, Figure, Section, Table, basis, spread};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::svg::{BLACK, Sheet};
use crate::report::words;

/// The groups, as the table names them.
const GROUPS: [&str; 4] = ["merchants", "influencers", "leaders", "consumers"];

/// Gini coefficients that are nearer than this look alike.
const ALIKE: f64 = 0.02;

/// The curve of a group in a place: from nobody with nothing to everybody with all.
fn curve(data: &Data, place: usize, group: &str) -> Vec<Point> {
    let lorenz = &data.of[place].lorenz;
    let own = lorenz.iter().filter(|(key, _)| key.0 == group);
    let point = |(key, values): (&(String, u32), &_)| {
        let found = over(values);
        Some((100.0 * f64::from(key.1) / 1000.0, found.mean?, found.ci95))
    };
    let points: Vec<Point> = own.filter_map(point).collect();
    if points.is_empty() { points } else { [vec![(0.0, 0.0, None)], points].concat() }
}

fn gini(data: &Data, place: usize, group: &str) -> Moments {
    data.of[place].gini.get(group).map_or_else(|| over(&Default::default()), over)
}

fn sheet(data: &Data, group: &str) -> Option<Sheet> {
    let one = |place: usize| Series {
        place,
        label: data.places[place].label.clone(),
        points: curve(data, place, group),
        dots: false,
    };
    let mut all: Vec<Series> =
        rank::drawn(data).into_iter().map(one).filter(|series| !series.points.is_empty()).collect();
    if all.is_empty() {
        return None;
    }
    let even = vec![(0.0, 0.0, None), (100.0, 1.0, None)];
    all.push(Series { place: BLACK, label: String::new(), points: even, dots: false });
    let x = both("from the smallest, % (black: all equal)", "由小到大累计，%（黑线：完全平均）");
    let axes = Axes { x, free: true, ..Axes::by_day(Kind::Percent) };
    let title = words::party(group);
    let title =
        both(format!("{}: share of sales, %", title.en), format!("{}：成交额占比，%", title.zh));
    charts::lines(title, &all, &axes)
}

/// The section.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let known = |place: &usize, group: &str| Some((*place, gini(data, *place, group).mean?));
    let of = |group: &'static str| (0..data.places.len()).filter_map(move |p| known(&p, group));
    let most = of("merchants").max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least = of("merchants").min_by(|a, b| a.1.total_cmp(&b.1))?;
    let figure = Figure {
        id: "gains",
        finding: finding(data, most, least),
        about: basis(data.replicates()).then(&both(
            ". Lorenz curves: what part of the granted orders' price the smaller ones have, among those who \
             have any; the nearer to the black line, the more even. Influencers and leaders: what was sold \
             through them. Consumers: a sample of at most 65,536. The Gini coefficient in the table is 0 \
             where all have the same, near 1 where one has it all.",
            "。洛伦兹曲线：由小到大累计的成交额占比（仅计有成交者）；越接近黑线越平均。达人与团长按经其成交的金额计；\
             消费者为至多 65,536 人的样本。表中基尼系数 0 为完全平均，接近 1 为一家独占。",
        )),
        sheets: GROUPS.iter().filter_map(|group| sheet(data, group)).collect(),
        table: table(data),
    };
    Some(Section {
        id: "gains",
        title: both("Who gains", "谁受益"),
        figures: vec![figure],
        ..Section::default()
    })
}

fn finding(data: &Data, most: (usize, f64), least: (usize, f64)) -> Both {
    let label = |place: usize| data.places[place].label.as_str();
    let (high, low) = (format!("{:.2}", most.1), format!("{:.2}", least.1));
    let alone = |place: usize| {
        both(
            format!(
                "Sales of {} spread over merchants with a Gini coefficient of {high}",
                label(place)
            ),
            format!("{} 的成交额在商家间的基尼系数为 {high}", label(place)),
        )
    };
    if most.0 != least.0 && most.1 - least.1 < ALIKE {
        let range = if high == low { high } else { format!("{low} to {high}") };
        let zh = range.replace(" to ", " 至 ");
        return both(
            format!("Sales spread over merchants alike in all arms (Gini {range})"),
            format!("各方案的成交额在商家间分布相近（基尼系数 {zh}）"),
        );
    }
    let first = |place: usize| {
        both(
            format!(
                "Of merchants who sell, sales are least even in {} (Gini {high}), most even in {} ({low})",
                label(place),
                label(least.0)
            ),
            format!(
                "有成交的商家之间，成交额以 {} 最不平均（基尼系数 {high}），以 {} 最平均（{low}）",
                label(place),
                label(least.0)
            ),
        )
    };
    let what = both("how unevenly sales spread over merchants", "成交额在商家间的不平均程度");
    let of = |place: usize| data.of[place].gini.get("merchants").cloned().unwrap_or_default();
    let all: rank::Values = (0..data.places.len()).map(|place| (place, of(place))).collect();
    let told = rank::told(data, &all, &Saying { alone: &alone, first: &first, what });
    told.unwrap_or_else(|| alone(most.0))
}

fn table(data: &Data) -> Table {
    let mut rows = Vec::new();
    for (place, of) in data.places.iter().zip(&data.of) {
        let index = data.places.iter().position(|p| p == place).unwrap_or(0);
        for group in of.gini.keys() {
            let half = of.lorenz.get(&(group.clone(), 500)).map(over);
            let top = of.lorenz.get(&(group.clone(), 900)).map(over);
            let top = top.and_then(|top| top.mean).map(|below| 1.0 - below);
            let share = |x: Option<f64>| {
                Cell::number(x.map_or("–".to_owned(), |x| Kind::Percent.cell(x)), x)
            };
            rows.push(vec![
                Cell::words(same(place.label.as_str())),
                Cell::words(words::party(group)),
                spread(Kind::Plain, &gini(data, index, group)),
                of.having.get(group).map_or_else(Cell::default, |n| spread(Kind::Count, &over(n))),
                share(half.and_then(|half| half.mean)),
                share(top),
            ]);
        }
    }
    Table {
        caption: both(
            "How evenly sales spread (tables/concentration.csv)",
            "成交额的分布（tables/concentration.csv）",
        ),
        head: vec![
            both("arm", "方案"),
            both("group", "主体"),
            both("Gini", "基尼系数"),
            both("how many have any", "有成交者数"),
            both("smaller half has, %", "较小一半占比，%"),
            both("largest tenth has, %", "最大十分之一占比，%"),
        ],
        rows,
    }
}
