//! SIGINT and SIGTERM: once to stop after the day, twice to stop at once. A file that may
//! not grow is a failure of writing, not the end of the process.

use crate::cli::screen::Screen;
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::{flag, low_level};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// The one that listens, for a process that runs several scenarios.
static LISTENING: OnceLock<Interrupt> = OnceLock::new();

/// Flags that signals raise.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Raised by the first signal, or by whoever wants the run to end.
    pub stop: Arc<AtomicBool>,
    /// The signal that came, 0 if none did.
    signal: Arc<AtomicUsize>,
    /// What is left on the disk where the process ends at once.
    left: Arc<Mutex<Option<PathBuf>>>,
}

impl Interrupt {
    /// Listens to both signals from now on, and says on the screen what follows.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn listen(screen: Screen) -> io::Result<Self> {
        if let Some(known) = LISTENING.get() {
            return Ok(known.clone());
        }
        let this = Self::default();
        let signals = Signals::new([SIGINT, SIGTERM])?;
        for signal in [SIGINT, SIGTERM] {
            // The number first: whoever sees `stop` finds it, however late the thread is.
            flag::register_usize(signal, this.signal.clone(), signal as usize)?;
            flag::register(signal, this.stop.clone())?;
        }
        let heard = this.clone();
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || heard.hear(signals, screen))?;
        Ok(LISTENING.get_or_init(|| this).clone())
    }

    /// What is left on the disk from now on where the process ends at once.
    pub fn leaves(&self, folder: &Path) {
        if let Ok(mut left) = self.left.lock() {
            *left = Some(folder.to_path_buf());
        }
    }

    /// The signal that came.
    #[must_use]
    pub fn signal(&self) -> Option<usize> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }

    /// Waits for signals: says what the first does, and ends the process at the second.
    fn hear(&self, mut signals: Signals, screen: Screen) {
        let mut first = true;
        for signal in signals.forever() {
            if std::mem::take(&mut first) {
                screen.complain("stopping after this day; a second signal stops at once");
                continue;
            }
            let left = self.left.lock().ok().and_then(|left| left.clone());
            let left = left.filter(|folder| folder.exists());
            let left = left.map(|folder| format!("; `{}` is left", folder.display()));
            screen.complain(&format!("stopped at once{}", left.unwrap_or_default()));
            low_level::exit(128 + signal);
        }
    }
}

/// Lets a write beyond the limit on a file's size fail like any other write; without
/// this the system ends the process, and nobody says where.
pub fn outlive_file_limits() {
    // Where the system refuses, it ends the process as it would have done anyway.
    let _ = flag::register(SIGXFSZ, Arc::default());
}
