//! From a file in one of many forms to the single records in it, each with its place.
//!
//! A record, a log file's `Records`, an array, one record a line, EventBridge events, the `Events`
//! of `lookup-events`, the `Messages` of `receive-message`: all of these, and in any mixture.

use std::fmt;

use crisguard_core::{
    canary::Canary,
    cloudtrail::{Record, Rejection, parse_envelope, parse_record},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::spans::{Child, Cursor, Span, children};

/// How deep arrays and wrappers may stand in each other.
const DEEPEST: usize = 4;

/// How many times the length of the input is read over again, in all, to find whole records behind
/// broken ones; only an input that is broken on purpose takes more.
const PATIENCE: usize = 32;

/// Where a record stands in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// Its path inside its document, such as `Records[3]`; absent where the document is the record.
    pub(super) path: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{path}, line {}", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

/// What stands at one place.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) content: Content,
}

/// What one item is.
#[derive(Debug)]
pub(super) enum Content {
    /// A CloudTrail record, or an event that may carry one.
    Record(Record),
    /// An event that calls itself crisguard's canary: nothing in it counts.
    Canary,
    /// JSON that is neither a CloudTrail record nor an event.
    NotARecord,
    /// Something that cannot be read, and why.
    Unreadable(String),
}

/// Returns everything that the text holds, in order.
pub(super) fn items(text: &[u8]) -> Vec<Item> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reading = Reading {
        text,
        line_ends: line_ends(text),
        items: Vec::new(),
        broken_at: None,
    };
    let mut patience = text.len().saturating_mul(PATIENCE);
    let mut cursor = Cursor::new(text, 0);
    loop {
        cursor.skip_separators();
        if cursor.peek().is_none() {
            return reading.items;
        }
        let start = cursor.at();
        let span = cursor.value();
        let begins_document = matches!(text.get(start), Some(b'{' | b'['));
        let mut broken_at = start;
        if begins_document && span.closed {
            reading.unwrap(span, "", 0);
            continue;
        } else if begins_document && reading.is_wrapper(span) {
            broken_at = reading.unwrap_broken(span, "", 0);
        } else if begins_document {
            reading.unreadable(start, "", "its brackets or quotes do not close");
        } else {
            reading.unreadable(start, "", "this is not a JSON object");
        }
        cursor = Cursor::new(text, broken_at);
        cursor.skip_to_next_document();
        match patience.checked_sub(span.end.saturating_sub(broken_at)) {
            Some(left) => patience = left,
            None if cursor.peek().is_none() => {}
            None => {
                reading.unreadable(cursor.at(), "", "too much is broken before it: mend that first");
                return reading.items;
            }
        }
    }
}

/// What has been read so far.
struct Reading<'a> {
    text: &'a [u8],
    line_ends: Vec<usize>,
    items: Vec<Item>,
    /// Where the last value begins, or ends if it was read, whose brackets or quotes do not close.
    broken_at: Option<usize>,
}

/// A form in which several records come together.
enum Wrapper {
    /// The values themselves.
    Values(&'static str, Span),
    /// A member of each value, a text that is JSON itself.
    Quoted(&'static str, &'static str, Span),
}

impl Reading<'_> {
    /// Takes apart what holds several records, and reads what is one.
    fn unwrap(&mut self, span: Span, path: &str, depth: usize) {
        if depth > DEEPEST {
            return self.unreadable(span.start, path, "it is nested too deeply");
        }
        if self.text.get(span.start) == Some(&b'[') {
            return self.elements(span, path, depth);
        }
        match self.wrapper(span) {
            Some(Wrapper::Values(name, values)) => self.elements(values, &joined(path, name), depth),
            Some(Wrapper::Quoted(name, member, values)) => self.quoted(values, &joined(path, name), member),
            None => self.record(span, path),
        }
    }

    /// Takes apart what breaks off, and returns from where on nothing has been read.
    fn unwrap_broken(&mut self, span: Span, path: &str, depth: usize) -> usize {
        self.broken_at = None;
        self.unwrap(span, path, depth);
        self.broken_at.take().unwrap_or_else(|| {
            self.unreadable(
                span.start,
                path,
                "its brackets or quotes do not close: something may be missing",
            );
            span.end
        })
    }

    fn is_wrapper(&self, span: Span) -> bool {
        self.text.get(span.start) == Some(&b'[') || self.wrapper(span).is_some()
    }

