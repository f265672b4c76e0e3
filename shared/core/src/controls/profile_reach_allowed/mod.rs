//! Under the organization's service control policies, each permitted profile works and stays.

mod chain;

use std::collections::BTreeMap;

use super::{
    Metadata,
    judged::{Judged, nothing_there},
    metadata::mapped,
};
use crate::{
    catalog::Destinations,
    decision::Severity,
    inference_profile::InferenceProfile,
    policy::{Policy, Reach},
    posture::{
        ListedProfile, Membership, Place, PostureBasis, PostureDecision, ReachPosture, Resource, Unknown, Wrong,
    },
    region::SourceRegion,
    scp::reach::{Call, Target, Verdict},
    texts::ControlWords,
};
use chain::Above;

pub(super) const METADATA: Metadata = Metadata {
    name: "profile-reach-allowed",
    title: "Under the SCPs, permitted profiles work and stay in allowed Regions",
    decides: "under the account's service control policies, each inference profile that can be called from an allowed source Region and that the policy permits works, or reaches a Region that the policy does not allow and is denied",
    broken: "profiles fail or can leave",
    severity: Severity::High,
    rationale: "If a service control policy blocks one destination Region of a profile, every call through the \
        profile fails. If an exemption is written too wide, calls work that can be processed anywhere. Neither is \
        seen before an application calls.",
    remedy: &[
        "See each profile's verdict, and the change of the statement that mends it: `crisguard reach --scp scp.json --policy policy.yaml --source SOURCE --profile '*'`",
        "If a profile fails, change the statement that is named (another SCP never lifts a deny): exempt the profile with ArnNotLike bedrock:InferenceProfileArn, and pin the Regions that it may reach",
        "If a profile can leave, deny bedrock:InvokeModel* by an SCP where StringNotEquals aws:RequestedRegion names the allowed Regions; a global profile's aws:RequestedRegion is `unspecified`",
        "Or name the profiles that may be called in the policy (`profiles.allow`), or allow their Regions (`regions.destination`)",
        "If the organization cannot be read, deploy `infra/organization-role.yaml` in the management account or a delegated administrator's, and give its role to crisguard (the parameter OrganizationRoleArn)",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html",
    mapping: &[
        mapped(
            "GDPR",
            "Art. 25 (protection by design), Art. 32(1)(b) (availability), Art. 44-46 (transfers)",
        ),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.5.31, A.8.6, A.8.12"),
        mapped("NIST SP 800-53 r5", "AC-3, AC-4, CP-10, SA-9(5)"),
        mapped("APPI", "Art. 23, Art. 28"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "SCP のもとで許可されたプロファイルが動作し、許可されたリージョンに留まること",
    decides: "アカウントに適用されるサービスコントロールポリシー (SCP) のもとで、許可された送信元リージョンから呼び出すことができ、ポリシーが許可している推論プロファイルが、それぞれ動作すること、または、ポリシーが許可していないリージョンに到達しうるものは拒否されること",
    broken: "プロファイルが SCP により失敗、または制限なし",
    rationale: "SCP がプロファイルの送信先リージョンを 1 つでもブロックすると、そのプロファイルを使用する呼び出しはすべて失敗します。\
        例外の範囲が広すぎると、どこでも処理されうる呼び出しが可能になります。どちらも、アプリケーションが呼び出すまでわかりません。",
    remedy: &[
        "プロファイルごとの判定と、修正すべきステートメントの変更案を確認します: `crisguard reach --scp scp.json --policy policy.yaml --source SOURCE --profile '*'`",
        "プロファイルが失敗する場合は、記載されたステートメントを変更します（SCP を追加しても拒否は解除されません）。ArnNotLike の bedrock:InferenceProfileArn でそのプロファイルを除外し、到達できるリージョンを限定します",
        "プロファイルが許可されたリージョンの外に出うる場合は、StringNotEquals の aws:RequestedRegion に許可するリージョンを指定した SCP で bedrock:InvokeModel* を拒否します（グローバルプロファイルの aws:RequestedRegion は `unspecified` です）",
        "または、呼び出してよいプロファイルをポリシーで指定するか（`profiles.allow`）、送信先リージョンを許可します（`regions.destination`）",
        "組織を読み取れない場合は、管理アカウントまたは委任管理者のアカウントに `infra/organization-role.yaml` をデプロイし、作成されたロールを crisguard に指定します（パラメータ OrganizationRoleArn）",
    ],
};

/// Decides about one source Region. What the policy does not permit may fail: that is what service control
/// policies are for.
pub(super) fn decide(seen: &ReachPosture, place: &Place<'_>) -> PostureDecision {
    let source = SourceRegion(place.region.clone());
    if !place.policy.permits_source(&source) {
        return nothing_there(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let document = match judged.seen(&seen.membership) {
        Some(Membership::None) => return nothing_there(place),
        Some(Membership::ManagementAccount) => {
            return PostureDecision::Compliant(PostureBasis::ManagementAccount {
                region: place.region.clone(),
            });
        }
        Some(Membership::Member(document)) => judged.seen(document),
        None => None,
    };
    let listed = judged.seen(&seen.listed);
    if let (Some(document), Some(listed)) = (document, listed) {
        let permitted = Permitted::of(listed, &source, place.policy, &mut judged);
        match Above::read(document, place.account) {
            Ok(above) => permitted.judge(&above, &source, place.policy, &mut judged),
            Err(not_observed) => judged.unknown(&not_observed),
        }
    }
    judged.decision()
}

/// The calls that the policy permits from one source Region.
struct Permitted(Vec<Target>);

impl Permitted {
    fn of(
        listed: &BTreeMap<String, ListedProfile>,
        source: &SourceRegion,
        policy: &Policy,
        judged: &mut Judged<'_>,
    ) -> Self {
        let mut targets = Vec::new();
        for (id, profile) in listed {
            match target(id, profile, source) {
                Some(target) if permits(policy, &target) => targets.push(target),
                Some(_) => {}
                None => judged.unknown(Unknown::DestinationsNotListed { profile: id.clone() }),
            }
        }
        Self(targets)
    }

    fn judge(self, above: &Above<'_>, source: &SourceRegion, policy: &Policy, judged: &mut Judged<'_>) {
        let mut depending: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
        let reach = match above.reach(self.0) {
            Ok(reach) => reach,
            Err(not_observed) => return judged.unknown(&not_observed),
        };
        for (target, verdict) in reach.verdicts(above.account) {
            let profile = || Resource::Profile(target.call.name().to_owned());
            match (verdict, policy.reach_into(Some(&target.destinations), source)) {
                // What leaves is denied, and what stays works.
                (Verdict::Works, Reach::Inside(_))
                | (Verdict::Fails(_), Reach::Outside(_) | Reach::EveryCommercialRegion) => {}
                (Verdict::Fails(denied), Reach::Inside(_)) => {
                    for wrong in above.wrong(denied) {
                        judged.wrong(profile(), wrong);
                    }
                }
                (Verdict::Works, Reach::Outside(regions)) => {
                    let regions = regions.into_iter().collect();
                    judged.wrong(profile(), Wrong::LetLeave { regions });
                }
                (Verdict::Works, Reach::EveryCommercialRegion) => judged.wrong(profile(), Wrong::LetLeaveEverywhere),
                (_, Reach::Unknown) => {
                    let profile = target.call.name().to_owned();
                    judged.unknown(Unknown::DestinationsNotListed { profile });
                }
                (Verdict::Undecided { keys, .. }, _) => {
                    let keys = keys.iter().map(ToString::to_string).collect();
                    depending.entry(keys).or_default().push(target.call.name().to_owned());
                }
            }
        }
        for (keys, mut profiles) in depending {
            if profiles.len() > MOST {
                profiles.truncate(MOST);
                profiles.push("…".to_owned());
            }
            judged.unknown(Unknown::DependsOnTheCall { profiles, keys });
        }
    }
}

/// The most profiles that are named where the same keys decide about all of them.
const MOST: usize = 20;

/// Returns the call through a profile; `None` if it cannot be told where it goes.
fn target(id: &str, profile: &ListedProfile, source: &SourceRegion) -> Option<Target> {
    if profile.application {
        return Target::application(&profile.arn, &profile.models, source);
    }
    Some(Target {
        source: source.clone(),
        call: Call::Profile(InferenceProfile::parse(id)?),
        destinations: Destinations::of_models(&profile.models)?,
    })
}

/// Tells whether the policy permits a call, wherever it goes. The allow-list names no application profile,
/// for it knows ids that AWS gives; a global one is one whatever its name.
fn permits(policy: &Policy, target: &Target) -> bool {
    match &target.call {
        Call::Profile(profile) => policy.permits_profile(profile),
        _ => target.destinations != Destinations::EveryCommercialRegion || policy.permits_global_profiles(),
    }
}
