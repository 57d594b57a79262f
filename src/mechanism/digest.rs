//! A hash of state that does not show how many ranks hold it.
//!
//! What all ranks have alike is added once; what each has of its own shards is added by
//! shard. Where there are several ranks, the pieces are kept, gathered in the end and hashed
//! in the order in which a rank alone would have hashed them.

use crate::exchange::link::Link;
use std::sync::Arc;

/// A piece of what is hashed: which call, which shard, and the bytes.
type Piece = (usize, usize, Vec<u8>);

/// A running hash of state.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    hasher: blake3::Hasher,
    /// The ranks, where there are several.
    link: Option<Arc<Link>>,
    calls: usize,
    pieces: Vec<Piece>,
}

impl Digest {
    /// A hash of what the ranks of a link hold; all of them make the same calls.
    #[must_use]
    pub fn over(link: &Arc<Link>) -> Self {
        let link = Some(Arc::clone(link)).filter(|link| !link.is_alone());
        Self { link, ..Self::default() }
    }

    /// Adds whole numbers that all ranks have alike.
    pub fn add(&mut self, numbers: impl IntoIterator<Item = u64>) {
        match &self.link {
            None => hash(&mut self.hasher, numbers),
            Some(link) if link.rank() == 0 => self.pieces.push((self.calls, 0, bytes(numbers))),
            Some(_) => {}
        }
        self.calls += 1;
    }

    /// Adds whole numbers by shard; only the own ones are asked for.
    pub fn shards<I: IntoIterator<Item = u64>>(&mut self, n: usize, of: impl Fn(usize) -> I) {
        match &self.link {
            None => (0..n).for_each(|shard| hash(&mut self.hasher, of(shard))),
            Some(link) => {
                let piece = |shard| (self.calls, shard, bytes(of(shard)));
                self.pieces.extend(link.own(n).map(piece));
            }
        }
        self.calls += 1;
    }

    /// Adds lists that stand by shard.
    pub fn lists<T, I: IntoIterator<Item = u64>>(
        &mut self,
        lists: &[Vec<T>],
        numbers: impl Fn(&T) -> I,
    ) {
        self.shards(lists.len(), |shard| lists[shard].iter().flat_map(&numbers));
    }

    /// The hash so far, in hexadecimal; the same on all ranks.
    #[must_use]
    pub fn hex(self) -> String {
        let Self { mut hasher, link, pieces, .. } = self;
        if let Some(link) = link {
            let mut all = link.gather(pieces).concat();
            all.sort();
            all.iter().for_each(|(_, _, bytes)| {
                hasher.update(bytes);
            });
        }
        hasher.finalize().to_hex().to_string()
    }
}

fn hash(hasher: &mut blake3::Hasher, numbers: impl IntoIterator<Item = u64>) {
    for n in numbers {
        hasher.update(&n.to_le_bytes());
    }
}

fn bytes(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(u64::to_le_bytes).collect()
}
