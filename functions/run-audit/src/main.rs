//! The `crisguard` command: reads the clock, the arguments and the terminal, and leaves the rest to the library.

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    process::ExitCode,
};

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
    let width = terminal_size::terminal_size_of(io::stdout()).map_or(PLAIN_WIDTH, |(width, _)| usize::from(width.0));
    // Below the stripping of colours, so that a line is not a system call for each of its words.
    let colours = AutoStream::choice(&io::stdout());
    let buffered: Box<dyn Write> = Box::new(BufWriter::new(io::stdout().lock()));
    let mut console = Console {
        input: &mut io::stdin().lock(),
        output: &mut AutoStream::new(buffered, colours),
        // Not locked for good: the progress of a scan is drawn there from another thread.
        errors: &mut AutoStream::auto(io::stderr()),
        width,
        watched: io::stderr().is_terminal(),
    };
    run_audit::run(std::env::args_os(), &mut console, now).into()
}
