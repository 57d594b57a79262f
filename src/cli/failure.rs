//! How a verb can fail, and the exit code of each way.

use crate::cli::diagnostics;
use crate::cli::screen::Screen;
use crate::engine::experiment::ExperimentError;
use crate::error::Issue;
use crate::model::checkpoint::CheckpointError;
use crate::output::error::OutputError;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Something went wrong while running: 1.
    Runtime(anyhow::Error),
    /// The command line asks for what is not there: 2.
    Usage(String),
    /// A scenario is wrong: 3. What is not reported yet is carried along.
    Scenario(Vec<Issue>),
    /// What a scenario points to, or its arms together, are wrong: 3.
    Inputs(String),
    /// Some runs of an ensemble failed, the others are there: 4.
    Ensemble(String),
    /// The scenario does not fit in memory: 5.
    Memory(String),
    /// A run folder does not hold what it says: 6.
    Verification(String),
    /// The output could not be written: 7.
    Output(anyhow::Error),
    /// A signal stopped it: 128 and the signal's number.
    Interrupted {
        /// The signal.
        signal: usize,
        /// What remains.
        message: String,
    },
}

impl Failure {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Runtime(_) => 1,
            Self::Usage(_) => 2,
            Self::Scenario(_) | Self::Inputs(_) => 3,
            Self::Ensemble(_) => 4,
            Self::Memory(_) => 5,
            Self::Verification(_) => 6,
            Self::Output(_) => 7,
            Self::Interrupted { signal, .. } => u8::try_from(128 + signal).unwrap_or(130),
        }
    }

    /// Tells it on stderr.
    pub fn report(&self, screen: &Screen) {
        match self {
            Self::Runtime(error) | Self::Output(error) => {
                screen.complain(&format!("error: {}", chain(error)));
            }
            Self::Usage(message)
            | Self::Inputs(message)
            | Self::Ensemble(message)
            | Self::Memory(message)
            | Self::Verification(message) => {
                screen.complain(&format!("error: {message}"));
            }
            Self::Scenario(issues) => diagnostics::report(issues, screen),
            Self::Interrupted { message, .. } => screen.complain(message),
        }
    }
}

/// An error and its causes in one line; what a cause says that was said already is left out.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let joint = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{joint}{cause}");
        }
    }
    text
}

impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::Audit { .. } => Self::Runtime(error.into()),
            ExperimentError::Checkpoint(error) => error.into(),
            other => Self::Inputs(other.to_string()),
        }
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Write { path, source } => OutputError::writing(&path, source).into(),
            CheckpointError::Refused { .. } => Self::Inputs(error.to_string()),
            other => Self::Runtime(other.into()),
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        Self::Output(error.into())
    }
}
