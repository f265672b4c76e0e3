//! What signed calls say and read, against files that hold AWS's own names.
//!
//! A file in `wire/` has, for each operation of a service that is asked without its SDK, what must be
//! sent, and an answer with every member that is read. Here the calls are held to the files;
//! `tests/machines/test_wire.py` holds the files to botocore's model of the service. A new operation is
//! added to a file and to `ask`.

use std::{collections::BTreeMap, fmt::Debug, fs, path::PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Failure,
    everywhere::Everywhere,
    organizations::Organization,
    replay::{Replay, Reply},
    s3::Keys,
    sts::Role,
};

#[derive(Deserialize)]
struct File {
    service: String,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    operation: String,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    sent: Sent,
    answer: Value,
    #[serde(default)]
    answer_headers: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Sent {
    method: String,
    url: String,
    /// The Region and the service that the request is signed for.
    signed_for: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

/// The headers that are the operation's, and not every request's.
const HEADERS: [&str; 4] = [
    "content-type",
    "x-amz-target",
    "x-amz-account-id",
    "x-amz-expected-bucket-owner",
];

/// Makes the call that an operation is for, with the parameters that the files have, and writes out
/// what is returned.
async fn ask(service: &str, operation: &str, region: &str, everywhere: &Everywhere) -> String {
    const ACCOUNT: &str = "111122223333";
    let agents = everywhere.agents(region);
    let identities = everywhere.identities(region);
    let trails = everywhere.trails(region);
    let buckets = everywhere.buckets(region);
    let bucket = buckets.bucket("logs-1");
    match (service, operation) {
        ("bedrock-agent", "GetAgent") => told(&agents.agent("AGENT00001").await),
        ("bedrock-agent", "GetDataSource") => told(&agents.data_source("BASE000001", "SOURCE0001").await),
        ("bedrock-agent", "GetKnowledgeBase") => told(&agents.knowledge_base("BASE000001").await),
        ("bedrock-agent", "ListAgents") => told(&agents.agents().await),
        ("bedrock-agent", "ListDataSources") => told(&agents.data_sources("BASE000001").await),
        ("bedrock-agent", "ListKnowledgeBases") => told(&agents.knowledge_bases().await),
        ("cloudtrail", "DescribeTrails") => told(&trails.list().await),
        ("cloudtrail", "GetEventSelectors") => told(&trails.selectors("trail-1").await),
        ("cloudtrail", "GetTrailStatus") => told(&trails.status("trail-1").await),
        ("cloudtrail", "LookupEvents") => {
            let mut history = trails.history("bedrock.amazonaws.com", 1_790_000_000, 1_790_000_600);
            told(&history.page().await)
        }
        ("ec2", "DescribeVpcEndpoints") => told(&everywhere.networks(region).endpoints("bedrock-runtime").await),
        ("iam", "GetAccountAuthorizationDetails") => told(&identities.authorization().await),
        ("iam", "ListServiceSpecificCredentials") => {
            told(&identities.service_credentials("bedrock.amazonaws.com").await)
        }
        ("kms", "DescribeKey") => told(&everywhere.keys(region).describe("key-1").await),
        ("logs", "DescribeLogGroups") => told(&everywhere.log_groups(region).describe("group-1").await),
        ("organizations", operation) => organization(operation, &everywhere.organization(region)).await,
        ("s3", "GetBucketEncryption") => told(&bucket.encryption().await),
        ("s3", "GetBucketLifecycleConfiguration") => told(&bucket.lifecycle().await),
        ("s3", "GetBucketOwnershipControls") => told(&bucket.ownership().await),
        ("s3", "GetBucketPolicy") => told(&bucket.policy().await),
        ("s3", "GetPublicAccessBlock") => told(&bucket.public_access_block().await),
        ("s3", "HeadBucket") => told(&bucket.head(Some(ACCOUNT)).await),
        ("s3", "ListObjectsV2") => {
            let asked = Keys {
                prefix: "AWSLogs/a b/",
                folders: true,
                after: "AWSLogs/a b/1",
            };
            told(&bucket.keys(asked, Some("x/+y=")).await)
        }
        ("s3", "ListBuckets") => told(&buckets.list().await),
        ("s3", "PutObject") => told(&bucket.put("reports/a b.json", b"{}".to_vec(), "application/json").await),
        ("sts", "AssumeRole") => {
            let role = Role {
                arn: "arn:aws:iam::444455556666:role/role-1".to_owned(),
                external_id: Some("id-1".to_owned()),
            };
            told(&everywhere.roles(region).assume(&role, "crisguard").await)
        }
        ("sts", "GetCallerIdentity") => told(&everywhere.roles(region).own_account().await),
        ("s3control", "GetPublicAccessBlock") => told(&buckets.public_access_block(ACCOUNT).await),
        _ => panic!("nobody asks {service} for {operation}"),
    }
}

async fn organization(operation: &str, organization: &Organization) -> String {
    let answer = match operation {
        "DescribeEffectivePolicy" => told(&organization.bedrock_policy().await),
        "DescribeOrganization" => told(&organization.membership().await),
        "DescribePolicy" => told(&organization.policy("p-00000001").await),
        "ListAccountsForParent" => told(&organization.accounts("r-ab12").await),
        "ListOrganizationalUnitsForParent" => told(&organization.units("r-ab12").await),
        "ListParents" => told(&organization.parent("111122223333").await),
        "ListPoliciesForTarget" => told(&organization.attached("r-ab12").await),
        "ListRoots" => told(&organization.root().await),
        _ => panic!("nobody asks the organization for {operation}"),
    };
    // What is attached to a node is asked for by a call of its own.
    answer.replace("policies: []", "")
}

fn told<A: Debug>(answer: &Result<A, Failure>) -> String {
    format!("{answer:?}")
}

fn wire(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wire").join(name)
}

fn replies(exchanges: &[Exchange]) -> Vec<Reply> {
    let reply = |exchange: &Exchange| {
        let body = exchange
            .answer
            .as_str()
            .map_or_else(|| exchange.answer.to_string(), str::to_owned);
        let headers = exchange.answer_headers.iter();
        headers.fold(Reply::new(200, body), |reply, (name, value)| reply.header(name, value))
    };
    exchanges.iter().map(reply).collect()
}

/// Returns what was sent, as the files write it.
fn sent(replay: &Replay) -> Vec<Sent> {
    let headers: Vec<_> = HEADERS.iter().map(|name| (*name, replay.headers(name))).collect();
    let lines = replay.lines();
    let scopes = replay.headers("authorization");
    let bodies = replay.bodies();
    let requests = lines.iter().zip(&scopes).zip(&bodies).enumerate();
    requests
        .map(|(n, ((line, authorization), body))| {
            let (method, url) = line.split_once(' ').unwrap();
            let own = headers.iter().filter(|(_, values)| !values[n].is_empty());
            let headers: BTreeMap<_, _> = own
                .map(|(name, values)| ((*name).to_owned(), values[n].clone()))
                .collect();
            let form = headers.get("content-type").is_some_and(|kind| kind.contains("form"));
            Sent {
                method: method.to_owned(),
                url: url.to_owned(),
                signed_for: scope(authorization),
                body: if form { fields(body) } else { document(body) },
                headers,
            }
        })
        .collect()
}

/// Returns the Region and service of `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn scope(authorization: &str) -> String {
    let parts: Vec<&str> = authorization.split('/').collect();
    parts[2..4].join("/")
}

fn document(body: &str) -> Value {
    match body {
        "" => Value::Null,
        body => serde_json::from_str(body).unwrap(),
    }
}

fn fields(form: &str) -> Value {
    let decoded = |text| crate::signed::text::decoded(text).unwrap();
    let fields = form.split('&').map(|field| field.split_once('=').unwrap());
    fields
        .map(|(name, value)| (decoded(name), Value::String(decoded(value))))
        .collect()
}

#[tokio::test]
async fn every_call_sends_what_its_file_says_and_reads_all_of_the_answer() {
    let mut checked = 0;
    for entry in fs::read_dir(wire("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "json") {
            continue;
        }
        let file: File = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        for Call { operation, exchanges } in file.calls {
            let what = format!("{} {operation}", file.service);
            let replay = Replay::new(replies(&exchanges));
            let everywhere = Everywhere::new(&replay.configuration());
            let answer = ask(&file.service, &operation, "eu-west-1", &everywhere).await;
            let expected: Vec<Sent> = exchanges.into_iter().map(|exchange| exchange.sent).collect();
            assert_eq!(sent(&replay), expected, "{what}");
            assert!(answer.starts_with("Ok("), "{what}: {answer}");
            // Each member that can be missing or empty is in the file's answer.
            match operation.as_str() {
                // Roles and groups have less than users.
                "GetAccountAuthorizationDetails" => {
                    for (member, times) in [("group-1", 2), ("arn-2", 3), ("arn-3", 2), ("document-1", 3)] {
                        assert_eq!(answer.matches(member).count(), times, "{member}: {answer}");
                    }
                }
                _ => assert!(!answer.contains("None") && !answer.contains("[]"), "{what}: {answer}"),
            }
            checked += 1;
        }
    }
    assert_eq!(checked, 35, "as many as `ask` knows");
}

#[tokio::test]
async fn every_service_is_asked_where_its_file_says() {
    let first = |service: &str| match service {
        "kms" => "DescribeKey",
        "logs" => "DescribeLogGroups",
        "cloudtrail" => "DescribeTrails",
        "bedrock-agent" => "ListAgents",
        "ec2" => "DescribeVpcEndpoints",
        "iam" => "ListServiceSpecificCredentials",
        "organizations" => "DescribeEffectivePolicy",
        "s3" => "ListBuckets",
        "s3control" => "GetPublicAccessBlock",
        "sts" => "AssumeRole",
        _ => panic!("{service} is not asked"),
    };
    let mut checked = 0;
    for line in fs::read_to_string(wire("endpoints.txt")).unwrap().lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [service, region, fips, dual, endpoint, signed_for] = fields[..] else {
            panic!("{line}");
        };
        let replay = Replay::new([Reply::new(403, "")]);
        let configuration = replay.configuration().to_builder();
        let configuration = configuration
            .use_fips(fips == "fips")
            .use_dual_stack(dual == "dual-stack");
        let everywhere = Everywhere::new(&configuration.build());
        ask(service, first(service), region, &everywhere).await;
        let [sent] = &sent(&replay)[..] else {
            panic!("one request is made");
        };
        assert!(sent.url.starts_with(&format!("{endpoint}/")), "{line}: {}", sent.url);
        assert_eq!(sent.signed_for, signed_for, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 115);
}
