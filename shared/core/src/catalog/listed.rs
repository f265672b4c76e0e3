//! The inference profiles that an account itself lists in one Region.

use std::collections::BTreeMap;

use super::Destinations;

/// Where each inference profile goes that an account can call from one Region, by its own list
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListInferenceProfiles.html>).
///
/// It knows application profiles, which no catalogue can, and is newer than any snapshot.
///
/// ```
/// use crisguard_core::catalog::{Destinations, Listed};
/// let arn = "arn:aws:bedrock:eu-west-1:111122223333:application-inference-profile/a1b2c3";
/// let models = ["arn:aws:bedrock:::foundation-model/m".to_owned()];
/// let listed: Listed = [("a1b2c3", arn, &models[..])].into_iter().collect();
/// assert_eq!(listed.destinations("a1b2c3"), Some(&Destinations::EveryCommercialRegion));
/// assert_eq!(listed.destinations(arn), listed.destinations("a1b2c3"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed(BTreeMap<String, Option<Destinations>>);

impl Listed {
    /// Returns where a profile goes, by its id or ARN; `None` if it is not listed, or is listed with
    /// models that are not understood.
    #[must_use]
    pub fn destinations(&self, profile: &str) -> Option<&Destinations> {
        self.0.get(profile)?.as_ref()
    }

    /// Tells whether a profile is listed, by its id or ARN, whatever is said of it.
    #[must_use]
    pub fn contains(&self, profile: &str) -> bool {
        self.0.contains_key(profile)
    }
}

/// Collects profiles from their ids, ARNs and the ARNs of their models.
impl<'a> FromIterator<(&'a str, &'a str, &'a [String])> for Listed {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str, &'a [String])>>(profiles: T) -> Self {
        let mut listed = BTreeMap::new();
        for (id, arn, models) in profiles {
            let destinations = Destinations::of_models(models);
            listed.insert(arn.to_owned(), destinations.clone());
            listed.insert(id.to_owned(), destinations);
        }
        Self(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arns: &[&str]) -> Option<Destinations> {
        let arns: Vec<String> = arns.iter().map(|arn| (*arn).to_owned()).collect();
        let listed: Listed = [("id", "arn", &arns[..])].into_iter().collect();
        assert!(listed.contains("id") && !listed.contains("other"));
        listed.destinations("id").cloned()
    }

    #[test]
    fn the_regions_of_its_models_are_where_a_profile_goes() {
        let here = "arn:aws:bedrock:eu-west-1::foundation-model/m";
        let there = "arn:aws:bedrock:eu-north-1::foundation-model/m";
        let everywhere = "arn:aws:bedrock:::foundation-model/m";
        let regions = ["eu-north-1".parse().unwrap(), "eu-west-1".parse().unwrap()];
        assert_eq!(of(&[here, there]), Some(Destinations::Regions(regions.into())));
        assert_eq!(of(&[here, everywhere]), Some(Destinations::EveryCommercialRegion));
    }

    #[test]
    fn what_is_not_understood_goes_nobody_knows_where() {
        let here = "arn:aws:bedrock:eu-west-1::foundation-model/m";
        for other in [
            "m",
            "arn:aws:bedrock:Ireland::foundation-model/m",
            "arn:aws:bedrock:eu-west-1:111122223333:custom-model/m",
            "arn:aws:sagemaker:eu-west-1:111122223333:foundation-model/m",
        ] {
            assert_eq!(of(&[here, other]), None, "{other}");
        }
        assert_eq!(of(&[]), None);
    }
}
