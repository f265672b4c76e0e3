//! What people read about findings and controls, in each language.
//!
//! English stands where the facts stand: a reason's `Display`, a control's [`Metadata`]. Every other
//! language has a catalogue of its own, made of exhaustive matches: a variant or control without
//! its text does not compile. Ids, ARNs, Region names and commands are the same in every language.
//!
//! ```
//! use crisguard_core::{decision::Violation, policy::Language, texts};
//! let violation = Violation::ProfileNotAllowed { profile: "us.amazon.nova-lite-v1:0".to_owned() };
//! assert_eq!(
//!     texts::explanation(&violation, Language::Ja),
//!     "ポリシーの許可リストにない推論プロファイル us.amazon.nova-lite-v1:0 が使用されました"
//! );
//! ```
//!
//! [`Metadata`]: crate::controls::Metadata

mod free;
mod ja;

use crate::{
    controls::ControlId,
    decision::{EvidenceGap, Severity, Violation},
    finding::Verdict,
    policy::Language,
    posture::PostureDecision,
    tally::Unread,
};

/// A typed reason that can be told in every language.
pub trait Reason: Sized {
    /// Writes the reason in one language, without the full stop at its end.
    fn told_in(&self, language: Language) -> String;

    /// Returns the reason with each of its free texts changed: ids, ARNs, names and messages, some of
    /// them whatever a caller sent. What is a Region, a date or a number stays.
    #[must_use]
    fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self;
}

/// Writes a reason in one language, without the full stop at its end.
///
/// What stands in it may be whatever a caller sent: it is not made safe to show.
#[must_use]
pub fn explanation(reason: &impl Reason, language: Language) -> String {
    reason.told_in(language)
}

/// What people are told about a control, in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlWords {
    /// A few words that say what must hold.
    pub title: &'static str,
    /// What is looked at, as a clause that holds where all is well.
    pub decides: &'static str,
    /// What a violation is, in the few words of a headline before the Region.
    pub broken: &'static str,
    /// Why it matters, in a sentence or two.
    pub rationale: &'static str,
    /// What to do, step by step; commands stand in backticks. A word of [`FROM_FINDING`] stands for
    /// the finding's own value.
    pub remedy: &'static [&'static str],
}

/// The words in a remedy's steps that stand for a value of the finding at hand.
///
/// A step whose value the finding does not have says nothing: it is to be left out. Other words in
/// capitals, as `POLICY_ID`, are for people to fill in.
pub const FROM_FINDING: [&str; 3] = ["SOURCE", "EVENT_ID", "PROFILE"];

/// The ARN of any Region's system-defined profile, as it stands in steps.
const SYSTEM_PROFILE: &str = "arn:aws:bedrock:*:*:inference-profile/PROFILE";

/// Puts values in place of a step's words.
///
/// An application profile is named by its ARN, which then stands for the whole ARN of the step.
///
/// ```
/// use crisguard_core::texts::filled;
/// let step = "arn:aws:bedrock:*:*:inference-profile/PROFILE in SOURCE";
/// assert_eq!(
///     filled(step, &[("PROFILE", "us.amazon.nova-lite-v1:0")]),
///     "arn:aws:bedrock:*:*:inference-profile/us.amazon.nova-lite-v1:0 in SOURCE"
/// );
/// let application = "arn:aws:bedrock:us-west-2:111122223333:application-inference-profile/a1b2c3";
/// assert_eq!(
///     filled(step, &[("PROFILE", application), ("SOURCE", "us-west-2")]),
///     format!("{application} in us-west-2")
/// );
/// ```
#[must_use]
pub fn filled(step: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(step.to_owned(), |step, (word, value)| {
        if *word == "PROFILE" && value.starts_with("arn:") {
            step.replace(SYSTEM_PROFILE, value).replace(word, value)
        } else {
            step.replace(word, value)
        }
    })
}

/// Writes a number with a comma before every three digits, as both languages have it.
///
/// ```
/// use crisguard_core::texts::grouped;
/// assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
/// ```
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns what people are told about a control.
#[must_use]
pub const fn control(control: ControlId, language: Language) -> ControlWords {
    match language {
        Language::En => {
            let metadata = control.metadata();
            ControlWords {
                title: metadata.title,
                decides: metadata.decides,
                broken: metadata.broken,
                rationale: metadata.rationale,
                remedy: metadata.remedy,
            }
        }
        Language::Ja => ja::control(control),
    }
}

/// What to do about invocations of which it could not be decided whether they are permitted.
const UNDECIDED: [&str; 3] = [
    "Read the record, which lacks what is said above: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
    "Ask whoever called for what the record does not say (the model, the profile), and take it for a violation until that is known",
    "If it is known and accepted, add an exception with an owner and an expiry",
];

/// Returns what to do about invocations that a control could not decide about.
#[must_use]
pub const fn undecided_remedy(language: Language) -> &'static [&'static str] {
    match language {
        Language::En => &UNDECIDED,
        Language::Ja => &ja::UNDECIDED,
    }
}

/// Returns the word for a severity.
#[must_use]
pub const fn severity(severity: Severity, language: Language) -> &'static str {
    match language {
        Language::En => severity.name(),
        Language::Ja => ja::severity(severity),
    }
}

/// Says why something could not be read, and what to do about it.
#[must_use]
pub fn unread(why: &Unread, language: Language) -> String {
    match language {
        Language::En => why.to_string(),
        Language::Ja => ja::unread(why),
    }
}

impl Reason for Violation {
    fn told_in(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Ja => ja::violation(self),
        }
    }

    fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        free::violation(self, change)
    }
}

impl Reason for EvidenceGap {
    fn told_in(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Ja => ja::evidence_gap(self),
        }
    }

    fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        free::gap(self, change)
    }
}

impl Reason for Verdict {
    fn told_in(&self, language: Language) -> String {
        match self {
            Self::NonCompliant(violation) => violation.told_in(language),
            Self::Undecided(gap) => gap.told_in(language),
        }
    }

    fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        match self {
            Self::NonCompliant(violation) => Self::NonCompliant(violation.with_texts(change)),
            Self::Undecided(gap) => Self::Undecided(gap.with_texts(change)),
        }
    }
}

impl Reason for PostureDecision {
    fn told_in(&self, language: Language) -> String {
        match (language, self) {
            (Language::En, _) => self.to_string(),
            (Language::Ja, Self::Compliant(basis)) => ja::basis(basis),
            (Language::Ja, Self::NonCompliant(violation)) => ja::posture_violation(violation),
            (Language::Ja, Self::Undecided(gap)) => ja::posture_gap(gap),
        }
    }

    fn with_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        free::decision(self, change)
    }
}

#[cfg(test)]
mod tests;
