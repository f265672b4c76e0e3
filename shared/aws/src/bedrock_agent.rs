//! Agents and knowledge bases of Amazon Bedrock: what they are encrypted with, and what guards them.

mod wire;

use aws_config::SdkConfig;
use serde::de::DeserializeOwned;

use crate::{
    Failure,
    pages::every_page,
    signed::{
        Client, Refused, Service, absent,
        endpoint::{FipsInGov, Host},
        json::{self, Rest},
        text,
    },
};
use wire::{AgentAnswer, AgentsPage, BaseAnswer, BasesPage, Question, SourceAnswer, SourcesPage, key};

const LIST_AGENTS: &str = "bedrock:ListAgents";
const GET_AGENT: &str = "bedrock:GetAgent";
const LIST_BASES: &str = "bedrock:ListKnowledgeBases";
const GET_BASE: &str = "bedrock:GetKnowledgeBase";
const LIST_SOURCES: &str = "bedrock:ListDataSources";
const GET_SOURCE: &str = "bedrock:GetDataSource";
const SERVICE: Service = Service {
    id: "Bedrock Agent",
    signs_as: "bedrock",
    version: "2023-06-05",
};
const HOST: Host = Host {
    name: "bedrock-agent",
    fips_in_gov: FipsInGov::Named,
};
const MISSING: [&str; 1] = ["ResourceNotFoundException"];

/// The working draft of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its name.
    pub name: String,
    /// Its status, such as `PREPARED`.
    pub status: String,
    /// The customer-managed key it is encrypted with, if it is with one.
    pub key: Option<String>,
    /// The id or ARN of its guardrail, if it has one.
    pub guardrail: Option<String>,
    /// The guardrail's version.
    pub guardrail_version: Option<String>,
    /// The model or inference profile that it asks, as it was named.
    pub model: Option<String>,
}

/// A knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeBase {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its name.
    pub name: String,
    /// Its status, such as `ACTIVE`.
    pub status: String,
    /// Its type, such as `VECTOR` or `MANAGED`.
    pub kind: String,
    /// Where it stores what it knows, such as `OPENSEARCH_SERVERLESS`, if that is the account's.
    pub storage: Option<String>,
    /// The customer-managed key of a managed one, if it has one.
    pub key: Option<String>,
}

/// A data source of a knowledge base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSource {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its status, such as `AVAILABLE`.
    pub status: String,
    /// Its type, such as `S3`.
    pub kind: String,
    /// The customer-managed key that what is read is encrypted with on the way, if it is with one.
    pub key: Option<String>,
    /// The ARN of the bucket that is read, if it is one.
    pub bucket: Option<String>,
    /// The account that owns the bucket, if it is named.
    pub bucket_owner: Option<String>,
}

/// Agents and knowledge bases of one Region.
#[derive(Clone, Debug)]
pub struct Agents {
    rest: Rest,
    region: String,
}

