//! The folder that a report is written to, which may hold an earlier report and nothing else of that name.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crisguard_core::{digest, tally::Audit};
use crisguard_report::{Document, PolicyText, Report, render};
use jiff::Timestamp;

use super::Asked;
use crate::command::{arguments::BesideOf, failure::Failure};

/// The list of a report's files with their digests, as `sha256sum` writes and checks it.
const MANIFEST: &str = "manifest.sha256";
/// What people open.
const PAGE: &str = "report.html";
/// Every file that a report has had.
const NAMES: [&str; 6] = [
    PAGE,
    "report.json",
    "findings.csv",
    "findings.ocsf.json",
    "register.csv",
    MANIFEST,
];

/// A folder in which a report may be written.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes sure that a report overwrites nothing but an earlier one.
    pub(super) fn claim(path: &Path) -> Result<Self, Failure> {
        let failed = |error| failed(path, error);
        // Of a path whose beginning is a file, that beginning is what stands in the way.
        if let Some(file) = path.ancestors().find(|part| part.is_file()) {
            return Err(Failure::NoFolder {
                name: file.display().to_string(),
            });
        }
        fs::create_dir_all(path).map_err(failed)?;
        let manifest = path.join(MANIFEST);
        let listed = match fs::read_to_string(&manifest) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        let listed = digests(&listed);
        for name in NAMES {
            let file = path.join(name);
            let bytes = match fs::read(&file) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            let is_ours = if name == MANIFEST {
                listed.contains_key(PAGE)
            } else {
                listed.get(name) == Some(&digest::of_bytes(&bytes))
            };
            if !is_ours {
                return Err(Failure::NotOurs {
                    name: file.display().to_string(),
                });
            }
        }
        let folder = Self(path.to_owned());
        // Whether it may be written to is not found out after hours of reading.
        let drafted = folder.draft(MANIFEST, b"");
        let removed = folder.remove_draft(MANIFEST);
        drafted.and(removed).map_err(failed)?;
        Ok(folder)
    }

    /// Writes the report, its manifest last, and returns the path of what people open.
    ///
    /// What is there already stays until all of the report is on the disk, and no reader ever sees half a file.
    pub(super) fn write(&self, audit: &Audit, asked: &Asked, now: Timestamp) -> Result<PathBuf, Failure> {
        let documents = rendered(audit, asked, now)?;
        let (last, first): (Vec<&Document>, Vec<&Document>) =
            documents.iter().partition(|document| document.name == MANIFEST);
        let written = self.exchange(&first.into_iter().chain(last).collect::<Vec<_>>());
        if written.is_err() {
            // What went wrong first is told. What of drafts cannot be removed now stands in the way next time, and is
            // told then.
            for document in &documents {
                self.remove_draft(document.name).unwrap_or_default();
            }
        }
        written.map(|()| self.0.join(PAGE))
    }

    fn exchange(&self, documents: &[&Document]) -> Result<(), Failure> {
        let at = |document: &Document| self.0.join(document.name);
        for document in documents {
            let drafted = self.draft(document.name, &document.bytes);
            drafted.map_err(|error| failed(&at(document), error))?;
        }
        for document in documents {
            let renamed = fs::rename(self.draft_of(document.name), at(document));
            renamed.map_err(|error| failed(&at(document), error))?;
        }
        Ok(())
    }

    fn draft_of(&self, name: &str) -> PathBuf {
        self.0.join(format!(".{name}.new"))
    }

    /// Writes a draft, where no draft is: what stands there may be a link that somebody else laid, to any file.
    fn draft(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.remove_draft(name)?;
        let mut draft = File::create_new(self.draft_of(name))?;
        draft.write_all(bytes)?;
        // Before it takes the place of another: what is full is found out here.
        draft.sync_all()
    }

    /// Removes a draft where there is one, as an interrupted command left it, too.
    fn remove_draft(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.draft_of(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::Folder {
        name: path.display().to_string(),
        error,
    }
}

/// Makes the report.
pub(super) fn rendered(audit: &Audit, asked: &Asked, now: Timestamp) -> Result<Vec<Document>, Failure> {
    let policy = asked.policy.as_ref().map(|file| PolicyText {
        name: &file.name,
        text: &file.text,
        sha256: file.document.sha256(),
    });
    let report = Report {
        audit,
        policy,
        posture: asked.beside(BesideOf::Posture),
        reach: asked.beside(BesideOf::Reach),
        generated_at: now,
        language: asked.language,
    };
    render(&report).map_err(|error| Failure::Report(Box::new(error)))
}

/// Reads a manifest: in each line a digest and a name, as `sha256sum` writes them.
fn digests(manifest: &str) -> BTreeMap<&str, String> {
    let lines = manifest.lines();
    lines
        .filter_map(|line| {
            let (digest, name) = line.split_once("  ")?;
            Some((name, digest.to_owned()))
        })
        .collect()
}
