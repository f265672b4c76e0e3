//! Reach: what can be called under an organization's service control policies, and where that can go.
//!
//! For each account, principal, source Region and profile: what AWS evaluates ([`evaluations()`]), what the
//! policies say of it, and the [`Verdict`].

mod caller;
mod compare;
mod depends;
mod evaluations;
mod judgements;
mod report;
mod target;
#[cfg(test)]
mod tests;
mod verdict;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

pub use caller::{Caller, Principal};
pub use compare::{Change, compare};
pub use depends::{Depends, depends_by};
pub use evaluations::{Evaluation, INVOKE, Resource, UNSPECIFIED, evaluations};
use judgements::{BoundChain, Signature};
pub(crate) use judgements::{Judgements, Place};
pub use report::{AccountsReport, OrganizationReport, ProfileReport, ReachReport, leaves};
pub use target::{Call, CallKind, Target};
pub use verdict::{Denied, DeniedBy, Verdict};

use super::{
    Action, Denial, DenialKind, NotAnAction, Outcome, Request,
    organization::{Chain, Exemption, Organization},
};
use crate::account::AccountId;

/// What every account of an organization can call.
#[derive(Clone, Debug)]
pub struct Reach {
    targets: Vec<Target>,
    groups: Vec<Group>,
    verdicts: Vec<Verdict>,
}

/// Accounts of which the same verdicts hold.
#[derive(Clone, Debug)]
struct Group {
    accounts: Vec<AccountId>,
    exempt: Option<Exemption>,
    /// For each target, which of the verdicts.
    verdicts: Arc<[u32]>,
}

impl Reach {
    /// Evaluates every target for every account of an organization.
    ///
    /// # Errors
    ///
    /// Never: the actions of calls are part of this program.
    pub fn of_organization(
        organization: &Organization,
        principal: &Principal,
        targets: Vec<Target>,
    ) -> Result<Self, NotAnAction> {
        let mut run = Run::new(targets)?;
        for account in organization.accounts() {
            let Some(chain) = organization.chain(account) else {
                continue;
            };
            let path = organization.path(account);
            let mut caller = Caller::new(account.clone(), principal);
            if let Some(id) = organization.id() {
                caller = caller.in_organization(id, path.as_ref());
            }
            run.add(&chain, &caller);
        }
        Ok(run.into_reach())
    }

    /// Evaluates every target for one account.
    ///
    /// # Errors
    ///
    /// Never: the actions of calls are part of this program.
    ///
    /// ```
    /// use crisguard_core::{catalog::Catalogue, region::SourceRegion, scp::{organization::{Chain, Scp}, reach::{Caller, Principal, Reach, Target}}};
    /// let json = br#"{"Version": "2012-10-17", "Statement": {"Sid": "Regions", "Effect": "Deny", "Action": "*",
    ///     "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}"#;
    /// let chain = Chain::of_files([("ou".to_owned(), Scp::parse("scp.json", json)?)])?;
    /// let caller = Caller::new("111122223333".parse()?, &Principal::Ordinary);
    /// let tokyo = SourceRegion("ap-northeast-1".parse()?);
    /// let targets = Target::profiles("jp.anthropic.claude-sonnet-4-5*", &[tokyo], &Catalogue::embedded()?);
    /// let reach = Reach::of_account(&chain, &caller, targets)?;
    /// let (_, verdict) = reach.verdicts(caller.account()).next().unwrap();
    /// assert_eq!(verdict.to_string(),
    ///     "fails: the foundation model in ap-northeast-3 is denied by the statement Regions of scp.json at ou");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_account(chain: &Chain, caller: &Caller, targets: Vec<Target>) -> Result<Self, NotAnAction> {
        let mut run = Run::new(targets)?;
        run.add(chain, caller);
        Ok(run.into_reach())
    }

    /// Returns what was evaluated.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// Returns every account.
    pub fn accounts(&self) -> impl Iterator<Item = &AccountId> {
        self.groups.iter().flat_map(|group| &group.accounts)
    }

    /// Returns the verdict on each target for an account; nothing if the account was not evaluated.
    pub fn verdicts(&self, account: &AccountId) -> impl Iterator<Item = (&Target, &Verdict)> {
        let group = self.groups.iter().find(|group| group.accounts.contains(account));
        group.into_iter().flat_map(|group| self.of_group(group))
    }

    fn of_group<'r>(&'r self, group: &'r Group) -> impl Iterator<Item = (&'r Target, &'r Verdict)> {
        let verdicts = group.verdicts.iter();
        let verdicts = verdicts.filter_map(|verdict| self.verdicts.get(*verdict as usize));
        self.targets.iter().zip(verdicts)
    }
}

