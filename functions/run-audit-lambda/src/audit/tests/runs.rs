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

#[tokio::test]
async fn a_run_is_decided_as_it_was_asked_to() {
    let store = trail();
    let asked = json!({"paths": [format!("s3://{TRAIL}/AWSLogs")], "accounts": ["222233334444"], "regions": [TOKYO],
        "from": "2026-10-02", "to": "2026-10-03T00:00:00Z", "report": {"language": "ja"}});
    let lines = planned(&store, asked).await;
    // Another policy afterwards is another audit's.
    store.put(REPORTS, "policy.yaml", b"version: 1");
    batch(&store, &lines[0]).await;
    let (summary, report) = merge(&store).await;
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
