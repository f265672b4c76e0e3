//! `crisguard scan`: reads log files wherever they are, and tells where every prompt was processed.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use crisguard_core::tally::{Audit, Unread};
use crisguard_scan::{Content, Scan, ScanError, Settings, Source, all_threads, paths, plan::Address};
use jiff::Timestamp;

use crate::{
    command::{
        Status,
        arguments::{InputPath, ScanArguments},
        audit::{self, Asked},
        aws,
        console::Console,
        failure::Failure,
        progress::Bar,
    },
    s3,
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

/// What is to be read, by where it is.
struct Places {
    files: Vec<OsString>,
    buckets: Vec<Address>,
    from_input: bool,
}

impl Places {
    fn of(paths: &[OsString]) -> Result<Self, Failure> {
        let mut places = Self {
            files: Vec::new(),
            buckets: Vec::new(),
            from_input: false,
        };
        for path in paths {
            match path.to_str() {
                Some("-") => places.from_input = true,
                Some(text) if text.starts_with("s3://") => places.buckets.push(text.parse()?),
                _ => places.files.push(path.clone()),
            }
        }
        Ok(places)
    }

    /// Tells whether it is known how much it is.
    fn are_measured(&self) -> bool {
        !self.from_input
    }
}

fn scan(arguments: &ScanArguments, asked: &Asked, console: &mut Console<'_>) -> Result<Audit, Failure> {
    let places = Places::of(&arguments.paths)?;
    let scan = Arc::new(Scan::start(settings(arguments)));
    let bar = Bar::new(console.watched, asked.language());
    let scanned = thread::scope(|threads| {
        let ended = bar.follow(scan.watch(), threads);
        if bar.is_shown() && places.are_measured() {
            threads.spawn(|| measure(&places.files, &bar));
        }
        let offered = offer(&scan, &places, asked, &bar, console.input);
        let scanned = Arc::into_inner(scan).map(Scan::finish);
        drop(ended);
        offered.map(|()| scanned)
    })?;
    let scanned = scanned.unwrap_or(Err(ScanError::Thread)).map_err(scan_failed)?;
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

fn offer(scan: &Arc<Scan>, places: &Places, asked: &Asked, bar: &Bar, input: &mut dyn Read) -> Result<(), Failure> {
    for source in paths(&places.files) {
        scan.offer(source);
    }
    if !places.buckets.is_empty() {
        aws::run(objects(scan, places, asked, bar))?;
    }
    if places.from_input {
        standard_input(scan, input)?;
    }
    Ok(())
}

/// Lists the objects that are in scope, and reads them.
async fn objects(scan: &Arc<Scan>, places: &Places, asked: &Asked, bar: &Bar) -> Result<(), Failure> {
    let configuration = aws::configuration().await?;
    // A bucket tells where it is, whichever Region is asked first.
    let home = configuration.region().map_or("us-east-1", AsRef::as_ref);
    let store = s3::Aws::new(&configuration, home);
    let found = s3::list(&store, &places.buckets, &asked.scope).await?;
    if places.are_measured() {
        bar.expect(found.bytes());
    }
    s3::read(&store, found.into_places(), scan).await?;
    Ok(())
}

/// Hands standard input to a worker, piece by piece: it may be larger than the memory, and only this thread may read it.
fn standard_input(scan: &Scan, input: &mut dyn Read) -> Result<(), Failure> {
    let name = InputPath::StandardInput.to_string();
    let mut next = || -> Result<Vec<u8>, Failure> {
        let mut piece = Vec::new();
        let read = input.take(PIECE).read_to_end(&mut piece);
        read.map_err(|error| Failure::Input {
            name: name.clone(),
            error,
        })?;
        Ok(piece)
    };
    let mut piece = next()?;
    if piece.is_empty() {
        scan.offer(Source {
            name,
            content: Content::Unreadable(Unread::NothingCame),
        });
        return Ok(());
    }
    let (pieces, content) = sync_channel(PIECES);
    scan.offer(Source {
        name: name.clone(),
        content: Content::Stream(Box::new(Pieces::from(content))),
    });
    // A worker that reads no further has said why.
    while !piece.is_empty() && pieces.send(piece).is_ok() {
        piece = next()?;
    }
    Ok(())
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
