//! What is permitted all the same: for a reason, by somebody, until a day.

use std::{collections::BTreeSet, fmt};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, SeqAccess, Visitor},
};

use super::parts::{ProfilePattern, written};
use crate::{
    account::AccountId,
    arn::ArnPattern,
    cloudtrail::{Half, Invocation},
    controls::ControlId,
    finding::{Finding, PostureFinding},
    region::Region,
};

/// Something that the policy permits although a rule forbids it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// A name of its own.
    pub id: FilledText,
    /// What it covers: an invocation that fits every field that is written.
    #[serde(rename = "match")]
    pub covers: Coverage,
    /// Why it is permitted.
    pub reason: FilledText,
    /// Who answers for it.
    pub owner: FilledText,
    /// The last day (UTC) on which it holds.
    pub expires: Date,
}

/// A text that is not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("minLength" = 1))]
pub struct FilledText(String);

impl FilledText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FilledText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() {
            Err("this must not be empty")
        } else {
            Ok(Self(text))
        }
    }
}

impl From<FilledText> for String {
    fn from(text: FilledText) -> Self {
        text.0
    }
}

/// What an exception covers; a field that is not written covers everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "CoverageWire", into = "CoverageWire")]
#[schemars(with = "CoverageWire")]
pub struct Coverage(CoverageWire);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CoverageWire {
    /// Who called, as `ArnLike` matches.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ArnPattern")]
    principal: Option<ArnPattern>,
    /// The accounts that called.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<AccountId12>")]
    account: Option<BTreeSet<AccountId12>>,
    /// The Regions that were called.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<Region>")]
    source: Option<BTreeSet<Region>>,
    /// The Regions that processed the request; one that is not reported is never covered.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<Region>")]
    destination: Option<BTreeSet<Region>>,
    /// The profiles that were called; the end of a stream names none, so it is never covered.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ProfilePattern>")]
    profile: Option<Vec<ProfilePattern>>,
    /// The controls that it lifts; without this field, those on what is permitted: Regions, and which
    /// profiles are used.
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeSet<ControlId>")]
    control: Option<BTreeSet<ControlId>>,
}

/// An account id, with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct AccountId12(#[schemars(with = "String", regex(pattern = "^[0-9]{12}$"))] AccountId);

impl Coverage {
    /// Returns the profiles that are covered, by their patterns; none where any is.
    pub(super) fn profiles(&self) -> &[ProfilePattern] {
        self.0.profile.as_deref().unwrap_or_default()
    }

    /// Returns the controls that are named in vain: a finding on settings has no principal, destination or profile.
    pub(super) fn controls_in_vain(&self) -> impl Iterator<Item = ControlId> {
        let of_calls = self.0.principal.is_some() || self.0.destination.is_some() || self.0.profile.is_some();
        let named = self.0.control.iter().flatten().copied();
        named.filter(move |control| of_calls && control.area().is_some())
    }
}

impl TryFrom<CoverageWire> for Coverage {
    type Error = &'static str;

    fn try_from(wire: CoverageWire) -> Result<Self, Self::Error> {
        let CoverageWire {
            principal,
            account,
            source,
            destination,
            profile,
            control,
        } = &wire;
        let empty = account.as_ref().is_some_and(BTreeSet::is_empty)
            || source.as_ref().is_some_and(BTreeSet::is_empty)
            || destination.as_ref().is_some_and(BTreeSet::is_empty)
            || profile.as_ref().is_some_and(Vec::is_empty)
            || control.as_ref().is_some_and(BTreeSet::is_empty);
        if empty {
            return Err("an empty list covers nothing: name at least one, or leave the field out");
        }
        if principal.is_none() && account.is_none() && source.is_none() && destination.is_none() && profile.is_none() {
            return Err(
                "an exception must say what it covers: principal, account, source, destination or profile \
                 (to permit something to everybody, change the rule)",
            );
        }
        Ok(Self(wire))
    }
}

