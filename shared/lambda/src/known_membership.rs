//! Where the account stands in its organization, which check-posture keeps and watch-inference explains
//! denials by, and when it is read again.

use crisguard_aws::{Failure, s3::Fetched};
use crisguard_core::{account::AccountId, posture::KnownMembership};
use jiff::Timestamp;

use crate::{
    policy_in_force::{REREAD_AFTER, ReadPolicy},
    report::chain,
};

/// Returns the key of the object in which it is kept, in the bucket of reports.
#[must_use]
pub fn key(account: &AccountId) -> String {
    format!("posture/{account}/scps.json")
}

/// What is kept, read when somebody first asks for it: most accounts never see a denial.
///
/// Nobody has to have it: without it, or with one that is too old, an alert says less.
#[derive(Debug)]
pub struct Membership<Store> {
    store: Store,
    known: Option<KnownMembership>,
    etag: Option<String>,
    asked_at: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
enum NotUsable {
    #[error(transparent)]
    NotRead(#[from] Failure),
    #[error("what is kept of the organization is damaged")]
    Damaged(#[from] serde_json::Error),
}

impl<Store: ReadPolicy> Membership<Store> {
    /// Names where it is kept, and reads nothing yet.
    pub const fn kept_in(store: Store) -> Self {
        Self {
            store,
            known: None,
            etag: None,
            asked_at: None,
        }
    }

    /// Returns it, after asking for a newer one if [`REREAD_AFTER`] has passed.
    pub async fn renewed(&mut self, now: Timestamp) -> Option<&KnownMembership> {
        let fresh = |asked_at: Timestamp| now.duration_since(asked_at) < REREAD_AFTER;
        if !self.asked_at.is_some_and(fresh) {
            self.asked_at = Some(now);
            if let Err(error) = self.ask().await {
                let (error, address) = (chain(&error), self.store.address());
                tracing::warn!(
                    error,
                    address,
                    "where the account stands in its organization cannot be read"
                );
            }
        }
        self.known.as_ref()
    }

    async fn ask(&mut self) -> Result<(), NotUsable> {
        if let Fetched::Content { bytes, etag } = self.store.read(self.etag.as_deref()).await? {
            self.known = Some(serde_json::from_slice(&bytes)?);
            self.etag = etag;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::test_support::{PolicyObject, failure};

    const KEPT: &str = r#"{"observed_at": "2026-11-22T01:00:00Z", "membership": "management_account"}"#;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    async fn observed_at(membership: &mut Membership<PolicyObject>, now: Timestamp) -> Option<String> {
        membership.renewed(now).await.map(|known| known.observed_at.to_string())
    }

    #[tokio::test]
    async fn it_is_read_when_it_is_asked_for_and_again_after_five_minutes() {
        let store = PolicyObject::holding("damaged");
        let mut membership = Membership::kept_in(store.clone());
        store.put(KEPT);
        let first = Some("2026-11-22T01:00:00Z".to_owned());
        assert_eq!(observed_at(&mut membership, now()).await, first);

        store.put(&KEPT.replace("T01", "T02"));
        let early = now() + REREAD_AFTER - SignedDuration::from_secs(1);
        assert_eq!(observed_at(&mut membership, early).await, first);
        let second = Some("2026-11-22T02:00:00Z".to_owned());
        assert_eq!(observed_at(&mut membership, now() + REREAD_AFTER).await, second);
        store.put("damaged");
        assert_eq!(observed_at(&mut membership, now() + REREAD_AFTER * 2).await, second);
    }

    #[tokio::test]
    async fn where_there_is_none_nothing_is_known() {
        let store = PolicyObject::refusing(failure("s3:GetObject", "AccessDenied (HTTP 403): no"));
        let mut membership = Membership::kept_in(store.clone());
        assert_eq!(observed_at(&mut membership, now()).await, None);
        store.put(KEPT);
        assert_eq!(observed_at(&mut membership, now()).await, None);
        assert!(observed_at(&mut membership, now() + REREAD_AFTER).await.is_some());
    }
}
