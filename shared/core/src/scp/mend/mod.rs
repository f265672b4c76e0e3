//! Mend: what would make a failing call work, what each way opens, and the least change of the statement that
//! denies it.
//!
//! A deny anywhere above the account denies, so that a policy beside it never lifts it: the statement itself has
//! to change
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
//! Nothing is shown that was not evaluated again.

mod close;
mod edit;
mod note;
mod probes;
mod remedy;
mod statement;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use close::{Closing, close};
use edit::{Denying, Form, Need};
pub use note::{Cannot, Note};
pub use probes::Permit;
use probes::Probes;
pub use remedy::{PolicyChange, Remedy, RemedyKind};
use serde_json::Value;

use super::{
    Effect, NotAnAction, Policy, PolicyError, Truth,
    organization::{Chain, Exemption, Scp},
    reach::{Caller, INVOKE, Reach, Resource, Target, Verdict, evaluations},
};
use crate::{catalog::Catalogue, region::SourceRegion};

/// A call that should work, and all that is to be known about it.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The call.
    pub target: &'a Target,
    /// The policies above the account.
    pub chain: &'a Chain,
    /// Who calls.
    pub caller: &'a Caller,
    /// What profiles there are.
    pub catalogue: &'a Catalogue,
    /// The source Regions from which other profiles are tried, to see what else would be let through. The
    /// target's own is always one.
    pub sources: &'a [SourceRegion],
    /// The models that the source Region serves without a profile (`ListFoundationModels` with the inference
    /// type `ON_DEMAND`), where they are known.
    pub on_demand: Option<&'a [String]>,
    /// How many characters a policy may have: read it from Service Quotas. It was 5,120 until May 2026, and
    /// is 10,240 since
    /// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
    pub quota: usize,
}

