//! Canaries: that the synthetic record of an account's Region came through the whole path, and when it did not.

use std::fmt;

use crisguard_aws::dynamodb::{Document, Expected, Write};
use crisguard_core::{account::AccountId, finding::CanaryArrival};
use crisguard_lambda::report::chain;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::{
    memory::{self, ATTEMPTS, Done, MemoryError, Versioned, pause, written},
    ports::{Recall, Remember},
};

/// After how long without a canary a Region's is late: one comes every hour, and two may be lost.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_hours(3);

/// Where canaries stopped coming from: a Region of the home account, or of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// The account, unless it is the home account.
    pub member: Option<String>,
    /// The Region.
    pub region: String,
}

/// `eu-west-1`, or `444455556666/eu-west-1` of another account.
impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            None => f.write_str(&self.region),
            Some(account) => write!(f, "{account}/{}", self.region),
        }
    }
}

impl Serialize for Silent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Remembers that the canary of a Region of an account came now; what time it says itself does not count, for
/// anybody can put one on the bus. A message that names no account is of a time when there was only `home`.
///
/// # Errors
///
/// Fails if the memory cannot be written.
pub async fn remember(
    memory: &impl Remember,
    home: &AccountId,
    arrival: &CanaryArrival,
    now: Timestamp,
) -> Result<(), MemoryError> {
    let member = arrival.account.as_ref().filter(|account| *account != home);
    let document = memory::canary(member, arrival.region.as_str(), now)?;
    let partition = document.key.partition.clone();
    for attempt in 0..ATTEMPTS {
        let write = Write::Put(document.clone(), Expected::Anything);
        if written(memory.write(&[write]).await)? {
            return Ok(());
        }
        pause(attempt).await;
    }
    Err(MemoryError::Contended {
        partition,
        attempts: ATTEMPTS,
    })
}

/// Returns from where canaries came and stopped coming, and of how many places that cannot be told.
///
/// # Errors
///
/// Fails if the memory cannot be read.
pub async fn late(memory: &impl Recall, now: Timestamp) -> Result<(Vec<Silent>, usize), MemoryError> {
    let (mut late, mut unreadable) = (Vec::new(), 0);
    // Of a thousand accounts there are thousands: none is kept that is not late.
    let visit = |document: Document| match Versioned::<Done>::read(&document) {
        Ok(Versioned { value: arrived, .. }) => {
            if !memory::has_expired(&document, now) && now.duration_since(arrived.at) >= LATE_AFTER {
                let (member, region) = memory::canary_place(&document.key);
                late.push(Silent {
                    member: member.map(str::to_owned),
                    region: region.to_owned(),
                });
            }
        }
        Err(error) => {
            tracing::error!(error = chain(&error), "whether a canary is late is not known");
            unreadable += 1;
        }
    };
    memory.visit(memory::CANARY, visit).await?;
    Ok((late, unreadable))
}
