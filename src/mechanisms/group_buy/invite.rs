//! Openers invite friends.

use super::pool::Opener;
use super::{GroupBuy, INVITE, Room};
use crate::exchange::Bins;
use crate::market::member::share16;
use crate::market::message::{Exposure, NONE, flag};
use crate::market::platform::Book;
use crate::mechanism::world::Environment;
use crate::quantity::time::Clock;
use crate::rng::lanes::long_words;
use crate::rng::sample::discrete::{MAX_DISTINCT, sorted_distinct_by};

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
        let address = opened.iter().map(|opener| (opener.consumer, opener.offer));
        long_words(env.key_of(self.platform), INVITE, at, blocks, address, words);
        let trust = [self.p.weak_trust, self.p.strong_trust].map(share16);
        let (mut picked, mut sent) = ([0; MAX_DISTINCT], 0);
        let words = words.chunks_exact(4 * blocks as usize);
        let invitations = network.in_turn(messages, |(invitation, _)| invitation.source);
        for (&(invitation, n_strong), words) in invitations.zip(words) {
            let by = invitation.source;
            let mut audience = network.whole_audience(by, n_strong, hearers);
            let degree = audience.len();
            let count = self.p.invitations.min(degree) as usize;
            let ties = sorted_distinct_by(&words[..count], degree, &mut picked);
            let leads_back = audience.may_lead_back();
            let invited = ties.iter().map(|&tie| Exposure {
                to: audience.get(tie),
                trust: trust[usize::from(tie < n_strong)],
                ..invitation
            });
            if leads_back {
                for exposure in invited.filter(|exposure| exposure.to != by) {
                    sent += 1;
                    bins.push(exposure);
                }
            } else {
                sent += invited.len() as u64;
                bins.push_all(invited);
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
