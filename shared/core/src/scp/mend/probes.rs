//! Requests by which two sets of policies are told apart.

use std::{cmp::Ordering, collections::BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::edit::Need;
use crate::{
    catalog::Catalogue,
    region::{Region, SourceRegion},
    scp::{
        NotAnAction, Outcome, Request, Value,
        organization::Chain,
        reach::{Caller, INVOKE, Judgements, Resource, Target, UNSPECIFIED, evaluations},
    },
};

/// What a change lets through or no longer lets through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Permit {
    /// The actions; a pattern stands for every action that matches.
    pub actions: Vec<String>,
    /// On what: `profile`, `foundation-model`, or `*` for anything else.
    pub resource: String,
    /// In which Regions; `unspecified` is the global destination.
    pub regions: Vec<String>,
    /// Through which profiles; none for calls that name no profile.
    pub through: Vec<String>,
}

/// Requests of many kinds, from some source Regions.
pub(super) struct Probes {
    partition: &'static str,
    asked: Vec<Asked>,
    requests: Vec<Request>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    action: &'static str,
    resource: &'static str,
    region: String,
    through: Option<String>,
}

/// Actions of other kinds than calls of models, most of them of Bedrock, each with what it is done to: what an ARN
/// has after the account, or nothing where the action has no resource.
const OTHERS: [(&str, &str); 24] = [
    ("bedrock:ApplyGuardrail", "guardrail/a1b2c3d4e5f6"),
    ("bedrock:CallWithBearerToken", ""),
    ("bedrock:CreateAgent", ""),
    ("bedrock:CreateGuardrail", ""),
    (
        "bedrock:CreateInferenceProfile",
        "application-inference-profile/a1b2c3d4e5f6",
    ),
    ("bedrock:CreateModelCustomizationJob", "custom-model/a"),
    ("bedrock:CreateModelInvocationJob", "model-invocation-job/a1b2c3d4e5f6"),
    ("bedrock:GetFoundationModel", "custom-model/a"),
    ("bedrock:InvokeAgent", "agent-alias/A1B2C3D4E5/F6G7H8I9J0"),
    (
        "bedrock:InvokeDataAutomationAsync",
        "data-automation-profile/us.data-automation-v1",
    ),
    ("bedrock:InvokeFlow", "flow/A1B2C3D4E5/alias/F6G7H8I9J0"),
    (
        "bedrock:InvokeModelWithBidirectionalStream",
        "async-invoke/a1b2c3d4e5f6",
    ),
    ("bedrock:ListFoundationModels", ""),
    ("bedrock:PutModelInvocationLoggingConfiguration", ""),
    ("bedrock:Retrieve", "knowledge-base/A1B2C3D4E5"),
    ("bedrock-mantle:CreateInference", "project/default"),
    ("dynamodb:CreateTable", "table/a"),
    ("ec2:RunInstances", "instance/i-0a1b2c3d4e5f60718"),
    ("iam:CreateRole", ""),
    ("kms:CreateKey", ""),
    ("lambda:CreateFunction", "function:a"),
    ("rds:CreateDBInstance", "db:a"),
    ("s3:CreateBucket", ""),
    ("sagemaker:CreateEndpoint", "endpoint/a"),
];

/// Actions on an inference profile that call no model.
const ON_PROFILES: [&str; 3] = [
    "bedrock:DeleteInferenceProfile",
    "bedrock:GetInferenceProfile",
    "bedrock:TagResource",
];

