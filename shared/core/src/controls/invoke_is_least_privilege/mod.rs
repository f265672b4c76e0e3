//! IAM lets nobody call every model, where the policy asks for it.

use super::{
    Metadata,
    judged::{Judged, asks, not_asked, nothing_there},
    metadata::mapped,
    permissions::{INVOKE, Policies, judged_principals},
};
use crate::{
    decision::Severity,
    posture::{IdentityPosture, Place, PostureDecision, Resource, Wrong},
    statement::{Condition, Resources, Statement, glob},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invoke-is-least-privilege",
    title: "IAM policies name the models and profiles that may be called",
    decides: "where the policy asks for it, no user or role may invoke every foundation model or every inference profile of a Region, as far as its policies and boundary say",
    broken: "unlimited model access",
    severity: Severity::Medium,
    rationale: "Who may call every model may call one through a profile that leaves the allowed Regions, and each one that AWS adds tomorrow. Policies that name models and profiles keep both out.",
    remedy: &[
        "See what lets it: `aws iam get-policy-version --policy-arn POLICY --version-id VERSION`, or for a policy that stands in a role `aws iam get-role-policy --role-name ROLE --policy-name POLICY` (in the console: IAM, Roles or Users, Permissions)",
        "Name in it the profiles, by `arn:aws:bedrock:SOURCE:ACCOUNT:inference-profile/ID`, and the models of each of their Regions, with the condition `\"StringEquals\": {\"bedrock:InferenceProfileArn\": \"arn:aws:bedrock:SOURCE:ACCOUNT:inference-profile/ID\"}` (in CloudFormation: PolicyDocument of AWS::IAM::ManagedPolicy)",
        "Replace AmazonBedrockFullAccess and other policies of AWS that allow bedrock:* by such a one: `aws iam detach-role-policy --role-name ROLE --policy-arn arn:aws:iam::aws:policy/AmazonBedrockFullAccess`",
        "For administrators and other principals of which it is not asked, name their ARNs in posture.iam.except of the policy",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.15, A.5.18, A.8.2, A.8.3"),
        mapped("NIST SP 800-53 r5", "AC-3, AC-6"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出せるモデルと推論プロファイルを IAM ポリシーで限定",
    decides: "ポリシーが求める場合に、ユーザーとロールのどれも、ポリシーとアクセス許可の境界で見る限り、リージョンのすべての基盤モデルまたはすべての推論プロファイルを呼び出せるようにはなっていないこと",
    broken: "IAM でモデルの呼び出しが限定されていない",
    rationale: "すべてのモデルを呼び出せる利用者は、許可されたリージョンの外に出る推論プロファイルも、今後 AWS が追加するモデルも使用できます。ポリシーでモデルと推論プロファイルを指定すれば、どちらも防ぐことができます。",
    remedy: &[
        "許可しているポリシーを確認します: `aws iam get-policy-version --policy-arn POLICY --version-id VERSION`。ロールに直接設定されたポリシーの場合は `aws iam get-role-policy --role-name ROLE --policy-name POLICY`（コンソールでは、IAM の「ロール」または「ユーザー」の「許可」）",
        "推論プロファイルを `arn:aws:bedrock:SOURCE:ACCOUNT:inference-profile/ID` で指定し、その各リージョンのモデルを、条件 `\"StringEquals\": {\"bedrock:InferenceProfileArn\": \"arn:aws:bedrock:SOURCE:ACCOUNT:inference-profile/ID\"}` とともに指定します（CloudFormation では AWS::IAM::ManagedPolicy の PolicyDocument）",
        "AmazonBedrockFullAccess など、bedrock:* を許可する AWS のポリシーを、そのようなポリシーに置き換えます: `aws iam detach-role-policy --role-name ROLE --policy-arn arn:aws:iam::aws:policy/AmazonBedrockFullAccess`",
        "管理者など、対象から外すプリンシパルは、ポリシーの posture.iam.except に ARN を指定します",
    ],
};

/// Decides about the account's users and roles.
pub(super) fn decide(seen: &IdentityPosture, place: &Place<'_>) -> PostureDecision {
    if !asks(place, |rules| rules.iam.as_ref().is_some_and(|iam| iam.least_privilege)) {
        return not_asked(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let Some(principals) = judged.seen(&seen.principals) else {
        return judged.decision();
    };
    if principals.is_empty() {
        return nothing_there(place);
    }
    let policies = Policies::of(seen);
    for (arn, principal) in judged_principals(principals, place) {
        match policies.permissions(arn, principal) {
            Err(unknown) => unknown.into_iter().for_each(|unknown| judged.unknown(unknown)),
            Ok(permissions) => {
                let policy = INVOKE.into_iter().find_map(|action| {
                    permissions.granting(
                        action,
                        |allowance| names_nothing(allowance, place),
                        |denial| leaves_nothing_unnamed(denial, place),
                    )
                });
                if let Some(policy) = policy {
                    let policy = policy.to_owned();
                    judged.wrong(Resource::Principal(arn.clone()), Wrong::InvokesEverything { policy });
                }
            }
        }
    }
    judged.decision()
}

/// Tells whether a statement that allows names no models and no profiles. Other conditions do not
/// matter: they say when or from where, not what.
fn names_nothing(allowance: &Statement, place: &Place<'_>) -> bool {
    let unnamed = match allowance.resources() {
        Resources::Only(patterns) => patterns.iter().any(|pattern| is_everything(pattern, place)),
        Resources::AllBut(_) => allowance.resources().name_none_of(&every_model(place)),
    };
    unnamed
        && !allowance
            .conditions()
            .any(|condition| names_profiles(&condition, place))
}

/// Tells whether a denial leaves only models and profiles that it names, if any.
fn leaves_nothing_unnamed(denial: &Statement, place: &Place<'_>) -> bool {
    match denial.resources() {
        Resources::Only(_) => denial.resources().cover(&every_model(place)),
        Resources::AllBut(patterns) => !patterns.iter().any(|pattern| is_everything(pattern, place)),
    }
}

/// Every profile needs its models to be allowed, too.
fn every_model(place: &Place<'_>) -> String {
    format!("arn:{}:bedrock:*::foundation-model/**", place.region.partition())
}

/// Tells whether a pattern stands for every foundation model or every system-defined profile, in one
/// Region at least.
fn is_everything(pattern: &str, place: &Place<'_>) -> bool {
    let pattern = glob::widened(pattern);
    let (partition, account) = (place.region.partition(), place.account);
    let region = pattern.split(':').nth(3);
    let region = region.map_or("*".to_owned(), |region| region.replace('*', "").replace('?', "x"));
    [
        format!("arn:{partition}:bedrock:{region}::foundation-model/**"),
        format!("arn:{partition}:bedrock:{region}:{account}:inference-profile/**"),
    ]
    .iter()
    .any(|set| glob::names_none_of(&pattern, set))
}

/// Tells whether a condition holds only for calls through profiles, or of models, that it names.
fn names_profiles(condition: &Condition<'_>, place: &Place<'_>) -> bool {
    const NAMING: [&str; 5] = [
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "ArnEquals",
        "ArnLike",
    ];
    matches!(
        condition.key.as_str(),
        "bedrock:inferenceprofilearn" | "bedrock:modelarn"
    ) && NAMING.contains(&condition.operator)
        && !condition.values.is_empty()
        && !condition.values.iter().any(|value| is_everything(value, place))
}
