//! The body for chats: a custom notification of Amazon Q Developer in chat applications, which
//! subscribes to the topic by `https` and shows it in Slack and Microsoft Teams.
//!
//! Form and limits: <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>. Any
//! other `https` endpoint gets this body, too; one that wants the JSON subscribes through SQS or Lambda.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::untrusted::for_shell;
use serde::Serialize;

use crate::{
    clean::{cleaned, unlinked},
    notice::{Excerpt, Kind, TextError},
};

/// The most characters of a title.
const LONGEST_TITLE: usize = 250;
/// The most characters of a description.
const LONGEST_DESCRIPTION: usize = 8000;
/// The most characters of a next step.
const LONGEST_STEP: usize = 350;
/// The most characters of a keyword.
const LONGEST_KEYWORD: usize = 75;
/// The most next steps, keywords and resources: more is not read in a chat.
const LISTED: usize = 10;
/// The most characters of a value in backticks: as long as an ARN gets.
const LONGEST_VALUE: usize = 300;

/// A custom notification.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification<'a> {
    version: &'static str,
    source: &'static str,
    id: String,
    content: Content,
    metadata: Metadata<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
    keywords: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    /// What is about one subject comes in one thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_id: Option<&'a str>,
    /// What stands at the head of that thread.
    summary: &'a str,
    event_type: String,
    related_resources: Vec<&'a str>,
    /// What custom actions can refer to.
    additional_context: BTreeMap<&'static str, String>,
}

/// Makes the notification; `describe` writes the description with that many findings.
pub(crate) fn notification<'a>(
    excerpt: &Excerpt<'a>,
    headline: &'a str,
    steps: impl Iterator<Item = String>,
    describe: impl Fn(usize) -> Result<String, TextError>,
) -> Result<Notification<'a>, TextError> {
    let mut listed = excerpt.findings.len().min(LISTED);
    let describe = |listed| describe(listed).map(|text| spaced(text.trim()));
    let mut description = describe(listed)?;
    while description.chars().count() > LONGEST_DESCRIPTION && listed > 1 {
        listed -= 1;
        description = describe(listed)?;
    }
    let sign = match excerpt.kind {
        Kind::Alert => '🚨',
        Kind::Resolved => '✅',
        Kind::Reminder => '⏰',
        Kind::Digest => '📋',
    };
    let kind = excerpt.kind.name();
    let about = match (excerpt.findings.first(), excerpt.expired_exceptions.first()) {
        (Some(line), _) => format!("{}-{}", line.id, line.last_seen),
        (None, Some(exception)) => format!("{}-{}", exception.id, exception.expires),
        (None, None) => String::new(),
    };
    Ok(Notification {
        version: "1.0",
        source: "custom",
        id: format!("{kind}-{about}"),
        content: Content {
            text_type: "client-markdown",
            title: shortened(&format!("{sign} {headline}"), LONGEST_TITLE),
            description: shortened(&description, LONGEST_DESCRIPTION),
            // Half a command is worse than none.
            next_steps: steps
                .map(|step| spaced(&step))
                .filter(|step| step.chars().count() <= LONGEST_STEP)
                .take(LISTED)
                .collect(),
            keywords: keywords(excerpt),
        },
        metadata: Metadata {
            thread_id: thread(excerpt),
            summary: headline,
            event_type: format!("crisguard-{kind}"),
            related_resources: resources(excerpt),
            additional_context: context(excerpt),
        },
    })
}

/// Returns the one subject that a notification is about.
fn thread<'a>(excerpt: &Excerpt<'a>) -> Option<&'a str> {
    let mut subjects = excerpt.findings.iter().map(|line| line.subject.as_str());
    let first = subjects.next()?;
    subjects.all(|subject| subject == first).then_some(first)
}

