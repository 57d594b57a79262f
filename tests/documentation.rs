//! The documentation is true: the reference is that of the registry, and every command
//! and every scenario in it is understood. `tests/architecture.rs` follows its paths.

use clap::Parser;
use guanxi::cli::{Cli, manual};
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use std::path::{Path, PathBuf};

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README, CHANGELOG and everything below `docs`, as (path, text).
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("docs can be listed") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let text = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a page can be read");
        (path, text)
    };
    paths.into_iter().map(text).collect()
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut inside: Option<(bool, String)> = None;
    for line in page.lines() {
        match (line.trim_start().strip_prefix("```"), inside.take()) {
            (Some(name), None) => inside = Some((name.trim() == language, String::new())),
            (Some(_), Some((wanted, block))) => blocks.extend(wanted.then_some(block)),
            (None, Some((wanted, block))) => inside = Some((wanted, block + line + "\n")),
            (None, None) => {}
        }
    }
    blocks
}

/// The spans between single backticks outside of fenced blocks.
fn spans(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut spans = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    spans
}

/// The words of a command line; quotation marks hold words together, `#` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (_, Some(mark)) if c == mark => quote = None,
            ('\'' | '"', None) => quote = Some(c),
            ('#', None) if words.last().is_some_and(String::is_empty) => break,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("there is a last word").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments of `guanxi` in a command line; none where it is another program's.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = words(line.trim().trim_start_matches("$ "));
    let own = match words.first().map(String::as_str) {
        Some("guanxi") => 1,
        Some("cargo") if words.get(1).is_some_and(|verb| verb == "run") => {
            words.iter().position(|word| word == "--")? + 1
        }
        _ => return None,
    };
    let redirected = |word: &String| word.starts_with('>') || word.starts_with('|');
    let end = words.iter().position(redirected).unwrap_or(words.len());
    Some([&["guanxi".to_owned()], &words[own..end]].concat())
}

/// Every line of guanxi's in the shell blocks and spans of the pages.
fn commands() -> Vec<(PathBuf, Vec<String>)> {
    let mut commands = Vec::new();
    for (path, page) in pages() {
        let lines: Vec<String> =
            blocks(&page, "sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
        // `guanxi run` alone names a verb.
        let is_whole = |span: &String| span.starts_with("guanxi ") && span.split(' ').count() > 2;
        for line in lines.into_iter().chain(spans(&page).into_iter().filter(is_whole)) {
            commands.extend(arguments(&line).map(|words| (path.clone(), words)));
        }
    }
    commands
}

#[test]
fn every_page_below_docs_stands_in_the_book() {
    let docs = root().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).expect("the book's contents");
    for (path, _) in pages() {
        let Ok(page) = path.strip_prefix(&docs) else { continue };
        let listed = summary.contains(&format!("]({})", page.display()));
        assert!(listed || page.ends_with("SUMMARY.md"), "{} is not listed", page.display());
    }
}

#[test]
fn the_reference_is_that_of_the_registry() {
    let committed = std::fs::read_to_string(root().join("docs/reference.md")).unwrap_or_default();
    assert!(
        committed == manual::text(),
        "docs/reference.md is stale; renew it with `cargo run -- list reference > docs/reference.md`"
    );
}

#[test]
fn every_command_of_the_pages_is_understood() {
    let commands = commands();
    assert!(commands.len() > 10, "only {} commands were found", commands.len());
    for (path, words) in commands {
        if let Err(error) = Cli::try_parse_from(&words) {
            let fine = !error.use_stderr();
            assert!(fine, "{}: {}\n{error}", path.display(), words.join(" "));
        }
    }
}

#[test]
fn every_scenario_that_a_command_of_the_pages_names_is_there() {
    for (path, words) in commands() {
        for file in words.iter().filter(|word| word.starts_with("scenarios/")) {
            let there = root().join(file).is_file();
            assert!(
                there,
                "{}: {} names a file that is not there",
                path.display(),
                words.join(" ")
            );
        }
    }
}

/// A block is a scenario or a part of one; a part is completed by an arm. A preset
/// (its first key is `summary`) stands in an arm.
fn completed(block: &str) -> String {
    if block.contains("[arm.") {
        return block.to_owned();
    }
    if !block.lines().any(|line| line.starts_with("summary =")) {
        return format!("{block}\n[arm.viral]\npreset = \"viral\"\n");
    }
    let mut arm = "[arm.own]\n".to_owned();
    for line in block.lines().filter(|line| !line.starts_with("summary =")) {
        arm += &line.replacen('[', "[arm.own.", usize::from(line.starts_with('[')));
        arm.push('\n');
    }
    arm
}

#[test]
fn every_scenario_of_the_pages_is_free_of_mistakes() {
    for (path, page) in pages() {
        for block in blocks(&page, "toml") {
            let text = completed(&block);
            let name = path.display().to_string();
            let folder = root().join("scenarios");
            let input = Input { name: &name, text: &text, folder: &folder, sets: &[] };
            if let Err(issues) = resolve(&input, &CATALOGUE) {
                let messages: Vec<&str> =
                    issues.iter().map(|issue| issue.message.as_str()).collect();
                panic!("{name}: {}\n{text}", messages.join("; "));
            }
        }
    }
}

#[test]
fn every_mechanism_is_described_in_the_model() {
    let model = std::fs::read_to_string(root().join("docs/model.md")).unwrap_or_default();
    for spec in guanxi::mechanisms::MECHANISMS {
        let heading = format!("### {}", spec.name);
        let there = model.lines().any(|line| line == heading);
        assert!(there, "docs/model.md has no section `{heading}`");
        for stream in spec.streams {
            let there = model.contains(&format!("`{}`", stream.name));
            assert!(there, "docs/model.md does not say what stream `{}` decides", stream.name);
        }
    }
}

