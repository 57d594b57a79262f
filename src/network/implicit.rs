//! Ties that are computed when they are asked for, and not stored: a configuration model with
//! blocks, for populations whose ties would not fit.
//!
//! Ends of ties are numbered consumer after consumer, rank after rank (`sequence`), and tied
//! in pairs by a permutation that pairs the partner back (`pairing`), so that a tie is
//! symmetric by construction and every neighbour costs the same. There are three layers, each
//! with ends of its own: strong ties within neighbourhoods, ties within blocks, and ties that
//! go anywhere. Strong ties are as many for all; how many of the others a consumer has is the
//! degree law's (`law`), met exactly in every block.
//!
//! As in the configuration model (Bollobás 1980; Molloy & Reed 1995) a tie may lead back to
//! its own consumer, or be there twice; k ends among S have about k²/2S of either. Who reads
//! leaves out what leads back; an end without partner, where ends are odd, leads back too.

mod law;
mod pairing;
mod sequence;

use crate::network::csr::Csr;
use crate::network::degrees::Pareto;
use crate::network::{Network, NetworkError, Parameters, Request, Ties};
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
use law::{Law, Step, split};
use pairing::{N_LANES, Pairing, ROUNDS};
use sequence::{Divisor, Sequence};

/// What permutes the ends of ties, and who stands first in the ranks.
pub const ENDS: Stream = Stream::new("network/implicit");

/// Strong ties, ties within blocks, ties that go anywhere.
const LAYERS: usize = 3;

/// By which share of the block consecutive consumers' ranks differ: the golden section, and
/// √2 − 1 where degrees in blocks and across them have nothing to do with each other.
const SECTIONS: [f64; 2] = [0.618_033_988_749_894_9, 0.414_213_562_373_095_1];

/// Bytes that the tables of a network take, or a little less.
pub(super) const BYTES: u64 = 1 << 16;

/// Rows that are written down together; shapes no result.
const ROWS: u32 = 1024;

/// The network of computed ties.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let ties = Implicit::new(request.parameters, request.n, request.key);
    let size = ties.neighbourhood;
    let starts = (0..request.n.div_ceil(size)).map(|k| k * size);
    let starts: Vec<u32> = starts.chain([request.n]).collect();
    Ok(Network::plain(Ties::Computed(Box::new(ties)), starts))
}

/// Computed ties of some consumers.
#[derive(Clone, Debug, PartialEq)]
pub struct Implicit {
    n: u32,
    /// Consumers of a neighbourhood.
    neighbourhood: u32,
    layers: Vec<Layer>,
}

/// Ties of one kind: ranges of consumers of one size, the last perhaps smaller, with their ends.
#[derive(Clone, Debug, PartialEq)]
struct Layer {
    size: Divisor,
    /// The last range.
    last: u32,
    /// Where ends of all ranges are paired with each other.
    across: Option<Across>,
    /// Of a range, and of the last.
    sequences: [Sequence; 2],
    pairings: [Pairing; 2],
    salt: u32,
}

/// Numbering of the ends of all ranges.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Across {
    /// Ends of a range but the last; 1 where they have none, so that it divides.
    ends: Divisor,
    /// The first end of the last range.
    last: u64,
}

/// The ends of a consumer's ties.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    parts: [Part; LAYERS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Part {
    first: u64,
    degree: u32,
    block: u32,
}

/// A consumer's end of a tie.
#[derive(Clone, Copy, Debug)]
pub struct End {
    number: u64,
    block: u32,
    layer: u32,
}

