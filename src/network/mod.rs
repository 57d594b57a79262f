//! The social network of consumers: who hears what a consumer says, and who
//! follows which influencer.
//!
//! A network is made by one of several generators (one file each, listed in
//! `GENERATORS`) or read from a file. Consumers are numbered so that a
//! neighbourhood is a contiguous range; strong ties stand first in a list.

mod audience;
mod barabasi_albert;
mod block_model;
#[cfg(test)]
mod classical_tests;
mod community;
mod complete;
mod configuration;
mod csr;
mod degrees;
mod edge_list;
mod erdos_renyi;
mod failure;
mod follow;
mod gap_rows;
mod gaps;
pub mod graph_file;
mod heads;
mod ids;
pub mod implicit;
#[cfg(test)]
mod implicit_tests;
mod import;
#[cfg(test)]
mod import_tests;
mod knit;
mod memory;
mod mend;
mod names;
pub mod packed;
mod partition;
pub mod portrait;
mod random_regular;
mod row_starts;
mod shuffle;
mod society;
pub mod statistics;
mod strength;
mod stubs;
pub mod tail;
#[cfg(test)]
mod tests;
mod varint;
mod watts_strogatz;

use crate::rng::{Key, Stream};
use crate::simd::Column;

pub use audience::Audience;
use audience::AudienceRow;
pub use csr::Csr;
pub use failure::NetworkError;
pub use follow::{Follow, follow};
pub use gap_rows::{GapRows, Head};
pub use heads::Heads;
pub use ids::consumers_in_file;
pub use implicit::Implicit;
pub use import::{ImportReport, has_weights, load, nodes_in_file};
pub use memory::{building_bytes, estimate_bytes, packed_bytes, written_bytes};
pub use names::Names;
pub use society::{Chat, Society};

