//! The table `diffusion`: how far something has spread, one row a reported day.

use super::Outbreak;
use crate::columns::{Columns, State};
use crate::market::spread::Spread;
use crate::mechanism::world::World;
use crate::table::{Cell, Rows};

/// One reported day.
#[derive(Clone, Copy, Debug)]
pub struct SpreadView {
    day: u16,
    spread: Spread,
}

crate::state! { SpreadView { day, spread } }

crate::table! {
    /// One row a day.
    Diffusion("diffusion", "one row a day, where something spreads by a classical rule: where the consumers stand; with the first platform of an arm", v: SpreadView) {
        day: Integer, "days", "reported day, from 1", "报告日,从1起" => Cell::from(u32::from(v.day));
        susceptible_count: Integer, "consumers", "consumers who can be infected or adopt", "易感人数" => Cell::from(v.spread.susceptible);
        infected_count: Integer, "consumers", "consumers who are infectious, were activated on this day (independent cascade), or have adopted", "感染或采纳人数" => Cell::from(v.spread.infected);
        recovered_count: Integer, "consumers", "consumers who are infectious no more, and susceptible neither", "康复人数" => Cell::from(v.spread.recovered);
        new_count: Integer, "consumers", "consumers who were infected or adopted on this day", "新增人数" => Cell::from(v.spread.new);
        ever_count: Integer, "consumers", "consumers who were ever infected or have adopted, seeds included", "累计传播人数" => Cell::from(v.spread.ever);
    }
}

/// The days of an arm so far.
#[derive(Clone, Debug, Default)]
pub struct Course(Vec<SpreadView>);

impl State for Course {
    fn blank() -> Self {
        Self::default()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.0.visit(io);
    }
}

impl Course {
    /// Takes in a reported day.
    pub fn day(&mut self, world: &World, day: u16) {
        self.0.extend(world.spread.map(|spread| SpreadView { day, spread }));
    }

    /// The rows and what it came to; none where nothing spreads.
    #[must_use]
    pub fn finish(self) -> Option<(Rows, Outbreak)> {
        let last = self.0.last()?.spread;
        let mut rows = Rows::new(&Diffusion::SCHEMA);
        self.0.iter().for_each(|view| rows.push(Diffusion::row(view)));
        let share = |count: u64| count as f64 / last.population as f64;
        let most = self.0.iter().map(|view| view.spread.new).max().filter(|most| *most > 0);
        let peak = self.0.iter().find(|view| Some(view.spread.new) == most);
        let infected = self.0.iter().map(|view| view.spread.infected).max();
        let outbreak = Outbreak {
            ever_share: share(last.ever),
            infected_share: share(last.infected),
            peak_share: share(infected.unwrap_or_default()),
            peak_day: peak.map_or(f64::NAN, |view| f64::from(view.day)),
        };
        Some((rows, outbreak))
    }
}
