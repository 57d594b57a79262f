//! Lists that are kept and filled anew again and again.

/// Adds an item to a list that is kept and filled anew again and again: it grows by an
/// eighth, not to the double, so that little room stays unused.
#[inline]
pub fn add<T>(list: &mut Vec<T>, item: T) {
    room_for_one(list);
    list.push(item);
}

/// Makes room for an item as [`add`] does: whoever makes the item after that need not keep it
/// meanwhile.
#[inline]
pub fn room_for_one<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        grow(list, 1);
    }
}

/// [`add`] for several items, for which room is made once.
#[inline]
pub fn add_all<T>(list: &mut Vec<T>, items: impl ExactSizeIterator<Item = T>) {
    make_room(list, items.len());
    list.extend(items);
}

#[inline]
pub(super) fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        grow(list, more);
    }
}

/// Makes room for so many more, and some at once: up to the double while the list is short.
#[cold]
#[inline(never)]
fn grow<T>(list: &mut Vec<T>, more: usize) {
    let n = list.len();
    list.reserve_exact((n / 8).max(n.clamp(4, 16)).max(more));
}
