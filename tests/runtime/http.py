"""HTTP/1.1 with keep-alive, as far as a Lambda runtime speaks it.

By hand rather than `http.server`, because the time between a request's arrival and its
answer is what is measured around it, and because one loop without threads is deterministic.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

LARGEST_HEAD = 64 * 1024


class ProtocolError(Exception):
    """The peer sent what is not a request."""


@dataclass(frozen=True)
class Request:
    """One request, with its header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Connection:
    """One connection of a runtime, kept alive; reads without blocking."""

    stream: socket.socket
    received: bytearray = field(default_factory=bytearray)
    _invited: bool = False

    def __post_init__(self) -> None:
        """Sends small answers at once."""
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream.setblocking(False)

    def fill(self) -> bool:
        """Reads what has arrived; `False` means that the peer has closed."""
        while True:
            try:
                some = self.stream.recv(256 * 1024)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not some:
                return False
            self.received += some

    def request(self) -> Request | None:
        """Takes one complete request from what has arrived, if there is one."""
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            if len(self.received) > LARGEST_HEAD:
                raise ProtocolError("a request's head is too long")
            return None
        lines = bytes(self.received[:end]).decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3:
            raise ProtocolError(f"not a request line: {lines[0]!r}")
        named = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in named}
        start = end + 4
        if "chunked" in headers.get("transfer-encoding", ""):
            chunked = self._chunked(start)
            if chunked is None:
                self._invite(headers)
                return None
            body, used = chunked
        else:
            length = int(headers.get("content-length", "0"))
            if len(self.received) < start + length:
                self._invite(headers)
                return None
            body, used = bytes(self.received[start : start + length]), start + length
        del self.received[:used]
        self._invited = False
        return Request(parts[0], parts[1], headers, body)

    def _invite(self, headers: Mapping[str, str]) -> None:
        """Tells a client that waits for leave to send its body, as clients of S3 do, to go on."""
        if not self._invited and headers.get("expect", "").lower() == "100-continue":
            self._invited = True
            self.stream.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _chunked(self, start: int) -> tuple[bytes, int] | None:
        """Reads a body sent in chunks, and where it ends; `None` if some of it is missing."""
        body = bytearray()
        while True:
            end = self.received.find(b"\r\n", start)
            if end < 0:
                return None
            size = int(bytes(self.received[start:end]).split(b";")[0], 16)
            start = end + 2
            if len(self.received) < start + size + 2:
                return None
            body += self.received[start : start + size]
            start += size + 2
            if size == 0:
                return bytes(body), start

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bool:
        """Sends an answer; `False` means that the peer has closed."""
        head = [f"HTTP/1.1 {status} {'OK' if status < 300 else 'Error'}", f"content-length: {len(body)}"]
        given = {"content-type": "application/json"} if headers is None else headers
        head += [f"{name}: {value}" for name, value in given.items()]
        self.stream.setblocking(True)
        try:
            self.stream.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        except OSError:
            return False
        finally:
            self.stream.setblocking(False)
        return True
