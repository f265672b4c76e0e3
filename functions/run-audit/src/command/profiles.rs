//! `crisguard profiles`: the inference profiles that are known, and the Regions each can reach.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use crisguard_core::{
    catalog::{Catalogue, Destinations},
    inference_profile::InferenceProfile,
    policy::{Policy, Reach},
    region::{Region, SourceRegion},
};
use serde::Serialize;

use crate::command::{
    Status,
    arguments::{Format, ProfilesArguments},
    console::{BAD, BOLD, Console, DIM, GOOD},
    failure::Failure,
    policy_file::PolicyFile,
    text::{counted, wrapped},
};

/// One profile in one source Region.
#[derive(Debug, Serialize)]
struct Row<'a> {
    source: &'a Region,
    profile: &'a str,
    /// `["*"]` stands for any commercial Region.
    destinations: Vec<&'a str>,
    /// Whether it can leave the allowed Regions; absent without a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    can_leave: Option<bool>,
}

/// Lists the profiles of the catalogue.
pub(crate) fn run(arguments: &ProfilesArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let catalogue = Catalogue::embedded()?;
    let policy = match &arguments.policy {
        None => None,
        Some(path) => Some(PolicyFile::read(path, console.input)?.at(&arguments.place)?),
    };
    let rows = rows(&catalogue, arguments.source.as_ref(), policy.as_ref());
    match arguments.format {
        Format::Text => write(&rows, &catalogue, console.output, console.width)?,
        Format::Json => {
            console.write_json(&serde_json::json!({ "catalogue_as_of": catalogue.as_of(), "profiles": rows }))?;
        }
    }
    Ok(if rows.iter().any(|row| row.can_leave == Some(true)) {
        Status::Findings
    } else {
        Status::Clean
    })
}

fn rows<'a>(catalogue: &'a Catalogue, only: Option<&Region>, policy: Option<&Policy>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (id, sources) in catalogue.profiles() {
        let Some(profile) = InferenceProfile::parse(id) else {
            continue;
        };
        for (source, destinations) in sources {
            let role = SourceRegion(source.clone());
            let asked_for = only.is_none_or(|only| only == source);
            let permitted = policy.is_none_or(|policy| {
                policy.permits_profile(&profile) && (only.is_some() || policy.permits_source(&role))
            });
            if asked_for && permitted {
                let can_leave =
                    policy.map(|policy| !matches!(policy.reach_of(&profile, &role, catalogue), Reach::Inside(_)));
                rows.push(Row {
                    source,
                    profile: id,
                    destinations: named(destinations),
                    can_leave,
                });
            }
        }
    }
    rows.sort_by(|a, b| (a.source, a.profile).cmp(&(b.source, b.profile)));
    rows
}

/// Returns the names of Regions; `*` stands for any commercial Region.
pub(crate) fn named(destinations: &Destinations) -> Vec<&str> {
    match destinations {
        Destinations::EveryCommercialRegion => vec!["*"],
        Destinations::Regions(regions) => regions.iter().map(Region::as_str).collect(),
    }
}

fn write(rows: &[Row<'_>], catalogue: &Catalogue, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let longest = rows.iter().map(|row| row.profile.len()).max().unwrap_or_default();
    let mut source = None;
    for row in rows {
        if source != Some(row.source) {
            let gap = if source.is_some() { "\n" } else { "" };
            writeln!(out, "{gap}{BOLD}called in {}{BOLD:#}", row.source)?;
            source = Some(row.source);
        }
        let mark = match row.can_leave {
            None => String::new(),
            Some(false) => format!("{GOOD}✓{GOOD:#} "),
            Some(true) => format!("{BAD}✗{BAD:#} "),
        };
        let indent = longest + if mark.is_empty() { 4 } else { 6 };
        let reach = if row.destinations == ["*"] {
            "any commercial Region".to_owned()
        } else {
            row.destinations.join(", ")
        };
        writeln!(
            out,
            "  {mark}{:longest$}  {}",
            row.profile,
            wrapped(&reach, width, indent)
        )?;
    }
    let profiles = rows.iter().map(|row| row.profile).collect::<BTreeSet<_>>().len();
    let gap = if rows.is_empty() { "" } else { "\n" };
    writeln!(
        out,
        "{gap}{DIM}{} in the catalogue of {}{DIM:#}",
        counted(profiles, "profile"),
        catalogue.as_of()
    )?;
    if rows.iter().any(|row| row.can_leave.is_some()) {
        writeln!(out, "{DIM}✓ stays in the allowed Regions  ✗ can leave them{DIM:#}")?;
    }
    Ok(())
}
