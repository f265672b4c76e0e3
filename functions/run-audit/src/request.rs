//! What the function `crisguard-run-audit` is asked, and its answer.

use serde::Deserialize;

use crate::reach::{Answer, ReachError, ReachRequest, RequestError};

/// A request by hand.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    /// What can be called under service control policies.
    Reach(Box<ReachRequest>),
}

/// Tells why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not of the form that is documented.
    #[error("the request is not of the form {{\"reach\": {{…}}}}, at `{path}`")]
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

/// Answers a request, in the same form as `crisguard reach --format json`.
///
/// ```
/// let request = r#"{"reach": {"sources": ["ap-northeast-1"], "profiles": ["jp.anthropic.claude-sonnet-4-5*"],
///   "scps": [{"name": "p-a1b2c3d4", "content": {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
///     "Condition": {"StringEquals": {"aws:RequestedRegion": "ap-northeast-3"}}}}}]}}"#;
/// let answer = serde_json::to_value(run_audit::handle(request)?)?;
/// assert_eq!(answer["profiles"][0]["verdict"], "fails");
///
/// let refused = run_audit::handle(r#"{"reach": {"sources": ["Tokyo"]}}"#).unwrap_err();
/// assert!(refused.to_string().contains("at `reach.sources[0]`"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Fails if the request is malformed or names something that is not there, and says which part.
pub fn handle(request: &str) -> Result<Answer, Refused> {
    let mut reader = serde_json::Deserializer::from_str(request);
    let request = serde_path_to_error::deserialize(&mut reader).map_err(|error| Refused::Malformed {
        path: error.path().to_string(),
        error: error.into_inner(),
    })?;
    match request {
        Request::Reach(request) => Ok(Answer::to(&request.question()?)?),
    }
}
