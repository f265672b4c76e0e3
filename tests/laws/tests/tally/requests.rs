//! Records of a few requests, so that many tell of the same one, and what else is read beside them.

use crisguard_core::tally::Scope;
use proptest::{option, prelude::*, sample::select};
use serde_json::{Value, json};

pub(crate) const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
/// On both sides of the ends of months, and of the last days of exceptions.
pub(crate) const TIMES: [&str; 5] = [
    "2025-12-31T23:59:59Z",
    "2026-01-01T23:59:59Z",
    "2026-01-02T00:00:00Z",
    "2026-11-21T10:00:00Z",
    "2027-01-02T00:00:00Z",
];
/// What each request is addressed to; a call, its copies and its log agree on that.
pub(crate) const MODELS: [&str; 6] = [
    "jp.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "apac.anthropic.claude-sonnet-4-20250514-v1:0",
    "amazon.nova-lite-v1:0",
    "arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/a1",
    "world.x",
];

/// What is read: a record, an entry of the log, or something that is neither.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Record(Value),
    Log(Value),
    File(String, bool),
    NotBedrock,
    NotInference,
    Rejected(u64),
}

/// What is known of one request, which several records tell of.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    number: usize,
    account: &'static str,
    region: &'static str,
}

impl Request {
    /// Most ids are UUIDs.
    fn id(&self, of: &str) -> String {
        let Self { number, .. } = self;
        match (of, number % 3) {
            ("end", _) => format!("0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5e0{number}"),
            ("request", 2) => format!("Root=1-{number}"),
            ("request", _) => format!("9a4c9d33-2a0e-4f0a-9a4c-1c2d3e4f5a0{number}"),
            (_, 1) => format!("event {number}"),
            _ => format!("0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5b0{number}"),
        }
    }

    fn user(&self) -> String {
        format!(
            "arn:aws:iam::{}:user/request-{}-{}",
            self.account, self.number, self.region
        )
    }

    pub(crate) fn model(&self) -> &'static str {
        MODELS.iter().cycle().nth(self.number).unwrap()
    }

    pub(crate) fn call(&self, name: &str) -> Value {
        json!({
            "eventSource": "bedrock.amazonaws.com", "eventName": name, "eventType": "AwsApiCall",
            "eventID": self.id("event"), "requestID": self.id("request"), "eventTime": TIMES[3],
            "awsRegion": self.region, "recipientAccountId": self.account,
            "userIdentity": { "type": "IAMUser", "arn": self.user() },
            "requestParameters": { "modelId": self.model() },
        })
    }

    pub(crate) fn end(&self) -> Value {
        let mut record = self.call("ConverseStream");
        let members = record.as_object_mut().unwrap();
        members.remove("requestParameters");
        members.insert("eventType".to_owned(), json!("AwsServiceEvent"));
        members.insert("eventID".to_owned(), json!(self.id("end")));
        members.insert("requestID".to_owned(), json!("e7a1"));
        members.insert(
            "serviceEventDetails".to_owned(),
            json!({ "parentRequestId": self.id("request") }),
        );
        let model = self.model().split_once('.').map_or("x", |(_, model)| model);
        let arn = format!("arn:aws:bedrock:{}::foundation-model/{model}", self.region);
        members.insert("resources".to_owned(), json!([{ "ARN": arn }]));
        record
    }

    pub(crate) fn log(&self) -> Value {
        json!({
            "schemaType": "ModelInvocationLog", "timestamp": TIMES[3], "accountId": self.account, "region": self.region,
            "requestId": self.id("request"), "operation": "ConverseStream", "modelId": self.model(),
            "identity": { "arn": self.user() },
        })
    }
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    (
        0..9_usize,
        select(ACCOUNTS.to_vec()),
        select(vec!["ap-northeast-1", "us-east-1"]),
    )
        .prop_map(|(number, account, region)| Request {
            number,
            account,
            region,
        })
}

/// What records say of the place: mostly a Region, which others of the request may contradict.
pub(crate) fn place() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        2 => Just(None),
        5 => select(vec!["ap-northeast-1", "ap-northeast-3", "us-east-1", "eu-west-1"]).prop_map(|place| Some(json!(place))),
        1 => select(vec![json!("nowhere"), json!(7)]).prop_map(Some),
    ]
}

