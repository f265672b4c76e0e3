"""VPC endpoints: what they were made with can be read again, filtered and page by page.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import ec2

# The policy of an endpoint that was made without one: everything.
# https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
OPEN = {"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}
# By which members endpoints are filtered.
FILTERS = {
    "service-name": "ServiceName",
    "vpc-endpoint-id": "VpcEndpointId",
    "vpc-endpoint-state": "State",
    "vpc-endpoint-type": "VpcEndpointType",
    "vpc-id": "VpcId",
}
Endpoint = dict[str, Any]


def apply() -> None:
    """Adjusts how endpoints are made, changed and described."""
    ec2._vpce_fields_xml = _with_settings(ec2._vpce_fields_xml)
    ec2._ACTION_MAP["CreateVpcEndpoint"] = _create
    ec2._ACTION_MAP["ModifyVpcEndpoint"] = _modifying(ec2._ACTION_MAP["ModifyVpcEndpoint"])
    ec2._ACTION_MAP["DescribeVpcEndpoints"] = _describe


def _with_settings(original: Callable[..., str]) -> Callable[..., str]:
    def fields(endpoint: Endpoint, tag: str = "item") -> str:
        policy = endpoint.get("PolicyDocument") or OPEN
        document = policy if isinstance(policy, str) else json.dumps(policy)
        groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in endpoint.get("SecurityGroupIds") or [])
        private = str(endpoint.get("PrivateDnsEnabled") or False).lower()
        told = f"<policyDocument>{escape(document)}</policyDocument><groupSet>{groups}</groupSet>"
        told += f"<privateDnsEnabled>{private}</privateDnsEnabled>"
        return original(endpoint, tag).rpartition(f"</{tag}>")[0] + f"{told}</{tag}>"

    return fields


def _create(request: dict[str, Any]) -> Any:
    before = set(ec2._vpc_endpoints)
    ec2._create_vpc_endpoint(request)
    (identity,) = set(ec2._vpc_endpoints) - before
    endpoint = ec2._vpc_endpoints[identity]
    endpoint["PolicyDocument"] = ec2._p(request, "PolicyDocument") or None
    endpoint["PrivateDnsEnabled"] = ec2._p(request, "PrivateDnsEnabled") == "true"
    endpoint["SecurityGroupIds"] = ec2._parse_member_list(request, "SecurityGroupId")
    return ec2._xml(200, "CreateVpcEndpointResponse", ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint"))


def _modifying(original: Callable[..., Any]) -> Callable[..., Any]:
    def modify(request: dict[str, Any]) -> Any:
        endpoint = ec2._vpc_endpoints.get(ec2._p(request, "VpcEndpointId"))
        if endpoint and ec2._p(request, "PrivateDnsEnabled"):
            endpoint["PrivateDnsEnabled"] = ec2._p(request, "PrivateDnsEnabled") == "true"
        if endpoint and ec2._p(request, "ResetPolicy") == "true":
            endpoint["PolicyDocument"] = None
        return original(request)

    return modify


def _describe(request: dict[str, Any]) -> Any:
    named = ec2._parse_member_list(request, "VpcEndpointId")
    unknown = [identity for identity in named if identity not in ec2._vpc_endpoints]
    if unknown:
        return ec2._error("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{unknown[0]}' does not exist", 400)
    filters = list(_filters(request))
    found = [
        endpoint
        for endpoint in ec2._vpc_endpoints.values()
        if (not named or endpoint["VpcEndpointId"] in named) and all(passes(endpoint) for passes in filters)
    ]
    start = int(ec2._p(request, "NextToken") or 0)
    end = start + int(ec2._p(request, "MaxResults") or 1000)
    items = "".join(ec2._vpce_fields_xml(endpoint) for endpoint in found[start:end])
    more = f"<nextToken>{end}</nextToken>" if end < len(found) else ""
    return ec2._xml(200, "DescribeVpcEndpointsResponse", f"<vpcEndpointSet>{items}</vpcEndpointSet>{more}")


def _filters(request: dict[str, Any]) -> list[Callable[[Endpoint], bool]]:
    made = []
    number = 1
    while name := ec2._p(request, f"Filter.{number}.Name"):
        made.append(_one_of(FILTERS[name], ec2._parse_member_list(request, f"Filter.{number}.Value")))
        number += 1
    return made


def _one_of(member: str, values: list[str]) -> Callable[[Endpoint], bool]:
    return lambda endpoint: any(fnmatch.fnmatchcase(endpoint[member], value) for value in values)
