"""Renders the CloudFormation templates as a deployment would: names, ARNs, conditions, nested stacks.

Only the functions and types that infra/ uses are known; anything else raises, so that a
new one cannot pass unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).resolve().parents[2] / "infra"
ACCOUNT = "111122223333"
HOME = "ap-northeast-1"
STACK_NUMBER = "a1b2c3d4-0000-0000-0000-000000000000"
NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which become the long ones."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(f"unexpected {suffix}")


_Loader.add_multi_constructor("!", _construct)


def load(name: str) -> dict[str, Any]:
    """One template file of infra/, parsed."""
    template: dict[str, Any] = yaml.load((INFRA / name).read_text(encoding="utf-8"), _Loader)
    return template


@dataclass(frozen=True)
class Resource:
    """A resource of a rendered stack. `path` is its logical id, with the nested stack's before it."""

    path: str
    type: str
    properties: dict[str, Any]
    template: str
    deletion_policy: str | None
    region: str

    @property
    def arn(self) -> str:
        """What AWS would call it."""
        return str(attribute(self, "Arn"))


@dataclass
class Stack:
    """A rendered stack with everything nested in it."""

    template: str
    parameters: dict[str, str]
    region: str = HOME
    prefix: str = ""
    partition: str = "aws"
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.body = load(self.template)
        declared = self.body.get("Parameters", {})
        unknown = set(self.parameters) - set(declared)
        if unknown:
            raise KeyError(f"{self.template} has no parameters {sorted(unknown)}")
        self.values = {name: self._value(name, spec) for name, spec in declared.items()}
        missing = [name for name, value in self.values.items() if value is None]
        if missing:
            raise KeyError(f"{self.template} needs values for {missing}")
        for rule in self.body.get("Rules", {}).values():
            if self._test(rule.get("RuleCondition", {"Fn::Equals": ["", ""]})):
                broken = [each["AssertDescription"] for each in rule["Assertions"] if not self._test(each["Assert"])]
                if broken:
                    raise ValueError(f"{self.template}: {' '.join(broken)}")
        self.nested: dict[str, Stack] = {}
        for logical_id, spec in self.body["Resources"].items():
            if self.holds(spec.get("Condition")):
                self._render(logical_id, spec)
        for name, spec in self.body.get("Outputs", {}).items():
            if self.holds(spec.get("Condition")):
                self.outputs[name] = self.resolve(spec["Value"])

    def _value(self, name: str, spec: dict[str, Any]) -> Any:
        value = self.parameters.get(name, spec.get("Default"))
        is_list = spec["Type"] == "CommaDelimitedList" or spec["Type"].startswith("List<")
        return value.split(",") if is_list and value is not None else value

    def of_type(self, kind: str) -> list[Resource]:
        """All resources of a type, in this stack and the nested ones."""
        return [r for r in self.resources.values() if r.type == kind]

    def holds(self, condition: str | None) -> bool:
        """Whether a named condition is true."""
        return condition is None or self._test(self.body["Conditions"][condition])

    def resolve(self, value: Any) -> Any:
        """A value with every function replaced by what it returns."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def _render(self, logical_id: str, spec: dict[str, Any]) -> None:
        path = self.prefix + logical_id
        if path in self.resources or logical_id in self.nested:
            return
        properties = self.resolve(spec.get("Properties", {}))
        if spec["Type"] == "AWS::CloudFormation::Stack":
            child = Stack(properties["TemplateURL"], properties.get("Parameters", {}), self.region, f"{path}.")
            self.nested[logical_id] = child
            self.resources.update(child.resources)
            return
        self.resources[path] = Resource(
            path, spec["Type"], properties, self.template, spec.get("DeletionPolicy"), self.region
        )

    def _resource(self, logical_id: str) -> Resource:
        spec = self.body["Resources"][logical_id]
        if not self.holds(spec.get("Condition")):
            raise KeyError(f"{self.template}: {logical_id} is referred to but not created")
        self._render(logical_id, spec)
        return self.resources[self.prefix + logical_id]

    def _call(self, name: str, argument: Any) -> Any:
        functions = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::If": lambda a: self.resolve(a[1] if self.holds(a[0]) else a[2]),
            "Fn::Join": self._join,
            "Fn::Select": lambda a: self.resolve(self.resolve(a[1])[int(a[0])]),
            "Fn::Split": lambda a: str(self.resolve(a[1])).split(a[0]),
            "Fn::Sub": self._sub,
        }
        if name not in functions:
            raise NotImplementedError(name)
        return functions[name](argument)

    def _join(self, argument: list[Any]) -> str:
        separator, items = argument
        if not isinstance(separator, str):
            raise TypeError("CloudFormation wants the separator in plain text")
        return separator.join(map(str, self.resolve(items)))

    def _test(self, condition: dict[str, Any]) -> bool:
        ((name, argument),) = condition.items()
        if name == "Fn::Equals":
            left, right = map(self.resolve, argument)
            # Parameters are text to CloudFormation, numbers too.
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name == "Fn::And":
            return all(map(self._test, argument))
        if name == "Fn::Or":
            return any(map(self._test, argument))
        if name == "Condition":
            return self.holds(argument)
        raise NotImplementedError(name)

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackId": f"arn:aws:cloudformation:{self.region}:{ACCOUNT}:stack/crisguard/{STACK_NUMBER}",
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.values:
            return self.values[name]
        return attribute(self._resource(name), "Ref")

    def _get_att(self, argument: str | list[str]) -> Any:
        logical_id, name = argument.split(".", 1) if isinstance(argument, str) else argument
        if name.startswith("Outputs."):
            self._render(logical_id, self.body["Resources"][logical_id])
            return self.nested[logical_id].outputs[name.removeprefix("Outputs.")]
        return attribute(self._resource(logical_id), name)

    def _sub(self, argument: str | list[Any]) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}!]+)\}", value, text)


def bucket_name(bucket: Resource) -> str:
    """The name that a bucket has, or that CloudFormation makes up: the stack's, its own and something random."""
    made_up = f"crisguard-{bucket.template.removesuffix('.yaml')}-{bucket.path}-a1b2c3".lower()
    return str(bucket.properties.get("BucketName", made_up))


