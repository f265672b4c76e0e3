//! The register of where prompts were processed, by account and month: what Art. 30(1)(e) of the GDPR asks of
//! transfers to third countries, Art. 28 of the APPI of provision to third parties abroad, and auditors of ISMAP.
//!
//! It names no principal: a record of processing does not need to say who called. What is missing stands in rows of
//! its own, because a register that says nothing of a day must not be read as if nothing had happened on it.

use std::{borrow::Cow, collections::BTreeMap};

use crisguard_core::{
    account::AccountId,
    region::Region,
    tally::{Audit, Flow, Gap, GapReason, LookedUp, Outcome},
};
use jiff::ToSpan as _;

use crate::{
    ReportError,
    findings::{country, place, table},
};

pub(crate) const NAME: &str = "register.csv";

const HEAD: [&str; 16] = [
    "kind",
    "month",
    "account",
    "source_region",
    "source_place",
    "source_country",
    "processed",
    "destination_region",
    "destination_place",
    "destination_country",
    "profile",
    "model",
    "outcome",
    "invocations",
    "missing_days",
    "note",
];

type Row<'a> = [Cow<'a, str>; HEAD.len()];

/// What makes two flows one row: all but who called.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    month: &'a str,
    account: &'a AccountId,
    source: &'a Region,
    processed: &'static str,
    destination: Option<&'a Region>,
    profile: Option<&'a str>,
    model: Option<&'a str>,
    outcome: Option<Outcome>,
}

pub(crate) fn render(audit: &Audit) -> Result<Vec<u8>, ReportError> {
    let mut rows: BTreeMap<Key<'_>, u64> = BTreeMap::new();
    for flow in &audit.flows {
        *rows.entry(key(flow)).or_default() += flow.invocations;
    }
    let processing = rows.iter().map(|(key, invocations)| processing(key, *invocations));
    let gaps: Vec<Gap> = audit.coverage.gaps.iter().flat_map(by_month).collect();
    let missing = gaps.iter().map(missing_evidence);
    table(NAME, &HEAD, processing.chain(missing).chain(unknown(audit)))
}

fn key(flow: &Flow) -> Key<'_> {
    Key {
        month: &flow.month,
        account: &flow.account,
        source: &flow.source.0,
        processed: match (&flow.destination, flow.processed_nowhere) {
            (Some(_), _) => "in_destination",
            (None, true) => "nowhere",
            (None, false) => "not_reported",
        },
        destination: flow.destination.as_ref().map(|region| &region.0),
        profile: flow.profile.as_deref(),
        model: flow.model.as_deref(),
        outcome: flow.outcome,
    }
}

fn processing<'a>(key: &Key<'a>, invocations: u64) -> Row<'a> {
    [
        "processing".into(),
        key.month.into(),
        key.account.as_str().into(),
        key.source.as_str().into(),
        place(Some(key.source)).into(),
        country(Some(key.source)).into(),
        key.processed.into(),
        key.destination.map_or("", Region::as_str).into(),
        place(key.destination).into(),
        country(key.destination).into(),
        key.profile.unwrap_or("").into(),
        key.model.unwrap_or("").into(),
        outcome(key.outcome).into(),
        invocations.to_string().into(),
        "".into(),
        "".into(),
    ]
}

const fn outcome(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "not_decided",
        Some(Outcome::NotApplicable) => "not_applicable",
        Some(Outcome::Compliant) => "compliant",
        Some(Outcome::Undecided) => "undecided",
        Some(Outcome::Violation) => "violation",
    }
}

/// Cuts a gap where months end.
pub(crate) fn by_month(gap: &Gap) -> impl Iterator<Item = Gap> {
    let mut from = Some(gap.from);
    std::iter::from_fn(move || {
        let first = from.filter(|first| *first <= gap.to)?;
        let last = first.last_of_month().min(gap.to);
        from = last.checked_add(1.day()).ok();
        Some(Gap {
            from: first,
            to: last,
            ..gap.clone()
        })
    })
}

