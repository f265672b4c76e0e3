//! Every word that people read, in every language: subject lines and headlines in [`words`], the
//! rest in `templates/`, what findings and controls say in [`crisguard_core::texts`].
//!
//! A template engine, although small texts could be formatted in code: an e-mail that stands as
//! a file reads as it will be read, and whoever translates it needs no Rust. A template that is
//! missing in a language does not compile; one that is wrong stops the cold start.

mod advice;
mod words;

use std::collections::BTreeSet;

use crisguard_core::{
    controls::ControlId,
    policy::Language,
    texts::{self, Reason as _},
};
use jiff::{Timestamp, tz::Offset};
use minijinja::{
    Environment, UndefinedBehavior, escape_formatter,
    syntax::SyntaxConfig,
    value::{Serde, Value},
};
use serde::Serialize;

use crate::{
    chat,
    clean::{cleaned, unlinked},
    lifecycle::Transition,
    line::{Expired, LONGEST_EXPLANATION, Line, Reason},
    notice::{Excerpt, Kind, TextError},
};
use advice::Advice;

/// The most characters of an e-mail's subject: SNS takes fewer than 100
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const LONGEST_SUBJECT: usize = 99;

/// Names a template and its text in each language.
macro_rules! template {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../templates/", $name, ".en.txt")),
            include_str!(concat!("../../templates/", $name, ".ja.txt")),
        )
    };
}

/// Every template: one for each kind of e-mail, the one for chats, and the parts that they share.
const TEMPLATES: [(&str, &str, &str); 9] = [
    template!("alert"),
    template!("resolved"),
    template!("reminder"),
    template!("digest"),
    template!("chat"),
    template!("about"),
    template!("finding"),
    template!("advice"),
    template!("footer"),
];

/// The texts in every language.
#[derive(Debug)]
pub struct Texts {
    english: Environment<'static>,
    japanese: Environment<'static>,
}

/// What stands in a template.
#[derive(Serialize)]
struct Page<'a> {
    kind: Kind,
    transition: Option<Transition>,
    severity: String,
    /// How many findings of which kind.
    tally: String,
    /// The Regions that were called or looked at.
    places: String,
    total: usize,
    more: usize,
    /// What the head of an alert says for each of its findings.
    shared: Shared,
    /// Whether any finding is on invocations, which can be meant; settings cannot.
    about_invocations: bool,
    findings: Vec<Shown<'a>>,
    expired_exceptions: &'a [Expired],
    advice: &'a [Advice],
}

/// What all findings of an alert have in common: its head says it, and they need not.
#[derive(Serialize)]
struct Shared {
    /// From where to where the calls went, or which Region was looked at.
    place: bool,
    /// How often and when.
    times: bool,
}

impl Shared {
    fn by(excerpt: &Excerpt<'_>) -> Self {
        let place = |line: &Line| {
            let refused = line.control == ControlId::InferenceDeniedByScp;
            (
                line.source_region.clone(),
                line.destination_region.clone().ok_or(refused),
            )
        };
        let times = |line: &Line| {
            (
                line.count,
                line.approximate,
                line.first_seen.clone(),
                line.last_seen.clone(),
            )
        };
        let is_alert = excerpt.kind == Kind::Alert;
        Self {
            place: is_alert && all_same(excerpt.findings, place),
            times: is_alert && all_same(excerpt.findings, times),
        }
    }
}

/// A finding with what depends on the language and on where it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    line: &'a Line,
    severity_word: &'static str,
    explained: String,
    lookups: Vec<String>,
    resolved_at: Option<&'a str>,
}

impl Texts {
    /// Reads the templates of every language.
    ///
    /// # Errors
    ///
    /// Fails if a template cannot be read.
    pub fn new() -> Result<Self, TextError> {
        Ok(Self {
            english: environment(Language::En)?,
            japanese: environment(Language::Ja)?,
        })
    }

    /// Writes an e-mail.
    pub(crate) fn email(&self, excerpt: &Excerpt<'_>, language: Language) -> Result<String, TextError> {
        let template = match excerpt.kind {
            Kind::Alert => "alert",
            Kind::Resolved => "resolved",
            Kind::Reminder => "reminder",
            Kind::Digest => "digest",
        };
        // Several controls can find the same call: how to look it up is said once.
        let mut said = BTreeSet::new();
        let findings = excerpt.findings.iter().map(|line| Shown {
            line,
            severity_word: texts::severity(line.severity, language),
            explained: sentence(&explained(line, language), language),
            lookups: advice::lookups(line)
                .into_iter()
                .filter(|command| said.insert(command.clone()))
                .collect(),
            resolved_at: line.resolved_at.as_deref(),
        });
        self.render(
            template,
            excerpt,
            findings.collect(),
            &advice::of(excerpt, language),
            language,
        )
    }

    /// Writes an e-mail's subject: one line of at most 99 ASCII characters.
    ///
    /// SNS takes UTF-8 by now, but has refused it for years, and a subject that is refused loses the
    /// alert. What matters in it is the same in every language: severity, Region, account.
    pub(crate) fn subject(excerpt: &Excerpt<'_>) -> String {
        let text = format!("[crisguard] {}", words::headline(excerpt, Language::En));
        text.chars()
            .filter(|character| matches!(character, ' '..='~'))
            .take(LONGEST_SUBJECT)
            .collect()
    }

