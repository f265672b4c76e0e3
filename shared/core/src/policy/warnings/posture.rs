//! What the section `posture` may have wrong: what asks for nothing, and what allows more than it seems to.

use std::collections::BTreeSet;

use super::Warning;
use crate::{
    arn::{Arn, ArnPattern},
    policy::posture::{DataRetentionMode, GuardrailRules, IamRules, InvocationLoggingRules, PostureRules},
};

/// The whole section and one part of it can be empty in the same way.
const NOTHING: &str = "this asks for nothing: write what is asked for, or leave it out";

pub(super) fn of(rules: &PostureRules) -> Vec<Warning> {
    let PostureRules {
        invocation_logging,
        data_retention,
        customer_managed_key,
        guardrail,
        vpc_endpoint,
        iam,
    } = rules;
    let parts = invocation_logging.is_some() || data_retention.is_some() || guardrail.is_some() || iam.is_some();
    let mut warnings = Vec::new();
    if !parts && !customer_managed_key && !vpc_endpoint {
        warnings.push(Warning::new("posture", NOTHING));
    }
    warnings.extend(invocation_logging.iter().flat_map(of_logging));
    warnings.extend(data_retention.iter().filter_map(of_data_retention));
    warnings.extend(guardrail.and_then(of_guardrail));
    warnings.extend(iam.iter().flat_map(of_iam));
    warnings
}

fn of_logging(rules: &InvocationLoggingRules) -> Vec<Warning> {
    let at = |field: &str| format!("posture.invocation_logging.{field}");
    let mut warnings = Vec::new();
    if rules.modalities.is_empty() {
        warnings.push(Warning::new(
            at("modalities"),
            "without a kind of data nothing need be logged: invocation-logging-modalities is always kept",
        ));
    }
    if rules.retention_days == 0 {
        warnings.push(Warning::new(
            at("retention_days"),
            "0 days ask for nothing: logs that are deleted at once are kept long enough",
        ));
    }
    warnings
}

/// Warns of a list that allows other modes than it seems to: whatever is stricter than the widest mode
/// of the list is allowed, too.
fn of_data_retention(allowed: &BTreeSet<DataRetentionMode>) -> Option<Warning> {
    let at = "posture.data_retention";
    let (Some(strictest), Some(widest)) = (allowed.first(), allowed.last()) else {
        return Some(Warning::new(
            at,
            "an empty list allows no mode, not even `none`: every Region breaks data-retention-allowed (leave it out \
             to allow all but provider_data_share)",
        ));
    };
    if *widest == DataRetentionMode::ProviderDataShare {
        return Some(Warning::new(
            at,
            "`provider_data_share` allows every mode: AWS may share prompts and answers with a model's provider",
        ));
    }
    let between = [DataRetentionMode::Default, DataRetentionMode::AwsReview];
    let unlisted = between
        .into_iter()
        .find(|mode| strictest < mode && mode < widest && !allowed.contains(mode))?;
    Some(Warning::new(
        at,
        format!("`{unlisted}` is not listed and allowed all the same, for it is stricter than `{widest}`"),
    ))
}

fn of_guardrail(rules: GuardrailRules) -> Option<Warning> {
    (!rules.enforced && !rules.agents).then(|| Warning::new("posture.guardrail", NOTHING))
}

fn of_iam(rules: &IamRules) -> Vec<Warning> {
    if !rules.least_privilege && !rules.separate_duties {
        return vec![Warning::new("posture.iam", NOTHING)];
    }
    let each = rules.except.iter().enumerate();
    each.filter_map(|(index, pattern)| {
        Some(Warning::new(
            format!("posture.iam.except[{index}]"),
            of_except(pattern)?,
        ))
    })
    .collect()
}

/// The kinds of principals that have policies, as their ARNs name them.
const USER: &str = "user/";
const ROLE: &str = "role/";

