//! What check-posture keeps, as a test puts it there, and who asked for what of it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use crisguard_aws::{Failure, s3::Fetched};
use crisguard_core::account::AccountId;
use crisguard_lambda::{known_membership, known_profiles, policy_in_force::ReadPolicy, test_support::failure};

use crate::accounts::Keep;

/// An account's own lists.
pub(super) const PROFILES: fn(&AccountId) -> String = known_profiles::key;
/// Where an account stands in its organization.
pub(super) const SCPS: fn(&AccountId) -> String = known_membership::key;

/// Objects by their keys; clones are the same shelf.
#[derive(Clone, Debug)]
pub(super) struct Shelf(Rc<Kept>);

#[derive(Debug)]
struct Kept {
    objects: RefCell<BTreeMap<String, String>>,
    asked: RefCell<Vec<String>>,
    at_once: Cell<usize>,
    most_at_once: Cell<usize>,
}

impl Shelf {
    pub(super) fn empty() -> Self {
        Self(Rc::new(Kept {
            objects: RefCell::default(),
            asked: RefCell::default(),
            at_once: Cell::new(0),
            most_at_once: Cell::new(0),
        }))
    }

    pub(super) fn put(&self, account: &str, key: fn(&AccountId) -> String, content: &str) {
        let key = key(&account.parse().unwrap());
        self.0.objects.borrow_mut().insert(key, content.to_owned());
    }

    /// Returns the keys that were asked for since the last time, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        let mut asked = self.0.asked.take();
        asked.sort();
        asked
    }

    /// Returns how many objects were asked for at once, at most.
    pub(super) fn most_at_once(&self) -> usize {
        self.0.most_at_once.get()
    }
}

impl Keep for Shelf {
    type Object = Book;

    fn profiles(&self, account: &AccountId, largest: usize) -> Book {
        Book {
            kept: Rc::clone(&self.0),
            key: known_profiles::key(account),
            largest,
        }
    }

    fn membership(&self, account: &AccountId) -> Book {
        Book {
            kept: Rc::clone(&self.0),
            key: known_membership::key(account),
            largest: usize::MAX,
        }
    }
}

/// One object of a shelf, whose content is its own tag.
#[derive(Debug)]
pub(super) struct Book {
    kept: Rc<Kept>,
    key: String,
    largest: usize,
}

impl ReadPolicy for Book {
    fn address(&self) -> String {
        self.key.clone()
    }

    async fn read(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        self.kept.asked.borrow_mut().push(self.key.clone());
        self.kept.at_once.update(|asking| asking + 1);
        self.kept.most_at_once.update(|most| most.max(self.kept.at_once.get()));
        tokio::task::yield_now().await;
        self.kept.at_once.update(|asking| asking - 1);
        let objects = self.kept.objects.borrow();
        let Some(content) = objects.get(&self.key) else {
            return Err(failure("s3:GetObject", "AccessDenied (HTTP 403): no"));
        };
        if content.len() > self.largest {
            return Err(failure("s3:GetObject", "too large"));
        }
        if known == Some(content.as_str()) {
            return Ok(Fetched::Unchanged);
        }
        Ok(Fetched::Content {
            bytes: content.clone().into_bytes(),
            etag: Some(content.clone()),
        })
    }
}
