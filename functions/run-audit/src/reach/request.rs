//! A question about reach as the function `crisguard-run-audit` takes it: `{"reach": {…}}`.

use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

use crisguard_core::{
    account::AccountId,
    arn::Arn,
    catalog::{Catalogue, CatalogueError, Live},
    policy::{PolicyDocument, PolicyError},
    region::{Region, SourceRegion},
    scp::{
        self,
        organization::{Content, Organization, OrganizationDocument, OrganizationError, Scp},
        reach::Principal,
        templates::Template,
    },
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    answer::every_source,
    question::{Accounts, Policies, Question, WhatIf},
};

/// What is asked about reach, with every document in it.
///
/// ```
/// use run_audit::{Answer, ReachRequest};
/// let request: ReachRequest = serde_json::from_str(r#"{
///   "scps": [{"name": "region-deny.json", "content": {"Version": "2012-10-17", "Statement": {
///     "Sid": "Regions", "Effect": "Deny", "Action": "*", "Resource": "*",
///     "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}}],
///   "sources": ["ap-northeast-1"], "profiles": ["jp.anthropic.claude-sonnet-4-5*"]
/// }"#)?;
/// let answer = serde_json::to_value(Answer::to(&request.question()?)?)?;
/// assert_eq!(answer["profiles"][0]["verdict"], "fails");
/// assert_eq!(answer["profiles"][0]["denied"][0]["region"], "ap-northeast-3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReachRequest {
    /// The service control policies above the account; or else `organization`.
    #[serde(default)]
    pub scps: Vec<AttachedScp>,
    /// A whole organization, or `true`: the one that the function can read; or else `scps`.
    #[serde(default)]
    pub organization: Option<Whole>,
    /// One account, with all there is to say about it; or else `accounts`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub account: Option<AccountId>,
    /// Only these accounts of the organization; without any, every one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub accounts: BTreeSet<AccountId>,
    /// The text of the policy document, YAML or JSON.
    #[serde(default)]
    pub policy: Option<String>,
    /// The Regions that are called, `*` for every one that profiles start from; without any, the policy's source
    /// Regions.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub sources: Vec<AskedSource>,
    /// Patterns of inference profiles; without any, those of the policy, or all.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Foundation models that are called without a profile.
    #[serde(default)]
    pub models: Vec<String>,
    /// Whether the profiles by which guardrails cross Regions are meant, too.
    #[serde(default)]
    pub guardrails: bool,
    /// Whether batch jobs are meant, too.
    #[serde(default)]
    pub batch: bool,
    /// Who calls: an ARN, or `any`; without it, a role that no policy names.
    #[serde(default)]
    pub principal: Option<String>,
    /// How many characters a policy may have; without it, 5,120.
    #[serde(default)]
    pub quota: Option<usize>,
    /// A policy's text as it would be; the answer is what changes.
    #[serde(default)]
    pub what_if: Option<OtherScp>,
}

/// Which organization is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// The one that the function can read: `true`.
    Read,
    /// The one that the request holds.
    Document(Box<OrganizationDocument>),
}

/// A service control policy, and where it is attached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachedScp {
    /// `root`, `account`, or the name of a unit; without it, `ou`.
    #[serde(default)]
    pub level: Option<String>,
    /// The name by which the answer calls it.
    pub name: String,
    /// Its text.
    pub content: Content,
}

/// A service control policy as it would be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherScp {
    /// The name, level or id of the policy; may be left out where there is only one.
    #[serde(default)]
    pub name: Option<String>,
    /// Its new text.
    pub content: Content,
}

/// A Region that is called, or every one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AskedSource {
    /// Every Region from which a commercial profile starts.
    Every,
    /// This one.
    Region(Region),
}

/// Tells why a request is not a question.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Neither policies nor an organization are there, or both.
    #[error("the request must have either `scps` or `organization`")]
    Under,
    /// A service control policy cannot be read.
    #[error("the service control policy `{name}` cannot be read")]
    Scp {
        /// What it is called.
        name: String,
        /// What is wrong with it.
        source: scp::PolicyError,
    },
    /// One account is asked about, and several.
    #[error("the request must have either `account` or `accounts`")]
    Accounts,
    /// The organization was to be read, and was not.
    #[error("the organization was not read")]
    NotRead,
    /// The organization cannot be understood.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// The policy document is not valid.
    #[error("`policy` is not a valid policy")]
    Policy(#[from] PolicyError),
    /// The catalogue is damaged.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// Who calls cannot be read.
    #[error("`{0}` is no principal; write an ARN such as `arn:aws:iam::111122223333:role/app`, or `any`")]
    Principal(String),
}

