//! Each answer as S3's API reference has it, and what is sent for it.

use super::*;
use crate::{
    replay::{Replay, Reply, ok},
    s3::LifecycleRule,
};

const HOST: &str = "https://logs-1.s3.eu-west-1.amazonaws.com";

fn bucket(replies: impl IntoIterator<Item = Reply>) -> (Replay, Bucket) {
    let replay = Replay::new(replies);
    let bucket = Bucket::new(&replay.configuration(), "eu-west-1", "logs-1");
    (replay, bucket)
}

fn error(status: u16, code: &str) -> Reply {
    let body = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>");
    Reply::new(status, body)
}

#[tokio::test]
async fn a_bucket_is_there_missing_or_forbidden() {
    let (replay, found) = bucket([ok("").header(REGION, "eu-west-1")]);
    let region = Some("eu-west-1".to_owned());
    assert_eq!(
        found.head(Some("111122223333")).await.unwrap(),
        Head::Found { region: region.clone() }
    );
    assert_eq!(replay.lines(), [format!("HEAD {HOST}/")]);
    assert_eq!(replay.headers("x-amz-expected-bucket-owner"), ["111122223333"]);
    let authorization = &replay.headers("authorization")[0];
    assert!(authorization.contains("/eu-west-1/s3/aws4_request"), "{authorization}");
    assert!(authorization.contains("x-amz-expected-bucket-owner"), "{authorization}");

    let (_, missing) = bucket([Reply::new(404, "")]);
    assert_eq!(missing.head(None).await.unwrap(), Head::Missing);

    let (_, forbidden) = bucket([Reply::new(403, "").header(REGION, "eu-west-1")]);
    let Head::Forbidden { region: told, failure } = forbidden.head(None).await.unwrap() else {
        panic!("it is forbidden");
    };
    assert_eq!(told, region);
    assert_eq!(
        failure.to_string(),
        "s3:ListBucket on s3://logs-1 failed: AccessDenied (HTTP 403): the bucket is another account's, or may not be \
         looked at"
    );
}

const REGION: &str = "x-amz-bucket-region";

#[tokio::test]
async fn a_bucket_of_another_region_is_asked_for_there() {
    for status in [301, 307, 400, 403] {
        let elsewhere = Reply::new(status, "").header(REGION, "us-east-1");
        let (replay, bucket) = bucket([elsewhere, ok("").header(REGION, "us-east-1")]);
        let region = Some("us-east-1".to_owned());
        assert_eq!(bucket.head(None).await.unwrap(), Head::Found { region }, "{status}");
        assert_eq!(
            replay.lines(),
            [
                format!("HEAD {HOST}/"),
                "HEAD https://logs-1.s3.us-east-1.amazonaws.com/".to_owned()
            ]
        );
        assert!(replay.headers("authorization")[1].contains("/us-east-1/s3/aws4_request"));
    }
    let (_, nowhere) = bucket([Reply::new(301, "")]);
    assert_eq!(nowhere.head(None).await.unwrap_err().action, "s3:ListBucket");
}

