//! Words that stand in code: headlines and counts.

use std::collections::BTreeSet;

use crisguard_core::{controls::ControlId, decision::Severity, policy::Language, texts};

use crate::{
    lifecycle::Transition,
    line::Line,
    notice::{Excerpt, Kind},
};

/// Says in one line what a message is about: severity, what, where, whose.
pub(super) fn headline(excerpt: &Excerpt<'_>, language: Language) -> String {
    let severity = loud(excerpt.severity, language);
    let account = accounts(excerpt, language);
    let count = u64::try_from(excerpt.total).unwrap_or(u64::MAX);
    match (excerpt.kind, excerpt.findings.first(), language) {
        (Kind::Alert, Some(line), Language::En) => {
            let news = match excerpt.transition {
                Some(Transition::Reopened) => " again",
                Some(Transition::Worsened) => ", worse",
                Some(Transition::First | Transition::Resolved | Transition::Closed) | None => "",
            };
            format!("{severity}{news}: {}{account}", what(line, excerpt, language))
        }
        (Kind::Alert, Some(line), Language::Ja) => {
            let news = match excerpt.transition {
                Some(Transition::Reopened) => "（再発）",
                Some(Transition::Worsened) => "（悪化）",
                Some(Transition::First | Transition::Resolved | Transition::Closed) | None => "",
            };
            format!("{severity}{news}: {}{account}", what(line, excerpt, language))
        }
        (Kind::Resolved, Some(line), Language::En) => {
            format!("RESOLVED: {} in {}{account}", line.control, places(excerpt, language))
        }
        (Kind::Resolved, Some(line), Language::Ja) => {
            format!("解決: {}（{}）{account}", line.control, places(excerpt, language))
        }
        (Kind::Reminder, Some(_), Language::En) => {
            format!(
                "REMINDER: {} open, highest severity {severity}{account}",
                findings(count, language)
            )
        }
        (Kind::Reminder, Some(_), Language::Ja) => {
            format!(
                "再通知: 継続中 {}、最大重要度 {severity}{account}",
                findings(count, language)
            )
        }
        (Kind::Digest, Some(_), Language::En) => {
            format!(
                "DIGEST: {}, highest severity {severity}{account}",
                findings(count, language)
            )
        }
        (Kind::Digest, Some(_), Language::Ja) => {
            format!(
                "ダイジェスト: {}、最大重要度 {severity}{account}",
                findings(count, language)
            )
        }
        // A digest that only tells of exceptions, for no other message is without findings.
        (Kind::Alert | Kind::Resolved | Kind::Reminder | Kind::Digest, None, Language::En) => {
            let plural = plural(excerpt.expired_exceptions.len());
            format!("DIGEST: {} exception{plural} expired", excerpt.expired_exceptions.len())
        }
        (Kind::Alert | Kind::Resolved | Kind::Reminder | Kind::Digest, None, Language::Ja) => {
            format!("ダイジェスト: 期限切れの例外 {} 件", excerpt.expired_exceptions.len())
        }
    }
}

/// Says in a few words what a violation of a control is.
fn what(line: &Line, excerpt: &Excerpt<'_>, language: Language) -> String {
    let source = line.source_region.as_str();
    match language {
        Language::En => {
            let destination = line.destination_region.as_deref().unwrap_or("another Region");
            match line.control {
                ControlId::DestinationRegionAllowed => format!("Bedrock prompt processed in {destination}"),
                ControlId::SourceRegionAllowed => format!("Bedrock called in {source}"),
                ControlId::GlobalProfileAllowed => format!("global inference profile used in {source}"),
                ControlId::ProfileAllowed => format!("unlisted inference profile used in {source}"),
                ControlId::InferenceDeniedByScp => format!("SCP breaks inference in {source}"),
                ControlId::RuleReceivesInference => {
                    format!("crisguard's rules broken in {}", places(excerpt, language))
                }
            }
        }
        Language::Ja => match line.control {
            ControlId::DestinationRegionAllowed => match line.destination_region.as_deref() {
                Some(destination) => format!("許可されていない {destination} でプロンプトを処理"),
                None => "許可されていないリージョンでプロンプトを処理".to_owned(),
            },
            ControlId::SourceRegionAllowed => format!("許可されていない {source} で Bedrock を呼び出し"),
            ControlId::GlobalProfileAllowed => format!("{source} でグローバル推論プロファイルを使用"),
            ControlId::ProfileAllowed => format!("{source} で許可リストにない推論プロファイルを使用"),
            ControlId::InferenceDeniedByScp => format!("{source} の推論が SCP により失敗"),
            ControlId::RuleReceivesInference => {
                format!("crisguard のルールに問題（{}）", places(excerpt, language))
            }
        },
    }
}

/// Names the Regions that were called or looked at: the first, and how many more.
fn places(excerpt: &Excerpt<'_>, language: Language) -> String {
    let regions: BTreeSet<&str> = excerpt
        .findings
        .iter()
        .map(|line| line.source_region.as_str())
        .collect();
    let first = regions.first().copied().unwrap_or_default();
    match (regions.len().saturating_sub(1), language) {
        (0, _) => first.to_owned(),
        (more, Language::En) => format!("{first} (+{more})"),
        (more, Language::Ja) => format!("{first} ほか {more} リージョン"),
    }
}

/// Names the account, where all findings are of one.
fn accounts(excerpt: &Excerpt<'_>, language: Language) -> String {
    let accounts: BTreeSet<&str> = excerpt.findings.iter().map(|line| line.account.as_str()).collect();
    match (accounts.len(), accounts.first(), language) {
        (1, Some(account), Language::En) => format!(", account {account}"),
        (1, Some(account), Language::Ja) => format!("、アカウント {account}"),
        (accounts, _, Language::En) => format!(", {accounts} accounts"),
        (accounts, _, Language::Ja) => format!("、{accounts} アカウント"),
    }
}

/// Returns the word for a severity as it stands in headlines.
pub(super) fn loud(severity: Severity, language: Language) -> String {
    texts::severity(severity, language).to_uppercase()
}

/// Writes how often something happened.
pub(super) fn times(count: u64, language: Language) -> String {
    match language {
        Language::En if count == 1 => "1 time".to_owned(),
        Language::En => format!("{count} times"),
        Language::Ja => format!("{count} 回"),
    }
}

/// Writes how many findings there are.
pub(super) fn findings(count: u64, language: Language) -> String {
    match language {
        Language::En if count == 1 => "1 finding".to_owned(),
        Language::En => format!("{count} findings"),
        Language::Ja => format!("{count} 件"),
    }
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