fn keywords(excerpt: &Excerpt<'_>) -> Vec<String> {
    let controls: BTreeSet<&str> = excerpt.findings.iter().map(|line| line.control.name()).collect();
    ["crisguard", excerpt.kind.name(), excerpt.severity.name()]
        .into_iter()
        .chain(controls)
        .take(LISTED)
        .map(|keyword| shortened(keyword, LONGEST_KEYWORD))
        .collect()
}

/// Returns who and what is concerned, as far as the names can do nothing where they are shown.
fn resources<'a>(excerpt: &Excerpt<'a>) -> Vec<&'a str> {
    let resources: BTreeSet<&str> = excerpt
        .findings
        .iter()
        .flat_map(|line| line.principal.iter().chain(&line.profile))
        .filter_map(|resource| for_shell(resource))
        .filter(|resource| unlinked(resource) == **resource)
        .collect();
    resources.into_iter().take(LISTED).collect()
}

fn context(excerpt: &Excerpt<'_>) -> BTreeMap<&'static str, String> {
    let mut context = BTreeMap::from([
        ("kind", excerpt.kind.name().to_owned()),
        ("severity", excerpt.severity.name().to_owned()),
        ("findings", excerpt.total.to_string()),
    ]);
    if let Some(line) = excerpt.findings.first() {
        context.insert("control", line.control.name().to_owned());
        context.insert("account", line.account.clone());
        context.insert("sourceRegion", line.source_region.clone());
        if let Some(destination) = &line.destination_region {
            context.insert("destinationRegion", destination.clone());
        }
    }
    context
}

/// Puts a value into backticks, so that it is shown as it is and does nothing: whatever a caller
/// sent as a model's id could be a link, a mention of everybody, or markup.
///
/// Slack reads `&`, `<` and `>` even there (<https://docs.slack.dev/messaging/formatting-message-text>).
pub(crate) fn code(text: &str) -> String {
    let mut safe = String::from("`");
    let mut before = None;
    for character in cleaned(text, LONGEST_VALUE).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '`' => safe.push('\''),
            // An e-mail address stays one; `@channel` mentions nobody.
            '@' if !before.is_some_and(char::is_alphanumeric) => safe.push('＠'),
            other => safe.push(other),
        }
        before = Some(character);
    }
    safe.push('`');
    safe
}

/// Sets what is in backticks apart from wide characters: next to them Slack does not see the backticks.
fn spaced(text: &str) -> String {
    let wide = |character: Option<char>| character.is_some_and(|character| !character.is_ascii());
    let mut spaced = String::with_capacity(text.len());
    let mut parts = text.split('`').peekable();
    let mut inside = false;
    while let Some(part) = parts.next() {
        spaced.push_str(part);
        if parts.peek().is_none() {
            break;
        }
        if !inside && wide(spaced.chars().next_back()) {
            spaced.push(' ');
        }
        spaced.push('`');
        if inside && wide(parts.peek().and_then(|next| next.chars().next())) {
            spaced.push(' ');
        }
        inside = !inside;
    }
    spaced
}

fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_nothing_in_a_chat() {
        assert_eq!(code("us.amazon.nova-lite-v1:0"), "`us.amazon.nova-lite-v1:0`");
        assert_eq!(
            code("<!channel> & <https://x|y>"),
            "`&lt;!channel&gt; &amp; &lt;https://x|y&gt;`"
        );
        assert_eq!(code("a`b\n*c*"), "`a'b*c*`");
        assert_eq!(code("@here taro@example.com"), "`＠here taro@example.com`");
    }

    #[test]
    fn wide_characters_stand_apart_from_backticks() {
        assert_eq!(spaced("責任者`x`、`y z` と `日本`"), "責任者 `x` 、 `y z` と `日本`");
        assert_eq!(spaced("(`x`) `y`"), "(`x`) `y`");
        assert_eq!(spaced("`open"), "`open");
    }

    #[test]
    fn a_text_is_as_long_as_it_may_be() {
        assert_eq!(shortened("日本語", 3), "日本語");
        assert_eq!(shortened("日本語の題", 3), "日本…");
    }
}
