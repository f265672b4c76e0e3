use proptest::prelude::*;

use super::*;
use crate::cloudtrail::{Record, parse_record};

/// A record as CloudTrail writes it, with the texts that tests put in.
fn record(parts: &[&str; 14]) -> String {
    let [
        session,
        key,
        created,
        time,
        name,
        region,
        address,
        program,
        model,
        reported,
        request,
        event,
        account,
        more,
    ] = parts;
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE:{session}","arn":"arn:aws:sts::{account}:assumed-role/app/{session}","accountId":"{account}","accessKeyId":"{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::{account}:role/app","accountId":"{account}","userName":"app"}},"attributes":{{"creationDate":"{created}","mfaAuthenticated":"false"}}}}}},"eventTime":"{time}","eventSource":"bedrock.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"{address}","userAgent":"{program}","requestParameters":{{"modelId":"{model}"}},"responseElements":null,"additionalEventData":{{"inferenceRegion":"{reported}"}},"requestID":"{request}","eventID":"{event}",{more}"readOnly":true,"eventType":"AwsApiCall","recipientAccountId":"{account}","tlsDetails":{{"clientProvidedHostHeader":"bedrock-runtime.{region}.amazonaws.com"}}}}"#
    )
}

const USUAL: [&str; 14] = [
    "i-0123456789abcdef0",
    "ASIAEXAMPLEEXAMPLE00",
    "2026-11-21T09:00:00Z",
    "2026-11-21T10:00:00Z",
    "Converse",
    "us-west-2",
    "10.0.0.1",
    "Boto3/1.40.18",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us-east-1",
    "5f3a2a34-0d7b-4a53-8a43-1f4f3c9a0c11",
    "0bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f",
    "111122223333",
    "",
];

