//! Guardrails: what they are encrypted with, and where they are evaluated.

use aws_sdk_bedrock::{
    operation::{
        get_guardrail::{GetGuardrailError, GetGuardrailOutput},
        list_guardrails::ListGuardrailsError,
    },
    types,
};

use super::{Bedrock, LARGEST_PAGE};
use crate::{Failure, pages::every_page};

const LIST: &str = "bedrock:ListGuardrails";
const DESCRIBE: &str = "bedrock:GetGuardrail";
const ENFORCED: &str = "bedrock:ListEnforcedGuardrailsConfiguration";

/// A version of a guardrail, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedGuardrail {
    /// The guardrail's id.
    pub id: String,
    /// The guardrail's ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The version: `DRAFT` or a number.
    pub version: String,
    /// The version's status, such as `READY`.
    pub status: String,
    /// Which guardrail profile routes it to other Regions, if one does.
    pub cross_region: Option<CrossRegion>,
}

/// A version of a guardrail, as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guardrail {
    /// The guardrail's id.
    pub id: String,
    /// The guardrail's ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The version: `DRAFT` or a number.
    pub version: String,
    /// The version's status, such as `READY`.
    pub status: String,
    /// The customer-managed key it is encrypted with, if it is with one.
    pub key: Option<String>,
    /// Which guardrail profile routes it to other Regions, if one does.
    pub cross_region: Option<CrossRegion>,
    /// The tier of its content filters, such as `STANDARD`, which needs a guardrail profile.
    pub content_tier: Option<String>,
    /// The tier of its denied topics.
    pub topic_tier: Option<String>,
    /// The tier of its grounding checks.
    pub grounding_tier: Option<String>,
}

/// A guardrail profile, by which a guardrail is evaluated in other Regions. Either may be missing;
/// that there is one is then known all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossRegion {
    /// The profile's id, such as `eu.guardrail.v1:0`.
    pub id: Option<String>,
    /// The profile's ARN.
    pub arn: Option<String>,
}

/// A guardrail that the account enforces for every call in the Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnforcedGuardrail {
    /// The configuration's id.
    pub configuration: Option<String>,
    /// The guardrail's ARN.
    pub arn: Option<String>,
    /// The guardrail's id.
    pub id: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// What of system prompts is checked: `SELECTIVE` or `COMPREHENSIVE`.
    pub system_prompts: Option<String>,
    /// What of messages is checked: `SELECTIVE` or `COMPREHENSIVE`.
    pub messages: Option<String>,
    /// Who set it, such as `ACCOUNT`.
    pub owner: Option<String>,
    /// The models that it is enforced for: those named, or `ALL`; `None` if nothing is said.
    pub included_models: Option<Vec<String>>,
    /// The models that it is not enforced for; `None` if nothing is said.
    pub excluded_models: Option<Vec<String>>,
}

impl Bedrock {
    /// Lists the working draft of every guardrail
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListGuardrails.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a guardrail without its id.
    pub async fn guardrails(&self) -> Result<Vec<ListedGuardrail>, Failure> {
        let listed = self.list_guardrails(None).await?;
        listed.ok_or_else(|| {
            Failure::unclear(
                LIST,
                &self.region,
                "it says that there is no such guardrail, and none was named",
            )
        })
    }

    /// Lists every version of a guardrail, the draft included; `None` if there is no such guardrail.
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a version without the guardrail's id.
    pub async fn guardrail_versions(&self, guardrail: &str) -> Result<Option<Vec<ListedGuardrail>>, Failure> {
        self.list_guardrails(Some(guardrail)).await
    }

