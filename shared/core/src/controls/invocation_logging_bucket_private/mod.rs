//! Nobody reaches the buckets of invocation logs who must not, and Bedrock writes for this account alone.

mod access;

use super::{
    Metadata,
    deliveries::{LogBucket, judge_buckets, keys_begin},
    judged::Judged,
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{LoggingPosture, Observed, Place, PostureDecision, PublicAccessBlock, Unknown, Wrong},
    statement::Document,
    texts::ControlWords,
};
use access::{Answer, Writer, lets_bedrock_write, lets_bedrock_write_for_others, refuses_plain_http};

pub(super) const METADATA: Metadata = Metadata {
    name: "invocation-logging-bucket-private",
    title: "The buckets of invocation logs are private, and Bedrock writes there for this account alone",
    decides: "each bucket that receives invocation logs blocks public access, has access control lists off, refuses requests without TLS, and lets Bedrock write for this account alone",
    broken: "log bucket open too wide",
    severity: Severity::High,
    rationale: "Invocation logs hold whole prompts and answers: what leaks from their bucket is everything that was \
        asked. A policy that lets Bedrock write for whichever account asks it to lets others put forged logs among \
        yours; one that does not let it write leaves no logs at all.",
    remedy: &[
        "Block public access in all four ways: `aws s3api put-public-access-block --region SOURCE --bucket BUCKET --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`",
        "Switch access control lists off: `aws s3api put-bucket-ownership-controls --region SOURCE --bucket BUCKET --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`",
        "Refuse requests without TLS: in the policy, Deny s3:* for Principal * on the bucket and on its objects, with the one condition Bool `aws:SecureTransport` false",
        "Let Bedrock write for this account alone: Allow s3:PutObject for the service bedrock.amazonaws.com on PREFIX/AWSLogs/ACCOUNT/BedrockModelInvocationLogs/*, with StringEquals `aws:SourceAccount` set to the account",
        "Put the policy: `aws s3api put-bucket-policy --region SOURCE --bucket BUCKET --policy \"$(cat policy.json)\"`",
        "In the console: Amazon S3, the bucket, Permissions; in CloudFormation: PublicAccessBlockConfiguration and OwnershipControls of AWS::S3::Bucket, and AWS::S3::BucketPolicy, all as in infra/invocation-logging.yaml",
    ],
    documentation: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    mapping: &[
        mapped("GDPR", "Art. 25(2), Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.15, A.8.3, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-3, AC-4, AU-9, SC-8"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "呼び出しログのバケットを非公開にし、Bedrock の書き込みをこのアカウントのものに限定",
    decides: "呼び出しログを受け取る各バケットが、パブリックアクセスをブロックし、ACL を無効にし、TLS を使用しないリクエストを拒否し、Bedrock の書き込みをこのアカウントのものだけに許可していること",
    broken: "Bedrock の呼び出しログのバケットのアクセス制限が不十分",
    rationale: "呼び出しログには、プロンプトと応答の全文が含まれるため、バケットから漏えいすれば、尋ねた内容がすべて漏えいします。\
        どのアカウントのログでも Bedrock が書き込めるポリシーでは、第三者が偽のログを紛れ込ませることができ、\
        Bedrock の書き込みを許可しないポリシーでは、ログがまったく残りません。",
    remedy: &[
        "パブリックアクセスのブロックの 4 項目をすべて有効にします: `aws s3api put-public-access-block --region SOURCE --bucket BUCKET --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`",
        "ACL を無効にします: `aws s3api put-bucket-ownership-controls --region SOURCE --bucket BUCKET --ownership-controls 'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`",
        "TLS を使用しないリクエストを拒否します（ポリシーで、バケットとそのオブジェクトに対し、Principal が * の s3:* を、`aws:SecureTransport` が false という Bool 条件だけで Deny）",
        "Bedrock の書き込みをこのアカウントのものだけに許可します（サービス bedrock.amazonaws.com に、PREFIX/AWSLogs/ACCOUNT/BedrockModelInvocationLogs/* への s3:PutObject を、`aws:SourceAccount` がこのアカウントであるという StringEquals 条件で Allow）",
        "ポリシーを登録します: `aws s3api put-bucket-policy --region SOURCE --bucket BUCKET --policy \"$(cat policy.json)\"`",
        "コンソールでは、Amazon S3 のバケットの「アクセス許可」で設定します（CloudFormation では、infra/invocation-logging.yaml のように AWS::S3::Bucket の PublicAccessBlockConfiguration と OwnershipControls、および AWS::S3::BucketPolicy）",
    ],
};

/// Where access control lists are off
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>).
const ACLS_OFF: &str = "BucketOwnerEnforced";

/// Decides about one Region: every bucket must hold in every way.
pub(super) fn decide(seen: &LoggingPosture, place: &Place<'_>) -> PostureDecision {
    judge_buckets(seen, place, |judged, bucket| {
        judge_public_access(judged, bucket, &seen.public_access);
        // A bucket without the setting is from before it was the default, and has them on.
        if let Some(ownership) = judged.seen(&bucket.settings.ownership)
            && ownership.as_deref() != Some(ACLS_OFF)
        {
            judged.wrong(bucket.of.clone(), Wrong::AclsOn);
        }
        judge_policy(judged, bucket, place);
    })
}

/// Judges what is blocked for the bucket and for the whole account together.
fn judge_public_access(
    judged: &mut Judged<'_>,
    bucket: &LogBucket<'_>,
    of_the_account: &Observed<Option<PublicAccessBlock>>,
) {
    let levels = [&bucket.settings.public_access, of_the_account];
    let blocks = levels.into_iter().flatten().copied().flatten();
    if blocks
        .reduce(PublicAccessBlock::and)
        .is_some_and(PublicAccessBlock::is_complete)
    {
        return;
    }
    // What one level leaves open, the other may block.
    let [here, above] = levels.map(|level| judged.seen(level).is_some());
    if here && above {
        judged.wrong(bucket.of.clone(), Wrong::PublicAccessNotBlocked);
    }
}

fn judge_policy(judged: &mut Judged<'_>, bucket: &LogBucket<'_>, place: &Place<'_>) {
    let of = || bucket.of.clone();
    let not_understood = |part: String| Unknown::NotUnderstood {
        of: Box::new(of()),
        part,
    };
    let policy = match judged.seen(&bucket.settings.policy) {
        None => return,
        Some(None) => {
            judged.wrong(of(), Wrong::PlainHttpAllowed);
            judged.wrong(of(), Wrong::BedrockMayNotWrite);
            return;
        }
        Some(Some(json)) => Document::parse(json),
    };
    let Some(policy) = policy else {
        judged.unknown(not_understood("the bucket policy".to_owned()));
        return;
    };
    if !refuses_plain_http(&policy, place.region.partition(), bucket.name) {
        judged.wrong(of(), Wrong::PlainHttpAllowed);
    }
    let writer = Writer {
        account: place.account,
        region: place.region,
        bucket: bucket.name,
    };
    for delivery in &bucket.deliveries {
        let ways = keys_begin(delivery, place.account);
        let answers: Vec<Answer> = ways
            .iter()
            .map(|keys| lets_bedrock_write(&policy, writer, keys))
            .collect();
        let depends = answers.iter().find_map(|answer| match answer {
            Answer::Depends(on) => Some(on.clone()),
            Answer::Yes | Answer::No => None,
        });
        match depends {
            _ if answers.contains(&Answer::Yes) => {}
            Some(on) => judged.unknown(not_understood(format!("the condition on {on} in the bucket policy"))),
            None => judged.wrong(of(), Wrong::BedrockMayNotWrite),
        }
    }
    if lets_bedrock_write_for_others(&policy, place.account) {
        judged.wrong(of(), Wrong::BedrockMayWriteForOthers);
    }
}

#[cfg(test)]
mod tests;
