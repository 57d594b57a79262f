//! Messages arrive once and in order, whichever way they take.

use super::*;
use crate::parallel::Shards;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Note {
    to: u32,
    from: u32,
}

impl Message for Note {
    type Key = (u32, u32);
    fn to(&self) -> u32 {
        self.to
    }
    fn key(&self) -> (u32, u32) {
        (self.to, self.from)
    }
}

#[test]
fn every_message_arrives_once_in_order_of_receiver_and_key() {
    let to = Shards::of(1_000);
    let mut outbox = Outbox::new(7, to);
    outbox.send(|part, bins| {
        // More than agents in one shard, and few in others.
        for k in 0..5_000 {
            let from = part as u32 * 5_000 + k;
            bins.push(Note { to: (from * 37) % if k < 3_000 { 1_000 } else { 64 }, from });
        }
    });
    let mut inbox = Inbox::new(to);
    assert_eq!(outbox.route(&mut inbox), 35_000);
    let all: Vec<Note> = inbox.shards.concat();
    assert!(all.windows(2).all(|w| w[0].key() < w[1].key()));
    assert_eq!(outbox.route(&mut inbox), 0);
}

#[test]
fn few_and_many_items_are_put_in_the_same_order() {
    let to = Shards::of(16_384 * 64);
    for n in [1, 2, 95, 96, 97, 2_000, 2_047, 2_048, 9_000] {
        let note = |k: u32| Note { to: k.wrapping_mul(2_654_435_761) % 16_384, from: k };
        let mut items: Vec<Note> = (0..n).map(note).collect();
        let mut wanted = items.clone();
        wanted.sort_by_key(Message::key);
        Sorter::default().sort(&mut items, to, Message::to, Message::key);
        assert_eq!(items, wanted, "{n}");
    }
}

#[test]
fn runs_in_the_order_of_receivers_are_sorted_like_any_messages() {
    let to = Shards::of(4_096);
    for (runs, length) in [(1, 40), (3, 50), (7, 64), (8, 16), (9, 64), (2, 3)] {
        let mut outbox = Outbox::new(to.count(), to);
        outbox.send(|part, bins| {
            for k in 0..runs * length {
                // A receiver gets several of a run, and not in the order of the key.
                let to = part as u32 * 64 + k % length / 3;
                bins.push(Note { to, from: k ^ 1 });
            }
        });
        let mut inbox = Inbox::new(to);
        assert_eq!(outbox.route(&mut inbox), u64::from(runs * length) * 64);
        let all: Vec<Note> = inbox.shards.concat();
        assert!(all.windows(2).all(|w| w[0].key() < w[1].key()), "{runs} of {length}");
    }
}

#[test]
fn promised_runs_are_woven_with_what_others_send() {
    let to = Shards::of(4_096);
    let (near, far) = (|part: u32, k: u32| part * 64 + k, |k: u32| k * 65 % 4_096);
    for (promised, others, few) in [(200, 0, 0), (0, 100, 2), (200, 100, 2), (40, 3, 60)] {
        let mut outbox = Outbox::new(to.count(), to);
        outbox.send(|part, bins| {
            bins.begin_run();
            let note = |k| Note { to: near(part as u32, k * 64 / promised), from: k };
            bins.push_all_near((0..promised).map(note));
        });
        outbox.send(|part, bins| {
            // A receiver gets several, and not in the order of the key.
            let note = |k| Note { to: near(part as u32, k / 4 % 64), from: 300 + (k ^ 3) };
            bins.push_all_near((0..others).map(note));
            let from = 1_000 + part as u32;
            (0..few).for_each(|k| bins.push(Note { to: far(from + k * 7), from: from + k }));
        });
        let mut inbox = Inbox::new(to);
        assert_eq!(outbox.route(&mut inbox), 64 * u64::from(promised + others + few));
        let all: Vec<Note> = inbox.shards.concat();
        assert!(all.is_sorted_by_key(Message::key), "{promised}, {others} and {few}");
    }
}

#[test]
fn too_many_in_one_pigeonhole_are_sorted_too() {
    let to = Shards::of(16_384 * 64);
    let mut items: Vec<Note> = (0..5_000).map(|k| Note { to: 7, from: 5_000 - k }).collect();
    Sorter::default().sort(&mut items, to, Message::to, Message::key);
    assert!(items.is_sorted_by_key(Message::key));
}

#[test]
fn few_messages_go_one_by_one_and_many_in_order_with_the_same_result() {
    let to = Shards::of(4_096);
    let sent = |k: u32, n: u32| (0..n).map(move |j| (k * n + j) * 2_653 % 4_096);
    for n in [1, 63, 64, 65, 200] {
        let mut outbox = Outbox::new(64, to);
        outbox.send(|part, bins| {
            let from = part as u32;
            sent(from, n).for_each(|to| bins.push(Note { to, from }));
        });
        let mut wanted: Vec<(u32, u32)> =
            (0..64).flat_map(|from| sent(from, n).map(move |to| (to, from))).collect();
        wanted.sort_unstable();
        let mut inbox = Inbox::new(to);
        outbox.route(&mut inbox);
        assert!(inbox.shards.iter().flatten().map(Message::key).eq(wanted), "{n}");
    }
}

#[test]
fn what_is_added_to_a_list_in_order_is_merged_into_it() {
    for (sorted, added) in [(0, 0), (0, 5), (5, 0), (40, 3), (3, 40), (30, 30)] {
        let note = |k: u32| Note { to: k * 37 % 11, from: k };
        let mut list: Vec<Note> = (0..sorted).map(note).collect();
        list.sort_by_key(Message::key);
        list.extend((sorted..sorted + added).map(note));
        let mut wanted = list.clone();
        wanted.sort_by_key(Message::key);
        merge(&mut list, sorted as usize);
        assert_eq!(list, wanted);
    }
}
