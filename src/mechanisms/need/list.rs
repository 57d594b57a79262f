//! The open needs of a shard: a list in the order of consumers and categories.

use crate::mechanism::world::OpenNeed;
use std::hint::select_unpredictable;

/// Puts new needs, by [`number`] in order, among the open ones: those past their last day are left out, and
/// who has the same need open already gets no second. `all` becomes the list.
///
/// Which comes next, and whether it is kept, cannot be foretold: it is written to the next place, which
/// then is taken or not.
pub fn renew(open: &[OpenNeed], new: &[u64], [today, expires]: [u16; 2], all: &mut Vec<OpenNeed>) {
    let stays = |need: &OpenNeed| need.expires >= today;
    let most = open.iter().filter(|need| stays(need)).count() + new.len();
    // What is left out last is written behind the last place.
    all.clear();
    all.reserve_exact(most + 1);
    all.resize(most + 1, need(0, 0));
    let places = &mut all[..];
    let (mut from, mut from_new, mut n) = (0, 0, 0);
    // The new need that was looked at last: what arises twice is one need.
    let mut before = u64::MAX;
    while let (Some(old), Some(&wanted)) = (open.get(from), new.get(from_new)) {
        let (there, stays) = (key(old), stays(old));
        let is_old = there <= wanted;
        places[n] = select_unpredictable(is_old, *old, need(wanted, expires));
        n += usize::from(select_unpredictable(is_old, stays, wanted != before));
        let is_done = !is_old | ((there == wanted) & stays);
        before = select_unpredictable(is_done, wanted, before);
        from += usize::from(is_old);
        from_new += usize::from(is_done);
    }
    for old in &open[from..] {
        places[n] = *old;
        n += usize::from(stays(old));
    }
    for &wanted in &new[from_new..] {
        places[n] = need(wanted, expires);
        n += usize::from(wanted != before);
        before = wanted;
    }
    all.truncate(n);
}

/// Puts numbers in order again whose first `sorted` are, and the rest among themselves; `tail` is
/// room for the rest.
pub fn merge(numbers: &mut [u64], sorted: usize, tail: &mut Vec<u64>) {
    tail.clear();
    tail.extend_from_slice(&numbers[sorted..]);
    // From the end: the room of the tail takes in what is larger, and none is overtaken.
    let (mut left, mut end) = (sorted, numbers.len());
    for &last in tail.iter().rev() {
        end -= 1;
        while left > 0 && numbers[left - 1] > last {
            left -= 1;
            numbers[end] = numbers[left];
            end -= 1;
        }
        numbers[end] = last;
    }
}

/// Closes the needs that were filled, by consumer and category; both lists are in order.
pub fn close(open: &mut Vec<OpenNeed>, filled: &[(u32, u16)]) {
    // What is kept, what was looked at, and from where on the next is looked for.
    let (mut kept, mut read, mut from) = (0, 0, 0);
    for &(consumer, category) in filled {
        let wanted = number(consumer, category);
        from = place(open, from, wanted);
        if open.get(from).is_some_and(|need| key(need) == wanted) {
            shift(open, read..from, kept);
            kept += from - read;
            from += 1;
            read = from;
        }
    }
    let end = open.len();
    shift(open, read..end, kept);
    open.truncate(kept + end - read);
}

/// Moves a piece of the list to the front of it.
fn shift(open: &mut [OpenNeed], piece: std::ops::Range<usize>, to: usize) {
    if piece.start != to {
        open.copy_within(piece, to);
    }
}

/// Whether a need is among some.
pub fn has(open: &[OpenNeed], consumer: u32, category: u16) -> bool {
    open.binary_search_by_key(&number(consumer, category), key).is_ok()
}

/// The first place from `from` on whose key is not below `wanted`: looked for by steps that
/// double, since it is near.
fn place(open: &[OpenNeed], from: usize, wanted: u64) -> usize {
    let (mut start, mut step) = (from, 1);
    while open.get(start + step - 1).is_some_and(|need| key(need) < wanted) {
        start += step;
        step *= 2;
    }
    let end = open.len().min(start + step);
    start + open[start..end].partition_point(|need| key(need) < wanted)
}

/// What the list is in the order of.
fn key(need: &OpenNeed) -> u64 {
    number(need.consumer, need.category)
}

/// A consumer and a category as one number.
pub fn number(consumer: u32, category: u16) -> u64 {
    u64::from(consumer) << 16 | u64::from(category)
}

/// The need of a [`number`].
fn need(number: u64, expires: u16) -> OpenNeed {
    OpenNeed { consumer: (number >> 16) as u32, category: number as u16, expires }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some needs, one in `of` of all there could be.
    fn some(of: u32, start: u32) -> Vec<OpenNeed> {
        let chosen = |k: &u32| k.wrapping_mul(0x9e37_79b9).wrapping_add(start).is_multiple_of(of);
        let need = |k: u32| OpenNeed { consumer: k / 5, category: (k % 5) as u16, expires: 7 };
        (0..500).filter(chosen).map(need).collect()
    }

    #[test]
    fn lists_are_closed_as_if_searched() {
        for (of, start) in [(2, 0), (3, 1), (40, 2), (1_000, 3), (1, 0)] {
            let mut open = some(of, start);
            let mut plain = open.clone();
            let filled: Vec<_> = some(of + 2, 5).iter().map(|n| (n.consumer, n.category)).collect();
            // What is filled twice, or was not open, does no harm.
            let twice: Vec<_> = filled.iter().flat_map(|f| [*f, *f]).collect();
            plain.retain(|need| !filled.contains(&(need.consumer, need.category)));
            close(&mut open, &twice);
            assert_eq!(open, plain);
        }
    }
    #[test]
    fn lists_are_renewed_as_if_searched() {
        for (of, start, new_of) in [(2, 0, 3), (3, 1, 1), (40, 2, 50), (1_000, 3, 2), (1, 0, 1_000)]
        {
            let mut open = some(of, start);
            for (k, need) in open.iter_mut().enumerate() {
                need.expires = [7, 3, 9][k % 3];
            }
            let mut new: Vec<u64> = some(new_of, 5).iter().map(key).collect();
            let mut plain: Vec<_> = open.iter().filter(|need| need.expires >= 7).copied().collect();
            for number in &new {
                if plain.iter().all(|need| key(need) != *number) {
                    plain.push(need(*number, 12));
                }
            }
            plain.sort_unstable();
            // Every third is added later.
            let tail: Vec<_> = new.iter().step_by(3).copied().collect();
            let mut k = 0;
            new.retain(|_| {
                k += 1;
                k % 3 != 1
            });
            let sorted = new.len();
            new.extend(&tail);
            merge(&mut new, sorted, &mut Vec::new());
            assert!(new.is_sorted());
            // What arises twice is one need.
            let sorted = new.len();
            new.extend(&tail);
            merge(&mut new, sorted, &mut Vec::new());
            let mut all = vec![need(3, 3)];
            renew(&open, &new, [7, 12], &mut all);
            assert_eq!(all, plain);
        }
    }
}
