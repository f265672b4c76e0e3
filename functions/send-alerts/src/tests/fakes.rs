//! A memory and a topic that keep what they are given, and fail when a test says so.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
};

use crisguard_aws::{
    Disposition, Failure,
    dynamodb::{Document, Expected, Key, NotWritten, Obstacle, Write},
    sns::Publication,
};
use crisguard_core::{
    controls::ControlId,
    finding::{self, Finding, PostureFinding},
    policy::PolicyDocument,
};
use crisguard_lambda::batch::{Message, MessageId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    Outcome, Ports, WayOut,
    digest::{self, Digested},
    lifecycle::Transition,
    memory::{Matter, Record},
    ports::{Announce, Announcement, Publish, Recall, Remember},
    review::{Reviewed, review},
    rules::Rules,
    run,
    texts::Texts,
};

/// What the next write comes to, instead of being done.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The write is done.
    None,
    /// Every document is in other hands.
    Busy,
    /// The table cannot be reached.
    Unreachable,
    /// The write is done, but the answer is lost.
    AnswerLost,
}

/// A table with DynamoDB's conditions.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) documents: RefCell<BTreeMap<Key, Document>>,
    pub(super) faults: RefCell<VecDeque<Fault>>,
    /// How often the next operations let others go first, so that batches interleave.
    pub(super) hesitations: RefCell<VecDeque<u8>>,
    /// The most documents that were read into memory at once.
    pub(super) most_at_once: Cell<usize>,
}

impl Memory {
    fn standing_in(&self, partition: &str) -> Vec<Document> {
        let from = Key {
            partition: partition.to_owned(),
            sort: String::new(),
        };
        let documents = self.documents.borrow();
        let documents = documents
            .range(from..)
            .take_while(|(key, _)| key.partition == partition);
        documents.map(|(_, document)| document.clone()).collect()
    }

    fn obstacle(&self, write: &Write) -> Option<Obstacle> {
        let documents = self.documents.borrow();
        let (key, expected) = match write {
            Write::Put(document, expected) => (&document.key, expected),
            Write::Remove(key, expected) => (key, expected),
        };
        let found = documents.get(key).map(|document| document.version);
        let as_expected = match expected {
            Expected::Anything => true,
            Expected::Absent => found.is_none(),
            Expected::Version(version) => found == Some(*version),
        };
        (!as_expected).then_some(Obstacle::Unexpected)
    }
}

impl Memory {
    async fn hesitate(&self) {
        let hesitations = self.hesitations.borrow_mut().pop_front().unwrap_or(0);
        for _ in 0..hesitations {
            tokio::task::yield_now().await;
        }
    }
}

impl Recall for Memory {
    async fn document(&self, key: &Key) -> Result<Option<Document>, Failure> {
        self.hesitate().await;
        Ok(self.documents.borrow().get(key).cloned())
    }

    async fn partition(&self, partition: &str) -> Result<Vec<Document>, Failure> {
        self.hesitate().await;
        let documents = self.standing_in(partition);
        self.most_at_once.set(self.most_at_once.get().max(documents.len()));
        Ok(documents)
    }

    async fn visit(&self, partition: &str, visit: impl FnMut(Document)) -> Result<(), Failure> {
        self.hesitate().await;
        self.standing_in(partition).into_iter().for_each(visit);
        Ok(())
    }
}

impl Remember for Memory {
    async fn write(&self, writes: &[Write]) -> Result<(), NotWritten> {
        assert!(
            (1..=100).contains(&writes.len()),
            "{} writes in one transaction",
            writes.len()
        );
        self.hesitate().await;
        let fault = self.faults.borrow_mut().pop_front().unwrap_or(Fault::None);
        match fault {
            Fault::Busy => return Err(NotWritten::Cancelled(vec![Some(Obstacle::Busy); writes.len()])),
            Fault::Unreachable => return Err(failure("dynamodb:TransactWriteItems").into()),
            Fault::None | Fault::AnswerLost => {}
        }
        let obstacles: Vec<_> = writes.iter().map(|write| self.obstacle(write)).collect();
        if obstacles.iter().any(Option::is_some) {
            return Err(NotWritten::Cancelled(obstacles));
        }
        let mut documents = self.documents.borrow_mut();
        for write in writes {
            match write {
                Write::Put(document, _) => documents.insert(document.key.clone(), document.clone()),
                Write::Remove(key, _) => documents.remove(key),
            };
        }
        match fault {
            Fault::AnswerLost => Err(failure("dynamodb:TransactWriteItems").into()),
            _ => Ok(()),
        }
    }
}

