//! Which Bedrock events are inference requests.
//!
//! Classes of events: <https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html>.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The Bedrock API through which a prompt was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// `InvokeModel`.
    InvokeModel,
    /// `InvokeModelWithResponseStream`.
    InvokeModelWithResponseStream,
    /// `Converse`.
    Converse,
    /// `ConverseStream`.
    ConverseStream,
    /// `InvokeModelWithBidirectionalStream` (a data event).
    InvokeModelWithBidirectionalStream,
    /// `StartAsyncInvoke` (a data event).
    StartAsyncInvoke,
    /// `CreateModelInvocationJob`: a batch.
    CreateModelInvocationJob,
    /// `CreateInference` of bedrock-mantle (a data event), which never leaves its Region.
    CreateInference,
    /// An event whose name is not known but which came through the runtime endpoint or reports a destination.
    Other(String),
}

impl Operation {
    /// Names of the inference events of `bedrock.amazonaws.com` whose record tells the whole story.
    pub const SINGLE_RECORD: [&'static str; 5] = [
        "InvokeModel",
        "Converse",
        "InvokeModelWithBidirectionalStream",
        "StartAsyncInvoke",
        "CreateModelInvocationJob",
    ];
    /// Names of the inference events of `bedrock.amazonaws.com` whose end is recorded by a second event.
    pub const STREAMING: [&'static str; 2] = ["InvokeModelWithResponseStream", "ConverseStream"];
    /// The inference event of `bedrock-mantle.amazonaws.com`.
    pub const MANTLE: &'static str = "CreateInference";
    /// Events of the runtime endpoint that send no prompt to a model: they count tokens, evaluate a
    /// guardrail, or report on work that another event started.
    pub const NOT_INFERENCE: [&'static str; 4] =
        ["CountTokens", "ApplyGuardrail", "GetAsyncInvoke", "ListAsyncInvokes"];
    /// How the names of events begin that only read or tidy up.
    pub const NOT_INFERENCE_PREFIXES: [&'static str; 6] = ["List", "Get", "Describe", "Delete", "Tag", "Untag"];
    /// How the name of a runtime endpoint begins, in every Region and variant.
    pub const RUNTIME_HOST_PREFIX: &'static str = "bedrock-runtime";
    /// How a runtime endpoint's own name in a VPC is put together, around the endpoint's id:
    /// `vpce-…-….bedrock-runtime.REGION.vpce.amazonaws.com`
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html>).
    pub const RUNTIME_HOST_IN_VPC: [&'static str; 2] = ["vpce-", ".bedrock-runtime"];

    /// Recognises an event by its name.
    pub(crate) fn known(event_name: &str) -> Option<Self> {
        Some(match event_name {
            "InvokeModel" => Self::InvokeModel,
            "InvokeModelWithResponseStream" => Self::InvokeModelWithResponseStream,
            "Converse" => Self::Converse,
            "ConverseStream" => Self::ConverseStream,
            "InvokeModelWithBidirectionalStream" => Self::InvokeModelWithBidirectionalStream,
            "StartAsyncInvoke" => Self::StartAsyncInvoke,
            "CreateModelInvocationJob" => Self::CreateModelInvocationJob,
            _ => return None,
        })
    }

    /// Tells whether an event of an unknown name that came through `host` must be taken for inference.
    ///
    /// AWS does not document the event names of the OpenAI-style and Messages APIs of the runtime
    /// endpoint, so whatever comes through it counts until it is known not to.
    pub(super) fn may_be_inference(event_name: &str, host: Option<&str>) -> bool {
        host.is_some_and(Self::is_runtime_host)
            && !Self::NOT_INFERENCE.contains(&event_name)
            && !Self::NOT_INFERENCE_PREFIXES
                .iter()
                .any(|prefix| event_name.starts_with(prefix))
    }

    fn is_runtime_host(host: &str) -> bool {
        let [before, after] = Self::RUNTIME_HOST_IN_VPC;
        host.starts_with(Self::RUNTIME_HOST_PREFIX)
            || host.strip_prefix(before).is_some_and(|rest| rest.contains(after))
    }

    /// Tells whether a second record, at the stream's end, reports where the request was processed.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        matches!(self, Self::InvokeModelWithResponseStream | Self::ConverseStream)
    }

    /// Returns the event's name as CloudTrail writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::InvokeModel => "InvokeModel",
            Self::InvokeModelWithResponseStream => "InvokeModelWithResponseStream",
            Self::Converse => "Converse",
            Self::ConverseStream => "ConverseStream",
            Self::InvokeModelWithBidirectionalStream => "InvokeModelWithBidirectionalStream",
            Self::StartAsyncInvoke => "StartAsyncInvoke",
            Self::CreateModelInvocationJob => "CreateModelInvocationJob",
            Self::CreateInference => Self::MANTLE,
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_agree_with_the_names() {
        for name in Operation::SINGLE_RECORD {
            assert!(
                Operation::known(name).is_some_and(|operation| !operation.is_streaming() && operation.name() == name)
            );
        }
        for name in Operation::STREAMING {
            assert!(
                Operation::known(name).is_some_and(|operation| operation.is_streaming() && operation.name() == name)
            );
        }
    }

    #[test]
    fn an_unknown_name_counts_only_through_the_runtime_endpoint() {
        let host = Some("bedrock-runtime.eu-west-1.amazonaws.com");
        assert!(Operation::may_be_inference("CreateChatCompletion", host));
        assert!(!Operation::may_be_inference("CountTokens", host));
        assert!(!Operation::may_be_inference("GetSomething", host));
        assert!(!Operation::may_be_inference(
            "InvokeAgent",
            Some("bedrock-agent-runtime.eu-west-1.amazonaws.com")
        ));
        assert!(!Operation::may_be_inference("CreateGuardrail", None));
        for (host, counts) in [
            ("vpce-0a1b2c3d-e4f5.bedrock-runtime.eu-west-1.vpce.amazonaws.com", true),
            (
                "vpce-0a1b2c3d-e4f5.bedrock-agent-runtime.eu-west-1.vpce.amazonaws.com",
                false,
            ),
            ("vpce-0a1b2c3d-e4f5.bedrock.eu-west-1.vpce.amazonaws.com", false),
        ] {
            assert_eq!(
                Operation::may_be_inference("CreateChatCompletion", Some(host)),
                counts,
                "{host}"
            );
        }
    }
}
