//! From rows to what they come to.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    AccountControls, Audit, AuditFinding, Decided, Exits, FindingDecision, Flow, Id, LISTED_REJECTIONS, LogFileName,
    Outcome, Question, Read, Rejected, Route, Row, Tally, Unread,
    coverage::Called,
    excepted::Uses,
    judge::{Case, keep_least, time_of},
    resolve::Resolver,
};
use crate::{
    account::AccountId,
    cloudtrail::{Invocation, ProcessedIn},
    controls::ControlId,
    decision::{Assessment, Decision, ExpiredException},
    finding::{FindingKey, shortened},
    policy::Language,
    region::{DestinationRegion, SourceRegion},
    texts::{Reason, explanation},
};

/// Concludes a tally: see [`Tally::conclude`].
pub(super) fn conclude<E>(
    mut tally: Tally,
    spilled: impl IntoIterator<Item = Result<Vec<Row>, E>>,
    question: &Question<'_>,
) -> Result<Audit, E> {
    let mut resolver = Resolver::new(question, &tally.evidence);
    let own = std::mem::take(&mut tally.rows);
    let mut rows = own.len() as u64;
    resolver.resolve(own);
    for part in spilled {
        let part = part?;
        rows += part.len() as u64;
        resolver.resolve(part);
    }
    let (left, judge) = resolver.end();
    let mut sums = Sums::nothing(&tally.odd_ids);
    judge.each(|case, invocation, assessments| sums.add(case, invocation, assessments));

    let counts = tally.counts;
    let scope = &question.scope;
    let elsewhere = tally.rejected_at.outside(scope);
    let paths_without_file = counts
        .paths_without_file
        .saturating_sub(tally.without_file_at.outside(scope));
    let mut rejected = tally.rejected.into_sorted_vec();
    rejected.retain(|rejected| {
        LogFileName::place(&rejected.file).is_none_or(|(account, region)| scope.has_place(&account, &region))
    });
    if left.lost > 0 {
        rejected.push(Rejected::new(
            "(stored rows)",
            None,
            &Unread::RowsWithoutEvidence(left.lost),
        ));
        rejected.sort();
        rejected.truncate(LISTED_REJECTIONS);
    }
    let all_rejected = counts.rejected.saturating_sub(elsewhere) + left.lost;
    let invocations = sums.outcomes.values().sum();
    let of = |outcome| sums.outcomes.get(&outcome).copied().unwrap_or(0);
    Ok(Audit {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        policy_sha256: question.policy.map(|policy| policy.sha256().to_owned()),
        asked: scope.clone(),
        read: Read {
            files: counts.files,
            pages: counts.pages,
            paths_without_file,
            bytes: counts.bytes,
            records: counts.not_bedrock + counts.not_inference + counts.rejected + rows,
            bedrock_records: counts.not_inference + rows,
            invocations,
        },
        exits: Exits {
            compliant: of(Some(Outcome::Compliant)),
            violation: of(Some(Outcome::Violation)),
            undecided: of(Some(Outcome::Undecided)) + of(None),
            not_applicable: of(Some(Outcome::NotApplicable)) + counts.not_inference,
            not_bedrock: counts.not_bedrock,
            duplicate: left.duplicate,
            joined: left.joined,
            rejected: all_rejected,
            out_of_scope: left.out_of_scope + elsewhere,
        },
        rejected_not_listed: (all_rejected + paths_without_file).saturating_sub(rejected.len() as u64),
        rejected,
        first_seen: sums.seen.map(|(first, _)| time_of(first)),
        last_seen: sums.seen.map(|(_, last)| time_of(last)),
        routes: sums.routes(),
        findings: sums.findings(),
        excepted: std::mem::replace(&mut sums.uses, Uses::none()).told(question.policy),
        accounts: sums.accounts(),
        coverage: tally.days.answer(
            scope,
            (counts.unplaced_files, counts.other_files),
            sums.places(),
            tally.looked_up,
        ),
        flows: sums
            .flows
            .into_iter()
            .map(|(flow, invocations)| Flow { invocations, ..flow })
            .collect(),
    })
}

/// What cases add up to; nothing of it depends on the order in which they are added.
struct Sums<'a> {
    odd_ids: &'a BTreeMap<Id, String>,
    outcomes: BTreeMap<Option<Outcome>, u64>,
    seen: Option<(i64, i64)>,
    routes: BTreeMap<(SourceRegion, Option<DestinationRegion>), (u64, u64)>,
    /// How often each flow was met; the flow itself counts none.
    flows: BTreeMap<Flow, u64>,
    findings: BTreeMap<(FindingKey, bool), Found>,
    uses: Uses,
    accounts: BTreeMap<AccountId, (u64, BTreeMap<ControlId, Decided>)>,
}

/// What a control found, gathered over cases.
struct Found {
    invocations: u64,
    /// When it was first found, and why: of several reasons at that time, the first in order.
    first: (i64, Why),
    last: i64,
    events: Vec<Id>,
    expired: BTreeMap<String, ExpiredException>,
    months: BTreeMap<String, u64>,
}

/// A reason in each language.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Why {
    en: String,
    ja: String,
}

impl Why {
    fn of(reason: &impl Reason) -> Self {
        let [en, ja] = [Language::En, Language::Ja].map(|language| explanation(reason, language));
        Self { en, ja }
    }
}

impl<'a> Sums<'a> {
    fn nothing(odd_ids: &'a BTreeMap<Id, String>) -> Self {
        Self {
            odd_ids,
            outcomes: BTreeMap::new(),
            seen: None,
            routes: BTreeMap::new(),
            flows: BTreeMap::new(),
            findings: BTreeMap::new(),
            uses: Uses::none(),
            accounts: BTreeMap::new(),
        }
    }

