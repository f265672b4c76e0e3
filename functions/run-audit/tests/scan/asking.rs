//! What is asked, and what is told.

use std::path::Path;

use run_audit::Status;
use serde_json::json;

use crate::support::{
    Ended, ORGANIZATION, POLICY, UNITS, crisguard, folder, left_japan, log_file, record, trail, write,
};

fn told(ended: &Ended, folder: &Path) -> String {
    let shown = |text: &str| text.replace(&format!("{}/", folder.display()), "");
    format!("{}{}", shown(&ended.output), shown(&ended.errors))
}

#[test]
fn a_trail_is_told_in_both_languages_and_as_json() {
    let trail = trail("trail");
    let at = trail.to_str().unwrap();
    for language in ["en", "ja"] {
        let ended = crisguard(&["scan", at, "--policy", POLICY, "--lang", language], b"");
        assert_eq!(ended.status, Status::Findings);
        insta::assert_snapshot!(format!("a_trail_{language}"), told(&ended, &trail));
    }
    let ended = crisguard(&["scan", at, "--policy", POLICY, "--format", "json"], b"");
    insta::assert_snapshot!("a_trail_json", told(&ended, &trail));
    let schema = crisguard(&["scan", "--schema"], b"");
    assert_eq!(schema.status, Status::Clean);
    let schema = jsonschema::validator_for(&schema.json()).unwrap();
    let wrong: Vec<String> = schema
        .iter_errors(&ended.json())
        .map(|error| error.to_string())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(!schema.is_valid(&json!({"version": "0.1.0"})));
}

#[test]
fn only_what_is_asked_for_counts() {
    let trail = trail("scope");
    let at = trail.to_str().unwrap();
    let exits = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at, "--policy", POLICY, "--format", "json"], arguments].concat(),
            b"",
        );
        let exits = ended.json()["exits"].clone();
        ["compliant", "violation", "out_of_scope"].map(|exit| exits[exit].as_u64().unwrap())
    };
    assert_eq!(exits(&[]), [3, 3, 0]);
    // A day is meant to its end.
    assert_eq!(exits(&["--from", "2026-11-19", "--to", "2026-11-19"])[..2], [0, 1]);
    assert_eq!(exits(&["--to", "2026-11-19T10:00:00Z"])[..2], [2, 1]);
    assert_eq!(exits(&["--region", "us-east-1"])[..2], [0, 1]);
    assert_eq!(
        exits(&["--region", "us-east-1", "--region", "ap-northeast-1"])[..2],
        [3, 3]
    );
    assert_eq!(exits(&["--account", "444455556666"])[..2], [0, 0]);
    let records = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at, "--policy", POLICY, "--format", "json"], arguments].concat(),
            b"",
        )
        .json();
        let exits = ended["exits"]
            .as_object()
            .unwrap()
            .values()
            .map(|count| count.as_u64().unwrap());
        (exits.sum::<u64>(), ended["read"]["records"].as_u64().unwrap())
    };
    for arguments in [&[][..], &["--from", "2026-11-19"], &["--account", "444455556666"]] {
        assert_eq!(records(arguments), (9, 9), "{arguments:?}");
    }
}

/// The unit `japan` may use every Region; nobody else may leave Tokyo.
#[test]
fn overrides_by_unit_hold_where_the_place_is_known() {
    let folder = folder("units");
    let mut call = record(1, &left_japan());
    call["recipientAccountId"] = json!("222233334444");
    // What is told of its place leaves nothing else open.
    let file = "AWSLogs/222233334444/CloudTrail/ap-northeast-1/2026/11/20/a.json";
    write(&folder, file, log_file(&[call]));
    let at = folder.join(file);
    let exits = |arguments: &[&str]| {
        let ended = crisguard(
            &[&["scan", at.to_str().unwrap(), "--policy", UNITS], arguments].concat(),
            b"",
        );
        (ended.status, ended.output)
    };
    let (status, text) = exits(&[]);
    assert_eq!(status, Status::Findings);
    assert!(
        text.contains("Whether the 1 invocation that was read") && text.contains("add --organization FILE"),
        "{text}"
    );
    let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111";
    for arguments in [
        vec!["--organization", ORGANIZATION],
        vec!["--account", "222233334444", "--organization-path", path],
    ] {
        let (status, text) = exits(&arguments);
        assert_eq!(status, Status::Clean, "{text}");
        assert!(!text.contains("add --organization"), "{text}");
    }
}

