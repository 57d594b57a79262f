//! The ledger: every flow of money has a payer and a payee, in whole fen.

use crate::columns::{Columns, State};
use crate::quantity::money::Fen;

/// Who can hold money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// All consumers.
    Consumers,
    /// All merchants.
    Merchants,
    /// All influencers.
    Influencers,
    /// All group leaders.
    Leaders,
    /// The platform.
    Platform,
    /// Parcel and pickup services.
    Logistics,
    /// Sellers of advertising outside the platform.
    AdvertisingMarket,
    /// Makers and wholesalers from whom merchants buy.
    Suppliers,
}

impl Party {
    /// All parties.
    pub const ALL: [Self; 8] = [
        Self::Consumers,
        Self::Merchants,
        Self::Influencers,
        Self::Leaders,
        Self::Platform,
        Self::Logistics,
        Self::AdvertisingMarket,
        Self::Suppliers,
    ];

    /// The name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Consumers => "consumers",
            Self::Merchants => "merchants",
            Self::Influencers => "influencers",
            Self::Leaders => "leaders",
            Self::Platform => "platform",
            Self::Logistics => "logistics",
            Self::AdvertisingMarket => "advertising_market",
            Self::Suppliers => "suppliers",
        }
    }
}

/// The declaration of one kind of flow.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// Name in the table `ledger`.
    pub name: &'static str,
    /// Who pays.
    pub payer: Party,
    /// Who is paid.
    pub payee: Party,
    /// What it is.
    pub meaning: &'static str,
    /// Whether it is the platform's spending from the marketing budget.
    pub marketing: bool,
    /// Whether it is the platform's revenue.
    pub revenue: bool,
}

macro_rules! flows {
    ($($line:ident = $name:literal: $payer:ident -> $payee:ident, $meaning:literal $(, $kind:ident)?;)*) => {
        /// A line of the ledger.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(usize)]
        pub enum Line { $(#[doc = $meaning] $line,)* }

        /// The declarations of all lines, in the order of [`Line`].
        pub const FLOWS: &[Flow] = &[$(flows!(@flow $name, $payer, $payee, $meaning $(, $kind)?),)*];
    };
    (@flow $name:literal, $payer:ident, $payee:ident, $meaning:literal) => {
        Flow { name: $name, payer: Party::$payer, payee: Party::$payee, meaning: $meaning,
            marketing: false, revenue: false }
    };
    (@flow $name:literal, $payer:ident, $payee:ident, $meaning:literal, marketing) => {
        Flow { name: $name, payer: Party::$payer, payee: Party::$payee, meaning: $meaning,
            marketing: true, revenue: false }
    };
    (@flow $name:literal, $payer:ident, $payee:ident, $meaning:literal, revenue) => {
        Flow { name: $name, payer: Party::$payer, payee: Party::$payee, meaning: $meaning,
            marketing: false, revenue: true }
    };
}

flows! {
    Payment = "payment": Consumers -> Platform, "The price of an order, held by the platform until delivery";
    Refund = "refund": Platform -> Consumers, "The price given back: unfilled, out of stock or returned";
    Settlement = "settlement": Platform -> Merchants, "The price of a kept order, passed on";
    Commission = "commission": Merchants -> Platform, "The platform's share of a kept order", revenue;
    AdFee = "ad_fee": Merchants -> Platform, "Fees for being shown, as a share of a kept order", revenue;
    Goods = "goods": Merchants -> Suppliers, "Units that came into stock, at unit cost";
    Postage = "postage": Merchants -> Logistics, "Dispatch of an order";
    ReturnPostage = "return_postage": Merchants -> Logistics, "The way back of a returned order";
    InfluencerCommission = "influencer_commission": Merchants -> Influencers, "An influencer's share of a kept order";
    LeaderCommission = "leader_commission": Merchants -> Leaders, "A group leader's share of a kept order";
    OutsideAds = "outside_ads": Platform -> AdvertisingMarket, "Advertising outside the platform", marketing;
    ShareReward = "share_reward": Platform -> Consumers, "Rewards for bringing a new member", marketing;
    SlotFee = "slot_fee": Platform -> Influencers, "Fees for livestream sessions", marketing;
    LeaderBonus = "leader_bonus": Platform -> Leaders, "Bonuses for opening a neighbourhood", marketing;
    Subsidy = "subsidy": Platform -> Merchants, "What a coupon took off the price of a kept order", marketing;
}

/// Number of lines.
pub const LINES: usize = FLOWS.len();

/// Sums by line, gathered in one place and added to the ledger later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postings(pub [i64; LINES]);

impl Default for Postings {
    fn default() -> Self {
        Self([0; LINES])
    }
}

impl State for Postings {
    fn blank() -> Self {
        Self::default()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.0.visit(io);
    }
}

impl Postings {
    /// Adds other sums, line by line.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(sum, amount)| *sum += amount);
    }

    /// Adds an amount to a line.
    #[inline]
    pub fn post(&mut self, line: Line, amount: Fen) {
        self.0[line as usize] += amount.0;
    }
}

/// All money that has moved in one platform's world.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    today: Postings,
    total: Postings,
}

crate::state! { Ledger { today, total } }

impl Ledger {
    /// Takes postings over and empties them.
    pub fn take(&mut self, postings: &mut Postings) {
        for (sum, amount) in self.today.0.iter_mut().zip(&mut postings.0) {
            *sum += std::mem::take(amount);
        }
    }

    /// Posts one flow.
    pub fn post(&mut self, line: Line, amount: Fen) {
        self.today.post(line, amount);
    }

    /// Closes the day: today's flows join the total. Returns them.
    pub fn close(&mut self) -> Postings {
        let today = std::mem::take(&mut self.today);
        for (sum, amount) in self.total.0.iter_mut().zip(&today.0) {
            *sum += amount;
        }
        today
    }

    /// Today's flow on a line.
    #[must_use]
    pub fn today(&self, line: Line) -> Fen {
        Fen(self.today.0[line as usize])
    }

    /// The flow on a line on all closed days.
    #[must_use]
    pub fn total(&self, line: Line) -> Fen {
        Fen(self.total.0[line as usize])
    }
}

/// What a party received minus what it paid.
#[must_use]
pub fn balance(postings: &Postings, party: Party) -> Fen {
    let signed = FLOWS.iter().zip(&postings.0).map(|(flow, &amount)| {
        i64::from(flow.payee == party) * amount - i64::from(flow.payer == party) * amount
    });
    Fen(signed.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_balances_together_are_zero() {
        let mut postings = Postings::default();
        for (k, amount) in postings.0.iter_mut().enumerate() {
            *amount = 7 * k as i64 + 1;
        }
        let sum: i64 = Party::ALL.iter().map(|&party| balance(&postings, party).0).sum();
        assert_eq!(sum, 0);
    }

    #[test]
    fn lines_and_declarations_stand_in_the_same_order() {
        assert_eq!(FLOWS[Line::Payment as usize].name, "payment");
        assert_eq!(FLOWS[Line::Subsidy as usize].name, "subsidy");
        assert_eq!(LINES, Line::Subsidy as usize + 1);
    }
}
