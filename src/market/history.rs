//! Who bought when: active buyers of any window, and cohorts by month of registration.
//!
//! Everything is counted at the order, so that no day needs a look at all consumers: by many
//! threads at once, each into [`Sales`] of its own, which the history takes in at the end of
//! the day.

use crate::columns::Columns;

/// Days of a cohort's month.
pub const MONTH_DAYS: u16 = 30;

/// A granted order as the history sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Day of the buyer's registration.
    pub acquired_day: u16,
    /// Day of the buyer's order before, [`NEVER`](super::member::NEVER) for a first one.
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

impl Cell {
    /// Adds an order, and whether its buyer has not been counted before.
    #[inline]
    fn enter(&mut self, is_new: bool, price_fen: u32) {
        self.add(Self { buyers: u64::from(is_new), orders: 1, gmv_fen: i64::from(price_fen) });
    }

    #[inline]
    fn add(&mut self, other: Self) {
        self.buyers += other.buyers;
        self.orders += other.orders;
        self.gmv_fen += other.gmv_fen;
    }
}

/// What a day's purchases are counted by, see [`History::page`].
#[derive(Clone, Debug, Default)]
pub struct Page {
    today: u16,
    /// Segments that are told apart on this day; 0 where nobody asks.
    pub n_segments: usize,
    /// The first day of the reported month.
    reported_month: u16,
    /// By day of registration.
    lives: Vec<Life>,
}

/// Where in its life a member is today: worked out once a day for all who registered on one.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// The cell of [`Sales::cohorts`].
    cell: u16,
    /// The day on which the month of life began; 0 for the first month, in which only a first order
    /// is new.
    since: u16,
}

impl Life {
    /// On a day, of who registered on another.
    fn of(acquired_day: u16, today: u16) -> Self {
        let age = age_months(acquired_day, today) as u16;
        let (cohort, oldest) = (acquired_day / MONTH_DAYS, today / MONTH_DAYS);
        let since = if age == 0 { 0 } else { acquired_day + age * MONTH_DAYS };
        Self { cell: 2 * cohort + oldest - cohort - age, since }
    }
}

/// Purchases of a day in one place, counted in tables that are small enough for every place to
/// have its own.
#[derive(Clone, Debug, Default)]
pub struct Sales {
    today: u16,
    reported_month: u16,
    /// First orders, then purchases by day of the buyer's order before.
    earlier: Vec<u32>,
    /// Second orders by the days since the first.
    repeated: [u32; MONTH_DAYS as usize + 1],
    /// Two cells a month of registration: on a day, its members are in one of two successive
    /// months of their lives, the later one first.
    cohorts: Vec<Cell>,
    segments: Vec<Cell>,
}

impl Sales {
    /// Makes room for purchases of a day. Those of the day before have been taken.
    pub fn begin(&mut self, page: &Page) {
        (self.today, self.reported_month) = (page.today, page.reported_month);
        let days = usize::from(page.today) + 1;
        self.earlier.resize(1 + days, 0);
        self.cohorts.resize(2 * days.div_ceil(usize::from(MONTH_DAYS)), Cell::default());
        self.segments.resize(page.n_segments, Cell::default());
    }

    /// Counts a purchase.
    #[inline]
    pub fn enter(&mut self, page: &Page, purchase: &Purchase) {
        let &Purchase { acquired_day, previous_day, price_fen, .. } = purchase;
        // What stands for never comes before all days.
        let previous = previous_day.wrapping_add(1);
        self.earlier[usize::from(previous)] += 1;
        // Which order is a second one cannot be foretold: of others nothing is added.
        let since = usize::from(page.today - purchase.first_day);
        let last = self.repeated.len() - 1;
        self.repeated[since.min(last)] += u32::from(purchase.is_second & (since <= last));
        let Life { cell, since } = page.lives[usize::from(acquired_day)];
        self.cohorts[usize::from(cell)].enter(previous <= since, price_fen);
        if let Some(cell) = self.segments.get_mut(usize::from(purchase.segment)) {
            cell.enter(previous <= page.reported_month, price_fen);
        }
    }
}

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

    /// What a day's purchases are counted by.
    #[must_use]
    pub fn page(&self, today: u16) -> Page {
        let reported = today.checked_sub(self.first_reported);
        let month = reported.map(|day| day / MONTH_DAYS);
        let segments = month.and_then(|month| self.segments.get(usize::from(month)));
        Page {
            today,
            n_segments: segments.map_or(0, Vec::len),
            reported_month: self.first_reported + month.unwrap_or(0) * MONTH_DAYS,
            lives: (0..=today).map(|acquired_day| Life::of(acquired_day, today)).collect(),
        }
    }

    /// Takes in what a day's purchases come to in one place, and leaves nothing there.
    pub fn take(&mut self, sales: &mut Sales) {
        let orders: u64 = sales.earlier.iter().map(|n| u64::from(*n)).sum();
        let Some((first_orders, earlier)) = sales.earlier.split_first_mut().filter(|_| orders > 0)
        else {
            return;
        };
        let today = usize::from(sales.today);
        // What is added first may be what is taken off: a buyer who orders twice on a day.
        let repeated = self.repeated[..=today].iter_mut().rev().zip(&mut sales.repeated);
        repeated.for_each(|(sum, n)| *sum += u64::from(std::mem::take(n)));
        self.first_orders[today] += u64::from(std::mem::take(first_orders));
        self.last_orders[today] += orders;
        let earlier = self.last_orders.iter_mut().zip(earlier);
        earlier.for_each(|(sum, n)| *sum -= u64::from(std::mem::take(n)));
        let month = today / usize::from(MONTH_DAYS);
        for (cohort, cells) in sales.cohorts.chunks_exact_mut(2).enumerate() {
            let ages = self.cohorts[cohort][..=month - cohort].iter_mut().rev();
            ages.zip(cells).for_each(|(sum, cell)| sum.add(std::mem::take(cell)));
        }
        let reported = sales.reported_month - self.first_reported;
        let segments = self.segments.get_mut(usize::from(reported / MONTH_DAYS));
        let segments = segments.into_iter().flatten().zip(&mut sales.segments);
        segments.for_each(|(sum, cell)| sum.add(std::mem::take(cell)));
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
    use crate::market::member::NEVER;

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
        let mut sales = Sales::default();
        for (purchase, today) in [(order(NEVER), 6), (order(6), 20), (order(20), 40)] {
            let page = history.page(today);
            sales.begin(&page);
            sales.enter(&page, &purchase);
            history.take(&mut sales);
            history.take(&mut sales);
        }
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
