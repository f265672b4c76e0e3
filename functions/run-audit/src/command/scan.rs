//! `crisguard scan`: reads log files wherever they are, and tells where every prompt was processed.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

use crisguard_core::tally::Audit;
use crisguard_scan::{Content, Scan, ScanError, Settings, Source, all_threads, paths};
use jiff::Timestamp;

use crate::command::{
    Status,
    arguments::{InputPath, ScanArguments},
    audit::{self, Asked},
    console::Console,
    failure::Failure,
    progress::Bar,
};

/// How many bytes of standard input are handed on at once.
const PIECE: u64 = 1 << 20;
/// How many such pieces wait at most.
const PIECES: usize = 8;

/// Reads everything that the arguments name, and writes what it comes to.
pub(super) fn run(arguments: &ScanArguments, console: &mut Console<'_>, now: Timestamp) -> Result<Status, Failure> {
    if arguments.schema {
        console.write_json(&schemars::schema_for!(Audit))?;
        return Ok(Status::Clean);
    }
    let asked = Asked::read(&arguments.question, &arguments.region, &arguments.form, console.input)?;
    let audit = scan(arguments, &asked, console)?;
    audit::tell(&audit, &asked, &arguments.form, console, now)
}

fn scan(arguments: &ScanArguments, asked: &Asked, console: &mut Console<'_>) -> Result<Audit, Failure> {
    let scan = Scan::start(settings(arguments));
    let (from_input, files): (Vec<OsString>, Vec<OsString>) =
        arguments.paths.iter().cloned().partition(|path| path == "-");
    let bar = Bar::new(console.watched, asked.language());
    let scanned = thread::scope(|threads| {
        bar.follow(scan.watch(), threads);
        if bar.is_shown() && from_input.is_empty() {
            threads.spawn(|| measure(&files, &bar));
        }
        let offered = offer(&scan, &files, !from_input.is_empty(), console.input);
        let scanned = scan.finish();
        bar.end();
        offered.and(scanned.map_err(scan_failed))
    })?;
    scanned.conclude(&asked.question()).map_err(scan_failed)
}

fn settings(arguments: &ScanArguments) -> Settings {
    Settings::with_threads(arguments.threads.unwrap_or_else(all_threads))
}

pub(super) fn scan_failed(error: ScanError) -> Failure {
    Failure::Scan(Box::new(error))
}

/// Adds up how much is to be read, while it is being read.
fn measure(files: &[OsString], bar: &Bar) {
    for source in paths(files) {
        if let Content::File(path) = source.content {
            bar.expect(fs::metadata(path).map_or(0, |metadata| metadata.len()));
        }
        if bar.has_ended() {
            return;
        }
    }
}

fn offer(scan: &Scan, files: &[OsString], from_input: bool, input: &mut dyn Read) -> Result<(), Failure> {
    for source in paths(files) {
        scan.offer(source);
    }
    if from_input {
        standard_input(scan, input)?;
    }
    Ok(())
}

/// Hands standard input to a worker, piece by piece: it may be larger than the memory, and only this thread may read it.
fn standard_input(scan: &Scan, input: &mut dyn Read) -> Result<(), Failure> {
    let name = InputPath::StandardInput.to_string();
    let (pieces, content) = sync_channel(PIECES);
    scan.offer(Source {
        name: name.clone(),
        content: Content::Stream(Box::new(Pieces::from(content))),
    });
    loop {
        let mut piece = Vec::new();
        let length = input
            .take(PIECE)
            .read_to_end(&mut piece)
            .map_err(|error| Failure::Input {
                name: name.clone(),
                error,
            })?;
        // A worker that reads no further has said why.
        if length == 0 || pieces.send(piece).is_err() {
            return Ok(());
        }
    }
}

/// What another thread reads, to be read in this one.
struct Pieces {
    coming: Receiver<Vec<u8>>,
    piece: io::Cursor<Vec<u8>>,
}

impl From<Receiver<Vec<u8>>> for Pieces {
    fn from(coming: Receiver<Vec<u8>>) -> Self {
        Self {
            coming,
            piece: io::Cursor::default(),
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(bytes)? {
                0 if !bytes.is_empty() => match self.coming.recv() {
                    Ok(piece) => self.piece = io::Cursor::new(piece),
                    Err(_) => return Ok(0),
                },
                length => return Ok(length),
            }
        }
    }
}
