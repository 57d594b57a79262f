//! `guanxi init`: a commented scenario to start from.

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
    /// Four platforms alone, and together in one market.
    Competition,
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
    /// Replace a scenario.toml that is there.
    #[arg(long)]
    pub force: bool,
}

/// The text of a template.
#[must_use]
pub fn text(template: Template) -> String {
    let one = include_str!("template.toml");
    let arm = |preset: &str| format!("[arm.{preset}]\npreset = \"{preset}\"\n");
    let with = |name: &str, question: &str, arms: String| {
        one.replace("{name}", name).replace("{question}", question).replace("{arms}", &arms)
    };
    let against = |preset: &str, what: &str| {
        let question = format!("Does {what} beat a shelf for everyday goods?");
        with(preset, &question, format!("{}\n{}", arm("traditional"), arm(preset)))
    };
    match template {
        Template::CompareFour => include_str!("../../scenarios/quickstart.toml").to_owned(),
        Template::Competition => include_str!("../../scenarios/competition.toml").to_owned(),
        Template::Viral => against("viral", "selling through friends"),
        Template::Kol => against("kol", "selling through influencers"),
        Template::Community => against("community", "selling through neighbourhood leaders"),
        Template::Traditional => {
            with("traditional", "How does a shelf sell everyday goods?", arm("traditional"))
        }
    }
}

/// Writes the scenario.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let path = arguments.dir.join("scenario.toml");
    let shown = path.display();
    let failed = |error: std::io::Error| {
        if error.kind() == ErrorKind::AlreadyExists {
            let advice = "choose another folder or replace it with --force";
            return Failure::Output(anyhow::anyhow!("`{shown}` already exists; {advice}"));
        }
        Failure::Output(anyhow::anyhow!("cannot write `{shown}`: {error}"))
    };
    std::fs::create_dir_all(&arguments.dir).map_err(failed)?;
    write(&path, text(arguments.template).as_bytes(), arguments.force).map_err(failed)?;
    screen.data(&path.display().to_string());
    screen.tell(&format!("now edit it, then: guanxi check {shown}; guanxi run {shown}"));
    Ok(())
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
    const NAMES: Catalogue = Catalogue { mechanisms: &[], presets: PRESETS, platforms: 4 };

    #[test]
    fn every_template_is_free_of_mistakes() {
        for template in Template::value_variants() {
            let text = text(*template);
            assert!(!text.contains(['{', '}']), "{template:?} has a place that was not filled");
            let folder = Path::new("");
            let input = Input { name: "t", text: &text, folder, sets: &[] };
            let issues = resolve(&input, &NAMES).err().unwrap_or_default();
            let own: Vec<_> = issues.iter().filter(|issue| issue.file() == "t").collect();
            assert!(own.is_empty(), "{template:?}: {own:#?}");
        }
    }
}
