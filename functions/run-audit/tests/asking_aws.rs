//! The two commands that ask AWS, as a process, against a server that answers as S3 and CloudTrail do.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

type Objects = BTreeMap<String, Vec<u8>>;

/// What was asked: method and path, or operation and body.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Starts a server with these objects in the bucket `trail`, and these pages of CloudTrail's history.
fn serve(objects: Objects, pages: Vec<Value>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let (known, objects, pages) = (asked.clone(), Arc::new(objects), Arc::new(pages));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (known, objects, pages) = (known.clone(), Arc::clone(&objects), Arc::clone(&pages));
            thread::spawn(move || answer(&stream.unwrap(), &known, &objects, &pages));
        }
    });
    (address, asked)
}

fn answer(stream: &TcpStream, asked: &Asked, objects: &Objects, pages: &[Value]) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap_or(0) > 0 {
        let request = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
        let (mut length, mut target, mut signed) = (0, String::new(), String::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let header = header.trim().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            } else if let Some(value) = header.strip_prefix("x-amz-target: ") {
                value.clone_into(&mut target);
            } else if let Some(value) = header.strip_prefix("authorization: ") {
                value.clone_into(&mut signed);
            } else if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        asked.0.lock().unwrap().push(if target.is_empty() {
            request.clone()
        } else {
            body.clone()
        });
        let (status, answer) = if body.starts_with("Action=GetCallerIdentity&") {
            of_sts(&signed)
        } else if target.is_empty() {
            of_s3(&request, objects)
        } else {
            of_cloudtrail(&body, pages)
        };
        let length = if request.starts_with("HEAD") { 0 } else { answer.len() };
        let head = format!("HTTP/1.1 {status} X\r\nx-amz-bucket-region: eu-west-1\r\ncontent-length: {length}\r\n\r\n");
        let mut stream = stream;
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(answer.get(..length).unwrap()).unwrap();
        line.clear();
    }
}

/// Knows all keys but one.
fn of_sts(signed: &str) -> (u16, Vec<u8>) {
    if signed.contains("credential=akianobody/") {
        let error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        return (403, error.into());
    }
    let caller = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    (200, caller.into())
}

fn of_s3(request: &str, objects: &Objects) -> (u16, Vec<u8>) {
    let Some(path) = request.strip_prefix("GET /trail") else {
        return (200, Vec::new());
    };
    let Some((_, query)) = path.split_once('?') else {
        let object = objects.get(path.trim_start_matches('/'));
        return object.map_or(
            (
                403,
                b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_vec(),
            ),
            |bytes| (206, bytes.clone()),
        );
    };
    let value = |name: &str| {
        let mut values = query
            .split('&')
            .filter_map(|one| one.strip_prefix(name)?.strip_prefix('='));
        values.next().unwrap_or_default().replace("%2F", "/")
    };
    let (prefix, after) = (value("prefix"), value("start-after"));
    let (mut contents, mut folders) = (String::new(), BTreeSet::new());
    for (key, bytes) in objects
        .iter()
        .filter(|(key, _)| key.starts_with(&prefix) && **key > after)
    {
        match key.strip_prefix(&prefix).unwrap_or_default().split_once('/') {
            Some((folder, _)) if !value("delimiter").is_empty() => {
                folders.insert(format!(
                    "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>"
                ));
            }
            _ => write!(
                contents,
                "<Contents><Key>{key}</Key><Size>{}</Size></Contents>",
                bytes.len()
            )
            .unwrap(),
        }
    }
    let folders: String = folders.into_iter().collect();
    let list = format!(
        "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{contents}{folders}</ListBucketResult>"
    );
    (200, list.into_bytes())
}

