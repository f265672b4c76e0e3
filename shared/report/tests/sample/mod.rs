//! A year of three accounts, as an audit comes out of it: violations, what cannot be told, gaps, bad files, and a
//! caller who chose hostile texts. Everything that must add up is added up here, so that it does.

mod calls;
mod evidence;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    account::AccountId,
    cloudtrail::BlockedRegion,
    controls::ControlId::{self, DestinationRegionAllowed, GlobalProfileAllowed, InferenceDeniedByScp},
    decision::{EvidenceGap, ExpiredException, Violation},
    finding::{FindingKey, Verdict},
    policy::Language,
    region::{DestinationRegion, SourceRegion},
    tally::{
        AccountControls, Audit, AuditFinding, Decided, Excepted, ExceptionUse, Exits, FindingDecision, Flow, Outcome,
        Read, Route, Scope,
    },
    texts,
};

use calls::{CALLS, Calls, many};

/// What stands in every text that a caller chooses.
pub(crate) const HOSTILE: &str = "=cmd|' /C calc'!A0\"><script>alert(1)</script>\u{202e}gpj.exe\u{0}";
pub(crate) const POLICY_NAME: &str = "policy.yaml";
pub(crate) const POLICY: &str = include_str!("policy.yaml");
pub(crate) const POSTURE: &str = include_str!("posture.json");
pub(crate) const REACH: &str = include_str!("reach.json");

/// Which audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All that there is.
    Violations,
    /// The same, without a policy.
    NoPolicy,
    /// Only what kept the policy, with all the evidence.
    Kept,
    /// More accounts, Regions, months and findings than a page shows.
    Large,
    /// Not one record could be read.
    Nothing,
}

impl Kind {
    pub(crate) fn has_policy(self) -> bool {
        self != Self::NoPolicy
    }

