"""The headings of the transcript in Japanese, for `--language ja`; whatever is not here stays in English."""

from __future__ import annotations

JAPANESE = {
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
    "What the filter dropped": "フィルターが除外したイベント",
    "What the functions decided": "関数による判定",
    "What people received": "担当者への通知",
    "What machines received": "システムへの通知",
    "What could not be handled": "処理できなかったメッセージ",
    "Whether it all adds up": "数の照合",
    "For real": "実際の環境で使うには",
    "It goes on running": "起動したままの状態です",
}
