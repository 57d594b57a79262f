//! The table `segments`: one row a reported month and segment, where there are several.

use crate::columns::{Columns, State};
use crate::market::history::{Cell as Month, MONTH_DAYS};
use crate::market::platform::Platform;
use crate::mechanism::world::World;
use crate::parallel;
use crate::population::Segment;
use crate::table::{Cell, Rows};

/// One segment in one month.
pub struct SegmentView<'a> {
    month: usize,
    segment: &'a Segment,
    members: u64,
    orders: Month,
}

crate::table! {
    /// One row a month and segment.
    Segments("segments", "one row a reported month (30 days, the last one may be shorter) and segment; only where the scenario has several segments", v: SegmentView<'_>) {
        month: Integer, "months", "reported month, from 1", "报告月,从1起" => Cell::from(v.month as u64);
        segment: Text, "", "segment of consumers", "人群" => Cell::from(v.segment.name.as_str());
        tier: Integer, "1", "city tier of the segment, 1 to 5", "城市等级" => Cell::from(v.segment.tier);
        members_count: Integer, "consumers", "members at the end of the month", "月末会员数" => Cell::from(v.members);
        buyers_count: Integer, "consumers", "consumers who ordered in the month", "当月买家数" => Cell::from(v.orders.buyers);
        orders_count: Integer, "orders", "their granted orders", "当月订单数" => Cell::from(v.orders.orders);
        gmv_fen: Integer, "fen", "price of these orders", "当月成交额" => Cell::from(v.orders.gmv_fen);
    }
}

/// Members by segment at the end of every month so far.
#[derive(Clone, Debug, Default)]
pub struct Months(Vec<Vec<u64>>);

impl State for Months {
    fn blank() -> Self {
        Self::default()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.0.visit(io);
    }
}

impl Months {
    /// Counts members where a month ends with reported day `day` (from 1).
    pub fn close(&mut self, world: &World, platform: &Platform, day: u16) {
        if !platform.history.segments.is_empty() && day.is_multiple_of(MONTH_DAYS) {
            self.0.push(members(world, platform));
        }
    }

    /// The rows of a run of so many reported days; none where segments are not told apart.
    #[must_use]
    pub fn rows(mut self, world: &World, platform: &Platform, days: u16) -> Option<Rows> {
        if platform.history.segments.is_empty() {
            return None;
        }
        if !days.is_multiple_of(MONTH_DAYS) {
            self.0.push(members(world, platform));
        }
        let mut rows = Rows::new(&Segments::SCHEMA);
        for (month, (members, orders)) in self.0.iter().zip(&platform.history.segments).enumerate()
        {
            let both = members.iter().zip(orders);
            for (segment, (members, orders)) in world.env.people.segments.iter().zip(both) {
                let (month, members, orders) = (month + 1, *members, *orders);
                rows.push(Segments::row(&SegmentView { month, segment, members, orders }));
            }
        }
        Some(rows)
    }
}

/// Members of every segment now.
fn members(world: &World, platform: &Platform) -> Vec<u64> {
    let people = &world.env.people;
    let shards = world.env.consumers;
    let segments = people.segment_column();
    let mut counts = vec![vec![0; people.segments.len()]; shards.count()];
    parallel::each(&mut counts, |shard, counts: &mut Vec<u64>| {
        for i in shards.range(shard).filter(|i| platform.live.get(*i)) {
            counts[usize::from(segments.of(i))] += 1;
        }
    });
    let sum = |segment: usize| counts.iter().map(|of_shard| of_shard[segment]).sum();
    let mut sums: Vec<u64> = (0..people.segments.len()).map(sum).collect();
    world.link.add_up(&mut sums);
    sums
}
