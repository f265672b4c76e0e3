//! Imported models are encrypted with a customer-managed key.

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
    name: "imported-model-encrypted",
    title: "Imported models are encrypted with a customer-managed key",
    decides: "every imported model's key works, and is the customer's own where the policy asks for that",
    broken: "imported model's key wrong",
    severity: Severity::Medium,
    rationale: "An imported model is often the costliest thing a team has made. Only a key of the customer's own says who may use the model, shows in the logs who did, and can be taken away.",
    remedy: &[
        "The key of a model cannot be changed: import the model anew with one, `aws bedrock create-model-import-job --region SOURCE --cli-input-json \"$(cat job.json)\"` with importedModelKmsKeyId (in the console: Amazon Bedrock, Imported models; in CloudFormation, AWS::KMS::Key makes the key), then delete the old one: `aws bedrock delete-imported-model --region SOURCE --model-identifier MODEL`",
        "If a key is disabled or waits for its deletion, bring it back: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`, then `aws kms enable-key --region SOURCE --key-id KEY` (in the console: Key Management Service, Customer managed keys)",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/encryption-import-model.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-28(1)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "インポートしたモデルをカスタマーマネージドキーで暗号化",
    decides: "すべてのインポートしたモデルのキーが使用でき、ポリシーが求める場合はカスタマーマネージドキーであること",
    broken: "インポートしたモデルの暗号化に問題",
    rationale: "インポートしたモデルは、多くの場合、チームにとって最も価値の高い成果物です。モデルを使用できる利用者を定め、使用をログで確認し、使用を止めることができるのは、カスタマーマネージドキーだけです。",
    remedy: &[
        "モデルのキーは変更できません。キーを指定してモデルをインポートし直し、`aws bedrock create-model-import-job --region SOURCE --cli-input-json \"$(cat job.json)\"`（importedModelKmsKeyId を指定します。コンソールでは、Amazon Bedrock の「インポートされたモデル」。CloudFormation では AWS::KMS::Key でキーを作成します）、古いモデルを削除します: `aws bedrock delete-imported-model --region SOURCE --model-identifier MODEL`",
        "キーが無効か、削除待ちの場合は、元に戻します: `aws kms cancel-key-deletion --region SOURCE --key-id KEY`、続いて `aws kms enable-key --region SOURCE --key-id KEY`（コンソールでは、Key Management Service の「カスタマー管理型のキー」）",
    ],
};

/// Decides about the imported models of one Region.
pub(super) fn decide(seen: &ModelPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = asks(place, |rules| rules.customer_managed_key);
    each(&seen.imported, place, |judged, arn, key| {
        judged.encrypted(&Resource::ImportedModel(arn.to_owned()), key, &seen.keys, customers_own);
    })
}
