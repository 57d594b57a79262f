//! Messages of the market: an exposure to a consumer, an order to an offer, and
//! the answer to an order.

use super::tally::MAX_CHANNELS;
use crate::exchange::Message;
use crate::quantity::money::Fen;

/// No agent, no group, no cascade.
pub const NONE: u32 = u32::MAX;

/// No category: an exposure to the platform itself, not to goods.
pub const NO_CATEGORY: u16 = u16::MAX;

/// The list price, in 1/10000 of itself.
pub const FULL_PRICE: u16 = 10_000;

/// Facts about an exposure or an order, one bit each.
pub mod flag {
    /// A need of the category is open.
    pub const NEED: u8 = 1;
    /// Seen while browsing or in a session, without a need.
    pub const IMPULSE: u8 = 2;
    /// A friend recommends.
    pub const FRIEND: u8 = 4;
    /// Does not reach the decider (the receiver is no member).
    pub const DROPPED: u8 = 8;
    /// The cascade node of the order is the buyer's own, not the sender's.
    pub const OWN_NODE: u8 = 16;
    /// The offer is to the consumer's taste.
    pub const MATCH: u8 = 32;
    /// The receiver holds a coupon.
    pub const COUPON: u8 = 64;
}

/// A place in a cascade: which cascade, and which of its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The cascade, [`NONE`] for none.
    pub cascade: u32,
    /// The node within the cascade.
    pub index: u32,
}

crate::state! { Node { cascade, index } }

impl Node {
    /// In no cascade.
    pub const NONE: Self = Self { cascade: NONE, index: 0 };

    /// Whether there is a cascade.
    #[inline]
    #[must_use]
    pub fn is_some(self) -> bool {
        self.cascade != NONE
    }
}

/// Bits of a channel's number; those above it are the platform's.
const CHANNEL_BITS: u32 = 6;
const _: () = assert!(MAX_CHANNELS <= 1 << CHANNEL_BITS);

/// Numbers of platforms that fit an exposure.
pub const PLATFORMS: usize = 1 << (8 - CHANNEL_BITS);

/// Something that a consumer may consider: an offer or (for somebody who is no
/// member yet) the platform itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// The consumer.
    pub to: u32,
    /// The offer, [`NONE`] for the platform itself.
    pub offer: u32,
    /// Who recommends: a consumer, influencer or neighbourhood by channel; [`NONE`] for nobody.
    pub source: u32,
    /// What it belongs to (a group); [`NONE`] for nothing.
    pub context: u32,
    /// The sender's place in a cascade.
    pub node: Node,
    /// Category of the goods.
    pub category: u16,
    /// Price in 1/10000 of the list price.
    pub price_bp: u16,
    /// Trust in whoever recommends, in 1/65535; 0 for nobody.
    pub trust: u16,
    /// Channel and platform in one byte, since another would cost four.
    pub way: u8,
    /// Facts, see [`flag`].
    pub flags: u8,
}

impl Exposure {
    /// An exposure at the full price, of nobody's recommendation and in no cascade.
    #[inline]
    #[must_use]
    pub fn new(to: u32, platform: usize, channel: u8) -> Self {
        Self {
            to,
            offer: NONE,
            source: NONE,
            context: NONE,
            node: Node::NONE,
            category: NO_CATEGORY,
            price_bp: FULL_PRICE,
            trust: 0,
            way: (platform as u8) << CHANNEL_BITS | channel,
            flags: 0,
        }
    }

    /// Channel, an index into the platform's channels.
    #[inline]
    #[must_use]
    pub fn channel(&self) -> u8 {
        self.way & ((1 << CHANNEL_BITS) - 1)
    }

    /// Platform, an index into the arm's platforms.
    #[inline]
    #[must_use]
    pub fn platform(&self) -> u8 {
        self.way >> CHANNEL_BITS
    }

    /// Whether two are weighed together: goods of a category by one consumer.
    #[inline]
    #[must_use]
    pub fn is_weighed_with(&self, other: &Self) -> bool {
        self.to == other.to && self.category == other.category
    }
}

impl Message for Exposure {
    type Key = (u64, u32, u32, u32);

    #[inline]
    fn to(&self) -> u32 {
        self.to
    }

    /// Receiver, category, platform, channel, offer, source, context: at most one exposure
    /// has the same key in a wave but for repeats that are equal in all. What is weighed
    /// together, goods of a category wherever they are sold, stands together.
    #[inline]
    fn key(&self) -> Self::Key {
        let way = u64::from(self.category) << 8 | u64::from(self.way);
        (u64::from(self.to) << 32 | way, self.offer, self.source, self.context)
    }

    #[inline]
    fn rank(&self) -> u64 {
        u64::from(self.category) << 40 | u64::from(self.way) << 32 | u64::from(self.offer)
    }
}

/// A consumer's order of one unit of an offer. What a [`Shipment`] keeps of it stands in the same order
/// there, and is copied at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// The buyer.
    pub consumer: u32,
    /// The offer.
    pub offer: u32,
    /// Who recommended, as in [`Exposure::source`].
    pub source: u32,
    /// Price that the buyer pays.
    pub price_fen: u32,
    /// The group that the buyer was invited to, or is in; [`NONE`] for none.
    pub context: u32,
    /// Place in a cascade: the sender's, or the buyer's own where [`flag::OWN_NODE`] is set.
    pub node: Node,
    /// What the platform pays of the price, out of its budget.
    pub coupon_fen: u16,
    /// Day on which it was placed.
    pub day: u16,
    /// Random priority where the offer or group is contended for; smaller first.
    pub priority: u16,
    /// Wave in which it was placed.
    pub wave: u8,
    /// Channel of the exposure that won.
    pub channel: u8,
    /// Platform.
    pub platform: u8,
    /// Facts, see [`flag`].
    pub flags: u8,
    /// The buying variant chosen: 0 alone, else an index + 1 into the platform's variants.
    pub variant: u8,
}

