//! What the function `crisguard-run-audit` is asked, and its answer.

use crisguard_core::scp::organization::OrganizationDocument;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::reach::{Answer, ReachError, ReachRequest, RequestError, Whole};

/// A request by hand.
///
/// ```
/// let request = run_audit::Request::parse(r#"{"reach": {"sources": ["ap-northeast-1"],
///   "profiles": ["jp.anthropic.claude-sonnet-4-5*"],
///   "scps": [{"name": "p-a1b2c3d4", "content": {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
///     "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-northeast-3"}}}}}]}}"#)?;
/// assert!(!request.reads_the_organization());
/// let answer = serde_json::to_value(request.answer(None)?)?;
/// assert_eq!(answer["profiles"][0]["verdict"], "fails");
///
/// let refused = run_audit::Request::parse(r#"{"reach": {"sources": ["Tokyo"]}}"#).unwrap_err();
/// assert!(refused.to_string().contains("at `reach.sources[0]`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What can be called under service control policies.
    Reach(Box<ReachRequest>),
    /// The organization that the function can read, as it is exported: `{"organization": true}`.
    Organization(#[serde(deserialize_with = "yes")] ()),
}

/// The answer to a request.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// What can be called, in the same form as `crisguard reach --format json`.
    Reach(Box<Answer>),
    /// The organization, in the form that `crisguard reach --organization` reads.
    Organization(Box<OrganizationDocument>),
}

/// Tells why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not of the form that is documented.
    #[error("the request is not of the form {{\"reach\": {{…}}}} or {{\"organization\": true}}, at `{path}`")]
    Malformed {
        /// Where.
        path: String,
        /// What is wrong there.
        #[source]
        error: serde_json::Error,
    },
    /// One of its documents cannot be read.
    #[error(transparent)]
    Document(#[from] RequestError),
    /// It cannot be answered.
    #[error(transparent)]
    Reach(#[from] ReachError),
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Fails at the first part that is unknown, missing or malformed, and says which by its path.
    pub fn parse(json: &str) -> Result<Self, Refused> {
        let mut reader = serde_json::Deserializer::from_str(json);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| Refused::Malformed {
            path: error.path().to_string(),
            error: error.into_inner(),
        })
    }

    /// Tells whether it is about the organization that the function can read, and does not hold.
    #[must_use]
    pub fn reads_the_organization(&self) -> bool {
        match self {
            Self::Reach(request) => request.organization == Some(Whole::Read),
            Self::Organization(()) => true,
        }
    }

    /// Answers it, with the organization as it was read where the request is about that.
    ///
    /// # Errors
    ///
    /// Fails if the request names something that is not there, or if the organization was not read.
    pub fn answer(self, read: Option<OrganizationDocument>) -> Result<Response, Refused> {
        let read = read.map(Box::new);
        match self {
            Self::Organization(()) => Ok(Response::Organization(read.ok_or(RequestError::NotRead)?)),
            Self::Reach(mut request) => {
                if request.organization == Some(Whole::Read) {
                    request.organization = Some(Whole::Document(read.ok_or(RequestError::NotRead)?));
                }
                Ok(Response::Reach(Box::new(Answer::to(&request.question()?)?)))
            }
        }
    }
}

fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    if bool::deserialize(deserializer)? {
        Ok(())
    } else {
        Err(de::Error::invalid_value(de::Unexpected::Bool(false), &"true"))
    }
}