    fn calls(self) -> Vec<Calls<'static>> {
        match self {
            Self::Violations | Self::NoPolicy => CALLS.to_vec(),
            Self::Kept => CALLS.iter().filter(|calls| calls.is_kept()).copied().collect(),
            Self::Large => CALLS.iter().copied().chain((0..630).map(many)).collect(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// Makes an audit.
pub(crate) fn audit(kind: Kind) -> Audit {
    let with_policy = kind.has_policy();
    let mut flows: Vec<Flow> = Vec::new();
    let mut findings = Vec::new();
    let mut routes: BTreeMap<(SourceRegion, Option<DestinationRegion>), (u64, u64)> = BTreeMap::new();
    let mut accounts: BTreeMap<AccountId, AccountControls> = BTreeMap::new();
    for calls in &kind.calls() {
        let total: u64 = calls.months.iter().map(|(_, n)| n).sum();
        let route = routes.entry((source(calls), destination(calls))).or_default();
        *route = (route.0 + total, route.1 + if calls.nowhere { total } else { 0 });
        let account = accounts
            .entry(calls.account.parse().unwrap())
            .or_insert_with_key(|account| AccountControls {
                account: account.clone(),
                invocations: 0,
                controls: BTreeMap::new(),
            });
        account.invocations += total;
        flows.extend(
            calls
                .months
                .iter()
                .map(|(month, n)| flow(calls, month, *n, with_policy)),
        );
        if with_policy {
            decide(calls, total, account);
            let broken = calls
                .broken
                .iter()
                .map(|control| (*control, FindingDecision::NonCompliant));
            let undecided = calls
                .undecided
                .iter()
                .map(|control| (*control, FindingDecision::Undecided));
            findings.extend(
                broken
                    .chain(undecided)
                    .map(|(control, decision)| finding(calls, control, decision)),
            );
        }
    }
    findings.sort_by_key(|finding| {
        (
            finding.decision,
            std::cmp::Reverse(finding.severity),
            finding.control,
            std::cmp::Reverse(finding.invocations),
        )
    });
    let mut routes: Vec<Route> = routes
        .into_iter()
        .map(|((source, destination), (invocations, processed_nowhere))| Route {
            source,
            destination,
            invocations,
            processed_nowhere,
        })
        .collect();
    routes.sort_by_key(|route| std::cmp::Reverse(route.invocations));
    Audit {
        findings,
        accounts: accounts.into_values().collect(),
        ..of_flows(flows, routes, kind)
    }
}

/// The audit without findings and accounts.
fn of_flows(flows: Vec<Flow>, routes: Vec<Route>, kind: Kind) -> Audit {
    let (nothing, complete) = (kind == Kind::Nothing, kind == Kind::Kept);
    let other = |number: u64| if nothing { 0 } else { number };
    let of = |outcome| {
        flows
            .iter()
            .filter(|flow| flow.outcome == outcome)
            .map(|flow| flow.invocations)
            .sum::<u64>()
    };
    let exits = Exits {
        compliant: of(Some(Outcome::Compliant)),
        violation: of(Some(Outcome::Violation)),
        undecided: of(Some(Outcome::Undecided)) + of(None),
        not_applicable: of(Some(Outcome::NotApplicable)),
        not_bedrock: other(31_415_926),
        duplicate: other(1_204),
        joined: other(88_310),
        rejected: if complete { 0 } else { 3 },
        out_of_scope: 0,
    };
    let invocations: u64 = flows.iter().map(|flow| flow.invocations).sum();
    let bedrock_records = invocations + exits.duplicate + exits.joined + exits.rejected;
    Audit {
        version: "0.1.0".to_owned(),
        policy_sha256: kind.has_policy().then(|| POLICY_SHA256.to_owned()),
        asked: Scope {
            from: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            to: Some("2026-11-01T00:00:00Z".parse().unwrap()),
            accounts: BTreeSet::new(),
            regions: BTreeSet::new(),
        },
        read: Read {
            files: if nothing { 3 } else { 43_210 },
            pages: 0,
            paths_without_file: 0,
            bytes: other(9_876_543_210),
            records: bedrock_records + exits.not_bedrock,
            bedrock_records,
            invocations,
        },
        exits,
        rejected: if complete { Vec::new() } else { evidence::rejected() },
        rejected_not_listed: 0,
        first_seen: (!nothing).then(|| "2026-01-01T00:03:12Z".parse().unwrap()),
        last_seen: (!nothing).then(|| "2026-10-31T23:58:41Z".parse().unwrap()),
        routes,
        flows,
        findings: Vec::new(),
        excepted: excepted(kind),
        accounts: Vec::new(),
        coverage: evidence::coverage(kind),
    }
}

/// What the exception `osaka-search` of [`POLICY`] covers.
fn excepted(kind: Kind) -> Excepted {
    let covers = |calls: &Calls<'_>| calls.principal.ends_with(":role/search");
    let all = kind.calls();
    let calls: Vec<&Calls<'_>> = all.iter().filter(|calls| covers(calls)).collect();
    if calls.is_empty() || !kind.has_policy() {
        return Excepted {
            invocations: 0,
            exceptions: Vec::new(),
        };
    }
    let invocations = calls.iter().flat_map(|calls| calls.months).map(|(_, n)| n).sum();
    Excepted {
        invocations,
        exceptions: vec![ExceptionUse {
            id: "osaka-search".to_owned(),
            reason: "埋め込みモデルを直接呼び出す検索基盤。国内のみで処理される".to_owned(),
            owner: "search@example.com".to_owned(),
            expires: "2026-12-31".parse().unwrap(),
            invocations,
            not_compliant: 0,
            controls: BTreeSet::from([ControlId::ProfileAllowed]),
            accounts: calls.iter().map(|calls| calls.account.parse().unwrap()).collect(),
            first_seen: "2026-03-03T04:05:06Z".parse().unwrap(),
            last_seen: "2026-04-28T10:11:12Z".parse().unwrap(),
        }],
    }
}

/// The SHA-256 of [`POLICY`].
pub(crate) const POLICY_SHA256: &str = "e851f9150f90b49494bd6cd6399077852a66be74c23aa7b8214b185c088ee1a9";

fn source(calls: &Calls<'_>) -> SourceRegion {
    SourceRegion(calls.source.parse().unwrap())
}

fn destination(calls: &Calls<'_>) -> Option<DestinationRegion> {
    calls
        .destination
        .map(|region| DestinationRegion(region.parse().unwrap()))
}

fn flow(calls: &Calls<'_>, month: &str, invocations: u64, with_policy: bool) -> Flow {
    Flow {
        month: month.to_owned(),
        account: calls.account.parse().unwrap(),
        source: source(calls),
        destination: destination(calls),
        processed_nowhere: calls.nowhere,
        profile: calls.profile.map(str::to_owned),
        model: Some(calls.model.to_owned()),
        principal: calls.principal.to_owned(),
        outcome: with_policy.then_some(match (calls.broken, calls.undecided) {
            ([], []) if calls.nowhere => Outcome::NotApplicable,
            ([], []) => Outcome::Compliant,
            ([], _) => Outcome::Undecided,
            _ => Outcome::Violation,
        }),
        invocations,
    }
}

fn decide(calls: &Calls<'_>, total: u64, account: &mut AccountControls) {
    for control in ControlId::about_invocations() {
        let decided = account.controls.entry(control).or_insert(Decided {
            compliant: 0,
            non_compliant: 0,
            undecided: 0,
            not_applicable: 0,
        });
        if calls.broken.contains(&control) {
            decided.non_compliant += total;
        } else if calls.undecided.contains(&control) {
            decided.undecided += total;
        } else if calls.nowhere || (calls.profile.is_none() && control != DestinationRegionAllowed) {
            decided.not_applicable += total;
        } else {
            decided.compliant += total;
        }
    }
}

fn why(calls: &Calls<'_>, control: ControlId, decision: FindingDecision) -> Verdict {
    let profile = calls.profile.unwrap_or_default().to_owned();
    if decision == FindingDecision::Undecided {
        return Verdict::Undecided(EvidenceGap::RegionNotReported {
            profile,
            not_allowed: ["ap-southeast-2".parse().unwrap()].into(),
        });
    }
    Verdict::NonCompliant(match (control, destination(calls)) {
        (DestinationRegionAllowed, Some(destination)) => Violation::DestinationNotAllowed {
            destination,
            allowed: ["ap-northeast-1", "ap-northeast-3"]
                .map(|name| name.parse().unwrap())
                .into(),
        },
        (GlobalProfileAllowed, _) => Violation::GlobalProfile { profile },
        (InferenceDeniedByScp, _) => Violation::DeniedByScp {
            profile,
            blocked: BlockedRegion::Region("ap-northeast-1".parse().unwrap()),
            policy: None,
            explicit: true,
            by: Vec::new(),
        },
        _ => Violation::ProfileNotAllowed { profile },
    })
}

fn finding(calls: &Calls<'_>, control: ControlId, decision: FindingDecision) -> AuditFinding {
    let (first, last) = (calls.months.first().unwrap().0, calls.months.last().unwrap().0);
    let verdict = why(calls, control, decision);
    let key = FindingKey {
        control,
        account: calls.account.parse().unwrap(),
        source_region: source(calls),
        destination_region: destination(calls),
        profile: calls.profile.map(str::to_owned),
        model: Some(calls.model.to_owned()),
        principal: calls.principal.to_owned(),
    };
    AuditFinding {
        id: key.id(),
        control,
        decision,
        severity: control.severity(),
        account: key.account,
        source_region: key.source_region,
        destination_region: key.destination_region,
        profile: key.profile,
        model: key.model,
        principal: key.principal,
        invocations: calls.months.iter().map(|(_, n)| n).sum(),
        first_seen: format!("{first}-03T04:05:06Z").parse().unwrap(),
        last_seen: format!("{last}-28T10:11:12Z").parse().unwrap(),
        // Of the calls, whichever control found them.
        event_ids: (1..=2)
            .map(|n| {
                format!(
                    "6f1c2d3e-0000-4aaa-8bbb-{:012x}",
                    n + calls.months.iter().map(|(_, n)| n * 16).sum::<u64>()
                )
            })
            .collect(),
        explanation: texts::explanation(&verdict, Language::En),
        explanation_ja: texts::explanation(&verdict, Language::Ja),
        expired_exceptions: match (control, calls.account) {
            (DestinationRegionAllowed, "222233334444") => vec![ExpiredException {
                id: "research-2026".to_owned(),
                owner: "privacy@example.com".to_owned(),
                expires: "2026-03-31".parse().unwrap(),
            }],
            _ => Vec::new(),
        },
        months: calls
            .months
            .iter()
            .map(|(month, n)| ((*month).to_owned(), *n))
            .collect(),
    }
}
