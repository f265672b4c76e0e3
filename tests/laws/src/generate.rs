//! Generators of policies and records: every form that CloudTrail is known to write, and odd ones.

use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{Index, select, subsequence},
};
use serde_json::{Value, json};

/// Regions that policies and records name.
pub const REGIONS: [&str; 8] = [
    "ap-northeast-1",
    "ap-northeast-3",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];
/// Ids of profiles that the catalogue lists.
pub const PROFILES: [&str; 7] = [
    "jp.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "apac.anthropic.claude-sonnet-4-20250514-v1:0",
    "eu.amazon.nova-lite-v1:0",
    "us.amazon.nova-lite-v1:0",
    "us.anthropic.claude-sonnet-4-6",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.amazon.nova-2-lite-v1:0",
];
/// Application profiles, each with the Regions of its models: what the account's own list says of them.
/// The last is in no list.
pub const APPLICATION_PROFILES: [(&str, &[&str]); 5] = [
    ("globglob", &["ap-northeast-1", ""]),
    ("jpjpjpjp", &["ap-northeast-1", "ap-northeast-3"]),
    ("wide", &["us-east-1", "eu-west-1", "ap-southeast-2"]),
    ("single", &["us-west-2"]),
    ("unlisted", &[]),
];
/// The account that calls.
pub const ACCOUNT: &str = "111122223333";

/// The account's own lists of profiles, as check-posture keeps them: of a few hours, of days before the
/// records, and of no Region at all but three. They do not agree with the catalogue.
#[must_use]
pub fn live() -> Value {
    let list = |region: &str, observed_at: &str| {
        let profile = |kind: &str, id: &str, model: &str, to: &[&str]| {
            let models = to
                .iter()
                .map(|to| format!("arn:aws:bedrock:{to}::foundation-model/{model}"));
            let profile = json!({
                "arn": format!("arn:aws:bedrock:{region}:{ACCOUNT}:{kind}/{id}"),
                "application": kind == "application-inference-profile",
                "models": models.collect::<Vec<_>>(),
            });
            (id.to_owned(), profile)
        };
        let system = PROFILES.iter().map(|id| {
            let (geography, model) = id.split_once('.').unwrap_or_default();
            let to: &[&str] = if geography == "global" {
                &[region, ""]
            } else {
                &[region, "us-east-2"]
            };
            profile("inference-profile", id, model, to)
        });
        let application = APPLICATION_PROFILES
            .iter()
            .filter(|(_, to)| !to.is_empty())
            .map(|(id, to)| profile("application-inference-profile", id, "anthropic.claude-sonnet-4-6", to));
        let profiles: serde_json::Map<String, Value> = system.chain(application).collect();
        json!({ "observed_at": observed_at, "profiles": profiles })
    };
    json!({ "regions": {
        "ap-northeast-1": list("ap-northeast-1", "2026-11-20T17:00:00Z"),
        "us-east-1": list("us-east-1", "2026-11-20T17:00:00Z"),
        "eu-west-1": list("eu-west-1", "2026-11-18T17:00:00Z"),
    } })
}

/// A policy document, as JSON.
pub fn policy() -> impl Strategy<Value = Value> {
    let patterns = vec![
        "*",
        "jp.*",
        "us.*",
        "us.anthropic.*",
        "*sonnet*",
        "j?.*",
        "global.*",
        "eu.amazon.nova-lite-v1:0",
        "u*",
        "arn:aws:bedrock:*:111122223333:application-inference-profile/*",
        "apac.*sonnet*",
    ];
    let count = patterns.len();
    (
        regions(),
        regions(),
        select(vec!["deny", "allow"]),
        option::of(subsequence(patterns, 0..count)),
        exceptions(),
    )
        .prop_map(|(source, destination, global, allow, exceptions)| {
            let mut profiles = json!({ "global": global });
            if let (Value::Object(profiles), Some(allow)) = (&mut profiles, allow) {
                profiles.insert("allow".to_owned(), json!(allow));
            }
            json!({
                "version": 1,
                "regions": { "source": source, "destination": destination },
                "profiles": profiles,
                "exceptions": exceptions,
            })
        })
}

/// A list of Regions, or every Region.
pub fn regions() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![5 => subsequence(REGIONS.to_vec(), 1..4), 1 => Just(vec!["*"])]
}

