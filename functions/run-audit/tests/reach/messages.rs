//! Messages of denied requests, explained under policies.

use serde_json::{Value, json};

use super::support::{MODEL, crisguard, errors, text};

const CALLER: &str = "arn:aws:sts::222233334444:assumed-role/chat/i-0abc";
const SCP: &str = "with an explicit deny in a service control policy";

fn message(action: &str, resource: &str, reason: &str) -> String {
    format!("User: {CALLER} is not authorized to perform: {action} on resource: {resource} {reason}")
}

fn explained(message: &str, options: &str) -> String {
    let mut arguments = vec!["explain", "--message", message];
    arguments.extend(options.split_whitespace());
    let ended = crisguard(&arguments);
    assert_eq!(ended.status.code(), Some(1), "{}", errors(&ended));
    // Lines are joined, wherever they break.
    text(&ended).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(message: &str, options: &str) -> Value {
    let mut arguments = vec!["explain", "--message", message, "--format", "json"];
    arguments.extend(options.split_whitespace());
    serde_json::from_str(&text(&crisguard(&arguments))).unwrap()
}

#[test]
fn whatever_was_denied_the_statement_is_named_and_the_advice_is_for_it() {
    for (action, resource) in [
        ("ec2:RunInstances", "arn:aws:ec2:us-east-2:222233334444:instance/*"),
        (
            "bedrock-mantle:CreateInference",
            "arn:aws:bedrock-mantle:us-east-1:222233334444:project/default",
        ),
        (
            "bedrock:ApplyGuardrail",
            "arn:aws:bedrock:ap-southeast-2:222233334444:guardrail-profile/apac.guardrail.v1:0",
        ),
        (
            "bedrock:CallWithBearerToken",
            "arn:aws:bedrock:us-east-1:222233334444:*",
        ),
    ] {
        let message = message(action, resource, SCP);
        let told = explained(&message, "--scp region-deny.json");
        assert!(
            told.contains("is denied by statement RegionDeny of region-deny.json"),
            "{told}"
        );
        // Only calls of models have the key, so that no exemption by it helps.
        assert!(!told.contains("exempt the profile"), "{told}");
        assert!(!told.contains("crisguard reach"), "{told}");
        let json = json(&message, "--scp region-deny.json");
        assert_eq!(json["evaluation"]["verdict"], "denied");
        assert_eq!(json["denied"][0]["statement"], "RegionDeny");
        let japanese = explained(&message, "--scp region-deny.json --lang ja");
        assert!(!japanese.contains("プロファイルを除外"), "{japanese}");
    }
}

#[test]
fn what_cannot_be_told_is_not_told_as_let_through() {
    let token = message("bedrock:CallWithBearerToken", "*", SCP);
    let told = explained(&token, "--scp region-deny.json");
    assert!(
        told.contains("Name the Region that was called: --source REGION"),
        "{told}"
    );
    assert!(
        told.contains("Perhaps: the action is denied by statement RegionDeny"),
        "{told}"
    );
    let told = explained(&token, "--scp region-deny.json --source us-west-2");
    assert!(
        told.contains("us-west-2: the action is denied by statement RegionDeny"),
        "{told}"
    );
    let none = "AccessDeniedException: You don't have access to the model with the specified model ID.";
    let told = explained(none, "--scp region-deny.json");
    assert!(
        told.contains("cannot be evaluated: the message names no action"),
        "{told}"
    );
    assert!(!told.contains("None of them denies"), "{told}");
}

#[test]
fn where_the_policies_let_it_through_no_statement_of_theirs_is_to_be_changed() {
    let here = message(
        "ec2:RunInstances",
        "arn:aws:ec2:ap-northeast-1:222233334444:instance/*",
        SCP,
    );
    let told = explained(&here, "--scp region-deny.json");
    assert!(told.contains("None of them denies this evaluation"), "{told}");
    assert!(told.contains("list-policies-for-target"), "{told}");
    assert!(!told.contains("hange the statement"), "{told}");
    // The management account is exempt.
    let management = here.replace("222233334444", "111122223333");
    let told = explained(&management, "--organization organization.json");
    assert!(
        told.contains("no service control policy applies to the management account"),
        "{told}"
    );
}

#[test]
fn a_geographic_profile_is_proposed_before_a_global_one() {
    let model = "arn:aws:bedrock:ap-northeast-1::foundation-model/amazon.nova-2-lite-v1:0";
    let lacks = message(
        "bedrock:InvokeModel",
        model,
        "because no identity-based policy allows the action",
    );
    let told = explained(&lacks, "--source ap-northeast-1");
    assert!(
        told.contains(
            "crisguard scp template invoke-geographic --source ap-northeast-1 --profile 'jp.amazon.nova-2-lite-v1:0'"
        ),
        "{told}"
    );
    let model = format!("arn:aws:bedrock:ap-northeast-3::foundation-model/{MODEL}");
    let osaka = message("bedrock:InvokeModel", &model, SCP);
    let told = explained(&osaka, "");
    assert!(
        told.contains(&format!(
            "crisguard reach --scp FILE --source ap-northeast-3 --profile 'jp.{MODEL}'"
        )),
        "{told}"
    );
    // The policies that were given are given again.
    let told = explained(&osaka, "--scp root=region-deny.json --scp tagged-roles.json");
    assert!(
        told.contains("reach --scp root=region-deny.json --scp tagged-roles.json --source"),
        "{told}"
    );
}

#[test]
fn why_no_call_is_known_is_said() {
    let model = "arn:aws:bedrock:us-east-2::foundation-model/amazon.nova-lite-v1:0";
    let denied = message("bedrock:InvokeModel", model, SCP);
    let told = explained(&denied, "--source ap-northeast-1 --scp region-deny.json");
    assert!(
        told.contains("evaluates amazon.nova-lite-v1:0 in us-east-2 when ap-northeast-1 is called"),
        "{told}"
    );
    assert!(
        told.contains("us-east-2: the model is denied by statement RegionDeny"),
        "{told}"
    );
    let application = "arn:aws:bedrock:us-east-2:222233334444:application-inference-profile/abcd1234efgh";
    let told = explained(&message("bedrock:InvokeModel", application, SCP), "");
    assert!(
        told.contains("aws bedrock get-inference-profile --region us-east-2"),
        "{told}"
    );
}

#[test]
fn the_account_of_the_message_is_the_one_that_is_looked_at() {
    let denied = message("ec2:RunInstances", "arn:aws:ec2:us-east-2:222233334444:instance/*", SCP);
    for (message, options, says) in [
        (
            denied.as_str(),
            "--organization organization.json --account 444455556666",
            "the message is of account 222233334444, and --account names 444455556666",
        ),
        (
            "is not authorized to perform: ec2:RunInstances with an explicit deny in a service control policy",
            "--organization organization.json",
            "the message names no account",
        ),
    ] {
        let mut arguments = vec!["explain", "--message", message];
        arguments.extend(options.split_whitespace());
        let ended = crisguard(&arguments);
        assert_eq!(ended.status.code(), Some(2), "{}", text(&ended));
        assert!(errors(&ended).contains(says), "{}", errors(&ended));
        assert!(errors(&ended).contains("next:"), "{}", errors(&ended));
    }
}

#[test]
fn model_access_is_not_requested_on_a_page_that_is_gone() {
    let message = "AccessDeniedException: You don't have access to the model with the specified model ID.";
    let told = explained(message, "");
    assert!(told.contains("aws bedrock get-foundation-model-availability"), "{told}");
    assert!(!told.contains("Model access)"), "{told}");
    assert_eq!(json(message, "")["calls"], json!([]));
}
