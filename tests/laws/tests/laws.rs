//! The laws.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test these are failures of the law"
)]

use std::{collections::BTreeMap, sync::LazyLock};

use crisguard_core::{
    account::AccountId,
    catalog::{Catalogue, Destinations, Live},
    cloudtrail::{Half, Invocation, ProcessedIn, Record, parse_envelope, parse_record},
    controls::{ControlId, assess},
    decision::{Assessment, Decision},
    exit::Exit,
    finding::{Finding, Findings, IDENTITIES, Message},
    model::ModelReference,
    pattern::{LONGEST, compile},
    policy::{Policy, PolicyDocument},
};
use crisguard_laws::{
    generate::{ACCOUNT, REGIONS, envelope, live, policy, record},
    matcher::matches,
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

/// The catalogue, with or without the account's own lists over it.
fn catalogue(with_live: bool) -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());
    static WITH_LIVE: LazyLock<Catalogue> = LazyLock::new(|| {
        let live = Live::from_json(live().to_string().as_bytes()).unwrap();
        CATALOGUE.clone().with_live(live)
    });
    if with_live { &WITH_LIVE } else { &CATALOGUE }
}

/// Leaves out the one control that the filter cannot know of: `profile-destinations-known` holds a
/// destination against what AWS lists, and an allowed destination is dropped even if no list has it.
fn within_the_filters_promise(mut assessments: Vec<Assessment>) -> Vec<Assessment> {
    assessments.retain(|assessment| assessment.control != ControlId::ProfileDestinationsKnown);
    assessments
}

fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

fn effective(document: &Value) -> Policy {
    PolicyDocument::parse(document.to_string().as_bytes())
        .unwrap()
        .for_account(&account(), None)
        .unwrap()
}

fn invocation(record: &Value) -> Option<Invocation> {
    match parse_record(record.to_string().as_bytes()) {
        Ok(Record::Inference(invocation)) => Some(*invocation),
        Ok(Record::NotBedrock | Record::NotInference { .. }) => None,
        Err(rejection) => panic!("a generated record was rejected: {rejection}: {record}"),
    }
}

fn decide(record: &Value, policy: &Policy, catalogue: &Catalogue) -> Option<(Invocation, Vec<Assessment>)> {
    invocation(record).map(|invocation| {
        let assessments = assess(&invocation, policy, catalogue);
        (invocation, assessments)
    })
}

fn is_compliant(assessment: &Assessment) -> bool {
    matches!(assessment.decision, Decision::Compliant(_))
}

