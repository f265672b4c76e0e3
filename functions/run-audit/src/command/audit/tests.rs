//! What people read, over one answer that has everything an audit can tell.

use anstream::adapter::strip_str;
use crisguard_core::{policy::PolicyDocument, tally::Audit};
use serde_json::{Value, json};

use super::*;

fn finding(decision: &str, control: &str, destination: &Value, principal: &str) -> Value {
    json!({"id": "0123456789abcdef0123456789abcdef", "control": control, "decision": decision, "severity": "critical",
        "account": "111122223333", "source_region": "ap-northeast-1", "destination_region": destination,
        "profile": "global.anthropic.claude-sonnet-4-6", "model": null, "principal": principal, "invocations": 1200,
        "first_seen": "2026-10-01T10:00:00Z", "last_seen": "2026-10-09T11:00:00Z",
        "event_ids": ["8f0e5d2a-93f0-4d3c-9a57-6f1b0f2d7c11", "9f0e5d2a-93f0-4d3c-9a57-6f1b0f2d7c12"],
        "explanation": "a prompt was processed in ap-southeast-2, which the policy does not allow",
        "explanation_ja": "プロンプトは、ポリシーが許可していない ap-southeast-2 で処理されました",
        "expired_exceptions": [], "months": {"2026-10": 1200}})
}

fn flow(destination: &Value, nowhere: bool, outcome: &str, invocations: u64) -> Value {
    json!({"month": "2026-10", "account": "111122223333", "source": "ap-northeast-1", "destination": destination,
        "processed_nowhere": nowhere, "profile": null, "model": null, "principal": "x", "outcome": outcome,
        "invocations": invocations})
}

/// An answer that has everything; `with` replaces members.
fn audit(with: &Value) -> Audit {
    let mut broken = finding(
        "non-compliant",
        "destination-region-allowed",
        &json!("ap-southeast-2"),
        "arn:aws:iam::111122223333:role/web\u{1b}[2J\u{202e}",
    );
    broken["expired_exceptions"] = json!([{"id": "trial", "owner": "ann@example.com", "expires": "2026-09-30"}]);
    let mut audit = json!({
        "version": "0.1.0", "policy_sha256": "ab".repeat(32),
        "asked": {"from": "2026-10-01T00:00:00Z", "to": null, "accounts": ["111122223333"], "regions": ["ap-northeast-1"]},
        "read": {"files": 41, "pages": 0, "paths_without_file": 0, "bytes": 1_234_567, "records": 20_000, "bedrock_records": 9_000, "invocations": 7_000},
        "exits": {"compliant": 5700, "violation": 1200, "undecided": 90, "not_applicable": 10, "not_bedrock": 10_997,
            "duplicate": 1000, "joined": 900, "rejected": 3, "out_of_scope": 100},
        "rejected": [
            {"file": "a/\u{1b}[31mcut.json.gz", "record": null, "reason": "it ends in the middle",
                "reason_ja": "途中で終わっています"},
            {"file": "b.json", "record": 7, "reason": "it has no `eventTime`", "reason_ja": "`eventTime` がありません"}],
        "rejected_not_listed": 1,
        "first_seen": "2026-10-01T00:00:01Z", "last_seen": "2026-10-31T23:00:00Z",
        "routes": [],
        "flows": [
            flow(&json!("ap-northeast-1"), false, "compliant", 5000), flow(&json!("ap-northeast-3"), false, "compliant", 700),
            flow(&json!("ap-southeast-2"), false, "violation", 1200), flow(&Value::Null, false, "undecided", 90),
            flow(&json!("ap-southeast-2"), false, "compliant", 4), flow(&Value::Null, true, "not_applicable", 10)],
        "findings": [broken, finding("undecided", "source-region-allowed", &Value::Null, "root")],
        "excepted": {"invocations": 12, "exceptions": [
            {"id": "pilot\u{1b}", "reason": "the research team tries Sydney", "owner": "ann@example.com",
                "expires": "2026-12-31", "invocations": 12, "not_compliant": 3,
                "controls": ["destination-region-allowed", "profile-allowed"], "accounts": ["111122223333"],
                "first_seen": "2026-10-02T10:00:00Z", "last_seen": "2026-10-09T11:00:00Z"},
            {"id": "old", "reason": "r", "owner": "o", "expires": "2026-10-31", "invocations": 1, "not_compliant": 0,
                "controls": ["profile-allowed"],
                "accounts": ["111122223330", "111122223331", "111122223332", "111122223333", "111122223334", "111122223335"],
                "first_seen": "2026-10-02T10:00:00Z", "last_seen": "2026-10-02T10:00:00Z"}]},
        "accounts": [],
        "coverage": {"from": "2026-10-01", "to": "2026-10-31", "placed_files": 40, "unplaced_files": 1, "looked_up": [], "covered": [],
            "gaps": [
                {"account": "111122223333", "region": "us-east-1", "from": "2026-10-03", "to": "2026-10-05", "reason": "no_log_file"},
                {"account": "111122223333", "region": "us-east-1", "from": "2026-10-08", "to": "2026-10-08", "reason": "not_read"}],
            "unknown": [{"account": null, "region": "eu-west-1"}]}
    });
    for (name, value) in with.as_object().unwrap() {
        audit[name] = value.clone();
    }
    serde_json::from_value(audit).unwrap()
}

