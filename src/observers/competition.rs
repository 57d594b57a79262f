//! The tables `market_shares` and `switching`: what each platform of an arm has of the
//! market, who uses several, and between which of them orders move.
//!
//! An order counts as won from another platform if the buyer's last granted order was
//! there. All counts are whole numbers, kept by consumer (one byte) and by month.

use super::Standing;
use crate::columns::{Columns, State};
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::history::MONTH_DAYS;
use crate::market::message::{Answer, Verdict};
use crate::market::tally::Tally;
use crate::mechanism::world::{MAX_PLATFORMS, World};
use crate::parallel;
use crate::table::{Cell, Rows};

/// No order yet.
const NOWHERE: u8 = u8::MAX;

/// What platforms sold in a span of days.
#[derive(Clone, Copy, Debug, Default)]
struct Sales {
    orders: [u64; MAX_PLATFORMS],
    gmv_fen: [i64; MAX_PLATFORMS],
    /// Row p, column q: orders on p whose buyer's last order was on q.
    moves: [[u64; MAX_PLATFORMS]; MAX_PLATFORMS],
}

crate::state! { Sales { orders, gmv_fen, moves } }

/// Who is a member where.
#[derive(Clone, Copy, Debug, Default)]
struct Members {
    /// Row p, column q: members of both; of p on the diagonal.
    both: [[u64; MAX_PLATFORMS]; MAX_PLATFORMS],
    /// Members of one platform and no other.
    only: [u64; MAX_PLATFORMS],
    /// Members of any.
    any: u64,
}

/// One platform in one month.
pub struct ShareView<'a> {
    platform: usize,
    month: u16,
    sales: &'a Sales,
    members: &'a Members,
}

crate::table! {
    /// One row a month, where an arm has several platforms.
    Shares("market_shares", "one row a month of 30 days, where an arm has several platforms: what the platform has of the arm's market; the last month may be shorter", v: ShareView<'_>) {
        month: Integer, "months", "reported month, from 1", "报告月,从1起" => Cell::from(u32::from(v.month));
        orders_count: Integer, "orders", "granted orders of the month", "当月成交订单数" => Cell::from(v.sales.orders[v.platform]);
        order_share: Number, "1", "share of all platforms' granted orders", "订单份额" => Cell::ratio(v.sales.orders[v.platform] as f64, v.sales.orders.iter().sum::<u64>() as f64);
        gmv_fen: Integer, "fen", "price of these orders", "当月成交额" => Cell::from(v.sales.gmv_fen[v.platform]);
        gmv_share: Number, "1", "share of all platforms' price of granted orders", "成交额份额" => Cell::ratio(v.sales.gmv_fen[v.platform] as f64, v.sales.gmv_fen.iter().sum::<i64>() as f64);
        members_count: Integer, "consumers", "members at the end of the month", "月末会员数" => Cell::from(v.members.both[v.platform][v.platform]);
        member_share: Number, "1", "of the consumers who are members anywhere, those who are members here", "会员渗透份额" => Cell::ratio(v.members.both[v.platform][v.platform] as f64, v.members.any as f64);
        exclusive_members_count: Integer, "consumers", "members who use no other platform", "独占会员数" => Cell::from(v.members.only[v.platform]);
    }
}

/// Two platforms in one month.
pub struct PairView<'a> {
    /// The platform, and the other one.
    pair: (usize, usize),
    other: &'a str,
    month: u16,
    sales: &'a Sales,
    members: &'a Members,
}

crate::table! {
    /// One row a month and other platform, where an arm has several.
    Switching("switching", "one row a month of 30 days and other platform of the arm: members of both, and orders won and lost", v: PairView<'_>) {
        month: Integer, "months", "reported month, from 1", "报告月,从1起" => Cell::from(u32::from(v.month));
        other_platform: Text, "", "the other platform", "另一平台" => Cell::from(v.other);
        members_both_count: Integer, "consumers", "members of both at the end of the month", "月末重叠会员数" => Cell::from(v.members.both[v.pair.0][v.pair.1]);
        orders_won_count: Integer, "orders", "granted orders here whose buyer's last order was there", "由对方转入订单数" => Cell::from(v.sales.moves[v.pair.0][v.pair.1]);
        orders_lost_count: Integer, "orders", "granted orders there whose buyer's last order was here", "转出至对方订单数" => Cell::from(v.sales.moves[v.pair.1][v.pair.0]);
    }
}

/// Watches an arm with several platforms.
#[derive(Debug)]
pub struct Competition {
    /// Platform of each consumer's last granted order.
    last: Vec<u8>,
    /// The own rank's count of today.
    today: Sales,
    month: Sales,
    total: Sales,
    /// Reported days so far.
    days: u16,
    shares: Vec<Rows>,
    switching: Vec<Rows>,
}

impl Competition {
    /// A watch over an arm before its first day; none where nobody competes.
    #[must_use]
    pub fn new(world: &World) -> Option<Self> {
        let platforms = world.platforms.len();
        (platforms > 1).then(|| Self {
            last: vec![NOWHERE; world.env.consumers.n() as usize],
            today: Sales::default(),
            month: Sales::default(),
            total: Sales::default(),
            days: 0,
            shares: vec![Rows::new(&Shares::SCHEMA); platforms],
            switching: vec![Rows::new(&Switching::SCHEMA); platforms],
        })
    }

