//! The text form of an explanation, for people at a terminal.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::Style;
use crisguard_core::{
    catalog::{Catalogue, Destinations},
    cloudtrail::{Denial, Failure, Half, Invocation, ProcessedIn},
    controls::ControlId,
    decision::{Assessment, Decision},
    exit::Exit,
    model::ModelReference,
    texts::filled,
    untrusted::for_shell,
};

use super::{About, Entry, Explained, Inference, Place, Tally};
use crate::command::{
    console::{BAD, BOLD, DIM, GOOD, OPEN},
    policy_file::PolicyFile,
    profiles::named,
    text::{counted, grouped, harmless, wrapped},
};

/// How wide the column of fields is, such as `called by`.
const FIELDS: usize = 11;
/// How wide the column of controls is.
const CONTROLS: usize = 28;
/// How many records that are not inference are named one by one.
const NAMED: usize = 20;

/// Writes everything that was read, and what it comes to.
pub(super) fn write(
    explained: &Explained,
    catalogue: &Catalogue,
    policy: Option<&PolicyFile>,
    out: &mut dyn Write,
    width: usize,
) -> io::Result<()> {
    let mut page = Page {
        out,
        width,
        remedies: BTreeMap::new(),
        others: 0,
        filled: false,
    };
    for entry in &explained.entries {
        page.entry(entry, catalogue)?;
    }
    page.unnamed()?;
    page.closing(explained, policy)
}

/// Returns the steps that remedy a violation, with what the record says put in.
///
/// Only plain names are put in: callers choose profile ids, and people paste commands.
pub(super) fn remedy(control: ControlId, invocation: &Invocation) -> Vec<String> {
    let values = [
        ("EVENT_ID", for_shell(&invocation.identity.event_id)),
        ("SOURCE", for_shell(invocation.source.0.as_str())),
        ("PROFILE", invocation.target.profile_label().and_then(for_shell)),
        ("POLICY_ID", denying_policy(invocation).and_then(for_shell)),
    ];
    let known: Vec<_> = values
        .into_iter()
        .filter_map(|(word, value)| Some((word, value?)))
        .collect();
    let steps = control.metadata().remedy.iter();
    steps.map(|step| filled(step, &known)).collect()
}

/// Returns the id of the service control policy that refused the request, where its message has it.
fn denying_policy(invocation: &Invocation) -> Option<&str> {
    match &invocation.failure {
        Some(Failure::Denied(Denial::ServiceControlPolicy(denial))) => denial.policy.as_deref()?.rsplit('/').next(),
        _ => None,
    }
}

/// What is being written.
struct Page<'a> {
    out: &'a mut dyn Write,
    width: usize,
    /// The place at which each control's remedy was written in full.
    remedies: BTreeMap<ControlId, String>,
    /// How many records that are not inference have been met.
    others: usize,
    /// Whether the line above is not empty.
    filled: bool,
}

