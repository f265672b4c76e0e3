//! The command by its library: what it writes and how it ends, with the time given.
#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::{fmt::Write, path::Path};

use anstream::adapter::strip_str;
use run_audit::{Console, Status, run};

struct Ended {
    status: Status,
    output: String,
    errors: String,
}

fn crisguard(arguments: &str, input: impl AsRef<[u8]>) -> Ended {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let arguments: Vec<String> = std::iter::once("crisguard".to_owned())
        .chain(arguments.split_whitespace().map(|word| {
            let fixture = fixtures.join(word);
            if fixture.is_file() {
                fixture.display().to_string()
            } else {
                word.to_owned()
            }
        }))
        .collect();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let mut console = Console {
        input: &mut input.as_ref(),
        output: &mut output,
        errors: &mut errors,
        width: 100,
        watched: false,
    };
    let status = run(arguments, &mut console, "2026-11-21T12:00:00Z".parse().unwrap());
    let plain = |bytes: Vec<u8>| {
        let text = strip_str(&String::from_utf8(bytes).unwrap()).to_string();
        text.replace(&format!("{}/", fixtures.display()), "")
    };
    Ended {
        status,
        output: plain(output),
        errors: plain(errors),
    }
}

#[test]
fn a_log_file_is_explained() {
    let ended = crisguard("explain log-file.json --policy policy.yaml", "");
    assert_eq!(ended.status, Status::Findings);
    insta::assert_snapshot!(ended.output);
}

#[test]
fn controls_are_listed_and_told() {
    let list = crisguard("controls", "");
    let one = crisguard("controls destination-region-allowed --lang ja", "");
    assert_eq!((list.status, one.status), (Status::Clean, Status::Clean));
    insta::assert_snapshot!(format!("{}\n---\n{}", list.output, one.output));
    let json = crisguard("controls inference-denied-by-scp --format json", "").output;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["controls"].as_array().unwrap().len(), 1);
    assert_eq!(json["controls"][0]["severity"], "medium");
    assert_eq!(crisguard("controls nope", "").status, Status::Incomplete);
}

#[test]
fn an_explanation_in_json_has_a_stable_form() {
    let ended = crisguard("explain log-file.json --policy policy.yaml --format json", "");
    assert_eq!(ended.status, Status::Findings);
    insta::assert_snapshot!(ended.output);
}

#[test]
fn broken_lines_do_not_hide_their_neighbours() {
    let ended = crisguard("explain lines.jsonl --policy policy.yaml", "");
    assert_eq!(ended.status, Status::Findings);
    insta::assert_snapshot!(ended.output);
}

#[test]
fn what_the_aws_cli_prints_is_read() {
    let ended = crisguard("explain lookup-events.json --policy policy.yaml", "");
    assert_eq!(ended.status, Status::Findings);
    insta::assert_snapshot!(ended.output);
    let ended = crisguard("explain messages.json --policy policy.yaml", "");
    assert!(ended.output.contains("Messages[0].Body, line 3"), "{}", ended.output);
}

#[test]
fn a_canary_is_named_and_never_decided() {
    let record = include_str!("fixtures/stayed.json").replace("ap-northeast-1", "us-east-1");
    let canary = format!(
        r#"{{"source": "crisguard.canary", "detail-type": "AWS API Call via CloudTrail", "detail": {record}}}"#
    );
    let ended = crisguard("explain - --policy policy.yaml", canary);
    assert_eq!(ended.status, Status::Clean, "{}", ended.output);
    insta::assert_snapshot!(ended.output);
}

