//! What check-posture keeps of each account whose calls are decided: read when one of its calls comes, and
//! kept for as many accounts as there is room for.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use crisguard_aws::{client::Configuration, s3::Object};
use crisguard_core::{
    account::{AccountId, OrganizationPath},
    catalog::{Catalogue, Live},
    cloudtrail::Invocation,
    controls::{assess, name_statements, undecided},
    decision::{Assessment, EvidenceGap},
    policy::{Policy, Unresolved},
    posture::KnownMembership,
};
use crisguard_lambda::{
    known_membership::{self, Membership},
    known_profiles::{self, KnownProfiles},
    policy_in_force::{PolicyInForce, ReadPolicy},
};
use futures_util::future::join_all;
use jiff::Timestamp;

/// How many accounts' objects are asked for at once: a batch of five hundred calls of as many accounts waits
/// for sixty answers of S3, one after the other, and not for five hundred.
pub(crate) const AT_ONCE: usize = 8;
/// The most bytes of another account's lists: those of every Region, with a thousand profiles of the account's
/// own, which is AWS's quota, in half a dozen of them. Eight accounts that have made as many as they can must not
/// exhaust the function's memory for all others: what is larger is not read, and what it would tell is undecided.
const LARGEST_OF_OTHERS: usize = 4 * 1024 * 1024;
/// How many bytes, as they are kept in S3, stay in memory between batches. Most accounts' lists have some tens
/// of thousands, so that is hundreds of accounts; parsed they take about twice as much of the function's
/// 256 MB.
const KEPT_BYTES: usize = 24 * 1024 * 1024;
/// What an account of which nothing is kept takes: also that is remembered, so that it is not asked for at
/// every call.
const LEAST_BYTES: usize = 4 * 1024;

/// Opens what check-posture keeps of an account.
pub trait Keep {
    /// One object that is read again only when it has changed.
    type Object: ReadPolicy + fmt::Debug;

    /// Opens the account's own lists of profiles, of at most that many bytes.
    fn profiles(&self, account: &AccountId, largest: usize) -> Self::Object;

    /// Opens where the account stands in its organization.
    fn membership(&self, account: &AccountId) -> Self::Object;
}

/// The bucket of reports.
#[derive(Clone, Debug)]
pub struct Reports {
    aws: Configuration,
    bucket: String,
}

impl Reports {
    /// Names the bucket.
    #[must_use]
    pub fn new(aws: &Configuration, bucket: &str) -> Self {
        Self {
            aws: aws.clone(),
            bucket: bucket.to_owned(),
        }
    }
}

impl Keep for Reports {
    type Object = Object;

    fn profiles(&self, account: &AccountId, largest: usize) -> Object {
        Object::new(&self.aws, &self.bucket, &known_profiles::key(account), largest)
    }

    fn membership(&self, account: &AccountId) -> Object {
        let key = known_membership::key(account);
        Object::new(&self.aws, &self.bucket, &key, KnownMembership::LARGEST)
    }
}

/// The accounts of which something is known, of which the one that was not asked for the longest is let go
/// first. The home account stays: most installations have no other.
#[derive(Debug)]
pub struct Accounts<Kept: Keep> {
    kept: Kept,
    home: AccountId,
    catalogue: Catalogue,
    known: BTreeMap<AccountId, Known<Kept::Object>>,
    /// Counts what was asked for, to tell what was asked for last.
    asked: u64,
}

/// What is kept of one account.
#[derive(Debug)]
pub(crate) struct Known<Store> {
    profiles: KnownProfiles<Store>,
    membership: Membership<Store>,
    asked: u64,
}

/// An account that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) account: AccountId,
    /// Whether it matters where it stands in its organization.
    pub(crate) membership: bool,
}

impl<Kept: Keep> Accounts<Kept> {
    /// Reads the home account's lists.
    pub async fn start(kept: Kept, home: AccountId, catalogue: Catalogue, now: Timestamp) -> Self {
        let mut accounts = Self {
            kept,
            home: home.clone(),
            catalogue,
            known: BTreeMap::new(),
            asked: 0,
        };
        let wanted = Wanted {
            account: home,
            membership: false,
        };
        let read = accounts.read(&[wanted], now).await;
        accounts.keep(read);
        accounts
    }

