"""What the functions may take of the account, and what is kept for them, is what the parameters say."""

from __future__ import annotations

from . import records
from .deployment import POSTURE, SEND, WATCH, Deployment


def capacity(deployed: Deployment) -> dict[str, tuple[int | None, list[int]]]:
    """The reserved concurrency of each function, and the maximum of its mappings."""
    functions = deployed.aws.client("lambda")
    found = {}
    for name in (WATCH, SEND, POSTURE):
        mappings = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        found[name] = (
            functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions"),
            [mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in mappings],
        )
    return found


def test_concurrency_is_what_the_parameters_say(deployed: Deployment) -> None:
    """A storm takes ten of the account's executions for each function, or as many as ops allow; some can be kept."""
    assert capacity(deployed) == {WATCH: (None, [10]), SEND: (None, [10]), POSTURE: (None, [2])}
    try:
        deployed.deploy_home({"MaximumConcurrency": "5", "ReservedConcurrency": "8"})
        assert capacity(deployed) == {WATCH: (8, [5]), SEND: (8, [5]), POSTURE: (4, [2])}
        deployed.play(records.call(processed_in="ap-southeast-2", by="after-the-change"))
        deployed.settle()
        assert len(deployed.alerts()) == 1
    finally:
        deployed.deploy_home()
    assert capacity(deployed) == {WATCH: (None, [10]), SEND: (None, [10]), POSTURE: (None, [2])}