fn of_except(pattern: &ArnPattern) -> Option<String> {
    let written = pattern.as_str();
    let arn = Arn::parse(written)?;
    let wild = |text: &str| text.contains(['*', '?']);
    let begins = arn.resource.split(['*', '?']).next().unwrap_or_default();
    let fits = |kind: &str| kind.starts_with(begins) || begins.starts_with(kind);
    if (arn.service != "iam" && !wild(arn.service)) || !(fits(USER) || fits(ROLE)) {
        return Some(format!(
            "`{written}` leaves nobody out: name users and roles, as arn:aws:iam::111122223333:role/name (what a role's \
             sessions may do is the role's to say)"
        ));
    }
    let whom = match arn.resource.replace('*', "").as_str() {
        "" => "every user and role",
        USER => "every user",
        ROLE => "every role",
        _ => return None,
    };
    Some(format!(
        "`{written}` leaves out {whom}: nothing is asked of them any more"
    ))
}

#[cfg(test)]
mod tests {
    use crate::{catalog::Catalogue, policy::PolicyDocument};

    fn warned(posture: &str) -> Vec<String> {
        let text = format!(
            "version: 1\nregions: {{source: [eu-west-1], destination: [eu-west-1]}}\nprofiles: {{global: deny}}\n\
             posture: {posture}\n"
        );
        let document = PolicyDocument::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{posture}: {error}"));
        let warnings = document.warnings(&Catalogue::embedded().unwrap(), jiff::civil::date(2027, 3, 1));
        warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_asks_for_nothing_or_allows_more_than_it_seems_is_warned_about() {
        let logging = |modalities: &str, days: u32| {
            format!(
                "{{invocation_logging: {{modalities: {modalities}, retention_days: {days}, customer_managed_key: false}}}}"
            )
        };
        let except = |pattern: &str| format!("{{iam: {{least_privilege: true, except: [\"{pattern}\"]}}}}");
        for (posture, expected) in [
            ("{}".to_owned(), "at `posture`: this asks for nothing"),
            (
                "{vpc_endpoint: false}".to_owned(),
                "at `posture`: this asks for nothing",
            ),
            (
                logging("[]", 1),
                "at `posture.invocation_logging.modalities`: without a kind of data",
            ),
            (
                logging("[text]", 0),
                "at `posture.invocation_logging.retention_days`: 0 days",
            ),
            (
                "{data_retention: []}".to_owned(),
                "at `posture.data_retention`: an empty list allows no mode",
            ),
            (
                "{data_retention: [none, provider_data_share]}".to_owned(),
                "at `posture.data_retention`: `provider_data_share` allows every mode",
            ),
            (
                "{data_retention: [none, aws_review]}".to_owned(),
                "at `posture.data_retention`: `default` is not listed and allowed all the same, for it is stricter \
                 than `aws_review`",
            ),
            (
                "{guardrail: {enforced: false}}".to_owned(),
                "at `posture.guardrail`: this asks for nothing",
            ),
            (
                "{iam: {except: [\"arn:aws:iam::111122223333:role/admin\"]}}".to_owned(),
                "at `posture.iam`: this asks for nothing",
            ),
            (
                except("arn:aws:iam::*:*"),
                "at `posture.iam.except[0]`: `arn:aws:iam::*:*` leaves out every user and role",
            ),
            (except("arn:*:*:*:*:role/**"), "leaves out every role"),
            (except("arn:aws:iam::111122223333:user/*"), "leaves out every user:"),
            (
                except("arn:aws:sts::111122223333:assumed-role/admin/*"),
                "leaves nobody out",
            ),
            (except("arn:aws:iam::111122223333:group/admins"), "leaves nobody out"),
        ] {
            let warnings = warned(&posture);
            assert_eq!(warnings.len(), 1, "{posture}: {warnings:#?}");
            assert!(
                warnings.iter().all(|text| text.contains(expected)),
                "{posture}: {warnings:#?}"
            );
        }
    }

    #[test]
    fn what_asks_for_something_is_not() {
        for posture in [
            "{customer_managed_key: true}",
            "{vpc_endpoint: true}",
            "{guardrail: {agents: true}}",
            "{data_retention: [none]}",
            "{data_retention: [none, default, aws_review]}",
            "{data_retention: [aws_review]}",
            "{invocation_logging: {modalities: [text], retention_days: 1, customer_managed_key: false}}",
            "{iam: {separate_duties: true, except: [\"arn:aws:iam::*:role/admin-*\", \"arn:aws:iam::*:*/break-glass\"]}}",
        ] {
            assert_eq!(warned(posture), [""; 0], "{posture}");
        }
    }
}
