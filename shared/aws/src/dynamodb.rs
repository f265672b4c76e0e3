//! Amazon DynamoDB: one table of versioned documents, written in transactions.
//!
//! A document is JSON with a version. A write names the version that it expects, so a reader may
//! change what it has read without a lock: whoever comes second is told so and reads again.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::{
    Client,
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem},
};

use crate::{Disposition, Failure};

/// The most writes in one transaction
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
pub const LARGEST_TRANSACTION: usize = 100;

/// Where a document is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The partition key, `pk`.
    pub partition: String,
    /// The sort key, `sk`.
    pub sort: String,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Where it is.
    pub key: Key,
    /// Rises with every change.
    pub version: u64,
    /// The content, as JSON.
    pub body: String,
    /// When DynamoDB may delete it, in seconds since 1970; deletion comes up to days later.
    pub expires_at: Option<i64>,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No document.
    Absent,
    /// The document at this version.
    Version(u64),
    /// Whatever is there.
    Anything,
}

/// One write of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Writes the document.
    Put(Document, Expected),
    /// Removes the document.
    Remove(Key, Expected),
}

/// What stood against one write of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// What was expected was not found.
    Unexpected,
    /// Another transaction had its hands on the document, or the table is throttled.
    Busy,
    /// Anything else: the service's code and message.
    Other(String),
}

/// A transaction that wrote nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// At least one write met an obstacle; the list has an entry for each write, in order.
    #[error("the transaction was cancelled: {0:?}")]
    Cancelled(Vec<Option<Obstacle>>),
    /// The action failed as a whole.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A table of documents with the keys `pk` and `sk`.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// Names a table.
    #[must_use]
    pub fn new(configuration: &SdkConfig, name: &str) -> Self {
        Self {
            client: Client::new(configuration),
            name: name.to_owned(),
        }
    }

    /// Reads one document, as the last write left it.
    ///
    /// # Errors
    ///
    /// Fails if DynamoDB refuses, cannot be reached, or the item is not a document.
    pub async fn read(&self, key: &Key) -> Result<Option<Document>, Failure> {
        const ACTION: &str = "dynamodb:GetItem";
        let request = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key_of(key)))
            .consistent_read(true);
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(ACTION, &self.name, &error))?;
        answer.item().map(|item| self.document(ACTION, item)).transpose()
    }

    /// Reads every document of a partition, as the last writes left them, in the order of their sort keys.
    ///
    /// # Errors
    ///
    /// Fails if DynamoDB refuses, cannot be reached, or an item is not a document.
    pub async fn read_partition(&self, partition: &str) -> Result<Vec<Document>, Failure> {
        let mut documents = Vec::new();
        self.visit_partition(partition, |document| documents.push(document))
            .await?;
        Ok(documents)
    }

    /// Hands each document of a partition to `visit`, as the last writes left it, in the order of
    /// their sort keys; no more than one page, at most 1 MB, is held at a time
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html>).
    ///
    /// # Errors
    ///
    /// Fails if DynamoDB refuses, cannot be reached, or an item is not a document: what came before it
    /// has been visited then.
    pub async fn visit_partition(&self, partition: &str, mut visit: impl FnMut(Document)) -> Result<(), Failure> {
        const ACTION: &str = "dynamodb:Query";
        let mut items = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| Failure::of(ACTION, &self.name, &error))?;
            visit(self.document(ACTION, &item)?);
        }
        Ok(())
    }

    /// Does every write, or none of them; at most [`LARGEST_TRANSACTION`].
    ///
    /// # Errors
    ///
    /// Fails with an obstacle for each write that met one, or as a whole.
    pub async fn write(&self, writes: &[Write]) -> Result<(), NotWritten> {
        const ACTION: &str = "dynamodb:TransactWriteItems";
        let items: Result<Vec<_>, _> = writes.iter().map(|write| self.transaction_item(write)).collect();
        let items = items.map_err(|cause| self.failure(ACTION, cause))?;
        let answer = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await;
        let Err(error) = answer else { return Ok(()) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let reasons = cancelled.cancellation_reasons();
                if reasons.len() == writes.len() {
                    Err(NotWritten::Cancelled(reasons.iter().map(obstacle).collect()))
                } else {
                    Err(Failure::of(ACTION, &self.name, &error).into())
                }
            }
            _ => Err(Failure::of(ACTION, &self.name, &error).into()),
        }
    }

    fn transaction_item(&self, write: &Write) -> Result<TransactWriteItem, String> {
        let item = TransactWriteItem::builder();
        Ok(match write {
            Write::Put(document, expected) => {
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(item_of(document)))
                    .set_condition_expression(condition(*expected))
                    .set_expression_attribute_values(values(*expected));
                item.put(put.build().map_err(|error| error.to_string())?)
            }
            Write::Remove(key, expected) => {
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key_of(key)))
                    .set_condition_expression(condition(*expected))
                    .set_expression_attribute_values(values(*expected));
                item.delete(delete.build().map_err(|error| error.to_string())?)
            }
        }
        .build())
    }

    fn document(&self, action: &'static str, item: &HashMap<String, AttributeValue>) -> Result<Document, Failure> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
        let read = || {
            Some(Document {
                key: Key {
                    partition: text("pk")?,
                    sort: text("sk")?,
                },
                version: number("document_version")?.parse().ok()?,
                body: text("body")?,
                expires_at: number("expires_at").and_then(|seconds| seconds.parse().ok()),
            })
        };
        read().ok_or_else(|| self.failure(action, "an item lacks pk, sk, document_version or body".to_owned()))
    }

    fn failure(&self, action: &'static str, cause: String) -> Failure {
        Failure {
            action,
            resource: self.name.clone(),
            cause,
            disposition: Disposition::WillNotPass,
        }
    }
}

fn key_of(key: &Key) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.partition.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sort.clone())),
    ])
}

fn item_of(document: &Document) -> HashMap<String, AttributeValue> {
    let mut item = key_of(&document.key);
    item.insert(
        "document_version".to_owned(),
        AttributeValue::N(document.version.to_string()),
    );
    item.insert("body".to_owned(), AttributeValue::S(document.body.clone()));
    if let Some(seconds) = document.expires_at {
        item.insert("expires_at".to_owned(), AttributeValue::N(seconds.to_string()));
    }
    item
}

fn condition(expected: Expected) -> Option<String> {
    match expected {
        Expected::Absent => Some("attribute_not_exists(pk)".to_owned()),
        Expected::Version(_) => Some("document_version = :version".to_owned()),
        Expected::Anything => None,
    }
}

fn values(expected: Expected) -> Option<HashMap<String, AttributeValue>> {
    match expected {
        Expected::Version(version) => Some(HashMap::from([(
            ":version".to_owned(),
            AttributeValue::N(version.to_string()),
        )])),
        Expected::Absent | Expected::Anything => None,
    }
}

fn obstacle(reason: &CancellationReason) -> Option<Obstacle> {
    match reason.code() {
        None | Some("None") => None,
        Some("ConditionalCheckFailed") => Some(Obstacle::Unexpected),
        Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded") => Some(Obstacle::Busy),
        Some(code) => Some(Obstacle::Other(format!(
            "{code}: {}",
            reason.message().unwrap_or("no message")
        ))),
    }
}

#[cfg(test)]
mod tests;