/// Tells why nothing could be proposed.
#[derive(Debug, thiserror::Error)]
pub enum MendError {
    /// An action is none.
    #[error("an action of the calls could not be read")]
    Action(#[from] NotAnAction),
    /// A policy could not be read after it was changed.
    #[error("a policy could not be read after it was changed")]
    Policy(#[from] PolicyError),
}

/// Returns the remedies for a call through a profile that fails, the narrowest first; none if it does not fail.
///
/// ```
/// use crisguard_core::{
///     catalog::Catalogue,
///     region::SourceRegion,
///     scp::{mend::{RemedyKind, Wish, remedies}, organization::{Chain, Scp}, reach::{Caller, Principal, Target}},
/// };
/// let json = br#"{"Version": "2012-10-17", "Statement": {"Sid": "Regions", "Effect": "Deny", "NotAction": "iam:*",
///     "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}"#;
/// let chain = Chain::of_files([("ou".to_owned(), Scp::parse("scp.json", json)?)])?;
/// let (tokyo, catalogue) = (SourceRegion("ap-northeast-1".parse()?), Catalogue::embedded()?);
/// let target = Target::profile("jp.anthropic.claude-sonnet-4-5-20250929-v1:0", &tokyo, &catalogue).unwrap();
/// let caller = Caller::new("111122223333".parse()?, &Principal::Ordinary);
/// let wish = Wish {
///     target: &target, chain: &chain, caller: &caller, catalogue: &catalogue, sources: &[], on_demand: None, quota: 5_120,
/// };
/// let narrowest = &remedies(&wish)?[0];
/// assert_eq!((narrowest.remedy, narrowest.works), (RemedyKind::ExemptProfile, Some(true)));
/// assert_eq!(narrowest.newly_permits[0].regions, ["ap-northeast-3"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Fails if a policy cannot be read after it was changed, which would be an error of this program.
pub fn remedies(wish: &Wish<'_>) -> Result<Vec<Remedy>, MendError> {
    let Some((mut trial, obstacles, need)) = Trial::of(wish)? else {
        return Ok(Vec::new());
    };
    Ok(vec![
        trial.exempt_profile(&obstacles, &need)?,
        trial.changed(
            RemedyKind::ExemptBedrock,
            &obstacles,
            edit::exempt_calls,
            edit::allow_calls,
        )?,
        trial.changed(RemedyKind::WidenRegions, &obstacles, edit::widen, |document| {
            edit::allow_regions(document, &need)
        })?,
        trial.without_profile(&need)?,
        trial.leave()?,
    ])
}

/// Returns the narrowest of the remedies alone; `None` where there are none.
///
/// # Errors
///
/// Fails as [`remedies`] does.
pub fn narrowest(wish: &Wish<'_>) -> Result<Option<Remedy>, MendError> {
    let Some((mut trial, obstacles, need)) = Trial::of(wish)? else {
        return Ok(None);
    };
    trial.exempt_profile(&obstacles, &need).map(Some)
}

/// Returns what policies let through that others in their place do not, and what they deny: tried with every profile
/// from the source Regions of the targets, and with what each target's profile could do.
///
/// # Errors
///
/// Never: the actions of calls are part of this program.
pub fn differences(
    targets: &[&Target],
    before: &Chain,
    after: &Chain,
    caller: &Caller,
    catalogue: &Catalogue,
) -> Result<(Vec<Permit>, Vec<Permit>), MendError> {
    let needs: Vec<(&Target, Need)> = targets
        .iter()
        .filter_map(|target| Some((*target, Need::of(target)?)))
        .collect();
    let sources = needs.iter().map(|(target, _)| target.source.clone()).collect();
    let probes = Probes::new(&needs, &sources, caller, catalogue)?;
    Ok(probes.differences(&mut probes.judgements(), caller, before, after))
}

impl Wish<'_> {
    fn verdict(&self, chain: &Chain) -> Result<Verdict, NotAnAction> {
        verdict(self.target, chain, self.caller)
    }
}

fn verdict(target: &Target, chain: &Chain, caller: &Caller) -> Result<Verdict, NotAnAction> {
    let reach = Reach::of_account(chain, caller, vec![target.clone()])?;
    let verdict = reach.verdicts(caller.account()).next();
    Ok(verdict.map_or(Verdict::Works, |(_, verdict)| verdict.clone()))
}

/// What stands in the way of a call.
struct Obstacles {
    /// By policy, the statements that deny something of it.
    denying: BTreeMap<String, Vec<Denying>>,
    /// The policies of levels that allow something of it nowhere: of each level one that is an allow-list, if
    /// any is.
    lacking: Vec<Result<String, Cannot>>,
    documents: BTreeMap<String, Value>,
}

impl Obstacles {
    fn of(wish: &Wish<'_>) -> Result<Self, NotAnAction> {
        let mut obstacles = Self {
            denying: BTreeMap::new(),
            lacking: Vec::new(),
            documents: BTreeMap::new(),
        };
        let caller = wish.caller.in_partition(wish.target.source.0.partition());
        for name in INVOKE {
            for evaluation in evaluations(wish.target, &caller, &name.parse()?) {
                for level in wish.chain.levels() {
                    let allows = |scp: &Arc<Scp>| {
                        scp.policy()
                            .matching(Effect::Allow, &evaluation.request)
                            .next()
                            .is_some()
                    };
                    if !level.policies().iter().any(allows) {
                        obstacles.lack(level.policies(), level.name());
                    }
                    for scp in level.policies() {
                        for (statement, matches) in scp.policy().matching(Effect::Deny, &evaluation.request) {
                            if matches == Truth::True {
                                obstacles.deny(scp, statement.index(), evaluation.resource, &evaluation.region);
                            }
                        }
                    }
                }
            }
        }
        Ok(obstacles)
    }

    fn deny(&mut self, scp: &Scp, statement: usize, resource: Resource, region: &str) {
        let document = scp.policy().document();
        self.documents
            .entry(scp.name().to_owned())
            .or_insert_with(|| document.clone());
        let all = self.denying.entry(scp.name().to_owned()).or_default();
        let place = all
            .iter()
            .position(|denying| denying.statement == statement)
            .unwrap_or_else(|| {
                all.push(Denying {
                    statement,
                    regions: Vec::new(),
                    profile: false,
                    model: false,
                });
                all.len() - 1
            });
        if let Some(denying) = all.get_mut(place) {
            denying.profile |= resource == Resource::Profile;
            denying.model |= resource == Resource::FoundationModel;
            if !denying.regions.iter().any(|known| known == region) {
                denying.regions.push(region.to_owned());
            }
        }
    }

