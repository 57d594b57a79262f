//! From the command line to a plan whose every point was checked as a scenario is.

use crate::cli::failure::Failure;
use crate::cli::run::Over;
use crate::cli::screen::Screen;
use crate::cli::{diagnostics, load};
use crate::engine::ensemble;
use crate::engine::experiment;
use crate::error::{Issue, Source};
use crate::model::estimate::Estimate;
use crate::output::manifest::ArmEntry;
use crate::output::sweep::plan::{Design, Plan, Point, Varied};
use crate::scenario::Scenario;
use crate::scenario::design::axis::{Axis, declared};
use crate::scenario::design::{self, Kind, Points, list};
use crate::scenario::digest::RESULTS_EPOCH;
use crate::scenario::resolve::Checked;
use crate::scenario::resolved::resolved_toml;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is swept.
#[derive(Clone, Debug, Args)]
pub struct Space {
    /// The scenario.
    pub file: PathBuf,
    /// How points are chosen: grid, lhs (Latin hypercube), sobol, or a list PATH.csv.
    #[arg(long, value_name = "DESIGN", default_value = "grid", value_parser = Kind::parse)]
    pub design: Kind,
    /// A parameter and its values: KEY=LOW..HIGH:LEVELS, KEY=LOW..HIGH:log or KEY=A,B; may be
    /// repeated.
    #[arg(long, value_name = "KEY=VALUES", allow_hyphen_values = true)]
    pub vary: Vec<String>,
    /// Number of points, with lhs and sobol.
    #[arg(long, value_name = "N")]
    pub points: Option<u32>,
    /// Values laid over the scenario at every point.
    #[command(flatten)]
    pub over: Over,
}

/// What running a point takes.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Consumers of its world.
    pub consumers: u32,
    /// Consumer-days of one replicate.
    pub consumer_days: u64,
    /// Memory of one replicate.
    pub bytes: u64,
}

/// A sweep whose points were checked.
pub struct Prepared {
    /// The plan.
    pub plan: Plan,
    /// The bytes of the scenario.
    pub bytes: Vec<u8>,
    /// The scenario before anything varies, as TOML.
    pub resolved: String,
    /// What each point takes.
    pub sizes: Vec<Size>,
    /// The point that takes most memory, and what it takes.
    pub largest: (Scenario, Estimate),
    /// The scenario's file.
    pub file: PathBuf,
    sets: Vec<String>,
    points: Points,
}

impl ensemble::Points for Prepared {
    fn scenario(&self, point: u32) -> Result<Scenario, String> {
        let sets = [self.sets.clone(), self.points.sets(point as usize)].concat();
        match load::check(&self.file, &self.bytes, &sets) {
            Ok(checked) => Ok(checked.scenario),
            Err(issues) => {
                let messages: Vec<String> = issues.into_iter().map(|one| one.message).collect();
                Err(messages.join("; "))
            }
        }
    }
}

/// Most mistakes, or warnings, of points that are told one by one.
const TOLD: usize = 20;

/// Reads the design and the scenario and checks every point.
///
/// # Errors
/// All mistakes of the command line, else all of the scenario and its points.
pub fn prepare(space: &Space, screen: &Screen) -> Result<Prepared, Failure> {
    let (axes, points) = axes_and_points(space)?;
    let sets = space.over.all();
    let bytes = load::bytes(&space.file)?;
    let base = load::check(&space.file, &bytes, &sets);
    let seen = Seen { file: &space.file, bytes: &bytes, sets: &sets };
    let base = seen.ends(base, &axes)?;
    // The seed of a sampled design is the scenario's.
    let points = match points {
        Some(points) => points,
        None => {
            design::points(&space.design, &axes, space.points, base.scenario.seed).map_err(usage)?
        }
    };
    let mut found = Checking::default();
    seen.points(&base, &points, screen, &mut found)?;
    let Some(largest) = found.largest else {
        return Err(Failure::Usage("the design has no points".to_owned()));
    };
    let design = Design {
        // Where a list lies does not tell one sweep from another.
        kind: match &space.design {
            Kind::List(_) => "list".to_owned(),
            kind => kind.word().to_owned(),
        },
        vary: space.vary.clone(),
        set: sets.clone(),
    };
    let varied = points.keys.iter().map(|key| varied(key)).collect();
    let name = &base.scenario.name;
    let plan = Plan::new(RESULTS_EPOCH, name, design, varied, found.points);
    let resolved = resolved_toml(&base.scenario);
    let (file, sizes) = (space.file.clone(), found.sizes);
    Ok(Prepared { plan, bytes, resolved, sizes, largest, file, sets, points })
}

