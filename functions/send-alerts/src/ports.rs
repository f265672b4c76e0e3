//! What the use case needs of the world, one capability a trait: whoever reads the memory cannot
//! write it, and whoever writes it cannot publish.

use crisguard_aws::{
    Failure,
    dynamodb::{Document, Key, NotWritten, Table, Write},
    sns::{Publication, Topic},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{lifecycle::Transition, line::Line};

/// Reads the memory, as the last writes left it.
pub trait Recall {
    /// Reads one document.
    fn document(&self, key: &Key) -> impl Future<Output = Result<Option<Document>, Failure>>;

    /// Reads every document of a partition, which holds a few.
    fn partition(&self, partition: &str) -> impl Future<Output = Result<Vec<Document>, Failure>>;

    /// Hands each document of a partition, however many there are, to `visit`, in the order of their
    /// sort keys; what is handed over and not kept takes no memory.
    fn visit(&self, partition: &str, visit: impl FnMut(Document)) -> impl Future<Output = Result<(), Failure>>;
}

/// Changes the memory.
pub trait Remember {
    /// Does every write, or none of them.
    fn write(&self, writes: &[Write]) -> impl Future<Output = Result<(), NotWritten>>;
}

/// Tells people.
pub trait Publish {
    /// Publishes once; only an `Ok` means that it was taken.
    fn publish(&self, publication: &Publication) -> impl Future<Output = Result<(), Failure>>;
}

/// One change of a finding's standing, for machines.
#[derive(Clone, Debug, Serialize)]
pub struct Announcement {
    /// What happened.
    pub transition: Transition,
    /// When it was noticed.
    pub at: Timestamp,
    /// Rises with each transition of the finding; with the finding's id it names this one, however
    /// often it is announced.
    pub sequence: u64,
    /// The finding as alerts show it.
    pub line: Line,
}

/// Tells machines.
pub trait Announce {
    /// Announces each, and returns for each, in order, why it was not taken: nothing where every
    /// machine has taken it.
    fn announce(&self, announcements: &[Announcement]) -> impl Future<Output = Vec<Option<Failure>>>;
}

impl Recall for Table {
    async fn document(&self, key: &Key) -> Result<Option<Document>, Failure> {
        self.read(key).await
    }

    async fn partition(&self, partition: &str) -> Result<Vec<Document>, Failure> {
        self.read_partition(partition).await
    }

    async fn visit(&self, partition: &str, visit: impl FnMut(Document)) -> Result<(), Failure> {
        self.visit_partition(partition, visit).await
    }
}

impl Remember for Table {
    async fn write(&self, writes: &[Write]) -> Result<(), NotWritten> {
        Self::write(self, writes).await
    }
}

impl Publish for Topic {
    async fn publish(&self, publication: &Publication) -> Result<(), Failure> {
        Self::publish(self, publication).await
    }
}
