//! `compare` and the forms of tables, end to end: arms and their copies, replicates until they
//! are enough, Parquet, Excel, and other tools where they are present.

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
#[cfg(feature = "parquet")]
use std::process::{Command as Process, Output};
use tempfile::TempDir;

/// Two arms that are alike, and one that is not.
const SMALL: &str = "name = \"small\"\ndays = 20\nreplicates = 3\nbaseline = \"a\"\n\
    [population]\nconsumers = 400\n[start]\nregistered_share = 0.3\n[arm.a]\npreset = \"viral\"\n\
    [arm.copy]\npreset = \"viral\"\n[arm.dear]\npreset = \"viral\"\n[arm.dear.listing]\nprice_level = 1.1\n";

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program in a folder.
fn guanxi(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::cargo_bin("guanxi").expect("the program is built with its tests");
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(arguments).output();
    let output = output.expect("the program can be started");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("stdout is text"),
        err: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

/// A fresh folder with a scenario.
fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.toml"), text).expect("written");
    folder
}

fn json(said: &Said) -> serde_json::Value {
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).expect("one document")
}

/// The run folders below `outputs`.
fn outputs(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("outputs")).expect("outputs");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn an_arm_differs_from_its_copy_by_exactly_nothing_in_every_metric() {
    let folder = with(SMALL);
    let json = json(&guanxi(folder.path(), &["compare", "s.toml", "--format", "json"]));
    let list = json["differences"].as_array().expect("a list");
    let copies: Vec<_> = list.iter().filter(|one| one["arm"] == "copy").collect();
    assert!(copies.len() > 20, "{}", copies.len());
    for one in copies.iter().filter(|one| !one["difference"].is_null()) {
        let ends = [&one["difference"], &one["ci95_low"], &one["ci95_high"]];
        assert_eq!(ends.map(serde_json::Value::as_f64), [Some(0.0); 3], "{one}");
        assert_eq!(one["verdict"], "not separated");
        assert!(one["replicates_needed"].is_null(), "{one}");
    }
    let decision = json["decision"].as_array().expect("a list");
    for metric in ["gmv_fen", "trust_mean", "cac_platform_fen"] {
        let of = |arm: &str, column: &str| {
            let here = |one: &&serde_json::Value| one["arm"] == arm && one["metric"] == metric;
            decision.iter().find(here).map(|one| one[column].clone()).expect("a row")
        };
        for column in ["mean", "best_probability", "expected_regret", "greatest_regret"] {
            assert_eq!(of("a", column), of("copy", column), "{metric} {column}");
        }
    }
}

