//! Graph files end to end: generated, imported, run, looked at, and what is refused.

use assert_cmd::Command;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

struct Said {
    code: i32,
    out: String,
    err: String,
}

fn guanxi(folder: &Path, arguments: &str) -> Said {
    let mut command = Command::cargo_bin("guanxi").expect("the program is built with its tests");
    let command = command.current_dir(folder).env("NO_COLOR", "1").args(arguments.split(' '));
    let output = command.output().expect("the program can be started");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("stdout is text"),
        err: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

/// What a command says that must go well.
fn done(folder: &Path, arguments: &str) -> String {
    let said = guanxi(folder, arguments);
    assert_eq!(said.code, 0, "{arguments}: {}", said.err);
    said.out
}

/// A command is refused with a code and these words.
fn refused(folder: &Path, arguments: &str, code: i32, words: &[&str]) {
    let said = guanxi(folder, arguments);
    assert_eq!(said.code, code, "{arguments}: {}", said.err);
    for word in words {
        assert!(said.err.contains(word), "{arguments}: no `{word}` in:\n{}", said.err);
    }
}

/// Households, chat groups and two segments: everything that follows from the draws of a network.
const SCENARIO: &str = "name = \"one\"\nseed = 5\ndays = 12\nreplicates = 1\n[population]\n\
    consumers = 2_000\n[[population.segment]]\nname = \"a\"\n[[population.segment]]\n\
    name = \"b\"\n[need]\nhousehold_fills = 0.5\n[sharing]\ngroup_chat_share = 0.4\n\
    [start]\nregistered_share = 0.4\n[arm.viral]\npreset = \"viral\"\n[arm.community]\n\
    preset = \"community\"\n";

fn with(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(name), text).expect("written");
    folder
}

