//! AWS Account Management: which Regions the account can use.

use aws_config::SdkConfig;
use aws_sdk_account::{
    Client, config,
    types::{Region, RegionOptStatus},
};

use crate::{Disposition, Failure, pages::every_page, signed};

/// The action by which Regions are listed, as an IAM policy names it.
pub const ACTION: &str = "account:ListRegions";
const RESOURCE: &str = "the account";

/// A Region, and whether the account can use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRegion {
    /// Its name.
    pub name: String,
    /// Whether it may be in use: by itself, by opting in, still, while it is being disabled, or in a
    /// state that is not known. Only one that is not enabled, or not yet, is out of use.
    pub enabled: bool,
}

/// The account of the credentials.
#[derive(Clone, Debug)]
pub struct Account {
    client: Client,
}

impl Account {
    /// Takes the account that the configuration's credentials belong to.
    #[must_use]
    pub fn new(configuration: &SdkConfig) -> Self {
        let partition = signed::partition("Account", "", configuration);
        let of_whom = config::Builder::from(configuration).retry_partition(partition);
        Self {
            client: Client::from_conf(of_whom.build()),
        }
    }

    /// Lists every Region of the partition
    /// (<https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html>).
    ///
    /// # Errors
    ///
    /// Fails if the service refuses or cannot be reached, or lists a Region without its name.
    pub async fn regions(&self) -> Result<Vec<ListedRegion>, Failure> {
        every_page(ACTION, RESOURCE, async |next| {
            let page = self.client.list_regions().set_next_token(next).send().await;
            let page = page.map_err(|error| Failure::of(ACTION, RESOURCE, &error))?;
            let listed: Result<_, Failure> = page.regions().iter().map(listed).collect();
            Ok((listed?, page.next_token))
        })
        .await
    }
}

fn listed(region: &Region) -> Result<ListedRegion, Failure> {
    // One that is left out would never be looked at.
    let Some(name) = region.region_name() else {
        return Err(Failure {
            action: ACTION,
            resource: RESOURCE.to_owned(),
            cause: "the list has a Region without a name".to_owned(),
            disposition: Disposition::WillNotPass,
        });
    };
    let enabled = !matches!(
        region.region_opt_status(),
        Some(RegionOptStatus::Disabled | RegionOptStatus::Enabling)
    );
    Ok(ListedRegion {
        name: name.to_owned(),
        enabled,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_account::{
        operation::list_regions::{ListRegionsError, ListRegionsOutput},
        types::error::AccessDeniedException,
    };
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    use super::*;

    fn account(mocks: &[&Rule]) -> Account {
        Account {
            client: mock_client!(aws_sdk_account, RuleMode::MatchAny, mocks),
        }
    }

    #[tokio::test]
    async fn every_page_is_read_and_every_status_told_apart() {
        let region = |name: &str, status| Region::builder().region_name(name).region_opt_status(status).build();
        let first = mock!(Client::list_regions)
            .match_requests(|request| request.next_token().is_none())
            .then_output(move || {
                ListRegionsOutput::builder()
                    .regions(region("us-east-1", RegionOptStatus::EnabledByDefault))
                    .regions(region("me-south-1", RegionOptStatus::Disabled))
                    .regions(region("af-south-1", RegionOptStatus::Enabling))
                    .next_token("2")
                    .build()
            });
        let second = mock!(Client::list_regions)
            .match_requests(|request| request.next_token() == Some("2"))
            .then_output(move || {
                ListRegionsOutput::builder()
                    .regions(region("eu-south-1", RegionOptStatus::Enabled))
                    .regions(region("eu-south-2", RegionOptStatus::Disabling))
                    .regions(region("il-central-1", RegionOptStatus::from("PAUSED")))
                    .regions(Region::builder().region_name("mx-central-1").build())
                    .build()
            });
        let listed = account(&[&first, &second]).regions().await.unwrap();
        let enabled: Vec<&str> = listed
            .iter()
            .filter(|region| region.enabled)
            .map(|region| region.name.as_str())
            .collect();
        assert_eq!(listed.len(), 7);
        let expected = ["us-east-1", "eu-south-1", "eu-south-2", "il-central-1", "mx-central-1"];
        assert_eq!(enabled, expected, "what is not known to be out of use is looked at");
    }

    #[tokio::test]
    async fn a_region_without_a_name_is_not_left_out() {
        let listed = mock!(Client::list_regions).then_output(|| {
            let nameless = Region::builder().region_opt_status(RegionOptStatus::Enabled);
            ListRegionsOutput::builder().regions(nameless.build()).build()
        });
        let failure = account(&[&listed]).regions().await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "account:ListRegions on the account failed: the list has a Region without a name"
        );
    }

    #[tokio::test]
    async fn a_refusal_is_no_empty_list() {
        let refused = mock!(Client::list_regions).then_error(|| {
            ListRegionsError::AccessDeniedException(AccessDeniedException::builder().message("no").build().unwrap())
        });
        let failure = account(&[&refused]).regions().await.unwrap_err();
        assert_eq!(failure.action, "account:ListRegions");
    }
}
