//! The text form of an audit, for people at a terminal.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::Style;
use crisguard_core::{
    account::AccountId,
    controls::ControlId,
    decision::ExpiredException,
    tally::{Audit, AuditFinding, ExceptionUse, FindingDecision, Gap, GapReason, Outcome, causes},
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

/// How many findings, exceptions, gaps and unreadable files are listed of each.
const LISTED: usize = 20;
/// How many accounts are named; of more it is said how many they are.
const NAMED: usize = 5;

/// Writes what an audit comes to.
pub(super) fn write(audit: &Audit, asked: &Asked, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let words = Words::of(asked.language);
    let mut page = Page { out, width, words };
    page.verdict(audit)?;
    page.asked(audit, asked)?;
    page.routes(audit)?;
    page.findings(audit)?;
    page.excepted(audit)?;
    page.gaps(audit)?;
    page.history(audit)?;
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
            (0, 0) if audit.read.invocations == 0 || audit.exits.compliant == 0 => (DIM, "–"),
            (0, 0) if audit.is_whole() => (GOOD, "✓"),
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
        let causes = causes(&audit.findings);
        for cause in causes.iter().take(LISTED) {
            self.cause(cause)?;
        }
        self.more(causes.iter().skip(LISTED).map(Vec::len).sum(), 0)
    }

    fn cause(&mut self, cause: &[&AuditFinding]) -> io::Result<()> {
        let words = self.words;
        let Some(finding) = cause.first() else {
            return Ok(());
        };
        let (style, mark) = match finding.decision {
            FindingDecision::NonCompliant => (BAD, "✗"),
            FindingDecision::Undecided => (OPEN, "?"),
        };
        let severity = match finding.decision {
            FindingDecision::NonCompliant => texts::severity(finding.severity, words.language),
            FindingDecision::Undecided => words.undecided(),
        };
        let controls: Vec<&str> = cause.iter().map(|finding| finding.control.name()).collect();
        let controls = wrapped(&controls.join(words.comma), self.width, 4);
        writeln!(
            self.out,
            "  {style}{mark}{style:#} {BOLD}{controls}{BOLD:#}  {severity}{}{}",
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
        let mut why: Vec<&str> = Vec::new();
        for finding in cause {
            let explanation = words.explanation(finding);
            if !why.contains(&explanation) {
                why.push(explanation);
            }
        }
        for text in why.into_iter().chain([way.as_str(), who.as_str(), when.as_str()]) {
            writeln!(self.out, "    {}", wrapped(text, self.width, 4))?;
        }
        let expired = cause.iter().flat_map(|finding| &finding.expired_exceptions);
        let expired: BTreeMap<&str, &ExpiredException> =
            expired.map(|exception| (exception.id.as_str(), exception)).collect();
        for exception in expired.values() {
            let text = words.expired(
                exception.id.as_str(),
                &exception.expires.to_string(),
                exception.owner.as_str(),
            );
            writeln!(self.out, "    {OPEN}{}{OPEN:#}", wrapped(&text, self.width, 4))?;
        }
        Ok(())
    }

    fn excepted(&mut self, audit: &Audit) -> io::Result<()> {
        let used = &audit.excepted.exceptions;
        if used.is_empty() {
            return Ok(());
        }
        self.heading(self.words.excepted)?;
        for exception in used.iter().take(LISTED) {
            self.exception(exception)?;
        }
        self.more(used.len().saturating_sub(LISTED), 0)
    }

    fn exception(&mut self, used: &ExceptionUse) -> io::Result<()> {
        let words = self.words;
        let id = harmless(&used.id);
        let how = wrapped(&words.exception(used), self.width, columns(&id) + 6);
        writeln!(self.out, "  {OPEN}!{OPEN:#} {BOLD}{id}{BOLD:#}  {how}")?;
        let controls: Vec<&str> = used.controls.iter().map(|control| ControlId::name(*control)).collect();
        let accounts = if used.accounts.len() > NAMED {
            words.accounts(used.accounts.len())
        } else {
            let accounts: Vec<&str> = used.accounts.iter().map(AccountId::as_str).collect();
            accounts.join(", ")
        };
        let [first, last] = [used.first_seen, used.last_seen].map(|time| time.to_string());
        let where_and_when = format!("{accounts}{}{}", words.comma, words.span(&first, &last));
        for text in [used.reason.as_str(), &controls.join(", "), &where_and_when] {
            writeln!(self.out, "    {}", wrapped(text, self.width, 4))?;
        }
        Ok(())
    }

    fn gaps(&mut self, audit: &Audit) -> io::Result<()> {
        let coverage = &audit.coverage;
        if coverage.has_no_gap() {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.missing)?;
        let unknown = coverage.unknown.iter().map(|place| words.not_told(place));
        let gaps = coverage.gaps.iter().map(|gap| {
            let Gap {
                account,
                region,
                reason,
                ..
            } = gap;
            format!("{account} {region}  {}: {}", words.gap_of(gap), words.why(*reason))
        });
        for text in unknown.chain(gaps).take(LISTED) {
            writeln!(self.out, "  {OPEN}!{OPEN:#} {}", wrapped(&text, self.width, 4))?;
        }
        let all = coverage.gaps.len() + coverage.unknown.len();
        self.more(all.saturating_sub(LISTED), 0)?;
        if coverage.gaps.iter().any(|gap| gap.reason == GapReason::NoLogFile) {
            writeln!(self.out, "  {DIM}{}{DIM:#}", wrapped(words.gap, self.width, 2))?;
        }
        Ok(())
    }

    fn history(&mut self, audit: &Audit) -> io::Result<()> {
        let looked_up = &audit.coverage.looked_up;
        if looked_up.is_empty() {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.history)?;
        for history in looked_up.iter().take(LISTED) {
            writeln!(self.out, "  {}", wrapped(&words.looked_up(history), self.width, 2))?;
        }
        self.more(looked_up.len().saturating_sub(LISTED), 0)?;
        writeln!(self.out, "  {DIM}{}{DIM:#}", wrapped(words.history_has, self.width, 2))
    }

    fn rejected(&mut self, audit: &Audit) -> io::Result<()> {
        if audit.rejected.is_empty() && audit.rejected_not_listed == 0 {
            return Ok(());
        }
        let words = self.words;
        self.heading(words.unread)?;
        let groups = unread(&audit.rejected, words.language);
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
        if exits.is_empty() {
            writeln!(self.out, "\n{BOLD}{total}{BOLD:#}")?;
        } else {
            writeln!(self.out, "\n{BOLD}{total}{BOLD:#}: {exits}")?;
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

fn mark_of(outcome: Option<Outcome>) -> (Style, &'static str) {
    match outcome {
        None => (BOLD, "●"),
        Some(Outcome::NotApplicable) => (DIM, "–"),
        Some(Outcome::Compliant) => (GOOD, "✓"),
        Some(Outcome::Undecided) => (OPEN, "?"),
        Some(Outcome::Violation) => (BAD, "✗"),
    }
}
