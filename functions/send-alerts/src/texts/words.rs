//! Words that stand in code: headlines and counts.

use std::collections::BTreeSet;

use crisguard_core::{controls::ControlId, decision::Severity, policy::Language, texts};

use crate::{
    lifecycle::Transition,
    line::Line,
    notice::{Excerpt, Kind},
    shortlist::Violations,
};

/// Says in one line what a message is about: severity, what, where, whose.
pub(super) fn headline(excerpt: &Excerpt<'_>, language: Language) -> String {
    let severity = loud(excerpt.severity, language);
    let account = accounts(excerpt, language);
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
            format!("RESOLVED: {}{account}", resolved(line, excerpt, language))
        }
        (Kind::Resolved, Some(line), Language::Ja) => {
            format!("解決: {}{account}", resolved(line, excerpt, language))
        }
        (Kind::Reminder, Some(_), Language::En) => format!("REMINDER: {}{account}", tally(excerpt, language)),
        (Kind::Reminder, Some(_), Language::Ja) => format!("再通知: {}{account}", tally(excerpt, language)),
        (Kind::Digest, Some(_), Language::En) => format!("DIGEST: {}{account}", tally(excerpt, language)),
        (Kind::Digest, Some(_), Language::Ja) => format!("ダイジェスト: {}{account}", tally(excerpt, language)),
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
                ControlId::ProfileDestinationsKnown => format!("Bedrock prompt in unlisted {destination}"),
                ControlId::InferenceDeniedByScp => format!("SCP breaks inference in {source}"),
                // All others are about settings.
                control => {
                    let broken = texts::control(control, language).broken;
                    format!("{broken} in {}", places(excerpt, language))
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
            ControlId::ProfileDestinationsKnown => match line.destination_region.as_deref() {
                Some(destination) => format!("送信先のリストにない {destination} でプロンプトを処理"),
                None => "送信先のリストにないリージョンでプロンプトを処理".to_owned(),
            },
            ControlId::InferenceDeniedByScp => format!("{source} の推論が SCP により失敗"),
            control => {
                let broken = texts::control(control, language).broken;
                format!("{broken}（{}）", places(excerpt, language))
            }
        },
    }
}

/// Says in a few words what is in order again.
fn resolved(line: &Line, excerpt: &Excerpt<'_>, language: Language) -> String {
    let regions = regions(excerpt);
    let place = match (regions.len(), language) {
        // The rules of every Region can be mended at once, and the account has to stay in the subject.
        (2.., Language::En) => format!("{} Regions", regions.len()),
        (2.., Language::Ja) => format!("{} リージョン", regions.len()),
        _ => places(excerpt, language),
    };
    match (line.control, language) {
        (ControlId::RuleReceivesInference, Language::En) => format!("crisguard's rules in order again in {place}"),
        (ControlId::RuleReceivesInference, Language::Ja) => format!("crisguard のルールが正常に復旧（{place}）"),
        // Calls are closed, never resolved: this is about settings.
        (control, Language::En) => {
            let broken = texts::control(control, language).broken;
            format!("no longer: {broken} in {place}")
        }
        (control, Language::Ja) => format!("{control} が正常に復旧（{place}）"),
    }
}

/// Says how many findings of which kind there are. Only violations have a severity: how severe what
/// is undecided would be is not known until it is decided.
pub(super) fn tally(excerpt: &Excerpt<'_>, language: Language) -> String {
    let Violations { count, worst } = excerpt.violations;
    let undecided = excerpt.total.saturating_sub(count);
    let worst = worst.map(|severity| loud(severity, language)).unwrap_or_default();
    let violations = match (count, language) {
        (0, _) => None,
        (1, Language::En) => Some(format!("1 violation ({worst})")),
        (1, Language::Ja) => Some(format!("違反 1 件（重要度 {worst}）")),
        (_, Language::En) => Some(format!("{count} violations (highest {worst})")),
        (_, Language::Ja) => Some(format!("違反 {count} 件（最大重要度 {worst}）")),
    };
    match (violations, undecided, language) {
        (Some(violations), 0, _) => violations,
        (Some(violations), _, Language::En) => format!("{violations}, {undecided} undecided"),
        (Some(violations), _, Language::Ja) => format!("{violations}、判定不能 {undecided} 件"),
        (None, _, Language::En) => format!("{undecided} undecided finding{}", plural(undecided)),
        (None, _, Language::Ja) => format!("判定不能 {undecided} 件"),
    }
}

fn regions<'a>(excerpt: &Excerpt<'a>) -> BTreeSet<&'a str> {
    let lines = excerpt.findings.iter();
    lines.map(|line| line.source_region.as_str()).collect()
}

/// Names the Regions that were called or looked at: the first, and how many more.
pub(super) fn places(excerpt: &Excerpt<'_>, language: Language) -> String {
    let regions = regions(excerpt);
    let first = regions.first().copied().unwrap_or_default();
    match (regions.len().saturating_sub(1), language) {
        (0, _) => first.to_owned(),
        (more, Language::En) => format!("{first} (+{more})"),
        (more, Language::Ja) => format!("{first} ほか {more} リージョン"),
    }
}

/// Names the account, where all findings are of one, those that found no room too.
fn accounts(excerpt: &Excerpt<'_>, language: Language) -> String {
    match (excerpt.accounts.len(), excerpt.accounts.first(), language) {
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
