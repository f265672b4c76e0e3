//! Where accounts stand in the organization, and by which policy each is judged for that.

use std::{borrow::Cow, sync::Arc};

use crisguard_core::{
    account::{AccountId, OrganizationPath},
    policy::Policy,
    posture::{Membership, NotObserved, Observed},
    scp::organization::{Organization, OrganizationDocument, OrganizationError},
};
use crisguard_lambda::report::chain;
use tokio::sync::Mutex;

use super::Run;
use crate::{
    function::Shared,
    observe::unseen,
    ports::{self, KeepReports, Kept, ReadOrganization as _},
};

/// The action by which an account's place is read.
const PARENTS: &str = "organizations:ListParents";
/// The action by which what a policy says is read.
const READ: &str = "organizations:DescribePolicy";
/// The most that is read of an organization: ten thousand accounts, a thousand policies.
const LARGEST: usize = 32 * 1024 * 1024;

/// What is known of where accounts stand.
#[derive(Clone, Debug)]
pub(crate) enum Whereabouts {
    /// Nothing: it is asked when it matters.
    Asked,
    /// The whole organization.
    Read(Arc<Organization>),
    /// It was read for all accounts, and is of no use.
    Unread(NotObserved),
}

impl Whereabouts {
    /// Takes an organization that was read whole, or why it was not.
    pub(crate) fn of(document: Observed<OrganizationDocument>) -> Self {
        let organization = document.and_then(|document| understood(Organization::new(document)));
        organization.map_or_else(Self::Unread, |organization| Self::Read(Arc::new(organization)))
    }

    /// Returns where an account stands, if that is known, or it is known that it is not.
    pub(crate) fn membership(&self, account: &AccountId) -> Option<Observed<Membership>> {
        match self {
            Self::Asked => None,
            Self::Read(organization) => {
                Some(Membership::within(organization.document(), account).ok_or_else(|| elsewhere(account)))
            }
            Self::Unread(not_observed) => Some(Err(not_observed.clone())),
        }
    }

    /// Returns what the policy in force comes to for a member account. Its place is asked for only if the policy has
    /// overrides for units.
    pub(crate) async fn policy<'a, Ports: ports::Ports>(
        &self,
        shared: &Shared<'a, Ports>,
        account: &AccountId,
    ) -> Observed<Cow<'a, Policy>> {
        let document = shared.policy.document();
        if let Ok(policy) = document.for_account(account, None) {
            return Ok(Cow::Owned(policy));
        }
        let path = self.path(shared.ports, account).await.map_err(|unknown| {
            let cause = format!(
                "{} (the policy differs between units, and which is the account's must be known)",
                unknown.cause
            );
            NotObserved::new(&unknown.action, &cause).that_may_pass(unknown.passing)
        })?;
        let policy = document.for_account(account, Some(&path));
        policy
            .map(Cow::Owned)
            .map_err(|error| NotObserved::new(PARENTS, &error.to_string()))
    }

    async fn path(&self, ports: &impl ports::Ports, account: &AccountId) -> Observed<OrganizationPath> {
        let path = match self {
            Self::Asked => {
                let above = ports.organization().above(account).await?;
                understood(Organization::new(above))?.path(account)
            }
            Self::Read(organization) => organization.path(account),
            Self::Unread(not_observed) => return Err(not_observed.clone()),
        };
        path.ok_or_else(|| elsewhere(account))
    }
}

/// What cannot be understood was not observed.
fn understood(organization: Result<Organization, OrganizationError>) -> Observed<Organization> {
    organization.map_err(|error| NotObserved::new(READ, &chain(&error)))
}

fn elsewhere(account: &AccountId) -> NotObserved {
    NotObserved::new(
        PARENTS,
        &format!("the account {account} is not in the organization that was read"),
    )
}

/// Where accounts stand, as the last run read it: looks of the same run follow one another in one process.
#[derive(Debug)]
pub(crate) struct LastRead(Mutex<Option<(Run, Whereabouts)>>);

impl LastRead {
    /// Begins without any.
    pub(crate) const fn nothing() -> Self {
        Self(Mutex::const_new(None))
    }

    /// Returns where accounts stood when a run was planned.
    pub(crate) async fn of(&self, run: &Run, reports: &impl KeepReports) -> Whereabouts {
        let mut last = self.0.lock().await;
        if let Some((of, whereabouts)) = last.as_ref()
            && of == run
        {
            return whereabouts.clone();
        }
        let whereabouts = match reports.read(&run.organization(), LARGEST).await {
            Ok(Some(Kept { json, .. })) => match understood(Organization::parse(&json)) {
                Ok(organization) => Whereabouts::Read(Arc::new(organization)),
                Err(not_observed) => Whereabouts::Unread(not_observed),
            },
            Ok(None) => Whereabouts::Asked,
            Err(failure) => {
                tracing::warn!(error = %failure, %run, "the organization that the run has read cannot be read again");
                return Whereabouts::Unread(unseen(&failure));
            }
        };
        *last = Some((run.clone(), whereabouts.clone()));
        whereabouts
    }
}
