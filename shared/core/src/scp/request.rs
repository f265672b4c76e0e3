//! What is asked of AWS: an action on a resource, and what is known around it.

pub(crate) mod keys;

use std::{fmt, str::FromStr};

/// A request, as policies judge it.
///
/// ```
/// use crisguard_core::scp::{Context, Request, Value};
/// let context = Context::new().with("aws:RequestedRegion", Value::known("us-east-1"));
/// let model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
/// let request = Request::new("bedrock:InvokeModel".parse()?, model, context);
/// assert_eq!(request.value("aws:requestedregion"), &Value::known("us-east-1"));
/// // Nobody can know the caller's tags, and the service has no such key for this action.
/// assert_eq!(request.value("aws:principaltag/team"), &Value::Unknown);
/// assert_eq!(request.value("bedrock:guardrailarn"), &Value::Absent);
/// # Ok::<(), crisguard_core::scp::NotAnAction>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// What is to be done.
    pub action: Action,
    /// The ARN of what it is done to, or `*` where the action has no resource.
    pub resource: String,
    /// What is known around it.
    pub context: Context,
}

/// An action, such as `bedrock:InvokeModel`, whose name is told apart without regard to case.
#[derive(Clone, Debug)]
pub struct Action {
    written: Box<str>,
    service: Box<str>,
    name: Box<str>,
}

/// The condition keys of a request by their names in lower case, and what is known of each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Context {
    // Few, and sorted: faster than a map.
    keys: Vec<(Box<str>, Value)>,
}

/// What is known of a condition key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// It has these values; a list without any counts as absent.
    Known(Vec<String>),
    /// The request does not have it.
    Absent,
    /// The request may have it, with any values, or not.
    Unknown,
}

/// Tells why a text is not an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an action; write the service and the name, for example `bedrock:InvokeModel`")]
pub struct NotAnAction(String);

/// Answers what a policy asks about keys while a request is judged.
pub(crate) trait Known {
    /// Returns what is known of a key in lower case.
    fn value(&self, key: &str) -> &Value;

    /// Tells whether a key may have any value.
    fn is_unknown(&self, key: &str) -> bool {
        matches!(self.value(key), Value::Unknown)
    }

    /// Returns the value of a key that has one and no more: only such a key can stand in a variable.
    fn single(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Value::Known(values) => match values.as_slice() {
                [value] => Some(value),
                _ => None,
            },
            Value::Absent | Value::Unknown => None,
        }
    }
}

impl Request {
    /// Makes a request.
    #[must_use]
    pub fn new(action: Action, resource: impl Into<String>, context: Context) -> Self {
        Self {
            action,
            resource: resource.into(),
            context,
        }
    }

    /// Returns what is known of a condition key in lower case. Of a key that the context does not name, it
    /// is absent if the service does not have it for the action
    /// (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html>), else unknown.
    #[must_use]
    pub fn value(&self, key: &str) -> &Value {
        match self.context.value(key) {
            Some(value) => value,
            None if keys::may_have(&self.action, key) => &Value::Unknown,
            None => &Value::Absent,
        }
    }
}

impl Known for Request {
    fn value(&self, key: &str) -> &Value {
        self.value(key)
    }
}

impl Action {
    /// Returns the service's prefix in lower case.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the name in lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Action {
    fn eq(&self, other: &Self) -> bool {
        self.service == other.service && self.name == other.name
    }
}

impl Eq for Action {}

impl std::hash::Hash for Action {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.service.hash(state);
        self.name.hash(state);
    }
}