    /// Rows and counts so far, in or out of a checkpoint.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        // The day's counts are in the month's by now, or of a burn-in and forgotten.
        let Self { last, today: _, month, total, days, shares, switching } = self;
        io.by_consumer_where_on(last);
        month.visit(io);
        total.visit(io);
        days.visit(io);
        shares.iter_mut().chain(switching).for_each(|rows| rows.columns(io));
    }

    /// Forgets the counts of the burn-in.
    pub fn begin(&mut self) {
        self.today = Sales::default();
        self.month = Sales::default();
    }

    /// Takes in granted orders.
    pub fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        let shards = world.env.consumers;
        let mut found = vec![Sales::default(); shards.count()];
        parallel::each_shard(shards, &mut self.last, &mut found, |shard, last, found| {
            let granted = answers.shards[shard].iter().filter(|a| a.verdict == Verdict::Granted);
            for order in granted.map(|answer| &answer.order) {
                let here = &mut last[shards.row_of(order.consumer)];
                let before = std::mem::replace(here, order.platform);
                if before != NOWHERE {
                    found.moves[usize::from(order.platform)][usize::from(before)] += 1;
                }
            }
        });
        found.iter().for_each(|sales| self.today.add(sales));
    }

    /// Takes in the counts of a reported day.
    pub fn day<'a>(&mut self, world: &World, tallies: impl Iterator<Item = &'a Tally>) {
        for (platform, tally) in tallies.enumerate() {
            self.month.orders[platform] += tally.over_channels(|c| c.ordered as i64) as u64;
            self.month.gmv_fen[platform] += tally.over_channels(|c| c.ordered_fen);
        }
        let mut today = std::mem::take(&mut self.today);
        world.link.add_up(today.moves.as_flattened_mut());
        self.month.add(&today);
        self.days += 1;
        if self.days.is_multiple_of(MONTH_DAYS) {
            self.close_month(world);
        }
    }

    /// The tables and the standing of each platform at the end.
    #[must_use]
    pub fn finish(mut self, world: &World) -> Vec<([Rows; 2], Standing)> {
        if !self.days.is_multiple_of(MONTH_DAYS) {
            self.close_month(world);
        }
        let members = Members::of(world);
        let standing = |platform| standing(platform, &self.total, &members);
        let tables = self.shares.into_iter().zip(self.switching);
        tables.enumerate().map(|(k, (shares, moves))| ([shares, moves], standing(k))).collect()
    }

    fn close_month(&mut self, world: &World) {
        let sales = std::mem::take(&mut self.month);
        self.total.add(&sales);
        let (month, members) = (self.days.div_ceil(MONTH_DAYS), Members::of(world));
        let (sales, members) = (&sales, &members);
        for platform in 0..world.platforms.len() {
            self.shares[platform].push(Shares::row(&ShareView { platform, month, sales, members }));
            for (k, other) in world.platforms.iter().enumerate().filter(|(k, _)| *k != platform) {
                let (pair, other) = ((platform, k), other.name.as_str());
                let view = PairView { pair, other, month, sales, members };
                self.switching[platform].push(Switching::row(&view));
            }
        }
    }
}

impl Sales {
    fn add(&mut self, other: &Self) {
        for (p, moves) in self.moves.iter_mut().enumerate() {
            self.orders[p] += other.orders[p];
            self.gmv_fen[p] += other.gmv_fen[p];
            moves.iter_mut().zip(other.moves[p]).for_each(|(sum, n)| *sum += n);
        }
    }
}

impl Members {
    fn of(world: &World) -> Self {
        let mut members = Self::default();
        let bitmaps: Vec<&[u64]> = world.platforms.iter().map(|p| &p.live.0[..]).collect();
        for word in 0..bitmaps.first().map_or(0, |words| words.len()) {
            let words = bitmaps.iter().map(|bitmap| bitmap[word]);
            let any = words.clone().fold(0, |any, word| any | word);
            members.any += u64::from(any.count_ones());
            for (p, own) in words.clone().enumerate() {
                let others = bitmaps.iter().enumerate().filter(|(q, _)| *q != p);
                let elsewhere = others.fold(0, |any, (_, bitmap)| any | bitmap[word]);
                members.only[p] += u64::from((own & !elsewhere).count_ones());
                for (q, other) in words.clone().enumerate() {
                    members.both[p][q] += u64::from((own & other).count_ones());
                }
            }
        }
        members.add_up(&world.link)
    }

    /// The members of all ranks.
    fn add_up(mut self, link: &Link) -> Self {
        link.add_up(self.both.as_flattened_mut());
        link.add_up(&mut self.only);
        link.add_up(std::slice::from_mut(&mut self.any));
        self
    }
}

fn standing(p: usize, total: &Sales, members: &Members) -> Standing {
    let share = |part: u64, whole: u64| part as f64 / whole as f64;
    let moved: u64 = total.moves[p].iter().sum();
    let own = members.both[p][p];
    Standing {
        order_share: share(total.orders[p], total.orders.iter().sum()),
        gmv_share: total.gmv_fen[p] as f64 / total.gmv_fen.iter().sum::<i64>() as f64,
        member_share: share(own, members.any),
        exclusive_share: share(members.only[p], own),
        switching_share: share(moved - total.moves[p][p], moved),
    }
}
