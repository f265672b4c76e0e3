//! Reach as people read it: a line for each profile, what denies it, and the change that mends it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use anstyle::Style;
use crisguard_core::{
    account::AccountId,
    scp::{
        mend::{Closing, Note, Permit, RemedyKind},
        reach::{Denied, ProfileReport},
    },
};

use super::words::Words;
use crate::{
    command::{
        console::{BAD, BOLD, DIM, GOOD, OPEN},
        diff::{self, Line},
        text::{harmless, wrapped},
    },
    reach::{AccountAnswer, Answer, ChangesAnswer, Mended, Question},
};

/// How many accounts are named one by one.
const NAMED: usize = 6;
/// The remedies beside the one whose change is shown.
const OTHERS: [RemedyKind; 4] = [
    RemedyKind::ExemptBedrock,
    RemedyKind::WidenRegions,
    RemedyKind::ModelsWithoutProfile,
    RemedyKind::LeaveGovernance,
];

pub(super) fn write(
    answer: &Answer,
    question: &Question,
    words: &Words,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let mut page = Page { out, words, width };
    let as_of = match answer {
        Answer::Account(answer) => {
            page.account(answer, question)?;
            answer.catalogue_as_of
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
            answer.catalogue_as_of
        }
        Answer::Changes(answer) => {
            page.changes(answer)?;
            answer.catalogue_as_of
        }
    };
    writeln!(page.out, "\n{DIM}{} {} {as_of}{DIM:#}", words.mantle, words.as_of)
}

