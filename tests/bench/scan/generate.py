"""Makes log files like CloudTrail's, the same ones for the same seed: many services, and some records of Bedrock."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any

MADE = ".made"
ACCOUNTS = ["111122223333", "444455556666", "777788889999", "123456789012"]
REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1", "ap-northeast-3"]
MODELS = [
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "amazon.nova-pro-v1:0",
    "meta.llama3-3-70b-instruct-v1:0",
]
DESTINATIONS = {
    "us": ["us-east-1", "us-east-2", "us-west-2"],
    "eu": ["eu-west-1", "eu-central-1", "eu-north-1"],
    "jp": ["ap-northeast-1", "ap-northeast-3"],
}
AGENTS = [
    "Boto3/1.40.18 md/Botocore#1.40.18 ua/2.1 os/linux#6.1.141 md/arch#x86_64 lang/python#3.13.5 md/pyimpl#CPython "
    "cfg/retry-mode#standard Botocore/1.40.18",
    "aws-cli/2.27.49 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4 md/pyimpl#CPython "
    "md/prompt#off md/command#s3.cp",
    "aws-sdk-java/2.31.78 md/io#async md/http#NettyNio ua/2.1 api/DynamoDB#2.31.x os/Linux#5.10.238 lang/java#21.0.7",
    "aws-sdk-go-v2/1.36.5 ua/2.1 os/linux lang/go#1.24.4 md/GOOS#linux md/GOARCH#arm64 api/sts#1.34.0 m/E,g",
    "[Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36]",
]
ROLES = [
    "app-prod",
    "etl-nightly",
    "AWSReservedSSO_PowerUserAccess_1b74cd717d47002b",
    "eks-node",
    "ci-deploy",
    "chat-api",
]
CALLERS = {"app-prod": MODELS[:2], "etl-nightly": MODELS[2:], "chat-api": MODELS[1:3]}
ZONES = {
    "us-east-1": "us",
    "us-west-2": "us",
    "eu-west-1": "eu",
    "eu-central-1": "eu",
    "ap-northeast-1": "jp",
    "ap-northeast-3": "jp",
}


@dataclass(frozen=True)
class Wanted:
    """What files to make."""

    name: str
    seed: int
    files: int
    bytes_each: int
    """How large each file is at the least, inflated."""
    bedrock: float
    """Which part of the records is Bedrock's."""

    def folder(self, under: Path) -> Path:
        """Returns where they are kept."""
        return under / f"{self.name}-{self.seed}-{self.files}-{self.bytes_each}-{round(self.bedrock * 100)}"


