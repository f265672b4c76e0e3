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

/// A call that breaks three controls is one thing to look at.
#[test]
fn findings_of_the_same_invocations_have_one_cause() {
    let records = [
        call(1, "Converse", GLOBAL, Some("us-east-1")),
        call(2, "Converse", GLOBAL, Some("ap-northeast-3")),
        call(3, "Converse", JP, Some("us-east-1")),
        call(4, "Converse", JP, Some("us-east-1")),
    ];
    let told = ask(tally(&records), Some(POLICY), Scope::everything());
    let of = |findings: &[AuditFinding]| -> Vec<String> {
        let one = |cause: Vec<&AuditFinding>| {
            let controls: Vec<&str> = cause.iter().map(|finding| finding.control.name()).collect();
            let first = cause[0];
            let to = first
                .destination_region
                .as_ref()
                .map_or("?", |region| region.0.as_str());
            format!(
                "{:?} to {to} {}: {}",
                first.decision,
                first.invocations,
                controls.join(" ")
            )
        };
        causes(findings).into_iter().map(one).collect()
    };
    assert_eq!(
        of(&told.findings),
        [
            "NonCompliant to us-east-1 2: destination-region-allowed",
            "NonCompliant to us-east-1 1: destination-region-allowed global-profile-allowed",
            "NonCompliant to ap-northeast-3 1: global-profile-allowed",
            "Undecided to us-east-1 2: profile-destinations-known",
        ]
    );
    let mut others = told.findings.clone();
    for finding in &mut others {
        finding.event_ids.insert(finding.control.name().to_owned());
    }
    assert_eq!(of(&others).len(), others.len(), "other events, other causes");
}

/// What an exception lets pass counts as compliant: whoever audits sees how much that is, and by which exception.
#[test]
fn what_is_compliant_only_by_an_exception_is_told() {
    let policy = format!(
        "{POLICY}exceptions:
- {{ id: unused, match: {{ profile: [\"eu.*\"] }}, reason: none, owner: o, expires: 2026-12-31 }}
- {{ id: pilot, match: {{ profile: [\"global.*\"] }}, reason: a pilot, owner: ann@example.com, expires: 2026-12-31 }}
- {{ id: place, match: {{ control: [destination-region-allowed], profile: [\"jp.*\"] }}, reason: r, owner: o, expires: 2026-12-31 }}
"
    );
    let mut elsewhere = call(4, "Converse", JP, Some("us-east-1"));
    elsewhere["recipientAccountId"] = json!("444455556666");
    let records = [
        call(1, "Converse", GLOBAL, Some("us-east-1")),
        call(2, "Converse", GLOBAL, Some("us-east-1")),
        call(3, "Converse", JP, Some("ap-northeast-3")),
        elsewhere,
    ];
    let told = ask(tally(&records), Some(&policy), Scope::everything());
    assert_eq!(exits(&told), "compliant 3, undecided 1");
    assert_eq!(told.excepted.invocations, 2);
    let used: Vec<_> = told
        .excepted
        .exceptions
        .iter()
        .map(|used| {
            let controls: Vec<&str> = used.controls.iter().map(|control| control.name()).collect();
            let accounts: Vec<&str> = used.accounts.iter().map(AccountId::as_str).collect();
            (
                used.id.as_str(),
                used.invocations,
                used.not_compliant,
                controls.join(" "),
                accounts.join(" "),
            )
        })
        .collect();
    let account = "111122223333".to_owned();
    assert_eq!(
        used,
        [
            (
                "pilot",
                2,
                0,
                "destination-region-allowed global-profile-allowed".to_owned(),
                account
            ),
            (
                "place",
                0,
                1,
                "destination-region-allowed".to_owned(),
                "444455556666".to_owned()
            )
        ]
    );
    let pilot = &told.excepted.exceptions[0];
    assert_eq!(
        (
            pilot.reason.as_str(),
            pilot.owner.as_str(),
            pilot.expires.to_string().as_str()
        ),
        ("a pilot", "ann@example.com", "2026-12-31")
    );
    assert_eq!(pilot.first_seen, pilot.last_seen);
    // Nothing needs an exception, and nothing is decided.
    let without = ask(tally(&records), Some(POLICY), Scope::everything());
    assert_eq!(
        (without.excepted.invocations, without.excepted.exceptions.len()),
        (0, 0)
    );
    let undecided = ask(tally(&records), None, Scope::everything());
    assert_eq!(undecided.excepted, without.excepted);
}

/// Of an organization's files, those of others may be broken: that is no gap in the answer about one account.
#[test]
fn what_cannot_be_read_of_others_is_outside_what_was_asked_for() {
    let file = |account: &str, region: &str| format!("AWSLogs/{account}/CloudTrail/{region}/2026/11/21/x.json.gz");
    let (a, b) = ("111122223333", "444455556666");
    let mut tally = tally(&[call(1, "Converse", JP, Some("ap-northeast-3"))]);
    let names = [
        file(a, "ap-northeast-1"),
        file(b, "ap-northeast-1"),
        file(b, "us-east-1"),
        format!("AWSLogs/{b}/CloudTrail-Digest/us-east-1/2026/11/21/x.json.gz"),
        "notes.txt".to_owned(),
    ];
    for name in &names {
        tally.file(1, LogFileName::parse(name).as_ref(), false);
        tally.reject(Rejected::new(name.as_str(), None, &Unread::Empty));
    }
    let of = |accounts: &[&str], regions: &[&str]| {
        // Whatever was stored and merged meanwhile.
        let mut copy: Tally = serde_json::from_value(serde_json::to_value(&tally).unwrap()).unwrap();
        copy.put_rows(tally.clone().take_rows());
        let mut merged = Tally::new();
        merged.merge(copy);
        let scope = Scope {
            accounts: accounts.iter().map(|account| account.parse().unwrap()).collect(),
            regions: regions.iter().map(|region| region.parse().unwrap()).collect(),
            ..Scope::everything()
        };
        let told = ask(merged, Some(POLICY), scope);
        let files: Vec<String> = told.rejected.iter().map(|rejected| rejected.file.clone()).collect();
        let listed = files
            .iter()
            .map(|file| names.iter().position(|name| name == file).unwrap());
        assert_eq!((told.read.records, told.rejected_not_listed), (6, 0));
        (exits(&told), listed.collect::<Vec<_>>())
    };
    assert_eq!(of(&[], &[]).0, "compliant 1, rejected 5");
    assert_eq!(
        of(&[a], &[]),
        ("compliant 1, rejected 2, out_of_scope 3".to_owned(), vec![0, 4])
    );
    assert_eq!(
        of(&[], &["us-east-1"]),
        ("rejected 3, out_of_scope 3".to_owned(), vec![3, 2, 4])
    );
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
