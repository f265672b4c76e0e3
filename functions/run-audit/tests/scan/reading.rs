//! What is read, and what cannot be.

use std::path::Path;

use run_audit::Status;
use serde_json::{Value, json};

use crate::support::{POLICY, crisguard, folder, gzip, left_japan, log_file, record, write};

/// Files in each of which something is wrong, with ten calls that can be read all the same.
fn bad_files() -> Vec<(&'static str, Vec<u8>)> {
    let good = |number: u32| log_file(&[record(number, &json!({}))]);
    let two = |number: u32| log_file(&[record(number, &json!({})), record(number + 1, &json!({}))]);
    let mut long = record(40, &json!({}));
    long["requestParameters"]["padding"] = json!("x".repeat(250 * 1024));
    let quoted = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutObject",
        "requestParameters": {"body": record(90, &left_japan()).to_string()}});
    let escaped = String::from_utf8(good(50))
        .unwrap()
        .replace("bedrock.amazonaws.com", "bedrock\\u002eamazonaws\\u002ecom")
        .replace("\"eventSource\"", "\"event\\u0053ource\"");
    let mut truncated = gzip(two(11));
    truncated.truncate(truncated.len() / 2);
    let mut digest = json!({"awsAccountId": "111122223333", "digestStartTime": "2026-11-20T10:00:00Z",
        "digestS3Bucket": "trail", "logFiles": []});
    digest["digestEndTime"] = json!("2026-11-20T11:00:00Z");
    vec![
        ("truncated.json.gz", [gzip(good(10)), truncated].concat()),
        ("zip.json.gz", b"PK\x03\x04\x14\x00\x00\x00".to_vec()),
        ("misnamed.json.gz", good(1)),
        ("not-json.json", b"<html>AccessDenied</html>".to_vec()),
        ("no-records.json", br#"{"message": "slow down"}"#.to_vec()),
        (
            "null.json",
            format!(r#"{{"Records": [null, 7, "x", {}]}}"#, record(20, &json!({}))).into_bytes(),
        ),
        ("mark.json", [b"\xef\xbb\xbf".to_vec(), good(30)].concat()),
        ("long.json", log_file(&[long])),
        ("quoted.json", log_file(&[quoted])),
        ("escaped.json", escaped.into_bytes()),
        ("members.json.gz", [gzip(good(60)), gzip(b"")].concat()),
        ("empty.json", Vec::new()),
        ("utf16.json", b"\xff\xfe{\x00}\x00".to_vec()),
        (
            "no-time.json",
            log_file(&[record(70, &json!({"eventTime": "soon"})), record(71, &json!({}))]),
        ),
        ("digest.json", digest.to_string().into_bytes()),
        (
            "broken.jsonl",
            format!(
                "{}\n{{\"eventSource\": \"bedrock\n{}\n",
                record(80, &json!({})),
                record(81, &json!({}))
            )
            .into_bytes(),
        ),
    ]
}

/// Each is named with its reason, and the records beside it are read.
#[test]
fn bad_input_is_named_and_hides_nothing() {
    let bad = folder("bad");
    for (name, bytes) in bad_files() {
        write(&bad, name, bytes);
    }
    let at = bad.to_str().unwrap();
    let missing = bad.join("missing.json");
    let arguments = [
        "scan",
        at,
        missing.to_str().unwrap(),
        "--policy",
        POLICY,
        "--format",
        "json",
    ];
    let ended = crisguard(&arguments, b"");
    assert_eq!(ended.status, Status::Findings, "{}", ended.errors);
    let audit = ended.json();
    let rejected: Vec<String> = audit["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let file = Path::new(one["file"].as_str().unwrap())
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            format!("{file} [{}] {}", one["record"], one["reason"].as_str().unwrap())
        })
        .collect();
    insta::assert_snapshot!(rejected.join("\n"));
    // One of them is a path that leads to no file.
    assert_eq!(audit["exits"]["rejected"].as_u64().unwrap(), rejected.len() as u64 - 1);
    let read = ["files", "paths_without_file"].map(|name| audit["read"][name].as_u64().unwrap());
    assert_eq!(read, [bad_files().len() as u64, 1]);
    // Every good record is there, two of them of broken.jsonl; and what was only quoted is none.
    assert_eq!(audit["exits"]["violation"], 0, "{audit}");
    insta::assert_snapshot!(
        "bad_input_exits",
        serde_json::to_string_pretty(&audit["exits"]).unwrap()
    );
    let japanese = crisguard(&["scan", at, "--policy", POLICY, "--lang", "ja"], b"").output;
    assert!(
        japanese.contains("gzip データが途中で切れています") && !japanese.contains("fetch the file again"),
        "{japanese}"
    );
    let strict = crisguard(&[&arguments[..], &["--strict"]].concat(), b"");
    assert_eq!((strict.status, strict.output), (Status::Incomplete, ended.output));
    let nothing = crisguard(
        &["scan", bad.join("not-json.json").to_str().unwrap(), "--policy", POLICY],
        b"",
    );
    assert_eq!(nothing.status, Status::Incomplete);
    assert!(
        nothing.errors.contains("nothing could be read of 1 file"),
        "{}",
        nothing.errors
    );
    let nothing = crisguard(&["scan", folder("none").to_str().unwrap()], b"");
    assert_eq!(nothing.status, Status::Incomplete);
    assert!(
        nothing.output.contains("there is no log file in this folder"),
        "{}",
        nothing.output
    );
    // Beside others, what a folder lacks would not be missed.
    let beside = crisguard(
        &[
            "scan",
            folder("none").to_str().unwrap(),
            bad.to_str().unwrap(),
            "--strict",
        ],
        b"",
    );
    assert!(
        beside.output.contains("there is no log file in this folder"),
        "{}",
        beside.output
    );
}

