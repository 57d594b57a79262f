//! What the results rest on: what was set, which values are evidence and which are guesses,
//! and how to get the same numbers again.
//!
//! `resolved.toml` has a line a value: `key = value # unit; origin; tag: source`.

use crate::output::text::grouped;
use crate::report::data::{Data, Source};
use crate::report::page::{Cell, Section, Table};
use crate::report::say::{Both, both, name, same};
use crate::report::words;
use std::collections::BTreeMap;

/// Widest value that is shown whole.
const VALUE: usize = 120;

/// One value of a scenario.
struct Value {
    key: String,
    value: String,
    unit: String,
    origin: String,
    /// Letter of the evidence; none where the scenario gave the value itself.
    tag: Option<char>,
    source: String,
}

/// Reads the lines of `resolved.toml`; what is not such a line is passed over.
fn values(resolved: &str) -> Vec<Value> {
    let mut table = String::new();
    let mut all = Vec::new();
    for line in resolved.lines() {
        if let Some(rest) = line.strip_prefix('[') {
            let end = rest.split(" #").next().unwrap_or(rest).trim();
            table = format!("{}.", end.trim_matches(['[', ']']));
        } else if let Some(value) = value(&table, line) {
            all.push(value);
        }
    }
    all
}

/// Every value of a `resolved.toml` by its key.
#[must_use]
pub fn own_values(resolved: &str) -> BTreeMap<String, String> {
    values(resolved).into_iter().map(|value| (value.key, value.value)).collect()
}

fn value(table: &str, line: &str) -> Option<Value> {
    let (key, rest) = line.split_once(" = ").filter(|pair| !pair.0.starts_with('#'))?;
    // A text may hold the sign of a comment: the comment is what stands behind the last.
    let (value, comment) = rest.rsplit_once(" # ")?;
    let mut parts = comment.splitn(3, "; ");
    let (unit, origin, about) = (parts.next()?, parts.next()?, parts.next().unwrap_or(""));
    let tag = about.split_once(": ").filter(|pair| pair.0.len() == 1);
    let letter = tag.and_then(|pair| pair.0.chars().next());
    Some(Value {
        key: format!("{table}{key}"),
        value: value.to_owned(),
        unit: unit.to_owned(),
        origin: origin.to_owned(),
        tag: letter,
        source: tag.map_or(about, |pair| pair.1).to_owned(),
    })
}

fn tag_words(tag: Option<char>) -> Both {
    match tag {
        Some('V') => both("V: read in a source", "V：查证于文献"),
        Some('D') => both("D: derived", "D：推导"),
        Some('M') => both("M: remembered", "M：凭记忆"),
        Some('A') => both("A: assumed", "A：假设"),
        Some(other) => same(other.to_string()),
        None => both("given by the scenario", "由情景给定"),
    }
}

/// The section; none where a folder has no resolved values.
#[must_use]
pub fn section(data: &Data) -> Option<Section> {
    let all: Vec<Value> = data.sources.iter().flat_map(|source| values(&source.resolved)).collect();
    if all.is_empty() {
        return None;
    }
    let mut counts: BTreeMap<Option<char>, usize> = BTreeMap::new();
    for value in &all {
        *counts.entry(value.tag).or_default() += 1;
    }
    let guesses = counts.get(&Some('A')).copied().unwrap_or(0);
    let n = all.len();
    let share = 100.0 * guesses as f64 / n as f64;
    let (guesses, n_values) = (grouped(guesses as f64, 0), grouped(n as f64, 0));
    let text = both(
        format!(
            "{guesses} of {n_values} values ({share:.0}\u{a0}%) are assumptions: read the direction and the order of the \
             arms before the levels."
        ),
        format!(
            "{n_values} 个取值中有 {guesses} 个（{share:.0}%）是假设：应先看方向与次序，再看具体水平。"
        ),
    );
    let set = all.iter().filter(|value| value.origin != "default").collect::<Vec<_>>();
    let guess: Vec<&Value> = distinct(all.iter().filter(|value| value.tag == Some('A')));
    let caption = both("Values that are not defaults", "非默认取值");
    let closed = vec![
        table(caption, &set),
        table(both("Assumed values, each once", "假设取值（每项一次）"), &guess),
    ];
    Some(Section {
        id: "assumptions",
        title: both("Assumptions and evidence", "假设与证据"),
        text: vec![text],
        tables: vec![tags(&counts, n)],
        closed,
        ..Section::default()
    })
}

