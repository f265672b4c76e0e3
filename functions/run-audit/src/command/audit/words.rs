//! The words of an audit, in both languages.

use crisguard_core::{
    account::AccountId,
    policy::Language,
    region::Region,
    tally::{Audit, AuditFinding, Exits, GapReason, Outcome, Scope},
    texts,
};

use super::routes::Place;
use crate::command::text::grouped;

/// The words of an audit in one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) language: Language,
    pub(super) read: &'static str,
    pub(super) seen: &'static str,
    pub(super) asked: &'static str,
    pub(super) policy: &'static str,
    pub(super) routes: &'static str,
    pub(super) findings: &'static str,
    pub(super) missing: &'static str,
    /// What a day without a log file is, and what it is not.
    pub(super) gap: &'static str,
    pub(super) history: &'static str,
    /// What the event history has, and what it has not.
    pub(super) history_has: &'static str,
    pub(super) excepted: &'static str,
    pub(super) unread: &'static str,
    pub(super) legend: &'static str,
    pub(super) no_policy: &'static str,
    pub(super) units: &'static str,
    pub(super) report: &'static str,
    /// What stands between the items of a list.
    pub(super) comma: &'static str,
    /// How wide the column of names is, in columns of the terminal.
    pub(super) names: usize,
}

impl Words {
    /// Returns the words of a language.
    pub(super) const fn of(language: Language) -> Self {
        match language {
            Language::En => ENGLISH,
            Language::Ja => JAPANESE,
        }
    }

    /// Writes a count with its noun.
    pub(super) fn counted(&self, count: u64, noun: &str, japanese: &str) -> String {
        match self.language {
            Language::En => format!("{} {noun}{}", many(count), if count == 1 { "" } else { "s" }),
            Language::Ja => format!("{japanese} {} 件", many(count)),
        }
    }

    /// Says how much was read.
    pub(super) fn how_much(&self, audit: &Audit) -> String {
        let read = audit.read;
        let files = self.counted(read.files, "file", "ファイル");
        let pages = self.pages(read.pages);
        let what = match (read.files, read.pages) {
            (_, 0) => files,
            (0, _) => pages,
            (_, _) => format!("{files}{}{pages}", self.comma),
        };
        let (size, records) = (self.size(read.bytes), self.records(read.records));
        let bedrock = many(read.bedrock_records);
        match self.language {
            Language::En => format!("{what} ({size}), {records}, {bedrock} of Bedrock"),
            Language::Ja => format!("{what}（{size}）、{records}、うち Bedrock {bedrock} 件"),
        }
    }

    /// Counts pages of the event history.
    fn pages(&self, pages: u64) -> String {
        match (self.language, pages) {
            (Language::En, 1) => "1 page of the event history".to_owned(),
            (Language::En, _) => format!("{} pages of the event history", many(pages)),
            (Language::Ja, _) => format!("イベント履歴 {} ページ", many(pages)),
        }
    }

    /// Says what was asked for, where that narrows anything.
    pub(super) fn scope(&self, scope: &Scope) -> Option<String> {
        let accounts: Vec<&str> = scope.accounts.iter().map(AccountId::as_str).collect();
        let regions: Vec<&str> = scope.regions.iter().map(Region::as_str).collect();
        let mut parts = Vec::new();
        match self.language {
            Language::En => {
                parts.extend(scope.from.map(|from| format!("from {from}")));
                parts.extend(scope.to.map(|to| format!("before {to}")));
                parts.extend((!accounts.is_empty()).then(|| format!("by {}", accounts.join(", "))));
                parts.extend((!regions.is_empty()).then(|| format!("made in {}", regions.join(", "))));
            }
            Language::Ja => {
                parts.extend(scope.from.map(|from| format!("{from} 以降")));
                parts.extend(scope.to.map(|to| format!("{to} より前")));
                parts.extend((!accounts.is_empty()).then(|| format!("アカウント {}", accounts.join(", "))));
                parts.extend((!regions.is_empty()).then(|| format!("送信元リージョン {}", regions.join(", "))));
            }
        }
        (!parts.is_empty()).then(|| parts.join(self.comma))
    }

    /// Says from when to when.
    pub(super) fn span(&self, from: &str, to: &str) -> String {
        match (self.language, from == to) {
            (_, true) => from.to_owned(),
            (Language::En, false) => format!("{from} to {to}"),
            (Language::Ja, false) => format!("{from} ～ {to}"),
        }
    }