fn exceptions() -> impl Strategy<Value = Vec<Value>> {
    let one = (
        any::<bool>(),
        subsequence(REGIONS.to_vec(), 1..3),
        select(vec!["2026-01-01", "2027-01-01"]),
    )
        .prop_map(|(by_principal, regions, expires)| {
            let covers = if by_principal {
                json!({ "principal": "arn:aws:iam::111122223333:role/a*", "destination": regions })
            } else {
                json!({ "profile": ["us.*"] })
            };
            json!({ "match": covers, "reason": "r", "owner": "o", "expires": expires })
        });
    vec(one, 0..2).prop_map(|exceptions| {
        exceptions
            .into_iter()
            .enumerate()
            .map(|(index, mut exception)| {
                if let Value::Object(members) = &mut exception {
                    members.insert("id".to_owned(), json!(format!("e{index}")));
                }
                exception
            })
            .collect()
    })
}

/// Stands for the Region that a record was called in.
const CALLED: &str = "CALLED";

/// What a caller may send as `modelId`, or what stands there instead.
fn model_id() -> impl Strategy<Value = Value> {
    let region = select(REGIONS.to_vec());
    let profile = select(PROFILES.to_vec());
    let account = select(vec![ACCOUNT, "444455556666"]);
    prop_oneof![
        4 => profile.clone().prop_map(|id| json!(id)),
        2 => (region.clone(), account.clone(), profile)
            .prop_map(|(region, account, id)| json!(format!("arn:aws:bedrock:{region}:{account}:inference-profile/{id}"))),
        2 => select(vec![
            "anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-lite-v1:0", "deepseek.v3.2", "anthropic.",
            "uk.anthropic.claude-9", "world.x", "jp.anthropic.claude-next", "jp.", "global.", "claude", "",
            "xjp.anthropic.claude-sonnet-4-5-20250929-v1:0", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0x", "anthropicx.claude",
        ]).prop_map(|id| json!(id)),
        2 => (region, account, select(vec![
            "application-inference-profile/globglob", "application-inference-profile/jpjpjpjp",
            "application-inference-profile/wide", "application-inference-profile/single",
            "application-inference-profile/unlisted", "provisioned-model/abcdefabcdef", "custom-model/amazon.titan/abcdefabcdef",
            "imported-model/abcdefabcdef", "prompt/ABCDEFGHIJ:1", "default-prompt-router/meta.llama:1",
            "inference-profile/uk.anthropic.claude-9", "something-new/1",
        ])).prop_map(|(region, account, resource)| json!(format!("arn:aws:bedrock:{region}:{account}:{resource}"))),
        2 => select(APPLICATION_PROFILES.to_vec())
            .prop_map(|(id, _)| json!(format!("arn:aws:bedrock:{CALLED}:{ACCOUNT}:application-inference-profile/{id}"))),
        1 => select(REGIONS.to_vec()).prop_map(|r| json!(format!("arn:aws:bedrock:{r}::foundation-model/anthropic.claude-3"))),
        1 => Just(json!("arn:aws:sagemaker:us-east-1:111122223333:endpoint/mine")),
        1 => Just(Value::Null),
        1 => Just(json!(7)),
    ]
}

/// What stands as `inferenceRegion`; `None` is a record without it.
pub fn reported() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        4 => Just(None),
        4 => select(REGIONS.to_vec()).prop_map(|region| Some(json!(region))),
        1 => select(vec![json!(null), json!(""), json!("nowhere"), json!(7), json!(true), json!("af-south-1")]).prop_map(Some),
    ]
}

/// Error codes with messages; most records have none.
fn error() -> impl Strategy<Value = Option<(&'static str, Option<String>)>> {
    let message = (select(vec!["us-east-2", "ap-northeast-3", ""]), select(vec![
        " with an explicit deny in a service control policy", " because no identity-based policy allows it",
        " with an explicit deny in a service control policy: arn:aws:organizations::444455556666:policy/o-a/service_control_policy/p-1",
    ])).prop_map(|(region, tail)| {
        format!("User: x is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:{region}::foundation-model/m{tail}")
    });
    let code = select(vec![
        "AccessDenied",
        "AccessDeniedException",
        "ThrottlingException",
        "ValidationException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ModelTimeoutException",
        "ModelErrorException",
        "ModelStreamErrorException",
        "InternalServerException",
        "BrandNewException",
    ]);
    prop_oneof![3 => Just(None), 2 => (code, option::of(message)).prop_map(Some)]
}

