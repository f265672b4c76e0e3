//! The report of a run: what was decided, how much of it, and what everything rests on.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    account::AccountId,
    change::Evidence,
    finding::PostureFinding,
    posture::{PostureBasis, PostureDecision},
};
use crisguard_lambda::report::Report;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    Assessed, Outcome,
    ports::{Content, KeepReports},
};

/// The most bytes that are answered; Lambda answers no more than six megabytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_ANSWER: usize = 5_000_000;

/// The report.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// When it was looked.
    pub observed_at: Timestamp,
    /// The SHA-256 of the policy in force.
    pub policy_sha256: String,
    /// How much could be decided.
    pub coverage: Coverage,
    /// Where the report lies, where it is too large to be answered whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Every decision, in the order of the accounts, of the Regions' names and of the controls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assessments: Vec<Assessed>,
    /// Where the report lies, and how large it is.
    #[serde(skip)]
    stored: Option<(String, usize)>,
}

impl Answer {
    /// Reports what was decided.
    pub(crate) fn of(observed_at: Timestamp, policy_sha256: &str, assessed: Vec<Assessed>) -> Self {
        Self {
            observed_at,
            policy_sha256: policy_sha256.to_owned(),
            coverage: Coverage::of(&assessed),
            report: None,
            assessments: assessed,
            stored: None,
        }
    }

    /// Stores the report.
    pub(crate) async fn store(&mut self, reports: &impl KeepReports, key: &str) -> Result<(), Report> {
        let json = serde_json::to_vec(self).map_err(|error| Report::of("Report", &error))?;
        self.stored = Some((format!("s3://{}/{key}", reports.bucket()), json.len()));
        let stored = reports.store(key, Content::Json(json)).await;
        stored.map_err(|failure| Report::of("Report", &failure))
    }

    /// Leaves the decisions out that cannot be answered, and says where they are.
    pub(crate) fn shortened(mut self) -> Self {
        if let Some((address, size)) = self.stored.take()
            && size > LARGEST_ANSWER
        {
            self.assessments.clear();
            self.report = Some(address);
        }
        self
    }
}

/// How much of what was asked for could be decided: `regions` × `controls`, less what a control
/// decides in the home Region alone, is `compliant`, `non_compliant` and `undecided`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many accounts.
    pub accounts: usize,
    /// How many Regions, each counted in every account in which it was looked at.
    pub regions: usize,
    /// How many controls.
    pub controls: usize,
    /// How many decisions came out compliant.
    pub compliant: usize,
    /// How many of these are of Regions that are not enabled, where nothing was looked at.
    pub region_not_enabled: usize,
    /// How many came out non-compliant.
    pub(crate) non_compliant: usize,
    /// How many could not be decided.
    pub undecided: usize,
}

impl Coverage {
    /// Counts.
    #[must_use]
    pub fn of(assessed: &[Assessed]) -> Self {
        let count =
            |is: fn(&PostureDecision) -> bool| assessed.iter().filter(|each| is(&each.finding.decision)).count();
        let findings = || assessed.iter().map(|each| &each.finding);
        Self {
            accounts: findings()
                .map(|finding| &finding.account)
                .collect::<BTreeSet<_>>()
                .len(),
            regions: findings()
                .map(|finding| (&finding.account, &finding.region))
                .collect::<BTreeSet<_>>()
                .len(),
            controls: findings().map(|finding| finding.control).collect::<BTreeSet<_>>().len(),
            compliant: count(|decision| matches!(decision, PostureDecision::Compliant(_))),
            region_not_enabled: count(is_not_enabled),
            non_compliant: count(|decision| matches!(decision, PostureDecision::NonCompliant(_))),
            undecided: count(|decision| matches!(decision, PostureDecision::Undecided(_))),
        }
    }
}

/// What is known from when it was last looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    /// What the settings rested on.
    pub(crate) evidence: Evidence,
    /// The ids of what was non-compliant, and when it was seen.
    pub(crate) non_compliant: BTreeMap<String, Timestamp>,
    /// The ids of what was non-compliant or undecided, and when it was seen.
    pub(crate) open: BTreeMap<String, Timestamp>,
}

impl Known {
    /// Of an account at which nobody has looked.
    pub(crate) const fn nothing() -> Self {
        Self {
            evidence: Evidence::unknown(),
            non_compliant: BTreeMap::new(),
            open: BTreeMap::new(),
        }
    }

    /// Takes in what was seen and decided by a run that began at `began`. Another that began later, and has ended
    /// before, knows better what is wrong.
    pub(crate) fn learn(&mut self, outcome: &Outcome, began: Timestamp) {
        for (region, area, seen) in &outcome.seen {
            match seen {
                Some(seen) => self.evidence.learn(region, *area, seen, began),
                None => self.evidence.forget(region, *area),
            }
        }
        let since = |known: &mut BTreeMap<String, Timestamp>, id: &String, at: Timestamp| {
            let known = known.entry(id.clone()).or_insert(at);
            *known = at.max(*known);
        };
        let until = |known: &mut BTreeMap<String, Timestamp>, id: &String, at: Timestamp| {
            if known.get(id).is_some_and(|seen| *seen <= at) {
                known.remove(id);
            }
        };
        for Assessed { finding, .. } in &outcome.assessed {
            let (id, at) = (&finding.id, finding.observed_at);
            match finding.decision {
                PostureDecision::NonCompliant(_) => {
                    since(&mut self.non_compliant, id, at);
                    since(&mut self.open, id, at);
                }
                PostureDecision::Compliant(_) => {
                    until(&mut self.non_compliant, id, at);
                    until(&mut self.open, id, at);
                }
                // What was wrong may still be.
                PostureDecision::Undecided(_) => since(&mut self.open, id, at),
            }
        }
    }

    /// Tells whether a decision is news to anybody. Of a Region that is not enabled there is a decision
    /// for each control every night, and most Regions never were.
    pub(crate) fn is_worth_telling(&self, finding: &PostureFinding) -> bool {
        !is_not_enabled(&finding.decision) || self.open.contains_key(&finding.id)
    }
}

const fn is_not_enabled(decision: &PostureDecision) -> bool {
    matches!(
        decision,
        PostureDecision::Compliant(PostureBasis::RegionNotEnabled { .. })
    )
}

/// Why it was looked, as it stands in the report's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    Nightly,
    ByHand,
    Change,
}

/// Returns the key of a run's report: one for each day and occasion, whose versions are the runs.
pub(crate) fn key(account: &AccountId, now: Timestamp, occasion: Occasion) -> String {
    let day = day(now);
    let occasion = match occasion {
        Occasion::Nightly => "nightly",
        Occasion::ByHand => "by-hand",
        Occasion::Change => "change",
    };
    format!("posture/{account}/{day}/{occasion}.json")
}

/// Returns the key of the report of a run by hand over several accounts.
pub(crate) fn key_of_several(now: Timestamp) -> String {
    format!("posture/organization/{}/by-hand.json", day(now))
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// Returns the key of what is known of an account from when it was last looked.
#[must_use]
pub fn known_key(account: &AccountId) -> String {
    format!("posture/{account}/known.json")
}
