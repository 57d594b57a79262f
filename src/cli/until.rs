//! `guanxi compare --until`: replicate after replicate, until differences are known well enough.

use crate::cli::compare::{is_known, refuse_what_is_there};
use crate::cli::failure::Failure;
use crate::cli::plan::Plan;
use crate::cli::run::{How, announce, run_until};
use crate::cli::screen::{Screen, counted};
use crate::output::comparison::{Difference, Measured};
use crate::output::enough::Goal;
use crate::output::{read, text};
use crate::scenario::nearest::advice;
use clap::Args;
use std::path::PathBuf;

/// When replicates are enough.
#[derive(Clone, Debug, Args)]
pub struct Until {
    /// Run replicate after replicate until half the interval of every difference in METRIC is at
    /// most WIDTH: a percentage of the baseline's mean, or an amount in the metric's unit; may
    /// be repeated.
    #[arg(long, value_name = "METRIC:WIDTH", conflicts_with = "replicates")]
    pub until: Vec<Goal>,
    /// Fewest replicates with --until.
    #[arg(long, value_name = "N", default_value_t = 5, requires = "until")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub min_replicates: u32,
    /// Most replicates with --until.
    #[arg(long, value_name = "N", default_value_t = 100, requires = "until")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub max_replicates: u32,
}

impl Until {
    /// Whether there is a goal.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        !self.until.is_empty()
    }

    /// The run folder of a scenario with as many replicates as the goals ask for; one that is
    /// there and meets them is taken, else the scenario is run.
    ///
    /// # Errors
    /// Where the scenario has nothing to compare, or cannot be run.
    pub fn folder(
        &self,
        plan: &Plan,
        baseline: Option<&str>,
        how: How,
        screen: &Screen,
    ) -> Result<PathBuf, Failure> {
        let (fewest, most) = (self.min_replicates, self.max_replicates);
        if fewest > most {
            let message = format!("--min-replicates {fewest} is more than --max-replicates {most}");
            return Err(Failure::Usage(message));
        }
        let mut goals = self.clone();
        goals.name_metrics()?;
        let baseline = baseline.unwrap_or(&plan.scenario.baseline).to_owned();
        if plan.scenario.arms.len() < 2 {
            let message = "--until asks for differences, and the scenario has one arm";
            return Err(Failure::Usage(message.to_owned()));
        }
        for replicates in fewest..=most {
            let plan = plan.with_replicates(replicates);
            if is_known(&plan) && (replicates == most || goals.are_met(&read_as(&plan, &baseline)?))
            {
                screen.tell(&format!("reading {}", plan.folder.display()));
                return Ok(plan.folder);
            }
        }
        let plan = plan.with_replicates(most);
        refuse_what_is_there(&plan)?;
        goals.run(&plan, &baseline, how, screen)
    }

    fn run(
        &self,
        plan: &Plan,
        baseline: &str,
        how: How,
        screen: &Screen,
    ) -> Result<PathBuf, Failure> {
        announce(plan, how, screen)?;
        screen
            .tell(&format!("  stops from {} on", counted(self.min_replicates.into(), "replicate")));
        let mut enough = |measured: &Measured| {
            let mut measured = measured.clone();
            baseline.clone_into(&mut measured.baseline);
            let done = measured.runs.iter().map(|run| run.key.replicate + 1).max().unwrap_or(0);
            if screen.verbose {
                let differences = measured.differences();
                self.lines(&differences).iter().for_each(|line| screen.tell(line));
            }
            done >= self.min_replicates && self.are_met(&measured)
        };
        let ran = run_until(plan, how, false, screen, &mut enough)?;
        ran.ending()?;
        Ok(ran.folder)
    }

    /// Gives every goal the full name of its metric.
    fn name_metrics(&mut self) -> Result<(), Failure> {
        let names: Vec<_> = crate::observers::METRICS.iter().map(Into::into).collect();
        for goal in &mut self.until {
            let Some(name) = goal.metric(&names) else {
                let known: Vec<&str> = names.iter().map(|metric| metric.name.as_str()).collect();
                let near = advice(&goal.metric, &known);
                let message = format!("no metric is called `{}`; {near}", goal.metric);
                return Err(Failure::Usage(message));
            };
            goal.metric = name.to_owned();
        }
        Ok(())
    }

    /// Whether every difference meets its goals.
    fn are_met(&self, measured: &Measured) -> bool {
        let metrics: Vec<&str> = self.until.iter().map(|goal| goal.metric.as_str()).collect();
        let differences = measured.differences_of(&|name| metrics.contains(&name));
        let met = |one: &Difference| {
            let own = |goal: &&Goal| goal.metric == one.metric.name;
            self.until.iter().filter(own).all(|goal| goal.progress(one).met())
        };
        !differences.is_empty() && differences.iter().all(met)
    }

    /// A line a difference and goal: how narrow it is, and what it would take.
    fn lines(&self, differences: &[Difference]) -> Vec<String> {
        let mut lines = Vec::new();
        for goal in &self.until {
            for one in differences.iter().filter(|one| one.metric.name == goal.metric) {
                lines.push(text::progress_line(one, &goal.progress(one)));
            }
        }
        lines
    }

    /// What became of the goals, one line each.
    ///
    /// # Errors
    /// Where a goal names no metric.
    pub fn verdicts(&self, differences: &[Difference]) -> Result<Vec<String>, Failure> {
        let mut goals = self.clone();
        goals.name_metrics()?;
        Ok(goals.lines(differences))
    }
}

/// What was measured, with this arm as the baseline.
fn read_as(plan: &Plan, baseline: &str) -> Result<Measured, Failure> {
    let measured = read::read_metrics(&plan.folder);
    let mut measured = measured.map_err(|error| Failure::Runtime(error.into()))?;
    baseline.clone_into(&mut measured.baseline);
    Ok(measured)
}
