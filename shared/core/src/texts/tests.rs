//! Every text in every language, from one sample of each variant.

use std::{collections::BTreeSet, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::cloudtrail::BlockedRegion;

const LANGUAGES: [Language; 2] = [Language::En, Language::Ja];

fn regions(names: &[&str]) -> BTreeSet<crate::region::Region> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// Returns a sample of the variant after `last`; a new variant does not compile until it has one.
fn violation_after(last: Option<&Violation>) -> Option<Violation> {
    use Violation as V;
    let scp = |blocked, policy: Option<&str>| V::DeniedByScp {
        profile: "us.anthropic.claude-sonnet-4-6".to_owned(),
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
        Some(V::ProfileNotAllowed { .. }) => Some(scp(
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
        Some(G::ProfileNotCatalogued { .. }) => Some(G::UnknownModelId {
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
        Some(G::DenialNotExplained { .. }) => Some(G::PolicyUnresolved {
            account: "111122223333".to_owned(),
            reason: "no path".to_owned(),
        }),
        Some(G::PolicyUnresolved { .. }) => None,
    }
}

fn every<T: Clone>(after: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    std::iter::successors(after(None), |last| after(Some(last))).collect()
}

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, 'ぁ'..='ヺ' | '一'..='龠'))
}

/// Returns every value in a reason's JSON but its kinds: what must stand in its texts.
fn values(reason: &impl Serialize) -> Vec<String> {
    fn gather(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
            Value::Object(members) => members
                .iter()
                .filter(|(name, _)| *name != "kind")
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
                assert!(ja.contains(word.trim_end_matches(':')), "{id}: {word}: {ja}");
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
