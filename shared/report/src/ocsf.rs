//! The findings as events of the Open Cybersecurity Schema Framework (<https://schema.ocsf.io/1.6.0/>).
//!
//! A violation is a *Detection Finding* (2004): a prompt went where it must not, and somebody sent it. What cannot be
//! told is a *Compliance Finding* (2003) with the status `Unknown`: a control was assessed without a result, and
//! nothing was detected; so is what check-posture found of settings, which are a state and no event. Whoever alerts
//! on detections is not woken by gaps in the evidence, and nobody can take them for passed.

use crisguard_core::{
    controls::ControlId,
    decision::Severity,
    policy::Language,
    region::Region,
    tally::{AuditFinding, FindingDecision},
    texts,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    Report, ReportError,
    json::each,
    posture::{Assessment, Posture},
    steps,
};

pub(crate) const NAME: &str = "findings.ocsf.json";

/// The version of the schema: one that several consumers read, AWS Security Hub's own findings among them.
const SCHEMA_VERSION: &str = "1.6.0";

/// The class of an event.
#[derive(Clone, Copy)]
enum Class {
    Detection,
    Compliance,
}

/// What every event has.
struct Common<'a> {
    class: Class,
    uid: String,
    control: Option<ControlId>,
    control_name: &'a str,
    severity: Option<Severity>,
    account: &'a str,
    region: &'a str,
    explanation: String,
    remedy: Vec<String>,
}

pub(crate) fn render(report: &Report<'_>, posture: Option<&Posture>) -> Result<Vec<u8>, ReportError> {
    let of_calls = report.audit.findings.iter().map(|finding| invocation(report, finding));
    let of_settings = posture.into_iter().flat_map(Posture::open);
    let of_settings = of_settings.map(|assessment| setting(report, posture, assessment));
    each(of_calls.chain(of_settings), NAME)
}

fn invocation(report: &Report<'_>, finding: &AuditFinding) -> Value {
    let class = match finding.decision {
        FindingDecision::NonCompliant => Class::Detection,
        FindingDecision::Undecided => Class::Compliance,
    };
    let mut event = common(
        report,
        &Common {
            class,
            uid: finding.id.clone(),
            control: Some(finding.control),
            control_name: finding.control.name(),
            severity: Some(finding.severity),
            account: finding.account.as_str(),
            region: finding.source_region.0.as_str(),
            explanation: finding.explanation.clone(),
            remedy: steps::of_finding(
                finding,
                match class {
                    Class::Detection => finding.control.metadata().remedy,
                    Class::Compliance => texts::undecided_remedy(Language::En),
                },
            ),
        },
    );
    let (first, last) = (milliseconds(finding.first_seen), milliseconds(finding.last_seen));
    let partition = finding.source_region.0.partition();
    event.insert("count".to_owned(), json!(finding.invocations));
    event.insert("start_time".to_owned(), json!(first));
    event.insert("end_time".to_owned(), json!(last));
    if let Some(Value::Object(info)) = event.get_mut("finding_info") {
        info.insert("first_seen_time".to_owned(), json!(first));
        info.insert("last_seen_time".to_owned(), json!(last));
        info.insert("data_sources".to_owned(), json!(["AWS CloudTrail"]));
        let events = finding
            .event_ids
            .iter()
            .map(|id| json!({ "uid": id, "type": "AWS CloudTrail record" }));
        info.insert("related_events".to_owned(), events.collect());
    }
    event.insert(
        "evidences".to_owned(),
        json!([{
            "actor": { "user": { "uid": finding.principal, "account": account(finding.account.as_str()) } },
            "data": {
                "source_region": finding.source_region,
                "destination_region": finding.destination_region,
                "profile": finding.profile,
                "model": finding.model,
                "event_ids": finding.event_ids,
                "months": finding.months,
            },
        }]),
    );
    let called = [
        ("Bedrock inference profile", &finding.profile),
        ("Bedrock model", &finding.model),
    ];
    let called = called.iter().filter_map(|(kind, id)| {
        let id = id.as_ref()?;
        Some(json!({ "uid": id, "type": kind, "region": finding.source_region, "cloud_partition": partition }))
    });
    let called: Vec<Value> = called.collect();
    if !called.is_empty() {
        event.insert("resources".to_owned(), called.into());
    }
    if matches!(class, Class::Detection) {
        event.insert("is_alert".to_owned(), json!(true));
    } else {
        event.insert(
            "compliance".to_owned(),
            compliance(Some(finding.control), finding.control.name(), "undecided"),
        );
    }
    event.into()
}

