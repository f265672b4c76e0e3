//! Which statements refuse requests without TLS, and which let Bedrock write for whom.

use serde_json::{Value, json};

use super::access::{Answer, Writer, lets_bedrock_write, lets_bedrock_write_for_others, refuses_plain_http};
use crate::statement::Document;

fn document(statements: &Value) -> Document {
    Document::parse(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string())
        .unwrap_or_else(|| panic!("{statements}"))
}

/// Puts members over a statement; null removes one.
fn with(mut statement: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        if change.is_null() {
            statement.as_object_mut().unwrap().remove(name);
        } else {
            statement[name] = change.clone();
        }
    }
    statement
}

fn tls_only() -> Value {
    json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } }
    })
}

fn refuses(statements: &Value) -> bool {
    refuses_plain_http(&document(statements), "aws", "logs")
}

#[test]
fn requests_without_tls_are_refused_in_every_equivalent_form() {
    let forms = [
        json!({}),
        json!({ "Sid": "TlsOnly" }),
        json!({ "Principal": { "AWS": "*" } }),
        json!({ "Principal": { "AWS": ["*"] } }),
        json!({ "Action": "*" }),
        json!({ "Action": ["S3:*"] }),
        json!({ "Resource": "*" }),
        json!({ "Resource": "arn:aws:s3:::*" }),
        json!({ "Resource": "arn:aws:s3:::logs*" }),
        json!({ "Resource": ["arn:*:s3:::logs", "arn:aws:s3:::l?gs/*"] }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": false } } }),
        json!({ "Condition": { "Bool": { "AWS:securetransport": ["false"] } } }),
        json!({ "Condition": { "BoolIfExists": { "aws:SecureTransport": "false" } } }),
        json!({ "Condition": null }),
        json!({ "Resource": null, "NotResource": ["arn:aws:s3:::other", "arn:aws:s3:::other/*"] }),
    ];
    for form in &forms {
        assert!(refuses(&json!([with(tls_only(), form)])), "{form}");
        assert!(refuses(&with(tls_only(), form)), "a single statement: {form}");
    }
    let bucket = with(tls_only(), &json!({ "Resource": "arn:aws:s3:::logs" }));
    let objects = with(tls_only(), &json!({ "Resource": "arn:aws:s3:::logs/*" }));
    assert!(refuses(&json!([bucket, objects])), "one statement for each");
}

#[test]
fn what_leaves_some_requests_without_tls_open_is_not_enough() {
    let forms = [
        json!({ "Effect": "Allow" }),
        json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:root" } }),
        json!({ "Principal": { "Service": "*" } }),
        json!({ "Principal": null, "NotPrincipal": { "AWS": "arn:aws:iam::111122223333:role/admin" } }),
        json!({ "NotPrincipal": { "AWS": "arn:aws:iam::111122223333:role/admin" } }),
        json!({ "Action": ["s3:GetObject", "s3:PutObject"] }),
        json!({ "Action": "s3:*Object" }),
        json!({ "Action": null, "NotAction": "s3:ListBucket" }),
        json!({ "Resource": "arn:aws:s3:::logs" }),
        json!({ "Resource": "arn:aws:s3:::logs/*" }),
        json!({ "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/bedrock/*"] }),
        json!({ "Resource": ["arn:aws:s3:::other", "arn:aws:s3:::other/*"] }),
        json!({ "Resource": ["arn:aws-cn:s3:::logs", "arn:aws-cn:s3:::logs/*"] }),
        json!({ "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*.json"] }),
        json!({ "Resource": null, "NotResource": "arn:aws:s3:::logs/public/*" }),
        json!({ "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::${aws:PrincipalTag/bucket}/*"] }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": "false", "aws:MultiFactorAuthPresent": "false" } } }),
        json!({ "Condition": {
            "Bool": { "aws:SecureTransport": "false" }, "StringNotEquals": { "aws:PrincipalAccount": "111122223333" }
        } }),
        json!({ "Condition": { "NumericLessThan": { "s3:TlsVersion": "1.2" } } }),
        json!({ "Condition": {
            "Bool": { "aws:SecureTransport": "false" }, "NumericLessThan": { "s3:TlsVersion": "1.2" }
        } }),
        json!({ "Condition": { "StringEquals": { "aws:SecureTransport": "true" } } }),
        json!({ "Condition": { "ForAllValues:Bool": { "aws:SecureTransport": "true" } } }),
    ];
    for form in &forms {
        assert!(!refuses(&json!([with(tls_only(), form)])), "{form}");
    }
    assert!(!refuses(&json!([])));
}

#[test]
fn a_policy_that_cannot_be_read_is_not_guessed_at() {
    for statement in [
        json!([with(tls_only(), &json!({ "condition": {} }))]),
        json!([with(tls_only(), &json!({ "Effect": "deny" }))]),
        json!([with(tls_only(), &json!({ "Resource": { "a": 1 } }))]),
        json!(["*"]),
    ] {
        assert!(
            Document::parse(&json!({ "Statement": statement }).to_string()).is_none(),
            "{statement}"
        );
    }
    for text in ["", "null", "{}", "[]", "{\"Statement\": [], \"Else\": 1}"] {
        assert!(Document::parse(text).is_none(), "{text}");
    }
}

