//! Reach as people read it: a line for each profile, what denies it, and the change that mends it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::Style;
use crisguard_core::{
    account::AccountId,
    scp::reach::{Denied, Depends, ProfileReport},
};

use super::{csv, words::Words};
use crate::{
    command::{
        console::{BAD, BOLD, DIM, GOOD, OPEN},
        text::{harmless, wrapped},
    },
    reach::{AccountAnswer, Answer, ChangesAnswer, Question},
};

/// How many accounts are named one by one.
const NAMED: usize = 6;
/// How wide the column of names becomes at most.
const WIDEST: usize = 60;

pub(super) fn write(
    answer: &Answer,
    question: &Question,
    words: &Words,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let names = csv::names(question);
    let mut page = Page {
        out,
        words,
        width,
        names: &names,
    };
    let (as_of, asked) = match answer {
        Answer::Account(answer) => {
            page.account(answer, question)?;
            (answer.catalogue_as_of, &answer.asked)
        }
        Answer::Organization(answer) => {
            for (place, together) in answer.accounts.iter().enumerate() {
                if place > 0 {
                    writeln!(page.out)?;
                }
                page.accounts(&together.accounts)?;
                if let Some(why) = together.exempt {
                    writeln!(page.out, "{DIM}{}{DIM:#}", page.words.exempt(why))?;
                }
                page.profiles(&together.profiles)?;
            }
            for mended in &answer.mend {
                page.mended(mended)?;
            }
            let any = |told: fn(&ProfileReport) -> bool| {
                answer
                    .accounts
                    .iter()
                    .any(|together| together.profiles.iter().any(told))
            };
            if any(|row| row.verdict == "fails") || any(|row| !row.leaves.is_empty()) {
                page.said(words.more_of_one)?;
            }
            (answer.catalogue_as_of, &answer.asked)
        }
        Answer::Changes(answer) => {
            page.changes(answer)?;
            (answer.catalogue_as_of, &answer.asked)
        }
    };
    page.asked(asked)?;
    let last = wrapped(&format!("{} {} {as_of}", words.mantle, words.as_of), width, 0);
    writeln!(page.out, "{DIM}{last}{DIM:#}")
}

pub(super) struct Page<'a> {
    pub(super) out: &'a mut dyn Write,
    pub(super) words: &'a Words,
    pub(super) width: usize,
    names: &'a BTreeMap<AccountId, String>,
}

