//! What an auditor must not miss, and what must not be told of the wrong account, call or document.

use std::{fs, path::Path};

use crisguard_core::scp::organization::Organization;
use serde_json::{Value, json};

use super::support::{MODEL, answer, errors, line, text, verdicts, write};

fn scp(name: &str, statement: &Value) -> String {
    write(name, &json!({"Version": "2012-10-17", "Statement": statement}))
        .display()
        .to_string()
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["profiles"].as_array().unwrap()
}

/// A role with the right tag reaches the world: nothing says that it does not.
#[test]
fn what_is_undecided_and_could_leave_is_listed_and_closed() {
    let told = answer("reach --scp tagged-roles.json --policy policy.yaml");
    let global = rows(&told)
        .iter()
        .find(|row| row["profile"] == "global.amazon.nova-2-lite-v1:0")
        .unwrap();
    assert_eq!(
        (&global["verdict"], &global["leaves"], &global["could_leave"]),
        (&json!("undecided"), &json!([]), &json!(["*"]))
    );
    // The key as AWS writes it, and who asks for it.
    assert_eq!(global["depends_on"], json!(["aws:PrincipalTag/team"]));
    assert_eq!(
        global["depends_by"],
        json!([{"policy": "tagged-roles.json", "statement": "0", "level": "ou", "kind": "explicit",
            "keys": ["aws:PrincipalTag/team"]}])
    );
    let stays = |row: &&Value| row["profile"].as_str().unwrap().starts_with("jp.");
    assert!(rows(&told).iter().filter(stays).all(|row| row["could_leave"].is_null()));
    let closed = told["closing"]["closed"].as_array().unwrap();
    assert!(closed.contains(&json!("global.amazon.nova-2-lite-v1:0 from ap-northeast-1")));
    assert_eq!(told["closing"]["open"], json!([]));

    let ended = line("reach --scp tagged-roles.json --policy policy.yaml");
    assert_eq!(ended.status.code(), Some(1));
    let ended = text(&ended);
    assert!(ended.contains("undecided; could leave the allowed Regions"), "{ended}");
    assert!(
        ended.contains("of the undecided could leave the allowed Regions"),
        "{ended}"
    );
    let japanese = text(&line("reach --scp tagged-roles.json --policy policy.yaml --lang ja"));
    assert!(
        japanese.contains("許可リージョン外に出る可能性があるもの"),
        "{japanese}"
    );
}

#[test]
fn a_profile_is_not_a_model() {
    let arn = "arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/a1b2c3d4e5f6";
    for profile in ["jp.anthropic.claude-sonnet-4-6", "global.amazon.nova-2-lite-v1:0", arn] {
        let ended = line(&format!(
            "reach --scp region-deny.json --source ap-northeast-1 --model {profile}"
        ));
        assert_eq!(ended.status.code(), Some(2), "{}", text(&ended));
        assert!(
            errors(&ended).contains("is an inference profile, not a model"),
            "{}",
            errors(&ended)
        );
        assert!(errors(&ended).contains(&format!("--profile '{profile}'")));
    }
    let ended = line(&format!(
        "reach --scp region-deny.json --source ap-northeast-1 --model {MODEL}"
    ));
    assert_eq!(ended.status.code(), Some(0), "{}", errors(&ended));
    // Only the policies are asked: nobody has looked whether there is such a model.
    assert!(
        text(&ended).contains("whether these are served there"),
        "{}",
        text(&ended)
    );
}

#[test]
fn a_session_is_known_by_its_role_and_is_of_its_account() {
    let exempt = scp(
        "but-privileged.json",
        &json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"},
            "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/PrivilegedRole"}}}),
    );
    let ask = format!("reach --scp {exempt} --source ap-northeast-1 --profile jp.{MODEL} --principal");
    let verdict = |principal: &str| rows(&answer(&format!("{ask} {principal}")))[0]["verdict"].clone();
    assert_eq!(verdict("arn:aws:iam::111122223333:role/PrivilegedRole"), "works");
    assert_eq!(
        verdict("arn:aws:sts::111122223333:assumed-role/PrivilegedRole/session"),
        "works"
    );
    assert_eq!(
        verdict("arn:aws:sts::111122223333:assumed-role/OtherRole/session"),
        "fails"
    );
    // The path of a role of IAM Identity Center has a Region in it or not.
    assert_eq!(
        verdict("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann"),
        "undecided"
    );

    let session = "arn:aws:sts::111122223333:assumed-role/PrivilegedRole/session";
    let another = line(&format!("{ask} {session} --account 222233334444"));
    assert_eq!(another.status.code(), Some(2));
    assert!(
        errors(&another).contains("is of account 111122223333, and 222233334444 is asked about"),
        "{}",
        errors(&another)
    );
    let of_all = "reach --organization organization.json --source ap-northeast-1 --profile jp.* --principal";
    let everywhere = line(&format!("{of_all} {session}"));
    assert_eq!(everywhere.status.code(), Some(2), "{}", text(&everywhere));
    assert!(
        errors(&everywhere).contains("--account 111122223333"),
        "{}",
        errors(&everywhere)
    );
    let in_each = line(&format!("{of_all} arn:aws:iam::*:role/PrivilegedRole"));
    assert_eq!(in_each.status.code(), Some(1), "{}", errors(&in_each));
}

