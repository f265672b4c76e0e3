//! What policies say of the evaluation that a message names.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{DeniedMessage, DeniedResource};
use crate::{
    arn::Arn,
    cloudtrail::BlockedRegion,
    region::SourceRegion,
    scp::{
        Action, Context, Denial, DenialKind, Judged, Matched, Outcome, Request, Value, levels,
        organization::{Chain, Exemption},
        reach::{Caller, DeniedBy, Denier, INVOKE, Place, Resource, Target, evaluations},
    },
};

/// What policies say of the evaluation that a message names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum UnderPolicies {
    /// They deny it; where it depends on the profile that was called, for one of those that are known.
    Denied {
        /// By what.
        by: Vec<DeniedHere>,
    },
    /// They let it through.
    Allowed,
    /// It depends on what the message does not tell.
    Undecided {
        /// What may deny it.
        by: Vec<DeniedHere>,
        /// The condition keys that would tell, in lower case and sorted.
        depends_on: Vec<Arc<str>>,
    },
    /// None of them applies.
    Exempt {
        /// Why.
        why: Exemption,
    },
    /// It cannot be evaluated.
    NotEvaluated {
        /// Why.
        why: NotEvaluated,
    },
}

/// Why what a message tells cannot be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotEvaluated {
    /// It names no action.
    NoAction,
    /// It names no resource, or none that can be read.
    NoResource,
}

/// What denies the evaluation, or may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct DeniedHere {
    /// `foundation-model`, `profile` or `guardrail-profile`, as reach has them, or `other`.
    pub resource: &'static str,
    /// The Region, or `unspecified`; `null` where neither the message nor anybody tells it.
    pub region: Option<String>,
    /// The policy's id, or the file that it is in; of an implicit deny, every policy of the level.
    pub policy: Arc<str>,
    /// The statement's Sid, or its index from 0; `null` for an implicit deny.
    pub statement: Option<Arc<str>>,
    /// Whether a statement denies it, or no statement of the level allows it.
    pub kind: DeniedBy,
    /// The level that the policy is attached to: the root, a unit or the account.
    pub level: Arc<str>,
}

impl DeniedMessage {
    /// Judges the evaluation that the message names, whatever its action is. `calls` are those that can have
    /// ended in it, `source` is the Region that was called, where it is known.
    ///
    /// The message does not name the profile, so that each of the calls is tried, and one through a profile that
    /// nobody knows; what is not known of other condition keys stays open.
    ///
    /// ```
    /// use crisguard_core::scp::{denied::{DeniedMessage, UnderPolicies}, organization::{Chain, Scp}, reach::{Caller, Principal}};
    /// let message = DeniedMessage::parse("User: arn:aws:iam::111122223333:user/a is not authorized to perform:
    ///     ec2:RunInstances on resource: arn:aws:ec2:us-east-2:111122223333:instance/* with an explicit deny in a
    ///     service control policy").unwrap();
    /// let json = br#"{"Version": "2012-10-17", "Statement": {"Sid": "Regions", "Effect": "Deny", "Action": "*",
    ///     "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}"#;
    /// let chain = Chain::of_files([("ou".to_owned(), Scp::parse("scp.json", json)?)])?;
    /// let caller = Caller::new("111122223333".parse()?, &Principal::Ordinary);
    /// let UnderPolicies::Denied { by } = message.judge(&[], None, &chain, &caller) else {
    ///     panic!("the Region is denied");
    /// };
    /// assert_eq!(by[0].statement.as_deref(), Some("Regions"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn judge(
        &self,
        calls: &[Target],
        source: Option<&SourceRegion>,
        chain: &Chain,
        caller: &Caller,
    ) -> UnderPolicies {
        let why = |why| UnderPolicies::NotEvaluated { why };
        let Some(action) = self.action.as_deref().and_then(|action| action.parse::<Action>().ok()) else {
            return why(NotEvaluated::NoAction);
        };
        let Some((resource, arn)) = self
            .resource
            .as_ref()
            .and_then(|resource| Some((resource, resource.arn(caller)?)))
        else {
            return why(NotEvaluated::NoResource);
        };
        let service_linked = caller.is_service_linked().then_some(Exemption::ServiceLinkedRole);
        if let Some(why) = chain.exempt().or(service_linked) {
            return UnderPolicies::Exempt { why };
        }
        let region = resource.region().map(str::to_owned);
        let region = region.or_else(|| source.map(|source| source.0.to_string()));
        let context = context(&action, resource, region.as_deref(), caller);
        let mut requests = vec![Request::new(action.clone(), arn, context)];
        requests.extend(as_called(&action, resource, calls, caller));
        Asked {
            resource: resource.name(),
            region,
            chain,
        }
        .come_to(&requests)
    }
}

/// Returns what is known of the evaluation, whichever profile was called.
fn context(action: &Action, resource: &DeniedResource, region: Option<&str>, caller: &Caller) -> Context {
    let mut context = caller.context().clone();
    if let Some(region) = region {
        context.set("aws:RequestedRegion", Value::known(region));
    }
    let of_profile = resource.is_a(Resource::Profile);
    // Of batch jobs it is not documented whether they have the key.
    let batch = action.service() == "bedrock" && action.name() == "createmodelinvocationjob";
    if of_profile {
        context.set("bedrock:InferenceProfileArn", Value::Absent);
    } else if batch {
        context.set("bedrock:InferenceProfileArn", Value::Unknown);
    }
    context
}

