//! Every text in every language, from one sample of each variant.

mod settings;
mod unread;

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::{
    cloudtrail::BlockedRegion,
    decision::DenyingStatement,
    posture::{NotObserved, PostureBasis, PostureGap, PostureViolation, RuleProblem},
};

const LANGUAGES: [Language; 2] = [Language::En, Language::Ja];

fn regions(names: &[&str]) -> BTreeSet<crate::region::Region> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn violation_after(last: Option<&Violation>) -> Option<Violation> {
    use Violation as V;
    let denying = |statement: &str| DenyingStatement {
        policy: "p-abcd1234".to_owned(),
        policy_name: Some("Region deny".to_owned()),
        statement: statement.to_owned(),
        as_of: "2026-11-21T17:30:00Z".parse().unwrap(),
    };
    let scp = |blocked, policy: Option<&str>| V::DeniedByScp {
        profile: "us.anthropic.claude-sonnet-4-6".to_owned(),
        by: match blocked {
            BlockedRegion::Region(_) => vec![denying("OnlyTokyo")],
            BlockedRegion::Unspecified => vec![denying("OnlyTokyo"), denying("NoGlobal")],
            BlockedRegion::NotNamed => Vec::new(),
        },
        blocked,
        policy: policy.map(str::to_owned),
        explicit: true,
    };
    match last {
        None => Some(V::DestinationNotAllowed {
            destination: serde_json::from_str("\"ap-southeast-2\"").unwrap(),
            allowed: regions(&["ap-northeast-1", "ap-northeast-3"]),
        }),
        Some(V::DestinationNotAllowed { .. }) => Some(V::SourceNotAllowed {
            source_region: serde_json::from_str("\"us-west-2\"").unwrap(),
            allowed: regions(&["ap-northeast-1"]),
        }),
        Some(V::SourceNotAllowed { .. }) => Some(V::GlobalProfile {
            profile: "global.amazon.nova-2-lite-v1:0".to_owned(),
        }),
        Some(V::GlobalProfile { .. }) => Some(V::ProfileNotAllowed {
            profile: "apac.amazon.nova-lite-v1:0".to_owned(),
        }),
        Some(V::ProfileNotAllowed { .. }) => Some(V::DestinationNotListed {
            destination: serde_json::from_str("\"eu-north-1\"").unwrap(),
            profile: "apac.amazon.nova-lite-v1:0".to_owned(),
            source_region: serde_json::from_str("\"ap-northeast-1\"").unwrap(),
            listed_at: "2026-11-21T17:00:00Z".parse().unwrap(),
        }),
        Some(V::DestinationNotListed { .. }) => Some(V::DestinationNotListedForModel {
            destination: serde_json::from_str("\"eu-north-1\"").unwrap(),
            model: "amazon.nova-lite-v1:0".to_owned(),
            source_region: serde_json::from_str("\"ap-northeast-1\"").unwrap(),
            listed_at: "2026-11-21T17:00:00Z".parse().unwrap(),
        }),
        Some(V::DestinationNotListedForModel { .. }) => Some(scp(
            BlockedRegion::Region("us-east-2".parse().unwrap()),
            Some("arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-abcd1234"),
        )),
        Some(V::DeniedByScp { blocked, .. }) => match blocked {
            BlockedRegion::Region(_) => Some(scp(BlockedRegion::Unspecified, Some("p-abcd1234"))),
            BlockedRegion::Unspecified => Some(scp(BlockedRegion::NotNamed, None)),
            BlockedRegion::NotNamed => None,
        },
    }
}

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn gap_after(last: Option<&EvidenceGap>) -> Option<EvidenceGap> {
    use EvidenceGap as G;
    let profile = "us.amazon.nova-lite-v1:0".to_owned();
    match last {
        None => Some(G::RegionNotReported {
            profile,
            not_allowed: regions(&["us-east-1", "us-east-2"]),
        }),
        Some(G::RegionNotReported { .. }) => Some(G::GlobalRegionNotReported { profile }),
        Some(G::GlobalRegionNotReported { .. }) => Some(G::StreamRegionNotReported),
        Some(G::StreamRegionNotReported) => Some(G::RegionUnreadable {
            reported: "somewhere".to_owned(),
        }),
        Some(G::RegionUnreadable { .. }) => Some(G::ProfileNotCatalogued {
            profile,
            source_region: serde_json::from_str("\"us-west-2\"").unwrap(),
            as_of: "2026-10-31".parse().unwrap(),
        }),
        Some(G::ProfileNotCatalogued { .. }) => Some(G::DestinationNotCatalogued {
            destination: serde_json::from_str("\"eu-north-1\"").unwrap(),
            profile,
            source_region: serde_json::from_str("\"us-west-2\"").unwrap(),
            as_of: "2026-10-31".parse().unwrap(),
        }),
        Some(G::DestinationNotCatalogued { .. }) => Some(G::DestinationNotCataloguedForModel {
            destination: serde_json::from_str("\"eu-north-1\"").unwrap(),
            model: "amazon.nova-lite-v1:0".to_owned(),
            source_region: serde_json::from_str("\"us-west-2\"").unwrap(),
            as_of: "2026-10-31".parse().unwrap(),
        }),
        Some(G::DestinationNotCataloguedForModel { .. }) => Some(G::UnknownModelId {
            id: "acme.model-v1".to_owned(),
        }),
        Some(G::UnknownModelId { .. }) => Some(G::ApplicationProfileUnresolved {
            arn: "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/a1b2c3".to_owned(),
        }),
        Some(G::ApplicationProfileUnresolved { .. }) => Some(G::IndirectTarget {
            arn: "arn:aws:bedrock:us-west-2:111122223333:prompt/PROMPT1:1".to_owned(),
        }),
        Some(G::IndirectTarget { .. }) => Some(G::ModelNotNamed),
        Some(G::ModelNotNamed) => Some(G::BlockedRegionNotNamed { profile }),
        Some(G::BlockedRegionNotNamed { .. }) => Some(G::DenialNotExplained { profile }),
        Some(G::DenialNotExplained { .. }) => Some(G::PlaceNotKnown {
            account: "111122223333".to_owned(),
        }),
        Some(G::PlaceNotKnown { .. }) => Some(G::PolicyUnresolved {
            account: "111122223333".to_owned(),
            reason: "no path".to_owned(),
        }),
        Some(G::PolicyUnresolved { .. }) => None,
    }
}

