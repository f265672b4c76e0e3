"""Runs the demo: `python -m tests.demo`. scripts/demo builds what it needs first, and has the usage."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from tests.answers import Answers
from tests.e2e.subscribers import Chat, certificate
from tests.emulator import Emulator
from tests.emulator.emulator import REPOSITORY

from . import night, picture
from .audit import audit
from .days import DAYS, LOOK, Scene
from .evidence import record_trail
from .play import now, play_quiet, play_scene, play_story
from .reach import Seen, scenes
from .records import stamped
from .stage import DEAD_LETTERS, FAILURES, SOURCE_REGIONS, SUBSCRIBER, WATCH, Stage, StageError
from .stories import QUIET, STORIES
from .sums import Played, ask_for_digest, observe, sums
from .transcript import Transcript

MAIL = REPOSITORY / "build" / "demo" / "mail"
REGION_NAMES = "Tokyo, Osaka, N. Virginia, Oregon and Singapore"
AS_EXPECTED, NOT_AS_EXPECTED, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


def main() -> int:
    """Runs the demo and returns its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", add_help=False)
    parser.add_argument("--binaries", type=Path, default=REPOSITORY / "target" / "release")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--language", choices=("en", "ja"), default="en")
    options = parser.parse_args()
    transcript = Transcript(full=options.full, language=options.language)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return run(transcript, options.binaries.resolve(), language=options.language, keep=options.keep)
    except KeyboardInterrupt:
        print("\nInterrupted; everything was stopped and removed.", file=sys.stderr)
        return INTERRUPTED
    except FAILURES as error:
        print(f"error: the demo could not go on: {error}", file=sys.stderr)
        return COULD_NOT_RUN


def run(transcript: Transcript, binaries: Path, *, language: str, keep: bool) -> int:
    """Sets the stage, plays, shows and checks everything, and clears up."""
    started = time.monotonic()
    transcript.opening()
    transcript.chapter("The stage")
    with contextlib.ExitStack() as ends:
        with transcript.doing("Starting a local AWS ..."):
            stage = start(ends, binaries, language)
        set_stage(transcript, stage)
        played = play(transcript, stage)
        save(played)
        transcript.filter(played, stage.titles(), REGION_NAMES)
        transcript.functions(played)
        transcript.mails(played, f"{MAIL.relative_to(REPOSITORY)}/")
        transcript.machines(played)
        transcript.dead_letters(played.dead)
        with transcript.doing("Reading it all again, as an auditor does ..."):
            audited = audit(stage, played)
        checked = [*sums(played), *audited.sums]
        transcript.sums(checked)
        transcript.audit(audited)
        good = transcript.closing(played, checked, time.monotonic() - started)
        if keep:
            stay(transcript, stage)
        return AS_EXPECTED if good else NOT_AS_EXPECTED


def start(ends: contextlib.ExitStack, binaries: Path, language: str) -> Stage:
    """Starts a local AWS, what stands before it, and a chat that it knows by its certificate."""
    folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="crisguard-demo-")))
    if not shutil.which("openssl"):
        raise StageError("there is no openssl, by which the chat gets its certificate")
    known = certificate(folder)
    chat = Chat(known)
    ends.enter_context(chat.listening())
    os.environ["SSL_CERT_FILE"] = str(known)
    # Ctrl-C is for this process alone, which ends the others.
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        answers = ends.enter_context(Answers.start())
    finally:
        signal.signal(signal.SIGINT, usual)
    aws = ends.enter_context(Emulator.start(regions=SOURCE_REGIONS, functions_reach=answers.url))
    answers.stand_before(aws)
    ends.callback(_ignore_interrupts)
    return Stage(aws, answers, chat, binaries, language)


