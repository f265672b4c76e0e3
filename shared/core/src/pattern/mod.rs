//! The content filter: the policy and the catalogue compiled to EventBridge event patterns.
//!
//! What no pattern matches is dropped by EventBridge before any function runs, and costs nothing.
//! So the law is one-sided: **every record whose decision is neither compliant nor not applicable
//! must match**; a pattern may let through more, never less. It holds for records as CloudTrail
//! hands them to EventBridge, where every member is of its documented kind. Where a pattern would be too long, it
//! is widened, and [`Compiled::widened`] says by what.
//!
//! One control is left out of the law: [`ControlId::ProfileDestinationsKnown`] holds a destination
//! against what AWS lists, whatever the policy allows, and a list is newer than any pattern. An allowed
//! destination is dropped even if no list has it, so that control decides on what passes for another
//! reason; with the coverage `all`, on everything.
//!
//! A call through an application profile always passes where the policy has a rule that could concern it:
//! its id says nothing, so what the account's own list tells of it
//! ([`Live::application`](crate::catalog::Live::application)) can decide either way.
//!
//! [`ControlId::ProfileDestinationsKnown`]: crate::controls::ControlId::ProfileDestinationsKnown
//!
//! Operators: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>.
//! Two tests on one field cannot be joined by AND, so what is safe to drop is enumerated in one
//! `anything-but`.

mod safe;

use serde_json::{Value, json};

use crate::{
    account::AccountId,
    canary,
    catalog::Catalogue,
    cloudtrail::{DETAIL_TYPES, EVENT_SOURCES, Failure, Operation},
    policy::{Policy, RegionSet},
};
use safe::SafeModelIds;

/// The longest pattern, in characters: EventBridge's default quota
/// (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>).
pub const LONGEST: usize = 2048;

/// The name of the one pattern that every policy compiles to: it takes the canary, too.
pub const WITH_THE_CANARY: &str = "denied by an SCP, and the canary";

/// The event sources whose requests can name a profile: bedrock-mantle has none
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/endpoints.html>).
const WITH_PROFILES: [&str; 2] = ["bedrock.amazonaws.com", "bedrock-runtime.amazonaws.com"];

/// One EventBridge event pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it lets through, in a word or three.
    pub name: &'static str,
    /// The pattern's JSON, at most [`LONGEST`] characters.
    pub json: String,
}

/// The patterns that a policy comes to; a record is looked at if any one matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The patterns, in a stable order.
    pub patterns: Vec<Pattern>,
    /// Model ids that are let through although they would be safe to drop, because the pattern
    /// would be too long with them.
    pub widened: Vec<String>,
    /// The SHA-256 of the policy that they were compiled from.
    pub policy_sha256: String,
}

/// Tells why a policy cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the pattern `{name}` would be {length} characters long, and EventBridge takes {LONGEST}; \
     name fewer Regions in the policy, or deploy with Coverage=all"
)]
pub struct PatternError {
    name: &'static str,
    length: usize,
}

/// Compiles the policy of one account.
///
/// With `account`, calls by a profile's ARN are dropped like calls by its id; without, they are
/// let through, because the ARN holds the account's id.
///
/// ```
/// use crisguard_core::{catalog::Catalogue, pattern::compile, policy::PolicyDocument};
/// let policy = PolicyDocument::parse(br#"
/// version: 1
/// regions: { source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3] }
/// profiles: { global: deny }
/// "#).unwrap().for_account(&"111122223333".parse().unwrap(), None).unwrap();
/// let compiled = compile(&policy, &Catalogue::embedded().unwrap(), None).unwrap();
/// assert!(compiled.patterns.iter().all(|pattern| pattern.json.len() <= 2048));
/// ```
///
/// # Errors
///
/// Fails if a pattern cannot be made short enough without dropping what must be let through.
pub fn compile(policy: &Policy, catalogue: &Catalogue, account: Option<&AccountId>) -> Result<Compiled, PatternError> {
    let mut compiled = Compiled {
        patterns: Vec::new(),
        widened: Vec::new(),
        policy_sha256: policy.sha256().to_owned(),
    };
    if let RegionSet::Only(allowed) = policy.destination_regions() {
        let elsewhere = json!({ "anything-but": allowed });
        compiled.add(
            "destination reported by a call",
            json!({ "additionalEventData": { "inferenceRegion": [elsewhere] } }),
        )?;
        let at_end = json!([elsewhere, { "exists": false }, null]);
        compiled.add(
            "destination at a stream's end",
            json!({
                "eventType": ["AwsServiceEvent"],
                "serviceEventDetails": { "AdditionalEventData": { "additionalEntries": { "inferenceRegion": at_end } } }
            }),
        )?;
        let safe = SafeModelIds::that_cannot_leave(policy, catalogue);
        compiled.add_with_model_ids("destination not reported", &safe, |model_id| {
            json!({
                "eventSource": WITH_PROFILES,
                "eventType": not_a_stream_s_end(),
                "$or": [
                    { "eventName": Operation::SINGLE_RECORD },
                    { "eventName": Operation::STREAMING, "errorCode": [{ "anything-but": Failure::PROCESSED_NOWHERE }] },
                    through_the_runtime_endpoint()
                ],
                "additionalEventData": { "inferenceRegion": [{ "exists": false }, null] },
                "requestParameters": { "modelId": model_id }
            })
        })?;
    }
    if let RegionSet::Only(allowed) = policy.source_regions() {
        compiled.add(
            "source Region",
            json!({ "$or": inference_calls(), "awsRegion": [{ "anything-but": allowed }] }),
        )?;
    }
    if !policy.permits_global_profiles() || policy.allow_list().is_some() {
        let safe = SafeModelIds::that_are_permitted(policy, catalogue, account);
        compiled.add_with_model_ids("profile", &safe, |model_id| {
            json!({
                "eventSource": WITH_PROFILES,
                "eventType": not_a_stream_s_end(),
                "$or": inference_calls(),
                "requestParameters": { "modelId": model_id }
            })
        })?;
    }
    compiled.add_from(
        &from_bedrock_or_the_canary(),
        WITH_THE_CANARY,
        json!({
            "$or": inference_calls(),
            "errorCode": ["AccessDenied", "AccessDeniedException"],
            "errorMessage": [{ "wildcard": "*service control policy*" }, { "exists": false }, null]
        }),
    )?;
    Ok(compiled)
}

