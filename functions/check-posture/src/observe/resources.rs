//! What an account keeps in Bedrock in a Region: profiles, models, agents, jobs and endpoints.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_aws::bedrock::{JobOutput, ListedModel, ModelKey, ProfileType};
use crisguard_core::{
    posture::{
        Agent, AgentPosture, BatchPosture, DataSources, EndpointPosture, Keys, ListedProfile, ModelPosture,
        NotObserved, Observed, ProfilePosture, VpcEndpoint,
    },
    region::Region,
};
use futures_util::future::{join_all, try_join};

use super::{everywhere::Eye, observed};

/// For how many days batch jobs are looked at: as long as their outputs are asked about most.
const DAYS_OF_JOBS: i64 = 30;

/// Looks at the inference profiles of a Region.
pub(super) async fn profiles(eye: &Eye<'_>, region: &Region) -> ProfilePosture {
    let (calls, listed) = tokio::join!(eye.calls(region), listed(eye, region));
    ProfilePosture {
        called: observed(calls).map(|calls| calls.called()),
        listed,
    }
}

/// Lists the inference profiles of a Region, by their ids; they are asked for once.
pub(super) async fn listed(eye: &Eye<'_>, region: &Region) -> Observed<BTreeMap<String, ListedProfile>> {
    let bedrock = eye.aws.bedrock(region.as_str());
    let list = async |kind| eye.ask(bedrock.inference_profiles(kind)).await;
    let look_up = async {
        let (system, application) = try_join(list(ProfileType::SystemDefined), list(ProfileType::Application)).await?;
        let kinds = [(system, false), (application, true)];
        let each = kinds
            .into_iter()
            .flat_map(|(profiles, application)| profiles.into_iter().map(move |profile| (profile, application)));
        let named = each.map(|(profile, application)| {
            let listed = ListedProfile {
                arn: profile.arn,
                application,
                models: profile.models,
            };
            (profile.id, listed)
        });
        Ok(named.collect())
    };
    eye.profiles.get(region, look_up).await
}

/// Looks at each of those that were listed; one that was deleted since is left out.
async fn of_each<T>(
    listed: impl IntoIterator<Item = String>,
    look: impl AsyncFn(&str) -> Observed<Option<T>>,
) -> BTreeMap<String, Observed<T>> {
    let look = &look;
    let each = listed.into_iter().map(async |name| {
        let seen = look(&name).await.transpose()?;
        Some((name, seen))
    });
    join_all(each).await.into_iter().flatten().collect()
}

/// Looks at the custom and imported models of a Region.
pub(super) async fn models(eye: &Eye<'_>, region: &Region) -> ModelPosture {
    let bedrock = &eye.aws.bedrock(region.as_str());
    let arns = |models: Vec<ListedModel>| models.into_iter().map(|model| model.arn);
    let key = |model: Option<ModelKey>| model.map(|model| model.key);
    let custom = async || {
        let listed = eye.ask(bedrock.custom_models()).await?;
        let look = async |arn: &str| eye.ask(bedrock.custom_model(arn)).await.map(key);
        Ok(of_each(arns(listed), look).await)
    };
    let imported = async || {
        let listed = eye.ask(bedrock.imported_models()).await?;
        let look = async |arn: &str| eye.ask(bedrock.imported_model(arn)).await.map(key);
        Ok(of_each(arns(listed), look).await)
    };
    let (custom, imported): (Observed<BTreeMap<_, _>>, Observed<BTreeMap<_, _>>) = tokio::join!(custom(), imported());
    let named = [&custom, &imported]
        .into_iter()
        .flatten()
        .flat_map(BTreeMap::values)
        .filter_map(|key| key.as_ref().ok()?.as_deref());
    let keys = keys(eye, region, named).await;
    ModelPosture { custom, imported, keys }
}

/// Looks at each key that is named.
pub(super) async fn keys<'n>(eye: &Eye<'_>, region: &Region, names: impl Iterator<Item = &'n str>) -> Keys {
    let names: BTreeSet<&str> = names.collect();
    let each = names
        .into_iter()
        .map(async |name| (name.to_owned(), eye.key(region, name).await));
    join_all(each).await.into_iter().collect()
}

