//! The laws of the audit: what it comes to depends on what was read and asked, and on nothing else.

#![expect(clippy::unwrap_used, reason = "in a test these are failures of the law")]

mod requests;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::LazyLock,
};

use crisguard_core::{
    catalog::Catalogue,
    cloudtrail::{Half, Record, parse_record},
    controls::assess,
    finding::Findings,
    invocation_log,
    policy::PolicyDocument,
    tally::{Audit, FindingDecision, LogFileName, Outcome, Question, Rejected, Row, Scope, Tally, Unread},
};
use crisguard_laws::generate;
use proptest::{collection::vec, option, prelude::*, sample::select};
use requests::{ACCOUNTS, Item, item, place, request, scope, silenced, told, told_of_few};
use serde_json::{Value, json};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::embedded().unwrap());

fn read<'a>(items: impl IntoIterator<Item = &'a Item>) -> Tally {
    let mut tally = Tally::new();
    for item in items {
        match item {
            Item::Record(record) => match parse_record(record.to_string().as_bytes()).unwrap() {
                Record::Inference(invocation) => tally.add(&invocation),
                Record::NotInference { .. } => tally.count_not_inference(1),
                Record::NotBedrock => tally.count_not_bedrock(1),
            },
            Item::Log(entry) => tally.add_logged(&invocation_log::parse(entry.to_string().as_bytes()).unwrap()),
            Item::File(path, readable) => tally.file(100, LogFileName::parse(path).as_ref(), *readable),
            Item::NotBedrock => tally.count_not_bedrock(1),
            Item::NotInference => tally.count_not_inference(1),
            Item::Rejected(record) => tally.reject(Rejected::new("x.json", Some(*record), &Unread::NoObject)),
        }
    }
    tally
}

fn ask_spilled(tally: Tally, spilled: Vec<Vec<Row>>, policy: Option<&PolicyDocument>, scope: &Scope) -> Audit {
    let question = Question {
        policy,
        places: &BTreeMap::new(),
        catalogue: &CATALOGUE,
        scope: scope.clone(),
    };
    tally
        .conclude(spilled.into_iter().map(Ok::<_, Infallible>), &question)
        .unwrap()
}

fn ask(tally: Tally, policy: &PolicyDocument) -> Audit {
    ask_spilled(tally, Vec::new(), Some(policy), &Scope::everything())
}

fn document(policy: &Value) -> PolicyDocument {
    PolicyDocument::parse(policy.to_string().as_bytes()).unwrap()
}

fn strict(policy: &Value) -> PolicyDocument {
    let mut policy = policy.clone();
    policy.as_object_mut().unwrap().remove("exceptions");
    document(&policy)
}

