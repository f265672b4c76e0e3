//! A sample of everything that can be said of settings; a new variant does not compile until it has one.

use super::every;
use crate::{
    policy::Modality,
    posture::{
        NotObserved, PostureBasis, PostureDecision, PostureGap, PostureViolation, Problem, Resource, Unknown, Wrong,
    },
    region::Region,
};

fn region() -> Region {
    "ap-northeast-3".parse().unwrap()
}

pub(super) fn every_decision() -> Vec<PostureDecision> {
    let bases = [
        PostureBasis::AsAsked { region: region() },
        PostureBasis::NotInUse {
            region: region(),
            days: 90,
        },
        PostureBasis::NotAsked { region: region() },
        PostureBasis::NothingThere { region: region() },
        PostureBasis::ManagementAccount { region: region() },
    ];
    let wrong = |problems, unknown| {
        PostureDecision::NonCompliant(PostureViolation::Settings {
            region: region(),
            problems,
            unknown,
        })
    };
    let of = |resource| vec![resource];
    let here = Resource::Bucket("my-logs".to_owned());
    let mut decisions: Vec<PostureDecision> = bases.map(PostureDecision::Compliant).to_vec();
    decisions.extend(every(wrong_after).into_iter().map(|wrong_one| {
        let of = of(here.clone());
        wrong(vec![Problem { of, wrong: wrong_one }], Vec::new())
    }));
    decisions.extend(every(resource_after).into_iter().map(|resource| {
        let of = of(resource);
        let wrong_one = Wrong::Missing;
        wrong(vec![Problem { of, wrong: wrong_one }], Vec::new())
    }));
    let two = Problem {
        of: vec![here, Resource::LogGroup("/my/logs".to_owned())],
        wrong: Wrong::WithoutCustomerKey,
    };
    let whole = Problem {
        of: Vec::new(),
        wrong: Wrong::NoTrail,
    };
    decisions.push(wrong(vec![two, whole], every(unknown_after)));
    decisions.push(PostureDecision::Undecided(PostureGap::Settings {
        region: region(),
        unknown: every(unknown_after),
    }));
    decisions
}

fn unknown_after(last: Option<&Unknown>) -> Option<Unknown> {
    match last {
        None => Some(Unknown::NotReached),
        Some(Unknown::NotReached) => Some(Unknown::NotObserved(NotObserved::new(
            "kms:DescribeKey",
            "AccessDeniedException: not authorized",
        ))),
        Some(Unknown::NotObserved(_)) => Some(Unknown::ModalityUnstated {
            modality: Modality::Text,
        }),
        Some(Unknown::ModalityUnstated { .. }) => Some(Unknown::DataRetentionUnstated),
        Some(Unknown::DataRetentionUnstated) => Some(Unknown::DestinationsNotListed {
            profile: "apac.amazon.nova-lite-v1:0".to_owned(),
        }),
        Some(Unknown::DestinationsNotListed { .. }) => Some(Unknown::DependsOnTheCall {
            profiles: vec!["apac.amazon.nova-lite-v1:0".to_owned(), "jp.model-1".to_owned()],
            keys: vec!["aws:principaltag/team".to_owned(), "aws:sourceip".to_owned()],
        }),
        Some(Unknown::DependsOnTheCall { .. }) => Some(Unknown::OtherAccounts {
            of: Box::new(Resource::Bucket("their-logs".to_owned())),
        }),
        Some(Unknown::OtherAccounts { .. }) => Some(Unknown::NotUnderstood {
            of: Box::new(Resource::Trail(
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".to_owned(),
            )),
            part: "userIdentity.arn".to_owned(),
        }),
        Some(Unknown::NotUnderstood { .. }) => None,
    }
}

fn resource_after(last: Option<&Resource>) -> Option<Resource> {
    use Resource as R;
    let name = || "a1b2c3".to_owned();
    match last {
        None => Some(R::Bucket(name())),
        Some(R::Bucket(_)) => Some(R::LogGroup(name())),
        Some(R::LogGroup(_)) => Some(R::Trail(name())),
        Some(R::Trail(_)) => Some(R::Guardrail(name())),
        Some(R::Guardrail(_)) => Some(R::Profile(name())),
        Some(R::Profile(_)) => Some(R::CustomModel(name())),
        Some(R::CustomModel(_)) => Some(R::ImportedModel(name())),
        Some(R::ImportedModel(_)) => Some(R::KnowledgeBase(name())),
        Some(R::KnowledgeBase(_)) => Some(R::DataSource(name())),
        Some(R::DataSource(_)) => Some(R::Agent(name())),
        Some(R::Agent(_)) => Some(R::BatchJob(name())),
        Some(R::BatchJob(_)) => Some(R::VpcEndpoint(name())),
        Some(R::VpcEndpoint(_)) => Some(R::Principal(name())),
        Some(R::Principal(_)) => Some(R::ApiKey(name())),
        Some(R::ApiKey(_)) => None,
    }
}