impl Agents {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        Self {
            rest: Rest(Client::regional(SERVICE, HOST, region, json::error, configuration)),
            region: region.to_owned(),
        }
    }

    /// Lists the ids of the agents
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_ListAgents.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists an agent without its id.
    pub async fn agents(&self) -> Result<Vec<String>, Failure> {
        every_page(LIST_AGENTS, &self.region, async |next| {
            let question = Question::page(next);
            let page: AgentsPage = self.rest.post(LIST_AGENTS, &self.region, "/agents/", &question).await?;
            let ids = page.agent_summaries.into_iter().map(|agent| agent.agent_id);
            Ok((ids.collect(), page.next_token))
        })
        .await
    }

    /// Describes an agent by its id; `None` if there is none
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_GetAgent.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or describes no agent.
    pub async fn agent(&self, id: &str) -> Result<Option<Agent>, Failure> {
        let path = format!("/agents/{}/", text::value(id));
        let answer: Option<AgentAnswer> = self.described(GET_AGENT, "agent", id, &path).await?;
        Ok(answer.map(|AgentAnswer { agent }| {
            let guardrail = agent.guardrail_configuration.unwrap_or_default();
            Agent {
                id: agent.agent_id,
                arn: agent.agent_arn,
                name: agent.agent_name,
                status: agent.agent_status,
                key: agent.customer_encryption_key_arn,
                guardrail: guardrail.guardrail_identifier,
                guardrail_version: guardrail.guardrail_version,
                model: agent.foundation_model,
            }
        }))
    }

    /// Lists the ids of the knowledge bases
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_ListKnowledgeBases.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists one without its id.
    pub async fn knowledge_bases(&self) -> Result<Vec<String>, Failure> {
        every_page(LIST_BASES, &self.region, async |next| {
            let question = Question::page(next);
            let path = "/knowledgebases/";
            let page: BasesPage = self.rest.post(LIST_BASES, &self.region, path, &question).await?;
            let ids = page.knowledge_base_summaries.into_iter();
            Ok((ids.map(|base| base.knowledge_base_id).collect(), page.next_token))
        })
        .await
    }

    /// Describes a knowledge base by its id; `None` if there is none
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_GetKnowledgeBase.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or describes no knowledge base.
    pub async fn knowledge_base(&self, id: &str) -> Result<Option<KnowledgeBase>, Failure> {
        let path = format!("/knowledgebases/{}", text::value(id));
        let answer: Option<BaseAnswer> = self.described(GET_BASE, "knowledge base", id, &path).await?;
        Ok(answer.map(|BaseAnswer { knowledge_base: base }| {
            let configuration = base.knowledge_base_configuration;
            let managed = configuration.managed_knowledge_base_configuration;
            KnowledgeBase {
                id: base.knowledge_base_id,
                arn: base.knowledge_base_arn,
                name: base.name,
                status: base.status,
                kind: configuration.kind,
                storage: base.storage_configuration.map(|storage| storage.kind),
                key: managed.and_then(|managed| key(managed.server_side_encryption_configuration)),
            }
        }))
    }

    /// Lists the ids of a knowledge base's data sources; `None` if there is no such knowledge base
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_ListDataSources.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists one without its id.
    pub async fn data_sources(&self, base: &str) -> Result<Option<Vec<String>>, Failure> {
        let path = format!("/knowledgebases/{}/datasources/", text::value(base));
        let resource = self.resource("knowledge base", base);
        let pages = every_page(LIST_SOURCES, &resource, async |next| {
            let question = Question::page(next);
            let page = self.rest.post(LIST_SOURCES, &resource, &path, &question).await;
            let page: Option<SourcesPage> = absent(page, &MISSING)?;
            let next = page.as_ref().and_then(|page| page.next_token.clone());
            Ok((vec![page], next))
        });
        let pages: Option<Vec<SourcesPage>> = pages.await?.into_iter().collect();
        let sources = |pages: Vec<SourcesPage>| pages.into_iter().flat_map(|page| page.data_source_summaries);
        Ok(pages.map(|pages| sources(pages).map(|source| source.data_source_id).collect()))
    }

    /// Describes a data source by its knowledge base's id and its own; `None` if there is none
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_GetDataSource.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or describes no data source.
    pub async fn data_source(&self, base: &str, id: &str) -> Result<Option<DataSource>, Failure> {
        let path = format!("/knowledgebases/{}/datasources/{}", text::value(base), text::value(id));
        let answer: Option<SourceAnswer> = self.described(GET_SOURCE, "data source", id, &path).await?;
        Ok(answer.map(|SourceAnswer { data_source: source }| {
            let bucket = source.data_source_configuration.s3_configuration;
            DataSource {
                id: source.data_source_id,
                name: source.name,
                status: source.status,
                kind: source.data_source_configuration.kind,
                key: key(source.server_side_encryption_configuration),
                bucket_owner: bucket
                    .as_ref()
                    .and_then(|bucket| bucket.bucket_owner_account_id.clone()),
                bucket: bucket.map(|bucket| bucket.bucket_arn),
            }
        }))
    }

    async fn described<A: DeserializeOwned>(
        &self,
        action: &'static str,
        what: &str,
        id: &str,
        path: &str,
    ) -> Result<Option<A>, Failure> {
        let answer: Result<A, Refused> = self.rest.get(action, &self.resource(what, id), path).await;
        absent(answer, &MISSING)
    }

    fn resource(&self, what: &str, id: &str) -> String {
        format!("the {what} {id} in {}", self.region)
    }
}

#[cfg(test)]
mod tests;
