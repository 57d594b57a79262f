//! The state of one platform: members, offers, channels, money and counts.

use super::cascade::Cascades;
use super::catalogue::Catalogue;
use super::coupon::{CouponPool, CouponTerms};
use super::history::History;
use super::ledger::{Ledger, Line, Postings};
use super::member::{Bitmap, Member, bit, put_bit, share16};
use super::message::{Ending, Exposure, Outcome, Shipment};
use super::opinion::Opinions;
use super::popularity::{Popularity, Ranking};
use super::tally::Tally;
use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::parallel::{Column, Shards};
use crate::quantity::math::logistic;
use crate::quantity::money::Fen;
use crate::simd::prefetch;
use std::sync::Arc;

/// What the platform takes of a kept order, and what a pickup costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fees {
    /// Commission, in 1/10000.
    pub commission_bp: u32,
    /// Fee for being shown, in 1/10000.
    pub ad_fee_bp: u32,
    /// Postage of a pickup.
    pub pickup_cost_fen: i64,
}

/// What kind of way a channel is: people like one kind more than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// From outside the platform.
    #[default]
    Outside,
    /// The consumer's own search.
    Search,
    /// Browsing.
    Feed,
    /// An influencer's session.
    Live,
    /// A neighbourhood's leader.
    Leader,
    /// A friend's doing.
    Friend,
}

/// How goods travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carriage {
    /// To the door.
    #[default]
    Parcel,
    /// To a pickup point in the neighbourhood.
    Pickup,
}

/// What a channel means to decider and registration; set by the sender that owns it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChannelTerms {
    /// Constant of the utility: attraction, residual lift, impulse, hassle.
    pub constant: f64,
    /// The constant of what is to the consumer's taste ([`flag::MATCH`](super::message::flag)).
    pub matched: f64,
    /// Whether it is advertising outside the platform, of which people get tired.
    pub advert: bool,
    /// j: how persuasive it is to somebody who is no member, in log-odds.
    pub join: f64,
    /// Probability with which an exposure of a stranger was already thinned out by
    /// the sender: registration accepts with σ(j − ρ) ÷ this. 1 for no thinning.
    pub thinning: f64,
    /// How the goods travel.
    pub carriage: Carriage,
    /// Whether alternatives of this channel may be bought in the platform's variants.
    pub variants: bool,
    /// Commission of whoever recommends, in 1/10000 of a kept order.
    pub commission_bp: u32,
    /// Who gets that commission.
    pub commission_line: Option<Line>,
    /// Log-odds that an order of this channel adds to the return.
    pub return_shift: f64,
    /// Quality that the channel promises beyond the usual, 0 … 1.
    pub hype: f64,
    /// Whether orders through it count as organic; from the channel's declaration.
    pub organic: bool,
    /// What kind of way it is; from the channel's declaration.
    pub family: Family,
}

/// A way of buying an offer other than alone at the list price, such as in a team.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant {
    /// Price in 1/10000 of the price alone.
    pub price_bp: u16,
    /// ln of that share.
    pub ln_price: f64,
    /// Mean hassle; each consumer's is exponential around it.
    pub hassle: f64,
}

/// What consumers see of an offer on a platform. It changes between the days alone, so that all
/// processors may hold it; a quarter of a line of memory of its own, since offers are met at random.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(16))]
pub struct OfferState {
    /// Price alone.
    pub price_fen: u32,
    /// ln(price ÷ the category's reference).
    pub ln_price_ratio: f32,
    /// Utility of what others say of the offer; 0 where nobody says anything.
    pub standing_utility: f32,
}

/// What is there of an offer on a platform, and what went: changed by every order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Inventory {
    /// Units in stock on this platform's account, negative where it sold what came in on
    /// another's: the accounts of all platforms together are the stock.
    pub stock: i32,
    /// Units granted today.
    pub sold_today: u32,
    /// Orders asked for today, granted or not.
    pub asked_today: u32,
    /// Smoothed orders asked for a day.
    pub demand: f32,
}

crate::state! {
    OfferState { price_fen, ln_price_ratio, standing_utility }
    Inventory { stock, sold_today, asked_today, demand }
}

