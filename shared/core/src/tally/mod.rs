//! A count that merges: the unit of every audit.
//!
//! Every record that is read becomes part of a [`Tally`], and tallies merge in any order. Nothing is decided before
//! [`Tally::conclude`]: records are then joined and those that were delivered twice are told apart, so that the
//! [`Audit`] depends on what was read and asked alone, not on how it was cut, in which order or by how many threads
//! it was read.
//!
//! What a tally keeps, in memory: 56 bytes for each record of Bedrock inference (a [`Row`]), and once what many
//! records have in common (account, Region, model, caller, where it was processed: half a kilobyte each). Rows can
//! be taken out and put aside ([`Tally::take_rows`]); what is distinct stays.

mod audit;
mod causes;
mod complete;
mod conclude;
mod coverage;
mod elsewhere;
mod evidence;
mod excepted;
mod file_name;
mod head;
mod judge;
mod resolve;
mod row;
mod unread;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use evidence::{AllEvidence, Known, Role};

pub use audit::{
    AccountControls, Audit, AuditFinding, CoverageAnswer, Covered, Decided, Excepted, ExceptionUse, Exits,
    FindingDecision, Flow, Gap, GapReason, LookedUp, Outcome, Read, Rejected, Route, Scope, UnknownPlace,
};
pub use causes::causes;
pub use file_name::{FileKind, LogFileName};
pub use row::{Id, Row};
pub use unread::Unread;

use coverage::Days;
use elsewhere::Elsewhere;

use crate::{
    account::{AccountId, OrganizationPath},
    catalog::Catalogue,
    cloudtrail::{Invocation, Particulars},
    policy::PolicyDocument,
};

/// The most of what could not be read that is listed one by one.
pub const LISTED_REJECTIONS: usize = 10_000;

/// What was read so far.
#[derive(Clone, Debug)]
pub struct Tally {
    counts: head::Counts,
    /// The least of what could not be read, the greatest first.
    rejected: BinaryHeap<Rejected>,
    /// Of which accounts and Regions all of that is, where it can be told.
    rejected_at: Elsewhere,
    /// The same of paths that lead to no file.
    without_file_at: Elsewhere,
    days: Days,
    looked_up: BTreeSet<LookedUp>,
    /// Ids of events that are no UUIDs, by what stands for them in rows.
    odd_ids: BTreeMap<Id, String>,
    evidence: AllEvidence,
    rows: Vec<Row>,
}

/// What a record says that a tally has, but for its ids and time; of that tally alone, and while it has no others.
#[derive(Clone, Copy, Debug)]
pub struct Like(usize);

/// What is asked of a tally.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What is permitted; without it nothing is decided.
    pub policy: Option<&'a PolicyDocument>,
    /// Where accounts stand in the organization, for a policy that differs by organizational unit.
    pub places: &'a BTreeMap<AccountId, OrganizationPath>,
    /// Where profiles go.
    pub catalogue: &'a Catalogue,
    /// What is looked at.
    pub scope: Scope,
}

#[expect(clippy::new_without_default, reason = "nothing of the subject has a default")]
impl Tally {
    /// Starts with nothing read.
    #[must_use]
    pub fn new() -> Self {
        Self {
            counts: head::Counts::ZERO,
            rejected: BinaryHeap::new(),
            rejected_at: Elsewhere::none(),
            without_file_at: Elsewhere::none(),
            days: Days::none(),
            looked_up: BTreeSet::new(),
            odd_ids: BTreeMap::new(),
            evidence: AllEvidence::none(),
            rows: Vec::new(),
        }
    }

    /// Takes in a record of CloudTrail.
    pub fn add(&mut self, invocation: &Invocation) {
        self.keep(invocation, Role::of(invocation.half));
    }

    /// Takes in a record of CloudTrail, and returns what others that are alike are taken in by.
    pub fn add_first(&mut self, invocation: &Invocation) -> Option<Like> {
        let role = Role::of(invocation.half);
        self.keep(invocation, role);
        let id = self.evidence.of(invocation, role)?.id;
        self.evidence.place(id).map(Like)
    }

    /// Takes in a record that is like one that this tally has, but for its ids and time.
    pub fn add_like(&mut self, like: Like, particulars: &Particulars<'_>) {
        let Particulars {
            event_id,
            request_id,
            time,
        } = *particulars;
        let event = self.event(event_id);
        let Some(known) = self.evidence.at(like.0) else {
            // It is another tally's; the record has one exit all the same.
            self.counts.rejected += 1;
            return;
        };
        self.rows.push(row(known, event, request_id, time));
    }

    /// Returns what stands for an event, whose id is kept where it is no UUID.
    fn event(&mut self, event_id: &str) -> Id {
        Id::of_uuid(event_id).unwrap_or_else(|| {
            let id = Id::of_event(event_id);
            self.odd_ids.entry(id).or_insert_with(|| event_id.to_owned());
            id
        })
    }