/// A file whose name tells nothing may be of the Region that was asked for: that nothing of it was found is no answer.
#[test]
fn what_was_asked_for_and_nothing_tells_of_is_a_gap() {
    let folder = folder("unplaced");
    write(&folder, "a.json", log_file(&[record(1, &json!({}))]));
    let at = folder.join("a.json");
    let scan = |arguments: &[&str]| {
        let asked = [&["scan", at.to_str().unwrap(), "--policy", POLICY], arguments].concat();
        let json = crisguard(&[&asked[..], &["--format", "json"]].concat(), b"").json();
        let ended = crisguard(&asked, b"");
        (ended.status, json["coverage"]["unknown"].clone(), ended.output)
    };
    let nothing = json!([]);
    for met in [&[][..], &["--region", "ap-northeast-1"], &["--account", "111122223333"]] {
        let (status, unknown, text) = scan(met);
        // The file does not say whose it is: that more is missing cannot be ruled out.
        assert_eq!((status, unknown), (Status::Findings, nothing.clone()), "{text}");
        assert!(
            text.replace("\n ", "")
                .contains("it cannot be told whether others are missing beside 1 file"),
            "{text}"
        );
    }
    let (status, unknown, text) = scan(&["--region", "us-east-1"]);
    assert_eq!(
        (status, unknown),
        (Status::Findings, json!([{"account": null, "region": "us-east-1"}]))
    );
    let line = "us-east-1  asked for, and neither the name of a file nor an invocation tells of it";
    assert!(text.contains(line) && text.contains("was read;"), "{text}");
    let (status, unknown, text) = scan(&["--account", "444455556666", "--lang", "ja"]);
    assert_eq!(
        (status, unknown),
        (Status::Findings, json!([{"account": "444455556666", "region": null}]))
    );
    assert!(text.contains("444455556666  指定されていますが"), "{text}");
    let out = folder.join("out");
    scan(&["--region", "us-east-1", "--out", out.to_str().unwrap()]);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("whether they were read cannot be told"), "{page}");
    let register = std::fs::read_to_string(out.join("register.csv")).unwrap();
    assert!(register.contains("unknown_coverage,,,us-east-1,"), "{register}");
}

/// In an organization's trail, another account's broken file is no gap in the answer about one.
#[test]
fn broken_files_of_others_are_out_of_scope() {
    let trail = trail("others");
    let other = "AWSLogs/444455556666/CloudTrail/ap-northeast-1/2026/11/19/x.json.gz";
    write(&trail, other, b"no gzip");
    let scan = |arguments: &[&str]| {
        let at = trail.to_str().unwrap();
        let asked = [
            "scan",
            at,
            "--policy",
            POLICY,
            "--region",
            "ap-northeast-1",
            "--format",
            "json",
        ];
        let audit = crisguard(&[&asked[..], arguments].concat(), b"").json();
        let exits = ["rejected", "out_of_scope"].map(|exit| audit["exits"][exit].as_u64().unwrap());
        (
            exits,
            audit["rejected"].as_array().unwrap().len(),
            audit["coverage"]["gaps"].as_array().unwrap().len(),
        )
    };
    assert_eq!(
        scan(&[]),
        ([1, 1], 1, 3),
        "two days without a file, and one whose file could not be read"
    );
    assert_eq!(scan(&["--account", "111122223333"]), ([0, 2], 0, 0));
}
