//! `crisguard scan` by the library: what it reads, what it writes and how it ends, with the time given.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anstream::adapter::strip_str;
use flate2::{Compression, write::GzEncoder};
use run_audit::{Console, Status, run};
use serde_json::{Value, json};

// Relative, as tests run in the package's folder: lines break by how long a name is.
const POLICY: &str = "tests/fixtures/policy.yaml";
const UNITS: &str = "tests/fixtures/units.yaml";
const ORGANIZATION: &str = "tests/fixtures/organization.json";

struct Ended {
    status: Status,
    output: String,
    errors: String,
}

impl Ended {
    fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap()
    }
}

fn crisguard(arguments: &[&str], mut input: &[u8]) -> Ended {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut input,
        output: &mut output,
        errors: &mut errors,
        width: 100,
        watched: false,
    };
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let status = run([&["crisguard"], arguments].concat(), &mut console, now);
    let plain = |bytes: Vec<u8>| strip_str(&String::from_utf8(bytes).unwrap()).to_string();
    Ended {
        status,
        output: plain(output),
        errors: plain(errors),
    }
}

/// An empty folder where the build puts what it makes.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scan").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// The record of a call that the policy permits, but for what `with` replaces.
fn record(number: u32, with: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventSource": "bedrock.amazonaws.com", "eventName": "Converse",
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "requestID": format!("request-{number}"),
        "eventTime": "2026-11-20T10:00:00Z", "awsRegion": "ap-northeast-1", "recipientAccountId": "111122223333",
        "eventType": "AwsApiCall", "readOnly": true, "managementEvent": true, "eventCategory": "Management",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/chat/app",
            "accountId": "111122223333", "sessionContext": {"sessionIssuer":
                {"type": "Role", "arn": "arn:aws:iam::111122223333:role/chat", "accountId": "111122223333"}}},
        "requestParameters": {"modelId": "jp.anthropic.claude-sonnet-4-6"},
        "additionalEventData": {"inferenceRegion": "ap-northeast-3"}
    });
    for (name, value) in with.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn left_japan() -> Value {
    json!({"requestParameters": {"modelId": "apac.amazon.nova-lite-v1:0"},
        "additionalEventData": {"inferenceRegion": "ap-southeast-2"}})
}

