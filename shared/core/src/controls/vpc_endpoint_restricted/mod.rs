//! A private endpoint's policy is narrower than full access.
//!
//! What holds callers to the account's own is judged by the keys that AWS's data perimeter guidance
//! names (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html>).

use super::{
    Metadata,
    judged::{Judged, nothing_there},
    metadata::mapped,
};
use crate::{
    arn::Arn,
    decision::Severity,
    posture::{EndpointPosture, Place, PostureDecision, Resource, Unknown, Wrong},
    statement::{
        Condition, Document, Effect, Statement,
        glob::{names_none_of, widened},
    },
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "vpc-endpoint-restricted",
    title: "VPC endpoints for Bedrock let only some callers or calls through",
    decides: "the policy of every VPC endpoint for bedrock-runtime is narrower than full access: it names actions, resources or principals, or holds callers to the account or organization",
    broken: "VPC endpoint too wide",
    severity: Severity::Medium,
    rationale: "An endpoint's default policy lets every principal of every account do everything: whoever is inside the network can send data to models of an account that is not the company's own.",
    remedy: &[
        "Give it a narrow policy: `aws ec2 modify-vpc-endpoint --region SOURCE --vpc-endpoint-id ENDPOINT --policy-document \"$(cat endpoint-policy.json)\"` (in the console: VPC, Endpoints, Policy; in CloudFormation: PolicyDocument of AWS::EC2::VPCEndpoint)",
        "In it, hold callers to the account or organization, for example `\"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"ORGANIZATION\"}}`, and name the actions and models; infra/vpc-endpoint.yaml shows how",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.20, A.8.21, A.8.22"),
        mapped("NIST SP 800-53 r5", "AC-4, SC-7, SC-8"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "Bedrock の VPC エンドポイントで許可する範囲を限定",
    decides: "bedrock-runtime のすべての VPC エンドポイントのポリシーが、フルアクセスよりも絞られていること（アクション、リソース、プリンシパルの指定、またはアカウントや組織の条件による限定）",
    broken: "Bedrock の VPC エンドポイントがすべてを許可",
    rationale: "エンドポイントポリシーは、初期状態では、あらゆるアカウントのプリンシパルにすべての操作を許可します。ネットワークの内部にいれば誰でも、自社のものではないアカウントのモデルにデータを送ることができます。",
    remedy: &[
        "範囲を絞ったポリシーを設定します: `aws ec2 modify-vpc-endpoint --region SOURCE --vpc-endpoint-id ENDPOINT --policy-document \"$(cat endpoint-policy.json)\"`（コンソールでは VPC の「エンドポイント」の「ポリシー」、CloudFormation では AWS::EC2::VPCEndpoint の PolicyDocument）",
        "ポリシーでは、`\"Condition\": {\"StringEquals\": {\"aws:PrincipalOrgID\": \"ORGANIZATION\"}}` などの条件で呼び出し元をアカウントや組織に限定し、アクションとモデルを指定します（例は infra/vpc-endpoint.yaml にあります）",
    ],
};

/// The states in which an endpoint never carries traffic again
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html>).
const GONE: [&str; 5] = ["deleting", "deleted", "rejected", "failed", "expired"];

/// An action that AWS has not invented: what is about it is about every action.
const ANY_ACTION: &str = "bedrock:CrisguardProbe";
/// By what action prompts are sent.
const INVOKE: &str = "bedrock:InvokeModel";
const IS_SERVICE: &str = "aws:principalisawsservice";
/// What may be a stranger's own, so that prompts go to his account.
const OTHER_MODELS: [&str; 5] = [
    "application-inference-profile",
    "custom-model",
    "custom-model-deployment",
    "imported-model",
    "provisioned-model",
];

/// Keys whose values say whose principals or resources are meant, or which models.
const NARROWING: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "bedrock:guardrailidentifier",
    "bedrock:inferenceprofilearn",
    "bedrock:modelarn",
];

/// Keys that have the same value for whatever comes through one endpoint, or that leave nobody out
/// who speaks TLS, as Bedrock's callers do.
const NOT_NARROWING: [&str; 5] = [
    "aws:securetransport",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:requestedregion",
];

/// Decides about one Region: every endpoint's policy must be narrower than full access.
pub(super) fn decide(seen: &EndpointPosture, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let Some(endpoints) = judged.seen(&seen.endpoints) else {
        return judged.decision();
    };
    let gone = |state: &str| GONE.iter().any(|gone| state.eq_ignore_ascii_case(gone));
    let mut endpoints = endpoints
        .iter()
        .filter(|(_, endpoint)| !gone(&endpoint.state))
        .peekable();
    if endpoints.peek().is_none() {
        return nothing_there(place);
    }
    for (id, endpoint) in endpoints {
        let of = Resource::VpcEndpoint(id.clone());
        let narrow = endpoint
            .policy
            .as_deref()
            .map_or(Narrow::No, |policy| narrow(policy, place));
        match narrow {
            Narrow::Yes => {}
            Narrow::No => judged.wrong(of, Wrong::EndpointUnrestricted),
            Narrow::Depends(part) => judged.unknown(Unknown::NotUnderstood { of: Box::new(of), part }),
        }
    }
    judged.decision()
}

/// Whether a policy is narrower than full access.
enum Narrow {
    Yes,
    No,
    /// It depends on a part that is not known here.
    Depends(String),
}