crate::parameters! {
    /// The social network of consumers.
    pub struct Parameters {
        /// Kind of network: `community` (households, neighbourhoods, interest groups, weak ties),
        /// `erdos_renyi` (random), `random_regular` (random, the same degree for all),
        /// `watts_strogatz` (small world), `barabasi_albert` (preferential attachment),
        /// `configuration` (random with a power law of degrees), `block_model` (random with
        /// blocks), `implicit` (random with blocks and a chosen law of degrees, computed instead
        /// of stored), `complete` (everybody hears everybody) or `file` (the user's own).
        kind: String = "community", "1",
            ["community", "erdos_renyi", "random_regular", "watts_strogatz", "barabasi_albert",
            "configuration", "block_model", "implicit", "complete", "file"],
            A, "assumed";
        /// Mean number of ties of a consumer; at most one less than the consumers. It is
        /// rounded to a whole number in a random regular network, to an even one in a small
        /// world and by preferential attachment.
        mean_degree: f64 = "16", "ties", 0.0, 5000.0,
            A, "assumed: 8 to 20 ties in effective use; contact lists are longer",
            if kind in ["community", "erdos_renyi", "random_regular", "watts_strogatz",
            "barabasi_albert", "configuration", "block_model", "implicit"];
        /// Law of the degrees: `regular` (the same for all), `poisson` (as in a random graph) or
        /// `power_law` (`degree_exponent`, `tie_limit`).
        degree_law: String = "poisson", "1", ["regular", "poisson", "power_law"], A, "assumed",
            if kind in ["implicit"];
        /// Mean number of people in a household.
        household_mean: f64 = "2.62", "people", 1.0, 6.0,
            M, "China's census of 2020", if kind in ["community"];
        /// Mean number of consumers in a neighbourhood, which one leader can serve.
        neighbourhood_size: u32 = "300", "consumers", 10.0, 500.0,
            A, "assumed: a leader's chat group holds at most 500 members, a described one 380";
        /// How neighbourhoods are found in kinds that have none of their own (random regular,
        /// preferential attachment, configuration, file): `grown` along the ties, or `even`
        /// ranges of numbers, which is quicker.
        neighbourhoods: String = "grown", "1", ["grown", "even"], A, "assumed",
            if kind in ["random_regular", "barabasi_albert", "configuration", "file"];
        /// Consumers of a region, a run of neighbourhoods.
        region_size: u32 = "20_000", "consumers", 100.0, 100_000_000.0,
            A, "assumed: a town or a city's district", if kind in ["community"];
        /// Probability that somebody's interest group is one of the own region.
        region_share: f64 = "0.8", "1", 0.0, 1.0,
            A, "assumed", if kind in ["community"];
        /// Mean number of members of an interest group.
        interest_group_size: u32 = "200", "consumers", 4.0, 500.0,
            A, "assumed: a chat group holds at most 500 members", if kind in ["community"];
        /// Share of ties that are strong: household and close friends; where households
        /// alone hold more, there are no further close friends. In an implicit network a whole
        /// number of ties within the neighbourhood, the same for all.
        strong_share: f64 = "0.25", "1", 0.0, 1.0,
            A, "assumed: about four of sixteen", if kind in ["community", "file", "implicit"];
        /// Share of weak ties that stay in the neighbourhood.
        local_share: f64 = "0.5", "1", 0.0, 1.0,
            A, "assumed", if kind in ["community"];
        /// Share of weak ties between members of an interest group; what remains of
        /// the weak ties goes anywhere.
        interest_share: f64 = "0.3", "1", 0.0, 1.0,
            A, "assumed", if kind in ["community"];
        /// Probability that a new tie in a group joins a friend's friend.
        closure: f64 = "0.9", "1", 0.0, 1.0,
            A, "assumed: gives an overall clustering between 0.1 and 0.4, as do the shares above", if kind in ["community"];
        /// Odds of a tie within a segment over one between segments.
        homophily: f64 = "3", "1", 1.0, 100.0,
            A, "assumed; that like seeks like is well established (McPherson et al. 2001)", if kind in ["community"];
        /// Tail exponent of the number of weak ties that go anywhere.
        weak_tail: f64 = "2.5", "1", 2.05, 10.0,
            A, "assumed: exponents between 2 and 3 are usual", if kind in ["community"];
        /// Most weak ties of one consumer that go anywhere; in a configuration model and an
        /// implicit network with a power law, most ties of one consumer.
        tie_limit: u32 = "5000", "ties", 1.0, 1_000_000.0,
            M, "longest contact list of WeChat for many years",
            if kind in ["community", "configuration", "implicit"];
        /// Probability that a tie of the ring leads anywhere.
        rewire_probability: f64 = "0.1", "1", 0.0, 1.0,
            M, "between 0.01 and 0.1 paths are short and clustering is high (Watts & Strogatz 1998)",
            if kind in ["watts_strogatz"];
        /// Exponent γ of the degrees, P(k) ∝ k^(-γ).
        degree_exponent: f64 = "2.5", "1", 2.05, 10.0,
            A, "assumed: exponents between 2 and 3 are usual", if kind in ["configuration", "implicit"];
        /// Number of blocks of equal size; in an implicit network of as many whole
        /// neighbourhoods, but for the last.
        blocks: u32 = "10", "blocks", 1.0, 1_000_000_000.0, A, "assumed",
            if kind in ["block_model", "implicit"];
        /// Share of a consumer's ties that stay in the own block; in an implicit network of
        /// those that are not strong.
        block_share: f64 = "0.8", "1", 0.0, 1.0, A, "assumed",
            if kind in ["block_model", "implicit"];
        /// Path of the file with the ties, for kind `file`: an edge list, or a graph file, which
        /// is known by its header and has its own direction, strength and neighbourhoods.
        file: String = "", "1", A, "no file", if kind in ["file"];
        /// What a row `a b` of the file means: `mutual` ties both, `influences` lets b hear a,
        /// `trusts` lets a hear b.
        direction: String = "mutual", "1", ["mutual", "influences", "trusts"], A, "assumed", if kind in ["file"];
    }
}

/// Rows between the one that is read and the one that is asked for.
const AHEAD: usize = 16;

/// The streams of all draws of networks.
pub const STREAMS: &[Stream] = &[
    community::NEIGHBOURHOODS,
    community::HOUSEHOLDS,
    community::LOCAL_COUNT,
    community::CLOSE_FRIENDS,
    community::ACQUAINTANCES,
    community::INTERESTS,
    community::INTEREST_COUNT,
    community::INTEREST_TIES,
    stubs::WEIGHTS,
    stubs::ROUNDING,
    stubs::MATCHING,
    erdos_renyi::TIES,
    watts_strogatz::REWIRING,
    barabasi_albert::ATTACHMENT,
    degrees::DEGREES,
    degrees::EVEN,
    configuration::MATCHING,
    configuration::SWAPS,
    block_model::INSIDE,
    block_model::BETWEEN,
    implicit::ENDS,
    follow::FOLLOWERS,
    portrait::SAMPLED,
];

