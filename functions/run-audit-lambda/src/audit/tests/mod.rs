//! The audit without AWS: a bucket in memory, and all that the state machine asks for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use crisguard_aws::{
    Disposition, Failure,
    s3::{Keys, KeysPage, ListedObject},
};
use crisguard_core::{digest, scp::organization::OrganizationDocument};
use crisguard_scan::plan::Address;
use run_audit::s3::Store;
use serde_json::{Value, json};

use super::*;
use crate::NotRead;

mod requests;
mod runs;

const TRAIL: &str = "trail-logs";
const REPORTS: &str = "reports";
const TOKYO: &str = "ap-northeast-1";
const POLICY: &str = "version: 1
regions: { source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3] }
profiles: { global: deny }
";

/// Objects by their buckets and keys, and what fails.
#[derive(Debug)]
pub(crate) struct Bucket {
    objects: Mutex<BTreeMap<(String, String), Vec<u8>>>,
    failing: BTreeMap<String, (&'static str, Disposition)>,
}

impl Bucket {
    pub(crate) fn empty() -> Self {
        Self {
            objects: Mutex::default(),
            failing: BTreeMap::new(),
        }
    }

    fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        let place = (bucket.to_owned(), key.to_owned());
        self.objects.lock().unwrap().insert(place, bytes.to_vec());
    }

    fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        let place = (bucket.to_owned(), key.to_owned());
        self.objects.lock().unwrap().get(&place).cloned()
    }

    fn kept(&self, prefix: &str) -> Vec<String> {
        let objects = self.objects.lock().unwrap();
        let keys = objects
            .keys()
            .filter(|(bucket, key)| bucket == REPORTS && key.starts_with(prefix));
        keys.map(|(_, key)| key.clone()).collect()
    }

    fn lose(&self, key: &str) {
        let place = (REPORTS.to_owned(), key.to_owned());
        self.objects.lock().unwrap().remove(&place).unwrap();
    }

    fn fails(&self, action: &'static str, bucket: &str, key: &str) -> Result<(), Failure> {
        let found = self.failing.iter().find(|(part, _)| key.contains(part.as_str()));
        let Some((_, (cause, disposition))) = found else {
            return Ok(());
        };
        Err(Failure {
            action,
            resource: format!("s3://{bucket}/{key}"),
            cause: (*cause).to_owned(),
            disposition: *disposition,
        })
    }
}

impl Store for Bucket {
    async fn keys(&self, bucket: &str, asked: Keys<'_>, next: Option<&str>) -> Result<KeysPage, Failure> {
        const ON_A_PAGE: usize = 3;
        self.fails("s3:ListBucket", bucket, asked.prefix)?;
        let objects = self.objects.lock().unwrap();
        let after = next.unwrap_or(asked.after);
        let (mut page, mut folders, mut last) = (Vec::new(), BTreeSet::new(), None);
        for ((_, key), bytes) in objects.iter().filter(|((of, _), _)| of == bucket) {
            let Some(rest) = key.strip_prefix(asked.prefix) else {
                continue;
            };
            if key.as_str() <= after || folders.iter().any(|folder: &String| key.starts_with(folder)) {
                continue;
            }
            if page.len() + folders.len() == ON_A_PAGE {
                last = page.last().map(|object: &ListedObject| object.key.clone()).max(
                    // Behind everything in the folder.
                    folders.last().map(|folder| format!("{folder}\u{10ffff}")),
                );
                break;
            }
            match rest.split_once('/').filter(|_| asked.folders) {
                Some((folder, _)) => drop(folders.insert(format!("{}{folder}/", asked.prefix))),
                None => page.push(ListedObject {
                    key: key.clone(),
                    size: u64::try_from(bytes.len()).unwrap(),
                }),
            }
        }
        Ok(KeysPage {
            objects: page,
            folders: folders.into_iter().collect(),
            next: last,
        })
    }

    async fn read(&self, bucket: &str, key: &str, largest: usize) -> Result<Vec<u8>, Failure> {
        self.fails("s3:GetObject", bucket, key)?;
        let bytes = self.object(bucket, key).ok_or_else(|| Failure {
            action: "s3:GetObject",
            resource: format!("s3://{bucket}/{key}"),
            cause: "NoSuchKey (HTTP 404): there is none".to_owned(),
            disposition: Disposition::WillNotPass,
        })?;
        assert!(bytes.len() <= largest);
        Ok(bytes)
    }

    async fn write(&self, bucket: &str, key: &str, bytes: Vec<u8>, _: &str) -> Result<(), Failure> {
        self.fails("s3:PutObject", bucket, key)?;
        self.put(bucket, key, &bytes);
        Ok(())
    }
}

struct NoOrganization;

impl ReadOrganization for NoOrganization {
    async fn whole(&self) -> Result<OrganizationDocument, NotRead> {
        Err(NotRead::InNone("this function".to_owned()))
    }
}

fn record(number: u32, account: &str, region: &str, destination: &str, day: u32) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": "AROAEXAMPLE:s", "accountId": account,
            "arn": format!("arn:aws:sts::{account}:assumed-role/chat/s"),
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": format!("arn:aws:iam::{account}:role/chat"), "accountId": account,
                "userName": "chat"}}},
        "eventTime": format!("2026-10-{day:02}T10:00:00Z"), "eventSource": "bedrock.amazonaws.com",
        "eventName": "Converse", "awsRegion": region,
        "requestParameters": {"modelId": "jp.anthropic.claude-sonnet-4-6"}, "responseElements": null,
        "requestID": format!("00000000-0000-4000-9000-{number:012}"),
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "readOnly": true,
        "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": account,
        "eventCategory": "Management", "additionalEventData": {"inferenceRegion": destination},
    })
}

