//! What in a reason is free text: whoever shows reasons where text can act marks it or changes it.

use crate::{
    decision::{DenyingStatement, EvidenceGap, Violation},
    posture::{NotObserved, PostureDecision, PostureGap, PostureViolation, Problem, RuleProblem, Unknown},
};

/// Returns the violation with each id, ARN and message changed; Regions are Regions by their form.
pub(super) fn violation(violation: &Violation, change: &dyn Fn(&str) -> String) -> Violation {
    use Violation as V;
    match violation.clone() {
        same @ (V::DestinationNotAllowed { .. } | V::SourceNotAllowed { .. }) => same,
        V::GlobalProfile { profile } => V::GlobalProfile {
            profile: change(&profile),
        },
        V::ProfileNotAllowed { profile } => V::ProfileNotAllowed {
            profile: change(&profile),
        },
        V::DestinationNotListed {
            destination,
            profile,
            source_region,
            listed_at,
        } => V::DestinationNotListed {
            destination,
            profile: change(&profile),
            source_region,
            listed_at,
        },
        V::DestinationNotListedForModel {
            destination,
            model,
            source_region,
            listed_at,
        } => V::DestinationNotListedForModel {
            destination,
            model: change(&model),
            source_region,
            listed_at,
        },
        V::DeniedByScp {
            profile,
            blocked,
            policy,
            explicit,
            by,
        } => V::DeniedByScp {
            profile: change(&profile),
            blocked,
            policy: policy.as_deref().map(change),
            explicit,
            by: by
                .into_iter()
                .map(|by| DenyingStatement {
                    policy: change(&by.policy),
                    policy_name: by.policy_name.as_deref().map(change),
                    statement: change(&by.statement),
                    as_of: by.as_of,
                })
                .collect(),
        },
    }
}

/// Returns the gap with each id, ARN and message changed.
pub(super) fn gap(gap: &EvidenceGap, change: &dyn Fn(&str) -> String) -> EvidenceGap {
    use EvidenceGap as G;
    match gap.clone() {
        same @ (G::StreamRegionNotReported | G::ModelNotNamed) => same,
        G::RegionNotReported { profile, not_allowed } => G::RegionNotReported {
            profile: change(&profile),
            not_allowed,
        },
        G::GlobalRegionNotReported { profile } => G::GlobalRegionNotReported {
            profile: change(&profile),
        },
        G::RegionUnreadable { reported } => G::RegionUnreadable {
            reported: change(&reported),
        },
        G::ProfileNotCatalogued {
            profile,
            source_region,
            as_of,
        } => G::ProfileNotCatalogued {
            profile: change(&profile),
            source_region,
            as_of,
        },
        G::DestinationNotCatalogued {
            destination,
            profile,
            source_region,
            as_of,
        } => G::DestinationNotCatalogued {
            destination,
            profile: change(&profile),
            source_region,
            as_of,
        },
        G::DestinationNotCataloguedForModel {
            destination,
            model,
            source_region,
            as_of,
        } => G::DestinationNotCataloguedForModel {
            destination,
            model: change(&model),
            source_region,
            as_of,
        },
        G::UnknownModelId { id } => G::UnknownModelId { id: change(&id) },
        G::ApplicationProfileUnresolved { arn } => G::ApplicationProfileUnresolved { arn: change(&arn) },
        G::IndirectTarget { arn } => G::IndirectTarget { arn: change(&arn) },
        G::BlockedRegionNotNamed { profile } => G::BlockedRegionNotNamed {
            profile: change(&profile),
        },
        G::DenialNotExplained { profile } => G::DenialNotExplained {
            profile: change(&profile),
        },
        G::PlaceNotKnown { account } => G::PlaceNotKnown {
            account: change(&account),
        },
        G::PolicyUnresolved { account, reason } => G::PolicyUnresolved {
            account: change(&account),
            reason: change(&reason),
        },
    }
}

