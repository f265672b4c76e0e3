//! What can be written after `crisguard`.

mod audit;
mod scp;

use std::{fmt, path::PathBuf};

pub(crate) use audit::{AuditForm, AuditQuestion, BesideOf, LookupArguments, Moment, ScanArguments};
use clap::{Args, Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use clap_complete::Shell;
use crisguard_core::{
    account::{AccountId, OrganizationPath},
    controls::ControlId,
    policy::Language,
    region::Region,
};
pub(crate) use scp::{
    LintArguments, MessageArguments, Named, ReachArguments, ReachFormat, ReachSchema, ScpCommand, ScpFile,
    TemplateArguments,
};

/// Tells where Amazon Bedrock processed prompts, and whether a policy allows it.
///
/// Works on files alone, but for two commands: `lookup` asks CloudTrail, and `scan` reads S3 where an `s3://` address is
/// named. No other calls any AWS API or needs credentials.
#[derive(Debug, Parser)]
#[command(
    name = "crisguard",
    version,
    arg_required_else_help = true,
    after_help = "\
Exit codes: 0 nothing to report, 1 something to look at, 2 it could not be done. \
NO_COLOR and CLICOLOR_FORCE are honoured.

Examples:
  crisguard policy example > policy.yaml
  crisguard policy check policy.yaml
  crisguard explain records.json --policy policy.yaml
  crisguard scan AWSLogs/ --policy policy.yaml --out report/
  crisguard lookup --policy policy.yaml"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `crisguard` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check, describe or start a policy document.
    #[command(arg_required_else_help = true)]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Compile the policy into EventBridge patterns: what is let through to the functions.
    #[command(after_help = "\
Exit codes: 0 compiled, 2 it could not be compiled.

Examples:
  crisguard pattern --policy policy.yaml
  crisguard pattern --policy policy.yaml --account 111122223333 \\
    --format parameters > parameters.json")]
    Pattern(PatternArguments),
    /// Explain CloudTrail records: where each prompt was processed, and what every control decides.
    #[command(after_help = "\
FILE may hold one record, a log file ({\"Records\": [...]}), an array, one record a line, EventBridge \
events, the output of `aws cloudtrail lookup-events` or that of `aws sqs receive-message`. \
Without --policy, records are explained but nothing is decided.

--message takes the text of an AccessDenied error instead, as it was pasted, and tells which Region and which kind \
of policy refused the call, through which profiles it can have gone, and what to do; with --scp or --organization \
also the statement.

Exit codes: 0 nothing to report, 1 a violation, something undecided or an unreadable record, \
2 nothing could be read, or the policy is not valid.

Examples:
  crisguard explain record.json --policy policy.yaml
  gunzip -c LOG_FILE.json.gz | crisguard explain - --policy policy.yaml
  crisguard explain records.jsonl --policy policy.yaml --format json \\
    | jq '.records[] | select(.exit == \"violation\")'
  crisguard explain --message \"$(pbpaste)\" --scp region-deny.json \\
    --source ap-northeast-1")]
    Explain(ExplainArguments),
    /// Tell where every prompt was processed, from CloudTrail's log files: routes, violations, gaps.
    #[command(after_help = "\
PATH may be a file, a folder (with all that is in it), a glob, s3://BUCKET/PREFIX or `-`; in them log files as \
CloudTrail writes them (.json.gz), JSON in every form that `crisguard explain` reads, and Bedrock's logs of model \
invocations, of which no prompt is kept. In S3, only the days, accounts and Regions asked for are listed and read.

Days without a log file are told as gaps, and what could not be read is named: neither counts as compliant.

Exit codes: 0 nothing to report, 1 a violation, something undecided (without --policy: everything), a gap, a file that \
does not say of which account, Region and day it is, an account or Region that was asked for and nothing tells of, a path \
that leads to no file, or something that could not be read, 2 nothing could be read, the policy is not valid, or with \
--strict: anything could not be read.

Examples:
  crisguard scan AWSLogs/ --policy policy.yaml
  crisguard scan AWSLogs/ --policy policy.yaml --from 2026-01-01 --out report/
  crisguard scan 'AWSLogs/**/2026/10/*/*.json.gz' --policy policy.yaml \\
    --account 111122223333
  crisguard scan s3://my-trail/AWSLogs/ --policy policy.yaml \\
    --from 2026-10-01 --to 2026-10-31 --lang ja --out report/
  gunzip -c LOG_FILE.json.gz | crisguard scan - --policy policy.yaml \\
    --format json | jq .routes
  crisguard scan --schema > audit.schema.json")]
    Scan(Box<ScanArguments>),
    /// Tell the same from CloudTrail's event history of the last 90 days, where there are no log files.
    #[command(after_help = "\
It asks AWS (cloudtrail:LookupEvents; sts:GetCallerIdentity, which needs no permission), with credentials and Region \
as the AWS CLI finds them. CloudTrail answers two calls a second in an account and Region, with 50 events each, so \
it says how long it will take. The history has no data events, which those of bedrock-mantle are, and no more than \
90 days.

Exit codes: 0 nothing to report, 1 a violation, something undecided, an account that was asked for and is another, \
or something that could not be read or told, 2 nothing could be read, there are no credentials, the policy is not \
valid, or with --strict: anything could not be read.

Examples:
  crisguard lookup --policy policy.yaml
  crisguard lookup --policy policy.yaml --from 2026-11-01 \\
    --region ap-northeast-1 --region us-east-1
  AWS_PROFILE=audit crisguard lookup --policy policy.yaml --format json \\
    | jq .routes
  crisguard lookup --policy policy.yaml --lang ja --out report/")]
    Lookup(Box<LookupArguments>),
    /// Tell which inference profiles work under service control policies, which fail, and where they can go.
    #[command(after_help = "\
A single --scp FILE stands for: FullAWSAccess at root, unit and account, and FILE at the unit. \
Several are put at their LEVEL: root, account, or the name of a unit; units stand one under \
another in the order of their names' first use. --organization takes a whole organization; \
docs/reach.md describes its JSON, and how to write it.

Exit codes: 0 nothing to report, or the schema was printed, 1 a profile fails, can leave the \
allowed Regions or is undecided (with --what-if: a verdict changes), 2 it could not be told.

Examples:
  crisguard reach --scp region-deny.json --source ap-northeast-1 \\
    --profile 'jp.*'
  crisguard reach --scp root=root.json --scp ou=region-deny.json \\
    --policy policy.yaml
  crisguard reach --scp region-deny.json --source ap-northeast-1 \\
    --what-if new.json
  crisguard reach --scp region-deny.json --source us-east-1 --format json \\
    | jq '.profiles[] | select(.verdict == \"fails\")'
  aws lambda invoke --function-name crisguard-run-audit \\
    --cli-read-timeout 0 --cli-binary-format raw-in-base64-out \\
    --payload '{\"organization\": true}' organization.json
  crisguard reach --organization organization.json --policy policy.yaml
  crisguard reach --organization organization.json --policy policy.yaml \\
    --account 111122223333
  crisguard reach --schema > reach.schema.json")]
    Reach(ReachArguments),
    /// Check service control policies for traps, or write ready ones.
    #[command(arg_required_else_help = true)]
    Scp {
        #[command(subcommand)]
        command: ScpCommand,
    },
    /// List the inference profiles that are known, and the Regions each can reach.
    #[command(after_help = "\
Exit codes: 0 listed, 1 with --policy: a profile that may be called can leave the allowed Regions, 2 the policy is not valid.

Examples:
  crisguard profiles --source ap-northeast-1
  crisguard profiles --source ap-northeast-1 --policy policy.yaml")]
    Profiles(ProfilesArguments),
    /// List the controls: what each decides, why, and what to do about a finding.
    #[command(after_help = "\
Exit codes: 0 listed, 2 a name is not a control's.

Examples:
  crisguard controls
  crisguard controls destination-region-allowed
  crisguard controls --format markdown --lang ja > docs/controls.ja.md")]
    Controls(ControlsArguments),
    /// Print a completion script for a shell.
    #[command(after_help = "\
Examples:
  source <(crisguard completion bash)
  mkdir -p ~/.local/share/bash-completion/completions
  crisguard completion bash \\
    > ~/.local/share/bash-completion/completions/crisguard
  crisguard completion zsh > \"${fpath[1]}/_crisguard\"")]
    Completion {
        /// The shell to complete for.
        shell: Shell,
    },
}

