//! System-defined inference profiles: the ids through which a request may cross Regions.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The part of an inference profile id before its model, which names the geography it routes in.
///
/// This is a closed list on purpose: an unknown first segment is an evidence gap, never a guess.
/// AWS: "Don't rely on the geographic prefix" for destinations, so a geography says only which
/// *kind* of profile this is; where it goes is the catalogue's to say
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Geography {
    /// `global`: any commercial Region.
    Global,
    /// `apac`.
    Apac,
    /// `au`.
    Australia,
    /// `ca`.
    Canada,
    /// `eu`.
    Europe,
    /// `in`.
    India,
    /// `jp`.
    Japan,
    /// `us`.
    UnitedStates,
    /// `us-gov`.
    GovCloud,
}

impl Geography {
    /// Every geography there is a profile for, as seen in October 2026.
    pub const ALL: [Self; 9] = [
        Self::Global,
        Self::Apac,
        Self::Australia,
        Self::Canada,
        Self::Europe,
        Self::India,
        Self::Japan,
        Self::UnitedStates,
        Self::GovCloud,
    ];

    /// Returns the first segment of the ids of this geography's profiles.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Apac => "apac",
            Self::Australia => "au",
            Self::Canada => "ca",
            Self::Europe => "eu",
            Self::India => "in",
            Self::Japan => "jp",
            Self::UnitedStates => "us",
            Self::GovCloud => "us-gov",
        }
    }

    fn from_prefix(prefix: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|geography| geography.prefix() == prefix)
    }
}

/// A system-defined inference profile, such as `jp.anthropic.claude-sonnet-4-5-20250929-v1:0`.
///
/// ```
/// use crisguard_core::inference_profile::InferenceProfile;
/// let profile = InferenceProfile::parse("global.anthropic.claude-sonnet-4-6").unwrap();
/// assert!(profile.is_global());
/// assert_eq!(profile.model(), "anthropic.claude-sonnet-4-6");
/// assert!(InferenceProfile::parse("uk.anthropic.claude-sonnet-4-6").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InferenceProfile {
    geography: Geography,
    id: String,
}

impl InferenceProfile {
    /// Recognises a profile id by its first segment, or returns `None`.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let (prefix, _) = id.split_once('.')?;
        let geography = Geography::from_prefix(prefix)?;
        Some(Self {
            geography,
            id: id.to_owned(),
        })
    }

    /// Returns the whole id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the id of the foundation model behind the profile.
    #[must_use]
    pub fn model(&self) -> &str {
        self.id.split_once('.').map_or("", |(_, model)| model)
    }

    /// Returns the geography that the id names.
    #[must_use]
    pub fn geography(&self) -> Geography {
        self.geography
    }

    /// Tells whether the profile may route to any commercial Region.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.geography == Geography::Global
    }
}

impl fmt::Display for InferenceProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl Serialize for InferenceProfile {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.id)
    }
}

impl<'de> Deserialize<'de> for InferenceProfile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Self::parse(&id).ok_or_else(|| serde::de::Error::custom(format!("`{id}` is not an inference profile id")))
    }
}
