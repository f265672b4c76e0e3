//! What is asked, and what is refused.

use super::*;

#[tokio::test]
async fn without_a_policy_nothing_is_decided_and_a_named_one_goes_first() {
    let store = trail();
    let mut asked = everything();
    asked["policy"] = Value::Null;
    let undecided = ask(&store, &json!({"scan": asked})).await.unwrap();
    assert_eq!(
        (&undecided["policy_sha256"], &undecided["exits"]["undecided"]),
        (&Value::Null, &json!(64))
    );
    store.put(REPORTS, "other.yaml", POLICY.replace("deny", "allow").as_bytes());
    asked["policy"] = json!("s3://reports/other.yaml");
    let other = ask(&store, &json!({"scan": asked})).await.unwrap();
    let own = ask(&store, &json!({"scan": everything()})).await.unwrap();
    assert!(other["policy_sha256"].is_string() && other["policy_sha256"] != own["policy_sha256"]);
    asked["policy"] = json!("s3://reports/missing.yaml");
    let refused = ask(&store, &json!({"scan": asked})).await.unwrap_err();
    assert!(
        refused.contains("the policy s3://reports/missing.yaml cannot be used") && refused.contains("NoSuchKey"),
        "{refused}"
    );
    asked["policy"] = json!("s3://reports/policy.yaml");
    asked["organization"] = json!(true);
    let refused = ask(&store, &json!({"scan": asked})).await.unwrap_err();
    assert!(refused.starts_with("Organization: "), "{refused}");
}