def _ignore_interrupts() -> None:
    """A second Ctrl-C must not leave processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def set_stage(transcript: Transcript, stage: Stage) -> None:
    """Deploys crisguard, step by step."""
    aws = stage.aws
    transcript.done(f"A local AWS at {aws.endpoint}, account {aws.account}, IAM enforced")
    with transcript.doing("Compiling the policy ..."):
        parameters = stage.compile_policy()
    patterns = sum(bool(value) for name, value in parameters.items() if name.startswith("Pattern"))
    transcript.done(f"The policy is valid; crisguard pattern compiled it to {patterns} event patterns")
    with transcript.doing("Deploying infra/template.yaml ..."):
        stage.deploy_home()
    transcript.done(
        f"infra/template.yaml in {aws.home_region}: bus, queues, key, three functions, table, topic, alarms"
    )
    for region in SOURCE_REGIONS:
        with transcript.doing(f"Deploying infra/source-region.yaml and infra/change-region.yaml in {region} ..."):
            stage.deploy_source_region(region, parameters)
    transcript.done(f"infra/source-region.yaml and infra/change-region.yaml in {', '.join(SOURCE_REGIONS)}")
    with transcript.doing("Making the settings that check-posture looks at ..."):
        record_trail(stage.client, aws.home_region)
        night.set_up(stage)
        stage.organization.set_up(stage.answers)
    transcript.done("In each of these Regions, logs of invocations: in one of them as they must be")
    stage.subscribe()
    stage.connect_machine()
    transcript.done(f"{SUBSCRIBER} and a chat are subscribed to the alerts; a queue receives what machines are told")


def play(transcript: Transcript, stage: Stage) -> Played:
    """Plays the quiet majority and every story, as the transcript tells of them."""
    calls = sum(quiet.calls for quiet in QUIET)
    introduction = transcript.said("{} calls that the policy permits. Nobody should notice them.")
    transcript.chapter("An ordinary day", introduction.format(calls))
    rows = []
    for quiet in QUIET:
        with transcript.doing(f"{quiet.calls} calls: {quiet.what} ..."):
            rows.append((quiet, play_quiet(stage, quiet)))
    transcript.quiet(rows)
    introduction = transcript.said("{} of them: what happens in the world, and what crisguard makes of it.")
    transcript.chapter("The stories", introduction.format(len(STORIES)))
    outcomes = []
    for number, story in enumerate(STORIES, start=1):
        with transcript.doing(f"{number} of {len(STORIES)}: {story.name} ..."):
            outcomes.append(play_story(stage, story))
        transcript.story(number, outcomes[-1])
    with transcript.doing("Asking for the digest ..."):
        played = ask_for_digest(stage, [passage for _, passages in rows for passage in passages], outcomes)
    transcript.chapter(
        "The days after", "send-alerts' clock is moved: nobody waits ten days. Everything else is as before."
    )
    for scene in DAYS:
        with transcript.doing(f"{scene.when}: {scene.name} ..."):
            played.days.append(play_scene(stage, scene))
        transcript.day(played.days[-1])
        if scene is LOOK:
            kept, _ = stage.kept_report()
            transcript.estate([night.decided(stage.report, place) for place in night.ESTATE], stage.report, kept)
    played.organization = play_organization(transcript, stage, played)
    observe(stage, played)
    return played


def play_organization(transcript: Transcript, stage: Stage, played: Played) -> Seen:
    """Plays what happens in the organization, and shows what profiles can do in it."""
    transcript.chapter(
        "The organization",
        "Five accounts under Control Tower, whose Region deny permits Tokyo and Osaka. crisguard watches the account "
        "applications and reads, as a delegated administrator, what stands above it. Below: every profile that can be "
        "called from Tokyo, by its geography, as the command tells of each account.",
    )
    seen = Seen()
    stricter, refused, mended = scenes(seen)

    def tell(scene: Scene) -> None:
        with transcript.doing(f"{scene.when}: {scene.name} ..."):
            played.days.append(play_scene(stage, scene))
        transcript.day(played.days[-1])

    said, width = transcript.said, transcript.console.width - picture.FRAME
    tell(stricter)
    transcript.picture(picture.chart(seen.before, None, said), *picture.reasons(seen.before, said))
    transcript.say()
    tell(refused)
    tell(mended)
    transcript.picture(picture.mend(seen.mend, width, said, whole=transcript.full))
    transcript.picture(picture.chart(seen.after, seen.before, said), picture.foretold(seen, said))
    return seen


def save(played: Played) -> None:
    """Keeps the e-mails as files."""
    shutil.rmtree(MAIL, ignore_errors=True)
    MAIL.mkdir(parents=True)
    for number, (_, mail) in enumerate(played.mails, start=1):
        _write(f"{number:02}", mail)
    _write("digest", played.digest)


def _write(name: str, mail: dict[str, str]) -> None:
    text = f"From: {mail['from']}\nTo: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['body'].rstrip()}\n"
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
    mails = MAIL.relative_to(REPOSITORY)
    transcript.chapter("It goes on running", "Until Ctrl-C. In another terminal, in this folder:")
    review = "aws lambda invoke --function-name crisguard-send-alerts --payload fileb:///dev/stdin /dev/null"
    # This AWS CLI looks for SQS at AWS unless the option, too, says otherwise.
    receive = 'aws sqs receive-message --endpoint-url "$AWS_ENDPOINT_URL" --max-number-of-messages 10'
    dead = f"{aws.endpoint}/{aws.account}/{DEAD_LETTERS[WATCH]}"
    lines = [f"export {name}={value}" for name, value in aws.environment().items()]
    lines += [
        f'export PATH="$PWD/{cli.parent}:{stage.binaries}:$PATH"',
        "",
        "# Every e-mail so far; new ones appear as new-1.txt, new-2.txt, ...:",
        f"ls {mails}; cat {mails}/01.txt {mails}/digest.txt",
        "# The first story once more, as AWS emits it, by another role (or change what you like in the file):",
        f"sed 's/web-shop/my-app/g' {event} | curl -s {aws.endpoint}/_crisguard/emit -d @-",
        "# What the functions wrote, what is remembered, and the rules of a Region:",
        "aws logs filter-log-events --log-group-name /aws/lambda/crisguard-watch-inference",
        "aws dynamodb scan --table-name crisguard-memory",
        "aws events list-rules --name-prefix crisguard --region us-east-1",
        "# What is wrong with the dead letter of the events:",
        f"{receive} --queue-url {dead} | crisguard explain -",
        "# What each profile can do in each account of the organization, as it was exported last:",
        f"crisguard reach --organization {stage.organization.file} --policy {stage.policy_file} | less",
        "# What the schedules ask for every hour (reminders, digest) and every night (are the settings in order?):",
        f"""echo '{{"crisguard":"review"}}' | {review}""",
        "scripts/look",
        "# The report of the last nightly look:",
        f"aws s3 cp {stage.kept_report()[0]} - | python3 -m json.tool | less",
        "# Delete a rule and look again; the alert comes within seconds:",
        "aws events remove-targets --region us-east-1 --rule crisguard-forward-1 --ids crisguard-bus",
        "aws events delete-rule --region us-east-1 --name crisguard-forward-1",
        "scripts/look",
        "# The policy; a changed one holds within five minutes:",
        f"aws s3 cp {stage.outputs['PolicyAddress']} demo-policy.yaml",
        f"aws s3 cp demo-policy.yaml {stage.outputs['PolicyAddress']}",
        "",
        f"# (send-alerts' clock is {stage.ahead // 86_400} days ahead.) Ctrl-C in the first terminal removes all.",
    ]
    for line in lines:
        # Not wrapped: it is meant to be copied.
        print(line, flush=True)
    seen = len(aws.mail())
    number = 0
    with contextlib.suppress(KeyboardInterrupt):
        while aws.process.poll() is None:
            for mail in aws.mail()[seen + number :]:
                number += 1
                _write(f"new-{number}", mail)
                print(f"✉ {mails}/new-{number}.txt: {mail['subject']}", flush=True)
            time.sleep(0.5)
    print("\nStopping and removing everything ...", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
