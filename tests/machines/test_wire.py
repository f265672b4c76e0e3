"""What crisguard's signed calls send and read is in AWS's own models of the services.

The files in shared/aws/wire are what the Rust code is tested against; here they are held against botocore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

WIRE = Path(__file__).parents[2] / "shared" / "aws" / "wire"
REGION = "eu-west-1"
LOADER = Loader()
ACCOUNT = "111122223333"
# What the rules for S3's addresses ask for besides.
S3: dict[str, Any] = {
    "Accelerate": False,
    "DisableMultiRegionAccessPoints": False,
    "ForcePathStyle": False,
    "UseGlobalEndpoint": False,
}
S3_CONTROL: dict[str, Any] = {"AccountId": ACCOUNT, "RequiresAccountId": True, "UseArnRegion": False}


def listed() -> Iterator[Any]:
    """Lists every exchange of every file with its service and operation."""
    for path in sorted(WIRE.glob("*.json")):
        file = json.loads(path.read_text())
        assert file["service"] == path.stem
        for call in file["calls"]:
            for number, exchange in enumerate(call["exchanges"]):
                name = f"{path.stem}-{call['operation']}-{number}"
                yield pytest.param(path.stem, call["operation"], exchange, id=name)


EXCHANGES = list(listed())


def operation_of(service: str, operation: str) -> OperationModel:
    """Returns the model of an operation in the newest version of its service's API."""
    return ServiceModel(LOADER.load_service_model(service, "service-2"), service).operation_model(operation)


def place(service: str, region: str, *, bucket: str | None = None, **switches: Any) -> tuple[str, str]:
    """Returns the address of a service and the Region and name to sign for."""
    rules = EndpointProvider(
        LOADER.load_service_model(service, "endpoint-rule-set-1"),
        LOADER.load_data("partitions"),
    )
    parameters: dict[str, Any] = {"UseFIPS": False, "UseDualStack": False, "Region": region, **switches}
    if service == "s3":
        parameters |= S3
    if service == "s3control":
        parameters |= S3_CONTROL
    if bucket:
        parameters["Bucket"] = bucket
    found = rules.resolve_endpoint(**parameters)
    scheme: dict[str, Any] = next(iter((found.properties or {}).get("authSchemes", [])), {})
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    return found.url, f"{scheme.get('signingRegion', region)}/{scheme.get('signingName') or model.signing_name}"


def written(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Returns the request that botocore writes, in the form of the files."""
    model = operation_of(service, operation)
    request = create_serializer(model.service_model.protocol).serialize_to_request(parameters, model)
    path = request["url_path"]
    if request["query_string"]:
        path += "&" if "?" in path else "?"
        path += urlencode(request["query_string"], quote_via=quote)
    bucket = parameters.get("Bucket") if service == "s3" else None
    if bucket:  # which the rules put into the host's name
        path = "/" + path.removeprefix(f"/{bucket}").removeprefix("/")
    address, signed_for = place(service, REGION, bucket=bucket)
    headers = {name.lower(): value.split(";")[0] for name, value in request["headers"].items()}
    body = request["body"]
    if isinstance(body, dict):
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = {name: str(value) for name, value in body.items()}
    else:
        body = json.loads(body) if body else None
    return {
        "method": request["method"],
        "url": address + path,
        "signed_for": signed_for,
        "headers": headers,
        "body": body,
    }


def leaves(value: Any) -> Iterator[str]:
    """Lists the values of an answer, without what they are called."""
    if isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, bool):
        yield str(value).lower()
    elif isinstance(value, datetime):
        yield value.strftime("%Y-%m-%dT%H:%M:%SZ")
    else:
        yield str(value)


def values_of(answer: Any) -> list[str]:
    """Lists the values of an answer as the file has it: JSON, XML or plain text."""
    if not isinstance(answer, str):
        return sorted(leaves(answer))
    if answer.startswith("<"):
        return sorted(element.text for element in ElementTree.fromstring(answer).iter() if element.text)
    return [answer] if answer else []


@pytest.mark.parametrize(("service", "operation", "exchange"), EXCHANGES)
def test_a_request_is_what_botocore_writes(service: str, operation: str, exchange: dict[str, Any]) -> None:
    assert exchange["sent"] == written(service, operation, exchange["parameters"])


@pytest.mark.parametrize(("service", "operation", "exchange"), EXCHANGES)
def test_every_member_of_an_answer_is_known_to_botocore(service: str, operation: str, exchange: dict[str, Any]) -> None:
    model = operation_of(service, operation)
    answer = exchange["answer"]
    response = {
        "status_code": 200,
        "headers": exchange.get("answer_headers", {}),
        "body": (answer if isinstance(answer, str) else json.dumps(answer)).encode(),
    }
    read = create_parser(model.service_model.protocol).parse(response, model.output_shape)
    read.pop("ResponseMetadata", None)
    expected = values_of(answer) + list(exchange.get("answer_headers", {}).values())
    # What botocore does not know it leaves out.
    assert sorted(leaves(read)) == sorted(expected)


@pytest.mark.parametrize("line", (WIRE / "endpoints.txt").read_text().splitlines())
def test_a_service_is_where_botocore_finds_it(line: str) -> None:
    service, region, fips, dual_stack, address, signed_for = line.split(" ")
    switches: dict[str, Any] = {"UseFIPS": fips == "fips", "UseDualStack": dual_stack == "dual-stack"}
    assert (address, signed_for) == place(service, region, **switches)
