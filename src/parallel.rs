//! Shards: the fixed pieces in which agents are worked on in parallel.
//!
//! How many shards there are depends on the number of agents alone, never on the
//! machine, and no result depends on how many there are: what crosses shards is
//! sorted by a key that is unique to the message.
//!
//! Every thread has the same shards again and what it wrote of them near; where it has done them
//! all, it takes those that others have left. Where there is one thread, it takes them in a plain loop.

use rayon::prelude::*;
use std::ops::{Deref, Index, Range};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::vec::IntoIter;

/// Most shards of a world; a large one has between 33 and 64. A few dozen keep all cores
/// of today's machines busy and the tables of shard × shard small.
const MAX_SHARDS: u32 = 64;

/// A division of `n` agents into contiguous ranges of equal size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    n: u32,
    /// A shard has 2^`log_size` agents.
    log_size: u32,
}

impl Shards {
    /// Divides `n` agents. A shard begins at a multiple of 64, so that bitmaps and
    /// blocks of four or sixteen draws never straddle two shards; sizes are powers of two,
    /// so that an agent's shard is found without a division.
    #[must_use]
    pub fn of(n: u32) -> Self {
        Self { n, log_size: n.div_ceil(MAX_SHARDS).max(64).next_power_of_two().ilog2() }
    }

    /// Neighbouring shards joined, equally many each, to at most so many; none has more than 2³¹ agents.
    #[must_use]
    pub fn joined(self, most: usize) -> Self {
        let joined = self.count().div_ceil(most.max(1)).next_power_of_two();
        Self { log_size: (self.log_size + joined.ilog2()).min(31), ..self }
    }

    /// Number of agents.
    #[must_use]
    pub fn n(self) -> u32 {
        self.n
    }

    /// Agents in a full shard.
    #[must_use]
    pub fn size(self) -> usize {
        1 << self.log_size
    }

    /// The logarithm of [`Shards::size`].
    #[must_use]
    pub fn log_size(self) -> u32 {
        self.log_size
    }

    /// Number of shards; at least 1.
    #[must_use]
    pub fn count(self) -> usize {
        self.n.div_ceil(1 << self.log_size).max(1) as usize
    }

    /// The shard of an agent.
    #[inline]
    #[must_use]
    pub fn shard_of(self, agent: u32) -> usize {
        (agent >> self.log_size) as usize
    }

    /// The position of an agent within its shard.
    #[inline]
    #[must_use]
    pub fn row_of(self, agent: u32) -> usize {
        (agent & ((1 << self.log_size) - 1)) as usize
    }

    /// The agents of a shard.
    #[must_use]
    pub fn range(self, shard: usize) -> Range<u32> {
        let start = ((shard as u64) << self.log_size).min(u64::from(self.n)) as u32;
        start..start.saturating_add(1 << self.log_size).min(self.n)
    }
}

/// A column of which only a run of shards is held: a rank's own. Rows are found by agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<T> {
    first: usize,
    rows: Vec<T>,
}

impl<T> Column<T> {
    /// The rows of the agents from `first` on, which begins a shard.
    #[must_use]
    pub fn new(first: u32, rows: Vec<T>) -> Self {
        Self { first: first as usize, rows }
    }

    /// The rows of every shard: none of those that are not held.
    pub fn by_shard(&mut self, shards: Shards) -> Vec<&mut [T]> {
        let skipped =
            if self.rows.is_empty() { shards.count() } else { self.first / shards.size() };
        let mut parts: Vec<&mut [T]> = Vec::with_capacity(shards.count());
        parts.resize_with(skipped, Default::default);
        parts.extend(self.rows.chunks_mut(shards.size()));
        parts.resize_with(shards.count(), Default::default);
        parts
    }

    /// The rows that are held, and their agents.
    pub fn held(&mut self) -> (Range<usize>, &mut [T]) {
        (self.first..self.first + self.rows.len(), &mut self.rows)
    }

    /// Where an agent's row is among those that are held; none of them where it is not.
    #[inline(always)]
    #[must_use]
    pub fn place(&self, agent: u32) -> usize {
        (agent as usize).wrapping_sub(self.first)
    }
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self::new(0, Vec::new())
    }
}

impl<T> Deref for Column<T> {
    type Target = [T];

    /// The rows that are held.
    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T> Index<usize> for Column<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, agent: usize) -> &T {
        &self.rows[agent.wrapping_sub(self.first)]
    }
}

