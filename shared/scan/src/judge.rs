//! What one value of a file is, and what the tally makes of it.

use std::borrow::Cow;

use crisguard_core::{
    canary::Canary,
    cloudtrail::{Alike, LARGEST_RECORD, Record, Rejection, parse_envelope, parse_probable},
    invocation_log,
    tally::{Like, Rejected, Tally, Unread},
};
use memchr::memmem;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

/// Hands the values of one file to a tally, and counts them.
pub(crate) struct Judge<'a> {
    file: &'a str,
    tally: &'a mut Tally,
    /// How many records there were, those too that could not be read.
    records: u64,
    not_bedrock: u64,
    bedrock: u64,
    rejected: u64,
    /// Whether anything was given up of which nobody knows how many records it had.
    lost: bool,
    /// What was read before in the tally that is being filled: most records are like one of them.
    known: &'a mut Alike<Like>,
}

/// How many records a file had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) records: u64,
    pub(crate) bedrock: u64,
    /// Whether the file is evidence of its day: it was read to its end, and is what it should be.
    pub(crate) whole: bool,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Among {
    /// In a list that is known to be one of records.
    Records,
    /// Anywhere else: it may be anything.
    Anything,
}

/// An object is no JSON, and the next record begins in it: brackets are missing, or too many, and what looks like one
/// element is several. Nothing of it was counted.
#[derive(Debug)]
pub(crate) struct HoldsOthers;

impl<'a> Judge<'a> {
    pub(crate) fn new(file: &'a str, tally: &'a mut Tally, known: &'a mut Alike<Like>) -> Self {
        Self {
            file,
            tally,
            records: 0,
            not_bedrock: 0,
            bedrock: 0,
            rejected: 0,
            lost: false,
            known,
        }
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Counted {
        self.tally.count_not_bedrock(self.not_bedrock);
        Counted {
            records: self.records,
            bedrock: self.bedrock,
            whole: !self.lost && (self.rejected == 0 || self.rejected < self.records),
        }
    }

    /// Takes in an object; `may_be_bedrock` is false only where nothing in it can be about Bedrock.
    pub(crate) fn object(&mut self, json: &[u8], may_be_bedrock: bool, among: Among) -> Result<(), HoldsOthers> {
        if json.len() > LARGEST_RECORD {
            if holds_others(json) {
                return Err(HoldsOthers);
            }
            self.too_large(json.len());
        } else if may_be_bedrock || among == Among::Records && !begins_like_a_record(json) {
            return self.read(json);
        } else {
            self.another_service();
        }
        Ok(())
    }

    /// Takes in an object that is larger than any record.
    pub(crate) fn too_large(&mut self, bytes: usize) {
        self.reject(&Rejection::TooLarge { bytes }.into());
    }

    fn read(&mut self, json: &[u8]) -> Result<(), HoldsOthers> {
        if let Some((like, particulars)) = self.known.find(json) {
            self.count_bedrock();
            self.tally.add_like(like, &particulars);
            return Ok(());
        }
        match parse_probable(json) {
            Ok(Record::NotBedrock) => self.look_closer(json),
            Ok(Record::Inference(invocation)) => {
                self.count_bedrock();
                if let Some(like) = self.tally.add_first(&invocation) {
                    self.known.learn(json, &invocation, like);
                }
            }
            Err(Rejection::NotJson { .. }) if holds_others(json) => return Err(HoldsOthers),
            record => self.record(record),
        }
        Ok(())
    }

    /// Takes in what does not say of itself that it is a record of Bedrock.
    fn look_closer(&mut self, json: &[u8]) {
        let shape = match serde_json::from_slice::<Shape>(json) {
            Ok(shape) => shape,
            Err(error) => return self.reject(&Rejection::from(error).into()),
        };
        match shape {
            Shape {
                detail_type: Some(_),
                detail: Some(detail),
                ..
            } => match parse_envelope(json) {
                Ok(Record::NotBedrock)
                    if Canary::recognise(json).is_none()
                        && !matches!(parse_probable(detail.get().as_bytes()), Ok(Record::NotBedrock)) =>
                {
                    self.reject(&Unread::AnotherEvent);
                }
                record => self.record(record),
            },
            Shape {
                schema_type: Some(schema_type),
                ..
            } if memmem::find(schema_type.get().as_bytes(), invocation_log::SCHEMA_TYPE.as_bytes()).is_some() => {
                match invocation_log::parse(json) {
                    Ok(invocation) => {
                        self.count_bedrock();
                        self.tally.add_logged(&invocation);
                    }
                    Err(error) => self.reject(&error.into()),
                }
            }
            Shape {
                event_source: Some(source),
                ..
            } if is_host(&source) => self.another_service(),
            Shape {
                event_category: Some(category),
                ..
            } if SUMMARIES.contains(&category.get()) => self.another_service(),
            Shape {
                digest_start_time: Some(_),
                ..
            } => self.reject(&Unread::Digest),
            _ => self.reject(&Unread::NoRecord),
        }
    }

    fn record(&mut self, record: Result<Record, Rejection>) {
        match record {
            Ok(Record::Inference(invocation)) => {
                self.count_bedrock();
                self.tally.add(&invocation);
            }
            Ok(Record::NotInference { .. }) => {
                self.count_bedrock();
                self.tally.count_not_inference(1);
            }
            Ok(Record::NotBedrock) => self.another_service(),
            Err(error) => self.reject(&error.into()),
        }
    }

    fn count_bedrock(&mut self) {
        self.records += 1;
        self.bedrock += 1;
    }

    fn another_service(&mut self) {
        self.records += 1;
        self.not_bedrock += 1;
    }

    /// Takes in that a record could not be read.
    pub(crate) fn reject(&mut self, why: &Unread) {
        self.tally.reject(Rejected::new(self.file, Some(self.records), why));
        self.records += 1;
        self.rejected += 1;
    }

    /// Takes in that a value could not be read, nor where it ends, so that others may be lost with it.
    pub(crate) fn give_up(&mut self, why: &Unread) {
        self.reject(why);
        self.lost = true;
    }

    /// Takes in that the file, or what is left of it, could not be read.
    pub(crate) fn reject_rest(&mut self, why: &Unread) {
        self.tally.reject(Rejected::new(self.file, None, why));
        self.records += 1;
        self.rejected += 1;
        self.lost = true;
    }
}

/// The categories of events that sum up others and name no service themselves
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>).
const SUMMARIES: [&str; 2] = ["\"Insight\"", "\"Aggregated\""];