fn is_violation(assessment: &Assessment) -> bool {
    matches!(assessment.decision, Decision::NonCompliant(_))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, ..ProptestConfig::default() })]

    /// The content filter drops nothing that is not compliant or not applicable:
    /// 2,500 policies, each with 8 records, so 20,000 decisions. The patterns were compiled without the
    /// account's own lists, which decide later.
    #[test]
    fn the_content_filter_drops_nothing_that_matters(document in policy(), records in vec(record(), 8), by_arn in any::<bool>(), live in any::<bool>()) {
        let catalogue = catalogue(live);
        let policy = effective(&document);
        let account = account();
        let compiled = compile(&policy, self::catalogue(false), by_arn.then_some(&account)).unwrap();
        let patterns: Vec<Value> = compiled.patterns.iter().map(|pattern| serde_json::from_str(&pattern.json).unwrap()).collect();
        prop_assert!(compiled.patterns.iter().all(|pattern| pattern.json.chars().count() <= LONGEST));
        for record in &records {
            let Some((_, assessments)) = decide(record, &policy, catalogue) else { continue };
            let assessments = within_the_filters_promise(assessments);
            if matches!(Exit::of(&assessments), Exit::Violation | Exit::Undecided) {
                let event = envelope(record);
                let matched = patterns.iter().any(|pattern| matches(pattern, &event).unwrap());
                prop_assert!(matched, "dropped: {record}\nunder: {document}\ndecided: {assessments:#?}");
            }
        }
    }

    /// Bytes of any kind are parsed or rejected, never a panic.
    #[test]
    fn parsing_never_panics(bytes in vec(any::<u8>(), 0..512), text in "\\PC{0,200}") {
        let _ = (parse_record(&bytes).is_ok(), parse_envelope(&bytes).is_ok(), parse_record(text.as_bytes()).is_ok());
        let _ = (PolicyDocument::parse(&bytes).is_ok(), PolicyDocument::parse(text.as_bytes()).is_ok());
    }

    /// A record with any member replaced by a value of any kind is parsed or rejected, never a panic.
    #[test]
    fn parsing_survives_odd_members(mut record in record(), which in any::<prop::sample::Index>(), odd in 0..6_usize) {
        let odd = [json!(null), json!(true), json!(-1.5), json!("x"), json!([1, {"a": []}]), json!({"a": {"b": null}})][odd].clone();
        let members = record.as_object_mut().unwrap();
        let name = members.keys().nth(which.index(members.len())).unwrap().clone();
        members.insert(name, odd);
        let parsed = (parse_record(record.to_string().as_bytes()), parse_envelope(envelope(&record).to_string().as_bytes()));
        drop(parsed);
    }

    /// The same record gives the same finding, whenever and in whatever order it is seen.
    #[test]
    fn findings_do_not_depend_on_order_or_repetition(document in policy(), records in vec(record(), 1..12), seed in any::<u64>(), live in any::<bool>()) {
        let catalogue = catalogue(live);
        let policy = effective(&document);
        let gather = |records: &[&Value]| -> Vec<Finding> {
            let mut findings = Findings::under(policy.sha256());
            for (invocation, assessments) in records.iter().filter_map(|record| decide(record, &policy, catalogue)) {
                for assessment in &assessments {
                    findings.add(&invocation, assessment);
                }
            }
            findings.into_messages()
        };
        let once: Vec<&Value> = records.iter().collect();
        let mut twice: Vec<&Value> = records.iter().chain(&records).collect();
        let length = twice.len();
        for (index, step) in (0..length).zip([seed, seed.rotate_left(17), seed.rotate_left(31)].into_iter().cycle()) {
            twice.swap(index, usize::try_from(step % length as u64).unwrap());
        }
        // What explains a finding may come from any of its records; what identifies and counts it may not.
        let essence = |findings: Vec<Finding>| -> Vec<_> {
            findings.into_iter().map(|f| (f.id, f.subject, f.control, f.count, f.identities, f.event_ids, f.sessions, f.first_seen, f.last_seen)).collect()
        };
        prop_assert_eq!(essence(gather(&once)), essence(gather(&twice)));
    }

    /// Allowing more adds no violation of the controls on Regions and profiles.
    #[test]
    fn widening_the_policy_adds_no_violation(document in policy(), record in record(), more in prop::sample::subsequence(REGIONS.to_vec(), 1..4), role in 0..4_usize, live in any::<bool>()) {
        let catalogue = catalogue(live);
        let mut wider = document.clone();
        let add = |list: &mut Value| {
            let list = list.as_array_mut().unwrap();
            if *list != [json!("*")] {
                list.extend(more.iter().map(|region| json!(region)));
            }
        };
        match role {
            0 => add(&mut wider["regions"]["source"]),
            1 => add(&mut wider["regions"]["destination"]),
            2 => wider["profiles"]["global"] = json!("allow"),
            _ => if let Some(list) = wider["profiles"].get_mut("allow") { list.as_array_mut().unwrap().push(json!("us.*")) },
        }
        let Some((_, before)) = decide(&record, &effective(&document), catalogue) else { return Ok(()) };
        let Some((_, after)) = decide(&record, &effective(&wider), catalogue) else { return Ok(()) };
        for (before, after) in before.iter().zip(&after).filter(|(before, _)| before.control.is_about_permission()) {
            prop_assert!(is_violation(before) || !is_violation(after), "{:?} became {:?}\n{record}\n{document}\n{wider}", before, after);
        }
    }

    /// Taking evidence away makes nothing compliant that was not.
    ///
    /// A destination that contradicts the catalogue is left out: without it, the catalogue is all
    /// that is known, and that contradiction is for `profile-destinations-known` to find.
    #[test]
    fn removing_evidence_makes_nothing_compliant(document in policy(), record in record(), member in 0..6_usize, live in any::<bool>()) {
        let catalogue = catalogue(live);
        let policy = effective(&document);
        let Some((full, before)) = decide(&record, &policy, catalogue) else { return Ok(()) };
        if contradicts(&full, catalogue) {
            return Ok(());
        }
        let mut less = record.clone();
        let name = ["additionalEventData", "requestParameters", "userIdentity", "serviceEventDetails", "errorMessage", "resources"][member];
        less.as_object_mut().unwrap().remove(name);
        let Some((_, after)) = decide(&less, &policy, catalogue) else { return Ok(()) };
        for (before, after) in before.iter().zip(&after) {
            let judged = matches!(before.decision, Decision::NonCompliant(_) | Decision::Undecided(_));
            prop_assert!(!judged || !is_compliant(after), "without {name}, {:?} became {:?}\n{record}\n{document}", before, after);
        }
    }

    /// What a finding message holds can be read back, and is bounded.
    #[test]
    fn findings_travel_whole(document in policy(), records in vec(record(), 1..40), live in any::<bool>()) {
        let catalogue = catalogue(live);
        let policy = effective(&document);
        let mut findings = Findings::under(policy.sha256());
        for (invocation, assessments) in records.iter().filter_map(|record| decide(record, &policy, catalogue)) {
            for assessment in &assessments {
                findings.add(&invocation, assessment);
            }
        }
        for finding in findings.into_messages() {
            prop_assert!(finding.count <= IDENTITIES);
            let message = Message::Invocations(Box::new(finding));
            let json = message.to_json().unwrap();
            prop_assert!(json.len() <= 64 * 1024);
            prop_assert_eq!(Message::from_json(&json).unwrap(), message);
        }
    }
}

