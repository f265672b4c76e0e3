//! What check-posture answered, read as far as a report shows it.

use crisguard_core::{controls::ControlId, decision::Severity, finding::PostureFinding, policy::Language, texts};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::ReportError;

/// A report of check-posture. What a later version adds is passed over.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Posture {
    pub(crate) observed_at: Timestamp,
    pub(crate) policy_sha256: String,
    pub(crate) coverage: Coverage,
    /// Where the whole report lies, if it was too large to be answered.
    pub(crate) report: Option<String>,
    #[serde(default)]
    pub(crate) assessments: Vec<Assessment>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Coverage {
    pub(crate) compliant: u64,
    pub(crate) non_compliant: u64,
    pub(crate) undecided: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub(crate) struct Assessment {
    pub(crate) known: Option<Box<PostureFinding>>,
    shown: Shown,
}

/// What every version of an assessment has.
#[derive(Clone, Debug)]
struct Shown {
    control: String,
    decision: String,
    severity: String,
    account: String,
    region: String,
    explanation: String,
}

impl From<Map<String, Value>> for Assessment {
    fn from(members: Map<String, Value>) -> Self {
        // One that a later version writes in another form hides none of the others.
        let text = |name: &str| match members.get(name) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        let shown = Shown {
            control: text("control"),
            decision: text("decision"),
            severity: text("severity"),
            account: text("account"),
            region: text("region"),
            explanation: text("explanation"),
        };
        // A reason of a kind that this version does not know is told by its explanation.
        let known = PostureFinding::deserialize(Value::Object(members)).ok().map(Box::new);
        Self { known, shown }
    }
}

impl Posture {
    pub(crate) fn read(json: &Value) -> Result<Self, ReportError> {
        Self::deserialize(json).map_err(ReportError::Posture)
    }

    /// Returns what is not compliant: what has not been decided, or is of a form that is not known, too.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Assessment> {
        self.assessments.iter().filter(|each| each.decision() != "compliant")
    }

    /// Tells whether every setting is as that policy asks, and as none but it does.
    pub(crate) fn is_compliant(&self, policy_sha256: Option<&str>) -> bool {
        let Coverage {
            compliant,
            non_compliant,
            undecided,
        } = self.coverage;
        let counted = non_compliant == 0 && undecided == 0 && compliant > 0;
        counted && self.open().next().is_none() && policy_sha256 == Some(&*self.policy_sha256)
    }
}

impl Assessment {
    pub(crate) fn control(&self) -> &str {
        &self.shown.control
    }

    pub(crate) fn control_id(&self) -> Option<ControlId> {
        self.known.as_ref().map(|finding| finding.control)
    }

    pub(crate) fn decision(&self) -> &str {
        &self.shown.decision
    }

    pub(crate) fn account(&self) -> &str {
        &self.shown.account
    }

    pub(crate) fn region(&self) -> &str {
        &self.shown.region
    }

    /// Returns the severity, by its name where it is one that this version does not know.
    pub(crate) fn severity(&self, language: Language) -> &str {
        match &self.known {
            Some(finding) => texts::severity(finding.severity, language),
            None => &self.shown.severity,
        }
    }

    pub(crate) fn severity_id(&self) -> Option<Severity> {
        self.known.as_ref().map(|finding| finding.severity)
    }

    pub(crate) fn explanation(&self, language: Language) -> String {
        match &self.known {
            Some(finding) if language != Language::En => texts::explanation(&finding.decision, language),
            _ => self.shown.explanation.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_later_version_writes_otherwise_hides_nothing_else() {
        let later = json!({
            "control": "c", "decision": "undecided", "severity": {"of": 3}, "region": null, "explanation": "why",
        });
        let assessment = Assessment::deserialize(later).unwrap();
        assert!(assessment.known.is_none());
        assert_eq!(
            (assessment.control(), assessment.decision(), assessment.region()),
            ("c", "undecided", "")
        );
        assert_eq!(assessment.explanation(Language::Ja), "why");
        assert_eq!(assessment.severity(Language::Ja), r#"{"of":3}"#);
        assert!(Assessment::deserialize(json!("an assessment")).is_err());
    }
}
