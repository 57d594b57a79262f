//! What `guanxi bench` measures: the cases, and the suites of them.

use crate::error::Severity;
use crate::scenario::Scenario;
use crate::scenario::resolve::{CATALOGUE, Input, resolve};
use std::path::Path;

/// A world that is measured.
pub struct Case {
    /// Name.
    pub name: &'static str,
    /// Its arm: a preset, or β of an epidemic.
    world: World,
    /// Days where the suite asks for the whole.
    days: u16,
}

/// What happens in it.
enum World {
    /// A market: preset and share of consumers who are registered from the start.
    Market(&'static str, f64),
    /// SIR on a graph of preferential attachment with β, γ = 0.1, 0.1 % seeds; market off.
    Epidemic(f64),
}

/// All cases.
pub const CASES: &[Case] = &[
    Case { name: "viral", world: World::Market("viral", 0.01), days: 365 },
    Case { name: "viral_mature", world: World::Market("viral", 0.8), days: 60 },
    Case { name: "kol", world: World::Market("kol", 0.01), days: 365 },
    Case { name: "community", world: World::Market("community", 0.01), days: 365 },
    Case { name: "traditional", world: World::Market("traditional", 0.01), days: 365 },
    Case { name: "sir_events", world: World::Epidemic(0.01), days: 50 },
    Case { name: "sir_sweep", world: World::Epidemic(0.1), days: 50 },
];

/// Cases at several sizes.
pub struct Suite {
    /// Name.
    pub name: &'static str,
    /// Numbers of consumers.
    pub agents: &'static [u32],
    /// Most days of a case.
    most_days: u16,
    /// Whether one thread is measured, too.
    one_thread: bool,
    /// A world of at most so many consumers is measured three times, and the best counts.
    thrice: u32,
}

/// All suites.
const SUITES: &[Suite] = &[
    Suite { name: "smoke", agents: &[100_000], most_days: 60, one_thread: true, thrice: 100_000 },
    Suite {
        name: "scaling",
        agents: &[100_000, 1_000_000, 10_000_000],
        most_days: 365,
        one_thread: true,
        thrice: 1_000_000,
    },
];

/// Names of the suites.
#[must_use]
pub fn names() -> Vec<&'static str> {
    SUITES.iter().map(|suite| suite.name).collect()
}

/// Names of the cases.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    CASES.iter().map(|case| case.name).collect()
}

/// The case of a name.
#[must_use]
pub fn case(name: &str) -> Option<&'static Case> {
    CASES.iter().find(|case| case.name == name)
}

/// The suite of a name, which the command line has checked.
#[must_use]
pub fn by_name(name: &str) -> &'static Suite {
    SUITES.iter().find(|suite| suite.name == name).unwrap_or(&SUITES[0])
}

/// A number of consumers, which may be written as 1e6 or `1_000_000`.
///
/// # Errors
/// Where it is none.
pub fn agents(text: &str) -> Result<u32, String> {
    let n: f64 = text.replace('_', "").parse().unwrap_or(f64::NAN);
    match n.fract() == 0.0 && (1e3..=1e9).contains(&n) {
        true => Ok(n as u32),
        false => Err("write a whole number from 1000 to 1e9".to_owned()),
    }
}

impl Suite {
    /// Days of a case in this suite.
    #[must_use]
    pub fn days(&self, case: &Case) -> u16 {
        case.days.min(self.most_days)
    }

    /// How often a world of so many consumers is measured.
    #[must_use]
    pub fn repeats(&self, agents: u32) -> u32 {
        if agents <= self.thrice { 3 } else { 1 }
    }

    /// Numbers of threads.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "speed is measured on this machine's processors")]
    pub fn threads(&self) -> Vec<usize> {
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        if self.one_thread && all > 1 { vec![1, all] } else { vec![all] }
    }
}

impl Case {
    /// The case as a scenario.
    ///
    /// # Errors
    /// Where there are fewer consumers or days than a scenario may have, or more.
    pub fn scenario(&self, agents: u32, days: u16) -> Result<Scenario, String> {
        let text = format!(
            "days = {days}\nseed = 1\nreplicates = 1\n[population]\nconsumers = {agents}\n{}",
            self.world.text(agents)
        );
        let input = Input { name: self.name, text: &text, folder: Path::new(""), sets: &[] };
        let checked = resolve(&input, &CATALOGUE).map_err(|issues| {
            let errors = issues.into_iter().filter(|issue| issue.severity == Severity::Error);
            errors.map(|issue| issue.message).collect::<Vec<_>>().join("; ")
        })?;
        Ok(checked.scenario)
    }
}

impl World {
    /// The rest of the scenario.
    fn text(&self, agents: u32) -> String {
        match self {
            // As many influencers, merchants and offers a consumer at every size.
            Self::Market(preset, registered) => format!(
                "influencers = {}\n[market]\nmerchants = {}\n[start]\nregistered_share = {registered}\n\
                 [arm.{preset}]\npreset = \"{preset}\"\n",
                (agents / 500).clamp(1, 100_000),
                (agents / 200).clamp(1, 1_000_000),
            ),
            Self::Epidemic(beta) => format!(
                "influencers = 0\nfollows_mean = 0\n[network]\nkind = \"barabasi_albert\"\n\
                 mean_degree = 20\nneighbourhoods = \"even\"\n[market]\nmerchants = 1\n\
                 offers_per_merchant = 1\n[start]\nregistered_share = 0\n[attention]\nwaves = 1\n\
                 [need]\nenabled = false\n[search]\nenabled = false\n[feed]\nenabled = false\n\
                 [sharing]\nenabled = false\n[diffusion]\nenabled = true\nseed_share = 0.001\n\
                 infection_probability = {beta}\nrecovery_probability = 0.1\n\
                 [arm.sir.diffusion]\nkind = \"sir\"\n"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_of_every_suite_is_a_scenario() {
        for suite in SUITES {
            for (case, agents) in
                CASES.iter().flat_map(|case| suite.agents.iter().map(move |n| (case, n)))
            {
                let made = case.scenario(*agents, suite.days(case));
                assert!(
                    made.is_ok(),
                    "{} of {agents}: {}",
                    case.name,
                    made.err().unwrap_or_default()
                );
            }
        }
    }

    #[test]
    fn numbers_of_consumers_are_read() {
        assert_eq!((agents("1e6"), agents("100_000")), (Ok(1_000_000), Ok(100_000)));
        for text in ["many", "1.5", "-1e5", "1e12", "nan"] {
            assert!(agents(text).is_err(), "{text}");
        }
    }
}
