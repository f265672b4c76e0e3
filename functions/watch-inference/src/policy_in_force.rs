//! The policy that decisions are made by, and when it is read again.

use std::borrow::Cow;

use crisguard_aws::{Failure, s3::Fetched};
use crisguard_core::{
    account::AccountId,
    policy::{Policy, PolicyDocument, PolicyError, Unresolved},
};
use jiff::{SignedDuration, Timestamp};

use crate::{config::Scope, ports::ReadPolicy};

/// How long a policy is taken as current before its object is asked again.
pub const REREAD_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// A policy document that has been found usable, and what it comes to for the watched account.
#[derive(Debug)]
pub struct PolicyInForce {
    scope: Scope,
    document: PolicyDocument,
    policy: Policy,
    etag: Option<String>,
    asked_at: Timestamp,
}

/// Tells why the policy object does not give a policy.
#[derive(Debug, thiserror::Error)]
#[error("the policy {address} cannot be used")]
pub struct PolicyNotUsable {
    address: String,
    source: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    NotRead(#[from] Failure),
    #[error("the object was said to be unchanged, although no version of it is known")]
    NothingThere,
    #[error(transparent)]
    NotSound(#[from] PolicyError),
    #[error(transparent)]
    NotResolved(#[from] Unresolved),
}

/// What asking for a new version came to.
#[derive(Debug)]
pub enum Renewal {
    /// It is not yet time, or nothing has changed.
    Kept,
    /// A new version is in force.
    Replaced,
    /// The new version cannot be used, or none could be read; the old one stays in force.
    Rejected(PolicyNotUsable),
}

impl PolicyInForce {
    /// Reads the policy at cold start.
    ///
    /// # Errors
    ///
    /// Fails if there is no policy, or none that can be used: the function must not start then,
    /// for it could only guess.
    pub async fn read(store: &impl ReadPolicy, scope: Scope, now: Timestamp) -> Result<Self, PolicyNotUsable> {
        let error = |source| PolicyNotUsable {
            address: store.address(),
            source,
        };
        match store.read(None).await.map_err(|failure| error(failure.into()))? {
            Fetched::Unchanged => Err(error(Reason::NothingThere)),
            Fetched::Content { bytes, etag } => {
                let (document, policy) = sound(&bytes, &scope).map_err(error)?;
                Ok(Self {
                    scope,
                    document,
                    policy,
                    etag,
                    asked_at: now,
                })
            }
        }
    }

    /// Asks for a new version if [`REREAD_AFTER`] has passed.
    ///
    /// A version that was rejected is asked for, and rejected, again each time, so that its
    /// alarm stands until somebody mends it.
    pub async fn renew(&mut self, store: &impl ReadPolicy, now: Timestamp) -> Renewal {
        if now.duration_since(self.asked_at) < REREAD_AFTER {
            return Renewal::Kept;
        }
        self.asked_at = now;
        let read = match store.read(self.etag.as_deref()).await {
            Ok(Fetched::Unchanged) => return Renewal::Kept,
            Ok(Fetched::Content { bytes, etag }) => sound(&bytes, &self.scope).map(|sound| (sound, etag)),
            Err(failure) => Err(failure.into()),
        };
        match read {
            Ok(((document, policy), etag)) => {
                let changed = document.sha256() != self.document.sha256();
                (self.document, self.policy, self.etag) = (document, policy, etag);
                if changed { Renewal::Replaced } else { Renewal::Kept }
            }
            Err(source) => Renewal::Rejected(PolicyNotUsable {
                address: store.address(),
                source,
            }),
        }
    }

    /// Returns what the document comes to for an account.
    ///
    /// # Errors
    ///
    /// Fails for another account than the watched one if the document has overrides for units:
    /// that account's place in the organization is not known here.
    pub fn policy_for(&self, account: &AccountId) -> Result<Cow<'_, Policy>, Unresolved> {
        if *account == self.scope.account {
            Ok(Cow::Borrowed(&self.policy))
        } else {
            self.document.for_account(account, None).map(Cow::Owned)
        }
    }

    /// Returns the SHA-256 of the document.
    #[must_use]
    pub fn sha256(&self) -> &str {
        self.document.sha256()
    }
}

fn sound(bytes: &[u8], scope: &Scope) -> Result<(PolicyDocument, Policy), Reason> {
    let document = PolicyDocument::parse(bytes)?;
    let policy = document.for_account(&scope.account, scope.organization_path.as_ref())?;
    Ok((document, policy))
}
