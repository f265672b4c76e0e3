use serde_json::{Value, json};

use super::*;
use crate::scp::{Action, Context, Outcome, Request, levels};

fn document() -> Value {
    json!({
        "version": 1, "id": "o-a1b2c3d4e5", "management_account": "111122223333",
        "root": {"id": "r-ab12", "name": "Root", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
        "units": [
            {"id": "ou-ab12-22222222", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess", "p-noec2"]},
            {"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": ["p-list"]}
        ],
        "accounts": [
            {"id": "111122223333", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]},
            {"id": "222233334444", "parent": "ou-ab12-22222222", "policies": ["p-FullAWSAccess"]}
        ],
        "policies": [
            {"id": "p-list", "content": {"Version": "2012-10-17", "Statement":
                {"Effect": "Allow", "Action": ["bedrock:*", "ec2:*"], "Resource": "*"}}},
            {"id": "p-noec2", "name": "No EC2",
             "content": "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"ec2:*\",\"Resource\":\"*\"}]}"}
        ]
    })
}

fn read(document: &Value) -> Result<Organization, OrganizationError> {
    Organization::parse(document.to_string().as_bytes())
}

/// Reads the document with one part changed.
fn with(pointer: &str, value: Value) -> Result<Organization, OrganizationError> {
    let mut document = document();
    *document.pointer_mut(pointer).unwrap() = value;
    read(&document)
}

fn account(id: &str) -> AccountId {
    id.parse().unwrap()
}

#[test]
fn an_account_is_under_its_units_and_the_root() {
    let organization = read(&document()).unwrap();
    let chain = organization.chain(&account("222233334444")).unwrap();
    let levels: Vec<(&str, Vec<&str>)> = chain
        .levels()
        .iter()
        .map(|level| (level.name(), level.policies().iter().map(|scp| scp.name()).collect()))
        .collect();
    assert_eq!(
        levels,
        [
            ("r-ab12", vec!["p-FullAWSAccess"]),
            ("ou-ab12-11111111", vec!["p-list"]),
            ("ou-ab12-22222222", vec!["p-FullAWSAccess", "p-noec2"]),
            ("222233334444", vec!["p-FullAWSAccess"]),
        ]
    );
    assert_eq!(chain.exempt(), None);
    assert_eq!(
        organization.path(&account("222233334444")).unwrap().to_string(),
        "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/ou-ab12-22222222"
    );
    assert!(organization.chain(&account("999988887777")).is_none());
    let places = organization.places();
    assert!(places.keys().eq(organization.accounts()));
    assert!(
        places
            .iter()
            .all(|(account, place)| organization.path(account).as_ref() == Some(place))
    );
}

#[test]
fn an_allow_is_needed_at_every_level_and_a_deny_anywhere_denies() {
    let organization = read(&document()).unwrap();
    let chain = organization.chain(&account("222233334444")).unwrap();
    let outcome = |action: &str| {
        let request = Request::new(action.parse::<Action>().unwrap(), "*", Context::new());
        let judged: Vec<Vec<_>> = chain
            .levels()
            .iter()
            .map(|level| {
                level
                    .policies()
                    .iter()
                    .map(|scp| scp.policy().judge(&request))
                    .collect()
            })
            .collect();
        levels(
            judged
                .iter()
                .map(|level| level.iter().map(|judged| ((), judged)).collect::<Vec<_>>()),
        )
    };
    assert_eq!(outcome("bedrock:InvokeModel"), Outcome::Allow);
    assert!(matches!(outcome("ec2:RunInstances"), Outcome::Deny(denials) if denials.len() == 1));
    assert!(
        matches!(outcome("s3:GetObject"), Outcome::Deny(_)),
        "the unit's allow-list has no S3"
    );
}

#[test]
fn the_management_account_is_exempt_and_so_is_everybody_while_policies_are_not_enabled() {
    let organization = read(&document()).unwrap();
    let exempt = |organization: &Organization, id| organization.chain(&account(id)).unwrap().exempt();
    assert_eq!(
        exempt(&organization, "111122223333"),
        Some(Exemption::ManagementAccount)
    );
    let off = with("/root/scps_enabled", json!(false)).unwrap();
    assert_eq!(exempt(&off, "222233334444"), Some(Exemption::NotEnabled));
    let mut off = off.document().clone();
    off.accounts[1].policies.clear();
    assert!(
        Organization::new(off).is_ok(),
        "nothing need be attached while nothing is enabled"
    );
}

#[test]
fn errors_name_the_path() {
    for (pointer, value, said) in [
        ("/version", json!(2), "`version`: version 2 is not known"),
        (
            "/units/0/parent",
            json!("ou-x"),
            "`units[0].parent`: `ou-x` is neither the root nor one of the units",
        ),
        (
            "/units/1/parent",
            json!("ou-ab12-22222222"),
            "`units[0].parent`: the parents of `ou-ab12-22222222` go round",
        ),
        (
            "/units/1/id",
            json!("ou-ab12-22222222"),
            "`units[1].id`: `ou-ab12-22222222` is there twice",
        ),
        (
            "/units/0/policies",
            json!(["p-none"]),
            "`units[0].policies[0]`: `p-none` is attached, but",
        ),
        (
            "/units/0/policies",
            json!([]),
            "`units[0].policies`: no policy is attached to `ou-ab12-22222222`",
        ),
        (
            "/accounts/1/parent",
            json!("r-zz"),
            "`accounts[1].parent`: `r-zz` is neither",
        ),
        (
            "/accounts/1/id",
            json!("111122223333"),
            "`accounts[1].id`: `111122223333` is there twice",
        ),
        (
            "/accounts/1/id",
            json!("1111"),
            "`accounts[1].id`: `1111` is not an AWS account id",
        ),
        (
            "/policies/1/id",
            json!("p-list"),
            "`policies[1].id`: `p-list` is there twice",
        ),
        (
            "/policies/0/content/Statement/Effect",
            json!("Maybe"),
            "`policies[0].content`",
        ),
        ("/root", json!({"id": "r-ab12"}), "`root`: missing field `scps_enabled`"),
    ] {
        let error = with(pointer, value).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn what_is_exported_is_read_again_and_matches_the_schema() {
    let organization = read(&document()).unwrap();
    let exported = serde_json::to_value(organization.document()).unwrap();
    assert_eq!(read(&exported).unwrap().document(), organization.document());
    let schema = Organization::json_schema();
    assert!(jsonschema::is_valid(&schema, &exported));
    assert!(!jsonschema::is_valid(&schema, &json!({"version": 1})));
}

#[test]
fn one_policy_can_be_another_to_see_what_that_changes() {
    let organization = read(&document()).unwrap();
    let other = json!({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}});
    let changed = organization.with_policy("p-noec2", other.clone()).unwrap();
    assert_eq!(changed.document().policies[1].content, Content(other));
    assert!(organization.with_policy("p-none", json!({})).is_err());
}

#[test]
fn a_file_that_allows_stands_for_itself_and_one_that_denies_beside_full_access() {
    let scp = |effect: &str| {
        let json = json!({"Statement": {"Effect": effect, "Action": "bedrock:*", "Resource": "*"}});
        Scp::parse("file.json", json.to_string().as_bytes()).unwrap()
    };
    let names = |chain: &Chain| -> Vec<(String, Vec<String>)> {
        let policies = |level: &Level| level.policies().iter().map(|scp| scp.name().to_owned()).collect();
        chain
            .levels()
            .iter()
            .map(|level| (level.name().to_owned(), policies(level)))
            .collect()
    };
    let full = || vec![FULL_AWS_ACCESS.to_owned()];
    let chain = Chain::of_files([("ou".to_owned(), scp("Allow"))]).unwrap();
    let at = |level: &str, policies: Vec<String>| (level.to_owned(), policies);
    assert_eq!(
        names(&chain),
        [
            at("root", full()),
            at("ou", vec!["file.json".to_owned()]),
            at("account", full())
        ]
    );
    let both = vec![FULL_AWS_ACCESS.to_owned(), "file.json".to_owned()];
    let files = [("account", "Deny"), ("workloads", "Deny"), ("root", "Deny")];
    let chain = Chain::of_files(files.map(|(level, effect)| (level.to_owned(), scp(effect)))).unwrap();
    assert_eq!(
        names(&chain),
        [
            at("root", both.clone()),
            at("workloads", both.clone()),
            at("account", both)
        ]
    );
}

#[test]
fn a_member_that_stands_twice_in_a_policy_is_refused_as_in_a_file() {
    let twice = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"},
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let text = document().to_string();
    let content = document()["policies"][0]["content"].to_string();
    let error = Organization::parse(text.replace(&content, twice).as_bytes()).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("policies[0].content") && error.contains("twice") && error.contains("Statement"),
        "{error}"
    );
}

#[test]
fn units_that_are_nested_as_deep_as_nobody_nests_them_are_read_in_time() {
    let count = 20_000;
    let unit = |place: usize| {
        let parent = if place == 0 {
            "r-ab12".to_owned()
        } else {
            format!("ou-{}", place - 1)
        };
        json!({"id": format!("ou-{place}"), "parent": parent, "policies": ["p-FullAWSAccess"]})
    };
    let units = |order: &mut dyn Iterator<Item = usize>| -> Value {
        let mut document = document();
        document["units"] = order.map(unit).collect();
        document["accounts"] = json!([]);
        document
    };
    let begun = std::time::Instant::now();
    assert!(read(&units(&mut (0..count))).is_ok());
    assert!(read(&units(&mut (0..count).rev())).is_ok());
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn two_files_of_one_name_are_two_policies() {
    let scp = |action: &str| {
        let json = json!({"Statement": {"Effect": "Deny", "Action": action, "Resource": "*"}});
        Scp::parse("scp.json", json.to_string().as_bytes()).unwrap()
    };
    let at = |level: &str, action: &str| (level.to_owned(), scp(action));
    let files = [
        at("root", "ec2:*"),
        at("ou", "bedrock:*"),
        at("account", "ec2:*"),
        at("ou", "s3:*"),
        at("ou", "bedrock:*"),
    ];
    let chain = Chain::of_files(files).unwrap();
    let names: Vec<&str> = chain
        .policies()
        .map(|(_, scp)| scp.name())
        .filter(|name| name.starts_with("scp"))
        .collect();
    assert_eq!(
        names,
        ["scp.json", "scp.json (2)", "scp.json (3)", "scp.json (2)", "scp.json"]
    );
}
