//! The five remedies, and what each would do.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{
    note::{Cannot, Note},
    probes::Permit,
};
use crate::policy::Language;

/// A way to make a call work.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Remedy {
    /// Which of the five it is.
    pub remedy: RemedyKind,
    /// Whether the call works afterwards, by evaluating it again; `null` where there is nothing to evaluate.
    pub works: Option<bool>,
    /// The policies to change, and how. Every one of them must be changed for the call to work.
    pub changes: Vec<PolicyChange>,
    /// What is let through afterwards that is denied now, as far as it was tried: every profile from the source
    /// Regions asked about, direct calls and other actions in every Region.
    pub newly_permits: Vec<Permit>,
    /// What is denied afterwards that is let through now.
    pub newly_denies: Vec<Permit>,
    /// The models that can be called without a profile, where that is the remedy and they are known.
    pub models: Vec<String>,
    /// Why it cannot be done, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub cannot: Option<Cannot>,
    /// What else is to be known about it.
    #[schemars(with = "Vec<String>")]
    pub notes: Vec<Note>,
}

/// The remedies that there are
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RemedyKind {
    /// Let this profile through in the statement that denies it, no further than its Regions.
    ExemptProfile,
    /// Take all calls of models out of the statement.
    ExemptBedrock,
    /// Add the Regions to the statement's list.
    WidenRegions,
    /// Call a model that needs no profile.
    ModelsWithoutProfile,
    /// Move the account from under the policies.
    LeaveGovernance,
}

/// A policy's change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PolicyChange {
    /// The policy's id, or the file that it is in.
    pub policy: String,
    /// The change as a JSON Patch (RFC 6902) of the policy's document.
    pub diff: Value,
    /// The whole document afterwards.
    pub document: Value,
    /// How many characters it has without white space.
    pub size: usize,
    /// How many a policy may have.
    pub quota: usize,
}

impl RemedyKind {
    /// Returns what it is, and what it opens, as people read it.
    #[must_use]
    pub const fn about(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::ExemptProfile, Language::En) => {
                "Exempt this profile in the statement that denies it, and pin it to its Regions. It opens this profile \
                 alone; should the profile gain a Region, it fails again until the statement names that too."
            }
            (Self::ExemptProfile, Language::Ja) => {
                "拒否しているステートメントでこのプロファイルだけを除外し、到達先リージョンを固定します。開くのはこのプロファイルだけです。\
                 プロファイルの到達先が増えた場合は、そのリージョンを追記するまで再び失敗します。"
            }
            (Self::ExemptBedrock, Language::En) => {
                "Exempt all calls of models from the statement. It also opens direct calls in every Region and every \
                 profile, the global ones too."
            }
            (Self::ExemptBedrock, Language::Ja) => {
                "モデル呼び出し全体をステートメントから除外します。全リージョンでの直接呼び出しと、グローバルを含むすべてのプロファイルも開きます。"
            }
            (Self::WidenRegions, Language::En) => {
                "Add the denied Regions to the statement's list. It opens them to every service, not to Bedrock alone."
            }
            (Self::WidenRegions, Language::Ja) => {
                "拒否されたリージョンをステートメントの一覧に加えます。Bedrock だけでなく、すべてのサービスに開きます。"
            }
            (Self::ModelsWithoutProfile, Language::En) => {
                "Call a model that the source Region serves itself, without a profile. It opens nothing."
            }
            (Self::ModelsWithoutProfile, Language::Ja) => {
                "送信元リージョンで直接提供されるモデルを、プロファイルを使わずに呼び出します。新たに開くものはありません。"
            }
            (Self::LeaveGovernance, Language::En) => {
                "Move the account to where these policies do not apply. It removes every guardrail that they give."
            }
            (Self::LeaveGovernance, Language::Ja) => {
                "これらのポリシーが適用されない場所へアカウントを移します。ポリシーによるガードレールがすべて外れます。"
            }
        }
    }
}
