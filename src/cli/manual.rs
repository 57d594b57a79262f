//! The reference manual as Markdown, from the declarations alone: the text of
//! `docs/reference.md`, which a test compares with what is written here.

use crate::cli::reference::{Key, OUTPUT, one_line, role, scope, standing};
use crate::error::CODES;
use crate::market::ledger::FLOWS;
use crate::market::platform::Family;
use crate::mechanism::spec::Spec;
use crate::mechanisms::MECHANISMS;
use crate::network;
use crate::output::comparison::better_word;
use crate::output::declared::Table;
use crate::parameter::{Parameter, Tag};
use crate::scenario::preset::{PRESETS, Preset};
use crate::scenario::sections::{SECTIONS, Section};

/// What stands before everything else.
const HEAD: &str = "\
# Reference

Every name that a scenario, a run folder or a command line may hold, written by
`guanxi list reference` from the declarations in the code. Do not edit this page; renew it with

```sh
cargo run -- list reference > docs/reference.md
```
";

/// The whole reference.
#[must_use]
pub fn text() -> String {
    let mut page = HEAD.to_owned();
    page += &tags();
    page += "\n## Tables of a scenario\n\nA table in double brackets may be given several times.\n";
    page += &SECTIONS.iter().map(section).collect::<String>();
    page += "\n## Mechanisms\n\n";
    page += "In the order in which they act within a beat. A mechanism of scope `world` has its \
             table at the top of a scenario, one of scope `platform` in an arm, in a preset, or at the top for all platforms; \
             `enabled = true` or `enabled = false` in the table switches it.\n";
    page += &MECHANISMS.iter().map(|spec| mechanism(spec)).collect::<String>();
    page += "\n## Presets\n";
    page += &PRESETS.iter().map(preset).collect::<String>();
    page += "\n## Tables of a run folder\n";
    page += &OUTPUT.all().iter().map(output).collect::<String>();
    page + &metrics() + &lines() + &codes()
}

/// A Markdown table.
fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let cell = |text: &str| one_line(text).replace('|', "\\|");
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = line(header.map(str::to_owned).to_vec()) + &"|---".repeat(N) + "|\n";
    let body: String = rows.map(|row| line(row.iter().map(|text| cell(text)).collect())).collect();
    format!("\n{head}{body}")
}

/// A summary as a sentence.
fn sentence(text: &str) -> String {
    let text = one_line(text);
    let mut letters = text.chars();
    let first = letters.next().map_or_else(String::new, |letter| letter.to_uppercase().to_string());
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn code(name: &str) -> String {
    format!("`{name}`")
}

fn tags() -> String {
    let tags = [Tag::V, Tag::D, Tag::M, Tag::A].into_iter();
    let rows = tags.map(|tag| [tag.letter().to_owned(), tag.meaning().to_owned()]);
    "\n## Tags\n\nHow surely a default is known.\n".to_owned()
        + &table(["tag", "the default is"], rows)
}

fn parameters(of: &'static str, list: &'static [Parameter]) -> String {
    if list.is_empty() {
        return "\nNo parameters.\n".to_owned();
    }
    let rows = list.iter().map(|parameter| {
        let key = Key { table: of, parameter };
        let default = match parameter.default {
            "" => "empty".to_owned(),
            given => code(given),
        };
        let source = parameter.source.to_owned();
        let tag = parameter.tag.letter().to_owned();
        [code(parameter.name), default, key.accepted(), tag, source, key.meaning()]
    });
    table(["parameter", "default", "accepts (unit)", "tag", "source", "meaning"], rows)
}

fn section(section: &Section) -> String {
    let title = match (section.path, section.repeated) {
        ("", _) => "Top of the file".to_owned(),
        (path, true) => format!("`[[{path}]]`"),
        (path, false) => format!("`[{path}]`"),
    };
    let streams =
        if section.path == "network" { streams(network::STREAMS.iter()) } else { String::new() };
    let about = sentence(section.about);
    format!("\n### {title}\n\n{about}\n{}{streams}", parameters(section.path, section.parameters))
}

fn streams<'a>(list: impl Iterator<Item = &'a crate::rng::Stream>) -> String {
    let names: Vec<String> = list.map(|stream| code(stream.name)).collect();
    if names.is_empty() {
        return "\nDraws nothing.\n".to_owned();
    }
    format!("\nStreams of draws: {}.\n", names.join(", "))
}

fn mechanism(spec: &'static Spec) -> String {
    let channels = spec.channels.iter().map(|channel| {
        let yes = |so: bool| if so { "yes" } else { "no" }.to_owned();
        let summary = channel.summary.to_owned();
        [code(channel.name), summary, yes(channel.organic), yes(channel.family == Family::Friend)]
    });
    let channels = match spec.channels {
        [] => String::new(),
        _ => table(["channel", "what it is", "organic", "a friend's"], channels),
    };
    format!(
        "\n### `{}`\n\n{} Scope {}, role {}, {}.\n{channels}{}{}",
        spec.name,
        sentence(spec.summary),
        scope(spec),
        role(spec),
        standing(spec),
        parameters(spec.name, spec.parameters),
        streams(spec.streams.iter()),
    )
}

fn preset(preset: &Preset) -> String {
    format!("\n### `{}`\n\n```toml\n{}\n```\n", preset.name, preset.text.trim_end())
}

fn output(one: &Table) -> String {
    let columns = one.keys.columns().iter().chain(one.schema.columns);
    let rows = columns.map(|column| {
        let kind = format!("{:?}", column.kind).to_lowercase();
        [
            code(column.name),
            kind,
            column.unit.to_owned(),
            column.meaning.to_owned(),
            column.meaning_zh.to_owned(),
        ]
    });
    let header = ["column", "type", "unit", "meaning", "含义"];
    format!(
        "\n### `{}`\n\n{}\n{}",
        one.schema.name,
        sentence(one.schema.summary),
        table(header, rows)
    )
}

fn metrics() -> String {
    let rows = OUTPUT.metrics.iter().map(|metric| {
        [
            code(metric.name),
            metric.unit.to_owned(),
            better_word(metric.better).to_owned(),
            metric.meaning.to_owned(),
            metric.meaning_zh.to_owned(),
        ]
    });
    "\n## Metrics\n\nOne number a run; rows of `metrics`, `summary` and `differences`.\n".to_owned()
        + &table(["metric", "unit", "better", "meaning", "含义"], rows)
}

fn lines() -> String {
    let rows = FLOWS.iter().map(|flow| {
        let kind = match (flow.marketing, flow.revenue) {
            (true, _) => "marketing",
            (_, true) => "revenue",
            _ => "",
        };
        let parties = [flow.payer.name(), flow.payee.name()].map(str::to_owned);
        let [payer, payee] = parties;
        [code(flow.name), payer, payee, kind.to_owned(), flow.meaning.to_owned()]
    });
    "\n## Lines of the ledger\n".to_owned()
        + &table(["line", "payer", "payee", "kind", "meaning"], rows)
}

fn codes() -> String {
    let rows = CODES.iter().map(|one| {
        [code(one.code), one.severity.word().to_owned(), one.title.to_owned(), one.text.to_owned()]
    });
    "\n## Messages about scenarios\n".to_owned()
        + &table(["code", "kind", "title", "meaning"], rows)
}