#[test]
fn no_policy_is_said_to_close_what_none_can() {
    let of_management = "reach --organization organization.json --policy policy.yaml --account 111122223333";
    assert!(answer(of_management)["closing"].is_null());
    let told = text(&line(of_management));
    assert!(
        told.contains("No service control policy can close what leaves here"),
        "{told}"
    );
    let linked = "reach --scp tagged-roles.json --policy policy.yaml --principal \
                  arn:aws:iam::111122223333:role/aws-service-role/bedrock.amazonaws.com/AWSServiceRoleForBedrock";
    assert!(answer(linked)["closing"].is_null());

    // A direct call is closed by a statement of its own, which leaves profiles alone.
    let file = scp(
        "open-2.json",
        &json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
    );
    let direct = answer(&format!(
        "reach --scp {file} --policy policy.yaml --source us-east-1 --model {MODEL}"
    ));
    assert_eq!(direct["closing"]["closed"], json!([format!("{MODEL} from us-east-1")]));
    assert_eq!(direct["closing"]["open"], json!([]));
    let closing = scp("closing-direct.json", &direct["closing"]["document"]["Statement"]);
    let works = answer(&format!(
        "reach --scp {closing} --source us-east-1 --profile us.amazon.nova-lite-v1:0"
    ));
    assert_eq!(rows(&works)[0]["verdict"], "works");
}

#[test]
fn a_closing_policy_lets_no_global_profile_through_that_nobody_permits() {
    let file = scp(
        "open-3.json",
        &json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
    );
    let apac = answer(&format!(
        "reach --scp {file} --policy policy.yaml --profile apac.amazon.*"
    ));
    let closing = scp("closing-apac.json", &apac["closing"]["document"]["Statement"]);
    let global = answer(&format!(
        "reach --scp {closing} --source ap-northeast-1 --profile global.*"
    ));
    assert!(
        verdicts(&global).values().all(|verdict| *verdict == "fails"),
        "{global}"
    );
}

