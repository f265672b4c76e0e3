//! The page for people: one file that works offline, prints, and says what it does not know.
//!
//! What it says stands in `templates/`: its structure once, its words in each language, and no code to run. Every
//! value is escaped as it is written, after what would hide in it was made visible, so a template cannot forget it.

mod exceptions;
mod findings;
mod matrix;
mod pictures;
mod verdict;
mod words;

use std::sync::Arc;

use crisguard_core::{location::Location, policy::Language, region::Region, tally::Audit, texts::grouped};
use jiff::Timestamp;
use minijinja::{
    Environment, Error, ErrorKind, HtmlEscape, UndefinedBehavior, escape_formatter,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde, Value},
};
use serde::Serialize;

use crate::{Report, ReportError, posture::Posture, reach::Reach, untrusted::visible};
use exceptions::Excepted;
use findings::Groups;
use matrix::Matrix;
use pictures::{
    flow::{self, FlowPicture},
    months::{self, MonthsPicture},
};
use verdict::Verdict;
use words::Words;

pub(crate) const NAME: &str = "report.html";

/// The most rows of a long list that the page shows; report.json has more.
const ROWS: usize = 200;
/// The most characters of a value that the page shows; report.json has the whole.
const LONGEST: usize = 2_000;

const TEMPLATES: [(&str, &str); 9] = [
    ("page.html", include_str!("../../templates/page.html")),
    ("summary.html", include_str!("../../templates/summary.html")),
    ("pictures.html", include_str!("../../templates/pictures.html")),
    ("exceptions.html", include_str!("../../templates/exceptions.html")),
    ("findings.html", include_str!("../../templates/findings.html")),
    ("evidence.html", include_str!("../../templates/evidence.html")),
    ("settings.html", include_str!("../../templates/settings.html")),
    ("about.html", include_str!("../../templates/about.html")),
    ("style.css", include_str!("../../templates/style.css")),
];

/// What stands in the templates.
#[derive(Serialize)]
struct Page<'a> {
    language: Language,
    audit: &'a Head<'a>,
    generated_at: Timestamp,
    verdict: Verdict,
    flow: Option<FlowPicture>,
    months: Option<MonthsPicture>,
    matrix: Matrix,
    findings: Groups,
    excepted: Excepted<'a>,
    coverage: Coverage<'a>,
    rejected: Rejected<'a>,
    posture: Option<Settings>,
    reach: Option<Reaching>,
    policy: Option<Policy<'a>>,
}

/// The audit without its long lists, which the page would only carry along.
#[derive(Serialize)]
struct Head<'a> {
    version: &'a str,
    asked: &'a crisguard_core::tally::Scope,
    read: crisguard_core::tally::Read,
    exits: crisguard_core::tally::Exits,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    accounts: usize,
}

#[derive(Serialize)]
struct Coverage<'a> {
    from: Option<jiff::civil::Date>,
    to: Option<jiff::civil::Date>,
    placed_files: u64,
    unplaced_files: u64,
    looked_up: &'a [crisguard_core::tally::LookedUp],
    looked_up_more: usize,
    covered: &'a [crisguard_core::tally::Covered],
    covered_more: usize,
    gaps: Vec<GapRow<'a>>,
    gaps_more: usize,
    unknown: &'a [crisguard_core::tally::UnknownPlace],
    unknown_more: usize,
}

#[derive(Serialize)]
struct GapRow<'a> {
    #[serde(flatten)]
    gap: &'a crisguard_core::tally::Gap,
    days: u64,
}

#[derive(Serialize)]
struct Rejected<'a> {
    rows: Vec<RejectedRow<'a>>,
    /// How many more report.json lists.
    more: usize,
    /// How many more are counted, and listed nowhere.
    not_listed: u64,
}

#[derive(Serialize)]
struct RejectedRow<'a> {
    file: &'a str,
    record: Option<u64>,
    reason: &'a str,
}