/// Returns the decision with each name, ARN and message changed.
pub(super) fn decision(decision: &PostureDecision, change: &dyn Fn(&str) -> String) -> PostureDecision {
    match decision.clone() {
        same @ PostureDecision::Compliant(_) => same,
        PostureDecision::NonCompliant(PostureViolation::RulesDoNotReceive {
            region,
            problems,
            not_observed,
        }) => PostureDecision::NonCompliant(PostureViolation::RulesDoNotReceive {
            region,
            problems: problems.into_iter().map(|item| problem(item, change)).collect(),
            not_observed: not_observed.into_iter().map(|item| unseen(&item, change)).collect(),
        }),
        PostureDecision::Undecided(PostureGap::NotObserved { region, not_observed }) => {
            PostureDecision::Undecided(PostureGap::NotObserved {
                region,
                not_observed: not_observed.into_iter().map(|item| unseen(&item, change)).collect(),
            })
        }
        PostureDecision::NonCompliant(PostureViolation::Settings {
            region,
            problems,
            unknown,
        }) => PostureDecision::NonCompliant(PostureViolation::Settings {
            region,
            problems: problems.into_iter().map(|item| wrong(item, change)).collect(),
            unknown: unknown.into_iter().map(|item| untold(item, change)).collect(),
        }),
        PostureDecision::Undecided(PostureGap::Settings { region, unknown }) => {
            PostureDecision::Undecided(PostureGap::Settings {
                region,
                unknown: unknown.into_iter().map(|item| untold(item, change)).collect(),
            })
        }
        PostureDecision::Undecided(PostureGap::RegionsNotListed { region, not_observed }) => {
            PostureDecision::Undecided(PostureGap::RegionsNotListed {
                region,
                not_observed: not_observed.into_iter().map(|item| unseen(&item, change)).collect(),
            })
        }
    }
}

fn problem(problem: RuleProblem, change: &dyn Fn(&str) -> String) -> RuleProblem {
    use RuleProblem as P;
    let all = |rules: Vec<String>| rules.iter().map(|rule| change(rule)).collect();
    match problem {
        // A SHA-256 is told by its beginning alone: marks around the whole would be cut off.
        P::OtherPolicy { policy_sha256, rules } => P::OtherPolicy {
            policy_sha256: policy_sha256.map(|sha256| sha256.chars().filter(char::is_ascii_alphanumeric).collect()),
            rules: all(rules),
        },
        P::Missing { rules } => P::Missing { rules: all(rules) },
        P::State { state, rules } => P::State {
            state: change(&state),
            rules: all(rules),
        },
        P::Pattern { rules } => P::Pattern { rules: all(rules) },
        P::TargetMissing { target, rules } => P::TargetMissing {
            target: change(&target),
            rules: all(rules),
        },
        P::TargetUnknown { target, rules } => P::TargetUnknown {
            target: change(&target),
            rules: all(rules),
        },
        P::TargetRewrites { rules } => P::TargetRewrites { rules: all(rules) },
        P::BusMissing { bus } => P::BusMissing { bus: change(&bus) },
        P::BusPolicy { bus } => P::BusPolicy { bus: change(&bus) },
        same @ P::NothingArrived { .. } => same,
    }
}

fn wrong(problem: Problem, change: &dyn Fn(&str) -> String) -> Problem {
    Problem {
        of: problem.of.into_iter().map(|of| of.renamed(change)).collect(),
        wrong: problem.wrong.with_texts(change),
    }
}

fn untold(unknown: Unknown, change: &dyn Fn(&str) -> String) -> Unknown {
    match unknown {
        Unknown::NotObserved(item) => Unknown::NotObserved(unseen(&item, change)),
        same @ (Unknown::NotReached | Unknown::ModalityUnstated { .. } | Unknown::DataRetentionUnstated) => same,
        Unknown::DestinationsNotListed { profile } => Unknown::DestinationsNotListed {
            profile: change(&profile),
        },
        Unknown::DependsOnTheCall { profiles, keys } => Unknown::DependsOnTheCall {
            profiles: profiles.iter().map(|profile| change(profile)).collect(),
            keys: keys.iter().map(|key| change(key)).collect(),
        },
        Unknown::OtherAccounts { of } => Unknown::OtherAccounts {
            of: Box::new(of.renamed(change)),
        },
        Unknown::NotUnderstood { of, part } => Unknown::NotUnderstood {
            of: Box::new(of.renamed(change)),
            part: change(&part),
        },
    }
}

fn unseen(item: &NotObserved, change: &dyn Fn(&str) -> String) -> NotObserved {
    NotObserved {
        action: change(&item.action),
        cause: change(&item.cause),
        passing: item.passing,
    }
}
