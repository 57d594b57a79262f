//! `guanxi init`: a commented scenario to start from, in English or Chinese.

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::cli::screen::Screen;
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The scenarios that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// Four ways of selling against each other.
    CompareFour,
    /// Group-buying and sharing against a shelf.
    Viral,
    /// Influencers against a shelf.
    Kol,
    /// Neighbourhood leaders against a shelf.
    Community,
    /// A shelf alone.
    Traditional,
    /// Several ways of selling on one platform, and what each of them adds.
    Hybrid,
    /// Four platforms alone, and together in one market.
    Competition,
    /// One assumption changed in each arm, to fit a platform to known figures.
    Calibration,
    /// A network of the user's own, with a village as an example.
    OwnNetwork,
}

/// The language of the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    En,
    /// Chinese.
    Zh,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder in which scenario.toml is written.
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// What it compares.
    #[arg(long, value_enum, default_value_t = Template::CompareFour)]
    pub template: Template,
    /// Language of its comments and names.
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub lang: Language,
    /// Replace a scenario.toml that is there.
    #[arg(long)]
    pub force: bool,
}

/// The ties of the village of the template `own-network`, and where its scenario looks for them.
const VILLAGE: (&str, &str) =
    ("data/village.csv", include_str!("../../scenarios/data/village.csv"));

