//! The changes that could make a call work, each of one policy's document.

use serde_json::Value;

use super::{
    note::Cannot,
    statement::{Calls, Draft, PROFILE_ARN, REGION},
};
use crate::scp::{
    Effect,
    reach::{Call, Target, UNSPECIFIED},
};

/// What is to be let through, and where it is denied.
#[derive(Clone, Debug)]
pub(super) struct Need {
    /// The ARN of the profile, as the key `bedrock:InferenceProfileArn` has it, with `*` for the account.
    pub(super) profile: String,
    /// The foundation model's id.
    pub(super) model: String,
    /// Every Region in which something is evaluated.
    pub(super) regions: Vec<String>,
    /// The source Region.
    pub(super) source: String,
    pub(super) partition: &'static str,
}

/// One statement that denies something of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denying {
    /// Its index in its policy.
    pub(super) statement: usize,
    /// The Regions in which it denies something.
    pub(super) regions: Vec<String>,
    /// Whether it denies the profile itself.
    pub(super) profile: bool,
    /// Whether it denies the model.
    pub(super) model: bool,
}

impl Need {
    /// Returns what a call through a profile needs; `None` for other calls.
    pub(super) fn of(target: &Target) -> Option<Self> {
        let source = &target.source.0;
        let partition = source.partition();
        let (profile, model) = match &target.call {
            Call::Profile(profile) => (
                format!("arn:{partition}:bedrock:{source}:*:inference-profile/{}", profile.id()),
                profile.model().to_owned(),
            ),
            Call::Application { arn, model } => (arn.clone(), model.clone()),
            Call::Model(_) | Call::Guardrail(_) | Call::Batch(_) => return None,
        };
        let mut regions = vec![source.to_string()];
        match target.regions() {
            Some(destinations) => {
                let others = destinations.iter().filter(|region| *region != source);
                regions.extend(others.map(ToString::to_string));
            }
            None => regions.push(UNSPECIFIED.to_owned()),
        }
        Some(Self {
            profile,
            model,
            regions,
            source: source.to_string(),
            partition,
        })
    }
}

/// Widens the list of Regions in each statement.
pub(super) fn widen(document: &Value, denying: &[Denying]) -> Result<Value, Cannot> {
    let mut document = document.clone();
    for denying in denying {
        let mut draft = draft(&document, denying.statement)?;
        let allowing = [
            "StringNotEquals",
            "StringNotEqualsIgnoreCase",
            "StringNotLike",
            "StringNotEqualsIfExists",
        ];
        let refusing = [
            "StringEquals",
            "StringEqualsIgnoreCase",
            "StringLike",
            "StringEqualsIfExists",
        ];
        if let Some(operator) = allowing
            .into_iter()
            .find(|operator| draft.condition(operator, REGION).is_some())
        {
            draft = draft.with_condition(operator, REGION, &denying.regions);
        } else if let Some(operator) = refusing
            .into_iter()
            .find(|operator| draft.condition(operator, REGION).is_some())
        {
            if !draft.without_values(operator, REGION, &denying.regions) {
                let statement = label(&document, denying.statement);
                return Err(Cannot::NoOtherRegion { statement });
            }
        } else {
            let statement = label(&document, denying.statement);
            return Err(Cannot::NoListOfRegions { statement });
        }
        replace(&mut document, denying.statement, draft);
    }
    Ok(document)
}

/// Takes the calls of models out of each statement.
pub(super) fn exempt_calls(document: &Value, denying: &[Denying]) -> Result<Value, Cannot> {
    let mut document = document.clone();
    for denying in denying {
        let draft = draft(&document, denying.statement)?;
        let exempt = match draft.calls() {
            Calls::Named | Calls::NotExcepted => draft.without_calls(),
            Calls::Only | Calls::ByPattern => {
                let statement = label(&document, denying.statement);
                return Err(Cannot::BedrockAlone { statement });
            }
        };
        replace(&mut document, denying.statement, exempt);
    }
    Ok(document)
}

/// How a statement is made to let one profile through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The calls of models are taken out of it, and two new statements deny them but for the profile.
    Split,
    /// It gets the exemption itself, and one new statement pins it to the profile's Regions.
    InPlace,
}

/// Lets one profile through, pinned to its Regions.
pub(super) fn exempt_profile(document: &Value, denying: &[Denying], need: &Need, form: Form) -> Result<Value, Cannot> {
    let mut document = document.clone();
    for denying in denying {
        let before = draft(&document, denying.statement)?;
        let separable = matches!(before.calls(), Calls::Named | Calls::NotExcepted) && !before.exempts_profiles();
        if form == Form::Split && !separable {
            return Err(Cannot::NotSeparable);
        }
        let mut narrowed = match form {
            Form::Split => before.clone().of_calls(),
            Form::InPlace => before.clone(),
        };
        if denying.model {
            narrowed = narrowed.with_condition("ArnNotLike", PROFILE_ARN, std::slice::from_ref(&need.profile));
        }
        if denying.profile {
            let without = narrowed.without_resource(&need.profile);
            narrowed = without.ok_or_else(|| Cannot::NamesResources {
                statement: label(&document, denying.statement),
            })?;
        }
        let pinned = denying.model.then(|| pin(before.clone(), need)).flatten();
        let base = base_of_sid(&document, denying.statement);
        match form {
            Form::Split => {
                replace(&mut document, denying.statement, before.without_calls());
                append(&mut document, narrowed, &format!("{base}ButProfile"));
            }
            Form::InPlace => {
                replace(&mut document, denying.statement, narrowed);
                let rest = before.but_calls_of(&need.profile).filter(|_| denying.profile);
                if let Some(rest) = rest {
                    append(&mut document, rest, &format!("{base}ButCalls"));
                }
            }
        }
        if let Some(pinned) = pinned {
            append(&mut document, pinned, &format!("{base}ButItsRegions"));
        }
    }
    Ok(document)
}

