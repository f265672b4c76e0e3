//! What the account itself was answered about its inference profiles, Region by Region.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Destinations;
use crate::{
    arn::Arn,
    posture::ListedProfile,
    region::{Region, SourceRegion},
};

/// The lists of inference profiles that an account was last answered, with when.
///
/// Its JSON is what check-posture keeps and watch-inference reads:
///
/// ```
/// use crisguard_core::{catalog::{Destinations, Live}, region::SourceRegion};
/// let arn = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/a1b2c3";
/// let live = Live::from_json(br#"{"regions": {"eu-west-1": {
///   "observed_at": "2026-11-21T17:00:00Z",
///   "profiles": {"a1b2c3": {
///     "arn": "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/a1b2c3",
///     "application": true,
///     "models": ["arn:aws:bedrock:::foundation-model/m"]
///   }}
/// }}}"#)?;
/// let ireland = SourceRegion("eu-west-1".parse().unwrap());
/// assert_eq!(live.application(arn, &ireland), Some(Destinations::EveryCommercialRegion));
/// # Ok::<(), crisguard_core::catalog::LiveError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    regions: BTreeMap<Region, LiveList>,
}

/// What `ListInferenceProfiles` answered in one Region, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveList {
    /// When it was asked.
    pub observed_at: Timestamp,
    /// Every profile, by its id.
    pub profiles: BTreeMap<String, ListedProfile>,
}

/// Tells why the lists could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// They are not of the form that they are written in.
    #[error("the account's own lists of inference profiles are damaged")]
    Damaged(#[from] serde_json::Error),
    /// There are more of them than any account has.
    #[error(
        "the account's own lists of inference profiles come to {bytes} bytes, and at most {} are read",
        Live::LARGEST
    )]
    TooLarge {
        /// How many bytes.
        bytes: usize,
    },
}

impl Live {
    /// The most bytes that are written or read: those of every Region with a thousand profiles of
    /// the account's own in the larger ones.
    pub const LARGEST: usize = 16 * 1024 * 1024;
    /// How far the time of a list and of a call may lie apart for the one to tell of the other.
    pub const HOLDS_FOR: SignedDuration = SignedDuration::from_hours(24);

    /// Of an account that nobody asked.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            regions: BTreeMap::new(),
        }
    }

    /// Reads lists as [`Self::to_json`] writes them.
    ///
    /// # Errors
    ///
    /// Fails if they are damaged or too large.
    pub fn from_json(json: &[u8]) -> Result<Self, LiveError> {
        bounded(json.len())?;
        Ok(serde_json::from_slice(json)?)
    }

    /// Writes the lists.
    ///
    /// # Errors
    ///
    /// Fails if they are larger than what is read.
    pub fn to_json(&self) -> Result<Vec<u8>, LiveError> {
        let json = serde_json::to_vec(self)?;
        bounded(json.len())?;
        Ok(json)
    }

    /// Takes in what a Region answered. The later of two answers stays, whichever comes first.
    pub fn learn(&mut self, region: Region, list: LiveList) {
        let is_newer = self
            .regions
            .get(&region)
            .is_none_or(|known| known.observed_at <= list.observed_at);
        if is_newer {
            self.regions.insert(region, list);
        }
    }

    /// Takes in every Region's answer of other lists.
    pub fn merge(&mut self, other: Self) {
        for (region, list) in other.regions {
            self.learn(region, list);
        }
    }

    /// Returns the Regions that answered, with when.
    pub fn observed(&self) -> impl Iterator<Item = (&Region, Timestamp)> {
        self.regions.iter().map(|(region, list)| (region, list.observed_at))
    }

    /// Returns the list that tells of calls from `source` at `time`: one that was taken within
    /// [`Self::HOLDS_FOR`] of it. A record can come late, so the list may be the later of the two.
    #[must_use]
    pub fn at(&self, source: &SourceRegion, time: Timestamp) -> Option<&LiveList> {
        let list = self.regions.get(&source.0)?;
        (time.duration_since(list.observed_at).abs() <= Self::HOLDS_FOR).then_some(list)
    }

    /// Returns the list of a Region, however old.
    #[must_use]
    pub fn of(&self, source: &SourceRegion) -> Option<&LiveList> {
        self.regions.get(&source.0)
    }

    /// Returns where an application profile goes, by its ARN and the Region that is called; `None`
    /// if no list has it, or has it with models that are not understood.
    ///
    /// However old the list: AWS has no call that changes the models of an application profile, and
    /// gives another ARN to one that is made anew
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-create.html>).
    #[must_use]
    pub fn application(&self, arn: &str, source: &SourceRegion) -> Option<Destinations> {
        let profile = self.regions.get(&source.0)?.by_arn(arn)?;
        profile.application.then(|| Destinations::of_models(&profile.models))?
    }
}

