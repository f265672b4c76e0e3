//! AWS Security Token Service: to act as a role of another account for a while, and whose credentials one has.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_types::date_time::{DateTime, Format};
use serde::Deserialize;

use crate::{
    Failure,
    signed::{
        Client, Service,
        endpoint::{FipsInGov, Host},
        xml::{self, Query},
    },
};

const ASSUME: &str = "sts:AssumeRole";
const IDENTITY: &str = "sts:GetCallerIdentity";
const SERVICE: Service = Service {
    id: "STS",
    signs_as: "sts",
    version: "2011-06-15",
};
const HOST: Host = Host {
    name: "sts",
    fips_in_gov: FipsInGov::Plain,
};

/// A role of another account, as it lets itself be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for besides, so that nobody can have it assumed on their behalf
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-user_externalid.html>).
    pub external_id: Option<String>,
}

/// Whoever lets roles be assumed in a Region, and knows whose credentials are which.
#[derive(Clone, Debug)]
pub struct Roles(Query);

/// The credentials of a role that was assumed.
#[derive(Clone, Debug)]
pub struct Session(Credentials);

impl Roles {
    /// Takes the Region whose STS is asked.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let client = Client::regional(SERVICE, HOST, region, xml::error, configuration);
        Self(Query::new(client, SERVICE.version))
    }

    /// Assumes a role for an hour, the most that a role may which assumes another. The role's account finds
    /// `session` in its own trail
    /// (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).
    ///
    /// # Errors
    ///
    /// Fails if STS refuses, cannot be reached, or answers without credentials.
    pub async fn assume(&self, role: &Role, session: &str) -> Result<Session, Failure> {
        let mut parameters = vec![("RoleArn", role.arn.as_str()), ("RoleSessionName", session)];
        if let Some(external_id) = &role.external_id {
            parameters.push(("ExternalId", external_id));
        }
        let answer: Answer = self.0.ask(ASSUME, &role.arn, &parameters).await?;
        let Given {
            access_key_id,
            secret_access_key,
            session_token,
            expiration,
        } = answer.result.credentials;
        let expiration = DateTime::from_str(&expiration, Format::DateTime).ok();
        let expiration = expiration.and_then(|time| SystemTime::try_from(time).ok());
        let expiration = expiration.ok_or_else(|| {
            let cause = "the answer does not say until when the credentials are good";
            Failure::unclear(ASSUME, &role.arn, cause)
        })?;
        Ok(Session(Credentials::new(
            access_key_id,
            secret_access_key,
            Some(session_token),
            Some(expiration),
            "an assumed role",
        )))
    }

    /// Tells of which account the credentials are that it is asked with. Nobody needs a permission for that, and no policy
    /// can deny it (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>).
    ///
    /// # Errors
    ///
    /// Fails if STS takes the credentials for none, cannot be reached, or answers without an account.
    pub async fn own_account(&self) -> Result<String, Failure> {
        let answer: Identity = self.0.ask(IDENTITY, "the credentials", &[]).await?;
        Ok(answer.result.account)
    }
}

impl Session {
    /// Returns the same configuration for clients that act as the role.
    #[must_use]
    pub(crate) fn of(&self, configuration: &SdkConfig) -> SdkConfig {
        // What caches identities tells them apart by who provides them.
        let provider = SharedCredentialsProvider::new(self.0.clone());
        configuration.to_builder().credentials_provider(provider).build()
    }
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "GetCallerIdentityResult")]
    result: Caller,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Caller {
    account: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "AssumeRoleResult")]
    result: Assumed,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assumed {
    credentials: Given,
}

/// No `Debug`: these are secrets.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        everywhere::Everywhere,
        replay::{Replay, Reply, ok},
    };

    const GIVEN: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAOTHER</AccessKeyId>\
        <SecretAccessKey>hidden</SecretAccessKey><SessionToken>token-2</SessionToken>\
        <Expiration>2126-11-22T04:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";

    fn role(external_id: Option<&str>) -> Role {
        Role {
            arn: "arn:aws:iam::444455556666:role/crisguard-organization".to_owned(),
            external_id: external_id.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn whoever_assumes_a_role_then_asks_as_the_role() {
        let answer = r#"{"Organization":{"Id":"o-a1b2c3d4e5","MasterAccountId":"444455556666"}}"#;
        let replay = Replay::new([ok(GIVEN), ok(answer), ok(answer)]);
        let everywhere = Everywhere::new(&replay.configuration());
        let session = everywhere
            .roles("eu-west-1")
            .assume(&role(Some("e/1")), "crisguard")
            .await;
        let session = session.unwrap();
        assert!(!format!("{session:?}").contains("hidden"), "{session:?}");
        let there = everywhere.assuming(&session);
        there.organization("eu-west-1").membership().await.unwrap();
        everywhere.organization("eu-west-1").membership().await.unwrap();

        assert_eq!(
            replay.bodies()[0],
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2F\
             crisguard-organization&RoleSessionName=crisguard&ExternalId=e%2F1"
        );
        let tokens = replay.headers("x-amz-security-token");
        assert_eq!(tokens, ["token", "token-2", "token"]);
        let keys = replay.headers("authorization");
        assert!(keys[1].contains("Credential=ASIAOTHER/"), "{}", keys[1]);
    }

    #[tokio::test]
    async fn without_an_external_id_none_is_sent() {
        let replay = Replay::new([ok(GIVEN)]);
        let roles = Roles::new(&replay.configuration(), "eu-west-1");
        roles.assume(&role(None), "crisguard").await.unwrap();
        assert!(!replay.bodies()[0].contains("ExternalId"));
    }

    #[tokio::test]
    async fn credentials_tell_their_account() {
        let told = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
            <Arn>arn:aws:iam::111122223333:user/ann</Arn><UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>\
            </GetCallerIdentityResult></GetCallerIdentityResponse>";
        let expired = "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>";
        let replay = Replay::new([ok(told), Reply::new(403, expired)]);
        let roles = Roles::new(&replay.configuration(), "eu-west-1");
        assert_eq!(roles.own_account().await.unwrap(), "111122223333");
        assert_eq!(replay.bodies()[0], "Action=GetCallerIdentity&Version=2011-06-15");
        assert_eq!(
            roles.own_account().await.unwrap_err().to_string(),
            "sts:GetCallerIdentity on the credentials failed: ExpiredToken (HTTP 403): no"
        );
    }

    #[tokio::test]
    async fn a_refusal_names_the_role_and_credentials_without_an_end_are_none() {
        let error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        let replay = Replay::new([Reply::new(403, error)]);
        let roles = Roles::new(&replay.configuration(), "eu-west-1");
        let failure = roles.assume(&role(None), "crisguard").await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "sts:AssumeRole on arn:aws:iam::444455556666:role/crisguard-organization failed: \
             AccessDenied (HTTP 403): no"
        );
        let replay = Replay::new([ok(GIVEN.replace("2126-11-22T04:00:00Z", "soon"))]);
        let roles = Roles::new(&replay.configuration(), "eu-west-1");
        assert!(roles.assume(&role(None), "crisguard").await.is_err());
    }
}
