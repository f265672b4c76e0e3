//! Where the account stands in its organization is kept as it was last answered.

use serde_json::{Value, json};

use super::*;

const KEY: &str = "posture/111122223333/scps.json";

/// Returns what is kept after a night in which this was answered, and what was decided in eu-west-1.
async fn after_a_night(membership: Option<Value>) -> (Option<Value>, PostureDecision) {
    let mut world = World::as_deployed();
    if let Some(membership) = membership {
        for (region, _) in TWO_REGIONS {
            let changes = json!({ "membership": membership });
            world.settings.insert((region.to_owned(), Area::Reach), changes);
        }
    }
    let function = function(&TWO_REGIONS, world, &[]).await;
    let before = json!({"observed_at": "2026-11-21T17:00:00Z", "membership": "management_account"});
    function.ports.reports.kept.borrow_mut().insert(KEY.to_owned(), before);
    let answer = answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    let mut assessed = answer.assessments.into_iter();
    let decided = assessed.find(|each| {
        each.finding.control == ControlId::ProfileReachAllowed && each.finding.region.as_str() == "eu-west-1"
    });
    let kept = function.ports.reports.kept.borrow().get(KEY).cloned();
    (kept, decided.unwrap().finding.decision)
}

#[tokio::test]
async fn what_was_answered_is_kept_with_when() {
    let (kept, _) = after_a_night(None).await;
    let kept = kept.unwrap();
    assert_eq!(kept["observed_at"], "2026-11-22T17:12:34Z");
    assert_eq!(kept["membership"]["member"]["Ok"]["policies"][0]["id"], "p-regions1");
    let (kept, decided) = after_a_night(Some(json!({"Ok": "none"}))).await;
    assert_eq!(kept.unwrap()["membership"], "none");
    assert!(matches!(decided, PostureDecision::Compliant(_)), "{decided}");
}

#[tokio::test]
async fn what_could_not_be_read_leaves_what_was_kept() {
    let refused = json!({"action": "organizations:ListParents", "cause": "AccessDeniedException (HTTP 400): no"});
    for membership in [json!({"Err": refused}), json!({"Ok": {"member": {"Err": refused}}})] {
        let (kept, decided) = after_a_night(Some(membership)).await;
        assert_eq!(kept.unwrap()["observed_at"], "2026-11-21T17:00:00Z");
        assert!(
            decided.to_string().contains("organizations:ListParents failed"),
            "{decided}"
        );
    }
}

const ARN: (&str, &str) = ("CRISGUARD_ORGANIZATION_ROLE_ARN", "arn:aws:iam::444455556666:role/r");
const ID: (&str, &str) = ("CRISGUARD_ORGANIZATION_EXTERNAL_ID", "id-1");

#[test]
fn a_role_to_read_the_organization_is_told_with_its_external_id() {
    let read = |set: &'static [(&str, &str)]| {
        let variables = Variables::new(move |name: &str| {
            let given = set
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned());
            given.or_else(|| match name {
                "CRISGUARD_ACCOUNT" => Some(ACCOUNT.to_owned()),
                "AWS_REGION" => Some("eu-central-1".to_owned()),
                "AWS_LAMBDA_FUNCTION_NAME" => Some("f".to_owned()),
                name if name.starts_with("CRISGUARD_ORGANIZATION") || name == "CRISGUARD_LOG_LEVEL" => None,
                name => Some(name.to_lowercase()),
            })
        });
        Config::read(variables).map(|config| config.organization_role)
    };
    assert_eq!(read(&[]).unwrap(), None);
    let error = read(&[ID]).unwrap_err().to_string();
    assert!(
        error.contains("CRISGUARD_ORGANIZATION_EXTERNAL_ID has no effect"),
        "{error}"
    );
    let role = read(&[ARN]).unwrap().unwrap();
    assert_eq!((role.arn.as_str(), role.external_id), (ARN.1, None));
    let role = read(&[ARN, ID]).unwrap().unwrap();
    assert_eq!(role.external_id.as_deref(), Some("id-1"));
}