impl LiveList {
    /// Returns where a profile goes, by its id or ARN; `None` if it is not listed, or is listed with
    /// models that are not understood.
    #[must_use]
    pub fn destinations(&self, profile: &str) -> Option<Destinations> {
        let listed = self.profiles.get(profile).or_else(|| self.by_arn(profile))?;
        Destinations::of_models(&listed.models)
    }

    /// Returns every profile of a foundation model, by its id, with where it goes.
    pub fn of_model(&self, model: &str) -> impl Iterator<Item = (&str, Destinations)> {
        self.profiles
            .iter()
            .filter(move |(_, profile)| profile.models.iter().any(|arn| is_model(arn, model)))
            .filter_map(|(id, profile)| Some((id.as_str(), Destinations::of_models(&profile.models)?)))
    }

    /// The id of a profile is the end of its ARN.
    fn by_arn(&self, arn: &str) -> Option<&ListedProfile> {
        let (_, id) = arn.rsplit_once('/')?;
        self.profiles.get(id).filter(|profile| profile.arn == arn)
    }
}

fn bounded(bytes: usize) -> Result<(), LiveError> {
    if bytes > Live::LARGEST {
        return Err(LiveError::TooLarge { bytes });
    }
    Ok(())
}

fn is_model(arn: &str, model: &str) -> bool {
    Arn::parse(arn).and_then(|arn| arn.typed_resource()) == Some(("foundation-model", model))
}

