//! A finding in the AWS Security Finding Format (ASFF), for Security Hub.
//!
//! Only what a finding provider may say is here. Notes, workflow, verification state and
//! user-defined fields belong to those who investigate, and severity and types stand in
//! `FindingProviderFields`, from which Security Hub takes them over only where nobody has changed
//! them (<https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html>).
//! The lengths are those of
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>.

use std::collections::BTreeMap;

use crisguard_aws::securityhub::{Finding, ProductArn};
use crisguard_core::{
    controls::Metadata,
    decision::Severity,
    posture::PostureDecision,
    texts::{self, FROM_FINDING},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    clean::cleaned,
    lifecycle::Transition,
    line::{Line, Reason},
    ports::Announcement,
};

const SCHEMA_VERSION: &str = "2018-10-08";
/// Shown instead of `Personal` and `Default`, the names of an account's own product.
const PRODUCT: &str = "crisguard";
/// The namespace and category of findings about rules that a company or the law has set.
const TYPE: &str = "Software and Configuration Checks/Industry and Regulatory Standards";
const LONGEST_TITLE: usize = 256;
const LONGEST_DESCRIPTION: usize = 1024;
const LONGEST_RECOMMENDATION: usize = 512;
const LONGEST_FIELD: usize = 2048;
const LONGEST_REGION: usize = 16;

/// One finding as Security Hub keeps it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    schema_version: &'static str,
    id: String,
    product_arn: String,
    company_name: &'static str,
    product_name: &'static str,
    generator_id: String,
    aws_account_id: String,
    created_at: String,
    updated_at: Timestamp,
    first_observed_at: String,
    last_observed_at: String,
    finding_provider_fields: ProviderFields,
    title: String,
    description: String,
    remediation: Remediation,
    product_fields: BTreeMap<&'static str, String>,
    resources: Vec<Resource>,
    compliance: Compliance,
    record_state: RecordState,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderFields {
    severity: SeverityFields,
    types: [&'static str; 1],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeverityFields {
    label: &'static str,
    original: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Remediation {
    recommendation: Recommendation,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Recommendation {
    text: String,
    url: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    r#type: &'static str,
    id: String,
    partition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Compliance {
    status: Status,
}

/// Whether the policy is kept: a gap is a warning, for it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Failed,
    Warning,
    Passed,
}

/// Whether a finding is shown: one that is resolved or closed is not, but kept for search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum RecordState {
    Active,
    Archived,
}

/// Writes the finding of an announcement.
pub(crate) fn of(announcement: &Announcement, product: &ProductArn) -> Result<Finding, serde_json::Error> {
    let document = Document::of(announcement, product);
    Ok(Finding {
        document: serde_json::to_string(&document)?,
        id: document.id,
    })
}

impl Document {
    fn of(announcement: &Announcement, product: &ProductArn) -> Self {
        let line = &announcement.line;
        let control = line.control.metadata();
        Self {
            schema_version: SCHEMA_VERSION,
            id: format!("{PRODUCT}/{}", line.id),
            product_arn: product.to_string(),
            company_name: PRODUCT,
            product_name: PRODUCT,
            generator_id: format!("{PRODUCT}/{}", control.name),
            // Security Hub takes findings in the name of the account that sends them only
            // (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html). Which
            // account was called or looked at stands in the title, the resources and the product's fields.
            aws_account_id: product.account().to_owned(),
            created_at: line.first_seen.clone(),
            updated_at: updated_at(announcement),
            first_observed_at: line.first_seen.clone(),
            last_observed_at: line.last_seen.clone(),
            finding_provider_fields: ProviderFields {
                severity: SeverityFields {
                    label: label(line.severity),
                    original: line.severity.name(),
                },
                types: [TYPE],
            },
            title: limited(&format!("{} ({})", control.title, whom(line, product)), LONGEST_TITLE),
            description: description(announcement),
            remediation: Remediation {
                recommendation: Recommendation {
                    text: recommendation(control, &line.source_region),
                    url: control.documentation,
                },
            },
            product_fields: product_fields(announcement),
            resources: resources(line, product),
            compliance: Compliance {
                status: status(&line.reason),
            },
            record_state: match announcement.transition {
                Transition::First | Transition::Reopened | Transition::Worsened => RecordState::Active,
                Transition::Resolved | Transition::Closed => RecordState::Archived,
            },
        }
    }
}

/// Returns a time that rises with every transition, and is the same however often one is announced.
///
/// Security Hub ignores an update that is not later than the last one
/// (<https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html#batchimportfindings-create-or-update>).
/// That keeps a late repetition from overwriting what came after it. But two transitions can be
/// noticed at the same time, by the clocks of two functions: the sequence tells them apart.
fn updated_at(announcement: &Announcement) -> Timestamp {
    let sequence = i64::try_from(announcement.sequence).unwrap_or(i64::MAX);
    announcement
        .at
        .saturating_add(SignedDuration::from_millis(sequence))
        .unwrap_or(announcement.at)
}

fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "INFORMATIONAL",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// Says how it stands by the reason: a finding that was closed is not known to be compliant.
fn status(reason: &Reason) -> Status {
    match reason {
        Reason::Invocations(verdict) if verdict.is_violation() => Status::Failed,
        Reason::Settings(PostureDecision::NonCompliant(_)) => Status::Failed,
        Reason::Invocations(_) | Reason::Settings(PostureDecision::Undecided(_)) => Status::Warning,
        Reason::Settings(PostureDecision::Compliant(_)) => Status::Passed,
    }
}

/// Names what the finding is about: who called, or the Region that was looked at, and the account unless it is the
/// one in whose name the finding is sent.
fn whom(line: &Line, product: &ProductArn) -> String {
    let whom = line.principal.as_deref().unwrap_or(&line.source_region);
    if is_of_another_account(line, product) {
        format!("account {}, {whom}", line.account)
    } else {
        whom.to_owned()
    }
}

fn is_of_another_account(line: &Line, product: &ProductArn) -> bool {
    line.account != product.account()
}

fn description(announcement: &Announcement) -> String {
    let line = &announcement.line;
    let counted = line.count.map(|count| {
        let calls = if count == 1 { "call" } else { "calls" };
        let about = if line.approximate { "about " } else { "" };
        format!(" Counted so far: {about}{count} {calls}.")
    });
    let closed = match announcement.transition {
        Transition::Closed => " Closed after a week without another call, which does not show that it is mended.",
        Transition::First | Transition::Reopened | Transition::Worsened | Transition::Resolved => "",
    };
    let text = format!(
        "{}.{}{closed}",
        sentence(&line.explanation),
        counted.unwrap_or_default()
    );
    limited(&text, LONGEST_DESCRIPTION)
}

/// Begins a text with a capital letter, unless it begins with a name that has none.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if !text.starts_with(PRODUCT) => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    }
}

/// Returns as many of the steps as there is room for; those that need another value of the finding
/// than the Region stand in alerts.
pub(crate) fn recommendation(control: &Metadata, region: &str) -> String {
    let mut text = String::new();
    let filled = control
        .remedy
        .iter()
        .map(|step| texts::filled(step, &[("SOURCE", region)]));
    let general = |step: &String| !FROM_FINDING.iter().any(|word| step.contains(word));
    for step in filled.filter(general) {
        let longer = format!("{text}{}{step}.", if text.is_empty() { "" } else { " " });
        if longer.chars().count() <= LONGEST_RECOMMENDATION {
            text = longer;
        }
    }
    if text.is_empty() {
        text.push_str(control.title);
    }
    text
}

/// Returns what ASFF has no member for. Names begin with crisguard's: `aws/` is reserved.
fn product_fields(announcement: &Announcement) -> BTreeMap<&'static str, String> {
    let line = &announcement.line;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let transition = match announcement.transition {
        Transition::First => "first",
        Transition::Reopened => "reopened",
        Transition::Worsened => "worsened",
        Transition::Resolved => "resolved",
        Transition::Closed => "closed",
    };
    let expired: Vec<&str> = line
        .expired_exceptions
        .iter()
        .map(|expired| expired.id.as_str())
        .collect();
    let fields = [
        ("crisguard/account", line.account.clone()),
        ("crisguard/approximate", line.approximate.to_string()),
        (
            "crisguard/count",
            line.count.map(|count| count.to_string()).unwrap_or_default(),
        ),
        ("crisguard/decision", line.decision.to_owned()),
        ("crisguard/destination_region", text(&line.destination_region)),
        ("crisguard/episode", line.episode.to_string()),
        ("crisguard/event_ids", line.event_ids.join(" ")),
        ("crisguard/expired_exceptions", expired.join(" ")),
        ("crisguard/model", text(&line.model)),
        ("crisguard/policy_sha256", line.policy_sha256.clone()),
        ("crisguard/profile", text(&line.profile)),
        ("crisguard/sessions", line.sessions.join(" ")),
        ("crisguard/source_region", line.source_region.clone()),
        ("crisguard/subject", line.subject.clone()),
        ("crisguard/transition", transition.to_owned()),
    ];
    fields
        .into_iter()
        .filter(|(_, value)| !is_blank(value))
        .map(|(name, value)| (name, limited(&value, LONGEST_FIELD)))
        .collect()
}