fn asked(language: Language, policy: bool) -> Asked {
    let text = r#"{"version": 1, "regions": {"source": ["ap-northeast-1"], "destination": ["ap-northeast-1"]},
        "profiles": {"global": "deny"}, "accounts": {"o-a1/r-ab12": {"profiles": {"global": "allow"}}}}"#;
    let document = PolicyDocument::parse(text.as_bytes()).unwrap();
    Asked {
        policy: policy.then(|| PolicyFile {
            name: "policy.yaml".to_owned(),
            text: text.to_owned(),
            overrides: document.overridden(),
            document,
        }),
        scope: audit(&json!({})).asked,
        places: BTreeMap::new(),
        catalogue: Catalogue::embedded().unwrap(),
        language,
        beside: Vec::new(),
        folder: None,
    }
}

fn written(audit: &Audit, asked: &Asked) -> String {
    let mut out = Vec::new();
    write::write(audit, asked, &mut out, 100).unwrap();
    strip_str(&String::from_utf8(out).unwrap()).to_string()
}

#[test]
fn everything_is_told_in_both_languages() {
    for language in [Language::En, Language::Ja] {
        let text = written(&audit(&json!({})), &asked(language, true));
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        insta::assert_snapshot!(format!("everything_{language:?}"), text);
    }
}

