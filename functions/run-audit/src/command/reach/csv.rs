//! Reach as a table: one row for each denial, and one for each call that nothing denies.

use std::io::{self, Write};

use crisguard_core::scp::reach::{Denied, ProfileReport};

use crate::reach::Answer;

const COLUMNS: &str = "accounts,profile,source,destinations,verdict,denied_resource,denied_region,policy,statement,\
                       kind,level,leaves,depends_on,inferred";

pub(super) fn write(answer: &Answer, out: &mut dyn Write) -> io::Result<()> {
    if let Answer::Changes(answer) = answer {
        writeln!(out, "accounts,profile,source,before,after")?;
        for change in &answer.changes {
            let accounts = joined(&change.accounts);
            row(
                out,
                &[
                    &accounts,
                    &change.profile,
                    change.source.as_str(),
                    change.before,
                    change.after,
                ],
            )?;
        }
        return Ok(());
    }
    writeln!(out, "{COLUMNS}")?;
    match answer {
        Answer::Account(answer) => rows("", &answer.profiles, out),
        Answer::Organization(answer) => answer
            .accounts
            .iter()
            .try_for_each(|together| rows(&joined(&together.accounts), &together.profiles, out)),
        Answer::Changes(_) => Ok(()),
    }
}

fn rows(accounts: &str, profiles: &[ProfileReport], out: &mut dyn Write) -> io::Result<()> {
    for report in profiles {
        if report.denied.is_empty() {
            one(accounts, report, None, out)?;
        }
        for denied in &report.denied {
            one(accounts, report, Some(denied), out)?;
        }
    }
    Ok(())
}

fn one(accounts: &str, report: &ProfileReport, denied: Option<&Denied>, out: &mut dyn Write) -> io::Result<()> {
    let (resource, kind) = match denied {
        None => (String::new(), String::new()),
        Some(denied) => (named(&denied.resource), named(&denied.kind)),
    };
    let fields = [
        accounts,
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

fn joined(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn row(out: &mut dyn Write, fields: &[&str]) -> io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| escaped(field)).collect();
    writeln!(out, "{}", fields.join(","))
}

/// Quotes a field where it must be, and defuses what a spreadsheet would take for a formula.
fn escaped(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@']);
    let field = if formula {
        format!("'{field}")
    } else {
        crate::command::text::harmless(field)
    };
    if field.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_formulas_defused() {
        assert_eq!(escaped("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(escaped("=1+1"), "'=1+1");
        assert_eq!(escaped("jp.model"), "jp.model");
    }
}
