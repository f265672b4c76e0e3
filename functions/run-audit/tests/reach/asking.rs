//! What is asked, and what is told.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::json;

use super::support::{MODEL, answer, errors, line, text, verdicts, write};

#[test]
fn a_profile_that_fails_is_told_with_its_statement_and_the_change() {
    let ended = line("reach --scp region-deny.json --source ap-northeast-1 --profile 'jp.anthropic.claude-sonnet-4-*'");
    assert_eq!(ended.status.code(), Some(1));
    assert!(!ended.stdout.contains(&0x1b), "colour is for terminals");
    insta::assert_snapshot!(text(&ended));
    let ended = line("reach --scp region-deny.json --policy policy.yaml --lang ja");
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!("reach_in_japanese", text(&ended));
}

#[test]
fn what_works_and_leaves_is_told_with_what_closes_it() {
    let everything = "reach --scp tagged-roles.json --principal any --source ap-northeast-1";
    let ended = line(&format!("{everything} --profile '*.amazon.nova-2-lite-v1:0'"));
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!("what_is_undecided_names_the_key", text(&ended));

    let file = write(
        "open.json",
        &json!({"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}),
    );
    let ended = line(&format!(
        "reach --scp {} --policy policy.yaml --profile '*.amazon.nova-2-lite-v1:0'",
        file.display()
    ));
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!(text(&ended).replace(&file.display().to_string(), "open.json"));
}

/// Every remark is in the language that was asked for.
#[test]
fn nothing_english_is_told_in_japanese() {
    let batch = "reach --scp region-deny-wider.json --source ap-northeast-1 --profile 'jp.amazon.*' --batch --lang ja";
    // Lines are joined, wherever they break.
    let joined = |text: String| text.lines().map(str::trim_start).collect::<String>();
    let told = joined(text(&line(batch)));
    assert!(told.contains("の文書に記載されていません"), "{told}");
    let short = "reach --scp region-deny.json --source ap-northeast-1 --profile 'jp.amazon.*' --quota 300 --lang ja";
    let short = joined(text(&line(short)));
    assert!(short.contains("上限の"), "{short}");
    for text in [told, short] {
        assert!(!text.contains("does not") && !text.contains("would have"), "{text}");
    }
}

#[test]
fn where_nothing_is_to_be_told_it_ends_with_0() {
    let ended = line("reach --scp region-deny-wider.json --source ap-northeast-1 --profile 'jp.*'");
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
    // The policy permits no other profile that stays, and what leaves is denied.
    let ended = line("reach --scp region-deny-wider.json --policy policy.yaml");
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended));
}

#[test]
fn levels_stand_where_they_are_put() {
    let nothing = write(
        "nothing.json",
        &json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}),
    );
    for (level, expected) in [("root", "root"), ("ou", "ou"), ("team", "team"), ("account", "account")] {
        let scps = format!("--scp ou=region-deny-wider.json --scp {level}={}", nothing.display());
        let answer = answer(&format!("reach {scps} --source ap-northeast-1 --profile jp.{MODEL}"));
        let denied = answer["profiles"][0]["denied"].as_array().unwrap();
        let levels: BTreeSet<&str> = denied.iter().map(|denied| denied["level"].as_str().unwrap()).collect();
        assert_eq!(levels, [expected].into(), "{answer}");
        assert!(
            denied
                .iter()
                .all(|denied| denied["kind"] == "implicit" && denied["statement"].is_null())
        );
    }
}

/// What is proposed does what it says when it is asked about again.
#[test]
fn the_change_that_is_proposed_makes_the_profiles_work() {
    let ask = "--source ap-northeast-1 --profile 'jp.*'";
    let before = answer(&format!("reach --scp region-deny.json {ask}"));
    let mend = &before["mend"][0];
    assert_eq!(mend["also"], json!([]));
    assert!(mend["size"].as_u64() <= mend["quota"].as_u64());
    let file = write("mended.json", &mend["document"]);
    let after = answer(&format!("reach --scp {} {ask}", file.display()));
    assert!(verdicts(&after).values().all(|verdict| *verdict == "works"), "{after}");
    let all = answer(&format!("reach --scp {} --source ap-northeast-1", file.display()));
    for (profile, verdict) in verdicts(&all) {
        assert_eq!(verdict == "works", profile.starts_with("jp."), "{profile}");
    }
}

#[test]
fn a_table_has_a_row_for_each_denial() {
    let ended = line(
        "reach --scp region-deny.json --source ap-northeast-1 --profile 'jp.*sonnet-4-5*' --profile apac.amazon.nova-lite-v1:0 --format csv",
    );
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!(text(&ended));
}

#[test]
fn application_profiles_are_told_from_the_accounts_own_list() {
    let ask = "reach --source ap-northeast-1 --profile *application-inference-profile* --inference-profiles inference-profiles.json";
    let answer = answer(&format!("{ask} --scp region-deny.json"));
    let row = &answer["profiles"][0];
    assert_eq!(
        (&row["verdict"], &row["inferred"]),
        (&json!("fails"), &json!(true)),
        "{answer}"
    );
}

#[test]
fn what_cannot_be_told_says_why_and_what_next() {
    let mut all = String::new();
    for arguments in [
        "reach --source ap-northeast-1",
        "reach --scp region-deny.json",
        "reach --scp wrong-scp.json --source ap-northeast-1",
        "reach --scp missing.json --source ap-northeast-1",
        "reach --organization region-deny.json --source ap-northeast-1",
        "reach --scp region-deny.json --source ap-northeast-1 --profile 'eu.*'",
        "reach --scp region-deny.json --source ap-northeast-1 --principal chat",
        "scp template region-deny",
        "scp template invoke-global --policy policy.yaml --account 111122223333",
        "explain --message hello",
        "explain --scp region-deny.json record.json",
    ] {
        let ended = line(arguments);
        assert_eq!(
            (ended.status.code(), text(&ended).as_str()),
            (Some(2), ""),
            "{arguments}"
        );
        writeln!(all, "$ crisguard {arguments}\n{}", errors(&ended)).unwrap();
    }
    insta::assert_snapshot!(all);
}