/// What a generator is asked for.
pub(crate) struct Request<'a> {
    /// Checked parameters.
    pub parameters: &'a Parameters,
    /// Number of consumers, at least two.
    pub n: u32,
    /// Segment of every consumer; none where all are of one.
    pub segments: &'a [u8],
    /// Key of all draws.
    pub key: Key,
}

impl Request<'_> {
    /// The segment of a consumer.
    fn segment(&self, consumer: u32) -> u8 {
        self.segments.get(consumer as usize).copied().unwrap_or_default()
    }
}

type Generator = fn(&Request<'_>) -> Result<Network, NetworkError>;

/// The generators by the word that chooses them.
const GENERATORS: &[(&str, Generator)] = &[
    ("community", community::network),
    ("erdos_renyi", erdos_renyi::network),
    ("random_regular", random_regular::network),
    ("watts_strogatz", watts_strogatz::network),
    ("barabasi_albert", barabasi_albert::network),
    ("configuration", configuration::network),
    ("block_model", block_model::network),
    ("implicit", implicit::network),
    ("complete", complete::network),
    ("file", import::network),
];

/// Whether a parameter can act in a network of a kind, as its declaration says.
#[must_use]
pub fn acts(parameter: &str, kind: &str) -> bool {
    let declared = Parameters::DECLARED.iter().find(|p| p.name == parameter);
    declared.and_then(|p| p.only).is_none_or(|only| only.values.contains(&kind))
}

/// Ties, stored, computed or implied.
#[derive(Clone, Debug, PartialEq)]
pub enum Ties {
    /// A list for every consumer.
    Stored(Csr),
    /// The same in less room, for those who ask for few of them.
    Packed(GapRows),
    /// Worked out when asked for.
    Computed(Box<Implicit>),
    /// Everybody is tied to everybody; not stored.
    Complete {
        /// Number of consumers.
        n: u32,
    },
}

/// A user's own name of a consumer, from an imported file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UserId {
    /// A number, where all ids of the file are numbers.
    Number(u64),
    /// Any text.
    Text(Box<str>),
}

impl std::fmt::Display for UserId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
        }
    }
}

/// Who hears whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The audience of every consumer: who hears what i says.
    pub ties: Ties,
    /// Number of strong ties of every consumer (at most 255), which stand first in
    /// the list; empty where the kind of network knows no strength.
    pub strong: Column<u8>,
    /// Starts of the neighbourhoods; the last element is the number of consumers.
    pub neighbourhoods: Column<u32>,
    /// The user's own ids, by consumer, of an imported network.
    pub ids: Option<Names>,
    /// The weight of every stored tie, row after row; empty where the file has none.
    pub weights: Column<f32>,
    /// What a network of a graph file was made from.
    pub origin: Option<Box<graph_file::Origin>>,
}

impl Network {
    /// Ties and neighbourhoods alone: nothing is known of strength, ids and weights.
    #[must_use]
    pub fn plain(ties: Ties, neighbourhoods: Vec<u32>) -> Self {
        let (strong, weights) = (Column::default(), Column::default());
        let neighbourhoods = neighbourhoods.into();
        Self { ties, strong, neighbourhoods, ids: None, weights, origin: None }
    }

    /// The same network with its ties in as little room as they can be read in: not those of a
    /// mapped file, which hold no memory that anybody else could use, nor weighted ones.
    #[must_use]
    pub fn packed(mut self) -> Self {
        self.ties = match self.ties {
            Ties::Stored(rows) if self.weights.is_empty() && !rows.is_mapped() => {
                GapRows::pack(rows, &self.strong).map_or_else(Ties::Stored, Ties::Packed)
            }
            as_they_are => as_they_are,
        };
        self
    }

