"""Lambda: what a function receives, and what its log has."""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc, sqs


def apply() -> None:
    """Adjusts how functions are run."""
    _gather_batches_as_large_as_asked()
    _read_at_once()
    _log_what_a_cold_start_wrote()


def _gather_batches_as_large_as_asked() -> None:
    """A function gets as many messages of a standard queue at once as its mapping asks for.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """

    def receive(queue_url: str, batch_size: Any) -> list[dict[str, Any]]:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            most = 10 if queue["is_fifo"] else 10_000
            visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
            messages: list[dict[str, Any]] = sqs._collect_msgs(queue, min(int(batch_size or 1), most), visibility)
            return messages

    sqs._receive_messages_for_esm = receive


def _read_at_once() -> None:
    """A mapping that is switched on reads what waits already; the emulator would look up to a second later."""
    update = lambda_svc._update_esm

    def update_and_wake(mapping: str, data: dict[str, Any]) -> Any:
        answer = update(mapping, data)
        lambda_svc._esm_wake.set()
        return answer

    lambda_svc._update_esm = update_and_wake


def _log_what_a_cold_start_wrote() -> None:
    """What a function writes before it fails to start is in its log.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    original = lambda_svc._execute_function_provided_warm

    def execute(*arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = original(*arguments)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and not result.get("log"):
            failed, _, written = str(body.get("errorMessage", "")).partition(": ")
            if failed.startswith("bootstrap exited during init"):
                result["log"] = written
        return result

    lambda_svc._execute_function_provided_warm = execute
