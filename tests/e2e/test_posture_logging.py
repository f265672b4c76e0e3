"""Invocation logs are evidence only as long as everything behind their configuration holds: the truths, one by one.

Each test finds the Region compliant, breaks one thing as people do, and puts it back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.answers.handle import CLOUDWATCH_FAILURES, LARGE_DATA_FAILURES, S3_FAILURES

from .deployment import ABROAD, SILENT, Deployment, decided
from .estate import EVERY_WAY, OTHER_ACCOUNT, Evidence, allow, bedrock_writes, requires_tls
from .looking import COMPLIANT, LOGGING, UNDECIDED, problems, unknown

(ENABLED, MODALITIES, BUCKET_ENCRYPTED, PRIVATE, BUCKET_RETAINED, GROUP_ENCRYPTED, GROUP_RETAINED, DELIVERING) = LOGGING
BUCKET, LARGE, GROUP = f"invocations-{ABROAD}", f"large-{ABROAD}", f"/invocations/{ABROAD}"

Break = Callable[[Evidence], AbstractContextManager[object]]


def is_all_well(looking: Deployment) -> None:
    """Checks that everything about logging is compliant."""
    assert looking.glance(*LOGGING, regions=[ABROAD]).decided() == dict.fromkeys(LOGGING, COMPLIANT)


@pytest.fixture(scope="module")
def _stands(looking: Deployment, abroad: Evidence) -> Evidence:
    is_all_well(looking)
    return abroad


@pytest.fixture
def holds(looking: Deployment, _stands: Evidence) -> Iterator[Evidence]:
    """A Region in which everything about logging is compliant, before and after the test."""
    yield _stands
    is_all_well(looking)


# -- what is configured ---------------------------------------------------------------------


@contextlib.contextmanager
def bucket_deleted(evidence: Evidence) -> Iterator[None]:
    """Somebody deletes the bucket, and the configuration still names it."""
    evidence.client("s3").delete_bucket(Bucket=evidence.bucket)
    yield
    evidence.make_bucket(evidence.bucket)


@contextlib.contextmanager
def large_bucket_deleted(evidence: Evidence) -> Iterator[None]:
    """Somebody deletes the bucket for large data alone."""
    evidence.client("s3").delete_bucket(Bucket=evidence.large)
    yield
    evidence.make_bucket(evidence.large)


@contextlib.contextmanager
def group_deleted(evidence: Evidence) -> Iterator[None]:
    """Somebody deletes the log group."""
    evidence.client("logs").delete_log_group(logGroupName=evidence.log_group)
    yield
    evidence.make_log_group()


@pytest.mark.parametrize(
    ("break_it", "name"), [(bucket_deleted, BUCKET), (large_bucket_deleted, LARGE), (group_deleted, GROUP)]
)
def test_a_destination_was_deleted(looking: Deployment, holds: Evidence, break_it: Break, name: str) -> None:
    """The configuration reads as if all were well, and what it delivers to is not there."""
    with break_it(holds):
        found = decided(looking, ENABLED)
        assert problems(found) == [("missing", [name])]
        assert found["explanation"].endswith(f"{name}: does not exist)")


def test_logging_is_off(looking: Deployment, holds: Evidence) -> None:
    """Without a configuration the first control says so, and no other says it again."""
    holds.switch_off()
    looked = looking.glance(*LOGGING, regions=[ABROAD])
    holds.configure()
    assert problems(looked.at(ABROAD)[ENABLED]) == [("logging_off", [])]
    assert looked.decided() == {**dict.fromkeys(LOGGING, COMPLIANT), ENABLED: "non-compliant"}


def test_the_configuration_may_not_be_read(looking: Deployment, holds: Evidence) -> None:
    """Every control that needs it is undecided by the name of the permission, and none is missing."""
    action = "bedrock:GetModelInvocationLoggingConfiguration"
    looking.answers.fail("access denied", action=action)
    looked = looking.glance(*LOGGING, regions=[ABROAD]).at(ABROAD)
    looking.answers.reset("faults")
    assert set(looked) == set(LOGGING)
    for assessed in looked.values():
        assert unknown(assessed) == [("not_observed", action)]
        assert "not authorized" in assessed["explanation"]
    assert holds


@pytest.mark.parametrize("elsewhere", ["another account", "another Region"])
def test_a_bucket_is_elsewhere(looking: Deployment, holds: Evidence, elsewhere: str) -> None:
    """Logs that leave the account or the Region are no evidence of the account in the Region."""
    name = f"logs-in-{elsewhere.replace(' ', '-').lower()}"
    if elsewhere == "another account":
        s3, region, expected = looking.answers.client("s3", ABROAD, OTHER_ACCOUNT), ABROAD, "other_account"
    else:
        s3, region, expected = looking.answers.client("s3", SILENT), SILENT, "other_region"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    with holds.configured(s3Config={"bucketName": name}):
        found = decided(looking, ENABLED)
        assert problems(found) == [(expected, [name])]
    s3.delete_bucket(Bucket=name)


def test_a_kind_of_data_is_switched_off(looking: Deployment, holds: Evidence) -> None:
    """A flag that is false is a violation; one that is not there says nothing."""
    with holds.configured(imageDataDeliveryEnabled=False):
        found = decided(looking, MODALITIES)
        assert problems(found) == [("modality_off", [])]
        assert "image data is not logged" in found["explanation"]
    with holds.configured(videoDataDeliveryEnabled=None):
        assert unknown(decided(looking, MODALITIES)) == [("modality_unstated", "video")]


def test_what_is_large_goes_nowhere(looking: Deployment, holds: Evidence) -> None:
    """A log group alone takes no long prompt and no image."""
    group = {"logGroupName": GROUP, "roleArn": "arn:aws:iam::111122223333:role/writes-invocations"}
    with holds.configured(s3Config=None, cloudWatchConfig=group):
        assert problems(decided(looking, MODALITIES)) == [("large_data_lost", [GROUP])]


# -- how it is encrypted --------------------------------------------------------------------


def aws_managed(evidence: Evidence) -> str:
    """The ARN of the key that AWS manages for S3."""
    arn: str = evidence.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    return arn


ENCRYPTIONS: dict[str, Callable[[Evidence], dict[str, str]]] = {
    "SSE-S3": lambda _: {"SSEAlgorithm": "AES256"},
    "SSE-KMS without a key": lambda _: {"SSEAlgorithm": "aws:kms"},
    "aws/s3 by alias": lambda _: {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/aws/s3"},
    "aws/s3 by ARN": lambda evidence: {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": aws_managed(evidence)},
}


@pytest.mark.parametrize("encryption", ENCRYPTIONS)
@pytest.mark.parametrize("name", [BUCKET, LARGE])
def test_a_bucket_has_no_key_of_the_customer(looking: Deployment, holds: Evidence, name: str, encryption: str) -> None:
    """Encrypted, but by a key over which nobody but AWS has a say; the other bucket and the group do not make up."""
    holds.encrypt(name, **ENCRYPTIONS[encryption](holds))
    looking.answers.reset("calls")
    looked = looking.glance(BUCKET_ENCRYPTED, GROUP_ENCRYPTED, regions=[ABROAD]).at(ABROAD)
    asked = [call["parameters"] for call in looking.answers.calls(service="kms", session=True)]
    holds.encrypt(name, SSEAlgorithm="aws:kms", KMSMasterKeyID=holds.key)
    assert problems(looked[BUCKET_ENCRYPTED]) == [("without_customer_key", [name])]
    assert looked[GROUP_ENCRYPTED]["decision"] == COMPLIANT
    assert not [parameters for parameters in asked if "alias/aws/" in parameters], "asking would make the key"


@pytest.mark.parametrize(
    ("change", "state"), [("disable_key", "Disabled"), ("schedule_key_deletion", "PendingDeletion")]
)
@pytest.mark.parametrize("control", [BUCKET_ENCRYPTED, GROUP_ENCRYPTED])
def test_a_key_does_not_work(looking: Deployment, holds: Evidence, control: str, change: str, state: str) -> None:
    """A customer-managed key that is off or waits for its end lets nobody write or read."""
    key, logs = holds.make_key(), holds.client("logs")
    if control == BUCKET_ENCRYPTED:
        holds.encrypt(BUCKET, SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    else:
        logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=key)
    assert decided(looking, control)["decision"] == COMPLIANT, "with the other key as with the first"
    getattr(holds.client("kms"), change)(KeyId=key)
    found = decided(looking, control)
    holds.encrypt(BUCKET, SSEAlgorithm="aws:kms", KMSMasterKeyID=holds.key)
    logs.associate_kms_key(logGroupName=GROUP, kmsKeyId=holds.key)
    assert problems(found) == [("key_not_enabled", [BUCKET if control == BUCKET_ENCRYPTED else GROUP])]
    assert f"in the state {state}" in found["explanation"]


def test_a_log_group_has_no_key(looking: Deployment, holds: Evidence) -> None:
    """Every destination must hold: the group does not, whatever the buckets do."""
    holds.client("logs").disassociate_kms_key(logGroupName=GROUP)
    looked = looking.glance(BUCKET_ENCRYPTED, GROUP_ENCRYPTED, regions=[ABROAD]).at(ABROAD)
    holds.client("logs").associate_kms_key(logGroupName=GROUP, kmsKeyId=holds.key)
    assert problems(looked[GROUP_ENCRYPTED]) == [("without_customer_key", [GROUP])]
    assert looked[BUCKET_ENCRYPTED]["decision"] == COMPLIANT


def test_logs_are_kept_too_shortly(looking: Deployment, holds: Evidence) -> None:
    """What is deleted before the policy's year is over is said of each destination that deletes it."""
    rule = {"ID": "kept", "Status": "Enabled", "Filter": {"Prefix": "AWSLogs/"}, "Expiration": {"Days": 30}}
    usual = holds.client("s3").get_bucket_lifecycle_configuration(Bucket=LARGE)["Rules"]
    holds.client("s3").put_bucket_lifecycle_configuration(Bucket=LARGE, LifecycleConfiguration={"Rules": [rule]})
    holds.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=180)
    looked = looking.glance(BUCKET_RETAINED, GROUP_RETAINED, regions=[ABROAD]).at(ABROAD)
    holds.client("s3").put_bucket_lifecycle_configuration(Bucket=LARGE, LifecycleConfiguration={"Rules": usual})
    holds.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=400)
    assert problems(looked[BUCKET_RETAINED]) == [("deleted_early", [LARGE])]
    assert "after 30 days" in looked[BUCKET_RETAINED]["explanation"]
    assert problems(looked[GROUP_RETAINED]) == [("deleted_early", [GROUP])]
    assert "after 180 days" in looked[GROUP_RETAINED]["explanation"]


