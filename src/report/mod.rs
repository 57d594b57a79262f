//! The report: one page that answers first and shows its evidence, in English and Chinese.
//!
//! It reads the tables of run folders and never the engine, so that it works on any run
//! folder. The page loads nothing: charts are SVG within it, the script is plain. The same
//! folders give the same bytes. [Decision 0011](../../../docs/decisions/0011-report.md) says
//! why the charts are drawn here.

pub mod bass;
pub mod charts;
pub mod data;
pub mod page;
pub mod rank;
pub mod say;
pub mod sections;
pub mod svg;
pub mod sweeps;
pub mod trees;
pub mod verdict;
pub mod words;

use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::report::data::{Data, Source};
use crate::report::page::{Page, Section};
use crate::report::say::{Both, Lang, both};
use crate::report::sections::sensitivity;
use crate::report::sweeps::Sweep;
use askama::Template;
use std::path::PathBuf;

/// Longest question that is shown whole, in cells of the screen.
const QUESTION: usize = 300;

/// Reads run folders and makes their report.
///
/// # Errors
/// Where a folder cannot be read.
pub fn page(folders: &[PathBuf], lang: Lang) -> Result<Page, OutputError> {
    let (swept, ran): (Vec<PathBuf>, Vec<PathBuf>) =
        folders.iter().cloned().partition(|folder| Sweep::is_one(folder));
    let mut sweeps = swept.iter().map(|one| Sweep::read(one)).collect::<Result<Vec<_>, _>>()?;
    if ran.is_empty() && !sweeps.is_empty() {
        return Ok(of_sweeps(&sweeps, lang));
    }
    let data = Data::read(&ran)?;
    sweeps.iter_mut().for_each(|sweep| sweep.colour(&data.places));
    let standings = verdict::standings(&data);
    let headline = if data.places.is_empty() {
        vec![both(
            "No run is complete, so there is nothing to tell yet.",
            "没有完整的运行，暂无结论。",
        )]
    } else {
        verdict::headline(&data, &standings)
    };
    let sections: Vec<Section> = sections::all(&data, &standings, &sweeps);
    Ok(Page {
        lang,
        name: title(&data),
        question: question(&data.sources),
        what: what(&data),
        warnings: warnings(&data)
            .into_iter()
            .chain(sweeps.iter().flat_map(sensitivity::warnings))
            .collect(),
        headline,
        sections,
    })
}

/// The page of sweeps alone: what the answer depends on.
fn of_sweeps(sweeps: &[Sweep], lang: Lang) -> Page {
    let mut names: Vec<&str> = sweeps.iter().map(|sweep| sweep.plan.scenario.as_str()).collect();
    names.dedup();
    let headline = sweeps.iter().flat_map(sensitivity::headline).collect();
    Page {
        lang,
        name: say::name(&names.join(" · "), 120),
        question: String::new(),
        what: sensitivity::what(&sweeps[0]),
        warnings: sweeps.iter().flat_map(sensitivity::warnings).collect(),
        headline,
        sections: sensitivity::page(sweeps),
    }
}

/// The page as HTML.
///
/// # Errors
/// Where the template fails, which only a lack of memory makes it do.
pub fn html(page: &Page) -> Result<String, askama::Error> {
    page.render()
}

fn title(data: &Data) -> String {
    let mut names: Vec<&str> =
        data.sources.iter().map(|source| source.manifest.scenario.as_str()).collect();
    names.dedup();
    say::name(&names.join(" · "), 120)
}

/// The question of the scenario, as `resolved.toml` has it.
fn question(sources: &[Source]) -> String {
    let table = sources.first().and_then(|source| source.resolved.parse::<toml::Table>().ok());
    let question = table.and_then(|table| Some(table.get("question")?.as_str()?.to_owned()));
    say::name(&question.unwrap_or_default(), QUESTION)
}

/// What was run, in a line.
fn what(data: &Data) -> Both {
    let (arms, n) = (data.places.len(), data.replicates());
    let days = data.sources.iter().map(|source| source.manifest.days).max().unwrap_or(0);
    let baseline = data.label(&data.measured.baseline, &data.measured.baseline);
    let counted = |n: usize, one: &str, many: &str| {
        if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
    };
    both(
        format!(
            "{}, {}, {}, baseline {baseline}",
            counted(arms, "arm", "arms or platforms"),
            counted(n, "complete replicate", "complete replicates"),
            counted(days.into(), "day", "days"),
        ),
        format!("{arms} 个方案（或平台），{n} 次完整重复，{days} 天，基准组 {baseline}"),
    )
}

/// Consumers and days of the folders, each once.
fn worlds(data: &Data) -> std::collections::BTreeSet<(Option<i64>, u16)> {
    let consumers = |source: &Source| {
        let table = source.resolved.parse::<toml::Table>().ok()?;
        table.get("population")?.get("consumers")?.as_integer()
    };
    data.sources.iter().map(|source| (consumers(source), source.manifest.days)).collect()
}

fn warnings(data: &Data) -> Vec<Both> {
    let mut all = Vec::new();
    let complete = data.measured.runs.iter().filter(|run| run.complete).count();
    let planned: usize = data.sources.iter().map(|source| source.manifest.runs.planned).sum();
    let ended = data.sources.iter().all(|source| source.manifest.status == Status::Complete);
    if complete < data.measured.runs.len() || !ended {
        all.push(both(
            format!(
                "The runs did not all end as planned: {complete} of {planned} are complete, the others \
                 are left out."
            ),
            format!("并非所有运行都按计划完成：{planned} 个中完成 {complete} 个，其余未计入。"),
        ));
    }
    for (folder, name) in &data.changed {
        all.push(both(
            format!("{folder}: {name} is not as it was written; `guanxi verify` tells more."),
            format!("{folder}：{name} 与写入时不同；详见 `guanxi verify`。"),
        ));
    }
    if data.places.len() > rank::DRAWN {
        let (drawn, n) = (rank::drawn(data).len(), data.places.len());
        all.push(both(
            format!(
                "Charts draw {drawn} of {n} arms: the best in GMV, the baseline and some others; titles \
                 and tables go by all."
            ),
            format!("图中仅绘 {n} 个方案中的 {drawn} 个（成交额最高者、基准组及其他）；标题与数据表涵盖全部。"),
        ));
    }
    if worlds(data).len() > 1 {
        all.push(both(
            "The folders have different populations or days: levels and differences compare worlds that \
             differ in more than their arms.",
            "各文件夹的人口规模或天数不同：数值与差异所比较的世界不仅方案不同。",
        ));
    }
    if data.replicates() == 1 {
        all.push(both(
            "There is one replicate: nothing here has an interval, and differences may be chance.",
            "只有一次重复：以下数字均无区间，差异可能出于偶然。",
        ));
    }
    if data.seeds_differ {
        all.push(both(
            "The folders have different seeds: replicates are paired by number only, which makes \
             intervals wider.",
            "各文件夹的随机种子不同：仅按重复序号配对，区间因此较宽。",
        ));
    }
    all
}