/// A sentence in both languages.
type Both = [&'static str; 2];

/// The question of the template `calibration` in Chinese.
const CALIBRATION_ZH: &str = "哪个假设影响哪个数字，影响多大？";

/// What a template consists of.
enum Body {
    /// A text of its own, in both languages.
    Own(Both),
    /// The text that most have in common, with these parts.
    Common { name: &'static str, question: Both, arms: String },
}

/// An arm for each preset, called like it.
fn arms(presets: &[&str]) -> String {
    let arm = |preset: &&str| format!("[arm.{preset}]\npreset = \"{preset}\"\n");
    presets.iter().map(arm).collect::<Vec<_>>().join("\n")
}

/// The parts of a template.
fn body(template: Template, zh: bool) -> Body {
    let common =
        |name, question, presets: &[&str]| Body::Common { name, question, arms: arms(presets) };
    let written = |name, question, arms: Both| Body::Common {
        name,
        question,
        arms: arms[usize::from(zh)].to_owned(),
    };
    match template {
        Template::CompareFour => Body::Own([
            include_str!("../../scenarios/quickstart.toml"),
            include_str!("templates/compare_four.zh.toml"),
        ]),
        Template::Competition => Body::Own([
            include_str!("../../scenarios/competition.toml"),
            include_str!("templates/competition.zh.toml"),
        ]),
        Template::OwnNetwork => Body::Own([
            include_str!("../../scenarios/own_network.toml"),
            include_str!("templates/own_network.zh.toml"),
        ]),
        Template::Viral => common(
            "viral",
            [
                "Does selling through friends beat a shelf for everyday goods?",
                "卖日用品，通过朋友销售能胜过货架吗？",
            ],
            &["traditional", "viral"],
        ),
        Template::Kol => common(
            "kol",
            [
                "Does selling through influencers beat a shelf for everyday goods?",
                "卖日用品，通过达人直播销售能胜过货架吗？",
            ],
            &["traditional", "kol"],
        ),
        Template::Community => common(
            "community",
            [
                "Does selling through neighbourhood leaders beat a shelf for everyday goods?",
                "卖日用品，通过社区团长销售能胜过货架吗？",
            ],
            &["traditional", "community"],
        ),
        Template::Traditional => common(
            "traditional",
            ["How does a shelf sell everyday goods?", "货架式电商卖日用品的情况如何？"],
            &["traditional"],
        ),
        Template::Hybrid => written(
            "hybrid",
            [
                "Do sessions add to selling through friends, and what does group-buying add?",
                "直播能为通过朋友销售增色吗？拼团又增加了什么？",
            ],
            [include_str!("templates/hybrid.toml"), include_str!("templates/hybrid.zh.toml")],
        ),
        Template::Calibration => written(
            "calibration",
            ["Which assumption moves which figure, and by how much?", CALIBRATION_ZH],
            [
                include_str!("templates/calibration.toml"),
                include_str!("templates/calibration.zh.toml"),
            ],
        ),
    }
}

/// The text of a template.
#[must_use]
pub fn text(template: Template, language: Language) -> String {
    let own = usize::from(language == Language::Zh);
    match body(template, language == Language::Zh) {
        Body::Own(texts) => texts[own].to_owned(),
        Body::Common { name, question, arms } => {
            [include_str!("templates/one.toml"), include_str!("templates/one.zh.toml")][own]
                .replace("{name}", name)
                .replace("{question}", question[own])
                .replace("{arms}", &arms)
        }
    }
}

/// Writes the scenario, and what it reads.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let path = arguments.dir.join("scenario.toml");
    let text = text(arguments.template, arguments.lang);
    let mut files = vec![(path.clone(), text.as_str())];
    if arguments.template == Template::OwnNetwork {
        files.push((arguments.dir.join(VILLAGE.0), VILLAGE.1));
    }
    for (path, text) in &files {
        let folder = path.parent().unwrap_or(&arguments.dir);
        std::fs::create_dir_all(folder).map_err(|error| failed(path, &error))?;
        write(path, text.as_bytes(), arguments.force).map_err(|error| failed(path, &error))?;
        screen.data(&path.display().to_string());
    }
    let shown = path.display();
    screen.tell(&format!("now edit it, then: guanxi check {shown}; guanxi run {shown}"));
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let shown = path.display();
    if error.kind() == ErrorKind::AlreadyExists {
        let advice = "choose another folder or replace it with --force";
        return Failure::Output(anyhow::anyhow!("`{shown}` already exists; {advice}"));
    }
    Failure::Output(anyhow::anyhow!("cannot write `{shown}`: {error}"))
}

/// Writes a file whole or not at all: what is there stays until the new one is complete.
fn write(path: &Path, bytes: &[u8], force: bool) -> std::io::Result<()> {
    if !force && path.symlink_metadata().is_ok() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let new = path.with_file_name(format!(".scenario.toml.new-{}", std::process::id()));
    let written = File::create_new(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // Nothing better can be done where even removing fails.
        let _ = std::fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::preset::PRESETS;
    use crate::scenario::resolve::{Catalogue, Input, resolve};

    /// Presets count by name only, so that the templates' own text is what is tested.
    const NAMES: Catalogue =
        Catalogue { mechanisms: crate::mechanisms::MECHANISMS, presets: PRESETS, platforms: 4 };

    #[test]
    fn every_template_is_free_of_mistakes_in_either_language() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"));
        for template in Template::value_variants() {
            for language in Language::value_variants() {
                let text = text(*template, *language);
                assert!(!text.contains(['{', '}']), "{template:?} has a place that was not filled");
                let input = Input { name: "t", text: &text, folder, sets: &[] };
                let issues = resolve(&input, &NAMES).err().unwrap_or_default();
                let own: Vec<_> = issues.iter().filter(|issue| issue.file() == "t").collect();
                assert!(own.is_empty(), "{template:?}: {own:#?}");
            }
        }
    }

    #[test]
    fn a_template_says_the_same_in_both_languages() {
        let keys = |language, template| -> Vec<String> {
            let text = text(template, language);
            let code = |line: &str| line.split(" #").next().unwrap_or("").trim().to_owned();
            let own = |line: &String| !line.is_empty() && !line.starts_with('#');
            let value = |line: &String| line.starts_with("name =") || line.starts_with("question");
            text.lines().map(code).filter(own).filter(|line| !value(line)).collect()
        };
        for template in Template::value_variants() {
            let (en, zh) = (keys(Language::En, *template), keys(Language::Zh, *template));
            assert_eq!(en, zh, "{template:?}");
        }
    }
}
