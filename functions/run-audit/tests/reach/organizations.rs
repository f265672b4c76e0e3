//! A whole organization, and what would change.

use serde_json::{Value, json};

use super::support::{answer, errors, line, text, verdicts, write};

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
fn accounts_narrow_an_organization_and_an_unknown_one_is_named() {
    let ask = "reach --organization organization.json --source ap-northeast-1 --profile jp.*";
    let whole = answer(ask);
    let some = answer(&format!("{ask} --account 333344445555 --account 444455556666"));
    let told: Vec<&Value> = some["accounts"].as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["accounts"], json!(["333344445555"]));
    assert_eq!(told[0]["profiles"], whole["accounts"][1]["profiles"]);
    assert_eq!(some["mend"][0]["accounts"], json!(["333344445555"]));

    let ended = line(&format!(
        "{ask} --account 222233334444 --account 999999999999 --account 888888888888"
    ));
    assert_eq!(ended.status.code(), Some(2));
    let told = errors(&ended);
    assert!(
        told.contains("the accounts 888888888888, 999999999999 are not in the organization"),
        "{told}"
    );
    let files = "reach --scp region-deny.json --source ap-northeast-1 --account 222233334444 --account 333344445555";
    assert!(errors(&line(files)).contains("told apart by a whole organization"));
}

/// What is proposed for a whole organization makes the profiles work wherever it says, and nothing else.
#[test]
fn the_change_for_an_organization_works_in_every_account_that_it_names() {
    let ask = "reach --organization organization.json --source ap-northeast-1";
    let whole = answer(&format!("{ask} --profile jp.*"));
    let mend = whole["mend"].as_array().unwrap();
    let [mended] = mend.as_slice() else { panic!("{mend:?}") };
    assert_eq!(mended["policy"], "p-regions1");
    assert_eq!(mended["accounts"], json!(["222233334444", "333344445555"]));
    assert_eq!(mended["also"], json!([]));
    assert_ne!(mended["newly_permits"], json!([]));
    let one = answer(&format!("{ask} --profile jp.* --account 222233334444"));
    for member in ["document", "before", "profiles", "size", "newly_permits", "notes"] {
        assert_eq!(mended[member], one["mend"][0][member], "{member}");
    }

    let file = write("mended-organization.json", &mended["document"]);
    let changes = answer(&format!("{ask} --what-if p-regions1={}", file.display()));
    let mut works: Vec<String> = Vec::new();
    for change in changes["changes"].as_array().unwrap() {
        assert_eq!(
            (&change["after"], &change["accounts"]),
            (&json!("works"), &mended["accounts"])
        );
        works.push(format!("{} from ap-northeast-1", change["profile"].as_str().unwrap()));
    }
    assert_eq!(json!(works), mended["profiles"]);
    // Nobody asked for any, so no change is proposed.
    assert_eq!(answer(ask)["mend"], json!([]));
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
