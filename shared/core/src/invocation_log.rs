//! From an entry of Bedrock's log of model invocations to an [`Invocation`].
//!
//! Prompts and answers (`input`, `output`), `requestMetadata` and everything else are not read at all.
//! Members: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>; AWS does not list
//! `inferenceRegion`, which entries of cross-Region inference have.

use serde::Deserialize;

use crate::{
    cloudtrail::{
        EventIdentity, Failure, Half, Invocation, MemberProblem, Operation, Principal, ProcessedIn, Rejection,
        lenient::{Object, Text},
        read, required,
    },
    model::ModelReference,
    region::{DestinationRegion, Region, SourceRegion},
};

/// What `schemaType` says in an entry.
pub const SCHEMA_TYPE: &str = "ModelInvocationLog";
/// The line that Bedrock writes where logs are delivered to, before any entry; it is no JSON.
pub const FIRST_LINE: &str = "Permissions are correctly set for Amazon Bedrock logs.";

/// What stands as the event's type of an invocation that was read from the log.
const EVENT_TYPE: &str = "ModelInvocationLog";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntryWire<'a> {
    #[serde(borrow, default)]
    schema_type: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default)]
    account_id: Text<'a>,
    #[serde(borrow, default)]
    region: Text<'a>,
    #[serde(borrow, default)]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    operation: Text<'a>,
    #[serde(borrow, default)]
    model_id: Text<'a>,
    #[serde(borrow, default)]
    identity: Object<IdentityWire<'a>>,
    #[serde(borrow, default)]
    inference_region: Text<'a>,
    #[serde(borrow, default)]
    error_code: Text<'a>,
}

#[derive(Deserialize)]
struct IdentityWire<'a> {
    #[serde(borrow, default)]
    arn: Text<'a>,
}

/// Parses one entry of the log.
///
/// The event is known by its request: an entry has no event id. Where it does not name the Region that processed
/// it, none is assumed, for it may name a model where the caller named a profile.
///
/// # Errors
///
/// Fails if the text is not an entry, or lacks its request id, operation, time, Region or account. An error shows
/// nothing of what the entry holds.
pub fn parse(json: &[u8]) -> Result<Invocation, Rejection> {
    let entry: EntryWire<'_> = read(json)?;
    if entry.schema_type.text() != Some(SCHEMA_TYPE) {
        return Err(Rejection::Member {
            path: "schemaType",
            problem: MemberProblem::NoInvocationLog,
        });
    }
    let request_id: String = required("requestId", &entry.request_id)?
        .trim()
        .chars()
        .take(128)
        .collect();
    let name = required("operation", &entry.operation)?;
    let source: Region = parsed("region", MemberProblem::NoRegion, &entry.region)?;
    let failure = match &entry.error_code {
        Text::Absent => None,
        Text::Is(code) => Some(Failure::classify(code, None)),
        Text::Other(kind) => Some(Failure::classify(kind, None)),
    };
    Ok(Invocation {
        identity: EventIdentity {
            event_id: request_id.clone(),
            event_name: name.to_owned(),
            event_type: EVENT_TYPE.to_owned(),
            original_event_id: None,
            parent_request_id: None,
        },
        time: parsed("timestamp", MemberProblem::NoTime, &entry.timestamp)?,
        account: parsed("accountId", MemberProblem::NoAccount, &entry.account_id)?,
        operation: Operation::known(name)
            .unwrap_or_else(|| Operation::Other(name.chars().filter(|c| !c.is_control()).take(128).collect())),
        half: Half::Whole,
        target: match &entry.model_id {
            Text::Is(id) => ModelReference::parse(&id.chars().take(2048).collect::<String>()),
            Text::Absent => ModelReference::Absent,
            Text::Other(kind) => ModelReference::Unknown((*kind).to_owned()),
        },
        principal: Principal::from_arn(
            entry
                .identity
                .object()
                .and_then(|identity| identity.arn.filled())
                .unwrap_or("unknown (no identity.arn)"),
        ),
        processed_in: match &entry.inference_region {
            Text::Is(name) => match name.parse::<Region>() {
                Ok(region) if region == source => ProcessedIn::Source,
                Ok(region) => ProcessedIn::Destination(DestinationRegion(region)),
                Err(_) => ProcessedIn::Unreadable(name.chars().filter(|c| !c.is_control()).take(64).collect()),
            },
            Text::Other(kind) => ProcessedIn::Unreadable((*kind).to_owned()),
            Text::Absent => match &failure {
                Some(Failure::MayHaveBeenProcessed { .. }) | None => ProcessedIn::Unreported,
                Some(failure) => ProcessedIn::Nowhere(failure.clone()),
            },
        },
        source: SourceRegion(source),
        request_id: Some(request_id),
        failure,
    })
}

