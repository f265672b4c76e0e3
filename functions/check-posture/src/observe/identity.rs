//! Who of an account may use Bedrock, and with what credentials.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::iam::{self, Authorization};
use crisguard_core::posture::{ApiKey, IdentityPosture, NotObserved, Observed, Principal};

use super::everywhere::Eye;

const SERVICE: &str = "bedrock.amazonaws.com";

/// Looks at the account's identities, which are the same in every Region.
pub(super) async fn observe(eye: &Eye<'_>) -> IdentityPosture {
    let identities = eye.aws.identities(eye.sweep.hub.home.as_str());
    let (api_keys, authorization) = tokio::join!(
        eye.ask(identities.service_credentials(SERVICE)),
        eye.ask(identities.authorization())
    );
    let (principals, policies) = match authorization {
        Ok(authorization) => {
            let (principals, policies) = concerned(&authorization);
            (Ok(principals), policies)
        }
        Err(not_observed) => (Err(not_observed), BTreeMap::new()),
    };
    IdentityPosture {
        api_keys: api_keys.and_then(|keys| keys.iter().map(api_key).collect()),
        principals,
        policies,
    }
}

fn api_key(key: &iam::ServiceCredential) -> Observed<(String, ApiKey)> {
    let time = |text: &str| {
        let cause = format!("`{text}`, a time of the key {}, cannot be read", key.id);
        text.parse()
            .map_err(|_| NotObserved::new("iam:ListServiceSpecificCredentials", &cause))
    };
    let seen = ApiKey {
        // A status that nobody knows yet is no proof that it cannot be used.
        active: !matches!(key.status.as_str(), "Inactive" | "Expired"),
        created: time(&key.created)?,
        expires: key.expires.as_deref().map(time).transpose()?,
    };
    Ok((format!("{}/{}", key.user, key.id), seen))
}

/// Returns the users and roles, and the text of every policy that one of them has.
fn concerned(authorization: &Authorization) -> (BTreeMap<String, Principal>, BTreeMap<String, String>) {
    let managed = authorization.policies.iter();
    let managed = managed.map(|policy| (policy.arn.clone(), policy.document.clone()));
    let mut texts: BTreeMap<String, String> = managed.collect();
    let groups: BTreeMap<&str, BTreeSet<String>> = authorization
        .groups
        .iter()
        .map(|group| (group.name.as_str(), policies_of(group, &mut texts)))
        .collect();
    let mut principals = BTreeMap::new();
    for holder in authorization.users.iter().chain(&authorization.roles) {
        let mut policies = policies_of(holder, &mut texts);
        for group in &holder.groups {
            match groups.get(group.as_str()) {
                Some(more) => policies.extend(more.iter().cloned()),
                // Its policies are not known: a name without a text says so.
                None => drop(policies.insert(format!("the policies of the group {group}"))),
            }
        }
        let boundary = holder.boundary.clone();
        principals.insert(holder.arn.clone(), Principal { policies, boundary });
    }
    (principals, texts)
}

/// Names the policies of a user, role or group, and adds the texts of those that are its own.
fn policies_of(holder: &iam::Principal, texts: &mut BTreeMap<String, String>) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = holder.attached.iter().cloned().collect();
    for policy in &holder.inline {
        // A user and a role can have the same name, and not the same ARN.
        let name = format!("{}/{}", holder.arn, policy.name);
        texts.insert(name.clone(), policy.document.clone());
        names.insert(name);
    }
    names
}
