//! `crisguard policy check`: whether a policy is sound, and what it comes to.

use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Write},
};

use crisguard_core::{
    account::AccountId,
    catalog::Catalogue,
    policy::{Exception, Policy, PolicyError, PostureRules, ProfilePattern, RegionSet},
    region::Region,
};
use jiff::civil::Date;
use serde::Serialize;

use crate::command::{
    Status,
    arguments::{CheckArguments, Format},
    console::{BAD, BOLD, Console, DIM, GOOD, OPEN},
    failure::Failure,
    policy_file::PolicyFile,
    text::{counted, harmless, wrapped},
};

/// How wide the column of names is.
const NAMES: usize = 13;

/// Checks a policy and writes what it comes to.
pub(crate) fn run(arguments: &CheckArguments, console: &mut Console<'_>, today: Date) -> Result<Status, Failure> {
    let file = match PolicyFile::read(&arguments.file, console.input) {
        Err(Failure::Policy { name, error, .. }) if arguments.format == Format::Json => {
            console.write_json(&Invalid::new(&name, &error))?;
            return Ok(Status::Incomplete);
        }
        result => result?,
    };
    let policy = file.at(&arguments.place)?;
    let catalogue = Catalogue::embedded()?;
    let report = Report::new(&file, &policy, arguments.place.account.as_ref(), &catalogue, today);
    match arguments.format {
        Format::Text => report.write(console.output, console.width)?,
        Format::Json => console.write_json(&report)?,
    }
    Ok(if report.warnings.is_empty() {
        Status::Clean
    } else {
        Status::Findings
    })
}

/// A sound policy, in the form of docs/cli.md.
#[derive(Debug, Serialize)]
struct Report<'a> {
    valid: bool,
    file: &'a str,
    sha256: &'a str,
    account: Option<&'a AccountId>,
    overrides: &'a [String],
    source: &'a RegionSet,
    destination: &'a RegionSet,
    global_profiles: &'static str,
    allowed_profiles: Option<Vec<&'a str>>,
    posture: Option<&'a PostureRules>,
    exceptions: Vec<ExceptionLine<'a>>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ExceptionLine<'a> {
    #[serde(flatten)]
    exception: &'a Exception,
    /// Negative once it has expired; 0 on its last day.
    days_left: i32,
}

/// A policy that is not valid, in the form of docs/cli.md.
#[derive(Debug, Serialize)]
struct Invalid<'a> {
    valid: bool,
    file: &'a str,
    error: Wrong<'a>,
}

#[derive(Debug, Serialize)]
struct Wrong<'a> {
    line: Option<u64>,
    column: Option<u64>,
    path: Option<&'a str>,
    problem: String,
}

impl<'a> Invalid<'a> {
    fn new(file: &'a str, error: &'a PolicyError) -> Self {
        let error = match error {
            PolicyError::Part {
                path,
                line,
                column,
                problem,
            } => Wrong {
                line: (*line > 0).then_some(*line),
                column: (*column > 0).then_some(*column),
                path: Some(path),
                problem: problem.clone(),
            },
            PolicyError::TooLarge { .. } | PolicyError::NotText { .. } => Wrong {
                line: None,
                column: None,
                path: None,
                problem: error.to_string(),
            },
        };
        Self {
            valid: false,
            file,
            error,
        }
    }
}