fn log_file(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// A trail of three days in two Regions, of which one day is missing in one.
fn trail(name: &str) -> PathBuf {
    let trail = folder(name);
    let place = |region: &str, day: u32| {
        format!(
            "AWSLogs/111122223333/CloudTrail/{region}/2026/11/{day}/\
             111122223333_CloudTrail_{region}_202611{day}T1005Z_AbCdEfGhIjKlMnOp.json.gz"
        )
    };
    let days: [(&str, u32, Vec<Value>); 5] = [
        (
            "ap-northeast-1",
            18,
            vec![
                record(1, &json!({"eventTime": "2026-11-18T10:00:00Z"})),
                record(
                    2,
                    &json!({"eventTime": "2026-11-18T10:01:00Z", "additionalEventData": {"inferenceRegion": "ap-northeast-1"}}),
                ),
                json!({"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}),
            ],
        ),
        (
            "ap-northeast-1",
            19,
            vec![record(3, &{
                let mut with = left_japan();
                with["eventTime"] = json!("2026-11-19T10:00:00Z");
                with
            })],
        ),
        (
            "ap-northeast-1",
            20,
            vec![
                record(4, &json!({})),
                record(5, &left_japan()),
                record(5, &left_japan()),
            ],
        ),
        (
            "us-east-1",
            18,
            vec![record(
                6,
                &json!({"awsRegion": "us-east-1", "eventTime": "2026-11-18T10:00:00Z",
            "requestParameters": {"modelId": "us.amazon.nova-lite-v1:0"}, "additionalEventData": {"inferenceRegion": "us-west-2"}}),
            )],
        ),
        (
            "us-east-1",
            20,
            vec![
                json!({"eventSource": "bedrock.amazonaws.com", "eventName": "ListFoundationModels",
            "awsRegion": "us-east-1", "eventTime": "2026-11-20T10:00:00Z", "recipientAccountId": "111122223333",
            "eventID": "00000000-0000-4000-8000-000000000099"}),
            ],
        ),
    ];
    for (region, day, records) in days {
        write(&trail, &place(region, day), gzip(log_file(&records)));
    }
    trail
}

fn told(ended: &Ended, folder: &Path) -> String {
    let shown = |text: &str| text.replace(&format!("{}/", folder.display()), "");
    format!("{}{}", shown(&ended.output), shown(&ended.errors))
}

#[test]
fn a_trail_is_told_in_both_languages_and_as_json() {
    let trail = trail("trail");
    let at = trail.to_str().unwrap();
    for language in ["en", "ja"] {
        let ended = crisguard(&["scan", at, "--policy", POLICY, "--lang", language], b"");
        assert_eq!(ended.status, Status::Findings);
        insta::assert_snapshot!(format!("a_trail_{language}"), told(&ended, &trail));
    }
    let ended = crisguard(&["scan", at, "--policy", POLICY, "--format", "json"], b"");
    insta::assert_snapshot!("a_trail_json", told(&ended, &trail));
    let schema = crisguard(&["scan", "--schema"], b"");
    assert_eq!(schema.status, Status::Clean);
    let schema = jsonschema::validator_for(&schema.json()).unwrap();
    let wrong: Vec<String> = schema
        .iter_errors(&ended.json())
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(!schema.is_valid(&json!({"version": "0.1.0"})));
}

#[test]
fn only_what_is_asked_for_counts() {
    let trail = trail("scope");
    let at = trail.to_str().unwrap();
    let exits = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at, "--policy", POLICY, "--format", "json"], arguments].concat(),
            b"",
        );
        let exits = ended.json()["exits"].clone();
        ["compliant", "violation", "out_of_scope"].map(|exit| exits[exit].as_u64().unwrap())
    };
    assert_eq!(exits(&[]), [3, 3, 0]);
    // A day is meant to its end.
    assert_eq!(exits(&["--from", "2026-11-19", "--to", "2026-11-19"])[..2], [0, 1]);
    assert_eq!(exits(&["--to", "2026-11-19T10:00:00Z"])[..2], [2, 1]);
    assert_eq!(exits(&["--region", "us-east-1"])[..2], [0, 1]);
    assert_eq!(
        exits(&["--region", "us-east-1", "--region", "ap-northeast-1"])[..2],
        [3, 3]
    );
    assert_eq!(exits(&["--account", "444455556666"])[..2], [0, 0]);
    let records = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at, "--policy", POLICY, "--format", "json"], arguments].concat(),
            b"",
        )
        .json();
        let exits = ended["exits"]
            .as_object()
            .unwrap()
            .values()
            .map(|count| count.as_u64().unwrap());
        (exits.sum::<u64>(), ended["read"]["records"].as_u64().unwrap())
    };
    for arguments in [&[][..], &["--from", "2026-11-19"], &["--account", "444455556666"]] {
        assert_eq!(records(arguments), (9, 9), "{arguments:?}");
    }
}

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
    assert_eq!(audit["exits"]["rejected"].as_u64().unwrap(), rejected.len() as u64);
    // Every good record is there, two of them of broken.jsonl; and what was only quoted is none.
    assert_eq!(audit["exits"]["violation"], 0, "{audit}");
    insta::assert_snapshot!(
        "bad_input_exits",
        serde_json::to_string_pretty(&audit["exits"]).unwrap()
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
        nothing.errors.contains("there is nothing to read"),
        "{}",
        nothing.errors
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
            (Status::Clean, &json!(count))
        );
    }
}

