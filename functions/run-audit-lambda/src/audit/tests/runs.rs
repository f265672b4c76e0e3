//! Runs: a plan, its batches and the merge.

use super::*;

#[tokio::test]
async fn batches_of_any_size_come_to_what_one_scan_does() {
    let store = trail();
    let scanned = audit(ask(&store, &json!({"scan": everything()})).await.unwrap());
    assert_eq!(scanned["read"]["files"], 32);
    assert_eq!(scanned["read"]["invocations"], 64);
    assert_eq!(scanned["exits"]["not_bedrock"], 32);
    assert_eq!(scanned["exits"]["compliant"], 16);
    assert_eq!(scanned["exits"]["violation"], 48);
    for of in [1, 5, 32] {
        planned(&store, everything()).await;
        let batches = cut(&store, of);
        for line in batches.iter().rev() {
            batch(&store, line).await;
        }
        let (summary, report) = merge(&store).await;
        for (member, value) in scanned.as_object().unwrap() {
            assert_eq!(report.get(member), Some(value), "{member} of {of}");
        }
        assert_eq!(
            (&summary["exits"], &summary["read"]),
            (&scanned["exits"], &scanned["read"])
        );
        assert_eq!(summary["batches"], batches.len());
        assert_eq!(
            (&summary["batches_not_read"], &summary["rejected"]["count"]),
            (&json!(0), &json!(0))
        );
    }
}

