//! What to do where a service control policy denies.

use crisguard_core::{
    cloudtrail::BlockedRegion,
    policy::Language::{self, En, Ja},
    scp::denied::DeniedResource,
};

use super::{Told, advice::one_of};

/// Returns the steps.
pub(super) fn steps(told: &Told<'_>, explicit: bool, language: Language) -> Vec<String> {
    let mut steps = Vec::new();
    if let Some(id) = told.message.policy_id().filter(|_| !told.is_found()) {
        let command = format!("aws organizations describe-policy --policy-id {id}");
        steps.push(match language {
            En => format!("Read the policy: `{command}` (management account or delegated administrator)."),
            Ja => format!("ポリシーを確認します: `{command}`（管理アカウントまたは委任管理者）。"),
        });
    }
    if told.is_let_through() {
        steps.push(compare(language));
        return steps;
    }
    let text = match (explicit, told.is_invocation()) {
        (true, true) => change(told),
        (true, false) => change_for_other_action(told),
        (false, true) => (
            "No service control policy of some level (root, unit or account) allows it: add it to the allow-list of \
             that level. Each level must allow the profile, and the model in each Region that the profile reaches.",
            "いずれかの階層（ルート、OU、アカウント）のサービスコントロールポリシーで許可されていません。その階層の許可リストに追加してください。\
             すべての階層で、プロファイルと到達先の各リージョンのモデルを許可する必要があります。",
        ),
        (false, false) => (
            "No service control policy of some level (root, unit or account) allows it: add the action to the \
             allow-list of that level. Each level must allow it.",
            "いずれかの階層（ルート、OU、アカウント）のサービスコントロールポリシーで許可されていません。その階層の許可リストにアクションを追加してください。\
             すべての階層で許可されている必要があります。",
        ),
    };
    steps.push(one_of(text, language));
    steps.extend(reach(told, language));
    steps
}

/// Where the policies that were given let it through, none of their statements is to be changed.
fn compare(language: Language) -> String {
    let command = "aws organizations list-policies-for-target --filter SERVICE_CONTROL_POLICY --target-id ID";
    match language {
        En => format!(
            "Compare with what is attached now, at the root, at each unit above the account and at the account: \
             `{command}` lists what is attached directly."
        ),
        Ja => format!(
            "ルート、上位の各 OU、アカウントに現在アタッチされているポリシーと比べてください。直接アタッチされたものは `{command}` で一覧できます。"
        ),
    }
}

/// What the statement that denies a call of a model wants.
fn change(told: &Told<'_>) -> (&'static str, &'static str) {
    match &told.message.resource {
        Some(DeniedResource::FoundationModel {
            region: BlockedRegion::Unspecified,
            ..
        }) => (
            "Call a geographic profile instead. If global processing is wanted: change the statement that denies; it \
             must let `aws:RequestedRegion` `unspecified` through for this profile. Another policy never lifts a deny.",
            "地域プロファイルの利用を検討してください。グローバル処理を認める場合は、拒否しているステートメントを変更し、このプロファイルに限り \
             `aws:RequestedRegion` の `unspecified` を通します。別のポリシーを追加しても拒否は解除されません。",
        ),
        Some(DeniedResource::Profile { .. } | DeniedResource::ApplicationProfile { .. }) => (
            "The Region that was called, or the profile itself, is denied: call an allowed Region. An exemption by \
             `bedrock:InferenceProfileArn` does not help here: the profile's own evaluation does not have that key.",
            "送信元リージョンまたはプロファイル自体が拒否されています。許可されたリージョンから呼び出してください。プロファイル自体の評価に \
             `bedrock:InferenceProfileArn` は含まれないため、このキーによる除外は効きません。",
        ),
        Some(DeniedResource::Other { .. }) => OTHER,
        Some(DeniedResource::FoundationModel { .. }) | None => (
            "Change the statement that denies: exempt the profile with `ArnNotLike` `bedrock:InferenceProfileArn`, and \
             pin the Regions that it may reach. Another policy never lifts a deny. Or call a profile or model that \
             does not need this Region.",
            "拒否しているステートメントを変更し、`ArnNotLike` `bedrock:InferenceProfileArn` でプロファイルを除外したうえで到達先リージョンを固定します。\
             別のポリシーを追加しても拒否は解除されません。または、このリージョンを使わないプロファイルやモデルを呼び出してください。",
        ),
    }
}