#[tokio::test]
async fn encryption_is_read_with_its_key() {
    let rule = |inner: &str| {
        ok(format!(
            r#"<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>{inner}<BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"#
        ))
    };
    let default = |inner: &str| {
        rule(&format!(
            "<ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
        ))
    };
    let (replay, bucket_with_key) = bucket([
        default("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>arn:k</KMSMasterKeyID>"),
        default("<SSEAlgorithm>AES256</SSEAlgorithm>"),
        default("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID></KMSMasterKeyID>"),
        error(404, "ServerSideEncryptionConfigurationNotFoundError"),
        error(404, "NoSuchBucket"),
        rule(""),
        default("<KMSMasterKeyID>arn:k</KMSMasterKeyID>"),
    ]);
    let encryption = |algorithm: &str, key: Option<&str>| {
        Some(Encryption {
            algorithm: algorithm.to_owned(),
            key: key.map(str::to_owned),
        })
    };
    let read = async || bucket_with_key.encryption().await;
    assert_eq!(read().await.unwrap(), encryption("aws:kms", Some("arn:k")));
    assert_eq!(read().await.unwrap(), encryption("AES256", None));
    assert_eq!(
        read().await.unwrap(),
        encryption("aws:kms", None),
        "an empty key is none"
    );
    assert_eq!(read().await.unwrap(), None);
    assert_eq!(
        read().await.unwrap_err().to_string(),
        "s3:GetEncryptionConfiguration on s3://logs-1 failed: NoSuchBucket (HTTP 404): m",
        "a bucket that is not there is not one without encryption"
    );
    assert_eq!(
        read().await.unwrap_err().cause,
        "the answer does not name one algorithm"
    );
    assert!(read().await.is_err(), "a rule without an algorithm");
    assert_eq!(replay.lines()[0], format!("GET {HOST}/?encryption"));
}

#[tokio::test]
async fn a_public_access_block_is_read_or_absent() {
    let (replay, set) = bucket([
        ok(
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true\
            </IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy></PublicAccessBlockConfiguration>",
        ),
        error(404, "NoSuchPublicAccessBlockConfiguration"),
        error(403, "AccessDenied"),
    ]);
    let expected = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: false,
        restrict_public_buckets: false,
    };
    assert_eq!(set.public_access_block().await.unwrap(), Some(expected));
    assert_eq!(set.public_access_block().await.unwrap(), None);
    assert_eq!(
        set.public_access_block().await.unwrap_err().action,
        "s3:GetBucketPublicAccessBlock"
    );
    assert_eq!(replay.lines()[0], format!("GET {HOST}/?publicAccessBlock"));
}

#[tokio::test]
async fn ownership_is_read_or_absent() {
    let (replay, set) = bucket([
        ok(
            "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>",
        ),
        error(404, "OwnershipControlsNotFoundError"),
        ok("<OwnershipControls/>"),
        error(403, "AccessDenied"),
    ]);
    assert_eq!(set.ownership().await.unwrap().as_deref(), Some("BucketOwnerEnforced"));
    assert_eq!(set.ownership().await.unwrap(), None);
    assert_eq!(
        set.ownership().await.unwrap_err().cause,
        "the answer does not name one owner"
    );
    assert_eq!(
        set.ownership().await.unwrap_err().action,
        "s3:GetBucketOwnershipControls"
    );
    assert_eq!(replay.lines()[0], format!("GET {HOST}/?ownershipControls"));
}

