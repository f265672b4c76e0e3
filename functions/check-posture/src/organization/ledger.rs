//! What the results of a run come to, folded one by one: counts of everything, and the worst of it by name.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use crisguard_core::{
    account::AccountId,
    controls::ControlId,
    decision::Severity,
    finding::PostureFinding,
    posture::{PostureBasis, PostureDecision},
    region::Region,
};
use serde::Serialize;

use crate::report::Coverage;

/// The most decisions of a kind that are named: an organization has hundreds of thousands.
pub(super) const MOST_NAMED: usize = 2000;
/// The longest explanation that is named, in characters; the account's own result has all of it.
const LONGEST: usize = 300;

/// What came out, the worst last: where two results decide the same, the worse holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    NotEnabled,
    Compliant,
    Undecided,
    NonCompliant,
}

impl Came {
    const fn of(decision: &PostureDecision) -> Self {
        match decision {
            PostureDecision::Compliant(PostureBasis::RegionNotEnabled { .. }) => Self::NotEnabled,
            PostureDecision::Compliant(_) => Self::Compliant,
            PostureDecision::Undecided(_) => Self::Undecided,
            PostureDecision::NonCompliant(_) => Self::NonCompliant,
        }
    }
}

/// What has come out by now.
#[derive(Debug)]
pub(super) struct Ledger {
    accounts: BTreeMap<AccountId, BTreeMap<Region, BTreeMap<ControlId, Came>>>,
    non_compliant: Foremost,
    undecided: Foremost,
}

/// How often a decision came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    compliant: usize,
    /// How many of these are of Regions that are not enabled.
    region_not_enabled: usize,
    non_compliant: usize,
    undecided: usize,
}

/// What came out about an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct OfAccount {
    account: AccountId,
    /// How many Regions.
    regions: usize,
    #[serde(flatten)]
    tally: Tally,
}

/// What came out about a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct OfControl {
    control: ControlId,
    #[serde(flatten)]
    tally: Tally,
}

/// A decision by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Named {
    severity: Reverse<Severity>,
    account: AccountId,
    region: Region,
    control: ControlId,
    explanation: String,
}

/// The first few of some decisions, in the order of their severity and places.
#[derive(Debug)]
struct Foremost(BTreeSet<Named>);

impl Foremost {
    fn add(&mut self, finding: &PostureFinding) {
        self.0.insert(Named {
            severity: Reverse(finding.severity),
            account: finding.account.clone(),
            region: finding.region.clone(),
            control: finding.control,
            explanation: finding.explanation.chars().take(LONGEST).collect(),
        });
        if self.0.len() > MOST_NAMED {
            self.0.pop_last();
        }
    }
}

impl Ledger {
    /// Begins without any result.
    pub(super) const fn empty() -> Self {
        Self {
            accounts: BTreeMap::new(),
            non_compliant: Foremost(BTreeSet::new()),
            undecided: Foremost(BTreeSet::new()),
        }
    }

    /// Takes in a decision.
    pub(super) fn add(&mut self, finding: &PostureFinding) {
        let came = Came::of(&finding.decision);
        let regions = self.accounts.entry(finding.account.clone()).or_default();
        let controls = regions.entry(finding.region.clone()).or_default();
        let known = controls.entry(finding.control).or_insert(came);
        *known = came.max(*known);
        match came {
            Came::NonCompliant => self.non_compliant.add(finding),
            Came::Undecided => self.undecided.add(finding),
            Came::NotEnabled | Came::Compliant => {}
        }
    }

    /// Returns how much could be decided.
    pub(super) fn coverage(&self) -> Coverage {
        let Tally {
            compliant,
            region_not_enabled,
            non_compliant,
            undecided,
        } = self.tally(|_| true);
        Coverage {
            accounts: self.accounts.len(),
            regions: self.accounts.values().map(BTreeMap::len).sum(),
            controls: self.controls().len(),
            compliant,
            region_not_enabled,
            non_compliant,
            undecided,
        }
    }

    /// Returns what came out about each account, the worst first.
    pub(super) fn by_account(&self) -> Vec<OfAccount> {
        let of_account = |(account, regions): (&AccountId, &BTreeMap<Region, BTreeMap<ControlId, Came>>)| OfAccount {
            account: account.clone(),
            regions: regions.len(),
            tally: Tally::of(regions.values().flat_map(BTreeMap::values)),
        };
        let mut accounts: Vec<OfAccount> = self.accounts.iter().map(of_account).collect();
        accounts.sort_by_key(|of| Reverse((of.tally.non_compliant, of.tally.undecided)));
        accounts
    }