fn setting(report: &Report<'_>, posture: Option<&Posture>, assessment: &Assessment) -> Value {
    let observed = posture.map_or(report.generated_at, |posture| posture.observed_at);
    let uid = match &assessment.known {
        Some(finding) => finding.id.clone(),
        None => [assessment.control(), assessment.account(), assessment.region()].join(" "),
    };
    let mut event = common(
        report,
        &Common {
            class: Class::Compliance,
            uid,
            control: assessment.control_id(),
            control_name: assessment.control(),
            severity: assessment.severity_id(),
            account: assessment.account(),
            region: assessment.region(),
            explanation: assessment.explanation(Language::En),
            remedy: assessment.control_id().map_or_else(Vec::new, |control| {
                steps::of_setting(assessment.region(), control.metadata().remedy)
            }),
        },
    );
    event.insert("start_time".to_owned(), json!(milliseconds(observed)));
    let resource = json!({ "uid": format!("AWS::::Account:{}", assessment.account()), "type": "AWS account", "region": assessment.region() });
    event.insert("resources".to_owned(), json!([resource]));
    event.insert(
        "compliance".to_owned(),
        compliance(assessment.control_id(), assessment.control(), assessment.decision()),
    );
    event.into()
}

fn common(report: &Report<'_>, about: &Common<'_>) -> Map<String, Value> {
    let (class_uid, class_name) = match about.class {
        Class::Compliance => (2003, "Compliance Finding"),
        Class::Detection => (2004, "Detection Finding"),
    };
    let (severity_id, severity) = severity(about.severity);
    let words = about.control.map(|control| texts::control(control, Language::En));
    let mut event = json!({
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": class_uid,
        "class_name": class_name,
        "activity_id": 1,
        "activity_name": "Create",
        "type_uid": class_uid * 100 + 1,
        "type_name": format!("{class_name}: Create"),
        "time": milliseconds(report.generated_at),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "message": about.explanation,
        "metadata": {
            "version": SCHEMA_VERSION,
            "product": { "name": "crisguard", "vendor_name": "crisguard", "version": report.audit.version },
            "profiles": ["cloud"],
        },
        "cloud": cloud(about.region, about.account),
        "finding_info": {
            "uid": about.uid,
            "title": words.map_or(about.control_name, |words| words.title),
            "desc": about.explanation,
            "types": [about.control_name],
        },
    });
    if let Some(control) = about.control
        && let Some(event) = event.as_object_mut()
    {
        event.insert(
            "remediation".to_owned(),
            json!({ "desc": about.remedy.join("\n"), "references": [control.metadata().documentation] }),
        );
    }
    match event {
        Value::Object(event) => event,
        _ => Map::new(),
    }
}

/// Says where in AWS it is; what is not a Region may be of any partition.
fn cloud(region: &str, id: &str) -> Value {
    let mut cloud = Map::from_iter([
        ("provider".to_owned(), json!("AWS")),
        ("region".to_owned(), json!(region)),
    ]);
    if let Ok(region) = region.parse::<Region>() {
        cloud.insert("cloud_partition".to_owned(), json!(region.partition()));
    }
    cloud.insert("account".to_owned(), account(id));
    cloud.into()
}

fn account(id: &str) -> Value {
    json!({ "uid": id, "type_id": 10, "type": "AWS Account" })
}

/// Says how a control was decided; what is not known to be compliant or not is `Unknown`.
fn compliance(control: Option<ControlId>, name: &str, decision: &str) -> Value {
    let (status_id, status) = match decision {
        "compliant" => (1, "Pass"),
        "non-compliant" => (3, "Fail"),
        _ => (0, "Unknown"),
    };
    let mapping = control.map_or(&[][..], |control| control.metadata().mapping);
    let standards: Vec<&str> = mapping.iter().map(|place| place.framework).collect();
    let requirements: Vec<String> = mapping
        .iter()
        .map(|place| format!("{}: {}", place.framework, place.clause))
        .collect();
    json!({
        "control": name,
        "status_id": status_id,
        "status": status,
        "standards": standards,
        "requirements": requirements,
    })
}

const fn severity(severity: Option<Severity>) -> (u8, &'static str) {
    match severity {
        None => (0, "Unknown"),
        Some(Severity::Informational) => (1, "Informational"),
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
        Some(Severity::Critical) => (5, "Critical"),
    }
}

fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_told_where_it_is_known() {
        let partition = |region: &str| cloud(region, "111122223333")["cloud_partition"].clone();
        assert_eq!(
            [partition("ap-northeast-1"), partition("cn-north-1"), partition("")],
            [json!("aws"), json!("aws-cn"), Value::Null]
        );
    }
}
