//! The words of reach, in both languages.

use crisguard_core::{
    policy::Language,
    scp::{
        organization::Exemption,
        reach::{DeniedBy, Resource},
    },
};

/// The words around what is told.
pub(crate) struct Words {
    pub(crate) language: Language,
    pub(crate) called_in: &'static str,
    pub(crate) works: &'static str,
    pub(crate) fails: &'static str,
    pub(crate) undecided: &'static str,
    pub(crate) leaves: &'static str,
    pub(crate) processed_in: &'static str,
    pub(crate) opens_too: &'static str,
    pub(crate) anywhere: &'static str,
    pub(crate) depends_on: &'static str,
    pub(crate) inferred: &'static str,
    pub(crate) mend: &'static str,
    pub(crate) verified: &'static str,
    pub(crate) lets_through: &'static str,
    pub(crate) permits_too: &'static str,
    pub(crate) denies_too: &'static str,
    pub(crate) too_long: &'static str,
    pub(crate) elsewise: &'static str,
    pub(crate) cannot: &'static str,
    pub(crate) ask_for_mend: &'static str,
    pub(crate) closing: &'static str,
    pub(crate) closes: &'static str,
    pub(crate) breaks: &'static str,
    pub(crate) open: &'static str,
    pub(crate) lines_left_out: &'static str,
    pub(crate) account_matters: &'static str,
    pub(crate) nothing_changes: &'static str,
    pub(crate) in_accounts: &'static str,
    pub(crate) mantle: &'static str,
    pub(crate) as_of: &'static str,
}

impl Words {
    /// Returns the words of a language.
    pub(crate) const fn of(language: Language) -> Self {
        match language {
            Language::En => ENGLISH,
            Language::Ja => JAPANESE,
        }
    }

    /// Returns a verdict by its name in JSON.
    pub(crate) fn verdict(&self, name: &str) -> &'static str {
        match name {
            "works" => self.works,
            "fails" => self.fails,
            _ => self.undecided,
        }
    }

    /// Says which evaluation is denied, in which Regions, and by what.
    pub(crate) fn denied(&self, resource: Resource, regions: &str, by: &str, kind: DeniedBy) -> String {
        let what = match (resource, self.language) {
            (Resource::Profile, Language::En) => "the inference profile itself",
            (Resource::Profile, Language::Ja) => "推論プロファイル自体",
            (Resource::FoundationModel, Language::En) => "the model",
            (Resource::FoundationModel, Language::Ja) => "モデル",
            (Resource::GuardrailProfile, Language::En) => "the guardrail's profile",
            (Resource::GuardrailProfile, Language::Ja) => "ガードレールプロファイル",
        };
        match (kind, self.language) {
            (DeniedBy::Explicit, Language::En) => format!("{regions}: {what} is denied by {by}"),
            (DeniedBy::Implicit, Language::En) => format!("{regions}: {what} is allowed by no statement of {by}"),
            (DeniedBy::Explicit, Language::Ja) => format!("{regions}: {by}が{what}を拒否"),
            (DeniedBy::Implicit, Language::Ja) => format!("{regions}: {by}に{what}を許可するステートメントがない"),
        }
    }

    /// Names a statement, its policy and the level.
    pub(crate) fn statement(&self, statement: Option<&str>, policy: &str, level: &str) -> String {
        match (statement, self.language) {
            (Some(statement), Language::En) => format!("statement {statement} of {policy} (attached at {level})"),
            (Some(statement), Language::Ja) => format!("{policy} のステートメント {statement}（{level} にアタッチ）"),
            (None, Language::En) => format!("{policy} (attached at {level})"),
            (None, Language::Ja) => format!("{policy}（{level} にアタッチ）"),
        }
    }

    /// Says why no policy applies.
    pub(crate) const fn exempt(&self, why: Exemption) -> &'static str {
        match (why, self.language) {
            (Exemption::ManagementAccount, Language::En) => {
                "no service control policy applies to the management account"
            }
            (Exemption::ManagementAccount, Language::Ja) => {
                "管理アカウントにはサービスコントロールポリシーが適用されません"
            }
            (Exemption::ServiceLinkedRole, Language::En) => {
                "no service control policy applies to a service-linked role"
            }
            (Exemption::ServiceLinkedRole, Language::Ja) => {
                "サービスにリンクされたロールにはサービスコントロールポリシーが適用されません"
            }
            (Exemption::NotEnabled, Language::En) => "the organization has not enabled service control policies",
            (Exemption::NotEnabled, Language::Ja) => "この組織ではサービスコントロールポリシーが有効になっていません",
        }
    }

    /// Says what a change lets through or denies.
    pub(crate) fn permit(&self, actions: &str, resource: &str, regions: &str, through: &str) -> String {
        match (self.language, through.is_empty()) {
            (Language::En, true) => format!("{actions} on {resource} in {regions}, through no profile"),
            (Language::En, false) => format!("{actions} on {resource} in {regions}, through {through}"),
            (Language::Ja, true) => format!("{regions} の {resource} への {actions}（プロファイルなし）"),
            (Language::Ja, false) => format!("{regions} の {resource} への {actions}（経由: {through}）"),
        }
    }

    /// Counts profiles by verdict.
    pub(crate) fn counts(&self, works: usize, fails: usize, undecided: usize, leaves: usize) -> String {
        match self.language {
            Language::En => {
                let mut text = format!("{works} work, {fails} fail, {undecided} undecided");
                if leaves > 0 {
                    text.push_str(&format_leaves(leaves));
                }
                text
            }
            Language::Ja => {
                let mut text = format!("動作 {works}、失敗 {fails}、判定不能 {undecided}");
                if leaves > 0 {
                    text.push_str("、うち許可リージョン外に出るもの ");
                    text.push_str(&leaves.to_string());
                }
                text
            }
        }
    }

    /// Counts the characters of a policy.
    pub(crate) fn size(&self, size: usize, quota: usize) -> String {
        let (size, quota) = (
            crate::command::text::grouped(size),
            crate::command::text::grouped(quota),
        );
        match self.language {
            Language::En => format!("{size} of {quota} characters"),
            Language::Ja => format!("{size} / {quota} 文字"),
        }
    }
}