/// The `part`-th of `parts` nearly equal pieces of `0..n`.
#[must_use]
pub fn piece(n: u32, part: usize, parts: usize) -> Range<u32> {
    let cut = |k: usize| (u64::from(n) * k as u64 / parts as u64) as u32;
    cut(part)..cut(part + 1)
}

/// Rooms to work in, between two uses: there come to be as many as threads at work, and what
/// one has grown to stays. A thread meets its own again, whose memory is near its processor.
#[derive(Debug)]
pub struct Rooms<R>(Mutex<Vec<(Option<usize>, Box<R>)>>);

impl<R> Default for Rooms<R> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<R: Default> Rooms<R> {
    /// Works in a room that nobody else is in.
    pub fn lent<T>(&self, work: impl FnOnce(&mut R) -> T) -> T {
        if size_of::<R>() == 0 {
            // There is nothing to keep.
            return work(&mut R::default());
        }
        let thread = rayon::current_thread_index();
        let mut room = self.taken(thread).unwrap_or_default();
        let done = work(&mut room);
        hold(&self.0).push((thread, room));
        done
    }

    /// A thread's own room, where it is not in it already.
    fn taken(&self, thread: Option<usize>) -> Option<Box<R>> {
        let mut rooms = hold(&self.0);
        let own = rooms.iter().position(|room| room.0 == thread)?;
        Some(rooms.swap_remove(own).1)
    }
}

/// What several threads use in turn.
fn hold<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets all threads take items in turn until there are none, each in a room of its own.
#[expect(clippy::disallowed_methods, reason = "who takes which item shapes no result")]
fn share<I, R>(items: I, rooms: &Rooms<R>, work: impl Fn(&mut R, I::Item) + Sync + Send)
where
    I: ExactSizeIterator<Item: Send> + Send,
    R: Default + Send,
{
    let n = rayon::current_num_threads().min(items.len());
    if n <= 1 {
        return rooms.lent(|room| items.for_each(|item| work(room, item)));
    }
    let hand = Hand::new(items, n);
    (0..n).into_par_iter().with_max_len(1).for_each(|_| {
        let thread = rayon::current_thread_index().unwrap_or_default() % n;
        rooms.lent(|room| {
            while let Some(item) = hand.next(thread) {
                work(room, item);
            }
        });
    });
}

/// Items that are dealt out to threads: a block of neighbours to each in turn, so that a thread meets the
/// same again and finds near what it left there, and small things that lie side by side are mostly one
/// thread's; where it has had all of its own, the last of those that others have left.
struct Hand<T>(Vec<Own<T>>);

/// Blocks that are dealt out, where there are no more threads: as many as there are pieces of what is
/// looked at by pieces, so that those and their shards are the same threads'. Shapes no result.
const BLOCKS: usize = 8;

/// What is left of a thread's own items; in lines of memory of its own, since a line that several
/// threads write at every item travels between their processors.
#[repr(align(128))]
struct Own<T>(Mutex<IntoIter<T>>);

impl<T> Hand<T> {
    fn new(items: impl ExactSizeIterator<Item = T>, n_threads: usize) -> Self {
        let block = items.len().div_ceil(BLOCKS.max(n_threads)).max(1);
        let mut dealt: Vec<Vec<T>> = (0..n_threads)
            .map(|_| Vec::with_capacity(items.len().div_ceil(n_threads) + block))
            .collect();
        items.enumerate().for_each(|(k, item)| dealt[k / block % n_threads].push(item));
        Self(dealt.into_iter().map(|own| Own(Mutex::new(own.into_iter()))).collect())
    }

    fn next(&self, thread: usize) -> Option<T> {
        let own = hold(&self.0[thread].0).next();
        let later = || (1..self.0.len()).map(|k| (thread + k) % self.0.len());
        own.or_else(|| later().find_map(|other| hold(&self.0[other].0).next_back()))
    }
}

/// What is to be done for items one after the other, in their order, while they are made ready in
/// parallel. A thread does it for its own, in whose memory they are near, where their turn has come
/// when it hands in another; what is left when all are handed in is done by one. Nobody waits.
#[derive(Debug)]
pub struct InTurn<T, S> {
    turn: Mutex<Turn<T>>,
    /// Changed by the one who is at work.
    state: Mutex<S>,
}

#[derive(Debug)]
struct Turn<T> {
    /// Whose turn it is.
    next: usize,
    /// Items that are ready before their turn, with who made them so.
    waiting: Vec<Option<(T, Option<usize>)>>,
    /// How many are still to be handed in.
    missing: usize,
    /// Whether somebody works off those whose turn it is.
    is_at_work: bool,
}

