//! `guanxi report`: run folders to one page, and to charts for papers.

use crate::cli::Done;
use crate::cli::failure::Failure;
use crate::cli::screen::Screen;
use crate::output::error::OutputError;
use crate::report::page::Page;
use crate::report::sweeps::Sweep;
use crate::report::{self, say};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Run folders, of which those of one scenario with other replicates count as one; a folder
    /// of a sweep beside them (or alone) adds what matters and where arms break even.
    #[arg(required = true, value_name = "DIR")]
    pub folders: Vec<PathBuf>,
    /// The page [default: report.html in the first folder].
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How it looks.
    #[command(flatten)]
    pub look: Look,
    /// Replace files that are there.
    #[arg(long)]
    pub force: bool,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Look {
    /// Language that the page shows first, and that of charts; the page has both.
    #[arg(long, value_enum, default_value_t = Lang::En)]
    pub lang: Lang,
    /// Write the charts as files beside the page, too, in the folder `charts`.
    #[arg(long, value_enum, value_name = "FORM")]
    pub charts: Option<Charts>,
}

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

/// The form of charts in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Charts {
    /// Scalable vector graphics.
    Svg,
}

/// Makes the report.
pub fn execute(arguments: &Arguments, screen: &Screen) -> Done {
    let file = match (&arguments.output, arguments.folders.first()) {
        (Some(file), _) => file.clone(),
        (None, Some(folder)) => folder.join("report.html"),
        (None, None) => return Err(Failure::Usage("no run folder is given".to_owned())),
    };
    let written = write(&arguments.folders, &file, arguments.look, arguments.force)?;
    if screen.json {
        let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
        screen.document(&json!({ "report": names.first(), "charts": names.get(1..) }));
    } else {
        tell(&written, screen);
    }
    Ok(())
}

/// Says on stdout what was written.
pub fn tell(written: &[PathBuf], screen: &Screen) {
    for (path, what) in written.iter().zip(["report"].into_iter().chain(std::iter::repeat("chart")))
    {
        screen.data(&format!("{what}: {}", path.display()));
    }
}

/// Writes the page, then the charts where asked for; gives all paths, the page first.
pub fn write(
    folders: &[PathBuf],
    file: &Path,
    look: Look,
    force: bool,
) -> Result<Vec<PathBuf>, Failure> {
    let sweeps = folders.iter().filter(|folder| Sweep::is_one(folder)).count();
    if sweeps > 1 {
        let message = format!("a page has one sweep, and {sweeps} are given; make a page of each");
        return Err(Failure::Usage(message));
    }
    let lang = if look.lang == Lang::Zh { say::Lang::Zh } else { say::Lang::En };
    let page = report::page(folders, lang).map_err(|error| Failure::Runtime(error.into()))?;
    let html = report::html(&page).map_err(|error| Failure::Runtime(error.into()))?;
    save(file, &html, force)?;
    let mut written = vec![file.to_path_buf()];
    if look.charts.is_some() {
        let folder = file.parent().unwrap_or(Path::new("")).join("charts");
        written.extend(charts(&page, &folder, lang, force)?);
    }
    Ok(written)
}

fn charts(
    page: &Page,
    folder: &Path,
    lang: say::Lang,
    force: bool,
) -> Result<Vec<PathBuf>, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| OutputError::writing(folder, error))?;
    let mut written = Vec::new();
    for figure in page.figures() {
        let path = folder.join(format!("{}.svg", figure.id));
        save(&path, &figure.file(lang), force)?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a file that is not there yet, or any with `force`.
fn save(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    if !force && std::fs::symlink_metadata(path).is_ok() {
        return Err(OutputError::Exists { path: path.to_path_buf() }.into());
    }
    let failed = |error| OutputError::writing(path, error);
    let mut file = std::fs::File::create(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    Ok(())
}
