//! Nobody may both call models and change what proves it, where the policy asks for it.

use super::{
    Metadata,
    judged::{Judged, asks, not_asked, nothing_there},
    metadata::mapped,
    permissions::{INVOKE, Permissions, Policies, judged_principals, of_account},
};
use crate::{
    decision::Severity,
    posture::{IdentityPosture, Place, PostureDecision, Resource, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "manage-and-invoke-separate",
    title: "Who calls Bedrock models cannot change the evidence",
    decides: "where the policy asks for it, no user or role may both invoke models and change what records, checks or reports that, as far as its policies and boundary say",
    broken: "caller can erase evidence",
    severity: Severity::Medium,
    rationale: "Who can call models and also switch off their logs, trails or rules can send prompts anywhere and leave nothing behind. Two roles for the two duties let neither do it alone.",
    remedy: &[
        "Split the permissions between two roles, one for applications, one for operations (in the console: IAM, Roles, Permissions; in CloudFormation: AWS::IAM::Role)",
        "Take the action away: `aws iam put-role-policy --role-name ROLE --policy-name keep-the-evidence --policy-document file://deny.json` with a statement that denies it on `*` without conditions",
        "For administrators and other principals of which it is not asked, name their ARNs in posture.iam.except of the policy",
    ],
    documentation: "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.3, A.8.2, A.8.15"),
        mapped("NIST SP 800-53 r5", "AC-5, AC-6, AU-9(4)"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "Bedrock モデルの呼び出しと証拠の変更の権限を分離",
    decides: "ポリシーが求める場合に、ユーザーとロールのどれも、ポリシーとアクセス許可の境界で見る限り、モデルの呼び出しと、その記録、検査、通知の変更の両方ができるようにはなっていないこと",
    broken: "Bedrock モデルの呼び出しと証拠の変更の両方が可能",
    rationale: "モデルを呼び出せる利用者が、ログ、証跡、ルールも停止できれば、プロンプトをどこにでも送り、痕跡を残さずに済みます。2 つの職務を 2 つのロールに分ければ、どちらも単独ではそれができません。",
    remedy: &[
        "権限を、アプリケーション用と運用用の 2 つのロールに分けます（コンソールでは、IAM の「ロール」の「許可」、CloudFormation では AWS::IAM::Role）",
        "該当するアクションを取り除きます: `aws iam put-role-policy --role-name ROLE --policy-name keep-the-evidence --policy-document file://deny.json`（アクションを `*` に対して条件なしで拒否するステートメントを指定します）",
        "管理者など、対象から外すプリンシパルは、ポリシーの posture.iam.except に ARN を指定します",
    ],
};

/// What a managing action is done to.
#[derive(Clone, Copy)]
enum On {
    /// The account's settings, which have no ARN: only `*` stands for them.
    Settings,
    /// Guardrails; whether the action asks for one is not documented, so the settings count, too.
    Guardrails,
    /// Trails.
    Trails,
    /// crisguard's own rules.
    Rules,
    /// Policies of the organization.
    Policies,
}

/// The actions that change what records, checks or reports calls, the ones that leave the least behind
/// first.
const MANAGE: [(&str, On); 16] = [
    // Without logs, nobody can show what was asked and answered.
    ("bedrock:DeleteModelInvocationLoggingConfiguration", On::Settings),
    ("bedrock:PutModelInvocationLoggingConfiguration", On::Settings),
    // Without a trail, nobody can show that anything was called, and no rule receives it.
    ("cloudtrail:StopLogging", On::Trails),
    ("cloudtrail:DeleteTrail", On::Trails),
    ("cloudtrail:UpdateTrail", On::Trails),
    ("cloudtrail:PutEventSelectors", On::Trails),
    // Without its rules, crisguard is told of nothing.
    ("events:DisableRule", On::Rules),
    ("events:DeleteRule", On::Rules),
    ("events:PutRule", On::Rules),
    ("events:RemoveTargets", On::Rules),
    // What providers may keep and see.
    ("bedrock:PutAccountDataRetention", On::Settings),
    // What every call is checked by.
    ("bedrock:DeleteEnforcedGuardrailConfiguration", On::Guardrails),
    ("bedrock:PutEnforcedGuardrailConfiguration", On::Guardrails),
    // What nobody in the account may do.
    ("organizations:DetachPolicy", On::Policies),
    ("organizations:UpdatePolicy", On::Policies),
    ("organizations:DeletePolicy", On::Policies),
];

/// Decides about the account's users and roles.
pub(super) fn decide(seen: &IdentityPosture, place: &Place<'_>) -> PostureDecision {
    if !asks(place, |rules| rules.iam.as_ref().is_some_and(|iam| iam.separate_duties)) {
        return not_asked(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let Some(principals) = judged.seen(&seen.principals) else {
        return judged.decision();
    };
    if principals.is_empty() {
        return nothing_there(place);
    }
    let policies = Policies::of(seen);
    for (arn, principal) in judged_principals(principals, place) {
        match policies.permissions(arn, principal) {
            Err(unknown) => unknown.into_iter().for_each(|unknown| judged.unknown(unknown)),
            Ok(permissions) if invokes(&permissions, place) => {
                if let Some(action) = manages(&permissions, place) {
                    let action = action.to_owned();
                    judged.wrong(Resource::Principal(arn.clone()), Wrong::ManagesAndInvokes { action });
                }
            }
            Ok(_) => {}
        }
    }
    judged.decision()
}

/// Tells whether a principal may call a model, whichever.
fn invokes(permissions: &Permissions<'_>, place: &Place<'_>) -> bool {
    let anything = format!("arn:{}:bedrock:*:*:**", place.region.partition());
    INVOKE.into_iter().any(|action| may(permissions, action, &anything))
}

/// Returns the first managing action that a principal may do; the others would say the same again.
fn manages(permissions: &Permissions<'_>, place: &Place<'_>) -> Option<&'static str> {
    let may = |action, on: On| on.sets(place).iter().any(|set| may(permissions, action, set));
    MANAGE
        .into_iter()
        .find_map(|(action, on)| may(action, on).then_some(action))
}

fn may(permissions: &Permissions<'_>, action: &str, set: &str) -> bool {
    let granting = permissions.granting(
        action,
        |allowance| allowance.resources().meet(set),
        |denial| denial.resources().cover(set),
    );
    granting.is_some()
}

impl On {
    /// Returns patterns for what is meant.
    fn sets(self, place: &Place<'_>) -> Vec<String> {
        // No pattern but `*` stands for what has no ARN.
        let settings = || "(no resource)".to_owned();
        match self {
            Self::Settings => vec![settings()],
            Self::Guardrails => vec![settings(), of_account(place, "bedrock", "guardrail/*")],
            Self::Trails => vec![of_account(place, "cloudtrail", "trail/*")],
            Self::Rules => vec![
                of_account(place, "events", "rule/crisguard-*"),
                of_account(place, "events", "rule/crisguard/*"),
            ],
            Self::Policies => vec![format!("arn:{}:organizations::*:policy/*", place.region.partition())],
        }
    }
}