/// What an evaluation was about, beside its request.
struct Asked {
    resource: Resource,
    region: Arc<str>,
    action: &'static str,
}

struct Run {
    targets: Vec<Target>,
    actions: HashMap<&'static str, Action>,
    /// What was asked for each target, and as many requests in a row.
    asked: Vec<Vec<Asked>>,
    judgements: Judgements,
    /// Whose requests were judged last.
    account: Option<AccountId>,
    groups: Vec<Group>,
    by_signature: HashMap<(Signature, Option<Exemption>), usize>,
    verdicts: Vec<Verdict>,
    places: HashMap<Verdict, u32>,
}

impl Run {
    fn new(targets: Vec<Target>) -> Result<Self, NotAnAction> {
        let mut actions = HashMap::new();
        for name in targets.iter().flat_map(|target| target.call.actions()).copied() {
            if !actions.contains_key(name) {
                actions.insert(name, name.parse()?);
            }
        }
        Ok(Self {
            targets,
            actions,
            asked: Vec::new(),
            judgements: Judgements::new(Vec::new()),
            account: None,
            groups: Vec::new(),
            by_signature: HashMap::new(),
            verdicts: Vec::new(),
            places: HashMap::new(),
        })
    }

    fn add(&mut self, chain: &Chain, caller: &Caller) {
        // An organization is in one partition, as all that is called in it.
        let partition = self.targets.first().map_or("aws", |target| target.source.0.partition());
        let caller = &*caller.in_partition(partition);
        let account = caller.account().clone();
        let service_linked = caller.is_service_linked().then_some(Exemption::ServiceLinkedRole);
        let exempt = chain.exempt().or(service_linked);
        let bound = self.judgements.bind(chain, caller.context());
        let own = bound.is_own();
        let key = (bound.signature(), exempt);
        if !own && let Some(group) = self.by_signature.get(&key).and_then(|at| self.groups.get_mut(*at)) {
            group.accounts.push(account);
            return;
        }
        let verdicts = match exempt {
            Some(_) => vec![Verdict::Works; self.targets.len()],
            None => self.judge(chain, &bound, caller),
        };
        let verdicts = verdicts.into_iter().map(|verdict| self.intern(verdict)).collect();
        if !own {
            self.by_signature.insert(key, self.groups.len());
        }
        self.groups.push(Group {
            accounts: vec![account],
            exempt,
            verdicts,
        });
    }

    fn judge(&mut self, chain: &Chain, bound: &BoundChain, caller: &Caller) -> Vec<Verdict> {
        let judged_before = self.account.as_ref() == Some(caller.account());
        if self.account.is_none() || (bound.is_own() && !judged_before) {
            let requests = self.requests(caller);
            self.judgements.turn_to(requests);
            self.account = Some(caller.account().clone());
        }
        let outcomes = self.judgements.outcomes(bound);
        let mut request = 0..;
        let each = self.targets.iter().zip(&self.asked);
        each.map(|(target, asked)| {
            let asked = asked.iter().zip(request.by_ref());
            let asked = asked.filter_map(|(asked, request)| Some((asked, outcomes.of(request)?)));
            verdict(target, asked, chain)
        })
        .collect()
    }

    /// Returns every request that is evaluated for the caller, and keeps what each is about.
    fn requests(&mut self, caller: &Caller) -> Vec<Request> {
        let mut requests = Vec::new();
        self.asked.clear();
        for target in &self.targets {
            let mut asked = Vec::new();
            for name in target.call.actions().iter().copied() {
                let Some(action) = self.actions.get(name) else { continue };
                for evaluation in evaluations(target, caller, action) {
                    asked.push(Asked {
                        resource: evaluation.resource,
                        region: evaluation.region,
                        action: name,
                    });
                    requests.push(evaluation.request);
                }
            }
            self.asked.push(asked);
        }
        requests
    }

    fn intern(&mut self, verdict: Verdict) -> u32 {
        if let Some(place) = self.places.get(&verdict) {
            return *place;
        }
        let place = u32::try_from(self.verdicts.len()).unwrap_or(u32::MAX);
        self.verdicts.push(verdict.clone());
        self.places.insert(verdict, place);
        place
    }

