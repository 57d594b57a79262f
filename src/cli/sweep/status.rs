//! `guanxi status`: how far sweeps are, and how long they will still take.

use crate::cli::screen::{Screen, columns};
use crate::cli::{Done, named};
use crate::output::manifest::Status;
use crate::output::sweep::manifest::Counts;
use crate::output::sweep::merge::Found;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders of sweeps or of their shards.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
}

/// How far a folder is.
struct Standing {
    found: Found,
    counts: Counts,
    /// Seconds that the missing pieces take where the others tell.
    left: Option<f64>,
}

impl Standing {
    fn of(found: Found) -> Self {
        let counts = found.counts();
        let (missing, seconds) = found.remaining();
        let done = found.done.len();
        let worlds = found.manifest.worlds.max(1) as f64;
        let left = match (missing, done) {
            (0, _) => Some(0.0),
            (_, 0) => None,
            _ => Some(seconds / done as f64 * missing as f64 / worlds),
        };
        Self { found, counts, left }
    }

    fn word(&self) -> &'static str {
        match (self.found.manifest.status, self.found.busy) {
            (_, true) => "running",
            (Status::Complete, _) if self.counts.missing == 0 => "complete",
            _ => "stopped",
        }
    }

    fn row(&self) -> Vec<String> {
        let Counts { planned, complete, failed, missing } = self.counts;
        let numbers = [planned, complete, failed, missing].map(|n| n.to_string());
        let mut row = vec![
            self.found.path.display().to_string(),
            self.found.shard.to_string(),
            self.word().into(),
        ];
        row.extend(numbers);
        row.push(self.left.map_or_else(|| "unknown".to_owned(), duration));
        row
    }

    fn document(&self) -> serde_json::Value {
        let Counts { planned, complete, failed, missing } = self.counts;
        json!({
            "folder": self.found.path.display().to_string(),
            "scenario": self.found.manifest.scenario,
            "plan": self.found.manifest.plan,
            "shard": self.found.shard.to_string(),
            "status": self.word(),
            "runs": { "planned": planned, "complete": complete, "failed": failed, "missing": missing },
            "seconds_left": self.left,
            "damaged_records": self.found.damaged,
            "failures": self.failures(),
        })
    }

    /// Why runs failed.
    fn failures(&self) -> Vec<String> {
        let why = |entry: &crate::output::sweep::journal::Entry| {
            let record = &entry.record;
            let why = record.failed.as_ref()?;
            Some(format!("p{:04}, replicate {}: {why}", record.point, record.replicate + 1))
        };
        self.found.done.values().filter_map(why).collect()
    }
}

/// A time as people read it.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// Tells how far each folder is.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let standings: Vec<Standing> = arguments
        .folders
        .iter()
        .map(|path| named::a_sweep(path).map(Standing::of))
        .collect::<Result<_, _>>()?;
    if screen.json {
        screen.document(&standings.iter().map(Standing::document).collect::<Vec<_>>().into());
        return Ok(());
    }
    let header = ["folder", "shard", "status", "runs", "complete", "failed", "missing", "left"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(standings.iter().map(Standing::row));
    screen.data(&columns(&rows));
    for why in standings.iter().flat_map(Standing::failures) {
        screen.tell(&format!("failed: {why}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!(duration(7.4), "7 s");
        assert_eq!(duration(150.0), "2 min");
        assert_eq!(duration(9_000.0), "2.5 h");
    }
}
