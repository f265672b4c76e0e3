//! Which records are one invocation, and what it comes to.

use super::{super::resolve::Resolver, *};
use crate::{
    controls::{ControlId, assess},
    finding::FindingKey,
};

#[test]
fn a_call_is_an_invocation_decided_as_the_alerts_decide_it() {
    let record = call(1, "Converse", GLOBAL, Some("ap-southeast-1"));
    let audit = audit(std::slice::from_ref(&record));
    assert_eq!(exits(&audit), "violation 1");
    let one = invocation(&record);
    let policy = PolicyDocument::parse(POLICY.as_bytes())
        .unwrap()
        .for_account(&one.account, None)
        .unwrap();
    let assessments = assess(&one, &policy, &Catalogue::embedded().unwrap());
    let expected: Vec<(String, String)> = assessments
        .iter()
        .filter(|assessment| assessment.decision.name() == "non-compliant")
        .map(|assessment| {
            (
                FindingKey::of(assessment.control, &one).id(),
                assessment.decision.to_string(),
            )
        })
        .collect();
    let found: Vec<(String, String)> = audit
        .findings
        .iter()
        .map(|finding| (finding.id.clone(), finding.explanation.clone()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(
        audit.findings.iter().map(|finding| finding.control).collect::<Vec<_>>(),
        [ControlId::DestinationRegionAllowed, ControlId::GlobalProfileAllowed]
    );
    let first = &audit.findings[0];
    assert_eq!(first.event_ids.iter().collect::<Vec<_>>(), [&uuid(1001)]);
    assert_eq!(first.months, BTreeMap::from([("2026-11".to_owned(), 1)]));
    assert_eq!(first.first_seen.to_string(), "2026-11-21T10:00:00Z");
}

#[test]
fn the_two_halves_of_a_stream_are_one_invocation() {
    let halves = [call(1, "ConverseStream", JP, None), end(1, "ap-northeast-3")];
    let both = audit(&halves);
    assert_eq!(exits(&both), "compliant 1, joined 1");
    assert_eq!(flows(&both), ["jp to ap-northeast-3: Compliant 1"]);
    assert_eq!((both.read.records, both.read.invocations), (2, 1));
    assert_eq!(both.last_seen.unwrap().to_string(), "2026-11-21T10:00:00Z");
    // The end alone names no profile; the call alone does not say where it went, which is no proof that it stayed.
    assert_eq!(flows(&audit(&halves[1..])), ["- to ap-northeast-3: Compliant 1"]);
    let open = [call(
        1,
        "ConverseStream",
        "apac.anthropic.claude-sonnet-4-20250514-v1:0",
        None,
    )];
    assert_eq!(flows(&audit(&open)), ["apac to ?: Undecided 1"]);
    // And where it went is what counts.
    assert_eq!(
        flows(&audit(&[open[0].clone(), end(1, "ap-southeast-2")])),
        ["apac to ap-southeast-2: Violation 1"]
    );
}

#[test]
fn what_was_delivered_twice_counts_once() {
    let one = call(1, "Converse", JP, Some("ap-northeast-3"));
    let mut again = one.clone();
    again["eventID"] = json!(uuid(7));
    again["addendum"] = json!({ "reason": "UPDATED_DATA", "originalEventID": uuid(1001) });
    let told = audit(&[one.clone(), again, one, end(2, "ap-northeast-3"), {
        // A trail with data events has a copy of a stream's end, with an id of its own.
        let mut copy = end(2, "ap-northeast-3");
        copy["eventID"] = json!(uuid(8));
        copy
    }]);
    assert_eq!(exits(&told), "compliant 2, duplicate 3");
    let stream = [
        call(2, "ConverseStream", JP, None),
        end(2, "ap-northeast-3"),
        end(2, "ap-northeast-3"),
    ];
    assert_eq!(exits(&audit(&stream)), "compliant 1, duplicate 1, joined 1");
}

#[test]
fn a_log_tells_where_a_call_went_and_stands_for_one_that_has_no_record() {
    let silent = call(1, "Converse", JP, None);
    assert_eq!(flows(&audit(std::slice::from_ref(&silent))), ["jp to ?: Compliant 1"]);
    let told = audit(&[silent, log(1, JP, Some("us-east-1"))]);
    assert_eq!(exits(&told), "violation 1, joined 1");
    assert_eq!(flows(&told), ["jp to us-east-1: Violation 1"]);
    let alone = audit(&[log(1, GLOBAL, None)]);
    assert_eq!(flows(&alone), ["global to ?: Violation 1"]);
    assert_eq!(alone.flows[0].principal, "arn:aws:sts::111122223333:assumed-role/app");
    // Beside a stream's end it is the one that names the profile.
    let ended = audit(&[log(1, GLOBAL, None), end(1, "ap-northeast-3")]);
    assert_eq!(flows(&ended), ["global to ap-northeast-3: Violation 1"]);
    assert_eq!(exits(&ended), "violation 1, joined 1");
    // A model without a profile is processed where it is called, though its entry does not say so...
    assert_eq!(
        flows(&audit(&[log(1, "amazon.nova-lite-v1:0", None)])),
        ["- to ap-northeast-1: Compliant 1"]
    );
    // ... but that is no word about the profile that the call named.
    let told = audit(&[call(1, "Converse", GLOBAL, None), log(1, "amazon.nova-lite-v1:0", None)]);
    assert_eq!(flows(&told), ["global to ?: Violation 1"]);
}

#[test]
fn where_records_disagree_the_worst_counts() {
    let near = call(1, "Converse", JP, Some("ap-northeast-3"));
    let far = call(1, "Converse", JP, Some("us-east-1"));
    let unreadable = call(1, "Converse", JP, Some("nowhere"));
    let silent = call(1, "Converse", JP, None);
    for (records, expected) in [
        (vec![&near, &far], "jp to us-east-1: Violation 1"),
        (vec![&near, &unreadable], "jp to ap-northeast-3: Compliant 1"),
        (vec![&silent, &unreadable], "jp to ?: Undecided 1"),
        (vec![&silent, &near], "jp to ap-northeast-3: Compliant 1"),
    ] {
        let mut records: Vec<Value> = records.into_iter().cloned().collect();
        for _ in 0..2 {
            let told = audit(&records);
            assert_eq!(flows(&told), [expected]);
            assert_eq!(told.exits.duplicate, 1);
            records.reverse();
        }
    }
    // A call that was denied, and yet a stream's end that says that it was processed.
    let mut denied = call(1, "ConverseStream", JP, None);
    denied["errorCode"] = json!("ThrottlingException");
    assert_eq!(flows(&audit(&[denied.clone()])), ["jp to ?: NotApplicable 1"]);
    assert_eq!(
        flows(&audit(&[denied, end(1, "us-east-1")])),
        ["jp to us-east-1: Violation 1"]
    );
}

#[test]
fn events_that_share_an_id_are_two_if_their_names_differ() {
    let mut one = call(1, "Converse", JP, Some("ap-northeast-3"));
    one.as_object_mut().unwrap().remove("requestID");
    let mut other = one.clone();
    other["eventName"] = json!("InvokeModel");
    let mut elsewhere = one.clone();
    elsewhere["recipientAccountId"] = json!("444455556666");
    assert_eq!(
        exits(&audit(&[one.clone(), other, elsewhere, one])),
        "compliant 3, duplicate 1"
    );
    // Whether they have a request in common or not.
    let one = call(1, "Converse", JP, Some("ap-northeast-3"));
    let mut other = one.clone();
    other["eventName"] = json!("InvokeModel");
    assert_eq!(exits(&audit(&[one, other])), "compliant 2");
}

#[test]
fn a_request_of_another_account_or_region_is_another_one() {
    let call = call(1, "ConverseStream", JP, None);
    let (mut account, mut region) = (end(1, "us-east-1"), end(1, "us-east-1"));
    account["recipientAccountId"] = json!("444455556666");
    region["awsRegion"] = json!("us-east-1");
    assert_eq!(audit(&[call, account, region]).read.invocations, 3);
}

#[test]
fn that_a_model_cannot_leave_is_no_word_about_a_profile() {
    // Two copies of an event that contradict each other: the one names a model, which stays where it is called.
    let near = call(1, "Converse", "amazon.nova-lite-v1:0", None);
    let mut far = call(1, "Converse", "apac.anthropic.claude-sonnet-4-20250514-v1:0", None);
    assert_eq!(flows(&audit(&[near.clone(), far.clone()])), ["apac to ?: Undecided 1"]);
    // What it reports is another matter.
    far["additionalEventData"] = json!({ "inferenceRegion": "ap-northeast-1" });
    assert_eq!(audit(&[near, far]).exits.compliant, 1);
}

/// Ids of requests are given by AWS. Were one chosen so that its group is that of another account's request, the two
/// would still be two.
#[test]
fn requests_of_two_accounts_are_never_joined_whatever_their_ids() {
    let group_of = |account: &str| Id::of_parts(&[b"requests", account.as_bytes(), b"ap-northeast-1"]);
    let chosen = Id::of_uuid(&uuid(1))
        .unwrap()
        .mixed(group_of("111122223333"))
        .mixed(group_of("444455556666"));
    let mut forged = end(1, "ap-northeast-3");
    forged["recipientAccountId"] = json!("444455556666");
    forged["serviceEventDetails"]["parentRequestId"] = json!(chosen.to_uuid());
    let mine = call(1, "ConverseStream", GLOBAL, None);
    let mut both = tally(&[mine, forged]);
    let rows = both.take_rows();
    assert_eq!(rows[0].group, rows[1].group);
    both.put_rows(rows);
    let audit = ask(both, Some(POLICY), Scope::everything());
    assert_eq!((audit.exits.joined, audit.read.invocations), (0, 2));
}

/// Whoever makes records up, each with another Region of the same request, is not to have each decided about all others:
/// that would take hours, and more memory than there is.
#[test]
fn a_request_that_was_everywhere_is_undecided_and_takes_no_more_than_its_records() {
    let near = |n: usize| format!("ap-made-{n}");
    let everywhere = POLICY.replace("destination: [ap-northeast-1", "destination: [ap-made-1");
    let regions: Vec<String> = (0..3_000).map(near).collect();
    let policy = everywhere.replace("ap-made-1", &regions.join(", "));
    // Of a model without a profile no other control is undecided.
    let model = |region: &String| call(1, "Converse", "amazon.nova-lite-v1:0", Some(region));
    let calls: Vec<Value> = regions.iter().map(model).collect();
    let ends = regions.iter().map(|region| end(1, region));
    let streams: Vec<Value> = (0..3_000)
        .map(|n| {
            let mut call = call(1, "ConverseStream", JP, None);
            call["eventID"] = json!(uuid(5000 + n));
            call
        })
        .chain(ends)
        .collect();
    // Of a kind are records that say the same but for ids and times: each is decided about where it was itself, about
    // eight places of others and about too many of them.
    for (records, kinds, invocations) in [(calls, 3_000, 1), (streams, 1, 3_000)] {
        let tally = tally(&records);
        let decided = asked(Some(&policy), Scope::everything(), |question| {
            let mut resolver = Resolver::new(question, &tally.evidence);
            resolver.resolve(tally.rows.clone());
            resolver.end().1.cases.len()
        });
        assert!(decided <= 10 * kinds, "{decided}");
        let told = ask(tally, Some(&policy), Scope::everything());
        assert_eq!(
            (told.read.invocations, told.exits.undecided),
            (invocations, invocations)
        );
        if invocations == 1 {
            let why = &told.findings[0].explanation;
            assert!(why.contains("more than 8 Regions"), "{why}");
        }
    }
    // A violation stays one, however much stands beside it.
    let mut records: Vec<Value> = regions
        .iter()
        .map(|region| call(1, "Converse", JP, Some(region)))
        .collect();
    records.push(call(1, "Converse", JP, Some("us-east-1")));
    assert_eq!(
        exits(&ask(tally(&records), Some(&policy), Scope::everything())),
        "violation 1, duplicate 3000"
    );
}

/// Which of too many places are looked at does not depend on the order in which they were read.
#[test]
fn a_request_that_was_everywhere_is_the_same_in_any_order() {
    let mut records = vec![call(1, "ConverseStream", JP, None)];
    for (n, name) in (0..24).zip(["ConverseStream", "InvokeModelWithResponseStream"].into_iter().cycle()) {
        let mut end = end(1, &format!("ap-made-{n}"));
        end["eventName"] = json!(name);
        records.push(end);
    }
    let told = |records: &[Value]| serde_json::to_value(audit(records)).unwrap();
    let first = told(&records);
    for _ in 0..records.len() {
        records.rotate_left(1);
        assert_eq!(told(&records), first);
    }
    records.reverse();
    assert_eq!(told(&records), first);
}
