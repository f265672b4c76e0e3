//! What the `crisguard` command does, told by its arguments.

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, Parser};
use crisguard_core::policy::PolicyDocument;
use jiff::{Timestamp, tz::TimeZone};

use crate::command::{
    arguments::{Arguments, Command, PolicyCommand, ScpCommand},
    check,
    console::{Console, Forgiving},
    controls, explain,
    failure::Failure,
    lint, lookup, pattern, profiles, reach, scan, template,
};

/// The policy that `crisguard policy example` prints.
const EXAMPLE_POLICY: &str = include_str!("example-policy.yaml");

/// How a command ended; the exit code of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did what was asked, and there is nothing to report: 0.
    Clean,
    /// It did what was asked, and there is something to look at: 1.
    Findings,
    /// It could not do what was asked: 2.
    Incomplete,
}

impl Status {
    /// Returns the exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Incomplete => 2,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        status.code().into()
    }
}

/// Runs the command that `arguments` describe; the first of them is the program's name.
///
/// A reader that goes away (`crisguard … | head`) is no error: what was found decides the status.
pub fn run<I, T>(arguments: I, console: &mut Console<'_>, now: Timestamp) -> Status
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let (width, watched) = (console.width, console.watched);
    let mut output = Forgiving::new(console.output);
    let mut errors = Forgiving::new(console.errors);
    let mut console = Console {
        input: console.input,
        output: &mut output,
        errors: &mut errors,
        width,
        watched,
    };
    let result = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => command(&arguments.command, &mut console, now),
        Err(message) => usage(&message, &mut console),
    };
    // What was written must have arrived before the errors and the exit code speak of it, a failure's too, which sends
    // the reader to what it names.
    let flushed = console.output.flush();
    let result = result.and_then(|status| flushed.map(|()| status).map_err(Failure::from));
    result.unwrap_or_else(|failure| {
        // Where standard error is gone too, the exit code has to say it.
        drop(failure.write(console.errors));
        Status::Incomplete
    })
}

fn command(command: &Command, console: &mut Console<'_>, now: Timestamp) -> Result<Status, Failure> {
    let today = now.to_zoned(TimeZone::UTC).date();
    match command {
        Command::Policy {
            command: PolicyCommand::Check(arguments),
        } => check::run(arguments, console, today),
        Command::Policy {
            command: PolicyCommand::Schema,
        } => {
            console.write_json(&PolicyDocument::json_schema())?;
            Ok(Status::Clean)
        }
        Command::Policy {
            command: PolicyCommand::Example,
        } => {
            console.output.write_all(EXAMPLE_POLICY.as_bytes())?;
            Ok(Status::Clean)
        }
        Command::Pattern(arguments) => pattern::run(arguments, console),
        Command::Explain(arguments) => explain::run(arguments, console),
        Command::Scan(arguments) => scan::run(arguments, console, now),
        Command::Lookup(arguments) => lookup::run(arguments, console, now),
        Command::Reach(arguments) => reach::run(arguments, console),
        Command::Scp {
            command: ScpCommand::Lint(arguments),
        } => lint::run(arguments, console),
        Command::Scp {
            command: ScpCommand::Template(arguments),
        } => template::run(arguments, console),
        Command::Profiles(arguments) => profiles::run(arguments, console),
        Command::Controls(arguments) => controls::run(arguments, console),
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "crisguard", &mut script);
            console.output.write_all(&script)?;
            Ok(Status::Clean)
        }
    }
}

/// Writes what clap has to say: help and version to the output, a wrong use to the errors.
fn usage(message: &clap::Error, console: &mut Console<'_>) -> Result<Status, Failure> {
    let text = message.render();
    if message.use_stderr() {
        write!(console.errors, "{}", text.ansi())?;
        return Ok(Status::Incomplete);
    }
    write!(console.output, "{}", text.ansi())?;
    Ok(Status::Clean)
}