/// Reads an endpoint's policy: full access is one statement that lets everyone do everything, and
/// that neither its own conditions nor a denial narrow.
fn narrow(policy: &str, place: &Place<'_>) -> Narrow {
    let Some(policy) = Document::parse(policy) else {
        return Narrow::Depends("the endpoint policy".to_owned());
    };
    let (partition, region) = (place.region.partition(), place.region);
    let all = format!("arn:{partition}:bedrock:*:*:**");
    // Through an endpoint, only models of its own Region can be called.
    let every_model = format!("arn:{partition}:bedrock:{region}::foundation-model/**");
    let denials: Vec<&Statement> = policy
        .statements(Effect::Deny)
        .filter(|denial| denial.is_about_everyone() && denial.resources().cover(&all))
        .filter(|denial| keeps_strangers_out(denial, place))
        .collect();
    if denials.iter().any(|denial| denial.is_about_all_actions("bedrock:*")) {
        return Narrow::Yes;
    }
    let strangers_cannot_invoke = denials.iter().any(|denial| denial.is_about_action(INVOKE));
    let models_of_others = OTHER_MODELS.map(|models| format!("arn:{partition}:bedrock:{region}:*:{models}/**"));
    let mut depends = None;
    for allowance in policy.statements(Effect::Allow) {
        if !allowance.is_about_nearly_everyone() || !allowance.is_about_action(ANY_ACTION) {
            continue;
        }
        let resources = allowance.resources();
        let everything = resources.name_none_of(&every_model)
            || models_of_others.iter().any(|models| resources.name_none_of(models));
        if !everything || allowance.conditions().any(|condition| narrows(&condition, place)) {
            continue;
        }
        match allowance.conditions().find(|condition| {
            // What narrows by names was told apart above: these values stand for everyone.
            !NOT_NARROWING.contains(&condition.key.as_str()) && !wants_one_of_its_values(condition)
        }) {
            None if strangers_cannot_invoke => depends = Some("a denial of some actions".to_owned()),
            None => return Narrow::No,
            Some(condition) => depends = Some(format!("the condition on {}", condition.key)),
        }
    }
    depends.map_or(Narrow::Yes, |part| {
        Narrow::Depends(format!("{part} in the endpoint policy"))
    })
}

/// Tells whether a condition holds only for some principals or resources that are named.
fn narrows(condition: &Condition<'_>, place: &Place<'_>) -> bool {
    // A stranger is no service of AWS.
    let services_alone = condition.operator == "Bool" && condition.key == IS_SERVICE && condition.values == ["true"];
    services_alone || (wants_one_of_its_values(condition) && names(condition, place))
}

/// Tells whether a condition holds only for principals or resources that its values stand for.
fn wants_one_of_its_values(condition: &Condition<'_>) -> bool {
    const NAMING: [&str; 7] = [
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "ArnEquals",
        "ArnLike",
        "ForAnyValue:StringEquals",
        "ForAnyValue:StringLike",
    ];
    NARROWING.contains(&condition.key.as_str()) && NAMING.contains(&condition.operator)
}

/// Tells whether a denial of everything to everyone leaves only some principals or resources that
/// are named: all its conditions must hold for a stranger.
fn keeps_strangers_out(denial: &Statement, place: &Place<'_>) -> bool {
    const EXCEPTING: [&str; 5] = [
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "ArnNotEquals",
        "ArnNotLike",
    ];
    let excepts = |condition: &Condition<'_>| {
        let operator = condition.operator;
        let operator = operator.strip_prefix("ForAllValues:").unwrap_or(operator);
        let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
        NARROWING.contains(&condition.key.as_str()) && EXCEPTING.contains(&operator) && names(condition, place)
    };
    // A stranger is no service of AWS, and calls by himself.
    let spares_services = |condition: &Condition<'_>| {
        matches!(condition.operator, "Bool" | "BoolIfExists")
            && [IS_SERVICE, "aws:viaawsservice"].contains(&condition.key.as_str())
            && condition.values == ["false"]
    };
    denial
        .conditions()
        .all(|condition| excepts(&condition) || spares_services(&condition))
        && (denial.is_unconditional() || denial.conditions().any(|condition| excepts(&condition)))
}

/// Tells whether each value of a condition names something: an account or organization, or some of the profiles,
/// models or guardrails of the Region. `arn:aws:iam::*:role/*` names nobody.
fn names(condition: &Condition<'_>, place: &Place<'_>) -> bool {
    let (partition, region) = (place.region.partition(), place.region);
    let of_bedrock = |resources: &str| format!("arn:{partition}:bedrock:{region}:{resources}/**");
    let is_literal = |value: &str| !value.is_empty() && !value.contains(['*', '?', '$']);
    let names_some_of = |value: &str, resources: &[&str]| {
        let value = widened(value);
        let mut sets = resources.iter().map(|resources| of_bedrock(resources));
        sets.all(|set| !names_none_of(&value, &set))
    };
    let names = |value: &String| match condition.key.as_str() {
        "aws:principalarn" => account(condition.operator, value).is_some_and(is_literal),
        "aws:principalorgpaths" | "aws:resourceorgpaths" => value.split('/').next().is_some_and(is_literal),
        "bedrock:inferenceprofilearn" => {
            names_some_of(value, &["*:inference-profile", "*:application-inference-profile"])
        }
        "bedrock:modelarn" => names_some_of(value, &[":foundation-model"]),
        "bedrock:guardrailidentifier" => names_some_of(value, &["*:guardrail"]),
        _ => is_literal(value),
    };
    !condition.values.is_empty() && condition.values.iter().all(names)
}

/// Returns the account of an ARN, as far as it is surely read: wildcards of `StringLike` run across the parts.
fn account<'v>(operator: &str, value: &'v str) -> Option<&'v str> {
    let surely = if operator.contains("String") {
        value.split(['*', '?']).next().unwrap_or_default()
    } else {
        value
    };
    Arn::parse(surely).map(|arn| arn.account)
}
