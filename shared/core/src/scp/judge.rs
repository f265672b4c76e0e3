//! What policies say about a request, one by one and as the levels of an organization.

use std::sync::Arc;

use super::{
    Truth,
    language::{Effect, Policy, Statement, StatementRef},
    request::Request,
};

/// What one policy says about a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judged {
    /// Whether a statement denies it.
    pub denies: Matched,
    /// Whether a statement allows it.
    pub allows: Matched,
}

/// Whether a statement of one effect matches a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Matched {
    /// None does.
    No,
    /// These surely do: of those that deny each one, for all of them must be changed for it to be let through;
    /// of those that allow the first.
    Yes(Box<[StatementRef]>),
    /// It depends on what nobody knows.
    Unknown {
        /// The first statement that may match.
        statement: StatementRef,
        /// The keys that would tell, in lower case and sorted, of all the statements that may match; `Resource`
        /// where AWS does not say how it reads a resource's pattern.
        keys: Box<[Arc<str>]>,
    },
}

/// What comes of a request under all policies of the levels above it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<P> {
    /// Service control policies let it through. Whether the caller may do it is IAM's matter.
    Allow,
    /// It is denied, surely: by each of these.
    Deny(Vec<Denial<P>>),
    /// It depends on these keys, in lower case and sorted.
    Unknown(Vec<Arc<str>>),
}

/// One of the reasons why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Denial<P> {
    /// How it is denied.
    pub kind: DenialKind,
    /// The policy whose statement denies it; none if it is denied by what is missing.
    pub policy: Option<P>,
    /// That statement.
    pub statement: Option<StatementRef>,
}

/// How a request is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DenialKind {
    /// A statement denies it.
    Explicit,
    /// No policy of this level allows it; levels are counted from the root, 0.
    Implicit {
        /// The level.
        level: usize,
    },
}

impl Policy {
    /// Judges a request by this policy alone.
    ///
    /// ```
    /// use crisguard_core::scp::{Context, Matched, Policy, Request, Value};
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*",
    ///     "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "ap-northeast-1"}}}}"#)?;
    /// let context = Context::new().with("aws:RequestedRegion", Value::known("us-east-1"));
    /// let request = Request::new("bedrock:InvokeModel".parse().unwrap(), "*", context);
    /// assert!(matches!(policy.judge(&request).denies, Matched::Yes(statements) if statements[0].index() == 0));
    /// # Ok::<(), crisguard_core::scp::PolicyError>(())
    /// ```
    #[must_use]
    pub fn judge(&self, request: &Request) -> Judged {
        Judged {
            denies: self.matched(Effect::Deny, request),
            allows: self.matched(Effect::Allow, request),
        }
    }

    /// Returns every statement of an effect that matches a request, or may: all of them must be changed for
    /// it to match none.
    pub fn matching<'p>(
        &'p self,
        effect: Effect,
        request: &'p Request,
    ) -> impl Iterator<Item = (&'p Statement, Truth)> {
        let statements = self
            .statements()
            .iter()
            .filter(move |statement| statement.effect() == effect);
        let matched = statements.map(|statement| (statement, statement.matches(request)));
        matched.filter(|(_, matches)| *matches != Truth::False)
    }

    fn matched(&self, effect: Effect, request: &Request) -> Matched {
        let mut open: Option<StatementRef> = None;
        let mut sure = Vec::new();
        for (statement, matches) in self.matching(effect, request) {
            let statement = StatementRef::of(statement);
            if matches == Truth::True {
                sure.push(statement);
                if effect == Effect::Allow {
                    break;
                }
            } else {
                open.get_or_insert(statement);
            }
        }
        if !sure.is_empty() {
            return Matched::Yes(sure.into());
        }
        let Some(statement) = open else { return Matched::No };
        let mut keys = Vec::new();
        for (statement, _) in self.matching(effect, request) {
            statement.gaps(request, &mut keys);
        }
        keys.sort_unstable();
        keys.dedup();
        Matched::Unknown {
            statement,
            keys: keys.into(),
        }
    }
}

