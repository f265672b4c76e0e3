//! The policy that decisions are made by, and when it is read again.

use std::borrow::Cow;

use crisguard_aws::{
    Failure,
    client::Configuration,
    s3::{Fetched, Object},
};
use crisguard_core::{
    account::{AccountId, OrganizationPath},
    policy::{LARGEST, Policy, PolicyDocument, PolicyError, Unresolved},
};
use jiff::{SignedDuration, Timestamp};

use crate::{config::Variables, report::chain};

/// How long a policy is taken as current before its object is asked again.
pub const REREAD_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The account that is watched, and its place in the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `CRISGUARD_ACCOUNT`.
    pub account: AccountId,
    /// `CRISGUARD_ORGANIZATION_PATH`, if the account's place was given.
    pub organization_path: Option<OrganizationPath>,
}

/// Where the policy is, and for which account it is read.
#[derive(Clone, Debug)]
pub struct PolicySource {
    /// `CRISGUARD_POLICY_BUCKET`.
    pub bucket: String,
    /// `CRISGUARD_POLICY_KEY`: the object's key.
    pub key: String,
    /// The account.
    pub scope: Scope,
}

impl PolicySource {
    /// Reads every variable; `None` means that problems were noted.
    pub fn read(variables: &mut Variables<impl Fn(&str) -> Option<String>>) -> Option<Self> {
        let bucket = variables.required("CRISGUARD_POLICY_BUCKET");
        let key = variables.required("CRISGUARD_POLICY_KEY");
        let account = variables.required("CRISGUARD_ACCOUNT");
        let organization_path = variables.optional("CRISGUARD_ORGANIZATION_PATH");
        Some(Self {
            bucket: bucket?,
            key: key?,
            scope: Scope {
                account: account?,
                organization_path: organization_path?,
            },
        })
    }

    /// Returns the object in which the policy is.
    #[must_use]
    pub fn object(&self, aws: &Configuration) -> Object {
        Object::new(aws, &self.bucket, &self.key, LARGEST)
    }
}

/// Reads the policy document.
pub trait ReadPolicy {
    /// Returns where the document is, for people.
    fn address(&self) -> String;

    /// Reads the document unless it is still the version with the tag `known`.
    fn read(&self, known: Option<&str>) -> impl Future<Output = Result<Fetched, Failure>>;
}

impl ReadPolicy for Object {
    fn address(&self) -> String {
        Self::address(self)
    }

    async fn read(&self, known: Option<&str>) -> Result<Fetched, Failure> {
        self.fetch(known).await
    }
}

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

    /// Asks for a new version like [`Self::renew`], logs what came of it, and tells whether a new
    /// version was rejected.
    pub async fn renew_or_keep(&mut self, store: &impl ReadPolicy, now: Timestamp) -> bool {
        match self.renew(store, now).await {
            Renewal::Kept => false,
            Renewal::Replaced => {
                tracing::info!(policy_sha256 = self.sha256(), "a new policy is in force");
                false
            }
            Renewal::Rejected(error) => {
                let (error, policy_sha256) = (chain(&error), self.sha256());
                tracing::error!(error, policy_sha256, "the new policy is rejected, the old one stays");
                true
            }
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

    /// Returns the document.
    #[must_use]
    pub fn document(&self) -> &PolicyDocument {
        &self.document
    }

    /// Returns what the document comes to for the watched account.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Returns whose policy it is.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{PolicyObject, failure};

    const POLICY: &str =
        "version: 1\nregions: { source: [us-west-2], destination: [us-west-2] }\nprofiles: { global: deny }\n";

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn scope() -> Scope {
        Scope {
            account: "111122223333".parse().unwrap(),
            organization_path: None,
        }
    }

    #[tokio::test]
    async fn a_cold_start_without_a_usable_policy_says_what_is_wrong_where() {
        let unit = format!("{POLICY}accounts:\n  o-a/r-b: {{ regions: {{ source: ['*'] }} }}\n");
        let stores = [
            PolicyObject::holding("version: 1\nregions: { source: [Tokyo] }\n"),
            PolicyObject::holding(&unit),
            PolicyObject::refusing(failure("test:Action", "refused")),
        ];
        let mut errors = Vec::new();
        for store in stores {
            let error = PolicyInForce::read(&store, scope(), now()).await.unwrap_err();
            errors.push(chain(&error));
        }
        insta::assert_snapshot!(errors.join("\n"));
    }

    #[tokio::test]
    async fn a_policy_is_reread_after_five_minutes_and_a_bad_one_keeps_the_old() {
        let store = PolicyObject::holding(POLICY);
        let mut policy = PolicyInForce::read(&store, scope(), now()).await.unwrap();
        let sha256 = policy.sha256().to_owned();
        let later = |minutes: i32| now() + REREAD_AFTER * minutes;

        store.put("version: 2");
        let early = later(1) - SignedDuration::from_secs(1);
        assert!(matches!(policy.renew(&store, early).await, Renewal::Kept));
        for minutes in [1, 2] {
            assert!(matches!(
                policy.renew(&store, later(minutes)).await,
                Renewal::Rejected(_)
            ));
            assert_eq!(policy.sha256(), sha256);
        }

        store.put(&POLICY.replace("deny", "allow"));
        assert!(matches!(policy.renew(&store, later(3)).await, Renewal::Replaced));
        assert_ne!(policy.sha256(), sha256);
        assert!(matches!(policy.renew(&store, later(4)).await, Renewal::Kept));
    }
}