#[tokio::test]
async fn a_policy_is_read_or_absent() {
    let (replay, set) = bucket([
        ok(r#"{"Version":"2012-10-17","Statement":[]}"#),
        error(404, "NoSuchBucketPolicy"),
        ok(""),
        error(403, "AccessDenied"),
    ]);
    let policy = set.policy().await.unwrap();
    assert_eq!(policy.as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    assert_eq!(set.policy().await.unwrap(), None);
    assert!(
        set.policy().await.is_err(),
        "an answer without a policy is not that of a bucket without one"
    );
    assert_eq!(set.policy().await.unwrap_err().action, "s3:GetBucketPolicy");
    assert_eq!(replay.lines()[0], format!("GET {HOST}/?policy"));
}

/// A rule that says nothing but that it is enabled.
fn plain(id: &str) -> LifecycleRule {
    LifecycleRule {
        id: Some(id.to_owned()),
        status: "Enabled".to_owned(),
        prefix: None,
        tags: Vec::new(),
        larger_than: None,
        smaller_than: None,
        expires_after: None,
        expires_on: None,
        noncurrent_expires_after: None,
        noncurrent_kept: None,
    }
}

#[tokio::test]
async fn lifecycle_rules_keep_every_condition() {
    let rules = [
        "<ID>all</ID><Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration>",
        "<ID>old</ID><Prefix>logs/</Prefix><Expiration><Date>2026-10-01T00:00:00.000Z</Date></Expiration>",
        "<ID>tagged</ID><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>\
         <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays><NewerNoncurrentVersions>2\
         </NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        "<ID>and</ID><Filter><And><Prefix>p/</Prefix><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2\
         </Value></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan><ObjectSizeLessThan>99</ObjectSizeLessThan>\
         </And></Filter><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
    ];
    let rules = rules.map(|rule| format!("<Rule>{rule}<Status>Enabled</Status></Rule>"));
    let rules = rules.concat();
    let (replay, set) = bucket([
        ok(format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>")),
        error(404, "NoSuchLifecycleConfiguration"),
        error(403, "AccessDenied"),
    ]);
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        set.lifecycle().await.unwrap(),
        [
            LifecycleRule {
                expires_after: Some(30),
                ..plain("all")
            },
            LifecycleRule {
                prefix: Some("logs/".to_owned()),
                expires_on: Some("2026-10-01T00:00:00.000Z".to_owned()),
                ..plain("old")
            },
            LifecycleRule {
                tags: vec![tag("k", "v")],
                noncurrent_expires_after: Some(7),
                noncurrent_kept: Some(2),
                ..plain("tagged")
            },
            LifecycleRule {
                prefix: Some("p/".to_owned()),
                tags: vec![tag("a", "1"), tag("b", "2")],
                larger_than: Some(10),
                smaller_than: Some(99),
                ..plain("and")
            },
        ]
    );
    assert_eq!(set.lifecycle().await.unwrap(), []);
    assert_eq!(
        set.lifecycle().await.unwrap_err().action,
        "s3:GetLifecycleConfiguration"
    );
    assert_eq!(replay.lines()[0], format!("GET {HOST}/?lifecycle"));
}

#[tokio::test]
async fn a_rule_with_an_unknown_condition_is_not_taken_for_one_without() {
    for filter in ["<Colour>red</Colour>", "<And><Colour>red</Colour></And>"] {
        let rule = format!("<Rule><Status>Enabled</Status><Filter>{filter}</Filter></Rule>");
        let (_, set) = bucket([ok(format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>"))]);
        let failure = set.lifecycle().await.unwrap_err();
        assert!(failure.cause.contains("Colour"), "{failure}");
    }
}

#[tokio::test]
async fn an_object_is_written_whole_and_signed() {
    let (replay, reports) = bucket([ok("")]);
    let written = reports
        .put("reports/a b.json", b"{}".to_vec(), "application/json")
        .await;
    written.unwrap();
    assert_eq!(replay.lines(), [format!("PUT {HOST}/reports/a%20b.json")]);
    assert_eq!(replay.bodies(), ["{}"]);
    assert_eq!(replay.headers("content-type"), ["application/json"]);
    assert_eq!(replay.headers("content-length"), ["2"]);
    // The digest of `{}`.
    assert_eq!(
        replay.headers("x-amz-content-sha256"),
        ["44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"]
    );

    let (_, denied) = bucket([error(403, "AccessDenied")]);
    let failure = denied.put("k", Vec::new(), "text/plain").await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "s3:PutObject on s3://logs-1/k failed: AccessDenied (HTTP 403): m"
    );
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_a_flood_is_not_read() {
    let (replay, slow) = bucket([error(503, "SlowDown"), ok("{}")]);
    assert_eq!(slow.policy().await.unwrap().as_deref(), Some("{}"));
    assert_eq!(replay.lines().len(), 2);

    let (_, slow) = bucket([error(503, "SlowDown"), error(503, "SlowDown"), error(503, "SlowDown")]);
    assert_eq!(slow.policy().await.unwrap_err().disposition, Disposition::MayPass);

    let flood = || ok(" ".repeat((16 << 20) + 1));
    let (_, flooded) = bucket([flood(), flood(), flood()]);
    let failure = flooded.policy().await.unwrap_err();
    assert!(failure.cause.contains("length limit exceeded"), "{failure}");
}