    /// Returns what came out about each control.
    pub(super) fn by_control(&self) -> Vec<OfControl> {
        let of_control = |control| OfControl {
            control,
            tally: self.tally(|decided| decided == control),
        };
        self.controls().into_iter().map(of_control).collect()
    }

    /// Returns the first of what is not as it must be, and of what cannot be told.
    pub(super) const fn named(&self) -> (&BTreeSet<Named>, &BTreeSet<Named>) {
        (&self.non_compliant.0, &self.undecided.0)
    }

    fn controls(&self) -> BTreeSet<ControlId> {
        self.decisions().map(|(control, _)| *control).collect()
    }

    fn tally(&self, counts: impl Fn(ControlId) -> bool) -> Tally {
        Tally::of(
            self.decisions()
                .filter(|(control, _)| counts(**control))
                .map(|(_, came)| came),
        )
    }

    fn decisions(&self) -> impl Iterator<Item = (&ControlId, &Came)> {
        self.accounts.values().flat_map(BTreeMap::values).flatten()
    }
}

impl Tally {
    fn of<'a>(decisions: impl Iterator<Item = &'a Came>) -> Self {
        let mut tally = Self {
            compliant: 0,
            region_not_enabled: 0,
            non_compliant: 0,
            undecided: 0,
        };
        for came in decisions {
            match came {
                Came::NotEnabled => {
                    tally.compliant += 1;
                    tally.region_not_enabled += 1;
                }
                Came::Compliant => tally.compliant += 1,
                Came::Undecided => tally.undecided += 1,
                Came::NonCompliant => tally.non_compliant += 1,
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use crisguard_core::posture::{NotObserved, PostureGap, PostureViolation, RuleProblem, Unknown};

    use super::*;

    fn finding(account: &str, control: ControlId, decision: PostureDecision) -> PostureFinding {
        let now = "2026-11-22T17:00:00Z".parse().unwrap();
        PostureFinding::new(control, account.parse().unwrap(), region(), now, decision, "")
    }

    fn region() -> Region {
        "eu-west-1".parse().unwrap()
    }

    fn wrong() -> PostureDecision {
        let bus = "b".repeat(1000);
        PostureDecision::NonCompliant(PostureViolation::RulesDoNotReceive {
            region: region(),
            problems: vec![RuleProblem::BusMissing { bus }],
            not_observed: Vec::new(),
        })
    }

    fn untold() -> PostureDecision {
        PostureDecision::Undecided(PostureGap::Settings {
            region: region(),
            unknown: vec![Unknown::NotObserved(NotObserved::new("x:Y", "no"))],
        })
    }

    fn well() -> PostureDecision {
        PostureDecision::Compliant(PostureBasis::AsAsked { region: region() })
    }

    #[test]
    fn what_is_decided_twice_is_counted_once_and_the_worse_holds() {
        let control = ControlId::RuleReceivesInference;
        for (decisions, came) in [
            ([well(), untold()], "undecided"),
            ([untold(), well()], "undecided"),
            ([wrong(), untold()], "non_compliant"),
            ([untold(), wrong()], "non_compliant"),
            ([well(), well()], "compliant"),
        ] {
            let mut ledger = Ledger::empty();
            for decision in decisions {
                ledger.add(&finding("111122223333", control, decision));
            }
            let coverage = serde_json::to_value(ledger.coverage()).unwrap();
            for each in ["compliant", "non_compliant", "undecided"] {
                assert_eq!(coverage[each], u64::from(each == came), "{came}: {coverage}");
            }
            assert_eq!((&coverage["accounts"], &coverage["regions"]), (&1.into(), &1.into()));
        }
    }

    #[test]
    fn however_much_there_is_the_worst_of_it_is_named_and_all_is_counted() {
        let (high, low) = (ControlId::RuleReceivesInference, ControlId::VpcEndpointPresent);
        assert!(high.severity() > low.severity());
        let mut ledger = Ledger::empty();
        for number in 0..MOST_NAMED {
            let account = format!("{number:012}");
            ledger.add(&finding(&account, low, wrong()));
            ledger.add(&finding(&account, high, wrong()));
        }
        let (non_compliant, undecided) = ledger.named();
        assert_eq!((non_compliant.len(), undecided.len()), (MOST_NAMED, 0));
        let named = |named: &Named| named.control == high && named.explanation.chars().count() <= LONGEST;
        assert!(non_compliant.iter().all(named));
        assert_eq!(ledger.coverage().accounts, MOST_NAMED);
        assert_eq!(ledger.tally(|_| true).non_compliant, 2 * MOST_NAMED);
        let by_control = ledger.by_control();
        assert_eq!(
            by_control.iter().map(|of| of.tally.non_compliant).collect::<Vec<_>>(),
            [MOST_NAMED; 2]
        );
    }
}