    /// Names where prompts were processed.
    pub(super) fn place<'a>(&self, place: &Place<'a>) -> &'a str {
        match (place, self.language) {
            (Place::Region(region), _) => region,
            (Place::Unknown, Language::En) => "not reported",
            (Place::Unknown, Language::Ja) => "記録なし",
            (Place::Nowhere, Language::En) => "nowhere",
            (Place::Nowhere, Language::Ja) => "処理なし",
        }
    }

    /// Says how many were decided how, but for those that are compliant.
    pub(super) fn decided(&self, outcome: Outcome, count: u64) -> String {
        match (self.language, outcome) {
            (Language::En, Outcome::Violation) => format!("{} in violation", many(count)),
            (Language::En, Outcome::Undecided) => format!("{} undecided", many(count)),
            (Language::En, Outcome::Compliant) => format!("{} compliant", many(count)),
            (Language::En, Outcome::NotApplicable) => format!("{} to which no control applies", many(count)),
            (Language::Ja, Outcome::Violation) => format!("違反 {}", many(count)),
            (Language::Ja, Outcome::Undecided) => format!("判定不能 {}", many(count)),
            (Language::Ja, Outcome::Compliant) => format!("準拠 {}", many(count)),
            (Language::Ja, Outcome::NotApplicable) => format!("対象外 {}", many(count)),
        }
    }

    /// Says that a control could not tell.
    pub(super) const fn undecided(&self) -> &'static str {
        match self.language {
            Language::En => "undecided",
            Language::Ja => "判定不能",
        }
    }

    /// Says why something was found.
    pub(super) fn explanation<'a>(&self, finding: &'a AuditFinding) -> &'a str {
        match self.language {
            Language::En => &finding.explanation,
            Language::Ja => &finding.explanation_ja,
        }
    }

    /// Says how often something was found.
    pub(super) fn times(&self, count: u64) -> String {
        match (self.language, count) {
            (Language::En, 1) => "once".to_owned(),
            (Language::En, _) => format!("{} times", many(count)),
            (Language::Ja, _) => format!("{} 回", many(count)),
        }
    }

    /// Says that more is not listed, and of how many it is said elsewhere.
    pub(super) fn more(&self, count: usize, elsewhere: usize) -> String {
        match (self.language, elsewhere) {
            (Language::En, 0) => format!("and {} more", grouped(count)),
            (Language::En, _) => format!(
                "and {} more: --format json lists {}",
                grouped(count),
                grouped(elsewhere)
            ),
            (Language::Ja, 0) => format!("ほか {} 件", grouped(count)),
            (Language::Ja, _) => format!(
                "ほか {} 件（うち {} 件は --format json で表示）",
                grouped(count),
                grouped(elsewhere)
            ),
        }
    }

    /// Says why evidence is missing.
    pub(super) const fn why(&self, reason: GapReason) -> &'static str {
        match (self.language, reason) {
            (Language::En, GapReason::NoLogFile) => "no log file",
            (Language::En, GapReason::NotRead) => "a log file could not be read",
            (Language::Ja, GapReason::NoLogFile) => "ログファイルなし",
            (Language::Ja, GapReason::NotRead) => "読み取れないログファイルあり",
        }
    }

    /// Names a record of a file, by its index from 0 as JSON has it.
    pub(super) fn record(&self, index: u64) -> String {
        match self.language {
            Language::En => format!("record {index}"),
            Language::Ja => format!("レコード {index}"),
        }
    }

    /// Names several records of a file, by runs of indexes; how many they are, where not all runs are named.
    pub(super) fn records_of(&self, runs: &str, count: Option<usize>) -> String {
        match (self.language, count.map(grouped)) {
            (Language::En, None) => format!("records {runs}"),
            (Language::En, Some(count)) => format!("records {runs} ({count} in all)"),
            (Language::Ja, None) => format!("レコード {runs}"),
            (Language::Ja, Some(count)) => format!("レコード {runs}（計 {count} 件）"),
        }
    }

    /// Says of an exception that it has expired.
    pub(super) fn expired(&self, id: &str, expires: &str, owner: &str) -> String {
        match self.language {
            Language::En => format!("the exception `{id}` would cover it, but expired on {expires}: ask {owner}"),
            Language::Ja => {
                format!("例外 `{id}` に該当するはずでしたが、{expires} に期限が切れています。責任者: {owner}")
            }
        }
    }

    /// Says how the records left: the counts add up.
    pub(super) fn exits(&self, exits: &Exits) -> String {
        let Exits {
            compliant,
            violation,
            undecided,
            not_applicable,
            not_bedrock,
            duplicate,
            joined,
            rejected,
            out_of_scope,
        } = *exits;
        let decided = [
            (violation, Outcome::Violation),
            (undecided, Outcome::Undecided),
            (compliant, Outcome::Compliant),
            (not_applicable, Outcome::NotApplicable),
        ];
        let others = [
            (joined, "joined to another", "結合済み"),
            (duplicate, "delivered again", "重複"),
            (out_of_scope, "not asked for", "指定範囲外"),
            (not_bedrock, "not Bedrock", "Bedrock 以外"),
            (rejected, "unreadable", "読み取り不能"),
        ];
        let decided = decided.iter().filter(|(count, _)| *count > 0);
        let mut parts: Vec<String> = decided.map(|(count, outcome)| self.decided(*outcome, *count)).collect();
        for (count, english, japanese) in others {
            if count > 0 {
                parts.push(match self.language {
                    Language::En => format!("{} {english}", many(count)),
                    Language::Ja => format!("{japanese} {}", many(count)),
                });
            }
        }
        parts.join(self.comma)
    }

    /// Writes how many records there are.
    pub(super) fn records(&self, records: u64) -> String {
        self.counted(records, "record", "レコード")
    }

    /// Writes a number of bytes as people do.
    fn size(&self, bytes: u64) -> String {
        const UNITS: [&str; 5] = ["KB", "MB", "GB", "TB", "PB"];
        let (mut whole, mut tenths, mut unit) = (bytes, 0, None);
        for next in UNITS {
            if whole < 1000 {
                break;
            }
            (whole, tenths, unit) = (whole / 1000, whole % 1000 / 100, Some(next));
        }
        match (unit, self.language) {
            (None, Language::En) => self.counted(whole, "byte", ""),
            (None, Language::Ja) => format!("{whole} バイト"),
            (Some(unit), _) if whole >= 10 => format!("{whole} {unit}"),
            (Some(unit), _) => format!("{whole}.{tenths} {unit}"),
        }
    }
}

