//! The table `ledger`: one row a reported day and line.

use super::DayView;
use crate::market::ledger::{FLOWS, Flow};
use crate::table::{Cell, Rows};

/// One line's day.
pub struct LineView {
    day: u16,
    flow: &'static Flow,
    amount_fen: i64,
}

crate::table! {
    /// One row a day and line.
    Flows("ledger", "one row a day and line: who paid whom, how much", v: LineView) {
        day: Integer, "days", "reported day, from 1", "报告日,从1起" => Cell::from(u32::from(v.day));
        line: Text, "", "kind of flow", "科目" => Cell::from(v.flow.name);
        payer: Text, "", "who pays", "付款方" => Cell::from(v.flow.payer.name());
        payee: Text, "", "who is paid", "收款方" => Cell::from(v.flow.payee.name());
        amount_fen: Integer, "fen", "money that moved", "金额" => Cell::from(v.amount_fen);
    }
}

/// Adds a day's rows, for the lines on which money moved.
pub fn add(rows: &mut Rows, view: &DayView<'_>) {
    for (flow, &amount_fen) in FLOWS.iter().zip(&view.postings.0) {
        if amount_fen != 0 {
            rows.push(Flows::row(&LineView { day: view.day, flow, amount_fen }));
        }
    }
}
