"""The server: it notes every call, fails those that are to fail, answers some, and passes the others on."""

from __future__ import annotations

import json
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tests.runtime.http import Request
from tests.runtime.passing import Answer, Listener, exchange, passed_back

from . import wording
from .control import Desk
from .faults import BROKEN_OFF, LATE_ANSWER, Fault
from .journal import Entry
from .models import AT_ONCE, Call, call_of, service_model
from .repertoire import ANSWERED, COMPLETED, PAGED, page
from .world import Ask, Document

CONTROL = "/_answers"
# In which account a call was made, as the emulator says (tests/emulator/adjustments).
ACCOUNT_HEADER = "x-crisguard-account"
# With these the emulator says that a signature is wrong or a permission is missing.
NOT_LET_IN = (401, 403)

Result = TypeVar("Result")


@dataclass
class Server:
    """Listens until `close`."""

    port: int = 0
    desk: Desk = field(default_factory=Desk)

    def __post_init__(self) -> None:
        """Reads the models that most calls need, and opens the port."""
        for service in AT_ONCE:
            service_model(service)
        self._listener = Listener(self._handle, self.port)
        self.port = self._listener.port

    def close(self) -> None:
        """Stops listening."""
        self._listener.close()

    # -- one request -----------------------------------------------------------------

    def _handle(self, request: Request, stream: socket.socket) -> bool:
        if request.path == CONTROL:
            return passed_back(self.desk.answer(request), stream, time.time())
        arrived = time.monotonic()
        call = call_of(request)
        with self.desk.journal.call(call) as entry:
            elsewhere = _Clock()
            try:
                answer = self._answer(call, entry, elsewhere)
            except Exception:  # Whoever called must not wait for ever, and the test's output must say why.
                traceback.print_exc()
                answer = wording.refused(call, "InternalFailure", traceback.format_exc(limit=-1), 500)
            entry.status = answer.status
            entry.own = time.monotonic() - arrived - elsewhere.seconds
            return passed_back(answer, stream, time.time())

    def _answer(self, call: Call, entry: Entry, elsewhere: _Clock) -> Answer:
        if self.desk.settings.latency:
            elsewhere.sleep(self.desk.settings.latency)
        fault = self.desk.faults.due(call)
        if fault is None:
            return self._serve(call, entry, elsewhere)
        entry.fault = fault.fault
        instead = fault.answer(call)
        if instead is not None:
            entry.by = "fault"
            return instead
        return self._spoilt(fault, call, entry, elsewhere)

    def _spoilt(self, fault: Fault, call: Call, entry: Entry, elsewhere: _Clock) -> Answer:
        answer = self._serve(call, entry, elsewhere)
        if fault.fault == LATE_ANSWER:
            elsewhere.sleep(fault.seconds)
        if fault.fault == BROKEN_OFF:
            return replace(answer, body=answer.body[: len(answer.body) // 2], whole=False)
        return answer

    def _serve(self, call: Call, entry: Entry, elsewhere: _Clock) -> Answer:
        if not (self.desk.settings.replay and call.reads):
            return self._fresh(call, entry, elsewhere)
        key = (call.service, call.operation, call.region, call.lasting_parameters)
        if key in self.desk.recorded:
            entry.by = "recorded"
            return self.desk.recorded[key]
        answer = self._fresh(call, entry, elsewhere)
        if answer.status < 500:
            self.desk.recorded[key] = answer
        return answer

    def _fresh(self, call: Call, entry: Entry, elsewhere: _Clock) -> Answer:
        """The emulator's answer, or the one from here if the emulator would let the caller in."""
        named = f"{call.service}:{call.operation}"
        passed = elsewhere.time(self._pass_on, call) if self.desk.settings.upstream else None
        entry.account = self._account(call, passed)
        if passed is not None and passed.status in NOT_LET_IN:
            entry.by = "emulator"
            return passed
        if named in ANSWERED:
            entry.by = "answers"
            return self._own(call, named, entry.account)
        if passed is None:
            raise RuntimeError(f"{named} is for the emulator, and there is none")
        entry.by = "emulator"
        if passed.status >= 300 or (named not in COMPLETED and named not in PAGED):
            return passed
        return self._completed(call, named, entry.account, passed)

    def _pass_on(self, call: Call) -> Answer:
        assert self.desk.settings.upstream
        # The signature covers the name that the client called us by.
        return exchange(self.desk.settings.upstream, call.request, {"host": call.request.headers.get("host", "")})

    def _account(self, call: Call, passed: Answer | None) -> str:
        told = dict(passed.headers).get(ACCOUNT_HEADER) if passed else None
        if told:
            return told
        return call.key if call.key.isdigit() and len(call.key) == 12 else self.desk.settings.account

    def _ask(self, call: Call, account: str) -> Ask:
        return Ask(
            call.inputs(),
            self.desk.world.place(account, call.region),
            self.desk.world.accounts[account],
            self.desk.world,
        )

    def _own(self, call: Call, named: str, account: str) -> Answer:
        try:
            with self.desk.lock:
                ask = self._ask(call, account)
                document: Document = dict(ANSWERED[named](ask))
                if named in PAGED:
                    page(ask.inputs, PAGED[named], document, self.desk.settings.page)
                return wording.answered(call, document)
        except wording.RefusedError as error:
            return wording.refused(call, error.code, str(error), error.status)

    def _completed(self, call: Call, named: str, account: str, passed: Answer) -> Answer:
        document = json.loads(passed.body)
        with self.desk.lock:
            ask = self._ask(call, account)
            if named in COMPLETED:
                COMPLETED[named](ask, document)
        if named in PAGED:
            page(ask.inputs, PAGED[named], document, self.desk.settings.page)
        return replace(passed, body=json.dumps(document).encode())


@dataclass
class _Clock:
    """Sums up the time that goes by elsewhere."""

    seconds: float = 0.0

    def sleep(self, seconds: float) -> None:
        """Waits."""
        self.time(time.sleep, seconds)

    def time(self, do: Callable[..., Result], *arguments: Any) -> Result:
        """Does something elsewhere."""
        began = time.monotonic()
        try:
            return do(*arguments)
        finally:
            self.seconds += time.monotonic() - began