#[test]
fn a_report_overwrites_only_a_report() {
    let (trail, out) = (trail("reported"), folder("reports").join("out"));
    let (at, to) = (trail.to_str().unwrap(), out.to_str().unwrap());
    let arguments = ["scan", at, "--policy", POLICY, "--out", to];
    let first = crisguard(&arguments, b"");
    assert_eq!(first.status, Status::Findings, "{}", first.errors);
    assert!(
        first.output.contains(&format!("Report: {to}/report.html")),
        "{}",
        first.output
    );
    let body: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    let printed = crisguard(&[&arguments[..], &["--format", "json", "--lang", "ja"]].concat(), b"");
    assert_eq!(body["exits"], printed.json()["exits"]);
    assert!(printed.errors.contains("レポート: "), "{}", printed.errors);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("lang=\"ja\""), "it was written anew");
    let left: Vec<String> = fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // Somebody changed it, or it never was a report.
    fs::write(out.join("findings.csv"), "mine").unwrap();
    let refused = crisguard(&arguments, b"");
    assert_eq!((refused.status, refused.output.as_str()), (Status::Incomplete, ""));
    assert!(
        refused.errors.contains("findings.csv is there already"),
        "{}",
        refused.errors
    );
    assert_eq!(fs::read_to_string(out.join("findings.csv")).unwrap(), "mine");
    for name in ["report.html", "manifest.sha256"] {
        let other = folder("others");
        write(&other, name, "mine");
        let to = other.to_str().unwrap();
        assert_eq!(
            crisguard(&["scan", at, "--out", to], b"").status,
            Status::Incomplete,
            "{name}"
        );
        assert_eq!(fs::read_to_string(other.join(name)).unwrap(), "mine");
    }
    // What has another name is nobody's business.
    let beside = folder("beside");
    write(&beside, "notes.txt", "mine");
    let ended = crisguard(
        &["scan", at, "--policy", POLICY, "--out", beside.to_str().unwrap()],
        b"",
    );
    assert_eq!(ended.status, Status::Findings, "{}", ended.errors);
}

/// Whatever is wrong is said before anything is read.
#[test]
fn wrong_questions_are_refused_at_once() {
    let wrong = folder("wrong");
    write(&wrong, "posture.json", r#"{"not": "a report"}"#);
    write(
        &wrong,
        "organization.json",
        fs::read_to_string(ORGANIZATION)
            .unwrap()
            .replace(r#""id": "o-a1b2c3d4e5","#, ""),
    );
    let at = |name: &str| wrong.join(name).display().to_string();
    let out = at("out");
    for (arguments, reason) in [
        (
            vec!["--from", "2026-11-21", "--to", "2026-11-20"],
            "--from 2026-11-21T00:00:00Z is not before --to 2026-11-21T00:00:00Z",
        ),
        (vec!["--from", "yesterday"], "write a date such as 2026-11-21"),
        (
            vec!["--organization", &at("organization.json")],
            "does not have the organization's `id`",
        ),
        (vec!["--organization-path", "o-a1b2c3d4e5/r-ab12"], "--account"),
        (vec!["--with", &format!("posture={}", at("posture.json"))], "--out"),
        (
            vec!["--out", &out, "--with", &format!("posture={}", at("posture.json"))],
            "the posture is not a report of check-posture",
        ),
        (
            vec!["--out", &out, "--with", &format!("reach={POLICY}")],
            "is not what `crisguard reach --format json` prints",
        ),
        (vec!["--policy", &at("missing.yaml")], "cannot be read"),
        (vec!["--threads", "0"], "--threads"),
    ] {
        let ended = crisguard(&[&["scan", "/nowhere"], &arguments[..]].concat(), b"");
        assert_eq!(
            (ended.status, ended.output.as_str()),
            (Status::Incomplete, ""),
            "{arguments:?}"
        );
        assert!(ended.errors.contains(reason), "{arguments:?}: {}", ended.errors);
    }
    let ended = crisguard(&["lookup", "--from", "2026-01-01"], b"");
    assert_eq!(ended.status, Status::Incomplete);
    assert!(
        ended
            .errors
            .contains("CloudTrail keeps 90 days, since 2026-08-23T12:00:00Z"),
        "{}",
        ended.errors
    );
}

/// The unit `japan` may use every Region; nobody else may leave Tokyo.
#[test]
fn overrides_by_unit_hold_where_the_place_is_known() {
    let folder = folder("units");
    let mut call = record(1, &left_japan());
    call["recipientAccountId"] = json!("222233334444");
    write(&folder, "a.json", log_file(&[call]));
    let at = folder.join("a.json");
    let exits = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at.to_str().unwrap(), "--policy", UNITS], arguments].concat(),
            b"",
        );
        (ended.status, ended.output)
    };
    let (status, text) = exits(&[]);
    assert_eq!(status, Status::Findings);
    assert!(
        text.contains("1 cannot be told") && text.contains("add --organization FILE"),
        "{text}"
    );
    let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111";
    for arguments in [
        vec!["--organization", ORGANIZATION],
        vec!["--account", "222233334444", "--organization-path", path],
    ] {
        let (status, text) = exits(&arguments);
        assert_eq!(status, Status::Clean, "{text}");
        assert!(!text.contains("add --organization"), "{text}");
    }
}
