//! The guardrails of a Region, and those that are enforced.

use std::collections::BTreeMap;

use crisguard_aws::bedrock::CrossRegion;
use crisguard_core::{
    posture::{EnforcedGuardrail, Guardrail, GuardrailPosture, NotObserved, Observed},
    region::Region,
};
use futures_util::future::join_all;

use super::everywhere::Eye;

/// Looks at the guardrails of a Region.
pub(super) async fn observe(eye: &Eye<'_>, region: &Region) -> GuardrailPosture {
    let bedrock = eye.aws.bedrock(region.as_str());
    let (guardrails, enforced, organization) = tokio::join!(
        every_version(eye, region),
        eye.ask(bedrock.enforced_guardrails()),
        organization(eye),
    );
    GuardrailPosture {
        guardrails,
        enforced: enforced.map(|enforced| {
            let each = enforced.into_iter().map(|each| EnforcedGuardrail {
                guardrail: named(each.id, each.arn, each.version),
                included_models: each.included_models.into_iter().flatten().collect(),
                excluded_models: each.excluded_models.into_iter().flatten().collect(),
            });
            each.collect()
        }),
        organization,
    }
}

/// Lists every version of every guardrail, for each can be called.
async fn every_version(eye: &Eye<'_>, region: &Region) -> Observed<BTreeMap<String, Observed<Guardrail>>> {
    let bedrock = eye.aws.bedrock(region.as_str());
    let listed = eye.ask(bedrock.guardrails()).await?;
    let versions = listed.iter().map(async |guardrail| {
        match eye.ask(bedrock.guardrail_versions(&guardrail.id)).await {
            // It was deleted since it was listed.
            Ok(None) => Vec::new(),
            Ok(Some(versions)) if versions.is_empty() => {
                let cause = format!("no version of the guardrail {} is listed", guardrail.id);
                let unseen = NotObserved::new("bedrock:ListGuardrails", &cause);
                vec![(format!("{}:*", guardrail.id), Err(unseen))]
            }
            Ok(Some(versions)) => versions
                .into_iter()
                .map(|version| {
                    let named = |profile: CrossRegion| profile.id.or(profile.arn).unwrap_or_default();
                    let profile = version.cross_region.map(named);
                    (format!("{}:{}", version.id, version.version), Ok(Guardrail { profile }))
                })
                .collect(),
            Err(not_observed) => vec![(format!("{}:*", guardrail.id), Err(not_observed))],
        }
    });
    Ok(join_all(versions).await.into_iter().flatten().collect())
}

/// Reads the organization's effective policy, which is the same in every Region.
async fn organization(eye: &Eye<'_>) -> Observed<Option<String>> {
    let read = async || {
        let organizations = eye.aws.organization(eye.sweep.hub.home.as_str());
        eye.ask(organizations.bedrock_policy()).await
    };
    eye.organization.get_or_init(read).await.clone()
}

/// Names a guardrail by its id and version, or by what else the answer has.
fn named(id: Option<String>, arn: Option<String>, version: Option<String>) -> String {
    let name = id.or(arn).unwrap_or_else(|| "a guardrail without an id".to_owned());
    version.map_or_else(|| name.clone(), |version| format!("{name}:{version}"))
}
