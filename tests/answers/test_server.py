"""What the server does to calls and notes about them: it fails, delays, counts and records them."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from xml.etree import ElementTree

import botocore.exceptions
import cbor2
import pytest
from botocore.session import get_session

from tests.emulator import Emulator
from tests.runtime.http import Request
from tests.runtime.passing import exchange
from tests.runtime.signed import FORM

from .conftest import Clients, refusal
from .faults import BROKEN_OFF, DENIED, ERROR, LATE_ANSWER, NONSENSE, OTHER, RESET, THROTTLED, UNAVAILABLE
from .handle import Answers, AnswersError
from .models import call_of
from .wording import DENIED as DENIALS
from .wording import THROTTLED as THROTTLES
from .wording import refused, throttled

TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"
READS: dict[str, tuple[str, dict[str, Any]]] = {
    "account": ("list_regions", {}),
    "bedrock": ("list_guardrails", {}),
    "bedrock-agent": ("list_agents", {}),
    "cloudtrail": ("describe_trails", {}),
    "cloudwatch": ("list_metrics", {}),
    "dynamodb": ("list_tables", {}),
    "ec2": ("describe_vpc_endpoints", {}),
    "events": ("list_rules", {}),
    "iam": ("list_service_specific_credentials", {"AllUsers": True}),
    "kms": ("list_keys", {}),
    "logs": ("describe_log_groups", {}),
    "organizations": ("list_policies", {"Filter": "SERVICE_CONTROL_POLICY"}),
    "s3": ("list_buckets", {}),
    "s3control": ("get_public_access_block", {"AccountId": "111122223333"}),
    "sns": ("list_topics", {}),
    "sqs": ("list_queues", {}),
}
"""A call of each service that changes nothing."""


def read(client: Clients, service: str, region: str = TOKYO) -> Any:
    """Makes it."""
    operation, arguments = READS[service]
    return getattr(client(service, region), operation)(**arguments)


def operation_of(service: str) -> str:
    """Its name in AWS's words."""
    return "".join(part.capitalize() for part in READS[service][0].split("_"))


@pytest.mark.parametrize("service", READS)
def test_every_service_fails_in_its_own_words(client: Clients, answers: Answers, service: str) -> None:
    """The client reads the code from wherever the service's protocol has it."""
    for fault, code, status in (
        (THROTTLED, *THROTTLES.get(service, ("ThrottlingException", 400))),
        (ERROR, "InternalFailure", 500),
        (UNAVAILABLE, "ServiceUnavailable", 503),
        (DENIED, *DENIALS.get(service, ("AccessDeniedException", 400))),
    ):
        answers.fail(fault, service=service, operation=operation_of(service), count=1)
        operation, arguments = READS[service]
        assert refusal(getattr(client(service, TOKYO), operation), **arguments) == (code, status)
        if service != "s3control":
            read(client, service)
    assert answers.fired() == [1, 1, 1, 1]


@pytest.mark.parametrize("service", sorted({*THROTTLES, *DENIALS}))
def test_codes_are_those_of_the_models(service: str) -> None:
    """Where a model has an error of this name with a status, it is this status."""
    model = get_session().get_service_model(service)
    statuses = {shape.error_code: shape.metadata.get("error", {}).get("httpStatusCode") for shape in model.error_shapes}
    for code, status in (entry[service] for entry in (THROTTLES, DENIALS) if service in entry):
        assert statuses.get(code) in (None, status)


@pytest.mark.parametrize("fault", [RESET, BROKEN_OFF])
def test_connections_break(client: Clients, answers: Answers, fault: str) -> None:
    answers.fail(fault, service="kms", count=1)
    with pytest.raises(botocore.exceptions.HTTPClientError):
        read(client, "kms")
    read(client, "kms")
    assert [call["fault"] for call in answers.calls()] == [fault, ""]


def test_an_answer_is_none(client: Clients, answers: Answers) -> None:
    answers.fail(NONSENSE, service="kms", count=1)
    assert "Keys" not in read(client, "kms")
    assert [(call["fault"], call["status"], call["by"]) for call in answers.calls()] == [(NONSENSE, 200, "fault")]