/// What can be done with a policy document.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy, and tell what it comes to.
    #[command(after_help = "\
Exit codes: 0 sound, 1 sound with warnings, 2 not valid or not readable.

Examples:
  crisguard policy check policy.yaml
  crisguard policy check policy.yaml --account 111122223333 \\
    --organization-path o-a1b2c3d4e5/r-ab12/ou-ab12-11111111
  crisguard policy check policy.yaml --format json | jq .warnings")]
    Check(CheckArguments),
    /// Print the JSON Schema of the policy document, for editors.
    #[command(after_help = "\
Examples:
  crisguard policy schema > policy.schema.json
  # the first line of policy.yaml, for editors:
  # yaml-language-server: $schema=policy.schema.json")]
    Schema,
    /// Print a policy with comments, to start from.
    #[command(after_help = "\
Examples:
  crisguard policy example > policy.yaml
  crisguard policy check policy.yaml")]
    Example,
}

/// The arguments of `crisguard policy check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The policy, YAML or JSON; `-` reads standard input.
    pub(crate) file: InputPath,
    #[command(flatten)]
    pub(crate) place: Place,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The arguments of `crisguard pattern`.
#[derive(Debug, Args)]
pub(crate) struct PatternArguments {
    #[command(flatten)]
    pub(crate) policy: RequiredPolicy,
    #[command(flatten)]
    pub(crate) place: Place,
    /// How to write the patterns.
    #[arg(long, value_enum, default_value_t = PatternFormat::Text)]
    pub(crate) format: PatternFormat,
}

