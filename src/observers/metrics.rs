//! Metrics: one number a run, the rows of `summary` and `differences`.

use super::{Outbreak, Standing, Totals, money};
use crate::market::history::MONTH_DAYS;
use crate::market::ledger::{Line, Party, Postings, balance};
use crate::market::platform::{Family, Platform};
use crate::market::tally::ChannelTally;
use crate::mechanism::world::World;
use crate::mechanisms::MECHANISMS;
use crate::observer::{Better, Metric};

/// What is known of one platform at the end of a run.
pub struct RunView<'a> {
    /// The arm's world.
    pub world: &'a World,
    /// The platform.
    pub platform: &'a Platform,
    /// Sums over the reported days.
    pub totals: &'a Totals,
    /// What the platform has of the arm's market; none where it is alone.
    pub standing: Option<Standing>,
    /// What a diffusion came to; none where nothing spreads.
    pub outbreak: Option<Outbreak>,
    /// Days stepped, burn-in included.
    pub days_done: u16,
}

/// What the stock cost.
#[must_use]
pub fn stock_fen(world: &World, platform: &Platform) -> i64 {
    let offers = platform.inventory.iter().zip(&world.env.catalogue.offers);
    offers.map(|(state, offer)| i64::from(state.stock) * i64::from(offer.unit_cost_fen)).sum()
}

impl RunView<'_> {
    fn sum(&self, count: impl Fn(&ChannelTally) -> i64) -> f64 {
        self.totals.tally.over_channels(count) as f64
    }

    fn marketing(&self) -> f64 {
        money(&self.totals.postings, |flow| flow.marketing) as f64
    }

    fn line(&self, line: Line) -> f64 {
        self.totals.postings[line as usize] as f64
    }

    /// A sum over the channels that `which` picks by their declaration.
    fn over(
        &self,
        which: impl Fn(&crate::mechanism::spec::Channel) -> bool,
        count: impl Fn(&ChannelTally) -> u64,
    ) -> f64 {
        let channels = MECHANISMS.iter().flat_map(|spec| spec.channels);
        let picked =
            channels.zip(&self.totals.tally.channels).filter(|(channel, _)| which(channel));
        picked.map(|(_, counts)| count(counts)).sum::<u64>() as f64
    }

    /// A share of the arm's market; undefined where a platform is alone.
    fn rivalry(&self, share: impl Fn(&Standing) -> f64) -> f64 {
        self.standing.as_ref().map_or(f64::NAN, share)
    }

    /// A number of a diffusion; undefined where nothing spreads.
    fn spread(&self, number: impl Fn(&Outbreak) -> f64) -> f64 {
        self.outbreak.as_ref().map_or(f64::NAN, number)
    }

    fn new_buyers(&self) -> f64 {
        self.sum(|c| c.new_buyers as i64)
    }

    /// Of the reported days' first orders that are at least 30 days old, the share that
    /// was repeated within 30 days.
    fn repurchase(&self) -> f64 {
        let from = self.days_done - self.totals.days;
        let until = self.days_done.saturating_sub(MONTH_DAYS);
        let (repeated, all) = self.platform.history.repeated_within_month(from, until);
        repeated as f64 / all as f64
    }

    fn active_buyers(&self) -> f64 {
        let last = self.days_done.saturating_sub(1);
        self.platform.history.active_buyers(last, 365) as f64
    }

    /// Money that merchants made, stock counted at cost.
    fn merchant_profit(&self) -> f64 {
        let cash = balance(&Postings(self.totals.postings), Party::Merchants).0;
        (cash + stock_fen(self.world, self.platform) - self.totals.stock_before_fen) as f64
    }

    /// The share of trust below which a tenth of the members lie.
    fn trust_p10(&self) -> f64 {
        let live = self.platform.members.iter().filter(|m| m.is_live());
        let mut counts = vec![0_u64; 65_536];
        live.for_each(|m| counts[usize::from(m.trust)] += 1);
        self.world.link.add_up(&mut counts);
        let limit = self.platform.n_live.div_ceil(10);
        let mut below = 0;
        let found = counts.iter().position(|&count| {
            below += count;
            below >= limit && limit > 0
        });
        found.map_or(f64::NAN, |trust| trust as f64 / 65_535.0)
    }
}

macro_rules! metrics {
    ($view:ident; $($name:ident, $unit:literal, $better:ident, $en:literal, $zh:literal => $value:expr;)+) => {
        /// The declarations.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: stringify!($name),
            unit: $unit,
            meaning: $en,
            meaning_zh: $zh,
            better: Better::$better,
        },)+];

        /// The values of a run, in the order of the declarations; none where undefined.
        #[must_use]
        pub fn values($view: &RunView<'_>) -> Vec<Option<f64>> {
            let values: Vec<f64> = vec![$($value,)+];
            values.into_iter().map(|x| x.is_finite().then_some(x)).collect()
        }
    };
}

