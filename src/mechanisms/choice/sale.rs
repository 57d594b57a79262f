//! Sales: what an alternative costs in each way of buying, and the order of what wins.

use super::batch::Winner;
use crate::market::ledger::Line;
use crate::market::message::{Exposure, FULL_PRICE, Order, flag};
use crate::market::platform::{Book, Platform};
use crate::quantity::math::quick_ln;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;

/// ln(P/P⁰) of an exposure's price alone, from that of the offer's.
pub fn ln_price_ratio(platform: &Platform, e: &Exposure, of_offer: f64) -> f64 {
    let mut ratio = of_offer;
    if e.price_bp != FULL_PRICE {
        ratio += quick_ln(f64::from(e.price_bp) / 1e4);
    }
    if e.flags & flag::COUPON != 0 {
        ratio += ln_coupon(platform, e, 0);
    }
    ratio
}

/// What a coupon takes off the logarithm of the price in way `k` beyond what it takes off
/// the price alone.
pub fn coupon_gain(platform: &Platform, e: &Exposure, k: usize) -> f64 {
    if e.flags & flag::COUPON == 0 {
        return 0.0;
    }
    ln_coupon(platform, e, k as u8 + 1) - ln_coupon(platform, e, 0)
}

/// ln of the share of the price in a variant that a coupon leaves to pay.
fn ln_coupon(platform: &Platform, e: &Exposure, variant: u8) -> f64 {
    let list_fen = platform.offers[e.offer as usize].price_fen;
    let price = price_fen(platform, list_fen, e, variant);
    let off = platform.coupon.off_fen(price);
    if off == 0 {
        return 0.0;
    }
    quick_ln(f64::from(price - u32::from(off)) / f64::from(price))
}

/// The price in a variant, before a coupon, from the list price.
#[inline]
fn price_fen(platform: &Platform, list_fen: u32, e: &Exposure, variant: u8) -> u32 {
    let cut = match variant {
        0 => u64::from(e.price_bp),
        k => u64::from(e.price_bp) * u64::from(platform.variants[k as usize - 1].price_bp) / 10_000,
    };
    (u64::from(list_fen) * cut / 10_000) as u32
}

/// The order of what won at a list price, booked; its priority is still to be drawn.
#[inline(always)]
pub fn order(
    (platform, list_fen): (&Platform, u32),
    e: &Exposure,
    &Winner { variant, need, .. }: &Winner,
    at: Clock,
    book: &mut Book,
) -> Order {
    let mut price_fen = price_fen(platform, list_fen, e, variant);
    let mut coupon_fen = 0;
    if e.flags & flag::COUPON != 0 {
        coupon_fen = platform.coupon.off_fen(price_fen);
        price_fen -= u32::from(coupon_fen);
        book.coupon_fen += i64::from(coupon_fen);
    }
    book.tally.channels[usize::from(e.channel())].placed += 1;
    book.postings.post(Line::Payment, Fen(i64::from(price_fen)));
    Order {
        consumer: e.to,
        offer: e.offer,
        source: e.source,
        context: e.context,
        node: e.node,
        price_fen,
        day: at.day,
        priority: 0,
        channel: e.channel(),
        flags: (e.flags & flag::IMPULSE) | if need { flag::NEED } else { 0 },
        variant,
        platform: e.platform(),
        wave: at.wave,
        coupon_fen,
    }
}
