//! What a few records come to.

use std::{collections::BTreeMap, convert::Infallible};

use serde_json::{Value, json};

use super::*;
use crate::{
    cloudtrail::{Record, parse_record},
    controls::{ControlId, assess},
    finding::FindingKey,
    invocation_log,
};

const JP: &str = "jp.anthropic.claude-sonnet-4-5-20250929-v1:0";
const GLOBAL: &str = "global.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Tokyo may be called and may process, as may Osaka; Singapore and every other Region may not.
const POLICY: &str = "
version: 1
regions: { source: [ap-northeast-1], destination: [ap-northeast-1, ap-northeast-3] }
profiles: { global: deny }
";

fn uuid(n: u64) -> String {
    Id::from(u128::from(n) << 100 | u128::from(n)).to_uuid()
}

/// A call of request `n`, through `model`, which says `destination` if any.
fn call(n: u64, name: &str, model: &str, destination: Option<&str>) -> Value {
    let mut record = json!({
        "eventSource": "bedrock.amazonaws.com", "eventName": name, "eventID": uuid(1000 + n), "requestID": uuid(n),
        "eventType": "AwsApiCall", "eventTime": "2026-11-21T10:00:00Z", "awsRegion": "ap-northeast-1",
        "recipientAccountId": "111122223333",
        "userIdentity": { "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ann" },
        "requestParameters": { "modelId": model },
    });
    if let Some(destination) = destination {
        record["additionalEventData"] = json!({ "inferenceRegion": destination });
    }
    record
}

/// The end of the stream that request `n` opened.
fn end(n: u64, destination: &str) -> Value {
    let mut record = call(n, "ConverseStream", "", None);
    let members = record.as_object_mut().unwrap();
    members.remove("requestParameters");
    members.insert("eventType".to_owned(), json!("AwsServiceEvent"));
    members.insert("eventID".to_owned(), json!(uuid(2000 + n)));
    members.insert("requestID".to_owned(), json!(uuid(3000 + n)));
    members.insert("eventTime".to_owned(), json!("2026-11-21T10:01:00Z"));
    members.insert(
        "serviceEventDetails".to_owned(),
        json!({ "parentRequestId": uuid(n), "AdditionalEventData": { "additionalEntries": { "inferenceRegion": destination } } }),
    );
    members.insert(
        "resources".to_owned(),
        json!([{ "ARN": "arn:aws:bedrock:ap-northeast-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0" }]),
    );
    record
}

fn log(n: u64, model: &str, destination: Option<&str>) -> Value {
    json!({
        "schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": "2026-11-21T10:00:01Z",
        "accountId": "111122223333", "region": "ap-northeast-1", "requestId": uuid(n), "operation": "Converse",
        "modelId": model, "identity": { "arn": "arn:aws:sts::111122223333:assumed-role/app/session" },
        "inferenceRegion": destination,
    })
}

fn invocation(record: &Value) -> Invocation {
    match parse_record(record.to_string().as_bytes()) {
        Ok(Record::Inference(invocation)) => *invocation,
        other => panic!("{other:?}: {record}"),
    }
}

fn tally(records: &[Value]) -> Tally {
    let mut tally = Tally::new();
    for record in records {
        if record.get("schemaType").is_some() {
            tally.add_logged(&invocation_log::parse(record.to_string().as_bytes()).unwrap());
        } else {
            tally.add(&invocation(record));
        }
    }
    tally
}

fn ask(tally: Tally, policy: Option<&str>, scope: Scope) -> Audit {
    let policy = policy.map(|policy| PolicyDocument::parse(policy.as_bytes()).unwrap());
    let question = Question {
        policy: policy.as_ref(),
        places: &BTreeMap::new(),
        catalogue: &Catalogue::embedded().unwrap(),
        scope,
    };
    tally.conclude::<Infallible>([], &question).unwrap()
}

fn audit(records: &[Value]) -> Audit {
    ask(tally(records), Some(POLICY), Scope::everything())
}