struct Page<'a> {
    out: &'a mut dyn Write,
    words: &'a Words,
    width: usize,
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
        if let Some(closing) = &answer.closing {
            self.closing(closing)?;
        }
        let fails = answer.profiles.iter().any(|row| row.verdict == "fails");
        let nobody_asked = question.policy.is_none() && question.profiles.is_empty();
        if fails && nobody_asked {
            let text = wrapped(self.words.ask_for_mend, self.width, 0);
            writeln!(self.out, "\n{text}")?;
        }
        Ok(())
    }

    fn accounts(&mut self, accounts: &[AccountId]) -> io::Result<()> {
        let accounts: Vec<&AccountId> = accounts.iter().collect();
        writeln!(self.out, "{BOLD}{}{BOLD:#}", self.named(&accounts))
    }

    fn named(&self, accounts: &[&AccountId]) -> String {
        let named: Vec<&str> = accounts.iter().take(NAMED).map(|account| account.as_str()).collect();
        let more = match accounts.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" (+{more})"),
        };
        format!("{} {}{more}", self.words.in_accounts, named.join(", "))
    }

    /// Writes the profiles of each source Region; those of which the same holds share what is said of it.
    fn profiles(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        let mut by_source: BTreeMap<&str, Vec<&ProfileReport>> = BTreeMap::new();
        for report in profiles {
            by_source.entry(report.source.as_str()).or_default().push(report);
        }
        let longest = profiles
            .iter()
            .map(|row| row.profile.chars().count())
            .max()
            .unwrap_or_default();
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
                    self.outside(&first.leaves)?;
                }
            }
        }
        let count = |verdict: &str| profiles.iter().filter(|row| row.verdict == verdict).count();
        let leaves = profiles.iter().filter(|row| !row.leaves.is_empty()).count();
        let counts = self
            .words
            .counts(count("works"), count("fails"), count("undecided"), leaves);
        writeln!(self.out, "\n{DIM}{counts}{DIM:#}")
    }

    fn row(&mut self, row: &ProfileReport, longest: usize) -> io::Result<()> {
        let (style, mark) = match (row.verdict, row.leaves.is_empty()) {
            ("works", true) => (GOOD, "✓"),
            ("works", false) => (OPEN, "!"),
            ("fails", _) => (BAD, "✗"),
            _ => (OPEN, "?"),
        };
        let mut said = self.words.verdict(row.verdict).to_owned();
        if !row.leaves.is_empty() {
            said = format!("{said}{}", self.words.leaves);
        }
        if let Some(what) = row.undocumented {
            said = format!("{said}: {}", self.words.undocumented(what));
        } else if !row.depends_on.is_empty() {
            said = format!("{said}: {} {}", self.words.depends_on, row.depends_on.join(", "));
        }
        if row.inferred {
            said = format!("{said} ({})", self.words.inferred);
        }
        let name = harmless(&row.profile);
        let said = wrapped(&said, self.width, longest + 6);
        writeln!(
            self.out,
            "  {style}{mark}{style:#} {name:longest$}  {style}{said}{style:#}"
        )
    }

    /// Writes the Regions outside the policy that can process a call.
    fn outside(&mut self, leaves: &[String]) -> io::Result<()> {
        if leaves.is_empty() {
            return Ok(());
        }
        let regions = self.regions(leaves);
        let text = wrapped(&format!("{} {regions}", self.words.processed_in), self.width, 8);
        writeln!(self.out, "      {text}")
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
                ) == (one.resource, &one.policy, &one.statement, one.kind, &one.level)
            };
            match told.iter_mut().find(|(other, _)| same(other)) {
                Some((_, regions)) if regions.contains(&&*one.region) => {}
                Some((_, regions)) => regions.push(&one.region),
                None => told.push((one, vec![&one.region])),
            }
        }
        for (one, regions) in told {
            let by = self.words.statement(one.statement.as_deref(), &one.policy, &one.level);
            let text = self.words.denied(one.resource, &regions.join(", "), &by, one.kind);
            writeln!(self.out, "      {}", wrapped(&text, self.width, 8))?;
        }
        Ok(())
    }

    /// Writes a changed policy as a difference, and what it opens.
    fn mended(&mut self, mended: &Mended) -> io::Result<()> {
        let words = self.words;
        let size = words.size(mended.size, mended.quota);
        let name = harmless(&mended.policy);
        writeln!(
            self.out,
            "\n{BOLD}{}: {name}{BOLD:#} {DIM}({size}; {}){DIM:#}",
            words.mend, words.verified
        )?;
        if mended.size > mended.quota {
            writeln!(self.out, "  {BAD}{}{BAD:#}", words.too_long)?;
        }
        self.listed(words.lets_through, &mended.profiles)?;
        self.listed(words.opens_too, &mended.also)?;
        if let Some(accounts) = &mended.accounts {
            let accounts: Vec<&AccountId> = accounts.iter().collect();
            writeln!(self.out, "  {}", self.named(&accounts))?;
        }
        writeln!(self.out)?;
        let (before, after) = (pretty(&mended.before)?, pretty(&mended.document)?);
        for line in diff::lines(&before, &after) {
            let (style, sign, text) = match line {
                Line::Same(text) => (DIM, ' ', text.to_owned()),
                Line::Gone(text) => (BAD, '-', text.to_owned()),
                Line::New(text) => (GOOD, '+', text.to_owned()),
                Line::LeftOut(lines) => (DIM, '@', format!("… {lines} {}", words.lines_left_out)),
            };
            writeln!(self.out, "  {style}{sign} {}{style:#}", harmless(&text))?;
        }
        let permits = permits(mended.newly_permits.iter(), words);
        let denies = self::permits(mended.newly_denies.iter(), words);
        if !permits.is_empty() || !denies.is_empty() {
            writeln!(self.out)?;
        }
        self.listed(words.permits_too, &permits)?;
        self.listed(words.denies_too, &denies)?;
        self.elsewise(&mended.notes)
    }

    /// Names the other ways in a sentence each.
    fn elsewise(&mut self, notes: &[Note]) -> io::Result<()> {
        let mut notes: Vec<String> = notes.iter().map(|note| self.words.note(note)).collect();
        notes.sort_unstable();
        for note in notes {
            writeln!(
                self.out,
                "  {OPEN}!{OPEN:#} {}",
                wrapped(&harmless(&note), self.width, 4)
            )?;
        }
        writeln!(self.out, "\n  {}", self.words.elsewise)?;
        for other in OTHERS {
            let about = other.about(self.words.language);
            writeln!(self.out, "  {DIM}–{DIM:#} {}", wrapped(about, self.width, 4))?;
        }
        Ok(())
    }

    /// Says of what no change makes work why that is.
    fn cannot(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        for row in profiles {
            let exact = row
                .remedies
                .iter()
                .find(|remedy| remedy.remedy == RemedyKind::ExemptProfile);
            let Some(remedy) = exact.filter(|remedy| remedy.works != Some(true)) else {
                continue;
            };
            let (name, cannot) = (harmless(&row.profile), self.words.cannot);
            let why = remedy.cannot.as_ref().map(|why| self.words.why_not(why));
            let why = harmless(&why.unwrap_or_default());
            let text = wrapped(&format!("{name} {cannot}: {why}"), self.width, 2);
            writeln!(self.out, "\n{OPEN}!{OPEN:#} {text}")?;
        }
        Ok(())
    }

    fn closing(&mut self, closing: &Closing) -> io::Result<()> {
        let words = self.words;
        writeln!(
            self.out,
            "\n{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}",
            words.closing, words.verified
        )?;
        for line in pretty(&closing.document)?.lines() {
            writeln!(self.out, "  {GOOD}+ {}{GOOD:#}", harmless(line))?;
        }
        self.listed(words.closes, &closing.closed)?;
        self.listed(words.breaks, &closing.breaks)?;
        self.listed(words.open, &closing.open)
    }

    fn changes(&mut self, answer: &ChangesAnswer) -> io::Result<()> {
        if answer.changes.is_empty() {
            return writeln!(self.out, "{GOOD}✓{GOOD:#} {}", self.words.nothing_changes);
        }
        let longest = answer.changes.iter().map(|change| change.profile.chars().count());
        let longest = longest.max().unwrap_or_default();
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
            let (before, after) = (self.words.verdict(change.before), self.words.verdict(change.after));
            writeln!(
                self.out,
                "  {style}●{style:#} {:longest$}  {}  {before} → {style}{after}{style:#}",
                harmless(&change.profile),
                change.source
            )?;
            self.denied(&change.denied)?;
        }
        Ok(())
    }

    fn listed(&mut self, what: &str, items: &[String]) -> io::Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let text = wrapped(&format!("{what}: {}", items.join("; ")), self.width, 4);
        writeln!(self.out, "  {text}")
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
    (a.verdict, &a.denied, &a.leaves, &a.depends_on) == (b.verdict, &b.denied, &b.leaves, &b.depends_on)
}

fn pretty(json: &serde_json::Value) -> io::Result<String> {
    serde_json::to_string_pretty(json).map_err(io::Error::from)
}

/// Writes what a change lets through or denies: what is done, on what, where, and through which profiles.
fn permits<'p>(permits: impl Iterator<Item = &'p Permit>, words: &Words) -> Vec<String> {
    let mut by_kind: BTreeMap<(String, &str, String), BTreeSet<&str>> = BTreeMap::new();
    for permit in permits {
        let what = (
            permit.actions.join(", "),
            permit.resource.as_str(),
            permit.regions.join(", "),
        );
        by_kind
            .entry(what)
            .or_default()
            .extend(permit.through.iter().map(String::as_str));
    }
    let each = by_kind.into_iter().map(|((actions, resource, regions), through)| {
        let through: Vec<&str> = through.into_iter().collect();
        words.permit(&actions, resource, &regions, &through.join(", "))
    });
    each.collect()
}
