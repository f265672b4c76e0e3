"""What the transcript says in Japanese, for `--language ja`; whatever is not here stays in English."""

from __future__ import annotations

HEADINGS = {
    "crisguard: the demo": "crisguard デモ",
    "opening": (
        "日本のある企業が、Amazon Bedrock によるプロンプトの処理を東京と大阪のリージョンに限って許可しています"
        "（tests/demo/policy.yaml）。このデモでは、それを crisguard が監視します。関数のリリースビルドを infra/ から"
        "ローカルの AWS にデプロイし（IAM を適用）、CloudTrail イベントを EventBridge 経由で流します。"
        "すべてこのマシン上で動き、実際の AWS アカウントには一切触れません。"
    ),
    "The stage": "準備",
    "An ordinary day": "普段の一日",
    "The stories": "検出シナリオ",
    "The days after": "その後の日々",
    "The organization": "組織と SCP",
    "What the filter dropped": "フィルターが除外したイベント",
    "What the functions decided": "関数による判定",
    "What people received": "担当者への通知",
    "What machines received": "システムへの通知",
    "What could not be handled": "処理できなかったメッセージ",
    "Whether it all adds up": "数の照合",
    "The audit": "監査",
    "The report, to open in a browser: {}": "レポート（ブラウザーで開きます）: {}",
    "For real": "実際の環境で使うには",
    "It goes on running": "起動したままの状態です",
}
INTRODUCTIONS = {
    "{} calls that the policy permits. Nobody should notice them.": (
        "ポリシーで許可された呼び出しを {} 回行います。誰にも何も通知されないのが正常です。"
    ),
    "{} of them: what happens in the world, and what crisguard makes of it.": (
        "全部で {} 件。何が起きたかと、crisguard がそれをどう扱ったかを示します。"
    ),
    "send-alerts' clock is moved: nobody waits ten days. Everything else is as before.": (
        "send-alerts の時計だけを進めます（10 日間待つ必要はありません）。ほかはこれまでと同じです。"
    ),
    "Five accounts under Control Tower, whose Region deny permits Tokyo and Osaka. crisguard watches the account "
    "applications and reads, as a delegated administrator, what stands above it. Below: every profile that can be "
    "called from Tokyo, by its geography, as the command tells of each account.": (
        "Control Tower で管理する 5 つのアカウントです。リージョン拒否は東京と大阪を許可しています。"
        "crisguard は applications アカウントを監視し、委任管理者として、その上位の SCP を読み取ります。"
        "以下は、東京から呼び出せるすべてのプロファイルについて、アカウントごとにコマンドが示した判定です（地域別の件数）。"
    ),
    "The same records as a trail delivers them, in log files, read by `crisguard scan` with the policy, the last "
    "nightly look and what profiles can do in the organization. It knows nothing of what was watched, and comes to "
    "the same.": (
        "同じレコードを、証跡が配信するログファイルの形にして、`crisguard scan` で読み取ります。"
        "ポリシー、最後の夜間点検の結果、組織内のプロファイルの判定を添えています。監視の記録は一切使わずに、同じ結果になります。"
    ),
    "From the metrics that they write for CloudWatch.": "各関数が CloudWatch に書き出したメトリクスによる集計です。",
    "Until Ctrl-C. In another terminal, in this folder:": (
        "Ctrl-C で終了するまで動き続けます。別のターミナルで、このフォルダーから次のように操作できます:"
    ),
}
STORIES = {
    "A developer switches to a global profile": "開発者がグローバルプロファイルに切り替えた",
    "One changed model id, no error, and the prompt is processed in Sydney.": (
        "変えたのはモデル ID だけ。エラーも出ないまま、プロンプトはシドニーで処理されました。"
    ),
    "The same event arrives twice": "同じイベントが 2 回届いた",
    "EventBridge delivers at least once; people should hear of it exactly once.": (
        "EventBridge の配信は「少なくとも 1 回」ですが、担当者への通知はちょうど 1 回であるべきです。"
    ),
    "A loop over forty documents": "40 件の文書を処理するループ",
    "A nightly job calls a global profile 40 times: one alert with the exact count, not forty.": (
        "夜間ジョブがグローバルプロファイルを 40 回呼び出しました。"
        "アラートは 40 件ではなく、正確な回数を示す 1 件です。"
    ),
    "A stream ends in Singapore": "ストリームがシンガポールで終わった",
    "The record of the call names no Region; only the record of the stream's end does.": (
        "呼び出しの記録には処理されたリージョンがなく、ストリーム終了の記録にだけ残っています。"
    ),
    "A notebook calls us-east-1": "ノートブックから us-east-1 を呼び出した",
    "A data scientist's default Region, where nobody looks; crisguard's rule stands there too.": (
        "データサイエンティストのデフォルトのリージョンで、普段は誰も見ていません。"
        "crisguard のルールはここにもあります。"
    ),
    "A profile that nobody examined": "誰も確認していないプロファイル",
    "Outside the allow-list. This prompt stayed in Tokyo; the next one may be processed elsewhere.": (
        "許可リストにないプロファイルです。今回は東京で処理されましたが、次は別のリージョンかもしれません。"
    ),
    "A Region deny breaks a permitted profile": "リージョン拒否で、許可したプロファイルが使えなくなった",
    "Control Tower's SCP blocks Osaka, so every call of the jp. profile fails. The alert says why.": (
        "Control Tower の SCP が大阪を拒否し、jp. プロファイルの呼び出しがすべて失敗しました。"
        "アラートがその原因を示します。"
    ),
    "An SCP does what it is for": "SCP が本来の役目を果たした",
    "It refuses a global profile that the policy forbids as well: nothing to report.": (
        "ポリシーでも禁止しているグローバルプロファイルを SCP が拒否しました。報告することはありません。"
    ),
    "A throttled call": "スロットリングされた呼び出し",
    "A global profile, but refused before any model saw the prompt: nothing was processed anywhere.": (
        "グローバルプロファイルでしたが、モデルに渡る前に拒否されたため、どこでも処理されていません。"
    ),
    "AWS does not say where": "どこで処理されたかの記録がない",
    "A permitted profile that can leave Japan, and no Region in the record: not taken for compliant.": (
        "許可したプロファイルですが、日本の外で処理されることがあり、記録にリージョンがありません。準拠とは見なしません。"
    ),
    "A geography that did not exist yesterday": "昨日までなかった地域のプロファイル",
    "`uk.` is on no list: it is not taken for a model that stays where it is called.": (
        "`uk.` はどのリストにもありません。呼び出したリージョンにとどまるモデルとは見なしません。"
    ),
    "An application profile hides what is behind it": "アプリケーション推論プロファイルの中身がわからない",
    "Its ARN tells neither the model nor the Regions: undecided until somebody looks.": (
        "ARN からはモデルもリージョンもわからないため、誰かが確認するまで「判定不能」です。"
    ),
    "A role with an exception": "例外が認められたロール",
    "Research may use global profiles: signed off, with an owner and a last day.": (
        "研究部門はグローバルプロファイルを使用できます（承認済み。責任者と期限があります）。"
    ),
    "A role whose exception has run out": "例外の期限が切れたロール",
    "The prototype went on after its last day: an alert that names the exception and its owner.": (
        "試作システムが期限後も動き続けていました。アラートには、例外の ID と責任者が記載されます。"
    ),
    "Somebody forges an event": "イベントの偽造",
    "By PutEvents: in AWS's name, under another name, and straight onto crisguard's own bus.": (
        "PutEvents で、AWS を名乗り、別の名前を使い、crisguard のバスにも直接送り込もうとします。"
    ),
    "A record that nobody can read": "誰にも読めない記録",
    "Its time is no time. It is kept for a person; its neighbour in the same batch is decided.": (
        "時刻が時刻になっていません。人が確認できるように残し、同じバッチのほかの記録は判定します。"
    ),
}
DAYS = {
    "Within the hour": "1 時間以内",
    "Half an hour later": "30 分後",
    "An hour later": "1 時間後",
    "Minutes later": "数分後",
    "In the evening": "夕方",
    "Somebody looks by hand": "手動での確認",
    "At the settings in Tokyo, by a request that names it. The answer is the report: all is in order.": (
        "リージョンを指定して、東京の設定を確認します。応答がそのままレポートになります。問題はありません。"
    ),
    "At night": "その夜",
    "The next morning": "翌朝",
    "In the afternoon": "午後",
    "The next night": "次の夜",
    "The next day": "その翌日",
    "Ten days later": "10 日後",
    "Five canaries": "5 つのカナリア",
    "Each Region's schedule sends a record of nobody's call the whole way. It arrives, and nobody hears of it.": (
        "各リージョンのスケジュールが、架空の呼び出しの記録を全経路に流します。記録は届き、誰にも通知されません。"
    ),
    "It gets worse": "悪化した",
    "The profile that nobody examined stayed in Tokyo, and people know. Now a prompt is processed in Sydney.": (
        "誰も確認していないプロファイルが東京で使われたことは通知済みです。今度は、プロンプトがシドニーで処理されました。"
    ),
    "Muted by an exception": "例外による通知の停止",
    "An agency's trial gets an exception, in the policy's file alone. People are not told of it; machines are.": (
        "広告代理店の試用に例外を認めます。変えるのはポリシーファイルだけです。担当者には通知せず、システムには通知します。"
    ),
    "The exception is withdrawn": "例外の取り消し",
    "What it muted was not forgotten: the next hourly review tells people.": (
        "止めていた検出結果は忘れていません。次の定時確認で担当者に通知します。"
    ),
    "In the other language": "もう一方の言語で",
    "The policy's file says `language: ja` (or `en`, in a Japanese demo) for an hour. Nothing is deployed.": (
        "ポリシーファイルを 1 時間だけ `language: en` に変えます（英語のデモでは `ja`）。デプロイは不要です。"
    ),
    "The settings are looked at": "設定の確認",
    "Does the evidence exist, is it encrypted, is it kept? In five Regions, each in another condition.": (
        "証跡は存在し、暗号化され、保持されているでしょうか。状態の異なる 5 つのリージョンを確認します。"
    ),
    "Somebody deletes the logging configuration": "誰かがログ記録の設定を削除した",
    "In Tokyo, where all was well. Nobody waits for the night: CloudTrail's event has this one thing looked at. "
    "The deletion of a bucket that holds no evidence has nothing looked at.": (
        "問題のなかった東京での出来事です。夜を待たず、CloudTrail のイベントをきっかけに、そこだけを確認します。"
        "証跡を保存していないバケットが削除されても、何も確認しません。"
    ),
    "It is put back": "設定が元に戻された",
    "That, too, is an event: it is looked at again, found in order, and people are told so.": (
        "これもイベントになります。あらためて確認し、問題がなくなったことを担当者に通知します。"
    ),
    "A rule is switched off and on": "ルールが無効にされ、また有効にされた",
    "Somebody disabled it for a minute. Enabled again, it drops read-only events: crisguard would be blind.": (
        "誰かが 1 分間だけ無効にしました。有効に戻しても読み取り専用のイベントは届かず、"
        "crisguard には何も見えなくなります。"
    ),
    "The rule is put back": "ルールが元に戻された",
    "The nightly look finds the rule in order, and says so once. What was found a night ago is told nobody again.": (
        "夜間の確認でルールが正常に戻ったことを 1 度だけ通知します。前の晩に検出したことは、あらためて通知しません。"
    ),
    "The loop goes on": "ループは続く",
    "The nightly job made twelve more calls. No second alert, but a reminder with both numbers, and of the "
    "settings that are still wrong.": (
        "夜間ジョブがさらに 12 回呼び出しました。新しいアラートではなく、両方の回数を示すリマインダーを送ります。"
        "まだ直っていない設定も含みます。"
    ),
    "A quiet week, and it comes back": "静かな 1 週間のあと、再発した",
    "All that was quiet for a week was closed without a word; settings never are, so a reminder comes. Then the "
    "voice assistant leaves Japan again.": (
        "1 週間何も起きなかった検出結果は、通知なしで終了します。設定は自動では終了しないため、リマインダーが届きます。"
        "そして、音声アシスタントのプロンプトがまた日本の外で処理されました。"
    ),
}
ORGANIZATION = {
    "A unit gets a stricter Region deny": "OU のリージョン拒否が厳しくなった",
    "Control Tower's Region deny is turned on for the unit Online, with Tokyo alone. Nobody has called anything yet "
    "when the nightly look says what it breaks.": (
        "Online OU で、東京だけを許可する Control Tower のリージョン拒否が有効にされました。"
        "まだ誰も呼び出していませんが、何が動かなくなるかを夜間の確認が通知します。"
    ),
    "An application calls all the same": "それを知らずに呼び出したアプリケーション",
    "It is refused, and CloudTrail names the policy at best. The alert names the statement, for check-posture keeps "
    "what stands above the account.": (
        "呼び出しは拒否されます。CloudTrail の記録からわかるのは、せいぜいポリシーまでです。"
        "アラートにはステートメントまで記載されます。check-posture が、アカウントの上位の SCP を保存しているためです。"
    ),
    "The mend is attached": "修正したポリシーのアタッチ",
    "The control is turned off for Online, and the statement as crisguard changed it attached in its stead; to "
    "Sandbox, the policy that closes what leaves. The nightly look finds all in order.": (
        "Online OU のコントロールを無効にし、代わりに crisguard が提案した変更後のポリシーをアタッチします。"
        "Sandbox OU には、外に出うるプロファイルを塞ぐポリシーを追加します。"
        "夜間の確認で、問題がなくなったことがわかります。"
    ),
    "Organization": "組織",
    "The Region deny permits": "拒否されないリージョン",
    "; ": "、",
    "no policy binds it": "SCP の対象外",
    "Tokyo, Osaka": "東京、大阪",
    "Tokyo, Osaka; InvokeModel: any": "東京、大阪（InvokeModel は全て）",
    "Tokyo": "東京",
    "Tokyo, and jp. to Osaka": "東京（jp. は大阪も）",
    "no profile leaves": "プロファイルは外に出ない",
    "works": "動作",
    "fails": "失敗",
    "leaves": "外に出うる",
    "… {} more": "… ほか {} 件",
    "Foretold before anything was attached: {mended} verdicts change by the mend (--what-if), {closed} by the policy "
    "that closes what leaves, and no other.": (
        "アタッチする前の予測: 判定が変わるのは、変更案によるもの {mended} 件（--what-if）と、"
        "外に出うるプロファイルを塞ぐポリシーによるもの {closed} 件だけです。"
    ),
    "works: nothing is denied of what AWS evaluates, the profile and the model wherever it can be processed.": (
        "動作: AWS が評価するもの（プロファイルと、処理されうるすべてのリージョンのモデル）が、どれも拒否されません。"
    ),
    "fails: it is denied in one of these Regions, and with it every call. jp. in applications fails by {region} "
    "alone: statement {statement} of {policy}.": (
        "失敗: そのリージョンの 1 つでも拒否されると、すべての呼び出しが失敗します。"
        "applications の jp. が失敗する原因は {region} だけです（{policy} のステートメント {statement}）。"
    ),
    "leaves: works, and can be processed where the policy does not allow it. What Sandbox exempts, it exempts for "
    "every profile.": (
        "外に出うる: 動作し、ポリシーが許可しないリージョンで処理されることがあります。Sandbox の例外が、"
        "すべてのプロファイルに及ぶためです。"
    ),
}
SETTINGS = {
    "Region": "リージョン",
    "Its logs of invocations": "呼び出しログの状態",
    "In order": "準拠",
    "Wrong": "違反",
    "Undecided": "判定不能",
    "everything as it must be": "すべて求められるとおり",
    "nobody ever turned logging on": "ログ記録が一度も有効にされていない",
    "logging is on; its bucket and log group were deleted": "有効だが、バケットとロググループが削除された",
    "check-posture may not read how logging is set": "check-posture に設定を読む権限がない",
    "S3's own encryption; images and embeddings not logged": "S3 マネージドキーで暗号化。画像と埋め込みは未記録",
    "{} controls": "統制 {} 件",
    "{accounts} account × {regions} Regions × {controls} controls, of which those on IAM decide once: {compliant} "
    "compliant ({region_not_enabled} of them in Regions that are not enabled), {non_compliant} non-compliant, "
    "{undecided} undecided": (
        "{accounts} アカウント × {regions} リージョン × {controls} 統制（IAM に関する統制はアカウントごとに 1 回）: "
        "準拠 {compliant}（うち {region_not_enabled} は有効でないリージョン）、違反 {non_compliant}、"
        "判定不能 {undecided}"
    ),
    "The report: {} in the bucket {}": "レポート: {} （バケット {}）",
    "The same in Slack or Teams: who deleted the logging configuration": (
        "Slack や Teams での表示: ログ記録の設定を削除した利用者"
    ),
}
FOR_REAL = {
    "Your policy, in every enabled Region of your account:": "有効なすべてのリージョンに、自社のポリシーでデプロイ:",
    "One real call, followed to its decision:": "実際に 1 回呼び出して、判定まで追跡:",
    "All of it away again, but the policy, the reports, the alerts topic and their key:": (
        "アンインストール（ポリシー、レポート、アラートのトピック、それらのキーは残ります）:"
    ),
    "Start your policy from `crisguard policy example` and check it with `crisguard policy check`. "
    "README.md says what crisguard needs, what it costs, and what it does not see.": (
        "ポリシーは `crisguard policy example` の出力をもとに作成し、`crisguard policy check` で確認してください。"
        "必要なもの、費用、検出できないものについては、README.ja.md を参照してください。"
    ),
}
JAPANESE = {**HEADINGS, **INTRODUCTIONS, **STORIES, **DAYS, **ORGANIZATION, **SETTINGS, **FOR_REAL}