/// Returns who called and through what; of settings, where nobody is named, and of another account than the one in
/// whose name the finding is sent, the account.
fn resources(line: &Line, product: &ProductArn) -> Vec<Resource> {
    let resource = |r#type, id: &str| Resource {
        r#type,
        id: id.to_owned(),
        partition: product.partition().to_owned(),
        region: Some(line.source_region.clone()).filter(|region| region.len() <= LONGEST_REGION),
    };
    let through = line.profile.as_deref().or(line.model.as_deref());
    let principal = line.principal.as_deref().filter(|principal| !is_blank(principal));
    let account = format!("AWS::::Account:{}", line.account);
    [
        principal.map(|principal| (kind(principal), principal)),
        principal.and(through).map(|through| ("Other", through)),
        (principal.is_none() || is_of_another_account(line, product)).then_some(("AwsAccount", account.as_str())),
    ]
    .into_iter()
    .flatten()
    .filter(|(_, id)| !is_blank(id))
    .map(|(kind, id)| resource(kind, id))
    .collect()
}

/// Returns the type of resource that a principal is: a role or user by its ARN in IAM.
fn kind(principal: &str) -> &'static str {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    match *parts.as_slice() {
        ["arn", _, "iam", "", _, name] if name.starts_with("role/") => "AwsIamRole",
        ["arn", _, "iam", "", _, name] if name.starts_with("user/") => "AwsIamUser",
        _ => "Other",
    }
}

/// Tells whether Security Hub would refuse a text for having nothing in it.
fn is_blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// Shortens a text to `longest` characters, the ellipsis included.
fn limited(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        text.to_owned()
    } else {
        cleaned(text, longest.saturating_sub(1))
    }
}
