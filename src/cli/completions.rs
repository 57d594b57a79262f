//! `guanxi completions` and `guanxi man`: what the shell and `man` read, from the same
//! declaration of the command line as `--help`.

use crate::cli::failure::Failure;
use crate::cli::screen::Screen;
use crate::cli::{Cli, Done};
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// For which shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write a page for every verb into this folder instead of one page to stdout.
    #[arg(short, long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// Writes the completions of a shell to stdout.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "guanxi", &mut text);
    screen.data(String::from_utf8_lossy(&text).trim_end());
    Ok(())
}

/// Writes the manual pages.
pub fn man(arguments: &ManArguments, screen: &Screen) -> Done {
    let command = Cli::command();
    let Some(folder) = &arguments.output else {
        screen.data(String::from_utf8_lossy(&page(command)).trim_end());
        return Ok(());
    };
    let failed = |path: &Path, error: std::io::Error| {
        Failure::Output(anyhow::anyhow!("cannot write `{}`: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (name, page) in pages(command) {
        let path = folder.join(format!("{name}.1"));
        let written = std::fs::File::create(&path).and_then(|mut file| file.write_all(&page));
        written.map_err(|error| failed(&path, error))?;
        screen.data(&path.display().to_string());
    }
    Ok(())
}

/// The page of a command and those of its verbs, by name.
fn pages(command: Command) -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    let verbs: Vec<Command> =
        command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    pages.push(("guanxi".to_owned(), page(command)));
    for verb in verbs {
        let name = format!("guanxi-{}", verb.get_name());
        // Shown as it is typed; clap wants names that live as long as the program.
        pages.push((name.clone(), page(verb.name(leaked(name)))));
    }
    pages
}

/// A name that stays until the program ends: one for each verb, once.
fn leaked(name: String) -> &'static str {
    Box::leak(name.into_boxed_str())
}

fn page(command: Command) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = Man::new(command).render(&mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_and_is_completed() {
        let pages = pages(Cli::command());
        assert!(pages.iter().all(|(_, page)| page.starts_with(b".ie") || page.len() > 200));
        let mut completed = Vec::new();
        clap_complete::generate(Shell::Bash, &mut Cli::command(), "guanxi", &mut completed);
        let completed = String::from_utf8_lossy(&completed).into_owned();
        for verb in Cli::command().get_subcommands() {
            let name = verb.get_name();
            assert!(pages.iter().any(|(page, _)| *page == format!("guanxi-{name}")), "{name}");
            assert!(completed.contains(name), "{name}");
        }
    }
}