impl<'a> Report<'a> {
    fn new(
        file: &'a PolicyFile,
        policy: &'a Policy,
        account: Option<&'a AccountId>,
        catalogue: &Catalogue,
        today: Date,
    ) -> Self {
        Self {
            valid: true,
            file: &file.name,
            sha256: file.document.sha256(),
            account,
            overrides: &file.overrides,
            source: policy.source_regions(),
            destination: policy.destination_regions(),
            global_profiles: if policy.permits_global_profiles() {
                "allow"
            } else {
                "deny"
            },
            allowed_profiles: policy
                .allow_list()
                .map(|patterns| patterns.iter().map(ProfilePattern::as_str).collect()),
            posture: policy.posture(),
            exceptions: policy
                .exceptions()
                .iter()
                .map(|exception| ExceptionLine {
                    exception,
                    days_left: (exception.expires - today).get_days(),
                })
                .collect(),
            warnings: file
                .document
                .warnings(catalogue, today)
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    fn write(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let (mark, verdict) = if self.warnings.is_empty() {
            (format!("{GOOD}✓{GOOD:#}"), "is sound".to_owned())
        } else {
            (
                format!("{OPEN}!{OPEN:#}"),
                format!("is valid, with {}", counted(self.warnings.len(), "warning")),
            )
        };
        writeln!(
            out,
            "{mark} {BOLD}{}{BOLD:#} {verdict} {DIM}(SHA-256 {}){DIM:#}",
            harmless(self.file),
            self.sha256
        )?;
        let whom = self
            .account
            .map_or_else(|| "everybody".to_owned(), |account| format!("account {account}"));
        writeln!(out, "\n{BOLD}For {whom}{BOLD:#}")?;
        let mut line = |name: &str, text: &str| writeln!(out, "  {name:NAMES$}{}", wrapped(text, width, NAMES + 2));
        line("source", &listed(self.source))?;
        line("destination", &listed(self.destination))?;
        let allowed = match &self.allowed_profiles {
            None => "any".to_owned(),
            Some(patterns) if patterns.is_empty() => "none".to_owned(),
            Some(patterns) => patterns.join(", "),
        };
        line("profiles", &allowed)?;
        line(
            "global",
            if self.global_profiles == "allow" {
                "allowed"
            } else {
                "denied"
            },
        )?;
        let settings = self.posture.map(asked).filter(|asked| !asked.is_empty());
        line(
            "settings",
            &settings.map_or_else(
                || "only what must hold in any case".to_owned(),
                |asked| asked.join("; "),
            ),
        )?;
        if self.account.is_none() && !self.overrides.is_empty() {
            line(
                "overrides",
                &format!(
                    "{} (add --account ID to see what they come to)",
                    self.overrides.join(", ")
                ),
            )?;
        }
        self.write_exceptions(out, width)?;
        self.write_warnings(out, width)
    }

    fn write_exceptions(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if self.exceptions.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{BOLD}Exceptions{BOLD:#}")?;
        for ExceptionLine { exception, days_left } in &self.exceptions {
            let (style, left) = match *days_left {
                i32::MIN..0 => (BAD, format!("expired on {}", exception.expires)),
                0 => (OPEN, format!("ends today, {}", exception.expires)),
                1 => (OPEN, format!("1 day left, until {}", exception.expires)),
                days => (GOOD, format!("{days} days left, until {}", exception.expires)),
            };
            writeln!(
                out,
                "  {BOLD}{}{BOLD:#}  {style}{left}{style:#}",
                harmless(exception.id.as_str())
            )?;
            let covers = serde_json::to_value(&exception.covers).map_err(io::Error::from)?;
            for (field, value) in covers.as_object().into_iter().flatten() {
                writeln!(out, "    {field:12}{}", wrapped(&plain(value), width, 16))?;
            }
            for (field, text) in [("reason", &exception.reason), ("owner", &exception.owner)] {
                writeln!(out, "    {field:12}{}", wrapped(text.as_str(), width, 16))?;
            }
        }
        Ok(())
    }

    fn write_warnings(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        if self.warnings.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{BOLD}Warnings{BOLD:#}")?;
        for warning in &self.warnings {
            writeln!(out, "  {OPEN}!{OPEN:#} {}", wrapped(warning, width, 4))?;
        }
        Ok(())
    }
}

/// Writes Regions as people list them.
fn listed(set: &RegionSet) -> String {
    match set {
        RegionSet::Every => "every Region".to_owned(),
        RegionSet::Only(regions) => regions.iter().map(Region::as_str).collect::<Vec<_>>().join(", "),
    }
}

/// Names what is asked of settings beyond what must hold in any case.
fn asked(rules: &PostureRules) -> Vec<String> {
    let PostureRules {
        invocation_logging,
        data_retention,
        customer_managed_key,
        guardrail,
        vpc_endpoint,
        iam,
    } = rules;
    let logging = invocation_logging.as_ref().map(|logging| {
        let kinds = names(&logging.modalities);
        let key = if logging.customer_managed_key {
            ", under a customer-managed key"
        } else {
            ""
        };
        let kept = counted(usize::try_from(logging.retention_days).unwrap_or(usize::MAX), "day");
        format!("invocations logged ({kinds}) for {kept}{key}")
    });
    let retention = data_retention
        .as_ref()
        .map(|modes| format!("data retention {}", names(modes)));
    let keys = customer_managed_key.then(|| "customer-managed keys of models, agents and data sources".to_owned());
    let enforced = guardrail
        .is_some_and(|rules| rules.enforced)
        .then(|| "a guardrail enforced for all calls".to_owned());
    let agents = guardrail
        .is_some_and(|rules| rules.agents)
        .then(|| "a guardrail on every agent".to_owned());
    let endpoint = vpc_endpoint.then(|| "a VPC endpoint".to_owned());
    let least = iam
        .as_ref()
        .is_some_and(|rules| rules.least_privilege)
        .then(|| "IAM policies that name models and profiles".to_owned());
    let separate = iam
        .as_ref()
        .is_some_and(|rules| rules.separate_duties)
        .then(|| "nobody who both invokes and manages".to_owned());
    [logging, retention, keys, enforced, agents, endpoint, least, separate]
        .into_iter()
        .flatten()
        .collect()
}

fn names(items: &BTreeSet<impl fmt::Display>) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Writes a text, or a list of texts, without JSON's quotes.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