/// Returns the patterns of actions on the profile that become open with it, because the statement names them
/// together with the calls of models.
pub(super) fn opened_besides(document: &Value, denying: &[Denying], need: &Need) -> Vec<String> {
    let mut opened = Vec::new();
    for denying in denying.iter().filter(|denying| denying.profile) {
        let Ok(draft) = draft(document, denying.statement) else {
            continue;
        };
        if draft.calls() == Calls::ByPattern && draft.clone().but_calls_of(&need.profile).is_none() {
            opened.extend(draft.named_actions());
        }
    }
    opened
}

/// The statement as it was, for calls of models outside the Regions that the profile needs: whatever the profile
/// will reach one day, its exemption goes no further. `None` where nothing is outside.
fn pin(before: Draft, need: &Need) -> Option<Draft> {
    let refused = before.condition("StringEquals", REGION);
    if refused.is_some_and(|regions| regions.iter().all(|region| need.regions.contains(region))) {
        return None;
    }
    Some(
        before
            .of_calls()
            .with_condition("StringNotEquals", REGION, &need.regions),
    )
}

/// Adds to an allow-list what a profile needs.
pub(super) fn allow_profile(document: &Value, need: &Need) -> Result<Value, Cannot> {
    let mut document = document.clone();
    let Need {
        profile,
        model,
        regions,
        source,
        partition,
    } = need;
    let invoke = crate::scp::reach::INVOKE;
    let models: Vec<String> = regions
        .iter()
        .map(|region| if region == UNSPECIFIED { "" } else { region.as_str() })
        .map(|region| format!("arn:{partition}:bedrock:{region}::foundation-model/{model}"))
        .collect();
    let statements = [
        (
            "ModelsThroughProfile",
            serde_json::json!({
                "Effect": "Allow", "Action": invoke, "Resource": models,
                "Condition": { "ArnLike": { PROFILE_ARN: profile }, "StringEquals": { REGION: regions } }
            }),
        ),
        (
            "Profile",
            serde_json::json!({
                "Effect": "Allow", "Action": invoke, "Resource": profile,
                "Condition": { "StringEquals": { REGION: source } }
            }),
        ),
    ];
    for (index, (sid, statement)) in statements.iter().enumerate() {
        let draft = Draft::new(statement).ok_or(Cannot::NoStatement(index))?;
        append(&mut document, draft, &format!("Allow{sid}"));
    }
    Ok(document)
}

/// Adds the Regions to the statements of an allow-list that allow the calls of models in some.
pub(super) fn allow_regions(document: &Value, need: &Need) -> Result<Value, Cannot> {
    let mut changed = document.clone();
    let mut any = false;
    for index in 0..statements(document).len() {
        let draft = draft(document, index)?;
        let allows = draft.clone().into_value().get("Effect") == Some(&Value::from(effect(Effect::Allow)));
        if allows && !draft.call_actions().is_empty() && draft.condition("StringEquals", REGION).is_some() {
            any = true;
            replace(
                &mut changed,
                index,
                draft.with_condition("StringEquals", REGION, &need.regions),
            );
        }
    }
    if any {
        Ok(changed)
    } else {
        Err(Cannot::NoAllowedRegions)
    }
}

/// Allows the calls of models altogether.
pub(super) fn allow_calls(document: &Value) -> Result<Value, Cannot> {
    let mut document = document.clone();
    let statement = serde_json::json!({"Effect": "Allow", "Action": crate::scp::reach::INVOKE, "Resource": "*"});
    let draft = Draft::new(&statement).ok_or(Cannot::NoStatement(0))?;
    append(&mut document, draft, "AllowCallsOfModels");
    Ok(document)
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}

fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

fn draft(document: &Value, index: usize) -> Result<Draft, Cannot> {
    let statement = statements(document).get(index).and_then(Draft::new);
    statement.ok_or(Cannot::NoStatement(index))
}

fn label(document: &Value, index: usize) -> String {
    sid(document, index).map_or_else(|| index.to_string(), str::to_owned)
}

/// A Sid is letters and digits
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html>).
fn base_of_sid(document: &Value, index: usize) -> String {
    sid(document, index).map_or_else(|| format!("Statement{index}"), str::to_owned)
}

fn sid(document: &Value, index: usize) -> Option<&str> {
    let sid = statements(document).get(index)?.get("Sid")?.as_str()?;
    (!sid.is_empty()).then_some(sid)
}

fn replace(document: &mut Value, index: usize, draft: Draft) {
    match document.get_mut("Statement") {
        Some(Value::Array(all)) => {
            if let Some(place) = all.get_mut(index) {
                *place = draft.into_value();
            }
        }
        Some(one) => *one = draft.into_value(),
        None => {}
    }
}

fn append(document: &mut Value, draft: Draft, sid: &str) {
    let taken = |sid: &str| {
        statements(document)
            .iter()
            .any(|statement| statement.get("Sid") == Some(&Value::from(sid)))
    };
    let numbered = (2..).map(|number| format!("{sid}{number}"));
    let free = std::iter::once(sid.to_owned()).chain(numbered).find(|sid| !taken(sid));
    let statement = draft.with_sid(&free.unwrap_or_default()).into_value();
    match document.get_mut("Statement") {
        Some(Value::Array(all)) => all.push(statement),
        Some(one) => *one = Value::Array(vec![one.take(), statement]),
        None => {}
    }
}