#[derive(Serialize)]
struct Settings {
    observed_at: Timestamp,
    same_policy: bool,
    policy_sha256: String,
    compliant: u64,
    non_compliant: u64,
    undecided: u64,
    elsewhere: Option<String>,
    rows: Vec<SettingRow>,
    more: usize,
}

#[derive(Serialize)]
struct SettingRow {
    title: String,
    control: String,
    decision: String,
    severity: String,
    account: String,
    region: String,
    explanation: String,
}

#[derive(Serialize)]
struct Reaching {
    catalogue_as_of: String,
    total: usize,
    rows: Vec<ReachRow>,
    more: usize,
}

#[derive(Serialize)]
struct ReachRow {
    accounts: Vec<String>,
    profile: String,
    source: String,
    destinations: Vec<String>,
    verdict: String,
    leaves: Vec<String>,
    could_leave: Vec<String>,
    denied_by: Vec<String>,
}

#[derive(Serialize)]
struct Policy<'a> {
    name: &'a str,
    text: &'a str,
    sha256: &'a str,
}

pub(crate) fn render(
    report: &Report<'_>,
    posture: Option<&Posture>,
    reach: Option<&Reach>,
) -> Result<String, ReportError> {
    let audit = report.audit;
    let words = Words::of(report.language)?;
    let head = Head {
        version: &audit.version,
        asked: &audit.asked,
        read: audit.read,
        exits: audit.exits,
        first_seen: audit.first_seen,
        last_seen: audit.last_seen,
        accounts: audit.accounts.len(),
    };
    let page = Page {
        language: report.language,
        audit: &head,
        generated_at: report.generated_at,
        verdict: Verdict::of(audit, posture, reach),
        flow: flow::draw(audit, &words)?,
        months: months::draw(audit, &words)?,
        matrix: Matrix::of(audit, report.language),
        findings: Groups::of(audit, report.language),
        excepted: Excepted::of(audit, report.language),
        coverage: coverage(audit),
        rejected: rejected(audit, report.language),
        posture: posture.map(|posture| settings(report, posture)),
        reach: reach.map(reaching),
        policy: report.policy.map(|policy| Policy {
            name: policy.name,
            text: policy.text,
            sha256: policy.sha256,
        }),
    };
    let environment = environment(words)?;
    Ok(environment.get_template("page.html")?.render(Serde(page))?)
}

fn coverage(audit: &Audit) -> Coverage<'_> {
    let coverage = &audit.coverage;
    let row = |gap| GapRow { gap, days: gap.days() };
    let unknown = coverage.unknown.get(..ROWS).unwrap_or(&coverage.unknown);
    let covered = coverage.covered.get(..ROWS).unwrap_or(&coverage.covered);
    let looked_up = coverage.looked_up.get(..ROWS).unwrap_or(&coverage.looked_up);
    Coverage {
        from: coverage.from,
        to: coverage.to,
        placed_files: coverage.placed_files,
        unplaced_files: coverage.unplaced_files,
        looked_up,
        looked_up_more: coverage.looked_up.len() - looked_up.len(),
        covered,
        covered_more: coverage.covered.len() - covered.len(),
        gaps: coverage.gaps.iter().take(ROWS).map(row).collect(),
        gaps_more: coverage.gaps.len().saturating_sub(ROWS),
        unknown,
        unknown_more: coverage.unknown.len() - unknown.len(),
    }
}

fn rejected(audit: &Audit, language: Language) -> Rejected<'_> {
    let rows = audit.rejected.get(..ROWS).unwrap_or(&audit.rejected);
    Rejected {
        more: audit.rejected.len() - rows.len(),
        not_listed: audit.rejected_not_listed,
        rows: rows
            .iter()
            .map(|one| RejectedRow {
                file: &one.file,
                record: one.record,
                reason: one.reason_in(language),
            })
            .collect(),
    }
}

