"""E-mail, which the emulator only logs: each message to an e-mail subscriber becomes a line of a file.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ministack.services import sns


def deliver_into(mailbox: Path) -> None:
    """Appends what e-mail subscribers receive to `mailbox`: one JSON object a message, oldest first.

    A subscription counts as confirmed at once, as if its owner had followed the link.
    """
    fan_out = sns._fanout

    def fan_out_with_mail(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        fan_out(topic_arn, message_id, message, subject, message_structure, message_attributes, **options)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": [], "attributes": {}}
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        for subscription in topic["subscriptions"]:
            if subscription.get("protocol") != "email" or not subscription.get("confirmed"):
                continue
            if not sns._matches_filter_policy(subscription, message_attributes or {}, text):
                continue
            mail = {
                "message_id": message_id,
                "from": topic["attributes"].get("DisplayName") or "AWS Notifications",
                "to": subscription["endpoint"],
                "subject": subject or "AWS Notification Message",
                "text": text,
            }
            with mailbox.open("a", encoding="utf-8") as file:
                file.write(json.dumps(mail) + "\n")

    sns._fanout = fan_out_with_mail
