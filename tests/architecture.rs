//! The house keeps its order: floors, the registry, sizes, and what the library never does.
//!
//! The floors, as `src/lib.rs` lists them and `docs/architecture.md` explains them:
//!
//! | floor | modules | may not know |
//! |---|---|---|
//! | 0 | columns, error, parallel, parameter, quantity, rng, simd, table | agents, files |
//! | 1 | exchange, market, network, population | rules, scenarios |
//! | 2 | mechanism, observer | any particular mechanism |
//! | 3 | mechanisms, observers | the engine, files, each other's files |
//! | 4 | scenario | stepping |
//! | 5 | model | output files |
//! | 6 | engine; output, report | each other; `report` sees `output` |
//! | 7 | cli | – |

mod source;

use guanxi::market::tally::MAX_CHANNELS;
use guanxi::mechanism::spec::{Role, Spec};
use guanxi::mechanisms::MECHANISMS;
use guanxi::parameter::{Parameter, Value};
use guanxi::rng::Stream;
use guanxi::scenario::design;
use guanxi::scenario::layers::is_required;
use guanxi::scenario::preset::PRESETS;
use guanxi::scenario::sections::SECTIONS;
use guanxi::{market, model, network, output, population};
use source::{File, repository, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The realised floors, from the ground up.
const FLOORS: &[&[&str]] = &[
    &["columns", "error", "parallel", "parameter", "quantity", "rng", "simd", "table"],
    &["exchange", "market", "network", "population"],
    &["mechanism", "observer"],
    &["mechanisms", "observers"],
    &["scenario"],
    &["model"],
    &["engine", "output", "report"],
    &["cli"],
];

/// Neighbours on one floor of which one may know the other.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("rng", "quantity"),         // a draw's address holds the clock
    ("rng", "simd"),             // many draws at once
    ("table", "quantity"),       // cells of money
    ("quantity", "columns"),     // what is stored of time and money
    ("quantity", "simd"),        // functions of many numbers are tried in wide code
    ("table", "columns"),        // rows so far
    ("columns", "parallel"),     // what is by shard
    ("market", "exchange"),      // what is sent
    ("population", "market"),    // picking by weights
    ("report", "output"),        // tables and their statistics
    ("observers", "mechanisms"), // the registry only: names of channels
];

/// Macros at the crate's root, and where they live.
const MACROS: &[(&str, &str)] = &[
    ("parameters", "parameter"),
    ("table", "table"),
    ("state", "columns"),
    ("state_words", "columns"),
];

fn floor(module: &str) -> usize {
    let found = FLOORS.iter().position(|floor| floor.contains(&module));
    found.unwrap_or_else(|| panic!("`{module}` stands on no floor; add it to src/lib.rs and here"))
}

/// Fails with all findings, one a line.
fn assert_none(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}

/// The modules that a file imports, tests included: a test should not need the roof.
fn imports(file: &File) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in file.code.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                found.extend(list.split(',').map(word).filter(|name| !name.is_empty()));
            }
            None => {
                found.insert(word(rest));
            }
        }
    }
    let home = |name: String| {
        let lives = MACROS.iter().find(|(macro_name, _)| *macro_name == name);
        lives.map_or(name, |(_, module)| (*module).to_owned())
    };
    found.into_iter().map(home).collect()
}

#[test]
fn every_module_stands_on_a_floor() {
    let mut modules: Vec<String> = sources().iter().map(File::module).collect();
    modules.sort();
    modules.dedup();
    modules.retain(|module| module != "lib" && module != "main");
    let mut listed: Vec<&str> = FLOORS.concat();
    listed.sort_unstable();
    assert_eq!(modules, listed);
}

#[test]
fn modules_import_lower_floors_only() {
    let mut findings = Vec::new();
    for file in sources().iter().filter(|file| file.module() != "main" && file.module() != "lib") {
        let own = file.module();
        for other in imports(file).into_iter().filter(|other| *other != own) {
            let known = NEIGHBOURS.contains(&(own.as_str(), other.as_str()));
            if floor(&other) >= floor(&own) && !known {
                findings.push(format!("{}: `{own}` knows `{other}`", file.path));
            }
        }
    }
    assert_none(&findings, "a module imports lower floors only");
}

#[test]
fn only_the_registry_knows_a_mechanism_by_name() {
    let mut findings = Vec::new();
    for file in sources().iter().filter(|file| file.path != "src/mechanisms/mod.rs") {
        for spec in MECHANISMS {
            let (full, near) =
                (format!("mechanisms::{}", spec.name), format!("super::{}", spec.name));
            let is_neighbour = file.module() == "mechanisms" && file.has_word(&near);
            if file.has_word(&full) || is_neighbour {
                findings.push(format!("{} knows `{}`", file.path, spec.name));
            }
        }
    }
    assert_none(&findings, "nothing but the registry knows a mechanism by name");
}

