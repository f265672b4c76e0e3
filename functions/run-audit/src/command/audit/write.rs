//! The text form of an audit, for people at a terminal.

use std::io::{self, Write};

use anstyle::Style;
use crisguard_core::{
    tally::{Audit, AuditFinding, FindingDecision, Gap, Outcome},
    texts,
};

use super::{
    Asked,
    routes::{Route, routes},
    unread::unread,
    words::{Words, many},
};
use crate::command::{
    console::{BAD, BOLD, DIM, GOOD, OPEN},
    text::{columns, harmless, wrapped},
};

/// How many findings, gaps and unreadable files are listed of each.
const LISTED: usize = 20;

/// Writes what an audit comes to.
pub(super) fn write(audit: &Audit, asked: &Asked, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let words = Words::of(asked.language);
    let mut page = Page { out, width, words };
    page.verdict(audit)?;
    page.asked(audit, asked)?;
    page.routes(audit)?;
    page.findings(audit)?;
    page.gaps(audit)?;
    page.rejected(audit)?;
    page.closing(audit, asked)
}

/// What is being written.
struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    words: Words,
}

impl Page<'_> {
    fn verdict(&mut self, audit: &Audit) -> io::Result<()> {
        let (style, mark) = match (audit.exits.violation, audit.exits.undecided) {
            (0, 0) if audit.read.invocations == 0 => (DIM, "–"),
            (0, 0) if is_whole(audit) => (GOOD, "✓"),
            (0, 0) => (OPEN, "!"),
            (0, _) => (OPEN, "?"),
            (_, _) => (BAD, "✗"),
        };
        let verdict = wrapped(&self.words.verdict(audit), self.width, 2);
        writeln!(self.out, "{style}{mark}{style:#} {BOLD}{verdict}{BOLD:#}\n")
    }

    fn asked(&mut self, audit: &Audit, asked: &Asked) -> io::Result<()> {
        let words = self.words;
        self.field(words.read, &words.how_much(audit))?;
        if let Some((first, last)) = audit.first_seen.zip(audit.last_seen) {
            self.field(words.seen, &words.span(&first.to_string(), &last.to_string()))?;
        }
        if let Some(scope) = words.scope(&audit.asked) {
            self.field(words.asked, &scope)?;
        }
        if let Some(policy) = &asked.policy {
            let text = format!("{} (SHA-256 {})", policy.name, policy.document.sha256());
            self.field(words.policy, &text)?;
        }
        Ok(())
    }

    fn field(&mut self, name: &str, text: &str) -> io::Result<()> {
        let names = self.words.names;
        let room = names.saturating_sub(columns(name));
        let text = wrapped(text, self.width, names + 2);
        writeln!(self.out, "  {DIM}{name}{DIM:#}{:room$}{text}", "")
    }

    fn heading(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "\n{BOLD}{text}{BOLD:#}")
    }

    fn routes(&mut self, audit: &Audit) -> io::Result<()> {
        let routes = routes(audit);
        if routes.is_empty() {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.routes)?;
        let widest = |width: &dyn Fn(&Route<'_>) -> usize| routes.iter().map(width).max().unwrap_or_default();
        let source = widest(&|route| columns(route.source));
        let place = widest(&|route| columns(words.place(&route.place)));
        let count = widest(&|route| many(route.invocations).len());
        for route in &routes {
            let (style, mark) = mark_of(route.worst());
            let name = words.place(&route.place);
            let room = place.saturating_sub(columns(name));
            let invocations = many(route.invocations);
            let others = route.decided.iter().rev();
            let others = others.filter(|(outcome, _)| **outcome != Outcome::Compliant || route.decided.len() > 1);
            let decided: Vec<String> = others.map(|(outcome, count)| words.decided(*outcome, *count)).collect();
            let line = format!(
                "  {style}{mark}{style:#} {:source$} → {style}{name}{style:#}{:room$}  {invocations:>count$}  {}",
                route.source,
                "",
                decided.join(words.comma)
            );
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn findings(&mut self, audit: &Audit) -> io::Result<()> {
        if audit.findings.is_empty() {
            return Ok(());
        }
        self.heading(self.words.findings)?;
        for finding in audit.findings.iter().take(LISTED) {
            self.finding(finding)?;
        }
        self.more(audit.findings.len().saturating_sub(LISTED), 0)
    }

    fn finding(&mut self, finding: &AuditFinding) -> io::Result<()> {
        let words = self.words;
        let (style, mark) = match finding.decision {
            FindingDecision::NonCompliant => (BAD, "✗"),
            FindingDecision::Undecided => (OPEN, "?"),
        };
        let severity = match finding.decision {
            FindingDecision::NonCompliant => texts::severity(finding.severity, words.language),
            FindingDecision::Undecided => words.undecided(),
        };
        writeln!(
            self.out,
            "  {style}{mark}{style:#} {BOLD}{}{BOLD:#}  {severity}{}{}",
            finding.control.name(),
            words.comma,
            words.times(finding.invocations)
        )?;
        let destination = finding.destination_region.as_ref();
        let destination = destination.map_or("?", |region| region.0.as_str());
        let through = finding.profile.as_deref().or(finding.model.as_deref());
        let through = through.map(|through| format!("{}{through}", words.comma));
        let way = format!(
            "{} → {destination}{}",
            finding.source_region,
            through.unwrap_or_default()
        );
        let account = finding.account.as_str();
        let who = if finding.principal.contains(account) {
            finding.principal.clone()
        } else {
            format!("{} ({account})", finding.principal)
        };
        let [first, last] = [finding.first_seen, finding.last_seen].map(|time| time.to_string());
        let events: Vec<&str> = finding.event_ids.iter().map(String::as_str).collect();
        let when = format!("{}: {}", words.span(&first, &last), events.join(", "));
        for text in [words.explanation(finding), way.as_str(), who.as_str(), when.as_str()] {
            writeln!(self.out, "    {}", wrapped(text, self.width, 4))?;
        }
        for exception in &finding.expired_exceptions {
            let text = words.expired(
                exception.id.as_str(),
                &exception.expires.to_string(),
                exception.owner.as_str(),
            );
            writeln!(self.out, "    {OPEN}{}{OPEN:#}", wrapped(&text, self.width, 4))?;
        }
        Ok(())
    }

    fn gaps(&mut self, audit: &Audit) -> io::Result<()> {
        if audit.coverage.gaps.is_empty() {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.missing)?;
        for gap in audit.coverage.gaps.iter().take(LISTED) {
            let Gap {
                account,
                region,
                from,
                to,
                reason,
            } = gap;
            let days = words.span(&from.to_string(), &to.to_string());
            let text = format!("{account} {region}  {days}: {}", words.why(*reason));
            writeln!(self.out, "  {OPEN}!{OPEN:#} {}", harmless(&text))?;
        }
        self.more(audit.coverage.gaps.len().saturating_sub(LISTED), 0)
    }

    fn rejected(&mut self, audit: &Audit) -> io::Result<()> {
        if audit.rejected.is_empty() {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.unread)?;
        let groups = unread(&audit.rejected);
        for group in groups.iter().take(LISTED) {
            let record = match group.records.as_slice() {
                [] => String::new(),
                [index] => format!("{}{}", words.comma, words.record(*index)),
                records => {
                    let (runs, cut) = group.runs();
                    let count = cut.then_some(records.len());
                    format!("{}{}", words.comma, words.records_of(&runs, count))
                }
            };
            let text = format!("{}{record}: {}", group.file, group.reason);
            writeln!(self.out, "  {BAD}!{BAD:#} {}", wrapped(&text, self.width, 4))?;
        }
        let beyond = usize::try_from(audit.rejected_not_listed).unwrap_or(usize::MAX);
        let hidden = groups.iter().skip(LISTED).map(|group| group.entries).sum();
        self.more(hidden, beyond)
    }

    /// Says how many more there are: those that JSON lists, and those that are only counted.
    fn more(&mut self, hidden: usize, counted: usize) -> io::Result<()> {
        match hidden.saturating_add(counted) {
            0 => Ok(()),
            more => writeln!(self.out, "  {DIM}{}{DIM:#}", self.words.more(more, hidden)),
        }
    }

    fn closing(&mut self, audit: &Audit, asked: &Asked) -> io::Result<()> {
        let words = self.words;
        let total = words.records(audit.read.records);
        let exits = wrapped(&words.exits(&audit.exits), self.width, columns(&total) + 2);
        writeln!(self.out, "\n{BOLD}{total}{BOLD:#}: {exits}")?;
        if audit.coverage.unplaced_files > 0 {
            let text = words.unplaced.replace("{}", &many(audit.coverage.unplaced_files));
            writeln!(self.out, "{DIM}{}{DIM:#}", wrapped(&text, self.width, 0))?;
        }
        match &asked.policy {
            None => writeln!(self.out, "{}", wrapped(words.no_policy, self.width, 0)),
            Some(_) => writeln!(self.out, "{DIM}{}{DIM:#}", words.legend),
        }?;
        if asked.lacks_places() {
            writeln!(self.out, "{OPEN}!{OPEN:#} {}", wrapped(words.units, self.width, 2))?;
        }
        Ok(())
    }
}

/// Tells whether nothing is known to be missing, and whether that can be told at all.
fn is_whole(audit: &Audit) -> bool {
    audit.coverage.gaps.is_empty() && audit.coverage.unplaced_files == 0 && audit.exits.rejected == 0
}

fn mark_of(outcome: Option<Outcome>) -> (Style, &'static str) {
    match outcome {
        None => (BOLD, "●"),
        Some(Outcome::NotApplicable) => (DIM, "–"),
        Some(Outcome::Compliant) => (GOOD, "✓"),
        Some(Outcome::Undecided) => (OPEN, "?"),
        Some(Outcome::Violation) => (BAD, "✗"),
    }
}