    /// Returns the catalogue without any account's own lists.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Reads what is kept of these accounts, all at once, or as much of it as it is time to read again.
    ///
    /// They are handed out, so that no more of them are in memory than are decided by: [`Self::keep`] takes
    /// them back.
    pub(crate) async fn read(&mut self, wanted: &[Wanted], now: Timestamp) -> Vec<(AccountId, Known<Kept::Object>)> {
        let mut each = Vec::new();
        for Wanted { account, membership } in wanted {
            let known = self.known.remove(account);
            let mut known = known.unwrap_or_else(|| self.unread(account));
            self.asked += 1;
            known.asked = self.asked;
            each.push((account.clone(), known, *membership));
        }
        let each = each.into_iter().map(async |(account, mut known, membership)| {
            known.renew(membership, now).await;
            (account, known)
        });
        join_all(each).await
    }

    fn unread(&self, account: &AccountId) -> Known<Kept::Object> {
        let largest = if *account == self.home {
            Live::LARGEST
        } else {
            LARGEST_OF_OTHERS
        };
        let lists = self.kept.profiles(account, largest);
        Known {
            profiles: KnownProfiles::kept_in(lists, self.catalogue.clone()),
            membership: Membership::kept_in(self.kept.membership(account), account.clone()),
            asked: 0,
        }
    }

    /// Takes accounts back, and lets go of those that were not asked for the longest, until what is kept has
    /// room.
    pub(crate) fn keep(&mut self, read: Vec<(AccountId, Known<Kept::Object>)>) {
        self.known.extend(read);
        let mut bytes: usize = self.known.values().map(Known::bytes).sum();
        while bytes > KEPT_BYTES {
            let others = self.known.iter().filter(|(account, _)| **account != self.home);
            let longest = others
                .min_by_key(|(_, known)| known.asked)
                .map(|(account, _)| account.clone());
            let Some(known) = longest.and_then(|account| self.known.remove(&account)) else {
                return;
            };
            bytes = bytes.saturating_sub(known.bytes());
        }
    }
}

impl<Store: ReadPolicy> Known<Store> {
    /// Decides a call of this account, by its policy and by what is known of it.
    pub(crate) fn assess(&self, invocation: &Invocation, policies: &mut Policies<'_>) -> Vec<Assessment> {
        let catalogue = self.profiles.catalogue();
        let path = self.membership.path_at(invocation.time);
        let mut assessments = policies.assess(invocation, path, catalogue);
        if let Some(known) = self.membership.known() {
            name_statements(&mut assessments, invocation, known, catalogue);
        }
        assessments
    }

    async fn renew(&mut self, membership: bool, now: Timestamp) {
        let Self {
            profiles,
            membership: place,
            ..
        } = self;
        let place = async {
            if membership {
                place.renew(now).await;
            }
        };
        tokio::join!(profiles.renew(now), place);
    }

    fn bytes(&self) -> usize {
        (self.profiles.bytes() + self.membership.bytes()).max(LEAST_BYTES)
    }
}

/// What the policy comes to for one account, found out once for all its calls in a batch: where its place in
/// the organization is known at the time of the call, and where it is not.
#[derive(Debug)]
pub(crate) struct Policies<'a> {
    policy: &'a PolicyInForce,
    in_its_place: Option<Result<Cow<'a, Policy>, Unresolved>>,
    anywhere: Option<Result<Cow<'a, Policy>, Unresolved>>,
}

impl<'a> Policies<'a> {
    pub(crate) const fn of(policy: &'a PolicyInForce) -> Self {
        Self {
            policy,
            in_its_place: None,
            anywhere: None,
        }
    }

    /// Decides a call of the account by its policy; without one everything is undecided.
    pub(crate) fn assess(
        &mut self,
        invocation: &Invocation,
        path: Option<&OrganizationPath>,
        catalogue: &Catalogue,
    ) -> Vec<Assessment> {
        match self.at(&invocation.account, path) {
            Ok(policy) => assess(invocation, policy, catalogue),
            // The policy differs by unit, and the account's is not known.
            Err(_) => undecided(&EvidenceGap::PlaceNotKnown {
                account: invocation.account.to_string(),
            }),
        }
    }

    fn at(&mut self, account: &AccountId, path: Option<&OrganizationPath>) -> Result<&Policy, &Unresolved> {
        let policy = self.policy;
        let found = match path {
            Some(_) => &mut self.in_its_place,
            None => &mut self.anywhere,
        };
        let found = found.get_or_insert_with(|| {
            if *account == policy.scope().account {
                // Its place is a parameter, and what that comes to was found usable.
                Ok(Cow::Borrowed(policy.policy()))
            } else {
                policy.document().for_account(account, path).map(Cow::Owned)
            }
        });
        found.as_deref()
    }
}

/// Tells whether it matters where an account stands in its organization to know which policy it is under.
pub(crate) fn place_matters(policy: &PolicyInForce, account: &AccountId) -> bool {
    *account != policy.scope().account && policy.document().for_account(account, None).is_err()
}
