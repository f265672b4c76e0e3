use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::cloudtrail::parse_record;

fn record() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROA:i-1", "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/i-1",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/app"},
                "attributes": {"mfaAuthenticated": "false"},
            },
        },
        "eventTime": "2026-11-21T10:00:00Z", "eventSource": "bedrock.amazonaws.com", "eventName": "Converse",
        "awsRegion": "us-west-2", "requestParameters": {"modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
        "additionalEventData": {"inferenceRegion": "us-east-1"}, "responseElements": null, "readOnly": true,
        "requestID": "5f3a2a34-0d7b-4a53-8a43-1f4f3c9a0c11", "eventID": "0bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f",
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "resources": [{"ARN": "a"}, {"eventName": "x"}],
        "tlsDetails": {"clientProvidedHostHeader": "bedrock-runtime.us-west-2.amazonaws.com"},
    })
}

fn glance(json: &str) -> Option<Glance<'_>> {
    Glance::of(Level::new(), json.as_bytes())
}

/// Sets the member at a path, or takes it out.
fn set(record: &mut Value, path: &str, value: Option<Value>) {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let Some(parent) = record.pointer_mut(parent).and_then(Value::as_object_mut) else {
        return;
    };
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
}

const PATHS: [&str; 30] = [
    "/eventSource",
    "/eventName",
    "/eventType",
    "/eventID",
    "/requestID",
    "/eventTime",
    "/awsRegion",
    "/recipientAccountId",
    "/errorCode",
    "/errorMessage",
    "/userIdentity",
    "/userIdentity/type",
    "/userIdentity/arn",
    "/userIdentity/accountId",
    "/userIdentity/principalId",
    "/userIdentity/userName",
    "/userIdentity/invokedBy",
    "/userIdentity/sessionContext",
    "/userIdentity/sessionContext/sessionIssuer",
    "/userIdentity/sessionContext/sessionIssuer/arn",
    "/userIdentity/onBehalfOf",
    "/userIdentity/onBehalfOf/userId",
    "/requestParameters",
    "/requestParameters/modelId",
    "/requestParameters/model",
    "/additionalEventData",
    "/additionalEventData/inferenceRegion",
    "/tlsDetails",
    "/tlsDetails/clientProvidedHostHeader",
    "/serviceEventDetails",
];

fn value() -> impl Strategy<Value = Option<Value>> {
    let text = prop::sample::select(vec![
        "",
        " x ",
        "eu-west-1",
        "é\u{7f}",
        "a\"b",
        "\n",
        "InvokeModel",
        "ListFoundationModels",
        "AwsServiceEvent",
        "444455556666",
        "bedrock.amazonaws.com",
        "bedrock-mantle.amazonaws.com",
        "s3.amazonaws.com",
        "AccessDenied",
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "2026-11-21T10:00:00.5Z",
        "2026-02-30T10:00:00Z",
        "arn:aws:sts::111122223333:assumed-role/other/s",
        "{\"arn\":[",
        "eventName",
    ]);
    prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        Just(Some(json!(7))),
        Just(Some(json!({}))),
        Just(Some(json!([{"arn": "x", "modelId": {}}]))),
        Just(Some(
            json!({"arn": "x", "sessionIssuer": {"arn": "y"}, "modelId": "z", "inferenceRegion": "sa-east-1"})
        )),
        text.prop_map(|text| Some(json!(text))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_glance_sees_what_the_parser_reads(changes in prop::collection::vec((prop::sample::select(&PATHS[..]), value()), 0..5)) {
        let mut record = record();
        for (path, value) in changes {
            set(&mut record, path, value);
        }
        let json = record.to_string();
        if let Some(glance) = glance(&json) {
            let parsed = parse_record(json.as_bytes());
            prop_assert_eq!(format!("{:?}", glance.record()), format!("{parsed:?}"), "{}", json);
            if let Ok(Record::Inference(invocation)) = parsed
                && let Some(particulars) = glance.likeness(&mut Vec::new())
            {
                prop_assert_eq!(particulars.event_id, invocation.identity.event_id);
                prop_assert_eq!(particulars.request_id.map(str::to_owned), invocation.request_id);
                prop_assert_eq!(particulars.time, invocation.time.as_microsecond());
            }
        }
    }

    /// What is alike comes to the same but for id, request, time and session.
    #[test]
    fn what_is_alike_is_the_same_evidence(
        one in prop::collection::vec((prop::sample::select(&PATHS[..]), value()), 0..3),
        two in prop::collection::vec((prop::sample::select(&PATHS[..]), value()), 0..3),
    ) {
        let read = |changes: Vec<(&str, Option<Value>)>| {
            let mut record = record();
            for (path, value) in changes {
                set(&mut record, path, value);
            }
            let json = record.to_string();
            let glance = glance(&json)?;
            let mut likeness = Vec::new();
            glance.likeness(&mut likeness)?;
            let record = match glance.record() {
                Ok(Record::Inference(mut invocation)) => {
                    invocation.identity.event_id.clear();
                    invocation.request_id = None;
                    invocation.time = jiff::Timestamp::UNIX_EPOCH;
                    invocation.principal.session = None;
                    format!("{invocation:?}")
                }
                other => format!("{other:?}"),
            };
            Some((likeness, record))
        };
        if let (Some((like, one)), Some((also, two))) = (read(one), read(two)) && like == also {
            prop_assert_eq!(one, two);
        }
    }

    #[test]
    fn any_time_is_that_of_the_parser(year in 0..10_000_u16, month in 0..14_u8, day in 0..33_u8, hour in 0..26_u8, minute in 0..62_u8, second in 0..62_u8) {
        let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        if let Some(time) = microseconds(&text) {
            prop_assert_eq!(time, text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        } else {
            prop_assert!(second > 59 || text.parse::<jiff::Timestamp>().is_err());
        }
    }
}

#[test]
fn what_is_plain_is_read_and_all_else_is_not() {
    let plain = record().to_string();
    let mut likeness = Vec::new();
    let seen = glance(&plain).unwrap();
    assert_eq!(seen.is_bedrock(), Some(true));
    assert!(seen.likeness(&mut likeness).is_some());
    for odd in [
        plain.replace("bedrock.", "bedrock\\u002e"),
        plain.replace(",\"", ",\n\""),
        plain.replace("\"eventName\":", "\"eventName\" :"),
        plain.replace("\"eventName\":", "\"eventName\": "),
        plain.replace("\"eventName\":", "\"eventName\":\"x\",\"eventName\":"),
        plain.replace("\"Converse\"", "12x"),
        plain.replace("{\"modelId\"", "[{\"modelId\""),
        plain.replace("\"AwsApiCall\"", "\"AwsServiceEvent\""),
        plain.replace("\"readOnly\":true", "\"addendum\":null"),
        plain.replace("\"readOnly\":true", "\"readOnly\":{"),
        plain.replace("\"readOnly\":true", "\"readOnly\":\"true"),
        format!("{plain} "),
        format!("[{plain}]"),
    ] {
        assert!(glance(&odd).is_none(), "{odd}");
    }
}
