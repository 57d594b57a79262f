//! Who bought when: active buyers of any window, and cohorts by month of registration.
//!
//! Everything is counted at the order, so that no day needs a look at all consumers.

use super::member::NEVER;
use crate::columns::Columns;

/// Days of a cohort's month.
pub const MONTH_DAYS: u16 = 30;

/// A granted order as the history sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Day of the buyer's registration.
    pub acquired_day: u16,
    /// Day of the buyer's order before, [`NEVER`] for a first one.
    pub previous_day: u16,
    /// Day of the buyer's first order; the purchase's own day for a first one.
    pub first_day: u16,
    /// Whether it is the buyer's second order.
    pub is_second: bool,
    /// The buyer's segment.
    pub segment: u8,
    /// Price.
    pub price_fen: u32,
}

/// One cohort in one month of its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Members of the cohort who ordered in that month.
    pub buyers: u64,
    /// Their orders.
    pub orders: u64,
    /// Money of these orders.
    pub gmv_fen: i64,
}

crate::state! { Cell { buyers, orders, gmv_fen } }

/// Counts of buyers by day, and of orders by cohort.
#[derive(Clone, Debug)]
pub struct History {
    /// Consumers by day of their last granted order.
    last_orders: Vec<u64>,
    /// Consumers by day of their first granted order.
    first_orders: Vec<u64>,
    /// Of these, those who ordered again within 30 days.
    repeated: Vec<u64>,
    /// New members by month of registration.
    pub members: Vec<u64>,
    /// Orders by month of registration, then by month since.
    pub cohorts: Vec<Vec<Cell>>,
    /// Orders by reported month, then by segment; empty where nobody asks.
    pub segments: Vec<Vec<Cell>>,
    /// The first reported day.
    first_reported: u16,
}

/// The month of life of a member in which a day falls, the first being 0.
#[must_use]
pub fn age_months(acquired_day: u16, day: u16) -> usize {
    usize::from(day.saturating_sub(acquired_day) / MONTH_DAYS)
}

impl History {
    /// An empty history of a run of so many days.
    #[must_use]
    pub fn new(days: usize) -> Self {
        let months = days / usize::from(MONTH_DAYS) + 1;
        Self {
            last_orders: vec![0; days],
            first_orders: vec![0; days],
            repeated: vec![0; days],
            members: vec![0; months],
            cohorts: (0..months).map(|m| vec![Cell::default(); months - m]).collect(),
            segments: Vec::new(),
            first_reported: 0,
        }
    }

    /// All counts, in or out of a checkpoint; a run may go on for more days than was planned.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            last_orders,
            first_orders,
            repeated,
            members,
            cohorts,
            segments,
            first_reported: _,
        } = self;
        for list in [last_orders, first_orders, repeated, members] {
            io.first_of(list);
        }
        for table in [cohorts, segments] {
            let n = io.length(table.len());
            if n > table.len() {
                io.refuse("days");
            }
            table.resize_with(n.max(table.len()), Vec::new);
            table[..n].iter_mut().for_each(|list| io.first_of(list));
        }
    }

    /// Counts by segment, too, from a day on.
    pub fn watch_segments(&mut self, n_segments: usize, first_reported: u16) {
        let days = self.last_orders.len().saturating_sub(usize::from(first_reported));
        let months = days.div_ceil(usize::from(MONTH_DAYS));
        self.segments = vec![vec![Cell::default(); n_segments]; months];
        self.first_reported = first_reported;
    }

    fn enter_segment(&mut self, purchase: &Purchase, today: u16) {
        let Some(reported) = today.checked_sub(self.first_reported) else { return };
        let month = reported / MONTH_DAYS;
        let Some(cells) = self.segments.get_mut(usize::from(month)) else { return };
        let cell = &mut cells[usize::from(purchase.segment)];
        let start = self.first_reported + month * MONTH_DAYS;
        cell.buyers += u64::from(purchase.previous_day == NEVER || purchase.previous_day < start);
        cell.orders += 1;
        cell.gmv_fen += i64::from(purchase.price_fen);
    }

    /// Enters the orders of one wave and empties the list.
    pub fn enter(&mut self, purchases: &mut Vec<Purchase>, today: u16) {
        for purchase in purchases.drain(..) {
            self.enter_segment(&purchase, today);
            let first_ever = purchase.previous_day == NEVER;
            if !first_ever {
                self.last_orders[usize::from(purchase.previous_day)] -= 1;
            }
            self.last_orders[usize::from(today)] += 1;
            self.first_orders[usize::from(purchase.first_day)] += u64::from(first_ever);
            let again = purchase.is_second && today - purchase.first_day <= MONTH_DAYS;
            self.repeated[usize::from(purchase.first_day)] += u64::from(again);
            let age = age_months(purchase.acquired_day, today);
            let cohort = usize::from(purchase.acquired_day / MONTH_DAYS);
            let cell = &mut self.cohorts[cohort][age];
            let first_in_month =
                first_ever || age_months(purchase.acquired_day, purchase.previous_day) < age;
            cell.buyers += u64::from(first_in_month);
            cell.orders += 1;
            cell.gmv_fen += i64::from(purchase.price_fen);
        }
    }

    /// Shows every count that purchases change.
    pub fn each_count(&mut self, act: &mut dyn FnMut(u64) -> u64) {
        let Self { last_orders, first_orders, repeated, cohorts, segments, .. } = self;
        for list in [last_orders, first_orders, repeated] {
            list.iter_mut().for_each(|count| *count = act(*count));
        }
        for cell in cohorts.iter_mut().chain(segments).flatten() {
            cell.buyers = act(cell.buyers);
            cell.orders = act(cell.orders);
            cell.gmv_fen = act(cell.gmv_fen as u64) as i64;
        }
    }

    /// Of the consumers whose first order fell on the days `from..until`, those who
    /// ordered again within 30 days, as (repeated, all).
    #[must_use]
    pub fn repeated_within_month(&self, from: u16, until: u16) -> (u64, u64) {
        let days = usize::from(from)..usize::from(until.max(from));
        (self.repeated[days.clone()].iter().sum(), self.first_orders[days].iter().sum())
    }

    /// Consumers whose last order was within the last `window` days, today included.
    #[must_use]
    pub fn active_buyers(&self, today: u16, window: u16) -> u64 {
        let first = usize::from((today + 1).saturating_sub(window));
        self.last_orders[first..=usize::from(today)].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyer_counts_once_in_a_window_and_once_in_a_month_of_life() {
        let mut history = History::new(100);
        let order = |previous_day| Purchase {
            acquired_day: 5,
            previous_day,
            first_day: 6,
            is_second: previous_day == 6,
            segment: 1,
            price_fen: 10,
        };
        history.watch_segments(2, 10);
        history.enter(&mut vec![order(NEVER)], 6);
        history.enter(&mut vec![order(6)], 20);
        history.enter(&mut vec![order(20)], 40);
        assert_eq!(history.repeated_within_month(0, 10), (1, 1));
        assert_eq!(history.active_buyers(40, 365), 1);
        assert_eq!(history.active_buyers(90, 30), 0);
        assert_eq!(history.cohorts[0][0], Cell { buyers: 1, orders: 2, gmv_fen: 20 });
        let twice = Cell { buyers: 1, orders: 1, gmv_fen: 10 };
        let segments: Vec<Cell> = history.segments.iter().map(|month| month[1]).collect();
        assert_eq!(segments, [twice, twice, Cell::default()]);
        assert_eq!(history.cohorts[0][1], Cell { buyers: 1, orders: 1, gmv_fen: 10 });
    }
}
