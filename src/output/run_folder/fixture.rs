//! A small experiment for tests: two arms, two replicates, one table, two metrics.

use super::*;
use crate::observer::{Better, Metric};
use crate::table::{CellKind, Column};

/// Its table.
pub static DAILY: Schema = Schema {
    name: "daily",
    summary: "a row a day",
    columns: &[
        Column {
            name: "day",
            kind: CellKind::Integer,
            unit: "day",
            meaning: "day of the run",
            meaning_zh: "天",
        },
        Column {
            name: "gmv_fen",
            kind: CellKind::Integer,
            unit: "fen",
            meaning: "gross merchandise value",
            meaning_zh: "成交总额",
        },
        Column {
            name: "note",
            kind: CellKind::Text,
            unit: "",
            meaning: "note",
            meaning_zh: "备注",
        },
    ],
};

/// Its declarations.
pub const DECLARED: Declared = Declared {
    tables: &[&DAILY],
    metrics: &[
        Metric {
            name: "gmv_fen",
            unit: "fen",
            meaning: "gross merchandise value",
            meaning_zh: "成交总额",
            better: Better::Higher,
        },
        Metric {
            name: "repeat_share",
            unit: "1",
            meaning: "share of buyers who came back",
            meaning_zh: "复购占比",
            better: Better::Higher,
        },
    ],
};

/// Every run of it, sorted.
pub fn keys() -> Vec<RunKey> {
    let key =
        |arm: &str, replicate| RunKey { arm: arm.to_owned(), platform: arm.to_owned(), replicate };
    vec![key("traditional", 0), key("traditional", 1), key("viral", 0), key("viral", 1)]
}

/// What is known before.
pub fn meta() -> Meta {
    Meta {
        scenario: "quickstart".to_owned(),
        scenario_bytes: "name = \"quickstart\"\r\n# 备注\n".into(),
        resolved: "name = \"quickstart\"\n".to_owned(),
        digest: "abc".to_owned(),
        seed: 20_261_122,
        engine_version: "0.1.0".to_owned(),
        command: None,
        origin: None,
        threads: 2,
        cores: 2,
        baseline: "traditional".to_owned(),
        runs: keys(),
        days: 3,
    }
}

/// The record of one run with so many days.
pub fn record(key: &RunKey, days: u16) -> RunRecord {
    let size = if key.arm == "viral" { 200 } else { 100 } + i64::from(key.replicate);
    let mut rows = Rows::new(&DAILY);
    for day in 0..days {
        rows.push([Cell::from(u32::from(day)), Cell::Integer(size), Cell::from("=团购, \"now\"")]);
    }
    let repeat = (key.replicate == 0).then_some(0.25);
    RunRecord {
        arm: key.arm.clone(),
        platform: key.platform.clone(),
        replicate: key.replicate,
        days_done: days,
        tables: vec![rows],
        metrics: vec![Some((size * i64::from(days)) as f64), repeat],
    }
}

/// A folder of the complete experiment, with its runs in this order.
pub fn written(path: &Path, force: bool, order: &[usize]) -> Result<PathBuf, OutputError> {
    let mut folder = RunFolder::create_declared(path, force, meta(), DECLARED)?;
    for &index in order {
        folder.add(&record(&keys()[index], 3), Some(0.5 + index as f64))?;
    }
    folder.finish(Status::Complete, Some(2.0))
}