/// A Bedrock record as a CloudTrail trail, and so EventBridge, holds it.
pub fn record() -> impl Strategy<Value = Value> {
    let name = select(vec![
        "InvokeModel",
        "InvokeModel",
        "Converse",
        "Converse",
        "ConverseStream",
        "InvokeModelWithResponseStream",
        "InvokeModelWithBidirectionalStream",
        "StartAsyncInvoke",
        "CreateModelInvocationJob",
        "CreateInference",
        "CreateChatCompletion",
        "CountTokens",
        "GetAsyncInvoke",
        "ListFoundationModels",
        "ApplyGuardrail",
    ]);
    let source = select(vec![
        "bedrock.amazonaws.com",
        "bedrock.amazonaws.com",
        "bedrock.amazonaws.com",
        "bedrock-mantle.amazonaws.com",
        "bedrock-runtime.amazonaws.com",
    ]);
    let event_type = select(vec![
        Some("AwsApiCall"),
        Some("AwsApiCall"),
        Some("AwsServiceEvent"),
        None,
    ]);
    let host = option::of(select(vec![
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock.us-east-1.amazonaws.com",
        "vpce-0a1b2c3d-e4f5.bedrock-runtime.us-east-1.vpce.amazonaws.com",
        "vpce-0a1b2c3d-e4f5.bedrock-agent-runtime.us-east-1.vpce.amazonaws.com",
    ]));
    let role = select(vec!["app", "batch"]);
    ((name, source, event_type, host, role), select(REGIONS.to_vec()), option::of(model_id()), reported(), error(), any::<Index>())
        .prop_map(|((name, source, event_type, host, role), region, model_id, reported, error, id)| {
            let mut record = json!({
                "eventVersion": "1.11", "eventSource": source, "eventName": name, "awsRegion": region,
                "eventID": format!("e-{}", id.index(1_000_000)), "eventTime": "2026-11-21T10:00:00Z",
                "recipientAccountId": ACCOUNT, "requestID": "r-1",
                "userIdentity": { "type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/s"),
                    "sessionContext": { "sessionIssuer": { "arn": format!("arn:aws:iam::{ACCOUNT}:role/{role}") } } },
            });
            let Value::Object(members) = &mut record else { return record };
            let mut put = |name: &str, value: Value| {
                members.insert(name.to_owned(), value);
            };
            if let Some(event_type) = event_type {
                put("eventType", json!(event_type));
            }
            if let Some(host) = host {
                put("tlsDetails", json!({ "clientProvidedHostHeader": host }));
            }
            let entries = reported.map_or_else(|| json!({}), |region| json!({ "inferenceRegion": region }));
            if event_type == Some("AwsServiceEvent") {
                // Where calls report it: nobody has seen this, and nobody has ruled it out.
                if id.index(4) == 0 {
                    put("additionalEventData", entries.clone());
                }
                let model = select_of(id, &["anthropic.claude-sonnet-4-6", "amazon.nova-lite-v1:0", "anthropic.claude-next"]);
                if let Some(model) = model {
                    put("resources", json!([{ "type": "AWS::Bedrock::Model", "ARN": format!("arn:aws:bedrock:{region}::foundation-model/{model}") }]));
                }
                put("serviceEventDetails", json!({ "parentRequestId": "r-0", "AdditionalEventData": { "additionalEntries": entries } }));
            } else {
                put("additionalEventData", entries);
                let key = if source.starts_with("bedrock-mantle") { "model" } else { "modelId" };
                let model_id = model_id.map(|id| id.as_str().map_or(id.clone(), |id| json!(id.replace(CALLED, region))));
                put("requestParameters", model_id.map_or(Value::Null, |id| json!({ key: id })));
            }
            if let Some((code, message)) = error {
                put("errorCode", json!(code));
                if let Some(message) = message {
                    put("errorMessage", json!(message));
                }
            }
            record
        })
}

/// Returns one of several, or nothing.
fn select_of<'a>(index: Index, several: &[&'a str]) -> Option<&'a str> {
    several.get(index.index(several.len() + 1)).copied()
}

/// Puts EventBridge's envelope around a record.
#[must_use]
pub fn envelope(record: &Value) -> Value {
    let is_service_event = record.get("eventType").and_then(Value::as_str) == Some("AwsServiceEvent");
    let kind = if is_service_event {
        "AWS Service Event via CloudTrail"
    } else {
        "AWS API Call via CloudTrail"
    };
    json!({
        "version": "0", "id": "1", "detail-type": kind, "source": "aws.bedrock", "account": ACCOUNT,
        "time": "2026-11-21T10:00:00Z", "region": record.get("awsRegion"), "resources": [], "detail": record,
    })
}
