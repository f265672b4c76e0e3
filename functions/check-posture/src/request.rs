//! What the function is asked for: the nightly look, one by hand, or changes to look at.

use std::collections::BTreeSet;

use crisguard_core::{controls::ControlId, region::Region};
use crisguard_lambda::{batch, report::Report};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Every control in every Region.
    Nightly,
    /// Some Regions or controls; every one, where none is named.
    ByHand {
        regions: Option<BTreeSet<Region>>,
        controls: Option<BTreeSet<ControlId>>,
    },
    /// What the messages' changes can affect.
    Changes(Vec<batch::Message>),
}

/// Tells why a request cannot be met.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "the request is none of {{\"crisguard\":\"nightly\"}}, {{\"regions\":[\"…\"]}}, {{\"controls\":[\"…\"]}} \
         (or both), or a batch of the changes queue"
    )]
    NotARequest,
    #[error("`{member}` is not a list of names")]
    NotNames { member: &'static str },
    #[error("`{0}` names nothing: leave it out to ask for all")]
    Nothing(&'static str),
    #[error("`{0}` is not the name of a Region")]
    NotARegion(String),
    #[error("`{0}` is not a control; `crisguard controls` lists them all")]
    NotAControl(String),
    #[error("{0} decides about calls as they are made, not about settings")]
    NotAboutSettings(ControlId),
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Fails if it asks for something that there is not. The error quotes only names.
    pub(crate) fn read(event: &str) -> Result<Self, Report> {
        let refused = |refusal: Refusal| Report::of("Request", &refusal);
        let Ok(Value::Object(mut members)) = serde_json::from_str(event) else {
            return Err(refused(Refusal::NotARequest));
        };
        if members.contains_key("Records") {
            let messages = batch::messages(event).map_err(|error| Report::of("Request", &error))?;
            return Ok(Self::Changes(messages));
        }
        if members.len() == 1 && members.get("crisguard").and_then(Value::as_str) == Some("nightly") {
            return Ok(Self::Nightly);
        }
        let regions = names(&mut members, "regions").map_err(refused)?;
        let controls = names(&mut members, "controls").map_err(refused)?;
        if !members.is_empty() || (regions.is_none() && controls.is_none()) {
            return Err(refused(Refusal::NotARequest));
        }
        let regions = regions.map(|names| names.iter().map(|name| region(name)).collect::<Result<_, _>>());
        let controls = controls.map(|names| names.iter().map(|name| control(name)).collect::<Result<_, _>>());
        Ok(Self::ByHand {
            regions: regions.transpose().map_err(refused)?,
            controls: controls.transpose().map_err(refused)?,
        })
    }
}

fn names(members: &mut Map<String, Value>, member: &'static str) -> Result<Option<Vec<String>>, Refusal> {
    let Some(value) = members.remove(member) else {
        return Ok(None);
    };
    let names = Vec::<String>::deserialize(value).map_err(|_| Refusal::NotNames { member })?;
    if names.is_empty() {
        return Err(Refusal::Nothing(member));
    }
    Ok(Some(names))
}

fn region(name: &str) -> Result<Region, Refusal> {
    name.parse().map_err(|_| Refusal::NotARegion(shown(name)))
}

fn control(name: &str) -> Result<ControlId, Refusal> {
    let found = ControlId::ALL.into_iter().find(|control| control.name() == name);
    let control = found.ok_or_else(|| Refusal::NotAControl(shown(name)))?;
    if control.area().is_some() {
        Ok(control)
    } else {
        Err(Refusal::NotAboutSettings(control))
    }
}

/// Shortens what was written where a name was to stand, and leaves out what is in no name.
fn shown(name: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    name.chars().filter(plain).take(64).collect()
}
