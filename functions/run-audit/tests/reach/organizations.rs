//! A whole organization, and what would change.

use serde_json::{Value, json};

use super::support::{answer, errors, line, text, verdicts};

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
