//! Accounts by controls.

use std::collections::BTreeSet;

use crisguard_core::{
    controls::ControlId,
    policy::Language,
    tally::{AccountControls, Audit, Decided},
    texts,
};
use serde::Serialize;

/// The most accounts that the page shows, the worst first; report.json has them all.
const ACCOUNTS: usize = 200;

#[derive(Serialize)]
pub(super) struct Matrix {
    controls: Vec<Head>,
    rows: Vec<Row>,
    more: usize,
}

#[derive(Serialize)]
struct Head {
    name: &'static str,
    title: &'static str,
}

#[derive(Serialize)]
struct Row {
    account: String,
    invocations: u64,
    /// In the order of the controls; none where the control decided nothing.
    cells: Vec<Option<Decided>>,
}

impl Matrix {
    pub(super) fn of(audit: &Audit, language: Language) -> Self {
        let controls: BTreeSet<ControlId> = audit
            .accounts
            .iter()
            .flat_map(|account| account.controls.keys().copied())
            .collect();
        let mut accounts: Vec<&AccountControls> = audit.accounts.iter().collect();
        let open = |account: &AccountControls| {
            let broken: u64 = account.controls.values().map(|decided| decided.non_compliant).sum();
            let undecided: u64 = account.controls.values().map(|decided| decided.undecided).sum();
            (broken, undecided, account.invocations)
        };
        accounts.sort_by(|a, b| open(b).cmp(&open(a)).then_with(|| a.account.cmp(&b.account)));
        let row = |account: &&AccountControls| Row {
            account: account.account.to_string(),
            invocations: account.invocations,
            cells: controls
                .iter()
                .map(|control| account.controls.get(control).copied())
                .collect(),
        };
        Self {
            rows: accounts.iter().take(ACCOUNTS).map(row).collect(),
            more: accounts.len().saturating_sub(ACCOUNTS),
            controls: controls
                .iter()
                .map(|control| Head {
                    name: control.name(),
                    title: texts::control(*control, language).title,
                })
                .collect(),
        }
    }
}
