//! The form of the answer, by whichever way it is asked for.

use std::{fs, path::Path};

use run_audit::Answer;
use serde_json::{Value, json};

use super::support::{MODEL, answer};

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