    /// Writes the custom notification for chats.
    pub(crate) fn chat(&self, excerpt: &Excerpt<'_>, language: Language) -> Result<String, TextError> {
        let advice = advice::of(excerpt, language);
        let headline = words::headline(excerpt, language);
        let describe = |listed: usize| {
            let excerpt = excerpt.shortened_to(listed);
            let findings = excerpt.findings.iter().map(|line| Shown {
                line,
                severity_word: texts::severity(line.severity, language),
                explained: sentence(&explained_in_chat(line, language), language),
                lookups: Vec::new(),
                resolved_at: line.resolved_at.as_deref(),
            });
            self.render("chat", &excerpt, findings.collect(), &[], language)
        };
        // What is resolved asks for no steps.
        let steps = advice.iter().filter(|_| excerpt.kind != Kind::Resolved);
        let steps = steps.flat_map(|control| control.remedy.iter().map(|step| unlinked(step)));
        Ok(serde_json::to_string(&chat::notification(
            excerpt, &headline, steps, describe,
        )?)?)
    }

    fn render(
        &self,
        template: &str,
        excerpt: &Excerpt<'_>,
        findings: Vec<Shown<'_>>,
        advice: &[Advice],
        language: Language,
    ) -> Result<String, TextError> {
        let templates = match language {
            Language::En => &self.english,
            Language::Ja => &self.japanese,
        };
        let page = Page {
            kind: excerpt.kind,
            transition: excerpt.transition,
            severity: words::loud(excerpt.severity, language),
            tally: words::tally(excerpt, language),
            places: words::places(excerpt, language),
            total: excerpt.total,
            more: excerpt.more,
            shared: Shared::by(excerpt),
            about_invocations: findings.iter().any(|shown| shown.line.count.is_some()),
            findings,
            expired_exceptions: excerpt.expired_exceptions,
            advice,
        };
        Ok(templates.get_template(template)?.render(Serde(page))?)
    }
}

fn all_same<T: PartialEq>(lines: &[Line], what: impl Fn(&Line) -> T) -> bool {
    let mut each = lines.iter().map(what);
    let first = each.next();
    each.all(|other| first.as_ref() == Some(&other))
}

fn environment(language: Language) -> Result<Environment<'static>, TextError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    // Whatever a caller or a policy has written, and crisguard's own addresses not: those are marked as safe.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(out.write_str(&unlinked(text))?),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("time", move |text: &str| time(text, language));
    environment.add_filter("times", move |count: u64| words::times(count, language));
    environment.add_filter("findings", move |count: u64| words::findings(count, language));
    environment.add_filter("code", chat::code);
    // The engine's own filters and tests are left out: they would be a tenth of a megabyte.
    environment.add_filter("join", |items: Vec<String>, separator: &str| items.join(separator));
    environment.add_test("none", |value: &Value| value.is_none());
    for (name, english, japanese) in TEMPLATES {
        let source = match language {
            Language::En => english,
            Language::Ja => japanese,
        };
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Writes why there is a finding, safe to show.
fn explained(line: &Line, language: Language) -> String {
    let text = match &line.reason {
        Reason::Invocations(verdict) => texts::explanation(verdict, language),
        Reason::Settings(decision) => texts::explanation(decision, language),
    };
    cleaned(&text, LONGEST_EXPLANATION)
}

/// Writes why there is a finding, with what may be a caller's text marked as such.
fn explained_in_chat(line: &Line, language: Language) -> String {
    let text = match &line.reason {
        Reason::Invocations(verdict) => texts::explanation(&verdict.with_texts(&chat::code), language),
        Reason::Settings(decision) => texts::explanation(&decision.with_texts(&chat::code), language),
    };
    // Where the text itself puts a value into backticks, it stands in two pairs now.
    let mut text = cleaned(&text.replace("``", "`"), LONGEST_EXPLANATION);
    if text.matches('`').count() % 2 == 1 {
        // Cut off inside a value: left open, it would let the values that follow out of theirs.
        text.push('`');
    }
    text
}

/// Makes a sentence of an explanation. In English a capital stands at its start, but an ARN or id
/// there stays as it is.
fn sentence(text: &str, language: Language) -> String {
    if language == Language::Ja {
        return format!("{text}。");
    }
    let word = text.split(' ').next().unwrap_or_default();
    if !word.chars().all(char::is_alphabetic) {
        return format!("{text}.");
    }
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", characters.as_str())
}

/// Writes an RFC 3339 time as people read it: in Japanese by Japan's clock, which has no summer time.
fn time(text: &str, language: Language) -> String {
    let Ok(time) = text.parse::<Timestamp>() else {
        return text.to_owned();
    };
    match language {
        Language::En => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Language::Ja => Offset::constant(9)
            .to_datetime(time)
            .strftime("%Y-%m-%d %H:%M:%S JST")
            .to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_unless_with_an_id() {
        let sentence = |text| sentence(text, Language::En);
        assert_eq!(sentence("a prompt was processed"), "A prompt was processed.");
        assert_eq!(sentence("arn:aws:bedrock:x is opaque"), "arn:aws:bedrock:x is opaque.");
        assert_eq!(sentence("us.amazon.nova was used"), "us.amazon.nova was used.");
    }

    #[test]
    fn times_are_those_of_the_readers_clock() {
        let text = "2026-11-22T20:58:01Z";
        assert_eq!(time(text, Language::En), "2026-11-22 20:58:01 UTC");
        assert_eq!(time(text, Language::Ja), "2026-11-23 05:58:01 JST");
    }
}
