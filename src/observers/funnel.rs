//! The table `funnel`: one row a reported day and channel.

use super::DayView;
use crate::market::tally::ChannelTally;
use crate::mechanisms::MECHANISMS;
use crate::table::{Cell, Rows};

/// One channel's day.
pub struct ChannelView<'a> {
    day: u16,
    name: &'static str,
    counts: &'a ChannelTally,
}

crate::table! {
    /// One row a day and channel.
    Funnel("funnel", "one row a day and channel: from contact to kept order", v: ChannelView<'_>) {
        day: Integer, "days", "reported day, from 1", "报告日,从1起" => Cell::from(u32::from(v.day));
        channel: Text, "", "channel by which offers reach consumers", "渠道" => Cell::from(v.name);
        exposed_count: Integer, "contacts", "item pages, sessions, posts or messages that reached somebody", "曝光数" => Cell::from(v.counts.exposed);
        considered_count: Integer, "exposures", "exposures that a member considered buying from", "考虑数" => Cell::from(v.counts.considered);
        placed_count: Integer, "orders", "orders placed", "下单数" => Cell::from(v.counts.placed);
        ordered_count: Integer, "orders", "orders granted", "成交订单数" => Cell::from(v.counts.ordered);
        ordered_fen: Integer, "fen", "price of granted orders", "成交额" => Cell::from(v.counts.ordered_fen);
        kept_count: Integer, "orders", "delivered orders that were kept", "签收且未退货订单数" => Cell::from(v.counts.kept);
        kept_fen: Integer, "fen", "price of kept orders", "净成交额" => Cell::from(v.counts.kept_fen);
        returned_count: Integer, "orders", "delivered orders that were returned", "退货订单数" => Cell::from(v.counts.returned);
        new_members_count: Integer, "consumers", "first registrations through the channel", "新注册人数" => Cell::from(v.counts.registered);
        new_buyers_count: Integer, "consumers", "first orders of consumers whom the channel brought", "首购人数" => Cell::from(v.counts.new_buyers);
    }
}

/// Adds a day's rows, for the channels on which anything happened.
pub fn add(rows: &mut Rows, view: &DayView<'_>) {
    let channels = MECHANISMS.iter().flat_map(|spec| spec.channels);
    for (channel, counts) in channels.zip(&view.tally.channels) {
        if *counts != ChannelTally::default() {
            let line = ChannelView { day: view.day, name: channel.name, counts };
            rows.push(Funnel::row(&line));
        }
    }
}
