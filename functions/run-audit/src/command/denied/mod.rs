//! `crisguard explain --message`: what a pasted `AccessDenied` message means, and what to do about it.

mod advice;
mod given;
mod scp;
mod write;

use std::io::Read;

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    region::{Region, SourceRegion},
    scp::{
        denied::{DeniedHere, DeniedMessage, UnderPolicies},
        reach::{Principal, Reach, Target},
    },
};
use jiff::civil::Date;
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
    reach::{Policies, ReachError},
};

/// What a message comes to, in the form of docs/reach.md.
#[derive(Debug, Serialize)]
struct Explanation {
    version: u32,
    /// What the message says.
    message: DeniedMessage,
    /// The calls that can have ended so.
    calls: Vec<CallLine>,
    /// What the policies that were given say of the message's own evaluation; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<UnderPolicies>,
    /// What denies it; absent without any.
    #[serde(skip_serializing_if = "Option::is_none")]
    denied: Option<Vec<DeniedHere>>,
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
    let told = Told {
        message: &message,
        calls: &calls,
        source: source.as_ref(),
        evaluation: judged.as_ref().map(|judged| &judged.evaluation),
        given: given::policies(&arguments.denied, &message),
        as_of: catalogue.as_of(),
    };
    let (advice, no_calls) = (advice::of(&told, words.language), write::no_calls(&told, &words));
    let verdict = |place: usize| judged.as_ref().and_then(|judged| judged.verdicts.get(place).copied());
    let lines = calls.iter().enumerate().map(|(place, call)| CallLine {
        profile: call.call.name().to_owned(),
        source: call.source.0.clone(),
        destinations: call.destination_names(),
        verdict: verdict(place),
    });
    let explanation = Explanation {
        version: 1,
        advice,
        calls: lines.collect(),
        denied: judged.as_ref().map(|judged| match &judged.evaluation {
            UnderPolicies::Denied { by } => by.clone(),
            _ => Vec::new(),
        }),
        evaluation: judged.map(|judged| judged.evaluation),
        message,
    };
    match arguments.format {
        Format::Text => write::write(&explanation, no_calls.as_deref(), &words, console.output, console.width)?,
        Format::Json => console.write_json(&explanation)?,
    }
    Ok(Status::Findings)
}

/// What is known when a message is explained.
struct Told<'a> {
    message: &'a DeniedMessage,
    /// The calls that can have ended so.
    calls: &'a [Target],
    /// The Region that was called, where that was told.
    source: Option<&'a SourceRegion>,
    /// What the policies come to that were given, if any.
    evaluation: Option<&'a UnderPolicies>,
    /// The options that gave them, to be given again.
    given: Option<String>,
    /// The catalogue's date.
    as_of: Date,
}

/// What the policies that were given say of the calls.
struct Judged {
    /// Of each call.
    verdicts: Vec<&'static str>,
    /// Of the message's own evaluation.
    evaluation: UnderPolicies,
}

fn judge(
    message: &DeniedMessage,
    calls: &[Target],
    arguments: &ExplainArguments,
    input: &mut dyn Read,
) -> Result<Option<Judged>, Failure> {
    let named = &arguments.denied;
    if named.scp.is_empty() && named.organization.is_none() {
        return Ok(None);
    }
    let under: Policies = reach::under(&named.scp, named.organization.as_ref(), input)?;
    let Some(account) = account(message, &under, named.account.as_ref())? else {
        return Ok(None);
    };
    let principal = message
        .caller
        .as_deref()
        .and_then(role)
        .map_or(Principal::Ordinary, Principal::Arn);
    let (chain, caller) = under.above(&account, &principal)?;
    let reach = Reach::of_account(&chain, &caller, calls.to_vec()).map_err(ReachError::from)?;
    let source = named.source.clone().map(SourceRegion);
    Ok(Some(Judged {
        verdicts: reach.verdicts(&account).map(|(_, verdict)| verdict.name()).collect(),
        evaluation: message.judge(calls, source.as_ref(), &chain, &caller),
    }))
}

/// Returns the account whose call was denied: the message's, or else the one that is named. Which of two is meant
/// nobody knows, and without any an organization has no place to look at. AWS issues no account of zeros.
fn account(message: &DeniedMessage, under: &Policies, named: Option<&AccountId>) -> Result<Option<AccountId>, Failure> {
    let of_message: Option<AccountId> = message.account().and_then(|account| account.parse().ok());
    match (of_message, named, under) {
        (Some(message), Some(named), _) if message != *named => Err(Failure::AnotherAccount {
            message,
            named: named.clone(),
        }),
        (Some(account), _, _) => Ok(Some(account)),
        (None, Some(named), _) => Ok(Some(named.clone())),
        (None, None, Policies::Organization(_)) => Err(Failure::NoAccount),
        (None, None, Policies::Files(_)) => Ok("000000000000".parse().ok()),
    }
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