/// Returns the requests of which some invocation is decided so, by their callers.
fn callers(audit: &Audit, outcome: Outcome) -> BTreeSet<&str> {
    let flows = audit.flows.iter().filter(|flow| flow.outcome == Some(outcome));
    flows.map(|flow| flow.principal.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// However what is read is cut, in whatever order it is read and merged, whether tallies are stored between and
    /// rows put aside: the audit is the same to the byte.
    #[test]
    fn an_audit_depends_on_what_was_read_alone(
        items in vec(item(), 0..40),
        seed in vec((any::<u32>(), 0..5_usize), 40),
        stored in any::<[bool; 5]>(),
        partitions in option::of(1..6_u32),
        policy in option::of(generate::policy()),
        scope in scope(),
    ) {
        let policy = policy.as_ref().map(document);
        let expected = ask_spilled(read(&items), Vec::new(), policy.as_ref(), &scope);

        let mut shuffled: Vec<(u32, usize, &Item)> = seed.iter().zip(&items).map(|((key, part), item)| (*key, *part, item)).collect();
        shuffled.sort_by_key(|(key, ..)| *key);
        let mut parts: Vec<Tally> = (0..5).map(|part| read(shuffled.iter().filter(|(_, of, _)| *of == part).map(|(.., item)| *item))).collect();
        for (part, stored) in parts.iter_mut().zip(stored) {
            if stored {
                let rows = part.take_rows().into_iter().map(|row| Row::from_bytes(&row.to_bytes())).collect();
                *part = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
                part.put_rows(rows);
            }
        }
        // Any tree: the next takes in the last, or the last takes in the next.
        let mut whole = parts.pop().unwrap();
        for (mut part, (key, _)) in parts.into_iter().zip(&seed) {
            if key % 2 == 0 {
                whole.merge(part);
            } else {
                part.merge(whole);
                whole = part;
            }
        }
        let mut spilled = Vec::new();
        if let Some(of) = partitions {
            let rows = whole.take_rows();
            spilled = (0..of).map(|part| rows.iter().copied().filter(|row| row.partition(of) == part).collect()).collect();
        }
        let actual = ask_spilled(whole, spilled, policy.as_ref(), &scope);
        prop_assert_eq!(serde_json::to_string_pretty(&expected).unwrap(), serde_json::to_string_pretty(&actual).unwrap());
    }

    /// Every record leaves through one exit, and whatever is told of invocations is told of all of them.
    #[test]
    fn what_is_told_adds_up(items in vec(item(), 0..40), policy in option::of(generate::policy()), scope in scope()) {
        let policy = policy.as_ref().map(document);
        let audit = ask_spilled(read(&items), Vec::new(), policy.as_ref(), &scope);
        let Value::Object(exits) = serde_json::to_value(audit.exits).unwrap() else { return Err(TestCaseError::fail("an object")) };
        let records = items.iter().filter(|item| !matches!(item, Item::File(..))).count() as u64;
        prop_assert_eq!(exits.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), records);
        prop_assert_eq!(audit.read.records, records);
        let exits = audit.exits;
        prop_assert_eq!(audit.read.bedrock_records, records - exits.not_bedrock - exits.rejected);
        let invocations = audit.read.invocations;
        let not_inference = items.iter().filter(|item| matches!(item, Item::NotInference)).count() as u64;
        prop_assert_eq!(exits.compliant + exits.violation + exits.undecided + exits.not_applicable, invocations + not_inference);
        prop_assert_eq!(audit.routes.iter().map(|route| route.invocations).sum::<u64>(), invocations);
        prop_assert_eq!(audit.flows.iter().map(|flow| flow.invocations).sum::<u64>(), invocations);
        prop_assert_eq!(audit.accounts.iter().map(|account| account.invocations).sum::<u64>(), invocations);
        for account in &audit.accounts {
            for decided in account.controls.values() {
                prop_assert_eq!(decided.compliant + decided.non_compliant + decided.undecided + decided.not_applicable, account.invocations);
            }
        }
        for finding in &audit.findings {
            prop_assert_eq!(finding.months.values().sum::<u64>(), finding.invocations);
            prop_assert!(finding.first_seen <= finding.last_seen && !finding.event_ids.is_empty());
        }
        let bad = audit.findings.iter().filter(|finding| finding.decision == FindingDecision::NonCompliant).count();
        prop_assert_eq!(bad > 0, exits.violation > 0);
    }

    /// What breaks the policy by some records breaks it by more of them, too: nothing that is read later, of the same
    /// request or of others, makes it compliant. So taking a record away makes nothing compliant that is a violation
    /// by what is left.
    ///
    /// Of a request, calls and logs name the same model here, as they do; places contradict each other. Exceptions
    /// are left out: one for a profile covers a stream's end only once the call that names the profile is there.
    #[test]
    fn more_evidence_lifts_no_violation(items in vec(told_of_few(), 1..6), more in told_of_few(), policy in generate::policy()) {
        let policy = strict(&policy);
        let before = ask(read(&items), &policy);
        let after = ask(read(items.iter().chain([&more])), &policy);
        let (before, after) = (callers(&before, Outcome::Violation), callers(&after, Outcome::Violation));
        prop_assert!(before.is_subset(&after), "{:?} became {:?} by {:?}", before, after, more);
    }

    /// A stream's end or a log that says nothing of the place changes nothing about a call: in particular, that there
    /// is an end is no proof of where it was.
    #[test]
    fn what_says_nothing_of_the_place_changes_nothing(request in request(), call in place(), ends in any::<bool>(), policy in generate::policy()) {
        let policy = document(&policy);
        let mut record = request.call("ConverseStream");
        if let Some(place) = call {
            record.as_object_mut().unwrap().insert("additionalEventData".to_owned(), json!({ "inferenceRegion": place }));
        }
        let silent = if ends { Item::Record(silenced(request.end())) } else { Item::Log(silenced(request.log())) };
        let record = Item::Record(record);
        let (alone, joined) = (ask(read([&record]), &policy), ask(read([&silent, &record]), &policy));
        prop_assert_eq!((&alone.flows, &alone.findings), (&joined.flows, &joined.findings));
        prop_assert_eq!(joined.exits.joined, 1);
    }

    /// The same record twice is counted, and changes nothing else.
    #[test]
    fn a_duplicate_changes_its_own_count_alone(items in vec(item(), 0..20), again in told(), times in 1..4_usize, policy in generate::policy()) {
        let policy = document(&policy);
        let items: Vec<&Item> = items.iter().chain([&again]).collect();
        let mut once = ask(read(items.iter().copied()), &policy);
        let twice = ask(read(items.iter().copied().chain(std::iter::repeat_n(&again, times))), &policy);
        for count in [&mut once.exits.duplicate, &mut once.read.records, &mut once.read.bedrock_records] {
            *count += times as u64;
        }
        prop_assert_eq!(once, twice);
    }

    /// Of a stream's two halves, the call says who, where and through what, and the end where it was processed.
    #[test]
    fn two_halves_are_one_invocation(request in request(), destination in select(generate::REGIONS.to_vec()), in_order in any::<bool>(), policy in generate::policy()) {
        let mut end = request.end();
        let details = end.pointer_mut("/serviceEventDetails").unwrap().as_object_mut().unwrap();
        details.insert("AdditionalEventData".to_owned(), json!({ "additionalEntries": { "inferenceRegion": destination } }));
        let mut halves = [Item::Record(request.call("ConverseStream")), Item::Record(end)];
        if !in_order {
            halves.reverse();
        }
        let audit = ask(read(&halves), &document(&policy));
        prop_assert_eq!((audit.read.records, audit.read.invocations, audit.exits.joined), (2, 1, 1));
        let [flow] = audit.flows.as_slice() else { return Err(TestCaseError::fail("one flow")) };
        // A model without a profile is processed where it is called, whatever is said elsewhere: both are heard.
        if request.model() != "amazon.nova-lite-v1:0" {
            prop_assert_eq!(flow.destination.as_ref().unwrap().0.as_str(), destination);
        }
        let model = request.model();
        let profile = (model.contains("inference-profile") || !model.starts_with("amazon.") && model != "world.x").then_some(model);
        prop_assert_eq!(flow.profile.as_deref(), profile);
    }

    /// A record that stands for itself has the findings that the alerts tell of, by the same ids.
    ///
    /// A stream is not such a record: the alerts tell of its halves one by one, and of the end without a profile.
    #[test]
    fn findings_have_the_ids_of_the_alerts(records in vec(generate::record(), 1..12), policy in generate::policy()) {
        let policy = document(&policy);
        let effective = policy.for_account(&ACCOUNTS[0].parse().unwrap(), None).unwrap();
        let (mut tally, mut alerts) = (Tally::new(), Findings::under(policy.sha256()));
        for (number, mut record) in records.into_iter().enumerate() {
            let members = record.as_object_mut().unwrap();
            members.insert("eventID".to_owned(), json!(format!("e-{number}")));
            members.insert("requestID".to_owned(), json!(format!("r-{number}")));
            if let Some(details) = members.get_mut("serviceEventDetails") {
                details.as_object_mut().unwrap().insert("parentRequestId".to_owned(), json!(format!("p-{number}")));
            }
            let Record::Inference(invocation) = parse_record(record.to_string().as_bytes()).unwrap() else { continue };
            if invocation.half == Half::StreamCall {
                continue;
            }
            tally.add(&invocation);
            for assessment in &assess(&invocation, &effective, &CATALOGUE) {
                alerts.add(&invocation, assessment);
            }
        }
        let audit = ask(tally, &policy);
        let told: BTreeMap<(String, bool), u64> = audit
            .findings
            .into_iter()
            .map(|finding| ((finding.id, finding.decision == FindingDecision::NonCompliant), finding.invocations))
            .collect();
        let expected: BTreeMap<(String, bool), u64> = alerts
            .into_messages()
            .into_iter()
            .map(|finding| ((finding.id, finding.verdict.is_violation()), finding.count as u64))
            .collect();
        prop_assert_eq!(told, expected);
    }
}