/// Where the commands of a page are carried out: the scenarios that come with the program, and
/// files like those that the pages speak of.
fn workshop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut open = vec![PathBuf::from("scenarios")];
    while let Some(part) = open.pop() {
        std::fs::create_dir_all(folder.path().join(&part)).expect("a folder");
        for entry in std::fs::read_dir(root().join(&part)).expect("scenarios can be listed") {
            let entry = entry.expect("an entry can be read");
            let inner = part.join(entry.file_name());
            if entry.path().is_dir() {
                open.push(inner);
            } else {
                std::fs::copy(entry.path(), folder.path().join(inner)).expect("copied");
            }
        }
    }
    for own in ["friends.csv", "trust.txt"] {
        let village = root().join("scenarios/data/village.csv");
        std::fs::copy(village, folder.path().join(own)).expect("copied");
    }
    folder
}

/// A command of the README made small enough for a test: few people, few days, a folder of its own.
fn shrunk(mut words: Vec<String>, number: usize) -> Vec<String> {
    let has = |words: &[String], flag: &str| words.iter().any(|word| word == flag);
    if words[1] == "bench" {
        // Whatever suite: one small world is enough to see that the command works.
        let folder = format!("bench_{number}");
        let small = ["bench", "--agents", "2000", "--days", "2", "--cases", "viral", "-o", &folder];
        words.truncate(1);
        words.extend(small.map(str::to_owned));
        return words;
    }
    if words[1] == "branch" {
        words.iter_mut().for_each(|word| *word = word.replace("@day=90", "@day=1"));
    }
    for word in &mut words {
        if word == "30d" {
            "1d".clone_into(word);
        }
    }
    // What is compared of folders was run already.
    let of_folders = words[1] == "compare" && !words.iter().any(|word| word.ends_with(".toml"));
    if of_folders || !["run", "compare", "sweep", "plan"].contains(&words[1].as_str()) {
        return words;
    }
    // A comparison that stops by itself has a most instead of a number.
    let replicates = match has(&words, "--until") {
        true => ("--max-replicates", "5"),
        false => ("--replicates", "2"),
    };
    for (flag, value) in [("--days", "3"), replicates] {
        match words.iter().position(|word| word == flag) {
            Some(at) => words[at + 1] = value.to_owned(),
            None => words.extend([flag.to_owned(), value.to_owned()]),
        }
    }
    if let Some(at) = words.iter().position(|word| word == "--points") {
        words[at + 1] = "4".to_owned();
    }
    let own_ties = words.iter().any(|w| w.contains("own_network") || w.contains("network.file"));
    if !own_ties {
        words.extend(["--set".to_owned(), "population.consumers=2000".to_owned()]);
    }
    if words[1] == "run" && !has(&words, "-o") && !has(&words, "-n") && !has(&words, "--dry-run") {
        words.extend(["-o".to_owned(), format!("run_{number}")]);
    }
    words
}

/// Carries out the commands of a page one after the other, each file of the page saved under
/// its scenario's name before.
fn carry_out(page: &str, small: bool) {
    let text = std::fs::read_to_string(root().join(page)).expect("a page can be read");
    let folder = workshop();
    for block in blocks(&text, "toml") {
        let name = block.lines().find_map(|line| line.strip_prefix("name = "));
        let name = name.unwrap_or("part").trim_matches('"');
        let path = folder.path().join(format!("{name}.toml"));
        std::fs::write(path, completed(&block)).expect("written");
    }
    let mut done = 0;
    for line in blocks(&text, "sh").iter().flat_map(|block| block.lines()) {
        let Some(words) = arguments(line) else { continue };
        let words = if small { shrunk(words, done) } else { words };
        let program = assert_cmd::cargo::cargo_bin!("guanxi");
        let said = std::process::Command::new(program)
            .current_dir(folder.path())
            .args(&words[1..])
            .output()
            .expect("the program can be started");
        // Here every run has come to its end: there is nothing left to resume.
        let refused = line.contains("# refused") || words[1] == "resume";
        let told = String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.status.success(), !refused, "{page}: {}\n{told}", words.join(" "));
        done += 1;
    }
    assert!(done > 3, "{page} has only {done} commands");
}

#[test]
fn every_command_of_the_tutorial_does_what_it_says() {
    carry_out("docs/tutorial.md", false);
}

#[test]
fn every_command_of_the_chinese_lesson_does_what_it_says() {
    carry_out("docs/zh/tutorial.md", false);
}

#[test]
fn every_command_of_the_readme_works() {
    carry_out("README.md", true);
    carry_out("docs/zh/README.md", true);
}

/// A scenario of the pages runs: small, for two days.
#[test]
fn every_scenario_of_the_pages_runs() {
    for (path, page) in pages() {
        for block in blocks(&page, "toml") {
            let folder = workshop();
            std::fs::write(folder.path().join("s.toml"), completed(&block)).expect("written");
            let program = assert_cmd::cargo::cargo_bin!("guanxi");
            let said = std::process::Command::new(program)
                .current_dir(folder.path())
                .args(["run", "s.toml", "--days", "2", "--replicates", "1", "-o", "out"])
                .args(["--set", "population.consumers=1000", "--set", "population.influencers=20"])
                .output()
                .expect("the program can be started");
            let told = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success(), "{}: {told}\n{block}", path.display());
        }
    }
}
