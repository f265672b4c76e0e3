//! No profile that is called, or stands ready, can reach a Region that is not allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Metadata,
    judged::{Judged, not_asked, nothing_there},
    metadata::mapped,
};
use crate::{
    catalog::Listed,
    decision::Severity,
    model::ModelReference,
    policy::{Reach, RegionSet},
    posture::{ListedProfile, Place, PostureDecision, ProfilePosture, Resource, Unknown, Wrong},
    region::SourceRegion,
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "profile-destinations-allowed",
    title: "Inference profiles in use reach only allowed Regions",
    decides: "every Region is allowed that a profile can reach which was called within 24 h, or which the account made itself, even if each call stayed",
    broken: "profile can leave Regions",
    severity: Severity::Medium,
    rationale: "A profile that can reach a Region will, when the nearer ones are busy: that every call stayed so far \
        says nothing about the next one. An application profile hides behind its own name what it was made from.",
    remedy: &[
        "See where the profile can go: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier ID` (in the console: Amazon Bedrock, Cross-region inference, or Inference profiles)",
        "Call the model in the Region itself, or through a profile that stays inside the allowed Regions: `aws bedrock list-inference-profiles --region SOURCE`",
        "Make an application profile anew from a model or profile that stays, and delete the old one: `aws bedrock delete-inference-profile --region SOURCE --inference-profile-identifier ID` (in CloudFormation: ModelSource of AWS::Bedrock::ApplicationInferenceProfile)",
        "Deny the others by an SCP that denies bedrock:InvokeModel* with Null bedrock:InferenceProfileArn false and ArnNotLike bedrock:InferenceProfileArn naming those that are allowed",
        "If it is intended, allow the Regions in the policy, or add an exception with an owner and an expiry",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html",
    mapping: &[
        mapped("GDPR", "Art. 25 (protection by design), Art. 44-46 (transfers)"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5), SA-9(8)"),
        mapped("APPI", "Art. 23, Art. 28"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "使用中の推論プロファイルの送信先を許可されたリージョンに限定",
    decides: "過去 24 時間に呼び出された推論プロファイルと、アカウントが作成した推論プロファイルについて、すべての呼び出しが許可されたリージョンに留まっていても、送信先になりうるリージョンがすべて許可されていること",
    broken: "推論プロファイルが許可されたリージョンの外に到達可能",
    rationale: "推論プロファイルは、近くのリージョンが混雑すれば、送信先になりうるほかのリージョンを使用します。これまでの呼び出しがすべて留まっていても、次の呼び出しがそうなる保証はありません。\
        また、アプリケーション推論プロファイルは、その名前からは何をもとに作成されたのかがわかりません。",
    remedy: &[
        "推論プロファイルの送信先リージョンを確認します: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier ID`（コンソールでは、Amazon Bedrock の「クロスリージョン推論」または「推論プロファイル」）",
        "送信元リージョンだけで処理されるモデル、または許可されたリージョンの外に出ない推論プロファイルに切り替えます: `aws bedrock list-inference-profiles --region SOURCE`",
        "アプリケーション推論プロファイルは、許可されたリージョンの外に出ないモデルまたはプロファイルから作成し直し、古いものを削除します: `aws bedrock delete-inference-profile --region SOURCE --inference-profile-identifier ID`（CloudFormation では AWS::Bedrock::ApplicationInferenceProfile の ModelSource）",
        "そのほかのプロファイルを SCP で拒否します（bedrock:InvokeModel* を、Null の bedrock:InferenceProfileArn が false で、ArnNotLike の bedrock:InferenceProfileArn に許可するプロファイルを指定した条件で拒否します）",
        "意図した利用であれば、ポリシーでそのリージョンを許可するか、責任者と期限を定めた例外を追加します",
    ],
};

/// Decides about one Region, from the account's own list of profiles or, for those that it lacks,
/// from the catalogue.
pub(super) fn decide(seen: &ProfilePosture, place: &Place<'_>) -> PostureDecision {
    if *place.policy.destination_regions() == RegionSet::Every {
        return not_asked(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let source = SourceRegion(place.region.clone());
    let listed = judged.seen(&seen.listed);
    let called = judged.seen(&seen.called);
    let profiles = in_use(called, listed);
    if profiles.is_empty() && listed.is_some() && called.is_some() {
        return nothing_there(place);
    }
    let list: Listed = profiles_of(listed)
        .map(|(id, profile)| (id, profile.arn.as_str(), profile.models.as_slice()))
        .collect();
    for profile in profiles {
        let destinations = if list.contains(&profile) {
            list.destinations(&profile)
        } else {
            place.catalogue.destinations(&profile, &source)
        };
        match place.policy.reach_into(destinations, &source) {
            Reach::Inside(_) => {}
            Reach::Outside(regions) => {
                let regions = regions.into_iter().collect();
                judged.wrong(Resource::Profile(profile), Wrong::Reaches { regions });
            }
            Reach::EveryCommercialRegion => judged.wrong(Resource::Profile(profile), Wrong::ReachesEverywhere),
            Reach::Unknown => judged.unknown(Unknown::DestinationsNotListed { profile }),
        }
    }
    judged.decision()
}

/// Returns the profiles that were called and those that the account made: system-defined ones by id,
/// the account's own by ARN, and what cannot be told from a profile as it was called.
fn in_use(called: Option<&BTreeSet<String>>, listed: Option<&BTreeMap<String, ListedProfile>>) -> BTreeSet<String> {
    let own = profiles_of(listed).filter(|(_, profile)| profile.application);
    let mut profiles: BTreeSet<String> = own.map(|(_, profile)| profile.arn.clone()).collect();
    for called in called.into_iter().flatten() {
        match ModelReference::parse(called) {
            ModelReference::FoundationModel(_) | ModelReference::OwnedModel(_) | ModelReference::Absent => {}
            ModelReference::Profile(profile) => drop(profiles.insert(profile.id().to_owned())),
            ModelReference::ApplicationProfile(name)
            | ModelReference::Indirect(name)
            | ModelReference::Unknown(name) => {
                // CloudWatch may name an application profile by its id alone.
                let arn = listed.and_then(|listed| listed.get(&name)).map(|profile| &profile.arn);
                profiles.insert(arn.unwrap_or(&name).clone());
            }
        }
    }
    profiles
}

fn profiles_of(listed: Option<&BTreeMap<String, ListedProfile>>) -> impl Iterator<Item = (&str, &ListedProfile)> {
    listed.into_iter().flatten().map(|(id, profile)| (id.as_str(), profile))
}