/// What parts may be besides: as long as the usual ones and otherwise, of its own and read, plain and not.
const OTHERS: [(usize, &str); 34] = [
    (0, "i-00000000000000000"),
    (0, "someone@example.com"),
    (0, "short"),
    (0, "i-012345678\\\"bcdef0"),
    (0, "i-0123456789abcdef\""),
    (0, "i-0123456789abcde\u{7}f"),
    (0, "i-0123456789abcde\u{e9}"),
    (1, "ASIAOTHEROTHEROTHER0"),
    (1, "AKIAEXAMPLE"),
    (2, "2026-11-21T09:59:59Z"),
    (3, "2026-11-21T10:59:59Z"),
    (3, "2026-11-21T11:00:60Z"),
    (3, "2026-11-31T10:00:00Z"),
    (3, "2026-12-01 00:00:00Z"),
    (3, "2026-11-21T10:00:0xZ"),
    (4, "InvokeModel"),
    (4, "ListTags"),
    (5, "eu-west-1"),
    (5, "us-east-2"),
    (6, "bedrock.amazonaws.com"),
    (6, "10.0.0.1\",\"userAgent\":\"x"),
    (6, "10.0.0.1\\\\"),
    (7, "{\"}"),
    (7, ""),
    (7, "\u{e9}"),
    (8, "anthropic.claude-haiku-4-5-20251001-v1:0"),
    (8, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    (9, "us-east-2"),
    (9, "nowhere"),
    (10, "5f3a2a34-0d7b-4a53-8a43-000000000000"),
    (11, " bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f"),
    (11, "1bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f"),
    (12, "444455556666"),
    (13, "\"sharedEventID\":\"a\","),
];

/// What a record says of itself: event, request and time.
type Own = (String, Option<String>, i64);

/// What is decided by, of a record that was parsed, and what it says of itself.
fn parsed(json: &str) -> Option<(String, Own)> {
    let Ok(Record::Inference(mut invocation)) = parse_record(json.as_bytes()) else {
        return None;
    };
    let own = (
        std::mem::take(&mut invocation.identity.event_id),
        invocation.request_id.take(),
        invocation.time.as_microsecond(),
    );
    invocation.time = Timestamp::UNIX_EPOCH;
    invocation.principal.session = None;
    Some((format!("{invocation:?}"), own))
}

fn varied() -> impl Strategy<Value = String> {
    let changes = prop::collection::vec(prop::sample::select(&OTHERS[..]), 0..4);
    let bytes = prop::collection::vec(
        (
            any::<prop::sample::Index>(),
            prop::sample::select(b"\"\\{}[],:x0\n\xc3".to_vec()),
        ),
        0..3,
    );
    (changes, prop_oneof![3 => Just(Vec::new()), 1 => bytes]).prop_map(|(changes, bytes)| {
        let mut parts = USUAL;
        for (part, text) in changes {
            if let Some(part) = parts.get_mut(part) {
                *part = text;
            }
        }
        let mut json = record(&parts).into_bytes();
        for (at, byte) in bytes {
            let at = at.index(json.len());
            if let Some(place) = json.get_mut(at) {
                *place = byte;
            }
        }
        String::from_utf8_lossy(&json).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    /// Whatever was learnt before: what is found is what the parser says, and what the parser refuses is not found.
    #[test]
    fn what_is_found_is_what_the_parser_says(records in prop::collection::vec(varied(), 1..40)) {
        let mut alike = Alike::nothing();
        let mut said = Vec::new();
        for json in &records {
            let expected = parsed(json);
            if let Some((number, own)) = alike.find(json.as_bytes()) {
                let Some((expected, expected_own)) = &expected else {
                    return Err(TestCaseError::fail(format!("the parser refuses {json}")));
                };
                let known: &String = said.get::<usize>(number).unwrap();
                prop_assert_eq!(known, expected, "{}", json);
                prop_assert_eq!((own.event_id.to_owned(), own.request_id.map(str::to_owned), own.time), expected_own.clone());
            } else if let Some((expected, _)) = expected
                && let Ok(Record::Inference(invocation)) = parse_record(json.as_bytes())
            {
                alike.learn(json.as_bytes(), &invocation, said.len());
                said.push(expected);
            }
        }
    }

    #[test]
    fn any_time_is_that_of_the_parser(hour in "[0-9]{4}-(0[1-9]|1[0-9])-[0-3][0-9]T[0-2][0-9]", rests in prop::collection::vec("(:[0-6][0-9]){2}(Z|\\.5Z|\\+01:00)", 1..5)) {
        let mut known = Hour { name: [0; 13], began: 0 };
        for rest in rests {
            let text = format!("{hour}{rest}");
            let parsed = text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
            prop_assert_eq!(known.microseconds(text.as_bytes()), parsed, "{}", text);
        }
    }
}

#[test]
fn the_last_hour_ends_early() {
    let mut hour = Hour {
        name: [0; 13],
        began: 0,
    };
    assert!(hour.microseconds(b"9999-12-30T22:00:00Z").is_some());
    assert_eq!(hour.microseconds(b"9999-12-30T22:30:00Z"), None);
}

/// Learns one record, and tells whether others are found to be like it.
fn found_after(first: &str, others: &[String]) -> Vec<bool> {
    let mut alike = Alike::nothing();
    let Ok(Record::Inference(invocation)) = parse_record(first.as_bytes()) else {
        panic!("{first}");
    };
    alike.learn(first.as_bytes(), &invocation, ());
    others
        .iter()
        .map(|json| alike.find(json.as_bytes()).is_some())
        .collect()
}

#[test]
fn calls_of_one_program_are_alike_and_others_are_not() {
    let with = |changes: &[(usize, &'static str)]| {
        let mut parts = USUAL;
        for (part, text) in changes {
            parts[*part] = text;
        }
        record(&parts)
    };
    let alike = [
        with(&[]),
        with(&[(0, "i-00000000000000000"), (1, "ASIAOTHEROTHEROTHER0")]),
        with(&[(2, "2026-11-21T09:59:59Z"), (3, "2026-11-22T23:59:59Z")]),
        with(&[(6, "2001:db8::1"), (7, "aws-cli/2.27.49 md/awscrt#0.26.1")]),
        with(&[
            (10, "5f3a2a34-0d7b-4a53-8a43-000000000000"),
            (11, "1bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f"),
        ]),
    ];
    assert_eq!(found_after(&with(&[]), &alike), [true; 5]);
    let others = [
        with(&[(0, "short")]),
        with(&[(0, "i-0123456789abcde\u{e9}")]),
        with(&[(4, "InvokeModel")]),
        with(&[(5, "eu-west-1")]),
        with(&[(8, "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")]),
        with(&[(9, "us-east-2")]),
        with(&[(12, "444455556666")]),
        with(&[(3, "2026-11-31T10:00:00Z")]),
        with(&[(7, "a\\nb")]),
        with(&[]).replace("true", "+rue"),
        with(&[]).replace("\"userName\"", "\"userName\\u0041\""),
        format!(" {}", with(&[])),
        with(&[]).replace("},\"eventTime\"", "},\"additionalEventData\":null,\"eventTime\""),
    ];
    assert_eq!(found_after(&with(&[]), &others), [false; 13]);
}

/// Whoever has no session is told apart by what else is said of who called.
#[test]
fn users_are_not_alike() {
    let user = |name: &str| {
        let json = record(&USUAL);
        let (before, rest) = json.split_once("\"userIdentity\":{").unwrap();
        let (_, behind) = rest.split_once("}}},").unwrap();
        format!(
            r#"{before}"userIdentity":{{"type":"IAMUser","principalId":"AIDA{name}","arn":"arn:aws:iam::111122223333:user/{name}","accountId":"111122223333","accessKeyId":"AKIA{name}"}},{behind}"#
        )
    };
    assert_eq!(
        found_after(&user("alice"), &[user("alice"), user("carol")]),
        [true, false]
    );
    // A list is no issuer, whatever is in it.
    let odd = |name: &str| {
        user(name).replace(
            "\"accessKeyId\"",
            "\"sessionContext\":{\"sessionIssuer\":[\"x\"]},\"accessKeyId\"",
        )
    };
    assert_eq!(found_after(&odd("alice"), &[odd("alice"), odd("carol")]), [true, false]);
}

#[test]
fn nothing_is_learnt_of_what_was_delivered_again_or_ends_a_stream() {
    let mut parts = USUAL;
    parts[13] = r#""addendum":{"reason":"DELIVERY_DELAY","originalEventID":"2bd5a1b2-7c1e-4f3e-9d0a-3f5b0c2d1e4f"},"#;
    let again = record(&parts);
    assert_eq!(found_after(&again, std::slice::from_ref(&again)), [false]);
    let end = record(&USUAL)
        .replace("AwsApiCall", "AwsServiceEvent")
        .replace("Converse", "ConverseStream");
    assert_eq!(found_after(&end, std::slice::from_ref(&end)), [false]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut alike = Alike::nothing();
    for number in 0..12_000 {
        let account = format!("{number:012}");
        let mut parts = USUAL;
        parts[12] = &account;
        let json = record(&parts);
        let Ok(Record::Inference(invocation)) = parse_record(json.as_bytes()) else {
            panic!("{json}");
        };
        alike.learn(json.as_bytes(), &invocation, number);
        assert_eq!(alike.find(json.as_bytes()).map(|(found, _)| found), Some(number));
    }
    assert!(alike.fronts.blocks + alike.backs.blocks < MOST_BLOCKS + 100);
    assert!(alike.fronts.all.len() < 12_000);
}
