//! What to do about a denial, by what denied it.

use crisguard_core::{
    inference_profile::InferenceProfile,
    policy::Language::{self, En, Ja},
    scp::{
        denied::{DeniedResource, PolicyKind, Reason, UnderPolicies},
        reach::{Call, INVOKE, Target},
    },
};

use super::{Told, scp};

/// Returns the steps.
pub(super) fn of(told: &Told<'_>, language: Language) -> Vec<String> {
    match &told.message.reason {
        Reason::Explicit { by, .. } | Reason::Implicit { by } => by_policy(told, *by, language),
        Reason::ModelAccess => model_access(told, language),
        Reason::Subscription => vec![
            match language {
                En => {
                    "The first call of a third party's model subscribes to it in AWS Marketplace: let somebody call it \
                     once whose policies allow `aws-marketplace:Subscribe` and `aws-marketplace:ViewSubscriptions`."
                }
                Ja => {
                    "サードパーティのモデルは、初回の呼び出しで AWS Marketplace のサブスクリプションが作成されます。\
                     `aws-marketplace:Subscribe` と `aws-marketplace:ViewSubscriptions` を許可されたプリンシパルで一度呼び出してください。"
                }
            }
            .to_owned(),
        ],
        Reason::Legacy => vec![
            match language {
                En => "The provider has marked the model as legacy: call a newer one. No policy denies the call.",
                Ja => "提供元がレガシーに指定したモデルです。新しいモデルを呼び出してください。ポリシーによる拒否ではありません。",
            }
            .to_owned(),
        ],
        Reason::Unexplained => {
            let command = "aws cloudtrail lookup-events --lookup-attributes \
                           AttributeKey=EventSource,AttributeValue=bedrock.amazonaws.com | crisguard explain -";
            vec![match language {
                En => format!("The message does not say what denied the call. Look at the record of it: `{command}`"),
                Ja => format!("メッセージからは拒否の理由が分かりません。CloudTrail の記録を確認してください: `{command}`"),
            }]
        }
    }
}

fn by_policy(told: &Told<'_>, by: PolicyKind, language: Language) -> Vec<String> {
    let explicit = matches!(told.message.reason, Reason::Explicit { .. });
    let text = match (by, explicit, told.is_invocation()) {
        (PolicyKind::ServiceControlPolicy, ..) => return scp::steps(told, explicit, language),
        (PolicyKind::IdentityBased, false, _) => return grant(told, language),
        (PolicyKind::VpcEndpoint, _, true) => {
            let command = "crisguard scp template vpc-endpoint --source REGION --profile ID --account ID";
            return vec![match language {
                En => format!(
                    "The VPC endpoint's policy must allow the profile, and the model in each Region that the profile \
                     reaches: `{command}` writes one."
                ),
                Ja => format!(
                    "VPC エンドポイントのポリシーで、プロファイルと到達先の各リージョンのモデルを許可する必要があります。`{command}` で作成できます。"
                ),
            }];
        }
        (PolicyKind::VpcEndpoint, _, false) => (
            "The VPC endpoint's policy must allow the action on the resource.",
            "VPC エンドポイントのポリシーで、このリソースに対するアクションを許可する必要があります。",
        ),
        (PolicyKind::ResourceControlPolicy, ..) => (
            "A resource control policy denied it: change it in the management account. Service control policies have \
             nothing to do with it.",
            "リソースコントロールポリシーによる拒否です。管理アカウントで変更してください。サービスコントロールポリシーは関係ありません。",
        ),
        (PolicyKind::IdentityBased, true, _) => (
            "A statement of a policy of the user or role itself denies it: change that statement.",
            "ユーザーまたはロール自身のポリシーのステートメントが拒否しています。そのステートメントを変更してください。",
        ),
        (PolicyKind::PermissionsBoundary, _, true) => (
            "The permissions boundary of the user or role must allow the call too, on the profile and on the model in \
             each Region.",
            "ユーザーまたはロールのアクセス許可の境界でも、プロファイルと各リージョンのモデルへの呼び出しを許可する必要があります。",
        ),
        (PolicyKind::PermissionsBoundary, _, false) => (
            "The permissions boundary of the user or role must allow the action on the resource, too.",
            "ユーザーまたはロールのアクセス許可の境界でも、このリソースに対するアクションを許可する必要があります。",
        ),
        (PolicyKind::Session, _, true) => (
            "The policy given with the session (AssumeRole, federation) must allow the call too, on the profile and on \
             the model in each Region.",
            "セッションポリシー（AssumeRole やフェデレーション）でも、プロファイルと各リージョンのモデルへの呼び出しを許可する必要があります。",
        ),
        (PolicyKind::Session, _, false) => (
            "The policy given with the session (AssumeRole, federation) must allow the action on the resource, too.",
            "セッションポリシー（AssumeRole やフェデレーション）でも、このリソースに対するアクションを許可する必要があります。",
        ),
        (PolicyKind::ResourceBased, ..) => (
            "A policy of the resource itself denied it: change that policy.",
            "リソース自身のポリシーによる拒否です。そのポリシーを変更してください。",
        ),
    };
    vec![one_of(text, language)]
}

