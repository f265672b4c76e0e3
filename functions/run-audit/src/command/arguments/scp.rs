//! The arguments of what is about service control policies.

use std::{convert::Infallible, str::FromStr};

use clap::{Args, Subcommand, ValueEnum, builder::PossibleValuesParser};
use crisguard_core::{
    account::AccountId,
    region::Region,
    scp::{reach::Principal, templates::Template},
};

use super::{Format, InputPath, TextLanguage};
use crate::reach::{AskedSource, named_principal};

/// The arguments of `crisguard reach`.
#[derive(Debug, Args)]
pub(crate) struct ReachArguments {
    #[command(flatten)]
    pub(crate) under: Under,
    #[command(flatten)]
    pub(crate) calls: Calls,
    /// The policy to measure by. Without --source and --profile, its source Regions and the profiles that it
    /// permits are asked about, and every other profile that works and can leave the allowed Regions.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<InputPath>,
    /// What changes if this were a policy's text: NEW, or NAME=NEW where there are several (a LEVEL, a file or a
    /// policy's id). With --organization alone, NEW is another whole organization.
    #[arg(long, value_name = "[NAME=]NEW")]
    pub(crate) what_if: Option<Named>,
    /// How many characters a policy may have, by Service Quotas; a change that is proposed stays below.
    #[arg(long, value_name = "CHARACTERS", default_value_t = Template::QUOTA)]
    pub(crate) quota: usize,
    /// Print the JSON Schema instead: of the answer as `--format json` writes it, or of what --organization reads.
    #[arg(long, value_enum, value_name = "OF", num_args = 0..=1, default_missing_value = "answer")]
    pub(crate) schema: Option<ReachSchema>,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = ReachFormat::Text)]
    pub(crate) format: ReachFormat,
    /// The language to write it in.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En)]
    pub(crate) language: TextLanguage,
}

/// The policies above an account, and who calls in it.
#[derive(Debug, Args)]
pub(crate) struct Under {
    /// A service control policy, and where it is attached (default: ou); repeatable.
    #[arg(long, value_name = "[LEVEL=]FILE", required_unless_present_any = ["organization", "schema"])]
    pub(crate) scp: Vec<ScpFile>,
    /// A whole organization, exported as JSON (docs/reach.md).
    #[arg(long, value_name = "FILE", conflicts_with = "scp")]
    pub(crate) organization: Option<InputPath>,
    /// The account; without it, every account of the organization. Of one, more is said; repeatable.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<AccountId>,
    /// Who calls; `any` stands for anybody. Without it, a role that no policy names.
    #[arg(long, value_name = "ARN", value_parser = principal)]
    pub(crate) principal: Option<Principal>,
    /// The Region that is called, or * for every one that profiles start from; repeatable.
    #[arg(long, value_name = "REGION")]
    pub(crate) source: Vec<AskedSource>,
}

/// What is called.
#[derive(Debug, Args)]
pub(crate) struct Calls {
    /// The inference profiles, by id or application profiles' ARN; * and ? are wildcards; repeatable.
    #[arg(long, value_name = "GLOB")]
    pub(crate) profile: Vec<String>,
    /// A foundation model that is called without a profile; repeatable.
    #[arg(long, value_name = "ID")]
    pub(crate) model: Vec<String>,
    /// Also the profiles by which guardrails cross Regions.
    #[arg(long)]
    pub(crate) guardrails: bool,
    /// Also batch jobs through the profiles.
    #[arg(long)]
    pub(crate) batch: bool,
    /// What `aws bedrock list-inference-profiles` or `get-inference-profile` printed: application profiles, and
    /// where profiles go today; repeatable.
    #[arg(long, value_name = "FILE")]
    pub(crate) inference_profiles: Vec<InputPath>,
}

/// How reach is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachFormat {
    /// For people.
    Text,
    /// For programs; the form is described in docs/reach.md.
    Json,
    /// A table, one row for each denial.
    Csv,
}

/// What a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachSchema {
    /// The answer.
    Answer,
    /// An organization.
    Organization,
}

/// The arguments of `crisguard explain --message`.
#[derive(Debug, Args)]
pub(crate) struct MessageArguments {
    /// The text of an `AccessDenied` error; `-` reads standard input.
    #[arg(long, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// With --message: a service control policy, and where it is attached (default: ou); repeatable.
    #[arg(long, value_name = "[LEVEL=]FILE", requires = "message", conflicts_with = "file")]
    pub(crate) scp: Vec<ScpFile>,
    /// With --message: a whole organization, exported as JSON (docs/reach.md).
    #[arg(long, value_name = "FILE", requires = "message", conflicts_with_all = ["file", "scp"])]
    pub(crate) organization: Option<InputPath>,
    /// With --message: the account, where the message does not name it.
    #[arg(long, value_name = "ID", requires = "message", conflicts_with = "file")]
    pub(crate) account: Option<AccountId>,
    /// With --message: the Region that was called.
    #[arg(long, value_name = "REGION", requires = "message", conflicts_with = "file")]
    pub(crate) source: Option<Region>,
    /// With --message: the language to write in.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En, requires = "message", conflicts_with = "file")]
    pub(crate) language: TextLanguage,
}