/// Looks at the agents and knowledge bases of a Region.
pub(super) async fn agents(eye: &Eye<'_>, region: &Region) -> AgentPosture {
    let bedrock = &eye.aws.agents(region.as_str());
    let agents = async || {
        let listed = eye.ask(bedrock.agents()).await?;
        let look = async |id: &str| {
            let agent = eye.ask(bedrock.agent(id)).await?;
            Ok(agent.map(|agent| Agent {
                key: agent.key,
                guardrail: agent.guardrail,
            }))
        };
        Ok(of_each(listed, look).await)
    };
    let knowledge_bases = async || {
        let listed = eye.ask(bedrock.knowledge_bases()).await?;
        let look = async |id: &str| data_sources(eye, region, id).await;
        Ok(of_each(listed, look).await)
    };
    let (agents, knowledge_bases): (Observed<BTreeMap<_, _>>, Observed<BTreeMap<_, _>>) =
        tokio::join!(agents(), knowledge_bases());
    let of_agents = agents.iter().flat_map(BTreeMap::values);
    let of_agents = of_agents.filter_map(|agent: &Observed<Agent>| agent.as_ref().ok()?.key.as_deref());
    let sources = knowledge_bases.iter().flat_map(BTreeMap::values).flatten();
    let of_sources = sources
        .flat_map(DataSources::values)
        .filter_map(|key| key.as_ref().ok()?.as_deref());
    let keys = keys(eye, region, of_agents.chain(of_sources)).await;
    AgentPosture {
        agents,
        knowledge_bases,
        keys,
    }
}

async fn data_sources(eye: &Eye<'_>, region: &Region, knowledge_base: &str) -> Observed<Option<DataSources>> {
    let bedrock = &eye.aws.agents(region.as_str());
    let Some(listed) = eye.ask(bedrock.data_sources(knowledge_base)).await? else {
        return Ok(None);
    };
    let look = async |id: &str| {
        let source = eye.ask(bedrock.data_source(knowledge_base, id)).await?;
        Ok(source.map(|source| source.key))
    };
    Ok(Some(of_each(listed, look).await))
}

/// Looks at the batch jobs of a Region, and at where their buckets are.
pub(super) async fn batches(eye: &Eye<'_>, region: &Region) -> BatchPosture {
    let since = eye.sweep.now.as_second() - DAYS_OF_JOBS * 86_400;
    let jobs = eye.ask(eye.aws.bedrock(region.as_str()).invocation_jobs(since)).await;
    let jobs: Observed<BTreeMap<_, _>> = jobs.map(|jobs| {
        let each = jobs.into_iter().map(|job| {
            let unnamed = || NotObserved::new("bedrock:ListModelInvocationJobs", "the answer names no bucket");
            (job.arn, job.output.as_ref().and_then(bucket_of).ok_or_else(unnamed))
        });
        each.collect()
    });
    let names: BTreeSet<&String> = jobs.iter().flat_map(BTreeMap::values).flatten().collect();
    let each = names
        .into_iter()
        .map(async |name| (name.clone(), eye.buckets.region_of(eye, name).await));
    let buckets = join_all(each).await.into_iter().collect();
    BatchPosture { jobs, buckets }
}

/// Returns the bucket of a job's output, which Bedrock names as `s3://BUCKET/PREFIX`.
fn bucket_of(output: &JobOutput) -> Option<String> {
    let path = output.uri.strip_prefix("s3://")?;
    path.split('/').next().map(str::to_owned)
}

/// Looks at the VPC endpoints for bedrock-runtime in a Region.
pub(super) async fn endpoints(eye: &Eye<'_>, region: &Region) -> EndpointPosture {
    let endpoints = eye
        .ask(eye.aws.networks(region.as_str()).endpoints("bedrock-runtime"))
        .await;
    EndpointPosture {
        endpoints: endpoints.and_then(|endpoints| {
            let each = endpoints.into_iter().map(|endpoint| {
                let unsaid = || NotObserved::new("ec2:DescribeVpcEndpoints", "the answer does not say the state");
                let seen = VpcEndpoint {
                    state: endpoint.state.ok_or_else(unsaid)?,
                    policy: endpoint.policy,
                };
                Ok((endpoint.id, seen))
            });
            each.collect()
        }),
    }
}
