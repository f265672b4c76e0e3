//! What policies say of the evaluations that messages name.

use serde_json::{Value, json};

use super::*;
use crate::scp::{
    organization::{Chain, Scp},
    reach::{Caller, Principal},
};

fn chain(statement: &Value) -> Chain {
    let policy = json!({"Version": "2012-10-17", "Statement": statement});
    Chain::of_files([(
        "ou".to_owned(),
        Scp::parse("scp.json", policy.to_string().as_bytes()).unwrap(),
    )])
    .unwrap()
}

fn regions(more: &Value) -> Value {
    let mut statement = json!({"Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["ap-northeast-1"]}}});
    for (key, value) in more.as_object().unwrap() {
        statement["Condition"][key] = value.clone();
    }
    statement
}

fn message(action: &str, resource: &str) -> DeniedMessage {
    let text = format!(
        "User: arn:aws:sts::222233334444:assumed-role/chat/s is not authorized to perform: {action}{resource} with an \
         explicit deny in a service control policy"
    );
    DeniedMessage::parse(&text).unwrap()
}

fn judged(message: &DeniedMessage, source: Option<&str>, chain: &Chain) -> UnderPolicies {
    let source = source.map(|source| SourceRegion(source.parse().unwrap()));
    let calls = message.calls(source.as_ref(), &Catalogue::embedded().unwrap());
    let caller = Caller::new("222233334444".parse().unwrap(), &Principal::Ordinary);
    message.judge(&calls, source.as_ref(), chain, &caller)
}

/// Returns the statements and Regions that deny it.
fn by(judged: &UnderPolicies) -> Vec<(String, String, &'static str)> {
    let UnderPolicies::Denied { by } = judged else {
        panic!("{judged:?}");
    };
    by.iter()
        .map(|one| {
            let statement = one.statement.as_deref().unwrap_or("none");
            (
                statement.to_owned(),
                one.region.clone().unwrap_or_default(),
                one.resource,
            )
        })
        .collect()
}

const FOUNDATION: &str = " on resource: arn:aws:bedrock:ap-northeast-3::foundation-model/amazon.nova-2-lite-v1:0";

#[test]
fn whatever_action_is_denied_the_statement_is_found() {
    let chain = chain(&regions(&json!({})));
    for (action, resource, source, region, kind) in [
        (
            "ec2:RunInstances",
            " on resource: arn:aws:ec2:us-east-2:222233334444:instance/*",
            None,
            "us-east-2",
            "other",
        ),
        (
            "bedrock-mantle:CreateInference",
            " on resource: arn:aws:bedrock-mantle:us-east-1:222233334444:project/default",
            None,
            "us-east-1",
            "other",
        ),
        (
            "bedrock:ApplyGuardrail",
            " on resource: arn:aws:bedrock:ap-southeast-2:222233334444:guardrail-profile/apac.guardrail.v1:0",
            None,
            "ap-southeast-2",
            "guardrail-profile",
        ),
        (
            "s3:PutObject",
            " on resource: arn:aws:s3:::bucket/key",
            Some("us-west-2"),
            "us-west-2",
            "other",
        ),
        (
            "bedrock:CallWithBearerToken",
            " on resource: *",
            Some("us-west-2"),
            "us-west-2",
            "other",
        ),
        // From Tokyo no profile is known that reaches it.
        (
            "bedrock:InvokeModel",
            " on resource: arn:aws:bedrock:us-east-2::foundation-model/amazon.nova-2-lite-v1:0",
            Some("ap-northeast-1"),
            "us-east-2",
            "foundation-model",
        ),
        (
            "bedrock:InvokeModel",
            " on resource: arn:aws:bedrock:::foundation-model/amazon.nova-2-lite-v1:0",
            Some("ap-northeast-1"),
            "unspecified",
            "foundation-model",
        ),
    ] {
        let judged = judged(&message(action, resource), source, &chain);
        assert_eq!(
            by(&judged),
            [("Regions".to_owned(), region.to_owned(), kind)],
            "{action}{resource}"
        );
    }
}

#[test]
fn what_the_message_does_not_tell_stays_open() {
    let denied = regions(&json!({}));
    // Neither the ARN nor the asker tells the Region.
    let bucket = message("s3:PutObject", " on resource: arn:aws:s3:::bucket/key");
    let UnderPolicies::Undecided { by, depends_on } = judged(&bucket, None, &chain(&denied)) else {
        panic!("the Region is not known");
    };
    assert_eq!(depends_on, ["aws:requestedregion".into()]);
    assert_eq!(
        by.iter()
            .map(|one| (one.statement.as_deref(), one.region.as_deref()))
            .collect::<Vec<_>>(),
        [(Some("Regions"), None)]
    );
    // Exempt is the one profile that is known; another may be called, of which nobody knows.
    let exempt =
        regions(&json!({"ArnNotLike": {"bedrock:InferenceProfileArn": "arn:aws:bedrock:*:*:inference-profile/*"}}));
    let model = message("bedrock:InvokeModel", FOUNDATION);
    let open = judged(&model, Some("ap-northeast-1"), &chain(&exempt));
    assert!(
        matches!(&open, UnderPolicies::Undecided { depends_on, .. } if *depends_on == ["bedrock:inferenceprofilearn".into()]),
        "{open:?}"
    );
    // Of batch jobs it is not documented whether they have the key.
    let batch = judged(
        &message("bedrock:CreateModelInvocationJob", FOUNDATION),
        None,
        &chain(&exempt),
    );
    assert!(matches!(batch, UnderPolicies::Undecided { .. }), "{batch:?}");
    // An action without the key is not exempt by it.
    let guardrail = " on resource: arn:aws:bedrock:us-east-1:222233334444:guardrail/abc";
    let guardrail = judged(&message("bedrock:ApplyGuardrail", guardrail), None, &chain(&exempt));
    assert!(matches!(guardrail, UnderPolicies::Denied { .. }), "{guardrail:?}");
}

#[test]
fn the_action_of_the_message_counts_and_no_other() {
    let streams =
        json!({"Sid": "Streams", "Effect": "Deny", "Action": "bedrock:InvokeModelWithResponseStream", "Resource": "*"});
    let chain = chain(&streams);
    assert_eq!(
        judged(&message("bedrock:InvokeModel", FOUNDATION), None, &chain),
        UnderPolicies::Allowed
    );
    let stream = message("bedrock:InvokeModelWithResponseStream", FOUNDATION);
    assert_eq!(by(&judged(&stream, None, &chain)).len(), 1);
}

/// The call fails in Osaka; what the message names is the model in Tokyo.
#[test]
fn the_evaluation_of_the_message_counts_and_no_other_of_the_call() {
    let tokyo = FOUNDATION.replace("ap-northeast-3", "ap-northeast-1");
    assert_eq!(
        judged(
            &message("bedrock:InvokeModel", &tokyo),
            Some("ap-northeast-1"),
            &chain(&regions(&json!({})))
        ),
        UnderPolicies::Allowed
    );
}

#[test]
fn what_cannot_be_evaluated_says_why() {
    let chain = chain(&regions(&json!({})));
    let why = |message: &DeniedMessage| judged(message, None, &chain);
    let no_action = DeniedMessage::parse("AccessDeniedException: You don't have access to the model").unwrap();
    assert_eq!(
        why(&no_action),
        UnderPolicies::NotEvaluated {
            why: NotEvaluated::NoAction
        }
    );
    for resource in [
        "",
        " on resource: something",
        " on resource: arn:aws:bedrock:nowhere!::foundation-model/a",
    ] {
        assert_eq!(
            why(&message("ec2:RunInstances", resource)),
            UnderPolicies::NotEvaluated {
                why: NotEvaluated::NoResource
            },
            "{resource}"
        );
    }
    let linked = Principal::Arn("arn:aws:iam::222233334444:role/aws-service-role/a.amazonaws.com/A".to_owned());
    let caller = Caller::new("222233334444".parse().unwrap(), &linked);
    let model = message("bedrock:InvokeModel", FOUNDATION);
    assert!(matches!(
        model.judge(&[], None, &chain, &caller),
        UnderPolicies::Exempt { .. }
    ));
}
