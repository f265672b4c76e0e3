//! The log group of invocation logs keeps them for as long as the policy asks.

use super::{Metadata, deliveries::judge_log_group, judged::not_asked, metadata::mapped};
use crate::{
    decision::Severity,
    posture::{LoggingPosture, Place, PostureDecision, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-group-retained",
    title: "The log group of invocation logs keeps them for as long as the policy asks",
    decides: "the log group that receives invocation logs keeps them for at least as long as the policy asks",
    broken: "log group expires early",
    severity: Severity::Medium,
    rationale: "Whether a prompt left the allowed Regions is asked months later, and only a log that is still there \
        answers. Retention of a log group is set by one call, which deletes what is older soon after.",
    remedy: &[
        "Set the retention that is asked for, or the next longer one that CloudWatch Logs offers: `aws logs put-retention-policy --region SOURCE --log-group-name GROUP --retention-in-days DAYS`",
        "Or keep everything for ever: `aws logs delete-retention-policy --region SOURCE --log-group-name GROUP`",
        "In the console: CloudWatch, Logs, Log groups, the group, Actions, Edit retention setting(s); in CloudFormation: RetentionInDays of AWS::Logs::LogGroup, as in infra/invocation-logging.yaml",
        "A group of the class DELIVERY keeps everything for two days, and no setting changes that: name one of another class",
        "If the logs need not be kept as long, shorten posture.invocation_logging.retention_days in the policy",
    ],
    documentation: "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
    mapping: &[
        mapped("GDPR", "Art. 5(1)(e), Art. 5(2)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.33, A.8.15"),
        mapped("NIST SP 800-53 r5", "AU-9, AU-11"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログのロググループでポリシーの求める期間ログを保持",
    decides: "呼び出しログを受け取るロググループの保持期間が、ポリシーの求める期間以上であること",
    broken: "Bedrock の呼び出しログがロググループから早く削除される設定",
    rationale: "プロンプトが許可されたリージョンの外に出たかどうかは、何か月も後に問われることがあり、残っているログだけがその答えになります。\
        ロググループの保持期間は 1 回の API 呼び出しで変更でき、期間を過ぎたログはまもなく削除されます。",
    remedy: &[
        "求められている保持期間、または CloudWatch Logs で指定できる、それより長い期間を設定します: `aws logs put-retention-policy --region SOURCE --log-group-name GROUP --retention-in-days DAYS`",
        "または、無期限に保持します: `aws logs delete-retention-policy --region SOURCE --log-group-name GROUP`",
        "コンソールでは、CloudWatch の「ログ」→「ロググループ」で対象を選択し、「アクション」→「保持設定を編集」で設定します（CloudFormation では、infra/invocation-logging.yaml のように AWS::Logs::LogGroup の RetentionInDays）",
        "クラスが DELIVERY のロググループの保持期間は 2 日で、変更できません。別のクラスのロググループを指定します",
        "それほど長く保持する必要がなければ、ポリシーの posture.invocation_logging.retention_days を短くします",
    ],
};

/// Decides about one Region; a group without a retention keeps everything for ever.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let Some(asked) = place.policy.invocation_logging() else {
        return not_asked(place);
    };
    judge_log_group(seen, place, |judged, of, group| {
        if let Some(days) = group.retention_days.filter(|days| *days < asked.retention_days) {
            let asked = asked.retention_days;
            judged.wrong(of, Wrong::DeletedEarly { days, asked });
        }
    })
}
