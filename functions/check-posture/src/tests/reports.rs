//! A bucket of reports that can be written to by others at the same time.

use std::{cell::RefCell, collections::BTreeMap};

use crisguard_aws::Failure;
use crisguard_lambda::test_support::failure;
use serde_json::Value;

use crate::ports::{Content, KeepReports, Kept};

const KNOWN: &str = "posture/111122223333/known.json";
pub(super) const PROFILES: &str = "posture/111122223333/profiles.json";

/// Reports by their keys, or why none can be kept.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) kept: RefCell<BTreeMap<String, Value>>,
    pub(super) refused: bool,
    /// What another run keeps before this one does.
    pub(super) meanwhile: RefCell<Option<Value>>,
    /// The lists that another run keeps before this one does.
    pub(super) lists_meanwhile: RefCell<Option<Value>>,
    /// Whether lists that are kept cannot be read.
    pub(super) unreadable: bool,
    /// Objects that cannot be read, by the ends of their keys.
    pub(super) unread: RefCell<Vec<&'static str>>,
}

impl Reports {
    /// Returns what is known from the last look.
    pub(super) fn known(&self) -> Value {
        self.kept.borrow()[KNOWN].clone()
    }

    /// Returns the lists of inference profiles that are kept.
    pub(super) fn lists(&self) -> Value {
        self.kept.borrow()[PROFILES].clone()
    }

    fn allow(&self) -> Result<(), Failure> {
        if self.refused {
            return Err(failure("s3:PutObject", "AccessDenied (HTTP 403): no"));
        }
        Ok(())
    }
}

impl KeepReports for Reports {
    fn bucket(&self) -> &'static str {
        "reports"
    }

    async fn store(&self, key: &str, content: Content) -> Result<(), Failure> {
        self.allow()?;
        self.kept.borrow_mut().insert(key.to_owned(), value(content));
        Ok(())
    }

    async fn read(&self, key: &str, _: usize) -> Result<Option<Kept>, Failure> {
        self.allow()?;
        let is_unread = self.unread.borrow().iter().any(|end| key.ends_with(end));
        if is_unread || (self.unreadable && key == PROFILES) {
            return Err(failure("s3:GetObject", "AccessDenied (HTTP 403): no"));
        }
        let kept = self.kept.borrow();
        Ok(kept.get(key).map(|content| Kept {
            json: match content {
                // Lines, or what is no JSON.
                Value::String(text) => text.clone().into_bytes(),
                json => json.to_string().into_bytes(),
            },
            tag: Some(content.to_string()),
        }))
    }

    async fn replace(&self, key: &str, over: Option<&str>, content: Content) -> Result<bool, Failure> {
        self.allow()?;
        let mut kept = self.kept.borrow_mut();
        // Another run is faster.
        let meanwhile = match key {
            KNOWN => self.meanwhile.borrow_mut().take(),
            PROFILES => self.lists_meanwhile.borrow_mut().take(),
            _ => None,
        };
        if let Some(meanwhile) = meanwhile {
            kept.insert(key.to_owned(), meanwhile);
        }
        if over.map(str::to_owned) != kept.get(key).map(Value::to_string) {
            return Ok(false);
        }
        kept.insert(key.to_owned(), value(content));
        Ok(true)
    }
}

fn value(content: Content) -> Value {
    match content {
        Content::Json(json) => serde_json::from_slice(&json).unwrap(),
        Content::JsonLines(lines) => Value::String(String::from_utf8(lines).unwrap()),
    }
}
