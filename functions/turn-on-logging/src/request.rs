//! What CloudFormation asks for
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html>).

use crisguard_aws::bedrock::Logging;
use serde_json::Value;

use crate::{
    NotDone,
    properties::{self, Destinations},
};

/// An event that can be answered; what else it should have is looked for when it is needed.
#[derive(Clone)]
pub(crate) struct Event(Value);

/// Tells that nobody can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event has no ResponseURL: it is not a request of CloudFormation's")]
pub(crate) struct NoResponseUrl;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// The resource is created or updated: this is to stand.
    Put(Box<Logging>),
    /// The resource is deleted, and was this, if it ever was anything.
    Delete(Option<Destinations>),
}

impl Event {
    /// Reads an event and, apart from it, its address: that stands in nothing that can be printed.
    pub(crate) fn read(event: &str) -> Result<(Self, String), NoResponseUrl> {
        let mut event: Value = serde_json::from_str(event).map_err(|_| NoResponseUrl)?;
        match event.get_mut("ResponseURL").map(Value::take) {
            Some(Value::String(url)) => Ok((Self(event), url)),
            _ => Err(NoResponseUrl),
        }
    }

    /// Returns a text of the event.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// Reads the request.
    ///
    /// # Errors
    ///
    /// Tells everything that is missing or wrong.
    pub(crate) fn request(&self) -> Result<Request, NotDone> {
        let ids = ["StackId", "RequestId", "LogicalResourceId"];
        let missing = ids.into_iter().filter(|id| self.text(id).is_none());
        let mut problems: Vec<String> = missing.map(|id| format!("{id} is missing")).collect();
        let properties = self.0.get("ResourceProperties");
        let request = match self.text("RequestType") {
            Some("Create" | "Update") => properties::asked(properties).map(|logging| Request::Put(Box::new(logging))),
            Some("Delete") => Ok(Request::Delete(Destinations::read(properties))),
            _ => Err(vec!["RequestType is neither Create, Update nor Delete".to_owned()]),
        };
        match request {
            Ok(request) if problems.is_empty() => Ok(request),
            Ok(_) => Err(NotDone::Wrong(problems)),
            Err(more) => {
                problems.extend(more);
                Err(NotDone::Wrong(problems))
            }
        }
    }
}