fn of_cloudtrail(body: &str, pages: &[Value]) -> (u16, Vec<u8>) {
    let question: Value = serde_json::from_str(body).unwrap();
    if question["LookupAttributes"][0]["AttributeValue"] != "bedrock.amazonaws.com" {
        return (200, b"{\"Events\":[]}".to_vec());
    }
    if pages.is_empty() {
        return (400, br#"{"__type":"AccessDeniedException","Message":"no"}"#.to_vec());
    }
    let number: usize = question["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let next = (number + 1 < pages.len()).then(|| (number + 1).to_string());
    let events: Vec<Value> = pages[number]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| json!({"CloudTrailEvent": record.to_string()}))
        .collect();
    (
        200,
        json!({"Events": events, "NextToken": next}).to_string().into_bytes(),
    )
}

fn crisguard(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crisguard"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    // Nothing of the machine's own configuration.
    command
        .env_clear()
        .env("HOME", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
        .envs(environment.iter().copied())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn with_credentials(arguments: &[&str], address: &str) -> Output {
    with_key("AKIAEXAMPLE", arguments, address)
}

fn with_key<'a>(key: &'a str, arguments: &[&str], address: &'a str) -> Output {
    let environment: [(&str, &'a str); 4] = [
        ("AWS_ENDPOINT_URL", address),
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "ap-northeast-1"),
    ];
    crisguard(arguments, &environment)
}

fn json_of(ended: &Output) -> Value {
    let text = String::from_utf8(ended.stdout.clone()).unwrap();
    assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_str(&text).unwrap()
}

/// An audit that is not compliant throughout.
fn open_audit_of(ended: &Output) -> Value {
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{errors}");
    json_of(ended)
}

/// The record of a call at a time, processed in a Region.
fn call(number: u32, time: &str, region: &str) -> Value {
    let mut record: Value = serde_json::from_str(include_str!("fixtures/stayed.json")).unwrap();
    record["eventID"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
    record["requestID"] = json!(format!("request-{number}"));
    record["eventTime"] = json!(time);
    record["additionalEventData"]["inferenceRegion"] = json!(region);
    record
}

fn key(region: &str, day: u32) -> String {
    format!(
        "AWSLogs/111122223333/CloudTrail/{region}/2026/11/{day}/\
         111122223333_CloudTrail_{region}_202611{day}T1005Z_AbCdEfGhIjKlMnOp.json"
    )
}

#[test]
fn a_bucket_is_listed_by_its_layout_and_read() {
    let file = |record: Value| json!({"Records": [record]}).to_string().into_bytes();
    let objects = Objects::from([
        (
            key("ap-northeast-1", 10),
            file(call(1, "2026-11-10T10:00:00Z", "us-east-1")),
        ),
        (
            key("ap-northeast-1", 20),
            file(call(2, "2026-11-20T10:00:00Z", "ap-northeast-3")),
        ),
        (key("ap-northeast-1", 21), b"<html>".to_vec()),
        (key("us-east-1", 20), file(call(3, "2026-11-20T10:00:00Z", "us-east-1"))),
        (
            "AWSLogs/111122223333/elasticloadbalancing/x.log".to_owned(),
            b"x".to_vec(),
        ),
    ]);
    let (address, asked) = serve(objects, Vec::new());
    let ended = with_credentials(
        &[
            "scan",
            "s3://trail/AWSLogs/",
            "--policy",
            "policy.yaml",
            "--format",
            "json",
            "--from",
            "2026-11-20",
            "--to",
            "2026-11-20",
            "--region",
            "ap-northeast-1",
        ],
        &address,
    );
    let audit = open_audit_of(&ended);
    assert_eq!(
        (&audit["read"]["files"], &audit["exits"]["compliant"]),
        (&json!(2), &json!(1)),
        "{audit}"
    );
    assert_eq!(
        audit["exits"]["violation"], 0,
        "a day that is not asked for is not read"
    );
    let rejected = &audit["rejected"][0]["file"];
    assert_eq!(rejected, &json!(format!("s3://trail/{}", key("ap-northeast-1", 21))));
    let fetched: Vec<String> = asked.all().into_iter().filter(|one| one.contains(".json")).collect();
    assert_eq!(
        fetched.iter().filter(|one| !one.contains('?')).count(),
        2,
        "{fetched:?}"
    );

    let nothing = with_credentials(&["scan", "s3://trail/other/"], &address);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&nothing.stderr)
            .contains("there is nothing to read: no object below s3://trail/other/")
    );
}

#[test]
fn the_history_is_looked_up_page_by_page() {
    let pages = vec![
        json!([
            call(3, "2026-11-21T10:00:00Z", "us-east-1"),
            call(2, "2026-11-20T10:00:00Z", "ap-northeast-3")
        ]),
        json!([call(1, "2026-11-19T10:00:00Z", "ap-northeast-1")]),
    ];
    let (address, asked) = serve(Objects::new(), pages);
    let ended = with_credentials(&["lookup", "--policy", "policy.yaml", "--format", "json"], &address);
    let audit = open_audit_of(&ended);
    let exits = ["compliant", "violation", "rejected"].map(|exit| audit["exits"][exit].clone());
    assert_eq!(exits, [json!(2), json!(1), json!(0)]);
    assert_eq!(audit["asked"]["regions"], json!([]));
    // CloudTrail was asked itself: no log file can be missing, and only of another account is nothing known. Who names a
    // Region twice asks it once.
    let once = &audit["read"]["pages"];
    let about = |account: &str| {
        let arguments = [
            "lookup",
            "--policy",
            "policy.yaml",
            "--format",
            "json",
            "--region",
            "us-west-2",
            "--region",
            "us-west-2",
        ];
        let ended = with_credentials(&[&arguments[..], &["--account", account]].concat(), &address);
        let audit = json_of(&ended);
        assert_eq!(&audit["read"]["pages"], once);
        assert_eq!(audit["asked"]["regions"], json!(["us-west-2"]));
        (audit["coverage"]["gaps"].clone(), audit["coverage"]["unknown"].clone())
    };
    assert_eq!(about("111122223333"), (json!([]), json!([])));
    assert_eq!(
        about("444455556666"),
        (json!([]), json!([{"account": "444455556666", "region": null}]))
    );
    let asked = asked.all();
    let first: Vec<&String> = asked.iter().filter(|one| one.starts_with('{')).take(1).collect();
    let first: Value = serde_json::from_str(first[0]).unwrap();
    let days = (first["EndTime"].as_i64().unwrap() - first["StartTime"].as_i64().unwrap()) / 86_400;
    assert_eq!(days, 90);
}

/// All pages of a Region and time were read, so nothing is missing of what its history has; what it never has is said.
#[test]
fn a_history_that_was_read_to_its_end_is_no_gap() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("looked-up");
    let arguments = |format: &'static str| {
        let page = out.to_str().unwrap().to_owned();
        let fixed = [
            "lookup",
            "--policy",
            "policy.yaml",
            "--to",
            "2099-12-31",
            "--format",
            format,
            "--out",
        ];
        fixed.map(str::to_owned).into_iter().chain([page]).collect::<Vec<_>>()
    };
    let ask = |key: &str, pages: Vec<Value>, format: &'static str| {
        let (address, _) = serve(Objects::new(), pages);
        let arguments = arguments(format);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = with_key(key, &arguments, &address);
        let label = std::fs::read_to_string(out.join("report.html")).unwrap();
        let label = label
            .split_once("class=\"pill\">")
            .unwrap()
            .1
            .split_once('<')
            .unwrap()
            .0
            .to_owned();
        (ended, label)
    };
    let calm = || vec![json!([call(1, "2026-11-19T10:00:00Z", "ap-northeast-1")]), json!([])];
    let (ended, label) = ask("AKIAEXAMPLE", calm(), "json");
    let audit = json_of(&ended);
    assert_eq!((ended.status.code(), label.as_str()), (Some(0), "Compliant"), "{audit}");
    let coverage = &audit["coverage"];
    assert_eq!(coverage["unplaced_files"], 0);
    assert_eq!(audit["read"]["files"], 0);
    assert!(audit["read"]["pages"].as_u64().unwrap() > 2, "{audit}");
    let [history] = &coverage["looked_up"].as_array().unwrap()[..] else {
        panic!("{coverage}");
    };
    assert_eq!(
        (&history["account"], &history["region"]),
        (&json!("111122223333"), &json!("ap-northeast-1"))
    );
    // What is still to come was not read.
    assert!(history["to"].as_str().unwrap() < "2099", "{history}");

    let (ended, label) = ask("AKIAEXAMPLE", calm(), "text");
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!((ended.status.code(), label.as_str()), (Some(0), "Compliant"), "{text}");
    assert!(
        text.starts_with("✓ ")
            && text.contains("Event history that was read to its end\n  111122223333 ap-northeast-1"),
        "{text}"
    );
    let (ended, label) = ask("AKIAEXAMPLE", vec![json!([])], "text");
    assert_eq!((ended.status.code(), label.as_str()), (Some(0), "No invocations"));

    // Where it cannot be told whose it is, it is of no account that could be named.
    let (ended, label) = ask("AKIANOBODY", calm(), "json");
    let audit = json_of(&ended);
    assert_eq!(
        (ended.status.code(), label.as_str()),
        (Some(1), "Evidence incomplete"),
        "{audit}"
    );
    assert_eq!(audit["coverage"]["looked_up"], json!([]));
    let errors = String::from_utf8(ended.stderr).unwrap();
    assert!(
        errors.contains("of which account it is cannot be told: sts:GetCallerIdentity on the credentials failed"),
        "{errors}"
    );
}

