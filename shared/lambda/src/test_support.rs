//! Fakes of the ports that several functions have, for their tests; in no function that is built to run.

use std::{cell::RefCell, rc::Rc};

use crisguard_aws::{
    Disposition, Failure,
    s3::Fetched,
    sqs::{OutgoingMessage, Unsent},
};

use crate::{findings_queue::SendFindings, policy_in_force::ReadPolicy};

/// Makes a failure that will not pass.
#[must_use]
pub fn failure(action: &'static str, cause: &str) -> Failure {
    Failure {
        action,
        resource: "it".to_owned(),
        cause: cause.to_owned(),
        disposition: Disposition::WillNotPass,
    }
}

/// A policy object whose content a test sets; clones are the same object.
#[derive(Clone, Debug)]
pub struct PolicyObject(Rc<RefCell<Result<String, Failure>>>);

impl PolicyObject {
    /// Makes an object that holds `policy`.
    #[must_use]
    pub fn holding(policy: &str) -> Self {
        Self::answering(Ok(policy.to_owned()))
    }

    /// Makes an object that cannot be read.
    #[must_use]
    pub fn refusing(failure: Failure) -> Self {
        Self::answering(Err(failure))
    }

    /// Puts another content in the object.
    pub fn put(&self, policy: &str) {
        *self.0.borrow_mut() = Ok(policy.to_owned());
    }

    fn answering(answer: Result<String, Failure>) -> Self {
        Self(Rc::new(RefCell::new(answer)))
    }
}

impl ReadPolicy for PolicyObject {
    fn address(&self) -> String {
        "s3://policies/policy.yaml".to_owned()
    }

    /// Answers with the content, which is its own tag.
    async fn read(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        let content = self.0.borrow().clone()?;
        if known == Some(content.as_str()) {
            return Ok(Fetched::Unchanged);
        }
        Ok(Fetched::Content {
            bytes: content.clone().into_bytes(),
            etag: Some(content),
        })
    }
}

/// A queue that refuses the messages at some positions, and keeps the others.
#[derive(Debug)]
pub struct FindingsQueue {
    refused: Vec<usize>,
    /// What it took.
    pub accepted: RefCell<Vec<OutgoingMessage>>,
}

impl FindingsQueue {
    /// Makes a queue that refuses the messages at these positions of each sending.
    #[must_use]
    pub fn refusing(refused: &[usize]) -> Self {
        Self {
            refused: refused.to_vec(),
            accepted: RefCell::default(),
        }
    }
}

impl SendFindings for FindingsQueue {
    async fn send(&self, messages: &[OutgoingMessage]) -> Vec<Unsent> {
        let mut unsent = Vec::new();
        for (position, message) in messages.iter().enumerate() {
            if self.refused.contains(&position) {
                let failure = failure("sqs:SendMessage", "refused");
                unsent.push(Unsent { position, failure });
            } else {
                self.accepted.borrow_mut().push(message.clone());
            }
        }
        unsent
    }
}
