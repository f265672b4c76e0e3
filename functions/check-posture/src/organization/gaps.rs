//! A plan as it is read again, and what of it has no result.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    account::AccountId,
    controls::ControlId,
    posture::{NotObserved, PostureDecision, PostureGap},
    region::Region,
};
use serde::{Deserialize, Serialize};

use super::{Line, Run, line};
use crate::{Assessed, Outcome, Subject, function::Shared, run_blind};

/// The action by which plans and results are read.
pub(super) const READ: &str = "s3:GetObject";
/// The most lines that cannot be read which are named.
const MOST_UNREADABLE: usize = 20;

/// The lines of a plan, each once.
pub(super) struct Plan {
    pub(super) lines: BTreeMap<(Region, AccountId), Line>,
    /// What of it cannot be read.
    pub(super) gaps: Gaps,
}

/// What has no result, and why.
pub(super) struct Gaps {
    lost: BTreeMap<AccountId, BTreeMap<Region, NotObserved>>,
    /// The first lines that cannot be read at all.
    unreadable: Vec<NotObserved>,
    /// How many more there are.
    more_unreadable: usize,
}

/// A part of a plan that has no result, and why.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Gap {
    /// The account; none where the plan itself cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
    cause: String,
}

/// What a line is about, whatever else it says.
#[derive(Deserialize)]
struct Place {
    account: AccountId,
    region: Region,
}

impl Plan {
    /// Reads the lines of a run; what is no line of it is a gap.
    pub(super) fn read(text: &[u8], run: &Run) -> Self {
        let mut plan = Self {
            lines: BTreeMap::new(),
            gaps: Gaps {
                lost: BTreeMap::new(),
                unreadable: Vec::new(),
                more_unreadable: 0,
            },
        };
        let lines = text.split(|byte| *byte == b'\n').zip(1..);
        for (text, number) in lines.filter(|(text, _)| !text.trim_ascii().is_empty()) {
            match serde_json::from_slice::<Line>(text) {
                Ok(line) if line.run == *run => {
                    drop(plan.lines.insert((line.region.clone(), line.account.clone()), line));
                }
                _ => {
                    let cause = format!("line {number} of {} is not understood", run.plan());
                    plan.gaps.not_a_line(text, NotObserved::new(READ, &cause));
                }
            }
        }
        plan
    }
}

impl Gaps {
    /// Adds a look that has no result.
    pub(super) fn add(&mut self, account: AccountId, region: Region, why: NotObserved) {
        self.lost.entry(account).or_default().insert(region, why);
    }

    fn not_a_line(&mut self, text: &[u8], why: NotObserved) {
        if let Ok(Place { account, region }) = serde_json::from_slice(text) {
            self.add(account, region, why);
        } else if self.unreadable.len() < MOST_UNREADABLE {
            self.unreadable.push(why);
        } else {
            self.more_unreadable += 1;
        }
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        let lost: usize = self.lost.values().map(BTreeMap::len).sum();
        lost + self.unreadable.len() + self.more_unreadable
    }

    /// Returns the first few.
    pub(super) fn first(&self, most: usize) -> Vec<Gap> {
        let of_plan = self.unreadable.iter().map(|why| Gap {
            account: None,
            region: None,
            cause: why.to_string(),
        });
        let lost = self.lost.iter();
        let lost = lost.flat_map(|(account, regions)| regions.iter().map(move |(region, why)| (account, region, why)));
        let of_looks = lost.map(|(account, region, why)| Gap {
            account: Some(account.clone()),
            region: Some(region.clone()),
            cause: why.to_string(),
        });
        of_plan.chain(of_looks).take(most).collect()
    }

    /// Returns the accounts of which something is left undecided for them.
    pub(super) fn accounts<'a>(&'a self, own: &'a AccountId) -> BTreeSet<&'a AccountId> {
        let own = (!self.unreadable.is_empty()).then_some(own);
        self.lost.keys().chain(own).collect()
    }

    /// Leaves every control of an account undecided where there is no result.
    ///
    /// Of which account a line was that cannot be read, nobody knows: the home Region of the account in which crisguard
    /// stands is left undecided for it, as it is for Regions that cannot be listed.
    pub(super) fn outcome<Ports>(&self, shared: &Shared<'_, Ports>, account: &AccountId) -> Outcome {
        let home = &shared.hub.home;
        let subject = Subject {
            account,
            policy_sha256: shared.policy.sha256(),
            moment: shared.moment,
        };
        let mut outcome = Outcome::nothing();
        for (region, why) in self.lost.get(account).into_iter().flatten() {
            let Outcome { assessed, seen } = run_blind(subject, &line::looks(region, home), why);
            outcome.assessed.extend(assessed);
            outcome.seen.extend(seen);
        }
        if shared.hub.is_of(account) && !self.unreadable.is_empty() {
            let gap = PostureGap::RegionsNotListed {
                region: home.clone(),
                not_observed: self.unreadable.clone(),
            };
            let decision = PostureDecision::Undecided(gap);
            let finding = subject.finding(ControlId::RuleReceivesInference, home.clone(), decision);
            outcome.assessed.retain(|each| each.finding.id != finding.id);
            outcome.assessed.push(Assessed { finding, counted: None });
        }
        outcome
    }
}
