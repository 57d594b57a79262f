//! The command `guanxi`: reads the arguments, calls the library, sets the exit code.

use clap::Parser;
use guanxi::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(guanxi::cli::execute(Cli::parse()))
}
