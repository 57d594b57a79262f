//! Ties within one circle of people: a neighbourhood or an interest group.
//!
//! A tie begins at a random member and leads, with the probability of closure, to
//! a friend's friend (Holme & Kim 2002), else to any member; a partner of another
//! segment is accepted with one over the odds of homophily.

use crate::quantity::time::Clock;
use crate::rng::{Draws, Key, Stream};

/// Partners tried before the first free pair is taken. A circle so dense that so
/// many tries fail has hardly any freedom left.
const TRIES: u32 = 24;

/// A circle while its ties are being made; members are numbered from zero.
pub(super) struct Circle<'a> {
    key: Key,
    entity: u32,
    /// Segment of a member.
    segment: &'a dyn Fn(u32) -> u8,
    links: Vec<Vec<u16>>,
    ties: Vec<(u16, u16)>,
}

/// How partners are found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taste {
    /// Probability of a friend's friend.
    pub closure: f64,
    /// Odds of the same segment.
    pub homophily: f64,
}

impl<'a> Circle<'a> {
    /// A circle of `members` people without ties; `entity` addresses its draws.
    pub(super) fn new(members: u32, segment: &'a dyn Fn(u32) -> u8, key: Key, entity: u32) -> Self {
        let links = vec![Vec::new(); members as usize];
        Self { key, entity, segment, links, ties: Vec::new() }
    }

    /// The ties made so far, in the order of their making.
    pub(super) fn ties(&self) -> &[(u16, u16)] {
        &self.ties
    }

    /// The friends of a member, in the order of making.
    pub(super) fn links(&self, member: u32) -> &[u16] {
        &self.links[member as usize]
    }

    /// Ties everybody of a range to everybody else of it.
    pub(super) fn clique(&mut self, from: u32, to: u32) {
        for a in from..to {
            for b in a + 1..to {
                self.tie(a, b);
            }
        }
    }

    /// Makes ties until there are `target` of them, or all pairs are tied.
    pub(super) fn knit(&mut self, target: u64, taste: Taste, stream: Stream) {
        let capacity = pairs(self.links.len() as u32);
        for item in self.ties.len() as u64..target.min(capacity) {
            let draws = self.key.draws(stream, self.entity, Clock::default(), item as u32);
            self.one(draws, taste);
        }
    }

    fn one(&mut self, mut draws: Draws, taste: Taste) {
        let members = self.links.len() as u32;
        for _ in 0..TRIES {
            let a = draws.below(members);
            let b = if draws.chance(taste.closure) {
                self.friend_of_friend(a, &mut draws)
            } else {
                draws.below(members)
            };
            let alike = (self.segment)(a) == (self.segment)(b);
            if self.is_free(a, b) && (alike || draws.chance(1.0 / taste.homophily)) {
                return self.tie(a, b);
            }
        }
        let (a, b) = self.first_free(draws.below(members));
        self.tie(a, b);
    }

    /// A friend of a friend of `a`, or anybody where `a` has no friend.
    fn friend_of_friend(&self, a: u32, draws: &mut Draws) -> u32 {
        let Some(friend) = pick(&self.links[a as usize], draws) else {
            return draws.below(self.links.len() as u32);
        };
        pick(&self.links[friend as usize], draws).unwrap_or(a)
    }

    fn is_free(&self, a: u32, b: u32) -> bool {
        a != b && !self.links[a as usize].contains(&(b as u16))
    }

    /// The first pair without a tie, from member `start` on.
    fn first_free(&self, start: u32) -> (u32, u32) {
        let n = self.links.len() as u32;
        for a in (0..n).map(|k| (start + k) % n) {
            if self.links[a as usize].len() as u32 + 1 == n {
                continue;
            }
            if let Some(b) = (0..n).map(|k| (a + k) % n).find(|b| self.is_free(a, *b)) {
                return (a, b);
            }
        }
        unreachable!("fewer ties than pairs were asked for")
    }

    fn tie(&mut self, a: u32, b: u32) {
        self.links[a as usize].push(b as u16);
        self.links[b as usize].push(a as u16);
        self.ties.push((a as u16, b as u16));
    }
}

/// Number of pairs among `n`.
pub(super) fn pairs(n: u32) -> u64 {
    u64::from(n) * u64::from(n.saturating_sub(1)) / 2
}

fn pick(list: &[u16], draws: &mut Draws) -> Option<u32> {
    let k = draws.below(list.len().max(1) as u32);
    list.get(k as usize).map(|member| u32::from(*member))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_can_be_filled_to_the_last_pair() {
        for members in 1..12 {
            let mut circle = Circle::new(members, &|i| (i % 2) as u8, Key::new(3, 0), 5);
            circle.clique(0, members.min(3));
            let taste = Taste { closure: 0.5, homophily: 50.0 };
            circle.knit(1000, taste, Stream::new("test/knit"));
            assert_eq!(circle.ties().len() as u64, pairs(members));
            assert!((0..members).all(|i| circle.links(i).len() as u32 == members - 1));
        }
    }
}
