//! The tables of a scenario that are not mechanisms, with their declarations.

use crate::parameter::Parameter;
use crate::{market, network, parameters, population};

parameters! {
    /// The keys at the top of a scenario, before any table.
    pub struct Head {
        /// Name of the scenario, and of its run folder.
        name: String = "\"scenario\"", "1", A, "a name for what has none";
        /// The question that the scenario answers.
        question: String = "\"\"", "1", A, "none asked";
        /// Seed of all random draws; the same seed gives the same results.
        seed: u64 = "20261122", "1", 0.0, 9.223_372_036_854_776e18, A, "any number will do";
        /// Days that are simulated and reported.
        days: u16 = "180", "days", 1.0, 3_650.0, A, "half a year";
        /// Number of replicates: the same world with other draws, for intervals.
        replicates: u32 = "5", "replicates", 1.0, 10_000.0, A, "enough for a first interval";
        /// Arm that the others are compared with; the first by name where none is given.
        baseline: String = "\"\"", "1", A, "the first arm by name";
    }
}

/// A table of a scenario that is not a mechanism's.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Dotted path of the table; empty for the top of the file.
    pub path: &'static str,
    /// Whether it stands in double brackets and may be given several times.
    pub repeated: bool,
    /// Most tables of the kind, where it is repeated and they are numbered.
    pub most: Option<usize>,
    /// What it describes.
    pub about: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
}

/// All sections, in the order of the manual.
pub const SECTIONS: &[Section] = &[
    Section {
        path: "",
        repeated: false,
        most: None,
        about: "the experiment: its name and question, seed, days, replicates, baseline",
        parameters: Head::DECLARED,
    },
    Section {
        path: "population",
        repeated: false,
        most: None,
        about: "who is there: consumers, influencers and who follows them",
        parameters: population::Parameters::DECLARED,
    },
    Section {
        path: "population.segment",
        repeated: true,
        most: Some(256), // a consumer's segment is kept in a byte
        about: "a kind of consumers, with its share of the population",
        parameters: population::Segment::DECLARED,
    },
    Section {
        path: "network",
        repeated: false,
        most: None,
        about: "the ties between consumers",
        parameters: network::Parameters::DECLARED,
    },
    Section {
        path: "market",
        repeated: false,
        most: None,
        about: "merchants, their offers and costs, and the marketing budget of every arm",
        parameters: market::Parameters::DECLARED,
    },
    Section {
        path: "market.category",
        repeated: true,
        most: Some(10_000), // an offer's category is kept in two bytes
        about: "a kind of goods, with its share of needs and offers",
        parameters: market::Category::DECLARED,
    },
    Section {
        path: "start",
        repeated: false,
        most: None,
        about: "the state of the platforms on day 0",
        parameters: market::Start::DECLARED,
    },
];

/// An arm, which holds mechanism tables beside its own keys; not one of [`SECTIONS`],
/// since a scenario has as many as it names.
pub const ARM: Section = Section {
    path: "arm",
    repeated: false,
    most: None,
    about: "[arm.NAME] is a world that is compared with the others: a preset, and tables of \
            mechanisms such as [arm.NAME.group_buy] that change it; where several platforms \
            compete in one world, each is an [arm.NAME.platform.NAME] with the same keys",
    parameters: crate::scenario::arms::Keys::DECLARED,
};

/// The section of a path.
#[must_use]
pub fn section(path: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_lies_in_its_own_range() {
        for section in SECTIONS {
            for parameter in section.parameters {
                let inside = match parameter.default_value() {
                    crate::parameter::Value::Number(x) => {
                        (parameter.min..=parameter.max).contains(&x)
                    }
                    crate::parameter::Value::Integer(n) => {
                        (parameter.min..=parameter.max).contains(&(n as f64))
                    }
                    crate::parameter::Value::Text(text) => {
                        parameter.choices.is_empty() || parameter.choices.contains(&text.as_str())
                    }
                    _ => true,
                };
                assert!(inside, "{}.{}", section.path, parameter.name);
            }
        }
    }
}
