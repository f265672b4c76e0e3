//! The words of reach, in both languages.

use crisguard_core::{
    policy::Language,
    scp::{
        mend::RemedyKind,
        organization::Exemption,
        reach::{CallKind, DeniedBy, Resource},
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
    pub(crate) left_out: &'static str,
    pub(crate) only_streaming: &'static str,
    pub(crate) could_leave: &'static str,
    pub(crate) could_be_processed_in: &'static str,
    pub(crate) unspecified_stays: &'static str,
    pub(crate) no_scp_closes: &'static str,
    pub(crate) nothing_closes: &'static str,
    pub(crate) more_of_one: &'static str,
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

    /// Counts profiles by verdict: those that work, fail and are undecided; and those that leave, or could.
    pub(crate) fn counts(&self, [works, fails, undecided]: [usize; 3], leave: usize, could: usize) -> String {
        let (mut text, leaving, possibly) = match self.language {
            Language::En => (
                format!("{works} work, {fails} fail, {undecided} undecided"),
                format!(", {leave} of those that work can leave the allowed Regions"),
                format!(", {could} of the undecided could leave the allowed Regions"),
            ),
            Language::Ja => (
                format!("動作 {works}、失敗 {fails}、判定不能 {undecided}"),
                format!("、うち許可リージョン外に出うるもの {leave}"),
                format!("、判定不能のうち許可リージョン外に出る可能性があるもの {could}"),
            ),
        };
        for (count, more) in [(leave, leaving), (could, possibly)] {
            if count > 0 {
                text.push_str(&more);
            }
        }
        text
    }

    /// Names Regions as evaluations have them.
    pub(crate) fn places(&self, regions: &[&str]) -> String {
        let each = regions.iter().map(|region| match (*region, self.language) {
            ("unspecified", Language::En) => "unspecified (any commercial Region)".to_owned(),
            ("unspecified", Language::Ja) => "unspecified（すべての商用リージョン）".to_owned(),
            (region, _) => region.to_owned(),
        });
        each.collect::<Vec<_>>().join(", ")
    }

    /// Names what is called.
    pub(crate) fn call(&self, name: &str, kind: CallKind) -> String {
        match (kind, self.language) {
            (CallKind::Batch, Language::En) => format!("{name} (batch job)"),
            (CallKind::Batch, Language::Ja) => format!("{name}（バッチジョブ）"),
            _ => name.to_owned(),
        }
    }

    /// Lists calls from a Region.
    pub(crate) fn calls(&self, what: &str, source: &str, profiles: &str) -> String {
        match self.language {
            Language::En => format!("{what}, called in {source}: {profiles}"),
            Language::Ja => format!("{what}（送信元リージョン {source}）: {profiles}"),
        }
    }

    /// Says in which accounts something holds, of which some are not named.
    pub(crate) fn accounts(&self, named: &str, count: usize, more: usize) -> String {
        let more = match (more, self.language) {
            (0, _) => String::new(),
            (more, Language::En) => format!(" (+{more}; --format csv names each)"),
            (more, Language::Ja) => format!("（ほか {more}。--format csv で全件）"),
        };
        match (self.language, count) {
            (Language::En, 1) => format!("In account {named}"),
            (Language::En, _) => format!("In accounts {named}{more}"),
            (Language::Ja, _) => format!("対象アカウント {named}{more}"),
        }
    }

    /// Says that a statement asks for what is not known.
    pub(crate) fn asks(&self, by: &str, keys: &str, kind: DeniedBy) -> String {
        match (kind, self.language) {
            (DeniedBy::Explicit, Language::En) => format!("{by} denies it or not, depending on {keys}"),
            (DeniedBy::Implicit, Language::En) => format!("{by} allows it or not, depending on {keys}"),
            (DeniedBy::Explicit, Language::Ja) => format!("{by} が拒否するかどうかは {keys} によります"),
            (DeniedBy::Implicit, Language::Ja) => format!("{by} が許可するかどうかは {keys} によります"),
        }
    }

    /// Says that a change does nothing alone.
    pub(crate) fn together(&self, others: &str) -> String {
        match self.language {
            Language::En => format!("only together with the change of {others}: each of them denies"),
            Language::Ja => format!("{others} も同時に変更する必要があります（どちらも拒否しているため）"),
        }
    }

    /// Says of another way that it cannot be gone.
    pub(crate) fn not_by(&self, kind: RemedyKind, why: &str) -> String {
        match self.language {
            Language::En => format!("Not by {}: {why}", way(kind, Language::En)),
            Language::Ja => format!("{}: 不可。{why}", way(kind, Language::Ja)),
        }
    }

    /// Says of another way that it helps some profiles alone.
    pub(crate) fn for_some(&self, kind: RemedyKind, some: usize, all: usize) -> String {
        let about = kind.about(self.language);
        match self.language {
            Language::En => format!("For {some} of the {all} profiles: {about}"),
            Language::Ja => format!("{all} 件中 {some} 件のプロファイルのみ: {about}"),
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

const fn way(kind: RemedyKind, language: Language) -> &'static str {
    match (kind, language) {
        (RemedyKind::ExemptProfile, Language::En) => "exempting the profile",
        (RemedyKind::ExemptProfile, Language::Ja) => "プロファイルの除外",
        (RemedyKind::ExemptBedrock, Language::En) => "exempting all calls of models",
        (RemedyKind::ExemptBedrock, Language::Ja) => "モデル呼び出し全体の除外",
        (RemedyKind::WidenRegions, Language::En) => "adding Regions to the statement's list",
        (RemedyKind::WidenRegions, Language::Ja) => "ステートメントの一覧へのリージョンの追加",
        (RemedyKind::ModelsWithoutProfile, Language::En) => "calling the model without a profile",
        (RemedyKind::ModelsWithoutProfile, Language::Ja) => "プロファイルを使わない呼び出し",
        (RemedyKind::LeaveGovernance, Language::En) => "moving the account",
        (RemedyKind::LeaveGovernance, Language::Ja) => "アカウントの移動",
    }
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
    left_out: "not let through, for it needs a change of its own or there is no room for it",
    only_streaming: ", where the answer is streamed (other calls are not denied)",
    could_leave: "; could leave the allowed Regions",
    could_be_processed_in: "could be processed in",
    unspecified_stays: "`unspecified` in the list lets global profiles through, for the policy permits them: elsewhere, \
                        take it out",
    no_scp_closes: "No service control policy can close what leaves here: none applies. Close it by IAM policies.",
    nothing_closes: "No policy is known that closes what leaves here.",
    more_of_one: "--account ID shows of one account the other ways, and a policy that closes what leaves.",
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
    mantle: "bedrock-mantle is another service to policies: statements about `bedrock:*` do not touch it.",
    as_of: "profiles as of",
};

const JAPANESE: Words = Words {
    language: Language::Ja,
    called_in: "送信元リージョン",
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
    left_out: "別の変更が必要、または文字数の上限により、この変更案に含まれないもの",
    only_streaming: "（ストリーミング応答の場合のみ。それ以外の呼び出しは拒否されません）",
    could_leave: "（許可リージョン外に出る可能性あり）",
    could_be_processed_in: "処理される可能性がある許可外リージョン:",
    unspecified_stays: "一覧の `unspecified` はグローバルプロファイルを通します（ポリシーが許可しているため）。ほかで使う場合は外してください",
    no_scp_closes: "ここから外に出るものは SCP では塞げません（SCP が適用されないため）。IAM ポリシーで塞いでください。",
    nothing_closes: "ここから外に出るものを塞ぐポリシーは提案できません。",
    more_of_one: "--account ID を指定すると、そのアカウントについて、ほかの方法と、外に出るものを塞ぐポリシーも表示します。",
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
    mantle: "bedrock-mantle はポリシー上は別のサービスで、`bedrock:*` のステートメントは及びません。",
    as_of: "プロファイル情報の日付:",
};