/// The law of the fixed resistances ρ to a platform: normal, cut at 3.5 standard deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Resistance {
    /// Mean, in log-odds.
    pub mean: f64,
    /// Standard deviation, in log-odds.
    pub sd: f64,
}

impl Resistance {
    /// Cut of the normal law, in standard deviations: the least resistance bounds how
    /// far a sender may thin out exposures.
    pub const CUT: f64 = 3.5;

    /// The resistance at a standard normal deviate.
    #[inline]
    #[must_use]
    pub fn at(self, deviate: f64) -> f64 {
        self.mean + self.sd * deviate.clamp(-Self::CUT, Self::CUT)
    }

    /// The largest probability with which persuasion `join` wins anybody.
    #[must_use]
    pub fn most_persuaded(self, join: f64) -> f64 {
        logistic(join - self.at(-Self::CUT))
    }
}

/// The state of one platform of an arm.
#[derive(Debug)]
pub struct Platform {
    /// Name.
    pub name: String,
    /// One record a consumer, of those whom the rank has; empty where nobody can ever register.
    pub members: Column<Member>,
    /// Consumers who are registered and have not lapsed.
    pub live: Bitmap,
    /// Consumers who registered or came back today, by shard, ascending.
    pub joined: Vec<Vec<u32>>,
    /// Orders that arrive today, by shard.
    pub arrivals: Vec<Vec<Shipment>>,
    /// How what was delivered today ended, by shard, in the order of `arrivals`; see
    /// [`Self::outcomes`].
    pub endings: Vec<Vec<Ending>>,
    /// How hard it is to win somebody over.
    pub resistance: Resistance,
    /// What consumers see of the offers.
    pub offers: Vec<OfferState>,
    /// What is there of them.
    pub inventory: Vec<Inventory>,
    /// Reviews and reputation; empty where nobody reviews.
    pub opinions: Opinions,
    /// How the offers rank today by what sold.
    pub popularity: Popularity,
    /// Terms of the channels, by their number.
    pub channels: Vec<ChannelTerms>,
    /// Ways of buying.
    pub variants: Vec<Variant>,
    /// Days that a parcel takes longer on average, by city tier, from the largest.
    pub tier_days: [f64; 5],
    /// Fees.
    pub fees: Fees,
    /// What a coupon is worth.
    pub coupon: CouponTerms,
    /// What coupons may still cost.
    pub coupon_pool: CouponPool,
    /// Money.
    pub ledger: Ledger,
    /// Sharing trees.
    pub cascades: Cascades,
    /// Today's counts and postings by shard of consumers.
    pub books: Vec<Book>,
    /// Today's counts and postings by shard of offers.
    pub offer_books: Vec<Book>,
    /// What the platform may spend a day on winning and keeping customers.
    pub daily_budget: Fen,
    /// Probability that a non-user has had a contact today that is only counted, being
    /// too weak to persuade anybody.
    pub idle_contact: f64,
    /// Members of whom this platform has all attention; the sum of the shares of those who
    /// divide it among several.
    pub attending: f64,
    /// Members now: registered and not lapsed.
    pub n_live: u64,
    /// Consumers who ever registered.
    pub n_registered: u64,
    /// Sum of all members' trust, in 1/65535.
    pub trust_sum: i64,
    /// Who bought when, by cohort.
    pub history: History,
}

/// Counts and postings of one shard, in lines of memory that it shares with none.
#[derive(Clone, Debug, Default)]
#[repr(align(128))]
pub struct Book {
    /// Counts.
    pub tally: Tally,
    /// Money.
    pub postings: Postings,
    /// What coupons take off this wave's orders.
    pub coupon_fen: i64,
}

/// The rows of one shard of consumers: what one worker may write.
#[derive(Debug)]
pub struct Rows<'a> {
    /// The first consumer of the shard.
    pub first: u32,
    /// Records.
    pub members: &'a mut [Member],
    /// Live bits.
    pub live: &'a mut [u64],
    /// Who joined today.
    pub joined: &'a mut Vec<u32>,
    /// What arrives today.
    pub arrivals: &'a mut Vec<Shipment>,
    /// How what arrived ended.
    pub endings: &'a mut Vec<Ending>,
    /// Counts and money.
    pub book: &'a mut Book,
}

