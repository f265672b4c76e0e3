"""Fixtures: the server before an emulator with IAM enforced, and clients that check its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import botocore.exceptions
import pytest

from tests.emulator import Emulator
from tests.machines.shapes import problems

from .fixtures import answers
from .handle import Answers
from .repertoire import ANSWERED, COMPLETED

__all__ = ["answers"]

# The model leaves these out, which AWS answers all the same: a foundation model in no Region (what a global profile
# goes to), and profiles that go to more than five Regions. The emulator's id of an imported model is its name.
NOT_OF_THE_MODEL = ("arn:aws:bedrock:::foundation-model/", "models has", ":imported-model/")


@pytest.fixture(scope="session")
def aws(answers: Answers) -> Iterator[Emulator]:
    """An emulator with IAM enforced, behind the server."""
    with Emulator.start(functions_reach=answers.url) as running:
        answers.stand_before(running)
        yield running


@dataclass
class Clients:
    """Makes clients that hold every answer made here against botocore's model."""

    answers: Answers
    seen: set[str] = field(default_factory=set)
    _made: dict[tuple[str, str | None], Any] = field(default_factory=dict)

    def __call__(self, service: str, region: str | None = None) -> Any:
        """A client of the administrator."""
        key = (service, region)
        if key not in self._made:
            self._made[key] = self.answers.client(service, region)
            self._made[key].meta.events.register("after-call", self._check)
        return self._made[key]

    def _check(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        named = f"{model.service_model.service_name}:{model.name}"
        if (named not in ANSWERED and named not in COMPLETED) or parsed["ResponseMetadata"]["HTTPStatusCode"] >= 300:
            return
        self.seen.add(named)
        document = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        found = problems(document, model.output_shape) if model.output_shape else []
        assert [text for text in found if not any(known in text for known in NOT_OF_THE_MODEL)] == [], named


@pytest.fixture(scope="session")
def _clients(answers: Answers, aws: Emulator) -> Clients:
    return Clients(answers)


@pytest.fixture
def client(_clients: Clients) -> Iterator[Clients]:
    """Clients of the administrator, in whatever Region; each test finds the server as it was started."""
    _clients.answers.reset()
    yield _clients
    _clients.answers.reset()


def refusal(do: Any, **arguments: Any) -> tuple[str, int]:
    """The code and the status with which a call is refused."""
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        do(**arguments)
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
