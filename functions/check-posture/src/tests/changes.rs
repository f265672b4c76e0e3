//! Batches of changes: each message through one exit, each look once, with who made the change.

use serde_json::{Value, json};

use super::{across::sent, *};

fn change(id: &str, source: &str, name: &str, region: &str, parameters: &Value) -> Value {
    let body = json!({
        "source": "aws.any", "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": source, "eventName": name, "eventID": id, "eventTime": "2026-11-22T17:11:30Z",
            "awsRegion": region, "recipientAccountId": ACCOUNT, "requestParameters": parameters,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"}
        }
    });
    json!({"messageId": id, "body": body.to_string()})
}

pub(super) fn logging_off(id: &str) -> Value {
    let name = "DeleteModelInvocationLoggingConfiguration";
    change(id, "bedrock.amazonaws.com", name, "eu-west-1", &Value::Null)
}

fn of_bucket(id: &str, bucket: &str) -> Value {
    change(
        id,
        "s3.amazonaws.com",
        "DeleteBucketPolicy",
        "eu-west-1",
        &json!({"bucketName": bucket}),
    )
}

/// Hands a batch over, and returns which messages failed, with the metrics.
pub(super) async fn handed_over(function: &Function, messages: &[Value]) -> (Vec<String>, Value) {
    let mut metrics = Vec::new();
    let batch = json!({ "Records": messages }).to_string();
    let reply = function
        .handle(&batch, now(), deadline(now()), &mut metrics)
        .await
        .unwrap();
    let Reply::Batch(response) = reply else {
        panic!("{reply:?}")
    };
    let failed = response.failures().map(|id| id.as_str().to_owned()).collect();
    (failed, serde_json::from_slice(&metrics).unwrap())
}

#[tokio::test]
async fn a_change_is_looked_at_by_the_controls_that_it_can_affect_and_told_with_who_made_it() {
    let mut world = World::as_deployed();
    let off = json!({"configuration": {"Ok": null}});
    world.settings.insert(("eu-west-1".to_owned(), Area::Logging), off);
    let function = function(&TWO_REGIONS, world, &[]).await;
    let (failed, metrics) = handed_over(&function, &[logging_off("e-1"), logging_off("e-1")]).await;
    assert_eq!(failed, [""; 0]);
    assert_eq!(
        (&metrics["Changes"], &metrics["ChangesLookedAt"]),
        (&2.into(), &2.into())
    );
    assert_eq!(
        *function.ports.world.looked.borrow(),
        [("eu-west-1".to_owned(), Area::Logging)]
    );
    let sent = sent(&function);
    assert_eq!(sent.len(), ControlId::about_settings(Area::Logging).count());
    let enabled = sent
        .iter()
        .find(|finding| finding.control == ControlId::InvocationLoggingEnabled);
    let enabled = enabled.unwrap();
    assert_eq!(enabled.decision.name(), "non-compliant");
    assert!(!enabled.one_of_many);
    insta::assert_json_snapshot!(enabled.changes, @r#"
    [
      {
        "time": "2026-11-22T17:11:30Z",
        "event_name": "DeleteModelInvocationLoggingConfiguration",
        "event_id": "e-1",
        "region": "eu-west-1",
        "principal": "arn:aws:iam::111122223333:user/eve"
      }
    ]
    "#);
}

#[tokio::test]
async fn what_is_no_evidence_is_not_looked_at() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    function.ports.world.looked.borrow_mut().clear();
    let messages = [of_bucket("e-1", "somebody-else-s"), of_bucket("e-2", "other")];
    let (failed, metrics) = handed_over(&function, &messages).await;
    assert_eq!(failed, [""; 0]);
    assert_eq!(metrics["ChangesNotApplicable"], 2);
    assert!(function.ports.world.looked.borrow().is_empty());

    handed_over(&function, &[of_bucket("e-3", "logs")]).await;
    assert_eq!(
        function.ports.world.looked.borrow().len(),
        2,
        "both Regions deliver to it"
    );
}

