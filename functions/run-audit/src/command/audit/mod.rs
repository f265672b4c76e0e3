//! What an audit is asked, and how its answer is told: the part that every way to read records shares.

mod folder;
mod routes;
mod sentences;
#[cfg(test)]
mod tests;
mod unread;
mod words;
mod write;

use std::{collections::BTreeMap, convert::Infallible, io::Read};

use crisguard_core::{
    account::{AccountId, OrganizationPath},
    catalog::Catalogue,
    policy::Language,
    region::Region,
    scp::organization::Organization,
    tally::{Audit, Question, Row, Scope, Tally},
};
use jiff::Timestamp;
use serde_json::Value;

use crate::command::{
    Status,
    arguments::{AuditForm, AuditQuestion, BesideOf, Format, InputPath},
    console::{BOLD, Console},
    failure::Failure,
    policy_file::{self, PolicyFile},
    reach,
    text::harmless,
};
use folder::Folder;
use words::Words;
pub(super) use words::many;

/// What is asked of an audit, with every document read: nothing is found wrong only after hours of reading.
pub(super) struct Asked {
    pub(super) policy: Option<PolicyFile>,
    pub(super) scope: Scope,
    places: BTreeMap<AccountId, OrganizationPath>,
    catalogue: Catalogue,
    language: Language,
    beside: Vec<(BesideOf, Value)>,
    folder: Option<Folder>,
}

impl Asked {
    /// Reads all that the arguments name.
    pub(super) fn read(
        question: &AuditQuestion,
        regions: &[Region],
        form: &AuditForm,
        input: &mut dyn Read,
    ) -> Result<Self, Failure> {
        if let Some((from, to)) = question.from.as_ref().zip(question.to.as_ref())
            && !from.is_before(to)
        {
            return Err(Failure::NoTime {
                from: from.clone(),
                to: to.clone(),
            });
        }
        let policy = match &question.policy {
            Some(path) => Some(PolicyFile::read(path, input)?),
            None => None,
        };
        let mut beside = Vec::new();
        for one in &form.with {
            if beside.iter().any(|(what, _)| *what == one.what) {
                return Err(Failure::BesideTwice(one.what));
            }
            beside.push((one.what, json(&one.file, one.what, input)?));
        }
        let asked = Self {
            policy,
            scope: Scope {
                from: question.from.as_ref().map(|from| from.time),
                to: question.to.as_ref().map(|to| to.time),
                accounts: question.account.iter().cloned().collect(),
                regions: regions.iter().cloned().collect(),
            },
            places: places(question, input)?,
            catalogue: Catalogue::embedded()?,
            language: form.language.into(),
            beside,
            folder: form.out.as_deref().map(Folder::claim).transpose()?,
        };
        asked.rehearse()?;
        Ok(asked)
    }

    /// Makes a report of nothing: what cannot be shown beside an audit is refused before anything is read.
    fn rehearse(&self) -> Result<(), Failure> {
        if self.beside.is_empty() {
            return Ok(());
        }
        let nothing = std::iter::empty::<Result<Vec<Row>, Infallible>>();
        let Ok(audit) = Tally::new().conclude(nothing, &self.question());
        folder::rendered(&audit, self, Timestamp::UNIX_EPOCH)?;
        Ok(())
    }

    /// Returns the language of the answer.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Returns the question that a tally answers.
    pub(super) fn question(&self) -> Question<'_> {
        Question {
            policy: self.policy.as_ref().map(|file| &file.document),
            places: &self.places,
            catalogue: &self.catalogue,
            scope: self.scope.clone(),
        }
    }

    /// Tells whether the policy depends on places in the organization, and none is known.
    fn lacks_places(&self) -> bool {
        let by_unit = |file: &PolicyFile| file.overrides.iter().any(|of| of.starts_with("o-"));
        self.places.is_empty() && self.policy.as_ref().is_some_and(by_unit)
    }

    fn beside(&self, what: BesideOf) -> Option<&Value> {
        let answer = self.beside.iter().find(|(of, _)| *of == what);
        answer.map(|(_, answer)| answer)
    }
}

/// Writes the answer and the report, and tells how that ends.
pub(super) fn tell(
    audit: &Audit,
    asked: &Asked,
    form: &AuditForm,
    console: &mut Console<'_>,
    now: Timestamp,
) -> Result<Status, Failure> {
    match form.format {
        Format::Text => write::write(audit, asked, console.output, console.width)?,
        Format::Json => console.write_json(audit)?,
    }
    if let Some(folder) = &asked.folder {
        let page = folder.write(audit, asked, now)?;
        let words = Words::of(asked.language);
        let line = format!(
            "{BOLD}{}{BOLD:#}: {}",
            words.report,
            harmless(&page.display().to_string())
        );
        match form.format {
            Format::Text => writeln!(console.output, "\n{line}")?,
            Format::Json => writeln!(console.errors, "{line}")?,
        }
    }
    if audit.read_nothing() {
        return Err(Failure::NothingRead {
            files: audit.read.files,
        });
    }
    Ok(status(audit, form.strict))
}

/// Tells how an audit ends. What is not known is never taken for compliant: without a policy nothing is, and neither is
/// what was read where something may be missing beside it.
fn status(audit: &Audit, strict: bool) -> Status {
    if strict && audit.unread() > 0 {
        return Status::Incomplete;
    }
    let is_decided = audit.policy_sha256.is_some() && audit.exits.violation + audit.exits.undecided == 0;
    let is_open = !is_decided || !audit.is_whole();
    if is_open { Status::Findings } else { Status::Clean }
}

/// Returns where accounts stand in the organization.
fn places(question: &AuditQuestion, input: &mut dyn Read) -> Result<BTreeMap<AccountId, OrganizationPath>, Failure> {
    if let Some(path) = &question.organization_path {
        let accounts = question.account.iter();
        return Ok(accounts.map(|account| (account.clone(), path.clone())).collect());
    }
    let Some(file) = &question.organization else {
        return Ok(BTreeMap::new());
    };
    let organization: Box<Organization> = reach::organization(file, input)?;
    if organization.id().is_none() {
        return Err(Failure::NoOrganizationId { name: file.to_string() });
    }
    Ok(organization.places())
}

/// Reads an answer that a report shows beside the audit.
fn json(file: &InputPath, what: BesideOf, input: &mut dyn Read) -> Result<Value, Failure> {
    let bytes = policy_file::read(file, input)?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::Beside {
        name: file.to_string(),
        what: match what {
            BesideOf::Posture => "a report of check-posture",
            BesideOf::Reach => "what `crisguard reach --format json` prints",
        },
        error,
    })
}