/// Returns a sample of the decision after `last`; a new variant does not compile until it has one.
fn posture_after(last: Option<&PostureDecision>) -> Option<PostureDecision> {
    use PostureDecision as D;
    let region: crate::region::Region = "ap-northeast-3".parse().unwrap();
    let unseen = NotObserved::new("events:ListRules", "AccessDeniedException: not authorized");
    let not_receiving = |problem| {
        D::NonCompliant(PostureViolation::RulesDoNotReceive {
            region: "ap-northeast-3".parse().unwrap(),
            problems: vec![problem],
            not_observed: Vec::new(),
        })
    };
    match last {
        None => Some(D::Compliant(PostureBasis::RulesStand { region })),
        Some(D::Compliant(PostureBasis::RulesStand { .. })) => {
            Some(D::Compliant(PostureBasis::RegionNotEnabled { region }))
        }
        Some(D::Compliant(PostureBasis::RegionNotEnabled { .. })) => problem_after(None).map(not_receiving),
        Some(D::NonCompliant(PostureViolation::RulesDoNotReceive {
            problems, not_observed, ..
        })) => match problem_after(problems.last()) {
            Some(problem) => Some(not_receiving(problem)),
            None if not_observed.is_empty() => Some(D::NonCompliant(PostureViolation::RulesDoNotReceive {
                region,
                problems: every(problem_after),
                not_observed: vec![unseen],
            })),
            None => Some(D::Undecided(PostureGap::NotObserved {
                region,
                not_observed: vec![unseen, NotObserved::new("cloudwatch:GetMetricData", "Throttling")],
            })),
        },
        Some(D::Undecided(PostureGap::NotObserved { .. })) => Some(D::Undecided(PostureGap::RegionsNotListed {
            region,
            not_observed: vec![NotObserved::new("account:ListRegions", "AccessDeniedException: no")],
        })),
        // Those of settings are in a chain of their own.
        Some(
            D::Undecided(PostureGap::RegionsNotListed { .. } | PostureGap::Settings { .. })
            | D::Compliant(
                PostureBasis::AsAsked { .. }
                | PostureBasis::NotInUse { .. }
                | PostureBasis::NotAsked { .. }
                | PostureBasis::NothingThere { .. }
                | PostureBasis::ManagementAccount { .. },
            )
            | D::NonCompliant(PostureViolation::Settings { .. }),
        ) => None,
    }
}

