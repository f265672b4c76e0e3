"""One function's process under a Runtime API of its own, as Lambda runs it: one event at a time.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from .http import Connection, Request
from .process import cpu_seconds, peak_memory

VERSION = "/2018-06-01/runtime"
NEXT = f"{VERSION}/invocation/next"
INIT_ERROR = f"{VERSION}/init/error"


@dataclass(frozen=True)
class Start:
    """A cold start, up to the first request for an event."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    """The largest resident set so far, in bytes."""


@dataclass(frozen=True)
class _Measured:
    seconds: float
    """From handing over the event to the end, in wall time."""
    cpu_seconds: float
    since_spawn: float
    """From the process's start to the end, in wall time."""
    log: str
    """What the function wrote meanwhile, to both its outputs."""


@dataclass(frozen=True)
class Answered(_Measured):
    """The function answered."""

    body: bytes


@dataclass(frozen=True)
class Failed(_Measured):
    """The function reported an error."""

    body: bytes


@dataclass(frozen=True)
class Died(_Measured):
    """The process ended with an event in its hands."""

    status: int
    """The exit status; a signal's number, negative, if one ended it."""


@dataclass(frozen=True)
class TimedOut(_Measured):
    """The function took longer than it may and was killed."""


Outcome = Union[Answered, Failed, Died, TimedOut]


class StartError(Exception):
    """The process ended, or reported an error, before it asked for an event."""