impl From<Coverage> for CoverageWire {
    fn from(coverage: Coverage) -> Self {
        coverage.0
    }
}

/// What an exception is held against.
struct Facts<'a> {
    control: ControlId,
    principal: Option<&'a str>,
    account: &'a AccountId,
    source: &'a Region,
    destination: Option<&'a Region>,
    profile: Option<&'a str>,
}

impl Exception {
    /// Tells whether the exception covers what `control` says about `invocation`, whatever the day.
    #[must_use]
    pub fn covers(&self, control: ControlId, invocation: &Invocation) -> bool {
        let destination = invocation.processed_in.destination(&invocation.source);
        self.fits(&Facts {
            control,
            principal: Some(invocation.principal.name()),
            account: &invocation.account,
            source: &invocation.source.0,
            destination: destination.as_ref().map(|region| &region.0),
            profile: match invocation.half {
                Half::StreamCompletion => None,
                Half::Whole | Half::StreamCall => invocation.target.profile_label(),
            },
        })
    }

    /// Tells whether the exception covers a finding that was made before the exception was written,
    /// whatever the day.
    #[must_use]
    pub fn covers_finding(&self, finding: &Finding) -> bool {
        self.fits(&Facts {
            control: finding.control,
            principal: Some(&finding.principal),
            account: &finding.account,
            source: &finding.source_region.0,
            destination: finding.destination_region.as_ref().map(|region| &region.0),
            profile: finding.profile.as_deref(),
        })
    }

    /// Tells whether the exception covers a finding about settings: it must name the control.
    #[must_use]
    pub fn covers_posture(&self, finding: &PostureFinding) -> bool {
        self.fits(&Facts {
            control: finding.control,
            principal: None,
            account: &finding.account,
            source: &finding.region,
            destination: None,
            profile: None,
        })
    }

    /// Every field that is written must fit; what is not known fits none.
    fn fits(&self, facts: &Facts<'_>) -> bool {
        let CoverageWire {
            principal,
            account,
            source,
            destination,
            profile,
            control,
        } = &self.covers.0;
        control
            .as_ref()
            .map_or(facts.control.is_about_permission(), |controls| {
                controls.contains(&facts.control)
            })
            && principal
                .as_ref()
                .is_none_or(|pattern| facts.principal.is_some_and(|principal| pattern.matches(principal)))
            && account
                .as_ref()
                .is_none_or(|accounts| accounts.iter().any(|account| account.0 == *facts.account))
            && source.as_ref().is_none_or(|regions| regions.contains(facts.source))
            && destination
                .as_ref()
                .is_none_or(|regions| facts.destination.is_some_and(|region| regions.contains(region)))
            && profile.as_ref().is_none_or(|patterns| {
                facts
                    .profile
                    .is_some_and(|profile| patterns.iter().any(|pattern| pattern.matches(profile)))
            })
    }

    /// Tells whether the exception still holds at `time`: through the end of its last day in UTC.
    #[must_use]
    pub fn holds_at(&self, time: Timestamp) -> bool {
        time.to_zoned(TimeZone::UTC).date() <= self.expires
    }
}

/// The exceptions of a policy, each with an id of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct Exceptions(pub(super) Vec<Exception>);

impl Exceptions {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct ExceptionsVisitor;

impl<'de> Visitor<'de> for ExceptionsVisitor {
    type Value = Exceptions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of exceptions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut ids = BTreeSet::new();
        let mut exceptions = Vec::new();
        while let Some(exception) = seq.next_element::<Exception>()? {
            if !ids.insert(exception.id.clone()) {
                let id = exception.id.as_str();
                return Err(A::Error::custom(format!(
                    "two exceptions have the id `{id}`: give each its own"
                )));
            }
            exceptions.push(exception);
        }
        Ok(Exceptions(exceptions))
    }
}

impl<'de> Deserialize<'de> for Exceptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ExceptionsVisitor)
    }
}