#[test]
fn observers_do_not_know_each_other() {
    let all = sources();
    let observers: Vec<&File> = all.iter().filter(|file| file.module() == "observers").collect();
    let mut findings = Vec::new();
    for file in observers.iter().filter(|file| file.stem() != "mod") {
        for other in observers.iter().map(|other| other.stem()).filter(|other| *other != "mod") {
            if file.has_word(&format!("super::{other}"))
                || file.has_word(&format!("observers::{other}"))
            {
                findings.push(format!("{} knows `{other}`", file.path));
            }
        }
    }
    assert_none(&findings, "what observers share stands in observers/mod.rs");
}

/// Every declared table, by the path that a scenario writes.
fn tables() -> Vec<(&'static str, &'static [Parameter])> {
    let sections = SECTIONS.iter().map(|section| (section.path, section.parameters));
    sections.chain(MECHANISMS.iter().map(|spec| (spec.name, spec.parameters))).collect()
}

fn assert_unique<T: Ord + std::fmt::Debug>(what: &str, names: impl IntoIterator<Item = T>) {
    let mut counts = BTreeMap::new();
    names.into_iter().for_each(|name| *counts.entry(name).or_insert(0) += 1);
    let twice: Vec<_> = counts.into_iter().filter(|(_, n)| *n > 1).map(|(name, _)| name).collect();
    assert!(twice.is_empty(), "{what} stand twice: {twice:?}");
}

#[test]
fn names_are_given_once() {
    let others = ["arm", "platform", "segment", "category", "enabled", "preset", "summary"];
    let names = MECHANISMS.iter().map(|spec| spec.name);
    let sections = SECTIONS.iter().map(|section| section.path).filter(|path| !path.is_empty());
    assert_unique("tables of a scenario", names.chain(sections).chain(others));
    assert_unique("channels", model::channels().map(|channel| channel.name));
    assert_unique("presets", PRESETS.iter().map(|preset| preset.name));
    for (table, parameters) in tables() {
        let own = parameters.iter().map(|parameter| parameter.name);
        assert_unique(&format!("keys of `{table}`"), own.chain(["enabled"]));
    }
}

#[test]
fn a_world_can_have_a_decider_and_a_clearing_rule() {
    for role in [Role::Decider, Role::Clearing] {
        let on = |spec: &&&Spec| spec.role == role && spec.on_by_default;
        assert_eq!(MECHANISMS.iter().filter(on).count(), 1, "{role:?} on by default");
    }
    for spec in MECHANISMS {
        let sends = !spec.channels.is_empty();
        assert_eq!(sends, spec.role == Role::Sender, "`{}`: senders have channels", spec.name);
        assert!(!spec.summary.is_empty(), "`{}` has no summary", spec.name);
    }
}

#[test]
fn tallies_have_room_for_all_channels() {
    let n = model::channels().count();
    assert!(n <= MAX_CHANNELS, "{n} channels, room for {MAX_CHANNELS}");
    let words = model::channels().filter(|channel| channel.summary.is_empty()).count();
    assert_eq!(words, 0, "channels without a summary");
}

/// All streams outside the mechanisms, by module.
fn world_streams() -> Vec<(&'static str, Stream)> {
    let network = network::STREAMS.iter().map(|stream| ("network", *stream));
    let people = [population::SEGMENT, population::TASTE, population::INFLUENCER];
    let people = people.into_iter().map(|stream| ("population", stream));
    let designs = design::sample::STREAMS.iter().map(|stream| ("design", *stream));
    let others = [("market", market::catalogue::OFFER), ("output", output::bootstrap::RESAMPLE)];
    network.chain(people).chain(others).chain(designs).collect()
}

#[test]
fn streams_are_unique_and_named_after_their_owner() {
    let mut streams = world_streams();
    for spec in MECHANISMS {
        streams.extend(spec.streams.iter().map(|stream| (spec.name, *stream)));
    }
    assert_unique("streams", streams.iter().map(|(_, stream)| stream.name));
    assert_unique("numbers of streams", streams.iter().map(|(_, stream)| stream.id));
    for (owner, stream) in &streams {
        let purpose = stream.name.strip_prefix(owner).and_then(|rest| rest.strip_prefix('/'));
        assert!(purpose.is_some_and(|word| !word.is_empty()), "`{}` of `{owner}`", stream.name);
    }
    let declared: BTreeSet<&str> = streams.iter().map(|(_, stream)| stream.name).collect();
    for file in sources() {
        for rest in file.shipped.split("Stream::new(\"").skip(1) {
            let name = rest.split('"').next().unwrap_or_default();
            assert!(declared.contains(name), "{}: stream `{name}` is in no registry", file.path);
        }
    }
}

#[test]
fn every_parameter_says_what_it_is() {
    let mut findings = Vec::new();
    for (table, parameters) in tables() {
        for p in parameters {
            let empty = [p.doc, p.unit, p.source].iter().any(|text| text.trim().is_empty());
            if empty || p.min > p.max {
                findings.push(format!("{table}.{}: meaning, unit, source, range", p.name));
            }
        }
    }
    assert_none(&findings, "a parameter has meaning, unit, source and a range");
}