/// Writes the exits that are not zero.
fn exits(audit: &Audit) -> String {
    let Value::Object(exits) = serde_json::to_value(audit.exits).unwrap() else {
        panic!("exits are an object")
    };
    let counts = exits.iter().filter(|(_, count)| **count != json!(0));
    counts
        .map(|(name, count)| format!("{name} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes where invocations went, and by what.
fn flows(audit: &Audit) -> Vec<String> {
    let one = |flow: &Flow| {
        let destination = flow.destination.as_ref().map_or("?", |region| region.0.as_str());
        let outcome = flow.outcome.map(|outcome| format!("{outcome:?}")).unwrap_or_default();
        let profile = flow
            .profile
            .as_deref()
            .unwrap_or("-")
            .split('.')
            .next()
            .unwrap_or_default();
        format!("{profile} to {destination}: {outcome} {}", flow.invocations)
    };
    audit.flows.iter().map(one).collect()
}

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
}

#[test]
fn without_a_policy_nothing_is_decided() {
    let audit = ask(
        tally(&[call(1, "Converse", GLOBAL, Some("us-east-1"))]),
        None,
        Scope::everything(),
    );
    assert_eq!(exits(&audit), "undecided 1");
    assert_eq!(
        (audit.policy_sha256, audit.findings.len(), audit.flows[0].outcome),
        (None, 0, None)
    );
    assert_eq!(audit.accounts[0].controls, BTreeMap::new());
    assert_eq!(audit.routes[0].destination.as_ref().unwrap().0.as_str(), "us-east-1");
}

#[test]
fn only_what_is_asked_for_is_decided() {
    let records = [
        call(1, "ConverseStream", JP, None),
        end(1, "us-east-1"),
        call(2, "Converse", JP, None),
    ];
    let scope = |from: &str, to: &str| Scope {
        from: Some(from.parse().unwrap()),
        to: Some(to.parse().unwrap()),
        ..Scope::everything()
    };
    // The end of the stream comes after what is asked for, and still tells where the call went.
    let told = ask(
        tally(&records),
        Some(POLICY),
        scope("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000000001Z"),
    );
    assert_eq!(exits(&told), "compliant 1, violation 1, joined 1");
    let told = ask(
        tally(&records),
        Some(POLICY),
        scope("2026-11-21T10:00:00.000000001Z", "2026-11-22T00:00:00Z"),
    );
    assert_eq!(exits(&told), "out_of_scope 3");
    assert_eq!((told.read.invocations, told.flows.len()), (0, 0));
    let elsewhere = Scope {
        regions: ["eu-west-1".parse().unwrap()].into(),
        ..Scope::everything()
    };
    assert_eq!(exits(&ask(tally(&records), Some(POLICY), elsewhere)), "out_of_scope 3");
}

#[test]
fn a_policy_that_differs_by_unit_decides_nothing_where_the_place_is_not_known() {
    let policy = format!("{POLICY}accounts: {{ \"o-a/r-b/ou-b-1\": {{ profiles: {{ global: allow }} }} }}\n");
    let document = PolicyDocument::parse(policy.as_bytes()).unwrap();
    let catalogue = Catalogue::embedded().unwrap();
    let record = call(1, "Converse", GLOBAL, Some("ap-northeast-3"));
    let mut places = BTreeMap::new();
    let ask = |places: &BTreeMap<AccountId, OrganizationPath>| {
        let question = Question {
            policy: Some(&document),
            places,
            catalogue: &catalogue,
            scope: Scope::everything(),
        };
        exits(
            &tally(std::slice::from_ref(&record))
                .conclude::<Infallible>([], &question)
                .unwrap(),
        )
    };
    assert_eq!(ask(&places), "undecided 1");
    places.insert("111122223333".parse().unwrap(), "o-a/r-b/ou-b-1".parse().unwrap());
    assert_eq!(ask(&places), "compliant 1");
}

#[test]
fn an_exception_holds_until_its_last_day() {
    let policy = format!(
        "{POLICY}exceptions: [{{ id: e, match: {{ profile: [\"global.*\"] }}, reason: r, owner: o, expires: 2026-11-20 }}]\n"
    );
    let mut before = call(1, "Converse", GLOBAL, Some("us-east-1"));
    before["eventTime"] = json!("2026-11-20T23:59:59Z");
    let after = call(2, "Converse", GLOBAL, Some("us-east-1"));
    let told = ask(tally(&[before, after]), Some(&policy), Scope::everything());
    assert_eq!(exits(&told), "compliant 1, violation 1");
    assert_eq!(told.findings[0].expired_exceptions[0].id, "e");
}

#[test]
fn what_is_stored_can_be_read_back() {
    let mut odd = call(
        3,
        "Converse",
        "arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/a1",
        None,
    );
    odd["eventID"] = json!("not a UUID");
    odd["requestID"] = json!("Root=1-2");
    let mut denied = call(4, "CreateChatCompletion", GLOBAL, Some("us-east-1"));
    denied["errorCode"] = json!("AccessDenied");
    denied["errorMessage"] = json!(
        "x on resource: arn:aws:bedrock:us-east-2::foundation-model/m with an explicit deny in a service control policy: p-1"
    );
    let mut unexplained = call(5, "Converse", JP, None);
    unexplained["errorCode"] = json!("AccessDenied");
    let mut broken = call(6, "Converse", "world.x", Some("?"));
    broken["errorCode"] = json!("NewException");
    let records = [
        odd,
        denied,
        unexplained,
        broken,
        call(1, "ConverseStream", JP, None),
        end(1, "us-east-1"),
        log(2, "", None),
    ];
    let mut whole = tally(&records);
    whole.count_not_bedrock(5);
    whole.count_not_inference(2);
    whole.reject(Rejected {
        file: "a".to_owned(),
        record: Some(1),
        reason: "r".to_owned(),
    });
    whole.file(
        9,
        LogFileName::parse("111122223333_CloudTrail_us-east-2_20150801T0210Z_M.json.gz").as_ref(),
        false,
    );
    let stored = serde_json::to_string(&whole).unwrap();
    let mut read: Tally = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    let mut copy = whole.clone();
    let rows = copy
        .take_rows()
        .iter()
        .map(|row| Row::from_bytes(&row.to_bytes()))
        .collect();
    read.put_rows(rows);
    let told = ask(read, Some(POLICY), Scope::everything());
    assert_eq!(told, ask(whole, Some(POLICY), Scope::everything()));
    assert!(
        told.findings
            .iter()
            .any(|finding| finding.event_ids.contains("not a UUID")),
        "{told:#?}"
    );
    assert_eq!((told.read.records, told.read.files, told.exits.rejected), (15, 1, 1));
    // Rows whose evidence is not there are not passed over.
    let told = ask(
        {
            let mut lost = Tally::new();
            lost.put_rows(tally(&records).take_rows());
            lost
        },
        Some(POLICY),
        Scope::everything(),
    );
    assert_eq!(exits(&told), "rejected 7");
    assert_eq!(told.rejected.len(), 1);
}

#[test]
fn only_the_first_of_what_could_not_be_read_are_listed() {
    let mut tally = Tally::new();
    for n in (0..LISTED_REJECTIONS as u64 + 5).rev() {
        tally.reject(Rejected {
            file: "f".to_owned(),
            record: Some(n),
            reason: String::new(),
        });
    }
    let audit = ask(tally, None, Scope::everything());
    assert_eq!(
        (audit.rejected.len(), audit.rejected_not_listed),
        (LISTED_REJECTIONS, 5)
    );
    assert_eq!(audit.rejected[0].record, Some(0));
}

#[test]
fn an_audit_is_of_the_form_that_its_schema_says() {
    let schema = Audit::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let told = audit(&[
        call(1, "Converse", GLOBAL, Some("us-east-1")),
        call(2, "Converse", JP, None),
    ]);
    let mut json = serde_json::to_value(&told).unwrap();
    assert!(
        validator.is_valid(&json),
        "{:?}",
        validator.iter_errors(&json).collect::<Vec<_>>()
    );
    assert_eq!(serde_json::from_value::<Audit>(json.clone()).unwrap(), told);
    json["exits"]["compliant"] = json!("many");
    assert!(!validator.is_valid(&json));
}