#[test]
fn dead_letters_that_cannot_be_read_are_each_named() {
    let letter = |body: &str| serde_json::json!({"Body": body});
    let letters = [
        letter(r#"{"eventSource": "bedrock.amazonaws.com", "eventName": "Converse"}"#),
        letter(r#"{"eventSource": "bedrock.amazonaws.com", "eventN"#),
        letter(r#"{"a": 1}"#),
    ];
    let input = serde_json::to_string_pretty(&serde_json::json!({"Messages": letters})).unwrap();
    for policy in ["", " --policy policy.yaml"] {
        let ended = crisguard(&format!("explain -{policy}"), &input);
        assert_eq!(ended.status, Status::Incomplete);
        insta::assert_snapshot!(
            "dead_letters_that_cannot_be_read",
            format!("{}---\n{}", ended.output, ended.errors)
        );
    }
    let ended = crisguard("explain - --format json", &input);
    let report: serde_json::Value = serde_json::from_str(&ended.output).unwrap();
    assert_eq!(
        (ended.status, report["records"].as_array().unwrap().len()),
        (Status::Incomplete, 3)
    );
}

#[test]
fn without_a_policy_nothing_is_decided() {
    let ended = crisguard("explain stayed.json", "");
    assert_eq!(ended.status, Status::Clean);
    insta::assert_snapshot!(ended.output);
}

#[test]
fn a_compliant_record_is_clean() {
    let ended = crisguard("explain stayed.json --policy policy.yaml", "");
    assert_eq!((ended.status, ended.errors.as_str()), (Status::Clean, ""));
}

#[test]
fn a_policy_by_unit_without_a_path_decides_nothing() {
    let ended = crisguard("explain stayed.json --policy units.yaml", "");
    assert_eq!(ended.status, Status::Findings);
    assert!(
        ended
            .output
            .contains("add --organization-path for account 111122223333"),
        "{}",
        ended.output
    );
    let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111";
    assert_eq!(
        crisguard(
            &format!("explain stayed.json --policy units.yaml --organization-path {path}"),
            ""
        )
        .status,
        Status::Clean
    );
}

#[test]
fn a_policy_is_checked() {
    let ended = crisguard("policy check policy.yaml", "");
    assert_eq!(ended.status, Status::Findings);
    insta::assert_snapshot!(ended.output);
    insta::assert_snapshot!(
        "a_policy_is_checked_in_json",
        crisguard("policy check policy.yaml --account 444455556666 --format json", "").output
    );
}

#[test]
fn the_example_passes_its_own_check() {
    let example = crisguard("policy example", "").output;
    let ended = crisguard("policy check -", &example);
    assert_eq!(ended.status, Status::Clean, "{}", ended.output);
    assert!(
        ended
            .output
            .contains("settings     invocations logged (text, image, embedding, video, audio) for 365 days, under a"),
        "{}",
        ended.output
    );
    // What the comments suggest is right too.
    let uncommented: String = example
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.starts_with("  ") || *rest == "accounts:" || *rest == "exceptions:")
                .unwrap_or(line)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let ended = crisguard("policy check - --format json", &uncommented);
    assert_ne!(ended.status, Status::Incomplete, "{uncommented}{}", ended.output);
    for suggested in ["research-2027", "ou-ab12-11111111", "break-glass", "\"agents\": true"] {
        assert!(ended.output.contains(suggested), "{suggested}: {}", ended.output);
    }
    let ended = crisguard("policy check -", &uncommented);
    let settings: Vec<&str> = ended
        .output
        .lines()
        .skip_while(|line| !line.contains("settings"))
        .take_while(|line| !line.contains("overrides"))
        .collect();
    insta::assert_snapshot!(settings.join("\n"), @r"
    settings     invocations logged (text, image, embedding, video, audio) for 365 days, under a
                 customer-managed key; data retention none, default; customer-managed keys of models,
                 agents and data sources; a guardrail enforced for all calls; a guardrail on every
                 agent; a VPC endpoint; IAM policies that name models and profiles; nobody who both
                 invokes and manages
    ");
}

#[test]
fn the_schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&crisguard("policy schema", "").output).unwrap();
    assert!(schema.pointer("/properties/version").is_some());
}

#[test]
fn what_cannot_be_done_says_why_and_what_next() {
    let mut all = String::new();
    for (arguments, input) in [
        ("policy check wrong.yaml", ""),
        ("policy check -", ""),
        ("policy check -", "version: 1\nregions:\n\tsource: []\n"),
        ("policy check missing.yaml", ""),
        ("policy check units.yaml --account 111122223333", ""),
        ("policy check policy.yaml --account 1111", ""),
        ("pattern --policy policy.yaml", ""),
        ("explain - --policy policy.yaml", ""),
        (
            "explain - --policy policy.yaml",
            "{\"eventSource\": \"bedrock.amazonaws.com\", \"eventName\": \"Converse\"}",
        ),
        ("explain -", "version: 1"),
        ("explain stayed.json --policy wrong.yaml", ""),
        ("completion", ""),
    ] {
        let ended = crisguard(arguments, input);
        assert_eq!(ended.status, Status::Incomplete, "{arguments}");
        assert_eq!(ended.output, "", "{arguments}");
        writeln!(all, "$ crisguard {arguments}\n{}", ended.errors).unwrap();
    }
    insta::assert_snapshot!(all);
    for (input, next) in [(b"\x1f\x8b\x08", "gunzip -c"), (b"\xff\xfe{", "iconv")] {
        let ended = crisguard("explain -", input);
        assert!(
            ended.status == Status::Incomplete && ended.errors.contains(next),
            "{}",
            ended.errors
        );
    }
    let ended = crisguard("policy check wrong.yaml --format json", "");
    assert_eq!((ended.status, ended.errors.as_str()), (Status::Incomplete, ""));
    insta::assert_snapshot!("a_wrong_policy_in_json", ended.output);
}

/// What is about a message has no effect on records: whoever gives it means something that does not happen.
#[test]
fn what_is_about_a_message_is_refused_beside_records() {
    for option in [
        "--lang ja",
        "--lang en",
        "--scp region-deny.json",
        "--organization organization.json",
        "--account 111122223333",
        "--source ap-northeast-1",
    ] {
        let ended = crisguard(&format!("explain stayed.json {option}"), "");
        assert_eq!(
            (ended.status, ended.output.as_str()),
            (Status::Incomplete, ""),
            "{option}"
        );
        let (name, _) = option.split_once(' ').unwrap();
        assert!(
            ended.errors.contains(name) && ended.errors.contains("cannot be used with"),
            "{option}: {}",
            ended.errors
        );
    }
}

#[test]
fn patterns_come_as_text_json_and_parameters() {
    let account = "--account 111122223333";
    let text = crisguard(&format!("pattern --policy policy.yaml {account}"), "");
    assert_eq!(text.status, Status::Clean);
    assert!(
        text.output
            .contains("patterns compiled from policy.yaml and the catalogue of"),
        "{}",
        text.output
    );

    let json: serde_json::Value =
        serde_json::from_str(&crisguard(&format!("pattern --policy policy.yaml {account} --format json"), "").output)
            .unwrap();
    let parameters: serde_json::Map<String, serde_json::Value> = serde_json::from_str(
        &crisguard(
            &format!("pattern --policy policy.yaml {account} --format parameters"),
            "",
        )
        .output,
    )
    .unwrap();
    let names: Vec<_> = parameters.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "PolicySha256",
            "Pattern1",
            "Pattern2",
            "Pattern3",
            "Pattern4",
            "Pattern5",
            "Pattern6",
            "Pattern7",
            "Pattern8"
        ]
    );
    for (index, line) in json["patterns"].as_array().unwrap().iter().enumerate() {
        let text = parameters[&format!("Pattern{}", index + 1)].as_str().unwrap();
        assert_eq!(line["characters"], text.chars().count());
        assert_eq!(
            line["pattern"],
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        );
    }
    assert_eq!(parameters["PolicySha256"], json["policy_sha256"]);
    assert_eq!(parameters["Pattern8"], "");
}

