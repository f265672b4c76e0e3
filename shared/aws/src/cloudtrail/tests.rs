//! Each answer as CloudTrail's API reference has it.

use super::*;
use crate::{
    Disposition,
    replay::{Replay, Reply, ok},
};

const ARN: &str = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t";

fn trails(replies: impl IntoIterator<Item = Reply>) -> (Replay, Trails) {
    let replay = Replay::new(replies);
    let trails = Trails::new(&replay.configuration(), "eu-west-1");
    (replay, trails)
}

fn error(code: &str) -> Reply {
    Reply::new(400, format!(r#"{{"__type":"{code}","message":"m"}}"#))
}

#[tokio::test]
async fn trails_of_other_regions_are_listed_too() {
    let (replay, trails) = trails([ok(
        r#"{"trailList":[{"Name":"t","TrailARN":"arn:t","HomeRegion":"us-east-1",
        "S3BucketName":"b","IsMultiRegionTrail":true,"IsOrganizationTrail":false},{"Name":"u","TrailARN":"arn:u"}]}"#,
    )]);
    let listed = trails.list().await.unwrap();
    let expected = Trail {
        name: "t".to_owned(),
        arn: "arn:t".to_owned(),
        home_region: Some("us-east-1".to_owned()),
        multi_region: Some(true),
        organization: Some(false),
    };
    assert_eq!(listed[0], expected);
    assert_eq!(listed[1].multi_region, None);
    assert_eq!(replay.lines(), ["POST https://cloudtrail.eu-west-1.amazonaws.com/"]);
    assert_eq!(replay.bodies(), [r#"{"includeShadowTrails":true}"#]);
    assert_eq!(
        replay.headers("x-amz-target"),
        ["com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.DescribeTrails"]
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_read_or_asked_for_is_no_empty_list() {
    for answer in ["{}", r#"{"trailList":[{"Name":"t"}]}"#, "<html>"] {
        let (_, unclear) = trails([ok(answer)]);
        let failure = unclear.list().await.unwrap_err();
        assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
    }
    let (_, denied) = trails([error("AccessDeniedException")]);
    assert_eq!(
        denied.list().await.unwrap_err().to_string(),
        "cloudtrail:DescribeTrails on eu-west-1 failed: AccessDeniedException (HTTP 400): m"
    );
}

#[tokio::test]
async fn a_trails_status_says_whether_it_records() {
    let (replay, trails) = trails([
        ok(r#"{"IsLogging":true,"LatestDeliveryError":"NoSuchBucket","StartLoggingTime":1.7e9}"#),
        ok(r#"{"IsLogging":false}"#),
        error("TrailNotFoundException"),
        ok("{}"),
        error("AccessDeniedException"),
    ]);
    let status = |logging, error: Option<&str>| TrailStatus {
        logging,
        latest_delivery_error: error.map(str::to_owned),
    };
    let read = async || trails.status(ARN).await;
    assert_eq!(read().await.unwrap(), Some(status(true, Some("NoSuchBucket"))));
    assert_eq!(read().await.unwrap(), Some(status(false, None)));
    assert_eq!(read().await.unwrap(), None);
    assert!(read().await.is_err(), "what does not say is not switched off");
    assert_eq!(read().await.unwrap_err().action, "cloudtrail:GetTrailStatus");
    assert_eq!(replay.bodies()[0], format!(r#"{{"Name":"{ARN}"}}"#));
}

#[tokio::test]
async fn basic_selectors_are_read_with_what_they_leave_out() {
    let (replay, trails) = trails([ok(
        r#"{"TrailARN":"arn:t","EventSelectors":[{"ReadWriteType":"WriteOnly",
        "IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}],
        "ExcludeManagementEventSources":["kms.amazonaws.com"]},{"DataResources":null}]}"#,
    )]);
    let selectors = trails.selectors(ARN).await.unwrap().unwrap();
    let resource = DataResource {
        resource_type: Some("AWS::S3::Object".to_owned()),
        values: vec!["arn:aws:s3".to_owned()],
    };
    let selector = BasicSelector {
        read_write_type: Some("WriteOnly".to_owned()),
        include_management_events: Some(true),
        exclude_management_event_sources: vec!["kms.amazonaws.com".to_owned()],
        data_resources: vec![resource],
    };
    let plain = BasicSelector {
        read_write_type: None,
        include_management_events: None,
        exclude_management_event_sources: Vec::new(),
        data_resources: Vec::new(),
    };
    assert_eq!(selectors.basic, [selector, plain]);
    assert_eq!(selectors.advanced, []);
    assert_eq!(replay.bodies(), [format!(r#"{{"TrailName":"{ARN}"}}"#)]);
}

#[tokio::test]
async fn advanced_selectors_are_read_field_by_field() {
    let (_, trails) = trails([ok(
        r#"{"TrailARN":"arn:t","AdvancedEventSelectors":[{"Name":"n","FieldSelectors":[
        {"Field":"eventCategory","Equals":["Management"]},
        {"Field":"eventSource","NotEquals":["kms.amazonaws.com"],"NotStartsWith":["rds"],"NotEndsWith":["x"]},
        {"Field":"resources.ARN","StartsWith":["arn:"],"EndsWith":["/"]}]}]}"#,
    )]);
    let selectors = trails.selectors(ARN).await.unwrap().unwrap();
    assert_eq!(selectors.basic, []);
    let [selector] = &selectors.advanced[..] else {
        panic!("{selectors:?}");
    };
    let [category, source, arn] = &selector.field_selectors[..] else {
        panic!("{selector:?}");
    };
    assert_eq!(
        (category.field.as_str(), &category.equals[..]),
        ("eventCategory", &["Management".to_owned()][..])
    );
    assert_eq!(source.not_equals, ["kms.amazonaws.com"]);
    assert_eq!(source.not_starts_with, ["rds"]);
    assert_eq!(source.not_ends_with, ["x"]);
    assert_eq!(
        (&arn.starts_with[..], &arn.ends_with[..]),
        (&["arn:".to_owned()][..], &["/".to_owned()][..])
    );
}

#[tokio::test]
async fn a_condition_that_is_not_known_is_not_left_out() {
    for (answer, named) in [
        (
            r#"{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"readOnly","Matches":["x"]}]}]}"#,
            "Matches",
        ),
        (
            r#"{"AdvancedEventSelectors":[{"FieldSelectors":[],"Sampling":1}]}"#,
            "Sampling",
        ),
        (
            r#"{"EventSelectors":[{"ReadWriteType":"All","Sampling":1}]}"#,
            "Sampling",
        ),
    ] {
        let (_, unclear) = trails([ok(answer)]);
        let failure = unclear.selectors(ARN).await.unwrap_err();
        assert!(failure.cause.contains(named), "{failure}");
    }
    let (_, unclear) = trails([ok(r#"{"TrailARN":"arn:t"}"#)]);
    assert_eq!(
        unclear.selectors(ARN).await.unwrap_err().cause,
        "the answer has no selectors of either kind"
    );
}

#[tokio::test(start_paused = true)]
async fn selectors_of_no_trail_are_told_from_those_that_may_not_be_read() {
    let (_, gone) = trails([error("TrailNotFoundException")]);
    assert_eq!(gone.selectors(ARN).await.unwrap(), None);
    let (_, denied) = trails([error("AccessDeniedException")]);
    let failure = denied.selectors(ARN).await.unwrap_err();
    assert_eq!(
        (failure.action, failure.disposition),
        ("cloudtrail:GetEventSelectors", Disposition::WillNotPass)
    );
    let throttled = error("ThrottlingException");
    let (replay, slow) = trails([throttled.clone(), throttled.clone(), throttled]);
    assert_eq!(slow.selectors(ARN).await.unwrap_err().disposition, Disposition::MayPass);
    assert_eq!(replay.lines().len(), 3);
}
