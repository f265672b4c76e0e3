//! What the function is asked for: the nightly look, one by hand, one across accounts, or changes to look at.

use std::collections::BTreeSet;

use crisguard_core::{account::AccountId, controls::ControlId, region::Region};
use crisguard_lambda::{batch, report::Report};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::organization::{Line, Run};

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
    /// The same of several accounts, now.
    Across(Across),
    /// To plan the looks at several accounts.
    Plan(Across),
    /// One look of a plan.
    Look(Line),
    /// To put the results of a plan together.
    Merge(Run),
    /// What the messages' changes can affect.
    Changes(Vec<batch::Message>),
}

/// Looks at several accounts.
#[derive(Debug)]
pub(crate) struct Across {
    /// At which.
    pub(crate) whom: Whom,
    /// In which Regions; in every one, where none is named.
    pub(crate) regions: Option<BTreeSet<Region>>,
    /// For which controls; every one, where none is named.
    pub(crate) controls: Option<BTreeSet<ControlId>>,
}

/// The accounts that are looked at.
#[derive(Debug)]
pub(crate) enum Whom {
    /// Those that are named.
    These(BTreeSet<AccountId>),
    /// Every account of the organization that is in use.
    Organization,
}

/// Tells why a request cannot be met.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "the request is none of {{\"crisguard\":\"nightly\"}}, {{\"regions\":[\"…\"]}}, {{\"controls\":[\"…\"]}} \
         (or both), {{\"accounts\":[\"…\"]}} or {{\"organization\":true}} (with them or without), a step of the state \
         machine crisguard-organization, or a batch of the changes queue"
    )]
    NotARequest,
    #[error("`plan` asks for {{\"organization\":true}} or {{\"accounts\":[\"…\"]}}, with `regions` or without")]
    NotAPlan,
    #[error(
        "`look` is not a line of a plan, such as {{\"run\":\"20261122T170000Z\",\"account\":\"…\",\"region\":\"…\"}}"
    )]
    NotALine,
    #[error("`merge` is not {{\"run\":\"20261122T170000Z\"}}")]
    NotARun,
    #[error("`{0}` is not an AWS account id of 12 digits")]
    NotAnAccount(String),
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
        match Step::read(&mut members) {
            Some(_) if !members.is_empty() => Err(refused(Refusal::NotARequest)),
            Some(step) => Self::step(step).map_err(refused),
            None => Self::by_hand(members).map_err(refused),
        }
    }

    fn step(step: Step) -> Result<Self, Refusal> {
        match step {
            Step::Plan(Value::Object(members)) => match asked(members, Refusal::NotAPlan)? {
                (Some(whom), regions, None) => Ok(Self::Plan(Across {
                    whom,
                    regions,
                    controls: None,
                })),
                _ => Err(Refusal::NotAPlan),
            },
            Step::Plan(_) => Err(Refusal::NotAPlan),
            Step::Look(line) => Line::deserialize(line).map(Self::Look).map_err(|_| Refusal::NotALine),
            Step::Merge(run) => {
                let run = OfRun::deserialize(run).map_err(|_| Refusal::NotARun)?;
                Ok(Self::Merge(run.run))
            }
        }
    }

    fn by_hand(members: Map<String, Value>) -> Result<Self, Refusal> {
        match asked(members, Refusal::NotARequest)? {
            (Some(whom), regions, controls) => Ok(Self::Across(Across {
                whom,
                regions,
                controls,
            })),
            (None, None, None) => Err(Refusal::NotARequest),
            (None, regions, controls) => Ok(Self::ByHand { regions, controls }),
        }
    }
}

/// A step of the state machine that looks at many accounts, with what it is given.
enum Step {
    Plan(Value),
    Look(Value),
    Merge(Value),
}

impl Step {
    /// Takes the step out of a request; `None` if it asks for none.
    fn read(members: &mut Map<String, Value>) -> Option<Self> {
        let plan = members.remove("plan").map(Self::Plan);
        let look = || members.remove("look").map(Self::Look);
        let step = plan.or_else(look);
        step.or_else(|| members.remove("merge").map(Self::Merge))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRun {
    run: Run,
}

type Asked = (Option<Whom>, Option<BTreeSet<Region>>, Option<BTreeSet<ControlId>>);

/// Reads what is asked for: of whom, in which Regions, and for which controls; what else there is refuses it.
fn asked(mut members: Map<String, Value>, otherwise: Refusal) -> Result<Asked, Refusal> {
    let accounts = names(&mut members, "accounts")?;
    let regions = names(&mut members, "regions")?;
    let controls = names(&mut members, "controls")?;
    let whom = match (accounts, members.remove("organization")) {
        (None, None) => None,
        (None, Some(Value::Bool(true))) => Some(Whom::Organization),
        (Some(names), None) => Some(Whom::These(
            names.iter().map(|name| account(name)).collect::<Result<_, _>>()?,
        )),
        _ => return Err(otherwise),
    };
    if !members.is_empty() {
        return Err(otherwise);
    }
    let regions = regions.map(|names| names.iter().map(|name| region(name)).collect::<Result<_, _>>());
    let controls = controls.map(|names| names.iter().map(|name| control(name)).collect::<Result<_, _>>());
    Ok((whom, regions.transpose()?, controls.transpose()?))
}

fn account(name: &str) -> Result<AccountId, Refusal> {
    name.parse().map_err(|_| Refusal::NotAnAccount(shown(name)))
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
