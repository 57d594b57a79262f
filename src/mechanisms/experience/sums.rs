//! What a shard's deliveries come to: added up order by order, booked once.

use super::Today;
use crate::market::ledger::Line;
use crate::market::message::Shipment;
use crate::market::platform::Book;
use crate::market::tally::MAX_CHANNELS;
use crate::quantity::money::Fen;

/// What became of a shard's deliveries of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    kept: u64,
    kept_fen: i64,
    returned: u64,
    commission_fen: i64,
}

/// What became of a shard's deliveries.
#[derive(Debug, Default)]
pub(super) struct Sums {
    channels: [Ends; MAX_CHANNELS],
    delivery_days: u64,
    pub(super) trust_change: i64,
    refund_fen: i64,
    coupon_fen: i64,
    commission_fen: i64,
    ad_fee_fen: i64,
}

impl Sums {
    /// Adds a delivery: the money of a kept order is shared out, that of a returned one goes back.
    /// Both are added, one of them nothing: which it is cannot be foretold.
    #[inline]
    pub(super) fn add(&mut self, today: &Today<'_>, order: &Shipment, returned: bool) {
        let channel = &mut self.channels[usize::from(order.channel)];
        self.delivery_days += u64::from(today.at.day - order.day);
        let (price_fen, back) = (u64::from(order.price_fen), u64::from(returned));
        let kept_fen = (1 - back) * price_fen;
        let coupon_fen = (1 - back) * u64::from(order.coupon_fen);
        channel.returned += back;
        channel.kept += 1 - back;
        channel.kept_fen += kept_fen as i64;
        self.refund_fen += (price_fen - kept_fen) as i64;
        let part = |share_bp: u32| ((kept_fen + coupon_fen) * u64::from(share_bp) / 10_000) as i64;
        self.coupon_fen += coupon_fen as i64;
        self.commission_fen += part(today.fees.commission_bp);
        self.ad_fee_fen += part(today.fees.ad_fee_bp);
        let commission_bp = today.channels[usize::from(order.channel)].commission_bp;
        if commission_bp > 0 {
            channel.commission_fen += part(commission_bp);
        }
    }

    /// Books the sums.
    pub(super) fn post(&self, today: &Today<'_>, book: &mut Book) {
        let Book { tally, postings, .. } = book;
        for (ends, channel) in self.channels.iter().zip(&mut tally.channels) {
            channel.kept += ends.kept;
            channel.kept_fen += ends.kept_fen;
            channel.returned += ends.returned;
        }
        let returned: u64 = self.channels.iter().map(|ends| ends.returned).sum();
        let kept_fen = self.channels.iter().map(|ends| ends.kept_fen).sum();
        tally.delivery_days += self.delivery_days;
        tally.trust_change += self.trust_change;
        tally.units_back += returned;
        postings.post(Line::Refund, Fen(self.refund_fen));
        postings
            .post(Line::ReturnPostage, Fen(returned as i64 * today.env.catalogue.parcel_cost_fen));
        postings.post(Line::Settlement, Fen(kept_fen));
        postings.post(Line::Subsidy, Fen(self.coupon_fen));
        postings.post(Line::Commission, Fen(self.commission_fen));
        postings.post(Line::AdFee, Fen(self.ad_fee_fen));
        for (ends, promise) in self.channels.iter().zip(&today.channels) {
            if let Some(line) = promise.commission_line {
                postings.post(line, Fen(ends.commission_fen));
            }
        }
    }
}
