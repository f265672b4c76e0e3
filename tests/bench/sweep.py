"""A nightly sweep of check-posture over an account in 17 Regions, each call of AWS some time away."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.answers import Answers
from tests.emulator import Emulator
from tests.runtime import Answered, Function

from . import estate, events
from .aws import Aws
from .table import megabytes, milliseconds, table

NAME = "check-posture"
NIGHTLY = '{"crisguard":"nightly"}'
# How much longer each call takes, in seconds.
AWAY = 0.05
AIM, MEMORY_AIM = 1.3, 128
# What it calls for itself: the policy, the Regions, what is known, the report, the decisions.
NO_LOOKS = {("s3", "GetObject"), ("s3", "PutObject"), ("account", "ListRegions"), ("sqs", "SendMessageBatch")}
POLICY = f"""\
{events.POLICY}\
posture:
  invocation_logging: {{modalities: [text, image, embedding], retention_days: 365, customer_managed_key: true}}
  data_retention: [none, default]
  customer_managed_key: true
  guardrail: {{enforced: true, agents: true}}
  vpc_endpoint: true
  iam: {{least_privilege: true, separate_duties: true}}
"""


@dataclass(frozen=True)
class Run:
    """One sweep, from the process's start to its answer."""

    seconds: float
    cpu_seconds: float
    memory: int
    calls: list[dict[str, Any]]
    at_once: int
    repeated: dict[str, int]
    coverage: dict[str, int]

    @property
    def least(self) -> float:
        """How long the calls take if always as many are under way as ever were at once."""
        return len(self.calls) * AWAY / self.at_once

    @property
    def ratio(self) -> float:
        """How much longer than that it took."""
        return self.seconds / self.least

    @property
    def phases(self) -> tuple[float, float, float]:
        """How long it took until it looked, until it had, and until it had handed on and kept everything."""
        looking = [call for call in self.calls if (call["service"], call["operation"]) not in NO_LOOKS]
        begun = min(call["started"] for call in self.calls)
        first = min(call["started"] for call in looking) - begun
        last = max(call["started"] + call["seconds"] for call in looking) - begun
        return first, last - first, self.seconds - last


def measure(program: Path, runs: int, progress: Callable[[str], None]) -> list[Run]:
    """Makes the account, and sweeps over it `runs` times, each time by a new process."""
    with Answers.start() as answers, Emulator.start(regions=estate.REGIONS, functions_reach=answers.url) as aws:
        answers.stand_before(aws)
        estate.make(answers, progress)
        environment = _environment(answers, aws)
        # The first sweep leaves what the next ones know; the second one's answers are given again from then on.
        for replay in (False, True):
            progress(f"sweep: {'noting the answers' if replay else 'once through the local AWS'}")
            answers.tell(replay=replay)
            _run(program, environment, answers)
        # What is written goes to the lean stand-in: the emulator takes its time over a batch of messages.
        with tempfile.NamedTemporaryFile() as policy, Aws(Path(policy.name)) as lean:
            answers.tell(latency=AWAY, upstream=lean.url)
            swept = []
            for number in range(1, runs + 1):
                progress(f"sweep: {number} of {runs}")
                swept.append(_run(program, environment, answers))
    return swept


def _environment(answers: Answers, aws: Emulator) -> dict[str, str]:
    s3, here = aws.client("s3"), {"LocationConstraint": aws.home_region}
    environment = events.environment(answers.url)
    for bucket in (environment["CRISGUARD_POLICY_BUCKET"], events.REPORTS):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=here)
    s3.put_object(Bucket=environment["CRISGUARD_POLICY_BUCKET"], Key="policy.yaml", Body=POLICY.encode())
    queue = aws.client("sqs").create_queue(QueueName="crisguard-findings.fifo", Attributes={"FifoQueue": "true"})
    # The emulator knows the signature of its administrator, who has no session.
    del environment["AWS_SESSION_TOKEN"]
    return {
        **environment,
        "AWS_ACCESS_KEY_ID": aws.credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": aws.credentials["aws_secret_access_key"],
        "CRISGUARD_FINDINGS_QUEUE_URL": queue["QueueUrl"],
    }


def _run(program: Path, environment: dict[str, str], answers: Answers) -> Run:
    answers.reset("calls")
    with Function([program], environment, name=NAME, timeout=900) as function:
        outcome = function.invoke(NIGHTLY)
        if not isinstance(outcome, Answered):
            raise RuntimeError(f"{NAME} did not do its work: {outcome.log[-2000:]}")
        coverage = json.loads(outcome.body)["coverage"]
        if coverage["undecided"]:
            raise RuntimeError(f"{NAME} could not decide everything: {coverage}\n{_unknown(outcome.body)}")
        return Run(
            outcome.since_spawn,
            function.cpu_seconds(),
            function.peak_memory(),
            answers.calls(),
            answers.peak(),
            answers.repeated(),
            coverage,
        )


def _unknown(body: bytes) -> str:
    assessed = json.loads(body)["assessments"]
    return "\n".join(sorted({one["explanation"] for one in assessed if one["decision"] == "undecided"}))


def problems(runs: list[Run]) -> list[str]:
    """What is not as it must be, however fast the machine is: a call that was made twice."""
    repeated = {call for run in runs for call in run.repeated}
    return [f"{NAME} made a call more than once: {call}" for call in sorted(repeated)]


def as_table(runs: list[Run]) -> str:
    """Returns the table: medians, with the least in parentheses."""

    def of(value: Callable[[Run], float], write: Callable[[float], str]) -> str:
        values = [value(run) for run in runs]
        return f"{write(median(values))} ({write(min(values))})"

    def count(value: float) -> str:
        return f"{value:,.0f}"

    coverage = runs[0].coverage
    decided = f"{coverage['compliant'] + coverage['non_compliant']:,}"
    head = [f"{len(estate.REGIONS)} Regions, {AWAY * 1000:.0f} ms added to every call", ""]
    rows = [
        ["decisions, about every Region there is", decided],
        ["calls", of(lambda run: len(run.calls), count)],
        ["of them under way at once, at most", of(lambda run: run.at_once, count)],
        ["calls made twice", count(sum(sum(run.repeated.values()) for run in runs))],
        ["total, ms", of(lambda run: run.seconds, milliseconds)],
        [f"calls × {AWAY * 1000:.0f} ms ÷ at once, ms", of(lambda run: run.least, milliseconds)],
        [f"ratio of the two (aim: at most {AIM})", of(lambda run: run.ratio, lambda ratio: f"{ratio:.2f}")],
        ["until it looks, ms", of(lambda run: run.phases[0], milliseconds)],
        ["looking, ms", of(lambda run: run.phases[1], milliseconds)],
        ["handing on, and keeping what is known, ms", of(lambda run: run.phases[2], milliseconds)],
        ["CPU, ms", of(lambda run: run.cpu_seconds, milliseconds)],
        [f"peak memory, MB (aim: at most {MEMORY_AIM})", of(lambda run: run.memory, megabytes)],
    ]
    return table(head, rows)
