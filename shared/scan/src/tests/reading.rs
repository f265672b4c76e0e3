//! Every form of input, and everything that can be wrong with one: each is named, and its neighbours are read.

use std::io;

use serde_json::Value;

use super::{OTHER, RECORD, Seen, gzip, log, seen, seen_of};
use crate::Content;

#[test]
fn every_form_holds_its_records() {
    let quoted = serde_json::to_string(RECORD).unwrap();
    let pretty = |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
    let envelope = format!(
        r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.bedrock","account":"111122223333","detail":{RECORD}}}"#
    );
    let forms = [
        (RECORD.to_owned(), 1, 0),
        (format!("\u{feff}{RECORD}"), 1, 0),
        (log(&[RECORD, OTHER, RECORD]), 2, 1),
        (pretty(&log(&[RECORD, OTHER, RECORD])), 2, 1),
        (log(&[]), 0, 0),
        (
            format!("{{\"other\":{{\"Records\":[1]}},\"Records\":[{RECORD}],\"more\":[2]}}"),
            1,
            0,
        ),
        (format!("{{\"\\u0052ecords\":[{RECORD},{OTHER}]}}"), 1, 1),
        (format!("{RECORD}\n{OTHER}\n{RECORD}"), 2, 1),
        (format!("{RECORD},\n{OTHER},\n"), 1, 1),
        (format!("{RECORD}{OTHER}{RECORD}"), 2, 1),
        (
            format!(
                "\n{RECORD}\n\u{feff}{{\"x\":1,{}\n\u{feff}[{OTHER}]",
                RECORD.get(1..).unwrap()
            ),
            2,
            1,
        ),
        (format!("[{RECORD},{OTHER}]"), 1, 1),
        (format!("[[{RECORD}],[{OTHER}]]"), 1, 1),
        (format!("[{},{}]", log(&[RECORD]), log(&[OTHER, RECORD])), 2, 1),
        (format!("{}\n{}\n", log(&[RECORD]), log(&[OTHER, RECORD])), 2, 1),
        (format!("{}\n{}", pretty(RECORD), pretty(OTHER)), 1, 1),
        (
            format!(r#"{{"NextToken":"x","Events":[{{"EventId":"1","CloudTrailEvent":{quoted}}}]}}"#),
            1,
            0,
        ),
        (format!(r#"{{"Messages":[{{"MessageId":"1","Body":{quoted}}}]}}"#), 1, 0),
        (envelope.clone(), 1, 0),
        (format!("{envelope}\n{envelope}"), 2, 0),
        (envelope.replace("\"aws.bedrock\"", "\"crisguard.canary\""), 0, 1),
    ];
    for (text, bedrock, not_bedrock) in forms {
        let expected = Seen {
            bedrock,
            not_bedrock,
            rejected: Vec::new(),
        };
        assert_eq!(seen(text.as_bytes()), expected, "{text}");
        assert_eq!(seen(&gzip(text.as_bytes())), expected, "{text}");
        let (one, two) = text.as_bytes().split_at(text.len() / 2);
        assert_eq!(seen(&[gzip(one), gzip(two)].concat()), expected, "{text}");
    }
}

#[test]
fn an_invocation_log_is_read_without_its_prompts() {
    let entry = r#"{"timestamp":"2026-11-21T10:00:00Z","accountId":"111122223333","region":"us-east-1","requestId":"r",
        "operation":"Converse","modelId":"us.anthropic.claude-sonnet-4-5-20250929-v1:0","inferenceRegion":"us-west-2",
        "input":{"inputBodyJson":{"text":"{\"eventSource\":\"bedrock.amazonaws.com\""}},
        "schemaType":"ModelInvocationLog","schemaVersion":"1.0"}"#
        .replace('\n', "");
    let text = format!("{entry}\n{entry}\n");
    assert_eq!(seen(text.as_bytes()).bedrock, 2);
    assert_eq!(seen(log(&[OTHER, &entry, RECORD]).as_bytes()).bedrock, 2);
    let first = b"Permissions are correctly set for Amazon Bedrock logs.";
    assert_eq!(
        seen(first),
        Seen {
            bedrock: 0,
            not_bedrock: 0,
            rejected: Vec::new()
        }
    );
    assert_eq!(seen(&[&first[..], b"\n", text.as_bytes()].concat()).bedrock, 2);
    let broken = seen(
        text.replace("\"region\":\"us-east-1\"", "\"region\":\"a secret prompt\"")
            .as_bytes(),
    );
    assert_eq!(broken.rejected.len(), 2);
    assert!(!format!("{broken:?}").contains("secret"), "{broken:?}");
}

#[test]
fn a_source_is_the_same_however_it_is_written() {
    for text in [
        RECORD.replace("bedrock.amazonaws.com", "bedrock\\u002eamazonaws.com"),
        RECORD.replace("\"bedrock.amazonaws.com\"", "\"\\u0062edrock.amazonaws.com\""),
        RECORD.replace("\"eventSource\"", "\"\\u0065ventSource\""),
        RECORD.replace("\"eventSource\":", "\"eventSource\" \t:\n "),
    ] {
        assert_eq!(seen(log(&[OTHER, &text, OTHER]).as_bytes()).bedrock, 1, "{text}");
    }
}

#[test]
fn a_record_that_another_quotes_is_no_record() {
    let quoted = serde_json::to_string(&format!("{RECORD},{RECORD}")).unwrap();
    for text in [
        OTHER.replace("\"readOnly\"", &format!("\"quoted\":{quoted},\"readOnly\"")),
        OTHER.replace("\"readOnly\"", &format!("\"nested\":[{RECORD}],\"readOnly\"")),
    ] {
        let seen = seen(log(&[&text, RECORD]).as_bytes());
        assert_eq!(
            (seen.bedrock, seen.not_bedrock, seen.rejected.len()),
            (1, 1, 0),
            "{text}"
        );
    }
}

/// What is rejected: the record's number, and a word of the reason.
type Rejection<'a> = (Option<u64>, &'a str);
/// What is read, how many records of Bedrock are found, and what is rejected.
type Input<'a> = (Vec<u8>, u64, &'a [Rejection<'a>]);

#[test]
fn what_is_wrong_with_a_file_is_named() {
    let whole = gzip(log(&[RECORD, OTHER, RECORD]).as_bytes());
    let noise: Vec<String> = (0..2000_u64)
        .map(|n| OTHER.replace("PutObject", &format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
        .collect();
    let noise: Vec<&str> = [RECORD].into_iter().chain(noise.iter().map(String::as_str)).collect();
    let long = gzip(log(&noise).as_bytes());
    let digest = r#"{"awsAccountId":"111122223333","digestStartTime":"2026-11-21T10:00:00Z","logFiles":[]}"#;
    let inputs: &[Input<'_>] = &[
        (whole[..whole.len() - 4].to_vec(), 2, &[(None, "breaks off")]),
        (long[..long.len() / 2].to_vec(), 1, &[(None, "breaks off")]),
        ([&whole[..], b"garbage"].concat(), 2, &[(None, "something else")]),
        // All of it can be read, and is not what its checksum says.
        (with_other_checksum(&whole), 2, &[(None, "damaged")]),
        (with_other_checksum(&long), 1, &[(None, "damaged")]),
        (
            [&whole[..], &with_other_checksum(&whole)].concat(),
            4,
            &[(None, "damaged")],
        ),
        (vec![], 0, &[(None, "empty")]),
        (gzip(b""), 0, &[(None, "empty")]),
        (b" \r\n\t".to_vec(), 0, &[(None, "nothing but white space")]),
        (b",\n".to_vec(), 0, &[(None, "nothing but white space or commas")]),
        (gzip(b"\n"), 0, &[(None, "nothing but white space")]),
        (b"\xef\xbb\xbf\n".to_vec(), 0, &[(None, "nothing but white space")]),
        (
            RECORD.replacen('{', "{\"Records\":[],", 1).into(),
            0,
            &[(Some(0), "holds a list")],
        ),
        (
            RECORD
                .replacen("\"Management\"}", "\"Management\",\"Events\":[]}", 1)
                .into(),
            0,
            &[(Some(0), "holds a list")],
        ),
        (vec![0x1f, 0x8b, 8, 0], 0, &[(None, "breaks off")]),
        (b"PK\x03\x04 rubbish".to_vec(), 0, &[(Some(0), "not JSON")]),
        (b"<html>".to_vec(), 0, &[(Some(0), "not JSON")]),
        (b"null".to_vec(), 0, &[(Some(0), "not JSON")]),
        (br#"{"a":1}"#.to_vec(), 0, &[(Some(0), "neither")]),
        (br#"{"Records":null}"#.to_vec(), 0, &[(Some(0), "neither")]),
        (digest.into(), 0, &[(Some(0), "digest")]),
    ];
    assert_rejected(inputs);
}

fn with_other_checksum(gzip: &[u8]) -> Vec<u8> {
    let mut gzip = gzip.to_vec();
    let checksum = gzip.len() - 8;
    gzip[checksum] ^= 1;
    gzip
}

/// What is handed to Lambda functions, kept as it is, looks like a log file, and what is in it like other services'.
#[test]
fn what_only_looks_like_a_log_file_is_named() {
    let envelope = |members: &str| format!("{{{members}\"account\":\"111122223333\",\"detail\":{RECORD}}}");
    let whole = envelope(r#""detail-type":"AWS API Call via CloudTrail","source":"aws.bedrock","#);
    let quoted = serde_json::to_string(&whole).unwrap();
    // Nothing else of a record tells that it is about Bedrock, but the host that was called.
    let host = r#""tlsDetails":{"clientProvidedHostHeader":"bedrock-runtime.us-west-2.amazonaws.com"},"#;
    let no_source = RECORD.replace(r#""eventSource":"bedrock.amazonaws.com","#, host);
    for odd in [
        format!(r#"{{"messageId":"m","body":{quoted},"eventSource":"aws:sqs"}}"#),
        format!(r#"{{"EventSource":"aws:sns","Sns":{{"Message":{quoted}}}}}"#),
        format!(r#"{{"Records":[{RECORD}]}}"#),
        r#"{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{}}"#.to_owned(),
        no_source.clone(),
        no_source.replace(r#""eventCategory":"Management""#, r#""eventSource":null"#),
    ] {
        let Seen {
            bedrock,
            not_bedrock,
            rejected,
        } = seen(log(&[OTHER, &odd, RECORD]).as_bytes());
        assert_eq!((bedrock, not_bedrock, rejected.len()), (1, 1, 1), "{odd}");
        assert!(rejected[0].1 == Some(1) && rejected[0].2.contains("neither"), "{odd}");
        if !odd.contains("\"Records\"") {
            let lines = seen(format!("{OTHER}\n{odd}\n{RECORD}").as_bytes());
            assert_eq!(
                (lines.bedrock, lines.not_bedrock, lines.rejected.len()),
                (1, 1, 1),
                "{odd}"
            );
        }
    }
    for odd in [
        envelope(r#""detail-type":"x","source":"aws.bedrock","#),
        envelope(r#""detail-type":"AWS API Call via CloudTrail","source":"aws.s3","#),
        envelope(r#""detail-type":"AWS API Call via CloudTrail","#),
    ] {
        let found = seen(odd.as_bytes());
        assert_eq!(
            (found.bedrock, found.not_bedrock, found.rejected.len()),
            (0, 0, 1),
            "{odd}"
        );
        assert!(found.rejected[0].2.contains("another kind"), "{odd}");
    }
    let state = r#"{"detail-type":"Batch Inference Job State Change","source":"aws.bedrock","account":"111122223333","detail":{"status":"Completed"}}"#;
    let insight =
        r#"{"eventVersion":"1.11","eventCategory":"Insight","insightDetails":{"eventSource":"bedrock.amazonaws.com"}}"#;
    for fine in [state.to_owned(), log(&[insight]), whole] {
        assert_eq!(seen(fine.as_bytes()).rejected, [], "{fine}");
    }
}

#[test]
fn what_is_wrong_with_a_record_is_named_and_the_rest_is_read() {
    let large = format!(
        "{{\"eventSource\":\"s3.amazonaws.com\",\"x\":\"{}\"}}",
        "x".repeat(1 << 20)
    );
    let begun = RECORD.get(..99).unwrap();
    let inputs: &[Input<'_>] = &[
        (log(&[RECORD, "null", RECORD]).into(), 2, &[(Some(1), "no JSON object")]),
        (
            log(&["1", RECORD, "\"{\"", "[]", RECORD, "true"]).into(),
            2,
            &[(Some(0), "object"), (Some(2), "object"), (Some(4), "object")],
        ),
        (
            log(&[RECORD, &large, RECORD]).into(),
            2,
            &[(Some(1), "at most 1048576")],
        ),
        (
            format!("{RECORD}\n{large}\n{RECORD}").into(),
            2,
            &[(Some(1), "at most 1048576")],
        ),
        (
            log(&[&RECORD.replace("us-west-2\"", "nowhere\""), RECORD]).into(),
            1,
            &[(Some(0), "`awsRegion`")],
        ),
        (
            log(&[&RECORD.replace("\"Converse\"", "12x"), RECORD]).into(),
            1,
            &[(Some(0), "JSON")],
        ),
        (
            format!(r#"{{"Records":[{RECORD},{RECORD}"#).into(),
            2,
            &[(None, "breaks off")],
        ),
        (
            format!(r#"{{"Records":[{RECORD},{begun}"#).into(),
            1,
            &[(None, "breaks off")],
        ),
        (
            format!("{begun}\n{RECORD}\n{OTHER}").into(),
            1,
            &[(Some(0), "not valid JSON")],
        ),
        (
            log(&[
                RECORD,
                &OTHER.replace("PutObject\"", "Put\"Object\""),
                RECORD,
                OTHER,
                RECORD,
            ])
            .into(),
            3,
            &[(Some(1), "not valid JSON")],
        ),
        (
            log(&[RECORD, &format!("{OTHER}\""), RECORD, OTHER]).into(),
            2,
            &[(Some(2), "not valid JSON")],
        ),
        (
            log(&[RECORD]).encode_utf16().flat_map(u16::to_le_bytes).collect(),
            0,
            &[(None, "UTF-16")],
        ),
        (
            [0xff, 0xfe]
                .into_iter()
                .chain(log(&[RECORD]).encode_utf16().flat_map(u16::to_le_bytes))
                .collect(),
            0,
            &[(None, "UTF-16")],
        ),
        (
            br#"{"Events":[{"EventId":"1"},{"CloudTrailEvent":7}]}"#.to_vec(),
            0,
            &[(Some(0), "`CloudTrailEvent`"), (Some(1), "`CloudTrailEvent`")],
        ),
        ("[".repeat(200_000).into(), 0, &[(None, "breaks off")]),
        (format!("[[[[[[{RECORD}]]]]]]").into(), 0, &[(Some(0), "object")]),
    ];
    assert_rejected(inputs);
}

fn assert_rejected(inputs: &[Input<'_>]) {
    for (bytes, bedrock, rejected) in inputs {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
        for seen in [
            seen(bytes),
            seen_of(Content::Stream(Box::new(io::Cursor::new(bytes.clone())))),
        ] {
            assert_eq!(seen.bedrock, *bedrock, "{shown}: {seen:?}");
            assert_eq!(seen.rejected.len(), rejected.len(), "{shown}: {seen:?}");
            for ((_, place, reason), (expected, word)) in seen.rejected.iter().zip(*rejected) {
                assert_eq!(place, expected, "{shown}: {seen:?}");
                assert!(reason.contains(word), "{shown}: {seen:?}");
            }
        }
    }
}

/// A bracket that does not close takes the records behind it for parts of its own, up to one too many that does.
#[test]
fn records_are_read_behind_a_bracket_that_does_not_close() {
    let opened = RECORD.replacen("\"userIdentity\":", "\"userIdentity\":[", 1);
    let closed = OTHER.replacen("[{},[]]}", "[{},[]]}}", 1);
    let torn = format!("{},\"x\":{{}}[", RECORD.strip_suffix('}').unwrap());
    let mut many = vec![OTHER; 4000];
    many.insert(0, &opened);
    many.extend([&closed, RECORD]);
    let inputs = [
        (vec![RECORD, &opened, RECORD, OTHER, RECORD], 3, 1, 1),
        (vec![RECORD, &torn, RECORD, OTHER, RECORD], 3, 1, 1),
        (vec![RECORD, &opened, RECORD, &closed, RECORD], 3, 1, 1),
        (vec![&opened, OTHER, &closed, OTHER, RECORD], 1, 3, 0),
        (many, 1, 4001, 0),
    ];
    for (records, bedrock, not_bedrock, damaged) in inputs {
        // What is large takes its time, and one form of it is enough.
        let separators = if records.len() > 9 { 1 } else { 3 };
        for between in [",", ", ", ",\n"].into_iter().take(separators) {
            let joined = records.join(between);
            // On a line of its own a record is known to be one, and what closed too early is told apart from what did not.
            let told = 1 + usize::from(between == ",\n" && records.contains(&closed.as_str()));
            for text in [format!("{{\"Records\":[{joined}]}}"), format!("[{joined}]"), joined] {
                let streamed = seen_of(Content::Stream(Box::new(io::Cursor::new(text.clone()))));
                for seen in [seen(text.as_bytes()), streamed] {
                    let read = (seen.bedrock, seen.not_bedrock, seen.rejected.len());
                    assert_eq!(read, (bedrock, not_bedrock, told), "{between:?} {seen:?}");
                    assert!(
                        matches!(&seen.rejected[..], [(_, Some(at), reason), ..] if *at == damaged && reason.contains("not valid JSON")),
                        "{between:?} {seen:?}"
                    );
                }
            }
        }
    }
}
