//! What an audit comes to, in sentences that are right for none, one and many.

use crisguard_core::{
    account::AccountId,
    policy::Language,
    region::Region,
    tally::{Audit, ExceptionUse, Exits, Gap, LookedUp, UnknownPlace},
};

use super::words::{Words, many};

impl Words {
    /// Says in a few sentences what an audit comes to.
    pub(super) fn verdict(&self, audit: &Audit) -> String {
        let Exits {
            violation,
            undecided,
            compliant,
            ..
        } = audit.exits;
        // Without a policy they are undecided.
        let none_applies = violation + undecided + compliant == 0;
        let decided = match (audit.read.invocations, self.language) {
            // Of what nobody could read it is not known that there was none in it.
            (0, Language::En) if audit.read_nothing() => "Nothing can be said: no record could be read.".to_owned(),
            (0, Language::Ja) if audit.read_nothing() => {
                "読み取れたレコードがないため、何も判断できません。".to_owned()
            }
            (0, Language::En) => "No inference request was found.".to_owned(),
            (0, Language::Ja) => "推論リクエストは見つかりませんでした。".to_owned(),
            (all, Language::En) if audit.policy_sha256.is_none() => {
                format!("{}. Nothing was decided.", self.invocations(all))
            }
            (all, Language::Ja) if audit.policy_sha256.is_none() => {
                format!("{}です。判定はしていません。", self.invocations(all))
            }
            (1, Language::En) if none_applies => {
                "There was nothing to decide: no control applies to the 1 invocation.".to_owned()
            }
            (all, Language::En) if none_applies => format!(
                "There was nothing to decide: no control applies to any of the {}.",
                self.invocations(all)
            ),
            (all, Language::Ja) if none_applies => {
                format!(
                    "{} 件の呼び出しに該当する統制がなく、判定の対象はありませんでした。",
                    many(all)
                )
            }
            (all, Language::En) => decided_in_english(all, violation, undecided),
            (all, Language::Ja) => decided_in_japanese(all, violation, undecided),
        };
        format!("{decided}{}{}", self.excepted(audit), self.incomplete(audit))
    }

    /// Says how much is compliant only by an exception, where anything is.
    fn excepted(&self, audit: &Audit) -> String {
        match (audit.excepted.invocations, self.language) {
            (0, _) => String::new(),
            (1, Language::En) => " 1 is compliant only by an exception of the policy.".to_owned(),
            (count, Language::En) => format!(" {} are compliant only by an exception of the policy.", many(count)),
            (count, Language::Ja) => {
                format!(
                    "準拠のうち {} 件は、ポリシーの例外によってのみ準拠とされるものです。",
                    many(count)
                )
            }
        }
    }

    /// Says that evidence is missing, where it is: in the words and numbers of the report's page.
    fn incomplete(&self, audit: &Audit) -> String {
        let unknown = u64::try_from(audit.coverage.unknown.len()).unwrap_or(u64::MAX);
        let counted = [
            (audit.coverage.missing_days(), Missing::Days),
            (audit.exits.rejected, Missing::Unread),
            (audit.read.paths_without_file, Missing::NoFile),
            (unknown, Missing::Unknown),
            (audit.coverage.unplaced_files, Missing::Unplaced),
        ];
        let missing = counted.iter().filter(|(count, _)| *count > 0);
        let missing: Vec<String> = missing.map(|(count, what)| self.missing_of(*count, *what)).collect();
        match (missing.is_empty(), self.language) {
            (true, _) => String::new(),
            (false, Language::En) => format!(" The evidence is not complete: {}.", missing.join("; ")),
            (false, Language::Ja) => format!("証跡は完全ではありません。{}あります。", missing.join("、")),
        }
    }

    fn missing_of(&self, count: u64, what: Missing) -> String {
        let number = many(count);
        match (self.language, what, count) {
            (Language::En, Missing::Days, 1) => "1 day of an account and Region lacks evidence".to_owned(),
            (Language::En, Missing::Days, _) => format!("{number} days of an account and Region lack evidence"),
            (Language::En, Missing::Unread, 1) => "1 record or file could not be read".to_owned(),
            (Language::En, Missing::Unread, _) => format!("{number} records or files could not be read"),
            (Language::En, Missing::Unknown, 1) => {
                "it cannot be told whether 1 account or Region that was asked for was read".to_owned()
            }
            (Language::En, Missing::Unknown, _) => {
                format!("it cannot be told whether {number} accounts or Regions that were asked for were read")
            }
            (Language::En, Missing::NoFile, 1) => "1 path leads to no file".to_owned(),
            (Language::En, Missing::NoFile, _) => format!("{number} paths lead to no file"),
            (Language::En, Missing::Unplaced, 1) => {
                "it cannot be told whether others are missing beside 1 file that does not say of which account, Region and \
                 day it is"
                    .to_owned()
            }
            (Language::En, Missing::Unplaced, _) => format!(
                "it cannot be told whether others are missing beside {number} files that do not say of which account, \
                 Region and day they are"
            ),
            (Language::Ja, Missing::Days, _) => {
                format!("証跡が欠けている日が、アカウントとリージョンごとに数えて延べ {number} 日")
            }
            (Language::Ja, Missing::Unread, _) => {
                format!("読み取れなかったレコードまたはファイルが {number} 件")
            }
            (Language::Ja, Missing::Unknown, _) => {
                format!("読み取ったかどうか判断できない対象アカウント・リージョンが {number} 件")
            }
            (Language::Ja, Missing::NoFile, _) => format!("ファイルの見つからないパスが {number} 件"),
            (Language::Ja, Missing::Unplaced, _) => {
                format!("アカウント・リージョン・日付を特定できず、ほかに欠落がないとは言えないファイルが {number} 件")
            }
        }
    }

