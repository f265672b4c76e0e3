//! What a user, a role or a VPC endpoint needs to call inference profiles, and no more
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{TemplateError, Through, Wanted, arn, document, within_quota};
use crate::{
    account::AccountId,
    catalog::Destinations,
    region::{Region, SourceRegion},
    scp::reach::{INVOKE, UNSPECIFIED},
};

/// The most characters of a managed policy, without white space
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
const MANAGED_POLICY: usize = 6144;
/// The most characters of a VPC endpoint's policy
/// (<https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html>).
const ENDPOINT_POLICY: usize = 20_480;

pub(super) fn invoke_geographic(wanted: &Wanted) -> Result<Value, TemplateError> {
    let (account, profiles) = of(wanted, false)?;
    let mut statements = Vec::new();
    for (place, (source, profile, destinations)) in profiles.iter().enumerate() {
        let number = number(place, profiles.len());
        let through = arn(source, account.as_str(), profile.id());
        statements.push(allow(
            &format!("GeographicProfile{number}"),
            std::slice::from_ref(&through),
            &json!({"aws:RequestedRegion": source}),
        ));
        statements.push(allow(
            &format!("ItsModelThroughIt{number}"),
            &models(source, profile.model(), destinations),
            &json!({"bedrock:InferenceProfileArn": through}),
        ));
    }
    bounded(document(statements), MANAGED_POLICY)
}

pub(super) fn invoke_global(wanted: &Wanted) -> Result<Value, TemplateError> {
    let (account, profiles) = of(wanted, true)?;
    let mut statements = Vec::new();
    for (place, (source, profile, _)) in profiles.iter().enumerate() {
        let number = number(place, profiles.len());
        let (through, model) = (arn(source, account.as_str(), profile.id()), profile.model());
        let keys = |region: &str| json!({"aws:RequestedRegion": region, "bedrock:InferenceProfileArn": through});
        statements.push(allow(
            &format!("GlobalProfile{number}"),
            std::slice::from_ref(&through),
            &json!({"aws:RequestedRegion": source}),
        ));
        statements.push(allow(
            &format!("ItsModelInTheSourceRegion{number}"),
            &[model_in(source.0.partition(), source.0.as_str(), model)],
            &keys(source.0.as_str()),
        ));
        statements.push(allow(
            &format!("ItsModelAnywhere{number}"),
            &[model_in(source.0.partition(), "", model)],
            &keys(UNSPECIFIED),
        ));
    }
    bounded(document(statements), MANAGED_POLICY)
}

/// In an endpoint's policy an account as principal would mean its root user, so a condition names it
/// (<https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>).
pub(super) fn vpc_endpoint(wanted: &Wanted) -> Result<Value, TemplateError> {
    let account = wanted.account.as_ref().ok_or(TemplateError::NoAccount)?;
    if let [_, _, ..] = wanted.sources.as_slice() {
        let names: Vec<&str> = wanted.sources.iter().map(|source| source.0.as_str()).collect();
        return Err(TemplateError::SeveralSources(names.join(", ")));
    }
    let profiles = wanted.profiles();
    if profiles.is_empty() {
        return Err(TemplateError::NoProfile("geographic or global"));
    }
    let arns = profiles
        .iter()
        .map(|(source, profile, _)| arn(source, account.as_str(), profile.id()));
    let arns: BTreeSet<String> = arns.collect();
    let models: BTreeSet<String> = profiles
        .iter()
        .flat_map(|(source, profile, destinations)| models(source, profile.model(), destinations))
        .collect();
    let statement = |sid: &str, resources: &BTreeSet<String>| {
        json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": "*",
            "Action": INVOKE,
            "Resource": resources,
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account}}
        })
    };
    let policy = document([statement("TheseProfiles", &arns), statement("TheirModels", &models)]);
    bounded(policy, ENDPOINT_POLICY)
}

fn of(wanted: &Wanted, global: bool) -> Result<(&AccountId, Vec<Through<'_>>), TemplateError> {
    let account = wanted.account.as_ref().ok_or(TemplateError::NoAccount)?;
    let mut profiles = wanted.profiles();
    profiles.retain(|(_, profile, _)| profile.is_global() == global);
    if profiles.is_empty() {
        return Err(TemplateError::NoProfile(if global { "global" } else { "geographic" }));
    }
    Ok((account, profiles))
}

fn allow(sid: &str, resources: &[String], keys: &Value) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": INVOKE,
        "Resource": resources,
        "Condition": {"StringEquals": keys}
    })
}

/// Returns what tells statements of several profiles apart: a Sid is letters and digits.
fn number(place: usize, of: usize) -> String {
    if of > 1 { (place + 1).to_string() } else { String::new() }
}

/// Returns a model in the source Region and wherever else a call through a profile evaluates it.
fn models(source: &SourceRegion, model: &str, destinations: &Destinations) -> Vec<String> {
    let partition = source.0.partition();
    let mut regions: BTreeSet<&str> = match destinations {
        Destinations::EveryCommercialRegion => [""].into(),
        Destinations::Regions(regions) => regions.iter().map(Region::as_str).collect(),
    };
    regions.insert(source.0.as_str());
    regions
        .into_iter()
        .map(|region| model_in(partition, region, model))
        .collect()
}

fn model_in(partition: &str, region: &str, model: &str) -> String {
    format!("arn:{partition}:bedrock:{region}::foundation-model/{model}")
}

fn bounded(policy: Value, quota: usize) -> Result<Value, TemplateError> {
    within_quota(&policy, quota)?;
    Ok(policy)
}
