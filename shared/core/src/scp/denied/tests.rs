use super::*;
use crate::cloudtrail::Denial;

const ARN: &str = "arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-abcd1234";
const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn explicit(region: &str) -> String {
    format!(
        "User: arn:aws:sts::111122223333:assumed-role/chat/s is not authorized to perform: \
         bedrock:InvokeModelWithResponseStream on resource: arn:aws:bedrock:{region}::foundation-model/{MODEL} with an \
         explicit deny in a service control policy: {ARN}"
    )
}

fn read(text: &str) -> DeniedMessage {
    DeniedMessage::parse(text).unwrap_or_else(|| panic!("no denial is found in: {text}"))
}

#[test]
fn however_lines_are_broken_the_message_says_the_same() {
    let message = explicit("us-east-2");
    let expected = read(&message);
    assert_eq!(expected.policy_id(), Some("p-abcd1234"));
    assert_eq!(expected.account(), Some("111122223333"));
    assert_eq!(
        expected.action.as_deref(),
        Some("bedrock:InvokeModelWithResponseStream")
    );
    let around = |text: &str| format!("Error: An error occurred (AccessDeniedException) when calling it: {text}\n");
    // A terminal breaks anywhere, a mail at spaces and with marks before each line, JSON by an escape.
    for width in 20..200 {
        let signs: Vec<char> = message.chars().collect();
        let broken: Vec<String> = signs.chunks(width).map(|line| line.iter().collect()).collect();
        for separator in ["\n", "\r\n  ", "\n> ", "\n│ ", "\\n"] {
            let text = around(&broken.join(separator));
            assert_eq!(read(&text), expected, "{text}");
        }
    }
    assert_eq!(read(&around(&message.replace(' ', "\n"))), expected);
    assert_eq!(
        read(&format!("{message} (Service: BedrockRuntime, Status Code: 403)")),
        expected
    );
    assert_eq!(read(&format!("{message}. Please ask somebody")), expected);
    assert_eq!(read(&format!("{{\"message\": \"{message}\", \"code\": 1}}")), expected);
    assert_eq!(
        read(
            &message
                .replace("arn:aws:bedrock", "\\\"arn:aws:bedrock")
                .replace(" with an", "\\\" with an")
        ),
        expected
    );
}

/// What is read of a message in a record, and of the same message when it is pasted, agree.
#[test]
fn it_is_read_as_in_records() {
    for region in ["us-east-2", "", "eu-north-1"] {
        let message = explicit(region);
        let Denial::ServiceControlPolicy(of_record) = Denial::parse(&message) else {
            panic!("{message}");
        };
        let pasted = read(&message);
        let Some(DeniedResource::FoundationModel { region, model }) = pasted.resource else {
            panic!("{message}");
        };
        assert_eq!((region, model.as_str()), (of_record.blocked, MODEL));
        let by = PolicyKind::ServiceControlPolicy;
        assert_eq!(
            pasted.reason,
            Reason::Explicit {
                by,
                policy: of_record.policy
            }
        );
    }
}

#[test]
fn every_kind_of_policy_is_told_apart() {
    use PolicyKind::{
        IdentityBased, PermissionsBoundary, ResourceBased, ResourceControlPolicy, ServiceControlPolicy, Session,
        VpcEndpoint,
    };
    let start = "User: u is not authorized to perform: bedrock:InvokeModel on resource: r";
    for (by, words) in [
        (ServiceControlPolicy, "a service control policy"),
        (ResourceControlPolicy, "a resource control policy"),
        (IdentityBased, "an identity-based policy"),
        (ResourceBased, "a resource-based policy"),
        (PermissionsBoundary, "a permissions boundary"),
        (Session, "a session policy"),
        (VpcEndpoint, "a VPC endpoint policy"),
    ] {
        let denied = read(&format!("{start} with an explicit deny in {words}"));
        assert_eq!(denied.reason, Reason::Explicit { by, policy: None });
        let (_, name) = words.split_once(' ').unwrap();
        let denied = read(&format!(
            "{start} because no {name} allows the bedrock:InvokeModel action"
        ));
        assert_eq!(denied.reason, Reason::Implicit { by });
        assert_eq!(denied.action.as_deref(), Some("bedrock:InvokeModel"));
    }
}

#[test]
fn what_is_no_denial_by_a_policy_is_told_too() {
    for (message, reason) in [
        (
            "You don't have access to the model with the specified model ID.",
            Reason::ModelAccess,
        ),
        (
            "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
             Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe) to enable access",
            Reason::Subscription,
        ),
        (
            "Access denied. This Model is marked by provider as Legacy and you have not",
            Reason::Legacy,
        ),
        (
            "An error occurred (AccessDeniedException) when calling the Converse operation",
            Reason::Unexplained,
        ),
    ] {
        assert_eq!(read(message).reason, reason, "{message}");
    }
    for message in ["", "max_tokens_to_sample: range: 1..1,000,000", "hello"] {
        assert_eq!(DeniedMessage::parse(message), None, "{message}");
    }
}

