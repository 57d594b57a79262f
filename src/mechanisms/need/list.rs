//! The open needs of a shard: a list in the order of consumers and categories.

use crate::mechanism::world::OpenNeed;

/// Keeps the needs that pass. Which do cannot be foretold: each is written to the next place,
/// which then is taken or not.
pub fn keep(open: &mut Vec<OpenNeed>, passes: impl Fn(&OpenNeed) -> bool) {
    let mut kept = 0;
    for k in 0..open.len() {
        let need = open[k];
        open[kept] = need;
        kept += usize::from(passes(&need));
    }
    open.truncate(kept);
}

/// Moves the needs of the consumers before one to the end of a list; `from` is the first that was
/// not moved yet.
pub fn move_before(open: &[OpenNeed], from: &mut usize, consumer: u32, list: &mut Vec<OpenNeed>) {
    while let Some(need) = open.get(*from).filter(|need| need.consumer < consumer) {
        list.push(*need);
        *from += 1;
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

fn number(consumer: u32, category: u16) -> u64 {
    u64::from(consumer) << 16 | u64::from(category)
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
    fn lists_are_moved_and_closed_as_if_searched() {
        for (of, start) in [(2, 0), (3, 1), (40, 2), (1_000, 3), (1, 0)] {
            let mut open = some(of, start);
            let mut plain = open.clone();
            let (mut from, mut list) = (0, Vec::new());
            for end in [0, 1, 17, 18, 60] {
                move_before(&open, &mut from, end, &mut list);
                assert!(list == plain[..from] && list.iter().all(|need| need.consumer < end));
                assert!(plain[from..].iter().all(|need| need.consumer >= end));
            }
            let filled: Vec<_> = some(of + 2, 5).iter().map(|n| (n.consumer, n.category)).collect();
            // What is filled twice, or was not open, does no harm.
            let twice: Vec<_> = filled.iter().flat_map(|f| [*f, *f]).collect();
            plain.retain(|need| !filled.contains(&(need.consumer, need.category)));
            close(&mut open, &twice);
            assert_eq!(open, plain);
            keep(&mut open, |need| need.consumer % 3 == 1);
            plain.retain(|need| need.consumer % 3 == 1);
            assert_eq!(open, plain);
        }
    }
}