#[test]
fn what_cloudtrail_refuses_is_named_with_what_it_takes() {
    let (address, _) = serve(Objects::new(), Vec::new());
    let ended = with_credentials(&["lookup", "--policy", "policy.yaml"], &address);
    let [told, errors] = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(ended.status.code(), Some(2), "{errors}");
    assert!(
        told.starts_with("– Nothing can be said: no record could be read."),
        "{told}"
    );
    assert!(told.contains("AccessDeniedException"), "{told}");
    assert!(
        errors.starts_with("error: CloudTrail answered nothing\n") && errors.contains("needs cloudtrail:LookupEvents"),
        "{errors}"
    );
}

#[test]
fn without_credentials_it_is_said_what_to_do() {
    for arguments in [&["lookup"][..], &["scan", "s3://trail/AWSLogs/"]] {
        let ended = crisguard(arguments, &[("AWS_REGION", "ap-northeast-1")]);
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(2), 0), "{errors}");
        assert!(
            errors.contains("there are no AWS credentials") && errors.contains("AWS_PROFILE"),
            "{errors}"
        );
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home");
    std::fs::create_dir_all(home.join(".aws")).unwrap();
    std::fs::write(home.join(".aws/config"), "[profile audit]\nregion = eu-west-1\n").unwrap();
    let with = [("HOME", home.to_str().unwrap()), ("AWS_PROFILE", "audti")];
    for arguments in [&["lookup"][..], &["scan", "s3://trail/AWSLogs/"]] {
        let ended = crisguard(arguments, &with);
        let errors = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(2), 0), "{errors}");
        assert!(
            errors.starts_with("error: AWS_PROFILE names the profile audti, which is defined in no file\n")
                && errors.contains("aws configure list-profiles"),
            "{errors}"
        );
    }
    let ask_in = |region: &[(&str, &str)]| {
        let key = [
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let ended = crisguard(&["lookup"], &[&key, region].concat());
        String::from_utf8(ended.stderr).unwrap()
    };
    let nowhere = ask_in(&[]);
    assert!(nowhere.contains("there is no Region to ask in\n"), "{nowhere}");
    let tokyo = ask_in(&[("AWS_REGION", "Tokyo")]);
    assert!(
        tokyo.contains("`Tokyo` is not the name of an AWS Region") && tokyo.contains("--region ap-northeast-1"),
        "{tokyo}"
    );
    let ended = crisguard(&["scan", "s3://Trail/"], &[]);
    assert!(String::from_utf8_lossy(&ended.stderr).contains("is no address in S3"));
}
