//! Patterns of actions.

use super::pattern::{Pattern, Syntax};
use crate::scp::{
    Truth,
    request::{Action, Known},
};

/// A pattern in `Action` or `NotAction`, in lower case; wildcards may stand anywhere
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html>).
#[derive(Clone, Debug)]
pub(crate) enum ActionPattern {
    /// `*`: everything.
    Anything,
    /// A service and a name.
    Named { service: Pattern, name: Pattern },
}

impl ActionPattern {
    /// Reads a pattern, or returns `None` if it does not name its service.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|sign| sign == b'*') {
            return Some(Self::Anything);
        }
        let text = text.to_ascii_lowercase();
        let (service, name) = text.split_once(':')?;
        if service.is_empty() || name.is_empty() || name.contains(':') {
            return None;
        }
        let syntax = Syntax {
            wildcards: true,
            variables: false,
        };
        let [service, name] = [service, name].map(|part| Pattern::parse(part, syntax));
        Some(Self::Named { service, name })
    }

    pub(crate) fn matches(&self, action: &Action, known: &impl Known) -> Truth {
        match self {
            Self::Anything => Truth::True,
            Self::Named { service, name } => {
                let service = service.matches(action.service(), false, known);
                service.and(name.matches(action.name(), false, known))
            }
        }
    }
}