# -- who may read and write -----------------------------------------------------------------

OPENINGS: dict[str, Callable[[Evidence], object]] = {
    "public_access_not_blocked": lambda evidence: evidence.block(BUCKET, {**EVERY_WAY, "RestrictPublicBuckets": False}),
    "acls_on": lambda evidence: evidence.own(BUCKET, "BucketOwnerPreferred"),
    "plain_http_allowed": lambda evidence: evidence.put_policy(BUCKET, bedrock_writes(BUCKET)),
    "bedrock_may_not_write": lambda evidence: evidence.put_policy(BUCKET, requires_tls(BUCKET)),
    "bedrock_may_write_for_others": lambda evidence: evidence.put_policy(
        BUCKET, requires_tls(BUCKET), bedrock_writes(BUCKET, None)
    ),
}
REMOVALS: dict[str, Callable[[Evidence], object]] = {
    "public_access_not_blocked": lambda evidence: evidence.client("s3").delete_public_access_block(Bucket=BUCKET),
    "acls_on": lambda evidence: evidence.client("s3").delete_bucket_ownership_controls(Bucket=BUCKET),
}


@contextlib.contextmanager
def closed_again(evidence: Evidence) -> Iterator[None]:
    """Afterwards the bucket is private again."""
    try:
        yield
    finally:
        evidence.block(BUCKET)
        evidence.own(BUCKET)
        evidence.put_policy(BUCKET, requires_tls(BUCKET), bedrock_writes(BUCKET))