/// Returns a sample of the problem after `last`; a new variant does not compile until it has one.
fn problem_after(last: Option<&RuleProblem>) -> Option<RuleProblem> {
    use RuleProblem as P;
    let rules = vec!["crisguard-forward-1".to_owned(), "crisguard-seen-calls".to_owned()];
    let bus = "crisguard".to_owned();
    match last {
        None => Some(P::Missing { rules }),
        Some(P::Missing { .. }) => Some(P::State {
            state: "DISABLED".to_owned(),
            rules,
        }),
        Some(P::State { .. }) => Some(P::Pattern { rules }),
        Some(P::Pattern { .. }) => Some(P::OtherPolicy {
            policy_sha256: Some("0123456789ab".to_owned()),
            rules,
        }),
        Some(P::OtherPolicy { policy_sha256, .. }) if policy_sha256.is_some() => Some(P::OtherPolicy {
            policy_sha256: None,
            rules,
        }),
        Some(P::OtherPolicy { .. }) => Some(P::TargetMissing {
            target: "arn:aws:events:ap-northeast-1:111122223333:event-bus/crisguard".to_owned(),
            rules,
        }),
        Some(P::TargetMissing { .. }) => Some(P::TargetUnknown {
            target: "arn:aws:sqs:ap-northeast-1:111122223333:elsewhere".to_owned(),
            rules,
        }),
        Some(P::TargetUnknown { .. }) => Some(P::TargetRewrites { rules }),
        Some(P::TargetRewrites { .. }) => Some(P::BusMissing { bus }),
        Some(P::BusMissing { .. }) => Some(P::BusPolicy { bus }),
        Some(P::BusPolicy { .. }) => Some(P::NothingArrived { calls: 1234, hours: 23 }),
        Some(P::NothingArrived { .. }) => None,
    }
}

fn every<T: Clone>(after: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    std::iter::successors(after(None), |last| after(Some(last))).collect()
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'ぁ'..='ヺ' | '一'..='龠'))
}

/// Returns every value in a reason's JSON but its tags: what must stand in its texts.
fn values(reason: &impl Serialize) -> Vec<String> {
    fn gather(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
            Value::Object(members) => members
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "kind" | "decision"))
                .for_each(|(_, value)| gather(value, into)),
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => into.push(number.to_string()),
        }
    }
    let mut into = Vec::new();
    gather(&serde_json::to_value(reason).unwrap(), &mut into);
    into
}

/// Writes the texts of each sample, and holds each to its form.
fn told<T: Reason + Serialize>(samples: &[T]) -> String {
    let mut lines = String::new();
    for sample in samples {
        for language in LANGUAGES {
            let text = explanation(sample, language);
            for value in values(sample) {
                assert!(text.contains(&value), "{language:?} lacks {value}: {text}");
            }
            assert_eq!(is_japanese(&text), language == Language::Ja, "{text}");
            assert!(!text.ends_with(['.', '。']) && !text.contains("  "), "{text}");
            lines.push_str(&text);
            lines.push('\n');
        }
    }
    lines
}

#[test]
fn every_violation_is_told_in_every_language() {
    insta::assert_snapshot!(told(&every(violation_after)));
}

#[test]
fn every_gap_is_told_in_every_language() {
    insta::assert_snapshot!(told(&every(gap_after)));
}

#[test]
fn every_decision_about_settings_is_told_in_every_language() {
    insta::assert_snapshot!(told(&[every(posture_after), settings::every_decision()].concat()));
}