/// A record of a request: of its call, its stream's end, or its log.
pub(crate) fn told() -> impl Strategy<Value = Item> {
    told_of(request())
}

/// A record of one of very few requests, so that most tell of the same one.
pub(crate) fn told_of_few() -> impl Strategy<Value = Item> {
    told_of((0..3_usize).prop_map(|number| Request {
        number,
        account: ACCOUNTS[0],
        region: "ap-northeast-1",
    }))
}

fn told_of(request: impl Strategy<Value = Request>) -> impl Strategy<Value = Item> {
    let odd = (
        0..12_u8,
        select(TIMES.to_vec()),
        option::of(select(vec![
            "ThrottlingException",
            "InternalServerException",
            "AccessDenied",
        ])),
    );
    (request, 0..4_u8, place(), odd).prop_map(|(request, kind, place, (odd, time, error))| {
        let mut item = match kind {
            0 => request.call("Converse"),
            1 => request.call("ConverseStream"),
            2 => request.end(),
            _ => request.log(),
        };
        let is_log = kind == 3;
        let members = item.as_object_mut().unwrap();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        match (kind, place) {
            (_, None) => {}
            (2, Some(place)) => put(
                "serviceEventDetails",
                json!({
                    "parentRequestId": request.id("request"),
                    "AdditionalEventData": { "additionalEntries": { "inferenceRegion": place } },
                }),
            ),
            (3, Some(place)) => put("inferenceRegion", place),
            (_, Some(place)) => put("additionalEventData", json!({ "inferenceRegion": place })),
        }
        match odd {
            0 => put(if is_log { "timestamp" } else { "eventTime" }, json!(time)),
            1 if !is_log => {
                put(
                    "addendum",
                    json!({ "reason": "UPDATED_DATA", "originalEventID": request.id("event") }),
                );
                put("eventID", json!("0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5aff"));
            }
            2 if !is_log => put("eventID", json!("another event")),
            3 if !is_log => drop(members.remove("requestID")),
            4 if kind == 2 => drop(members.remove("serviceEventDetails")),
            5 => put("errorCode", json!(error)),
            _ => {}
        }
        if is_log { Item::Log(item) } else { Item::Record(item) }
    })
}

pub(crate) fn item() -> impl Strategy<Value = Item> {
    let path = (select(ACCOUNTS.to_vec()), 1..20_u8, any::<bool>()).prop_map(|(account, day, readable)| {
        Item::File(
            format!("AWSLogs/{account}/CloudTrail/us-east-1/2026/11/{day:02}/x.json.gz"),
            readable,
        )
    });
    prop_oneof![
        12 => told(),
        2 => path,
        1 => Just(Item::File("x.json".to_owned(), true)),
        1 => Just(Item::NotBedrock),
        1 => Just(Item::NotInference),
        1 => (0..3_u64).prop_map(Item::Rejected),
    ]
}

/// What is asked for; everything, mostly.
pub(crate) fn scope() -> impl Strategy<Value = Scope> {
    let some = (
        option::of(select(TIMES.to_vec())),
        option::of(select(TIMES.to_vec())),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(from, to, account, region)| Scope {
            from: from.map(|from| from.parse().unwrap()),
            to: to.map(|to| to.parse().unwrap()),
            accounts: account.then(|| ACCOUNTS[0].parse().unwrap()).into_iter().collect(),
            regions: region.then(|| "us-east-1".parse().unwrap()).into_iter().collect(),
        });
    prop_oneof![2 => Just(Scope::everything()), 1 => some]
}

/// Says without its place what a record says with it.
pub(crate) fn silenced(mut item: Value) -> Value {
    let members = item.as_object_mut().unwrap();
    for name in ["inferenceRegion", "additionalEventData", "errorCode"] {
        members.remove(name);
    }
    if let Some(details) = members.get_mut("serviceEventDetails") {
        details.as_object_mut().unwrap().remove("AdditionalEventData");
    }
    item
}
