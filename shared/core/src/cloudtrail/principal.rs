//! Who made a call, so that ten thousand sessions of one role are one principal.

use std::fmt;

use serde::Serialize;

use super::wire::UserIdentityWire;
use crate::arn::Arn;

/// The longest principal or session name kept, in characters.
const LONGEST: usize = 512;

/// The identity behind a request, without its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// An ARN where the record has one, else the best name it has.
    name: String,
    /// The name of the session, where there is one: an example for people, never part of identity.
    pub session: Option<String>,
}

impl Principal {
    /// Reads a principal from `userIdentity`; `None` stands for a record without that member.
    ///
    /// In this order: the session issuer's ARN (the role behind a session), the user's own ARN,
    /// the Identity Center user's id, the AWS service that called, and what is left.
    pub(super) fn from_wire(identity: Option<&UserIdentityWire<'_>>) -> Self {
        let Some(identity) = identity else {
            return Self {
                name: "unknown (no userIdentity)".to_owned(),
                session: None,
            };
        };
        let arn = identity.arn.filled();
        let (role, session) = arn
            .and_then(split_session)
            .map_or((None, None), |(role, session)| (Some(role), Some(session)));
        let issuer = identity
            .session_context
            .object()
            .and_then(|context| context.session_issuer.object())
            .and_then(|issuer| issuer.arn.filled());
        let identity_center = identity.on_behalf_of.object().and_then(|user| user.user_id.filled());
        let name = issuer
            .map(str::to_owned)
            .or(role)
            .or_else(|| arn.map(str::to_owned))
            .or_else(|| identity_center.map(|id| format!("identity-center-user/{id}")))
            .or_else(|| identity.invoked_by.filled().map(str::to_owned))
            .unwrap_or_else(|| Self::described(identity));
        Self {
            name: shortened(&name),
            session: session.map(|session| shortened(&session)),
        }
    }

    /// Takes back a name that [`Principal::name`] returned.
    pub(crate) fn kept(name: String) -> Self {
        Self { name, session: None }
    }

    /// Reads a principal from an ARN alone, which is all that an invocation log has.
    pub(crate) fn from_arn(arn: &str) -> Self {
        let (name, session) = match split_session(arn) {
            Some((role, session)) => (role, Some(shortened(&session))),
            None => (arn.to_owned(), None),
        };
        Self {
            name: shortened(&name),
            session,
        }
    }

    /// Names an identity that has no ARN, from its kind and what else is there.
    fn described(identity: &UserIdentityWire<'_>) -> String {
        let kind = identity.kind.filled().unwrap_or("unknown");
        let rest = identity
            .user_name
            .filled()
            .or_else(|| identity.principal_id.filled())
            .or_else(|| identity.account_id.filled());
        rest.map_or_else(|| kind.to_owned(), |rest| format!("{kind}/{rest}"))
    }

    /// Returns the ARN or name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Splits `arn:…:assumed-role/ROLE/SESSION` (or `federated-user/NAME`) into role and session.
///
/// The role keeps its `sts` form: its path in IAM is not in the session's ARN, and is not guessed.
fn split_session(arn: &str) -> Option<(String, String)> {
    let parsed = Arn::parse(arn)?;
    let (kind, rest) = parsed.typed_resource()?;
    if parsed.service != "sts" || kind != "assumed-role" {
        return None;
    }
    let (role, session) = rest.split_once('/')?;
    let Arn { partition, account, .. } = parsed;
    Some((
        format!("arn:{partition}:sts::{account}:assumed-role/{role}"),
        session.to_owned(),
    ))
}

/// Drops control characters and what is too long: names are chosen by callers.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(json: &str) -> Principal {
        let identity: UserIdentityWire<'_> = serde_json::from_str(json).unwrap();
        Principal::from_wire(Some(&identity))
    }

    #[test]
    fn every_kind_of_identity_has_a_name() {
        for (json, name, session) in [
            (
                r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/i-1",
                "sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111122223333:role/path/app"}}}"#,
                "arn:aws:iam::111122223333:role/path/app",
                Some("i-1"),
            ),
            (
                r#"{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/app/i-1"}"#,
                "arn:aws:sts::111122223333:assumed-role/app",
                Some("i-1"),
            ),
            (
                r#"{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","userName":"ann"}"#,
                "arn:aws:iam::111122223333:user/ann",
                None,
            ),
            (
                r#"{"type":"Root","arn":"arn:aws:iam::111122223333:root"}"#,
                "arn:aws:iam::111122223333:root",
                None,
            ),
            (
                r#"{"type":"IdentityCenterUser","onBehalfOf":{"userId":"94d0","identityStoreArn":"arn:x"},"credentialId":"c"}"#,
                "identity-center-user/94d0",
                None,
            ),
            (
                r#"{"type":"AWSService","invokedBy":"agents.bedrock.amazonaws.com"}"#,
                "agents.bedrock.amazonaws.com",
                None,
            ),
            (
                r#"{"type":"AWSAccount","accountId":"444455556666","principalId":"AIDA"}"#,
                "AWSAccount/AIDA",
                None,
            ),
            (
                r#"{"type":"WebIdentityUser","userName":"sub-1"}"#,
                "WebIdentityUser/sub-1",
                None,
            ),
            (r#"{"type":"SAMLUser","principalId":"p:1"}"#, "SAMLUser/p:1", None),
            (
                r#"{"type":"FederatedUser","arn":"arn:aws:sts::111122223333:federated-user/eve",
                "sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann"}}}"#,
                "arn:aws:iam::111122223333:user/ann",
                None,
            ),
            (
                r#"{"type":"Role","arn":"arn:aws:iam::111122223333:role/x"}"#,
                "arn:aws:iam::111122223333:role/x",
                None,
            ),
            (r#"{"type":"Directory","principalId":"d"}"#, "Directory/d", None),
            (r#"{"type":"Unknown"}"#, "Unknown", None),
            ("{}", "unknown", None),
            (r#"{"type":7,"arn":[],"sessionContext":"none"}"#, "unknown", None),
        ] {
            let principal = principal(json);
            assert_eq!(principal.name(), name, "{json}");
            assert_eq!(principal.session.as_deref(), session, "{json}");
        }
    }
}
