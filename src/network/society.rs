//! Who lives together, and who chats in a group.
//!
//! Both follow from the draws that made the network, so that nothing is kept of a tie:
//! - households of a community network are runs of consumers within a neighbourhood; other
//!   kinds know none, and everybody lives alone;
//! - chat groups of a community network are its interest groups; of other kinds, and of a
//!   single neighbourhood, the neighbourhoods.
//!
//! They are worked out when a mechanism asks for them before the first day: a bit a consumer
//! for households, eight bytes for interest groups.

use std::ops::Range;
use std::sync::OnceLock;

use crate::network::{Network, Parameters, Request, community};
use crate::rng::Key;

/// Households and chat groups of a network.
#[derive(Debug)]
pub struct Society {
    parameters: Parameters,
    key: Key,
    /// A bit for every consumer with whom a household begins.
    households: OnceLock<Vec<u64>>,
    interests: OnceLock<Option<Interests>>,
}

/// Interest groups, each a run of `members`.
#[derive(Debug)]
pub(super) struct Interests {
    /// Consumers by interest.
    pub members: Vec<u32>,
    /// Where each consumer stands among them.
    pub places: Vec<u32>,
    /// Number of groups.
    pub groups: u32,
}

/// A chat group as one of its members sees it.
#[derive(Clone, Copy, Debug)]
pub struct Chat<'a> {
    /// The members; a run of consumers from `first` where there is no list.
    members: Option<&'a [u32]>,
    first: u32,
    n: u32,
    own: u32,
}

impl Chat<'_> {
    /// Number of other members.
    #[must_use]
    pub fn n_others(&self) -> u32 {
        self.n - 1
    }

    /// The `k`-th other member.
    #[inline]
    #[must_use]
    pub fn other(&self, k: u32) -> u32 {
        let place = k + u32::from(k >= self.own);
        self.members.map_or(self.first + place, |members| members[place as usize])
    }
}

impl Society {
    /// The society of a network made with these parameters and this key.
    #[must_use]
    pub fn new(parameters: &Parameters, key: Key) -> Self {
        let (households, interests) = (OnceLock::new(), OnceLock::new());
        Self { parameters: parameters.clone(), key, households, interests }
    }

    /// Works out who lives together, once.
    pub fn find_households(&self, network: &Network, segments: &[u8]) {
        self.households.get_or_init(|| {
            let n = network.n();
            let mut begins = vec![0_u64; n.div_ceil(64) as usize];
            if self.parameters.kind == "community" {
                let request = self.request(n, segments);
                for start in community::household_starts(&request) {
                    begins[(start / 64) as usize] |= 1 << (start % 64);
                }
            } else {
                begins.fill(u64::MAX);
            }
            begins
        });
    }

    /// Works out who chats with whom, once.
    pub fn find_chats(&self, network: &Network, segments: &[u8]) {
        self.interests.get_or_init(|| {
            let known = self.parameters.kind == "community" && network.n_neighbourhoods() > 1;
            known.then(|| community::interest_groups(&self.request(network.n(), segments)))
        });
    }

    fn request<'a>(&'a self, n: u32, segments: &'a [u8]) -> Request<'a> {
        Request { parameters: &self.parameters, n, segments, key: self.key }
    }

    /// The household of consumer `i` of `n`.
    ///
    /// # Panics
    /// Where nobody has asked for households before the first day.
    #[must_use]
    pub fn household(&self, i: u32, n: u32) -> Range<u32> {
        let known = self.households.get();
        assert!(known.is_some(), "households are found before they are used");
        let words = known.map_or(&[][..], Vec::as_slice);
        let begins = |k: u32| words[(k / 64) as usize] >> (k % 64) & 1 == 1;
        let (mut from, mut until) = (i, i + 1);
        while from > 0 && !begins(from) {
            from -= 1;
        }
        while until < n && !begins(until) {
            until += 1;
        }
        from..until
    }

