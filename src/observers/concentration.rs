//! The table `concentration`: how evenly what is sold spreads over those who sell and buy.
//!
//! The Lorenz curve: what part of the money the poorest part of a group has; and its Gini
//! coefficient G = (2 Σ i·xᵢ) / (n Σ xᵢ) − (n + 1) / n, xᵢ ascending (Gini 1912; Dorfman 1979,
//! doi:10.2307/1924845). 0 is all equal, near 1 is one who has it all. Counted is the price of
//! granted orders of the reported days: whole fen, so that the order of adding does not show.

use crate::columns::Columns;
use crate::exchange::Inbox;
use crate::exchange::link::Link;
use crate::market::ledger::Line;
use crate::market::message::{Answer, Verdict};
use crate::market::tally::MAX_CHANNELS;
use crate::mechanism::world::World;
use crate::parallel::Shards;
use crate::table::{Cell, Rows};

/// Parts of a group in which its curve is written.
const PARTS: usize = 20;

/// Most consumers who are watched: every one up to this number, else every k-th. It depends
/// on the population alone, so that results do; some tens of thousands fix a curve to a
/// per cent.
const WATCHED: u32 = 1 << 16;

/// Groups, as the table names them.
const GROUPS: [&str; 4] = ["merchants", "influencers", "leaders", "consumers"];

/// The places of some of them.
const INFLUENCERS: usize = 1;
const LEADERS: usize = 2;
const CONSUMERS: usize = 3;

/// Pieces of the consumers whose orders are added up side by side, each in tables of its own:
/// enough for the threads of large machines, since an order is few additions, and few enough for
/// the tables. It shapes no result.
const PIECES: usize = 8;

/// A point of the curve of a group.
pub struct PartView<'a> {
    group: &'static str,
    spread: &'a Spread,
    part: usize,
}

crate::table! {
    /// One row a group and part of it.
    Concentration("concentration", "one row a group and twentieth of it: what part of the sales its smaller ones have (Lorenz curve), with the Gini coefficient", v: PartView<'_>) {
        group: Text, "", "who: merchants, influencers and leaders by granted orders sold through them, consumers (a sample of at most 65,536) by what they bought", "主体:商家、达人、团长按经其成交的订单计,消费者(至多 65536 人的样本)按购买额计" => Cell::from(v.group);
        part_share: Number, "1", "smallest part of those of the group who have any, ascending", "由少到多排列的主体占比(仅计有成交者)" => Cell::number(v.part as f64 / PARTS as f64);
        money_share: Number, "1", "their part of the price of the group's granted orders", "该部分主体的成交额占比" => Cell::number(v.spread.curve[v.part]);
        having_count: Integer, "1", "those of the group who have any", "有成交的主体数" => Cell::from(v.spread.having);
        money_fen: Integer, "fen", "price of the group's granted orders", "该主体的成交额合计" => Cell::from(v.spread.money_fen);
        gini: Number, "1", "Gini coefficient among those who have any; 0 is all equal", "有成交主体间的基尼系数;0 为完全平均" => Cell::number(v.spread.gini);
    }
}

/// How a sum spreads over those who have a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Part of the money that the first k twentieths have.
    curve: [f64; PARTS + 1],
    having: u64,
    money_fen: i64,
    gini: f64,
}

/// What the orders of a piece of the consumers come to, for everybody of every group; consumers
/// are those of the piece who are watched.
type Amounts = [Vec<i64>; GROUPS.len()];

/// Watches a platform.
#[derive(Debug)]
struct Watched {
    /// By piece of the consumers.
    pieces: Vec<Amounts>,
    /// Of each channel, the group of its sources that is paid by the order, if any.
    sellers: [Option<usize>; MAX_CHANNELS],
}

/// Watches the platforms of an arm.
#[derive(Debug)]
pub struct Watch {
    platforms: Vec<Watched>,
    /// The merchant of each offer: near, as the offers themselves are not.
    merchants: Vec<u32>,
    /// One in so many consumers is watched.
    stride: u32,
    /// What a consumer's number is multiplied by to see whether it is a multiple of that: what comes out
    /// is smaller just then (Lemire, Kaser and Kurz 2019, doi:10.1002/spe.2689).
    inverse: u64,
}

/// One in how many consumers is watched.
fn stride(n: u32) -> u32 {
    n.div_ceil(WATCHED).max(1)
}

/// Shards of a piece of the consumers.
fn shards_of_piece(consumers: Shards) -> usize {
    consumers.count().div_ceil(PIECES)
}

