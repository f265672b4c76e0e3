//! What is said of remedies, in both languages. The English sentences are the core's.

use crisguard_core::{
    policy::Language,
    scp::{
        mend::{Cannot, Note},
        reach::{Denied, Verdict},
    },
};

use super::words::Words;

impl Words {
    /// Says what else is to be known of a remedy.
    pub(crate) fn note(&self, note: &Note) -> String {
        if self.language == Language::En {
            return note.to_string();
        }
        match note {
            Note::CallableToo { source } => format!(
                "ポリシーは送信元リージョン {source} でプロファイル自体を拒否しています。変更後は、そこでの呼び出しも許可されます。"
            ),
            Note::Afterwards(verdict) => format!("変更後の呼び出し: {}", self.whole(verdict)),
            Note::OnDemandModels { source } => format!(
                "該当するモデルの確認方法: aws bedrock list-foundation-models --region {source} --by-inference-type ON_DEMAND"
            ),
            Note::ManagedByControlTower => "このポリシーは Control Tower が管理しており、直接編集するとドリフトになります。コントロールにパラメータがある場合は\
                パラメータで設定し、ない場合はコントロールを無効にして、この変更案を独自のポリシーとしてアタッチしてください。\
                OU のリージョン拒否では、ランディングゾーンのリージョン拒否が拒否するものを許可できません。"
                .to_owned(),
        }
    }

    /// Says why a change cannot be made.
    pub(crate) fn why_not(&self, why: &Cannot) -> String {
        if self.language == Language::En {
            return why.to_string();
        }
        match why {
            Cannot::In { policy, why } => format!("{policy}: {}", self.why_not(why)),
            Cannot::NoOtherRegion { statement } => {
                format!("ステートメント {statement} が拒否するリージョンはほかになく、除くと空になります")
            }
            Cannot::NoListOfRegions { statement } => {
                format!("ステートメント {statement} にはリージョンの一覧がありません")
            }
            Cannot::BedrockAlone { statement } => {
                format!("ステートメント {statement} は Bedrock 専用で、モデル呼び出しを除くとほとんど何も残りません")
            }
            Cannot::NotSeparable => "ステートメントからモデル呼び出しだけを切り離せません".to_owned(),
            Cannot::NamesResources { statement } => {
                format!("ステートメント {statement} はリソースを指定しており、その中の 1 つだけを除外できません")
            }
            Cannot::NoAllowedRegions => {
                "モデル呼び出しを許可するステートメントのどれにもリージョンの一覧がありません".to_owned()
            }
            Cannot::NothingAllowed { level } => format!(
                "{level} のどのポリシーも何も許可していません。FullAWSAccess または許可リストをアタッチしてください"
            ),
            Cannot::TooLong { policy, size, quota } => format!(
                "{policy} は {size} 文字になり、上限の {quota} 文字を超えます。一覧を短くするか、同じレベルの別のポリシーに\
                 ステートメントを移してください"
            ),
            Cannot::DirectCall { source, verdict } => {
                format!("{source} でのプロファイルなしの呼び出し: {}", self.whole(verdict))
            }
            Cannot::NoStatement(index) => format!("ステートメント {index} がありません"),
            Cannot::NoPolicy => "ポリシーがありません".to_owned(),
        }
    }

    /// Says that AWS does not document what is evaluated; in English also what of it.
    pub(crate) fn undocumented(&self, what: &'static str) -> &'static str {
        match self.language {
            Language::En => what,
            Language::Ja => "バッチジョブで評価されるリソースや条件キーが AWS の文書に記載されていません",
        }
    }

    /// Says a verdict with its reasons.
    fn whole(&self, verdict: &Verdict) -> String {
        let name = self.verdict(verdict.name());
        match verdict {
            Verdict::Works => name.to_owned(),
            Verdict::Fails(denied) => {
                let each: Vec<String> = denied.iter().map(|denied| self.one(denied)).collect();
                format!("{name}（{}）", each.join("、"))
            }
            Verdict::Undecided { keys, undocumented } => {
                let keys = || format!("{} {}", self.depends_on, keys.join(", "));
                let undocumented = undocumented.map(|what| self.undocumented(what).to_owned());
                format!("{name}（{}）", undocumented.unwrap_or_else(keys))
            }
        }
    }

    fn one(&self, denied: &Denied) -> String {
        let by = self.statement(denied.statement.as_deref(), &denied.policy, &denied.level);
        self.denied(denied.resource, &denied.region, &by, denied.kind)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crisguard_core::{
        region::SourceRegion,
        scp::reach::{DeniedBy, Resource},
    };

    use super::*;

    #[test]
    fn every_remark_is_in_the_readers_language() {
        let tokyo = SourceRegion("ap-northeast-1".parse().unwrap());
        let statement = || "Regions".to_owned();
        let denied = Denied {
            resource: Resource::FoundationModel,
            region: "ap-northeast-3".into(),
            policy: "p-1".into(),
            statement: Some("Regions".into()),
            kind: DeniedBy::Explicit,
            level: "ou".into(),
            action: None,
        };
        let fails = Verdict::Fails(Arc::new([denied]));
        let open = Verdict::Undecided {
            keys: Arc::new(["aws:principaltag/team".into()]),
            undocumented: None,
        };
        let notes = [
            Note::CallableToo { source: tokyo.clone() },
            Note::Afterwards(open),
            Note::OnDemandModels { source: tokyo.clone() },
            Note::ManagedByControlTower,
        ];
        let too_long = Cannot::TooLong {
            policy: "p-1".to_owned(),
            size: 6_000,
            quota: 5_120,
        };
        let reasons = [
            Cannot::In {
                policy: "p-1".to_owned(),
                why: Box::new(Cannot::NotSeparable),
            },
            Cannot::NoOtherRegion { statement: statement() },
            Cannot::NoListOfRegions { statement: statement() },
            Cannot::BedrockAlone { statement: statement() },
            Cannot::NamesResources { statement: statement() },
            Cannot::NoAllowedRegions,
            Cannot::NothingAllowed {
                level: "r-ab12".to_owned(),
            },
            too_long,
            Cannot::DirectCall {
                source: tokyo,
                verdict: fails,
            },
            Cannot::NoStatement(2),
            Cannot::NoPolicy,
        ];
        let mut told = String::new();
        for language in [Language::En, Language::Ja] {
            let words = Words::of(language);
            let each = notes.iter().map(|note| words.note(note));
            for text in each.chain(reasons.iter().map(|why| words.why_not(why))) {
                assert_eq!(text.is_ascii(), language == Language::En, "{text}");
                told.push_str(&text);
                told.push('\n');
            }
        }
        insta::assert_snapshot!(told);
    }
}