    fn into_reach(self) -> Reach {
        Reach {
            targets: self.targets,
            groups: self.groups,
            verdicts: self.verdicts,
        }
    }
}

/// What nobody documents of a batch job that names an inference profile.
const BATCH: &str = "AWS does not document which resources a batch job through an inference profile is evaluated on, \
                     nor whether bedrock:InferenceProfileArn is set";

/// What nobody can evaluate.
const NOWHERE: &str = "AWS does not list the Regions in which this is evaluated";

fn verdict<'a>(
    target: &Target,
    outcomes: impl Iterator<Item = (&'a Asked, &'a Outcome<Place>)>,
    chain: &Chain,
) -> Verdict {
    let mut denied: Vec<Denied> = Vec::new();
    let mut keys: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut outcomes = outcomes.peekable();
    if outcomes.peek().is_none() {
        return Verdict::Undecided {
            keys: [].into(),
            undocumented: Some(NOWHERE),
        };
    }
    for (asked, outcome) in outcomes {
        match outcome {
            Outcome::Allow => {}
            Outcome::Unknown(open) => keys.extend(open.iter().cloned()),
            Outcome::Deny(denials) => denied.extend(denials.iter().map(|denial| denied_by(asked, denial, chain))),
        }
    }
    if !denied.is_empty() {
        return Verdict::Fails(without_action(denied, target.call.actions().len()).into());
    }
    if matches!(target.call, Call::Batch(_)) {
        return Verdict::Undecided {
            keys: keys.into_iter().collect(),
            undocumented: Some(BATCH),
        };
    }
    if keys.is_empty() {
        return Verdict::Works;
    }
    Verdict::Undecided {
        keys: keys.into_iter().collect(),
        undocumented: None,
    }
}

fn denied_by(asked: &Asked, denial: &Denial<Place>, chain: &Chain) -> Denied {
    let Denier {
        policy,
        statement,
        kind,
        level,
    } = Denier::of(denial, chain);
    Denied {
        resource: asked.resource,
        region: Arc::clone(&asked.region),
        policy,
        statement,
        kind,
        level,
        action: Some(asked.action),
    }
}

/// What denies an evaluation, as [`Denied`] names it.
pub(crate) struct Denier {
    pub(crate) policy: Arc<str>,
    pub(crate) statement: Option<Arc<str>>,
    pub(crate) kind: DeniedBy,
    pub(crate) level: Arc<str>,
}

impl Denier {
    pub(crate) fn of(denial: &Denial<Place>, chain: &Chain) -> Self {
        let at = |level: usize| chain.levels().get(level).map_or(&[][..], |level| level.policies());
        let (level, policy, statement, kind) = match denial.kind {
            DenialKind::Implicit { level } => {
                let names: Vec<&str> = at(level).iter().map(|scp| scp.name()).collect();
                (level, names.join(", ").into(), None, DeniedBy::Implicit)
            }
            DenialKind::Explicit => {
                let (level, place) = denial.policy.unwrap_or_default();
                let scp = at(level).get(place);
                let policy = scp.map_or_else(|| "".into(), |scp| scp.shared_name());
                let statement = scp.zip(denial.statement).map(|(scp, statement)| scp.label(statement));
                (level, policy, statement, DeniedBy::Explicit)
            }
        };
        Self {
            policy,
            statement,
            kind,
            level: level_name(chain, level),
        }
    }
}

/// The account's own level is called so: accounts of which the same holds are told together.
fn level_name(chain: &Chain, level: usize) -> Arc<str> {
    match chain.levels().get(level) {
        Some(at) if level + 1 < chain.levels().len() => at.shared_name(),
        _ => "account".into(),
    }
}

/// Leaves the action out where the same is denied for each of the call's actions. Sorts by resource and Region.
fn without_action(mut denied: Vec<Denied>, actions: usize) -> Vec<Denied> {
    // The action is the last that is compared: what differs in that alone stands together.
    denied.sort_unstable();
    denied.dedup();
    let together = denied.chunk_by(Denied::is_but_for_action);
    together
        .flat_map(|same| match same {
            [one, ..] if same.len() == actions => vec![Denied {
                action: None,
                ..one.clone()
            }],
            some => some.to_vec(),
        })
        .collect()
}
