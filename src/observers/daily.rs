//! The table `daily`: one row a reported day.

use super::{DayView, money};
use crate::market::ledger::Line;
use crate::market::platform::Platform;
use crate::table::Cell;

fn of<'a>(v: &'a DayView<'_>) -> &'a Platform {
    &v.world.platforms[v.platform]
}

fn sum(v: &DayView<'_>, count: impl Fn(&crate::market::tally::ChannelTally) -> i64) -> Cell {
    Cell::from(v.tally.over_channels(count))
}

crate::table! {
    /// One row a reported day.
    Daily("daily", "one row a day: members, orders, money, trust", v: DayView<'_>) {
        day: Integer, "days", "reported day, from 1", "报告日,从1起" => Cell::from(u32::from(v.day));
        registered_count: Integer, "consumers", "consumers who ever registered", "累计注册人数" => Cell::from(of(v).n_registered);
        members_count: Integer, "consumers", "members: registered and not lapsed", "现有会员数" => Cell::from(of(v).n_live);
        new_members_count: Integer, "consumers", "consumers who registered for the first time", "新注册人数" => sum(v, |c| c.registered as i64);
        won_back_count: Integer, "consumers", "lapsed members who came back", "召回人数" => Cell::from(v.tally.won_back);
        lapsed_count: Integer, "consumers", "members who lapsed", "流失人数" => Cell::from(v.tally.lapsed);
        placed_count: Integer, "orders", "orders placed", "下单数" => sum(v, |c| c.placed as i64);
        orders_count: Integer, "orders", "orders granted", "成交订单数" => sum(v, |c| c.ordered as i64);
        new_buyers_count: Integer, "consumers", "consumers with their first granted order", "首购人数" => sum(v, |c| c.new_buyers as i64);
        repeat_orders_count: Integer, "orders", "granted orders that are not the buyer's first", "复购订单数" => Cell::from(v.tally.repeat_orders);
        gmv_fen: Integer, "fen", "price of granted orders", "成交额" => sum(v, |c| c.ordered_fen);
        kept_gmv_fen: Integer, "fen", "price of delivered orders that were kept", "净成交额" => sum(v, |c| c.kept_fen);
        kept_count: Integer, "orders", "delivered orders that were kept", "签收且未退货订单数" => sum(v, |c| c.kept as i64);
        returned_count: Integer, "orders", "delivered orders that were returned", "退货订单数" => sum(v, |c| c.returned as i64);
        out_of_stock_count: Integer, "orders", "orders refused for want of stock", "缺货订单数" => Cell::from(v.tally.out_of_stock);
        unfilled_count: Integer, "orders", "orders paid back since group or batch did not fill", "未成团订单数" => Cell::from(v.tally.unfilled);
        active_buyers_count: Integer, "consumers", "consumers with a granted order in the last 365 days", "年活跃买家数" => Cell::from(of(v).history.active_buyers(v.clock_day, 365));
        monthly_buyers_count: Integer, "consumers", "consumers with a granted order in the last 30 days", "月活跃买家数" => Cell::from(of(v).history.active_buyers(v.clock_day, 30));
        trust_mean: Number, "1", "mean trust of the members in the platform, 0 to 1", "会员平均信任度" => Cell::ratio(of(v).trust_sum as f64 / 65_535.0, of(v).n_live as f64);
        marketing_spend_fen: Integer, "fen", "spent from the marketing budget", "营销支出" => Cell::from(money(&v.postings.0, |f| f.marketing));
        marketing_budget_fen: Integer, "fen", "the day's marketing budget", "营销预算" => Cell::from(of(v).daily_budget);
        platform_revenue_fen: Integer, "fen", "the platform's revenue", "平台收入" => Cell::from(money(&v.postings.0, |f| f.revenue));
        goods_fen: Integer, "fen", "goods that merchants bought", "进货额" => Cell::from(v.postings.0[Line::Goods as usize]);
        delivery_days_mean: Number, "days", "mean days from order to delivery of what arrived", "平均配送天数" => Cell::ratio(v.tally.delivery_days as f64, v.tally.over_channels(|c| (c.kept + c.returned) as i64) as f64);
        groups_opened_count: Integer, "groups", "groups opened", "开团数" => Cell::from(v.tally.groups_opened);
        groups_filled_count: Integer, "groups", "groups that filled", "成团数" => Cell::from(v.tally.groups_filled);
        groups_failed_count: Integer, "groups", "groups that did not fill in time", "未成团数" => Cell::from(v.tally.groups_failed);
        shares_count: Integer, "shares", "shares and rounds of invitations sent", "分享次数" => Cell::from(v.tally.shares);
    }
}
