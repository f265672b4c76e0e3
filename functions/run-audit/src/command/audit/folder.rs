//! The folder that a report is written to, which may hold an earlier report and nothing else of that name.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crisguard_core::tally::Audit;
use crisguard_report::{Document, PolicyText, Report, render};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

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
        let failed = |error| Failure::Folder {
            name: path.display().to_string(),
            error,
        };
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
                listed.get(name) == Some(&digest(&bytes))
            };
            if !is_ours {
                return Err(Failure::NotOurs {
                    name: file.display().to_string(),
                });
            }
        }
        Ok(Self(path.to_owned()))
    }

    /// Writes the report, its manifest last, and returns the path of what people open.
    pub(super) fn write(&self, audit: &Audit, asked: &Asked, now: Timestamp) -> Result<PathBuf, Failure> {
        let documents = rendered(audit, asked, now)?;
        let (last, first): (Vec<&Document>, Vec<&Document>) =
            documents.iter().partition(|document| document.name == MANIFEST);
        for document in first.into_iter().chain(last) {
            let file = self.0.join(document.name);
            // Renamed, so that no reader ever sees half a file.
            let draft = self.0.join(format!(".{}.new", document.name));
            fs::write(&draft, &document.bytes)
                .and_then(|()| fs::rename(&draft, &file))
                .map_err(|error| Failure::Folder {
                    name: file.display().to_string(),
                    error,
                })?;
        }
        Ok(self.0.join(PAGE))
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

fn digest(bytes: &[u8]) -> String {
    let bytes = Sha256::digest(bytes);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