def test_an_answer_comes_late(client: Clients, answers: Answers) -> None:
    answers.fail(LATE_ANSWER, service="bedrock", seconds=0.3, count=1)
    began = time.monotonic()
    read(client, "bedrock")
    assert 0.3 <= time.monotonic() - began < 2


def test_a_fault_is_about_what_it_names(client: Clients, answers: Answers) -> None:
    answers.fail(DENIED, action="s3:ListAllMyBuckets")
    answers.fail(OTHER, service="kms", region=VIRGINIA, code="KMSInternalException", status=500)
    assert refusal(client("s3", TOKYO).list_buckets) == ("AccessDenied", 403)
    assert refusal(client("kms", VIRGINIA).list_keys) == ("KMSInternalException", 500)
    read(client, "kms", TOKYO)
    assert refusal(client("s3", TOKYO).get_bucket_policy, Bucket="nobody-s")[0] == "NoSuchBucket"
    answers.reset("faults")
    read(client, "s3")


def test_a_fault_spares_the_first(client: Clients, answers: Answers) -> None:
    answers.fail(ERROR, service="kms", after=1, count=1)
    read(client, "kms")
    assert refusal(client("kms", TOKYO).list_keys)[1] == 500
    read(client, "kms")


def test_what_nobody_knows_is_refused(answers: Answers) -> None:
    for wrong in (
        {"latencies": 1},
        {"reset": ["everything"]},
        {"faults": [{"fault": "tired"}]},
        {"faults": [{"fault": OTHER}]},
        {"faults": [{"fault": ERROR, "services": "kms"}]},
        {"upstream": "nowhere"},
    ):
        with pytest.raises(AnswersError):
            answers.tell(**wrong)


def test_calls_are_noted_with_what_they_ask(client: Clients, answers: Answers, aws: Emulator) -> None:
    key = client("kms", VIRGINIA).create_key()["KeyMetadata"]["KeyId"]
    answers.reset("calls")
    for _ in range(2):
        client("kms", VIRGINIA).describe_key(KeyId=key)
    read(client, "kms", VIRGINIA)
    client("bedrock", TOKYO).list_inference_profiles(typeEquals="APPLICATION")
    client("s3", TOKYO).list_buckets(BucketRegion=TOKYO)
    assert [(call["action"], call["region"], call["by"]) for call in answers.calls()] == [
        ("kms:DescribeKey", VIRGINIA, "emulator"),
        ("kms:DescribeKey", VIRGINIA, "emulator"),
        ("kms:ListKeys", VIRGINIA, "emulator"),
        ("bedrock:ListInferenceProfiles", TOKYO, "answers"),
        ("s3:ListAllMyBuckets", TOKYO, "emulator"),
    ]
    assert {(call["account"], call["status"]) for call in answers.calls()} == {(aws.account, 200)}
    (repeated,) = answers.repeated()
    assert key in repeated
    assert answers.repeated(service="bedrock") == {}
    assert [call["parameters"] for call in answers.calls(service="bedrock")] == ["/inference-profiles?type=APPLICATION"]


def test_what_failed_may_be_asked_again(client: Clients, answers: Answers) -> None:
    answers.fail(THROTTLED, service="kms", count=1)
    refusal(client("kms", TOKYO).list_keys)
    read(client, "kms")
    assert answers.repeated() == {}


def test_how_many_calls_are_under_way_at_once(client: Clients, answers: Answers) -> None:
    read(client, "kms")
    answers.tell(latency=0.2)
    answers.reset("calls")
    with ThreadPoolExecutor(6) as pool:
        began = time.monotonic()
        list(pool.map(lambda _: read(client, "kms"), range(6)))
        took = time.monotonic() - began
    assert (answers.peak(), len(answers.calls())) == (6, 6)
    assert 0.2 <= took < 1


def test_it_takes_hardly_any_time_itself(client: Clients, answers: Answers) -> None:
    for _ in range(100):
        read(client, "kms")
        read(client, "bedrock")
    assert statistics.median(call["own"] for call in answers.calls()) < 0.003


def test_what_was_answered_is_answered_again_without_the_emulator(client: Clients, answers: Answers) -> None:
    answers.tell(replay=True)
    kms = client("kms", VIRGINIA)
    before = len(kms.list_keys()["Keys"])
    kms.create_key()
    assert len(kms.list_keys()["Keys"]) == before
    assert [call["by"] for call in answers.calls()] == ["emulator", "emulator", "recorded"]
    answers.tell(replay=False)
    assert len(kms.list_keys()["Keys"]) == before + 1


