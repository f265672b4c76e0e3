//! The buckets of invocation logs encrypt with a key that works and is whose it must be.

use super::{Metadata, deliveries::judge_buckets, metadata::mapped};
use crate::{
    decision::Severity,
    posture::{Encryption, LoggingPosture, Place, PostureDecision, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-bucket-encrypted",
    title: "The buckets of invocation logs are encrypted as the policy asks",
    decides: "each bucket that receives invocation logs encrypts with a key that is enabled, and with a customer-managed one where the policy asks for it",
    broken: "log bucket's key wrong",
    severity: Severity::Medium,
    rationale: "Invocation logs hold whole prompts and answers. A customer-managed key lets its owner say who may \
        read them, see each use, and end all access at once; keys that AWS manages do not. With a key that is \
        disabled or about to be deleted nothing more is written, and what was written is lost with it.",
    remedy: &[
        "Let the bucket encrypt with a customer-managed key, as SSEAlgorithm `aws:kms` with the whole ARN of the key as KMSMasterKeyID: `aws s3api put-bucket-encryption --region SOURCE --bucket BUCKET --server-side-encryption-configuration \"$(cat encryption.json)\"`",
        "In the console: Amazon S3, the bucket, Properties, Default encryption, Edit; in CloudFormation: BucketEncryption of AWS::S3::Bucket, as in infra/invocation-logging.yaml",
        "Let bedrock.amazonaws.com use the key: allow kms:GenerateDataKey in its key policy, with aws:SourceAccount set to this account",
        "Switch a disabled key on again: `aws kms enable-key --region SOURCE --key-id KEY_ID`",
        "Keep a key that is about to be deleted, then enable it: `aws kms cancel-key-deletion --region SOURCE --key-id KEY_ID`",
        "Objects that are there stay encrypted as they were: copy them onto themselves if they, too, must be under the new key",
    ],
    documentation: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(a)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.24"),
        mapped("NIST SP 800-53 r5", "SC-12, SC-13, SC-28, AU-9"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログのバケットをポリシーの求めるとおりに暗号化",
    decides: "呼び出しログを受け取る各バケットが、有効なキーで（ポリシーが求める場合はカスタマーマネージドキーで）暗号化すること",
    broken: "Bedrock の呼び出しログのバケットの暗号化に問題",
    rationale: "呼び出しログには、プロンプトと応答の全文が含まれます。カスタマーマネージドキーであれば、閲覧できる利用者の指定、使用の記録、\
        アクセスの一括停止ができますが、AWS が管理するキーではできません。\
        無効なキーや削除待ちのキーでは、新しいログが書き込まれず、キーとともに既存のログも失われます。",
    remedy: &[
        "バケットの暗号化をカスタマーマネージドキーに変更します（SSEAlgorithm は `aws:kms`、KMSMasterKeyID はキーの完全な ARN）: `aws s3api put-bucket-encryption --region SOURCE --bucket BUCKET --server-side-encryption-configuration \"$(cat encryption.json)\"`",
        "コンソールでは、Amazon S3 のバケットの「プロパティ」→「デフォルトの暗号化」→「編集」で設定します（CloudFormation では、infra/invocation-logging.yaml のように AWS::S3::Bucket の BucketEncryption）",
        "bedrock.amazonaws.com にキーの使用を許可します（キーポリシーで、aws:SourceAccount をこのアカウントに限定して kms:GenerateDataKey を許可）",
        "無効なキーを有効に戻します: `aws kms enable-key --region SOURCE --key-id KEY_ID`",
        "削除待ちのキーは、削除を取り消してから有効にします: `aws kms cancel-key-deletion --region SOURCE --key-id KEY_ID`",
        "既存のオブジェクトの暗号化は変わりません。新しいキーで暗号化し直す必要がある場合は、同じ場所にコピーします",
    ],
};

/// The key that AWS manages for S3 in each account and Region.
const AWS_MANAGED: &str = "alias/aws/s3";

/// Decides about one Region: every bucket must hold.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let customers_own = place
        .policy
        .invocation_logging()
        .is_some_and(|asked| asked.customer_managed_key);
    judge_buckets(seen, place, |judged, bucket| {
        let Some(encryption) = judged.seen(&bucket.settings.encryption) else {
            return;
        };
        let key = encryption.as_ref().and_then(named_key);
        judged.key(&bucket.of, key, &seen.keys, customers_own);
        // A service that writes may be another account to KMS, which looks for ids and aliases there
        // (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html).
        if let Some(key) = key.filter(|key| customers_own && !key.starts_with("arn:")) {
            let key = key.to_owned();
            judged.wrong(bucket.of.clone(), Wrong::KeyNotByArn { key });
        }
    })
}

/// Returns the key that somebody named; S3 makes its own key when it first needs it, so that it need
/// not be there yet.
fn named_key(encryption: &Encryption) -> Option<&str> {
    match encryption {
        Encryption::Kms(Some(key)) if key.rsplit(':').next() != Some(AWS_MANAGED) => Some(key),
        Encryption::Kms(_) | Encryption::S3Managed => None,
    }
}