/// More than is handed on at once, and than waits to be read.
#[test]
fn standard_input_may_be_long() {
    let records: Vec<Value> = (0..16_000).map(|number| record(number, &json!({}))).collect();
    let input = log_file(&records);
    assert!(input.len() > 10 << 20, "{}", input.len());
    let compressed = gzip(log_file(records.get(..100).unwrap()));
    for (input, count) in [(compressed, 100), (input, 16_000)] {
        let ended = crisguard(&["scan", "-", "--policy", POLICY, "--format", "json"], &input);
        assert_eq!(
            (ended.status, &ended.json()["exits"]["compliant"]),
            (Status::Findings, &json!(count)),
            "whose records they are, only a file's name tells"
        );
    }
}

/// The page, the text, the JSON and the exit code say the same of what was read.
#[test]
fn what_was_read_is_told_alike_everywhere() {
    let at = folder("alike");
    let placed = "AWSLogs/111122223333/CloudTrail/ap-northeast-1/2026/11/20/x.json";
    write(&at, "empty.json", log_file(&[]));
    write(&at, "whole.json", log_file(&[record(1, &json!({}))]));
    write(&at, placed, log_file(&[record(1, &json!({}))]));
    let out = at.join("out");
    let scan = |files: &[&str]| {
        let files: Vec<String> = files.iter().map(|file| at.join(file).display().to_string()).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let asked = [&["scan"], &files[..], &["--policy", POLICY]].concat();
        let json = crisguard(&[&asked[..], &["--format", "json"]].concat(), b"").json();
        let ended = crisguard(&[&asked[..], &["--out", out.to_str().unwrap()]].concat(), b"");
        let page = std::fs::read_to_string(out.join("report.html")).unwrap();
        let label = page
            .split_once("class=\"pill\">")
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0
            .to_owned();
        let read = ["files", "records", "paths_without_file"].map(|name| json["read"][name].as_u64().unwrap());
        let exits = json["exits"].as_object().unwrap().values();
        assert_eq!(exits.map(|exit| exit.as_u64().unwrap()).sum::<u64>(), read[1], "{json}");
        let text = ended.output.replace("\n  ", " ");
        (ended.status, label, read, text, ended.errors)
    };
    let (status, label, read, text, _) = scan(&[placed]);
    assert_eq!((status, label.as_str(), read), (Status::Clean, "Compliant", [1, 1, 0]));
    assert!(
        text.starts_with("✓ The 1 invocation that was read did not break the policy.\n"),
        "{text}"
    );

    let (status, label, read, text, _) = scan(&["whole.json"]);
    assert_eq!(
        (status, label.as_str(), read),
        (Status::Findings, "Evidence incomplete", [1, 1, 0])
    );
    assert!(
        text.starts_with("! ") && text.contains("The evidence is not complete"),
        "{text}"
    );

    let (status, label, read, text, _) = scan(&["empty.json"]);
    assert_eq!(
        (status, label.as_str(), read),
        (Status::Findings, "Evidence incomplete", [1, 0, 0])
    );
    assert!(
        text.starts_with("– No inference request was found. The evidence is not complete"),
        "{text}"
    );
    assert!(text.contains("1 file (14 bytes), 0 records"), "{text}");

    let (status, label, read, text, _) = scan(&[placed, "nowhere.json"]);
    assert_eq!(
        (status, label.as_str(), read),
        (Status::Findings, "Evidence incomplete", [1, 1, 1])
    );
    assert!(
        text.contains("1 path leads to no file.") && text.contains("nowhere.json: there is no such file"),
        "{text}"
    );

    let (status, label, read, text, errors) = scan(&["nowhere.json"]);
    assert_eq!(
        (status, label.as_str(), read),
        (Status::Incomplete, "Nothing was read", [0, 0, 1])
    );
    assert!(
        text.contains("0 files (0 bytes), 0 records") && text.contains("nowhere.json: there is no such file"),
        "{text}"
    );
    assert!(errors.contains("there is nothing to read"), "{errors}");
}
