//! What `crisguard reach` answered, read as far as a report shows it.

use serde::{Deserialize, de::Error as _};
use serde_json::Value;

use crate::ReportError;

/// Which calls work, fail and leave the policy's Regions, in groups of accounts.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) catalogue_as_of: String,
    pub(crate) groups: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Group {
    /// None of an answer about one account, which does not name it.
    #[serde(default)]
    pub(crate) accounts: Vec<String>,
    pub(crate) profiles: Vec<Profile>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Profile {
    #[serde(rename = "profile")]
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) destinations: Vec<String>,
    pub(crate) verdict: String,
    #[serde(default)]
    pub(crate) denied: Vec<Denied>,
    #[serde(default)]
    pub(crate) leaves: Vec<String>,
    #[serde(default)]
    pub(crate) could_leave: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Denied {
    pub(crate) region: Option<String>,
    pub(crate) policy: String,
}

#[derive(Deserialize)]
struct Answer {
    catalogue_as_of: String,
    profiles: Option<Vec<Profile>>,
    accounts: Option<Vec<Group>>,
}

impl Reach {
    pub(crate) fn read(json: &Value) -> Result<Self, ReportError> {
        let answer = Answer::deserialize(json).map_err(ReportError::Reach)?;
        let groups = match (answer.profiles, answer.accounts) {
            (Some(profiles), None) => vec![Group {
                accounts: Vec::new(),
                profiles,
            }],
            (None, Some(groups)) => groups,
            _ => {
                let reason = "it has neither `profiles` nor `accounts`: an answer to --what-if says nothing of today";
                return Err(ReportError::Reach(serde_json::Error::custom(reason)));
            }
        };
        Ok(Self {
            catalogue_as_of: answer.catalogue_as_of,
            groups,
        })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Group, &Profile)> {
        self.groups
            .iter()
            .flat_map(|group| group.profiles.iter().map(move |profile| (group, profile)))
    }
}

impl Profile {
    /// Tells whether it works, and only where the policy allows it.
    pub(crate) fn is_well(&self) -> bool {
        self.verdict == "works" && !self.may_leave()
    }

    /// Tells whether a prompt may be processed where the policy does not allow it, as far as is known.
    pub(crate) fn may_leave(&self) -> bool {
        !(self.leaves.is_empty() && self.could_leave.is_empty() && matches!(&*self.verdict, "works" | "fails"))
    }

    /// Names each policy with each Region where it denies, once: several of its statements may, and about several
    /// resources.
    pub(crate) fn denied_by(&self) -> Vec<String> {
        let mut named = Vec::new();
        for denied in &self.denied {
            let name = match &denied.region {
                Some(region) => format!("{} ({region})", denied.policy),
                None => denied.policy.clone(),
            };
            if !named.contains(&name) {
                named.push(name);
            }
        }
        named
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_is_named_once_for_each_region() {
        let denied = |region: Option<&str>, policy: &str| json!({ "region": region, "policy": policy });
        let profile = Profile::deserialize(json!({
            "profile": "global.x", "source": "us-east-1", "destinations": ["*"], "verdict": "fails",
            "denied": [
                denied(Some("unspecified"), "p-2"), denied(Some("us-east-1"), "p-1"),
                denied(Some("unspecified"), "p-2"), denied(None, "p-1"),
            ],
        }));
        assert_eq!(
            profile.unwrap().denied_by(),
            ["p-2 (unspecified)", "p-1 (us-east-1)", "p-1"]
        );
    }
    #[test]
    fn what_fails_leaves_for_nowhere_and_what_is_undecided_may() {
        let may_leave = |verdict: &str, leaves: &[&str], could_leave: &[&str]| {
            let profile = Profile::deserialize(json!({
                "profile": "global.x", "source": "us-east-1", "destinations": ["*"], "verdict": verdict,
                "leaves": leaves, "could_leave": could_leave,
            }));
            profile.unwrap().may_leave()
        };
        assert!(!may_leave("works", &[], &[]) && !may_leave("fails", &[], &[]));
        assert!(may_leave("works", &["*"], &[]) && may_leave("undecided", &[], &["*"]));
        assert!(may_leave("undecided", &[], &[]) && may_leave("what is not known yet", &[], &[]));
    }
}
