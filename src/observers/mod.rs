//! The registry of output tables and metrics, and what fills them.

pub mod cascades;
pub mod cohorts;
pub mod competition;
pub mod concentration;
pub mod daily;
pub mod funnel;
pub mod ledger;
pub mod metrics;
pub mod segments;
pub mod spread;

use crate::columns::{Columns, State};
use crate::exchange::Inbox;
use crate::market::ledger::{FLOWS, Flow, LINES, Postings};
use crate::market::message::Answer;
use crate::market::tally::Tally;
use crate::mechanism::world::World;
use crate::observer::Metric;
use crate::table::{Rows, Schema};
use competition::Competition;

/// Tables that a run writes, beside `summary` and `differences`.
pub const TABLES: &[&Schema] = &[
    &daily::Daily::SCHEMA,
    &funnel::Funnel::SCHEMA,
    &ledger::Flows::SCHEMA,
    &cohorts::Cohorts::SCHEMA,
    &cascades::Shapes::SCHEMA,
    &cascades::Largest::SCHEMA,
    &concentration::Concentration::SCHEMA,
    &competition::Shares::SCHEMA,
    &competition::Switching::SCHEMA,
    &segments::Segments::SCHEMA,
    &spread::Diffusion::SCHEMA,
];

/// Metrics of a run.
pub const METRICS: &[Metric] = metrics::METRICS;

/// What is known of one platform at the end of a reported day.
pub struct DayView<'a> {
    /// The platform's world.
    pub world: &'a World,
    /// Index of the platform.
    pub platform: usize,
    /// Reported day, from 1.
    pub day: u16,
    /// Day since the start of the run, burn-in included.
    pub clock_day: u16,
    /// Counts of the day.
    pub tally: &'a Tally,
    /// Money of the day.
    pub postings: &'a Postings,
}

/// What is added up over the reported days of one platform.
#[derive(Clone, Debug)]
pub struct Totals {
    /// Counts of all reported days.
    pub tally: Tally,
    /// Money of all reported days.
    pub postings: [i64; LINES],
    /// Reported days.
    pub days: u16,
    /// Members summed over days.
    pub member_days: u64,
    /// Marketing budgets summed over days.
    pub budget_fen: i64,
    /// Active buyers (365 days) before the first reported day.
    pub active_before: u64,
    /// Value of the stock at cost before the first reported day.
    pub stock_before_fen: i64,
}

crate::state! {
    Totals {
        tally, postings, days, member_days, budget_fen, active_before, stock_before_fen,
    }
}

/// What one platform has of its arm's market at the end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Share of granted orders.
    pub order_share: f64,
    /// Share of their price.
    pub gmv_share: f64,
    /// Of the consumers who are members anywhere, the share who are members here.
    pub member_share: f64,
    /// Share of the members who use no other platform.
    pub exclusive_share: f64,
    /// Of the orders of consumers who had ordered before, the share won from another platform.
    pub switching_share: f64,
}

/// What a diffusion came to.
#[derive(Clone, Copy, Debug)]
pub struct Outbreak {
    /// Share of the consumers who were ever infected, seeds included.
    pub ever_share: f64,
    /// Share who are infected at the end.
    pub infected_share: f64,
    /// Largest share who were infected at the end of a reported day.
    pub peak_share: f64,
    /// Reported day with most infections, the first of equals; not a number where there were none.
    pub peak_day: f64,
}

/// Money of the lines that `which` picks.
#[must_use]
pub fn money(postings: &[i64], which: impl Fn(&Flow) -> bool) -> i64 {
    FLOWS.iter().zip(postings).filter(|(flow, _)| which(flow)).map(|(_, amount)| amount).sum()
}

/// All observers of one arm.
pub struct Observers {
    burn_in: u16,
    daily: Vec<Rows>,
    funnel: Vec<Rows>,
    flows: Vec<Rows>,
    totals: Vec<Totals>,
    competition: Option<Competition>,
    months: Vec<segments::Months>,
    spread: spread::Course,
    concentration: concentration::Watch,
}

impl Observers {
    /// Observers of an arm before its first day.
    #[must_use]
    pub fn new(world: &World, burn_in: u16) -> Self {
        let n = world.platforms.len();
        let totals = world.platforms.iter().map(|_| Totals {
            tally: Tally::default(),
            postings: [0; LINES],
            days: 0,
            member_days: 0,
            budget_fen: 0,
            active_before: 0,
            stock_before_fen: 0,
        });
        Self {
            burn_in,
            daily: vec![Rows::new(&daily::Daily::SCHEMA); n],
            funnel: vec![Rows::new(&funnel::Funnel::SCHEMA); n],
            flows: vec![Rows::new(&ledger::Flows::SCHEMA); n],
            totals: totals.collect(),
            competition: Competition::new(world),
            months: vec![segments::Months::default(); n],
            spread: spread::Course::default(),
            concentration: concentration::Watch::new(world),
        }
    }