const OTHER: (&str, &str) = (
    "Call an allowed Region. If it must be this one: change the statement that denies, so that it leaves out the action \
     (`NotAction`), the role or the Region. Another policy never lifts a deny.",
    "許可されたリージョンで実行してください。このリージョンで必要な場合は、拒否しているステートメントを変更し、アクション（`NotAction`）、\
     ロール、リージョンのいずれかを対象外にします。別のポリシーを追加しても拒否は解除されません。",
);

/// What a statement wants that denies another action: only the calls of models have the key of the profile
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>).
fn change_for_other_action(told: &Told<'_>) -> (&'static str, &'static str) {
    let action = told.message.action.as_deref().unwrap_or_default().to_ascii_lowercase();
    let of_profile =
        matches!(&told.message.resource, Some(DeniedResource::Other { arn }) if arn.contains(":guardrail-profile/"));
    match action.as_str() {
        "bedrock:applyguardrail" if of_profile => (
            "The guardrail crosses Regions, and needs this action in each Region of its profile. Leave \
             `bedrock:ApplyGuardrail` out of the statement that denies (`NotAction`), and deny it outside those Regions \
             in a statement of its own; or use a guardrail without a cross-Region profile. An exemption by \
             `bedrock:InferenceProfileArn` does not help: this action does not have that key.",
            "このガードレールはクロスリージョンで、プロファイルの各リージョンでこのアクションが必要です。拒否しているステートメントの対象から \
             `bedrock:ApplyGuardrail` を外し（`NotAction`）、それらのリージョン以外では別のステートメントで拒否します。または、クロスリージョンではない\
             ガードレールを使います。このアクションに `bedrock:InferenceProfileArn` はなく、このキーによる除外は効きません。",
        ),
        "bedrock:createmodelinvocationjob" => (
            "Start the job in an allowed Region, by a model or profile that stays in allowed ones. AWS does not document \
             whether `bedrock:InferenceProfileArn` is there for batch jobs: do not rely on an exemption by it. Another \
             policy never lifts a deny.",
            "許可されたリージョンにとどまるモデルやプロファイルを使い、許可されたリージョンでジョブを開始してください。バッチジョブに \
             `bedrock:InferenceProfileArn` が含まれるかは AWS の文書になく、このキーによる除外には頼れません。別のポリシーを追加しても拒否は解除されません。",
        ),
        action if action.starts_with("bedrock") => (
            "Call an allowed Region. If it must be this one: change the statement that denies, so that it leaves out the \
             action (`NotAction`), the role or the Region. An exemption by `bedrock:InferenceProfileArn` does not help: \
             this action does not have that key. Another policy never lifts a deny.",
            "許可されたリージョンで実行してください。このリージョンで必要な場合は、拒否しているステートメントを変更し、アクション（`NotAction`）、\
             ロール、リージョンのいずれかを対象外にします。このアクションに `bedrock:InferenceProfileArn` はなく、このキーによる除外は効きません。\
             別のポリシーを追加しても拒否は解除されません。",
        ),
        _ => OTHER,
    }
}

/// Names the command that shows the statement and what mends it.
fn reach(told: &Told<'_>, language: Language) -> Option<String> {
    let (profile, call) = told.preferred().filter(|_| told.is_invocation())?;
    let given = told.given.as_deref().unwrap_or("--scp FILE");
    let command = format!(
        "crisguard reach {given} --source {} --profile '{}'",
        told.source_of(call),
        profile.id()
    );
    Some(match (language, told.has_several()) {
        (En, false) => format!("See the least change of the statement, verified: `{command}`"),
        (En, true) => {
            format!("See the least change of the statement, verified, for example for this profile: `{command}`")
        }
        (Ja, false) => format!("検証済みの最小の変更案を表示します: `{command}`"),
        (Ja, true) => format!("検証済みの最小の変更案を、たとえば次のプロファイルについて表示します: `{command}`"),
    })
}