class Function:
    """Runs one program as a Lambda function.

    The program is started by `start`, or by the first `invoke`, or by the first `invoke` after it
    died: as Lambda would. It gets exactly `environment` and what Lambda itself sets. `kill` may be
    called from any thread at any point, such as from a stand-in for AWS between two effects; the
    `invoke` under way then returns `Died`. One object serves one thread; use one for each of
    several concurrent instances.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        name: str = "function",
        memory_mb: int = 256,
        timeout: float = 60.0,
    ) -> None:
        """Names the program; `timeout` is the function's, in seconds."""
        self.name = name
        self.timeout = timeout
        self.starts: list[Start] = []
        self.retired_cpu_seconds = 0.0
        """The CPU time of all processes that have ended."""
        self._largest_memory = 0
        self._command = [str(part) for part in command]
        self._given = dict(environment)
        self._memory_mb = memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._ending = threading.Lock()
        self._spawned = 0.0
        self._connections: list[Connection] = []
        self._waiting: Connection | None = None
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, "listener")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as this object; `close` closes it)
        self._log_read = 0

    def __enter__(self) -> Function:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the process and frees everything."""
        self.close()

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        return self._process.pid if self._process else None

    def start(self) -> Start:
        """Starts the process if there is none, and waits until it asks for an event."""
        if self._process:
            return self.starts[-1]
        self._spawn()
        ended = self._serve_until(lambda _: self._waiting is not None, time.monotonic() + self.timeout)
        if ended is not None:
            self._retire()
            raise StartError(f"{self.name} did not start ({ended}): {self.written()}")
        start = Start(time.monotonic() - self._spawned, cpu_seconds(self._pid()), peak_memory(self._pid()))
        self.starts.append(start)
        return start

    def invoke(self, event: bytes | str) -> Outcome:
        """Hands the function an event and waits for its answer, error or end."""
        if self._process and self._has_ended():
            self._retire()
        self.start()
        pid = self._pid()
        identity = str(uuid.uuid4())
        base = f"{VERSION}/invocation/{identity}"
        ended = None
        deadline = time.monotonic() + self.timeout
        if self._waiting is None:
            # It still writes down the last event's end, or died of it.
            ended = self._serve_until(lambda _: self._waiting is not None, deadline)
            if ended == "died" and self._process:
                self._retire()
                return self.invoke(event)
        answered: list[Request] = []

        def is_end(request: Request | None) -> bool:
            if request and request.path in (f"{base}/response", f"{base}/error"):
                answered.append(request)
            return bool(answered)

        began, cpu = time.monotonic(), cpu_seconds(pid)
        if ended is None:
            self._hand_over(event.encode() if isinstance(event, str) else event, identity)
            ended = self._serve_until(is_end, began + self.timeout)
        now = time.monotonic()
        seconds, since_spawn = now - began, now - self._spawned
        if ended is None:
            used = cpu_seconds(pid) - cpu
            kind = Answered if answered[0].path.endswith("/response") else Failed
            return kind(seconds, used, since_spawn, self.written(), answered[0].body)
        before = self.retired_cpu_seconds
        status = self._retire()
        used = self.retired_cpu_seconds - before - cpu
        if ended == "timed out":
            return TimedOut(seconds, used, since_spawn, self.written())
        return Died(seconds, used, since_spawn, self.written(), status)

    def written(self) -> str:
        """Returns what the function has written since the last call."""
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), size - self._log_read, self._log_read)
        self._log_read += len(text)
        return text.decode("utf-8", "replace")

    def kill(self) -> None:
        """Ends the process at once, without a chance to do anything more; from any thread."""
        with self._ending:
            if self._process:
                self._note_peak_memory()
                self._send_kill()

    def peak_memory(self) -> int:
        """Returns the largest resident set of the process, or of those before it, in bytes."""
        self._note_peak_memory()
        return self._largest_memory

    def cpu_seconds(self) -> float:
        """Returns the CPU time of the process and of those before it."""
        return self.retired_cpu_seconds + (cpu_seconds(self._process.pid) if self._process else 0.0)

    def stop(self) -> None:
        """Ends the process, if there is one, as Lambda does after a quiet time; the next event starts another."""
        if self._process:
            self._retire()

    def close(self) -> None:
        """Ends the process and frees everything."""
        self.stop()
        self._selector.close()
        self._listener.close()
        self._log.close()

    def _spawn(self) -> None:
        port = self._listener.getsockname()[1]
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(Path(self._command[-1]).parent),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TZ": ":UTC",
            **self._given,
        }
        self._spawned = time.monotonic()
        self._process = subprocess.Popen(
            self._command, env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        self._pidfd = os.pidfd_open(self._process.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, "process")

    def _pid(self) -> int:
        if not self._process:
            raise RuntimeError(f"{self.name} has no process")
        return self._process.pid

    def _hand_over(self, event: bytes, identity: str) -> None:
        connection, self._waiting = self._waiting, None
        if connection:
            connection.answer(
                200,
                event,
                {
                    "content-type": "application/json",
                    "lambda-runtime-aws-request-id": identity,
                    "lambda-runtime-deadline-ms": str(int((time.time() + self.timeout) * 1000)),
                    "lambda-runtime-invoked-function-arn": (
                        f"arn:aws:lambda:eu-central-1:111122223333:function:{self.name}"
                    ),
                    "lambda-runtime-trace-id": "Root=1-00000000-000000000000000000000000;Sampled=0",
                },
            )

    def _serve_until(self, is_end: Callable[[Request | None], bool], deadline: float) -> str | None:
        """Serves the process's requests; returns how it ended instead, if it did."""
        while not is_end(None):
            left = deadline - time.monotonic()
            ready = self._selector.select(left) if left > 0 else []
            if not ready:
                return "timed out"
            # What was sent before the process ended counts: connections come before its end.
            for key, _ in sorted(ready, key=lambda item: item[0].data == "process"):
                if key.data == "listener":
                    self._accept()
                elif key.data == "process":
                    return None if is_end(None) else "died"
                elif isinstance(key.data, Connection):
                    failure = self._serve(key.data, is_end)
                    if failure:
                        return failure
        return None

    def _accept(self) -> None:
        stream, _ = self._listener.accept()
        connection = Connection(stream)
        self._connections.append(connection)
        self._selector.register(stream, selectors.EVENT_READ, connection)

    def _serve(self, connection: Connection, is_end: Callable[[Request | None], bool]) -> str | None:
        stays = connection.fill()
        while request := connection.request():
            if request.path == NEXT:
                self._waiting = connection
            elif request.path == INIT_ERROR:
                connection.answer(202, b'{"status":"OK"}')
                return f"it reported {request.body.decode('utf-8', 'replace')}"
            elif request.path.startswith(f"{VERSION}/invocation/"):
                is_end(request)
                connection.answer(202, b'{"status":"OK"}')
            else:
                connection.answer(404, b'{"errorType":"NotFound"}')
        if not stays:
            self._drop(connection)
        return None

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection.stream)
        self._connections.remove(connection)
        if self._waiting is connection:
            self._waiting = None
        connection.stream.close()

    def _retire(self) -> int:
        """Ends the process, adds up what it used, and returns its exit status."""
        process = self._process
        if not process:
            return 0
        with self._ending:
            self._note_peak_memory()
            self._process = None
            self._send_kill()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.retired_cpu_seconds += usage.ru_utime + usage.ru_stime
            self._selector.unregister(self._pidfd)
            os.close(self._pidfd)
        for connection in list(self._connections):
            self._drop(connection)
        return process.returncode

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _send_kill(self) -> None:
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        except ProcessLookupError:
            return  # It has ended by itself.

    def _note_peak_memory(self) -> None:
        # Not `ru_maxrss`: that one remembers the size of whoever started the process.
        if self._process:
            self._largest_memory = max(self._largest_memory, peak_memory(self._process.pid))
