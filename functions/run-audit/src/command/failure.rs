//! Why a command could not do what was asked, and what to do about it.

use std::{
    error::Error,
    io::{self, Write},
};

use crisguard_aws::client::NoCredentials;
use crisguard_core::{
    account::AccountId,
    catalog::CatalogueError,
    pattern::PatternError,
    policy::{PolicyError, Unresolved},
    region::NotARegion,
    scp::{self, organization::OrganizationError, templates::TemplateError},
};
use crisguard_report::ReportError;
use crisguard_scan::{ScanError, plan::NotAnAddress};
use jiff::Timestamp;

use crate::{
    command::{
        arguments::{BesideOf, Moment},
        console::{BAD, BOLD},
    },
    reach::ReachError,
    s3,
};

/// Why a command could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A file or standard input cannot be read.
    #[error("{name} cannot be read")]
    Input {
        name: String,
        #[source]
        error: io::Error,
    },
    /// The policy document is wrong.
    #[error("{name} is not a valid policy")]
    Policy {
        name: String,
        #[source]
        error: PolicyError,
        excerpt: String,
    },
    /// The policy document does not come to one policy.
    #[error("{name} does not come to one policy")]
    Unresolved {
        name: String,
        #[source]
        error: Unresolved,
    },
    /// The policy differs by account, and none was named.
    #[error("{name} has overrides ({overrides}), and the patterns of one account are wrong for another")]
    AccountNeeded { name: String, overrides: String },
    /// The patterns cannot be compiled.
    #[error("no patterns can be compiled from {name}")]
    Pattern {
        name: String,
        #[source]
        error: PatternError,
    },
    /// The template has no room for so many patterns.
    #[error("{name} compiles to {patterns} patterns, and the template has room for {room}")]
    TooManyPatterns { name: String, patterns: usize, room: usize },
    /// The input is compressed, or encoded in another way than it should be.
    #[error("{name} is {form}, not JSON text")]
    Encoded {
        name: String,
        form: &'static str,
        instead: &'static str,
    },
    /// The input holds no record at all.
    #[error("{name} holds no CloudTrail record that can be read{example}")]
    NothingReadable { name: String, example: String },
    /// The input holds several items, of which none can be read; each was named.
    #[error("{name} holds {items} items, and none is a CloudTrail record that can be read")]
    NoneReadable { name: String, items: usize },
    /// A service control policy is wrong.
    #[error("{name} is not a service control policy")]
    Scp {
        name: String,
        #[source]
        error: scp::PolicyError,
    },
    /// An organization's JSON is wrong.
    #[error("{name} is not an organization")]
    Organization {
        name: String,
        #[source]
        error: Box<OrganizationError>,
    },
    /// A list of inference profiles is wrong.
    #[error("{name} is not what the AWS CLI prints of inference profiles")]
    Listed {
        name: String,
        #[source]
        error: Box<ReachError>,
    },
    /// What is asked about reach cannot be answered.
    #[error("it cannot be told what can be called")]
    Reach(#[source] Box<ReachError>),
    /// A policy cannot be written.
    #[error("the policy {name} cannot be written")]
    Template {
        name: &'static str,
        #[source]
        error: Box<TemplateError>,
    },
    /// No profile is known that is asked for.
    #[error("the policy {name} cannot be written: no inference profile that is known in {sources} matches {asked}")]
    NoSuchProfile {
        name: &'static str,
        asked: String,
        sources: String,
    },
    /// The policy document does not permit the profiles that are asked for.
    #[error("the policy {name} cannot be written: the policy document does not permit {asked}: {why}")]
    NotPermitted {
        name: &'static str,
        asked: String,
        why: &'static str,
    },
    /// The text is no message of a denial.
    #[error("the text holds no message of a denied request")]
    NotADenial,
    /// A message is of one account, and another is named.
    #[error("the message is of account {message}, and --account names {named}")]
    AnotherAccount { message: AccountId, named: AccountId },
    /// Nobody tells of which account of an organization a message is.
    #[error("the message names no account, and the organization has many")]
    NoAccount,
    /// The time asked about ends before it begins.
    #[error("--from {from} is not before --to {to}, so there is no time in between")]
    NoTime { from: Moment, to: Moment },
    /// An organization does not say its id, without which nobody's place can be told.
    #[error("{name} does not have the organization's `id`, and so nobody's place in it can be told")]
    NoOrganizationId { name: String },
    /// What a report is to show beside the audit is no JSON.
    #[error("{name} is not {what}")]
    Beside {
        name: String,
        what: &'static str,
        #[source]
        error: serde_json::Error,
    },
    /// A report is to show two answers of which it shows one.
    #[error("--with names {0} more than once, and a report shows one")]
    BesideTwice(BesideOf),
    /// A file stands where a report's would, and is none.
    #[error("{name} is there already, and is not as crisguard wrote it")]
    NotOurs { name: String },
    /// What a report is to be written to is there, and is no folder.
    #[error("{name} is a file, and a report is a folder of several")]
    NoFolder { name: String },
    /// A folder or file of a report cannot be read or written.
    #[error("{name} cannot be written")]
    Folder {
        name: String,
        #[source]
        error: io::Error,
    },
    /// The report cannot be made.
    #[error("the report cannot be made")]
    Report(#[source] Box<ReportError>),
    /// What was read cannot be kept or put together.
    #[error("what was read cannot be put together: {0}")]
    Scan(Box<ScanError>),
    /// There are no credentials.
    #[error(transparent)]
    Credentials(Box<NoCredentials>),
    /// An address in S3 cannot be read.
    #[error(transparent)]
    Address(#[from] NotAnAddress),
    /// It is not known what there is to read in S3.
    #[error(transparent)]
    Listing(#[from] s3::NotListed),
    /// The scan ended while S3 was read.
    #[error(transparent)]
    Reading(#[from] s3::Ended),
    /// There is no Region to ask in.
    #[error("there is no Region to ask in")]
    NoRegion,
    /// The configured Region is none.
    #[error("there is no such Region to ask in as is configured")]
    ConfiguredRegion(#[source] NotARegion),
    /// CloudTrail's history does not go back so far.
    #[error("CloudTrail keeps 90 days, since {earliest}, and --from {from} is before")]
    NotKept { from: Timestamp, earliest: Timestamp },
    /// CloudTrail's history begins later.
    #[error("CloudTrail keeps 90 days, since {earliest}, and --to ends before, at {to}")]
    EndNotKept { to: Timestamp, earliest: Timestamp },
    /// What is asked about has not happened yet.
    #[error("--from {from} is still to come: it is {now}")]
    NotYet { from: Timestamp, now: Timestamp },
    /// What waits for AWS cannot be started.
    #[error("nothing can wait for AWS here")]
    Runtime(#[source] io::Error),
    /// Nothing of what was named could be read.
    #[error("{}", match files { 0 => "there is nothing to read".to_owned(), 1 => "nothing could be read of 1 file".to_owned(), files => format!("nothing could be read of {files} files") })]
    NothingRead { files: u64 },
    /// CloudTrail answered nothing of what it was asked; what it said was named.
    #[error("CloudTrail answered nothing")]
    NothingAnswered,
    /// The catalogue is damaged.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The output cannot be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

impl From<ReachError> for Failure {
    fn from(error: ReachError) -> Self {
        Self::Reach(Box::new(error))
    }
}

impl Failure {
    /// Writes the whole chain of causes once, the place in the file where there is one, and what to do next.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{BAD}error:{BAD:#} {self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(out, ": {error}")?;
            cause = error.source();
        }
        writeln!(out)?;
        if let Self::Policy { excerpt, .. } = self {
            write!(out, "{excerpt}")?;
        }
        if let Some(step) = self.next_step() {
            writeln!(out, "{BOLD}next:{BOLD:#} {step}")?;
        }
        Ok(())
    }

    fn next_step(&self) -> Option<String> {
        Some(match self {
            Self::Input { name, error } if error.kind() == io::ErrorKind::NotFound && is_policy(name) => {
                format!("write one: `crisguard policy example > {name}`, then edit it")
            }
            Self::Input { .. } => "check the path and its permissions; `-` reads standard input".to_owned(),
            Self::Policy { .. } => {
                "mend it and run `crisguard policy check` again; `crisguard policy schema` prints the whole form"
                    .to_owned()
            }
            Self::AccountNeeded { .. } => {
                "name the account that the patterns are for: --account 111122223333".to_owned()
            }
            Self::TooManyPatterns { .. } => {
                "deploy with Coverage=all, which filters nothing, or shorten the policy: `jp.*` instead of single \
                 profiles, [\"*\"] instead of a long list of Regions"
                    .to_owned()
            }
            Self::Encoded { instead, .. } => (*instead).to_owned(),
            Self::NothingReadable { .. } => {
                "give CloudTrail records: a log file, `aws cloudtrail lookup-events` output, EventBridge events, one \
                 record, or one a line"
                    .to_owned()
            }
            Self::NoneReadable { .. } => {
                "mend what is named above, or give CloudTrail records; dead letters stay in their queue meanwhile, and \
                 `aws sqs start-message-move-task --source-arn …` puts them back afterwards"
                    .to_owned()
            }
            Self::Scp { .. } => {
                "mend what is named; `aws organizations describe-policy --policy-id ID --query Policy.Content --output text` \
                 prints a policy's text"
                    .to_owned()
            }
            Self::Organization { .. } => "docs/reach.md describes the form, and how to export it".to_owned(),
            Self::Listed { .. } => {
                "give it what `aws bedrock list-inference-profiles --type-equals APPLICATION` prints".to_owned()
            }
            Self::Reach(error) => return next_of_reach(error),
            Self::Template { error, .. } => return next_of_template(error),
            Self::NoSuchProfile { .. } => "see what is known there: `crisguard profiles --source REGION`".to_owned(),
            Self::NotPermitted { .. } => {
                "change the policy document, or write without it: --source REGION --profile ID instead of --policy"
                    .to_owned()
            }
            Self::NotADenial => {
                "paste the whole text of the error, with `is not authorized to perform` in it, in single quotes; `-` \
                 reads it from standard input"
                    .to_owned()
            }
            Self::AnotherAccount { .. } => {
                "leave --account out, or replace the account in the message by the one that is meant".to_owned()
            }
            Self::NoTime { from, to } => next_of_no_time(from, to),
            Self::NoOrganizationId { .. } => {
                "write it there (`aws organizations describe-organization --query Organization.Id` prints it), or name \
                 the place: --account 111122223333 --organization-path o-…/r-…/ou-…"
                    .to_owned()
            }
            Self::Credentials(none) => next_of_credentials(none).to_owned(),
            Self::NoRegion | Self::ConfiguredRegion(_) => "name it: --region ap-northeast-1, or AWS_REGION".to_owned(),
            Self::NotYet { .. } => "name an earlier time, or leave --from out for the last 90 days".to_owned(),
            Self::NotKept { .. } | Self::EndNotKept { .. } => {
                "name a later time, or read a trail's log files: `crisguard scan s3://BUCKET/AWSLogs/`".to_owned()
            }
            Self::BesideTwice(_) => "name one, and write another report to another folder with the other".to_owned(),
            Self::Beside { .. } => "docs/cli.md says which files --with takes".to_owned(),
            Self::NotOurs { .. } => "name another folder, or move that file away".to_owned(),
            Self::NoFolder { .. } => {
                "name a folder, which is made where there is none: --out report/; the page in it is report.html".to_owned()
            }
            Self::Folder { .. } => "check the folder and its permissions".to_owned(),
            Self::NothingRead { files } => next_of_nothing_read(*files).to_owned(),
            Self::NothingAnswered => {
                "mend what is named above: whoever asks needs cloudtrail:LookupEvents in each Region; or read a trail's log \
                 files: `crisguard scan s3://BUCKET/AWSLogs/`"
                    .to_owned()
            }
            Self::NoAccount => "name it: --account 111122223333".to_owned(),
            Self::Unresolved { .. }
            | Self::Pattern { .. }
            | Self::Report(_)
            | Self::Address(_)
            | Self::Listing(_)
            | Self::Reading(_)
            | Self::Runtime(_)
            | Self::Scan(_)
            | Self::Catalogue(_)
            | Self::Output(_) => return None,
        })
    }
}

fn next_of_no_time(from: &Moment, to: &Moment) -> String {
    if to.is_before(from) {
        format!("exchange them: --from {to} --to {from} (dates are UTC; that of --to is meant to its end)")
    } else {
        "name a later --to, or an earlier --from: a date is meant from its beginning (UTC), as --to to its end"
            .to_owned()
    }
}

const fn next_of_credentials(none: &NoCredentials) -> &'static str {
    match none {
        NoCredentials::UndefinedProfile(_) => {
            "correct AWS_PROFILE (`aws configure list-profiles` lists the profiles that there are), define the profile \
             (`aws configure --profile NAME`, `aws configure sso`), or unset AWS_PROFILE; profiles are read from \
             ~/.aws/config and ~/.aws/credentials, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say"
        }
        NoCredentials::Nowhere(_) => {
            "give it what the AWS CLI has: `aws configure`, `aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY"
        }
    }
}

const fn next_of_nothing_read(files: u64) -> &'static str {
    match files {
        0 => "check the paths that are named above; folders are looked through with all that is in them",
        _ => {
            "mend what is named above, or give CloudTrail's log files: .json.gz, or JSON as `crisguard explain` reads it"
        }
    }
}

fn next_of_reach(error: &ReachError) -> Option<String> {
    let step = match error {
        ReachError::NoSource => "name the Region that is called: --source ap-northeast-1",
        ReachError::NotAModel(profile) => return Some(format!("ask for it as a profile: --profile '{profile}'")),
        ReachError::PrincipalOfAnother { .. } => "name the account of the principal, or a principal of the account",
        ReachError::PrincipalOfOne(account) => {
            return Some(format!(
                "name that account (--account {account}), or write * for the account in the ARN: the role of that name in \
                 each account"
            ));
        }
        ReachError::Nothing { .. } => "see what is known there: `crisguard profiles --source REGION`",
        ReachError::NoSuchAccounts(_) => "name accounts of the organization, or leave --account out for all",
        ReachError::AccountsOfNoOrganization => "name one --account, or give the organization: --organization FILE",
        ReachError::WhichPolicy { .. } => "say which one: --what-if NAME=FILE",
        _ => return None,
    };
    Some(step.to_owned())
}

fn next_of_template(error: &TemplateError) -> Option<String> {
    let step = match error {
        TemplateError::NoSource => "name them: --source ap-northeast-1, or a policy: --policy policy.yaml",
        TemplateError::SeveralSources(_) => "name the endpoint's: --source ap-northeast-1",
        TemplateError::NoProfile("global") => {
            "name them: --profile 'global.*'; `crisguard profiles --source REGION` lists them"
        }
        TemplateError::NoProfile(_) => "name them: --profile 'jp.*'; `crisguard profiles --source REGION` lists them",
        TemplateError::NoAccount => "name it: --account 111122223333",
        TemplateError::TooLong { .. } => "name fewer profiles: --profile 'jp.anthropic.*'",
        TemplateError::Guardrail(_) => "`aws bedrock list-guardrails` prints ids and ARNs",
        TemplateError::NotVerified { .. } | TemplateError::Policy(_) | TemplateError::Action(_) => return None,
    };
    Some(step.to_owned())
}

fn is_policy(name: &str) -> bool {
    [".yaml", ".yml"].iter().any(|extension| name.ends_with(extension))
}