    /// Number of consumers.
    #[inline]
    #[must_use]
    pub fn n(&self) -> u32 {
        match &self.ties {
            Ties::Stored(csr) => csr.n(),
            Ties::Packed(rows) => rows.n(),
            Ties::Computed(ties) => ties.n(),
            Ties::Complete { n } => *n,
        }
    }

    /// Number of hearers of `i`; of ends of ties where ties are computed.
    #[inline]
    #[must_use]
    pub fn degree(&self, i: u32) -> u32 {
        match &self.ties {
            Ties::Stored(csr) => csr.degree(i),
            Ties::Packed(rows) => rows.degree(i),
            Ties::Computed(ties) => ties.row(i).len(),
            Ties::Complete { n } => *n - 1,
        }
    }

    /// The beginnings of rows, for those who ask for numbers of hearers before they ask for some
    /// of them.
    #[inline]
    #[must_use]
    pub fn heads(&self) -> Heads<'_> {
        Heads::of(self)
    }

    /// The `k`-th hearer of `i`, k < degree(i). A computed tie may lead back to `i` itself,
    /// which is nobody.
    #[inline]
    #[must_use]
    pub fn audience(&self, i: u32, k: u32) -> u32 {
        self.audience_of(i).get(k)
    }

    /// The hearers of `i`, one by one: for more than one of them.
    #[inline]
    #[must_use]
    pub fn audience_of(&self, i: u32) -> Audience<'_> {
        Audience(match &self.ties {
            Ties::Stored(csr) => AudienceRow::Stored(csr.of(i)),
            Ties::Packed(rows) => AudienceRow::Packed(rows.row(i, self.n_strong(i))),
            Ties::Computed(ties) => AudienceRow::Computed(ties, ties.row(i)),
            Ties::Complete { n } => AudienceRow::Complete { i, n: *n },
        })
    }

    /// The hearers of `i`, of whose ties so many are strong, for those who ask for many of them
    /// or in any order: where ties are packed, all are read into `room` at once.
    #[inline]
    #[must_use]
    pub fn whole_audience<'a>(
        &'a self,
        i: u32,
        n_strong: u32,
        room: &'a mut Vec<u32>,
    ) -> Audience<'a> {
        self.audience_up_to((i, self.heads().get(i)), n_strong, usize::MAX, room)
    }

    /// [`Network::whole_audience`] for those who have read the row's head, and ask for some of the
    /// first `most` hearers only: it may end with these.
    #[inline]
    #[must_use]
    pub fn audience_up_to<'a>(
        &'a self,
        (i, head): (u32, Head),
        n_strong: u32,
        most: usize,
        room: &'a mut Vec<u32>,
    ) -> Audience<'a> {
        match &self.ties {
            Ties::Packed(rows) => {
                Audience(AudienceRow::Summed(rows.sums_of((i, head), n_strong, most, room)))
            }
            _ => self.audience_of(i),
        }
    }

    /// All hearers of `i`, written to `room` where they are not stored. A computed tie that
    /// is there twice counts twice.
    #[inline]
    pub fn hearers<'a>(&'a self, i: u32, room: &'a mut Vec<u32>) -> &'a [u32] {
        match &self.ties {
            Ties::Stored(csr) => return csr.of(i),
            Ties::Packed(rows) => return rows.read(i, self.n_strong(i), room),
            Ties::Computed(ties) => ties.audience(i, room),
            Ties::Complete { n } => {
                room.clear();
                room.extend((0..*n).filter(|j| *j != i));
            }
        }
        room
    }

    /// Several senders in turn, whose rows are asked for on the way: first where a row starts,
    /// then the row. They are asked for one by one, since a processor that is asked for dozens
    /// at once forgets most of them.
    pub fn in_turn<'a, T>(
        &'a self,
        senders: &'a [T],
        number: impl Fn(&T) -> u32 + 'a,
    ) -> impl Iterator<Item = &'a T> + 'a {
        let heads = self.heads();
        senders.iter().take(2 * AHEAD).for_each(|sender| heads.touch_start(number(sender)));
        senders.iter().take(AHEAD).for_each(|sender| heads.touch_row(number(sender)));
        senders.iter().enumerate().map(move |(k, sender)| {
            if let Some(later) = senders.get(k + 2 * AHEAD) {
                heads.touch_start(number(later));
            }
            if let Some(later) = senders.get(k + AHEAD) {
                heads.touch_row(number(later));
            }
            sender
        })
    }

    /// Number of strong ties of `i`, which stand first.
    #[inline]
    #[must_use]
    pub fn n_strong(&self, i: u32) -> u32 {
        match (&self.ties, self.strong.get(i as usize)) {
            (_, Some(strong)) => u32::from(*strong),
            (Ties::Computed(ties), None) => ties.n_strong(i),
            _ => 0,
        }
    }

    /// Whether the tie to the `k`-th hearer of `i` is strong.
    #[inline]
    #[must_use]
    pub fn is_strong(&self, i: u32, k: u32) -> bool {
        k < self.n_strong(i)
    }

    /// Whether `j` hears what `i` says.
    #[must_use]
    pub fn hears(&self, j: u32, i: u32) -> bool {
        match &self.ties {
            // Strong ties and the others are sorted apart.
            Ties::Stored(csr) => {
                let strong = self.strong.get(i as usize).map_or(0, |strong| usize::from(*strong));
                let (strong, weak) = csr.of(i).split_at(strong);
                weak.binary_search(&j).is_ok() || strong.binary_search(&j).is_ok()
            }
            Ties::Packed(_) => {
                let mut audience = self.audience_of(i);
                (0..audience.len()).any(|k| audience.get(k) == j)
            }
            Ties::Computed(ties) => {
                let row = ties.row(i);
                i != j && (0..row.len()).any(|k| ties.hearer(row.end(k)) == j)
            }
            Ties::Complete { .. } => i != j,
        }
    }

    /// Number of neighbourhoods.
    #[must_use]
    pub fn n_neighbourhoods(&self) -> u32 {
        (self.neighbourhoods.len() - 1) as u32
    }

    /// The neighbourhood of `i`.
    #[must_use]
    pub fn neighbourhood_of(&self, i: u32) -> u32 {
        (self.neighbourhoods.partition_point(|start| *start <= i) - 1) as u32
    }

    /// Mean number of hearers.
    #[must_use]
    pub fn mean_degree(&self) -> f64 {
        match &self.ties {
            Ties::Stored(csr) => csr.n_ties() as f64 / f64::from(csr.n().max(1)),
            Ties::Packed(rows) => rows.n_ties() as f64 / f64::from(rows.n().max(1)),
            Ties::Computed(ties) => ties.n_ends() as f64 / f64::from(ties.n()),
            Ties::Complete { n } => f64::from(*n) - 1.0,
        }
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let ties = match &self.ties {
            Ties::Stored(csr) => csr.bytes(),
            Ties::Packed(rows) => rows.bytes(),
            Ties::Computed(ties) => ties.bytes(),
            Ties::Complete { .. } => 0,
        };
        let ids = self.ids.as_ref().map_or(0, Names::bytes);
        ties + (self.strong.len() + 4 * self.weights.len()) as u64
            + 4 * self.neighbourhoods.len() as u64
            + ids
    }
}

/// Makes the network of `n` consumers; `segments` is the segment of each of them, or empty where
/// all are of one.
///
/// # Errors
/// Fewer than two consumers, more ties than can be matched, or anything wrong with
/// an imported file, whose number of nodes must be `n`.
pub fn generate(
    parameters: &Parameters,
    n: u32,
    segments: &[u8],
    key: Key,
) -> Result<Network, NetworkError> {
    assert!(
        segments.is_empty() || segments.len() == n as usize,
        "a segment is known for every consumer"
    );
    if n < 2 {
        return Err(NetworkError::TooFew { n });
    }
    let request = Request { parameters, n, segments, key };
    match GENERATORS.iter().find(|(kind, _)| *kind == parameters.kind) {
        Some((_, generator)) => generator(&request),
        None => Err(NetworkError::UnknownKind { kind: parameters.kind.clone() }),
    }
}

/// Starts of the fewest ranges of at most `size` consumers, equal but for one.
fn even_ranges(n: u32, size: u32) -> Vec<u32> {
    let ranges = u64::from(n.div_ceil(size.max(1)).max(1));
    (0..=ranges).map(|k| (k * u64::from(n) / ranges) as u32).collect()
}
