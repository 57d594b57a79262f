//! The link between ranks: what crosses when a world is split among several.
//!
//! A rank owns a contiguous run of the shards of consumers and of offers; it works on these
//! and never looks at another's rows. All ranks take the same steps, and where something
//! crosses they meet: each gives its part, and gets the parts of all in the order of the
//! ranks. What is added up is whole numbers, and what is not comes by shard, so that no
//! result shows how many ranks there are. This backend hands parcels from thread to thread.

use crate::columns::Ranks;
use crate::parallel::{Shards, piece};
use std::any::Any;
use std::ops::{AddAssign, Range};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

/// What goes from one rank to another.
type Parcel = Box<dyn Any + Send>;

/// The way to one rank and from it.
#[derive(Debug)]
struct Line {
    to: Sender<Parcel>,
    from: Mutex<Receiver<Parcel>>,
}

/// What one rank knows of the others.
#[derive(Debug)]
pub struct Link {
    rank: usize,
    count: usize,
    /// One a rank; none where there is only one.
    lines: Vec<Line>,
}

impl Link {
    /// The link of a world that is not split: nothing crosses.
    #[must_use]
    pub fn alone() -> Self {
        Self { rank: 0, count: 1, lines: Vec::new() }
    }

    /// The links of `count` ranks, in their order.
    #[must_use]
    pub fn among(count: usize) -> Vec<Self> {
        if count <= 1 {
            return vec![Self::alone()];
        }
        let mut senders: Vec<Vec<Sender<Parcel>>> = (0..count).map(|_| Vec::new()).collect();
        let mut receivers: Vec<Vec<Receiver<Parcel>>> = (0..count).map(|_| Vec::new()).collect();
        for sending in &mut senders {
            for receiving in &mut receivers {
                let (to, from) = channel();
                sending.push(to);
                receiving.push(from);
            }
        }
        let line = |(to, from)| Line { to, from: Mutex::new(from) };
        let link = |(rank, (to, from)): (usize, (Vec<_>, Vec<_>))| {
            let lines = to.into_iter().zip(from).map(line).collect();
            Self { rank, count, lines }
        };
        senders.into_iter().zip(receivers).enumerate().map(link).collect()
    }

    /// The own rank, from 0.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Number of ranks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether there is only one rank.
    #[inline]
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.count == 1
    }

    /// The shards that a rank owns.
    fn shards_of(&self, rank: usize, shards: usize) -> Range<usize> {
        let Range { start, end } = piece(shards as u32, rank, self.count);
        start as usize..end as usize
    }

    /// The own ones of so many shards.
    #[must_use]
    pub fn own(&self, shards: usize) -> Range<usize> {
        self.shards_of(self.rank, shards)
    }

    /// The own agents.
    #[must_use]
    pub fn own_agents(&self, shards: Shards) -> Range<u32> {
        self.agents_of(self.rank, shards)
    }

    fn agents_of(&self, rank: usize, shards: Shards) -> Range<u32> {
        let own = self.shards_of(rank, shards.count());
        if own.is_empty() {
            return 0..0;
        }
        shards.range(own.start).start..shards.range(own.end - 1).end
    }

    /// Whose each of so many shards is.
    #[must_use]
    pub fn owners(&self, shards: usize) -> Vec<usize> {
        let of = |rank| self.shards_of(rank, shards).map(move |_| rank);
        (0..self.count).flat_map(of).collect()
    }

    /// Gives one parcel to every rank and gets one of each, in the order of the ranks.
    ///
    /// # Panics
    /// Where another rank has ended, or is not at the same step.
    #[must_use]
    pub fn deliver<T: Send + 'static>(&self, parcels: Vec<T>) -> Vec<T> {
        assert_eq!(parcels.len(), self.count, "one parcel a rank");
        if self.is_alone() {
            return parcels;
        }
        let mut own = None;
        for (rank, parcel) in parcels.into_iter().enumerate() {
            if rank == self.rank {
                own = Some(parcel);
            } else {
                let sent = self.lines[rank].to.send(Box::new(parcel));
                assert!(sent.is_ok(), "another rank has ended before its last step");
            }
        }
        let received = |rank| if rank == self.rank { own.take() } else { self.receive(rank) };
        let all: Vec<T> = (0..self.count).filter_map(received).collect();
        assert_eq!(all.len(), self.count, "another rank has ended, or is at another step");
        all
    }

    /// The next parcel of a rank.
    fn receive<T: 'static>(&self, rank: usize) -> Option<T> {
        let from = self.lines[rank].from.lock().unwrap_or_else(PoisonError::into_inner);
        let parcel = from.recv().ok()?;
        parcel.downcast().ok().map(|parcel| *parcel)
    }

    /// What every rank has, in the order of the ranks.
    #[must_use]
    pub fn gather<T: Clone + Send + 'static>(&self, own: T) -> Vec<T> {
        self.deliver(vec![own; self.count])
    }

    /// What the first rank says.
    #[must_use]
    pub fn agreed<T: Clone + Send + 'static>(&self, own: T) -> T {
        self.gather(own).swap_remove(0)
    }

    /// The sum of all ranks' numbers.
    #[must_use]
    pub fn sum(&self, own: i64) -> i64 {
        if self.is_alone() { own } else { self.gather(own).into_iter().sum() }
    }

    /// Adds up a list of whole numbers, entry by entry.
    pub fn add_up<T: Copy + AddAssign + Send + 'static>(&self, list: &mut [T]) {
        self.merge(list, |sum, other| *sum += *other);
    }

    /// Merges a list entry by entry: all ranks' entries in the order of the ranks, by an
    /// operation on which that order does not show.
    pub fn merge<T: Clone + Send + 'static>(&self, list: &mut [T], add: impl Fn(&mut T, &T)) {
        if self.is_alone() {
            return;
        }
        let mut all = self.gather(list.to_vec()).into_iter();
        if let Some(first) = all.next() {
            list.clone_from_slice(&first);
        }
        for other in all {
            list.iter_mut().zip(&other).for_each(|(sum, entry)| add(sum, entry));
        }
    }

    /// Publishes what belongs to the own shards, `per_shard` entries a shard: afterwards all
    /// ranks have the entries of whoever owns them.
    pub fn publish<T: Clone + Send + 'static>(
        &self,
        shards: usize,
        per_shard: usize,
        list: &mut [T],
    ) {
        if self.is_alone() {
            return;
        }
        let n = list.len();
        let part = |rank: usize| {
            let shards = self.shards_of(rank, shards);
            (shards.start * per_shard).min(n)..(shards.end * per_shard).min(n)
        };
        let own = list[part(self.rank)].to_vec();
        for (rank, entries) in self.gather(own).into_iter().enumerate() {
            list[part(rank)].clone_from_slice(&entries);
        }
    }
}