    /// Recognises an object that holds several records by the name of its list.
    fn wrapper(&self, span: Span) -> Option<Wrapper> {
        children(self.text, span).iter().find_map(|Child { key, value }| {
            if self.text.get(value.start) != Some(&b'[') {
                return None;
            }
            match self.slice((*key)?) {
                br#""Records""# => Some(Wrapper::Values("Records", *value)),
                br#""Events""# => Some(Wrapper::Quoted("Events", "CloudTrailEvent", *value)),
                br#""Messages""# => Some(Wrapper::Quoted("Messages", "Body", *value)),
                _ => None,
            }
        })
    }

    fn elements(&mut self, span: Span, path: &str, depth: usize) {
        for (index, Child { value, .. }) in children(self.text, span).into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            if !value.closed && depth < DEEPEST && self.is_wrapper(value) {
                self.broken_at = Some(self.unwrap_broken(value, &path, depth + 1));
            } else if !value.closed {
                self.broken_at = Some(value.start);
                self.unreadable(
                    value.start,
                    &path,
                    "it breaks off, and what follows cannot be told apart",
                );
            } else if matches!(self.text.get(value.start), Some(b'{' | b'[')) {
                self.unwrap(value, &path, depth + 1);
            } else {
                self.unreadable(value.start, &path, "this is not a JSON object");
            }
        }
    }

    /// Reads records that stand as texts in a member of each element.
    fn quoted(&mut self, span: Span, path: &str, member: &'static str) {
        for (index, Child { value, .. }) in children(self.text, span).into_iter().enumerate() {
            let element = format!("{path}[{index}]");
            let path = format!("{element}.{member}");
            let found = children(self.text, value).into_iter().find(|child| {
                child
                    .key
                    .is_some_and(|key| self.slice(key) == format!("\"{member}\"").as_bytes())
            });
            match found.map(|child| serde_json::from_slice::<String>(self.slice(child.value))) {
                None => self.unreadable(value.start, &element, &format!("it has no `{member}`")),
                Some(Err(_)) => self.unreadable(value.start, &path, "this is not a text"),
                Some(Ok(json)) => {
                    let content = content(json.as_bytes(), ToString::to_string);
                    self.push(value.start, &path, content);
                }
            }
            if !value.closed {
                self.broken_at = Some(value.end);
            }
        }
    }

    fn record(&mut self, span: Span, path: &str) {
        let first = self.line(span.start);
        let content = content(self.slice(span), |error| match error {
            // The parser counts from the record's own first line.
            Rejection::NotJson { line, column } => {
                format!(
                    "it is not valid JSON, or a member has an unexpected form (line {}, column {column})",
                    first + line - 1
                )
            }
            other => other.to_string(),
        });
        self.push(span.start, path, content);
    }

    fn unreadable(&mut self, start: usize, path: &str, problem: &str) {
        self.push(start, path, Content::Unreadable(problem.to_owned()));
    }

    fn push(&mut self, start: usize, path: &str, content: Content) {
        let place = Place {
            line: self.line(start),
            path: (!path.is_empty()).then(|| path.to_owned()),
        };
        self.items.push(Item { place, content });
    }

    fn slice(&self, span: Span) -> &[u8] {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    fn line(&self, offset: usize) -> usize {
        self.line_ends.partition_point(|end| *end < offset) + 1
    }
}