/// A topic that keeps what it takes.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) taken: RefCell<Vec<Publication>>,
    pub(super) refuses: Cell<bool>,
}

impl Publish for Topic {
    async fn publish(&self, publication: &Publication) -> Result<(), Failure> {
        if self.refuses.get() {
            return Err(failure("sns:Publish"));
        }
        self.taken.borrow_mut().push(publication.clone());
        Ok(())
    }
}

pub(super) fn failure(action: &'static str) -> Failure {
    Failure {
        action,
        resource: "it".to_owned(),
        cause: "refused".to_owned(),
        disposition: Disposition::MayPass,
    }
}

/// Machines that keep what they take.
#[derive(Debug)]
pub(super) struct Machines {
    pub(super) taken: RefCell<Vec<Announcement>>,
    pub(super) refuse: Cell<bool>,
}

impl Announce for Machines {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Option<Failure>> {
        if self.refuse.get() {
            return announcements
                .iter()
                .map(|_| Some(failure("events:PutEvents")))
                .collect();
        }
        self.taken.borrow_mut().extend(announcements.iter().cloned());
        announcements.iter().map(|_| None).collect()
    }
}

pub(super) type World = Ports<Memory, Topic, Machines>;

pub(super) fn world() -> World {
    Ports {
        home: "111122223333".parse().unwrap(),
        memory: Memory {
            documents: RefCell::default(),
            faults: RefCell::default(),
            hesitations: RefCell::default(),
            most_at_once: Cell::new(0),
        },
        topic: Topic {
            taken: RefCell::default(),
            refuses: Cell::new(false),
        },
        machines: Machines {
            taken: RefCell::default(),
            refuse: Cell::new(false),
        },
        texts: Texts::new().unwrap(),
    }
}

pub(super) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// A finding by `user`, of some identities, that a prompt was processed in `region`.
pub(super) fn finding(user: &str, region: &str, identities: &[&str]) -> Finding {
    let json = json!({
        "version": 2, "id": format!("finding-{user}-{region}"), "subject": format!("subject-{user}"),
        "control": "destination-region-allowed", "decision": "non-compliant",
        "reason": {"kind": "destination_not_allowed", "destination": region, "allowed": ["us-west-2"]},
        "severity": "critical", "account": "111122223333", "source_region": "us-west-2", "destination_region": region,
        "profile": "us.amazon.nova-lite-v1:0", "model": "amazon.nova-lite-v1:0",
        "principal": format!("arn:aws:iam::111122223333:role/{user}"), "count": identities.len(),
        "first_seen": "2026-11-22T09:58:00Z", "last_seen": "2026-11-22T09:59:00Z",
        "event_ids": ["9f1d3c4e-0000-4aaa-8bbb-000000000001"], "sessions": ["taro"], "identities": identities,
        "explanation": format!("a prompt was processed in {region}, which the policy does not allow (allowed: us-west-2)"),
        "expired_exceptions": [], "policy_sha256": "c0ffee"
    });
    serde_json::from_value(json).unwrap()
}

/// The same finding by another control of this severity.
pub(super) fn of_control(finding: &Finding, control: &str, severity: &str) -> Finding {
    let mut json = serde_json::to_value(finding).unwrap();
    json["id"] = json!(format!("{}-{control}", finding.id));
    json["control"] = json!(control);
    json["severity"] = json!(severity);
    serde_json::from_value(json).unwrap()
}

/// The same finding, but undecided.
pub(super) fn undecided(finding: &Finding) -> Finding {
    let mut json = serde_json::to_value(finding).unwrap();
    json["decision"] = json!("undecided");
    json["reason"] = json!({"kind": "stream_region_not_reported"});
    json["explanation"] = json!("the record of the stream's end does not say where it was processed");
    serde_json::from_value(json).unwrap()
}

pub(super) fn message(id: &str, finding: &Finding) -> Message {
    Message {
        id: MessageId::new(id.to_owned()).unwrap(),
        body: finding::Message::Invocations(Box::new(finding.clone()))
            .to_json()
            .unwrap(),
        group: Some(finding.subject.clone()),
    }
}