const KEYS: &str = "bedrock/AWSLogs/111122223333/BedrockModelInvocationLogs/";

fn writes() -> Value {
    json!({
        "Effect": "Allow", "Principal": { "Service": "bedrock.amazonaws.com" }, "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::logs/{KEYS}*"),
        "Condition": {
            "StringEquals": { "aws:SourceAccount": "111122223333" },
            "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:*" }
        }
    })
}

/// Returns whether Bedrock may write for the account, and for others.
fn write(statements: &Value) -> (Answer, bool) {
    let document = document(statements);
    let account = "111122223333".parse().unwrap();
    let region = "eu-west-1".parse().unwrap();
    let writer = Writer {
        account: &account,
        region: &region,
        bucket: "logs",
    };
    (
        lets_bedrock_write(&document, writer, KEYS),
        lets_bedrock_write_for_others(&document, &account),
    )
}

#[test]
fn bedrock_may_write_for_the_account_alone_in_every_equivalent_form() {
    let forms = [
        json!({}),
        json!({ "Principal": { "Service": ["cloudtrail.amazonaws.com", "bedrock.amazonaws.com"] } }),
        json!({ "Principal": "*" }),
        json!({ "Action": "s3:*" }),
        json!({ "Action": ["s3:getobject", "s3:putobject"] }),
        json!({ "Action": "s3:Put*" }),
        json!({ "Resource": "arn:aws:s3:::logs/*" }),
        json!({ "Resource": "arn:aws:s3:::logs/*/AWSLogs/111122223333/BedrockModelInvocationLogs/*" }),
        json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } }),
        json!({ "Condition": { "StringEquals": { "AWS:sourceaccount": ["111122223333"] } } }),
        json!({ "Condition": { "StringLike": { "aws:SourceAccount": "111122223333" } } }),
        json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:*:111122223333:*" } } }),
        json!({ "Condition": { "ArnEquals": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:*" } } }),
        json!({ "Condition": { "StringLike": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:*" } } }),
        json!({ "Condition": {
            "Bool": { "aws:SecureTransport": "true" }, "StringEquals": { "aws:SourceAccount": "111122223333" }
        } }),
    ];
    for form in &forms {
        assert_eq!(
            write(&json!([with(writes(), form), tls_only()])),
            (Answer::Yes, false),
            "{form}"
        );
    }
}

#[test]
fn bedrock_may_write_for_others_where_no_condition_holds_it_to_the_account() {
    let forms = [
        json!({ "Condition": null }),
        json!({ "Principal": "*", "Condition": null }),
        json!({ "Principal": { "AWS": "*" }, "Condition": null }),
        json!({ "Condition": { "StringEquals": { "aws:SourceAccount": ["111122223333", "444455556666"] } } }),
        json!({ "Condition": { "StringLike": { "aws:SourceAccount": "1111*" } } }),
        json!({ "Condition": { "StringLike": { "aws:SourceAccount": "*" } } }),
        json!({ "Condition": { "StringEqualsIfExists": { "aws:SourceAccount": "111122223333" } } }),
        json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:*:*" } } }),
        json!({ "Condition": { "ArnLike": { "aws:SourceArn": "*" } } }),
        json!({ "Condition": { "StringLike": { "aws:SourceArn": "arn:aws:bedrock:*:111122223333:*" } } }),
        json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
    ];
    for form in &forms {
        assert_eq!(write(&json!([with(writes(), form)])), (Answer::Yes, true), "{form}");
    }
    let elsewhere = with(
        writes(),
        &json!({ "Resource": "arn:aws:s3:::logs/other/*", "Condition": null }),
    );
    assert_eq!(
        write(&json!([writes(), elsewhere])),
        (Answer::Yes, true),
        "under another prefix"
    );
    let but_one =
        json!({ "NotPrincipal": { "AWS": "arn:aws:iam::111122223333:root" }, "Principal": null, "Condition": null });
    assert_eq!(write(&json!([writes(), with(writes(), &but_one)])), (Answer::Yes, true));
    let organization = json!({ "Condition": { "StringEquals": { "aws:SourceOrgID": "o-a1b2c3d4e5" } } });
    let depends = Answer::Depends("aws:sourceorgid".to_owned());
    assert_eq!(write(&json!([with(writes(), &organization)])), (depends, true));
}

#[test]
fn bedrock_may_not_write_where_nothing_lets_it() {
    let forms = [
        json!({ "Principal": { "Service": "bedrock-agentcore.amazonaws.com" } }),
        json!({ "Principal": { "AWS": "arn:aws:iam::111122223333:root" } }),
        json!({ "Action": "s3:GetObject" }),
        json!({ "Action": null, "NotAction": "s3:Put*" }),
        json!({ "Resource": "arn:aws:s3:::logs" }),
        json!({ "Resource": "arn:aws:s3:::logs/other/*" }),
        json!({ "Resource": "arn:aws:s3:::logs/bedrock/AWSLogs/444455556666/BedrockModelInvocationLogs/*" }),
        json!({ "Resource": "arn:aws:s3:::logs/bedrock/AWSLogs/111122223333/BedrockModelInvocationLogs/eu-west-1/*" }),
        json!({ "Condition": { "StringEquals": { "aws:SourceAccount": "444455556666" } } }),
        json!({ "Condition": { "StringNotEquals": { "aws:SourceAccount": "111122223333" } } }),
        json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:us-east-1:111122223333:*" } } }),
        json!({ "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:444455556666:*" } } }),
        json!({ "Principal": "*", "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } }),
    ];
    for form in &forms {
        assert_eq!(write(&json!([with(writes(), form)])).0, Answer::No, "{form}");
    }
    assert_eq!(write(&json!([])), (Answer::No, false));
    let everything = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" });
    assert_eq!(
        write(&json!([writes(), everything])).0,
        Answer::No,
        "denied whoever asks"
    );
    let denied = json!({ "Effect": "Deny", "Condition": { "StringEquals": { "aws:SourceAccount": "111122223333" } } });
    assert_eq!(
        write(&json!([writes(), with(writes(), &denied)])).0,
        Answer::No,
        "denied for the account"
    );
    let others =
        json!({ "Effect": "Deny", "Condition": { "StringNotEquals": { "aws:SourceAccount": "111122223333" } } });
    assert_eq!(
        write(&json!([writes(), with(writes(), &others)])).0,
        Answer::Yes,
        "denied for all others"
    );
}

/// A service has none of these keys, or none of these values: the denial meets Bedrock, too.
#[test]
fn what_refuses_all_but_some_principals_or_networks_refuses_bedrock() {
    let denied = |condition: &Value| {
        let denial = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition
        });
        write(&json!([writes(), denial])).0
    };
    for condition in [
        json!({ "StringNotEquals": { "aws:PrincipalAccount": "111122223333" } }),
        json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }),
        json!({ "StringNotEquals": { "aws:SourceVpce": ["vpce-1", "vpce-2"] } }),
        json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/admin" } }),
        json!({ "ForAllValues:StringNotLike": { "aws:PrincipalOrgPaths": "o-a1b2c3d4e5/*" } }),
        json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" }, "Bool": { "aws:PrincipalIsAWSService": "true" } }),
        json!({ "StringNotEquals": { "aws:SourceVpcArn": "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1" } }),
        json!({ "Null": { "aws:SourceVpce": "true" } }),
        json!({ "StringNotEquals": { "aws:PrincipalServiceName": "cloudtrail.amazonaws.com" } }),
        json!({ "ArnNotLike": { "aws:SourceArn": "arn:aws:bedrock:us-east-1:111122223333:*" } }),
    ] {
        assert_eq!(denied(&condition), Answer::No, "{condition}");
    }
    for condition in [
        json!({ "StringNotEquals": { "aws:SourceVpce": "vpce-1" }, "Bool": { "aws:PrincipalIsAWSService": "false" } }),
        json!({ "StringNotLike": { "aws:PrincipalArn": "*" } }),
        json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } }),
        json!({ "Null": { "aws:PrincipalOrgID": "false" } }),
        json!({ "Null": { "aws:PrincipalServiceName": "true" } }),
        json!({ "StringNotEquals": { "aws:PrincipalServiceName": "bedrock.amazonaws.com" } }),
        json!({ "ArnNotLike": { "aws:SourceArn": "arn:aws:bedrock:*:111122223333:*" } }),
    ] {
        assert_eq!(denied(&condition), Answer::Yes, "{condition}");
    }
    let by_address = json!({ "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
    assert_eq!(denied(&by_address), Answer::Depends("aws:sourceip".to_owned()));
}

#[test]
fn what_is_let_in_by_an_unknown_condition_is_not_decided() {
    for (condition, key) in [
        (
            json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } }),
            "s3:x-amz-acl",
        ),
        (
            json!({ "ArnLike": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:model/*" } }),
            "aws:sourcearn",
        ),
        (
            json!({ "StringEquals": { "aws:SourceArn": "arn:aws:bedrock:eu-west-1:111122223333:*" } }),
            "aws:sourcearn",
        ),
    ] {
        let allowance = with(writes(), &json!({ "Condition": condition }));
        assert_eq!(
            write(&json!([allowance])).0,
            Answer::Depends(key.to_owned()),
            "{condition}"
        );
        assert_eq!(write(&json!([allowance, writes()])).0, Answer::Yes, "{condition}");
    }
}

#[test]
fn an_allowance_for_principals_of_an_organization_lets_no_service_in() {
    let organization = json!({
        "Principal": "*", "Condition": { "StringEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } }
    });
    assert_eq!(
        write(&json!([writes(), with(writes(), &organization)])),
        (Answer::Yes, false)
    );
    let any = json!({ "Principal": "*", "Condition": { "StringLike": { "aws:PrincipalOrgID": "*" } } });
    assert!(write(&json!([writes(), with(writes(), &any)])).1);
}
