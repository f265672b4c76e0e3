//! The `crisguard` command: reads the clock, the arguments and the terminal, and leaves the rest to the library.

use std::{io, process::ExitCode};

use anstream::AutoStream;
use run_audit::Console;

/// How wide lines are where the output is not a terminal, in columns.
const PLAIN_WIDTH: usize = 100;

fn main() -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the command reads the clock"
    )]
    let now = jiff::Timestamp::now();
    let width = terminal_size::terminal_size().map_or(PLAIN_WIDTH, |(width, _)| usize::from(width.0));
    let mut console = Console {
        input: &mut io::stdin().lock(),
        output: &mut AutoStream::auto(io::stdout().lock()),
        errors: &mut AutoStream::auto(io::stderr().lock()),
        width,
    };
    run_audit::run(std::env::args_os(), &mut console, now).into()
}
