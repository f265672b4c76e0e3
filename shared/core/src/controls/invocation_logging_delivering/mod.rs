//! Deliveries of invocation logs do not fail.

use super::{
    Metadata,
    deliveries::{configured, decided},
    judged::Judged,
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{LoggingPosture, Place, PostureDecision, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-delivering",
    title: "Invocation logs arrive where they are delivered to",
    decides: "no delivery of invocation logs, to the bucket, to the log group or of large data, failed within 24 hours",
    broken: "invocation logs get lost",
    severity: Severity::High,
    rationale: "A configuration can look right and deliver nothing: the role cannot be assumed, the key or a policy \
        refuses Bedrock. It says so nowhere but in CloudWatch's metrics, and what was not delivered is lost.",
    remedy: &[
        "See what failed, in the console: CloudWatch, Metrics, Bedrock, Across all model IDs, those whose names end with DeliveryFailure",
        "Or by command: `aws cloudwatch list-metrics --region SOURCE --namespace AWS/Bedrock --recently-active PT3H`",
        "For a bucket, large data too: its policy must let bedrock.amazonaws.com put objects, and its key's policy must let it use kms:GenerateDataKey",
        "For a log group: bedrock.amazonaws.com must be able to assume the role of the configuration, and the role must allow logs:CreateLogStream and logs:PutLogEvents on the group's stream aws/bedrock/modelinvocations",
        "Or deploy all of it as one stack: `make deploy-logging REGIONS=SOURCE`",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15, A.8.16"),
        mapped("NIST SP 800-53 r5", "AU-5, AU-12"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログが配信先に届いていること",
    decides: "バケット、ロググループ、大きいデータのいずれについても、呼び出しログの配信が過去 24 時間に失敗していないこと",
    broken: "Bedrock の呼び出しログの配信に失敗",
    rationale: "設定が正しく見えても、ロールを引き受けられない、キーやポリシーが Bedrock を拒否しているなどの理由で、ログが届かないことがあります。\
        それがわかるのは CloudWatch のメトリクスだけで、配信されなかったログは失われます。",
    remedy: &[
        "失敗した配信を、コンソールで確認します（CloudWatch の「メトリクス」→「Bedrock」→「Across all model IDs」で、名前が DeliveryFailure で終わるもの）",
        "コマンドでも確認できます: `aws cloudwatch list-metrics --region SOURCE --namespace AWS/Bedrock --recently-active PT3H`",
        "バケット（大きいデータ用も含む）については、バケットポリシーで bedrock.amazonaws.com にオブジェクトの書き込みを、キーポリシーで kms:GenerateDataKey を許可します",
        "ロググループについては、設定のロールを bedrock.amazonaws.com が引き受けられること、ロールがロググループのストリーム aws/bedrock/modelinvocations への logs:CreateLogStream と logs:PutLogEvents を許可していることを確認します",
        "または、必要なものすべてを 1 つのスタックとしてデプロイします: `make deploy-logging REGIONS=SOURCE`",
    ],
};

/// Decides about one Region: a failure lost logs, whatever is configured by now.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let on = configured(seen, &mut judged).is_some();
    if let Some(failures) = judged
        .seen(&seen.failed_deliveries)
        .copied()
        .filter(|failures| *failures > 0)
    {
        judged.wrong_here(Wrong::DeliveriesFailed { failures });
    }
    decided(judged, on, place)
}
