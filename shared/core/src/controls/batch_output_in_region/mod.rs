//! Batch inference jobs write their answers to allowed Regions.

use super::{
    Metadata,
    judged::{Judged, nothing_there},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{BatchPosture, Place, PostureDecision, Resource, Wrong},
    region::DestinationRegion,
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "batch-output-in-region",
    title: "Batch inference jobs write to allowed Regions",
    decides: "every bucket to which a batch inference job of late writes is in the job's own Region or in one that the policy allows",
    broken: "batch output leaves Region",
    severity: Severity::Medium,
    rationale: "A batch job writes its answers, and the prompts with them, to a bucket. If that is in another Region, both have left, wherever the model ran.",
    remedy: &[
        "See where the job writes: `aws bedrock get-model-invocation-job --region SOURCE --job-identifier JOB`, and where that is: `aws s3api get-bucket-location --bucket BUCKET`",
        "Write to a bucket of the same Region: `aws bedrock create-model-invocation-job --region SOURCE --cli-input-json \"$(cat job.json)\"` with outputDataConfig (in the console: Amazon Bedrock, Batch inference; in CloudFormation, AWS::S3::Bucket makes the bucket)",
        "Move what was written, and delete it where it was: `aws s3 mv s3://BUCKET/ s3://BUCKET_HERE/ --recursive`",
        "If it is intended, allow the Region in the policy, or add an exception with an owner and an expiry",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 44-46 (transfers)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5), SA-9(8)"),
        mapped("APPI", "Art. 23, Art. 28"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "バッチ推論ジョブの出力先を許可されたリージョンに限定",
    decides: "最近のバッチ推論ジョブの出力先のバケットが、ジョブと同じリージョンか、ポリシーが許可するリージョンにあること",
    broken: "バッチ推論ジョブの出力先が許可されていないリージョン",
    rationale: "バッチ推論ジョブは、応答をプロンプトとともにバケットに書き込みます。バケットが別のリージョンにあれば、モデルをどこで実行しても、どちらも外に出たことになります。",
    remedy: &[
        "ジョブの出力先を確認します: `aws bedrock get-model-invocation-job --region SOURCE --job-identifier JOB`。バケットのリージョンを確認します: `aws s3api get-bucket-location --bucket BUCKET`",
        "同じリージョンのバケットに出力します: `aws bedrock create-model-invocation-job --region SOURCE --cli-input-json \"$(cat job.json)\"`（outputDataConfig を指定します。コンソールでは、Amazon Bedrock の「バッチ推論」。CloudFormation では AWS::S3::Bucket でバケットを作成します）",
        "出力済みのデータを移動し、元の場所から削除します: `aws s3 mv s3://BUCKET/ s3://BUCKET_HERE/ --recursive`",
        "意図した利用であれば、ポリシーでそのリージョンを許可するか、責任者と期限を定めた例外を追加します",
    ],
};

/// Decides about the jobs of one Region: where their buckets are. One that no longer exists holds
/// nothing.
pub(super) fn decide(seen: &BatchPosture, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let Some(jobs) = judged.seen(&seen.jobs) else {
        return judged.decision();
    };
    if jobs.is_empty() {
        return nothing_there(place);
    }
    for (arn, bucket) in jobs {
        let of = Resource::BatchJob(arn.clone());
        let Some(bucket) = judged.seen(bucket) else {
            continue;
        };
        let Some(Some(region)) = judged.named(&seen.buckets, &of, bucket) else {
            continue;
        };
        let destination = DestinationRegion(region.clone());
        if region != place.region && !place.policy.permits_destination(&destination) {
            let wrong = Wrong::OutputLeaves {
                bucket: bucket.clone(),
                region: destination.0,
            };
            judged.wrong(of, wrong);
        }
    }
    judged.decision()
}