fn format_leaves(leaves: usize) -> String {
    format!(", {leaves} of those that work can leave the allowed Regions")
}

const ENGLISH: Words = Words {
    language: Language::En,
    called_in: "called in",
    works: "works",
    fails: "fails",
    undecided: "undecided",
    leaves: ", and can leave the allowed Regions",
    processed_in: "can be processed in",
    opens_too: "makes work too, although nobody asked",
    anywhere: "any commercial Region",
    depends_on: "depends on",
    inferred: "inferred: AWS documents only in part what is evaluated",
    mend: "Change of the policy",
    verified: "verified: every profile was evaluated again with it",
    lets_through: "makes work",
    permits_too: "lets through, and did not before",
    denies_too: "denies, and did not before",
    too_long: "longer than a policy may be",
    elsewise: "Other ways",
    cannot: "cannot be made to work by changing a statement",
    ask_for_mend: "Name the profiles that should work (--profile) or a policy (--policy), and the change of the \
                   statement is shown.",
    closing: "Policy that closes what leaves (attach it beside the others)",
    closes: "closes",
    breaks: "breaks, although it stays",
    open: "leaves still",
    lines_left_out: "lines",
    account_matters: "note: a policy names accounts or principals; --account ID says whose calls are meant",
    nothing_changes: "No verdict changes.",
    in_accounts: "In accounts",
    mantle: "bedrock-mantle is another service to policies: statements about `bedrock:*` do not touch it.",
    as_of: "profiles as of",
};

const JAPANESE: Words = Words {
    language: Language::Ja,
    called_in: "呼び出し元",
    works: "動作",
    fails: "失敗",
    undecided: "判定不能",
    leaves: "（許可リージョン外に出うる）",
    processed_in: "処理されうる許可外リージョン:",
    opens_too: "意図せず動作するようになるもの",
    anywhere: "すべての商用リージョン",
    depends_on: "次のキーに依存:",
    inferred: "推定: 評価内容の一部が AWS の文書にありません",
    mend: "ポリシーの変更案",
    verified: "検証済み: 変更後にすべてのプロファイルを再評価しました",
    lets_through: "動作するようになるもの",
    permits_too: "新たに許可されるもの",
    denies_too: "新たに拒否されるもの",
    too_long: "ポリシーの上限文字数を超えています",
    elsewise: "ほかの方法",
    cannot: "ステートメントの変更では動作させられません",
    ask_for_mend: "動作させたいプロファイル（--profile）またはポリシー（--policy）を指定すると、ステートメントの変更案を表示します。",
    closing: "許可外への流出を塞ぐポリシー（既存のポリシーと並べてアタッチ）",
    closes: "塞がれるもの",
    breaks: "許可内にとどまるが失敗するもの",
    open: "塞がれないもの",
    lines_left_out: "行",
    account_matters: "注: アカウントやプリンシパルに依存するポリシーがあります。--account ID で対象を指定してください",
    nothing_changes: "判定は変わりません。",
    in_accounts: "対象アカウント",
    mantle: "bedrock-mantle はポリシー上は別のサービスで、`bedrock:*` のステートメントは及びません。",
    as_of: "プロファイル情報の日付:",
};
