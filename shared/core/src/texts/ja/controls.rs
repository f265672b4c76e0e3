//! What people are told about the controls.

use crate::{
    controls::{self, ControlId},
    texts::ControlWords,
};

pub(in crate::texts) const UNDECIDED: [&str; 3] = [
    "記録を確認します（上記の情報が記録にありません）: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
    "呼び出し元に、記録にない情報（モデル、推論プロファイルなど）を確認します。判明するまでは、違反とみなして扱います",
    "確認のうえ許容する場合は、責任者と期限を定めた例外を追加します",
];

#[expect(clippy::too_many_lines, reason = "each control has its arm")]
pub(in crate::texts) const fn control(control: ControlId) -> ControlWords {
    match control {
        ControlId::DestinationRegionAllowed => ControlWords {
            title: "プロンプトの処理を許可されたリージョンに限定",
            decides: "リクエストを処理したリージョン（記録による）を、ポリシーが許可していること",
            broken: "許可されていないリージョンでプロンプトを処理",
            rationale: "クロスリージョン推論では、プロンプトと応答が、事前の確認なく別のリージョンに送られます。\
                そのリージョンが許可されていなければ、個人データや規制対象のデータが、取り決めた場所の外に出たことになります。",
            remedy: &[
                "該当する呼び出しを特定します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
                "推論プロファイルの送信先リージョンを確認します: `aws bedrock get-inference-profile --region SOURCE --inference-profile-identifier PROFILE`",
                "送信元リージョンだけで処理されるモデル、または許可されたリージョンの外に出ない推論プロファイルに切り替えます",
                "アプリケーションを修正するまでの間は、そのプロファイルを拒否します（bedrock:InvokeModel* を、ArnLike と bedrock:InferenceProfileArn の条件で拒否する SCP）",
                "その SCP の条件には、該当するプロファイルを指定します: `\"ArnLike\": {\"bedrock:InferenceProfileArn\": \"arn:aws:bedrock:*:*:inference-profile/PROFILE\"}`",
                "意図した利用であれば、ポリシーでそのリージョンを許可するか、責任者と期限を定めた例外を追加します",
            ],
        },
        ControlId::SourceRegionAllowed => ControlWords {
            title: "Bedrock の呼び出しを許可されたリージョンに限定",
            decides: "呼び出し先のリージョンを、ポリシーが許可していること",
            broken: "許可されていないリージョンで Bedrock を呼び出し",
            rationale: "呼び出し先のリージョンは、プロンプトを受け取り、ログや保存データを保持し、通常はリクエストの処理も行います。\
                ほかのリージョンで呼び出すと、許可されたリージョン向けに整えた設定は適用されません。",
            remedy: &[
                "該当する呼び出しを特定します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventId,AttributeValue=EVENT_ID`",
                "アプリケーションのリージョン（AWS_REGION、またはクライアントの region 設定）を、許可されたリージョンに変更します",
                "aws:RequestedRegion を条件とする SCP で、ほかのリージョンの Bedrock を拒否します（許可している推論プロファイルは除外します）",
                "意図した利用であれば、ポリシーでそのリージョンを許可するか、責任者と期限を定めた例外を追加します",
            ],
        },
        ControlId::GlobalProfileAllowed => ControlWords {
            title: "グローバル推論プロファイルの使用を許可された範囲に限定",
            decides: "グローバル推論プロファイルを、ポリシーが許可する場合にだけ使用していること",
            broken: "グローバル推論プロファイルを使用",
            rationale: "グローバル推論プロファイルでは、プロンプトが現在も将来も、どの商用リージョンでも処理される可能性があります。\
                今日の呼び出しが近くのリージョンで処理されても、次の呼び出しがそうなる保証はありません。",
            remedy: &[
                "アプリケーションのグローバル推論プロファイルを、地域別の推論プロファイルに置き換えます: `aws bedrock list-inference-profiles --region SOURCE --type-equals SYSTEM_DEFINED`",
                "グローバル推論を、すべての利用者に対して拒否します（aws:RequestedRegion が `unspecified` の bedrock:InvokeModel* を拒否する SCP）",
                "意図した利用であれば、ポリシーの profiles.global を allow にするか（許可する送信先リージョンは変わりません）、例外を追加します",
            ],
        },
        ControlId::ProfileAllowed => ControlWords {
            title: "使用する推論プロファイルを許可リストに限定",
            decides: "ポリシーに許可リストがある場合に、推論プロファイルがそのリストにあること",
            broken: "許可リストにない推論プロファイルを使用",
            rationale: "審査した推論プロファイルだけを使うと決めた組織にとって、それ以外は想定外です。\
                送信先リージョンはプロファイルごとに異なり、新しいプロファイルは予告なく追加されます。",
            remedy: &[
                "アプリケーションで使用するプロファイルを、許可リストにあるものに変更します",
                "bedrock:InvokeModel の許可を、許可リストのプロファイルの ARN と bedrock:InferenceProfileArn で限定します",
                "意図した利用であれば、ポリシーの profiles.allow にそのプロファイルを加えるか、例外を追加します",
            ],
        },
        ControlId::InferenceDeniedByScp => ControlWords {
            title: "許可した推論プロファイルが SCP に妨げられないこと",
            decides: "ポリシーが許可する推論プロファイルの呼び出しが、そのリージョンの 1 つを SCP が拒否しているために失敗していないこと",
            broken: "SCP により推論が失敗",
            rationale: "サービスコントロールポリシー (SCP) が推論プロファイルの送信先リージョンを 1 つでもブロックすると、\
                ポリシーで許可していても、そのプロファイルを使用する呼び出しはすべて失敗します。\
                エラーには、誰も呼び出していないリージョンが示されます。",
            remedy: &[
                "該当する SCP の内容を確認します: `aws organizations describe-policy --policy-id POLICY_ID`（管理アカウントまたは委任管理者アカウントで実行）",
                "拒否しているステートメントを変更します（別の SCP を追加しても拒否は解除されません）。bedrock:InferenceProfileArn の ArnNotLike 条件でプロファイルを除外し、送信先として使えるリージョンを限定します",
                "または、ブロックされているリージョンを SCP で許可します（すべてのサービスに対して開放されます）",
                "または、クロスリージョン推論を必要としないモデルを、そのリージョンで直接呼び出します",
            ],
        },
        ControlId::RuleReceivesInference => ControlWords {
            title: "crisguard のルールが有効なすべてのリージョンで Bedrock のイベントを受信していること",
            decides: "crisguard のルール、そのターゲット、送信先のイベントバスが、有効なすべてのリージョンで適用中のポリシーのとおりに設定され、Bedrock が呼び出しを数えたリージョンからイベントが届いていること",
            broken: "crisguard のルールに問題",
            rationale: "通知がないことが「準拠」を意味するのは、ルールが正しく動いている間だけです。\
                削除されたルール、状態が ENABLED に変更されたルール、別のポリシーから作成されたルールは、何も受信しないか、\
                本来の対象とは異なる呼び出しだけを受信しますが、エラーにはなりません。",
            remedy: &[
                "再デプロイして、ルール、パターン、ターゲット、イベントバスのポリシーをすべて元に戻します: `make deploy POLICY=policy.yaml HOME_REGION=HOME`（HOME は crisguard のホームリージョン）",
                "誰がいつ変更したかを確認します: `aws cloudtrail lookup-events --region SOURCE --lookup-attributes AttributeKey=EventSource,AttributeValue=events.amazonaws.com`",
                "呼び出しがあるのにイベントが届いていない場合は、証跡がログを記録中で、読み取り専用の管理イベントも対象になっているかを確認します: `aws cloudtrail get-trail-status --name TRAIL`、`aws cloudtrail get-event-selectors --trail-name TRAIL`",
                "確認できない項目がある場合は、記載されたアクションを check-posture のロールに許可します。SCP により誰も使えないリージョンについては、この統制を指定した例外を追加します",
            ],
        },
        ControlId::InvocationLoggingEnabled => controls::invocation_logging_enabled::JA,
        ControlId::InvocationLoggingModalities => controls::invocation_logging_modalities::JA,
        ControlId::InvocationLoggingBucketEncrypted => controls::invocation_logging_bucket_encrypted::JA,
        ControlId::InvocationLoggingBucketPrivate => controls::invocation_logging_bucket_private::JA,
        ControlId::InvocationLoggingBucketRetained => controls::invocation_logging_bucket_retained::JA,
        ControlId::InvocationLoggingGroupEncrypted => controls::invocation_logging_group_encrypted::JA,
        ControlId::InvocationLoggingGroupRetained => controls::invocation_logging_group_retained::JA,
        ControlId::InvocationLoggingDelivering => controls::invocation_logging_delivering::JA,
        ControlId::TrailRecordsInference => controls::trail_records_inference::JA,
        ControlId::ProfileReachAllowed => controls::profile_reach_allowed::JA,
        ControlId::DataRetentionAllowed => controls::data_retention_allowed::JA,
        ControlId::ProfileDestinationsKnown => controls::profile_destinations_known::JA,
        ControlId::ProfileDestinationsAllowed => controls::profile_destinations_allowed::JA,
        ControlId::GuardrailStaysInRegion => controls::guardrail_stays_in_region::JA,
        ControlId::GuardrailEnforced => controls::guardrail_enforced::JA,
        ControlId::CustomModelEncrypted => controls::custom_model_encrypted::JA,
        ControlId::ImportedModelEncrypted => controls::imported_model_encrypted::JA,
        ControlId::KnowledgeBaseEncrypted => controls::knowledge_base_encrypted::JA,
        ControlId::AgentEncrypted => controls::agent_encrypted::JA,
        ControlId::AgentHasGuardrail => controls::agent_has_guardrail::JA,
        ControlId::BatchOutputInRegion => controls::batch_output_in_region::JA,
        ControlId::ApiKeyLongTerm => controls::api_key_long_term::JA,
        ControlId::VpcEndpointPresent => controls::vpc_endpoint_present::JA,
        ControlId::VpcEndpointRestricted => controls::vpc_endpoint_restricted::JA,
        ControlId::InvokeIsLeastPrivilege => controls::invoke_is_least_privilege::JA,
        ControlId::ManageAndInvokeSeparate => controls::manage_and_invoke_separate::JA,
    }
}
