"""Fixtures: one deployment for all tests; each test finds it empty."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.answers import Answers
from tests.answers.fixtures import answers
from tests.emulator import Emulator

from .clock import Clock
from .deployment import ABROAD, ENABLED, NOT_ENABLED, SEND, Deployment
from .estate import Evidence
from .subscribers import Chat, certificate

__all__ = ["answers"]


def pytest_configure(config: pytest.Config) -> None:
    """Prints why tests are skipped: each skipped action must be proven elsewhere."""
    if "s" not in config.option.reportchars:
        config.option.reportchars += "s"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the queues, metrics and logs beside every failure."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    deployed = arguments.get("deployed") or arguments.get("looking")
    if report.when == "call" and report.failed and deployed:
        report.sections.append(("crisguard", deployed.report()))
    return report


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    """An HTTPS endpoint that the emulator trusts, which is told so when it starts."""
    path = certificate(tmp_path_factory.mktemp("chat"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "SSL_CERT_FILE", str(path))
        endpoint = Chat(path)
        with endpoint.listening():
            yield endpoint


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory, chat: Chat, answers: Answers) -> Iterator[Deployment]:
    """crisguard, deployed once by the real templates, with IAM enforced; its functions call AWS through the answers."""
    with Emulator.start(regions=ENABLED, other_regions=NOT_ENABLED, functions_reach=answers.url) as aws:
        answers.stand_before(aws)
        yield Deployment.make(aws, answers, tmp_path_factory.mktemp("code"))


@pytest.fixture
def deployed(deployment: Deployment) -> Deployment:
    """The same deployment without what former tests left in it."""
    deployment.forget()
    return deployment


@pytest.fixture(scope="module")
def looking(deployment: Deployment) -> Iterator[Deployment]:
    """The same deployment without send-alerts: what is decided is the function's answer, and nobody is told."""
    deployment.forget()
    with deployment.paused(SEND):
        yield deployment
        deployment.purge()


@pytest.fixture(scope="session")
def abroad(deployment: Deployment) -> Evidence:
    """The evidence of a Region at which nothing but tests of single settings looks; it stands."""
    return Evidence(deployment.answers, ABROAD).stand()


@pytest.fixture(scope="session")
def _moved(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def clock(_moved: Clock) -> Clock:
    """A clock for the functions that are started with it."""
    _moved.be_ahead(0)
    return _moved