    fn add(&mut self, case: &Case, invocation: &Invocation, assessments: Option<&[Assessment]>) {
        *self.outcomes.entry(case.outcome).or_insert(0) += case.invocations;
        let (first, last) = self.seen.unwrap_or((case.first, case.last));
        self.seen = Some((first.min(case.first), last.max(case.last)));

        let destination = invocation.processed_in.destination(&invocation.source);
        let processed_nowhere = matches!(invocation.processed_in, ProcessedIn::Nowhere(_));
        let route = (invocation.source.clone(), destination.clone());
        let (all, nowhere) = self.routes.entry(route).or_insert((0, 0));
        *all += case.invocations;
        *nowhere += if processed_nowhere { case.invocations } else { 0 };

        let flow = Flow {
            month: case.month().to_string(),
            account: invocation.account.clone(),
            source: invocation.source.clone(),
            destination,
            processed_nowhere,
            profile: invocation.target.profile_label().map(shortened),
            model: invocation.target.model_label().map(shortened),
            principal: invocation.principal.to_string(),
            outcome: case.outcome,
            invocations: 0,
        };
        *self.flows.entry(flow).or_insert(0) += case.invocations;

        let (all, controls) = self
            .accounts
            .entry(invocation.account.clone())
            .or_insert((0, BTreeMap::new()));
        *all += case.invocations;
        self.uses.add(case, invocation, assessments.unwrap_or_default());
        for assessment in assessments.into_iter().flatten() {
            let decided = controls.entry(assessment.control).or_insert(Decided {
                compliant: 0,
                non_compliant: 0,
                undecided: 0,
                not_applicable: 0,
            });
            let count = match &assessment.decision {
                Decision::Compliant(_) => &mut decided.compliant,
                Decision::NonCompliant(_) => &mut decided.non_compliant,
                Decision::Undecided(_) => &mut decided.undecided,
                Decision::NotApplicable(_) => &mut decided.not_applicable,
            };
            *count += case.invocations;
        }
        for assessment in assessments.into_iter().flatten() {
            match &assessment.decision {
                Decision::NonCompliant(violation) => {
                    self.find(case, invocation, assessment, (true, Why::of(violation)));
                }
                Decision::Undecided(gap) => self.find(case, invocation, assessment, (false, Why::of(gap))),
                Decision::Compliant(_) | Decision::NotApplicable(_) => {}
            }
        }
    }

    fn find(
        &mut self,
        case: &Case,
        invocation: &Invocation,
        assessment: &Assessment,
        (is_violation, why): (bool, Why),
    ) {
        let key = FindingKey::of(assessment.control, invocation);
        let why = (case.first, why);
        let found = self.findings.entry((key, is_violation)).or_insert_with(|| Found {
            invocations: 0,
            first: why.clone(),
            last: case.last,
            events: Vec::new(),
            expired: BTreeMap::new(),
            months: BTreeMap::new(),
        });
        found.invocations += case.invocations;
        if why < found.first {
            found.first = why;
        }
        found.last = found.last.max(case.last);
        for event in &case.events {
            keep_least(&mut found.events, *event);
        }
        for expired in &assessment.expired_exceptions {
            found.expired.insert(expired.id.clone(), expired.clone());
        }
        *found.months.entry(case.month().to_string()).or_insert(0) += case.invocations;
    }

    /// Returns the accounts that called, with the Regions that they called.
    fn places(&self) -> Called {
        let flows = self.flows.keys();
        flows
            .map(|flow| (flow.account.clone(), flow.source.0.clone()))
            .collect()
    }

    fn routes(&self) -> Vec<Route> {
        let routes = self
            .routes
            .iter()
            .map(|((source, destination), (invocations, processed_nowhere))| Route {
                source: source.clone(),
                destination: destination.clone(),
                invocations: *invocations,
                processed_nowhere: *processed_nowhere,
            });
        let mut routes: Vec<Route> = routes.collect();
        // Stable: of equally many, by name.
        routes.sort_by_key(|route| Reverse(route.invocations));
        routes
    }

    fn findings(&self) -> Vec<AuditFinding> {
        let mut findings: Vec<AuditFinding> = self
            .findings
            .iter()
            .map(|((key, is_violation), found)| AuditFinding {
                id: key.id(),
                control: key.control,
                decision: if *is_violation {
                    FindingDecision::NonCompliant
                } else {
                    FindingDecision::Undecided
                },
                severity: key.control.severity(),
                account: key.account.clone(),
                source_region: key.source_region.clone(),
                destination_region: key.destination_region.clone(),
                profile: key.profile.clone(),
                model: key.model.clone(),
                principal: key.principal.clone(),
                invocations: found.invocations,
                first_seen: time_of(found.first.0),
                last_seen: time_of(found.last),
                event_ids: found.events.iter().map(|event| self.event_id(*event)).collect(),
                explanation: found.first.1.en.clone(),
                explanation_ja: found.first.1.ja.clone(),
                expired_exceptions: found.expired.values().cloned().collect(),
                months: found.months.clone(),
            })
            .collect();
        // Stable: what is as bad and as frequent, by control, account, Regions and so on.
        findings.sort_by_key(|finding| {
            let is_violation = finding.decision == FindingDecision::NonCompliant;
            Reverse((is_violation, finding.severity, finding.invocations))
        });
        findings
    }

    fn event_id(&self, event: Id) -> String {
        self.odd_ids.get(&event).cloned().unwrap_or_else(|| event.to_uuid())
    }

    fn accounts(&self) -> Vec<AccountControls> {
        let accounts = self
            .accounts
            .iter()
            .map(|(account, (invocations, controls))| AccountControls {
                account: account.clone(),
                invocations: *invocations,
                controls: controls.clone(),
            });
        accounts.collect()
    }
}
