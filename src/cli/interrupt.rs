//! SIGINT and SIGTERM: once to stop after the day, twice to stop at once.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Flags that signals raise.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    /// Raised by the first signal, or by whoever wants the run to end.
    pub stop: Arc<AtomicBool>,
    /// The signal that came, 0 if none did.
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Listens to both signals from now on.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn listen() -> io::Result<Self> {
        let this = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // The order matters: a signal ends the process only if the flag was up before it.
            flag::register_conditional_shutdown(signal, 128 + signal, this.stop.clone())?;
            flag::register(signal, this.stop.clone())?;
            flag::register_usize(signal, this.signal.clone(), signal as usize)?;
        }
        Ok(this)
    }

    /// The signal that came.
    #[must_use]
    pub fn signal(&self) -> Option<usize> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }
}