#[test]
fn replicates_stop_when_the_interval_is_narrow_enough_and_the_folder_is_that_of_so_many() {
    let folder = with(SMALL);
    // Copies meet any width at once; the dear arm decides.
    let until = ["compare", "s.toml", "--metrics", "gmv_fen", "--format", "json", "--until"];
    let ask = |more: &[&str]| guanxi(folder.path(), &[&until, more].concat());
    let wide = ask(&["gmv:1000%", "--min-replicates", "4"]);
    assert_eq!(json(&wide)["differences"][0]["n"], 4);
    assert!(wide.err.contains("dear gmv_fen: ±"), "{}", wide.err);
    let path = outputs(folder.path()).pop().expect("a folder");
    let planned = guanxi(folder.path(), &["run", "s.toml", "--replicates", "4", "-o", "plain"]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    for file in ["tables/metrics.csv", "tables/decision.csv", "tables/daily.csv"] {
        let read = |folder: &Path| fs::read(folder.join(file)).expect("a file");
        assert!(read(&path) == read(&folder.path().join("plain")), "{file}");
    }
    // The folder says of itself how many it has.
    let verified = guanxi(folder.path(), &["verify", &path.to_string_lossy(), "--runs", "1"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    let again = ask(&["gmv:1000%", "--min-replicates", "4"]);
    assert!(again.err.contains("reading outputs") && again.out == wide.out, "{}", again.err);
    let never = ask(&["gmv_fen:1000", "--until", "orders:1000%", "--max-replicates", "6"]);
    assert_eq!(json(&never)["differences"][0]["n"], 6);
    for words in ["± 10 was asked for; about", "replicates would do", "dear orders_count: ±"] {
        assert!(never.err.contains(words), "no `{words}` in:\n{}", never.err);
    }
    assert_eq!(outputs(folder.path()).len(), 2);
}

#[test]
fn goals_that_make_no_sense_are_refused() {
    let folder = with(SMALL);
    let cases: [(&[&str], &str); 6] = [
        (&["--until", "gmv"], "METRIC:WIDTH"),
        (&["--until", "gmv:0%"], "greater than 0"),
        (&["--until", "gmb_fen:1%"], "did you mean `gmv_fen`?"),
        (&["--until", "gmv:1%", "--replicates", "3"], "cannot be used with"),
        (&["--until", "gmv:1%", "--max-replicates", "3"], "more than --max-replicates 3"),
        (&["--max-replicates", "3"], "--until"),
    ];
    for (arguments, words) in cases {
        let said = guanxi(folder.path(), &[&["compare", "s.toml"], arguments].concat());
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(words), "no `{words}` in:\n{}", said.err);
    }
    let alone = with("[population]\nconsumers = 200\n[arm.a]\n");
    let said = guanxi(alone.path(), &["compare", "s.toml", "--until", "gmv:1%"]);
    assert!(said.code == 2 && said.err.contains("one arm"), "{}", said.err);
}

#[test]
fn the_decision_is_told_and_what_cannot_be_told_apart() {
    let folder = with(SMALL);
    let said = guanxi(folder.path(), &["compare", "s.toml", "--metrics", "gmv_fen,trust_mean"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for words in ["higher in", "not separated", "is better", "expected to fall short"] {
        assert!(said.out.contains(words), "no `{words}` in:\n{}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 120), "{}", said.out);
}

/// The run that docs/tools.md begins with, smaller.
fn quickstart() -> TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = root.join("scenarios/quickstart.toml");
    let scenario = scenario.to_str().expect("a path in UTF-8");
    let out = ["-o", "outputs/quickstart", "--csv-excel"];
    let small = ["--set", "population.consumers=2000", "--days", "40", "--replicates", "3"];
    let tables = if cfg!(feature = "parquet") { "both" } else { "csv" };
    let arguments = [&["run", scenario, "--tables", tables], &out[..], &small[..]].concat();
    let said = guanxi(folder.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    folder
}

/// Runs Python where it has what the text imports; else says what is missing.
#[cfg(feature = "parquet")]
fn python(folder: &Path, text: &str) -> Option<Output> {
    let program = std::env::var("GUANXI_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = |text: &str| Process::new(&program).args(["-c", text]).current_dir(folder).output();
    let imports: Vec<&str> = text.lines().filter(|line| line.starts_with("import ")).collect();
    let parquet = if text.contains("read_parquet") && text.contains("pandas") {
        "\nimport pyarrow"
    } else {
        ""
    };
    let known = run(&(imports.join("\n") + parquet)).is_ok_and(|output| output.status.success());
    if !known {
        eprintln!("skipped: {program} has not all of {imports:?} (GUANXI_PYTHON names another)");
        return None;
    }
    Some(run(text).expect("it was started before"))
}

/// The Python snippets of docs/tools.md.
#[cfg(feature = "parquet")]
fn snippets() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tools.md");
    let page = fs::read_to_string(path).expect("docs/tools.md");
    let blocks = page.split("```python\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
#[cfg(feature = "parquet")]
fn the_snippets_for_other_tools_run() {
    let folder = quickstart();
    assert_eq!(snippets().len(), 3);
    for snippet in snippets() {
        let Some(output) = python(folder.path(), &snippet) else { continue };
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{snippet}\n{err}");
        assert!(out.contains("viral") || out.contains("platform"), "{snippet}\n{out}");
    }
}

/// Every table as pandas reads it from Parquet and from CSV.
#[cfg(feature = "parquet")]
const SAME: &str = r#"
import glob
import pandas as pd

names = sorted(glob.glob("outputs/quickstart/tables/*.parquet"))
assert len(names) > 10, names
for name in names:
    a = pd.read_parquet(name)
    b = pd.read_csv(name.replace(".parquet", ".csv"), keep_default_na=False, na_values=[""], float_precision="round_trip")
    assert list(a.columns) == list(b.columns), name
    assert len(a) == len(b), name
    for column in a.columns:
        left, right = a[column], b[column]
        assert (left.isna() == right.isna()).all(), (name, column)
        if left.dtype == object or str(left.dtype) in ("str", "string"):
            left, right = left.dropna().astype(str), right.dropna().astype(str).str.replace(r"^'(?=[-=+@])", "", regex=True)
        else:
            left, right = left.dropna().astype(float), right.dropna().astype(float)
        assert (left == right).all(), (name, column)
e = pd.read_csv("outputs/quickstart/excel/dictionary.csv", encoding="utf-8-sig")
assert e["table"].notna().all() and e["meaning_zh"].str.contains("成交").any()
"#;

#[test]
#[cfg(feature = "parquet")]
fn other_tools_read_the_same_from_parquet_as_from_csv() {
    let folder = quickstart();
    if let Some(output) = python(folder.path(), SAME) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn tables_are_those_of_a_run_without_other_forms_and_excel_sees_its_mark() {
    let folder = quickstart();
    let run = folder.path().join("outputs/quickstart");
    let plain = fs::read(run.join("tables/dictionary.csv")).expect("a table");
    let marked = fs::read(run.join("excel/dictionary.csv")).expect("a copy");
    assert_eq!(marked, [&b"\xef\xbb\xbf"[..], &plain].concat());
    let count = |folder: &str, end: &str| {
        let entries = fs::read_dir(run.join(folder)).expect("a folder");
        let named = |entry: std::io::Result<fs::DirEntry>| {
            entry.expect("an entry").file_name().to_string_lossy().ends_with(end)
        };
        entries.map(named).filter(|is| *is).count()
    };
    let tables = count("tables", ".csv");
    assert_eq!(count("excel", ".csv"), tables);
    assert_eq!(count("tables", ".parquet"), if cfg!(feature = "parquet") { tables } else { 0 });
}
