//! Openers invite friends.

use super::pool::Opener;
use super::{GroupBuy, INVITE, Room};
use crate::exchange::Bins;
use crate::market::member::share16;
use crate::market::message::{Exposure, NONE, flag};
use crate::market::platform::Book;
use crate::mechanism::world::Environment;
use crate::network::Network;
use crate::quantity::time::Clock;
use crate::rng::lanes::long_words;
use crate::rng::sample::discrete::{MAX_DISTINCT, SIDE, sorted_distinct_of};

impl GroupBuy {
    /// The openers of a pool invite some of their ties.
    pub(super) fn invite_friends(
        &self,
        env: &Environment,
        at: Clock,
        opened: &[Opener],
        Room { words, messages, hearers, .. }: &mut Room,
        (book, bins): (&mut Book, &mut Bins<'_, Exposure>),
    ) {
        let network = &*env.network;
        // What lies far away is fetched for all of them, side by side.
        messages.clear();
        messages.extend(
            opened
                .iter()
                .map(|opener| (self.invitation(env, opener), network.n_strong(opener.consumer))),
        );
        // A word a friend, four a block.
        let blocks = self.p.invitations.div_ceil(4).max(1);
        let (address, step) =
            (opened.iter().map(|opener| (opener.consumer, opener.offer)), 4 * blocks as usize);
        long_words(env.key_of(self.platform), INVITE, at, blocks, address, words);
        words.resize(step * opened.len().next_multiple_of(SIDE), 0);
        let mut picked = [[0; SIDE]; MAX_DISTINCT];
        let picked = &mut picked[..self.p.invitations as usize];
        let mut in_turn = network.in_turn(messages, |(invitation, _)| invitation.source);
        let trust = [self.p.weak_trust, self.p.strong_trust].map(share16);
        let (mut ties, mut friends, mut sent) = ([0; MAX_DISTINCT], [0; MAX_DISTINCT], 0);
        for (several, words) in messages.chunks(SIDE).zip(words.chunks_exact(SIDE * step)) {
            let mut degrees = [0; SIDE];
            for (degree, (invitation, _)) in degrees.iter_mut().zip(in_turn.by_ref()) {
                *degree = network.degree(invitation.source);
            }
            sorted_distinct_of(words, step, &degrees, picked);
            for (k, ((invitation, n_strong), degree)) in several.iter().zip(degrees).enumerate() {
                let n_ties = picked.len().min(degree as usize);
                for ((tie, friend), picked) in ties.iter_mut().zip(&mut friends).zip(&*picked) {
                    (*tie, *friend) = (picked[k], picked[k]);
                }
                let ties = (&ties[..n_ties], &mut friends[..n_ties]);
                sent += invite(network, (invitation, *n_strong, trust), ties, hearers, bins);
            }
        }
        book.tally.channels[self.channel as usize].exposed += sent;
        book.tally.shares += opened.len() as u64;
    }

    /// What is equal for all whom an opener invites.
    fn invitation(&self, env: &Environment, opener: &Opener) -> Exposure {
        Exposure {
            offer: opener.offer,
            source: opener.consumer,
            context: opener.group,
            node: opener.node,
            category: env.catalogue.offers[opener.offer as usize].category,
            flags: flag::FRIEND | flag::IMPULSE,
            ..Exposure::new(NONE, self.platform, self.channel)
        }
    }
}

/// An opener invites those to whom some ties lead, and trusts strong ties more: the ties stand in
/// both lists, of which one is used up. Returns how many are invited.
#[inline]
fn invite(
    network: &Network,
    (invitation, n_strong, trust): (&Exposure, u32, [u16; 2]),
    (ties, friends): (&[u32], &mut [u32]),
    hearers: &mut Vec<u32>,
    bins: &mut Bins<'_, Exposure>,
) -> u64 {
    let by = invitation.source;
    let most = ties.last().map_or(0, |last| *last as usize + 1);
    let mut audience = network.audience_up_to(by, n_strong, most, hearers);
    audience.at_all(friends);
    let invited = ties.iter().zip(&*friends).map(|(tie, friend)| Exposure {
        to: *friend,
        trust: trust[usize::from(*tie < n_strong)],
        ..*invitation
    });
    if !audience.may_lead_back() {
        bins.push_all(invited);
        return ties.len() as u64;
    }
    let to_others = invited.filter(|exposure| exposure.to != by);
    to_others.map(|exposure| bins.push(exposure)).count() as u64
}
