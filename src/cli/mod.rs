//! The command line: one file a verb. Data goes to stdout, everything else to stderr.

pub mod bench;
pub mod branch;
pub mod check;
pub mod compare;
pub mod completions;
pub mod diagnostics;
pub mod explain;
pub mod failure;
pub mod forms;
pub mod graph;
pub mod graph_generate;
pub mod graph_import;
pub mod graph_save;
pub mod graph_source;
pub mod init;
pub mod inspect;
pub mod interrupt;
pub mod keeper;
pub mod list;
pub mod load;
pub mod manual;
pub mod memory;
pub mod named;
pub mod pace;
pub mod plan;
pub mod progress;
pub mod reference;
pub mod report;
pub mod resume;
pub mod run;
pub mod schema;
pub mod screen;
pub mod sweep;
pub mod until;
pub mod verify;
pub mod verify_rows;
pub mod watch;

use crate::cli::failure::Failure;
use crate::cli::screen::{Color, Format, Screen};
use crate::simd;
use clap::{Args, Parser, Subcommand};

/// Compare ways of selling in a simulated market.
#[derive(Debug, Parser)]
#[command(name = "guanxi", version, about, arg_required_else_help = true)]
#[command(after_help = "Start with `guanxi init`, then `guanxi run scenario.toml`.\n\n\
    Exit codes: 0 done, 1 run-time failure, 2 command line wrong, 3 scenario wrong,\n\
    4 some runs of a sweep failed, 5 too little memory, 6 verification failed,\n\
    7 output could not be written, 130/143 interrupted.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// How it is shown.
    #[command(flatten)]
    pub show: Show,
}

/// Arguments that every verb has.
#[derive(Clone, Copy, Debug, Args)]
pub struct Show {
    /// Form of the data on stdout, and of messages about scenarios.
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Colours in messages; NO_COLOR is heeded.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Say only what went wrong.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a commented scenario to start from.
    Init(init::Arguments),
    /// Check scenarios: every mistake at once, with its place and what is accepted.
    Check(check::Arguments),
    /// Explain an error code, parameter, mechanism, preset, table, metric or channel.
    Explain(explain::Arguments),
    /// List mechanisms, presets, parameters, tables, metrics or channels.
    List(list::Arguments),
    /// Run a scenario and write a run folder.
    Run(run::Arguments),
    /// Go on with a run that was stopped or killed.
    Resume(resume::Arguments),
    /// Go on from a day of a run under other values: one past, many futures.
    Branch(branch::Arguments),
    /// Check a run folder or a sweep: digests, ledgers, and runs that are run again.
    Verify(verify::Arguments),
    /// Compare arms with the baseline: paired differences with 95 % intervals.
    Compare(compare::Arguments),
    /// Make one page of run folders: the answer, its evidence, its method; English and Chinese.
    Report(report::Arguments),
    /// Run a scenario at many points: a grid, a sampled design or a list.
    Sweep(sweep::Arguments),
    /// Show the points of a sweep, or print a script that runs it in shards.
    Plan(sweep::plan::Arguments),
    /// Put the shards of a sweep together.
    Merge(sweep::merge::Arguments),
    /// Tell how far sweeps are.
    Status(sweep::status::Arguments),
    /// Generate, import and look at networks.
    Graph(graph::Arguments),
    /// Write the JSON Schema of scenarios, for completion in editors.
    Schema(schema::Arguments),
    /// Write completions for a shell.
    Completions(completions::Arguments),
    /// Write the manual page, or those of all verbs.
    Man(completions::ManArguments),
    /// Measure speed and memory on this machine.
    Bench(bench::Arguments),
}

/// Does what the arguments say and gives the exit code.
#[must_use]
pub fn execute(cli: Cli) -> u8 {
    let screen = Screen::new(cli.show);
    interrupt::outlive_file_limits();
    simd::keep_large_apart();
    let done = match cli.verb {
        Verb::Init(arguments) => init::execute(&arguments, &screen),
        Verb::Check(arguments) => check::execute(&arguments, &screen),
        Verb::Explain(arguments) => explain::execute(&arguments, &screen),
        Verb::List(arguments) => list::execute(&arguments, &screen),
        Verb::Run(arguments) => run::execute(&arguments, &screen),
        Verb::Resume(arguments) => resume::execute(&arguments, &screen),
        Verb::Branch(arguments) => branch::execute(&arguments, &screen),
        Verb::Verify(arguments) => verify::execute(&arguments, &screen),
        Verb::Compare(arguments) => compare::execute(&arguments, &screen),
        Verb::Report(arguments) => report::execute(&arguments, &screen),
        Verb::Sweep(arguments) => sweep::execute(&arguments, &screen),
        Verb::Plan(arguments) => sweep::plan::execute(&arguments, &screen),
        Verb::Merge(arguments) => sweep::merge::execute(&arguments, &screen),
        Verb::Status(arguments) => sweep::status::execute(&arguments, &screen),
        Verb::Graph(arguments) => graph::execute(&arguments, &screen),
        Verb::Schema(arguments) => schema::execute(&arguments, &screen),
        Verb::Completions(arguments) => completions::execute(&arguments, &screen),
        Verb::Man(arguments) => completions::man(&arguments, &screen),
        Verb::Bench(arguments) => bench::execute(&arguments, &screen),
    };
    match done {
        Ok(()) if screen::lost() => 7,
        Ok(()) => 0,
        Err(failure) => {
            failure.report(&screen);
            failure.exit_code()
        }
    }
}

/// The command line; what is no UTF-8 in it is shown as such.
#[must_use]
pub fn command_line() -> String {
    let words: Vec<_> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    words.join(" ")
}

/// What a verb ends with.
pub type Done = Result<(), Failure>;
