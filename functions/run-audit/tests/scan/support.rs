//! What the tests of a scan share: the command by its library with the time given, and a trail.

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
pub(crate) const POLICY: &str = "tests/fixtures/policy.yaml";
pub(crate) const UNITS: &str = "tests/fixtures/units.yaml";
pub(crate) const ORGANIZATION: &str = "tests/fixtures/organization.json";

pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap()
    }
}

pub(crate) fn crisguard(arguments: &[&str], mut input: &[u8]) -> Ended {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut input,
        output: &mut output,
        errors: &mut errors,
        width: 100,
        watched: false,
    };
    let now = "2026-11-21T12:00:00.123456789Z".parse().unwrap();
    let status = run([&["crisguard"], arguments].concat(), &mut console, now);
    let plain = |bytes: Vec<u8>| strip_str(&String::from_utf8(bytes).unwrap()).to_string();
    Ended {
        status,
        output: plain(output),
        errors: plain(errors),
    }
}

/// An empty folder where the build puts what it makes.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scan").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let file = folder.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
}

pub(crate) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}

/// The record of a call that the policy permits, but for what `with` replaces.
pub(crate) fn record(number: u32, with: &Value) -> Value {
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

pub(crate) fn left_japan() -> Value {
    json!({"requestParameters": {"modelId": "apac.amazon.nova-lite-v1:0"},
        "additionalEventData": {"inferenceRegion": "ap-southeast-2"}})
}

pub(crate) fn log_file(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// A trail of three days in two Regions, of which one day is missing in one.
pub(crate) fn trail(name: &str) -> PathBuf {
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