impl ReachRequest {
    /// Reads every document of the request.
    ///
    /// # Errors
    ///
    /// Fails at the first that cannot be read, and names it.
    pub fn question(self) -> Result<Question, RequestError> {
        let under = match (self.scps.as_slice(), self.organization) {
            ([], Some(Whole::Document(document))) => Policies::Organization(Box::new(Organization::new(*document)?)),
            ([], Some(Whole::Read)) => return Err(RequestError::NotRead),
            ([_, ..], None) => {
                let files = self.scps.iter().map(|AttachedScp { level, name, content }| {
                    let level = level.clone().unwrap_or_else(|| "ou".to_owned());
                    Ok((level, Scp::new(name, read(name, content)?)))
                });
                Policies::Files(files.collect::<Result<_, RequestError>>()?)
            }
            _ => return Err(RequestError::Under),
        };
        let accounts = match (self.account, self.accounts) {
            (None, these) if these.is_empty() => Accounts::Every,
            (None, these) => Accounts::These(these),
            (Some(account), these) if these.is_empty() => Accounts::One(account),
            (Some(_), _) => return Err(RequestError::Accounts),
        };
        let what_if = self.what_if.map(|OtherScp { name, content }| {
            let policy = Box::new(read("what_if", &content)?);
            Ok::<_, RequestError>(WhatIf::Policy { name, policy })
        });
        Ok(Question {
            under,
            accounts,
            policy: self
                .policy
                .map(|text| PolicyDocument::parse(text.as_bytes()))
                .transpose()?,
            sources: AskedSource::regions(&self.sources)?,
            profiles: self.profiles,
            models: self.models,
            guardrails: self.guardrails,
            batch: self.batch,
            live: Live::nothing(),
            principal: principal(self.principal.as_deref())?,
            quota: self.quota.unwrap_or(Template::QUOTA),
            what_if: what_if.transpose()?,
        })
    }
}

fn read(name: &str, content: &Content) -> Result<scp::Policy, RequestError> {
    scp::Policy::parse(content.json().as_bytes()).map_err(|source| RequestError::Scp {
        name: name.to_owned(),
        source,
    })
}

impl AskedSource {
    /// Returns the Regions that are meant.
    pub(crate) fn regions(asked: &[Self]) -> Result<Vec<SourceRegion>, CatalogueError> {
        if asked.contains(&Self::Every) {
            return Ok(every_source(&Catalogue::embedded()?));
        }
        let regions = asked.iter().filter_map(|asked| match asked {
            Self::Every => None,
            Self::Region(region) => Some(SourceRegion(region.clone())),
        });
        Ok(regions.collect())
    }
}

impl FromStr for AskedSource {
    type Err = <Region as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "*" => Ok(Self::Every),
            region => region.parse().map(Self::Region),
        }
    }
}

impl TryFrom<String> for AskedSource {
    type Error = <Region as FromStr>::Err;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an organization, or `true` for the one that the function can read")
            }

            fn visit_bool<E: de::Error>(self, read: bool) -> Result<Whole, E> {
                if read {
                    Ok(Whole::Read)
                } else {
                    Err(E::invalid_value(de::Unexpected::Bool(false), &self))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Whole, A::Error> {
                let document = OrganizationDocument::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Whole::Document(Box::new(document)))
            }
        }

        // Not as an untagged enum: that would not tell where a document is wrong.
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Whole {
    fn schema_name() -> Cow<'static, str> {
        "Whole".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let document = generator.subschema_for::<OrganizationDocument>();
        json_schema!({"anyOf": [{"const": true}, document]})
    }
}

/// Reads whom a call is made by.
pub(crate) fn principal(text: Option<&str>) -> Result<Principal, RequestError> {
    match text {
        None => Ok(Principal::Ordinary),
        Some("any") => Ok(Principal::Unknown),
        Some(text) => named_principal(text)
            .map(Principal::Arn)
            .ok_or_else(|| RequestError::Principal(text.chars().take(256).collect())),
    }
}

/// Returns the ARN by which policies know a principal: of a session the role's, which is what `aws:PrincipalArn` has
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>). A session's ARN
/// lacks the role's path, which is taken to be none; of roles that AWS makes it never is, and those stay as they are.
pub(crate) fn named_principal(text: &str) -> Option<String> {
    let arn = Arn::parse(text)?;
    match (arn.service, arn.typed_resource()) {
        ("sts", Some(("assumed-role", session))) => {
            let role = session.split('/').next()?;
            let has_path = ["AWSReservedSSO_", "AWSServiceRoleFor"]
                .iter()
                .any(|prefix| role.starts_with(prefix));
            Some(if has_path {
                text.to_owned()
            } else {
                format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account)
            })
        }
        ("iam" | "sts", _) => Some(text.to_owned()),
        _ => None,
    }
}
