//! What tires and what lingers: influencers' fatigue and carry-over, fatigue of messages and
//! advertising, the recommender's taste clusters.
//!
//! Arms share their draws, so that one run a claim will do; each claim leaves a margin.

mod common;

use common::{content, metric, of, through};
use guanxi::engine::step::{Arm, Watch};
use guanxi::market::message::Order;
use guanxi::mechanism::world::World;
use guanxi::model;
use guanxi::observer::RunRecord;

/// A small world of members and non-users, `days` long.
fn head(days: u32) -> String {
    format!(
        "days = {days}\nreplicates = 1\n[population]\nconsumers = 12_000\ninfluencers = 30\n\
         taste_clusters = 8\n[market]\nmerchants = 150\n[start]\nregistered_share = 0.4\n"
    )
}

/// One run of every arm; an arm is its name and its own lines.
fn arms(head: &str, preset: &str, arms: &[(&str, &str)]) -> Vec<RunRecord> {
    let arm = |(name, own): &(&str, &str)| {
        format!(
            "[arm.{name}]\npreset = \"{preset}\"\n{}\n",
            own.replace("@", &format!("arm.{name}"))
        )
    };
    let text: String = arms.iter().map(arm).collect();
    common::run(&common::scenario(&format!("{head}{text}")))
}

fn assert_same(records: &[RunRecord], one: &str, other: &str) {
    assert_eq!(content(of(records, one)), content(of(records, other)), "{one} and {other}");
}

/// Values must fall from arm to arm by the factor.
fn assert_order(what: &str, values: &[f64], factor: f64) {
    let falls = values.windows(2).all(|pair| pair[1] < factor * pair[0]);
    assert!(falls, "{what}: {values:?}");
}

#[test]
fn at_zero_strength_nothing_changes() {
    let own = "[@.fatigue]\nenabled = true\nmessage_gain = 0.0\nadvert_gain = 0.0\n";
    let off = "[@.fatigue]\nenabled = false\n";
    let records = arms(&head(20), "viral", &[("plain", ""), ("zero", own), ("off", off)]);
    assert_same(&records, "plain", "zero");
    assert_same(&records, "plain", "off");
    let live = "[@.livestream]\nfatigue_gain = 0.0\nfatigue_half_life_days = 1.0\n\
        carry_over_share = 0.0\ncarry_over_half_life_days = 2.0\n";
    let brief = "[@.livestream]\ncarry_over_share = 1.0\ncarry_over_half_life_days = 0.0\n";
    let feed = "[@.feed]\npersonal_share = 0.0\nopt_out_share = 0.5\nmatch_utility = 3.0\n";
    let all = [("plain", ""), ("live", live), ("brief", brief), ("feed", feed)];
    let records = arms(&head(20), "kol", &all);
    for name in ["live", "brief", "feed"] {
        assert_same(&records, "plain", name);
    }
}

/// From gain to gain a tenth less is seen and sold.
#[test]
fn who_sells_too_often_sells_less() {
    let gain = |gain| format!("[@.livestream]\nbudget_share = 0.7\nfatigue_gain = {gain}\n");
    let (some, much) = (gain(0.2), gain(1.0));
    let head = format!("{}[outside_ads]\nenabled = true\n", head(30));
    let records = arms(&head, "kol", &[("fresh", ""), ("some", &some), ("much", &much)]);
    for column in ["exposed_count", "ordered_count"] {
        let of = |name| through(of(&records, name), "live", column);
        assert_order(column, &["fresh", "some", "much"].map(of), 0.9);
    }
}

/// Orders by day and shown by channel `live`, and by influencer.
#[derive(Default)]
struct Sales {
    live: u8,
    today: Vec<(u32, i64)>,
    all: u64,
}

impl Watch for Sales {
    fn placed(&mut self, _world: &World, placed: &[Vec<Order>]) {
        for order in placed.iter().flatten() {
            self.all += 1;
            if order.channel == self.live {
                self.today.push((order.source, i64::from(order.price_fen)));
            }
        }
    }
}

fn live_channel() -> u8 {
    model::channels().position(|channel| channel.name == "live").unwrap_or_default() as u8
}

/// A world in which everybody is a member and influencers sell every Sunday.
fn sundays(own: &str) -> String {
    format!(
        "days = 34\nreplicates = 1\n[population]\nconsumers = 20_000\ninfluencers = 60\n\
         [market]\nmerchants = 150\nmarketing_budget_fen_per_consumer_day = 40.0\n\
         [start]\nregistered_share = 1.0\n[arm.one]\npreset = \"kol\"\n\
         [arm.one.livestream]\nshow_days_per_week = 1\n{own}\n"
    )
}

/// Orders placed a day, in all and through sessions.
fn daily(text: &str) -> (Vec<f64>, Vec<f64>) {
    let scenario = common::scenario(text);
    let env = common::environment(&scenario, 0);
    let mut arm: Arm = common::arm(&scenario, &env, "one");
    let (mut all, mut live) = (Vec::new(), Vec::new());
    for _ in 0..scenario.days {
        let mut sales = Sales { live: live_channel(), ..Sales::default() };
        arm.step(&mut sales);
        all.push(sales.all as f64);
        live.push(sales.today.len() as f64);
    }
    (all, live)
}

/// What sessions add, by days since the last one: paired days of worlds with and without.
fn lift(with: &[f64], without: &[f64]) -> [f64; 7] {
    let mut lift = [0.0; 7];
    for (day, (a, b)) in with.iter().zip(without).enumerate().skip(6) {
        lift[(day + 1) % 7] += a - b;
    }
    lift
}

