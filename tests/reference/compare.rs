//! Field by field: the engine's world and the plain one.

use crate::market::Market;
use guanxi::engine::step::Day;
use guanxi::market::ledger::{FLOWS, Postings};
use guanxi::market::platform::Platform;
use guanxi::market::tally::Tally;
use guanxi::mechanism::world::{OpenNeed, World};
use std::fmt::Debug;

type Verdict = Result<(), String>;

/// Whether one value is the same in both; floating values are compared by their bits.
fn same<T: PartialEq + Debug>(what: impl Fn() -> String, engine: T, plain: T) -> Verdict {
    if engine == plain {
        return Ok(());
    }
    Err(format!("{} is {engine:?} in the engine, {plain:?} in the reference", what()))
}

macro_rules! same_fields {
    ($whose:expr, $engine:expr, $plain:expr; $($field:ident),* $(,)?) => {
        $(same(|| format!("{}: {}", $whose, stringify!($field)), $engine.$field, $plain.$field)?;)*
    };
}

/// Everything at the end of a day.
pub fn day(world: &World, day: &Day, plain: &Market, book: &(Tally, Postings)) -> Verdict {
    needs(world, &plain.needs)?;
    platform(world, day, plain, book)
}

/// Everything of one platform at the end of a day.
pub fn platform(world: &World, day: &Day, plain: &Market, book: &(Tally, Postings)) -> Verdict {
    let index = usize::from(plain.platform);
    let platform = &world.platforms[index];
    tally(&day.books[index].tally, &book.0)?;
    postings(&day.books[index].postings, &book.1)?;
    members(platform, plain)?;
    offers(platform, plain)?;
    same(|| "n_live".to_owned(), platform.n_live, plain.n_live())?;
    let registered = plain.members.iter().filter(|m| m.is_registered()).count() as u64;
    same(|| "n_registered".to_owned(), platform.n_registered, registered)?;
    let coupons = (platform.coupon_pool.left_fen, plain.coupons.left_fen);
    same(|| "what is left for coupons".to_owned(), coupons.0, coupons.1)?;
    same(|| "trust_sum".to_owned(), platform.trust_sum, plain.trust_sum)?;
    shapes(platform, plain)
}

/// The needs that are open.
pub fn needs(world: &World, plain: &[OpenNeed]) -> Verdict {
    let mut needs = plain.to_vec();
    needs.sort();
    let engine: Vec<_> = world.needs.iter().flatten().copied().collect();
    same(|| "the list of open needs".to_owned(), engine, needs)
}

/// How tired everybody is of messages and of advertising.
pub fn tiredness(world: &World, plain: &[(u32, u32)]) -> Verdict {
    for (i, (&level, &plain)) in world.fatigue.levels.iter().zip(plain).enumerate() {
        let engine = (u32::from(level & 15), u32::from(level >> 4));
        same(|| format!("consumer {i}: tiredness"), engine, plain)?;
    }
    Ok(())
}

fn members(platform: &Platform, plain: &Market) -> Verdict {
    for (i, (engine, plain)) in platform.members.iter().zip(&plain.members).enumerate() {
        let who = format!("consumer {i}");
        same_fields!(who, engine, plain; standing, channel, referrer, acquired_day,
            first_order_day, last_order_day, orders, trust, habit, satisfaction);
        same(|| format!("{who}: the record"), *engine, *plain)?;
        let bit = platform.live.get(i as u32);
        same(|| format!("{who}: the live bit"), bit, plain.is_live())?;
    }
    same(|| "the number of members".to_owned(), platform.members.len(), plain.members.len())
}

fn offers(platform: &Platform, plain: &Market) -> Verdict {
    let offers = platform.offers.iter().zip(&platform.inventory);
    for (k, ((engine, there), plain)) in offers.zip(&plain.goods).enumerate() {
        let what = format!("offer {k}");
        same_fields!(what, engine, plain; price_fen);
        same_fields!(what, there, plain; stock, asked_today, sold_today);
        let bits = (there.demand.to_bits(), plain.demand.to_bits());
        same(|| format!("{what}: demand, in bits,"), bits.0, bits.1)?;
        let bits = (engine.standing_utility.to_bits(), plain.standing_utility.to_bits());
        same(|| format!("{what}: standing_utility, in bits,"), bits.0, bits.1)?;
        let bits = (engine.ln_price_ratio.to_bits(), plain.ln_price_ratio.to_bits());
        same(|| format!("{what}: ln_price_ratio, in bits,"), bits.0, bits.1)?;
    }
    let bits: Vec<u64> = platform.opinions.bits().collect();
    let merchants = plain.said.merchants.iter().flat_map(|m| [m.0, m.1]);
    let said: Vec<u64> = merchants.chain(plain.said.volumes.clone()).map(f64::to_bits).collect();
    same(|| "reviews, in bits,".to_owned(), bits, said)?;
    same(|| "the number of offers".to_owned(), platform.offers.len(), plain.goods.len())
}

fn tally(engine: &Tally, plain: &Tally) -> Verdict {
    let names = guanxi::model::channels().map(|channel| channel.name);
    for (k, name) in names.enumerate() {
        let what = format!("channel {name}");
        let (engine, plain) = (&engine.channels[k], &plain.channels[k]);
        same_fields!(what, engine, plain; exposed, considered, registered, placed, ordered,
            ordered_fen, kept, kept_fen, returned, new_buyers);
    }
    same_fields!("tally", engine, plain; lapsed, won_back, out_of_stock, unfilled,
        delivery_days, repeat_orders, units_in, units_out, units_back, groups_opened,
        groups_filled, groups_failed, shares, trust_change);
    same(|| "the tally".to_owned(), engine, plain)
}

fn postings(engine: &Postings, plain: &Postings) -> Verdict {
    for (flow, (engine, plain)) in FLOWS.iter().zip(engine.0.iter().zip(&plain.0)) {
        same(|| format!("ledger: {}", flow.name), engine, plain)?;
    }
    Ok(())
}

/// The filed cascades.
pub fn shapes(platform: &Platform, plain: &Market) -> Verdict {
    let engine = platform.cascades.shapes().iter();
    let engine: Vec<_> = engine.map(|(key, s)| (*key, s.count, s.distances)).collect();
    let plain = plain.trees.shapes.iter();
    let plain: Vec<_> = plain.map(|(key, s)| (*key, s.0, s.1)).collect();
    same(
        || "the list of filed cascades ((size, depth), count, distances)".to_owned(),
        engine,
        plain,
    )
}
