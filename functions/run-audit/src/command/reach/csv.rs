//! Reach as a table: of each account one row for each denial, and one for each call that nothing denies.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crisguard_core::{
    account::AccountId,
    scp::reach::{Denied, ProfileReport},
};
use crisguard_report::untrusted::cell;

use crate::reach::{Accounts, Answer, Policies, Question};

const COLUMNS: &str = "account,account_name,profile,source,destinations,verdict,denied_resource,denied_region,policy,\
                       statement,kind,level,leaves,depends_on,inferred,call,action,could_leave,depends_by";

pub(super) fn write(answer: &Answer, question: &Question, out: &mut dyn Write) -> io::Result<()> {
    match answer {
        Answer::Account(answer) => {
            writeln!(out, "{COLUMNS}")?;
            let account = match &question.accounts {
                Accounts::One(account) => vec![account.clone()],
                Accounts::Every | Accounts::These(_) => Vec::new(),
            };
            rows(&account, &names(question), &answer.profiles, out)
        }
        Answer::Organization(answer) => {
            writeln!(out, "{COLUMNS}")?;
            let mut each = answer.accounts.iter();
            each.try_for_each(|together| rows(&together.accounts, &together.names, &together.profiles, out))
        }
        Answer::Changes(answer) => {
            writeln!(
                out,
                "account,account_name,profile,source,before,after,leaves,could_leave,call"
            )?;
            let names = names(question);
            for change in &answer.changes {
                for (account, name) in each_account(&change.accounts, &names) {
                    let fields = [
                        account,
                        name,
                        &change.profile,
                        change.source.as_str(),
                        change.before,
                        change.after,
                        &change.leaves.join(" "),
                        &change.could_leave.join(" "),
                        &named(&change.call),
                    ];
                    row(out, &fields)?;
                }
            }
            Ok(())
        }
    }
}

/// Returns the names of an organization's accounts.
pub(super) fn names(question: &Question) -> BTreeMap<AccountId, String> {
    match &question.under {
        Policies::Files(_) => BTreeMap::new(),
        Policies::Organization(organization) => {
            let nodes = organization.document().accounts.iter();
            let named = nodes.filter_map(|node| Some((node.id.clone(), node.name.clone()?)));
            named.collect()
        }
    }
}

/// Returns each account with its name; one that has neither where no account is told.
fn each_account<'a>(accounts: &'a [AccountId], names: &'a BTreeMap<AccountId, String>) -> Vec<(&'a str, &'a str)> {
    if accounts.is_empty() {
        return vec![("", "")];
    }
    let name = |account| names.get(account).map_or("", String::as_str);
    accounts
        .iter()
        .map(|account| (account.as_str(), name(account)))
        .collect()
}

fn rows(
    accounts: &[AccountId],
    names: &BTreeMap<AccountId, String>,
    profiles: &[ProfileReport],
    out: &mut dyn Write,
) -> io::Result<()> {
    for account in each_account(accounts, names) {
        for report in profiles {
            if report.denied.is_empty() {
                one(account, report, None, out)?;
            }
            for denied in &report.denied {
                one(account, report, Some(denied), out)?;
            }
        }
    }
    Ok(())
}

fn one(
    (account, name): (&str, &str),
    report: &ProfileReport,
    denied: Option<&Denied>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (resource, kind) = match denied {
        None => (String::new(), String::new()),
        Some(denied) => (named(&denied.resource), named(&denied.kind)),
    };
    let depends = report.depends_by.iter();
    let depends = depends.map(|one| format!("{} {} ({})", one.policy, one.statement, one.level));
    let fields = [
        account,
        name,
        &report.profile,
        report.source.as_str(),
        &report.destinations.join(" "),
        report.verdict,
        &resource,
        denied.map_or("", |denied| &denied.region),
        denied.map_or("", |denied| &denied.policy),
        denied
            .and_then(|denied| denied.statement.as_deref())
            .unwrap_or_default(),
        &kind,
        denied.map_or("", |denied| &denied.level),
        &report.leaves.join(" "),
        &report.depends_on.join(" "),
        if report.inferred { "true" } else { "false" },
        &named(&report.call),
        denied.and_then(|denied| denied.action).unwrap_or_default(),
        &report.could_leave.join(" "),
        &depends.collect::<Vec<_>>().join("; "),
    ];
    row(out, &fields)
}

/// Returns the name that JSON has for a value.
fn named(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn row(out: &mut dyn Write, fields: &[&str]) -> io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| escaped(field)).collect();
    writeln!(out, "{}", fields.join(","))
}

/// Quotes a field where it must be, and defuses what a spreadsheet would take for a formula.
fn escaped(field: &str) -> String {
    let field = cell(field);
    if field.contains([',', '"']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(escaped("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(escaped("=1+1"), "'=1+1");
        assert_eq!(escaped(" =1,\n\u{1b}"), "\"' =1,⟨U+000A⟩⟨U+001B⟩\"");
        assert_eq!(escaped("jp.model"), "jp.model");
    }
}