/// B8: up to the strongest replays that can be set, a fifth at most of the lift of a session's day
/// is left on the third day after it, in orders of the whole platform (against an arm without
/// sessions) and in those through sessions. Four sessions, each with the six days after it.
#[test]
fn four_fifths_of_a_sessions_lift_are_gone_in_three_days() {
    let (none, _) = daily(&sundays("budget_share = 0.0"));
    for (share, half_life) in [(0.0, 1.0), (0.3, 1.0), (0.3, 2.0), (1.0, 1.0), (1.0, 2.0)] {
        let own = format!("carry_over_share = {share}\ncarry_over_half_life_days = {half_life}\n");
        let (all, live) = daily(&sundays(&own));
        let nothing = vec![0.0; live.len()];
        let (whole, channel) = (lift(&all, &none), lift(&live, &nothing));
        assert!(whole[0] > 500.0, "sessions add {} orders: too little to compare", whole[0]);
        assert!(whole[3] <= 0.2 * whole[0], "{share}, {half_life}: {whole:?}");
        assert!(channel[3] <= 0.2 * channel[0], "{share}, {half_life}: {channel:?}");
        assert!((channel[1] > 0.0) == (share > 0.0), "{share}, {half_life}: {channel:?}");
    }
}

/// Revenue through sessions a follower and session, of the influencers from rank to rank.
fn revenue_per_follower(text: &str) -> Vec<(usize, f64)> {
    let scenario = common::scenario(text);
    let env = common::environment(&scenario, 0);
    let mut arm: Arm = common::arm(&scenario, &env, "one");
    let mut fen = vec![0; env.influencers.n() as usize];
    for _ in 0..scenario.days {
        let mut sales = Sales { live: live_channel(), ..Sales::default() };
        arm.step(&mut sales);
        for (influencer, price) in sales.today {
            fen[influencer as usize] += price;
        }
    }
    let followers = |k: usize| env.follow().count(k as u32);
    fen.iter().enumerate().map(|(k, &fen)| (followers(k), fen as f64)).collect()
}

/// B10: with the preset's own parameters, a follower of influencers below 200 brings 3 to 8 times
/// what one of influencers above 10,000 brings. The sizes are two decades apart as in the study
/// whose exponent the model has, so that this holds the exponent through cap and competition.
#[test]
fn a_follower_of_a_small_influencer_is_worth_more() {
    let text = "days = 28\nreplicates = 1\n[population]\nconsumers = 60_000\ninfluencers = 400\n\
        follow_zipf_exponent = 1.0\nfollows_mean = 4.0\n\
        [market]\nmerchants = 200\nmarketing_budget_fen_per_consumer_day = 400.0\n\
        [start]\nregistered_share = 1.0\n[arm.one]\npreset = \"kol\"\n[arm.one.livestream]\n\
        show_days_per_week = 1\n";
    let found = revenue_per_follower(text);
    let mean = |range: std::ops::Range<usize>| {
        let some = found.iter().filter(|(followers, _)| range.contains(followers));
        let (followers, fen) = some.fold((0.0, 0.0), |(f, r), one| (f + one.0 as f64, r + one.1));
        fen / followers
    };
    let (nano, macro_) = (mean(1..200), mean(10_000..100_000));
    let ratio = nano / macro_;
    assert!((3.0..8.0).contains(&ratio), "{nano} fen a follower to {macro_}: {ratio}");
}

/// From gain to gain fewer messages are opened; a hundredth less each is asked.
#[test]
fn many_messages_are_opened_less() {
    let gain =
        |gain| format!("[@.fatigue]\nenabled = true\nmessage_gain = {gain}\nadvert_gain = 0.0\n");
    let (some, much) = (gain(0.1), gain(1.0));
    let head = format!("{}[sharing]\nbase = -1.0\n", head(30));
    let records = arms(&head, "viral", &[("fresh", ""), ("some", &some), ("much", &much)]);
    let considered = |name| {
        let record = of(&records, name);
        let friends = ["invitation", "share", "broadcast"];
        friends.iter().map(|channel| through(record, channel, "considered_count")).sum()
    };
    assert_order("considered", &["fresh", "some", "much"].map(considered), 0.99);
}

#[test]
fn many_advertisements_win_less() {
    let gain =
        |gain| format!("[@.fatigue]\nenabled = true\nmessage_gain = 0.0\nadvert_gain = {gain}\n");
    let (some, much) = (gain(0.1), gain(1.0));
    let rich =
        head(30).replace("merchants", "marketing_budget_fen_per_consumer_day = 8.0\nmerchants");
    let head = format!("{rich}[outside_ads]\njoin = -5.0\n");
    let records = arms(&head, "traditional", &[("fresh", ""), ("some", &some), ("much", &much)]);
    let won = |name| through(of(&records, name), "outside_ads", "new_members_count");
    assert_order("registered", &["fresh", "some", "much"].map(won), 0.97);
    let spent = |name| metric(of(&records, name), "marketing_unspent_fen").to_bits();
    assert_eq!(spent("fresh"), spent("much"), "the budget does not hang on who listens");
}

/// What is to people's taste sells better, and who opted out sees what everybody sees.
#[test]
fn the_feed_sells_more_the_more_it_knows() {
    let feed = |personal, out| {
        format!(
            "[@.feed]\npersonal_share = {personal}\nopt_out_share = {out}\nmatch_utility = 1.0\n"
        )
    };
    let (unknown, half, known) = (feed(1.0, 1.0), feed(1.0, 0.5), feed(1.0, 0.0));
    let list = [("known", known.as_str()), ("half", &half), ("unknown", &unknown)];
    let records = arms(&head(20), "traditional", &list);
    let sold = |name| through(of(&records, name), "feed", "ordered_count");
    assert_order("orders", &["known", "half", "unknown"].map(sold), 0.95);
}