/// How CloudTrail begins a record.
pub(crate) const FIRST_MEMBER: &[u8] = b"{\"eventVersion\":";

/// Tells whether the next record begins in what should be one object, but is no JSON.
fn holds_others(json: &[u8]) -> bool {
    let mut before = memmem::find_iter(json, FIRST_MEMBER).filter_map(|at| json.get(..at));
    before.any(|before| before.trim_ascii_end().ends_with(b",")) && !is_json(json)
}

pub(crate) fn is_json(json: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(json).is_ok()
}

/// Tells whether an element of `Records` begins as CloudTrail's records do; what S3 tells of its objects has a later
/// version, and others of Lambda's events begin otherwise.
fn begins_like_a_record(json: &[u8]) -> bool {
    if json.starts_with(b"{\"eventVersion\":\"1.") {
        return true;
    }
    let version = json
        .split_first()
        .and_then(|(_, rest)| behind(rest, b"\"eventVersion\""));
    version.is_some_and(|version| version.starts_with(b"\"1."))
}

/// Tells whether an object is a record of a service that says which, as far as that can be told without reading it.
pub(crate) fn names_a_service(json: &[u8]) -> bool {
    let source = memmem::find(json, b"\"eventSource\"")
        .and_then(|place| behind(json.get(place..)?, b"\"eventSource\""))
        .and_then(|value| value.strip_prefix(b"\""))
        .and_then(|value| str::from_utf8(value.get(..memchr::memchr(b'"', value)?)?).ok());
    source.is_some_and(is_host)
}

/// Returns the value behind a member's name, with which a text begins.
fn behind<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = text.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
    Some(value.strip_prefix(b":")?.trim_ascii_start())
}

/// Tells whether a source is a service's host, as all of CloudTrail's are: what Lambda is handed has `aws:sqs` and such.
fn is_host(source: &str) -> bool {
    source.contains('.') && !source.contains(':')
}

/// The members that tell kinds of values apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape<'a> {
    #[serde(borrow)]
    event_source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_category: Option<&'a RawValue>,
    #[serde(rename = "detail-type")]
    detail_type: Option<IgnoredAny>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    schema_type: Option<&'a RawValue>,
    digest_start_time: Option<IgnoredAny>,
}
