//! The policy document as users write it: strict, with errors that name the path and the line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    exception::Exceptions,
    overrides::Overrides,
    parts::{AlertRules, ProfileRules, RegionSet, written},
    posture::PostureRules,
};
use crate::digest;

/// The largest policy document read, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// What a company permits: in which Regions Bedrock may be called and may process prompts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "crisguard policy", extend("$id" = "urn:crisguard:policy:1"))]
pub(super) struct DocumentWire {
    /// The version of this form: 1.
    pub(super) version: FormVersion,
    /// The Regions that are allowed.
    pub(super) regions: RegionRules,
    /// The inference profiles that are allowed.
    pub(super) profiles: ProfileRules,
    /// What differs for an account (12 digits, quoted) or an organizational unit
    /// (`o-…/r-…/ou-…`); the nearest wins, field by field.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub(super) accounts: Overrides,
    /// What is permitted all the same, for a reason, by somebody, until a day.
    #[serde(default, skip_serializing_if = "Exceptions::is_empty")]
    pub(super) exceptions: Exceptions,
    /// What the nightly check asks of settings.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PostureRules")]
    pub(super) posture: Option<PostureRules>,
    /// How people are told.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AlertRules")]
    pub(super) alerts: Option<AlertRules>,
}

/// The version of the document's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(with = "u32", extend("const" = 1))]
pub(super) struct FormVersion;

impl TryFrom<u32> for FormVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, Self::Error> {
        if version == 1 {
            Ok(Self)
        } else {
            Err(format!("version {version} is not known; this program reads version 1"))
        }
    }
}

impl From<FormVersion> for u32 {
    fn from(_: FormVersion) -> Self {
        1
    }
}

/// The Regions that are allowed, by role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionRules {
    /// Where Bedrock may be called.
    pub(super) source: RegionSet,
    /// Where prompts may be processed.
    pub(super) destination: RegionSet,
}

/// Tells why a policy document was refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is larger than a policy can reasonably be.
    #[error("the policy is {bytes} bytes long; at most {LARGEST} are read")]
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
    },
    /// It is not text.
    #[error("the policy is not UTF-8 text (first wrong byte at offset {offset}); save it as UTF-8")]
    NotText {
        /// The offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// A part of it is wrong.
    #[error("line {line}, column {column}, at `{path}`: {problem}")]
    Part {
        /// The path of the part, such as `regions.destination[0]`; `.` is the whole document.
        path: String,
        /// The line, from 1; 0 where it is not known.
        line: u64,
        /// The column, from 1; 0 where it is not known.
        column: u64,
        /// What is wrong with it.
        problem: String,
    },
}

/// Parses the text, and returns it with the SHA-256 of its bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<(DocumentWire, String), PolicyError> {
    if bytes.len() > LARGEST {
        return Err(PolicyError::TooLarge { bytes: bytes.len() });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| PolicyError::NotText {
        offset: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut path = ".".to_owned();
    let parsed = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        let mut track = serde_path_to_error::Track::new();
        let parsed = DocumentWire::deserialize(serde_path_to_error::Deserializer::new(deserializer, &mut track));
        if parsed.is_err() {
            path = track.path().to_string();
        }
        parsed
    });
    let document = parsed.map_err(|error| {
        let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
        PolicyError::Part {
            path,
            line,
            column,
            problem: problem(&error, line, column),
        }
    })?;
    Ok((document, digest::of_bytes(bytes)))
}

/// Writes the parser's message without its own position, and with what to do.
fn problem(error: &serde_saphyr::Error, line: u64, column: u64) -> String {
    let text = error.without_snippet().to_string();
    let text = text
        .strip_suffix(&format!(" at line {line}, column {column}"))
        .unwrap_or(&text);
    if let Some((duplicate, _)) = text.split_once(", set DuplicateKeyPolicy") {
        return format!("{duplicate}: keep one of the two");
    }
    if text.starts_with("unexpected end of input") {
        return "the document is empty; `crisguard policy example` prints one to start from".to_owned();
    }
    if let Some((value, expected)) = text
        .strip_prefix("unknown variant ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        return format!(
            "{value} is not one of the values here: write {}",
            expected.trim_start_matches("one of ")
        );
    }
    // The parser's own words for a list or mapping; above all where a field was left without a value.
    match text {
        "expected sequence start" => {
            "a list is expected: write [one, or, more], or leave the field out where it is optional".to_owned()
        }
        "expected mapping start" => "fields with names are expected: write them, or leave this one out".to_owned(),
        text => text.to_owned(),
    }
}