def make(wanted: Wanted, under: Path) -> Path:
    """Makes the files, unless they are there, and returns their folder."""
    folder = wanted.folder(under)
    if not (folder / MADE).exists():
        total = Made(0, 0, 0, 0, Counter())
        with multiprocessing.Pool() as pool:
            chunk = max(1, min(500, wanted.files // 16))
            for made in pool.imap_unordered(_Maker(wanted, folder), range(wanted.files), chunksize=chunk):
                total = total + made
        (folder / MADE).write_text(json.dumps([*astuple(total)[:4], [[*key, n] for key, n in total.routes.items()]]))
    return folder


@dataclass(frozen=True)
class Made:
    """What files have in them."""

    files: int
    stored: int
    inflated: int
    records: int
    routes: Counter[tuple[str, str | None, bool]]
    """How many invocations by the Region that was called, the one that is reported, and whether they failed."""

    def __add__(self, other: Made) -> Made:
        return Made(
            self.files + other.files,
            self.stored + other.stored,
            self.inflated + other.inflated,
            self.records + other.records,
            self.routes + other.routes,
        )

    @classmethod
    def of(cls, folder: Path) -> Made:
        """Reads what was made in a folder."""
        files, stored, inflated, records, routes = json.loads((folder / MADE).read_text())
        return cls(files, stored, inflated, records, Counter({(s, d, f): n for s, d, f, n in routes}))


@dataclass(frozen=True)
class _Maker:
    wanted: Wanted
    folder: Path

    def __call__(self, number: int) -> Made:
        random_ = random.Random(f"{self.wanted.seed}/{number}")
        account = ACCOUNTS[number % len(ACCOUNTS)]
        region = REGIONS[number // len(ACCOUNTS) % len(REGIONS)]
        day = number // (len(ACCOUNTS) * len(REGIONS)) % 28 + 1
        texts, length = [], 0
        routes: Counter[tuple[str, str | None, bool]] = Counter()
        while length < self.wanted.bytes_each:
            record = _record(random_, account, region, day, number, self.wanted.bedrock)
            if record["eventSource"] == "bedrock.amazonaws.com":
                reported = record.get("additionalEventData", {}).get("inferenceRegion")
                routes[region, reported, "errorCode" in record] += 1
            text = json.dumps(record, separators=(",", ":"))
            texts.append(text)
            length += len(text) + 1
        content = ('{"Records":[' + ",".join(texts) + "]}").encode()
        stored = gzip.compress(content, 6, mtime=0)
        path = self.folder / f"AWSLogs/{account}/CloudTrail/{region}/2026/10/{day:02}"
        path.mkdir(parents=True, exist_ok=True)
        time = f"202610{day:02}T{number % 24:02}{number % 12 * 5:02}Z"
        name = f"{account}_CloudTrail_{region}_{time}_{number:016x}.json.gz"
        (path / name).write_bytes(stored)
        return Made(1, len(stored), len(content), len(texts), routes)


def _record(r: random.Random, account: str, region: str, day: int, number: int, bedrock: float) -> dict[str, Any]:
    role, session = r.choice(ROLES), f"i-{r.getrandbits(68):017x}"
    if r.random() < bedrock:
        role = r.choice(list(CALLERS))
        made = _bedrock(r, account, region, role)
    else:
        made = r.choice(OTHERS)(r, account, region)
    issuer = f"arn:aws:iam::{account}:role/{role}"
    # A role keeps its id; the keys of its sessions change.
    key, principal = f"ASIA{_letters(r, 16)}", f"AROA{_letters(random.Random(issuer), 17)}"
    # CloudTrail writes a file about every five minutes.
    hour, minute, second = number % 24, number % 12 * 5 + r.randrange(5), r.randrange(60)
    service = made["eventSource"].partition(".")[0]
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"{principal}:{session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            "accountId": account,
            "accessKeyId": key,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": principal,
                    "arn": issuer,
                    "accountId": account,
                    "userName": role,
                },
                "attributes": {
                    "creationDate": f"2026-10-{day:02}T{hour:02}:00:{r.randrange(60):02}Z",
                    "mfaAuthenticated": "false",
                },
                "ec2RoleDelivery": "2.0",
            },
        },
        "eventTime": f"2026-10-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
        "eventSource": made["eventSource"],
        "eventName": made["eventName"],
        "awsRegion": region,
        "sourceIPAddress": f"10.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(256)}",
        "userAgent": r.choice(AGENTS),
        **{name: made[name] for name in ("errorCode", "errorMessage") if name in made},
        "requestParameters": made["requestParameters"],
        "responseElements": made.get("responseElements"),
        **({"additionalEventData": made["additionalEventData"]} if "additionalEventData" in made else {}),
        "requestID": _uuid(r),
        "eventID": _uuid(r),
        "readOnly": made["eventName"].startswith(READING),
        **({"resources": made["resources"]} if "resources" in made else {}),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{service}.{region}.amazonaws.com",
        },
    }


def _bedrock(r: random.Random, account: str, region: str, role: str) -> dict[str, Any]:
    zone = ZONES[region]
    application = _application(account, region, role)
    target = r.choice(application.targets)
    made: dict[str, Any] = {
        "eventSource": "bedrock.amazonaws.com",
        "eventName": application.operation,
        "requestParameters": {"modelId": target.model_id},
    }
    if r.random() < 0.05:
        made["errorCode"] = r.choice(["ThrottlingException", "AccessDenied"])
        made["errorMessage"] = "Too many requests, please wait before trying again."
    elif target.crosses:
        made["additionalEventData"] = {"inferenceRegion": r.choice(DESTINATIONS[zone])}
    return made


@dataclass(frozen=True)
class _Target:
    model_id: str
    crosses: bool


@dataclass(frozen=True)
class _Application:
    """What calls models in one account and Region: by one operation, two models, each named in one way."""

    operation: str
    targets: list[_Target]


@cache
def _application(account: str, region: str, role: str) -> _Application:
    r = random.Random(f"{account}/{region}/{role}")
    targets = []
    for model in CALLERS[role]:
        kind = r.random()
        if kind < 0.7:
            targets.append(_Target(f"{ZONES[region]}.{model}", crosses=True))
        elif kind < 0.85:
            profile = f"{r.getrandbits(48):012x}"
            arn = f"arn:aws:bedrock:{region}:{account}:application-inference-profile/{profile}"
            targets.append(_Target(arn, crosses=True))
        else:
            targets.append(_Target(model, crosses=False))
    return _Application(r.choice(["Converse", "InvokeModel"]), targets)


