//! The parameters of a platform of an arm, and what they make of the channels.

use guanxi::market::ledger::Line;
use guanxi::market::platform::Family;
use guanxi::mechanisms::{
    attention, choice, coupon, delivery, experience, fatigue, feed, group_buy, leader,
};
use guanxi::mechanisms::{listing, livestream, need, outside_ads, pricing, registration};
use guanxi::mechanisms::{reviews, search, sharing, stock, word_of_mouth};
use guanxi::parameter::Values;
use guanxi::quantity::math::logistic;
use guanxi::scenario::Arm;

/// The parameters of every mechanism; none for one that is off.
#[derive(Clone)]
pub struct Rules {
    pub attention: attention::Parameters,
    pub registration: registration::Parameters,
    pub need: need::Parameters,
    pub choice: choice::Parameters,
    pub listing: listing::Parameters,
    pub stock: stock::Parameters,
    pub delivery: delivery::Parameters,
    pub experience: experience::Parameters,
    pub outside_ads: Option<outside_ads::Parameters>,
    pub search: Option<search::Parameters>,
    pub fatigue: Option<fatigue::Parameters>,
    pub feed: Option<feed::Parameters>,
    pub livestream: Option<livestream::Parameters>,
    pub leader: Option<leader::Parameters>,
    pub group_buy: Option<group_buy::Parameters>,
    pub sharing: Option<sharing::Parameters>,
    pub coupon: Option<coupon::Parameters>,
    pub pricing: Option<pricing::Parameters>,
    pub reviews: Option<reviews::Parameters>,
    pub word_of_mouth: Option<word_of_mouth::Parameters>,
}

impl Rules {
    /// The rules of a platform of an arm, whose mechanisms of every day must be on.
    pub fn of(arm: &Arm, platform: usize) -> Self {
        let all = || arm.mechanisms.iter().chain(&arm.platforms[platform].mechanisms);
        let optional = |name: &str| -> Option<&Values> {
            all().find(|s| s.spec.name == name && s.enabled).map(|s| &s.values)
        };
        let on = |name: &str| optional(name).unwrap_or_else(|| panic!("`{name}` is off"));
        Self {
            attention: attention::Parameters::from_values(on("attention")),
            registration: registration::Parameters::from_values(on("registration")),
            need: need::Parameters::from_values(on("need")),
            choice: choice::Parameters::from_values(on("choice")),
            listing: listing::Parameters::from_values(on("listing")),
            stock: stock::Parameters::from_values(on("stock")),
            delivery: delivery::Parameters::from_values(on("delivery")),
            experience: experience::Parameters::from_values(on("experience")),
            outside_ads: optional("outside_ads").map(outside_ads::Parameters::from_values),
            search: optional("search").map(search::Parameters::from_values),
            fatigue: optional("fatigue").map(fatigue::Parameters::from_values),
            feed: optional("feed").map(feed::Parameters::from_values),
            livestream: optional("livestream").map(livestream::Parameters::from_values),
            leader: optional("leader").map(leader::Parameters::from_values),
            group_buy: optional("group_buy").map(group_buy::Parameters::from_values),
            sharing: optional("sharing").map(sharing::Parameters::from_values),
            coupon: optional("coupon").map(coupon::Parameters::from_values),
            pricing: optional("pricing").map(pricing::Parameters::from_values),
            reviews: optional("reviews").map(reviews::Parameters::from_values),
            word_of_mouth: optional("word_of_mouth").map(word_of_mouth::Parameters::from_values),
        }
    }

    /// The greatest probability with which persuasion `join` wins anybody: that of
    /// somebody whose resistance lies 3.5 standard deviations below the mean.
    fn easiest(&self, join: f64) -> f64 {
        let p = &self.registration;
        logistic(join - (p.resistance_mean + p.resistance_sd * -3.5))
    }
}

/// What a channel means to registration, decider, delivery and experience.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    pub name: &'static str,
    pub family: Family,
    pub constant: f64,
    pub matched: f64,
    pub join: f64,
    pub thinning: f64,
    pub pickup: bool,
    pub team: bool,
    pub commission_bp: u32,
    pub commission_line: Option<Line>,
    pub return_shift: f64,
    pub hype: f64,
}

/// 1/10000 of a share.
pub fn basis_points(share: f64) -> u32 {
    (share * 10_000.0).round() as u32
}

/// All channels by their number; `invitation` is the constant of group invitations.
pub fn terms(rules: &Rules, invitation: f64) -> Vec<Terms> {
    let one = |channel: &guanxi::mechanism::spec::Channel| {
        let plain =
            Terms { name: channel.name, family: channel.family, thinning: 1.0, ..Terms::default() };
        of_channel(rules, plain, invitation)
    };
    guanxi::model::channels().map(one).collect()
}

fn of_channel(rules: &Rules, plain: Terms, invitation: f64) -> Terms {
    match plain.name {
        "outside_ads" => rules.outside_ads.as_ref().map(|p| Terms {
            join: p.join,
            thinning: rules.easiest(p.join),
            ..plain
        }),
        "search" => rules.search.as_ref().map(|p| Terms {
            constant: p.constant,
            join: p.join,
            team: true,
            ..plain
        }),
        "feed" => rules.feed.as_ref().map(|p| Terms {
            constant: p.constant,
            matched: p.constant + p.match_utility,
            join: -30.0,
            team: true,
            ..plain
        }),
        "live" => rules.livestream.as_ref().map(|p| Terms {
            constant: p.constant,
            join: p.join,
            thinning: rules.easiest(p.join),
            commission_bp: basis_points(p.commission_share),
            commission_line: Some(Line::InfluencerCommission),
            return_shift: p.return_shift,
            hype: p.hype,
            ..plain
        }),
        "leader" => rules.leader.as_ref().map(|p| Terms {
            constant: p.constant,
            join: p.join,
            thinning: rules.easiest(p.join),
            pickup: true,
            commission_bp: basis_points(p.commission_share),
            commission_line: Some(Line::LeaderCommission),
            ..plain
        }),
        "invitation" => rules.group_buy.as_ref().map(|p| Terms {
            constant: invitation,
            join: p.join,
            team: true,
            ..plain
        }),
        "share" => rules.sharing.as_ref().map(|p| Terms {
            constant: p.personal_constant,
            join: p.personal_join,
            team: true,
            ..plain
        }),
        "broadcast" => rules.sharing.as_ref().map(|p| Terms {
            constant: p.broadcast_constant,
            join: p.broadcast_join,
            team: true,
            ..plain
        }),
        "group_chat" => rules.sharing.as_ref().map(|p| Terms {
            constant: p.group_chat_constant,
            join: p.group_chat_join,
            team: true,
            ..plain
        }),
        other => panic!("the reference knows no channel `{other}`"),
    }
    .unwrap_or(plain)
}