impl Destinations {
    /// Reads the ARNs of the foundation models to which a profile sends: their Regions are where it
    /// goes, and one without a Region stands for every commercial Region. `None` if there are none,
    /// or one is something else.
    pub(crate) fn of_models(arns: &[String]) -> Option<Self> {
        let mut regions = BTreeSet::new();
        let mut everywhere = false;
        for arn in arns {
            let model = Arn::parse(arn).filter(|arn| {
                arn.service == "bedrock" && arn.typed_resource().is_some_and(|(kind, _)| kind == "foundation-model")
            })?;
            if model.region.is_empty() {
                everywhere = true;
            } else {
                regions.insert(model.region.parse().ok()?);
            }
        }
        match (everywhere, regions.is_empty()) {
            (true, _) => Some(Self::EveryCommercialRegion),
            (false, true) => None,
            (false, false) => Some(Self::Regions(regions)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: &str = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/a1b2c3";
    const SYSTEM: &str = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.x.m";

    fn ireland() -> SourceRegion {
        SourceRegion("eu-west-1".parse().unwrap())
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn list(observed_at: &str, to: &str) -> LiveList {
        let profile = |arn: &str, application| ListedProfile {
            arn: arn.to_owned(),
            application,
            models: vec![format!("arn:aws:bedrock:{to}::foundation-model/x.m")],
        };
        LiveList {
            observed_at: time(observed_at),
            profiles: [
                ("a1b2c3".to_owned(), profile(APPLICATION, true)),
                ("eu.x.m".to_owned(), profile(SYSTEM, false)),
            ]
            .into(),
        }
    }

    fn live(observed_at: &str, to: &str) -> Live {
        let mut live = Live::nothing();
        live.learn(ireland().0, list(observed_at, to));
        live
    }

    fn only(region: &str) -> Destinations {
        Destinations::Regions([region.parse().unwrap()].into())
    }

    #[test]
    fn the_later_answer_of_a_region_stays_whichever_comes_first() {
        let (old, new) = (
            live("2026-11-20T17:00:00Z", "eu-west-3"),
            live("2026-11-21T17:00:00Z", "eu-north-1"),
        );
        for (first, second) in [(&old, &new), (&new, &old)] {
            let mut merged = first.clone();
            merged.merge(second.clone());
            assert_eq!(merged, new);
        }
        let mut merged = old.clone();
        merged.learn("us-east-1".parse().unwrap(), list("2026-11-21T17:00:00Z", "us-east-2"));
        assert_eq!(merged.observed().count(), 2, "another Region's answer takes no place");
    }

    #[test]
    fn a_list_tells_of_the_calls_of_a_day_before_and_after() {
        let live = live("2026-11-21T17:00:00Z", "eu-west-3");
        for (at, holds) in [
            ("2026-11-20T16:59:59Z", false),
            ("2026-11-20T17:00:00Z", true),
            ("2026-11-21T17:00:00Z", true),
            ("2026-11-22T17:00:00Z", true),
            ("2026-11-22T17:00:01Z", false),
        ] {
            assert_eq!(live.at(&ireland(), time(at)).is_some(), holds, "{at}");
        }
        let elsewhere = SourceRegion("eu-west-3".parse().unwrap());
        assert!(live.at(&elsewhere, time("2026-11-21T17:00:00Z")).is_none());
    }

    #[test]
    fn profiles_are_found_by_id_by_arn_and_by_model() {
        let list = list("2026-11-21T17:00:00Z", "eu-west-3");
        for name in ["eu.x.m", SYSTEM, "a1b2c3", APPLICATION] {
            assert_eq!(list.destinations(name), Some(only("eu-west-3")), "{name}");
        }
        for name in [
            "eu.x.n",
            &SYSTEM.replace("1111", "2222"),
            &APPLICATION.replace("a1", "b1"),
        ] {
            assert_eq!(list.destinations(name), None, "{name}");
        }
        assert_eq!(list.of_model("x.m").count(), 2);
        assert_eq!(list.of_model("x").count() + list.of_model("m").count(), 0);
    }

    #[test]
    fn an_application_profile_is_what_the_account_made() {
        let live = live("2020-01-01T00:00:00Z", "eu-west-3");
        assert_eq!(live.application(APPLICATION, &ireland()), Some(only("eu-west-3")));
        assert_eq!(live.application(SYSTEM, &ireland()), None);
        assert_eq!(
            live.application(APPLICATION, &SourceRegion("us-east-1".parse().unwrap())),
            None
        );
    }

    #[test]
    fn what_is_written_is_read_again_and_what_is_damaged_is_said() {
        let live = live("2026-11-21T17:00:00Z", "eu-west-3");
        assert_eq!(Live::from_json(&live.to_json().unwrap()).unwrap(), live);
        let spaces = vec![b' '; Live::LARGEST + 1];
        for (json, said) in [
            (&br#"{"regions": {"Ireland": {}}}"#[..], "are damaged"),
            (b"{}", "are damaged"),
            (&spaces, "16777217 bytes"),
        ] {
            assert!(Live::from_json(json).unwrap_err().to_string().contains(said), "{said}");
        }
        let mut large = Live::nothing();
        let mut list = list("2026-11-21T17:00:00Z", "eu-west-3");
        list.profiles.get_mut("a1b2c3").unwrap().arn = "a".repeat(Live::LARGEST);
        large.learn(ireland().0, list);
        assert!(matches!(large.to_json(), Err(LiveError::TooLarge { .. })));
    }
}