/// Writes a number with commas between its thousands.
pub(in crate::command) fn many(number: u64) -> String {
    texts::grouped(number)
}

const ENGLISH: Words = Words {
    language: Language::En,
    read: "read",
    seen: "seen",
    asked: "asked for",
    policy: "policy",
    routes: "Routes",
    findings: "Findings",
    missing: "Missing evidence",
    gap: "A day without a log file may be one on which nothing happened: a gap in the evidence is no proof of a loss.",
    history: "Event history that was read to its end",
    history_has: "CloudTrail's event history has the management events of 90 days: data events, such as those of bedrock-mantle, are not in it, and those of the last quarter of an hour may be missing.",
    excepted: "Compliant only by an exception of the policy",
    unread: "Could not be read",
    legend: "✓ compliant  ✗ violation  ? undecided  – no control applies",
    no_policy: "Nothing was decided: add --policy FILE (`crisguard policy example` prints one)",
    units: "the policy differs by organizational unit: add --organization FILE, or --account and --organization-path",
    report: "Report",
    comma: ", ",
    names: 11,
};

const JAPANESE: Words = Words {
    language: Language::Ja,
    read: "読み取り",
    seen: "期間",
    asked: "対象",
    policy: "ポリシー",
    routes: "経路",
    findings: "検出結果",
    missing: "欠けている証跡",
    gap: "ログファイルのない日は、何も起きなかった日かもしれません。証跡の欠落があっても、ログが失われたことの証明にはなりません。",
    history: "最後まで読み取ったイベント履歴",
    history_has: "CloudTrail のイベント履歴にあるのは 90 日分の管理イベントです。bedrock-mantle などのデータイベントは含まれず、直近 15 分ほどのイベントはまだ現れていないことがあります。",
    excepted: "ポリシーの例外によってのみ準拠",
    unread: "読み取れなかったもの",
    legend: "✓ 準拠  ✗ 違反  ? 判定不能  – 対象外",
    no_policy: "判定していません。--policy FILE を指定してください（ひな形は `crisguard policy example`）",
    units: "ポリシーが組織単位ごとに異なります。--organization FILE、または --account と --organization-path を指定してください",
    report: "レポート",
    comma: "、",
    names: 10,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_one_decimal_below_ten() {
        let sizes = [0, 1, 999, 1_000, 1_550, 12_345, 9_999_999, 3_200_000_000_000];
        assert_eq!(
            sizes.map(|bytes| ENGLISH.size(bytes)),
            [
                "0 bytes",
                "1 byte",
                "999 bytes",
                "1.0 KB",
                "1.5 KB",
                "12 KB",
                "9.9 MB",
                "3.2 TB"
            ]
        );
        assert_eq!(
            [0, 999, 1_550].map(|bytes| JAPANESE.size(bytes)),
            ["0 バイト", "999 バイト", "1.5 KB"]
        );
    }
}
