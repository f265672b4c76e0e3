//! Which calls of models a trail's event selectors record.

use crate::{
    cloudtrail::Operation,
    posture::{AdvancedSelector, BasicSelector, FieldSelector, Selectors},
};

/// The event source of calls of models
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html>).
const SOURCE: &str = "bedrock.amazonaws.com";
/// The calls of models that are management events; the streaming ones are, too.
const CALLS: [&str; 2] = ["InvokeModel", "Converse"];

/// What is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// Every call.
    All,
    /// Some calls, but not those of everyone or not the ends of streams.
    Some,
    /// None.
    None,
    /// It depends on a part that is not known here.
    Depends(String),
}

/// An event that must be recorded. All are management events that only read.
#[derive(Clone, Copy, Debug)]
struct Event {
    name: &'static str,
    /// `AwsApiCall`, or `AwsServiceEvent` for the end of a stream, which tells where it was processed.
    kind: &'static str,
}

fn events() -> impl Iterator<Item = Event> {
    let calls = CALLS.into_iter().chain(Operation::STREAMING);
    let calls = calls.map(|name| Event {
        name,
        kind: "AwsApiCall",
    });
    let ends = Operation::STREAMING.into_iter().map(|name| Event {
        name,
        kind: "AwsServiceEvent",
    });
    calls.chain(ends)
}

/// Tells which calls are recorded.
///
/// What only two selectors record together, such as one principal and all others, counts as some.
pub(super) fn recorded(selectors: &Selectors) -> Recorded {
    match selectors {
        Selectors::Basic(selectors) => best(selectors.iter().map(taken)),
        Selectors::Advanced(selectors) => {
            let each: Vec<Recorded> = events()
                .map(|event| best(selectors.iter().map(|selector| event.taken_by(selector))))
                .collect();
            let first = each.first().cloned().unwrap_or(Recorded::None);
            if each.iter().all(|recorded| *recorded == first) {
                return first;
            }
            let depends = each.iter().find(|recorded| matches!(recorded, Recorded::Depends(_)));
            let lost = each
                .iter()
                .any(|recorded| matches!(recorded, Recorded::None | Recorded::Some));
            match depends {
                Some(depends) if !lost => depends.clone(),
                _ => Recorded::Some,
            }
        }
    }
}

/// Returns what the most of several selectors records; an event is recorded if one takes it. CloudTrail
/// always answers with some: that there is none is not understood.
fn best(each: impl Iterator<Item = Recorded>) -> Recorded {
    let rank = |recorded: &Recorded| match recorded {
        Recorded::None => 0,
        Recorded::Some => 1,
        Recorded::Depends(_) => 2,
        Recorded::All => 3,
    };
    each.max_by_key(rank)
        .unwrap_or_else(|| Recorded::Depends("the absence of event selectors".to_owned()))
}

/// Tells which calls a basic selector takes; it says nothing of events one by one
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html>).
fn taken(selector: &BasicSelector) -> Recorded {
    if selector.management_events == Some(false) || selector.excluded_sources.iter().any(|source| source == SOURCE) {
        return Recorded::None;
    }
    match selector.read_write_type.as_deref() {
        None | Some("All" | "ReadOnly") => Recorded::All,
        Some("WriteOnly") => Recorded::None,
        Some(other) => Recorded::Depends(format!("ReadWriteType {other}")),
    }
}

impl Event {
    /// Tells whether an advanced selector takes the event: all its fields must
    /// (<https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html>).
    fn taken_by(self, selector: &AdvancedSelector) -> Recorded {
        if !selector.fields.iter().any(|field| field.field == "eventCategory") {
            return Recorded::Depends("an event selector without eventCategory".to_owned());
        }
        // The least that any field lets through; what is not known comes last, for it undoes nothing.
        let mut taken = Recorded::All;
        for field in &selector.fields {
            match (self.passes(field), &taken) {
                (Recorded::None, _) => return Recorded::None,
                (Recorded::Some, _) => taken = Recorded::Some,
                (depends @ Recorded::Depends(_), Recorded::All) => taken = depends,
                _ => {}
            }
        }
        taken
    }

    /// Tells whether the event passes one field. Who calls, from where and through what differs from
    /// call to call: a field of that kind leaves some out.
    fn passes(self, field: &FieldSelector) -> Recorded {
        let value = match field.field.as_str() {
            "eventCategory" => "Management",
            "readOnly" => "true",
            "eventSource" => SOURCE,
            "eventName" => self.name,
            "eventType" => self.kind,
            "userIdentity.arn"
            | "sessionCredentialFromConsole"
            | "errorCode"
            | "vpcEndpointId"
            | "resources.ARN"
            | "resources.type" => return Recorded::Some,
            other => return Recorded::Depends(other.to_owned()),
        };
        match is(field, value) {
            Some(true) => Recorded::All,
            Some(false) => Recorded::None,
            None => Recorded::Depends(field.field.clone()),
        }
    }
}

/// Tells whether a value is what a field must be: one of what is selected, if anything is, and nothing
/// of what is deselected; `None` for a field without any operator that is known here
/// (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html>).
fn is(field: &FieldSelector, value: &str) -> Option<bool> {
    let equals = |texts: &[String]| texts.iter().any(|text| text == value);
    let starts = |texts: &[String]| texts.iter().any(|text| value.starts_with(text.as_str()));
    let ends = |texts: &[String]| texts.iter().any(|text| value.ends_with(text.as_str()));
    let none = |lists: [&Vec<String>; 3]| lists.into_iter().all(Vec::is_empty);
    let nothing_selected = none([&field.equals, &field.starts_with, &field.ends_with]);
    if nothing_selected && none([&field.not_equals, &field.not_starts_with, &field.not_ends_with]) {
        return None;
    }
    let selected = nothing_selected || equals(&field.equals) || starts(&field.starts_with) || ends(&field.ends_with);
    let deselected = equals(&field.not_equals) || starts(&field.not_starts_with) || ends(&field.not_ends_with);
    Some(selected && !deselected)
}
