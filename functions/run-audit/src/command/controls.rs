//! `crisguard controls`: what is decided, why, and what to do about it.

use std::io::{self, Write};

use crisguard_core::{
    controls::{ControlId, Mapping},
    decision::Severity,
    policy::Language,
    texts::{self, ControlWords},
};
use serde::Serialize;

use crate::command::{
    Status,
    arguments::{ControlsArguments, ControlsFormat},
    console::{BOLD, Console, DIM},
    failure::Failure,
    text::{counted, wrapped},
};

/// A control, as programs read it.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    severity: Severity,
    title: &'static str,
    decides: &'static str,
    rationale: &'static str,
    remedy: &'static [&'static str],
    mapping: &'static [Mapping],
    documentation: &'static str,
}

impl Row {
    fn of(control: ControlId, language: Language) -> Self {
        let metadata = control.metadata();
        let ControlWords {
            title,
            decides,
            rationale,
            remedy,
            ..
        } = texts::control(control, language);
        Self {
            name: metadata.name,
            severity: metadata.severity,
            title,
            decides,
            rationale,
            remedy,
            mapping: metadata.mapping,
            documentation: metadata.documentation,
        }
    }
}

/// Lists the controls, or tells all about those that are named.
pub(crate) fn run(arguments: &ControlsArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let language = arguments.language.into();
    let named = |row: &Row| arguments.names.is_empty() || arguments.names.iter().any(|name| name == row.name);
    let rows: Vec<Row> = ControlId::ALL
        .into_iter()
        .map(|control| Row::of(control, language))
        .filter(named)
        .collect();
    match arguments.format {
        ControlsFormat::Text if arguments.names.is_empty() => list(&rows, console.output, console.width)?,
        ControlsFormat::Text => tell(&rows, language, console.output, console.width)?,
        ControlsFormat::Json => console.write_json(&serde_json::json!({ "controls": rows }))?,
        ControlsFormat::Markdown => document(&rows, language, console.output)?,
    }
    Ok(Status::Clean)
}

fn list(rows: &[Row], out: &mut dyn Write, width: usize) -> io::Result<()> {
    let longest = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    for row in rows {
        let severity = row.severity.name();
        let title = wrapped(row.title, width, longest + 12);
        writeln!(out, "{BOLD}{:longest$}{BOLD:#}  {severity:8}  {title}", row.name)?;
    }
    writeln!(
        out,
        "\n{DIM}{}; `crisguard controls NAME` tells all about one{DIM:#}",
        counted(rows.len(), "control")
    )
}

fn tell(rows: &[Row], language: Language, out: &mut dyn Write, width: usize) -> io::Result<()> {
    let words = Words::of(language);
    for (number, row) in rows.iter().enumerate() {
        let gap = if number > 0 { "\n" } else { "" };
        let severity = texts::severity(row.severity, language);
        writeln!(
            out,
            "{gap}{BOLD}{}{BOLD:#} ({severity})\n{}",
            row.name,
            wrapped(row.title, width, 0)
        )?;
        writeln!(out, "\n{}\n  {}", words.decides, wrapped(row.decides, width, 2))?;
        writeln!(out, "\n{}\n  {}", words.why, wrapped(row.rationale, width, 2))?;
        writeln!(out, "\n{}", words.what_to_do)?;
        for (step, number) in row.remedy.iter().zip(1..) {
            writeln!(out, "  {number}) {}", wrapped(step, width, 5))?;
        }
        writeln!(out, "\n{}", words.mapping)?;
        for Mapping { framework, clause } in row.mapping {
            writeln!(out, "  {framework}: {clause}")?;
        }
        writeln!(out, "\n{DIM}{}{DIM:#}", row.documentation)?;
    }
    Ok(())
}

/// Writes `docs/controls.md`, or its Japanese version.
fn document(rows: &[Row], language: Language, out: &mut dyn Write) -> io::Result<()> {
    let words = Words::of(language);
    writeln!(out, "{}", words.opening)?;
    writeln!(
        out,
        "\n| {} | {} | {} |\n|---|---|---|",
        words.control, words.severity, words.decides
    )?;
    for row in rows {
        let severity = texts::severity(row.severity, language);
        writeln!(
            out,
            "| [{name}](#{name}) | {severity} | {} |",
            row.decides,
            name = row.name
        )?;
    }
    for row in rows {
        let severity = texts::severity(row.severity, language);
        writeln!(out, "\n## {}\n\n{}{}", row.name, row.title, words.stop)?;
        writeln!(out, "\n{}: {severity}{}", words.severity, words.stop)?;
        writeln!(out, "\n{}\n\n**{}**\n", row.rationale, words.what_to_do)?;
        for (step, number) in row.remedy.iter().zip(1..) {
            writeln!(out, "{number}. {step}")?;
        }
        writeln!(out, "\n| {} | {} |\n|---|---|", words.framework, words.clause)?;
        for Mapping { framework, clause } in row.mapping {
            writeln!(out, "| {framework} | {clause} |")?;
        }
        writeln!(out, "\n<{}>", row.documentation)?;
    }
    Ok(())
}

/// The words around what the catalogue says.
struct Words {
    opening: &'static str,
    control: &'static str,
    severity: &'static str,
    decides: &'static str,
    why: &'static str,
    what_to_do: &'static str,
    mapping: &'static str,
    framework: &'static str,
    clause: &'static str,
    stop: &'static str,
}

impl Words {
    const fn of(language: Language) -> Self {
        match language {
            Language::En => Self {
                opening: include_str!("controls.en.md").trim_ascii_end(),
                control: "Control",
                severity: "Severity",
                decides: "Decides whether",
                why: "Why it matters",
                what_to_do: "What to do",
                mapping: "Where it belongs",
                framework: "Framework",
                clause: "Clause",
                stop: ".",
            },
            Language::Ja => Self {
                opening: include_str!("controls.ja.md").trim_ascii_end(),
                control: "統制",
                severity: "重要度",
                decides: "判定する内容",
                why: "重要な理由",
                what_to_do: "対応手順",
                mapping: "対応する規定",
                framework: "フレームワーク",
                clause: "条項",
                stop: "。",
            },
        }
    }
}
