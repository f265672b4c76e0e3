//! An event is read in one pass where it can be; that must not change what comes out.

use super::{parse_envelope, parse_record};

const RECORD: &str = r#""eventSource":"bedrock.amazonaws.com","eventName":"Converse","eventID":"1","awsRegion":"us-west-2",
    "eventTime":"2026-11-21T10:00:00Z","recipientAccountId":"111122223333","requestParameters":{"modelId":"m"}"#;

/// Returns what a record comes to, alone and in an event.
fn alone_and_in_an_event(record: &[u8]) -> (String, String) {
    let before = br#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.bedrock","detail":"#;
    let event = [before, record, b"}"].concat();
    // A place differs by what stands before the record.
    let shown = |result| {
        let shown = format!("{result:?}");
        shown.split("line: ").next().unwrap_or_default().to_owned()
    };
    (shown(parse_record(record)), shown(parse_envelope(&event)))
}

#[test]
fn a_record_in_an_event_is_what_it_is_alone() {
    let records = [
        format!("{{{RECORD}}}"),
        format!("{{{RECORD},{RECORD}}}"),
        format!("{{{RECORD},\"eventSource\":\"s3.amazonaws.com\"}}"),
        format!(
            "{{\"eventName\":\"a\",\"eventName\":\"b\",{}}}",
            RECORD.replace("bedrock", "s3")
        ),
        format!("{{{}}}", RECORD.replace("bedrock", "s3")),
        format!("{{{}}}", RECORD.replace("bedrock", "\\u0062edrock")),
        format!("{{{RECORD},\"userIdentity\":[1,{{}}],\"resources\":{{}},\"tlsDetails\":null}}"),
        format!("{{{RECORD}"),
        r#"{"eventSource":["bedrock.amazonaws.com"]}"#.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"["bedrock.amazonaws.com"]"#.to_owned(),
        "null".to_owned(),
        r#""bedrock.amazonaws.com""#.to_owned(),
    ];
    for record in records {
        let (alone, in_an_event) = alone_and_in_an_event(record.as_bytes());
        assert_eq!(alone, in_an_event, "{record}");
    }
}

#[test]
fn an_event_of_one_account_is_no_evidence_about_another() {
    let event = |account: &str, record: &str| {
        format!(
            r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.bedrock","account":{account},"detail":{record}}}"#
        )
    };
    let record = format!("{{{RECORD}}}");
    let by_parts = format!("{{{RECORD},{RECORD}}}");
    assert_eq!(
        parse_envelope(event(r#""111122223333""#, &record).as_bytes()).unwrap(),
        parse_record(record.as_bytes()).unwrap()
    );
    for record in [&record, &by_parts] {
        for account in [r#""444455556666""#, r#""""#, "111122223333"] {
            let rejected = parse_envelope(event(account, record).as_bytes());
            assert!(rejected.is_err(), "{account} {record}");
        }
    }
    let error = parse_envelope(event(r#""444455556666""#, &record).as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`account` is not the account whose record the event carries"
    );
    // What is no call is of nobody.
    let another_service = RECORD.replace("bedrock", "s3");
    assert!(parse_envelope(event(r#""444455556666""#, &format!("{{{another_service}}}")).as_bytes()).is_ok());
}

#[test]
fn a_source_that_cannot_be_read_is_not_that_of_another_service() {
    for source in ["7", r#"["bedrock.amazonaws.com"]"#] {
        let record = format!(r#"{{"eventSource":{source},"eventName":"Converse"}}"#);
        let error = parse_record(record.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "`eventSource` is not a text");
    }
}

#[test]
fn what_is_not_utf_8_is_refused_where_it_is_read_only() {
    let unread = [b"{", RECORD.as_bytes(), b",\"userAgent\":\"\xff\"}"].concat();
    assert!(parse_record(&unread).is_ok());
    let read = [b"{", RECORD.as_bytes(), b",\"requestID\":\"\xff\"}"].concat();
    assert!(parse_record(&read).is_err());
}
