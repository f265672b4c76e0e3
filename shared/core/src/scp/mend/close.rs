//! The statement that closes profiles which work and can leave the allowed Regions.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    MendError,
    statement::{PROFILE_ARN, REGION},
};
use crate::{
    catalog::Destinations,
    policy::{Policy, RegionSet},
    region::SourceRegion,
    scp::{
        self,
        organization::{Chain, Scp},
        reach::{Call, Caller, INVOKE, Reach, Target, UNSPECIFIED, Verdict, leaves},
    },
};

/// A policy that closes what leaves, ready to be attached beside the others: a deny needs no change of them.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Closing {
    /// The policy.
    pub document: Value,
    /// How many characters it has without white space.
    pub size: usize,
    /// What left, or could leave, and fails with it, by evaluating it again, as `profile from source Region`.
    pub closed: Vec<String>,
    /// What leaves still, or could.
    pub open: Vec<String>,
    /// What stayed inside the allowed Regions, and fails with it: to be known before it is attached.
    pub breaks: Vec<String>,
}

/// Returns the policy that closes those of the targets that leave the allowed Regions, or could: that work, or are
/// undecided. `None` if none does, or if no policy can close any: none applies to the management account and
/// to service-linked roles.
///
/// A global profile is closed by the Region `unspecified` alone. AWS's own example names `global.*` with
/// `ArnLike` besides, which an application profile made from a global one is likely to pass
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>). Calls without a
/// profile are closed where one of the targets is such a call, and left as they are otherwise.
///
/// ```
/// use crisguard_core::{
///     catalog::Catalogue,
///     policy::PolicyDocument,
///     region::SourceRegion,
///     scp::{mend::close, organization::Chain, reach::{Caller, Principal, Target}},
/// };
/// let policy = b"version: 1\nregions: {source: [eu-west-1], destination: [eu-west-1]}\nprofiles: {global: deny}\n";
/// let account = "111122223333".parse()?;
/// let policy = PolicyDocument::parse(policy)?.for_account(&account, None)?;
/// let ireland = SourceRegion("eu-west-1".parse()?);
/// let targets = Target::profiles("global.anthropic.*", &[ireland], &Catalogue::embedded()?);
/// let caller = Caller::new(account, &Principal::Ordinary);
/// let closing = close(&targets, &Chain::of_files([])?, &caller, &policy)?.unwrap();
/// assert_eq!(closing.document.pointer("/Statement/0/Condition/StringEquals/aws:RequestedRegion").unwrap(), "unspecified");
/// assert!(closing.open.is_empty() && closing.breaks.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Fails if the policy that was made cannot be read, which would be an error of this program.
pub fn close(
    targets: &[Target],
    chain: &Chain,
    caller: &Caller,
    policy: &Policy,
) -> Result<Option<Closing>, MendError> {
    let RegionSet::Only(allowed) = policy.destination_regions() else {
        return Ok(None);
    };
    if chain.exempt().is_some() || caller.is_service_linked() {
        return Ok(None);
    }
    let before = Reach::of_account(chain, caller, targets.to_vec())?;
    let mut leaving: Vec<&Target> = Vec::new();
    let mut staying: Vec<&Target> = Vec::new();
    for (target, verdict) in before.verdicts(caller.account()) {
        match verdict {
            Verdict::Works | Verdict::Undecided { .. } if !leaves(target, policy).is_empty() => leaving.push(target),
            Verdict::Works => staying.push(target),
            Verdict::Fails(_) | Verdict::Undecided { .. } => {}
        }
    }
    if leaving.is_empty() {
        return Ok(None);
    }
    let mut statements = Vec::new();
    let is_global = |target: &&Target| target.destinations == Destinations::EveryCommercialRegion;
    let is_direct = |target: &&Target| matches!(target.call, Call::Model(_));
    let any_global = leaving.iter().any(is_global);
    if any_global {
        statements.push(json!({
            "Sid": "NoGlobalProfiles", "Effect": "Deny", "Action": INVOKE, "Resource": "*",
            "Condition": { "StringEquals": { REGION: UNSPECIFIED } }
        }));
    }
    if leaving.iter().any(|target| !is_global(target) && !is_direct(target)) {
        // The model is evaluated in the source Region too, wherever the profile goes.
        let sources = targets.iter().map(|target| &target.source.0);
        let sources = sources.filter(|source| policy.permits_source(&SourceRegion((*source).clone())));
        let mut regions: Vec<String> = allowed.iter().chain(sources).map(ToString::to_string).collect();
        regions.sort_unstable();
        regions.dedup();
        // Global profiles that nobody asked about are closed, too, unless the policy permits them.
        if !any_global && policy.permits_global_profiles() {
            regions.push(UNSPECIFIED.to_owned());
        }
        statements.push(json!({
            "Sid": "ProfilesOnlyToAllowedRegions", "Effect": "Deny", "Action": INVOKE, "Resource": "*",
            "Condition": { "Null": { PROFILE_ARN: "false" }, "StringNotEquals": { REGION: regions } }
        }));
    }
    if let Some(direct) = leaving.iter().find(|target| is_direct(target)) {
        // Of models alone: the profile itself is evaluated in the source Region, without that key.
        let models = format!("arn:{}:bedrock:*::foundation-model/*", direct.source.0.partition());
        let regions: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        statements.push(json!({
            "Sid": "ModelsOnlyInAllowedRegions", "Effect": "Deny", "Action": INVOKE, "Resource": models,
            "Condition": { "Null": { PROFILE_ARN: "true" }, "StringNotEquals": { REGION: regions } }
        }));
    }
    if statements.is_empty() {
        return Ok(None);
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    let closing = scp::Policy::from_document(document.clone())?;
    let size = closing.size().minified;
    let after = Reach::of_account(
        &chain.with_more(&Arc::new(Scp::new("closing", closing))),
        caller,
        targets.to_vec(),
    )?;
    let name = |target: &Target| format!("{} from {}", target.call.name(), target.source);
    let fails_after = |target: &Target| {
        after
            .verdicts(caller.account())
            .any(|(other, verdict)| other == target && matches!(verdict, Verdict::Fails(_)))
    };
    let named = |targets: &[&Target], fails: bool| -> Vec<String> {
        let some = targets.iter().filter(|target| fails_after(target) == fails);
        some.map(|target| name(target)).collect()
    };
    let closed = named(&leaving, true);
    if closed.is_empty() {
        return Ok(None);
    }
    Ok(Some(Closing {
        size,
        closed,
        open: named(&leaving, false),
        breaks: named(&staying, true),
        document,
    }))
}
