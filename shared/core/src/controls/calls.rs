//! What the controls about calls decide of one: each by itself, then the policy's exceptions.

use super::{ABOUT_INVOCATIONS, ControlId};
use crate::{
    catalog::{Catalogue, Destinations},
    cloudtrail::{Half, Invocation, Operation, ProcessedIn},
    decision::{Assessment, Basis, Decision, EvidenceGap, ExpiredException, Irrelevance},
    model::ModelReference,
    policy::Policy,
};

/// What a control decides from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    pub(super) invocation: &'a Invocation,
    pub(super) policy: &'a Policy,
    pub(super) catalogue: &'a Catalogue,
}

impl Evidence<'_> {
    /// Says why a control on source or profile has nothing to say about this record, if it has not.
    pub(super) fn irrelevant_to_the_call(&self) -> Option<Irrelevance> {
        match (&self.invocation.processed_in, self.invocation.half) {
            (_, Half::StreamCompletion) => Some(Irrelevance::DecidedAtStreamCall),
            (ProcessedIn::Nowhere(failure), _) => Some(Irrelevance::ProcessedNowhere {
                failure: failure.clone(),
            }),
            _ => None,
        }
    }

    /// Returns the application profile that the request named, with where it goes by the account's own
    /// list; `None` for another target, and for an application profile that no list resolves.
    pub(super) fn application_profile(&self) -> Option<(&str, Destinations)> {
        let ModelReference::ApplicationProfile(arn) = &self.invocation.target else {
            return None;
        };
        let destinations = self.catalogue.live().application(arn, &self.invocation.source)?;
        Some((arn, destinations))
    }

    /// Says why no inference profile is behind the request: there is none, or the record cannot tell.
    pub(super) fn without_system_profile(&self) -> Decision {
        let decision = match &self.invocation.target {
            ModelReference::ApplicationProfile(arn) => EvidenceGap::ApplicationProfileUnresolved { arn: arn.clone() },
            ModelReference::Indirect(arn) => EvidenceGap::IndirectTarget { arn: arn.clone() },
            ModelReference::Unknown(id) => EvidenceGap::UnknownModelId {
                id: id.chars().take(128).collect(),
            },
            ModelReference::Absent => EvidenceGap::ModelNotNamed,
            ModelReference::FoundationModel(_) | ModelReference::OwnedModel(_) | ModelReference::Profile(_) => {
                return Decision::NotApplicable(Irrelevance::NoProfile);
            }
        };
        if self.invocation.operation == Operation::CreateInference {
            return Decision::NotApplicable(Irrelevance::NoProfile);
        }
        Decision::Undecided(decision)
    }
}

/// Decides every control about one invocation.
///
/// ```
/// use crisguard_core::{catalog::Catalogue, cloudtrail::{Record, parse_record}, controls::assess, exit::Exit, policy::PolicyDocument};
/// let policy = PolicyDocument::parse(br#"
/// version: 1
/// regions: { source: [us-west-2], destination: [us-west-2] }
/// profiles: { global: deny }
/// "#).unwrap().for_account(&"111122223333".parse().unwrap(), None).unwrap();
/// let record = br#"{"eventSource": "bedrock.amazonaws.com", "eventName": "InvokeModel", "eventID": "1",
///   "eventTime": "2026-11-21T10:00:00Z", "awsRegion": "us-west-2", "recipientAccountId": "111122223333",
///   "requestParameters": {"modelId": "us.amazon.nova-lite-v1:0"},
///   "additionalEventData": {"inferenceRegion": "us-east-1"}}"#;
/// let Ok(Record::Inference(invocation)) = parse_record(record) else { panic!("an inference record") };
/// let assessments = assess(&invocation, &policy, &Catalogue::embedded().unwrap());
/// assert_eq!(Exit::of(&assessments), Exit::Violation);
/// ```
#[must_use]
pub fn assess(invocation: &Invocation, policy: &Policy, catalogue: &Catalogue) -> Vec<Assessment> {
    let evidence = Evidence {
        invocation,
        policy,
        catalogue,
    };
    ABOUT_INVOCATIONS
        .into_iter()
        .map(|(control, decide)| excepted(control, decide(&evidence), invocation, policy))
        .collect()
}

/// Returns assessments that say that the policy for the record's account cannot be told.
#[must_use]
pub fn without_policy(invocation: &Invocation, reason: &str) -> Vec<Assessment> {
    undecided(&EvidenceGap::PolicyUnresolved {
        account: invocation.account.to_string(),
        reason: reason.to_owned(),
    })
}

/// Returns assessments that say that nothing about an invocation can be decided, and why.
#[must_use]
pub fn undecided(gap: &EvidenceGap) -> Vec<Assessment> {
    ControlId::about_invocations()
        .map(|control| Assessment {
            control,
            decision: Decision::Undecided(gap.clone()),
            expired_exceptions: Vec::new(),
        })
        .collect()
}

/// Applies the policy's exceptions: one that holds permits, one that has expired is said.
fn excepted(control: ControlId, decision: Decision, invocation: &Invocation, policy: &Policy) -> Assessment {
    let mut expired_exceptions = Vec::new();
    if matches!(decision, Decision::NonCompliant(_) | Decision::Undecided(_)) {
        for exception in policy
            .exceptions()
            .iter()
            .filter(|exception| exception.covers(control, invocation))
        {
            let id = exception.id.as_str().to_owned();
            let expires = exception.expires;
            if exception.holds_at(invocation.time) {
                let decision = Decision::Compliant(Basis::Exception { id, expires });
                return Assessment {
                    control,
                    decision,
                    expired_exceptions: Vec::new(),
                };
            }
            expired_exceptions.push(ExpiredException {
                id,
                owner: exception.owner.as_str().to_owned(),
                expires,
            });
        }
    }
    Assessment {
        control,
        decision,
        expired_exceptions,
    }
}