impl<T, S> InTurn<T, S> {
    /// The turns of so many items, with what is changed by each.
    #[must_use]
    pub fn new(count: usize, state: S) -> Self {
        let mut waiting = Vec::with_capacity(count);
        waiting.resize_with(count, || None);
        let turn = Turn { next: 0, waiting, missing: count, is_at_work: false };
        Self { turn: Mutex::new(turn), state: Mutex::new(state) }
    }

    /// Says that an item is ready; each is handed in once, and none may be left out.
    pub fn hand_in(&self, place: usize, item: T, work: impl Fn(&mut S, T)) {
        let thread = rayon::current_thread_index();
        let mut turn = hold(&self.turn);
        turn.waiting[place] = Some((item, thread));
        turn.missing -= 1;
        if std::mem::replace(&mut turn.is_at_work, true) {
            return;
        }
        drop(turn);
        let mut state = hold(&self.state);
        while let Some(item) = self.next(thread) {
            work(&mut state, item);
        }
    }

    /// The item whose turn it is, unless it is still to come or another's who will hand in more:
    /// then nobody is at work any more.
    fn next(&self, thread: Option<usize>) -> Option<T> {
        let mut turn = hold(&self.turn);
        let (next, is_last) = (turn.next, turn.missing == 0);
        let place = turn.waiting.get_mut(next);
        let item = place.and_then(|item| item.take_if(|(_, own)| is_last || *own == thread));
        turn.next += usize::from(item.is_some());
        turn.is_at_work = item.is_some();
        item.map(|(item, _)| item)
    }
}

/// Works on one of several small things that lie side by side, such as the lists of shards, while it lies
/// with the thread: in their common lines of memory two processors that write would contend.
pub fn apart<T: Default, R>(item: &mut T, work: impl FnOnce(&mut T) -> R) -> R {
    let mut own = std::mem::take(item);
    let done = work(&mut own);
    *item = own;
    done
}

/// Lets another thread do something that nobody waits for, where there is another; else it is done
/// at once.
#[expect(clippy::disallowed_methods, reason = "what is done beside shapes no result")]
pub fn beside(work: impl FnOnce() + Send + 'static) {
    match rayon::current_num_threads() > 1 {
        true => rayon::spawn(work),
        false => work(),
    }
}

/// Calls `work` for every item in parallel, with the item's position.
pub fn each<T: Send>(items: &mut [T], work: impl Fn(usize, &mut T) + Sync + Send) {
    share(items.iter_mut().enumerate(), &Rooms::default(), |(), (k, item)| work(k, item));
}

/// [`each`] with a room to work in, and the item's position.
pub fn each_with<T: Send, R: Default + Send>(
    items: &mut [T],
    rooms: &Rooms<R>,
    work: impl Fn(&mut R, usize, &mut T) + Sync + Send,
) {
    share(items.iter_mut().enumerate(), rooms, |room, (k, item)| work(room, k, item));
}

/// What `work` makes of every item, in parallel and in order; it may lend parts of the items.
pub fn map<'a, T: Send, R: Send>(
    items: &'a mut [T],
    work: impl Fn(&'a mut T) -> R + Sync + Send,
) -> Vec<R> {
    let mut made: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let pairs = items.iter_mut().zip(&mut made);
    share(pairs, &Rooms::default(), |(), (item, place)| *place = Some(work(item)));
    made.into_iter().flatten().collect()
}

/// Calls `work` for pairs of items in parallel, with their position.
pub fn each_pair<A: Send, B: Send>(
    a: &mut [A],
    b: &mut [B],
    work: impl Fn(usize, &mut A, &mut B) + Sync + Send,
) {
    assert_eq!(a.len(), b.len(), "two columns with the same number of parts");
    let pairs = a.iter_mut().zip(b).enumerate();
    share(pairs, &Rooms::default(), |(), (k, (x, y))| work(k, x, y));
}

/// Calls `work` for the shards of a column in parallel, each with its own local state.
pub fn each_shard<T: Send, L: Send>(
    shards: Shards,
    column: &mut [T],
    locals: &mut [L],
    work: impl Fn(usize, &mut [T], &mut L) + Sync + Send,
) {
    assert_eq!(locals.len(), shards.count(), "one local state a shard");
    if locals.len() == 1 {
        return work(0, column, &mut locals[0]);
    }
    let parts = column.chunks_mut(shards.size()).zip(locals).enumerate();
    share(parts, &Rooms::default(), |(), (k, (rows, local))| work(k, rows, local));
}

