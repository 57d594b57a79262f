//! Community network: households, neighbourhoods, interest groups and weak ties.
//!
//! Four layers, of which the first two are strong:
//! 1. households, cliques of 1 + Poisson people, contiguous in a neighbourhood;
//! 2. close friends within the neighbourhood, closing triangles;
//! 3. weak ties within the neighbourhood and within interest groups, whose members
//!    mostly share a segment and a region (a run of neighbourhoods);
//! 4. weak ties to anybody, with a heavy tail (`stubs`), as many as the mean degree
//!    leaves after the other layers.
//!
//! Each neighbourhood and each group is a pure function of its addressed draws, so
//! the layers are made twice (to count, to fill) instead of being stored.

use rayon::prelude::*;

use crate::network::csr::{Block, Csr};
use crate::network::knit::{Circle, Taste, pairs};
use crate::network::society::Interests;
use crate::network::stubs::Stubs;
use crate::network::{Network, NetworkError, Request, Ties};
use crate::quantity::{math, time::Clock};
use crate::rng::Stream;

/// Borders of neighbourhoods.
pub const NEIGHBOURHOODS: Stream = Stream::new("network/neighbourhoods");
/// Sizes of households.
pub const HOUSEHOLDS: Stream = Stream::new("network/households");
/// Rounding of the ties of a neighbourhood.
pub const LOCAL_COUNT: Stream = Stream::new("network/local_count");
/// Close friends.
pub const CLOSE_FRIENDS: Stream = Stream::new("network/close_friends");
/// Weak ties within a neighbourhood.
pub const ACQUAINTANCES: Stream = Stream::new("network/acquaintances");
/// Who joins which interest group.
pub const INTERESTS: Stream = Stream::new("network/interests");
/// Rounding of the ties of an interest group.
pub const INTEREST_COUNT: Stream = Stream::new("network/interest_count");
/// Ties within an interest group.
pub const INTEREST_TIES: Stream = Stream::new("network/interest_ties");

/// Largest household.
const LARGEST_HOUSEHOLD: u32 = 10;
/// Most members of a chat group, and so of a neighbourhood.
const LARGEST_CIRCLE: f64 = 500.0;

/// The network of a society with neighbourhoods.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let plan = Plan::new(request);
    let stubs = plan.stubs()?;
    let locals = plan.n_neighbourhoods();
    let groups = plan.n_groups();
    let n_chunks = locals + groups + stubs.n_chunks();
    let mut ties = Csr::build(request.n, n_chunks, &|chunk, emit| {
        let both = &mut |a, b| {
            emit(a, b);
            emit(b, a);
        };
        if chunk < locals {
            plan.local(chunk, both);
        } else if chunk < locals + groups {
            plan.group(chunk - locals, both);
        } else {
            stubs.pairs(chunk - locals - groups, both);
        }
    });
    drop(stubs);
    let strong = ties.in_blocks(&plan.starts, |k, block| plan.strong_first(k, block)).concat();
    let ties = Ties::Stored(ties);
    Ok(Network { strong: strong.into(), ..Network::plain(ties, plan.starts) })
}

/// The consumers with whom a household begins, in order.
pub(super) fn household_starts(request: &Request<'_>) -> Vec<u32> {
    let plan = Plan::without_interests(request);
    let of = |k: u32| {
        let first = plan.starts[k as usize];
        let members = plan.starts[k as usize + 1] - first;
        let ends = plan.household_ends(k, members);
        let begins = std::iter::once(0).chain(ends).filter(move |start| *start < members);
        begins.map(|start| first + start).collect::<Vec<u32>>()
    };
    (0..plan.n_neighbourhoods()).into_par_iter().flat_map_iter(of).collect()
}

/// The interest groups, as they were when their ties were made.
pub(super) fn interest_groups(request: &Request<'_>) -> Interests {
    let members = interests(request);
    let mut places = vec![0; members.len()];
    for (place, member) in members.iter().enumerate() {
        places[*member as usize] = place as u32;
    }
    let groups = request.n.div_ceil(request.parameters.interest_group_size);
    Interests { members, places, groups }
}

/// Everything that the layers need to know.
struct Plan<'a> {
    request: &'a Request<'a>,
    /// Mean degree that n consumers can have.
    degree: f64,
    /// Distribution function of the number of a household's further members.
    household: Vec<f64>,
    /// Starts of neighbourhoods.
    starts: Vec<u32>,
    /// Consumers by interest; empty without interest groups.
    interests: Vec<u32>,
}

/// Numbers of ties of a neighbourhood.
#[derive(Clone, Copy)]
struct Budget {
    strong: u64,
    all: u64,
}

impl<'a> Plan<'a> {
    fn without_interests(request: &'a Request<'a>) -> Self {
        let degree = request.parameters.mean_degree.min(f64::from(request.n - 1));
        let household = household(request.parameters.household_mean, degree);
        let starts = starts(request);
        Self { request, degree, household, starts, interests: Vec::new() }
    }

