//! The report: one page that answers first and shows its evidence, in English and Chinese.
//!
//! It reads the tables of run folders and never the engine, so that it works on any run
//! folder. The page loads nothing: charts are SVG within it, the script is plain. The same
//! folders give the same bytes. [Decision 0009](../../../docs/decisions/0009-report.md) says
//! why the charts are drawn here.

pub mod bass;
pub mod charts;
pub mod data;
pub mod page;
pub mod say;
pub mod sections;
pub mod svg;
pub mod verdict;
pub mod words;

use crate::output::error::OutputError;
use crate::output::manifest::Status;
use crate::report::data::{Data, Source};
use crate::report::page::{Page, Section};
use crate::report::say::{Both, Lang, both};
use askama::Template;
use std::path::PathBuf;

/// Longest question that is shown whole, in cells of the screen.
const QUESTION: usize = 300;

/// Reads run folders and makes their report.
///
/// # Errors
/// Where a folder cannot be read.
pub fn page(folders: &[PathBuf], lang: Lang) -> Result<Page, OutputError> {
    let data = Data::read(folders)?;
    let standings = verdict::standings(&data);
    let headline = if data.places.is_empty() {
        vec![both(
            "No run is complete, so there is nothing to tell yet.",
            "没有完整的运行，暂无结论。",
        )]
    } else {
        verdict::headline(&data, &standings)
    };
    let sections: Vec<Section> = sections::all(&data, &standings);
    Ok(Page {
        lang,
        name: title(&data),
        question: question(&data.sources),
        what: what(&data),
        warnings: warnings(&data),
        headline,
        sections,
    })
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
    both(
        format!(
            "{arms} arms or platforms, {n} complete replicates, {days} days, baseline {baseline}"
        ),
        format!("{arms} 个方案或平台，{n} 次完整重复，{days} 天，基准组 {baseline}"),
    )
}

fn warnings(data: &Data) -> Vec<Both> {
    let mut all = Vec::new();
    let left_out = data.measured.runs.iter().filter(|run| !run.complete).count();
    let ended = data.sources.iter().all(|source| source.manifest.status == Status::Complete);
    if left_out > 0 || !ended {
        all.push(both(
            format!(
                "The runs did not all end as planned; {left_out} incomplete runs are left out."
            ),
            format!("并非所有运行都按计划完成；{left_out} 个未完成的运行未计入。"),
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
