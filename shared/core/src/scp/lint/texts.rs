//! What is said about each trap, in English and Japanese.

use super::{About, Trap};
use crate::policy::Language;

const GEO: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html";
const GLOBAL: &str = "https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html";
const OPERATORS: &str =
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html";
const ACTIONS: &str = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html";
const EVALUATION: &str =
    "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html";
const CONTROL_TOWER: &str = "https://docs.aws.amazon.com/controltower/latest/userguide/region-deny.html";
const LIMITS: &str = "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html";

pub(super) const fn about(trap: Trap, language: Language) -> About {
    let source = source(trap);
    let (happens, mend) = match language {
        Language::En => english(trap),
        Language::Ja => japanese(trap),
    };
    About { happens, mend, source }
}

const fn source(trap: Trap) -> &'static str {
    match trap {
        Trap::ProfileKeyWithoutNullGuard | Trap::Undocumented => OPERATORS,
        Trap::NotResourceWithoutProfiles | Trap::ExemptsEveryProfile | Trap::BedrockExemptFromRegions => GEO,
        Trap::DeniedRegionsMissGlobal | Trap::AllowsGlobal | Trap::GlobalDeniedByName | Trap::RegionNamedGlobal => {
            GLOBAL
        }
        Trap::InvokeWildcard | Trap::NoSuchAction | Trap::NoSuchKey | Trap::KeyNotOnAction | Trap::MantleNotCovered => {
            ACTIONS
        }
        Trap::ExemptsEveryPrincipal | Trap::AllowBesideDeny => EVALUATION,
        Trap::ManagedByControlTower => CONTROL_TOWER,
        Trap::OverQuota | Trap::OverAssumedQuota => LIMITS,
    }
}

const fn english(trap: Trap) -> (&'static str, &'static str) {
    match trap {
        Trap::ProfileKeyWithoutNullGuard => (
            "Every call through any profile is denied, and every direct call: the profile itself is evaluated without \
             this key, and a negated operator, one with IfExists and Null hold where the key is absent.",
            "Add \"Null\": {\"bedrock:InferenceProfileArn\": \"false\"} to the condition, or name models alone in \
             Resource.",
        ),
        Trap::NotResourceWithoutProfiles => (
            "Every call through a profile is denied, also of the models that are named: the profile's own ARN is \
             evaluated, and it is none of them.",
            "Add arn:aws:bedrock:*:*:inference-profile/* (and application-inference-profile/*, where they are used) to \
             NotResource, or add \"Null\": {\"bedrock:InferenceProfileArn\": \"false\"}.",
        ),
        Trap::DeniedRegionsMissGlobal => (
            "Global profiles pass, and can be processed in the Regions that are denied: their last evaluation has the \
             Region `unspecified`, which is not on the list.",
            "Add \"unspecified\" to the list, or write the allowed Regions with StringNotEquals.",
        ),
        Trap::AllowsGlobal => (
            "Every global profile passes, and can be processed in any commercial Region, also outside the list: its last \
             evaluation has the Region `unspecified`, which is on it.",
            "If that is not wanted, take \"unspecified\" off the list; for certain profiles alone, exempt their ARNs.",
        ),
        Trap::GlobalDeniedByName => (
            "An application profile made from a global profile is likely to pass: the key has the application \
             profile's own ARN (seen, not documented).",
            "Deny the Region alone: \"StringEquals\": {\"aws:RequestedRegion\": \"unspecified\"}, without ArnLike.",
        ),
        Trap::RegionNamedGlobal => (
            "This never matches: the global destination is `unspecified`, whatever older pages say.",
            "Write \"unspecified\".",
        ),
        Trap::ExemptsEveryProfile => (
            "Every profile of the kind passes, whatever its Regions: a system-defined one may be global, and an \
             application profile may be made from any.",
            "Name the profiles, and add a statement that denies calls outside their Regions.",
        ),
        Trap::ExemptsEveryPrincipal => (
            "The pattern matches every role, so that the statement denies nothing to any of them.",
            "Name the roles.",
        ),
        Trap::BedrockExemptFromRegions => (
            "Direct calls pass in every Region, and every profile too, the global ones included: nothing else holds \
             them to Regions.",
            "Add a statement that denies bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream outside the \
             Regions but for the profile, and one that pins the profile to its Regions.",
        ),
        Trap::InvokeWildcard => (
            "The pattern stands for about 14 actions: also for agents, flows, inline agents and data automation.",
            "Write bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream.",
        ),
        Trap::NoSuchAction => (
            "There is no such action: Converse is authorized as bedrock:InvokeModel, ConverseStream as \
             bedrock:InvokeModelWithResponseStream.",
            "Write those.",
        ),
        Trap::NoSuchKey => (
            "There is no such key: a negated operator on it denies every call, any other none.",
            "Write bedrock:GuardrailIdentifier.",
        ),
        Trap::KeyNotOnAction => (
            "The action does not have bedrock:InferenceProfileArn: an exemption by it never applies to the action, a \
             deny by it never holds (of batch jobs it is not documented).",
            "Take the action out of the statement, and decide about it in one of its own.",
        ),
        Trap::AllowBesideDeny => (
            "The Allow does not lift the deny beside it: a deny anywhere above the account denies.",
            "Change the statement that denies.",
        ),
        Trap::MantleNotCovered => (
            "The OpenAI-compatible endpoint has actions of its own, bedrock-mantle:*, which a statement about bedrock:* \
             does not touch.",
            "Add a statement about bedrock-mantle:CreateInference, or deny bedrock-mantle:*.",
        ),
        Trap::Undocumented => (
            "What AWS does with this is not documented: verdicts that depend on it are undecided.",
            "Write it in another way: all six parts of an ARN, one of ForAnyValue and IfExists, a value that the operator \
             compares, a key that AWS lists.",
        ),
        Trap::ManagedByControlTower => (
            "Control Tower manages the policy: to edit it is drift, and it is written anew at the next update. The \
             Region deny of a unit cannot allow what that of the landing zone denies.",
            "Use the control's parameters (the landing zone's Region deny exempts no actions or principals), or turn it \
             off and attach a policy of your own.",
        ),
        Trap::OverQuota => (
            "The policy is longer than the quota, and cannot be saved.",
            "Shorten its lists, or split it into two policies at the same level.",
        ),
        Trap::OverAssumedQuota => (
            "The policy is longer than the lower quota that accounts have had, which is assumed. Some have a higher one, \
             of 10,240 characters: a policy that is attached was within it.",
            "Look the quota up in Service Quotas (AWS Organizations), and name it by --quota; if this is longer, shorten \
             the lists or split it into two policies at the same level.",
        ),
    }
}