fn key(account: &str, region: &str, day: u32, number: u32) -> String {
    let name = format!("{account}_CloudTrail_{region}_202610{day:02}T1005Z_{number:016}.json");
    format!("AWSLogs/{account}/CloudTrail/{region}/2026/10/{day:02}/{name}")
}

/// Two accounts in two Regions on four days, two files a day: one call in each that stayed, one that left.
fn trail() -> Bucket {
    let bucket = Bucket::empty();
    let mut number = 0;
    for account in ["111122223333", "222233334444"] {
        for region in [TOKYO, "us-east-1"] {
            for (day, file) in (1..=4).flat_map(|day| [(day, 0), (day, 1)]) {
                number += 2;
                let stayed = record(number, account, region, region, day);
                let left = record(number + 1, account, region, "ap-southeast-2", day);
                let other =
                    json!({"eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"});
                let log = json!({"Records": [stayed, other, left]}).to_string();
                bucket.put(TRAIL, &key(account, region, day, file), log.as_bytes());
            }
        }
    }
    bucket.put(REPORTS, "policy.yaml", POLICY.as_bytes());
    bucket
}

fn places() -> Places {
    Places {
        reports: Some(REPORTS.to_owned()),
        policy: Some(Address {
            bucket: REPORTS.to_owned(),
            key: "policy.yaml".to_owned(),
        }),
    }
}

async fn ask_as(store: &Bucket, places: &Places, request: &Value, seconds: u64) -> Result<Value, String> {
    counted(store, places, request, seconds, &mut Vec::new()).await
}

/// Asks, and keeps what is counted.
async fn counted(
    store: &Bucket,
    places: &Places,
    request: &Value,
    seconds: u64,
    out: &mut Vec<u8>,
) -> Result<Value, String> {
    let world = World {
        store,
        organizations: &NoOrganization,
        places,
    };
    let moment = Moment {
        now: "2026-11-22T17:00:00.25Z".parse().unwrap(),
        left: Duration::from_secs(seconds),
    };
    let request = Request::parse(&request.to_string()).map_err(|error| crisguard_lambda::report::chain(&error))?;
    respond(request, &world, moment, out)
        .await
        .map_err(|report| report.to_string())
}

async fn ask(store: &Bucket, request: &Value) -> Result<Value, String> {
    ask_as(store, &places(), request, 890).await
}

fn lines(store: &Bucket, run: &str) -> Vec<Value> {
    let plan = store.object(REPORTS, &format!("audit/{run}/plan.jsonl")).unwrap();
    let lines: Result<_, _> = serde_json::Deserializer::from_slice(&plan).into_iter().collect();
    lines.unwrap()
}

/// Plans a run with batches of so few bytes that there are several, which the deployed function refuses.
async fn planned(store: &Bucket, about: Value) -> Vec<Value> {
    let mut asked = about;
    asked["run"] = json!("r");
    let planned = ask(store, &json!({"plan": asked})).await.unwrap();
    assert_eq!(planned["key"], "audit/r/plan.jsonl");
    let lines = lines(store, "r");
    assert_eq!(planned["batches"], lines.len());
    lines
}

/// Cuts a plan's one line into lines of so many objects.
fn cut(store: &Bucket, of: usize) -> Vec<Value> {
    let [line] = &lines(store, "r")[..] else {
        panic!("it is one batch");
    };
    let mut files = Vec::new();
    for folder in line["folders"].as_array().unwrap() {
        for file in folder["files"].as_array().unwrap() {
            files.push(json!({"bucket": folder["bucket"], "folder": folder["folder"], "files": [file]}));
        }
    }
    let batches = files.chunks(of).enumerate();
    let batches: Vec<Value> = batches
        .map(|(number, folders)| json!({"batch": number + 1, "folders": folders}))
        .collect();
    let text: Vec<String> = batches.iter().map(ToString::to_string).collect();
    let plan = text.join("\n");
    store.put(REPORTS, "audit/r/plan.jsonl", plan.as_bytes());
    let question = store.object(REPORTS, "audit/r/question.json").unwrap();
    let mut question: Value = serde_json::from_slice(&question).unwrap();
    question["plan_sha256"] = json!(digest::of_bytes(plan.as_bytes()));
    store.put(REPORTS, "audit/r/question.json", question.to_string().as_bytes());
    batches
}

async fn batch(store: &Bucket, line: &Value) {
    let answer = ask(store, &json!({"batch": {"run": "r", "line": line}})).await.unwrap();
    assert_eq!(answer["batch"], line["batch"]);
}

async fn merge(store: &Bucket) -> (Value, Value) {
    let summary = ask(store, &json!({"merge": {"run": "r"}})).await.unwrap();
    let report = store.object(REPORTS, "audit/r/report/report.json").unwrap();
    (summary, serde_json::from_slice(&report).unwrap())
}

fn everything() -> Value {
    json!({"paths": [format!("s3://{TRAIL}/")]})
}

/// What is the same however it was read: the answer of a scan without what is about the answer, and a report without what
/// is about the report.
fn audit(mut value: Value) -> Value {
    let members = value.as_object_mut().unwrap();
    let about = [
        "report",
        "left_out",
        "generated_at",
        "policy",
        "manifest",
        "posture",
        "reach",
    ];
    members.retain(|member, _| !about.contains(&member.as_str()));
    value
}