/// Tells whether the record reports a destination that the catalogue does not list, or none can have.
fn contradicts(invocation: &Invocation, catalogue: &Catalogue) -> bool {
    let listed = match &invocation.target {
        ModelReference::Profile(profile) => catalogue.destinations(profile.id(), &invocation.source).cloned(),
        ModelReference::ApplicationProfile(arn) => catalogue.live().application(arn, &invocation.source),
        _ => None,
    };
    match (&invocation.processed_in, &listed) {
        (ProcessedIn::Destination(destination), Some(Destinations::Regions(regions))) => {
            !regions.contains(&destination.0)
        }
        (ProcessedIn::Destination(_) | ProcessedIn::Unreadable(_), None) => {
            invocation.target.stays_in_source() || invocation.half == Half::Whole
        }
        (ProcessedIn::Unreadable(_), _) => true,
        _ => false,
    }
}

/// The filter is worth having: an allowed majority is dropped.
#[test]
fn the_quiet_majority_is_dropped() {
    let catalogue = catalogue(false);
    let policy = effective(&json!({
        "version": 1,
        "regions": { "source": ["ap-northeast-1"], "destination": ["ap-northeast-1", "ap-northeast-3"] },
        "profiles": { "global": "deny", "allow": ["jp.*"] }
    }));
    let compiled = compile(&policy, catalogue, Some(&account())).unwrap();
    let patterns: Vec<Value> = compiled
        .patterns
        .iter()
        .map(|pattern| serde_json::from_str(&pattern.json).unwrap())
        .collect();
    let jp = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0";
    let call = |name: &str, model: &str, region: Option<&str>| {
        let data = region.map_or_else(
            || json!(null),
            |region| json!({ "inferenceRegion": region, "inputTokens": 3 }),
        );
        json!({"eventSource": "bedrock.amazonaws.com", "eventName": name, "eventType": "AwsApiCall", "awsRegion": "ap-northeast-1",
            "requestParameters": {"modelId": model}, "additionalEventData": data})
    };
    let end = json!({"eventSource": "bedrock.amazonaws.com", "eventName": "ConverseStream", "eventType": "AwsServiceEvent", "awsRegion": "ap-northeast-1",
        "serviceEventDetails": {"parentRequestId": "r", "AdditionalEventData": {"additionalEntries": {"inferenceRegion": "ap-northeast-3"}}}});
    let mantle = json!({"eventSource": "bedrock-mantle.amazonaws.com", "eventName": "CreateInference", "eventType": "AwsApiCall", "awsRegion": "ap-northeast-1",
        "requestParameters": {"model": "anthropic.claude-opus-4-7"}});
    let quiet = [
        call("Converse", jp, Some("ap-northeast-3")),
        call("Converse", jp, Some("ap-northeast-1")),
        call("Converse", jp, None),
        call("ConverseStream", jp, None),
        call("InvokeModel", "anthropic.claude-3-haiku-20240307-v1:0", None),
        call(
            "InvokeModel",
            "arn:aws:bedrock:ap-northeast-1::foundation-model/amazon.nova-lite-v1:0",
            None,
        ),
        call(
            "InvokeModelWithResponseStream",
            &format!("arn:aws:bedrock:ap-northeast-1:{ACCOUNT}:inference-profile/{jp}"),
            None,
        ),
        call("ListFoundationModels", "", None),
        call("GetGuardrail", "", None),
        end,
        mantle,
    ];
    for record in quiet {
        let event = envelope(&record);
        let matched: Vec<&str> = compiled
            .patterns
            .iter()
            .zip(&patterns)
            .filter(|(_, pattern)| matches(pattern, &event).unwrap())
            .map(|(p, _)| p.name)
            .collect();
        assert!(matched.is_empty(), "let through by {matched:?}: {record}");
    }
}

