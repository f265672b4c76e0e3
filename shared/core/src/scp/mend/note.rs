//! What is to be known of a remedy, and why one cannot be had.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{region::SourceRegion, scp::reach::Verdict};

/// What else is to be known of a remedy. In JSON it is the English sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The profile itself was denied where the call is made, so that it can be called there, too.
    CallableToo {
        /// Where the call is made.
        source: SourceRegion,
    },
    /// The call still does not work.
    Afterwards(Verdict),
    /// How to find the models that need no profile.
    OnDemandModels {
        /// Where the call is made.
        source: SourceRegion,
    },
    /// The policy is Control Tower's
    /// (<https://docs.aws.amazon.com/controltower/latest/userguide/region-deny.html>).
    ManagedByControlTower,
}

/// Why a change cannot be made, or would not do. In JSON it is the English sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cannot {
    /// It is about one policy.
    In {
        /// The policy's id, or the file that it is in.
        policy: String,
        /// What cannot be done there.
        why: Box<Self>,
    },
    /// The statement's list would be empty.
    NoOtherRegion {
        /// The Sid, or the index from 0.
        statement: String,
    },
    /// The statement names no Regions.
    NoListOfRegions {
        /// The Sid, or the index from 0.
        statement: String,
    },
    /// The statement denies calls of models and little else.
    BedrockAlone {
        /// The Sid, or the index from 0.
        statement: String,
    },
    /// The statement cannot be split into calls of models and the rest.
    NotSeparable,
    /// The statement names resources by a pattern.
    NamesResources {
        /// The Sid, or the index from 0.
        statement: String,
    },
    /// No statement of an allow-list names Regions.
    NoAllowedRegions,
    /// A level allows nothing at all.
    NothingAllowed {
        /// The level's id.
        level: String,
    },
    /// The policy would be longer than one may be.
    TooLong {
        /// The policy's id, or the file that it is in.
        policy: String,
        /// How many characters it would have.
        size: usize,
        /// How many it may have.
        quota: usize,
    },
    /// A call without a profile does not work either.
    DirectCall {
        /// Where the call is made.
        source: SourceRegion,
        /// What it comes to.
        verdict: Verdict,
    },
    /// A statement that was named is not there.
    NoStatement(usize),
    /// A policy that was named is not there.
    NoPolicy,
}

impl Cannot {
    pub(super) fn of(self, policy: &str) -> Self {
        Self::In {
            policy: policy.to_owned(),
            why: Box::new(self),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallableToo { source } => write!(
                f,
                "The policy denies the profile itself in {source}, where the call is made: the change also lets it be \
                 called there."
            ),
            Self::Afterwards(verdict) => write!(f, "Afterwards the call {verdict}."),
            Self::OnDemandModels { source } => write!(
                f,
                "Which models those are: aws bedrock list-foundation-models --region {source} --by-inference-type \
                 ON_DEMAND"
            ),
            Self::ManagedByControlTower => f.write_str(
                "Control Tower manages this policy: to edit it is drift. Where the control has parameters, set those; \
                 otherwise turn the control off and attach this document as a policy of your own. The Region deny of \
                 a unit cannot allow what that of the landing zone denies.",
            ),
        }
    }
}

impl fmt::Display for Cannot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In { policy, why } => write!(f, "{policy}: {why}"),
            Self::NoOtherRegion { statement } => write!(
                f,
                "the statement {statement} denies no other Region: without these it would say nothing"
            ),
            Self::NoListOfRegions { statement } => write!(f, "the statement {statement} has no list of Regions"),
            Self::BedrockAlone { statement } => write!(
                f,
                "the statement {statement} is about Bedrock alone: without its calls of models little or nothing \
                 would be left"
            ),
            Self::NotSeparable => f.write_str("its calls of models cannot be taken out of the statement"),
            Self::NamesResources { statement } => write!(
                f,
                "the statement {statement} names resources, and no single one can be left out of those"
            ),
            Self::NoAllowedRegions => f.write_str("no statement that allows calls of models has a list of Regions"),
            Self::NothingAllowed { level } => write!(
                f,
                "no policy at {level} allows anything; attach FullAWSAccess or an allow-list there"
            ),
            Self::TooLong { policy, size, quota } => write!(
                f,
                "{policy} would have {size} characters, and a policy may have {quota}; shorten its lists or put \
                 statements into another policy at the same level"
            ),
            Self::DirectCall { source, verdict } => write!(f, "a direct call in {source} {verdict}"),
            Self::NoStatement(index) => write!(f, "there is no statement {index}"),
            Self::NoPolicy => f.write_str("the policy is not there"),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Cannot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