/// The tables of a run, by name.
fn tables(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries =
        fs::read_dir(run.join("tables")).expect("tables").map(|entry| entry.expect("one"));
    let table = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("a table"))
    };
    entries.map(table).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("one"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_run_with_a_graph_file_gives_the_tables_of_the_run_that_generates() {
    for kind in ["community", "barabasi_albert"] {
        let folder = with("s.toml", SCENARIO);
        let root = folder.path();
        let set = format!("--set network.kind={kind}");
        done(root, &format!("run s.toml -q {set} -o generated"));
        done(root, &format!("graph generate s.toml -q --kind {kind} -o nets/net.any"));
        let file = "--set network.kind=file --set network.file=nets/net.any";
        done(root, &format!("run s.toml -q {file} -o mapped --threads 1"));
        let (generated, mapped) = (tables(&root.join("generated")), tables(&root.join("mapped")));
        assert!(generated.len() > 3);
        for (name, bytes) in &generated {
            assert!(mapped.get(name) == Some(bytes), "{kind}: {name} differs");
        }
        assert_eq!(names(&root.join("nets")), ["net.any"], "something was left");
    }
}

#[test]
fn an_imported_list_runs_as_the_list_does() {
    let folder = with("s.toml", &SCENARIO.replace("consumers = 2_000", ""));
    let root = folder.path();
    let row = |i: u32| format!("p{},p{},{}\n", i % 301, (i * 7 + i / 9) % 301, i % 5);
    let rows: String = (0..2_000).map(row).collect();
    fs::write(root.join("ties.csv"), format!("source,target,weight\n{rows}")).expect("written");
    done(root, "graph import ties.csv --direction trusts -q -o net.gxn");
    let run = |file: &str, more: &str, to: &str| {
        let set = format!("--set network.kind=file --set network.file={file}");
        done(root, &format!("run s.toml -q {set}{more} -o {to}"));
        tables(&root.join(to))
    };
    let list = run("ties.csv", " --set network.direction=trusts", "list");
    assert!(list == run("net.gxn", "", "mapped"), "tables differ");
    let look = |arguments: &str| {
        let said = done(root, &format!("graph inspect --format json {arguments}"));
        let mut documents: Value = serde_json::from_str(&said).expect("one document");
        let mut one = documents[0].take();
        for key in ["source", "build_seconds", "graph_file"] {
            one[key].take();
        }
        one
    };
    assert_eq!(look("net.gxn"), look("ties.csv --direction trusts"));
    assert!(done(root, "graph inspect net.gxn").contains("the edge list `ties.csv`"));
    refused(root, "graph import net.gxn -o b.gxn", 2, &["a graph file already"]);
}

#[test]
fn a_generated_file_is_described() {
    let folder = with("s.toml", SCENARIO);
    let root = folder.path();
    let said = done(root, "graph generate s.toml --format json --seed 9 --replicate 2 -o a.gxn");
    let document: Value = serde_json::from_str(&said).expect("one document");
    assert_eq!((&document["consumers"], &document["mutual"]), (&2000.into(), &true.into()));
    let inspected =
        done(root, "graph inspect a.gxn s.toml --set seed=9 --replicate 2 --format json");
    let documents: Value = serde_json::from_str(&inspected).expect("two documents");
    assert_eq!((&documents[0]["seed"], &documents[0]["replicate"]), (&9.into(), &2.into()));
    for key in ["kind", "ties", "degree", "clustering_global", "components", "reciprocity", "bytes"]
    {
        assert_eq!(documents[0][key], documents[1][key], "{key}");
    }
    assert_eq!(document["ties"], documents[0]["ties"]);
    let text = done(root, "graph inspect a.gxn");
    for words in ["made from", "seed 9, replicate 2", "degree assortativity", "opened in"] {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
    done(root, "graph generate --kind complete --consumers 1e3 -q -o c.gxn");
    assert!(done(root, "graph inspect c.gxn").contains("999.00"));
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_else_ever() {
    let folder = with("mine.txt", "mine");
    let root = folder.path();
    let small = "graph generate --consumers 200 -q -o";
    done(root, &format!("{small} a.gxn"));
    let before = fs::read(root.join("a.gxn")).expect("there");
    refused(root, &format!("{small} a.gxn --seed 8"), 7, &["`a.gxn` already exists", "--force"]);
    assert!(fs::read(root.join("a.gxn")).expect("there") == before);
    done(root, &format!("{small} a.gxn --seed 8 --force"));
    assert!(fs::read(root.join("a.gxn")).expect("there") != before);
    refused(root, &format!("{small} mine.txt --force"), 7, &["not a graph file"]);
    refused(root, &format!("{small} ."), 7, &["does not name a file"]);
    refused(root, &format!("{small} mine.txt/a.gxn"), 7, &["mine.txt"]);
    refused(root, "graph generate absent.toml -o b.gxn", 2, &["absent.toml"]);
    refused(root, "graph import absent.csv -o b.gxn", 2, &["absent.csv"]);
    let huge = "graph generate --consumers 1e8 --memory-limit 1GiB -o b.gxn";
    refused(root, huge, 5, &["needs", "only 1.0 GiB"]);
    assert_eq!(names(root), ["a.gxn", "mine.txt"]);
    assert_eq!(fs::read_to_string(root.join("mine.txt")).expect("there"), "mine");
}

#[test]
fn what_is_damaged_is_refused_by_every_verb() {
    let folder = with("s.toml", SCENARIO);
    let root = folder.path();
    done(root, "graph generate --consumers 500 -q -o a.gxn");
    let good = fs::read(root.join("a.gxn")).expect("there");
    fs::write(root.join("short.gxn"), &good[..good.len() / 2]).expect("written");
    let mut bytes = good.clone();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(root.join("altered.gxn"), &bytes).expect("written");
    for (file, words) in [("short.gxn", "cut short"), ("altered.gxn", "was altered")] {
        let set = format!("--set network.kind=file --set network.file={file}");
        refused(root, &format!("graph inspect {file}"), 3, &[file, words, "make it again"]);
        refused(root, &format!("run s.toml {set} -o x"), 3, &[file, words, "make it again"]);
    }
    assert!(!root.join("x").exists());
}

#[test]
#[cfg(unix)]
fn a_file_that_may_not_grow_leaves_nothing() {
    let folder = with("s.toml", SCENARIO);
    let program = env!("CARGO_BIN_EXE_guanxi");
    // 64 blocks of 512 or 1,024 bytes, where the network needs about 136,000.
    let line = format!("ulimit -f 64; exec {program} graph generate s.toml -q -o a.gxn");
    let mut shell = Command::new("sh");
    let output = shell.current_dir(folder.path()).args(["-c", &line]).output().expect("a shell");
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{err}");
    assert!(err.contains("`a.gxn`") && err.contains("largest size"), "{err}");
    assert_eq!(names(folder.path()), ["s.toml"]);
}