/// The arguments of `crisguard explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The records; `-` reads standard input.
    #[arg(required_unless_present = "message", conflicts_with = "message")]
    pub(crate) file: Option<InputPath>,
    #[command(flatten)]
    pub(crate) denied: MessageArguments,
    /// The policy to decide by.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<InputPath>,
    /// The accounts' place in the organization, for a policy that has overrides by unit.
    #[arg(long, value_name = "PATH")]
    pub(crate) organization_path: Option<OrganizationPath>,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The arguments of `crisguard profiles`.
#[derive(Debug, Args)]
pub(crate) struct ProfilesArguments {
    /// Only what can be called in this Region.
    #[arg(long, value_name = "REGION")]
    pub(crate) source: Option<Region>,
    /// The policy to measure by: only its source Regions and the profiles it permits are listed.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<InputPath>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// How to write the list.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// The arguments of `crisguard controls`.
#[derive(Debug, Args)]
pub(crate) struct ControlsArguments {
    /// Only these, with all there is to say; without names, all of them in short.
    #[arg(value_name = "NAME", value_parser = control_names())]
    pub(crate) names: Vec<String>,
    /// How to write them.
    #[arg(long, value_enum, default_value_t = ControlsFormat::Text)]
    pub(crate) format: ControlsFormat,
    /// The language to write them in.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En)]
    pub(crate) language: TextLanguage,
}

/// Returns what a control can be named, for errors and completion.
fn control_names() -> PossibleValuesParser {
    PossibleValuesParser::new(ControlId::ALL.map(ControlId::name))
}

/// How controls are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ControlsFormat {
    /// For people.
    Text,
    /// For programs; the form is described in docs/cli.md.
    Json,
    /// As a document.
    Markdown,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextLanguage {
    /// English.
    En,
    /// Japanese.
    Ja,
}

impl From<TextLanguage> for Language {
    fn from(language: TextLanguage) -> Self {
        match language {
            TextLanguage::En => Self::En,
            TextLanguage::Ja => Self::Ja,
        }
    }
}

/// The policy, where there must be one.
#[derive(Debug, Args)]
pub(crate) struct RequiredPolicy {
    /// The policy, YAML or JSON; `-` reads standard input.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: InputPath,
}

/// The account that a policy is for, which decides about its overrides.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The account that the policy is for; without it, the rules that hold for everybody.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// The account's place in the organization, for a policy that has overrides by unit.
    #[arg(long, value_name = "PATH", requires = "account")]
    pub(crate) organization_path: Option<OrganizationPath>,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs; docs/cli.md describes the forms, and docs/reach.md those about service control policies.
    Json,
}

/// How patterns are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PatternFormat {
    /// For people.
    Text,
    /// For programs; the form is described in docs/cli.md.
    Json,
    /// The parameters of infra/source-region.yaml, as one JSON object.
    Parameters,
}

/// A file to read, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputPath {
    /// `-`.
    StandardInput,
    /// A file.
    File(PathBuf),
}

impl From<std::ffi::OsString> for InputPath {
    fn from(text: std::ffi::OsString) -> Self {
        if text == "-" {
            Self::StandardInput
        } else {
            Self::File(text.into())
        }
    }
}

impl fmt::Display for InputPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandardInput => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_description_of_the_arguments_is_sound() {
        Arguments::command().debug_assert();
    }

    /// A terminal breaks lines where it is wide: what is broken by hand besides is torn into long and short ones.
    #[test]
    fn help_is_broken_by_the_terminal_alone() {
        let is_prose = |line: &str| !line.is_empty() && !line.starts_with([' ', '#']) && line != "Examples:";
        let mut commands = vec![Arguments::command()];
        let mut paragraphs = 0;
        while let Some(command) = commands.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = help.lines().collect();
            paragraphs += lines.iter().filter(|line| is_prose(line)).count();
            for pair in lines.windows(2) {
                assert!(
                    !(is_prose(pair[0]) && is_prose(pair[1])),
                    "{}: {pair:?}",
                    command.get_name()
                );
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(paragraphs > 15, "{paragraphs}");
    }

    /// A terminal breaks an example's line, too, and what is broken so is another command when it is copied.
    #[test]
    fn examples_fit_a_narrow_terminal() {
        const COLUMNS: usize = 80;
        let mut commands = vec![Arguments::command()];
        let mut examples = 0;
        while let Some(command) = commands.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                examples += 1;
                assert!(line.len() < COLUMNS, "{}: {line}", command.get_name());
            }
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(examples > 40, "{examples}");
    }
}
