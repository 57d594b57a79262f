//! Every mistake is answered well: each file of `tests/bad_scenarios` goes through the real
//! program, and the complete answer of `check` and `run` is kept beside it.
//!
//! A first line such as `# guanxi: --set days=0` gives further arguments to both verbs.
//! Renew the answers with
//!     GUANXI_RENEW=1 cargo test --test mistakes
//! and read what has changed as a user would.

mod common;

use guanxi::error::CODES;
use guanxi::mechanism::spec::Role;
use guanxi::mechanisms::MECHANISMS;
use guanxi::network::{self, Parameters};
use guanxi::parameter::{Only, Parameter, Value, Values};
use guanxi::rng::Key;
use guanxi::scenario::layers::is_required;
use guanxi::scenario::sections::SECTIONS;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Where the scenarios and the answers are.
fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_scenarios")
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
        let line = if is_size { line.trim_start() } else { line };
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

#[test]
fn every_bad_scenario_says_what_it_shows() {
    let names = names();
    assert!(names.len() >= 45, "only {} bad scenarios", names.len());
    for name in &names {
        let bytes = fs::read(home().join(format!("{name}.toml"))).expect("there");
        let text = String::from_utf8_lossy(&bytes);
        let mut comments = text.lines().filter(|line| line.contains('#'));
        let shows = comments.any(|line| !line.starts_with("# guanxi:"));
        // What is empty, JSON or UTF-16 cannot say it.
        let mute = ["empty_file", "json", "utf16"].contains(&name.as_str());
        assert!(shows || mute, "{name}.toml has no comment");
    }
    for entry in fs::read_dir(home()).expect("a folder") {
        let path = entry.expect("an entry").path();
        let is_answer = path.extension().is_some_and(|extension| extension == "txt");
        assert!(!is_answer || path.with_extension("toml").exists(), "{path:?} answers nothing");
    }
}

/// Whether some parameter has no default, so that its absence is a mistake.
fn anything_is_required() -> bool {
    let sections = SECTIONS.iter().flat_map(|section| section.parameters);
    let mechanisms = MECHANISMS.iter().flat_map(|spec| spec.parameters);
    sections.chain(mechanisms).any(is_required)
}

#[test]
fn every_code_is_shown_explained_and_listed() {
    let answer = |name: &String| fs::read_to_string(home().join(format!("{name}.txt")));
    let answers: String = names().iter().map(|name| answer(name).expect("there")).collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let page = fs::read_to_string(page).expect("the reference is there");
    for entry in CODES {
        let code = entry.code;
        let possible = code != "GX0109" || anything_is_required();
        assert!(!possible || answers.contains(code), "no bad scenario shows {code}");
        assert!(page.contains(&format!("`{code}`")), "the reference does not list {code}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
        let said = command.args(["explain", code]).output().expect("the program can be started");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains(entry.title) && said.contains(entry.text), "{code}: {said}");
    }
    for code in answers.split("\nGX").skip(1).map(|rest| format!("GX{}", &rest[..4])) {
        assert!(CODES.iter().any(|entry| entry.code == code), "{code} is not explained");
    }
}

/// Every mechanism off in turn in every preset: either it is needed, which the checker
/// says, or the run stands its audit and something is sold.
#[test]
fn a_mechanism_can_be_off_or_is_said_to_be_needed() {
    for preset in common::PRESETS {
        for spec in MECHANISMS {
            let text = format!(
                "days = 12\nreplicates = 1\n[population]\nconsumers = 1_500\n[market]\n\
                 merchants = 40\n[start]\nregistered_share = 0.4\n[arm.a]\n\
                 preset = \"{preset}\"\n[arm.a.{}]\nenabled = false\n",
                spec.name
            );
            let scenario = common::try_scenario(&text);
            let alone = matches!(spec.role, Role::Decider | Role::Clearing);
            if spec.needed.is_some() || alone {
                let mistakes = scenario.err().unwrap_or_default();
                assert!(mistakes.contains(spec.name), "{preset} without {}: {mistakes}", spec.name);
                assert!(spec.on_by_default, "{} is needed, but off by default", spec.name);
                continue;
            }
            let scenario = scenario.unwrap_or_else(|mistakes| panic!("{mistakes}"));
            let records = common::run(&scenario);
            let orders = common::metric(&records[0], "orders_count");
            assert!(orders > 0.0, "{preset} without {} sells nothing", spec.name);
        }
    }
}

/// A value that is accepted and is not the default.
fn other(parameter: &Parameter) -> Value {
    let between = |x: f64| if x > parameter.min { (x + parameter.min) / 2.0 } else { x + 1.0 };
    match parameter.default_value() {
        Value::Number(x) => Value::Number(between(x)),
        Value::Integer(n) => Value::Integer(between(n as f64) as i64),
        Value::Text(text) => {
            let word = parameter.choices.iter().find(|word| **word != text);
            Value::Text((*word.expect("there is another word")).to_owned())
        }
        Value::Flag(yes) => Value::Flag(!yes),
        Value::Numbers(_) => panic!("no network has a list"),
    }
}

/// What a kind of network is without and with another value of a parameter differs just
/// where the declaration says that it has an effect.
#[test]
fn parameters_of_a_network_have_an_effect_just_where_they_say() {
    let n = 2_000;
    let segments: Vec<u8> = (0..n).map(|i| (i % 2) as u8).collect();
    let declared = Parameters::DECLARED;
    let kinds = declared.iter().find(|one| one.name == "kind").expect("declared").choices;
    for kind in kinds.iter().filter(|kind| **kind != "file") {
        // Small enough for two thousand consumers to have several of everything.
        let mut values = Values::defaults(declared);
        let mut set = |name: &'static str, value| values.0.insert(name, value);
        set("kind", Value::Text((*kind).to_owned()));
        set("region_size", Value::Integer(400));
        set("interest_group_size", Value::Integer(40));
        set("tie_limit", Value::Integer(20));
        // The law of computed degrees that has a limit and an exponent.
        set("degree_law", Value::Text("power_law".to_owned()));
        let made = |values: &Values| {
            let parameters = Parameters::from_values(values);
            network::generate(&parameters, n, &segments, Key::new(1, 0)).expect("made")
        };
        let plain = made(&values);
        for parameter in declared.iter().filter(|one| !["kind", "file"].contains(&one.name)) {
            let counts = |only: Only| only.key == "kind" && only.values.contains(kind);
            let mut changed = values.clone();
            changed.0.insert(parameter.name, other(parameter));
            let differs = made(&changed) != plain;
            let said = parameter.only.is_none_or(counts);
            assert_eq!(differs, said, "network.{} where kind is {kind}", parameter.name);
        }
    }
}
