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
    scp::{
        self,
        organization::{Chain, Scp},
        reach::{Caller, INVOKE, Reach, Target, UNSPECIFIED, leaves},
    },
};

/// A policy that closes what leaves, ready to be attached beside the others: a deny needs no change of them.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Closing {
    /// The policy.
    pub document: Value,
    /// How many characters it has without white space.
    pub size: usize,
    /// What left and is closed by it, by evaluating it again, as `profile from source Region`.
    pub closed: Vec<String>,
    /// What leaves still.
    pub open: Vec<String>,
    /// What stayed inside the allowed Regions, and fails with it: to be known before it is attached.
    pub breaks: Vec<String>,
}

/// Returns the policy that closes those of the targets that work and leave the allowed Regions; `None` if none
/// does.
///
/// A global profile is closed by the Region `unspecified` alone. AWS's own example names `global.*` with
/// `ArnLike` besides, which an application profile made from a global one is likely to pass
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>). Calls without a
/// profile are left as they are.
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
    let before = Reach::of_account(chain, caller, targets.to_vec())?;
    let works: Vec<&Target> = before
        .verdicts(caller.account())
        .filter(|(_, verdict)| verdict.works())
        .map(|(target, _)| target)
        .collect();
    let (leaving, staying): (Vec<&Target>, Vec<&Target>) =
        works.into_iter().partition(|target| !leaves(target, policy).is_empty());
    if leaving.is_empty() {
        return Ok(None);
    }
    let mut statements = Vec::new();
    let is_global = |target: &&Target| target.destinations == Destinations::EveryCommercialRegion;
    if leaving.iter().any(is_global) {
        statements.push(json!({
            "Sid": "NoGlobalProfiles", "Effect": "Deny", "Action": INVOKE, "Resource": "*",
            "Condition": { "StringEquals": { REGION: UNSPECIFIED } }
        }));
    }
    if !leaving.iter().all(is_global) {
        // The model is evaluated in the source Region too, wherever the profile goes.
        let sources = targets.iter().map(|target| &target.source.0);
        let sources = sources.filter(|source| policy.permits_source(&crate::region::SourceRegion((*source).clone())));
        let mut regions: Vec<String> = allowed.iter().chain(sources).map(ToString::to_string).collect();
        regions.sort_unstable();
        regions.dedup();
        regions.push(UNSPECIFIED.to_owned());
        statements.push(json!({
            "Sid": "ProfilesOnlyToAllowedRegions", "Effect": "Deny", "Action": INVOKE, "Resource": "*",
            "Condition": { "Null": { PROFILE_ARN: "false" }, "StringNotEquals": { REGION: regions } }
        }));
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
    let works_after = |target: &Target| {
        after
            .verdicts(caller.account())
            .any(|(other, verdict)| other == target && verdict.works())
    };
    let named = |targets: &[&Target], works: bool| -> Vec<String> {
        let some = targets.iter().filter(|target| works_after(target) == works);
        some.map(|target| name(target)).collect()
    };
    Ok(Some(Closing {
        size,
        closed: named(&leaving, false),
        open: named(&leaving, true),
        breaks: named(&staying, false),
        document,
    }))
}
