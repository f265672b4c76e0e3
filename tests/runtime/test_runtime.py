"""The Runtime API behaves towards a program as Lambda's does, and tells what became of it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtime import Answered, Died, Failed, Function, StartError, TimedOut

PROGRAM = """
import http.client, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
base = "/2018-06-01/runtime/"
def call(method, path, body=None, **more):
    api.request(method, base + path, body, **more)
    answer = api.getresponse()
    return answer.read().decode(), answer.headers.get("Lambda-Runtime-Aws-Request-Id")
if os.environ.get("START") == "fails":
    call("POST", "init/error", '{"errorMessage":"no policy"}')
if os.environ.get("START") == "ends":
    sys.exit("wrong configuration")
while True:
    event, identity = call("GET", "invocation/next")
    print("event", event, flush=True)
    if event == "die":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    if event == "work":
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
    if event == "fail":
        call("POST", f"invocation/{identity}/error", '{"errorMessage":"no"}')
    elif event == "chunks":
        call("POST", f"invocation/{identity}/response", iter([b"a", b"bc"]), encode_chunked=True)
    else:
        call("POST", f"invocation/{identity}/response", event.upper())
    if event == "end":
        os._exit(0)
"""


@pytest.fixture
def function(tmp_path: Path) -> Iterator[Callable[..., Function]]:
    made: list[Function] = []

    def make(timeout: float = 20.0, **environment: str) -> Function:
        (tmp_path / "program.py").write_text(PROGRAM)
        made.append(Function([sys.executable, tmp_path / "program.py"], environment, timeout=timeout))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_one_process_answers_many_events(function: Callable[..., Function]) -> None:
    one = function()
    outcomes = [one.invoke(event) for event in ("a", "fail", "chunks", "x" * 300_000)]
    assert [type(outcome) for outcome in outcomes] == [Answered, Failed, Answered, Answered]
    assert isinstance(outcomes[2], Answered)
    assert outcomes[2].body == b"abc"
    assert "event a\n" in outcomes[0].log and "event fail" in outcomes[1].log
    assert len(one.starts) == 1


def test_time_and_memory_are_those_of_the_process(function: Callable[..., Function]) -> None:
    one = function()
    start = one.start()
    assert 0 < start.cpu_seconds <= start.seconds * 2
    outcome = one.invoke("work")
    assert 0.19 < outcome.cpu_seconds < 0.4
    assert outcome.since_spawn > start.seconds + outcome.cpu_seconds / 2
    assert one.peak_memory() > 5_000_000
    before = one.cpu_seconds()
    one.stop()
    assert one.cpu_seconds() == pytest.approx(before, abs=0.1)


def test_a_process_that_dies_is_started_again(function: Callable[..., Function]) -> None:
    one = function()
    died = one.invoke("die")
    assert isinstance(died, Died) and died.status == 3
    assert isinstance(one.invoke("a"), Answered)
    assert len(one.starts) == 2


def test_a_process_that_ended_between_events_is_started_again(function: Callable[..., Function]) -> None:
    one = function()
    assert isinstance(one.invoke("end"), Answered)
    time.sleep(0.2)
    assert isinstance(one.invoke("a"), Answered)
    assert len(one.starts) == 2


def test_another_thread_may_kill_it_in_the_middle(function: Callable[..., Function]) -> None:
    one = function()
    one.start()
    threading.Timer(0.3, one.kill).start()
    died = one.invoke("sleep")
    assert isinstance(died, Died) and died.status == -9
    assert 0.2 < died.seconds < 5
    one.kill()
    assert isinstance(one.invoke("a"), Answered)


def test_it_is_killed_when_its_time_is_over(function: Callable[..., Function]) -> None:
    one = function(timeout=1.0)
    outcome = one.invoke("sleep")
    assert isinstance(outcome, TimedOut) and "event sleep" in outcome.log
    assert isinstance(one.invoke("a"), Answered)


@pytest.mark.parametrize(("how", "told"), [("fails", "no policy"), ("ends", "wrong configuration")])
def test_a_start_that_fails_says_why(function: Callable[..., Function], how: str, told: str) -> None:
    with pytest.raises(StartError, match=told):
        function(START=how).invoke("a")
