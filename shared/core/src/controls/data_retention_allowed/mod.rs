//! The account's data-retention mode is one that is allowed.

use super::{Metadata, judged::Judged, metadata::mapped};
use crate::{
    decision::Severity,
    policy::{DataRetentionMode, PostureRules},
    posture::{Observed, Place, PostureDecision, Unknown, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "data-retention-allowed",
    title: "Prompts are kept and shared only as the policy allows",
    decides: "the account's data-retention mode is one that the policy allows, or a stricter one; without a list in the policy, any but `provider_data_share`",
    broken: "data retention too wide",
    severity: Severity::Critical,
    rationale: "The mode says whether AWS may keep prompts and answers, let its staff review them, or share them \
        with a model's provider. It is set for each account and Region by one call, and what is kept stands in the \
        Region that processed the request, which cross-Region inference chooses.",
    remedy: &[
        "Set a mode that is allowed, such as `none`: `aws bedrock put-account-data-retention --region SOURCE --mode none` (models that need a wider mode then refuse requests)",
        "The console and CloudFormation cannot set it; see what is set: `aws bedrock get-account-data-retention --region SOURCE`",
        "Keep it so by an SCP that denies bedrock:PutAccountDataRetention with StringNotEquals bedrock:DataRetentionMode, and bedrock-mantle:PutAccountDataRetention, CreateProject and UpdateProject with bedrock-mantle:DataRetentionMode",
        "See who changed it: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventName,AttributeValue=PutAccountDataRetention`",
        "If it is intended, add the mode to posture.data_retention in the policy",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html",
    mapping: &[
        mapped("GDPR", "Art. 5(1)(b), (c) and (e), Art. 28, Art. 44-46"),
        mapped("ISMAP / ISO 27001:2022", "A.5.14, A.5.34, A.8.10, A.8.12"),
        mapped("NIST SP 800-53 r5", "SI-12, SA-9, AC-21"),
        mapped("APPI", "Art. 22, Art. 23, Art. 27, Art. 28"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "プロンプトの保持と共有をポリシーの範囲内に限定",
    decides: "アカウントのデータ保持モードが、ポリシーで許可されたモードか、それより厳しいモードであること（ポリシーに指定がない場合は `provider_data_share` 以外であること）",
    broken: "Bedrock がプロンプトを許可された範囲を超えて保持または共有する可能性",
    rationale: "データ保持モードは、プロンプトと応答を AWS が保持するか、担当者が確認するか、モデルの提供元と共有するかを決める設定です。\
        アカウントとリージョンごとに 1 回の API 呼び出しで変更でき、保持されるデータは、リクエストを処理したリージョン（クロスリージョン推論で選ばれるリージョン）に置かれます。",
    remedy: &[
        "許可されたモード（`none` など）を設定します: `aws bedrock put-account-data-retention --region SOURCE --mode none`（より緩いモードを必要とするモデルは、リクエストを拒否するようになります）",
        "コンソールと CloudFormation では設定できません。現在の設定を確認します: `aws bedrock get-account-data-retention --region SOURCE`",
        "SCP で設定を固定します（bedrock:PutAccountDataRetention を、bedrock:DataRetentionMode の StringNotEquals 条件で拒否し、bedrock-mantle:PutAccountDataRetention、CreateProject、UpdateProject を、bedrock-mantle:DataRetentionMode の条件で拒否します）",
        "変更した利用者を確認します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventName,AttributeValue=PutAccountDataRetention`",
        "意図した設定であれば、ポリシーの posture.data_retention にそのモードを加えます",
    ],
};

/// Decides about one Region by the order that AWS gives the modes, from the strictest to the widest
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html>).
///
/// A mode that nobody here knows is taken for wider than all of them.
pub(super) fn decide(seen: &Observed<Option<String>>, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    match judged.seen(seen) {
        None => {}
        Some(None) => judged.unknown(Unknown::DataRetentionUnstated),
        Some(Some(mode)) => {
            let widest = widest_allowed(place.policy.posture());
            if in_effect(mode).is_none_or(|mode| widest.is_none_or(|widest| mode > widest)) {
                judged.wrong_here(Wrong::RetentionNotAllowed { mode: mode.clone() });
            }
        }
    }
    judged.decision()
}

/// Returns the widest mode that is allowed; `None` if not even the strictest is.
fn widest_allowed(rules: Option<&PostureRules>) -> Option<DataRetentionMode> {
    match rules.and_then(|rules| rules.data_retention.as_ref()) {
        Some(allowed) => allowed.last().copied(),
        None => Some(DataRetentionMode::AwsReview),
    }
}

/// Returns the mode that holds where the account has `mode`.
///
/// An account that was never set has `inherit`, and then each model's own default holds, which is
/// what `default` means, too. Models that ask for a wider mode refuse requests until the account is
/// set to it by name.
fn in_effect(mode: &str) -> Option<DataRetentionMode> {
    match mode {
        "none" => Some(DataRetentionMode::None),
        "default" | "inherit" => Some(DataRetentionMode::Default),
        "aws_review" => Some(DataRetentionMode::AwsReview),
        "provider_data_share" => Some(DataRetentionMode::ProviderDataShare),
        _ => None,
    }
}