/// Returns the same evaluation as each of the calls makes it.
fn as_called<'a>(
    action: &'a Action,
    resource: &'a DeniedResource,
    calls: &'a [Target],
    caller: &'a Caller,
) -> impl Iterator<Item = Request> + 'a {
    let invokes = INVOKE
        .iter()
        .any(|name| name.parse::<Action>().is_ok_and(|name| name == *action));
    let calls = calls
        .iter()
        .filter(move |call| invokes && resource.is_asked_by(&call.call));
    calls
        .flat_map(move |call| evaluations(call, caller, action))
        .filter(move |asked| resource.is_a(asked.resource) && resource.region() == Some(&*asked.region))
        .map(|asked| asked.request)
}

struct Asked<'a> {
    resource: &'static str,
    region: Option<String>,
    chain: &'a Chain,
}

impl Asked<'_> {
    /// Puts together what comes of the same evaluation as different calls make it.
    fn come_to(&self, requests: &[Request]) -> UnderPolicies {
        let (mut denied, mut open, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for request in requests {
            let judged = self.judged(request);
            match levels(
                judged
                    .iter()
                    .map(|level| level.iter().map(|(place, one)| (*place, one))),
            ) {
                Outcome::Allow => {}
                Outcome::Deny(denials) => denied.extend(denials.iter().map(|denial| self.here(denial))),
                Outcome::Unknown(open_keys) => {
                    keys.extend(open_keys);
                    open.extend(self.may_deny(&judged));
                }
            }
        }
        for list in [&mut denied, &mut open] {
            list.sort_unstable();
            list.dedup();
        }
        keys.sort_unstable();
        keys.dedup();
        match (denied.is_empty(), keys.is_empty()) {
            (false, _) => UnderPolicies::Denied { by: denied },
            (true, false) => UnderPolicies::Undecided {
                by: open,
                depends_on: keys,
            },
            (true, true) => UnderPolicies::Allowed,
        }
    }

    fn judged(&self, request: &Request) -> Vec<Vec<(Place, Judged)>> {
        let levels = self.chain.levels().iter().enumerate();
        let each = levels.map(|(at, level)| {
            let policies = level.policies().iter().enumerate();
            let judged = policies.map(|(place, scp)| ((at, place), scp.policy().judge(request)));
            judged.collect()
        });
        each.collect()
    }

    /// Returns what denies it if the keys that are not known have the values for that.
    fn may_deny(&self, judged: &[Vec<(Place, Judged)>]) -> Vec<DeniedHere> {
        let mut may = Vec::new();
        for (level, policies) in judged.iter().enumerate() {
            for (place, one) in policies {
                if let Matched::Unknown { statement, .. } = &one.denies {
                    may.push(self.here(&Denial {
                        kind: DenialKind::Explicit,
                        policy: Some(*place),
                        statement: Some(*statement),
                    }));
                }
            }
            if !policies.iter().any(|(_, one)| matches!(one.allows, Matched::Yes(_))) {
                may.push(self.here(&Denial {
                    kind: DenialKind::Implicit { level },
                    policy: None,
                    statement: None,
                }));
            }
        }
        may
    }

    fn here(&self, denial: &Denial<Place>) -> DeniedHere {
        let Denier {
            policy,
            statement,
            kind,
            level,
        } = Denier::of(denial, self.chain);
        DeniedHere {
            resource: self.resource,
            region: self.region.clone(),
            policy,
            statement,
            kind,
            level,
        }
    }
}

impl DeniedResource {
    /// Returns its ARN, in the caller's account where it has one; `None` if its Region cannot be read.
    fn arn(&self, caller: &Caller) -> Option<String> {
        match self {
            Self::FoundationModel { model, region } => match region {
                BlockedRegion::Region(region) => Some(format!(
                    "arn:{}:bedrock:{region}::foundation-model/{model}",
                    region.partition()
                )),
                // Only the commercial partition has global profiles.
                BlockedRegion::Unspecified => Some(format!("arn:aws:bedrock:::foundation-model/{model}")),
                BlockedRegion::NotNamed => None,
            },
            Self::Profile { id, source } => Some(format!(
                "arn:{}:bedrock:{source}:{}:inference-profile/{id}",
                source.partition(),
                caller.account()
            )),
            Self::ApplicationProfile { arn } | Self::Other { arn } => Some(arn.clone()),
        }
    }

    /// Returns the name of its kind as reach writes it.
    fn name(&self) -> &'static str {
        match self {
            Self::FoundationModel { .. } => "foundation-model",
            Self::Profile { .. } | Self::ApplicationProfile { .. } => "profile",
            Self::Other { arn } => match Arn::parse(arn).and_then(|arn| arn.typed_resource()) {
                Some(("guardrail-profile", _)) => "guardrail-profile",
                _ => "other",
            },
        }
    }
}
