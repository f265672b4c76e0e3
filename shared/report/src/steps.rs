//! What to do about a finding, with its own values in the steps.

use crisguard_core::{
    tally::AuditFinding,
    texts::{FROM_FINDING, filled},
    untrusted::for_shell,
};

/// Fills the steps with the finding's values, those of its first event.
pub(crate) fn of_finding(finding: &AuditFinding, steps: &[&str]) -> Vec<String> {
    let event = finding.event_ids.first().map_or("", String::as_str);
    let profile = finding.profile.as_deref().unwrap_or("");
    with_values(steps, [finding.source_region.0.as_str(), event, profile])
}

/// Fills the steps about a setting, which has a Region alone.
pub(crate) fn of_setting(region: &str, steps: &[&str]) -> Vec<String> {
    with_values(steps, [region, "", ""])
}

/// Puts values in place of [`FROM_FINDING`]. A step that asks for one that is not there, or that a shell would not take
/// for a word, is left out.
fn with_values(steps: &[&str], values: [&str; FROM_FINDING.len()]) -> Vec<String> {
    let values: Vec<(&str, &str)> = FROM_FINDING.into_iter().zip(values).collect();
    let usable = |step: &&&str| {
        values
            .iter()
            .all(|(word, value)| !step.contains(word) || for_shell(value).is_some())
    };
    steps.iter().filter(usable).map(|step| filled(step, &values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_without_its_value_is_left_out() {
        let steps = ["look in `SOURCE`", "read EVENT_ID", "ask about PROFILE", "end it"];
        assert_eq!(of_setting("us-east-1", &steps), ["look in `us-east-1`", "end it"]);
        assert_eq!(of_setting("us east", &steps), ["end it"]);
        let all = with_values(&steps, ["us-east-1", "e-1", "jp.x"]);
        assert_eq!(all, ["look in `us-east-1`", "read e-1", "ask about jp.x", "end it"]);
    }
}
