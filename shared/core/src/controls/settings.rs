//! Which control decides about which settings, and where it binds.

use super::{ControlId, judged::without_use};
use crate::posture::{
    AgentPosture, Area, BatchPosture, EndpointPosture, GuardrailPosture, IdentityPosture, LoggingPosture, ModelPosture,
    Observed, Place, PostureBasis, PostureDecision, ProfilePosture, ReachPosture, RegionRules, Seen, TrailPosture, Use,
};

/// How a control decides about what was seen of its area.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decide {
    Rules(fn(&RegionRules, &Place<'_>) -> PostureDecision),
    Logging(fn(&LoggingPosture, &Place<'_>) -> PostureDecision),
    Trails(fn(&TrailPosture, &Place<'_>) -> PostureDecision),
    DataRetention(fn(&Observed<Option<String>>, &Place<'_>) -> PostureDecision),
    Guardrails(fn(&GuardrailPosture, &Place<'_>) -> PostureDecision),
    Profiles(fn(&ProfilePosture, &Place<'_>) -> PostureDecision),
    Reach(fn(&ReachPosture, &Place<'_>) -> PostureDecision),
    Models(fn(&ModelPosture, &Place<'_>) -> PostureDecision),
    Agents(fn(&AgentPosture, &Place<'_>) -> PostureDecision),
    Batches(fn(&BatchPosture, &Place<'_>) -> PostureDecision),
    Endpoints(fn(&EndpointPosture, &Place<'_>) -> PostureDecision),
    Identity(fn(&IdentityPosture, &Place<'_>) -> PostureDecision),
}

impl Decide {
    const fn area(self) -> Area {
        match self {
            Self::Rules(_) => Area::Rules,
            Self::Logging(_) => Area::Logging,
            Self::Trails(_) => Area::Trails,
            Self::DataRetention(_) => Area::DataRetention,
            Self::Guardrails(_) => Area::Guardrails,
            Self::Profiles(_) => Area::Profiles,
            Self::Reach(_) => Area::Reach,
            Self::Models(_) => Area::Models,
            Self::Agents(_) => Area::Agents,
            Self::Batches(_) => Area::Batches,
            Self::Endpoints(_) => Area::Endpoints,
            Self::Identity(_) => Area::Identity,
        }
    }

    /// Decides, if `seen` is of the control's area.
    fn about(self, seen: &Seen, place: &Place<'_>) -> Option<PostureDecision> {
        Some(match (self, seen) {
            (Self::Rules(decide), Seen::Rules(seen)) => decide(seen, place),
            (Self::Logging(decide), Seen::Logging(seen)) => decide(seen, place),
            (Self::Trails(decide), Seen::Trails(seen)) => decide(seen, place),
            (Self::DataRetention(decide), Seen::DataRetention(seen)) => decide(seen, place),
            (Self::Guardrails(decide), Seen::Guardrails(seen)) => decide(seen, place),
            (Self::Profiles(decide), Seen::Profiles(seen)) => decide(seen, place),
            (Self::Reach(decide), Seen::Reach(seen)) => decide(seen, place),
            (Self::Models(decide), Seen::Models(seen)) => decide(seen, place),
            (Self::Agents(decide), Seen::Agents(seen)) => decide(seen, place),
            (Self::Batches(decide), Seen::Batches(seen)) => decide(seen, place),
            (Self::Endpoints(decide), Seen::Endpoints(seen)) => decide(seen, place),
            (Self::Identity(decide), Seen::Identity(seen)) => decide(seen, place),
            _ => return None,
        })
    }
}

/// Where a control binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binds {
    /// In every Region that the account can use.
    Everywhere,
    /// Only where Bedrock is in use.
    InUse,
}

impl ControlId {
    /// Returns what the control decides from, if it is one on settings in [`Seen`].
    #[must_use]
    pub fn area(self) -> Option<Area> {
        let mut rows = super::ABOUT_SETTINGS.into_iter();
        rows.find_map(|(control, _, decide)| (control == self).then(|| decide.area()))
    }

    /// Returns the controls that decide from an area, in the order of reports.
    pub fn about_settings(area: Area) -> impl Iterator<Item = Self> {
        let rows = super::ABOUT_SETTINGS.into_iter();
        rows.filter_map(move |(control, _, decide)| (decide.area() == area).then_some(control))
    }
}

/// Tells whether a control that decides from an area binds only where Bedrock is in use, so that
/// somebody has to find out.
#[must_use]
pub fn binds_where_in_use(area: Area) -> bool {
    let mut rows = super::ABOUT_SETTINGS.into_iter();
    rows.any(|(_, binds, decide)| decide.area() == area && binds == Binds::InUse)
}

/// Decides every control about what was seen of one area, in the order of reports.
///
/// A control that binds only where Bedrock is in use is kept where it is not; if nobody can tell
/// whether it is, what would break the control leaves it undecided.
///
/// ```
/// use crisguard_core::{catalog::Catalogue, controls::{ControlId, assess_settings}, pattern, posture::{Hub, Place, Seen, Use}};
/// # use crisguard_core::policy::PolicyDocument;
/// # let account = "111122223333".parse().unwrap();
/// # let policy = PolicyDocument::parse(br#"{"version": 1,
/// #   "regions": {"source": ["eu-west-1"], "destination": ["eu-west-1"]}, "profiles": {"global": "deny"}}"#)
/// #   .unwrap().for_account(&account, None).unwrap();
/// let catalogue = Catalogue::embedded().unwrap();
/// let ireland = "eu-west-1".parse().unwrap();
/// let compiled = pattern::compile(&policy, &catalogue, Some(&account));
/// let hub = Hub { account: account.clone(), home: ireland, organization: None };
/// let ireland = &hub.home;
/// let place = Place {
///     account: &account,
///     region: ireland,
///     in_use: &Ok(Use::Counted),
///     policy: &policy,
///     catalogue: &catalogue,
///     hub: &hub,
///     compiled: compiled.as_ref(),
///     now: "2026-11-22T03:00:00Z".parse().unwrap(),
/// };
/// let seen = Seen::Logging(serde_json::from_str(r#"{"configuration": {"Ok": null}, "buckets": {}, "log_groups": {},
///   "keys": {}, "public_access": {"Ok": null}, "failed_deliveries": {"Ok": 0}}"#).unwrap());
/// let (control, decision) = assess_settings(&seen, &place).remove(0);
/// assert_eq!(control, ControlId::InvocationLoggingEnabled);
/// assert_eq!(decision.to_string(),
///     "settings in eu-west-1 are not as they must be (model invocation logging is off)");
/// ```
#[must_use]
pub fn assess(seen: &Seen, place: &Place<'_>) -> Vec<(ControlId, PostureDecision)> {
    let rows = super::ABOUT_SETTINGS.into_iter();
    rows.filter_map(|(control, binds, decide)| Some((control, bound(binds, decide.about(seen, place)?, place))))
        .collect()
}

fn bound(binds: Binds, decision: PostureDecision, place: &Place<'_>) -> PostureDecision {
    match (binds, place.in_use) {
        (Binds::Everywhere, _) => decision,
        (Binds::InUse, Ok(used)) if used.is_some() => decision,
        (Binds::InUse, Ok(_)) => PostureDecision::Compliant(PostureBasis::NotInUse {
            region: place.region.clone(),
            days: Use::DAYS,
        }),
        (Binds::InUse, Err(not_observed)) => without_use(decision, not_observed),
    }
}