    /// Describes a version of a guardrail; `None` if there is none
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetGuardrail.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or leaves the guardrail's id out.
    pub async fn guardrail(&self, guardrail: &str, version: &str) -> Result<Option<Guardrail>, Failure> {
        let request = self.client.get_guardrail().guardrail_identifier(guardrail);
        match request.guardrail_version(version).send().await {
            Ok(guardrail) => self.described(&guardrail).map(Some),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetGuardrailError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(DESCRIBE, &self.guardrail_resource(guardrail), &error)),
        }
    }

    /// Lists the guardrails that the account enforces
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListEnforcedGuardrailsConfiguration.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses or cannot be reached.
    pub async fn enforced_guardrails(&self) -> Result<Vec<EnforcedGuardrail>, Failure> {
        every_page(ENFORCED, &self.region, async |next| {
            let request = self.client.list_enforced_guardrails_configuration();
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(ENFORCED, &self.region, &error))?;
            Ok((page.guardrails_config().iter().map(enforced).collect(), page.next_token))
        })
        .await
    }

    async fn list_guardrails(&self, guardrail: Option<&str>) -> Result<Option<Vec<ListedGuardrail>>, Failure> {
        let resource = guardrail.map_or_else(|| self.region.clone(), |guardrail| self.guardrail_resource(guardrail));
        let pages = every_page(LIST, &resource, async |next| {
            let request = self.client.list_guardrails().max_results(LARGEST_PAGE);
            let request = request.set_guardrail_identifier(guardrail.map(str::to_owned));
            match request.set_next_token(next).send().await {
                Ok(page) => {
                    let listed: Result<Vec<_>, Failure> =
                        page.guardrails().iter().map(|listed| self.listed(listed)).collect();
                    Ok((vec![Some(listed?)], page.next_token))
                }
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(ListGuardrailsError::is_resource_not_found_exception) =>
                {
                    Ok((vec![None], None))
                }
                Err(error) => Err(Failure::of(LIST, &resource, &error)),
            }
        });
        let pages: Option<Vec<Vec<ListedGuardrail>>> = pages.await?.into_iter().collect();
        Ok(pages.map(|pages| pages.into_iter().flatten().collect()))
    }

    fn listed(&self, guardrail: &types::GuardrailSummary) -> Result<ListedGuardrail, Failure> {
        Ok(ListedGuardrail {
            id: self.sent(LIST, "guardrail's id", guardrail.id())?,
            arn: self.sent(LIST, "guardrail's ARN", guardrail.arn())?,
            name: guardrail.name().to_owned(),
            version: self.sent(LIST, "guardrail's version", guardrail.version())?,
            status: guardrail.status().as_str().to_owned(),
            cross_region: guardrail.cross_region_details().map(cross_region),
        })
    }

    fn described(&self, guardrail: &GetGuardrailOutput) -> Result<Guardrail, Failure> {
        let content = guardrail.content_policy().and_then(types::GuardrailContentPolicy::tier);
        let topics = guardrail.topic_policy().and_then(types::GuardrailTopicPolicy::tier);
        let grounding = guardrail.contextual_grounding_policy();
        let grounding = grounding.and_then(types::GuardrailContextualGroundingPolicy::tier);
        Ok(Guardrail {
            id: self.sent(DESCRIBE, "guardrail's id", guardrail.guardrail_id())?,
            arn: self.sent(DESCRIBE, "guardrail's ARN", guardrail.guardrail_arn())?,
            name: guardrail.name().to_owned(),
            version: self.sent(DESCRIBE, "guardrail's version", guardrail.version())?,
            status: guardrail.status().as_str().to_owned(),
            key: guardrail.kms_key_arn().map(str::to_owned),
            cross_region: guardrail.cross_region_details().map(cross_region),
            content_tier: content.map(|tier| tier.tier_name().as_str().to_owned()),
            topic_tier: topics.map(|tier| tier.tier_name().as_str().to_owned()),
            grounding_tier: grounding.map(|tier| tier.tier_name().as_str().to_owned()),
        })
    }

    fn guardrail_resource(&self, guardrail: &str) -> String {
        format!("the guardrail {guardrail} in {}", self.region)
    }
}

fn cross_region(details: &types::GuardrailCrossRegionDetails) -> CrossRegion {
    CrossRegion {
        id: details.guardrail_profile_id().map(str::to_owned),
        arn: details.guardrail_profile_arn().map(str::to_owned),
    }
}

fn enforced(guardrail: &types::AccountEnforcedGuardrailOutputConfiguration) -> EnforcedGuardrail {
    let selective = guardrail.selective_content_guarding();
    let system = selective.and_then(types::SelectiveContentGuarding::system);
    let messages = selective.and_then(types::SelectiveContentGuarding::messages);
    let models = guardrail.model_enforcement();
    EnforcedGuardrail {
        configuration: guardrail.config_id().map(str::to_owned),
        arn: guardrail.guardrail_arn().map(str::to_owned),
        id: guardrail.guardrail_id().map(str::to_owned),
        version: guardrail.guardrail_version().map(str::to_owned),
        system_prompts: system.map(|mode| mode.as_str().to_owned()),
        messages: messages.map(|mode| mode.as_str().to_owned()),
        owner: guardrail.owner().map(|owner| owner.as_str().to_owned()),
        included_models: models.map(|models| models.included_models().to_vec()),
        excluded_models: models.map(|models| models.excluded_models().to_vec()),
    }
}
