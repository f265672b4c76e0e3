//! What CloudFormation is answered to each request, and what stands then.

mod fakes;

use std::cell::RefCell;

use crisguard_aws::bedrock::{LogGroup, Logging, Prefix};
use crisguard_lambda::test_support::failure;
use serde_json::{Value, json};

use super::*;
use fakes::*;

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_created_turns_logging_on_exactly_as_asked() {
    let bedrock = FakeBedrock::default();
    let answer = answer(&bedrock, &event("Create")).await;
    assert_eq!(*bedrock.standing.borrow(), Some(logging()));
    assert_eq!(
        answer,
        json!({
            "Status": "SUCCESS",
            "Reason": "invocations are logged",
            "PhysicalResourceId": "invocation-logging-111122223333-eu-west-1",
            "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/crisguard-invocation-logging/1",
            "RequestId": "r-1",
            "LogicalResourceId": "Logging",
            "Data": {"Replaced": ""},
        })
    );
    assert_eq!(*bedrock.calls.borrow(), [GET, PUT, GET], "what stands is read back");
}

#[tokio::test(start_paused = true)]
async fn a_prefix_is_that_of_both_buckets() {
    let bedrock = FakeBedrock::default();
    let prefixed = changed(event("Create"), "/ResourceProperties/KeyPrefix", json!("p"));
    assert_eq!(answer(&bedrock, &prefixed).await["Status"], "SUCCESS");
    let standing = bedrock.standing.borrow().clone().unwrap();
    let prefix = Some("p".to_owned());
    assert_eq!(standing.bucket.unwrap().prefix, prefix);
    assert_eq!(standing.log_group.unwrap().large_bodies.unwrap().prefix, prefix);
}

#[tokio::test(start_paused = true)]
async fn asking_twice_is_asking_once() {
    let bedrock = FakeBedrock::with(logging());
    let created = answer(&bedrock, &event("Create")).await;
    assert_eq!(created["Reason"], "invocations are logged", "nothing was replaced");
    assert_eq!(*bedrock.standing.borrow(), Some(logging()));
}

#[tokio::test(start_paused = true)]
async fn an_update_puts_and_replaces_no_resource() {
    let bedrock = FakeBedrock::with(logging());
    let less = changed(event("Update"), "/ResourceProperties/Modalities", json!(["text"]));
    let answer = answer(&bedrock, &less).await;
    assert_eq!(
        (&answer["Status"], &answer["Data"]["Replaced"]),
        (&json!("SUCCESS"), &json!(""))
    );
    assert_eq!(answer["PhysicalResourceId"], "what-it-was-called-before");
    let standing = bedrock.standing.borrow().clone().unwrap();
    assert_eq!((standing.text, standing.image), (Some(true), Some(false)));
}

