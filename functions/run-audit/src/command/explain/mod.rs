//! `crisguard explain`: what each record says, and what every control decides about it.

mod input;
mod json;
mod spans;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use crisguard_core::{
    account::{AccountId, OrganizationPath},
    catalog::{Catalogue, Destinations},
    cloudtrail::{Invocation, Record},
    controls::{assess, without_policy},
    decision::Assessment,
    exit::Exit,
    policy::{Policy, PolicyDocument},
};

use crate::command::{
    Status,
    arguments::{ExplainArguments, Format, InputPath},
    console::Console,
    denied,
    failure::Failure,
    policy_file::{self, PolicyFile},
};
use input::{Content, Item, Place};

/// Reads records and writes what they come to.
pub(crate) fn run(arguments: &ExplainArguments, console: &mut Console<'_>) -> Result<Status, Failure> {
    if let Some(message) = &arguments.denied.message {
        return denied::run(message, arguments, console);
    }
    let file = arguments.file.as_ref().unwrap_or(&InputPath::StandardInput);
    let name = file.to_string();
    let policy = match &arguments.policy {
        Some(path) => Some(PolicyFile::read(path, console.input)?),
        None => None,
    };
    let bytes = policy_file::read(file, console.input)?;
    refuse_encoded(&name, &bytes)?;
    let catalogue = Catalogue::embedded()?;
    let rules = policy
        .as_ref()
        .map(|file| Rules::new(&file.document, arguments.organization_path.as_ref()));
    let explained = Explained::new(input::items(&bytes), rules, &catalogue);
    if let [] | [_] = explained.entries.as_slice()
        && !explained.holds_a_record()
    {
        return Err(Failure::NothingReadable {
            name,
            example: explained.example(),
        });
    }
    match arguments.format {
        Format::Text => write::write(&explained, &catalogue, policy.as_ref(), console.output, console.width)?,
        Format::Json => console.write_json(&json::Report::new(&explained, &catalogue, policy.as_ref()))?,
    }
    if !explained.holds_a_record() {
        let items = explained.tally.items;
        return Err(Failure::NoneReadable { name, items });
    }
    Ok(if explained.tally.calls_for_attention() {
        Status::Findings
    } else {
        Status::Clean
    })
}

/// Refuses what is plainly not UTF-8 text, with the command that makes it so.
fn refuse_encoded(name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let (form, instead) = match bytes {
        [0x1f, 0x8b, ..] => ("compressed (gzip)", "unpack it: `gunzip -c FILE | crisguard explain -`"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16", "save it as UTF-8: `iconv -f UTF-16 -t UTF-8 FILE`"),
        _ => return Ok(()),
    };
    Err(Failure::Encoded {
        name: name.to_owned(),
        form,
        instead,
    })
}

/// The policy of each account, told once.
struct Rules<'a> {
    document: &'a PolicyDocument,
    path: Option<&'a OrganizationPath>,
    by_account: BTreeMap<AccountId, Result<Policy, String>>,
}

impl<'a> Rules<'a> {
    fn new(document: &'a PolicyDocument, path: Option<&'a OrganizationPath>) -> Self {
        Self {
            document,
            path,
            by_account: BTreeMap::new(),
        }
    }

    fn assess(&mut self, invocation: &Invocation, catalogue: &Catalogue) -> Vec<Assessment> {
        let Self {
            document,
            path,
            by_account,
        } = self;
        let policy = by_account.entry(invocation.account.clone()).or_insert_with(|| {
            document
                .for_account(&invocation.account, *path)
                .map_err(|error| error.to_string())
        });
        match policy {
            Ok(policy) => assess(invocation, policy, catalogue),
            Err(reason) => without_policy(invocation, reason),
        }
    }
}

/// Everything that was read, with what it comes to.
struct Explained {
    entries: Vec<Entry>,
    tally: Tally,
}

/// One item of the input.
struct Entry {
    place: Place,
    about: About,
}

/// What one item of the input is about.
enum About {
    /// An inference request.
    Inference(Box<Inference>),
    /// A Bedrock event that sends no prompt to a model.
    NotInference { event_name: String },
    /// Another service's event.
    NotBedrock,
    /// An event that calls itself crisguard's canary.
    Canary,
    /// JSON that is neither a CloudTrail record nor an event.
    NotARecord,
    /// Something that cannot be read.
    Unreadable { problem: String },
}

