"""Requests that are taken on one side and passed on to another: the floor under every proxy of the tests."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate

from .http import Connection, Request

# Headers about one connection, which are this side's own on the next.
OF_A_CONNECTION = ("connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding")


@dataclass(frozen=True)
class Answer:
    """What came back for a request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool
    """Whether all of it came; otherwise the connection ended in the middle, or at once (status 0)."""
    length: int | None = None
    """The length that the answer to a HEAD request announces, of a body that does not come."""


@dataclass
class Listener:
    """Listens on a port of this machine. Each connection has a thread and is kept alive."""

    handle: Callable[[Request, socket.socket], bool]
    """Answers a request on the connection it came by; `False` ends the connection."""
    wanted: int = 0
    """The port, if it must be a certain one."""

    def __post_init__(self) -> None:
        """Opens the port and serves it until `close`."""
        self._socket = socket.create_server(("127.0.0.1", self.wanted), backlog=256)
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stops listening."""
        self._closed = True
        self._socket.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                stream, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: socket.socket) -> None:
        with contextlib.closing(stream), selectors.DefaultSelector() as selector:
            connection = Connection(stream)
            selector.register(stream, selectors.EVENT_READ)
            stays = True
            while stays:
                request = connection.request()
                while request is None and stays:
                    selector.select()
                    stays = connection.fill()
                    request = connection.request()
                if request is None:
                    return
                closes = request.headers.get("connection") == "close"
                stays = self.handle(request, stream) and stays and not closes


def exchange(address: tuple[str, int], request: Request, more: Mapping[str, str] | None = None) -> Answer:
    """Sends a request on a connection of its own and reads the answer to its end."""
    headers = {name: value for name, value in request.headers.items() if name not in OF_A_CONNECTION}
    headers.update({"host": f"{address[0]}:{address[1]}", "content-length": str(len(request.body))})
    headers.update(more or {})
    headers["connection"] = "close"
    head = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    received = bytearray()
    with socket.create_connection(address, timeout=60) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            stream.sendall("\r\n".join([*head, "", ""]).encode("latin-1") + request.body)
            while some := stream.recv(256 * 1024):
                received += some
        except OSError:
            return _answer(request.method, bytes(received), ended=False)
    return _answer(request.method, bytes(received), ended=True)


def _answer(method: str, received: bytes, *, ended: bool) -> Answer:
    head, separator, rest = received.partition(b"\r\n\r\n")
    if not separator:
        return Answer(0, (), b"", whole=False)
    lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:]))
    named = dict(headers)
    status = int(lines[0].split(" ")[1])
    if method == "HEAD":
        return Answer(status, headers, b"", whole=True, length=int(named.get("content-length", "0")))
    if "chunked" in named.get("transfer-encoding", ""):
        body, whole = _dechunked(rest)
    elif "content-length" in named:
        length = int(named["content-length"])
        body, whole = rest[:length], len(rest) >= length or status == 304
    else:
        body, whole = rest, ended
    return Answer(status, headers, body, whole)


def _dechunked(rest: bytes) -> tuple[bytes, bool]:
    body, position = bytearray(), 0
    while True:
        end = rest.find(b"\r\n", position)
        if end < 0:
            return bytes(body), False
        size = int(rest[position:end].split(b";")[0], 16)
        if size == 0:
            return bytes(body), True
        body += rest[end + 2 : end + 2 + size]
        position = end + 2 + size + 2
        if position > len(rest):
            return bytes(body), False


def passed_back(answer: Answer, stream: socket.socket, now: float) -> bool:
    """Gives the client what came back, whole or broken off as it came; `False` ends the connection."""
    if answer.length is not None:
        length = answer.length
    else:
        # What was broken off announces more than comes.
        length = len(answer.body) if answer.whole else 2 * len(answer.body) + 1
    stream.setblocking(True)
    try:
        if answer.status:
            stream.sendall(_head_of(answer, length, now) + answer.body)
        if not answer.whole:
            if answer.status:
                time.sleep(0.02)  # A reset takes back what the peer has not read yet.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            stream.setblocking(False)
    return answer.whole


def _head_of(answer: Answer, length: int, now: float) -> bytes:
    """The head with which an answer is passed on, announcing a body of that length.

    The date is the client's own: another would be taken for a clock that is wrong, and the SDK retries
    what it would not retry otherwise.
    """
    kept = [f"{name}: {value}" for name, value in answer.headers if name not in (*OF_A_CONNECTION, "date")]
    own = [f"date: {formatdate(now, usegmt=True)}", f"content-length: {length}"]
    return "\r\n".join([f"HTTP/1.1 {answer.status} x", *kept, *own, "", ""]).encode("latin-1")