@pytest.mark.parametrize("wrong", OPENINGS)
def test_a_bucket_is_open_in_one_way(looking: Deployment, holds: Evidence, wrong: str) -> None:
    """Whichever of the four things is missing, it is said."""
    with closed_again(holds):
        OPENINGS[wrong](holds)
        assert problems(decided(looking, PRIVATE)) == [(wrong, [BUCKET])]


@pytest.mark.parametrize("wrong", REMOVALS)
def test_a_setting_of_a_bucket_was_deleted(looking: Deployment, holds: Evidence, wrong: str) -> None:
    """What was deleted is not what was refused: S3 says that it is not set."""
    with closed_again(holds):
        REMOVALS[wrong](holds)
        assert problems(decided(looking, PRIVATE)) == [(wrong, [BUCKET])]


def test_everything_about_a_bucket_is_wrong(looking: Deployment, holds: Evidence) -> None:
    """Each is said at once: nobody mends one to hear of the next."""
    with closed_again(holds):
        for open_it in REMOVALS.values():
            open_it(holds)
        holds.put_policy(BUCKET, bedrock_writes(BUCKET, None))
        assert sorted(problems(decided(looking, PRIVATE))) == [
            ("acls_on", [BUCKET]),
            ("bedrock_may_write_for_others", [BUCKET]),
            ("plain_http_allowed", [BUCKET]),
            ("public_access_not_blocked", [BUCKET]),
        ]
        holds.client("s3").delete_bucket_policy(Bucket=BUCKET)
        wrong = {kind for kind, _ in problems(decided(looking, PRIVATE))}
        assert wrong == {"acls_on", "bedrock_may_not_write", "plain_http_allowed", "public_access_not_blocked"}