fn parsed<T: std::str::FromStr>(path: &'static str, problem: MemberProblem, text: &Text<'_>) -> Result<T, Rejection> {
    required(path, text)?
        .parse()
        .map_err(|_| Rejection::Member { path, problem })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "the customer's own words";

    fn entry() -> Value {
        json!({
            "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-09-03T10:11:12Z",
            "accountId": "111122223333", "region": "us-east-1", "requestId": "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b",
            "operation": "ConverseStream", "modelId": "us.amazon.nova-lite-v1:0",
            "identity": { "arn": "arn:aws:sts::111122223333:assumed-role/app/i-1" }, "inferenceRegion": "us-east-2",
            "requestMetadata": { "team": SECRET },
            "input": { "inputContentType": "application/json", "inputBodyJson": { "messages": [SECRET] } },
            "output": { "outputBodyJson": { "inferenceRegion": "eu-west-1", "text": SECRET } },
        })
    }

    fn with(name: &str, value: Value) -> Result<Invocation, Rejection> {
        let mut entry = entry();
        entry.as_object_mut().unwrap().insert(name.to_owned(), value);
        parse(entry.to_string().as_bytes())
    }

    #[test]
    fn an_entry_tells_who_called_what_and_where_it_was_processed() {
        let told = parse(entry().to_string().as_bytes()).unwrap();
        assert_eq!(told.principal.name(), "arn:aws:sts::111122223333:assumed-role/app");
        assert_eq!(told.request_id.as_deref(), Some("0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b"));
        assert_eq!(told.identity.event_id, "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b");
        assert_eq!(told.operation, Operation::ConverseStream);
        assert_eq!(told.target.profile_label(), Some("us.amazon.nova-lite-v1:0"));
        assert_eq!(told.time.to_string(), "2026-09-03T10:11:12Z");
        let to = |name: &str| ProcessedIn::Destination(DestinationRegion(name.parse().unwrap()));
        assert_eq!(told.processed_in, to("us-east-2"));
        for (reported, expected) in [
            (json!("us-east-1"), ProcessedIn::Source),
            (json!(null), ProcessedIn::Unreported),
            (json!("Ohio"), ProcessedIn::Unreadable("Ohio".to_owned())),
            (json!(7), ProcessedIn::Unreadable("a number".to_owned())),
        ] {
            assert_eq!(with("inferenceRegion", reported).unwrap().processed_in, expected);
        }
    }

    #[test]
    fn nothing_of_the_prompt_is_kept_not_even_in_errors() {
        let told = parse(entry().to_string().as_bytes()).unwrap();
        assert!(!format!("{told:?}").contains(SECRET));
        for (name, value) in [
            ("schemaType", json!(SECRET)),
            ("timestamp", json!(SECRET)),
            ("accountId", json!(SECRET)),
            ("region", json!([SECRET])),
            ("requestId", json!({ "x": SECRET })),
            ("operation", json!("")),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{name}` is")), "{error}");
            assert!(!format!("{error:?} {error}").contains(SECRET), "{error:?}");
        }
        let broken = entry().to_string().replace(SECRET, &format!("{SECRET}\u{1}"));
        assert!(!format!("{:?}", parse(broken.as_bytes()).unwrap_err()).contains(SECRET));
        assert!(parse(FIRST_LINE.as_bytes()).is_err());
    }

    #[test]
    fn a_request_that_was_refused_was_processed_nowhere() {
        let refused = with("errorCode", json!("ThrottlingException")).unwrap();
        assert!(matches!(refused.processed_in, ProcessedIn::Destination(_)));
        let mut entry = entry();
        entry.as_object_mut().unwrap().remove("inferenceRegion");
        entry["errorCode"] = json!("ThrottlingException");
        let refused = parse(entry.to_string().as_bytes()).unwrap();
        assert_eq!(refused.processed_in, ProcessedIn::Nowhere(Failure::Throttled));
        entry["errorCode"] = json!("ModelTimeoutException");
        let timed_out = parse(entry.to_string().as_bytes()).unwrap();
        assert_eq!(timed_out.processed_in, ProcessedIn::Unreported);
    }
}