impl Page<'_> {
    fn entry(&mut self, Entry { place, about }: &Entry, catalogue: &Catalogue) -> io::Result<()> {
        if matches!(about, About::Inference(_)) {
            self.gap()?;
        } else {
            self.filled = true;
        }
        match about {
            About::Inference(inference) => self.inference(place, inference, catalogue),
            About::NotInference { event_name } => {
                let event = harmless(event_name);
                self.other(
                    place,
                    &format!("{event} is a Bedrock event, but sends no prompt to a model"),
                )
            }
            About::NotBedrock => self.other(place, "not a CloudTrail record of Bedrock"),
            About::Canary => self.other(place, "a canary: the record of a call that nobody made"),
            About::NotARecord => self.other(place, "neither a CloudTrail record nor an EventBridge event"),
            About::Unreadable { problem } => {
                writeln!(self.out, "{BAD}! {place}{BAD:#}  cannot be read: {}", harmless(problem))
            }
        }
    }

    fn other(&mut self, place: &Place, what: &str) -> io::Result<()> {
        self.others += 1;
        if self.others > NAMED {
            return Ok(());
        }
        writeln!(self.out, "{DIM}· {place}  {what}{DIM:#}")
    }

    /// Leaves an empty line below what stands above.
    fn gap(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.filled) {
            writeln!(self.out)
        } else {
            Ok(())
        }
    }

    /// Counts the records that were not named one by one.
    fn unnamed(&mut self) -> io::Result<()> {
        match self.others.checked_sub(NAMED) {
            None | Some(0) => Ok(()),
            Some(1) => writeln!(self.out, "{DIM}· and 1 more that is no inference request{DIM:#}"),
            Some(more) => writeln!(
                self.out,
                "{DIM}· and {} more that are no inference requests{DIM:#}",
                grouped(more)
            ),
        }
    }

    fn inference(&mut self, place: &Place, inference: &Inference, catalogue: &Catalogue) -> io::Result<()> {
        let Inference {
            invocation,
            reach,
            decided,
        } = inference;
        let (style, mark) = decided.as_ref().map_or((BOLD, "●"), |(exit, _)| mark_of(*exit));
        let half = match invocation.half {
            Half::Whole => "",
            Half::StreamCall => " (the call that opens a stream)",
            Half::StreamCompletion => " (the end of a stream)",
        };
        let event = harmless(&invocation.identity.event_name);
        writeln!(
            self.out,
            "{style}{mark}{style:#} {BOLD}{place}{BOLD:#}  {event}{half} in account {} at {}",
            invocation.account, invocation.time
        )?;
        writeln!(self.out, "\n  {}\n", journey(invocation, style))?;
        let label = match &invocation.target {
            ModelReference::Profile(_) | ModelReference::ApplicationProfile(_) => "profile",
            _ => "model",
        };
        self.field(label, &invocation.target.to_string())?;
        match reach {
            Some(Destinations::EveryCommercialRegion) => self.field("can reach", "any commercial Region")?,
            Some(regions) => self.field("can reach", &named(regions).join(", "))?,
            None if invocation.target.profile().is_some() => {
                let source = &invocation.source;
                self.field(
                    "can reach",
                    &format!("not known for {source} in the catalogue of {}", catalogue.as_of()),
                )?;
            }
            None => {}
        }
        let session = invocation
            .principal
            .session
            .as_ref()
            .map(|session| format!(" (session {session})"));
        self.field(
            "called by",
            &format!("{}{}", invocation.principal, session.unwrap_or_default()),
        )?;
        self.field("event", &invocation.identity.event_id)?;
        if let Some(parent) = &invocation.identity.parent_request_id {
            self.field("ends", &format!("the request {parent}"))?;
        }
        writeln!(self.out)?;
        if let Some((_, assessments)) = decided {
            for assessment in assessments {
                self.assessment(assessment)?;
            }
            self.remedies(place, invocation, assessments)?;
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn field(&mut self, name: &str, text: &str) -> io::Result<()> {
        writeln!(
            self.out,
            "  {DIM}{name:FIELDS$}{DIM:#}{}",
            wrapped(text, self.width, FIELDS + 2)
        )
    }

    fn assessment(&mut self, assessment: &Assessment) -> io::Result<()> {
        let (style, mark) = mark_of(Exit::of(std::slice::from_ref(assessment)));
        let severity = match assessment.decision {
            Decision::NonCompliant(_) => format!("{}: ", assessment.control.severity()),
            _ => String::new(),
        };
        let text = wrapped(&format!("{severity}{}", assessment.decision), self.width, CONTROLS + 4);
        let name = assessment.control.name();
        writeln!(self.out, "  {style}{mark}{style:#} {name:CONTROLS$}{text}")?;
        for exception in &assessment.expired_exceptions {
            let text = format!(
                "the exception `{}` would cover it, but expired on {}: ask {}",
                exception.id, exception.expires, exception.owner
            );
            writeln!(
                self.out,
                "    {:CONTROLS$}{OPEN}{}{OPEN:#}",
                "",
                wrapped(&text, self.width, CONTROLS + 4)
            )?;
        }
        Ok(())
    }

    /// Writes the remedy of each violation, in full only the first time.
    fn remedies(&mut self, place: &Place, invocation: &Invocation, assessments: &[Assessment]) -> io::Result<()> {
        let violated = |assessment: &&Assessment| matches!(assessment.decision, Decision::NonCompliant(_));
        for control in assessments.iter().filter(violated).map(|assessment| assessment.control) {
            if let Some(first) = self.remedies.get(&control) {
                writeln!(self.out, "\n  {BOLD}What to do{BOLD:#} ({control}): as at {first}")?;
                continue;
            }
            self.remedies.insert(control, place.to_string());
            writeln!(self.out, "\n  {BOLD}What to do{BOLD:#} ({control})")?;
            for (number, step) in (1..).zip(remedy(control, invocation)) {
                writeln!(self.out, "  {number}. {}", wrapped(&step, self.width, 5))?;
            }
        }
        Ok(())
    }

    fn closing(&mut self, explained: &Explained, policy: Option<&PolicyFile>) -> io::Result<()> {
        let tally = &explained.tally;
        let counts: Vec<String> = [
            (tally.violation, "in violation"),
            (tally.undecided, "undecided"),
            (tally.compliant, "compliant"),
            (tally.not_applicable, "to which no control applies"),
            (tally.not_decided, "explained only"),
            (tally.not_inference, "no inference"),
            (tally.not_bedrock, "not Bedrock"),
            (tally.not_a_record, "no record"),
            (tally.unreadable, "unreadable"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", grouped(*count)))
        .collect();
        self.gap()?;
        let Tally { items, .. } = tally;
        let total = counted(*items, "record");
        writeln!(
            self.out,
            "{BOLD}{total}{BOLD:#}: {}",
            wrapped(&counts.join(", "), self.width, total.len() + 2)
        )?;
        if !explained.holds_a_record() {
            // A policy would decide nothing here, and no mark is to be explained.
            return Ok(());
        }
        if policy.is_none() {
            writeln!(
                self.out,
                "Nothing was decided: add --policy FILE (`crisguard policy example` prints one)"
            )
        } else {
            writeln!(
                self.out,
                "{DIM}✓ compliant  ✗ violation  ? undecided  – does not apply{DIM:#}"
            )
        }?;
        let unresolved: Vec<_> = explained.unresolved().iter().map(ToString::to_string).collect();
        if !unresolved.is_empty() {
            let text = format!(
                "the policy differs by organizational unit: add --organization-path for account {}",
                unresolved.join(", ")
            );
            writeln!(self.out, "{OPEN}!{OPEN:#} {}", wrapped(&text, self.width, 2))?;
        }
        Ok(())
    }
}

/// Draws the way from the Region that was called to the one that processed the request.
fn journey(invocation: &Invocation, style: Style) -> String {
    let source = &invocation.source;
    match &invocation.processed_in {
        ProcessedIn::Source => {
            format!("{BOLD}{source}{BOLD:#} → {BOLD}{source}{BOLD:#}  processed where it was called")
        }
        ProcessedIn::Destination(destination) => format!("{BOLD}{source}{BOLD:#} → {style}{destination}{style:#}"),
        ProcessedIn::Unreported => format!("{BOLD}{source}{BOLD:#} → {OPEN}?{OPEN:#}  the record does not say"),
        ProcessedIn::Unreadable(text) => {
            format!(
                "{BOLD}{source}{BOLD:#} → {OPEN}?{OPEN:#}  the record says `{}`",
                harmless(text)
            )
        }
        ProcessedIn::Nowhere(failure) => format!("{BOLD}{source}{BOLD:#} → nowhere: {failure}"),
    }
}

fn mark_of(exit: Exit) -> (Style, &'static str) {
    match exit {
        Exit::Compliant => (GOOD, "✓"),
        Exit::Violation => (BAD, "✗"),
        Exit::Undecided | Exit::Rejected => (OPEN, "?"),
        Exit::NotApplicable | Exit::NotBedrock => (DIM, "–"),
    }
}