#[tokio::test(start_paused = true)]
async fn what_stood_before_is_told() {
    let bedrock = FakeBedrock::with(somebody_elses());
    let answer = answer(&bedrock, &event("Create")).await;
    assert_eq!(*bedrock.standing.borrow(), Some(logging()));
    assert_eq!(
        answer["Reason"],
        "invocations are logged; until now they were logged to s3://theirs/p and the log group g"
    );
    assert_eq!(answer["Data"]["Replaced"], "s3://theirs/p and the log group g");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_resource_turns_off_its_own_only() {
    let theirs = somebody_elses();
    let another_group = {
        let mut logging = logging();
        logging.log_group.as_mut().unwrap().name = "theirs".to_owned();
        logging
    };
    let nowhere = Logging {
        bucket: None,
        log_group: None,
        ..logging()
    };
    for (before, reason, after) in [
        (Some(logging()), "invocations are logged no more", None),
        (None, "invocations are not logged", None),
        (
            Some(theirs.clone()),
            "nothing was turned off: invocations are logged to s3://theirs/p and the log group g, by somebody else",
            Some(theirs),
        ),
        (
            Some(another_group.clone()),
            "nothing was turned off: invocations are logged to s3://b/ and the log group theirs, by somebody else",
            Some(another_group),
        ),
        (
            Some(nowhere.clone()),
            "nothing was turned off: invocations are logged to nowhere, by somebody else",
            Some(nowhere),
        ),
    ] {
        let bedrock = FakeBedrock::default();
        bedrock.standing.borrow_mut().clone_from(&before);
        let answer = answer(&bedrock, &event("Delete")).await;
        assert_eq!(
            (&answer["Status"], &answer["Reason"]),
            (&json!("SUCCESS"), &json!(reason))
        );
        assert_eq!(answer["PhysicalResourceId"], "what-it-was-called-before");
        assert_eq!(*bedrock.standing.borrow(), after);
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_was_never_created_is_deleted_and_nothing_is_turned_off() {
    let bedrock = FakeBedrock::with(logging());
    let never = changed(
        event("Delete"),
        "/ResourceProperties",
        json!({"BucketName": "b", "Modalities": 5}),
    );
    assert_eq!(answer(&bedrock, &never).await["Status"], "SUCCESS");
    assert_eq!(*bedrock.standing.borrow(), Some(logging()));
}

#[tokio::test(start_paused = true)]
async fn one_reason_names_every_property_that_is_wrong() {
    let wrong = json!({
        "BucketName": "",
        "LogGroupName": {"Ref": "Group"},
        "RoleArn": "arn:role",
        "Modalities": ["text", "sound", 5],
        "Prefix": "p",
    });
    let mut reasons = Vec::new();
    for event in [
        changed(event("Create"), "/ResourceProperties", wrong),
        changed(event("Update"), "/ResourceProperties/Modalities", json!([])),
        changed(event("Update"), "/ResourceProperties/Modalities", json!("text,image")),
        changed(event("Create"), "/ResourceProperties/KeyPrefix", json!(["p"])),
        changed(event("Create"), "/ResourceProperties", Value::Null),
        event("Import"),
        changed(
            changed(event("Create"), "/RequestId", Value::Null),
            "/RequestType",
            json!(1),
        ),
        json!({"ResponseURL": URL}),
    ] {
        let bedrock = FakeBedrock::default();
        let answer = answer(&bedrock, &event).await;
        assert_eq!(answer["Status"], "FAILED");
        assert!(answer["PhysicalResourceId"].as_str().is_some_and(|id| !id.is_empty()));
        assert!(bedrock.calls.borrow().is_empty(), "nothing was asked of Bedrock");
        reasons.push(answer["Reason"].as_str().unwrap().to_owned());
    }
    insta::assert_snapshot!(reasons.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn who_has_no_address_of_cloudformations_is_not_answered_and_does_nothing() {
    let elsewhere = changed(
        event("Create"),
        "/ResponseURL",
        json!("https://example.com/x?Signature=5ec7e7"),
    );
    let mut errors = Vec::new();
    for event in [
        "5".to_owned(),
        "{}".to_owned(),
        json!({"ResponseURL": 5}).to_string(),
        elsewhere.to_string(),
    ] {
        let bedrock = FakeBedrock::default();
        let function = function(&bedrock);
        let handled = function
            .handle(&event, now(), now() + SignedDuration::from_secs(60))
            .await;
        errors.push(handled.unwrap_err().to_string());
        assert!(bedrock.calls.borrow().is_empty());
        assert!(function.cloud_formation.answers.borrow().is_empty());
    }
    insta::assert_snapshot!(errors.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_aws_does_not_see_yet_is_tried_again() {
    let denied = failure(GET, "AccessDeniedException (HTTP 403): not yet");
    let refusals = std::iter::once(denied).chain(vec![failure(PUT, VALIDATION); 18]);
    let bedrock = FakeBedrock::refusing(refusals);
    let begun = Instant::now();
    let answer = answer(&bedrock, &event("Create")).await;
    assert_eq!(answer["Status"], "SUCCESS");
    assert!(begun.elapsed() > Duration::from_secs(95), "{:?}", begun.elapsed());
    assert_eq!(*bedrock.standing.borrow(), Some(logging()));
}

#[tokio::test(start_paused = true)]
async fn what_stood_before_is_told_although_the_first_try_was_refused() {
    let bedrock = FakeBedrock::with(somebody_elses());
    bedrock.refusals.borrow_mut().push_back(failure(PUT, VALIDATION));
    assert_eq!(
        answer(&bedrock, &event("Create")).await["Data"]["Replaced"],
        "s3://theirs/p and the log group g"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_too_long_is_told_with_its_cause() {
    let bedrock = FakeBedrock::refusing(vec![failure(PUT, VALIDATION); 100].into_iter());
    let begun = Instant::now();
    let answer = answer_within(900, &bedrock, &event("Create")).await;
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(answer["Reason"], format!("{PUT} on it failed: {VALIDATION}"));
    assert_eq!(begun.elapsed().as_secs(), 120, "two minutes, whatever time there is");
}

#[tokio::test(start_paused = true)]
async fn who_is_late_answers_before_the_time_is_up() {
    for (seconds, expected) in [(120, 100), (30, 10), (5, 0)] {
        for kind in ["Create", "Update", "Delete"] {
            let bedrock = FakeBedrock {
                hangs: true,
                ..FakeBedrock::default()
            };
            let begun = Instant::now();
            let answer = answer_within(seconds, &bedrock, &event(kind)).await;
            assert_eq!(begun.elapsed().as_secs(), expected);
            assert_eq!(answer["Status"], "FAILED");
            assert_eq!(answer["Reason"], "Bedrock did not answer in time");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_put_or_deleted_must_be_read_back() {
    let theirs = |name: &str| Prefix {
        bucket: name.to_owned(),
        prefix: None,
    };
    let all_different = Logging {
        log_group: Some(LogGroup {
            name: "theirs".to_owned(),
            role: "arn:theirs".to_owned(),
            large_bodies: Some(theirs("large-theirs")),
        }),
        bucket: Some(theirs("theirs")),
        text: Some(false),
        image: None,
        embedding: Some(true),
        video: Some(false),
        audio: Some(true),
    };
    let mut without_flags = logging();
    (without_flags.text, without_flags.audio) = (None, None);
    let mut reasons = Vec::new();
    for (standing, kind) in [
        (None, "Create"),
        (Some(all_different), "Create"),
        (Some(without_flags), "Update"),
        (Some(logging()), "Delete"),
    ] {
        let bedrock = FakeBedrock {
            standing: RefCell::new(standing).into(),
            deaf: true,
            ..FakeBedrock::default()
        };
        let answer = answer(&bedrock, &event(kind)).await;
        assert_eq!(answer["Status"], "FAILED");
        reasons.push(answer["Reason"].as_str().unwrap().to_owned());
    }
    insta::assert_snapshot!(reasons.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_refused_fails_the_invocation() {
    let function = function(&FakeBedrock::default());
    function.cloud_formation.refuses.set(true);
    let deadline = now() + SignedDuration::from_secs(150);
    let handled = function.handle(&event("Create").to_string(), now(), deadline).await;
    assert_eq!(
        handled.unwrap_err().to_string(),
        "Answer: s3:PutObject on it failed: AccessDenied (HTTP 403): Request has expired"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_short_whatever_was_said() {
    let long = failure(PUT, &"長".repeat(5000));
    let bedrock = FakeBedrock::refusing(vec![long; 100].into_iter());
    let answer = answer(&bedrock, &event("Create")).await;
    let reason = answer["Reason"].as_str().unwrap();
    assert!(
        reason.starts_with(PUT) && reason.ends_with("長…") && reason.chars().count() == 400,
        "{reason}"
    );
}

#[test]
fn an_event_that_is_kept_has_no_address() {
    let (event, url) = Event::read(&event("Create").to_string()).unwrap();
    assert_eq!(url, URL);
    assert_eq!(event.text("ResponseURL"), None);
}