#[tokio::test]
async fn what_is_not_known_to_be_all_is_no_audit() {
    let mut store = trail();
    for (about, says) in [
        (
            json!({"paths": ["s3://trail-logs/nothing/"]}),
            "no object below s3://trail-logs/nothing/",
        ),
        (
            json!({"paths": ["s3://trail-logs/"], "from": "2027-01-01"}),
            "no object below s3://trail-logs/ is in scope",
        ),
    ] {
        for request in ["scan", "plan"] {
            let refused = ask(&store, &json!({request: about})).await.unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
    }
    // A slip in one of several paths, which the others would hide.
    store.put("config-logs", "AWSLogs/111122223333/Config/x.json", b"{}");
    for (besides, from, says) in [
        (
            "s3://trail-logs/slip/",
            Value::Null,
            Some("no object below s3://trail-logs/slip/ is"),
        ),
        (
            "s3://trail-logs/slip/",
            json!("2026-10-02"),
            Some("no object below s3://trail-logs/slip/ is"),
        ),
        (
            "s3://config-logs/",
            Value::Null,
            Some("no object below s3://config-logs/ is"),
        ),
        // What was asked for need not be everywhere.
        ("s3://config-logs/", json!("2026-10-02"), None),
        ("s3://trail-logs/AWSLogs/111122223333", Value::Null, None),
    ] {
        let about = json!({"paths": ["s3://trail-logs/", besides], "from": from});
        let answer = ask(&store, &json!({"scan": about})).await;
        match says {
            Some(says) => assert!(answer.as_ref().is_err_and(|error| error.contains(says)), "{answer:?}"),
            None => assert!(answer.is_ok(), "{answer:?}"),
        }
    }
    let narrow = json!({"paths": ["s3://trail-logs/AWSLogs/111122223333/", "s3://trail-logs/AWSLogs/222233334444/"],
        "accounts": ["222233334444"]});
    assert!(ask(&store, &json!({"scan": narrow})).await.is_ok());
    // Between an end and a beginning nothing was called: that would look like an audit without a finding.
    for (from, to, end) in [
        ("2026-10-03", "2026-10-02", "2026-10-03T00:00:00Z"),
        ("2026-10-02", "2026-10-02T00:00:00Z", "2026-10-02T00:00:00Z"),
    ] {
        for request in ["scan", "plan"] {
            let about = json!({"paths": ["s3://trail-logs/"], "from": from, "to": to});
            let refused = ask(&store, &json!({request: about})).await.unwrap_err();
            assert!(refused.contains(&format!("is not before `to` {end}")), "{refused}");
        }
    }
    let mut cut = everything();
    cut["batch_bytes"] = json!(65536);
    let refused = ask(&store, &json!({"scan": cut})).await.unwrap_err();
    assert!(refused.contains("a scan has no batches"), "{refused}");
    // One folder of many.
    let folder = "AWSLogs/222233334444/CloudTrail/us-east-1/";
    store.failing.insert(
        folder.to_owned(),
        ("AccessDenied (HTTP 403): no", Disposition::WillNotPass),
    );
    for request in ["scan", "plan"] {
        let refused = ask(&store, &json!({request: everything()})).await.unwrap_err();
        assert!(
            refused.contains("s3:ListBucket") && refused.contains("AuditBucketArns"),
            "{refused}"
        );
    }
    assert_eq!(store.kept("audit/"), Vec::<String>::new());
    store.failing.clear();
    // Whether there is a tally is not known, and may be next time.
    planned(&store, everything()).await;
    store.failing.insert(
        "tallies".to_owned(),
        ("SlowDown (HTTP 503): slow", Disposition::MayPass),
    );
    let refused = ask(&store, &json!({"merge": {"run": "r"}})).await.unwrap_err();
    assert!(
        refused.contains("the run r cannot be merged") && refused.contains("SlowDown"),
        "{refused}"
    );
    let refused = ask(&store, &json!({"merge": {"run": "another"}})).await.unwrap_err();
    assert!(
        refused.contains("the run another cannot be merged") && refused.contains("NoSuchKey"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_scan_leaves_a_report_only_where_it_is_asked_for() {
    let store = trail();
    let answer = ask(&store, &json!({"scan": everything()})).await.unwrap();
    assert_eq!((&answer["report"], &answer["left_out"]), (&Value::Null, &json!([])));
    assert_eq!(store.kept("audit/"), Vec::<String>::new());
    let mut asked = everything();
    asked["report"] = json!({});
    let answer = ask(&store, &json!({"scan": asked})).await.unwrap();
    assert_eq!(
        answer["report"]["folder"],
        "s3://reports/audit/20261122T170000250Z/report/"
    );
    assert_eq!(store.kept("audit/20261122T170000250Z/report/").len(), 6);
}

#[tokio::test]
async fn a_report_tells_of_posture_where_it_is_asked_to_and_of_nothing_else() {
    let store = trail();
    let mut asked = everything();
    for (content, says) in [
        (None, "NoSuchKey"),
        (Some("<html>"), "is no JSON"),
        (Some("{}"), "not a report of check-posture"),
    ] {
        if let Some(content) = content {
            store.put(REPORTS, "posture/one.json", content.as_bytes());
        }
        asked["report"] = json!({"posture": "s3://reports/posture/one.json"});
        // Before anything is read, and not when all batches are done.
        for request in ["scan", "plan"] {
            let refused = ask(&store, &json!({request: asked})).await.unwrap_err();
            assert!(refused.contains(says), "{refused}");
        }
        assert_eq!(store.kept("audit/"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn without_a_place_for_reports_only_a_scan_is_answered() {
    let store = trail();
    let nowhere = Places {
        reports: None,
        policy: None,
    };
    let line = json!({"batch": 1, "folders": []});
    let mut reported = everything();
    reported["report"] = json!({});
    for request in [
        json!({"plan": everything()}),
        json!({"batch": {"run": "r", "line": line}}),
        json!({"merge": {"run": "r"}}),
        json!({"scan": reported}),
    ] {
        let refused = ask_as(&store, &nowhere, &request, 890).await.unwrap_err();
        assert!(
            refused.contains("was not told where reports are kept") && refused.contains("ReportsBucket"),
            "{refused}"
        );
    }
    assert!(
        ask_as(&store, &nowhere, &json!({"scan": everything()}), 890)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn what_would_not_fit_the_time_is_not_begun() {
    let store = trail();
    for number in 0..320 {
        store.put(TRAIL, &key("333344445555", TOKYO, 1, number), b"{\"Records\":[]}");
    }
    let refused = ask_as(&store, &places(), &json!({"scan": everything()}), 0).await;
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("would take up to 1 seconds, and this invocation has 0"),
        "{refused}"
    );
    assert!(scan::fits(300 * 890, 0, 890) && !scan::fits(300 * 890 + 600, 0, 890));
    assert!(!scan::fits(1, 100_000_000_000, 890));
}

#[test]
fn requests_are_read_strictly() {
    for (request, path, says) in [
        (json!({"scan": {}}), "scan", "missing field `paths`"),
        (json!({"scan": {"paths": []}}), "scan.paths", "name at least one"),
        (
            json!({"scan": {"paths": ["trail-logs"]}}),
            "scan.paths[0]",
            "s3://BUCKET/PREFIX",
        ),
        (
            json!({"scan": {"paths": ["s3://b-1/"], "until": "x"}}),
            "scan.until",
            "unknown field `until`",
        ),
        (
            json!({"plan": {"paths": ["s3://b-1/"], "from": "October"}}),
            "plan.from",
            "`October` is neither a date nor a time",
        ),
        // Without its zone it is no time, and to take it for a day would be another question.
        (
            json!({"plan": {"paths": ["s3://b-1/"], "to": "2026-10-01T09:00:00"}}),
            "plan.to",
            "neither a date nor a time",
        ),
        (
            json!({"plan": {"paths": ["s3://b-1/"], "batch_bytes": 1}}),
            "plan.batch_bytes",
            "65536",
        ),
        (
            json!({"plan": {"paths": ["s3://b-1/"], "run": "../x"}}),
            "plan.run",
            "names no run",
        ),
        (
            json!({"plan": {"paths": ["s3://b-1/"], "report": {"format": "pdf"}}}),
            "plan.report.format",
            "unknown field",
        ),
        (json!({"batch": {"run": "r"}}), "batch", "missing field `line`"),
        (json!({"merge": {"run": "r"}, "scan": {}}), "scan", ""),
    ] {
        let refused = Request::parse(&request.to_string()).unwrap_err();
        let told = crisguard_lambda::report::chain(&refused);
        assert!(
            told.contains(says) && (says.is_empty() || told.contains(&format!("at `{path}`"))),
            "{told}"
        );
    }
    let Request::Scan(asked) = Request::parse(
        r#"{"scan": {"paths": ["s3://b-1/"], "from": "2026-01-01", "to": "2026-10-01T09:00:00+09:00"}}"#,
    )
    .unwrap() else {
        panic!("it is a scan");
    };
    assert_eq!(asked.from, Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(asked.to, Some("2026-10-01T00:00:00Z".parse().unwrap()));
    assert_eq!(asked.policy, PolicyAsked::Deployed);
    // A day is meant to its end, as the command means it, and is so no longer once it is written down.
    let asked: Asked = serde_json::from_value(json!({"paths": ["s3://b-1/"], "to": "2026-09-30"})).unwrap();
    assert_eq!(asked.to, Some("2026-10-01T00:00:00Z".parse().unwrap()));
    let kept = serde_json::to_value(&asked).unwrap();
    assert_eq!(serde_json::from_value::<Asked>(kept).unwrap(), asked);
}