    /// Says from when to when evidence is missing, and how many days that is.
    pub(super) fn gap_of(&self, gap: &Gap) -> String {
        let span = self.span(&gap.from.to_string(), &gap.to.to_string());
        let days = many(gap.days());
        match (self.language, gap.days()) {
            (Language::En, 1) => format!("{span} (1 day)"),
            (Language::En, _) => format!("{span} ({days} days)"),
            (Language::Ja, _) => format!("{span}（{days} 日間）"),
        }
    }

    /// Counts invocations.
    pub(super) fn invocations(&self, invocations: u64) -> String {
        self.counted(invocations, "invocation", "呼び出し")
    }

    /// Says of which account and Region the event history was read, and of which time.
    pub(super) fn looked_up(&self, history: &LookedUp) -> String {
        let LookedUp {
            account,
            region,
            from,
            to,
        } = history;
        format!("{account} {region}  {}", self.span(&from.to_string(), &to.to_string()))
    }

    /// Says of what was asked for that nothing is known to be of it.
    pub(super) fn not_told(&self, place: &UnknownPlace) -> String {
        let account = place.account.iter().map(AccountId::as_str);
        let region = place.region.iter().map(Region::as_str);
        let place: Vec<&str> = account.chain(region).collect();
        let place = place.join(" ");
        match self.language {
            Language::En => format!("{place}  asked for, and neither the name of a file nor an invocation tells of it"),
            Language::Ja => format!("{place}  指定されていますが、ファイル名にも呼び出しにも現れません"),
        }
    }

    /// Says how an exception was used, and who answers for it.
    pub(super) fn exception(&self, used: &ExceptionUse) -> String {
        let ExceptionUse {
            expires,
            owner,
            invocations,
            not_compliant,
            ..
        } = used;
        let more = many(*not_compliant);
        match (self.language, not_compliant) {
            (Language::En, 0) => format!("{}, until {expires}, owner {owner}", self.invocations(*invocations)),
            (Language::En, _) => format!(
                "{}, and {more} more that another control does not let pass, until {expires}, owner {owner}",
                self.invocations(*invocations)
            ),
            (Language::Ja, 0) => format!("{} 件、期限 {expires}、責任者 {owner}", many(*invocations)),
            (Language::Ja, _) => format!(
                "{} 件（ほかに、別の統制により準拠とならないもの {more} 件）、期限 {expires}、責任者 {owner}",
                many(*invocations)
            ),
        }
    }

    /// Counts accounts.
    pub(super) fn accounts(&self, accounts: usize) -> String {
        self.counted(u64::try_from(accounts).unwrap_or(u64::MAX), "account", "アカウント")
    }
}

/// What can be missing.
#[derive(Clone, Copy, Debug)]
enum Missing {
    Days,
    Unread,
    /// What a path leads to.
    NoFile,
    Unknown,
    /// What may lie beside files that do not tell their place.
    Unplaced,
}

fn decided_in_english(all: u64, violation: u64, undecided: u64) -> String {
    let [number, broke, unclear] = [all, violation, undecided].map(many);
    match (all, violation, undecided) {
        (1, 0, 0) => "The 1 invocation that was read did not break the policy.".to_owned(),
        (1, 0, _) => "Whether the 1 invocation that was read broke the policy cannot be told.".to_owned(),
        (1, ..) => "The 1 invocation that was read broke the policy.".to_owned(),
        (_, 0, 0) => format!("None of the {number} invocations that were read broke the policy."),
        (_, 0, _) => {
            format!("None of {number} invocations is known to have broken the policy, and {unclear} cannot be told.")
        }
        (_, _, 0) => format!("{broke} of {number} invocations broke the policy."),
        (..) => format!("{broke} of {number} invocations broke the policy, and {unclear} more cannot be told."),
    }
}

fn decided_in_japanese(all: u64, violation: u64, undecided: u64) -> String {
    let [number, broke, unclear] = [all, violation, undecided].map(many);
    match (all, violation, undecided) {
        (_, 0, 0) => format!("読み取った呼び出し {number} 件に、ポリシー違反はありません。"),
        (1, 0, _) => "読み取った呼び出し 1 件がポリシー違反かどうかは、判定できません。".to_owned(),
        (1, ..) => "読み取った呼び出し 1 件はポリシー違反です。".to_owned(),
        (_, 0, _) => {
            format!("呼び出し {number} 件に、確認されたポリシー違反はありませんが、{unclear} 件は判定できません。")
        }
        (_, _, 0) => format!("呼び出し {number} 件のうち {broke} 件がポリシー違反です。"),
        (..) => {
            format!("呼び出し {number} 件のうち {broke} 件がポリシー違反で、ほかに {unclear} 件は判定できません。")
        }
    }
}