crate::state! {
    Order {
        consumer, offer, source, context, node, price_fen, day, priority, channel, flags,
        variant, platform, wave, coupon_fen,
    }
}

impl Order {
    /// The whole price, which the merchant gets and of which fees are shares.
    #[inline]
    #[must_use]
    pub fn full_price(&self) -> Fen {
        Fen(i64::from(self.price_fen) + i64::from(self.coupon_fen))
    }
}

impl Message for Order {
    type Key = (u32, u16, u32, u16, u8);

    #[inline]
    fn to(&self) -> u32 {
        self.offer
    }

    /// Offer, then the addressed priority, so that no consumer number is favoured.
    #[inline]
    fn key(&self) -> Self::Key {
        (self.offer, self.priority, self.consumer, self.day, self.wave)
    }

    #[inline]
    fn rank(&self) -> u64 {
        u64::from(self.priority) << 48 | u64::from(self.consumer) << 16 | u64::from(self.day)
    }
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The unit is the buyer's and is dispatched.
    Granted,
    /// The stock was used up; the money goes back.
    OutOfStock,
    /// The group or batch did not fill; the money goes back.
    Unfilled,
    /// The friend's group was full already; the money goes back at once.
    Late,
}

/// The answer to an order, to the consumer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The order.
    pub order: Order,
    /// What became of it.
    pub verdict: Verdict,
}

impl Message for Answer {
    type Key = (u32, u32, u16, u8);

    #[inline]
    fn to(&self) -> u32 {
        self.order.consumer
    }

    /// Consumer, offer and the moment of the order: unique, since a consumer places
    /// at most one order of an offer in a wave.
    #[inline]
    fn key(&self) -> Self::Key {
        (self.order.consumer, self.order.offer, self.order.day, self.order.wave)
    }

    #[inline]
    fn rank(&self) -> u64 {
        let Order { offer, day, wave, .. } = self.order;
        u64::from(offer) << 32 | u64::from(day) << 16 | u64::from(wave)
    }
}

/// A granted order on its way: what is still asked of it when it arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shipment {
    /// The buyer.
    pub consumer: u32,
    /// The offer.
    pub offer: u32,
    /// Who recommended, as in [`Exposure::source`].
    pub source: u32,
    /// Price that the buyer paid.
    pub price_fen: u32,
    /// What the platform pays of the price, out of its budget.
    pub coupon_fen: u16,
    /// Day on which it was ordered.
    pub day: u16,
    /// Wave in which it was ordered.
    pub wave: u8,
    /// Channel of the exposure that won.
    pub channel: u8,
    /// Platform.
    pub platform: u8,
}

crate::state! {
    Shipment { consumer, offer, source, price_fen, coupon_fen, day, wave, channel, platform }
}

impl From<&Order> for Shipment {
    #[inline]
    fn from(order: &Order) -> Self {
        let &Order { consumer, offer, source, price_fen, coupon_fen, .. } = order;
        let &Order { day, wave, channel, platform, .. } = order;
        Self { consumer, offer, source, price_fen, coupon_fen, day, wave, channel, platform }
    }
}

impl Shipment {
    /// The whole price, which the merchant gets and of which fees are shares.
    #[inline]
    #[must_use]
    pub fn full_price(&self) -> Fen {
        Fen(i64::from(self.price_fen) + i64::from(self.coupon_fen))
    }

    /// What tells a shipment from others of the buyer that arrive on the same day.
    #[inline]
    #[must_use]
    pub fn occasion(&self) -> u32 {
        self.offer ^ u32::from(self.day) << 24 ^ u32::from(self.wave) << 20
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ending {
    /// Whether the goods went back.
    pub returned: bool,
    /// Realised minus expected quality.
    pub surprise: f32,
}

/// A delivery, and how it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What was delivered.
    pub order: Shipment,
    /// Whether the goods went back.
    pub returned: bool,
    /// Realised minus expected quality.
    pub surprise: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ranks may not know the whole key, but never contradict it.
    fn check<T: Message>(all: &[T]) {
        for (a, b) in all.iter().flat_map(|a| all.iter().map(move |b| (a, b))) {
            if a.to() == b.to() && a.rank() != b.rank() {
                assert_eq!(a.rank() < b.rank(), a.key() < b.key());
            }
        }
    }

    #[test]
    fn ranks_are_in_the_order_of_the_keys() {
        let value = |k: u32, bit: u32| if k >> bit & 1 == 1 { u32::MAX } else { k % 3 };
        let exposures: Vec<Exposure> = (0..64)
            .map(|k| Exposure {
                category: value(k, 0) as u16,
                way: value(k, 1) as u8,
                offer: value(k, 2),
                source: value(k, 3),
                ..Exposure::new(k % 2, 0, 0)
            })
            .collect();
        check(&exposures);
        let order = |k| Order {
            consumer: value(k, 0),
            offer: value(k, 1),
            source: NONE,
            context: NONE,
            node: Node::NONE,
            price_fen: 1,
            day: value(k, 2) as u16,
            priority: value(k, 3) as u16,
            channel: 0,
            flags: 0,
            variant: 0,
            platform: 0,
            wave: value(k, 4) as u8,
            coupon_fen: 0,
        };
        let orders: Vec<Order> = (0..64).map(order).collect();
        check(&orders);
        let answer = |&order| Answer { order, verdict: Verdict::Granted };
        check(&orders.iter().map(answer).collect::<Vec<_>>());
    }
}
