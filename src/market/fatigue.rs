//! How tired consumers are of friends' messages and of outside advertising: two levels of
//! four bits a consumer, the messages and contacts of late that are not forgotten yet.

/// The largest level.
pub const MOST: usize = 15;

/// Everybody's levels; no column where nobody tires.
#[derive(Clone, Debug)]
pub struct Fatigue {
    /// Messages in the low four bits, contacts of advertising in the high; empty while off.
    pub levels: Vec<u8>,
    /// Share of messages still opened, by level.
    pub opened: [f64; MOST + 1],
    /// Log-odds of persuasion lost to advertising, by level.
    pub persuasion_lost: [f64; MOST + 1],
}

impl Default for Fatigue {
    fn default() -> Self {
        Self { levels: Vec::new(), opened: [1.0; MOST + 1], persuasion_lost: [0.0; MOST + 1] }
    }
}

impl Fatigue {
    /// The share of messages that a consumer still opens.
    #[inline]
    #[must_use]
    pub fn opening(&self, consumer: u32) -> f64 {
        self.levels.get(consumer as usize).map_or(1.0, |&level| self.opened[messages(level)])
    }

    /// The log-odds by which advertising persuades a consumer less.
    #[inline]
    #[must_use]
    pub fn lost_to_adverts(&self, consumer: u32) -> f64 {
        self.levels.get(consumer as usize).map_or(0.0, |&l| self.persuasion_lost[adverts(l)])
    }
}

/// The level of messages.
#[inline]
#[must_use]
pub fn messages(level: u8) -> usize {
    usize::from(level & 15)
}

/// The level of advertising.
#[inline]
#[must_use]
pub fn adverts(level: u8) -> usize {
    usize::from(level >> 4)
}

/// Both levels in one byte, each cut at [`MOST`].
#[inline]
#[must_use]
pub fn levels(messages: usize, adverts: usize) -> u8 {
    (adverts.min(MOST) << 4 | messages.min(MOST)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_levels_share_a_byte_and_are_cut() {
        for (m, a) in [(0, 0), (3, 11), (15, 15), (99, 2)] {
            let level = levels(m, a);
            assert_eq!((messages(level), adverts(level)), (m.min(15), a.min(15)));
        }
    }
}