    /// Rows and sums so far, in or out of a checkpoint.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            burn_in: _,
            daily,
            funnel,
            flows,
            totals,
            competition,
            months,
            spread,
            concentration,
        } = self;
        for rows in daily.iter_mut().chain(funnel).chain(flows) {
            rows.columns(io);
        }
        totals.visit(io);
        if let Some(competition) = competition {
            competition.columns(io);
        }
        months.visit(io);
        spread.visit(io);
        concentration.columns(io);
    }

    /// Notes where the reported days begin, at the end of a burn-in.
    pub fn begin(&mut self, world: &World, clock_day: u16) {
        for (totals, platform) in self.totals.iter_mut().zip(&world.platforms) {
            totals.active_before = platform.history.active_buyers(clock_day, 365);
            totals.stock_before_fen = metrics::stock_fen(world, platform);
        }
        self.competition.iter_mut().for_each(Competition::begin);
        self.concentration.begin();
    }

    /// Takes in the answers of a wave, of all platforms.
    pub fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        if let Some(competition) = &mut self.competition {
            competition.answered(world, answers);
        }
    }

    /// What takes in the answers of a wave to consumers of a platform, piece by piece.
    pub fn pieces<'a>(
        &'a mut self,
        world: &World,
        platform: usize,
        answers: &'a Inbox<Answer>,
    ) -> Vec<concentration::Piece<'a>> {
        self.concentration.pieces(world.env.consumers, platform, answers)
    }

    /// Takes in a reported day: counts and money of each platform.
    pub fn day<'a>(
        &mut self,
        world: &World,
        clock_day: u16,
        books: impl Iterator<Item = (&'a Tally, &'a Postings)>,
    ) {
        let books: Vec<_> = books.collect();
        self.spread.day(world, clock_day - self.burn_in + 1);
        if let Some(competition) = &mut self.competition {
            competition.day(world, books.iter().map(|book| book.0));
        }
        for (platform, (tally, postings)) in books.into_iter().enumerate() {
            let day = clock_day - self.burn_in + 1;
            let view = DayView { world, platform, day, clock_day, tally, postings };
            self.daily[platform].push(daily::Daily::row(&view));
            funnel::add(&mut self.funnel[platform], &view);
            ledger::add(&mut self.flows[platform], &view);
            self.totals[platform].add(&view);
            self.months[platform].close(world, &world.platforms[platform], day);
        }
    }

    /// Tables and metrics of each platform after `days_done` days, burn-in included.
    #[must_use]
    pub fn finish(self, world: &World, days_done: u16) -> Vec<(Vec<Rows>, Vec<Option<f64>>)> {
        let Self {
            burn_in,
            daily,
            funnel,
            flows,
            totals,
            months,
            competition,
            spread,
            concentration,
        } = self;
        let (spread_rows, outbreak) = spread.finish().unzip();
        let mut spread_rows = spread_rows.into_iter();
        let days = days_done.saturating_sub(burn_in);
        let mut rivalry = competition.map(|c| c.finish(world)).unwrap_or_default().into_iter();
        let mut evenness = concentration.finish(&world.link).into_iter();
        let parts = daily.into_iter().zip(funnel).zip(flows).zip(totals).zip(months).enumerate();
        parts
            .map(|(index, ((((daily, funnel), flows), totals), months))| {
                let platform = &world.platforms[index];
                let cohorts = cohorts::rows(&platform.history, days_done);
                let shapes = cascades::rows(&platform.cascades, &world.link);
                let largest = cascades::largest_rows(&platform.cascades, &world.link);
                let mut tables = vec![daily, funnel, flows, cohorts, shapes, largest];
                tables.extend(evenness.next());
                tables.extend(months.rows(world, platform, days));
                let (shares, standing) = rivalry.next().unzip();
                tables.extend(shares.into_iter().flatten());
                // What spreads is an arm's: it stands with the first platform.
                tables.extend(spread_rows.next());
                let outbreak = outbreak.filter(|_| index == 0);
                let totals = &totals;
                let view =
                    metrics::RunView { world, platform, totals, standing, outbreak, days_done };
                (tables, metrics::values(&view))
            })
            .collect()
    }
}

impl Totals {
    fn add(&mut self, view: &DayView<'_>) {
        let platform = &view.world.platforms[view.platform];
        self.tally.add(view.tally);
        for (sum, amount) in self.postings.iter_mut().zip(&view.postings.0) {
            *sum += amount;
        }
        self.days += 1;
        self.member_days += platform.n_live;
        self.budget_fen += platform.daily_budget.0;
    }
}