def test_bedrock_writes_on_a_condition_that_is_not_known(looking: Deployment, holds: Evidence) -> None:
    """Whether it may write cannot be told, so nobody is told that it may."""
    narrow = {"StringEquals": {"aws:SourceAccount": looking.aws.account, "s3:x-amz-acl": "private"}}
    writes = {**bedrock_writes(BUCKET), "Condition": narrow}
    with closed_again(holds):
        holds.put_policy(BUCKET, requires_tls(BUCKET), writes)
        assert decided(looking, PRIVATE)["decision"] == UNDECIDED


def test_the_account_blocks_what_a_bucket_does_not(looking: Deployment, holds: Evidence) -> None:
    """S3 applies the stricter of both, way by way: neither blocks all, and together they do."""
    ours = {"BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    with closed_again(holds):
        holds.block(BUCKET, {**dict.fromkeys(EVERY_WAY, False), **ours})
        assert decided(looking, PRIVATE)["decision"] == COMPLIANT, "the account blocks the other two"
        holds.block(BUCKET, {**dict.fromkeys(EVERY_WAY, False), "RestrictPublicBuckets": True})
        assert problems(decided(looking, PRIVATE)) == [("public_access_not_blocked", [BUCKET])]


def test_anybody_may_read_is_not_what_this_control_is_about(looking: Deployment, holds: Evidence) -> None:
    """A reader that the policy names is the account's own business; what keeps Bedrock to the account stays judged."""
    reader = allow({"AWS": "arn:aws:iam::444455556666:root"}, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/*")
    with closed_again(holds):
        holds.put_policy(BUCKET, requires_tls(BUCKET), bedrock_writes(BUCKET), reader)
        assert decided(looking, PRIVATE)["decision"] == COMPLIANT


# -- whether it arrives ---------------------------------------------------------------------

FAILING = {
    CLOUDWATCH_FAILURES: "ca-central-1",
    S3_FAILURES: "ca-west-1",
    LARGE_DATA_FAILURES: "sa-east-1",
}
"""Each kind of failure in a Region of its own, for what was counted stays counted."""


@pytest.mark.parametrize("metric", FAILING)
def test_deliveries_fail(looking: Deployment, metric: str) -> None:
    """The configuration looks right, and nothing arrives: Bedrock says so in CloudWatch alone."""
    region = FAILING[metric]
    evidence = Evidence(looking.answers, region)
    evidence.key = evidence.make_key()
    for name in (evidence.bucket, evidence.large):
        evidence.make_bucket(name)
    evidence.make_log_group()
    evidence.configure()
    looking.answers.count_invocations(region, "amazon.nova-lite-v1:0", 5)
    before = looking.glance(*LOGGING, regions=[region]).decided()
    assert before == dict.fromkeys(LOGGING, COMPLIANT)
    looking.answers.count_failures(region, metric, 3)
    looked = looking.glance(*LOGGING, regions=[region])
    assert problems(looked.at(region)[DELIVERING]) == [("deliveries_failed", [])]
    assert "(3 in all)" in looked.at(region)[DELIVERING]["explanation"]
    assert looked.decided() == {**before, DELIVERING: "non-compliant"}