fn wrong_after(last: Option<&Wrong>) -> Option<Wrong> {
    use Wrong as W;
    let region: Region = "us-east-1".parse().unwrap();
    let regions = || vec!["us-east-1".parse().unwrap(), "us-west-2".parse().unwrap()];
    let models = || vec!["amazon.nova-lite-v1:0".to_owned(), "cohere.embed-v4:0".to_owned()];
    Some(match last {
        None => W::LoggingOff,
        Some(W::LoggingOff) => W::NoDestination,
        Some(W::NoDestination) => W::Missing,
        Some(W::Missing) => W::OtherAccount,
        Some(W::OtherAccount) => W::OtherRegion { region },
        Some(W::OtherRegion { .. }) => W::ModalityOff {
            modality: Modality::Text,
        },
        Some(W::ModalityOff { .. }) => W::LargeDataLost,
        Some(W::LargeDataLost) => W::WithoutCustomerKey,
        Some(W::WithoutCustomerKey) => W::KeyNotByArn {
            key: "alias/logs".to_owned(),
        },
        Some(W::KeyNotByArn { .. }) => W::KeyMissing,
        Some(W::KeyMissing) => W::KeyNotEnabled {
            state: "PendingDeletion".to_owned(),
        },
        Some(W::KeyNotEnabled { .. }) => W::PublicAccessNotBlocked,
        Some(W::PublicAccessNotBlocked) => W::AclsOn,
        Some(W::AclsOn) => W::PlainHttpAllowed,
        Some(W::PlainHttpAllowed) => W::BedrockMayNotWrite,
        Some(W::BedrockMayNotWrite) => W::BedrockMayWriteForOthers,
        Some(W::BedrockMayWriteForOthers) => W::DeletedEarly { days: 30, asked: 365 },
        Some(W::DeletedEarly { .. }) => W::DeletedOnADay,
        Some(W::DeletedOnADay) => W::DeliveriesFailed { failures: 12 },
        Some(W::DeliveriesFailed { .. }) => W::NoTrail,
        Some(W::NoTrail) => W::TrailStopped,
        Some(W::TrailStopped) => W::TrailNotDelivering {
            error: "NoSuchBucket".to_owned(),
        },
        Some(W::TrailNotDelivering { .. }) => W::TrailOfOneRegion { region },
        Some(W::TrailOfOneRegion { .. }) => W::TrailWithoutReads,
        Some(W::TrailWithoutReads) => W::TrailRecordsSome,
        Some(W::TrailRecordsSome) => W::RetentionNotAllowed {
            mode: "provider_data_share".to_owned(),
        },
        Some(W::RetentionNotAllowed { .. }) => W::GuardrailLeaves {
            profile: "apac.guardrail.v1:0".to_owned(),
            regions: regions(),
        },
        Some(W::GuardrailLeaves { .. }) => W::NoEnforcedGuardrail,
        Some(W::NoEnforcedGuardrail) => W::ModelsWithoutGuardrail { models: models() },
        Some(W::ModelsWithoutGuardrail { .. }) => W::GuardrailForSome { models: models() },
        Some(W::GuardrailForSome { .. }) => W::Reaches { regions: regions() },
        Some(W::Reaches { .. }) => W::ReachesEverywhere,
        Some(W::ReachesEverywhere) => W::DeniedByStatement {
            policy: "p-abcd1234".to_owned(),
            policy_name: Some("Region deny".to_owned()),
            statement: "OnlyTokyo".to_owned(),
            regions: vec!["us-east-1".to_owned(), "us-west-2".to_owned()],
        },
        Some(W::DeniedByStatement { policy_name, .. }) if policy_name.is_some() => W::DeniedByStatement {
            policy: "p-abcd1234".to_owned(),
            policy_name: None,
            statement: "2".to_owned(),
            regions: vec!["us-east-1".to_owned()],
        },
        Some(W::DeniedByStatement { .. }) => W::AllowedByNoStatement {
            level: "ou-ab12-11111111".to_owned(),
            policies: "p-abcd1234, p-dcba4321".to_owned(),
            regions: vec!["us-east-1".to_owned()],
        },
        Some(W::AllowedByNoStatement { .. }) => W::LetLeave { regions: regions() },
        Some(W::LetLeave { .. }) => W::LetLeaveEverywhere,
        Some(W::LetLeaveEverywhere) => W::WithoutGuardrail,
        Some(W::WithoutGuardrail) => W::OutputLeaves {
            bucket: "my-output".to_owned(),
            region,
        },
        Some(W::OutputLeaves { .. }) => W::NoVpcEndpoint,
        Some(W::NoVpcEndpoint) => W::EndpointNotAvailable {
            state: "rejected".to_owned(),
        },
        Some(W::EndpointNotAvailable { .. }) => W::EndpointUnrestricted,
        Some(W::EndpointUnrestricted) => W::InvokesEverything {
            policy: "arn:aws:iam::aws:policy/AmazonBedrockFullAccess".to_owned(),
        },
        Some(W::InvokesEverything { .. }) => W::ManagesAndInvokes {
            action: "bedrock:DeleteModelInvocationLoggingConfiguration".to_owned(),
        },
        Some(W::ManagesAndInvokes { .. }) => W::NeverExpires,
        Some(W::NeverExpires) => W::ExpiresLate {
            expires: "2027-12-31".parse().unwrap(),
            days: 90,
        },
        Some(W::ExpiresLate { .. }) => return None,
    })
}