def _s3(r: random.Random, account: str, region: str) -> dict[str, Any]:
    bucket, key = f"data-{account}-{region}", f"year=2026/month=10/part-{r.getrandbits(64):016x}.snappy.parquet"
    return {
        "eventSource": "s3.amazonaws.com",
        "eventName": r.choice(["GetObject", "PutObject", "HeadObject"]),
        "requestParameters": {"bucketName": bucket, "Host": f"{bucket}.s3.{region}.amazonaws.com", "key": key},
        "responseElements": {"x-amz-server-side-encryption": "aws:kms"},
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": r.randrange(1 << 20),
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": _letters(r, 76),
            "bytesTransferredOut": r.randrange(1 << 20),
        },
        "resources": [
            {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{bucket}/{key}"},
            {"accountId": account, "type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}"},
        ],
    }


def _sts(r: random.Random, account: str, region: str) -> dict[str, Any]:
    role, session = r.choice(ROLES), f"s-{r.getrandbits(64):016x}"
    return {
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRole",
        "requestParameters": {
            "roleArn": f"arn:aws:iam::{account}:role/{role}",
            "roleSessionName": session,
            "durationSeconds": 3600,
        },
        "responseElements": {
            "credentials": {
                "accessKeyId": f"ASIA{_letters(r, 16)}",
                "sessionToken": _letters(r, 180),
                "expiration": f"Oct {r.randrange(1, 29)}, 2026, 11:59:59 PM",
            },
            "assumedRoleUser": {
                "assumedRoleId": f"AROA{_letters(r, 17)}:{session}",
                "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            },
        },
        "resources": [{"accountId": account, "type": "AWS::IAM::Role", "ARN": f"arn:aws:iam::{account}:role/{role}"}],
    }


def _kms(r: random.Random, account: str, region: str) -> dict[str, Any]:
    arn = f"arn:aws:kms:{region}:{account}:key/{_uuid(r)}"
    return {
        "eventSource": "kms.amazonaws.com",
        "eventName": r.choice(["Decrypt", "GenerateDataKey"]),
        "requestParameters": {
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::data-{account}-{region}"},
            "keyId": arn,
        },
        "resources": [{"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}],
    }


def _ec2(r: random.Random, account: str, region: str) -> dict[str, Any]:
    return {
        "eventSource": "ec2.amazonaws.com",
        "eventName": r.choice(["DescribeInstances", "DescribeNetworkInterfaces", "DescribeVolumes"]),
        "requestParameters": {
            "maxResults": 1000,
            "filterSet": {
                "items": [{"name": "tag:Name", "valueSet": {"items": [{"value": f"web-{r.randrange(900)}"}]}}]
            },
            "instancesSet": {
                "items": [{"instanceId": f"i-{r.getrandbits(68):017x}"} for _ in range(r.randrange(1, 5))]
            },
        },
    }


def _dynamodb(r: random.Random, account: str, region: str) -> dict[str, Any]:
    table = f"orders-{r.randrange(20)}"
    return {
        "eventSource": "dynamodb.amazonaws.com",
        "eventName": r.choice(["GetItem", "PutItem", "Query"]),
        "requestParameters": {"tableName": table, "key": {"pk": "HIDDEN_DUE_TO_SECURITY_REASONS"}},
        "resources": [
            {
                "accountId": account,
                "type": "AWS::DynamoDB::Table",
                "ARN": f"arn:aws:dynamodb:{region}:{account}:table/{table}",
            }
        ],
    }


def _iam(r: random.Random, account: str, region: str) -> dict[str, Any]:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::data-{r.randrange(99)}/*"}
        ],
    }
    return {
        "eventSource": "iam.amazonaws.com",
        "eventName": "PutRolePolicy",
        "requestParameters": {
            "roleName": r.choice(ROLES),
            "policyName": f"inline-{r.randrange(99)}",
            "policyDocument": json.dumps(policy, indent=2),
        },
    }


def _logs(r: random.Random, account: str, region: str) -> dict[str, Any]:
    return {
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogStream",
        "requestParameters": {
            "logGroupName": f"/aws/lambda/fn-{r.randrange(300)}",
            "logStreamName": f"2026/10/{r.randrange(1, 29):02}/[$LATEST]{r.getrandbits(128):032x}",
        },
        "errorCode": "ResourceAlreadyExistsException",
        "errorMessage": "The specified log stream already exists",
    }


OTHERS: list[Callable[[random.Random, str, str], dict[str, Any]]] = [
    *[_s3] * 6, *[_sts] * 3, *[_kms] * 4, *[_ec2] * 4, *[_dynamodb] * 2, _iam, *[_logs] * 2
]  # fmt: skip
READING = ("Get", "Head", "Decrypt", "Describe", "Query", "Converse", "InvokeModel", "AssumeRole")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _letters(r: random.Random, count: int) -> str:
    return "".join(r.choices(LETTERS, k=count))


def _uuid(r: random.Random) -> str:
    digits = f"{r.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
