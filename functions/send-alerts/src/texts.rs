//! Every word that people read, in one place: the subject lines here, the e-mails in `templates/`.
//!
//! A template engine, although small texts could be formatted in code: an e-mail that stands as
//! a file reads as it will be read, and whoever translates it needs no Rust. A template that is
//! wrong stops the cold start.

use std::collections::BTreeMap;

use crisguard_core::{controls::ControlId, policy::Language};
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use crate::{
    clean::for_shell,
    line::Line,
    notice::{Excerpt, Kind, TextError},
};

/// The most characters of an e-mail's subject: SNS takes fewer than 100, ASCII only
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const LONGEST_SUBJECT: usize = 99;

/// The texts in one language.
#[derive(Debug)]
pub struct Texts {
    templates: Environment<'static>,
}

/// What people are told about a control, once for all its findings.
#[derive(Serialize)]
struct Advice {
    name: &'static str,
    title: &'static str,
    rationale: &'static str,
    remedy: Vec<String>,
    documentation: &'static str,
}

#[derive(Serialize)]
struct Email<'a> {
    #[serde(flatten)]
    excerpt: &'a Excerpt<'a>,
    advice: Vec<Advice>,
    lookups: Vec<Vec<String>>,
}

impl Texts {
    /// Reads the templates.
    ///
    /// # Errors
    ///
    /// Fails if a template cannot be read.
    pub fn new() -> Result<Self, TextError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        templates.add_filter("sentence", sentence);
        templates.add_filter("time", time);
        templates.add_template("alert.txt", include_str!("../templates/alert.en.txt"))?;
        templates.add_template("digest.txt", include_str!("../templates/digest.en.txt"))?;
        templates.add_template("resolved.txt", include_str!("../templates/resolved.en.txt"))?;
        templates.add_template("reminder.txt", include_str!("../templates/reminder.en.txt"))?;
        Ok(Self { templates })
    }

    /// Writes an e-mail.
    pub(crate) fn email(&self, excerpt: &Excerpt<'_>, _: Language) -> Result<String, TextError> {
        let template = match excerpt.kind {
            Kind::Alert => "alert.txt",
            Kind::Resolved => "resolved.txt",
            Kind::Reminder => "reminder.txt",
            Kind::Digest => "digest.txt",
        };
        let mut by_control: BTreeMap<ControlId, &Line> = BTreeMap::new();
        for line in excerpt.findings {
            by_control.entry(line.control).or_insert(line);
        }
        let advice = by_control
            .into_iter()
            .map(|(control, line)| advice(control, line))
            .collect();
        let lookups = excerpt.findings.iter().map(lookups).collect();
        Ok(self.templates.get_template(template)?.render(Serde(Email {
            excerpt,
            advice,
            lookups,
        }))?)
    }

    /// Writes an e-mail's subject: one line of at most 99 ASCII characters.
    #[expect(clippy::unused_self, reason = "another language has other subjects")]
    pub(crate) fn subject(&self, excerpt: &Excerpt<'_>, _: Language) -> String {
        let severity = excerpt.severity.name().to_uppercase();
        let text = match (excerpt.kind, excerpt.findings.first()) {
            (Kind::Alert, Some(line)) => {
                format!("[crisguard] {severity}: {}, account {}", headline(line), line.account)
            }
            (Kind::Resolved, Some(line)) => format!("[crisguard] RESOLVED: {}, account {}", line.control, line.account),
            (Kind::Reminder, _) => format!(
                "[crisguard] Reminder: {} open findings, highest severity {severity}",
                excerpt.total
            ),
            (Kind::Alert | Kind::Resolved | Kind::Digest, _) => {
                let plural = if excerpt.total == 1 { "" } else { "s" };
                format!(
                    "[crisguard] Digest: {} finding{plural}, highest severity {severity}",
                    excerpt.total
                )
            }
        };
        text.chars()
            .filter(|character| matches!(character, ' '..='~'))
            .take(LONGEST_SUBJECT)
            .collect()
    }
}

/// Says in a few words what a violation of a control is.
fn headline(line: &Line) -> String {
    let destination = line.destination_region.as_deref().unwrap_or("another Region");
    match line.control {
        ControlId::DestinationRegionAllowed => format!("Bedrock prompt processed in {destination}"),
        ControlId::SourceRegionAllowed => format!("Bedrock called in {}", line.source_region),
        ControlId::GlobalProfileAllowed => format!("global inference profile used in {}", line.source_region),
        ControlId::ProfileAllowed => format!("unlisted inference profile used in {}", line.source_region),
        ControlId::RuleReceivesInference => format!("crisguard receives nothing from {}", line.source_region),
        ControlId::InferenceDeniedByScp => format!("SCP breaks inference in {}", line.source_region),
    }
}

/// Writes the commands that look up a finding's example events.
fn lookups(line: &Line) -> Vec<String> {
    let ids = line.event_ids.iter().filter_map(|id| for_shell(id));
    ids.map(|id| {
        format!(
            "aws cloudtrail lookup-events --region {} --lookup-attributes AttributeKey=EventId,AttributeValue={id}",
            line.source_region
        )
    })
    .collect()
}

/// Writes what to do about a control, with a finding's own values in the commands.
fn advice(control: ControlId, line: &Line) -> Advice {
    let metadata = control.metadata();
    let values = [
        ("SOURCE", Some(line.source_region.as_str())),
        ("EVENT_ID", line.event_ids.iter().find_map(|id| for_shell(id))),
        ("PROFILE", line.profile.as_deref().and_then(for_shell)),
    ];
    let filled = |step: &&str| {
        let values = values
            .iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)));
        values.fold((*step).to_owned(), |step, (name, value)| step.replace(name, value))
    };
    Advice {
        name: metadata.name,
        title: metadata.title,
        rationale: metadata.rationale,
        remedy: metadata.remedy.iter().map(filled).collect(),
        documentation: metadata.documentation,
    }
}

/// Makes a sentence of an explanation: a capital at its start, a full stop at its end. An ARN or id
/// at its start stays as it is.
fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    if !word.chars().all(char::is_alphabetic) {
        return format!("{text}.");
    }
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str())
}

/// Writes an RFC 3339 time as people read it.
fn time(text: &str) -> String {
    text.replacen('T', " ", 1).replacen('Z', " UTC", 1)
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn a_sentence_begins_with_a_capital_unless_with_an_id() {
        assert_eq!(sentence("a prompt was processed"), "A prompt was processed.");
        assert_eq!(sentence("arn:aws:bedrock:x is opaque"), "arn:aws:bedrock:x is opaque.");
        assert_eq!(sentence("us.amazon.nova was used"), "us.amazon.nova was used.");
    }
}
