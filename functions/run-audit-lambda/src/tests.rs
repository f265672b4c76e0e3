//! The function without Lambda and AWS.

use std::cell::Cell;

use crisguard_aws::{Disposition, Failure};
use serde_json::{Value, json};

use super::*;
use crate::audit::{Places, tests::Bucket};

/// An organization, and how often it was read.
struct Fake {
    answer: fn() -> Result<OrganizationDocument, NotRead>,
    read: Cell<usize>,
}

impl ReadOrganization for Fake {
    async fn whole(&self) -> Result<OrganizationDocument, NotRead> {
        self.read.set(self.read.get() + 1);
        (self.answer)()
    }
}

fn fake(answer: fn() -> Result<OrganizationDocument, NotRead>) -> Fake {
    Fake {
        answer,
        read: Cell::new(0),
    }
}

/// Two accounts, one of them under a Region deny.
fn document() -> OrganizationDocument {
    let deny = json!({"Statement": {"Sid": "Tokyo", "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}});
    let document = json!({
        "version": 1, "id": "o-a1b2c3d4e5", "management_account": "444455556666",
        "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
        "units": [{"id": "ou-ab12-11111111", "parent": "r-ab12", "policies": ["p-FullAWSAccess", "p-regions1"]}],
        "accounts": [
            {"id": "111122223333", "parent": "ou-ab12-11111111", "policies": ["p-FullAWSAccess"]},
            {"id": "222233334444", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]}
        ],
        "policies": [{"id": "p-regions1", "content": deny.to_string()}]
    });
    serde_json::from_value(document).unwrap()
}

async fn ask(request: &Value, organizations: &impl ReadOrganization, seconds: i64) -> Result<Value, Report> {
    let now = Timestamp::UNIX_EPOCH;
    let deadline = Timestamp::from_second(seconds).unwrap();
    let world = World {
        store: &Bucket::empty(),
        organizations,
        places: &Places {
            reports: None,
            policy: None,
        },
    };
    let answer = answer(&request.to_string(), &world, now, deadline, io::sink()).await?;
    Ok(serde_json::from_str(answer.get()).unwrap())
}

fn about(organization: &Value) -> Value {
    json!({"reach": {"organization": organization, "sources": ["ap-northeast-1"],
        "profiles": ["jp.anthropic.claude-sonnet-4-5*"]}})
}

#[tokio::test]
async fn the_organization_is_read_once_and_only_when_it_is_asked_about() {
    let organizations = fake(|| Ok(document()));
    let read = ask(&about(&json!(true)), &organizations, 60).await.unwrap();
    let accounts: Vec<(&Value, &Value)> = read["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|together| (&together["accounts"][0], &together["profiles"][0]["verdict"]))
        .collect();
    assert_eq!(
        json!(accounts),
        json!([["111122223333", "fails"], ["222233334444", "works"]])
    );
    assert_eq!(organizations.read.get(), 1);

    let given = serde_json::to_value(document()).unwrap();
    assert_eq!(ask(&about(&given), &organizations, 60).await.unwrap(), read);
    assert_eq!(organizations.read.get(), 1);
    assert_eq!(
        ask(&json!({"organization": true}), &organizations, 60).await.unwrap(),
        given
    );
    assert_eq!(organizations.read.get(), 2);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_named() {
    let mut request = about(&json!(true));
    request["reach"]["accounts"] = json!(["111122223333", "999999999999"]);
    let refused = ask(&request, &fake(|| Ok(document())), 60)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(refused, "Request: the account 999999999999 is not in the organization");
}

fn denied(action: &'static str, disposition: Disposition) -> Failure {
    Failure {
        action,
        resource: "the organization".to_owned(),
        cause: "AccessDeniedException (HTTP 400): no".to_owned(),
        disposition,
    }
}

/// What cannot be read is an error that names the permission and the remedy; never an organization without policies.
#[tokio::test]
async fn what_may_not_be_read_is_no_answer() {
    const ROLE: &str = "arn:aws:iam::444455556666:role/crisguard-organization";
    let itself: fn() -> _ = || {
        Err(NotRead::Refused {
            assumes: None,
            failure: denied("organizations:ListRoots", Disposition::WillNotPass),
        })
    };
    let role: fn() -> _ = || {
        Err(NotRead::Refused {
            assumes: Some(ROLE.to_owned()),
            failure: denied("organizations:DescribePolicy", Disposition::WillNotPass),
        })
    };
    let untrusted: fn() -> _ = || {
        Err(NotRead::Refused {
            assumes: Some(ROLE.to_owned()),
            failure: denied("sts:AssumeRole", Disposition::WillNotPass),
        })
    };
    let throttled: fn() -> _ = || {
        Err(NotRead::Refused {
            assumes: None,
            failure: denied("organizations:ListPoliciesForTarget", Disposition::MayPass),
        })
    };
    for (answer, says) in [
        (
            itself,
            [
                "organizations:ListRoots on the organization failed",
                "OrganizationRoleArn",
            ],
        ),
        (
            role,
            [
                "organizations:DescribePolicy on the organization failed",
                "infra/organization-role.yaml",
            ],
        ),
        (
            untrusted,
            ["sts:AssumeRole on the organization failed", "RunAuditRoleArn"],
        ),
        (throttled, ["organizations:ListPoliciesForTarget", "ask again"]),
        (
            || Err(NotRead::InNone("this function".to_owned())),
            ["in no organization", "`scps`"],
        ),
    ] {
        for request in [about(&json!(true)), json!({"organization": true})] {
            let refused = ask(&request, &fake(answer), 60).await.unwrap_err().to_string();
            assert!(refused.starts_with("Organization: "), "{refused}");
            assert!(says.iter().all(|part| refused.contains(part)), "{refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_says_so_before_lambda_ends_it() {
    struct Slow;
    impl ReadOrganization for Slow {
        async fn whole(&self) -> Result<OrganizationDocument, NotRead> {
            tokio::time::sleep(Duration::from_mins(20)).await;
            Ok(document())
        }
    }
    let answer = ask(&json!({"organization": true}), &Slow, 900).await;
    let late = answer.unwrap_err().to_string();
    assert!(late.contains("was not read within 895 seconds"), "{late}");
}

#[tokio::test]
async fn an_answer_that_lambda_would_not_hand_on_says_what_to_narrow() {
    let many = || {
        let mut document = document();
        // Each in a unit of its own, so that none of them are told together.
        for place in 0..200 {
            let mut unit = document.units[0].clone();
            unit.id = format!("ou-ab12-{place:08}");
            let mut account = document.accounts[0].clone();
            account.id = format!("1{place:011}").parse().unwrap();
            account.parent.clone_from(&unit.id);
            document.units.push(unit);
            document.accounts.push(account);
        }
        Ok(document)
    };
    let everything = json!({"reach": {"organization": true, "sources": ["us-east-1", "us-west-2"]}});
    let refused = ask(&everything, &fake(many), 60).await.unwrap_err().to_string();
    assert!(refused.starts_with("Answer: the answer has "), "{refused}");
    assert!(
        ["accounts", "profiles", "sources"]
            .iter()
            .all(|by| refused.contains(by)),
        "{refused}"
    );
    let mut narrowed = about(&json!(true));
    narrowed["reach"]["accounts"] = json!(["111122223333"]);
    assert!(ask(&narrowed, &fake(many), 60).await.is_ok());
}
