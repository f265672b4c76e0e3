//! What to do about a denial, by what denied it.

use crisguard_core::{
    cloudtrail::BlockedRegion,
    policy::Language::{self, En, Ja},
    scp::{
        denied::{DeniedMessage, DeniedResource, PolicyKind, Reason},
        reach::Target,
    },
};

/// Returns the steps.
pub(super) fn of(message: &DeniedMessage, calls: &[Target], language: Language) -> Vec<String> {
    let told = |en: &str, ja: &str| match language {
        En => en.to_owned(),
        Ja => ja.to_owned(),
    };
    match &message.reason {
        Reason::Explicit { by, .. } | Reason::Implicit { by } => by_policy(message, *by, calls, language),
        Reason::ModelAccess => vec![told(
            "The account has no access to the model: no policy denies the call. Request access in the Bedrock console \
             (Model access) of the source Region.",
            "アカウントがモデルを利用できる状態になっていません。ポリシーによる拒否ではありません。呼び出し元リージョンの Bedrock コンソール（モデルアクセス）で申請してください。",
        )],
        Reason::Subscription => vec![told(
            "The first call of a third party's model subscribes to it in AWS Marketplace: let somebody call it once \
             whose policies allow `aws-marketplace:Subscribe` and `aws-marketplace:ViewSubscriptions`.",
            "サードパーティのモデルは初回呼び出しで AWS Marketplace のサブスクライブが必要です。`aws-marketplace:Subscribe` と \
             `aws-marketplace:ViewSubscriptions` を許可されたプリンシパルで一度呼び出してください。",
        )],
        Reason::Legacy => vec![told(
            "The provider has marked the model as legacy: call a newer one. No policy denies the call.",
            "提供元がレガシーに指定したモデルです。新しいモデルを呼び出してください。ポリシーによる拒否ではありません。",
        )],
        Reason::Unexplained => vec![told(
            "The message does not say what denied the call. Look at the record of it: `aws cloudtrail lookup-events \
             --lookup-attributes AttributeKey=EventSource,AttributeValue=bedrock.amazonaws.com | crisguard explain -`",
            "メッセージからは拒否の理由が分かりません。CloudTrail の記録を確認してください: `aws cloudtrail lookup-events \
             --lookup-attributes AttributeKey=EventSource,AttributeValue=bedrock.amazonaws.com | crisguard explain -`",
        )],
    }
}

fn by_policy(message: &DeniedMessage, by: PolicyKind, calls: &[Target], language: Language) -> Vec<String> {
    let told = |en: String, ja: String| match language {
        En => en,
        Ja => ja,
    };
    let explicit = matches!(message.reason, Reason::Explicit { .. });
    match by {
        PolicyKind::ServiceControlPolicy => {
            let mut steps = Vec::new();
            if let Some(id) = message.policy_id() {
                steps.push(told(
                    format!(
                        "Read the policy: `aws organizations describe-policy --policy-id {id}` (management account or \
                         delegated administrator)."
                    ),
                    format!(
                        "ポリシーを確認します: `aws organizations describe-policy --policy-id {id}`（管理アカウントまたは委任管理者）。"
                    ),
                ));
            }
            steps.push(if explicit { change(message, language) } else { allow(language) });
            let example = calls.iter().find(|call| call.call.name().contains('.') && !is_model(call));
            if let Some(call) = example {
                let profile = call.call.name();
                let several = calls.iter().any(|other| other.source != call.source);
                let source = if several { "REGION" } else { call.source.0.as_str() };
                let command = format!("crisguard reach --scp FILE --source {source} --profile '{profile}'");
                steps.push(told(
                    format!("See the statement and the least change of it, verified: `{command}`"),
                    format!("該当ステートメントと検証済みの最小の変更案を表示します: `{command}`"),
                ));
            }
            steps
        }
        PolicyKind::ResourceControlPolicy => vec![told(
            "A resource control policy denied it: change it in the management account. Service control policies have \
             nothing to do with it."
                .to_owned(),
            "リソースコントロールポリシーによる拒否です。管理アカウントで変更してください。サービスコントロールポリシーは関係ありません。".to_owned(),
        )],
        PolicyKind::IdentityBased if explicit => vec![told(
            "A statement of a policy of the user or role itself denies it: change that statement.".to_owned(),
            "ユーザーまたはロール自身のポリシーのステートメントが拒否しています。そのステートメントを変更してください。".to_owned(),
        )],
        PolicyKind::IdentityBased => grant(message, calls, language),
        PolicyKind::PermissionsBoundary => vec![told(
            "The permissions boundary of the user or role must allow the call too, on the profile and on the model in \
             each Region."
                .to_owned(),
            "ユーザーまたはロールのアクセス許可の境界でも、プロファイルと各リージョンのモデルへの呼び出しを許可する必要があります。".to_owned(),
        )],
        PolicyKind::Session => vec![told(
            "The policy given with the session (AssumeRole, federation) must allow the call too, on the profile and on \
             the model in each Region."
                .to_owned(),
            "セッションポリシー（AssumeRole やフェデレーション）でも、プロファイルと各リージョンのモデルへの呼び出しを許可する必要があります。".to_owned(),
        )],
        PolicyKind::VpcEndpoint => {
            let command = "crisguard scp template vpc-endpoint --source REGION --profile ID --account ID";
            vec![told(
                format!(
                    "The VPC endpoint's policy must allow the profile, and the model in each Region that the profile \
                     reaches: `{command}` writes one."
                ),
                format!(
                    "VPC エンドポイントのポリシーで、プロファイルと到達先の各リージョンのモデルを許可する必要があります。`{command}` で作成できます。"
                ),
            )]
        }
        PolicyKind::ResourceBased => vec![told(
            "A policy of the resource itself denied it: change that policy.".to_owned(),
            "リソース自身のポリシーによる拒否です。そのポリシーを変更してください。".to_owned(),
        )],
    }
}