/// Marks free texts, and holds that everything but the marks is told as it was.
fn hold_marked<T: Reason + Serialize + std::fmt::Debug>(sample: &T) {
    let marked = sample.with_texts(&|text| format!("⟨{text}⟩"));
    for language in LANGUAGES {
        let (plain, with_marks) = (explanation(sample, language), explanation(&marked, language));
        assert_eq!(with_marks.replace(['⟨', '⟩'], ""), plain, "{sample:?}");
        for value in values(sample) {
            let by_form = value.parse::<crate::region::Region>().is_ok()
                || value.parse::<jiff::civil::Date>().is_ok()
                || value.parse::<jiff::Timestamp>().is_ok()
                || value.parse::<u64>().is_ok_and(|number| number < 1_000_000)
                || ["0123456789ab", "text"].contains(&value.as_str());
            assert!(
                by_form || with_marks.contains(&format!("⟨{value}⟩")),
                "{value}: {with_marks}"
            );
        }
    }
}

#[test]
fn free_texts_can_be_marked_wherever_they_stand() {
    every(violation_after).iter().for_each(hold_marked);
    every(gap_after).iter().for_each(hold_marked);
    every(posture_after).iter().for_each(hold_marked);
    settings::every_decision().iter().for_each(hold_marked);
}

#[test]
fn a_verdict_is_told_as_what_is_in_it() {
    let (violation, gap) = (violation_after(None).unwrap(), gap_after(None).unwrap());
    for language in LANGUAGES {
        assert_eq!(
            explanation(&Verdict::NonCompliant(violation.clone()), language),
            explanation(&violation, language)
        );
        assert_eq!(
            explanation(&Verdict::Undecided(gap.clone()), language),
            explanation(&gap, language)
        );
    }
}

#[test]
fn long_lists_are_shortened_and_empty_ones_are_said() {
    let tell = |allowed| {
        let destination = serde_json::from_str("\"us-east-1\"").unwrap();
        explanation(&Violation::DestinationNotAllowed { destination, allowed }, Language::Ja)
    };
    assert!(tell(BTreeSet::new()).ends_with("（許可: なし）"));
    let ten = (0..10).map(|n| format!("ap-south-{n}").parse().unwrap()).collect();
    assert!(tell(ten).ends_with("ap-south-6、ap-south-7 ほか 2 リージョン）"));
}

/// Returns what stands in backticks.
fn commands(steps: &[&str]) -> Vec<String> {
    steps
        .iter()
        .flat_map(|step| step.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_control_says_the_same_in_every_language() {
    let mut lines = String::new();
    for id in ControlId::ALL {
        let (en, ja) = (control(id, Language::En), control(id, Language::Ja));
        assert_eq!(en.remedy.len(), ja.remedy.len(), "{id}");
        // With severity, Region and account it has to fit the 99 characters of an e-mail's subject.
        assert!(en.broken.len() <= 26 && is_japanese(ja.broken), "{id}: {}", en.broken);
        assert_eq!(commands(en.remedy), commands(ja.remedy), "{id}");
        for (en, ja) in en.remedy.iter().zip(ja.remedy) {
            for word in FROM_FINDING {
                assert_eq!(en.contains(word), ja.contains(word), "{id}: {word}: {ja}");
            }
            // What only machines read stands in both: actions, condition keys, parts of the policy.
            for word in en
                .split([' ', ',', '(', ')'])
                .filter(|word| word.contains(':') && word.len() > 10)
            {
                assert!(
                    ja.contains(word.trim_end_matches([':', ';', '`'])),
                    "{id}: {word}: {ja}"
                );
            }
        }
        assert!(
            is_japanese(ja.title) && is_japanese(ja.rationale) && !ja.title.ends_with('。'),
            "{id}"
        );
        assert!(ja.rationale.ends_with('。') && en.rationale.ends_with('.'), "{id}");
        assert!(
            ja.remedy.iter().all(|step| is_japanese(step) && !step.ends_with('。')),
            "{id}"
        );
        let steps = ja.remedy.join("\n- ");
        writeln!(lines, "{id}\n{}\n{}\n- {steps}\n", ja.title, ja.rationale).unwrap();
    }
    insta::assert_snapshot!(lines);
}

#[test]
fn severities_are_told_apart_in_every_language() {
    let all = [
        Severity::Informational,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];
    for language in LANGUAGES {
        let words: BTreeSet<&str> = all.iter().map(|level| severity(*level, language)).collect();
        assert_eq!(words.len(), all.len());
        assert!(
            words.iter().all(|word| is_japanese(word) == (language == Language::Ja)),
            "{words:?}"
        );
    }
}