impl Row {
    /// Number of ends.
    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> u32 {
        self.parts.iter().map(|part| part.degree).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k`-th end, k < len.
    #[inline(always)]
    #[must_use]
    pub fn end(&self, k: u32) -> End {
        let (mut layer, mut k) = (0, k);
        while k >= self.parts[layer].degree {
            k -= self.parts[layer].degree;
            layer += 1;
        }
        let Part { first, block, .. } = self.parts[layer];
        End { number: first + u64::from(k), block, layer: layer as u32 }
    }
}

impl Layer {
    /// Where a consumer's ends begin, and how many they are.
    #[inline(always)]
    fn part(&self, consumer: u32) -> Part {
        let (block, place) = self.size.split(consumer.into());
        let block = block as u32;
        let (start, degree) = self.sequences[self.class(block)].of(place as u32);
        let before = self.across.map_or(0, |across| match block == self.last {
            true => across.last,
            false => across.ends.of() * u64::from(block),
        });
        Part { first: before + start, degree, block }
    }

    /// Whether a block has the sequence of all, or that of the last.
    #[inline(always)]
    fn class(&self, block: u32) -> usize {
        usize::from(block == self.last)
    }

    /// The pairing that an end takes part in.
    #[inline(always)]
    fn pairing(&self, block: u32) -> usize {
        if self.across.is_some() { 0 } else { self.class(block) }
    }

    /// What makes the pairing of one block another than that of the next.
    #[inline(always)]
    fn tweak(&self, block: u32) -> u32 {
        if self.across.is_some() { 0 } else { pairing::scrambled(block.wrapping_add(self.salt)) }
    }

    /// Whose an end is.
    #[inline(always)]
    fn owner(&self, block: u32, end: u64) -> u32 {
        let (block, end) = match self.across {
            None => (block, end),
            Some(Across { last, .. }) if end >= last => (self.last, end - last),
            Some(Across { ends, .. }) => {
                let (block, end) = ends.split(end);
                (block as u32, end)
            }
        };
        block * self.size.of() as u32 + self.sequences[self.class(block)].owner(end)
    }
}

impl Implicit {
    /// Ties of `n` consumers, two or more.
    #[must_use]
    pub fn new(parameters: &Parameters, n: u32, key: Key) -> Self {
        Plan::new(parameters, n, key).ties()
    }

    /// Number of consumers.
    #[inline]
    #[must_use]
    pub fn n(&self) -> u32 {
        self.n
    }

    /// Number of strong ties of consumer `i`, which stand first.
    #[inline]
    #[must_use]
    pub fn n_strong(&self, i: u32) -> u32 {
        self.layers[0].part(i).degree
    }

    /// The ends of consumer `i`, those of strong ties first.
    #[inline]
    #[must_use]
    pub fn row(&self, i: u32) -> Row {
        let mut row = Row::default();
        row.parts.iter_mut().zip(&self.layers).for_each(|(part, layer)| *part = layer.part(i));
        row
    }

    /// Who is at the other end of a tie: its own consumer if it leads back.
    #[inline]
    #[must_use]
    pub fn hearer(&self, End { number, block, layer }: End) -> u32 {
        let layer = &self.layers[layer as usize];
        let pairing = &layer.pairings[layer.pairing(block)];
        layer.owner(block, pairing.partner(layer.tweak(block), number))
    }

    /// Who is at the other end of each of several ties, in their order; the more at once, the
    /// quicker.
    pub fn hearers(&self, ends: impl Iterator<Item = End>, hearers: &mut Vec<u32>) {
        hearers.clear();
        let mut queues = [const { Queue::EMPTY }; 2 * LAYERS];
        for (index, End { number, block, layer }) in ends.enumerate() {
            let of = &self.layers[layer as usize];
            let class = of.pairing(block);
            let queue = &mut queues[2 * layer as usize + class];
            hearers.push(0);
            queue.push(index, block, number);
            if queue.n == N_LANES {
                queue.answer(of, class, hearers);
            }
        }
        for (k, queue) in queues.iter_mut().enumerate().filter(|(_, queue)| queue.n > 0) {
            queue.answer(&self.layers[k / 2], k % 2, hearers);
        }
    }

    /// Who hears consumer `i`: the far ends of its ties that do not lead back.
    pub fn audience(&self, i: u32, hearers: &mut Vec<u32>) {
        let row = self.row(i);
        self.hearers((0..row.len()).map(|k| row.end(k)), hearers);
        hearers.retain(|j| *j != i);
    }

    /// Number of ends of ties of all consumers.
    #[must_use]
    pub fn n_ends(&self) -> u64 {
        let of = |layer: &Layer| {
            let [all, last] = &layer.sequences;
            all.ends() * u64::from(layer.last) + last.ends()
        };
        self.layers.iter().map(of).sum()
    }

    /// The same ties written down, without those that lead back and without repetitions.
    #[must_use]
    pub fn stored(&self) -> Csr {
        Csr::build(self.n, self.n.div_ceil(ROWS), &|chunk, emit| {
            let (first, mut hearers) = (chunk * ROWS, Vec::new());
            for i in first..self.n.min(first.saturating_add(ROWS)) {
                self.audience(i, &mut hearers);
                hearers.iter().for_each(|j| emit(i, *j));
            }
        })
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |layer: &Layer| layer.sequences.iter().map(Sequence::bytes).sum::<u64>();
        size_of::<Self>() as u64 + self.layers.iter().map(of).sum::<u64>()
    }
}

/// So many ends are quicker one by one.
const FEW: usize = 4;

/// Ends of one pairing that wait to be answered together.
struct Queue {
    n: usize,
    index: [u32; N_LANES],
    blocks: [u32; N_LANES],
    ends: [u64; N_LANES],
}

impl Queue {
    const EMPTY: Self =
        Self { n: 0, index: [0; N_LANES], blocks: [0; N_LANES], ends: [0; N_LANES] };

    #[inline(always)]
    fn push(&mut self, index: usize, block: u32, end: u64) {
        self.index[self.n] = index as u32;
        self.blocks[self.n] = block;
        self.ends[self.n] = end;
        self.n += 1;
    }

    /// Writes down who is at the other ends, and empties the queue.
    fn answer(&mut self, layer: &Layer, class: usize, hearers: &mut [u32]) {
        let (pairing, n) = (&layer.pairings[class], self.n);
        if n <= FEW {
            for (end, block) in self.ends.iter_mut().zip(self.blocks).take(n) {
                *end = pairing.partner(layer.tweak(block), *end);
            }
        } else {
            // Lanes without a question answer an old one, or that of end 0.
            let tweaks = self.blocks.map(|block| layer.tweak(block));
            pairing.partners(&tweaks, &mut self.ends);
        }
        for k in 0..self.n {
            hearers[self.index[k] as usize] = layer.owner(self.blocks[k], self.ends[k]);
        }
        self.n = 0;
    }
}

/// What the parameters come to.
struct Plan<'a> {
    p: &'a Parameters,
    n: u32,
    key: Key,
    neighbourhood: u32,
    block: u32,
    n_strong: u32,
    /// Mean number of other ties.
    mean: f64,
    /// Share of them that are within the block.
    share: f64,
}

impl<'a> Plan<'a> {
    fn new(p: &'a Parameters, n: u32, key: Key) -> Self {
        // Blocks are whole numbers of neighbourhoods, so that none lies in two blocks.
        let wanted = n.div_ceil(p.blocks.clamp(1, n));
        let parts = wanted.div_ceil(p.neighbourhood_size.max(1));
        let neighbourhood = wanted.div_ceil(parts);
        let block = u64::from(parts) * u64::from(neighbourhood);
        let block = block.min(n.into()) as u32;
        let all = p.mean_degree.min(f64::from(n - 1));
        let n_strong = ((p.strong_share * all).round() as u32).min(neighbourhood - 1);
        let mean = (all - f64::from(n_strong)).max(0.0);
        // Ties that go anywhere fall into the own block, too, as often as it is large.
        let chance = f64::from(block) / f64::from(n);
        let share = ((p.block_share - chance) / (1.0 - chance)).max(0.0);
        let share = if block == n { 1.0 } else { share };
        Self { p, n, key, neighbourhood, block, n_strong, mean, share }
    }

    fn ties(&self) -> Implicit {
        let &Self { n, neighbourhood, block, n_strong, .. } = self;
        let sizes = |size: u32| [size, n - (n.div_ceil(size) - 1) * size];
        let strong = sizes(neighbourhood).map(|people| {
            let steps = [Step { degree: n_strong.min(people - 1), people }];
            self.sequence(&steps, people, 0, SECTIONS[0])
        });
        let [one, other] = sizes(block).map(|people| self.degrees(people));
        let [near, far] = [0, 1].map(|part| [&one[part], &other[part]].map(Sequence::clone));
        let mut layers = vec![self.layer(0, neighbourhood, strong, false)];
        layers.push(self.layer(1, block, near, false));
        layers.push(self.layer(2, block, far, true));
        Implicit { n, neighbourhood, layers }
    }

    /// The degrees of a block's consumers in the block and across.
    fn degrees(&self, people: u32) -> [Sequence; 2] {
        let limit = people - 1;
        if self.p.degree_law == "poisson" {
            let near = (self.share * self.mean).min(limit.into());
            let means = [near, (1.0 - self.share) * self.mean];
            return [0, 1].map(|part| {
                let steps = Law::Poisson(means[part]).steps(people);
                self.sequence(&steps, people, 1 + part as u32, SECTIONS[part])
            });
        }
        // Who has many ties in the block has many across.
        let limit = if self.share < 1.0 { limit } else { u32::MAX };
        let parts = split(&self.law().steps(people), self.share, limit);
        parts.map(|steps| self.sequence(&steps, people, 1, SECTIONS[0]))
    }

    fn law(&self) -> Law {
        let Self { p, n, mean, share, .. } = *self;
        if p.degree_law == "regular" || mean <= 0.0 {
            return Law::Regular(mean.round() as u32);
        }
        let limit = f64::from(p.tie_limit.min(n - 1).saturating_sub(self.n_strong)).max(1.0);
        let mean = mean.min(limit);
        // The structural cutoff of the layer that is narrower (see `degrees`).
        let across = (mean * f64::from(n)).sqrt();
        let within = (mean * f64::from(self.block) / share.max(1e-9)).sqrt();
        let most = across.min(within).max(mean).min(limit);
        Law::Power(Pareto::of_mean(mean, most, p.degree_exponent))
    }

    fn sequence(&self, steps: &[Step], people: u32, item: u32, section: f64) -> Sequence {
        let first = self.key.word(ENDS, LAYERS as u32, Clock::default(), item);
        Sequence::new(steps, people, section, first)
    }

    fn layer(&self, number: u32, size: u32, sequences: [Sequence; 2], across: bool) -> Layer {
        let last = self.n.div_ceil(size) - 1;
        let mut draws = self.key.draws(ENDS, number, Clock::default(), 0);
        let mut keys = || [0; ROUNDS].map(|_| draws.word());
        let ends = sequences.each_ref().map(Sequence::ends);
        let before = ends[0] * u64::from(last);
        let paired = if across { [before + ends[1]; 2] } else { ends };
        let pairings = paired.map(|ends| Pairing::new(ends, keys()));
        let across = across.then(|| Across { ends: Divisor::new(ends[0].max(1)), last: before });
        let size = Divisor::new(size.into());
        Layer { size, last, across, sequences, pairings, salt: draws.word() }
    }
}
