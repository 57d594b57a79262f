//! Openers invite friends.

use super::pool::Opener;
use super::{GroupBuy, INVITE, Room};
use crate::exchange::Bins;
use crate::market::member::share16;
use crate::market::message::{Exposure, NONE, flag};
use crate::market::platform::Book;
use crate::mechanism::world::Environment;
use crate::network::{Head, Network};
use crate::quantity::time::Clock;
use crate::rng::addressed::{Address, word_columns};
use crate::rng::sample::discrete::{MAX_DISTINCT, SIDE, sorted_distinct_of};
use std::hint::select_unpredictable;

/// Words of a block of draws.
const N_BLOCK: usize = 4;

/// How far openers' words are trusted where ties are weak, and where they are strong.
type Trust = [u16; 2];

impl GroupBuy {
    /// The openers of a pool invite some of their ties: eight openers at a time, of whose rows
    /// first the lengths are read, then ties are picked, then the friends are looked up.
    pub(super) fn invite_friends(
        &self,
        env: &Environment,
        at: Clock,
        opened: &[Opener],
        Room { words, hearers, invited, .. }: &mut Room,
        (book, bins): (&mut Book, &mut Bins<'_, Exposure>),
    ) {
        let (network, row_heads) = (&*env.network, env.network.heads());
        // A word a friend, four a block.
        let n_picked = self.p.invitations as usize;
        let blocks = n_picked.div_ceil(N_BLOCK).max(1);
        let of = (env.key_of(self.platform), INVITE, at);
        word_columns(of, blocks, opened, |one| Address::new(one.consumer, one.offer), words);
        let mut picked = [[0; SIDE]; MAX_DISTINCT];
        let picked = &mut picked[..n_picked];
        let trust = [self.p.weak_trust, self.p.strong_trust].map(share16);
        let nobody = Exposure::new(NONE, self.platform, self.channel);
        invited.resize(invited.len().max(n_picked * opened.len()), nobody);
        let (mut in_turn, mut n) = (network.in_turn(opened, |opener| opener.consumer), 0);
        for (openers, words) in opened.chunks(SIDE).zip(words.chunks_exact(N_BLOCK * blocks)) {
            // Eight at once, close together: what one waits for, another waits for meanwhile.
            in_turn.by_ref().take(SIDE).for_each(drop);
            let mut heads = [Head::default(); SIDE];
            let mut degrees = [0; SIDE];
            for ((head, degree), opener) in heads.iter_mut().zip(&mut degrees).zip(openers) {
                *head = row_heads.get(opener.consumer);
                *degree = head.len();
            }
            sorted_distinct_of(words, &degrees, picked);
            for (k, (head, opener)) in heads.iter().zip(openers).enumerate() {
                let invitation = self.invitation(env, opener);
                let ties = picked.iter().map(|picked| picked[k]);
                let room = (&mut *hearers, &mut invited[n..]);
                n += invite(network, (&invitation, *head, trust), ties, room);
            }
        }
        bins.push_all(invited[..n].iter().copied());
        book.tally.channels[self.channel as usize].exposed += n as u64;
        book.tally.shares += opened.len() as u64;
    }

    /// What is equal for all whom an opener invites.
    #[inline]
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

/// An opener invites those to whom some ties lead, and trusts strong ties more: the ties are in
/// ascending order, those beyond the row's length stand for none. Returns how many are invited.
#[inline]
fn invite(
    network: &Network,
    (invitation, head, [weak, strong]): (&Exposure, Head, Trust),
    ties: impl ExactSizeIterator<Item = u32> + DoubleEndedIterator + Clone,
    (hearers, invited): (&mut Vec<u32>, &mut [Exposure]),
) -> usize {
    let by = invitation.source;
    let n_ties = ties.len().min(head.len() as usize);
    let most = ties.clone().take(n_ties).next_back().map_or(0, |last| last as usize + 1);
    let n_strong = network.n_strong(by);
    let mut audience = network.audience_up_to((by, head), n_strong, most, hearers);
    let mut places = invited[..n_ties].iter_mut();
    audience.at_each(ties.take(n_ties), |tie, friend| {
        if let Some(place) = places.next() {
            *place = *invitation;
            place.to = friend;
            place.trust = select_unpredictable(tie < n_strong, strong, weak);
        }
    });
    if !audience.may_lead_back() {
        return n_ties;
    }
    let mut n = 0;
    for k in 0..n_ties {
        invited[n] = invited[k];
        n += usize::from(invited[k].to != by);
    }
    n
}
