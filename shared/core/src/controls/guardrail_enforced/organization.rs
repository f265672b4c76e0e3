//! What an organization's effective Bedrock policy enforces in one Region.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    posture::{EnforcedGuardrail, NotObserved, Observed},
    region::Region,
};

/// The effective policy: the parents' and the account's own merged, so without the operators that
/// the policies themselves are written with
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_bedrock_syntax.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/inheritance-examples.html>).
#[derive(Deserialize)]
struct PolicyWire {
    #[serde(default)]
    bedrock: BedrockWire,
}

#[derive(Deserialize, Default)]
struct BedrockWire {
    /// By Region, then by the configuration's name, which is `config_1` so far.
    #[serde(default)]
    guardrail_inference: BTreeMap<String, BTreeMap<String, ConfigurationWire>>,
}

#[derive(Deserialize)]
struct ConfigurationWire {
    identifier: Value<String>,
    #[serde(default)]
    model_enforcement: Option<ModelsWire>,
}

#[derive(Deserialize)]
struct ModelsWire {
    #[serde(default)]
    included_models: Option<Value<BTreeSet<String>>>,
    #[serde(default)]
    excluded_models: Option<Value<BTreeSet<String>>>,
}

/// A value by itself or, should an answer keep it, behind the operator that assigned it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value<T> {
    Assigned {
        #[serde(rename = "@@assign")]
        value: T,
    },
    Plain(T),
}

/// Returns what the policy enforces in `region`; a policy that is not understood was not observed.
pub(super) fn enforced(policy: &Observed<Option<String>>, region: &Region) -> Observed<Vec<EnforcedGuardrail>> {
    let Some(policy) = policy.as_ref().map_err(Clone::clone)? else {
        return Ok(Vec::new());
    };
    let unclear = |cause: &str| {
        let cause = format!("the effective Bedrock policy is not understood: {cause}");
        NotObserved::new("organizations:DescribeEffectivePolicy", &cause)
    };
    let policy: PolicyWire = serde_json::from_str(policy).map_err(|error| unclear(&error.to_string()))?;
    let here = policy.bedrock.guardrail_inference.into_iter();
    let here = here.filter(|(name, _)| name == region.as_str());
    let configurations = here.flat_map(|(_, configurations)| configurations.into_values());
    let enforced: Vec<EnforcedGuardrail> = configurations.map(EnforcedGuardrail::from).collect();
    if enforced.iter().any(|enforced| enforced.guardrail.is_empty()) {
        return Err(unclear("it names no guardrail"));
    }
    Ok(enforced)
}

impl From<ConfigurationWire> for EnforcedGuardrail {
    fn from(wire: ConfigurationWire) -> Self {
        let models = |models: Option<Value<_>>| models.map(Value::into_inner).unwrap_or_default();
        let (included, excluded) = wire.model_enforcement.map_or((None, None), |enforcement| {
            (enforcement.included_models, enforcement.excluded_models)
        });
        Self {
            guardrail: wire.identifier.into_inner(),
            included_models: models(included),
            excluded_models: models(excluded),
        }
    }
}

impl<T> Value<T> {
    fn into_inner(self) -> T {
        match self {
            Self::Assigned { value } | Self::Plain(value) => value,
        }
    }
}
