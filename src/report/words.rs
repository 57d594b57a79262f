//! Words of the tables in both languages. What is not known here is shown by the name that
//! it has in the tables, so that a report of any run folder can be read.

use crate::report::say::{self, Both, both, same};

/// (name in the tables, English, Chinese).
type Word = (&'static str, &'static str, &'static str);

const METRICS: &[Word] = &[
    ("gmv_fen", "GMV", "成交额（GMV）"),
    ("kept_gmv_fen", "GMV kept", "净成交额"),
    ("orders_count", "orders", "成交订单数"),
    ("active_buyers_count", "active buyers", "年活跃买家数"),
    ("members_count", "members", "会员数"),
    ("new_members_count", "new members", "新注册人数"),
    ("new_buyers_count", "new buyers", "首购人数"),
    ("orders_per_member_day", "orders a member and day", "会员日均订单数"),
    ("cac_platform_fen", "cost of a new buyer", "获客成本"),
    ("cac_net_fen", "cost of a net new buyer", "获客成本（净增）"),
    ("cac_all_payers_fen", "cost of a new buyer, all payers", "获客成本（全口径）"),
    ("marketing_spend_fen", "marketing spend", "营销支出"),
    ("marketing_unspent_fen", "marketing budget left", "未用营销预算"),
    ("repurchase_30d_share", "repurchase within 30 days", "30日复购率"),
    ("k_factor", "K factor", "K因子"),
    ("organic_share", "organic orders", "自然流量订单占比"),
    ("trust_mean", "mean trust", "平均信任度"),
    ("trust_p10", "trust, lowest tenth", "信任度10分位"),
    ("returns_share", "returned orders", "退货率"),
    ("merchant_profit_fen", "merchants' profit", "商家利润"),
    ("platform_revenue_fen", "platform's revenue", "平台收入"),
    ("platform_result_fen", "platform's result after marketing", "平台营销后损益"),
    ("group_completion_share", "groups that filled", "成团率"),
    ("delivery_days_mean", "time to delivery", "平均配送时间"),
    ("out_of_stock_share", "orders out of stock", "缺货率"),
    ("order_share", "share of orders", "订单市场份额"),
    ("gmv_share", "share of GMV", "成交额市场份额"),
    ("member_share", "share of members", "会员市场份额"),
    ("exclusive_members_share", "exclusive members", "独占会员占比"),
    ("switching_share", "orders won from others", "转换订单占比"),
    ("final_spread_share", "final reach", "最终传播占比"),
    ("final_infected_share", "share infected in the end", "期末感染占比"),
    ("peak_infected_share", "share infected at the peak", "感染峰值占比"),
    ("peak_day", "day of the peak", "传播峰值日"),
];

const CHANNELS: &[Word] = &[
    ("outside_ads", "outside ads", "站外广告"),
    ("search", "search", "搜索"),
    ("feed", "feed", "推荐流"),
    ("live", "live sessions", "直播"),
    ("replay", "replays", "回放"),
    ("share", "shares", "分享"),
    ("broadcast", "broadcast shares", "广播分享"),
    ("group_chat", "chat groups", "聊天群"),
    ("invitation", "invitations", "拼团邀请"),
    ("leader", "leader's batch", "团长团批"),
];

const LINES: &[Word] = &[
    ("payment", "payments", "货款支付"),
    ("refund", "refunds", "退款"),
    ("settlement", "settlement", "货款结算"),
    ("commission", "commission", "平台佣金"),
    ("ad_fee", "ad fees", "平台广告费"),
    ("goods", "goods", "进货"),
    ("postage", "postage", "运费"),
    ("return_postage", "return postage", "退货运费"),
    ("influencer_commission", "influencers' commission", "达人佣金"),
    ("leader_commission", "leaders' commission", "团长佣金"),
    ("outside_ads", "outside ads", "站外广告"),
    ("share_reward", "share rewards", "分享奖励"),
    ("slot_fee", "session fees", "直播坑位费"),
    ("leader_bonus", "leader bonuses", "团长奖励"),
    ("subsidy", "subsidies", "平台补贴"),
];

const PARTIES: &[Word] = &[
    ("consumers", "consumers", "消费者"),
    ("merchants", "merchants", "商家"),
    ("influencers", "influencers", "达人"),
    ("leaders", "leaders", "团长"),
    ("platform", "platform", "平台"),
    ("logistics", "logistics", "物流"),
    ("advertising_market", "advertising market", "广告市场"),
    ("suppliers", "suppliers", "供应商"),
];

/// Units of parameters, as far as Chinese has words of its own for them.
const UNITS: &[Word] = &[
    ("fen", "fen", "分"),
    ("yuan", "yuan", "元"),
    ("days", "days", "天"),
    ("day", "days", "天"),
    ("consumers", "consumers", "人"),
    ("1/day", "a day", "每天"),
    ("no unit", "no unit", "无单位"),
    ("utility", "utility", "效用"),
    ("log-odds", "log-odds", "对数几率"),
    ("stars", "stars", "星"),
    ("reviews", "reviews", "条评价"),
    ("offers", "offers", "件商品"),
    ("ties", "ties", "条关系"),
    ("orders", "orders", "单"),
    ("orders/day", "orders/day", "单/天"),
    ("members", "members", "人"),
    ("people", "people", "人"),
    ("friends", "friends", "位好友"),
    ("followers", "followers", "位粉丝"),
    ("merchants", "merchants", "家商家"),
    ("influencers", "influencers", "位达人"),
    ("replicates", "replicates", "次重复"),
    ("fen/day", "fen/day", "分/天"),
    ("mean income", "mean income", "平均收入"),
    ("clusters", "clusters", "个类群"),
];

/// Where a value of a scenario comes from.
const ORIGINS: &[Word] = &[
    ("default", "default", "默认"),
    ("scenario", "scenario", "情景"),
    ("command line", "command line", "命令行"),
];

/// Designs of sweeps.
const DESIGNS: &[Word] = &[
    ("grid", "grid", "网格"),
    ("lhs", "Latin hypercube", "拉丁超立方"),
    ("sobol", "Sobol points", "Sobol 序列"),
    ("list", "list", "列表"),
];

/// What the design of a sweep is called.
#[must_use]
pub fn design(name: &str) -> Both {
    found(DESIGNS, name)
}

fn found(words: &[Word], name: &str) -> Both {
    let word = words.iter().find(|word| word.0 == name);
    word.map_or_else(|| same(say::name(name, 40)), |word| both(word.1, word.2))
}

/// What a metric is called.
#[must_use]
pub fn metric(name: &str) -> Both {
    found(METRICS, name)
}

/// What a channel is called.
#[must_use]
pub fn channel(name: &str) -> Both {
    found(CHANNELS, name)
}

/// What a line of the ledger is called.
#[must_use]
pub fn line(name: &str) -> Both {
    found(LINES, name)
}

/// What a party of the ledger is called.
#[must_use]
pub fn party(name: &str) -> Both {
    found(PARTIES, name)
}

/// What a unit is called in a table.
#[must_use]
pub fn unit_name(name: &str) -> Both {
    found(UNITS, name)
}

/// Where a value of a scenario comes from: the file, a preset, the default.
#[must_use]
pub fn origin(name: &str) -> Both {
    match name.strip_prefix("preset ") {
        Some(preset) => {
            let preset = say::name(preset, 40);
            both(format!("preset {preset}"), format!("预设 {preset}"))
        }
        None => found(ORIGINS, name),
    }
}

/// What a parameter is measured in, with a space before it; nothing for pure numbers.
#[must_use]
pub fn unit(name: &str) -> Both {
    if matches!(name, "" | "1" | "no unit") {
        return same("");
    }
    let unit = found(UNITS, name);
    both(format!(" {}", unit.en), format!(" {}", unit.zh))
}
