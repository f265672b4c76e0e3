//! The Region that processed the request is one that AWS lists for the profile.

use std::borrow::Borrow;

use jiff::{Timestamp, civil::Date};

use super::{Evidence, Metadata, metadata::mapped};
use crate::{
    catalog::{Catalogue, Destinations, LiveList},
    cloudtrail::{Half, ProcessedIn},
    decision::{Basis, Decision, EvidenceGap, Irrelevance, Severity, Violation},
    model::ModelReference,
    region::{DestinationRegion, SourceRegion},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "profile-destinations-known",
    title: "Prompts are processed only where AWS says that the profile goes",
    decides: "the Region that processed the request is one that AWS lists for this profile and source Region: \
        in the account's own list from within a day of the call, or else in the catalogue",
    broken: "unlisted Region processed",
    severity: Severity::High,
    rationale: "Policies, SCPs and assessments of transfers rest on the destinations that AWS lists for a profile. \
        A prompt that was processed elsewhere says that they rest on something that no longer holds, or that \
        the record is not what it seems. The content filter drops allowed destinations unseen: every call is held \
        against the list only with Coverage=all, others where something else about them matters.",
    remedy: &[
        "Ask AWS again where the profile can go: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier PROFILE` (in the console: Amazon Bedrock, Cross-region inference)",
        "Read the record: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
        "If AWS lists the Region now, look at the account again, which renews its list (`make look HOME_REGION=HOME`, HOME being crisguard's home Region), and review the policy and the SCPs that named the old destinations",
        "If AWS does not list it, open a case with AWS Support with the event id, and call the model in the Region itself until it is answered",
        "If it is known and accepted, add an exception that names this control, with an owner and an expiry",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html",
    mapping: &[
        mapped("GDPR", "Art. 30(1)(e) (records), Art. 44-46 (transfers)"),
        mapped("APPI", "Art. 28"),
        mapped("ISMAP / ISO 27001:2022", "A.5.23, A.8.16"),
        mapped("NIST SP 800-53 r5", "AC-4, SA-9(5), SI-4"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "プロンプトの処理を AWS が公表する送信先リージョンに限定",
    decides: "リクエストを処理したリージョンが、その推論プロファイルと送信元リージョンの送信先として AWS のリストにあること（呼び出しの前後 1 日以内に取得したアカウント自身のリスト、なければカタログによる）",
    broken: "リストにない送信先リージョンで処理",
    rationale: "ポリシー、SCP、越境移転の評価は、AWS が推論プロファイルごとに公表する送信先リージョンを前提としています。\
        それ以外のリージョンで処理されたのであれば、その前提がすでに成り立たないか、記録が見かけどおりのものではありません。\
        なお、コンテンツフィルターは、許可された送信先リージョンのイベントを確認せずに除外します。すべての呼び出しをリストと照合するのは Coverage=all の場合だけで、それ以外では、ほかの理由で転送された呼び出しだけを照合します。",
    remedy: &[
        "推論プロファイルの送信先リージョンを AWS に改めて確認します: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier PROFILE`（コンソールでは、Amazon Bedrock の「クロスリージョン推論」）",
        "記録を確認します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
        "現在は AWS のリストにある場合は、アカウントをもう一度点検してリストを更新し（`make look HOME_REGION=HOME`、HOME は crisguard のホームリージョン）、以前の送信先リージョンを前提としたポリシーと SCP を見直します",
        "AWS のリストにない場合は、イベント ID を添えて AWS サポートに問い合わせ、回答があるまでは、モデルをそのリージョンで直接呼び出します",
        "確認のうえ許容する場合は、この統制を指定し、責任者と期限を定めた例外を追加します",
    ],
};

pub(super) fn decide(evidence: &Evidence<'_>) -> Decision {
    let invocation = evidence.invocation;
    let stream_ended = invocation.half == Half::StreamCompletion;
    match &invocation.processed_in {
        ProcessedIn::Nowhere(failure) => Decision::NotApplicable(Irrelevance::ProcessedNowhere {
            failure: failure.clone(),
        }),
        ProcessedIn::Unreported if invocation.half == Half::StreamCall && invocation.failure.is_none() => {
            Decision::NotApplicable(Irrelevance::DecidedAtStreamEnd)
        }
        ProcessedIn::Unreported => Decision::NotApplicable(Irrelevance::DestinationNotReported),
        // A stream of a model without a profile ends so, too.
        ProcessedIn::Source if stream_ended => Decision::NotApplicable(Irrelevance::ProcessedInSource),
        ProcessedIn::Unreadable(reported) if stream_ended || !invocation.target.stays_in_source() => {
            Decision::Undecided(EvidenceGap::RegionUnreadable {
                reported: reported.clone(),
            })
        }
        ProcessedIn::Unreadable(_) => Decision::NotApplicable(Irrelevance::NoProfile),
        ProcessedIn::Destination(destination) => of_destination(evidence, destination),
        ProcessedIn::Source => of_destination(evidence, &DestinationRegion(invocation.source.0.clone())),
    }
}

fn of_destination(evidence: &Evidence<'_>, destination: &DestinationRegion) -> Decision {
    let Evidence {
        invocation, catalogue, ..
    } = evidence;
    let called = match (&invocation.target, invocation.half) {
        (ModelReference::FoundationModel(model), Half::StreamCompletion) => Called::ForModel(model),
        (ModelReference::Profile(profile), _) => Called::Profile(profile.id()),
        (ModelReference::ApplicationProfile(arn), _) => Called::Application(arn),
        _ => return evidence.without_system_profile(),
    };
    let in_source = invocation.processed_in == ProcessedIn::Source;
    let (destination, source_region) = (destination.clone(), invocation.source.clone());

    if let Some(list) = catalogue.live().at(&source_region, invocation.time) {
        let listed_at = list.observed_at;
        match called.in_list(list, &destination) {
            Search::Listed(_) if in_source => return Decision::NotApplicable(Irrelevance::ProcessedInSource),
            Search::Listed(profile) => {
                return Decision::Compliant(Basis::DestinationListed {
                    destination,
                    profile,
                    source_region,
                    listed_at,
                });
            }
            Search::NotListed => {
                return Decision::NonCompliant(called.not_listed(destination, source_region, listed_at));
            }
            // As young as the list is, the profile may be younger.
            Search::NothingTold => {}
        }
    }
    let as_of = catalogue.as_of();
    match called.in_catalogue(catalogue, &source_region, &destination) {
        Search::Listed(_) if in_source => Decision::NotApplicable(Irrelevance::ProcessedInSource),
        Search::Listed(profile) => Decision::Compliant(Basis::DestinationCatalogued {
            destination,
            profile,
            source_region,
            as_of,
        }),
        Search::NotListed => Decision::Undecided(called.not_catalogued(destination, source_region, as_of)),
        Search::NothingTold => Decision::Undecided(called.unknown(destination, source_region, as_of)),
    }
}

/// What the record says was called.
#[derive(Clone, Copy)]
enum Called<'a> {
    /// A system-defined profile, by its id.
    Profile(&'a str),
    /// An application profile, by its ARN.
    Application(&'a str),
    /// Some profile of this foundation model: all that the record of a stream's end says.
    ForModel(&'a str),
}

/// What came of looking for a destination among those of some profiles.
enum Search {
    /// This is the first profile that has it.
    Listed(String),
    /// There are profiles, and none has it.
    NotListed,
    /// There is no profile whose destinations are told.
    NothingTold,
}

impl Search {
    fn of<'a, D: Borrow<Destinations>>(
        destination: &DestinationRegion,
        profiles: impl IntoIterator<Item = (&'a str, D)>,
    ) -> Self {
        let mut found = Self::NothingTold;
        for (profile, destinations) in profiles {
            if destinations.borrow().contains(&destination.0) {
                return Self::Listed(profile.to_owned());
            }
            found = Self::NotListed;
        }
        found
    }
}

impl Called<'_> {
    fn in_list(self, list: &LiveList, destination: &DestinationRegion) -> Search {
        match self {
            Self::Profile(name) | Self::Application(name) => {
                Search::of(destination, list.destinations(name).map(|found| (name, found)))
            }
            Self::ForModel(model) => Search::of(destination, list.of_model(model)),
        }
    }

    fn in_catalogue(self, catalogue: &Catalogue, source: &SourceRegion, destination: &DestinationRegion) -> Search {
        match self {
            Self::Profile(id) => Search::of(destination, catalogue.destinations(id, source).map(|found| (id, found))),
            // No catalogue can know what an account made.
            Self::Application(_) => Search::NothingTold,
            Self::ForModel(model) => Search::of(destination, catalogue.profiles_of_model(model, source)),
        }
    }

    fn not_listed(
        self,
        destination: DestinationRegion,
        source_region: SourceRegion,
        listed_at: Timestamp,
    ) -> Violation {
        match self {
            Self::Profile(profile) | Self::Application(profile) => Violation::DestinationNotListed {
                destination,
                profile: profile.to_owned(),
                source_region,
                listed_at,
            },
            Self::ForModel(model) => Violation::DestinationNotListedForModel {
                destination,
                model: model.to_owned(),
                source_region,
                listed_at,
            },
        }
    }

    fn not_catalogued(self, destination: DestinationRegion, source_region: SourceRegion, as_of: Date) -> EvidenceGap {
        match self {
            Self::Profile(profile) | Self::Application(profile) => EvidenceGap::DestinationNotCatalogued {
                destination,
                profile: profile.to_owned(),
                source_region,
                as_of,
            },
            Self::ForModel(model) => EvidenceGap::DestinationNotCataloguedForModel {
                destination,
                model: model.to_owned(),
                source_region,
                as_of,
            },
        }
    }

    fn unknown(self, destination: DestinationRegion, source_region: SourceRegion, as_of: Date) -> EvidenceGap {
        match self {
            Self::Profile(profile) => EvidenceGap::ProfileNotCatalogued {
                profile: profile.to_owned(),
                source_region,
                as_of,
            },
            Self::Application(arn) => EvidenceGap::ApplicationProfileUnresolved { arn: arn.to_owned() },
            Self::ForModel(_) => self.not_catalogued(destination, source_region, as_of),
        }
    }
}
