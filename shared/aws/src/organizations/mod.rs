//! AWS Organizations: what the organization says about an account, and how it is built.

mod tree;
mod wire;

use aws_config::SdkConfig;

use crate::{
    Failure,
    pages::{every_page, every_page_of},
    signed::{
        Client, Service, absent,
        endpoint::{FipsInGov, Host, Partition},
        json::{self, Json},
    },
};
pub use tree::{CALLS_AT_ONCE, Node, Policy, Root, Tree};
use wire::{
    Accounts, Described, Effective, EffectiveQuestion, Nothing, OfChild, OfParent, OfPolicy, OfTarget, Parent, Parents,
    PolicyAnswer, Roots, Targeted, Units,
};

const EFFECTIVE: &str = "organizations:DescribeEffectivePolicy";
const ORGANIZATION: &str = "organizations:DescribeOrganization";
const ROOTS: &str = "organizations:ListRoots";
const PARENTS: &str = "organizations:ListParents";
const UNITS: &str = "organizations:ListOrganizationalUnitsForParent";
const ACCOUNTS: &str = "organizations:ListAccountsForParent";
const ATTACHED: &str = "organizations:ListPoliciesForTarget";
const POLICY: &str = "organizations:DescribePolicy";
const SERVICE: Service = Service {
    id: "Organizations",
    signs_as: "organizations",
    version: "2016-11-28",
};
const HOST: Host = Host {
    name: "organizations",
    fips_in_gov: FipsInGov::AllPlain,
};
const TARGET: &str = "AWSOrganizationsV20161128";
const BEDROCK: &str = "BEDROCK_POLICY";
const SCP: &str = "SERVICE_CONTROL_POLICY";
const IN_NONE: &str = "AWSOrganizationsNotInUseException";
const NOTHING_SET: [&str; 2] = ["EffectivePolicyNotFoundException", IN_NONE];
/// What is asked for as a whole, in messages.
const WHOLE: &str = "the organization";

/// The most pages of accounts under one parent: Organizations puts twenty on a page, and has no more than
/// ten thousand accounts in an organization
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>).
const LARGEST_UNIT: usize = 1000;

/// The organization of the account, if it is in one.
#[derive(Clone, Debug)]
pub struct Organization(Json);

/// Which organization an account is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The organization's id, such as `o-a1b2c3d4e5`.
    pub id: String,
    /// The id of its management account.
    pub management_account: String,
}

impl Organization {
    /// Takes the organization in the partition of a Region; each partition has one place for it
    /// (<https://docs.aws.amazon.com/general/latest/gr/ao.html>).
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let place = match Partition::of(region).name {
            "aws" => "us-east-1",
            "aws-cn" => "cn-northwest-1",
            "aws-us-gov" => "us-gov-west-1",
            _ => region,
        };
        let client = Client::regional(SERVICE, HOST, place, json::error, configuration);
        Self(Json::new(client, TARGET))
    }

    /// Returns the policy about Bedrock that holds for the account of the credentials, as JSON;
    /// `None` if there is none, or the account is in no organization
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeEffectivePolicy.html>).
    ///
    /// # Errors
    ///
    /// Fails if Organizations refuses, cannot be reached, or answers without the policy.
    pub async fn bedrock_policy(&self) -> Result<Option<String>, Failure> {
        let question = EffectiveQuestion { policy_type: BEDROCK };
        let answer = self.0.ask::<Effective>(EFFECTIVE, BEDROCK, &question).await;
        let answer = absent(answer, &NOTHING_SET)?;
        Ok(answer.map(|answer| answer.effective_policy.policy_content))
    }

    /// Returns which organization the account of the credentials is in; `None` if it is in none. Any account
    /// of an organization may ask
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribeOrganization.html>).
    ///
    /// # Errors
    ///
    /// Fails if Organizations refuses, cannot be reached, or does not say which one.
    pub async fn membership(&self) -> Result<Option<Membership>, Failure> {
        let answer = self.0.ask::<Described>(ORGANIZATION, WHOLE, &Nothing {}).await;
        let answer = absent(answer, &[IN_NONE])?;
        Ok(answer.map(|answer| answer.organization.into()))
    }

    /// Returns the root, and whether service control policies are enabled there.
    pub(crate) async fn root(&self) -> Result<Root, Failure> {
        let roots = every_page(ROOTS, WHOLE, async |token| {
            let answer: Roots = self.0.ask(ROOTS, WHOLE, &Nothing::after(token)).await?;
            Ok((answer.roots, answer.next_token))
        });
        let mut roots = roots.await?.into_iter();
        match (roots.next(), roots.next()) {
            (Some(root), None) => Ok(root.into()),
            (none, _) => {
                let count = if none.is_some() { "several roots" } else { "no root" };
                Err(Failure::unclear(ROOTS, WHOLE, format!("the organization has {count}")))
            }
        }
    }

    /// Returns what an account or a unit stands under.
    pub(crate) async fn parent(&self, child: &str) -> Result<Parent, Failure> {
        let parents = every_page(PARENTS, child, async |token| {
            let question = OfChild {
                child_id: child,
                next_token: token,
            };
            let answer: Parents = self.0.ask(PARENTS, child, &question).await?;
            Ok((answer.parents, answer.next_token))
        });
        let parent = parents.await?.into_iter().next();
        parent.ok_or_else(|| Failure::unclear(PARENTS, child, "it has no parent"))
    }

    /// Lists the units under a parent.
    pub(crate) async fn units(&self, parent: &str) -> Result<Vec<Node>, Failure> {
        every_page(UNITS, parent, async |token| {
            let question = OfParent {
                parent_id: parent,
                next_token: token,
            };
            let answer: Units = self.0.ask(UNITS, parent, &question).await?;
            let units = answer.organizational_units.into_iter();
            Ok((units.map(|unit| unit.under(parent)).collect(), answer.next_token))
        })
        .await
    }

    /// Lists the accounts under a parent.
    pub(crate) async fn accounts(&self, parent: &str) -> Result<Vec<Node>, Failure> {
        every_page_of(LARGEST_UNIT, ACCOUNTS, parent, async |token| {
            let question = OfParent {
                parent_id: parent,
                next_token: token,
            };
            let answer: Accounts = self.0.ask(ACCOUNTS, parent, &question).await?;
            let accounts = answer.accounts.into_iter();
            Ok((
                accounts.map(|account| account.under(parent)).collect(),
                answer.next_token,
            ))
        })
        .await
    }

    /// Lists the ids of the service control policies that are attached to a node itself
    /// (<https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListPoliciesForTarget.html>).
    pub(crate) async fn attached(&self, target: &str) -> Result<Vec<String>, Failure> {
        every_page(ATTACHED, target, async |token| {
            let question = OfTarget {
                target_id: target,
                filter: SCP,
                next_token: token,
            };
            let answer: Targeted = self.0.ask(ATTACHED, target, &question).await?;
            Ok((
                answer.policies.into_iter().map(|policy| policy.id).collect(),
                answer.next_token,
            ))
        })
        .await
    }

    /// Returns what a policy says.
    pub(crate) async fn policy(&self, id: &str) -> Result<Policy, Failure> {
        let answer: PolicyAnswer = self.0.ask(POLICY, id, &OfPolicy { policy_id: id }).await?;
        Ok(Policy {
            id: id.to_owned(),
            name: answer.policy.policy_summary.name,
            content: answer.policy.content,
        })
    }
}

#[cfg(test)]
mod tests;