const fn japanese(trap: Trap) -> (&'static str, &'static str) {
    match trap {
        Trap::ProfileKeyWithoutNullGuard => (
            "あらゆるプロファイル経由の呼び出しと直接呼び出しが拒否されます。プロファイル自体の評価にはこのキーがなく、否定演算子、IfExists、Null はキーがないと成立するためです。",
            "条件に \"Null\": {\"bedrock:InferenceProfileArn\": \"false\"} を加えるか、Resource をモデルだけにします。",
        ),
        Trap::NotResourceWithoutProfiles => (
            "許可したはずのモデルも含め、プロファイル経由の呼び出しがすべて拒否されます。プロファイル自身の ARN も評価され、そのどれにも一致しないためです。",
            "NotResource に arn:aws:bedrock:*:*:inference-profile/*（使う場合は application-inference-profile/* も）を加えるか、\"Null\": {\"bedrock:InferenceProfileArn\": \"false\"} を加えます。",
        ),
        Trap::DeniedRegionsMissGlobal => (
            "グローバルプロファイルは通り、拒否したリージョンでも処理され得ます。最後の評価のリージョンは `unspecified` で、一覧にないためです。",
            "一覧に \"unspecified\" を加えるか、許可するリージョンを StringNotEquals で書きます。",
        ),
        Trap::AllowsGlobal => (
            "グローバルプロファイルがすべて通り、一覧にないリージョンを含む、あらゆる商用リージョンで処理され得ます。最後の評価のリージョンは `unspecified` で、一覧にあるためです。",
            "意図していない場合は、一覧から \"unspecified\" を外します。一部のプロファイルだけを認める場合は、その ARN を除外条件にします。",
        ),
        Trap::GlobalDeniedByName => (
            "グローバルプロファイルから作ったアプリケーションプロファイルは、おそらく通ります。キーの値がアプリケーションプロファイル自身の ARN になるためです（実測のみ、文書化されていません）。",
            "ArnLike を使わず、\"StringEquals\": {\"aws:RequestedRegion\": \"unspecified\"} だけで拒否します。",
        ),
        Trap::RegionNamedGlobal => (
            "一致することはありません。グローバルの宛先は、古いページの記述にかかわらず `unspecified` です。",
            "\"unspecified\" と書きます。",
        ),
        Trap::ExemptsEveryProfile => (
            "到達先リージョンにかかわらず、この種類のプロファイルがすべて通ります。システム定義のものはグローバルかもしれず、アプリケーションプロファイルは何からでも作れます。",
            "プロファイルを名指しし、そのリージョンの外での呼び出しを拒否するステートメントを加えます。",
        ),
        Trap::ExemptsEveryPrincipal => (
            "パターンがすべてのロールに一致するため、どのロールに対しても何も拒否しません。",
            "ロールを名指しします。",
        ),
        Trap::BedrockExemptFromRegions => (
            "全リージョンでの直接呼び出しと、グローバルを含むすべてのプロファイルが通ります。ほかにリージョンを制限するステートメントがありません。",
            "許可リージョンの外での bedrock:InvokeModel と bedrock:InvokeModelWithResponseStream を、プロファイル経由を除いて拒否するステートメントと、そのプロファイルをリージョンに固定するステートメントを加えます。",
        ),
        Trap::InvokeWildcard => (
            "このパターンは約 14 のアクションに一致し、エージェント、フロー、インラインエージェント、Data Automation も含みます。",
            "bedrock:InvokeModel と bedrock:InvokeModelWithResponseStream を書きます。",
        ),
        Trap::NoSuchAction => (
            "このアクションは存在しません。Converse は bedrock:InvokeModel、ConverseStream は bedrock:InvokeModelWithResponseStream として認可されます。",
            "これらのアクションを書きます。",
        ),
        Trap::NoSuchKey => (
            "この条件キーは存在しません。否定演算子ならすべての呼び出しを拒否し、それ以外なら何も拒否しません。",
            "bedrock:GuardrailIdentifier を使います。",
        ),
        Trap::KeyNotOnAction => (
            "このアクションには bedrock:InferenceProfileArn がありません。このキーによる除外は適用されず、このキーによる拒否は成立しません（バッチジョブについては文書化されていません）。",
            "このアクションをステートメントから外し、別のステートメントで扱います。",
        ),
        Trap::AllowBesideDeny => (
            "この Allow は隣の Deny を打ち消しません。アカウントより上のどこかで拒否されれば、拒否されます。",
            "拒否しているステートメントのほうを変更します。",
        ),
        Trap::MantleNotCovered => (
            "OpenAI 互換エンドポイントには独自のアクション bedrock-mantle:* があり、bedrock:* のステートメントは及びません。",
            "bedrock-mantle:CreateInference のステートメントを加えるか、bedrock-mantle:* を拒否します。",
        ),
        Trap::Undocumented => (
            "AWS がこれをどう扱うかは文書化されていません。これに左右される判定は未確定になります。",
            "別の書き方にします（ARN は 6 要素すべてを書く、ForAnyValue と IfExists を併用しない、演算子が比較できる値を書く、AWS の一覧にあるキーを使う）。",
        ),
        Trap::ManagedByControlTower => (
            "このポリシーは Control Tower が管理しています。編集はドリフトとなり、次の更新で書き戻されます。OU のリージョン拒否では、ランディングゾーンが拒否したリージョンを許可できません。",
            "コントロールのパラメータを使うか（ランディングゾーンのリージョン拒否では、アクションやプリンシパルを除外できません）、コントロールを無効にして自前のポリシーをアタッチします。",
        ),
        Trap::OverQuota => (
            "ポリシーがクォータより長く、保存できません。",
            "一覧を短くするか、同じ階層の 2 つのポリシーに分けます。",
        ),
        Trap::OverAssumedQuota => (
            "仮定した従来のクォータより長いポリシーです。10,240 文字に引き上げられている場合もあり、アタッチ済みのポリシーであれば範囲内です。",
            "Service Quotas（AWS Organizations）で実際の値を確認し、--quota で指定します。それでも超える場合は、一覧を短くするか、同じ階層の 2 つのポリシーに分けます。",
        ),
    }
}
