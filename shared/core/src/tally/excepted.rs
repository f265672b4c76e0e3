//! What is compliant only by an exception of the policy: auditors look at exceptions one by one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Excepted, ExceptionUse, Outcome,
    judge::{Case, time_of},
};
use crate::{
    account::AccountId,
    cloudtrail::Invocation,
    controls::ControlId,
    decision::{Assessment, Basis, Decision},
    policy::PolicyDocument,
};

/// How exceptions were used, by their ids.
pub(super) struct Uses {
    invocations: u64,
    by_id: BTreeMap<String, Use>,
}

struct Use {
    compliant: u64,
    not_compliant: u64,
    controls: BTreeSet<ControlId>,
    accounts: BTreeSet<AccountId>,
    first: i64,
    last: i64,
}

impl Uses {
    pub(super) const fn none() -> Self {
        Self {
            invocations: 0,
            by_id: BTreeMap::new(),
        }
    }

    /// Counts the invocations of a case, once for each exception that covers any control of them.
    pub(super) fn add(&mut self, case: &Case, invocation: &Invocation, assessments: &[Assessment]) {
        let mut used: BTreeMap<&str, BTreeSet<ControlId>> = BTreeMap::new();
        for assessment in assessments {
            if let Decision::Compliant(Basis::Exception { id, .. }) = &assessment.decision {
                used.entry(id).or_default().insert(assessment.control);
            }
        }
        let is_compliant = case.outcome == Some(Outcome::Compliant);
        if is_compliant && !used.is_empty() {
            self.invocations += case.invocations;
        }
        for (id, controls) in used {
            let entry = self.by_id.entry(id.to_owned()).or_insert_with(|| Use {
                compliant: 0,
                not_compliant: 0,
                controls: BTreeSet::new(),
                accounts: BTreeSet::new(),
                first: case.first,
                last: case.last,
            });
            if is_compliant {
                entry.compliant += case.invocations;
            } else {
                entry.not_compliant += case.invocations;
            }
            entry.controls.extend(controls);
            entry.accounts.insert(invocation.account.clone());
            entry.first = entry.first.min(case.first);
            entry.last = entry.last.max(case.last);
        }
    }

    /// Tells how the exceptions of the policy that decided were used.
    pub(super) fn told(mut self, policy: Option<&PolicyDocument>) -> Excepted {
        let of_policy = policy.map(PolicyDocument::exceptions).unwrap_or_default();
        let mut exceptions: Vec<ExceptionUse> = of_policy
            .iter()
            .filter_map(|exception| {
                let used = self.by_id.remove(exception.id.as_str())?;
                Some(ExceptionUse {
                    id: exception.id.as_str().to_owned(),
                    reason: exception.reason.as_str().to_owned(),
                    owner: exception.owner.as_str().to_owned(),
                    expires: exception.expires,
                    invocations: used.compliant,
                    not_compliant: used.not_compliant,
                    controls: used.controls,
                    accounts: used.accounts,
                    first_seen: time_of(used.first),
                    last_seen: time_of(used.last),
                })
            })
            .collect();
        // Stable: of equally many, as they stand in the policy.
        exceptions.sort_by_key(|used| Reverse((used.invocations, used.not_compliant)));
        Excepted {
            invocations: self.invocations,
            exceptions,
        }
    }
}
