//! Which evaluations AWS makes of one call
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html>).
//!
//! | call | evaluated | `aws:RequestedRegion` | `bedrock:InferenceProfileArn` |
//! |---|---|---|---|
//! | profile | the profile in the source Region | source | absent |
//! | profile | the model in the source Region | source | the profile |
//! | profile | the model in each destination Region | destination | the profile |
//! | global profile | the profile and the model in the source Region, and the model without a Region | `unspecified` | the profile |
//! | model | the model in the source Region | source | absent |
//! | guardrail | the guardrail's profile in each destination Region | destination | absent |
//! | batch | the model in the source Region; more is not documented | source | unknown |

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    caller::Caller,
    target::{Call, Target},
};
use crate::{
    catalog::Destinations,
    region::Region,
    scp::{Action, Context, Request, Value},
};

/// What `aws:RequestedRegion` has where the resource has no Region.
pub const UNSPECIFIED: &str = "unspecified";

/// The kind of resource that is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// An inference profile.
    Profile,
    /// A foundation model.
    FoundationModel,
    /// A guardrail's own profile.
    GuardrailProfile,
}

/// One evaluation of a call.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What is evaluated.
    pub resource: Resource,
    /// The Region that it is evaluated in: a name, or [`UNSPECIFIED`].
    pub region: Arc<str>,
    /// What the policies are asked.
    pub request: Request,
}

impl Call {
    /// Returns the actions that such a call needs. Of a model it is both ways to be answered: whole, and in a
    /// stream. `Converse` is authorized as `InvokeModel`
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>).
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Profile(_) | Self::Application { .. } | Self::Model(_) => &INVOKE,
            Self::Guardrail(_) => &["bedrock:ApplyGuardrail"],
            Self::Batch(_) => &["bedrock:CreateModelInvocationJob"],
        }
    }
}

/// The actions by which a model is called, the only ones that have the key `bedrock:InferenceProfileArn`
/// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>).
pub const INVOKE: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// Returns what AWS evaluates when `caller` makes a call by one of its actions.
///
/// ```
/// use crisguard_core::{catalog::Catalogue, region::SourceRegion, scp::reach::{Caller, Principal, Target, evaluations}};
/// let tokyo = SourceRegion("ap-northeast-1".parse()?);
/// let catalogue = Catalogue::embedded()?;
/// let profile = Target::profile("jp.anthropic.claude-sonnet-4-5-20250929-v1:0", &tokyo, &catalogue).unwrap();
/// let caller = Caller::new("111122223333".parse()?, &Principal::Ordinary);
/// let asked = evaluations(&profile, &caller, &"bedrock:InvokeModel".parse()?);
/// let regions: Vec<&str> = asked.iter().map(|evaluation| &*evaluation.region).collect();
/// assert_eq!(regions, ["ap-northeast-1", "ap-northeast-1", "ap-northeast-3"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn evaluations(target: &Target, caller: &Caller, action: &Action) -> Vec<Evaluation> {
    let source = &target.source.0;
    let partition = source.partition();
    let asked = Asked { caller, action };
    match &target.call {
        Call::Profile(profile) => {
            let account = caller.account();
            let arn = format!(
                "arn:{partition}:bedrock:{source}:{account}:inference-profile/{}",
                profile.id()
            );
            asked.through(&arn, profile.model(), target)
        }
        Call::Application { arn, model } => asked.through(arn, model, target),
        Call::Model(id) => vec![asked.model(source, id, Value::Absent)],
        Call::Batch(profile) => vec![asked.model(source, profile.model(), Value::Unknown)],
        Call::Guardrail(id) => {
            let regions = target.regions().into_iter().flatten();
            regions.map(|region| asked.guardrail(region, id)).collect()
        }
    }
}

struct Asked<'a> {
    caller: &'a Caller,
    action: &'a Action,
}

impl Asked<'_> {
    fn through(&self, profile: &str, model: &str, target: &Target) -> Vec<Evaluation> {
        let source = &target.source.0;
        let by = || Value::known(profile);
        let mut all = vec![
            self.evaluation(Resource::Profile, source.as_str(), profile.to_owned(), Value::Absent),
            self.model(source, model, by()),
        ];
        match &target.destinations {
            Destinations::EveryCommercialRegion => {
                let arn = format!("arn:{}:bedrock:::foundation-model/{model}", source.partition());
                all.push(self.evaluation(Resource::FoundationModel, UNSPECIFIED, arn, by()));
            }
            Destinations::Regions(regions) => {
                let others = regions.iter().filter(|region| *region != source);
                all.extend(others.map(|region| self.model(region, model, by())));
            }
        }
        all
    }

    fn model(&self, region: &Region, model: &str, profile: Value) -> Evaluation {
        let arn = format!("arn:{}:bedrock:{region}::foundation-model/{model}", region.partition());
        self.evaluation(Resource::FoundationModel, region.as_str(), arn, profile)
    }

    fn guardrail(&self, region: &Region, id: &str) -> Evaluation {
        let (partition, account) = (region.partition(), self.caller.account());
        let arn = format!("arn:{partition}:bedrock:{region}:{account}:guardrail-profile/{id}");
        self.evaluation(Resource::GuardrailProfile, region.as_str(), arn, Value::Absent)
    }

    fn evaluation(&self, resource: Resource, region: &str, arn: String, profile: Value) -> Evaluation {
        let mut context: Context = self.caller.context().clone();
        context.set("aws:RequestedRegion", Value::known(region));
        context.set("bedrock:InferenceProfileArn", profile);
        Evaluation {
            resource,
            region: region.into(),
            request: Request::new(self.action.clone(), arn, context),
        }
    }
}
