//! Where the platform's money comes from and goes, tied to the ledger.
//!
//! Payments, refunds and settlements pass through the platform's hands; everything else that it
//! receives or pays is its own, and adds up to its revenue less its marketing.

use crate::report::charts::{self, Step};
use crate::report::data::{ByReplicate, Data, LedgerLine, over};
use crate::report::page::{Cell, Figure, Section, Table, basis, spread};
use crate::report::rank::{self, Saying};
use crate::report::say::{Both, Kind, both, same};
use crate::report::words;

/// Lines of other people's money.
const PASSING: [&str; 3] = ["payment", "refund", "settlement"];

/// The platform as party of the ledger.
const PLATFORM: &str = "platform";

/// What a line adds to the platform's own money: +1, −1, or nothing.
fn sign(line: &LedgerLine) -> f64 {
    let passing = PASSING.contains(&line.0.as_str());
    match (passing, line.1 == PLATFORM, line.2 == PLATFORM) {
        (false, true, false) => -1.0,
        (false, false, true) => 1.0,
        _ => 0.0,
    }
}

/// What remains to the platform, by replicate.
fn result(data: &Data, place: usize) -> ByReplicate {
    let mut sum = ByReplicate::new();
    for (line, values) in &data.of[place].ledger {
        for (replicate, fen) in values {
            *sum.entry(*replicate).or_default() += sign(line) * fen;
        }
    }
    sum
}

fn sheet(data: &Data, place: usize) -> crate::report::svg::Sheet {
    let mut own: Vec<(&LedgerLine, f64)> = data.of[place]
        .ledger
        .iter()
        .map(|(line, values)| (line, sign(line) * over(values).mean.unwrap_or(0.0)))
        .filter(|(_, fen)| *fen != 0.0)
        .collect();
    own.sort_by(|a, b| b.1.total_cmp(&a.1));
    let note = |fen: f64| {
        let words = Kind::Money.words(fen);
        let plus = if fen > 0.0 { "+" } else { "" };
        both(format!("{plus}{}", words.en), format!("{plus}{}", words.zh))
    };
    let mut steps: Vec<Step> = own
        .iter()
        .map(|(line, fen)| Step {
            label: words::line(&line.0),
            value: *fen,
            is_sum: false,
            note: note(*fen),
        })
        .collect();
    let left = over(&result(data, place));
    let mean = left.mean.unwrap_or(0.0);
    let sum = left.half_width().map_or_else(
        || note(mean),
        |half| same(Kind::Money.give_or_take(mean, Some(half))).then(&both(" yuan", " 元")),
    );
    steps
        .push(Step { label: both("what remains", "余额"), value: mean, is_sum: true, note: sum });
    charts::waterfall(same(data.places[place].label.as_str()), &steps)
}

/// The section.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let moves = |place: &usize| {
        let own = data.of[*place].ledger.iter().filter(|(line, _)| sign(line) != 0.0);
        own.flat_map(|(_, values)| values.values()).any(|fen| *fen != 0.0)
    };
    let shown: Vec<usize> = (0..data.places.len()).filter(moves).collect();
    let drawn = rank::drawn(data);
    let figure = Figure {
        id: "money",
        finding: finding(data, &shown)?,
        about: basis(data.replicates()).then(&both(
            ". The platform's own money over all days, line by line of the ledger; blue comes in, orange \
             goes out, grey is what remains, which is the measure platform_result_fen. Payments, refunds and \
             settlements pass through and are in the table.",
            "。全部日期内平台自有资金，按账本科目列出；蓝色为流入，橙色为流出，灰色为余额，即指标 platform_result_fen。\
             货款支付、退款与结算只是过账，见数据表。",
        )),
        sheets: drawn.iter().filter(|p| shown.contains(p)).map(|p| sheet(data, *p)).collect(),
        table: table(data, &shown),
    };
    Some(Section {
        id: "money",
        title: both("Money", "资金"),
        figures: vec![figure],
        ..Section::default()
    })
}

/// Whose platform has most left.
fn finding(data: &Data, shown: &[usize]) -> Option<Both> {
    let left: rank::Values = shown.iter().map(|place| (*place, result(data, *place))).collect();
    let said = |place: usize, lost: [&str; 4], won: [&str; 4]| {
        let left = over(&result(data, place));
        let value = crate::report::verdict::valued(Kind::Money, &left);
        let [en, en_tail, zh, zh_tail] = if left.mean < Some(0.0) { lost } else { won };
        let label = &data.places[place].label;
        both(
            format!("{en}{label} {en_tail}: {}", value.en),
            format!("{zh} {label} {zh_tail}：{}", value.zh),
        )
    };
    let first = |place| {
        let lost = [
            "No platform earns its marketing back; ",
            "comes closest",
            "各平台均未收回营销支出，以",
            "最接近",
        ];
        let won =
            ["", "leaves its platform most after marketing", "扣除营销后以", "的平台余额最多"];
        said(place, lost, won)
    };
    let alone = |place| {
        let lost = ["", "does not earn its marketing back", "", "未收回营销支出"];
        said(
            place,
            lost,
            ["", "leaves its platform something after marketing", "", "的平台营销后余额"],
        )
    };
    let what = both("what their platforms have left after marketing", "平台营销后余额");
    rank::told(data, &left, &Saying { alone: &alone, first: &first, what })
}

/// The whole ledger, and what remains to the platform.
fn table(data: &Data, shown: &[usize]) -> Table {
    let mut rows = Vec::new();
    for &place in shown {
        let label = || Cell::words(same(data.places[place].label.as_str()));
        for (line, values) in &data.of[place].ledger {
            rows.push(vec![
                label(),
                Cell::words(words::line(&line.0)),
                Cell::words(words::party(&line.1)),
                Cell::words(words::party(&line.2)),
                spread(Kind::Money, &over(values)),
            ]);
        }
        let mut left = spread(Kind::Money, &over(&result(data, place)));
        left.class = "n best";
        let empty = || Cell::words(same(""));
        let name = Cell::words(both("what remains to the platform", "平台余额"));
        rows.push(vec![label(), name, empty(), empty(), left]);
    }
    Table {
        caption: both(
            "The ledger over all days (tables/ledger.csv)",
            "全部日期的账本（tables/ledger.csv）",
        ),
        head: vec![
            both("arm", "方案"),
            both("line", "科目"),
            both("payer", "付款方"),
            both("payee", "收款方"),
            both("yuan", "元"),
        ],
        rows,
    }
}