#[test]
fn a_message_without_a_resource_or_an_action_is_read_as_far_as_it_goes() {
    let denied = read(
        "User: arn:aws:iam::1:user/u is not authorized to perform: ec2:DescribeVpcs with an explicit deny in a service \
         control policy: arn:aws:organizations::2:policy/o-x/p-y",
    );
    assert_eq!(
        (denied.action.as_deref(), denied.resource.as_ref()),
        (Some("ec2:DescribeVpcs"), None)
    );
    let denied = read(
        "is not authorized ... on resource: arn:aws:bedrock:eu-north-1::foundation-model/m with an \
         explicit deny in a service control policy: .../p-examplescpid",
    );
    assert_eq!(
        denied.resource.as_ref().and_then(DeniedResource::region),
        Some("eu-north-1")
    );
    assert_eq!(denied.policy_id(), Some("p-examplescpid"));
}

#[test]
fn the_calls_that_can_have_ended_so_are_those_that_evaluate_the_region() {
    let catalogue = Catalogue::embedded().unwrap();
    let calls = |region: &str, source: Option<&str>| -> Vec<String> {
        let source = source.map(|name| SourceRegion(name.parse().unwrap()));
        let calls = read(&explicit(region)).calls(source.as_ref(), &catalogue);
        calls
            .iter()
            .map(|call| format!("{}@{}", call.call.name(), call.source))
            .collect()
    };
    assert_eq!(
        calls("ap-northeast-3", Some("ap-northeast-1")),
        [format!("jp.{MODEL}@ap-northeast-1")]
    );
    assert_eq!(
        calls("ap-northeast-3", None),
        [
            format!("{MODEL}@ap-northeast-3"),
            format!("global.{MODEL}@ap-northeast-3"),
            format!("jp.{MODEL}@ap-northeast-1"),
            format!("jp.{MODEL}@ap-northeast-3"),
        ]
    );
    let global = calls("", Some("ap-northeast-1"));
    assert_eq!(global, [format!("global.{MODEL}@ap-northeast-1")]);
}

/// Messages that were not written here, where they are at hand.
#[test]
fn reported_messages_are_read_as_they_were_labelled() {
    let samples = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/samples/bedrock-cloudtrail/error-messages.jsonl"
    );
    let Ok(lines) = std::fs::read_to_string(samples) else {
        eprintln!("skipped: {samples} is not there");
        return;
    };
    for line in lines.lines() {
        let label: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = label["message"].as_str().unwrap();
        let denied = DeniedMessage::parse(message);
        let Some(denied) = denied else {
            assert_eq!(label["kind"], "not-a-denial", "{message}");
            continue;
        };
        let (kind, by) = match &denied.reason {
            Reason::Explicit { by, .. } => ("explicit-deny", Some(by)),
            Reason::Implicit { by } => ("implicit-deny", Some(by)),
            Reason::ModelAccess | Reason::Subscription => ("model-access", None),
            Reason::Legacy => ("not-a-denial", None),
            Reason::Unexplained => ("unexplained", None),
        };
        assert_eq!(label["kind"], kind, "{message}");
        let by = by.map(|by| match by {
            PolicyKind::ServiceControlPolicy => "scp",
            PolicyKind::IdentityBased => "identity",
            other => panic!("{other:?}: {message}"),
        });
        assert_eq!(label["policy_type"].as_str(), by, "{message}");
        assert_eq!(label["action"].as_str(), denied.action.as_deref(), "{message}");
        if let (Reason::Explicit { policy, .. }, false) = (&denied.reason, label["policy_ref"].is_null()) {
            assert_eq!(label["policy_ref"].as_str(), policy.as_deref(), "{message}");
        }
        if let Some(region) = label["denied_region"].as_str()
            && message.contains("arn:aws:bedrock:")
        {
            let named = denied.resource.as_ref().and_then(DeniedResource::region);
            assert_eq!(
                named,
                Some(if region.is_empty() { "unspecified" } else { region }),
                "{message}"
            );
        }
    }
}

#[test]
fn of_several_messages_the_first_is_told_with_its_own_reason() {
    let identity = "User: arn:aws:sts::444455556666:assumed-role/other/s is not authorized to perform: bedrock:InvokeModel \
        on resource: arn:aws:bedrock:us-east-1::foundation-model/x.m because no identity-based policy allows the \
        bedrock:InvokeModel action";
    let scp = explicit("us-east-2");
    assert_eq!(read(&format!("{identity}\n{scp}")), read(identity));
    assert_eq!(read(&format!("{scp}\n{identity}")), read(&scp));
    // What somebody guesses is no message.
    let guess = "Is it an explicit deny in a service control policy? ";
    assert_eq!(read(&format!("{guess}{identity}. {guess}")), read(identity));
    let by = PolicyKind::IdentityBased;
    assert_eq!(read(identity).reason, Reason::Implicit { by });
}
