//! `crisguard reach`: reads the files, asks, and writes the answer.

mod asked;
mod csv;
mod mended;
mod remarks;
pub(super) mod words;
mod write;

use std::io::Read;

use crisguard_core::{
    catalog::Live,
    scp::{
        self,
        organization::{Organization, Scp},
        reach::Principal,
    },
};

use crate::{
    command::{
        Status,
        arguments::{InputPath, Named, ReachArguments, ReachFormat, ReachSchema, ScpFile},
        console::{Console, DIM},
        failure::Failure,
        policy_file::{self, PolicyFile},
    },
    reach::{Accounts, Answer, AskedSource, Policies, Question, WhatIf, listed},
};
use words::Words;

/// Tells what can be called under the policies that the arguments name.
pub(super) fn run(arguments: &ReachArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    if let Some(of) = arguments.schema {
        console.write_json(&match of {
            ReachSchema::Answer => Answer::json_schema(),
            ReachSchema::Organization => Organization::json_schema(),
        })?;
        return Ok(Status::Clean);
    }
    let question = question(arguments, console.input)?;
    let words = Words::of(arguments.language.into());
    if let Policies::Files(files) = &question.under
        && question.accounts == Accounts::Every
        && files.iter().any(|(_, scp)| scp.policy().depends_on_account())
    {
        writeln!(console.errors, "{DIM}{}{DIM:#}", words.account_matters)?;
    }
    let answer = Answer::to(&question)?;
    match arguments.format {
        ReachFormat::Text => write::write(&answer, &question, &words, console.output, console.width)?,
        ReachFormat::Json => console.write_json(&answer)?,
        ReachFormat::Csv => csv::write(&answer, &question, console.output)?,
    }
    Ok(if answer.calls_for_attention() {
        Status::Findings
    } else {
        Status::Clean
    })
}

fn question(arguments: &ReachArguments, input: &mut dyn Read) -> Result<Question, Failure> {
    let (named, calls) = (&arguments.under, &arguments.calls);
    let under = under(&named.scp, named.organization.as_ref(), input)?;
    let policy = match &arguments.policy {
        Some(path) => Some(PolicyFile::read(path, input)?.document),
        None => None,
    };
    let mut live = Live::nothing();
    for path in &calls.inference_profiles {
        let list = listed(&policy_file::read(path, input)?).map_err(|error| Failure::Listed {
            name: path.to_string(),
            error: Box::new(error),
        })?;
        live.merge(list);
    }
    let what_if = match &arguments.what_if {
        None => None,
        Some(Named { name: None, file }) if matches!(under, Policies::Organization(_)) => {
            Some(WhatIf::Organization(organization(file, input)?))
        }
        Some(Named { name, file }) => {
            let policy = Box::new(scp(file, input)?);
            let name = name.clone();
            Some(WhatIf::Policy { name, policy })
        }
    };
    Ok(Question {
        under,
        accounts: match named.account.as_slice() {
            [] => Accounts::Every,
            [one] => Accounts::One(one.clone()),
            these => Accounts::These(these.iter().cloned().collect()),
        },
        policy,
        sources: AskedSource::regions(&named.source)?,
        profiles: calls.profile.clone(),
        models: calls.model.clone(),
        guardrails: calls.guardrails,
        batch: calls.batch,
        live,
        principal: named.principal.clone().unwrap_or(Principal::Ordinary),
        quota: arguments.quota,
        what_if,
    })
}

/// Reads the policies above the accounts.
pub(super) fn under(files: &[ScpFile], whole: Option<&InputPath>, input: &mut dyn Read) -> Result<Policies, Failure> {
    if let Some(path) = whole {
        return Ok(Policies::Organization(organization(path, input)?));
    }
    let mut read = Vec::new();
    for ScpFile { level, file } in files {
        let name = file.to_string();
        read.push((level.clone(), Scp::new(&name, scp(file, input)?)));
    }
    Ok(Policies::Files(read))
}

/// Reads an organization as it was exported.
pub(super) fn organization(path: &InputPath, input: &mut dyn Read) -> Result<Box<Organization>, Failure> {
    let json = policy_file::read(path, input)?;
    let organization = Organization::parse(&json).map_err(|error| Failure::Organization {
        name: path.to_string(),
        error: Box::new(error),
    })?;
    Ok(Box::new(organization))
}

/// Reads one service control policy.
fn scp(path: &InputPath, input: &mut dyn Read) -> Result<scp::Policy, Failure> {
    let json = policy_file::read(path, input)?;
    scp::Policy::parse(&json).map_err(|error| Failure::Scp {
        name: path.to_string(),
        error,
    })
}
