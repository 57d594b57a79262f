//! Counts of a day: integers, gathered by shard and added up in any order.

/// Counts of one channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelTally {
    /// Contacts: item pages, sessions, messages or advertisements that reached somebody.
    pub exposed: u64,
    /// Exposures that a member considered buying from.
    pub considered: u64,
    /// Orders placed.
    pub placed: u64,
    /// Orders granted.
    pub ordered: u64,
    /// Money of granted orders.
    pub ordered_fen: i64,
    /// Delivered orders that were kept.
    pub kept: u64,
    /// Money of kept orders.
    pub kept_fen: i64,
    /// Delivered orders that went back.
    pub returned: u64,
    /// New members.
    pub registered: u64,
    /// First granted orders, by channel of acquisition.
    pub new_buyers: u64,
}

crate::state! {
    ChannelTally {
        exposed, considered, placed, ordered, ordered_fen, kept, kept_fen, returned, registered,
        new_buyers,
    }
}

/// Number of channels that tallies have room for.
pub const MAX_CHANNELS: usize = 16;

/// Counts of one day in one shard, or summed over shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By channel.
    pub channels: [ChannelTally; MAX_CHANNELS],
    /// Members lost.
    pub lapsed: u64,
    /// Members won back.
    pub won_back: u64,
    /// Orders that were not granted for want of stock.
    pub out_of_stock: u64,
    /// Orders whose group or batch did not fill.
    pub unfilled: u64,
    /// Days from order to delivery, summed over delivered orders.
    pub delivery_days: u64,
    /// Granted orders that were not the buyer's first.
    pub repeat_orders: u64,
    /// Units that came into stock.
    pub units_in: u64,
    /// Units sent out.
    pub units_out: u64,
    /// Units that came back from buyers.
    pub units_back: u64,
    /// Groups opened.
    pub groups_opened: u64,
    /// Groups that filled.
    pub groups_filled: u64,
    /// Groups that did not fill in time.
    pub groups_failed: u64,
    /// Shares and invitations sent.
    pub shares: u64,
    /// Change of the sum of all members' trust, in 1/65535.
    pub trust_change: i64,
}

crate::state! {
    Tally {
        channels, lapsed, won_back, out_of_stock, unfilled, delivery_days, repeat_orders,
        units_in, units_out, units_back, groups_opened, groups_filled, groups_failed, shares,
        trust_change,
    }
}

macro_rules! add_fields {
    ($sum:ident, $other:ident: $($field:ident),*) => { $($sum.$field += $other.$field;)* };
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        let sum = &mut *self;
        for (a, b) in sum.channels.iter_mut().zip(&other.channels) {
            add_fields!(a, b: exposed, considered, placed, ordered, ordered_fen, kept, kept_fen,
                returned, registered, new_buyers);
        }
        add_fields!(sum, other: lapsed, won_back, out_of_stock, unfilled, delivery_days,
            repeat_orders, units_in, units_out, units_back, groups_opened,
            groups_filled, groups_failed, shares, trust_change);
    }

    /// A sum over all channels.
    #[must_use]
    pub fn over_channels(&self, count: impl Fn(&ChannelTally) -> i64) -> i64 {
        self.channels.iter().map(count).sum()
    }
}
