//! What IAM lets principals do, as far as their policies and boundaries say.
//!
//! Service control policies are not looked at here: they only ever take away.

use std::collections::BTreeMap;

use crate::{
    account::AccountId,
    posture::{IdentityPosture, Place, Principal, Resource, Unknown},
    statement::{Document, Effect, Statement},
};

/// The actions that call models: Converse, asynchronous calls and the others are authorized as the first,
/// or, where they stream, as the second
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-prereq.html>).
pub(super) const INVOKE: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// The policies of an account, each read once.
pub(super) struct Policies<'a>(BTreeMap<&'a str, Option<Document>>);

impl<'a> Policies<'a> {
    /// Reads every policy.
    pub(super) fn of(identity: &'a IdentityPosture) -> Self {
        let policies = identity.policies.iter();
        Self(
            policies
                .map(|(name, json)| (name.as_str(), Document::parse(json)))
                .collect(),
        )
    }

    /// Returns what a principal's policies say, or each of them that was not seen or is not understood:
    /// it may allow more, or deny what the others allow.
    pub(super) fn permissions(&self, arn: &str, principal: &'a Principal) -> Result<Permissions<'_>, Vec<Unknown>> {
        let mut unknown = Vec::new();
        let mut read = |name: &'a String| {
            let document = self.0.get_key_value(name.as_str());
            let document = document.and_then(|(name, document)| Some((*name, document.as_ref()?)));
            if document.is_none() {
                unknown.push(Unknown::NotUnderstood {
                    of: Box::new(Resource::Principal(arn.to_owned())),
                    part: name.clone(),
                });
            }
            document
        };
        let identity = principal.policies.iter().filter_map(&mut read).collect();
        let boundary = principal.boundary.as_ref().map(&mut read);
        if unknown.is_empty() {
            let boundary = boundary.flatten().map(|(_, document)| document);
            Ok(Permissions { identity, boundary })
        } else {
            Err(unknown)
        }
    }
}

/// What one principal's policies say.
pub(super) struct Permissions<'p> {
    identity: Vec<(&'p str, &'p Document)>,
    boundary: Option<&'p Document>,
}

impl<'p> Permissions<'p> {
    /// Returns the name of a policy by which the principal may do an action, where `allows` says of a
    /// statement that its resources and conditions let it; `None` if there is none, the boundary does
    /// not let it as well, or a denial that always holds and of which `takes_away` says so is in the
    /// way (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>).
    pub(super) fn granting(
        &self,
        action: &str,
        allows: impl Fn(&Statement) -> bool,
        takes_away: impl Fn(&Statement) -> bool,
    ) -> Option<&'p str> {
        let documents = self.identity.iter().map(|(_, document)| *document);
        let mut denials = documents
            .chain(self.boundary)
            .flat_map(|document| document.statements(Effect::Deny));
        if denials.any(|denial| denial.is_about_action(action) && denial.is_unconditional() && takes_away(denial)) {
            return None;
        }
        let lets = |document: &Document| {
            let mut allowances = document.statements(Effect::Allow);
            allowances.any(|allowance| allowance.is_about_action(action) && allows(allowance))
        };
        if self.boundary.is_some_and(|boundary| !lets(boundary)) {
            return None;
        }
        self.identity
            .iter()
            .find(|(_, document)| lets(document))
            .map(|(name, _)| *name)
    }
}

/// Returns the principals that are judged: those that the policy does not except, and whose policies
/// the account can change, which those of service-linked roles it cannot
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>).
pub(super) fn judged_principals<'a>(
    principals: &'a BTreeMap<String, Principal>,
    place: &'a Place<'_>,
) -> impl Iterator<Item = (&'a String, &'a Principal)> {
    let rules = place.policy.posture().and_then(|rules| rules.iam.as_ref());
    let excepted = move |arn: &str| rules.is_some_and(|rules| rules.except.iter().any(|pattern| pattern.matches(arn)));
    let linked = |arn: &str| arn.contains(":role/aws-service-role/");
    principals.iter().filter(move |(arn, _)| !excepted(arn) && !linked(arn))
}

/// The ARNs of an account's things, as patterns.
pub(super) fn of_account(place: &Place<'_>, service: &str, resource: &str) -> String {
    let account: &AccountId = place.account;
    format!("arn:{}:{service}:*:{account}:{resource}", place.region.partition())
}
