//! How what was found of settings becomes a decision.

use std::collections::BTreeMap;

use crate::{
    policy::PostureRules,
    posture::{
        Keys, NotObserved, Observed, Place, PostureBasis, PostureDecision, PostureGap, PostureViolation, Problem,
        Resource, Unknown, Wrong,
    },
    region::Region,
};

/// The most problems, resources of one problem, and things that cannot be told that are told. An account
/// has thousands of roles, and a finding has to fit into a message and into what is remembered.
const MOST: usize = 20;
/// Stands for the resources that are not told.
const MORE: &str = "…";

/// What a control has found in a Region.
///
/// What is proven wrong comes first, for a gap does not undo it; with a gap and nothing wrong, it
/// cannot be told.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    region: &'a Region,
    problems: Vec<Problem>,
    unknown: Vec<Unknown>,
}

impl<'a> Judged<'a> {
    /// Begins without any finding.
    pub(super) const fn nothing_yet(place: &Place<'a>) -> Self {
        Self {
            region: place.region,
            problems: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Adds something that is wrong with the Region as a whole.
    pub(super) fn wrong_here(&mut self, wrong: Wrong) {
        self.add(None, wrong);
    }

    /// Adds something that is wrong with a resource.
    pub(super) fn wrong(&mut self, of: Resource, wrong: Wrong) {
        self.add(Some(of), wrong);
    }

    /// Adds it to those of which the same is wrong, so that it is told once.
    fn add(&mut self, of: Option<Resource>, wrong: Wrong) {
        if let Some(same) = self.problems.iter_mut().find(|problem| problem.wrong == wrong) {
            // One more than is told says that there are more.
            let more = of.filter(|of| same.of.len() <= MOST && !same.of.contains(of));
            same.of.extend(more);
        } else if self.problems.len() < MOST {
            self.problems.push(Problem {
                of: of.into_iter().collect(),
                wrong,
            });
        }
    }

    /// Adds something that cannot be told.
    pub(super) fn unknown(&mut self, unknown: impl Into<Unknown>) {
        let unknown = unknown.into();
        if self.unknown.len() < MOST && !self.unknown.contains(&unknown) {
            self.unknown.push(unknown);
        }
    }

    /// Returns what was observed, or adds that it was not.
    pub(super) fn seen<'b, T>(&mut self, observed: &'b Observed<T>) -> Option<&'b T> {
        observed
            .as_ref()
            .map_err(|not_observed| self.unknown(not_observed))
            .ok()
    }

    /// Returns what was observed of something that was named, or adds that it was not.
    ///
    /// What is named elsewhere in the same posture, but was not looked at, cannot be told either.
    pub(super) fn named<'b, T>(
        &mut self,
        observed: &'b BTreeMap<String, Observed<T>>,
        of: &Resource,
        name: &str,
    ) -> Option<&'b T> {
        if let Some(observed) = observed.get(name) {
            return self.seen(observed);
        }
        self.unknown(Unknown::NotUnderstood {
            of: Box::new(of.clone()),
            part: "what was seen of it".to_owned(),
        });
        None
    }

    /// Judges the key that encrypts a resource: it must work, and be the customer's own if that is
    /// asked for. `None` stands for a key that AWS owns.
    pub(super) fn key(&mut self, of: &Resource, key: Option<&str>, keys: &Keys, customers_own: bool) {
        let Some(name) = key else {
            if customers_own {
                self.wrong(of.clone(), Wrong::WithoutCustomerKey);
            }
            return;
        };
        match self.named(keys, of, name) {
            None => {}
            Some(None) => self.wrong(of.clone(), Wrong::KeyMissing),
            Some(Some(key)) => {
                if customers_own && !key.customer_managed {
                    self.wrong(of.clone(), Wrong::WithoutCustomerKey);
                }
                if !key.works() {
                    let state = key.state.clone();
                    self.wrong(of.clone(), Wrong::KeyNotEnabled { state });
                }
            }
        }
    }

    /// Judges the key that encrypts a resource as [`Judged::key`] does, if it was seen which one that is.
    pub(super) fn encrypted(
        &mut self,
        of: &Resource,
        key: &Observed<Option<String>>,
        keys: &Keys,
        customers_own: bool,
    ) {
        if let Some(key) = self.seen(key) {
            self.key(of, key.as_deref(), keys, customers_own);
        }
    }

    /// Decides.
    pub(super) fn decision(self) -> PostureDecision {
        let region = self.region.clone();
        let (mut problems, unknown) = (self.problems, self.unknown);
        for Problem { of, .. } in &mut problems {
            if of.len() > MOST {
                of.truncate(MOST);
                of.extend(of.last().cloned().map(|last| last.renamed(&|_| MORE.to_owned())));
            }
        }
        if !problems.is_empty() {
            PostureDecision::NonCompliant(PostureViolation::Settings {
                region,
                problems,
                unknown,
            })
        } else if unknown.is_empty() {
            PostureDecision::Compliant(PostureBasis::AsAsked { region })
        } else {
            PostureDecision::Undecided(PostureGap::Settings { region, unknown })
        }
    }
}