/// What a user or role lacks that has too few permissions.
fn grant(told: &Told<'_>, language: Language) -> Vec<String> {
    let lacks = match language {
        En => "The policies of the user or role do not allow it; no service control policy denied it.",
        Ja => {
            "ユーザーまたはロールのポリシーで許可されていません。サービスコントロールポリシーによる拒否ではありません。"
        }
    };
    if !told.is_invocation() || matches!(told.message.resource, Some(DeniedResource::Other { .. })) {
        return vec![match language {
            En => format!("{lacks} Allow the action on the resource in one of them."),
            Ja => format!("{lacks}いずれかのポリシーで、このリソースに対するアクションを許可してください。"),
        }];
    }
    let needs = match language {
        En => {
            " A call through a profile needs the profile, and the model in the source Region and in each Region that \
             the profile reaches"
        }
        Ja => {
            "プロファイル経由の呼び出しには、プロファイルに加え、送信元と到達先の各リージョンのモデルへの許可が必要です。"
        }
    };
    let Some((profile, call)) = told.preferred() else {
        return vec![match language {
            En => format!("{lacks}{needs}."),
            Ja => format!("{lacks}{needs}"),
        }];
    };
    let template = if profile.is_global() {
        "invoke-global"
    } else {
        "invoke-geographic"
    };
    let account = told.message.account().filter(|account| account.len() == 12);
    let command = format!(
        "crisguard scp template {template} --source {} --profile '{}' --account {}",
        told.source_of(call),
        profile.id(),
        account.unwrap_or("ID")
    );
    let several = told.has_several();
    vec![match language {
        En => {
            let least = if several {
                "writes the least that one of the profiles above needs"
            } else {
                "writes the least that it needs"
            };
            format!("{lacks}{needs}: `{command}` {least}.")
        }
        Ja => {
            let example = if several {
                "上記のプロファイルの 1 つなら、"
            } else {
                ""
            };
            format!("{lacks}{needs}{example}`{command}` で最小限のポリシーを作成できます。")
        }
    }]
}

/// There is no page any more on which access is requested
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html>).
fn model_access(told: &Told<'_>, language: Language) -> Vec<String> {
    let region = told.source.map_or("REGION", |source| source.0.as_str());
    let command = format!("aws bedrock get-foundation-model-availability --region {region} --model-id MODEL");
    let (first, then) = match language {
        En => (
            format!(
                "No policy of yours denies the call: the account has no access to the model. See what it lacks: `{command}`"
            ),
            "Access is not requested any more: the first call of a third party's model subscribes to it in AWS \
             Marketplace, within 15 minutes, if the caller may `aws-marketplace:Subscribe` and \
             `aws-marketplace:ViewSubscriptions`. Anthropic's models want the use case told once: in the model catalog \
             of the Bedrock console, or by `aws bedrock put-use-case-for-model-access`.",
        ),
        Ja => (
            format!(
                "アカウントがモデルを利用できる状態になっていません。ポリシーによる拒否ではありません。不足しているものを確認します: `{command}`"
            ),
            "モデルアクセスの申請は不要になりました。サードパーティのモデルは、初回の呼び出しから 15 分以内に AWS Marketplace の\
             サブスクリプションが自動で作成されます。呼び出し元に `aws-marketplace:Subscribe` と `aws-marketplace:ViewSubscriptions` の許可が必要です。\
             Anthropic のモデルでは、ユースケースの送信が一度だけ必要です（Bedrock コンソールのモデルカタログ、または \
             `aws bedrock put-use-case-for-model-access`）。",
        ),
    };
    vec![first, then.to_owned()]
}

impl Told<'_> {
    /// Tells whether it is about calling a model, as far as the message says. Only these actions have the key of
    /// the profile.
    pub(super) fn is_invocation(&self) -> bool {
        let is = |action: &String| INVOKE.iter().any(|name| name.eq_ignore_ascii_case(action));
        self.message.action.as_ref().is_none_or(is)
    }

    /// Returns the call to show something by: a geographic profile before a global one, and what goes least far.
    pub(super) fn preferred(&self) -> Option<(&InferenceProfile, &Target)> {
        let through = self.calls.iter().filter_map(|call| match &call.call {
            Call::Profile(profile) => Some((profile, call)),
            _ => None,
        });
        through.min_by_key(|(profile, call)| (profile.is_global(), call.destination_names().len()))
    }

    /// Returns where such a call is made from: where it is not told, in the Region of the denial if it can be, and
    /// else in one that only the asker knows.
    pub(super) fn source_of<'t>(&'t self, call: &'t Target) -> &'t str {
        let same = || self.calls.iter().filter(|other| other.call == call.call);
        let denied = self.message.resource.as_ref().and_then(DeniedResource::region);
        match (same().count(), denied) {
            (0 | 1, _) => call.source.0.as_str(),
            (_, Some(denied)) if same().any(|other| other.source.0.as_str() == denied) => denied,
            _ => "REGION",
        }
    }

    /// Tells whether several profiles can have been called.
    pub(super) fn has_several(&self) -> bool {
        let mut names = self.calls.iter().filter_map(|call| match &call.call {
            Call::Profile(profile) => Some(profile.id()),
            _ => None,
        });
        let first = names.next();
        names.any(|name| Some(name) != first)
    }

    /// Tells whether policies were given that do not deny it.
    pub(super) fn is_let_through(&self) -> bool {
        matches!(
            self.evaluation,
            Some(UnderPolicies::Allowed | UnderPolicies::Exempt { .. })
        )
    }

    /// Tells whether the statement is known that denies it.
    pub(super) fn is_found(&self) -> bool {
        matches!(self.evaluation, Some(UnderPolicies::Denied { .. }))
    }
}

pub(super) fn one_of((en, ja): (&str, &str), language: Language) -> String {
    match language {
        En => en,
        Ja => ja,
    }
    .to_owned()
}