fn missing_evidence(gap: &Gap) -> Row<'_> {
    let why = match gap.reason {
        GapReason::NoLogFile => "no log file, or nothing happened",
        GapReason::NotRead => "a log file could not be read",
    };
    missing(
        "missing_evidence",
        gap.from.strftime("%Y-%m").to_string(),
        (Some(&gap.account), Some(&gap.region)),
        Some(gap.days()),
        format!("{} to {}: {why}", gap.from, gap.to),
    )
}

/// What is missing without anybody knowing of which month.
fn unknown(audit: &Audit) -> impl Iterator<Item = Row<'_>> {
    let unplaced = match audit.coverage.unplaced_files {
        0 => None,
        1 => Some(
            "1 file says nothing of its account, Region and day: whether days are missing beside it is not known"
                .to_owned(),
        ),
        many => Some(format!(
            "{many} files say nothing of their account, Region and day: whether days are missing beside them is not known"
        )),
    };
    let rejected = match (audit.exits.rejected, audit.rejected_not_listed) {
        (0, _) => None,
        (1, 0) => {
            Some("1 record or file could not be read: what it says is missing here (report.json names it)".to_owned())
        }
        (1, _) => Some("1 record or file could not be read: what it says is missing here".to_owned()),
        (many, 0) => Some(format!(
            "{many} records or files could not be read: what they say is missing here (report.json lists them)"
        )),
        (many, not_listed) => Some(format!(
            "{many} records or files could not be read: what they say is missing here (report.json lists {} of them)",
            many.saturating_sub(not_listed)
        )),
    };
    let paths = match audit.read.paths_without_file {
        0 => None,
        1 => Some("1 path leads to no file (report.json names it): what was to be there is missing here".to_owned()),
        many => Some(format!(
            "{many} paths lead to no file (report.json names them): what was to be there is missing here"
        )),
    };
    let notes = unplaced.into_iter().chain(rejected).chain(paths);
    let notes = notes.map(|note| missing("unknown_coverage", String::new(), (None, None), None, note));
    let asked = audit.coverage.unknown.iter().map(|place| {
        let note = "asked for, and neither the name of a file nor an invocation tells of it".to_owned();
        let at = (place.account.as_ref(), place.region.as_ref());
        missing("unknown_coverage", String::new(), at, None, note)
    });
    notes.chain(asked).chain(audit.coverage.looked_up.iter().map(looked_up))
}

/// What the event history does not tell, although it was read to its end: whoever finds no row of a month must not take
/// it for one in which nothing was called.
fn looked_up(history: &LookedUp) -> Row<'_> {
    let LookedUp {
        account,
        region,
        from,
        to,
    } = history;
    let note = format!(
        "known are CloudTrail's management events from {from} to {to}, by its event history: of other days, and of data \
         events, nothing is known"
    );
    missing(
        "unknown_coverage",
        String::new(),
        (Some(account), Some(region)),
        None,
        note,
    )
}

fn missing<'a>(
    kind: &'static str,
    month: String,
    (account, region): (Option<&'a AccountId>, Option<&'a Region>),
    days: Option<u64>,
    note: String,
) -> Row<'a> {
    let mut row: Row<'a> = std::array::from_fn(|_| Cow::Borrowed(""));
    let cells = [
        (0, Cow::Borrowed(kind)),
        (1, month.into()),
        (2, account.map_or("", AccountId::as_str).into()),
        (3, region.map_or("", Region::as_str).into()),
        (4, place(region).into()),
        (5, country(region).into()),
        (14, days.map(|days| days.to_string()).unwrap_or_default().into()),
        (15, note.into()),
    ];
    for (column, cell) in cells {
        if let Some(place) = row.get_mut(column) {
            *place = cell;
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_cut_where_months_end_and_no_day_is_lost() {
        let gap = Gap {
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            from: "2023-12-30".parse().unwrap(),
            to: "2024-03-01".parse().unwrap(),
            reason: GapReason::NoLogFile,
        };
        let cut: Vec<(String, u64)> = by_month(&gap)
            .map(|part| (part.from.strftime("%Y-%m").to_string(), part.days()))
            .collect();
        let expected = [("2023-12", 2), ("2024-01", 31), ("2024-02", 29), ("2024-03", 1)];
        assert_eq!(cut, expected.map(|(month, days)| (month.to_owned(), days)));
    }
}
