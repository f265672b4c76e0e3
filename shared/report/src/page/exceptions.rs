//! What is compliant only by an exception of the policy: an auditor asks of each who allowed it, and until when.

use crisguard_core::{
    account::AccountId,
    policy::Language,
    tally::{Audit, ExceptionUse},
    texts,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::ROWS;

/// The most accounts that are named of an exception.
const ACCOUNTS: usize = 10;

#[derive(Serialize)]
pub(super) struct Excepted<'a> {
    invocations: u64,
    total: usize,
    rows: Vec<Row<'a>>,
    more: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    reason: &'a str,
    owner: &'a str,
    expires: Date,
    invocations: u64,
    not_compliant: u64,
    titles: Vec<&'static str>,
    accounts: Vec<&'a AccountId>,
    more_accounts: usize,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

impl<'a> Excepted<'a> {
    pub(super) fn of(audit: &'a Audit, language: Language) -> Self {
        let used = &audit.excepted.exceptions;
        Self {
            invocations: audit.excepted.invocations,
            total: used.len(),
            rows: used.iter().take(ROWS).map(|used| row(used, language)).collect(),
            more: used.len().saturating_sub(ROWS),
        }
    }
}

fn row(used: &ExceptionUse, language: Language) -> Row<'_> {
    let ExceptionUse {
        id,
        reason,
        owner,
        expires,
        invocations,
        not_compliant,
        controls,
        accounts,
        first_seen,
        last_seen,
    } = used;
    let titles = controls.iter().map(|control| texts::control(*control, language).title);
    Row {
        id,
        reason,
        owner,
        expires: *expires,
        invocations: *invocations,
        not_compliant: *not_compliant,
        titles: titles.collect(),
        accounts: accounts.iter().take(ACCOUNTS).collect(),
        more_accounts: accounts.len().saturating_sub(ACCOUNTS),
        first_seen: *first_seen,
        last_seen: *last_seen,
    }
}
