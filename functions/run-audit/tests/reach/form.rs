//! The form of the answer, by whichever way it is asked for.

use std::{fs, path::Path};

use crisguard_core::scp::organization::OrganizationDocument;
use run_audit::{Refused, Request};
use serde_json::{Value, json};

use super::support::{MODEL, answer, errors, line, text};

#[test]
fn the_form_of_json_is_the_one_that_is_documented() {
    let printed = |of: &str| -> Value {
        let ended = line(&format!("reach --schema {of}"));
        assert_eq!(ended.status.code(), Some(0), "{}", errors(&ended));
        serde_json::from_str(&text(&ended)).unwrap()
    };
    assert_eq!(printed(""), printed("answer"));
    let organization = jsonschema::validator_for(&printed("organization")).unwrap();
    assert!(organization.is_valid(&fixture("organization.json")));
    assert!(!organization.is_valid(&fixture("region-deny.json")));
    let schema = jsonschema::validator_for(&printed("answer")).unwrap();
    assert!(!schema.is_valid(&json!({"profiles": []})));
    for arguments in [
        "reach --scp region-deny.json --source ap-northeast-1",
        "reach --scp region-deny.json --policy policy.yaml",
        "reach --scp tagged-roles.json --principal any --source us-east-1 --guardrails --batch",
        "reach --scp tagged-roles.json --policy policy.yaml --batch",
        "reach --organization organization.json --source ap-northeast-1",
        "reach --organization organization.json --source ap-northeast-1 --profile jp.*",
        "reach --organization organization.json --source ap-northeast-1 --account 111122223333",
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

fn fixture(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn by_hand(request: &Value, read: Option<OrganizationDocument>) -> Result<Value, Refused> {
    let response = Request::parse(&request.to_string())?.answer(read)?;
    Ok(serde_json::to_value(response).unwrap())
}

/// The function answers as the command does.
#[test]
fn a_request_by_hand_has_the_same_answer() {
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
        (
            json!({"organization": fixture("organization.json"), "sources": ["ap-northeast-1"], "profiles": ["jp.*"],
                "accounts": ["444455556666", "222233334444"]}),
            "--organization organization.json --source ap-northeast-1 --profile jp.* --account 222233334444 --account 444455556666",
        ),
        (
            json!({"organization": fixture("organization.json"), "sources": ["ap-northeast-1"], "account": "222233334444"}),
            "--organization organization.json --source ap-northeast-1 --account 222233334444",
        ),
    ] {
        let by_hand = by_hand(&json!({"reach": request}), None).unwrap();
        assert_eq!(by_hand, answer(&format!("reach {arguments}")), "{arguments}");
    }
    let refused = |request: Value| by_hand(&request, None).unwrap_err().to_string();
    assert!(refused(json!({"reach": {"sources": ["Tokyo"]}})).contains("at `reach.sources[0]`"));
    assert!(refused(json!({"reach": {}})).contains("either `scps` or `organization`"));
    assert!(refused(json!({"scan": {}})).contains("not of the form"));
    assert!(refused(json!({"reach": {"organization": false}})).contains("at `reach.organization`"));
    assert!(refused(json!({"organization": false})).contains("at `organization`"));
    let wrong = json!({"version": 1, "management_account": "1"});
    assert!(refused(json!({"reach": {"organization": wrong}})).contains("at `reach.organization.management_account`"));
    let both = json!({"organization": fixture("organization.json"), "sources": ["ap-northeast-1"],
        "account": "222233334444", "accounts": ["222233334444"]});
    assert!(refused(json!({"reach": both})).contains("either `account` or `accounts`"));
}

/// Where the function is to read the organization, it answers as if the request held what was read.
#[test]
fn what_is_read_is_answered_as_what_is_given() {
    let document: OrganizationDocument = serde_json::from_value(fixture("organization.json")).unwrap();
    let ask = |organization: Value| json!({"reach": {"organization": organization, "sources": ["ap-northeast-1"], "profiles": ["jp.*"]}});
    let (given, read) = (ask(fixture("organization.json")), ask(json!(true)));
    assert!(!Request::parse(&given.to_string()).unwrap().reads_the_organization());
    assert!(Request::parse(&read.to_string()).unwrap().reads_the_organization());
    assert_eq!(
        by_hand(&read, Some(document.clone())).unwrap(),
        by_hand(&given, None).unwrap()
    );

    let export = json!({"organization": true});
    assert!(Request::parse(&export.to_string()).unwrap().reads_the_organization());
    let written = by_hand(&export, Some(document)).unwrap();
    assert_eq!(written, fixture("organization.json"));
    for request in [read, export] {
        assert!(
            by_hand(&request, None)
                .unwrap_err()
                .to_string()
                .contains("was not read")
        );
    }
}