fn settings(report: &Report<'_>, posture: &Posture) -> Settings {
    let language = report.language;
    let open: Vec<_> = posture.open().collect();
    let row = |each: &&crate::posture::Assessment| SettingRow {
        title: each.control_id().map_or_else(String::new, |control| {
            crisguard_core::texts::control(control, language).title.to_owned()
        }),
        control: each.control().to_owned(),
        decision: each.decision().to_owned(),
        severity: each.severity(language).to_owned(),
        account: each.account().to_owned(),
        region: each.region().to_owned(),
        explanation: each.explanation(language),
    };
    Settings {
        observed_at: posture.observed_at,
        same_policy: report.audit.policy_sha256.as_ref() == Some(&posture.policy_sha256),
        policy_sha256: posture.policy_sha256.clone(),
        compliant: posture.coverage.compliant,
        non_compliant: posture.coverage.non_compliant,
        undecided: posture.coverage.undecided,
        elsewhere: posture.report.clone(),
        rows: open.iter().take(ROWS).map(row).collect(),
        more: open.len().saturating_sub(ROWS),
    }
}

fn reaching(reach: &Reach) -> Reaching {
    let open: Vec<_> = reach.rows().filter(|(_, profile)| !profile.is_well()).collect();
    let row = |(group, profile): &(&crate::reach::Group, &crate::reach::Profile)| ReachRow {
        accounts: group.accounts.clone(),
        profile: profile.id.clone(),
        source: profile.source.clone(),
        destinations: profile.destinations.clone(),
        verdict: profile.verdict.clone(),
        leaves: profile.leaves.clone(),
        could_leave: profile.could_leave.clone(),
        denied_by: profile.denied_by(),
    };
    Reaching {
        catalogue_as_of: reach.catalogue_as_of.clone(),
        total: reach.rows().count(),
        rows: open.iter().take(ROWS).map(row).collect(),
        more: open.len().saturating_sub(ROWS),
    }
}

fn environment(words: Words) -> Result<Environment<'static>, Error> {
    let language = words.language;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            let shown = shortened(text);
            escape_formatter(out, state, &Value::from(visible(&shown, false).into_owned()))
        }
        _ => escape_formatter(out, state, value),
    });
    let words = Arc::new(words);
    environment.add_function("t", move |key: &str, values: Kwargs| -> Result<String, Error> {
        let values: Vec<(&str, Value)> = values
            .args()
            .map(|name| Ok((name, values.get(name)?)))
            .collect::<Result<_, Error>>()?;
        words.say(key, &values)
    });
    environment.add_filter("number", |number: i64| grouped(number.unsigned_abs()));
    environment.add_filter("time", |text: &str| match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        Err(_) => text.to_owned(),
    });
    environment.add_filter("place", move |region: &str| place(region, language));
    environment.add_filter("lines", |text: &str| {
        Value::from_safe_string(HtmlEscape(&visible(text, true)).to_string())
    });
    environment.add_filter("code", |text: &str| Value::from_safe_string(code(text)));
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// Returns where a Region is, with its country; nothing where that is not known.
fn place(region: &str, language: Language) -> Result<String, Error> {
    let Ok(region) = region.parse::<Region>() else {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "what is not a Region has no place",
        ));
    };
    Ok(Location::of(&region).map_or_else(String::new, |location| {
        let (place, country) = (location.place(language), location.country(language));
        match language {
            _ if place == country => place.to_owned(),
            Language::En => format!("{place}, {country}"),
            Language::Ja => format!("{place}、{country}"),
        }
    }))
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let mut kept: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

/// Writes a step with what stands between backticks as code.
fn code(step: &str) -> String {
    let mut html = String::new();
    for (index, part) in step.split('`').enumerate() {
        let part = HtmlEscape(&visible(part, false)).to_string();
        if index % 2 == 1 {
            html.push_str("<code>");
            html.push_str(&part);
            html.push_str("</code>");
        } else {
            html.push_str(&part);
        }
    }
    html
}