/// A call that CloudTrail says was refused, and of which the invocation log has an entry, was seen by a model.
#[test]
fn a_refusal_takes_back_no_entry_of_the_log() {
    let who = json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/a" });
    let (id, model) = (
        "9a4c9d33-2a0e-4f0a-9a4c-1c2d3e4f5a01",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    );
    let log = Item::Log(json!({
        "schemaType": "ModelInvocationLog", "timestamp": "2026-11-21T10:00:00Z", "accountId": "111122223333",
        "region": "ap-northeast-1", "requestId": id, "operation": "Converse", "modelId": model, "identity": who,
    }));
    let refused = Item::Record(json!({
        "eventSource": "bedrock.amazonaws.com", "eventName": "Converse", "eventType": "AwsApiCall", "eventID": "e",
        "requestID": id, "eventTime": "2026-11-21T10:00:00Z", "awsRegion": "ap-northeast-1",
        "recipientAccountId": "111122223333", "userIdentity": who, "requestParameters": { "modelId": model },
        "errorCode": "AccessDenied",
    }));
    let policy = document(&json!({
        "version": 1, "regions": { "source": ["ap-northeast-1"], "destination": ["ap-northeast-1"] },
        "profiles": { "global": "deny" },
    }));
    let alone = ask(read([&refused]), &policy);
    assert_eq!((alone.exits.violation, alone.exits.not_applicable), (0, 1));
    let both = ask(read([&log, &refused]), &policy);
    assert_eq!((both.exits.violation, both.exits.joined), (1, 1));
}