/// An inference request, where it could have gone, and what was decided.
struct Inference {
    invocation: Invocation,
    /// Where the profile can go from this source; absent for anything but a catalogued profile.
    reach: Option<Destinations>,
    /// Absent without a policy.
    decided: Option<(Exit, Vec<Assessment>)>,
}

impl Explained {
    fn new(items: Vec<Item>, mut rules: Option<Rules<'_>>, catalogue: &Catalogue) -> Self {
        let mut tally = Tally::default();
        let entries = items
            .into_iter()
            .map(|Item { place, content }| {
                let about = match content {
                    Content::Record(Record::Inference(invocation)) => {
                        let profile = invocation.target.profile();
                        let reach =
                            profile.and_then(|profile| catalogue.destinations(profile.id(), &invocation.source));
                        let decided = rules.as_mut().map(|rules| {
                            let assessments = rules.assess(&invocation, catalogue);
                            (Exit::of(&assessments), assessments)
                        });
                        About::Inference(Box::new(Inference {
                            reach: reach.cloned(),
                            decided,
                            invocation: *invocation,
                        }))
                    }
                    Content::Record(Record::NotInference { event_name }) => About::NotInference { event_name },
                    Content::Record(Record::NotBedrock) => About::NotBedrock,
                    Content::Canary => About::Canary,
                    Content::NotARecord => About::NotARecord,
                    Content::Unreadable(problem) => About::Unreadable { problem },
                };
                tally.count(&about);
                Entry { place, about }
            })
            .collect();
        Self { entries, tally }
    }

    fn holds_a_record(&self) -> bool {
        !self
            .entries
            .iter()
            .all(|entry| matches!(entry.about, About::NotARecord | About::Unreadable { .. }))
    }

    /// Says of the first item why it cannot be read, where there is one.
    fn example(&self) -> String {
        self.entries.first().map_or_else(
            || " (it is empty)".to_owned(),
            |Entry { place, about }| match about {
                About::Unreadable { problem } => format!(" ({place}: {problem})"),
                _ => format!(" ({place}: it has neither `eventSource` nor `detail-type`)"),
            },
        )
    }

    /// Returns the accounts whose policy cannot be told.
    fn unresolved(&self) -> BTreeSet<&AccountId> {
        use crisguard_core::decision::{Decision, EvidenceGap};
        let is_gap = |assessment: &Assessment| {
            matches!(
                assessment.decision,
                Decision::Undecided(EvidenceGap::PolicyUnresolved { .. })
            )
        };
        self.entries
            .iter()
            .filter_map(|entry| match &entry.about {
                About::Inference(inference) => Some(inference),
                _ => None,
            })
            .filter(|inference| {
                inference
                    .decided
                    .as_ref()
                    .is_some_and(|(_, assessments)| assessments.iter().any(is_gap))
            })
            .map(|inference| &inference.invocation.account)
            .collect()
    }
}

/// How many items left in which way; the counts add up to the items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
struct Tally {
    items: usize,
    violation: usize,
    undecided: usize,
    compliant: usize,
    not_applicable: usize,
    /// Inference records that were read without a policy.
    not_decided: usize,
    not_inference: usize,
    not_bedrock: usize,
    not_a_record: usize,
    unreadable: usize,
}

impl Tally {
    fn count(&mut self, about: &About) {
        self.items += 1;
        let exit = match about {
            About::Inference(inference) => match &inference.decided {
                None => &mut self.not_decided,
                Some((Exit::Violation, _)) => &mut self.violation,
                Some((Exit::Undecided, _)) => &mut self.undecided,
                Some((Exit::Compliant, _)) => &mut self.compliant,
                Some((Exit::NotApplicable, _)) => &mut self.not_applicable,
                Some((Exit::NotBedrock, _)) => &mut self.not_bedrock,
                Some((Exit::Rejected, _)) => &mut self.unreadable,
            },
            About::NotInference { .. } => &mut self.not_inference,
            About::NotBedrock | About::Canary => &mut self.not_bedrock,
            About::NotARecord => &mut self.not_a_record,
            About::Unreadable { .. } => &mut self.unreadable,
        };
        *exit += 1;
    }

    fn calls_for_attention(&self) -> bool {
        self.violation + self.undecided + self.unreadable > 0
    }
}
