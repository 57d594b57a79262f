//! Writing a graph file whole or not at all: under another name until it is on the disk.

use crate::cli::failure::Failure;
use crate::cli::progress::Kind;
use crate::cli::screen::{Screen, columns};
use crate::cli::{Done, memory};
use crate::network::Network;
use crate::network::graph_file::{Draft, Origin, is_graph_file};
use crate::output::error::OutputError;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::register_usize;
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result as IoResult};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Where a graph file is written.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// The graph file to write.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace a graph file that is there.
    #[arg(long)]
    pub force: bool,
}

/// A network that is to be written, and how long it took to build.
pub struct Made {
    /// The network.
    pub network: Network,
    /// What it was made from.
    pub origin: Origin,
    /// Seconds of building.
    pub seconds: f64,
}

impl Target {
    /// Refuses before hours of work what could not be written in the end.
    pub fn check(&self) -> Done {
        self.may_be_written()?;
        let path = &self.output;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(|error| OutputError::writing(parent, error))?;
        }
        // Whether one may write there is found out by doing it.
        Partial::beside(path).map(drop)
    }

    /// Refuses a path that something else has.
    fn may_be_written(&self) -> Done {
        let path = &self.output;
        let shown = path.display();
        let refused = |why: String| Err(Failure::Output(anyhow::anyhow!(why)));
        if path.file_name().is_none() || path.is_dir() {
            return refused(format!("`{shown}` does not name a file"));
        }
        if fs::symlink_metadata(path).is_ok() {
            if !self.force {
                return refused(format!(
                    "`{shown}` already exists; choose another with --output, or replace it with \
                     --force"
                ));
            }
            if !is_graph_file(path) {
                return refused(format!("`{shown}` is not a graph file, so it is not replaced"));
            }
        }
        Ok(())
    }

    /// Writes the file and tells of it.
    #[expect(clippy::disallowed_methods, reason = "the time taken is told, and shapes no result")]
    pub fn save(&self, made: &Made, kind: Kind, screen: &Screen) -> Done {
        let begun = Instant::now();
        let draft = Draft::new(&made.network, &made.origin);
        let draft = draft.map_err(|error| Failure::Inputs(error.to_string()))?;
        let mut partial = Partial::beside(&self.output)?;
        let stop = Stop::listen().map_err(|error| Failure::Runtime(error.into()))?;
        let mut shown = Shown::new(kind, screen, draft.bytes());
        let mut told = |bytes| {
            shown.written(bytes);
            stop.now()
        };
        let written = draft.write(&mut partial.file, &mut told);
        let written = written.and_then(|()| partial.file.sync_all());
        shown.end();
        if let Some(signal) = stop.signal() {
            let message = format!("interrupted; `{}` was not written", self.output.display());
            return Err(Failure::Interrupted { signal, message });
        }
        written.map_err(|error| OutputError::writing(&self.output, error))?;
        self.may_be_written()?;
        partial.place(&self.output)?;
        self.tell(made, draft.bytes(), begun.elapsed().as_secs_f64(), screen);
        Ok(())
    }

    fn tell(&self, made: &Made, bytes: u64, seconds: f64, screen: &Screen) {
        let Made { network, origin, .. } = made;
        let path = self.output.display().to_string();
        let targets = (network.mean_degree() * f64::from(network.n())).round() as u64;
        let ties = if origin.is_mutual() { targets / 2 } else { targets };
        if screen.json {
            return screen.document(&json!({
                "file": path,
                "kind": origin.parameters.kind,
                "consumers": network.n(),
                "ties": ties,
                "mutual": origin.is_mutual(),
                "file_bytes": bytes,
                "memory_bytes": network.bytes(),
                "peak_bytes": peak(),
                "build_seconds": made.seconds,
                "write_seconds": seconds,
            }));
        }
        let direction = if origin.is_mutual() { "mutual" } else { "directed" };
        let row = |name: &str, value: String| vec![format!("  {name}"), value];
        let mut rows = vec![
            row("kind", origin.parameters.kind.clone()),
            row("consumers", network.n().to_string()),
            row("ties", format!("{ties} ({direction})")),
            row("size", memory::amount(bytes)),
        ];
        rows.extend(peak().map(|peak| row("peak memory", memory::amount(peak))));
        rows.push(row("built in", format!("{:.2} s", made.seconds)));
        rows.push(row("written in", format!("{seconds:.2} s")));
        screen.data(&format!("{path}\n{}", columns(&rows)));
        screen.tell(&format!(
            "use it with --set network.kind=file --set network.file={}",
            self.output.display()
        ));
    }
}

/// The most memory that this process has held, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// A file under another name, which goes away unless it is given its own.
struct Partial {
    path: PathBuf,
    file: File,
    is_placed: bool,
}

impl Partial {
    /// A file beside a path, under a name that is this process's own.
    fn beside(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hidden = path.with_file_name(format!(".{name}.partial-{}", std::process::id()));
        match File::create(&hidden) {
            Ok(file) => Ok(Self { path: hidden, file, is_placed: false }),
            Err(error) => Err(OutputError::writing(path, error).into()),
        }
    }

    /// Gives the file its name.
    fn place(&mut self, path: &Path) -> Done {
        fs::rename(&self.path, path).map_err(|error| OutputError::writing(path, error))?;
        self.is_placed = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_placed {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A signal that came while a file was written; before, a signal ends the process and
/// nothing is on the disk.
struct Stop(Arc<AtomicUsize>);

impl Stop {
    fn listen() -> IoResult<Self> {
        let stop = Self(Arc::default());
        for signal in [SIGINT, SIGTERM] {
            register_usize(signal, stop.0.clone(), signal as usize)?;
        }
        Ok(stop)
    }

    fn signal(&self) -> Option<usize> {
        Some(self.0.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    fn now(&self) -> IoResult<()> {
        self.signal().map_or(Ok(()), |_| Err(Error::from(ErrorKind::Interrupted)))
    }
}

/// Progress of long work: a bar on a terminal, plain lines elsewhere.
pub struct Shown {
    bar: Option<ProgressBar>,
    plain: Option<Screen>,
    total: u64,
    tenths: u64,
}

/// Files that are smaller are written in a moment.
const LARGE: u64 = 1 << 30;

impl Shown {
    /// Progress of writing so many bytes.
    fn new(kind: Kind, screen: &Screen, total: u64) -> Self {
        let is_bar = kind == Kind::Bar || kind == Kind::Auto && screen.terminal && !screen.quiet;
        let is_plain = kind == Kind::Plain || kind == Kind::Auto && !screen.quiet;
        let bar = is_bar.then(|| ProgressBar::new(total));
        if let Some(bar) = &bar
            && let Ok(style) = ProgressStyle::with_template("writing {bar:30} {bytes} {eta} left")
        {
            bar.set_style(style.progress_chars("━╸─"));
        }
        let plain = (is_plain && !is_bar && total >= LARGE).then_some(*screen);
        Self { bar, plain, total, tenths: 0 }
    }

    /// Says that something is being built until the answer is dropped.
    #[must_use]
    pub fn building(kind: Kind, screen: &Screen, what: &str) -> Self {
        let mut shown = Self::new(kind, screen, LARGE);
        if let Some(bar) = &shown.bar {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        if let Some(screen) = shown.plain.take() {
            screen.complain(what);
        }
        shown
    }

    fn written(&mut self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        }
        let tenths = bytes * 10 / self.total.max(1);
        if let Some(screen) = self.plain.filter(|_| tenths > self.tenths) {
            self.tenths = tenths;
            screen.complain(&format!("{:>3} % written", bytes * 100 / self.total.max(1)));
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.end();
    }
}