/// What is kept of points that were checked; their scenarios would fill the memory.
#[derive(Default)]
struct Checking {
    points: Vec<Point>,
    sizes: Vec<Size>,
    files: BTreeMap<PathBuf, String>,
    largest: Option<(Scenario, Estimate)>,
}

impl Checking {
    fn add(&mut self, scenario: Scenario, values: &[Option<String>]) -> Result<(), Failure> {
        let estimate = experiment::estimate(&scenario)?;
        let size = size(&scenario, &estimate)?;
        self.sizes.push(size);
        self.points.push(point(&scenario, values.to_vec(), &mut self.files)?);
        if self.largest.as_ref().is_none_or(|(_, other)| size.bytes > other.total_bytes()) {
            self.largest = Some((scenario, estimate));
        }
        Ok(())
    }
}

fn usage(mistakes: Vec<String>) -> Failure {
    Failure::Usage(mistakes.join("\nerror: "))
}

/// The axes, and the points where they are known without the scenario.
fn axes_and_points(space: &Space) -> Result<(Vec<Axis>, Option<Points>), Failure> {
    let parsed: Vec<_> = space.vary.iter().map(|text| Axis::parse(text)).collect();
    let mut mistakes: Vec<String> =
        parsed.iter().filter_map(|axis| axis.as_ref().err()).cloned().collect();
    let axes: Vec<Axis> = parsed.into_iter().filter_map(Result::ok).collect();
    let Kind::List(path) = &space.design else {
        // Everything but the seed is known; the mistakes are told now.
        let trial = design::points(&space.design, &axes, space.points, 0);
        let found = trial.err().unwrap_or_default();
        // What varies is told by its own mistake.
        let hidden = usize::from(axes.is_empty() && !mistakes.is_empty());
        mistakes.extend(found.into_iter().skip(hidden));
        return if mistakes.is_empty() { Ok((axes, None)) } else { Err(usage(mistakes)) };
    };
    if !space.vary.is_empty() {
        mistakes.push("--vary does not go with a list, whose columns say what varies".to_owned());
    }
    if space.points.is_some() {
        mistakes.push("--points does not go with a list, whose rows are the points".to_owned());
    }
    let bytes = load::bytes(Path::new(path))?;
    match list::parse(&bytes) {
        Ok(points) if mistakes.is_empty() => return Ok((Vec::new(), Some(points))),
        Ok(_) => {}
        Err(found) => mistakes.extend(found.into_iter().map(|why| format!("`{path}`: {why}"))),
    }
    Err(usage(mistakes))
}

/// The scenario with which values are looked at.
struct Seen<'a> {
    file: &'a Path,
    bytes: &'a [u8],
    sets: &'a [String],
}

