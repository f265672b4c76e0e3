//! Which statement denied a call, where that can be told.

use std::collections::BTreeMap;

use crate::{
    arn::Arn,
    catalog::Catalogue,
    cloudtrail::{BlockedRegion, Invocation, Operation},
    decision::{Assessment, Decision, DenyingStatement, Violation},
    posture::KnownMembership,
    scp::{
        Effect, StatementRef, Truth,
        organization::Organization,
        reach::{Caller, Evaluation, INVOKE, Principal, Target, UNSPECIFIED, evaluations},
    },
};

/// Names the statement that denied a call in each assessment that says that a service control policy did,
/// if what stood above the account is known and only one statement can have been it. What cannot be told
/// stays as it is.
pub fn name_statements(
    assessments: &mut [Assessment],
    invocation: &Invocation,
    known: &KnownMembership,
    catalogue: &Catalogue,
) {
    for assessment in assessments {
        if let Decision::NonCompliant(Violation::DeniedByScp {
            blocked,
            policy,
            explicit: true,
            by,
            ..
        }) = &mut assessment.decision
        {
            *by = denying(invocation, blocked, policy.as_deref(), known, catalogue);
        }
    }
}

/// Returns the only statement that denies the call where it was blocked, surely, and that no other may.
fn denying(
    invocation: &Invocation,
    blocked: &BlockedRegion,
    named: Option<&str>,
    known: &KnownMembership,
    catalogue: &Catalogue,
) -> Option<DenyingStatement> {
    let document = known.above(invocation.time)?;
    let organization = Organization::new(document.clone()).ok()?;
    let chain = organization.chain(&invocation.account)?;
    if chain.exempt().is_some() {
        return None;
    }
    // A message names the policy by its ARN, which ends in its id.
    let named = named.and_then(|arn| arn.rsplit('/').next());
    let mut candidates: BTreeMap<(String, String), Truth> = BTreeMap::new();
    for evaluation in asked(invocation, &organization, catalogue)? {
        if !is_blocked(&evaluation, blocked) {
            continue;
        }
        let policies = chain.policies().map(|(_, scp)| scp);
        for scp in policies.filter(|scp| named.is_none_or(|named| named == scp.name())) {
            for (statement, truth) in scp.policy().matching(Effect::Deny, &evaluation.request) {
                let statement = scp.label(StatementRef::of(statement)).to_string();
                let most = candidates.entry((scp.name().to_owned(), statement)).or_insert(truth);
                if truth == Truth::True {
                    *most = truth;
                }
            }
        }
    }
    let mut candidates = candidates.into_iter();
    match (candidates.next(), candidates.next()) {
        (Some(((policy, statement), Truth::True)), None) => {
            let mut policies = document.policies.iter();
            let policy_name = policies
                .find(|node| node.id == policy)
                .and_then(|node| node.name.clone());
            Some(DenyingStatement {
                policy,
                policy_name,
                statement,
                as_of: known.observed_at,
            })
        }
        _ => None,
    }
}

/// Returns what AWS evaluated for the call.
fn asked(invocation: &Invocation, organization: &Organization, catalogue: &Catalogue) -> Option<Vec<Evaluation>> {
    let target = Target::profile(invocation.target.profile()?.id(), &invocation.source, catalogue)?;
    let [whole, in_stream] = INVOKE;
    let action = match &invocation.operation {
        operation if operation.name() == Operation::MANTLE => return None,
        operation if operation.is_streaming() => in_stream,
        _ => whole,
    };
    let principal = invocation.principal.name();
    // A session without its issuer has another ARN than its role, whose path is not known.
    let principal = match Arn::parse(principal) {
        Some(arn) if arn.service == "iam" => Principal::Arn(principal.to_owned()),
        _ => Principal::Unknown,
    };
    let mut caller = Caller::new(invocation.account.clone(), &principal);
    if let Some(id) = organization.id() {
        caller = caller.in_organization(id, organization.path(&invocation.account).as_ref());
    }
    Some(evaluations(&target, &caller, &action.parse().ok()?))
}

/// Tells whether an evaluation may be the one that was blocked.
fn is_blocked(evaluation: &Evaluation, blocked: &BlockedRegion) -> bool {
    match blocked {
        BlockedRegion::Region(region) => *evaluation.region == *region.as_str(),
        BlockedRegion::Unspecified => *evaluation.region == *UNSPECIFIED,
        BlockedRegion::NotNamed => true,
    }
}

#[cfg(test)]
mod tests;