#[tokio::test]
async fn every_message_leaves_through_one_exit() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let mut nameless = logging_off("e-4");
    nameless["body"] = json!(nameless["body"].as_str().unwrap().replace("eventName", "name"));
    let messages = [
        logging_off("e-1"),
        change("e-2", "s3.amazonaws.com", "PutObject", "eu-west-1", &json!({})),
        json!({"messageId": "e-3", "body": "secret"}),
        nameless,
        json!({"messageId": "e-5", "body": logging_off("e-5")["body"].as_str().unwrap().replace(ACCOUNT, "444455556666")}),
    ];
    let (failed, metrics) = handed_over(&function, &messages).await;
    assert_eq!(failed, ["e-3", "e-4"]);
    let count = |name: &str| metrics[name].as_u64().unwrap();
    assert_eq!(
        (
            count("ChangesLookedAt"),
            count("ChangesNotApplicable"),
            count("ChangesRejected")
        ),
        (1, 2, 2)
    );
    assert_eq!(count("Changes"), 5);
}

#[tokio::test]
async fn a_trail_for_all_regions_is_looked_at_from_all() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    let stopped = change(
        "e-1",
        "cloudtrail.amazonaws.com",
        "StopLogging",
        "eu-west-1",
        &json!({"name": "t"}),
    );
    handed_over(&function, &[stopped]).await;
    let mut looked = function.ports.world.looked.borrow().clone();
    looked.sort();
    let trails = |region: &str| (region.to_owned(), Area::Trails);
    assert_eq!(looked, [trails("eu-central-1"), trails("eu-west-1")]);
}

#[tokio::test]
async fn what_was_not_handed_on_is_looked_at_again() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[0]).await;
    let (failed, metrics) = handed_over(&function, &[logging_off("e-1"), logging_off("e-2")]).await;
    assert_eq!(failed, ["e-1", "e-2"]);
    assert!(metrics["Retried"].as_u64().unwrap() > 0, "{metrics}");
}

#[tokio::test]
async fn without_what_is_known_every_change_is_looked_at() {
    let mut function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    function.ports.world.looked.borrow_mut().clear();
    function.ports.reports.refused = true;
    let batch = json!({ "Records": [of_bucket("e-1", "somebody-else-s")] }).to_string();
    let error = function
        .handle(&batch, now(), deadline(now()), Vec::new())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("s3:PutObject"),
        "the report cannot be kept either: {error}"
    );
    assert_eq!(function.ports.world.looked.borrow().len(), 1);
}

/// An answer that fails for a moment is not the last word on a change: it is looked at again.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_seen_for_a_moment_is_looked_at_again() {
    let logging = |passing: bool| {
        let cause = json!({"action": "bedrock:Get", "cause": "no", "passing": passing});
        json!({"configuration": {"Err": cause}})
    };
    for (passing, expected) in [(true, &["e-1"][..]), (false, &[])] {
        let mut world = World::as_deployed();
        world
            .settings
            .insert(("eu-west-1".to_owned(), Area::Logging), logging(passing));
        let function = function(&TWO_REGIONS, world, &[]).await;
        assert_eq!(handed_over(&function, &[logging_off("e-1")]).await.0, expected);
    }
    let mut world = World::as_deployed();
    world.slow = Some(Area::Logging);
    let function = function(&TWO_REGIONS, world, &[]).await;
    assert_eq!(
        handed_over(&function, &[logging_off("e-1")]).await.0,
        ["e-1"],
        "there was no time left"
    );
}

/// A bucket of one Region to which another delivers.
#[tokio::test]
async fn a_change_is_looked_at_where_something_rests_on_it() {
    let function = function(&TWO_REGIONS, World::as_deployed(), &[]).await;
    answered(&function, NIGHTLY, now(), Vec::new()).await.unwrap();
    function.ports.world.looked.borrow_mut().clear();
    let name = "DeleteBucketPolicy";
    let elsewhere = change(
        "e-1",
        "s3.amazonaws.com",
        name,
        "us-east-1",
        &json!({"bucketName": "logs"}),
    );
    handed_over(&function, &[elsewhere]).await;
    let looked: Vec<String> = function
        .ports
        .world
        .looked
        .borrow()
        .iter()
        .map(|(region, _)| region.clone())
        .collect();
    assert!(looked.contains(&"eu-west-1".to_owned()), "{looked:?}");
}