/// Returns the one pattern that lets every Bedrock record and the canary through: that of the rule on
/// the home bus, and of the forwarding rule where the coverage is `all`.
#[must_use]
pub fn unfiltered() -> String {
    json!({ "source": from_bedrock_or_the_canary(), "detail-type": DETAIL_TYPES }).to_string()
}

/// Returns the pattern of the rule that counts the calls of inference requests, whatever the policy says.
#[must_use]
pub fn seen_calls() -> String {
    json!({ "source": from_bedrock(), "detail-type": [DETAIL_TYPES[0]], "detail": { "$or": inference_calls() } })
        .to_string()
}

/// Returns the pattern of the rule that counts the ends of streams.
#[must_use]
pub fn seen_completions() -> String {
    json!({ "source": from_bedrock(), "detail-type": [DETAIL_TYPES[1]], "detail": { "eventType": ["AwsServiceEvent"] } })
        .to_string()
}

/// Selects what Bedrock itself puts on the bus.
///
/// The prefix keeps forgeries out: nobody but AWS can put events whose source begins with `aws.`
/// (<https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>).
fn from_bedrock() -> Value {
    json!([{ "prefix": "aws.bedrock" }])
}

/// Selects the canary besides, which anybody can forge and which never becomes anything else.
fn from_bedrock_or_the_canary() -> Value {
    json!([{ "prefix": "aws.bedrock" }, canary::SOURCE])
}

/// Puts the head around what a pattern asks of the record.
fn whole(source: &Value, detail: Value) -> String {
    let mut detail = detail;
    if let Value::Object(members) = &mut detail {
        members.entry("eventSource").or_insert_with(|| json!(EVENT_SOURCES));
    }
    json!({ "source": source, "detail-type": DETAIL_TYPES, "detail": detail }).to_string()
}

/// Selects every record but those of a stream's end, which name no profile.
fn not_a_stream_s_end() -> Value {
    json!([{ "anything-but": ["AwsServiceEvent"] }, { "exists": false }])
}

/// Selects the records that the parser takes for the call of an inference request.
fn inference_calls() -> Value {
    let known: Vec<&str> = Operation::SINGLE_RECORD
        .into_iter()
        .chain(Operation::STREAMING)
        .chain([Operation::MANTLE])
        .collect();
    json!([
        { "eventName": known },
        through_the_runtime_endpoint(),
        { "additionalEventData": { "inferenceRegion": [{ "exists": true }] } }
    ])
}

/// Selects events of unknown names that came through the runtime endpoint; names that only read
/// are let through here, and leave the function as not applicable.
fn through_the_runtime_endpoint() -> Value {
    let known: Vec<&str> = Operation::SINGLE_RECORD
        .into_iter()
        .chain(Operation::STREAMING)
        .chain(Operation::NOT_INFERENCE)
        .collect();
    let [before, after] = Operation::RUNTIME_HOST_IN_VPC;
    let hosts = json!([{ "prefix": Operation::RUNTIME_HOST_PREFIX }, { "wildcard": format!("{before}*{after}*") }]);
    json!({
        "eventName": [{ "anything-but": known }],
        "tlsDetails": { "clientProvidedHostHeader": hosts }
    })
}

impl Compiled {
    fn add(&mut self, name: &'static str, detail: Value) -> Result<(), PatternError> {
        self.add_from(&from_bedrock(), name, detail)
    }

    fn add_from(&mut self, source: &Value, name: &'static str, detail: Value) -> Result<(), PatternError> {
        let json = whole(source, detail);
        let length = json.chars().count();
        if length > LONGEST {
            return Err(PatternError { name, length });
        }
        self.patterns.push(Pattern { name, json });
        Ok(())
    }

    /// Adds a pattern that drops the safe model ids, as many as fit.
    fn add_with_model_ids(
        &mut self,
        name: &'static str,
        safe: &SafeModelIds,
        detail: impl Fn(Value) -> Value,
    ) -> Result<(), PatternError> {
        let model_id =
            |wildcards: &[String]| json!([{ "anything-but": { "wildcard": wildcards } }, { "exists": false }, null]);
        let empty = whole(&from_bedrock(), detail(model_id(&[]))).chars().count();
        let mut room = LONGEST.checked_sub(empty).ok_or(PatternError { name, length: empty })?;
        let mut dropped = Vec::new();
        for wildcard in safe.by_worth() {
            // Two quotation marks and a comma; ids hold nothing that JSON escapes.
            let length = wildcard.chars().count() + 3;
            match room.checked_sub(length) {
                Some(left) => {
                    room = left;
                    dropped.push(wildcard.clone());
                }
                None if self.widened.contains(wildcard) => {}
                None => self.widened.push(wildcard.clone()),
            }
        }
        self.add(name, detail(model_id(&dropped)))
    }
}

#[cfg(test)]
mod tests;
