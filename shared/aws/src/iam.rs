//! AWS Identity and Access Management: who is in the account, and what they may do.

mod wire;

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;

use crate::{
    Failure,
    pages::every_page,
    signed::{
        Client, Service,
        endpoint::{FipsInGov, Host, Partition},
        text,
        xml::{self, Query},
    },
};
use wire::{CredentialsAnswer, DetailsAnswer};

const CREDENTIALS: &str = "iam:ListServiceSpecificCredentials";
const DETAILS: &str = "iam:GetAccountAuthorizationDetails";
const ACCOUNT: &str = "the account";
const SERVICE: Service = Service {
    id: "IAM",
    signs_as: "iam",
    version: "2010-05-08",
};

/// A long-term credential for one service, such as an API key of Bedrock. Times are as IAM writes
/// them, in ISO 8601.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCredential {
    /// The credential's id.
    pub id: String,
    /// The IAM user it belongs to.
    pub user: String,
    /// The service it is for, such as `bedrock.amazonaws.com`.
    pub service: String,
    /// Its name within the service, which its records have.
    pub alias: Option<String>,
    /// `Active`, `Inactive` or `Expired`.
    pub status: String,
    /// When it was made.
    pub created: String,
    /// When it expires, if ever.
    pub expires: Option<String>,
}

/// Who is in an account, and what policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The users.
    pub users: Vec<Principal>,
    /// The roles.
    pub roles: Vec<Principal>,
    /// The groups.
    pub groups: Vec<Principal>,
    /// The managed policies: those of the account, and those of AWS that are in use.
    pub policies: Vec<ManagedPolicy>,
}

/// A user, a role or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Its path, such as `/` or `/aws-service-role/…/`.
    pub path: String,
    /// The policies within it.
    pub inline: Vec<InlinePolicy>,
    /// The ARNs of the managed policies that are attached.
    pub attached: Vec<String>,
    /// The names of the groups that a user is in.
    pub groups: Vec<String>,
    /// The ARN of the managed policy that bounds it, if one does.
    pub boundary: Option<String>,
}

/// A policy within a user, a role or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlinePolicy {
    /// Its name.
    pub name: String,
    /// What it says, as JSON.
    pub document: String,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: String,
    /// What its default version says, as JSON.
    pub document: String,
}

/// IAM of the account.
#[derive(Clone, Debug)]
pub struct Identities(Query);

impl Identities {
    /// Takes the account's IAM, which each partition has in one place.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let (address, place) = place(region, configuration);
        let endpoint = SERVICE.endpoint_given(configuration).unwrap_or(address);
        let signing = SigningOptions::default();
        let client = Client::new(SERVICE, &endpoint, &place, signing, xml::error, configuration);
        Self(Query::new(client, SERVICE.version))
    }

    /// Lists every user's credentials for a service, such as `bedrock.amazonaws.com`
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html>).
    ///
    /// # Errors
    ///
    /// Fails if IAM refuses, cannot be reached, or lists a credential without its user or status.
    pub async fn service_credentials(&self, service: &str) -> Result<Vec<ServiceCredential>, Failure> {
        every_page(CREDENTIALS, ACCOUNT, async |marker| {
            let mut parameters = vec![("AllUsers", "true"), ("ServiceName", service), ("MaxItems", "1000")];
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let answer: CredentialsAnswer = self.0.ask(CREDENTIALS, ACCOUNT, &parameters).await?;
            let page = answer.result;
            let next = next(CREDENTIALS, page.is_truncated, page.marker)?;
            let credentials = page.listed.into_iter().map(Into::into);
            Ok((credentials.collect(), next))
        })
        .await
    }

    /// Reads who is in the account, and what policies say
    /// (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>).
    ///
    /// # Errors
    ///
    /// Fails if IAM refuses, cannot be reached, or leaves out what a policy says.
    pub async fn authorization(&self) -> Result<Authorization, Failure> {
        let pages = every_page(DETAILS, ACCOUNT, async |marker| {
            let mut parameters = vec![
                ("Filter.member.1", "User"),
                ("Filter.member.2", "Role"),
                ("Filter.member.3", "Group"),
                ("Filter.member.4", "LocalManagedPolicy"),
                ("Filter.member.5", "AWSManagedPolicy"),
                // IAM takes too long for a thousand with all that is said of them.
                ("MaxItems", "200"),
            ];
            if let Some(marker) = &marker {
                parameters.push(("Marker", marker));
            }
            let answer: DetailsAnswer = self.0.ask(DETAILS, ACCOUNT, &parameters).await?;
            let page = answer.result;
            let next = next(DETAILS, Some(page.is_truncated), page.marker.clone())?;
            let authorization = page.read().ok_or_else(|| {
                let cause = "the answer leaves out what a policy says, or writes it in another way";
                Failure::unclear(DETAILS, ACCOUNT, cause)
            })?;
            Ok((vec![authorization], next))
        });
        let mut whole = Authorization {
            users: Vec::new(),
            roles: Vec::new(),
            groups: Vec::new(),
            policies: Vec::new(),
        };
        for page in pages.await? {
            whole.users.extend(page.users);
            whole.roles.extend(page.roles);
            whole.groups.extend(page.groups);
            whole.policies.extend(page.policies);
        }
        Ok(whole)
    }
}

/// Returns the marker of the next page, if there is one. A list that is cut off without saying where
/// it goes on would leave somebody out.
fn next(action: &'static str, truncated: Option<bool>, marker: Option<String>) -> Result<Option<String>, Failure> {
    let marker = marker.filter(|marker| !marker.is_empty());
    match (truncated, marker) {
        (Some(false), _) | (None, None) => Ok(None),
        (_, Some(marker)) => Ok(Some(marker)),
        (Some(true), None) => Err(Failure::unclear(
            action,
            ACCOUNT,
            "the list goes on, but does not say where",
        )),
    }
}

/// Returns where a Region's partition has IAM, and the Region to sign for
/// (<https://docs.aws.amazon.com/general/latest/gr/iam-service.html>).
fn place(region: &str, configuration: &SdkConfig) -> (String, String) {
    let fips = if configuration.use_fips() == Some(true) {
        "-fips"
    } else {
        ""
    };
    let dual = configuration.use_dual_stack() == Some(true);
    let (host, signed_for) = match (Partition::of(region).name, dual) {
        ("aws", false) => (format!("iam{fips}.amazonaws.com"), "us-east-1"),
        ("aws", true) => (format!("iam{fips}.global.api.aws"), "us-east-1"),
        ("aws-us-gov", false) => ("iam.us-gov.amazonaws.com".to_owned(), "us-gov-west-1"),
        ("aws-us-gov", true) => ("iam.us-gov.api.aws".to_owned(), "us-gov-west-1"),
        ("aws-cn", false) => ("iam.cn-north-1.amazonaws.com.cn".to_owned(), "cn-north-1"),
        ("aws-cn", true) => ("iam.global.api.amazonwebservices.com.cn".to_owned(), "cn-north-1"),
        _ => {
            let host = Host {
                name: "iam",
                fips_in_gov: FipsInGov::Named,
            };
            return (host.endpoint(region, configuration), region.to_owned());
        }
    };
    (format!("https://{host}"), signed_for.to_owned())
}

/// Returns what a policy says, which IAM encodes as for an address.
fn document(encoded: &str) -> Option<String> {
    text::decoded(encoded).filter(|document| !document.is_empty())
}

#[cfg(test)]
mod tests;
