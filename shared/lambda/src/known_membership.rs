//! Where an account stands in its organization, which check-posture keeps, and watch-inference explains
//! denials and finds a unit's overrides by, and when it is read again.

use crisguard_aws::{Failure, s3::Fetched};
use crisguard_core::{
    account::{AccountId, OrganizationPath},
    posture,
    posture::KnownMembership,
    scp::organization::{Organization, OrganizationError},
};
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
    account: AccountId,
    known: Option<KnownMembership>,
    /// Where the account is in what is known.
    path: Option<OrganizationPath>,
    /// How many bytes that came to when it was read.
    bytes: usize,
    etag: Option<String>,
    asked_at: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
enum NotUsable {
    #[error(transparent)]
    NotRead(#[from] Failure),
    #[error("what is kept of the organization is damaged")]
    Damaged(#[from] serde_json::Error),
    #[error(transparent)]
    NotSound(#[from] OrganizationError),
}

impl<Store: ReadPolicy> Membership<Store> {
    /// Names whose it is and where it is kept, and reads nothing yet.
    pub const fn kept_in(store: Store, account: AccountId) -> Self {
        Self {
            store,
            account,
            known: None,
            path: None,
            bytes: 0,
            etag: None,
            asked_at: None,
        }
    }

    /// Asks for a newer one if [`REREAD_AFTER`] has passed.
    pub async fn renew(&mut self, now: Timestamp) {
        let fresh = |asked_at: Timestamp| now.duration_since(asked_at) < REREAD_AFTER;
        if self.asked_at.is_some_and(fresh) {
            return;
        }
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

    /// Returns what was read last.
    pub const fn known(&self) -> Option<&KnownMembership> {
        self.known.as_ref()
    }

    /// Returns the account's place in its organization when a call was made at `time`, if that is known: what
    /// was read too long before or after tells nothing of it. Of the management account it is not, for what is
    /// kept of it names no units.
    pub fn path_at(&self, time: Timestamp) -> Option<&OrganizationPath> {
        self.known.as_ref()?.above(time)?;
        self.path.as_ref()
    }

    /// Returns how many bytes it came to, as it is kept: in memory it takes about twice as many.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    async fn ask(&mut self) -> Result<(), NotUsable> {
        if let Fetched::Content { bytes, etag } = self.store.read(self.etag.as_deref()).await? {
            let known: KnownMembership = serde_json::from_slice(&bytes)?;
            self.path = self.path_in(&known)?;
            self.known = Some(known);
            (self.etag, self.bytes) = (etag, bytes.len());
        }
        Ok(())
    }

    /// Returns the account's place in an organization that it is in.
    fn path_in(&self, known: &KnownMembership) -> Result<Option<OrganizationPath>, NotUsable> {
        match &known.membership {
            posture::Membership::Member(Ok(document)) => {
                Ok(Organization::new(document.as_ref().clone())?.path(&self.account))
            }
            posture::Membership::None
            | posture::Membership::ManagementAccount
            | posture::Membership::Member(Err(_)) => Ok(None),
        }
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
        membership.renew(now).await;
        membership.known().map(|known| known.observed_at.to_string())
    }

    fn of(account: &str, store: &PolicyObject) -> Membership<PolicyObject> {
        Membership::kept_in(store.clone(), account.parse().unwrap())
    }

    #[tokio::test]
    async fn it_is_read_when_it_is_asked_for_and_again_after_five_minutes() {
        let store = PolicyObject::holding("damaged");
        let mut membership = of("111122223333", &store);
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
        let mut membership = of("111122223333", &store);
        assert_eq!(observed_at(&mut membership, now()).await, None);
        store.put(KEPT);
        assert_eq!(observed_at(&mut membership, now()).await, None);
        assert!(observed_at(&mut membership, now() + REREAD_AFTER).await.is_some());
    }

    /// What stands above an account two units deep.
    const ABOVE: &str = r#"{"observed_at": "2026-11-22T01:00:00Z", "membership": {"member": {"Ok": {
        "version": 1, "id": "o-a1b2c3d4e5", "management_account": "999999999999",
        "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess"]},
        "units": [{"id": "ou-ab12-1", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]},
                  {"id": "ou-ab12-2", "parent": "ou-ab12-1", "policies": ["p-FullAWSAccess"]}],
        "accounts": [{"id": "444455556666", "parent": "ou-ab12-2", "policies": ["p-FullAWSAccess"]}],
        "policies": []}}}}"#;

    #[tokio::test]
    async fn an_account_s_place_is_told_while_what_was_read_is_near_the_call() {
        let store = PolicyObject::holding(ABOVE);
        let mut member = of("444455556666", &store);
        let mut stranger = of("111122223333", &store);
        for membership in [&mut member, &mut stranger] {
            assert_eq!(membership.path_at(now()), None);
            membership.renew(now()).await;
            assert_eq!(membership.bytes(), ABOVE.len());
        }
        let path = "o-a1b2c3d4e5/r-ab12/ou-ab12-1/ou-ab12-2".parse().unwrap();
        assert_eq!(member.path_at(now()), Some(&path));
        assert_eq!(member.path_at(now() + KnownMembership::HOLDS_FOR), None);
        assert_eq!(stranger.path_at(now()), None, "what is kept does not name it");
    }

    #[tokio::test]
    async fn a_torn_organization_keeps_what_was_read_before() {
        let store = PolicyObject::holding(ABOVE);
        let mut member = of("444455556666", &store);
        member.renew(now()).await;
        store.put(&ABOVE.replace(r#""parent": "ou-ab12-1""#, r#""parent": "ou-ab12-9""#));
        member.renew(now() + REREAD_AFTER).await;
        assert!(member.path_at(now()).is_some());
        store.put(KEPT);
        member.renew(now() + REREAD_AFTER * 2).await;
        assert!(member.known().is_some() && member.path_at(now()).is_none());
    }
}
