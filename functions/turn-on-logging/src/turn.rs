//! Turning logging on and off.

use std::{fmt, time::Duration};

use crisguard_aws::{
    Failure,
    bedrock::{Logging, Prefix},
};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{ports::ConfigureLogging, properties::Destinations, request::Request};

/// How long after a refusal it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// What was asked for stands.
    TurnedOn {
        /// Where invocations were logged before, if elsewhere.
        instead_of: Option<String>,
    },
    /// Nothing is logged any more.
    TurnedOff,
    /// There was nothing to turn off.
    WasOff,
    /// Somebody else's configuration stands, and goes on standing.
    LeftToOthers {
        /// Where it has invocations logged.
        to: String,
    },
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The request cannot be understood.
    #[error("the request is not complete: {}", .0.join("; "))]
    Wrong(Vec<String>),
    /// Bedrock refused, until the time was up.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// Bedrock has something else than what was put or deleted, until the time was up.
    #[error("bedrock:GetModelInvocationLoggingConfiguration answers otherwise than was asked for: {0}")]
    Otherwise(String),
    /// Bedrock did not answer until the time was up.
    #[error("Bedrock did not answer in time")]
    Late,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnedOn { instead_of: None } => f.write_str("invocations are logged"),
            Self::TurnedOn { instead_of: Some(old) } => {
                write!(f, "invocations are logged; until now they were logged to {old}")
            }
            Self::TurnedOff => f.write_str("invocations are logged no more"),
            Self::WasOff => f.write_str("invocations are not logged"),
            Self::LeftToOthers { to } => {
                write!(
                    f,
                    "nothing was turned off: invocations are logged to {to}, by somebody else"
                )
            }
        }
    }
}

/// Carries a request out, and tries again until then whatever is refused: the permissions, the bucket
/// and the log group have just been created, and AWS does not see them everywhere at once
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>).
pub(crate) async fn carry_out(
    bedrock: &impl ConfigureLogging,
    request: &Request,
    until: Instant,
) -> Result<Done, NotDone> {
    match request {
        Request::Put(asked) => {
            let standing = insist(until, async || Ok(bedrock.standing().await?)).await?;
            let old = standing.filter(|standing| Destinations::of(standing) != Destinations::of(asked));
            if let Some(old) = &old {
                // The only record of it.
                tracing::warn!(configuration = ?old, "another configuration is replaced");
            }
            insist(until, async || turn_on(bedrock, asked).await).await?;
            Ok(Done::TurnedOn {
                instead_of: old.as_ref().map(places),
            })
        }
        Request::Delete(own) => insist(until, async || turn_off(bedrock, own.as_ref()).await).await,
    }
}

async fn turn_on(bedrock: &impl ConfigureLogging, asked: &Logging) -> Result<(), NotDone> {
    bedrock.put(asked).await?;
    let Some(standing) = bedrock.standing().await? else {
        return Err(NotDone::Otherwise("nothing is logged".to_owned()));
    };
    let differing = differing(&standing, asked);
    if differing.is_empty() {
        return Ok(());
    }
    Err(NotDone::Otherwise(format!("different: {}", differing.join(", "))))
}

async fn turn_off(bedrock: &impl ConfigureLogging, own: Option<&Destinations>) -> Result<Done, NotDone> {
    let is_own = |standing: &Logging| own == Some(&Destinations::of(standing));
    match bedrock.standing().await? {
        None => return Ok(Done::WasOff),
        Some(standing) if !is_own(&standing) => return Ok(Done::LeftToOthers { to: places(&standing) }),
        Some(_) => bedrock.delete().await?,
    }
    match bedrock.standing().await? {
        Some(standing) if is_own(&standing) => Err(NotDone::Otherwise(format!("it logs to {}", places(&standing)))),
        _ => Ok(Done::TurnedOff),
    }
}

/// Tries until it is done or the time is up; then tells what was last in the way.
async fn insist<T>(until: Instant, attempt: impl AsyncFn() -> Result<T, NotDone>) -> Result<T, NotDone> {
    let mut in_the_way = NotDone::Late;
    loop {
        match timeout_at(until, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(refused)) => {
                tracing::warn!(error = %refused, "not yet");
                in_the_way = refused;
            }
            Err(_) => return Err(in_the_way),
        }
        if timeout_at(until, sleep(PAUSE)).await.is_err() {
            return Err(in_the_way);
        }
    }
}

/// Names what stands otherwise than it was asked for. What was not to be logged is not if Bedrock does
/// not say so either.
fn differing(standing: &Logging, asked: &Logging) -> Vec<&'static str> {
    let group = |logging: &Logging| logging.log_group.as_ref().map(|group| group.name.clone());
    let role = |logging: &Logging| logging.log_group.as_ref().map(|group| group.role.clone());
    let large = |logging: &Logging| Some(place(logging.log_group.as_ref()?.large_bodies.as_ref()?));
    let bucket = |logging: &Logging| logging.bucket.as_ref().map(place);
    let is_logged = |flag: Option<bool>| flag == Some(true);
    let same = [
        ("bucket", bucket(standing) == bucket(asked)),
        ("log group", group(standing) == group(asked)),
        ("role", role(standing) == role(asked)),
        ("bucket for large data", large(standing) == large(asked)),
        ("text", is_logged(standing.text) == is_logged(asked.text)),
        ("image", is_logged(standing.image) == is_logged(asked.image)),
        ("embedding", is_logged(standing.embedding) == is_logged(asked.embedding)),
        ("video", is_logged(standing.video) == is_logged(asked.video)),
        ("audio", is_logged(standing.audio) == is_logged(asked.audio)),
    ];
    same.into_iter()
        .filter(|(_, same)| !same)
        .map(|(part, _)| part)
        .collect()
}

/// Writes where a configuration delivers.
fn places(logging: &Logging) -> String {
    let bucket = logging.bucket.as_ref().map(place);
    let group = logging.log_group.as_ref();
    let group = group.map(|group| format!("the log group {}", group.name));
    let places: Vec<String> = bucket.into_iter().chain(group).collect();
    if places.is_empty() {
        return "nowhere".to_owned();
    }
    places.join(" and ")
}

fn place(place: &Prefix) -> String {
    format!("s3://{}/{}", place.bucket, place.prefix.as_deref().unwrap_or_default())
}
