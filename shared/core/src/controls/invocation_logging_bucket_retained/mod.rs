//! The buckets of invocation logs keep them for as long as the policy asks.

use super::{
    Metadata,
    deliveries::{LogBucket, judge_buckets, keys_begin},
    judged::not_asked,
    metadata::mapped,
};
use crate::{
    account::AccountId,
    decision::Severity,
    posture::{ExpiresWhen, Expiry, LoggingPosture, Place, PostureDecision, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-bucket-retained",
    title: "The buckets of invocation logs keep them for as long as the policy asks",
    decides: "no lifecycle rule of a bucket that receives invocation logs deletes them before the policy lets it",
    broken: "log bucket expires early",
    severity: Severity::Medium,
    rationale: "Whether a prompt left the allowed Regions is asked months later, and only a log that is still there \
        answers. A lifecycle rule that was made for other objects of the bucket deletes logs without a word.",
    remedy: &[
        "See the rules: `aws s3api get-bucket-lifecycle-configuration --region SOURCE --bucket BUCKET`",
        "Let the rules that are about the logs expire them later, or leave Expiration out, and put all rules: `aws s3api put-bucket-lifecycle-configuration --region SOURCE --bucket BUCKET --lifecycle-configuration \"$(cat lifecycle.json)\"`",
        "In the console: Amazon S3, the bucket, Management, Lifecycle rules; in CloudFormation: LifecycleConfiguration of AWS::S3::Bucket, as in infra/invocation-logging.yaml",
        "Give rules that are made for other objects a prefix of their own, such as tmp/",
        "If the logs need not be kept as long, shorten posture.invocation_logging.retention_days in the policy",
    ],
    documentation: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html",
    mapping: &[
        mapped("GDPR", "Art. 5(1)(e), Art. 5(2)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.33, A.8.15"),
        mapped("NIST SP 800-53 r5", "AU-9, AU-11"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログのバケットでポリシーの求める期間ログを保持",
    decides: "呼び出しログを受け取るバケットのライフサイクルルールが、ポリシーの求める期間より前にログを削除しないこと",
    broken: "Bedrock の呼び出しログがバケットから早く削除される設定",
    rationale: "プロンプトが許可されたリージョンの外に出たかどうかは、何か月も後に問われることがあり、残っているログだけがその答えになります。\
        バケットのほかのオブジェクトのために作成したライフサイクルルールが、ログを気づかないうちに削除することがあります。",
    remedy: &[
        "ルールを確認します: `aws s3api get-bucket-lifecycle-configuration --region SOURCE --bucket BUCKET`",
        "ログを対象とするルールの有効期限を延ばすか、Expiration を外して、すべてのルールを登録し直します: `aws s3api put-bucket-lifecycle-configuration --region SOURCE --bucket BUCKET --lifecycle-configuration \"$(cat lifecycle.json)\"`",
        "コンソールでは、Amazon S3 のバケットの「管理」→「ライフサイクルルール」で設定します（CloudFormation では、infra/invocation-logging.yaml のように AWS::S3::Bucket の LifecycleConfiguration）",
        "ほかのオブジェクトのためのルールには、tmp/ などの専用のプレフィックスを指定します",
        "それほど長く保持する必要がなければ、ポリシーの posture.invocation_logging.retention_days を短くします",
    ],
};

/// Decides about one Region: no rule of any bucket may delete logs early.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let Some(asked) = place.policy.invocation_logging() else {
        return not_asked(place);
    };
    judge_buckets(seen, place, |judged, bucket| {
        let Some(rules) = judged.seen(&bucket.settings.lifecycle) else {
            return;
        };
        let about_logs = || rules.iter().filter(|rule| touches(rule, bucket, place.account));
        let first = about_logs().filter_map(|rule| after_days(rule.when)).min();
        if let Some(days) = first.filter(|days| *days < asked.retention_days) {
            let asked = asked.retention_days;
            judged.wrong(bucket.of.clone(), Wrong::DeletedEarly { days, asked });
        }
        if about_logs().any(|rule| rule.when == ExpiresWhen::OnADay) {
            judged.wrong(bucket.of.clone(), Wrong::DeletedOnADay);
        }
    })
}

/// Tells whether a rule is about some of the logs: it is if either prefix begins with the other.
fn touches(rule: &Expiry, bucket: &LogBucket<'_>, account: &AccountId) -> bool {
    let deliveries = bucket.deliveries.iter();
    let mut begins = deliveries.flat_map(|delivery| keys_begin(delivery, account));
    begins.any(|keys| keys.starts_with(&rule.prefix) || rule.prefix.starts_with(&keys))
}

/// Returns after how many days a log ceases to be among the bucket's objects.
///
/// A version that is no longer current does not count: Bedrock writes each object once, so that one
/// ceases to be current by a rule that is judged here, or by somebody's hand.
const fn after_days(when: ExpiresWhen) -> Option<u32> {
    match when {
        ExpiresWhen::AfterDays(days) => Some(days),
        ExpiresWhen::NoncurrentAfterDays(_) | ExpiresWhen::OnADay => None,
    }
}
