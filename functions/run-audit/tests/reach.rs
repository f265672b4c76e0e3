//! `crisguard reach`, `crisguard scp` and `crisguard explain --message`, as a process.
#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use run_audit::Answer;
use serde_json::{Value, json};

const MODEL: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";

fn crisguard(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crisguard"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures"));
    for name in ["CRISGUARD_POLICY", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a line of arguments; words in single quotes stay one.
fn line(arguments: &str) -> Output {
    let arguments: Vec<&str> = arguments
        .split_whitespace()
        .map(|word| word.trim_matches('\''))
        .collect();
    crisguard(&arguments)
}

fn text(ended: &Output) -> String {
    String::from_utf8(ended.stdout.clone()).unwrap()
}

fn errors(ended: &Output) -> String {
    String::from_utf8(ended.stderr.clone()).unwrap()
}

fn answer(arguments: &str) -> Value {
    let ended = line(&format!("{arguments} --format json"));
    assert_ne!(ended.status.code(), Some(2), "{}", errors(&ended));
    serde_json::from_str(&text(&ended)).unwrap()
}

fn verdicts(answer: &Value) -> BTreeMap<&str, &str> {
    let profiles = answer["profiles"].as_array().unwrap();
    profiles
        .iter()
        .map(|row| (row["profile"].as_str().unwrap(), row["verdict"].as_str().unwrap()))
        .collect()
}

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

#[test]
fn an_organization_is_told_account_by_account() {
    let whole = answer("reach --organization organization.json --source ap-northeast-1 --profile jp.*");
    let accounts = whole["accounts"].as_array().unwrap();
    let of = |account: &str| {
        let holds = |together: &&Value| together["accounts"].as_array().unwrap().contains(&json!(account));
        accounts.iter().find(holds).unwrap()
    };
    assert_eq!(of("111122223333")["exempt"], "management_account");
    assert_eq!(of("222233334444")["accounts"], json!(["222233334444", "333344445555"]));
    assert_eq!(of("222233334444")["profiles"][0]["denied"][0]["policy"], "p-regions1");
    assert_eq!(of("444455556666")["profiles"][0]["verdict"], "works");

    let one =
        answer("reach --organization organization.json --source ap-northeast-1 --profile jp.* --account 222233334444");
    assert!(verdicts(&one).values().all(|verdict| *verdict == "fails"));
    assert_eq!(one["mend"][0]["policy"], "p-regions1");

    let ended = line("reach --organization organization.json --source ap-northeast-1 --account 999999999999");
    assert_eq!(ended.status.code(), Some(2));
    let ended = line("reach --organization organization.json --source ap-northeast-1 --profile 'jp.*'");
    insta::assert_snapshot!("an_organization", text(&ended));
}

#[test]
fn what_if_tells_what_changes() {
    let ask = "reach --scp region-deny.json --source ap-northeast-1 --profile 'jp.*'";
    let ended = line(&format!("{ask} --what-if region-deny-wider.json"));
    assert_eq!(ended.status.code(), Some(1));
    insta::assert_snapshot!(text(&ended));
    let same = line(&format!("{ask} --what-if region-deny.json"));
    assert_eq!(same.status.code(), Some(0));

    let whole = "reach --organization organization.json --source ap-northeast-1 --profile jp.*";
    let changes = answer(&format!("{whole} --what-if p-regions1=region-deny-wider.json"));
    let changes = changes["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    for change in changes {
        assert_eq!(change["accounts"], json!(["222233334444", "333344445555"]));
        assert_eq!(
            (&change["before"], &change["after"]),
            (&json!("fails"), &json!("works"))
        );
    }
    let several = line(&format!(
        "{ask} --scp root=tagged-roles.json --what-if region-deny-wider.json"
    ));
    assert_eq!(several.status.code(), Some(2));
    assert!(
        errors(&several).contains("name one of: region-deny.json, tagged-roles.json"),
        "{}",
        errors(&several)
    );
    let named = line(&format!(
        "{ask} --scp root=tagged-roles.json --what-if ou=region-deny-wider.json"
    ));
    assert_eq!(named.status.code(), Some(1), "{}", errors(&named));
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
fn the_form_of_json_is_the_one_that_is_documented() {
    let schema = Answer::json_schema();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for arguments in [
        "reach --scp region-deny.json --source ap-northeast-1",
        "reach --scp region-deny.json --policy policy.yaml",
        "reach --scp tagged-roles.json --principal any --source us-east-1 --guardrails --batch",
        "reach --organization organization.json --source ap-northeast-1",
        "reach --scp region-deny.json --source ap-northeast-1 --what-if region-deny-wider.json",
    ] {
        let answer = answer(arguments);
        let wrong: Vec<String> = schema
            .iter_errors(&answer)
            .map(|error| error.to_string().chars().take(400).collect())
            .collect();
        assert!(wrong.is_empty(), "{arguments}: {wrong:?}");
    }
    // What programs rely on, member by member.
    let answer = answer(&format!(
        "reach --scp region-deny.json --source ap-northeast-1 --profile jp.{MODEL}"
    ));
    let row = &answer["profiles"][0];
    assert_eq!(
        json!({
            "profile": row["profile"], "source": row["source"], "destinations": row["destinations"],
            "verdict": row["verdict"], "denied": row["denied"], "leaves": row["leaves"], "inferred": row["inferred"],
        }),
        json!({
            "profile": format!("jp.{MODEL}"), "source": "ap-northeast-1",
            "destinations": ["ap-northeast-1", "ap-northeast-3"], "verdict": "fails",
            "denied": [{"resource": "foundation-model", "region": "ap-northeast-3", "policy": "region-deny.json",
                "statement": "RegionDeny", "kind": "explicit", "level": "ou"}],
            "leaves": [], "inferred": false,
        })
    );
    let remedies: Vec<&str> = row["remedies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["remedy"].as_str().unwrap())
        .collect();
    assert_eq!(
        remedies,
        [
            "exempt_profile",
            "exempt_bedrock",
            "widen_regions",
            "models_without_profile",
            "leave_governance"
        ]
    );
}

/// The function answers as the command does.
#[test]
fn a_request_by_hand_has_the_same_answer() {
    let fixture = |name: &str| -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    };
    let policy = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/policy.yaml")).unwrap();
    let scp = json!({"name": "region-deny.json", "content": fixture("region-deny.json")});
    let other = json!({"content": fixture("region-deny-wider.json").to_string()});
    for (request, arguments) in [
        (
            json!({"scps": [scp.clone()], "policy": policy}),
            "--scp region-deny.json --policy policy.yaml",
        ),
        (
            json!({"scps": [scp], "sources": ["ap-northeast-1"], "profiles": ["jp.*"], "what_if": other}),
            "--scp region-deny.json --source ap-northeast-1 --profile jp.* --what-if region-deny-wider.json",
        ),
        (
            json!({"organization": fixture("organization.json"), "sources": ["ap-northeast-1"], "principal": "any"}),
            "--organization organization.json --source ap-northeast-1 --principal any",
        ),
    ] {
        let by_hand = run_audit::handle(&json!({"reach": request}).to_string()).unwrap();
        assert_eq!(
            serde_json::to_value(by_hand).unwrap(),
            answer(&format!("reach {arguments}")),
            "{arguments}"
        );
    }
    let refused = |request: Value| run_audit::handle(&request.to_string()).unwrap_err().to_string();
    assert!(refused(json!({"reach": {"sources": ["Tokyo"]}})).contains("at `reach.sources[0]`"));
    assert!(refused(json!({"reach": {}})).contains("either `scps` or `organization`"));
    assert!(refused(json!({"scan": {}})).contains("not of the form"));
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

/// Every verdict of the published policies, by the command alone: the samples carry other projects' licences and
/// stand beside the repository, if at all.
#[test]
fn published_policies_come_to_what_other_evaluators_have() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples/scps");
    let read = |name: &str| -> Option<Value> {
        let json = fs::read(samples.join(name)).ok()?;
        Some(serde_json::from_slice(&json).unwrap())
    };
    let (Some(expected), Some(scenarios)) = (read("expected.json"), read("scenarios.json")) else {
        eprintln!("skipped: there are no samples at {}", samples.display());
        return;
    };
    let application = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abcd1234wxyz";
    let models = ["us-east-1", ""]
        .map(|region| json!({"modelArn": format!("arn:aws:bedrock:{region}::foundation-model/{MODEL}")}));
    let own = json!({"inferenceProfileArn": application, "inferenceProfileId": "abcd1234wxyz", "type": "APPLICATION", "models": models});
    let own = write("application.json", &own);
    let mut verdicts = 0;
    for (name, expected) in expected.as_object().unwrap() {
        let allowed = &expected["other_services_allowed_regions"];
        // A policy names at least one Region.
        let is_told = allowed.as_array().is_some_and(|regions| !regions.is_empty());
        let regions = if is_told { allowed.clone() } else { json!(["*"]) };
        let policy = write(
            &format!("policy-{name}.json"),
            &json!({"version": 1, "regions": {"source": ["*"], "destination": regions}, "profiles": {"global": "allow"}}),
        );
        for scenario in scenarios["scenarios"].as_array().unwrap() {
            let label = scenario["label"].as_str().unwrap();
            let (kind, called) = match scenario["profile_arn"].as_str() {
                None => ("--model", MODEL),
                Some(arn) if arn == application => ("--profile", arn),
                Some(arn) => ("--profile", arn.rsplit_once('/').unwrap().1),
            };
            let file = samples.join(format!("{name}.json"));
            let ended = crisguard(&[
                "reach",
                "--format",
                "json",
                "--scp",
                file.to_str().unwrap(),
                "--policy",
                policy.to_str().unwrap(),
                "--inference-profiles",
                own.to_str().unwrap(),
                "--account",
                scenarios["account"].as_str().unwrap(),
                "--principal",
                scenarios["principal"].as_str().unwrap(),
                "--source",
                scenario["source_region"].as_str().unwrap(),
                kind,
                called,
            ]);
            let answer: Value = serde_json::from_str(&text(&ended)).unwrap_or_else(|_| panic!("{}", errors(&ended)));
            let [row] = answer["profiles"].as_array().unwrap().as_slice() else {
                panic!("{name}: {label}: {answer}");
            };
            let expected = &expected["scenarios"][label];
            let verdict = if expected["verdict"] == "will_fail" {
                "fails"
            } else {
                "works"
            };
            assert_eq!(row["verdict"], verdict, "{name}: {label}");
            let denied: BTreeSet<String> = row["denied"]
                .as_array()
                .unwrap()
                .iter()
                .map(|denied| {
                    let resource = if denied["resource"] == "profile" {
                        "profile"
                    } else {
                        "fm"
                    };
                    format!("{resource}@{}", denied["region"].as_str().unwrap())
                })
                .collect();
            let expected_denied: BTreeSet<String> = serde_json::from_value(expected["denied"].clone()).unwrap();
            assert_eq!(denied, expected_denied, "{name}: {label}");
            let leaves = match &expected["leaves_allowed_regions"] {
                Value::Null => json!([]),
                Value::String(_) => json!(["*"]),
                regions => regions.clone(),
            };
            assert!(
                !is_told || expected["leaves_allowed_regions"].is_null() || row["leaves"] == leaves,
                "{name}: {label}: {row}"
            );
            let attention = verdict == "fails" || row["leaves"] != json!([]);
            assert_eq!(ended.status.code(), Some(i32::from(attention)), "{name}: {label}");
            verdicts += 1;
        }
    }
    assert_eq!(verdicts, 165);
}

/// Writes a file where the build puts what it makes.
fn write(name: &str, json: &Value) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, json.to_string()).unwrap();
    file
}
