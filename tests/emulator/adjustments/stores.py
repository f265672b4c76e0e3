"""Where evidence lies: buckets as templates make them, the keys of log groups, and AWS's own keys."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import cloudwatch_logs, kms, s3
from ministack.services.cloudformation import provisioners

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
OF_AWS = "alias/aws/"


def apply() -> None:
    """Adjusts buckets, log groups and keys."""
    _make_buckets_as_templates_say()
    _let_log_groups_change_their_key()
    _find_log_groups_by_identifiers()
    _have_keys_of_aws()


# -- buckets -----------------------------------------------------------------------


def _make_buckets_as_templates_say() -> None:
    """A bucket has the encryption, the ownership and the lifecycle of its template.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-s3-bucket.html
    """
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", _encryption, s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("OwnershipControls", _ownership, s3._put_bucket_ownership_controls, s3._delete_bucket_ownership_controls),
        ("LifecycleConfiguration", _lifecycle, s3._put_bucket_lifecycle, s3._delete_bucket_lifecycle),
    )


def _encryption(properties: dict[str, Any]) -> bytes:
    rules = ""
    for rule in properties["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault", {})
        inner = _element("SSEAlgorithm", default.get("SSEAlgorithm"))
        inner += _element("KMSMasterKeyID", default.get("KMSMasterKeyID"))
        by_default = f"<ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
        rules += f"<Rule>{by_default}{_element('BucketKeyEnabled', rule.get('BucketKeyEnabled', False))}</Rule>"
    return _document("ServerSideEncryptionConfiguration", rules)


def _ownership(properties: dict[str, Any]) -> bytes:
    rules = (_element("ObjectOwnership", rule["ObjectOwnership"]) for rule in properties["Rules"])
    return _document("OwnershipControls", "".join(f"<Rule>{rule}</Rule>" for rule in rules))


def _lifecycle(properties: dict[str, Any]) -> bytes:
    """The parts of rules that delete something; transitions change nothing that is asked for here."""
    rules = ""
    for rule in properties["Rules"]:
        rules += "<Rule>" + _element("ID", rule.get("Id"))
        rules += f"<Filter><Prefix>{escape(rule.get('Prefix', ''))}</Prefix></Filter>"
        rules += _element("Status", rule["Status"])
        if "ExpirationInDays" in rule:
            rules += f"<Expiration>{_element('Days', rule['ExpirationInDays'])}</Expiration>"
        noncurrent = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
        noncurrent = noncurrent or rule.get("NoncurrentVersionExpirationInDays")
        if noncurrent:
            days = _element("NoncurrentDays", noncurrent)
            rules += f"<NoncurrentVersionExpiration>{days}</NoncurrentVersionExpiration>"
        rules += "</Rule>"
    return _document("LifecycleConfiguration", rules)


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def _document(name: str, content: str) -> bytes:
    return f"<{name} {XMLNS}>{content}</{name}>".encode()


# -- log groups ----------------------------------------------------------------------


def _let_log_groups_change_their_key() -> None:
    """A log group gets another key, or loses the one it has.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
    """
    original = cloudwatch_logs.handle_request

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in ("AssociateKmsKey", "DisassociateKmsKey"):
            return await original(method, path, headers, body, query)
        request = json.loads(body)
        name = request.get("logGroupName") or _group_of(request.get("resourceIdentifier", ""))
        group = cloudwatch_logs._log_groups.get(name)
        if group is None:
            return error_response_json("ResourceNotFoundException", "The specified log group does not exist.", 400)
        group["kmsKeyId"] = request.get("kmsKeyId")
        return json_response({})

    cloudwatch_logs.handle_request = handle


def _find_log_groups_by_identifiers() -> None:
    """DescribeLogGroups gives the groups that are named or whose ARNs are given, and no others.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html
    """
    original = cloudwatch_logs._describe_log_groups

    def describe(request: dict[str, Any]) -> Any:
        if not request.get("logGroupIdentifiers"):
            return original(request)
        wanted = {_group_of(identifier) for identifier in request["logGroupIdentifiers"]}
        found: list[dict[str, Any]] = []
        for name in sorted(wanted):
            listed = json.loads(original({"logGroupNamePrefix": name})[2])["logGroups"]
            found += [group for group in listed if group["logGroupName"] == name]
        return json_response({"logGroups": found})

    cloudwatch_logs._describe_log_groups = describe


def _group_of(identifier: str) -> str:
    return identifier.partition(":log-group:")[2].removesuffix(":*") or identifier


# -- keys ----------------------------------------------------------------------------


def _have_keys_of_aws() -> None:
    """Whoever describes an alias of AWS's own finds the key that AWS manages; it is made when it is first asked for.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
    """
    resolve, metadata = kms._resolve_key, kms._key_metadata

    def resolved(identifier: str) -> Any:
        record = resolve(identifier)
        alias = OF_AWS + identifier.partition(OF_AWS)[2]
        here = ("", f"arn:aws:kms:{get_region()}:{get_account_id()}:")
        if record is None and alias != OF_AWS and identifier.removesuffix(alias) in here:
            key = json.loads(kms._create_key({"Description": f"Default key of {alias.rpartition('/')[2]}"})[2])
            kms._aliases[kms._alias_arn(alias)] = key["KeyMetadata"]["KeyId"]
            record = resolve(alias)
            record["KeyManager"] = "AWS"
        return record

    def with_manager(record: dict[str, Any]) -> Any:
        return {**metadata(record), "KeyManager": record.get("KeyManager", "CUSTOMER")}

    kms._resolve_key, kms._key_metadata = resolved, with_manager