    fn lack(&mut self, policies: &[Arc<Scp>], level: &str) {
        let lists = policies.iter().find(|scp| {
            scp.policy()
                .statements()
                .iter()
                .any(|one| one.effect() == Effect::Allow)
        });
        let lacking = match lists {
            Some(scp) => {
                let document = scp.policy().document();
                self.documents
                    .entry(scp.name().to_owned())
                    .or_insert_with(|| document.clone());
                Ok(scp.name().to_owned())
            }
            None => Err(Cannot::NothingAllowed {
                level: level.to_owned(),
            }),
        };
        if !self.lacking.contains(&lacking) {
            self.lacking.push(lacking);
        }
    }

    fn opened_besides(&self, need: &Need) -> Option<Permit> {
        let each = self
            .denying
            .iter()
            .filter_map(|(name, denying)| Some((self.documents.get(name)?, denying)));
        let actions: Vec<String> = each
            .flat_map(|(document, denying)| edit::opened_besides(document, denying, need))
            .collect();
        (!actions.is_empty()).then(|| Permit {
            actions,
            resource: "profile".to_owned(),
            regions: vec![need.source.clone()],
            through: Vec::new(),
        })
    }

    /// Returns the documents after both kinds of obstacles were changed.
    fn changed(
        &self,
        deny: impl Fn(&Value, &[Denying]) -> Result<Value, Cannot>,
        allow: impl Fn(&Value) -> Result<Value, Cannot>,
    ) -> Result<BTreeMap<String, Value>, Cannot> {
        let mut changed: BTreeMap<String, Value> = BTreeMap::new();
        for (name, denying) in &self.denying {
            let document = self.documents.get(name).ok_or(Cannot::NoPolicy)?;
            changed.insert(name.clone(), deny(document, denying).map_err(|why| why.of(name))?);
        }
        for name in &self.lacking {
            let name = name.clone()?;
            let document = changed.get(&name).or_else(|| self.documents.get(&name));
            let document = allow(document.ok_or(Cannot::NoPolicy)?).map_err(|why| why.of(&name))?;
            changed.insert(name, document);
        }
        Ok(changed)
    }
}

struct Trial<'w> {
    wish: &'w Wish<'w>,
    probes: Probes,
    judgements: super::reach::Judgements,
}

impl<'w> Trial<'w> {
    /// Prepares what is tried with each remedy; `None` where the call does not fail, or is not through a profile.
    fn of(wish: &'w Wish<'w>) -> Result<Option<(Self, Obstacles, Need)>, MendError> {
        let Some(need) = Need::of(wish.target) else {
            return Ok(None);
        };
        if !matches!(wish.verdict(wish.chain)?, Verdict::Fails(_)) {
            return Ok(None);
        }
        let obstacles = Obstacles::of(wish)?;
        let mut sources: BTreeSet<SourceRegion> = wish.sources.iter().cloned().collect();
        sources.insert(wish.target.source.clone());
        let probes = Probes::new(&[(wish.target, need.clone())], &sources, wish.caller, wish.catalogue)?;
        let trial = Self {
            wish,
            judgements: probes.judgements(),
            probes,
        };
        Ok(Some((trial, obstacles, need)))
    }

    /// Splits the statement, or else changes it in place: the first form that works, closes nothing and is not
    /// too long. Of two that are not, the reason of the latter is told, which is possible more often.
    fn exempt_profile(&mut self, obstacles: &Obstacles, need: &Need) -> Result<Remedy, MendError> {
        let split = self.in_form(Form::Split, obstacles, need)?;
        let done = split.cannot.is_none() && split.works == Some(true) && split.newly_denies.is_empty();
        let mut remedy = if done {
            split
        } else {
            let mut in_place = self.in_form(Form::InPlace, obstacles, need)?;
            in_place.newly_permits.extend(obstacles.opened_besides(need));
            in_place
        };
        if obstacles.denying.values().flatten().any(|denying| denying.profile) {
            let source = self.wish.target.source.clone();
            remedy.notes.push(Note::CallableToo { source });
        }
        Ok(remedy)
    }

    fn in_form(&mut self, form: Form, obstacles: &Obstacles, need: &Need) -> Result<Remedy, MendError> {
        self.changed(
            RemedyKind::ExemptProfile,
            obstacles,
            |document, denying| edit::exempt_profile(document, denying, need, form),
            |document| edit::allow_profile(document, need),
        )
    }

