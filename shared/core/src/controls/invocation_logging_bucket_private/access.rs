//! What a bucket's policy lets Bedrock do, and whom it refuses.

use wildmatch::WildMatch;

use crate::{
    account::AccountId,
    arn::Arn,
    region::Region,
    statement::{Condition, Document, Effect, Statement},
};

/// As whom Bedrock writes its logs
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html>).
const BEDROCK: &str = "bedrock.amazonaws.com";
/// By what action it does.
const WRITE: &str = "s3:PutObject";

const SECURE: &str = "aws:securetransport";
const SOURCE_ACCOUNT: &str = "aws:sourceaccount";
const SOURCE_ARN: &str = "aws:sourcearn";
/// Keys of the account of whoever asks. A service asks from none of the customer's, so that a condition
/// that wants one is not about services
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>).
const OF_THE_PRINCIPAL: [&str; 2] = ["aws:principalaccount", "aws:principalorgid"];

/// Keys of a principal of which a service's own value is none that a policy could name.
const NAMED_BY_NO_SERVICE: [&str; 2] = ["aws:principalaccount", "aws:principalarn"];
/// Keys that are absent from a service's request, so that negated operators hold
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
const ABSENT: [&str; 8] = [
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];
/// Keys of which nothing says what they are when a service writes: a denial by them may meet Bedrock.
const UNTOLD: [&str; 2] = ["aws:sourceip", "aws:userid"];
const SERVICE_NAME: &str = "aws:principalservicename";
const IS_SERVICE: &str = "aws:principalisawsservice";

/// A delivery of logs: by which account, in which Region, into which bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer<'a> {
    pub(super) account: &'a AccountId,
    pub(super) region: &'a Region,
    pub(super) bucket: &'a str,
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// It depends on a condition that is not known here, by its key.
    Depends(String),
}

/// Tells whether every request without TLS is refused, from whomever, for the bucket and for each of its
/// objects.
///
/// `aws:SecureTransport` is in every request, `s3:TlsVersion` only in those with TLS: a denial of old
/// versions does not refuse those without any. A denial with a further condition, or for some
/// principals, actions or keys alone, leaves the rest open.
pub(super) fn refuses_plain_http(policy: &Document, partition: &str, bucket: &str) -> bool {
    let denials: Vec<&Statement> = policy
        .statements(Effect::Deny)
        .filter(|denial| denial.is_about_everyone() && denial.is_about_all_actions("s3:*"))
        .filter(|denial| denial.conditions().all(|condition| holds_without_tls(&condition)))
        .collect();
    let refused = |set: &str| denials.iter().any(|denial| denial.resources().cover(set));
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    refused(&bucket) && refused(&format!("{bucket}/*"))
}

/// Tells whether Bedrock may write objects whose keys begin with `keys` for the account.
///
/// A denial counts where it surely holds. What one with an unknown condition refuses is seen when
/// deliveries fail.
pub(super) fn lets_bedrock_write(policy: &Document, writer: Writer<'_>, keys: &str) -> Answer {
    let logs = format!("arn:{}:s3:::{}/{keys}*", writer.region.partition(), writer.bucket);
    let about = |statement: &&Statement| {
        statement.is_about_service(BEDROCK) && statement.is_about_action(WRITE) && statement.resources().cover(&logs)
    };
    let mut untold = None;
    for denial in policy.statements(Effect::Deny).filter(about) {
        match holds(denial, writer) {
            Answer::Yes => return Answer::No,
            Answer::Depends(key) if UNTOLD.contains(&key.as_str()) => untold = Some(key),
            Answer::Depends(_) | Answer::No => {}
        }
    }
    let mut best = Answer::No;
    for allowance in policy.statements(Effect::Allow).filter(about) {
        match (holds(allowance, writer), &best) {
            (Answer::Yes, _) => return untold.map_or(Answer::Yes, Answer::Depends),
            (depends @ Answer::Depends(_), Answer::No) => best = depends,
            _ => {}
        }
    }
    best
}

/// Tells whether Bedrock is let write anywhere in the bucket without being held to the account for which
/// it does so: another account could name the bucket as its own destination.
pub(super) fn lets_bedrock_write_for_others(policy: &Document, account: &AccountId) -> bool {
    let about = |allowance: &&Statement| {
        (allowance.is_about_nearly_everyone() || allowance.is_about_service(BEDROCK))
            && allowance.is_about_action(WRITE)
    };
    let mut allowances = policy.statements(Effect::Allow).filter(about);
    allowances.any(|allowance| {
        let mut conditions = allowance.conditions();
        !conditions.any(|condition| keeps_others_out(&condition, account))
    })
}

/// Tells whether a condition holds for every request without TLS.
fn holds_without_tls(condition: &Condition<'_>) -> bool {
    matches!(condition.operator, "Bool" | "BoolIfExists")
        && condition.key == SECURE
        && condition.values.iter().any(|value| value == "false")
}

/// Tells whether a condition can only hold if Bedrock writes for `account`, or if it is not Bedrock
/// that writes. One that also holds where the key is absent (`IfExists`) does not.
fn keeps_others_out(condition: &Condition<'_>, account: &AccountId) -> bool {
    let Condition { operator, key, values } = condition;
    let all = |only: &dyn Fn(&str) -> bool| !values.is_empty() && values.iter().all(|value| only(value));
    let is_text = matches!(*operator, "StringEquals" | "StringEqualsIgnoreCase" | "StringLike");
    let is_arn = matches!(*operator, "ArnEquals" | "ArnLike" | "StringEquals");
    match key.as_str() {
        SOURCE_ACCOUNT => is_text && all(&|value| value == account.as_str()),
        SOURCE_ARN if is_arn => all(&|value| Arn::parse(value).is_some_and(|arn| arn.account == account.as_str())),
        // Its wildcards run across the parts of an ARN, so that only what stands before the first counts.
        SOURCE_ARN if *operator == "StringLike" => all(&|value| {
            let literal = value.split(['*', '?']).next().unwrap_or_default();
            Arn::parse(literal).is_some_and(|arn| arn.account == account.as_str())
        }),
        _ => wants_a_principal_of_the_customer(condition),
    }
}

