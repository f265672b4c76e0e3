//! Every kind of data that the policy asks for is logged.

use super::{
    Metadata,
    deliveries::{configured, decided},
    judged::{Judged, not_asked},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{LoggingPosture, Place, PostureDecision, Resource, Unknown, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-modalities",
    title: "Every kind of data that the policy asks for is logged whole",
    decides: "model invocation logging delivers every kind of data that the policy asks for, and has a bucket for what is binary or larger than 100 KB",
    broken: "invocation logs incomplete",
    severity: Severity::High,
    rationale: "Each kind of data has a switch of its own, and a log group takes no binary data and no body larger \
        than 100 KB. A log from which prompts are missing shows nothing about them, and reads as if they had not \
        been sent.",
    remedy: &[
        "Save what is set: `aws bedrock get-model-invocation-logging-configuration --region SOURCE --query loggingConfig --output json >logging.json`",
        "Set the flag of each kind of data that is asked for to true in logging.json (textDataDeliveryEnabled, imageDataDeliveryEnabled, embeddingDataDeliveryEnabled, videoDataDeliveryEnabled, audioDataDeliveryEnabled), and put it back whole: `aws bedrock put-model-invocation-logging-configuration --region SOURCE --logging-config \"$(cat logging.json)\"`",
        "In the console: Amazon Bedrock, Settings, Model invocation logging, the data types to include",
        "If logs go to a log group alone, name a bucket besides it, as s3Config or as cloudWatchConfig.largeDataDeliveryS3Config",
        "CloudFormation has no resource of its own for it; this stack sets it: `make deploy-logging REGIONS=SOURCE`",
        "If a kind of data need not be logged, take it out of posture.invocation_logging.modalities in the policy",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15"),
        mapped("NIST SP 800-53 r5", "AU-3, AU-12"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "ポリシーが求める種類のデータをすべて欠けることなくログに記録",
    decides: "ポリシーが求める種類のデータをすべてログに配信し、バイナリデータと 100 KB を超えるデータの配信先となるバケットがあること",
    broken: "Bedrock の呼び出しログに、ポリシーが求めるデータの欠落",
    rationale: "データの種類ごとに個別の設定があり、ロググループには、バイナリデータも 100 KB を超える本文も記録されません。\
        プロンプトが欠けたログは、そのプロンプトについて何も示さず、送信されなかったかのように見えます。",
    remedy: &[
        "現在の設定を保存します: `aws bedrock get-model-invocation-logging-configuration --region SOURCE --query loggingConfig --output json >logging.json`",
        "求められている種類のフラグ（textDataDeliveryEnabled、imageDataDeliveryEnabled、embeddingDataDeliveryEnabled、videoDataDeliveryEnabled、audioDataDeliveryEnabled）を logging.json で true にして、設定全体を登録し直します: `aws bedrock put-model-invocation-logging-configuration --region SOURCE --logging-config \"$(cat logging.json)\"`",
        "コンソールでは、Amazon Bedrock の「設定」→「モデル呼び出しのログ記録」で、記録するデータの種類を選択します",
        "ロググループだけに配信している場合は、s3Config または cloudWatchConfig.largeDataDeliveryS3Config でバケットも指定します",
        "CloudFormation には専用のリソースがないため、次のスタックで設定します: `make deploy-logging REGIONS=SOURCE`",
        "記録が不要な種類であれば、ポリシーの posture.invocation_logging.modalities から除きます",
    ],
};

/// Decides about one Region. A flag that the configuration leaves out cannot be told, for AWS does
/// not say what holds then
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_LoggingConfig.html>).
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    let asked = place
        .policy
        .posture()
        .and_then(|rules| rules.invocation_logging.as_ref());
    let Some(asked) = asked.filter(|asked| !asked.modalities.is_empty()) else {
        return not_asked(place);
    };
    let mut judged = Judged::nothing_yet(place);
    let logging = configured(seen, &mut judged);
    if let Some(logging) = logging {
        for modality in &asked.modalities {
            let modality = *modality;
            match logging.delivers.get(&modality) {
                Some(true) => {}
                Some(false) => judged.wrong_here(Wrong::ModalityOff { modality }),
                None => judged.unknown(Unknown::ModalityUnstated { modality }),
            }
        }
        // A bucket takes everything, so that a log group beside it loses nothing.
        if let Some(group) = &logging.log_group
            && logging.deliveries().next().is_none()
        {
            judged.wrong(Resource::LogGroup(group.clone()), Wrong::LargeDataLost);
        }
    }
    decided(judged, logging.is_some(), place)
}