/// Values by key within their table and what they are, so that arms do not repeat them.
fn distinct<'a>(all: impl Iterator<Item = &'a Value>) -> Vec<&'a Value> {
    let mut seen = std::collections::BTreeSet::new();
    let short = |value: &Value| {
        let parts: Vec<&str> = value.key.split('.').collect();
        let last = parts.len().saturating_sub(2);
        (parts[last..].join("."), value.value.clone())
    };
    all.filter(|value| seen.insert(short(value))).collect()
}

fn tags(counts: &BTreeMap<Option<char>, usize>, n: usize) -> Table {
    let row = |(tag, count): (&Option<char>, &usize)| {
        let share = 100.0 * *count as f64 / n as f64;
        vec![
            Cell::words(tag_words(*tag)),
            Cell::number(grouped(*count as f64, 0), Some(*count as f64)),
            Cell::number(format!("{share:.0}"), Some(share)),
        ]
    };
    Table {
        caption: both(
            "Values by evidence tag (resolved.toml)",
            "各证据标签的取值数（resolved.toml）",
        ),
        head: vec![both("tag", "证据标签"), both("values", "取值数"), both("%", "%")],
        rows: counts.iter().map(row).collect(),
    }
}

fn table(caption: Both, values: &[&Value]) -> Table {
    let row = |value: &&Value| {
        let mut shown = Cell::words(same(name(&value.value, VALUE)));
        shown.class = "code";
        let mut key = Cell::words(same(name(&value.key, VALUE)));
        key.class = "code";
        vec![
            key,
            shown,
            Cell::words(words::unit_name(&value.unit)),
            Cell::words(words::origin(&value.origin)),
            Cell::words(tag_words(value.tag)),
            Cell::words(same(name(&value.source, 2 * VALUE))),
        ]
    };
    Table {
        caption,
        head: vec![
            both("key", "键"),
            both("value", "取值"),
            both("unit", "单位"),
            both("from", "来自"),
            both("evidence", "证据"),
            both("source", "来源（原文）"),
        ],
        rows: values.iter().map(row).collect(),
    }
}

/// How to get the same numbers again.
#[must_use]
pub fn again(data: &Data) -> Section {
    let text = both(
        "The same scenario, seed and version give the same tables byte for byte, on any number of threads. \
         scenario.toml in the run folder is the scenario as it was written.",
        "相同的情景、随机种子与版本，在任意线程数下都得到逐字节相同的数据表。运行文件夹中的 scenario.toml 即原始情景。",
    );
    Section {
        id: "again",
        title: both("How to reproduce it", "如何复现"),
        text: vec![text],
        tables: data.sources.iter().map(facts).collect(),
        ..Section::default()
    }
}

fn facts(source: &Source) -> Table {
    let manifest = &source.manifest;
    let row = |what: Both, value: String| {
        let mut cell = Cell::words(same(name(&value, 600)));
        cell.class = "code";
        vec![Cell::words(what), cell]
    };
    let runs = &manifest.runs;
    let rows = vec![
        row(both("command", "命令"), manifest.command.clone().unwrap_or_default()),
        row(both("scenario", "情景"), manifest.scenario.clone()),
        row(both("seed", "随机种子"), manifest.seed.to_string()),
        row(both("version", "版本"), format!("guanxi {}", manifest.engine_version)),
        row(both("runs complete", "完整运行"), format!("{} / {}", runs.complete, runs.planned)),
        row(both("digest of the scenario", "情景摘要"), manifest.scenario_digest.clone()),
        row(
            both("digest of the tables", "数据表摘要"),
            manifest.tables_digest.clone().unwrap_or_default(),
        ),
        row(both("draws", "抽取规则"), manifest.seed_rule.clone()),
    ];
    Table {
        caption: same(name(&source.label, 120)),
        head: vec![both("what", "项目"), both("value", "内容")],
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_evidence() {
        let text = "# Every value.\nseed = 7 # no unit; scenario; A: any: number\n\n[arm.a.x]\n\
                    note = \"a # b\" # no unit; scenario; given; the default is \"\"\n";
        let all = values(text);
        assert_eq!((all[0].key.as_str(), all[0].tag), ("seed", Some('A')));
        assert_eq!(all[0].source, "any: number");
        assert_eq!((all[1].key.as_str(), all[1].value.as_str()), ("arm.a.x.note", "\"a # b\""));
        assert_eq!((all[1].tag, all[1].origin.as_str()), (None, "scenario"));
    }
}
