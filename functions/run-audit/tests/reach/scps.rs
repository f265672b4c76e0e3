//! Policies that are written and checked, and messages about them.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::support::{MODEL, answer, crisguard, errors, line, text, verdicts, write};

#[test]
fn templates_are_policies_that_work() {
    let wanted = "--policy policy.yaml --source ap-northeast-1 --profile 'jp.*'";
    let ended = line(&format!("scp template region-deny {wanted}"));
    assert_eq!(ended.status.code(), Some(0), "{}", errors(&ended));
    assert!(
        errors(&ended).contains("were evaluated under it, and work"),
        "{}",
        errors(&ended)
    );
    let file = write("template.json", &serde_json::from_str(&text(&ended)).unwrap());
    let answer = answer(&format!("reach --scp {} --source ap-northeast-1", file.display()));
    for (profile, verdict) in verdicts(&answer) {
        assert_eq!(verdict == "works", profile.starts_with("jp."), "{profile}");
    }
    for (arguments, sid) in [
        ("deny-global", "DenyGlobalInference"),
        ("require-guardrail --guardrail abc123def456", "RequireGuardrail"),
        ("deny-long-term-keys", "DenyLongTermKeys"),
        (
            "invoke-geographic --source ap-northeast-1 --profile 'jp.amazon.*' --account 111122223333",
            "GeographicProfile",
        ),
        (
            "invoke-global --source us-east-1 --profile 'global.amazon.*' --account 111122223333",
            "GlobalProfile",
        ),
        (
            "vpc-endpoint --source us-east-1 --profile 'us.amazon.nova-lite*' --account 111122223333",
            "TheseProfiles",
        ),
    ] {
        let ended = line(&format!("scp template {arguments} --lang ja"));
        assert_eq!(ended.status.code(), Some(0), "{arguments}: {}", errors(&ended));
        let policy: Value = serde_json::from_str(&text(&ended)).unwrap();
        assert_eq!(policy["Statement"][0]["Sid"], sid);
        assert!(!errors(&ended).is_empty());
    }
}

#[test]
fn traps_are_found_and_templates_have_none() {
    let ended = line("scp lint guardrail-trap.json region-deny.json");
    assert_eq!(ended.status.code(), Some(1), "{}", errors(&ended));
    let japanese = line("scp lint guardrail-trap.json --lang ja");
    insta::assert_snapshot!(format!("{}---\n{}", text(&ended), text(&japanese)));
    let ended = line("scp lint wrong-scp.json guardrail-trap.json --format json");
    assert_eq!(ended.status.code(), Some(2));
    let json: Value = serde_json::from_str(&text(&ended)).unwrap();
    assert_eq!(json["files"][0]["findings"][0]["trap"], "no-such-key");

    for name in [
        "region-deny --source ap-northeast-1 --profile 'jp.*'",
        "deny-global",
        "require-guardrail",
        "deny-long-term-keys",
    ] {
        let written = text(&line(&format!("scp template {name}")));
        let file = write("linted.json", &serde_json::from_str(&written).unwrap());
        let ended = line(&format!("scp lint {}", file.display()));
        assert_eq!(ended.status.code(), Some(0), "{name}: {}", text(&ended));
    }
}

#[test]
fn a_pasted_message_is_explained() {
    let message = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/denied.txt")).unwrap();
    let ask = ["explain", "--message", &message, "--source", "ap-northeast-1"];
    let plain = crisguard(&ask);
    assert_eq!(plain.status.code(), Some(1), "{}", errors(&plain));
    let mut with: Vec<&str> = ask.to_vec();
    with.extend(["--organization", "organization.json"]);
    let placed = crisguard(&with);
    with.extend(["--lang", "ja"]);
    let japanese = crisguard(&with);
    insta::assert_snapshot!(format!(
        "{}---\n{}---\n{}",
        text(&plain),
        text(&placed),
        text(&japanese)
    ));

    with.extend(["--format", "json"]);
    let json: Value = serde_json::from_str(&text(&crisguard(&with))).unwrap();
    assert_eq!(json["denied"][0]["statement"], "RegionDeny");
    assert_eq!(
        json["calls"],
        json!([{"profile": format!("jp.{MODEL}"), "source": "ap-northeast-1",
        "destinations": ["ap-northeast-1", "ap-northeast-3"], "verdict": "fails"}])
    );
    assert_eq!(json["message"]["reason"]["by"], "service_control_policy");
}

/// A policy without what was asked for would be written in silence.
#[test]
fn a_template_for_nothing_that_is_known_or_permitted_is_not_written() {
    for (arguments, says) in [
        (
            "region-deny --source ap-northeast-1 --profile 'jpp.*'",
            "no inference profile that is known in ap-northeast-1 matches jpp.*",
        ),
        (
            "region-deny --source ap-northeast-1 --profile 'jp.*' --profile 'us.*'",
            "no inference profile that is known in ap-northeast-1 matches us.*",
        ),
        (
            "region-deny --policy policy.yaml --profile 'global.*'",
            "does not permit global.*: `profiles.global` is deny",
        ),
        (
            "invoke-global --policy policy.yaml --account 111122223333",
            "does not permit any global inference profile: `profiles.global` is deny",
        ),
        (
            "invoke-geographic --policy policy.yaml --profile 'apac.*' --account 111122223333",
            "does not permit apac.*: it can leave `regions.destination`",
        ),
        (
            "invoke-global --source ap-northeast-1 --profile 'jp.*' --account 111122223333",
            "next: name them: --profile 'global.*'",
        ),
    ] {
        let ended = line(&format!("scp template {arguments}"));
        assert_eq!(ended.status.code(), Some(2), "{arguments}: {}", text(&ended));
        assert!(text(&ended).is_empty(), "{arguments}");
        let told = errors(&ended);
        assert!(told.contains(says) && told.contains("next:"), "{arguments}: {told}");
    }
    let none = line("scp template region-deny --source ap-northeast-1");
    assert_eq!(none.status.code(), Some(0), "{}", errors(&none));
    assert!(
        errors(&none).contains("No inference profile is exempt"),
        "{}",
        errors(&none)
    );
}

#[test]
fn a_quota_that_nobody_named_is_a_note_of_lint() {
    let agent = "arn:aws:bedrock:us-east-1:111122223333:agent/a";
    let long = json!({"Statement": {"Sid": "GRREGIONDENY", "Effect": "Deny", "Action": "s3:*",
        "NotResource": vec![agent; 110]}});
    let file = write("long.json", &long);
    let ended = line(&format!("scp lint {}", file.display()));
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    assert!(text(&ended).contains("! over-assumed-quota") && text(&ended).contains("--quota"));
    // The statement's name is said once.
    assert!(text(&ended).contains("  statement GRREGIONDENY\n"), "{}", text(&ended));
    let named = line(&format!("scp lint --quota 5120 {}", file.display()));
    assert_eq!(named.status.code(), Some(1), "{}", text(&named));
    assert!(text(&named).contains("✗ over-quota"), "{}", text(&named));
}