impl FromStr for Action {
    type Err = NotAnAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').filter(|(service, name)| {
            let plain =
                |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '-');
            plain(service) && plain(name)
        });
        let Some((service, name)) = parts else {
            return Err(NotAnAction(text.chars().take(256).collect()));
        };
        Ok(Self {
            written: text.into(),
            service: service.to_ascii_lowercase().into(),
            name: name.to_ascii_lowercase().into(),
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Context {
    /// Makes a context that names no key.
    #[expect(clippy::new_without_default, reason = "no type of the subject has a default")]
    #[must_use]
    pub fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Returns the context with what is known of one more key, whose name is written in any case.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.set(key, value);
        self
    }

    /// Sets what is known of a key, whose name is written in any case.
    pub fn set(&mut self, key: &str, value: Value) {
        let key = key.to_ascii_lowercase().into_boxed_str();
        match self.keys.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(place) => {
                if let Some((_, known)) = self.keys.get_mut(place) {
                    *known = value;
                }
            }
            Err(place) => self.keys.insert(place, (key, value)),
        }
    }

    /// Returns what was set of a key in lower case.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        let place = self.keys.binary_search_by(|(known, _)| (**known).cmp(key)).ok()?;
        self.keys.get(place).map(|(_, value)| value)
    }

    /// Returns the keys that were set, in lower case and sorted, with what is known of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.keys.iter().map(|(key, value)| (&**key, value))
    }
}

impl Value {
    /// Makes a value that is known and single.
    #[must_use]
    pub fn known(value: impl Into<String>) -> Self {
        Self::Known(vec![value.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_may_have_is_told_by_its_action() {
        let request = |action: &str| Request::new(action.parse().unwrap(), "*", Context::new());
        let told = |action: &str, key: &str| request(action).value(key).clone();
        for (action, key, expected) in [
            ("bedrock:InvokeModel", "bedrock:guardrailidentifier", Value::Unknown),
            (
                "bedrock:invokemodelwithresponsestream",
                "bedrock:guardrailidentifier",
                Value::Unknown,
            ),
            (
                "bedrock:InvokeModelWithResponseStream",
                "bedrock:projectarn",
                Value::Absent,
            ),
            ("bedrock:InvokeModel", "bedrock:guardrailarn", Value::Absent),
            ("bedrock:InvokeModel", "bedrock:bearertokentype", Value::Absent),
            // Nobody can say that AWS has not added it.
            ("bedrock:InvokeModel", "bedrock:somethingnew", Value::Unknown),
            ("bedrock:CallWithBearerToken", "bedrock:bearertokentype", Value::Unknown),
            (
                "bedrock:CreateModelInvocationJob",
                "bedrock:inferenceprofilearn",
                Value::Absent,
            ),
            ("bedrock:InvokeModel", "s3:prefix", Value::Absent),
            (
                "bedrock-mantle:CreateInference",
                "bedrock:inferenceprofilearn",
                Value::Absent,
            ),
            ("bedrock-mantle:CreateInference", "bedrock-mantle:model", Value::Unknown),
            ("s3:ListBucket", "s3:prefix", Value::Unknown),
            ("bedrock:InvokeModel", "aws:principaltag/team", Value::Unknown),
            ("bedrock:InvokeModel", "aws:requestedregion", Value::Unknown),
            ("bedrock:InvokeModel", "saml:sub", Value::Unknown),
            ("bedrock:InvokeModel", "ec2:sourceinstancearn", Value::Unknown),
            ("bedrock:InvokeModel", "ec2:instancetype", Value::Absent),
            ("bedrock:InvokeModel", "accounts.google.com:aud", Value::Unknown),
        ] {
            assert_eq!(told(action, key), expected, "{action} {key}");
        }
    }

    #[test]
    fn keys_and_actions_are_told_apart_without_case() {
        let context = Context::new()
            .with("AWS:RequestedRegion", Value::known("a"))
            .with("b:c", Value::Absent);
        let context = context.with("aws:REQUESTEDREGION", Value::known("b"));
        let known: Vec<_> = context.iter().collect();
        assert_eq!(
            known,
            [("aws:requestedregion", &Value::known("b")), ("b:c", &Value::Absent)]
        );
        assert_eq!("Bedrock:INVOKEMODEL".parse::<Action>(), "bedrock:InvokeModel".parse());
        for wrong in ["", "InvokeModel", "bedrock:", ":x", "bedrock:Invoke*", "a:b:c"] {
            assert!(wrong.parse::<Action>().is_err(), "{wrong}");
        }
    }
}