/// What can be done with service control policies.
#[derive(Debug, Subcommand)]
pub(crate) enum ScpCommand {
    /// Find the traps that a policy falls into where cross-Region inference is concerned.
    #[command(after_help = "\
Exit codes: 0 no trap, 1 a trap, 2 a file could not be read.

Examples:
  crisguard scp lint region-deny.json
  crisguard scp lint policies/*.json --format json
  aws organizations describe-policy --policy-id p-a1b2c3d4 \\
    --query Policy.Content --output text | crisguard scp lint -")]
    Lint(LintArguments),
    /// Write a policy to start from, for your own Regions and profiles.
    #[command(after_help = "\
The policy goes to standard output, what is to be known about it to standard error. What is wanted was evaluated \
under it before it is written.

Exit codes: 0 written, 2 it could not be written.

Examples:
  crisguard scp template region-deny --policy policy.yaml > region-deny.json
  crisguard scp template region-deny --source ap-northeast-1 --profile 'jp.*'
  crisguard scp template deny-global
  crisguard scp template require-guardrail --guardrail abc123def456
  crisguard scp template invoke-geographic --policy policy.yaml \\
    --account 111122223333 --profile 'jp.anthropic.claude-sonnet-4-5*'")]
    Template(TemplateArguments),
}

/// The arguments of `crisguard scp lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArguments {
    /// The policies; `-` reads standard input.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<InputPath>,
    /// How many characters a policy may have, by Service Quotas. Without it 5,120 is assumed, and what is longer is
    /// a note.
    #[arg(long, value_name = "CHARACTERS")]
    pub(crate) quota: Option<usize>,
    /// How to write the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The language to write it in.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En)]
    pub(crate) language: TextLanguage,
}

/// The arguments of `crisguard scp template`.
#[derive(Debug, Args)]
pub(crate) struct TemplateArguments {
    /// Which policy.
    #[arg(value_name = "NAME", value_parser = template_names())]
    pub(crate) name: String,
    /// The policy document that says which Regions may be called and which profiles are wanted.
    #[arg(long, value_name = "FILE", env = "CRISGUARD_POLICY", hide_env_values = true)]
    pub(crate) policy: Option<InputPath>,
    /// The Region that may be called; repeatable. Without it, the policy's source Regions.
    #[arg(long, value_name = "REGION")]
    pub(crate) source: Vec<Region>,
    /// Only these inference profiles; * and ? are wildcards; repeatable. Without it, those that the policy
    /// permits and that stay in its Regions.
    #[arg(long, value_name = "GLOB")]
    pub(crate) profile: Vec<String>,
    /// The account, for policies of one.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// A guardrail by id or ARN; repeatable. Without it, every guardrail will do.
    #[arg(long, value_name = "ID")]
    pub(crate) guardrail: Vec<String>,
    /// The language of what is to be known about it.
    #[arg(long = "lang", value_enum, default_value_t = TextLanguage::En)]
    pub(crate) language: TextLanguage,
}

fn template_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Template::ALL.map(Template::name))
}

/// A file with a service control policy, and the level that it is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScpFile {
    /// `root`, `account`, or the name of a unit.
    pub(crate) level: String,
    /// The file.
    pub(crate) file: InputPath,
}

impl FromStr for ScpFile {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
        // A path can have the sign, too.
        let (level, file) = match text.split_once('=') {
            Some((level, file)) if !level.is_empty() && level.chars().all(plain) => (level, file),
            _ => ("ou", text),
        };
        Ok(Self {
            level: level.to_owned(),
            file: std::ffi::OsString::from(file).into(),
        })
    }
}

/// A file, and a name for what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// What stands before the `=`.
    pub(crate) name: Option<String>,
    /// The file.
    pub(crate) file: InputPath,
}

impl FromStr for Named {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !name.is_empty() => (Some(name.to_owned()), file),
            _ => (None, text),
        };
        Ok(Self {
            name,
            file: std::ffi::OsString::from(file).into(),
        })
    }
}

/// Reads whom a call is made by.
pub(crate) fn principal(text: &str) -> Result<Principal, String> {
    match named_principal(text) {
        _ if text == "any" => Ok(Principal::Unknown),
        Some(arn) => Ok(Principal::Arn(arn)),
        None => Err("write an ARN such as `arn:aws:iam::111122223333:role/app`, or `any`".to_owned()),
    }
}
