//! A guardrail's own cross-Region profile stays inside the allowed Regions.

use super::{
    Metadata,
    judged::{Judged, not_asked, nothing_there},
    metadata::mapped,
};
use crate::{
    arn::Arn,
    decision::Severity,
    policy::{Reach, RegionSet},
    posture::{GuardrailPosture, Place, PostureDecision, Resource, Unknown, Wrong},
    region::SourceRegion,
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "guardrail-stays-in-region",
    title: "Guardrails check prompts only in allowed Regions",
    decides: "no version of a guardrail has a cross-Region profile of its own that can reach a Region which is not allowed",
    broken: "guardrail leaves Regions",
    severity: Severity::High,
    rationale: "A guardrail can route what it checks to other Regions by a profile of its own: prompts and answers \
        then leave although the model was called in its own Region, and no record names the Region that checked \
        them. The Standard tier of filters and topics needs such a profile, which does not make it allowed.",
    remedy: &[
        "See the profile of each version: `aws bedrock list-guardrails --region SOURCE --guardrail-identifier ID` (crossRegionDetails; in the console: Amazon Bedrock, Guardrails)",
        "Take the profile away, and the Standard tier, which needs it: `aws bedrock update-guardrail --region SOURCE --cli-input-json \"$(cat guardrail.json)\"` without crossRegionConfig and with the tier CLASSIC (in CloudFormation: CrossRegionConfig of AWS::Bedrock::Guardrail)",
        "Or keep the guardrail in a Region whose profile stays inside the allowed ones",
        "Make a new version, use it, and delete those that leave: `aws bedrock delete-guardrail --region SOURCE --guardrail-identifier ID --guardrail-version VERSION`",
        "Deny it for everybody: an SCP that denies bedrock:ApplyGuardrail on `arn:aws:bedrock:*:*:guardrail-profile/*`",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-cross-region.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 44-46 (transfers)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5), SA-9(8)"),
        mapped("APPI", "Art. 23, Art. 28"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "ガードレールによる検査を許可されたリージョンに限定",
    decides: "ガードレールのどのバージョンにも、許可されていないリージョンに到達できるクロスリージョンのガードレールプロファイルが設定されていないこと",
    broken: "ガードレールがプロンプトを許可されたリージョンの外に送る可能性",
    rationale: "ガードレールは、専用のガードレールプロファイルによって、検査する内容を別のリージョンに送ることがあります。\
        モデルを元のリージョンで呼び出していても、プロンプトと応答は外に出ることになり、検査したリージョンはどの記録にも残りません。\
        フィルターやトピックの Standard ティアにはこのプロファイルが必要ですが、必要であることは許可の理由になりません。",
    remedy: &[
        "各バージョンのガードレールプロファイルを確認します: `aws bedrock list-guardrails --region SOURCE --guardrail-identifier ID`（crossRegionDetails。コンソールでは、Amazon Bedrock の「ガードレール」）",
        "ガードレールプロファイルと、それを必要とする Standard ティアを外します: `aws bedrock update-guardrail --region SOURCE --cli-input-json \"$(cat guardrail.json)\"`（crossRegionConfig を指定せず、ティアを CLASSIC にします。CloudFormation では AWS::Bedrock::Guardrail の CrossRegionConfig）",
        "または、ガードレールプロファイルが許可されたリージョンの外に出ないリージョンで、ガードレールを使用します",
        "新しいバージョンを作成して切り替え、外に出るバージョンを削除します: `aws bedrock delete-guardrail --region SOURCE --guardrail-identifier ID --guardrail-version VERSION`",
        "すべての利用者に対して拒否します（`arn:aws:bedrock:*:*:guardrail-profile/*` に対する bedrock:ApplyGuardrail を拒否する SCP）",
    ],
};

/// Decides about every version of every guardrail in one Region.
pub(super) fn decide(seen: &GuardrailPosture, place: &Place<'_>) -> PostureDecision {
    if *place.policy.destination_regions() == RegionSet::Every {
        return not_asked(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let Some(guardrails) = judged.seen(&seen.guardrails) else {
        return judged.decision();
    };
    if guardrails.is_empty() {
        return nothing_there(place);
    }
    let source = SourceRegion(place.region.clone());
    for (version, guardrail) in guardrails {
        let Some(profile) = judged.seen(guardrail).and_then(|guardrail| guardrail.profile.as_ref()) else {
            continue;
        };
        let profile = id_of(profile).to_owned();
        let of = || Resource::Guardrail(version.split(':').next().unwrap_or(version).to_owned());
        let destinations = place.catalogue.guardrail_destinations(&profile, &source);
        match place.policy.reach_into(destinations, &source) {
            Reach::Inside(_) => {}
            Reach::Outside(regions) => {
                let regions = regions.into_iter().collect();
                judged.wrong(of(), Wrong::GuardrailLeaves { profile, regions });
            }
            Reach::EveryCommercialRegion => judged.wrong(of(), Wrong::ReachesEverywhere),
            Reach::Unknown if profile.is_empty() => judged.unknown(Unknown::NotUnderstood {
                of: Box::new(of()),
                part: "crossRegionDetails".to_owned(),
            }),
            Reach::Unknown => judged.unknown(Unknown::DestinationsNotListed { profile }),
        }
    }
    judged.decision()
}

/// Returns the id of a guardrail profile that is named by id or ARN.
fn id_of(profile: &str) -> &str {
    Arn::parse(profile)
        .and_then(|arn| arn.typed_resource())
        .map_or(profile, |(_, id)| id)
}