impl Rows<'_> {
    /// The record of a consumer of this shard.
    #[inline]
    pub fn member(&mut self, consumer: u32) -> &mut Member {
        &mut self.members[(consumer - self.first) as usize]
    }

    /// Asks for the record of a consumer of this shard ahead of its use.
    #[inline]
    pub fn touch(&self, consumer: u32) {
        prefetch(self.members, (consumer - self.first) as usize);
    }

    /// Whether a consumer of this shard is a member, from the bits alone.
    #[inline]
    #[must_use]
    pub fn is_live(&self, consumer: u32) -> bool {
        bit(self.live, consumer - self.first)
    }

    /// Sets a consumer's trust in the platform, and keeps count of the members' sum.
    pub fn believe(&mut self, consumer: u32, trust: f64) {
        let change = self.member(consumer).believe(share16(trust));
        self.book.tally.trust_change += change;
    }

    /// Makes a consumer's live bit agree with the record.
    #[inline]
    pub fn refresh(&mut self, consumer: u32) {
        let row = consumer - self.first;
        put_bit(self.live, row, self.members[row as usize].is_live());
    }
}

impl Platform {
    /// What was delivered today in a shard and how it ended, as far as somebody unpacked it.
    pub fn outcomes(&self, shard: usize) -> impl ExactSizeIterator<Item = Outcome> + Clone {
        let deliveries = self.arrivals[shard].iter().zip(&self.endings[shard]);
        deliveries.map(|(&order, &Ending { returned, surprise })| Outcome {
            order,
            returned,
            surprise,
        })
    }

    /// Today's outcomes of all shards, in their order.
    pub fn all_outcomes(&self) -> impl Iterator<Item = Outcome> {
        (0..self.endings.len()).flat_map(|shard| self.outcomes(shard))
    }