/// Puts together what the policies of each level say about a request, from the root to the account: it is
/// allowed where each level allows it and none denies it
/// (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>).
///
/// What nobody knows matters only where nothing denies it surely.
///
/// ```
/// use crisguard_core::scp::{Context, Outcome, Policy, Request, levels};
/// let all = Policy::parse(br#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#)?;
/// let request = Request::new("bedrock:InvokeModel".parse().unwrap(), "*", Context::new());
/// let judged = all.judge(&request);
/// assert_eq!(levels([[("root", &judged)], [("account", &judged)]]), Outcome::Allow);
/// # Ok::<(), crisguard_core::scp::PolicyError>(())
/// ```
pub fn levels<'j, P, L>(levels: impl IntoIterator<Item = L>) -> Outcome<P>
where
    P: Clone,
    L: IntoIterator<Item = (P, &'j Judged)>,
{
    let mut denials = Vec::new();
    let mut open: Vec<Arc<str>> = Vec::new();
    for (level, policies) in levels.into_iter().enumerate() {
        let mut allowed = Truth::False;
        let mut gaps = Vec::new();
        for (policy, judged) in policies {
            match &judged.denies {
                Matched::No => {}
                Matched::Yes(statements) => denials.extend(statements.iter().map(|statement| Denial {
                    kind: DenialKind::Explicit,
                    policy: Some(policy.clone()),
                    statement: Some(*statement),
                })),
                Matched::Unknown { keys, .. } => open.extend(keys.iter().cloned()),
            }
            match &judged.allows {
                Matched::No => {}
                Matched::Yes(_) => allowed = Truth::True,
                Matched::Unknown { keys, .. } => {
                    allowed = allowed.or(Truth::Unknown);
                    gaps.extend(keys.iter().cloned());
                }
            }
        }
        match allowed {
            Truth::True => {}
            Truth::Unknown => open.append(&mut gaps),
            Truth::False => denials.push(Denial {
                kind: DenialKind::Implicit { level },
                policy: None,
                statement: None,
            }),
        }
    }
    if !denials.is_empty() {
        return Outcome::Deny(denials);
    }
    if open.is_empty() {
        return Outcome::Allow;
    }
    open.sort_unstable();
    open.dedup();
    Outcome::Unknown(open)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::{Context, Value};

    /// Returns a policy of statements written as effect, action and a tag that the caller must have, if any.
    fn policy(statements: &[(&str, &str, &str)]) -> Policy {
        let statement = |(effect, action, team): &(&str, &str, &str)| {
            let condition = match *team {
                "" => serde_json::json!({}),
                team => serde_json::json!({ "StringEquals": { "aws:PrincipalTag/Team": team } }),
            };
            serde_json::json!({ "Effect": effect, "Action": action, "Resource": "*", "Condition": condition })
        };
        let statements: Vec<_> = statements.iter().map(statement).collect();
        Policy::from_document(serde_json::json!({ "Version": "2012-10-17", "Statement": statements })).unwrap()
    }

    fn request(team: Value) -> Request {
        let context = Context::new().with("aws:PrincipalTag/team", team);
        Request::new("bedrock:InvokeModel".parse().unwrap(), "*", context)
    }

    fn outcome(policies: &[&[&Policy]], request: &Request) -> Outcome<(usize, usize)> {
        let judged: Vec<Vec<_>> = policies
            .iter()
            .map(|level| level.iter().map(|policy| policy.judge(request)).collect())
            .collect();
        let each = judged.iter().enumerate().map(|(level, judged)| {
            let policies = judged.iter().enumerate();
            policies.map(move |(place, judged)| ((level, place), judged))
        });
        levels(each)
    }

    #[test]
    fn a_request_needs_an_allow_at_every_level_and_no_deny() {
        let (all, none) = (policy(&[("Allow", "*", "")]), policy(&[("Allow", "ec2:*", "")]));
        let deny = policy(&[("Allow", "*", ""), ("Deny", "ec2:*", ""), ("Deny", "bedrock:*", "")]);
        let request = request(Value::Absent);
        let implicit = |level| Denial {
            kind: DenialKind::Implicit { level },
            policy: None,
            statement: None,
        };
        let explicit = |policy| Denial {
            kind: DenialKind::Explicit,
            policy: Some(policy),
            statement: deny.statements().get(2).map(StatementRef::of),
        };
        assert_eq!(outcome(&[&[&all], &[&none, &all]], &request), Outcome::Allow);
        assert_eq!(
            outcome(&[&[&all], &[&none], &[&all]], &request),
            Outcome::Deny(vec![implicit(1)])
        );
        assert_eq!(outcome(&[&[&all], &[]], &request), Outcome::Deny(vec![implicit(1)]));
        assert_eq!(
            outcome(&[&[&all, &deny], &[&all]], &request),
            Outcome::Deny(vec![explicit((0, 1))])
        );
        let all_of_it = vec![explicit((0, 0)), implicit(1), explicit((2, 0))];
        assert_eq!(
            outcome(&[&[&deny], &[&none], &[&deny]], &request),
            Outcome::Deny(all_of_it)
        );
    }

    #[test]
    fn what_nobody_knows_matters_only_where_nothing_else_decides() {
        let (all, deny) = (policy(&[("Allow", "*", "")]), policy(&[("Deny", "*", "")]));
        let (some, not_some) = (
            policy(&[("Allow", "*", "blue")]),
            policy(&[("Deny", "bedrock:*", "blue")]),
        );
        let request = request(Value::Unknown);
        let unknown = Outcome::Unknown(vec!["aws:principaltag/team".into()]);
        assert_eq!(outcome(&[&[&some]], &request), unknown);
        assert_eq!(outcome(&[&[&all, &not_some]], &request), unknown);
        assert_eq!(outcome(&[&[&all, &some]], &request), Outcome::Allow);
        assert!(matches!(outcome(&[&[&some], &[&all, &deny]], &request), Outcome::Deny(denials) if denials.len() == 1));
        assert!(matches!(outcome(&[&[&all, &not_some], &[]], &request), Outcome::Deny(denials) if denials.len() == 1));
        // Another action's condition leaves nothing open.
        assert_eq!(
            outcome(&[&[&all, &policy(&[("Deny", "ec2:*", "blue")])]], &request),
            Outcome::Allow
        );
    }

    #[test]
    fn every_statement_that_matches_is_told() {
        let policy = policy(&[
            ("Deny", "*", "blue"),
            ("Deny", "ec2:*", ""),
            ("Deny", "bedrock:*", ""),
            ("Allow", "*", ""),
        ]);
        let request = request(Value::Unknown);
        let told: Vec<_> = policy
            .matching(Effect::Deny, &request)
            .map(|(one, is)| (one.index(), is))
            .collect();
        assert_eq!(told, [(0, Truth::Unknown), (2, Truth::True)]);
        assert_eq!(
            policy.judge(&request).denies,
            Matched::Yes([StatementRef::of(&policy.statements()[2])].into())
        );
        let judged = Policy::from_document(serde_json::json!({"Statement": [
            {"Effect": "Deny", "Action": "bedrock:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
        ]}))
        .unwrap()
        .judge(&request);
        let denied = levels([[("p", &judged)]]);
        let Outcome::Deny(denials) = denied else {
            panic!("{denied:?}")
        };
        let indices = |denials: &[Denial<&str>]| -> Vec<Option<usize>> {
            denials
                .iter()
                .map(|denial| denial.statement.map(StatementRef::index))
                .collect()
        };
        assert_eq!(indices(&denials), [Some(0), Some(2), None], "and nothing allows it");
    }
}
