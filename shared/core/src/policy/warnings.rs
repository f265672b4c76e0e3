//! What a sound policy document may still have wrong: contradictions, dead rules, exceptions running out.

mod posture;

use std::collections::BTreeSet;

use jiff::{ToSpan, civil::Date};

use super::{
    document::DocumentWire,
    overrides::Override,
    parts::{GlobalProfiles, ProfilePattern, RegionSet},
};
use crate::{
    catalog::{Catalogue, Destinations},
    region::{Region, SourceRegion},
};

/// How long before an exception's last day it is warned about, in days.
const NOTICE: i64 = 30;
/// How many profiles a warning names.
const NAMED: usize = 3;

/// Something about a policy that people should look at; `at` is its path in the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at `{at}`: {message}")]
pub struct Warning {
    at: String,
    message: String,
}

impl Warning {
    fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            message: message.into(),
        }
    }
}

pub(super) fn of(document: &DocumentWire, catalogue: &Catalogue, today: Date) -> Vec<Warning> {
    let base = Rules {
        at: String::new(),
        source: &document.regions.source,
        destination: &document.regions.destination,
        global: document.profiles.global,
        allow: document.profiles.allow.as_deref(),
    };
    let mut warnings = base.warnings(catalogue);
    for (selector, differs) in &document.accounts.0 {
        let name: String = selector.clone().into();
        warnings.extend(
            base.replaced_by(differs, format!("accounts.{name}."))
                .warnings(catalogue),
        );
        if differs.regions.is_none() && differs.profiles.is_none() {
            warnings.push(Warning::new(
                format!("accounts.{name}"),
                "this override changes nothing",
            ));
        }
    }
    warnings.extend(document.posture.iter().flat_map(posture::of));
    for (index, exception) in document.exceptions.0.iter().enumerate() {
        for (position, pattern) in exception.covers.profiles().iter().enumerate() {
            let at = format!("exceptions[{index}].match.profile[{position}]");
            warnings.extend(by_arn(pattern).map(|message| Warning::new(at, message)));
        }
        for control in exception.covers.controls_in_vain() {
            warnings.push(Warning::new(
                format!("exceptions[{index}].match"),
                format!(
                    "{control} is about settings, which have no principal, destination or profile: cover it by \
                     `account` or `source` alone, in an exception of its own"
                ),
            ));
        }
        let at = format!("exceptions[{index}].expires");
        let (id, owner) = (exception.id.as_str(), exception.owner.as_str());
        let expires = exception.expires;
        let notice_until = today.checked_add(NOTICE.days()).unwrap_or(today);
        if expires < today {
            warnings.push(Warning::new(
                at,
                format!("the exception `{id}` of {owner} expired on {expires}: renew or remove it"),
            ));
        } else if expires <= notice_until {
            warnings.push(Warning::new(
                at,
                format!("the exception `{id}` of {owner} runs out on {expires}"),
            ));
        }
    }
    warnings
}

/// Says so if a pattern names a system-defined profile by its ARN: those are compared by their
/// ids, however they were called, so it matches nothing.
fn by_arn(pattern: &ProfilePattern) -> Option<String> {
    let written = pattern.as_str();
    let (_, id) = written
        .split_once(":inference-profile/")
        .filter(|_| written.starts_with("arn:"))?;
    Some(format!(
        "`{written}` matches nothing: write the profile's id alone, `{id}`"
    ))
}

/// The rules as they stand for everybody, or for one account or unit.
struct Rules<'a> {
    at: String,
    source: &'a RegionSet,
    destination: &'a RegionSet,
    global: GlobalProfiles,
    allow: Option<&'a [ProfilePattern]>,
}

impl<'a> Rules<'a> {
    fn replaced_by(&self, differs: &'a Override, at: String) -> Self {
        let regions = differs.regions.as_ref();
        let profiles = differs.profiles.as_ref();
        Self {
            at,
            source: regions
                .and_then(|regions| regions.source.as_ref())
                .unwrap_or(self.source),
            destination: regions
                .and_then(|regions| regions.destination.as_ref())
                .unwrap_or(self.destination),
            global: profiles.and_then(|profiles| profiles.global).unwrap_or(self.global),
            allow: profiles.and_then(|profiles| profiles.allow.as_deref()).or(self.allow),
        }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.at)
    }

    fn warnings(&self, catalogue: &Catalogue) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.global == GlobalProfiles::Allow && *self.destination != RegionSet::Every {
            warnings.push(Warning::new(
                self.at("profiles.global"),
                "`allow` does not widen regions.destination: a global call that is processed outside it is still a \
                 violation (write destination: [\"*\"] if every Region is meant)",
            ));
        }
        for (role, set) in [("source", self.source), ("destination", self.destination)] {
            for region in set.named().iter().filter(|region| !catalogue.mentions(region)) {
                warnings.push(Warning::new(
                    self.at(&format!("regions.{role}")),
                    format!("no inference profile starts from or reaches {region}: is it spelled as AWS spells it?"),
                ));
            }
        }
        warnings.extend(self.allow_list_warnings(catalogue));
        warnings
    }

    fn allow_list_warnings(&self, catalogue: &Catalogue) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (index, pattern) in self.allow.unwrap_or_default().iter().enumerate() {
            let at = self.at(&format!("profiles.allow[{index}]"));
            let written = pattern.as_str();
            if written.starts_with("arn:") {
                warnings.extend(by_arn(pattern).map(|message| Warning::new(at, message)));
                continue;
            }
            let matched: Vec<_> = catalogue.profiles().filter(|(id, _)| pattern.matches(id)).collect();
            if matched.is_empty() {
                warnings.push(Warning::new(
                    at,
                    format!(
                        "`{written}` matches no inference profile known on {}",
                        catalogue.as_of()
                    ),
                ));
                continue;
            }
            if self.global == GlobalProfiles::Deny && matched.iter().all(|(id, _)| id.starts_with("global.")) {
                warnings.push(Warning::new(
                    at,
                    format!("`{written}` allows only global profiles, which profiles.global denies"),
                ));
                continue;
            }
            let mut leaving = Vec::new();
            let mut outside = BTreeSet::new();
            for (id, sources) in matched.iter().filter(|(id, _)| !id.starts_with("global.")) {
                let reached: BTreeSet<Region> = sources
                    .iter()
                    .filter(|(source, _)| self.source.contains(source))
                    .flat_map(|(source, destinations)| self.not_allowed(&SourceRegion(source.clone()), destinations))
                    .collect();
                if !reached.is_empty() {
                    leaving.push(*id);
                    outside.extend(reached);
                }
            }
            if !leaving.is_empty() {
                let (named, more) = leaving.split_at(leaving.len().min(NAMED));
                let more = if more.is_empty() {
                    String::new()
                } else {
                    format!(" and {} more", more.len())
                };
                let outside = outside.iter().map(Region::as_str).collect::<Vec<_>>().join(", ");
                warnings.push(Warning::new(
                    at,
                    format!(
                        "`{written}` allows profiles that can leave the allowed Regions: {}{more} can reach {outside}",
                        named.join(", ")
                    ),
                ));
            }
        }
        warnings
    }

    fn not_allowed(&self, source: &SourceRegion, destinations: &Destinations) -> Vec<Region> {
        match destinations {
            Destinations::EveryCommercialRegion => Vec::new(),
            Destinations::Regions(regions) => regions
                .iter()
                .filter(|region| **region != source.0 && !self.destination.contains(region))
                .cloned()
                .collect(),
        }
    }
}