def attribute(resource: Resource, name: str) -> Any:
    """What Ref or GetAtt returns for a resource."""
    p, kind = resource.properties, resource.type
    base = f"{resource.region}:{ACCOUNT}"
    if kind == "AWS::Events::Rule":
        bus = p.get("EventBusName", "default")
        arn = f"arn:aws:events:{base}:rule/" + ("" if bus == "default" else f"{bus}/") + p["Name"]
        return {"Arn": arn, "Ref": p["Name"]}[name]
    key_id = "00000000-0000-0000-0000-000000000000"
    known = {
        "AWS::CloudFormation::StackSet": lambda: {"Ref": f"{p['StackSetName']}:{STACK_NUMBER}"},
        "AWS::CloudWatch::Alarm": lambda: {"Arn": f"arn:aws:cloudwatch:{base}:alarm:{p['AlarmName']}"},
        "AWS::DynamoDB::Table": lambda: {
            "Arn": f"arn:aws:dynamodb:{base}:table/{p['TableName']}",
            "Ref": p["TableName"],
        },
        "AWS::Events::EventBus": lambda: {"Arn": f"arn:aws:events:{base}:event-bus/{p['Name']}", "Ref": p["Name"]},
        "AWS::IAM::ManagedPolicy": lambda: dict.fromkeys(
            ("Arn", "Ref"), f"arn:aws:iam::{ACCOUNT}:policy/{p['ManagedPolicyName']}"
        ),
        "AWS::IAM::Role": lambda: {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{p['RoleName']}", "Ref": p["RoleName"]},
        "AWS::KMS::Key": lambda: {"Arn": f"arn:aws:kms:{base}:key/{key_id}", "Ref": key_id},
        "AWS::Lambda::Function": lambda: {
            "Arn": f"arn:aws:lambda:{base}:function:{p['FunctionName']}",
            "Ref": p["FunctionName"],
        },
        "AWS::Logs::LogGroup": lambda: {
            "Arn": f"arn:aws:logs:{base}:log-group:{p['LogGroupName']}:*",
            "Ref": p["LogGroupName"],
        },
        "AWS::S3::Bucket": lambda: {
            "Arn": f"arn:aws:s3:::{bucket_name(resource)}",
            "Ref": bucket_name(resource),
        },
        "AWS::EC2::SecurityGroup": lambda: {"Ref": "sg-1", "GroupId": "sg-1"},
        "AWS::EC2::VPCEndpoint": lambda: {"Ref": "vpce-1", "Id": "vpce-1"},
        "AWS::SNS::Topic": lambda: dict.fromkeys(("Arn", "Ref"), f"arn:aws:sns:{base}:{p['TopicName']}"),
        "AWS::StepFunctions::StateMachine": lambda: dict.fromkeys(
            ("Arn", "Ref"), f"arn:aws:states:{base}:stateMachine:{p['StateMachineName']}"
        ),
        "AWS::SQS::Queue": lambda: {
            "Arn": f"arn:aws:sqs:{base}:{p['QueueName']}",
            "Ref": f"https://sqs.{resource.region}.amazonaws.com/{ACCOUNT}/{p['QueueName']}",
        },
    }
    return known[kind]()[name]


def home(**parameters: str) -> Stack:
    """The main stack with its default parameters but for the given ones."""
    return Stack("template.yaml", parameters)


HOME_BUS = f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/crisguard"


def source_region(region: str = "us-east-1", **parameters: str) -> Stack:
    """The first small stack in a Region, with two patterns unless told otherwise."""
    pattern = '{"source":[{"prefix":"aws.bedrock"}]}'
    chosen = {
        "HomeBusArn": HOME_BUS,
        "PolicySha256": "0" * 64,
        "Pattern1": pattern,
        "Pattern2": pattern,
        **parameters,
    }
    return Stack("source-region.yaml", chosen, region)


def change_region(region: str = "us-east-1") -> Stack:
    """The second small stack in a Region."""
    return Stack("change-region.yaml", {"HomeBusArn": HOME_BUS}, region)


def invocation_logging(region: str = "eu-west-1", **parameters: str) -> Stack:
    """The stack that turns invocation logging on in a Region."""
    return Stack("invocation-logging.yaml", parameters, region)


def organization_role(**parameters: str) -> Stack:
    """The stack of the role that reads the organization, which stands in another account."""
    reader = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
    return Stack("organization-role.yaml", {"CheckPostureRoleArn": reader, **parameters}, HOME)


ORGANIZATION = "o-a1b2c3d4e5"


def across_accounts(**parameters: str) -> Stack:
    """The main stack of an organization's security account, which looks at the other accounts, too."""
    chosen = {"OrganizationId": ORGANIZATION, "MemberRoleName": "crisguard-member", "MemberExternalId": "id-1"}
    return home(**{**chosen, **parameters})


def member_role(**parameters: str) -> Stack:
    """The stack of the role by which crisguard looks at another account."""
    reader = f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}"
    return Stack("member-role.yaml", {"CheckPostureRoleArn": reader, **parameters}, HOME)


