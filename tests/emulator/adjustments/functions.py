"""Lambda: what a function receives, and what its log has."""

from __future__ import annotations

import fcntl
import struct
import termios
import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sqs

# For so many seconds a function's output is waited for.
LONGEST_DRAIN = 1.0


def apply() -> None:
    """Adjusts how functions are run."""
    _gather_batches_as_large_as_asked()
    _read_at_once()
    _log_what_a_cold_start_wrote()
    _log_all_that_was_written()


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
    """What a function writes before it fails to start is in its log, and who invoked it reads the error that
    it reported.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror
    """
    worker = lambda_runtime.ProvidedWorker
    await_init, original = worker._await_init, lambda_svc._execute_function_provided_warm
    failed = threading.local()

    def await_init_and_keep(self: Any, *arguments: Any, **options: Any) -> None:
        try:
            await_init(self, *arguments, **options)
        except RuntimeError as error:
            _, _, written = str(error).partition(": ")
            failed.reported, failed.written = self._init_error, self._init_log_suffix().removeprefix(": ") or written
            raise

    def execute(*arguments: Any) -> dict[str, Any]:
        failed.reported, failed.written = None, ""
        result: dict[str, Any] = original(*arguments)
        if result.get("error"):
            result["log"] = result.get("log") or failed.written
            result["body"] = failed.reported or result.get("body")
        return result

    worker._await_init = await_init_and_keep
    lambda_svc._execute_function_provided_warm = execute


def _log_all_that_was_written() -> None:
    """What a function wrote before it answered is in that invocation's log; on a busy machine the emulator
    would read some of it with the next one.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    worker = lambda_runtime.ProvidedWorker
    original = worker._drain_stderr_bounded

    def drain(self: Any, *arguments: Any, **options: Any) -> str:
        until = time.monotonic() + LONGEST_DRAIN
        while self._proc and _unread(self._proc.stdout) and time.monotonic() < until:
            time.sleep(0.001)
        log: str = original(self, *arguments, **{"idle_confirm": 0.02, **options})
        return log

    worker._drain_stderr_bounded = drain


def _unread(pipe: Any) -> int:
    """How many bytes wait in a pipe."""
    if pipe.closed:
        return 0
    answer = fcntl.ioctl(pipe.fileno(), termios.FIONREAD, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
