//! Policy documents in files, and errors that show the line.

use std::{
    fs::File,
    io::{self, Read},
};

use crisguard_core::policy::{Policy, PolicyDocument, PolicyError};

use crate::command::{
    arguments::{InputPath, Place},
    failure::Failure,
    text::harmless,
};

/// The most that is read of any file, in bytes; a policy or a CloudTrail log file is far smaller.
const LARGEST_INPUT: u64 = 256 * 1024 * 1024;
/// The most columns of a wrong line that are shown on each side of the place.
const SHOWN: usize = 60;

/// A policy document that was read from a file and found sound.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    /// What the file is called in messages.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: String,
    /// The document.
    pub(crate) document: PolicyDocument,
    /// Whom the document has overrides for: accounts and organizational units.
    pub(crate) overrides: Vec<String>,
}

impl PolicyFile {
    /// Reads and parses a policy document.
    pub(crate) fn read(path: &InputPath, input: &mut dyn Read) -> Result<Self, Failure> {
        let name = path.to_string();
        let bytes = read(path, input)?;
        let document = PolicyDocument::parse(&bytes).map_err(|error| Failure::Policy {
            excerpt: excerpt(&name, &bytes, &error),
            name: name.clone(),
            error,
        })?;
        Ok(Self {
            name,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            overrides: document.overridden(),
            document,
        })
    }

    /// Returns what the document comes to for `place`; without an account, the rules for everybody.
    pub(crate) fn at(&self, place: &Place) -> Result<Policy, Failure> {
        // An account and a unit that AWS never issues, so that no override applies.
        let nobody = || "000000000000".parse().ok().zip("o-none/r-none".parse().ok());
        let resolved = match (&place.account, nobody()) {
            (Some(account), _) => self.document.for_account(account, place.organization_path.as_ref()),
            (None, Some((account, unit))) => self.document.for_account(&account, Some(&unit)),
            (None, None) => {
                return Err(Failure::AccountNeeded {
                    name: self.name.clone(),
                    overrides: String::new(),
                });
            }
        };
        resolved.map_err(|error| Failure::Unresolved {
            name: self.name.clone(),
            error,
        })
    }
}

/// Reads a whole file or standard input.
pub(crate) fn read(path: &InputPath, input: &mut dyn Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = match path {
        InputPath::StandardInput => input.take(LARGEST_INPUT + 1).read_to_end(&mut bytes),
        InputPath::File(path) => File::open(path).and_then(|file| file.take(LARGEST_INPUT + 1).read_to_end(&mut bytes)),
    };
    let result = result.and_then(|length| {
        if length as u64 > LARGEST_INPUT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is larger than 256 MiB; split it",
            ));
        }
        Ok(())
    });
    result.map_err(|error| Failure::Input {
        name: path.to_string(),
        error,
    })?;
    Ok(bytes)
}

/// Shows the line that an error speaks of, with a caret under the column.
fn excerpt(name: &str, bytes: &[u8], error: &PolicyError) -> String {
    let PolicyError::Part { line, column, .. } = error else {
        return String::new();
    };
    let (Ok(line), Ok(column)) = (usize::try_from(*line), usize::try_from(*column)) else {
        return String::new();
    };
    let text = String::from_utf8_lossy(bytes);
    let Some(wrong) = line.checked_sub(1).and_then(|above| text.lines().nth(above)) else {
        return String::new();
    };
    let before = column.saturating_sub(1);
    let cut = before.saturating_sub(SHOWN);
    let shown: String = wrong.replace('\t', " ").chars().skip(cut).take(2 * SHOWN).collect();
    let (shown, caret) = (harmless(&shown), before - cut);
    let margin = line.to_string().len();
    format!(
        "{:margin$}--> {name}:{line}:{column}\n{:margin$} |\n{line} | {shown}\n{:margin$} | {:caret$}^\n",
        "", "", "", ""
    )
}