impl Seen<'_> {
    fn check(&self, more: &[String]) -> Result<Checked, Vec<Issue>> {
        load::check(self.file, self.bytes, &[self.sets, more].concat())
    }

    /// The scenario's own mistakes, and those of the ends of every axis, in one go.
    fn ends(&self, base: Result<Checked, Vec<Issue>>, axes: &[Axis]) -> Result<Checked, Failure> {
        let mut issues = Collected::default();
        for axis in axes {
            for end in axis.ends() {
                let set = format!("{}={end}", axis.key);
                // What lies in other values may be well at the points themselves.
                let own = |issue: &Issue| issue.place.source.text == set;
                if let Err(found) = self.check(std::slice::from_ref(&set)) {
                    let named = format!("--vary {}, at {end}", axis.text);
                    issues.add(
                        found.into_iter().filter(own),
                        |_| named.clone(),
                        std::slice::from_ref(&set),
                    );
                }
            }
        }
        match base {
            Ok(checked) if issues.list.is_empty() => Ok(checked),
            Ok(_) => Err(issues.failure()),
            Err(mut found) => {
                found.extend(issues.list);
                Err(Failure::Scenario(found))
            }
        }
    }

    /// Enters the scenarios of all points; reports all that is wrong with any of them.
    fn points(
        &self,
        base: &Checked,
        points: &Points,
        screen: &Screen,
        found: &mut Checking,
    ) -> Result<(), Failure> {
        let (mut wrong, mut doubts) = (Collected::default(), Collected::default());
        let known: BTreeSet<_> =
            base.warnings.iter().map(|issue| (issue.code, issue.message.clone())).collect();
        for (index, values) in points.rows.iter().enumerate() {
            let sets = points.sets(index);
            let named = |set: &str| format!("{set} (point {index})");
            match self.check(&sets) {
                Ok(checked) => {
                    let new = |issue: &Issue| !known.contains(&(issue.code, issue.message.clone()));
                    doubts.add(checked.warnings.into_iter().filter(new), named, &sets);
                    if wrong.list.is_empty() {
                        found.add(checked.scenario, values)?;
                    }
                }
                Err(issues) => wrong.add(issues.into_iter(), named, &sets),
            }
        }
        diagnostics::report(&base.warnings, screen);
        diagnostics::report(&doubts.list, screen);
        if wrong.list.is_empty() { Ok(()) } else { Err(wrong.failure()) }
    }
}

/// Issues of many points, each text of them once.
#[derive(Default)]
struct Collected {
    list: Vec<Issue>,
    seen: BTreeSet<(&'static str, String)>,
    more: usize,
}

impl Collected {
    /// Adds what is new; places in one of `sets` are called as the sweep calls them.
    fn add(
        &mut self,
        issues: impl Iterator<Item = Issue>,
        name: impl Fn(&str) -> String,
        sets: &[String],
    ) {
        for mut issue in issues {
            if !self.seen.insert((issue.code, issue.message.clone())) {
                continue;
            }
            let source = &issue.place.source;
            if let Some(set) = sets.iter().find(|set| **set == source.text) {
                let (rank, text) = (source.rank, source.text.clone());
                issue.place.source = Arc::new(Source { rank, name: name(set), text });
            }
            match self.list.len() < TOLD {
                true => self.list.push(issue),
                false => self.more += 1,
            }
        }
    }

    fn failure(mut self) -> Failure {
        if let (true, Some(last)) = (self.more > 0, self.list.last_mut()) {
            let help = last.help.take().unwrap_or_default();
            last.help = Some(format!("{help}\n({} more mistakes like these)", self.more));
        }
        Failure::Scenario(self.list)
    }
}

fn size(scenario: &Scenario, estimate: &Estimate) -> Result<Size, Failure> {
    let consumers = experiment::consumers(scenario)?;
    let days = u64::from(scenario.days) + u64::from(scenario.start.burn_in_days);
    let consumer_days = days * scenario.arms.len() as u64 * u64::from(consumers);
    Ok(Size { consumers, consumer_days, bytes: estimate.total_bytes() })
}

/// What varies, as its declaration explains it.
fn varied(key: &str) -> Varied {
    let found = declared(key);
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Varied {
        key: key.to_owned(),
        unit: found.map_or("", |parameter| parameter.unit).to_owned(),
        meaning: found.map_or_else(|| key.to_owned(), |parameter| one_line(parameter.doc)),
    }
}

fn point(
    scenario: &Scenario,
    values: Vec<Option<String>>,
    files: &mut BTreeMap<PathBuf, String>,
) -> Result<Point, Failure> {
    let arm = |arm: &crate::scenario::Arm| ArmEntry {
        name: arm.name.clone(),
        platforms: arm.platforms.iter().map(|platform| platform.name.clone()).collect(),
    };
    Ok(Point {
        values,
        digest: load::digest(scenario, files)?,
        seed: scenario.seed,
        days: scenario.days,
        replicates: scenario.replicates,
        baseline: scenario.baseline.clone(),
        arms: scenario.arms.iter().map(arm).collect(),
    })
}
