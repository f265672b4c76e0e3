//! `crisguard explain --message`: what a pasted `AccessDenied` message means, and what to do about it.

mod advice;
mod write;

use std::io::Read;

use crisguard_core::{
    account::AccountId,
    catalog::{Catalogue, Live},
    region::{Region, SourceRegion},
    scp::{
        denied::DeniedMessage,
        reach::{Denied, Principal, Reach, Target},
        templates::Template,
    },
};
use serde::Serialize;

use crate::{
    command::{
        Status,
        arguments::{ExplainArguments, Format, InputPath},
        console::Console,
        failure::Failure,
        policy_file,
        reach::{self, words::Words},
    },
    reach::{Accounts, Policies, Question, ReachError},
};

/// What a message comes to, in the form of docs/reach.md.
#[derive(Debug, Serialize)]
struct Explanation {
    version: u32,
    /// What the message says.
    message: DeniedMessage,
    /// The calls that can have ended so.
    calls: Vec<CallLine>,
    /// What the policies say that were given; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied: Option<Vec<Denied>>,
    /// What to do.
    advice: Vec<String>,
}

/// A call that can have ended in the message.
#[derive(Debug, Serialize)]
struct CallLine {
    profile: String,
    source: Region,
    destinations: Vec<String>,
    /// What it comes to under the policies that were given; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

/// Explains a message. That there is one is something to look at.
pub(crate) fn run(text: &str, arguments: &ExplainArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let text = if text == "-" {
        let bytes = policy_file::read(&InputPath::StandardInput, console.input)?;
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        text.to_owned()
    };
    let message = DeniedMessage::parse(&text).ok_or(Failure::NotADenial)?;
    let catalogue = Catalogue::embedded()?;
    let source = arguments.denied.source.clone().map(SourceRegion);
    let calls = message.calls(source.as_ref(), &catalogue);
    let judged = judge(&message, &calls, arguments, console.input)?;
    let words = Words::of(arguments.denied.language.into());
    let explanation = Explanation {
        version: 1,
        advice: advice::of(&message, &calls, words.language),
        calls: calls
            .iter()
            .enumerate()
            .map(|(place, call)| CallLine {
                profile: call.call.name().to_owned(),
                source: call.source.0.clone(),
                destinations: call.destination_names(),
                verdict: judged.as_ref().and_then(|judged| judged.verdicts.get(place).copied()),
            })
            .collect(),
        denied: judged.map(|judged| judged.denied),
        message,
    };
    match arguments.format {
        Format::Text => write::write(&explanation, &words, console.output, console.width)?,
        Format::Json => console.write_json(&explanation)?,
    }
    Ok(Status::Findings)
}

/// What the policies that were given say of the calls.
struct UnderPolicies {
    /// Of each call.
    verdicts: Vec<&'static str>,
    /// Where the message's own evaluation is denied.
    denied: Vec<Denied>,
}

fn judge(
    message: &DeniedMessage,
    calls: &[Target],
    arguments: &ExplainArguments,
    input: &mut dyn Read,
) -> Result<Option<UnderPolicies>, Failure> {
    let named = &arguments.denied;
    if named.scp.is_empty() && named.organization.is_none() {
        return Ok(None);
    }
    let under: Policies = reach::under(&named.scp, named.organization.as_ref(), input)?;
    let of_message: Option<AccountId> = message.account().and_then(|account| account.parse().ok());
    let principal = message
        .caller
        .as_deref()
        .and_then(role)
        .map_or(Principal::Ordinary, Principal::Arn);
    let question = Question {
        under,
        accounts: (named.account.clone().or(of_message)).map_or(Accounts::Every, Accounts::One),
        policy: None,
        sources: Vec::new(),
        profiles: Vec::new(),
        models: Vec::new(),
        guardrails: false,
        batch: false,
        live: Live::nothing(),
        principal,
        quota: Template::QUOTA,
        what_if: None,
    };
    let Some(account) = question.stand_in() else {
        return Ok(None);
    };
    let above = question.under.above(&account, &question.principal);
    let (chain, caller) = above?;
    let reach = Reach::of_account(&chain, &caller, calls.to_vec()).map_err(ReachError::from)?;
    let mut judged = UnderPolicies {
        verdicts: Vec::new(),
        denied: Vec::new(),
    };
    for (target, verdict) in reach.verdicts(&account) {
        judged.verdicts.push(verdict.name());
        let Some(resource) = message
            .resource
            .as_ref()
            .filter(|resource| resource.is_asked_by(&target.call))
        else {
            continue;
        };
        for denied in verdict.denied() {
            let about = resource.region().is_some_and(|region| region == &*denied.region)
                && resource.is_a(denied.resource)
                && !judged.denied.contains(denied);
            if about {
                judged.denied.push(denied.clone());
            }
        }
    }
    Ok(Some(judged))
}

/// Returns the role of a session, which is what policies know it by: `aws:PrincipalArn` is the role's ARN
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
fn role(caller: &str) -> Option<String> {
    let arn = crisguard_core::arn::Arn::parse(caller)?;
    match (arn.service, arn.typed_resource()) {
        ("sts", Some(("assumed-role", session))) => {
            let role = session.split('/').next()?;
            Some(format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account))
        }
        ("iam", _) => Some(caller.to_owned()),
        _ => None,
    }
}
