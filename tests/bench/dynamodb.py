"""A stand-in for DynamoDB: one table in memory, with transactions that really are all or nothing.

Conditions are checked as AWS does; what it does not know is refused, never passed over. What
each call would have cost is counted in request units
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

Item = dict[str, dict[str, str]]
Key = tuple[str, str]


class RefusedError(Exception):
    """A call that DynamoDB would refuse, with the code and what goes with it."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        """Names the error as AWS does."""
        super().__init__(message)
        self.answer = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}


class Table:
    """Every document, by partition and sort key."""

    def __init__(self) -> None:
        """Starts empty."""
        self.partitions: defaultdict[str, dict[str, Item]] = defaultdict(dict)
        self.used: Counter[str] = Counter()

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Does one operation."""
        calls = {
            "GetItem": self._get_item,
            "Query": self._query,
            "TransactWriteItems": self._transact_write_items,
        }
        if operation not in calls:
            raise RefusedError("ValidationException", f"the stand-in does not know {operation}")
        self.used[operation] += 1
        return calls[operation](request)

    def _get_item(self, request: dict[str, Any]) -> dict[str, Any]:
        item = self._find(_key(request["Key"]))
        self._read([item] if item else [], request)
        return {"Item": item} if item else {}

    def _query(self, request: dict[str, Any]) -> dict[str, Any]:
        values = request["ExpressionAttributeValues"]
        parts = [part.strip() for part in request["KeyConditionExpression"].split(" AND ")]
        if parts[0] != "pk = :pk" or len(parts) > 2 or "FilterExpression" in request:
            raise RefusedError("ValidationException", f"the stand-in cannot query by {parts}")
        prefix = ""
        if len(parts) == 2:
            if not parts[1].startswith("begins_with(sk, :"):
                raise RefusedError("ValidationException", f"the stand-in cannot query by {parts[1]}")
            prefix = values[parts[1].removeprefix("begins_with(sk, ").removesuffix(")")]["S"]
        partition = self.partitions.get(values[":pk"]["S"], {})
        items = [partition[sort] for sort in sorted(partition) if sort.startswith(prefix)]
        self._read(items, request)
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def _transact_write_items(self, request: dict[str, Any]) -> dict[str, Any]:
        writes = request["TransactItems"]
        if not 1 <= len(writes) <= 100:
            raise RefusedError("ValidationException", f"a transaction has 1 to 100 writes, not {len(writes)}")
        keys, reasons = set(), []
        for write in writes:
            (kind, action), *more = write.items()
            if more or kind not in ("Put", "Delete", "ConditionCheck"):
                raise RefusedError("ValidationException", f"the stand-in does not know {list(write)}")
            key = _key(action["Item"] if kind == "Put" else action["Key"])
            if key in keys:
                raise RefusedError("ValidationException", "a transaction names an item once")
            keys.add(key)
            reasons.append({"Code": "None" if self._holds(action, key) else "ConditionalCheckFailed"})
        # A cancelled transaction costs what the whole one would have.
        for write in writes:
            item = write["Put"]["Item"] if "Put" in write else {}
            self.used["write request units"] += 2 * max(1, -(-_size(item) // 1024))
        if any(reason["Code"] != "None" for reason in reasons):
            self.used["transactions cancelled"] += 1
            raise RefusedError(
                "TransactionCanceledException", "Transaction cancelled, see reasons", CancellationReasons=reasons
            )
        for write in writes:
            if "Put" in write:
                item = write["Put"]["Item"]
                partition, sort = _key(item)
                self.partitions[partition][sort] = item
                self.used["items written"] += 1
            elif "Delete" in write:
                partition, sort = _key(write["Delete"]["Key"])
                self.partitions.get(partition, {}).pop(sort, None)
        return {}

    def _find(self, key: Key) -> Item | None:
        return self.partitions.get(key[0], {}).get(key[1])

    def _holds(self, action: dict[str, Any], key: Key) -> bool:
        condition = action.get("ConditionExpression")
        if condition is None:
            return True
        item = self._find(key)
        if condition == "attribute_not_exists(pk)":
            return item is None
        name, is_equal, value = condition.partition(" = ")
        if not is_equal or " " in value:
            raise RefusedError("ValidationException", f"the stand-in cannot check {condition!r}")
        return item is not None and item.get(name) == action["ExpressionAttributeValues"][value]

    def _read(self, items: list[Item], request: dict[str, Any]) -> None:
        units = max(1, -(-sum(_size(item) for item in items) // 4096))
        self.used["read request units"] += units if request.get("ConsistentRead") else (units + 1) // 2

    def bodies(self, sort_prefix: str) -> list[dict[str, Any]]:
        """Returns the bodies of every document whose sort key begins so, as JSON values."""
        found = []
        for partition, sorts in self.partitions.items():
            for sort, item in sorts.items():
                if sort.startswith(sort_prefix) and "body" in item:
                    found.append({"pk": partition, "sk": sort, "body": json.loads(item["body"]["S"])})
        return found


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _size(item: Item) -> int:
    return sum(len(name) + len(next(iter(value.values()))) for name, value in item.items())
