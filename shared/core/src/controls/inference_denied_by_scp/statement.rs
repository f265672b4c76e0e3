//! Which statements denied a call, where that can be told.

use std::collections::BTreeSet;

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

/// Names the statements that denied a call in each assessment that says that a service control policy did, if
/// what stood above the account is known. What cannot be told stays as it is.
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
            *by = denying(invocation, blocked, policy.as_deref(), known, catalogue).unwrap_or_default();
        }
    }
}

/// The most statements that are named: a finding has to fit into a message.
const MOST: usize = 5;
/// Stands for the statements that are not named.
const MORE: &str = "…";

/// Returns every statement that surely denies the call where it was blocked, of the policy that the message
/// names, or else of any: the call works only when each of them is changed. None where what is known cannot be
/// understood.
fn denying(
    invocation: &Invocation,
    blocked: &BlockedRegion,
    named: Option<&str>,
    known: &KnownMembership,
    catalogue: &Catalogue,
) -> Option<Vec<DenyingStatement>> {
    let document = known.above(invocation.time)?;
    let organization = Organization::new(document.clone()).ok()?;
    let chain = organization.chain(&invocation.account)?;
    if chain.exempt().is_some() {
        return None;
    }
    // A message names the policy by its ARN, which ends in its id.
    let named = named.and_then(|arn| arn.rsplit('/').next());
    let mut denying: BTreeSet<(&str, usize, String)> = BTreeSet::new();
    for evaluation in asked(invocation, &organization, catalogue)? {
        if !is_blocked(&evaluation, blocked) {
            continue;
        }
        let policies = chain.policies().map(|(_, scp)| scp);
        for scp in policies.filter(|scp| named.is_none_or(|named| named == scp.name())) {
            for (statement, truth) in scp.policy().matching(Effect::Deny, &evaluation.request) {
                if truth == Truth::True {
                    let label = scp.label(StatementRef::of(statement)).to_string();
                    denying.insert((scp.name(), statement.index(), label));
                }
            }
        }
    }
    let more = denying.len() > MOST;
    let named = denying.into_iter().take(MOST).map(|(policy, _, statement)| {
        let node = document.policies.iter().find(|node| node.id == policy);
        DenyingStatement {
            policy: policy.to_owned(),
            policy_name: node.and_then(|node| node.name.clone()),
            statement,
            as_of: known.observed_at,
        }
    });
    let mut named: Vec<DenyingStatement> = named.collect();
    if let Some(last) = named.last_mut().filter(|_| more) {
        MORE.clone_into(&mut last.statement);
    }
    Some(named)
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