    fn new(request: &'a Request<'a>) -> Self {
        let mut plan = Self::without_interests(request);
        if plan.interest_degree() > 0.0 {
            plan.interests = interests(request);
        }
        plan
    }

    fn n_neighbourhoods(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    fn weak_degree(&self) -> f64 {
        self.degree * (1.0 - self.request.parameters.strong_share)
    }

    /// Ties per consumer in interest groups; a single neighbourhood has none.
    fn interest_degree(&self) -> f64 {
        if self.n_neighbourhoods() == 1 {
            return 0.0;
        }
        let p = self.request.parameters;
        self.weak_degree() * p.interest_share.min(1.0 - p.local_share)
    }

    fn taste(&self) -> Taste {
        let p = self.request.parameters;
        Taste { closure: p.closure, homophily: p.homophily }
    }

    /// A uniform number that rounds a count.
    fn rounding(&self, stream: Stream, k: u32) -> f64 {
        self.request.key.unit(stream, k, Clock::default(), 0)
    }

    /// Ends of households of `members` people.
    fn household_ends(&self, k: u32, members: u32) -> Vec<u32> {
        let mut draws = self.request.key.draws(HOUSEHOLDS, k, Clock::default(), 0);
        let (mut ends, mut end) = (Vec::new(), 0);
        while end < members {
            let u = draws.unit();
            end += 1 + self.household.iter().filter(|cumulated| **cumulated < u).count() as u32;
            ends.push(end.min(members));
        }
        ends
    }

    fn budget(&self, k: u32, members: u32, ends: &[u32]) -> Budget {
        let sizes = std::iter::once(&0).chain(ends).zip(ends).map(|(from, to)| to - from);
        let at_home: u64 = sizes.map(pairs).sum();
        let p = self.request.parameters;
        let half = f64::from(members) / 2.0;
        let u = self.rounding(LOCAL_COUNT, k);
        let strong = (p.strong_share * self.degree * half + u) as u64;
        // A single neighbourhood holds all ties; one of many leaves half of its pairs free.
        let (weak, most) = if self.n_neighbourhoods() == 1 {
            (self.weak_degree(), pairs(members))
        } else {
            (self.weak_degree() * p.local_share, pairs(members) / 2)
        };
        let all = ((p.strong_share * self.degree + weak) * half + u) as u64;
        let strong = strong.min(most).max(at_home);
        Budget { strong, all: all.min(most).max(strong) }
    }

    /// Makes the ties of neighbourhood `k`, or only the strong ones.
    fn with_circle<R>(&self, k: u32, weak: bool, work: impl FnOnce(&Circle<'_>) -> R) -> R {
        let first = self.starts[k as usize];
        let members = self.starts[k as usize + 1] - first;
        let segment = |i: u32| self.request.segment(first + i);
        let mut circle = Circle::new(members, &segment, self.request.key, k);
        let ends = self.household_ends(k, members);
        let budget = self.budget(k, members, &ends);
        std::iter::once(&0)
            .chain(&ends)
            .zip(&ends)
            .for_each(|(from, to)| circle.clique(*from, *to));
        circle.knit(budget.strong, self.taste(), CLOSE_FRIENDS);
        if weak {
            circle.knit(budget.all, self.taste(), ACQUAINTANCES);
        }
        work(&circle)
    }

    fn local(&self, k: u32, emit: &mut dyn FnMut(u32, u32)) {
        let first = self.starts[k as usize];
        self.with_circle(k, true, |circle| {
            circle
                .ties()
                .iter()
                .for_each(|(a, b)| emit(first + u32::from(*a), first + u32::from(*b)));
        });
    }

    fn n_groups(&self) -> u32 {
        (self.interests.len() as u32).div_ceil(self.request.parameters.interest_group_size)
    }

    fn group_range(&self, k: u32) -> (u32, u32) {
        let n = self.interests.len() as u64;
        let border = |k: u32| (u64::from(k) * n / u64::from(self.n_groups())) as u32;
        (border(k), border(k + 1))
    }

    fn group_ties(&self, k: u32) -> u64 {
        let (from, to) = self.group_range(k);
        let exact = self.interest_degree() * f64::from(to - from) / 2.0;
        ((exact + self.rounding(INTEREST_COUNT, k)) as u64).min(pairs(to - from) / 2)
    }

    fn group(&self, k: u32, emit: &mut dyn FnMut(u32, u32)) {
        let (from, to) = self.group_range(k);
        let mut circle = Circle::new(to - from, &|_| 0, self.request.key, k);
        circle.knit(self.group_ties(k), self.taste(), INTEREST_TIES);
        let member = |i: u16| self.interests[from as usize + usize::from(i)];
        circle.ties().iter().for_each(|(a, b)| emit(member(*a), member(*b)));
    }

    /// The ends of weak ties to anybody: what the mean degree leaves.
    fn stubs(&self) -> Result<Stubs, NetworkError> {
        let wanted = (self.degree * f64::from(self.request.n) / 2.0) as u64;
        let local: u64 = (0..self.n_neighbourhoods())
            .into_par_iter()
            .map(|k| {
                let members = self.starts[k as usize + 1] - self.starts[k as usize];
                self.budget(k, members, &self.household_ends(k, members)).all
            })
            .sum();
        let groups: u64 = (0..self.n_groups()).map(|k| self.group_ties(k)).sum();
        let left =
            if self.n_neighbourhoods() == 1 { 0 } else { wanted.saturating_sub(local + groups) };
        let p = self.request.parameters;
        Stubs::new(self.request.n, 2 * left, p.weak_tail, p.tie_limit, self.request.key)
    }

    /// Moves strong ties to the front of the rows of a neighbourhood; their numbers.
    fn strong_first(&self, k: u32, block: &mut Block<'_>) -> Vec<u8> {
        let first = self.starts[k as usize];
        self.with_circle(k, false, |circle| {
            block
                .rows()
                .map(|i| {
                    let friends = circle.links(i - first);
                    let is_strong = |t: u32| {
                        t.checked_sub(first)
                            .is_some_and(|t| friends.iter().any(|f| u32::from(*f) == t))
                    };
                    to_front(block.row(i), is_strong)
                })
                .collect()
        })
    }
}

/// Moves chosen targets to the front, at most 255 of them, keeping the order of both parts.
pub(super) fn to_front(row: &mut [u32], is_strong: impl Fn(u32) -> bool) -> u8 {
    let mut weak = Vec::with_capacity(row.len());
    let mut strong = 0;
    for k in 0..row.len() {
        let target = row[k];
        if strong < 255 && is_strong(target) {
            row[strong] = target;
            strong += 1;
        } else {
            weak.push(target);
        }
    }
    row[strong..].copy_from_slice(&weak);
    strong as u8
}

/// Distribution function of a household's further members, Poisson with a mean
/// that leaves at least half of the ties to others: a member of a household of
/// 1 + Poisson(m) people has (2m + m²) / (1 + m) ties at home.
fn household(mean: f64, degree: f64) -> Vec<f64> {
    let most = degree / 2.0;
    let bound = ((most - 2.0) + (most * most + 4.0).sqrt()) / 2.0;
    let mean = (mean - 1.0).min(bound).max(0.0);
    let mut probability = math::exp(-mean);
    let mut cumulated = 0.0;
    (0..LARGEST_HOUSEHOLD - 1)
        .map(|further| {
            cumulated += probability;
            probability *= mean / f64::from(further + 1);
            cumulated
        })
        .collect()
}

/// Starts of neighbourhoods: equal ranges whose borders are moved at random by up
/// to a quarter, less where a neighbourhood could outgrow a chat group.
fn starts(request: &Request<'_>) -> Vec<u32> {
    let n = request.n;
    let count = n.div_ceil(request.parameters.neighbourhood_size);
    let mean = f64::from(n) / f64::from(count);
    let spread = (((LARGEST_CIRCLE - 1.0) / mean - 1.0) / 2.0).clamp(0.0, 0.25);
    let start = |k: u32| match k {
        0 => 0,
        k if k == count => n,
        k => {
            let u = request.key.unit(NEIGHBOURHOODS, k, Clock::default(), 0);
            ((f64::from(k) + spread * (2.0 * u - 1.0)) * mean) as u32
        }
    };
    (0..=count).map(start).collect()
}

/// Consumers sorted by interest, and within it by region: mostly their own segment's and
/// region's, the more surely the stronger homophily and the ties of a region are,
/// otherwise those of a random consumer.
fn interests(request: &Request<'_>) -> Vec<u32> {
    let odds = request.parameters.homophily;
    let own = (odds - 1.0) / (odds + 1.0);
    let mut interests: Vec<u64> = (0..request.n)
        .into_par_iter()
        .map(|i| {
            let mut draws = request.key.draws(INTERESTS, i, Clock::default(), 0);
            let model = if draws.chance(own) { i } else { draws.below(request.n) };
            let segment = u64::from(request.segment(model));
            let order = u64::from(draws.word() >> 24);
            let near = draws.chance(request.parameters.region_share);
            let place = if near { i } else { draws.below(request.n) };
            let region = u64::from(place / request.parameters.region_size) & 0xffff;
            segment << 56 | region << 40 | order << 32 | u64::from(i)
        })
        .collect();
    interests.par_sort_unstable();
    let mut members = Vec::with_capacity(interests.len());
    members.extend(interests.iter().map(|one| *one as u32));
    members
}
