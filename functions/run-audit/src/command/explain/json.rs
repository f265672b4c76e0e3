//! The JSON form of an explanation, which docs/cli.md describes: members are added, never changed.

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Failure, Half, Invocation, ProcessedIn},
    decision::{Assessment, Decision},
    exit::Exit,
    model::ModelReference,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::{About, Entry, Explained, Inference, Place, Tally, write::remedy};
use crate::command::{policy_file::PolicyFile, profiles::named};

/// The whole answer.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    version: u8,
    policy_sha256: Option<&'a str>,
    catalogue_as_of: Date,
    records: Vec<RecordLine<'a>>,
    summary: &'a Tally,
}

#[derive(Serialize)]
struct RecordLine<'a> {
    #[serde(flatten)]
    place: &'a Place,
    #[serde(flatten)]
    about: AboutLine<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
enum AboutLine<'a> {
    Inference {
        /// `violation`, `undecided`, `compliant` or `not_applicable`; absent without a policy.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit: Option<Exit>,
        invocation: Box<InvocationLine<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        assessments: Vec<AssessmentLine<'a>>,
    },
    NotInference {
        event_name: &'a str,
    },
    NotBedrock,
    NotARecord,
    Unreadable {
        problem: &'a str,
    },
}

#[derive(Serialize)]
struct InvocationLine<'a> {
    event_id: &'a str,
    event_name: &'a str,
    time: Timestamp,
    account: &'a str,
    source_region: &'a str,
    processed_in: &'static str,
    destination_region: Option<String>,
    half: Half,
    target: &'a ModelReference,
    can_reach: Option<Vec<&'a str>>,
    principal: &'a str,
    session: Option<&'a str>,
    request_id: Option<&'a str>,
    parent_request_id: Option<&'a str>,
    failure: Option<&'a Failure>,
}

#[derive(Serialize)]
struct AssessmentLine<'a> {
    #[serde(flatten)]
    assessment: &'a Assessment,
    severity: &'static str,
    explanation: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remedy: Vec<String>,
}

impl<'a> Report<'a> {
    pub(super) fn new(explained: &'a Explained, catalogue: &Catalogue, policy: Option<&'a PolicyFile>) -> Self {
        Self {
            version: 1,
            policy_sha256: policy.map(|file| file.document.sha256()),
            catalogue_as_of: catalogue.as_of(),
            records: explained.entries.iter().map(RecordLine::new).collect(),
            summary: &explained.tally,
        }
    }
}

impl<'a> RecordLine<'a> {
    fn new(Entry { place, about }: &'a Entry) -> Self {
        let about = match about {
            About::Inference(inference) => AboutLine::Inference {
                exit: inference.decided.as_ref().map(|(exit, _)| *exit),
                invocation: Box::new(InvocationLine::new(inference)),
                assessments: inference
                    .decided
                    .iter()
                    .flat_map(|(_, assessments)| assessments)
                    .map(|assessment| AssessmentLine::new(assessment, &inference.invocation))
                    .collect(),
            },
            About::NotInference { event_name } => AboutLine::NotInference { event_name },
            About::NotBedrock | About::Canary => AboutLine::NotBedrock,
            About::NotARecord => AboutLine::NotARecord,
            About::Unreadable { problem } => AboutLine::Unreadable { problem },
        };
        Self { place, about }
    }
}

impl<'a> InvocationLine<'a> {
    fn new(Inference { invocation, reach, .. }: &'a Inference) -> Self {
        Self {
            event_id: &invocation.identity.event_id,
            event_name: &invocation.identity.event_name,
            time: invocation.time,
            account: invocation.account.as_str(),
            source_region: invocation.source.0.as_str(),
            processed_in: match invocation.processed_in {
                ProcessedIn::Source => "source",
                ProcessedIn::Destination(_) => "destination",
                ProcessedIn::Unreported => "unreported",
                ProcessedIn::Unreadable(_) => "unreadable",
                ProcessedIn::Nowhere(_) => "nowhere",
            },
            destination_region: invocation
                .processed_in
                .destination(&invocation.source)
                .map(|region| region.to_string()),
            half: invocation.half,
            target: &invocation.target,
            can_reach: reach.as_ref().map(named),
            principal: invocation.principal.name(),
            session: invocation.principal.session.as_deref(),
            request_id: invocation.request_id.as_deref(),
            parent_request_id: invocation.identity.parent_request_id.as_deref(),
            failure: invocation.failure.as_ref(),
        }
    }
}

impl<'a> AssessmentLine<'a> {
    fn new(assessment: &'a Assessment, invocation: &Invocation) -> Self {
        let violated = matches!(assessment.decision, Decision::NonCompliant(_));
        Self {
            assessment,
            severity: assessment.control.severity().name(),
            explanation: assessment.decision.to_string(),
            remedy: if violated {
                remedy(assessment.control, invocation)
            } else {
                Vec::new()
            },
        }
    }
}
