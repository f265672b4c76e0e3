"""What measurements rest on: a table that is all or nothing, answers of AWS's form, tables that say what was."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest

from tests.bench import aws, core, sweep
from tests.bench.dynamodb import RefusedError, Table


def put(sort: str, version: int, **more: Any) -> dict[str, Any]:
    item = {"pk": {"S": "p"}, "sk": {"S": sort}, "document_version": {"N": str(version)}, "body": {"S": "{}"}}
    return {"Put": {"TableName": "t", "Item": item, **more}}


ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}


def at(version: int) -> dict[str, Any]:
    values = {":version": {"N": str(version)}}
    return {"ConditionExpression": "document_version = :version", "ExpressionAttributeValues": values}


def write(table: Table, *writes: dict[str, Any]) -> list[str]:
    """Writes, and returns each write's reason for a refusal; nothing if all was written."""
    try:
        table.call("TransactWriteItems", {"TransactItems": list(writes)})
    except RefusedError as refused:
        if "CancellationReasons" not in refused.answer:
            raise
        return [reason["Code"] for reason in refused.answer["CancellationReasons"]]
    return []


def versions(table: Table) -> list[str]:
    request = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "p"}}}
    return [f"{item['sk']['S']}{item['document_version']['N']}" for item in table.call("Query", request)["Items"]]


def test_one_condition_that_fails_undoes_all() -> None:
    table = Table()
    assert write(table, put("b", 1, **ABSENT), put("a", 1)) == []
    assert write(table, put("c", 1), put("b", 1, **ABSENT), put("a", 2, **at(1))) == [
        "None",
        "ConditionalCheckFailed",
        "None",
    ]
    assert versions(table) == ["a1", "b1"]
    assert write(table, put("a", 2, **at(1)), put("b", 2, **at(2))) == ["None", "ConditionalCheckFailed"]
    assert write(table, put("a", 2, **at(1)), {"Delete": {"Key": put("b", 1)["Put"]["Item"], **at(1)}}) == []
    assert versions(table) == ["a2"]


def test_what_it_does_not_know_is_refused() -> None:
    table = Table()
    for condition in ("attribute_exists(pk)", "document_version > :version", "a = :v AND b = :v"):
        with pytest.raises(RefusedError, match="cannot check"):
            write(table, put("a", 1, ConditionExpression=condition, ExpressionAttributeValues={}))
    with pytest.raises(RefusedError, match="names an item once"):
        write(table, put("a", 1), put("a", 2))
    with pytest.raises(RefusedError, match="1 to 100"):
        write(table, *(put(f"{number}", 1) for number in range(101)))
    with pytest.raises(RefusedError, match="does not know Scan"):
        table.call("Scan", {})


def test_units_are_counted_as_aws_charges_them() -> None:
    table = Table()
    write(table, put("a", 1), put("b", 1, **ABSENT))
    large = put("c", 1)
    large["Put"]["Item"]["body"]["S"] = "x" * 1500
    write(table, large)
    assert table.used["write request units"] == 2 + 2 + 4
    versions(table)
    assert table.used["read request units"] == 1


def test_the_benchmarks_tree_is_read() -> None:
    printed = """\
core               fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ compile         135.4 µs      │ 266.2 µs      │ 140.6 µs      │ 148.8 µs      │ 100     │ 100
├─ parse_an_event                │               │               │               │         │
│  ├─ compliant    2.47 µs       │ 2.713 µs      │ 2.5 µs        │ 344 ns        │ 100     │ 100
│  │               637 MB/s      │ 26.3 MB/s     │ 612.4 MB/s    │ 277.9 MB/s    │         │
│  ╰─ no_bedrock   830 ns        │ 3.129 µs      │ 880 ns        │ 1.349 µs      │ 100     │ 200
│                  1.627 GB/s    │ 432 MB/s      │ 1.535 GB/s    │ 1.001 GB/s    │         │
╰─ last            1 ms          │ 1 ms          │ 1 ms          │ 1 ms          │ 100     │ 100
"""
    figures = [(figure.name, figure.least, figure.median, figure.speeds) for figure in core.read(printed)]
    assert figures == [
        ("compile", 135_400.0, 140_600.0, None),
        ("parse an event: compliant", 2470.0, 2500.0, pytest.approx((637.0, 612.4))),
        ("parse an event: no bedrock", 830.0, 880.0, pytest.approx((1627.0, 1535.0))),
        ("last", 1_000_000.0, 1_000_000.0, None),
    ]


def test_metrics_without_values_are_of_cloudwatch_s_form() -> None:
    results = cbor2.loads(aws._no_values(13))["MetricDataResults"]
    assert [result["Id"] for result in results] == [f"m{number}" for number in range(13)]
    assert {result["StatusCode"] for result in results} == {"Complete"}


def call(service: str, operation: str, started: float) -> dict[str, Any]:
    return {"service": service, "operation": operation, "started": started, "seconds": 0.1}


def test_a_sweep_is_held_against_the_least_it_can_take() -> None:
    own = [call("s3", "GetObject", 1.0), call("account", "ListRegions", 1.1), call("sqs", "SendMessageBatch", 2.0)]
    calls = [*own, *[call("kms", "DescribeKey", 1.2)] * 16, call("s3", "GetBucketPolicy", 1.8)]
    run = sweep.Run(1.5, 0.1, 10, calls, 4, {}, {})
    assert run.least == pytest.approx(20 * sweep.AWAY / 4)
    assert run.ratio == pytest.approx(1.5 / run.least)
    assert run.phases == pytest.approx((0.2, 0.7, 0.6))
    assert sweep.problems([run]) == []
    twice = sweep.Run(1.5, 0.1, 10, calls, 4, {"kms:DescribeKey in us-east-1: x": 2}, {})
    assert sweep.problems([run, twice]) == ["check-posture made a call more than once: kms:DescribeKey in us-east-1: x"]