# -- protocols that boto3 does not speak to these services -------------------------


SCOPE = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/monitoring/aws4_request, Signature=0"


@pytest.fixture
def in_cbor() -> Iterator[Request]:
    """A request to CloudWatch as the SDK for Rust makes it."""
    headers = {
        "authorization": SCOPE,
        "content-type": "application/cbor",
        "host": "127.0.0.1",
        "smithy-protocol": "rpc-v2-cbor",
    }
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    yield Request("POST", path, headers, cbor2.dumps({"Namespace": "AWS/Bedrock"}))


def test_cloudwatch_fails_in_cbor(client: Clients, answers: Answers, in_cbor: Request) -> None:
    answers.fail(THROTTLED, service="cloudwatch", operation="ListMetrics", count=1)
    answer = exchange(("127.0.0.1", answers.port), in_cbor)
    assert (answer.status, cbor2.loads(answer.body)["__type"]) == (400, "Throttling")
    assert dict(answer.headers)["smithy-protocol"] == "rpc-v2-cbor"
    (call,) = answers.calls()
    assert json.loads(call["parameters"].partition(" ")[2]) == {"Namespace": "AWS/Bedrock"}


@pytest.mark.parametrize(
    ("service", "form", "roots"),
    [
        ("ec2", b"Action=DescribeVpcEndpoints", ["Response", "Errors", "Error", "Code"]),
        ("iam", b"Action=ListUsers", ["ErrorResponse", "Error", "Type", "Code"]),
        ("s3", b"", ["Error", "Code"]),
    ],
)
def test_errors_in_xml_are_where_each_service_has_them(service: str, form: bytes, roots: list[str]) -> None:
    headers = {"authorization": SCOPE.replace("monitoring", service), "content-type": FORM if form else ""}
    call = call_of(Request("POST" if form else "GET", "/", headers, form))
    answer = refused(call, throttled(service)[0], "slow <down>", throttled(service)[1])
    elements = [element.tag for element in ElementTree.fromstring(answer.body).iter()]
    assert elements[: len(roots)] == roots


@pytest.mark.parametrize(
    ("method", "path", "service", "operation"),
    [
        ("GET", "/bucket?encryption", "s3", "GetBucketEncryption"),
        ("GET", "/bucket?lifecycle", "s3", "GetBucketLifecycleConfiguration"),
        ("GET", "/bucket/?publicAccessBlock=", "s3", "GetPublicAccessBlock"),
        ("HEAD", "/bucket", "s3", "HeadBucket"),
        ("GET", "/?x-id=ListBuckets", "s3", "ListBuckets"),
        ("GET", "/bucket/a/key?x-id=GetObject", "s3", "GetObject"),
        ("PUT", "/bucket/a/key", "s3", "PutObject"),
        ("GET", "/bucket?list-type=2&prefix=a", "s3", "ListObjectsV2"),
        ("GET", "/v20180820/configuration/publicAccessBlock", "s3control", "GetPublicAccessBlock"),
        ("GET", "/guardrails/abc?guardrailVersion=1", "bedrock", "GetGuardrail"),
        ("GET", "/inference-profiles/arn%3Aaws%3Abedrock%3A%3A1%3Ax%2Fy", "bedrock", "GetInferenceProfile"),
        ("POST", "/agents/", "bedrock-agent", "ListAgents"),
        ("POST", "/knowledgebases/KB/datasources/", "bedrock-agent", "ListDataSources"),
        ("POST", "/model/x/converse", "bedrock-runtime", "Converse"),
        ("POST", "/listRegions", "account", "ListRegions"),
    ],
)
def test_calls_are_told_by_method_and_path(method: str, path: str, service: str, operation: str) -> None:
    signed_as = {"s3control": "s3"}.get(service, "bedrock" if service.startswith("bedrock") else service)
    scope = SCOPE.replace("monitoring", signed_as)
    call = call_of(Request(method, path, {"authorization": scope, "x-amz-account-id": "111122223333"}, b""))
    assert (call.service, call.operation, call.region) == (service, operation, "us-east-1")
