//! `crisguard pattern`: the content filter that a policy comes to.

use std::io::{self, Write};

use crisguard_core::{
    catalog::Catalogue,
    pattern::{Compiled, LONGEST, compile},
};
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::command::{
    Status,
    arguments::{PatternArguments, PatternFormat},
    console::{BOLD, Console, DIM},
    failure::Failure,
    policy_file::PolicyFile,
    text::{counted, grouped, harmless, wrapped},
};

/// How many rules infra/source-region.yaml has room for.
const ROOM: usize = 8;

/// Compiles a policy and writes its patterns.
pub(crate) fn run(arguments: &PatternArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let file = PolicyFile::read(&arguments.policy.policy, console.input)?;
    if arguments.place.account.is_none() && !file.overrides.is_empty() {
        return Err(Failure::AccountNeeded {
            name: file.name,
            overrides: file.overrides.join(", "),
        });
    }
    let policy = file.at(&arguments.place)?;
    let catalogue = Catalogue::embedded()?;
    let compiled =
        compile(&policy, &catalogue, arguments.place.account.as_ref()).map_err(|error| Failure::Pattern {
            name: file.name.clone(),
            error,
        })?;
    if compiled.patterns.len() > ROOM {
        return Err(Failure::TooManyPatterns {
            name: file.name,
            patterns: compiled.patterns.len(),
            room: ROOM,
        });
    }
    match arguments.format {
        PatternFormat::Text => write(&compiled, &file.name, catalogue.as_of(), console.output, console.width)?,
        PatternFormat::Json => console.write_json(&Report::new(&compiled, catalogue.as_of())?)?,
        PatternFormat::Parameters => console.write_json(&parameters(&compiled))?,
    }
    Ok(Status::Clean)
}

/// The patterns, in the form of docs/cli.md.
#[derive(Debug, Serialize)]
struct Report<'a> {
    policy_sha256: &'a str,
    catalogue_as_of: Date,
    patterns: Vec<PatternLine<'a>>,
    widened: &'a [String],
}

#[derive(Debug, Serialize)]
struct PatternLine<'a> {
    name: &'a str,
    characters: usize,
    pattern: Value,
}

impl<'a> Report<'a> {
    fn new(compiled: &'a Compiled, catalogue_as_of: Date) -> Result<Self, Failure> {
        let line = |pattern: &'a crisguard_core::pattern::Pattern| {
            let parsed = serde_json::from_str(&pattern.json)?;
            Ok(PatternLine {
                name: pattern.name,
                characters: pattern.json.chars().count(),
                pattern: parsed,
            })
        };
        let patterns = compiled.patterns.iter().map(line).collect::<Result<_, io::Error>>()?;
        Ok(Self {
            policy_sha256: &compiled.policy_sha256,
            catalogue_as_of,
            patterns,
            widened: &compiled.widened,
        })
    }
}

/// Returns the parameters of infra/source-region.yaml; a rule without a pattern has the empty text.
fn parameters(compiled: &Compiled) -> Map<String, Value> {
    let texts = compiled
        .patterns
        .iter()
        .map(|pattern| pattern.json.as_str())
        .chain(std::iter::repeat(""));
    let patterns = (1..=ROOM)
        .zip(texts)
        .map(|(number, text)| (format!("Pattern{number}"), text.into()));
    let sha256 = ("PolicySha256".to_owned(), compiled.policy_sha256.as_str().into());
    std::iter::once(sha256).chain(patterns).collect()
}

fn write(compiled: &Compiled, name: &str, as_of: Date, out: &mut dyn Write, width: usize) -> io::Result<()> {
    writeln!(
        out,
        "{BOLD}{}{BOLD:#} compiled from {} and the catalogue of {as_of}",
        counted(compiled.patterns.len(), "pattern"),
        harmless(name),
    )?;
    writeln!(
        out,
        "{DIM}policy SHA-256 {}; room for {ROOM} patterns{DIM:#}",
        compiled.policy_sha256
    )?;
    for (number, pattern) in (1..).zip(&compiled.patterns) {
        let length = grouped(pattern.json.chars().count());
        writeln!(
            out,
            "\n{BOLD}{number}  {}{BOLD:#}  {length} of {} characters",
            pattern.name,
            grouped(LONGEST)
        )?;
        writeln!(out, "{}", pattern.json)?;
    }
    if compiled.widened.is_empty() {
        writeln!(
            out,
            "\nNothing is let through that would be safe to drop by its model id."
        )
    } else {
        let count = counted(compiled.widened.len(), "model id");
        writeln!(
            out,
            "\n{BOLD}Let through although safe to drop{BOLD:#} ({count}; the patterns have no room for them)"
        )?;
        writeln!(out, "  {}", wrapped(&compiled.widened.join(", "), width, 2))
    }
}