#[test]
fn profiles_are_listed_and_measured() {
    let ended = crisguard("profiles --source ca-west-1", "");
    assert_eq!(ended.status, Status::Clean);
    assert!(ended.output.starts_with("called in ca-west-1\n"), "{}", ended.output);
    let ended = crisguard("profiles --policy policy.yaml --format json", "");
    assert_eq!(
        ended.status,
        Status::Findings,
        "apac profiles can leave Japan, and the policy has no allow-list"
    );
    let listed: serde_json::Value = serde_json::from_str(&ended.output).unwrap();
    assert!(
        listed["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["source"] == "ap-northeast-1")
    );
}

#[test]
fn every_command_has_help_with_examples() {
    for command in [
        "",
        "policy check",
        "policy schema",
        "policy example",
        "pattern",
        "explain",
        "scan",
        "lookup",
        "profiles",
        "reach",
        "scp lint",
        "scp template",
        "completion",
    ] {
        let ended = crisguard(&format!("{command} --help"), "");
        assert_eq!(ended.status, Status::Clean, "{command}");
        assert!(
            ended.output.contains("Examples:") && ended.output.contains("crisguard"),
            "{command}: {}",
            ended.output
        );
    }
    assert!(crisguard("completion bash", "").output.contains("_crisguard"));
    assert!(crisguard("--version", "").output.starts_with("crisguard "));
}

#[test]
fn values_of_a_record_do_not_drive_the_terminal() {
    let record = r#"{"eventSource":"bedrock.amazonaws.com","eventName":"Converse","eventID":"1; rm -rf ~","eventTime":"2026-11-21T10:00:00Z",
        "awsRegion":"ap-northeast-1","recipientAccountId":"111122223333","requestParameters":{"modelId":"us.\u001b[2J\u202e"},
        "additionalEventData":{"inferenceRegion":"us-east-1"}}"#;
    let ended = crisguard("explain - --policy policy.yaml", record);
    assert!(!ended.output.contains(['\u{1b}', '\u{202e}']), "{}", ended.output);
    assert!(
        ended.output.contains("AttributeValue=EVENT_ID"),
        "a command holds only plain names: {}",
        ended.output
    );
    // Plain signs alone make no name of what a command would take for an option.
    let option = crisguard(
        "explain - --policy policy.yaml",
        record.replace("1; rm -rf ~", "--debug"),
    );
    assert!(option.output.contains("AttributeValue=EVENT_ID"), "{}", option.output);
}

/// Records that were not written here, where they are at hand.
#[test]
fn real_records_are_read() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/bedrock-cloudtrail");
    let Ok(files) = std::fs::read_dir(&samples) else {
        eprintln!("skipped: there are no samples at {}", samples.display());
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let ended = crisguard(&format!("explain {} --policy policy.yaml", path.display()), "");
            assert_ne!(ended.status, Status::Incomplete, "{}: {}", path.display(), ended.errors);
            assert!(
                !ended.output.contains("cannot be read"),
                "{}: {}",
                path.display(),
                ended.output
            );
        }
    }
}