impl Watch {
    /// A watch over an arm before its first day.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let env = &world.env;
        let stride = stride(env.consumers.n());
        let of_offers: Vec<u32> = env.catalogue.offers.iter().map(|offer| offer.merchant).collect();
        let merchants = of_offers.last().map_or(0, |merchant| *merchant as usize + 1);
        let (influencers, leaders) = (env.influencers.n(), env.network.n_neighbourhoods());
        let shards = shards_of_piece(env.consumers);
        let piece = |k: usize| {
            let first = env.consumers.range(k * shards).start;
            let end = env.consumers.range((k + 1) * shards).start;
            let watched = end.div_ceil(stride) - first.div_ceil(stride);
            [merchants, influencers as usize, leaders as usize, watched as usize]
                .map(|n| vec![0; n])
        };
        let n_pieces = env.consumers.count().div_ceil(shards);
        let platforms = world.platforms.iter().map(|platform| Watched {
            pieces: (0..n_pieces).map(piece).collect(),
            sellers: std::array::from_fn(|channel| {
                platform.channels.get(channel).and_then(|terms| sellers(terms.commission_line))
            }),
        });
        let inverse = (u64::MAX / u64::from(stride)).wrapping_add(1);
        Self { platforms: platforms.collect(), merchants: of_offers, stride, inverse }
    }

    /// Sums so far, in or out of a checkpoint.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        for one in &mut self.platforms {
            for group in 0..GROUPS.len() {
                let mut amounts = one.amounts(group);
                // A rank counts the orders of its own consumers.
                io.added_up(&mut amounts);
                one.put(group, &amounts);
            }
        }
    }

    /// Forgets the burn-in.
    pub fn begin(&mut self) {
        let pieces = self.platforms.iter_mut().flat_map(|one| &mut one.pieces);
        pieces.flatten().for_each(|amounts| amounts.fill(0));
    }

    /// The pieces of a platform, each of which takes in what so many shards of consumers are
    /// answered.
    pub fn pieces<'a>(
        &'a mut self,
        consumers: Shards,
        platform: usize,
        answers: &'a Inbox<Answer>,
    ) -> Vec<Piece<'a>> {
        let Self { platforms, merchants, stride, inverse } = self;
        let (stride, inverse, shards) = (*stride, *inverse, shards_of_piece(consumers));
        let Watched { pieces, sellers } = &mut platforms[platform];
        let lists = answers.shards.chunks(shards).enumerate();
        let piece = |(amounts, (k, lists))| Piece {
            amounts,
            lists,
            first: consumers.range(k * shards).start.div_ceil(stride),
            platform: platform as u8,
            sellers: *sellers,
            merchants,
            stride,
            inverse,
        };
        pieces.iter_mut().zip(lists).map(piece).collect()
    }

    /// The table of each platform, of all ranks.
    #[must_use]
    pub fn finish(self, link: &Link) -> Vec<Rows> {
        self.platforms.iter().map(|one| rows(one, link)).collect()
    }
}

/// A piece of the consumers of one platform, with what they are answered in a wave.
pub struct Piece<'a> {
    amounts: &'a mut Amounts,
    lists: &'a [Vec<Answer>],
    /// The number among those watched of the piece's first one.
    first: u32,
    platform: u8,
    sellers: [Option<usize>; MAX_CHANNELS],
    merchants: &'a [u32],
    stride: u32,
    inverse: u64,
}

impl<'a> Piece<'a> {
    /// The answers, by shard of consumers.
    #[must_use]
    pub fn lists(&self) -> &'a [Vec<Answer>] {
        self.lists
    }

    /// Takes in the granted orders.
    pub fn take_in(&mut self) {
        let Self { lists, first, platform, sellers, stride, inverse, .. } = *self;
        let of_offers = self.merchants;
        let [merchants, influencers, leaders, watched] = &mut *self.amounts;
        let [merchants, watched] = [merchants, watched].map(|list| &mut list[..]);
        for list in lists {
            for Answer { order, verdict } in list {
                if *verdict != Verdict::Granted || order.platform != platform {
                    continue;
                }
                let fen = i64::from(order.price_fen);
                merchants[of_offers[order.offer as usize] as usize] += fen;
                match sellers[usize::from(order.channel)] {
                    Some(INFLUENCERS) => add(influencers, order.source, fen),
                    Some(LEADERS) => add(leaders, order.source, fen),
                    _ => {}
                }
                let rest = u64::from(order.consumer).wrapping_mul(inverse);
                if rest <= inverse.wrapping_sub(1) {
                    add(watched, order.consumer / stride - first, fen);
                }
            }
        }
    }
}

