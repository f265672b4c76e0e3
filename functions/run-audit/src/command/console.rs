//! The streams that a command reads and writes, and the few styles it uses.

use std::io::{self, ErrorKind, Read, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::command::{failure::Failure, text::escaped};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default();

/// What a command reads and writes.
///
/// Output holds colours as ANSI sequences; whoever makes a console strips them where they are
/// not wanted (`anstream` does, and honours `NO_COLOR`).
#[expect(missing_debug_implementations, reason = "streams have nothing to show")]
pub struct Console<'a> {
    /// Where `-` reads from.
    pub input: &'a mut dyn Read,
    /// Where results go.
    pub output: &'a mut dyn Write,
    /// Where errors go.
    pub errors: &'a mut dyn Write,
    /// How wide lines are, in columns.
    pub width: usize,
    /// Whether somebody watches the standard error of the process: then it shows how far a long reading is.
    pub watched: bool,
}

impl Console<'_> {
    /// Writes a value as indented JSON, with a line end.
    ///
    /// What could drive a terminal is escaped: JSON itself asks for that below U+0020 only.
    pub(crate) fn write_json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
        Ok(writeln!(self.output, "{}", escaped(&json))?)
    }
}

/// A stream that swallows everything once its reader has gone.
pub(crate) struct Forgiving<'a> {
    inner: &'a mut dyn Write,
    gone: bool,
}

impl<'a> Forgiving<'a> {
    pub(crate) fn new(inner: &'a mut dyn Write) -> Self {
        Self { inner, gone: false }
    }

    fn forgive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            result => result,
        }
    }
}

impl Write for Forgiving<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let result = self.inner.write(bytes);
        self.forgive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let result = self.inner.flush();
        self.forgive(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone(ErrorKind);

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_forgiven_and_a_full_disk_is_not() {
        assert!(Forgiving::new(&mut Gone(ErrorKind::BrokenPipe)).write_all(b"x").is_ok());
        assert!(
            Forgiving::new(&mut Gone(ErrorKind::StorageFull))
                .write_all(b"x")
                .is_err()
        );
    }
}
