//! `crisguard scp lint`: the traps that service control policies fall into.

use std::io::{self, Write};

use crisguard_core::{
    policy::Language::{self, En, Ja},
    scp::{
        self,
        lint::{Trap, Weight, lint},
    },
};
use serde::Serialize;

use crate::command::{
    Status,
    arguments::{Format, LintArguments},
    console::{BAD, BOLD, Console, DIM, GOOD, OPEN},
    failure::Failure,
    policy_file,
    text::{counted, harmless, wrapped},
};

/// What was found in each file, in the form of docs/reach.md.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    /// How many characters it has without white space.
    size: usize,
    findings: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    trap: Trap,
    weight: Weight,
    statement: Option<String>,
    part: String,
    happens: &'static str,
    mend: &'static str,
    source: &'static str,
}

/// Lints every file; one that cannot be read does not hide the others.
pub(crate) fn run(arguments: &LintArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    let language = arguments.language.into();
    let mut report = Report {
        version: 1,
        files: Vec::new(),
    };
    let mut status = Status::Clean;
    for path in &arguments.files {
        let name = path.to_string();
        let read = policy_file::read(path, console.input).and_then(|json| {
            scp::Policy::parse(&json).map_err(|error| Failure::Scp {
                name: name.clone(),
                error,
            })
        });
        match read {
            Ok(policy) => report
                .files
                .push(FileReport::new(name, &policy, arguments.quota, language)),
            Err(failure) => {
                failure.write(console.errors)?;
                status = Status::Incomplete;
            }
        }
    }
    match arguments.format {
        Format::Text => report.write(language, console.output, console.width)?,
        Format::Json => console.write_json(&report)?,
    }
    let is_trap = |line: &Line| line.weight == Weight::Trap;
    let any = report.files.iter().any(|file| file.findings.iter().any(is_trap));
    Ok(if any && status == Status::Clean {
        Status::Findings
    } else {
        status
    })
}

impl FileReport {
    fn new(file: String, policy: &scp::Policy, quota: Option<usize>, language: Language) -> Self {
        let mut findings: Vec<Line> = lint(policy, quota)
            .into_iter()
            .map(|found| {
                let about = found.trap.about(language);
                Line {
                    trap: found.trap,
                    weight: found.trap.weight(),
                    statement: found.statement,
                    part: found.part,
                    happens: about.happens,
                    mend: about.mend,
                    source: about.source,
                }
            })
            .collect();
        findings.sort_by_key(|line| std::cmp::Reverse(line.weight));
        Self {
            file,
            size: policy.size().minified,
            findings,
        }
    }
}

impl Report {
    fn write(&self, language: Language, out: &mut dyn Write, width: usize) -> io::Result<()> {
        for (place, file) in self.files.iter().enumerate() {
            let gap = if place > 0 { "\n" } else { "" };
            let traps = file.findings.iter().filter(|line| line.weight == Weight::Trap).count();
            let (style, mark) = if traps > 0 { (BAD, "✗") } else { (GOOD, "✓") };
            let found = match language {
                En => counted(traps, "trap"),
                Ja => format!("落とし穴 {traps} 件"),
            };
            writeln!(
                out,
                "{gap}{style}{mark}{style:#} {BOLD}{}{BOLD:#}  {found}",
                harmless(&file.file)
            )?;
            for line in &file.findings {
                line.write(language, out, width)?;
            }
        }
        Ok(())
    }
}

impl Line {
    fn write(&self, language: Language, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let (style, mark) = match self.weight {
            Weight::Trap => (BAD, "✗"),
            Weight::Note => (OPEN, "!"),
        };
        let place = match (&self.statement, language) {
            // What is managed is known by the statement's own name.
            (Some(statement), En) if *statement == self.part => format!("statement {statement}"),
            (Some(statement), Ja) if *statement == self.part => format!("ステートメント {statement}"),
            (Some(statement), En) => format!("statement {statement}, {}", self.part),
            (Some(statement), Ja) => format!("ステートメント {statement}、{}", self.part),
            (None, _) => self.part.clone(),
        };
        writeln!(
            out,
            "\n  {style}{mark}{style:#} {BOLD}{}{BOLD:#}  {}",
            self.trap.id(),
            wrapped(&place, width, 4)
        )?;
        writeln!(out, "    {}", wrapped(self.happens, width, 4))?;
        writeln!(out, "    {}", wrapped(self.mend, width, 4))?;
        writeln!(out, "    {DIM}{}{DIM:#}", self.source)
    }
}