#[tokio::test]
async fn a_batch_that_left_nothing_is_told_object_by_object_and_its_days_are_gaps() {
    let store = trail();
    planned(&store, everything()).await;
    let batches = cut(&store, 4);
    for line in &batches {
        batch(&store, line).await;
    }
    let tallies = store.kept("audit/r/tallies/");
    assert_eq!(tallies.len(), 8);
    store.lose(&tallies[1]);
    store.put(REPORTS, &tallies[2], b"something else");
    let mut short = store.object(REPORTS, &tallies[3]).unwrap();
    short.truncate(short.len() / 2);
    store.put(REPORTS, &tallies[3], &short);
    let (summary, report) = merge(&store).await;
    assert_eq!(
        (&summary["batches"], &summary["batches_not_read"]),
        (&json!(8), &json!(3))
    );
    assert_eq!(report["read"]["files"], 32);
    assert_eq!(report["read"]["invocations"], 40);
    let rejected: Vec<&str> = report["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["file"].as_str().unwrap())
        .collect();
    let lost = batches[1..4]
        .iter()
        .flat_map(|line| line["folders"].as_array().unwrap());
    let lost: Vec<String> = lost
        .map(|folder| {
            format!(
                "s3://{TRAIL}/{}{}",
                folder["folder"].as_str().unwrap(),
                folder["files"][0][0].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(rejected, lost);
    assert_eq!(summary["rejected"]["count"], 12);
    let reasons = report["rejected"].to_string();
    assert!(
        reasons.contains("batch 2 left no tally") && reasons.contains("batch 3 left a tally that cannot be read"),
        "{reasons}"
    );
    let gaps = report["coverage"]["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["reason"] == "not_read"), "{gaps:?}");
    assert_eq!(summary["coverage"]["gaps"], gaps.len());
    assert_eq!(
        (&summary["coverage"]["unknown"], &summary["compliant_by_exception"]),
        (&json!(0), &report["excepted"]["invocations"])
    );
}

/// The execution succeeds, and somebody has to be told.
#[tokio::test]
async fn what_a_run_could_not_read_is_counted() {
    let mut store = trail();
    planned(&store, everything()).await;
    let batches = cut(&store, 4);
    let denied = key("222233334444", "us-east-1", 4, 1);
    store
        .failing
        .insert(denied, ("AccessDenied (HTTP 403): no", Disposition::WillNotPass));
    for line in &batches {
        batch(&store, line).await;
    }
    let merge = json!({"merge": {"run": "r"}});
    for (lost, counts) in [
        (None, r#""AuditBatchesNotRead":0,"AuditRejected":1"#),
        (Some(0), r#""AuditBatchesNotRead":1,"AuditRejected":5"#),
        (Some(0), r#""AuditBatchesNotRead":2,"AuditRejected":9"#),
    ] {
        if let Some(lost) = lost {
            store.lose(&store.kept("audit/r/tallies/")[lost]);
        }
        let mut out = Vec::new();
        counted(&store, &places(), &merge, 890, &mut out).await.unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(line.contains(counts), "{line}");
        assert!(
            line.contains(r#""FunctionName":"crisguard-run-audit""#) && line.ends_with("}\n"),
            "{line}"
        );
    }
    // Only a merge knows of all.
    let mut out = Vec::new();
    let planned = counted(&store, &places(), &json!({"plan": everything()}), 890, &mut out).await;
    assert!(planned.is_ok() && out.is_empty());
}

#[tokio::test]
async fn an_object_that_cannot_be_read_hides_no_other() {
    let mut store = trail();
    planned(&store, everything()).await;
    let lost = key("111122223333", TOKYO, 2, 1);
    store
        .failing
        .insert(lost.clone(), ("AccessDenied (HTTP 403): no", Disposition::WillNotPass));
    for line in lines(&store, "r") {
        batch(&store, &line).await;
    }
    let (summary, report) = merge(&store).await;
    assert_eq!(report["read"]["invocations"], 62);
    let [rejected] = &report["rejected"].as_array().unwrap()[..] else {
        panic!("{report}");
    };
    assert_eq!(rejected["file"], format!("s3://{TRAIL}/{lost}"));
    assert!(
        rejected["reason"].as_str().unwrap().contains("AccessDenied"),
        "{rejected}"
    );
    assert_eq!(
        (&summary["batches_not_read"], &summary["coverage"]["gaps"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn what_is_tried_again_comes_to_the_same() {
    let store = trail();
    let lines = planned(&store, everything()).await;
    batch(&store, &lines[0]).await;
    let (once, _) = merge(&store).await;
    let kept = store.kept("audit/r/");
    assert_eq!(planned(&store, everything()).await, lines);
    batch(&store, &lines[0]).await;
    assert_eq!(merge(&store).await.0, once);
    assert_eq!(store.kept("audit/r/"), kept);
}

#[tokio::test]
async fn another_plan_of_the_same_name_does_not_take_its_tallies() {
    let store = trail();
    let lines = planned(&store, everything()).await;
    batch(&store, &lines[0]).await;
    let mut narrow = everything();
    narrow["accounts"] = json!(["111122223333"]);
    planned(&store, narrow).await;
    assert_eq!(merge(&store).await.0["batches_not_read"], 1);
}

/// Whoever copied a tally over another's would have its files counted twice, and the other's not at all.
#[tokio::test]
async fn a_tally_in_the_place_of_another_is_none() {
    let store = trail();
    planned(&store, everything()).await;
    for line in &cut(&store, 16) {
        batch(&store, line).await;
    }
    let [first, second] = &store.kept("audit/r/tallies/")[..] else {
        panic!("two batches leave two tallies");
    };
    store.put(REPORTS, second, &store.object(REPORTS, first).unwrap());
    let (summary, report) = merge(&store).await;
    assert_eq!(summary["batches_not_read"], 1);
    assert_eq!(
        (&report["read"]["files"], &report["exits"]["duplicate"]),
        (&json!(32), &json!(0))
    );
    let told = |member: &str| report["rejected"][0][member].as_str().unwrap().to_owned();
    assert!(told("reason").contains("another's"));
    assert!(told("reason_ja").starts_with("バッチ 2 の集計を読み取れません"));
}

/// A plan without its last lines would be an audit of fewer files, and nobody would miss them.
#[tokio::test]
async fn a_plan_that_is_not_the_one_that_was_made_is_not_merged() {
    let store = trail();
    planned(&store, everything()).await;
    let lines = cut(&store, 8);
    for line in &lines {
        batch(&store, line).await;
    }
    let plan = store.object(REPORTS, "audit/r/plan.jsonl").unwrap();
    let three: Vec<String> = lines[..3].iter().map(ToString::to_string).collect();
    let twice = format!("{}\n{}", String::from_utf8(plan.clone()).unwrap(), lines[0]);
    for other in [three.join("\n"), twice, String::new()] {
        store.put(REPORTS, "audit/r/plan.jsonl", other.as_bytes());
        let refused = ask(&store, &json!({"merge": {"run": "r"}})).await.unwrap_err();
        assert!(
            refused.contains("is not the plan that the run r began with"),
            "{refused}"
        );
    }
    assert_eq!(store.kept("audit/r/report/"), Vec::<String>::new());
    store.put(REPORTS, "audit/r/plan.jsonl", &plan);
    assert_eq!(merge(&store).await.0["batches_not_read"], 0);
}

#[tokio::test]
async fn a_run_is_decided_as_it_was_asked_to() {
    // A day is meant to its end.
    for to in ["2026-10-02", "2026-10-03T00:00:00Z"] {
        let store = trail();
        let asked = json!({"paths": [format!("s3://{TRAIL}/AWSLogs")], "accounts": ["222233334444"],
            "regions": [TOKYO], "from": "2026-10-02", "to": to, "report": {"language": "ja"}});
        let lines = planned(&store, asked).await;
        // Another policy afterwards is another audit's.
        store.put(REPORTS, "policy.yaml", b"version: 1");
        batch(&store, &lines[0]).await;
        let (summary, report) = merge(&store).await;
        assert_eq!(report["asked"]["to"], "2026-10-03T00:00:00Z");
        // The two files of the day, and those of the day after, in which it may be told of.
        assert_eq!(summary["read"]["files"], 4);
        assert_eq!(report["exits"]["violation"], 2);
        assert_eq!(
            (&report["exits"]["compliant"], &report["exits"]["out_of_scope"]),
            (&json!(2), &json!(4))
        );
        let page = store.object(REPORTS, "audit/r/report/report.html").unwrap();
        assert!(String::from_utf8(page).unwrap().contains("lang=\"ja\""));
        assert_eq!(summary["report"]["report"], "s3://reports/audit/r/report/report.html");
        let manifest = store.object(REPORTS, "audit/r/report/manifest.sha256").unwrap();
        assert!(!manifest.is_empty());
        assert_eq!(summary["report"]["manifest_sha256"].as_str().unwrap().len(), 64);
    }
}
