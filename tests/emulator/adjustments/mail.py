"""SNS: what subscribers by e-mail receive."""

from __future__ import annotations

from typing import Any

from ministack.services import sns

# Since the emulator started, the oldest first.
mail: list[dict[str, str]] = []


def apply() -> None:
    """Who subscribed by e-mail receives the body written for e-mail; `Emulator.mail` shows it.

    https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    original = sns._fanout

    def fanout(
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        original(topic_arn, message_id, message, subject, message_structure, message_attributes, **options)
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
        for subscription in topic["subscriptions"]:
            if subscription.get("protocol") != "email" or not subscription.get("confirmed"):
                continue
            body = sns._resolve_message_for_protocol(message, message_structure, "email")
            if sns._matches_filter_policy(subscription, message_attributes or {}, body):
                sender = topic["attributes"].get("DisplayName") or "AWS Notifications"
                received = {"from": sender, "to": subscription.get("endpoint", ""), "subject": subject, "body": body}
                mail.append(received)

    sns._fanout = fanout


def show(_: dict[str, Any]) -> dict[str, Any]:
    """What they received."""
    return {"mail": list(mail)}