/// An observation of crisguard's rules in a Region: `compliant`, `undecided` or `non-compliant`.
pub(super) fn observation(region: &str, decision: &str, observed_at: Timestamp) -> PostureFinding {
    let reason = match decision {
        "compliant" => json!({"kind": "rules_stand", "region": region}),
        "undecided" => json!({"kind": "not_observed", "region": region, "not_observed": []}),
        _ => json!({"kind": "rules_do_not_receive", "region": region, "problems": [
            {"kind": "missing", "rules": ["crisguard-forward-1"]}
        ]}),
    };
    let decision = serde_json::from_value(json!({"decision": decision, "reason": reason})).unwrap();
    PostureFinding::new(
        ControlId::RuleReceivesInference,
        "111122223333".parse().unwrap(),
        region.parse().unwrap(),
        observed_at,
        decision,
        "c0ffee",
    )
}

/// Delivers observations as one batch, and returns each message's way out in their order.
pub(super) async fn observe(world: &World, observations: &[PostureFinding], now: Timestamp) -> Vec<WayOut> {
    let message = |(finding, n): (&PostureFinding, usize)| Message {
        id: MessageId::new(format!("{n:04}")).unwrap(),
        body: finding::Message::Posture(Box::new(finding.clone())).to_json().unwrap(),
        group: Some(finding.subject.clone()),
    };
    let messages = observations.iter().zip(0..).map(message).collect();
    ways_out(run(world, &everything(), messages, now).await)
}

/// The rules of no policy: everything is told, in English.
pub(super) fn everything() -> Rules {
    Rules::of(None)
}

/// The rules of a policy with this `alerts` section and these exceptions.
pub(super) fn rules(alerts: &serde_json::Value, exceptions: &serde_json::Value) -> Rules {
    let policy = json!({
        "version": 1, "regions": {"source": ["us-west-2"], "destination": ["us-west-2"]}, "profiles": {"global": "deny"},
        "alerts": alerts, "exceptions": exceptions
    });
    Rules::of(Some(&PolicyDocument::parse(policy.to_string().as_bytes()).unwrap()))
}

/// Tells the digest, and returns how many findings it had.
pub(super) async fn digest(world: &World) -> usize {
    let Digested { findings, .. } = digest::publish(world, &everything(), at(0)).await.unwrap();
    findings
}

/// Does the hourly review.
pub(super) async fn review_at(world: &World, now: Timestamp) -> Reviewed {
    review(world, &everything(), now).await.unwrap()
}

/// Returns what machines were told: each finding's Region and its transition.
pub(super) fn announced(world: &World) -> Vec<(String, Transition)> {
    let taken = world.machines.taken.borrow();
    let region = |announcement: &Announcement| {
        let line = &announcement.line;
        line.destination_region
            .clone()
            .unwrap_or_else(|| line.source_region.clone())
    };
    taken
        .iter()
        .map(|announcement| (region(announcement), announcement.transition))
        .collect()
}

/// Returns every finding that is remembered.
pub(super) fn records(world: &World) -> Vec<Record> {
    let documents = world.memory.documents.borrow();
    documents
        .values()
        .filter(|document| document.key.partition.starts_with("SUBJECT#") && document.key.sort.starts_with("FINDING#"))
        .map(|document| serde_json::from_str(&document.body).unwrap())
        .collect()
}

/// Delivers findings as one batch, and returns each message's way out in their order.
pub(super) async fn deliver(world: &World, findings: &[Finding], now: Timestamp) -> Vec<WayOut> {
    let messages = findings
        .iter()
        .zip(0..)
        .map(|(finding, n)| message(&format!("{n:04}"), finding))
        .collect();
    ways_out(run(world, &everything(), messages, now).await)
}

pub(super) fn ways_out(mut outcome: Outcome) -> Vec<WayOut> {
    outcome.exits.sort_by(|(a, _), (b, _)| a.cmp(b));
    outcome.exits.into_iter().map(|(_, way_out)| way_out).collect()
}

/// Returns what the topic has taken, as the JSON for machines.
pub(super) fn published(world: &World) -> Vec<serde_json::Value> {
    let body = |publication: &Publication| {
        let bodies: serde_json::Value = serde_json::from_str(&publication.bodies).unwrap();
        serde_json::from_str(bodies["default"].as_str().unwrap()).unwrap()
    };
    world.topic.taken.borrow().iter().map(body).collect()
}

/// Returns the counts of all findings on invocations that are remembered.
pub(super) fn counts(world: &World) -> BTreeMap<String, (u64, bool)> {
    let counted = |record: &Record| matches!(record.matter, Matter::Invocations(_));
    records(world)
        .into_iter()
        .filter(counted)
        .map(|record| (record.id().to_owned(), (record.count, record.approximate)))
        .collect()
}