fn line_ends(text: &[u8]) -> Vec<usize> {
    text.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(offset, _)| offset)
        .collect()
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Reads one JSON value as an event or a record, whichever its members say it is.
fn content(json: &[u8], describe: impl Fn(&Rejection) -> String) -> Content {
    #[derive(Deserialize)]
    struct Shape {
        #[serde(rename = "eventSource")]
        event_source: Option<IgnoredAny>,
        #[serde(rename = "detail-type")]
        detail_type: Option<IgnoredAny>,
        detail: Option<IgnoredAny>,
    }
    let parsed = match serde_json::from_slice::<Shape>(json) {
        Err(error) => Err(Rejection::from(error)),
        Ok(Shape {
            detail_type: Some(_),
            detail: Some(_),
            ..
        }) => match parse_envelope(json) {
            Ok(Record::NotBedrock) if Canary::recognise(json).is_some() => return Content::Canary,
            parsed => parsed,
        },
        Ok(Shape {
            event_source: Some(_), ..
        }) => parse_record(json),
        Ok(_) => return Content::NotARecord,
    };
    parsed.map_or_else(|error| Content::Unreadable(describe(&error)), Content::Record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORD: &str = r#"{"eventSource": "s3.amazonaws.com", "eventName": "[{\\\"}]"}"#;

    fn readable(text: &str) -> usize {
        items(text.as_bytes())
            .iter()
            .filter(|item| matches!(item.content, Content::Record(_)))
            .count()
    }

    #[test]
    fn every_form_holds_its_records() {
        let quoted = serde_json::to_string(RECORD).unwrap();
        for (text, records) in [
            (RECORD.to_owned(), 1),
            (format!("\u{feff}{RECORD}"), 1),
            (format!("{RECORD}{RECORD} {RECORD}"), 3),
            (format!("{RECORD},\n{RECORD}"), 2),
            (format!("[{RECORD}, [{RECORD}]]"), 2),
            (format!(r#"{{"Records": [{RECORD}, {RECORD}]}}"#), 2),
            (format!(r#"[{{"Records": [{RECORD}]}}, {{"Records": [{RECORD}]}}]"#), 2),
            (
                format!(r#"{{"NextToken": "x", "Events": [{{"CloudTrailEvent": {quoted}}}]}}"#),
                1,
            ),
            (format!(r#"{{"Messages": [{{"Body": {quoted}}}]}}"#), 1),
            (
                format!(r#"{{"detail-type": "x", "source": "aws.s3", "detail": {RECORD}}}"#),
                1,
            ),
            (format!(r#"{{"Records": [{RECORD}, {RECORD}"#), 2),
            (format!("{{\"cut\": \"off\n{RECORD}\n}}\n{RECORD}"), 2),
            (format!("{{\"Records\": [\n{RECORD},\n{RECORD}\n"), 2),
            (format!("[\n{RECORD},\n{RECORD},\n{{\"a\":"), 2),
            (format!("{{\"Records\": [\n{RECORD}\n}}\n{RECORD}"), 2),
            (format!("[{{\"Records\": [\n{RECORD},\n{RECORD},"), 2),
            (format!("{{\"Records\": [\n{{\"a\":\n{RECORD}\n{RECORD}\n"), 2),
            (
                format!("{{\"Events\": [{{\"CloudTrailEvent\": {quoted}}},\n{{\"CloudTrailEvent\": {quoted}\n"),
                2,
            ),
            (r#"{"Records": []}"#.to_owned(), 0),
            ("[[[[[[[]]]]]]]".to_owned(), 0),
        ] {
            assert_eq!(readable(&text), records, "{text}");
        }
    }

    #[test]
    fn what_breaks_off_is_said() {
        for text in [format!(r#"{{"Records": [{RECORD}, {RECORD}"#), format!("[{RECORD},")] {
            let unreadable = items(text.as_bytes())
                .iter()
                .filter(|item| matches!(item.content, Content::Unreadable(_)))
                .count();
            assert_eq!(unreadable, 1, "{text}");
        }
    }

    /// Each line opens what never closes, so each could be read to the end of the input.
    #[test]
    fn reading_takes_a_bounded_effort() {
        for line in ["[\n", "{\"a\":\n", "{\"Records\":[\n", "[{\n", "{\"Events\":[\n"] {
            let text = line.repeat(20_000);
            let started = std::time::Instant::now();
            items(text.as_bytes());
            assert!(started.elapsed().as_secs() < 10, "{line:?}");
        }
    }

    #[test]
    fn a_place_names_the_line_and_the_path() {
        let text = format!("{RECORD}\n{{\"Records\": [\n  {RECORD},\n  {RECORD}\n]}}");
        let places: Vec<String> = items(text.as_bytes())
            .iter()
            .map(|item| item.place.to_string())
            .collect();
        assert_eq!(places, ["line 1", "Records[0], line 3", "Records[1], line 4"]);
    }

    proptest! {
        #[test]
        fn reading_ends_whatever_the_input(text in r#"([\[\]{}:,"\\\n 0a]|"Records"|"Events":\[){0,60}"#) {
            items(text.as_bytes());
        }

        #[test]
        fn broken_lines_never_hide_whole_ones(lines in prop::collection::vec(prop::option::of(0..RECORD.len()), 1..20)) {
            let whole = lines.iter().filter(|line| line.is_none()).count();
            let text: Vec<&str> = lines.iter().map(|cut| RECORD.get(..cut.unwrap_or(RECORD.len())).unwrap()).collect();
            prop_assert_eq!(readable(&text.join("\n")), whole);
        }
    }
}