/// What a statement of a service control policy that denies wants.
fn change(message: &DeniedMessage, language: Language) -> String {
    let (en, ja) = match &message.resource {
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
            "呼び出し元リージョンまたはプロファイル自体が拒否されています。許可されたリージョンから呼び出してください。プロファイル自体の評価に \
             `bedrock:InferenceProfileArn` は含まれないため、このキーによる除外は効きません。",
        ),
        _ => (
            "Change the statement that denies: exempt the profile with `ArnNotLike` `bedrock:InferenceProfileArn`, and \
             pin the Regions that it may reach. Another policy never lifts a deny. Or call a profile or model that \
             does not need this Region.",
            "拒否しているステートメントを変更し、`ArnNotLike` `bedrock:InferenceProfileArn` でプロファイルを除外したうえで到達先リージョンを固定します。\
             別のポリシーを追加しても拒否は解除されません。または、このリージョンを使わないプロファイルやモデルを呼び出してください。",
        ),
    };
    match language {
        En => en.to_owned(),
        Ja => ja.to_owned(),
    }
}

fn allow(language: Language) -> String {
    match language {
        En => {
            "No service control policy of some level (root, unit or account) allows it: add it to the allow-list of \
             that level. Each level must allow the profile, and the model in each Region that the profile reaches."
        }
        Ja => {
            "いずれかの階層（ルート、OU、アカウント）のサービスコントロールポリシーで許可されていません。その階層の許可リストに追加してください。\
             すべての階層で、プロファイルと到達先の各リージョンのモデルを許可する必要があります。"
        }
    }
    .to_owned()
}

/// What a user or role lacks that has too few permissions.
fn grant(message: &DeniedMessage, calls: &[Target], language: Language) -> Vec<String> {
    let call = calls.iter().find(|call| !is_model(call));
    let global = call.is_some_and(|call| call.call.name().starts_with("global."));
    let template = if global { "invoke-global" } else { "invoke-geographic" };
    let source = call.map_or_else(|| "REGION".to_owned(), |call| call.source.to_string());
    let profile = call.map_or("ID", |call| call.call.name());
    let account = message.account().filter(|account| account.len() == 12).unwrap_or("ID");
    let command =
        format!("crisguard scp template {template} --source {source} --profile '{profile}' --account {account}");
    vec![match language {
        En => format!(
            "The policies of the user or role do not allow it; no service control policy denied it. A call through a \
             profile needs the profile, and the model in the source Region and in each Region that the profile \
             reaches: `{command}` writes the least that it needs."
        ),
        Ja => format!(
            "ユーザーまたはロールのポリシーで許可されていません。サービスコントロールポリシーによる拒否ではありません。プロファイル経由の呼び出しには、\
             プロファイルに加え、呼び出し元と到達先の各リージョンのモデルへの許可が必要です。`{command}` で最小限のポリシーを作成できます。"
        ),
    }]
}

fn is_model(call: &Target) -> bool {
    matches!(call.call, crisguard_core::scp::reach::Call::Model(_))
}
