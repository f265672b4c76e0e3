"""The server as a test has it: started and ended, stood before an emulator, told and asked."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.emulator import Emulator
from tests.emulator.emulator import REPOSITORY, client_of

BEDROCK_METRICS = "AWS/Bedrock"
# Names of metrics: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
CLOUDWATCH_FAILURES = "ModelInvocationLogsCloudWatchDeliveryFailure"
S3_FAILURES = "ModelInvocationLogsS3DeliveryFailure"
LARGE_DATA_FAILURES = "ModelInvocationLargeDataS3DeliveryFailure"


class AnswersError(RuntimeError):
    """The server did not start, or does not do what it was told."""


@dataclass
class Answers:
    """The running server. Use it as a context manager, or call `stop`."""

    process: subprocess.Popen[str]
    port: int
    emulator: Emulator | None = None
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)

    @classmethod
    def start(cls) -> Answers:
        """Starts the server on a free port."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.answers"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise AnswersError("the server did not start; it has said why above")
        return cls(process, int(line))

    def __enter__(self) -> Answers:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    @property
    def url(self) -> str:
        """Where the functions find AWS: their AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"

    def stand_before(self, emulator: Emulator) -> None:
        """Passes on to this emulator what is not answered here."""
        self.emulator = emulator
        self.tell(upstream=emulator.endpoint, account=emulator.account)

    def client(self, service: str, region: str | None = None, credentials: Mapping[str, str] | None = None) -> Any:
        """A boto3 client of the emulator's administrator (or of `credentials`) that asks the server, once a call."""
        assert self.emulator, "stand_before an emulator first"
        chosen, place = credentials or self.emulator.credentials, region or self.emulator.home_region
        key = (service, place, chosen["aws_access_key_id"])
        if key not in self.clients:
            self.clients[key] = client_of(self.url, service, place, chosen, attempts=1)
        return self.clients[key]

    # -- telling ---------------------------------------------------------------------

    def tell(self, **what: Any) -> dict[str, Any]:
        """Says something to the control endpoint and returns what it shows."""
        request = urllib.request.Request(f"{self.url}/_answers", json.dumps(what).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                shown: dict[str, Any] = json.load(answer)
                return shown
        except urllib.error.HTTPError as error:
            raise AnswersError(json.load(error)["error"]) from error

    def reset(self, *what: str) -> None:
        """Forgets everything, or only `calls`, `faults`, `state` or `settings`."""
        self.tell(reset=list(what) or ["calls", "faults", "state", "settings"])

    def fail(self, fault: str, **where: Any) -> None:
        """Has calls fail: `fail("throttled", service="kms", count=2)`, `fail("access denied", action="kms:…")`."""
        self.tell(faults=[{"fault": fault, **where}])

    def change_profiles(self, region: str, profiles: Mapping[str, Sequence[str] | None]) -> None:
        """Lets AWS's own profiles go elsewhere from a Region, or (`None`) not be there."""
        self.tell(profiles={region: dict(profiles)})

    def set_effective_policy(self, content: Any, kind: str = "BEDROCK_POLICY", account: str | None = None) -> None:
        """What the policies of an organization come to for an account; `None`: there is none."""
        assert self.emulator or account
        target = account or (self.emulator.account if self.emulator else "")
        self.tell(effective_policy={"account": target, "type": kind, "content": content})

    def set_organization(self, organization: Mapping[str, Any] | None) -> None:
        """The organization of all accounts, in the form in which crisguard exports one; `None`: there is none."""
        self.tell(organization=organization)

    # -- what only Bedrock itself writes ---------------------------------------------

    def count_invocations(self, region: str, model: str, calls: int = 1, ago: datetime.timedelta | None = None) -> None:
        """Lets Bedrock's metrics count successful calls of a model or profile, an hour ago unless told: under its name
        and, as Bedrock does, across all models.
        """
        for dimensions in ({"ModelId": model}, {}):
            self._put_metric(region, "Invocations", calls, ago, dimensions)

    def count_failures(self, region: str, metric: str, count: int = 1, ago: datetime.timedelta | None = None) -> None:
        """Lets Bedrock's metrics count deliveries that failed: one of the three metrics named above."""
        self._put_metric(region, metric, count, ago, {})

    def _put_metric(
        self, region: str, name: str, value: int, ago: datetime.timedelta | None, dimensions: Mapping[str, str]
    ) -> None:
        assert self.emulator, "stand_before an emulator first"
        datum = {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": of} for key, of in dimensions.items()],
            "Timestamp": datetime.datetime.now(datetime.timezone.utc) - (ago or datetime.timedelta(hours=1)),
            "Value": value,
            "Unit": "Count",
        }
        # The emulator takes a namespace of AWS's own; the call is the test's, and not to be found among the calls.
        self.emulator.client("cloudwatch", region).put_metric_data(Namespace=BEDROCK_METRICS, MetricData=[datum])

    # -- asking ----------------------------------------------------------------------

    def calls(self, **which: Any) -> list[dict[str, Any]]:
        """The calls since the last reset, in order: `calls(service="kms")`; the functions': `calls(session=True)`."""
        calls: list[dict[str, Any]] = self.tell(calls=True)["calls"]["calls"]
        return [call for call in calls if all(call[name] == value for name, value in which.items())]

    def peak(self) -> int:
        """How many calls were under way at once, at most."""
        peak: int = self.tell(calls=True)["calls"]["peak"]
        return peak

    def fired(self) -> list[int]:
        """How often each fault happened, in the order in which they were told."""
        return [rule["fired"] for rule in self.tell(fired=True)["fired"]]

    def repeated(self, **which: Any) -> dict[str, int]:
        """The calls that were made, and succeeded, more than once with the same parameters."""
        succeeded = [call for call in self.calls(**which) if not call["fault"] and 0 < call["status"] < 500]
        counts = Counter(
            f"{call['service']}:{call['operation']} in {call['region']}: {call['parameters']}" for call in succeeded
        )
        return {call: count for call, count in counts.items() if count > 1}