def stack_sets(**parameters: str) -> Stack:
    """The stack that puts the member role and the forwarders into the organization's accounts."""
    chosen = {
        "TemplatesAddress": "https://templates.s3.us-east-1.amazonaws.com/crisguard",
        "Targets": "ou-ab12-11111111,ou-ab12-22222222",
        "Regions": "us-east-1,ap-northeast-1",
        "ExcludedAccounts": ACCOUNT,
        "CheckPostureRoleArn": f"arn:aws:iam::{ACCOUNT}:role/crisguard-check-posture-{HOME}",
        "HomeBusArn": HOME_BUS,
        "PolicySha256": "0" * 64,
        "Pattern1": '{"source":[{"prefix":"aws.bedrock"}]}',
        **parameters,
    }
    return Stack("stacksets.yaml", chosen, "us-east-1")


def audits(**parameters: str) -> Stack:
    """The stack of the function that audits log files by hand, with its state machine."""
    chosen = {
        "AuditBucketArns": "arn:aws:s3:::trail-logs,arn:aws:s3:::archive-logs",
        "AuditKeyArns": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/trail",
        "ReportsBucket": f"crisguard-reports-{ACCOUNT}-{HOME}",
        "KeyArn": f"arn:aws:kms:{HOME}:{ACCOUNT}:key/crisguard",
        "PolicyBucket": f"crisguard-policy-{ACCOUNT}-{HOME}",
        "PolicyKeyArn": f"arn:aws:kms:{HOME}:{ACCOUNT}:key/policy",
        "OperationsTopicArn": f"arn:aws:sns:{HOME}:{ACCOUNT}:crisguard-operations",
        **parameters,
    }
    return Stack("run-audit.yaml", chosen, HOME)


def vpc_endpoint(partition: str = "aws", **parameters: str) -> Stack:
    """The stack of a private endpoint."""
    chosen = {"VpcId": "vpc-1", "VpcCidr": "10.0.0.0/16", "SubnetIds": "subnet-1,subnet-2", **parameters}
    return Stack("vpc-endpoint.yaml", chosen, "ap-northeast-1", partition=partition)
