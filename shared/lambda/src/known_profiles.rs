//! An account's own lists of inference profiles, which check-posture keeps and watch-inference decides
//! by, and when they are read again.

use crisguard_aws::{Failure, s3::Fetched};
use crisguard_core::{
    account::AccountId,
    catalog::{Catalogue, Live, LiveError},
};
use jiff::Timestamp;

use crate::{
    policy_in_force::{REREAD_AFTER, ReadPolicy},
    report::chain,
};

/// Returns the key of the object in which an account's lists are kept, in the bucket of reports.
#[must_use]
pub fn key(account: &AccountId) -> String {
    format!("posture/{account}/profiles.json")
}

/// The catalogue with the account's own lists over it, read as the policy is.
///
/// Unlike the policy, nobody has to have it: where there are no lists, or none that can be read, the
/// catalogue stands alone, and those that were read before stay until they are too old to tell anything.
#[derive(Debug)]
pub struct KnownProfiles<Store> {
    store: Store,
    catalogue: Catalogue,
    etag: Option<String>,
    asked_at: Option<Timestamp>,
    /// How many bytes the lists came to when they were read.
    bytes: usize,
    /// Whether it was said that the lists cannot be read, which is said once.
    complained: bool,
}

#[derive(Debug, thiserror::Error)]
enum NotUsable {
    #[error(transparent)]
    NotRead(#[from] Failure),
    #[error(transparent)]
    NotSound(#[from] LiveError),
}

impl<Store: ReadPolicy> KnownProfiles<Store> {
    /// Names where the lists are kept, and reads nothing yet.
    pub const fn kept_in(store: Store, catalogue: Catalogue) -> Self {
        Self {
            store,
            catalogue,
            etag: None,
            asked_at: None,
            bytes: 0,
            complained: false,
        }
    }

    /// Asks for newer lists if [`REREAD_AFTER`] has passed.
    pub async fn renew(&mut self, now: Timestamp) {
        let fresh = |asked_at: Timestamp| now.duration_since(asked_at) < REREAD_AFTER;
        if !self.asked_at.is_some_and(fresh) {
            self.asked_at = Some(now);
            self.ask().await;
        }
    }

    /// Returns the catalogue with the lists that were read last.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns how many bytes the lists came to, as they are kept: in memory they take about twice as many.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    async fn ask(&mut self) {
        let read = match self.store.read(self.etag.as_deref()).await {
            Ok(Fetched::Unchanged) => return,
            Ok(Fetched::Content { bytes, etag }) => Live::from_json(&bytes)
                .map(|live| (live, etag, bytes.len()))
                .map_err(NotUsable::from),
            Err(failure) => Err(failure.into()),
        };
        match read {
            Ok((live, etag, bytes)) => {
                tracing::info!(
                    regions = live.observed().count(),
                    "the account's own lists of profiles are read"
                );
                self.catalogue = self.catalogue.clone().with_live(live);
                (self.etag, self.bytes) = (etag, bytes);
                self.complained = false;
            }
            Err(error) if !self.complained => {
                let (error, address) = (chain(&error), self.store.address());
                tracing::warn!(
                    error,
                    address,
                    "the account's own lists of profiles cannot be read; the catalogue stands in as they age"
                );
                self.complained = true;
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::test_support::{PolicyObject, failure};

    const LISTS: &str = r#"{"regions": {"eu-west-1": {"observed_at": "2026-11-22T01:00:00Z", "profiles": {}}}}"#;

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn regions(catalogue: &Catalogue) -> Vec<String> {
        catalogue
            .live()
            .observed()
            .map(|(region, _)| region.to_string())
            .collect()
    }

    async fn starting(store: &PolicyObject) -> KnownProfiles<PolicyObject> {
        let mut profiles = KnownProfiles::kept_in(store.clone(), Catalogue::embedded().unwrap());
        profiles.renew(now()).await;
        profiles
    }

    async fn renewed(profiles: &mut KnownProfiles<PolicyObject>, now: Timestamp) -> Vec<String> {
        profiles.renew(now).await;
        regions(profiles.catalogue())
    }

    #[tokio::test]
    async fn lists_are_reread_after_five_minutes_and_bad_ones_keep_the_old() {
        let store = PolicyObject::holding(LISTS);
        let mut profiles = starting(&store).await;
        assert_eq!(renewed(&mut profiles, now()).await, ["eu-west-1"]);

        store.put(&LISTS.replace("eu-west-1", "us-east-1"));
        let early = now() + REREAD_AFTER - SignedDuration::from_secs(1);
        assert_eq!(renewed(&mut profiles, early).await, ["eu-west-1"]);
        assert_eq!(renewed(&mut profiles, now() + REREAD_AFTER).await, ["us-east-1"]);

        store.put("{}");
        assert_eq!(renewed(&mut profiles, now() + REREAD_AFTER * 2).await, ["us-east-1"]);
        assert!(profiles.complained);
        store.put(LISTS);
        assert_eq!(renewed(&mut profiles, now() + REREAD_AFTER * 3).await, ["eu-west-1"]);
        assert!(!profiles.complained);
    }

    #[tokio::test]
    async fn without_lists_the_catalogue_stands_alone_until_there_are_some() {
        let store = PolicyObject::refusing(failure("s3:GetObject", "AccessDenied (HTTP 403): no"));
        let mut profiles = starting(&store).await;
        assert!(profiles.complained);
        assert_eq!((profiles.catalogue().live(), profiles.bytes()), (&Live::nothing(), 0));
        store.put(LISTS);
        assert_eq!(renewed(&mut profiles, now() + REREAD_AFTER).await, ["eu-west-1"]);
        assert_eq!(profiles.bytes(), LISTS.len());
    }
}
