//! The log group of invocation logs encrypts with a key that works and is whose it must be.

use super::{Metadata, deliveries::judge_log_group, metadata::mapped};
use crate::{
    decision::Severity,
    posture::{LoggingPosture, Place, PostureDecision},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-group-encrypted",
    title: "The log group of invocation logs is encrypted as the policy asks",
    decides: "the log group that receives invocation logs encrypts with a key that is enabled, and with a customer-managed one where the policy asks for it",
    broken: "log group's key wrong",
    severity: Severity::Medium,
    rationale: "A log group holds prompts and answers of up to 100 KB each. Without a key of its own it is \
        encrypted by CloudWatch Logs, and whoever may read the group reads everything. With a key that is disabled \
        or deleted nobody can read what was logged, now or later.",
    remedy: &[
        "Give the group a key: `aws logs associate-kms-key --region SOURCE --log-group-name GROUP --kms-key-id KEY_ARN`",
        "The console sets a key only when it creates a group: CloudWatch, Logs, Log groups, Create log group; in CloudFormation: KmsKeyId of AWS::Logs::LogGroup, as in infra/invocation-logging.yaml",
        "Let CloudWatch Logs use the key: allow logs.SOURCE.amazonaws.com kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey* and kms:Describe* in its key policy, with kms:EncryptionContext:aws:logs:arn set to the group",
        "Switch a disabled key on again: `aws kms enable-key --region SOURCE --key-id KEY_ID`",
        "Keep a key that is about to be deleted, then enable it: `aws kms cancel-key-deletion --region SOURCE --key-id KEY_ID`",
    ],
    documentation: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-13, SC-28, AU-9"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログのロググループをポリシーの求めるとおりに暗号化",
    decides: "呼び出しログを受け取るロググループが、有効なキーで（ポリシーが求める場合はカスタマーマネージドキーで）暗号化すること",
    broken: "Bedrock の呼び出しログのロググループの暗号化に問題",
    rationale: "ロググループには、100 KB までのプロンプトと応答が記録されます。キーを指定していないロググループは CloudWatch Logs が暗号化し、\
        閲覧を許可された利用者はすべてを読むことができます。\
        キーが無効化または削除されると、記録済みのログを誰も読むことができません。",
    remedy: &[
        "ロググループにキーを関連付けます: `aws logs associate-kms-key --region SOURCE --log-group-name GROUP --kms-key-id KEY_ARN`",
        "コンソールでキーを指定できるのは、CloudWatch の「ログ」→「ロググループ」→「ロググループの作成」での作成時だけです（CloudFormation では、infra/invocation-logging.yaml のように AWS::Logs::LogGroup の KmsKeyId）",
        "CloudWatch Logs（logs.SOURCE.amazonaws.com）にキーの使用を許可します（キーポリシーで、kms:EncryptionContext:aws:logs:arn をそのロググループに限定して kms:Encrypt*、kms:Decrypt*、kms:ReEncrypt*、kms:GenerateDataKey*、kms:Describe* を許可）",
        "無効なキーを有効に戻します: `aws kms enable-key --region SOURCE --key-id KEY_ID`",
        "削除待ちのキーは、削除を取り消してから有効にします: `aws kms cancel-key-deletion --region SOURCE --key-id KEY_ID`",
    ],
};

/// Decides about one Region.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = place
        .policy
        .invocation_logging()
        .is_some_and(|asked| asked.customer_managed_key);
    judge_log_group(seen, place, |judged, of, group| {
        judged.key(&of, group.key.as_deref(), &seen.keys, customers_own);
    })
}
