//! The table `cohorts`: one row a cohort and month of its life.

use crate::market::history::{Cell as Month, History, MONTH_DAYS};
use crate::table::{Cell, Rows};

/// One cohort in one month of its life.
pub struct CohortView {
    cohort: usize,
    age: usize,
    members: u64,
    month: Month,
}

crate::table! {
    /// One row a cohort and month.
    Cohorts("cohorts", "one row a cohort (registrations of 30 days, burn-in included) and month of life; of the last months some members have not lived the whole", v: CohortView) {
        cohort_month: Integer, "months", "month of registration, from 0, of 30 days each", "注册月份,从0起" => Cell::from(v.cohort as u64);
        age_months: Integer, "months", "months since registration, from 0", "注册后月数" => Cell::from(v.age as u64);
        members_count: Integer, "consumers", "members of the cohort", "该批会员数" => Cell::from(v.members);
        buyers_count: Integer, "consumers", "members who ordered in that month of their life", "当月买家数" => Cell::from(v.month.buyers);
        orders_count: Integer, "orders", "their granted orders", "当月订单数" => Cell::from(v.month.orders);
        gmv_fen: Integer, "fen", "price of these orders", "当月成交额" => Cell::from(v.month.gmv_fen);
    }
}

/// The rows of a run of `days_done` days.
#[must_use]
pub fn rows(history: &History, days_done: u16) -> Rows {
    let mut rows = Rows::new(&Cohorts::SCHEMA);
    let months = usize::from(days_done.div_ceil(MONTH_DAYS));
    for (cohort, ages) in history.cohorts.iter().enumerate().take(months) {
        let members = history.members[cohort];
        for (age, month) in ages.iter().enumerate().take(months - cohort).filter(|_| members > 0) {
            rows.push(Cohorts::row(&CohortView { cohort, age, members, month: *month }));
        }
    }
    rows
}
