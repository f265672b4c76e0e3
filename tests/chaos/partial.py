"""Answers of which only a part is good, as each service words them, and answers that come in pieces.

Whatever an answer calls failed was not done: the proxy passes on only the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.runtime.http import Request
from tests.runtime.passing import Answer

from .proxy import Pass

Partly = Callable[[Request, Pass], Answer]

JSON = (("content-type", "application/x-amz-json-1.0"),)
REST_JSON = (("content-type", "application/json"),)


def _body(request: Request) -> Any:
    return json.loads(request.body)


def _with(request: Request, body: Any) -> Request:
    return replace(request, body=json.dumps(body).encode())


def _answer(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = JSON) -> Answer:
    return Answer(status, headers, json.dumps(body).encode(), whole=True)


# -- Amazon SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html


def _messages_fail(which: Callable[[int], bool], mentioned: bool) -> Partly:
    def partly(request: Request, on: Pass) -> Answer:
        body = _body(request)
        failed = [entry for position, entry in enumerate(body["Entries"]) if which(position)]
        kept = [entry for entry in body["Entries"] if entry not in failed]
        answer = json.loads(on(_with(request, {**body, "Entries": kept})).body) if kept else {"Successful": []}
        named = {"Code": "InternalError", "Message": "try again", "SenderFault": False}
        answer["Failed"] = [{"Id": entry["Id"], **named} for entry in failed] if mentioned else []
        return _answer(answer)

    return partly


# -- Amazon DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html


def _cancelled(code: str, *, first_only: bool = False, reasons: int | None = None) -> Partly:
    def partly(request: Request, _: Pass) -> Answer:
        writes = len(_body(request)["TransactItems"])
        none, told = {"Code": "None"}, {"Code": code, "Message": "told by the fault proxy"}
        each = [told if position == 0 or not first_only else none for position in range(writes)]
        answer = {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]",
            "CancellationReasons": each[:reasons],
        }
        return _answer(answer, status=400)

    return partly


def _in_progress(_: Request, __: Pass) -> Answer:
    kind = "com.amazonaws.dynamodb.v20120810#TransactionInProgressException"
    return _answer({"__type": kind, "Message": "told by the fault proxy"}, status=400)


def _one_a_page(request: Request, on: Pass) -> Answer:
    """A page ends where DynamoDB likes, at the latest after a megabyte.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
    """
    return on(_with(request, {**_body(request), "Limit": 1}))


# -- Amazon EventBridge: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html


def _events_fail(which: Callable[[int], bool]) -> Partly:
    def partly(request: Request, on: Pass) -> Answer:
        entries = _body(request)["Entries"]
        kept = [entry for position, entry in enumerate(entries) if not which(position)]
        taken = json.loads(on(_with(request, {"Entries": kept})).body)["Entries"] if kept else []
        refused = {"ErrorCode": "InternalFailure", "ErrorMessage": "told by the fault proxy"}
        answers = [refused if which(position) else taken.pop(0) for position in range(len(entries))]
        return _answer({"FailedEntryCount": len(entries) - len(kept), "Entries": answers})

    return partly


# -- AWS Security Hub: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html


def _imports_fail(which: Callable[[int], bool]) -> Partly:
    def partly(request: Request, on: Pass) -> Answer:
        findings = _body(request)["Findings"]
        failed = [finding for position, finding in enumerate(findings) if which(position)]
        kept = [finding for finding in findings if finding not in failed]
        if kept:
            on(_with(request, {"Findings": kept}))
        refused = {"ErrorCode": "InternalError", "ErrorMessage": "told by the fault proxy"}
        answer = {
            "FailedCount": len(failed),
            "SuccessCount": len(kept),
            "FailedFindings": [{"Id": finding["Id"], **refused} for finding in failed],
        }
        return _answer(answer, headers=REST_JSON)

    return partly


def _first(position: int) -> bool:
    return position == 0


def _every_second(position: int) -> bool:
    return position % 2 == 1


def _all(_: int) -> bool:
    return True


# What each operation can answer by halves, in words for the table.
PARTIAL: dict[str, dict[str, Partly]] = {
    "sqs:SendMessageBatch": {
        "first entry Failed": _messages_fail(_first, mentioned=True),
        "every second entry Failed": _messages_fail(_every_second, mentioned=True),
        "all entries Failed": _messages_fail(_all, mentioned=True),
        "first entry not mentioned": _messages_fail(_first, mentioned=False),
    },
    "dynamodb:TransactWriteItems": {
        "cancelled: TransactionConflict": _cancelled("TransactionConflict", first_only=True),
        "cancelled: ThrottlingError": _cancelled("ThrottlingError"),
        "cancelled: ProvisionedThroughputExceeded": _cancelled("ProvisionedThroughputExceeded"),
        "cancelled: ItemCollectionSizeLimitExceeded": _cancelled("ItemCollectionSizeLimitExceeded", first_only=True),
        "cancelled, without reasons": _cancelled("TransactionConflict", reasons=0),
        "TransactionInProgressException": _in_progress,
    },
    "dynamodb:Query": {"one item a page": _one_a_page},
    "events:PutEvents": {
        "first entry failed": _events_fail(_first),
        "all entries failed": _events_fail(_all),
    },
    "securityhub:BatchImportFindings": {
        "first finding failed": _imports_fail(_first),
        "all findings failed": _imports_fail(_all),
    },
}