impl Probes {
    /// Makes every request of every profile from each of the sources; calls of the targets' models and of another
    /// one in each Region, directly and through the target; and other actions in each Region.
    pub(super) fn new(
        needs: &[(&Target, Need)],
        sources: &BTreeSet<SourceRegion>,
        caller: &Caller,
        catalogue: &Catalogue,
    ) -> Result<Self, NotAnAction> {
        let partition = needs.first().map_or("aws", |(_, need)| need.partition);
        let caller = &*caller.in_partition(partition);
        let mut probes = Self {
            partition,
            asked: Vec::new(),
            requests: Vec::new(),
        };
        let sources: Vec<SourceRegion> = sources.iter().cloned().collect();
        let mut targets = Target::profiles("*", &sources, catalogue);
        for (target, _) in needs {
            if !targets.contains(target) {
                targets.push((*target).clone());
            }
        }
        for other in &targets {
            for action in INVOKE {
                for evaluation in evaluations(other, caller, &action.parse()?) {
                    let resource = kind(evaluation.resource);
                    let through = Some(other.call.name().to_owned());
                    probes.push(action, resource, &evaluation.region, through, evaluation.request);
                }
            }
        }
        let mut models: BTreeSet<&str> = needs.iter().map(|(_, need)| need.model.as_str()).collect();
        models.insert("amazon.nova-lite-v1:0");
        for region in regions(catalogue) {
            for action in INVOKE {
                for model in &models {
                    let arn = format!("arn:{}:bedrock:{region}::foundation-model/{model}", region.partition());
                    probes.ask(caller, action, "foundation-model", region.as_str(), arn, None)?;
                }
            }
            for (action, resource) in OTHERS {
                let arn = other(action, resource, &region, caller);
                probes.ask(caller, action, "*", region.as_str(), arn, None)?;
            }
        }
        for (target, need) in needs {
            probes.ask_of(target, need, caller, catalogue)?;
        }
        Ok(probes)
    }

    /// Asks for what a target's profile could do beyond its own Regions.
    fn ask_of(
        &mut self,
        target: &Target,
        need: &Need,
        caller: &Caller,
        catalogue: &Catalogue,
    ) -> Result<(), NotAnAction> {
        let profile = need.profile.replacen(":*:", &format!(":{}:", caller.account()), 1);
        let (name, model, partition) = (target.call.name(), &need.model, self.partition);
        for region in regions(catalogue) {
            for action in INVOKE {
                let arn = format!("arn:{}:bedrock:{region}::foundation-model/{model}", region.partition());
                let through = Some((name, profile.as_str()));
                self.ask(caller, action, "foundation-model", region.as_str(), arn, through)?;
            }
        }
        for action in ON_PROFILES {
            let region = target.source.0.as_str();
            self.ask(caller, action, "profile", region, profile.clone(), None)?;
        }
        for action in INVOKE {
            let arn = format!("arn:{partition}:bedrock:::foundation-model/{model}");
            let through = Some((name, profile.as_str()));
            self.ask(caller, action, "foundation-model", UNSPECIFIED, arn, through)?;
        }
        Ok(())
    }

    fn ask(
        &mut self,
        caller: &Caller,
        action: &'static str,
        resource: &'static str,
        region: &str,
        arn: String,
        through: Option<(&str, &str)>,
    ) -> Result<(), NotAnAction> {
        let mut context = caller.context().clone();
        context.set("aws:RequestedRegion", Value::known(region));
        let profile = through.map_or(Value::Absent, |(_, arn)| Value::known(arn));
        context.set("bedrock:InferenceProfileArn", profile);
        let request = Request::new(action.parse()?, arn, context);
        self.push(
            action,
            resource,
            region,
            through.map(|(name, _)| name.to_owned()),
            request,
        );
        Ok(())
    }

    fn push(
        &mut self,
        action: &'static str,
        resource: &'static str,
        region: &str,
        through: Option<String>,
        request: Request,
    ) {
        self.asked.push(Asked {
            action,
            resource,
            region: region.to_owned(),
            through,
        });
        self.requests.push(request);
    }

    /// Makes ready to judge them.
    pub(super) fn judgements(&self) -> Judgements {
        Judgements::new(self.requests.clone())
    }

