//! `guanxi list`: what there is, from the registries.

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::cli::manual;
use crate::cli::reference::{OUTPUT, channels, keys, role, scope};
use crate::cli::screen::{Screen, columns};
use crate::mechanisms::MECHANISMS;
use crate::output::comparison::better_word;
use crate::scenario::nearest::advice;
use crate::scenario::preset::{PRESETS, Preset};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Mechanisms of the market.
    Mechanisms,
    /// Sets of mechanisms to start an arm from.
    Presets,
    /// Tables of a run folder.
    Tables,
    /// Metrics of a run.
    Metrics,
    /// Every key of a scenario.
    Parameters,
    /// Ways by which offers reach consumers.
    Channels,
    /// All of these with sources and columns, as Markdown.
    Reference,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// What to list.
    #[arg(value_enum)]
    pub what: What,
    /// With `presets`: print the text of one.
    #[arg(long, value_name = "PRESET")]
    pub print: Option<String>,
}

/// A list: its columns, and rows of text.
struct List {
    header: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Writes the list.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    if let Some(name) = &arguments.print {
        return print(arguments.what, name, screen);
    }
    let Some(list) = list(arguments.what) else {
        screen.data(&manual::text());
        return Ok(());
    };
    if screen.json {
        let object = |row: &Vec<String>| {
            let cells = list.header.iter().zip(row);
            let cells = cells.map(|(key, cell)| ((*key).to_owned(), Value::from(cell.as_str())));
            Value::from(cells.collect::<Map<_, _>>())
        };
        screen.document(&list.rows.iter().map(object).collect::<Vec<_>>().into());
        return Ok(());
    }
    let rows: Vec<Vec<String>> = list.rows.into_iter().map(short).collect();
    let header = list.header.iter().map(|&name| name.to_owned()).collect();
    screen.data(&columns(&[vec![header], rows].concat()));
    Ok(())
}

/// A row whose long choices are counted, so that one of them does not widen the whole list;
/// `guanxi explain` names them.
fn short(row: Vec<String>) -> Vec<String> {
    let cell = |cell: String| match cell.strip_prefix("one of \"") {
        Some(words) if cell.len() > 60 => {
            format!("one of {} words", words.matches("\", \"").count() + 1)
        }
        _ => cell,
    };
    row.into_iter().map(cell).collect()
}

fn print(what: What, name: &str, screen: &Screen) -> Done {
    if what != What::Presets {
        return Err(Failure::Usage("--print goes with `guanxi list presets` only".to_owned()));
    }
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    let unknown = || Failure::Usage(format!("unknown preset `{name}`; {}", advice(name, &names)));
    screen.data(Preset::by_name(name).ok_or_else(unknown)?.text);
    Ok(())
}

/// The list; none for the reference, which is more than one list.
fn list(what: What) -> Option<List> {
    Some(match what {
        What::Mechanisms => mechanisms(),
        What::Presets => {
            let row = |preset: &Preset| vec![preset.name.to_owned(), preset.summary()];
            List { header: &["preset", "summary"], rows: PRESETS.iter().map(row).collect() }
        }
        What::Tables => tables(),
        What::Metrics => metrics(),
        What::Parameters => parameters(),
        What::Channels => {
            let rows = channels().into_iter().map(|(spec, channel)| {
                [channel.name, spec.name, channel.summary].map(str::to_owned).to_vec()
            });
            List { header: &["channel", "mechanism", "summary"], rows: rows.collect() }
        }
        What::Reference => return None,
    })
}

fn mechanisms() -> List {
    let rows = MECHANISMS.iter().map(|spec| {
        let on = if spec.on_by_default { "on" } else { "off" };
        [spec.name, scope(spec), role(spec), on, spec.summary].map(str::to_owned).to_vec()
    });
    let header = &["mechanism", "scope", "role", "default", "summary"];
    List { header, rows: rows.collect() }
}

fn tables() -> List {
    let rows = OUTPUT.all().into_iter().map(|table| {
        let columns = table.keys.columns().len() + table.schema.columns.len();
        vec![table.schema.name.to_owned(), columns.to_string(), table.schema.summary.to_owned()]
    });
    List { header: &["table", "columns", "a row is"], rows: rows.collect() }
}

fn metrics() -> List {
    let rows = OUTPUT.metrics.iter().map(|metric| {
        let better = better_word(metric.better);
        [metric.name, metric.unit, better, metric.meaning].map(str::to_owned).to_vec()
    });
    List { header: &["metric", "unit", "better", "meaning"], rows: rows.collect() }
}

fn parameters() -> List {
    let rows = keys().into_iter().map(|key| {
        let default = match key.parameter.default {
            "" if crate::scenario::layers::is_required(key.parameter) => "(none)",
            "" => "\"\"",
            given => given,
        };
        let tag = key.parameter.tag.letter().to_owned();
        vec![key.path(), default.to_owned(), tag, key.accepted(), key.meaning()]
    });
    let header = &["parameter", "default", "tag", "accepts", "meaning"];
    List { header, rows: rows.collect() }
}
