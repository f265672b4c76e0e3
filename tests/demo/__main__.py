"""Runs the demo: `python -m tests.demo`. scripts/demo builds what it needs first, and has the usage."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from tests.emulator import Emulator
from tests.emulator.emulator import REPOSITORY

from .play import now, play_quiet, play_story
from .records import stamped
from .stage import FAILURES, SOURCE_REGIONS, SUBSCRIBER, Stage
from .stories import QUIET, STORIES
from .sums import Played, observe, sums
from .transcript import Transcript

MAIL = REPOSITORY / "build" / "demo" / "mail"
REGION_NAMES = "Tokyo, Osaka and N. Virginia"
AS_EXPECTED, NOT_AS_EXPECTED, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


def main() -> int:
    """Runs the demo and returns its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", add_help=False)
    parser.add_argument("--binaries", type=Path, default=REPOSITORY / "target" / "release")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    transcript = Transcript(full=options.full)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run(transcript, options.binaries.resolve(), keep=options.keep)
    except KeyboardInterrupt:
        print("\nInterrupted; everything was stopped and removed.", file=sys.stderr)
        return INTERRUPTED
    except FAILURES as error:
        print(f"error: the demo could not go on: {error}", file=sys.stderr)
        return COULD_NOT_RUN


def run(transcript: Transcript, binaries: Path, *, keep: bool) -> int:
    """Sets the stage, plays, shows and checks everything, and clears up."""
    started = time.monotonic()
    transcript.opening()
    transcript.chapter("The stage")
    with transcript.doing("Starting a local AWS ..."):
        aws = Emulator.start()
    try:
        stage = set_stage(transcript, aws, binaries)
        played = play(transcript, stage)
        save(played)
        transcript.filter(played, stage.titles(), REGION_NAMES)
        transcript.functions(played)
        transcript.mails(played, f"{MAIL.relative_to(REPOSITORY)}/")
        transcript.dead_letters(played.dead)
        checked = sums(played)
        transcript.sums(checked)
        good = transcript.closing(played.outcomes, checked, time.monotonic() - started)
        if keep:
            stay(transcript, stage)
        return AS_EXPECTED if good else NOT_AS_EXPECTED
    finally:
        # A second Ctrl-C must not leave processes behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        aws.stop()


def set_stage(transcript: Transcript, aws: Emulator, binaries: Path) -> Stage:
    """Deploys crisguard, step by step."""
    stage = Stage(aws, binaries)
    transcript.done(f"A local AWS at {aws.endpoint}, account {aws.account}, IAM enforced")
    with transcript.doing("Compiling the policy ..."):
        parameters = stage.compile_policy()
    patterns = sum(bool(value) for name, value in parameters.items() if name.startswith("Pattern"))
    transcript.done(f"The policy is valid; crisguard pattern compiled it to {patterns} event patterns")
    with transcript.doing("Deploying infra/template.yaml ..."):
        stage.deploy_home()
    transcript.done(f"infra/template.yaml in {aws.home_region}: bus, queues, key, both functions, table, topic, alarms")
    for region in SOURCE_REGIONS:
        with transcript.doing(f"Deploying infra/source-region.yaml in {region} ..."):
            stage.deploy_source_region(region, parameters)
    transcript.done(f"infra/source-region.yaml in {', '.join(SOURCE_REGIONS)}")
    stage.subscribe()
    transcript.done(f"{SUBSCRIBER} is subscribed to the alerts")
    return stage


def play(transcript: Transcript, stage: Stage) -> Played:
    """Plays the quiet majority and every story, as the transcript tells of them."""
    calls = sum(quiet.calls for quiet in QUIET)
    transcript.chapter("An ordinary day", f"{calls} calls that the policy permits. Nobody should notice them.")
    rows = []
    for quiet in QUIET:
        with transcript.doing(f"{quiet.calls} calls: {quiet.what} ..."):
            rows.append((quiet, play_quiet(stage, quiet)))
    transcript.quiet(rows)
    transcript.chapter(
        "The stories", f"{len(STORIES)} of them: what happens in the world, and what crisguard makes of it."
    )
    outcomes = []
    for number, story in enumerate(STORIES, start=1):
        with transcript.doing(f"{number} of {len(STORIES)}: {story.name} ..."):
            outcomes.append(play_story(stage, story))
        transcript.story(number, outcomes[-1])
    with transcript.doing("Asking for the digest ..."):
        return observe(stage, [passage for _, passages in rows for passage in passages], outcomes)


def save(played: Played) -> None:
    """Keeps the e-mails as files."""
    shutil.rmtree(MAIL, ignore_errors=True)
    MAIL.mkdir(parents=True)
    named = [(f"alert-{number}", mail) for number, mail in enumerate(played.alerts, start=1)]
    for name, mail in [*named, ("digest", played.digest)]:
        text = f"From: {mail['from']}\nTo: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['body']}"
        (MAIL / f"{name}.txt").write_text(text, encoding="utf-8")


def stay(transcript: Transcript, stage: Stage) -> None:
    """Leaves everything running until Ctrl-C, and says how to reach it."""
    stage.release()
    aws = stage.aws
    event = aws.folder / "event.json"
    record = stamped([STORIES[0].events[0].record], "kept", now())[0]
    entry = {"Source": "aws.bedrock", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(record)}
    body = {"token": aws.token, "account": aws.account, "region": record["awsRegion"], "entries": [entry]}
    event.write_text(json.dumps(body, indent=1), encoding="utf-8")
    cli = Path(sys.executable).with_name("aws").relative_to(REPOSITORY)
    transcript.chapter("It goes on running", "Until Ctrl-C. In another terminal, in this folder:")
    lines = [f"export {name}={value}" for name, value in aws.environment().items()]
    lines += [
        f'export PATH="$PWD/{cli.parent}:$PATH"',
        "",
        "aws logs filter-log-events --log-group-name /aws/lambda/crisguard-watch-inference",
        "aws dynamodb scan --table-name crisguard-memory",
        "aws events list-rules --name-prefix crisguard --region us-east-1",
        "",
        "# The first story once more, as AWS emits it, by another role (or change what you like in the file):",
        f"sed 's/web-shop/my-app/g' {event} | curl -s {aws.endpoint}/_crisguard/emit -d @-",
        "# All e-mails so far:",
        f"curl -s {aws.endpoint}/_crisguard/mail -d '{json.dumps({'token': aws.token})}' | python3 -m json.tool",
    ]
    for line in lines:
        # Not wrapped: it is meant to be copied.
        print(line, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while aws.process.poll() is None:
            time.sleep(0.5)
    print("\nStopping and removing everything ...", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
