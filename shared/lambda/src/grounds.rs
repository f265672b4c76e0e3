//! What functions decide by: the catalogue, and the policy with the object that it is read from.

use crisguard_core::catalog::Catalogue;
use jiff::Timestamp;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    metrics::{Counts, POLICY_REJECTED},
    policy_in_force::{PolicyInForce, ReadPolicy, Scope},
    report::Report,
};

/// The catalogue and the policy, kept between invocations.
#[derive(Debug)]
pub struct Grounds<Store> {
    store: Store,
    catalogue: Catalogue,
    policy: Mutex<PolicyInForce>,
}

impl<Store: ReadPolicy> Grounds<Store> {
    /// Reads both at cold start.
    ///
    /// # Errors
    ///
    /// Fails if there is no usable policy: the function must not start then.
    pub async fn read(store: Store, scope: Scope, now: Timestamp) -> Result<Self, Report> {
        let catalogue = Catalogue::embedded().map_err(|error| Report::of("Catalogue", &error))?;
        let policy = PolicyInForce::read(&store, scope, now).await;
        let policy = policy.map_err(|error| Report::of("Policy", &error))?;
        tracing::info!(policy_sha256 = policy.sha256(), catalogue_as_of = %catalogue.as_of(), "started");
        Ok(Self {
            store,
            catalogue,
            policy: Mutex::new(policy),
        })
    }

    /// Returns the catalogue.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns the policy in force, after asking for a new version if it is time to. A version that
    /// is rejected is counted, and the old one stays.
    pub async fn policy(&self, now: Timestamp, counts: &mut Counts) -> MutexGuard<'_, PolicyInForce> {
        let mut policy = self.policy.lock().await;
        if policy.renew_or_keep(&self.store, now).await {
            counts.add(POLICY_REJECTED, 1);
        }
        policy
    }
}
