//! Model invocation logging is on, and delivers to where it can be read.

use super::{Metadata, judged::Judged, metadata::mapped};
use crate::{
    decision::Severity,
    posture::{Bucket, LoggingPosture, Place, PostureDecision, Resource, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-enabled",
    title: "Model invocation logging is on and delivers to this account and Region",
    decides: "model invocation logging is on wherever Bedrock is in use, and its buckets and log group exist, in the same account and Region",
    broken: "invocation logging broken",
    severity: Severity::High,
    rationale: "Without invocation logs nobody can show what was asked and answered, nor read the Region of \
        processing from a second source. Logging is off by default in every Region, and a configuration whose \
        bucket or log group was deleted looks as if it were on.",
    remedy: &[
        "Deploy the evidence of a Region as one stack, which also turns logging on: `make deploy-logging REGIONS=SOURCE`",
        "Or turn it on by hand: `aws bedrock put-model-invocation-logging-configuration --region SOURCE --logging-config \"$(cat logging.json)\"`; in the console: Amazon Bedrock, Settings, Model invocation logging",
        "If a bucket or log group was deleted, make it again or name another one; both must be in the same account and Region",
        "See who changed it: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteModelInvocationLoggingConfiguration`, and the same with AttributeValue=PutModelInvocationLoggingConfiguration",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 30, Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15"),
        mapped("NIST SP 800-53 r5", "AU-2, AU-3, AU-12"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "モデル呼び出しのログ記録が有効で、同じアカウントとリージョンに配信",
    decides: "Bedrock を使用しているリージョンで、モデル呼び出しのログ記録が有効であり、配信先のバケットとロググループが同じアカウントとリージョンに存在すること",
    broken: "Bedrock の呼び出しログが無効、または配信先に問題",
    rationale: "呼び出しログがなければ、何を尋ねて何が返されたかを示すことも、処理されたリージョンを別の記録で裏付けることもできません。\
        ログ記録は、どのリージョンでも初期状態では無効です。また、配信先のバケットやロググループが削除されていても、設定上は有効に見えます。",
    remedy: &[
        "そのリージョンのログ記録に必要なもの（バケット、ロググループ、キー、ロール）を 1 つのスタックとしてデプロイします（ログ記録も有効になります）: `make deploy-logging REGIONS=SOURCE`",
        "または、手動で有効にします: `aws bedrock put-model-invocation-logging-configuration --region SOURCE --logging-config \"$(cat logging.json)\"`（コンソールでは、Amazon Bedrock の「設定」→「モデル呼び出しのログ記録」）",
        "バケットやロググループが削除されている場合は、作成し直すか、別のものを指定します（どちらも同じアカウントとリージョンに置きます）",
        "変更した利用者を確認します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteModelInvocationLoggingConfiguration`（AttributeValue=PutModelInvocationLoggingConfiguration でも確認します）",
    ],
};

/// Decides about one Region: every destination that is named must be there.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    match judged.seen(&seen.configuration) {
        None => {}
        Some(None) => judged.wrong_here(Wrong::LoggingOff),
        Some(Some(logging)) => {
            if logging.s3.is_none() && logging.log_group.is_none() {
                judged.wrong_here(Wrong::NoDestination);
            }
            for delivery in logging.deliveries() {
                let of = Resource::Bucket(delivery.bucket.clone());
                match judged.named(&seen.buckets, &of, &delivery.bucket) {
                    Some(Bucket::Missing) => judged.wrong(of, Wrong::Missing),
                    Some(Bucket::Foreign) => judged.wrong(of, Wrong::OtherAccount),
                    Some(Bucket::Own(bucket)) if bucket.region != *place.region => {
                        let region = bucket.region.clone();
                        judged.wrong(of, Wrong::OtherRegion { region });
                    }
                    Some(Bucket::Own(_)) | None => {}
                }
            }
            if let Some(name) = &logging.log_group {
                let of = Resource::LogGroup(name.clone());
                if matches!(judged.named(&seen.log_groups, &of, name), Some(None)) {
                    judged.wrong(of, Wrong::Missing);
                }
            }
        }
    }
    judged.decision()
}