    /// Returns what is freer after than before, and what is less: what may have been denied and is let through is
    /// opened, too.
    pub(super) fn differences(
        &self,
        judgements: &mut Judgements,
        caller: &Caller,
        before: &Chain,
        after: &Chain,
    ) -> (Vec<Permit>, Vec<Permit>) {
        let caller = caller.in_partition(self.partition);
        let mut outcomes = |chain: &Chain| {
            let bound = judgements.bind(chain, caller.context());
            judgements.outcomes(&bound)
        };
        let (before, after) = (outcomes(before), outcomes(after));
        let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
        for (place, asked) in self.asked.iter().enumerate() {
            let (Some(before), Some(after)) = (before.of(place), after.of(place)) else {
                continue;
            };
            match freedom(after).cmp(&freedom(before)) {
                Ordering::Greater => opened.insert(asked),
                Ordering::Less => closed.insert(asked),
                Ordering::Equal => false,
            };
        }
        (together(&opened), together(&closed))
    }
}

/// Returns what an action is done to in a Region.
fn other(action: &str, resource: &str, region: &Region, caller: &Caller) -> String {
    let service = action.split(':').next().unwrap_or_default();
    match resource {
        "" => "*".to_owned(),
        _ => format!(
            "arn:{}:{service}:{region}:{}:{resource}",
            region.partition(),
            caller.account()
        ),
    }
}

/// Tells how free a request is: denied, perhaps let through, or surely.
const fn freedom<P>(outcome: &Outcome<P>) -> u8 {
    match outcome {
        Outcome::Deny(_) => 0,
        Outcome::Unknown(_) => 1,
        Outcome::Allow => 2,
    }
}

const fn kind(resource: Resource) -> &'static str {
    match resource {
        Resource::Profile => "profile",
        Resource::FoundationModel => "foundation-model",
        Resource::GuardrailProfile => "*",
    }
}

/// Returns every Region from which a profile starts or that it reaches.
fn regions(catalogue: &Catalogue) -> BTreeSet<Region> {
    let mut regions = BTreeSet::new();
    for (_, sources) in catalogue.profiles() {
        for (source, destinations) in sources {
            regions.insert(source.clone());
            if let crate::catalog::Destinations::Regions(destinations) = destinations {
                regions.extend(destinations.iter().cloned());
            }
        }
    }
    regions
}

/// Puts together what differs in the Region alone, then in the action, then in the profile.
fn together(asked: &BTreeSet<&Asked>) -> Vec<Permit> {
    let mut permits: Vec<Permit> = Vec::new();
    let add = |all: &mut Vec<Permit>, one: Permit, same: fn(&Permit, &Permit) -> bool| match all
        .iter_mut()
        .find(|known| same(known, &one))
    {
        Some(known) => {
            extend(&mut known.regions, one.regions);
            extend(&mut known.actions, one.actions);
            extend(&mut known.through, one.through);
        }
        None => all.push(one),
    };
    for asked in asked {
        let one = Permit {
            actions: vec![asked.action.to_owned()],
            resource: asked.resource.to_owned(),
            regions: vec![asked.region.clone()],
            through: asked.through.clone().into_iter().collect(),
        };
        add(&mut permits, one, |known, one| {
            (&known.actions, &known.resource, &known.through) == (&one.actions, &one.resource, &one.through)
        });
    }
    let mut by_action: Vec<Permit> = Vec::new();
    for one in permits {
        add(&mut by_action, one, |known, one| {
            (&known.resource, &known.regions, &known.through) == (&one.resource, &one.regions, &one.through)
        });
    }
    let mut by_profile: Vec<Permit> = Vec::new();
    for one in by_action {
        add(&mut by_profile, one, |known, one| {
            (
                &known.actions,
                &known.resource,
                &known.regions,
                known.through.is_empty(),
            ) == (&one.actions, &one.resource, &one.regions, one.through.is_empty())
        });
    }
    by_profile
}

fn extend(known: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
    known.sort_unstable();
}
