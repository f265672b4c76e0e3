//! The changes of policies as people read them: what one makes work, what it opens, and the other ways.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use crisguard_core::{
    account::AccountId,
    scp::{
        mend::{Closing, Permit, Remedy, RemedyKind},
        reach::ProfileReport,
    },
};

use super::{words::Words, write::Page};
use crate::{
    command::{
        console::{BAD, BOLD, DIM, GOOD, OPEN},
        diff::{self, Line},
        text::{harmless, wrapped},
    },
    reach::Mended,
};

/// The remedies beside the one whose change is shown.
const OTHERS: [RemedyKind; 4] = [
    RemedyKind::ExemptBedrock,
    RemedyKind::WidenRegions,
    RemedyKind::ModelsWithoutProfile,
    RemedyKind::LeaveGovernance,
];

impl Page<'_> {
    /// Writes a changed policy as a difference, and what it opens.
    pub(super) fn mended(&mut self, mended: &Mended) -> io::Result<()> {
        let words = self.words;
        let size = words.size(mended.size, mended.quota);
        let name = harmless(&mended.policy);
        writeln!(self.out, "\n{BOLD}{}: {name}{BOLD:#}", words.mend)?;
        let about = wrapped(&format!("({size}; {})", words.verified), self.width, 2);
        writeln!(self.out, "  {DIM}{about}{DIM:#}")?;
        if !mended.together_with.is_empty() {
            let text = wrapped(&words.together(&mended.together_with.join(", ")), self.width, 4);
            writeln!(self.out, "  {OPEN}!{OPEN:#} {text}")?;
        }
        self.calls(words.lets_through, &mended.profiles)?;
        self.calls(words.opens_too, &mended.also)?;
        self.calls(words.left_out, &mended.left_out)?;
        if let Some(accounts) = &mended.accounts {
            let accounts: Vec<&AccountId> = accounts.iter().collect();
            let text = wrapped(&self.named(&accounts), self.width, 4);
            writeln!(self.out, "  {text}")?;
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
        let mut notes: Vec<String> = mended.notes.iter().map(|note| words.note(note)).collect();
        notes.sort_unstable();
        for note in notes {
            let text = wrapped(&harmless(&note), self.width, 4);
            writeln!(self.out, "  {OPEN}!{OPEN:#} {text}")?;
        }
        Ok(())
    }

    /// Names the other ways in a sentence each, and why one cannot be had.
    pub(super) fn elsewise(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        let wanted: Vec<&ProfileReport> = profiles.iter().filter(|row| !row.remedies.is_empty()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{BOLD}{}{BOLD:#}", self.words.elsewise)?;
        for other in OTHERS {
            let remedies = wanted.iter().flat_map(|row| &row.remedies);
            let remedies: Vec<&Remedy> = remedies.filter(|remedy| remedy.remedy == other).collect();
            let does = remedies
                .iter()
                .filter(|remedy| remedy.works == Some(true) && remedy.cannot.is_none());
            let about = match does.count() {
                0 => {
                    let why = remedies.iter().find_map(|remedy| remedy.cannot.as_ref());
                    let note = remedies.iter().find_map(|remedy| remedy.notes.first());
                    let why = why.map(|why| self.words.why_not(why));
                    let why = why.or_else(|| note.map(|note| self.words.note(note)));
                    self.words.not_by(other, &why.unwrap_or_default())
                }
                some if some < remedies.len() => self.words.for_some(other, some, remedies.len()),
                _ => other.about(self.words.language).to_owned(),
            };
            let text = wrapped(&harmless(&about), self.width, 4);
            writeln!(self.out, "  {DIM}–{DIM:#} {text}")?;
        }
        Ok(())
    }

    /// Says of what no change makes work why that is.
    pub(super) fn cannot(&mut self, profiles: &[ProfileReport]) -> io::Result<()> {
        for row in profiles {
            let exact = row
                .remedies
                .iter()
                .find(|remedy| remedy.remedy == RemedyKind::ExemptProfile);
            let fails = |remedy: &&Remedy| remedy.works != Some(true) || remedy.cannot.is_some();
            let Some(remedy) = exact.filter(fails) else {
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

    pub(super) fn closing(&mut self, closing: &Closing) -> io::Result<()> {
        let words = self.words;
        writeln!(
            self.out,
            "\n{BOLD}{}{BOLD:#} {DIM}({}){DIM:#}",
            words.closing, words.verified
        )?;
        for line in pretty(&closing.document)?.lines() {
            writeln!(self.out, "  {GOOD}+ {}{GOOD:#}", harmless(line))?;
        }
        self.calls(words.closes, &closing.closed)?;
        self.calls(words.breaks, &closing.breaks)?;
        self.calls(words.open, &closing.open)?;
        if closing.document.to_string().contains("\"unspecified\"]") {
            let text = wrapped(words.unspecified_stays, self.width, 4);
            writeln!(self.out, "  {OPEN}!{OPEN:#} {text}")?;
        }
        Ok(())
    }

    /// Lists calls: those from one Region together.
    fn calls(&mut self, what: &str, calls: &[String]) -> io::Result<()> {
        let mut by_source: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for call in calls {
            let (profile, source) = call.rsplit_once(" from ").unwrap_or((call, ""));
            by_source.entry(source).or_default().push(profile);
        }
        for (source, profiles) in by_source {
            let text = self.words.calls(what, source, &profiles.join("; "));
            writeln!(self.out, "  {}", wrapped(&text, self.width, 4))?;
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
