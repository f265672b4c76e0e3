"""CloudTrail's log files of an organization, as they lie in its trail's bucket."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from . import records
from .records import ACCOUNT, AT_HOME, GLOBAL, LEAVES, STAYS, Record

ORGANIZATION = "o-a1b2c3d4e5"
ACCOUNTS = (ACCOUNT, "222233334444", "333344445555")
REGIONS = ("ap-northeast-1", "us-east-1")
FIRST, DAYS = date(2026, 9, 28), 7
FILES_A_DAY = 12
# Where calls went, by what they named.
WENT = {
    STAYS: ("ap-northeast-1", "ap-northeast-3"),
    LEAVES: ("ap-northeast-1", "ap-southeast-2"),
    GLOBAL: ("us-west-2", "eu-west-1"),
    AT_HOME: (None,),
}


@dataclass
class Trail:
    """The files by their keys, and how many records of which kind they have."""

    files: dict[str, bytes] = field(default_factory=dict)
    records: int = 0
    not_bedrock: int = 0
    duplicates: int = 0
    ends: int = 0
    calls: int = 0


def key(account: str, region: str, day: date, number: int) -> str:
    """The key of a log file (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html)."""
    folder = f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{day:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{day:%Y%m%d}T{number:02}05Z_{number:016}.json.gz"


def trail(seed: int = 7) -> Trail:
    """An organization's week: calls that stay and calls that leave, streams that end in another file, records that were
    delivered twice, and other services' records around all of them.
    """
    chance, made = random.Random(seed), Trail()
    contents: dict[str, list[Record]] = {}
    for account in ACCOUNTS:
        for region in REGIONS:
            places = [(FIRST + timedelta(day), number) for day in range(DAYS) for number in range(FILES_A_DAY)]
            keys = [key(account, region, day, number) for day, number in places]
            contents |= {name: [] for name in keys}
            for at, (day, number) in enumerate(places):
                for record in calls(chance, account, region, f"{day.isoformat()}T{number:02}:03:00Z"):
                    contents[keys[at]].append(record)
                    made.calls += 1
                    if record["eventName"] == "ConverseStream":
                        # It ends in a file after, which may be another batch's.
                        went = chance.choice(WENT[LEAVES]) or region
                        end = owned(records.end_of_stream(record, went), account, chance)
                        contents[keys[min(at + chance.randrange(30), len(keys) - 1)]].append(end)
                        made.ends += 1
                    if chance.random() < 0.1:
                        contents[chance.choice(keys)].append(record)
                        made.duplicates += 1
                others = [other(chance, account, region) for _ in range(chance.randrange(4))]
                contents[keys[at]] += others
                made.not_bedrock += len(others)
    for name, found in contents.items():
        chance.shuffle(found)
        made.records += len(found)
        made.files[name] = gzip.compress(json.dumps({"Records": found}).encode(), mtime=0)
    return made


def calls(chance: random.Random, account: str, region: str, time: str) -> Iterator[Record]:
    """Some inference requests."""
    for _ in range(chance.randrange(3)):
        model = chance.choice(list(WENT))
        name = "ConverseStream" if model == LEAVES and chance.random() < 0.5 else "Converse"
        # A stream's first record does not tell where it is processed.
        went = None if name == "ConverseStream" else chance.choice(WENT[model])
        role = chance.choice(["chat", "batch", "research"])
        made = records.call(model, processed_in=went, by=role, region=region, name=name, eventTime=time)
        yield owned(made, account, chance)


def other(chance: random.Random, account: str, region: str) -> Record:
    """A record of another service, which may quote Bedrock's name."""
    made = records.call(region=region)
    made |= {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}
    made["requestParameters"] = {"bucketName": "b", "key": 'a"eventSource":"bedrock.amazonaws.com"'}
    return owned(made, account, chance)


def owned(record: Record, account: str, chance: random.Random) -> Record:
    """The record as an account's CloudTrail writes it, with ids that come out the same each time."""
    own: dict[str, Any] = json.loads(json.dumps(record).replace(ACCOUNT, account))
    own |= {name: str(identity(chance)) for name in ("requestID", "eventID")}
    return own


def identity(chance: random.Random) -> str:
    """A UUID."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
