//! The digest tells everything once, and forgets only what it has told.

use super::fakes::{Fault, at, deliver, finding, published, undecided, world};
use crate::digest;

#[tokio::test(start_paused = true)]
async fn nothing_waiting_is_no_message() {
    let world = world();
    assert_eq!(digest::publish(&world).await.unwrap(), 0);
    assert!(published(&world).is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_than_one_message_holds_comes_with_the_next_digest() {
    let world = world();
    let batch: Vec<_> = (0..70)
        .map(|n| undecided(&finding(&format!("app-{n}"), "us-east-1", &["a"])))
        .collect();
    deliver(&world, &batch, at(0)).await;
    assert_eq!(digest::publish(&world).await.unwrap(), 50);
    assert_eq!(published(&world)[0]["more"], 20);
    assert_eq!(digest::publish(&world).await.unwrap(), 20);
    assert_eq!(digest::publish(&world).await.unwrap(), 0);
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
        let more = digest::publish(&world).await.unwrap();
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
    assert!(digest::publish(&world).await.is_err());
    world.topic.refuses.set(false);
    world.memory.faults.borrow_mut().push_back(Fault::Unreachable);
    assert!(digest::publish(&world).await.is_err());
    assert_eq!(digest::publish(&world).await.unwrap(), 1);
    assert_eq!(published(&world).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_arrives_while_the_digest_is_under_way_is_told_by_the_next() {
    let world = world();
    let first = undecided(&finding("app", "us-east-1", &["a"]));
    deliver(
        &world,
        &[first, undecided(&finding("other", "us-east-1", &["x"]))],
        at(0),
    )
    .await;
    // As if another instance counted between the digest's reading and its deleting.
    let waiting = world.memory.documents.borrow().clone();
    deliver(&world, &[undecided(&finding("app", "us-east-1", &["b"]))], at(1)).await;
    let changed = world.memory.documents.replace(waiting);
    world.topic.taken.borrow_mut().clear();
    let told = {
        let overlay = Overlay { world: &world, changed };
        overlay.digest().await
    };
    assert_eq!(told, 2);
    assert_eq!(digest::publish(&world).await.unwrap(), 1);
    assert_eq!(published(&world)[1]["findings"][0]["count"], 2);
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
            memory: Borrowed(memory),
            topic: self,
            texts: Texts::english().unwrap(),
        };
        digest::publish(&ports).await.unwrap()
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