/// Each verdict, and how the command ends by it.
#[test]
fn what_is_unknown_is_never_compliant() {
    let exits = |violation: u64, undecided: u64, rejected: u64| {
        json!({"compliant": 5, "violation": violation, "undecided": undecided, "not_applicable": 0, "not_bedrock": 0,
            "duplicate": 0, "joined": 0, "rejected": rejected, "out_of_scope": 0})
    };
    let read = |invocations: u64| json!({"files": 1, "pages": 0, "paths_without_file": 0, "bytes": 1, "records": 9, "bedrock_records": 8, "invocations": invocations});
    let whole = json!({"from": null, "to": null, "placed_files": 1, "unplaced_files": 0, "looked_up": [], "covered": [], "gaps": [],
        "unknown": []});
    let gaps = serde_json::to_value(audit(&json!({})).coverage).unwrap();
    let mut unknown = whole.clone();
    unknown["unknown"] = json!([{"account": "111122223333", "region": null}]);
    let mut unplaced = whole.clone();
    unplaced["unplaced_files"] = json!(1);
    let mut told = String::new();
    for (exits, invocations, coverage, policy, ends, strictly) in [
        (exits(0, 0, 0), 5, &whole, true, Status::Clean, Status::Clean),
        (exits(0, 0, 0), 5, &gaps, true, Status::Findings, Status::Findings),
        (exits(0, 0, 0), 5, &unknown, true, Status::Findings, Status::Findings),
        (exits(0, 0, 0), 0, &unknown, true, Status::Findings, Status::Findings),
        (exits(0, 0, 1), 5, &whole, true, Status::Findings, Status::Incomplete),
        (exits(0, 1, 0), 6, &whole, true, Status::Findings, Status::Findings),
        (exits(1, 0, 0), 6, &whole, true, Status::Findings, Status::Findings),
        (exits(2, 1, 3), 8, &gaps, true, Status::Findings, Status::Incomplete),
        (exits(0, 5, 0), 5, &whole, false, Status::Findings, Status::Findings),
        (exits(0, 0, 0), 0, &whole, true, Status::Clean, Status::Clean),
        (exits(0, 0, 0), 0, &whole, false, Status::Findings, Status::Findings),
        (exits(0, 0, 0), 5, &unplaced, true, Status::Findings, Status::Findings),
        (exits(0, 0, 0), 0, &unplaced, true, Status::Findings, Status::Findings),
    ] {
        let sha256 = if policy { json!("ab") } else { Value::Null };
        let audit = audit(
            &json!({"exits": exits, "read": read(invocations), "coverage": coverage, "policy_sha256": sha256,
                "excepted": {"invocations": 0, "exceptions": []}}),
        );
        assert_eq!(
            (status(&audit, false), status(&audit, true)),
            (ends, strictly),
            "{audit:?}"
        );
        for language in [Language::En, Language::Ja] {
            let text = written(&audit, &asked(language, policy));
            told.push_str(
                text.lines()
                    .take_while(|line| !line.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n")
                    .as_str(),
            );
            told.push('\n');
        }
    }
    insta::assert_snapshot!(told);
}

/// What was refused before a model saw it kept no policy and broke none.
#[test]
fn where_no_control_applies_nothing_is_told_as_kept() {
    let coverage = json!({"from": null, "to": null, "placed_files": 1, "unplaced_files": 0, "looked_up": [], "covered": [], "gaps": [],
        "unknown": []});
    let told = [1, 2].map(|count| {
        let read = json!({"files": 1, "pages": 0, "paths_without_file": 0, "bytes": 1, "records": count, "bedrock_records": count, "invocations": count});
        let exits = json!({"compliant": 0, "violation": 0, "undecided": 0, "not_applicable": count, "not_bedrock": 0,
            "duplicate": 0, "joined": 0, "rejected": 0, "out_of_scope": 0});
        let audit = audit(&json!({"read": read, "exits": exits, "coverage": coverage,
            "excepted": {"invocations": 0, "exceptions": []}}));
        let first = |language| {
            written(&audit, &asked(language, true))
                .lines()
                .next()
                .map(str::to_owned)
                .unwrap()
        };
        [Language::En, Language::Ja].map(first)
    });
    assert_eq!(
        told.as_flattened(),
        [
            "– There was nothing to decide: no control applies to the 1 invocation.",
            "– 1 件の呼び出しに該当する統制がなく、判定の対象はありませんでした。",
            "– There was nothing to decide: no control applies to any of the 2 invocations.",
            "– 2 件の呼び出しに該当する統制がなく、判定の対象はありませんでした。",
        ]
    );
}

#[test]
fn what_could_not_be_read_is_told_though_none_of_it_is_listed() {
    let text = written(
        &audit(&json!({"rejected": [], "rejected_not_listed": 3})),
        &asked(Language::En, true),
    );
    assert!(text.contains("Could not be read\n  and 3 more"), "{text}");
}

/// Every sentence that has a number in it, for none, one and many.
#[test]
fn sentences_are_right_for_none_one_and_many() {
    let decided = [
        (0, 0, 0),
        (1, 0, 0),
        (1, 1, 0),
        (1, 0, 1),
        (2, 0, 0),
        (2, 1, 0),
        (2, 0, 1),
        (3, 1, 1),
        (9, 2, 2),
    ];
    let mut told = String::new();
    for language in [Language::En, Language::Ja] {
        let mut say = |with: &Value, policy: bool| {
            let audit = audit(with);
            let text = written(&audit, &asked(language, policy));
            let verdict: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
            let count = text
                .lines()
                .rfind(|line| line.contains("record") || line.contains("レコード"));
            told.push_str(&verdict.join("\n"));
            told.push_str("\n    ");
            told.push_str(count.unwrap_or_default().trim());
            told.push('\n');
        };
        for (invocations, violation, undecided) in decided {
            let compliant = invocations - violation - undecided;
            let read = json!({"files": 1, "pages": 0, "paths_without_file": 0, "bytes": 1, "records": invocations, "bedrock_records": invocations,
                "invocations": invocations});
            let exits = json!({"compliant": compliant, "violation": violation, "undecided": undecided,
                "not_applicable": 0, "not_bedrock": 0, "duplicate": 0, "joined": 0, "rejected": 0, "out_of_scope": 0});
            let coverage = json!({"from": null, "to": null, "placed_files": 1, "unplaced_files": 0, "looked_up": [], "covered": [],
                "gaps": [], "unknown": []});
            let excepted = json!({"invocations": compliant.min(2), "exceptions": []});
            let mut with = json!({"read": read, "exits": exits, "coverage": coverage, "excepted": excepted,
                "rejected": [], "rejected_not_listed": 0});
            say(&with, true);
            with["policy_sha256"] = Value::Null;
            with["excepted"]["invocations"] = json!(0);
            with["exits"]["undecided"] = json!(invocations);
            with["exits"]["compliant"] = json!(0);
            if violation + undecided == 0 {
                say(&with, false);
            }
        }
        for count in [1, 2] {
            let gap = json!({"account": "111122223333", "region": "us-east-1", "from": "2026-10-03",
                "to": format!("2026-10-0{}", 2 + count), "reason": "no_log_file"});
            let unknown = [
                json!({"account": null, "region": "us-east-1"}),
                json!({"account": "111122223333", "region": null}),
            ];
            let mut with = serde_json::to_value(audit(&json!({}))).unwrap();
            with["exits"]["rejected"] = json!(count);
            with["coverage"]["gaps"] = json!([gap]);
            with["coverage"]["unknown"] = json!(unknown[..count]);
            with["coverage"]["unplaced_files"] = json!(count);
            with["read"]["paths_without_file"] = json!(count);
            say(&with, true);
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn an_audit_that_read_nothing_is_no_audit() {
    let of = |files: u64, records: u64, rejected: u64| {
        let mut value = serde_json::to_value(audit(&json!({}))).unwrap();
        value["read"]["files"] = json!(files);
        value["read"]["records"] = json!(records);
        value["exits"]["rejected"] = json!(rejected);
        let audit: Audit = serde_json::from_value(value).unwrap();
        audit.read_nothing()
    };
    assert!(of(0, 0, 0) && of(2, 2, 2));
    assert!(!of(1, 0, 0) && !of(2, 3, 2));
}

/// CloudTrail was asked itself: what its history has not is said, and is no gap.
#[test]
fn an_event_history_that_was_read_to_its_end_is_whole() {
    let exits = json!({"compliant": 5, "violation": 0, "undecided": 0, "not_applicable": 0, "not_bedrock": 0,
        "duplicate": 0, "joined": 0, "rejected": 0, "out_of_scope": 0});
    let history = |region: &str| json!({"account": "111122223333", "region": region, "from": "2026-08-23T12:00:00Z", "to": "2026-11-21T12:00:00Z"});
    let coverage = json!({"from": null, "to": null, "placed_files": 0, "unplaced_files": 0, "covered": [], "gaps": [],
        "looked_up": [history("ap-northeast-1"), history("us-east-1")], "unknown": []});
    let audit = audit(
        &json!({"exits": exits, "coverage": coverage, "rejected": [], "rejected_not_listed": 0,
        "findings": [], "excepted": {"invocations": 0, "exceptions": []},
        "read": {"files": 0, "pages": 4, "paths_without_file": 0, "bytes": 1_000, "records": 5, "bedrock_records": 5,
            "invocations": 5}}),
    );
    assert_eq!(
        (status(&audit, false), status(&audit, true)),
        (Status::Clean, Status::Clean)
    );
    let mut told = String::new();
    for language in [Language::En, Language::Ja] {
        told.push_str(&written(&audit, &asked(language, true)));
    }
    insta::assert_snapshot!(told);
}

/// Twenty lines are for twenty reasons: a file full of one mistake does not push the next file out.
#[test]
fn what_could_not_be_read_is_told_by_file_and_reason() {
    let one = |file: &str, record: Option<u64>, reason: &str| {
        let japanese = match reason {
            "it breaks off" => "途中で切れています",
            "no time" => "時刻がありません",
            _ => "文字列ではありません",
        };
        json!({"file": file, "record": record, "reason": reason, "reason_ja": japanese})
    };
    let mut rejected = vec![one("a.json", None, "it breaks off"), one("a.json", Some(1), "no time")];
    rejected.extend((2..16).map(|record| one("b.json", Some(record), "no time")));
    rejected.extend((0..40).map(|record| one("c.json", Some(record), ["no time", "no text"][(record % 2) as usize])));
    rejected.extend([0, 1, 2, 5, 7, 8].map(|record| one("d.json", Some(record), "no time")));
    rejected.extend((0..30).map(|number| one(&format!("e{number:02}.json"), Some(0), "no time")));
    let audit = audit(&json!({"rejected": rejected, "rejected_not_listed": 5}));
    let mut told = String::new();
    for language in [Language::En, Language::Ja] {
        let text = written(&audit, &asked(language, true));
        let heading = Words::of(language).unread;
        let section = text
            .lines()
            .skip_while(|line| *line != heading)
            .take_while(|line| !line.is_empty());
        told.push_str(&section.collect::<Vec<_>>().join("\n"));
        told.push('\n');
    }
    insta::assert_snapshot!(told);
}