/// What `work` finds in each of `count` parts, in the order of the parts: what is no whole
/// number is added up in that order.
pub fn by_part<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    map(&mut (0..count).collect::<Vec<_>>(), |part| work(*part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_all_agents_once_and_begin_at_multiples_of_64() {
        assert_eq!(Shards::of(u32::MAX).joined(1).range(1), 1 << 31..u32::MAX);
        for n in [1, 2, 63, 64, 65, 300, 4_096, 4_097, 1_000_000, 1_000_001] {
            let shards = Shards::of(n);
            let mut next = 0;
            for k in 0..shards.count() {
                let range = shards.range(k);
                assert_eq!(range.start, next);
                assert_eq!(range.start % 64, 0);
                assert!(range.clone().all(|i| shards.shard_of(i) == k));
                assert!(range.clone().all(|i| shards.row_of(i) == (i - next) as usize));
                next = range.end;
            }
            assert_eq!(next, n);
            assert!(shards.count() <= 64);
            assert!(n < 64 * 64 || shards.count() > 32, "{n}: {}", shards.count());
            for most in [1, 2, 16, 64] {
                let blocks = shards.joined(most);
                assert!(blocks.count() <= most && (shards.count() <= most) == (blocks == shards));
                assert!((0..n).all(|i| {
                    blocks.shard_of(i) == shards.shard_of(i) * shards.size() / blocks.size()
                }));
            }
        }
    }

    #[test]
    fn a_column_finds_its_rows_by_agent_and_has_none_of_other_shards() {
        let shards = Shards::of(1_000);
        for (first, n) in [(0, 1_000), (192, 128), (960, 40), (0, 0)] {
            let mut column = Column::new(first, (first..first + n).collect());
            assert!((first..first + n).all(|agent| column[agent as usize] == agent));
            let parts = column.by_shard(shards);
            assert_eq!(parts.len(), shards.count());
            for (shard, rows) in parts.iter().enumerate() {
                let held = shards.range(shard).filter(|agent| (first..first + n).contains(agent));
                assert!(rows.iter().copied().eq(held), "shard {shard} of {n} from {first}");
            }
        }
    }

    #[test]
    fn every_item_is_worked_on_once_and_what_is_made_is_in_order() {
        for (threads, n) in [(1, 5), (2, 0), (3, 1), (3, 64), (8, 5)] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| {
                let mut items: Vec<usize> = (0..n).collect();
                each(&mut items, |k, item| *item += k);
                each_with(&mut items, &Rooms::<Vec<usize>>::default(), |room, k, item| {
                    room.push(k);
                    *item += k;
                });
                let mut sums = vec![0; n];
                each_pair(&mut items, &mut sums, |k, item, sum| *sum = *item + k);
                assert!(sums.iter().copied().eq((0..n).map(|k| 4 * k)));
                assert!(map(&mut sums, |sum| *sum / 4).into_iter().eq(0..n));
                assert!(by_part(n, |part| part).into_iter().eq(0..n));
            });
        }
    }

    #[test]
    fn a_thread_has_its_own_items_first_and_then_what_others_left() {
        let hand = Hand::new(0..8, 3);
        let dealt = [0, 0, 1, 0, 0, 2, 1].map(|thread| hand.next(thread));
        assert_eq!(dealt, [0, 3, 1, 6, 7, 2, 4].map(Some));
        assert_eq!((hand.next(1), hand.next(1)), (Some(5), None));
    }

    #[test]
    fn what_is_handed_in_is_worked_on_in_order() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        pool.expect("a pool").install(|| {
            let turns = InTurn::new(50, Vec::new());
            each(&mut [(); 50], |k, ()| turns.hand_in(k, k, Vec::push));
            assert!(hold(&turns.state).iter().copied().eq(0..50));
            let (turns, mut seen) = (InTurn::new(4, Vec::new()), Vec::new());
            for k in [2, 0, 3, 1] {
                turns.hand_in(k, k, Vec::push);
                seen.push(hold(&turns.state).len());
            }
            assert_eq!((seen, hold(&turns.state).clone()), (vec![0, 1, 1, 4], vec![0, 1, 2, 3]));
        });
    }

    #[test]
    fn pieces_cover_the_whole() {
        for (n, parts) in [(0, 3), (1, 3), (10, 3), (1_000, 64)] {
            let covered: u32 = (0..parts).map(|k| piece(n, k, parts).len() as u32).sum();
            assert_eq!(covered, n);
        }
    }
}