#[test]
fn every_default_is_a_value_that_is_accepted() {
    let mut findings = Vec::new();
    for (table, parameters) in tables() {
        for p in parameters.iter().filter(|p| !is_required(p)) {
            let inside = |x: f64| (p.min..=p.max).contains(&x);
            let good = match p.default_value() {
                Value::Number(x) => inside(x),
                Value::Integer(n) => inside(n as f64),
                Value::Numbers(list) => list.into_iter().all(inside),
                Value::Text(text) => p.choices.is_empty() || p.choices.contains(&text.as_str()),
                Value::Flag(_) => true,
            };
            if !good {
                findings.push(format!("{table}.{} = {}", p.name, p.default));
            }
        }
    }
    assert_none(&findings, "a default lies in its range");
}

#[test]
fn files_and_functions_are_short() {
    let mut findings = Vec::new();
    for file in source::all() {
        let lines = file.text.lines().count();
        if lines > 600 {
            findings.push(format!("{} has {lines} lines", file.path));
        }
        for (name, length) in file.functions().into_iter().filter(|(_, length)| *length > 70) {
            findings.push(format!("{}: `{name}` has {length} lines", file.path));
        }
    }
    assert_none(&findings, "a file has at most 600 lines, a function 70");
}

#[test]
fn every_file_begins_with_what_it_is() {
    let plain = source::all().into_iter().filter(|file| !file.text.starts_with("//! "));
    assert_none(&plain.map(|file| file.path).collect::<Vec<_>>(), "a file begins with `//!`");
}

/// What the library leaves to the command line, and how it does not treat mistakes.
const NEVER: &[&str] = &[
    "println!",
    " print!",
    "eprint!",
    "dbg!",
    "todo!",
    "process::exit",
    ".unwrap()",
    ".expect(",
    "std::time",
    "current_num_threads",
    "available_parallelism",
    "HashMap",
    "HashSet",
];

/// Where one of them has its reason.
const MAY: &[(&str, &str)] = &[
    // Tells where the time goes, which no result knows.
    ("src/engine/beats.rs", "std::time"),
    // Divides the threads among ranks.
    ("src/engine/ranks.rs", "current_num_threads"),
    // As many take shards in turn as there are threads; who takes which shapes no result.
    ("src/parallel.rs", "current_num_threads"),
];

#[test]
fn the_library_never_prints_exits_or_unwraps() {
    let mut findings = Vec::new();
    let outside = |file: &&File| matches!(file.module().as_str(), "cli" | "main");
    for file in sources().iter().filter(|file| !outside(file)) {
        for word in NEVER.iter().filter(|word| file.shipped_code.contains(**word)) {
            if !MAY.contains(&(file.path.as_str(), word)) {
                findings.push(format!("{}: `{word}`", file.path));
            }
        }
    }
    assert_none(&findings, "the library never prints, exits or unwraps");
}

#[test]
fn no_test_is_ignored_or_waits() {
    let mut findings = Vec::new();
    for file in source::all() {
        for word in
            ["#[ignore", "#[should_panic", "thread::sleep", "#[allow(", "#![allow(dead_code)]"]
        {
            // `allow` in a macro's expansion serves every caller, where `expect` would not hold.
            let is_macro = file.path == "src/parameter.rs" && word == "#[allow(";
            if file.code.contains(word) && !is_macro {
                findings.push(format!("{}: `{word}`", file.path));
            }
        }
    }
    assert_none(&findings, "tests run, and lints are expected with a reason");
}

/// Paths that a text of the project names: in code spans, from the root; in links, from
/// the text's own folder.
fn named_paths(path: &str, text: &str) -> Vec<String> {
    let tops = ["src/", "tests/", "docs/", "scenarios/", "benches/", ".ci/"];
    let spans = text.split('`').skip(1).step_by(2).filter(|span| {
        tops.iter().any(|top| span.starts_with(top))
            && !span.contains(['*', '<', '{', '…', ' ', '\n'])
    });
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let links = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let links =
        links.filter(|link| !link.is_empty() && !link.contains("://") && !link.contains("mailto:"));
    let links = links.map(|link| format!("{folder}/{link}").trim_start_matches('/').to_owned());
    spans.map(str::to_owned).chain(links).collect()
}

#[test]
fn every_path_that_the_documents_name_exists() {
    let mut findings = Vec::new();
    for file in source::documents() {
        for path in named_paths(&file.path, &file.text) {
            let path =
                path.split("::").next().unwrap_or_default().trim_end_matches([',', '.', ':']);
            if !repository().join(path).exists() {
                findings.push(format!("{} names `{path}`", file.path));
            }
        }
    }
    assert_none(&findings, "what the documents name exists");
}
