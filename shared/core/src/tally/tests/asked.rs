//! What is asked decides what is told.

use super::*;

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
    // Then no place is worse than another: another Region before the one that was called, the first by its name.
    let [home, near, far] =
        ["ap-northeast-1", "ap-northeast-3", "us-east-1"].map(|to| call(1, "Converse", JP, Some(to)));
    for records in [[&home, &near, &far], [&far, &home, &near], [&near, &far, &home]] {
        let audit = ask(tally(&records.map(Clone::clone)), None, Scope::everything());
        assert_eq!(flows(&audit), ["jp to ap-northeast-3:  1"]);
    }
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
fn what_matters_most_comes_first() {
    let records = [
        call(1, "Converse", JP, None),
        call(2, "Converse", JP, Some("ap-northeast-3")),
        call(3, "Converse", JP, Some("us-east-1")),
        call(4, "Converse", "world.x", None),
        call(5, "Converse", "world.x", None),
        call(6, "Converse", GLOBAL, Some("ap-northeast-3")),
        call(7, "Converse", JP, Some("us-east-1")),
        call(8, "Converse", JP, Some("us-east-1")),
        call(9, "Converse", JP, Some("us-east-1")),
    ];
    let told = ask(tally(&records), Some(POLICY), Scope::everything());
    let routes: Vec<(&str, u64)> = told
        .routes
        .iter()
        .map(|route| {
            (
                route.destination.as_ref().map_or("?", |region| region.0.as_str()),
                route.invocations,
            )
        })
        .collect();
    assert_eq!(routes, [("us-east-1", 4), ("?", 3), ("ap-northeast-3", 2)]);
    let findings: Vec<String> = told
        .findings
        .iter()
        .map(|finding| format!("{:?} {} {}", finding.decision, finding.severity, finding.invocations))
        .collect();
    assert_eq!(
        findings,
        [
            "NonCompliant critical 4",
            "NonCompliant high 1",
            "Undecided critical 2",
            "Undecided high 4",
            "Undecided high 2"
        ]
    );
}

#[test]
fn what_explains_a_finding_is_the_reason_of_the_first_of_its_invocations() {
    let denied = |n: u64, time: &str, policy: &str| {
        let mut record = call(n, "Converse", JP, None);
        record["eventTime"] = json!(time);
        record["errorCode"] = json!("AccessDenied");
        record["errorMessage"] = json!(format!(
            "x on resource: arn:aws:bedrock:ap-northeast-3::foundation-model/m with an explicit deny in a service \
             control policy: {policy}"
        ));
        record
    };
    let records = [
        denied(1, "2026-11-21T10:00:00Z", "p-later"),
        denied(2, "2026-11-20T10:00:00Z", "p-z"),
        denied(3, "2026-11-20T10:00:00Z", "p-a"),
    ];
    let told = ask(tally(&records), Some(POLICY), Scope::everything());
    let [finding] = told.findings.as_slice() else {
        panic!("{:#?}", told.findings)
    };
    assert!(finding.explanation.contains("p-a"), "{}", finding.explanation);
    assert_eq!((finding.invocations, finding.event_ids.len()), (3, 3));
    assert_eq!(finding.first_seen.to_string(), "2026-11-20T10:00:00Z");
    assert_eq!(finding.last_seen.to_string(), "2026-11-21T10:00:00Z");
    assert_eq!(told.routes[0].processed_nowhere, 3);
}

#[test]
fn the_examples_of_a_finding_are_the_least_of_its_events() {
    let mut records: Vec<Value> = [7, 3, 9, 1, 8, 2, 5]
        .map(|n| call(n, "Converse", JP, Some("us-east-1")))
        .into();
    // Of another API, and so of another case of the same finding.
    records.extend([6, 4].map(|n| call(n, "InvokeModel", JP, Some("us-east-1"))));
    let told = ask(tally(&records), Some(POLICY), Scope::everything());
    let expected = [1, 2, 3, 4, 5].map(|n| uuid(1000 + n));
    assert_eq!(
        told.findings[0].event_ids.iter().collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert_eq!(told.findings[0].invocations, 9);
}