/// Adds to somebody's amount; what nobody is known to have sold is nobody's.
#[inline]
fn add(amounts: &mut [i64], who: u32, fen: i64) {
    if let Some(amount) = amounts.get_mut(who as usize) {
        *amount += fen;
    }
}

impl Watched {
    /// The amounts of a group, of all pieces together.
    fn amounts(&self, group: usize) -> Vec<i64> {
        let mut pieces = self.pieces.iter().map(|piece| &piece[group]);
        if group == CONSUMERS {
            return pieces.flatten().copied().collect();
        }
        let mut amounts = pieces.next().cloned().unwrap_or_default();
        for piece in pieces {
            amounts.iter_mut().zip(piece).for_each(|(sum, amount)| *sum += amount);
        }
        amounts
    }

    /// Sets the amounts of a group.
    fn put(&mut self, group: usize, amounts: &[i64]) {
        let mut rest = amounts;
        for own in self.pieces.iter_mut().map(|piece| &mut piece[group]) {
            // What all pieces count, the first one has.
            let n = own.len().min(rest.len());
            own.fill(0);
            own[..n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
        }
    }
}

/// The group that is paid along a line of the ledger.
fn sellers(line: Option<Line>) -> Option<usize> {
    match line? {
        Line::InfluencerCommission => Some(INFLUENCERS),
        Line::LeaderCommission => Some(LEADERS),
        _ => None,
    }
}

fn rows(one: &Watched, link: &Link) -> Rows {
    let mut rows = Rows::new(&Concentration::SCHEMA);
    for (place, group) in GROUPS.into_iter().enumerate() {
        let mut amounts = one.amounts(place);
        link.add_up(&mut amounts);
        let Some(spread) = spread(amounts) else { continue };
        for part in 1..=PARTS {
            rows.push(Concentration::row(&PartView { group, spread: &spread, part }));
        }
    }
    rows
}

/// How a sum spreads; none where nobody has any.
fn spread(mut amounts: Vec<i64>) -> Option<Spread> {
    amounts.retain(|amount| *amount > 0);
    amounts.sort_unstable();
    let n = amounts.len();
    let (mut sums, mut weighted) = (vec![0_i64; n + 1], 0_i128);
    for (k, amount) in amounts.iter().enumerate() {
        sums[k + 1] = sums[k] + amount;
        weighted += (k as i128 + 1) * i128::from(*amount);
    }
    let whole = *sums.last().filter(|sum| **sum > 0)?;
    let share = |part: usize| {
        let (below, rest) = (n * part / PARTS, n * part % PARTS);
        let next = amounts.get(below).map_or(0.0, |amount| *amount as f64);
        (sums[below] as f64 + next * rest as f64 / PARTS as f64) / whole as f64
    };
    let gini = 2.0 * weighted as f64 / (n as f64 * whole as f64) - (n as f64 + 1.0) / n as f64;
    Some(Spread {
        curve: std::array::from_fn(share),
        having: n as u64,
        money_fen: whole,
        // Rounding may leave a hair below nothing.
        gini: gini.max(0.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_have_no_gini_and_one_owner_has_nearly_all_of_it() {
        let even = spread(vec![7; 40]).unwrap();
        assert!(even.gini < 1e-12 && (even.curve[5] - 0.25).abs() < 1e-12, "{even:?}");
        let mut one = vec![1; 99];
        one.push(1_000_000);
        let one = spread(one).unwrap();
        assert!(one.gini > 0.98 && one.curve[19] < 0.001 && one.curve[20] == 1.0, "{one:?}");
        assert_eq!(spread(vec![0; 5]), None);
    }

    #[test]
    fn a_small_curve_is_that_counted_by_hand() {
        // 1, 2, 3, 4 of ten: G = 2·30 / 40 − 5/4.
        let four = spread(vec![4, 0, 1, 3, 2]).unwrap();
        assert!((four.gini - 0.25).abs() < 1e-12);
        assert_eq!((four.curve[5], four.curve[10], four.having), (0.1, 0.3, 4));
        // A tenth of four lies within the first.
        assert!((four.curve[2] - 0.04).abs() < 1e-12);
    }

    #[test]
    fn at_most_so_many_consumers_are_watched() {
        for n in [1_u32, 65_536, 65_537, 100_000, 100_000_000] {
            assert!(n.div_ceil(stride(n)) <= WATCHED, "{n}");
        }
        assert_eq!((stride(65_536), stride(65_537)), (1, 2));
    }
}