/// Decides that the policy asks for nothing of the kind.
pub(super) fn not_asked(place: &Place<'_>) -> PostureDecision {
    PostureDecision::Compliant(PostureBasis::NotAsked {
        region: place.region.clone(),
    })
}

/// Judges each thing that was listed in a Region; where there are none, nothing can be wrong.
pub(super) fn each<'s, T>(
    listed: &'s Observed<BTreeMap<String, T>>,
    place: &Place<'_>,
    mut judge: impl FnMut(&mut Judged, &'s str, &'s T),
) -> PostureDecision {
    let mut judged = Judged::nothing_yet(place);
    let Some(listed) = judged.seen(listed) else {
        return judged.decision();
    };
    if listed.is_empty() {
        return nothing_there(place);
    }
    for (name, thing) in listed {
        judge(&mut judged, name, thing);
    }
    judged.decision()
}

/// Decides that there is nothing that could be wrong.
pub(super) fn nothing_there(place: &Place<'_>) -> PostureDecision {
    PostureDecision::Compliant(PostureBasis::NothingThere {
        region: place.region.clone(),
    })
}

/// Tells whether the policy asks for something that it may leave out.
pub(super) fn asks(place: &Place<'_>, what: impl FnOnce(&PostureRules) -> bool) -> bool {
    place.policy.posture().is_some_and(what)
}

/// Returns the decision where nobody can tell whether Bedrock is in use: only what is kept
/// everywhere is kept.
pub(super) fn without_use(decision: PostureDecision, not_observed: &NotObserved) -> PostureDecision {
    let unseen = Unknown::from(not_observed);
    match decision {
        PostureDecision::NonCompliant(PostureViolation::Settings {
            region, mut unknown, ..
        })
        | PostureDecision::Undecided(PostureGap::Settings { region, mut unknown }) => {
            unknown.insert(0, unseen);
            PostureDecision::Undecided(PostureGap::Settings { region, unknown })
        }
        kept => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::Catalogue, pattern, policy::PolicyDocument};

    /// Ten thousand roles, each with something else wrong, in a message of at most 256 KB.
    #[test]
    fn however_much_is_wrong_the_finding_can_be_sent() {
        let account = "111122223333".parse().unwrap();
        let policy =
            r#"{"version": 1, "regions": {"source": ["*"], "destination": ["*"]}, "profiles": {"global": "allow"}}"#;
        let policy = PolicyDocument::parse(policy.as_bytes()).unwrap();
        let policy = policy.for_account(&account, None).unwrap();
        let (catalogue, region) = (Catalogue::embedded().unwrap(), "eu-west-1".parse::<Region>().unwrap());
        let compiled = pattern::compile(&policy, &catalogue, Some(&account));
        let hub = crate::posture::Hub {
            account: account.clone(),
            home: region.clone(),
            organization: None,
        };
        let place = Place {
            account: &account,
            region: &region,
            in_use: &Ok(crate::posture::Use::Counted),
            policy: &policy,
            catalogue: &catalogue,
            hub: &hub,
            compiled: compiled.as_ref(),
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let mut judged = Judged::nothing_yet(&place);
        for n in 0..10_000 {
            let role = || Resource::Principal(format!("arn:aws:iam::111122223333:role/{n:0500}"));
            judged.wrong(role(), Wrong::NeverExpires);
            let policy = format!("{n:0500}");
            judged.wrong(role(), Wrong::InvokesEverything { policy });
            judged.unknown(&NotObserved::new("x:Y", &format!("{n:0400}")));
        }
        let decision = judged.decision();
        assert!(serde_json::to_string(&decision).unwrap().len() < 64 * 1024);
        let text = decision.to_string();
        assert!(text.contains("principal …: does not expire"), "{text}");
    }
}