    /// Takes in an entry of the invocation log ([`crate::invocation_log::parse`]).
    pub fn add_logged(&mut self, invocation: &Invocation) {
        self.keep(invocation, Role::Log);
    }

    fn keep(&mut self, invocation: &Invocation, role: Role) {
        let identity = &invocation.identity;
        let event = self.event(identity.original_event_id.as_deref().unwrap_or(&identity.event_id));
        let Some(known) = self.evidence.of(invocation, role) else {
            // What was just learned is known; if it were not, the record would still have one exit.
            self.counts.rejected += 1;
            return;
        };
        let request_id = match role {
            Role::Completion => &identity.parent_request_id,
            Role::Call | Role::StreamCall | Role::Log => &invocation.request_id,
        };
        let time = invocation.time.as_microsecond();
        self.rows.push(row(known, event, request_id.as_deref(), time));
    }

    /// Counts records of other services.
    pub fn count_not_bedrock(&mut self, records: u64) {
        self.counts.not_bedrock += records;
    }

    /// Counts records of Bedrock that sent no prompt to a model.
    pub fn count_not_inference(&mut self, records: u64) {
        self.counts.not_inference += records;
    }

    /// Takes in that there is a file of so many bytes; `name` is its place where its path tells.
    pub fn file(&mut self, bytes: u64, name: Option<&LogFileName>, readable: bool) {
        self.counts.files += 1;
        self.counts.bytes += bytes;
        match name {
            Some(name) => self.days.add(name, readable),
            None => self.counts.unplaced_files += 1,
        }
    }

    /// Takes in that there is a file of so many bytes that covers no day, as its path says: an invocation log, a digest,
    /// or one of Insights.
    pub fn file_of_another_kind(&mut self, bytes: u64) {
        self.counts.files += 1;
        self.counts.bytes += bytes;
        self.counts.other_files += 1;
    }

    /// Takes in that there is a page, of so many bytes, of CloudTrail's event history.
    pub fn page(&mut self, bytes: u64) {
        self.counts.pages += 1;
        self.counts.bytes += bytes;
    }

    /// Takes in that the event history of an account and Region was read to its end: all its pages are in this tally, or
    /// in one that it is merged with.
    pub fn looked_up(&mut self, history: LookedUp) {
        self.looked_up.insert(history);
    }

    /// Takes in that a path leads to no file, and why.
    pub fn without_file(&mut self, path: Rejected) {
        self.counts.paths_without_file += 1;
        self.without_file_at.add(&path.file);
        self.list(path);
    }

    /// Takes in a record, or what is left of a file, that could not be read.
    pub fn reject(&mut self, rejected: Rejected) {
        self.counts.rejected += 1;
        self.rejected_at.add(&rejected.file);
        self.list(rejected);
    }

    fn list(&mut self, rejected: Rejected) {
        self.rejected.push(rejected);
        if self.rejected.len() > LISTED_REJECTIONS {
            self.rejected.pop();
        }
    }

    /// Takes in another tally, whichever of the two was first.
    pub fn merge(&mut self, other: Self) {
        self.counts.add(other.counts);
        for rejected in other.rejected {
            self.list(rejected);
        }
        self.rejected_at.merge(other.rejected_at);
        self.without_file_at.merge(other.without_file_at);
        self.days.merge(other.days);
        self.looked_up.extend(other.looked_up);
        self.odd_ids.extend(other.odd_ids);
        self.evidence.merge(other.evidence);
        self.put_rows(other.rows);
    }

    /// Returns how many rows there are: the part of a tally that grows with each record of inference.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Takes the rows out, to be put aside by [`Row::partition`] and given to [`Tally::conclude`].
    pub fn take_rows(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    /// Puts rows back that were taken out of this tally, or of one that it was merged with.
    pub fn put_rows(&mut self, rows: Vec<Row>) {
        if self.rows.is_empty() {
            self.rows = rows;
        } else {
            self.rows.extend(rows);
        }
    }

    /// Joins what belongs together, decides about each invocation once, and tells what it comes to.
    ///
    /// `spilled` are the rows that were taken out, in parts: all rows of a group ([`Row::partition`]) are in one
    /// part, or in the tally itself. So whoever put any aside puts all aside.
    ///
    /// # Errors
    ///
    /// Fails with the first error of `spilled`.
    pub fn conclude<E>(
        self,
        spilled: impl IntoIterator<Item = Result<Vec<Row>, E>>,
        question: &Question<'_>,
    ) -> Result<Audit, E> {
        conclude::conclude(self, spilled, question)
    }
}

/// Returns the row of a record: records of one request are one group, and an event without a request is one of its own.
fn row(known: &Known, event: Id, request_id: Option<&str>, time: i64) -> Row {
    Row {
        group: request_id.map_or_else(|| known.events.mixed(event), |request_id| known.of_request(request_id)),
        event,
        evidence: known.id,
        time,
    }
}

impl Audit {
    /// Returns the JSON Schema of an audit (draft 2020-12).
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }
}

#[cfg(test)]
mod tests;