    /// The chat group of consumer `i`.
    ///
    /// # Panics
    /// Where nobody has asked for chat groups before the first day.
    #[must_use]
    pub fn chat<'a>(&'a self, network: &Network, i: u32) -> Chat<'a> {
        let known = self.interests.get();
        assert!(known.is_some(), "chat groups are found before they are used");
        match known {
            Some(Some(interests)) => interests.chat(i),
            _ => {
                let k = network.neighbourhood_of(i) as usize;
                let (first, end) = (network.neighbourhoods[k], network.neighbourhoods[k + 1]);
                Chat { members: None, first, n: end - first, own: i - first }
            }
        }
    }
}

impl Interests {
    /// Where the `k`-th group begins among the members.
    fn border(&self, k: u32) -> u32 {
        (u64::from(k) * self.members.len() as u64 / u64::from(self.groups)) as u32
    }

    fn chat(&self, i: u32) -> Chat<'_> {
        let place = self.places[i as usize];
        let n = self.members.len() as u64;
        let mut k = (u64::from(place) * u64::from(self.groups) / n) as u32;
        while self.border(k + 1) <= place {
            k += 1;
        }
        let (from, until) = (self.border(k), self.border(k + 1));
        let members = Some(&self.members[from as usize..until as usize]);
        Chat { members, first: 0, n: until - from, own: place - from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::generate;

    fn made(kind: &str, n: u32) -> (Network, Society) {
        let parameters = Parameters { kind: kind.to_owned(), ..Parameters::default() };
        let (key, segments) = (Key::new(7, 0), vec![0; n as usize]);
        let network = generate(&parameters, n, &segments, key).expect("the network can be made");
        let society = Society::new(&parameters, key);
        society.find_households(&network, &segments);
        society.find_chats(&network, &segments);
        (network, society)
    }

    #[test]
    fn who_lives_together_is_strongly_tied() {
        let n = 5_000;
        let (network, society) = made("community", n);
        let (mut households, mut i) = (0, 0);
        while i < n {
            let home = society.household(i, n);
            assert_eq!(home.start, i);
            for (a, b) in home.clone().flat_map(|a| home.clone().map(move |b| (a, b))) {
                let strong = u32::from(network.strong[a as usize]);
                let tied = (0..strong).any(|k| network.audience(a, k) == b);
                assert!(a == b || tied, "{a} and {b} live together");
                assert_eq!(society.household(a, n), home);
            }
            (households, i) = (households + 1, home.end);
        }
        let mean = f64::from(n) / f64::from(households);
        assert!((2.4..2.8).contains(&mean), "{mean} people in a household");
    }

    /// Members of a chat see each other, and many weak ties are within a chat.
    #[test]
    fn chats_are_the_interest_groups() {
        let n = 5_000;
        let (network, society) = made("community", n);
        let mut inside = 0;
        for i in 0..n {
            let chat = society.chat(&network, i);
            let others: Vec<u32> = (0..chat.n_others()).map(|k| chat.other(k)).collect();
            assert!((150..=250).contains(&chat.n_others()) && !others.contains(&i));
            let back = society.chat(&network, others[0]);
            assert!((0..back.n_others()).any(|k| back.other(k) == i), "{i} is not seen");
            let weak = u32::from(network.strong[i as usize])..network.degree(i);
            inside += weak.filter(|k| others.contains(&network.audience(i, *k))).count();
        }
        let mean = inside as f64 / f64::from(n);
        assert!(mean > 3.5, "{mean} weak ties a consumer are within the chat");
    }

    #[test]
    fn elsewhere_everybody_lives_alone_and_chats_with_the_neighbourhood() {
        let (network, society) = made("erdos_renyi", 1_000);
        assert_eq!(society.household(17, 1_000), 17..18);
        let chat = society.chat(&network, 17);
        assert_eq!((0..3).map(|k| chat.other(k)).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((chat.other(16), chat.other(17)), (16, 18));
        assert_eq!(chat.n_others() + 1, network.neighbourhoods[1]);
    }
}