fn region_deny(sid: &str) -> Value {
    json!({"Sid": sid, "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["ap-northeast-1"]}}})
}

#[test]
fn a_change_that_needs_another_says_so() {
    let managed = scp("managed.json", &region_deny("GRREGIONDENY"));
    let own = scp("own.json", &region_deny("Own"));
    let ask = format!("--source ap-northeast-1 --profile jp.{MODEL}");
    let told = answer(&format!("reach --scp root={managed} --scp ou={own} {ask}"));
    let mend = told["mend"].as_array().unwrap();
    assert_eq!(mend.len(), 2);
    for (one, other) in [(&mend[0], &mend[1]), (&mend[1], &mend[0])] {
        assert_eq!(one["together_with"], json!([other["policy"]]));
        let of_control_tower = one["notes"].to_string().contains("Control Tower manages");
        assert_eq!(of_control_tower, one["policy"] == json!(managed), "{one}");
    }
    let alone = answer(&format!("reach --scp root={managed} {ask}"));
    assert!(alone["mend"][0]["together_with"].is_null());
}

#[test]
fn no_change_is_proposed_that_is_too_long() {
    let ask = "reach --scp region-deny.json --source ap-northeast-1 --profile jp.* --quota";
    let whole = answer(&format!("{ask} 5120"));
    let size = whole["mend"][0]["size"].as_u64().unwrap();
    let short = answer(&format!("{ask} {}", size - 1));
    let mended = &short["mend"][0];
    assert!(mended["size"].as_u64() < Some(size), "{mended}");
    let (profiles, left) = (
        mended["profiles"].as_array().unwrap(),
        mended["left_out"].as_array().unwrap(),
    );
    assert!(!left.is_empty() && left.iter().all(|profile| !profiles.contains(profile)));
    assert_eq!(profiles.len() + left.len(), rows(&whole).len());

    let none = line(&format!("{ask} 300"));
    let told = text(&none).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!told.contains("Change of the policy"), "{told}");
    assert!(told.contains("a policy may have 300"), "{told}");
}

#[test]
fn another_way_is_offered_only_where_there_is_one() {
    let list = scp(
        "list.json",
        &json!({"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}),
    );
    let told = text(&line(&format!(
        "reach --scp {list} --source ap-northeast-1 --profile jp.{MODEL}"
    )));
    assert!(told.contains("Not by adding Regions to the statement's list"), "{told}");
    assert!(told.contains("Not by calling the model without a profile"), "{told}");
    assert!(told.contains("Exempt all calls of models from the statement"), "{told}");
}

/// What a change opens is said of the document that is shown, not of what each part of it opens alone.
#[test]
fn what_a_change_opens_is_said_of_the_whole_document() {
    let two = "--source ap-northeast-1 --source ap-northeast-3";
    let told = answer(&format!("reach --scp region-deny.json {two} --profile jp.{MODEL}"));
    for mended in told["mend"].as_array().unwrap() {
        let file = write("combined.json", &mended["document"]);
        let after = answer(&format!("reach --scp {} {two} --profile jp.{MODEL}", file.display()));
        let works = |source: &str| {
            rows(&after)
                .iter()
                .any(|row| row["source"] == source && row["verdict"] == "works")
        };
        let permits = mended["newly_permits"].to_string();
        let opens_osaka = mended["newly_permits"]
            .as_array()
            .unwrap()
            .iter()
            .any(|permit| permit["resource"] == "profile" && permit["regions"] == json!(["ap-northeast-3"]));
        assert_eq!(opens_osaka, works("ap-northeast-3"), "{permits}");
        assert_eq!(
            mended["notes"]
                .to_string()
                .contains("denies the profile itself in ap-northeast-3"),
            works("ap-northeast-3")
        );
    }
}

#[test]
fn an_application_profile_is_told_of_its_own_account() {
    let organization = "reach --organization organization.json --source ap-northeast-1 --inference-profiles \
                        inference-profiles.json --profile *application-inference-profile*";
    let whole = answer(organization);
    for together in whole["accounts"].as_array().unwrap() {
        let own = together["accounts"] == json!(["111122223333"]);
        assert_eq!(
            together["profiles"].as_array().unwrap().len(),
            usize::from(own),
            "{together}"
        );
    }
    let another = line(&format!("{organization} --account 222233334444"));
    assert_eq!(another.status.code(), Some(2), "{}", text(&another));
}

#[test]
fn the_documented_organization_can_be_pasted() {
    for name in ["reach.md", "reach.ja.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        let document = fs::read_to_string(path).unwrap();
        let blocks = document
            .split("```json\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap());
        let mut organizations = blocks.filter(|block| block.contains("management_account"));
        Organization::parse(organizations.next().unwrap().as_bytes()).unwrap();
    }
}

#[test]
fn a_failure_of_streaming_alone_and_a_batch_job_are_told_as_such() {
    let stream = scp(
        "stream.json",
        &json!({"Effect": "Deny", "Action": "bedrock:InvokeModelWithResponseStream", "Resource": "*"}),
    );
    let ask = format!("reach --scp {stream} --source us-east-1 --profile us.amazon.nova-lite-v1:0");
    let told = text(&line(&ask));
    assert!(told.contains("fails, where the answer is streamed"), "{told}");
    let csv = text(&line(&format!("{ask} --format csv")));
    assert!(csv.contains("bedrock:InvokeModelWithResponseStream"), "{csv}");

    let told = text(&line(&format!("{ask} --batch")));
    assert_eq!(
        told.matches("us.amazon.nova-lite-v1:0 (batch job)").count(),
        1,
        "{told}"
    );
}

#[test]
fn what_would_leave_is_told_of_what_would_change() {
    let open = scp(
        "open-4.json",
        &json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
    );
    let ask = format!(
        "reach --scp region-deny.json --policy policy.yaml --profile *.amazon.nova-2-lite-v1:0 --what-if {open}"
    );
    let told = answer(&ask);
    let leaves = |profile: &str| {
        let mut changes = told["changes"].as_array().unwrap().iter();
        changes.find(|change| change["profile"] == profile).unwrap()["leaves"].clone()
    };
    assert_eq!(leaves("global.amazon.nova-2-lite-v1:0"), json!(["*"]));
    assert_eq!(leaves("jp.amazon.nova-2-lite-v1:0"), json!([]));
    let text = text(&line(&ask));
    assert!(
        text.contains("fails → works, and can leave the allowed Regions"),
        "{text}"
    );
}

#[test]
fn every_source_region_can_be_asked_and_the_rest_is_named() {
    let told = text(&line(
        "reach --scp region-deny.json --source ap-northeast-1 --profile jp.*",
    ));
    assert!(told.contains("Asked for a role that no policy names"), "{told}");
    assert!(told.contains("other Regions (--source '*')"), "{told}");
    let every = answer("reach --scp region-deny.json --source '*' --profile global.amazon.nova-2-lite-v1:0");
    assert_eq!(every["asked"]["other_sources"], 0);
    assert!(rows(&every).len() > 10, "{}", rows(&every).len());
    assert!(
        every["asked"]["sources"]
            .as_array()
            .unwrap()
            .contains(&json!("us-east-1"))
    );
    assert!(!every["asked"]["sources"].to_string().contains("us-gov"));
}

#[test]
fn accounts_have_their_names_and_their_own_rows() {
    let ask = "reach --organization organization.json --source ap-northeast-1 --profile jp.amazon.*";
    assert!(text(&line(ask)).contains("In accounts 222233334444 (chat), 333344445555 (search)"));
    let csv = text(&line(&format!("{ask} --format csv")));
    let of = |start: &str| csv.lines().filter(|row| row.starts_with(start)).count();
    assert_eq!(of("222233334444,chat,jp.amazon.nova-2-lite-v1:0,"), 1, "{csv}");
    assert_eq!(of("333344445555,search,jp.amazon.nova-2-lite-v1:0,"), 1, "{csv}");
}
