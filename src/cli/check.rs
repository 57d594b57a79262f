//! `guanxi check`: every mistake of scenarios at once.

use crate::cli::failure::Failure;
use crate::cli::screen::{Screen, counted};
use crate::cli::{Done, diagnostics, load};
use crate::error::Issue;
use crate::scenario::Arm;
use crate::scenario::digest::digest;
use crate::scenario::resolve::Checked;
use crate::scenario::resolved::resolved_toml;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What else to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// Every value with unit, origin and source.
    Resolved,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Values laid over the scenarios.
    #[command(flatten)]
    pub sets: load::Sets,
    /// Also show something on stdout.
    #[arg(long, value_enum)]
    pub show: Option<Shown>,
}

/// Checks all files; fails if one of them is wrong.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let mut documents = Vec::new();
    let (mut wrong, mut unread) = (false, None);
    for path in &arguments.files {
        let bytes = match load::bytes(path) {
            Ok(bytes) => bytes,
            // The others are checked all the same.
            Err(failure) => {
                if let Some(before) = unread.replace(failure) {
                    before.report(screen);
                }
                continue;
            }
        };
        let result = load::check(path, &bytes, &arguments.sets.sets);
        wrong |= result.is_err();
        if screen.json {
            documents.push(document(path, &result, arguments.show));
        } else {
            say(path, &result, arguments.show, screen);
        }
    }
    if screen.json {
        screen.document(&documents.into());
    }
    match unread {
        Some(failure) => Err(failure),
        None if wrong => Err(Failure::Scenario(Vec::new())),
        None => Ok(()),
    }
}

type Outcome = Result<Checked, Vec<Issue>>;

fn say(path: &Path, result: &Outcome, show: Option<Shown>, screen: &Screen) {
    match result {
        Err(issues) => diagnostics::report(issues, screen),
        Ok(Checked { scenario, warnings }) => {
            diagnostics::report(warnings, screen);
            if show == Some(Shown::Resolved) {
                return screen.data(&resolved_toml(scenario));
            }
            let arms: Vec<String> = scenario.arms.iter().map(arm).collect();
            let text = format!(
                "{}: fine ({}; {}, {}, {}, digest {})",
                path.display(),
                arms.join(", "),
                counted(u64::from(scenario.population.consumers), "consumer"),
                counted(u64::from(scenario.days), "day"),
                counted(u64::from(scenario.replicates), "replicate"),
                &digest(scenario)[..8]
            );
            screen.data(&text);
        }
    }
}

/// The name of an arm; one without a preset is told, since its way of selling is most likely
/// forgotten.
fn arm(arm: &Arm) -> String {
    match arm.platforms.iter().all(|one| one.preset.is_none()) {
        true => format!("{} without a preset", arm.name),
        false => arm.name.clone(),
    }
}

fn document(path: &Path, result: &Outcome, show: Option<Shown>) -> serde_json::Value {
    let file = path.display().to_string();
    match result {
        Err(issues) => {
            let issues: Vec<_> = issues.iter().map(diagnostics::json).collect();
            json!({ "file": file, "valid": false, "issues": issues })
        }
        Ok(Checked { scenario, warnings }) => {
            let issues: Vec<_> = warnings.iter().map(diagnostics::json).collect();
            let mut value = json!({ "file": file, "valid": true, "issues": issues });
            value["digest"] = digest(scenario).into();
            if show == Some(Shown::Resolved) {
                value["resolved"] = resolved_toml(scenario).into();
            }
            value
        }
    }
}
