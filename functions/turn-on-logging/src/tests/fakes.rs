//! A Region's Bedrock and CloudFormation, and what they are asked.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use crisguard_aws::{
    Failure,
    bedrock::{LogGroup, Logging, Prefix},
    custom_resource::{NotAResponseUrl, ResponseUrl},
};
use crisguard_lambda::test_support::failure;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    TurnOnLogging,
    ports::{Answer, ConfigureLogging},
};

pub(super) const REGION: &str = "eu-west-1";
pub(super) const URL: &str =
    "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x?Signature=5ec7e7";
pub(super) const GET: &str = "bedrock:GetModelInvocationLoggingConfiguration";
pub(super) const PUT: &str = "bedrock:PutModelInvocationLoggingConfiguration";
pub(super) const VALIDATION: &str = "ValidationException (HTTP 400): Failed to validate permissions for log group: g";

/// A Region's Bedrock, which refuses so often, hangs, or forgets what it is told.
#[derive(Clone, Default)]
pub(super) struct FakeBedrock {
    pub(super) standing: Rc<RefCell<Option<Logging>>>,
    pub(super) refusals: Rc<RefCell<VecDeque<Failure>>>,
    pub(super) hangs: bool,
    pub(super) deaf: bool,
    pub(super) calls: Rc<RefCell<Vec<&'static str>>>,
}

impl FakeBedrock {
    pub(super) fn with(standing: Logging) -> Self {
        let bedrock = Self::default();
        *bedrock.standing.borrow_mut() = Some(standing);
        bedrock
    }

    pub(super) fn refusing(mut refusals: impl Iterator<Item = Failure>) -> Self {
        let bedrock = Self::default();
        bedrock.refusals.borrow_mut().extend(refusals.by_ref());
        bedrock
    }

    async fn call(&self, name: &'static str) -> Result<(), Failure> {
        self.calls.borrow_mut().push(name);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_millis(100)).await;
        let mut refusals = self.refusals.borrow_mut();
        match refusals.front() {
            Some(refusal) if refusal.action == name => Err(refusals.pop_front().unwrap()),
            _ => Ok(()),
        }
    }
}

impl ConfigureLogging for FakeBedrock {
    async fn standing(&self) -> Result<Option<Logging>, Failure> {
        self.call(GET).await?;
        Ok(self.standing.borrow().clone())
    }

    async fn put(&self, logging: &Logging) -> Result<(), Failure> {
        self.call(PUT).await?;
        if !self.deaf {
            *self.standing.borrow_mut() = Some(logging.clone());
        }
        Ok(())
    }

    async fn delete(&self) -> Result<(), Failure> {
        self.call("bedrock:DeleteModelInvocationLoggingConfiguration").await?;
        if !self.deaf {
            *self.standing.borrow_mut() = None;
        }
        Ok(())
    }
}

/// Takes answers, unless it refuses.
#[derive(Clone, Default)]
pub(super) struct FakeCloudFormation {
    pub(super) refuses: Rc<Cell<bool>>,
    pub(super) answers: Rc<RefCell<Vec<String>>>,
}

impl Answer for FakeCloudFormation {
    fn address(&self, url: &str) -> Result<ResponseUrl, NotAResponseUrl> {
        ResponseUrl::read(url, REGION, None)
    }

    async fn send(&self, _: &ResponseUrl, body: Vec<u8>) -> Result<(), Failure> {
        if self.refuses.get() {
            return Err(failure("s3:PutObject", "AccessDenied (HTTP 403): Request has expired"));
        }
        self.answers.borrow_mut().push(String::from_utf8(body).unwrap());
        Ok(())
    }
}

pub(super) fn function(bedrock: &FakeBedrock) -> TurnOnLogging<FakeBedrock, FakeCloudFormation> {
    TurnOnLogging {
        bedrock: bedrock.clone(),
        cloud_formation: FakeCloudFormation::default(),
        region: REGION.to_owned(),
    }
}

pub(super) fn now() -> Timestamp {
    "2026-11-21T00:00:00Z".parse().unwrap()
}

/// Handles an event within so many seconds, and returns the one answer.
pub(super) async fn answer_within(seconds: i64, bedrock: &FakeBedrock, event: &Value) -> Value {
    let function = function(bedrock);
    let deadline = now() + SignedDuration::from_secs(seconds);
    function.handle(&event.to_string(), now(), deadline).await.unwrap();
    let answers = function.cloud_formation.answers.borrow();
    assert_eq!(answers.len(), 1, "CloudFormation is answered once");
    assert!(answers[0].len() <= 4096, "an answer has 4096 bytes at most");
    serde_json::from_str(&answers[0]).unwrap()
}

pub(super) async fn answer(bedrock: &FakeBedrock, event: &Value) -> Value {
    answer_within(150, bedrock, event).await
}

pub(super) fn properties() -> Value {
    json!({
        "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:crisguard-turn-on-logging",
        "ServiceTimeout": "300",
        "BucketName": "b",
        "LogGroupName": "g",
        "RoleArn": "arn:role",
        "LargeDataBucketName": "large",
        "Modalities": ["text", "image", "video"],
        "Revision": "1",
    })
}

pub(super) fn event(kind: &str) -> Value {
    let mut event = json!({
        "RequestType": kind,
        "ResponseURL": URL,
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/crisguard-invocation-logging/1",
        "RequestId": "r-1",
        "ResourceType": "Custom::InvocationLogging",
        "LogicalResourceId": "Logging",
        "ResourceProperties": properties(),
    });
    if kind != "Create" {
        event["PhysicalResourceId"] = json!("what-it-was-called-before");
    }
    event
}

/// The event with another value at a pointer; null takes what is there away.
pub(super) fn changed(mut event: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    event
}

pub(super) fn logging() -> Logging {
    let prefix = |bucket: &str| Prefix {
        bucket: bucket.to_owned(),
        prefix: None,
    };
    Logging {
        log_group: Some(LogGroup {
            name: "g".to_owned(),
            role: "arn:role".to_owned(),
            large_bodies: Some(prefix("large")),
        }),
        bucket: Some(prefix("b")),
        text: Some(true),
        image: Some(true),
        embedding: Some(false),
        video: Some(true),
        audio: Some(false),
    }
}

pub(super) fn somebody_elses() -> Logging {
    let place = Prefix {
        bucket: "theirs".to_owned(),
        prefix: Some("p".to_owned()),
    };
    Logging {
        bucket: Some(place),
        ..logging()
    }
}
