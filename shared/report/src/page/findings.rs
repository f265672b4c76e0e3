//! The findings, those of one control together: why it matters and what to do is said once, and so is what several
//! controls found in the same invocations.

use std::collections::BTreeMap;

use crisguard_core::{
    controls::{ControlId, Mapping},
    policy::Language,
    tally::{Audit, AuditFinding, FindingDecision, causes},
    texts,
};
use serde::Serialize;

use crate::{findings::decision, steps};

/// The most findings that the page shows: more would not be read. findings.csv has them all.
pub(super) const SHOWN: usize = 500;
/// How many of these lie open; the others of each control are folded behind them, where who looks for one finds it.
const OPEN: usize = 100;

/// The findings that the page shows.
#[derive(Serialize)]
pub(super) struct Groups {
    total: usize,
    shown: usize,
    by_control: Vec<Group>,
}

/// What one control found, decided one way.
#[derive(Serialize)]
struct Group {
    control: &'static str,
    title: &'static str,
    decision: &'static str,
    severity: &'static str,
    severity_word: &'static str,
    rationale: &'static str,
    remedy: Vec<String>,
    documentation: &'static str,
    mapping: &'static [Mapping],
    invocations: u64,
    /// Those that lie open.
    findings: Vec<Shown>,
    /// Those that are folded behind them.
    folded: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    finding: AuditFinding,
    explained: String,
    /// Where the same invocations are shown already, as what another control found.
    same_as: Option<SameAs>,
    /// What a service control policy refused was processed nowhere; of all else the record does not say.
    nowhere: bool,
}

/// A finding that the page shows further up.
#[derive(Clone, Serialize)]
struct SameAs {
    decision: &'static str,
    id: String,
    title: &'static str,
}

/// Which findings are of the same invocations, and which of them the page shows first.
struct Causes<'a> {
    numbers: BTreeMap<(FindingDecision, &'a str), usize>,
    first: BTreeMap<usize, SameAs>,
}

impl<'a> Causes<'a> {
    fn of(audit: &'a Audit) -> Self {
        let causes = causes(&audit.findings);
        let each = causes.iter().enumerate();
        let each = each.flat_map(|(number, cause)| cause.iter().map(move |finding| (number, finding)));
        Self {
            numbers: each
                .map(|(number, finding)| ((finding.decision, finding.id.as_str()), number))
                .collect(),
            first: BTreeMap::new(),
        }
    }

    /// Returns where the same invocations are shown already; else they are, from now on, here.
    fn shown(&mut self, finding: &AuditFinding, title: &'static str) -> Option<SameAs> {
        let number = *self.numbers.get(&(finding.decision, finding.id.as_str()))?;
        let above = self.first.get(&number).cloned();
        if above.is_none() {
            let here = SameAs {
                decision: decision(finding.decision),
                id: finding.id.clone(),
                title,
            };
            self.first.insert(number, here);
        }
        above
    }
}

impl Groups {
    pub(super) fn of(audit: &Audit, language: Language) -> Self {
        let mut groups: Vec<(&AuditFinding, Vec<&AuditFinding>)> = Vec::new();
        for finding in &audit.findings {
            let alike = |(first, _): &&mut (&AuditFinding, Vec<_>)| {
                (first.control, first.decision) == (finding.control, finding.decision)
            };
            match groups.iter_mut().find(alike) {
                Some((_, of_control)) => of_control.push(finding),
                None => groups.push((finding, vec![finding])),
            }
        }
        let mut causes = Causes::of(audit);
        let (mut shown, mut open) = (Room::of(SHOWN, groups.len()), Room::of(OPEN, groups.len()));
        let groups: Vec<Group> = groups
            .iter()
            .map(|(first, all)| {
                let shown = all.get(..shown.take(all.len())).unwrap_or(all);
                let open = shown.split_at_checked(open.take(shown.len())).unwrap_or((shown, &[]));
                group(first, all, open, &mut causes, language)
            })
            .collect();
        Self {
            total: audit.findings.len(),
            shown: groups
                .iter()
                .map(|group| group.findings.len() + group.folded.len())
                .sum(),
            by_control: groups,
        }
    }
}

/// Room for so many findings. A control with many leaves some for the others: each has its first in it at least.
struct Room {
    left: usize,
    /// How many controls are still to come.
    waiting: usize,
}

impl Room {
    const fn of(findings: usize, controls: usize) -> Self {
        Self {
            left: findings,
            waiting: controls,
        }
    }

    /// Takes room for the next control's findings, of which there are so many; returns for how many there is any.
    fn take(&mut self, findings: usize) -> usize {
        self.waiting = self.waiting.saturating_sub(1);
        let taken = self.left.saturating_sub(self.waiting).max(1).min(findings);
        self.left = self.left.saturating_sub(taken);
        taken
    }
}

fn group(
    first: &AuditFinding,
    all: &[&AuditFinding],
    (open, folded): (&[&AuditFinding], &[&AuditFinding]),
    causes: &mut Causes<'_>,
    language: Language,
) -> Group {
    let words = texts::control(first.control, language);
    let metadata = first.control.metadata();
    let steps = match first.decision {
        FindingDecision::NonCompliant => words.remedy,
        FindingDecision::Undecided => texts::undecided_remedy(language),
    };
    let mut shown = |findings: &[&AuditFinding]| -> Vec<Shown> {
        let each = findings.iter();
        each.map(|finding| Shown {
            finding: (*finding).clone(),
            explained: explained(finding, language),
            same_as: causes.shown(finding, words.title),
            nowhere: finding.control == ControlId::InferenceDeniedByScp,
        })
        .collect()
    };
    Group {
        control: metadata.name,
        title: words.title,
        decision: decision(first.decision),
        severity: first.severity.name(),
        severity_word: texts::severity(first.severity, language),
        rationale: words.rationale,
        remedy: steps::of_finding(first, steps),
        documentation: metadata.documentation,
        mapping: metadata.mapping,
        invocations: all.iter().map(|finding| finding.invocations).sum(),
        findings: shown(open),
        folded: shown(folded),
    }
}

/// Says why, in the page's language, as a sentence.
fn explained(finding: &AuditFinding, language: Language) -> String {
    match language {
        Language::En => {
            // A capital stands at its start, but an ARN or id there stays as it is.
            let text = &finding.explanation;
            let is_word = text
                .split(' ')
                .next()
                .is_some_and(|word| word.chars().all(char::is_alphabetic));
            let mut characters = text.chars();
            match characters.next() {
                Some(first) if is_word => format!("{}{}.", first.to_uppercase(), characters.as_str()),
                _ => format!("{text}."),
            }
        }
        Language::Ja => format!("{}。", finding.explanation_ja),
    }
}
