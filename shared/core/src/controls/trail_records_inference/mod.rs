//! A trail that is on records every call of a model.

mod selectors;

use super::{Metadata, judged::Judged, metadata::mapped};
use crate::{
    decision::Severity,
    posture::{Place, PostureDecision, Resource, Trail, TrailPosture, Unknown, Wrong},
    texts::ControlWords,
};
use selectors::{Recorded, recorded};

pub(super) const METADATA: Metadata = Metadata {
    name: "trail-records-inference",
    title: "A trail that is on records every inference call",
    decides: "at least one trail covers the Region, is logging and delivering, and records Bedrock's read-only management events",
    broken: "no trail records Bedrock",
    severity: Severity::High,
    rationale: "CloudTrail's records are what says in which Region a prompt was processed. Calls of models are \
        read-only management events: a trail that records write events alone holds none of them, and without a \
        trail that is logging EventBridge delivers nothing to crisguard either. Event history shows 90 days, and \
        nobody can prove that it was complete.",
    remedy: &[
        "See the trails: `aws cloudtrail describe-trails --region SOURCE` (an organization's trail is changed from its management account)",
        "Let a trail record read and write events: `aws cloudtrail put-event-selectors --region TRAIL_HOME --trail-name TRAIL --event-selectors ReadWriteType=All,IncludeManagementEvents=true` (it replaces all selectors of the trail: add those for data events that are there)",
        "Switch it on: `aws cloudtrail start-logging --region TRAIL_HOME --name TRAIL`",
        "Let it cover every Region: `aws cloudtrail update-trail --region TRAIL_HOME --name TRAIL --is-multi-region-trail`",
        "If there is none, or it cannot deliver, give it a bucket whose policy lets CloudTrail write: `aws cloudtrail create-trail --region SOURCE --name TRAIL --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation`",
        "In the console: CloudTrail, Trails, the trail, Management events, Edit, Read and Write; in CloudFormation: IsLogging, IsMultiRegionTrail and EventSelectors of AWS::CloudTrail::Trail",
        "See who stopped it: `aws cloudtrail lookup-events --region TRAIL_HOME --lookup-attributes AttributeKey=EventName,AttributeValue=StopLogging`",
    ],
    documentation: "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html",
    mapping: &[
        mapped("GDPR", "Art. 5(2), Art. 30, Art. 32(1)(d)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.15"),
        mapped("NIST SP 800-53 r5", "AU-2, AU-3, AU-12"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "有効な証跡がすべての推論の呼び出しを記録",
    decides: "リージョンを対象とし、ログを記録して配信している証跡のうち少なくとも 1 つが、Bedrock の読み取り専用の管理イベントを記録していること",
    broken: "Bedrock の推論の呼び出しを記録する証跡がない",
    rationale: "プロンプトがどのリージョンで処理されたかを示すのは、CloudTrail の記録です。モデルの呼び出しは読み取り専用の管理イベントであるため、\
        書き込みイベントだけを記録する証跡には残りません。また、ログを記録中の証跡がなければ、EventBridge から crisguard にもイベントが届きません。\
        イベント履歴で確認できるのは 90 日分だけで、欠落がないことも証明できません。",
    remedy: &[
        "証跡を確認します: `aws cloudtrail describe-trails --region SOURCE`（組織の証跡は管理アカウントで変更します）",
        "証跡で読み取りと書き込みの両方のイベントを記録します: `aws cloudtrail put-event-selectors --region TRAIL_HOME --trail-name TRAIL --event-selectors ReadWriteType=All,IncludeManagementEvents=true`（証跡のセレクターはすべて置き換わるため、既存のデータイベントのセレクターも含めます）",
        "ログ記録を開始します: `aws cloudtrail start-logging --region TRAIL_HOME --name TRAIL`",
        "すべてのリージョンを対象にします: `aws cloudtrail update-trail --region TRAIL_HOME --name TRAIL --is-multi-region-trail`",
        "証跡がない場合や配信できない場合は、CloudTrail の書き込みを許可したバケットを指定して作成します: `aws cloudtrail create-trail --region SOURCE --name TRAIL --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation`",
        "コンソールでは、CloudTrail の「証跡」で対象を選択し、「管理イベント」→「編集」で「読み取り」と「書き込み」を選択します（CloudFormation では、AWS::CloudTrail::Trail の IsLogging、IsMultiRegionTrail、EventSelectors）",
        "停止した利用者を確認します: `aws cloudtrail lookup-events --region TRAIL_HOME --lookup-attributes AttributeKey=EventName,AttributeValue=StopLogging`",
    ],
};

/// Decides about one Region: one trail that holds is enough, whatever the others are.
///
/// Without one, a trail that could not be looked at leaves it undecided, for it may be the one.
pub(super) fn decide(seen: &TrailPosture, place: &Place<'_>) -> PostureDecision {
    let mut open = Judged::nothing_yet(place);
    let Some(trails) = open.seen(&seen.trails) else {
        return open.decision();
    };
    let mut wrong = Judged::nothing_yet(place);
    if trails.is_empty() {
        wrong.wrong_here(Wrong::NoTrail);
    }
    for (arn, trail) in trails {
        let of = Resource::Trail(arn.clone());
        match judge(trail, &of, place) {
            Judgement { wrong, unknown } if wrong.is_empty() && unknown.is_empty() => {
                return Judged::nothing_yet(place).decision();
            }
            // It surely is not the one, whatever could not be looked at besides.
            judgement if !judgement.wrong.is_empty() => {
                judgement
                    .wrong
                    .into_iter()
                    .for_each(|what| wrong.wrong(of.clone(), what));
            }
            judgement => judgement.unknown.into_iter().for_each(|what| open.unknown(what)),
        }
    }
    match open.decision() {
        undecided @ PostureDecision::Undecided(_) => undecided,
        _ => wrong.decision(),
    }
}

/// What keeps a trail from recording every call here, and what cannot be told of it.
#[derive(Debug)]
struct Judgement {
    wrong: Vec<Wrong>,
    unknown: Vec<Unknown>,
}

fn judge(trail: &Trail, of: &Resource, place: &Place<'_>) -> Judgement {
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    if !trail.multi_region && trail.home != *place.region {
        let region = trail.home.clone();
        wrong.push(Wrong::TrailOfOneRegion { region });
    }
    match &trail.status {
        Err(unseen) => unknown.push(unseen.into()),
        Ok(status) if !status.logging => wrong.push(Wrong::TrailStopped),
        Ok(status) => {
            // Where nothing failed, CloudTrail answers with an empty text or with none.
            let error = status.delivery_error.clone().filter(|error| !error.is_empty());
            wrong.extend(error.map(|error| Wrong::TrailNotDelivering { error }));
        }
    }
    match trail.selectors.as_ref().map(recorded) {
        Err(unseen) => unknown.push(unseen.into()),
        Ok(Recorded::All) => {}
        Ok(Recorded::Some) => wrong.push(Wrong::TrailRecordsSome),
        Ok(Recorded::None) => wrong.push(Wrong::TrailWithoutReads),
        Ok(Recorded::Depends(part)) => {
            let of = Box::new(of.clone());
            unknown.push(Unknown::NotUnderstood { of, part });
        }
    }
    Judgement { wrong, unknown }
}
