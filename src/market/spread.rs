//! How far something has spread: the counts of a diffusion, for the tables.

/// Where the consumers of an arm stand in a diffusion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Consumers in all.
    pub population: u64,
    /// Neither infected nor recovered.
    pub susceptible: u64,
    /// Infectious consumers, or adopters.
    pub infected: u64,
    /// Consumers who were infectious and are no more, where they stay so.
    pub recovered: u64,
    /// Infections of the day; seeds are none.
    pub new: u64,
    /// Consumers who were infected at any time, seeds included.
    pub ever: u64,
}

crate::state! { Spread { population, susceptible, infected, recovered, new, ever } }

impl Spread {
    /// Nobody but the seeds.
    #[must_use]
    pub fn of_seeds(population: u64, seeds: u64) -> Self {
        let susceptible = population - seeds;
        Self { population, susceptible, infected: seeds, recovered: 0, new: 0, ever: seeds }
    }

    /// Closes a day: who was infected, how many of them for the first time, who recovered,
    /// and whether those who did can be infected again.
    pub fn close(&mut self, new: u64, first_time: u64, recovered: u64, again: bool) {
        self.new = new;
        self.ever += first_time;
        self.susceptible -= new;
        self.infected = self.infected + new - recovered;
        if again {
            self.susceptible += recovered;
        } else {
            self.recovered += recovered;
        }
    }
}
