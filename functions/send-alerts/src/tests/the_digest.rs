//! The digest tells everything once, and forgets only what it has told.

use serde_json::json;

use super::fakes::{
    Fault, at, deliver, digest, everything, finding, of_control, published, review_at, rules, undecided, world,
};
use crate::{
    digest,
    memory::{self, Record},
};

#[tokio::test(start_paused = true)]
async fn nothing_waiting_is_no_message() {
    let world = world();
    assert_eq!(digest(&world).await, 0);
    assert!(published(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_than_one_message_holds_comes_with_the_next_digest() {
    let world = world();
    let batch: Vec<_> = (0..70)
        .map(|n| undecided(&finding(&format!("app-{n}"), "us-east-1", &["a"])))
        .collect();
    deliver(&world, &batch, at(0)).await;
    assert_eq!(digest(&world).await, 50);
    assert_eq!(published(&world)[0]["more"], 20);
    assert_eq!(digest(&world).await, 20);
    assert_eq!(digest(&world).await, 0);
    let size = world
        .topic
        .taken
        .borrow()
        .iter()
        .map(|publication| publication.bodies.len())
        .max()
        .unwrap();
    assert!(size <= 256 * 1024, "{size}");
}

/// As after an hour in which thousands of callers went astray: kept whole, they exhaust the function.
#[tokio::test(start_paused = true)]
async fn thousands_that_wait_are_told_the_worst_first_and_never_held_at_once() {
    let world = world();
    for n in 0..5000 {
        let gap = undecided(&finding(&format!("app-{n:04}"), "us-east-1", &["a"]));
        // One in a hundred is critical, the others are high; what waits longest has the highest number.
        let gap = if n % 100 == 7 {
            gap
        } else {
            of_control(&gap, "profile-allowed", "high")
        };
        let record = Record::of_invocations(&gap, at(0));
        let record = record.told_as(record.as_told(at(-n)));
        let mut documents = world.memory.documents.borrow_mut();
        let waiting = [memory::pending(&record).unwrap(), memory::open(&record).unwrap()];
        documents.extend(waiting.map(|document| (document.key.clone(), document)));
    }
    let reviewed = review_at(&world, at(0)).await;
    assert_eq!((reviewed.digested, reviewed.failed), (50, 0));
    let most = world.memory.most_at_once.get();
    assert!(most <= 1, "{most} documents were held at once");
    let told = &published(&world)[0];
    assert_eq!((&told["total"], &told["more"]), (&json!(5000), &json!(4950)));
    let listed: Vec<_> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["severity"].clone(), line["subject"].clone()))
        .collect();
    let worst: Vec<_> = (0..50)
        .map(|n| (json!("critical"), json!(format!("subject-app-{:04}", 4907 - 100 * n))))
        .collect();
    assert_eq!(listed, worst);
    let bodies = world.topic.taken.borrow()[0].bodies.clone();
    assert!(bodies.contains("4950 more found no room here"), "{bodies}");
    assert_eq!(digest(&world).await, 50);
    assert_eq!(published(&world)[1]["total"], 4950, "what was told waits no more");
}

#[tokio::test(start_paused = true)]
async fn long_texts_make_the_list_shorter_rather_than_the_message_too_large() {
    let world = world();
    let batch: Vec<_> = (0..50)
        .map(|n| {
            let mut finding = undecided(&finding(&format!("app-{n}"), "us-east-1", &["a"]));
            finding.explanation = "é".repeat(5000);
            finding.principal = "\"".repeat(5000);
            finding.sessions = (0..5).map(|n| format!("{n}{}", "\"".repeat(400))).collect();
            finding.event_ids = (0..5).map(|n| format!("{n}{}", "a".repeat(400))).collect();
            finding
        })
        .collect();
    deliver(&world, &batch, at(0)).await;
    let mut told = 0;
    loop {
        let more = digest(&world).await;
        told += more;
        if more == 0 {
            break;
        }
    }
    assert_eq!(told, 50);
    assert!(world.topic.taken.borrow().len() > 1);
    assert!(
        world
            .topic
            .taken
            .borrow()
            .iter()
            .all(|publication| publication.bodies.len() <= 256 * 1024)
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusing_topic_and_a_crash_after_publishing_lose_nothing() {
    let world = world();
    deliver(&world, &[undecided(&finding("app", "us-east-1", &["a"]))], at(0)).await;
    world.topic.refuses.set(true);
    assert!(digest::publish(&world, &everything(), at(0)).await.is_err());
    world.topic.refuses.set(false);
    // That it is tried is noted before, and that it was told after it.
    world
        .memory
        .faults
        .borrow_mut()
        .extend([Fault::None, Fault::Unreachable]);
    assert!(digest::publish(&world, &everything(), at(0)).await.is_err());
    assert_eq!(digest(&world).await, 1);
    assert_eq!(published(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_the_digest_is_under_way_is_told_too() {
    let world = world();
    let gap = undecided(&finding("app", "us-east-1", &["a"]));
    deliver(&world, &[gap, undecided(&finding("other", "us-east-1", &["x"]))], at(0)).await;
    // As if another instance told of it between the digest's reading and its deleting.
    let waiting = world.memory.documents.borrow().clone();
    let mut worse = finding("app", "us-east-1", &["b"]);
    worse.last_seen = at(1);
    deliver(&world, &[worse], at(1)).await;
    let changed = world.memory.documents.replace(waiting);
    let told = {
        let overlay = Overlay { world: &world, changed };
        overlay.digest().await
    };
    assert_eq!(told, 2);
    let kinds: Vec<_> = published(&world).iter().map(|notice| notice["kind"].clone()).collect();
    assert_eq!(kinds, ["alert", "digest"]);
    assert_eq!(digest(&world).await, 0);
    assert_eq!(review_at(&world, at(2)).await.published, 0, "nobody is told twice");
}

/// Neither their number nor the length of an id keeps a digest from being told.
#[tokio::test(start_paused = true)]
async fn many_exceptions_that_ran_out_come_one_part_after_the_other() {
    let world = world();
    let exceptions: Vec<_> = (0..45)
        .map(|n| {
            json!({"id": format!("{n}{}", "責".repeat(400)), "match": {"source": ["us-west-2"]}, "reason": "r",
                "owner": "任".repeat(400), "expires": "2026-01-01"})
        })
        .collect();
    let rules = rules(&json!({}), &json!(exceptions));
    let mut told = Vec::new();
    for _ in 0..4 {
        told.push(digest::publish(&world, &rules, at(0)).await.unwrap().expired_exceptions);
    }
    assert_eq!(told, [20, 20, 5, 0]);
    let documents = world.memory.documents.borrow();
    assert!(
        documents.keys().all(|key| key.sort.len() <= 1024),
        "DynamoDB takes no longer keys"
    );
}

/// As a policy of 256 KB may have them.
#[tokio::test(start_paused = true)]
async fn a_finding_with_thousands_of_expired_exceptions_is_told() {
    let world = world();
    let mut covered = finding("app", "us-east-1", &["a"]);
    covered.expired_exceptions = (0..2900)
        .map(|n| serde_json::from_value(json!({"id": n.to_string(), "owner": "o", "expires": "2026-01-01"})).unwrap())
        .collect();
    assert_eq!(deliver(&world, &[covered], at(0)).await, [crate::WayOut::Counted]);
    assert_eq!(published(&world).len(), 1);
}

use std::collections::BTreeMap;

use crisguard_aws::{
    Failure,
    dynamodb::{Document, Key, NotWritten, Write},
    sns::Publication,
};

use super::fakes::{Memory, World};
use crate::{
    Ports,
    ports::{Publish, Recall, Remember},
    texts::Texts,
};

/// The world, in which `changed` comes true once the digest is published.
struct Overlay<'a> {
    world: &'a World,
    changed: BTreeMap<Key, Document>,
}

impl Overlay<'_> {
    async fn digest(self) -> usize {
        let memory = &self.world.memory;
        let ports = Ports {
            home: "111122223333".parse().unwrap(),
            memory: Borrowed(memory),
            topic: self,
            machines: (),
            texts: Texts::new().unwrap(),
        };
        digest::publish(&ports, &everything(), at(1)).await.unwrap().findings
    }
}

struct Borrowed<'a>(&'a Memory);

impl Recall for Borrowed<'_> {
    async fn document(&self, key: &Key) -> Result<Option<Document>, Failure> {
        self.0.document(key).await
    }

    async fn partition(&self, partition: &str) -> Result<Vec<Document>, Failure> {
        self.0.partition(partition).await
    }

    async fn visit(&self, partition: &str, visit: impl FnMut(Document)) -> Result<(), Failure> {
        self.0.visit(partition, visit).await
    }
}

impl Remember for Borrowed<'_> {
    async fn write(&self, writes: &[Write]) -> Result<(), NotWritten> {
        self.0.write(writes).await
    }
}

impl Publish for Overlay<'_> {
    async fn publish(&self, publication: &Publication) -> Result<(), Failure> {
        self.world.memory.documents.replace(self.changed.clone());
        self.world.topic.publish(publication).await
    }
}
