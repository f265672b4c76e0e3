"""Others on the same question: how many invocations of Bedrock went from which Region to which.

`python -m tests.bench.scan.peers NAME FOLDER` prints the answer as JSON: [[source, destination or null, count], …].
Each is used as its documentation says it is fast: typed where it can be, and with both cores where it can.
"""

# Each is loaded only where it is asked: what the others take is not to be measured with it.
# ruff: noqa: PLC0415
from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable
from multiprocessing import Pool
from pathlib import Path
from typing import Any

SOURCE = "bedrock.amazonaws.com"
Rows = list[tuple[str, str | None, int]]


def files(folder: Path) -> list[str]:
    """Returns all log files."""
    return sorted(str(path) for path in folder.rglob("*.json.gz"))


def rows(counts: Counter[tuple[str, str | None]]) -> Rows:
    """Makes rows of counts."""
    return [(source, destination, count) for (source, destination), count in counts.items()]


JQ = f"""[.Records[] | select(.eventSource == "{SOURCE}") | [.awsRegion, .additionalEventData.inferenceRegion]]
  | group_by(.) | map([.[0][0], .[0][1], length])"""


def _jq(file: str) -> Counter[tuple[str, str | None]]:
    import jq

    counted = jq.compile(JQ).input_text(gzip.decompress(Path(file).read_bytes()).decode()).first()
    return Counter({(source, destination): count for source, destination, count in counted})


def _pooled(one: Callable[[str], Counter[tuple[str, str | None]]], folder: Path) -> Rows:
    with Pool(2) as pool:
        return rows(sum(pool.imap_unordered(one, files(folder), chunksize=4), Counter()))


def jq_(folder: Path) -> Rows:
    """Runs jq over each file."""
    return _pooled(_jq, folder)


def duckdb_(folder: Path) -> Rows:
    """Asks DuckDB, which is told the members that matter and their types."""
    import duckdb

    record = "STRUCT(eventSource VARCHAR, awsRegion VARCHAR, additionalEventData STRUCT(inferenceRegion VARCHAR))"
    query = f"""
        SELECT r.awsRegion, r.additionalEventData.inferenceRegion, count(*)
        FROM (SELECT unnest(Records) AS r FROM read_json('{folder}/**/*.json.gz',
          columns={{Records: '{record}[]'}}, format='unstructured', maximum_object_size=67108864))
        WHERE r.eventSource = '{SOURCE}' GROUP BY ALL"""
    connection = duckdb.connect(config={"threads": 2})
    return [(source, destination, count) for source, destination, count in connection.execute(query).fetchall()]


def chdb_(folder: Path) -> Rows:
    """Asks chDB, which is told the members that matter and their types."""
    import chdb

    record = "eventSource String, awsRegion String, additionalEventData Tuple(inferenceRegion Nullable(String))"
    query = f"""
        SELECT r.awsRegion, r.additionalEventData.inferenceRegion, count()
        FROM file('{folder}/**/*.json.gz', 'JSONEachRow', 'Records Array(Tuple({record}))')
        ARRAY JOIN Records AS r WHERE r.eventSource = '{SOURCE}' GROUP BY ALL
        SETTINGS max_threads = 2, input_format_skip_unknown_fields = 1,
          input_format_json_ignore_unknown_keys_in_named_tuple = 1,
          input_format_json_defaults_for_missing_elements_in_named_tuple = 1"""
    answer = json.loads(str(chdb.query(query, "JSONCompact")))["data"]
    return [(source, destination, int(count)) for source, destination, count in answer]


def polars_(folder: Path) -> Rows:
    """Has polars read each file with a schema, inflated by isal."""
    import polars as pl
    from isal import igzip

    record = pl.Struct(
        {
            "eventSource": pl.String,
            "awsRegion": pl.String,
            "additionalEventData": pl.Struct({"inferenceRegion": pl.String}),
        }
    )
    counts: Counter[tuple[str, str | None]] = Counter()
    for file in files(folder):
        table = pl.read_ndjson(igzip.decompress(Path(file).read_bytes()), schema={"Records": pl.List(record)})
        records = table.explode("Records").unnest("Records").filter(pl.col("eventSource") == SOURCE)
        destination = pl.col("additionalEventData").struct.field("inferenceRegion")
        for source, to, count in records.group_by("awsRegion", destination).len().iter_rows():
            counts[source, to] += count
    return rows(counts)


def _msgspec(file: str) -> Counter[tuple[str, str | None]]:
    from isal import igzip

    counts: Counter[tuple[str, str | None]] = Counter()
    for record in _decoder().decode(igzip.decompress(Path(file).read_bytes())).Records:
        if record.eventSource == SOURCE:
            data = record.additionalEventData
            counts[record.awsRegion, data.inferenceRegion if data else None] += 1
    return counts


def _decoder() -> Any:
    if not _DECODERS:
        import msgspec

        data = msgspec.defstruct("Data", [("inferenceRegion", str | None, None)])
        members = [("eventSource", str), ("awsRegion", str), ("additionalEventData", data | None, None)]
        record = msgspec.defstruct("Record", members, gc=False)
        log = msgspec.defstruct("Log", [("Records", list[record])])  # type: ignore[valid-type]
        _DECODERS.append(msgspec.json.Decoder(log))
    return _DECODERS[0]


_DECODERS: list[Any] = []


def msgspec_(folder: Path) -> Rows:
    """Decodes each file with msgspec into typed records, inflated by isal."""
    return _pooled(_msgspec, folder)


PEERS: dict[str, tuple[str, Callable[[Path], Rows]]] = {
    "msgspec": ("Python: isal and msgspec, typed", msgspec_),
    "chdb": ("chDB, typed", chdb_),
    "duckdb": ("DuckDB, typed", duckdb_),
    "polars": ("polars and isal, typed", polars_),
    "jq": ("jq", jq_),
}


if __name__ == "__main__":
    json.dump(PEERS[sys.argv[1]][1](Path(sys.argv[2])), sys.stdout)
