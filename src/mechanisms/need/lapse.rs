//! Lapse: who stops after a repeat order.

use super::habits::Habits;
use super::{Desk, LAPSE, NEVER, Parameters, Room};
use crate::exchange::{ahead, nearest};
use crate::market::member::{Bitmap, Member, from_share16, standing};
use crate::market::message::{Answer, NONE, Order, Verdict};
use crate::market::platform::Rows;
use crate::quantity::math::quick_logistic;
use crate::quantity::time::Clock;
use crate::rng::lanes::first_words;
use crate::rng::unit;
use crate::simd::prefetch;

/// An order after which somebody might lapse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doubtful {
    /// Among the answers.
    place: u32,
    /// What was drawn for it.
    word: u32,
    /// Whether it is the buyer's second of the wave, at least.
    is_second: bool,
}

impl Room<'_> {
    /// The probability with which a member lapses after a repeat order.
    fn lapse_probability(&self, member: &Member, habits: Habits) -> f64 {
        let referred = if member.referrer == NONE { 0.0 } else { self.p.lapse_referred };
        let shift = referred
            - self.p.lapse_satisfaction * 2.0 * (from_share16(member.satisfaction) - 0.5)
            - self.p.lapse_trust * 2.0 * (from_share16(member.trust) - 0.5);
        quick_logistic(f64::from(habits.lapse_odds) + shift)
    }

    /// Asks for the habits of a buyer.
    #[inline]
    fn touch(&self, order: &Order) {
        prefetch(self.habits, (order.consumer - self.first) as usize);
    }

    /// Lets members lapse upon the granted repeat orders among the answers: finds those after which
    /// somebody might lapse, and then looks at their buyers' records.
    pub(super) fn hear(
        &mut self,
        at: Clock,
        rows: &mut Rows<'_>,
        answers: &[Answer],
        elsewhere: &[&Bitmap],
    ) {
        let desks = self.desks;
        desks.lent(|Desk { words, doubtful, .. }| {
            nearest(answers).iter().for_each(|answer| self.touch(&answer.order));
            let addresses = answers.iter().map(|a| (a.order.consumer, a.order.offer));
            first_words(self.env.key, LAPSE, at, addresses, words);
            self.doubt(answers, words, doubtful);
            let consumer = |one: &Doubtful| answers[one.place as usize].order.consumer;
            nearest(doubtful).iter().for_each(|one| rows.touch(consumer(one)));
            for (_, one, later) in ahead(doubtful) {
                later.into_iter().for_each(|later| rows.touch(consumer(later)));
                if one.is_second || rows.member(consumer(one)).orders > 0 {
                    let order = &answers[one.place as usize].order;
                    self.after_order(unit(one.word), rows, order, elsewhere);
                }
            }
        });
    }

    /// Finds the granted orders after which a buyer might lapse by the word drawn for it. Who joined
    /// today has habits that are not known: most bought for the first time, and are drawn with all
    /// others in the evening.
    fn doubt(&self, answers: &[Answer], words: &[u32], doubtful: &mut Vec<Doubtful>) {
        let most_shift = self.p.most_lapse_shift();
        doubtful.clear();
        let mut before = NONE;
        for ((place, Answer { order, verdict }, later), &word) in ahead(answers).zip(words) {
            if let Some(later) = later {
                self.touch(&later.order);
            }
            if *verdict != Verdict::Granted {
                continue;
            }
            // Orders enter the history after this hook, so that the second of a wave
            // is known as a repeat by the one before it.
            let is_second = std::mem::replace(&mut before, order.consumer) == order.consumer;
            let habits = self.habits[(order.consumer - self.first) as usize];
            if !habits.are_known() || habits.might_lapse(word, most_shift) {
                doubtful.push(Doubtful { place: place as u32, word, is_second });
            }
        }
    }

    /// Lets a member lapse upon a repeat order, by a number drawn for it. Needs go on while
    /// the consumer is a member elsewhere.
    fn after_order(
        &mut self,
        unit: f64,
        rows: &mut Rows<'_>,
        order: &Order,
        elsewhere: &[&Bitmap],
    ) {
        let consumer = order.consumer;
        if !rows.member(consumer).is_live() {
            return;
        }
        let row = (consumer - self.first) as usize;
        let habits = self.habits(row);
        let p = self.lapse_probability(rows.member(consumer), habits);
        if unit < p {
            rows.member(consumer).standing |= standing::LAPSED;
            rows.refresh(consumer);
            rows.book.tally.lapsed += 1;
            rows.book.tally.trust_change -= i64::from(rows.member(consumer).trust);
            if !elsewhere.iter().any(|live| live.get(consumer)) {
                self.next[row] = NEVER;
            }
        }
    }
}

impl Parameters {
    /// What can be added to the log-odds of lapsing at most.
    fn most_lapse_shift(&self) -> f64 {
        self.lapse_referred.max(0.0) + self.lapse_satisfaction + self.lapse_trust
    }
}