/// Tells whether a condition holds only for principals of some account or organization by name.
fn wants_a_principal_of_the_customer(condition: &Condition<'_>) -> bool {
    matches!(condition.operator, "StringEquals" | "StringLike")
        && OF_THE_PRINCIPAL.contains(&condition.key.as_str())
        && !condition.values.is_empty()
        && condition.values.iter().all(|value| !value.contains(['*', '?']))
}

/// Tells whether a condition holds for everyone but some principals or networks, none of which a service is.
fn refuses_all_but_some(condition: &Condition<'_>, operator: &str) -> bool {
    let negated = matches!(
        operator.strip_prefix("ForAllValues:").unwrap_or(operator),
        "StringNotEquals" | "StringNotEqualsIgnoreCase" | "StringNotLike" | "ArnNotEquals" | "ArnNotLike"
    );
    let anybody = |value: &String| value.chars().all(|sign| matches!(sign, '*' | '?' | ':'));
    let key = condition.key.as_str();
    let of_no_service = ABSENT.contains(&key) || NAMED_BY_NO_SERVICE.contains(&key);
    negated && of_no_service && !condition.values.iter().any(anybody)
}

/// Tells whether a statement's conditions hold when Bedrock writes logs of the account.
fn holds(statement: &Statement, writer: Writer<'_>) -> Answer {
    let mut all = Answer::Yes;
    for condition in statement.conditions() {
        match condition_holds(&condition, writer) {
            Answer::No => return Answer::No,
            depends @ Answer::Depends(_) => all = depends,
            Answer::Yes => {}
        }
    }
    all
}

fn condition_holds(condition: &Condition<'_>, writer: Writer<'_>) -> Answer {
    // The keys that are known here are in each of Bedrock's requests.
    let operator = condition
        .operator
        .strip_suffix("IfExists")
        .unwrap_or(condition.operator);
    let depends = || Answer::Depends(condition.key.clone());
    let any = |matches: &dyn Fn(&str) -> bool| condition.values.iter().any(|value| matches(value));
    let told = |holds: bool| if holds { Answer::Yes } else { Answer::No };
    let account = writer.account.as_str();
    match (condition.key.as_str(), operator) {
        (SECURE, "Bool") => told(any(&|value| value == "true")),
        (SOURCE_ACCOUNT, "StringEquals" | "StringEqualsIgnoreCase") => told(any(&|value| value == account)),
        (SOURCE_ACCOUNT, "StringNotEquals" | "StringNotEqualsIgnoreCase") => told(!any(&|value| value == account)),
        (SOURCE_ACCOUNT, "StringLike") => told(any(&|value| WildMatch::new(value).matches(account))),
        (SOURCE_ACCOUNT, "StringNotLike") => told(!any(&|value| WildMatch::new(value).matches(account))),
        (SOURCE_ARN, "ArnLike" | "ArnEquals" | "StringLike") => {
            let answers: Vec<Answer> = condition.values.iter().map(|value| is_source(value, writer)).collect();
            if answers.contains(&Answer::Yes) {
                Answer::Yes
            } else if answers.iter().all(|answer| *answer == Answer::No) {
                Answer::No
            } else {
                depends()
            }
        }
        (SOURCE_ARN, "ArnNotLike" | "ArnNotEquals" | "StringNotLike") => {
            let answers: Vec<Answer> = condition.values.iter().map(|value| is_source(value, writer)).collect();
            if answers.contains(&Answer::Yes) {
                Answer::No
            } else if answers.iter().all(|answer| *answer == Answer::No) {
                Answer::Yes
            } else {
                depends()
            }
        }
        (IS_SERVICE, "Bool") => told(any(&|value| value == "true")),
        (SERVICE_NAME, "StringEquals") => told(any(&|value| value == BEDROCK)),
        (SERVICE_NAME, "StringNotEquals") => told(!any(&|value| value == BEDROCK)),
        (SERVICE_NAME | IS_SERVICE, "Null") => told(any(&|value| value == "false")),
        (key, "Null") if ABSENT.contains(&key) => told(any(&|value| value == "true")),
        _ if wants_a_principal_of_the_customer(condition) => Answer::No,
        _ if refuses_all_but_some(condition, operator) => Answer::Yes,
        _ => depends(),
    }
}

/// Tells whether a pattern matches the ARN on whose behalf Bedrock writes; AWS documents its first five
/// parts alone.
fn is_source(pattern: &str, writer: Writer<'_>) -> Answer {
    if pattern == "*" {
        return Answer::Yes;
    }
    let Some(arn) = Arn::parse(pattern) else {
        return Answer::Depends(SOURCE_ARN.to_owned());
    };
    let parts = [
        (arn.partition, writer.region.partition()),
        (arn.service, "bedrock"),
        (arn.region, writer.region.as_str()),
        (arn.account, writer.account.as_str()),
    ];
    if !parts
        .into_iter()
        .all(|(pattern, text)| WildMatch::new(pattern).matches(text))
    {
        Answer::No
    } else if arn.resource == "*" {
        Answer::Yes
    } else {
        Answer::Depends(SOURCE_ARN.to_owned())
    }
}
