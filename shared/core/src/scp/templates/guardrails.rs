//! Calls with a guardrail only
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-permissions-id.html>).

use serde_json::{Value, json};

use super::{TemplateError, document};
use crate::{arn::Arn, scp::reach::INVOKE};

/// What answers prompts. A profile's own evaluation is left out: whether it has the key is not documented, and
/// each call through one evaluates a model, too.
const MODELS: [&str; 5] = [
    "arn:*:bedrock:*::foundation-model/*",
    "arn:*:bedrock:*:*:provisioned-model/*",
    "arn:*:bedrock:*:*:imported-model/*",
    "arn:*:bedrock:*:*:custom-model-deployment/*",
    "arn:*:sagemaker:*:*:endpoint/*",
];

pub(super) fn require(guardrails: &[String]) -> Result<Value, TemplateError> {
    let arns: Vec<String> = guardrails.iter().map(|name| pattern(name)).collect::<Result<_, _>>()?;
    // Without a guardrail the key is absent: a negated operator holds then.
    let condition = if arns.is_empty() {
        json!({"Null": {"bedrock:GuardrailIdentifier": "true"}})
    } else {
        json!({"StringNotLike": {"bedrock:GuardrailIdentifier": arns}})
    };
    Ok(document([json!({
        "Sid": "RequireGuardrail",
        "Effect": "Deny",
        "Action": INVOKE,
        "Resource": MODELS,
        "Condition": condition
    })]))
}

/// Returns a pattern for the numbered versions of a guardrail. The working draft, which its owner can change at
/// any time, has no number, and is meant only where its ARN is given with nothing behind it.
fn pattern(name: &str) -> Result<String, TemplateError> {
    let plain = |id: &str| !id.is_empty() && id.chars().all(|sign| sign.is_ascii_alphanumeric());
    if plain(name) {
        return Ok(format!("arn:*:bedrock:*:*:guardrail/{name}:*"));
    }
    match Arn::parse(name).and_then(|arn| Some((arn.service, arn.typed_resource()?))) {
        Some(("bedrock", ("guardrail", id))) if plain(id.split(':').next().unwrap_or_default()) => Ok(name.to_owned()),
        _ => Err(TemplateError::Guardrail(name.chars().take(256).collect())),
    }
}
