//! Every mistake is answered well: each file of `tests/bad_scenarios` goes through the real
//! program, and the complete answer of `check` and `run` is kept beside it.
//!
//! A first line such as `# guanxi: --set days=0` gives further arguments to both verbs.
//! Renew the answers with
//!     GUANXI_RENEW=1 cargo test --test mistakes
//! and read what has changed as a user would.

mod source;

use guanxi::error::{CODES, Severity};
use source::{repository, sources};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Where the scenarios and the answers are.
fn home() -> PathBuf {
    repository().join("tests/bad_scenarios")
}

/// Names of the scenarios, sorted.
fn names() -> Vec<String> {
    let entries = fs::read_dir(home()).expect("a folder").map(|entry| entry.expect("an entry"));
    let name = |path: PathBuf| {
        let is_scenario = path.extension().is_some_and(|extension| extension == "toml");
        is_scenario.then(|| path.file_stem().expect("a name").to_string_lossy().into_owned())
    };
    let mut names: Vec<String> = entries.filter_map(|entry| name(entry.path())).collect();
    names.sort();
    names
}

/// A fresh folder with one scenario and all lists of ties.
fn folder(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = |from: &Path, to: &Path| fs::copy(from, to).expect("copied");
    let file = format!("{name}.toml");
    copy(&home().join(&file), &folder.path().join(&file));
    fs::create_dir(folder.path().join("ties")).expect("made");
    for entry in fs::read_dir(home().join("ties")).expect("a folder") {
        let path = entry.expect("an entry").path();
        copy(&path, &folder.path().join("ties").join(path.file_name().expect("a name")));
    }
    folder
}

/// Everything below a folder, with its length.
fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let data = entry.metadata().expect("known");
        found.push((entry.path(), if data.is_file() { data.len() } else { 0 }));
        if data.is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}

/// The arguments that a scenario's first line gives.
fn arguments(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let first = text.lines().next().unwrap_or_default();
    let given = first.strip_prefix("# guanxi: ").unwrap_or_default();
    given.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What the program answers; it must end by itself and leave the folder as it was.
struct Answer {
    code: i32,
    text: String,
}

fn answer(folder: &Path, arguments: &[&str]) -> Answer {
    let before = listing(folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder).env("NO_COLOR", "1").args(arguments);
    let Output { status, stdout, stderr } = command.output().expect("the program can be started");
    let line = arguments.join(" ");
    assert_eq!(listing(folder), before, "`guanxi {line}` wrote something");
    let code = status.code().unwrap_or_else(|| panic!("`guanxi {line}` was killed: {status}"));
    let [out, err] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert!(!err.contains("panicked"), "`guanxi {line}` panicked:\n{err}");
    let text = masked(&(err + &out), folder);
    Answer { code, text: format!("$ guanxi {line}\nexit {code}\n{text}") }
}

/// Without what depends on the machine, the folder or the size of a struct.
fn masked(text: &str, folder: &Path) -> String {
    let real = folder.canonicalize().expect("it exists");
    let text = text.replace(&*real.to_string_lossy(), "FOLDER");
    let text = text.replace(&*folder.to_string_lossy(), "FOLDER");
    let mut masked = String::new();
    for line in text.lines().map(str::trim_end) {
        let line = line.split_once(", digest ").map_or(line, |(before, _)| before);
        let is_size = ["iB", " bytes", "would fit"].iter().any(|words| line.contains(words));
        let mut blind = false;
        for c in line.chars() {
            // A number with its point is one N.
            let part = is_size && (c.is_ascii_digit() || (blind && c == '.'));
            if !part || !blind {
                masked.push(if part { 'N' } else { c });
            }
            blind = part;
        }
        masked.push('\n');
    }
    masked
}

/// The answers of both verbs to one scenario. What `check` finds fine is run dry.
fn answers(name: &str) -> String {
    let folder = folder(name);
    let file = format!("{name}.toml");
    let bytes = fs::read(folder.path().join(&file)).expect("copied before");
    let more = arguments(&bytes);
    let sets = more.iter().skip_while(|word| *word != "--set").map(String::as_str);
    let check = answer(folder.path(), &[vec!["check", &file], sets.collect()].concat());
    let dry: &[&str] = if check.code == 0 { &["-n", "-o", "out"] } else { &[] };
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let run = answer(folder.path(), &[&["run", &file], dry, &more].concat());
    let rest = |answer: &Answer| answer.text.split_once('\n').expect("two lines").1.to_owned();
    if check.code != 0 {
        assert_eq!(check.code, 3, "{}", check.text);
        assert_eq!(rest(&check), rest(&run), "{name}: `check` and `run` do not agree");
        return check.text;
    }
    format!("{}\n{}", check.text, run.text)
}

#[test]
fn every_bad_scenario_is_answered_as_it_was_read_last() {
    let renew = std::env::var_os("GUANXI_RENEW").is_some();
    let mut changed = Vec::new();
    for name in names() {
        let found = answers(&name);
        let path = home().join(format!("{name}.txt"));
        if renew {
            fs::write(&path, &found).expect("written");
        }
        let known = fs::read_to_string(&path).unwrap_or_default();
        if known != found {
            changed.push(format!("--- {name}.txt ---\n{known}\n--- now ---\n{found}"));
        }
    }
    let advice = "read them, then renew them with GUANXI_RENEW=1 cargo test --test mistakes";
    assert!(changed.is_empty(), "answers have changed; {advice}\n{}", changed.join("\n"));
}