impl Ranks for Link {
    fn place(&self) -> (usize, usize) {
        (self.rank, self.count)
    }

    fn own_of(&self, shards: usize) -> Range<usize> {
        self.own(shards)
    }

    fn to_first(&self, bytes: Vec<u8>) -> Vec<Vec<u8>> {
        let mut parcels: Vec<Vec<u8>> = vec![Vec::new(); self.count];
        parcels[0] = bytes;
        let given = self.deliver(parcels);
        if self.rank == 0 { given } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of `count` ranks finds.
    fn each<T: Send>(count: usize, work: impl Fn(Link) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let work = &work;
            let ranks: Vec<_> = Link::among(count)
                .into_iter()
                .map(|link| scope.spawn(move || work(link)))
                .collect();
            ranks.into_iter().filter_map(|rank| rank.join().ok()).collect()
        })
    }

    #[test]
    fn every_shard_has_one_owner() {
        for (n, count) in [(1, 1), (300, 3), (5_000, 4), (100_000, 7)] {
            let shards = Shards::of(n);
            let found = each(count, |link| (link.own(shards.count()), link.own_agents(shards)));
            let owned: usize = found.iter().map(|(own, _)| own.len()).sum();
            assert_eq!(owned, shards.count());
            let agents: usize = found.iter().map(|(_, own)| own.len()).sum();
            assert_eq!(agents, n as usize);
            assert_eq!(Link::among(count)[0].owners(shards.count()).len(), shards.count());
        }
    }

    #[test]
    fn all_ranks_get_the_same_sums_and_the_owners_entries() {
        for count in 1..=4 {
            let found = each(count, |link| {
                let mut column = vec![link.rank(); 10];
                link.publish(5, 2, &mut column);
                let mut sums = [1_u64, link.rank() as u64];
                link.add_up(&mut sums);
                (link.sum(2), sums, column, link.agreed(link.rank()))
            });
            let owners = Link::among(count)[0].owners(5);
            let expected: Vec<usize> = owners.into_iter().flat_map(|rank| [rank, rank]).collect();
            let ranks: u64 = (0..count as u64).sum();
            for one in found {
                assert_eq!(one, (2 * count as i64, [count as u64, ranks], expected.clone(), 0));
            }
        }
    }

    #[test]
    fn nobody_waits_for_a_rank_that_has_ended() {
        let ended = each(3, |link| if link.rank() == 1 { 0 } else { link.sum(1) });
        assert_eq!(ended, [0], "only the rank that ends by itself comes to anything");
    }

    #[test]
    fn parcels_come_in_the_order_of_the_ranks() {
        let found = each(3, |link| link.deliver((0..3).map(|to| (link.rank(), to)).collect()));
        for (rank, parcels) in found.into_iter().enumerate() {
            assert_eq!(parcels, [(0, rank), (1, rank), (2, rank)]);
        }
    }
}