    fn changed(
        &mut self,
        kind: RemedyKind,
        obstacles: &Obstacles,
        deny: impl Fn(&Value, &[Denying]) -> Result<Value, Cannot>,
        allow: impl Fn(&Value) -> Result<Value, Cannot>,
    ) -> Result<Remedy, MendError> {
        let documents = match obstacles.changed(deny, allow) {
            Ok(documents) => documents,
            Err(why) => return Ok(Remedy::cannot(kind, why)),
        };
        let mut chain = self.wish.chain.clone();
        let mut changes = Vec::new();
        let mut too_long = None;
        for (name, document) in documents {
            let before = obstacles.documents.get(&name).unwrap_or(&Value::Null);
            let policy = Policy::from_document(document.clone())?;
            let (size, quota) = (policy.size().minified, self.wish.quota);
            if size > quota {
                let policy = name.clone();
                too_long = Some(Cannot::TooLong { policy, size, quota });
            }
            changes.push(PolicyChange {
                policy: name.clone(),
                diff: serde_json::to_value(json_patch::diff(before, &document)).unwrap_or(Value::Null),
                document,
                size,
                quota,
            });
            chain = chain.with(&name, &Arc::new(Scp::new(&name, policy)));
        }
        let mut remedy = self.tried(kind, &chain)?;
        if changes.iter().any(|change| is_managed(&change.document)) {
            remedy.notes.push(Note::ManagedByControlTower);
        }
        remedy.cannot = too_long;
        remedy.changes = changes;
        Ok(remedy)
    }

    fn tried(&mut self, kind: RemedyKind, chain: &Chain) -> Result<Remedy, MendError> {
        let verdict = self.wish.verdict(chain)?;
        let (newly_permits, newly_denies) =
            self.probes
                .differences(&mut self.judgements, self.wish.caller, self.wish.chain, chain);
        let works = verdict.works();
        Ok(Remedy {
            works: Some(works),
            newly_permits,
            newly_denies,
            notes: if works {
                Vec::new()
            } else {
                vec![Note::Afterwards(verdict)]
            },
            ..Remedy::nothing(kind)
        })
    }

    fn without_profile(&self, need: &Need) -> Result<Remedy, MendError> {
        let Wish {
            target,
            chain,
            caller,
            on_demand,
            ..
        } = self.wish;
        let direct = verdict(&Target::model(&need.model, &target.source), chain, caller)?;
        let mut remedy = Remedy::nothing(RemedyKind::ModelsWithoutProfile);
        remedy.works = Some(direct.works());
        if !direct.works() {
            let source = target.source.clone();
            remedy.cannot = Some(Cannot::DirectCall {
                source,
                verdict: direct,
            });
        }
        match on_demand {
            Some(models) => remedy.models = models.to_vec(),
            None => remedy.notes.push(Note::OnDemandModels {
                source: target.source.clone(),
            }),
        }
        Ok(remedy)
    }

    fn leave(&mut self) -> Result<Remedy, MendError> {
        if self.wish.chain.exempt() == Some(Exemption::ManagementAccount) {
            return Ok(Remedy::nothing(RemedyKind::LeaveGovernance));
        }
        self.tried(RemedyKind::LeaveGovernance, &Chain::of_files([])?)
    }
}

impl Remedy {
    const fn nothing(remedy: RemedyKind) -> Self {
        Self {
            remedy,
            works: None,
            changes: Vec::new(),
            newly_permits: Vec::new(),
            newly_denies: Vec::new(),
            models: Vec::new(),
            cannot: None,
            notes: Vec::new(),
        }
    }

    fn cannot(remedy: RemedyKind, why: Cannot) -> Self {
        Self {
            cannot: Some(why),
            ..Self::nothing(remedy)
        }
    }
}

/// Tells whether Control Tower manages a policy: its statements have names of its own.
#[must_use]
pub fn is_managed(document: &Value) -> bool {
    let text = document.to_string();
    ["GRREGIONDENY", "CTMULTISERVICEPV1"]
        .iter()
        .any(|sid| text.contains(sid))
}
