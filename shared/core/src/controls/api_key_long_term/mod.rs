//! Long-term API keys expire soon.

use jiff::tz::TimeZone;

use super::{
    Metadata,
    judged::{Judged, nothing_there},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{IdentityPosture, Place, PostureDecision, Resource, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "api-key-long-term",
    title: "Long-term Bedrock API keys last no longer than 90 days",
    decides: "every active long-term API key of Bedrock was made to expire within 90 days",
    broken: "long-lived Bedrock API key",
    severity: Severity::Medium,
    rationale: "A long-term API key is a password that anybody can use from anywhere until it expires. AWS recommends such keys for exploration alone, and short-term ones, or the credentials of roles, for everything else.",
    remedy: &[
        "See the keys: `aws iam list-service-specific-credentials --all-users --service-name bedrock.amazonaws.com` (in the console: IAM, Users, Security credentials; or Amazon Bedrock, API keys)",
        "Let applications use roles or short-term keys, then switch the key off and delete it: `aws iam update-service-specific-credential --user-name USER --service-specific-credential-id KEY --status Inactive`, `aws iam delete-service-specific-credential --user-name USER --service-specific-credential-id KEY`",
        "If one is needed, make it to expire: `aws iam create-service-specific-credential --user-name USER --service-name bedrock.amazonaws.com --credential-age-days 30` (CloudFormation makes no such keys)",
        "Keep it so: a policy that denies iam:CreateServiceSpecificCredential with NumericGreaterThan iam:ServiceSpecificCredentialAgeDays 90, or bedrock:CallWithBearerToken with StringEquals bedrock:bearerTokenType LONG_TERM",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-permissions.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.17, A.8.5"),
        mapped("NIST SP 800-53 r5", "IA-5(1), AC-2(3)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "Bedrock の長期 API キーの有効期間を 90 日以内に限定",
    decides: "Bedrock の有効な長期 API キーがすべて、90 日以内に期限切れになるように作成されていること",
    broken: "Bedrock の長期 API キーの有効期限に問題",
    rationale: "長期 API キーは、期限が切れるまで誰でもどこからでも使えるパスワードのようなものです。AWS は、長期キーの用途を試用に限り、それ以外では短期キーやロールの認証情報を使用することを推奨しています。",
    remedy: &[
        "キーを確認します: `aws iam list-service-specific-credentials --all-users --service-name bedrock.amazonaws.com`（コンソールでは、IAM の「ユーザー」の「セキュリティ認証情報」、または Amazon Bedrock の「API キー」）",
        "アプリケーションをロールまたは短期キーに切り替えてから、キーを無効にして削除します: `aws iam update-service-specific-credential --user-name USER --service-specific-credential-id KEY --status Inactive`、`aws iam delete-service-specific-credential --user-name USER --service-specific-credential-id KEY`",
        "必要な場合は、期限を付けて作成します: `aws iam create-service-specific-credential --user-name USER --service-name bedrock.amazonaws.com --credential-age-days 30`（CloudFormation では作成できません）",
        "ポリシーで再発を防ぎます（iam:CreateServiceSpecificCredential を、NumericGreaterThan の iam:ServiceSpecificCredentialAgeDays が 90 の条件で拒否するか、bedrock:CallWithBearerToken を、StringEquals の bedrock:bearerTokenType が LONG_TERM の条件で拒否します）",
    ],
};

/// For how many days a key may be made to last: what AWS's own example of a policy on making keys allows
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-permissions.html>), and what is usual for
/// access keys.
const LONGEST_DAYS: i64 = 90;

/// Decides about the account's keys. One that is switched off, or has expired, lets nobody in.
pub(super) fn decide(seen: &IdentityPosture, place: &Place<'_>) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let Some(keys) = judged.seen(&seen.api_keys) else {
        return judged.decision();
    };
    if keys.is_empty() {
        return nothing_there(place);
    }
    for (name, key) in keys.iter().filter(|(_, key)| key.active) {
        let of = Resource::ApiKey(name.clone());
        match key.expires {
            None => judged.wrong(of, Wrong::NeverExpires),
            Some(expires) if expires <= place.now => {}
            // The day's end counts: a key for 90 days may expire some hours later.
            Some(expires) if expires.duration_since(key.created).as_hours() >= (LONGEST_DAYS + 1) * 24 => {
                let wrong = Wrong::ExpiresLate {
                    expires: expires.to_zoned(TimeZone::UTC).date(),
                    days: LONGEST_DAYS,
                };
                judged.wrong(of, wrong);
            }
            Some(_) => {}
        }
    }
    judged.decision()
}
