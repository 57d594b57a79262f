//! Which place has most, and whether that can be said: titles of charts claim no more than
//! the paired differences bear.

use crate::output::statistics::{Moments, paired};
use crate::report::data::{ByReplicate, Data, over};
use crate::report::say::{Both, both};
use std::collections::BTreeSet;

/// Most names that a title lists.
const NAMED: usize = 4;

/// Values by place.
pub type Values = Vec<(usize, ByReplicate)>;

/// Who has most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Only one place has a value.
    Alone(usize),
    /// The place with the highest mean; with one replicate nothing speaks against chance.
    First(usize),
    /// Places of which none can be told from the highest; the highest stands first.
    Tied(Vec<usize>),
}

impl Rank {
    /// Who has most; none where nobody has a value.
    #[must_use]
    pub fn of(all: &[(usize, ByReplicate)]) -> Option<Self> {
        let mean = |one: &&(usize, ByReplicate)| over(&one.1).mean.unwrap_or(f64::MIN);
        let known = || all.iter().filter(|one| !one.1.is_empty());
        // Of equals the first, as charts have it.
        let best = known().rev().max_by(|a, b| mean(a).total_cmp(&mean(b)))?;
        if known().count() == 1 {
            return Some(Self::Alone(best.0));
        }
        // A single pair speaks against chance only where nobody has more.
        let single = known().all(|one| one.1.len() < 2);
        let is_open = |other: &ByReplicate| {
            let difference = difference(&best.1, other);
            is_open(&difference) || difference.ci95.is_none() && !single
        };
        let tied = known().filter(|one| one.0 != best.0 && is_open(&one.1));
        let tied: Vec<usize> = [best.0].into_iter().chain(tied.map(|one| one.0)).collect();
        Some(if tied.len() > 1 { Self::Tied(tied) } else { Self::First(best.0) })
    }
}

/// The difference of two places, over the replicates that both have.
#[must_use]
pub fn difference(one: &ByReplicate, other: &ByReplicate) -> Moments {
    let pairs: Vec<(f64, f64)> =
        one.iter().filter_map(|(replicate, x)| Some((*other.get(replicate)?, *x))).collect();
    paired(&pairs).difference
}

/// Whether a difference may be nothing: its interval holds 0, or there is none and it is 0.
fn is_open(difference: &Moments) -> bool {
    match (difference.ci95, difference.mean) {
        (Some((low, high)), _) => low <= 0.0 && high >= 0.0,
        (None, mean) => mean == Some(0.0),
    }
}

/// Most places in the charts of a section.
pub const DRAWN: usize = 8;

/// The places that charts draw: all, or of many the best in GMV, the baseline's, and the first
/// others in other colours. Titles and tables go by all.
#[must_use]
pub fn drawn(data: &Data) -> Vec<usize> {
    let all = 0..data.places.len();
    let mean = |place: &usize| over(&data.values(*place, "gmv_fen")).mean.unwrap_or(f64::MIN);
    let best = all.clone().rev().max_by(|a, b| mean(a).total_cmp(&mean(b)));
    let is_baseline = |place: &usize| data.places[*place].arm == data.measured.baseline;
    let mut chosen: BTreeSet<usize> = all.clone().filter(is_baseline).chain(best).collect();
    for place in all {
        // Colours come again after so many.
        let is_new = chosen.iter().all(|other| other % DRAWN != place % DRAWN);
        if is_new && chosen.len() < DRAWN {
            chosen.insert(place);
        }
    }
    chosen.into_iter().collect()
}

/// What is said of who has most.
pub struct Saying<'a> {
    /// Of a place that stands alone.
    pub alone: &'a dyn Fn(usize) -> Both,
    /// Of the first of several.
    pub first: &'a dyn Fn(usize) -> Both,
    /// What it is that they have.
    pub what: Both,
}

/// The title that values bear; none where nobody has a value.
#[must_use]
pub fn told(data: &Data, all: &[(usize, ByReplicate)], saying: &Saying) -> Option<Both> {
    Some(match Rank::of(all)? {
        Rank::Alone(place) => (saying.alone)(place),
        Rank::First(place) => (saying.first)(place),
        Rank::Tied(places) => {
            let (names, what) = (names(data, &places), &saying.what);
            both(
                format!("{} cannot be separated in {}", names.en, what.en),
                format!("{} 在{}上无法区分", names.zh, what.zh),
            )
        }
    })
}

/// `a, b and c`; of many, how many more.
#[must_use]
pub fn names(data: &Data, places: &[usize]) -> Both {
    let all: Vec<&str> = places.iter().map(|place| data.places[*place].label.as_str()).collect();
    if all.len() > NAMED {
        let (some, more) = (&all[..NAMED - 1], all.len() + 1 - NAMED);
        return both(
            format!("{} and {more} more", some.join(", ")),
            format!("{} 等 {} 个方案", some.join("、"), all.len()),
        );
    }
    let Some((last, rest)) = all.split_last().filter(|split| !split.1.is_empty()) else {
        return both(all.concat(), all.concat());
    };
    let (rest_zh, rest) = (rest.join("、"), rest.join(", "));
    both(format!("{rest} and {last}"), format!("{rest_zh} 与 {last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(all: &[&[f64]]) -> Values {
        let by = |x: &[f64]| x.iter().enumerate().map(|(r, x)| (r as u32, *x)).collect();
        all.iter().enumerate().map(|(place, x)| (place, by(x))).collect()
    }

    #[test]
    fn only_who_is_separated_from_all_others_is_first() {
        assert_eq!(Rank::of(&values(&[&[], &[]])), None);
        assert_eq!(Rank::of(&values(&[&[], &[2.0, 3.0]])), Some(Rank::Alone(1)));
        let apart = values(&[&[1.0, 2.0, 3.0], &[5.0, 6.1, 7.0]]);
        assert_eq!(Rank::of(&apart), Some(Rank::First(1)));
        let equal = values(&[&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]]);
        assert_eq!(Rank::of(&equal), Some(Rank::Tied(vec![0, 1])));
        let near = values(&[&[1.0, 2.0, 3.0], &[2.0, 2.1, 2.0], &[0.1, 0.3, 0.2]]);
        assert_eq!(Rank::of(&near), Some(Rank::Tied(vec![1, 0])));
        assert_eq!(Rank::of(&values(&[&[1.0], &[2.0]])), Some(Rank::First(1)));
        // One pair, where others have more: that may be chance.
        let cut = values(&[&[1.0, 2.0], &[5.0]]);
        assert_eq!(Rank::of(&cut), Some(Rank::Tied(vec![1, 0])));
        assert_eq!(Rank::of(&values(&[&[2.0], &[2.0]])), Some(Rank::Tied(vec![0, 1])));
    }
}
