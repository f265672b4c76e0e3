//! Custom models are encrypted with a customer-managed key.

use super::{
    Metadata,
    judged::{asks, each},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{ModelPosture, Place, PostureDecision, Resource},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "custom-model-encrypted",
    title: "Custom models are encrypted with a customer-managed key",
    decides: "every custom model's key works, and is the customer's own where the policy asks for that",
    broken: "custom model's key wrong",
    severity: Severity::Medium,
    rationale: "A custom model can repeat what it was trained on. Only a key of the customer's own says who may use the model, shows in the logs who did, and can be taken away.",
    remedy: &[
        "The key of a model cannot be changed: make the model anew with one, `aws bedrock create-model-customization-job --region SOURCE --cli-input-json \"$(cat job.json)\"` with customModelKmsKeyId (in the console: Amazon Bedrock, Custom models; in CloudFormation, AWS::KMS::Key makes the key), then delete the old one: `aws bedrock delete-custom-model --region SOURCE --model-identifier MODEL`",
        "If a key is disabled or waits for its deletion, bring it back: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`, then `aws kms enable-key --region SOURCE --key-id KEY` (in the console: Key Management Service, Customer managed keys)",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-custom-job.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-28(1)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "カスタムモデルをカスタマーマネージドキーで暗号化",
    decides: "すべてのカスタムモデルのキーが使用でき、ポリシーが求める場合はカスタマーマネージドキーであること",
    broken: "カスタムモデルの暗号化に問題",
    rationale: "カスタムモデルは、学習に使用したデータをそのまま出力することがあります。モデルを使用できる利用者を定め、使用をログで確認し、使用を止めることができるのは、カスタマーマネージドキーだけです。",
    remedy: &[
        "モデルのキーは変更できません。キーを指定してモデルを作成し直し、`aws bedrock create-model-customization-job --region SOURCE --cli-input-json \"$(cat job.json)\"`（customModelKmsKeyId を指定します。コンソールでは、Amazon Bedrock の「カスタムモデル」。CloudFormation では AWS::KMS::Key でキーを作成します）、古いモデルを削除します: `aws bedrock delete-custom-model --region SOURCE --model-identifier MODEL`",
        "キーが無効か、削除待ちの場合は、元に戻します: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`、続いて `aws kms enable-key --region SOURCE --key-id KEY`（コンソールでは、Key Management Service の「カスタマー管理型のキー」）",
    ],
};

/// Decides about the custom models of one Region.
pub(super) fn decide(seen: &ModelPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = asks(place, |rules| rules.customer_managed_key);
    each(&seen.custom, place, |judged, arn, key| {
        judged.encrypted(&Resource::CustomModel(arn.to_owned()), key, &seen.keys, customers_own);
    })
}