impl Page<'_> {
    fn account(&mut self, answer: &AccountAnswer, question: &Question) -> io::Result<()> {
        if let Some(why) = answer.exempt {
            writeln!(self.out, "{DIM}{}{DIM:#}\n", self.words.exempt(why))?;
        }
        self.profiles(&answer.profiles)?;
        for mended in &answer.mend {
            self.mended(mended)?;
        }
        self.cannot(&answer.profiles)?;
        self.elsewise(&answer.profiles)?;
        match &answer.closing {
            Some(closing) => self.closing(closing)?,
            None if !answer.profiles.iter().any(leaves) => {}
            None if answer.exempt.is_some() => self.said(self.words.no_scp_closes)?,
            None => self.said(self.words.nothing_closes)?,
        }
        let fails = answer.profiles.iter().any(|row| row.verdict == "fails");
        let nobody_asked = question.policy.is_none() && question.profiles.is_empty();
        if fails && nobody_asked {
            self.said(self.words.ask_for_mend)?;
        }
        Ok(())
    }

    fn said(&mut self, text: &str) -> io::Result<()> {
        let text = wrapped(text, self.width, 0);
        writeln!(self.out, "\n{text}")
    }

    fn accounts(&mut self, accounts: &[AccountId]) -> io::Result<()> {
        let accounts: Vec<&AccountId> = accounts.iter().collect();
        let text = wrapped(&self.named(&accounts), self.width, 2);
        writeln!(self.out, "{BOLD}{text}{BOLD:#}")
    }

    pub(super) fn named(&self, accounts: &[&AccountId]) -> String {
        let named = accounts
            .iter()
            .take(NAMED)
            .map(|account| match self.names.get(account) {
                Some(name) => format!("{account} ({})", harmless(name)),
                None => account.to_string(),
            });
        let named: Vec<String> = named.collect();
        let more = accounts.len().saturating_sub(NAMED);
        self.words.accounts(&named.join(", "), accounts.len(), more)
    }

    /// Writes the profiles of each source Region; those of which the same holds share what is said of it.
    fn profiles(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        let mut by_source: BTreeMap<&str, Vec<&ProfileReport>> = BTreeMap::new();
        for report in profiles {
            by_source.entry(report.source.as_str()).or_default().push(report);
        }
        let longest = column(profiles.iter().map(|row| self.words.call(&row.profile, row.call)));
        for (place, (source, rows)) in by_source.into_iter().enumerate() {
            let gap = if place > 0 { "\n" } else { "" };
            writeln!(self.out, "{gap}{BOLD}{} {source}{BOLD:#}", self.words.called_in)?;
            let mut groups: Vec<Vec<&ProfileReport>> = Vec::new();
            for row in rows {
                match groups
                    .iter_mut()
                    .find(|group| group.first().is_some_and(|first| alike(first, row)))
                {
                    Some(group) => group.push(row),
                    None => groups.push(vec![row]),
                }
            }
            for group in &groups {
                for row in group {
                    self.row(row, longest)?;
                }
                if let Some(first) = group.first() {
                    self.denied(&first.denied)?;
                    self.depends(&first.depends_by)?;
                    self.outside(self.words.processed_in, &first.leaves)?;
                    self.outside(self.words.could_be_processed_in, &first.could_leave)?;
                }
            }
        }
        let count = |verdict: &str| profiles.iter().filter(|row| row.verdict == verdict).count();
        let leave = profiles.iter().filter(|row| !row.leaves.is_empty()).count();
        let could = profiles.iter().filter(|row| !row.could_leave.is_empty()).count();
        let counts = self
            .words
            .counts([count("works"), count("fails"), count("undecided")], leave, could);
        writeln!(self.out, "\n{DIM}{}{DIM:#}", wrapped(&counts, self.width, 0))
    }

    fn row(&mut self, row: &ProfileReport, longest: usize) -> io::Result<()> {
        let (style, mark) = match (row.verdict, row.leaves.is_empty()) {
            ("works", true) => (GOOD, "✓"),
            ("works", false) => (OPEN, "!"),
            ("fails", _) => (BAD, "✗"),
            _ => (OPEN, "?"),
        };
        let mut said = self.words.verdict(row.verdict).to_owned();
        if only_streaming(row) {
            said = format!("{said}{}", self.words.only_streaming);
        }
        if !row.leaves.is_empty() {
            said = format!("{said}{}", self.words.leaves);
        }
        if !row.could_leave.is_empty() {
            said = format!("{said}{}", self.words.could_leave);
        }
        if let Some(what) = row.undocumented {
            said = format!("{said}: {}", self.words.undocumented(what));
        } else if !row.depends_on.is_empty() && row.depends_by.is_empty() {
            said = format!("{said}: {} {}", self.words.depends_on, row.depends_on.join(", "));
        }
        if row.inferred {
            said = format!("{said} ({})", self.words.inferred);
        }
        let name = harmless(&self.words.call(&row.profile, row.call));
        let said = wrapped(&said, self.width, longest + 6);
        writeln!(
            self.out,
            "  {style}{mark}{style:#} {name:longest$}  {style}{said}{style:#}"
        )
    }

    /// Writes the Regions outside the policy that can process a call.
    fn outside(&mut self, where_to: &str, leaves: &[String]) -> io::Result<()> {
        if leaves.is_empty() {
            return Ok(());
        }
        let regions = self.regions(leaves);
        let text = wrapped(&format!("{where_to} {regions}"), self.width, 8);
        writeln!(self.out, "      {text}")
    }

    /// Names the statements on which a call depends.
    fn depends(&mut self, depends: &[Depends]) -> io::Result<()> {
        for one in depends {
            let by = self.words.statement(Some(&one.statement), &one.policy, &one.level);
            let text = self.words.asks(&by, &one.keys.join(", "), one.kind);
            writeln!(self.out, "      {}", wrapped(&text, self.width, 8))?;
        }
        Ok(())
    }

    /// Writes what denies a call: the Regions of each statement together.
    fn denied(&mut self, denied: &[Denied]) -> io::Result<()> {
        let mut told: Vec<(&Denied, Vec<&str>)> = Vec::new();
        for one in denied {
            let same = |other: &Denied| {
                (
                    other.resource,
                    &other.policy,
                    &other.statement,
                    other.kind,
                    &other.level,
                    other.action,
                ) == (
                    one.resource,
                    &one.policy,
                    &one.statement,
                    one.kind,
                    &one.level,
                    one.action,
                )
            };
            match told.iter_mut().find(|(other, _)| same(other)) {
                Some((_, regions)) if regions.contains(&&*one.region) => {}
                Some((_, regions)) => regions.push(&one.region),
                None => told.push((one, vec![&one.region])),
            }
        }
        for (one, regions) in told {
            let by = self.words.statement(one.statement.as_deref(), &one.policy, &one.level);
            let text = self
                .words
                .denied(one.resource, &self.words.places(&regions), &by, one.kind);
            let text = match one.action {
                Some(action) => format!("{action}: {text}"),
                None => text,
            };
            writeln!(self.out, "      {}", wrapped(&text, self.width, 8))?;
        }
        Ok(())
    }

    fn changes(&mut self, answer: &ChangesAnswer) -> io::Result<()> {
        if answer.changes.is_empty() {
            return writeln!(self.out, "{GOOD}✓{GOOD:#} {}", self.words.nothing_changes);
        }
        let calls = answer.changes.iter();
        let longest = column(calls.map(|change| self.words.call(&change.profile, change.call)));
        let mut accounts: Option<&[AccountId]> = None;
        for change in &answer.changes {
            if accounts != Some(&change.accounts) && !change.accounts.is_empty() {
                self.accounts(&change.accounts)?;
            }
            accounts = Some(&change.accounts);
            let style: Style = match change.after {
                "works" => GOOD,
                "fails" => BAD,
                _ => OPEN,
            };
            let style = if change.leaves.is_empty() { style } else { OPEN };
            let (before, after) = (self.words.verdict(change.before), self.words.verdict(change.after));
            let outside = match (change.leaves.is_empty(), change.could_leave.is_empty()) {
                (false, _) => self.words.leaves,
                (_, false) => self.words.could_leave,
                _ => "",
            };
            writeln!(
                self.out,
                "  {style}●{style:#} {:longest$}  {}  {before} → {style}{after}{outside}{style:#}",
                harmless(&self.words.call(&change.profile, change.call)),
                change.source
            )?;
            self.denied(&change.denied)?;
            self.outside(self.words.processed_in, &change.leaves)?;
            self.outside(self.words.could_be_processed_in, &change.could_leave)?;
        }
        Ok(())
    }

    fn regions(&self, regions: &[String]) -> String {
        if regions.iter().any(|region| region == "*") {
            self.words.anywhere.to_owned()
        } else {
            regions.join(", ")
        }
    }
}

/// Tells whether the same is said of two profiles.
fn alike(a: &ProfileReport, b: &ProfileReport) -> bool {
    (a.verdict, &a.denied, &a.leaves, &a.could_leave) == (b.verdict, &b.denied, &b.leaves, &b.could_leave)
        && (&a.depends_on, &a.depends_by) == (&b.depends_on, &b.depends_by)
}

/// Tells whether a call leaves the allowed Regions, or could.
fn leaves(row: &ProfileReport) -> bool {
    !row.leaves.is_empty() || !row.could_leave.is_empty()
}

/// Tells whether a call fails that is answered in a stream, and no other.
fn only_streaming(row: &ProfileReport) -> bool {
    let stream = Some("bedrock:InvokeModelWithResponseStream");
    !row.denied.is_empty() && row.denied.iter().all(|denied| denied.action == stream)
}

/// Returns how wide a column of names is: long ARNs stand out of it.
fn column(names: impl Iterator<Item = String>) -> usize {
    let widths = names.map(|name| name.chars().count());
    widths.filter(|width| *width <= WIDEST).max().unwrap_or_default()
}
