//! Japanese.
//!
//! The words are those of AWS's Japanese documentation: 送信元リージョン and 送信先リージョン, 推論プロファイル,
//! サービスコントロールポリシー (SCP)
//! (<https://docs.aws.amazon.com/ja_jp/bedrock/latest/userguide/inference-profiles-support.html>).
//! Sentences are in the polite form (です・ます), titles and labels end in a noun.

mod controls;
mod reasons;
mod settings;
mod unread;
mod wrong;

pub(super) use controls::{UNDECIDED, control};
pub(super) use reasons::{evidence_gap, violation};
pub(super) use settings::{basis, gap as posture_gap, violation as posture_violation};
pub(super) use unread::unread;

use crate::decision::Severity;

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "情報",
        Severity::Low => "低",
        Severity::Medium => "中",
        Severity::High => "高",
        Severity::Critical => "重大",
    }
}
