//! Models of the account's own: customised here, or imported.

use aws_sdk_bedrock::operation::{get_custom_model::GetCustomModelError, get_imported_model::GetImportedModelError};

use super::{Bedrock, LARGEST_PAGE};
use crate::{Failure, pages::every_page};

const LIST_CUSTOM: &str = "bedrock:ListCustomModels";
const DESCRIBE_CUSTOM: &str = "bedrock:GetCustomModel";
const LIST_IMPORTED: &str = "bedrock:ListImportedModels";
const DESCRIBE_IMPORTED: &str = "bedrock:GetImportedModel";

/// A custom or imported model, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that owns it, where the list says so: a custom model may be shared.
    pub owner: Option<String>,
}

/// What a model is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelKey {
    /// The ARN of the customer-managed key, if there is one.
    pub key: Option<String>,
}

impl Bedrock {
    /// Lists the custom models, those that other accounts share included
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListCustomModels.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a model without its ARN.
    pub async fn custom_models(&self) -> Result<Vec<ListedModel>, Failure> {
        every_page(LIST_CUSTOM, &self.region, async |next| {
            let request = self.client.list_custom_models().max_results(LARGEST_PAGE);
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(LIST_CUSTOM, &self.region, &error))?;
            let models = page.model_summaries().iter().map(|model| {
                Ok(ListedModel {
                    arn: self.sent(LIST_CUSTOM, "model's ARN", model.model_arn())?,
                    name: model.model_name().to_owned(),
                    owner: model.owner_account_id().map(str::to_owned),
                })
            });
            Ok((models.collect::<Result<_, Failure>>()?, page.next_token))
        })
        .await
    }

    /// Returns what a custom model is encrypted with; `None` if there is no such model
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetCustomModel.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or describes no model.
    pub async fn custom_model(&self, model: &str) -> Result<Option<ModelKey>, Failure> {
        match self.client.get_custom_model().model_identifier(model).send().await {
            Ok(answer) => {
                self.sent(DESCRIBE_CUSTOM, "model's ARN", answer.model_arn())?;
                let key = answer.model_kms_key_arn().map(str::to_owned);
                Ok(Some(ModelKey { key }))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetCustomModelError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(DESCRIBE_CUSTOM, model, &error)),
        }
    }

    /// Lists the imported models
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListImportedModels.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or lists a model without its ARN.
    pub async fn imported_models(&self) -> Result<Vec<ListedModel>, Failure> {
        every_page(LIST_IMPORTED, &self.region, async |next| {
            let request = self.client.list_imported_models().max_results(LARGEST_PAGE);
            let page = request.set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(LIST_IMPORTED, &self.region, &error))?;
            let models = page.model_summaries().iter().map(|model| {
                Ok(ListedModel {
                    arn: self.sent(LIST_IMPORTED, "model's ARN", model.model_arn())?,
                    name: model.model_name().to_owned(),
                    owner: None,
                })
            });
            Ok((models.collect::<Result<_, Failure>>()?, page.next_token))
        })
        .await
    }

    /// Returns what an imported model is encrypted with; `None` if there is no such model
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetImportedModel.html>).
    ///
    /// # Errors
    ///
    /// Fails if Bedrock refuses, cannot be reached, or describes no model.
    pub async fn imported_model(&self, model: &str) -> Result<Option<ModelKey>, Failure> {
        match self.client.get_imported_model().model_identifier(model).send().await {
            Ok(answer) => {
                self.sent(DESCRIBE_IMPORTED, "model's ARN", answer.model_arn().unwrap_or(""))?;
                let key = answer.model_kms_key_arn().map(str::to_owned);
                Ok(Some(ModelKey { key }))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetImportedModelError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of(DESCRIBE_IMPORTED, model, &error)),
        }
    }
}