    /// The rows of every shard of consumers.
    pub fn rows(&mut self, shards: Shards) -> Vec<Rows<'_>> {
        let size = shards.size();
        let mut rows = Vec::with_capacity(shards.count());
        let mut columns = self
            .members
            .by_shard(shards)
            .into_iter()
            .zip(self.live.0.chunks_mut(size / 64))
            .zip(self.joined.iter_mut().zip(&mut self.arrivals))
            .zip(self.endings.iter_mut().zip(&mut self.books));
        for k in 0..shards.count() {
            let Some((((members, live), (joined, arrivals)), (endings, book))) = columns.next()
            else {
                break;
            };
            let first = shards.range(k).start;
            rows.push(Rows { first, members, live, joined, arrivals, endings, book });
        }
        rows
    }

    /// A platform that nobody has registered on, with the records of its consumers.
    #[must_use]
    pub fn new(
        name: &str,
        consumers: Shards,
        catalogue: &Catalogue,
        members: Column<Member>,
        days: usize,
    ) -> Self {
        Self {
            name: name.to_owned(),
            members,
            live: Bitmap::new(consumers.n()),
            joined: vec![Vec::new(); consumers.count()],
            arrivals: vec![Vec::new(); consumers.count()],
            endings: vec![Vec::new(); consumers.count()],
            resistance: Resistance::default(),
            offers: vec![OfferState::default(); catalogue.offers.len()],
            inventory: vec![Inventory::default(); catalogue.offers.len()],
            opinions: Opinions::default(),
            popularity: Popularity::default(),
            channels: Vec::new(),
            variants: Vec::new(),
            tier_days: [0.0; 5],
            fees: Fees::default(),
            coupon: CouponTerms::default(),
            coupon_pool: CouponPool::default(),
            ledger: Ledger::default(),
            cascades: Cascades::default(),
            books: vec![Book::default(); consumers.count()],
            offer_books: vec![Book::default(); catalogue.shards.count()],
            daily_budget: Fen::ZERO,
            idle_contact: 0.0,
            attending: 0.0,
            n_live: 0,
            n_registered: 0,
            trust_sum: 0,
            history: History::new(days),
        }
    }

    /// What lives over the night, in or out of a checkpoint. What a day counts is empty
    /// between days; terms are the scenario's, and set again when a world is built.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { name, members, live, joined, offers, inventory, opinions, coupon_pool, .. } =
            self;
        io.name(name);
        io.name("offers");
        io.same_length(offers.len());
        io.by_consumer(members);
        io.by_bit(&mut live.0);
        offers.visit(io);
        inventory.visit(io);
        io.where_on(&mut opinions.merchants);
        io.where_on(&mut opinions.offers);
        coupon_pool.visit(io);
        joined.iter_mut().for_each(Vec::clear);
        let Self { ledger, cascades, n_live, n_registered, trust_sum, history, .. } = self;
        ledger.visit(io);
        cascades.columns(io);
        n_live.visit(io);
        n_registered.visit(io);
        trust_sum.visit(io);
        history.columns(io);
        if io.is_loading() {
            let Self { books, offer_books, popularity, .. } = self;
            popularity.forget();
            books.iter_mut().chain(offer_books).for_each(|book| *book = Book::default());
        }
        // A field that is new is placed above or here.
        let Self {
            arrivals: _,
            endings: _,
            resistance: _,
            popularity: _,
            channels: _,
            variants: _,
            tier_days: _,
            fees: _,
            coupon: _,
            books: _,
            offer_books: _,
            daily_budget: _,
            idle_contact: _,
            attending: _,
            name: _,
            members: _,
            live: _,
            joined: _,
            offers: _,
            inventory: _,
            opinions: Opinions { merchants: _, offers: _ },
            coupon_pool: _,
            ledger: _,
            cascades: _,
            n_live: _,
            n_registered: _,
            trust_sum: _,
            history: _,
        } = self;
    }

    /// What the shards' books of the day come to, all ranks' together; the books are empty
    /// afterwards. What a rank writes into the book of a shard that is not its own is what all
    /// ranks write there, and counts once.
    pub fn take_books(&mut self, link: &Link) -> (Tally, Postings) {
        let (mut tally, mut postings) = (Tally::default(), Postings::default());
        for books in [&mut self.books, &mut self.offer_books] {
            let own = link.own(books.len());
            for (shard, book) in books.iter_mut().enumerate() {
                let of_shard =
                    (std::mem::take(&mut book.tally), std::mem::take(&mut book.postings));
                if own.contains(&shard) {
                    tally.add(&of_shard.0);
                    postings.add(&of_shard.1);
                }
            }
        }
        let mut sum = [(tally, postings)];
        link.merge(&mut sum, |sum, other| {
            sum.0.add(&other.0);
            sum.1.add(&other.1);
        });
        let [sum] = sum;
        sum
    }

    /// Shows every count that ranks keep together: between the morning and the evening each
    /// adds to it what its own consumers and offers do.
    pub fn each_count(&mut self, act: &mut dyn FnMut(u64) -> u64) {
        self.n_live = act(self.n_live);
        self.n_registered = act(self.n_registered);
        for offer in &mut self.inventory {
            offer.stock = act(offer.stock as u64) as i32;
            offer.sold_today = act(u64::from(offer.sold_today)) as u32;
            offer.asked_today = act(u64::from(offer.asked_today)) as u32;
        }
        self.history.each_count(act);
    }

    /// How the offers rank this morning by (1 + demand) to the power `exponent`.
    pub fn ranking(&mut self, day: u16, exponent: f64) -> Arc<Ranking> {
        self.popularity.ranking(day, exponent, &self.inventory)
    }

    /// What `share` of the daily budget is, in fen.
    #[must_use]
    pub fn allotment(&self, share: f64) -> Fen {
        Fen((self.daily_budget.0 as f64 * share).floor() as i64)
    }
}

/// Whether an exposure reaches the decider.
#[inline]
#[must_use]
pub fn is_considered(exposure: &Exposure) -> bool {
    use super::message::{NO_CATEGORY, flag};
    exposure.flags & flag::DROPPED == 0 && exposure.category != NO_CATEGORY
}
