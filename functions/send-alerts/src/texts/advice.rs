//! What to do, with the findings' own values in the commands.

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    controls::ControlId,
    decision::Violation,
    finding::Verdict,
    policy::Language,
    texts::{self, FROM_FINDING},
    untrusted::for_shell,
};
use serde::Serialize;

use crate::{
    line::{Line, Reason},
    notice::Excerpt,
};

/// What people are told about a control, once for all its findings.
#[derive(Debug, Serialize)]
pub(super) struct Advice {
    name: &'static str,
    title: &'static str,
    rationale: &'static str,
    pub(super) remedy: Vec<String>,
    documentation: &'static str,
}

/// Writes what to do about each control of a message.
pub(super) fn of(excerpt: &Excerpt<'_>, language: Language) -> Vec<Advice> {
    let mut by_control: BTreeMap<ControlId, &Line> = BTreeMap::new();
    // In the order of the findings, of which the most severe come first.
    let mut controls: Vec<ControlId> = Vec::new();
    let mut violated: BTreeSet<ControlId> = BTreeSet::new();
    for line in excerpt.findings {
        if !by_control.contains_key(&line.control) {
            controls.push(line.control);
        }
        // All values of one finding, for a command names an event and the Region that it is in:
        // the first of those that have the most.
        let known = by_control.entry(line.control).or_insert(line);
        if values(line).len() > values(known).len() {
            *known = line;
        }
        if !is_gap(line) {
            violated.insert(line.control);
        }
    }
    // A step said once is not said again.
    let mut said = BTreeSet::new();
    controls
        .into_iter()
        .filter_map(|control| Some((control, by_control.get(&control)?)))
        .map(|(control, line)| {
            let words = texts::control(control, language);
            let remedy = if violated.contains(&control) {
                words.remedy
            } else {
                texts::undecided_remedy(language)
            };
            Advice {
                name: control.name(),
                title: words.title,
                rationale: words.rationale,
                remedy: filled(remedy, line)
                    .into_iter()
                    .filter(|step| said.insert(step.clone()))
                    .collect(),
                documentation: control.metadata().documentation,
            }
        })
        .collect()
}

/// Tells whether it is not known if an invocation is a violation. What could not be looked at of
/// settings is not meant: the control's own steps say which permission to give.
fn is_gap(line: &Line) -> bool {
    matches!(line.reason, Reason::Invocations(Verdict::Undecided(_)))
}

/// Writes the commands that look up a finding's example events.
pub(super) fn lookups(line: &Line) -> Vec<String> {
    let of_calls = line.event_ids.iter().map(|id| (&line.source_region, id));
    let of_changes = line.changes.iter().map(|change| (&change.region, &change.event_id));
    of_calls
        .chain(of_changes)
        .filter_map(|(region, id)| Some((region, for_shell(id)?)))
        .map(|(region, id)| {
            format!(
                "aws cloudtrail lookup-events --region {region} --lookup-attributes AttributeKey=EventId,AttributeValue={id}"
            )
        })
        .collect()
}

/// Fills in a remedy's words; a step that needs what the finding does not have is left out.
fn filled(remedy: &[&str], line: &Line) -> Vec<String> {
    let values = values(line);
    let knows = |word| values.iter().any(|(known, _)| *known == word);
    let lacks = |step: &str| FROM_FINDING.iter().any(|word| step.contains(word) && !knows(*word));
    let steps = remedy.iter().filter(|step| !lacks(step));
    steps.map(|step| texts::filled(step, &values)).collect()
}

/// Returns what the words of a remedy stand for, as far as a finding has it and a shell can take it.
fn values(line: &Line) -> Vec<(&'static str, &str)> {
    let scp = match &line.reason {
        Reason::Invocations(Verdict::NonCompliant(Violation::DeniedByScp { policy, .. })) => {
            policy.as_deref().and_then(|policy| policy.rsplit('/').next())
        }
        Reason::Invocations(_) | Reason::Settings(_) => None,
    };
    let values = [
        ("SOURCE", Some(line.source_region.as_str())),
        ("EVENT_ID", line.event_ids.iter().find_map(|id| for_shell(id))),
        ("PROFILE", line.profile.as_deref().and_then(for_shell)),
        ("POLICY_ID", scp.and_then(for_shell)),
    ];
    values
        .into_iter()
        .filter_map(|(word, value)| Some((word, value?)))
        .collect()
}
