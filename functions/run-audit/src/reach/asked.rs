//! What was asked about reach: an answer says no more than that.

use std::collections::BTreeSet;

use crisguard_core::{
    region::{Region, SourceRegion},
    scp::{self, Statement, organization::Chain, reach::Principal},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::question::{Policies, Question};

/// What the answer is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asked {
    /// Who calls: an ARN; `any` for anybody; `ordinary` for a role that no policy names.
    pub principal: String,
    /// Principals that conditions of the policies name: what such a one can call may be more or less.
    pub named_principals: Vec<String>,
    /// The Regions that are called.
    pub sources: Vec<Region>,
    /// How many more Regions there are from which profiles start.
    pub other_sources: usize,
    /// Foundation models that are called without a profile; of others nothing is said.
    pub models: Vec<String>,
    /// Whether batch jobs were asked about, too.
    pub batch: bool,
    /// Whether guardrails' own profiles were asked about, too.
    pub guardrails: bool,
}

impl Asked {
    pub(super) fn of(question: &Question, sources: &[SourceRegion], every: &[SourceRegion]) -> Self {
        Self {
            principal: match &question.principal {
                Principal::Ordinary => "ordinary".to_owned(),
                Principal::Unknown => "any".to_owned(),
                Principal::Arn(arn) => arn.clone(),
            },
            named_principals: named_principals(&question.under),
            sources: sources.iter().map(|source| source.0.clone()).collect(),
            other_sources: every.iter().filter(|source| !sources.contains(source)).count(),
            models: question.models.clone(),
            batch: question.batch,
            guardrails: question.guardrails,
        }
    }
}

/// Returns the values with which policies compare `aws:PrincipalArn`.
fn named_principals(under: &Policies) -> Vec<String> {
    let mut named = Vec::new();
    let mut add = |policy: &scp::Policy| {
        let conditions = policy.statements().iter().flat_map(Statement::conditions);
        for condition in conditions.filter(|condition| condition.key() == "aws:principalarn") {
            named.extend(condition.values().iter().cloned());
        }
    };
    match under {
        Policies::Files(files) => files.iter().for_each(|(_, scp)| add(scp.policy())),
        Policies::Organization(organization) => {
            // Accounts share policies: each is looked at once.
            let mut seen: BTreeSet<String> = BTreeSet::new();
            for account in organization.accounts() {
                let chain = organization.chain(account);
                let policies = chain.iter().flat_map(Chain::policies);
                for (_, scp) in policies.filter(|(_, scp)| seen.insert(scp.name().to_owned())) {
                    add(scp.policy());
                }
            }
        }
    }
    named.sort_unstable();
    named.dedup();
    named
}