/// What the account's own list tells of a profile takes no compliant decision of another control away,
/// and gives none that the list does not bear out: an undecided application profile alone is decided.
#[test]
fn a_list_decides_application_profiles_alone() {
    use proptest::strategy::{Strategy, ValueTree};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut resolved = 0;
    for _ in 0..4_000 {
        let document = policy().new_tree(&mut runner).unwrap().current();
        let record = record().new_tree(&mut runner).unwrap().current();
        let policy = effective(&document);
        let Some((invocation, without)) = decide(&record, &policy, catalogue(false)) else {
            continue;
        };
        let Some((_, with)) = decide(&record, &policy, catalogue(true)) else {
            continue;
        };
        let without = within_the_filters_promise(without);
        for (without, with) in without.iter().zip(&within_the_filters_promise(with)) {
            if without != with {
                assert!(
                    matches!(without.decision, Decision::Undecided(_)),
                    "{without:?} became {with:?}"
                );
                assert!(
                    matches!(invocation.target, ModelReference::ApplicationProfile(_)),
                    "{record}"
                );
                resolved += 1;
            }
        }
    }
    assert!(resolved > 10, "only {resolved}");
}

/// Generated records reach every exit and every control's every outcome, so the laws are not empty.
#[test]
fn the_generators_reach_every_decision() {
    use proptest::strategy::{Strategy, ValueTree};
    let catalogue = catalogue(true);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<(ControlId, &str), usize> = BTreeMap::new();
    for _ in 0..4_000 {
        let document = policy().new_tree(&mut runner).unwrap().current();
        let record = record().new_tree(&mut runner).unwrap().current();
        for assessment in decide(&record, &effective(&document), catalogue)
            .map(|(_, assessments)| assessments)
            .into_iter()
            .flatten()
        {
            *seen
                .entry((assessment.control, assessment.decision.name()))
                .or_default() += 1;
        }
    }
    for control in ControlId::about_invocations() {
        for decision in ["compliant", "non-compliant", "undecided", "not-applicable"] {
            if (control, decision) != (ControlId::SourceRegionAllowed, "undecided") {
                assert!(
                    seen.contains_key(&(control, decision)),
                    "{control} is never {decision}: {seen:?}"
                );
            }
        }
    }
}