metrics! { v;
    gmv_fen, "fen", Higher, "price of granted orders", "成交额" => v.sum(|c| c.ordered_fen);
    kept_gmv_fen, "fen", Higher, "price of delivered orders that were kept", "净成交额" => v.sum(|c| c.kept_fen);
    orders_count, "orders", Higher, "granted orders", "成交订单数" => v.sum(|c| c.ordered as i64);
    active_buyers_count, "consumers", Higher, "consumers with a granted order in the last 365 days, at the end", "年活跃买家数" => v.active_buyers();
    members_count, "consumers", Higher, "members at the end: registered and not lapsed", "期末会员数" => v.platform.n_live as f64;
    new_members_count, "consumers", Higher, "first registrations", "新注册人数" => v.sum(|c| c.registered as i64);
    new_buyers_count, "consumers", Higher, "consumers with their first granted order", "首购人数" => v.new_buyers();
    orders_per_member_day, "orders/day", Higher, "granted orders a member and day", "会员日均订单数" => v.sum(|c| c.ordered as i64) / v.totals.member_days as f64;
    cac_platform_fen, "fen", Lower, "marketing spend a new buyer", "获客成本(平台)" => v.marketing() / v.new_buyers();
    cac_net_fen, "fen", Lower, "marketing spend a net new active buyer, as filings give it", "获客成本(净增)" => v.marketing() / (v.active_buyers() - v.totals.active_before as f64);
    cac_all_payers_fen, "fen", Lower, "marketing spend and all commissions to influencers and leaders, a new buyer", "获客成本(全口径)" => (v.marketing() + v.line(Line::InfluencerCommission) + v.line(Line::LeaderCommission)) / v.new_buyers();
    marketing_spend_fen, "fen", Neither, "spent from the marketing budget", "营销支出" => v.marketing();
    marketing_unspent_fen, "fen", Neither, "left of the marketing budget", "未用营销预算" => v.totals.budget_fen as f64 - v.marketing();
    repurchase_30d_share, "1", Higher, "of buyers whose first order is at least 30 days old, those who ordered again within 30 days", "30日复购率" => v.repurchase();
    k_factor, "1", Higher, "new buyers whom a friend brought, a new buyer", "K因子" => v.over(|c| c.family == Family::Friend, |t| t.new_buyers) / v.new_buyers();
    organic_share, "1", Neither, "share of orders through search and browsing", "自然流量订单占比" => v.over(|c| c.organic, |t| t.ordered) / v.sum(|c| c.ordered as i64);
    trust_mean, "1", Higher, "mean trust of the members in the platform at the end", "期末平均信任度" => v.platform.trust_sum as f64 / 65_535.0 / v.platform.n_live as f64;
    trust_p10, "1", Higher, "trust that nine in ten members exceed, at the end", "信任度10分位" => v.trust_p10();
    returns_share, "1", Lower, "share of delivered orders that were returned", "退货率" => v.sum(|c| c.returned as i64) / v.sum(|c| (c.returned + c.kept) as i64);
    merchant_profit_fen, "fen", Higher, "merchants' money in minus out, stock counted at cost", "商家利润" => v.merchant_profit();
    platform_revenue_fen, "fen", Higher, "the platform's revenue from commissions and fees", "平台收入" => money(&v.totals.postings, |flow| flow.revenue) as f64;
    platform_result_fen, "fen", Higher, "the platform's revenue minus its marketing spend", "平台营销后损益" => money(&v.totals.postings, |flow| flow.revenue) as f64 - v.marketing();
    group_completion_share, "1", Higher, "share of closed groups that filled", "成团率" => v.totals.tally.groups_filled as f64 / (v.totals.tally.groups_filled + v.totals.tally.groups_failed) as f64;
    delivery_days_mean, "days", Lower, "mean days from order to delivery", "平均配送天数" => v.totals.tally.delivery_days as f64 / v.sum(|c| (c.returned + c.kept) as i64);
    out_of_stock_share, "1", Lower, "share of placed orders refused for want of stock", "缺货率" => v.totals.tally.out_of_stock as f64 / v.sum(|c| c.placed as i64);
    order_share, "1", Higher, "share of the granted orders of all platforms of the arm, where there are several", "订单市场份额" => v.rivalry(|s| s.order_share);
    gmv_share, "1", Higher, "share of the price of granted orders of all platforms of the arm, where there are several", "成交额市场份额" => v.rivalry(|s| s.gmv_share);
    member_share, "1", Higher, "of the consumers who are members of any platform of the arm at the end, those who are members here", "会员市场份额" => v.rivalry(|s| s.member_share);
    exclusive_members_share, "1", Higher, "share of the members who use no other platform of the arm, at the end", "独占会员占比" => v.rivalry(|s| s.exclusive_share);
    switching_share, "1", Neither, "of the orders of consumers who had ordered before, those whose last order was on another platform of the arm", "转换订单占比" => v.rivalry(|s| s.switching_share);
    final_spread_share, "1", Higher, "share of the consumers who were ever infected or have adopted, seeds included, where something spreads", "最终传播占比" => v.spread(|s| s.ever_share);
    final_infected_share, "1", Neither, "share of the consumers who are infectious, or have adopted, at the end", "期末感染占比" => v.spread(|s| s.infected_share);
    peak_infected_share, "1", Neither, "largest share of the consumers who were infectious, or had adopted, at the end of a reported day", "感染峰值占比" => v.spread(|s| s.peak_share);
    peak_day, "days", Neither, "reported day with most infections or adoptions, the first of equals", "传播峰值日" => v.spread(|s| s.peak_day);
}
