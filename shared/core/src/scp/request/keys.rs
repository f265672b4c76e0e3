//! Which condition keys a request may have
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>).

use super::Action;

/// Bedrock's own condition keys, each with the only actions that have it.
const BEDROCK: [(&str, &[&str]); 10] = [
    ("bearertokentype", &["callwithbearertoken"]),
    ("dataretentionmode", &["putaccountdataretention"]),
    ("guardrailidentifier", INVOKE),
    ("inferenceprofilearn", INVOKE),
    ("inlineagentname", &["invokeinlineagent"]),
    ("modelarn", &["invokemodel"]),
    ("projectarn", &["invokemodel"]),
    ("promptrouterarn", INVOKE),
    ("servicetier", INVOKE),
    (
        "thirdpartyknowledgebasecredentialssecretarn",
        &["associatethirdpartyknowledgebase"],
    ),
];

/// Keys that tutorials name, and of which AWS has said that another is meant
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-id.html>).
pub(crate) const NO_SUCH: [&str; 1] = ["guardrailarn"];

const INVOKE: &[&str] = &["invokemodel", "invokemodelwithresponsestream"];

/// Prefixes and keys that come with the caller's credentials, whatever service is called
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>).
const CREDENTIALS: [&str; 9] = [
    "codebuild:",
    "cognito-identity.amazonaws.com:",
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "saml:",
    "ssm:sourceinstancearn",
];

/// Tells whether a request of an action may have a key, in lower case. Bedrock's keys are told by the action, but
/// for those that are not listed: AWS may have added them since. Those of another service are not there, and
/// whether a global one is nobody knows.
pub(super) fn may_have(action: &Action, key: &str) -> bool {
    let Some((prefix, name)) = key.split_once(':') else {
        return true;
    };
    // Keys of identity providers begin with a host's name.
    if prefix == "aws" || prefix.contains('.') {
        return true;
    }
    if CREDENTIALS.iter().any(|known| key.starts_with(known)) {
        return true;
    }
    if prefix != action.service() {
        return false;
    }
    let actions = BEDROCK.iter().find(|(known, _)| *known == name);
    match (prefix, actions) {
        ("bedrock", Some((_, actions))) => actions.contains(&action.name()),
        ("bedrock", None) => !NO_SUCH.contains(&name),
        _ => true,
    }
}

/// Tells whether a key, in lower case, is one of Bedrock's that AWS lists, or of another service.
pub(crate) fn is_listed(key: &str) -> bool {
    let name = key.strip_prefix("bedrock:");
    name.is_none_or(|name| BEDROCK.iter().any(|(known, _)| *known == name))
}
